/*
 * The command line: what is taken, what is refused and with which words, who wins over whom, and the shape of the help.
 */
#include "orchestrator/cmd.h" /* before cmocka, whose macro fail() hides ours */

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "orchestrator/options.h"
#include "orchestrator/options_table.h"
#include "shared/clock.h"

#define WORDS_MOST 24

/* Splits a command line at blanks and parses it. */
static bool parse(const char *line, struct options *options, struct err *err)
{
	static char copy[1024];
	static char *words[WORDS_MOST];
	int count = 0;
	snprintf(copy, sizeof(copy), "%s", line);
	for (char *word = strtok(copy, " "); word != NULL && count < WORDS_MOST - 1; word = strtok(NULL, " "))
		words[count++] = word;
	words[count] = NULL;
	memset(err, 0, sizeof(*err));
	return options_parse(count, words, options, err);
}

static void good(const char *line, struct options *options)
{
	struct err err;
	if (!parse(line, options, &err))
		fail_msg("%s: refused: %s", line, err.text);
}

static void test_numbers_of_sessions(void **state)
{
	static const struct {
		const char *line;
		int n;
		uint32_t sizes[4];
	} cases[] = {
	        {"pgparallel scale -f a.sql", 0, {0}},
	        {"pgparallel scale -f a.sql -c 8", 1, {8}},
	        {"pgparallel scale -f a.sql --clients=8,1,4,4", 3, {1, 4, 8}},
	        {"pgparallel scale -f a.sql -c1,2,20000", 3, {1, 2, 20000}},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct options options;
		struct err err;
		if (!parse(cases[i].line, &options, &err))
			fail_msg("%s: %s", cases[i].line, err.text);
		assert_int_equal(options.nsizes, cases[i].n);
		assert_memory_equal(options.sizes, cases[i].sizes, (size_t)cases[i].n * sizeof(uint32_t));
		options_free(&options);
	}
}

