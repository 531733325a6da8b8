/*
 * markdown: a run as Markdown: a pull-request comment, and the parts of the proof document. Text from outside stands in
 * code spans or is escaped, so that nothing in it formats, links or notifies. The caller owns the buffer.
 */
#include "reports/markdown.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "reports/chaos.h"
#include "reports/cost.h"
#include "reports/escape.h"
#include "reports/sqlstate.h"
#include "reports/stats.h"
#include "reports/task_stats.h"
#include "reports/verify.h"
#include "reports/wording.h"

#define TASKS_MOST 20
#define ERRORS_MOST 10

void markdown_fence(const char *language, const char *text, struct buf *out)
{
	size_t longest = 2, here = 0;

	for (const char *p = text; *p; p++) {
		here = *p == '`' ? here + 1 : 0;
		longest = here > longest ? here : longest;
	}
	for (size_t i = 0; i <= longest; i++)
		buf_putc(out, '`');
	buf_printf(out, "%s\n", language);
	escape_utf8(text, out);
	if (out->data[out->len - 1] != '\n')
		buf_putc(out, '\n');
	for (size_t i = 0; i <= longest; i++)
		buf_putc(out, '`');
	buf_puts(out, "\n\n");
}

void markdown_verdict(const struct rendering *r, struct buf *out)
{
	struct buf b = {0};

	word_verdict(r, &b);
	buf_puts(out, "**");
	escape_markdown_text(buf_str(&b), out);
	buf_puts(out, ":** ");
	buf_clear(&b);
	word_summary(r, &b);
	buf_puts(&b, ". ");
	word_gain(r, &b);
	buf_putc(&b, '.');
	escape_markdown_text(buf_str(&b), out);
	buf_puts(out, "\n\n");
	for (int i = 0; i < 3; i++) {
		buf_clear(&b);
		if (i == 0)
			word_state(r->run, &b);
		else if (i == 1)
			word_reason(r, &b);
		else
			word_next(r, &b);
		if (b.len == 0)
			continue;
		escape_markdown_text(buf_str(&b), out);
		buf_puts(out, "\n\n");
	}
	buf_free(&b);
}

void markdown_numbers(const struct rendering *r, struct buf *out)
{
	const struct proof *p = r->proof;
	char a[32], b[32];

	buf_puts(out, "| wall | speed-up | ceiling | effective lanes | peak | overlapped | unexplained |\n"
	              "|---:|---:|---:|---:|---:|---:|---:|\n");
	buf_printf(out, "| %s |", stats_duration((double)word_wall_us(r), a));
	if (p->has_baseline && p->speedup > 0)
		buf_printf(
		        out, " %s | %s |", word_ratio(p->speedup, a), p->ceiling > 0 ? word_ratio(p->ceiling, b) : "");
	else
		buf_puts(out, " not measured | |");
	buf_printf(out, " %s | %u of %u |", word_number(p->effective_lanes, a), p->peak, r->run->sessions);
	buf_printf(out, " %.0f %% | %s |\n\n", p->overlap_percent,
	        r->budget->nlines ? word_exact((double)r->budget->unexplained_us, a) : "");
}

static void time_cell(double us, struct buf *out)
{
	char time[32];

	buf_printf(out, " %s |", us < 0 ? "" : word_exact(us, time));
}

