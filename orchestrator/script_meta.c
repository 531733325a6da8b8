/*
 * script_meta: the meta-commands of scripts, each on a line of its own (which a backslash at its end continues). Only
 * script_*.c call it; what it puts into a command belongs to the command.
 */
#include "orchestrator/script_parts.h"
#include "orchestrator/workload_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define WORDS_MOST 256

struct word {
	size_t begin, len;
};

struct meta {
	struct script_reader *reader;
	struct word words[WORDS_MOST]; /* the first is the command's name */
	int nwords;
	size_t begin; /* of the backslash */
	struct err *err;
};

bool script_is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

size_t script_continuation(const struct script_reader *reader, size_t at)
{
	const char *p = reader->text + at;
	size_t left = reader->end - at;

	if (left >= 2 && memcmp(p, "\\\n", 2) == 0)
		return 2;
	return left >= 3 && memcmp(p, "\\\r\n", 3) == 0 ? 3 : 0;
}

void script_skip_blank(struct script_reader *reader)
{
	size_t more;

	for (;;) {
		if (reader->at < reader->end && script_is_blank(reader->text[reader->at]))
			reader->at++;
		else if ((more = script_continuation(reader, reader->at)) > 0)
			reader->at += more;
		else
			return;
	}
}

/* False: the line is at its end, and reader->at behind it. */
static bool next_word(struct script_reader *reader, struct word *word)
{
	script_skip_blank(reader);
	if (reader->at >= reader->end)
		return false;
	if (reader->text[reader->at] == '\n') {
		reader->at++;
		return false;
	}
	word->begin = reader->at;
	while (reader->at < reader->end && !script_is_blank(reader->text[reader->at]) &&
	        reader->text[reader->at] != '\n' && script_continuation(reader, reader->at) == 0)
		reader->at++;
	word->len = reader->at - word->begin;
	return true;
}

static const char *text_of(const struct meta *m, int word)
{
	return m->reader->text + m->words[word].begin;
}

static char *copy_of(const struct meta *m, int word)
{
	return mem_strndup(text_of(m, word), m->words[word].len);
}

static bool refuse_at(struct meta *m, size_t offset, const char *what, const char *remedy)
{
	return script_refuse(
	        m->reader, offset, m->err, "\\%.*s: %s; %s", (int)m->words[0].len, text_of(m, 0), what, remedy);
}

/* least and most count the words behind the command's name. */
static bool count_words(struct meta *m, int least, int most, const char *usage)
{
	char remedy[100];

	snprintf(remedy, sizeof remedy, "write %s", usage);
	if (m->nwords - 1 < least)
		return refuse_at(m, m->begin, "missing argument", remedy);
	if (m->nwords - 1 > most)
		return refuse_at(
		        m, m->words[most + 1].begin, most == 0 ? "unexpected argument" : "too many arguments", remedy);
	return true;
}

static bool read_words(struct meta *m)
{
	struct word word;

	while (next_word(m->reader, &word)) {
		if (m->nwords == WORDS_MOST)
			return refuse_at(m, word.begin, "too many arguments", "255 is the most");
		m->words[m->nwords++] = word;
	}
	return true;
}

/* The variable that is set: word 1. */
static bool set_variable(struct meta *m, struct script_command *command)
{
	char *name = copy_of(m, 1);
	bool ok = script_variable_name_valid(name);

	if (ok)
		command->variable = script_variable(m->reader->scripts, name, m->words[1].len);
	free(name);
	return ok || refuse_at(m, m->words[1].begin, "invalid variable name",
	                     "a name has letters, digits and underscores and does not begin with a digit");
}

static bool read_expression(struct meta *m, struct script_command *command)
{
	command->expr = script_expr_parse(m->reader, m->err);
	return command->expr != NULL;
}

static bool meta_set(struct meta *m, struct script_command *command)
{
	if (!next_word(m->reader, &m->words[1]))
		return refuse_at(m, m->begin, "missing argument", "write \\set NAME EXPRESSION");
	return set_variable(m, command) && read_expression(m, command);
}

static bool meta_if(struct meta *m, struct script_command *command)
{
	return read_expression(m, command);
}

static bool meta_bare(struct meta *m, struct script_command *command)
{
	char usage[40];

	(void)command;
	snprintf(usage, sizeof usage, "\\%.*s alone", (int)m->words[0].len, text_of(m, 0));
	return read_words(m) && count_words(m, 0, 0, usage);
}

static bool sleep_unit(struct meta *m, const struct word *unit, struct script_command *command)
{
	static const struct {
		const char *name;
		int64_t us;
	} units[] = {{"us", 1}, {"ms", 1000}, {"s", 1000000}};

	for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
		if (unit->len == strlen(units[i].name) &&
		        strncasecmp(units[i].name, m->reader->text + unit->begin, unit->len) == 0) {
			command->sleep_unit_us = units[i].us;
			return true;
		}
	}
	return refuse_at(m, unit->begin, "unrecognized time unit", "write us, ms or s");
}

/* A number with a unit glued to it is two words: *unit. */
static bool sleep_number(struct meta *m, struct word *unit, struct script_command *command)
{
	char *text = copy_of(m, 1);
	size_t sign = text[0] == '+' || text[0] == '-', digits = strspn(text + sign, "0123456789");
	bool whole = text[sign + digits] == '\0', glued = !whole && digits > 0 && m->nwords == 2;

	command->sleep_number = strtoll(text, NULL, 10);
	if (glued) {
		size_t len = sign + digits;

		*unit = (struct word){.begin = m->words[1].begin + len, .len = m->words[1].len - len};
	}
	free(text);
	return whole || glued ||
	       refuse_at(m, m->words[1].begin, "invalid sleep time", "write an integer or a :variable, and a unit");
}