static void test_refused(void **state)
{
	static const struct {
		const char *line, *text;
	} cases[] = {
	        {"pgparallel", "no command"},
	        {"pgparallel fly", "unknown command \"fly\""},
	        {"pgparallel -c 5", "the command comes first"},
	        {"pgparallel run", "no workload: give one with -f FILE"},
	        {"pgparallel run -f a.sql -i", "pgbench -i"},
	        {"pgparallel run -f a.sql --initialize", "pgbench -i"},
	        {"pgparallel run -f a.sql -W", "no password option"},
	        {"pgparallel run -f a.sql --password=x", "no password option"},
	        {"pgparallel run -f a.sql --nosuch", "unknown option \"--nosuch\""},
	        {"pgparallel run -f a.sql -x", "unknown option \"-x\""},
	        {"pgparallel run -f a.sql --chaos=x", "write ACTION:N@WHEN"},
	        {"pgparallel run -f a.sql --password-command=x", "unknown option"},
	        {"pgparallel compare -f a.sql -q --verbose", "contradicts --verbose"},
	        {"pgparallel scale", "no workload"},
	        {"pgparallel scale -f a.sql -c 1,2,x", "is no list of numbers from 1 to 20000"},
	        {"pgparallel scale -f a.sql -c 1,,2", "is no list of numbers"},
	        {"pgparallel scale -f a.sql -c 0,2", "is no list of numbers"},
	        {"pgparallel scale -f a.sql -e serial", "-e serial has one"},
	        {"pgparallel compare -f a.sql --stop-when=0", "no interval is ever of width 0"},
	        {"pgparallel scale -f a.sql -F csv --csv-table=tasks", "there is no table \"tasks\" of a comparison"},
	        {"pgparallel scale -f a.sql --baseline", "--baseline is not an option of scale"},
	        {"pgparallel run -f a.sql -c 1,2", "is not a whole number"},
	        {"pgparallel batch", "unknown command \"batch\""},
	        {"pgparallel verify", "unknown command \"verify\""},
	        {"pgparallel ack", "unknown command \"ack\""},
	        {"pgparallel run -f a.sql --re", "could be --"},
	        {"pgparallel run -f", "-f needs a value"},
	        {"pgparallel run --file", "--file needs a value"},
	        {"pgparallel run -f a.sql -c 0", "-c: \"0\" is not a whole number from 1 to 20000"},
	        {"pgparallel run -f a.sql -c x", "-c: \"x\" is not a whole number"},
	        {"pgparallel run -f a.sql -c 5x", "is not a whole number"},
	        {"pgparallel run -f a.sql -c 99999999999999999999", "is not a whole number"},
	        {"pgparallel run -f a.sql -e fibre", "is none of: process, thread, async, serial"},
	        {"pgparallel run -f a.sql --timeout=soon", "is not a time"},
	        {"pgparallel run -f a.sql --timeout=-1s", "is not a time"},
	        {"pgparallel run -f a.sql -P 0", "is not a time"},
	        {"pgparallel run -f a.sql -c 2 -c 3", "--clients is given twice"},
	        {"pgparallel run -f a.sql --baseline=maybe", "is neither on nor off"},
	        {"pgparallel run -f a.sql --random-seed=abc", "is not a whole number, rand or time"},
	        {"pgparallel run -f a.sql -e serial -c 5", "contradicts -c 5"},
	        {"pgparallel run -f a.sql -e async -j 2", "contradicts -j 2"},
	        {"pgparallel run -f a.sql --local -h x", "contradicts -h"},
	        {"pgparallel run -f a.sql --local postgres", "contradicts a database operand"},
	        {"pgparallel run -f a.sql -d a b", "the database is given twice"},
	        {"pgparallel run -f a.sql a b", "too many operands: \"b\""},
	        {"pgparallel run --local five.sql", "-f five.sql"},
	        {"pgparallel run -f a.sql --resume=3 --baseline", "contradicts --baseline"},
	        {"pgparallel run -f a.sql --resume=3 --repeat=2", "contradicts --repeat=2"},
	        {"pgparallel run -f a.sql --resume=3 --confirm", "contradicts --confirm"},
	        {"pgparallel run -f a.sql --confirm --repeat=3", "contradicts --repeat=3"},
	        {"pgparallel run -f a.sql --resume=0", "at least 1"},
	        {"pgparallel run -f a.sql -o x.txt", "does not say which format"},
	        {"pgparallel run -f a.sql -F pdf", "is none of: html, csv, json, md"},
	        {"pgparallel run -f a.sql -F html --csv-raw", "--csv-raw is for -F csv"},
	        {"pgparallel report --proof", "--proof is for -F md"},
	        {"pgparallel report --all 5", "--all contradicts \"5\""},
	        {"pgparallel run -f a.sql -q --verbose", "contradicts --verbose"},
	        {"pgparallel list -c 5", "--clients is not an option of list"},
	        {"pgparallel list 5", "list takes no operand"},
	        {"pgparallel pin", "pin needs an operand"},
	        {"pgparallel prune --keep=old", "is not a time"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct options options;
		struct err err;
		if (parse(cases[i].line, &options, &err))
			fail_msg("%s: was taken", cases[i].line);
		if (strstr(err.text, cases[i].text) == NULL)
			fail_msg("%s: \"%s\" does not say \"%s\"", cases[i].line, err.text, cases[i].text);
		assert_int_equal(err.code, EXIT_USAGE);
		assert_null(strchr(err.text, '\n'));
		options_free(&options);
	}
}

static void test_every_way_to_write_a_value(void **state)
{
	static const char *const lines[] = {"pgparallel run -f a.sql -c 7", "pgparallel run -f a.sql -c7",
	        "pgparallel run --clients=7 -f a.sql", "pgparallel run --clients 7 --file a.sql",
	        "pgparallel run --client=7 -fa.sql", "pgparallel run -qc7 -f a.sql"};
	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct options options;
		good(lines[i], &options);
		assert_int_equal(options.clients, 7);
		assert_int_equal(options.nfiles, 1);
		assert_string_equal(options.files[0], "a.sql");
		options_free(&options);
	}
}

static void test_operands_and_options_in_any_order(void **state)
{
	struct options options;
	(void)state;
	good("pgparallel run sales -c 3 -f a.sql -h db1 -f b.sql", &options);
	assert_string_equal(options.conninfo, "sales");
	assert_string_equal(options.host, "db1");
	assert_int_equal(options.nfiles, 2);
	assert_string_equal(options.files[1], "b.sql");
	options_free(&options);
	good("pgparallel run -f a.sql -- -odd", &options);
	assert_string_equal(options.conninfo, "-odd");
	options_free(&options);
	good("pgparallel pin 3 --unpin 4", &options);
	assert_int_equal(options.nruns, 2);
	assert_true(options.unpin);
	options_free(&options);
}

