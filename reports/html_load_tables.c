/*
 * html_load_tables: how long transactions took over the whole run, by percentile, by script and by statement; and what
 * passed before and after what was measured. Private to reports/html*.c.
 */
#include "reports/html.h"

#include <inttypes.h>
#include <stdio.h>

#include "reports/chart_load.h"
#include "reports/escape.h"
#include "reports/stats.h"
#include "reports/wording.h"

#define SCRIPTS_MOST 128
#define COMMANDS_MOST 300
#define SQL_MOST 300

static void percentile_cell(const struct hist *h, double p, bool interval, struct buf *out)
{
	int64_t low, high;
	char a[32], b[32];

	if (!hist_sound(h, p)) {
		buf_puts(out, interval ? "<td class=\"n\">–</td><td class=\"n\">–</td>" : "<td class=\"n\">–</td>");
		return;
	}
	buf_printf(out, "<td class=\"n\">%s</td>", stats_duration((double)hist_percentile(h, p) / 1e3, a));
	if (!interval)
		return;
	hist_interval(h, p, &low, &high);
	buf_printf(out, "<td class=\"n\">%s to %s</td>", stats_duration((double)low / 1e3, a),
	        stats_duration((double)high / 1e3, b));
}

static void percentile_row(const struct load_numbers *n, bool schedule, double p, struct buf *out)
{
	char name[16];

	buf_printf(out, "<tr><th scope=\"row\">%s</th>", load_percentile_name(p, name));
	percentile_cell(n->service, p, true, out);
	if (schedule)
		percentile_cell(n->schedule, p, true, out);
	buf_puts(out, "</tr>\n");
}

static void plain_row(const char *name, double service, double scheduled, bool schedule, struct buf *out)
{
	char time[32];

	buf_printf(out, "<tr><th scope=\"row\">%s</th><td class=\"n\">%s</td><td></td>", name,
	        stats_duration(service / 1e3, time));
	if (schedule)
		buf_printf(out, "<td class=\"n\">%s</td><td></td>", stats_duration(scheduled / 1e3, time));
	buf_puts(out, "</tr>\n");
}

static void percentile_table(const struct load_numbers *n, bool schedule, struct buf *out)
{
	static const char *const service[] = {"", ">service time", ">95 % interval", NULL};
	static const char *const both[] = {
	        "", ">service time", ">95 % interval", ">from the schedule", ">95 % interval", NULL};

	html_table(out, schedule ? both : service);
	plain_row("mean", hist_mean(n->service), hist_mean(n->schedule), schedule, out);
	plain_row("standard deviation", hist_stddev(n->service), hist_stddev(n->schedule), schedule, out);
	plain_row("min", (double)hist_min(n->service), (double)hist_min(n->schedule), schedule, out);
	for (size_t i = 0; i < n->npercentiles; i++)
		percentile_row(n, schedule, n->percentiles[i], out);
	plain_row("max", (double)hist_max(n->service), (double)hist_max(n->schedule), schedule, out);
	buf_puts(out, "</tbody></table></div>\n");
}

void html_load_latency(const struct rendering *r, struct buf *out)
{
	const struct load_view *l = r->run->load;
	static const char *const names[] = {"service time", "from the schedule"};
	struct load_numbers n;
	char count[32], a[32], b[32];

	load_numbers_of(r->run, &n);
	if (n.service->count == 0)
		return;
	buf_puts(out, "<section class=\"long\">\n<h2>How long did a transaction take?</h2>\n<figure>\n");
	if (l->rate > 0)
		plot_legend(out, names, 2);
	if (n.service->count > 20) {
		buf_puts(out, "<div class=\"scroll\">");
		chart_percentiles(r, out);
		buf_puts(out, "</div>\n");
	}
	buf_printf(out,
	        "<figcaption>So long took the given share of %s transactions at most; the slowest are spread out to "
	        "the "
	        "right. Bands are 95 %% intervals from the order statistics. A curve ends where fewer than ten "
	        "transactions lie above it.",
	        word_count(n.service->count, count));
	if (l->rate > 0)
		buf_printf(out, " Transactions began %s later than scheduled on average, at most %s.",
		        stats_duration(hist_mean(n.lag) / 1e3, a), stats_duration((double)hist_max(n.lag) / 1e3, b));
	buf_puts(out, "</figcaption>\n");
	percentile_table(&n, l->rate > 0, out);
	buf_puts(out, "</figure>\n</section>\n");
}

