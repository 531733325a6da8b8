/*
 * chart_load: the charts of a load run, as static SVG like all of chart.h. Those over time share their scale, so that
 * they stand below each other. Private to reports/chart*.c and reports/html*.c.
 */
#ifndef REPORTS_CHART_LOAD_H
#define REPORTS_CHART_LOAD_H

#include "reports/chart.h"
#include "reports/load_numbers.h"
#include "reports/load_series.h"

/* Where numbers lie on the paper: x and y grow with the numbers, y upwards. */
struct plot {
	double left, right, top, bottom;
	double from, to; /* of the x axis */
	double low, high; /* of the y axis */
	bool log; /* y is logarithmic; low is above 0 */
};

#define PLOT_LEFT 64
#define PLOT_RIGHT 905 /* labels of the lines stand right of it */

double plot_x(const struct plot *p, double x);
double plot_y(const struct plot *p, double y);
/* Seconds, minutes or hours along the bottom, with a grid, and what the script needs to find a time again. */
void plot_time_axis(struct buf *out, const struct plot *p);
/* Round numbers up the side with a grid; `times`: us as times, else counts. */
void plot_side_axis(struct buf *out, const struct plot *p, bool times);
void plot_side_tick(struct buf *out, const struct plot *p, double value, bool times);
/* Low and high of a logarithmic axis so that 1, 2 or 5 times a power of ten bounds the values; false = no values. */
bool plot_log_range(struct plot *p, double least, double most);

struct plot_label {
	double y; /* where it should stand */
	const char *text;
};
/* Labels at the right ends of lines, pushed apart where they would cover each other. */
void plot_labels(struct buf *out, const struct plot *p, struct plot_label *labels, size_t count);

/* How the lines of these charts look: by colour, dashes and width. */
#define PLOT_LINES 4
const char *plot_line_class(int line); /* "s1" .. "s4" */
void plot_line(struct buf *out, int line, const char *path, const char *title);
/* A short piece of each for a legend, with its name; NULL = the line is not there. */
void plot_legend(struct buf *out, const char *const *names, int count);

void chart_rate(const struct rendering *r, const struct load_series *series, struct buf *out);
/* The service time, or with `schedule` the time from the schedule. */
void chart_latency(const struct rendering *r, const struct load_series *series, bool schedule, struct buf *out);
/* Names of its lines, NULL where no second has a value. */
void chart_latency_names(const struct load_series *series, bool schedule, const char *names[PLOT_LINES]);
void chart_sessions(const struct rendering *r, const struct load_series *series, struct buf *out);
void chart_percentiles(const struct rendering *r, struct buf *out);

#endif
