/*
 * proof_interval: from when to when each attempt was with its backend, in client time: on the server's clock where
 * the markers were answered, else on the client's, for that end of that attempt alone. Called by proof_of;
 * evidence_free ends what evidence_of made.
 */
#include <stdlib.h>
#include <string.h>

#include "reports/proof_parts.h"
#include "reports/sort.h"
#include "shared/buf.h"

void spans_add(struct spans *spans, int64_t lane, int64_t from_us, int64_t to_us)
{
	if (to_us <= from_us)
		return;
	if (spans->count == spans->room) {
		spans->room = spans->room ? 2 * spans->room : 64;
		spans->items = mem_resize(spans->items, spans->room, sizeof(*spans->items));
	}
	spans->items[spans->count++] = (struct span){lane, from_us, to_us};
}

/*
 * Where the session or its worker was lost before the task was done, nobody knows when the backend stopped: such an
 * attempt counts as no activity at all, so that it can never make a run look more parallel than it was.
 */
static bool make_interval(const struct server_clock *clock, const struct attempt_view *a, struct interval *i)
{
	bool before = marker_answered(a->before_sent_us, a->before_received_us, a->before_server_us);
	bool after = marker_answered(a->after_sent_us, a->after_received_us, a->after_server_us);

	if (a->sent_us == QUERY_NONE || (!after && a->done_us == QUERY_NONE))
		return false;
	if (!after && a->outcome != OUTCOME_DONE && a->flags & (ATTEMPT_SESSION_LOST | ATTEMPT_WORKER_DIED))
		return false;
	*i = (struct interval){.attempt = a};
	i->lane = a->backend_pid > 0 ? a->backend_pid : -(int64_t)a->session - 1;
	i->from_us = before ? clock_map(clock, a->before_server_us) : a->sent_us;
	i->to_us = after ? clock_map(clock, a->after_server_us) : a->done_us;
	if (i->to_us < i->from_us)
		i->to_us = i->from_us;
	i->on_server = before && after;
	return true;
}

static int by_lane(const void *a, const void *b)
{
	const struct interval *x = a, *y = b;

	if (x->lane != y->lane)
		return x->lane < y->lane ? -1 : 1;
	return (x->from_us > y->from_us) - (x->from_us < y->from_us);
}

static int by_pid(const void *a, const void *b)
{
	int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;

	return (x > y) - (x < y);
}

static void collect_backends(struct evidence *e)
{
	const struct run_view *run = e->run;
	size_t n = 0, kept = 0;

	e->backends = mem_alloc((run->nattempts + run->nsession_rows + 1) * sizeof(*e->backends));
	for (size_t i = 0; i < run->nattempts; i++)
		if (run->attempts[i].backend_pid > 0)
			e->backends[n++] = run->attempts[i].backend_pid;
	for (size_t i = 0; i < run->nsession_rows; i++)
		if (run->session_rows[i].backend_pid > 0)
			e->backends[n++] = run->session_rows[i].backend_pid;
	sort_rows(e->backends, n, sizeof(*e->backends), by_pid);
	for (size_t i = 0; i < n; i++)
		if (i == 0 || e->backends[i] != e->backends[i - 1])
			e->backends[kept++] = e->backends[i];
	e->nbackends = kept;
}

void evidence_of(const struct run_view *run, struct evidence *e)
{
	*e = (struct evidence){.run = run};
	clock_fit(run, &e->clock);
	e->intervals = mem_alloc((run->nattempts + 1) * sizeof(*e->intervals));
	for (size_t i = 0; i < run->nattempts; i++) {
		if (make_interval(&e->clock, &run->attempts[i], &e->intervals[e->nintervals]))
			e->nintervals++;
		else if (run->attempts[i].sent_us != QUERY_NONE)
			e->uncounted++;
	}
	sort_rows(e->intervals, e->nintervals, sizeof(*e->intervals), by_lane);
	collect_backends(e);
	evidence_blocked(e);
	evidence_waits(e);
}

void evidence_free(struct evidence *e)
{
	clock_free(&e->clock);
	free(e->intervals);
	free(e->backends);
	free(e->active.items);
	free(e->blocked.items);
	*e = (struct evidence){0};
}
