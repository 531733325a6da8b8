/*
 * csv: the columns of every CSV table, in order, with what they mean: one table for the writer, the man page and the
 * tests. Columns are only ever appended.
 */
#ifndef REPORTS_CSV_H
#define REPORTS_CSV_H

#include <stddef.h>

struct csv_column {
	const char *name; /* snake_case with the unit as suffix */
	const char *text; /* what it is */
};

/* The columns of a table, ended by a NULL name; NULL when there is no such table. */
const struct csv_column *csv_columns(const char *table);
/* The same of comparisons and scales: arms, pairs, cells. */
const char *const *csv_compare_tables(void);
const struct csv_column *csv_compare_columns(const char *table);

#endif
