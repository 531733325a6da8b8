/* Scripts into commands: positions, links, variables, directives, and what is refused with which words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "orchestrator/script_parse.h"

static bool parse(const char *text, struct scripts *scripts, struct err *err)
{
	struct script_options options = {0};

	return scripts_parse("f", text, strlen(text), &options, scripts, err);
}

static void must_parse(const char *text, struct scripts *scripts)
{
	struct err err;

	if (!parse(text, scripts, &err))
		fail_msg("%s: %s", text, err.text);
}

/* What pgbench refuses too is compared with it in tests/pg/test_script_diff.py; here are the words and the places. */
static void test_refusals(void **state)
{
	static const struct {
		const char *text, *begin, *part;
	} cases[] = {
	        {"", "f:1:1: ", "empty command list"},
	        {"-- only this\n", "f:1:1: ", "empty command list"},
	        {"select 1;\n  \\foo\n", "f:2:3: \\foo ", "\\set"},
	        {"\\endiff", "f:1:1: \\endiff ", "did you mean \\endif?"},
	        {"\\set\n", "f:1:1: \\set: missing argument", "\\set NAME EXPRESSION"},
	        {"\\set a-b 1", "f:1:6: \\set: invalid variable name", "letters"},
	        {"\\set 1 1", "f:1:6: ", "does not begin with a digit"},
	        {"\\set a\n", "f:1:7: ", "syntax error: the expression ends"},
	        {"\\set a 1 +\nselect 1;", "f:1:11: ", "a value should follow"},
	        {"\\set a 1 2", "f:1:10: syntax error at 2", "an operator"},
	        {"\\set a \\\n 1 +\\\n  )", "f:3:3: syntax error at )", "a value"},
	        {"\\set a 1;", "f:1:9: unexpected character (;)", "no semicolon"},
	        {"\\set a 'x'", "f:1:8: unexpected character (')", "no strings"},
	        {"\\set a lest(1)", "f:1:8: unknown function lest", "did you mean least?"},
	        {"\\set a b", "f:1:8: unknown function b", ":b"},
	        {"\\set a abs(1, 2)", "f:1:8: unexpected number of arguments (abs): 2 are given", "write abs(number)"},
	        {"\\set a 1 = 2 = 3", "f:1:14: syntax error", "parentheses"},
	        {"\\set a 9223372036854775808", "f:1:8: syntax error: 9223372036854775808", "one less"},
	        {"\\set a 99999999999999999999", "f:1:8: bigint constant overflow", "64 bits"},
	        {"\\set a 1e999", "f:1:8: double constant overflow", "1.7e308"},
	        {"\\if 1\nselect 1;\n", "f:1:1: \\if without matching \\endif", "\\endif"},
	        {"\\if 1\n\\else\n \\else\n\\endif", "f:3:2: \\else after \\else", ""},
	        {"\\if 1\n\\else\n \\elif 1\n\\endif", "f:3:2: \\elif after \\else", ""},
	        {"select 1;\n\\endif", "f:2:1: \\endif without matching \\if", ""},
	        {"\\sleep", "f:1:1: \\sleep: missing argument", "\\sleep NUMBER"},
	        {"\\sleep 1 h", "f:1:10: \\sleep: unrecognized time unit", "us, ms or s"},
	        {"\\sleep 1h", "f:1:9: \\sleep: unrecognized time unit", "us, ms or s"},
	        {"\\sleep x", "f:1:8: \\sleep: invalid sleep time", "integer"},
	        {"\\gset", "f:1:1: \\gset must follow an SQL command", ""},
	        {"select 1 \\gset a b", "f:1:18: \\gset: too many arguments", ""},
	        {"\\endif 1", "f:1:8: \\endif: unexpected argument", "\\endif alone"},
	        {"\\startpipeline\nselect 1 \\gset\n\\endpipeline", "f:2:1: \\gset is not allowed in a pipeline", ""},
	        {"\\shell true", "f:1:1: \\shell: ", "--allow-shell"},
	        {"select 1;\nselect 'a", "f:2:8: the quote (')", "close it"},
	        {"select $a$ b", "f:1:8: the dollar quote", "close it"},
	        {"select (1;", "f:1:1: the statement", "parenthesis"},
	        {"select 1;\ncopy t from stdin;", "f:2:1: COPY ... FROM STDIN", "INSERT"},
	        {"\\echo x", "f:1:1: \\echo ", "psql"},
	        {"-- @script\nselect 1;", "f:1:", "needs a name"},
	        {"-- @script a wait=1\nselect 1;", "f:1:14: wait=1", "weight=N"},
	        {"-- @script a weight=x\nselect 1;", "f:1:14: weight=x", "whole number"},
	        {"-- @script a\n-- @script b\nselect 1;", "f:1:1: empty command list for script \"a\"", ""},
	        {"select 1;\n-- @script a\nselect 1;", "f:1:1: a command before the first @script", "@setup"},
	        {"-- @script a\nselect 1;\n-- @task b\nselect 2;", "f:3:1: @task and @script", "two files"},
	        {"-- @script a weight=0\nselect 1;", "total script weight must not be zero", "FILE@1"},
	        {"-- @param x\n-- @script a\nselect 1;", "f:1:12: @param x needs a value", "values(a,b)"},
	        {"-- @param 1x = 1\nselect 1;", "f:1:11: @param needs a name", ""},
	        {"-- @param x = values(a\nselect 1;", "f:1:", "not closed"},
	        {"-- @param x = values('a)\nselect 1;", "f:1:22: the quote (')", "close it"},
	        {"-- @param x = values(a,,b)\nselect 1;", "f:1:24: values() has an empty place", "''"},
	        {"-- @param x = zipf(1)\nselect 1;", "f:1:15: unknown function zipf", ""},
	        {"-- @script a\nselect :y;", "f:2:8: :y is not declared", "@param y"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct scripts scripts;
		struct err err = {0};

		if (parse(cases[i].text, &scripts, &err))
			fail_msg("accepted: %s", cases[i].text);
		if (strncmp(err.text, cases[i].begin, strlen(cases[i].begin)) != 0 ||
		        strstr(err.text, cases[i].part) == NULL || err.code != EXIT_USAGE)
			fail_msg("%s\n  refused with: %s", cases[i].text, err.text);
	}
}

static void test_positions(void **state)
{
	struct scripts scripts;

	(void)state;
	must_parse("-- c\n\n  select 1;  select 2\n\\set a \\\n 1\n\\sleep 1 ms\n", &scripts);
	const struct script_command *c = scripts.scripts[0].commands;

	assert_int_equal(scripts.scripts[0].ncommands, 4);
	assert_int_equal(c[0].line, 3);
	assert_int_equal(c[0].column, 3);
	assert_string_equal(c[0].text, "select 1;");
	assert_int_equal(c[1].column, 14);
	assert_int_equal(c[2].line, 4);
	assert_string_equal(c[2].text, "\\set a 1");
	assert_int_equal(c[3].line, 6);
	assert_int_equal(c[3].sleep_unit_us, 1000);
	assert_int_equal(scripts.scripts[0].nsql, 2);
	assert_false(scripts.scripts[0].independent);
	scripts_free(&scripts);
}

static void test_sql(void **state)
{
	struct scripts scripts;

	(void)state;
	must_parse("select :a, ':b', x::int, :a \\; select 2 \\gset p_\n", &scripts);
	const struct script_sql *sql = &scripts.scripts[0].commands[0].sql;

	assert_string_equal(sql->numbered, "select $1, '$2', x::int, $3 ; select 2 ");
	assert_int_equal(sql->nvariables, 3);
	assert_string_equal(sql->literals[0], "select ");
	assert_string_equal(sql->literals[3], " ; select 2 ");
	assert_string_equal(sql->spelled[1], ":b");
	assert_int_equal(sql->variables[0], scripts_find_variable(&scripts, "a"));
	assert_int_equal(sql->variables[2], sql->variables[0]);
	assert_int_equal(sql->nstatements, 2);
	assert_int_equal(sql->keep, KEEP_GSET);
	assert_string_equal(sql->prefix, "p_");
	scripts_free(&scripts);
}

static void test_links(void **state)
{
	struct scripts scripts;

	(void)state;
	must_parse("\\if 1\nselect 1;\n\\elif 2\n\\if 3\n\\endif\n\\else\nselect 2;\n\\endif\n", &scripts);
	const struct script_command *c = scripts.scripts[0].commands;

	assert_int_equal(c[0].jump, 2);
	assert_int_equal(c[2].jump, 5);
	assert_int_equal(c[2].end, 7);
	assert_int_equal(c[3].jump, 4);
	assert_int_equal(c[5].end, 7);
	scripts_free(&scripts);
}

static void test_directives(void **state)
{
	struct scripts scripts;

	(void)state;
	must_parse("-- @gate errors = 0\n-- @param k = zipfian(1, 9, 1.1)\n-- @script read weight=9\nselect :k;\n"
	           "-- @setup\ncreate table t ();\n-- @script write\n-- @param w = values('it''s', b c , \"\")\n"
	           "insert into t values (:k, :w, a[1:n]);\n",
	        &scripts);
	assert_int_equal(scripts.nscripts, 2);
	assert_int_equal(scripts.total_weight, 10);
	assert_string_equal(scripts.scripts[0].name, "read");
	assert_int_equal(scripts.scripts[0].weight, 9);
	assert_int_equal(scripts.scripts[0].ncommands, 2);
	assert_true(scripts.scripts[0].independent);
	const struct script *write = &scripts.scripts[1];

	assert_int_equal(write->ncommands, 3);
	assert_int_equal(write->commands[1].nchoices, 3);
	assert_string_equal(write->commands[1].choices[0], "it's");
	assert_string_equal(write->commands[1].choices[1], "b c");
	assert_string_equal(write->commands[1].choices[2], "");
	assert_int_equal(script_first_command(&scripts, 1), 2);
	assert_int_equal(scripts.ncommands, 5);
	scripts_free(&scripts);
}

static void test_plain_files_keep_their_comments(void **state)
{
	struct scripts scripts;

	(void)state;
	must_parse("-- @gate errors = 0\n-- @unknown\n-- @task x\nselect :y;\n", &scripts);
	assert_int_equal(scripts.scripts[0].ncommands, 1);
	scripts_free(&scripts);
}

static void test_weights(void **state)
{
	static const struct {
		const char *spec, *name;
		int64_t weight; /* -2: refused */
	} cases[] = {{"a.sql", "a.sql", -1}, {"a.sql@3", "a.sql", 3}, {"a@b@0", "a@b", 0},
	        {"a@2147483647", "a", 2147483647}, {"a@2147483648", NULL, -2}, {"a@-1", NULL, -2}, {"a@", NULL, -2},
	        {"a@x", NULL, -2}, {"a@1x", NULL, -2}, {"-@2", "-", 2}};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct err err;
		char *name = NULL;
		int64_t weight;
		bool ok = script_weight(cases[i].spec, &name, &weight, &err);

		if (ok != (cases[i].weight != -2) || (ok && weight != cases[i].weight))
			fail_msg("%s: %d, weight %lld", cases[i].spec, ok, (long long)weight);
		if (ok)
			assert_string_equal(name, cases[i].name);
		free(name);
	}
}

