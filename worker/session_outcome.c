/*
 * session_outcome: what an attempt has come to, and handing it over.
 *
 * Exactly one of attempt_error, attempt_fail, attempt_done and attempt_lost judges an attempt; attempt_finish puts it
 * into the record, and after the lane has flushed that, attempt_handed_over frees the slot.
 */
#include "worker/session_private.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "shared/clock.h"

#define RETRY_FIRST (5 * NS_PER_MS)
#define RETRY_MOST (1 * NS_PER_S)

bool attempt_rows_fit(const struct session *s)
{
	return s->run.task->rows < 0 || s->run.task->rows == s->attempt.rows;
}

static void judge(struct session *s, enum outcome outcome, uint32_t flags)
{
	assert(!s->run.judged);
	s->run.judged = true;
	s->attempt.outcome = outcome;
	s->attempt.flags |= flags;
}

/* Repeating does no harm when nothing was applied yet, or when the task says so. */
static bool may_repeat(const struct session *s)
{
	return s->attempt.applied == 0 || s->run.task->repeatable;
}

static uint32_t why_ended(const struct session *s)
{
	if (s->run.cancelled)
		return ATTEMPT_CANCELLED;
	if (s->run.too_large)
		return 0;
	return s->run.timeout_ns > 0 ? ATTEMPT_TIMED_OUT : 0;
}

static void say_too_large(struct session *s)
{
	snprintf(s->message, sizeof s->message,
	        "result too large: more than %lld MB of values; select less, or use COPY on the server",
	        (long long)(RESULT_MOST >> 20));
}

void attempt_error(struct session *s, const struct pg_result *result, int64_t now, uint32_t statement)
{
	struct judgement j;

	if (s->run.judged || s->run.fatal)
		return;
	pg_message(result, s->message, sizeof s->message);
	snprintf(s->attempt.sqlstate, sizeof s->attempt.sqlstate, "%s", pg_sqlstate(result));
	s->attempt.failed_statement = statement;
	s->attempt.done_ns = now; /* until its sync comes */
	if (s->attempt.first_ns == 0)
		s->attempt.first_ns = now;
	if (pg_fatal(result)) {
		s->run.fatal = true; /* whether it is known what became of the task is judged as a loss */
		return;
	}
	j = classify_attempt(END_ERROR, task_stage(s), s->attempt.sqlstate, s->run.protected, may_repeat(s));
	if (strcmp(s->attempt.sqlstate, "57014") == 0) {
		j.flags |= why_ended(s);
		if (s->run.too_large)
			say_too_large(s);
	}
	judge(s, j.outcome, j.flags);
	if (s->attempt.sqlstate[0] == '\0')
		s->drop = true; /* libpq's own trouble, memory for one: no telling what it will say next */
}

void attempt_fail(struct session *s, const char *text, uint32_t statement)
{
	if (s->run.judged) { /* it was done, but for what it left behind */
		s->run.judged = false;
		s->attempt.flags &= ~(uint32_t)ATTEMPT_CHECK_FAILED;
	}
	snprintf(s->message, sizeof s->message, "%s", text);
	s->attempt.failed_statement = statement;
	judge(s, OUTCOME_FAILED, 0);
}

void attempt_done(struct session *s)
{
	if (s->run.too_large && s->run.protected) {
		say_too_large(s);
		judge(s, OUTCOME_FAILED, 0);
		return;
	}
	s->attempt.applied = s->attempt.statements;
	judge(s, OUTCOME_DONE, attempt_rows_fit(s) ? 0 : ATTEMPT_CHECK_FAILED);
}

/* A server that ends all sessions at once says why in a warning and answers nothing more. */
static void heed_last_words(struct session *s)
{
	const struct pg_notices *notices = pg_notices(s->pg);

	if (s->attempt.sqlstate[0] || classify_sqlstate(notices->sqlstate) != STATE_LOST)
		return;
	snprintf(s->attempt.sqlstate, sizeof s->attempt.sqlstate, "%s", notices->sqlstate);
	snprintf(s->message, sizeof s->message, "%s", notices->text);
}

static void say_lost(struct session *s, bool dropped)
{
	const struct running *run = &s->run;

	if (s->message[0])
		return;
	if (run->cancelled)
		snprintf(s->message, sizeof s->message, "the run was stopped and the session dropped");
	else if (run->too_large)
		say_too_large(s);
	else if (dropped)
		snprintf(s->message, sizeof s->message, "no answer within %.3f s: the session was dropped",
		        (double)run->timeout_ns / (double)NS_PER_S);
	else
		snprintf(s->message, sizeof s->message, "the connection was lost");
}

