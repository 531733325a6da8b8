/*
 * The options of load runs: pgbench's command lines are taken as they are, what contradicts is refused as pgbench
 * refuses it, and what serves only one kind of run is refused by the other. Also how it is decided which kind a
 * workload is, and what the plan of a load run then says.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "orchestrator/experiment.h"
#include "orchestrator/options.h"
#include "shared/clock.h"

#define WORDS_MOST 32

static char folder[] = "/tmp/test_options_load.XXXXXX";

/* Splits a command line at blanks and parses it; "run" stands before it. */
static bool parse(const char *line, struct options *options, struct err *err)
{
	static char copy[1024];
	static char *words[WORDS_MOST] = {"pgparallel", "run"};
	int count = 2;

	snprintf(copy, sizeof copy, "%s", line);
	for (char *word = strtok(copy, " "); word != NULL && count < WORDS_MOST - 1; word = strtok(NULL, " "))
		words[count++] = word;
	words[count] = NULL;
	memset(err, 0, sizeof *err);
	return options_parse(count, words, options, err);
}

static void write_file(const char *name, const char *text)
{
	char path[256];

	snprintf(path, sizeof path, "%s/%s", folder, name);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

static int begin(void **state)
{
	(void)state;
	if (mkdtemp(folder) == NULL || chdir(folder) != 0)
		return -1;
	write_file("tasks.sql", "select 1;\nselect 2;\n");
	write_file("named.sql", "-- @task a readonly\nselect 1;\n");
	write_file("looped.sql", "-- @run time=3 clients=2\nselect 1;\n");
	write_file("counted.sql", "-- @run transactions=7\nselect 1;\n");
	write_file("rated.sql", "-- @workload x\n-- @run rate=5\nselect 1;\n");
	write_file("script.sql", "\\set x random(1, 10)\nselect :x;\n");
	write_file("scaled.sql", "select :scale;\n");
	write_file("result.sql", "select 1 as a \\gset\nselect :a;\n");
	write_file("pipe.sql", "\\startpipeline\nselect 1;\n\\endpipeline\n");
	write_file("shell.sql", "\\shell true\n");
	write_file("mix.sql", "-- @run retries=3\n-- @script a weight=2\nselect 1;\n-- @script b\nselect 2;\n");
	write_file("mode.sql", "-- @run protocol=prepared rate=100 warmup=1s\n-- @script a\nselect 1;\n");
	write_file("a@b.sql", "select 1;\n");
	return 0;
}

static int end(void **state)
{
	char command[300];

	(void)state;
	snprintf(command, sizeof command, "%s", folder);
	for (const char *const *name = (const char *const[]){"tasks.sql", "named.sql", "looped.sql", "counted.sql",
	             "rated.sql", "script.sql", "scaled.sql", "result.sql", "pipe.sql", "shell.sql", "mix.sql",
	             "mode.sql", "a@b.sql", NULL};
	        *name != NULL; name++)
		unlink(*name);
	return chdir("/") != 0 || rmdir(command) != 0;
}

/* Command lines of pgbench, with nothing changed but the program's name; its 15's help and its users wrote them. */
static void test_command_lines_of_pgbench(void **state)
{
	static const char *const lines[] = {
	        "-c 10 -j 2 -t 1000 -S bench",
	        "-c 10 -j 2 -T 60 -S -n bench",
	        "-T 30",
	        "-t 10 -v",
	        "-N -T 60 -P 5",
	        "-b tpcb-like@3 -b select-only@7 -T 10",
	        "-b select -t 5",
	        "-f script.sql -t 10 -n",
	        "-f script.sql@2 -f tasks.sql@8 -T 10 -M prepared",
	        "-M extended -S -t 3",
	        "-c8 -j8 -T5 -Mprepared -S -n",
	        "-R 100 -L 50 -T 10 -P 1 --progress-timestamp -S",
	        "-S -C -T 5",
	        "-D x=1 -D y=abc -f script.sql -t 1",
	        "-s 10 -f scaled.sql@1 -T 10",
	        "-r -S -t 100",
	        "-l -S -T 10",
	        "-l --log-prefix=/tmp/x --sampling-rate=0.01 -T 10 -S",
	        "-l --aggregate-interval=5 -T 10 -S",
	        "--max-tries=3 --failures-detailed --verbose-errors -N -T 10",
	        "--max-tries=0 -T 5",
	        "--max-tries=0 -L 100 -t 5",
	        "--random-seed=42 -S -t 10",
	        "--client=4 --jobs=2 --transactions=10 --builtin=simple-update --no-vacuum",
	        "--time=10 --select-only --report-per-command",
	        "--time=10 --skip-some-updates --report-latencies --protocol=prepared",
	        "--rate=100 --latency-limit=20 --scale=2 --define=a=1 --connect --vacuum-all --log --file=script.sql",
	        "-S -c 1 -j 4 -t 10",
	        "-h /tmp -p 5432 -U me -S -t 1 bench",
	        "-S --exit-on-abort -T 5 --continue-on-error",
	};

	(void)state;
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		struct options options;
		struct err err;
		if (!parse(lines[i], &options, &err))
			fail_msg("%s: refused: %s", lines[i], err.text);
		struct plan *plan = experiment_plan(&options, &err);
		if (plan == NULL)
			fail_msg("%s: refused: %s", lines[i], err.text);
		if (plan->scripts == NULL)
			fail_msg("%s: is no load run", lines[i]);
		uint32_t sessions, lanes, workers;
		if (!experiment_layout(&options, true, 0, &sessions, &lanes, &workers, &err))
			fail_msg("%s: refused: %s", lines[i], err.text);
		plan_free(plan);
		options_free(&options);
	}
}

