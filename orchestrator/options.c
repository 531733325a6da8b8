/*
 * options: argv and environment into struct options. It owns the lists it hands out (options_free); the texts are
 * borrowed from argv and the environment. Called once by main, and by tests.
 */
#include "orchestrator/options.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/options_check.h"
#include "orchestrator/options_table.h"
#include "shared/clock.h"

/* What is refused with more than "unknown option": a letter, a long name, what to do. */
static const struct {
	char letter;
	const char *name;
	const char *text;
} refusals[] = {
        {'i', "initialize", "-i is pgbench's: create its tables with `pgbench -i`, then run against them"},
        {'I', "init-steps", "-I is for pgbench -i: create its tables with `pgbench -i`, then run against them"},
        {0, "fillfactor", "--fillfactor is for pgbench -i: create its tables with it, then run against them"},
        {0, "foreign-keys", "--foreign-keys is for pgbench -i: create its tables with it, then run against them"},
        {0, "partitions", "--partitions is for pgbench -i: create its tables with it, then run against them"},
        {0, "partition-method",
                "--partition-method is for pgbench -i: create its tables with it, then run against them"},
        {0, "tablespace", "--tablespace is for pgbench -i: create its tables with it, then run against them"},
        {0, "index-tablespace",
                "--index-tablespace is for pgbench -i: create its tables with it, then run against them"},
        {0, "unlogged-tables", "--unlogged-tables is for pgbench -i: create its tables with it, then run against them"},
        {0, "show-script", "--show-script is pgbench's; -b list shows the names of the built-in scripts"},
        {'W', "password", "there is no password option, as argv is public: use .pgpass or PGPASSWORD"},
        {0, "token", "there is no token option, as argv is public: use .pgpass or PGPASSWORD"},
};

const char *engine_name(enum engine engine)
{
	static const char *const names[] = {"process", "thread", "async", "serial"};
	return names[engine];
}

void option_environment_name(const struct option_row *row, char out[64])
{
	size_t used = (size_t)snprintf(out, 64, "PGPARALLEL_");
	for (const char *c = row->name; *c != '\0' && used < 63; c++)
		out[used++] = *c == '-' ? '_' : (char)(*c >= 'a' && *c <= 'z' ? *c - 'a' + 'A' : *c);
	out[used] = '\0';
}

bool option_in(const struct option_set *set, const struct option_row *row)
{
	size_t number = option_number(row);
	return (set->words[number / 64] >> (number % 64) & 1) != 0;
}

void option_add(struct option_set *set, const struct option_row *row)
{
	size_t number = option_number(row);
	set->words[number / 64] |= UINT64_C(1) << (number % 64);
}

size_t option_count(void)
{
	return option_run_nrows + option_load_nrows;
}

const struct option_row *option_row(size_t number)
{
	return number < option_run_nrows ? &option_run_rows[number] : &option_load_rows[number - option_run_nrows];
}

size_t option_number(const struct option_row *row)
{
	size_t number = 0;
	while (option_row(number) != row)
		number++;
	return number;
}

static bool row_called(const struct option_row *row, const char *name, size_t len)
{
	return (strncmp(row->name, name, len) == 0 && row->name[len] == '\0') ||
	       (row->alias != NULL && strncmp(row->alias, name, len) == 0 && row->alias[len] == '\0');
}

const struct option_row *option_named(const char *name)
{
	for (size_t i = 0; i < option_count(); i++) {
		if (row_called(option_row(i), name, strlen(name)))
			return option_row(i);
	}
	return NULL;
}

bool options_flag(const struct options *options, const char *name)
{
	return option_in(&options->from_flag, option_named(name));
}

bool options_environment(const struct options *options, const char *name)
{
	return option_in(&options->from_environment, option_named(name));
}

bool options_directive(const struct options *options, const char *name)
{
	return option_in(&options->from_directive, option_named(name));
}

