/* store_notes: counters, client CPU, doubts and suspects come back as they were told; the later word replaces the
 * earlier one, and pruning takes what belongs to attempts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "reports/query.h"
#include "tests/unit/sample_store.h"

static struct sample_store sample;
static struct store *store;
static struct err err;
static int64_t run;

static int setup(void **state)
{
	int interrupted;

	(void)state;
	sample_begin(&sample, 5, 2);
	store = store_open(sample.path, &interrupted, &err);
	struct run_begin b = sample_run_begin(&sample);
	run = store ? sample_run(&sample, store, &b, 5, &err) : 0;
	return run ? 0 : 1;
}

static int teardown(void **state)
{
	(void)state;
	store_close(store, &err);
	sample_end(&sample);
	return 0;
}

static void load(struct run_view *v)
{
	assert_true(store_commit(store, &err));
	struct query *q = query_of_store(store);
	assert_true(query_run(q, run, v, &err));
	query_close(q);
}

static void everything_comes_back(void **state)
{
	static const struct client_sample looked = {
	        .at_us = 100, .length_us = 200, .cpu_us = 30, .wait_us = INT64_MIN, .busiest = 3, .busiest_us = 20};
	struct run_view v;

	(void)state;
	assert_true(store_counter(store, run, "db_commits", 5, 9, &err));
	assert_true(store_counter(store, run, "io_reads", INT64_MIN, 7, &err));
	assert_true(store_client_cpu(store, run, &(struct client_cpu_row){2, 1, 400, INT64_MIN}, &err));
	assert_true(store_client_sample(store, run, &looked, &err));
	assert_true(store_client_sample(store, run, &looked, &err));
	load(&v);
	assert_int_equal(v.ncounters, 2);
	assert_string_equal(v.counters[0].name, "db_commits");
	assert_int_equal(v.counters[0].after, 9);
	assert_true(v.counters[1].before == QUERY_NONE);
	assert_int_equal(v.nclient_cpu, 1);
	assert_int_equal(v.client_cpu[0].worker, 2);
	assert_true(v.client_cpu[0].wait_us == QUERY_NONE);
	assert_int_equal(v.nclient_samples, 2);
	assert_int_equal(v.client_samples[1].busiest_us, 20);
	assert_true(v.client_samples[1].wait_us == QUERY_NONE);
	run_view_free(&v);
}

static void the_later_word_counts(void **state)
{
	static const struct doubt_note first[] = {{"clock stepped", "by 3 s"}, {"dropped samples", "4 of 9"}};
	static const struct suspect_note suspects[] = {
	        {"one long task", "pole takes 3 s", NULL, 2000}, {"round trips", "70 %", "Confirmed: yes", 1000}};
	struct run_view v;
	struct doubt_view *doubts;
	struct run_line *lines;
	size_t n;

	(void)state;
	assert_true(store_doubts(store, run, first, 2, &err));
	assert_true(store_suspects(store, run, suspects, 2, &err));
	assert_true(store_doubts(store, run, first + 1, 1, &err));
	load(&v);
	assert_int_equal(v.ndoubts, 1);
	assert_string_equal(v.doubts[0].name, "dropped samples");
	assert_string_equal(v.doubts[0].text, "4 of 9");
	assert_int_equal(v.nsuspects, 2);
	assert_null(v.suspects[0].confirmed);
	assert_string_equal(v.suspects[1].confirmed, "Confirmed: yes");
	assert_int_equal(v.suspects[0].share_us, 2000);
	run_view_free(&v);
	struct query *q = query_of_store(store);
	assert_true(query_doubts(q, run, &doubts, &n, &err));
	assert_int_equal(n, 1);
	free(doubts);
	assert_true(query_list(q, 5, &lines, &n, &err));
	assert_int_equal(lines[0].doubts, 1);
	free(lines);
	query_close(q);
}

static void pruning_keeps_what_says_something_of_the_run(void **state)
{
	static const struct doubt_note doubt = {"clock stepped", "by 3 s"};
	static const struct client_sample looked = {.length_us = 200};
	uint32_t attempts, runs;
	struct run_view v;

	(void)state;
	assert_true(store_doubts(store, run, &doubt, 1, &err));
	assert_true(store_client_sample(store, run, &looked, &err));
	assert_true(store_prune(store, INT64_MAX / 2, 1, 0, &attempts, &runs, &err));
	load(&v);
	assert_true(v.pruned);
	assert_int_equal(v.ndoubts, 1);
	assert_int_equal(v.nclient_samples, 0);
	run_view_free(&v);
	assert_true(store_prune(store, INT64_MAX / 2, 1, 1, &attempts, &runs, &err));
	assert_int_equal(runs, 1);
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {WITH(everything_comes_back), WITH(the_later_word_counts),
	        WITH(pruning_keeps_what_says_something_of_the_run)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
