/*
 * manual_store: the chapter on the results file, from the comments of reports/schema.sql: "CREATE TABLE name ( --
 * what", then a line "name TYPE ..., -- what" for each column; views likewise with "... AS name, -- what".
 */
#include <string.h>

#include "orchestrator/manual_store.h"
#include "reports/store.h"

/* The word that names a column of a line: the first of a table's, the one behind the last AS of a view's. */
static void column_name(const char *line, const char *comment, bool view, char out[64])
{
	const char *begin = line + strspn(line, " \t"), *end;
	for (const char *c = begin; view && c + 4 < comment; c++) {
		if (strncmp(c, " AS ", 4) == 0)
			begin = c + 4;
	}
	end = begin + strcspn(begin, " ,\t\n");
	size_t len = (size_t)(end - begin) < 63 ? (size_t)(end - begin) : 63;
	memcpy(out, begin, len);
	out[len] = '\0';
}

/* The comment's text without the blank before it and the newline. */
static void comment_text(const char *comment, const char *end, char out[512])
{
	size_t len;
	comment += 3;
	len = end > comment ? (size_t)(end - comment) : 0;
	if (len > 511)
		len = 511;
	memcpy(out, comment, len);
	out[len] = '\0';
}

void manual_schema(schema_entry *entry, void *context)
{
	bool inside = false, view = false, columns = true;
	for (const char *line = store_schema(); *line != '\0';) {
		const char *end = line + strcspn(line, "\n");
		const char *comment = memmem(line, (size_t)(end - line), "-- ", 3);
		char name[64], text[512];
		bool table = strncmp(line, "CREATE TABLE ", 13) == 0;
		if (table || strncmp(line, "CREATE VIEW ", 12) == 0) {
			inside = columns = true;
			view = !table;
			column_name(line + (table ? 13 : 12), line, false, name);
			comment_text(comment != NULL ? comment : end, end, text);
			entry(context, view ? SCHEMA_VIEW : SCHEMA_TABLE, name, text);
		} else if (inside && (line[0] == ')' || strncmp(line, "FROM", 4) == 0)) {
			inside = false;
		} else if (inside && strncmp(line, "WITH", 4) == 0) {
			columns = false; /* until its SELECT */
		} else if (inside && strncmp(line, "SELECT", 6) == 0) {
			columns = true;
		} else if (inside && columns && comment != NULL && comment > line + strspn(line, " \t")) {
			column_name(line, comment, view, name);
			comment_text(comment, end, text);
			entry(context, SCHEMA_COLUMN, name, text);
		}
		line = *end == '\n' ? end + 1 : end;
	}
}

/* Comments on lines of their own that begin with "Packed", up to the first other line. */
void manual_packed(struct buf *out)
{
	for (const char *line = store_schema(); (line = strstr(line, "\n-- Packed ")) != NULL;) {
		for (line++; strncmp(line, "-- ", 3) == 0; line += *line == '\n') {
			const char *end = line + strcspn(line, "\n");
			buf_append(out, line + 3, (size_t)(end - line) - 3);
			buf_putc(out, end[1] == '-' ? ' ' : '\n');
			line = end;
		}
		buf_putc(out, '\n');
		line--;
	}
}

struct markdown {
	struct buf *out;
	bool first;
};

static void markdown_entry(void *context, enum schema_kind kind, const char *name, const char *text)
{
	struct markdown *m = context;
	if (kind == SCHEMA_COLUMN) {
		buf_printf(m->out, "%s`%s` %s", m->first ? "" : "; ", name, text);
		m->first = false;
		return;
	}
	buf_printf(m->out, "%s| `%s` | %s: ", m->out->len > 0 ? " |\n" : "| table or view | columns |\n|---|---|\n",
	        name, text);
	m->first = true;
}

void manual_store(struct buf *out)
{
	struct markdown m = {.out = out};
	manual_schema(markdown_entry, &m);
	buf_puts(out, " |\n\n");
	manual_packed(out);
}