static void set_defaults(struct options *options)
{
	memset(options, 0, sizeof(*options));
	options->repeat = 1;
	options->retries = 2;
	options->grace_ns = 10 * NS_PER_S;
	options->reconnect_for_ns = 60 * NS_PER_S;
	options->min_workers = 1;
	options->list_most = 20;
	options->load.max_tries = 1;
	options->load.sampling_rate = 1;
	options->keep_us = INT64_C(90) * 86400 * US_PER_S;
	options->keep_runs_us = INT64_C(2) * 31557600 * US_PER_S;
}

static bool find_command(const char *word, enum command *command)
{
	for (size_t i = 0; i < command_nrows; i++) {
		if (strcmp(command_rows[i].name, word) == 0) {
			*command = (enum command)i;
			return true;
		}
	}
	return false;
}

static bool row_serves(const struct option_row *row, const struct options *options)
{
	return (row->commands & (1u << options->command)) != 0;
}

/* Why an option is not taken: a pointer, another command's, or unknown. name NULL: by letter. */
static bool refuse(const struct options *options, char letter, const char *name, size_t len, struct err *err)
{
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		if (name == NULL ? refusals[i].letter == letter
		                 : strncmp(refusals[i].name, name, len) == 0 && refusals[i].name[len] == '\0')
			return err_set(err, EXIT_USAGE, "%s", refusals[i].text);
	}
	for (size_t i = 0; i < option_count(); i++) {
		const struct option_row *row = option_row(i);
		if (name == NULL ? row->letter == letter : row_called(row, name, len))
			return err_set(err, EXIT_USAGE, "--%s is not an option of %s", row->name,
			        command_rows[options->command].name);
	}
	if (name == NULL)
		return err_set(err, EXIT_USAGE, "unknown option \"-%c\"", letter);
	return err_set(err, EXIT_USAGE, "unknown option \"--%.*s\"", (int)len, name);
}

/* The row of a long name, or of its only possible completion as getopt_long allows. */
static const struct option_row *find_long(const struct options *options, const char *name, size_t len, struct err *err)
{
	const struct option_row *found = NULL;
	for (size_t i = 0; i < option_count(); i++) {
		if (row_serves(option_row(i), options) && row_called(option_row(i), name, len))
			return option_row(i);
	}
	for (size_t i = 0; i < option_count(); i++) {
		const struct option_row *row = option_row(i);
		if (!row_serves(row, options) || strncmp(row->name, name, len) != 0)
			continue;
		if (found != NULL) {
			err_set(err, EXIT_USAGE, "\"--%.*s\" could be --%s or --%s", (int)len, name, found->name,
			        row->name);
			return NULL;
		}
		found = row;
	}
	if (len == 0)
		found = NULL;
	if (found == NULL)
		refuse(options, 0, name, len, err);
	return found;
}

static const struct option_row *find_letter(const struct options *options, char letter)
{
	for (size_t i = 0; i < option_count(); i++) {
		if (option_row(i)->letter == letter && row_serves(option_row(i), options))
			return option_row(i);
	}
	return NULL;
}

static bool apply_flag(
        struct options *options, const struct option_row *row, const char *what, const char *text, struct err *err)
{
	bool repeatable =
	        row->kind == KIND_LIST || row->kind == KIND_FILE || row->kind == KIND_BUILTIN || row->metavar == NULL;
	if (!repeatable && option_in(&options->from_flag, row))
		return err_set(err, EXIT_USAGE, "--%s is given twice", row->name);
	if (row->kind == KIND_HELP || row->kind == KIND_VERSION) {
		options->help_topic = command_rows[options->command].name;
		options->command = row->kind == KIND_HELP ? COMMAND_HELP : COMMAND_VERSION;
		return true;
	}
	option_add(&options->from_flag, row);
	return option_set(options, row, what, text, err);
}

