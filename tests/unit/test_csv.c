/*
 * Every CSV table reads back: as many cells as columns in every row, numbers as numbers, formulas defused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "reports/csv.h"
#include "tests/unit/fixture_run.c"

#define CELLS_MOST 64

struct reader {
	const char *at;
	char *cells[CELLS_MOST];
	size_t n;
};

/* The next row by RFC 4180 with LF; false at the end. Cells are malloc'd. */
static bool read_row(struct reader *r)
{
	if (*r->at == '\0')
		return false;
	for (r->n = 0;;) {
		struct buf cell = {0};

		if (*r->at == '"') {
			for (r->at++; *r->at != '"' || r->at[1] == '"'; r->at++) {
				assert_int_not_equal(*r->at, '\0');
				buf_putc(&cell, *r->at);
				r->at += *r->at == '"';
			}
			r->at++;
		} else {
			for (; *r->at != ',' && *r->at != '\n'; r->at++) {
				assert_int_not_equal(*r->at, '\0');
				assert_int_not_equal(*r->at, '"');
				buf_putc(&cell, *r->at);
			}
		}
		assert_true(r->n < CELLS_MOST);
		r->cells[r->n++] = mem_strdup(buf_str(&cell));
		buf_free(&cell);
		assert_true(*r->at == ',' || *r->at == '\n');
		if (*r->at++ == '\n')
			return true;
	}
}

static void free_row(struct reader *r)
{
	for (size_t i = 0; i < r->n; i++)
		free(r->cells[i]);
}

static size_t columns_in(const char *table)
{
	size_t n = 0;

	while (csv_columns(table)[n].name)
		n++;
	return n;
}

static bool is_number_column(const char *name)
{
	size_t len = strlen(name);

	return (len > 3 && strcmp(name + len - 3, "_us") == 0) || strcmp(name, "rows") == 0 ||
	       strcmp(name, "ticket") == 0 || strcmp(name, "backend_pid") == 0;
}

static void expect_cell(const struct csv_column *column, const char *cell, bool raw)
{
	if (is_number_column(column->name))
		assert_int_equal(strspn(cell, "-0123456789"), strlen(cell));
	else if (!raw && cell[0] != '\0')
		assert_null(strchr("=+-@\t\r", cell[0]));
}

static void every_table_reads_back(void **state)
{
	(void)state;
	for (int kind = 0; kind < FIXTURES; kind++) {
		struct fixture f;

		fixture_make(&f, (enum fixture_kind)kind, kind == FIXTURE_LOAD ? 3000 : 0);
		for (size_t t = 0; csv_tables()[t]; t++) {
			const struct csv_column *columns = csv_columns(csv_tables()[t]);

			for (int raw = 0; raw < 2; raw++) {
				struct buf out = {0};
				struct reader r = {0};

				assert_true(csv_render(&f.rendering, csv_tables()[t], raw, &out, NULL));
				r.at = buf_str(&out);
				assert_true(read_row(&r));
				assert_int_equal(r.n, columns_in(csv_tables()[t]));
				for (size_t i = 0; i < r.n; i++)
					assert_string_equal(r.cells[i], columns[i].name);
				free_row(&r);
				while (read_row(&r)) {
					assert_int_equal(r.n, columns_in(csv_tables()[t]));
					for (size_t i = 0; i < r.n; i++)
						expect_cell(&columns[i], r.cells[i], raw);
					free_row(&r);
				}
				buf_free(&out);
			}
		}
		fixture_free(&f);
	}
}

static const char *cell_of(const struct reader *r, const char *table, const char *name)
{
	for (size_t i = 0; csv_columns(table)[i].name; i++)
		if (strcmp(csv_columns(table)[i].name, name) == 0)
			return r->cells[i];
	fail_msg("no column %s", name);
	return "";
}

static void attempts_say_what_happened(void **state)
{
	struct fixture f;
	struct buf out = {0};
	struct reader r = {0};

	(void)state;
	fixture_make(&f, FIXTURE_FAILING, 0);
	csv_render(&f.rendering, "attempts", false, &out, NULL);
	r.at = buf_str(&out);
	read_row(&r);
	free_row(&r);
	for (int row = 0; row < 2; row++) {
		assert_true(read_row(&r));
		if (row == 0)
			free_row(&r);
	}
	assert_string_equal(cell_of(&r, "attempts", "task"), "s1a");
	assert_string_equal(cell_of(&r, "attempts", "outcome"), "failed");
	assert_string_equal(cell_of(&r, "attempts", "sqlstate"), "40001");
	assert_string_equal(cell_of(&r, "attempts", "queue_us"), "40");
	assert_string_equal(cell_of(&r, "attempts", "server_us"), "1001010");
	assert_string_equal(cell_of(&r, "attempts", "server_start_utc"), "2026-11-23T06:40:12.012701Z");
	assert_string_equal(cell_of(&r, "attempts", "data_row"), "");
	free_row(&r);
	for (int row = 0; row < 3; row++) {
		assert_true(read_row(&r));
		if (row < 2)
			free_row(&r);
	}
	assert_string_equal(cell_of(&r, "attempts", "outcome"), "unknown");
	assert_string_equal(cell_of(&r, "attempts", "server_us"), ""); /* NULL is empty */
	assert_string_equal(cell_of(&r, "attempts", "worker_died"), "1");
	free_row(&r);
	buf_free(&out);
	fixture_free(&f);
}

static void formulas_are_defused_unless_raw(void **state)
{
	struct fixture f;
	struct buf out = {0};

	(void)state;
	fixture_make(&f, FIXTURE_HOSTILE, 0);
	csv_render(&f.rendering, "tasks", false, &out, NULL);
	assert_non_null(strstr(buf_str(&out), "\n160,'=1+1,"));
	assert_non_null(strstr(buf_str(&out), "\n160,'-2,"));
	buf_clear(&out);
	csv_render(&f.rendering, "tasks", true, &out, NULL);
	assert_non_null(strstr(buf_str(&out), "\n160,=1+1,"));
	buf_free(&out);
	fixture_free(&f);
}

static void unknown_table_is_refused(void **state)
{
	struct fixture f;
	struct buf out = {0};

	(void)state;
	fixture_make(&f, FIXTURE_SLEEPS, 0);
	assert_false(csv_render(&f.rendering, "nonsense", false, &out, NULL));
	assert_int_equal(out.len, 0);
	assert_null(csv_columns("nonsense"));
	fixture_free(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(every_table_reads_back),
	        cmocka_unit_test(attempts_say_what_happened), cmocka_unit_test(formulas_are_defused_unless_raw),
	        cmocka_unit_test(unknown_table_is_refused)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
