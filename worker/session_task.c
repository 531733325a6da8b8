/*
 * session_task: sending a task, in one of three ways, each between two markers (m) with a sync (|) of their own:
 *
 *   segment      m | settings, statements | m |                  one implicit transaction, applied whole or not at all
 *   transaction  m | BEGIN, settings, statements |  then, when rows= fits:  COMMIT | m |
 *   steps        m | first | ... then each next one ... last | m |    stopping at the first error
 *
 * An open block at the end gets ROLLBACK and its end marker after that (before, the marker would meet 25P02). The
 * slot's stage is moved before the first byte is handed to libpq.
 */
#include "worker/session_private.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "shared/clock.h"
#include "worker/verify.h"

/* Where the server ends a statement by itself, our own clock waits a little longer: its answer is the better one. */
#define SERVER_FIRST (250 * NS_PER_MS)
#define SAMPLE_AFTER 32 /* tasks before the cost of markers is judged */
#define SAMPLE_ONE_IN 16

int64_t statement_timeout_ms(int64_t ns)
{
	int64_t ms = ns / NS_PER_MS + (ns % NS_PER_MS != 0);

	return ms < INT32_MAX ? ms : INT32_MAX;
}

enum attempt_stage task_stage(const struct session *s)
{
	const struct running *run = &s->run;
	const struct statement *st;

	if (!run->sent)
		return STAGE_NOTHING;
	if (run->send == SEND_TRANSACTION)
		return run->committing ? STAGE_COMMIT : STAGE_BLOCK;
	if (run->send == SEND_SEGMENT) {
		for (int i = 0; i < run->task->nstatements; i++)
			if (run->task->statements[i].kind == STATEMENT_CALL)
				return STAGE_CALL;
		return STAGE_BARE;
	}
	if (run->next == 0)
		return STAGE_NOTHING;
	st = &run->task->statements[run->next - 1];
	if (run->in_block)
		return st->kind == STATEMENT_COMMIT ? STAGE_COMMIT : STAGE_BLOCK;
	switch (st->kind) {
	case STATEMENT_BEGIN:
	case STATEMENT_ROLLBACK:
		return STAGE_NOTHING;
	case STATEMENT_CALL:
		return STAGE_CALL;
	case STATEMENT_COMMIT: /* COMMIT PREPARED */
		return STAGE_COMMIT;
	default:
		return STAGE_BARE;
	}
}

/* Shows in the slot what a death from here on would leave behind; before the bytes are handed to libpq. */
static void show_stage(struct session *s, int64_t now)
{
	enum attempt_stage stage = task_stage(s);

	atomic_store_explicit(&s->slot->applied, s->attempt.applied, memory_order_relaxed);
	slot_stage(s->slot, stage == STAGE_BLOCK || stage == STAGE_NOTHING ? SLOT_SAFE : SLOT_SENT, now);
}

static bool wants_markers(const struct session *s)
{
	const struct assignment *a = s->a;

	if (a->special)
		return false;
	/* The client's clock counts the wait for one of a pooler's servers as activity, and nothing but a marker tells
	 * which backend it was: through a pooler every attempt carries them. */
	if (!a->target.direct)
		return true;
	/* Where they would cost more than a hundredth of the typical task, a seeded sample carries them. */
	if (s->ran < SAMPLE_AFTER || 2 * s->ran_fast <= s->ran)
		return true;
	return rng_hash(a->seed, s->picked.ticket) % SAMPLE_ONE_IN == 0;
}

static void set_deadlines(struct session *s, int64_t now)
{
	struct running *run = &s->run;
	bool can_cancel = s->a->target.direct && s->report.backend_start_us != 0;

	run->cancel_at = CLOCK_NEVER;
	run->drop_at = CLOCK_NEVER;
	if (run->timeout_ns > 0) {
		int64_t end = now + run->timeout_ns + SERVER_FIRST;

		/* Through a pooler the backend may be another client's by now: no cancel, the session is dropped. */
		run->cancel_at = can_cancel ? end : CLOCK_NEVER;
		run->drop_at = can_cancel ? end + CANCEL_PATIENCE : end;
	}
	atomic_store_explicit(&s->slot->deadline_ns, run->drop_at, memory_order_relaxed);
}

static void begin_running(struct session *s)
{
	const struct assignment *a = s->a;
	struct running *run = &s->run;
	const struct ticket *ticket = a->special ? NULL : &a->plan->tickets[s->picked.ticket];
	const struct task *task = a->special ? a->special : &a->plan->tasks[ticket->task];

	*run = (struct running){.task = task,
	        .ticket = ticket,
	        .send = a->special ? SEND_STEPS : task->send,
	        .protected = task->readonly || a->readonly,
	        .timeout_ns = task->timeout_ns > 0 || a->special ? task->timeout_ns : a->timeout_ns};
	run->markers = wants_markers(s);
	/* What the session's own setting already says need not be set again. */
	run->set_timeout = run->timeout_ns > 0 && (!a->target.direct || a->special || run->timeout_ns != a->timeout_ns);
	if (run->send == SEND_SEGMENT && task->nstatements > 0 && task->statements[0].kind == STATEMENT_ALONE &&
	        (run->set_timeout || run->protected)) {
		/* VACUUM and the like stand no setting before them in their segment. */
		if (a->target.direct)
			run->send = SEND_STEPS;
		else
			run->set_timeout = false;
	}
}