static void test_builtins(void **state)
{
	static const struct script_source sources[] = {
	        {SCRIPT_BUILTIN, "tp"}, {SCRIPT_BUILTIN, "si@2"}, {SCRIPT_BUILTIN, "select-only"}};
	static const char *const defines[] = {"scale=3", "scale=4"};
	struct script_options options = {.sources = sources, .nsources = 3, .defines = defines, .ndefines = 2};
	struct scripts scripts;
	struct err err;

	(void)state;
	assert_true(scripts_load(&options, &scripts, &err));
	assert_string_equal(scripts.scripts[0].name, "tpcb-like");
	assert_int_equal(scripts.scripts[0].nsql, 7);
	assert_int_equal(scripts.scripts[1].nsql, 5);
	assert_int_equal(scripts.scripts[2].nsql, 1);
	assert_int_equal(scripts.total_weight, 4);
	assert_string_equal(scripts.variables[scripts.scale].text, "4");
	assert_true(scripts.variables[scripts.scale].used);
	assert_false(scripts.variables[scripts.client_id].used);
	scripts_free(&scripts);
	options.sources = &(struct script_source){SCRIPT_BUILTIN, "s"};
	options.nsources = 1;
	assert_false(scripts_load(&options, &scripts, &err));
	assert_non_null(strstr(err.text, "ambiguous"));
}

