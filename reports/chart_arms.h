/*
 * chart_arms: the charts of experiments with several arms (engines, settings, numbers of sessions), as static SVG like
 * all of chart.h: every repeat as a dot beside its interval, and the curve of speed-up or throughput against sessions.
 * They draw what they are handed and know no store. Private to reports/chart*.c and reports/html*.c.
 */
#ifndef REPORTS_CHART_ARMS_H
#define REPORTS_CHART_ARMS_H

#include <stdbool.h>
#include <stddef.h>

#include "reports/chart_load.h"
#include "shared/hist.h"

/* Arms differ by colour, shape and dashes; more than these begin again. */
#define ARM_LOOKS 6

enum dots_unit { DOTS_TIME /* us */, DOTS_RATE /* a second */, DOTS_RATIO };

struct dots_row {
	const char *name; /* unescaped */
	const char *text; /* the numbers in words, at the right end */
	const double *values; /* one for each block, in the order they ran; a value that is not above 0 is not drawn */
	size_t nvalues;
	double middle; /* 0 = nothing is known of this row */
	double low, high;
	bool interval; /* else low and high are the range, drawn thinner and without caps */
	int look;
};

struct dots {
	const char *id, *title, *about;
	enum dots_unit unit; /* ratios stand on a logarithmic axis */
	const struct dots_row *rows;
	size_t nrows;
	double mark; /* a line across: 1 for ratios; 0 = none */
	const char *below, *above; /* what lies left and right of it; NULL = nothing is written */
};

void chart_dots(const struct dots *d, struct buf *out);

#define CURVE_SAMPLES 96

struct curve_point {
	double sessions;
	const double *values; /* one for each block */
	size_t nvalues;
	double middle, low, high; /* middle 0 = nothing is known */
	bool interval;
	double ceiling; /* no schedule can be faster; 0 = not known */
};

struct curve_fit {
	const char *name;
	double x[CURVE_SAMPLES], y[CURVE_SAMPLES], low[CURVE_SAMPLES], high[CURVE_SAMPLES]; /* low 0: no band */
	size_t n;
};

struct curve {
	const char *id, *title, *about;
	bool ratio; /* speed-ups, else a rate */
	const struct curve_point *points; /* by sessions, ascending */
	size_t npoints;
	const struct curve_fit *fits;
	size_t nfits; /* at most 2 */
	double ideal; /* y of one session: the ideal line; 0 = none */
	double best; /* number of sessions to mark; 0 = none */
	const char *best_text;
};

void chart_curve(const struct curve *c, struct buf *out);

/* Percentile curves of several histograms with their bands; labels at the ends. Those without enough values are left
 * out. */
struct percentile_line {
	const struct hist *hist;
	const char *name; /* at the line's end */
};
void chart_percentile_lines(
        const char *id, const char *about, const struct percentile_line *lines, size_t nlines, struct buf *out);

/* A short piece of each look for a legend. */
void arm_legend(struct buf *out, const char *const *names, size_t count);
/* A mark of this look around a point: a circle, square, triangle, diamond, ... */
void arm_mark(struct buf *out, double x, double y, double radius, int look, const char *extra);
const char *arm_color(int look);
const char *arm_dashes(int look); /* "" = solid */

#endif
