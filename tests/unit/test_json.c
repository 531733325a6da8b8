/*
 * The JSON document reads back, keeps its key order and has null where something is not known.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>
#include <math.h>

#include "tests/unit/fixture_run.c"

static json_t *parse(const struct fixture *f)
{
	struct buf out = {0};
	json_error_t error;
	json_t *document;

	json_render(&f->rendering, &out);
	document = json_loadb(buf_str(&out), out.len, JSON_REJECT_DUPLICATES, &error);
	if (document == NULL)
		fail_msg("line %d: %s", error.line, error.text);
	buf_free(&out);
	return document;
}

static void every_run_reads_back(void **state)
{
	(void)state;
	for (int kind = 0; kind < FIXTURES; kind++) {
		struct fixture f;
		json_t *document;

		fixture_make(&f, (enum fixture_kind)kind, 0);
		document = parse(&f);
		assert_int_equal(json_array_size(json_object_get(document, "attempts")), f.run.nattempts);
		assert_int_equal(json_array_size(json_object_get(document, "tasks")), f.run.ntasks);
		json_decref(document);
		fixture_free(&f);
	}
}

static void hostile_text_comes_back_as_text(void **state)
{
	struct fixture f;
	json_t *document, *run;

	(void)state;
	fixture_make(&f, FIXTURE_HOSTILE, 0);
	document = parse(&f);
	run = json_object_get(document, "run");
	assert_non_null(strstr(json_string_value(json_object_get(run, "workload")), "<script>alert(1)</script>"));
	assert_null(strchr(json_string_value(json_object_get(run, "workload")), '\033'));
	assert_string_equal(
	        json_string_value(json_object_get(run, "note")), "=HYPERLINK(\"http://evil.example\",\"x\")");
	json_decref(document);
	fixture_free(&f);
}

static void members_come_in_the_promised_order(void **state)
{
	static const char *const keys[] = {"schema", "run", "environment", "estimates", "errors", "attempts"};
	struct fixture f;
	json_t *document;
	void *at;

	(void)state;
	fixture_make(&f, FIXTURE_SLEEPS, 0);
	document = parse(&f);
	at = json_object_iter(document);
	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++, at = json_object_iter_next(document, at))
		assert_string_equal(json_object_iter_key(at), keys[i]);
	assert_string_equal(json_string_value(json_object_get(document, "schema")), "pgparallel.run/1");
	json_decref(document);
	fixture_free(&f);
}

static json_t *estimate(json_t *document, const char *name)
{
	json_t *list = json_object_get(document, "estimates");

	for (size_t i = 0; i < json_array_size(list); i++) {
		json_t *e = json_array_get(list, i);

		if (strcmp(json_string_value(json_object_get(e, "name")), name) == 0)
			return json_object_get(e, "value");
	}
	fail_msg("no estimate %s", name);
	return NULL;
}

static void what_is_not_known_is_null(void **state)
{
	struct fixture f;
	json_t *document, *lost;

	(void)state;
	fixture_make(&f, FIXTURE_FAILING, 0);
	f.proof.effective_lanes = NAN;
	f.proof.mean_active = INFINITY;
	document = parse(&f);
	assert_true(json_is_null(estimate(document, "speedup")));
	assert_true(json_is_null(estimate(document, "effective_lanes")));
	assert_true(json_is_null(estimate(document, "mean_active")));
	lost = json_array_get(json_object_get(document, "attempts"), 4);
	assert_true(json_is_null(json_object_get(lost, "execute_us")));
	assert_true(json_is_null(json_object_get(lost, "sqlstate")));
	assert_true(json_is_true(json_object_get(lost, "worker_died")));
	json_decref(document);
	fixture_free(&f);
}

static void times_keep_their_microseconds(void **state)
{
	struct fixture f;
	json_t *document;

	(void)state;
	fixture_make(&f, FIXTURE_SLEEPS, 0);
	f.run.phases.last_end_us = INT64_C(123456789012);
	document = parse(&f);
	assert_true(json_is_integer(estimate(document, "wall")));
	assert_true(json_integer_value(estimate(document, "wall")) == INT64_C(123456789012));
	json_decref(document);
	fixture_free(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(every_run_reads_back),
	        cmocka_unit_test(hostile_text_comes_back_as_text), cmocka_unit_test(members_come_in_the_promised_order),
	        cmocka_unit_test(what_is_not_known_is_null), cmocka_unit_test(times_keep_their_microseconds)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
