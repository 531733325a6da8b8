/*
 * load_series: the seconds of a load run as charts and their tables show them: as they are, or several as one stretch
 * where there are more than fit. The owner calls load_series_free.
 */
#ifndef REPORTS_LOAD_SERIES_H
#define REPORTS_LOAD_SERIES_H

#include "reports/query.h"

struct load_stretch {
	int64_t from_us, to_us;
	size_t seconds; /* how many of the store's rows it holds */
	uint32_t sessions; /* least of their ends */
	bool measured;
	bool out; /* nothing was done and an outage lies in it: there is no rate and no latency to draw */
	uint64_t done, failed, skipped, unknown, retries;
	double tps; /* done a second, over the whole stretch */
	/* Each is that of its worst second: percentiles cannot be added up. 0 = too few samples in every second. */
	int64_t p50_us, p95_us, p99_us, max_us;
	int64_t schedule_p50_us, schedule_p95_us, schedule_p99_us, schedule_max_us;
	double mean_us, schedule_mean_us; /* of all that were done, 0 = none */
};

struct load_outage {
	int64_t from_us, to_us;
};

struct load_series {
	struct load_stretch *stretches; /* by time */
	size_t count;
	size_t each; /* rows of the store in a stretch at most: 1 = nothing was put together */
	int64_t begin_us, end_us; /* of the whole series; both 0 when it is empty */
	struct load_outage *outages; /* as the run noticed them, and seconds without any session; by time */
	size_t noutages;
	uint32_t least_sessions, most_sessions; /* connected, while measured */
};

/* About `most` stretches: borders of what is measured and of outages stay where they are. */
void load_series_of(const struct run_view *run, size_t most, struct load_series *out);
void load_series_free(struct load_series *series);

#endif