/* What is refused when the line is read, and what when its workload is known. */
static void test_refused(void **state)
{
	static const struct {
		const char *line, *text;
	} cases[] = {
	        {"-t 1 -T 1", "either a number of transactions (-t) or a duration (-T), not both"},
	        {"-t 0", "-t: \"0\" is not a whole number from 1 to 2147483647"},
	        {"-t 1.5", "is not a whole number"},
	        {"-T 0", "-T: \"0\" is not a time"},
	        {"-T x", "is not a time"},
	        {"-R 0", "-R: \"0\" is not a number of transactions a second above 0"},
	        {"-R -1", "-R: \"-1\" is not a number"},
	        {"-R x", "is not a number"},
	        {"-R nan", "is not a number"},
	        {"-L 0", "-L: \"0\" is not a time as 100 (ms)"},
	        {"-L -1", "is not a time"},
	        {"-P 0 -S", "is not a time"},
	        {"-s 0", "-s: \"0\" is not a whole number from 1"},
	        {"-M fancy", "is none of: simple, extended, prepared"},
	        {"--max-tries=-1", "is not a whole number from 0"},
	        {"--max-tries=0 -t 1", "--max-tries=0 (as many as needed) needs an end: add --latency-limit or"},
	        {"--max-tries=0 -S", "needs an end"},
	        {"-S --log-prefix=x", "--log-prefix is for the files of -l: add -l"},
	        {"-S --progress-timestamp", "add -P SEC"},
	        {"-S --aggregate-interval=5", "--aggregate-interval is for the files of -l: add -l"},
	        {"-S -l --aggregate-interval=0", "is not a time"},
	        {"-S -l --aggregate-interval=1.5", "is no whole number of seconds"},
	        {"-S -l --aggregate-interval=5 --sampling-rate=0.5", "cannot be used at the same time"},
	        {"-S -l --aggregate-interval=5 -T 2", "--aggregate-interval=5 is longer than the run (-T 2)"},
	        {"-S -l --aggregate-interval=3 -T 4", "must be a multiple of --aggregate-interval=3"},
	        {"-S --sampling-rate=-0.1", "is not a share of 0 to 1"},
	        {"-S -l --sampling-rate=0", "-l has nothing to write"},
	        {"-S --sampling-rate=1.5", "is not a share"},
	        {"-n -v", "-n (no vacuum) contradicts -v"},
	        {"-v --read-only", "-v (vacuum all tables) contradicts --read-only"},
	        {"-i", "pgbench -i"},
	        {"-I dtg", "pgbench -i"},
	        {"--foreign-keys", "pgbench -i"},
	        {"--partitions=3", "pgbench -i"},
	        {"-b nosuch", "no built-in script is called nosuch"},
	        {"-b s", "-b s is ambiguous"},
	        {"-f script.sql@x -t 1", "invalid weight specification"},
	        {"-f script.sql@0 -t 1", "total script weight must not be zero"},
	        {"-D x -S", "invalid variable definition -D x"},
	        {"-f absent.sql -t 1", "cannot read absent.sql"},
	        {"-f absent.sql", "cannot read absent.sql"},
	        {"-f shell.sql", "shell.sql:1:1: \\shell: runs a program of this machine"},
	        {"-f shell.sql", "give --allow-shell"},
	        {"--latency-percentiles=99,50 -S", "in ascending order"},
	        {"--latency-percentiles=0 -S", "between 0 and 100"},
	        {"--latency-percentiles=50,100 -S", "between 0 and 100"},
	        {"--latency-percentiles=50, -S", "between 0 and 100"},
	        {"--pipeline=0 -S", "is not a whole number from 1"},
	        {"--pipeline=4 -M simple -S", "contradicts -M simple"},
	        {"--pipeline=4 -C -S", "contradicts -C"},
	        {"--pipeline=4 -R 5 -S", "contradicts -R"},
	        {"--pipeline=4 --think=1s -S", "contradicts --think"},
	        {"--pipeline=4 --max-tries=2 -S", "contradicts --max-tries"},
	        {"--pipeline=4 -f result.sql", "--pipeline=4 needs scripts that use no results"},
	        {"--pipeline=4 -f pipe.sql", "--pipeline=4 needs scripts that use no results"},
	        {"-M simple -f pipe.sql", "pipe.sql:1:1: a pipeline cannot be sent with -M simple"},
	        {"-S --data=x.csv", "--data is for tasks, and this is a load run: its rows are tickets"},
	        {"-S --baseline", "--baseline is for tasks, and this is a load run"},
	        {"-S --resume=3", "--resume is for tasks, and this is a load run"},
	        {"-f script.sql --resume=3", "--resume is for tasks"},
	        {"-S --retries=3", "--retries is for tasks, and this is a load run: scripts are tried again as"},
	        {"-S --require-overlap=2 -c 4", "--require-overlap is for tasks"},
	        {"-f mix.sql", "mix.sql:1: @run: --retries is for tasks"},
	        {"-f tasks.sql -R 5", "--rate is for load runs, and here each task runs once: add -t or -T"},
	        {"-f tasks.sql -n", "--no-vacuum is for load runs"},
	        {"-f tasks.sql -M prepared", "--protocol is for load runs"},
	        {"-f tasks.sql -l", "--log is for load runs"},
	        {"-f tasks.sql --warmup=1s", "--warmup is for load runs"},
	        {"-f tasks.sql --think=0", "--think is for load runs"},
	        {"-f tasks.sql -D x=1", "--define is for load runs"},
	        {"-f tasks.sql -r", "--report-per-command is for load runs"},
	        {"-f tasks.sql --latency-percentiles=50", "--latency-percentiles is for load runs"},
	        {"-f rated.sql", "rated.sql:2: @run: --rate is for load runs"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct options options;
		struct err err;
		struct plan *plan = NULL;
		if (parse(cases[i].line, &options, &err))
			plan = experiment_plan(&options, &err);
		if (plan != NULL)
			fail_msg("%s: was taken", cases[i].line);
		if (strstr(err.text, cases[i].text) == NULL)
			fail_msg("%s: \"%s\" does not say \"%s\"", cases[i].line, err.text, cases[i].text);
		assert_int_equal(err.code, EXIT_USAGE);
		options_free(&options);
	}
}

static struct plan *planned(const char *line, struct options *options)
{
	struct err err;
	struct plan *plan = parse(line, options, &err) ? experiment_plan(options, &err) : NULL;

	if (plan == NULL)
		fail_msg("%s: refused: %s", line, err.text);
	return plan;
}

static void test_which_kind(void **state)
{
	static const struct {
		const char *line;
		bool load;
		int64_t transactions, seconds;
	} cases[] = {
	        {"-f tasks.sql", false, 0, 0},
	        {"-f named.sql", false, 0, 0},
	        {"-f a@b.sql", false, 0, 0},
	        {"-f tasks.sql -t 3", true, 3, 0},
	        {"-f named.sql -t 3", true, 3, 0},
	        {"-f tasks.sql -T 3", true, 0, 3},
	        {"-f tasks.sql -T 2min", true, 0, 120},
	        {"-f tasks.sql@2", true, 10, 0},
	        {"-f script.sql", true, 10, 0},
	        {"-f tasks.sql -f script.sql", true, 10, 0},
	        {"-f tasks.sql -S", true, 10, 0},
	        {"-S", true, 10, 0},
	        {"-M prepared", true, 10, 0},
	        {"-f looped.sql", true, 0, 3},
	        {"-f looped.sql -T 5", true, 0, 5},
	        {"-f looped.sql -t 5", true, 5, 0},
	        {"-f counted.sql", true, 7, 0},
	        {"-f counted.sql -T 1", true, 0, 1},
	        {"-f mode.sql", true, 10, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct options options;
		struct plan *plan = planned(cases[i].line, &options);
		if ((plan->scripts != NULL) != cases[i].load)
			fail_msg("%s: %s", cases[i].line, cases[i].load ? "no load run" : "a load run");
		if (plan->load.transactions != cases[i].transactions ||
		        plan->load.duration_ns != cases[i].seconds * NS_PER_S)
			fail_msg("%s: -t %lld, -T %lld ns", cases[i].line, (long long)plan->load.transactions,
			        (long long)plan->load.duration_ns);
		plan_free(plan);
		options_free(&options);
	}
}

static void test_what_the_plan_says(void **state)
{
	struct options options;
	struct plan *plan = planned("-f script.sql@3 -S -N -R 12.5 -L 100 --think=5ms --ramp=2s --warmup=1s -T 9 -C -r "
	                            "--max-tries=4 --sampling-rate=0.25 -D y=7 -M extended",
	        &options);
	const struct load *l = &plan->load;

	(void)state;
	assert_int_equal(plan->scripts->nscripts, 3);
	assert_int_equal(plan->scripts->total_weight, 5);
	assert_string_equal(plan->scripts->scripts[1].name, "select-only");
	assert_string_equal(plan->scripts->scripts[2].name, "simple-update");
	assert_true(l->rate == 12.5 && l->sampling_rate == 0.25);
	assert_int_equal(l->latency_limit_ns, 100 * NS_PER_MS);
	assert_int_equal(l->think_ns, 5 * NS_PER_MS);
	assert_int_equal(l->ramp_ns, 2 * NS_PER_S);
	assert_int_equal(l->warmup_ns, NS_PER_S);
	assert_int_equal(l->duration_ns, 9 * NS_PER_S);
	assert_int_equal(l->transactions, 0);
	assert_int_equal(l->max_tries, 4);
	assert_int_equal(l->mode, QUERY_EXTENDED);
	assert_true(l->reconnect && l->per_command && l->ask_scale);
	assert_false(l->continue_on_error || l->exit_on_abort);
	assert_int_equal(plan->ntickets, 0);
	plan_free(plan);
	options_free(&options);
}

static void test_protocol(void **state)
{
	static const struct {
		const char *line;
		enum query_mode mode;
	} cases[] = {{"-S", QUERY_SIMPLE}, {"-S -M extended", QUERY_EXTENDED}, {"-f pipe.sql", QUERY_PREPARED},
	        {"-f pipe.sql -M extended", QUERY_EXTENDED}, {"-S --pipeline=5", QUERY_PREPARED},
	        {"-f mode.sql", QUERY_PREPARED}, {"-f mode.sql -M simple", QUERY_SIMPLE}};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct options options;
		struct plan *plan = planned(cases[i].line, &options);
		if (plan->load.mode != cases[i].mode)
			fail_msg("%s: %s", cases[i].line, query_mode_name(plan->load.mode));
		plan_free(plan);
		options_free(&options);
	}
}

/* As pgbench: built-in scripts ask the server, others go by -s, and -D overrules either. */
static void test_scale(void **state)
{
	static const struct {
		const char *line;
		bool ask, set;
		int64_t value; /* 0: a text of -D */
	} cases[] = {{"-S", true, false, 0}, {"-S -s 5", true, false, 0}, {"-S -D scale=3", false, true, 0},
	        {"-f scaled.sql -t 1", false, true, 1}, {"-f scaled.sql -s 5 -t 1", false, true, 5},
	        {"-f scaled.sql -D scale=3 -s 5 -t 1", false, true, 0}, {"-f scaled.sql@1 -S", true, false, 0}};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct options options;
		struct plan *plan = planned(cases[i].line, &options);
		const struct script_variable *v = &plan->scripts->variables[plan->scripts->scale];
		if (plan->load.ask_scale != cases[i].ask || v->set != cases[i].set ||
		        (v->text != NULL) != (v->set && !cases[i].value))
			fail_msg("%s: asks %d, set %d", cases[i].line, plan->load.ask_scale, v->set);
		if (cases[i].value)
			assert_int_equal(v->value.integer, cases[i].value);
		plan_free(plan);
		options_free(&options);
	}
}

