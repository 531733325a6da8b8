/*
 * markdown_load: a load run as a pull-request comment, and the parts of the proof document that differ from those of a
 * task list. Private to reports/markdown*.c.
 */
#include "reports/markdown.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "reports/escape.h"
#include "reports/load_numbers.h"
#include "reports/load_series.h"
#include "reports/stats.h"
#include "reports/wording.h"

#define SCRIPTS_MOST 10
#define COMMANDS_MOST 20
#define ERRORS_MOST 10
#define PROOF_MOST 300
#define STRETCHES_MOST 120

static void sentence(const struct rendering *r, struct buf *out)
{
	struct buf b = {0}, said = {0};

	word_summary(r, &b);
	buf_puts(out, "**");
	escape_markdown_text(buf_str(&b), out);
	buf_puts(out, "**\n\n");
	buf_clear(&b);
	word_load_active(r->run, &b);
	word_sentence(buf_str(&b), &said);
	escape_markdown_text(buf_str(&said), out);
	buf_puts(out, "\n\n");
	buf_clear(&b);
	word_state(r->run, &b);
	if (b.len > 0) {
		escape_markdown_text(buf_str(&b), out);
		buf_puts(out, "\n\n");
	}
	buf_free(&said);
	buf_free(&b);
}

static void time_cell(double ns, bool shown, struct buf *out)
{
	char time[32];

	buf_printf(out, " %s |", shown ? stats_duration(ns / 1e3, time) : "");
}

static void latency_row(const char *name, const struct load_numbers *n, const struct hist *h, struct buf *out)
{
	buf_printf(out, "| %s |", name);
	time_cell(hist_mean(h), h->count > 0, out);
	time_cell(hist_stddev(h), h->count > 0, out);
	for (size_t i = 0; i < n->npercentiles; i++)
		time_cell((double)hist_percentile(h, n->percentiles[i]), hist_sound(h, n->percentiles[i]), out);
	time_cell((double)hist_max(h), h->count > 0, out);
	buf_putc(out, '\n');
}

static void latencies(const struct rendering *r, struct buf *out)
{
	struct load_numbers n;
	char name[16];

	load_numbers_of(r->run, &n);
	if (n.service->count == 0)
		return;
	buf_puts(out, "| latency | mean | stddev |");
	for (size_t i = 0; i < n.npercentiles; i++)
		buf_printf(out, " %s |", load_percentile_name(n.percentiles[i], name));
	buf_puts(out, " max |\n|---|---:|---:|");
	for (size_t i = 0; i < n.npercentiles; i++)
		buf_puts(out, "---:|");
	buf_puts(out, "---:|\n");
	if (r->run->load->rate > 0)
		latency_row("from the schedule", &n, n.schedule, out);
	latency_row("service time", &n, n.service, out);
	buf_putc(out, '\n');
}

static void numbers(const struct rendering *r, struct buf *out)
{
	const struct load_view *l = r->run->load;
	struct load_numbers n;
	char a[32], b[32];

	load_numbers_of(r->run, &n);
	buf_printf(out, "| transactions/s | %s connecting | done | failed | unknown |%s tries repeated |%s\n",
	        l->reconnect ? "without" : "with", l->rate > 0 ? " skipped |" : "",
	        l->latency_limit_us > 0 ? " over the limit |" : "");
	buf_printf(out, "|---:|---:|---:|---:|---:|%s---:|%s\n", l->rate > 0 ? "---:|" : "",
	        l->latency_limit_us > 0 ? "---:|" : "");
	buf_printf(out, "| %s | %s |", word_rate(n.tps, a), word_rate(l->reconnect ? n.tps_without : n.tps_with, b));
	buf_printf(out, " %s | %s |", word_count(l->done, a), word_count(l->failed, b));
	buf_printf(out, " %s |", word_count(l->unknown, a));
	if (l->rate > 0)
		buf_printf(out, " %s |", word_count(l->skipped, a));
	buf_printf(out, " %s |", word_count(l->retries, a));
	if (l->latency_limit_us > 0)
		buf_printf(out, " %s |", word_count(l->late, a));
	buf_puts(out, "\n\n");
}

