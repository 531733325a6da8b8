/*
 * chart_percentile: how long the slowest took: latency against the share of transactions that were quicker. The axis
 * counts nines, so that the tail has room; lines end where fewer than ten transactions lie above them, and the band is
 * the 95 % interval of each percentile.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "reports/chart_load.h"
#include "reports/stats.h"
#include "reports/wording.h"

#define TOP 12
#define BOTTOM 250
#define POINTS 160
#define BEYOND 10.0

/* Nines of a percentile: 90 % is one, 99 % two. */
static double nines(double p)
{
	return -log10(1 - p / 100);
}

static double last_nines(const struct hist *h)
{
	return h->count > BEYOND ? log10((double)h->count / BEYOND) : 0;
}

static void axis(struct buf *out, const struct plot *p)
{
	static const double ticks[] = {0, 50, 75, 90, 95, 99, 99.9, 99.99, 99.999, 99.9999, 99.99999};
	struct buf grid = {0};
	double taken = -99;
	char label[32];

	for (size_t i = 0; i < sizeof ticks / sizeof ticks[0] && nines(ticks[i]) <= p->to + 1e-9; i++)
		buf_printf(&grid, "M%.1f %gV%g", plot_x(p, nines(ticks[i])), p->top, p->bottom);
	buf_printf(out, "<path class=\"grid\" stroke=\"#dfe3e8\" stroke-width=\"1\" fill=\"none\" d=\"%s\"/>",
	        buf_str(&grid));
	for (size_t i = 0; i < sizeof ticks / sizeof ticks[0] && nines(ticks[i]) <= p->to + 1e-9; i++) {
		double x = plot_x(p, nines(ticks[i]));

		if (x - taken < 46)
			continue;
		taken = x;
		snprintf(label, sizeof label, "%.8g %%", ticks[i]);
		chart_text(out, x, p->bottom + 15, "middle", "label", label);
	}
	buf_free(&grid);
}

static double at(double last, int i)
{
	double share = 100 * (1 - pow(10, -last * i / POINTS));

	return share < 0.1 ? 0.1 : share;
}

static void curve(struct buf *out, const struct plot *p, const struct hist *h, int line, const char *name)
{
	double last = last_nines(h);
	struct buf path = {0}, band = {0}, back = {0}, all = {0};
	int64_t low, high;

	for (int i = 0; i <= POINTS; i++) {
		double x = plot_x(p, last * i / POINTS), share = at(last, i);

		buf_printf(&path, "%s%.1f %.1f", i ? "L" : "M", x, plot_y(p, (double)hist_percentile(h, share) / 1e3));
	}
	for (int i = 0; i <= POINTS; i += 4) {
		hist_interval(h, at(last, i), &low, &high);
		buf_printf(&band, "%s%.1f %.1f", i ? "L" : "M", plot_x(p, last * i / POINTS),
		        plot_y(p, (double)high / 1e3));
	}
	for (int i = POINTS; i >= 0; i -= 4) {
		hist_interval(h, at(last, i), &low, &high);
		buf_printf(&back, "L%.1f %.1f", plot_x(p, last * i / POINTS), plot_y(p, (double)low / 1e3));
	}
	buf_printf(&all, "%s%sZ", buf_str(&band), buf_str(&back));
	buf_printf(out, "<path class=\"f%d\" fill=\"%s\" fill-opacity=\"0.2\" stroke=\"none\" d=\"%s\"/>", line + 1,
	        line == 0 ? "#1769b8" : "#c2571a", buf_str(&all));
	plot_line(out, line, buf_str(&path), name);
	buf_free(&path);
	buf_free(&band);
	buf_free(&back);
	buf_free(&all);
}

void chart_percentiles(const struct rendering *r, struct buf *out)
{
	struct plot p = {.left = PLOT_LEFT, .right = PLOT_RIGHT - 36, .top = TOP, .bottom = BOTTOM, .to = 0.3};
	struct plot_label labels[2];
	struct load_numbers n;
	const struct hist *lines[2];
	const char *const names[2] = {"service time", "from the schedule"};
	double least, most = 0;
	size_t count = 0;
	char about[200], a[32];

	load_numbers_of(r->run, &n);
	lines[count++] = n.service;
	if (r->run->load->rate > 0)
		lines[count++] = n.schedule;
	least = (double)hist_percentile(n.service, 0.1) / 1e3;
	for (size_t i = 0; i < count; i++) {
		double last = last_nines(lines[i]), end = (double)hist_percentile(lines[i], at(last, POINTS)) / 1e3;
		double first = (double)hist_percentile(lines[i], 0.1) / 1e3;

		p.to = last > p.to ? last : p.to;
		most = end > most ? end : most;
		least = first > 0 && first < least ? first : least;
		labels[i] = (struct plot_label){end, names[i]};
	}
	if (!plot_log_range(&p, least, most))
		plot_log_range(&p, 1000, 10000);
	snprintf(about, sizeof about,
	        "Latency against the share of transactions that were quicker, both scales logarithmic; half took at "
	        "most %s. The table has the numbers.",
	        stats_duration((double)hist_percentile(n.latency, 50) / 1e3, a));
	chart_begin(out, "percentiles", BOTTOM + 22, "Percentile curve", about);
	axis(out, &p);
	plot_side_axis(out, &p, true);
	for (size_t i = 0; i < count; i++) {
		labels[i].y = plot_y(&p, labels[i].y);
		curve(out, &p, lines[i], (int)i, names[i]);
	}
	plot_labels(out, &p, labels, count);
	chart_end(out);
}
