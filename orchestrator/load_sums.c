/*
 * load_sums: adds up what the lanes of a load run counted. Reading costs a few loads for each lane and script; the
 * buckets of histograms are touched only where values are.
 */
#include "orchestrator/load_watch_state.h"

#include <math.h>
#include <string.h>

#include "shared/clock.h"

#define US_F 1000.0

uint64_t load_counter(const _Atomic uint64_t *counter)
{
	uint64_t value = atomic_load_explicit(counter, memory_order_relaxed);

	return value <= LOAD_COUNT_MOST ? value : 0;
}

static void add_moments(struct load_moments *into, const struct hist *h)
{
	uint64_t count = __atomic_load_n(&h->count, __ATOMIC_RELAXED);
	uint64_t sum = __atomic_load_n(&h->sum, __ATOMIC_RELAXED);
	double squares;

	__atomic_load(&h->squares, &squares, __ATOMIC_RELAXED);
	if (count > LOAD_COUNT_MOST || sum > INT64_MAX || !isfinite(squares) || squares < 0)
		return;
	into->count += count;
	into->sum += sum;
	into->squares += squares;
}

static void add_script(struct load_sums *sums, const struct load_script *script, bool schedule)
{
	sums->done += load_counter(&script->done);
	sums->failed += load_counter(&script->failed);
	sums->skipped += load_counter(&script->skipped);
	sums->unknown += load_counter(&script->unknown);
	sums->retried += load_counter(&script->retried);
	sums->retries += load_counter(&script->retries);
	sums->late += load_counter(&script->late);
	add_moments(&sums->service, &script->service);
	if (!schedule)
		return;
	add_moments(&sums->schedule, &script->schedule);
	add_moments(&sums->lag, &script->lag);
}

static void add_lane(struct load_sums *sums, const struct load_lane *lane, int64_t now)
{
	int64_t busy = atomic_load_explicit(&lane->busy_ns, memory_order_relaxed);
	int64_t last = atomic_load_explicit(&lane->last_ns, memory_order_relaxed);
	uint64_t connecting = atomic_load_explicit(&lane->connect_sum_ns, memory_order_relaxed);

	sums->warmed += load_counter(&lane->warmed);
	sums->dropped += load_counter(&lane->dropped);
	sums->sampled_out += load_counter(&lane->sampled_out);
	sums->connects += load_counter(&lane->connects);
	sums->aborted += load_counter(&lane->aborted);
	sums->errors_lost += load_counter(&lane->errors_lost);
	/* 20,000 sessions for eleven years. */
	if (busy > 0 && busy < INT64_MAX / 4 && sums->busy_ns < INT64_MAX / 4)
		sums->busy_ns += busy;
	if (connecting < INT64_MAX / 4 && sums->connect_sum_ns < INT64_MAX / 4)
		sums->connect_sum_ns += connecting;
	if (last > sums->last_ns && last <= now + LOAD_LOOK_NS)
		sums->last_ns = last;
}

void load_sum(const struct load_watch *watch, struct load_sums *sums)
{
	memset(sums, 0, sizeof *sums);
	for (uint32_t l = 0; l < watch->layout.nlanes; l++) {
		const struct watched_lane *lane = &watch->lanes[l];

		for (uint32_t s = 0; s < watch->layout.nscripts; s++)
			add_script(sums, &lane->scripts[s], watch->load->rate > 0);
		add_lane(sums, lane->lane, watch->now_ns);
	}
	for (uint32_t s = 0; s < watch->layout.nscripts; s++) {
		sums->failed += watch->judged[s].failed;
		sums->unknown += watch->judged[s].unknown;
	}
	sums->warmed += watch->judged_warmed;
}

static void moments_since(struct load_moments *out, const struct load_moments *now, const struct load_moments *before)
{
	out->count = load_more(now->count, before->count);
	out->sum = load_more(now->sum, before->sum);
	out->squares = now->squares > before->squares ? now->squares - before->squares : 0;
}

