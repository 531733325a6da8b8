/*
 * html_arms: what the pages of experiments share: the frame, and for each arm whether its sessions were at work at the
 * same time, what failed, how long the slowest took. Private to reports/html*.c.
 */
#include "reports/arms.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "reports/assets.h"
#include "reports/chart_arms.h"
#include "reports/escape.h"
#include "reports/html.h"
#include "reports/load_numbers.h"
#include "reports/sqlstate.h"
#include "reports/stats.h"
#include "reports/wording.h"

#define TASKS_MOST 100
#define ERRORS_MOST 60

const struct rendering *arms_any(const struct arms_page *p)
{
	if (p->reference < p->narms && p->arms[p->reference].rendering)
		return p->arms[p->reference].rendering;
	for (size_t i = 0; i < p->narms; i++)
		if (p->arms[i].rendering)
			return p->arms[i].rendering;
	return NULL;
}

void arms_name(const struct arms_page *p, struct buf *out)
{
	if (p->experiment != 0)
		buf_printf(out, "%s %" PRId64, p->kind, p->experiment);
	else
		buf_printf(out, "%s of past runs", p->kind);
}

void html_arms_begin(const struct arms_page *p, const char *verdict, struct buf *out)
{
	const struct rendering *r = arms_any(p);
	const char *workload = r && r->run->workload ? r->run->workload : "no complete run";
	const char *host = r ? run_view_fact(r->run, "host") : NULL;
	struct buf b = {0};
	char date[32];

	buf_printf(&b, "%s: %s, ", workload, verdict);
	arms_name(p, &b);
	html_begin(buf_str(&b), out);
	buf_puts(out, "<header>\n");
	if (p->index_href) {
		buf_puts(out, "<nav aria-label=\"runs\"><a href=\"");
		escape_html(p->index_href, out);
		buf_puts(out, "\">history</a> · ");
		arms_name(p, out);
		buf_puts(out, "</nav>\n");
	}
	html_put(out, "h1", NULL, workload);
	buf_clear(&b);
	arms_name(p, &b);
	if (r)
		buf_printf(&b, " · %s", word_date(r->run->started_wall_us, date));
	if (host)
		buf_printf(&b, " · %s", host);
	html_put(out, "p", "sub", buf_str(&b));
	if (r && r->run->note && r->run->note[0])
		html_put(out, "p", "sub", r->run->note);
	buf_puts(out, "\n</header>\n<main>\n");
	buf_free(&b);
}

/* --- did they run at the same time? ------------------------------------------------------------------------------ */

static void name_cell(const struct arm_shown *a, struct buf *out)
{
	buf_puts(out, "<th scope=\"row\" class=\"w\">");
	escape_html(a->name, out);
	buf_puts(out, "</th>");
}

static void run_cell(const struct arm_shown *a, struct buf *out)
{
	int64_t id = a->rendering->run->id;

	if (a->linked)
		buf_printf(out, "<td class=\"n\"><a href=\"run-%" PRId64 ".html\">%" PRId64 "</a></td>", id, id);
	else
		buf_printf(out, "<td class=\"n\">%" PRId64 "</td>", id);
}

static void overlap_row(const struct arm_shown *a, bool load, struct buf *out)
{
	const struct rendering *r = a->rendering;
	struct load_numbers n;
	char text[64], number[32];

	buf_puts(out, "<tr>");
	name_cell(a, out);
	if (r == NULL) {
		buf_puts(out, "<td></td><td class=\"x\">no complete run</td><td></td><td></td>");
		buf_puts(out, load ? "</tr>\n" : "<td></td><td></td></tr>\n");
		return;
	}
	run_cell(a, out);
	if (load) {
		load_numbers_of(r->run, &n);
		html_count(out, r->run->sessions);
		buf_printf(out, "<td class=\"n\">%s</td>", word_number(n.active, number));
		buf_printf(out, "<td class=\"n\">%.3g&nbsp;%%</td></tr>\n", n.active_percent);
		return;
	}
	html_put(out, "td", NULL, r->run->sessions == 1 ? "one after another" : word_verdict_name(r));
	snprintf(text, sizeof text, "%u of %u", r->proof->peak, r->run->sessions);
	html_put(out, "td", "n", text);
	html_put(out, "td", "n", word_number(r->proof->effective_lanes, number));
	snprintf(text, sizeof text, "%.0f %%", r->proof->overlap_percent);
	html_put(out, "td", "n", text);
	buf_puts(out, "<td class=\"w\">");
	if (r->proof->ceiling > 0) {
		buf_printf(out, "%s: ", word_ratio(r->proof->ceiling, number));
		escape_html(r->proof->ceiling_text ? r->proof->ceiling_text : "", out);
	}
	buf_puts(out, "</td></tr>\n");
}

