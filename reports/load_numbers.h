/*
 * load_numbers: what follows from the counts of a load run, computed once for proof and every renderer, so that no two
 * of them can disagree. Pure functions of the read model; what they point to belongs to the run.
 */
#ifndef REPORTS_LOAD_NUMBERS_H
#define REPORTS_LOAD_NUMBERS_H

#include "reports/query.h"
#include "shared/hist.h"

#define LOAD_PERCENTILES_MOST 12

struct load_numbers {
	int64_t measured_us; /* from the begin of counting to the last transaction's end; 0 = nothing was counted */
	uint64_t all; /* done, failed, skipped and unknown */
	double tps; /* done a second: as pgbench counts, with reconnecting under -C */
	double tps_without; /* without connecting */
	double tps_with; /* with connecting, the first time included */
	double active, active_percent; /* sessions inside a transaction on average; of those asked for */
	double reached_percent; /* -R: of the rate asked for, done; else 0 */
	int64_t connect_us; /* start of SPAWN until all sessions were ready; QUERY_NONE */
	double connect_mean_us; /* of one connection; -1 = none was made */
	const struct hist *latency; /* from the schedule with -R, else the service time; never NULL */
	const struct hist *service, *schedule, *lag; /* never NULL */
	double percentiles[LOAD_PERCENTILES_MOST]; /* --latency-percentiles, else 50 90 95 99 99.9 */
	size_t npercentiles;
	bool chosen; /* they were asked for */
	double headline; /* the percentile that stands for the tail: 99, less where that has too few samples; 0 = max */
};

/* The run has a load view. */
void load_numbers_of(const struct run_view *run, struct load_numbers *out);

/* "p99", "p99.9" */
const char *load_percentile_name(double p, char out[16]);
/* A histogram that may be missing, as one that is empty. */
const struct hist *load_hist(const struct hist *h);
/* Whether an option stands among the run's: "name" or "name=value"; value may be NULL. */
bool load_option(const struct run_view *run, const char *name, char *value, size_t size);
/* Transactions of a script, however they ended. */
uint64_t load_script_all(const struct load_script_view *script);
/* part of whole in per cent, 0 of nothing. */
double load_percent(uint64_t part, uint64_t whole);
/* The name pgbench gives a script: its own for its built-in ones. */
const char *load_script_name(const struct load_script_view *script);
/* What an error's SQLSTATE means; without one, whether the script or the connection was at fault. */
const char *load_error_meaning(const struct load_error_view *e);

#endif