static void begin_attempt(struct session *s, int64_t now)
{
	const struct assignment *a = s->a;
	struct running *run = &s->run;

	s->message[0] = '\0';
	s->attempt = (struct attempt){.ticket = s->picked.ticket,
	        .try_no = s->picked.try_no,
	        .session = s->number,
	        .worker = a->worker,
	        .generation = a->generation,
	        .backend_pid = s->report.backend_pid,
	        .backend_start_us = s->report.backend_start_us,
	        .statements = (uint32_t)run->task->nstatements,
	        .taken_ns = s->taken_ns,
	        .recorded_ns = s->recorded_ns,
	        .served_ns = s->recorded_ns ? s->served_ns : 0,
	        .released_ns = s->state == SESSION_HELD ? now : s->taken_ns};
	verify_begin(s);
	if (!run->markers)
		s->attempt.flags |= ATTEMPT_NO_MARKERS;
	atomic_store_explicit(&s->slot->ticket, s->picked.ticket, memory_order_relaxed);
	atomic_store_explicit(&s->slot->try_no, s->picked.try_no, memory_order_relaxed);
	atomic_store_explicit(&s->slot->applied, 0, memory_order_relaxed);
	atomic_store_explicit(&s->slot->taken_ns, s->taken_ns, memory_order_relaxed);
	atomic_store_explicit(&s->slot->sent_ns, 0, memory_order_relaxed);
	session_go(s, SESSION_RUNNING, now);
	slot_stage(s->slot, SLOT_TAKEN, now);
}

static bool send_statement(struct session *s, int index)
{
	const struct statement *st = &s->run.task->statements[index];

	for (int i = 0; i < st->nparams; i++)
		s->values[i] = s->run.ticket ? plan_value(s->a->plan, s->run.ticket, st, i) : NULL;
	return ask_send(s, ASK_STATEMENT, (uint32_t)index, st->text, st->nparams, s->values, false);
}

/* Of this transaction only, as one query: first in the segment, so that the rest of it already runs under them. */
static bool send_local_settings(struct session *s)
{
	char sql[192];
	int used = 0;

	if (s->run.protected)
		used += snprintf(sql, sizeof sql, "select set_config('transaction_read_only', 'on', true)");
	if (s->run.set_timeout)
		used += snprintf(sql + used, sizeof sql - (size_t)used,
		        "%s set_config('statement_timeout', '%lld', true)", used ? "," : "select",
		        (long long)statement_timeout_ms(s->run.timeout_ns));
	return used == 0 || ask_send(s, ASK_SETTING, 0, sql, 0, NULL, false);
}

/* PgBouncer (seen with 1.18) takes the end of a COPY for the end of the pipeline and gives the server away: through a
 * pooler the end marker waits until the COPY is answered. task_continue places it then. */
static bool end_marker_goes_along(const struct session *s)
{
	const struct task *task = s->run.task;

	if (!s->run.markers)
		return false;
	for (int i = 0; !s->a->target.direct && i < task->nstatements; i++)
		if (task->statements[i].kind == STATEMENT_COPY)
			return false;
	return true;
}

static bool send_segment(struct session *s, int64_t now)
{
	if ((s->run.markers && !ask_marker(s, ASK_BEFORE, now)) || !send_local_settings(s))
		return false;
	for (int i = 0; i < s->run.task->nstatements; i++)
		if (!send_statement(s, i))
			return false;
	s->run.closing = true;
	return ask_sync(s, ASK_TASK_SYNC) && (!end_marker_goes_along(s) || ask_marker(s, ASK_AFTER, now)) &&
	       ask_flush(s);
}

static bool send_transaction(struct session *s, int64_t now)
{
	char sql[64];
	bool ok = (!s->run.markers || ask_marker(s, ASK_BEFORE, now)) &&
	          ask_send(s, ASK_BEGIN, 0, s->run.protected ? "begin read only" : "begin", 0, NULL, false);

	/* SET LOCAL takes no snapshot, so that the task may still choose its isolation level. */
	if (ok && s->run.set_timeout) {
		snprintf(sql, sizeof sql, "set local statement_timeout = %lld",
		        (long long)statement_timeout_ms(s->run.timeout_ns));
		ok = ask_send(s, ASK_SETTING, 0, sql, 0, NULL, false);
	}
	for (int i = 0; ok && i < s->run.task->nstatements; i++)
		ok = send_statement(s, i);
	return ok && ask_sync(s, ASK_TASK_SYNC) && ask_flush(s);
}

static bool send_commit(struct session *s, int64_t now)
{
	s->run.committing = true;
	s->run.closing = true;
	s->attempt.complete_ns = now;
	show_stage(s, now);
	return ask_send(s, ASK_COMMIT, 0, "commit", 0, NULL, false) && ask_sync(s, ASK_TASK_SYNC) &&
	       (!s->run.markers || ask_marker(s, ASK_AFTER, now)) && ask_flush(s);
}

