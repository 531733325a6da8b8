/* workload_gate: the text of a gate into numbers in seconds, per cent, ratios and counts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/workload.h"

static void test_accepted(void **state)
{
	static const struct {
		const char *text;
		enum gate_metric metric;
		enum gate_op op;
		double number, percentile;
	} cases[] = {
	        {"errors = 0", GATE_ERRORS, GATE_EQ, 0, 0},
	        {"errors<=3", GATE_ERRORS, GATE_LE, 3, 0},
	        {"wall < 3s", GATE_WALL, GATE_LT, 3, 0},
	        {"wall < 2", GATE_WALL, GATE_LT, 2, 0},
	        {"makespan <= 250ms", GATE_MAKESPAN, GATE_LE, 0.25, 0},
	        {"speedup >= 1.3", GATE_SPEEDUP, GATE_GE, 1.3, 0},
	        {"speedup > 2x", GATE_SPEEDUP, GATE_GT, 2, 0},
	        {"overlap >= 90%", GATE_OVERLAP, GATE_GE, 90, 0},
	        {"overlap != 0", GATE_OVERLAP, GATE_NE, 0, 0},
	        {"p99.9 < 1.5s", GATE_PERCENTILE, GATE_LT, 1.5, 99.9},
	        {"tps >= 1234.5", GATE_TPS, GATE_GE, 1234.5, 0},
	        {"  p50<50ms  ", GATE_PERCENTILE, GATE_LT, 0.05, 50},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct gate gate;
		struct err err = {0};

		assert_true(workload_gate(cases[i].text, &gate, &err));
		assert_int_equal(gate.metric, cases[i].metric);
		assert_int_equal(gate.op, cases[i].op);
		assert_true(gate.number > cases[i].number - 1e-9 && gate.number < cases[i].number + 1e-9);
		assert_true(
		        gate.percentile > cases[i].percentile - 1e-9 && gate.percentile < cases[i].percentile + 1e-9);
		assert_true(gate.text[0] != ' ' && gate.text[strlen(gate.text) - 1] != ' ');
		free(gate.text);
	}
}

static void test_refused(void **state)
{
	static const char *const cases[][2] = {
	        {"", "a gate is NAME OP NUMBER"},
	        {"< 3", "a gate is NAME OP NUMBER"},
	        {"tps > 100ms", "'100ms' is not a rate"},
	        {"error = 0", "unknown gate error; did you mean errors?"},
	        {"speed-up > 2", "unknown gate speed-up; did you mean speedup?"},
	        {"nonsense = 1", "unknown gate nonsense; the names are"},
	        {"p0 < 1s", "the percentile p0"},
	        {"p100 < 1s", "the percentile p100"},
	        {"errors", "the gate 'errors' has no comparison"},
	        {"errors == 0", "the gate 'errors == 0' has no comparison we know"},
	        {"errors => 0", "the gate 'errors => 0' has no comparison we know"},
	        {"errors =", "the gate 'errors =' needs a number"},
	        {"errors = x", "'x' is not a count"},
	        {"errors = 1.5", "'1.5' is not a count"},
	        {"errors = 5%", "'5%' is not a count"},
	        {"wall < 3 s", "'3 s' is not a time"},
	        {"wall < 90%", "'90%' is not a time"},
	        {"overlap > 101%", "'101%' is not a percentage"},
	        {"overlap > 5ms", "'5ms' is not a percentage"},
	        {"speedup > 1s", "'1s' is not a ratio"},
	        {"speedup > -1", "'-1' is not a ratio"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct gate gate;
		struct err err = {0};

		assert_false(workload_gate(cases[i][0], &gate, &err));
		assert_int_equal(err.code, EXIT_USAGE);
		if (strncmp(err.text, cases[i][1], strlen(cases[i][1])) != 0)
			assert_string_equal(err.text, cases[i][1]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_accepted),
	        cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests_name("workload_gate", tests, NULL, NULL);
}
