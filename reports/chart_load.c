/*
 * chart_load: rate, latency and sessions of a load run over time. What was not measured is shaded, an outage is a gap
 * with a name, failures are always drawn.
 */
#include "reports/chart_load.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "reports/stats.h"
#include "reports/wording.h"

#define TOP 18
#define RATE_BOTTOM 190
#define LATENCY_BOTTOM 210
#define SESSIONS_BOTTOM 62

static struct plot over_time(const struct load_series *s, double bottom)
{
	double from = s->begin_us > 0 ? 0 : (double)s->begin_us;

	return (struct plot){.left = PLOT_LEFT,
	        .right = PLOT_RIGHT,
	        .top = TOP,
	        .bottom = bottom,
	        .from = from,
	        .to = (double)s->end_us > from ? (double)s->end_us : from + 1,
	        .high = 1};
}

/* `taken`: how far names reach already; one that would cover another is left to the title. */
static void band(struct buf *out, const struct plot *p, const struct load_outage *span, bool outage, const char *name,
        double *taken)
{
	double x = plot_x(p, (double)span->from_us), width = plot_x(p, (double)span->to_us) - x;
	double half = 3.2 * (double)strlen(name), middle = x + width / 2;

	buf_printf(out,
	        "<rect class=\"%s\" x=\"%.1f\" y=\"%g\" width=\"%.1f\" height=\"%g\" fill=\"%s\" "
	        "fill-opacity=\"0.17\"><title>%s</title></rect>",
	        outage ? "outage" : "unmeasured", x, p->top, width < 1 ? 1 : width, p->bottom - p->top,
	        outage ? "#b3201b" : "#8a93a0", name);
	middle = middle < p->left + half ? p->left + half : middle;
	middle = middle > p->right - half ? p->right - half : middle;
	if (middle - half < *taken)
		return;
	*taken = middle + half + 8;
	chart_text(out, middle, p->top - 5, "middle", "label", name);
}

static const char *unmeasured_name(const struct load_view *l, bool first)
{
	if (!first)
		return "after the end";
	if (l->warmup_us > 0)
		return l->ramp_us > 0 ? "ramp, warm-up" : "warm-up";
	return l->ramp_us > 0 ? "ramp" : "not measured";
}

/* What was left out of the numbers, and what could not be measured. A last look that comes a moment after the end is
 * not worth a band. */
static void bands(struct buf *out, const struct rendering *r, const struct load_series *s, const struct plot *p)
{
	double taken = 0, wide = (p->to - p->from) / 300;
	char name[64], time[32];

	for (size_t i = 0; i < s->noutages; i++) {
		snprintf(name, sizeof name, "outage %s",
		        stats_duration((double)(s->outages[i].to_us - s->outages[i].from_us), time));
		band(out, p, &s->outages[i], true, name, &taken);
	}
	taken = s->noutages ? 1e9 : 0;
	for (size_t i = 0, from = 0; i < s->count; i++) {
		struct load_outage span;

		if (i > 0 && s->stretches[i].measured != s->stretches[i - 1].measured)
			from = i;
		if (s->stretches[i].measured || (i + 1 < s->count && !s->stretches[i + 1].measured))
			continue;
		span = (struct load_outage){s->stretches[from].from_us, s->stretches[i].to_us};
		if (from == 0)
			taken = s->noutages && s->outages[0].from_us < span.to_us + (s->end_us - span.to_us) / 8 ? 1e9
			                                                                                         : 0;
		if ((double)(span.to_us - span.from_us) >= wide)
			band(out, p, &span, false, unmeasured_name(r->run->load, from == 0), &taken);
	}
}

static void dashed(struct buf *out, const struct plot *p, double value)
{
	buf_printf(out,
	        "<path class=\"mean\" fill=\"none\" stroke=\"#4d5663\" stroke-dasharray=\"5 4\" d=\"M%g %.1fH%g\"/>",
	        p->left, plot_y(p, value), p->right);
}

/* Where the rate lay on average, and where it should have. */
static void rate_marks(struct buf *out, const struct plot *p, double mean, double asked)
{
	struct plot_label labels[2];
	size_t count = 0;
	char text[2][48], number[32];

	if (mean > 0) {
		dashed(out, p, mean);
		snprintf(text[0], sizeof text[0], "mean %s", word_rate(mean, number));
		labels[count++] = (struct plot_label){plot_y(p, mean), text[0]};
	}
	if (asked > 0) {
		dashed(out, p, asked);
		snprintf(text[1], sizeof text[1], "asked %s", word_rate(asked, number));
		labels[count++] = (struct plot_label){plot_y(p, asked), text[1]};
	}
	plot_labels(out, p, labels, count);
}

