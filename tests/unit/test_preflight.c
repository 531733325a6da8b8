/* Limits: each refusal names the number and the remedy. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "orchestrator/preflight.h"

static const struct machine_case {
	struct need need;
	struct allowance allowance;
	bool enough;
	const char *says[3];
} machine_cases[] = {
        {{5, 5, 5, 0, false}, {-1, -1, 0, -1, 0}, true, {NULL}},
        {{5, 5, 5, 0, false}, {1024, 1000, 10, 100, 5}, true, {NULL}},
        {{200, 200, 200, 0, false}, {256, -1, 0, -1, 0}, false,
                {"200 workers need 632 descriptors", "limit is 256", "-j 74"}},
        {{2000, 1, 2000, 0, false}, {1024, -1, 0, -1, 0}, false, {"descriptors", "limit is 1024", "-c 248"}},
        {{200, 200, 200, 0, false}, {20, -1, 0, -1, 0}, false, {"descriptors", "limit is 20", "ulimit -n 632"}},
        {{50, 50, 50, 50, false}, {200, -1, 0, -1, 0}, false, {"50 log files", "need 232", "ulimit -n 232"}},
        {{50, 50, 50, 50, false}, {232, -1, 0, -1, 0}, true, {NULL}},
        {{50, 50, 50, 0, false}, {-1, 100, 80, -1, 0}, false, {"52 more", "allows 100 and 80 run", "-c 18"}},
        {{50, 1, 50, 0, false}, {-1, -1, 0, 30, 10}, false, {"pids.max", "allows 30 and 10 run", "-c 18"}},
        {{50, 50, 50, 0, false}, {-1, -1, 0, 10, 10}, false, {"pids.max", "raise pids.max", NULL}},
        {{100, 1, 1, 0, true}, {434, -1, 0, -1, 0}, false, {"100 sessions need 435", "limit is 434", "-c"}},
        {{100, 1, 1, 0, true}, {435, -1, 0, -1, 0}, true, {NULL}},
        {{50, 50, 50, 0, true}, {-1, 182, 80, -1, 0}, true, {NULL}},
        {{50, 50, 50, 0, true}, {-1, 181, 80, -1, 0}, false, {"102 more", "-c 49"}},
};

static void test_machine(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof machine_cases / sizeof *machine_cases; i++) {
		const struct machine_case *c = &machine_cases[i];
		struct err err = {0};
		assert_int_equal(preflight_machine(&c->need, &c->allowance, &err), c->enough);
		for (int w = 0; w < 3 && c->says[w]; w++)
			if (!strstr(err.text, c->says[w]))
				fail_msg("\"%s\" does not say \"%s\"", err.text, c->says[w]);
		assert_int_equal(err.code, c->enough ? 0 : EXIT_USAGE);
	}
}

static const struct server_case {
	uint32_t sessions;
	int32_t most, reserved, used;
	bool direct, enough;
	const char *says;
} server_cases[] = {
        {94, 100, 3, 3, true, true, ""},
        {95, 100, 3, 3, true, false, "the server has 94 left (max_connections 100, 3 reserved, 3 in use): use -c 94"},
        {5, 10, 3, 7, true, false, "none left"}, {5, 10, 3, 70, true, false, "none left"},
        {500, 100, 3, 3, false, true, ""}, /* a pooler queues them */
};

static void test_server(void **state)
{
	static struct server_facts facts;

	(void)state;
	for (size_t i = 0; i < sizeof server_cases / sizeof *server_cases; i++) {
		const struct server_case *c = &server_cases[i];
		struct err err = {0};
		facts.max_connections = c->most;
		facts.reserved_connections = c->reserved;
		facts.used_connections = c->used;
		facts.direct = c->direct;
		assert_int_equal(preflight_server(c->sessions, &facts, &err), c->enough);
		if (!strstr(err.text, c->says))
			fail_msg("\"%s\" does not say \"%s\"", err.text, c->says);
	}
}

static void test_this_machine(void **state)
{
	struct allowance allowance;

	(void)state;
	preflight_allowance(&allowance);
	assert_true(allowance.descriptors == -1 || allowance.descriptors > 0);
	assert_true(allowance.processes == -1 || allowance.processes_used > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_machine),
	        cmocka_unit_test(test_server),
	        cmocka_unit_test(test_this_machine),
	};
	return cmocka_run_group_tests_name("preflight", tests, NULL, NULL);
}
