/*
 * observe_connect: the observer's connection comes up, or the reason why not becomes a text a person can act on. The
 * observer connects first and alone, so that a wrong password is tried once and not once per session.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "worker/observe.h"

#define START_UP_FOR (60 * NS_PER_S) /* how long a server may take to start up when nobody says */
#define CROWDED_FOR (2 * NS_PER_S) /* sessions of a run that has just ended may still be leaving */
#define START_UP_STEP (250 * NS_PER_MS)
#define RETRY_MOST (5 * NS_PER_S)

void observe_connect(struct observer *o, int64_t now)
{
	if (o->facts.start_ns == 0)
		o->facts.start_ns = now;
	o->pg = pg_start(&o->job->target); /* looks the name up */
	o->state = OBSERVE_STARTED;
	o->connect_deadline_ns = now; /* step again at once, with the time after the look-up */
	o->wait_fd = -1;
}

void observe_fatal(struct observer *o, int code, const char *sqlstate, const char *text)
{
	struct msg_fatal fatal = {.code = code};
	struct buf body = {0};

	snprintf(fatal.sqlstate, sizeof fatal.sqlstate, "%s", sqlstate);
	fatal.text = mem_strdup(text);
	msg_put_fatal(&body, &fatal);
	observe_send(o, &body);
	buf_free(&body);
	free(fatal.text);
	observe_over(o, code);
}

/* ---- texts ---- */

/* True when nothing said where to connect: then nobody meant this server in particular. */
static bool nothing_was_given(const struct target *t)
{
	static const char *const names[] = {"PGHOST", "PGHOSTADDR", "PGPORT", "PGSERVICE", "PGDATABASE", "PGUSER"};

	if (t->host != NULL || t->port != NULL || t->user != NULL || t->dbname != NULL)
		return false;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		const char *value = getenv(names[i]);

		if (value != NULL && *value != '\0')
			return false;
	}
	return true;
}

static void describe_place(const struct pg *pg, char *out, size_t size)
{
	const char *host = pg_host(pg), *port = pg_port(pg);

	if (host[0] == '/' || host[0] == '@')
		snprintf(out, size, "socket %s/.s.PGSQL.%s", host, port);
	else if (host[0] != '\0')
		snprintf(out, size, "%s port %s", host, port);
	else
		snprintf(out, size, "the server");
}

struct advice {
	const char *sqlstate;
	int code;
	const char *text; /* %1: user, %2: database */
};

static const struct advice advices[] = {
        {"28P01", EXIT_CONNECT,
                "check the password in PGPASSWORD, the passfile (~/.pgpass, mode 0600) or the service file"},
        {"28000", EXIT_CONNECT,
                "check the user (-U) and the server's pg_hba.conf: it must have a line for this user, database and "
                "address"},
        {"3D000", EXIT_CONNECT, "choose another database with -d (psql -l lists them) or create it with createdb"},
        {"42501", EXIT_CONNECT, "ask its owner to GRANT CONNECT ON DATABASE, or choose another one with -d"},
        {"53300", EXIT_USAGE,
                "raise max_connections (or the role's or database's CONNECTION LIMIT), or end other sessions; "
                "select count(*), usename from pg_stat_activity group by 2 shows who holds them"},
        {"57P03", EXIT_CONNECT, "wait until it accepts connections (pg_isready tells) and start again"}};

static const struct advice *advice_for(const char *sqlstate)
{
	for (size_t i = 0; i < sizeof advices / sizeof advices[0]; i++)
		if (strcmp(advices[i].sqlstate, sqlstate) == 0)
			return &advices[i];
	return NULL;
}

static const char *advice_without_code(const struct observer *o, const char *text)
{
	if (nothing_was_given(&o->job->target))
		return "no connection setting was given: name a server with -h, -p, -U and -d, or let 'pgparallel run "
		       "--local' "
		       "start a throwaway one";
	if (strstr(text, "no password supplied") != NULL)
		return "give the password in PGPASSWORD or the passfile (~/.pgpass, mode 0600)";
	if (strstr(text, "translate host name") != NULL)
		return "check the name given with -h";
	if (strstr(text, "SSL") != NULL || strstr(text, "certificate") != NULL)
		return "check sslmode, sslrootcert and the server's certificate";
	return "check that the server runs and that -h and -p are right: pg_isready with the same -h and -p must "
	       "answer";
}