void markdown_tasks(const struct rendering *r, size_t most, struct buf *out)
{
	struct task_stats *stats = task_stats_of(r);
	size_t shown = r->run->ntasks < most ? r->run->ntasks : most;
	char ratio[32];
	struct buf results = {0};

	buf_puts(out, "| task | SQL | done | mean | p50 | p95 | max | rows | errors | stretch | samples |\n"
	              "|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---|\n");
	for (size_t i = 0; i < shown; i++) {
		const struct task_stats *s = &stats[i];

		buf_puts(out, "| ");
		escape_markdown(r->run->tasks[i].name, 40, out);
		buf_puts(out, " | ");
		escape_markdown(r->run->tasks[i].sql ? r->run->tasks[i].sql : "", 80, out);
		buf_printf(out, " | %u |", s->done);
		time_cell(s->done ? s->mean_us : -1, out);
		time_cell(s->p50_us, out);
		time_cell(s->p95_us, out);
		time_cell(s->done ? s->max_us : -1, out);
		buf_printf(out, " %" PRId64 " | %u | %s | ", s->rows, s->failed + s->unknown,
		        s->stretch > 0 ? word_ratio(s->stretch, ratio) : "");
		escape_markdown_text(s->says ? s->says : "", out);
		buf_puts(out, " |\n");
	}
	buf_putc(out, '\n');
	if (shown < r->run->ntasks)
		buf_printf(out, "%zu further tasks: `pgparallel report %" PRId64 " -F csv --csv-table=tasks`\n\n",
		        r->run->ntasks - shown, r->run->id);
	task_stats_free(stats);
	verify_sentence(r->run, r->baseline, &results);
	if (results.len > 0) {
		buf_puts(out, "Results: ");
		escape_markdown_text(buf_str(&results), out);
		buf_puts(out, ".\n\n");
	}
	buf_free(&results);
}

void markdown_errors(const struct rendering *r, size_t most, struct buf *out)
{
	size_t shown = r->run->nerrors < most ? r->run->nerrors : most;

	if (shown == 0)
		return;
	buf_puts(out, "| SQLSTATE | meaning | task | phase | count | retried ok | failed | unknown | first message |\n"
	              "|---|---|---|---|---:|---:|---:|---:|---|\n");
	for (size_t i = 0; i < shown; i++) {
		const struct error_view *e = &r->run->errors[i];

		buf_puts(out, "| ");
		escape_markdown(e->sqlstate[0] ? e->sqlstate : "none", 8, out);
		buf_printf(out, " | %s | ", sqlstate_meaning(e->sqlstate));
		escape_markdown(e->task ? e->task : "", 40, out);
		buf_puts(out, " | ");
		escape_markdown_text(e->phase ? e->phase : "", out);
		buf_printf(out, " | %u | %u | %u | %u | ", e->count, e->retried_done, e->failed, e->unknown);
		escape_markdown(e->message ? e->message : "", 120, out);
		buf_puts(out, " |\n");
	}
	buf_putc(out, '\n');
	if (shown < r->run->nerrors)
		buf_printf(out,
		        "%zu further kinds of error: `pgparallel report %" PRId64 " -F csv --csv-table=errors`\n\n",
		        r->run->nerrors - shown, r->run->id);
}

void markdown_chaos(const struct rendering *r, struct buf *out)
{
	struct buf cell = {0};

	if (r->run->nchaos == 0)
		return;
	for (int column = 0; column < CHAOS_COLUMNS; column++)
		buf_printf(out, "%s %s |", column ? "" : "|", chaos_columns[column]);
	buf_puts(out, "\n|---|---:|---:|---:|---:|---:|---:|---:|---:|\n");
	for (size_t i = 0; i < r->run->nchaos; i++) {
		for (int column = 0; column < CHAOS_COLUMNS; column++) {
			buf_clear(&cell);
			chaos_cell(r->run, &r->run->chaos[i], (enum chaos_column)column, &cell);
			buf_puts(out, column ? " " : "| ");
			escape_markdown_text(buf_str(&cell), out);
			buf_puts(out, " |");
		}
		buf_putc(out, '\n');
	}
	buf_putc(out, '\n');
	buf_free(&cell);
}

void markdown_cost(const struct rendering *r, struct buf *out)
{
	struct buf line = {0};

	cost_line(r->run, &line);
	if (line.len > 0) {
		buf_puts(out, "Cost of the engine: ");
		for (const char *p = buf_str(&line), *end; p; p = end ? end + 3 : NULL) {
			end = strstr(p, "   ");
			buf_append(out, p, end ? (size_t)(end - p) : strlen(p));
			buf_puts(out, end ? "; " : ".\n\n");
		}
	}
	buf_free(&line);
}

