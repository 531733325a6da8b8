/*
 * html: a run as one self-contained page: no network, no library; readable with scripts off, styles off, on paper, in
 * the dark and aloud. This file writes the frame, the verdict and the tiles. The caller owns the buffer.
 */
#include "reports/html.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "reports/assets.h"
#include "reports/escape.h"
#include "reports/stats.h"
#include "reports/wording.h"

void html_put(struct buf *out, const char *tag, const char *class, const char *text)
{
	if (class)
		buf_printf(out, "<%s class=\"%s\">", tag, class);
	else
		buf_printf(out, "<%s>", tag);
	escape_html(text, out);
	buf_printf(out, "</%s>", tag);
}

void html_table(struct buf *out, const char *const *heads)
{
	buf_puts(out, "<div class=\"scroll\"><table>\n<thead><tr>");
	for (; *heads; heads++)
		buf_printf(out, **heads == '>' ? "<th scope=\"col\" class=\"n\">%s</th>" : "<th scope=\"col\">%s</th>",
		        **heads == '>' ? *heads + 1 : *heads);
	buf_puts(out, "</tr></thead>\n<tbody>\n");
}

void html_time(struct buf *out, double us)
{
	char time[32];

	buf_printf(out, "<td class=\"n\">%s</td>", us < 0 ? "–" : word_exact(us, time));
}

void html_duration(struct buf *out, double us)
{
	char time[32];

	buf_printf(out, "<td class=\"n\">%s</td>", us < 0 ? "–" : stats_duration(us, time));
}

void html_count(struct buf *out, int64_t count)
{
	char text[32];

	buf_printf(out, "<td class=\"n\">%s%s</td>", count < 0 ? "-" : "",
	        word_count((uint64_t)(count < 0 ? -count : count), text));
}

void html_begin(const char *title, struct buf *out)
{
	buf_puts(out, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	              "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src '");
	assets_style_hash(out);
	buf_puts(out, "'; script-src '");
	assets_script_hash(out);
	buf_puts(out, "'; img-src data:; base-uri 'none'; form-action 'none'\">\n"
	              "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	              "<meta name=\"referrer\" content=\"no-referrer\">\n<link rel=\"icon\" href=\"data:,\">\n<title>");
	escape_html(title, out);
	buf_puts(out, "</title>\n<style>");
	assets_style(out);
	buf_puts(out, "</style>\n</head>\n<body>\n");
}

static void put_head(const struct rendering *r, struct buf *out)
{
	struct buf title = {0};

	buf_printf(&title, "%s: %s, run %" PRId64, r->run->workload ? r->run->workload : "", word_verdict_name(r),
	        r->run->id);
	html_begin(buf_str(&title), out);
	buf_free(&title);
}

static void put_links(const struct rendering *r, struct buf *out)
{
	if (!r->index_href && !r->previous_href)
		return;
	buf_puts(out, "<nav aria-label=\"runs\">");
	if (r->index_href) {
		buf_puts(out, "<a href=\"");
		escape_html(r->index_href, out);
		buf_puts(out, "\">history</a> · ");
	}
	if (r->previous_href) {
		buf_puts(out, "<a rel=\"prev\" href=\"");
		escape_html(r->previous_href, out);
		buf_printf(out, "\">← run %" PRId64 "</a> · ", r->run->previous);
	}
	buf_printf(out, "run %" PRId64 "</nav>\n", r->run->id);
}

static void put_title(const struct rendering *r, struct buf *out)
{
	const char *host = run_view_fact(r->run, "host"), *dbname = run_view_fact(r->run, "dbname");
	struct buf sub = {0};
	char date[32];

	buf_puts(out, "<header>\n");
	put_links(r, out);
	html_put(out, "h1", NULL, r->run->workload ? r->run->workload : "");
	buf_printf(&sub, "run %" PRId64 " · %s · %s engine · ", r->run->id, word_date(r->run->started_wall_us, date),
	        r->run->engine ? r->run->engine : "?");
	word_layout(r->run, &sub);
	if (host)
		buf_printf(&sub, " · %s%s%s", host, dbname ? "/" : "", dbname ? dbname : "");
	buf_putc(out, '\n');
	html_put(out, "p", "sub", buf_str(&sub));
	if (r->run->note && r->run->note[0])
		html_put(out, "p", "sub", r->run->note);
	buf_puts(out, "\n</header>\n<main>\n");
	buf_free(&sub);
}

