/*
 * server: a scripted PostgreSQL inside the test's own process: protocol 3 on a unix socket, stepped with invented time,
 * every decision drawn from one seed. It keeps a ledger of what it applied, with the server's rules: an implicit
 * transaction per sync, explicit blocks, CALL that commits inside. Included by one test program, not linked.
 *
 * It understands "put T S" (writes entry S of task T), "get N" (N rows), "call T S" (writes, commits, may then fail),
 * begin, commit, rollback, and what the session machine itself sends. It may answer late, with errors, notices and
 * FATALs, cut its output or input at any byte, go on without its client (a ghost), forget prepared statements, and
 * refuse logins.
 */
#ifndef TESTS_SESSION_SERVER_H
#define TESTS_SESSION_SERVER_H

#include "shared/rng.h"
#include "tests/session/wire.h"

#define TASKS 24
#define STATEMENTS 6
#define CONNS 256
#define SERVER_EPOCH INT64_C(100000000000000) /* server's clock at invented time 0, us since 2000 */

struct faults { /* one in so many; 0 = never */
	uint32_t error, commit_error, fatal, cut, refuse, forget, hang, notice;
	int64_t delay_most;
};

struct server {
	char dir[64];
	int listener;
	struct rng rng;
	struct faults faults;
	struct conn conns[CONNS];
	int nconns;
	int64_t now;
	bool calm; /* no more faults: let what is left finish */
	int ledger[TASKS][STATEMENTS];
	struct buf *log;
};

static bool chance(struct server *v, uint32_t one_in)
{
	return !v->calm && one_in > 0 && rng_below(&v->rng, one_in) == 0;
}

/* ---- the ledger ---- */

static void apply(struct server *v, struct conn *c)
{
	for (int i = 0; i < c->npending; i++) {
		v->ledger[c->pending[i][0]][c->pending[i][1]]++;
		buf_printf(v->log, "apply %d.%d\n", c->pending[i][0], c->pending[i][1]);
	}
	c->npending = 0;
}

static void note_pending(struct conn *c, int task, int statement)
{
	if (c->npending == PENDING)
		abort();
	c->pending[c->npending][0] = task;
	c->pending[c->npending][1] = statement;
	c->npending++;
}

/* ---- connections ---- */

static void server_hang_up(struct server *v, struct conn *c, bool roll_back)
{
	(void)v;
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	if (roll_back) {
		c->npending = 0;
		c->alive = false;
	}
}

/* Sends what was put; a cut comes at a byte, wherever that lies. */
static void server_flush(struct server *v, struct conn *c)
{
	size_t len = c->out.len;
	bool cut = false;

	if (c->fd < 0 || len == 0) {
		buf_clear(&c->out);
		return;
	}
	if (!v->calm && c->sent + len > c->cut_out) {
		len = c->cut_out > c->sent ? c->cut_out - c->sent : 0;
		cut = true;
	}
	if (len > 0 && send(c->fd, c->out.data, len, MSG_NOSIGNAL) != (ssize_t)len)
		cut = true;
	c->sent += len;
	buf_clear(&c->out);
	if (cut)
		server_hang_up(v, c, !c->ghost);
}

static void server_fatal(struct server *v, struct conn *c, const char *code)
{
	put_trouble(c, 'E', "FATAL", code);
	server_flush(v, c);
	server_hang_up(v, c, true);
}

static void server_error(struct conn *c, const char *code)
{
	put_trouble(c, 'E', "ERROR", code);
	c->skipping = true;
	c->npending = 0;
	if (c->tx != 'I')
		c->tx = 'E';
}