static void test_defaults(void **state)
{
	struct options options;
	(void)state;
	good("pgparallel run -f a.sql", &options);
	assert_int_equal(options.clients, 0);
	assert_int_equal(options.engine, ENGINE_PROCESS);
	assert_int_equal(options.repeat, 1);
	assert_int_equal(options.retries, 2);
	assert_int_equal(options.grace_ns, 10 * NS_PER_S);
	assert_int_equal(options.reconnect_for_ns, 60 * NS_PER_S);
	assert_int_equal(options.min_workers, 1);
	assert_int_equal(options.halt, HALT_NEVER);
	assert_false(options.seed_given);
	options_free(&options);
	good("pgparallel list", &options);
	assert_int_equal(options.list_most, 20);
	options_free(&options);
	good("pgparallel list --all", &options);
	assert_int_equal(options.list_most, INT_MAX);
	options_free(&options);
}

static void test_local(void **state)
{
	struct options options;
	(void)state;
	good("pgparallel run -f a.sql --local", &options);
	assert_true(options.local);
	assert_null(options.local_dir);
	options_free(&options);
	good("pgparallel run -f a.sql --local=/x", &options);
	assert_string_equal(options.local_dir, "/x");
	options_free(&options);
}

static void test_format_from_the_files_name(void **state)
{
	struct options options;
	(void)state;
	good("pgparallel report 5 -o x.html", &options);
	assert_int_equal(options.format, FORMAT_HTML);
	options_free(&options);
	good("pgparallel report 5 -o x.html -F json", &options);
	assert_int_equal(options.format, FORMAT_JSON);
	options_free(&options);
}

static void test_environment_below_flags_above_directives(void **state)
{
	struct run_default defaults[] = {{"clients", "3", 2}, {"engine", "thread", 2}, {"baseline", NULL, 2}};
	struct plan plan = {.path = "w.sql", .defaults = defaults, .ndefaults = 3};
	struct options options;
	struct err err;
	(void)state;
	setenv("PGPARALLEL_CLIENTS", "4", 1);
	good("pgparallel run -f a.sql -e async", &options);
	assert_true(options_defaults(&options, &plan, &err));
	assert_int_equal(options.clients, 4); /* the environment over @run */
	assert_int_equal(options.engine, ENGINE_ASYNC); /* the flag over @run */
	assert_true(options.baseline); /* @run over the default */
	assert_false(options_flag(&options, "baseline"));
	options_free(&options);
	good("pgparallel run -f a.sql -c 5", &options);
	assert_int_equal(options.clients, 5); /* the flag over the environment */
	options_free(&options);
	setenv("PGPARALLEL_CLIENTS", "many", 1);
	assert_false(parse("pgparallel run -f a.sql", &options, &err));
	assert_non_null(strstr(err.text, "PGPARALLEL_CLIENTS: \"many\""));
	options_free(&options);
	good("pgparallel list", &options); /* not an option of list */
	options_free(&options);
	unsetenv("PGPARALLEL_CLIENTS");
}

static void test_bad_directives_name_file_and_line(void **state)
{
	static const struct {
		const char *name, *value, *text;
	} cases[] = {{"speed", "3", "w.sql:7: @run knows no \"speed\""},
	        {"clients", "x", "w.sql:7: @run: clients: \"x\""},
	        {"clients", "", "w.sql:7: @run clients needs a value"},
	        {"host", "x", "w.sql:7: @run: --host cannot stand in a file: who runs the file says on which server"},
	        {"file", "x.sql", "--file cannot stand in a file: the file itself is the workload"},
	        {"db", "x.db", "--db cannot stand in a file: who runs the file says where its results go"},
	        {"format", "csv", "--format cannot stand in a file: who runs the file says where"},
	        {"log-file", "x", "--log-file cannot stand in a file: the log begins before the file is read"},
	        {"allow-shell", NULL, "--allow-shell cannot stand in a file: only who runs the file may"},
	        {"gate", "errors = 0", "--gate cannot stand in a file: write -- @gate EXPR"},
	        {"help", NULL, "--help cannot stand in a file: it is for the command line"},
	        {"lock", "maybe", "w.sql:7: @run: lock: \"maybe\""}};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct run_default d = {(char *)cases[i].name, (char *)cases[i].value, 7};
		struct plan plan = {.path = "w.sql", .defaults = &d, .ndefaults = 1};
		struct options options;
		struct err err = {0};
		good("pgparallel run -f a.sql", &options);
		assert_false(options_defaults(&options, &plan, &err));
		if (strstr(err.text, cases[i].text) == NULL)
			fail_msg("\"%s\" does not say \"%s\"", err.text, cases[i].text);
		options_free(&options);
	}
}

