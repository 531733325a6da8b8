/*
 * test_csv_load: the CSV tables of a load run, and those of a load run that belong to task lists.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "reports/csv.h"
#include "tests/unit/sample_load_view.h"

static struct sample_load_view load;
static struct err err;

static int begin(void **state)
{
	(void)state;
	return sample_load_open(&load, 1000, 2500, &err) ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	sample_load_close(&load);
	return 0;
}

static size_t cells_of(const char *line, const char *end)
{
	size_t n = 1;
	for (bool quoted = false; line < end; line++) {
		quoted ^= *line == '"';
		n += *line == ',' && !quoted;
	}
	return n;
}

/* Every row has as many cells as there are columns. Returns the rows behind the header. */
static size_t rows_of(const char *table, struct buf *out)
{
	size_t columns = 0, rows = 0;
	buf_clear(out);
	if (!csv_render(&load.rendering, table, false, out, &err))
		fail_msg("%s: %s", table, err.text);
	while (csv_columns(table)[columns].name)
		columns++;
	for (const char *line = buf_str(out), *stop; *line; line = stop + 1, rows++) {
		stop = strchr(line, '\n');
		assert_non_null(stop);
		assert_int_equal(cells_of(line, stop), columns);
	}
	return rows - 1;
}

static void every_table_has_its_rows(void **state)
{
	(void)state;
	static const struct {
		const char *table;
		size_t rows;
	} cases[] = {{"load", 1}, {"load_scripts", 2}, {"load_commands", 3}, {"load_seconds", 11}, {"load_errors", 3},
	        {"load_records", 2500}, {"attempts", 0}, {"tasks", 0}, {"runs", 1}};
	struct buf out = {0};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_int_equal(rows_of(cases[i].table, &out), cases[i].rows);
	buf_free(&out);
}

static void cell(const char *table, int row, const char *column, char out[128])
{
	struct buf text = {0};
	int at = 0;
	rows_of(table, &text);
	const char *line = buf_str(&text);
	for (int i = 0; i < row; i++)
		line = strchr(line, '\n') + 1;
	while (strcmp(csv_columns(table)[at].name, column) != 0)
		assert_non_null(csv_columns(table)[++at].name);
	for (bool quoted = false; at > 0; line++) {
		quoted ^= *line == '"';
		at -= *line == ',' && !quoted;
	}
	snprintf(out, 128, "%.*s", (int)strcspn(line, ",\n"), line);
	buf_free(&text);
}

static void cells_say_what_was_stored(void **state)
{
	(void)state;
	static const struct {
		const char *table;
		int row;
		const char *column, *want;
	} cases[] = {{"load", 1, "mode", "prepared"}, {"load", 1, "transactions", ""},
	        {"load", 1, "duration_us", "10000000"}, {"load", 1, "rate", "500.5"}, {"load", 1, "tps", "110"},
	        {"load", 1, "active_sessions", "4"}, {"load", 1, "done", "1100"}, {"load", 1, "records", "2500"},
	        {"load", 1, "service_p999_us", ""}, {"load_scripts", 1, "script", "'=look.sql"},
	        {"load_scripts", 2, "service_p95_us", ""}, {"load_scripts", 2, "tps", "10"},
	        {"load_commands", 1, "time_mean_us", ""}, {"load_commands", 1, "done", "0"},
	        {"load_commands", 3, "script", "pay.sql"}, {"load_seconds", 1, "measured", "0"},
	        {"load_seconds", 2, "p99_us", "5500"}, {"load_seconds", 6, "mean_us", ""},
	        {"load_seconds", 6, "tps", "0"}, {"load_errors", 1, "meaning", "serialization_failure"},
	        {"load_errors", 2, "sqlstate", ""}, {"load_errors", 3, "message", "'=terminating connection"}};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char got[128];
		cell(cases[i].table, cases[i].row, cases[i].column, got);
		if (strcmp(got, cases[i].want) != 0)
			fail_msg("%s row %d, %s: \"%s\" and not \"%s\"", cases[i].table, cases[i].row, cases[i].column,
			        got, cases[i].want);
	}
}

static void records_are_expanded(void **state)
{
	(void)state;
	struct load_record records[2500];
	struct buf out = {0};
	char want[128];
	sample_records(records, 2500, 7);
	rows_of("load_records", &out);
	const char *line = strchr(buf_str(&out), '\n') + 1;
	for (int i = 0; i < 2500; i++, line = strchr(line, '\n') + 1) {
		const struct load_record *r = &records[i];
		char sqlstate[6], latency[32] = "";
		load_sqlstate_unpack(r->sqlstate, sqlstate);
		if (r->outcome != LOAD_SKIPPED)
			snprintf(latency, sizeof latency, "%lld", (long long)(r->latency_ns + 500) / 1000);
		snprintf(want, sizeof want, "1,%s,%u,%s,%lld,%s,%lld,%u,%s\n", r->script ? "pay.sql" : "'=look.sql",
		        r->session, load_outcome_name((enum load_outcome)r->outcome),
		        (long long)clock_us(r->end_ns, SAMPLE_ORIGIN), latency, (long long)(r->lag_ns + 500) / 1000,
		        r->retries, sqlstate);
		if (strncmp(line, want, strlen(want)) != 0)
			fail_msg("record %d: %.*s and not %s", i, (int)strcspn(line, "\n"), line, want);
	}
	buf_free(&out);
}