static void test_percentiles(void **state)
{
	struct options options;
	struct plan *plan = planned("-S --latency-percentiles=50,99.9,99.99", &options);

	(void)state;
	assert_int_equal(options.npercentiles, 3);
	assert_true(options.percentiles[0] == 50 && options.percentiles[2] == 99.99);
	plan_free(plan);
	options_free(&options);
}

static void test_list_of_builtins(void **state)
{
	struct options options;
	struct err err;

	(void)state;
	assert_true(parse("-b list", &options, &err));
	assert_true(options.list_builtins);
	options_free(&options);
}

/* pgbench starts no more threads than it has clients. */
static void test_lanes(void **state)
{
	static const struct {
		const char *line;
		uint32_t sessions, lanes, workers;
	} cases[] = {{"-S", 1, 1, 1}, {"-S -c 4", 4, 4, 4}, {"-S -c 4 -j 2", 4, 2, 2}, {"-S -j 3", 1, 1, 1},
	        {"-S -c 4 -e thread", 4, 4, 1}, {"-S -c 4 -e async", 4, 1, 1}, {"-S -e serial", 1, 1, 1}};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct options options;
		struct err err;
		uint32_t sessions, lanes, workers;
		struct plan *plan = planned(cases[i].line, &options);
		assert_true(experiment_layout(&options, true, 0, &sessions, &lanes, &workers, &err));
		if (sessions != cases[i].sessions || lanes != cases[i].lanes || workers != cases[i].workers)
			fail_msg("%s: %u sessions, %u lanes, %u workers", cases[i].line, sessions, lanes, workers);
		plan_free(plan);
		options_free(&options);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_command_lines_of_pgbench),
	        cmocka_unit_test(test_refused),
	        cmocka_unit_test(test_which_kind),
	        cmocka_unit_test(test_what_the_plan_says),
	        cmocka_unit_test(test_protocol),
	        cmocka_unit_test(test_scale),
	        cmocka_unit_test(test_percentiles),
	        cmocka_unit_test(test_list_of_builtins),
	        cmocka_unit_test(test_lanes),
	};
	return cmocka_run_group_tests(tests, begin, end);
}
