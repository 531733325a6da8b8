/*
 * sample_load: a made-up load run for the tests of the store, the read model and the renderers: two scripts with three
 * commands, totals, seconds, errors and records. Included after sample_store.h, not linked.
 */
#ifndef TESTS_UNIT_SAMPLE_LOAD_H
#define TESTS_UNIT_SAMPLE_LOAD_H

#include "shared/rng.h"
#include "tests/unit/sample_store.h"

#define SAMPLE_SCRIPTS 2
#define SAMPLE_COMMANDS 3

SAMPLE struct script_command sample_command(enum command_kind kind, int line, const char *text)
{
	return (struct script_command){.kind = kind,
	        .line = line,
	        .column = 1,
	        .text = mem_strdup(text),
	        .variable = -1,
	        .sleep_variable = -1};
}

/* Turns the sample's task list into a load run. Ended by sample_load_end, before sample_end. */
SAMPLE void sample_load_plan(struct sample_store *s)
{
	struct scripts *scripts = mem_zero(1, sizeof *scripts);
	scripts->nscripts = SAMPLE_SCRIPTS;
	scripts->total_weight = 10;
	scripts->ncommands = SAMPLE_COMMANDS;
	scripts->scripts = mem_zero(SAMPLE_SCRIPTS, sizeof *scripts->scripts);
	for (int i = 0; i < SAMPLE_SCRIPTS; i++) {
		struct script *script = &scripts->scripts[i];
		script->name = mem_strdup(i ? "pay.sql" : "=look.sql");
		script->weight = i ? 1 : 9;
		script->ncommands = i ? 1 : 2;
		script->commands = mem_zero(2, sizeof *script->commands);
		script->commands[0] = i ? sample_command(COMMAND_SQL, 1, "UPDATE t SET x = x + 1;")
		                        : sample_command(COMMAND_SET, 1, "\\set aid random(1, 100)");
		if (!i)
			script->commands[1] = sample_command(COMMAND_SQL, 2, "SELECT x FROM t WHERE id = :aid;");
	}
	s->plan.scripts = scripts;
	s->plan.ntickets = 0;
	sample_no_tasks(s);
	s->plan.load = (struct load){.mode = QUERY_PREPARED,
	        .duration_ns = 10 * NS_PER_S,
	        .warmup_ns = 2 * NS_PER_S,
	        .ramp_ns = NS_PER_S,
	        .rate = 500.5,
	        .latency_limit_ns = 100 * NS_PER_MS,
	        .think_ns = 3 * NS_PER_MS,
	        .max_tries = 3,
	        .reconnect = true,
	        .continue_on_error = true,
	        .per_command = true,
	        .pipeline = 8,
	        .sampling_rate = 0.25};
}

SAMPLE void sample_load_end(struct sample_store *s)
{
	struct scripts *scripts = s->plan.scripts;
	for (int i = 0; i < scripts->nscripts; i++) {
		for (int c = 0; c < scripts->scripts[i].ncommands; c++)
			free(scripts->scripts[i].commands[c].text);
		free(scripts->scripts[i].commands);
		free(scripts->scripts[i].name);
	}
	free(scripts->scripts);
	free(scripts);
	s->plan.scripts = NULL;
}

/* What lanes would have counted: histograms of `n` values for script 0, n / 10 for script 1. */
struct sample_totals {
	struct hist service[SAMPLE_SCRIPTS], schedule[SAMPLE_SCRIPTS], lag[SAMPLE_SCRIPTS], time[SAMPLE_COMMANDS];
	struct load_script_total scripts[SAMPLE_SCRIPTS];
	struct load_command_total commands[SAMPLE_COMMANDS];
	struct load_error_total errors[3];
	struct load_total total;
};

SAMPLE void sample_script_total(struct sample_totals *t, int i, uint64_t n, struct rng *r)
{
	for (uint64_t k = 0; k < n; k++) {
		int64_t ns = (int64_t)(200000 + rng_below(r, 1000000) + (k % 100 == 7 ? 5000000 : 0)),
		        lag = (int64_t)rng_below(r, 90000);
		hist_add(&t->service[i], ns);
		hist_add(&t->schedule[i], ns + lag);
		hist_add(&t->lag[i], lag);
		hist_add(&t->time[i ? 2 : 1], ns / 2);
	}
	t->scripts[i] = (struct load_script_total){.done = n,
	        .failed = 3u + (unsigned)i,
	        .skipped = 2,
	        .unknown = 1,
	        .retried = 5,
	        .retries = 7,
	        .late = 4,
	        .service = &t->service[i],
	        .schedule = &t->schedule[i],
	        .lag = &t->lag[i]};
}

