/*
 * chart_lanes: the sessions over time. Few attempts: one bar each, with a title. Many: for each lane and pixel column
 * the phase that took most of it, run-length coded into one path per phase. Failures are drawn in both, above all.
 */
#include "reports/chart.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/escape.h"
#include "reports/wording.h"

#define TOP 6

static int lane_height(size_t lanes)
{
	return lanes <= 12 ? 24 : lanes <= 24 ? 18 : lanes <= 48 ? 13 : lanes <= 100 ? 8 : lanes <= 200 ? 5 : 3;
}

static size_t drawn_lanes(const struct lanes *lanes)
{
	return lanes->nlanes < CHART_LANES_MOST ? lanes->nlanes : CHART_LANES_MOST;
}

/* The middle of a lane, in half pixels that stay crisp. */
static double lane_y(size_t i, int height)
{
	return TOP + (double)i * height + height / 2.0;
}

static void open_phase(struct buf *out, enum phase phase, int height)
{
	buf_printf(out, "<g class=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"%d\"%s>", chart_class(phase),
	        chart_color(phase), chart_thickness(phase, height),
	        phase == PHASE_BLOCKED ? " stroke-dasharray=\"3 2\"" : "");
}

static void attempt_title(const struct rendering *r, const struct span *s, const struct lane *lane, struct buf *out)
{
	const struct attempt_view *a = &r->run->attempts[s->attempt];
	char time[32];

	buf_puts(out, "<title>");
	escape_html(a->task < r->run->ntasks ? r->run->tasks[a->task].name : "?", out);
	buf_printf(out, ", %s %u, pid %d: %s %s", lanes_by_worker(r->run) ? "worker" : "session",
	        (lanes_by_worker(r->run) ? lane->worker : lane->session) + 1, a->backend_pid, phase_name(s->phase),
	        word_exact((double)(s->to_us - s->from_us), time));
	buf_printf(out, " from %s, %s", word_exact((double)s->from_us, time), outcome_name(a->outcome));
	if (a->sqlstate[0]) {
		buf_putc(out, ' ');
		escape_html(a->sqlstate, out);
	}
	buf_puts(out, "</title>");
}

static void exact_phase(
        const struct rendering *r, const struct lanes *lanes, enum phase phase, int height, struct buf *out)
{
	double wall = (double)word_wall_us(r);
	bool titled = phase == PHASE_EXECUTE || phase == PHASE_BLOCKED;

	open_phase(out, phase, height);
	if (!titled)
		buf_puts(out, "<path d=\"");
	for (size_t i = 0; i < drawn_lanes(lanes); i++) {
		const struct lane *lane = &lanes->lanes[i];

		for (size_t k = 0; k < lane->nspans; k++) {
			const struct span *s = &lanes->spans[lane->first_span + k];
			double from = chart_x((double)s->from_us, wall), to = chart_x((double)s->to_us, wall);

			if (s->phase != phase)
				continue;
			if (to - from < 0.6)
				to = from + 0.6;
			buf_printf(out, "%sM%.2f %.1fH%.2f", titled ? "<path d=\"" : "", from, lane_y(i, height), to);
			if (titled) {
				buf_puts(out, "\">");
				attempt_title(r, s, lane, out);
				buf_puts(out, "</path>");
			}
		}
	}
	buf_puts(out, titled ? "</g>\n" : "\"/></g>\n");
}

/* Names inside the bars that have room for them. */
static void bar_names(const struct rendering *r, const struct lanes *lanes, int height, struct buf *out)
{
	double wall = (double)word_wall_us(r);

	for (size_t i = 0; height >= 18 && i < drawn_lanes(lanes); i++) {
		const struct lane *lane = &lanes->lanes[i];

		for (size_t k = 0; k < lane->nspans; k++) {
			const struct span *s = &lanes->spans[lane->first_span + k];
			double from = chart_x((double)s->from_us, wall), to = chart_x((double)s->to_us, wall);
			struct buf name = {0};
			char time[32];

			if (s->phase != PHASE_EXECUTE || r->run->attempts[s->attempt].task >= r->run->ntasks)
				continue;
			escape_line(r->run->tasks[r->run->attempts[s->attempt].task].name, false, 24, &name);
			buf_printf(&name, " %s", word_exact((double)(s->to_us - s->from_us), time));
			if (to - from >= 7.5 * escape_width(buf_str(&name)) + 8)
				chart_text(out, from + 6, lane_y(i, height) + 4, "start", "on", buf_str(&name));
			buf_free(&name);
		}
	}
}

