/*
 * crew_message: what the children say, frame by frame: decoded strictly, its numbers checked, then handed to the run.
 * Owner: crew. A message that makes no sense is an error here; crew.c ends its sender.
 */
#include "orchestrator/crew.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/clock.h"

/* Times of a child may be a little ahead of the parent's last reading, never a minute. */
#define CLOCK_SLACK_NS (60 * NS_PER_S)

struct letter {
	struct crew *crew;
	struct member *m;
	const unsigned char *body;
	size_t len;
	int64_t now;
	struct err *err;
};

static bool nonsense(const struct letter *l, const char *what)
{
	return err_set(l->err, EXIT_TASKS, "%s", what);
}

static bool sane_time(const struct letter *l, int64_t at_ns)
{
	return at_ns == 0 || (at_ns > 0 && at_ns <= l->now + CLOCK_SLACK_NS);
}

/* Since 1970, up to the year 5138: whatever clock a server has, sums and differences of such times are numbers. */
static bool sane_server_time(int64_t at_us)
{
	return at_us >= 0 && at_us <= INT64_C(100000000000) * US_PER_S;
}

static bool sane_marker(const struct letter *l, const struct marker *m)
{
	return sane_time(l, m->sent_ns) && sane_time(l, m->received_ns) && sane_server_time(m->server_us);
}

static bool owns_session(const struct member *m, uint32_t session)
{
	return session >= m->first_session && session - m->first_session < m->nsessions;
}

static bool on_hello(const struct letter *l)
{
	struct msg_hello hello;

	if (!msg_get_hello(l->body, l->len, &hello))
		return nonsense(l, "a HELLO that cannot be read");
	if (hello.worker != l->m->worker || hello.generation != l->m->generation || !sane_time(l, hello.born_ns))
		return nonsense(l, "a HELLO of another worker");
	l->m->hello = true;
	l->m->born_ns = hello.born_ns;
	return true;
}

static bool on_session(const struct letter *l)
{
	struct session_report r;
	bool ok;

	if (!msg_get_session(l->body, l->len, &r))
		return nonsense(l, "a SESSION that cannot be read");
	ok = owns_session(l->m, r.session) && r.worker == l->m->worker && r.generation == l->m->generation &&
	     sane_time(l, r.start_ns) && sane_time(l, r.tcp_ns) && sane_time(l, r.tls_ns) && sane_time(l, r.auth_ns) &&
	     sane_time(l, r.ready_ns) && sane_time(l, r.laid_out_ns) && r.served_ns >= 0;
	if (ok && l->m->kind == MEMBER_WORKER)
		l->crew->session_state[r.session] = r.connected ? SESSION_READY : SESSION_GAVE_UP;
	if (ok && r.connected && l->m->kind == MEMBER_WORKER)
		l->crew->ever_connected = true;
	if (ok)
		l->crew->hooks.session(l->crew->hooks.context, l->m, &r, l->now);
	free(r.message);
	return ok ? true : nonsense(l, "a SESSION with impossible numbers");
}

static bool sane_attempt(const struct letter *l, const struct attempt *a)
{
	if (!owns_session(l->m, a->session) || a->worker != l->m->worker || a->generation != l->m->generation)
		return false;
	if (a->applied > a->statements || a->failed_statement > a->statements || a->rows < 0 || a->bytes < 0)
		return false;
	if (a->outcome < OUTCOME_DONE || a->outcome > OUTCOME_UNKNOWN)
		return false;
	if (!sane_marker(l, &a->before) || !sane_marker(l, &a->after))
		return false;
	return sane_time(l, a->taken_ns) && sane_time(l, a->released_ns) && sane_time(l, a->sent_ns) &&
	       sane_time(l, a->first_ns) && sane_time(l, a->done_ns) && sane_time(l, a->complete_ns) &&
	       sane_time(l, a->recorded_ns) && a->served_ns >= 0 && a->digest_ns >= 0;
}

static bool on_results(const struct letter *l)
{
	struct msg_results batch;
	bool ok = true;

	if (!msg_get_results(l->body, l->len, &batch))
		return nonsense(l, "RESULTS that cannot be read");
	for (size_t i = 0; i < batch.count && ok; i++) {
		ok = sane_attempt(l, &batch.attempts[i]);
		if (ok)
			ok = l->crew->hooks.attempt(l->crew->hooks.context, l->m, &batch.attempts[i], l->now);
		if (ok)
			l->m->finished++;
		else
			err_set(l->err, EXIT_TASKS, "an impossible result (ticket %u, try %u)",
			        batch.attempts[i].ticket, batch.attempts[i].try_no);
	}
	msg_results_free(&batch);
	return ok;
}

static bool on_note(const struct letter *l)
{
	struct msg_note note;

	if (!msg_get_note(l->body, l->len, &note))
		return nonsense(l, "a NOTE that cannot be read");
	struct log_context about = {
	        l->m->kind == MEMBER_WORKER ? (int)l->m->worker + 1 : 0, note.pid ? note.pid : (int)l->m->pid, NULL};
	if (note.level <= LEVEL_DEBUG)
		log_write(note.level, &about, "%s", note.text ? note.text : "");
	free(note.text);
	return true;
}

