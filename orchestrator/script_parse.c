/*
 * script_parse: one script into commands: SQL cut where pgbench cuts it, with what meta-commands say between. Only
 * script_*.c call it.
 */
#include "orchestrator/script_parts.h"
#include "orchestrator/workload_parts.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void script_position(struct script_reader *reader, size_t offset, int *line, int *column)
{
	if (reader->line == 0 || offset < reader->seen) {
		reader->seen = reader->line_begin = 0;
		reader->line = 1;
	}
	for (; reader->seen < offset; reader->seen++) {
		if (reader->text[reader->seen] == '\n') {
			reader->line++;
			reader->line_begin = reader->seen + 1;
		}
	}
	*line = reader->line;
	*column = (int)(offset - reader->line_begin) + 1;
}

bool script_refuse(struct script_reader *reader, size_t offset, struct err *err, const char *format, ...)
{
	char text[sizeof err->text];
	int line, column;
	va_list args;

	va_start(args, format);
	if (vsnprintf(text, sizeof text, format, args) < 0)
		text[0] = '\0';
	va_end(args);
	script_position(reader, offset, &line, &column);
	return err_set(err, EXIT_USAGE, "%s:%d:%d: %s", reader->path, line, column, text);
}

int script_variable(struct scripts *scripts, const char *name, size_t len)
{
	for (int i = 0; i < scripts->nvariables; i++) {
		const char *known = scripts->variables[i].name;

		if (strncmp(known, name, len) == 0 && known[len] == '\0') {
			scripts->variables[i].used = true;
			return i;
		}
	}
	scripts->variables =
	        mem_resize(scripts->variables, (size_t)scripts->nvariables + 1, sizeof *scripts->variables);
	scripts->variables[scripts->nvariables] =
	        (struct script_variable){.name = mem_strndup(name, len), .used = true};
	return scripts->nvariables++;
}

struct script_command *command_append(struct command_list *list)
{
	if (list->count == list->room) {
		list->room = list->room > 0 ? list->room * 2 : 16;
		list->commands = mem_resize(list->commands, (size_t)list->room, sizeof *list->commands);
	}
	list->commands[list->count] = (struct script_command){.variable = -1, .sleep_variable = -1};
	return &list->commands[list->count++];
}

void command_list_free(struct command_list *list)
{
	for (int i = 0; i < list->count; i++)
		command_free(&list->commands[i]);
	free(list->commands);
	*list = (struct command_list){0};
}

/* Where the parser is: the lexer, and the SQL collected so far. */
struct scan {
	struct script_reader *reader;
	struct lexer lexer;
	struct nesting nesting;
	struct buf sql; /* as it is sent */
	size_t begin; /* of sql in the text; bytes are left out only behind its first token */
	size_t copied;
	int statements; /* that a \; or the end has closed */
	bool open; /* there is a token since then */
	struct command_list *list;
	int brackets;
	struct err *err;
};

static void copy_until(struct scan *s, size_t to)
{
	buf_append(&s->sql, s->reader->text + s->copied, to - s->copied);
	s->copied = to;
}

/* White space and -- comments before a statement are not sent. */
static size_t leading(const char *sql)
{
	const char *p = sql;

	for (;;) {
		while (*p != '\0' && (script_is_blank(*p) || *p == '\n'))
			p++;
		if (p[0] != '-' || p[1] != '-')
			return (size_t)(p - sql);
		p += strcspn(p, "\n");
	}
}

/* White space becomes one blank where a line ends. */
static char *on_one_line(const char *text, size_t len)
{
	struct buf line = {0};

	while (len > 0 && (script_is_blank(text[len - 1]) || text[len - 1] == '\n'))
		len--;
	for (size_t i = 0; i < len; i++) {
		bool continued = text[i] == '\\' && (text[i + 1] == '\n' || (text[i + 1] == '\r' && i + 2 < len));

		if (text[i] == '\n' || continued || (text[i] == '\r' && text[i + 1] == '\n')) {
			while (line.len > 0 && script_is_blank(line.data[line.len - 1]))
				line.len--;
			while (i + 1 < len && (script_is_blank(text[i + 1]) || text[i + 1] == '\n'))
				i++;
			buf_putc(&line, ' ');
		} else {
			buf_putc(&line, text[i]);
		}
	}
	char *result = mem_strdup(line.len > 0 ? buf_str(&line) : "");

	buf_free(&line);
	return result;
}

static bool refuse_copy(struct scan *s, size_t offset)
{
	return script_refuse(s->reader, offset, s->err,
	        "COPY ... FROM STDIN needs its data inside the file, which cannot be sent to several sessions; load it "
	        "beforehand with psql, or write INSERT with variables");
}

static bool refuse_nesting(struct scan *s, size_t offset, const char *before)
{
	const char *remedy = s->nesting.parens > 0 ? "a parenthesis is not closed" : "a function body has no END";

	return script_refuse(s->reader, offset, s->err, "the statement that begins here is not finished before %s: %s",
	        before, remedy);
}

