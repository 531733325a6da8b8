/* clock: rounding, the ISO form and durations. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "shared/clock.h"

static void test_us_rounds_down(void **state)
{
	static const struct {
		int64_t at, origin, us;
	} cases[] = {{1999, 0, 1}, {2000, 0, 2}, {0, 1, -1}, {0, 1000, -1}, {0, 1001, -2}, {5, 5, 0}};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_int_equal(clock_us(cases[i].at, cases[i].origin), cases[i].us);
}

static void test_iso(void **state)
{
	static const struct {
		int64_t us;
		const char *text;
	} cases[] = {{0, "1970-01-01T00:00:00.000000Z"}, {1, "1970-01-01T00:00:00.000001Z"},
	        {-1, "1969-12-31T23:59:59.999999Z"}, {INT64_C(1795416012123456), "2026-11-23T06:40:12.123456Z"},
	        {INT64_MAX, "0000-00-00T00:00:00.000000Z"}};
	char out[32];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		clock_iso(cases[i].us, out);
		assert_string_equal(out, cases[i].text);
	}
}

static void test_durations(void **state)
{
	static const struct {
		const char *text;
		int64_t ns;
	} cases[] = {{"10s", 10 * NS_PER_S}, {"250ms", 250 * NS_PER_MS}, {"3us", 3 * NS_PER_US},
	        {"2min", 120 * NS_PER_S}, {"1h", 3600 * NS_PER_S}, {"7d", 7 * 86400 * NS_PER_S}, {"5", 5 * NS_PER_S},
	        {"0", 0}, {"1.5s", 1500 * NS_PER_MS}, {".5", 500 * NS_PER_MS}, {"2y", 730 * 86400 * NS_PER_S}};
	int64_t ns;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		assert_true(clock_parse(cases[i].text, &ns));
		assert_int_equal(ns, cases[i].ns);
	}
}

static void test_refused_durations(void **state)
{
	static const char *const cases[] = {
	        "", "s", ".", "-1s", "+1", "10 s", "10S", "1e3", "5m", "999999999999h", " 1", "1s ", "0x10"};
	int64_t ns = 77;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_false(clock_parse(cases[i], &ns));
	assert_int_equal(ns, 77);
}

static void test_monotonic_does_not_go_back(void **state)
{
	(void)state;
	int64_t before = clock_now_ns();

	assert_true(clock_now_ns() >= before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_us_rounds_down),
	        cmocka_unit_test(test_iso),
	        cmocka_unit_test(test_durations),
	        cmocka_unit_test(test_refused_durations),
	        cmocka_unit_test(test_monotonic_does_not_go_back),
	};

	return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