/* The phase that took most of each pixel column of one lane; PHASES = nothing did. */
static void lane_columns(
        const struct lanes *lanes, const struct lane *lane, double wall, float (*share)[PHASES], unsigned char *columns)
{
	memset(share, 0, CHART_COLUMNS * sizeof *share);
	for (size_t k = 0; k < lane->nspans; k++) {
		const struct span *s = &lanes->spans[lane->first_span + k];
		double from = (double)s->from_us / wall * CHART_COLUMNS, to = (double)s->to_us / wall * CHART_COLUMNS;

		for (int c = from < 0 ? 0 : (int)from; c < CHART_COLUMNS && c < to; c++)
			share[c][s->phase] += (float)((to < c + 1 ? to : c + 1) - (from > c ? from : c));
	}
	for (int c = 0; c < CHART_COLUMNS; c++) {
		float most = 0, sum = 0;

		columns[c] = PHASES;
		for (int p = 0; p < PHASES; p++) {
			sum += share[c][p];
			if (share[c][p] > most) {
				most = share[c][p];
				columns[c] = (unsigned char)p;
			}
		}
		if (1 - sum > most)
			columns[c] = PHASES;
	}
}

static void coarse_phases(const struct rendering *r, const struct lanes *lanes, int height, struct buf *out)
{
	size_t n = drawn_lanes(lanes);
	unsigned char *columns = mem_zero(n * CHART_COLUMNS + 1, 1);
	float(*share)[PHASES] = mem_zero(CHART_COLUMNS, sizeof *share);

	for (size_t i = 0; i < n; i++)
		lane_columns(lanes, &lanes->lanes[i], (double)word_wall_us(r), share, columns + i * CHART_COLUMNS);
	for (int p = 0; p < PHASES; p++) {
		if (!lanes->present[p])
			continue;
		open_phase(out, (enum phase)p, height);
		buf_puts(out, "<path d=\"");
		for (size_t i = 0; i < n; i++) {
			const unsigned char *row = columns + i * CHART_COLUMNS;
			int at = -1; /* where the pen is; -1: not on this lane yet */

			for (int c = 0, end; c < CHART_COLUMNS; c = end) {
				for (end = c + 1; end < CHART_COLUMNS && row[end] == row[c];)
					end++;
				if (row[c] != p)
					continue;
				if (at < 0)
					buf_printf(out, "M%d %.1fh%d", CHART_LEFT + c, lane_y(i, height), end - c);
				else
					buf_printf(out, "m%d 0h%d", c - at, end - c);
				at = end;
			}
		}
		buf_puts(out, "\"/></g>\n");
	}
	free(columns);
	free(share);
}

static int64_t end_of(const struct rendering *r, const struct attempt_view *a)
{
	int64_t from, to;

	if (a->done_us != QUERY_NONE)
		return a->done_us;
	return lanes_execute(r, a, &from, &to) ? to : a->taken_us;
}

/* A tick sticks out of its lane and has a light outline, so that it shows in greyscale too. At most one is drawn per
 * lane and pixel. An unknown outcome is a cross. */
static uint32_t ticks(
        const struct rendering *r, const struct lanes *lanes, enum outcome outcome, int height, struct buf *path)
{
	double half = height >= 8 ? height / 2.0 : 4;
	uint32_t count = 0;

	for (size_t i = 0; i < lanes->nlanes; i++) {
		const struct lane *lane = &lanes->lanes[i];
		int last = -1;

		for (size_t k = 0; k < lane->nattempts; k++) {
			const struct attempt_view *a = &r->run->attempts[lane->first_attempt + k];
			double x, y = lane_y(i, height);

			if (a->outcome != outcome)
				continue;
			count++;
			if (i >= drawn_lanes(lanes) || end_of(r, a) == QUERY_NONE)
				continue;
			x = chart_x((double)end_of(r, a), (double)word_wall_us(r));
			if ((int)x == last)
				continue;
			last = (int)x;
			if (outcome == OUTCOME_FAILED)
				buf_printf(path, "M%.1f %.1fv%.3g", x, y - half, 2 * half);
			else
				buf_printf(path, "M%.1f %.1fl7 7m0-7l-7 7", x - 3.5, y - 3.5);
		}
	}
	return count;
}