static void start_up(struct server *v, struct conn *c)
{
	static const char *const parameters[][2] = {{"server_version", "15.18"}, {"client_encoding", "UTF8"},
	        {"standard_conforming_strings", "on"}, {"integer_datetimes", "on"}};
	struct buf body = {0};

	if (chance(v, v->faults.refuse)) {
		static const char *const codes[] = {"57P03", "53300", "57P03"};

		server_fatal(v, c, codes[rng_below(&v->rng, 3)]);
		return;
	}
	put_int(&body, 0, 4);
	put_message(c, 'R', &body);
	for (size_t i = 0; i < sizeof parameters / sizeof *parameters; i++) {
		buf_clear(&body);
		buf_append(&body, parameters[i][0], strlen(parameters[i][0]) + 1);
		buf_append(&body, parameters[i][1], strlen(parameters[i][1]) + 1);
		put_message(c, 'S', &body);
	}
	buf_clear(&body);
	put_int(&body, (uint32_t)c->pid, 4);
	put_int(&body, 4711, 4);
	put_message(c, 'K', &body);
	buf_free(&body);
	put_ready(c);
	server_flush(v, c);
	c->started = true;
}

/* ---- executing ---- */

static int columns_of(const char *sql)
{
	if (strncmp(sql, "select pg_backend_pid", 21) == 0)
		return 2;
	return strncmp(sql, "select", 6) == 0 || strncmp(sql, "get", 3) == 0 ? 1 : 0;
}

static void execute_select(struct server *v, struct conn *c)
{
	uint32_t pid = htonl((uint32_t)c->pid);
	uint64_t at = htobe64((uint64_t)(SERVER_EPOCH + v->now / NS_PER_US));
	const char *two[] = {(const char *)&pid, (const char *)&at};
	int rows = strncmp(c->portal, "get ", 4) == 0 ? atoi(c->portal + 4) : 1;
	char tag[32];

	if (columns_of(c->portal) == 2)
		put_row(c, 2, two, (const int[]){4, 8});
	else
		for (int i = 0; i < rows; i++)
			put_row(c, 1, (const char *const[]){"value"}, (const int[]){5});
	snprintf(tag, sizeof tag, "SELECT %d", rows);
	put_text(c, 'C', tag);
}

static void execute_block(struct server *v, struct conn *c)
{
	if (c->portal[0] == 'b') {
		c->tx = 'T';
		put_text(c, 'C', "BEGIN");
	} else if (c->portal[0] == 'c') {
		bool failed = c->tx == 'E';

		if (failed)
			c->npending = 0;
		if (!failed && chance(v, v->faults.commit_error)) {
			c->tx = 'I';
			server_error(c, "40001");
			return;
		}
		apply(v, c);
		c->tx = 'I';
		put_text(c, 'C', failed ? "ROLLBACK" : "COMMIT");
	} else {
		c->npending = 0;
		c->tx = 'I';
		put_text(c, 'C', "ROLLBACK");
	}
}

static void execute_call(struct server *v, struct conn *c)
{
	int task, statement;

	sscanf(c->portal, "call %d %d", &task, &statement);
	if (c->tx != 'I') {
		server_error(c, "2D000");
		return;
	}
	if (chance(v, 4)) { /* before its inner COMMIT */
		server_error(c, "P0001");
		return;
	}
	note_pending(c, task, statement);
	apply(v, c);
	if (chance(v, 4))
		server_error(c, "P0001");
	else
		put_text(c, 'C', "CALL");
}

static const char *error_for(struct server *v)
{
	static const char *const codes[] = {
	        "23505", "40001", "40P01", "22012", "55P03", "57014", "55006", "53200", "42P01", "XX000"};

	return codes[rng_below(&v->rng, sizeof codes / sizeof *codes)];
}

static void execute(struct server *v, struct conn *c)
{
	int task, statement;
	bool block = strcmp(c->portal, "begin") == 0 || strcmp(c->portal, "begin read only") == 0 ||
	             strcmp(c->portal, "commit") == 0 || strcmp(c->portal, "rollback") == 0;
	bool ours = strncmp(c->portal, "put", 3) == 0 || strncmp(c->portal, "get", 3) == 0;

	if (c->tx == 'E' && strcmp(c->portal, "rollback") != 0 && strcmp(c->portal, "commit") != 0) {
		server_error(c, "25P02");
	} else if (c->cancelled) {
		server_error(c, "57014");
	} else if (chance(v, v->faults.fatal)) {
		server_fatal(v, c, "57P01");
	} else if (ours && chance(v, v->faults.error)) {
		server_error(c, error_for(v));
	} else if (block) {
		execute_block(v, c);
	} else if (strncmp(c->portal, "call", 4) == 0) {
		execute_call(v, c);
	} else if (sscanf(c->portal, "put %d %d", &task, &statement) == 2) {
		note_pending(c, task, statement);
		put_text(c, 'C', "INSERT 0 1");
	} else if (columns_of(c->portal) > 0) {
		execute_select(v, c);
	} else {
		put_text(c, 'C', strncmp(c->portal, "reset", 5) == 0 ? "RESET" : "SET");
	}
	c->cancelled = false;
}