void html_arms_overlap(const struct arms_page *p, struct buf *out)
{
	static const char *const tasks[] = {
	        "", ">run", "verdict", ">peak", ">effective lanes", ">overlapped", "at most", NULL};
	static const char *const load[] = {"", ">run", ">sessions", ">mean active", ">of them", NULL};

	buf_puts(out, "<section>\n<h2>Did they run at the same time?</h2>\n");
	html_table(out, p->load ? load : tasks);
	for (size_t i = 0; i < p->narms; i++)
		overlap_row(&p->arms[i], p->load, out);
	buf_puts(out, "</tbody></table></div>\n<p class=\"note\">");
	buf_puts(out, p->load ? "Sessions inside a transaction on average, on the client's clock, in a run from the "
	                        "middle of each. "
	                      : "Of each a run from the middle. Effective lanes: time the sessions were at work over "
	                        "the time from the first start to the last end; sessions that only wait for one "
	                        "another do not count. ");
	buf_puts(out, "Its whole page: <code>pgparallel report RUN -o FILE.html</code>.</p>\n</section>\n");
}

/* --- what went wrong? -------------------------------------------------------------------------------------------- */

static bool task_error_row(const struct arm_shown *a, const struct error_view *e, struct buf *out)
{
	buf_puts(out, "<tr>");
	name_cell(a, out);
	html_put(out, "td", NULL, e->sqlstate[0] ? e->sqlstate : "none");
	html_put(out, "td", NULL, sqlstate_meaning(e->sqlstate));
	html_put(out, "td", NULL, e->task ? e->task : "");
	html_count(out, e->count);
	html_count(out, e->retried_done);
	html_count(out, e->failed + e->unknown);
	html_put(out, "td", NULL, e->message ? e->message : "");
	buf_puts(out, "</tr>\n");
	return true;
}

static bool load_error_row(const struct arm_shown *a, const struct load_error_view *e, struct buf *out)
{
	const struct load_view *l = a->rendering->run->load;

	buf_puts(out, "<tr>");
	name_cell(a, out);
	html_put(out, "td", NULL, e->sqlstate[0] ? e->sqlstate : "none");
	html_put(out, "td", NULL, load_error_meaning(e));
	html_put(out, "td", NULL, e->script < l->nscripts ? load_script_name(&l->scripts[e->script]) : "");
	html_count(out, (int64_t)(e->failed + e->retried + e->unknown));
	html_count(out, (int64_t)e->retried);
	html_count(out, (int64_t)(e->failed + e->unknown));
	html_put(out, "td", NULL, e->text ? e->text : "");
	buf_puts(out, "</tr>\n");
	return true;
}

static size_t error_rows(const struct arms_page *p, struct buf *out)
{
	size_t rows = 0;

	for (size_t i = 0; i < p->narms; i++) {
		const struct run_view *run = p->arms[i].rendering ? p->arms[i].rendering->run : NULL;

		for (size_t k = 0; run && k < run->nerrors && rows < ERRORS_MOST; k++)
			rows += task_error_row(&p->arms[i], &run->errors[k], out);
		for (size_t k = 0; run && run->load && k < run->load->nerrors && rows < ERRORS_MOST; k++)
			rows += load_error_row(&p->arms[i], &run->load->errors[k], out);
	}
	return rows;
}

void html_arms_errors(const struct arms_page *p, struct buf *out)
{
	static const char *const heads[] = {
	        "", "SQLSTATE", "meaning", "task", ">count", ">repeated", ">failed or unknown", "first message", NULL};
	struct buf rows = {0};
	size_t n = error_rows(p, &rows);

	buf_puts(out, "<section class=\"long\">\n<h2>What went wrong?</h2>\n");
	if (p->trouble[0])
		html_put(out, "p", "warn", p->trouble);
	if (n == 0) {
		html_put(out, "p", "ok", p->trouble[0] ? "No errors in the runs that are compared." : "Nothing.");
	} else {
		html_table(out, heads);
		buf_append(out, buf_str(&rows), rows.len);
		buf_puts(out, "</tbody></table></div>\n<p class=\"note\">Of the runs that stand for each arm.</p>\n");
	}
	buf_puts(out, "</section>\n");
	buf_free(&rows);
}

/* --- how long did the slowest take? ------------------------------------------------------------------------------ */

static void percentile_row(const struct arm_shown *a, struct buf *out)
{
	static const double shown[] = {50, 90, 95, 99, 99.9};
	int64_t low, high;
	char x[32], y[32], text[80];

	buf_puts(out, "<tr>");
	name_cell(a, out);
	html_count(out, (int64_t)a->hist->count);
	for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++) {
		bool sound = hist_sound(a->hist, shown[i]);

		html_put(out, "td", "n",
		        sound ? stats_duration((double)hist_percentile(a->hist, shown[i]) / 1e3, x) : "–");
		if (shown[i] < 99 || shown[i] > 99)
			continue;
		hist_interval(a->hist, shown[i], &low, &high);
		snprintf(text, sizeof text, "%s to %s", stats_duration((double)low / 1e3, x),
		        stats_duration((double)high / 1e3, y));
		html_put(out, "td", "n", sound ? text : "–");
	}
	html_duration(out, (double)hist_max(a->hist) / 1e3);
	buf_puts(out, "</tr>\n");
}

