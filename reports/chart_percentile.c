/*
 * chart_percentile: how long the slowest took: latency against the share of transactions that were quicker, of one load
 * run or of several arms. The axis counts nines, so that the tail has room; lines end where fewer than ten transactions
 * lie above them, and the band is the 95 % interval of each percentile.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "reports/chart_arms.h"
#include "reports/escape.h"
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

static void curve(struct buf *out, const struct plot *p, const struct hist *h, int look, const char *name)
{
	double last = last_nines(h);
	struct buf path = {0}, band = {0}, back = {0};
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
	buf_printf(out, "<path class=\"a%d am\" fill=\"%s\" fill-opacity=\"0.18\" stroke=\"none\" d=\"%s%sZ\"/>",
	        look % ARM_LOOKS + 1, arm_color(look), buf_str(&band), buf_str(&back));
	buf_printf(out,
	        "<path class=\"a%d as\" fill=\"none\" stroke=\"%s\" stroke-width=\"1.7\" stroke-linejoin=\"round\"",
	        look % ARM_LOOKS + 1, arm_color(look));
	if (arm_dashes(look)[0])
		buf_printf(out, " stroke-dasharray=\"%s\"", arm_dashes(look));
	buf_printf(out, " d=\"%s\"><title>", buf_str(&path));
	escape_html(name, out);
	buf_puts(out, "</title></path>\n");
	buf_free(&path);
	buf_free(&band);
	buf_free(&back);
}

/* The scales; false when no histogram has enough values. */
static bool scales(const struct percentile_line *lines, size_t nlines, struct plot *p)
{
	double least = INFINITY, most = 0;

	for (size_t i = 0; i < nlines; i++) {
		const struct hist *h = lines[i].hist;
		double last = last_nines(h), end = (double)hist_percentile(h, at(last, POINTS)) / 1e3;
		double first = (double)hist_percentile(h, 0.1) / 1e3;

		if (last <= 0)
			continue;
		p->to = last > p->to ? last : p->to;
		most = end > most ? end : most;
		least = first > 0 && first < least ? first : least;
	}
	return plot_log_range(p, least, most);
}

void chart_percentile_lines(
        const char *id, const char *about, const struct percentile_line *lines, size_t nlines, struct buf *out)
{
	struct plot p = {.left = PLOT_LEFT, .right = PLOT_RIGHT - 36, .top = TOP, .bottom = BOTTOM, .to = 0.3};
	struct plot_label labels[ARM_LOOKS];
	size_t nlabels = 0;

	nlines = nlines < ARM_LOOKS ? nlines : ARM_LOOKS;
	if (!scales(lines, nlines, &p))
		plot_log_range(&p, 1000, 10000);
	chart_begin(out, id, BOTTOM + 22, "Percentile curve", about);
	axis(out, &p);
	plot_side_axis(out, &p, true);
	for (size_t i = 0; i < nlines; i++) {
		double last = last_nines(lines[i].hist);

		if (last <= 0)
			continue;
		curve(out, &p, lines[i].hist, (int)i, lines[i].name);
		labels[nlabels++] = (struct plot_label){
		        plot_y(&p, (double)hist_percentile(lines[i].hist, at(last, POINTS)) / 1e3), lines[i].name};
	}
	plot_labels(out, &p, labels, nlabels);
	chart_end(out);
}

void chart_percentiles(const struct rendering *r, struct buf *out)
{
	struct load_numbers n;
	struct percentile_line lines[2];
	size_t count = 0;
	char about[200], a[32];

	load_numbers_of(r->run, &n);
	lines[count++] = (struct percentile_line){n.service, "service time"};
	if (r->run->load->rate > 0)
		lines[count++] = (struct percentile_line){n.schedule, "from the schedule"};
	snprintf(about, sizeof about,
	        "Latency against the share of transactions that were quicker, both scales logarithmic; half took at "
	        "most %s. The table has the numbers.",
	        stats_duration((double)hist_percentile(n.latency, 50) / 1e3, a));
	chart_percentile_lines("percentiles", about, lines, count, out);
}
