/*
 * query_rows: the long parts of a run: tickets, connections, attempts and samples, each read in one pass. Called by
 * query_run and query_resume.
 */
#include "reports/query_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/buf.h"

bool query_tickets(struct query *q, int64_t run, struct ticket_rows *rows, struct err *err)
{
	sqlite3_stmt *s = query_prepare(q, "SELECT max(ticket) FROM ticket WHERE run = ?", err);
	int64_t most = -1;
	bool ok = true;
	if (s)
		store_bind(s, "i", run);
	while (query_step(q, &s, &ok, err))
		most = query_int_or(s, 0, -1);
	if (!ok)
		return false;
	if (most >= PLAN_MOST_TICKETS)
		return query_damaged(q, "a ticket's number is out of range", err);
	rows->count = (size_t)(most + 1);
	rows->rows = mem_zero(rows->count ? rows->count : 1, sizeof *rows->rows);
	s = query_prepare(q, "SELECT ticket, task, round, data_row, state FROM ticket WHERE run = ?", err);
	if (s)
		store_bind(s, "i", run);
	while (query_step(q, &s, &ok, err)) {
		int64_t ticket = sqlite3_column_int64(s, 0), state = sqlite3_column_int64(s, 4);
		if (ticket < 0 || ticket > most || state < 0 || state > 4) {
			sqlite3_finalize(s);
			return query_damaged(q, "a ticket makes no sense", err);
		}
		rows->rows[ticket] = (struct ticket_row){.task = (uint32_t)sqlite3_column_int64(s, 1),
		        .round = (uint32_t)sqlite3_column_int64(s, 2),
		        .row = (uint32_t)query_int_or(s, 3, PLAN_NO_ROW),
		        .state = (uint8_t)state,
		        .present = true};
	}
	return ok;
}

bool query_sessions(struct query *q, struct run_view *v, struct err *err)
{
	sqlite3_stmt *s = query_prepare(q,
	        "SELECT session, worker, generation, connect_no, connected, backend_pid, start_us, tcp_us, tls_us, "
	        "auth_us, "
	        "ready_us, tls, sqlstate, message, connection, laid_out_us, served_us FROM session WHERE run = ? ORDER "
	        "BY connection",
	        err);
	bool ok = true;
	size_t room = 0;
	if (s)
		store_bind(s, "i", v->id);
	while (query_step(q, &s, &ok, err)) {
		if (v->nsession_rows == room) {
			room = room * 2 + 16;
			v->session_rows = mem_resize(v->session_rows, room, sizeof *v->session_rows);
		}
		struct session_view *r = &v->session_rows[v->nsession_rows++];
		*r = (struct session_view){.session = (uint32_t)sqlite3_column_int64(s, 0),
		        .worker = (uint32_t)sqlite3_column_int64(s, 1),
		        .generation = (uint32_t)sqlite3_column_int64(s, 2),
		        .connect_no = (uint32_t)query_int_or(s, 3, 0),
		        .connected = sqlite3_column_int(s, 4) != 0,
		        .backend_pid = (int32_t)query_int_or(s, 5, 0),
		        .start_us = query_int(s, 6),
		        .tcp_us = query_int(s, 7),
		        .tls_us = query_int(s, 8),
		        .auth_us = query_int(s, 9),
		        .ready_us = query_int(s, 10),
		        .laid_out_us = query_int(s, 15),
		        .served_us = query_int_or(s, 16, 0)};
		query_copy(s, 11, r->tls, sizeof r->tls);
		query_copy(s, 12, r->sqlstate, sizeof r->sqlstate);
		if (sqlite3_column_type(s, 13) != SQLITE_NULL)
			r->message = query_keep(v, (const char *)sqlite3_column_text(s, 13));
		if (sqlite3_column_int64(s, 14) != (int64_t)v->nsession_rows) {
			sqlite3_finalize(s);
			return query_damaged(q, "connections are missing", err);
		}
	}
	return ok;
}

struct error_text {
	char sqlstate[6];
	const char *text;
};

static bool read_error_texts(
        struct query *q, struct run_view *v, struct error_text **texts, size_t *count, struct err *err)
{
	sqlite3_stmt *s = query_prepare(q, "SELECT sqlstate, text, error FROM error WHERE run = ? ORDER BY error", err);
	bool ok = true;
	size_t room = 0;
	if (s)
		store_bind(s, "i", v->id);
	while (query_step(q, &s, &ok, err)) {
		if (*count == room) {
			room = room * 2 + 16;
			*texts = mem_resize(*texts, room, sizeof **texts);
		}
		struct error_text *t = &(*texts)[(*count)++];
		query_copy(s, 0, t->sqlstate, sizeof t->sqlstate);
		t->text = query_keep(v, (const char *)sqlite3_column_text(s, 1));
		if (sqlite3_column_int64(s, 2) != (int64_t)*count) {
			sqlite3_finalize(s);
			return query_damaged(q, "error texts are missing", err);
		}
	}
	return ok;
}

