/*
 * html_tables: what went wrong, where the time went, the tasks, and how to reproduce the run. Private to
 * reports/html*.c.
 */
#include "reports/html.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/chart.h"
#include "reports/escape.h"
#include "reports/load_numbers.h"
#include "reports/sqlstate.h"
#include "reports/task_stats.h"
#include "reports/verify.h"
#include "reports/wording.h"

#define ERRORS_MOST 100
#define EVENTS_MOST 100
#define TASKS_MOST 300
#define SQL_MOST 300

/* The last cell of a row. */
static void error_message(const char *text, struct buf *out)
{
	struct buf line = {0};

	buf_puts(out, "<td>");
	escape_line(text ? text : "", false, 300, &line);
	html_put(out, "code", NULL, buf_str(&line));
	buf_free(&line);
	buf_puts(out, "</td></tr>\n");
}

static void error_row(const struct error_view *e, struct buf *out)
{
	buf_puts(out, "<tr><th scope=\"row\">");
	html_put(out, "code", NULL, e->sqlstate[0] ? e->sqlstate : "none");
	buf_puts(out, "</th>");
	html_put(out, "td", NULL, sqlstate_meaning(e->sqlstate));
	html_put(out, "td", NULL, e->phase ? e->phase : "");
	html_put(out, "td", NULL, e->task ? e->task : "");
	html_count(out, e->count);
	html_count(out, e->retried_done);
	html_count(out, e->failed);
	html_count(out, e->unknown);
	error_message(e->message, out);
}

static size_t strange_exits(const struct run_view *run, struct buf *out)
{
	size_t strange = 0;

	for (size_t i = 0; i < run->nworker_rows; i++) {
		const struct worker_view *w = &run->worker_rows[i];
		char text[128];

		if (strcmp(w->end, "exit 0") == 0 || w->end[0] == '\0')
			continue;
		if (strange++ >= EVENTS_MOST || out == NULL)
			continue;
		snprintf(text, sizeof text, "worker %u (generation %u, pid %d) ended with %s", w->worker + 1,
		        w->generation, w->pid, w->end);
		html_put(out, "li", NULL, text);
		buf_putc(out, '\n');
	}
	return strange;
}

static void event_table(const struct run_view *run, struct buf *out)
{
	static const char *const heads[] = {">when", "event", "text", NULL};
	size_t shown = run->nevents < EVENTS_MOST ? run->nevents : EVENTS_MOST;

	if (run->nevents == 0)
		return;
	buf_puts(out, "<h3>Events</h3>\n");
	html_table(out, heads);
	for (size_t i = 0; i < shown; i++) {
		buf_puts(out, "<tr>");
		html_time(out, run->events[i].at_us < 0 ? 0 : (double)run->events[i].at_us);
		html_put(out, "td", NULL, run->events[i].kind ? run->events[i].kind : "");
		html_put(out, "td", NULL, run->events[i].text ? run->events[i].text : "");
		buf_puts(out, "</tr>\n");
	}
	buf_puts(out, "</tbody></table></div>\n");
	if (shown < run->nevents)
		buf_printf(out, "<p class=\"note\">%zu further events are in the CSV.</p>\n", run->nevents - shown);
}

static void load_error_table(const struct load_view *l, struct buf *out)
{
	static const char *const heads[] = {"SQLSTATE", "meaning", "script", ">failed", ">tries repeated",
	        ">lost or unknown", "first message", NULL};

	html_table(out, heads);
	for (size_t i = 0; i < l->nerrors && i < ERRORS_MOST; i++) {
		const struct load_error_view *e = &l->errors[i];

		buf_puts(out, "<tr><th scope=\"row\">");
		html_put(out, "code", NULL, e->sqlstate[0] ? e->sqlstate : "none");
		buf_puts(out, "</th>");
		html_put(out, "td", NULL, load_error_meaning(e));
		html_put(out, "td", NULL, e->script < l->nscripts ? load_script_name(&l->scripts[e->script]) : "");
		html_count(out, (int64_t)e->failed);
		html_count(out, (int64_t)e->retried);
		html_count(out, (int64_t)e->unknown);
		error_message(e->text, out);
	}
	buf_puts(out, "</tbody></table></div>\n");
}

static void error_table(const struct run_view *run, struct buf *out)
{
	static const char *const heads[] = {"SQLSTATE", "meaning", "phase", "task", ">count", ">retried ok", ">failed",
	        ">lost or unknown", "first message", NULL};

	html_table(out, heads);
	for (size_t i = 0; i < run->nerrors && i < ERRORS_MOST; i++)
		error_row(&run->errors[i], out);
	buf_puts(out, "</tbody></table></div>\n");
}

