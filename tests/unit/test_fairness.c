/* fairness: Jain's index. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "reports/fairness.h"

static void shares_and_their_index(void **state)
{
	static const struct {
		size_t n;
		double x[10], index;
	} cases[] = {{5, {50, 30, 50, 50, 50}, 230.0 * 230 / (5 * 10900)}, {4, {1, 1, 1, 1}, 1},
	        {4, {0, 0, 7, 0}, 0.25}, {10, {3, 3, 0, 0, 0, 0, 0, 0, 0, 0}, 0.2}, {2, {1, 3}, 0.8},
	        {3, {1, 2, 3}, 6.0 / 7}, {3, {0, 0, 0}, 1}, {0, {0}, 0}, {1, {12}, 1}, {2, {1e200, 3e200}, 0.8},
	        {2, {1e-200, 3e-200}, 0.8}};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_true(fabs(fairness_jain(cases[i].x, cases[i].n) - cases[i].index) < 1e-12);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(shares_and_their_index)};

	return cmocka_run_group_tests_name("fairness", tests, NULL, NULL);
}
