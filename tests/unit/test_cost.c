/* cost: the figures of a run's engine, and what is not known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "reports/cost.h"
#include "tests/unit/made_run.h"

static void made_costs(struct run_view *run)
{
	made_begin(run, 4);
	run->end.attempts = 10;
	run->end.costs = (struct run_costs){.workers = {.user_us = 5000,
	                                            .system_us = 1000,
	                                            .max_rss_kb = 9000,
	                                            .private_kb = 800,
	                                            .voluntary_switches = 30,
	                                            .involuntary_switches = 5,
	                                            .threads = 5,
	                                            .descriptors = 16,
	                                            .backends = 2,
	                                            .backends_kb = 2500},
	        .told = 1,
	        .start_skew_us = 170,
	        .lane_fairness = 0.8,
	        .session_fairness = 0.5};
}

static void test_figures(void **state)
{
	static const struct {
		enum cost cost;
		double value;
	} want[] = {{COST_USER, 5000}, {COST_SYSTEM, 1000}, {COST_USER_EACH, 500}, {COST_SYSTEM_EACH, 100},
	        {COST_VOLUNTARY, 30}, {COST_INVOLUNTARY, 5}, {COST_SWITCHES_EACH, 3.5}, {COST_PRIVATE, 800},
	        {COST_PEAK, 9000}, {COST_THREADS, 5}, {COST_DESCRIPTORS, 16}, {COST_READY, 18000}, {COST_SKEW, 170},
	        {COST_LANE_FAIRNESS, 0.8}, {COST_SESSION_FAIRNESS, 0.5}, {COST_BACKEND, 1250}, {COST_BACKENDS, 2},
	        {COST_UNTOLD, 0}};
	struct run_view run;
	double figures[COSTS];

	(void)state;
	made_costs(&run);
	cost_of(&run, figures);
	assert_int_equal(sizeof want / sizeof *want, COSTS);
	for (size_t i = 0; i < COSTS; i++)
		assert_true(fabs(figures[want[i].cost] - want[i].value) < 1e-9);
	made_free(&run);
}

static void test_line(void **state)
{
	struct run_view run;
	struct buf out = {0};

	(void)state;
	made_costs(&run);
	cost_line(&run, &out);
	assert_string_equal(buf_str(&out),
	        "CPU 5.00 ms user, 1.00 ms system, 600 us each   switches 30 voluntary, 5 not   memory 819 kB "
	        "private, 9.2 MB peak   threads 5   descriptors 16   ready 18 ms   server memory 1.3 MB a session   "
	        "start skew 170 us   fairness 0.80");
	buf_free(&out);
	made_free(&run);
}

/* All workers were killed, or the run is of a version that told nothing: no figure is made up. */
static void test_nothing_known(void **state)
{
	struct run_view run;
	struct buf out = {0};
	double figures[COSTS];
	char text[32];

	(void)state;
	made_begin(&run, 4);
	run.end.costs.start_skew_us = -1;
	run.end.costs.untold = 3;
	cost_of(&run, figures);
	for (int i = 0; i < COSTS; i++) {
		assert_true(isnan(figures[i]) == (i != COST_UNTOLD));
		if (isnan(figures[i]))
			assert_string_equal(cost_text((enum cost)i, figures[i], text), "-");
	}
	assert_true(figures[COST_UNTOLD] > 2.5);
	cost_line(&run, &out);
	assert_int_equal(out.len, 0);
	buf_free(&out);
	made_free(&run);
}

/* Keys are columns and members that scripts rely on. */
static void test_keys_are_distinct(void **state)
{
	(void)state;
	for (int i = 0; i < COSTS; i++) {
		assert_true(cost_names[i].key && cost_names[i].name && cost_names[i].what);
		for (int k = 0; k < i; k++)
			assert_string_not_equal(cost_names[i].key, cost_names[k].key);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_figures), cmocka_unit_test(test_line),
	        cmocka_unit_test(test_nothing_known), cmocka_unit_test(test_keys_are_distinct)};

	return cmocka_run_group_tests_name("cost", tests, NULL, NULL);
}