/* What the run has beside its scripts is for the plan, at the lines where it stands. */
static void test_plan_of_scripts(void **state)
{
	static const char text[] = "-- @workload mix\n-- @run clients=4\n-- @setup\ncreate table t ();\n-- @script a\n"
	                           "select 1;\n-- @gate errors = 0\n-- @teardown\ndrop table t;\n";
	char path[] = "/tmp/pgparallel-script-XXXXXX";
	struct script_source source = {SCRIPT_FILE, path};
	struct script_options options = {.sources = &source, .nsources = 1};
	struct scripts scripts;
	struct plan *plan;
	struct err err;
	int fd = mkstemp(path);

	(void)state;
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	if (!scripts_load_run(&options, &scripts, &plan, &err))
		fail_msg("%s", err.text);
	assert_string_equal(plan->name, "mix");
	assert_string_equal(plan->source, text);
	assert_int_equal(plan->ntasks, 0);
	assert_int_equal(plan->ngates, 1);
	assert_int_equal(plan->ndefaults, 1);
	assert_string_equal(plan->setup->statements[0].text, "create table t ()");
	assert_int_equal(plan->teardown->statements[0].line, 9);
	assert_int_equal(scripts.nscripts, 1);
	assert_int_equal(scripts.scripts[0].ncommands, 1);
	scripts_free(&scripts);
	plan_free(plan);
	unlink(path);
}

static void test_wanted(void **state)
{
	static const struct {
		const char *text;
		bool wanted;
	} cases[] = {{"select 1;", false}, {"\\set a 1\nselect :a;", true}, {"select '\n\\set a 1';", false},
	        {"-- @script a\nselect 1;", true}, {"-- @task a\nselect 1;", false}, {"select 1 \\gset", true},
	        {"\\echo \\set", false}, {"\\settle", false}, {"select 1\\; select 2;", false}, {"\\set", true}};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		if (script_wanted(cases[i].text, strlen(cases[i].text)) != cases[i].wanted)
			fail_msg("%s", cases[i].text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_refusals),
	        cmocka_unit_test(test_positions),
	        cmocka_unit_test(test_sql),
	        cmocka_unit_test(test_links),
	        cmocka_unit_test(test_directives),
	        cmocka_unit_test(test_plain_files_keep_their_comments),
	        cmocka_unit_test(test_weights),
	        cmocka_unit_test(test_builtins),
	        cmocka_unit_test(test_plan_of_scripts),
	        cmocka_unit_test(test_wanted),
	};

	return cmocka_run_group_tests_name("script_parse", tests, NULL, NULL);
}
