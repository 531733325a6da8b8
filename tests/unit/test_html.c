/*
 * The page: sizes, policy, what must never stand in it, and that failures survive the level of detail.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "reports/assets.h"
#include "reports/chart.h"
#include "reports/lanes.h"
#include "tests/unit/fixture_run.c"

static void sizes(void **state)
{
	static const struct {
		enum fixture_kind kind;
		size_t attempts, most;
	} rows[] = {{FIXTURE_SLEEPS, 0, 60000}, {FIXTURE_LOAD, 20000, 400000}, {FIXTURE_LOAD, 100000, 1600000},
	        {FIXTURE_MANY, 2000, 700000}, {FIXTURE_MANY, 100000, 1600000}};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct fixture f;
		struct buf out = {0};
		clock_t begin;

		fixture_make(&f, rows[i].kind, rows[i].attempts);
		begin = clock();
		html_render(&f.rendering, &out);
		print_message("%s, %zu attempts: %zu bytes in %.0f ms of CPU time\n", fixture_name(rows[i].kind),
		        f.run.nattempts, out.len, (double)(clock() - begin) * 1e3 / CLOCKS_PER_SEC);
		assert_true(out.len <= rows[i].most);
		buf_free(&out);
		fixture_free(&f);
	}
}

static size_t count(const char *text, const char *what)
{
	size_t n = 0;

	for (const char *p = text; (p = strstr(p, what)) != NULL; p++)
		n++;
	return n;
}

/* The page with its own style sheet and script taken out: what is left comes from the data. */
static char *without_assets(const struct buf *page)
{
	char *copy = mem_strdup(buf_str(page)), *end;
	static const char *const tags[][2] = {{"<style>", "</style>"}, {"<script>", "</script>"}};

	for (int i = 0; i < 2; i++) {
		char *begin = strstr(copy, tags[i][0]);

		assert_non_null(begin);
		end = strstr(begin, tags[i][1]);
		memmove(begin, end, strlen(end) + 1);
	}
	return copy;
}

static void nothing_forbidden_in_any_page(void **state)
{
	static const char *const never[] = {" style=", " onerror=\"", " onload=\"", " onclick=", "<img", "<iframe",
	        "<object", "<base", "<form", "javascript:", "url(", "<script>alert", "\033", "@import"};

	(void)state;
	for (int kind = 0; kind < FIXTURES; kind++) {
		struct fixture f;
		struct buf out = {0};
		char *rest;

		fixture_make(&f, (enum fixture_kind)kind, 0);
		html_render(&f.rendering, &out);
		rest = without_assets(&out);
		for (size_t i = 0; i < sizeof never / sizeof never[0]; i++)
			assert_null(strstr(rest, never[i]));
		/* The only addresses are the SVG name space and what a hostile note says, which is text. */
		assert_int_equal(count(rest, "http://"),
		        count(rest, "http://www.w3.org/2000/svg") + count(rest, "http://evil.example&quot;"));
		assert_int_equal(count(rest, "https://"), 0);
		assert_int_equal(count(rest, "<html"), 1);
		assert_int_equal(count(rest, "nan"), 0);
		free(rest);
		buf_free(&out);
		fixture_free(&f);
	}
}

static void charset_comes_first_then_the_policy_with_both_hashes(void **state)
{
	struct fixture f;
	struct buf out = {0}, hash = {0};
	const char *head, *policy;

	(void)state;
	fixture_make(&f, FIXTURE_SLEEPS, 0);
	html_render(&f.rendering, &out);
	head = strstr(buf_str(&out), "<head>");
	assert_non_null(head);
	assert_memory_equal(head, "<head>\n<meta charset=\"utf-8\">", 28);
	policy = strstr(head, "Content-Security-Policy");
	assert_true(policy < strstr(head, "<title>"));
	assets_style_hash(&hash);
	assert_non_null(strstr(policy, buf_str(&hash)));
	buf_clear(&hash);
	assets_script_hash(&hash);
	assert_non_null(strstr(policy, buf_str(&hash)));
	assert_non_null(strstr(policy, "default-src 'none'"));
	buf_free(&hash);
	buf_free(&out);
	fixture_free(&f);
}

/* Every chart has a role, a title and a description, and a width and a height of its own. */
static void charts_can_be_read_aloud_and_without_a_style_sheet(void **state)
{
	struct fixture f;
	struct buf out = {0};
	size_t charts;

	(void)state;
	fixture_make(&f, FIXTURE_FAILING, 0);
	html_render(&f.rendering, &out);
	charts = count(buf_str(&out), "class=\"chart\"");
	assert_int_equal(charts, 3);
	assert_int_equal(count(buf_str(&out), "role=\"img\" width=\"1000\" height=\""), charts);
	assert_int_equal(count(buf_str(&out), "</title><desc id="), charts);
	assert_int_equal(count(buf_str(&out), "the same numbers as a table"), 2);
	buf_free(&out);
	fixture_free(&f);
}

