/*
 * session_answer: reading what the server answers, in the order of what was asked.
 *
 * `now` was read after the bytes came out of the socket: it is the receive time of everything handled here.
 */
#include "worker/session_load.h"

#include <stdio.h>
#include <string.h>

#include "shared/clock.h"
#include "worker/verify.h"

/* Commands after which the session is not what it was; known by their tags. */
static const struct {
	const char *tag;
	uint32_t needs;
} undoing[] = {
        {"DISCARD ALL", NEED_SETTINGS | NEED_INTERVAL | NEED_MARKER | NEED_SESSION},
        {"DEALLOCATE ALL", NEED_MARKER},
        {"RESET", NEED_SETTINGS | NEED_INTERVAL},
};

void session_heed_tag(struct session *s, const char *tag)
{
	if (!s->a->target.direct || (tag[0] != 'D' && tag[0] != 'R'))
		return;
	for (size_t i = 0; i < sizeof undoing / sizeof *undoing; i++)
		if (strcmp(tag, undoing[i].tag) == 0)
			s->needs |= undoing[i].needs;
	if (!s->a->plan->session || s->a->special)
		s->needs &= ~(uint32_t)NEED_SESSION;
}

static void count(struct session *s, int64_t rows, int64_t bytes, int64_t now)
{
	s->attempt.rows += rows;
	s->attempt.bytes += bytes;
	if (s->attempt.bytes > RESULT_MOST && !s->run.too_large) {
		s->run.too_large = true;
		attempt_ask_cancel(s, now);
	}
}

/* The first that comes of the last statement: from here on the task is fetching. */
static void note_first(struct session *s, int64_t now)
{
	if (ask_head(s)->index + 1 == s->attempt.statements && s->attempt.first_ns == 0)
		s->attempt.first_ns = now;
}

static void statement_answer(struct session *s, const struct pg_result *r, enum pg_kind kind, int64_t now)
{
	uint32_t index = ask_head(s)->index;
	const struct statement *st = &s->run.task->statements[index];

	note_first(s, now);
	if (kind == PG_ROW || kind == PG_ROWS) {
		count(s, pg_nrows(r), pg_bytes(r), now);
		verify_rows(s, index, r);
	} else if (kind == PG_DONE) {
		count(s, pg_affected(r), 0, now);
		verify_tag(s, index, pg_tag(r));
		session_heed_tag(s, pg_tag(r));
		if (st->kind == STATEMENT_COMMIT && strcmp(pg_tag(r), "ROLLBACK") == 0 && !s->run.judged)
			attempt_fail(s, "COMMIT was answered by ROLLBACK: the block had failed before", index + 1);
	}
}

static void marker_answer(struct session *s, const struct pg_result *r, int64_t now)
{
	bool before = ask_head(s)->kind == ASK_BEFORE;
	struct marker *marker = before ? &s->attempt.before : &s->attempt.after;

	if (pg_kind(r) != PG_ROWS || pg_nrows(r) != 1 || pg_ncolumns(r) != 2)
		return;
	marker->server_us = pg_binary_time(r, 0, 1);
	marker->received_ns = now;
	if (before)
		s->attempt.backend_pid = pg_binary_int4(r, 0, 0);
}

static void identity_answer(struct session *s, const struct pg_result *r)
{
	if (pg_kind(r) != PG_ROWS || pg_nrows(r) != 1 || pg_ncolumns(r) != 2)
		return;
	s->report.backend_pid = pg_binary_int4(r, 0, 0);
	s->report.backend_start_us = pg_binary_time(r, 0, 1);
}

static void commit_answer(struct session *s, const struct pg_result *r, int64_t now)
{
	s->attempt.first_ns = now; /* until here the transaction was executing */
	if (strcmp(pg_tag(r), "ROLLBACK") == 0 && !s->run.judged)
		attempt_fail(s, "COMMIT was answered by ROLLBACK", 0);
}

static void set_up_error(struct session *s, const struct pg_result *r)
{
	size_t len = 0;

	if (s->set_up_failed)
		return;
	s->set_up_failed = true;
	if (ask_head(s)->kind == ASK_SESSION)
		len = (size_t)snprintf(s->message, sizeof s->message, "@session: ");
	if (ask_head(s)->kind == ASK_SCALE)
		len = (size_t)snprintf(
		        s->message, sizeof s->message, "the scale (the rows of pgbench_branches) is not known: ");
	pg_message(r, s->message + len, sizeof s->message - len);
	if (ask_head(s)->kind == ASK_SCALE && strcmp(pg_sqlstate(r), "42P01") == 0) {
		len = strlen(s->message);
		snprintf(s->message + len, sizeof s->message - len, "; create its tables with pgbench -i %s",
		        pg_dbname(s->pg));
	}
	snprintf(s->report.sqlstate, sizeof s->report.sqlstate, "%s", pg_sqlstate(r));
}

