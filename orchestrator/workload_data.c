/*
 * workload_data: a CSV file (RFC 4180) into the columns and values of a plan, which owns them. Only workload_*.c call
 * it. An empty field is NULL, a quoted empty one the empty string.
 */
#include "orchestrator/workload_parts.h"

#include <stdlib.h>
#include <string.h>

struct csv {
	const char *path;
	const char *at, *end;
	int line; /* of `at` */
	struct buf field;
};

enum after { AFTER_COMMA, AFTER_LINE, AFTER_FILE };

/* LF, CRLF or the end of the file. */
static bool at_line_end(const struct csv *csv)
{
	return csv->at == csv->end || *csv->at == '\n' ||
	       (*csv->at == '\r' && csv->at + 1 < csv->end && csv->at[1] == '\n');
}

static enum after step_over_end(struct csv *csv)
{
	if (csv->at == csv->end)
		return AFTER_FILE;
	csv->at += *csv->at == '\r' ? 2 : 1;
	csv->line++;
	return csv->at == csv->end ? AFTER_FILE : AFTER_LINE;
}

static bool read_quoted(struct csv *csv, struct err *err)
{
	int opened = csv->line;

	csv->at++;
	for (;;) {
		const char *quote = memchr(csv->at, '"', (size_t)(csv->end - csv->at));

		if (quote == NULL)
			return workload_refuse(err, csv->path, opened,
			        "the quoted field that opens here is not closed before the end of the file; close it "
			        "with \", "
			        "and write a quote inside it as \"\"");
		for (const char *p = csv->at; p < quote; p++)
			csv->line += *p == '\n';
		buf_append(&csv->field, csv->at, (size_t)(quote - csv->at));
		csv->at = quote + 1;
		if (csv->at == csv->end || *csv->at != '"')
			break;
		buf_putc(&csv->field, '"');
		csv->at++;
	}
	if (at_line_end(csv) || *csv->at == ',')
		return true;
	return workload_refuse(err, csv->path, csv->line,
	        "text follows the closing quote of a field; write a quote inside a quoted field as \"\"");
}

static bool read_bare(struct csv *csv, struct err *err)
{
	const char *from = csv->at;

	while (!at_line_end(csv) && *csv->at != ',') {
		if (*csv->at == '"')
			return workload_refuse(err, csv->path, csv->line,
			        "a quote inside a field that does not begin with one; quote the whole field and double "
			        "the "
			        "quote: \"...\"\"...\"");
		if (*csv->at == '\r')
			return workload_refuse(err, csv->path, csv->line,
			        "a carriage return without a line feed; end lines with LF or CRLF, or quote the field");
		csv->at++;
	}
	buf_append(&csv->field, from, (size_t)(csv->at - from));
	return true;
}

/* One field: its content is in csv->field, *null says whether it was empty and unquoted. */
static bool read_field(struct csv *csv, bool *null, enum after *after, struct err *err)
{
	buf_clear(&csv->field);
	*null = false;
	if (csv->at < csv->end && *csv->at == '"') {
		if (!read_quoted(csv, err))
			return false;
	} else {
		if (!read_bare(csv, err))
			return false;
		*null = csv->field.len == 0;
	}
	if (csv->at < csv->end && *csv->at == ',') {
		csv->at++;
		*after = AFTER_COMMA;
	} else {
		*after = step_over_end(csv);
	}
	return true;
}

static bool add_column(struct csv *csv, bool null, struct plan *plan, struct err *err)
{
	int number = plan->ncolumns + 1;

	if (null || csv->field.len == 0)
		return workload_refuse(err, csv->path, 1,
		        "column %d has no name; the first line must name every column (a comma at its end makes one "
		        "more)",
		        number);
	for (int i = 0; i < plan->ncolumns; i++)
		if (strcmp(plan->columns[i], buf_str(&csv->field)) == 0)
			return workload_refuse(err, csv->path, 1,
			        "columns %d and %d are both called %.100s; rename one", i + 1, number,
			        plan->columns[i]);
	/* A hostile file may hold a header of a million commas: the search above is quadratic. */
	if (number > 1600)
		return workload_refuse(err, csv->path, 1, "more than 1600 columns; is it a CSV file with a header?");
	plan->columns = mem_resize(plan->columns, (size_t)number, sizeof *plan->columns);
	plan->columns[plan->ncolumns++] = mem_strdup(buf_str(&csv->field));
	return true;
}

