/*
 * test_json_load: what a load run adds to the JSON document; its histograms hold what the lanes counted. Whether the
 * document fits its schema is asked in tests/cli/test_pages.py.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <math.h>

#include "tests/unit/sample_load_view.h"

static struct sample_load_view load;
static struct err err;
static json_t *document, *member;

static int begin(void **state)
{
	(void)state;
	struct buf out = {0};
	json_error_t error;
	if (!sample_load_open(&load, 1000, 100, &err))
		return -1;
	json_render(&load.rendering, &out);
	document = json_loadb(buf_str(&out), out.len, JSON_REJECT_DUPLICATES, &error);
	if (!document)
		print_error("line %d: %s\n", error.line, error.text);
	buf_free(&out);
	member = json_object_get(document, "load");
	return member ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	json_decref(document);
	sample_load_close(&load);
	return 0;
}

static json_int_t number(json_t *object, const char *key)
{
	json_t *value = json_object_get(object, key);
	if (!json_is_integer(value))
		fail_msg("%s is no integer", key);
	return json_integer_value(value);
}

static void settings_and_totals(void **state)
{
	(void)state;
	json_t *settings = json_object_get(member, "settings"), *totals = json_object_get(member, "totals");
	assert_string_equal(json_string_value(json_object_get(settings, "mode")), "prepared");
	assert_true(json_is_null(json_object_get(settings, "transactions")));
	assert_int_equal(number(settings, "duration_us"), 10000000);
	assert_true(json_real_value(json_object_get(settings, "rate")) == 500.5);
	assert_true(json_is_true(json_object_get(settings, "reconnect")));
	assert_int_equal(number(settings, "scale"), 50);
	assert_int_equal(number(totals, "done"), 1100);
	assert_int_equal(number(totals, "skipped"), 4);
	assert_true(json_real_value(json_object_get(totals, "tps")) == 110);
	assert_true(json_real_value(json_object_get(totals, "active_sessions")) == 4);
	assert_int_equal(number(member, "records"), 100);
	assert_int_equal(json_array_size(json_object_get(member, "commands")), SAMPLE_COMMANDS);
	assert_int_equal(json_array_size(json_object_get(member, "errors")), 3);
}

static void percentiles_only_where_there_are_enough(void **state)
{
	(void)state;
	json_t *service = json_object_get(member, "service");
	json_t *few = json_object_get(json_array_get(json_object_get(member, "scripts"), 1), "service");
	json_t *none = json_object_get(json_array_get(json_object_get(member, "commands"), 0), "time");
	struct sample_totals *t = sample_totals(1000);
	hist_merge(&t->service[0], &t->service[1]);
	assert_int_equal(number(service, "count"), 1100);
	assert_int_equal(number(service, "p99_us"), (hist_percentile(&t->service[0], 99) + 500) / 1000);
	assert_true(json_is_null(json_object_get(service, "p999_us")));
	assert_int_equal(number(few, "count"), 100);
	assert_true(number(few, "p90_us") > 0);
	assert_true(json_is_null(json_object_get(few, "p95_us")));
	assert_true(json_is_null(none));
	free(t);
}

/* Others can add the buckets of several runs: bounds are exact, counts add up. */
static void histograms_can_be_merged(void **state)
{
	(void)state;
	json_t *script = json_array_get(json_object_get(member, "scripts"), 0);
	json_t *pairs = json_object_get(json_object_get(script, "schedule"), "histogram");
	struct sample_totals *t = sample_totals(1000);
	uint64_t total = 0;
	for (size_t i = 0; i < json_array_size(pairs); i++) {
		double low = json_number_value(json_array_get(json_array_get(pairs, i), 0)) * 1000;
		unsigned bucket = hist_bucket((uint64_t)llround(low));
		assert_int_equal(hist_bucket_low(bucket), llround(low));
		json_int_t n = json_integer_value(json_array_get(json_array_get(pairs, i), 1));
		assert_int_equal(n, t->schedule[0].buckets[bucket]);
		total += (uint64_t)n;
	}
	assert_int_equal(total, 1000);
	free(t);
}

static void seconds_have_null_where_nothing_was_done(void **state)
{
	(void)state;
	json_t *seconds = json_object_get(member, "seconds"), *outage = json_array_get(seconds, 5);
	assert_int_equal(json_array_size(seconds), 11);
	assert_true(json_is_false(json_object_get(json_array_get(seconds, 0), "measured")));
	assert_int_equal(number(json_array_get(seconds, 1), "schedule_p99_us"), 5555);
	assert_int_equal(number(outage, "done"), 0);
	assert_true(json_is_null(json_object_get(outage, "mean_us")));
	assert_true(json_is_null(json_object_get(outage, "max_us")));
}

static void large_times_keep_their_nanoseconds(void **state)
{
	(void)state;
	struct buf out = {0};
	hist_add(load.run.load->service, INT64_C(86400) * NS_PER_S); /* a day */
	json_render(&load.rendering, &out);
	char want[64];
	uint64_t low = hist_bucket_low(hist_bucket((uint64_t)86400 * NS_PER_S));
	snprintf(want, sizeof want, "[%llu.%03llu,1]", (unsigned long long)(low / 1000),
	        (unsigned long long)(low % 1000));
	for (char *zero = strchr(want, ',') - 1; *zero == '0'; zero--)
		memmove(zero, zero + 1, strlen(zero));
	assert_non_null(strstr(buf_str(&out), want));
	buf_free(&out);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = {CASE(settings_and_totals), CASE(percentiles_only_where_there_are_enough),
	        CASE(histograms_can_be_merged), CASE(seconds_have_null_where_nothing_was_done),
	        CASE(large_times_keep_their_nanoseconds)};
	return cmocka_run_group_tests_name("json load", tests, NULL, NULL);
}
