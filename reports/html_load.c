/*
 * html_load: the page of a load run, first what everybody looks for: one computed sentence, the tiles, and how rate and
 * latency went second by second. Private to reports/html*.c.
 */
#include "reports/html.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "reports/chart_load.h"
#include "reports/escape.h"
#include "reports/stats.h"
#include "reports/wording.h"

#define ROWS_MOST 200
#define STRETCHES_MOST 600 /* on the paper: a step is then one and a half pixels wide */

static void put_rules(const struct rendering *r, struct buf *out)
{
	const struct load_view *l = r->run->load;

	buf_puts(out, "<details><summary>how these numbers are made, and the SQL that shows them</summary>\n<ul>\n");
	html_finding(out, "rate",
	        "transactions done from the begin of counting to the end of the last one, over that time; "
	        "connecting, ramp and warm-up are not in it");
	html_finding(out, "latency",
	        l->rate > 0
	                ? "of transactions that were done: from the start the schedule had for them; the service time "
	                  "from the start they really had"
	                : "of transactions that were done: from the start of the first try to the end, tries and "
	                  "their pauses included");
	html_finding(out, "failures", "stand in counts of their own and are in no rate and no latency");
	html_finding(out, "percentiles",
	        "from histograms whose error is under 1 %; minimum and maximum are exact; none is shown with fewer "
	        "than "
	        "ten transactions above it");
	html_finding(out, "mean active sessions",
	        "the time all sessions together spent inside transactions over the time measured, on the client's "
	        "clock; "
	        "so a load run gets no verdict");
	buf_puts(out, "</ul>\n");
	html_sql(r, out);
	buf_puts(out, "</details>\n");
}

static void put_sentence(const struct rendering *r, struct buf *out)
{
	bool bad = word_trouble(r), good = r->proof->ndoubts == 0;
	const char *text, *by;
	struct buf b = {0}, said = {0};

	buf_printf(out, "<section class=\"verdict %s\" aria-label=\"result\">\n<p><strong class=\"word\">%s ",
	        bad    ? "bad"
	        : good ? "good"
	               : "doubt",
	        bad    ? "✗"
	        : good ? "✓"
	               : "!");
	word_summary(r, &b);
	text = buf_str(&b);
	by = strstr(text, " by ");
	if (by == NULL)
		by = text + strlen(text);
	buf_append(out, text, (size_t)(by - text));
	buf_puts(out, "</strong>");
	escape_html(by, out);
	buf_puts(out, ".</p>\n");
	buf_clear(&b);
	word_gain(r, &b);
	word_sentence(buf_str(&b), &said);
	html_put(out, "p", NULL, buf_str(&said));
	buf_free(&said);
	buf_putc(out, '\n');
	buf_free(&b);
}

static void rate_tiles(const struct rendering *r, const struct load_numbers *n, struct buf *out)
{
	const struct load_view *l = r->run->load;
	char number[64], text[256], a[64], b[64];

	if (l->rate > 0)
		snprintf(text, sizeof text, "transactions a second, %.3g&nbsp;%% of the %s asked for",
		        n->reached_percent, word_rate(l->rate, a));
	else if (l->done > 0 && l->reconnect)
		snprintf(text, sizeof text, "transactions a second; %s without connecting",
		        word_rate(n->tps_without, a));
	else if (l->done > 0)
		snprintf(text, sizeof text, "transactions a second; %s with connecting", word_rate(n->tps_with, a));
	else
		snprintf(text, sizeof text, "transactions a second");
	html_tile(out, l->done ? NULL : "bad", word_rate(n->tps, number), text);
	if (n->latency->count > 0) {
		const char *from = l->rate > 0 ? " from the schedule" : "";

		if (n->headline > 0)
			snprintf(text, sizeof text, "%s%s; p50 %s, max %s", load_percentile_name(n->headline, number),
			        from, html_tile_time((double)hist_percentile(n->latency, 50) / 1e3, a),
			        html_tile_time((double)hist_max(n->latency) / 1e3, b));
		else
			snprintf(text, sizeof text, "max%s; too few for percentiles", from);
		html_tile(out, NULL,
		        stats_duration((double)(n->headline > 0 ? hist_percentile(n->latency, n->headline)
		                                                : hist_max(n->latency)) /
		                               1e3,
		                number),
		        text);
	}
	if (l->rate > 0) {
		snprintf(text, sizeof text, "service time p50; p99 %s",
		        hist_sound(n->service, 99) ? html_tile_time((double)hist_percentile(n->service, 99) / 1e3, a)
		                                   : "–");
		html_tile(out, NULL, stats_duration((double)hist_percentile(n->service, 50) / 1e3, number), text);
	}
}