static bool read_header(struct csv *csv, struct plan *plan, enum after *after, struct err *err)
{
	bool null;

	if (csv->at == csv->end)
		return workload_refuse(err, csv->path, 1,
		        "the data file is empty; its first line must name the columns, like id,name");
	do {
		if (!read_field(csv, &null, after, err) || !add_column(csv, null, plan, err))
			return false;
	} while (*after == AFTER_COMMA);
	return true;
}

static bool refuse_ragged(const struct csv *csv, int line, int fields, const struct plan *plan, struct err *err)
{
	int shown = fields > plan->ncolumns ? plan->ncolumns : fields;

	return workload_refuse(err, csv->path, line,
	        "%s%d field%s where the header names %d column%s; give every row one field per column",
	        fields > plan->ncolumns ? "more than " : "", shown, shown == 1 ? "" : "s", plan->ncolumns,
	        plan->ncolumns == 1 ? "" : "s");
}

static bool read_row(struct csv *csv, struct plan *plan, size_t *room, enum after *after, struct err *err)
{
	size_t base = (size_t)plan->nrows * (size_t)plan->ncolumns;
	int fields = 0, line = csv->line;

	if (base + (size_t)plan->ncolumns > *room) {
		*room = (base + (size_t)plan->ncolumns) * 2;
		plan->values = mem_resize(plan->values, *room, sizeof *plan->values);
	}
	/* Counted before it is filled, so that whoever frees the plan after an error finds every value. */
	memset(plan->values + base, 0, (size_t)plan->ncolumns * sizeof *plan->values);
	plan->nrows++;
	do {
		bool null;

		if (!read_field(csv, &null, after, err))
			return false;
		if (fields == plan->ncolumns)
			return refuse_ragged(csv, line, fields + 1, plan, err);
		if (!null)
			plan->values[base + (size_t)fields] = mem_strndup(buf_str(&csv->field), csv->field.len);
		fields++;
	} while (*after == AFTER_COMMA);
	if (fields < plan->ncolumns)
		return refuse_ragged(csv, line, fields, plan, err);
	return true;
}

static bool refuse_nul(const char *path, const char *text, size_t len, struct err *err)
{
	const char *nul = memchr(text, '\0', len);
	int line = 1;

	for (const char *p = text; p < nul; p++)
		line += *p == '\n';
	return workload_refuse(err, path, line, "a NUL byte, which no value can hold; save the file as UTF-8 text");
}

bool data_parse(const char *path, const char *text, size_t len, struct plan *plan, struct err *err)
{
	struct csv csv = {.path = path, .line = 1};
	enum after after = AFTER_LINE;
	size_t room = 0;

	if (len > 0 && memchr(text, '\0', len) != NULL)
		return refuse_nul(path, text, len, err);
	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
		text += 3;
		len -= 3;
	}
	csv.at = text;
	csv.end = text + len;
	bool ok = read_header(&csv, plan, &after, err);

	while (ok && after == AFTER_LINE) {
		if (plan->nrows >= PLAN_MOST_TICKETS)
			ok = workload_refuse(
			        err, path, csv.line, "more than %u rows; split the data file", PLAN_MOST_TICKETS);
		else
			ok = read_row(&csv, plan, &room, &after, err);
	}
	buf_free(&csv.field);
	if (ok && plan->nrows == 0)
		ok = workload_refuse(
		        err, path, 1, "the data file has a header and no rows; every row becomes a ticket");
	return ok;
}
