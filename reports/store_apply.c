/*
 * store_apply: writes the queue's rows in the open transaction. Called by store_flush alone.
 */
#include "reports/store_private.h"

#include <stdio.h>
#include <string.h>

#include "shared/clock.h"

static int64_t at_us(int64_t ns, int64_t origin_ns)
{
	return ns ? clock_us(ns, origin_ns) : INT64_MIN;
}

static bool apply_ticket(
        struct store *store, int64_t run, const struct op_ticket *t, enum store_statement which, struct err *err)
{
	sqlite3_stmt *s = store_statement(store, which, err);
	if (!s)
		return false;
	if (which == STORE_TICKET_NOT_RUN)
		store_bind(s, "ii", run, (int64_t)t->ticket);
	else
		store_bind(s, "iiiin", run, (int64_t)t->ticket, (int64_t)t->task, (int64_t)t->round,
		        t->row == PLAN_NO_ROW ? INT64_MIN : (int64_t)t->row);
	if (which == STORE_TICKET)
		sqlite3_bind_int(s, 6, t->state);
	return store_run_statement(store->db, store->path, s, err);
}

static bool connection_row(struct store *store, int64_t run, int64_t number, const struct session_report *r,
        int64_t origin_ns, const char *message, struct err *err)
{
	sqlite3_stmt *s = store_statement(store, STORE_SESSION, err);
	if (!s)
		return false;
	store_bind(s, "iiiiininnnnnnnsssni", run, number, (int64_t)r->session, (int64_t)r->worker,
	        (int64_t)r->generation, r->connect_no ? (int64_t)r->connect_no : INT64_MIN, (int64_t)r->connected,
	        r->backend_pid ? (int64_t)r->backend_pid : INT64_MIN,
	        r->backend_start_us ? r->backend_start_us : INT64_MIN, at_us(r->start_ns, origin_ns),
	        at_us(r->tcp_ns, origin_ns), at_us(r->tls_ns, origin_ns), at_us(r->auth_ns, origin_ns),
	        at_us(r->ready_ns, origin_ns), r->tls, r->sqlstate, message, at_us(r->laid_out_ns, origin_ns),
	        r->served_ns / 1000);
	return store_run_statement(store->db, store->path, s, err);
}

static bool apply_session(struct store *store, const struct op *op, struct err *err)
{
	const struct session_report *r = &op->session;
	uint32_t number = context_connect(&store->run, r->session, r->worker, r->generation, r->backend_pid);
	return connection_row(store, op->run, number, r, op->at, op->text, err);
}

/* The connection of an attempt; one that nobody reported gets a row that says so (connect_no NULL). */
static bool connection_of(struct store *store, int64_t run, const struct attempt *a, uint32_t *number, struct err *err)
{
	*number = context_connection(&store->run, a->session, a->worker, a->generation, a->backend_pid);
	if (*number)
		return true;
	struct session_report r = {.session = a->session,
	        .worker = a->worker,
	        .generation = a->generation,
	        .connected = true,
	        .backend_pid = a->backend_pid,
	        .backend_start_us = a->backend_start_us};
	*number = context_connect(&store->run, a->session, a->worker, a->generation, a->backend_pid);
	return connection_row(store, run, *number, &r, 0, NULL, err);
}

static bool error_of(struct store *store, const struct op *op, int64_t *number, struct err *err)
{
	const struct attempt *a = &op->attempt.attempt;
	const char *text = op->text ? op->text : "";
	*number = INT64_MIN;
	if (!*text && !a->sqlstate[0])
		return true;
	bool fresh;
	*number = context_error(&store->run, op->attempt.ticket.task, a->sqlstate, text, &fresh);
	if (!fresh)
		return true;
	sqlite3_stmt *s = store_statement(store, STORE_ERROR, err);
	if (!s)
		return false;
	store_bind(s, "iiiss", op->run, *number, (int64_t)op->attempt.ticket.task, a->sqlstate, text);
	return store_run_statement(store->db, store->path, s, err);
}

static bool apply_attempt(struct store *store, const struct op *op, struct err *err)
{
	const struct attempt *a = &op->attempt.attempt;
	uint32_t connection;
	int64_t error;
	if (op->run != store->run.run || store->run.nattempts >> STORE_ATTEMPT_SHIFT)
		return err_set(err, EXIT_STORE, "%s: run %lld takes no more attempts", store->path, (long long)op->run);
	if (context_release(&store->run, a->ticket) &&
	        !apply_ticket(store, op->run, &op->attempt.ticket, STORE_RELEASE, err))
		return false;
	if (!connection_of(store, op->run, a, &connection, err) || !error_of(store, op, &error, err))
		return false;
	return batch_attempt(
	        store, op, connection, (op->run << STORE_ATTEMPT_SHIFT) + (int64_t)store->run.nattempts++, error, err);
}