static void failures(
        const struct rendering *r, const struct lanes *lanes, int height, struct chart_note *note, struct buf *out)
{
	struct buf path = {0};

	note->failed_ticks = ticks(r, lanes, OUTCOME_FAILED, height, &path);
	note->unknown_ticks = ticks(r, lanes, OUTCOME_UNKNOWN, height, &path);
	if (path.len > 0)
		buf_printf(out,
		        "<g class=\"ticks\" fill=\"none\"><path class=\"halo\" stroke=\"#fff\" stroke-width=\"4\" "
		        "d=\"%s\"/>"
		        "<path class=\"bad\" stroke=\"#b3201b\" stroke-width=\"2\" d=\"%s\"/></g>\n",
		        buf_str(&path), buf_str(&path));
	buf_free(&path);
}

static void lane_names(const struct rendering *r, const struct lanes *lanes, int height, struct buf *out)
{
	size_t every = (size_t)(height >= 12 ? 1 : (12 + height) / height);
	char label[32];

	if (every > 1)
		every = every <= 2 ? 2 : every <= 5 ? 5 : 10;
	buf_puts(out, "<g class=\"names\">");
	for (size_t i = 0; i < drawn_lanes(lanes); i++) {
		uint32_t number = (lanes_by_worker(r->run) ? lanes->lanes[i].worker : lanes->lanes[i].session) + 1;

		if (i > 0 && every > 1 && number % every != 0)
			continue;
		snprintf(label, sizeof label, "%c%u", lanes_by_worker(r->run) ? 'w' : 's', number);
		chart_text(out, CHART_LEFT - 8, lane_y(i, height) + 4, "end", "label", label);
	}
	buf_puts(out, "</g>\n");
}

void chart_lanes(const struct rendering *r, const struct lanes *lanes, struct chart_note *note, struct buf *out)
{
	int height = lane_height(drawn_lanes(lanes)), bottom = TOP + (int)drawn_lanes(lanes) * height + 2;
	struct buf about = {0};
	char number[32], time[32];

	note->exact = r->run->nattempts <= CHART_EXACT_MOST;
	note->lanes_left_out = lanes->nlanes - drawn_lanes(lanes);
	buf_printf(&about, "%s sessions over %s; peak %u active at once, effective lanes %s. ",
	        word_count(lanes->nlanes, number), word_exact((double)word_wall_us(r), time), r->proof->peak,
	        word_number(r->proof->effective_lanes, time));
	buf_puts(&about, "The table below the chart has the same numbers.");
	chart_begin(out, "gantt", bottom + 22, "Sessions over time", buf_str(&about));
	buf_free(&about);
	chart_time_axis(out, (double)word_wall_us(r), TOP, bottom);
	lane_names(r, lanes, height, out);
	buf_printf(out, "<g id=\"bars\" data-top=\"%d\" data-height=\"%d\" data-left=\"%d\" data-right=\"%d\">", TOP,
	        height, CHART_LEFT, CHART_RIGHT);
	for (int p = 0; note->exact && p < PHASES; p++)
		if (lanes->present[p])
			exact_phase(r, lanes, (enum phase)p, height, out);
	if (note->exact)
		bar_names(r, lanes, height, out);
	else
		coarse_phases(r, lanes, height, out);
	failures(r, lanes, height, note, out);
	buf_puts(out, "</g>\n");
	chart_end(out);
}

void chart_legend(const struct lanes *lanes, const struct chart_note *note, struct buf *out)
{
	static const char *const names[PHASES] = {
	        "connect", "wait for the common start", "queue", "execute", "waits for another session", "fetch"};

	buf_puts(out, "<p class=\"legend\">");
	for (int p = 0; p < PHASES; p++) {
		if (!lanes->present[p])
			continue;
		buf_printf(out,
		        "<span><svg width=\"26\" height=\"16\" aria-hidden=\"true\"><path class=\"%s\" fill=\"none\" "
		        "stroke=\"%s\" stroke-width=\"%d\"%s d=\"M0 8H26\"/></svg> %s</span> ",
		        chart_class((enum phase)p), chart_color((enum phase)p), chart_thickness((enum phase)p, 17),
		        p == PHASE_BLOCKED ? " stroke-dasharray=\"3 2\"" : "", names[p]);
	}
	if (note->failed_ticks)
		buf_puts(out, "<span><svg width=\"12\" height=\"16\" aria-hidden=\"true\"><path class=\"bad\" "
		              "stroke=\"#b3201b\" stroke-width=\"2\" d=\"M6 0V16\"/></svg> failed</span> ");
	if (note->unknown_ticks)
		buf_puts(out,
		        "<span><svg width=\"12\" height=\"16\" aria-hidden=\"true\"><path class=\"bad\" fill=\"none\" "
		        "stroke=\"#b3201b\" stroke-width=\"2\" d=\"M2 4l8 8m0-8l-8 8\"/></svg> unknown</span> ");
	buf_puts(out, "</p>\n");
}
