/*
 * script_param: `@param NAME = EXPRESSION`, a variable that gets a fresh value before each execution of its script: any
 * expression of \set, the distributions also by their short names, or values(a, b, ...), one of several texts. Only
 * script_*.c call it.
 */
#include "orchestrator/script_parts.h"
#include "orchestrator/workload_parts.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static void skip_blank(struct script_reader *reader)
{
	while (reader->at < reader->end && script_is_blank(reader->text[reader->at]))
		reader->at++;
}

static char peek(const struct script_reader *reader)
{
	return reader->at < reader->end ? reader->text[reader->at] : '\0';
}

static const char usage[] = "write @param NAME = random(1,1000), another expression of \\set, or values(a,b)";

/* 'It''s' or "a ""b"" c", or whatever stands up to a comma or the closing parenthesis. */
static bool read_choice(struct script_reader *reader, struct buf *text, struct err *err)
{
	size_t begin = reader->at;
	char quote = peek(reader);

	if (quote != '\'' && quote != '"') {
		while (reader->at < reader->end && strchr(",)", peek(reader)) == NULL)
			buf_putc(text, reader->text[reader->at++]);
		while (text->len > 0 && script_is_blank(text->data[text->len - 1]))
			text->data[--text->len] = '\0';
		return true;
	}
	for (reader->at++; reader->at < reader->end; buf_putc(text, reader->text[reader->at++])) {
		if (peek(reader) != quote)
			continue;
		reader->at++;
		if (peek(reader) != quote) {
			skip_blank(reader);
			return true;
		}
	}
	return script_refuse(reader, begin, err, "the quote (%c) that opens here is not closed; close it", quote);
}

static bool read_choices(struct script_reader *reader, struct script_command *command, struct err *err)
{
	for (;;) {
		struct buf text = {0};

		skip_blank(reader);
		size_t begin = reader->at;
		bool ok = read_choice(reader, &text, err);

		if (ok && reader->at == begin)
			ok = script_refuse(
			        reader, begin, err, "values() has an empty place; write '' for an empty text");
		if (ok) {
			command->choices =
			        mem_resize(command->choices, (size_t)command->nchoices + 1, sizeof *command->choices);
			command->choices[command->nchoices++] = mem_strdup(text.len > 0 ? buf_str(&text) : "");
		}
		buf_free(&text);
		if (!ok)
			return false;
		if (peek(reader) != ',')
			break;
		reader->at++;
	}
	if (peek(reader) != ')')
		return script_refuse(reader, reader->at, err, "values() is not closed here; write a comma or )");
	reader->at++;
	skip_blank(reader);
	return reader->at == reader->end ||
	       script_refuse(reader, reader->at, err, "nothing may follow values(...); %s", usage);
}

/* random(0, n - 1) */
static struct expr *draw(int n)
{
	struct expr *expr = mem_zero(1, sizeof *expr);

	expr_emit(expr, (struct expr_step){.op = EXPR_CONSTANT, .constant = {.type = VALUE_INT, .integer = 0}});
	expr_emit(expr, (struct expr_step){.op = EXPR_CONSTANT, .constant = {.type = VALUE_INT, .integer = n - 1}});
	expr_emit(expr, (struct expr_step){.op = EXPR_CALL, .function = FUNCTION_RANDOM, .nargs = 2});
	expr->height = 2;
	expr->random = true;
	return expr;
}

static bool is_values(const struct script_reader *reader, size_t *behind)
{
	static const char word[] = "values";
	size_t at = reader->at + strlen(word);

	if (at > reader->end || strncasecmp(reader->text + reader->at, word, strlen(word)) != 0)
		return false;
	while (at < reader->end && script_is_blank(reader->text[at]))
		at++;
	*behind = at + 1;
	return at < reader->end && reader->text[at] == '(';
}

static bool read_value(struct script_reader *reader, struct script_command *command, struct err *err)
{
	size_t behind;

	skip_blank(reader);
	if (is_values(reader, &behind)) {
		reader->at = behind;
		if (!read_choices(reader, command, err))
			return false;
		command->expr = draw(command->nchoices);
		return true;
	}
	reader->param = true;
	command->expr = script_expr_parse(reader, err);
	return command->expr != NULL;
}

bool script_param(struct script_reader *reader, struct command_list *list, struct err *err)
{
	skip_blank(reader);
	size_t begin = reader->at;

	while (script_name_char(peek(reader)))
		reader->at++;
	size_t len = reader->at - begin;

	if (len == 0 || !script_name_start(reader->text[begin]))
		return script_refuse(reader, begin, err, "@param needs a name; %s", usage);
	skip_blank(reader);
	if (peek(reader) != '=')
		return script_refuse(reader, reader->at, err, "@param %.*s needs a value; %s",
		        (int)(len > 60 ? 60 : len), reader->text + begin, usage);
	reader->at++;
	struct script_command *command = command_append(list);

	command->kind = COMMAND_SET;
	command->variable = script_variable(reader->scripts, reader->text + begin, len);
	script_position(reader, begin, &command->line, &command->column);
	struct buf text = {0};

	buf_puts(&text, "@param ");
	buf_append(&text, reader->text + begin, reader->end - begin);
	command->text = mem_strdup(buf_str(&text));
	buf_free(&text);
	return read_value(reader, command, err);
}
