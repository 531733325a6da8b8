/*
 * fixture_load: load runs made by hand, part of fixture_run.c. The histograms, the seconds and the totals come from the
 * same drawn transactions, so that the pages are what a real run's would be.
 */
#include <math.h>

#include "shared/hist.h"

#define SECOND INT64_C(1000000)

struct making {
	struct rng rng;
	struct load_view *load;
	struct hist *second, *second_schedule; /* of the stretch now made */
	double ms; /* of the quickest script */
};

static void free_load(struct load_view *l)
{
	if (!l)
		return;
	for (size_t i = 0; i < l->nscripts; i++) {
		free(l->scripts[i].service);
		free(l->scripts[i].schedule);
		free(l->scripts[i].lag);
	}
	for (size_t i = 0; i < l->ncommands; i++)
		free(l->commands[i].time);
	free(l->scripts);
	free(l->commands);
	free(l->errors);
	free(l->seconds);
	free(l->service);
	free(l->schedule);
	free(l->lag);
	free(l);
}

static double unit(struct rng *rng)
{
	return ((double)rng_below(rng, 1000000) + 0.5) / 1e6;
}

/* A latency as servers have them: a body that is nearly log-normal, and a tail. */
static int64_t draw(struct making *m, double scale)
{
	double z = sqrt(-2 * log(unit(&m->rng))) * cos(6.283185307 * unit(&m->rng)), ns = m->ms * 1e6 * scale;

	ns *= exp(0.35 * z);
	if (rng_below(&m->rng, 60) == 0)
		ns *= 1 + 12 * unit(&m->rng) * unit(&m->rng);
	return (int64_t)ns;
}

static void add_script(struct load_view *l, const char *name, int64_t weight)
{
	l->scripts = mem_resize(l->scripts, l->nscripts + 1, sizeof *l->scripts);
	l->scripts[l->nscripts++] = (struct load_script_view){.name = name,
	        .weight = weight,
	        .service = mem_zero(1, sizeof(struct hist)),
	        .schedule = mem_zero(1, sizeof(struct hist)),
	        .lag = mem_zero(1, sizeof(struct hist))};
}

static void add_command(struct load_view *l, uint32_t script, uint32_t line, const char *text)
{
	l->commands = mem_resize(l->commands, l->ncommands + 1, sizeof *l->commands);
	l->commands[l->ncommands++] = (struct load_command_view){
	        .script = script, .line = line, .text = text, .time = mem_zero(1, sizeof(struct hist))};
}

static void add_load_error(struct load_view *l, struct load_error_view e)
{
	l->errors = mem_resize(l->errors, l->nerrors + 1, sizeof *l->errors);
	l->errors[l->nerrors++] = e;
}

/* One transaction of a script, with the lag it had. */
static void transaction(struct making *m, struct load_second *s, uint32_t script, double slow, int64_t lag)
{
	struct load_view *l = m->load;
	struct load_script_view *v = &l->scripts[script];
	int64_t ns = draw(m, slow * (1 + 1.6 * script));

	hist_add(m->second, ns);
	hist_add(m->second_schedule, ns + lag);
	s->done++;
	if (!s->measured) {
		l->warmed++;
		return;
	}
	v->done++;
	l->busy_us += ns / 1000;
	hist_add(v->service, ns);
	if (l->rate > 0) {
		hist_add(v->schedule, ns + lag);
		hist_add(v->lag, lag);
	}
	if (l->latency_limit_us > 0 && ns + lag > l->latency_limit_us * 1000)
		v->late++;
	for (size_t i = 0; i < l->ncommands; i++)
		if (l->commands[i].script == script)
			hist_add(l->commands[i].time, ns / 8 * (1 + (int64_t)rng_below(&m->rng, 3)));
}

static void close_second(struct making *m, struct load_second *s)
{
	const struct hist *h = m->second, *w = m->second_schedule;

	s->mean_us = (int64_t)hist_mean(h) / 1000;
	s->stddev_us = (int64_t)hist_stddev(h) / 1000;
	s->p50_us = hist_percentile(h, 50) / 1000;
	s->p95_us = hist_percentile(h, 95) / 1000;
	s->p99_us = hist_percentile(h, 99) / 1000;
	s->max_us = hist_max(h) / 1000;
	if (m->load->rate > 0) {
		s->schedule_mean_us = (int64_t)hist_mean(w) / 1000;
		s->schedule_p50_us = hist_percentile(w, 50) / 1000;
		s->schedule_p95_us = hist_percentile(w, 95) / 1000;
		s->schedule_p99_us = hist_percentile(w, 99) / 1000;
		s->schedule_max_us = hist_max(w) / 1000;
	}
	if ((m->load->nseconds & (m->load->nseconds - 1)) == 0)
		m->load->seconds =
		        mem_resize(m->load->seconds, m->load->nseconds ? 2 * m->load->nseconds : 1, sizeof *s);
	m->load->seconds[m->load->nseconds++] = *s;
	memset(m->second, 0, sizeof *m->second);
	memset(m->second_schedule, 0, sizeof *m->second_schedule);
}

