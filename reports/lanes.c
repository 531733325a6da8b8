/*
 * lanes: see lanes.h. Built once per renderer; everything it hands out is owned by struct lanes.
 */
#include "reports/lanes.h"
#include "reports/sort.h"

#include <stdlib.h>
#include <string.h>

const char *phase_name(enum phase phase)
{
	static const char *const names[PHASES] = {"connect", "wait for start", "queue", "execute", "blocked", "fetch"};

	return names[phase];
}

bool lanes_by_worker(const struct run_view *run)
{
	return run->engine && strcmp(run->engine, "process") == 0 && run->workers >= run->sessions;
}

static bool known(int64_t us)
{
	return us != QUERY_NONE;
}

static int64_t clamp(int64_t us, int64_t low, int64_t high)
{
	return us < low ? low : us > high ? high : us;
}

/* When an attempt ended: its last bound that is known; a worker that died took the last one with it. */
static int64_t attempt_end(const struct run_view *run, const struct attempt_view *a)
{
	int64_t end = known(a->done_us) ? a->done_us : known(a->first_us) ? a->first_us : a->taken_us;

	if (known(a->done_us) || !(a->flags & ATTEMPT_WORKER_DIED))
		return end > a->taken_us ? end : a->taken_us;
	for (size_t i = 0; i < run->nworker_rows; i++) {
		const struct worker_view *w = &run->worker_rows[i];

		if (w->worker == a->worker && w->generation == a->generation && known(w->ended_us) && w->ended_us > end)
			return w->ended_us;
	}
	return end;
}

bool lanes_execute(const struct rendering *r, const struct attempt_view *a, int64_t *from_us, int64_t *to_us)
{
	int64_t end = attempt_end(r->run, a);

	if (!known(a->sent_us) || !known(a->taken_us))
		return false;
	*from_us = a->sent_us;
	*to_us = known(a->first_us) ? a->first_us : end;
	if (r->proof->clock_certificate && known(a->before_server_us) && known(a->after_server_us)) {
		/* Drift within the certificate may put a bound a hair outside what the client saw. */
		*from_us = clamp(a->before_server_us - r->proof->clock_offset_us, a->sent_us, end);
		*to_us = clamp(a->after_server_us - r->proof->clock_offset_us, *from_us, end);
	}
	if (*to_us < *from_us)
		*to_us = *from_us;
	return true;
}

struct builder {
	const struct rendering *r;
	struct lanes *lanes;
	size_t cap;
	int32_t *pids; /* backends of this run, sorted: who may block whom */
	size_t npids;
};

static void put_span(struct builder *b, struct lane *lane, enum phase phase, int64_t from, int64_t to, uint32_t attempt)
{
	struct lanes *l = b->lanes;

	if (to <= from && phase != PHASE_EXECUTE)
		return;
	if (l->nspans == b->cap) {
		b->cap = b->cap ? 2 * b->cap : 1024;
		l->spans = mem_resize(l->spans, b->cap, sizeof *l->spans);
	}
	l->spans[l->nspans++] = (struct span){from, to, phase, attempt};
	lane->nspans++;
	lane->us[phase] += to - from;
	l->present[phase] = true;
}

static int compare_pid(const void *a, const void *b)
{
	int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;

	return (x > y) - (x < y);
}

static bool blocked_by_us(const struct builder *b, const struct sample *s)
{
	for (uint32_t i = 0; i < s->nblockers && i < 8; i++)
		if (bsearch(&s->blockers[i], b->pids, b->npids, sizeof *b->pids, compare_pid))
			return true;
	return false;
}

/* The first stretch of samples of the backend that may reach into the time from at_us on (server's clock). They follow
 * one another: of those that began before, only the last can. */
static size_t first_sample(const struct run_view *run, int32_t pid, int64_t at_us)
{
	size_t low = 0, high = run->nsamples;

	while (low < high) {
		size_t middle = (low + high) / 2;

		const struct sample *s = &run->samples[middle];

		if (s->backend_pid < pid || (s->backend_pid == pid && s->first_us <= at_us))
			low = middle + 1;
		else
			high = middle;
	}
	return low > 0 && run->samples[low - 1].backend_pid == pid ? low - 1 : low;
}

