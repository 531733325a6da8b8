/*
 * The final text of a run: its shape for the five sleeps, and that no line of any run passes the terminal's width.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "reports/escape.h"
#include "reports/wording.h"
#include "tests/unit/fixture_run.c"

static const char golden[] = "PARALLEL: 5 queries on 5 processes in 3.01 s; one after another they took 9.02 s\n"
                             "          3.00x of at most 3.00x (the longest query takes 3.00 s); 5 of 5 done\n"
                             "\n"
                             " worker  pid    task  0 s                                    3.01 s  server time\n"
                             " w1      24101  s2a   ███████████████████████████████                2.001 s\n"
                             " w2      24108  s1a   ████████████████                               1.001 s\n"
                             " w3      24115  s3    █████████████████████████████████████████████  3.001 s\n"
                             " w4      24122  s1b   ████████████████                               1.001 s\n"
                             " w5      24129  s2b   ███████████████████████████████                2.001 s\n"
                             " at once              5 5 5 5 5 5 5 4 3 3 3 3 3 3 3 1 1 1 1 1 1 1 1\n"
                             "                      peak 5, effective lanes 3.0\n"
                             "\n"
                             " where the time went      spawn 2.9 ms   token 0   connect 8.9 ms\n"
                             "                          barrier 0.8 ms   queue 6.0 ms   execute 2.985 s\n"
                             "                          fetch 10 ms   unexplained 0.4 ms\n"
                             " before the wall          name 1.2 ms   connect 8.2 ms\n"
                             " witness                  the server's clock for 5 of 5 executions; 5 seen\n"
                             "                          running in pg_stat_activity\n"
                             " run 160 stored in /srv/pgparallel/runs.db\n"
                             " HTML: pgparallel report 160 -o run-160.html\n";

static void render(const struct fixture *f, int width, bool color, bool utf8, struct buf *out)
{
	struct text_style style = {
	        .width = width, .color = color, .utf8 = utf8, .report_hint = "pgparallel report 160 -o run-160.html"};

	buf_clear(out);
	text_render(&f->rendering, &style, out);
}

static void shape_of_the_five_sleeps(void **state)
{
	struct fixture f;
	struct buf out = {0};

	(void)state;
	fixture_make(&f, FIXTURE_SLEEPS, 0);
	render(&f, 80, false, true, &out);
	assert_string_equal(buf_str(&out), golden);
	buf_free(&out);
	fixture_free(&f);
}

/* No schedule is faster than the ceiling: what is above it is said to be at it, and from what it comes. */
static void above_the_ceiling(void **state)
{
	static const struct {
		double speedup, sum_us;
		int64_t serial_us, makespan_us;
		const char *says, *says_not;
	} cases[] = {
	        {2.9, 9.0e6, 9000000, 3103448, "2.90x of at most 3.00x (", "above"},
	        {3.001, 9.0e6, 9003000, 3000000, "3.00x of at most 3.00x (", "above"},
	        {3.02, 9.0e6, 9060000, 3000000,
	                "3.02x, at the ceiling of 3.00x (the longest query takes 3.00 s; 0.67 % above it, as the "
	                "serial "
	                "run spent 60 ms between its tasks)",
	                "at most"},
	        {3.3, 9.0e6, 9060000, 2745454, "; 10 % above it, as tasks took less time here than alone)", "at most"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct fixture f;
		struct buf out = {0};

		fixture_make(&f, FIXTURE_SLEEPS, 0);
		f.proof.speedup = f.proof.wall_speedup = cases[i].speedup;
		f.proof.ceiling = 3.0;
		f.proof.sum_us = cases[i].sum_us;
		f.proof.serial_makespan_us = cases[i].serial_us;
		f.proof.makespan_us = cases[i].makespan_us;
		word_gain(&f.rendering, &out);
		word_gained(&f.rendering, &out);
		if (!strstr(buf_str(&out), cases[i].says) || strstr(buf_str(&out), cases[i].says_not))
			fail_msg("case %zu: %s", i, buf_str(&out));
		buf_free(&out);
		fixture_free(&f);
	}
}

/* Columns of one line, escape sequences of ours left out; none but "ESC [ digits ; m" may be there. */
static int columns_of(const char *line, size_t len, bool color)
{
	int columns = 0;
	uint32_t c;

	for (const char *end = line + len; line < end;) {
		size_t n;

		if (*line == '\033') {
			assert_true(color);
			assert_int_equal(line[1], '[');
			n = 2 + strspn(line + 2, "0123456789;");
			assert_int_equal(line[n], 'm');
			line += n + 1;
			continue;
		}
		n = escape_next(line, &c);
		columns += escape_columns(c);
		line += n;
	}
	return columns;
}

/* pgbench's summary of a load run is read by programs: from its first line to the next empty one it is not broken. */
static void expect_fits(const struct buf *out, int width, bool color, bool utf8)
{
	bool summary = false;

	for (const char *line = buf_str(out); *line;) {
		size_t len = strcspn(line, "\n");

		summary = len > 0 && (summary || strncmp(line, "transaction type:", 17) == 0);
		assert_true(summary || columns_of(line, len, color) <= width);
		for (size_t i = 0; !utf8 && i < len; i++)
			assert_true(line[i] == '\033' || (line[i] >= ' ' && line[i] <= '~'));
		line += len + (line[len] == '\n');
	}
	assert_int_equal(out->data[out->len - 1], '\n');
}

static void no_line_passes_the_width(void **state)
{
	struct buf out = {0};

	(void)state;
	for (int kind = 0; kind < FIXTURES; kind++) {
		struct fixture f;

		fixture_make(&f, (enum fixture_kind)kind, kind == FIXTURE_LOAD ? 2000 : 0);
		for (int width = 40; width <= 200; width++) {
			for (int how = 0; how < 4; how++) {
				render(&f, width, how & 1, how & 2, &out);
				expect_fits(&out, width, how & 1, how & 2);
			}
		}
		fixture_free(&f);
	}
	buf_free(&out);
}

static size_t count(const char *text, const char *what)
{
	size_t n = 0;

	for (const char *p = text; (p = strstr(p, what)) != NULL; p++)
		n++;
	return n;
}

static void many_lanes_are_summed_up(void **state)
{
	struct fixture f;
	struct buf out = {0};

	(void)state;
	fixture_make(&f, FIXTURE_MANY, 0);
	render(&f, 100, false, false, &out);
	assert_true(count(buf_str(&out), "\n w") <= 18); /* header, lanes, "where the time went", "witness" */
	assert_non_null(strstr(buf_str(&out), "+185 more sessions"));
	assert_non_null(strstr(buf_str(&out), "peak 200"));
	buf_free(&out);
	fixture_free(&f);
}

static void thousands_of_attempts_stay_short(void **state)
{
	struct fixture f;
	struct buf out = {0};

	(void)state;
	fixture_make(&f, FIXTURE_LOAD, 20000);
	render(&f, 80, true, true, &out);
	assert_true(count(buf_str(&out), "\n") < 40);
	buf_free(&out);
	fixture_free(&f);
}

static void says_why_it_was_serial(void **state)
{
	struct fixture f;
	struct buf out = {0};

	(void)state;
	fixture_make(&f, FIXTURE_LOCKED, 0);
	render(&f, 120, false, false, &out);
	assert_ptr_equal(strstr(buf_str(&out), "SERIAL: "), buf_str(&out));
	assert_non_null(strstr(buf_str(&out), "blocked by another session of this run"));
	assert_non_null(strstr(buf_str(&out), ": waits for another session of this run"));
	assert_non_null(strstr(buf_str(&out), "::::::"));
	assert_null(strstr(buf_str(&out), "speed-up"));
	buf_free(&out);
	fixture_free(&f);
}

static void failures_are_told(void **state)
{
	static const char *const told[] = {"OVERLAPPED, 1 failed, 1 unknown:",
	        "2 of 5 done, 1 failed, 1 unknown, 1 not run", "Stopped by SIGTERM.",
	        "40001 serialization_failure: 3 in s1a (execute); 2 done on a later try, 1 failed",
	        "could not serialize access", "57014 query_canceled", "no answer from the server",
	        "worker died: worker 5", "client CPU saturated: ", "dropped samples: "};
	struct fixture f;
	struct buf out = {0};

	(void)state;
	fixture_make(&f, FIXTURE_FAILING, 0);
	render(&f, 120, false, true, &out);
	for (size_t i = 0; i < sizeof told / sizeof told[0]; i++)
		assert_non_null(strstr(buf_str(&out), told[i]));
	buf_free(&out);
	fixture_free(&f);
}

static void without_a_serial_run_no_speedup_is_named(void **state)
{
	struct fixture f;
	struct buf out = {0};

	(void)state;
	fixture_make(&f, FIXTURE_ALONE, 0);
	render(&f, 80, false, true, &out);
	assert_null(strstr(buf_str(&out), "speed-up"));
	assert_null(strstr(buf_str(&out), "one after another"));
	assert_non_null(strstr(buf_str(&out), "on average 3.00 active at once"));
	assert_non_null(strstr(buf_str(&out), "--baseline"));
	buf_free(&out);
	fixture_free(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(shape_of_the_five_sleeps),
	        cmocka_unit_test(above_the_ceiling), cmocka_unit_test(no_line_passes_the_width),
	        cmocka_unit_test(many_lanes_are_summed_up), cmocka_unit_test(thousands_of_attempts_stay_short),
	        cmocka_unit_test(says_why_it_was_serial), cmocka_unit_test(failures_are_told),
	        cmocka_unit_test(without_a_serial_run_no_speedup_is_named)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