static void sum_up(struct run_view *run)
{
	struct load_view *l = run->load;

	l->service = mem_zero(1, sizeof *l->service);
	l->schedule = mem_zero(1, sizeof *l->schedule);
	l->lag = mem_zero(1, sizeof *l->lag);
	for (size_t i = 0; i < l->nscripts; i++) {
		const struct load_script_view *v = &l->scripts[i];

		hist_merge(l->service, v->service);
		hist_merge(l->schedule, v->schedule);
		hist_merge(l->lag, v->lag);
		l->done += v->done;
		l->failed += v->failed;
		l->skipped += v->skipped;
		l->unknown += v->unknown;
		l->retried += v->retried;
		l->retries += v->retries;
		l->late += v->late;
	}
	run->done = (uint32_t)l->done;
	run->failed = (uint32_t)l->failed;
	run->unknown = (uint32_t)l->unknown;
	run->not_run = (uint32_t)l->skipped;
	run->ntickets = run->done + run->failed + run->unknown + run->not_run;
}

static void begin_load(struct run_view *run, const char *workload, uint32_t sessions, struct making *m)
{
	begin_run(run, workload, "process", sessions);
	run->lanes = run->workers = 2;
	free(run->workload_text);
	run->workload_text = mem_strdup("\\set aid random(1, 100000 * :scale)\nselect abalance from pgbench_accounts "
	                                "where aid = :aid;\n");
	run->load = mem_zero(1, sizeof *run->load);
	strcpy(run->load->mode, "prepared");
	run->load->max_tries = 1;
	run->load->sampling_rate = 1;
	run->load->scale = 10;
	run->load->connects = sessions;
	run->load->connect_sum_us = sessions * 8100;
	rng_seed(&m->rng, 7, 1);
	m->load = run->load;
	m->second = mem_zero(1, sizeof *m->second);
	m->second_schedule = mem_zero(1, sizeof *m->second_schedule);
	m->ms = 4.2;
	for (uint32_t w = 0; w < 2; w++)
		add_session(run, w, 1600 + 90 * w, 9000 + 150 * w);
}

static void end_load(struct fixture *f, struct making *m, int64_t begin, int64_t end)
{
	struct run_view *run = &f->run;

	run->load->begin_us = begin;
	run->load->end_us = end;
	run->load->nrecords = run->load->done;
	run->phases.last_end_us = end;
	run->phases.drain_end_us = end + 900;
	run->phases.reap_end_us = end + 2900;
	for (size_t i = 0; i < run->nworker_rows; i++)
		run->worker_rows[i].ended_us = end + 1500;
	sum_up(run);
	run->load->nrecords = run->load->done;
	proof_of(run, NULL, &f->proof);
	budget_of(run, &f->budget);
	free(m->second);
	free(m->second_schedule);
}

static const char *const tpcb_lines[] = {"\\set aid random(1, 100000 * :scale)", "BEGIN;",
        "UPDATE pgbench_accounts SET abalance = abalance + :delta WHERE aid = :aid;",
        "SELECT abalance FROM pgbench_accounts WHERE aid = :aid;",
        "UPDATE pgbench_tellers SET tbalance = tbalance + :delta WHERE tid = :tid;",
        "UPDATE pgbench_branches SET bbalance = bbalance + :delta WHERE bid = :bid;",
        "INSERT INTO pgbench_history (tid, bid, aid, delta, mtime) VALUES (:tid, :bid, :aid, :delta, "
        "CURRENT_TIMESTAMP);",
        "END;"};

