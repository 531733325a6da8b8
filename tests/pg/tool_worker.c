/*
 * tool_worker: plays the parent for workers, over pipes, so that they can be tried against a real server by themselves.
 *
 *   tool_worker [-e process|thread|async] [-c N] [-j LANES] [-t TIMEOUT] [-P] [-r] [-k N] [-b BLOCK] [-s MODE] FILE
 * [CSV]
 *
 * -P: as through a pooler. -r: --read-only. -k: kill -9 the first worker once so many attempts are over. -b: release so
 * many positions at a time. -s: stop (soon, cancel, now) once every session has sent its first ticket. After the kill
 * and after the stop the shell command in AFTERWARDS is run. Cancels are done by psql. Prints one line per session and
 * attempt and one per end of a worker; exit 0 when every worker ended by itself.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "orchestrator/workload.h"
#include "shared/buf.h"
#include "shared/clock.h"
#include "shared/msg.h"
#include "worker/worker.h"

static struct {
	const char *engine, *csv;
	uint32_t clients, lanes, block;
	uint32_t kill_after;
	int64_t timeout, reconnect_for;
	enum stop_mode stop;
	bool pooler, readonly, special;
} opt = {.engine = "process", .clients = 2, .reconnect_for = 10 * NS_PER_S};

struct child {
	pid_t pid;
	struct chan chan;
	bool done, open;
	uint32_t worker, ready, sessions;
};

static struct child *children;
static uint32_t nchildren, nfinal;
static struct plan *plan;
static struct shm *shm;
static uint32_t *todo;
static bool exiting, went;

static pid_t start(uint32_t worker, uint32_t first, uint32_t sessions, uint32_t lanes)
{
	int up[2], down[2];
	pid_t pid;

	if (pipe2(up, O_CLOEXEC) || pipe2(down, O_CLOEXEC))
		abort();
	pid = fork();
	if (pid == 0) {
		struct assignment a = {.plan = plan,
		        .todo = todo,
		        .shm = shm,
		        .worker = worker,
		        .generation = 1,
		        .first_session = first,
		        .nsessions = sessions,
		        .nlanes = lanes,
		        .seed = 1,
		        .timeout_ns = opt.timeout,
		        .reconnect_for_ns = opt.reconnect_for,
		        .readonly = opt.readonly,
		        .special = opt.special ? plan->setup : NULL};

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (uint32_t i = 0; i < worker; i++)
			chan_close(&children[i].chan);
		close(up[0]);
		close(down[1]);
		chan_init(&a.chan, down[0], up[1]);
		a.target = (struct target){.direct = !opt.pooler, .server_version = 150000};
		snprintf(a.target.application_name, sizeof a.target.application_name, "pgparallel/test");
		_exit(worker_main(&a));
	}
	close(up[1]);
	close(down[0]);
	fcntl(up[0], F_SETFL, O_NONBLOCK);
	chan_init(&children[worker].chan, up[0], down[1]);
	children[worker].worker = worker;
	children[worker].open = true;
	children[worker].sessions = sessions;
	children[worker].pid = pid;
	return pid;
}

static void send_all(const struct buf *b)
{
	for (uint32_t i = 0; i < nchildren; i++) {
		chan_write(&children[i].chan, b->data, b->len);
		chan_flush(&children[i].chan, NULL);
	}
}

static void send_plain(enum msg_type type)
{
	struct buf b = {0};

	msg_put_plain(&b, type);
	send_all(&b);
	buf_free(&b);
}

static void send_stop(enum stop_mode mode)
{
	struct buf b = {0};

	msg_put_stop(&b, &(struct msg_stop){.mode = mode});
	send_all(&b);
	buf_free(&b);
}

static void release(void)
{
	uint64_t limit = atomic_load(&shm->limit);

	if (opt.block == 0 || limit >= plan->ntickets || nfinal < limit)
		return;
	atomic_store(&shm->limit, limit + opt.block);
	send_plain(MSG_RELEASE);
}

static void print_attempt(const struct attempt *a)
{
	const struct task *t = a->ticket == UINT32_MAX ? plan->setup : &plan->tasks[plan->tickets[a->ticket].task];

	printf("attempt %d %s try %u %s applied %u/%u at %u sqlstate %s rows %lld bytes %lld", (int)a->ticket,
	        t->name ? t->name : "-", a->try_no, outcome_name(a->outcome), a->applied, a->statements,
	        a->failed_statement, a->sqlstate[0] ? a->sqlstate : "-", (long long)a->rows, (long long)a->bytes);
	static const char *const names[] = {"RETRY", "RETRIED_HERE", "SESSION_LOST", "WORKER_DIED", "TIMED_OUT",
	        "CANCELLED", "CHECK_FAILED", "NO_MARKERS", "MARKER_MISSING", "LOCAL_COMMIT", "STOP_RUN"};
	for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
		if (a->flags & (1u << i))
			printf(" %s", names[i]);
	if (a->taken_ns > a->released_ns || (a->sent_ns && a->released_ns > a->sent_ns) || a->sent_ns > a->done_ns ||
	        (a->first_ns && (a->sent_ns > a->first_ns || a->first_ns > a->done_ns)))
		printf(" BAD_TIMES");
	if (a->before.server_us && a->after.server_us &&
	        (a->before.server_us > a->after.server_us || a->before.sent_ns > a->before.received_ns ||
	                a->after.sent_ns > a->after.received_ns || a->before.received_ns > a->after.received_ns))
		printf(" BAD_MARKERS");
	if (getenv("TIMES"))
		printf(" queue %.3f execute %.3f fetch %.3f server %.3f", (double)(a->sent_ns - a->taken_ns) / 1e6,
		        (double)(a->first_ns - a->sent_ns) / 1e6, (double)(a->done_ns - a->first_ns) / 1e6,
		        (double)(a->after.server_us - a->before.server_us) / 1e3);
	printf(" | %s\n", a->message ? a->message : "");
	if (!(a->flags & ATTEMPT_RETRIED_HERE))
		nfinal++;
}

static void print_session(struct child *c, const struct session_report *r)
{
	if (r->connected && r->connect_no == 1)
		c->ready++;
	printf("session %u connect %u %s pid %s start %s tls '%s' sqlstate %s | %s\n", r->session, r->connect_no,
	        r->connected ? "ready" : "gave up", r->backend_pid ? "yes" : "no", r->backend_start_us ? "yes" : "no",
	        r->tls, r->sqlstate[0] ? r->sqlstate : "-", r->message ? r->message : "");
	if (getenv("TIMES"))
		printf("  tcp %.3f auth %.3f ready %.3f\n", (double)(r->tcp_ns - r->start_ns) / 1e6,
		        (double)(r->auth_ns - r->start_ns) / 1e6, (double)(r->ready_ns - r->start_ns) / 1e6);
}

static void heard(struct child *c, const unsigned char *body, size_t len)
{
	enum msg_type type;
	struct session_report r;
	struct msg_results results;
	struct msg_want_cancel want;
	struct msg_fatal fatal;
	struct msg_note note;
	char command[256];

	if (!msg_type_of(body, len, &type)) {
		printf("worker %u says nonsense\n", c->worker);
		exit(1);
	}
	if (type == MSG_SESSION && msg_get_session(body, len, &r)) {
		print_session(c, &r);
		free(r.message);
	} else if (type == MSG_RESULTS && msg_get_results(body, len, &results)) {
		for (size_t i = 0; i < results.count; i++)
			print_attempt(&results.attempts[i]);
		msg_results_free(&results);
	} else if (type == MSG_WANT_CANCEL && msg_get_want_cancel(body, len, &want)) {
		printf("cancel session %u\n", want.session);
		snprintf(command, sizeof command, "psql -qAtc 'select pg_cancel_backend(%d)' >/dev/null",
		        want.backend_pid);
		if (!getenv("NO_CANCEL"))
			(void)!system(command);
	} else if (type == MSG_FATAL && msg_get_fatal(body, len, &fatal)) {
		printf("worker %u fatal %d sqlstate %s | %s\n", c->worker, fatal.code, fatal.sqlstate, fatal.text);
		free(fatal.text);
	} else if (type == MSG_NOTE && msg_get_note(body, len, &note)) {
		printf("note %s\n", note.text);
		free(note.text);
	} else if (type == MSG_DONE) {
		c->done = true;
	} else if (type == MSG_BUSY) {
		c->done = false;
	} else if (type == MSG_USAGE) {
		printf("worker %u usage\n", c->worker);
	}
}

static void listen_once(void)
{
	struct pollfd fds[1024];

	for (uint32_t i = 0; i < nchildren; i++)
		fds[i] = (struct pollfd){.fd = children[i].open ? children[i].chan.read_fd : -1, .events = POLLIN};
	poll(fds, nchildren, 20);
	for (uint32_t i = 0; i < nchildren; i++) {
		struct child *c = &children[i];
		const unsigned char *body;
		size_t len;

		if (!fds[i].revents)
			continue;
		if (!chan_read(&c->chan, NULL))
			abort();
		while (chan_next(&c->chan, &body, &len))
			heard(c, body, len);
		if (c->chan.eof)
			c->open = false;
	}
}

static bool all_sent(void)
{
	for (uint32_t s = 0; s < opt.clients; s++)
		if (atomic_load(&shm_slot(shm, s)->stage) != SLOT_SENT)
			return false;
	return true;
}

static void afterwards(void)
{
	const char *command = getenv("AFTERWARDS");

	if (command)
		(void)!system(command);
}

/* What the parent would do now. */
static void act(void)
{
	int64_t now = clock_now_ns();
	uint32_t done = 0, open = 0, ready = 0;

	for (uint32_t i = 0; i < nchildren; i++) {
		done += children[i].done || !children[i].open;
		open += children[i].open;
		ready += children[i].ready >= children[i].sessions || !children[i].open;
	}
	if (!went && (ready == nchildren || opt.special)) {
		went = true;
		if (opt.block == 0)
			atomic_store(&shm->limit, plan->ntickets);
		atomic_store(&shm->go_ns, now + 2 * NS_PER_MS);
		send_plain(MSG_GO);
	}
	if (went)
		release();
	if (went && opt.kill_after > 0 && nfinal >= opt.kill_after) {
		kill(children[0].pid, SIGKILL);
		opt.kill_after = 0;
		afterwards();
	}
	if (went && opt.stop != STOP_NONE && all_sent()) {
		atomic_store(&shm->stop_mode, opt.stop);
		send_stop(opt.stop);
		opt.stop = STOP_NONE;
		afterwards();
	}
	if (went && done == nchildren && open > 0 && !exiting) {
		exiting = true;
		send_stop(STOP_EXIT);
	}
}

