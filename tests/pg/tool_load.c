/*
 * tool_load: plays the parent for workers in a load run, so that their loops can be tried against a real server by
 * themselves. Takes pgbench's options as far as they go, and some of ours:
 *
 *   tool_load [-e process|thread|async] [-c N] [-j LANES] [-t N | -T SEC] [-f FILE[@W]]... [-b NAME[@W]]... [-M MODE]
 *     [-R RATE] [-L MS] [-C] [-D NAME=VALUE]... [-s SCALE] [-r] [-x MAX_TRIES] [-z SEED] [-w WARMUP] [-u RAMP] [-k
 * THINK]
 *     [-o TIMEOUT] [-p PIPELINE] [-g] (continue on error) [-a SAMPLING] [-y MODE:MS] (stop) [-i MS] (kill -9 the first
 *     worker and replace it) [-P] (as through a pooler) [-O] (print each record) [-X] (the run ends when a session
 * aborts)
 *
 * Prints what the lanes counted. Exit 0 when every worker ended by itself.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "orchestrator/script_parse.h"
#include "shared/buf.h"
#include "shared/clock.h"
#include "shared/msg.h"
#include "worker/worker.h"

static struct {
	const char *engine;
	uint32_t clients, lanes;
	int64_t timeout, kill_after, stop_after, reconnect_for;
	enum stop_mode stop;
	uint64_t seed;
	bool pooler, records, scale_given;
	int64_t scale;
} opt = {.engine = "process", .clients = 1, .seed = 1, .reconnect_for = 10 * NS_PER_S};

struct child {
	pid_t pid;
	struct chan chan;
	bool done, open;
	uint32_t worker, ready, first, sessions, lanes, first_lane, generation;
};

static struct child *children;
static uint32_t nchildren, nlanes;
static struct plan *plan;
static struct scripts scripts;
static struct shm *shm;
static bool exiting, went;
static int64_t begun;
static int bad;

static void start(struct child *c)
{
	int up[2], down[2];

	if (pipe2(up, O_CLOEXEC) || pipe2(down, O_CLOEXEC))
		abort();
	c->generation++;
	c->ready = 0;
	c->done = false;
	c->pid = fork();
	if (c->pid == 0) {
		struct assignment a = {.plan = plan,
		        .shm = shm,
		        .worker = c->worker,
		        .generation = c->generation,
		        .first_session = c->first,
		        .nsessions = c->sessions,
		        .nlanes = c->lanes,
		        .first_lane = c->first_lane,
		        .seed = opt.seed,
		        .timeout_ns = opt.timeout,
		        .reconnect_for_ns = opt.reconnect_for,
		        .replacement = c->generation > 1};

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (uint32_t i = 0; i < nchildren; i++)
			if (children[i].open)
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
	chan_init(&c->chan, up[0], down[1]);
	c->open = true;
}

static void send_all(const struct buf *b)
{
	for (uint32_t i = 0; i < nchildren; i++) {
		if (!children[i].open)
			continue;
		chan_write(&children[i].chan, b->data, b->len);
		chan_flush(&children[i].chan, NULL);
	}
}

static void send_stop(enum stop_mode mode)
{
	struct buf b = {0};

	msg_put_stop(&b, &(struct msg_stop){.mode = mode});
	send_all(&b);
	buf_free(&b);
}

static void cancel(const struct msg_want_cancel *want)
{
	char command[256];

	printf("cancel session %u\n", want->session);
	snprintf(command, sizeof command, "psql -qAtc 'select pg_cancel_backend(%d)' >/dev/null", want->backend_pid);
	(void)!system(command);
}

static void heard(struct child *c, const unsigned char *body, size_t len)
{
	enum msg_type type;
	struct session_report r;
	struct msg_want_cancel want;
	struct msg_fatal fatal;
	struct msg_note note;

	if (!msg_type_of(body, len, &type))
		exit(1);
	if (type == MSG_SESSION && msg_get_session(body, len, &r)) {
		c->ready += r.connected && r.connect_no == 1;
		if (!r.connected || r.connect_no > 1)
			printf("session %u connect %u %s sqlstate %s | %s\n", r.session, r.connect_no,
			        r.connected ? "ready" : "gave up", r.sqlstate[0] ? r.sqlstate : "-",
			        r.message ? r.message : "");
		free(r.message);
	} else if (type == MSG_FATAL && msg_get_fatal(body, len, &fatal)) {
		printf("worker %u fatal %d sqlstate %s | %s\n", c->worker, fatal.code, fatal.sqlstate, fatal.text);
		free(fatal.text);
	} else if (type == MSG_WANT_CANCEL && msg_get_want_cancel(body, len, &want)) {
		cancel(&want);
	} else if (type == MSG_NOTE && msg_get_note(body, len, &note)) {
		printf("note %s\n", note.text);
		free(note.text);
	} else if (type == MSG_DONE) {
		c->done = true;
	}
}

static void print_record(const struct load_record *r)
{
	static const char *const names[] = {"?", "done", "failed", "skipped", "unknown"};
	char state[6];

	load_sqlstate_unpack(r->sqlstate, state);
	printf("tx session %u number %u script %u %s retries %u latency %.3f lag %.3f sqlstate %s\n", r->session,
	        r->number, r->script, names[r->outcome], r->retries, (double)r->latency_ns / 1e6,
	        (double)r->lag_ns / 1e6, state);
}

static void drain(void)
{
	static struct load_record records[1024];
	size_t n;

	for (uint32_t i = 0; i < nlanes; i++)
		while ((n = load_record_take(&shm->load, shm_load_lane(shm, i), records, 1024)) > 0)
			for (size_t k = 0; k < n && opt.records; k++)
				print_record(&records[k]);
}

/* As the parent judges it. */
static void bury(struct child *c)
{
	int status;

	waitpid(c->pid, &status, 0);
	if (WIFSIGNALED(status))
		printf("worker %u signal %d\n", c->worker, WTERMSIG(status));
	else if (WEXITSTATUS(status) != 0)
		printf("worker %u exit %d\n", c->worker, WEXITSTATUS(status));
	bad += WIFEXITED(status) && WEXITSTATUS(status) != 0;
	chan_close(&c->chan);
	c->open = false;
	for (uint32_t i = 0; i < c->sessions; i++) {
		struct slot *slot = shm_slot(shm, c->first + i);
		uint64_t lost = atomic_load(&slot->tx_started) - atomic_load(&slot->tx_ended);

		if (lost == 0)
			continue;
		printf("lost with the worker: session %u %s %llu\n", c->first + i,
		        slot_stage_name(atomic_load(&slot->stage)), (unsigned long long)lost);
		atomic_fetch_add(&slot->tx_ended, lost);
		atomic_fetch_add(&slot->tx_counted, lost);
	}
	if (WIFSIGNALED(status))
		start(c);
}