void html_errors(const struct rendering *r, struct buf *out)
{
	const struct run_view *run = r->run;
	size_t kinds = run->load ? run->load->nerrors : run->nerrors;
	struct buf counts = {0};

	buf_puts(out, "<section class=\"long\">\n<h2>What went wrong?</h2>\n");
	word_counts(run, &counts);
	if (kinds == 0 && !word_trouble(r) && strange_exits(run, NULL) == 0)
		buf_printf(out, "<p class=\"ok\">Nothing: %s, no error, no retry.</p>\n", buf_str(&counts));
	else if (kinds == 0)
		buf_printf(out, "<p>No query gave an error; %s.</p>\n", buf_str(&counts));
	else if (run->load)
		load_error_table(run->load, out);
	else
		error_table(run, out);
	if (kinds > ERRORS_MOST)
		buf_printf(
		        out, "<p class=\"note\">%zu further kinds of error are in the CSV.</p>\n", kinds - ERRORS_MOST);
	if (strange_exits(run, NULL) > 0) {
		buf_puts(out, "<h3>Workers that did not end by themselves</h3>\n<ul>\n");
		strange_exits(run, out);
		buf_puts(out, "</ul>\n");
	}
	event_table(run, out);
	buf_puts(out, "</section>\n");
	buf_free(&counts);
}

static void budget_row(struct buf *out, const char *class, const char *name, const char *text, int64_t us, int64_t wall)
{
	char time[32];

	buf_printf(out, "<tr%s><th scope=\"row\">", class);
	escape_html(name, out);
	buf_puts(out, "</th><td>");
	escape_html(text ? text : "", out);
	buf_printf(out, "</td><td class=\"n\">%s</td>", word_exact((double)us, time));
	if (wall > 0)
		buf_printf(out, "<td class=\"n\">%.2f %%</td>", 100.0 * (double)us / (double)wall);
	buf_puts(out, "</tr>\n");
}

static void put_suspects(const struct rendering *r, struct buf *out)
{
	struct buf b = {0};

	if (r->proof->nsuspects > 0)
		buf_puts(out, "<h3 id=\"suspects\">What may have kept it from being faster</h3>\n<ol>\n");
	for (size_t i = 0; i < r->proof->nsuspects; i++) {
		buf_clear(&b);
		word_suspect(r, i, &b);
		html_put(out, "li", NULL, buf_str(&b));
		buf_putc(out, '\n');
	}
	if (r->proof->nsuspects > 0)
		buf_puts(out,
		        "</ol>\n<p class=\"note\">Shares are estimates and may overlap; <code>--confirm</code> runs "
		        "again without the best one.</p>\n");
	buf_clear(&b);
	word_client_cpu(r, &b);
	if (b.len > 0) {
		struct buf sentence = {0};

		word_sentence(buf_str(&b), &sentence);
		html_put(out, "p", NULL, buf_str(&sentence));
		buf_putc(out, '\n');
		buf_free(&sentence);
	}
	buf_free(&b);
}

static void counter_cell(struct buf *out, int64_t value)
{
	if (value == QUERY_NONE)
		buf_puts(out, "<td class=\"n\">–</td>");
	else
		html_count(out, value);
}

static void put_counters(const struct rendering *r, struct buf *out)
{
	static const char *const heads[] = {"counter", ">before", ">after", ">change", NULL};

	if (r->run->ncounters == 0)
		return;
	buf_puts(out, "<details><summary>what the server counted meanwhile, whoever did the work</summary>\n");
	html_table(out, heads);
	for (size_t i = 0; i < r->run->ncounters; i++) {
		const struct counter_view *c = &r->run->counters[i];
		bool known = c->before != QUERY_NONE && c->after != QUERY_NONE;

		buf_puts(out, "<tr><th scope=\"row\">");
		html_put(out, "code", NULL, c->name);
		buf_puts(out, "</th>");
		counter_cell(out, c->before);
		counter_cell(out, c->after);
		counter_cell(out, known ? c->after - c->before : QUERY_NONE);
		buf_puts(out, "</tr>\n");
	}
	buf_puts(out, "</tbody></table></div></details>\n");
}