/* "--name", "--name=value", "--name value". *used: how many further words it took. */
static bool take_long(struct options *options, const char *word, const char *next, int *used, struct err *err)
{
	const char *name = word + 2, *equals = strchr(name, '=');
	size_t len = equals == NULL ? strlen(name) : (size_t)(equals - name);
	const struct option_row *row = find_long(options, name, len, err);
	if (row == NULL)
		return false;
	char what[64];
	snprintf(what, sizeof(what), "--%s", row->name);
	const char *value = equals == NULL ? NULL : equals + 1;
	if ((row->kind == KIND_HELP || row->kind == KIND_VERSION) && value != NULL)
		return err_set(err, EXIT_USAGE, "%s takes no value", what);
	if (row->metavar != NULL && value == NULL && row->kind != KIND_LOCAL) {
		if (next == NULL)
			return err_set(err, EXIT_USAGE, "%s needs a value: %s=%s", what, what, row->metavar);
		value = next;
		*used = 1;
	}
	return apply_flag(options, row, what, value, err);
}

/* "-c5", "-c 5", "-qP1". */
static bool take_short(struct options *options, const char *word, const char *next, int *used, struct err *err)
{
	for (const char *c = word + 1; *c != '\0'; c++) {
		const struct option_row *row = find_letter(options, *c);
		if (row == NULL)
			return refuse(options, *c, NULL, 0, err);
		char what[8];
		snprintf(what, sizeof(what), "-%c", *c);
		if (row->metavar == NULL) {
			if (!apply_flag(options, row, what, NULL, err))
				return false;
			if (options->command == COMMAND_HELP || options->command == COMMAND_VERSION)
				return true;
			continue;
		}
		const char *value = c[1] != '\0' ? c + 1 : next;
		if (value == NULL)
			return err_set(err, EXIT_USAGE, "%s needs a value: %s %s", what, what, row->metavar);
		*used = c[1] == '\0';
		return apply_flag(options, row, what, value, err);
	}
	return true;
}

/* compare: "160" and "150..160" are past runs; a database of such a name is given with -d. */
static bool names_runs(const char *word)
{
	return word[0] != '\0' && word[strspn(word, "0123456789.")] == '\0';
}

static bool take_operand(struct options *options, const char *word, int *operands, struct err *err)
{
	const struct command_row *row = &command_rows[options->command];
	if (*operands >= row->most) {
		if (row->most == 0)
			return err_set(err, EXIT_USAGE, "%s takes no operand: \"%s\"", row->name, word);
		return err_set(err, EXIT_USAGE, "too many operands: \"%s\"", word);
	}
	(*operands)++;
	if (options->command == COMMAND_HELP) {
		options->help_topic = word;
		return true;
	}
	if (options->command == COMMAND_COMPARE
	                ? !names_runs(word)
	                : options->command == COMMAND_RUN || options->command == COMMAND_SCALE ||
	                          options->command == COMMAND_CHECK) {
		if (options->conninfo != NULL)
			return err_set(err, EXIT_USAGE, "too many operands: \"%s\"", word);
		size_t len = strlen(word);
		if (len > 4 && strcmp(word + len - 4, ".sql") == 0)
			return err_set(err, EXIT_USAGE,
			        "\"%s\" looks like a workload file, which is given with -f: -f %s", word, word);
		options->conninfo = word;
		return true;
	}
	options->runs = mem_resize(options->runs, (size_t)options->nruns + 1, sizeof(*options->runs));
	options->runs[options->nruns++] = word;
	return true;
}

static bool take_words(struct options *options, int argc, char **argv, struct err *err)
{
	int operands = 0;
	bool only_operands = false;
	for (int i = 2; i < argc; i++) {
		const char *word = argv[i], *next = i + 1 < argc ? argv[i + 1] : NULL;
		int used = 0;
		if (!only_operands && strcmp(word, "--") == 0) {
			only_operands = true;
			continue;
		}
		bool ok;
		if (!only_operands && strncmp(word, "--", 2) == 0)
			ok = take_long(options, word, next, &used, err);
		else if (!only_operands && word[0] == '-' && word[1] != '\0')
			ok = take_short(options, word, next, &used, err);
		else
			ok = take_operand(options, word, &operands, err);
		if (!ok)
			return false;
		if (i > 1 && (options->command == COMMAND_HELP || options->command == COMMAND_VERSION) &&
		        word[0] == '-')
			return true; /* --help wins over the rest, as in psql */
		i += used;
	}
	if (operands < command_rows[options->command].least)
		return err_set(err, EXIT_USAGE, "%s needs an operand: %s", command_rows[options->command].name,
		        command_rows[options->command].operands);
	return true;
}

