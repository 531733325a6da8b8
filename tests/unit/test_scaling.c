/*
 * A series of numbers of sessions, with invented figures: speed-ups paired by block, the best number, the knee, and the
 * words for each, down to the series that show nothing.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "reports/scaling.h"
#include "shared/rng.h"

#define BLOCKS 8

/* Around 1, reproducible, within 1 +- size. */
static double wobble(uint64_t arm, uint64_t block, double size)
{
	return 1 + size * ((double)(rng_hash(arm, block) % 2001) / 1000 - 1);
}

/* Makespans of 16 tasks by a law: `serial` of the work one after another, and `talk` per pair of sessions. */
static void by_law(struct scaling *s, const uint32_t *sizes, size_t nsizes, size_t blocks, double serial, double talk)
{
	scaling_init(s, nsizes, blocks);
	s->work = 16;
	for (size_t a = 0; a < nsizes; a++) {
		double n = sizes[a];

		s->arms[a].sessions = sizes[a];
		s->arms[a].run = (int64_t)a + 1;
		for (size_t b = 0; b < blocks; b++)
			s->arms[a].figure[b] =
			        4e6 * (1 + serial * (n - 1) + talk * n * (n - 1)) / n * wobble(a, b, 0.01);
	}
	scaling_compute(s, 1);
}

static const uint32_t doublings[] = {1, 2, 4, 8, 16, 32};

static char *words(const struct scaling *s, void (*of)(const struct scaling *, struct buf *))
{
	struct buf out = {0};

	of(s, &out);
	buf_puts(&out, "");
	return out.data;
}

static void speed_ups_are_paired_by_block(void **state)
{
	static const uint32_t sizes[] = {4, 1, 2};
	struct scaling s;

	(void)state;
	scaling_init(&s, 3, 2);
	for (size_t a = 0; a < 3; a++) {
		s.arms[a].sessions = sizes[a];
		/* The second block is twice as slow all over: the ratios do not see it. */
		s.arms[a].figure[0] = 8e6 / sizes[a];
		s.arms[a].figure[1] = 16e6 / sizes[a];
	}
	scaling_compute(&s, 1);
	for (size_t a = 0; a < 3; a++) {
		assert_int_equal(s.arms[a].sessions, 1u << a);
		assert_float_equal(s.arms[a].paired.ratio, (1 << a), 1e-9);
		assert_float_equal(s.arms[a].paired.least, (1 << a), 1e-9);
		assert_float_equal(s.arms[a].paired.most, (1 << a), 1e-9);
		assert_float_equal(s.arms[a].efficiency, 100, 1e-6);
	}
	assert_int_equal(s.best, 2);
	assert_false(s.claims);
	scaling_free(&s);
}

static void rates_of_load_runs_grow_the_other_way(void **state)
{
	struct scaling s;

	(void)state;
	scaling_init(&s, 2, 1);
	s.load = true;
	s.arms[0] = (struct scaling_arm){.sessions = 1, .figure = s.arms[0].figure, .gain = s.arms[0].gain};
	s.arms[1].sessions = 4;
	s.arms[0].sessions = 1;
	s.arms[0].figure[0] = 1000;
	s.arms[1].figure[0] = 3000;
	scaling_compute(&s, 1);
	assert_float_equal(s.arms[1].paired.ratio, 3, 1e-9);
	assert_float_equal(s.arms[1].efficiency, 75, 1e-9);
	scaling_free(&s);
}

static void a_block_without_one_run_is_left_out_for_all(void **state)
{
	struct scaling s;

	(void)state;
	by_law(&s, doublings, 4, BLOCKS, 0.1, 0);
	s.arms[2].figure[3] = NAN;
	s.arms[0].figure[5] = NAN;
	scaling_compute(&s, 1);
	assert_int_equal(s.complete, BLOCKS - 2);
	for (size_t a = 0; a < 4; a++) {
		assert_int_equal(s.arms[a].blocks, BLOCKS - 2);
		assert_true(isnan(s.arms[a].gain[3]) && isnan(s.arms[a].gain[5]));
	}
	scaling_free(&s);
}

/* More sessions than the server takes: that number is left out, and not everything. */
static void an_arm_that_never_came_through_is_left_out_itself(void **state)
{
	struct scaling s;

	(void)state;
	by_law(&s, doublings, 6, BLOCKS, 0.1, 0);
	for (size_t b = 0; b < BLOCKS; b++)
		s.arms[5].figure[b] = NAN;
	scaling_compute(&s, 1);
	assert_int_equal(s.complete, BLOCKS);
	assert_true(s.claims);
	assert_int_equal(s.arms[5].blocks, 0);
	assert_int_equal(s.arms[s.best].sessions, 16);
	assert_true(s.amdahl.fitted);
	scaling_free(&s);
}