static bool meta_sleep(struct meta *m, struct script_command *command)
{
	struct word unit = {0};

	command->sleep_unit_us = 1000000;
	if (!read_words(m) || !count_words(m, 1, 2, "\\sleep NUMBER [us|ms|s]"))
		return false;
	if (text_of(m, 1)[0] == ':')
		command->sleep_variable = script_variable(m->reader->scripts, text_of(m, 1) + 1, m->words[1].len - 1);
	else if (!sleep_number(m, &unit, command))
		return false;
	if (m->nwords > 2)
		unit = m->words[2];
	return unit.len == 0 || sleep_unit(m, &unit, command);
}

/* Words from the given one on: ":x" is a variable, "::x" the text ":x". */
static void keep_words(struct meta *m, int first, struct script_command *command)
{
	command->nwords = m->nwords - first;
	command->words = mem_zero((size_t)command->nwords + 1, sizeof *command->words);
	command->word_variables = mem_zero((size_t)command->nwords + 1, sizeof *command->word_variables);
	for (int i = 0; i < command->nwords; i++) {
		const char *text = text_of(m, first + i);

		command->words[i] = copy_of(m, first + i);
		command->word_variables[i] = -1;
		if (text[0] == ':' && (m->words[first + i].len == 1 || text[1] != ':'))
			command->word_variables[i] =
			        script_variable(m->reader->scripts, text + 1, m->words[first + i].len - 1);
	}
}

static bool meta_shell(struct meta *m, struct script_command *command)
{
	bool sets = command->kind == COMMAND_SETSHELL;

	if (!m->reader->options->allow_shell)
		return refuse_at(m, m->begin, "runs a program of this machine, which scripts may not do by themselves",
		        "give --allow-shell if you trust this script");
	if (!read_words(m) || !count_words(m, sets ? 2 : 1, WORDS_MOST,
	                              sets ? "\\setshell NAME COMMAND [ARGUMENT]..." : "\\shell COMMAND [ARGUMENT]..."))
		return false;
	if (sets && !set_variable(m, command))
		return false;
	keep_words(m, sets ? 2 : 1, command);
	return true;
}

static const struct {
	const char *name;
	enum meta_kind meta;
	enum command_kind kind;
	bool (*read)(struct meta *m, struct script_command *command);
} metas[] = {
        {"set", META_COMMAND, COMMAND_SET, meta_set},
        {"sleep", META_COMMAND, COMMAND_SLEEP, meta_sleep},
        {"if", META_COMMAND, COMMAND_IF, meta_if},
        {"elif", META_COMMAND, COMMAND_ELIF, meta_if},
        {"else", META_COMMAND, COMMAND_ELSE, meta_bare},
        {"endif", META_COMMAND, COMMAND_ENDIF, meta_bare},
        {"startpipeline", META_COMMAND, COMMAND_STARTPIPELINE, meta_bare},
        {"syncpipeline", META_COMMAND, COMMAND_SYNCPIPELINE, meta_bare},
        {"endpipeline", META_COMMAND, COMMAND_ENDPIPELINE, meta_bare},
        {"shell", META_COMMAND, COMMAND_SHELL, meta_shell},
        {"setshell", META_COMMAND, COMMAND_SETSHELL, meta_shell},
        {"gset", META_GSET, COMMAND_SQL, NULL},
        {"aset", META_ASET, COMMAND_SQL, NULL},
};
#define NMETAS (sizeof metas / sizeof metas[0])

static bool refuse_unknown(struct meta *m)
{
	const char *names[NMETAS], *name = text_of(m, 0);
	size_t len = m->words[0].len;
	int shown = len > 40 ? 40 : (int)len;

	for (size_t i = 0; i < NMETAS; i++)
		names[i] = metas[i].name;
	const char *near = workload_nearest(name, len, names, NMETAS);

	if (near != NULL)
		return script_refuse(m->reader, m->begin, m->err, "\\%.*s is no command of scripts; did you mean \\%s?",
		        shown, name, near);
	return script_refuse(m->reader, m->begin, m->err,
	        "\\%.*s is no command of scripts (psql's own commands are not); there are \\set \\sleep \\if \\elif "
	        "\\else \\endif \\gset \\aset \\startpipeline \\syncpipeline \\endpipeline \\shell \\setshell",
	        shown, name);
}

static bool read_prefix(struct meta *m, char **prefix)
{
	if (!read_words(m) || !count_words(m, 0, 1, "\\gset [PREFIX]"))
		return false;
	*prefix = m->nwords > 1 ? copy_of(m, 1) : mem_strdup("");
	return true;
}

bool script_meta(struct script_reader *reader, enum meta_kind *kind, struct script_command *command, char **prefix,
        struct err *err)
{
	struct meta m = {.reader = reader, .begin = reader->at, .err = err};

	*kind = META_NOTHING;
	reader->at++;
	if (!next_word(reader, &m.words[0]))
		return true; /* a lone backslash, as pgbench */
	m.nwords = 1;
	for (size_t i = 0; i < NMETAS; i++) {
		if (strlen(metas[i].name) != m.words[0].len ||
		        strncasecmp(metas[i].name, text_of(&m, 0), m.words[0].len) != 0)
			continue;
		*kind = metas[i].meta;
		if (metas[i].meta != META_COMMAND)
			return read_prefix(&m, prefix);
		command->kind = metas[i].kind;
		command->variable = command->sleep_variable = -1;
		return metas[i].read(&m, command);
	}
	return refuse_unknown(&m);
}