static void exact_bars_have_titles(void **state)
{
	struct fixture f;
	struct lanes lanes;
	struct chart_note note = {0};
	struct buf out = {0};

	(void)state;
	fixture_make(&f, FIXTURE_SLEEPS, 0);
	lanes_of(&f.rendering, &lanes);
	chart_lanes(&f.rendering, &lanes, &note, &out);
	assert_true(note.exact);
	assert_int_equal(count(buf_str(&out), "<title>"), 5);
	assert_non_null(strstr(buf_str(&out), "s3, worker 3, pid 24115: execute 3.001 s"));
	lanes_free(&lanes);
	buf_free(&out);
	fixture_free(&f);
}

/* Among a hundred thousand attempts a single failure still has its tick. */
static void one_failure_in_many_is_drawn(void **state)
{
	struct fixture f;
	struct lanes lanes;
	struct chart_note note = {0};
	struct buf out = {0}, data = {0};

	(void)state;
	fixture_make(&f, FIXTURE_LOAD, 100000);
	for (size_t i = 0; i < f.run.nattempts; i++)
		f.run.attempts[i].outcome = i == 54321 ? OUTCOME_FAILED : OUTCOME_DONE;
	lanes_of(&f.rendering, &lanes);
	chart_lanes(&f.rendering, &lanes, &note, &out);
	assert_false(note.exact);
	assert_int_equal(note.failed_ticks, 1);
	assert_int_equal(count(buf_str(&out), "class=\"bad\""), 1);
	chart_zoom_data(&f.rendering, &lanes, 20000, &note, &data);
	assert_in_range(note.zoom_attempts, 18000, 22000);
	lanes_free(&lanes);
	buf_free(&out);
	buf_free(&data);
	fixture_free(&f);
}

/* A worker died and its session came back before the attempt's end was noticed: the spans of that attempt lie apart,
 * and it is still one attempt. */
static void a_reconnection_inside_an_attempt_is_no_second_attempt(void **state)
{
	struct fixture f;
	struct lanes lanes;
	struct chart_note note = {0};
	struct buf data = {0};

	(void)state;
	fixture_make(&f, FIXTURE_LOCKED, 0);
	f.run.session_rows = mem_resize(f.run.session_rows, f.run.nsession_rows + 1, sizeof *f.run.session_rows);
	f.run.session_rows[f.run.nsession_rows] = f.run.session_rows[4];
	f.run.session_rows[f.run.nsession_rows].start_us = 2100000;
	f.run.session_rows[f.run.nsession_rows].ready_us = 2200000;
	f.run.session_rows[f.run.nsession_rows].connect_no = 2;
	f.run.nsession_rows++;
	lanes_of(&f.rendering, &lanes);
	chart_zoom_data(&f.rendering, &lanes, 20000, &note, &data);
	assert_int_equal(note.zoom_attempts, 5);
	lanes_free(&lanes);
	buf_free(&data);
	fixture_free(&f);
}

static void serial_run_is_named_only_where_there_was_one(void **state)
{
	struct fixture f;
	struct buf out = {0};

	(void)state;
	fixture_make(&f, FIXTURE_ALONE, 0);
	html_render(&f.rendering, &out);
	assert_null(strstr(buf_str(&out), "speed-up over"));
	assert_non_null(strstr(buf_str(&out), "mean active sessions; <code>--baseline</code>"));
	buf_free(&out);
	fixture_free(&f);
}

static void steps_are_round(void **state)
{
	static const struct {
		double range;
		int most;
		double step;
	} rows[] = {{3013922, 9, 500000}, {62000000, 9, 10000000}, {5, 4, 2}, {200, 4, 50}, {1, 4, 0.5}, {0, 4, 1}};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		assert_float_equal(chart_step(rows[i].range, rows[i].most), rows[i].step, rows[i].step * 1e-9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(sizes), cmocka_unit_test(nothing_forbidden_in_any_page),
	        cmocka_unit_test(charset_comes_first_then_the_policy_with_both_hashes),
	        cmocka_unit_test(charts_can_be_read_aloud_and_without_a_style_sheet),
	        cmocka_unit_test(exact_bars_have_titles), cmocka_unit_test(one_failure_in_many_is_drawn),
	        cmocka_unit_test(a_reconnection_inside_an_attempt_is_no_second_attempt),
	        cmocka_unit_test(serial_run_is_named_only_where_there_was_one), cmocka_unit_test(steps_are_round)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
