/*
 * fixture_run: see fixture_run.h. Proof and budget are filled from the same attempts by the plainest sweep there is, so
 * that what the renderers show can be checked by eye.
 */
#include "tests/unit/fixture_run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/rng.h"

#define SERVER_ZERO INT64_C(1795416012000000) /* server time at wall zero */

const char *fixture_name(enum fixture_kind kind)
{
	static const char *const names[FIXTURES] = {"sleeps", "alone", "locked", "failing", "hostile", "many", "load",
	        "empty", "scripts", "outage", "long", "wrong", "never"};

	return names[kind];
}

static void add_task(struct run_view *run, const char *name, const char *sql)
{
	run->tasks = mem_resize(run->tasks, run->ntasks + 1, sizeof *run->tasks);
	run->tasks[run->ntasks] = (struct task_view){.id = (int64_t)run->ntasks + 1,
	        .name = mem_strdup(name),
	        .sql = mem_strdup(sql),
	        .after = -1,
	        .readonly = true};
	run->ntasks++;
}

static struct attempt_view *add_attempt(
        struct run_view *run, uint32_t session, uint32_t task, int64_t taken, int64_t execute, int64_t fetch)
{
	struct attempt_view *a;

	if ((run->nattempts & (run->nattempts - 1)) == 0)
		run->attempts =
		        mem_resize(run->attempts, run->nattempts ? 2 * run->nattempts : 1, sizeof *run->attempts);
	a = &run->attempts[run->nattempts];
	*a = (struct attempt_view){.ticket = (uint32_t)run->nattempts,
	        .task = task,
	        .row = UINT32_MAX,
	        .try_no = 1,
	        .session = session,
	        .worker = session,
	        .generation = 1,
	        .backend_pid = 24101 + 7 * (int32_t)session,
	        .outcome = OUTCOME_DONE,
	        .statements = 1,
	        .rows = 1,
	        .bytes = 4,
	        .taken_us = taken,
	        .released_us = taken,
	        .sent_us = taken + 40,
	        .first_us = taken + 200 + execute,
	        .done_us = taken + 260 + execute + fetch,
	        .before_sent_us = taken + 40,
	        .before_received_us = taken + 160,
	        .before_server_us = SERVER_ZERO + taken + 100,
	        .after_sent_us = taken + 40,
	        .after_received_us = taken + 200 + execute,
	        .after_server_us = SERVER_ZERO + taken + 110 + execute};
	run->nattempts++;
	return a;
}

static void add_session(struct run_view *run, uint32_t session, int64_t start, int64_t ready)
{
	run->session_rows = mem_resize(run->session_rows, run->nsession_rows + 1, sizeof *run->session_rows);
	run->session_rows[run->nsession_rows++] = (struct session_view){.session = session,
	        .worker = session,
	        .generation = 1,
	        .connect_no = 1,
	        .connected = true,
	        .backend_pid = 24101 + 7 * (int32_t)session,
	        .start_us = start,
	        .tcp_us = start + 300,
	        .tls_us = QUERY_NONE,
	        .auth_us = ready - 800,
	        .ready_us = ready};
	run->worker_rows = mem_resize(run->worker_rows, run->nworker_rows + 1, sizeof *run->worker_rows);
	run->worker_rows[run->nworker_rows] = (struct worker_view){.worker = session,
	        .generation = 1,
	        .pid = 9000 + (int32_t)session,
	        .forked_us = start - 900,
	        .born_us = start - 300,
	        .ended_us = 3100000,
	        .end = "exit 0"};
	run->nworker_rows++;
}

static void add_fact(struct run_view *run, const char *name, const char *value)
{
	run->facts = mem_resize(run->facts, run->nfacts + 1, sizeof *run->facts);
	run->facts[run->nfacts++] = (struct fact_view){name, value};
}

static void add_event(struct run_view *run, int64_t at, const char *kind, const char *text)
{
	run->events = mem_resize(run->events, run->nevents + 1, sizeof *run->events);
	run->events[run->nevents++] = (struct event_view){at, kind, text};
}

static void add_error(struct run_view *run, struct error_view e)
{
	run->errors = mem_resize(run->errors, run->nerrors + 1, sizeof *run->errors);
	run->errors[run->nerrors++] = e;
}

