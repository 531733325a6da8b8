/*
 * html_scale: the page of a series of numbers of sessions: how many to take, the curve of speed-ups with ideal, ceiling
 * and laws, every repeat as a dot. Private to reports/html*.c.
 */
#include "reports/arms.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/chart_arms.h"
#include "reports/escape.h"
#include "reports/html.h"
#include "reports/stats.h"
#include "reports/wording.h"

static void put_words(struct buf *out, const char *tag, const char *class, const struct scaling *s,
        void (*words)(const struct scaling *, struct buf *))
{
	struct buf b = {0};

	words(s, &b);
	if (b.len > 0)
		html_put(out, tag, class, buf_str(&b));
	buf_free(&b);
}

static void put_rules(const struct arms_page *p, const struct scaling *s, struct buf *out)
{
	struct buf b = {0};

	buf_puts(out, "<details><summary>how these numbers are made, and the SQL that shows them</summary>\n<ul>\n");
	scaling_method_words(s, &b);
	html_finding(out, "blocks", buf_str(&b));
	html_finding(out, "speed-up",
	        s->load ? "transactions a second over those of one session in the same block"
	                : "makespan (from the common start to the last task's end) of one session over that of more, "
	                  "in "
	                  "the same block; the serial run is measured and not summed");
	html_finding(out, "ceiling",
	        s->load ? "none is known of load runs: they have no last task"
	                : "the sum of the tasks' times alone over the longest of the longest task, the longest chain "
	                  "of "
	                  "after=, and an even share of the sum for each session: no schedule can be faster");
	html_finding(out, "knee",
	        "the last number of sessions up to which every step to more gave at least half of what they could");
	html_finding(out, "laws",
	        "speed-up = n / (1 + s (n - 1) + k n (n - 1)); Amdahl's law has k = 0. Least squares of logarithms, "
	        "each block with a level of its own, intervals by profile likelihood");
	buf_printf(out,
	        "</ul>\n<pre>SELECT run, sessions, state, makespan_us, wall_us, done, failed FROM v_run WHERE "
	        "experiment = %" PRId64 " ORDER BY sessions, run;</pre>\n",
	        p->experiment);
	if (p->store_path && p->store_path[0]) {
		buf_puts(out, "<p>Run it with <code>sqlite3 -readonly ");
		escape_html(p->store_path, out);
		buf_puts(out, "</code>.</p>\n");
	}
	buf_puts(out, "</details>\n");
	buf_free(&b);
}

static void put_verdict(const struct arms_page *p, const struct scaling *s, struct buf *out)
{
	bool good = scaling_good(s), bad = s->best == SCALING_NONE;
	struct buf b = {0};

	buf_printf(out, "<section class=\"verdict %s\" aria-label=\"verdict\">\n<p><strong class=\"word\">%s ",
	        bad    ? "bad"
	        : good ? "good"
	               : "doubt",
	        bad    ? "✗"
	        : good ? "✓"
	               : "!");
	scaling_verdict(s, &b);
	escape_html(buf_str(&b), out);
	buf_puts(out, ":</strong> ");
	buf_clear(&b);
	scaling_summary(s, &b);
	escape_html(buf_str(&b), out);
	buf_puts(out, ".</p>\n");
	put_words(out, "p", NULL, s, scaling_advice);
	put_words(out, "p", NULL, s, scaling_knee_words);
	if (p->trouble[0])
		html_put(out, "p", "warn", p->trouble);
	if (p->doubts[0])
		html_put(out, "p", "warn", p->doubts);
	put_rules(p, s, out);
	buf_puts(out, "</section>\n");
	buf_free(&b);
}

static void put_tiles(const struct scaling *s, struct buf *out)
{
	const struct scaling_arm *arm;
	struct buf text = {0};
	char number[64], a[64], b[64];

	if (s->best == SCALING_NONE)
		return;
	arm = &s->arms[s->enough];
	buf_puts(out, "<ul class=\"tiles\">\n");
	snprintf(number, sizeof number, "%u", arm->sessions);
	html_tile(out, NULL, number, s->enough == s->best ? "sessions: the highest speed-up" : "sessions are enough");
	buf_printf(&text, "speed-up over one session");
	if (arm->paired.has_interval)
		buf_printf(&text, "; 95&nbsp;%% interval %s to %s", word_ratio(arm->paired.low, a),
		        word_ratio(arm->paired.high, b));
	html_tile(out, NULL, word_ratio(arm->paired.ratio, number), buf_str(&text));
	buf_clear(&text);
	snprintf(number, sizeof number, "%.0f&nbsp;%%", arm->efficiency);
	html_tile(out, NULL, number, "of the ideal speed-up");
	if (arm->ceiling > 0)
		html_tile(out, NULL, word_ratio(arm->ceiling, number), "at most possible with them: the ceiling");
	if (arm->lanes > 0)
		html_tile(out, NULL, word_number(arm->lanes, number),
		        s->load ? "of them active on average" : "effective lanes");
	if (s->amdahl.fitted) {
		snprintf(number, sizeof number, "%.3g&nbsp;%%", 100 * s->amdahl.sigma.value);
		snprintf(a, sizeof a, "serial share by Amdahl's law%s", s->amdahl.misfit ? ", which fits badly" : "");
		html_tile(out, s->amdahl.misfit ? "bad" : NULL, number, a);
	}
	buf_puts(out, "</ul>\n");
	buf_free(&text);
}