SAMPLE struct sample_totals *sample_totals(uint64_t n)
{
	struct sample_totals *t = mem_zero(1, sizeof *t);
	struct rng r;
	rng_seed(&r, 42, 0);
	for (int i = 0; i < SAMPLE_SCRIPTS; i++)
		sample_script_total(t, i, i ? n / 10 : n, &r);
	for (int c = 0; c < SAMPLE_COMMANDS; c++)
		t->commands[c] = (struct load_command_total){
		        .failures = (unsigned)c, .retries = 2u * (unsigned)c, .time = &t->time[c]};
	t->errors[0] = (struct load_error_total){0, "40001", 1, 6, 0, "could not serialize access"};
	t->errors[1] = (struct load_error_total){1, "", 2, 0, 0, "division by zero"};
	t->errors[2] = (struct load_error_total){1, "57P01", 0, 0, 1, "=terminating connection"};
	t->total = (struct load_total){.begin_us = 3000000,
	        .end_us = 13000000,
	        .warmed = 99,
	        .dropped = 4,
	        .sampled_out = 3000,
	        .connects = 10,
	        .aborted = 1,
	        .connect_sum_us = 54321,
	        .busy_us = 40000000,
	        .scale = 50,
	        .scripts = t->scripts,
	        .commands = t->commands,
	        .errors = t->errors,
	        .nerrors = 3};
	return t;
}

/* Second `i` of the run: 0 is warm-up, 5 an outage. */
SAMPLE struct load_second sample_second(int i)
{
	struct load_second n = {
	        .at_us = 3000000 + (i - 1) * 1000000, .length_us = 1000001, .sessions = 5, .measured = i > 0};
	if (i == 5) {
		n.sessions = 0;
		return n;
	}
	n.done = 1000u + (unsigned)i;
	n.failed = (unsigned)i % 2;
	n.retries = 3;
	n.skipped = 1;
	n.mean_us = 700;
	n.stddev_us = 300;
	n.p50_us = 690;
	n.p95_us = 1150;
	n.p99_us = 5500;
	n.max_us = 6100;
	n.schedule_mean_us = 745;
	n.schedule_p50_us = 730;
	n.schedule_p95_us = 1200;
	n.schedule_p99_us = 5555;
	n.schedule_max_us = 6200;
	return n;
}

/* As a lane of four sessions would write them: ends rise, a tenth of them is unusual. */
SAMPLE void sample_records(struct load_record *records, size_t count, uint64_t seed)
{
	struct rng r;
	int64_t end = SAMPLE_ORIGIN + 3 * NS_PER_S;
	rng_seed(&r, seed, 0);
	for (size_t i = 0; i < count; i++) {
		bool unusual = rng_below(&r, 10) == 0;
		end += (int64_t)rng_below(&r, 400000);
		records[i] = (struct load_record){.end_ns = end,
		        .latency_ns = (int64_t)(200000 + rng_below(&r, 3000000)),
		        .lag_ns = (int64_t)rng_below(&r, 90000),
		        .session = (uint32_t)rng_below(&r, 4),
		        .script = unusual,
		        .outcome = LOAD_DONE};
		if (!unusual)
			continue;
		static const char *const states[] = {"40001", "", "57P01"};
		records[i].outcome = (enum load_outcome)(1 + rng_below(&r, 4));
		records[i].retries = (uint16_t)rng_below(&r, 3);
		if (records[i].outcome == LOAD_FAILED || records[i].outcome == LOAD_UNKNOWN)
			records[i].sqlstate = load_sqlstate_pack(states[rng_below(&r, 3)]);
		if (records[i].outcome == LOAD_SKIPPED)
			records[i].latency_ns = 0;
	}
}

SAMPLE struct run_begin sample_load_begin(const struct sample_store *s)
{
	struct run_begin b = sample_run_begin(s);
	b.argv = "pgparallel run -f look.sql@9 -f pay.sql";
	b.ntickets = 0;
	return b;
}

/* A whole load run of `n` + n / 10 transactions done; returns its number, 0 on an error. */
SAMPLE int64_t sample_load_run(struct sample_store *s, struct store *store, const struct run_begin *b, uint64_t n,
        size_t nrecords, struct err *err)
{
	struct sample_totals *t = sample_totals(n);
	struct load_record *records = mem_zero(nrecords + 1, sizeof *records);
	int64_t run = store_run_begin(store, &s->plan, b, err);
	bool ok = run != 0;
	sample_records(records, nrecords, 7);
	for (int i = 0; ok && i < 11; i++) {
		struct load_second second = sample_second(i);
		ok = store_load_second(store, run, &second, err);
	}
	for (size_t at = 0; ok && at < nrecords; at += LOAD_CHUNK_MOST)
		ok = store_load_chunk(store, run, SAMPLE_ORIGIN, records + at,
		        nrecords - at < LOAD_CHUNK_MOST ? nrecords - at : LOAD_CHUNK_MOST, err);
	struct run_end end = sample_run_end((uint32_t)(n + n / 10), 13000000);
	end.attempts = end.attempts_done = 0;
	ok = ok && store_load_total(store, run, &s->plan, &t->total, err) &&
	     store_event(store, run, 8000000, "outage", "no session connected for 1 s", err) &&
	     store_run_end(store, run, &end, err) && store_commit(store, err);
	free(records);
	free(t);
	return ok ? run : 0;
}

#endif
