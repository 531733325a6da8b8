/*
 * scaling_law: fits of Amdahl's law and the universal scalability law. SOAK=1 simulates more.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "reports/distribution.h"
#include "reports/scaling_law.h"
#include "tests/unit/noise.h"

#define MOST 64

static bool close_to(double a, double b, double part)
{
	return fabs(a - b) <= part * fabs(b);
}

static void tails_are_those_of_the_tables(void **state)
{
	static const struct {
		double dof, t;
	} quantiles[] = {{1, 12.7062}, {2, 4.30265}, {5, 2.57058}, {10, 2.22814}, {30, 2.04227}, {1e6, 1.95997}};
	static const struct {
		double dof1, dof2, f;
	} five_percent[] = {{1, 1, 161.4476}, {2, 9, 4.2565}, {3, 10, 3.7083}, {10, 5, 4.7351}, {4, 60, 2.5252}};

	(void)state;
	for (size_t i = 0; i < sizeof quantiles / sizeof quantiles[0]; i++)
		assert_true(close_to(distribution_t_quantile(0.05, quantiles[i].dof), quantiles[i].t, 1e-5));
	for (size_t i = 0; i < sizeof five_percent / sizeof five_percent[0]; i++)
		assert_true(close_to(distribution_f_tail(five_percent[i].f, five_percent[i].dof1, five_percent[i].dof2),
		        0.05, 1e-3));
	assert_true(distribution_f_tail(0, 3, 3) == 1);
}

/* A Sun SPARCcenter 2000 in the SPEC SDM 91 benchmark (Gunther, Guerrilla Capacity Planning, 2007), as fitted by R's
 * package usl 3.0 in its README: alpha 0.0277285, beta 0.0001044, gamma 89.9952330, residual standard error 82.8, peak
 * 1884 at 96.52. */
static void a_published_fit_comes_out(void **state)
{
	static const struct scaling_point points[] = {{1, 0, 64.9}, {18, 0, 995.9}, {36, 0, 1652.4}, {72, 0, 1853.2},
	        {108, 0, 1828.9}, {144, 0, 1775.0}, {216, 0, 1702.2}};
	struct scaling_fit f;

	(void)state;
	assert_true(scaling_fit(points, 7, SCALING_USL, SCALING_ABSOLUTE, &f));
	assert_true(fabs(f.sigma.value - 0.0277285) < 1e-7);
	assert_true(fabs(f.kappa.value - 0.0001044) < 1e-7);
	assert_true(fabs(f.rate1.value - 89.9952330) < 1e-4);
	assert_true(fabs(f.residual - 82.8) < 0.05);
	assert_true(fabs(f.best.value - 96.52) < 0.005);
	assert_true(fabs(f.ceiling.value - 1884) < 0.5);
	/* its standard errors times t of 4 degrees of freedom, within the curvature that those leave out */
	assert_true(f.sigma.high - f.sigma.value > 2.776 * 0.0091217 * 0.7);
	assert_true(f.kappa.value - f.kappa.low > 2.776 * 0.0000199 * 0.7);
	assert_true(f.kappa.high - f.kappa.value < 2.776 * 0.0000199 * 1.5);
}

/* From the tests of the same package (tests/coef.R): rates of sigma = kappa = 0.02, with four decimals. */
static void a_published_example_comes_out(void **state)
{
	static const struct scaling_point points[] = {
	        {1, 0, 1}, {2, 0, 1.8868}, {4, 0, 3.0769}, {6, 0, 3.5294}, {8, 0, 3.5398}, {10, 0, 3.3557}};
	struct scaling_fit f;

	(void)state;
	for (int errors = 0; errors < 2; errors++) {
		assert_true(scaling_fit(points, 6, SCALING_USL, (enum scaling_errors)errors, &f));
		assert_true(fabs(f.sigma.value - 0.02) < 5e-5 && fabs(f.kappa.value - 0.02) < 5e-6);
		assert_true(f.sigma.low <= 0.02 && 0.02 <= f.sigma.high);
		assert_true(fabs(f.best.value - 7) < 0.01);
	}
}

static double law(double rate1, double sigma, double kappa, double n)
{
	return rate1 * n / (1 + sigma * (n - 1) + kappa * n * (n - 1));
}