/* One step for each stretch; outages are left open. The area below it is closed piece by piece. */
static void rate_path(const struct load_series *s, const struct plot *p, struct buf *line, struct buf *area)
{
	bool open = false;

	for (size_t i = 0; i < s->count; i++) {
		const struct load_stretch *t = &s->stretches[i];
		double x = plot_x(p, (double)t->from_us), y = plot_y(p, t->tps), to = plot_x(p, (double)t->to_us);

		if (t->out) {
			if (open)
				buf_printf(area, "V%gZ", p->bottom);
			open = false;
			continue;
		}
		if (!open)
			buf_printf(area, "M%.1f %gV%.1f", x, p->bottom, y);
		else
			buf_printf(area, "V%.1f", y);
		if (open)
			buf_printf(line, "V%.1fH%.1f", y, to);
		else
			buf_printf(line, "M%.1f %.1fH%.1f", x, y, to);
		buf_printf(area, "H%.1f", to);
		open = true;
	}
	if (open)
		buf_printf(area, "V%gZ", p->bottom);
}

/* Every stretch in which something failed has a tick below the axis. */
static void failure_ticks(const struct load_series *s, const struct plot *p, struct buf *out)
{
	struct buf d = {0};
	double last = -9;

	for (size_t i = 0; i < s->count; i++) {
		const struct load_stretch *t = &s->stretches[i];
		double x = plot_x(p, (double)(t->from_us + t->to_us) / 2);

		if (t->failed + t->unknown == 0 || x - last < 0.8)
			continue;
		last = x;
		buf_printf(&d, "M%.1f %gv-11", x, p->bottom);
	}
	if (d.len > 0)
		buf_printf(out,
		        "<path class=\"halo\" stroke=\"#fff\" stroke-width=\"4\" fill=\"none\" d=\"%s\"/>"
		        "<path class=\"bad\" stroke=\"#b3201b\" stroke-width=\"2\" fill=\"none\" "
		        "d=\"%s\"><title>failed or "
		        "unknown</title></path>\n",
		        buf_str(&d), buf_str(&d));
	buf_free(&d);
}

static double most_tps(const struct load_series *s)
{
	double most = 0;

	for (size_t i = 0; i < s->count; i++)
		most = s->stretches[i].tps > most ? s->stretches[i].tps : most;
	return most;
}

void chart_rate(const struct rendering *r, const struct load_series *series, struct buf *out)
{
	const struct load_view *l = r->run->load;
	struct plot p = over_time(series, RATE_BOTTOM);
	struct buf line = {0}, area = {0}, about = {0};
	struct load_numbers n;
	char number[32];
	double step;

	load_numbers_of(r->run, &n);
	p.high = fmax(most_tps(series), fmax(l->rate, n.tps));
	step = chart_step(p.high > 0 ? p.high : 1, 4);
	p.high = ceil((p.high > 0 ? p.high : 1) / step * 0.999) * step;
	buf_printf(&about, "Transactions done a second over time: %s on average over what was measured",
	        word_rate(n.tps, number));
	buf_printf(&about, "; %zu outage%s. The table has the numbers.", series->noutages,
	        series->noutages == 1 ? "" : "s");
	chart_begin(out, "rate", RATE_BOTTOM + 22, "Transactions a second", buf_str(&about));
	plot_time_axis(out, &p);
	plot_side_axis(out, &p, false);
	rate_path(series, &p, &line, &area);
	buf_printf(out, "<path class=\"area\" fill=\"#1769b8\" fill-opacity=\"0.14\" stroke=\"none\" d=\"%s\"/>",
	        buf_str(&area));
	buf_printf(out, "<path class=\"line\" fill=\"none\" stroke=\"#1769b8\" stroke-width=\"1.5\" d=\"%s\"/>\n",
	        buf_str(&line));
	bands(out, r, series, &p);
	rate_marks(out, &p, n.tps, l->rate);
	failure_ticks(series, &p, out);
	chart_end(out);
	buf_free(&line);
	buf_free(&area);
	buf_free(&about);
}

/* --- latency over time ------------------------------------------------------------------------------------------ */

static int64_t value_of(const struct load_stretch *t, int line, bool schedule)
{
	const int64_t service[PLOT_LINES] = {t->p50_us, t->p95_us, t->p99_us, t->max_us};
	const int64_t scheduled[PLOT_LINES] = {
	        t->schedule_p50_us, t->schedule_p95_us, t->schedule_p99_us, t->schedule_max_us};

	return t->out ? 0 : schedule ? scheduled[line] : service[line];
}

