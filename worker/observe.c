/*
 * observe: the observer's step machine: its states, its questions and answers, the messages it gets. It owns one
 * connection. Nothing it meets holds up the run: without a connection it counts dropped samples and tries again.
 */
#include "worker/observe.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A direct server that does not answer for so long is given up, and connected to anew. */
#define ANSWER_WITHIN (10 * NS_PER_S)
#define RETRY_FIRST (100 * NS_PER_MS)

void observe_begin(struct observer *o, struct observation *job, int64_t now)
{
	memset(o, 0, sizeof *o);
	o->job = job;
	o->wait_fd = -1;
	if (job->interval_ns <= 0)
		job->interval_ns = 100 * NS_PER_MS;
	observe_connect(o, now);
}

void observe_end(struct observer *o)
{
	pg_finish(o->pg);
	free(o->open);
	free(o->closed);
	free(o->endings);
	free(o->seen.items);
	free(o->cancels.items);
	free(o->ending_asked.items);
	free(o->slots);
	free(o->sweep.found.items);
	free(o->sweep.cancelled.items);
}

void observe_over(struct observer *o, int exit_code)
{
	o->state = OBSERVE_OVER;
	o->exit_code = exit_code;
}

void observe_send(struct observer *o, struct buf *body)
{
	chan_write(&o->job->chan, body->data, body->len);
	buf_clear(body);
}

void observe_note(struct observer *o, enum log_level level, int32_t pid, const char *format, ...)
{
	struct msg_note note = {.level = level, .pid = pid};
	struct buf body = {0};
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	note.text = text;
	msg_put_note(&body, &note);
	observe_send(o, &body);
	buf_free(&body);
}

/* ---- the connection ---- */

void observe_lost(struct observer *o, int64_t now, const char *why)
{
	if (o->state == OBSERVE_FACTS) {
		observe_refuse(o, "", why);
		return;
	}
	observe_note(o, LEVEL_WARNING, 0, "the observer lost its session: %s; it connects again", why);
	observe_sample_close(o);
	pg_drop(o->pg);
	o->pg = NULL;
	o->asked_first = o->asked_count = 0;
	o->sampling = false;
	if (o->rest == REST_ASKED)
		o->rest = REST_DUE;
	o->state = OBSERVE_WAITING;
	if (o->retry_step_ns == 0 || o->samples > 0)
		o->retry_step_ns = RETRY_FIRST;
	o->retry_ns = now + o->retry_step_ns;
}

bool observe_ask(struct observer *o, enum question question, const char *sql, int nparams, const char *const *values)
{
	bool sent;

	if (o->asked_count == ASKED_MOST)
		return false;
	if (question == ASK_PREPARE)
		sent = pg_prepare(o->pg, "pgp_marker", sql);
	else if (sql == NULL)
		sent = pg_execute(o->pg, "pgp_marker", true);
	else
		sent = pg_send(o->pg, sql, nparams, values, question == ASK_MARKER);
	if (!sent || !pg_sync(o->pg))
		return false;
	o->asked[(o->asked_first + o->asked_count) % ASKED_MOST] = question;
	o->asked_count++;
	return true;
}

static void answer(struct observer *o, enum question question, const struct pg_result *result, int64_t now)
{
	switch (question) {
	case ASK_IDENTITY:
	case ASK_DETAILS:
	case ASK_SETTINGS:
	case ASK_CPUS:
	case ASK_PREPARE:
	case ASK_MARKER:
	case ASK_AGAIN:
		observe_facts_answer(o, question, result, now);
		break;
	case ASK_SAMPLE:
		observe_sample_answer(o, result);
		break;
	case ASK_CANCEL:
	case ASK_END:
		observe_act_answer(o, question, result, now);
		break;
	case ASK_SWEEP:
		observe_sweep_answer(o, result, now);
		break;
	case ASK_REHEARSAL:
		break;
	case ASK_COUNTERS:
		observe_counters_answer(o, result);
		break;
	}
}

/* Takes what has arrived. Each question gives one result (rows, a command's end or an error), NULL, and a sync. */
static void receive(struct observer *o, int64_t now)
{
	bool alive = pg_consume(o->pg);

	while (o->asked_count > 0 && o->state != OBSERVE_OVER && !pg_busy(o->pg)) {
		struct pg_result *result = pg_next(o->pg);
		enum question question = o->asked[o->asked_first];
		enum pg_kind kind = pg_kind(result);

		if (kind == PG_END && pg_broken(o->pg))
			break;
		if (kind == PG_SYNC) {
			o->asked_first = (o->asked_first + 1) % ASKED_MOST;
			o->asked_count--;
			o->asked_ns = now;
			if (question == ASK_SAMPLE)
				o->sampling = false;
		} else if (kind != PG_END && !(kind == PG_ERROR && pg_broken(o->pg))) {
			answer(o, question, result, now);
		}
		pg_clear(result);
		if (o->pg == NULL)
			return;
	}
	if (o->state != OBSERVE_OVER && (!alive || pg_broken(o->pg)))
		observe_lost(o, now, "the server closed the connection");
}

