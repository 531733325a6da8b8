/*
 * chart_plot: scales, axes, lines and their labels for the charts of load runs, see chart_load.h.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/chart_load.h"
#include "reports/escape.h"
#include "reports/wording.h"

#define LABEL_HEIGHT 14
#define TIME_TICKS 9
#define SIDE_TICKS 4
#define LOG_TICKS 6

double plot_x(const struct plot *p, double x)
{
	double at = p->left + (x - p->from) / (p->to - p->from) * (p->right - p->left);

	return at < p->left ? p->left : at > p->right ? p->right : at;
}

double plot_y(const struct plot *p, double y)
{
	double share = (y - p->low) / (p->high - p->low);

	if (p->log)
		share = y > 0 ? log(y / p->low) / log(p->high / p->low) : 0;
	share = share < 0 ? 0 : share > 1 ? 1 : share;
	return p->bottom - share * (p->bottom - p->top);
}

static void grid(struct buf *out, const char *d)
{
	buf_printf(out, "<path class=\"grid\" stroke=\"#dfe3e8\" stroke-width=\"1\" fill=\"none\" d=\"%s\"/>", d);
}

/* Distances between ticks that people count time in, in seconds. */
static double time_step(double seconds)
{
	static const double steps[] = {
	        1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 10800, 21600, 43200};

	if (seconds / steps[0] < 2)
		return chart_step(seconds, TIME_TICKS);
	for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
		if (seconds / steps[i] <= TIME_TICKS)
			return steps[i];
	return 86400 * ceil(seconds / 86400 / TIME_TICKS);
}

static void time_label(double seconds, double step, char out[32])
{
	if (step >= 3600)
		snprintf(out, 32, "%.6g h", seconds / 3600);
	else if (step >= 60)
		snprintf(out, 32, "%.6g min", seconds / 60);
	else
		snprintf(out, 32, "%.6g s", seconds);
}

void plot_time_axis(struct buf *out, const struct plot *p)
{
	double step = time_step((p->to - p->from) / 1e6), first = ceil(p->from / 1e6 / step) * step;
	struct buf d = {0};
	char label[32];

	for (double t = first; t <= p->to / 1e6 * 1.00001; t += step)
		buf_printf(&d, "M%.1f %gV%g", plot_x(p, t * 1e6), p->top, p->bottom);
	buf_printf(out, "<g class=\"axis\" data-from=\"%.0f\" data-to=\"%.0f\" data-left=\"%g\" data-right=\"%g\">",
	        p->from, p->to, p->left, p->right);
	grid(out, buf_str(&d));
	for (double t = first; t <= p->to / 1e6 * 1.00001; t += step) {
		time_label(fabs(t) < step / 1e3 ? 0 : t, step, label);
		chart_text(out, plot_x(p, t * 1e6), p->bottom + 15, "middle", "label", label);
	}
	buf_puts(out, "</g>\n");
	buf_free(&d);
}

static void side_label(double value, bool times, char out[32])
{
	if (!times && value >= 1000)
		word_count((uint64_t)llround(value), out);
	else if (!times)
		snprintf(out, 32, "%.6g", value);
	else if (value >= 1e6)
		snprintf(out, 32, "%.6g s", value / 1e6);
	else if (value >= 1e3)
		snprintf(out, 32, "%.6g ms", value / 1e3);
	else
		snprintf(out, 32, "%.6g us", value);
}

void plot_side_tick(struct buf *out, const struct plot *p, double value, bool times)
{
	char label[32], d[64];
	double y = plot_y(p, value);

	snprintf(d, sizeof d, "M%g %.1fH%g", p->left, y, p->right);
	grid(out, d);
	side_label(value, times, label);
	chart_text(out, p->left - 8, y + 4, "end", "label", label);
}