void html_finding(struct buf *out, const char *name, const char *text)
{
	buf_printf(out, "<li><strong>%s</strong>: ", name);
	escape_html(text, out);
	buf_puts(out, "</li>\n");
}

void html_sql(const struct rendering *r, struct buf *out)
{
	struct buf b = {0};

	buf_puts(out, "<pre>");
	word_sql(r->run, &b);
	escape_html(buf_str(&b), out);
	buf_puts(out, "</pre>\n");
	if (r->store_path && r->store_path[0]) {
		buf_puts(out, "<p>Run it with <code>sqlite3 -readonly ");
		escape_html(r->store_path, out);
		buf_puts(out, "</code>.</p>\n");
	}
	buf_free(&b);
}

/* The three findings, never mixed, and what they rest on. */
static void put_evidence(const struct rendering *r, struct buf *out)
{
	const struct proof *p = r->proof;
	struct buf b = {0};

	buf_puts(out, "<details><summary>the rule, and the SQL that shows it</summary>\n<ul>\n");
	buf_printf(&b, "%s: %s", verdict_name(p->verdict), verdict_rule(p->verdict));
	html_finding(out, "rule", buf_str(&b));
	buf_clear(&b);
	word_overlapped(r, &b);
	html_finding(out, "overlapped", buf_str(&b));
	buf_clear(&b);
	word_gained(r, &b);
	html_finding(out, "gained", buf_str(&b));
	buf_clear(&b);
	word_stretched(r, &b);
	html_finding(out, "stretched", buf_str(&b));
	buf_clear(&b);
	word_witness(r, &b);
	if (b.len > 0)
		html_finding(out, "witness", buf_str(&b));
	if (p->clock_text[0])
		html_finding(out, "clock", p->clock_text);
	buf_puts(out, "</ul>\n");
	html_sql(r, out);
	buf_puts(out, "</details>\n");
	buf_free(&b);
}

void html_below_verdict(const struct rendering *r, struct buf *out)
{
	struct buf b = {0};

	word_state(r->run, &b);
	if (b.len > 0)
		html_put(out, "p", "warn", buf_str(&b));
	buf_clear(&b);
	word_reason(r, &b);
	if (b.len > 0)
		html_put(out, "p", NULL, buf_str(&b));
	buf_clear(&b);
	word_next(r, &b);
	if (b.len > 0)
		html_put(out, "p", "small", buf_str(&b));
	if (r->proof->ndoubts > 0)
		buf_printf(out, "<p class=\"small\"><a href=\"#doubts\">%zu reason%s to doubt these numbers</a></p>",
		        r->proof->ndoubts, r->proof->ndoubts == 1 ? "" : "s");
	buf_free(&b);
}

static void put_verdict(const struct rendering *r, struct buf *out)
{
	bool bad = word_trouble(r), good = r->proof->verdict == VERDICT_PARALLEL;
	struct buf b = {0};

	buf_printf(out, "<section class=\"verdict %s\" aria-label=\"verdict\">\n<p><strong class=\"word\">%s ",
	        bad    ? "bad"
	        : good ? "good"
	               : "doubt",
	        bad    ? "✗"
	        : good ? "✓"
	               : "!");
	word_verdict(r, &b);
	escape_html(buf_str(&b), out);
	buf_puts(out, ":</strong> ");
	buf_clear(&b);
	word_summary(r, &b);
	buf_puts(&b, ". ");
	word_gain(r, &b);
	buf_putc(&b, '.');
	escape_html(buf_str(&b), out);
	buf_puts(out, "</p>\n");
	html_below_verdict(r, out);
	put_evidence(r, out);
	buf_puts(out, "</section>\n");
	buf_free(&b);
}