/* --- the curve --------------------------------------------------------------------------------------------------- */

static void sample_fit(const struct scaling *s, const struct scaling_fit *fit, const char *name, struct curve_fit *out)
{
	double last = (double)s->arms[s->narms - 1].sessions * 1.15;

	out->name = name;
	out->n = CURVE_SAMPLES;
	for (size_t i = 0; i < out->n; i++) {
		out->x[i] = exp2(log2(last) * (double)i / (CURVE_SAMPLES - 1));
		out->y[i] = scaling_rate(fit, out->x[i]) / fit->rate1.value;
	}
	scaling_band(fit, s->points, s->npoints, SCALING_RELATIVE, out->x, out->n, out->low, out->high);
}

static void curve_points(const struct scaling *s, struct curve_point *points)
{
	for (size_t i = 0; i < s->narms; i++) {
		const struct scaling_arm *a = &s->arms[i];

		points[i] = (struct curve_point){.sessions = a->sessions,
		        .values = a->gain,
		        .nvalues = s->nblocks,
		        .middle = a->blocks ? a->paired.ratio : 0,
		        .low = a->paired.has_interval ? a->paired.low : a->paired.least,
		        .high = a->paired.has_interval ? a->paired.high : a->paired.most,
		        .interval = a->paired.has_interval,
		        .ceiling = a->ceiling};
	}
}

static void curve_of(const struct scaling *s, struct buf *out)
{
	struct curve_point *points = mem_zero(s->narms + 1, sizeof *points);
	struct curve_fit *fits = mem_zero(2, sizeof *fits);
	struct buf about = {0};
	char best[48] = "";
	size_t nfits = 0;

	curve_points(s, points);
	if (s->amdahl.fitted)
		sample_fit(s, &s->amdahl, "Amdahl", &fits[nfits++]);
	if (s->usl.fitted)
		sample_fit(s, &s->usl, "USL", &fits[nfits++]);
	buf_puts(&about, "Speed-up over one session against the number of sessions, both scales logarithmic: ");
	scaling_summary(s, &about);
	buf_puts(&about, ". The table has the numbers.");
	if (s->best != SCALING_NONE)
		snprintf(best, sizeof best, s->enough == s->best ? "best: %u" : "enough: %u",
		        s->arms[s->enough].sessions);
	chart_curve(&(struct curve){.id = "speedup",
	                    .title = "Speed-up against sessions",
	                    .about = buf_str(&about),
	                    .ratio = true,
	                    .points = points,
	                    .npoints = s->narms,
	                    .fits = fits,
	                    .nfits = nfits,
	                    .ideal = 1,
	                    .best = s->best == SCALING_NONE || s->narms < 2 ? 0 : s->arms[s->enough].sessions,
	                    .best_text = best},
	        out);
	buf_free(&about);
	free(points);
	free(fits);
}

static void figure_cell(const struct scaling *s, const struct scaling_arm *a, struct buf *out)
{
	char x[32], y[32], z[32];

	if (a->middle <= 0) {
		buf_puts(out, "<td class=\"n\">–</td><td class=\"n\">–</td>");
		return;
	}
	buf_printf(out, "<td class=\"n\">%s</td><td class=\"n\">%s to %s</td>",
	        s->load ? word_rate(a->middle, x) : stats_duration(a->middle, x),
	        s->load ? word_rate(a->low, y) : stats_duration(a->low, y),
	        s->load ? word_rate(a->high, z) : stats_duration(a->high, z));
}

static void table_row(const struct scaling *s, size_t i, struct buf *out)
{
	const struct scaling_arm *a = &s->arms[i];
	struct buf words = {0};
	char number[32];

	buf_printf(out, "<tr><th scope=\"row\" class=\"n\">%s</th>", word_count(a->sessions, number));
	figure_cell(s, a, out);
	scaling_arm_words(s, i, &words);
	html_put(out, "td", "n", a->blocks > 0 ? buf_str(&words) : "–");
	buf_printf(out, "<td class=\"n\">%.0f&nbsp;%%</td>", a->efficiency);
	if (!s->load)
		html_put(out, "td", "n", a->ceiling > 0 ? word_ratio(a->ceiling, number) : "–");
	html_put(out, "td", "n", a->lanes > 0 ? word_number(a->lanes, number) : "–");
	if (s->load) {
		html_duration(out, a->p95_us > 0 ? a->p95_us : -1);
		html_duration(out, a->p99_us > 0 ? a->p99_us : -1);
	}
	if (isnan(a->step))
		buf_puts(out, "<td class=\"n\">–</td>");
	else
		buf_printf(out, "<td class=\"n\">%.0f&nbsp;%%</td>", 100 * a->step);
	html_count(out, (int64_t)a->blocks);
	buf_puts(out, "</tr>\n");
	buf_free(&words);
}

