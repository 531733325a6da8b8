/*
 * text_lanes: the chart of sessions over time in a terminal, and how many were active at once. Private to
 * reports/text*.c. Labels give way to bars when the terminal is narrow: first the pid, then the task, then the time.
 */
#include "reports/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/escape.h"
#include "reports/lanes.h"
#include "reports/stats.h"
#include "reports/wording.h"

#define BARS_LEAST 14
#define BARS_MOST 100

struct columns {
	int label, pid, task, time; /* widths; 0 = not shown */
	int begin, bars; /* where the bars begin, and how many */
	bool blocked, failed, unknown; /* seen in the drawing, for the legend */
};

static void lane_label(const struct run_view *run, const struct lane *lane, char out[32])
{
	if (lanes_by_worker(run))
		snprintf(out, 32, "w%u", lane->worker + 1);
	else
		snprintf(out, 32, "s%u", lane->session + 1);
}

/* The name of the one task a lane ran, "name x12" when it ran it often, else how many different ones. */
static void lane_task(const struct run_view *run, const struct lane *lane, struct buf *out)
{
	uint32_t executions = 0, different = 0;
	const struct attempt_view *first = NULL;

	for (size_t i = 0; i < lane->nattempts; i++) {
		const struct attempt_view *a = &run->attempts[lane->first_attempt + i];

		executions += a->try_no <= 1 || first == NULL || first->ticket != a->ticket;
		different += first != NULL && first->task != a->task;
		first = first ? first : a;
	}
	if (first == NULL)
		buf_putc(out, '-');
	else if (different > 0)
		buf_printf(out, "%u %s", executions, executions == 1 ? "task" : "tasks");
	else if (first->task >= run->ntasks)
		buf_putc(out, '?');
	else if (executions > 1)
		buf_printf(out, "%s x%u", run->tasks[first->task].name, executions);
	else
		buf_puts(out, run->tasks[first->task].name);
}

static size_t shown_lanes(const struct lanes *lanes)
{
	return lanes->nlanes <= TEXT_LANES_MOST ? lanes->nlanes : TEXT_LANES_MOST - 1;
}

static int widest(int a, int b)
{
	return a > b ? a : b;
}

static void measure(const struct text_line *l, const struct rendering *r, const struct lanes *lanes, struct columns *c)
{
	struct buf b = {0};
	char label[32];
	int room;

	*c = (struct columns){
	        .label = (int)strlen(lanes_by_worker(r->run) ? "worker" : "session"), .task = 4, .time = 11};
	for (size_t i = 0; i < shown_lanes(lanes); i++) {
		lane_label(r->run, &lanes->lanes[i], label);
		c->label = widest(c->label, (int)strlen(label));
		snprintf(label, sizeof label, "%d", lanes->lanes[i].backend_pid);
		c->pid = widest(c->pid, lanes->lanes[i].backend_pid > 0 ? (int)strlen(label) : 3);
		buf_clear(&b);
		lane_task(r->run, &lanes->lanes[i], &b);
		c->task = widest(c->task, escape_width(buf_str(&b)));
	}
	buf_free(&b);
	c->task = c->task > 16 ? 16 : c->task;
	for (int step = 0; step < 4; step++) {
		if (step == 1) {
			c->time = 8;
			c->label = 4;
		}
		if (step == 2)
			c->pid = 0;
		if (step == 3)
			c->task = c->task > 8 ? 8 : c->task;
		c->begin = 1 + c->label + 2 + (c->pid ? c->pid + 2 : 0) + c->task + 2;
		room = l->width - c->begin - 2 - c->time;
		if (room >= BARS_LEAST)
			break;
	}
	if (room < 8) {
		c->time = 0;
		room = l->width - c->begin;
	}
	if (room < 8) {
		c->task = 0;
		c->begin = 1 + c->label + 2;
		room = l->width - c->begin;
	}
	c->bars = room > BARS_MOST ? BARS_MOST : room;
}

static void header(struct text_line *l, const struct rendering *r, const struct lanes *lanes, const struct columns *c)
{
	char end[32];
	const char *time = lanes->server_timed > 0 ? "server time" : "client time";

	stats_duration((double)word_wall_us(r), end);
	text_to(l, 1);
	text_cell(l, TINT_DIM, c->label, c->label < 6 ? "" : lanes_by_worker(r->run) ? "worker" : "session");
	text_to(l, l->column + 2);
	if (c->pid) {
		text_cell(l, TINT_DIM, c->pid, "pid");
		text_to(l, l->column + 2);
	}
	if (c->task)
		text_cell(l, TINT_DIM, c->task, "task");
	text_to(l, c->begin);
	text_cell(l, TINT_DIM, 3, "0 s");
	text_cell(l, TINT_DIM, -(c->bars - 3), end);
	text_to(l, l->column + 2);
	if (c->time)
		text_cell(l, TINT_DIM, c->time, c->time >= 11 ? time : "time");
	text_end(l);
}

