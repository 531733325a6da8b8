/*
 * sort: for the long lists of a run, which arrive nearly in order: session by session, each in the order of time. Pure
 * functions that own nothing but scratch copies; any renderer and proof may call them.
 */
#ifndef REPORTS_SORT_H
#define REPORTS_SORT_H

#include <stddef.h>
#include <stdint.h>

/* As qsort, and stable: equal rows keep their order. Takes time for each stretch that is out of order: a list that is
 * in order costs one look at each row. */
void sort_rows(void *rows, size_t count, size_t size, int (*compare)(const void *a, const void *b));

/* Ascending; by their digits, without comparing. */
void sort_numbers(int64_t *numbers, size_t count);
void sort_reals(double *numbers, size_t count); /* none of them is NaN */

#endif
