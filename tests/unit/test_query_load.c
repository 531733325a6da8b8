/*
 * test_query_load: a load run comes back from the results file as it was stored; damaged histograms and chunks are
 * errors.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "reports/store_private.h"
#include "tests/unit/sample_load.h"

static struct sample_store sample;
static struct store *store;
static struct query *query;
static struct err err;
static int64_t run;

static int begin(void **state)
{
	(void)state;
	int interrupted;
	sample_begin(&sample, 5, 2);
	sample_load_plan(&sample);
	store = store_open(sample.path, &interrupted, &err);
	if (!store)
		return -1;
	struct run_begin b = sample_load_begin(&sample);
	run = sample_load_run(&sample, store, &b, 1000, 2500, &err);
	query = query_open(sample.path, &err);
	return run && query ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	query_close(query);
	store_close(store, &err);
	sample_load_end(&sample);
	sample_end(&sample);
	return 0;
}

static void sql(const char *text)
{
	if (!store_db_exec(store->db, sample.path, text, &err))
		fail_msg("%s: %s", text, err.text);
}

static void settings_come_back(void **state)
{
	(void)state;
	struct run_view v;
	assert_true(query_run(query, run, &v, &err));
	const struct load_view *l = v.load;
	assert_string_equal(l->mode, "prepared");
	assert_int_equal(l->transactions, 0);
	assert_int_equal(l->duration_us, 10000000);
	assert_int_equal(l->warmup_us, 2000000);
	assert_int_equal(l->ramp_us, 1000000);
	assert_true(l->rate == 500.5);
	assert_int_equal(l->latency_limit_us, 100000);
	assert_int_equal(l->think_us, 3000);
	assert_int_equal(l->max_tries, 3);
	assert_int_equal(l->pipeline, 8);
	assert_true(l->reconnect && l->per_command && l->continue_on_error && !l->exit_on_abort);
	assert_true(l->sampling_rate == 0.25);
	assert_int_equal(l->scale, 50);
	run_view_free(&v);
}

static void totals_come_back(void **state)
{
	(void)state;
	struct run_view v;
	assert_true(query_run(query, run, &v, &err));
	const struct load_view *l = v.load;
	assert_int_equal(v.done, 1100);
	assert_int_equal(v.ntickets, 1113);
	assert_int_equal(l->begin_us, 3000000);
	assert_int_equal(l->end_us, 13000000);
	const uint64_t counts[] = {l->done, l->failed, l->skipped, l->unknown, l->retried, l->retries, l->late,
	        l->warmed, l->dropped, l->sampled_out, l->connects, l->aborted, l->nrecords};
	const uint64_t want[] = {1100, 7, 4, 2, 10, 14, 8, 99, 4, 3000, 10, 1, 2500};
	assert_memory_equal(counts, want, sizeof want);
	assert_int_equal(l->connect_sum_us, 54321);
	assert_int_equal(l->busy_us, 40000000);
	run_view_free(&v);
}

static void histograms_come_back_exactly(void **state)
{
	(void)state;
	struct run_view v;
	struct sample_totals *t = sample_totals(1000);
	struct hist merged = {0};
	assert_true(query_run(query, run, &v, &err));
	const struct load_view *l = v.load;
	assert_int_equal(l->nscripts, SAMPLE_SCRIPTS);
	assert_string_equal(l->scripts[0].name, "=look.sql");
	assert_int_equal(l->scripts[1].weight, 1);
	assert_int_equal(l->scripts[1].failed, 4);
	for (int i = 0; i < SAMPLE_SCRIPTS; i++) {
		assert_memory_equal(l->scripts[i].service, &t->service[i], sizeof merged);
		assert_memory_equal(l->scripts[i].schedule, &t->schedule[i], sizeof merged);
		assert_memory_equal(l->scripts[i].lag, &t->lag[i], sizeof merged);
		hist_merge(&merged, &t->service[i]);
	}
	assert_memory_equal(l->service, &merged, sizeof merged);
	assert_int_equal(l->ncommands, SAMPLE_COMMANDS);
	assert_string_equal(l->commands[1].text, "SELECT x FROM t WHERE id = :aid;");
	assert_int_equal(l->commands[1].line, 2);
	assert_int_equal(l->commands[2].script, 1);
	assert_int_equal(l->commands[2].retries, 4);
	assert_int_equal(l->commands[0].time->count, 0);
	assert_memory_equal(l->commands[1].time, &t->time[1], sizeof merged);
	free(t);
	run_view_free(&v);
}

static void seconds_and_errors_come_back(void **state)
{
	(void)state;
	struct run_view v;
	assert_true(query_run(query, run, &v, &err));
	const struct load_view *l = v.load;
	assert_int_equal(l->nseconds, 11);
	for (int i = 0; i < 11; i++) {
		struct load_second want = sample_second(i);
		assert_memory_equal(&l->seconds[i], &want, sizeof want);
	}
	assert_int_equal(l->nerrors, 3);
	assert_string_equal(l->errors[0].sqlstate, "40001"); /* the most first */
	assert_int_equal(l->errors[0].retried, 6);
	assert_string_equal(l->errors[1].sqlstate, "");
	assert_string_equal(l->errors[1].text, "division by zero");
	assert_int_equal(l->errors[2].unknown, 1);
	assert_int_equal(v.nevents, 1);
	run_view_free(&v);
}

