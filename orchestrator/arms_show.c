/*
 * arms_show: see arms_show.h.
 */
#include "orchestrator/showing.h"
#include "orchestrator/arms_show.h"
#include "orchestrator/output.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/load_numbers.h"

void arms_show_clear(struct arms_show *s)
{
	for (uint32_t i = 0; s->stand_ins && i < s->view.narms; i++) {
		struct arms_stand_in *a = &s->stand_ins[i];

		if (a->has_run) {
			proof_free(&a->proof);
			run_view_free(&a->run);
		}
		if (a->has_base)
			run_view_free(&a->base);
		free(a->hist);
	}
	free(s->stand_ins);
	free(s->shown);
	free(s->names);
	buf_free(&s->trouble);
	buf_free(&s->doubts);
	buf_free(&s->results);
	faults_free(&s->faults);
	scaling_free(&s->scaling);
	comparison_free(&s->comparison);
	experiment_view_free(&s->view);
	memset(s, 0, sizeof *s);
}

/* --- the figures ------------------------------------------------------------------------------------------------- */

static uint64_t work_of(const struct experiment_view *v)
{
	uint64_t most = 1;

	for (uint32_t i = 0; i < v->narms * v->nblocks; i++)
		most = v->cells[i].tickets > most ? v->cells[i].tickets : most;
	return most;
}

static void fill_scaling(struct arms_show *s)
{
	const struct experiment_view *v = &s->view;

	scaling_init(&s->scaling, v->narms, v->nblocks);
	s->scaling.load = v->load;
	s->scaling.work = work_of(v);
	for (uint32_t a = 0; a < v->narms; a++) {
		s->scaling.arms[a].sessions = v->arms[a].sessions;
		for (uint32_t b = 0; b < v->nblocks; b++)
			s->scaling.arms[a].figure[b] = experiment_figure(v, experiment_cell(v, a, b));
	}
	scaling_compute(&s->scaling, v->seed);
}

/* The arm of the view with this number of sessions. */
static uint32_t arm_with(const struct experiment_view *v, uint32_t sessions)
{
	for (uint32_t a = 0; a < v->narms; a++)
		if (v->arms[a].sessions == sessions)
			return a;
	return 0;
}

/* The block whose run lies in the middle of those that count; -1 = none. */
static int64_t middle_block(const struct scaling *s, const struct scaling_arm *arm)
{
	int64_t block = -1;
	double nearest = INFINITY;

	for (size_t b = 0; b < s->nblocks; b++) {
		double away = isnan(arm->gain[b]) ? INFINITY : fabs(arm->figure[b] - arm->middle);

		if (away < nearest) {
			nearest = away;
			block = (int64_t)b;
		}
	}
	return block;
}

/* --- the runs that stand for the arms ---------------------------------------------------------------------------- */

static bool load_run(struct arms_stand_in *a, struct query *query, int64_t run, int64_t base, const char *store_path,
        struct err *err)
{
	if (!query_run(query, run, &a->run, err))
		return false;
	a->has_run = true;
	if (base != 0 && base != run) {
		if (!query_run(query, base, &a->base, err)) {
			memset(&a->proof, 0, sizeof a->proof);
			return false;
		}
		a->has_base = true;
	}
	proof_of(&a->run, a->has_base ? &a->base : NULL, &a->proof);
	budget_of(&a->run, &a->budget);
	a->rendering = (struct rendering){.run = &a->run,
	        .baseline = a->has_base ? &a->base : NULL,
	        .proof = &a->proof,
	        .budget = &a->budget,
	        .store_path = store_path,
	        .query = query};
	return true;
}

/* Whether every arm was complete in a block. */
static bool whole(const struct experiment_view *v, uint32_t block)
{
	for (uint32_t a = 0; a < v->narms; a++)
		if (!experiment_cell(v, a, block)->complete)
			return false;
	return true;
}