/* base + what stands in the column; none stays none. */
static int64_t plus(sqlite3_stmt *s, int column, int64_t base)
{
	int64_t v = query_int(s, column);
	return v == QUERY_NONE ? v : base + v;
}

static int64_t or_base(int64_t us, int64_t base)
{
	return us == QUERY_NONE ? base : us;
}

/* The inverse of times_of in store_batch.c: columns 10 and on. */
static void read_times(sqlite3_stmt *s, int64_t started_unix_us, struct attempt_view *a)
{
	int64_t base = query_int_or(s, 10, 0);
	a->taken_us = query_int(s, 10);
	a->released_us = plus(s, 11, base);
	a->sent_us = plus(s, 12, base);
	int64_t sent = or_base(a->sent_us, base);
	a->first_us = plus(s, 13, sent);
	int64_t first = or_base(a->first_us, sent);
	a->done_us = plus(s, 14, first);
	int64_t done = or_base(a->done_us, first);
	a->before_sent_us = plus(s, 15, sent);
	a->before_received_us = plus(s, 16, first);
	a->before_server_us = plus(s, 17, started_unix_us + base);
	a->after_sent_us = plus(s, 18, sent);
	a->after_received_us = plus(s, 19, done);
	a->after_server_us = plus(s, 20, or_base(a->before_server_us, started_unix_us + base));
	int64_t before_taken = query_int(s, 22);
	a->recorded_us = before_taken == QUERY_NONE ? QUERY_NONE : base - before_taken;
	a->served_us = query_int_or(s, 23, 0);
	int64_t commit = query_int(s, 24);
	a->complete_us = commit == QUERY_NONE || a->done_us == QUERY_NONE ? QUERY_NONE : a->done_us - commit;
}

static bool read_attempt(sqlite3_stmt *s, const struct run_view *v, const struct ticket_rows *tickets,
        const struct error_text *texts, size_t ntexts, struct attempt_view *a)
{
	int64_t ticket = sqlite3_column_int64(s, 0), connection = sqlite3_column_int64(s, 2);
	int64_t error = query_int_or(s, 6, 0), outcome = sqlite3_column_int64(s, 4);
	if (ticket < 0 || ticket >= (int64_t)tickets->count || !tickets->rows[ticket].present || connection < 1 ||
	        connection > (int64_t)v->nsession_rows || error < 0 || error > (int64_t)ntexts ||
	        outcome < OUTCOME_NONE || outcome > OUTCOME_UNKNOWN || tickets->rows[ticket].task >= v->ntasks)
		return false;
	const struct ticket_row *t = &tickets->rows[ticket];
	const struct session_view *c = &v->session_rows[connection - 1];
	*a = (struct attempt_view){.ticket = (uint32_t)ticket,
	        .task = t->task,
	        .round = t->round,
	        .row = t->row,
	        .try_no = (uint32_t)sqlite3_column_int64(s, 1),
	        .session = c->session,
	        .worker = c->worker,
	        .generation = c->generation,
	        .backend_pid = (int32_t)query_int_or(s, 3, c->backend_pid),
	        .outcome = (enum outcome)outcome,
	        .flags = (uint32_t)sqlite3_column_int64(s, 5),
	        .applied = (uint32_t)sqlite3_column_int64(s, 7),
	        .failed_statement = (uint32_t)(sqlite3_column_int64(s, 8)),
	        .rows = sqlite3_column_int64(s, 9),
	        .bytes = sqlite3_column_int64(s, 21)};
	if (error) {
		memcpy(a->sqlstate, texts[error - 1].sqlstate, sizeof a->sqlstate);
		a->message = texts[error - 1].text[0] ? texts[error - 1].text : NULL;
	}
	read_times(s, v->started_wall_us, a);
	return true;
}

static int by_session_and_taken(const struct attempt_view *a, const struct attempt_view *b)
{
	if (a->session != b->session)
		return a->session < b->session ? -1 : 1;
	if (a->taken_us != b->taken_us)
		return a->taken_us < b->taken_us ? -1 : 1;
	return 0;
}

/* Rows arrive nearly in order for each session: they are dealt out by session, then put right by insertion. */
static void sort_attempts(struct run_view *v)
{
	uint32_t nsessions = 0;
	for (size_t i = 0; i < v->nattempts; i++)
		if (v->attempts[i].session >= nsessions)
			nsessions = v->attempts[i].session + 1;
	if (nsessions > v->nattempts + 1000000)
		return; /* numbers of a damaged file; better unsorted than out of memory */
	size_t *at = mem_zero((size_t)nsessions + 1, sizeof *at);
	for (size_t i = 0; i < v->nattempts; i++)
		at[v->attempts[i].session + 1]++;
	for (uint32_t i = 0; i < nsessions; i++)
		at[i + 1] += at[i];
	struct attempt_view *sorted = mem_alloc(v->nattempts * sizeof *sorted);
	for (size_t i = 0; i < v->nattempts; i++)
		sorted[at[v->attempts[i].session]++] = v->attempts[i];
	free(at);
	free(v->attempts);
	v->attempts = sorted;
	for (size_t i = 1; i < v->nattempts; i++) {
		size_t j = i;
		struct attempt_view a = sorted[i];
		for (; j > 0 && by_session_and_taken(&a, &sorted[j - 1]) < 0; j--)
			sorted[j] = sorted[j - 1];
		if (j != i)
			sorted[j] = a;
	}
}

