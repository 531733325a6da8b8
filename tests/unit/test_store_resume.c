/*
 * test_store_resume: what is known of a run whose parent died, and what --resume is told.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/unit/sample_store.h"

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

static void view_of(int64_t run, struct run_view *v)
{
	struct query *q = query_open(sample.path, &err);
	assert_non_null(q);
	if (!query_run(q, run, v, &err))
		fail_msg("%s", err.text);
	query_close(q);
}

static void fail_attempt(int64_t run, uint32_t ticket, uint32_t try_no, const char *sqlstate, char *message,
        enum outcome outcome, int64_t ms)
{
	struct attempt a = sample_attempt(ticket, 5, ms);
	a.try_no = try_no;
	a.outcome = outcome;
	a.message = message;
	a.failed_statement = 1;
	snprintf(a.sqlstate, sizeof a.sqlstate, "%s", sqlstate);
	assert_true(store_attempt(store, run, SAMPLE_ORIGIN, &sample.plan, &a, &err));
}

static void a_dead_parents_run_is_interrupted(void **state)
{
	(void)state;
	struct run_view v;
	struct resume_view r;
	struct run_begin b = sample_run_begin(&sample);
	int interrupted;
	int64_t run = store_run_begin(store, &sample.plan, &b, &err);
	assert_true(store_release(store, run, &sample.plan, sample.todo, 0, 4, &err));
	struct session_report report = sample_session(0);
	assert_true(store_session(store, run, SAMPLE_ORIGIN, &report, &err));
	struct attempt a = sample_attempt(0, 5, 20);
	assert_true(store_attempt(store, run, SAMPLE_ORIGIN, &sample.plan, &a, &err));
	assert_true(store_ticket(store, run, &sample.plan, 0, OUTCOME_DONE, &err));
	fail_attempt(run, 1, 1, "23505", "duplicate", OUTCOME_FAILED, 20);
	assert_true(store_ticket(store, run, &sample.plan, 1, OUTCOME_FAILED, &err));
	assert_true(store_close(store, &err));
	store = store_open(sample.path, &interrupted, &err);
	assert_non_null(store);
	assert_int_equal(interrupted, 1);
	view_of(run, &v);
	assert_int_equal(v.state, RUN_INTERRUPTED);
	assert_int_equal(v.done, 1);
	assert_int_equal(v.failed, 1);
	assert_int_equal(v.unknown, 2);
	assert_int_equal(v.not_run, 6);
	assert_int_equal(v.end.attempts, 2);
	run_view_free(&v);
	struct query *q = query_open(sample.path, &err);
	assert_true(query_resume(q, run, &r, &err));
	assert_int_equal(r.ntickets, 10);
	assert_true(r.seed == b.seed);
	assert_string_equal(r.workload_sha256, sample.plan.sha256);
	assert_false(r.setup_finished);
	assert_int_equal(r.tickets[0].state, OUTCOME_DONE);
	assert_int_equal(r.tickets[0].backend_pid, 4000);
	assert_int_equal(r.tickets[0].backend_start_us, SAMPLE_STARTED - 5);
	assert_int_equal(r.tickets[1].state, OUTCOME_FAILED);
	assert_int_equal(r.tickets[3].state, OUTCOME_UNKNOWN);
	assert_true(r.tickets[3].released);
	assert_int_equal(r.tickets[4].state, OUTCOME_NONE);
	assert_false(r.tickets[4].released);
	assert_int_equal(r.nbackends, 2);
	resume_view_free(&r);
	query_close(q);
}

static void resume_adds_up_a_chain(void **state)
{
	(void)state;
	struct resume_view r;
	struct run_begin b = sample_run_begin(&sample);
	struct run_phases phases = sample_phases(INT64_MIN);
	phases.setup_begin_us = -100;
	phases.setup_end_us = -50;
	int64_t first = store_run_begin(store, &sample.plan, &b, &err);
	assert_true(store_phases(store, first, &phases, &err));
	assert_true(store_release(store, first, &sample.plan, sample.todo, 0, 5, &err));
	for (uint32_t i = 0; i < 4; i++)
		assert_true(store_ticket(store, first, &sample.plan, i,
		        i == 1   ? OUTCOME_FAILED
		        : i == 3 ? OUTCOME_NONE
		                 : OUTCOME_DONE,
		        &err));
	struct run_end e = sample_run_end(2, 5000);
	e.phases = phases;
	assert_true(store_run_end(store, first, &e, &err));
	b.resumed_run = first;
	b.ntickets = 8;
	int64_t second = store_run_begin(store, &sample.plan, &b, &err);
	uint32_t todo[2] = {1, 9};
	assert_true(store_release(store, second, &sample.plan, todo, 0, 2, &err));
	assert_true(store_ticket(store, second, &sample.plan, 1, OUTCOME_DONE, &err));
	assert_true(store_commit(store, &err));
	struct query *q = query_open(sample.path, &err);
	assert_true(query_resume(q, second, &r, &err));
	assert_int_equal(r.ntickets, 10);
	assert_true(r.setup_finished);
	const enum outcome want[10] = {
	        OUTCOME_DONE, OUTCOME_DONE, OUTCOME_DONE, OUTCOME_NONE, OUTCOME_UNKNOWN, 0, 0, 0, 0, OUTCOME_UNKNOWN};
	for (int i = 0; i < 10; i++)
		assert_int_equal(r.tickets[i].state, want[i]);
	assert_false(r.tickets[3].released);
	resume_view_free(&r);
	/* The first would run the second's tickets again. */
	assert_false(query_resume(q, first, &r, &err));
	assert_int_equal(err.code, EXIT_USAGE);
	assert_non_null(strstr(err.text, "--resume=2"));
	assert_false(query_resume(q, 77, &r, &err));
	assert_int_equal(err.code, EXIT_USAGE);
	query_close(q);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = {CASE(a_dead_parents_run_is_interrupted), CASE(resume_adds_up_a_chain)};
	return cmocka_run_group_tests_name("store resume", tests, NULL, NULL);
}
