/*
 * showing: from stored runs to what a person and a script see. All of it comes from the results file, so that `show`
 * and `report` say the same later.
 */
#include "orchestrator/showing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "orchestrator/cmd.h"
#include "orchestrator/output.h"
#include "orchestrator/progress.h"
#include "reports/budget.h"
#include "reports/gate.h"
#include "reports/load_numbers.h"
#include "reports/render.h"
#include "reports/stats.h"
#include "reports/verify.h"
#include "shared/clock.h"
#include "shared/log.h"

/* One run with what was computed from it. */
struct shown {
	struct run_view view;
	struct proof proof;
};

struct gallery {
	struct shown *shown;
	int count;
	struct run_view baseline;
	bool has_baseline;
};

static void gallery_clear(struct gallery *g)
{
	for (int i = 0; i < g->count; i++) {
		proof_free(&g->shown[i].proof);
		run_view_free(&g->shown[i].view);
	}
	if (g->has_baseline)
		run_view_free(&g->baseline);
	free(g->shown);
}

static bool gallery_load(struct gallery *g, const struct experiment *x, const struct showing *o, struct err *err)
{
	memset(g, 0, sizeof(*g));
	struct query *query = x->store != NULL ? query_of_store(x->store) : query_open(o->store_path, err);
	if (query == NULL)
		return false;
	bool ok = true;
	g->shown = mem_zero((size_t)o->nruns, sizeof(*g->shown));
	if (o->baseline != 0)
		ok = g->has_baseline = query_run(query, o->baseline, &g->baseline, err);
	for (int i = 0; ok && i < o->nruns; i++) {
		ok = query_run(query, o->runs[i], &g->shown[i].view, err);
		if (!ok)
			break;
		proof_of(&g->shown[i].view, g->has_baseline ? &g->baseline : NULL, &g->shown[i].proof);
		g->count++;
	}
	query_close(query);
	return ok;
}

bool keep_doubts(struct store *store, int64_t run, const struct proof *p, struct err *err)
{
	struct doubt_note notes[sizeof p->doubts / sizeof *p->doubts];

	for (size_t i = 0; i < p->ndoubts; i++)
		notes[i] = (struct doubt_note){p->doubts[i].name, p->doubts[i].text};
	return store_doubts(store, run, notes, p->ndoubts, err);
}

bool keep_suspects(struct store *store, const struct run_view *run, const struct proof *p, struct err *err)
{
	struct suspect_note notes[SUSPECTS_MOST];

	for (size_t i = 0; i < p->nsuspects; i++) {
		const struct suspect *s = &p->suspects[i];

		notes[i] = (struct suspect_note){s->cause, s->evidence, NULL, (int64_t)s->share_us};
		for (size_t k = 0; k < run->nsuspects; k++) /* what a run without it showed is kept */
			if (strcmp(run->suspects[k].cause, s->cause) == 0)
				notes[i].confirmed = run->suspects[k].confirmed;
	}
	return store_suspects(store, run->id, notes, p->nsuspects, err);
}

/* The verdict stands beside each run, so that `list` need not read every attempt again. The results are on the disk
 * before they are shown. */
static bool keep_verdicts(struct experiment *x, const struct gallery *g, const struct showing *o, struct err *err)
{
	if (x->store == NULL) /* it failed: now it may work again */
		x->store = store_open(o->store_path, NULL, err);
	bool ok = x->store != NULL;
	for (int i = 0; ok && i < g->count; i++) {
		const struct proof *p = &g->shown[i].proof;
		ok = store_verdict(x->store, o->runs[i], p->kept, p->speedup, p->ceiling, p->overlap_percent, err) &&
		     keep_doubts(x->store, o->runs[i], p, err) && keep_suspects(x->store, &g->shown[i].view, p, err);
	}
	ok = ok && store_commit(x->store, err);
	struct err closing;
	return experiment_close_store(x, ok ? err : &closing) && ok;
}

void showing_rehearse(void *experiment, struct store *store, int64_t run)
{
	struct experiment x = *(const struct experiment *)experiment;
	struct showing showing = {.store_path = x.store_path, .runs = &run, .nruns = 1};
	struct gallery g;
	struct budget budget;
	struct err err;
	x.store = store;
	if (gallery_load(&g, &x, &showing, &err))
		budget_of(&g.shown[0].view, &budget);
	gallery_clear(&g);
}

static double rate_of(const struct run_view *run)
{
	struct load_numbers n;
	load_numbers_of(run, &n);
	return n.tps;
}

