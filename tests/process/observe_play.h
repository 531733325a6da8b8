/*
 * observe_play: plays the parent of an observer in tests: forks it, talks to it over its pipes, keeps what it says.
 * Included by test_observe*.c alone.
 */
#ifndef TESTS_PROCESS_OBSERVE_PLAY_H
#define TESTS_PROCESS_OBSERVE_PLAY_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <libpq-fe.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "orchestrator/sandbox.h"
#include "orchestrator/sandbox_parts.h"
#include "shared/clock.h"
#include "shared/msg.h"
#include "shared/shm.h"
#include "worker/worker.h"

#define PLAY_WAIT (30 * NS_PER_S)
#define PLAY_SESSIONS 4

struct play {
	pid_t pid;
	struct chan chan;
	struct shm *shm;
	bool eof;
	/* what was said */
	unsigned count[MSG_COUNTERS + 1];
	struct msg_counters counters[2]; /* before, after */
	struct server_facts facts;
	struct msg_fatal fatal;
	char fatal_text[ATTEMPT_MESSAGE_MOST + 1];
	struct msg_swept swept;
	struct sample samples[2000];
	size_t nsamples;
	struct msg_gone gone[16];
	size_t ngone;
	char notes[8192];
};

#define PLAY static __attribute__((unused)) /* no test needs all of them */

static struct play play; /* large: one at a time */
static struct sandbox *sandbox;

PLAY struct target play_target(void)
{
	struct target t = {.host = sandbox_host(sandbox),
	        .port = sandbox_port(sandbox),
	        .user = sandbox_user(sandbox),
	        .dbname = sandbox_dbname(sandbox),
	        .connect_timeout_ns = 5 * NS_PER_S,
	        .application_name = "pgparallel/play"};

	return t;
}

PLAY void play_begin(struct target target, int64_t interval_ns, int64_t reconnect_for_ns)
{
	struct observation job = {.target = target, .interval_ns = interval_ns, .reconnect_for_ns = reconnect_for_ns};
	int down[2], up[2];

	memset(&play, 0, sizeof play);
	play.shm = shm_map(PLAY_SESSIONS, 1, 1, NULL);
	job.shm = play.shm;
	atomic_store(&play.shm->go_ns, 1); /* the rest of the facts at once */
	assert_int_equal(pipe2(down, O_CLOEXEC), 0);
	assert_int_equal(pipe2(up, O_CLOEXEC), 0);
	fflush(NULL);
	play.pid = fork();
	assert_true(play.pid >= 0);
	if (play.pid == 0) {
		close(down[1]);
		close(up[0]);
		/* The sandbox is cleaned up when this ends, also after a failed test that left its observer. */
		if (sandbox != NULL)
			close(sandbox->keeper.write_fd);
		signal(SIGPIPE, SIG_IGN);
		chan_init(&job.chan, down[0], up[1]);
		int code = observer_main(&job);

		chan_close(&job.chan);
		_exit(code);
	}
	close(down[0]);
	close(up[1]);
	fcntl(up[0], F_SETFL, O_NONBLOCK);
	chan_init(&play.chan, up[0], down[1]);
}

PLAY void play_keep(const unsigned char *body, size_t len)
{
	struct msg_samples samples;
	struct msg_note note;
	struct msg_usage usage;
	enum msg_type type;

	assert_true(msg_type_of(body, len, &type));
	play.count[type]++;
	switch (type) {
	case MSG_FACTS:
		assert_true(msg_get_facts(body, len, &play.facts));
		break;
	case MSG_FATAL:
		assert_true(msg_get_fatal(body, len, &play.fatal));
		snprintf(play.fatal_text, sizeof play.fatal_text, "%s", play.fatal.text);
		free(play.fatal.text);
		break;
	case MSG_SAMPLES:
		assert_true(msg_get_samples(body, len, &samples));
		for (size_t i = 0; i < samples.count && play.nsamples < 2000; i++)
			play.samples[play.nsamples++] = samples.samples[i];
		msg_samples_free(&samples);
		break;
	case MSG_COUNTERS: {
		struct msg_counters counters;

		assert_true(msg_get_counters(body, len, &counters));
		play.counters[counters.after] = counters;
		break;
	}
	case MSG_GONE:
		assert_true(msg_get_gone(body, len, &play.gone[play.ngone++ % 16]));
		break;
	case MSG_SWEPT:
		assert_true(msg_get_swept(body, len, &play.swept));
		break;
	case MSG_NOTE:
		assert_true(msg_get_note(body, len, &note));
		strncat(play.notes, note.text, sizeof play.notes - strlen(play.notes) - 2);
		strcat(play.notes, "\n");
		free(note.text);
		break;
	case MSG_USAGE:
		assert_true(msg_get_usage(body, len, &usage));
		assert_true(usage.user_us + usage.system_us > 0);
		break;
	default:
		fail_msg("the observer sent a message of type %d", type);
	}
}

/* Listens for up to so long, or until it was woken once. */
PLAY void play_listen(int64_t ns)
{
	struct pollfd p = {.fd = play.chan.read_fd, .events = POLLIN};
	const unsigned char *body;
	struct err err;
	size_t len;

	if (play.chan.eof || poll(&p, 1, (int)(ns / NS_PER_MS)) <= 0)
		return;
	assert_true(chan_read(&play.chan, &err));
	while (chan_next(&play.chan, &body, &len))
		play_keep(body, len);
}

