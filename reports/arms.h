/*
 * arms: an experiment with several arms as its page and its document show it: beside the figures, of each arm one
 * complete run from the middle that stands for it. Whoever loads the runs owns them (orchestrator/arms_show).
 */
#ifndef REPORTS_ARMS_H
#define REPORTS_ARMS_H

#include "reports/compare.h"
#include "reports/render.h"
#include "reports/scaling.h"
#include "shared/hist.h"

struct arm_shown {
	const char *name; /* unescaped */
	const struct rendering *rendering; /* of the run that stands for it, beside the reference's; NULL = none */
	const struct hist *hist; /* of a load run: latency over all its complete runs; NULL = none */
	bool linked; /* run-N.html stands beside the page */
};

struct faults_of_arms;

struct arms_page {
	int64_t experiment;
	const char *kind; /* "compare", "scale" */
	uint64_t seed;
	bool load;
	const struct arm_shown *arms;
	size_t narms, reference;
	size_t base; /* the arm that ran one after another: what tasks stretch against; narms = none */
	const char *doubts; /* which arms' runs carry which doubt, as sentences; "" = none */
	const char *trouble; /* what was left out and why it ended early, as sentences; "" = nothing */
	const struct faults_of_arms *faults; /* --chaos; NULL = none */
	const char *results; /* --verify-results: a sentence; NULL or "" = not asked for */
	const char *store_path;
	const char *index_href; /* NULL = no link */
};

/* A run that stands for the experiment where one is asked about: command, workload, environment. NULL = none. */
const struct rendering *arms_any(const struct arms_page *p);
/* "scale 12"; "compare of past runs", which belong to no experiment. */
void arms_name(const struct arms_page *p, struct buf *out);

/* html_arms.c: sections that pages of experiments share. */
void html_arms_begin(const struct arms_page *p, const char *verdict, struct buf *out);
void html_arms_overlap(const struct arms_page *p, struct buf *out); /* did they run at the same time? */
void html_arms_errors(const struct arms_page *p, struct buf *out);
void html_arms_percentiles(const struct arms_page *p, struct buf *out);
void html_arms_tasks(const struct arms_page *p, struct buf *out); /* stretch of each task in each arm */
void html_arms_faults(
        const struct arms_page *p, struct buf *out); /* planted faults, and whether results are the same */
void html_arms_costs(const struct arms_page *p, struct buf *out); /* what each arm cost */
void html_arms_end(const struct arms_page *p, struct buf *out); /* how to reproduce it, and the end of the page */

/* Each appends a whole document. The style's hint is not used. */
void text_scale_render(
        const struct arms_page *p, const struct scaling *s, const struct text_style *style, struct buf *out);
void html_compare(
        const struct arms_page *p, const struct experiment_view *v, const struct comparison *c, struct buf *out);
void html_scale(const struct arms_page *p, const struct scaling *s, struct buf *out);
void markdown_compare(
        const struct arms_page *p, const struct experiment_view *v, const struct comparison *c, struct buf *out);
void markdown_scale(const struct arms_page *p, const struct scaling *s, struct buf *out);

#endif