/* The laws find what the figures were made from; a law with a peak has its best number of sessions before the end. */
static void laws_find_what_made_the_figures(void **state)
{
	static const struct {
		double serial, talk;
	} rows[] = {{0.2, 0}, {0.05, 0}, {0.05, 0.004}, {0.3, 0.01}};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const struct scaling_fit *fit;
		struct scaling s;

		by_law(&s, doublings, 6, BLOCKS, rows[i].serial, rows[i].talk);
		assert_true(s.amdahl.fitted);
		assert_true(s.usl.fitted);
		fit = rows[i].talk > 0 ? &s.usl : &s.amdahl;
		assert_float_equal(fit->sigma.value, rows[i].serial, 0.01);
		assert_float_equal(fit->kappa.value, rows[i].talk, 0.002);
		scaling_free(&s);
	}
}

static void best_enough_and_knee(void **state)
{
	static const struct {
		double serial, talk;
		uint32_t best, enough, knee;
	} rows[] = {
	        {0, 0, 32, 32, 32}, /* ideal */
	        {0.15, 0, 32, 32, 4}, /* 1 1.74 2.76 3.90: from 4 to 8 sessions four tenths of what it could */
	        {0.05, 0.01, 8, 8, 4}, /* past its peak at 16 */
	        {1, 0, 1, 1, 1}, /* all of it one after another */
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct scaling s;

		by_law(&s, doublings, 6, BLOCKS, rows[i].serial, rows[i].talk);
		if (rows[i].serial < 1)
			assert_int_equal(s.arms[s.best].sessions, rows[i].best);
		assert_int_equal(s.arms[s.enough].sessions, rows[i].enough);
		assert_int_equal(s.arms[s.knee].sessions, rows[i].knee);
		scaling_free(&s);
	}
}

/* 16 and 32 sessions differ by less than the noise: 16 are enough, and 8 are not. */
static void fewer_sessions_are_enough_where_more_are_not_shown_to_be_faster(void **state)
{
	struct scaling s;
	char *text;

	(void)state;
	by_law(&s, doublings, 6, BLOCKS, 0.1, 0);
	for (size_t b = 0; b < BLOCKS; b++)
		s.arms[5].figure[b] = s.arms[4].figure[b] * (b % 2 ? 0.98 : 1.01);
	scaling_compute(&s, 1);
	assert_int_equal(s.arms[s.best].sessions, 32);
	assert_int_equal(s.arms[s.enough].sessions, 16);
	text = words(&s, scaling_verdict);
	assert_string_equal(text, "SCALES TO 16 SESSIONS");
	free(text);
	text = words(&s, scaling_advice);
	assert_non_null(strstr(text, "16 sessions are enough: the highest speed-up, "));
	assert_non_null(strstr(text, " with 32, is not shown to be faster."));
	free(text);
	scaling_free(&s);
}

static void what_shows_nothing_says_so(void **state)
{
	struct scaling s;
	char *text;

	(void)state;
	by_law(&s, doublings, 6, BLOCKS, 1, 0); /* 1 / n of the sessions each: the same makespan */
	text = words(&s, scaling_verdict);
	assert_string_equal(text, "DOES NOT SCALE");
	free(text);
	text = words(&s, scaling_summary);
	assert_non_null(strstr(text, "more sessions than one are not shown to be faster; one session: 4.0"));
	free(text);
	text = words(&s, scaling_advice);
	assert_null(text && text[0] ? text : NULL);
	free(text);
	assert_false(scaling_good(&s));
	scaling_free(&s);

	scaling_init(&s, 2, 1);
	s.arms[0].sessions = 1;
	s.arms[1].sessions = 2;
	s.arms[1].figure[0] = 5;
	scaling_compute(&s, 1);
	assert_int_equal(s.best, SCALING_NONE);
	text = words(&s, scaling_verdict);
	assert_string_equal(text, "NOTHING TO COMPARE");
	free(text);
	text = words(&s, scaling_summary);
	assert_non_null(strstr(text, "no block has a complete run"));
	free(text);
	scaling_free(&s);
}

