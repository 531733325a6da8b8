/*
 * chart_dots: one row for each arm: every repeat as a dot, in the order they ran from top to bottom, and above them the
 * interval. See chart_arms.h.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "reports/chart_arms.h"
#include "reports/escape.h"
#include "reports/wording.h"

#define TOP 8
#define ROW 50 /* height */
#define LETTER 6.8 /* mean width of one */
#define NAME_MOST 34 /* letters of a name on the paper; the table has the rest */
#define TICKS 7

/* Letters of a text in UTF-8. */
static size_t letters(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

static void shorten(const char *name, size_t most, struct buf *out)
{
	size_t n = 0;

	if (letters(name) <= most) {
		buf_puts(out, name);
		return;
	}
	for (; *name; name++) {
		n += ((unsigned char)*name & 0xc0) != 0x80;
		if (n >= most)
			break;
		buf_putc(out, *name);
	}
	buf_puts(out, "…");
}

static double scaled(const struct dots *d, double value)
{
	return d->unit == DOTS_RATIO ? log(value) : value;
}

static void widen(double value, double *least, double *most)
{
	if (!(value > 0) || !isfinite(value))
		return;
	*least = value < *least ? value : *least;
	*most = value > *most ? value : *most;
}

/* What the axis has to span; false when there is nothing to draw. */
static bool range(const struct dots *d, double *least, double *most)
{
	*least = INFINITY;
	*most = 0;
	for (size_t i = 0; i < d->nrows; i++) {
		const struct dots_row *r = &d->rows[i];

		for (size_t k = 0; k < r->nvalues; k++)
			widen(r->values[k], least, most);
		widen(r->low, least, most);
		widen(r->high, least, most);
	}
	if (!(*most > 0))
		return false;
	widen(d->mark, least, most);
	return true;
}

static void label_of(const struct dots *d, double value, double step, char out[32])
{
	double unit = d->unit != DOTS_TIME ? 1 : value >= 1e6 || step >= 1e5 ? 1e6 : step >= 100 ? 1e3 : 1;
	const char *name = d->unit == DOTS_RATIO  ? "x"
	                   : d->unit == DOTS_RATE ? ""
	                   : unit >= 1e6          ? " s"
	                   : unit >= 1e3          ? " ms"
	                                          : " us";
	int digits = (int)ceil(-log10(step / unit) - 1e-9);

	if (d->unit == DOTS_RATE && value >= 1000)
		word_count((uint64_t)llround(value), out);
	else
		snprintf(out, 32, "%.*f%s", digits < 0 ? 0 : digits, value / unit, name);
}

static void axis(struct buf *out, const struct dots *d, const struct plot *p, double least, double most)
{
	static const double digits[] = {1, 2, 5};
	bool wide = d->unit == DOTS_RATIO && most > 4 * least;
	double step = chart_step(most - least, TICKS), power = pow(10, floor(log10(least)));
	double ticks[64];
	size_t n = 0;
	struct buf grid = {0};
	char label[32];

	if (wide)
		for (; power <= most && n + 3 < 64; power *= 10)
			for (int i = 0; i < 3; i++)
				ticks[n++] = digits[i] * power;
	else
		for (double v = ceil(least / step) * step; v <= most * 1.0000001 && n < 64; v += step)
			ticks[n++] = v;
	for (size_t i = 0; i < n; i++)
		if (ticks[i] >= least * 0.9999999 && ticks[i] <= most * 1.0000001)
			buf_printf(&grid, "M%.1f %gV%g", plot_x(p, scaled(d, ticks[i])), p->top, p->bottom);
	buf_printf(out, "<path class=\"grid\" stroke=\"#dfe3e8\" stroke-width=\"1\" fill=\"none\" d=\"%s\"/>",
	        buf_str(&grid));
	for (size_t i = 0; i < n; i++) {
		if (ticks[i] < least * 0.9999999 || ticks[i] > most * 1.0000001)
			continue;
		label_of(d, ticks[i], wide ? ticks[i] : step, label);
		chart_text(out, plot_x(p, scaled(d, ticks[i])), p->bottom + 15, "middle", "label", label);
	}
	buf_free(&grid);
}

/* The interval with caps; the range as a thin line. */
static void bar(struct buf *out, const struct dots *d, const struct plot *p, const struct dots_row *r, double y)
{
	double low = plot_x(p, scaled(d, r->low)), high = plot_x(p, scaled(d, r->high));

	if (r->interval)
		buf_printf(out,
		        "<path class=\"a%d as\" fill=\"none\" stroke=\"%s\" stroke-width=\"2.2\" d=\"M%.1f "
		        "%.1fv10m0 -5H%.1fm0 -5v10\"/>",
		        r->look % ARM_LOOKS + 1, arm_color(r->look), low, y - 5, high);
	else
		buf_printf(out,
		        "<path class=\"a%d as\" fill=\"none\" stroke=\"%s\" stroke-width=\"1\" stroke-opacity=\"0.6\" "
		        "d=\"M%.1f %.1fH%.1f\"/>",
		        r->look % ARM_LOOKS + 1, arm_color(r->look), low, y, high);
	arm_mark(out, plot_x(p, scaled(d, r->middle)), y, 5, r->look, "");
}

static void row(struct buf *out, const struct dots *d, const struct plot *p, size_t i)
{
	const struct dots_row *r = &d->rows[i];
	double top = p->top + (double)i * ROW, y = top + 15;
	struct buf name = {0};

	shorten(r->name, NAME_MOST, &name);
	buf_puts(out, "<g><title>");
	escape_html(r->name, out);
	buf_puts(out, ": ");
	escape_html(r->text, out);
	buf_puts(out, "</title>");
	chart_text(out, p->left - 10, y + 4, "end", "strong", buf_str(&name));
	for (size_t k = 0; k < r->nvalues; k++) {
		double down = r->nvalues > 1 ? 13.0 * (double)k / (double)(r->nvalues - 1) : 6;

		if (r->values[k] > 0 && isfinite(r->values[k]))
			arm_mark(out, plot_x(p, scaled(d, r->values[k])), top + 27 + down, 2.6, r->look,
			        "fill-opacity=\"0.55\"");
	}
	if (r->middle > 0)
		bar(out, d, p, r, y);
	chart_text(out, p->right + 14, y + 4, "start", "label", r->text);
	buf_puts(out, "</g>\n");
	buf_free(&name);
}

static void mark(struct buf *out, const struct dots *d, const struct plot *p)
{
	double x = plot_x(p, scaled(d, d->mark));

	buf_printf(out,
	        "<path class=\"mean\" fill=\"none\" stroke=\"#4d5663\" stroke-width=\"1.4\" d=\"M%.1f %gV%g\"/>", x,
	        p->top - 4, p->bottom);
	if (d->below)
		chart_text(out, p->left, p->bottom + 32, "start", "label", d->below);
	if (d->above)
		chart_text(out, p->right, p->bottom + 32, "end", "label", d->above);
}

/* Room for the longest name at the left and the longest text at the right. */
static void room(const struct dots *d, struct plot *p)
{
	size_t name = 0, text = 0;

	for (size_t i = 0; i < d->nrows; i++) {
		size_t n = letters(d->rows[i].name), m = letters(d->rows[i].text);

		name = n > name ? n : name;
		text = m > text ? m : text;
	}
	name = name > NAME_MOST ? NAME_MOST : name;
	p->left = 22 + LETTER * 1.06 * (double)name;
	p->right = CHART_WIDTH - 18 - LETTER * 1.02 * (double)text;
	if (p->right < p->left + 300)
		p->right = p->left + 300;
}

void chart_dots(const struct dots *d, struct buf *out)
{
	struct plot p = {.top = TOP, .bottom = TOP + ROW * (double)d->nrows + 4};
	double least, most, margin;

	if (!range(d, &least, &most))
		return;
	room(d, &p);
	p.from = scaled(d, least);
	p.to = scaled(d, most);
	margin = p.to - p.from > fabs(p.to) * 1e-3 ? (p.to - p.from) * 0.04 : fabs(p.to) * 0.01 + 1e-3;
	p.from -= margin;
	p.to += margin;
	if (d->unit == DOTS_RATIO) {
		least = exp(p.from);
		most = exp(p.to);
	} else {
		least = p.from;
		most = p.to;
	}
	chart_begin(out, d->id, (int)p.bottom + (d->below || d->above ? 40 : 24), d->title, d->about);
	axis(out, d, &p, least, most);
	if (d->mark > 0)
		mark(out, d, &p);
	for (size_t i = 0; i < d->nrows; i++)
		row(out, d, &p, i);
	chart_end(out);
}
