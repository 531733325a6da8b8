/* verify: results of two runs, task by task. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "reports/verify.h"
#include "tests/unit/made_run.h"

static void made_result(struct run_view *run, uint32_t task, uint32_t executions, int64_t rows, const char *digest)
{
	struct task_result_view *r;

	run->results = mem_resize(run->results, run->nresults + 1, sizeof *run->results);
	r = &run->results[run->nresults++];
	*r = (struct task_result_view){.task = task, .executions = executions, .rows = rows, .digest_us = 500};
	snprintf(r->digest, sizeof r->digest, "%s", digest);
}

struct told {
	int count;
	char task[64], text[700];
};

static void tell(void *context, const char *task, const char *text)
{
	struct told *told = context;

	told->count++;
	snprintf(told->task, sizeof told->task, "%s", task);
	snprintf(told->text, sizeof told->text, "%s", text);
}

static void made(struct run_view *run, int64_t id, const char *engine)
{
	made_begin(run, 2);
	run->id = id;
	run->engine = mem_strdup(engine);
	run->options = mem_strdup("engine=x verify-results=on");
	made_task(run, "a", -1);
	made_task(run, "b", -1);
	made_task(run, "c", -1);
}

static void made_clear(struct run_view *run)
{
	free(run->engine);
	free(run->options);
	free(run->results);
	made_free(run);
}

struct one {
	uint32_t executions;
	int64_t rows;
	const char *digest; /* NULL: none was taken */
};

static void test_pairs(void **state)
{
	static const struct {
		struct one here, there;
		struct verify_count count;
		const char *text;
	} cases[] = {
	        {{1, 5, "aa"}, {1, 5, "aa"}, {.same = 1, .left_out = 2}, NULL},
	        {{1, 5, "aa"}, {1, 4, "bb"}, {.different = 1, .left_out = 2},
	                "task b gave 5 rows in run 4 (serial) and 4 in run 9 (async)"},
	        {{1, 1, "aa"}, {1, 0, "bb"}, {.different = 1, .left_out = 2},
	                "task b gave 1 row in run 4 (serial) and 0 in run 9 (async)"},
	        {{1, 5, "aaaaaaaaaaaaaa"}, {1, 5, "bbbbbbbbbbbbbb"}, {.different = 1, .left_out = 2},
	                "task b gave 5 rows in run 4 (serial) and as many in run 9 (async), but not the same: digests "
	                "aaaaaaaaaaaa and bbbbbbbbbbbb"},
	        {{3, 5, "aa"}, {2, 4, "bb"}, {.uncompared = 1, .left_out = 2}, NULL},
	        {{1, 5, "aa"}, {0, 0, NULL}, {.left_out = 3}, NULL},
	        {{0, 0, NULL}, {1, 5, "aa"}, {.left_out = 3}, NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct run_view here, there;
		struct told told = {0};

		made(&here, 4, "serial");
		made(&there, 9, "async");
		if (cases[i].here.digest)
			made_result(&here, 1, cases[i].here.executions, cases[i].here.rows, cases[i].here.digest);
		if (cases[i].there.digest)
			made_result(&there, 1, cases[i].there.executions, cases[i].there.rows, cases[i].there.digest);
		struct verify_count n = verify_compare(&here, &there, tell, &told);
		assert_int_equal(n.same, cases[i].count.same);
		assert_int_equal(n.different, cases[i].count.different);
		assert_int_equal(n.uncompared, cases[i].count.uncompared);
		assert_int_equal(n.left_out, cases[i].count.left_out);
		assert_int_equal(told.count, cases[i].text != NULL);
		if (cases[i].text)
			assert_string_equal(told.text, cases[i].text);
		made_clear(&here);
		made_clear(&there);
	}
}

/* Two files may hold the same tasks in another order. */
static void test_tasks_are_matched_by_name(void **state)
{
	struct run_view here, there;
	struct told told = {0};

	(void)state;
	made(&here, 4, "serial");
	made(&there, 9, "thread");
	strcpy(there.tasks[0].name, "b");
	strcpy(there.tasks[1].name, "a");
	made_result(&here, 0, 1, 1, "aa");
	made_result(&here, 1, 1, 2, "bb");
	made_result(&there, 0, 1, 2, "bb");
	made_result(&there, 1, 1, 1, "a0");
	struct verify_count n = verify_compare(&here, &there, tell, &told);
	assert_int_equal(n.same, 1);
	assert_int_equal(n.different, 1);
	assert_string_equal(told.task, "a");
	made_clear(&here);
	made_clear(&there);
}

static void test_sentence(void **state)
{
	struct run_view here, there;
	struct buf out = {0};

	(void)state;
	made(&here, 4, "serial");
	made(&there, 9, "thread");
	made_result(&here, 0, 1, 1, "aa");
	made_result(&here, 1, 1, 2, "bb");
	made_result(&there, 0, 1, 1, "aa");
	made_result(&there, 1, 1, 2, "b0");
	verify_sentence(&there, &here, &out);
	assert_string_equal(buf_str(&out),
	        "1 of 2 tasks returned other rows than in run 4 (serial): b; 1 left out; hashing took 1.00 ms");
	buf_clear(&out);
	verify_sentence(&there, NULL, &out);
	assert_string_equal(buf_str(&out), "digests of 2 tasks, compared with nothing; hashing took 1.00 ms");
	buf_clear(&out);
	there.options[0] = '\0';
	verify_sentence(&there, &here, &out);
	assert_string_equal(buf_str(&out), "");
	buf_free(&out);
	made_clear(&here);
	made_clear(&there);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_pairs),
	        cmocka_unit_test(test_tasks_are_matched_by_name), cmocka_unit_test(test_sentence)};

	return cmocka_run_group_tests_name("verify", tests, NULL, NULL);
}
