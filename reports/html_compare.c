/*
 * html_compare: the page of a comparison: which arm is faster than the reference and how sure that is, every repeat as
 * a dot, what each arm cost. Private to reports/html*.c.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/arms.h"
#include "reports/chart_arms.h"
#include "reports/cost.h"
#include "reports/escape.h"
#include "reports/html.h"
#include "reports/stats.h"
#include "reports/wording.h"

static const char *figure_text(const struct experiment_view *v, double figure, char out[32])
{
	return v->load ? word_rate(figure, out) : stats_duration(figure, out);
}

/* What the pairs show, in capitals. */
static void headline(const struct experiment_view *v, const struct comparison *c, struct buf *out)
{
	uint32_t best = v->reference;
	bool slower = true, any = false;

	for (uint32_t a = 0; a < v->narms; a++) {
		const struct paired *p = &c->arms[a].pair;

		if (a == v->reference)
			continue;
		any = any || p->blocks > 0 || p->ratio > 0;
		slower = slower && p->verdict == PAIRED_SLOWER;
		if (p->verdict == PAIRED_FASTER && (best == v->reference || p->ratio > c->arms[best].pair.ratio))
			best = a;
	}
	if (!any)
		buf_puts(out, "NOTHING TO COMPARE");
	else if (best != v->reference)
		buf_puts(out, "FASTER");
	else if (!v->blocks)
		buf_puts(out, "NO CLAIM: RUNS OF NO BLOCKS");
	else if (!c->claims)
		buf_puts(out, "TOO FEW BLOCKS FOR A CLAIM");
	else if (slower)
		buf_puts(out, "SLOWER");
	else
		buf_puts(out, "NO DIFFERENCE SHOWN");
}

/* Past runs were named one by one. */
static void put_which(const struct arms_page *p, const struct experiment_view *v, struct buf *out)
{
	const char *between = "id IN (";

	if (p->experiment != 0) {
		buf_printf(out, "experiment = %" PRId64, p->experiment);
		return;
	}
	for (uint32_t i = 0; i < v->narms * v->nblocks; i++) {
		if (v->cells[i].run == 0)
			continue;
		buf_printf(out, "%s%" PRId64, between, v->cells[i].run);
		between = ", ";
	}
	buf_putc(out, ')');
}

static void put_rules(
        const struct arms_page *p, const struct experiment_view *v, const struct comparison *c, struct buf *out)
{
	struct buf b = {0};

	buf_puts(out, "<details><summary>how these numbers are made, and the SQL that shows them</summary>\n<ul>\n");
	comparison_method(v, c, &b);
	html_finding(out, "method", buf_str(&b));
	html_finding(out, "figure",
	        v->load ? "transactions done a second, without connecting, ramp and warm-up"
	                : "makespan: from the common start to the last task's end");
	html_finding(out, "ratio",
	        v->load ? "rate of the arm over that of the reference in the same block; above 1 the arm is faster"
	                : "makespan of the reference over that of the arm in the same block; above 1 the arm is "
	                  "faster");
	html_finding(out, "no difference shown", "the test found none, which is not the same as equal");
	buf_puts(out,
	        "</ul>\n<pre>SELECT block, block_order, arm, run, state, makespan_us, done, failed FROM v_run JOIN "
	        "(SELECT id AS run, arm, block, block_order FROM run WHERE ");
	put_which(p, v, out);
	buf_puts(out, ") USING (run) ORDER BY block, block_order;</pre>\n");
	if (p->store_path && p->store_path[0]) {
		buf_puts(out, "<p>Run it with <code>sqlite3 -readonly ");
		escape_html(p->store_path, out);
		buf_puts(out, "</code>.</p>\n");
	}
	buf_puts(out, "</details>\n");
	buf_free(&b);
}

/* Of the arms but the reference, the one that so many others are faster than. */
static uint32_t nth_fastest(const struct experiment_view *v, const struct comparison *c, uint32_t n)
{
	for (uint32_t a = 0; a < v->narms; a++) {
		uint32_t faster = 0;

		for (uint32_t b = 0; b < v->narms; b++) {
			double mine = c->arms[a].pair.ratio, other = c->arms[b].pair.ratio;

			faster += b != v->reference && b != a && (other > mine || (!(other < mine) && b < a));
		}
		if (a != v->reference && faster == n)
			return a;
	}
	return v->reference;
}