/* What was collected becomes a command, if it is more than white space and comments of the -- kind. */
static bool finish_sql(struct scan *s, size_t end, const char *before)
{
	copy_until(s, end);
	const char *sql = buf_str(&s->sql);
	size_t skip = leading(sql), len = s->sql.len - skip, offset = s->begin + skip;
	bool ok = true;

	if (len > 0) {
		struct split_item item = {.text = sql + skip, .len = len};
		bool nested = s->nesting.parens > 0 || s->nesting.begins > 0;

		if (nested)
			return refuse_nesting(s, offset, before);
		if (statement_copies_from_stdin(&item))
			return refuse_copy(s, offset);
		struct script_command *command = command_append(s->list);

		ok = script_sql_make(s->reader, offset, sql + skip, len, command, s->err);
		command->text = on_one_line(sql + skip, len);
		command->sql.nstatements = s->statements + (s->open || s->statements == 0);
		script_position(s->reader, offset, &command->line, &command->column);
	}
	buf_clear(&s->sql);
	s->begin = s->copied;
	s->statements = 0;
	s->open = false;
	s->brackets = 0;
	s->nesting = (struct nesting){0};
	return ok;
}

static bool keep_rows(struct scan *s, size_t offset, enum meta_kind kind, char *prefix)
{
	struct script_command *last = s->list->count > 0 ? &s->list->commands[s->list->count - 1] : NULL;

	if (last == NULL || last->kind != COMMAND_SQL || last->sql.keep != KEEP_NOTHING) {
		free(prefix);
		return script_refuse(s->reader, offset, s->err,
		        "\\gset must follow an SQL command; write it behind the statement, without a semicolon");
	}
	last->sql.keep = kind == META_GSET ? KEEP_GSET : KEEP_ASET;
	last->sql.prefix = prefix;
	return true;
}

static bool read_meta(struct scan *s, size_t at)
{
	struct script_command command = {0};
	enum meta_kind kind;
	char *prefix = NULL;

	s->reader->at = at;
	if (!script_meta(s->reader, &kind, &command, &prefix, s->err)) {
		command_free(&command);
		free(prefix);
		return false;
	}
	if (kind == META_COMMAND) {
		script_position(s->reader, at, &command.line, &command.column);
		command.text = on_one_line(s->reader->text + at, s->reader->at - at);
		*command_append(s->list) = command;
	} else if (kind != META_NOTHING && !keep_rows(s, at, kind, prefix)) {
		return false;
	}
	s->lexer.at = s->begin = s->copied = s->reader->at;
	return true;
}

static bool refuse_unclosed(struct scan *s, const struct token *token)
{
	return script_refuse(s->reader, token->begin, s->err,
	        "the %s that opens here is not closed before the end of the file; close it", token->unclosed);
}

/* \; and \: stand for the character, without its meaning. */
static bool escaped(struct scan *s, const struct token *token)
{
	char c = token->begin + 1 < s->reader->end ? s->reader->text[token->begin + 1] : '\0';

	if (c != ';' && c != ':')
		return false;
	copy_until(s, token->begin);
	s->copied = token->begin + 1;
	s->lexer.at = token->begin + 2;
	if (c == ';' && s->open)
		s->statements++;
	s->open = c == ':';
	return true;
}

/* A name in [brackets] may be the bound of a slice: a[1:n]. */
static void note_token(struct scan *s, const struct token *token)
{
	struct script_reader *reader = s->reader;
	char c = reader->text[token->begin];

	s->open = true;
	nesting_add(&s->nesting, &s->lexer, token);
	s->brackets += c == '[' ? 1 : c == ']' ? -1 : 0;
	if (!reader->annotated || token->kind != TOKEN_VARIABLE || s->brackets > 0 ||
	        !script_name_start(reader->text[token->begin + 1]))
		return;
	reader->references =
	        mem_resize(reader->references, (size_t)reader->nreferences + 1, sizeof *reader->references);
	reader->references[reader->nreferences++] =
	        (struct script_reference){.variable = script_variable(reader->scripts, reader->text + token->begin + 1,
	                                          token->end - token->begin - 1),
	                .offset = token->begin};
}

/* Takes one token. *done: it was the last one. */
static bool scan_token(struct scan *s, bool *done)
{
	struct token token;

	lexer_next(&s->lexer, &token);
	*done = token.kind == TOKEN_END;
	switch (token.kind) {
	case TOKEN_END:
		return finish_sql(s, s->reader->end, "the end of the script");
	case TOKEN_UNCLOSED:
		return refuse_unclosed(s, &token);
	case TOKEN_BACKSLASH:
		return escaped(s, &token) ||
		       (finish_sql(s, token.begin, "the next command") && read_meta(s, token.begin));
	case TOKEN_SEMICOLON:
		if (s->nesting.parens == 0 && s->nesting.begins == 0)
			return finish_sql(s, token.end, "");
		return true;
	case TOKEN_COMMENT:
	case TOKEN_LINE_COMMENT:
		return true;
	default:
		note_token(s, &token);
		return true;
	}
}

bool script_commands(struct script_reader *reader, struct command_list *list, struct err *err)
{
	struct scan s = {.reader = reader, .begin = reader->at, .copied = reader->at, .list = list, .err = err};
	bool done = false, ok = true;

	lexer_init(&s.lexer, reader->text, reader->end, 1);
	s.lexer.continues = true;
	s.lexer.at = reader->at;
	while (ok && !done)
		ok = scan_token(&s, &done);
	buf_free(&s.sql);
	return ok;
}
