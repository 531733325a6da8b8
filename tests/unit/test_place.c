/* Dividing CPUs for --pin: who gets which, what is refused, and how the run says it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "orchestrator/place.h"

struct expected {
	enum pin pin;
	bool local;
	uint32_t nallowed;
	const char *text; /* NULL = refused */
};

/* The allowed CPUs are 3, 5, 7, ... */
static const struct expected table[] = {
        {PIN_NONE, false, 4, ""},
        {PIN_NONE, true, 0, ""},
        {PIN_ONE, false, 1, "one: this program on CPU 3; the server is not ours to place"},
        {PIN_ONE, true, 4, "one: this program and the server on CPU 3"},
        {PIN_SPLIT, false, 1, NULL},
        {PIN_SPLIT, true, 1, NULL},
        {PIN_SPLIT, false, 3, "split: lanes one by one on CPUs 3, 5, 7; the server is not ours to place"},
        {PIN_SPLIT, true, 2, "split: lanes one by one on CPU 5; the server on CPU 3"},
        {PIN_SPLIT, true, 5, "split: lanes one by one on CPUs 7, 9, 11; the server on CPUs 3, 5"},
};

static void test_cpus_are_divided(void **state)
{
	uint16_t allowed[8];

	(void)state;
	for (uint16_t i = 0; i < 8; i++)
		allowed[i] = (uint16_t)(3 + 2 * i);
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		const struct expected *e = &table[i];
		struct place place;
		struct err err = {0};
		struct buf text = {0};
		bool good = place_divide(&place, e->pin, e->local, allowed, e->nallowed, &err);

		assert_int_equal(good, e->text != NULL);
		if (!good) {
			assert_int_equal(err.code, EXIT_USAGE);
			assert_non_null(strstr(err.text, "--pin=one"));
			continue;
		}
		place_text(&place, &text);
		assert_string_equal(buf_str(&text), e->text);
		buf_free(&text);
	}
}

static void test_neighbours_are_written_as_a_range(void **state)
{
	static const uint16_t allowed[] = {0, 1, 2, 5, 8, 9, 1022, 1023};
	struct place place;
	struct err err = {0};
	struct buf text = {0};

	(void)state;
	assert_true(place_divide(&place, PIN_SPLIT, true, allowed, 8, &err));
	place_text(&place, &text);
	assert_string_equal(
	        buf_str(&text), "split: lanes one by one on CPUs 8-9, 1022-1023; the server on CPUs 0-2, 5");
	buf_free(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_cpus_are_divided),
	        cmocka_unit_test(test_neighbours_are_written_as_a_range),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
