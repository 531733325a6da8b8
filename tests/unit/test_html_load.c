/*
 * The page of a load run: its size however long the run, its charts and their tables, what is drawn as a gap, and what
 * is left out for want of samples.
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

#include "reports/load_series.h"
#include "tests/unit/fixture_run.c"

static char *page_of(const struct fixture *f)
{
	struct buf out = {0};

	html_render(&f->rendering, &out);
	return out.data;
}

static char *page_of_kind(enum fixture_kind kind)
{
	struct fixture f;
	char *page;

	fixture_make(&f, kind, 0);
	page = page_of(&f);
	fixture_free(&f);
	return page;
}

static size_t count(const char *text, const char *what)
{
	size_t n = 0;

	for (const char *p = text; (p = strstr(p, what)) != NULL; p++)
		n++;
	return n;
}

static void a_day_of_seconds_stays_small(void **state)
{
	static const struct {
		size_t seconds, most;
	} rows[] = {{10, 60000}, {600, 250000}, {86400, 250000}};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct fixture f;
		char *page;
		clock_t begin;

		fixture_make(&f, FIXTURE_LONG, rows[i].seconds);
		begin = clock();
		page = page_of(&f);
		print_message("%zu seconds: %zu bytes in %.0f ms of CPU time\n", rows[i].seconds, strlen(page),
		        (double)(clock() - begin) * 1e3 / CLOCKS_PER_SEC);
		assert_true(strlen(page) <= rows[i].most);
		free(page);
		fixture_free(&f);
	}
}

/* With a schedule there are five charts, else three or four: rate, sessions where they change, latency, percentiles. */
static void every_chart_is_named_sized_and_has_its_numbers(void **state)
{
	static const struct {
		enum fixture_kind kind;
		size_t charts, tables;
	} rows[] = {{FIXTURE_SCRIPTS, 3, 2}, {FIXTURE_OUTAGE, 5, 3}, {FIXTURE_NEVER, 0, 0}};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char *page = page_of_kind(rows[i].kind);

		assert_int_equal(count(page, "class=\"chart\""), rows[i].charts);
		assert_int_equal(count(page, "role=\"img\" width=\"1000\" height=\""), rows[i].charts);
		assert_int_equal(count(page, "</title><desc id="), rows[i].charts);
		assert_int_equal(count(page, "the same numbers as a table"), rows[i].tables);
		assert_int_equal(count(page, "</desc>\n<g class=\"axis\" data-from=\"") +
		                         count(page, "</desc>\n<path class=\"grid\""),
		        rows[i].charts);
		free(page);
	}
}

/* The line of the rate begins anew after the outage: two pieces, with the gap shaded and named. */
static void an_outage_is_a_gap_with_a_name(void **state)
{
	char *page = page_of_kind(FIXTURE_OUTAGE), *line, *d, *end;
	size_t pieces = 0;

	(void)state;
	line = strstr(page, "<path class=\"line\"");
	assert_non_null(line);
	d = strstr(line, " d=\"");
	end = strchr(d + 4, '"');
	for (; d < end; d++)
		pieces += *d == 'M';
	assert_int_equal(pieces, 2);
	assert_int_equal(count(page, "<rect class=\"outage\""), 3);
	assert_non_null(strstr(page, ">outage 3.01 s</text>"));
	assert_non_null(strstr(page, "<td>outage</td>"));
	free(page);
}

static void warm_up_is_shaded_and_said_to_be_in_no_number(void **state)
{
	char *page = page_of_kind(FIXTURE_SCRIPTS);

	(void)state;
	assert_int_equal(count(page, "<rect class=\"unmeasured\""), 2);
	assert_non_null(strstr(page, ">ramp, warm-up</text>"));
	assert_non_null(strstr(page, "What is shaded grey is in no number."));
	assert_int_equal(count(page, "<td>not measured</td>"), 6); /* three seconds in two tables */
	free(page);
}

