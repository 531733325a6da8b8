/*
 * store_batch: the rows of which a run has many, several to a statement: releases and attempts in multi-row INSERTs,
 * final states of tickets as ranges, as the tickets of one commit lie side by side. A row costs half of what it costs
 * alone. What is collected is written before store_flush commits. Called by store_apply and store_flush alone.
 */
#include "reports/store_private.h"

#include <stdlib.h>
#include <string.h>

#include "shared/buf.h"
#include "shared/clock.h"

static int64_t at_us(int64_t ns, int64_t origin_ns)
{
	return ns ? clock_us(ns, origin_ns) : INT64_MIN;
}

/* The distance from a base; none stays none. */
static int64_t after(int64_t us, int64_t base)
{
	return us == INT64_MIN ? us : us - base;
}

static int64_t or_zero(int64_t us)
{
	return us == INT64_MIN ? 0 : us;
}

static int64_t or_null(int64_t number)
{
	return number ? number : INT64_MIN;
}

static int64_t server_after(const struct marker *m, int64_t base)
{
	return m->sent_ns && m->received_ns && m->server_us ? m->server_us - base : INT64_MIN;
}

static void bind_numbers(sqlite3_stmt *s, int first, const int64_t *numbers, int count)
{
	for (int i = 0; i < count; i++) {
		if (numbers[i] == INT64_MIN)
			sqlite3_bind_null(s, first + i);
		else
			sqlite3_bind_int64(s, first + i, numbers[i]);
	}
}

/* --- attempts --------------------------------------------------------------------------------------------------- */

#define ATTEMPT_COLUMNS 26
#define ATTEMPT_TIMES 12 /* the column with which the times begin */

/* See the comments of schema.sql for what each is relative to. */
static void times_of(const struct store *store, const struct attempt *a, int64_t origin, int64_t *out)
{
	int64_t taken = at_us(a->taken_ns, origin), base = or_zero(taken);
	int64_t sent = after(at_us(a->sent_ns, origin), base), from_sent = base + or_zero(sent);
	int64_t first = after(at_us(a->first_ns, origin), from_sent), from_first = from_sent + or_zero(first);
	int64_t done = after(at_us(a->done_ns, origin), from_first), from_done = from_first + or_zero(done);
	int64_t server = store->run.started_unix_us + base;
	int64_t before_server = server_after(&a->before, server);
	/* Both ends are rounded alike, so that over many attempts nothing gets lost between them. */
	int64_t recorded = taken == INT64_MIN ? taken : at_us(a->recorded_ns, origin);
	int64_t served = recorded == INT64_MIN ? recorded : at_us(a->recorded_ns + a->served_ns, origin) - recorded;
	const int64_t times[ATTEMPT_COLUMNS - ATTEMPT_TIMES] = {taken, after(at_us(a->released_ns, origin), base), sent,
	        first, done, after(at_us(a->before.sent_ns, origin), from_sent),
	        after(at_us(a->before.received_ns, origin), from_first), before_server,
	        after(at_us(a->after.sent_ns, origin), from_sent),
	        after(at_us(a->after.received_ns, origin), from_done),
	        server_after(&a->after, server + or_zero(before_server)),
	        recorded == INT64_MIN ? recorded : base - recorded, or_zero(served),
	        a->complete_ns == 0 || a->done_ns == 0 ? INT64_MIN : from_done - at_us(a->complete_ns, origin)};

	memcpy(out, times, sizeof times);
}

static void bind_attempt(sqlite3_stmt *s, int first, const struct store *store, const struct batch_attempt *row)
{
	const struct attempt *a = &row->op->attempt.attempt;
	int32_t usual = store->run.connections[row->connection - 1].backend_pid;
	int64_t columns[ATTEMPT_COLUMNS] = {row->id, a->ticket, a->try_no, row->connection,
	        a->backend_pid == usual ? INT64_MIN : or_null(a->backend_pid), (int64_t)a->outcome, a->flags,
	        row->error, a->applied, a->failed_statement, a->rows, a->bytes};

	times_of(store, a, row->op->at, columns + ATTEMPT_TIMES);
	bind_numbers(s, first, columns, ATTEMPT_COLUMNS);
}

/* Rows [from, from + count) of the batch: as many as the statement takes. */
static bool write_attempts(
        struct store *store, enum store_statement which, uint32_t from, uint32_t count, struct err *err)
{
	sqlite3_stmt *s = store_statement(store, which, err);

