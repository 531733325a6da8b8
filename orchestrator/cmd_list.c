/*
 * cmd_list: the stored runs, newest first, a line each, fitted to the terminal.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "orchestrator/cmd.h"
#include "orchestrator/lockfile.h"
#include "orchestrator/progress.h"
#include "reports/escape.h"
#include "reports/query.h"
#include "reports/stats.h"
#include "shared/clock.h"

enum {
	COLUMN_RUN,
	COLUMN_STARTED,
	COLUMN_WORKLOAD,
	COLUMN_ENGINE,
	COLUMN_SESSIONS,
	COLUMN_DONE,
	COLUMN_WALL,
	COLUMN_SPEEDUP,
	COLUMN_VERDICT,
	COLUMNS
};

static const struct {
	const char *head;
	bool right;
} columns[COLUMNS] = {{"run", false}, {"started (UTC)", false}, {"workload", false}, {"engine", false}, {"c", true},
        {"done", true}, {"wall", true}, {"gain", true}, {"verdict", false}};

struct row {
	char *cell[COLUMNS];
	const char *color;
};

static char *cell(struct buf *b)
{
	char *text = mem_strdup(buf_str(b));
	buf_clear(b);
	return text;
}

static void say_verdict(const struct run_line *l, struct buf *b)
{
	if (strcmp(l->state, "finished") != 0)
		buf_puts(b, l->state);
	else if (strcmp(l->role, "baseline") == 0)
		buf_puts(b, "baseline");
	else if (strcmp(l->role, "confirm") == 0)
		buf_puts(b, "confirm");
	else
		buf_puts(b, l->verdict[0] ? l->verdict : "-");
	if (l->failed)
		buf_printf(b, ", %u failed", l->failed);
	if (l->unknown)
		buf_printf(b, ", %u unknown", l->unknown);
	if (l->doubts)
		buf_printf(b, ", %u doubt%s", l->doubts, l->doubts == 1 ? "" : "s");
}

static const char *color_of(const struct run_line *l)
{
	if (strcmp(l->state, "finished") != 0 && strcmp(l->state, "running") != 0)
		return "\033[31m";
	if (l->failed || l->unknown || strcmp(l->verdict, "FAILED") == 0)
		return "\033[31m";
	if (strcmp(l->verdict, "PARALLEL") == 0)
		return "\033[32m";
	return "";
}

static void make_row(const struct run_line *l, bool utf8, struct row *row)
{
	struct buf b = {0};
	char text[32];
	row->color = color_of(l);
	buf_printf(&b, "%lld%s", (long long)l->id, l->pinned ? "*" : "");
	row->cell[COLUMN_RUN] = cell(&b);
	clock_iso(l->started_wall_us, text);
	text[10] = ' ';
	buf_append(&b, text, 16);
	row->cell[COLUMN_STARTED] = cell(&b);
	escape_line(l->workload, !utf8, 40, &b);
	row->cell[COLUMN_WORKLOAD] = cell(&b);
	escape_line(l->engine, !utf8, 0, &b);
	row->cell[COLUMN_ENGINE] = cell(&b);
	buf_printf(&b, "%u", l->sessions);
	row->cell[COLUMN_SESSIONS] = cell(&b);
	buf_printf(&b, "%u/%u", l->done, l->ntickets);
	row->cell[COLUMN_DONE] = cell(&b);
	buf_puts(&b, l->wall_us > 0 ? stats_duration((double)l->wall_us, text) : "-");
	row->cell[COLUMN_WALL] = cell(&b);
	if (l->speedup > 0)
		buf_printf(&b, "%.2fx", l->speedup);
	else
		buf_puts(&b, "-");
	row->cell[COLUMN_SPEEDUP] = cell(&b);
	struct buf verdict = {0};
	say_verdict(l, &verdict);
	escape_line(buf_str(&verdict), !utf8, 0, &b);
	row->cell[COLUMN_VERDICT] = cell(&b);
	buf_free(&verdict);
	buf_free(&b);
}

/* Where no run was compared with a serial one, the column gives its place to the verdicts. */
static bool nothing_in(const struct row *rows, size_t count, int column)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(rows[i].cell[column], "-") != 0)
			return false;
	return true;
}

