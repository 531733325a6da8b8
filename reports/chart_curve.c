/*
 * chart_curve: speed-up or throughput against sessions, both scales logarithmic so that the ideal is a straight line:
 * repeats, intervals, ceiling, fitted laws with their bands. See chart_arms.h.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "reports/chart_arms.h"
#include "reports/escape.h"
#include "reports/stats.h"
#include "reports/wording.h"

#define TOP 24
#define BOTTOM 330
#define SPARE 1.15 /* of the axis beyond the last number of sessions */
#define LABELS_MOST 4

static double column(const struct plot *p, double sessions)
{
	return plot_x(p, log2(sessions > 0 ? sessions : 1));
}

static void widen(double value, double *least, double *most)
{
	if (!(value > 0) || !isfinite(value))
		return;
	*least = value < *least ? value : *least;
	*most = value > *most ? value : *most;
}

static bool range(const struct curve *c, struct plot *p)
{
	double least = INFINITY, most = 0, last = 1, measured;

	for (size_t i = 0; i < c->npoints; i++) {
		const struct curve_point *q = &c->points[i];

		for (size_t k = 0; k < q->nvalues; k++)
			widen(q->values[k], &least, &most);
		widen(q->low, &least, &most);
		widen(q->high, &least, &most);
		last = q->sessions > last ? q->sessions : last;
	}
	if (!(most > 0))
		return false;
	measured = most;
	for (size_t i = 0; i < c->npoints; i++)
		widen(fmin(c->points[i].ceiling, 2 * measured), &least, &most);
	widen(fmin(c->ideal * last, 2 * measured), &least, &most);
	for (size_t i = 0; i < c->nfits; i++)
		for (size_t k = 0; k < c->fits[i].n; k++)
			widen(fmax(c->fits[i].y[k], least / 2), &least, &most);
	p->from = 0;
	p->to = log2(last * SPARE);
	p->log = true;
	if (!c->ratio)
		return plot_log_range(p, least, most);
	p->low = fmin(least * 0.95, 0.94);
	p->high = most * 1.06;
	return true;
}

static void grid(struct buf *out, const char *d)
{
	buf_printf(out, "<path class=\"grid\" stroke=\"#dfe3e8\" stroke-width=\"1\" fill=\"none\" d=\"%s\"/>", d);
}

static void axes(struct buf *out, const struct curve *c, const struct plot *p)
{
	struct buf d = {0};
	double taken = -99;
	char label[32];

	for (size_t i = 0; i < c->npoints; i++)
		buf_printf(&d, "M%.1f %gV%g", column(p, c->points[i].sessions), p->top, p->bottom);
	grid(out, buf_str(&d));
	for (size_t i = 0; i < c->npoints; i++) {
		double x = column(p, c->points[i].sessions);

		word_count((uint64_t)c->points[i].sessions, label);
		if (x - taken < 10 + 7 * (double)strlen(label))
			continue;
		taken = x;
		chart_text(out, x, p->bottom + 16, "middle", "label", label);
	}
	chart_text(out, (p->left + p->right) / 2, p->bottom + 34, "middle", "label", "sessions (logarithmic scale)");
	if (!c->ratio)
		plot_side_axis(out, p, false);
	for (double y = exp2(ceil(log2(p->low) - 1e-9)); c->ratio && y <= p->high; y *= 2) {
		buf_clear(&d);
		buf_printf(&d, "M%g %.1fH%g", p->left, plot_y(p, y), p->right);
		grid(out, buf_str(&d));
		snprintf(label, sizeof label, "%.4gx", y);
		chart_text(out, p->left - 8, plot_y(p, y) + 4, "end", "label", label);
	}
	buf_free(&d);
}