static void errors(const struct load_view *l, size_t most, struct buf *out)
{
	size_t shown = l->nerrors < most ? l->nerrors : most;

	if (shown == 0)
		return;
	buf_puts(out, "| SQLSTATE | meaning | script | failed | tries repeated | unknown | first message |\n"
	              "|---|---|---|---:|---:|---:|---|\n");
	for (size_t i = 0; i < shown; i++) {
		const struct load_error_view *e = &l->errors[i];

		buf_puts(out, "| ");
		escape_markdown(e->sqlstate[0] ? e->sqlstate : "none", 8, out);
		buf_printf(out, " | %s | ", load_error_meaning(e));
		escape_markdown(e->script < l->nscripts ? load_script_name(&l->scripts[e->script]) : "", 40, out);
		buf_printf(out, " | %" PRIu64 " | %" PRIu64 " | %" PRIu64 " | ", e->failed, e->retried, e->unknown);
		escape_markdown(e->text ? e->text : "", 120, out);
		buf_puts(out, " |\n");
	}
	buf_putc(out, '\n');
	if (shown < l->nerrors)
		buf_printf(out, "%zu further kinds of error are in `--csv-table=load_errors`.\n\n", l->nerrors - shown);
}

static void scripts(const struct rendering *r, size_t most, struct buf *out)
{
	const struct load_view *l = r->run->load;
	size_t shown = l->nscripts < most ? l->nscripts : most;

	buf_puts(out, "| script | weight | done | failed | unknown | mean | p50 | p95 | p99 | max |\n"
	              "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n");
	for (size_t i = 0; i < shown; i++) {
		const struct load_script_view *v = &l->scripts[i];
		const struct hist *h = load_hist(l->rate > 0 ? v->schedule : v->service);

		buf_puts(out, "| ");
		escape_markdown(load_script_name(v), 40, out);
		buf_printf(out, " | %" PRId64 " | %" PRIu64 " | %" PRIu64 " | %" PRIu64 " |", v->weight, v->done,
		        v->failed, v->unknown);
		time_cell(hist_mean(h), h->count > 0, out);
		time_cell((double)hist_percentile(h, 50), hist_sound(h, 50), out);
		time_cell((double)hist_percentile(h, 95), hist_sound(h, 95), out);
		time_cell((double)hist_percentile(h, 99), hist_sound(h, 99), out);
		time_cell((double)hist_max(h), h->count > 0, out);
		buf_putc(out, '\n');
	}
	buf_putc(out, '\n');
	if (shown < l->nscripts)
		buf_printf(out, "%zu further scripts are in `--csv-table=load_scripts`.\n\n", l->nscripts - shown);
}

static void commands(const struct load_view *l, size_t most, struct buf *out)
{
	size_t shown = l->ncommands < most ? l->ncommands : most;

	if (shown == 0)
		return;
	buf_puts(out, "| script | line | statement | mean | p95 | max | failures | retries |\n"
	              "|---|---:|---|---:|---:|---:|---:|---:|\n");
	for (size_t i = 0; i < shown; i++) {
		const struct load_command_view *c = &l->commands[i];
		const struct hist *h = load_hist(c->time);

		buf_printf(out, "| %u | %u | ", c->script + 1, c->line);
		escape_markdown(c->text ? c->text : "", 80, out);
		buf_puts(out, " |");
		time_cell(hist_mean(h), h->count > 0, out);
		time_cell((double)hist_percentile(h, 95), hist_sound(h, 95), out);
		time_cell((double)hist_max(h), h->count > 0, out);
		buf_printf(out, " %" PRIu64 " | %" PRIu64 " |\n", c->failures, c->retries);
	}
	buf_putc(out, '\n');
	if (shown < l->ncommands)
		buf_printf(out, "%zu further statements are in `--csv-table=load_commands`.\n\n", l->ncommands - shown);
}

void markdown_load(const struct rendering *r, struct buf *out)
{
	sentence(r, out);
	numbers(r, out);
	latencies(r, out);
	errors(r->run->load, ERRORS_MOST, out);
	if (r->run->load->nscripts > 1)
		scripts(r, SCRIPTS_MOST, out);
	commands(r->run->load, COMMANDS_MOST, out);
}