/* Statements of each task: the attempts do not repeat it. */
static bool read_statements(struct query *q, struct run_view *v, struct err *err)
{
	sqlite3_stmt *s = query_prepare(
	        q, "SELECT t.task, t.statements FROM run r JOIN task t ON t.workload = r.workload WHERE r.id = ?", err);
	uint32_t *statements = mem_zero(v->ntasks + 1, sizeof *statements);
	bool ok = true;
	if (s)
		store_bind(s, "i", v->id);
	while (query_step(q, &s, &ok, err)) {
		int64_t task = sqlite3_column_int64(s, 0);
		if (task >= 0 && task < (int64_t)v->ntasks)
			statements[task] = (uint32_t)sqlite3_column_int64(s, 1);
	}
	for (size_t i = 0; i < v->nattempts; i++)
		v->attempts[i].statements = statements[v->attempts[i].task];
	free(statements);
	return ok;
}

static bool read_attempts(struct query *q, struct run_view *v, const struct ticket_rows *tickets,
        const struct error_text *texts, size_t ntexts, struct err *err)
{
	sqlite3_stmt *s = query_prepare(q,
	        "SELECT ticket, try_no, connection, backend_pid, outcome, flags, error, applied, failed_statement, "
	        "rows, taken, "
	        "released, sent, first, done, before_sent, before_received, before_server, after_sent, after_received, "
	        "after_server, bytes, recorded, served, complete FROM attempt WHERE id BETWEEN ?1 AND ?2 ORDER BY id",
	        err);
	bool ok = true;
	size_t room = 0;
	if (s)
		store_bind(s, "ii", v->id << STORE_ATTEMPT_SHIFT,
		        (v->id << STORE_ATTEMPT_SHIFT) + (INT64_C(1) << STORE_ATTEMPT_SHIFT) - 1);
	while (query_step(q, &s, &ok, err)) {
		if (v->nattempts == room) {
			room = room ? room * 2 : tickets->count + 16;
			v->attempts = mem_resize(v->attempts, room, sizeof *v->attempts);
		}
		if (!read_attempt(s, v, tickets, texts, ntexts, &v->attempts[v->nattempts++])) {
			sqlite3_finalize(s);
			return query_damaged(q, "an attempt makes no sense", err);
		}
	}
	return ok;
}

bool query_attempts(struct query *q, struct run_view *v, const struct ticket_rows *tickets, struct err *err)
{
	struct error_text *texts = NULL;
	size_t ntexts = 0;
	bool ok = read_error_texts(q, v, &texts, &ntexts, err) && read_attempts(q, v, tickets, texts, ntexts, err) &&
	          read_statements(q, v, err);
	free(texts);
	if (ok && v->nattempts)
		sort_attempts(v);
	return ok;
}

static void read_sample(sqlite3_stmt *s, struct sample *m)
{
	*m = (struct sample){.backend_pid = (int32_t)sqlite3_column_int64(s, 0),
	        .first_us = sqlite3_column_int64(s, 1),
	        .last_us = sqlite3_column_int64(s, 1) + sqlite3_column_int64(s, 2),
	        .count = (uint32_t)sqlite3_column_int64(s, 3),
	        .query_start_us = query_int_or(s, 7, 0),
	        .lock_wait_us = query_int_or(s, 8, 0)};
	query_copy(s, 4, m->state, sizeof m->state);
	query_copy(s, 5, m->wait_type, sizeof m->wait_type);
	query_copy(s, 6, m->wait_event, sizeof m->wait_event);
	query_copy(s, 10, m->lock, sizeof m->lock);
	query_copy(s, 11, m->query, sizeof m->query);
	const char *p = (const char *)sqlite3_column_text(s, 9);
	while (p && *p && m->nblockers < 8) {
		char *end;
		m->blockers[m->nblockers++] = (int32_t)strtol(p, &end, 10);
		p = *end == ',' && end != p ? end + 1 : "";
	}
}

bool query_samples(struct query *q, struct run_view *v, struct err *err)
{
	sqlite3_stmt *s = query_prepare(q,
	        "SELECT backend_pid, first_unix_us, last_us, samples, state, wait_type, wait_event, "
	        "query_start_unix_us, "
	        "lock_wait_unix_us, blockers, lock, query FROM sample WHERE run = ? ORDER BY backend_pid, "
	        "first_unix_us, sample",
	        err);
	bool ok = true;
	size_t room = 0;
	if (s)
		store_bind(s, "i", v->id);
	while (query_step(q, &s, &ok, err)) {
		if (v->nsamples == room) {
			room = room * 2 + 64;
			v->samples = mem_resize(v->samples, room, sizeof *v->samples);
		}
		read_sample(s, &v->samples[v->nsamples++]);
	}
	return ok;
}