/* The shortest first, of load runs the fastest: the one in the middle stands for all. */
static int by_result(const void *a, const void *b)
{
	const struct shown *one = a, *other = b;
	if (one->view.load != NULL && other->view.load != NULL) {
		double x = rate_of(&one->view), y = rate_of(&other->view);
		return x > y ? -1 : x < y;
	}
	int64_t x = one->proof.makespan_us, y = other->proof.makespan_us;
	return x < y ? -1 : x > y;
}

/* The repeats in one line: the median is the run shown above it. */
static void say_repeats(const struct gallery *g, const struct shown *median, struct buf *out)
{
	char middle[32], low[32], high[32];
	if (g->count < 2)
		return;
	if (median->view.load != NULL) {
		buf_printf(out, " %d runs: tps %.6g (run %lld, shown above) [%.6g to %.6g]\n", g->count,
		        rate_of(&median->view), (long long)median->view.id, rate_of(&g->shown[g->count - 1].view),
		        rate_of(&g->shown[0].view));
		return;
	}
	buf_printf(out, " %d runs: makespan %s (run %lld, shown above) [%s to %s]", g->count,
	        stats_duration((double)median->proof.makespan_us, middle), (long long)median->view.id,
	        stats_duration((double)g->shown[0].proof.makespan_us, low),
	        stats_duration((double)g->shown[g->count - 1].proof.makespan_us, high));
	if (g->has_baseline && median->proof.speedup > 0)
		buf_printf(out, ", speed-up %.2fx [%.2fx to %.2fx]", median->proof.speedup,
		        g->shown[g->count - 1].proof.speedup, g->shown[0].proof.speedup);
	buf_putc(out, '\n');
}

static void report_hint(const struct experiment *x, int64_t run, char *out, size_t size)
{
	struct buf path = {0};
	char *words[] = {(char *)x->store_path};
	quote_argv(1, words, &path);
	if (x->options->db != NULL)
		snprintf(out, size, "pgparallel report %lld --db=%s -o run-%lld.html", (long long)run, buf_str(&path),
		        (long long)run);
	else
		snprintf(out, size, "pgparallel report %lld -o run-%lld.html", (long long)run, (long long)run);
	buf_free(&path);
}

/* To the file of -o, else to standard output. */
static bool write_report(const struct experiment *x, struct rendering *r, struct err *err)
{
	struct output to;

	/* The store is closed by now; the records of a load run are read while they are written. */
	r->query = r->run->load != NULL ? query_open(x->store_path, err) : NULL;
	bool ok = (r->run->load == NULL || r->query != NULL) && output_open(&to, x->options->output, err) &&
	          output_close(&to, output_put_report(&to, r, x->options, err), err);
	query_close(r->query);
	r->query = NULL;
	return ok;
}

/* The text of the median run, or with -F and no -o the report itself, on standard output. */
static bool print_median(const struct experiment *x, const struct gallery *g, const struct shown *s, struct err *err)
{
	const struct options *o = x->options;
	struct budget budget;
	budget_of(&s->view, &budget);
	struct rendering r = {.run = &s->view,
	        .baseline = g->has_baseline ? &g->baseline : NULL,
	        .proof = &s->proof,
	        .budget = &budget,
	        .store_path = x->store_path};
	struct buf text = {0};
	bool ok = true;
	if (o->format == FORMAT_NONE || o->output != NULL) {
		char hint[4600] = "";
		struct terminal terminal;
		terminal_probe(STDOUT_FILENO, o->color, &terminal);
		if (o->output == NULL)
			report_hint(x, s->view.id, hint, sizeof(hint));
		struct text_style style = {
		        .width = terminal.width, .color = terminal.color, .utf8 = terminal.utf8, .report_hint = hint};
		text_render(&r, &style, &text);
		say_repeats(g, s, &text);
	}
	if (o->format != FORMAT_NONE)
		ok = write_report(x, &r, err);
	if (ok && o->format != FORMAT_NONE && o->output != NULL)
		buf_printf(&text, " report: %s\n", o->output);
	if (!o->quiet)
		fwrite(buf_str(&text), 1, text.len, stdout);
	buf_free(&text);
	return ok;
}

#define CHECKS_SHOWN 5