void attempt_lost(struct session *s, int64_t now)
{
	struct running *run = &s->run;
	bool dropped = now >= run->drop_at || run->cancelled;

	s->attempt.flags |= ATTEMPT_SESSION_LOST;
	s->drop = true;
	if (!run->judged) {
		/* With every sync answered nothing is in flight: what is applied is known. */
		enum attempt_stage stage =
		        asks_due(s) == 0 && !run->committing && run->send == SEND_STEPS ? STAGE_NOTHING : task_stage(s);
		struct judgement j;

		heed_last_words(s);
		j = classify_attempt(END_LOST, stage, s->attempt.sqlstate, run->protected, may_repeat(s));
		if (dropped)
			j.flags = (j.flags & ~(uint32_t)ATTEMPT_RETRY) | why_ended(s);
		say_lost(s, dropped);
		s->attempt.done_ns = now;
		judge(s, j.outcome, j.flags);
	}
	attempt_finish(s, now);
}

static bool retried_here(const struct session *s)
{
	const struct attempt *a = &s->attempt;

	return a->outcome == OUTCOME_FAILED && (a->flags & ATTEMPT_RETRY) && !(a->flags & ATTEMPT_SESSION_LOST) &&
	       !s->drop && !s->a->special && pick_stop(s->pick) == STOP_NONE &&
	       (int64_t)a->try_no <= s->run.task->retries;
}

static int64_t pause_before_try(struct session *s)
{
	int64_t pause = RETRY_FIRST;

	for (uint32_t i = 1; i < s->attempt.try_no && pause < RETRY_MOST; i++)
		pause *= 2;
	return pause / 2 + (int64_t)rng_below(&s->rng, (uint64_t)pause);
}

static void learn_cost(struct session *s)
{
	if (!s->run.sent)
		return;
	s->ran++;
	if (s->attempt.done_ns - s->attempt.sent_ns <
	        2 * 100 * atomic_load_explicit(&s->a->shm->marker_ns, memory_order_relaxed))
		s->ran_fast++;
}

void attempt_finish(struct session *s, int64_t now)
{
	struct attempt *a = &s->attempt;

	assert(s->run.judged);
	if (a->done_ns == 0)
		a->done_ns = now;
	if (s->run.sent && s->run.markers && (a->before.server_us == 0 || a->after.server_us == 0))
		a->flags |= ATTEMPT_MARKER_MISSING;
	if (s->pg && pg_notices(s->pg)->commit_doubt && a->outcome == OUTCOME_DONE)
		a->flags |= ATTEMPT_LOCAL_COMMIT;
	s->next_state = SESSION_READY;
	if (retried_here(s)) {
		a->flags |= ATTEMPT_RETRIED_HERE;
		s->next_state = SESSION_BACKOFF;
		s->retry_at = now + pause_before_try(s);
	}
	learn_cost(s);
	a->message = s->message[0] ? s->message : NULL;
	record_attempt(s->record, s->slot, a);
	session_go(s, SESSION_FINISHED, now);
}

void attempt_handed_over(struct session *s, int64_t now)
{
	if (s->next_state == SESSION_BACKOFF && pick_stop(s->pick) != STOP_NONE)
		s->next_state = SESSION_READY;
	if (s->next_state == SESSION_BACKOFF) {
		s->picked.try_no++;
		s->taken_ns = now;
	} else {
		pick_drop(s->pick);
		s->has_ticket = false;
	}
	pg_notices_forget(s->pg);
	if (s->drop)
		session_disconnect(s, now, asks_due(s) == 0);
	else if (s->needs)
		session_set_up_begin(s, now);
	else
		session_go(s, s->next_state, now);
}

void attempt_ask_cancel(struct session *s, int64_t now)
{
	struct running *run = &s->run;
	bool can_cancel = s->a->target.direct && s->report.backend_start_us != 0;

	run->cancel_at = CLOCK_NEVER;
	if (!can_cancel) {
		run->drop_at = now;
	} else if (!run->cancel_asked) {
		struct msg_want_cancel want = {.session = s->number,
		        .ticket = s->picked.ticket,
		        .backend_pid = s->report.backend_pid,
		        .backend_start_us = s->report.backend_start_us};

		run->cancel_asked = true;
		s->drop = true; /* it may come late, and must not hit the next task of this session */
		record_want_cancel(s->record, &want);
		if (run->drop_at > now + CANCEL_PATIENCE)
			run->drop_at = now + CANCEL_PATIENCE;
	}
	atomic_store_explicit(&s->slot->deadline_ns, run->drop_at, memory_order_relaxed);
}