static void error_answer(struct session *s, const struct pg_result *r, int64_t now)
{
	const struct ask *ask = ask_head(s);

	if (s->state == SESSION_SETTING_UP) {
		bool expected = ask->kind == ASK_INTERVAL || ask->kind == ASK_IDENTITY ||
		                (ask->kind == ASK_PREPARE && strcmp(pg_sqlstate(r), "42P05") == 0);

		if (!expected || pg_fatal(r))
			set_up_error(s, r);
		return;
	}
	switch (ask->kind) {
	case ASK_BEFORE:
	case ASK_AFTER:
		if (pg_fatal(r))
			attempt_error(s, r, now, 0);
		else if (classify_sqlstate(pg_sqlstate(r)) == STATE_PREPARE)
			s->needs |= NEED_MARKER;
		break;
	case ASK_ROLLBACK:
		s->drop = true;
		break;
	case ASK_STATEMENT:
		attempt_error(s, r, now, ask->index + 1);
		break;
	default: /* BEGIN, COMMIT, a setting, or the sync where an implicit transaction commits */
		attempt_error(s, r, now, 0);
		break;
	}
}

/* A step has been answered: what of the task is known to be applied now? */
static void step_synced(struct session *s)
{
	struct running *run = &s->run;
	enum statement_kind kind = run->task->statements[run->next - 1].kind;
	bool open =
	        (run->in_block || kind == STATEMENT_BEGIN) && kind != STATEMENT_COMMIT && kind != STATEMENT_ROLLBACK;

	if (kind == STATEMENT_COMMIT || (!run->in_block && !open))
		s->attempt.applied = (uint32_t)run->next;
	atomic_store_explicit(&s->slot->applied, s->attempt.applied, memory_order_relaxed);
	if (run->closing && !open)
		attempt_done(s);
}

static void task_synced(struct session *s, int64_t now)
{
	struct running *run = &s->run;

	s->attempt.done_ns = now;
	if (run->judged || run->fatal)
		return;
	if (run->send == SEND_STEPS)
		step_synced(s);
	else if (run->send == SEND_SEGMENT || run->committing)
		attempt_done(s);
}

static void answer(struct session *s, const struct pg_result *r, enum pg_kind kind, int64_t now)
{
	switch (ask_head(s)->kind) {
	case ASK_STATEMENT:
		statement_answer(s, r, kind, now);
		break;
	case ASK_BEFORE:
	case ASK_AFTER:
		marker_answer(s, r, now);
		break;
	case ASK_COMMIT:
		commit_answer(s, r, now);
		break;
	case ASK_IDENTITY:
		identity_answer(s, r);
		break;
	case ASK_SCALE:
		load_scale(s, r);
		break;
	default: /* settings, BEGIN, PREPARE, @session: no error is all they had to say */
		break;
	}
}

/* Rows of COPY TO. False: more are to come, wait. */
static bool copy_rows(struct session *s, int64_t now)
{
	char *line;
	int length;

	while ((length = pg_copy_row(s->pg, &line)) > 0) {
		if (s->state == SESSION_RUNNING) {
			note_first(s, now);
			count(s, 0, length, now);
			verify_copied(s, ask_head(s)->index, line, (size_t)length);
		}
		pg_copy_free(line);
	}
	if (length == 0)
		return false;
	s->copying = false;
	return true;
}

static void protocol_lost(struct session *s, const char *text)
{
	s->set_up_failed = true;
	if (s->message[0] == '\0')
		snprintf(s->message, sizeof s->message, "%s", text);
}

/* One result that is none of END. False: the connection cannot go on. */
static bool one_result(struct session *s, const struct pg_result *r, int64_t now)
{
	enum pg_kind kind = pg_kind(r);
	bool sync = ask_head(s)->kind == ASK_SYNC || ask_head(s)->kind == ASK_TASK_SYNC;

	switch (kind) {
	case PG_SYNC:
		if (!sync) {
			protocol_lost(s, "the server's answers do not fit what was asked");
			return false;
		}
		if (ask_head(s)->kind == ASK_TASK_SYNC)
			task_synced(s, now);
		ask_pop(s);
		return true;
	case PG_ERROR:
		if (pg_sqlstate(r)[0] == '\0' && pg_broken(s->pg)) {
			/* libpq's word that the connection ended: everything before it has been read. */
			if (s->message[0] == '\0')
				pg_message(r, s->message, sizeof s->message);
			return false;
		}
		error_answer(s, r, now);
		return true;
	case PG_COPY_OUT:
		s->copying = true;
		return true;
	case PG_COPY_IN:
		protocol_lost(s, "COPY FROM STDIN: no data is ever sent; the session was dropped");
		return false;
	case PG_ABORTED:
		return true;
	default:
		answer(s, r, kind, now);
		return true;
	}
}

bool answers_read(struct session *s, int64_t now)
{
	unsigned ends = 0;

	while (asks_due(s) > 0 && ends < 3) {
		if (s->copying && !copy_rows(s, now) && !pg_broken(s->pg))
			return true;
		if (pg_busy(s->pg))
			return true;

		struct pg_result *r = pg_next(s->pg);
		bool alive = true;

		if (!r) {
			/* Ends a statement's results; a sync has none. After a loss there is no end of ends. */
			if (ask_head(s)->kind == ASK_STATEMENT && ask_head(s)->index + 1 == s->attempt.statements)
				s->attempt.complete_ns = now;
			if (ask_head(s)->kind != ASK_SYNC && ask_head(s)->kind != ASK_TASK_SYNC)
				ask_pop(s);
			ends = pg_broken(s->pg) ? ends + 1 : 0;
			continue;
		}
		alive = one_result(s, r, now);
		pg_clear(r);
		if (!alive)
			return false;
	}
	return !s->input_lost && !pg_broken(s->pg);
}