static void table(const struct scaling *s, struct buf *out)
{
	static const char *const tasks[] = {">sessions", ">makespan", ">interval", ">speed-up", ">of ideal", ">ceiling",
	        ">lanes", ">step", ">blocks", NULL};
	static const char *const load[] = {">sessions", ">transactions/s", ">interval", ">speed-up", ">of ideal",
	        ">active", ">p95", ">p99", ">step", ">blocks", NULL};

	html_table(out, s->load ? load : tasks);
	for (size_t i = 0; i < s->narms; i++)
		table_row(s, i, out);
	buf_puts(out, "</tbody></table></div>\n");
	buf_printf(out,
	        "<p class=\"note\">Speed-ups and times with their %s. Of ideal: speed-up for each session. Step: "
	        "of what the sessions added could give at most, this share was gained.</p>\n",
	        s->claims ? "95&nbsp;% intervals" : "range over the repeats");
}

static void laws(const struct scaling *s, struct buf *out)
{
	const struct scaling_fit *fits[] = {&s->amdahl, &s->usl};

	buf_puts(out, "<ul>\n");
	for (size_t i = 0; i < 2; i++) {
		struct buf b = {0};

		scaling_law_words(s, fits[i], &b);
		html_put(out, "li", NULL, buf_str(&b));
		buf_free(&b);
	}
	buf_puts(out, "</ul>\n");
}

/* Every repeat of makespan or rate. */
static void dots_of(const struct scaling *s, struct buf *out)
{
	struct dots_row *rows = mem_zero(s->narms + 1, sizeof *rows);
	char(*texts)[160] = mem_zero(s->narms + 1, sizeof *texts), x[32], y[32], z[32];

	for (size_t i = 0; i < s->narms; i++) {
		const struct scaling_arm *a = &s->arms[i];

		snprintf(texts[i], 40, "%u session%s", a->sessions, a->sessions == 1 ? "" : "s");
		if (a->middle > 0)
			snprintf(texts[i] + 40, 120, "%s [%s, %s]",
			        s->load ? word_rate(a->middle, x) : stats_duration(a->middle, x),
			        s->load ? word_rate(a->low, y) : stats_duration(a->low, y),
			        s->load ? word_rate(a->high, z) : stats_duration(a->high, z));
		rows[i] = (struct dots_row){.name = texts[i],
		        .text = texts[i] + 40,
		        .values = a->figure,
		        .nvalues = s->nblocks,
		        .middle = a->middle,
		        .low = a->low,
		        .high = a->high,
		        .interval = a->interval,
		        .look = 0};
	}
	chart_dots(&(struct dots){.id = "repeats",
	                   .title = s->load ? "Transactions a second, every repeat" : "Makespan, every repeat",
	                   .about = "A row for each number of sessions: every repeat as a dot, in the order they ran "
	                            "from top to bottom, and the median with its interval. The table has the numbers.",
	                   .unit = s->load ? DOTS_RATE : DOTS_TIME,
	                   .rows = rows,
	                   .nrows = s->narms},
	        out);
	free(rows);
	free(texts);
}

static void put_curve(const struct arms_page *p, const struct scaling *s, struct buf *out)
{
	buf_puts(out, "<section class=\"long\">\n<h2>How fast, and how sure?</h2>\n");
	if (s->best == SCALING_NONE) {
		buf_puts(out, "<p>No block is complete, so there is nothing to compare.</p>\n</section>\n");
		return;
	}
	buf_puts(out, "<figure>\n<div class=\"scroll\">");
	curve_of(s, out);
	buf_printf(out,
	        "</div>\n<figcaption>Speed-up over one session. Small dots are single blocks, bars the "
	        "%s%s%s.</figcaption>\n",
	        s->claims ? "95 % intervals" : "range of the repeats",
	        s->amdahl.fitted || s->usl.fitted ? "; lines are the fitted laws with their 95 % bands" : "",
	        s->load ? "" : "; no schedule of these tasks can pass the ceiling");
	table(s, out);
	laws(s, out);
	buf_puts(out, "</figure>\n<figure>\n<div class=\"scroll\">");
	dots_of(s, out);
	buf_printf(out, "</div>\n<figcaption>%s of every run. The axis does not begin at 0.</figcaption>\n</figure>\n",
	        s->load ? "Transactions a second" : "Makespan, from the common start to the last task's end,");
	html_arms_percentiles(p, out);
	buf_puts(out, "</section>\n");
}

void html_scale(const struct arms_page *p, const struct scaling *s, struct buf *out)
{
	struct buf verdict = {0};

	scaling_verdict(s, &verdict);
	html_arms_begin(p, buf_str(&verdict), out);
	put_verdict(p, s, out);
	put_tiles(s, out);
	html_arms_overlap(p, out);
	html_arms_errors(p, out);
	put_curve(p, s, out);
	html_arms_costs(p, out);
	html_arms_tasks(p, out);
	html_arms_end(p, out);
	buf_free(&verdict);
}
