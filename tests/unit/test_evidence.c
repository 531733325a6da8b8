/* proof: what counts as activity, waiting and witness, and what raises self-doubt. */
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
static const int64_t halves[2] = {S / 2, S / 2};

static bool has_doubt(const struct proof *proof, const char *name)
{
	for (size_t i = 0; i < proof->ndoubts; i++)
		if (strcmp(proof->doubts[i].name, name) == 0)
			return true;
	return false;
}

static void doubt_cpu(struct run_view *run, struct run_view *base)
{
	(void)base;
	made_fact(run, "client_cpus_allowed", "2");
	run->end.usage.user_us = 5900 * MS;
}
static void doubt_sessions(struct run_view *run, struct run_view *base)
{
	(void)base;
	run->end.asked_sessions = 10;
}
static void doubt_clock(struct run_view *run, struct run_view *base)
{
	(void)base;
	run->end.clock_offset_change_us = -2 * S;
}
static void doubt_restart(struct run_view *run, struct run_view *base)
{
	(void)base;
	run->end.swept.restarted = true;
}
static void doubt_dropped(struct run_view *run, struct run_view *base)
{
	(void)base;
	run->end.swept.samples = 20;
	run->end.swept.dropped = 3;
}
/* The observer was stopped or died: it counts nothing. */
static void doubt_unseen(struct run_view *run, struct run_view *base)
{
	(void)base;
	run->samples[0].last_us -= S;
}
static void doubt_repeats(struct run_view *run, struct run_view *base)
{
	(void)base;
	run->repeats = 2;
	run->repeat_low = 2.0;
	run->repeat_high = 3.1;
}
static void doubt_pause(struct run_view *run, struct run_view *base)
{
	(void)base;
	run->end.parent_paused_us = 2 * S;
}
static void doubt_markers(struct run_view *run, struct run_view *base)
{
	(void)base;
	made_no_markers(&run->attempts[1]);
	run->attempts[1].flags = ATTEMPT_NO_MARKERS;
}
static void doubt_missing(struct run_view *run, struct run_view *base)
{
	(void)base;
	run->attempts[1].after_server_us = QUERY_NONE;
	run->attempts[1].flags = ATTEMPT_MARKER_MISSING;
}
static void doubt_base(struct run_view *run, struct run_view *base)
{
	(void)run;
	base->attempts[0].outcome = OUTCOME_FAILED;
	made_end(base);
}

static const struct {
	void (*spoil)(struct run_view *run, struct run_view *base);
	const char *name;
} doubts[] = {{doubt_cpu, "client CPU saturated"}, {doubt_sessions, "achieved concurrency under 90 % of asked"},
        {doubt_clock, "clock stepped"}, {doubt_restart, "server restarted"}, {doubt_dropped, "dropped samples"},
        {doubt_unseen, "dropped samples"}, {doubt_pause, "parent was not running"}, {doubt_repeats, "repeats differ"},
        {doubt_markers, "markers sampled"}, {doubt_missing, "markers missing"}, {doubt_base, "serial run incomplete"}};

static void test_doubts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof doubts / sizeof doubts[0]; i++) {
		struct run_view run, base;
		struct proof proof;

		made_together(&run, sleeps, 5);
		made_serial(&base, sleeps, 5);
		made_sample(&run, 0, BEGIN + 30 * MS, BEGIN + 1900 * MS, -1, 0);
		proof_of(&run, &base, &proof);
		assert_int_equal(proof.ndoubts, 0);
		proof_free(&proof);
		doubts[i].spoil(&run, &base);
		proof_of(&run, &base, &proof);
		if (!has_doubt(&proof, doubts[i].name))
			fail_msg("no doubt \"%s\"", doubts[i].name);
		assert_int_equal(proof.ndoubts, 1);
		proof_free(&proof);
		made_free(&run);
		made_free(&base);
	}
}

/* One marker missing: the client stands in for that end alone. */
static void test_one_end_on_client_clock(void **state)
{
	struct run_view run;
	struct proof proof;

	(void)state;
	made_begin(&run, 2);
	made_tasks(&run, 2);
	made_attempt(&run, 0, 0, BEGIN, BEGIN + S)->after_server_us = QUERY_NONE;
	made_attempt(&run, 1, 1, BEGIN, BEGIN + S);
	made_end(&run);
	proof_of(&run, NULL, &proof);
	assert_int_equal(proof.server_intervals, 1);
	assert_int_equal(proof.client_intervals, 1);
	assert_int_equal(proof.last_end_us, BEGIN + S + 200);
	assert_in_range(proof.first_start_us, BEGIN - 2, BEGIN + 2);
	proof_free(&proof);
	made_free(&run);
}