/* As far as it stays inside; the name stands at its end. */
static void ideal(struct buf *out, const struct curve *c, const struct plot *p)
{
	double last = exp2(p->to), end = fmin(last, p->high / c->ideal), begin = fmax(1, p->low / c->ideal);
	double x = column(p, end), y = plot_y(p, c->ideal * end);

	if (end <= begin)
		return;
	buf_printf(out,
	        "<path class=\"mean\" fill=\"none\" stroke=\"#4d5663\" stroke-dasharray=\"5 4\" d=\"M%.1f %.1fL%.1f "
	        "%.1f\"><title>ideal: as many times faster as there are sessions</title></path>",
	        column(p, begin), plot_y(p, c->ideal * begin), x, y);
	chart_text(out, x - 12, y + 10, "end", "strong", "ideal");
}

static double ceilings(struct buf *out, const struct curve *c, const struct plot *p)
{
	struct buf d = {0};
	double last = 0;

	for (size_t i = 0; i < c->npoints; i++) {
		double ceiling = c->points[i].ceiling;

		if (!(ceiling > 0))
			continue;
		buf_printf(&d, "%s%.1f %.1f", d.len ? "L" : "M", column(p, c->points[i].sessions), plot_y(p, ceiling));
		last = ceiling;
	}
	if (d.len > 0)
		buf_printf(out,
		        "<path class=\"a5 as\" fill=\"none\" stroke=\"%s\" stroke-width=\"1.6\" "
		        "stroke-dasharray=\"%s\" d=\"%s\"><title>ceiling: no schedule of these tasks can be "
		        "faster</title></path>",
		        arm_color(4), arm_dashes(4), buf_str(&d));
	buf_free(&d);
	return last;
}

static void fit(struct buf *out, const struct plot *p, const struct curve_fit *f, int look)
{
	struct buf line = {0}, band = {0};
	bool banded = f->n > 0;

	for (size_t i = 0; i < f->n; i++) {
		banded = banded && f->low[i] > 0 && f->high[i] >= f->low[i];
		buf_printf(&line, "%s%.1f %.1f", i ? "L" : "M", column(p, f->x[i]), plot_y(p, f->y[i]));
		buf_printf(&band, "%s%.1f %.1f", i ? "L" : "M", column(p, f->x[i]), plot_y(p, f->high[i]));
	}
	for (size_t i = f->n; i-- > 0;)
		buf_printf(&band, "L%.1f %.1f", column(p, f->x[i]), plot_y(p, f->low[i]));
	if (banded)
		buf_printf(out, "<path class=\"a%d am\" fill=\"%s\" fill-opacity=\"0.16\" stroke=\"none\" d=\"%sZ\"/>",
		        look + 1, arm_color(look), buf_str(&band));
	buf_printf(out, "<path class=\"a%d as\" fill=\"none\" stroke=\"%s\" stroke-width=\"1.6\"", look + 1,
	        arm_color(look));
	if (arm_dashes(look)[0])
		buf_printf(out, " stroke-dasharray=\"%s\"", arm_dashes(look));
	buf_printf(out, " d=\"%s\"><title>", buf_str(&line));
	escape_html(f->name, out);
	buf_puts(out, "</title></path>");
	buf_free(&line);
	buf_free(&band);
}

static void say(const struct curve *c, const struct curve_point *q, struct buf *out)
{
	char a[32], b[32], n[32];

	buf_printf(out, "<title>%s session%s: ", word_count((uint64_t)q->sessions, n), q->sessions > 1 ? "s" : "");
	if (c->ratio)
		buf_printf(out, "%s", word_ratio(q->middle, a));
	else
		buf_printf(out, "%s a second", word_rate(q->middle, a));
	if (q->nvalues > 1)
		buf_printf(out, ", %s %s to %s", q->interval ? "95 % interval" : "range",
		        c->ratio ? word_ratio(q->low, a) : word_rate(q->low, a),
		        c->ratio ? word_ratio(q->high, b) : word_rate(q->high, b));
	buf_puts(out, "</title>");
}

