/*
 * script_sql: the variables in an SQL command, found as pgbench finds them: by a plain look at the text, so in quotes
 * and comments too. `::` hides what follows, a name does not begin with a digit. Only script_*.c call it.
 */
#include "orchestrator/script_parts.h"

#include <stdlib.h>
#include <string.h>

/* pgbench's own limit for -M extended and prepared. */
#define PARAMS_MOST 255

/* The length of the `:name` at p, 0 if it is none. */
static size_t reference(const char *p, const char *end)
{
	const char *q = p + 1;

	if (q >= end || !script_name_start(*q))
		return 0;
	while (q < end && script_name_char(*q))
		q++;
	return (size_t)(q - p);
}

static void add_literal(struct script_sql *sql, const char *text, size_t len)
{
	sql->literals[sql->nvariables] = mem_strndup(text, len);
}

/* The command takes at most as many references as it has colons. */
static void make_room(struct script_sql *sql, const char *text, size_t len)
{
	size_t colons = 0;

	for (size_t i = 0; i < len; i++)
		colons += text[i] == ':';
	sql->literals = mem_zero(colons + 1, sizeof *sql->literals);
	sql->variables = mem_zero(colons + 1, sizeof *sql->variables);
	sql->spelled = mem_zero(colons + 1, sizeof *sql->spelled);
	sql->params = mem_zero(colons + 1, sizeof *sql->params);
}

static void cut(struct script_reader *reader, const char *text, size_t len, struct script_sql *sql)
{
	const char *end = text + len, *copied = text, *p = text;
	struct buf numbered = {0};

	while (p < end && (p = memchr(p, ':', (size_t)(end - p))) != NULL) {
		size_t found = reference(p, end);

		if (found == 0) {
			while (p < end && *p == ':')
				p++;
			continue;
		}
		int index = script_variable(reader->scripts, p + 1, found - 1);

		buf_append(&numbered, copied, (size_t)(p - copied));
		buf_printf(&numbered, "$%d", sql->nparams + 1);
		add_literal(sql, copied, (size_t)(p - copied));
		sql->spelled[sql->nvariables] = mem_strndup(p, found);
		sql->variables[sql->nvariables++] = index;
		sql->params[sql->nparams++] = index;
		p += found;
		copied = p;
	}
	buf_append(&numbered, copied, (size_t)(end - copied));
	add_literal(sql, copied, (size_t)(end - copied));
	sql->numbered = mem_strdup(buf_str(&numbered));
	buf_free(&numbered);
}

bool script_sql_make(struct script_reader *reader, size_t offset, const char *text, size_t len,
        struct script_command *command, struct err *err)
{
	struct script_sql *sql = &command->sql;

	command->kind = COMMAND_SQL;
	make_room(sql, text, len);
	cut(reader, text, len, sql);
	if (sql->nparams > PARAMS_MOST && reader->options->extended)
		return script_refuse(reader, offset, err,
		        "the statement refers to variables %d times, and with -M extended or prepared the most is %d; "
		        "use "
		        "-M simple or split it",
		        sql->nparams, PARAMS_MOST);
	return true;
}
