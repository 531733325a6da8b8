/* plan: stages, the order of tickets, values, limits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/buf.h"
#include "shared/plan.h"

/* Builds a plan of tasks a, b, c ... with the given `after` and repeat; '.' = none. */
static struct plan *plan_of(const char *after, const char *repeat)
{
	struct plan *plan = mem_zero(1, sizeof *plan);

	plan->ntasks = (int)strlen(after);
	plan->tasks = mem_zero((size_t)plan->ntasks, sizeof *plan->tasks);
	for (int i = 0; i < plan->ntasks; i++) {
		char name[2] = {(char)('a' + i), 0};

		plan->tasks[i].name = mem_strdup(name);
		plan->tasks[i].line = i + 1;
		plan->tasks[i].after = after[i] == '.' ? -1 : after[i] - 'a';
		plan->tasks[i].repeat = repeat != NULL ? repeat[i] - '0' : 1;
	}
	return plan;
}

/* "a b c | d": the order of tickets, stages parted by a bar. */
static const char *order(const struct plan *plan)
{
	static char text[500];
	size_t used = 0;
	int stage = 0;

	text[0] = '\0';
	for (uint32_t i = 0; i < plan->ntickets; i++) {
		const struct task *t = &plan->tasks[plan->tickets[i].task];

		if (t->stage != stage)
			text[used++] = '|';
		stage = t->stage;
		used += (size_t)snprintf(text + used, sizeof text - used, "%s%u", t->name, plan->tickets[i].round);
	}
	text[used] = '\0';
	return text;
}

static void test_order(void **state)
{
	static const struct {
		const char *after, *repeat, *order;
	} cases[] = {
	        {"", "", ""},
	        {".", "1", "a0"},
	        {"...", "111", "a0b0c0"},
	        {"...", "213", "a0b0c0a1c1c2"},
	        {".a.", "111", "a0c0|b0"},
	        {"bc.", "111", "c0|b0|a0"},
	        {".aa.", "1211", "a0d0|b0c0b1"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct plan *plan = plan_of(cases[i].after, cases[i].repeat);
		struct err err;

		assert_true(plan_number_tickets(plan, &err));
		assert_string_equal(order(plan), cases[i].order);
		plan_free(plan);
	}
}

static void test_cycles_name_their_chain(void **state)
{
	static const struct {
		const char *after, *text;
	} cases[] = {
	        {"a", "workload:1: task a waits for a: nothing could start"},
	        {"ba", "workload:1: task a waits for b, which waits for a: nothing could start"},
	        {"bcb", "waits for"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct plan *plan = plan_of(cases[i].after, NULL);
		struct err err = {0};

		assert_false(plan_number_tickets(plan, &err));
		assert_non_null(strstr(err.text, cases[i].text));
		assert_int_equal(err.code, EXIT_USAGE);
		plan_free(plan);
	}
}

static void test_long_chains_do_not_recurse(void **state)
{
	const int n = 200000;
	struct plan *plan = mem_zero(1, sizeof *plan);
	struct err err;

	(void)state;
	plan->ntasks = n;
	plan->tasks = mem_zero((size_t)n, sizeof *plan->tasks);
	for (int i = 0; i < n; i++) {
		plan->tasks[i].after = i + 1 < n ? i + 1 : -1;
		plan->tasks[i].repeat = 1;
	}
	assert_true(plan_number_tickets(plan, &err));
	assert_int_equal(plan->nstages, n);
	assert_int_equal(plan->tickets[0].task, n - 1);
	assert_int_equal(plan_stage_begin(plan, 1234), 1234);
	plan_free(plan);
}

static void test_rows_of_data(void **state)
{
	struct plan *plan = plan_of("..", "21");
	struct err err;

	(void)state;
	plan->tasks[0].uses_data = true;
	plan->nrows = 2;
	plan->ncolumns = 1;
	plan->columns = mem_zero(1, sizeof *plan->columns);
	plan->columns[0] = mem_strdup("n");
	plan->values = mem_zero(2, sizeof *plan->values);
	plan->values[1] = mem_strdup("x");
	assert_true(plan_number_tickets(plan, &err));
	assert_string_equal(order(plan), "a0b0a1a2a3");
	assert_int_equal(plan->tickets[1].row, PLAN_NO_ROW);
	assert_int_equal(plan->tickets[3].row, 0);
	assert_int_equal(plan->tickets[4].row, 1);

	int column = 0;
	struct statement st = {.nparams = 1, .params = &column};

	assert_null(plan_value(plan, &plan->tickets[3], &st, 0));
	assert_string_equal(plan_value(plan, &plan->tickets[4], &st, 0), "x");
	assert_null(plan_value(plan, &plan->tickets[1], &st, 0));
	plan_free(plan);
}

static void test_too_many_tickets(void **state)
{
	struct plan *plan = plan_of("..", "11");
	struct err err = {0};

	(void)state;
	plan->tasks[1].repeat = INT32_MAX;
	assert_false(plan_number_tickets(plan, &err));
	assert_non_null(strstr(err.text, "workload:2: task b"));
	plan_free(plan);
}

static void test_stage_begin(void **state)
{
	struct plan *plan = plan_of(".a.b", "2131");
	struct err err;

	(void)state;
	assert_true(plan_number_tickets(plan, &err));
	assert_int_equal(plan->nstages, 3);
	assert_int_equal(plan_stage_begin(plan, 0), 0);
	assert_int_equal(plan_stage_begin(plan, 1), 5);
	assert_int_equal(plan_stage_begin(plan, 2), 6);
	assert_int_equal(plan_stage_begin(plan, 3), 7);
	plan_free(plan);
}

/* They belong to the plan and not to its tickets: only its end is theirs (a leak checker sees whether it is). */
static void test_scripts_end_with_the_plan(void **state)
{
	struct plan *plan = plan_of("..", NULL);
	struct err err;

	(void)state;
	plan->scripts = mem_zero(1, sizeof *plan->scripts);
	plan->scripts->nscripts = 1;
	plan->scripts->scripts = mem_zero(1, sizeof *plan->scripts->scripts);
	plan->scripts->scripts[0].name = mem_strdup("a");
	assert_true(plan_number_tickets(plan, &err));
	assert_non_null(plan->scripts);
	assert_string_equal(plan->scripts->scripts[0].name, "a");
	plan_free(plan);
}

static void test_make_readonly(void **state)
{
	struct plan *plan = plan_of("..", NULL);

	(void)state;
	plan->session = mem_zero(1, sizeof *plan->session);
	struct err err = {0};

	assert_true(plan_make_readonly(plan, &err));
	assert_true(plan->tasks[0].readonly && plan->tasks[1].readonly && plan->session->readonly);
	plan->path = mem_strdup("w.sql");
	plan->tasks[1].write_line = 7;
	assert_false(plan_make_readonly(plan, &err));
	assert_non_null(strstr(err.text, "w.sql:7: this statement of task b"));
	plan_free(plan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_order),
	        cmocka_unit_test(test_cycles_name_their_chain),
	        cmocka_unit_test(test_long_chains_do_not_recurse),
	        cmocka_unit_test(test_rows_of_data),
	        cmocka_unit_test(test_too_many_tickets),
	        cmocka_unit_test(test_stage_begin),
	        cmocka_unit_test(test_make_readonly),
	        cmocka_unit_test(test_scripts_end_with_the_plan),
	};

	return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}
