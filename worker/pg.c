/*
 * pg: a connection: begin, poll, end, and what it knows of itself. Sending and results are in pg_query.c.
 *
 * Owns the PGconn inside. Called by the session machine and the observer only.
 */
#include "worker/pg_private.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "shared/buf.h"
#include "shared/clock.h"
#include "shared/log.h"

#define CONNECT_TIMEOUT_DEFAULT (10 * NS_PER_S)

static const struct {
	const char *function; /* of the server's source, the same in every language */
} commit_doubts[] = {{"SyncRepWaitForLSN"}};

static void notice_receiver(void *arg, const PGresult *result)
{
	struct pg *pg = arg;
	struct pg_notices *n = &pg->notices;
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	const char *text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	const char *function = PQresultErrorField(result, PG_DIAG_SOURCE_FUNCTION);

	n->count++;
	log_printable(text ? text : "", n->text, sizeof n->text);
	snprintf(n->sqlstate, sizeof n->sqlstate, "%s", state ? state : "");
	for (size_t i = 0; function && i < sizeof commit_doubts / sizeof *commit_doubts; i++)
		if (strcmp(function, commit_doubts[i].function) == 0)
			n->commit_doubt = true;
}

/* libpq tells its options with the password among them: it is wiped before the list is freed. */
static int64_t timeout_from_options(PGconn *conn, int64_t fallback)
{
	PQconninfoOption *options = PQconninfo(conn);
	int64_t answer = fallback > 0 ? fallback : CONNECT_TIMEOUT_DEFAULT;

	for (PQconninfoOption *o = options; o && o->keyword; o++) {
		if (!o->val)
			continue;
		if (strcmp(o->keyword, "connect_timeout") == 0 && o->val[0]) {
			long seconds = strtol(o->val, NULL, 10);

			answer = seconds > 0 ? seconds * NS_PER_S : CLOCK_NEVER;
		}
		if (strcmp(o->keyword, "password") == 0 || strcmp(o->keyword, "sslpassword") == 0)
			explicit_bzero(o->val, strlen(o->val));
	}
	PQconninfoFree(options);
	return answer;
}

static bool is_uri(const char *dbname)
{
	return strncmp(dbname, "postgres://", 11) == 0 || strncmp(dbname, "postgresql://", 13) == 0;
}

static bool is_connection_string(const char *dbname)
{
	return dbname && (strchr(dbname, '=') || is_uri(dbname));
}

static bool is_set(const char *name)
{
	const char *value = getenv(name);

	return value && value[0];
}

bool pg_may_encrypt(const struct target *t)
{
	const char *host = t->host ? t->host : getenv("PGHOST");

	if (t->password || is_connection_string(t->dbname) || is_set("PGHOSTADDR") || is_set("PGSERVICE"))
		return true;
	if (!host || !host[0])
		return false; /* libpq's own socket */
	return (host[0] != '/' && host[0] != '@') || strchr(host, ',');
}

struct pg *pg_start(const struct target *t)
{
	const char *keywords[16], *values[16];
	int n = 0;
	struct pg *pg = mem_zero(1, sizeof *pg);
#define ADD(keyword, value) (keywords[n] = (keyword), values[n] = (value), n++)
	/* What stands before dbname gives way to a connection string in it; what stands after it wins. */
	if (t->host)
		ADD("host", t->host);
	if (t->port)
		ADD("port", t->port);
	if (t->user)
		ADD("user", t->user);
	if (t->password)
		ADD("password", t->password);
	if (t->dbname)
		ADD("dbname", t->dbname);
	if (t->resolved_host && t->resolved_host[0])
		ADD("host", t->resolved_host);
	if (t->resolved_hostaddr && t->resolved_hostaddr[0])
		ADD("hostaddr", t->resolved_hostaddr);
	if (t->resolved_port && t->resolved_port[0])
		ADD("port", t->resolved_port);
	if (t->application_name[0])
		ADD("application_name", t->application_name);
#undef ADD
	keywords[n] = NULL;
	values[n] = NULL;
	pg->suspicious = is_connection_string(t->dbname) ? t->dbname : NULL;
	pg->conn = PQconnectStartParams(keywords, values, 1);
	if (!pg->conn)
		mem_alloc(SIZE_MAX / 2); /* ends the process: that was memory */
	PQsetErrorVerbosity(pg->conn, PQERRORS_VERBOSE); /* the SQLSTATE of a refused login stands in the text alone */
	PQsetNoticeReceiver(pg->conn, notice_receiver, pg);
	pg->connect_timeout_ns = timeout_from_options(pg->conn, t->connect_timeout_ns);
	return pg;
}

