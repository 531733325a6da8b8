/*
 * script_parts: what the script_*.c files share among themselves. Nobody else includes it, apart from their tests.
 *
 * The way of a text: script_directive cuts a file into scripts, script_parse a script into commands; script_meta reads
 * those that begin with a backslash (script_expr_parse their expressions), script_sql the others.
 */
#ifndef ORCHESTRATOR_SCRIPT_PARTS_H
#define ORCHESTRATOR_SCRIPT_PARTS_H

#include <stdbool.h>
#include <stddef.h>

#include "orchestrator/script_parse.h"
#include "shared/buf.h"

/* A text being read. Offsets count from the start of the whole file, so that refusals know their line. */
struct script_reader {
	const char *path; /* as messages call it */
	const char *text;
	size_t end; /* of the part that is this script's */
	size_t at;
	const struct script_options *options;
	struct scripts *scripts; /* takes the variables */
	bool param; /* an expression of @param: distributions go by their short names too */
	/* What script_position found last: counting on from there costs less than from the start. */
	size_t seen, line_begin;
	int line;
	/* In files with directives an undeclared name is refused. */
	bool annotated;
	struct script_reference *references;
	int nreferences;
	/* What is left to workload_parse: the text with blanks where a script stands, so that lines keep their numbers.
	 */
	char *rest;
};

/* A :name outside of quotes. */
struct script_reference {
	int variable;
	size_t offset;
};

/* "PATH:LINE:COLUMN: ..." for an offset; returns false. */
bool script_refuse(struct script_reader *reader, size_t offset, struct err *err, const char *format, ...)
        __attribute__((format(printf, 4, 5)));
void script_position(struct script_reader *reader, size_t offset, int *line, int *column);

/* The index of a variable, which is made when there is none. */
int script_variable(struct scripts *scripts, const char *name, size_t len);

/* Blank but no line's end; and a backslash at a line's end, which continues it: its length, else 0. */
bool script_is_blank(char c);
size_t script_continuation(const struct script_reader *reader, size_t at);
void script_skip_blank(struct script_reader *reader); /* and continued lines */

/* Reads an expression up to the end of its line; reader->at is behind it. The owner calls expr_free. NULL on error. */
struct expr *script_expr_parse(struct script_reader *reader, struct err *err);
/* One step of an expression; for those who make one by hand. */
void expr_emit(struct expr *expr, struct expr_step step);

/* What a meta-command asks for beside the commands that are kept. */
enum meta_kind { META_NOTHING, META_COMMAND, META_GSET, META_ASET };

/* reader->at stands on a backslash: reads the command and its line. META_GSET, META_ASET: *prefix is malloc'd. */
bool script_meta(struct script_reader *reader, enum meta_kind *kind, struct script_command *command, char **prefix,
        struct err *err);

/* Makes command->sql from text, which is as it is sent but for its variables. */
bool script_sql_make(struct script_reader *reader, size_t offset, const char *text, size_t len,
        struct script_command *command, struct err *err);

struct command_list {
	struct script_command *commands;
	int count, room;
};
struct script_command *command_append(struct command_list *list);
void command_list_free(struct command_list *list);

/* Parses reader->at .. reader->end and appends what it finds. */
bool script_commands(struct script_reader *reader, struct command_list *list, struct err *err);
/* Fills jump and end; refuses conditions that do not match and what can only fail in a pipeline. */
bool script_link(const char *path, struct command_list *list, struct err *err);
/* Makes a script of the commands, which it takes over, and puts it behind the others. weight -1 = none given. */
bool script_add(struct script_reader *reader, const char *name, int64_t weight, size_t begin, struct command_list *list,
        struct err *err);

/* `@param NAME = EXPRESSION`: reader->at .. reader->end is what follows the directive's name. Appends the command. */
bool script_param(struct script_reader *reader, struct command_list *list, struct err *err);

/* A whole file, with directives or without, into scripts of the given weight (-1 = none given). */
bool script_file(struct script_reader *reader, const char *name, int64_t weight, struct err *err);

#endif