void html_arms_percentiles(const struct arms_page *p, struct buf *out)
{
	static const char *const heads[] = {
	        "", ">transactions", ">p50", ">p90", ">p95", ">p99", ">95 % interval", ">p99.9", ">max", NULL};
	struct percentile_line lines[ARM_LOOKS];
	const char *names[ARM_LOOKS];
	size_t n = 0, more = 0;

	for (size_t i = 0; p->load && i < p->narms; i++) {
		if (p->arms[i].hist == NULL || p->arms[i].hist->count <= 20)
			continue;
		if (n == ARM_LOOKS) {
			more++;
			continue;
		}
		names[n] = p->arms[i].name;
		lines[n++] = (struct percentile_line){p->arms[i].hist, p->arms[i].name};
	}
	if (n == 0)
		return;
	buf_puts(out, "<h3>How long did a transaction take?</h3>\n<figure>\n");
	arm_legend(out, names, n);
	buf_puts(out, "<div class=\"scroll\">");
	chart_percentile_lines("percentiles",
	        "Latency against the share of transactions that were quicker, a curve for each arm, both scales "
	        "logarithmic. The table has the numbers.",
	        lines, n, out);
	buf_puts(out, "</div>\n<figcaption>So long took the given share of transactions at most, over all complete "
	              "runs of an arm together. Bands are 95 % intervals from the order statistics. A curve ends where "
	              "fewer than ten transactions lie above it.");
	if (more > 0)
		buf_printf(out, " %zu more are in the table only.", more);
	buf_puts(out, "</figcaption>\n");
	html_table(out, heads);
	for (size_t i = 0; i < p->narms; i++)
		if (p->arms[i].hist && p->arms[i].hist->count > 0)
			percentile_row(&p->arms[i], out);
	buf_puts(out, "</tbody></table></div>\n</figure>\n");
}

/* --- tasks ------------------------------------------------------------------------------------------------------- */

static const struct stretch *stretch_of(const struct rendering *r, uint32_t task)
{
	for (size_t i = 0; r && i < r->proof->nstretches; i++)
		if (r->proof->stretches[i].task == task)
			return &r->proof->stretches[i];
	return NULL;
}

static void task_row(
        const struct arms_page *p, const struct task_view *task, uint32_t number, double alone_us, struct buf *out)
{
	char text[32];

	buf_puts(out, "<tr><th scope=\"row\">");
	escape_html(task->name, out);
	buf_puts(out, "</th>");
	html_time(out, alone_us);
	for (size_t i = 0; i < p->narms; i++) {
		const struct stretch *s = stretch_of(p->arms[i].rendering, number);

		if (i == p->base)
			continue;
		html_put(out, "td", "n", s ? word_ratio(s->factor, text) : "–");
	}
	buf_puts(out, "</tr>\n");
}

static double alone_of(const struct arms_page *p, uint32_t task)
{
	for (size_t i = 0; i < p->narms; i++) {
		const struct stretch *s = stretch_of(p->arms[i].rendering, task);

		if (s)
			return s->alone_us;
	}
	return -1;
}

void html_arms_tasks(const struct arms_page *p, struct buf *out)
{
	const struct rendering *r = arms_any(p);
	size_t shown;

	if (p->load || r == NULL || p->narms < 2 || p->base >= p->narms || alone_of(p, 0) < 0)
		return;
	shown = r->run->ntasks < TASKS_MOST ? r->run->ntasks : TASKS_MOST;
	buf_puts(out, "<section class=\"long\" id=\"tasks\">\n<h2>Tasks</h2>\n<div class=\"scroll\"><table>\n"
	              "<thead><tr><th scope=\"col\">task</th><th scope=\"col\" class=\"n\">");
	escape_html(p->arms[p->base].name, out);
	buf_puts(out, "</th>");
	for (size_t i = 0; i < p->narms; i++) {
		if (i == p->base)
			continue;
		buf_puts(out, "<th scope=\"col\" class=\"n\">");
		escape_html(p->arms[i].name, out);
		buf_puts(out, "</th>");
	}
	buf_puts(out, "</tr></thead>\n<tbody>\n");
	for (size_t i = 0; i < shown; i++)
		task_row(p, &r->run->tasks[i], (uint32_t)i, alone_of(p, (uint32_t)i), out);
	buf_puts(out,
	        "</tbody></table></div>\n<p class=\"note\">Median execute time of the first, and how many times as "
	        "long it is in the others: above 1.00x the tasks stretch one another.");
	if (shown < r->run->ntasks)
		buf_printf(out, " %zu further tasks are not shown.", r->run->ntasks - shown);
	buf_puts(out, "</p>\n</section>\n");
}

void html_arms_end(const struct arms_page *p, struct buf *out)
{
	const struct rendering *r = arms_any(p);

	if (r)
		html_reproduce(r, p->doubts, out);
	buf_puts(out, "</main>\n<script>");
	assets_script(out);
	buf_puts(out, "</script>\n</body>\n</html>\n");
}