/* Latency over all runs of an arm that count. */
static bool merge_hists(struct arms_show *s, struct query *query, size_t i, uint32_t arm, struct err *err)
{
	struct arms_stand_in *a = &s->stand_ins[i];
	bool scale = s->scaling.narms > 0;

	a->hist = mem_zero(1, sizeof *a->hist);
	for (uint32_t b = 0; b < s->view.nblocks; b++) {
		const struct cell_view *c = experiment_cell(&s->view, arm, b);
		struct run_view run;
		struct load_numbers n;

		if (scale ? isnan(s->scaling.arms[i].gain[b]) : !whole(&s->view, b))
			continue;
		if (!query_run(query, c->run, &run, err))
			return false;
		if (run.load) {
			load_numbers_of(&run, &n);
			hist_merge(a->hist, n.service);
		}
		run_view_free(&run);
	}
	return true;
}

static double sound(const struct hist *h, double p)
{
	return hist_sound(h, p) ? (double)hist_percentile(h, p) / 1e3 : 0;
}

static void take_load(struct scaling_arm *arm, const struct arms_stand_in *a)
{
	struct load_numbers n;

	load_numbers_of(&a->run, &n);
	arm->lanes = n.active;
	arm->p50_us = sound(a->hist, 50);
	arm->p95_us = sound(a->hist, 95);
	arm->p99_us = sound(a->hist, 99);
}

static bool scale_stand_in(struct arms_show *s, struct query *query, size_t i, const char *store_path, struct err *err)
{
	struct scaling_arm *arm = &s->scaling.arms[i];
	struct arms_stand_in *a = &s->stand_ins[i];
	uint32_t number = arm_with(&s->view, arm->sessions), base = arm_with(&s->view, s->scaling.arms[0].sessions);
	int64_t block = middle_block(&s->scaling, arm);

	if (block < 0)
		return true;
	arm->run = experiment_cell(&s->view, number, (uint32_t)block)->run;
	if (!load_run(a, query, arm->run, s->view.load ? 0 : experiment_cell(&s->view, base, (uint32_t)block)->run,
	            store_path, err))
		return false;
	arm->peak = a->proof.peak;
	if (s->view.load) {
		if (!merge_hists(s, query, i, number, err))
			return false;
		take_load(arm, a);
		return true;
	}
	arm->lanes = a->proof.effective_lanes;
	arm->ceiling = i == 0 ? 1 : a->proof.ceiling;
	return true;
}

/* The arm that ran one after another, of which the others' ceiling and stretch are taken; narms = none. */
static uint32_t serial_arm(const struct experiment_view *v)
{
	for (uint32_t a = 0; a < v->narms; a++)
		if (v->arms[a].sessions == 1 && v->arms[a].setting[0] == '\0')
			return a;
	return v->narms;
}

static bool compare_stand_in(
        struct arms_show *s, struct query *query, uint32_t arm, const char *store_path, struct err *err)
{
	const struct experiment_view *v = &s->view;
	int64_t run = s->comparison.arms[arm].run, base = 0;
	uint32_t serial = serial_arm(v);

	if (run == 0)
		return true;
	for (uint32_t b = 0; b < v->nblocks && serial < v->narms && v->arms[arm].setting[0] == '\0'; b++)
		if (experiment_cell(v, arm, b)->run == run && experiment_cell(v, serial, b)->complete)
			base = experiment_cell(v, serial, b)->run;
	return load_run(&s->stand_ins[arm], query, run, v->load ? 0 : base, store_path, err) &&
	       (!v->load || merge_hists(s, query, arm, arm, err));
}

/* --- what is said about it --------------------------------------------------------------------------------------- */