/* The implicit transaction of what came since the last sync ends here. */
static void synchronise(struct server *v, struct conn *c)
{
	if (c->tx == 'I' && !c->skipping && c->npending > 0) {
		if (chance(v, v->faults.commit_error)) {
			put_trouble(c, 'E', "ERROR", "40001");
			c->npending = 0;
		} else {
			apply(v, c);
		}
	}
	c->skipping = false;
	put_ready(c);
	server_flush(v, c);
}

/* ---- messages ---- */

static void begin_execute(struct server *v, struct conn *c)
{
	bool slow = strncmp(c->portal, "select", 6) != 0;

	c->executing = true;
	c->hanging = slow && chance(v, v->faults.hang);
	c->ready_at = v->now + 20 * NS_PER_US;
	if (slow && v->faults.delay_most > 0)
		c->ready_at += (int64_t)rng_below(&v->rng, (uint64_t)v->faults.delay_most);
	if (c->hanging)
		c->ready_at = v->now + 30 * NS_PER_S;
	if (chance(v, 3))
		server_flush(v, c);
}

static void handle(struct server *v, struct conn *c, char type, const char *body)
{
	const char *name = body + strlen(body) + 1; /* of the statement, in Bind and after Parse's own name */

	if (c->skipping && type != 'S' && type != 'X')
		return;
	switch (type) {
	case 'P':
		if (body[0])
			c->prepared = true;
		else
			snprintf(c->statement, sizeof c->statement, "%s", name);
		if (!body[0] && strncmp(c->statement, "put", 3) == 0 && chance(v, v->faults.error * 8))
			server_error(c, "42601");
		else
			put_plain(c, '1');
		break;
	case 'B':
		/* Ours bind no parameters: the last two bytes are the one result format. */
		if (name[0] && chance(v, v->faults.forget))
			c->prepared = false;
		if (name[0] && !c->prepared) {
			server_error(c, "26000");
			break;
		}
		snprintf(c->portal, sizeof c->portal, "%s",
		        name[0] ? "select pg_backend_pid(), clock_timestamp()" : c->statement);
		put_plain(c, '2');
		break;
	case 'D':
		if (columns_of(c->portal) > 0)
			put_description(c, columns_of(c->portal), columns_of(c->portal) == 2);
		else
			put_plain(c, 'n');
		break;
	case 'E':
		begin_execute(v, c);
		break;
	case 'S':
		synchronise(v, c);
		break;
	case 'X':
		server_hang_up(v, c, true);
		break;
	default:
		break;
	}
}

/* One whole message out of the input; false when there is none yet. */
static bool server_message(struct server *v, struct conn *c)
{
	size_t left = c->in.len - c->used;
	size_t head = c->started ? 5 : 4;
	uint32_t len;
	const char *at = c->in.data + c->used;

	if (left < head)
		return false;
	memcpy(&len, at + head - 4, 4);
	len = ntohl(len);
	if (left < len + head - 4)
		return false;
	c->used += len + head - 4;
	if (c->started)
		handle(v, c, at[0], at + 5);
	else
		start_up(v, c);
	return true;
}

/* Goes on with one connection; true when something happened. */
static bool conn_step(struct server *v, struct conn *c)
{
	bool moved = false;

	while (c->alive) {
		if (c->executing) {
			if (v->now < c->ready_at && !c->cancelled)
				break;
			c->executing = false;
			if (chance(v, v->faults.notice))
				put_trouble(c, 'N', "NOTICE", "00000");
			execute(v, c);
		} else if (!server_message(v, c)) {
			if (c->fd < 0) { /* a ghost has read all there was: its open work is rolled back */
				c->npending = 0;
				c->alive = false;
			}
			break;
		}
		moved = true;
	}
	return moved;
}