/* For each cell of a lane the phase that took most of it; PHASES = nothing. Execute shows however short it was. */
static void fill_cells(const struct lanes *lanes, const struct lane *lane, int64_t wall, int n, unsigned char *cells)
{
	double(*share)[PHASES] = mem_zero((size_t)n, sizeof *share), step = (double)wall / n;

	for (size_t i = 0; i < lane->nspans; i++) {
		const struct span *s = &lanes->spans[lane->first_span + i];
		double from = (double)s->from_us / step, to = (double)s->to_us / step;

		if (s->phase == PHASE_EXECUTE && to - from < 0.02)
			to = from + 0.02;
		for (int k = from < 0 ? 0 : (int)from; k < n && k < to; k++) {
			double low = from > k ? from : k, high = to < k + 1 ? to : k + 1;

			if (high > low)
				share[k][s->phase] += high - low;
		}
	}
	for (int k = 0; k < n; k++) {
		double busy = share[k][PHASE_EXECUTE] + share[k][PHASE_BLOCKED], thin = 0;

		for (int p = 0; p < PHASES; p++)
			thin += p == PHASE_EXECUTE || p == PHASE_BLOCKED ? 0 : share[k][p];
		if (busy > 0 && busy >= thin)
			cells[k] = share[k][PHASE_BLOCKED] > share[k][PHASE_EXECUTE] ? PHASE_BLOCKED : PHASE_EXECUTE;
		else
			cells[k] = thin > 0 ? PHASE_QUEUE : PHASES;
	}
	free(share);
}

/* Failures stand above everything: the cell in which such an attempt ended says so. */
#define CELL_FAILED 100
#define CELL_UNKNOWN 101

static void mark_failures(const struct rendering *r, const struct lane *lane, int64_t wall, int n, unsigned char *cells)
{
	for (size_t i = 0; i < lane->nattempts; i++) {
		const struct attempt_view *a = &r->run->attempts[lane->first_attempt + i];
		int64_t from, to, end = a->done_us;
		int k;

		if (a->outcome != OUTCOME_FAILED && a->outcome != OUTCOME_UNKNOWN)
			continue;
		if (end == QUERY_NONE)
			end = lanes_execute(r, a, &from, &to) ? to : a->taken_us;
		if (end == QUERY_NONE)
			continue;
		k = (int)((double)end * n / (double)wall);
		k = k < 0 ? 0 : k >= n ? n - 1 : k;
		cells[k] = a->outcome == OUTCOME_FAILED ? CELL_FAILED : CELL_UNKNOWN;
	}
}

static void draw_cells(struct text_line *l, struct columns *c, const unsigned char *cells)
{
	for (int k = 0; k < c->bars; k++) {
		switch (cells[k]) {
		case PHASE_EXECUTE:
			text_glyph(l, TINT_EXECUTE, "█", '#');
			break;
		case PHASE_BLOCKED:
			text_glyph(l, TINT_BLOCKED, "▒", ':');
			c->blocked = true;
			break;
		case CELL_FAILED:
			text_glyph(l, TINT_BAD, "×", 'x');
			c->failed = true;
			break;
		case CELL_UNKNOWN:
			text_glyph(l, TINT_BAD, "?", '?');
			c->unknown = true;
			break;
		case PHASES:
			text_to(l, l->column + 1);
			break;
		default:
			text_glyph(l, TINT_CONNECT, "─", '-');
		}
	}
}

static void draw_lane(struct text_line *l, const struct rendering *r, const struct lanes *lanes,
        const struct lane *lane, struct columns *c)
{
	unsigned char *cells = mem_zero((size_t)c->bars, 1);
	struct buf task = {0};
	char text[32];

	text_to(l, 1);
	lane_label(r->run, lane, text);
	text_cell(l, TINT_PLAIN, c->label, text);
	text_to(l, l->column + 2);
	if (c->pid) {
		snprintf(text, sizeof text, "%d", lane->backend_pid);
		text_cell(l, TINT_PLAIN, c->pid, lane->backend_pid > 0 ? text : "-");
		text_to(l, l->column + 2);
	}
	lane_task(r->run, lane, &task);
	if (c->task)
		text_cell(l, lane->failed || lane->unknown ? TINT_BAD : TINT_PLAIN, c->task, buf_str(&task));
	text_to(l, c->begin);
	fill_cells(lanes, lane, word_wall_us(r), c->bars, cells);
	mark_failures(r, lane, word_wall_us(r), c->bars, cells);
	draw_cells(l, c, cells);
	text_to(l, c->begin + c->bars + 2);
	if (c->time)
		text_cell(l, TINT_PLAIN, c->time,
		        word_exact((double)(lane->us[PHASE_EXECUTE] + lane->us[PHASE_BLOCKED]), text));
	text_end(l);
	buf_free(&task);
	free(cells);
}