static int reap(void)
{
	int status, bad = 0;

	for (uint32_t i = 0; i < nchildren; i++) {
		waitpid(children[i].pid, &status, 0);
		if (WIFSIGNALED(status))
			printf("worker %u signal %d\n", i, WTERMSIG(status));
		else
			printf("worker %u exit %d\n", i, WEXITSTATUS(status));
		bad += !WIFEXITED(status) || WEXITSTATUS(status) != 0;
		chan_close(&children[i].chan);
	}
	return bad ? 1 : 0;
}

static void lay_out(void)
{
	bool process = strcmp(opt.engine, "process") == 0;
	uint32_t first = 0;

	if (opt.lanes == 0)
		opt.lanes = strcmp(opt.engine, "async") == 0 ? 1 : opt.clients;
	nchildren = process ? opt.lanes : 1;
	children = mem_zero(nchildren, sizeof *children);
	for (uint32_t i = 0; i < nchildren; i++) {
		uint32_t n = opt.clients / nchildren + (i < opt.clients % nchildren);

		start(i, first, n, process ? 1 : opt.lanes);
		first += n;
	}
}

static enum stop_mode stop_named(const char *text)
{
	return strcmp(text, "soon") == 0 ? STOP_SOON : strcmp(text, "cancel") == 0 ? STOP_CANCEL : STOP_NOW;
}

