/*
 * load_series: a look at all lanes about once a second: what came since the look before becomes one row of the series.
 *
 * Looks are due at whole seconds after GO, where counting begins, at whole seconds after that, and where it ends. A
 * stretch is as long as it really was, however late its look. Before counting begins the lanes only count `warmed`: a
 * stretch of that time shows it as done and is not measured. Whatever was counted by the look that closes the
 * warm-up, which is always a little late, goes into the stretch after it, so that the series adds up to the totals.
 */
#include "orchestrator/load_watch_state.h"

#include <string.h>

#include "shared/clock.h"

#define SHORT_NS (LOAD_LOOK_NS / 2) /* a stretch of less than this waits for the next look */

/* The first whole second after `from` that lies behind now. */
static int64_t next_second(int64_t from, int64_t now)
{
	return from + ((now - from) / LOAD_LOOK_NS + 1) * LOAD_LOOK_NS;
}

static int64_t next_look(const struct load_watch *watch, int64_t now)
{
	if (now < watch->begin_ns)
		return load_sooner(next_second(watch->run->go_ns, now), watch->begin_ns);
	int64_t next = next_second(watch->begin_ns, now);
	/* The end is no whole second with -T 250ms and its like. */
	if (now < watch->end_ns)
		return load_sooner(next, watch->end_ns);
	return next;
}

void load_series_begin(struct load_watch *watch)
{
	int64_t go = watch->run->go_ns;

	watch->begin_ns = load_begin_ns(watch->load, go);
	watch->end_ns = load_end_ns(watch->load, go);
	watch->stretch_ns = go;
	watch->connected = watch->run->ready_sessions;
	watch->look_ns = next_look(watch, go);
}

static uint32_t count_connected(const struct load_watch *watch)
{
	uint32_t n = 0;

	for (uint32_t s = 0; s < watch->nsessions; s++) {
		uint32_t stage = atomic_load_explicit(&shm_slot(watch->run->shm, s)->stage, memory_order_relaxed);

		n += stage >= SLOT_READY && stage <= SLOT_BACKOFF;
	}
	return n;
}

static void merge_all(const struct load_watch *watch, struct hist *service, struct hist *schedule)
{
	memset(service, 0, sizeof *service);
	if (schedule)
		memset(schedule, 0, sizeof *schedule);
	for (uint32_t l = 0; l < watch->layout.nlanes; l++)
		for (uint32_t s = 0; s < watch->layout.nscripts; s++) {
			load_hist_merge(service, &watch->lanes[l].scripts[s].service);
			if (schedule)
				load_hist_merge(schedule, &watch->lanes[l].scripts[s].schedule);
		}
	load_hist_repair(service);
	if (schedule)
		load_hist_repair(schedule);
}

static void write_second(struct load_watch *watch, struct load_second *second, int64_t from, int64_t to)
{
	const struct run *run = watch->run;

	second->at_us = clock_us(from, run->origin_ns);
	second->length_us = clock_us(to, run->origin_ns) - second->at_us;
	second->sessions = watch->connected;
	if (second->length_us > 0)
		record_load_second(watch->run, second, to);
}

static int64_t us(double ns)
{
	return (int64_t)(ns / (double)NS_PER_US + 0.5);
}

static void fill_latencies(struct load_watch *watch, struct load_second *second)
{
	struct hist *between = watch->between;

	hist_since(between, watch->service, watch->service_before);
	load_hist_repair(between);
	watch->latency_ns = (int64_t)hist_mean(between);
	second->mean_us = us(hist_mean(between));
	second->stddev_us = us(hist_stddev(between));
	second->p50_us = us((double)hist_percentile(between, 50));
	second->p95_us = us((double)hist_percentile(between, 95));
	second->p99_us = us((double)hist_percentile(between, 99));
	second->max_us = us((double)hist_max(between));
	if (!watch->schedule)
		return;
	hist_since(between, watch->schedule, watch->schedule_before);
	load_hist_repair(between);
	watch->latency_ns = (int64_t)hist_mean(between);
	second->schedule_mean_us = us(hist_mean(between));
	second->schedule_p50_us = us((double)hist_percentile(between, 50));
	second->schedule_p95_us = us((double)hist_percentile(between, 95));
	second->schedule_p99_us = us((double)hist_percentile(between, 99));
	second->schedule_max_us = us((double)hist_max(between));
}

static void swap(struct hist **a, struct hist **b)
{
	struct hist *kept = *a;

	*a = *b;
	*b = kept;
}