void html_budget(const struct rendering *r, struct buf *out)
{
	static const char *const heads[] = {"part", "what it is", ">time", ">share", NULL};
	static const char *const before[] = {"before the wall", "what it is", ">time", NULL};
	static const char *const after[] = {"after the wall", "what it is", ">time", NULL};
	const struct budget *b = r->budget;
	int64_t over = b->unexplained_us < 0 ? -b->unexplained_us : b->unexplained_us;
	char text[160], allowed[32];

	if (b->nlines == 0)
		return;
	buf_puts(out, "<section>\n<h2>Where did the time go?</h2>\n<figure>\n<div class=\"scroll\">");
	chart_budget(r, out);
	buf_printf(out,
	        "</div>\n<figcaption>The path of session %u, whose task ended last: its parts add up to the wall "
	        "time of %s.</figcaption>\n",
	        b->session + 1, word_exact((double)b->wall_us, text));
	html_table(out, heads);
	for (size_t i = 0; i < b->nlines; i++)
		budget_row(out, "", b->lines[i].name, b->lines[i].text, b->lines[i].us, b->wall_us);
	snprintf(
	        text, sizeof text, "what no part accounts for; allowed %s", word_exact((double)b->allowed_us, allowed));
	budget_row(out, over > b->allowed_us ? " class=\"x\"" : "", "unexplained", text, b->unexplained_us, b->wall_us);
	buf_puts(out, "</tbody></table></div>\n");
	if (b->nbefore > 0) {
		html_table(out, before);
		for (size_t i = 0; i < b->nbefore; i++)
			budget_row(out, "", b->before[i].name, b->before[i].text, b->before[i].us, 0);
		buf_puts(out, "</tbody></table></div>\n");
	}
	if (b->nafter > 0) {
		html_table(out, after);
		for (size_t i = 0; i < b->nafter; i++)
			budget_row(out, "", b->after[i].name, b->after[i].text, b->after[i].us, 0);
		buf_puts(out, "</tbody></table></div>\n");
	}
	buf_puts(out, "</figure>\n");
	put_suspects(r, out);
	put_counters(r, out);
	buf_puts(out, "</section>\n");
}

static void task_row(const struct rendering *r, const struct task_stats *s, bool many, bool stretch, struct buf *out)
{
	const struct task_view *task = &r->run->tasks[s->task];
	struct buf sql = {0};
	char ratio[32];

	buf_puts(out, "<tr><th scope=\"row\">");
	escape_html(task->name, out);
	buf_puts(out, "</th><td>");
	escape_line(task->sql ? task->sql : "", false, SQL_MOST, &sql);
	if (sql.len > 0)
		html_put(out, "code", NULL, buf_str(&sql));
	buf_free(&sql);
	buf_puts(out, "</td>");
	html_count(out, s->done);
	html_time(out, s->done ? s->mean_us : -1);
	if (many) {
		html_time(out, s->p50_us);
		html_time(out, s->p95_us);
		html_time(out, s->p99_us);
	}
	html_time(out, s->done ? s->max_us : -1);
	html_count(out, s->rows);
	buf_printf(out, "<td class=\"n%s\">%u</td>", s->failed + s->unknown ? " x" : "", s->failed + s->unknown);
	if (stretch) {
		buf_printf(out, "<td class=\"n\">%s</td>", s->stretch > 0 ? word_ratio(s->stretch, ratio) : "–");
		html_put(out, "td", NULL, s->says ? s->says : "");
	}
	buf_puts(out, "</tr>\n");
}

void html_tasks(const struct rendering *r, struct buf *out)
{
	struct task_stats *stats = task_stats_of(r);
	bool many = false, stretch = r->proof->nstretches > 0;
	struct buf results = {0};
	const char *heads[14] = {"task", "SQL", ">done", ">mean"};
	size_t n = 4, shown = r->run->ntasks < TASKS_MOST ? r->run->ntasks : TASKS_MOST;

	for (size_t i = 0; i < r->run->ntasks; i++)
		many = many || stats[i].p50_us >= 0;
	if (many) {
		heads[n++] = ">p50";
		heads[n++] = ">p95";
		heads[n++] = ">p99";
	}
	heads[n++] = ">max";
	heads[n++] = ">rows";
	heads[n++] = ">errors";
	if (stretch) {
		heads[n++] = ">stretch";
		heads[n++] = "what the samples say";
	}
	buf_puts(out, "<section class=\"long\" id=\"tasks\">\n<h2>Tasks</h2>\n");
	html_table(out, heads);
	for (size_t i = 0; i < shown; i++)
		task_row(r, &stats[i], many, stretch, out);
	buf_puts(out, "</tbody></table></div>\n<p class=\"note\">Times are execute times of attempts that were done.");
	if (many)
		buf_puts(out, " A percentile is shown where at least 10 samples lie above it.");
	if (stretch)
		buf_puts(out,
		        " Stretch: execute time here over execute time of the same task alone, in the serial run.");
	verify_sentence(r->run, r->baseline, &results);
	if (results.len > 0) {
		buf_puts(out, " Results: ");
		escape_html(buf_str(&results), out);
		buf_putc(out, '.');
	}
	buf_free(&results);
	if (shown < r->run->ntasks)
		buf_printf(out, " %zu further tasks are in <code>--csv-table=tasks</code>.", r->run->ntasks - shown);
	buf_puts(out, "</p>\n</section>\n");
	task_stats_free(stats);
}