static void listen_once(void)
{
	struct pollfd fds[1024];

	for (uint32_t i = 0; i < nchildren; i++)
		fds[i] = (struct pollfd){.fd = children[i].open ? children[i].chan.read_fd : -1, .events = POLLIN};
	poll(fds, nchildren, 20);
	drain();
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
			bury(c);
	}
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
	if (!went && ready == nchildren) {
		struct buf b = {0};

		went = true;
		begun = now;
		atomic_store(&shm->go_ns, now + 2 * NS_PER_MS);
		msg_put_plain(&b, MSG_GO);
		send_all(&b);
		buf_free(&b);
	}
	if (went && opt.kill_after > 0 && now - begun > opt.kill_after) {
		kill(children[0].pid, SIGKILL);
		opt.kill_after = 0;
	}
	for (uint32_t i = 0; plan->load.exit_on_abort && i < nlanes; i++)
		if (atomic_load(&shm_load_lane(shm, i)->aborted) > 0 && atomic_load(&shm->stop_mode) == STOP_NONE) {
			opt.stop = STOP_SOON;
			opt.stop_after = 0;
		}
	if (went && opt.stop != STOP_NONE && now - begun >= opt.stop_after) {
		atomic_store(&shm->stop_mode, opt.stop);
		send_stop(opt.stop);
		opt.stop = STOP_NONE;
	}
	if (went && done == nchildren && open > 0 && !exiting) {
		exiting = true;
		send_stop(STOP_EXIT);
	}
}

static void lay_out(void)
{
	bool process = strcmp(opt.engine, "process") == 0;
	uint32_t first = 0;

	nchildren = process ? nlanes : 1;
	children = mem_zero(nchildren, sizeof *children);
	for (uint32_t i = 0; i < nchildren; i++) {
		uint32_t n = opt.clients / nchildren + (i < opt.clients % nchildren);

		children[i] = (struct child){.worker = i,
		        .first = first,
		        .sessions = n,
		        .lanes = process ? 1 : nlanes,
		        .first_lane = process ? i : 0};
		start(&children[i]);
		first += n;
	}
}

static void print_hist(const char *name, const struct hist *h)
{
	printf(" %s n %llu mean %.3f p50 %.3f p99 %.3f max %.3f", name, (unsigned long long)h->count,
	        hist_mean(h) / 1e6, (double)hist_percentile(h, 50) / 1e6, (double)hist_percentile(h, 99) / 1e6,
	        (double)hist_max(h) / 1e6);
}