static void begin_run(struct run_view *run, const char *workload, const char *engine, uint32_t sessions)
{
	*run = (struct run_view){.id = 160,
	        .experiment = 80,
	        .previous = 159,
	        .workload = mem_strdup(workload),
	        .workload_text = mem_strdup("-- @workload five-sleeps\n-- @task s2a readonly\nselect pg_sleep(2);\n"),
	        .workload_sha256 = mem_strdup("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"),
	        .role = mem_strdup("run"),
	        .engine = mem_strdup(engine),
	        .argv = mem_strdup("pgparallel run --baseline -f five-sleeps.sql shop"),
	        .note = mem_strdup(""),
	        .client = mem_strdup("pgparallel 0.1 (gcc 12.2), libpq 15.18, OpenSSL 3.0.19, SQLite 3.40.1"),
	        .options = mem_strdup("timeout=10s retries=2"),
	        .sessions = sessions,
	        .lanes = sessions,
	        .workers = sessions,
	        .seed = 4711,
	        .started_wall_us = SERVER_ZERO - 31000,
	        .state = RUN_FINISHED,
	        .reason = mem_strdup("")};
	run->phases = (struct run_phases){.preflight_begin_us = -31000,
	        .setup_begin_us = QUERY_NONE,
	        .setup_end_us = QUERY_NONE,
	        .spawn_end_us = 2900,
	        .connected_us = 11800,
	        .go_us = 12600,
	        .connect_us = 8200};
	run->end.asked_sessions = sessions;
	run->end.ready_sessions = sessions;
	add_fact(run, "server_version", "PostgreSQL 15.18");
	add_fact(run, "host", "db.example.org");
	add_fact(run, "dbname", "shop");
	add_fact(run, "max_connections", "200");
	add_fact(run, "client_cpu", "8 cores allowed of 16");
	add_fact(run, "rtt_us", "180");
}

static void end_run(struct run_view *run)
{
	for (size_t i = 0; i < run->nattempts; i++)
		if (run->attempts[i].done_us != QUERY_NONE && run->attempts[i].done_us > run->phases.last_end_us)
			run->phases.last_end_us = run->attempts[i].done_us;
	run->phases.drain_end_us = run->phases.last_end_us + 900;
	run->phases.reap_end_us = run->phases.last_end_us + 2900;
	run->ntickets = run->done + run->failed + run->unknown + run->not_run;
	run->end.done = run->done;
	run->end.failed = run->failed;
	run->end.unknown = run->unknown;
	run->end.not_run = run->not_run;
	run->end.attempts = (uint32_t)run->nattempts;
}

struct bound {
	int64_t at;
	int step;
};

static int compare_bound(const void *a, const void *b)
{
	const struct bound *x = a, *y = b;

	if (x->at != y->at)
		return x->at < y->at ? -1 : 1;
	return x->step - y->step;
}

static void sweep(const struct run_view *run, struct proof *p, struct bound *bounds, size_t n)
{
	uint32_t active = 0;

	qsort(bounds, n, sizeof *bounds, compare_bound);
	p->timeline = mem_zero(n + 1, sizeof *p->timeline);
	for (size_t i = 0; i < n; i++) {
		active = (uint32_t)((int)active + bounds[i].step);
		if (active > p->peak)
			p->peak = active;
		if (i + 1 == n || bounds[i + 1].at == bounds[i].at)
			continue;
		p->timeline[p->ntimeline++] = (struct activity){bounds[i].at, bounds[i + 1].at, active};
		p->active_us += (double)active * (double)(bounds[i + 1].at - bounds[i].at);
		if (active >= 2)
			p->overlapped_us += (double)(bounds[i + 1].at - bounds[i].at);
	}
	p->first_start_us = n ? bounds[0].at : 0;
	p->last_end_us = n ? bounds[n - 1].at : 0;
	if (p->last_end_us > p->first_start_us) {
		p->effective_lanes = p->active_us / (double)(p->last_end_us - p->first_start_us);
		p->mean_active = p->active_us / (double)(run->phases.last_end_us - run->phases.go_us);
	}
}

