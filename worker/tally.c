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
