/*
 * run_preflight: the phases before anything of the workload runs: the observer connects and tells facts, the server's
 * limits are checked, --resume waits for the end of old sessions, and the run gets its row in the store.
 */
#include "orchestrator/holes.h"
#include "orchestrator/run_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "orchestrator/preflight.h"
#include "reports/query.h"
#include "shared/clock.h"

#define OBSERVER_AGAIN_NS (500 * NS_PER_MS)
#define OLD_BACKENDS_NS (15 * NS_PER_S)
#define EARLY_MOST 16u

/* A name may stand for several addresses, each of which gets the whole time; the observer knows how many. */
int64_t run_connect_budget(const struct target *target)
{
	const char *host = target->host ? target->host : "";
	int64_t addresses = 1;

	for (const char *p = host; *p; p++)
		addresses += *p == ',';
	bool plain = host[0] == '/' || (host[0] && strspn(host, "0123456789.:,") == strlen(host));
	if (!plain && (host[0] || target->dbname))
		addresses *= 4;
	return target->connect_timeout_ns * addresses + NS_PER_S;
}

/* Workers are forked while the observer connects and wait, doing nothing, until the preflight has passed: whatever
 * stands between now and then must not need them, and not so many that the observer would wait for the parent. */
static void fork_early(struct run *run, int64_t now)
{
	struct err err = {0};

	const struct run_request *q = run->request;
	if (q->resume || q->vacuum || (run->plan->setup && !q->skip_setup) || run->stop.mode != STOP_NONE)
		return;
	run->crew.early = true;
	struct hole *holes = holes_fill();
	for (uint32_t i = 0; i < EARLY_MOST && i < run->nworkers; i++)
		if (run->crew.members[i].state == MEMBER_ABSENT &&
		        !crew_start(&run->crew, &run->crew.members[i], now, &err))
			break; /* SPAWN tries again, and says what is wrong */
	holes_free(holes);
}

static void start_observer(struct run *run, int64_t now)
{
	struct err err = {0};

	run->observer_ended = false;
	run->observer_again_ns = CLOCK_NEVER;
	/* The observer has deadlines of its own and waits for a server that starts up: this is for a hung one. */
	run->deadline_ns = now + run_connect_budget(&run->target) + run->options->reconnect_for_ns;
	run->observers++;
	if (!crew_start(&run->crew, crew_observer(&run->crew), now, &err)) {
		run_refuse(run, EXIT_USAGE, now, "%s", err.text);
		return;
	}
	fork_early(run, now);
	/* While it connects. A file that does not exist is not made for a server that cannot be reached. */
	if (access(run->request->store_path, F_OK) == 0 && record_attach(run, now))
		store_warm(run->store);
}

static void observer_refused(struct run *run, int64_t now)
{
	const struct member *o = crew_observer(&run->crew);
	const char *cause = o->cause[0] ? o->cause : "the observer process died before it could connect";

	if (strcmp(o->sqlstate, "57P03") == 0 && now - run->preflight_ns < run->options->reconnect_for_ns &&
	        run->stop.mode == STOP_NONE) {
		if (!run->said_starting)
			run_event(run, now, LEVEL_WARNING, "server starting",
			        "the server is starting up: waiting up to %.0f s (--reconnect-for)",
			        (double)run->options->reconnect_for_ns / 1e9);
		run->said_starting = true;
		run->observer_ended = false;
		run->observer_again_ns = now + OBSERVER_AGAIN_NS;
		run->deadline_ns = CLOCK_NEVER;
		return;
	}
	/* No connection left is a limit: nothing is wrong with who asks. */
	enum exit_code code = strcmp(o->sqlstate, "53300") == 0 ? EXIT_USAGE : EXIT_CONNECT;
	if (code == EXIT_USAGE)
		run_refuse(run, code, now, "%u sessions and the observer are wanted: %.850s", run->request->sessions,
		        cause);
	else
		run_refuse(run, code, now, "%.1000s", cause);
}

/* libpq ignores a password file that others can read, and each of its processes would say so: the observer has. */
static bool hush_passfile(void)
{
	const char *home = getenv("HOME"), *given = getenv("PGPASSFILE");
	char path[4096];
	struct stat st;

	if (given)
		snprintf(path, sizeof path, "%s", given);
	else
		snprintf(path, sizeof path, "%s/.pgpass", home ? home : "");
	if (stat(path, &st) != 0 || !S_ISREG(st.st_mode) || !(st.st_mode & (S_IRWXG | S_IRWXO)))
		return false;
	setenv("PGPASSFILE", PASSFILE_NONE, 1);
	return true;
}

/* For workers forked before the facts were known. */
static void share_facts(const struct server_facts *f, bool hush, struct shm_server *server)
{
	snprintf(server->host, sizeof server->host, "%s", f->host);
	snprintf(server->hostaddr, sizeof server->hostaddr, "%s", f->hostaddr);
	snprintf(server->port, sizeof server->port, "%s", f->port);
	server->direct = f->direct;
	server->version = f->version_num;
	server->hush_passfile = hush;
}

static void adopt_facts(struct run *run)
{
	const struct server_facts *f = run->facts;
	struct target *t = &run->target;

	share_facts(f, hush_passfile(), &run->shm->server);
	if (f->host[0])
		t->resolved_host = f->host;
	if (f->hostaddr[0])
		t->resolved_hostaddr = f->hostaddr;
	if (f->port[0])
		t->resolved_port = f->port;
	t->direct = f->direct;
	t->server_version = f->version_num;
	run->crew.assignment.target = *t;
	run->crew.observation.target = *t;
}

