/*
 * chart: static SVG, written with presentation attributes on every element so that it can be read without our style
 * sheet; classes let the style sheet recolour it in the dark. Private to reports/chart*.c and reports/html*.c.
 */
#ifndef REPORTS_CHART_H
#define REPORTS_CHART_H

#include "reports/lanes.h"
#include "reports/render.h"

#define CHART_WIDTH 1000
#define CHART_LEFT 56 /* of the plot area */
#define CHART_RIGHT 988
#define CHART_COLUMNS (CHART_RIGHT - CHART_LEFT)
#define CHART_LANES_MOST 400 /* more are left to the CSV */
#define CHART_EXACT_MOST 2000 /* up to so many attempts each has a bar of its own with a title */

/* What the caption has to say of a drawing. */
struct chart_note {
	bool exact; /* one bar per attempt */
	size_t lanes_left_out;
	size_t zoom_attempts; /* attempts in the zoom data; fewer than all: sampled */
	uint32_t failed_ticks, unknown_ticks;
};

/* Sessions over time. id names the elements ("gantt"). Zoom data of at most `detail` sampled attempts are appended as
 * a script element of their own by chart_zoom_data. */
void chart_lanes(const struct rendering *r, const struct lanes *lanes, struct chart_note *note, struct buf *out);
void chart_legend(const struct lanes *lanes, const struct chart_note *note, struct buf *out);
void chart_zoom_data(
        const struct rendering *r, const struct lanes *lanes, size_t detail, struct chart_note *note, struct buf *out);
void chart_active(const struct rendering *r, struct buf *out);
void chart_budget(const struct rendering *r, struct buf *out);

/* Shared by the charts. */
const char *chart_color(enum phase phase);
int chart_thickness(enum phase phase, int lane_height);
const char *chart_class(enum phase phase);
double chart_step(double range, int most); /* a round distance between ticks: at most `most` of them */
void chart_begin(struct buf *out, const char *id, int height, const char *title, const char *description);
void chart_end(struct buf *out);
void chart_time_axis(struct buf *out, double wall_us, int top, int bottom);
void chart_text(struct buf *out, double x, double y, const char *anchor, const char *class, const char *text);
double chart_x(double us, double wall_us); /* column of a time */

#endif
