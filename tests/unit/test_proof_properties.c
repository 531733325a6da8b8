/* proof: what must hold whatever the run was: the clock certificate takes every honest clock and no stepped one, and
 * the figures of activity agree with one another and with a shifted server clock. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "reports/proof.h"
#include "reports/proof_parts.h"
#include "shared/rng.h"
#include "tests/unit/made_run.h"

#define ROUNDS 400

/* Server time for client time: off by an hour, drifting by ppm, stepping by step_us at step_at_us. */
struct weird_clock {
	double ppm;
	int64_t step_at_us, step_us;
};

static int64_t server_time(const struct weird_clock *c, int64_t at_us)
{
	return MADE_OFFSET + 3600000000 + (int64_t)((double)at_us * (1 + c->ppm / 1e6)) +
	       (at_us >= c->step_at_us ? c->step_us : 0);
}

static void random_run(struct run_view *run, struct rng *rng, const struct weird_clock *c)
{
	uint32_t sessions = 1 + (uint32_t)rng_below(rng, 6);

	made_begin(run, sessions);
	made_task(run, "a", -1);
	for (uint32_t s = 0; s < sessions; s++) {
		int64_t at = MADE_GO + 1000;

		for (uint32_t n = 1 + (uint32_t)rng_below(rng, 8); n > 0; n--) {
			int64_t to = at + 1 + (int64_t)rng_below(rng, 400000);
			struct attempt_view *a = made_attempt(run, s, 0, at, to);

			a->ticket = (uint32_t)run->nattempts;
			a->before_sent_us = a->sent_us = at - 1 - (int64_t)rng_below(rng, 900);
			a->before_received_us = at + 1 + (int64_t)rng_below(rng, 900);
			a->before_server_us = server_time(c, at);
			a->after_sent_us = rng_below(rng, 2) ? a->sent_us : to - 1;
			a->after_received_us = a->done_us = to + 1 + (int64_t)rng_below(rng, 900);
			a->after_server_us = server_time(c, to);
			if (rng_below(rng, 12) == 0)
				a->after_server_us = QUERY_NONE;
			at = a->done_us + 1000 + (int64_t)rng_below(rng, 3000);
		}
	}
	made_end(run);
}

static void test_honest_clocks_are_certified(void **state)
{
	struct rng rng;

	(void)state;
	rng_seed(&rng, 1, 0);
	for (int round = 0; round < ROUNDS; round++) {
		struct weird_clock c = {(rng_unit(&rng) - 0.5) * 380, 0, 0};
		struct run_view run;
		struct server_clock clock;

		random_run(&run, &rng, &c);
		clock_fit(&run, &clock);
		assert_true(clock.fits);
		for (size_t i = 0; i < clock.npoints; i++) {
			const struct clock_point *p = &clock.points[i];

			assert_in_range(p->offset_us, p->low_us, p->high_us);
			if (i > 0)
				assert_true(clock_map(&clock, p->server_us) >= clock_map(&clock, p[-1].server_us) - 1);
		}
		clock_free(&clock);
		made_free(&run);
	}
}

/* Every attempt's start marker bounds the clock to under 2 ms: a step of 10 ms among them cannot pass, whichever way.
 */
static void test_stepped_clocks_are_not(void **state)
{
	struct rng rng;

	(void)state;
	rng_seed(&rng, 2, 0);
	for (int round = 0; round < ROUNDS; round++) {
		struct weird_clock c = {
		        (rng_unit(&rng) - 0.5) * 100, MADE_GO + 10000, rng_below(&rng, 2) ? 10000 : -10000};
		struct run_view run;
		struct server_clock clock;

		random_run(&run, &rng, &c);
		made_attempt(&run, 0, 0, 9000000, 9001000)->before_server_us = server_time(&c, 9000000);
		run.attempts[run.nattempts - 1].after_server_us = server_time(&c, 9001000);
		clock_fit(&run, &clock);
		assert_false(clock.fits);
		clock_free(&clock);
		made_free(&run);
	}
}