static void put_tiles(const struct rendering *r, struct buf *out)
{
	const struct load_view *l = r->run->load;
	struct load_numbers n;
	struct buf text = {0};
	char number[64], a[64];

	load_numbers_of(r->run, &n);
	buf_puts(out, "<ul class=\"tiles\">\n");
	rate_tiles(r, &n, out);
	snprintf(a, sizeof a, "mean active sessions of %u (%.3g&nbsp;%%)", r->run->sessions, n.active_percent);
	html_tile(out, NULL, word_number(n.active, number), a);
	if (l->latency_limit_us > 0) {
		buf_printf(&text, "over the limit of %s", html_tile_time((double)l->latency_limit_us, a));
		if (l->rate > 0)
			buf_printf(&text, "; %s skipped", word_count(l->skipped, a));
		snprintf(number, sizeof number, "%.3g&nbsp;%%", load_percent(l->late, l->done));
		html_tile(out, NULL, number, buf_str(&text));
		buf_clear(&text);
	}
	buf_printf(&text, "%s of %s", l->unknown ? "failed or unknown" : "failed", word_count(n.all, a));
	if (l->retries)
		buf_printf(&text, "; %s %s repeated", word_count(l->retries, a), l->retries == 1 ? "try" : "tries");
	if (l->aborted)
		buf_printf(&text, "; %s session%s given up", word_count(l->aborted, a), l->aborted == 1 ? "" : "s");
	html_tile(out, word_trouble(r) ? "bad" : "good", word_count(l->failed + l->unknown, number), buf_str(&text));
	buf_puts(out, "</ul>\n");
	buf_free(&text);
}

void html_load_verdict(const struct rendering *r, struct buf *out)
{
	put_sentence(r, out);
	html_below_verdict(r, out);
	put_rules(r, out);
	buf_puts(out, "</section>\n");
	put_tiles(r, out);
}

/* --- second by second -------------------------------------------------------------------------------------------- */

static const char *note_of(const struct load_stretch *t)
{
	return t->out ? "outage" : t->measured ? "" : "not measured";
}

static void table_begin(const char *const *heads, struct buf *out)
{
	buf_puts(out, "<details><summary>the same numbers as a table</summary>\n");
	html_table(out, heads);
}

static void table_end(const struct rendering *r, const struct load_series *table, struct buf *out)
{
	char n[32];

	buf_puts(out, "</tbody></table></div>\n");
	if (table->each > 1)
		buf_printf(out,
		        "<p class=\"note\">A row holds up to %zu seconds; all %s: <code>pgparallel report %" PRId64
		        " -F csv</code>.</p>\n",
		        table->each, word_count(r->run->load->nseconds, n), r->run->id);
	buf_puts(out, "</details>\n");
}

static void row_begin(const struct load_stretch *t, struct buf *out)
{
	char from[32];

	buf_printf(out, "<tr%s data-t=\"%" PRId64 "\"><th scope=\"row\" class=\"n\">%s</th>",
	        t->failed + t->unknown || t->out ? " class=\"x\"" : "", t->from_us,
	        word_exact(t->from_us > 0 ? (double)t->from_us : 0, from));
}

static void rate_table(const struct rendering *r, const struct load_series *table, struct buf *out)
{
	static const char *const heads[] = {
	        ">from", ">a second", ">done", ">failed", ">unknown", ">skipped", ">retries", ">sessions", "", NULL};
	char rate[32];

	table_begin(heads, out);
	for (size_t i = 0; i < table->count; i++) {
		const struct load_stretch *t = &table->stretches[i];

		row_begin(t, out);
		buf_printf(out, "<td class=\"n\">%s</td>", t->out ? "–" : word_rate(t->tps, rate));
		html_count(out, (int64_t)t->done);
		html_count(out, (int64_t)t->failed);
		html_count(out, (int64_t)t->unknown);
		html_count(out, (int64_t)t->skipped);
		html_count(out, (int64_t)t->retries);
		html_count(out, t->sessions);
		buf_printf(out, "<td>%s</td></tr>\n", note_of(t));
	}
	table_end(r, table, out);
}

