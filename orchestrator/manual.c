/*
 * manual: the man page, the bash completion and the README's option section, from the option table.
 */
#include <stdio.h>
#include <string.h>

#include "orchestrator/manual_store.h"
#include "orchestrator/manual_text.h"
#include "orchestrator/options_table.h"
#include "reports/csv.h"
#include "reports/render.h"

/* Text into troff: backslashes and dashes escaped, no line begins with a control character. */
static void troff(struct buf *out, const char *text)
{
	for (const char *c = text; *c != '\0'; c++) {
		bool line_begin = out->len == 0 || out->data[out->len - 1] == '\n';
		if (line_begin && (*c == '.' || *c == '\''))
			buf_puts(out, "\\&");
		if (*c == '\\')
			buf_puts(out, "\\e");
		else if (*c == '-')
			buf_puts(out, "\\-");
		else
			buf_putc(out, *c);
	}
}

static void man_option(const struct option_row *row, struct buf *out)
{
	buf_puts(out, ".TP\n.B ");
	char left[96];
	int used = row->letter != 0 ? snprintf(left, sizeof(left), "-%c, --%s", row->letter, row->name)
	                            : snprintf(left, sizeof(left), "--%s", row->name);
	if (row->metavar != NULL)
		snprintf(left + used, sizeof(left) - (size_t)used, row->kind == KIND_LOCAL ? "[=%s]" : "=%s",
		        row->metavar);
	troff(out, left);
	buf_putc(out, '\n');
	troff(out, row->text);
	if (row->default_text != NULL) {
		buf_puts(out, " [");
		troff(out, row->default_text);
		buf_putc(out, ']');
	}
	buf_putc(out, '\n');
	if (row->environment) {
		char name[64];
		option_environment_name(row, name);
		buf_printf(out, "Environment: %s.\n", name);
	}
}

static void man_command(size_t command, struct buf *out)
{
	const struct command_row *c = &command_rows[command];
	buf_printf(out, ".SS pgparallel %s ", c->name);
	troff(out, c->operands);
	buf_puts(out, "\n");
	troff(out, c->text);
	buf_puts(out, ".\n");
	buf_puts(out, "Options:");
	bool any = false;
	for (size_t i = 0; i < option_count(); i++) {
		if ((option_row(i)->commands & (1u << command)) == 0)
			continue;
		buf_puts(out, any ? ", " : " ");
		buf_puts(out, "\\-\\-");
		troff(out, option_row(i)->name);
		any = true;
	}
	buf_puts(out, any ? ".\n" : " none.\n");
	for (int i = 0; i < 2; i++) {
		buf_puts(out, ".br\n.RS 4\n.nf\n");
		troff(out, c->examples[i]);
		buf_puts(out, "\n.fi\n.RE\n");
	}
}

static void man_section(const struct manual_section *section, struct buf *out)
{
	buf_printf(out, ".SH %s\n", section->title);
	if (section->text != NULL) {
		troff(out, section->text);
		buf_putc(out, '\n');
	}
	for (const struct manual_entry *e = section->entries; e->name != NULL; e++) {
		buf_puts(out, ".TP\n.B ");
		troff(out, e->name);
		buf_putc(out, '\n');
		troff(out, e->text);
		buf_putc(out, '\n');
	}
}

static void man_schema_entry(void *context, enum schema_kind kind, const char *name, const char *text)
{
	struct buf *out = context;
	buf_puts(out, kind == SCHEMA_COLUMN ? ".TP\n.B " : ".SS ");
	troff(out, name);
	buf_putc(out, '\n');
	troff(out, text);
	buf_putc(out, '\n');
}

static void man_packed(struct buf *out)
{
	struct buf text = {0};
	manual_packed(&text);
	buf_puts(out, ".SS Packed values\n");
	troff(out, buf_str(&text));
	buf_free(&text);
}

static void man_csv_table(const char *table, const struct csv_column *columns, struct buf *out)
{
	buf_printf(out, ".SS %s\n", table);
	for (const struct csv_column *c = columns; c->name != NULL; c++) {
		buf_puts(out, ".TP\n.B ");
		troff(out, c->name);
		buf_putc(out, '\n');
		troff(out, c->text);
		buf_putc(out, '\n');
	}
}

static void man_csv(struct buf *out)
{
	buf_puts(out, ".SH CSV TABLES\n");
	troff(out, "What report -F csv writes; --csv-table chooses the table. Times in microseconds; an empty cell "
	           "is not known or did not happen. Columns are only ever appended.\n");
	for (const char *const *table = csv_tables(); *table != NULL; table++)
		man_csv_table(*table, csv_columns(*table), out);
	buf_puts(out, ".SH CSV TABLES OF COMPARISONS AND SCALES\n");
	troff(out, "What compare, scale and report --experiment write with -F csv.\n");
	for (const char *const *table = csv_compare_tables(); *table != NULL; table++)
		man_csv_table(*table, csv_compare_columns(*table), out);
}