/* Cuts the time an attempt waited for another session of the run out of its execute. A wait begins when the lock
 * queue says so (or with the attempt, when its first sample shows it waiting) and ends with the first sample that
 * shows otherwise. */
static void put_execute(struct builder *b, struct lane *lane, int64_t from, int64_t to, uint32_t index)
{
	const struct run_view *run = b->r->run;
	const struct attempt_view *a = &run->attempts[index];
	int64_t offset = b->r->proof->clock_offset_us, at = from, last = from;

	for (size_t i = a->backend_pid > 0 ? first_sample(run, a->backend_pid, from + offset) : run->nsamples;
	        i < run->nsamples && run->samples[i].backend_pid == a->backend_pid; i++) {
		const struct sample *s = &run->samples[i];
		int64_t begin = s->first_us - offset, end = s->last_us - offset;

		if (begin >= to)
			break;
		if (end < from)
			continue;
		if (blocked_by_us(b, s)) {
			begin = s->lock_wait_us > 0 ? s->lock_wait_us - offset : last == from ? from : begin;
			if (i + 1 < run->nsamples && run->samples[i + 1].backend_pid == a->backend_pid)
				end = run->samples[i + 1].first_us - offset;
			else
				end = to;
			begin = clamp(begin, at, to);
			end = clamp(end, begin, to);
			put_span(b, lane, PHASE_EXECUTE, at, begin, index);
			put_span(b, lane, PHASE_BLOCKED, begin, end, index);
			at = end;
		}
		last = clamp(end, from + 1, to);
	}
	if (to > at || at == from)
		put_span(b, lane, PHASE_EXECUTE, at, to, index);
}

static void put_attempt(struct builder *b, struct lane *lane, uint32_t index)
{
	const struct attempt_view *a = &b->r->run->attempts[index];
	int64_t end, from, to;

	lane->done += a->outcome == OUTCOME_DONE;
	lane->failed += a->outcome == OUTCOME_FAILED;
	lane->unknown += a->outcome == OUTCOME_UNKNOWN;
	if (a->backend_pid > 0)
		lane->backend_pid = a->backend_pid;
	if (!known(a->taken_us))
		return;
	end = attempt_end(b->r->run, a);
	if (!lanes_execute(b->r, a, &from, &to)) {
		put_span(b, lane, PHASE_QUEUE, a->taken_us, end, index);
		return;
	}
	if (b->r->proof->clock_certificate && known(a->before_server_us) && known(a->after_server_us))
		b->lanes->server_timed++;
	put_span(b, lane, PHASE_QUEUE, a->taken_us, from, index);
	put_execute(b, lane, from, to, index);
	put_span(b, lane, PHASE_FETCH, to, end, index);
}

static int compare_session(const void *a, const void *b)
{
	const struct session_view *x = *(const struct session_view *const *)a;
	const struct session_view *y = *(const struct session_view *const *)b;

	if (x->session != y->session)
		return x->session < y->session ? -1 : 1;
	return (x->start_us > y->start_us) - (x->start_us < y->start_us);
}

static int compare_span(const void *a, const void *b)
{
	const struct span *x = a, *y = b;

	if (x->from_us != y->from_us)
		return x->from_us < y->from_us ? -1 : 1;
	return (x->to_us > y->to_us) - (x->to_us < y->to_us);
}

static void put_session(struct builder *b, struct lane *lane, const struct session_view *s)
{
	int64_t go = b->r->run->phases.go_us, last = QUERY_NONE;

	if (lane->backend_pid == 0)
		lane->backend_pid = s->backend_pid;
	for (int i = 0; i < 4; i++) {
		int64_t bound = i == 0 ? s->tcp_us : i == 1 ? s->tls_us : i == 2 ? s->auth_us : s->ready_us;

		if (known(bound) && bound > last)
			last = bound;
	}
	if (!known(s->start_us) || !known(last))
		return;
	put_span(b, lane, PHASE_CONNECT, s->start_us, last, SPAN_NO_ATTEMPT);
	if (known(go) && known(s->ready_us) && s->ready_us < go)
		put_span(b, lane, PHASE_START, s->ready_us, go, SPAN_NO_ATTEMPT);
}

