/*
 * proof_active: how many sessions were active at the same time and for how long, from the spans of the intervals.
 * Called by proof_of; the timeline belongs to the proof.
 */
#include <stdlib.h>
#include <string.h>

#include "reports/proof_parts.h"
#include "reports/sort.h"
#include "reports/stats.h"
#include "shared/buf.h"

#define PEAK_LEAST_US 1000

static int by_lane_and_time(const void *a, const void *b)
{
	const struct span *x = a, *y = b;

	if (x->lane != y->lane)
		return x->lane < y->lane ? -1 : 1;
	return (x->from_us > y->from_us) - (x->from_us < y->from_us);
}

/* Overlapping spans of one backend are one: a pooler may hand the same backend to several sessions, and a backend
 * does one thing at a time. */
static void merge_lanes(struct spans *spans)
{
	size_t kept = 0;

	if (spans->count == 0)
		return;
	sort_rows(spans->items, spans->count, sizeof(*spans->items), by_lane_and_time);
	for (size_t i = 1; i < spans->count; i++) {
		struct span *last = &spans->items[kept], *next = &spans->items[i];

		if (next->lane != last->lane || next->from_us > last->to_us)
			spans->items[++kept] = *next;
		else if (next->to_us > last->to_us)
			last->to_us = next->to_us;
	}
	spans->count = kept + 1;
}

struct edge {
	int64_t at_us;
	int step;
};

static int by_time(const void *a, const void *b)
{
	const struct edge *x = a, *y = b;

	if (x->at_us != y->at_us)
		return x->at_us < y->at_us ? -1 : 1;
	return x->step - y->step; /* ends before beginnings: who follows another is not beside it */
}

static struct edge *edges_of(const struct spans *spans)
{
	struct edge *edges = mem_alloc((2 * spans->count + 1) * sizeof(*edges));

	for (size_t i = 0; i < spans->count; i++) {
		edges[2 * i] = (struct edge){spans->items[i].from_us, 1};
		edges[2 * i + 1] = (struct edge){spans->items[i].to_us, -1};
	}
	sort_rows(edges, 2 * spans->count, sizeof(*edges), by_time);
	return edges;
}

static void make_timeline(const struct spans *spans, struct proof *proof)
{
	struct edge *edges = edges_of(spans);
	size_t n = 2 * spans->count;
	uint32_t active = 0;

	proof->timeline = mem_alloc((n + 1) * sizeof(*proof->timeline));
	for (size_t i = 0; i < n; i++) {
		active = (uint32_t)((int)active + edges[i].step);
		if (i + 1 == n || edges[i + 1].at_us == edges[i].at_us)
			continue;
		if (proof->ntimeline && proof->timeline[proof->ntimeline - 1].active == active) {
			proof->timeline[proof->ntimeline - 1].to_us = edges[i + 1].at_us;
			continue;
		}
		proof->timeline[proof->ntimeline++] = (struct activity){edges[i].at_us, edges[i + 1].at_us, active};
	}
	free(edges);
}

/* The longest time on end with at least so many active. */
static int64_t held_us(const struct proof *proof, uint32_t level)
{
	int64_t longest = 0, begin = 0;
	bool open = false;

	for (size_t i = 0; i < proof->ntimeline; i++) {
		const struct activity *a = &proof->timeline[i];

		if (a->active < level) {
			open = false;
			continue;
		}
		if (!open)
			begin = a->from_us;
		open = true;
		if (a->to_us - begin > longest)
			longest = a->to_us - begin;
	}
	return longest;
}

/*
 * A peak has to last: where one task hands a lock to the next both are active for microseconds, between letting go and
 * the end marker. Moments under 1 ms, or under a tenth of a usual task where tasks are short, are no peak.
 */
static uint32_t find_peak(const struct evidence *e, const struct proof *proof)
{
	double *times = mem_alloc((e->nintervals + 1) * sizeof(*times)), least;
	uint32_t low = 0, high = 0;

	for (size_t i = 0; i < e->nintervals; i++)
		times[i] = e->intervals[i].active_us;
	least = stats_median(times, e->nintervals) / 10;
	free(times);
	if (least > PEAK_LEAST_US)
		least = PEAK_LEAST_US;
	for (size_t i = 0; i < proof->ntimeline; i++)
		if (proof->timeline[i].active > high)
			high = proof->timeline[i].active;
	while (low < high) { /* a level that holds long enough holds for every lower level */
		uint32_t middle = low + (high - low + 1) / 2;

		if ((double)held_us(proof, middle) >= least)
			low = middle;
		else
			high = middle - 1;
	}
	return low;
}

/* Time covered by at least one span. */
static double covered_us(const struct spans *spans)
{
	struct edge *edges = edges_of(spans);
	int depth = 0;
	double covered = 0;

	for (size_t i = 0; i < 2 * spans->count; i++) {
		if (depth > 0)
			covered += (double)(edges[i].at_us - edges[i - 1].at_us);
		depth += edges[i].step;
	}
	free(edges);
	return covered;
}

static void count_intervals(const struct evidence *e, struct proof *proof)
{
	int64_t lane = 0;

	for (size_t i = 0; i < e->nintervals; i++) {
		const struct interval *in = &e->intervals[i];

		proof->server_intervals += in->on_server;
		proof->client_intervals += !in->on_server;
		proof->witnessed += in->witnessed;
		proof->blocked_us += in->blocked_us;
		if (in->active_us > proof->longest_us)
			proof->longest_us = in->active_us;
		if (i == 0 || in->from_us < proof->first_start_us)
			proof->first_start_us = in->from_us;
		if (i == 0 || in->to_us > proof->last_end_us)
			proof->last_end_us = in->to_us;
		if (in->lane > 0 && (i == 0 || in->lane != lane))
			proof->backends++;
		lane = in->lane;
	}
}

void proof_activity(struct evidence *e, struct proof *proof)
{
	const struct run_phases *phases = &e->run->phases;
	double extent, measured;

	merge_lanes(&e->active);
	merge_lanes(&e->blocked);
	count_intervals(e, proof);
	make_timeline(&e->active, proof);
	proof->peak = find_peak(e, proof);
	e->any_blocked_us = covered_us(&e->blocked);
	for (size_t i = 0; i < proof->ntimeline; i++) {
		double length = (double)(proof->timeline[i].to_us - proof->timeline[i].from_us);

		proof->active_us += length * proof->timeline[i].active;
		if (proof->timeline[i].active >= 2)
			proof->overlapped_us += length;
	}
	extent = (double)(proof->last_end_us - proof->first_start_us);
	proof->possible_us = proof->active_us - proof->longest_us;
	if (extent < proof->possible_us)
		proof->possible_us = extent;
	if (proof->possible_us < 0)
		proof->possible_us = 0;
	if (proof->possible_us > 0)
		proof->overlap_percent = 100 * proof->overlapped_us / proof->possible_us;
	if (extent > 0)
		proof->effective_lanes = proof->active_us / extent;
	measured = extent;
	if (phases->go_us != QUERY_NONE && phases->last_end_us != QUERY_NONE && phases->last_end_us > phases->go_us)
		measured = (double)(phases->last_end_us - phases->go_us);
	if (measured > 0)
		proof->mean_active = proof->active_us / measured;
}