void load_sums_since(struct load_sums *out, const struct load_sums *now, const struct load_sums *before)
{
	*out = *now;
	out->done = load_more(now->done, before->done);
	out->failed = load_more(now->failed, before->failed);
	out->skipped = load_more(now->skipped, before->skipped);
	out->unknown = load_more(now->unknown, before->unknown);
	out->retried = load_more(now->retried, before->retried);
	out->retries = load_more(now->retries, before->retries);
	out->late = load_more(now->late, before->late);
	out->warmed = load_more(now->warmed, before->warmed);
	moments_since(&out->service, &now->service, &before->service);
	moments_since(&out->schedule, &now->schedule, &before->schedule);
	moments_since(&out->lag, &now->lag, &before->lag);
}

double load_mean_ns(const struct load_moments *moments)
{
	return moments->count ? (double)moments->sum / (double)moments->count : 0;
}

double load_stddev_ns(const struct load_moments *moments)
{
	if (moments->count == 0)
		return 0;
	double mean = load_mean_ns(moments) / US_F;
	double variance = moments->squares / (double)moments->count - mean * mean;

	return variance > 0 ? sqrt(variance) * US_F : 0;
}

/* --- histograms ------------------------------------------------------------------------------------------------- */

void load_hist_merge(struct hist *into, const struct hist *from)
{
	uint64_t low1 = __atomic_load_n(&from->low1, __ATOMIC_RELAXED);

	/* Bounds that no writer sets: nothing in it can be believed. */
	if (low1 == 0 || low1 > HIST_BUCKETS || __atomic_load_n(&from->high, __ATOMIC_RELAXED) >= HIST_BUCKETS)
		return;
	hist_merge(into, from);
}

/* What the buckets allow for a sum; the sum itself may lack a value of a writer that died. */
struct reach {
	double least, most, middle; /* of the sum, ns */
	double squares_most, squares_middle; /* us squared */
};

static void count_buckets(struct hist *h, struct reach *reach)
{
	uint64_t first = h->low1 > 0 && h->low1 <= HIST_BUCKETS ? h->low1 - 1 : 0;
	uint64_t last = h->high < HIST_BUCKETS ? h->high : HIST_BUCKETS - 1;

	memset(reach, 0, sizeof *reach);
	h->count = h->low1 = h->high = 0;
	for (uint64_t i = first; i <= last; i++) {
		double n, low = (double)hist_bucket_low((unsigned)i), high = (double)hist_bucket_low((unsigned)i + 1);

		if (h->buckets[i] > LOAD_COUNT_MOST)
			h->buckets[i] = 0;
		if (h->buckets[i] == 0)
			continue;
		n = (double)h->buckets[i];
		h->count += h->buckets[i];
		h->low1 = h->low1 ? h->low1 : i + 1;
		h->high = i;
		reach->least += n * low;
		reach->most += n * high;
		reach->middle += n * (low + high) / 2;
		reach->squares_most += n * (high / US_F) * (high / US_F);
		reach->squares_middle += n * ((low + high) / 2 / US_F) * ((low + high) / 2 / US_F);
	}
}

void load_hist_repair(struct hist *h)
{
	struct reach reach;

	if (h->low1 == 0)
		return;
	count_buckets(h, &reach);
	if (h->count == 0) {
		memset(h, 0, sizeof *h);
		return;
	}
	uint64_t low = hist_bucket_low((unsigned)h->low1 - 1), low_end = hist_bucket_low((unsigned)h->low1);
	uint64_t top = hist_bucket_low((unsigned)h->high), top_end = hist_bucket_low((unsigned)h->high + 1);

	if (h->min1 == 0 || h->min1 - 1 < low || h->min1 > low_end)
		h->min1 = low + 1;
	if (h->max < top || h->max >= top_end)
		h->max = top_end - 1;
	/* One value of each writer may be on its way: a hundredth and the largest is more than that. */
	double slack = (double)top_end, sum = (double)h->sum;
	if (sum > reach.most * 1.01 + slack || sum < reach.least * 0.99 - slack * 1000)
		h->sum = reach.middle < 1.8e19 ? (uint64_t)reach.middle : UINT64_MAX / 2;
	if (!isfinite(h->squares) || h->squares < 0 ||
	        h->squares > reach.squares_most * 1.01 + slack / US_F * (slack / US_F))
		h->squares = reach.squares_middle;
}