static void put_verdict(const struct arms_page *p, const struct experiment_view *v, const struct comparison *c,
        const char *head, struct buf *out)
{
	bool bad = strcmp(head, "NOTHING TO COMPARE") == 0, good = strcmp(head, "FASTER") == 0 && p->trouble[0] == '\0';
	bool open = true;
	struct buf b = {0};

	buf_printf(out,
	        "<section class=\"verdict %s\" aria-label=\"verdict\">\n<p><strong class=\"word\">%s %s:</strong>",
	        bad    ? "bad"
	        : good ? "good"
	               : "doubt",
	        bad    ? "✗"
	        : good ? "✓"
	               : "!",
	        head);
	for (uint32_t i = 0; i + 1 < v->narms; i++) {
		uint32_t a = nth_fastest(v, c, i);

		buf_clear(&b);
		comparison_words(v, c, a, &b);
		buf_puts(out, open ? " " : "<p>");
		escape_html(buf_str(&b), out);
		buf_puts(out, ".</p>\n");
		open = false;
	}
	if (open)
		buf_puts(out, " there is nothing but the reference.</p>\n");
	if (p->trouble[0])
		html_put(out, "p", "warn", p->trouble);
	if (p->doubts[0])
		html_put(out, "p", "warn", p->doubts);
	put_rules(p, v, c, out);
	buf_puts(out, "</section>\n");
	buf_free(&b);
}

/* A tile for each arm, as many as there is room for: the figure, and what it is to the reference. */
static void put_tiles(const struct experiment_view *v, const struct comparison *c, struct buf *out)
{
	buf_puts(out, "<ul class=\"tiles\">\n");
	for (uint32_t a = 0; a < v->narms && a < 6; a++) {
		const struct arm_figure *f = &c->arms[a];
		struct buf text = {0};
		char number[32], ratio[32];

		escape_html(v->arms[a].label, &text);
		if (a == v->reference)
			buf_puts(&text, ": the reference");
		else if (f->pair.ratio > 0)
			buf_printf(&text, ": %s, %s", word_ratio(f->pair.ratio, ratio), comparison_verdict(v, c, a));
		if (v->load && f->middle > 0)
			buf_puts(&text, "; transactions a second");
		html_tile(out,
		        f->pair.verdict == PAIRED_FASTER   ? "good"
		        : f->pair.verdict == PAIRED_SLOWER ? "bad"
		                                           : NULL,
		        f->middle > 0 ? figure_text(v, f->middle, number) : "–", buf_str(&text));
		buf_free(&text);
	}
	buf_puts(out, "</ul>\n");
}

/* --- dots -------------------------------------------------------------------------------------------------------- */

struct rows {
	struct dots_row *rows;
	double *values; /* narms * nblocks */
	char (*texts)[160];
};

static void rows_init(struct rows *r, const struct experiment_view *v)
{
	r->rows = mem_zero((size_t)v->narms + 1, sizeof *r->rows);
	r->values = mem_zero((size_t)v->narms * v->nblocks + 1, sizeof *r->values);
	r->texts = mem_zero((size_t)v->narms + 1, sizeof *r->texts);
}

static void rows_free(struct rows *r)
{
	free(r->rows);
	free(r->values);
	free(r->texts);
}

