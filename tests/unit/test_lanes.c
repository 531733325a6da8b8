/*
 * Lanes: spans of phases that never overlap, execute on the server's clock, waits for one another cut out.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "reports/lanes.h"
#include "tests/unit/fixture_run.c"

static void spans_follow_one_another(void **state)
{
	(void)state;
	for (int kind = 0; kind < FIXTURES; kind++) {
		struct fixture f;
		struct lanes lanes;

		fixture_make(&f, (enum fixture_kind)kind, kind == FIXTURE_LOAD ? 3000 : 0);
		lanes_of(&f.rendering, &lanes);
		for (size_t i = 0; i < lanes.nlanes; i++) {
			int64_t at = 0;

			for (size_t k = 0; k < lanes.lanes[i].nspans; k++) {
				const struct span *s = &lanes.spans[lanes.lanes[i].first_span + k];

				assert_true(s->from_us >= at && s->to_us >= s->from_us);
				at = s->to_us;
			}
		}
		lanes_free(&lanes);
		fixture_free(&f);
	}
}

static void execute_lies_on_the_servers_clock(void **state)
{
	struct fixture f;
	int64_t from, to;

	(void)state;
	fixture_make(&f, FIXTURE_SLEEPS, 0);
	assert_true(lanes_execute(&f.rendering, &f.run.attempts[0], &from, &to));
	assert_int_equal(from, 12700);
	assert_int_equal(to, 12710 + 2001000);
	f.proof.clock_certificate = false;
	assert_true(lanes_execute(&f.rendering, &f.run.attempts[0], &from, &to));
	assert_int_equal(from, 12640);
	assert_int_equal(to, 12800 + 2001000);
	f.run.attempts[0].sent_us = QUERY_NONE;
	assert_false(lanes_execute(&f.rendering, &f.run.attempts[0], &from, &to));
	fixture_free(&f);
}

static void a_server_clock_that_drifts_stays_inside_what_the_client_saw(void **state)
{
	struct fixture f;
	int64_t from, to;

	(void)state;
	fixture_make(&f, FIXTURE_SLEEPS, 0);
	f.run.attempts[0].after_server_us += 90000000;
	assert_true(lanes_execute(&f.rendering, &f.run.attempts[0], &from, &to));
	assert_int_equal(to, f.run.attempts[0].done_us);
	fixture_free(&f);
}

static void waits_for_one_another_are_not_execute(void **state)
{
	struct fixture f;
	struct lanes lanes;

	(void)state;
	fixture_make(&f, FIXTURE_LOCKED, 0);
	lanes_of(&f.rendering, &lanes);
	assert_true(lanes.present[PHASE_BLOCKED]);
	assert_int_equal(lanes.lanes[0].us[PHASE_BLOCKED], 0);
	for (size_t i = 1; i < lanes.nlanes; i++) {
		assert_in_range(lanes.lanes[i].us[PHASE_EXECUTE], 450000, 550000);
		assert_in_range(lanes.lanes[i].us[PHASE_BLOCKED], 501000 * i - 50000, 501000 * i + 50000);
	}
	lanes_free(&lanes);
	fixture_free(&f);
}

static void a_blocker_of_somebody_else_is_no_wait_for_one_another(void **state)
{
	struct fixture f;
	struct lanes lanes;

	(void)state;
	fixture_make(&f, FIXTURE_LOCKED, 0);
	for (size_t i = 0; i < f.run.nsamples; i++)
		f.run.samples[i].blockers[0] = 1;
	lanes_of(&f.rendering, &lanes);
	assert_false(lanes.present[PHASE_BLOCKED]);
	lanes_free(&lanes);
	fixture_free(&f);
}

static void mean_active_of_equal_parts(void **state)
{
	struct activity timeline[] = {{0, 50, 4}, {50, 100, 2}, {150, 200, 8}};
	struct proof proof = {.timeline = timeline, .ntimeline = 3};
	double mean[4];

	(void)state;
	lanes_active(&proof, 0, 200, 2, mean);
	assert_float_equal(mean[0], 3, 1e-9);
	assert_float_equal(mean[1], 4, 1e-9);
	lanes_active(&proof, 25, 75, 4, mean);
	assert_float_equal(mean[0], 4, 1e-9);
	assert_float_equal(mean[3], 2, 1e-9);
	lanes_active(&proof, 10, 10, 1, mean);
	assert_float_equal(mean[0], 0, 1e-9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(spans_follow_one_another),
	        cmocka_unit_test(execute_lies_on_the_servers_clock),
	        cmocka_unit_test(a_server_clock_that_drifts_stays_inside_what_the_client_saw),
	        cmocka_unit_test(waits_for_one_another_are_not_execute),
	        cmocka_unit_test(a_blocker_of_somebody_else_is_no_wait_for_one_another),
	        cmocka_unit_test(mean_active_of_equal_parts)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