/* Markers two seconds apart bound the drift to 200 ppm and what the round trips leave: ten times that is no clock. */
static void test_drift_has_a_limit(void **state)
{
	static const struct {
		double ppm;
		bool fits;
	} cases[] = {{0, true}, {190, true}, {-190, true}, {2000, false}, {-2000, false}};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct weird_clock c = {cases[i].ppm, 0, 0};
		struct run_view run;
		struct server_clock clock;

		made_begin(&run, 1);
		for (int k = 0; k < 2; k++) {
			int64_t at = MADE_GO + 1000 + k * 2000000;
			struct attempt_view *a = made_attempt(&run, 0, 0, at, at + 1000);

			a->before_server_us = server_time(&c, at);
			a->after_server_us = server_time(&c, at + 1000);
		}
		clock_fit(&run, &clock);
		assert_int_equal(clock.fits, cases[i].fits);
		clock_free(&clock);
		made_free(&run);
	}
}

static void check_figures(const struct run_view *run, const struct proof *p)
{
	double active = 0, two = 0;
	uint32_t peak = 0;

	for (size_t i = 0; i < p->ntimeline; i++) {
		const struct activity *a = &p->timeline[i];

		assert_true(a->to_us > a->from_us);
		if (i > 0)
			assert_true(a->from_us == p->timeline[i - 1].to_us);
		active += (double)(a->to_us - a->from_us) * a->active;
		two += a->active >= 2 ? (double)(a->to_us - a->from_us) : 0;
		peak = a->active > peak ? a->active : peak;
	}
	assert_true(fabs(active - p->active_us) < 1);
	assert_true(fabs(two - p->overlapped_us) < 1);
	assert_true(p->peak <= peak && (p->peak > 0 || active < 1));
	assert_true(p->peak <= run->sessions);
	assert_true(p->effective_lanes <= p->peak + 1e-9);
	assert_true(p->overlapped_us <= p->possible_us + 1);
	assert_true(p->overlap_percent >= 0 && p->overlap_percent <= 100.001);
	assert_true(p->longest_us <= p->active_us + 1);
}

static void test_figures_agree(void **state)
{
	struct rng rng;

	(void)state;
	rng_seed(&rng, 3, 0);
	for (int round = 0; round < ROUNDS; round++) {
		struct weird_clock c = {(rng_unit(&rng) - 0.5) * 100, 0, 0};
		struct run_view run;
		struct proof proof;

		random_run(&run, &rng, &c);
		proof_of(&run, NULL, &proof);
		check_figures(&run, &proof);
		if (run.sessions == 1 && run.done > 1)
			assert_int_equal(proof.verdict, VERDICT_SERIAL);
		proof_free(&proof);
		made_free(&run);
	}
}

/* Where the server's clock stands is nobody's business: shifted by years, everything but the offset stays. */
static void test_shift_changes_nothing(void **state)
{
	struct rng rng;

	(void)state;
	rng_seed(&rng, 4, 0);
	for (int round = 0; round < 100; round++) {
		struct weird_clock c = {(rng_unit(&rng) - 0.5) * 100, 0, 0};
		struct run_view run;
		struct proof before, after;
		const int64_t shift = INT64_C(-77777777777777);

		random_run(&run, &rng, &c);
		proof_of(&run, NULL, &before);
		for (size_t i = 0; i < run.nattempts; i++) {
			struct attempt_view *a = &run.attempts[i];

			a->before_server_us += shift;
			a->after_server_us += a->after_server_us == QUERY_NONE ? 0 : shift;
		}
		proof_of(&run, NULL, &after);
		assert_int_equal(before.verdict, after.verdict);
		assert_int_equal(before.peak, after.peak);
		assert_float_equal(before.active_us, after.active_us, 0.5);
		assert_int_equal(before.clock_offset_us + shift, after.clock_offset_us);
		proof_free(&before);
		proof_free(&after);
		made_free(&run);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_honest_clocks_are_certified),
	        cmocka_unit_test(test_stepped_clocks_are_not), cmocka_unit_test(test_drift_has_a_limit),
	        cmocka_unit_test(test_figures_agree), cmocka_unit_test(test_shift_changes_nothing)};

	return cmocka_run_group_tests_name("proof properties", tests, NULL, NULL);
}
