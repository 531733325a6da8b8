/*
 * test_sort: random lists, nearly in order and not at all, against insertion, which is stable and plain to see.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "reports/sort.h"
#include "shared/buf.h"
#include "shared/rng.h"

struct row {
	int64_t key;
	uint32_t number; /* where it stood */
};

static int by_key(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	return (x->key > y->key) - (x->key < y->key);
}

static void insert(struct row *rows, size_t count)
{
	for (size_t i = 1; i < count; i++)
		for (size_t j = i; j > 0 && rows[j].key < rows[j - 1].key; j--) {
			struct row swap = rows[j];

			rows[j] = rows[j - 1];
			rows[j - 1] = swap;
		}
}

/* Stretches in order, of a length drawn anew for each list; keys from a narrow or a wide range, negative too. */
static void draw(struct rng *rng, struct row *rows, size_t count)
{
	uint64_t stretch = 1 + rng_below(rng, 200),
	         step = 1 + rng_below(rng, rng_below(rng, 2) ? 3 : UINT64_C(1) << 50);
	int64_t key = 0;

	for (size_t i = 0; i < count; i++) {
		key = i == 0 || rng_below(rng, stretch) == 0 ? (int64_t)rng_below(rng, step * 100) - (int64_t)step * 50
		                                             : key + (int64_t)rng_below(rng, step);
		rows[i] = (struct row){key, (uint32_t)i};
	}
}

static void rows_are_sorted_and_stay_in_order_where_equal(void **state)
{
	(void)state;
	struct row rows[700], wanted[700];
	struct rng rng;

	rng_seed(&rng, 1, 0);
	for (int round = 0; round < 300; round++) {
		size_t count = rng_below(&rng, 700);

		memset(rows, 0, sizeof rows);
		draw(&rng, rows, count);
		memcpy(wanted, rows, sizeof rows);
		insert(wanted, count);
		sort_rows(rows, count, sizeof *rows, by_key);
		for (size_t i = 0; i < count; i++)
			assert_true(rows[i].key == wanted[i].key && rows[i].number == wanted[i].number);
	}
}

static void numbers_are_sorted_by_their_digits(void **state)
{
	(void)state;
	struct row rows[700];
	int64_t numbers[700];
	double reals[700];
	struct rng rng;

	rng_seed(&rng, 2, 0);
	for (int round = 0; round < 300; round++) {
		size_t count = rng_below(&rng, 700);

		draw(&rng, rows, count);
		if (count > 2 && round % 3 == 0) {
			rows[0].key = INT64_MIN;
			rows[1].key = INT64_MAX;
		}
		for (size_t i = 0; i < count; i++) {
			numbers[i] = rows[i].key;
			reals[i] = (double)rows[i].key / 1000;
		}
		insert(rows, count);
		sort_numbers(numbers, count);
		sort_reals(reals, count);
		for (size_t i = 0; i < count; i++) {
			assert_true(numbers[i] == rows[i].key);
			assert_true(reals[i] == (double)rows[i].key / 1000);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(rows_are_sorted_and_stay_in_order_where_equal),
	        cmocka_unit_test(numbers_are_sorted_by_their_digits)};
	return cmocka_run_group_tests_name("sort", tests, NULL, NULL);
}
