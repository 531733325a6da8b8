/*
 * test_compare: what a comparison makes of the cells of an experiment, against numbers worked out by hand: medians and
 * their intervals, blocks that are left out, claims and their absence, doubts.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "reports/compare.h"

#define BLOCKS 9
#define ARMS 2

static struct arm_view arms[ARMS];
static struct cell_view cells[ARMS * BLOCKS];

/* Two arms: the reference took 900, 800, ... 100 ms in its blocks, the other half of that each time. */
static struct experiment_view made(uint32_t nblocks)
{
	arms[0] = (struct arm_view){
	        .label = "serial", .engine = "serial", .setting = "", .sessions = 1, .reference = true};
	arms[1] = (struct arm_view){.label = "process", .engine = "process", .setting = "", .sessions = 4};
	for (uint32_t a = 0; a < ARMS; a++)
		for (uint32_t b = 0; b < nblocks; b++)
			cells[a * nblocks + b] = (struct cell_view){.run = 1 + a + 2 * b,
			        .arm = a,
			        .block = b,
			        .complete = true,
			        .makespan_us = (9 - b) * 1e5 / (a + 1),
			        .private_kb = a == 0 ? NAN : 100 + b};
	return (struct experiment_view){.id = 1,
	        .kind = "compare",
	        .workload = "w",
	        .ended = "all blocks",
	        .blocks_planned = nblocks,
	        .blocks = true,
	        .arms = arms,
	        .narms = ARMS,
	        .nblocks = nblocks,
	        .cells = cells};
}

static void test_median_and_interval(void **state)
{
	struct experiment_view v = made(BLOCKS);
	struct comparison c;

	(void)state;
	comparison_of(&v, false, &c);
	assert_int_equal(c.complete, 9);
	assert_true(c.claims);
	assert_float_equal(c.arms[0].middle, 500e3, 1e-6);
	/* of nine values the second and the eighth hold the median in 96.1 % */
	assert_true(c.arms[0].interval);
	assert_float_equal(c.arms[0].low, 200e3, 1e-6);
	assert_float_equal(c.arms[0].high, 800e3, 1e-6);
	assert_int_equal(c.arms[0].run, 1 + 2 * 4);
	assert_float_equal(c.arms[1].private_kb, 104, 1e-9);
	assert_true(isnan(c.arms[0].private_kb));
	comparison_free(&c);
}

static void test_pair_is_of_blocks(void **state)
{
	struct experiment_view v = made(BLOCKS);
	struct comparison c;

	(void)state;
	comparison_of(&v, false, &c);
	/* twice as fast in each block, however the blocks differ: all signs alike, p = 2 / 2^9 */
	assert_float_equal(c.arms[1].pair.ratio, 2, 1e-9);
	assert_float_equal(c.arms[1].pair.p, 2.0 / 512, 1e-12);
	assert_int_equal(c.arms[1].pair.verdict, PAIRED_FASTER);
	comparison_free(&c);
}

static void test_incomplete_run_takes_its_block(void **state)
{
	struct experiment_view v = made(BLOCKS);
	struct comparison c;
	struct buf words = {0};

	(void)state;
	cells[BLOCKS + 4].complete = false; /* of the other arm, the block in the middle */
	snprintf(cells[BLOCKS + 4].why, sizeof cells->why, "3 of its 4 tickets failed");
	comparison_of(&v, false, &c);
	assert_int_equal(c.complete, 8);
	assert_int_equal(c.arms[0].n, 8);
	assert_float_equal(c.arms[0].middle, 500e3, 1e-6); /* between 400 and 600 */
	assert_int_equal(c.arms[1].pair.blocks, 8);
	comparison_trouble(&v, &words);
	assert_string_equal(buf_str(&words), "Block 5 is left out: run 10 (process): 3 of its 4 tickets failed.");
	buf_free(&words);
	comparison_free(&c);
}

static void test_under_six_blocks_nothing_is_claimed(void **state)
{
	struct experiment_view v = made(5);
	struct comparison c;

	(void)state;
	comparison_of(&v, false, &c);
	assert_false(c.claims);
	assert_false(c.arms[0].interval);
	assert_float_equal(c.arms[0].low, 500e3, 1e-6); /* the range */
	assert_float_equal(c.arms[0].high, 900e3, 1e-6);
	assert_int_equal(c.arms[1].pair.verdict, PAIRED_TOO_FEW);
	assert_false(c.arms[1].pair.has_interval);
	comparison_free(&c);
}

static void test_rates_are_compared_the_other_way(void **state)
{
	struct experiment_view v = made(BLOCKS);
	struct comparison c;

	(void)state;
	v.load = true;
	for (uint32_t i = 0; i < ARMS * BLOCKS; i++)
		cells[i].tps = cells[i].arm == 0 ? 100 : 50;
	comparison_of(&v, false, &c);
	assert_float_equal(c.arms[1].pair.ratio, 0.5, 1e-9);
	assert_int_equal(c.arms[1].pair.verdict, PAIRED_SLOWER);
	comparison_free(&c);
}

static void test_past_runs_claim_nothing(void **state)
{
	struct experiment_view v = made(BLOCKS);
	struct comparison c;

	(void)state;
	v.blocks = false;
	comparison_of(&v, false, &c);
	assert_false(c.claims);
	assert_float_equal(c.arms[1].pair.ratio, 2, 1e-9); /* of the medians */
	assert_false(c.arms[1].pair.has_interval);
	comparison_free(&c);
}

static void test_no_run_at_all(void **state)
{
	struct experiment_view v = made(BLOCKS);
	struct comparison c;

	(void)state;
	for (uint32_t i = 0; i < ARMS * BLOCKS; i++)
		cells[i] = (struct cell_view){.arm = cells[i].arm, .makespan_us = NAN, .tps = NAN};
	comparison_of(&v, false, &c);
	assert_int_equal(c.complete, 0);
	assert_int_equal(c.arms[0].n, 0);
	assert_float_equal(c.arms[0].middle, 0, 0);
	assert_int_equal(c.arms[0].run, 0);
	comparison_free(&c);
}

static void test_doubts_in_words(void **state)
{
	struct arm_doubt doubts[] = {{.arm = 1, .runs = 3, .of = 9, .name = "client CPU saturated", .text = "97 %"},
	        {.arm = 1, .runs = 1, .of = 9, .name = "clock stepped", .text = "by 2 s"},
	        {.arm = 0, .runs = 2, .of = 9, .name = "client CPU saturated", .text = "96 %"}};
	struct experiment_view v = made(BLOCKS);
	struct buf words = {0};

	(void)state;
	comparison_doubts(&v, &words);
	assert_int_equal(words.len, 0);
	v.doubts = doubts;
	v.ndoubts = 3;
	comparison_doubts(&v, &words);
	assert_string_equal(buf_str(&words), "Doubt about serial: client CPU saturated in 2 of 9 runs. Doubt about "
	                                     "process: client CPU saturated in 3 of "
	                                     "9 runs; clock stepped in 1 of 9 runs. client CPU saturated: 97 %. clock "
	                                     "stepped: by 2 s. These runs are in the figures all the same.");
	buf_free(&words);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_median_and_interval),
	        cmocka_unit_test(test_pair_is_of_blocks),
	        cmocka_unit_test(test_incomplete_run_takes_its_block),
	        cmocka_unit_test(test_under_six_blocks_nothing_is_claimed),
	        cmocka_unit_test(test_rates_are_compared_the_other_way),
	        cmocka_unit_test(test_past_runs_claim_nothing),
	        cmocka_unit_test(test_no_run_at_all),
	        cmocka_unit_test(test_doubts_in_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
