/*
 * proof_blocked: which part of each interval was spent waiting for a lock that another session of the run held or was
 * ahead in the queue for, and which tasks the observer saw running. Works on the samples of pg_stat_activity and
 * pg_blocking_pids, which are moments: between two of them the bounds are chosen so that no waiting passes for work.
 *
 * A wait begins at pg_locks.waitstart where the server tells it (14 and later). Otherwise it reaches back to the last
 * sample that showed the session not blocked, or to the start marker (and never before its query began).
 *
 * A wait ends when the last of its blockers lets go, between the last sample that shows it and the first one that does
 * not. A blocker whose own task ended in that time let go just before that task's end marker: that is the end, exact
 * to microseconds. If one of them went on beyond (it unlocked in the middle of its task), the end is the first
 * evidence against the wait: the begin of the session's next statement, else the first sample that shows it not
 * blocked. Dropped samples thus show nothing: a wait lasts until there is such evidence.
 */
#include <stdlib.h>
#include <string.h>

#include "reports/proof_parts.h"
#include "reports/sort.h"
#include "shared/buf.h"

/* A wait that begins this soon after the start marker began with it: parsing and planning on the way to the lock is
 * not work done beside others, and must not make a peak. */
#define REACHING_US 1000
#define REACHING_PART 100

struct wait {
	bool open;
	const struct sample *last; /* the latest sample stretch that shows it */
	int64_t begin_us, last_us, query_start_us, wait_start_us;
};

static bool ours(const struct evidence *e, int32_t pid)
{
	size_t low = 0, high = e->nbackends;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (e->backends[middle] == pid)
			return true;
		if (e->backends[middle] < pid)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

bool evidence_shows_blocked(const struct evidence *e, const struct sample *s)
{
	if (strcmp(s->wait_type, "Lock") != 0)
		return false;
	for (uint32_t i = 0; i < s->nblockers && i < 8; i++)
		if (s->blockers[i] != s->backend_pid && ours(e, s->blockers[i]))
			return true;
	return false;
}

/* The first interval of a backend that ends at or after a time; NULL = there is none. */
static const struct interval *interval_at(const struct evidence *e, int32_t pid, int64_t at_us)
{
	size_t low = 0, high = e->nintervals;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct interval *i = &e->intervals[middle];

		if (i->lane < pid || (i->lane == pid && i->to_us < at_us))
			low = middle + 1;
		else
			high = middle;
	}
	return low < e->nintervals && e->intervals[low].lane == pid ? &e->intervals[low] : NULL;
}

const struct interval *evidence_interval(const struct evidence *e, int32_t pid, int64_t at_us)
{
	const struct interval *in = interval_at(e, pid, at_us);

	return in && in->from_us <= at_us ? in : NULL;
}

static int64_t wait_end(const struct evidence *e, const struct wait *w, int64_t limit_us)
{
	int64_t end = QUERY_NONE;

	for (uint32_t i = 0; i < w->last->nblockers && i < 8; i++) {
		int32_t pid = w->last->blockers[i];
		const struct interval *holder;

		if (pid == w->last->backend_pid || !ours(e, pid))
			continue;
		holder = interval_at(e, pid, w->last_us);
		if (!holder || holder->from_us > w->last_us || holder->to_us > limit_us)
			return limit_us;
		if (holder->to_us > end)
			end = holder->to_us;
	}
	return end == QUERY_NONE ? limit_us : end;
}

static void close_wait(struct evidence *e, struct interval *in, struct wait *w, int64_t limit_us, int64_t *cut_us)
{
	int64_t end, begin = w->begin_us > *cut_us ? w->begin_us : *cut_us;

	if (!w->open)
		return;
	w->open = false;
	end = wait_end(e, w, limit_us < in->to_us ? limit_us : in->to_us);
	if (end <= begin)
		return;
	spans_add(&e->active, in->lane, *cut_us, begin);
	spans_add(&e->blocked, in->lane, begin, end);
	in->active_us += (double)(begin - *cut_us);
	in->blocked_us += (double)(end - begin);
	*cut_us = end;
}

static bool same_wait(const struct wait *w, const struct sample *s)
{
	if (w->wait_start_us > 0 && s->lock_wait_us > 0)
		return w->wait_start_us == s->lock_wait_us;
	return w->query_start_us == s->query_start_us; /* waitstart is not there for a moment after a wait began */
}

static void open_wait(
        const struct evidence *e, const struct interval *in, struct wait *w, const struct sample *s, int64_t clear_us)
{
	int64_t length = in->to_us - in->from_us, reaching = length / REACHING_PART;
	int64_t begin = clear_us;

	if (s->lock_wait_us > 0)
		begin = clock_map(&e->clock, s->lock_wait_us);
	else if (s->query_start_us > 0 && clock_map(&e->clock, s->query_start_us) > begin)
		begin = clock_map(&e->clock, s->query_start_us);
	if (begin - in->from_us <= (reaching > REACHING_US ? reaching : REACHING_US))
		begin = in->from_us;
	if (!w->open || begin < w->begin_us)
		w->begin_us = begin;
	w->open = true;
	w->query_start_us = s->query_start_us;
	if (s->lock_wait_us > 0)
		w->wait_start_us = s->lock_wait_us;
}

/*
 * The latest that an open wait can have lasted, by a later sample that shows no longer the same wait: its time, the
 * begin of the wait it shows instead, or the begin of the statement it shows, as the one that waited was over by then.
 */
