/* gate: each metric, what is not known, and the claim about overlap. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "reports/gate.h"
#include "tests/unit/made_run.h"

#define S INT64_C(1000000)
static const int64_t sleeps[3] = {1 * S, 2 * S, 3 * S};

static void make(struct run_view *run, struct run_view *base)
{
	made_begin(run, 3);
	for (uint32_t i = 0; i < 3; i++) {
		char name[2] = {(char)('a' + i), 0};

		made_task(run, name, -1);
		made_attempt(run, i, i, MADE_GO + 300, MADE_GO + 300 + sleeps[i]);
	}
	made_end(run);
	made_serial(base, sleeps, 3);
}

static const struct {
	const char *text;
	enum gate_metric metric;
	double percentile;
	enum gate_op op;
	double number;
	bool passed;
} cases[] = {
        {"errors = 0", GATE_ERRORS, 0, GATE_EQ, 0, true},
        {"errors != 0", GATE_ERRORS, 0, GATE_NE, 0, false},
        {"wall < 4s", GATE_WALL, 0, GATE_LT, 4, true},
        {"wall < 3s", GATE_WALL, 0, GATE_LT, 3, false},
        {"makespan <= 3.1s", GATE_MAKESPAN, 0, GATE_LE, 3.1, true},
        {"speedup >= 1.9", GATE_SPEEDUP, 0, GATE_GE, 1.9, true},
        {"speedup > 2.1", GATE_SPEEDUP, 0, GATE_GT, 2.1, false},
        {"overlap >= 60%", GATE_OVERLAP, 0, GATE_GE, 60, true},
        {"overlap >= 80%", GATE_OVERLAP, 0, GATE_GE, 80, false},
        {"p50 < 2.1s", GATE_PERCENTILE, 50, GATE_LT, 2.1, true},
        {"p99.9 < 2.1s", GATE_PERCENTILE, 99.9, GATE_LT, 2.1, false},
        {"tps > 0.9", GATE_TPS, 0, GATE_GT, 0.9, true},
};

static void test_gates(void **state)
{
	struct run_view run, base;
	struct proof proof;

	(void)state;
	make(&run, &base);
	proof_of(&run, &base, &proof);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct gate gate = {
		        (char *)cases[i].text, cases[i].metric, cases[i].percentile, cases[i].op, cases[i].number};
		struct gate_result result;

		gate_check(&gate, &run, &proof, &result);
		assert_true(result.known);
		if (result.passed != cases[i].passed)
			fail_msg("%s", result.text);
		assert_non_null(strstr(result.text, result.passed ? ": passed, " : ": not passed, "));
	}
	proof_free(&proof);
	made_free(&run);
	made_free(&base);
}

static void test_no_baseline_does_not_pass(void **state)
{
	struct run_view run, base;
	struct proof proof;
	struct gate gate = {(char *)"speedup >= 0", GATE_SPEEDUP, 0, GATE_GE, 0};
	struct gate_result result;

	(void)state;
	make(&run, &base);
	proof_of(&run, NULL, &proof);
	gate_check(&gate, &run, &proof, &result);
	assert_false(result.known);
	assert_false(result.passed);
	assert_non_null(strstr(result.text, "--baseline"));
	proof_free(&proof);
	made_free(&run);
	made_free(&base);
}

static void test_failures_are_no_latency(void **state)
{
	struct run_view run, base;
	struct proof proof;
	struct gate gate = {(char *)"p99 < 2.5s", GATE_PERCENTILE, 99, GATE_LT, 2.5};
	struct gate_result result;

	(void)state;
	make(&run, &base);
	run.attempts[2].outcome = OUTCOME_FAILED;
	made_end(&run);
	proof_of(&run, &base, &proof);
	gate_check(&gate, &run, &proof, &result);
	assert_true(result.passed);
	assert_non_null(strstr(result.text, "too few samples"));
	gate = (struct gate){(char *)"errors = 0", GATE_ERRORS, 0, GATE_EQ, 0};
	gate_check(&gate, &run, &proof, &result);
	assert_false(result.passed);
	assert_float_equal(result.measured, 1, 0);
	proof_free(&proof);
	made_free(&run);
	made_free(&base);
}

static void test_require_overlap(void **state)
{
	struct run_view run, base;
	struct proof proof;
	struct gate_result result;

	(void)state;
	make(&run, &base);
	proof_of(&run, NULL, &proof);
	gate_require_overlap(3, &proof, &result);
	assert_true(result.passed);
	gate_require_overlap(4, &proof, &result);
	assert_false(result.passed);
	assert_string_equal(
	        result.text, "require-overlap=4: not passed, at most 3 sessions were active at the same time");
	proof_free(&proof);
	run.attempts[0].after_server_us += S; /* a clock that steps proves nothing */
	proof_of(&run, NULL, &proof);
	gate_require_overlap(3, &proof, &result);
	assert_false(result.passed);
	assert_false(result.known);
	proof_free(&proof);
	made_free(&run);
	made_free(&base);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_gates),
	        cmocka_unit_test(test_no_baseline_does_not_pass), cmocka_unit_test(test_failures_are_no_latency),
	        cmocka_unit_test(test_require_overlap)};

	return cmocka_run_group_tests_name("gate", tests, NULL, NULL);
}