static void make_proof(struct fixture *f, enum verdict verdict)
{
	struct proof *p = &f->proof;
	struct bound *bounds = mem_zero(2 * f->run.nattempts + 1, sizeof *bounds);
	size_t n = 0;

	*p = (struct proof){.verdict = verdict,
	        .clock_certificate = f->run.nattempts > 0,
	        .clock_offset_us = SERVER_ZERO,
	        .longest_task = -1,
	        .ceiling_text = "",
	        .wall_us = f->run.phases.last_end_us,
	        .makespan_us = f->run.phases.last_end_us - f->run.phases.go_us};
	snprintf(p->clock_text, sizeof p->clock_text, "one offset fits all %zu markers", 2 * f->run.nattempts);
	for (size_t i = 0; i < f->run.nattempts; i++) {
		const struct attempt_view *a = &f->run.attempts[i];

		if (a->after_server_us == QUERY_NONE)
			continue;
		bounds[n++] = (struct bound){a->before_server_us - SERVER_ZERO, 1};
		bounds[n++] = (struct bound){a->after_server_us - SERVER_ZERO, -1};
		p->server_intervals++;
	}
	sweep(&f->run, p, bounds, n);
	free(bounds);
	p->possible_us = (double)(p->last_end_us - p->first_start_us);
	p->overlap_percent = p->possible_us > 0 ? 100 * p->overlapped_us / p->possible_us : 0;
	p->backends = f->run.sessions;
	p->witnessed = f->run.done;
}

static void make_budget(struct fixture *f)
{
	const struct run_phases *ph = &f->run.phases;
	int64_t wall = ph->last_end_us;

	f->budget = (struct budget){.wall_us = wall,
	        .unexplained_us = 400,
	        .allowed_us = wall / 1000 > 1000 ? wall / 1000 : 1000,
	        .session = 2,
	        .lines = {{"spawn", "starting the worker processes", 2900}, {"token", "asking for a token", 0},
	                {"connect", "connecting the slowest session", 8900},
	                {"barrier", "waiting for the common start", 800}, {"queue", "waiting for a ticket", wall / 500},
	                {"execute", "the server at work", wall - 13000 - wall / 500 - wall / 300},
	                {"fetch", "reading rows", wall / 300}},
	        .nlines = 7,
	        .before = {{"name", "resolving the name", 1200}, {"connect", "the observer's connection", 8200}},
	        .nbefore = 2};
}

static void add_baseline(struct fixture *f, double ceiling, const char *why)
{
	struct proof *p = &f->proof;
	int64_t at = 9000;

	begin_run(&f->baseline, "five-sleeps", "serial", 1);
	f->baseline.id = 161;
	add_session(&f->baseline, 0, 1500, 8000);
	for (size_t i = 0; i < f->run.ntasks; i++)
		add_task(&f->baseline, f->run.tasks[i].name, f->run.tasks[i].sql);
	for (size_t i = 0; i < f->run.nattempts; i++) {
		const struct attempt_view *a = &f->run.attempts[i];
		int64_t execute = a->after_server_us - a->before_server_us;

		add_attempt(&f->baseline, 0, a->task, at, execute, 40);
		at += execute + 300;
	}
	f->baseline.done = f->run.done;
	end_run(&f->baseline);
	f->run.baseline = 161;
	p->has_baseline = true;
	p->serial_wall_us = f->baseline.phases.last_end_us;
	p->serial_makespan_us = p->serial_wall_us - 9000;
	p->speedup = (double)p->serial_makespan_us / (double)p->makespan_us;
	p->wall_speedup = (double)p->serial_wall_us / (double)p->wall_us;
	p->ceiling = ceiling;
	snprintf(p->ceiling_buf, sizeof p->ceiling_buf, "%s", why);
	p->ceiling_text = p->ceiling_buf;
	p->stretches = mem_zero(f->run.ntasks, sizeof *p->stretches);
	for (size_t i = 0; i < f->run.ntasks; i++)
		p->stretches[p->nstretches++] = (struct stretch){
		        .task = (uint32_t)i, .alone_us = 1000000, .together_us = 1002000, .factor = 1.002};
	f->rendering.baseline = &f->baseline;
}