static size_t series(
        struct scaling_point *points, const uint32_t *sessions, size_t sizes, unsigned blocks, const double shape[3])
{
	size_t n = 0;

	for (uint32_t b = 0; b < blocks; b++)
		for (size_t i = 0; i < sizes; i++)
			points[n++] =
			        (struct scaling_point){sessions[i], b, law(shape[0], shape[1], shape[2], sessions[i])};
	return n;
}

static const uint32_t doubling[] = {1, 2, 4, 8, 16, 32};

/* Best and knee as one finds them by trying; rates without noise give back what made them. */
static void what_made_the_rates_is_found(void **state)
{
	static const double shapes[][3] = {{1, 0.05, 0.001}, {900, 0.3, 0.0002}, {0.02, 0, 0.01}, {50, 0.01, 0.00001},
	        {1e6, 0.9, 0.03}, {7, 0.5, 0}, {3, 0, 0.0005}};

	(void)state;
	for (size_t k = 0; k < sizeof shapes / sizeof shapes[0]; k++)
		for (int errors = 0; errors < 2; errors++) {
			const double *s = shapes[k];
			struct scaling_point points[MOST];
			struct scaling_fit f;
			size_t n = series(points, doubling, 6, 3, s);
			double best = 1, knee = 1;

			assert_true(scaling_fit(points, n, SCALING_USL, (enum scaling_errors)errors, &f));
			assert_true(fabs(f.sigma.value - s[1]) < 1e-5 && fabs(f.kappa.value - s[2]) < 1e-6);
			assert_true(close_to(f.rate1.value, s[0], 1e-5));
			assert_true(close_to(scaling_rate(&f, 24), law(s[0], s[1], s[2], 24), 1e-4));
			if (s[2] == 0)
				continue;
			for (double at = 1; at < 1000; at += 0.01) {
				double rate = law(1, s[1], s[2], at), of_best = law(1, s[1], s[2], best);

				best = rate > of_best ? at : best;
				knee = rate * rate / at > pow(law(1, s[1], s[2], knee), 2) / knee ? at : knee;
			}
			assert_true(close_to(f.best.value, best, 0.01));
			assert_true(close_to(f.knee.value, knee, 0.01));
			assert_true(close_to(f.ceiling.value, law(s[0], s[1], s[2], best), 0.001));
		}
}

static void amdahls_share_and_limit(void **state)
{
	const double shape[3] = {10, 0.2, 0};
	struct scaling_point points[MOST];
	struct scaling_fit f;
	size_t n = series(points, doubling, 4, 1, shape);

	(void)state;
	assert_true(scaling_fit(points, n, SCALING_AMDAHL, SCALING_RELATIVE, &f));
	assert_true(fabs(f.sigma.value - 0.2) < 1e-6);
	assert_true(close_to(f.ceiling.value, 50, 1e-5));
	assert_true(close_to(f.knee.value, 4, 1e-5));
	assert_true(isinf(f.best.value));
	assert_true(f.kappa.value == 0 && f.kappa.low == 0 && f.kappa.high == 0);
}

static void what_cannot_be_fitted_says_why(void **state)
{
	static const struct {
		const char *reason; /* a part of it */
		enum scaling_law law;
		size_t n;
		struct scaling_point points[6];
	} cases[] = {{"no runs", SCALING_USL, 0, {{0}}},
	        {"2 different numbers of sessions, 3 are needed", SCALING_AMDAHL, 4,
	                {{1, 0, 10}, {2, 0, 15}, {1, 1, 11}, {2, 1, 16}}},
	        {"1 different number of sessions, 4 are needed", SCALING_USL, 2, {{4, 0, 10}, {4, 1, 15}}},
	        {"3 different numbers of sessions, 4 are needed", SCALING_USL, 3, {{1, 0, 10}, {2, 0, 15}, {4, 0, 20}}},
	        {"exactly the same", SCALING_AMDAHL, 4, {{1, 0, 10}, {2, 0, 10}, {4, 0, 10}, {8, 0, 10}}},
	        {"grows faster", SCALING_AMDAHL, 4, {{1, 0, 10}, {2, 0, 30}, {4, 0, 90}, {8, 0, 270}}},
	        {"grows faster", SCALING_USL, 5, {{1, 0, 1}, {2, 0, 2.2}, {4, 0, 4.9}, {8, 0, 10.8}, {16, 0, 24}}},
	        {"not a number above 0", SCALING_AMDAHL, 3, {{1, 0, 10}, {2, 0, 0}, {4, 0, 90}}},
	        {"not a number above 0", SCALING_AMDAHL, 3, {{1, 0, 10}, {2, 0, NAN}, {4, 0, 90}}},
	        {"not a number above 0", SCALING_AMDAHL, 3, {{1, 0, 10}, {2, 0, INFINITY}, {4, 0, 90}}},
	        {"no sessions", SCALING_AMDAHL, 3, {{0, 0, 10}, {2, 0, 3}, {4, 0, 90}}}};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct scaling_fit f;

		assert_false(scaling_fit(cases[i].points, cases[i].n, cases[i].law, SCALING_RELATIVE, &f));
		assert_false(f.fitted);
		assert_non_null(strstr(f.reason, cases[i].reason));
	}
}

