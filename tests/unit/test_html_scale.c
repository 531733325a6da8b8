/*
 * The pages, the terminal text and the Markdown of comparisons and of series of numbers of sessions: size, charts with
 * their tables, what is left out, lines no wider than the terminal, and nothing from outside that acts.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "reports/escape.h"
#include "reports/text.h"
#include "tests/unit/fixture_run.c"

#include "tests/unit/fixture_arms.h"

static char *page_of(enum arms_kind kind)
{
	struct arms_fixture f;
	struct buf out = {0};

	arms_fixture_make(&f, kind);
	arms_fixture_html(&f, &out);
	arms_fixture_free(&f);
	return out.data;
}

static size_t count(const char *text, const char *what)
{
	size_t n = 0;

	for (const char *p = text; (p = strstr(p, what)) != NULL; p++)
		n++;
	return n;
}

/* A page of five tasks may take 60 kB; one of a load run has the percentile curves as well. */
static void pages_keep_to_their_size(void **state)
{
	(void)state;
	for (int kind = 0; kind < ARMS_KINDS; kind++) {
		char *page = page_of((enum arms_kind)kind);

		print_message("%s: %zu bytes\n", arms_kind_names[kind], strlen(page));
		assert_true(strlen(page) <=
		            (kind == ARMS_LOAD || kind == ARMS_WRONG || kind == ARMS_VARIED ? 90000 : 60000));
		free(page);
	}
}

static void every_chart_is_named_sized_and_has_its_numbers(void **state)
{
	static const struct {
		enum arms_kind kind;
		size_t charts, tables;
	} rows[] = {{ARMS_SCALE, 2, 5}, {ARMS_LOAD, 3, 6}, {ARMS_NONE, 0, 1}, {ARMS_ALONE, 2, 4}, {ARMS_ENGINES, 2, 4},
	        {ARMS_PAIR, 2, 3}, {ARMS_VARIED, 3, 5}};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char *page = page_of(rows[i].kind);

		assert_int_equal(count(page, "class=\"chart\""), rows[i].charts);
		assert_int_equal(count(page, "role=\"img\" width=\"1000\" height=\""), rows[i].charts);
		assert_int_equal(count(page, "</title><desc id="), rows[i].charts);
		assert_true(count(page, "<table") >= rows[i].tables);
		free(page);
	}
}

/* Ideal, ceiling and both laws with bands; without enough numbers of sessions the law says why it is not there. */
static void the_curve_shows_what_there_is(void **state)
{
	char *page = page_of(ARMS_SCALE);

	(void)state;
	assert_int_equal(count(page, ">ideal</text>"), 1);
	assert_int_equal(count(page, ">ceiling</text>"), 1);
	assert_int_equal(count(page, ">Amdahl</text>"), 1);
	assert_int_equal(count(page, ">USL</text>"), 1);
	assert_int_equal(count(page, "fill-opacity=\"0.16\""), 2);
	assert_non_null(strstr(page, ">best: 16</text>"));
	free(page);
	page = page_of(ARMS_ALONE);
	assert_int_equal(count(page, ">Amdahl</text>"), 0);
	assert_non_null(strstr(page, "Amdahl&#39;s law is not fitted: 1 different number of sessions, 3 are needed."));
	free(page);
	page = page_of(ARMS_LOAD);
	assert_int_equal(count(page, ">ceiling</text>"), 0);
	free(page);
}

static void what_is_left_out_is_said(void **state)
{
	char *page = page_of(ARMS_WRONG);

	(void)state;
	assert_non_null(strstr(page, "Block 3 is left out: run 177 (&lt;i&gt;4&lt;/i&gt; sessions) did not finish."));
	assert_null(strstr(page, "<b>1</b>"));
	free(page);
	page = page_of(ARMS_NONE);
	assert_non_null(strstr(page, "NOTHING TO COMPARE"));
	assert_non_null(strstr(page, "No block is complete, so there is nothing to compare."));
	free(page);
	page = page_of(ARMS_FEW);
	assert_non_null(strstr(page, "Under 6 complete blocks nothing is claimed"));
	assert_null(strstr(page, "95 % intervals; lines"));
	free(page);
}

static void only_pages_that_are_there_are_linked(void **state)
{
	char *page = page_of(ARMS_SCALE);

	(void)state;
	assert_int_equal(count(page, "href=\"run-"), 1);
	assert_int_equal(count(page, "href=\"run-161.html\""), 1);
	assert_int_equal(count(page, "href=\"index.html\""), 1);
	free(page);
}

