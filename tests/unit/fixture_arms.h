/*
 * fixture_arms: experiments made up for the tests of their renderers: a series of numbers of sessions, with the runs of
 * fixture_run.c standing for its arms. Included after fixture_run.c, not linked; the owner calls arms_fixture_free.
 */
#ifndef TESTS_UNIT_FIXTURE_ARMS_H
#define TESTS_UNIT_FIXTURE_ARMS_H

#include <math.h>

#include "reports/arms.h"
#include "shared/rng.h"

#define ARMS_MOST 6

enum arms_kind {
	ARMS_SCALE, /* task list, 9 blocks, a ceiling and a serial share */
	ARMS_FEW, /* 3 blocks: no intervals */
	ARMS_LOAD, /* a load run with a peak */
	ARMS_NONE, /* nothing is complete */
	ARMS_ALONE, /* one session only */
	ARMS_WRONG, /* hostile names, blocks left out, errors */
	ARMS_ENGINES, /* a comparison of four engines: one faster, one slower, one without a difference shown */
	ARMS_PAIR, /* of two, 4 blocks: no claim */
	ARMS_VARIED, /* of load runs with hostile settings, a block left out */
	ARMS_KINDS
};
static const char *const arms_kind_names[ARMS_KINDS] = {"scale", "scale-few", "scale-load", "scale-none", "scale-alone",
        "scale-wrong", "compare", "compare-few", "compare-load"};

struct arms_fixture {
	struct fixture runs[ARMS_MOST];
	struct arm_shown arms[ARMS_MOST];
	char names[ARMS_MOST][64];
	struct hist *hists[ARMS_MOST];
	size_t nruns;
	struct arms_page page;
	struct scaling scaling;
	struct experiment_view view; /* of a comparison */
	struct comparison comparison;
	struct cell_view cells[ARMS_MOST * 9];
	struct arm_view views[ARMS_MOST];
};

static enum fixture_kind arms_run_kind(enum arms_kind kind, size_t arm)
{
	if (kind == ARMS_LOAD || kind == ARMS_VARIED)
		return FIXTURE_SCRIPTS;
	if (kind == ARMS_WRONG)
		return arm == 1 ? FIXTURE_FAILING : FIXTURE_HOSTILE;
	return FIXTURE_SLEEPS;
}

static void arms_figures(struct arms_fixture *f, enum arms_kind kind)
{
	struct scaling *s = &f->scaling;

	for (size_t a = 0; a < s->narms; a++) {
		double n = exp2((double)a), law = (1 + 0.06 * (n - 1) + 0.002 * n * (n - 1)) / n;

		s->arms[a].sessions = 1u << a;
		s->arms[a].run = kind == ARMS_NONE ? 0 : 160 + (int64_t)a;
		s->arms[a].lanes = s->load || a ? 0.97 / law : 0;
		s->arms[a].peak = 1u << a;
		s->arms[a].ceiling = s->load ? 0 : fmin(n, 11);
		s->arms[a].p50_us = s->load ? 900 * n * law : 0;
		s->arms[a].p95_us = 2 * s->arms[a].p50_us;
		s->arms[a].p99_us = 3.5 * s->arms[a].p50_us;
		for (size_t b = 0; b < s->nblocks; b++) {
			double noise = 1 + 0.05 * ((double)(rng_hash(a + 1, b) % 2001) / 1000 - 1);

			if (kind == ARMS_NONE || (kind == ARMS_WRONG && (b == 2 || (a == 3 && b % 2))))
				continue;
			s->arms[a].figure[b] = s->load ? 1234 / law * noise : 4e6 * law * noise;
		}
	}
	scaling_compute(s, 7);
}

/* Engines at 3.00, 3.06, 2.85 and 3.00 s; load runs at rates in the same proportion. */
static void arms_compare(struct arms_fixture *f, enum arms_kind kind)
{
	static const char *const engines[] = {"process", "thread", "async", "serial"};
	static const double seconds[] = {3, 3.06, 2.85, 3};
	struct experiment_view *v = &f->view;

	*v = (struct experiment_view){.id = 12,
	        .kind = (char *)"compare",
	        .workload = (char *)"five-sleeps",
	        .ended = (char *)"all blocks",
	        .seed = 7,
	        .load = kind == ARMS_VARIED,
	        .blocks = true,
	        .arms = f->views,
	        .narms = kind == ARMS_PAIR ? 2 : 4,
	        .nblocks = kind == ARMS_PAIR ? 4 : 9,
	        .blocks_planned = kind == ARMS_PAIR ? 4 : 9,
	        .cells = f->cells};
	for (uint32_t a = 0; a < v->narms; a++) {
		snprintf(
		        f->names[a], sizeof f->names[a], kind == ARMS_VARIED ? "<i>file</i>=%s.sql" : "%s", engines[a]);
		f->views[a] = (struct arm_view){.label = f->names[a],
		        .engine = (char *)engines[a],
		        .setting = kind == ARMS_VARIED ? f->names[a] : (char *)"",
		        .sessions = a == 3 ? 1 : 5,
		        .lanes = 1,
		        .reference = a == 0};
		for (uint32_t b = 0; b < v->nblocks; b++) {
			double noise = 1 + 0.004 * ((double)(rng_hash(a + 50, b) % 2001) / 1000 - 1);

			f->cells[a * v->nblocks + b] = (struct cell_view){.run = 200 + (int64_t)(b * v->narms + a),
			        .arm = a,
			        .block = b,
			        .complete = kind != ARMS_VARIED || a != 1 || b != 3,
			        .tickets = 5,
			        .done = 5,
			        .makespan_us = 1e6 * seconds[a] * noise,
			        .tps = 3000 / seconds[a] * noise};
			if (!f->cells[a * v->nblocks + b].complete)
				snprintf(f->cells[a * v->nblocks + b].why, 80, "it is stopped");
		}
	}
	comparison_of(v, false, &f->comparison);
	f->page.reference = 0;
	f->page.base = kind == ARMS_ENGINES ? 3 : v->narms;
}