/* All lanes that have no line of their own, as one: how many of them executed, in eight steps. */
static void draw_rest(
        struct text_line *l, const struct rendering *r, const struct lanes *lanes, const struct columns *c)
{
	static const char *const steps[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
	static const char ascii[] = ".,-=+*%#";
	size_t from = shown_lanes(lanes), rest = lanes->nlanes - from;
	double *share = mem_zero((size_t)c->bars, sizeof *share), step = (double)word_wall_us(r) / c->bars, sum = 0;
	char text[48], count[32];

	for (size_t i = from; i < lanes->nlanes; i++) {
		const struct lane *lane = &lanes->lanes[i];

		sum += (double)(lane->us[PHASE_EXECUTE] + lane->us[PHASE_BLOCKED]);
		for (size_t k = 0; k < lane->nspans; k++) {
			const struct span *s = &lanes->spans[lane->first_span + k];
			double a = (double)s->from_us / step, b = (double)s->to_us / step;

			for (int j = a < 0 ? 0 : (int)a; s->phase == PHASE_EXECUTE && j < c->bars && j < b; j++)
				share[j] += (b < j + 1 ? b : j + 1) - (a > j ? a : j);
		}
	}
	text_to(l, 1);
	snprintf(text, sizeof text, "+%s%s", word_count(rest, count), c->begin >= 22 ? " more sessions" : "");
	text_cell(l, TINT_PLAIN, c->begin - 2, text);
	text_to(l, c->begin);
	for (int k = 0; k < c->bars; k++) {
		int level = (int)(share[k] / (double)rest * 8);

		if (share[k] <= 0)
			text_to(l, l->column + 1);
		else
			text_glyph(l, TINT_EXECUTE, steps[level > 7 ? 7 : level], ascii[level > 7 ? 7 : level]);
	}
	text_to(l, c->begin + c->bars + 2);
	if (c->time)
		text_cell(l, TINT_PLAIN, c->time, word_exact(sum, text));
	text_end(l);
	free(share);
}

static void at_once(struct text_line *l, const struct rendering *r, const struct columns *c)
{
	const struct proof *p = r->proof;
	char text[128], number[32];
	int digits = snprintf(text, sizeof text, "%u", p->peak), step = digits + 1, n = (c->bars + 1) / step;
	double *mean = mem_zero((size_t)n + 1, sizeof *mean);

	if (n > 0)
		lanes_active(p, 0, word_wall_us(r) * n * step / c->bars, (size_t)n, mean);
	text_to(l, 1);
	text_cell(l, TINT_DIM, c->begin - 2 < 7 ? 7 : c->begin - 2, "at once");
	text_to(l, c->begin);
	for (int k = 0; k < n; k++) {
		int beyond = (k + 1) * step - c->bars; /* columns of the last cell that lie after the wall */

		if (beyond > 0 && beyond < step)
			mean[k] *= (double)step / (step - beyond);
		snprintf(text, sizeof text, "%.0f", mean[k]);
		text_cell(l, TINT_PLAIN, digits, mean[k] < 0.05 ? "" : text);
		text_to(l, l->column + 1);
	}
	free(mean);
	snprintf(number, sizeof number, "%.1f", p->effective_lanes);
	snprintf(text, sizeof text, "peak %u, effective lanes %s", p->peak, number);
	if (c->begin + c->bars + 2 + (int)strlen(text) > l->width) {
		text_end(l);
		text_to(l, c->begin + (int)strlen(text) <= l->width ? c->begin : 1);
	} else {
		text_to(l, c->begin + c->bars + 2);
	}
	l->hang = 1;
	text_words(l, TINT_BOLD, text);
	text_end(l);
}

static void legend(struct text_line *l, const struct columns *c)
{
	static const char *const words[] = {" waits for another session of this run", " failed", " unknown"};
	const bool shown[] = {c->blocked, c->failed, c->unknown};
	static const char *const glyphs[] = {"▒", "×", "?"};

	bool begun = false;

	if (!c->blocked && !c->failed && !c->unknown)
		return;
	for (int i = 0; i < 3; i++) {
		if (!shown[i])
			continue;
		if (begun && l->column + 1 + (int)strlen(words[i]) > l->width) {
			text_end(l);
			begun = false;
		}
		if (!begun)
			text_to(l, c->begin + 1 + (int)strlen(words[i]) <= l->width ? c->begin : 1);
		begun = true;
		text_glyph(l, i == 0 ? TINT_BLOCKED : TINT_BAD, glyphs[i], ":x?"[i]);
		text_words(l, TINT_DIM, words[i]);
		text_to(l, l->column + 2);
	}
	text_end(l);
}

void text_lanes(struct text_line *l, const struct rendering *r)
{
	struct lanes lanes;
	struct columns c;

	lanes_of(r, &lanes);
	if (lanes.nlanes > 0) {
		text_end(l);
		measure(l, r, &lanes, &c);
		header(l, r, &lanes, &c);
		for (size_t i = 0; i < shown_lanes(&lanes); i++)
			draw_lane(l, r, &lanes, &lanes.lanes[i], &c);
		if (shown_lanes(&lanes) < lanes.nlanes)
			draw_rest(l, r, &lanes, &c);
		if (r->proof->peak > 0)
			at_once(l, r, &c);
		legend(l, &c);
	}
	lanes_free(&lanes);
}