static void fact_row(struct buf *out, const char *name, const char *value)
{
	if (value == NULL || value[0] == '\0')
		return;
	buf_puts(out, "<tr><th scope=\"row\">");
	escape_html(name, out);
	buf_puts(out, "</th><td>");
	escape_html(value, out);
	buf_puts(out, "</td></tr>\n");
}

/* What most readers look for; the rest is one click away. */
static bool is_key_fact(const char *name)
{
	static const char *const key[] = {"server_version", "host", "dbname", "connection", "tls", "max_connections",
	        "rtt_us", "server_cpus", "client_cpu", "client_cpus_allowed", "client_kernel", "client_load_before"};

	for (size_t i = 0; i < sizeof key / sizeof key[0]; i++)
		if (strcmp(key[i], name) == 0)
			return true;
	return false;
}

static void put_run_facts(const struct rendering *r, struct buf *out)
{
	const struct run_view *run = r->run;
	char text[64];

	buf_puts(out, "<div class=\"scroll\"><table class=\"facts\"><tbody>\n");
	snprintf(text, sizeof text, "%" PRIu64, run->seed);
	fact_row(out, "seed", text);
	fact_row(out, "options", run->options);
	fact_row(out, "workload SHA-256", run->workload_sha256);
	fact_row(out, "client", run->client);
	if (run->resumed_run > 0) {
		snprintf(text, sizeof text, "run %" PRId64, run->resumed_run);
		fact_row(out, "goes on with", text);
	}
	if (r->baseline) {
		snprintf(text, sizeof text, "run %" PRId64, r->baseline->id);
		fact_row(out, "measured serial run", text);
	}
	fact_row(out, "results file", r->store_path);
	for (size_t i = 0; i < run->nfacts; i++)
		if (is_key_fact(run->facts[i].name))
			fact_row(out, run->facts[i].name, run->facts[i].value);
	buf_puts(out, "</tbody></table></div>\n");
	if (run->nfacts == 0)
		return;
	buf_printf(out,
	        "<details><summary>all %zu facts and server settings</summary>\n"
	        "<div class=\"scroll\"><table class=\"facts\"><tbody>\n",
	        run->nfacts);
	for (size_t i = 0; i < run->nfacts; i++)
		fact_row(out, run->facts[i].name, run->facts[i].value);
	buf_puts(out, "</tbody></table></div></details>\n");
}

static void put_doubts(const struct proof *p, const char *doubts, struct buf *out)
{
	buf_puts(out, "\n<h3 id=\"doubts\">Reasons to doubt these numbers</h3>\n");
	if (doubts ? doubts[0] == '\0' : p->ndoubts == 0) {
		buf_puts(out, "<p class=\"ok\">None of the checks found one.</p>\n");
		return;
	}
	if (doubts) {
		html_put(out, "p", "warn", doubts);
		return;
	}
	buf_puts(out, "<ul>\n");
	for (size_t i = 0; i < p->ndoubts; i++) {
		buf_puts(out, "<li><strong class=\"warn\">");
		escape_html(p->doubts[i].name, out);
		buf_puts(out, "</strong>: ");
		escape_html(p->doubts[i].text, out);
		buf_puts(out, "</li>\n");
	}
	buf_puts(out, "</ul>\n");
}

void html_reproduce(const struct rendering *r, const char *doubts, struct buf *out)
{
	buf_puts(out, "<section class=\"long\">\n<h2>How to reproduce</h2>\n");
	html_put(out, "pre", NULL, r->run->argv ? r->run->argv : "");
	put_doubts(r->proof, doubts, out);
	if (r->run->workload_text && r->run->workload_text[0]) {
		buf_puts(out, "<details><summary>the workload</summary>");
		html_put(out, "pre", NULL, r->run->workload_text);
		buf_puts(out, "</details>\n");
	}
	buf_puts(out, "<h3>Environment</h3>\n");
	put_run_facts(r, out);
	buf_printf(out,
	        "<p class=\"note\">All rows: <code>pgparallel report %" PRId64
	        " -F csv</code>, <code>-F json</code>; the "
	        "whole proof as a document: <code>-F md --proof</code>.</p>\n</section>\n",
	        r->run->id);
}