static void failures_have_ticks(void **state)
{
	char *page = page_of_kind(FIXTURE_OUTAGE), *quiet = page_of_kind(FIXTURE_SCRIPTS);

	(void)state;
	assert_int_equal(count(page, "<path class=\"bad\""), 1);
	assert_int_equal(count(quiet, "<path class=\"bad\""), 0);
	free(page);
	free(quiet);
}

static void service_time_and_schedule_stand_side_by_side(void **state)
{
	char *page = page_of_kind(FIXTURE_OUTAGE), *quiet = page_of_kind(FIXTURE_SCRIPTS);

	(void)state;
	assert_non_null(strstr(page, ">service time</th>"));
	assert_non_null(strstr(page, ">from the schedule</th>"));
	assert_null(strstr(quiet, "from the schedule"));
	assert_null(strstr(quiet, "Time from the schedule"));
	free(page);
	free(quiet);
}

static void percentiles_with_too_few_samples_are_left_out(void **state)
{
	char *page = page_of_kind(FIXTURE_OUTAGE), *row = strstr(page, "<th scope=\"row\">p99.99</th>");

	(void)state;
	assert_non_null(row);
	assert_memory_equal(row + 27, "<td class=\"n\">–</td>", strlen("<td class=\"n\">–</td>"));
	assert_non_null(strstr(page, "too few samples for a percentile"));
	free(page);
}

static void no_verdict_is_claimed(void **state)
{
	static const char *const never[] = {"PARALLEL", "OVERLAPPED", "INCONCLUSIVE", "speed-up", "effective lanes"};
	char *page = page_of_kind(FIXTURE_SCRIPTS);

	(void)state;
	for (size_t i = 0; i < sizeof never / sizeof never[0]; i++)
		assert_null(strstr(page, never[i]));
	assert_non_null(strstr(page, "mean active sessions of 16"));
	assert_non_null(strstr(page, "On average 14.5 of 16 sessions were inside a transaction (90.6 %)."));
	free(page);
}

/* --- the series behind the charts -------------------------------------------------------------------------------- */

static void nothing_is_lost_by_putting_seconds_together(void **state)
{
	static const size_t most[] = {1, 7, 50, 200, 100000};
	struct fixture f;

	(void)state;
	fixture_make(&f, FIXTURE_OUTAGE, 0);
	for (size_t i = 0; i < sizeof most / sizeof most[0]; i++) {
		struct load_series s;
		uint64_t done = 0, failed = 0, unknown = 0, skipped = 0;
		size_t seconds = 0;
		int64_t longest = 0;

		load_series_of(&f.run, most[i], &s);
		for (size_t k = 0; k < s.count; k++) {
			done += s.stretches[k].done;
			failed += s.stretches[k].failed;
			unknown += s.stretches[k].unknown;
			skipped += s.stretches[k].skipped;
			seconds += s.stretches[k].seconds;
			longest = s.stretches[k].max_us > longest ? s.stretches[k].max_us : longest;
			assert_true(k == 0 || s.stretches[k].from_us == s.stretches[k - 1].to_us);
		}
		assert_int_equal(done, f.run.load->done);
		assert_int_equal(failed, f.run.load->failed);
		assert_int_equal(unknown, f.run.load->unknown);
		assert_int_equal(skipped, f.run.load->skipped);
		assert_int_equal(seconds, f.run.load->nseconds);
		assert_int_equal(longest, hist_max(f.run.load->service) / 1000);
		assert_true(s.count <= most[i] + 4);
		load_series_free(&s);
	}
	fixture_free(&f);
}

