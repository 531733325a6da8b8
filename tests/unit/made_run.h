/*
 * made_run: runs put together by hand, one call a fact, for the tests of proof, budget and gate. Included, not linked;
 * the owner calls made_free.
 */
#ifndef TESTS_UNIT_MADE_RUN_H
#define TESTS_UNIT_MADE_RUN_H

#include <stdlib.h>
#include <string.h>

#include "reports/query.h"
#include "shared/buf.h"

#define MADE_OFFSET INT64_C(1795416012000000) /* server time at wall zero */
#define MADE_GO 20000
#define MADE static __attribute__((unused))

MADE void made_begin(struct run_view *run, uint32_t sessions)
{
	*run = (struct run_view){.id = 7,
	        .sessions = sessions,
	        .lanes = sessions,
	        .workers = sessions,
	        .state = RUN_FINISHED,
	        .argv = mem_strdup("pgparallel run -f x.sql")};
	run->phases = (struct run_phases){.preflight_begin_us = -30000,
	        .setup_begin_us = QUERY_NONE,
	        .setup_end_us = QUERY_NONE,
	        .connected_us = 18000,
	        .go_us = MADE_GO,
	        .last_end_us = QUERY_NONE,
	        .drain_end_us = QUERY_NONE,
	        .reap_end_us = QUERY_NONE,
	        .store_begin_us = QUERY_NONE,
	        .name_us = QUERY_NONE,
	        .token_us = QUERY_NONE,
	        .wake_us = QUERY_NONE,
	        .connect_us = QUERY_NONE};
	run->end.asked_sessions = run->end.ready_sessions = sessions;
}

MADE void made_task(struct run_view *run, const char *name, int after)
{
	run->tasks = mem_resize(run->tasks, run->ntasks + 1, sizeof(*run->tasks));
	run->tasks[run->ntasks++] = (struct task_view){.name = mem_strdup(name), .sql = mem_strdup(""), .after = after};
}

MADE void made_fact(struct run_view *run, const char *name, const char *value)
{
	run->facts = mem_resize(run->facts, run->nfacts + 1, sizeof(*run->facts));
	run->facts[run->nfacts++] = (struct fact_view){name, value};
}

/* Ran from..to on the server; ticket and backend follow from task and session. Sent 200 us before, back 200 us after.
 */
MADE struct attempt_view *made_attempt(
        struct run_view *run, uint32_t session, uint32_t task, int64_t from_us, int64_t to_us)
{
	struct attempt_view *a;

	run->attempts = mem_resize(run->attempts, run->nattempts + 1, sizeof(*run->attempts));
	a = &run->attempts[run->nattempts++];
	*a = (struct attempt_view){.ticket = task,
	        .task = task,
	        .try_no = 1,
	        .session = session,
	        .worker = session,
	        .generation = 1,
	        .backend_pid = 1001 + (int32_t)session,
	        .outcome = OUTCOME_DONE,
	        .statements = 1,
	        .rows = 1,
	        .taken_us = from_us - 240,
	        .released_us = from_us - 240,
	        .sent_us = from_us - 200,
	        .first_us = to_us + 150,
	        .done_us = to_us + 200,
	        .before_sent_us = from_us - 200,
	        .before_received_us = from_us + 200,
	        .before_server_us = MADE_OFFSET + from_us,
	        .after_sent_us = from_us - 200,
	        .after_received_us = to_us + 200,
	        .after_server_us = MADE_OFFSET + to_us};
	return a;
}

MADE void made_no_markers(struct attempt_view *a)
{
	a->before_sent_us = a->before_received_us = a->before_server_us = QUERY_NONE;
	a->after_sent_us = a->after_received_us = a->after_server_us = QUERY_NONE;
}

/* A stretch of samples of a session's backend; blocker: the session that holds the lock, -1 = running. */
MADE struct sample *made_sample(
        struct run_view *run, uint32_t session, int64_t first_us, int64_t last_us, int blocker, int64_t wait_start_us)
{
	struct sample *s;