struct counting {
	struct load_record records[2500];
	size_t at, most;
};

static bool take(void *context, const struct load_record *record)
{
	struct counting *c = context;
	const struct load_record *want = &c->records[c->at++];
	assert_int_equal(record->end_ns, want->end_ns - SAMPLE_ORIGIN);
	assert_int_equal(record->latency_ns, want->latency_ns);
	assert_int_equal(record->outcome, want->outcome);
	assert_int_equal(record->sqlstate, want->sqlstate);
	return c->at < c->most;
}

static void records_come_in_order(void **state)
{
	(void)state;
	struct counting *c = mem_zero(1, sizeof *c);
	sample_records(c->records, 2500, 7);
	c->most = 5000;
	assert_true(query_load_records(query, run, take, c, &err));
	assert_int_equal(c->at, 2500);
	c->at = 0;
	c->most = 1200; /* who has enough says so */
	assert_true(query_load_records(query, run, take, c, &err));
	assert_int_equal(c->at, 1200);
	free(c);
}

static bool none(void *context, const struct load_record *record)
{
	(void)context;
	(void)record;
	fail_msg("a record");
	return false;
}

static void a_task_list_has_no_load(void **state)
{
	(void)state;
	struct run_view v;
	struct sample_store other;
	int interrupted;
	sample_begin(&other, 5, 2);
	struct store *s = store_open(other.path, &interrupted, &err);
	struct run_begin b = sample_run_begin(&other);
	int64_t tasks = sample_run(&other, s, &b, 5, &err);
	struct query *q = query_open(other.path, &err);
	assert_true(query_run(q, tasks, &v, &err));
	assert_null(v.load);
	run_view_free(&v);
	assert_true(query_load_records(q, tasks, none, NULL, &err));
	query_close(q);
	assert_true(store_close(s, &err));
	sample_end(&other);
}

static void a_run_that_never_began_to_count(void **state)
{
	(void)state;
	struct run_view v;
	struct run_begin b = sample_load_begin(&sample);
	int64_t aborted = store_run_begin(store, &sample.plan, &b, &err);
	assert_true(aborted && query_run(query, aborted, &v, &err));
	assert_int_equal(v.load->begin_us, QUERY_NONE);
	assert_int_equal(v.load->scale, 0);
	assert_int_equal(v.load->service->count, 0);
	assert_int_equal(v.load->nseconds, 0);
	run_view_free(&v);
}

static void a_load_run_is_not_resumed(void **state)
{
	(void)state;
	struct resume_view v;
	assert_false(query_resume(query, run, &v, &err));
	assert_int_equal(err.code, EXIT_USAGE);
	assert_non_null(strstr(err.text, "load run"));
}

static void damage_is_an_error(void **state)
{
	(void)state;
	static const char *const runs[] = {"UPDATE load_script SET service = x'00' WHERE script = 0",
	        "UPDATE load_script SET lag = substr(lag, 1, length(lag) - 1)",
	        "UPDATE load_script SET schedule = CAST(x'01' || schedule AS BLOB)",
	        "UPDATE load_script SET script = 7 WHERE script = 1",
	        "UPDATE load_command SET time = x'0106ff' WHERE command = 1", "UPDATE load_command SET script = 2",
	        "UPDATE load_error SET script = -1 WHERE sqlstate = ''"};
	static const char *const records[] = {"UPDATE load_chunk SET packed = x'' WHERE chunk = 2",
	        "UPDATE load_chunk SET packed = substr(packed, 1, length(packed) - 1) WHERE chunk = 3",
	        "UPDATE load_chunk SET packed = CAST(packed || x'00' AS BLOB)",
	        "UPDATE load_chunk SET records = records - 1", "DELETE FROM load_chunk WHERE chunk = 2",
	        "DELETE FROM load_script WHERE script = 1"};
	struct run_view v;
	struct counting *c = mem_zero(1, sizeof *c);
	sample_records(c->records, 2500, 7);
	c->most = 2500;
	for (size_t i = 0; i < sizeof runs / sizeof *runs; i++) {
		assert_true(end(NULL) == 0 && begin(NULL) == 0); /* a whole file for each */
		sql(runs[i]);
		if (query_run(query, run, &v, &err) || err.code != EXIT_STORE || !strstr(err.text, "damaged"))
			fail_msg("%s: %s", runs[i], err.text);
	}
	for (size_t i = 0; i < sizeof records / sizeof *records; i++) {
		assert_true(end(NULL) == 0 && begin(NULL) == 0);
		c->at = 0;
		sql(records[i]);
		if (query_load_records(query, run, take, c, &err) || err.code != EXIT_STORE ||
		        !strstr(err.text, "damaged"))
			fail_msg("%s: %s", records[i], err.text);
	}
	free(c);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = {CASE(settings_come_back), CASE(totals_come_back),
	        CASE(histograms_come_back_exactly), CASE(seconds_and_errors_come_back), CASE(records_come_in_order),
	        CASE(a_task_list_has_no_load), CASE(a_run_that_never_began_to_count), CASE(a_load_run_is_not_resumed),
	        CASE(damage_is_an_error)};
	return cmocka_run_group_tests_name("query load", tests, NULL, NULL);
}