	if (!s)
		return false;
	for (uint32_t i = 0; i < count; i++)
		bind_attempt(s, (int)i * ATTEMPT_COLUMNS + 1, store, &store->batch.attempts[from + i]);
	return store_run_statement(store->db, store->path, s, err);
}

bool batch_attempt(
        struct store *store, const struct op *op, uint32_t connection, int64_t id, int64_t error, struct err *err)
{
	struct batch *b = &store->batch;

	b->attempts[b->nattempts++] = (struct batch_attempt){op, id, error, connection};
	if (b->nattempts < BATCH_ATTEMPTS)
		return true;
	b->nattempts = 0;
	return write_attempts(store, STORE_ATTEMPTS, 0, BATCH_ATTEMPTS, err);
}

/* --- tickets ---------------------------------------------------------------------------------------------------- */

size_t batch_release(struct store *store, const struct op *ops, size_t count, bool *ok, struct err *err)
{
	int64_t numbers[4];
	int at = 2;

	if (count < BATCH_RELEASES)
		return 0;
	for (size_t i = 0; i < BATCH_RELEASES; i++)
		if (ops[i].kind != OP_RELEASE || ops[i].run != ops[0].run)
			return 0;
	sqlite3_stmt *s = store_statement(store, STORE_RELEASES, err);
	*ok = s != NULL;
	if (!s)
		return BATCH_RELEASES;
	sqlite3_bind_int64(s, 1, ops[0].run);
	for (size_t i = 0; i < BATCH_RELEASES; i++, at += 4) {
		const struct op_ticket *t = &ops[i].ticket;

		context_release(&store->run, t->ticket);
		numbers[0] = t->ticket;
		numbers[1] = t->task;
		numbers[2] = t->round;
		numbers[3] = t->row == PLAN_NO_ROW ? INT64_MIN : (int64_t)t->row;
		bind_numbers(s, at, numbers, 4);
	}
	*ok = store_run_statement(store->db, store->path, s, err);
	return BATCH_RELEASES;
}

void batch_final(struct store *store, int64_t run, const struct op_ticket *ticket)
{
	struct batch *b = &store->batch;

	if (b->nfinals == b->finals_room) {
		b->finals_room = b->finals_room ? b->finals_room * 2 : 64;
		b->finals = mem_resize(b->finals, b->finals_room, sizeof *b->finals);
	}
	b->finals[b->nfinals++] = (struct batch_final){run, ticket->ticket, ticket->state};
}

static int by_ticket(const void *a, const void *b)
{
	const struct batch_final *x = a, *y = b;

	if (x->run != y->run)
		return x->run < y->run ? -1 : 1;
	return (x->ticket > y->ticket) - (x->ticket < y->ticket);
}

static bool write_final(struct store *store, const struct batch_final *f, uint32_t last, struct err *err)
{
	sqlite3_stmt *s = store_statement(store, STORE_TICKETS_FINAL, err);
	const int64_t numbers[] = {f->run, f->ticket, last, (int64_t)f->state};

	if (!s)
		return false;
	bind_numbers(s, 1, numbers, 4);
	return store_run_statement(store->db, store->path, s, err);
}

static bool write_finals(struct store *store, struct err *err)
{
	struct batch *b = &store->batch;
	bool ok = true;

	qsort(b->finals, b->nfinals, sizeof *b->finals, by_ticket);
	for (size_t i = 0, end; ok && i < b->nfinals; i = end) {
		const struct batch_final *f = &b->finals[i];

		for (end = i + 1; end < b->nfinals; end++)
			if (b->finals[end].run != f->run || b->finals[end].state != f->state ||
			        b->finals[end].ticket != f->ticket + (end - i))
				break;
		ok = write_final(store, f, b->finals[end - 1].ticket, err);
	}
	b->nfinals = 0;
	return ok;
}

bool batch_write(struct store *store, struct err *err)
{
	struct batch *b = &store->batch;
	bool ok = true;

	for (uint32_t i = 0; ok && i < b->nattempts; i++)
		ok = write_attempts(store, STORE_ATTEMPT, i, 1, err);
	b->nattempts = 0;
	return (b->nfinals == 0 || write_finals(store, err)) && ok;
}

void batch_free(struct batch *b)
{
	free(b->finals);
	*b = (struct batch){0};
}