static void test_directives_of_the_results(void **state)
{
	struct run_default defaults[] = {
	        {"note", "nightly", 2}, {"quiet", NULL, 2}, {"lock", "wait", 2}, {"progress", "5", 2}};
	struct plan plan = {.path = "w.sql", .defaults = defaults, .ndefaults = 4};
	struct options options;
	struct err err;
	(void)state;
	good("pgparallel run -f a.sql", &options);
	assert_true(options_defaults(&options, &plan, &err));
	assert_string_equal(options.note, "nightly");
	assert_true(options.quiet);
	assert_int_equal(options.lock, LOCK_WAIT);
	assert_int_equal(options.progress_ns, 5 * NS_PER_S);
	options_free(&options);
	good("pgparallel run -f a.sql --note=mine --lock=skip -P 2", &options);
	assert_true(options_defaults(&options, &plan, &err));
	assert_string_equal(options.note, "mine");
	assert_int_equal(options.lock, LOCK_SKIP);
	assert_int_equal(options.progress_ns, 2 * NS_PER_S);
	options_free(&options);
}

static void test_help_wins(void **state)
{
	struct options options;
	(void)state;
	good("pgparallel run --help", &options);
	assert_int_equal(options.command, COMMAND_HELP);
	assert_string_equal(options.help_topic, "run");
	good("pgparallel list -?", &options);
	assert_string_equal(options.help_topic, "list");
	good("pgparallel -V", &options);
	assert_int_equal(options.command, COMMAND_VERSION);
}

static void test_help_fits_80_columns(void **state)
{
	(void)state;
	for (size_t i = 0; i <= command_nrows; i++) {
		struct buf out = {0};
		if (i < command_nrows)
			options_help((enum command)i, &out);
		else
			options_usage(&out);
		for (const char *line = buf_str(&out); *line != '\0'; line += strcspn(line, "\n") + 1) {
			if (strcspn(line, "\n") > 80)
				fail_msg("wider than 80 columns: %.*s", (int)strcspn(line, "\n"), line);
		}
		assert_non_null(strstr(buf_str(&out), "\nExamples:\n"));
		buf_free(&out);
	}
}

/* Every option is found by its name, and by no letter twice in one command. */
static void test_the_table_is_sound(void **state)
{
	(void)state;
	assert_true(option_count() <= OPTION_ROWS_MOST);
	for (size_t i = 0; i < option_count(); i++) {
		const struct option_row *a = option_row(i);
		assert_ptr_equal(option_named(a->name), a);
		if (a->alias != NULL)
			assert_ptr_equal(option_named(a->alias), a);
		assert_int_equal(option_number(a), i);
		for (size_t j = 0; j < i; j++) {
			const struct option_row *b = option_row(j);
			assert_string_not_equal(a->name, b->name);
			if ((a->commands & b->commands) != 0 && a->letter != 0)
				assert_int_not_equal(a->letter, b->letter);
		}
		assert_int_not_equal(a->commands, 0);
		assert_true((a->serves == SERVES_TASKS) == (a->why != NULL));
	}
}

static void test_commands_are_quoted(void **state)
{
	char *words[] = {"pgparallel", "run", "--note=it's one", "a$b", ""};
	struct buf out = {0};
	(void)state;
	quote_argv(5, words, &out);
	assert_string_equal(buf_str(&out), "pgparallel run '--note=it'\\''s one' 'a$b' ''");
	buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_numbers_of_sessions),
	        cmocka_unit_test(test_refused),
	        cmocka_unit_test(test_every_way_to_write_a_value),
	        cmocka_unit_test(test_operands_and_options_in_any_order),
	        cmocka_unit_test(test_defaults),
	        cmocka_unit_test(test_local),
	        cmocka_unit_test(test_format_from_the_files_name),
	        cmocka_unit_test(test_environment_below_flags_above_directives),
	        cmocka_unit_test(test_bad_directives_name_file_and_line),
	        cmocka_unit_test(test_directives_of_the_results),
	        cmocka_unit_test(test_help_wins),
	        cmocka_unit_test(test_help_fits_80_columns),
	        cmocka_unit_test(test_the_table_is_sound),
	        cmocka_unit_test(test_commands_are_quoted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