/* The stretch that began before counting did, up to now or to where counting begins. */
static void close_warmup(struct load_watch *watch, int64_t now)
{
	int64_t to = load_sooner(now, watch->begin_ns);
	struct load_second second = {.done = load_more(watch->sums.warmed, watch->before.warmed)};

	watch->rate = (double)second.done * 1e9 / (double)(to - watch->stretch_ns);
	watch->latency_ns = 0;
	write_second(watch, &second, watch->stretch_ns, to);
	watch->before.warmed = watch->sums.warmed;
	watch->stretch_ns = to;
}

static void close_stretch(struct load_watch *watch, int64_t now)
{
	struct load_sums more;

	merge_all(watch, watch->service, watch->schedule);
	load_sums_since(&more, &watch->sums, &watch->before);
	struct load_second second = {.measured = watch->stretch_ns < watch->end_ns,
	        .done = more.done,
	        .failed = more.failed,
	        .skipped = more.skipped,
	        .unknown = more.unknown,
	        .retries = more.retries};
	fill_latencies(watch, &second);
	if (second.measured)
		load_outage_look(watch, &more, watch->stretch_ns, now);
	write_second(watch, &second, watch->stretch_ns, now);
	watch->rate = (double)more.done * 1e9 / (double)(now - watch->stretch_ns);
	watch->before = watch->sums;
	swap(&watch->service, &watch->service_before);
	if (watch->schedule)
		swap(&watch->schedule, &watch->schedule_before);
	watch->stretch_ns = now;
}

static void tell_troubles(struct load_watch *watch, int64_t now)
{
	if (watch->sums.dropped > 0 && !watch->told_dropped) {
		watch->told_dropped = true;
		run_event(watch->run, now, LEVEL_WARNING, "records dropped",
		        "records of single transactions were lost as this machine was too busy to keep them (%llu so "
		        "far); counts, rates and latencies are complete; --sampling-rate=0.1 keeps fewer records",
		        (unsigned long long)watch->sums.dropped);
	}
	if (watch->sums.errors_lost > 0 && !watch->told_errors) {
		watch->told_errors = true;
		run_event(watch->run, now, LEVEL_WARNING, "errors not listed",
		        "more than %d kinds of errors came from one lane: the list of errors is not complete, the "
		        "counts of transactions are",
		        LOAD_ERRORS_MOST);
	}
	if (watch->damaged > 0 && !watch->told_damaged) {
		watch->told_damaged = true;
		run_event(watch->run, now, LEVEL_WARNING, "records damaged",
		        "a worker wrote records of transactions that cannot be right; they are left out");
	}
}

int64_t load_series_look(struct load_watch *watch, int64_t now)
{
	if (now < watch->look_ns)
		return watch->look_ns;
	load_sum(watch, &watch->sums);
	watch->connected = count_connected(watch);
	if (watch->stretch_ns < watch->begin_ns && now > watch->stretch_ns)
		close_warmup(watch, now);
	if (watch->stretch_ns >= watch->begin_ns && now - watch->stretch_ns >= SHORT_NS)
		close_stretch(watch, now);
	else if (watch->stretch_ns >= watch->begin_ns && now >= watch->end_ns && watch->stretch_ns < watch->end_ns)
		close_stretch(watch, now);
	tell_troubles(watch, now);
	watch->look_ns = next_look(watch, now);
	return watch->look_ns;
}

/* Where the last stretch ends: with the last transaction, unless nothing came for a while before the run was ended. */
static int64_t last_moment(const struct load_watch *watch, int64_t now)
{
	int64_t drain = watch->run->drain_end_ns, last = watch->sums.last_ns;
	int64_t to = drain > watch->stretch_ns && drain < now ? drain : now;

	if (last > watch->stretch_ns && last <= to && to - last < SHORT_NS)
		return last;
	return to;
}

static bool anything(const struct load_sums *more)
{
	return more->done > 0 || more->failed > 0 || more->skipped > 0 || more->unknown > 0;
}

void load_series_last(struct load_watch *watch, int64_t now)
{
	struct load_sums more;

	/* Who is connected is known from the look before: by now the workers have left. */
	load_sum(watch, &watch->sums);
	if (watch->stretch_ns < watch->begin_ns && now > watch->stretch_ns)
		close_warmup(watch, now);
	load_sums_since(&more, &watch->sums, &watch->before);
	int64_t to = last_moment(watch, now);
	/* Seconds in which the workers only left are no part of the series. */
	if (watch->stretch_ns >= watch->begin_ns && to > watch->stretch_ns &&
	        (anything(&more) || watch->stretch_ns < watch->end_ns))
		close_stretch(watch, to);
	load_outage_end(watch, to);
	tell_troubles(watch, now);
}