	run->samples = mem_resize(run->samples, run->nsamples + 1, sizeof(*run->samples));
	s = &run->samples[run->nsamples++];
	*s = (struct sample){.backend_pid = 1001 + (int32_t)session,
	        .first_us = MADE_OFFSET + first_us,
	        .last_us = MADE_OFFSET + last_us,
	        .count = (uint32_t)((last_us - first_us) / 100000 + 1)};
	strcpy(s->state, "active");
	if (blocker >= 0) {
		strcpy(s->wait_type, "Lock");
		strcpy(s->wait_event, "advisory");
		s->nblockers = 1;
		s->blockers[0] = 1001 + blocker;
		s->lock_wait_us = wait_start_us ? MADE_OFFSET + wait_start_us : 0;
	}
	return s;
}

MADE void made_session(struct run_view *run, uint32_t session, int64_t born_us, int64_t start_us, int64_t ready_us)
{
	run->session_rows = mem_resize(run->session_rows, run->nsession_rows + 1, sizeof(*run->session_rows));
	run->session_rows[run->nsession_rows++] = (struct session_view){.session = session,
	        .worker = session,
	        .generation = 1,
	        .connect_no = 1,
	        .connected = true,
	        .backend_pid = 1001 + (int32_t)session,
	        .start_us = start_us,
	        .ready_us = ready_us};
	run->worker_rows = mem_resize(run->worker_rows, run->nworker_rows + 1, sizeof(*run->worker_rows));
	run->worker_rows[run->nworker_rows++] = (struct worker_view){.worker = session,
	        .generation = 1,
	        .pid = 1,
	        .forked_us = 0,
	        .born_us = born_us,
	        .ended_us = QUERY_NONE};
}

static int made_order(const void *a, const void *b)
{
	const struct attempt_view *x = a, *y = b;

	if (x->session != y->session)
		return x->session < y->session ? -1 : 1;
	return (x->taken_us > y->taken_us) - (x->taken_us < y->taken_us);
}

/* Puts attempts in the order the store gives them and counts tickets (one attempt each unless the test says more). */
MADE void made_end(struct run_view *run)
{
	run->done = run->failed = run->unknown = 0;
	if (run->nattempts)
		qsort(run->attempts, run->nattempts, sizeof(*run->attempts), made_order);
	for (size_t i = 0; i < run->nattempts; i++) {
		const struct attempt_view *a = &run->attempts[i];

		run->done += a->outcome == OUTCOME_DONE;
		run->failed += a->outcome == OUTCOME_FAILED && !(a->flags & ATTEMPT_RETRIED_HERE);
		run->unknown += a->outcome == OUTCOME_UNKNOWN;
		if (a->done_us != QUERY_NONE && a->done_us > run->phases.last_end_us)
			run->phases.last_end_us = a->done_us;
	}
	run->ntickets = run->done + run->failed + run->unknown + run->not_run;
}

MADE void made_free(struct run_view *run)
{
	for (size_t i = 0; i < run->ntasks; i++) {
		free(run->tasks[i].name);
		free(run->tasks[i].sql);
	}
	free(run->tasks);
	free(run->attempts);
	free(run->session_rows);
	free(run->worker_rows);
	free(run->samples);
	free(run->facts);
	free(run->argv);
	*run = (struct run_view){0};
}

#define BEGIN (MADE_GO + 500)

MADE void made_tasks(struct run_view *run, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		char name[16] = {'t', (char)('1' + i), 0};

		made_task(run, name, -1);
	}
}

/* All begin at BEGIN, each on a session of its own. */
MADE void made_together(struct run_view *run, const int64_t *lengths, uint32_t n)
{
	made_begin(run, n);
	made_tasks(run, n);
	for (uint32_t i = 0; i < n; i++)
		made_attempt(run, i, i, BEGIN, BEGIN + lengths[i]);
	made_end(run);
}

/* The same tasks one after another on one session, each as long as given: a serial baseline. */
MADE void made_serial(struct run_view *run, const int64_t *lengths, size_t n)
{
	int64_t at = MADE_GO + 300;

	made_begin(run, 1);
	for (size_t i = 0; i < n; i++) {
		char name[16] = {'t', (char)('0' + (i + 1) % 10), 0};

		made_task(run, name, -1);
		made_attempt(run, 0, (uint32_t)i, at, at + lengths[i]);
		at += lengths[i] + 500;
	}
	made_end(run);
}

#endif
