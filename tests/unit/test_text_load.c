/*
 * The final text of load runs: pgbench's labels in pgbench's order, numbers that follow from the counts, what pgbench
 * does not tell, and the doubts.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/fixture_run.c"

static char *text_of(const struct fixture *f)
{
	struct text_style style = {.width = 80, .utf8 = true, .report_hint = "pgparallel report 160 -o run-160.html"};
	struct buf out = {0};

	text_render(&f->rendering, &style, &out);
	return out.data;
}

static char *text_of_kind(enum fixture_kind kind)
{
	struct fixture f;
	char *text;

	fixture_make(&f, kind, 0);
	text = text_of(&f);
	fixture_free(&f);
	return text;
}

/* The summary alone, every run of digits (with its fraction) written as #. */
static char *labels(const char *text)
{
	const char *begin = strstr(text, "transaction type:"), *end = strstr(begin, "\n\n");
	struct buf out = {0};

	for (const char *p = begin; p <= end; p++) {
		size_t digits = strspn(p, "0123456789");

		if (digits == 0) {
			buf_putc(&out, *p);
			continue;
		}
		if (p[digits] == '.' && strspn(p + digits + 1, "0123456789") > 0)
			digits += 1 + strspn(p + digits + 1, "0123456789");
		buf_putc(&out, '#');
		p += digits - 1;
	}
	return out.data;
}

static void expect_labels(enum fixture_kind kind, const char *expected)
{
	char *text = text_of_kind(kind), *found = labels(text);

	assert_string_equal(found, expected);
	free(text);
	free(found);
}

static void labels_of_a_schedule(void **state)
{
	(void)state;
	expect_labels(FIXTURE_OUTAGE, "transaction type: orders.sql\n"
	                              "scaling factor: #\n"
	                              "query mode: prepared\n"
	                              "number of clients: #\n"
	                              "number of threads: #\n"
	                              "maximum number of tries: #\n"
	                              "duration: # s\n"
	                              "number of transactions actually processed: #\n"
	                              "number of failed transactions: # (#%)\n"
	                              "number of serialization failures: # (#%)\n"
	                              "number of deadlock failures: # (#%)\n"
	                              "number of other failures: # (#%)\n"
	                              "number of transactions retried: # (#%)\n"
	                              "total number of retries: #\n"
	                              "number of transactions skipped: # (#%)\n"
	                              "number of transactions above the # ms latency limit: #/# (#%)\n"
	                              "latency average = # ms\n"
	                              "latency stddev = # ms\n"
	                              "rate limit schedule lag: avg # (max #) ms\n"
	                              "initial connection time = # ms\n"
	                              "tps = # (without initial connection time)\n");
}

static void labels_of_several_scripts(void **state)
{
	char *text = text_of_kind(FIXTURE_SCRIPTS), *found = labels(text);

	(void)state;
	assert_non_null(strstr(found, "transaction type: multiple scripts\n"));
	assert_non_null(strstr(found,
	        "tps = # (without initial connection time)\n"
	        "SQL script #: <builtin: select only>\n"
	        " - weight: # (targets #% of total)\n"
	        " - # transactions (#% of total, tps = #)\n"
	        " - number of failed transactions: # (#%)\n"
	        " - number of transactions retried: # (#%)\n"
	        " - total number of retries: #\n"
	        " - latency average = # ms\n"
	        " - latency stddev = # ms\n"
	        " - statement latencies in milliseconds, failures and retries:\n"
	        "         #           #           #  \\set aid random(#, # * :scale)\n"
	        "         #           #           #  SELECT abalance FROM pgbench_accounts WHERE aid = :aid;\n"
	        "SQL script #: <builtin: TPC-B (sort of)>\n"));
	free(text);
	free(found);
}

static void nothing_done_ends_as_in_pgbench(void **state)
{
	(void)state;
	expect_labels(FIXTURE_NEVER, "transaction type: <builtin: select only>\n"
	                             "scaling factor: #\n"
	                             "query mode: simple\n"
	                             "number of clients: #\n"
	                             "number of threads: #\n"
	                             "maximum number of tries: #\n"
	                             "number of transactions per client: #\n"
	                             "number of transactions actually processed: #/#\n"
	                             "number of failed transactions: # (#%)\n");
}

