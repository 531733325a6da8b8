/* workload_split: statements, their lines, and what is refused with which words. The cuts themselves are compared
 * with psql's in tests/pg/split.bats. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/workload.h"
#include "shared/buf.h"

/* "line:text|line:text" */
static char *cut(const char *sql, size_t len)
{
	struct sql_piece *pieces;
	struct buf out = {0};
	struct err err;
	int count;

	if (!workload_split("f.sql", sql, len, &pieces, &count, &err))
		return mem_strdup(err.text);
	for (int i = 0; i < count; i++) {
		buf_printf(&out, "%s%d:", i > 0 ? "|" : "", pieces[i].line);
		buf_append(&out, pieces[i].text, pieces[i].len);
	}
	char *text = mem_strdup(buf_str(&out));

	buf_free(&out);
	free(pieces);
	return text;
}

static void check(const char *const cases[][2], size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char *out = cut(cases[i][0], strlen(cases[i][0]));

		if (strncmp(out, cases[i][1], strlen(cases[i][1])) != 0)
			assert_string_equal(out, cases[i][1]);
		free(out);
	}
}

static void test_cuts(void **state)
{
	static const char *const cases[][2] = {
	        {"", ""},
	        {"select 1", "1:select 1"},
	        {"select 1;\nselect 2;", "1:select 1|2:select 2"},
	        {";;\n;", ""},
	        {"-- c\n/* d */ select 1 -- e\n;", "2:select 1"},
	        {"select 1 /* x */ , 2 -- y\n", "1:select 1 /* x */ , 2"},
	        {"/*+ SeqScan(t) */\nselect 1", "1:/*+ SeqScan(t) */\nselect 1"},
	        {"select '\n';\n\nselect 2", "1:select '\n'|4:select 2"},
	        {"\xef\xbb\xbfselect 1;", "1:select 1"},
	        {"select 1\r\n;\r\nselect 2\r\n", "1:select 1|3:select 2"},
	        {"-- @task a\nselect 1\n-- @task b\n;", "2:select 1"},
	};

	(void)state;
	check(cases, sizeof cases / sizeof cases[0]);
}

static void test_refusals(void **state)
{
	static const char *const cases[][2] = {
	        {"\nselect 'x", "f.sql:2: the quote (') that opens here is not closed"},
	        {"\nselect '\n\n", "f.sql:2: the quote (') that opens here"},
	        {"select E'\\'", "f.sql:1: the quote (') that opens here"},
	        {"select E'\\", "f.sql:1: the quote (') that opens here"},
	        {"select \"a", "f.sql:1: the quote (\") that opens here"},
	        {"select $a$\n$b$",
	                "f.sql:1: the dollar quote that opens here is not closed before the end of the file; close "
	                "it with $a$"},
	        {"select /* /* */", "f.sql:1: the comment (/*) that opens here"},
	        {"select 1;\n(select\n(2)\n;", "f.sql:2: the parenthesis that opens here"},
	        {"create function f() returns int\nbegin atomic select 1;", "f.sql:2: the function body whose BEGIN"},
	        {"select 1;\n\\set x 1", "f.sql:2: \\set: meta-commands are for scripts"},
	        {"\\sleep 1", "f.sql:1: \\sleep: meta-commands are for scripts"},
	        {"\\gset", "f.sql:1: \\gset: meta-commands are for scripts"},
	        {"\\timing on", "f.sql:1: \\timing is a command of psql and not SQL"},
	        {"select 1 \\g",
	                "f.sql:1: \\g is a command of psql and not SQL: take it out and end the statement with ;"},
	        {"select 1 \\; select 2", "f.sql:1: \\; joins statements"},
	        {"\\! ls", "f.sql:1: \\! is a command of psql"},
	        {"\\", "f.sql:1: \\ is a command of psql"},
	        {"copy t from stdin;\n1\tit's\n\\.\n", "f.sql:1: COPY ... FROM STDIN"},
	        {"select 1;\n\nCOPY t (a, b) FROM STDIN WITH (FORMAT csv);", "f.sql:3: COPY ... FROM STDIN"},
	        {"copy /* x */ \"T\" from -- c\n stdin", "f.sql:1: COPY ... FROM STDIN"},
	};

	(void)state;
	check(cases, sizeof cases / sizeof cases[0]);
}

static void test_other_copies_pass(void **state)
{
	static const char *const cases[][2] = {
	        {"copy t to stdout", "1:copy t to stdout"},
	        {"copy t from '/tmp/stdin'", "1:copy t from"},
	        {"copy (select * from stdin) to stdout", "1:copy"},
	        {"insert into copy select * from stdin", "1:insert"},
	};

	(void)state;
	check(cases, sizeof cases / sizeof cases[0]);
}

static void test_nul_names_its_line(void **state)
{
	char *out = cut("select 1;\nsel\0ect", 17);

	(void)state;
	assert_memory_equal(out, "f.sql:2: a NUL byte", 19);
	free(out);
}

/* The thread sanitizer takes memmem to read all that it may look at: a search per piece is quadratic there. */
#ifdef __SANITIZE_THREAD__
#define LARGE 40000
#else
#define LARGE 4000000
#endif

/* Time must not grow with the square of the size: deep comments, many quotes, one endless statement. */
static void test_large_inputs(void **state)
{
	static const char *const parts[] = {"/*", "(", "''", "$a$", "select 1;", "-", ":", "begin ", "\n", "'"};

	(void)state;
	for (size_t p = 0; p < sizeof parts / sizeof parts[0]; p++) {
		struct buf b = {0};

		while (b.len < LARGE)
			buf_puts(&b, parts[p]);
		free(cut(b.data, b.len));
		buf_free(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_cuts),
	        cmocka_unit_test(test_refusals),
	        cmocka_unit_test(test_other_copies_pass),
	        cmocka_unit_test(test_nul_names_its_line),
	        cmocka_unit_test(test_large_inputs),
	};

	return cmocka_run_group_tests_name("workload_split", tests, NULL, NULL);
}
