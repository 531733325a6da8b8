/*
 * stats: percentiles, medians and their order-statistic intervals. Pure functions; inputs are not changed.
 */
#ifndef REPORTS_STATS_H
#define REPORTS_STATS_H

#include <stdbool.h>
#include <stddef.h>

double stats_mean(const double *x, size_t n);
double stats_stddev(const double *x, size_t n); /* sample standard deviation, 0 below two */
double stats_median(const double *x, size_t n);
/* The p-th percentile (0 < p < 100), nearest rank. */
double stats_percentile(const double *x, size_t n, double p);
double stats_percentile_sorted(const double *x, size_t n, double p); /* x is in ascending order */
/* True when at least 10 samples lie above the percentile, so that it may be shown. */
bool stats_percentile_shown(size_t n, double p);
/* 95 % order-statistic interval of a percentile (binomial); false when n is too small for one. */
bool stats_percentile_interval(const double *x, size_t n, double p, double *low, double *high);

/* A time for people with three significant digits: "3.02 s", "11 ms", "412 us", "0". */
const char *stats_duration(double us, char out[32]);

#endif