static void log_ticks(struct buf *out, const struct plot *p, bool times)
{
	static const double digits[] = {1, 2, 5};
	double decades = log10(p->high / p->low), power = pow(10, floor(log10(p->low) + 1e-9));
	bool fine = decades * 3 <= LOG_TICKS;

	for (; power <= p->high * 1.001; power *= 10)
		for (int i = 0; i < (fine ? 3 : 1); i++)
			if (digits[i] * power >= p->low * 0.999 && digits[i] * power <= p->high * 1.001)
				plot_side_tick(out, p, digits[i] * power, times);
}

void plot_side_axis(struct buf *out, const struct plot *p, bool times)
{
	double step = chart_step(p->high - p->low, SIDE_TICKS);

	if (p->log) {
		log_ticks(out, p, times);
		return;
	}
	for (double v = p->low; v <= p->high * 1.0001; v += step)
		plot_side_tick(out, p, v, times);
}

bool plot_log_range(struct plot *p, double least, double most)
{
	double power;

	if (!(least > 0) || !(most >= least))
		return false;
	power = pow(10, floor(log10(least)));
	p->low = least >= 5 * power ? 5 * power : least >= 2 * power ? 2 * power : power;
	power = pow(10, floor(log10(most)));
	p->high = most <= power ? power : most <= 2 * power ? 2 * power : most <= 5 * power ? 5 * power : 10 * power;
	if (p->high < p->low * 1.9)
		p->high *= 2.5;
	p->log = true;
	return true;
}

static int by_y(const void *a, const void *b)
{
	const struct plot_label *x = a, *y = b;

	return (x->y > y->y) - (x->y < y->y);
}

void plot_labels(struct buf *out, const struct plot *p, struct plot_label *labels, size_t count)
{
	qsort(labels, count, sizeof *labels, by_y);
	for (size_t i = 1; i < count; i++)
		if (labels[i].y < labels[i - 1].y + LABEL_HEIGHT)
			labels[i].y = labels[i - 1].y + LABEL_HEIGHT;
	for (size_t i = count; i-- > 0;) {
		double most = i + 1 == count ? p->bottom : labels[i + 1].y - LABEL_HEIGHT;

		labels[i].y = labels[i].y > most ? most : labels[i].y;
	}
	for (size_t i = 0; i < count; i++)
		chart_text(out, p->right + 6, labels[i].y + 4, "start", "strong", labels[i].text);
}

static const struct {
	const char *class, *color, *dashes;
	double width;
} looks[PLOT_LINES] = {{"s1", "#1769b8", NULL, 1.8}, {"s2", "#c2571a", "7 3", 1.6}, {"s3", "#8e3b8e", "2 2.5", 1.8},
        {"s4", "#7a8699", NULL, 1}};

void plot_line(struct buf *out, int line, const char *path, const char *title)
{
	buf_printf(out, "<path class=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"%g\" stroke-linejoin=\"round\"",
	        looks[line].class, looks[line].color, looks[line].width);
	if (looks[line].dashes)
		buf_printf(out, " stroke-dasharray=\"%s\"", looks[line].dashes);
	buf_printf(out, " d=\"%s\"><title>", path);
	escape_html(title, out);
	buf_puts(out, "</title></path>\n");
}

void plot_legend(struct buf *out, const char *const *names, int count)
{
	buf_puts(out, "<p class=\"legend\" aria-hidden=\"true\">");
	for (int i = 0; i < count; i++) {
		if (names[i] == NULL)
			continue;
		buf_printf(out,
		        "<span><svg xmlns=\"http://www.w3.org/2000/svg\" width=\"26\" height=\"10\" viewBox=\"0 0 26 "
		        "10\"><path class=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"%g\"",
		        looks[i].class, looks[i].color, looks[i].width);
		if (looks[i].dashes)
			buf_printf(out, " stroke-dasharray=\"%s\"", looks[i].dashes);
		buf_printf(out, " d=\"M1 5H25\"/></svg> %s</span>", names[i]);
	}
	buf_puts(out, "</p>\n");
}