static bool conn_read(struct server *v, struct conn *c)
{
	char bytes[8192];
	ssize_t n;

	if (c->fd < 0)
		return false;
	n = recv(c->fd, bytes, sizeof bytes, MSG_DONTWAIT);
	if (n < 0)
		return false;
	if (n == 0) { /* the client has left: what it sent before is still carried out, as far as it goes */
		close(c->fd);
		c->fd = -1;
		if (!c->ghost)
			c->alive = false;
		return true;
	}
	if (!v->calm && c->taken + (size_t)n > c->cut_in) {
		n = c->cut_in > c->taken ? (ssize_t)(c->cut_in - c->taken) : 0;
		buf_append(&c->in, bytes, (size_t)n);
		server_hang_up(v, c, !c->ghost);
		return true;
	}
	c->taken += (size_t)n;
	buf_append(&c->in, bytes, (size_t)n);
	return true;
}

static bool server_accept(struct server *v)
{
	int fd = accept4(v->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct conn *c;

	if (fd < 0)
		return false;
	if (v->nconns == CONNS)
		abort();
	c = &v->conns[v->nconns++];
	*c = (struct conn){.fd = fd,
	        .alive = true,
	        .tx = 'I',
	        .pid = 1000 + v->nconns,
	        .ghost = rng_below(&v->rng, 2) == 0,
	        .cut_in = SIZE_MAX,
	        .cut_out = SIZE_MAX};
	if (chance(v, v->faults.cut))
		c->cut_out = rng_below(&v->rng, 4000);
	else if (chance(v, v->faults.cut))
		c->cut_in = rng_below(&v->rng, 4000);
	return true;
}

/* Everything the server can do at this instant; true when anything happened. */
static bool server_step(struct server *v, int64_t now)
{
	bool moved = false;

	v->now = now;
	while (server_accept(v))
		moved = true;
	for (int i = 0; i < v->nconns; i++) {
		struct conn *c = &v->conns[i];

		if (!c->alive)
			continue;
		moved |= conn_read(v, c);
		moved |= conn_step(v, c);
	}
	return moved;
}

static int64_t server_next(const struct server *v)
{
	int64_t next = CLOCK_NEVER;

	for (int i = 0; i < v->nconns; i++)
		if (v->conns[i].alive && v->conns[i].executing && v->conns[i].ready_at < next)
			next = v->conns[i].ready_at;
	return next;
}

static void server_cancel(struct server *v, int32_t pid)
{
	for (int i = 0; i < v->nconns; i++)
		if (v->conns[i].alive && v->conns[i].pid == pid && v->conns[i].executing)
			v->conns[i].cancelled = true;
}

static void server_open(struct server *v)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};

	snprintf(v->dir, sizeof v->dir, "/tmp/pgs.XXXXXX");
	if (!mkdtemp(v->dir))
		abort();
	v->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	snprintf(a.sun_path, sizeof a.sun_path, "%s/.s.PGSQL.5432", v->dir);
	if (bind(v->listener, (struct sockaddr *)&a, sizeof a) != 0 || listen(v->listener, 64) != 0)
		abort();
}

/* Forgets everything but the listening socket. */
static void server_reset(struct server *v, uint64_t seed, const struct faults *faults, struct buf *log)
{
	for (int i = 0; i < v->nconns; i++) {
		if (v->conns[i].fd >= 0)
			close(v->conns[i].fd);
		buf_free(&v->conns[i].in);
		buf_free(&v->conns[i].out);
	}
	v->nconns = 0;
	memset(v->ledger, 0, sizeof v->ledger);
	v->calm = false;
	v->faults = *faults;
	v->log = log;
	rng_seed(&v->rng, seed, 1);
}

static void server_close(struct server *v)
{
	struct faults none = {0};
	char path[128];

	server_reset(v, 0, &none, NULL);
	close(v->listener);
	snprintf(path, sizeof path, "%s/.s.PGSQL.5432", v->dir);
	unlink(path);
	rmdir(v->dir);
}

#endif