static void expect(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("missing: %s\nin: %s", part, text);
}

static void numbers_follow_from_the_counts(void **state)
{
	struct fixture f;
	struct load_view *l;
	char *text;

	(void)state;
	fixture_make(&f, FIXTURE_OUTAGE, 0);
	proof_free(&f.proof);
	l = f.run.load;
	l->begin_us = 1000000;
	l->end_us = 11000000;
	l->done = 2582;
	l->failed = 194;
	l->skipped = 215;
	l->unknown = 0;
	l->retried = l->retries = 345;
	l->late = 299;
	l->busy_us = 15000000;
	f.run.phases.connected_us = 12345;
	proof_of(&f.run, NULL, &f.proof);
	text = text_of(&f);
	expect(text, "number of failed transactions: 194 (6.486%)\n");
	expect(text, "number of transactions retried: 345 (11.535%)\n");
	expect(text, "number of transactions skipped: 215 (7.188%)\n");
	expect(text, "latency limit: 299/2582 (11.580%)\n");
	expect(text, "initial connection time = 12.345 ms\n");
	expect(text, "tps = 258.200000 (without");
	expect(text, "rate with connecting = 257.8816");
	expect(text, "sessions in a transaction: average = 1.50 of 8 asked for (18.8%)\n");
	free(text);
	fixture_free(&f);
}

static void reconnecting_says_so(void **state)
{
	struct fixture f;
	char *text;

	(void)state;
	fixture_make(&f, FIXTURE_SCRIPTS, 0);
	f.run.load->reconnect = true;
	f.run.load->connects = 1000;
	f.run.load->connect_sum_us = 16 * 5000000;
	text = text_of(&f);
	expect(text, "average connection time = 80.000 ms\n");
	expect(text, " (including reconnection times)\n");
	expect(text, "rate without connecting = 3599.8"); /* half of the time went to connecting */
	assert_null(strstr(text, "initial connection time"));
	free(text);
	fixture_free(&f);
}

static void one_try_shows_no_retries(void **state)
{
	struct fixture f;
	char *text;

	(void)state;
	fixture_make(&f, FIXTURE_SCRIPTS, 0);
	f.run.load->max_tries = 1;
	text = text_of(&f);
	assert_null(strstr(text, "retried"));
	expect(text, " - statement latencies in milliseconds and failures:\n");
	f.run.load->max_tries = 0;
	free(text);
	text = text_of(&f);
	assert_null(strstr(text, "maximum number of tries"));
	expect(text, "total number of retries:");
	free(text);
	fixture_free(&f);
}

static void schedule_and_service_stand_side_by_side(void **state)
{
	char *text = text_of_kind(FIXTURE_OUTAGE), *schedule = strstr(text, "time from schedule: average = ");

	(void)state;
	assert_non_null(schedule);
	assert_non_null(strstr(schedule, "\nservice time: average = "));
	expect(text, "p75 = ");
	assert_null(strstr(text, "p99.99 = ")); /* asked for, and too few samples */
	expect(text, "too few samples for a percentile: ");
	free(text);
}

static void the_first_line_is_one_sentence(void **state)
{
	char *text = text_of_kind(FIXTURE_OUTAGE);

	(void)state;
	assert_memory_equal(text,
	        "292 transactions/s by 8 sessions on 2 processes in 60.0 s; p99 1.57 s from the\n"
	        "    schedule; 9 failed, 6 unknown, 290 skipped\n",
	        126);
	free(text);
}

static void what_went_wrong_is_told(void **state)
{
	static const char *const told[] = {" 40001 serialization_failure: 7 failed, 12 tries repeated\n",
	        " 57P01 admin_shutdown: 1 failed, 6 unknown\n", "       ERROR: deadlock detected\n",
	        "number of unknown transactions: 6 (0.034%)", " outage over: transactions end again after 3.006 s\n",
	        " server restarted: ", " dropped records: 12 of 17552 ", "records: 17540 kept, 12 lost\n"};
	char *text = text_of_kind(FIXTURE_OUTAGE);

	(void)state;
	for (size_t i = 0; i < sizeof told / sizeof told[0]; i++)
		expect(text, told[i]);
	free(text);
}