/* Statement by statement there is no one transaction to put settings into: they are the session's until it is done. */
static bool send_session_settings(struct session *s)
{
	struct running *run = &s->run;
	char sql[192];
	int used = 0;

	if (run->protected && !s->a->readonly)
		used += snprintf(sql, sizeof sql, "select set_config('default_transaction_read_only', 'on', false)");
	if (run->set_timeout)
		used += snprintf(sql + used, sizeof sql - (size_t)used,
		        "%s set_config('statement_timeout', '%lld', false)", used ? "," : "select",
		        (long long)statement_timeout_ms(run->timeout_ns));
	if (used == 0 || !s->a->target.direct)
		return true;
	s->needs |= NEED_SETTINGS; /* afterwards as they were */
	return ask_send(s, ASK_SETTING, 0, sql, 0, NULL, false) && ask_sync(s, ASK_SYNC);
}

/* The next statement; the first brings the start marker, the last the end marker. */
static bool send_step(struct session *s, int64_t now)
{
	struct running *run = &s->run;
	bool first = run->next == 0;
	int index = run->next++;

	if (run->next == run->task->nstatements)
		run->closing = true;
	show_stage(s, now);
	if (first && (!send_session_settings(s) || (run->markers && !ask_marker(s, ASK_BEFORE, now))))
		return false;
	return send_statement(s, index) && ask_sync(s, ASK_TASK_SYNC) &&
	       (!run->closing || !end_marker_goes_along(s) || ask_marker(s, ASK_AFTER, now)) && ask_flush(s);
}

void task_begin(struct session *s, int64_t now)
{
	struct running *run = &s->run;
	bool ok;

	begin_running(s);
	begin_attempt(s, now);
	set_deadlines(s, now);
	if (run->send == SEND_STEPS && run->protected && !s->a->target.direct) {
		attempt_fail(s,
		        "a read-only task that is sent statement by statement needs a session setting, and no setting "
		        "is "
		        "made through a pooler: connect directly, or take BEGIN, CALL and DO out of the task",
		        0);
		attempt_finish(s, now);
		return;
	}
	if (run->task->nstatements == 0) { /* a @setup of comments alone */
		attempt_done(s);
		attempt_finish(s, now);
		return;
	}
	s->attempt.sent_ns = now;
	atomic_store_explicit(&s->slot->sent_ns, now, memory_order_relaxed);
	if (!s->a->special)
		slot_begun(s->slot, now);
	run->sent = true;
	if (run->send == SEND_STEPS) {
		ok = send_step(s, now);
	} else {
		show_stage(s, now);
		ok = run->send == SEND_SEGMENT ? send_segment(s, now) : send_transaction(s, now);
	}
	if (!ok)
		attempt_lost(s, now);
}

/* The last statement has been answered and a block is open: end it, then place the end marker. */
static bool send_rollback(struct session *s, int64_t now)
{
	s->run.rolled_back = true;
	return ask_send(s, ASK_ROLLBACK, 0, "rollback", 0, NULL, false) && ask_sync(s, ASK_TASK_SYNC) &&
	       (!s->run.markers || ask_marker(s, ASK_AFTER, now)) && ask_flush(s);
}

/* Sends what is left of the task. False: nothing is left (or it failed); *ok tells whether sending worked. */
static bool send_more(struct session *s, int64_t now, bool open, bool *ok)
{
	struct running *run = &s->run;
	char text[96];

	if (run->closing || run->judged)
		return false;
	if (run->send == SEND_STEPS) {
		run->in_block = open;
		*ok = send_step(s, now);
		return true;
	}
	if (attempt_rows_fit(s)) {
		*ok = send_commit(s, now);
		return true;
	}
	snprintf(text, sizeof text, "rows=%lld was asked for and %lld came: rolled back", (long long)run->task->rows,
	        (long long)s->attempt.rows);
	s->attempt.flags |= ATTEMPT_CHECK_FAILED;
	attempt_fail(s, text, 0);
	return false;
}

void task_continue(struct session *s, int64_t now)
{
	struct running *run = &s->run;
	enum pg_tx tx = pg_transaction(s->pg);
	bool open = tx == PG_TX_OPEN || tx == PG_TX_ERROR;
	bool ok = true;

	if (run->fatal && !run->judged)
		return; /* the connection is about to be seen gone */
	if (!send_more(s, now, open, &ok)) {
		if (open && run->rolled_back) {
			s->drop = true; /* not even ROLLBACK helped */
			open = false;
		}
		if (open) {
			if (s->attempt.outcome == OUTCOME_DONE || !run->judged)
				attempt_fail(s, "the task left a transaction open: it was rolled back", 0);
			ok = send_rollback(s, now);
		} else if (run->markers && s->attempt.after.sent_ns == 0) {
			ok = ask_marker(s, ASK_AFTER, now) && ask_flush(s);
		} else {
			attempt_finish(s, now);
			return;
		}
	}
	if (!ok)
		attempt_lost(s, now);
}
