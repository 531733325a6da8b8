/*
 * script_link: what holds between the commands of a script: \if and its branches, pipelines, and what follows for the
 * script as a whole. Only script_*.c call it.
 */
#include "orchestrator/script_parts.h"

#include <stdlib.h>

struct link {
	const char *path;
	struct script_command *commands;
	int *open; /* the \if, and later the last \elif or \else, of each level */
	int *chain; /* the last \elif or \else of each level; their .end is the one before until \endif is found */
	int depth;
	bool pipeline; /* surely in one */
	struct err *err;
};

static bool refuse(const struct link *l, const struct script_command *command, const char *what)
{
	return err_set(l->err, EXIT_USAGE, "%s:%d:%d: %s", l->path, command->line, command->column, what);
}

static bool branch(struct link *l, int at)
{
	struct script_command *command = &l->commands[at];
	bool last = command->kind == COMMAND_ELSE;

	if (l->depth == 0)
		return refuse(l, command,
		        last ? "\\else without matching \\if; write \\if EXPRESSION before it"
		             : "\\elif without matching \\if; write \\if");
	struct script_command *before = &l->commands[l->open[l->depth - 1]];

	if (before->kind == COMMAND_ELSE)
		return refuse(l, command,
		        last ? "\\else after \\else; a condition has one"
		             : "\\elif after \\else; put it before \\else");
	before->jump = at;
	command->end = l->chain[l->depth - 1];
	l->open[l->depth - 1] = l->chain[l->depth - 1] = at;
	return true;
}

static bool end_branches(struct link *l, int at)
{
	if (l->depth == 0)
		return refuse(l, &l->commands[at], "\\endif without matching \\if; take it out");
	l->depth--;
	l->commands[l->open[l->depth]].jump = at;
	for (int i = l->chain[l->depth]; i >= 0;) {
		int before = l->commands[i].end;

		l->commands[i].end = at;
		i = before;
	}
	return true;
}

static bool link_one(struct link *l, int at)
{
	struct script_command *command = &l->commands[at];

	switch (command->kind) {
	case COMMAND_IF:
		l->open[l->depth] = at;
		l->chain[l->depth++] = -1;
		return true;
	case COMMAND_ELIF:
	case COMMAND_ELSE:
		return branch(l, at);
	case COMMAND_ENDIF:
		return end_branches(l, at);
	case COMMAND_STARTPIPELINE:
		l->pipeline = l->depth == 0;
		return true;
	case COMMAND_ENDPIPELINE:
		l->pipeline = false;
		return true;
	case COMMAND_SQL:
		if (command->sql.keep != KEEP_NOTHING && l->pipeline && l->depth == 0)
			return refuse(l, command,
			        command->sql.keep == KEEP_GSET
			                ? "\\gset is not allowed in a pipeline; put it behind \\endpipeline"
			                : "\\aset is not allowed in a pipeline; put it behind \\endpipeline");
		return true;
	default:
		return true;
	}
}

bool script_link(const char *path, struct command_list *list, struct err *err)
{
	struct link l = {.path = path, .commands = list->commands, .err = err};
	bool ok = true;

	l.open = mem_zero((size_t)list->count + 1, sizeof *l.open);
	l.chain = mem_zero((size_t)list->count + 1, sizeof *l.chain);
	for (int i = 0; ok && i < list->count; i++)
		ok = link_one(&l, i);
	if (ok && l.depth > 0)
		ok = refuse(&l, &l.commands[l.open[l.depth - 1]],
		        "\\if without matching \\endif: what begins or goes on here is not ended; write \\endif");
	free(l.open);
	free(l.chain);
	return ok;
}
