/*
 * chart_active: how many sessions were active over time: the mean of each pixel column (a curve of peaks would
 * overstate), with the mean over the whole run as a dashed line; and the budget as one bar.
 */
#include "reports/chart.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/escape.h"
#include "reports/wording.h"

#define TOP 10
#define BOTTOM 118

static double active_y(double active, double most)
{
	return BOTTOM - active / most * (BOTTOM - TOP);
}

static void active_axis(struct buf *out, double most)
{
	double step = chart_step(most, 4);
	char label[32];

	step = step < 1 ? 1 : step;
	for (double v = 0; v <= most * 1.0001; v += step) {
		snprintf(label, sizeof label, "%.0f", v);
		buf_printf(out, "<path class=\"grid\" stroke=\"#dfe3e8\" stroke-width=\"1\" d=\"M%d %.1fH%d\"/>",
		        CHART_LEFT, active_y(v, most), CHART_RIGHT);
		chart_text(out, CHART_LEFT - 8, active_y(v, most) + 4, "end", "label", label);
	}
}

static void curve(struct buf *path, const double *mean, double most)
{
	double y = active_y(mean[0], most);

	buf_printf(path, "M%d %.1f", CHART_LEFT, y);
	for (int c = 1; c < CHART_COLUMNS; c++) {
		double next = active_y(mean[c], most);

		if (fabs(next - y) < 0.05)
			continue;
		buf_printf(path, "H%dV%.1f", CHART_LEFT + c, next);
		y = next;
	}
	buf_printf(path, "H%d", CHART_RIGHT);
}

void chart_active(const struct rendering *r, struct buf *out)
{
	const struct proof *p = r->proof;
	double *mean = mem_zero(CHART_COLUMNS, sizeof *mean), most = p->peak > 0 ? p->peak : 1, y;
	int64_t wall = word_wall_us(r), go = r->run->phases.go_us;
	struct buf path = {0}, about = {0};
	char text[64], number[32];

	lanes_active(p, 0, wall, CHART_COLUMNS, mean);
	curve(&path, mean, most);
	buf_printf(&about, "Active sessions over time: peak %u, on average %s from the start to the last end.", p->peak,
	        word_number(p->mean_active, number));
	chart_begin(out, "active", BOTTOM + 22, "Active sessions over time", buf_str(&about));
	chart_time_axis(out, (double)wall, TOP, BOTTOM);
	active_axis(out, most);
	buf_printf(out, "<path class=\"area\" fill=\"#1769b8\" fill-opacity=\"0.14\" stroke=\"none\" d=\"%sV%dH%dZ\"/>",
	        buf_str(&path), BOTTOM, CHART_LEFT);
	buf_printf(out, "<path class=\"line\" fill=\"none\" stroke=\"#1769b8\" stroke-width=\"1.5\" d=\"%s\"/>\n",
	        buf_str(&path));
	y = active_y(p->mean_active, most);
	buf_printf(out,
	        "<path class=\"mean\" fill=\"none\" stroke=\"#4d5663\" stroke-dasharray=\"5 4\" d=\"M%.1f %.1fH%d\"/>",
	        chart_x(go == QUERY_NONE ? 0 : (double)go, (double)wall), y, CHART_RIGHT);
	snprintf(text, sizeof text, "mean %s", word_number(p->mean_active, number));
	chart_text(out, CHART_RIGHT - 4, y > TOP + 14 ? y - 5 : y + 14, "end", "strong", text);
	chart_end(out);
	buf_free(&path);
	buf_free(&about);
	free(mean);
}

/* Colour and class of a budget line by its name; names of later versions get the neutral one. */
static const char *budget_class(const char *name, const char **color)
{
	static const struct {
		const char *name, *class, *color;
	} known[] = {{"token", "p-token", "#8e3b8e"}, {"connect", "p-connect", "#d9661f"},
	        {"tcp", "p-connect", "#d9661f"}, {"tls", "p-connect", "#d9661f"},
	        {"authentication", "p-connect", "#d9661f"}, {"settings", "p-connect", "#d9661f"},
	        {"lock wait", "p-bad", "#b3201b"}, {"queue", "p-queue", "#8a93a0"}, {"execute", "p-execute", "#1769b8"},
	        {"fetch", "p-fetch", "#12876f"}, {"spawn", "p-spawn", "#6b5a45"}, {"barrier", "p-start", "#a9b0ba"},
	        {"unexplained", "p-bad", "#b3201b"}};

	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
		if (strcmp(known[i].name, name) == 0) {
			*color = known[i].color;
			return known[i].class;
		}
	}
	*color = "#7a8699";
	return "p-other";
}

static double budget_part(struct buf *out, double x, const char *name, int64_t us, double all)
{
	double width = us > 0 && all > 0 ? (double)us / all * CHART_WIDTH : 0;
	const char *color, *class = budget_class(name, &color);
	char text[96], time[32];

	if (width <= 0)
		return x;
	snprintf(text, sizeof text, "%s %s", name, word_exact((double)us, time));
	buf_printf(out, "<rect class=\"%s\" x=\"%.2f\" y=\"2\" width=\"%.2f\" height=\"26\" fill=\"%s\"><title>", class,
	        x, width < 0.4 ? 0.4 : width, color);
	escape_html(text, out);
	buf_puts(out, "</title></rect>");
	if (width > 7.5 * (double)strlen(text))
		chart_text(out, x + 6, 19, "start", "on", text);
	return x + width;
}

void chart_budget(const struct rendering *r, struct buf *out)
{
	const struct budget *b = r->budget;
	double all = (double)(b->unexplained_us > 0 ? b->unexplained_us : 0), x = 0;
	char about[160], wall[32], rest[32];

	for (size_t i = 0; i < b->nlines; i++)
		all += b->lines[i].us > 0 ? (double)b->lines[i].us : 0;
	snprintf(about, sizeof about, "The parts of the wall time of %s; unexplained %s. The table has the numbers.",
	        word_exact((double)b->wall_us, wall), word_exact((double)b->unexplained_us, rest));
	chart_begin(out, "budget", 30, "Where the wall time went", about);
	for (size_t i = 0; i < b->nlines; i++)
		x = budget_part(out, x, b->lines[i].name, b->lines[i].us, all);
	budget_part(out, x, "unexplained", b->unexplained_us, all);
	chart_end(out);
}
