/*
 * markdown_proof: the whole proof of a run as one document: summary, configuration, log of starts and completions,
 * results, findings. Private to reports/markdown*.c.
 */
#include "reports/markdown.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/escape.h"
#include "reports/lanes.h"
#include "reports/wording.h"
#include "shared/clock.h"

#define LOG_ATTEMPTS_MOST 2000
#define LANES_MOST 200
#define TASKS_MOST 500
#define ERRORS_MOST 200

static void setting(struct buf *out, const char *name, const char *value)
{
	if (value == NULL || value[0] == '\0')
		return;
	buf_puts(out, "| ");
	escape_markdown_text(name, out);
	buf_puts(out, " | ");
	escape_markdown(value, 500, out);
	buf_puts(out, " |\n");
}

void markdown_configuration(const struct rendering *r, struct buf *out)
{
	const struct run_view *run = r->run;
	struct buf layout = {0};
	char text[64];

	buf_puts(out, "## Configuration\n\n| setting | value |\n|---|---|\n");
	setting(out, "command", run->argv);
	setting(out, "engine", run->engine);
	word_layout(run, &layout);
	setting(out, "layout", buf_str(&layout));
	buf_free(&layout);
	setting(out, "options", run->options);
	snprintf(text, sizeof text, "%" PRIu64, run->seed);
	setting(out, "seed", text);
	clock_iso(run->started_wall_us, text);
	setting(out, "started", text);
	setting(out, "workload SHA-256", run->workload_sha256);
	setting(out, "client", run->client);
	if (r->baseline) {
		snprintf(text, sizeof text, "run %" PRId64, r->baseline->id);
		setting(out, "measured serial run", text);
	}
	for (size_t i = 0; i < run->nfacts; i++)
		setting(out, run->facts[i].name, run->facts[i].value);
	buf_putc(out, '\n');
	if (run->workload_text && run->workload_text[0])
		markdown_fence("sql", run->workload_text, out);
}

struct moment {
	int64_t at_us;
	uint32_t attempt;
	bool end;
};

static int compare_moment(const void *a, const void *b)
{
	const struct moment *x = a, *y = b;

	if (x->at_us != y->at_us)
		return x->at_us < y->at_us ? -1 : 1;
	if (x->end != y->end)
		return x->end ? -1 : 1;
	return x->attempt < y->attempt ? -1 : x->attempt > y->attempt;
}

static void log_line(const struct rendering *r, const struct moment *m, int64_t zero_us, struct buf *out)
{
	const struct attempt_view *a = &r->run->attempts[m->attempt];
	char time[32];

	clock_iso(zero_us + m->at_us, time);
	buf_printf(out, "%s  %c%u  pid %d  ", time, lanes_by_worker(r->run) ? 'w' : 's',
	        (lanes_by_worker(r->run) ? a->worker : a->session) + 1, a->backend_pid);
	escape_line(a->task < r->run->ntasks ? r->run->tasks[a->task].name : "?", false, 60, out);
	if (a->try_no > 1)
		buf_printf(out, " (try %u)", a->try_no);
	if (!m->end) {
		buf_puts(out, "  started\n");
		return;
	}
	buf_printf(out, "  %s after %s",
	        a->outcome == OUTCOME_DONE     ? "completed"
	        : a->outcome == OUTCOME_FAILED ? "failed"
	                                       : "unknown",
	        word_exact((double)(m->at_us - a->taken_us), time));
	if (a->outcome == OUTCOME_DONE)
		buf_printf(out, ", %" PRId64 " row%s", a->rows, a->rows == 1 ? "" : "s");
	if (a->sqlstate[0]) {
		buf_puts(out, "  ");
		escape_line(a->sqlstate, false, 8, out);
	}
	if (a->message && a->outcome != OUTCOME_DONE) {
		buf_puts(out, "  ");
		escape_line(a->message, false, 200, out);
	}
	buf_putc(out, '\n');
}

/* Wall zero is the start of the processes; the wall clock was read at the preflight's begin. */
static int64_t wall_zero(const struct run_view *run)
{
	int64_t begin = run->phases.preflight_begin_us;

	return run->started_wall_us - (begin == QUERY_NONE ? 0 : begin);
}

static void put_log(const struct rendering *r, struct buf *out)
{
	size_t n = r->run->nattempts, count = 0, attempts;
	struct moment *moments = mem_zero(2 * n + 1, sizeof *moments);
	struct buf text = {0};
	char shown[32], all[32];

	for (size_t i = 0; i < n; i++) {
		const struct attempt_view *a = &r->run->attempts[i];
		int64_t from, to;

		if (a->taken_us == QUERY_NONE)
			continue;
		to = a->done_us != QUERY_NONE ? a->done_us : lanes_execute(r, a, &from, &to) ? to : a->taken_us;
		moments[count++] = (struct moment){a->taken_us, (uint32_t)i, false};
		moments[count++] = (struct moment){to, (uint32_t)i, true};
	}
	qsort(moments, count, sizeof *moments, compare_moment);
	attempts = count / 2;
	if (count > 2 * LOG_ATTEMPTS_MOST)
		count = 2 * LOG_ATTEMPTS_MOST;
	for (size_t i = 0; i < count; i++)
		log_line(r, &moments[i], wall_zero(r->run), &text);
	buf_puts(out, "## Log of starts and completions\n\n");
	if (count > 0)
		markdown_fence("", buf_str(&text), out);
	else
		buf_puts(out, "Nothing was started.\n\n");
	if (count < 2 * attempts)
		buf_printf(out, "The first %s of %s lines; all attempts: `pgparallel report %" PRId64 " -F csv`\n\n",
		        word_count(count, shown), word_count(2 * attempts, all), r->run->id);
	buf_free(&text);
	free(moments);
}