static bool take_environment(struct options *options, struct err *err)
{
	for (size_t i = 0; i < option_count(); i++) {
		const struct option_row *row = option_row(i);
		if (!row->environment || !row_serves(row, options) || option_in(&options->from_flag, row))
			continue;
		char name[64];
		option_environment_name(row, name);
		const char *value = getenv(name);
		if (value == NULL || value[0] == '\0')
			continue;
		if (!option_set(options, row, name, value, err))
			return false;
		option_add(&options->from_environment, row);
	}
	return true;
}

bool options_parse(int argc, char **argv, struct options *options, struct err *err)
{
	set_defaults(options);
	options->command = COMMAND_HELP;
	if (argc < 2)
		return err_set(err, EXIT_USAGE, "no command");
	const char *word = argv[1];
	if (strcmp(word, "--help") == 0 || strcmp(word, "-?") == 0)
		return true;
	if (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0) {
		options->command = COMMAND_VERSION;
		return true;
	}
	if (word[0] == '-')
		return err_set(err, EXIT_USAGE, "the command comes first: pgparallel run %s", word);
	if (!find_command(word, &options->command))
		return err_set(err, EXIT_USAGE, "unknown command \"%s\"", word);
	if (!take_words(options, argc, argv, err))
		return false;
	if (options->command == COMMAND_HELP || options->command == COMMAND_VERSION)
		return true;
	if (options->all)
		options->list_most = INT_MAX;
	return take_environment(options, err) && options_check(options, err);
}

/* What a file may not decide for who runs it. */
static const char *not_in_file(const struct option_row *row)
{
	static const char *const reasons[GROUP_COUNT] = {
	        [GROUP_CONNECTION] = "who runs the file says on which server",
	        [GROUP_WORKLOAD] = "the file itself is the workload",
	        [GROUP_STORE] = "who runs the file says where its results go",
	        [GROUP_OUTPUT] = "who runs the file says where its results go",
	};

	return row->not_in_file != NULL      ? row->not_in_file
	       : reasons[row->group] != NULL ? reasons[row->group]
	                                     : "it is for the command line";
}

static const struct option_row *find_directive(const struct plan *plan, const struct run_default *d, struct err *err)
{
	const struct option_row *row = option_named(d->name);

	if (row == NULL)
		err_set(err, EXIT_USAGE, "%s:%d: @run knows no \"%s\"; see `pgparallel run --help`", plan->path,
		        d->line, d->name);
	else if (!row->directive)
		err_set(err, EXIT_USAGE, "%s:%d: @run: --%s cannot stand in a file: %s", plan->path, d->line, row->name,
		        not_in_file(row));
	return row != NULL && row->directive ? row : NULL;
}

bool options_defaults(struct options *options, const struct plan *plan, struct err *err)
{
	for (int i = 0; i < plan->ndefaults; i++) {
		const struct run_default *d = &plan->defaults[i];
		const struct option_row *row = find_directive(plan, d, err);
		if (row == NULL)
			return false;
		if (row->kind != KIND_FLAG && (d->value == NULL || d->value[0] == '\0'))
			return err_set(err, EXIT_USAGE, "%s:%d: @run %s needs a value: %s=%s", plan->path, d->line,
			        d->name, d->name, row->metavar);
		struct options trial = *options; /* a value that is overruled must still be a good one */
		bool overruled = option_in(&options->from_flag, row) || option_in(&options->from_environment, row);
		if (!option_set(overruled ? &trial : options, row, d->name, d->value, err))
			return err_prefix(err, "%s:%d: @run", plan->path, d->line);
		if (!overruled)
			option_add(&options->from_directive, row);
	}
	return true;
}

void options_free(struct options *options)
{
	free(options->files);
	free(options->sources);
	free(options->defines);
	free(options->gates);
	free(options->vary);
	free(options->runs);
	memset(options, 0, sizeof(*options));
}
