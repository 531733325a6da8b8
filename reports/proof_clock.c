/*
 * proof_clock: the clock certificate. Every marker says that the server read its clock somewhere between the client's
 * sending and receiving (Cristian's bounds, no symmetry assumed). One client clock and one server clock that run
 * within 200 ppm of each other leave an offset that satisfies all markers of all sessions; when none does, one of
 * them stepped and nothing about overlap follows from the times. Called by proof_of alone; clock_free ends a clock.
 */
#include <stdlib.h>
#include <string.h>

#include "reports/proof_parts.h"
#include "reports/sort.h"
#include "shared/buf.h"

#define CLOCK_DRIFT_PPM 200
/* Both clocks are stored in whole microseconds, rounded down: a marker's true bounds are that much wider. */
#define CLOCK_ROUNDING_US 2

bool marker_answered(int64_t sent_us, int64_t received_us, int64_t server_us)
{
	return sent_us != QUERY_NONE && received_us != QUERY_NONE && server_us != QUERY_NONE && server_us > 0;
}

static void add_marker(struct server_clock *clock, int64_t sent_us, int64_t received_us, int64_t server_us)
{
	struct clock_point *p;

	if (!marker_answered(sent_us, received_us, server_us))
		return;
	p = &clock->points[clock->npoints++];
	p->server_us = server_us;
	p->low_us = server_us - received_us - CLOCK_ROUNDING_US;
	p->high_us = server_us - sent_us + CLOCK_ROUNDING_US;
}

static int by_server_time(const void *a, const void *b)
{
	const struct clock_point *x = a, *y = b;

	return (x->server_us > y->server_us) - (x->server_us < y->server_us);
}

static int64_t drift(const struct clock_point *a, const struct clock_point *b)
{
	return (b->server_us - a->server_us) * CLOCK_DRIFT_PPM / 1000000 + 1;
}

/* The tightest bounds at every marker that all other markers, 200 ppm apart, leave. */
static void tighten(struct server_clock *clock)
{
	struct clock_point *p = clock->points;

	for (size_t i = 1; i < clock->npoints; i++) {
		int64_t d = drift(&p[i - 1], &p[i]);

		if (p[i].low_us < p[i - 1].low_us - d)
			p[i].low_us = p[i - 1].low_us - d;
		if (p[i].high_us > p[i - 1].high_us + d)
			p[i].high_us = p[i - 1].high_us + d;
	}
	for (size_t i = clock->npoints; i-- > 1;) {
		int64_t d = drift(&p[i - 1], &p[i]);

		if (p[i - 1].low_us < p[i].low_us - d)
			p[i - 1].low_us = p[i].low_us - d;
		if (p[i - 1].high_us > p[i].high_us + d)
			p[i - 1].high_us = p[i].high_us + d;
	}
}

static int64_t into(int64_t offset_us, const struct clock_point *p)
{
	if (offset_us < p->low_us)
		return p->low_us;
	return offset_us > p->high_us ? p->high_us : offset_us;
}

/*
 * Any offset inside the tightened bounds that moves at most 200 ppm will do. This one begins in the middle of the
 * narrowest bounds and moves only where it must: end markers are sent long before they are answered, and the middle
 * of their wide bounds would drift away from clocks that do not.
 */
static void choose_offsets(struct server_clock *clock)
{
	struct clock_point *p = clock->points;
	size_t best = 0;

	for (size_t i = 1; i < clock->npoints; i++)
		if (p[i].high_us - p[i].low_us < p[best].high_us - p[best].low_us)
			best = i;
	p[best].offset_us = p[best].low_us + (p[best].high_us - p[best].low_us) / 2;
	for (size_t i = best + 1; i < clock->npoints; i++)
		p[i].offset_us = into(p[i - 1].offset_us, &p[i]);
	for (size_t i = best; i-- > 0;)
		p[i].offset_us = into(p[i + 1].offset_us, &p[i]);
	clock->width_us = p[best].high_us - p[best].low_us;
}

/* Somewhere a lower bound lies above an upper one: no offset fits. A picture still wants some mapping: one constant
 * offset, the median of what the markers say, keeps the order of the server's times. */
static void give_up(struct server_clock *clock)
{
	int64_t *middles = mem_alloc(clock->npoints * sizeof(*middles)), offset;

	for (size_t i = 0; i < clock->npoints; i++) {
		const struct clock_point *p = &clock->points[i];

		middles[i] = p->low_us + (p->high_us - p->low_us) / 2;
		if (p->low_us - p->high_us > clock->contradiction_us) {
			clock->contradiction_us = p->low_us - p->high_us;
			clock->contradiction_at_us = p->server_us - middles[i];
		}
	}
	sort_numbers(middles, clock->npoints);
	offset = middles[clock->npoints / 2];
	for (size_t i = 0; i < clock->npoints; i++)
		clock->points[i].offset_us = offset;
	free(middles);
}

void clock_fit(const struct run_view *run, struct server_clock *clock)
{
	*clock = (struct server_clock){0};
	clock->points = mem_zero(2 * run->nattempts + 1, sizeof(*clock->points));
	for (size_t i = 0; i < run->nattempts; i++) {
		const struct attempt_view *a = &run->attempts[i];

		add_marker(clock, a->before_sent_us, a->before_received_us, a->before_server_us);
		add_marker(clock, a->after_sent_us, a->after_received_us, a->after_server_us);
	}
	sort_rows(clock->points, clock->npoints, sizeof(*clock->points), by_server_time);
	tighten(clock);
	clock->fits = true;
	for (size_t i = 0; i < clock->npoints; i++)
		clock->fits &= clock->points[i].low_us <= clock->points[i].high_us;
	if (clock->fits && clock->npoints)
		choose_offsets(clock);
	else if (!clock->fits)
		give_up(clock);
}

void clock_free(struct server_clock *clock)
{
	free(clock->points);
	*clock = (struct server_clock){0};
}

int64_t clock_map(const struct server_clock *clock, int64_t server_us)
{
	const struct clock_point *p = clock->points;
	size_t low = 0, high = clock->npoints;
	double part;

	if (clock->npoints == 0)
		return server_us;
	while (low < high) { /* the first point after server_us */
		size_t middle = low + (high - low) / 2;

		if (p[middle].server_us <= server_us)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0)
		return server_us - p[0].offset_us;
	if (low == clock->npoints)
		return server_us - p[low - 1].offset_us;
	part = (double)(server_us - p[low - 1].server_us) / (double)(p[low].server_us - p[low - 1].server_us);
	return server_us - p[low - 1].offset_us - (int64_t)(part * (double)(p[low].offset_us - p[low - 1].offset_us));
}
