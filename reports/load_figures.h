/*
 * load_figures: the nine figures by which a histogram of times is told in columns and in documents, and the rate of a
 * load run: one place for the store and all renderers, so that they cannot disagree. Pure.
 */
#ifndef REPORTS_LOAD_FIGURES_H
#define REPORTS_LOAD_FIGURES_H

#include <stdbool.h>
#include <stdint.h>

#include "reports/query.h"
#include "shared/hist.h"

enum load_figure {
	FIGURE_MEAN,
	FIGURE_STDDEV,
	FIGURE_MIN,
	FIGURE_MAX,
	FIGURE_P50,
	FIGURE_P90,
	FIGURE_P95,
	FIGURE_P99,
	FIGURE_P999,
	LOAD_FIGURES
};

/* "mean_us", "p50_us", ... */
const char *load_figure_name(enum load_figure figure);

/* Whole us; QUERY_NONE without values, and for a percentile with fewer than 10 values beyond it. h may be NULL. */
void load_figures_of(const struct hist *h, int64_t us[LOAD_FIGURES]);

/* So many of something in the time that counted, a second; false when nothing was counted. */
bool load_rate(const struct load_view *load, uint64_t count, double *per_second);
/* Mean number of sessions inside a transaction. */
bool load_active(const struct load_view *load, double *sessions);

#endif