static void page_of(struct arms_show *s, const char *store_path)
{
	bool scale = s->scaling.narms > 0;

	for (size_t i = 0; i < s->view.narms; i++) {
		uint32_t sessions = scale ? s->scaling.arms[i].sessions : 0;

		if (scale)
			snprintf(s->names[i], sizeof s->names[i], "%u session%s", sessions, sessions == 1 ? "" : "s");
		else
			snprintf(s->names[i], sizeof s->names[i], "%.63s", s->view.arms[i].label);
		s->shown[i] = (struct arm_shown){.name = s->names[i],
		        .rendering = s->stand_ins[i].has_run ? &s->stand_ins[i].rendering : NULL,
		        .hist = s->stand_ins[i].hist};
	}
	s->page = (struct arms_page){.experiment = s->view.id,
	        .kind = s->view.kind,
	        .seed = s->view.seed,
	        .load = s->view.load,
	        .arms = s->shown,
	        .narms = s->view.narms,
	        .reference = scale ? 0 : s->view.reference,
	        .base = scale ? 0 : serial_arm(&s->view),
	        .trouble = buf_str(&s->trouble),
	        .doubts = buf_str(&s->doubts),
	        .faults = s->faults.count > 0 ? &s->faults : NULL,
	        .results = buf_str(&s->results),
	        .store_path = store_path};
}

static void span_of(struct arms_show *s)
{
	for (uint32_t i = 0; i < s->view.narms * s->view.nblocks; i++) {
		int64_t run = s->view.cells[i].run;

		if (run == 0)
			continue;
		s->first_run = s->first_run == 0 || run < s->first_run ? run : s->first_run;
		s->last_run = run > s->last_run ? run : s->last_run;
	}
}

/* --verify-results, as the runs that stand for the arms were told. */
static bool results_of(struct arms_show *s, struct query *query, int64_t experiment, struct err *err)
{
	struct verify_count count;
	bool asked = false;

	for (uint32_t i = 0; i < s->view.narms; i++)
		asked = asked || (s->stand_ins[i].has_run && verify_asked(&s->stand_ins[i].run));
	if (!asked)
		return true;
	if (!query_verify(query, experiment, NULL, NULL, &count, err))
		return false;
	verify_arms_sentence(&count, &s->results);
	return true;
}

static bool fill(struct arms_show *s, struct query *query, const char *store_path, struct err *err)
{
	int64_t experiment = s->view.id;
	bool ok = true;

	comparison_of(&s->view, s->view.stop_when > 0, &s->comparison);
	s->stand_ins = mem_zero((size_t)s->view.narms + 1, sizeof *s->stand_ins);
	s->shown = mem_zero((size_t)s->view.narms + 1, sizeof *s->shown);
	s->names = mem_zero((size_t)s->view.narms + 1, sizeof *s->names);
	if (strcmp(s->view.kind, "scale") == 0)
		fill_scaling(s);
	for (uint32_t i = 0; ok && i < s->view.narms; i++)
		ok = s->scaling.narms > 0 ? scale_stand_in(s, query, i, store_path, err)
		                          : compare_stand_in(s, query, i, store_path, err);
	if (experiment != 0)
		ok = ok && query_faults(query, experiment, &s->faults, err) && results_of(s, query, experiment, err);
	if (!ok) {
		arms_show_clear(s);
		return false;
	}
	comparison_trouble(&s->view, &s->trouble);
	comparison_doubts(&s->view, &s->doubts);
	page_of(s, store_path);
	span_of(s);
	return true;
}

bool arms_show_load(
        struct arms_show *s, struct query *query, int64_t experiment, const char *store_path, struct err *err)
{
	memset(s, 0, sizeof *s);
	return query_compare(query, experiment, &s->view, err) && fill(s, query, store_path, err);
}

bool arms_show_runs(struct arms_show *s, struct query *query, const int64_t *runs, size_t count, const char *store_path,
        struct err *err)
{
	memset(s, 0, sizeof *s);
	return query_compare_runs(query, runs, count, &s->view, err) && fill(s, query, store_path, err);
}

bool arms_show_render(const struct arms_show *s, const struct options *o, struct buf *out, struct err *err)
{
	bool scale = s->scaling.narms > 0;

	if (o->format == FORMAT_CSV)
		return csv_compare(&s->view, &s->comparison, o->csv_table, o->csv_raw, out, err);
	if (o->format == FORMAT_HTML && scale)
		html_scale(&s->page, &s->scaling, out);
	else if (o->format == FORMAT_HTML)
		html_compare(&s->page, &s->view, &s->comparison, out);
	else if (o->format == FORMAT_MARKDOWN && scale)
		markdown_scale(&s->page, &s->scaling, out);
	else if (o->format == FORMAT_MARKDOWN)
		markdown_compare(&s->page, &s->view, &s->comparison, out);
	else if (o->format == FORMAT_JSON)
		json_compare(&s->view, &s->comparison, out);
	return true;
}