/* Sends what waits and looks at the socket; the last act of a step that has a connection. */
static void flush(struct observer *o, int64_t now)
{
	int more = pg_flush(o->pg);

	if (more < 0) {
		observe_lost(o, now, "the connection to the server broke");
		return;
	}
	o->want_write = more > 0;
	o->wait_fd = pg_socket(o->pg);
	o->wait_events = (short)(POLLIN | (o->want_write ? POLLOUT : 0));
}

/* ---- the parent's messages ---- */

void observe_message(struct observer *o, const unsigned char *body, size_t len, int64_t now)
{
	struct msg_backend backend;
	struct msg_stop stop;
	enum msg_type type;

	if (!msg_type_of(body, len, &type))
		return;
	if ((type == MSG_CANCEL || type == MSG_TERMINATE) && msg_get_backend(body, len, type, &backend))
		observe_act_message(o, type, &backend, now);
	else if (type == MSG_SWEEP && msg_get_plain(body, len, type))
		observe_sweep_begin(o, now);
	else if (type == MSG_STOP && msg_get_stop(body, len, &stop) && stop.mode >= STOP_NOW) {
		observe_sample_close(o);
		observe_over(o, EXIT_DONE);
	}
	/* GO, RELEASE and the softer stops do not concern the observer. */
}

/* ---- the step ---- */

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static void watch(struct observer *o, int64_t now)
{
	observe_act_due(o, now);
	observe_facts_due(o, now);
	observe_sweep_due(o, now);
	if (o->state != OBSERVE_OVER && o->had_facts && !o->sweep.wanted)
		observe_sample_due(o, now);
}

/* A server that does not answer. Through a pooler waiting is normal: there may be no server for us for a while. */
static int64_t silence_deadline(const struct observer *o)
{
	int64_t within = ANSWER_WITHIN;

	if (o->pg == NULL || o->asked_count == 0)
		return CLOCK_NEVER;
	if (o->state == OBSERVE_FACTS)
		within = pg_connect_timeout(o->pg);
	else if (!o->facts.direct)
		within = CLOCK_NEVER;
	return within == CLOCK_NEVER ? CLOCK_NEVER : o->asked_ns + within;
}

static void check_silence(struct observer *o, int64_t now)
{
	if (now >= silence_deadline(o))
		observe_lost(o, now, "the server accepted the connection and then did not answer");
}

static void set_deadline(struct observer *o)
{
	int64_t deadline = earlier(observe_act_deadline(o), observe_sweep_deadline(o));

	switch (o->state) {
	case OBSERVE_STARTED:
	case OBSERVE_CONNECTING:
		deadline = earlier(deadline, o->connect_deadline_ns);
		break;
	case OBSERVE_WAITING:
		deadline = earlier(deadline, o->retry_ns);
		break;
	case OBSERVE_WATCHING:
		if (!o->sweep.wanted && o->job->shm != NULL)
			deadline = earlier(deadline, o->next_sample_ns);
		break;
	case OBSERVE_FACTS:
	case OBSERVE_AGAIN:
	case OBSERVE_OVER:
		break;
	}
	o->wait_deadline_ns = earlier(deadline, silence_deadline(o));
}

void observe_step(struct observer *o, short ready, int64_t now)
{
	unsigned asked = o->asked_count;

	if (o->state == OBSERVE_WAITING && now >= o->retry_ns)
		observe_connect(o, now);
	else if (o->state == OBSERVE_STARTED || o->state == OBSERVE_CONNECTING)
		observe_connecting(o, ready, now);
	if (o->pg != NULL && (o->state == OBSERVE_FACTS || o->state == OBSERVE_AGAIN || o->state == OBSERVE_WATCHING)) {
		receive(o, now);
		if (o->pg != NULL && o->state != OBSERVE_OVER)
			check_silence(o, now);
	}
	if (o->state != OBSERVE_OVER)
		watch(o, now);
	if (o->state == OBSERVE_OVER)
		return;
	if (asked == 0 && o->asked_count > 0)
		o->asked_ns = now;
	if (o->pg == NULL)
		o->wait_fd = -1;
	else if (o->state == OBSERVE_FACTS || o->state == OBSERVE_AGAIN || o->state == OBSERVE_WATCHING)
		flush(o, now);
	set_deadline(o);
}