static void make_scripts(struct fixture *f)
{
	struct making m = {0};
	struct run_view *run = &f->run;

	begin_load(run, "shop-mix", 16, &m);
	free(run->argv);
	run->argv =
	        mem_strdup("pgparallel run -c 16 -j 2 -T 10 --warmup=2s --ramp=1s -r -b tpcb-like@2 -b select-only@7 "
	                   "-f orders.sql@1 shop");
	free(run->options);
	run->options = mem_strdup("engine=process clients=16 lanes=2 duration=10s warmup=2s ramp=1s");
	run->load->duration_us = 10 * SECOND;
	run->load->warmup_us = 2 * SECOND;
	run->load->ramp_us = SECOND;
	run->load->per_command = true;
	run->load->max_tries = 10;
	add_script(run->load, "select-only", 7);
	add_script(run->load, "tpcb-like", 2);
	add_script(run->load, "orders.sql", 1);
	add_command(run->load, 0, 1, "\\set aid random(1, 100000 * :scale)");
	add_command(run->load, 0, 2, "SELECT abalance FROM pgbench_accounts WHERE aid = :aid;");
	for (size_t i = 0; i < sizeof tpcb_lines / sizeof tpcb_lines[0]; i++)
		add_command(run->load, 1, (uint32_t)i + 1, tpcb_lines[i]);
	add_command(run->load, 2, 1, "insert into orders select g, now() from generate_series(1, 100) g;");
	for (int i = 0; i < 13; i++) {
		struct load_second s = {
		        .at_us = 14000 + i * SECOND, .length_us = SECOND, .sessions = 16, .measured = i >= 3};
		size_t n = i == 0 ? 900 : 1800 + rng_below(&m.rng, 150) - (i == 9 ? 700 : 0);

		for (size_t k = 0; k < n; k++) {
			uint64_t which = rng_below(&m.rng, 10);

			transaction(&m, &s, which < 7 ? 0 : which < 9 ? 1 : 2, i == 9 ? 1.6 : 1, 0);
		}
		s.retries = rng_below(&m.rng, 9);
		run->load->scripts[1].retries += s.measured ? s.retries : 0;
		run->load->scripts[1].retried += s.measured ? s.retries : 0;
		close_second(&m, &s);
	}
	add_load_error(run->load, (struct load_error_view){1, "40001", 0, run->load->scripts[1].retries, 0,
	                                  "ERROR:  could not serialize access due to concurrent update"});
	run->load->commands[5].retries = run->load->scripts[1].retries;
	end_load(f, &m, 14000 + 3 * SECOND, 14000 + 13 * SECOND);
}

/* The server is gone from second 20 to 23; what was due then comes late, or is skipped. */
static void make_outage(struct fixture *f)
{
	struct making m = {0};
	struct run_view *run = &f->run;

	begin_load(run, "by-the-clock", 8, &m);
	free(run->argv);
	run->argv = mem_strdup("pgparallel run -c 8 -j 2 -T 60 -R 300 -L 2000 -f orders.sql shop");
	free(run->options);
	run->options =
	        mem_strdup("engine=process clients=8 lanes=2 failures-detailed=on latency-percentiles=50,75,99,99.99");
	run->load->duration_us = 60 * SECOND;
	run->load->rate = 300;
	run->load->latency_limit_us = 2 * SECOND;
	run->load->max_tries = 3;
	add_script(run->load, "orders.sql", 1);
	for (int i = 0; i < 60; i++) {
		bool out = i >= 20 && i < 23, after = i == 23;
		struct load_second s = {.at_us = 14000 + i * SECOND,
		        .length_us = SECOND,
		        .sessions = out ? 0 : 8,
		        .measured = true,
		        .failed = i % 7 == 3,
		        .unknown = i == 20 ? 6 : 0,
		        .skipped = after ? 290 : 0,
		        .retries = (uint64_t)(i % 5 == 2)};
		size_t n = out ? 0 : 280 + rng_below(&m.rng, 40) + (after ? 500 : 0);

		for (size_t k = 0; k < n; k++)
			transaction(&m, &s, 0, 1,
			        after ? (int64_t)(2000 * (n - k) / n) * 1000000 : (int64_t)rng_below(&m.rng, 400000));
		run->load->scripts[0].failed += s.failed;
		run->load->scripts[0].unknown += s.unknown;
		run->load->scripts[0].skipped += s.skipped;
		run->load->scripts[0].retries += s.retries;
		run->load->scripts[0].retried += s.retries;
		close_second(&m, &s);
	}
	add_load_error(run->load, (struct load_error_view){0, "40001", 7, 12, 0,
	                                  "ERROR:  could not serialize access due to concurrent update"});
	add_load_error(run->load, (struct load_error_view){0, "40P01", 1, 0, 0, "ERROR:  deadlock detected"});
	add_load_error(run->load, (struct load_error_view){0, "57P01", 1, 0, 6,
	                                  "FATAL:  terminating connection due to administrator command"});
	add_event(run, 13000 + 20 * SECOND, "outage",
	        "no transaction has ended for 2.0 s: none of 8 sessions is connected");
	add_event(run, 19000 + 23 * SECOND, "outage over", "transactions end again after 3.006 s");
	run->load->connects += 8;
	run->load->connect_sum_us += 8 * 9000;
	run->load->dropped = 12;
	run->end.swept.restarted = true;
	end_load(f, &m, 14000, 14000 + 60 * SECOND);
}

