/* sequential: intervals that may be looked at after each block. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "reports/sequential.h"
#include "tests/unit/noise.h"

static double capital(const struct sequential *s, int side)
{
	double sum = 0;

	for (size_t i = 0; i < SEQUENTIAL_PLAYERS; i++)
		sum += s->capital[side][i];
	return sum;
}

/* Over all ways the signs could have fallen, the bettor ends with what he began with, to the last penny: that is what
 * the promise rests on, whatever the sizes of the blocks. */
static void the_game_is_fair(void **state)
{
	static const double sizes[][10] = {{1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10},
	        {100, 0.1, 0.1, 30, 0.01, 5, 5, 0.2, 0.3, 1000}, {0, 1, 0, 2, 0, 0, 3, 1, 0, 1}};

	(void)state;
	for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++)
		for (int side = 0; side < 2; side++) {
			double sum = 0;

			for (unsigned signs = 0; signs < 1024; signs++) {
				struct sequential s;

				sequential_init(&s);
				for (unsigned i = 0; i < 10; i++)
					sequential_add(&s, signs >> i & 1 ? -sizes[k][i] : sizes[k][i]);
				sum += capital(&s, side);
				sequential_clear(&s);
			}
			assert_true(fabs(sum / 1024 - 1) < 1e-12);
		}
}

static void looks_agree(const struct sequential *s, const struct paired *before, struct paired *now)
{
	sequential_result(s, now);
	assert_int_equal(now->method, PAIRED_ALWAYS_VALID);
	if (s->n < PAIRED_LEAST_BLOCKS)
		assert_int_equal(now->verdict, PAIRED_TOO_FEW);
	if (!now->has_interval)
		return;
	assert_true(now->low <= now->ratio && now->ratio <= now->high);
	assert_int_equal(now->p <= 0.05, now->low > 1 || now->high < 1);
	assert_int_equal(now->verdict == PAIRED_FASTER, now->low > 1);
	assert_int_equal(now->verdict == PAIRED_SLOWER, now->high < 1);
	/* What one look has ruled out stays ruled out, and a claim stays made: */
	if (before->has_interval) {
		assert_true(now->low >= before->low * (1 - 1e-11) && now->high <= before->high * (1 + 1e-11));
		assert_true(now->p <= before->p);
	}
	if (before->verdict == PAIRED_FASTER || before->verdict == PAIRED_SLOWER)
		assert_int_equal(now->verdict, before->verdict);
}

static void test_and_interval_agree_at_every_look(void **state)
{
	(void)state;
	for (int shape = 0; shape < NOISE_SHAPES; shape++)
		for (int round = 0; round < 6; round++) {
			struct noise z;
			struct sequential s;
			struct paired before = {0}, now;
			double scale = pow(10, -round);

			noise_init(&z, (enum noise_shape)shape, (uint64_t)round);
			sequential_init(&s);
			for (int i = 0; i < 40; i++) {
				double x = noise_block(&z, round % 3, 0);

				sequential_add(&s, scale * (round == 5 ? rint(x) : x));
				looks_agree(&s, &before, &now);
				before = now;
			}
			sequential_clear(&s);
		}
}

static void the_interval_ends_where_the_evidence_is_enough(void **state)
{
	struct noise z;
	struct sequential s;
	struct paired p;

	(void)state;
	noise_init(&z, NOISE_NORMAL, 3);
	sequential_init(&s);
	for (int i = 0; i < 25; i++)
		sequential_add(&s, 0.01 * noise_block(&z, 1, 0));
	sequential_result(&s, &p);
	assert_true(sequential_evidence(&s, log(p.low) - 1e-6, 1) >= 40);
	assert_true(sequential_evidence(&s, log(p.low) + 1e-6, 1) < 40);
	assert_true(sequential_evidence(&s, log(p.high) + 1e-6, -1) >= 40);
	assert_true(sequential_evidence(&s, log(p.high) - 1e-6, -1) < 40);
	/* The further away a value, the more speaks against it: so what is left is an interval. */
	for (double at = log(p.low); at < log(p.high); at += 1e-4) {
		assert_true(sequential_evidence(&s, at, 1) >= sequential_evidence(&s, at + 1e-4, 1));
		assert_true(sequential_evidence(&s, at, -1) <= sequential_evidence(&s, at + 1e-4, -1));
	}
	sequential_clear(&s);
}

static void the_other_way_round_is_the_other_way_round(void **state)
{
	struct noise z;
	struct sequential s[2];
	struct paired p, q;

	(void)state;
	noise_init(&z, NOISE_HEAVY, 4);
	sequential_init(&s[0]);
	sequential_init(&s[1]);
	for (int i = 0; i < 30; i++) {
		double x = 0.1 * noise_block(&z, 2, 0);

		sequential_add(&s[0], x);
		sequential_add(&s[1], -x);
	}
	sequential_result(&s[0], &p);
	sequential_result(&s[1], &q);
	assert_true(fabs(log(p.low) + log(q.high)) < 1e-9 && fabs(log(p.high) + log(q.low)) < 1e-9);
	assert_float_equal(p.p, q.p, 0);
	sequential_clear(&s[0]);
	sequential_clear(&s[1]);
}