static void too_few_sizes_or_blocks_are_named(void **state)
{
	struct scaling s;
	struct buf out = {0};
	char *text;

	(void)state;
	by_law(&s, doublings, 2, 3, 0.2, 0);
	assert_false(s.amdahl.fitted);
	scaling_law_words(&s, &s.amdahl, &out);
	assert_non_null(strstr(buf_str(&out), "Amdahl's law is not fitted: "));
	buf_clear(&out);
	scaling_law_words(&s, &s.usl, &out);
	assert_non_null(strstr(buf_str(&out), "The universal scalability law is not fitted: "));
	text = words(&s, scaling_advice);
	assert_non_null(strstr(text, "Under 6 complete blocks nothing is claimed"));
	free(text);
	text = words(&s, scaling_summary);
	assert_non_null(strstr(text, "x (1."));
	assert_null(strchr(text, '['));
	free(text);
	buf_free(&out);
	scaling_free(&s);
}

static void laws_speak_of_share_limit_and_peak(void **state)
{
	struct scaling s;
	struct buf out = {0};

	(void)state;
	by_law(&s, doublings, 6, BLOCKS, 0.2, 0.01);
	scaling_law_words(&s, &s.amdahl, &out);
	assert_non_null(strstr(buf_str(&out), "Amdahl's law: serial share "));
	assert_non_null(strstr(buf_str(&out), "however many sessions, at most "));
	assert_non_null(strstr(buf_str(&out), "lie off this curve"));
	buf_clear(&out);
	scaling_law_words(&s, &s.usl, &out);
	assert_non_null(strstr(buf_str(&out), "it peaks at 9 sessions ["));
	assert_null(strstr(buf_str(&out), "lie off this curve"));
	buf_free(&out);
	scaling_free(&s);
}

static void ceilings_that_are_reached_are_named(void **state)
{
	struct scaling s;
	char *text;

	(void)state;
	by_law(&s, doublings, 4, BLOCKS, 0, 0);
	for (size_t b = 0; b < BLOCKS; b++)
		s.arms[3].figure[b] = s.arms[2].figure[b];
	for (size_t a = 0; a < 4; a++)
		s.arms[a].ceiling = fmin(s.arms[a].sessions, 4);
	scaling_compute(&s, 1);
	text = words(&s, scaling_advice);
	assert_non_null(strstr(text, "The ceiling is reached with 8 sessions ("));
	free(text);
	scaling_free(&s);
}

/* Of one parameter, the band is the curve of either end of its interval; of two it lies around the curve. */
static void bands_lie_around_the_curve(void **state)
{
	static const double at[] = {1, 3, 8, 32, 64};
	double low[5], high[5];
	struct scaling s;

	(void)state;
	by_law(&s, doublings, 6, BLOCKS, 0.1, 0.002);
	scaling_band(&s.amdahl, s.points, s.npoints, SCALING_RELATIVE, at, 5, low, high);
	for (size_t i = 0; i < 5; i++) {
		assert_float_equal(low[i], at[i] / (1 + s.amdahl.sigma.high * (at[i] - 1)), 1e-3 * low[i]);
		assert_float_equal(high[i], at[i] / (1 + s.amdahl.sigma.low * (at[i] - 1)), 1e-3 * high[i]);
	}
	scaling_band(&s.usl, s.points, s.npoints, SCALING_RELATIVE, at, 5, low, high);
	assert_float_equal(low[0], 1, 1e-9);
	assert_float_equal(high[0], 1, 1e-9);
	for (size_t i = 1; i < 5; i++) {
		double y = scaling_rate(&s.usl, at[i]) / s.usl.rate1.value;

		assert_true(low[i] < y && y < high[i] && high[i] < 1.1 * low[i]);
	}
	scaling_free(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(speed_ups_are_paired_by_block),
	        cmocka_unit_test(rates_of_load_runs_grow_the_other_way),
	        cmocka_unit_test(a_block_without_one_run_is_left_out_for_all),
	        cmocka_unit_test(an_arm_that_never_came_through_is_left_out_itself),
	        cmocka_unit_test(laws_find_what_made_the_figures),
	        cmocka_unit_test(best_enough_and_knee),
	        cmocka_unit_test(fewer_sessions_are_enough_where_more_are_not_shown_to_be_faster),
	        cmocka_unit_test(what_shows_nothing_says_so),
	        cmocka_unit_test(too_few_sizes_or_blocks_are_named),
	        cmocka_unit_test(laws_speak_of_share_limit_and_peak),
	        cmocka_unit_test(ceilings_that_are_reached_are_named),
	        cmocka_unit_test(bands_lie_around_the_curve),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