void html_tile(struct buf *out, const char *class, const char *number, const char *text)
{
	buf_printf(out, "<li%s%s%s><b>", class ? " class=\"" : "", class ? class : "", class ? "\"" : "");
	buf_printf(out, "%s</b><span>%s</span></li>\n", number, text);
}

const char *html_tile_time(double us, char out[64])
{
	char time[32];
	const char *blank = strchr(stats_duration(us, time), ' ');

	if (blank)
		snprintf(out, 64, "%.*s&nbsp;%s", (int)(blank - time), time, blank + 1);
	else
		snprintf(out, 64, "%s", time);
	return out;
}

static void put_outcome_tile(const struct run_view *run, struct buf *out)
{
	uint32_t bad = run->failed + run->unknown + run->not_run;
	struct buf text = {0};
	char number[32];

	buf_puts(&text, bad ? "not done: " : "failed; ");
	word_counts(run, &text);
	html_tile(out, bad ? "bad" : "good", word_count(bad, number), buf_str(&text));
	buf_free(&text);
}

static void put_tiles(const struct rendering *r, struct buf *out)
{
	const struct proof *p = r->proof;
	const struct run_view *run = r->run;
	char number[32], time[64], text[256];

	buf_puts(out, "<ul class=\"tiles\">\n");
	snprintf(
	        text, sizeof text, "wall time; from the common start %s", html_tile_time((double)p->makespan_us, time));
	html_tile(out, NULL, stats_duration((double)word_wall_us(r), number), p->makespan_us > 0 ? text : "wall time");
	if (run->pruned) {
		put_outcome_tile(run, out);
		buf_puts(out, "</ul>\n");
		return;
	}
	if (p->has_baseline && p->speedup > 0) {
		if (p->ceiling > 0)
			snprintf(text, sizeof text,
			        word_at_ceiling(p) ? "speed-up over the measured serial run: at the ceiling of %s"
			                           : "speed-up over the measured serial run; at most %s possible",
			        word_ratio(p->ceiling, time));
		html_tile(out, NULL, word_ratio(p->speedup, number),
		        p->ceiling > 0 ? text : "speed-up over the measured serial run");
	} else {
		html_tile(out, NULL, word_number(p->mean_active, number),
		        "mean active sessions; <code>--baseline</code> shows the speed-up");
	}
	snprintf(text, sizeof text, "effective lanes; peak %u of %u session%s", p->peak, run->sessions,
	        run->sessions == 1 ? "" : "s");
	html_tile(out, NULL, word_number(p->effective_lanes, number), text);
	put_outcome_tile(run, out);
	if (run->done >= 100 && p->makespan_us > 0) {
		snprintf(text, sizeof text, "%s done per second", word_unit(run, 2));
		html_tile(out, NULL, word_number((double)run->done / (double)p->makespan_us * 1e6, number), text);
	}
	if (r->budget->nlines > 0) {
		bool over = r->budget->unexplained_us > r->budget->allowed_us ||
		            -r->budget->unexplained_us > r->budget->allowed_us;

		html_tile(out, over ? "bad" : NULL, word_exact((double)r->budget->unexplained_us, number),
		        "of the wall time unexplained");
	}
	buf_puts(out, "</ul>\n");
}

void html_render(const struct rendering *r, struct buf *out)
{
	put_head(r, out);
	put_title(r, out);
	if (r->run->load) {
		html_load_verdict(r, out);
		html_load_figures(r, out);
		html_errors(r, out);
		html_load_latency(r, out);
		html_load_scripts(r, out);
		html_load_phases(r, out);
	} else {
		put_verdict(r, out);
		put_tiles(r, out);
		html_figures(r, out);
		html_errors(r, out);
		html_budget(r, out);
		html_tasks(r, out);
	}
	html_chaos(r, out);
	html_cost(r, out);
	html_reproduce(r, NULL, out);
	buf_puts(out, "</main>\n<script>");
	assets_script(out);
	buf_puts(out, "</script>\n</body>\n</html>\n");
}