static void add_sleeps(struct run_view *run)
{
	static const struct {
		const char *name, *sql;
		int64_t us;
	} sleeps[] = {{"s2a", "select pg_sleep(2)", 2001000}, {"s1a", "select pg_sleep(1)", 1001000},
	        {"s3", "select pg_sleep(3)", 3001000}, {"s1b", "select pg_sleep(1)", 1001000},
	        {"s2b", "select pg_sleep(2)", 2001000}};

	for (uint32_t i = 0; i < 5; i++) {
		add_session(run, i, 1600 + 300 * i, 10000 + 400 * i);
		add_task(run, sleeps[i].name, sleeps[i].sql);
		add_attempt(run, i, i, 12600 + i, sleeps[i].us, 60);
	}
	run->done = 5;
}

static void make_sleeps(struct fixture *f, bool baseline)
{
	begin_run(&f->run, "five-sleeps", "process", 5);
	add_sleeps(&f->run);
	end_run(&f->run);
	make_proof(f, baseline ? VERDICT_PARALLEL : VERDICT_OVERLAPPED);
	if (baseline)
		add_baseline(f, 3.0, "the longest query takes 3.00 s");
	else
		snprintf(f->proof.next, sizeof f->proof.next, "%s",
		        "Whether that was faster shows: pgparallel run --baseline -f five-sleeps.sql shop");
}

static void make_locked(struct fixture *f)
{
	struct run_view *run = &f->run;

	begin_run(run, "one-lock", "process", 5);
	run->samples = mem_zero(10, sizeof *run->samples);
	for (uint32_t i = 0; i < 5; i++) {
		struct attempt_view *a;

		add_session(run, i, 1600 + 300 * i, 10000 + 400 * i);
		add_task(run,
		        i == 0   ? "t1"
		        : i == 1 ? "t2"
		        : i == 2 ? "t3"
		        : i == 3 ? "t4"
		                 : "t5",
		        "select pg_advisory_lock(1), pg_sleep(0.5), pg_advisory_unlock(1)");
		a = add_attempt(run, i, i, 12600 + i, 501000 * (int64_t)(i + 1), 30);
		if (i == 0)
			continue;
		run->samples[run->nsamples] = (struct sample){.backend_pid = a->backend_pid,
		        .first_us = SERVER_ZERO + 100000,
		        .last_us = SERVER_ZERO + 12600 + 501000 * (int64_t)i - 50000,
		        .count = 5 * i,
		        .lock_wait_us = SERVER_ZERO + 13000,
		        .nblockers = 1,
		        .blockers = {24101}};
		strcpy(run->samples[run->nsamples].wait_type, "Lock");
		run->samples[++run->nsamples] = (struct sample){.backend_pid = a->backend_pid,
		        .first_us = SERVER_ZERO + 12600 + 501000 * (int64_t)i + 20000,
		        .last_us = SERVER_ZERO + 12600 + 501000 * (int64_t)(i + 1) - 30000,
		        .count = 5};
		run->nsamples++;
	}
	run->done = 5;
	end_run(run);
	make_proof(f, VERDICT_SERIAL);
	f->proof.peak = 1;
	f->proof.effective_lanes = 1;
	f->proof.mean_active = 1;
	f->proof.overlap_percent = 0.4;
	f->proof.blocked_us = 5 * 1000000;
	for (size_t i = 0; i < f->proof.ntimeline; i++)
		f->proof.timeline[i].active = f->proof.timeline[i].active ? 1 : 0;
	snprintf(f->proof.reason, sizeof f->proof.reason, "%s",
	        "The queries waited for one another: 4 of 5 were blocked by another session of this run (lock "
	        "advisory) "
	        "for 5.00 s together.");
}