static void test_lost_attempts_are_no_activity(void **state)
{
	struct run_view run;
	struct proof proof;

	(void)state;
	made_together(&run, sleeps, 5);
	run.attempts[2].outcome = OUTCOME_UNKNOWN;
	run.attempts[2].flags = ATTEMPT_SESSION_LOST;
	run.attempts[2].after_server_us = QUERY_NONE;
	made_end(&run);
	proof_of(&run, NULL, &proof);
	assert_int_equal(proof.peak, 4);
	assert_true(has_doubt(&proof, "ends not known"));
	proof_free(&proof);
	made_free(&run);
}

/* A blocked stretch of samples ends with the interval of its blocker, not with the next sample. */
static void test_wait_ends_with_its_blocker(void **state)
{
	struct run_view run;
	struct proof proof;

	(void)state;
	made_begin(&run, 2);
	made_tasks(&run, 2);
	made_attempt(&run, 0, 0, BEGIN, BEGIN + 310 * MS);
	made_attempt(&run, 1, 1, BEGIN + 5 * MS, BEGIN + 640 * MS);
	made_sample(&run, 1, BEGIN + 100 * MS, BEGIN + 300 * MS, 0, BEGIN + 5 * MS);
	made_sample(&run, 1, BEGIN + 400 * MS, BEGIN + 600 * MS, -1, 0);
	made_end(&run);
	proof_of(&run, NULL, &proof);
	assert_in_range((int64_t)proof.blocked_us, 305 * MS - 2, 305 * MS + 2);
	proof_free(&proof);
	made_free(&run);
}

/* The blocker unlocked in the middle of its task: blocked until a sample shows otherwise. */
static void test_wait_ends_with_evidence(void **state)
{
	struct run_view run;
	struct proof proof;

	(void)state;
	made_begin(&run, 2);
	made_tasks(&run, 2);
	made_attempt(&run, 0, 0, BEGIN, BEGIN + 900 * MS);
	made_attempt(&run, 1, 1, BEGIN, BEGIN + 900 * MS);
	made_sample(&run, 1, BEGIN + 100 * MS, BEGIN + 300 * MS, 0, BEGIN + 100);
	made_sample(&run, 1, BEGIN + 500 * MS, BEGIN + 800 * MS, -1, 0); /* the one at 400 ms was dropped */
	made_end(&run);
	proof_of(&run, NULL, &proof);
	assert_in_range((int64_t)proof.blocked_us, 500 * MS - 2, 500 * MS + 2);
	proof_free(&proof);
	made_free(&run);
}

/* The blocker goes on, but the session's next statement has begun: the one that waited was over by then. */
static void test_wait_ends_with_next_statement(void **state)
{
	struct run_view run;
	struct proof proof;

	(void)state;
	made_begin(&run, 2);
	made_tasks(&run, 2);
	made_attempt(&run, 0, 0, BEGIN, BEGIN + 900 * MS);
	made_attempt(&run, 1, 1, BEGIN, BEGIN + 900 * MS);
	made_sample(&run, 1, BEGIN + 100 * MS, BEGIN + 300 * MS, 0, BEGIN + 100)->query_start_us =
	        MADE_OFFSET + BEGIN + 90;
	made_sample(&run, 1, BEGIN + 400 * MS, BEGIN + 800 * MS, -1, 0)->query_start_us =
	        MADE_OFFSET + BEGIN + 330 * MS;
	made_end(&run);
	proof_of(&run, NULL, &proof);
	assert_in_range((int64_t)proof.blocked_us, 330 * MS - 2, 330 * MS + 2);
	proof_free(&proof);
	made_free(&run);
}

