/* err: filling, prefixing, truncation and the order of exit codes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "shared/err.h"

static void test_set_fills_and_returns_false(void **state)
{
	struct err e = {0};

	(void)state;
	assert_false(err_set(&e, EXIT_CONNECT, "cannot reach %s:%d", "db", 5432));
	assert_string_equal(e.text, "cannot reach db:5432");
	assert_int_equal(e.code, EXIT_CONNECT);
}

static void test_null_is_allowed(void **state)
{
	(void)state;
	assert_false(err_set(NULL, EXIT_USAGE, "x"));
	assert_false(err_prefix(NULL, "x"));
}

static void test_prefix_keeps_code_and_text(void **state)
{
	struct err e;

	(void)state;
	err_set(&e, EXIT_STORE, "disk full");
	assert_false(err_prefix(&e, "run %d", 7));
	assert_string_equal(e.text, "run 7: disk full");
	assert_int_equal(e.code, EXIT_STORE);
}

static void test_old_text_may_be_an_argument(void **state)
{
	struct err e;

	(void)state;
	err_set(&e, EXIT_USAGE, "inner");
	err_set(&e, EXIT_USAGE, "outer (%s)", e.text);
	assert_string_equal(e.text, "outer (inner)");
}

static void test_long_text_is_cut_between_characters(void **state)
{
	struct err e;
	char text[3000];

	(void)state;
	for (size_t i = 0; i + 2 < sizeof text; i += 2)
		memcpy(text + i, "\xc3\xa9", 3);
	for (int shift = 0; shift < 2; shift++) {
		err_set(&e, EXIT_USAGE, "%s%s", shift ? "x" : "", text);
		assert_true(strlen(e.text) < sizeof e.text);
		assert_int_equal((strlen(e.text) - (size_t)shift) % 2, 0);
	}
}

static void test_severity_order(void **state)
{
	static const enum exit_code order[] = {EXIT_DONE, EXIT_GATE, EXIT_TASKS, EXIT_CONNECT, EXIT_STORE};

	(void)state;
	for (size_t i = 0; i < 5; i++) {
		for (size_t j = 0; j < 5; j++)
			assert_int_equal(exit_code_worse(order[i], order[j]), order[i > j ? i : j]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_set_fills_and_returns_false),
	        cmocka_unit_test(test_null_is_allowed),
	        cmocka_unit_test(test_prefix_keeps_code_and_text),
	        cmocka_unit_test(test_old_text_may_be_an_argument),
	        cmocka_unit_test(test_long_text_is_cut_between_characters),
	        cmocka_unit_test(test_severity_order),
	};

	return cmocka_run_group_tests_name("err", tests, NULL, NULL);
}