/* One lane of all that belongs to the lowest session number not yet dealt with. */
static void put_lane(struct builder *b, const struct session_view **rows, size_t *row, size_t *attempt)
{
	const struct run_view *run = b->r->run;
	struct lane *lane = &b->lanes->lanes[b->lanes->nlanes++];
	size_t connected = 0;
	uint32_t session = UINT32_MAX;

	if (*row < run->nsession_rows)
		session = rows[*row]->session;
	if (*attempt < run->nattempts && run->attempts[*attempt].session < session)
		session = run->attempts[*attempt].session;
	*lane = (struct lane){
	        .session = session, .worker = session, .first_span = b->lanes->nspans, .first_attempt = *attempt};
	for (; *row < run->nsession_rows && rows[*row]->session == session; (*row)++, connected++) {
		lane->worker = rows[*row]->worker;
		put_session(b, lane, rows[*row]);
	}
	for (; *attempt < run->nattempts && run->attempts[*attempt].session == session; (*attempt)++) {
		lane->worker = run->attempts[*attempt].worker;
		lane->nattempts++;
		put_attempt(b, lane, (uint32_t)*attempt);
	}
	if (connected > 1)
		sort_rows(b->lanes->spans + lane->first_span, lane->nspans, sizeof(struct span), compare_span);
}

void lanes_of(const struct rendering *r, struct lanes *lanes)
{
	const struct run_view *run = r->run;
	struct builder b = {.r = r, .lanes = lanes};
	const struct session_view **rows = mem_zero(run->nsession_rows + 1, sizeof *rows);
	size_t row = 0, attempt = 0, most = 0;

	memset(lanes, 0, sizeof *lanes);
	b.pids = mem_zero(run->nattempts + 1, sizeof *b.pids);
	for (size_t i = 0; i < run->nattempts; i++) {
		most += i == 0 || run->attempts[i].session != run->attempts[i - 1].session;
		if (b.npids == 0 || b.pids[b.npids - 1] != run->attempts[i].backend_pid)
			b.pids[b.npids++] = run->attempts[i].backend_pid;
	}
	sort_rows(b.pids, b.npids, sizeof *b.pids, compare_pid);
	for (size_t i = 0; i < run->nsession_rows; i++)
		rows[i] = &run->session_rows[i];
	sort_rows(rows, run->nsession_rows, sizeof *rows, compare_session);
	lanes->lanes = mem_zero(most + run->nsession_rows + 1, sizeof *lanes->lanes);
	while (row < run->nsession_rows || attempt < run->nattempts)
		put_lane(&b, rows, &row, &attempt);
	free(rows);
	free(b.pids);
}

void lanes_free(struct lanes *lanes)
{
	free(lanes->lanes);
	free(lanes->spans);
	memset(lanes, 0, sizeof *lanes);
}

void lanes_active(const struct proof *proof, int64_t from_us, int64_t to_us, size_t n, double *mean)
{
	double step = (double)(to_us - from_us) / (double)n;

	for (size_t i = 0; i < n; i++)
		mean[i] = 0;
	if (step <= 0)
		return;
	for (size_t i = 0; i < proof->ntimeline; i++) {
		const struct activity *t = &proof->timeline[i];
		double a = (double)(clamp(t->from_us, from_us, to_us) - from_us) / step;
		double b = (double)(clamp(t->to_us, from_us, to_us) - from_us) / step;

		for (size_t k = (size_t)a; k < n && (double)k < b; k++) {
			double low = a > (double)k ? a : (double)k, high = b < (double)k + 1 ? b : (double)k + 1;

			mean[k] += (high - low) * t->active;
		}
	}
}