static void print_script(int k)
{
	static struct hist service, schedule, lag;
	uint64_t sums[7] = {0};

	memset(&service, 0, sizeof service);
	memset(&schedule, 0, sizeof schedule);
	memset(&lag, 0, sizeof lag);
	for (uint32_t i = 0; i < nlanes; i++) {
		struct load_script *s = &load_lane_scripts(&shm->load, shm_load_lane(shm, i))[k];
		_Atomic uint64_t *from[] = {
		        &s->done, &s->failed, &s->skipped, &s->unknown, &s->retried, &s->retries, &s->late};

		for (int n = 0; n < 7; n++)
			sums[n] += atomic_load(from[n]);
		hist_merge(&service, &s->service);
		hist_merge(&schedule, &s->schedule);
		hist_merge(&lag, &s->lag);
	}
	printf("script %d done %llu failed %llu skipped %llu unknown %llu retried %llu retries %llu late %llu", k,
	        (unsigned long long)sums[0], (unsigned long long)sums[1], (unsigned long long)sums[2],
	        (unsigned long long)sums[3], (unsigned long long)sums[4], (unsigned long long)sums[5],
	        (unsigned long long)sums[6]);
	print_hist("service", &service);
	print_hist("schedule", &schedule);
	print_hist("lag", &lag);
	printf("\n");
}

static void print_command(int number, const char *text)
{
	static struct hist time;
	uint64_t failures = 0, retries = 0;

	memset(&time, 0, sizeof time);
	for (uint32_t i = 0; i < nlanes; i++) {
		struct load_command *c = &load_lane_commands(&shm->load, shm_load_lane(shm, i))[number];

		hist_merge(&time, &c->time);
		failures += atomic_load(&c->failures);
		retries += atomic_load(&c->retries);
	}
	printf("command %d failures %llu retries %llu", number, (unsigned long long)failures,
	        (unsigned long long)retries);
	print_hist("time", &time);
	printf(" %s\n", text);
}

static void print_errors(struct load_lane *lane)
{
	for (uint32_t i = 0; i < atomic_load(&lane->nerrors); i++) {
		struct load_error *e = &lane->errors[i];
		char state[6];

		load_sqlstate_unpack(atomic_load(&e->sqlstate), state);
		printf("error script %u sqlstate %s failed %llu retried %llu unknown %llu | %s\n", e->script,
		        state[0] ? state : "-", (unsigned long long)atomic_load(&e->failed),
		        (unsigned long long)atomic_load(&e->retried), (unsigned long long)atomic_load(&e->unknown),
		        e->text);
	}
}

static void print_all(void)
{
	int64_t first = INT64_MAX, last = 0, busy = 0;
	uint64_t counts[6] = {0}, done = 0;

	for (int k = 0, number = 0; k < scripts.nscripts; k++) {
		print_script(k);
		for (int c = 0; c < scripts.scripts[k].ncommands && shm->load.ncommands > 0; c++)
			print_command(number++, scripts.scripts[k].commands[c].text);
	}
	for (uint32_t i = 0; i < nlanes; i++) {
		struct load_lane *lane = shm_load_lane(shm, i);
		_Atomic uint64_t *from[] = {&lane->head, &lane->dropped, &lane->sampled_out, &lane->warmed,
		        &lane->connects, &lane->aborted};

		for (int n = 0; n < 6; n++)
			counts[n] += atomic_load(from[n]);
		if (lane->first_ns && lane->first_ns < first)
			first = lane->first_ns;
		if (lane->last_ns > last)
			last = lane->last_ns;
		busy += lane->busy_ns;
		print_errors(lane);
		for (int k = 0; k < scripts.nscripts; k++)
			done += load_lane_scripts(&shm->load, lane)[k].done;
	}
	printf("records %llu dropped %llu sampled_out %llu warmed %llu connects %llu aborted %llu\n",
	        (unsigned long long)counts[0], (unsigned long long)counts[1], (unsigned long long)counts[2],
	        (unsigned long long)counts[3], (unsigned long long)counts[4], (unsigned long long)counts[5]);
	for (uint32_t i = 0; i < opt.clients; i++) {
		struct slot *slot = shm_slot(shm, i);

		if (atomic_load(&slot->tx_started) != atomic_load(&slot->tx_ended))
			printf("session %u started %llu ended %llu\n", i,
			        (unsigned long long)atomic_load(&slot->tx_started),
			        (unsigned long long)atomic_load(&slot->tx_ended));
	}
	if (last > 0)
		printf("seconds %.3f tps %.1f busy %.2f\n", (double)(last - first) / 1e9,
		        (double)done * 1e9 / (double)(last - first), (double)busy / (double)(last - first));
}