static void sane(const struct scaling_estimate *e)
{
	assert_false(isnan(e->value) || isnan(e->low) || isnan(e->high));
	assert_true(e->low <= e->value && e->value <= e->high);
}

/* Whatever the rates are: no NaN, no bound passed, each value inside its interval. */
static void anything_gives_an_answer(void **state)
{
	static const uint32_t sessions[] = {1, 2, 3, 5, 8, 40, 1000};
	struct rng rng;

	(void)state;
	rng_seed(&rng, 21, 0);
	for (int round = 0; round < 150; round++) {
		struct scaling_point points[MOST];
		size_t n = 0, sizes = 3 + rng_below(&rng, 5), blocks = 1 + rng_below(&rng, 5);
		double wild = pow(10, 3 * rng_unit(&rng) - 2), power = 3 * rng_unit(&rng) - 1.5;
		struct scaling_fit f;

		for (uint32_t b = 0; b < blocks; b++)
			for (size_t i = 0; i < sizes; i++)
				if (rng_below(&rng, 5))
					points[n++] = (struct scaling_point){sessions[i], b * 7,
					        1e-3 * pow(sessions[i], power) * exp(wild * noise_normal(&rng))};
		if (!scaling_fit(points, n, round % 2 ? SCALING_USL : SCALING_AMDAHL,
		            round % 4 < 2 ? SCALING_RELATIVE : SCALING_ABSOLUTE, &f)) {
			assert_true(f.reason[0] != 0);
			continue;
		}
		sane(&f.rate1);
		sane(&f.sigma);
		sane(&f.kappa);
		sane(&f.best);
		sane(&f.ceiling);
		sane(&f.knee);
		assert_true(f.sigma.low >= 0 && f.sigma.high <= 1 && f.kappa.low >= 0);
		assert_true(f.best.low >= 1 && f.knee.low >= 1 && f.rate1.low > 0);
		assert_true(isfinite(f.residual) && f.residual >= 0);
	}
}

/* A block in which everything is slower says nothing about the law; nor does the order or the name of a block. */
static void blocks_have_levels_of_their_own(void **state)
{
	const double shape[3] = {100, 0.1, 0.0005};
	struct scaling_point points[MOST], moved[MOST];
	struct scaling_fit f, g;
	struct rng rng;
	size_t n = series(points, doubling, 6, 6, shape);

	(void)state;
	rng_seed(&rng, 5, 0);
	for (size_t i = 0; i < n; i++)
		points[i].rate *= exp(0.02 * noise_normal(&rng));
	for (size_t i = 0; i < n; i++) {
		moved[n - 1 - i] = points[i];
		moved[n - 1 - i].rate *= 1 + 0.3 * points[i].block;
		moved[n - 1 - i].block = 1000 - 3 * points[i].block;
	}
	assert_true(scaling_fit(points, n, SCALING_USL, SCALING_RELATIVE, &f));
	assert_true(scaling_fit(moved, n, SCALING_USL, SCALING_RELATIVE, &g));
	assert_true(fabs(f.sigma.value - g.sigma.value) < 1e-6 && fabs(f.sigma.high - g.sigma.high) < 1e-5);
	assert_true(close_to(f.kappa.value, g.kappa.value, 1e-3) && close_to(f.best.low, g.best.low, 1e-3));
	assert_true(g.rate1.high / g.rate1.low > f.rate1.high / f.rate1.low);
	/* Blocks that hold one number of sessions each tell nothing apart: then there are no blocks. */
	for (size_t i = 0; i < n; i++)
		points[i].block = points[i].sessions;
	assert_true(scaling_fit(points, n, SCALING_USL, SCALING_RELATIVE, &f));
	assert_int_equal(f.blocks, 1);
}