static void put_dots(const struct experiment_view *v, const struct comparison *c, struct buf *out)
{
	struct rows r;
	char x[32], y[32], z[32];

	rows_init(&r, v);
	for (uint32_t a = 0; a < v->narms; a++) {
		const struct arm_figure *f = &c->arms[a];
		double *values = r.values + (size_t)a * v->nblocks;

		for (uint32_t b = 0; b < v->nblocks; b++)
			values[b] = experiment_figure(v, experiment_cell(v, a, b));
		if (f->middle > 0)
			snprintf(r.texts[a], sizeof r.texts[a], "%s [%s, %s]", figure_text(v, f->middle, x),
			        figure_text(v, f->low, y), figure_text(v, f->high, z));
		else
			snprintf(r.texts[a], sizeof r.texts[a], "no complete run");
		r.rows[a] = (struct dots_row){v->arms[a].label, r.texts[a], values, v->nblocks, f->middle, f->low,
		        f->high, f->interval, (int)a};
	}
	buf_puts(out, "<figure>\n<div class=\"scroll\">");
	chart_dots(
	        &(struct dots){.id = "repeats",
	                .title = v->load ? "Transactions a second, every repeat" : "Makespan, every repeat",
	                .about = "A row for each arm: every repeat as a dot, in the order they ran from top to bottom, "
	                         "and the median with its interval. The table has the numbers.",
	                .unit = v->load ? DOTS_RATE : DOTS_TIME,
	                .rows = r.rows,
	                .nrows = v->narms},
	        out);
	buf_printf(out,
	        "</div>\n<figcaption>%s. Small dots are single runs, first at the top; bars are %s. The axis does not "
	        "begin at 0.</figcaption>\n",
	        v->load ? "Transactions a second: to the right is faster" : "Makespan: to the left is faster",
	        c->claims ? "95 % intervals of the median" : "the range of the repeats");
	buf_puts(out, "</figure>\n");
	rows_free(&r);
}

/* Ratios of each block against the reference. */
static size_t ratio_rows(const struct experiment_view *v, const struct comparison *c, struct rows *r)
{
	size_t n = 0;

	for (uint32_t a = 0; a < v->narms; a++) {
		const struct paired *p = &c->arms[a].pair;
		double *values = r->values + (size_t)a * v->nblocks;
		struct buf words = {0};

		if (a == v->reference || p->blocks == 0)
			continue;
		for (uint32_t b = 0; b < v->nblocks; b++) {
			double mine = experiment_figure(v, experiment_cell(v, a, b));
			double other = experiment_figure(v, experiment_cell(v, v->reference, b));

			values[b] = v->load ? mine / other : other / mine;
		}
		scaling_ratio_words(p, &words);
		snprintf(r->texts[a], sizeof r->texts[a], "%s %s", buf_str(&words),
		        p->has_interval ? paired_verdict_word(p->verdict) : "");
		buf_free(&words);
		r->rows[n++] = (struct dots_row){v->arms[a].label, r->texts[a], values, v->nblocks, p->ratio,
		        p->has_interval ? p->low : p->least, p->has_interval ? p->high : p->most, p->has_interval,
		        (int)a};
	}
	return n;
}

static void put_ratios(const struct experiment_view *v, const struct comparison *c, struct buf *out)
{
	struct buf below = {0}, above = {0};
	struct rows r;
	size_t n;

	rows_init(&r, v);
	n = ratio_rows(v, c, &r);
	buf_printf(&below, "← slower than %.40s", v->arms[v->reference].label);
	buf_printf(&above, "faster than %.40s →", v->arms[v->reference].label);
	if (n > 0) {
		buf_puts(out, "<figure>\n<div class=\"scroll\">");
		chart_dots(
		        &(struct dots){.id = "ratios",
		                .title = "How many times as fast as the reference",
		                .about = "A row for each arm: the ratio of every block as a dot and the ratio over all "
		                         "of them with its interval; 1 is as fast as the reference. The table has the "
		                         "numbers.",
		                .unit = DOTS_RATIO,
		                .rows = r.rows,
		                .nrows = n,
		                .mark = 1,
		                .below = buf_str(&below),
		                .above = buf_str(&above)},
		        out);
		buf_printf(out,
		        "</div>\n<figcaption>How many times as fast as the reference, in the same block: dots are "
		        "single "
		        "blocks, bars %s. %s</figcaption>\n</figure>\n",
		        c->claims ? "95 % intervals" : "their range",
		        c->claims ? "An interval that holds 1.00x is no difference shown." : "");
	}
	buf_free(&below);
	buf_free(&above);
	rows_free(&r);
}