static void point(struct buf *out, const struct curve *c, const struct plot *p, const struct curve_point *q)
{
	double x = column(p, q->sessions), low = plot_y(p, q->low), high = plot_y(p, q->high);

	buf_puts(out, "<g>");
	say(c, q, out);
	for (size_t k = 0; k < q->nvalues; k++) {
		double aside = q->nvalues > 1 ? 9 + 9.0 * (double)k / (double)(q->nvalues - 1) : 9;

		if (q->values[k] > 0 && isfinite(q->values[k]))
			arm_mark(out, x + aside, plot_y(p, q->values[k]), 2.2, 0, "fill-opacity=\"0.5\"");
	}
	if (q->nvalues > 1 && q->interval)
		buf_printf(out,
		        "<path class=\"a1 as\" fill=\"none\" stroke=\"%s\" stroke-width=\"2.2\" d=\"M%.1f "
		        "%.1fh10m-5 0V%.1fm-5 0h10\"/>",
		        arm_color(0), x - 5, low, high);
	else if (q->nvalues > 1)
		buf_printf(out,
		        "<path class=\"a1 as\" fill=\"none\" stroke=\"%s\" stroke-width=\"1\" "
		        "stroke-opacity=\"0.6\" d=\"M%.1f %.1fV%.1f\"/>",
		        arm_color(0), x, low, high);
	arm_mark(out, x, plot_y(p, q->middle), 4.2, 0, "");
	buf_puts(out, "</g>\n");
}

/* Without a law the points are joined, so that the eye can follow them. */
static void joined(struct buf *out, const struct curve *c, const struct plot *p)
{
	struct buf d = {0};

	for (size_t i = 0; i < c->npoints; i++)
		if (c->points[i].middle > 0)
			buf_printf(&d, "%s%.1f %.1f", d.len ? "L" : "M", column(p, c->points[i].sessions),
			        plot_y(p, c->points[i].middle));
	buf_printf(out,
	        "<path class=\"a1 as\" fill=\"none\" stroke=\"%s\" stroke-width=\"1.2\" stroke-opacity=\"0.5\" "
	        "d=\"%s\"/>",
	        arm_color(0), buf_str(&d));
	buf_free(&d);
}

static void best(struct buf *out, const struct curve *c, const struct plot *p)
{
	double x = column(p, c->best);
	const char *anchor = x > p->right - 90 ? "end" : x < p->left + 90 ? "start" : "middle";

	buf_printf(out,
	        "<path class=\"mean\" fill=\"none\" stroke=\"#4d5663\" stroke-width=\"1.2\" d=\"M%.1f %gV%g\"/>", x,
	        p->top, p->bottom);
	chart_text(out, x, p->top - 9, anchor, "strong", c->best_text ? c->best_text : "");
}

void chart_curve(const struct curve *c, struct buf *out)
{
	struct plot p = {.left = PLOT_LEFT, .right = PLOT_RIGHT - 20, .top = TOP, .bottom = BOTTOM};
	struct plot_label labels[LABELS_MOST];
	size_t nlabels = 0;
	double ceiling;

	if (c->npoints == 0 || !range(c, &p))
		return;
	chart_begin(out, c->id, BOTTOM + 42, c->title, c->about);
	axes(out, c, &p);
	if (c->best > 0)
		best(out, c, &p);
	if (c->ideal > 0)
		ideal(out, c, &p);
	ceiling = ceilings(out, c, &p);
	if (ceiling > 0 && ceiling <= p.high)
		labels[nlabels++] = (struct plot_label){plot_y(&p, ceiling), "ceiling"};
	for (size_t i = 0; i < c->nfits && i < 2; i++) {
		const struct curve_fit *f = &c->fits[i];

		fit(out, &p, f, (int)i + 1);
		if (f->n > 0)
			labels[nlabels++] = (struct plot_label){plot_y(&p, f->y[f->n - 1]), f->name};
	}
	if (c->nfits == 0)
		joined(out, c, &p);
	for (size_t i = 0; i < c->npoints; i++)
		if (c->points[i].middle > 0)
			point(out, c, &p, &c->points[i]);
	plot_labels(out, &p, labels, nlabels);
	chart_end(out);
}