static bool on_want_cancel(const struct letter *l)
{
	struct msg_want_cancel w;

	if (!msg_get_want_cancel(l->body, l->len, &w))
		return nonsense(l, "a WANT_CANCEL that cannot be read");
	if (!owns_session(l->m, w.session))
		return nonsense(l, "a WANT_CANCEL for another worker's session");
	l->crew->hooks.want_cancel(l->crew->hooks.context, l->m, &w, l->now);
	return true;
}

static bool on_done(const struct letter *l, enum msg_type type)
{
	struct msg_done done;

	if (!msg_get_done(l->body, l->len, type, &done))
		return nonsense(l, "a DONE or BUSY that cannot be read");
	if (done.worker != l->m->worker || done.generation != l->m->generation)
		return nonsense(l, "a DONE or BUSY of another worker");
	l->m->idle = type == MSG_DONE;
	return true;
}

static bool on_fatal(const struct letter *l)
{
	struct msg_fatal fatal;

	if (!msg_get_fatal(l->body, l->len, &fatal))
		return nonsense(l, "a FATAL that cannot be read");
	l->m->fatal = true;
	l->m->gave_up = fatal.code == EXIT_CONNECT;
	memcpy(l->m->sqlstate, fatal.sqlstate, sizeof l->m->sqlstate);
	l->m->sqlstate[5] = '\0';
	log_printable(fatal.text ? fatal.text : "", l->m->cause, sizeof l->m->cause);
	free(fatal.text);
	return true;
}

static bool on_usage(const struct letter *l)
{
	struct msg_usage usage;

	if (!msg_get_usage(l->body, l->len, &usage))
		return nonsense(l, "a USAGE that cannot be read");
	l->m->parted = true;
	l->crew->hooks.usage(l->crew->hooks.context, l->m, &usage);
	return true;
}

/* server_facts is large: not on the stack of a handler that is called for every frame. */
static bool on_facts(const struct letter *l)
{
	struct server_facts *facts = mem_zero(1, sizeof *facts);
	bool ok = msg_get_facts(l->body, l->len, facts);

	if (ok)
		l->crew->hooks.facts(l->crew->hooks.context, facts, l->now);
	free(facts);
	return ok ? true : nonsense(l, "FACTS that cannot be read");
}

static bool sane_sample(const struct sample *s)
{
	return sane_server_time(s->first_us) && sane_server_time(s->last_us) && sane_server_time(s->query_start_us) &&
	       sane_server_time(s->lock_wait_us);
}

static bool on_samples(const struct letter *l)
{
	struct msg_samples batch;

	if (!msg_get_samples(l->body, l->len, &batch))
		return nonsense(l, "SAMPLES that cannot be read");
	bool ok = true;
	for (size_t i = 0; i < batch.count && ok; i++)
		ok = sane_sample(&batch.samples[i]);
	if (ok)
		l->crew->hooks.samples(l->crew->hooks.context, batch.samples, batch.count, l->now);
	msg_samples_free(&batch);
	return ok ? true : nonsense(l, "SAMPLES with impossible times");
}

static bool on_counters(const struct letter *l)
{
	struct msg_counters *counters = mem_alloc(sizeof *counters);
	bool ok = msg_get_counters(l->body, l->len, counters);

	if (ok && l->crew->hooks.counters)
		l->crew->hooks.counters(l->crew->hooks.context, counters, l->now);
	free(counters);
	return ok ? true : nonsense(l, "COUNTERS that cannot be read");
}

static bool on_observer(const struct letter *l, enum msg_type type)
{
	struct msg_gone gone;
	struct msg_swept swept;

	switch (type) {
	case MSG_HELLO:
		return true;
	case MSG_FACTS:
		return on_facts(l);
	case MSG_SAMPLES:
		return on_samples(l);
	case MSG_COUNTERS:
		return on_counters(l);
	case MSG_GONE:
		if (!msg_get_gone(l->body, l->len, &gone))
			return nonsense(l, "a GONE that cannot be read");
		l->crew->hooks.gone(l->crew->hooks.context, &gone, l->now);
		return true;
	case MSG_SWEPT:
		if (!msg_get_swept(l->body, l->len, &swept))
			return nonsense(l, "a SWEPT that cannot be read");
		l->crew->hooks.swept(l->crew->hooks.context, &swept, l->now);
		return true;
	default:
		return nonsense(l, "a message an observer does not send");
	}
}

bool crew_message(
        struct crew *crew, struct member *m, const unsigned char *body, size_t len, int64_t now, struct err *err)
{
	struct letter l = {crew, m, body, len, now, err};
	enum msg_type type;

	if (!msg_type_of(body, len, &type))
		return nonsense(&l, "a message of no known type");
	switch (type) {
	case MSG_NOTE:
		return on_note(&l);
	case MSG_FATAL:
		return on_fatal(&l);
	case MSG_USAGE:
		return on_usage(&l);
	default:
		break;
	}
	if (m->kind == MEMBER_OBSERVER)
		return on_observer(&l, type);
	switch (type) {
	case MSG_HELLO:
		return on_hello(&l);
	case MSG_SESSION:
		return on_session(&l);
	case MSG_RESULTS:
		return on_results(&l);
	case MSG_WANT_CANCEL:
		return on_want_cancel(&l);
	case MSG_DONE:
	case MSG_BUSY:
		return on_done(&l, type);
	default:
		return nonsense(&l, "a message a worker does not send");
	}
}