static enum stop_mode stop_named(char *text)
{
	char *colon = strchr(text, ':');

	if (colon) {
		*colon = '\0';
		opt.stop_after = atoll(colon + 1) * NS_PER_MS;
	}
	return strcmp(text, "soon") == 0 ? STOP_SOON : strcmp(text, "cancel") == 0 ? STOP_CANCEL : STOP_NOW;
}

static struct script_source sources[64];
static const char *defines[64];
static struct script_options options = {.sources = sources, .defines = defines};
static struct load load = {.max_tries = 1, .sampling_rate = 1};

static bool option(int o)
{
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
		load.transactions = atoll(optarg);
		break;
	case 'T':
		clock_parse(optarg, &load.duration_ns);
		break;
	case 'f':
	case 'b':
		sources[options.nsources++] = (struct script_source){o == 'f' ? SCRIPT_FILE : SCRIPT_BUILTIN, optarg};
		break;
	case 'M':
		load.mode = optarg[0] == 's' ? QUERY_SIMPLE : optarg[0] == 'e' ? QUERY_EXTENDED : QUERY_PREPARED;
		break;
	case 'R':
		load.rate = atof(optarg);
		break;
	case 'L':
		load.latency_limit_ns = (int64_t)(atof(optarg) * 1e6);
		break;
	case 'C':
		load.reconnect = true;
		break;
	case 'D':
		defines[options.ndefines++] = optarg;
		break;
	case 's':
		opt.scale_given = true;
		opt.scale = atoll(optarg);
		break;
	case 'r':
		load.per_command = true;
		break;
	case 'x':
		load.max_tries = (uint32_t)atoi(optarg);
		break;
	case 'z':
		opt.seed = strtoull(optarg, NULL, 10);
		break;
	case 'w':
		clock_parse(optarg, &load.warmup_ns);
		break;
	case 'u':
		clock_parse(optarg, &load.ramp_ns);
		break;
	case 'k':
		clock_parse(optarg, &load.think_ns);
		break;
	case 'o':
		clock_parse(optarg, &opt.timeout);
		break;
	case 'p':
		load.pipeline = (uint32_t)atoi(optarg);
		break;
	case 'g':
		load.continue_on_error = true;
		break;
	case 'a':
		load.sampling_rate = atof(optarg);
		break;
	case 'y':
		opt.stop = stop_named(optarg);
		break;
	case 'i':
		opt.kill_after = atoll(optarg) * NS_PER_MS;
		break;
	case 'P':
		opt.pooler = true;
		break;
	case 'O':
		opt.records = true;
		break;
	case 'X':
		load.exit_on_abort = true;
		break;
	case 'V':
		load.verbose_errors = true;
		break;
	case 'S':
		options.allow_shell = true;
		break;
	default:
		return false;
	}
	return true;
}

static bool set_up(void)
{
	struct load_layout layout;
	struct err err;

	options.extended = load.mode != QUERY_SIMPLE;
	if (!scripts_load_run(&options, &scripts, &plan, &err)) {
		fprintf(stderr, "%s\n", err.text);
		return false;
	}
	if (opt.scale_given) {
		scripts.variables[scripts.scale].set = true;
		scripts.variables[scripts.scale].value = (struct value){.type = VALUE_INT, .integer = opt.scale};
	}
	load.ask_scale = !scripts.variables[scripts.scale].set && scripts.variables[scripts.scale].used;
	plan->scripts = &scripts;
	plan->load = load;
	nlanes = opt.lanes ? opt.lanes : strcmp(opt.engine, "async") == 0 ? 1 : opt.clients;
	load_layout(&layout, nlanes, (uint32_t)scripts.nscripts, load.per_command ? (uint32_t)scripts.ncommands : 0,
	        load.sampling_rate > 0);
	worker_warm_up(&(struct target){0});
	shm = shm_map_load(opt.clients, &layout, &err);
	return shm != NULL;
}

int main(int argc, char **argv)
{
	int o;

	while ((o = getopt(argc, argv, "e:c:j:t:T:f:b:M:R:L:CD:s:rx:z:w:u:k:o:p:ga:y:i:POXVS")) != -1)
		if (!option(o))
			return 2;
	signal(SIGPIPE, SIG_IGN);
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!set_up())
		return 2;
	lay_out();
	for (bool open = true; open;) {
		listen_once();
		act();
		open = false;
		for (uint32_t i = 0; i < nchildren; i++)
			open = open || children[i].open;
	}
	drain();
	print_all();
	shm_unmap(shm);
	plan->scripts = NULL;
	plan_free(plan);
	scripts_free(&scripts);
	free(children);
	return bad ? 1 : 0;
}