/* --- scripts and statements ------------------------------------------------------------------------------------- */

static void script_row(const struct rendering *r, const struct load_script_view *v, int64_t weights, struct buf *out)
{
	const struct load_view *l = r->run->load;
	const struct hist *h = load_hist(l->rate > 0 ? v->schedule : v->service);
	struct load_numbers n;
	char number[32];

	load_numbers_of(r->run, &n);
	buf_puts(out, "<tr><th scope=\"row\">");
	escape_html(load_script_name(v), out);
	buf_puts(out, "</th>");
	if (l->nscripts > 1)
		buf_printf(out, "<td class=\"n\">%" PRId64 " (%.3g&nbsp;%%)</td>", v->weight,
		        weights > 0 ? 100.0 * (double)v->weight / (double)weights : 0);
	html_count(out, (int64_t)v->done);
	if (l->nscripts > 1)
		buf_printf(out, "<td class=\"n\">%s</td>",
		        n.measured_us > 0 ? word_rate((double)v->done / (double)n.measured_us * 1e6, number) : "–");
	html_duration(out, h->count ? hist_mean(h) / 1e3 : -1);
	percentile_cell(h, 50, false, out);
	percentile_cell(h, 95, false, out);
	percentile_cell(h, 99, false, out);
	html_duration(out, h->count ? (double)hist_max(h) / 1e3 : -1);
	buf_printf(out, "<td class=\"n%s\">%s</td>", v->failed ? " x" : "", word_count(v->failed, number));
	if (l->unknown)
		buf_printf(out, "<td class=\"n%s\">%s</td>", v->unknown ? " x" : "", word_count(v->unknown, number));
	html_count(out, (int64_t)v->retries);
	if (l->rate > 0 && l->latency_limit_us > 0)
		html_count(out, (int64_t)v->skipped);
	buf_puts(out, "</tr>\n");
}

static void command_table(const struct load_view *l, uint32_t script, size_t *left, struct buf *out)
{
	static const char *const heads[] = {
	        ">line", "statement", ">done", ">mean", ">p50", ">p95", ">p99", ">max", ">failures", ">retries", NULL};

	html_table(out, heads);
	for (size_t i = 0; *left > 0 && i < l->ncommands; i++) {
		const struct load_command_view *c = &l->commands[i];
		const struct hist *h = load_hist(c->time);
		struct buf sql = {0};

		if (c->script != script)
			continue;
		--*left;
		buf_printf(out, "<tr><td class=\"n\">%u</td><td>", c->line);
		escape_line(c->text ? c->text : "", false, SQL_MOST, &sql);
		html_put(out, "code", NULL, buf_str(&sql));
		buf_puts(out, "</td>");
		html_count(out, (int64_t)h->count);
		html_duration(out, h->count ? hist_mean(h) / 1e3 : -1);
		percentile_cell(h, 50, false, out);
		percentile_cell(h, 95, false, out);
		percentile_cell(h, 99, false, out);
		html_duration(out, h->count ? (double)hist_max(h) / 1e3 : -1);
		buf_printf(out, "<td class=\"n%s\">%" PRIu64 "</td>", c->failures ? " x" : "", c->failures);
		html_count(out, (int64_t)c->retries);
		buf_puts(out, "</tr>\n");
		buf_free(&sql);
	}
	buf_puts(out, "</tbody></table></div>\n");
}