static void make_failing(struct fixture *f)
{
	struct run_view *run = &f->run;
	struct attempt_view *a;

	make_sleeps(f, false);
	proof_free(&f->proof);
	run->attempts[1].outcome = OUTCOME_FAILED;
	strcpy(run->attempts[1].sqlstate, "40001");
	run->attempts[1].message = "ERROR:  could not serialize access due to concurrent update";
	run->attempts[1].failed_statement = 1;
	run->attempts[1].flags = ATTEMPT_RETRY;
	a = &run->attempts[4];
	a->outcome = OUTCOME_UNKNOWN;
	a->flags = ATTEMPT_WORKER_DIED | ATTEMPT_SESSION_LOST;
	a->message = "worker died, signal 11";
	a->after_server_us = a->after_sent_us = a->after_received_us = a->first_us = a->done_us = QUERY_NONE;
	run->worker_rows[4].ended_us = 1400000;
	strcpy(run->worker_rows[4].end, "signal 11");
	run->done = 2;
	run->failed = 1;
	run->unknown = 1;
	run->not_run = 1;
	run->nattempts = 5;
	run->attempts[0].outcome = OUTCOME_FAILED;
	strcpy(run->attempts[0].sqlstate, "57014");
	run->attempts[0].message = "ERROR:  canceling statement due to statement timeout";
	run->attempts[0].flags = ATTEMPT_TIMED_OUT;
	add_error(run, (struct error_view){"40001", "s1a", "execute", 3, 2, 1, 0, run->attempts[1].message});
	add_error(run, (struct error_view){"57014", "s2a", "execute", 1, 0, 1, 0, run->attempts[0].message});
	add_error(run, (struct error_view){"", "s2b", "execute", 1, 0, 0, 1, run->attempts[4].message});
	add_event(run, 1400000, "worker died", "worker 5 (pid 9004) was ended by signal 11; replaced");
	run->state = RUN_STOPPED;
	free(run->reason);
	run->reason = mem_strdup("SIGTERM");
	end_run(run);
	make_proof(f, VERDICT_OVERLAPPED);
	strcpy(f->proof.suffix, "1 failed, 1 unknown");
	f->proof.doubts[0] = (struct self_doubt){"client CPU saturated", "the client used 97 % of the CPU it may use"};
	f->proof.doubts[1] = (struct self_doubt){"dropped samples", "12 of 31 samples were not taken in time"};
	f->proof.ndoubts = 2;
	f->proof.clock_certificate = true;
}

static void make_hostile(struct fixture *f)
{
	static const char evil[] =
	        "</script><script>alert(1)</script><img src=x onerror=alert(2)>\033[31m\a=cmd|'/C calc'!A0 "
	        "\xff\xfe\xc0\xaf \"'&<> `md` | \xe2\x80\xae"
	        "reversed";
	struct run_view *run = &f->run;

	make_failing(f);
	free(run->workload);
	free(run->workload_text);
	free(run->argv);
	free(run->note);
	free(run->options);
	free(run->reason);
	run->workload = mem_strdup(evil);
	run->workload_text = mem_strdup("-- \xff</pre></details><script>alert(3)</script>\n=cmd();\r\nselect '<b>';\n");
	run->argv = mem_strdup("pgparallel run -f '</code><svg onload=alert(4)>' \033]0;title\a");
	run->note = mem_strdup("=HYPERLINK(\"http://evil.example\",\"x\")");
	run->options = mem_strdup("@SUM(1+1)*cmd|' /C calc'!A0");
	run->reason = mem_strdup(evil);
	for (size_t i = 0; i < run->ntasks; i++) {
		free(run->tasks[i].name);
		free(run->tasks[i].sql);
		run->tasks[i].name = mem_strdup(i == 0 ? "=1+1" : i == 1 ? "-2" : i == 2 ? "\t@x" : evil);
		run->tasks[i].sql = mem_strdup(evil);
	}
	for (size_t i = 0; i < run->nattempts; i++)
		run->attempts[i].message = evil;
	for (size_t i = 0; i < run->nerrors; i++) {
		run->errors[i].message = evil;
		run->errors[i].task = evil;
		strcpy(run->errors[i].sqlstate, "<b>\"'");
	}
	for (size_t i = 0; i < run->nfacts; i++)
		run->facts[i] = (struct fact_view){i == 0 ? "server_version" : evil, evil};
	run->events[0].text = evil;
	strcpy(run->session_rows[0].tls, "\xff<script>");
	run->session_rows[0].message = evil;
	snprintf(f->proof.reason, sizeof f->proof.reason, "%s", evil);
	snprintf(f->proof.next, sizeof f->proof.next, "%s", evil);
	snprintf(f->proof.doubts[0].text, sizeof f->proof.doubts[0].text, "%.100s", evil);
	f->rendering.store_path = "/tmp/<script>\033[0m.db";
}

