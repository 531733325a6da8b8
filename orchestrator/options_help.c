/*
 * options_help: --help, from the option table: at most 80 columns, grouped, defaults in brackets, two examples.
 */
#include <stdio.h>
#include <string.h>

#include "orchestrator/options_table.h"

#define TEXT_COLUMN 28
#define LAST_COLUMN 79

/* Appends words of text from `column` on, each further line indented to indent. */
static void wrap(struct buf *out, const char *text, size_t column, size_t indent)
{
	while (*text != '\0') {
		size_t len = strcspn(text, " ");
		if (column > indent && column + 1 + len > LAST_COLUMN) {
			buf_printf(out, "\n%*s", (int)indent, "");
			column = indent;
		} else if (column > indent) {
			buf_putc(out, ' ');
			column++;
		}
		buf_append(out, text, len);
		column += len;
		text += len;
		text += strspn(text, " ");
	}
	buf_putc(out, '\n');
}

static void help_option(const struct option_row *row, struct buf *out)
{
	char left[64], text[512];
	int used = row->letter != 0 ? snprintf(left, sizeof(left), "  -%c, --%s", row->letter, row->name)
	                            : snprintf(left, sizeof(left), "      --%s", row->name);
	if (row->metavar != NULL)
		used += snprintf(left + used, sizeof(left) - (size_t)used, row->kind == KIND_LOCAL ? "[=%s]" : "=%s",
		        row->metavar);
	snprintf(text, sizeof(text), row->default_text != NULL ? "%s [%s]" : "%s", row->text, row->default_text);
	buf_puts(out, left);
	if (used + 1 >= TEXT_COLUMN)
		buf_printf(out, "\n%*s", TEXT_COLUMN, "");
	else
		buf_printf(out, "%*s", TEXT_COLUMN - used, "");
	wrap(out, text, TEXT_COLUMN, TEXT_COLUMN);
}

void options_help(enum command command, struct buf *out)
{
	const struct command_row *c = &command_rows[command];
	buf_printf(out, "pgparallel %s: %s\n\nUsage: pgparallel %s%s%s%s\n", c->name, c->text, c->name,
	        command == COMMAND_HELP || command == COMMAND_VERSION ? "" : " [OPTION]...",
	        c->operands[0] != '\0' ? " " : "", c->operands);
	for (int group = 0; group < GROUP_COUNT; group++) {
		bool any = false;
		for (size_t i = 0; i < option_count(); i++) {
			const struct option_row *row = option_row(i);
			if ((int)row->group != group || (row->commands & (1u << command)) == 0)
				continue;
			if (!any)
				buf_printf(out, "\n%s:\n", option_group_names[group]);
			any = true;
			help_option(row, out);
		}
	}
	buf_puts(out, "\nExamples:\n");
	for (int i = 0; i < 2; i++)
		buf_printf(out, "  %s\n", c->examples[i]);
}

void options_usage(struct buf *out)
{
	buf_puts(out, "pgparallel: runs SQL over many PostgreSQL sessions and shows whether it ran in\n"
	              "parallel, how much faster that was, and where the time went.\n\n"
	              "Usage: pgparallel COMMAND [OPTION]... [OPERAND]...\n\nCommands:\n");
	for (size_t i = 0; i < command_nrows; i++) {
		buf_printf(out, "  %-9s", command_rows[i].name);
		wrap(out, command_rows[i].text, 11, 11);
	}
	buf_puts(out, "\n`pgparallel COMMAND --help` shows a command's options; `pgparallel help man` is\n"
	              "the whole manual. Connection settings are libpq's: PG* variables, service\n"
	              "files, .pgpass.\n\nExamples:\n"
	              "  pgparallel run --local --baseline -f five-sleeps.sql\n"
	              "  pgparallel report -F html -o last.html\n");
}