static void put_commands(const struct load_view *l, struct buf *out)
{
	size_t left = COMMANDS_MOST;

	for (uint32_t i = 0; l->per_command && i < l->nscripts && left > 0; i++) {
		buf_puts(out, "<h3>Statements of ");
		escape_html(load_script_name(&l->scripts[i]), out);
		buf_puts(out, "</h3>\n");
		command_table(l, i, &left, out);
	}
	if (l->per_command && l->ncommands > COMMANDS_MOST)
		buf_printf(out,
		        "<p class=\"note\">%zu further statements are in <code>--csv-table=load_commands</code>.</p>\n",
		        l->ncommands - COMMANDS_MOST);
}

void html_load_scripts(const struct rendering *r, struct buf *out)
{
	const struct load_view *l = r->run->load;
	const char *heads[16] = {"script"};
	bool several = l->nscripts > 1, skips = l->rate > 0 && l->latency_limit_us > 0;
	int64_t weights = 0;

	for (size_t i = 0; i < l->nscripts; i++)
		weights += l->scripts[i].weight;
	const struct {
		const char *head;
		bool shown;
	} columns[] = {{">weight", several}, {">done", true}, {">a second", several}, {">mean", true}, {">p50", true},
	        {">p95", true}, {">p99", true}, {">max", true}, {">failed", true}, {">unknown", l->unknown > 0},
	        {">retries", true}, {">skipped", skips}};

	for (size_t i = 0, n = 1; i < sizeof columns / sizeof columns[0]; i++)
		if (columns[i].shown)
			heads[n++] = columns[i].head;
	buf_puts(out, "<section class=\"long\">\n<h2>Scripts</h2>\n");
	html_table(out, heads);
	for (size_t i = 0; i < l->nscripts && i < SCRIPTS_MOST; i++)
		script_row(r, &l->scripts[i], weights, out);
	buf_printf(out,
	        "</tbody></table></div>\n<p class=\"note\">Times are of transactions that were done%s. A percentile is "
	        "shown where at least 10 lie above it.%s</p>\n",
	        l->rate > 0 ? ", from the schedule" : "",
	        l->per_command ? "" : " With <code>-r</code> each statement has times of its own.");
	put_commands(l, out);
	buf_puts(out, "</section>\n");
}

/* --- around what was measured ----------------------------------------------------------------------------------- */

static void phase_row(const char *name, const char *text, int64_t from, int64_t to, struct buf *out)
{
	if (from == QUERY_NONE || to == QUERY_NONE || to < from)
		return;
	buf_printf(out, "<tr><th scope=\"row\">%s</th><td>%s</td>", name, text);
	html_time(out, (double)from);
	html_time(out, (double)(to - from));
	buf_puts(out, "</tr>\n");
}

void html_load_phases(const struct rendering *r, struct buf *out)
{
	static const char *const heads[] = {"part", "what it is", ">from", ">time", NULL};
	const struct load_view *l = r->run->load;
	const struct run_phases *p = &r->run->phases;
	int64_t ramp_end = p->go_us == QUERY_NONE ? QUERY_NONE : p->go_us + l->ramp_us;
	struct buf connect = {0}, said = {0};

	buf_puts(out, "<section>\n<h2>Where did the time go?</h2>\n");
	html_table(out, heads);
	phase_row("spawn", "starting the workers", 0, p->spawn_end_us, out);
	phase_row("connect", "until all sessions were ready", p->spawn_end_us, p->connected_us, out);
	phase_row("barrier", "waiting for the common start", p->connected_us, p->go_us, out);
	if (l->ramp_us > 0)
		phase_row("ramp", "sessions begin one after another; in no number", p->go_us, ramp_end, out);
	if (l->warmup_us > 0)
		phase_row("warm-up", "in no number", ramp_end, l->begin_us, out);
	phase_row("measured", "from the begin of counting to the last end", l->begin_us, l->end_us, out);
	phase_row("end", "until all workers were gone", l->end_us, p->reap_end_us, out);
	buf_puts(out, "</tbody></table></div>\n<p class=\"note\">");
	word_load_connect(r->run, &connect);
	word_sentence(buf_str(&connect), &said);
	escape_html(buf_str(&said), out);
	buf_puts(out, "</p>\n</section>\n");
	buf_free(&connect);
	buf_free(&said);
}
