/*
 * session_connect: connecting, what a session sends before its first task, and what happens when either fails.
 *
 * Give up or wait: classify_connect decides by the SQLSTATE. Patience is --reconnect-for, counted from the moment the
 * connection was lost (or first wanted); the pauses between tries grow with the outage and carry jitter, so that a
 * thousand sessions do not come back in step.
 */
#include "worker/session_load.h"

#include <stdio.h>
#include <string.h>

#include "shared/buf.h"
#include "shared/clock.h"

#define PAUSE_FIRST (100 * NS_PER_MS)
#define PAUSE_MOST (2 * NS_PER_S)
#define TRIES_A_SECOND 500 /* of all sessions together, at most: a server that starts forks for each */
#define PAUSE_PART 4 /* a pause is so many'th of the time that nothing went well */
#define FULL_SERVER_PATIENCE                                                                                           \
	(5 * NS_PER_S) /* for 53300 before anything ran: sessions of a run before may still be leaving */
#define SESSION_SQL_PATIENCE (600 * NS_PER_S) /* for one statement of @session when there is no --timeout */
#define STEADY (1 * NS_PER_S) /* a connection that lived this long was no failure */

static int64_t deadline_after(int64_t now, int64_t timeout)
{
	return timeout == CLOCK_NEVER ? CLOCK_NEVER : now + timeout;
}

/* A part of how long it has been going wrong: a session is back within a fraction of the outage after its end, a short
 * one is tried often and a long one seldom. */
static int64_t pause_before_retry(struct session *s, int64_t now)
{
	int64_t least = NS_PER_S / TRIES_A_SECOND * s->a->shm->nsessions, pause;

	if (s->failures == 0) { /* lost a good one: come back soon, but not all at once */
		s->trouble_since = now;
		return (int64_t)rng_below(&s->rng, PAUSE_FIRST / 2);
	}
	if (s->trouble_since == 0)
		s->trouble_since = now;
	if (least < PAUSE_FIRST)
		least = PAUSE_FIRST;
	pause = (now - s->trouble_since) / PAUSE_PART;
	if (pause < least)
		pause = least;
	if (pause > PAUSE_MOST)
		pause = PAUSE_MOST;
	return pause / 2 + (int64_t)rng_below(&s->rng, (uint64_t)pause);
}

static int64_t patience(const struct session *s, const char *sqlstate)
{
	bool full = strcmp(sqlstate, "53300") == 0 && !s->was_ready && !s->a->replacement;

	if (full && s->a->reconnect_for_ns > FULL_SERVER_PATIENCE)
		return FULL_SERVER_PATIENCE;
	return s->a->reconnect_for_ns;
}

void session_drop_connection(struct session *s, bool politely)
{
	if (politely)
		pg_finish(s->pg);
	else
		pg_drop(s->pg);
	s->pg = NULL;
	s->input_lost = false;
	s->unflushed = false;
	s->polled_now = false;
	s->copying = false;
	s->drop = false;
	ask_clear(s);
	atomic_store_explicit(&s->slot->backend_pid, 0, memory_order_relaxed);
	atomic_store_explicit(&s->slot->backend_start_us, 0, memory_order_relaxed);
}

/* The end of a session that cannot connect; s->report and s->message say why. */
static void give_up(struct session *s, int64_t now)
{
	s->report.connected = false;
	s->report.message = s->message;
	record_session(s->record, &s->report);
	if (s->has_ticket)
		pick_drop(s->pick);
	s->has_ticket = false;
	s->gave_up = true;
	session_go(s, SESSION_CLOSED, now);
}

/* s->report.sqlstate and s->message say why connecting or setting up failed. */
static void failed(struct session *s, int64_t now)
{
	bool first = !s->was_ready && !s->a->replacement;

	session_drop_connection(s, asks_due(s) == 0);
	s->failures++;
	if (classify_connect(s->report.sqlstate, first) == CONNECT_GIVE_UP ||
	        now - s->away_since >= patience(s, s->report.sqlstate)) {
		give_up(s, now);
		return;
	}
	if (s->failures == 1)
		record_note(s->record, LEVEL_INFO, 0, s->message);
	s->retry_at = now + pause_before_retry(s, now);
	session_go(s, SESSION_AWAY, now);
}

void session_connect_begin(struct session *s, int64_t now)
{
	s->connects++;
	s->report = (struct session_report){.session = s->number,
	        .worker = s->a->worker,
	        .generation = s->a->generation,
	        .connect_no = s->connects,
	        .laid_out_ns = s->recorded_ns,
	        .served_ns = s->served_ns,
	        .start_ns = now};
	s->recorded_ns = s->served_ns = 0;
	s->reported = false;
	s->pg = pg_start(&s->a->target);
	s->polled = PG_POLL_WRITE;
	/* A unix socket that refuses is known to be refused already; only polling tells. */
	s->polled_now = pg_broken(s->pg);
	if (s->polled_now)
		s->polled = PG_POLL_FAILED;
	s->deadline = deadline_after(now, pg_connect_timeout(s->pg));
	session_go(s, SESSION_CONNECTING, now);
}