bool arms_show_write(const struct arms_show *s, const struct options *o, struct buf *text, struct err *err)
{
	struct buf report = {0};
	bool ok = arms_show_render(s, o, &report, err);

	if (ok && o->format != FORMAT_NONE && o->output != NULL) {
		ok = output_write(o->output, &report, err);
		if (ok)
			buf_printf(text, " report: %s\n", o->output);
	} else if (ok) {
		buf_append(text, buf_str(&report), report.len);
	}
	buf_free(&report);
	return ok;
}

static bool keep_verdict(struct store *store, struct query *query, int64_t run, int64_t base, struct err *err)
{
	struct arms_stand_in a = {0};
	bool ok = load_run(&a, query, run, base, "", err);

	ok = ok &&
	     store_verdict(store, run, a.proof.kept, a.proof.speedup, a.proof.ceiling, a.proof.overlap_percent, err) &&
	     keep_doubts(store, run, &a.proof, err) && keep_suspects(store, &a.run, &a.proof, err);
	if (a.has_run) {
		proof_free(&a.proof);
		run_view_free(&a.run);
	}
	if (a.has_base)
		run_view_free(&a.base);
	return ok;
}

static void add_fit(struct store_figure *figures, size_t *n, const char *name, const struct scaling_estimate *e,
        const struct scaling_fit *fit)
{
	figures[(*n)++] = (struct store_figure){name, e->value, e->low, e->high,
	        fit->misfit ? "least squares of logarithms by block, profile likelihood; the law fits badly"
	                    : "least squares of logarithms by block, profile likelihood",
	        fit->blocks};
}

/* What a scale shows, for whoever asks the results file. */
static bool keep_figures(const struct arms_show *s, struct store *store, struct err *err)
{
	const struct scaling *c = &s->scaling;
	struct store_figure *figures = mem_zero(c->narms + 8, sizeof *figures);
	char(*names)[32] = mem_zero(c->narms + 1, sizeof *names);
	size_t n = 0;
	bool ok;

	for (size_t i = 1; i < c->narms; i++) {
		const struct paired *p = &c->arms[i].paired;

		if (p->blocks == 0)
			continue;
		snprintf(names[i], sizeof names[i], "speedup_%u", c->arms[i].sessions);
		figures[n++] = (struct store_figure){names[i], p->ratio, p->has_interval ? p->low : NAN,
		        p->has_interval ? p->high : NAN, paired_method_words(p->method), p->blocks};
	}
	if (c->amdahl.fitted)
		add_fit(figures, &n, "serial_share", &c->amdahl.sigma, &c->amdahl);
	if (c->usl.fitted) {
		add_fit(figures, &n, "usl_contention", &c->usl.sigma, &c->usl);
		add_fit(figures, &n, "usl_crosstalk", &c->usl.kappa, &c->usl);
		add_fit(figures, &n, "usl_best_sessions", &c->usl.best, &c->usl);
	}
	ok = n == 0 || store_figures(store, s->view.id, figures, n, err);
	free(figures);
	free(names);
	return ok;
}

bool arms_show_keep(const struct arms_show *s, struct store *store, struct query *query, struct err *err)
{
	const struct experiment_view *v = &s->view;
	uint32_t serial = serial_arm(v);

	for (uint32_t b = 0; b < v->nblocks; b++) {
		for (uint32_t a = 0; a < v->narms; a++) {
			const struct cell_view *c = experiment_cell(v, a, b);
			bool based = !v->load && serial < v->narms && v->arms[a].setting[0] == '\0';
			int64_t base = based && experiment_cell(v, serial, b)->complete
			                       ? experiment_cell(v, serial, b)->run
			                       : 0;

			if (c->run != 0 && !keep_verdict(store, query, c->run, base, err))
				return false;
		}
	}
	return store_commit(store, err) && keep_figures(s, store, err);
}