/* Through the middles of the stretches, broken where there is no value. Returns the last value, 0 = none. */
static int64_t latency_path(
        const struct load_series *s, const struct plot *p, int line, bool schedule, struct buf *path)
{
	int64_t last = 0, before = 0;

	for (size_t i = 0; i < s->count; i++) {
		const struct load_stretch *t = &s->stretches[i];
		int64_t us = value_of(t, line, schedule), next;
		double y = plot_y(p, (double)us), x = plot_x(p, (double)(t->from_us + t->to_us) / 2);

		next = i + 1 < s->count ? value_of(&s->stretches[i + 1], line, schedule) : 0;
		if (us > 0 && before == 0 && next == 0) /* alone: as wide as its stretch */
			buf_printf(
			        path, "M%.1f %.1fH%.1f", plot_x(p, (double)t->from_us), y, plot_x(p, (double)t->to_us));
		else if (us > 0)
			buf_printf(path, "%s%.1f %.1f", before > 0 ? "L" : "M", x, y);
		last = us > 0 ? us : last;
		before = us;
	}
	return last;
}

static const char *const line_names[PLOT_LINES] = {"p50", "p95", "p99", "max"};

void chart_latency_names(const struct load_series *series, bool schedule, const char *names[PLOT_LINES])
{
	for (int k = 0; k < PLOT_LINES; k++) {
		names[k] = NULL;
		for (size_t i = 0; i < series->count && names[k] == NULL; i++)
			if (value_of(&series->stretches[i], k, schedule) > 0)
				names[k] = line_names[k];
	}
}

static bool latency_range(const struct load_series *s, bool schedule, struct plot *p)
{
	double least = INFINITY, most = 0;

	for (size_t i = 0; i < s->count; i++) {
		for (int k = 0; k < PLOT_LINES; k++) {
			double us = (double)value_of(&s->stretches[i], k, schedule);

			least = us > 0 && us < least ? us : least;
			most = us > most ? us : most;
		}
	}
	return plot_log_range(p, least, most);
}

void chart_latency(const struct rendering *r, const struct load_series *series, bool schedule, struct buf *out)
{
	struct plot p = over_time(series, LATENCY_BOTTOM);
	struct plot_label labels[PLOT_LINES];
	struct load_numbers n;
	struct buf path = {0};
	size_t nlabels = 0;
	char about[200], time[32];

	load_numbers_of(r->run, &n);
	snprintf(about, sizeof about,
	        "Latency over time on a logarithmic scale: p50, p95, p99 and the longest of each second; the longest "
	        "of all took %s. The table has the numbers.",
	        stats_duration((double)hist_max(schedule ? n.schedule : n.service) / 1e3, time));
	chart_begin(out, schedule ? "schedule" : "latency", LATENCY_BOTTOM + 22,
	        schedule ? "Time from the schedule, second by second" : "Service time, second by second", about);
	if (!latency_range(series, schedule, &p))
		plot_log_range(&p, 1000, 10000);
	plot_time_axis(out, &p);
	plot_side_axis(out, &p, true);
	bands(out, r, series, &p);
	for (int k = PLOT_LINES; k-- > 0;) {
		int64_t last;

		buf_clear(&path);
		last = latency_path(series, &p, k, schedule, &path);
		if (last == 0)
			continue;
		plot_line(out, k, buf_str(&path), line_names[k]);
		labels[nlabels++] = (struct plot_label){plot_y(&p, (double)last), line_names[k]};
	}
	plot_labels(out, &p, labels, nlabels);
	chart_end(out);
	buf_free(&path);
}

void chart_sessions(const struct rendering *r, const struct load_series *series, struct buf *out)
{
	struct plot p = over_time(series, SESSIONS_BOTTOM);
	struct buf path = {0};
	char about[160];

	p.high = r->run->sessions > series->most_sessions ? r->run->sessions : series->most_sessions;
	p.high = p.high > 0 ? p.high : 1;
	snprintf(about, sizeof about, "Sessions connected at the end of each second: at least %u of %u while measured.",
	        series->least_sessions, r->run->sessions);
	chart_begin(out, "connected", SESSIONS_BOTTOM + 22, "Sessions connected", about);
	plot_time_axis(out, &p);
	plot_side_tick(out, &p, 0, false);
	plot_side_tick(out, &p, p.high, false);
	for (size_t i = 0; i < series->count; i++) {
		const struct load_stretch *t = &series->stretches[i];
		double y = plot_y(&p, t->sessions);

		if (i > 0)
			buf_printf(&path, "V%.1f", y);
		else
			buf_printf(&path, "M%.1f %.1f", plot_x(&p, (double)t->from_us), y);
		buf_printf(&path, "H%.1f", plot_x(&p, (double)t->to_us));
	}
	plot_line(out, 0, buf_str(&path), "sessions connected");
	chart_end(out);
	buf_free(&path);
}