enum pg_poll pg_connect_poll(struct pg *pg)
{
	if (PQstatus(pg->conn) == CONNECTION_BAD)
		return PG_POLL_FAILED;
	switch (PQconnectPoll(pg->conn)) {
	case PGRES_POLLING_READING:
		return PG_POLL_READ;
	case PGRES_POLLING_WRITING:
		return PG_POLL_WRITE;
	case PGRES_POLLING_OK:
		PQsetErrorVerbosity(pg->conn, PQERRORS_DEFAULT);
		pg->tls = pg_tls_used(pg);
		PQsetnonblocking(pg->conn, 1);
		return PG_POLL_OK;
	default:
		return PG_POLL_FAILED;
	}
}

enum pg_progress pg_connect_progress(const struct pg *pg)
{
	switch (PQstatus(pg->conn)) {
	case CONNECTION_OK:
		return PG_AT_READY;
	case CONNECTION_NEEDED:
	case CONNECTION_STARTED:
	case CONNECTION_BAD:
		return PG_AT_SOCKET;
	case CONNECTION_MADE:
	case CONNECTION_SSL_STARTUP:
	case CONNECTION_GSS_STARTUP:
		return PG_AT_TLS;
	default:
		return PG_AT_LOGIN;
	}
}

bool pg_tls_used(const struct pg *pg)
{
	return PQsslInUse(pg->conn) == 1;
}

int64_t pg_connect_timeout(const struct pg *pg)
{
	return pg->connect_timeout_ns;
}

void pg_sqlstate_in(const char *text, char sqlstate[6])
{
	sqlstate[0] = '\0';
	for (const char *p = text; (p = strstr(p, ":  ")) != NULL; p++) {
		const char *code = p + 3;
		int n = 0;

		while (n < 5 && (isdigit((unsigned char)code[n]) || isupper((unsigned char)code[n])))
			n++;
		if (n == 5 && code[5] == ':' && code[6] == ' ') {
			memcpy(sqlstate, code, 5);
			sqlstate[5] = '\0';
		}
	}
}

/* "postgresql://user:pass/word@host/db" is read as host user, port pass, database word@host/db, and a plain @ in the
 * password ends up in the host. */
static bool misread(const struct pg *pg)
{
	const char *host = pg_host(pg), *port = pg_port(pg);

	return port[strspn(port, "0123456789,")] != '\0' || (host[0] != '\0' && strchr(host + 1, '@')) ||
	       (is_uri(pg->suspicious) && strchr(pg_dbname(pg), '@'));
}

bool pg_showable(const struct pg *pg)
{
	PQconninfoOption *parsed;
	char *why = NULL;

	if (!pg->suspicious)
		return true;
	parsed = PQconninfoParse(pg->suspicious, &why);
	PQfreemem(why); /* libpq's own text repeats the string */
	if (!parsed)
		return false;
	PQconninfoFree(parsed);
	return !misread(pg);
}

/* libpq quotes what it could not read, and in a malformed connection string that may be a piece of the password: a
 * quoted fragment that stands in the string and is no host, database or user is masked. */
static void mask_fragments(const struct pg *pg, char *text)
{
	for (char *open = strchr(text, '"'), *close; open && (close = strchr(open + 1, '"'));
	        open = strchr(close + 1, '"')) {
		const char *known[] = {PQhost(pg->conn), PQdb(pg->conn), PQuser(pg->conn)};
		bool harmless = false;

		*close = '\0';
		for (size_t i = 0; i < sizeof known / sizeof *known; i++)
			harmless = harmless || (known[i] && strcmp(known[i], open + 1) == 0);
		if (!harmless && strstr(pg->suspicious, open + 1))
			memset(open + 1, '*', (size_t)(close - open - 1));
		*close = '"';
	}
}

/* "LOCATION:  InitPostgres, postinit.c:948": the price of the SQLSTATE in the text; its first word is translated. */
static bool is_location(const char *line, size_t length)
{
	const char *dot = memmem(line, length, ".c:", 3);
	const char *comma = memchr(line, ',', length);
	const char *colon = memmem(line, length, ":  ", 3);

	if (!dot || !comma || !colon || colon > comma || comma > dot)
		return false;
	for (const char *c = dot + 3; c < line + length; c++)
		if (!isdigit((unsigned char)*c))
			return false;
	return true;
}

