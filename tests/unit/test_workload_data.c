/* workload_data: CSV by RFC 4180, and what is refused at which line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/workload_parts.h"

/* "a,b|1,<NULL>|..." or the error's text */
static char *parse(const char *text, size_t len)
{
	struct plan *plan = mem_zero(1, sizeof *plan);
	struct buf out = {0};
	struct err err;

	if (data_parse("d.csv", text, len, plan, &err)) {
		for (int c = 0; c < plan->ncolumns; c++)
			buf_printf(&out, "%s%s", c > 0 ? "," : "", plan->columns[c]);
		for (size_t i = 0; i < (size_t)plan->nrows * (size_t)plan->ncolumns; i++)
			buf_printf(&out, "%s%s", i % (size_t)plan->ncolumns == 0 ? "|" : ",",
			        plan->values[i] != NULL ? plan->values[i] : "<NULL>");
	} else {
		buf_puts(&out, err.text);
	}
	plan_free(plan);
	char *result = mem_strdup(buf_str(&out));

	buf_free(&out);
	return result;
}

static void test_accepted(void **state)
{
	static const char *const cases[][2] = {
	        {"a,b\n1,2\n3,4\n", "a,b|1,2|3,4"},
	        {"a,b\r\n1,2\r\n3,4", "a,b|1,2|3,4"},
	        {"a\n1", "a|1"},
	        {"a,b\n,\"\"\n", "a,b|<NULL>,"},
	        {"a,b\n\"x,y\",\"say \"\"hi\"\"\"\n", "a,b|x,y,say \"hi\""},
	        {"a,b\n\"two\nlines\",\"crlf\r\nkept\"\n3,4\n", "a,b|two\nlines,crlf\r\nkept|3,4"},
	        {"\"a b\",\"c\"\n1,2\n", "a b,c|1,2"},
	        {"\xef\xbb\xbf"
	         "a\n1\n",
	                "a|1"},
	        {"a\n\n1\n", "a|<NULL>|1"},
	        {"a,b\n 1 , 2 \n", "a,b| 1 , 2 "},
	        {"a\n\"\"\"\"\n", "a|\""},
	        {"a,b\n1,\n", "a,b|1,<NULL>"},
	        {"a,b\n1,", "a,b|1,<NULL>"},
	        {"n\n\\N\nNULL\n", "n|\\N|NULL"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char *out = parse(cases[i][0], strlen(cases[i][0]));

		assert_string_equal(out, cases[i][1]);
		free(out);
	}
}

static void test_refused(void **state)
{
	static const char *const cases[][2] = {
	        {"", "d.csv:1: the data file is empty"},
	        {"a,b\n", "d.csv:1: the data file has a header and no rows"},
	        {"a,b", "d.csv:1: the data file has a header and no rows"},
	        {"a,b\n1\n", "d.csv:2: 1 field where the header names 2 columns"},
	        {"a,b\n1,2\n\n", "d.csv:3: 1 field where the header names 2 columns"},
	        {"a,b\n\"x\ny\",2\n1,2,3\n", "d.csv:4: more than 2 fields where the header names 2 columns"},
	        {"a\n1,2\n", "d.csv:2: more than 1 field where the header names 1 column;"},
	        {"a,a\n1,2\n", "d.csv:1: columns 1 and 2 are both called a"},
	        {"a,\n1,2\n", "d.csv:1: column 2 has no name"},
	        {"\n1\n", "d.csv:1: column 1 has no name"},
	        {"a\nx\"y\n", "d.csv:2: a quote inside a field"},
	        {"a\n\"x\"y\n", "d.csv:2: text follows the closing quote"},
	        {"a\n1\n\"x\n\n", "d.csv:3: the quoted field that opens here"},
	        {"a\n1\r2\n", "d.csv:2: a carriage return without a line feed"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char *out = parse(cases[i][0], strlen(cases[i][0]));

		if (strncmp(out, cases[i][1], strlen(cases[i][1])) != 0)
			assert_string_equal(out, cases[i][1]);
		free(out);
	}
}

static void test_nul(void **state)
{
	char *out = parse("a\nx\0y\n", 6);

	(void)state;
	assert_memory_equal(out, "d.csv:2: a NUL byte", 19);
	free(out);
}

static void test_many_rows(void **state)
{
	struct buf b = {0};

	(void)state;
	buf_puts(&b, "n,text\n");
	for (int i = 0; i < 100000; i++)
		buf_printf(&b, "%d,\"a, %d\"\n", i, i);
	struct plan *plan = mem_zero(1, sizeof *plan);
	struct err err;

	assert_true(data_parse("d.csv", b.data, b.len, plan, &err));
	assert_int_equal(plan->nrows, 100000);
	assert_string_equal(plan->values[2 * 99999 + 1], "a, 99999");
	plan_free(plan);
	buf_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_accepted),
	        cmocka_unit_test(test_refused),
	        cmocka_unit_test(test_nul),
	        cmocka_unit_test(test_many_rows),
	};

	return cmocka_run_group_tests_name("workload_data", tests, NULL, NULL);
}