struct doubt_case {
	const char *name;
	void (*spoil)(struct run_view *run);
};

static void idle(struct run_view *run)
{
	run->load->busy_us = 80 * SECOND;
}
static void few(struct run_view *run)
{
	run->end.ready_sessions = 10;
}
static void hot(struct run_view *run)
{
	run->facts[4] = (struct fact_view){"client_cpus_allowed", "2"};
	run->end.usage.user_us = 26 * SECOND;
}
static void stepped(struct run_view *run)
{
	run->end.clock_offset_change_us = -3600 * SECOND;
}
static void paused(struct run_view *run)
{
	run->end.parent_paused_us = 2 * SECOND;
}
static void restarted(struct run_view *run)
{
	run->end.swept.restarted = true;
}
static void dropped(struct run_view *run)
{
	run->load->dropped = 1;
}
static void slow(struct run_view *run)
{
	run->load->rate = 100000;
}

static void each_doubt_has_its_reason(void **state)
{
	static const struct doubt_case cases[] = {{"achieved concurrency under 90 % of asked", idle},
	        {"achieved concurrency under 90 % of asked", few}, {"client CPU saturated", hot},
	        {"clock stepped", stepped}, {"parent was not running", paused}, {"server restarted", restarted},
	        {"dropped records", dropped}, {"rate under 90 % of asked", slow}};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct fixture f;

		fixture_make(&f, FIXTURE_SCRIPTS, 0);
		assert_int_equal(f.proof.ndoubts, 0);
		cases[i].spoil(&f.run);
		proof_free(&f.proof);
		proof_of(&f.run, NULL, &f.proof);
		assert_int_equal(f.proof.ndoubts, 1);
		assert_string_equal(f.proof.doubts[0].name, cases[i].name);
		fixture_free(&f);
	}
}

/* Pauses of the script's own making are no reason to doubt how many sessions were active. */
static void think_time_and_schedule_are_no_doubt(void **state)
{
	struct fixture f;

	(void)state;
	for (int how = 0; how < 3; how++) {
		fixture_make(&f, FIXTURE_SCRIPTS, 0);
		idle(&f.run);
		f.run.load->think_us = how == 0 ? 1000 : 0;
		f.run.load->reconnect = how == 1;
		f.run.load->rate = how == 2 ? 1800 : 0;
		if (how == 2)
			hist_merge(f.run.load->schedule, f.run.load->service);
		proof_free(&f.proof);
		proof_of(&f.run, NULL, &f.proof);
		assert_int_equal(f.proof.ndoubts, 0);
		fixture_free(&f);
	}
}

static void lists_show_rate_and_tail_in_place_of_a_verdict(void **state)
{
	static const struct {
		enum fixture_kind kind;
		const char *kept;
	} rows[] = {{FIXTURE_SCRIPTS, "1800 tps, p99 33.8 ms"}, {FIXTURE_OUTAGE, "292 tps, p99 1.57 s"},
	        {FIXTURE_NEVER, "nothing done"}, {FIXTURE_SLEEPS, "PARALLEL"}};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct fixture f;

		fixture_make(&f, rows[i].kind, 0);
		proof_free(&f.proof);
		proof_of(&f.run, f.rendering.baseline, &f.proof);
		assert_string_equal(f.proof.kept, rows[i].kept);
		fixture_free(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(labels_of_a_schedule),
	        cmocka_unit_test(labels_of_several_scripts), cmocka_unit_test(nothing_done_ends_as_in_pgbench),
	        cmocka_unit_test(numbers_follow_from_the_counts), cmocka_unit_test(reconnecting_says_so),
	        cmocka_unit_test(one_try_shows_no_retries), cmocka_unit_test(schedule_and_service_stand_side_by_side),
	        cmocka_unit_test(the_first_line_is_one_sentence), cmocka_unit_test(what_went_wrong_is_told),
	        cmocka_unit_test(each_doubt_has_its_reason), cmocka_unit_test(think_time_and_schedule_are_no_doubt),
	        cmocka_unit_test(lists_show_rate_and_tail_in_place_of_a_verdict)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