static bool apply_sample(struct store *store, const struct op *op, struct err *err)
{
	const struct sample *m = &op->sample;
	sqlite3_stmt *s = store_statement(store, STORE_SAMPLE, err);
	if (!s)
		return false;
	char blockers[8 * 12 + 1];
	size_t len = 0;
	blockers[0] = '\0';
	for (uint32_t i = 0; i < m->nblockers && i < 8; i++)
		len += (size_t)snprintf(blockers + len, sizeof blockers - len, "%s%d", i ? "," : "", m->blockers[i]);
	store_bind(s, "iiiiiisssnnsss", op->run, (int64_t)++store->run.nsamples, (int64_t)m->backend_pid, m->first_us,
	        m->last_us - m->first_us, (int64_t)m->count, m->state, m->wait_type, m->wait_event,
	        m->query_start_us ? m->query_start_us : INT64_MIN, m->lock_wait_us ? m->lock_wait_us : INT64_MIN,
	        len ? blockers : NULL, m->lock[0] ? m->lock : NULL, m->query[0] ? m->query : NULL);
	return store_run_statement(store->db, store->path, s, err);
}

static bool apply_worker(struct store *store, const struct op *op, struct err *err)
{
	const struct op_worker *w = &op->worker;
	sqlite3_stmt *s = store_statement(store, STORE_WORKER, err);
	if (!s)
		return false;
	store_bind(s, "iiiinnns", op->run, (int64_t)w->worker, (int64_t)w->generation, (int64_t)w->pid, w->forked_us,
	        w->born_us, w->ended_us, op->text);
	return store_run_statement(store->db, store->path, s, err);
}

static bool apply_event(struct store *store, const struct op *op, struct err *err)
{
	sqlite3_stmt *s = store_statement(store, STORE_EVENT, err);
	if (!s)
		return false;
	store_bind(s, "iiss", op->run, op->at, op->name, op->text);
	return store_run_statement(store->db, store->path, s, err);
}

static bool apply_chaos(struct store *store, const struct op *op, struct err *err)
{
	const struct chaos_record *c = &op->chaos;
	sqlite3_stmt *s = store_statement(store, STORE_CHAOS, err);
	bool before = c->before_count > 0, after_it = c->after_count > 0;
	if (!s)
		return false;
	store_bind(s, "iissiiiniiiiiinnnnn", op->run, (int64_t)c->blow, c->action, c->at, (int64_t)c->asked,
	        (int64_t)c->workers, (int64_t)c->sessions, c->struck_us, (int64_t)c->unknown, (int64_t)c->failed,
	        (int64_t)c->repeated, (int64_t)c->survivors, (int64_t)c->before_count, (int64_t)c->after_count,
	        before ? c->before_p50_us : INT64_MIN, after_it ? c->after_p50_us : INT64_MIN,
	        before ? c->before_max_us : INT64_MIN, after_it ? c->after_max_us : INT64_MIN, c->full_us);
	return store_run_statement(store->db, store->path, s, err);
}

static bool apply_task_result(struct store *store, const struct op *op, struct err *err)
{
	const struct task_result *r = &op->task_result;
	sqlite3_stmt *s = store_statement(store, STORE_TASK_RESULT, err);
	char digest[DIGEST_HEX];
	if (!s)
		return false;
	digest_sum_hex(&r->digest, digest);
	store_bind(
	        s, "iiiisi", op->run, (int64_t)r->task, (int64_t)r->executions, r->rows, digest, r->digest_ns / 1000);
	return store_run_statement(store->db, store->path, s, err);
}

/* Rows that only this table looks at; in front of any other, what is collected is written. */
static bool stands_alone(enum op_kind kind)
{
	return kind == OP_SESSION || kind == OP_SAMPLE || kind == OP_WORKER || kind == OP_EVENT;
}

static bool apply_final(struct store *store, const struct op *op, struct err *err)
{
	if (op->ticket.state == OUTCOME_NONE)
		return batch_write(store, err) && apply_ticket(store, op->run, &op->ticket, STORE_TICKET_NOT_RUN, err);
	if (context_release(&store->run, op->ticket.ticket))
		return apply_ticket(store, op->run, &op->ticket, STORE_TICKET, err);
	batch_final(store, op->run, &op->ticket);
	return true;
}

static bool apply_other(struct store *store, const struct op *op, struct err *err)
{
	if (!stands_alone(op->kind) && !batch_write(store, err))
		return false;
	switch (op->kind) {
	case OP_SESSION:
		return apply_session(store, op, err);
	case OP_SAMPLE:
		return apply_sample(store, op, err);
	case OP_WORKER:
		return apply_worker(store, op, err);
	case OP_EVENT:
		return apply_event(store, op, err);
	case OP_CHAOS:
		return apply_chaos(store, op, err);
	case OP_TASK_RESULT:
		return apply_task_result(store, op, err);
	case OP_NOTE:
		return store_apply_note(store, op, err);
	case OP_LOAD_SECOND:
	case OP_LOAD_CHUNK:
	case OP_LOAD_TOTAL:
		return store_apply_load(store, op, err);
	default:
		return store_apply_run(store, op, err);
	}
}

size_t store_apply(struct store *store, const struct op *ops, size_t count, bool *ok, struct err *err)
{
	size_t several;

	switch (ops->kind) {
	case OP_RELEASE:
		several = batch_release(store, ops, count, ok, err);
		if (several > 0)
			return several;
		context_release(&store->run, ops->ticket.ticket);
		*ok = apply_ticket(store, ops->run, &ops->ticket, STORE_RELEASE, err);
		break;
	case OP_TICKET:
		*ok = apply_final(store, ops, err);
		break;
	case OP_ATTEMPT:
		*ok = apply_attempt(store, ops, err);
		break;
	default:
		*ok = apply_other(store, ops, err);
	}
	return 1;
}
