/* proof: every verdict with its cause, from runs made by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "reports/proof.h"
#include "tests/unit/made_run.h"

#define S INT64_C(1000000)
#define MS INT64_C(1000)

static const int64_t sleeps[5] = {2 * S, 1 * S, 3 * S, 1 * S, 2 * S};
static const int64_t halves[5] = {S / 2, S / 2, S / 2, S / 2, S / 2};

static bool make_sleeps(struct run_view *run, struct run_view *base)
{
	made_together(run, sleeps, 5);
	made_serial(base, sleeps, 5);
	return true;
}

static bool make_sleeps_alone(struct run_view *run, struct run_view *base)
{
	(void)base;
	made_together(run, sleeps, 5);
	return false;
}

static bool make_two_sessions(struct run_view *run, struct run_view *base)
{
	made_begin(run, 2);
	made_tasks(run, 5);
	made_attempt(run, 0, 0, BEGIN, BEGIN + 2 * S);
	made_attempt(run, 1, 1, BEGIN, BEGIN + 1 * S);
	made_attempt(run, 1, 2, BEGIN + 1 * S + 500, BEGIN + 4 * S + 500);
	made_attempt(run, 0, 3, BEGIN + 2 * S + 500, BEGIN + 3 * S + 500);
	made_attempt(run, 0, 4, BEGIN + 3 * S + 1000, BEGIN + 5 * S + 1000);
	made_end(run);
	made_serial(base, sleeps, 5);
	return true;
}

static bool make_one_session(struct run_view *run, struct run_view *base)
{
	(void)base;
	made_serial(run, sleeps, 5);
	return false;
}

/* Five tasks on one lock, sampled at 10 Hz. wait_start: the server tells when a wait began. */
static void locked(struct run_view *run, bool wait_start)
{
	made_begin(run, 5);
	made_tasks(run, 5);
	for (int i = 0; i < 5; i++) {
		int64_t got = BEGIN + i * S / 2, first = BEGIN + 37 * MS;

		made_attempt(run, (uint32_t)i, (uint32_t)i, BEGIN + i * 100, got + S / 2 + i * 100);
		if (i > 0) {
			int64_t last = first + (got - first) / (100 * MS) * 100 * MS;

			made_sample(run, (uint32_t)i, first, last, i - 1, wait_start ? BEGIN + 700 : 0);
			first = last + 100 * MS;
		}
		made_sample(run, (uint32_t)i, first, first + 300 * MS, -1, 0);
	}
	made_end(run);
}

static bool make_locked(struct run_view *run, struct run_view *base)
{
	locked(run, true);
	made_serial(base, halves, 5);
	return true;
}

static bool make_locked_before_14(struct run_view *run, struct run_view *base)
{
	(void)base;
	locked(run, false);
	return false;
}

static bool make_pooled(struct run_view *run, struct run_view *base)
{
	(void)base;
	made_begin(run, 5);
	made_tasks(run, 5);
	for (uint32_t i = 0; i < 5; i++) {
		struct attempt_view *a = made_attempt(run, i, i, BEGIN + i * S / 2, BEGIN + (i + 1) * S / 2 - 300);

		a->backend_pid = 77;
		a->sent_us = a->before_sent_us = a->after_sent_us = BEGIN;
	}
	made_end(run);
	return false;
}

/* The pooler's one backend, but no marker was ever answered: the client's times overlap, the backend says no. */
static bool make_pooled_client_clock(struct run_view *run, struct run_view *base)
{
	(void)base;
	make_pooled(run, base);
	for (size_t i = 0; i < run->nattempts; i++)
		made_no_markers(&run->attempts[i]);
	return false;
}

static bool make_cpu_bound(struct run_view *run, struct run_view *base)
{
	static const int64_t alone[4] = {S, S, S, S};
	static const int64_t stretched[4] = {3700 * MS, 3750 * MS, 3780 * MS, 3800 * MS};

	made_together(run, stretched, 4);
	for (uint32_t i = 0; i < 4; i++)
		made_sample(run, i, BEGIN + 50 * MS, BEGIN + 3650 * MS, -1, 0);
	made_serial(base, alone, 4);
	return true;
}