static bool arms_is_compare(enum arms_kind kind)
{
	return kind == ARMS_ENGINES || kind == ARMS_PAIR || kind == ARMS_VARIED;
}

static void arms_fixture_make(struct arms_fixture *f, enum arms_kind kind)
{
	size_t narms = kind == ARMS_ALONE ? 1 : kind == ARMS_PAIR ? 2 : arms_is_compare(kind) ? 4 : ARMS_MOST;

	memset(f, 0, sizeof *f);
	if (arms_is_compare(kind)) {
		arms_compare(f, kind);
	} else {
		scaling_init(&f->scaling, narms, kind == ARMS_FEW ? 3 : 9);
		f->scaling.load = kind == ARMS_LOAD;
		f->scaling.work = 20;
		arms_figures(f, kind);
	}
	f->nruns = kind == ARMS_NONE ? 0 : narms;
	for (size_t a = 0; a < narms; a++) {
		if (arms_is_compare(kind))
			;
		else if (kind == ARMS_WRONG)
			snprintf(f->names[a], sizeof f->names[a], "<b>%zu</b> & \"sessions\"", (size_t)1 << a);
		else
			snprintf(f->names[a], sizeof f->names[a], "%zu session%s", (size_t)1 << a, a ? "s" : "");
		f->arms[a].name = f->names[a];
		f->arms[a].linked = a == 1;
		if (a >= f->nruns)
			continue;
		fixture_make(&f->runs[a], arms_run_kind(kind, a), 0);
		f->runs[a].run.id = 160 + (int64_t)a;
		if (a == 0)
			f->runs[a].rendering.baseline = NULL;
		f->arms[a].rendering = &f->runs[a].rendering;
		if (kind == ARMS_LOAD || kind == ARMS_VARIED) {
			f->hists[a] = mem_zero(1, sizeof *f->hists[a]);
			for (size_t i = 0; i < 30000; i++)
				hist_add(f->hists[a], (int64_t)(8e5 * exp2((double)a / 2) *
				                                exp(2.0 * (double)(rng_hash(i, a) % 1000) / 1000) *
				                                (i % 200 ? 1 : 9)));
			f->arms[a].hist = f->hists[a];
		}
	}
	f->page = (struct arms_page){.experiment = 12,
	        .kind = arms_is_compare(kind) ? "compare" : "scale",
	        .seed = 4711,
	        .load = f->scaling.load || f->view.load,
	        .base = arms_is_compare(kind) ? f->page.base : 0,
	        .arms = f->arms,
	        .narms = narms,
	        .trouble = kind == ARMS_VARIED ? "Block 4 is left out: run 213 (<i>file</i>=thread.sql): it is stopped."
	                   : kind == ARMS_WRONG ? "Block 3 is left out: run 177 (<i>4</i> sessions) did not finish."
	                                        : "",
	        .doubts = kind == ARMS_VARIED ? "Doubt about <b>: client CPU saturated in 2 of 9 runs." : "",
	        .store_path = "/srv/pgparallel/runs.db",
	        .index_href = "index.html"};
}

static void arms_fixture_html(const struct arms_fixture *f, struct buf *out)
{
	if (f->view.narms > 0)
		html_compare(&f->page, &f->view, &f->comparison, out);
	else
		html_scale(&f->page, &f->scaling, out);
}

static void arms_fixture_markdown(const struct arms_fixture *f, struct buf *out)
{
	if (f->view.narms > 0)
		markdown_compare(&f->page, &f->view, &f->comparison, out);
	else
		markdown_scale(&f->page, &f->scaling, out);
}

static void arms_fixture_free(struct arms_fixture *f)
{
	for (size_t a = 0; a < f->nruns; a++) {
		fixture_free(&f->runs[a]);
		free(f->hists[a]);
	}
	if (f->view.narms > 0)
		comparison_free(&f->comparison);
	else
		scaling_free(&f->scaling);
}

#endif