static void latency_table(const struct rendering *r, const struct load_series *table, bool schedule, struct buf *out)
{
	static const char *const heads[] = {">from", ">mean", ">p50", ">p95", ">p99", ">max", "", NULL};

	table_begin(heads, out);
	for (size_t i = 0; i < table->count; i++) {
		const struct load_stretch *t = &table->stretches[i];
		const int64_t us[] = {schedule ? t->schedule_p50_us : t->p50_us,
		        schedule ? t->schedule_p95_us : t->p95_us, schedule ? t->schedule_p99_us : t->p99_us,
		        schedule ? t->schedule_max_us : t->max_us};

		row_begin(t, out);
		html_duration(out, t->done == 0 ? -1 : schedule ? t->schedule_mean_us : t->mean_us);
		for (size_t k = 0; k < sizeof us / sizeof us[0]; k++)
			html_duration(out, us[k] > 0 ? (double)us[k] : -1);
		buf_printf(out, "<td>%s</td></tr>\n", note_of(t));
	}
	table_end(r, table, out);
}

static void latency_figure(const struct rendering *r, const struct load_series *series, const struct load_series *table,
        bool schedule, struct buf *out)
{
	const char *names[PLOT_LINES];

	chart_latency_names(series, schedule, names);
	buf_printf(out, "<h3>%s</h3>\n<figure>\n", schedule ? "Time from the schedule" : "Service time");
	plot_legend(out, names, PLOT_LINES);
	buf_puts(out, "<div class=\"scroll\">");
	chart_latency(r, series, schedule, out);
	buf_puts(out, "</div>\n<figcaption>");
	buf_puts(out, schedule ? "From the start that the schedule had for a transaction to its end: what somebody who "
	                         "came at "
	                         "that time would have waited. "
	              : r->run->load->rate > 0 ? "From the start a transaction really had to its end. "
	                                       : "From the start of a transaction to its end, retries included. ");
	buf_puts(out,
	        "The scale is logarithmic. A percentile is left out in seconds with fewer than ten transactions above "
	        "it.");
	if (series->each > 1)
		buf_printf(out, " A point stands for up to %zu seconds and shows the worst of them.", series->each);
	buf_puts(out, "</figcaption>\n");
	latency_table(r, table, schedule, out);
	buf_puts(out, "</figure>\n");
}

static void sessions_figure(const struct rendering *r, const struct load_series *series, struct buf *out)
{
	if (series->least_sessions == series->most_sessions && series->most_sessions > 0) {
		buf_printf(out, "<p class=\"note\">%u session%s stayed connected all the time.</p>\n",
		        series->most_sessions, series->most_sessions == 1 ? "" : "s");
		return;
	}
	buf_puts(out, "<figure>\n<div class=\"scroll\">");
	chart_sessions(r, series, out);
	buf_printf(out,
	        "</div>\n<figcaption>Sessions connected at the end of each second: %u at least, %u asked for. The "
	        "table above has the numbers.</figcaption>\n</figure>\n",
	        series->least_sessions, r->run->sessions);
}

void html_load_figures(const struct rendering *r, struct buf *out)
{
	const struct load_view *l = r->run->load;
	struct load_series series, table;

	if (l->nseconds == 0)
		return;
	load_series_of(r->run, STRETCHES_MOST, &series);
	load_series_of(r->run, ROWS_MOST, &table);
	buf_puts(out, "<section class=\"long\">\n<h2>How many, and how fast?</h2>\n<h3>Transactions a second</h3>\n"
	              "<figure>\n<div class=\"scroll\">");
	chart_rate(r, &series, out);
	buf_puts(out, "</div>\n<figcaption>Transactions done in each second.");
	if (series.each > 1)
		buf_printf(out, " A step is the mean of up to %zu seconds.", series.each);
	if (l->failed + l->unknown)
		buf_puts(out, " Red ticks: something failed or its outcome is unknown.");
	if (series.noutages)
		buf_puts(out, " An outage is a gap and no rate of zero.");
	if (l->warmup_us > 0 || l->ramp_us > 0)
		buf_puts(out, " What is shaded grey is in no number.");
	buf_puts(out, "</figcaption>\n");
	rate_table(r, &table, out);
	buf_puts(out, "</figure>\n");
	sessions_figure(r, &series, out);
	if (l->rate > 0)
		latency_figure(r, &series, &table, true, out);
	latency_figure(r, &series, &table, false, out);
	buf_puts(out, "</section>\n");
	load_series_free(&series);
	load_series_free(&table);
}