/* A ceiling like a wall is no law's curve: it is said, and the intervals are wider than the repeats alone would make
 * them. */
static void a_law_that_does_not_hold_says_so(void **state)
{
	struct scaling_point points[MOST];
	struct scaling_fit f;
	struct rng rng;
	size_t n = 0;

	(void)state;
	rng_seed(&rng, 6, 0);
	for (uint32_t b = 0; b < 6; b++)
		for (size_t i = 0; i < 6; i++)
			points[n++] = (struct scaling_point){
			        doubling[i], b, (doubling[i] < 8 ? doubling[i] : 8) * exp(0.005 * noise_normal(&rng))};
	assert_true(scaling_fit(points, n, SCALING_AMDAHL, SCALING_RELATIVE, &f));
	assert_true(f.misfit);
	assert_true(f.sigma.high - f.sigma.low > 0.05);
}

struct coverage {
	int sigma, kappa, best, ceiling, rate1, fitted;
};

static bool holds(const struct scaling_estimate *e, double truth)
{
	if (isinf(truth))
		return isinf(e->high);
	return e->low <= truth * (1 + 1e-9) + 1e-12 && truth <= e->high * (1 + 1e-9) + 1e-12;
}

/* How long N sessions take for the tasks when a share of each task (a little uneven) is inside one lock. */
static double lock_makespan(struct rng *rng, uint32_t sessions, int tasks, double share)
{
	double at[32] = {0}, lock = 0, end = 0;
	bool in_lock[32] = {false};

	for (int left = tasks; left > 0;) {
		uint32_t next = 0;

		for (uint32_t i = 1; i < sessions; i++)
			next = at[i] < at[next] ? i : next;
		in_lock[next] = !in_lock[next];
		if (in_lock[next]) {
			at[next] += (1 - share) * exp(0.2 * noise_normal(rng));
			continue;
		}
		lock = fmax(lock, at[next]) + share * exp(0.2 * noise_normal(rng));
		at[next] = lock;
		end = fmax(end, lock);
		left--;
	}
	return end;
}

/* The law is not how a lock works, which slows nobody down until it is full. Measured far enough beyond that, the
 * interval holds the lock's share; short of it, the fit knows that it does not know. */
static void a_locks_share_is_found_where_it_shows(void **state)
{
	static const double shares[] = {0.1, 0.2, 0.4};
	int held = 0, series = 0;
	struct rng rng;

	(void)state;
	rng_seed(&rng, 12, 0);
	for (int round = 0; round < 30; round++) {
		double share = shares[round % 3];

		for (size_t sizes = 4; sizes <= 6; sizes++) {
			struct scaling_point points[MOST];
			struct scaling_fit f;
			size_t n = 0;

			for (uint32_t b = 0; b < 6; b++)
				for (size_t i = 0; i < sizes; i++)
					points[n++] = (struct scaling_point){doubling[i], b,
					        200 / lock_makespan(&rng, doubling[i], 200, share) *
					                exp(0.02 * noise_normal(&rng))};
			assert_true(scaling_fit(points, n, SCALING_AMDAHL, SCALING_RELATIVE, &f));
			assert_int_equal(f.bent, doubling[sizes - 1] * share > 2);
			if (!f.bent)
				continue;
			series++;
			held += holds(&f.sigma, share);
		}
	}
	assert_true(series >= 50 && held >= series * 9 / 10);
}

/* Six blocks of six sizes, random order inside; the noise is 3 %, or grows from 1 % to 8 %, and blocks differ by 5 %.
 */
static void simulate(enum scaling_law which, const double shape[3], enum noise_shape noise, bool grows, int rounds,
        struct coverage *out)
{
	struct noise z;
	double best = shape[2] > 0 ? sqrt((1 - shape[1]) / shape[2]) : INFINITY;
	double ceiling = shape[2] > 0 ? law(shape[0], shape[1], shape[2], best) : shape[0] / shape[1];

