/*
 * observe_sweep: the last look of a run: no session of ours may be left running something. Sessions of ours are those
 * with the run's application_name, and every backend that was in a slot (a task may have changed its name).
 *
 * What runs is cancelled at once; whatever is still there after a second is ended. Through a pooler idle server
 * sessions are its own and nothing is touched: what still runs is only waited for, and told.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "worker/observe.h"

#define TAKE_MOST (10 * NS_PER_S)
#define TAKE_MOST_POOLED (3 * NS_PER_S)
#define CONNECT_MOST (5 * NS_PER_S) /* a lost session may come back within it */
#define END_AFTER (1 * NS_PER_S)
#define LOOK_FIRST (NS_PER_MS / 2)
#define LOOK_EVERY (25 * NS_PER_MS)

/* The function under pg_stat_activity: planning the view takes longer than looking.
 * $1 application name, $2 and $3 backends that were in slots, $4: 0 look, 1 cancel what runs, 2 end all. */
static const char sweep_sql[] = "select a.pid, " SQL_US(
        "a.backend_start") ", coalesce(a.state, '') <> 'idle',"
                           " case when $4::int = 1 and coalesce(a.state, '') <> 'idle' then pg_cancel_backend(a.pid)"
                           " when $4::int = 2 then pg_terminate_backend(a.pid) end"
                           " from pg_stat_get_activity(null) a where a.pid <> pg_backend_pid() and"
                           " a.usesysid = quote_ident(current_user)::regrole"
                           " and (a.application_name = $1 or exists (select from unnest($2::int[], $3::bigint[]) "
                           "w(pid, start)"
                           " where w.pid = a.pid and abs(" SQL_US("a.backend_start") " - w.start) <= 1))";

void observe_sweep_begin(struct observer *o, int64_t now)
{
	struct buf pids = {0};

	if (o->sweep.wanted)
		return;
	observe_sample_close(o);
	if (o->job->shm != NULL)
		observe_sample_slots(o, &pids);
	buf_free(&pids);
	o->sweep.wanted = true;
	o->sweep.begin_ns = now;
	o->sweep.deadline_ns = now + (o->facts.direct ? TAKE_MOST : TAKE_MOST_POOLED);
	o->sweep.next_ns = now;
	o->sweep.step_ns = LOOK_FIRST;
	if (o->state == OBSERVE_WAITING && o->retry_ns != CLOCK_NEVER)
		o->retry_ns = now;
}

static void finish(struct observer *o, bool connected)
{
	struct msg_swept swept = {.found = (uint32_t)o->sweep.found.count,
	        .cancelled = (uint32_t)o->sweep.cancelled.count,
	        .left = o->sweep.left,
	        .samples = o->samples,
	        .dropped = o->dropped,
	        .restarted = o->restarted,
	        .connected = connected};
	struct buf body = {0};

	msg_put_swept(&body, &swept);
	observe_send(o, &body);
	buf_free(&body);
	observe_over(o, EXIT_DONE);
}

/* "pgparallel/NONCE" is a run's own; the bare name is shared with whoever else uses the program. */
static const char *own_name(const struct observer *o)
{
	const char *name = o->job->target.application_name;

	return strchr(name, '/') != NULL ? name : "";
}

static bool ask(struct observer *o, enum question question, const char *mode)
{
	struct buf pids = {0}, starts = {0};
	const char *values[4];

	backends_arrays(&o->seen, &pids, &starts);
	values[0] = own_name(o);
	values[1] = buf_str(&pids);
	values[2] = buf_str(&starts);
	values[3] = mode;
	bool sent = observe_ask(o, question, sweep_sql, 4, values);
	buf_free(&pids);
	buf_free(&starts);
	return sent;
}

bool observe_sweep_rehearse(struct observer *o)
{
	return ask(o, ASK_REHEARSAL, "0");
}

static void look(struct observer *o, int64_t now)
{
	o->sweep.asked = ask(o, ASK_SWEEP, !o->facts.direct ? "0" : now - o->sweep.begin_ns < END_AFTER ? "1" : "2");
	if (!o->sweep.asked)
		observe_lost(o, now, "the connection to the server broke");
}

/* What the sessions did is in the server's counters once they have ended. */
static void count(struct observer *o, int64_t now)
{
	o->sweep.count = COUNT_ASKED;
	if (!observe_counters_ask(o))
		observe_lost(o, now, "the connection to the server broke");
}

void observe_sweep_due(struct observer *o, int64_t now)
{
	struct sweeping *s = &o->sweep;

	if (!s->wanted || o->state == OBSERVE_OVER)
		return;
	if (o->asked_count == 0)
		s->asked = false; /* also when the connection that carried the question is gone */
	if (o->asked_count == 0 && s->count == COUNT_ASKED)
		s->count = COUNT_DUE;
	if (o->state != OBSERVE_WATCHING) {
		if (o->retry_ns == CLOCK_NEVER || now >= s->begin_ns + CONNECT_MOST || now >= s->deadline_ns)
			finish(o, false);
		return;
	}
	if (now >= s->deadline_ns)
		finish(o, s->answered);
	else if (s->clean && o->rest == REST_DONE && s->count == COUNT_DONE)
		finish(o, true);
	else if (s->clean && o->rest == REST_DONE && s->count == COUNT_DUE)
		count(o, now);
	else if (!s->asked && !s->clean && now >= s->next_ns)
		look(o, now);
}

int64_t observe_sweep_deadline(const struct observer *o)
{
	const struct sweeping *s = &o->sweep;
	int64_t deadline = s->deadline_ns;

	if (!s->wanted)
		return CLOCK_NEVER;
	if (o->state != OBSERVE_WATCHING && s->begin_ns + CONNECT_MOST < deadline)
		deadline = s->begin_ns + CONNECT_MOST;
	if (o->state == OBSERVE_WATCHING && !s->asked && !s->clean && s->next_ns < deadline)
		deadline = s->next_ns;
	return deadline;
}

void observe_sweep_answer(struct observer *o, const struct pg_result *result, int64_t now)
{
	struct sweeping *s = &o->sweep;
	bool ending = now - s->begin_ns >= END_AFTER;
	char text[512];

	s->asked = false;
	s->next_ns = now + s->step_ns;
	s->step_ns = s->step_ns * 2 > LOOK_EVERY ? LOOK_EVERY : s->step_ns * 2;
	if (pg_kind(result) != PG_ROWS) {
		if (pg_kind(result) == PG_ERROR) {
			pg_message(result, text, sizeof text);
			observe_note(o, LEVEL_WARNING, 0, "the observer cannot look for sessions left over: %s", text);
		}
		s->next_ns = now + NS_PER_S;
		return;
	}
	s->answered = true;
	s->left = 0;
	for (int row = 0; row < pg_nrows(result); row++) {
		int32_t pid = (int32_t)pg_value_int(result, row, 0);
		int64_t start = pg_value_int(result, row, 1);
		bool runs = pg_value(result, row, 2)[0] == 't';

		if (!runs && !o->facts.direct)
			continue;
		s->left++;
		if (runs || ending)
			backends_add(&s->found, pid, start);
		if (pg_value(result, row, 3)[0] == 't')
			backends_add(&s->cancelled, pid, start);
	}
	s->clean = s->left == 0; /* and the facts are complete: the end */
}