void options_man(struct buf *out)
{
	buf_puts(out, ".TH PGPARALLEL 1 \"\" \"pgparallel " PGPARALLEL_VERSION "\" \"User Commands\"\n.SH NAME\n"
	              "pgparallel \\- run SQL over many PostgreSQL sessions and prove whether it ran in parallel\n"
	              ".SH SYNOPSIS\n");
	for (size_t i = 0; i < command_nrows; i++) {
		buf_printf(out, ".B pgparallel %s\n[\\fIOPTION\\fR]... ", command_rows[i].name);
		troff(out, command_rows[i].operands);
		buf_puts(out, "\n.br\n");
	}
	buf_puts(out, ".SH DESCRIPTION\n");
	troff(out, manual_description);
	buf_puts(out, "\n.SH COMMANDS\n");
	for (size_t i = 0; i < command_nrows; i++)
		man_command(i, out);
	buf_puts(out, ".SH OPTIONS\n");
	troff(out, manual_options);
	buf_putc(out, '\n');
	for (int group = 0; group < GROUP_COUNT; group++) {
		buf_printf(out, ".SS %s\n", option_group_names[group]);
		for (size_t i = 0; i < option_count(); i++) {
			if ((int)option_row(i)->group == group)
				man_option(option_row(i), out);
		}
	}
	for (const struct manual_section *s = manual_sections; s->title != NULL; s++)
		man_section(s, out);
	buf_puts(out, ".SH RESULTS FILE\n");
	troff(out, manual_results);
	buf_putc(out, '\n');
	manual_schema(man_schema_entry, out);
	man_packed(out);
	man_csv(out);
}

static void completion_words(size_t command, struct buf *out)
{
	for (size_t i = 0; i < option_count(); i++) {
		const struct option_row *row = option_row(i);
		if ((row->commands & (1u << command)) != 0)
			buf_printf(
			        out, " --%s%s", row->name, row->metavar != NULL && row->kind != KIND_LOCAL ? "=" : "");
	}
}

static void completion_values(struct buf *out)
{
	for (size_t i = 0; i < option_count(); i++) {
		const struct option_row *row = option_row(i);
		if (row->words == NULL)
			continue;
		buf_printf(out, "\t--%s", row->name);
		if (row->letter != 0)
			buf_printf(out, "|-%c", row->letter);
		buf_puts(out, ")\n\t\tCOMPREPLY=($(compgen -W \"");
		for (int w = 0; row->words[w] != NULL; w++)
			buf_printf(out, "%s%s", w > 0 ? " " : "", row->words[w]);
		buf_puts(out, "\" -- \"$cur\"))\n\t\treturn\n\t\t;;\n");
	}
	buf_puts(out, "\t-f|-o|--file|--output|--data|--db|--log-file)\n"
	              "\t\tcompopt -o filenames 2>/dev/null\n"
	              "\t\tCOMPREPLY=($(compgen -f -- \"$cur\"))\n\t\treturn\n\t\t;;\n");
}

void options_completion(struct buf *out)
{
	buf_puts(out, "# bash completion for pgparallel, made from its option table\n_pgparallel() {\n"
	              "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} words=\n"
	              "\tif [[ $prev == = ]]; then\n\t\tprev=${COMP_WORDS[COMP_CWORD - 2]}\n"
	              "\telif [[ $cur == = ]]; then\n\t\tcur=\n\tfi\n"
	              "\tcase $prev in\n");
	completion_values(out);
	buf_puts(out, "\tesac\n\tcase ${COMP_WORDS[1]} in\n");
	for (size_t i = 0; i < command_nrows; i++) {
		buf_printf(out, "\t%s) words='", command_rows[i].name);
		completion_words(i, out);
		if (i == COMMAND_HELP) {
			for (size_t c = 0; c < command_nrows; c++)
				buf_printf(out, "%s ", command_rows[c].name);
		}
		buf_puts(out, "' ;;\n");
	}
	buf_puts(out, "\tesac\n\t((COMP_CWORD == 1)) && words='");
	for (size_t i = 0; i < command_nrows; i++)
		buf_printf(out, "%s ", command_rows[i].name);
	buf_puts(out, "--help --version'\n"
	              "\tCOMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
	              "\t[[ ${COMPREPLY[0]} == *= ]] && compopt -o nospace 2>/dev/null\n"
	              "}\ncomplete -o default -F _pgparallel pgparallel\n");
}

void options_markdown(struct buf *out)
{
	for (int group = 0; group < GROUP_COUNT; group++) {
		buf_printf(
		        out, "**%s**\n\n| option | commands | meaning |\n|---|---|---|\n", option_group_names[group]);
		for (size_t i = 0; i < option_count(); i++) {
			const struct option_row *row = option_row(i);
			if ((int)row->group != group)
				continue;
			buf_puts(out, "| ");
			if (row->letter != 0)
				buf_printf(out, "`-%c`, ", row->letter);
			buf_printf(out, "`--%s", row->name);
			if (row->metavar != NULL)
				buf_printf(out, row->kind == KIND_LOCAL ? "[=%s]" : "=%s", row->metavar);
			buf_puts(out, "` |");
			for (size_t c = 0; c < command_nrows; c++) {
				if ((row->commands & (1u << c)) != 0)
					buf_printf(out, " %s", command_rows[c].name);
			}
			buf_printf(out, " | %s", row->text);
			if (row->default_text != NULL)
				buf_printf(out, " [%s]", row->default_text);
			buf_puts(out, " |\n");
		}
		buf_putc(out, '\n');
	}
}