/* One line out of libpq's several, without what only its programmers need. */
static void on_one_line(const char *from, char *out, size_t size)
{
	size_t used = 0;

	while (*from && used + 2 < size) {
		size_t length = strcspn(from, "\n");
		size_t begin = strspn(from, "\t ") < length ? strspn(from, "\t ") : length;

		if (!is_location(from, length) && begin < length) {
			if (used > 0)
				out[used++] = ' ';
			for (size_t i = begin; i < length && used + 1 < size; i++)
				if (from[i] != ' ' || used == 0 || out[used - 1] != ' ')
					out[used++] = from[i];
		}
		from += length + (from[length] == '\n');
	}
	out[used] = '\0';
}

void pg_connect_error(const struct pg *pg, char sqlstate[6], char *text, size_t size)
{
	char line[2048];
	const char *from = PQerrorMessage(pg->conn);

	pg_sqlstate_in(from, sqlstate);
	if (!pg_showable(pg)) {
		snprintf(text, size,
		        "the connection string cannot be read (it is not shown, as it may hold a password); in a URI "
		        "write / as %%2F and @ as %%40, or give the password in PGPASSWORD");
		return;
	}
	on_one_line(from, line, sizeof line);
	if (pg->suspicious)
		mask_fragments(pg, line);
	log_printable(line, text, size);
}

void pg_finish(struct pg *pg)
{
	if (!pg)
		return;
	PQfinish(pg->conn);
	free(pg);
}

void pg_drop(struct pg *pg)
{
	if (!pg)
		return;
	/* With the socket shut first, PQfinish cannot send a Terminate that a stuck peer would have to take. */
	if (PQsocket(pg->conn) >= 0)
		shutdown(PQsocket(pg->conn), SHUT_RDWR);
	pg_finish(pg);
}

void pg_shut_down(struct pg *pg)
{
	int fd = PQsocket(pg->conn);

	if (fd >= 0)
		shutdown(fd, SHUT_RDWR);
}

int pg_socket(const struct pg *pg)
{
	return PQsocket(pg->conn);
}

bool pg_broken(const struct pg *pg)
{
	return PQstatus(pg->conn) == CONNECTION_BAD;
}

int pg_backend_pid(const struct pg *pg)
{
	return PQbackendPID(pg->conn);
}

int pg_server_version(const struct pg *pg)
{
	return PQserverVersion(pg->conn);
}

const char *pg_parameter(const struct pg *pg, const char *name)
{
	return PQparameterStatus(pg->conn, name);
}

const char *pg_host(const struct pg *pg)
{
	const char *host = PQhost(pg->conn);

	return host ? host : "";
}

const char *pg_hostaddr(const struct pg *pg)
{
	const char *address = PQhostaddr(pg->conn);

	return address ? address : "";
}

const char *pg_port(const struct pg *pg)
{
	const char *port = PQport(pg->conn);

	return port ? port : "";
}

const char *pg_dbname(const struct pg *pg)
{
	const char *db = PQdb(pg->conn);

	return db ? db : "";
}

const char *pg_user(const struct pg *pg)
{
	const char *user = PQuser(pg->conn);

	return user ? user : "";
}

enum pg_tx pg_transaction(const struct pg *pg)
{
	switch (PQtransactionStatus(pg->conn)) {
	case PQTRANS_IDLE:
		return PG_TX_IDLE;
	case PQTRANS_ACTIVE:
		return PG_TX_ACTIVE;
	case PQTRANS_INTRANS:
		return PG_TX_OPEN;
	case PQTRANS_INERROR:
		return PG_TX_ERROR;
	default:
		return PG_TX_UNKNOWN;
	}
}

const char *pg_error(const struct pg *pg)
{
	return PQerrorMessage(pg->conn);
}

const struct pg_notices *pg_notices(const struct pg *pg)
{
	return &pg->notices;
}

void pg_notices_forget(struct pg *pg)
{
	PGnotify *notify;

	/* Nobody here listens, but a task may: what comes of it must not pile up. */
	while ((notify = PQnotifies(pg->conn)))
		PQfreemem(notify);
	pg->notices.count = 0;
	pg->notices.sqlstate[0] = '\0';
	pg->notices.commit_doubt = false;
}