static bool make_waiting_for_io(struct run_view *run, struct run_view *base)
{
	static const int64_t alone[2] = {S, S};
	static const int64_t stretched[2] = {1950 * MS, 1960 * MS};

	made_together(run, stretched, 2);
	for (uint32_t i = 0; i < 2; i++) {
		struct sample *s = made_sample(run, i, BEGIN + 50 * MS, BEGIN + 1850 * MS, -1, 0);

		strcpy(s->wait_type, "IO");
		strcpy(s->wait_event, "DataFileRead");
	}
	made_serial(base, alone, 2);
	return true;
}

static bool make_long_pole(struct run_view *run, struct run_view *base)
{
	static const int64_t lengths[5] = {3 * S, 300 * MS, 300 * MS, 300 * MS, 300 * MS};

	made_together(run, lengths, 5);
	made_serial(base, lengths, 5);
	return true;
}

static bool make_low_ceiling(struct run_view *run, struct run_view *base)
{
	static const int64_t lengths[3] = {5 * S, 100 * MS, 100 * MS};

	made_together(run, lengths, 3);
	made_serial(base, lengths, 3);
	return true;
}

static bool make_partly(struct run_view *run, struct run_view *base)
{
	static const int64_t alone[4] = {S, S, S, S};
	static const int64_t stretched[4] = {2 * S, 2 * S, 2 * S, 2 * S};

	made_together(run, stretched, 4);
	made_serial(base, alone, 4);
	return true;
}

static bool make_clock_step(struct run_view *run, struct run_view *base)
{
	(void)base;
	made_together(run, sleeps, 5);
	run->attempts[2].after_server_us += 50 * MS;
	return false;
}

static bool make_short_without_markers(struct run_view *run, struct run_view *base)
{
	static const int64_t lengths[3] = {100, 100, 100};

	(void)base;
	made_together(run, lengths, 3);
	for (size_t i = 0; i < run->nattempts; i++)
		made_no_markers(&run->attempts[i]);
	made_fact(run, "rtt_us", "400");
	return false;
}

static bool make_long_without_markers(struct run_view *run, struct run_view *base)
{
	(void)base;
	made_together(run, sleeps, 5);
	for (size_t i = 0; i < run->nattempts; i++)
		made_no_markers(&run->attempts[i]);
	made_fact(run, "rtt_us", "400");
	return false;
}

static bool make_one_done(struct run_view *run, struct run_view *base)
{
	(void)base;
	made_together(run, sleeps, 5);
	for (size_t i = 1; i < run->nattempts; i++)
		run->attempts[i].outcome = OUTCOME_FAILED;
	made_end(run);
	return false;
}

static bool make_none_done(struct run_view *run, struct run_view *base)
{
	(void)base;
	made_together(run, sleeps, 2);
	for (size_t i = 0; i < run->nattempts; i++) {
		run->attempts[i].outcome = OUTCOME_FAILED;
		strcpy(run->attempts[i].sqlstate, "42601");
		run->attempts[i].message = "syntax error at or near \"selct\"";
	}
	made_end(run);
	return false;
}

static bool make_empty(struct run_view *run, struct run_view *base)
{
	(void)base;
	made_begin(run, 5);
	made_tasks(run, 5);
	run->not_run = 5;
	made_end(run);
	return false;
}

static bool make_some_failed(struct run_view *run, struct run_view *base)
{
	made_together(run, sleeps, 5);
	run->attempts[1].outcome = OUTCOME_FAILED;
	run->attempts[3].outcome = OUTCOME_UNKNOWN;
	made_end(run);
	made_serial(base, sleeps, 5);
	return true;
}