/* What a table in parts is collected in; it refuses after so many. */
struct parts {
	struct buf whole;
	size_t count, most, largest;
};

static bool take_part(void *to, const struct buf *part, struct err *why)
{
	struct parts *p = to;
	buf_append(&p->whole, part->data, part->len);
	p->largest = part->len > p->largest ? part->len : p->largest;
	return ++p->count <= p->most || err_set(why, EXIT_STORE, "full");
}

/* Records may be more than memory holds: they never stand in the buffer as a whole. */
static void records_leave_in_parts(void **state)
{
	(void)state;
	struct parts p = {.most = SIZE_MAX};
	struct render_drain drain = {take_part, &p};
	struct buf whole = {0}, rest = {0};
	assert_true(csv_render(&load.rendering, "load_records", false, &whole, &err));
	load.rendering.drain = &drain;
	assert_true(csv_render(&load.rendering, "load_records", false, &rest, &err));
	assert_true(p.count > 0);
	assert_true(p.largest < whole.len && rest.len < whole.len);
	take_part(&p, &rest, &err);
	assert_int_equal(p.whole.len, whole.len);
	assert_memory_equal(p.whole.data, whole.data, whole.len);
	/* The disk is full: no more is asked for. */
	p.most = p.count = 0;
	assert_false(csv_render(&load.rendering, "load_records", false, &rest, &err));
	assert_int_equal(p.count, 1);
	assert_string_equal(err.text, "full");
	load.rendering.drain = NULL;
	buf_free(&p.whole);
	buf_free(&whole);
	buf_free(&rest);
}

static void several_runs_have_one_header(void **state)
{
	(void)state;
	struct buf whole = {0}, rows = {0};
	assert_true(csv_render(&load.rendering, "load_scripts", false, &whole, &err));
	load.rendering.headless = true;
	assert_true(csv_render(&load.rendering, "load_scripts", false, &rows, &err));
	load.rendering.headless = false;
	assert_string_equal(buf_str(&rows), strchr(buf_str(&whole), '\n') + 1);
	buf_free(&whole);
	buf_free(&rows);
}

static void the_default_is_what_can_be_plotted(void **state)
{
	(void)state;
	struct buf one = {0}, other = {0};
	assert_string_equal(csv_default(&load.run), "load_seconds");
	assert_true(csv_render(&load.rendering, NULL, false, &one, &err));
	assert_true(csv_render(&load.rendering, "load_seconds", false, &other, &err));
	assert_string_equal(buf_str(&one), buf_str(&other));
	buf_free(&one);
	buf_free(&other);
}

static void pruned_records_are_no_rows(void **state)
{
	(void)state;
	struct buf out = {0};
	uint32_t rows, runs;
	int interrupted;
	struct store *store = store_open(load.sample.path, &interrupted, &err);
	assert_true(store_prune(store, SAMPLE_STARTED + 1000, 1, 0, &rows, &runs, &err));
	assert_int_equal(rows_of("load_records", &out), 0);
	assert_true(store_close(store, &err));
	buf_free(&out);
}

static void damaged_records_are_an_error(void **state)
{
	(void)state;
	struct buf out = {0};
	sqlite3 *db;
	assert_int_equal(sqlite3_open(load.sample.path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "UPDATE load_chunk SET packed = x'02'", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	assert_false(csv_render(&load.rendering, "load_records", false, &out, &err));
	assert_int_equal(err.code, EXIT_STORE);
	assert_non_null(strstr(err.text, "damaged"));
	assert_false(csv_render(&load.rendering, "nonsense", false, &out, &err));
	assert_int_equal(err.code, EXIT_USAGE);
	assert_non_null(strstr(err.text, "load_records"));
	buf_free(&out);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = {CASE(every_table_has_its_rows), CASE(cells_say_what_was_stored),
	        CASE(records_are_expanded), CASE(records_leave_in_parts), CASE(several_runs_have_one_header),
	        CASE(the_default_is_what_can_be_plotted), CASE(pruned_records_are_no_rows),
	        CASE(damaged_records_are_an_error)};
	return cmocka_run_group_tests_name("csv load", tests, NULL, NULL);
}
