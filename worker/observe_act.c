/*
 * observe_act: cancelling and ending backends for the parent. A backend is touched only when its backend_start is the
 * one the parent knows: the pid may belong to somebody else by now. Through a pooler nothing is touched at all.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "worker/observe.h"

#define LEAVE_WITHIN (10 * NS_PER_S)
#define LOOK_EVERY (25 * NS_PER_MS)

/* $1 pids, $2 their starts. One microsecond of slack: before 14 extract() is a floating-point number. */
#define OURS                                                                                                           \
	" from pg_stat_activity a join unnest($1::int[], $2::bigint[]) w(pid, start) on a.pid = w.pid"                 \
	" and abs(" SQL_US("a.backend_start") " - w.start) <= 1"

static const char cancel_sql[] = "select a.pid, pg_cancel_backend(a.pid)" OURS;
/* Asking a backend twice to end does no harm, so ending and looking whether it has left is one statement. */
static const char end_sql[] = "select a.pid, w.start, pg_terminate_backend(a.pid)" OURS;

/* ---- lists ---- */

bool backends_have(const struct backends *list, int32_t pid, int64_t start_us)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].pid == pid && list->items[i].start_us == start_us)
			return true;
	return false;
}

void backends_add(struct backends *list, int32_t pid, int64_t start_us)
{
	if (backends_have(list, pid, start_us))
		return;
	if (list->count == list->room) {
		list->room = list->room * 2 + 16;
		list->items = mem_resize(list->items, list->room, sizeof *list->items);
	}
	list->items[list->count].pid = pid;
	list->items[list->count].start_us = start_us;
	list->count++;
}

void backends_arrays(const struct backends *list, struct buf *pids, struct buf *starts)
{
	buf_putc(pids, '{');
	if (starts != NULL)
		buf_putc(starts, '{');
	for (size_t i = 0; i < list->count; i++) {
		buf_printf(pids, "%s%" PRId32, i == 0 ? "" : ",", list->items[i].pid);
		if (starts != NULL)
			buf_printf(starts, "%s%" PRId64, i == 0 ? "" : ",", list->items[i].start_us);
	}
	buf_putc(pids, '}');
	if (starts != NULL)
		buf_putc(starts, '}');
}

/* ---- requests ---- */

static void tell_gone(struct observer *o, uint32_t token, bool gone)
{
	struct msg_gone m = {.token = token, .gone = gone};
	struct buf body = {0};

	msg_put_gone(&body, &m);
	observe_send(o, &body);
	buf_free(&body);
}

void observe_act_message(struct observer *o, enum msg_type type, const struct msg_backend *m, int64_t now)
{
	bool possible = m->pid > 0 && m->backend_start_us > 0 && (!o->had_facts || o->facts.direct);
	struct ending *ending;

	if (type == MSG_CANCEL) {
		if (possible)
			backends_add(&o->cancels, m->pid, m->backend_start_us);
		return;
	}
	if (!possible) {
		tell_gone(o, m->token, false); /* nobody can know */
		return;
	}
	if (o->nendings == o->endings_room) {
		o->endings_room = o->endings_room * 2 + 16;
		o->endings = mem_resize(o->endings, o->endings_room, sizeof *o->endings);
	}
	ending = &o->endings[o->nendings++];
	ending->pid = m->pid;
	ending->start_us = m->backend_start_us;
	ending->token = m->token;
	ending->deadline_ns = now + LEAVE_WITHIN;
	o->next_ending_ns = now;
}

static bool in_flight(const struct observer *o, enum question question)
{
	for (unsigned i = 0; i < o->asked_count; i++)
		if (o->asked[(o->asked_first + i) % ASKED_MOST] == question)
			return true;
	return false;
}