/* The tasks were done, then the sessions were lost before their end markers were answered. */
static bool make_lost_when_done(struct run_view *run, struct run_view *base)
{
	(void)base;
	made_together(run, sleeps, 5);
	for (size_t i = 1; i < run->nattempts; i++) {
		struct attempt_view *a = &run->attempts[i];

		a->flags |= ATTEMPT_SESSION_LOST | ATTEMPT_MARKER_MISSING;
		a->after_received_us = a->after_server_us = QUERY_NONE;
	}
	made_end(run);
	return false;
}

static bool make_chained(struct run_view *run, struct run_view *base)
{
	(void)base;
	made_begin(run, 3);
	made_task(run, "load", -1);
	made_task(run, "index", 0);
	made_task(run, "analyze", 1);
	for (uint32_t i = 0; i < 3; i++)
		made_attempt(run, i, i, BEGIN + i * (S + 800), BEGIN + i * (S + 800) + S);
	made_end(run);
	return false;
}

static const struct {
	const char *name;
	bool (*make)(struct run_view *run, struct run_view *baseline); /* true: there is a baseline */
	const char *verdict, *suffix, *reason;
	double speedup, ceiling, lanes; /* 0 = not looked at */
	uint32_t peak;
} cases[] = {
        {"five sleeps", make_sleeps, "PARALLEL", "", "", 3.0, 3.0, 3.0, 5},
        {"five sleeps, no baseline", make_sleeps_alone, "OVERLAPPED", "", "", 0, 0, 3.0, 5},
        {"two sessions", make_two_sessions, "PARALLEL", "", "", 1.8, 2.0, 1.8, 2},
        {"one session", make_one_session, "SERIAL", "", "only one session", 0, 0, 1.0, 1},
        {"one advisory lock", make_locked, "SERIAL", "",
                "for 2.00 s of 2.50 s sessions waited for a lock (advisory) held by another session of this run", 1.0,
                5.0, 1.0, 1},
        {"one lock, before 14", make_locked_before_14, "SERIAL", "", "waited for a lock", 0, 0, 1.0, 1},
        {"one pooled backend", make_pooled, "SERIAL", "", "shared one backend (pid 77)", 0, 0, 1.0, 1},
        {"one pooled backend, client clock", make_pooled_client_clock, "SERIAL", "", "shared one backend", 0, 0, 1.0,
                1},
        {"CPU bound", make_cpu_bound, "OVERLAPPED, NOT FASTER", "",
                "each query took 3.8 times as long as alone; 100 % of the samples of running queries show no wait",
                1.05, 4.0, 3.95, 4},
        {"waiting for IO", make_waiting_for_io, "OVERLAPPED, NOT FASTER", "", "waiting for DataFileRead (IO)", 1.02,
                2.0, 0, 2},
        {"long pole", make_long_pole, "PARALLEL", "", "", 1.4, 1.4, 1.4, 5},
        {"low ceiling", make_low_ceiling, "OVERLAPPED, NOT FASTER", "",
                "no schedule of these tasks could be faster than 1.04x: the longest query, t1, takes 5.00 s", 1.04,
                1.04, 0, 3},
        {"half the gain", make_partly, "PARTLY PARALLEL", "", "each query took 2.0 times as long as alone", 2.0, 4.0,
                4.0, 4},
        {"clock stepped", make_clock_step, "INCONCLUSIVE", "", "no offset between server and client clock fits", 0, 0,
                0, 0},
        {"short, no markers", make_short_without_markers, "INCONCLUSIVE", "", "under two round trips of 400 us", 0, 0,
                0, 0},
        {"long, no markers", make_long_without_markers, "OVERLAPPED", "", "", 0, 0, 3.0, 5},
        {"one of five done", make_one_done, "INCONCLUSIVE", "4 failed", "only one task was done", 0, 0, 0, 0},
        {"none done", make_none_done, "FAILED", "2 failed", "42601: syntax error", 0, 0, 0, 0},
        {"nothing ran", make_empty, "FAILED", "5 not run", "no task was done", 0, 0, 0, 0},
        {"some failed", make_some_failed, "PARALLEL", "1 failed, 1 unknown", "", 7.0 / 3, 7.0 / 3, 0, 5},
        {"lost when done", make_lost_when_done, "OVERLAPPED", "", "", 0, 0, 3.0, 5},
        {"chained", make_chained, "SERIAL", "", "chained by after= (load -> index -> analyze)", 0, 0, 1.0, 1},
};