static int64_t wait_limit(const struct evidence *e, const struct wait *w, const struct sample *s)
{
	int64_t limit = clock_map(&e->clock, s->first_us);
	const int64_t since[] = {s->query_start_us, s->lock_wait_us};

	for (int i = 0; i < 2; i++) {
		int64_t at = since[i] > 0 ? clock_map(&e->clock, since[i]) : limit;

		if (at >= w->last_us && at < limit)
			limit = at;
	}
	return limit;
}

/* One interval against the samples of its backend, in order of time. */
static void cut_interval(struct evidence *e, struct interval *in, const struct sample *const *samples, size_t n)
{
	struct wait w = {0};
	int64_t clear_us = in->from_us, cut_us = in->from_us;

	for (size_t k = 0; k < n; k++) {
		const struct sample *s = samples[k];
		int64_t first = clock_map(&e->clock, s->first_us), last = clock_map(&e->clock, s->last_us);

		if (last < in->from_us || first > in->to_us)
			continue;
		if (!evidence_shows_blocked(e, s)) {
			close_wait(e, in, &w, wait_limit(e, &w, s), &cut_us);
			clear_us = last;
			continue;
		}
		if (w.open && !same_wait(&w, s)) {
			close_wait(e, in, &w, wait_limit(e, &w, s), &cut_us);
			clear_us = cut_us;
		}
		if (!w.open)
			w.wait_start_us = 0;
		open_wait(e, in, &w, s, clear_us);
		w.last = s;
		w.last_us = last;
		/* A sample's time is read just before the rows: a wait may have begun in between. */
		if (s->lock_wait_us > 0 && clock_map(&e->clock, s->lock_wait_us) > last)
			w.last_us = clock_map(&e->clock, s->lock_wait_us);
	}
	close_wait(e, in, &w, in->to_us, &cut_us);
	spans_add(&e->active, in->lane, cut_us, in->to_us);
	in->active_us += (double)(in->to_us - cut_us);
}

static bool shows_running(const struct sample *s)
{
	return strcmp(s->state, "active") == 0 && strcmp(s->wait_type, "Lock") != 0 &&
	       strcmp(s->wait_type, "BufferPin") != 0 && strcmp(s->wait_type, "Client") != 0;
}

/* Two consecutive samples inside the interval show the same query running: the witness from inside. */
static bool is_witnessed(
        const struct evidence *e, const struct interval *in, const struct sample *const *samples, size_t n)
{
	const struct sample *previous = NULL;

	for (size_t k = 0; k < n; k++) {
		const struct sample *s = samples[k];

		if (!shows_running(s) || s->query_start_us <= 0 ||
		        clock_map(&e->clock, s->query_start_us) < in->from_us ||
		        clock_map(&e->clock, s->last_us) > in->to_us) {
			previous = NULL;
			continue;
		}
		if (s->count >= 2 || (previous && previous->query_start_us == s->query_start_us))
			return true;
		previous = s;
	}
	return false;
}

static int by_backend(const void *a, const void *b)
{
	const struct sample *x = *(const struct sample *const *)a, *y = *(const struct sample *const *)b;

	if (x->backend_pid != y->backend_pid)
		return x->backend_pid < y->backend_pid ? -1 : 1;
	return (x->first_us > y->first_us) - (x->first_us < y->first_us);
}

/* Names the wait event most samples of blocked sessions show ("advisory", "transactionid", "relation", ...). */
static void find_lock_event(struct evidence *e, const struct sample *const *samples, size_t n)
{
	uint64_t most = 0;
	const char *events[16];
	uint64_t counts[16];
	size_t known = 0;

	for (size_t k = 0; k < n; k++) {
		size_t i = 0;

		if (!evidence_shows_blocked(e, samples[k]))
			continue;
		while (i < known && strcmp(events[i], samples[k]->wait_event) != 0)
			i++;
		if (i == known) {
			if (known == 16)
				continue;
			events[known] = samples[k]->wait_event;
			counts[known++] = 0;
		}
		counts[i] += samples[k]->count ? samples[k]->count : 1;
		if (counts[i] > most) {
			most = counts[i];
			e->lock_event = events[i];
		}
	}
}

void evidence_blocked(struct evidence *e)
{
	const struct run_view *run = e->run;
	const struct sample **samples = mem_alloc((run->nsamples + 1) * sizeof(struct sample *));
	size_t nsamples = 0, begin = 0, end = 0;

	/* Without a single marker there is nothing to map the server's time with. */
	for (size_t i = 0; i < run->nsamples && e->clock.npoints > 0; i++)
		samples[nsamples++] = &run->samples[i];
	sort_rows(samples, nsamples, sizeof(*samples), by_backend);
	for (size_t i = 0; i < e->nintervals; i++) {
		struct interval *in = &e->intervals[i];
		size_t stop;

		/* Intervals are in order of lane and time, and so are the samples: begin only moves forward. Samples
		 * of one backend do not overlap, those before the interval are over for its successors too. */
		while (begin < nsamples &&
		        (samples[begin]->backend_pid < in->lane ||
		                (samples[begin]->backend_pid == in->lane &&
		                        clock_map(&e->clock, samples[begin]->last_us) < in->from_us)))
			begin++;
		end = begin;
		while (end < nsamples && samples[end]->backend_pid == in->lane &&
		        clock_map(&e->clock, samples[end]->first_us) <= in->to_us)
			end++;
		stop = end - begin;
		cut_interval(e, in, samples + begin, stop);
		in->witnessed = in->on_server && is_witnessed(e, in, samples + begin, stop);
	}
	find_lock_event(e, samples, nsamples);
	free(samples);
}