	noise_init(&z, noise, 77);
	memset(out, 0, sizeof *out);
	for (int round = 0; round < rounds; round++) {
		struct scaling_point points[MOST];
		struct scaling_fit f;
		size_t n = series(points, doubling, 6, 6, shape);

		noise_restart(&z);
		for (size_t b = 0; b < 6; b++) {
			double level = 0.05 * noise_normal(&z.rng);
			size_t order[6] = {0, 1, 2, 3, 4, 5};

			for (size_t k = 6; k > 0; k--) {
				size_t pick = rng_below(&z.rng, k), i = order[pick];
				double size = grows ? 0.01 * pow(doubling[i], 0.6) : 0.03;

				order[pick] = order[k - 1];
				points[b * 6 + i].rate *= exp(level + size * noise_next(&z));
			}
		}
		if (!scaling_fit(points, n, which, SCALING_RELATIVE, &f))
			continue;
		out->fitted++;
		out->sigma += holds(&f.sigma, shape[1]);
		out->kappa += holds(&f.kappa, shape[2]);
		out->best += holds(&f.best, best);
		out->ceiling += holds(&f.ceiling, ceiling);
		out->rate1 += holds(&f.rate1, shape[0]);
	}
}

static void intervals_hold_the_truth(void **state)
{
	static const struct {
		enum scaling_law law;
		double shape[3];
	} truths[] = {{SCALING_AMDAHL, {100, 0.1, 0}}, {SCALING_AMDAHL, {100, 0.02, 0}},
	        {SCALING_AMDAHL, {100, 0.6, 0}}, {SCALING_AMDAHL, {100, 0, 0}}, {SCALING_USL, {100, 0.05, 0.001}},
	        {SCALING_USL, {100, 0.03, 0}}, {SCALING_USL, {100, 0.3, 0.02}}};
	static const struct {
		enum noise_shape shape;
		bool grows;
		const char *name;
	} noises[] = {{NOISE_NORMAL, false, "even"}, {NOISE_NORMAL, true, "growing with the sessions"},
	        {NOISE_HEAVY, false, "heavy-tailed"}, {NOISE_TIED, false, "autocorrelated"}};
	int rounds = getenv("SOAK") ? 1000 : 40, least = rounds * 93 / 100 - (rounds < 100 ? 3 : 10);

	(void)state;
	for (size_t t = 0; t < sizeof truths / sizeof truths[0]; t++)
		for (size_t k = 0; k < 4; k++) {
			struct coverage c;

			simulate(truths[t].law, truths[t].shape, noises[k].shape, noises[k].grows, rounds, &c);
			if (getenv("SOAK"))
				printf("# %s sigma %g kappa %g, noise %s: sigma %.1f %%, kappa %.1f, best %.1f, "
				       "ceiling %.1f, rate1 %.1f, fitted %.1f\n",
				        truths[t].law == SCALING_AMDAHL ? "Amdahl" : "USL", truths[t].shape[1],
				        truths[t].shape[2], noises[k].name, 100.0 * c.sigma / c.fitted,
				        100.0 * c.kappa / c.fitted, 100.0 * c.best / c.fitted,
				        100.0 * c.ceiling / c.fitted, 100.0 * c.rate1 / c.fitted,
				        100.0 * c.fitted / rounds);
			assert_true(c.fitted >= rounds * 99 / 100 - 1);
			assert_true(c.sigma >= least && c.kappa >= least && c.best >= least);
			/* The level drifts with autocorrelated noise, and no order inside blocks can help that. */
			if (noises[k].shape != NOISE_TIED)
				assert_true(c.ceiling >= least && c.rate1 >= least);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(tails_are_those_of_the_tables),
	        cmocka_unit_test(a_published_fit_comes_out), cmocka_unit_test(a_published_example_comes_out),
	        cmocka_unit_test(what_made_the_rates_is_found), cmocka_unit_test(amdahls_share_and_limit),
	        cmocka_unit_test(what_cannot_be_fitted_says_why), cmocka_unit_test(anything_gives_an_answer),
	        cmocka_unit_test(blocks_have_levels_of_their_own), cmocka_unit_test(a_law_that_does_not_hold_says_so),
	        cmocka_unit_test(a_locks_share_is_found_where_it_shows), cmocka_unit_test(intervals_hold_the_truth)};

	return cmocka_run_group_tests_name("scaling_law", tests, NULL, NULL);
}
