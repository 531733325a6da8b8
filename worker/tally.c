/*
 * tally: counting the outcomes of a lane's sessions, and drawing its schedule; see tally.h.
 */
#include "worker/tally.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/buf.h"
#include "shared/clock.h"
#include "shared/script_kind.h"

/* Streams of random numbers that are no session's. */
#define SCHEDULE_STREAM (UINT64_C(1) << 48)

static void describe_commands(struct tally *t)
{
	int number = 0;

	t->first_command = mem_zero((size_t)t->scripts->nscripts, sizeof *t->first_command);
	t->commands = mem_zero((size_t)t->scripts->ncommands + 1, sizeof *t->commands);
	for (int i = 0; i < t->scripts->nscripts; i++) {
		const struct script *script = &t->scripts->scripts[i];

		t->first_command[i] = number;
		for (int k = 0; k < script->ncommands; k++, number++) {
			struct tally_command *command = &t->commands[number];

			if (script->commands[k].kind != COMMAND_SQL)
				continue;
			command->kind = script_kind(&script->commands[k].sql, t->load->mode);
			snprintf(command->name, sizeof command->name, "pgp_%d_%d", i, k);
		}
	}
}

void tally_init(struct tally *t, const struct assignment *a, uint32_t lane, uint32_t nsessions)
{
	const struct load *load = &a->plan->load;

	*t = (struct tally){.load = load,
	        .scripts = a->plan->scripts,
	        .shm = a->shm,
	        .lane = shm_load_lane(a->shm, lane),
	        .begin_ns = CLOCK_NEVER,
	        .end_ns = CLOCK_NEVER,
	        .replacement = a->replacement};
	t->script = load_lane_scripts(&a->shm->load, t->lane);
	t->command = a->shm->load.ncommands > 0 ? load_lane_commands(&a->shm->load, t->lane) : NULL;
	t->scheduled = load->rate > 0;
	t->records = a->shm->load.ring_size > 0;
	t->samples = load->sampling_rate < 1.0;
	if (t->scheduled)
		t->gap_ns = (double)NS_PER_S / load->rate * (double)a->shm->nsessions / (double)nsessions;
	/* A replacement must not repeat what the dead one drew. */
	rng_seed(&t->rng, a->seed, SCHEDULE_STREAM | (uint64_t)a->generation << 32 | lane);
	describe_commands(t);
}

void tally_clear(struct tally *t)
{
	free(t->first_command);
	free(t->commands);
	t->first_command = NULL;
	t->commands = NULL;
}

void tally_go(struct tally *t, int64_t go)
{
	t->go_ns = go;
	t->begin_ns = load_begin_ns(t->load, go);
	t->end_ns = load_end_ns(t->load, go);
}

int64_t tally_next_start(struct tally *t)
{
	if (t->next_ns == 0) {
		/* After a worker's death the schedule goes on where its transactions ended: what was due since is
		 * late. */
		int64_t last = atomic_load_explicit(&t->lane->last_ns, memory_order_relaxed);

		t->next_ns = t->replacement && last > t->go_ns ? last : t->go_ns;
	}
	t->next_ns += (int64_t)(-log(1.0 - rng_unit(&t->rng)) * t->gap_ns + 0.5);
	return t->next_ns;
}

static void count_begun(struct tally *t, struct load_script *script, const struct tally_end *end)
{
	const struct load_record *r = &end->record;
	struct load_lane *lane = t->lane;

	if (t->scheduled)
		hist_add(&script->lag, r->lag_ns);
	if (r->retries > 0) {
		load_count(&script->retried, 1);
		load_count(&script->retries, r->retries);
	}
	if (r->outcome == LOAD_DONE) {
		hist_add(&script->service, r->end_ns - end->start_ns);
		if (t->scheduled)
			hist_add(&script->schedule, r->latency_ns);
		if (t->load->latency_limit_ns > 0 && r->latency_ns > t->load->latency_limit_ns)
			load_count(&script->late, 1);
	}
	atomic_store_explicit(&lane->busy_ns, atomic_load_explicit(&lane->busy_ns, memory_order_relaxed) + end->busy_ns,
	        memory_order_relaxed);
	if (r->end_ns > atomic_load_explicit(&lane->last_ns, memory_order_relaxed))
		atomic_store_explicit(&lane->last_ns, r->end_ns, memory_order_relaxed);
}

static void count_in(struct tally *t, struct slot *slot, struct tally_end *end)
{
	struct load_script *script = &t->script[end->record.script];
	uint64_t number = atomic_load_explicit(&slot->tx_counted, memory_order_relaxed) + 1;

	switch ((enum load_outcome)end->record.outcome) {
	case LOAD_DONE:
		load_count(&script->done, 1);
		break;
	case LOAD_FAILED:
		load_count(&script->failed, 1);
		break;
	case LOAD_SKIPPED:
		load_count(&script->skipped, 1);
		break;
	case LOAD_UNKNOWN:
		load_count(&script->unknown, 1);
		break;
	}
	if (end->begun)
		count_begun(t, script, end);
	if (end->recorded) {
		end->record.number = number & 0xffffff;
		load_record_put(&t->shm->load, t->lane, &end->record);
	} else if (t->records) {
		load_count(&t->lane->sampled_out, 1);
	}
	atomic_store_explicit(&slot->tx_counted, number, memory_order_relaxed);
}

void tally_count(struct tally *t, struct slot *slot, struct tally_end *end)
{
	if (end->warmed)
		load_count(&t->lane->warmed, 1);
	else
		count_in(t, slot, end);
	/* Last, and not before what it stands for. */
	if (end->started)
		atomic_store_explicit(&slot->tx_ended, atomic_load_explicit(&slot->tx_ended, memory_order_relaxed) + 1,
		        memory_order_release);
}