void markdown_doubts(const struct rendering *r, struct buf *out)
{
	for (size_t i = 0; i < r->proof->ndoubts; i++) {
		buf_puts(out, "- ");
		escape_markdown_text(r->proof->doubts[i].name, out);
		buf_puts(out, ": ");
		escape_markdown_text(r->proof->doubts[i].text, out);
		buf_putc(out, '\n');
	}
	if (r->proof->ndoubts > 0)
		buf_putc(out, '\n');
}

void markdown_suspects(const struct rendering *r, struct buf *out)
{
	struct buf b = {0};

	if (r->proof->nsuspects > 0)
		buf_puts(out, "What may have kept it from being faster:\n\n");
	for (size_t i = 0; i < r->proof->nsuspects; i++) {
		buf_clear(&b);
		word_suspect(r, i, &b);
		buf_printf(out, "%zu. ", i + 1);
		escape_markdown_text(buf_str(&b), out);
		buf_putc(out, '\n');
	}
	if (r->proof->nsuspects > 0)
		buf_putc(out, '\n');
	buf_free(&b);
}

/* Those that changed: the others say nothing about the run. */
void markdown_counters(const struct rendering *r, struct buf *out)
{
	struct buf b = {0};
	bool any = false;

	word_client_cpu(r, &b);
	if (b.len > 0) {
		buf_puts(out, "Client: ");
		escape_markdown_text(buf_str(&b), out);
		buf_puts(out, "\n\n");
	}
	buf_free(&b);
	for (size_t i = 0; i < r->run->ncounters; i++) {
		const struct counter_view *c = &r->run->counters[i];

		if (c->before == QUERY_NONE || c->after == QUERY_NONE || c->before == c->after)
			continue;
		if (!any)
			buf_puts(out, "| counter of the server | before | after | change |\n|---|---:|---:|---:|\n");
		any = true;
		buf_puts(out, "| ");
		escape_markdown(c->name, 40, out);
		buf_printf(out, " | %" PRId64 " | %" PRId64 " | %" PRId64 " |\n", c->before, c->after,
		        c->after - c->before);
	}
	if (any)
		buf_putc(out, '\n');
}

void markdown_render(const struct rendering *r, bool whole_proof, struct buf *out)
{
	const char *version = run_view_fact(r->run, "server_version");
	char date[32];

	if (whole_proof) {
		markdown_proof(r, out);
		return;
	}
	bool good = r->run->load ? r->proof->ndoubts == 0 : r->proof->verdict == VERDICT_PARALLEL;

	buf_printf(out, "### %s ", word_trouble(r) ? "✗" : good ? "✓" : "!");
	escape_markdown(r->run->workload ? r->run->workload : "", 80, out);
	buf_printf(out, ", run %" PRId64 "\n\n", r->run->id);
	if (r->run->load) {
		markdown_load(r, out);
	} else {
		markdown_verdict(r, out);
		markdown_numbers(r, out);
		markdown_errors(r, ERRORS_MOST, out);
		markdown_tasks(r, TASKS_MOST, out);
		markdown_suspects(r, out);
		markdown_counters(r, out);
	}
	markdown_chaos(r, out);
	markdown_cost(r, out);
	if (r->proof->ndoubts > 0) {
		buf_puts(out, "Reasons to doubt these numbers:\n\n");
		markdown_doubts(r, out);
	}
	escape_markdown(r->run->argv ? r->run->argv : "", 300, out);
	buf_printf(out, ", %s", word_date(r->run->started_wall_us, date));
	if (version) {
		buf_puts(out, ", ");
		escape_markdown_text(version, out);
	}
	buf_putc(out, '\n');
}
