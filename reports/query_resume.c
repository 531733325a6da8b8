/*
 * query_resume: what --resume must know: the state of every ticket over a run and the runs it resumed, the newest word
 * counting. The owner calls resume_view_free.
 */
#include "reports/query_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/buf.h"

#define CHAIN_MOST 1000 /* runs that resume one another; more is a ring in a damaged file */

static bool read_head(struct query *q, int64_t run, struct resume_view *view, int64_t *resumed, struct err *err)
{
	sqlite3_stmt *s = query_prepare(q,
	        "SELECT w.sha256, r.data_sha256, r.seed, r.setup_end_us IS NOT NULL AND r.state <> 'aborted', "
	        "r.tickets, "
	        "coalesce(r.resumed_run, 0), r.pruned FROM run r JOIN workload w ON w.id = r.workload WHERE r.id = ?",
	        err);
	bool ok = true, found = false, pruned = false;
	int64_t tickets = 0;
	if (s)
		store_bind(s, "i", run);
	while (query_step(q, &s, &ok, err)) {
		char seed[32];
		found = true;
		if (view->run == run) {
			query_copy(s, 0, view->workload_sha256, sizeof view->workload_sha256);
			query_copy(s, 1, view->data_sha256, sizeof view->data_sha256);
			query_copy(s, 2, seed, sizeof seed);
			view->seed = strtoull(seed, NULL, 10);
		}
		view->setup_finished |= sqlite3_column_int(s, 3) != 0;
		tickets = sqlite3_column_int64(s, 4);
		*resumed = sqlite3_column_int64(s, 5);
		pruned = sqlite3_column_int(s, 6) != 0;
	}
	if (!ok)
		return false;
	if (!found)
		return err_set(err, EXIT_USAGE, "there is no run %lld in %s%s: see \"pgparallel list\"", (long long)run,
		        q->path, view->run == run ? "" : " (a run that was resumed)");
	if (pruned)
		return err_set(err, EXIT_USAGE,
		        "run %lld cannot be resumed: its tickets were pruned, so what it had done is no longer known",
		        (long long)run);
	if (!*resumed) {
		if (tickets < 0 || tickets > PLAN_MOST_TICKETS)
			return query_damaged(q, "the number of tickets is out of range", err);
		view->ntickets = (size_t)tickets;
	}
	return true;
}

static bool add_backends(struct query *q, int64_t run, struct resume_view *view, struct err *err)
{
	sqlite3_stmt *s = query_prepare(q,
	        "SELECT DISTINCT backend_pid, coalesce(backend_start_unix_us, 0) FROM session WHERE run = ? AND "
	        "backend_pid "
	        "NOTNULL",
	        err);
	bool ok = true;
	if (s)
		store_bind(s, "i", run);
	while (query_step(q, &s, &ok, err)) {
		view->backends = mem_resize(view->backends, view->nbackends + 1, sizeof *view->backends);
		view->backends[view->nbackends++] =
		        (struct backend_view){(int32_t)sqlite3_column_int64(s, 0), sqlite3_column_int64(s, 1)};
	}
	return ok;
}

static bool add_states(struct query *q, int64_t run, struct resume_view *view, struct err *err)
{
	struct ticket_rows tickets = {0};
	if (!query_tickets(q, run, &tickets, err)) {
		free(tickets.rows);
		return false;
	}
	for (size_t i = 0; i < tickets.count && i < view->ntickets; i++) {
		const struct ticket_row *t = &tickets.rows[i];
		if (!t->present || t->state == 4)
			continue;
		/* Released and no final word: the run died (a run that goes on holds the lock). */
		view->tickets[i] = (struct ticket_state){
		        .state = t->state ? (enum outcome)t->state : OUTCOME_UNKNOWN, .released = true};
	}
	free(tickets.rows);
	return true;
}