/* Blocks that jump from one clear ratio to another contradict any single one: the last interval that was left stands,
 * and says the same as the p beside it. */
static void blocks_that_contradict_one_another_leave_an_interval(void **state)
{
	struct sequential s;
	struct paired before = {0}, now;

	(void)state;
	sequential_init(&s);
	for (int i = 0; i < 80; i++) {
		sequential_add(&s, (i < 20 ? 1 : -1) + 0.01 * (i % 7));
		looks_agree(&s, &before, &now);
		before = now;
	}
	assert_int_equal(now.verdict, PAIRED_FASTER);
	assert_true(now.low <= now.high);
	sequential_clear(&s);
}

static void equal_blocks_and_lost_blocks(void **state)
{
	struct sequential s;
	struct paired p;

	(void)state;
	sequential_init(&s);
	sequential_result(&s, &p);
	assert_int_equal(p.verdict, PAIRED_TOO_FEW);
	assert_false(sequential_narrow(&s, 1e9));
	for (int i = 0; i < 8; i++) {
		sequential_add(&s, 0);
		sequential_add(&s, i % 2 ? NAN : INFINITY);
	}
	sequential_result(&s, &p);
	assert_int_equal(p.blocks, 8);
	assert_int_equal(p.left_out, 8);
	assert_int_equal(p.verdict, PAIRED_NO_DIFFERENCE);
	assert_true(p.low <= 1 && 1 <= p.high && sequential_narrow(&s, 1e-6));
	sequential_clear(&s);
	for (int i = 0; i < 8; i++)
		sequential_add(&s, 0.1);
	sequential_result(&s, &p);
	assert_int_equal(p.verdict, PAIRED_FASTER);
	assert_float_equal(p.low, exp(0.1), 1e-6);
	sequential_clear(&s);
}

static int by_number(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* Differences in standard deviations of a block's log ratio; the blocks until half, and nine in ten, of the series have
 * made the claim. */
static void clear_differences_are_claimed_soon(void **state)
{
	static const struct {
		double difference;
		int half, most;
	} promised[] = {{1, 16, 32}, {2, 8, 12}, {4, 6, 7}};

	(void)state;
	for (size_t k = 0; k < sizeof promised / sizeof promised[0]; k++) {
		int blocks[400];
		struct rng rng;

		rng_seed(&rng, 9, k);
		for (int round = 0; round < 400; round++) {
			struct sequential s;

			sequential_init(&s);
			do
				sequential_add(&s, 0.03 * (promised[k].difference + noise_normal(&rng)));
			while (s.p[s.n - 1] > 0.05 && s.n < 200);
			blocks[round] = (int)s.n;
			sequential_clear(&s);
		}
		qsort(blocks, 400, sizeof blocks[0], by_number);
		assert_true(blocks[200] <= promised[k].half);
		assert_true(blocks[360] <= promised[k].most);
	}
}

/* The width of the interval in standard deviations of a block's log ratio, on average. */
static void intervals_narrow_in_time(void **state)
{
	static const struct {
		size_t blocks;
		double width;
	} promised[] = {{10, 2.7}, {20, 1.7}, {50, 1.05}, {200, 0.55}};

	(void)state;
	for (size_t k = 0; k < sizeof promised / sizeof promised[0]; k++) {
		struct rng rng;
		double sum = 0;

		rng_seed(&rng, 10, k);
		for (int round = 0; round < 30; round++) {
			struct sequential s;
			struct paired p;

			sequential_init(&s);
			while (s.n < promised[k].blocks)
				sequential_add(&s, 0.03 * noise_normal(&rng));
			sequential_result(&s, &p);
			assert_true(p.has_interval);
			assert_false(sequential_narrow(&s, (p.high / p.low - 1) * 0.999));
			assert_true(sequential_narrow(&s, (p.high / p.low - 1) * 1.001));
			sum += log(p.high / p.low) / 0.03;
			sequential_clear(&s);
		}
		assert_true(sum / 30 < promised[k].width);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(the_game_is_fair),
	        cmocka_unit_test(test_and_interval_agree_at_every_look),
	        cmocka_unit_test(the_interval_ends_where_the_evidence_is_enough),
	        cmocka_unit_test(the_other_way_round_is_the_other_way_round),
	        cmocka_unit_test(blocks_that_contradict_one_another_leave_an_interval),
	        cmocka_unit_test(equal_blocks_and_lost_blocks), cmocka_unit_test(clear_differences_are_claimed_soon),
	        cmocka_unit_test(intervals_narrow_in_time)};

	return cmocka_run_group_tests_name("sequential", tests, NULL, NULL);
}