/* Between letting go of a lock and the end marker two are active for microseconds: that is no peak of two. */
static void test_handing_over_is_no_peak(void **state)
{
	struct run_view run;
	struct proof proof;

	(void)state;
	made_begin(&run, 2);
	made_tasks(&run, 2);
	made_attempt(&run, 0, 0, BEGIN, BEGIN + 300 * MS + 60);
	made_attempt(&run, 1, 1, BEGIN, BEGIN + 600 * MS);
	made_sample(&run, 1, BEGIN + 100 * MS, BEGIN + 200 * MS, 0, BEGIN + 100)->query_start_us =
	        MADE_OFFSET + BEGIN + 90;
	made_sample(&run, 1, BEGIN + 400 * MS, BEGIN + 500 * MS, -1, 0)->query_start_us =
	        MADE_OFFSET + BEGIN + 300 * MS;
	made_end(&run);
	proof_of(&run, NULL, &proof);
	assert_int_equal(proof.peak, 1);
	assert_int_equal(proof.verdict, VERDICT_SERIAL);
	proof_free(&proof);
	made_free(&run);
}

/* A lock held by somebody who is no session of the run is the server's business: the task counts as active. */
static void test_foreign_blocker(void **state)
{
	struct run_view run;
	struct proof proof;

	(void)state;
	made_together(&run, halves, 2);
	made_sample(&run, 1, BEGIN + 100 * MS, BEGIN + 400 * MS, 500, BEGIN + 100);
	proof_of(&run, NULL, &proof);
	assert_int_equal((int64_t)proof.blocked_us, 0);
	assert_int_equal(proof.verdict, VERDICT_OVERLAPPED);
	proof_free(&proof);
	made_free(&run);
}

static void test_witness(void **state)
{
	static const struct {
		const char *state, *wait_type;
		int64_t query_start_us;
		int64_t last_us;
		uint32_t witnessed;
	} samples[] = {
	        {"active", "", BEGIN + 100, BEGIN + 200 * MS, 1},
	        {"active", "Timeout", BEGIN + 100, BEGIN + 200 * MS, 1},
	        {"active", "IO", BEGIN + 100, BEGIN + 200 * MS, 1},
	        {"active", "Lock", BEGIN + 100, BEGIN + 200 * MS, 0},
	        {"active", "BufferPin", BEGIN + 100, BEGIN + 200 * MS, 0},
	        {"active", "Client", BEGIN + 100, BEGIN + 200 * MS, 0}, {"idle", "", BEGIN + 100, BEGIN + 200 * MS, 0},
	        {"active", "", BEGIN - 100, BEGIN + 200 * MS, 0}, /* the query before it */
	        {"active", "", BEGIN + 100, BEGIN + 700 * MS, 0}, /* goes on after the end marker: not this task */
	        {"active", "", BEGIN + 100, BEGIN + 100 * MS, 0}, /* one sample */
	};

	(void)state;
	for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
		struct run_view run;
		struct proof proof;
		struct sample *s;

		made_together(&run, halves, 2);
		s = made_sample(&run, 0, BEGIN + 100 * MS, samples[i].last_us, -1, 0);
		strcpy(s->state, samples[i].state);
		strcpy(s->wait_type, samples[i].wait_type);
		s->query_start_us = MADE_OFFSET + samples[i].query_start_us;
		proof_of(&run, NULL, &proof);
		assert_int_equal(proof.witnessed, samples[i].witnessed);
		proof_free(&proof);
		made_free(&run);
	}
}

/* Both halves of one query with different waits are two samples of it as well. */
static void test_witness_over_two_stretches(void **state)
{
	struct run_view run;
	struct proof proof;

	(void)state;
	made_together(&run, halves, 2);
	made_sample(&run, 0, BEGIN + 100 * MS, BEGIN + 100 * MS, -1, 0)->query_start_us = MADE_OFFSET + BEGIN + 100;
	made_sample(&run, 0, BEGIN + 200 * MS, BEGIN + 200 * MS, -1, 0)->query_start_us = MADE_OFFSET + BEGIN + 100;
	proof_of(&run, NULL, &proof);
	assert_int_equal(proof.witnessed, 1);
	proof_free(&proof);
	made_free(&run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_doubts),
	        cmocka_unit_test(test_one_end_on_client_clock), cmocka_unit_test(test_lost_attempts_are_no_activity),
	        cmocka_unit_test(test_wait_ends_with_its_blocker), cmocka_unit_test(test_wait_ends_with_evidence),
	        cmocka_unit_test(test_wait_ends_with_next_statement), cmocka_unit_test(test_handing_over_is_no_peak),
	        cmocka_unit_test(test_foreign_blocker), cmocka_unit_test(test_witness),
	        cmocka_unit_test(test_witness_over_two_stretches)};

	return cmocka_run_group_tests_name("evidence", tests, NULL, NULL);
}