static bool add_attempts(struct query *q, int64_t run, struct resume_view *view, struct err *err)
{
	sqlite3_stmt *s = query_prepare(q,
	        "SELECT a.ticket, a.applied, coalesce(a.backend_pid, s.backend_pid, 0), "
	        "coalesce(s.backend_start_unix_us, 0) "
	        "FROM attempt a LEFT JOIN session s ON s.run = ?1 AND s.connection = a.connection WHERE a.id BETWEEN "
	        "?2 AND ?3 "
	        "ORDER BY a.id",
	        err);
	bool ok = true;
	if (s)
		store_bind(s, "iii", run, run << STORE_ATTEMPT_SHIFT,
		        (run << STORE_ATTEMPT_SHIFT) + (INT64_C(1) << STORE_ATTEMPT_SHIFT) - 1);
	while (query_step(q, &s, &ok, err)) {
		int64_t ticket = sqlite3_column_int64(s, 0);
		if (ticket < 0 || ticket >= (int64_t)view->ntickets)
			continue;
		struct ticket_state *t = &view->tickets[ticket];
		t->applied = (uint32_t)sqlite3_column_int64(s, 1);
		t->backend_pid = (int32_t)sqlite3_column_int64(s, 2);
		t->backend_start_us = sqlite3_column_int64(s, 3);
	}
	return ok;
}

static bool read_chain(struct query *q, struct resume_view *view, struct err *err)
{
	int64_t chain[CHAIN_MOST], resumed = view->run;
	int n = 0;
	while (resumed) {
		if (n == CHAIN_MOST)
			return query_damaged(q, "runs resume one another in a ring", err);
		chain[n] = resumed;
		if (!read_head(q, chain[n++], view, &resumed, err))
			return false;
	}
	view->tickets = mem_zero(view->ntickets ? view->ntickets : 1, sizeof *view->tickets);
	while (n-- > 0) /* the oldest first */
		if (!add_states(q, chain[n], view, err) || !add_attempts(q, chain[n], view, err) ||
		        !add_backends(q, chain[n], view, err))
			return false;
	return true;
}

/* What a later run did of this one's tickets is in the later one's: resumed twice, they would run twice. */
static bool not_resumed_yet(struct query *q, int64_t run, struct err *err)
{
	sqlite3_stmt *s = query_prepare(q,
	        "WITH RECURSIVE later(id) AS (SELECT id FROM run WHERE resumed_run = ?1 UNION "
	        "SELECT r.id FROM run r JOIN later ON r.resumed_run = later.id) SELECT max(id) FROM later",
	        err);
	bool ok = true;
	int64_t newest = 0;
	if (s)
		store_bind(s, "i", run);
	while (query_step(q, &s, &ok, err))
		newest = query_int_or(s, 0, 0);
	if (!ok || newest == 0)
		return ok;
	return err_set(err, EXIT_USAGE, "run %lld was resumed already: go on with what is left by --resume=%lld",
	        (long long)run, (long long)newest);
}

static bool no_load_run(struct query *q, int64_t run, struct err *err)
{
	uint64_t counts[4];
	bool load;
	if (!query_load_counts(q, run, counts, &load, err))
		return false;
	return !load || err_set(err, EXIT_USAGE,
	                        "run %lld cannot be resumed: it is a load run, which has no tickets that are left",
	                        (long long)run);
}

bool query_resume(struct query *q, int64_t run, struct resume_view *view, struct err *err)
{
	*view = (struct resume_view){.run = run};
	if (!store_db_exec(q->db, q->path, "BEGIN", err))
		return false;
	bool ok = no_load_run(q, run, err) && not_resumed_yet(q, run, err) && read_chain(q, view, err);
	sqlite3_exec(q->db, "COMMIT", NULL, NULL, NULL);
	if (!ok)
		resume_view_free(view);
	return ok;
}

void resume_view_free(struct resume_view *view)
{
	free(view->tickets);
	free(view->backends);
	*view = (struct resume_view){0};
}
