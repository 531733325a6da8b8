/*
 * sort: see the header. Rows by merging the stretches that are in order already, numbers by their digits.
 */
#include "reports/sort.h"

#include <stdlib.h>
#include <string.h>

#include "shared/buf.h"

#define DIGIT_BITS 11
#define DIGITS 6 /* of 11 bits: 64 bits */
#define RADIX (1u << DIGIT_BITS)
#define FEW 256 /* so few that counting digits costs more than comparing */

struct merge {
	char *from, *to; /* the rows, and where the merged ones go */
	size_t size;
	int (*compare)(const void *a, const void *b);
};

/* Ends of the stretches that are in order, as row numbers; the caller frees them. */
static size_t *stretches(const struct merge *m, size_t count, size_t *found)
{
	size_t room = 64, n = 0, *ends = mem_alloc(room * sizeof *ends);

	for (size_t i = 1; i <= count; i++) {
		if (i < count && m->compare(m->from + (i - 1) * m->size, m->from + i * m->size) <= 0)
			continue;
		if (n == room)
			ends = mem_resize(ends, room *= 2, sizeof *ends);
		ends[n++] = i;
	}
	*found = n;
	return ends;
}

static void merge_two(const struct merge *m, size_t begin, size_t middle, size_t end)
{
	const char *a = m->from + begin * m->size, *a_end = m->from + middle * m->size;
	const char *b = a_end, *b_end = m->from + end * m->size;
	char *out = m->to + begin * m->size;

	while (a < a_end && b < b_end) {
		const char **next = m->compare(a, b) <= 0 ? &a : &b;

		memcpy(out, *next, m->size);
		*next += m->size;
		out += m->size;
	}
	memcpy(out, a, (size_t)(a_end - a));
	out += a_end - a;
	memcpy(out, b, (size_t)(b_end - b));
}

void sort_rows(void *rows, size_t count, size_t size, int (*compare)(const void *a, const void *b))
{
	struct merge m = {.from = rows, .size = size, .compare = compare};
	size_t n, *ends;
	char *scratch = NULL;

	if (count < 2)
		return;
	ends = stretches(&m, count, &n);
	if (n > 1)
		m.to = scratch = mem_alloc(count * size);
	while (n > 1) {
		size_t begin = 0, kept = 0;
		char *swap = m.from;

		for (size_t i = 0; i < n; i += 2) {
			size_t middle = ends[i], end = i + 1 < n ? ends[i + 1] : middle;

			merge_two(&m, begin, middle, end);
			begin = ends[kept++] = end;
		}
		n = kept;
		m.from = m.to;
		m.to = swap;
	}
	if (m.from != rows)
		memcpy(rows, m.from, count * size);
	free(scratch);
	free(ends);
}

/* Digits that are the same in all keys cost nothing: short times use few of the six. */
static void sort_keys(uint64_t *keys, size_t count)
{
	uint32_t(*counts)[RADIX] = mem_zero(DIGITS, sizeof *counts);
	uint64_t *scratch = mem_alloc(count * sizeof *scratch), *from = keys, *to = scratch;

	for (size_t i = 0; i < count; i++)
		for (unsigned d = 0; d < DIGITS; d++)
			counts[d][keys[i] >> (d * DIGIT_BITS) & (RADIX - 1)]++;
	for (unsigned d = 0; d < DIGITS; d++) {
		uint32_t *c = counts[d], at = 0;
		uint64_t *swap = from;

		if (c[keys[0] >> (d * DIGIT_BITS) & (RADIX - 1)] == count)
			continue;
		for (size_t k = 0; k < RADIX; k++) {
			uint32_t here = c[k];

			c[k] = at;
			at += here;
		}
		for (size_t i = 0; i < count; i++)
			to[c[from[i] >> (d * DIGIT_BITS) & (RADIX - 1)]++] = from[i];
		from = to;
		to = swap;
	}
	if (from != keys)
		memcpy(keys, from, count * sizeof *keys);
	free(scratch);
	free(counts);
}

static int by_number(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

void sort_numbers(int64_t *numbers, size_t count)
{
	uint64_t *keys = (uint64_t *)numbers;

	if (count < FEW || count > UINT32_MAX) {
		sort_rows(numbers, count, sizeof *numbers, by_number);
		return;
	}
	for (size_t i = 0; i < count; i++)
		keys[i] ^= UINT64_C(1) << 63;
	sort_keys(keys, count);
	for (size_t i = 0; i < count; i++)
		keys[i] ^= UINT64_C(1) << 63;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The bits of a positive number order as it does; those of a negative one the other way round. */
void sort_reals(double *numbers, size_t count)
{
	uint64_t *keys;

	if (count < FEW || count > UINT32_MAX) {
		sort_rows(numbers, count, sizeof *numbers, by_value);
		return;
	}
	keys = mem_alloc(count * sizeof *keys);
	memcpy(keys, numbers, count * sizeof *keys);
	for (size_t i = 0; i < count; i++)
		keys[i] ^= keys[i] >> 63 ? UINT64_MAX : UINT64_C(1) << 63;
	sort_keys(keys, count);
	for (size_t i = 0; i < count; i++)
		keys[i] ^= keys[i] >> 63 ? UINT64_C(1) << 63 : UINT64_MAX;
	memcpy(numbers, keys, count * sizeof *keys);
	free(keys);
}