static void note_progress(struct session *s, int64_t now)
{
	enum pg_progress at = pg_connect_progress(s->pg);

	if (at >= PG_AT_TLS && s->report.tcp_ns == 0)
		s->report.tcp_ns = now;
	if (at >= PG_AT_LOGIN && s->report.tls_ns == 0 && pg_tls_used(s->pg))
		s->report.tls_ns = now;
}

static void timed_out(struct session *s, int64_t now)
{
	if (s->state == SESSION_SETTING_UP && s->session_next > 0)
		snprintf(
		        s->message, sizeof s->message, "statement %d of @session did not end in time", s->session_next);
	else if (s->state == SESSION_SETTING_UP)
		snprintf(s->message, sizeof s->message, "the server did not answer while the session was being set up");
	else
		snprintf(s->message, sizeof s->message,
		        "no connection within %lld s: the server at %s%s%s did not answer",
		        (long long)((s->deadline - s->report.start_ns) / NS_PER_S), pg_host(s->pg),
		        pg_port(s->pg)[0] ? " port " : "", pg_port(s->pg));
	s->report.sqlstate[0] = '\0';
	failed(s, now);
}

void session_connecting(struct session *s, int64_t now)
{
	if (s->polled_now) {
		s->polled_now = false;
		note_progress(s, now);
		if (s->polled == PG_POLL_OK) {
			s->report.auth_ns = now;
			session_set_up_begin(s, now);
			return;
		}
		if (s->polled == PG_POLL_FAILED) {
			pg_connect_error(s->pg, s->report.sqlstate, s->message, sizeof s->message);
			failed(s, now);
			return;
		}
	}
	if (now >= s->deadline)
		timed_out(s, now);
}

/* ---- setting up ---- */

static bool send_identity(struct session *s)
{
	return ask_send(s, ASK_IDENTITY, 0,
	               "select pg_backend_pid(), backend_start from pg_stat_get_activity(pg_backend_pid())", 0, NULL,
	               true) &&
	       ask_sync(s, ASK_SYNC);
}

/* SET rather than set_config: it needs no planner, which a fresh backend would have to warm up. */
static bool send_set(struct session *s, const char *sql)
{
	return ask_send(s, ASK_SETTING, 0, sql, 0, NULL, false);
}

/* The session's own settings; what a task set instead goes back to what the login gave. */
static bool send_settings(struct session *s)
{
	const struct assignment *a = s->a;
	bool timeout = a->timeout_ns > 0 && !a->special, again = s->reported;
	char sql[64];

	if (!timeout && !a->readonly && !again)
		return true;
	if (again && !(send_set(s, "reset statement_timeout") && send_set(s, "reset default_transaction_read_only")))
		return false;
	snprintf(sql, sizeof sql, "set statement_timeout = %lld", (long long)statement_timeout_ms(a->timeout_ns));
	if (timeout && !send_set(s, sql))
		return false;
	if (a->readonly && !send_set(s, "set default_transaction_read_only = on"))
		return false;
	return ask_sync(s, ASK_SYNC);
}

/* A backend that looks for its client now and then does not go on with a write after we are gone. The server refuses
 * it where the system cannot do it: that is no failure. */
static bool send_interval(struct session *s)
{
	return ask_send(s, ASK_INTERVAL, 0, "set client_connection_check_interval = '200ms'", 0, NULL, false) &&
	       ask_sync(s, ASK_SYNC);
}

static bool send_scale(struct session *s)
{
	return ask_send(s, ASK_SCALE, 0, "select count(*) from pgbench_branches", 0, NULL, false) &&
	       ask_sync(s, ASK_SYNC);
}

static bool send_needs(struct session *s)
{
	uint32_t needs = s->needs;

	if ((needs & NEED_IDENTITY) && !send_identity(s))
		return false;
	if ((needs & NEED_SETTINGS) && !send_settings(s))
		return false;
	if ((needs & NEED_INTERVAL) && pg_server_version(s->pg) >= 140000 && !send_interval(s))
		return false;
	if ((needs & NEED_MARKER) && !(ask_prepare(s) && ask_sync(s, ASK_SYNC)))
		return false;
	if ((needs & NEED_SCALE) && !send_scale(s))
		return false;
	s->needs &= NEED_SESSION; /* what fails fails the session */
	return ask_flush(s);
}

static void set_up_lost(struct session *s, int64_t now)
{
	if (s->message[0] == '\0')
		snprintf(s->message, sizeof s->message, "the connection was lost while the session was being set up");
	failed(s, now);
}