PLAY bool play_until(enum msg_type type, unsigned count)
{
	int64_t deadline = clock_now_ns() + PLAY_WAIT;

	while (play.count[type] < count && !play.chan.eof && clock_now_ns() < deadline)
		play_listen(100 * NS_PER_MS);
	return play.count[type] >= count;
}

PLAY bool play_facts(void)
{
	if (play_until(MSG_FACTS, 2) && play.facts.complete)
		return true;
	print_error("no facts: %s\n%s", play.fatal_text, play.notes);
	return false;
}

PLAY void play_tell(struct buf *body)
{
	struct err err;

	chan_write(&play.chan, body->data, body->len);
	assert_true(chan_flush(&play.chan, &err));
	buf_free(body);
}

PLAY void play_backend(enum msg_type type, int32_t pid, int64_t start_us, uint32_t token)
{
	struct msg_backend m = {.pid = pid, .backend_start_us = start_us, .token = token};
	struct buf body = {0};

	msg_put_backend(&body, type, &m);
	play_tell(&body);
}

PLAY void play_plain(enum msg_type type)
{
	struct buf body = {0};

	msg_put_plain(&body, type);
	play_tell(&body);
}

/* Waits for its end; the exit status. */
PLAY int play_end(void)
{
	int64_t deadline = clock_now_ns() + PLAY_WAIT;
	int status = -1;

	while (!play.chan.eof && clock_now_ns() < deadline)
		play_listen(100 * NS_PER_MS);
	if (!play.chan.eof)
		kill(play.pid, SIGKILL);
	waitpid(play.pid, &status, 0);
	chan_close(&play.chan);
	shm_unmap(play.shm);
	return status;
}

PLAY int play_stop(void)
{
	struct msg_stop stop = {STOP_EXIT};
	struct buf body = {0};

	msg_put_stop(&body, &stop);
	play_tell(&body);
	return play_end();
}

/* How often the observer has waited and been woken, by itself or by others. */
PLAY long play_turns(void)
{
	char path[64], line[128];
	long turns = 0;
	FILE *f;

	snprintf(path, sizeof path, "/proc/%d/status", (int)play.pid);
	f = fopen(path, "re");
	while (f != NULL && fgets(line, sizeof line, f) != NULL)
		sscanf(line, "voluntary_ctxt_switches: %ld", &turns);
	if (f != NULL)
		fclose(f);
	return turns;
}

/* ---- other sessions on the server ---- */

PLAY PGconn *session_to(const char *host, const char *port, const char *name)
{
	const char *keywords[] = {"host", "port", "user", "dbname", "application_name", NULL};
	const char *values[] = {host, port, "postgres", "postgres", name, NULL};
	PGconn *conn = PQconnectdbParams(keywords, values, 0);

	if (PQstatus(conn) != CONNECTION_OK)
		fail_msg("%s", PQerrorMessage(conn));
	return conn;
}

PLAY PGconn *session_named(const char *name)
{
	return session_to(sandbox_host(sandbox), sandbox_port(sandbox), name);
}

PLAY void sql(PGconn *conn, const char *text)
{
	PGresult *result = PQexec(conn, text);

	if (PQresultStatus(result) != PGRES_COMMAND_OK && PQresultStatus(result) != PGRES_TUPLES_OK)
		fail_msg("%s: %s", text, PQerrorMessage(conn));
	PQclear(result);
}

PLAY int64_t sql_int(PGconn *conn, const char *text)
{
	PGresult *result = PQexec(conn, text);
	int64_t answer;

	if (PQresultStatus(result) != PGRES_TUPLES_OK)
		fail_msg("%s: %s", text, PQerrorMessage(conn));
	answer = strtoll(PQgetvalue(result, 0, 0), NULL, 10);
	PQclear(result);
	return answer;
}

PLAY int64_t own_start(PGconn *conn)
{
	return sql_int(conn, "select (extract(epoch from backend_start) * 1000000)::bigint from pg_stat_activity"
	                     " where pid = pg_backend_pid()");
}

/* Waits until a query on an observer-independent session gives a number above 0. */
PLAY void sql_until(PGconn *conn, const char *text)
{
	int64_t deadline = clock_now_ns() + PLAY_WAIT;

	while (sql_int(conn, text) <= 0) {
		if (clock_now_ns() > deadline)
			fail_msg("never true: %s", text);
		poll(NULL, 0, 10);
	}
}

/* Between tests: the sessions of the last one have left. */
PLAY int play_alone(void **state)
{
	PGconn *admin = session_named("admin");

	(void)state;
	sql_until(admin, "select case when count(*) = 0 then 1 else 0 end from pg_stat_activity"
	                 " where application_name = 'pgparallel/play'");
	PQfinish(admin);
	return 0;
}

PLAY void fill_slot(uint32_t session, PGconn *conn, int64_t start_us)
{
	struct slot *slot = shm_slot(play.shm, session);

	atomic_store(&slot->backend_start_us, start_us);
	atomic_store(&slot->backend_pid, PQbackendPID(conn));
}

PLAY const char *fact(const char *name)
{
	for (uint32_t i = 0; i < play.facts.nfacts; i++)
		if (strcmp(play.facts.facts[i].name, name) == 0)
			return play.facts.facts[i].value;
	return "";
}

#endif