static void outages_come_from_events_and_from_seconds_without_sessions(void **state)
{
	static const struct {
		size_t events;
		int64_t from_us, to_us;
	} rows[] = {{2, 20013000, 23019000}, {1, 20013000, 60014000}, {0, 20014000, 23014000}};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct fixture f;
		struct load_series s;
		size_t out = 0;

		fixture_make(&f, FIXTURE_OUTAGE, 0);
		f.run.nevents = rows[i].events;
		load_series_of(&f.run, 1000, &s);
		assert_true(s.noutages >= 1);
		assert_int_equal(s.outages[0].from_us, rows[i].from_us);
		assert_int_equal(s.outages[s.noutages - 1].to_us, rows[i].to_us);
		for (size_t k = 0; k < s.count; k++)
			out += s.stretches[k].out;
		assert_int_equal(out, 3); /* seconds in which something was done are drawn, whatever the events say */
		load_series_free(&s);
		fixture_free(&f);
	}
}

/* Events and seconds come in any order. */
static void outages_are_told_apart_and_joined(void **state)
{
	struct fixture f;
	struct load_series s;

	(void)state;
	fixture_make(&f, FIXTURE_OUTAGE, 0);
	for (size_t i = 3; i < 5; i++)
		f.run.load->seconds[i].done = f.run.load->seconds[i].sessions = 0;
	load_series_of(&f.run, 1000, &s);
	assert_int_equal(s.noutages, 2);
	assert_int_equal(s.outages[0].from_us, 3014000);
	assert_int_equal(s.outages[0].to_us, 5014000);
	assert_int_equal(s.outages[1].from_us, 20013000);
	assert_int_equal(s.outages[1].to_us, 23019000);
	load_series_free(&s);
	fixture_free(&f);
}

/* Slow transactions are no outage: nothing ended for some seconds, but the sessions stayed and no event says so. */
static void a_second_without_an_end_is_a_rate_of_zero(void **state)
{
	struct fixture f;
	struct load_series s;

	(void)state;
	fixture_make(&f, FIXTURE_SCRIPTS, 0);
	f.run.load->seconds[6].done = 0;
	load_series_of(&f.run, 1000, &s);
	assert_int_equal(s.noutages, 0);
	assert_false(s.stretches[6].out);
	assert_true(s.stretches[6].tps == 0);
	load_series_free(&s);
	fixture_free(&f);
}

static void a_last_look_of_a_moment_is_no_second_of_its_own(void **state)
{
	struct fixture f;
	struct load_series s;
	struct load_view *l;

	(void)state;
	/* Also when it began after the end: what ended in it makes no fall to be drawn. */
	for (int measured = 0; measured < 2; measured++) {
		fixture_make(&f, FIXTURE_SCRIPTS, 0);
		l = f.run.load;
		l->seconds[l->nseconds - 1].length_us = 3000;
		l->seconds[l->nseconds - 1].done = 12;
		l->seconds[l->nseconds - 1].measured = measured;
		load_series_of(&f.run, 1000, &s);
		assert_int_equal(s.count, l->nseconds - 1);
		assert_true(s.stretches[s.count - 1].tps < 2100);
		assert_true(s.stretches[s.count - 1].measured);
		load_series_free(&s);
		fixture_free(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(a_day_of_seconds_stays_small),
	        cmocka_unit_test(every_chart_is_named_sized_and_has_its_numbers),
	        cmocka_unit_test(an_outage_is_a_gap_with_a_name),
	        cmocka_unit_test(warm_up_is_shaded_and_said_to_be_in_no_number), cmocka_unit_test(failures_have_ticks),
	        cmocka_unit_test(service_time_and_schedule_stand_side_by_side),
	        cmocka_unit_test(percentiles_with_too_few_samples_are_left_out),
	        cmocka_unit_test(no_verdict_is_claimed), cmocka_unit_test(nothing_is_lost_by_putting_seconds_together),
	        cmocka_unit_test(outages_come_from_events_and_from_seconds_without_sessions),
	        cmocka_unit_test(outages_are_told_apart_and_joined),
	        cmocka_unit_test(a_second_without_an_end_is_a_rate_of_zero),
	        cmocka_unit_test(a_last_look_of_a_moment_is_no_second_of_its_own)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