static bool ask_about(struct observer *o, enum question question, const char *sql, const struct backends *list)
{
	struct buf pids = {0}, starts = {0};
	const char *values[2];
	bool sent;

	backends_arrays(list, &pids, &starts);
	values[0] = buf_str(&pids);
	values[1] = buf_str(&starts);
	sent = observe_ask(o, question, sql, 2, values);
	buf_free(&pids);
	buf_free(&starts);
	return sent;
}

static bool ask_endings(struct observer *o, int64_t now)
{
	o->ending_asked.count = 0;
	for (size_t i = 0; i < o->nendings; i++)
		backends_add(&o->ending_asked, o->endings[i].pid, o->endings[i].start_us);
	o->next_ending_ns = now + LOOK_EVERY;
	return ask_about(o, ASK_END, end_sql, &o->ending_asked);
}

static void expire(struct observer *o, int64_t now)
{
	size_t kept = 0;

	for (size_t i = 0; i < o->nendings; i++) {
		if (now < o->endings[i].deadline_ns)
			o->endings[kept++] = o->endings[i];
		else
			tell_gone(o, o->endings[i].token, false);
	}
	o->nendings = kept;
}

void observe_act_due(struct observer *o, int64_t now)
{
	bool sent = true;

	expire(o, now);
	if (o->state != OBSERVE_WATCHING)
		return;
	if (o->cancels.count > 0 && o->asked_count < ASKED_MOST / 2) {
		sent = ask_about(o, ASK_CANCEL, cancel_sql, &o->cancels);
		o->cancels.count = 0;
	}
	if (sent && o->nendings > 0 && now >= o->next_ending_ns && !in_flight(o, ASK_END))
		sent = ask_endings(o, now);
	if (!sent)
		observe_lost(o, now, "the connection to the server broke");
}

int64_t observe_act_deadline(const struct observer *o)
{
	int64_t deadline = CLOCK_NEVER;

	for (size_t i = 0; i < o->nendings; i++)
		if (o->endings[i].deadline_ns < deadline)
			deadline = o->endings[i].deadline_ns;
	if (o->nendings > 0 && o->state == OBSERVE_WATCHING && o->next_ending_ns < deadline && !in_flight(o, ASK_END))
		deadline = o->next_ending_ns;
	return deadline;
}

/* ---- answers ---- */

static void note_refusal(struct observer *o, const struct pg_result *result, const char *what)
{
	char text[512];

	pg_message(result, text, sizeof text);
	observe_note(o, LEVEL_WARNING, 0, "the observer cannot %s a backend: %s", what, text);
}

static bool answer_has(const struct pg_result *result, const struct ending *ending)
{
	for (int row = 0; row < pg_nrows(result); row++)
		if (pg_value_int(result, row, 0) == ending->pid && pg_value_int(result, row, 1) == ending->start_us)
			return true;
	return false;
}

static void take_ended(struct observer *o, const struct pg_result *result)
{
	size_t kept = 0;

	for (size_t i = 0; i < o->nendings; i++) {
		const struct ending *e = &o->endings[i];

		/* A request that came after the question went out is not in its answer either way. */
		if (answer_has(result, e) || !backends_have(&o->ending_asked, e->pid, e->start_us))
			o->endings[kept++] = *e;
		else
			tell_gone(o, e->token, true);
	}
	o->nendings = kept;
}

void observe_act_answer(struct observer *o, enum question question, const struct pg_result *result, int64_t now)
{
	if (question == ASK_CANCEL) {
		if (pg_kind(result) == PG_ERROR)
			note_refusal(o, result, "cancel");
		for (int row = 0; pg_kind(result) == PG_ROWS && row < pg_nrows(result); row++)
			observe_note(
			        o, LEVEL_INFO, (int32_t)pg_value_int(result, row, 0), "cancel sent to the backend");
		return;
	}
	if (pg_kind(result) == PG_ERROR) {
		note_refusal(o, result, "end");
		o->next_ending_ns = now + NS_PER_S;
	} else {
		take_ended(o, result);
	}
}