static void assert_near(double value, double expected)
{
	if (value < expected * 0.99 || value > expected * 1.01)
		fail_msg("%g is not %g", value, expected);
}

static void test_verdict(void **state)
{
	size_t i = (size_t)*state;
	struct run_view run, base;
	struct proof proof;
	bool has_base = cases[i].make(&run, &base);

	proof_of(&run, has_base ? &base : NULL, &proof);
	assert_string_equal(verdict_name(proof.verdict), cases[i].verdict);
	assert_string_equal(proof.suffix, cases[i].suffix);
	if (!cases[i].reason[0])
		assert_string_equal(proof.reason, "");
	if (!strstr(proof.reason, cases[i].reason))
		fail_msg("\"%s\" lacks \"%s\"", proof.reason, cases[i].reason);
	if (cases[i].speedup > 0)
		assert_near(proof.speedup, cases[i].speedup);
	if (cases[i].ceiling > 0)
		assert_near(proof.ceiling, cases[i].ceiling);
	if (cases[i].lanes > 0)
		assert_near(proof.effective_lanes, cases[i].lanes);
	if (cases[i].peak > 0)
		assert_int_equal(proof.peak, cases[i].peak);
	proof_free(&proof);
	made_free(&run);
	if (has_base)
		made_free(&base);
}

static void test_words_have_rules(void **state)
{
	(void)state;
	for (int v = VERDICT_FAILED; v <= VERDICT_OVERLAPPED; v++) {
		assert_true(verdict_name((enum verdict)v)[0]);
		assert_true(verdict_rule((enum verdict)v)[0]);
	}
}

static void test_long_task_named(void **state)
{
	struct run_view run, base;
	struct proof proof;

	(void)state;
	make_long_pole(&run, &base);
	proof_of(&run, &base, &proof);
	assert_string_equal(proof.ceiling_text, "the longest query, t1, takes 3.00 s");
	assert_int_equal(proof.longest_task, 0);
	proof_free(&proof);
	made_free(&run);
	made_free(&base);
}

static void test_sessions_are_the_ceiling(void **state)
{
	struct run_view run, base;
	struct proof proof;

	(void)state;
	make_two_sessions(&run, &base);
	proof_of(&run, &base, &proof);
	assert_string_equal(proof.ceiling_text, "2 sessions");
	proof_free(&proof);
	made_free(&run);
	made_free(&base);
}

static void test_chain_is_the_ceiling(void **state)
{
	struct run_view run, base;
	struct proof proof;

	(void)state;
	make_chained(&run, NULL);
	make_chained(&base, NULL);
	proof_of(&run, &base, &proof);
	assert_near(proof.ceiling, 1.0);
	assert_non_null(strstr(proof.ceiling_text, "the chain load -> index -> analyze takes 3.00 s"));
	proof_free(&proof);
	made_free(&run);
	made_free(&base);
}

int main(void)
{
	enum { NCASES = sizeof cases / sizeof cases[0] };
	struct CMUnitTest verdicts[NCASES];
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_words_have_rules),
	        cmocka_unit_test(test_long_task_named), cmocka_unit_test(test_sessions_are_the_ceiling),
	        cmocka_unit_test(test_chain_is_the_ceiling)};
	int failed;

	for (size_t i = 0; i < NCASES; i++)
		verdicts[i] = (struct CMUnitTest){cases[i].name, test_verdict, NULL, NULL, (void *)i};
	failed = cmocka_run_group_tests_name("verdicts", verdicts, NULL, NULL);
	return failed + cmocka_run_group_tests_name("words", tests, NULL, NULL);
}