/* rows= that did not match, of attempts that are done all the same. Returns how many. */
static int judge_checks(const struct run_view *run)
{
	int failed = 0;
	for (size_t i = 0; i < run->nattempts; i++) {
		const struct attempt_view *a = &run->attempts[i];
		if ((a->flags & ATTEMPT_CHECK_FAILED) == 0 || a->outcome != OUTCOME_DONE || failed++ >= CHECKS_SHOWN)
			continue;
		log_write(LEVEL_ERROR, NULL, "check failed: task %s gave %lld row%s, which is not what its rows= says",
		        a->task < run->ntasks ? run->tasks[a->task].name : "?", (long long)a->rows,
		        a->rows == 1 ? "" : "s");
	}
	if (failed > CHECKS_SHOWN)
		log_write(LEVEL_ERROR, NULL, "%d checks failed in run %lld", failed, (long long)run->id);
	return failed;
}

static void say_different(void *context, const char *task, const char *text)
{
	(void)context;
	(void)task;
	log_write(LEVEL_ERROR, NULL, "results differ: %s", text);
}

/* --verify-results: every run against the serial one, without that against the first. How many runs differ. */
static int judge_results(const struct experiment *x, const struct gallery *g, bool say)
{
	const struct run_view *reference = g->has_baseline ? &g->baseline : NULL;
	size_t uncompared = 0;
	int different = 0;

	if (!x->options->verify_results)
		return 0;
	for (int i = 0; i < g->count && !g->has_baseline; i++)
		if (!reference || g->shown[i].view.id < reference->id)
			reference = &g->shown[i].view;
	for (int i = 0; i < g->count; i++) {
		if (&g->shown[i].view == reference)
			continue;
		struct verify_count n = verify_compare(reference, &g->shown[i].view, say_different, NULL);
		different += n.different > 0;
		uncompared += n.uncompared;
	}
	if (different > 0)
		log_write(LEVEL_ERROR, NULL,
		        "a task whose rows differ from run to run by nature (now(), random()) is left out with "
		        "noverify in its @task");
	else if (say && g->count > 1)
		printf(" results: the same rows in all %d runs%s\n", g->count + g->has_baseline,
		        uncompared > 0 ? ", of the tasks that were done in all" : "");
	else if (say && !g->has_baseline)
		printf(" results: kept as digests, and nothing to compare with: add --baseline or --repeat=2\n");
	return different;
}

/* Errors and checks are those of every run; times, speed-up and overlap are the median run's. What holds is said with
 * the results, what does not with the errors. */
static int judge(const struct experiment *x, const struct gallery *g, const struct shown *median)
{
	struct gate_result result;
	int failed = 0;
	struct run_view all = median->view;
	all.failed = all.unknown = all.not_run = 0;
	for (int i = 0; i < g->count; i++) {
		const struct run_view *v = &g->shown[i].view;
		all.failed += v->failed;
		all.unknown += v->unknown;
		all.not_run += v->not_run;
		failed += judge_checks(v);
	}
	bool say = !x->options->quiet && (x->options->format == FORMAT_NONE || x->options->output != NULL);
	failed += judge_results(x, g, say);
	int claims = x->ngates + (x->options->require_overlap > 0);
	for (int i = 0; i < claims; i++) {
		if (i < x->ngates)
			gate_check(&x->gates[i], &all, &median->proof, &result);
		else
			gate_require_overlap((uint32_t)x->options->require_overlap, &median->proof, &result);
		if (!result.passed)
			log_write(LEVEL_ERROR, NULL, "%s%s", i < x->ngates ? "gate " : "claim ", result.text);
		else if (say)
			printf(" %s%s\n", i < x->ngates ? "gate " : "claim ", result.text);
		failed += !result.passed;
	}
	return failed;
}

int showing_print(struct experiment *x, const struct showing *showing)
{
	struct gallery g;
	struct err err = {0};
	enum exit_code code = (enum exit_code)showing->code;
	if (!gallery_load(&g, x, showing, &err)) {
		gallery_clear(&g);
		fail(&err);
		return (int)exit_code_worse(code, EXIT_STORE);
	}
	if (!keep_verdicts(x, &g, showing, &err)) {
		fail(&err);
		code = exit_code_worse(code, EXIT_STORE);
	}
	qsort(g.shown, (size_t)g.count, sizeof(*g.shown), by_result);
	const struct shown *median = &g.shown[(g.count - 1) / 2];
	if (!print_median(x, &g, median, &err)) {
		fail(&err);
		code = exit_code_worse(code, err.code);
	}
	fflush(stdout); /* the results stand before what is wrong with them */
	if (judge(x, &g, median) > 0)
		code = exit_code_worse(code, EXIT_GATE);
	gallery_clear(&g);
	return (int)code;
}
