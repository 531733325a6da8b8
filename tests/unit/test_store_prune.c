/*
 * test_store_prune: pinning, pruning, and the size and speed of a run of 100,000 attempts.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "reports/store_private.h"
#include "tests/unit/sample_store.h"

#define DAY (INT64_C(86400) * US_PER_S)

static struct sample_store sample;
static struct store *store;
static struct err err;

static int begin(void **state)
{
	(void)state;
	int interrupted;
	sample_begin(&sample, 5, 2);
	store = store_open(sample.path, &interrupted, &err);
	return store ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	store_close(store, &err);
	store = NULL;
	sample_end(&sample);
	return 0;
}

static int64_t count(const char *sql)
{
	int64_t value;
	if (!store_db_int(store->db, sample.path, sql, -1, &value, &err))
		fail_msg("%s", err.text);
	return value;
}

static int64_t run_days_ago(int days, int64_t experiment, const char *role)
{
	struct run_begin b = sample_run_begin(&sample);
	b.started_wall_us -= days * DAY;
	b.experiment = experiment;
	b.role = role;
	int64_t run = sample_run(&sample, store, &b, 5, &err);
	assert_true(run);
	return run;
}

static void prune(int keep_days, int keep_runs_days, uint32_t attempts, uint32_t runs)
{
	uint32_t a, r;
	if (!store_prune(store, SAMPLE_STARTED + 1, keep_days * DAY, keep_runs_days * DAY, &a, &r, &err))
		fail_msg("%s", err.text);
	assert_int_equal(a, attempts);
	assert_int_equal(r, runs);
}

static void old_attempts_go_and_numbers_stay(void **state)
{
	(void)state;
	struct run_view v;
	struct resume_view r;
	int64_t old = run_days_ago(100, 0, "run"), fresh = run_days_ago(1, 0, "run");
	prune(90, 0, 10, 0);
	prune(90, 0, 0, 0);
	struct query *q = query_open(sample.path, &err);
	assert_true(query_run(q, old, &v, &err));
	assert_true(v.pruned);
	assert_int_equal(v.nattempts, 0);
	assert_int_equal(v.done, 10);
	assert_int_equal(v.phases.last_end_us, 62000);
	assert_int_equal(v.nworker_rows, 5);
	run_view_free(&v);
	assert_true(query_run(q, fresh, &v, &err));
	assert_false(v.pruned);
	assert_int_equal(v.nattempts, 10);
	run_view_free(&v);
	assert_false(query_resume(q, old, &r, &err));
	assert_int_equal(err.code, EXIT_USAGE);
	assert_non_null(strstr(err.text, "pruned"));
	query_close(q);
}

static void old_runs_go_with_all_their_rows(void **state)
{
	(void)state;
	int64_t old = run_days_ago(1000, 0, "run"), fresh = run_days_ago(1, 0, "run");
	assert_true(store_event(store, old, 1, "k", "t", &err) && store_run_fact(store, fresh, "cpu", "B", &err));
	prune(90, 730, 10, 1);
	static const char *const tables[] = {"session", "worker", "event", "ticket", "error", "sample"};
	for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
		char sql[128];
		snprintf(sql, sizeof sql, "SELECT count(*) FROM %s WHERE run NOT IN (SELECT id FROM run)", tables[i]);
		assert_int_equal(count(sql), 0);
	}
	assert_int_equal(count("SELECT count(*) FROM run"), 1);
	assert_int_equal(count("SELECT count(*) FROM attempt"), 10);
	assert_int_equal(count("SELECT count(*) FROM experiment"), 1);
	assert_int_equal(count("SELECT count(*) FROM workload"), 1);
	assert_int_equal(count("SELECT count(*) FROM environment_fact"), 1);
	assert_true(run_days_ago(0, 0, "run") > fresh);
}

static void a_number_is_never_used_twice(void **state)
{
	(void)state;
	int64_t newest = run_days_ago(1000, 0, "run");
	prune(0, 1, 10, 1);
	assert_int_equal(count("SELECT count(*) FROM run"), 0);
	assert_int_equal(count("SELECT count(*) FROM workload"), 0);
	assert_true(run_days_ago(0, 0, "run") > newest);
}

static void pinned_runs_stay_with_their_baseline(void **state)
{
	(void)state;
	int64_t experiment = store_experiment(store, &(struct experiment_begin){.kind = "run"}, &err);
	run_days_ago(1000, experiment, "baseline");
	int64_t run = run_days_ago(1000, experiment, "run");
	assert_true(store_pin(store, run, true, &err));
	prune(1, 2, 0, 0);
	assert_int_equal(count("SELECT count(*) FROM attempt"), 20);
	assert_true(store_pin(store, run, false, &err));
	prune(1, 2, 20, 2);
}

static void zero_keeps_for_ever(void **state)
{
	(void)state;
	run_days_ago(5000, 0, "run");
	prune(0, 0, 0, 0);
}

static void pinning_a_missing_run_is_said(void **state)
{
	(void)state;
	assert_false(store_pin(store, 7, true, &err));
	assert_int_equal(err.code, EXIT_USAGE);
	assert_non_null(strstr(err.text, "no run 7"));
	assert_true(run_days_ago(0, 0, "run"));
}

static double seconds(int64_t from_ns)
{
	return (double)(clock_now_ns() - from_ns) / 1e9;
}

static void a_hundred_thousand_attempts_are_small_and_quick(void **state)
{
	(void)state;
	struct sample_store big;
	struct run_view v;
	int interrupted;
	sample_begin(&big, 5, 20000);
	struct store *s = store_open(big.path, &interrupted, &err);
	struct run_begin b = sample_run_begin(&big);
	int64_t began = clock_now_ns();
	assert_true(sample_run(&big, s, &b, 16, &err));
	double writing = seconds(began);
	int64_t bytes, tickets;
	assert_true(store_db_int(s->db, big.path, "SELECT sum(pgsize) FROM dbstat WHERE name = 'attempt'", 0, &bytes,
	                    NULL) ||
	            (bytes = 0, true)); /* dbstat is not in every SQLite */
	assert_true(store_db_int(s->db, big.path, "SELECT sum(pgsize) FROM dbstat WHERE name = 'ticket'", 0, &tickets,
	                    NULL) ||
	            (tickets = 0, true));
	assert_true(store_close(s, &err));
	began = clock_now_ns();
	struct query *q = query_open(big.path, &err);
	assert_true(query_run(q, 1, &v, &err));
	double reading = seconds(began);
	assert_int_equal(v.nattempts, 100000);
	for (size_t i = 1; i < v.nattempts; i++)
		assert_true(v.attempts[i - 1].session < v.attempts[i].session ||
		            (v.attempts[i - 1].session == v.attempts[i].session &&
		                    v.attempts[i - 1].taken_us <= v.attempts[i].taken_us));
	run_view_free(&v);
	query_close(q);
	sample_end(&big);
	print_message("100,000 attempts: %.1f bytes each, tickets %.1f; written in %.2f s, read in %.3f s\n",
	        (double)bytes / 1e5, (double)tickets / 1e5, writing, reading);
	assert_true(bytes < 6000000);
	assert_true(reading < 5);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = {CASE(old_attempts_go_and_numbers_stay),
	        CASE(old_runs_go_with_all_their_rows), CASE(a_number_is_never_used_twice),
	        CASE(pinned_runs_stay_with_their_baseline), CASE(zero_keeps_for_ever),
	        CASE(pinning_a_missing_run_is_said), CASE(a_hundred_thousand_attempts_are_small_and_quick)};
	return cmocka_run_group_tests_name("store prune", tests, NULL, NULL);
}
