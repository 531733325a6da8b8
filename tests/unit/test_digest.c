/* digest: the known answers of FIPS 180-2; sums of rows that tell results apart, whatever the order of the rows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "shared/digest.h"

static void test_known_answers(void **state)
{
	char hex[DIGEST_HEX];

	(void)state;
	digest_sha256_hex("abc", 3, hex);
	assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	digest_sha256_hex(NULL, 0, hex);
	assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* A row of values: "-" stands for NULL, "|" is between them. */
static void add(struct digest_sum *sum, const char *values, enum digest_kind kind, uint32_t statement, uint32_t data)
{
	const uint32_t place[2] = {statement, data};
	uint32_t n = values[0] != '\0';
	struct digest_row row;

	for (const char *p = values; *p; p++)
		n += *p == '|';
	digest_row_begin(&row, kind, place, n);
	for (uint32_t i = 0; i < n; i++) {
		size_t len = strcspn(values, "|");

		digest_row_value(&row, len == 1 && values[0] == '-' ? NULL : values, len);
		values += len + (values[len] == '|');
	}
	digest_row_end(&row, sum);
}

static bool same(const struct digest_sum *a, const struct digest_sum *b)
{
	return memcmp(a, b, sizeof *a) == 0;
}

static void test_order_is_not_in_the_sum(void **state)
{
	static const char *const rows[] = {"1|a", "2|b", "2|b", "-|", "3|c"};
	struct digest_sum forward = {0}, backward = {0};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		add(&forward, rows[i], DIGEST_ROW, 0, 0);
		add(&backward, rows[COUNT(rows) - 1 - i], DIGEST_ROW, 0, 0);
	}
	assert_true(same(&forward, &backward));
}

/* An exclusive or would lose both. */
static void test_equal_rows_do_not_cancel(void **state)
{
	struct digest_sum once = {0}, thrice = {0}, none = {0}, twice = {0};

	(void)state;
	add(&once, "7", DIGEST_ROW, 0, 0);
	for (int i = 0; i < 3; i++)
		add(&thrice, "7", DIGEST_ROW, 0, 0);
	for (int i = 0; i < 2; i++)
		add(&twice, "7", DIGEST_ROW, 0, 0);
	assert_false(same(&once, &thrice));
	assert_false(same(&none, &twice));
}

/* Rows that look alike when their parts are put one behind the other. */
static void test_different_rows(void **state)
{
	static const struct {
		const char *values;
		enum digest_kind kind;
		uint32_t statement, data;
	} rows[] = {{"ab|c", DIGEST_ROW, 0, 0}, {"a|bc", DIGEST_ROW, 0, 0}, {"abc|", DIGEST_ROW, 0, 0},
	        {"abc|-", DIGEST_ROW, 0, 0}, {"abc", DIGEST_ROW, 0, 0}, {"-|abc", DIGEST_ROW, 0, 0},
	        {"abc", DIGEST_COPY, 0, 0}, {"abc", DIGEST_TAG, 0, 0}, {"abc", DIGEST_ROW, 1, 0},
	        {"abc", DIGEST_ROW, 0, 1}, {"", DIGEST_ROW, 0, 0}};
	struct digest_sum sums[COUNT(rows)];

	(void)state;
	memset(sums, 0, sizeof sums);
	for (size_t i = 0; i < COUNT(rows); i++) {
		add(&sums[i], rows[i].values, rows[i].kind, rows[i].statement, rows[i].data);
		for (size_t k = 0; k < i; k++)
			assert_false(same(&sums[i], &sums[k]));
	}
}

/* Worked out with Python: int.from_bytes(sha256(...), "little"), added modulo 2^256. */
static void test_known_sum(void **state)
{
	struct digest_sum sum = {0};
	char hex[DIGEST_HEX];

	(void)state;
	add(&sum, "1|a", DIGEST_ROW, 0, UINT32_MAX);
	add(&sum, "2|-", DIGEST_ROW, 0, UINT32_MAX);
	add(&sum, "2|-", DIGEST_ROW, 0, UINT32_MAX);
	digest_sum_hex(&sum, hex);
	assert_string_equal(hex, "e060b7d9e9f4e1a91c6ff38b938c824d204c86e95d7ebeb01787896e2d0be176");
}

static void test_carry(void **state)
{
	struct digest_sum a = {{UINT64_MAX, UINT64_MAX, UINT64_MAX, 5}}, one = {{1, 0, 0, 0}};
	struct digest_sum all = {{UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX}};
	char hex[DIGEST_HEX];

	(void)state;
	digest_sum_add(&a, &one);
	digest_sum_hex(&a, hex);
	assert_string_equal(hex, "0000000000000006000000000000000000000000000000000000000000000000");
	digest_sum_add(&all, &all); /* -1 + -1 = -2 modulo 2^256 */
	digest_sum_hex(&all, hex);
	assert_string_equal(hex, "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe");
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_known_answers),
	        cmocka_unit_test(test_order_is_not_in_the_sum), cmocka_unit_test(test_equal_rows_do_not_cancel),
	        cmocka_unit_test(test_different_rows), cmocka_unit_test(test_known_sum), cmocka_unit_test(test_carry)};

	return cmocka_run_group_tests_name("digest", tests, NULL, NULL);
}