void observe_refuse(struct observer *o, const char *sqlstate, const char *text)
{
	const struct advice *advice = advice_for(sqlstate);
	char place[400], line[2048];

	if (!pg_showable(o->pg)) {
		snprintf(line, sizeof line, "cannot connect: %.500s", text);
		observe_fatal(o, EXIT_CONNECT, sqlstate, line);
		return;
	}
	describe_place(o->pg, place, sizeof place);
	snprintf(line, sizeof line, "cannot connect to %s as user \"%s\", database \"%s\": %.500s; %s", place,
	        pg_user(o->pg), pg_dbname(o->pg), text, advice != NULL ? advice->text : advice_without_code(o, text));
	observe_fatal(o, advice != NULL ? advice->code : EXIT_CONNECT, sqlstate, line);
}

/* ---- failures ---- */

/* What may pass by itself before anything was measured: a server that is starting up, and crowds that are leaving. */
static bool worth_waiting(struct observer *o, const char *sqlstate, int64_t now)
{
	/* Between two answers a server that recovers may not be listening at all. */
	bool starting = strcmp(sqlstate, "57P03") == 0 || (sqlstate[0] == '\0' && o->starting_up);
	int64_t longest = o->job->reconnect_for_ns > 0 ? o->job->reconnect_for_ns : START_UP_FOR;

	if (!starting && strcmp(sqlstate, "53300") != 0)
		return false;
	if (o->give_up_ns == 0) {
		o->give_up_ns = now + (starting || longest < CROWDED_FOR ? longest : CROWDED_FOR);
		o->starting_up = starting;
		if (starting)
			observe_note(o, LEVEL_WARNING, 0,
			        "the server is starting up or recovering: waiting up to %d s for it",
			        (int)(longest / NS_PER_S));
	}
	return now < o->give_up_ns;
}

/* After these a further try gives the same answer, and 200 of them would lock the account. */
static bool hopeless(const char *sqlstate)
{
	return strncmp(sqlstate, "28", 2) == 0 || strcmp(sqlstate, "3D000") == 0 || strcmp(sqlstate, "42501") == 0;
}

static void failed(struct observer *o, const char *sqlstate, const char *text, int64_t now)
{
	if (!o->had_facts && !worth_waiting(o, sqlstate, now)) {
		observe_refuse(o, sqlstate, text);
		return;
	}
	if (!o->had_facts)
		o->retry_ns = now + START_UP_STEP;
	else if (hopeless(sqlstate)) {
		observe_note(o, LEVEL_WARNING, 0, "the observer cannot connect again and gives up: %s", text);
		o->retry_ns = CLOCK_NEVER;
	} else {
		o->retry_step_ns = o->retry_step_ns * 2 > RETRY_MOST ? RETRY_MOST : o->retry_step_ns * 2;
		o->retry_ns = now + o->retry_step_ns;
	}
	pg_drop(o->pg);
	o->pg = NULL;
	o->state = OBSERVE_WAITING;
}

static void connected(struct observer *o, int64_t now)
{
	if (!pg_pipeline(o->pg)) {
		failed(o, "", "libpq refused pipeline mode", now);
		return;
	}
	if (!o->had_facts) {
		o->facts.connected_ns = now;
		o->state = OBSERVE_FACTS;
	} else {
		o->state = OBSERVE_AGAIN;
	}
	o->asked_first = o->asked_count = 0;
	observe_facts_begin(o, now);
}

void observe_connecting(struct observer *o, short ready, int64_t now)
{
	char sqlstate[6], text[1024];
	int64_t within = pg_connect_timeout(o->pg);

	if (o->state == OBSERVE_STARTED) {
		if (!o->had_facts)
			o->facts.resolved_ns = now;
		o->connect_deadline_ns = within == CLOCK_NEVER ? CLOCK_NEVER : now + within;
		o->state = OBSERVE_CONNECTING;
		/* libpq wants the first poll when the socket is writable, or at once when starting failed. */
		o->wait_fd = pg_socket(o->pg);
		o->wait_events = POLLOUT;
		if (o->wait_fd >= 0)
			return;
		ready = POLLERR;
	}
	if (now >= o->connect_deadline_ns) {
		snprintf(text, sizeof text, "no answer within %.0f s (connect_timeout)", (double)within / NS_PER_S);
		failed(o, "", text, now);
		return;
	}
	/* Polling a socket that is not ready would take a connection for made that is still being made. */
	if (ready == 0)
		return;
	switch (pg_connect_poll(o->pg)) {
	case PG_POLL_READ:
		o->wait_events = POLLIN;
		break;
	case PG_POLL_WRITE:
		o->wait_events = POLLOUT;
		break;
	case PG_POLL_OK:
		connected(o, now);
		return;
	case PG_POLL_FAILED:
		pg_connect_error(o->pg, sqlstate, text, sizeof text);
		failed(o, sqlstate, text, now);
		return;
	}
	o->wait_fd = pg_socket(o->pg);
}