static void make_long(struct fixture *f, size_t seconds)
{
	struct making m = {0};
	struct run_view *run = &f->run;

	begin_load(run, "day", 200, &m);
	run->load->duration_us = (int64_t)seconds * SECOND;
	add_script(run->load, "select-only", 1);
	for (size_t i = 0; i < seconds; i++) {
		struct load_second s = {.at_us = 14000 + (int64_t)i * SECOND,
		        .length_us = SECOND,
		        .sessions = i % 20000 == 777 ? 0 : 200,
		        .measured = true};

		for (size_t k = 0; k < 12 && s.sessions; k++)
			transaction(&m, &s, 0, 1 + 0.3 * sin((double)i / 4000), 0);
		close_second(&m, &s);
	}
	end_load(f, &m, 14000, 14000 + (int64_t)seconds * SECOND);
}

static void make_wrong(struct fixture *f)
{
	static const char evil[] =
	        "</script><script>alert(1)</script><img src=x onerror=alert(2)>\033[31m\a=cmd|'/C calc'!A0 "
	        "\xff\xfe\xc0\xaf \"'&<> `md` | \xe2\x80\xae"
	        "reversed";
	struct run_view *run = &f->run;
	struct load_view *l;

	make_outage(f);
	proof_free(&f->proof);
	l = run->load;
	free(run->workload);
	free(run->argv);
	free(run->note);
	free(run->reason);
	run->workload = mem_strdup(evil);
	run->argv = mem_strdup("pgparallel run -f '</code><svg onload=alert(4)>' \033]0;title\a");
	run->note = mem_strdup("=HYPERLINK(\"http://evil.example\",\"x\")");
	run->reason = mem_strdup(evil);
	run->state = RUN_STOPPED;
	l->scripts[0].name = evil;
	add_script(l, evil, INT64_MAX / 4);
	l->per_command = true;
	for (uint32_t i = 0; i < 3; i++)
		add_command(l, i > 0, i, evil);
	for (size_t i = 0; i < l->nerrors; i++)
		l->errors[i].text = evil;
	strcpy(l->errors[0].sqlstate, "<b>\"'");
	add_load_error(l, (struct load_error_view){7, "", 1, 0, 0, NULL});
	l->aborted = 3;
	run->events[0].text = evil;
	for (size_t i = 0; i < run->nfacts; i++)
		run->facts[i] = (struct fact_view){i == 0 ? "server_version" : evil, evil};
	proof_of(run, NULL, &f->proof);
	snprintf(f->proof.doubts[0].text, sizeof f->proof.doubts[0].text, "%.100s", evil);
	f->rendering.store_path = "/tmp/<script>\033[0m.db";
}

static void make_never(struct fixture *f)
{
	struct run_view *run = &f->run;

	begin_run(run, "select-only", "process", 5);
	run->load = mem_zero(1, sizeof *run->load);
	strcpy(run->load->mode, "simple");
	run->load->transactions = 10;
	run->load->max_tries = 1;
	add_script(run->load, "select-only", 1);
	run->load->begin_us = run->load->end_us = QUERY_NONE;
	run->state = RUN_ABORTED;
	run->phases.connected_us = run->phases.last_end_us = run->phases.go_us = QUERY_NONE;
	run->end.ready_sessions = 0;
	proof_of(run, NULL, &f->proof);
	budget_of(run, &f->budget);
}

static void make_load_run(struct fixture *f, enum fixture_kind kind, size_t seconds)
{
	if (kind == FIXTURE_SCRIPTS)
		make_scripts(f);
	else if (kind == FIXTURE_OUTAGE)
		make_outage(f);
	else if (kind == FIXTURE_LONG)
		make_long(f, seconds ? seconds : 4000);
	else if (kind == FIXTURE_WRONG)
		make_wrong(f);
	else
		make_never(f);
}