/* Which tickets run is settled: they get their book, and the run its row. */
static void begin_record(struct run *run, int64_t now)
{
	const struct run_request *q = run->request;
	struct err err = {0};

	run->shm->npositions = run->ntodo;
	if (!tickets_init(&run->tickets, run->plan, run->todo, run->ntodo, q->sessions, q->seed, &err)) {
		run_refuse(run, err.code, now, "%s", err.text);
		return;
	}
	/* A ticket that is not run again and was not done keeps the tasks after it from running. */
	for (uint32_t i = 0; q->resume && i < q->resume->ntickets && i < run->plan->ntickets; i++) {
		uint32_t position;
		if (q->resume->tickets[i].state != OUTCOME_DONE && !tickets_position(&run->tickets, i, &position))
			run->tickets.task_bad[run->plan->tickets[i].task] = 1;
	}
	run->tickets.readonly = run->options->read_only;
	run->preflight_end_ns = now;
	run_begin(run, now);
}

/* Whether the earlier run left it in doubt: a session of then may be at work on it still. */
static bool in_doubt(const struct resume_view *resume, uint32_t ticket)
{
	if (ticket >= resume->ntickets)
		return false;
	const struct ticket_state *s = &resume->tickets[ticket];
	return s->state == OUTCOME_UNKNOWN || (s->state == OUTCOME_NONE && s->released);
}

/* Has the observer end every backend of the earlier runs: a ticket in flight when their parent died names none. */
static void ask_old(struct run *run, int64_t now)
{
	const struct resume_view *resume = run->request->resume;
	struct buf body = {0};
	bool any = false;

	run_enter(run, PHASE_OLD, now);
	run->deadline_ns = now + OLD_BACKENDS_NS;
	for (uint32_t i = 0; i < run->ntodo && !any; i++)
		any = in_doubt(resume, run->todo[i]);
	if (!any)
		return;
	run->nold = (uint32_t)resume->nbackends;
	run->old = mem_zero(run->nold + 1u, sizeof *run->old);
	for (uint32_t i = 0; i < run->nold; i++) {
		struct msg_backend backend = {resume->backends[i].pid, resume->backends[i].start_us, i};
		/* Through a pooler that process may be serving somebody else, and without its start it is anybody. */
		run->old[i].answered = !run->target.direct || backend.pid <= 0 || backend.backend_start_us <= 0;
		if (run->old[i].answered)
			continue;
		buf_clear(&body);
		msg_put_backend(&body, MSG_TERMINATE, &backend);
		crew_send(&run->crew, crew_observer(&run->crew), &body);
	}
	buf_free(&body);
}

static bool left_out(const struct run *run, uint32_t ticket, bool all_gone)
{
	const struct task *task = &run->plan->tasks[run->plan->tickets[ticket].task];

	return !all_gone && !task->readonly && !run->options->read_only && in_doubt(run->request->resume, ticket);
}

void run_phase_old(struct run *run, int64_t now)
{
	uint32_t open = 0, kept = 0, dropped = 0, gone = 0;

	for (uint32_t i = 0; i < run->nold; i++) {
		open += !run->old[i].answered;
		gone += run->old[i].gone;
	}
	if (run->stop.mode != STOP_NONE) {
		run_refuse(run, EXIT_TASKS, now, "stopped by %s before anything ran", run->stop.reason);
		return;
	}
	if (open > 0 && now < run->deadline_ns && !run->observer_ended)
		return;
	for (uint32_t i = 0; i < run->ntodo; i++) {
		if (left_out(run, run->todo[i], gone == run->nold))
			dropped++;
		else
			run->todo[kept++] = run->todo[i];
	}
	run->ntodo = kept;
	if (dropped > 0)
		run_event(run, now, LEVEL_WARNING, "tickets left out",
		        "%u tickets whose outcome is unknown are not repeated: it is not certain that their old "
		        "sessions "
		        "have ended (see pg_stat_activity)",
		        dropped);
	begin_record(run, now);
}

void run_phase_preflight(struct run *run, int64_t now)
{
	struct member *observer = crew_observer(&run->crew);
	struct err err = {0};

	if (run->stop.mode != STOP_NONE) {
		run_refuse(run, EXIT_TASKS, now, "stopped by %s before anything ran", run->stop.reason);
		return;
	}
	if (run->facts) {
		adopt_facts(run);
		if (!preflight_server(run->request->sessions, run->facts, &err))
			run_refuse(run, err.code, now, "%s", err.text);
		else if (run->request->resume)
			ask_old(run, now);
		else
			begin_record(run, now);
		return;
	}
	if (run->observer_ended)
		observer_refused(run, now);
	else if (run->observer_again_ns <= now)
		start_observer(run, now);
	else if (observer->state == MEMBER_LIVING && run->deadline_ns <= now) {
		run_refuse(run, EXIT_CONNECT, now, "no answer from the server%s%s within %.0f s",
		        run->target.host ? " " : "", run->target.host ? run->target.host : "",
		        (double)(run->deadline_ns - run->phase_ns) / 1e9);
		crew_kill(&run->crew, observer, "no answer in time");
	}
}
