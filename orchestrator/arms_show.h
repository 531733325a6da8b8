/*
 * arms_show: an experiment with arms loaded for its renderers: its view, of each arm a run that stands for it, and for
 * a series of numbers of sessions what it shows. Used by the commands compare, scale and report; the owner calls
 * arms_show_clear.
 */
#ifndef ORCHESTRATOR_ARMS_SHOW_H
#define ORCHESTRATOR_ARMS_SHOW_H

#include "orchestrator/options.h"
#include "reports/arms.h"
#include "reports/arms_faults.h"
#include "reports/compare.h"

struct arms_stand_in {
	struct run_view run, base;
	bool has_run, has_base;
	struct proof proof;
	struct budget budget;
	struct rendering rendering;
	struct hist *hist;
};

struct arms_show {
	struct experiment_view view;
	struct comparison comparison;
	struct scaling scaling; /* kind "scale" */
	struct arms_stand_in *stand_ins; /* in the order of the page */
	struct arm_shown *shown;
	char (*names)[64];
	struct buf trouble, doubts;
	struct faults_of_arms faults; /* --chaos */
	struct buf results; /* --verify-results */
	struct arms_page page;
	int64_t first_run, last_run;
};

/* False with EXIT_USAGE when there is no such experiment. store_path and the query are borrowed. */
bool arms_show_load(
        struct arms_show *s, struct query *query, int64_t experiment, const char *store_path, struct err *err);
/* Past runs by their numbers, which belong together in no experiment. */
bool arms_show_runs(struct arms_show *s, struct query *query, const int64_t *runs, size_t count, const char *store_path,
        struct err *err);
void arms_show_clear(struct arms_show *s);
/* Keeps the verdict of each run beside it, so that `list` need not read its attempts again, and of a scale the
 * speed-ups and laws (table estimate). */
bool arms_show_keep(const struct arms_show *s, struct store *store, struct query *query, struct err *err);
/* The report of the experiment in o->format. EXIT_USAGE: no such CSV table. */
bool arms_show_render(const struct arms_show *s, const struct options *o, struct buf *out, struct err *err);
/* The same into o->output, which `text` then tells, or to the end of `text`. Nothing without a format. */
bool arms_show_write(const struct arms_show *s, const struct options *o, struct buf *text, struct err *err);

#endif