/* Sessions that run tasks of random length one after another; every 227th attempt fails. */
static void make_load(struct fixture *f, uint32_t sessions, size_t attempts, uint32_t tasks)
{
	struct run_view *run = &f->run;
	struct rng rng;
	char name[32];

	begin_run(run, "orders-mix", "process", sessions);
	rng_seed(&rng, 42, 1);
	for (uint32_t t = 0; t < tasks; t++) {
		snprintf(name, sizeof name, "task_%u", t + 1);
		add_task(run, name, "select count(*) from orders where customer = $1");
	}
	for (uint32_t s = 0; s < sessions; s++) {
		int64_t at = 60000 + (int64_t)rng_below(&rng, 900);

		add_session(run, s, 1600 + 90 * s, 20000 + 150 * s);
		for (size_t i = 0; i < attempts / sessions + (s < attempts % sessions); i++) {
			int64_t execute = 20000 + (int64_t)rng_below(&rng, 130000);
			struct attempt_view *a;

			if (rng_below(&rng, 50) == 0)
				execute *= 4;
			a = add_attempt(
			        run, s, (uint32_t)rng_below(&rng, tasks), at, execute, (int64_t)rng_below(&rng, 9000));
			at = a->done_us + 30 + (int64_t)rng_below(&rng, 400);
			if (run->nattempts % 227 == 0) {
				a->outcome = OUTCOME_FAILED;
				strcpy(a->sqlstate, "40001");
				a->message = "ERROR:  could not serialize access due to concurrent update";
				run->failed++;
			} else {
				run->done++;
			}
		}
	}
	run->phases.go_us = 59000;
	run->phases.connected_us = 51000;
	if (run->failed)
		add_error(run, (struct error_view){"40001", "task_1", "execute", run->failed, 0, run->failed, 0,
		                       "ERROR:  could not serialize access due to concurrent update"});
	end_run(run);
	make_proof(f, VERDICT_OVERLAPPED);
	if (run->failed)
		snprintf(f->proof.suffix, sizeof f->proof.suffix, "%u failed", run->failed);
}

#include "tests/unit/fixture_load.c"

void fixture_make(struct fixture *f, enum fixture_kind kind, size_t attempts)
{
	memset(f, 0, sizeof *f);
	f->rendering = (struct rendering){
	        .run = &f->run, .proof = &f->proof, .budget = &f->budget, .store_path = "/srv/pgparallel/runs.db"};
	switch (kind) {
	case FIXTURE_SLEEPS:
	case FIXTURE_ALONE:
		make_sleeps(f, kind == FIXTURE_SLEEPS);
		break;
	case FIXTURE_LOCKED:
		make_locked(f);
		break;
	case FIXTURE_FAILING:
		make_failing(f);
		break;
	case FIXTURE_HOSTILE:
		make_hostile(f);
		break;
	case FIXTURE_MANY:
		make_load(f, 200, attempts ? attempts : 1000, 3);
		break;
	case FIXTURE_LOAD:
		make_load(f, 32, attempts ? attempts : 20000, 8);
		break;
	case FIXTURE_SCRIPTS:
	case FIXTURE_OUTAGE:
	case FIXTURE_LONG:
	case FIXTURE_WRONG:
	case FIXTURE_NEVER:
		make_load_run(f, kind, attempts);
		return;
	default:
		begin_run(&f->run, "five-sleeps", "process", 5);
		f->run.not_run = 5;
		f->run.state = RUN_ABORTED;
		f->run.phases.last_end_us = f->run.phases.go_us = QUERY_NONE;
		f->run.ntickets = 5;
		make_proof(f, VERDICT_FAILED);
		return;
	}
	make_budget(f);
}

static void free_run(struct run_view *run)
{
	free_load(run->load);
	for (size_t i = 0; i < run->ntasks; i++) {
		free(run->tasks[i].name);
		free(run->tasks[i].sql);
	}
	free(run->tasks);
	free(run->attempts);
	free(run->session_rows);
	free(run->worker_rows);
	free(run->samples);
	free(run->events);
	free(run->errors);
	free(run->facts);
	free(run->workload);
	free(run->workload_text);
	free(run->workload_sha256);
	free(run->role);
	free(run->engine);
	free(run->argv);
	free(run->note);
	free(run->client);
	free(run->options);
	free(run->reason);
}

void fixture_free(struct fixture *f)
{
	free_run(&f->run);
	free_run(&f->baseline);
	proof_free(&f->proof);
}