int main(int argc, char **argv)
{
	struct err err;
	int o;

	while ((o = getopt(argc, argv, "e:c:j:t:Prk:b:s:Sw:")) != -1) {
		switch (o) {
		case 'e':
			opt.engine = optarg;
			break;
		case 'c':
			opt.clients = (uint32_t)atoi(optarg);
			break;
		case 'j':
			opt.lanes = (uint32_t)atoi(optarg);
			break;
		case 't':
			clock_parse(optarg, &opt.timeout);
			break;
		case 'w':
			clock_parse(optarg, &opt.reconnect_for);
			break;
		case 'P':
			opt.pooler = true;
			break;
		case 'r':
			opt.readonly = true;
			break;
		case 'S':
			opt.special = true;
			break;
		case 'k':
			opt.kill_after = (uint32_t)atoi(optarg);
			break;
		case 'b':
			opt.block = (uint32_t)atoi(optarg);
			break;
		case 's':
			opt.stop = stop_named(optarg);
			break;
		default:
			return 2;
		}
	}
	signal(SIGPIPE, SIG_IGN);
	setvbuf(stdout, NULL, _IOLBF, 0);
	plan = workload_load((const char *const *)argv + optind, 1, argv[optind + 1], -1, &err);
	if (!plan || (opt.readonly && !plan_make_readonly(plan, &err))) {
		fprintf(stderr, "%s\n", err.text);
		return 2;
	}
	worker_warm_up(&(struct target){0});
	shm = shm_map(opt.clients, plan->ntickets, (uint32_t)plan->ntasks, &err);
	if (shm)
		atomic_store(&shm->marker_ns, 12000);
	todo = mem_zero(plan->ntickets, sizeof *todo);
	for (uint32_t i = 0; i < plan->ntickets; i++)
		todo[i] = i;
	lay_out();
	for (bool open = true; open;) {
		listen_once();
		act();
		open = false;
		for (uint32_t i = 0; i < nchildren; i++)
			open = open || children[i].open;
	}
	o = reap();
	shm_unmap(shm);
	plan_free(plan);
	free(todo);
	free(children);
	return o;
}