static void put_table(const struct experiment_view *v, const struct comparison *c, struct buf *out)
{
	static const char *const heads[] = {
	        "arm", ">runs", ">figure", ">interval", ">as fast as the reference", "shown", ">p", NULL};

	html_table(out, heads);
	for (uint32_t a = 0; a < v->narms; a++) {
		const struct arm_figure *f = &c->arms[a];
		struct buf words = {0};
		char text[80], x[32], y[32];

		buf_puts(out, "<tr><th scope=\"row\">");
		escape_html(v->arms[a].label, out);
		buf_puts(out, "</th>");
		html_count(out, (int64_t)f->n);
		html_put(out, "td", "n", f->middle > 0 ? figure_text(v, f->middle, x) : "–");
		snprintf(text, sizeof text, "%s to %s", figure_text(v, f->low, x), figure_text(v, f->high, y));
		html_put(out, "td", "n", f->n > 1 ? text : "–");
		if (a != v->reference && f->pair.ratio > 0)
			scaling_ratio_words(&f->pair, &words);
		html_put(out, "td", "n", a == v->reference ? "reference" : words.len ? buf_str(&words) : "–");
		html_put(out, "td", NULL, a == v->reference ? "" : comparison_verdict(v, c, a));
		snprintf(text, sizeof text, "%.3g", f->pair.p);
		html_put(out, "td", "n", a != v->reference && f->pair.has_interval ? text : "");
		buf_puts(out, "</tr>\n");
		buf_free(&words);
	}
	buf_puts(out, "</tbody></table></div>\n");
}

/* --- costs ------------------------------------------------------------------------------------------------------- */

void html_arms_costs(const struct arms_page *p, struct buf *out)
{
	double(*figures)[COSTS] = mem_zero(p->narms + 1, sizeof *figures);
	bool any = false;
	char text[32];

	for (size_t i = 0; i < p->narms; i++) {
		for (int k = 0; k < COSTS; k++)
			figures[i][k] = NAN;
		if (p->arms[i].rendering && cost_known(p->arms[i].rendering->run)) {
			cost_of(p->arms[i].rendering->run, figures[i]);
			any = true;
		}
	}
	if (!any) {
		free(figures);
		return;
	}
	buf_puts(out, "<section class=\"long\">\n<h2>What did each cost?</h2>\n<div class=\"scroll\"><table>\n"
	              "<thead><tr><th scope=\"col\"></th>");
	for (size_t i = 0; i < p->narms; i++) {
		buf_puts(out, "<th scope=\"col\" class=\"n\">");
		escape_html(p->arms[i].name, out);
		buf_puts(out, "</th>");
	}
	buf_puts(out, "</tr></thead>\n<tbody>\n");
	for (int k = 0; k < COSTS; k++) {
		bool known = false;

		for (size_t i = 0; i < p->narms; i++)
			known = known || !isnan(figures[i][k]);
		if (!known)
			continue;
		buf_puts(out, "<tr><th scope=\"row\">");
		escape_html(cost_names[k].name, out);
		buf_puts(out, "</th>");
		for (size_t i = 0; i < p->narms; i++)
			html_put(out, "td", "n", cost_text((enum cost)k, figures[i][k], text));
		buf_puts(out, "</tr>\n");
	}
	buf_puts(out,
	        "</tbody></table></div>\n<p class=\"note\">Of the client's workers, in the run that stands for each "
	        "arm.</p>\n</section>\n");
	free(figures);
}

void html_compare(
        const struct arms_page *p, const struct experiment_view *v, const struct comparison *c, struct buf *out)
{
	struct buf head = {0};

	headline(v, c, &head);
	html_arms_begin(p, buf_str(&head), out);
	put_verdict(p, v, c, buf_str(&head), out);
	put_tiles(v, c, out);
	html_arms_overlap(p, out);
	html_arms_errors(p, out);
	buf_puts(out, "<section class=\"long\">\n<h2>How fast, and how sure?</h2>\n");
	put_ratios(v, c, out);
	put_dots(v, c, out);
	put_table(v, c, out);
	html_arms_percentiles(p, out);
	buf_puts(out, "</section>\n");
	html_arms_faults(p, out);
	html_arms_costs(p, out);
	html_arms_tasks(p, out);
	html_arms_end(p, out);
	buf_free(&head);
}