/* Natural widths; when they do not fit, the workload's name gives way first, then the verdict. */
static void fit(const struct row *rows, size_t count, int width, int widths[COLUMNS])
{
	int sum = 0;
	for (int c = 0; c < COLUMNS; c++) {
		widths[c] = (int)strlen(columns[c].head);
		for (size_t i = 0; i < count; i++)
			if (escape_width(rows[i].cell[c]) > widths[c])
				widths[c] = escape_width(rows[i].cell[c]);
		if (c == COLUMN_SPEEDUP && nothing_in(rows, count, c))
			widths[c] = 0;
		else
			sum += widths[c] + (c ? 1 : 0);
	}
	int over = sum - width;
	int give = widths[COLUMN_WORKLOAD] - 8;
	if (over > 0 && give > 0) {
		give = give < over ? give : over;
		widths[COLUMN_WORKLOAD] -= give;
		over -= give;
	}
	if (over > 0)
		widths[COLUMN_VERDICT] = widths[COLUMN_VERDICT] - over > 8 ? widths[COLUMN_VERDICT] - over : 8;
}

static void put_row(
        char *const cells[COLUMNS], const int widths[COLUMNS], const char *color, bool utf8, struct buf *out)
{
	buf_puts(out, color);
	for (int c = 0; c < COLUMNS; c++) {
		struct buf text = {0};
		if (widths[c] == 0)
			continue;
		escape_line(cells[c], !utf8, widths[c], &text);
		int pad = widths[c] - escape_width(buf_str(&text));
		if (c)
			buf_putc(out, ' ');
		if (columns[c].right)
			buf_printf(out, "%*s", pad, "");
		buf_puts(out, buf_str(&text));
		if (!columns[c].right && c < COLUMNS - 1)
			buf_printf(out, "%*s", pad, "");
		buf_free(&text);
	}
	buf_puts(out, *color ? "\033[0m\n" : "\n");
}

static void put_table(const struct run_line *lines, size_t count, const struct terminal *t, struct buf *out)
{
	struct row *rows = mem_zero(count, sizeof *rows);
	char *heads[COLUMNS];
	int widths[COLUMNS];
	for (size_t i = 0; i < count; i++)
		make_row(&lines[i], t->utf8, &rows[i]);
	for (int c = 0; c < COLUMNS; c++)
		heads[c] = (char *)columns[c].head;
	fit(rows, count, t->width > 20 ? t->width : 80, widths);
	put_row(heads, widths, "", t->utf8, out);
	for (size_t i = 0; i < count; i++) {
		put_row(rows[i].cell, widths, t->color ? rows[i].color : "", t->utf8, out);
		for (int c = 0; c < COLUMNS; c++)
			free(rows[i].cell[c]);
	}
	free(rows);
}

static bool load(const struct options *options, struct run_line **lines, size_t *count, struct err *err)
{
	char path[4096];
	if (!store_path(options, path, err))
		return false;
	/* Asked before the file is read: a run that begins in between is shown as running for what it is. */
	bool held = lockfile_held(path);
	struct query *query = query_open(path, err);
	if (!query)
		return false;
	query_assume_dead(query, !held);
	bool ok = query_list(query, options->list_most > 0 ? (size_t)options->list_most : 20, lines, count, err);
	query_close(query);
	if (ok && !*count)
		ok = err_set(
		        err, EXIT_USAGE, "%.900s holds no runs yet: \"pgparallel run -f FILE.sql\" makes one", path);
	return ok;
}

int cmd_list(const struct options *options)
{
	struct run_line *lines;
	size_t count;
	struct err err;
	if (!load(options, &lines, &count, &err))
		return fail(&err);
	struct terminal terminal;
	terminal_probe(STDOUT_FILENO, options->color, &terminal);
	struct buf out = {0};
	put_table(lines, count, &terminal, &out);
	if (options->list_most > 0 && options->list_most < INT_MAX && count == (size_t)options->list_most)
		buf_printf(&out, "the newest %zu; --all shows all, * marks pinned runs\n", count);
	free(lines);
	bool ok = fwrite(buf_str(&out), 1, out.len, stdout) == out.len && fflush(stdout) == 0;
	buf_free(&out);
	if (ok)
		return EXIT_DONE;
	err_set(&err, EXIT_STORE, "the list could not be written to standard output");
	return fail(&err);
}