/* --- the document ----------------------------------------------------------------------------------------------- */

static void stretches(const struct rendering *r, struct buf *out)
{
	struct load_series s;
	char from[32], rate[32];

	load_series_of(r->run, STRETCHES_MOST, &s);
	buf_puts(out, "## Second by second\n\n");
	if (s.count == 0) {
		buf_puts(out, "Nothing was started.\n\n");
		load_series_free(&s);
		return;
	}
	buf_puts(out, "| from | transactions/s | done | failed | unknown | skipped | retries | sessions | p50 | p99 | "
	              "max | |\n"
	              "|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---|\n");
	for (size_t i = 0; i < s.count; i++) {
		const struct load_stretch *t = &s.stretches[i];

		buf_printf(out, "| %s | %s |", word_exact(t->from_us > 0 ? (double)t->from_us : 0, from),
		        t->out ? "" : word_rate(t->tps, rate));
		buf_printf(out, " %" PRIu64 " | %" PRIu64 " | %" PRIu64 " | %" PRIu64 " | %" PRIu64 " | %u |", t->done,
		        t->failed, t->unknown, t->skipped, t->retries, t->sessions);
		time_cell((double)t->p50_us * 1e3, t->p50_us > 0, out);
		time_cell((double)t->p99_us * 1e3, t->p99_us > 0, out);
		time_cell((double)t->max_us * 1e3, t->max_us > 0, out);
		buf_printf(out, " %s |\n", t->out ? "outage" : t->measured ? "" : "not measured");
	}
	if (s.each > 1)
		buf_printf(out,
		        "\nA row holds up to %zu seconds: its rate is their mean, its latency that of the worst.\n",
		        s.each);
	buf_putc(out, '\n');
	load_series_free(&s);
}

static void events(const struct run_view *run, struct buf *out)
{
	char at[32];

	if (run->nevents == 0)
		return;
	buf_puts(out, "### Events\n\n");
	for (size_t i = 0; i < run->nevents && i < PROOF_MOST; i++) {
		buf_printf(out, "- %s: ", word_exact(run->events[i].at_us > 0 ? (double)run->events[i].at_us : 0, at));
		escape_markdown_text(run->events[i].kind ? run->events[i].kind : "", out);
		buf_puts(out, ": ");
		escape_markdown_text(run->events[i].text ? run->events[i].text : "", out);
		buf_putc(out, '\n');
	}
	buf_putc(out, '\n');
}

static void finding(struct buf *out, const char *name, void (*say)(const struct run_view *, struct buf *),
        const struct run_view *run)
{
	struct buf b = {0};

	say(run, &b);
	buf_printf(out, "- %s: ", name);
	escape_markdown_text(buf_str(&b), out);
	buf_puts(out, ".\n");
	buf_free(&b);
}

void markdown_load_proof(const struct rendering *r, struct buf *out)
{
	const struct run_view *run = r->run;
	struct buf sql = {0};

	sentence(r, out);
	numbers(r, out);
	latencies(r, out);
	markdown_configuration(r, out);
	stretches(r, out);
	buf_puts(out, "## Results\n\n");
	scripts(r, PROOF_MOST, out);
	commands(run->load, PROOF_MOST, out);
	buf_puts(out, "## Findings\n\n");
	finding(out, "transactions", word_load_counts, run);
	finding(out, "active", word_load_active, run);
	finding(out, "measured", word_load_measured, run);
	finding(out, "connections", word_load_connect, run);
	buf_printf(out, "- rule: %s\n\n", verdict_rule(VERDICT_NONE));
	word_sql(run, &sql);
	markdown_fence("sql", buf_str(&sql), out);
	buf_free(&sql);
	if (run->load->nerrors > 0) {
		buf_puts(out, "### Errors\n\n");
		errors(run->load, PROOF_MOST, out);
	}
	events(run, out);
	buf_puts(out, "### Reasons to doubt these numbers\n\n");
	if (r->proof->ndoubts == 0)
		buf_puts(out, "None of the checks found one.\n");
	markdown_doubts(r, out);
}