/* Of those of a task list: scripts run without markers. A connection for one transaction (-C) is not introduced to the
 * parent, as each question would be a round trip more. */
static uint32_t load_needs(const struct session *s, uint32_t needs)
{
	needs &= ~(uint32_t)NEED_MARKER;
	if (s->load->load->reconnect && s->was_ready)
		needs &= ~(uint32_t)(NEED_IDENTITY | NEED_INTERVAL);
	return s->load->scale_known ? needs : needs | NEED_SCALE;
}

/* Also entered between two attempts; the connection then has its report already and next_state is set. */
void session_set_up_begin(struct session *s, int64_t now)
{
	bool fresh = !s->reported;

	s->message[0] = '\0';
	s->set_up_failed = false;
	s->session_next = 0;
	if (fresh) {
		s->needs = s->a->target.direct ? NEED_ALL & ~NEED_SESSION : 0;
		if (s->load)
			s->needs = load_needs(s, s->needs);
		if (s->a->plan->session && !s->a->special)
			s->needs |= NEED_SESSION;
		s->report.backend_pid = pg_backend_pid(s->pg);
		pg_tls_describe(s->pg, s->report.tls, sizeof s->report.tls);
	} else {
		s->deadline = deadline_after(now, pg_connect_timeout(s->pg));
		s->report.sqlstate[0] = '\0';
		s->away_since = now;
	}
	session_go(s, SESSION_SETTING_UP, now);
	if (((fresh || s->load) && !pg_pipeline(s->pg)) || !send_needs(s))
		set_up_lost(s, now);
}

/* One statement of @session; each is waited for. */
static bool send_session_statement(struct session *s, int64_t now)
{
	const struct statement *st = &s->a->plan->session->statements[s->session_next];

	s->deadline = now + (s->a->timeout_ns > 0 ? s->a->timeout_ns : SESSION_SQL_PATIENCE);
	if (!ask_send(s, ASK_SESSION, (uint32_t)s->session_next, st->text, 0, NULL, false) || !ask_sync(s, ASK_SYNC))
		return false;
	s->session_next++;
	return ask_flush(s);
}

static void set_up_done(struct session *s, int64_t now)
{
	s->needs = 0;
	s->ready_since = now;
	if (!s->reported) {
		s->report.ready_ns = now;
		s->report.connected = true;
		if (!s->load || !s->load->load->reconnect || !s->was_ready)
			record_session(s->record, &s->report);
		if (s->load)
			load_connected(s, now);
		s->reported = true;
		s->was_ready = true;
		atomic_store_explicit(&s->slot->backend_pid, s->report.backend_pid, memory_order_relaxed);
		atomic_store_explicit(&s->slot->backend_start_us, s->report.backend_start_us, memory_order_relaxed);
	}
	pg_notices_forget(s->pg);
	session_go(s, s->next_state, now);
}

void session_setting_up(struct session *s, int64_t now, bool ready)
{
	bool alive = !ready || answers_read(s, now);

	if (alive && s->unflushed)
		alive = ask_flush(s);
	if (!alive) {
		set_up_lost(s, now);
		return;
	}
	if (asks_due(s) > 0) {
		if (now >= s->deadline)
			timed_out(s, now);
		return;
	}
	if (s->set_up_failed) {
		failed(s, now);
		return;
	}
	if ((s->needs & NEED_SESSION) && s->session_next < s->a->plan->session->nstatements) {
		if (!send_session_statement(s, now))
			set_up_lost(s, now);
		return;
	}
	if (pg_transaction(s->pg) != PG_TX_IDLE) {
		snprintf(s->message, sizeof s->message, "@session left a transaction open: end it with COMMIT");
		snprintf(s->report.sqlstate, sizeof s->report.sqlstate, "25001");
		failed(s, now);
		return;
	}
	if (s->load && !s->load->batches && !pg_pipeline_end(s->pg)) {
		set_up_lost(s, now);
		return;
	}
	set_up_done(s, now);
}

void session_disconnect(struct session *s, int64_t now, bool politely)
{
	/* Where to go on after the next connect. */
	if (s->state == SESSION_HELD || s->state == SESSION_BACKOFF || s->state == SESSION_WAITING)
		s->next_state = s->state;
	else if (s->state == SESSION_READY || s->state == SESSION_LOOP)
		s->next_state = s->state;
	if (s->pg) {
		session_drop_connection(s, politely);
		s->failures = now - s->ready_since >= STEADY ? 0 : s->failures + 1;
		s->away_since = now;
	}
	/* @setup and @teardown are not tried again. */
	if (pick_stop(s->pick) != STOP_NONE || (s->a->special && pick_empty(s->pick))) {
		session_go(s, SESSION_CLOSED, now);
		return;
	}
	s->retry_at = now + pause_before_retry(s, now);
	session_go(s, SESSION_AWAY, now);
}
