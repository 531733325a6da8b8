/*
 * load_figures: see the header.
 */
#include "reports/load_figures.h"

#include <math.h>

const char *load_figure_name(enum load_figure figure)
{
	static const char *const names[LOAD_FIGURES] = {
	        "mean_us", "stddev_us", "min_us", "max_us", "p50_us", "p90_us", "p95_us", "p99_us", "p999_us"};
	return names[figure];
}

static int64_t rounded_us(double ns)
{
	return llround(ns / 1000.0);
}

void load_figures_of(const struct hist *h, int64_t us[LOAD_FIGURES])
{
	static const double percentiles[] = {50, 90, 95, 99, 99.9};
	for (int i = 0; i < LOAD_FIGURES; i++)
		us[i] = QUERY_NONE;
	if (!h || !h->count)
		return;
	us[FIGURE_MEAN] = rounded_us(hist_mean(h));
	us[FIGURE_STDDEV] = rounded_us(hist_stddev(h));
	us[FIGURE_MIN] = rounded_us((double)hist_min(h));
	us[FIGURE_MAX] = rounded_us((double)hist_max(h));
	for (int i = 0; i < 5; i++)
		if (hist_sound(h, percentiles[i]))
			us[FIGURE_P50 + i] = rounded_us((double)hist_percentile(h, percentiles[i]));
}

static bool counted(const struct load_view *load)
{
	return load->begin_us != QUERY_NONE && load->end_us != QUERY_NONE && load->end_us > load->begin_us;
}

bool load_rate(const struct load_view *load, uint64_t count, double *per_second)
{
	if (!counted(load))
		return false;
	*per_second = (double)count * 1e6 / (double)(load->end_us - load->begin_us);
	return true;
}

bool load_active(const struct load_view *load, double *sessions)
{
	if (!counted(load))
		return false;
	*sessions = (double)load->busy_us / (double)(load->end_us - load->begin_us);
	return true;
}