static void results(const struct rendering *r, struct buf *out)
{
	struct lanes lanes;
	struct buf counts = {0};

	lanes_of(r, &lanes);
	word_counts(r->run, &counts);
	buf_printf(out, "## Results\n\n%s.\n\n", buf_str(&counts));
	markdown_tasks(r, TASKS_MOST, out);
	buf_puts(out, "| lane | backend PID | done | failed | unknown | connect | queue | execute | blocked | fetch |\n"
	              "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n");
	for (size_t i = 0; i < lanes.nlanes && i < LANES_MOST; i++) {
		static const enum phase order[] = {
		        PHASE_CONNECT, PHASE_QUEUE, PHASE_EXECUTE, PHASE_BLOCKED, PHASE_FETCH};
		const struct lane *l = &lanes.lanes[i];
		char time[32];

		buf_printf(out, "| %c%u | %d | %u | %u | %u |", lanes_by_worker(r->run) ? 'w' : 's',
		        (lanes_by_worker(r->run) ? l->worker : l->session) + 1, l->backend_pid, l->done, l->failed,
		        l->unknown);
		for (size_t k = 0; k < sizeof order / sizeof order[0]; k++)
			buf_printf(out, " %s |", word_exact((double)l->us[order[k]], time));
		buf_putc(out, '\n');
	}
	buf_putc(out, '\n');
	if (lanes.nlanes > LANES_MOST)
		buf_printf(out, "%zu further lanes are in the CSV.\n\n", lanes.nlanes - LANES_MOST);
	buf_free(&counts);
	lanes_free(&lanes);
}

static void finding(struct buf *out, const char *name, void (*say)(const struct rendering *, struct buf *),
        const struct rendering *r)
{
	struct buf text = {0};

	say(r, &text);
	if (text.len > 0) {
		buf_printf(out, "- %s: ", name);
		escape_markdown_text(buf_str(&text), out);
		buf_puts(out, ".\n");
	}
	buf_free(&text);
}

static void budget_table(const struct rendering *r, struct buf *out)
{
	const struct budget *b = r->budget;
	char time[32];

	if (b->nlines == 0)
		return;
	buf_puts(out, "### Where the time went\n\n| part | time | share |\n|---|---:|---:|\n");
	for (size_t i = 0; i <= b->nlines; i++) {
		const char *name = i < b->nlines ? b->lines[i].name : "unexplained";
		int64_t us = i < b->nlines ? b->lines[i].us : b->unexplained_us;

		buf_printf(out, "| %s | %s | %.2f %% |\n", name, word_exact((double)us, time),
		        b->wall_us > 0 ? 100.0 * (double)us / (double)b->wall_us : 0);
	}
	for (size_t i = 0; i < b->nbefore; i++)
		buf_printf(out, "| before the wall: %s | %s | |\n", b->before[i].name,
		        word_exact((double)b->before[i].us, time));
	for (size_t i = 0; i < b->nafter; i++)
		buf_printf(out, "| after the wall: %s | %s | |\n", b->after[i].name,
		        word_exact((double)b->after[i].us, time));
	buf_putc(out, '\n');
}

static void findings(const struct rendering *r, struct buf *out)
{
	struct buf sql = {0};

	buf_puts(out, "## Findings\n\n");
	finding(out, "overlapped", word_overlapped, r);
	finding(out, "gained", word_gained, r);
	finding(out, "stretched", word_stretched, r);
	finding(out, "witness", word_witness, r);
	if (r->proof->clock_text[0]) {
		buf_puts(out, "- clock: ");
		escape_markdown_text(r->proof->clock_text, out);
		buf_putc(out, '\n');
	}
	buf_printf(out, "- rule of the verdict: %s\n\n", verdict_rule(r->proof->verdict));
	word_sql(r->run, &sql);
	markdown_fence("sql", buf_str(&sql), out);
	buf_free(&sql);
	budget_table(r, out);
	if (r->run->nerrors > 0) {
		buf_puts(out, "### Errors\n\n");
		markdown_errors(r, ERRORS_MOST, out);
	}
	buf_puts(out, "### Reasons to doubt these numbers\n\n");
	if (r->proof->ndoubts == 0)
		buf_puts(out, "None of the checks found one.\n");
	markdown_doubts(r, out);
	if (!r->run->load) {
		markdown_suspects(r, out);
		markdown_counters(r, out);
	}
}

void markdown_proof(const struct rendering *r, struct buf *out)
{
	buf_puts(out, "# ");
	escape_markdown(r->run->workload ? r->run->workload : "", 80, out);
	buf_printf(out, ": proof of run %" PRId64 "\n\n## Summary\n\n", r->run->id);
	if (r->run->load) {
		markdown_load_proof(r, out);
		return;
	}
	markdown_verdict(r, out);
	markdown_numbers(r, out);
	markdown_configuration(r, out);
	put_log(r, out);
	results(r, out);
	findings(r, out);
}
