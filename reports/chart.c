/*
 * chart: see chart.h: what all charts share: scales, axes, text.
 */
#include "reports/chart.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "reports/escape.h"
#include "reports/wording.h"

const char *chart_color(enum phase phase)
{
	static const char *const colors[PHASES] = {"#d9661f", "#8a93a0", "#8a93a0", "#1769b8", "#b8860b", "#12876f"};

	return colors[phase];
}

const char *chart_class(enum phase phase)
{
	static const char *const classes[PHASES] = {
	        "p-connect", "p-queue", "p-queue", "p-execute", "p-blocked", "p-fetch"};

	return classes[phase];
}

int chart_thickness(enum phase phase, int lane_height)
{
	static const int percent[PHASES] = {45, 8, 8, 80, 50, 62};
	int thick = lane_height * percent[phase] / 100;

	return thick < 1 ? 1 : thick;
}

double chart_step(double range, int most)
{
	double step;

	if (!(range > 0) || most < 1)
		return 1;
	step = pow(10, floor(log10(range / most)));
	for (;;) {
		if (range / step <= most)
			return step;
		if (range / (2 * step) <= most)
			return 2 * step;
		if (range / (5 * step) <= most)
			return 5 * step;
		step *= 10;
	}
}

double chart_x(double us, double wall_us)
{
	double x = CHART_LEFT + us / wall_us * CHART_COLUMNS;

	return x < CHART_LEFT ? CHART_LEFT : x > CHART_RIGHT ? CHART_RIGHT : x;
}

void chart_begin(struct buf *out, const char *id, int height, const char *title, const char *description)
{
	buf_printf(out,
	        "<svg xmlns=\"http://www.w3.org/2000/svg\" id=\"%s\" class=\"chart\" role=\"img\" width=\"%d\" "
	        "height=\"%d\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" font-size=\"12\" "
	        "aria-labelledby=\"%s-t %s-d\">\n<title id=\"%s-t\">",
	        id, CHART_WIDTH, height, CHART_WIDTH, height, id, id, id);
	escape_html(title, out);
	buf_printf(out, "</title><desc id=\"%s-d\">", id);
	escape_html(description, out);
	buf_puts(out, "</desc>\n");
}

void chart_end(struct buf *out)
{
	buf_puts(out, "</svg>\n");
}

void chart_text(struct buf *out, double x, double y, const char *anchor, const char *class, const char *text)
{
	buf_printf(out, "<text class=\"%s\" x=\"%.6g\" y=\"%.6g\" text-anchor=\"%s\" fill=\"%s\">", class, x, y, anchor,
	        strcmp(class, "on") == 0 ? "#fff" : "#4d5663");
	escape_html(text, out);
	buf_puts(out, "</text>");
}

/* Ticks in the unit that suits the axis, so that all labels of one axis read alike. */
static void tick_label(double us, double step, char out[32])
{
	double unit = step >= 1e5 ? 1e6 : step >= 100 ? 1e3 : 1;
	const char *name = step >= 1e5 ? "s" : step >= 100 ? "ms" : "us";
	int digits = us <= 0 || step / unit >= 1 ? 0 : step / unit >= 0.1 ? 1 : 2;

	snprintf(out, 32, "%.*f %s", digits, us / unit, name);
}

void chart_time_axis(struct buf *out, double wall_us, int top, int bottom)
{
	double step = chart_step(wall_us, 9);
	char label[32];

	buf_puts(out, "<g class=\"axis\">");
	buf_puts(out, "<path class=\"grid\" stroke=\"#dfe3e8\" stroke-width=\"1\" fill=\"none\" d=\"");
	for (double t = 0; t <= wall_us * 1.0001; t += step)
		buf_printf(out, "M%.1f %dV%d", chart_x(t, wall_us), top, bottom);
	buf_puts(out, "\"/>");
	for (double t = 0; t <= wall_us * 1.0001; t += step) {
		double x = chart_x(t, wall_us);

		tick_label(t, step, label);
		chart_text(out, x, bottom + 15, x > CHART_RIGHT - 14 ? "end" : "middle", "label", label);
	}
	buf_puts(out, "</g>\n");
}