static void no_line_passes_the_terminal(void **state)
{
	static const int widths[] = {20, 40, 60, 80, 132};

	(void)state;
	for (int kind = 0; kind < ARMS_ENGINES; kind++) {
		struct arms_fixture f;

		arms_fixture_make(&f, (enum arms_kind)kind);
		for (size_t i = 0; i < 2 * sizeof widths / sizeof widths[0]; i++) {
			struct text_style style = {.width = widths[i / 2], .utf8 = i % 2};
			struct text_line line;
			struct buf out = {0};

			text_line_init(&line, &style, &out);
			text_scale(&line, &f.scaling);
			for (char *p = out.data, *end; (end = strchr(p, '\n')) != NULL; p = end + 1) {
				*end = '\0';
				if (escape_width(p) > widths[i / 2])
					fail_msg("%s at %d: %s", arms_kind_names[kind], widths[i / 2], p);
			}
			buf_free(&out);
		}
		arms_fixture_free(&f);
	}
}

static void the_table_of_the_terminal_has_a_line_for_each_number(void **state)
{
	struct text_style style = {.width = 80, .utf8 = true};
	struct arms_fixture f;
	struct text_line line;
	struct buf out = {0};

	(void)state;
	arms_fixture_make(&f, ARMS_SCALE);
	text_line_init(&line, &style, &out);
	text_scale(&line, &f.scaling);
	assert_non_null(strstr(buf_str(&out), "SCALES TO 16 SESSIONS: 16 sessions take "));
	for (size_t a = 0; a < f.scaling.narms; a++) {
		char begin[32];

		snprintf(begin, sizeof begin, "\n%9u", f.scaling.arms[a].sessions);
		assert_non_null(strstr(buf_str(&out), begin));
	}
	assert_non_null(strstr(buf_str(&out), "The knee is at 8 sessions"));
	buf_free(&out);
	arms_fixture_free(&f);
}

/* Faster, slower and no difference shown; with four blocks nothing is claimed. */
static void comparisons_claim_what_the_test_shows(void **state)
{
	char *page = page_of(ARMS_ENGINES);

	(void)state;
	assert_non_null(strstr(page, "✓ FASTER:</strong> async is faster"));
	assert_non_null(strstr(page, "async is faster than process by 1.05"));
	assert_non_null(strstr(page, "thread is slower than process by 1.0"));
	assert_non_null(strstr(page, "serial against process: no difference shown, "));
	assert_int_equal(count(page, ">faster than process →</text>"), 1);
	free(page);
	page = page_of(ARMS_PAIR);
	assert_non_null(strstr(page, "! TOO FEW BLOCKS FOR A CLAIM:</strong>"));
	assert_non_null(strstr(page, ", without a claim."));
	assert_null(strstr(page, "] faster</text>"));
	free(page);
	page = page_of(ARMS_VARIED);
	assert_non_null(
	        strstr(page, "Block 4 is left out: run 213 (&lt;i&gt;file&lt;/i&gt;=thread.sql): it is stopped."));
	assert_null(strstr(page, "<i>"));
	free(page);
}

static void comparisons_say_what_they_left_out(void **state)
{
	struct arms_fixture f;
	struct buf out = {0};

	(void)state;
	arms_fixture_make(&f, ARMS_VARIED);
	comparison_trouble(&f.view, &out);
	assert_string_equal(buf_str(&out), "Block 4 is left out: run 213 (<i>file</i>=thread.sql): it is stopped.");
	buf_clear(&out);
	comparison_method(&f.view, &f.comparison, &out);
	assert_non_null(strstr(buf_str(&out), "8 of them complete, only these are compared"));
	buf_free(&out);
	arms_fixture_free(&f);
}

static void markdown_is_harmless(void **state)
{
	struct arms_fixture f;
	struct buf out = {0};

	(void)state;
	arms_fixture_make(&f, ARMS_WRONG);
	arms_fixture_markdown(&f, &out);
	assert_null(strstr(buf_str(&out), "\n<"));
	assert_null(strstr(buf_str(&out), " <i>"));
	assert_non_null(strstr(buf_str(&out), "| sessions | makespan | speed-up | of ideal | ceiling |"));
	assert_int_equal(count(buf_str(&out), "\n| "), 1 + f.scaling.narms);
	buf_free(&out);
	arms_fixture_free(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(pages_keep_to_their_size),
	        cmocka_unit_test(every_chart_is_named_sized_and_has_its_numbers),
	        cmocka_unit_test(the_curve_shows_what_there_is),
	        cmocka_unit_test(what_is_left_out_is_said),
	        cmocka_unit_test(only_pages_that_are_there_are_linked),
	        cmocka_unit_test(no_line_passes_the_terminal),
	        cmocka_unit_test(the_table_of_the_terminal_has_a_line_for_each_number),
	        cmocka_unit_test(comparisons_claim_what_the_test_shows),
	        cmocka_unit_test(comparisons_say_what_they_left_out),
	        cmocka_unit_test(markdown_is_harmless),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
