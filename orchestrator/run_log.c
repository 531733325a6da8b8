/*
 * run_log: the log's lines about attempts. Workers do not tell when they start one, as that would cost a message each:
 * what still runs at a tick is read from its slot; of a shorter attempt both lines come with its result.
 */
#include "orchestrator/run_state.h"

#include <stdio.h>
#include <stdlib.h>

#include "shared/clock.h"

static void log_start(struct run *run, const struct log_context *about, int64_t begin_ns, uint32_t ticket,
        uint32_t try_no, uint32_t session)
{
	char iso[32];

	clock_iso(begin_ns / NS_PER_US + run->wall_offset_us, iso);
	log_write(LEVEL_INFO, about, "started at %s (ticket %u, try %u, session %u)", iso, ticket, try_no, session + 1);
}

/* A slot is written by its worker while it is read here, and a broken worker may write anything. */
static void log_slot(struct run *run, uint32_t session)
{
	const struct slot *slot = shm_slot(run->shm, session);
	uint32_t stage = atomic_load(&slot->stage), ticket = atomic_load(&slot->ticket);
	uint32_t try_no = atomic_load(&slot->try_no), position;
	int64_t sent = atomic_load(&slot->sent_ns);

	if ((stage != SLOT_SENT && stage != SLOT_SAFE) || sent <= 0 || sent == run->logged_ns[session] ||
	        sent != atomic_load(&slot->sent_ns) || ticket != atomic_load(&slot->ticket) ||
	        !tickets_position(&run->tickets, ticket, &position))
		return;
	struct log_context about = {
	        .pid = atomic_load(&slot->backend_pid), .task = tickets_task(&run->tickets, position)->name};
	for (uint32_t i = 0; i < run->nworkers; i++) {
		const struct member *m = &run->crew.members[i];
		if (session - m->first_session < m->nsessions)
			about.worker = (int)m->worker + 1;
	}
	run->logged_ns[session] = sent;
	log_start(run, &about, sent, ticket, try_no, session);
}

void run_log_starts(struct run *run, int64_t now)
{
	if (run->phase != PHASE_MEASURE || now - run->log_looked_ns < RUN_TICK_NS || !log_enabled(LEVEL_INFO))
		return;
	run->log_looked_ns = now;
	if (!run->logged_ns)
		run->logged_ns = mem_zero(run->shm->nsessions, sizeof *run->logged_ns);
	for (uint32_t s = 0; s < run->shm->nsessions; s++)
		log_slot(run, s);
}

void run_log_attempt(struct run *run, const struct member *m, const struct attempt *a, const struct task *task)
{
	struct log_context about = {(int)m->worker + 1, a->backend_pid, task->name};
	char error[300] = "";
	int64_t begin = a->sent_ns ? a->sent_ns : a->taken_ns;
	double seconds = (double)(a->done_ns - begin) / 1e9;

	if (!log_enabled(LEVEL_INFO))
		return;
	if (run->progress)
		progress_clear(run->progress);
	if (!run->logged_ns || a->session >= run->shm->nsessions || run->logged_ns[a->session] != begin)
		log_start(run, &about, begin, a->ticket, a->try_no, a->session);
	if (a->outcome == OUTCOME_DONE) {
		log_write(LEVEL_INFO, &about, "completed after %.6f s, %lld rows", seconds, (long long)a->rows);
		return;
	}
	if (a->message)
		log_printable(a->message, error, sizeof error);
	log_write(LEVEL_INFO, &about, "%s after %.6f s: %s%s%s", outcome_name(a->outcome), seconds, a->sqlstate,
	        a->sqlstate[0] ? " " : "", error);
}
