/*
 * chart_data: what the page's script needs to zoom: every lane and attempt as delta varints in base64. Above `detail`
 * attempts it keeps every failure, the slowest 1 % and a seeded sample; the caption says so.
 */
#include <stdlib.h>

#include "reports/chart.h"

#include "reports/escape.h"
#include "reports/sort.h"
#include "reports/wording.h"
#include "shared/rng.h"

static void varint(struct buf *b, int64_t value)
{
	uint64_t v = value > 0 ? (uint64_t)value : 0;

	for (; v > 127; v >>= 7)
		buf_putc(b, (char)(v | 128));
	buf_putc(b, (char)v);
}

/* One attempt's bounds in order: taken, execute begins, execute ends, end; and its first wait for another session. */
struct bar {
	int64_t taken, from, to, end, blocked_from, blocked_to;
	bool any;
};

static void widen(struct bar *bar, const struct span *s)
{
	if (!bar->any) {
		*bar = (struct bar){s->from_us, s->to_us, s->to_us, s->to_us, 0, 0, true};
		if (s->phase != PHASE_QUEUE)
			bar->from = s->from_us;
	}
	if ((s->phase == PHASE_EXECUTE || s->phase == PHASE_BLOCKED) && s->to_us > bar->to)
		bar->to = s->to_us;
	if (s->phase == PHASE_BLOCKED && bar->blocked_to == 0) {
		bar->blocked_from = s->from_us;
		bar->blocked_to = s->to_us;
	}
	if (s->to_us > bar->end)
		bar->end = s->to_us;
}

static int64_t length_of(const struct attempt_view *a)
{
	return a->done_us == QUERY_NONE || a->taken_us == QUERY_NONE ? 0 : a->done_us - a->taken_us;
}

/* The length from which an attempt counts among the slowest 1 %. */
static int64_t slowest(const struct run_view *run)
{
	int64_t *lengths = mem_zero(run->nattempts + 1, sizeof *lengths), limit;

	for (size_t i = 0; i < run->nattempts; i++)
		lengths[i] = length_of(&run->attempts[i]);
	sort_numbers(lengths, run->nattempts);
	limit = lengths[run->nattempts - 1 - run->nattempts / 100];
	free(lengths);
	return limit;
}

struct chooser {
	bool all;
	int64_t slow_us;
	uint64_t share; /* of 2^32 */
	uint64_t seed;
};

static bool chosen(const struct chooser *c, const struct run_view *run, size_t index)
{
	const struct attempt_view *a = &run->attempts[index];

	return c->all || a->outcome != OUTCOME_DONE || length_of(a) >= c->slow_us ||
	       (rng_hash(c->seed, index) & UINT32_MAX) < c->share;
}

struct writer {
	struct buf *out;
	int64_t unit, at; /* at: in units, where the last one ended */
	size_t written;
};

static int64_t units(const struct writer *w, int64_t us)
{
	return (us > 0 ? us : 0) / w->unit;
}

static void put_bar(struct writer *w, const struct bar *bar, const struct attempt_view *a)
{
	int64_t taken = units(w, bar->taken), from = units(w, bar->from), to = units(w, bar->to);
	int64_t end = units(w, bar->end), b = units(w, bar->blocked_from);
	bool blocked = bar->blocked_to > bar->blocked_from;

	taken = taken < w->at ? w->at : taken;
	varint(w->out, taken - w->at);
	varint(w->out, from - taken);
	varint(w->out, to - from);
	varint(w->out, end - to);
	varint(w->out, (int64_t)a->task * 8 + (blocked ? 4 : 0) + (int64_t)a->outcome);
	if (blocked) {
		varint(w->out, b - from);
		varint(w->out, units(w, bar->blocked_to) - b);
	}
	w->at = end > taken ? end : taken;
	w->written++;
}

/* The connection before the first attempt; later ones are not drawn when zoomed in. */
static void put_lane_head(
        struct writer *w, const struct rendering *r, const struct lanes *lanes, const struct lane *lane)
{
	int64_t connect = 0, ready = 0, go = 0;

	for (size_t k = 0; k < lane->nspans && lanes->spans[lane->first_span + k].attempt == SPAN_NO_ATTEMPT; k++) {
		const struct span *s = &lanes->spans[lane->first_span + k];

		if (s->phase == PHASE_CONNECT) {
			connect = s->from_us;
			ready = go = s->to_us;
		} else {
			go = s->to_us;
		}
	}
	varint(w->out, (lanes_by_worker(r->run) ? lane->worker : lane->session) + 1);
	varint(w->out, lane->backend_pid);
	varint(w->out, units(w, connect));
	varint(w->out, units(w, ready) - units(w, connect));
	varint(w->out, units(w, go) - units(w, ready));
}

static void put_lane(struct writer *w, const struct rendering *r, const struct lanes *lanes, const struct lane *lane,
        const struct chooser *chooser)
{
	struct bar *bars = mem_zero(lane->nattempts + 1, sizeof *bars);
	int64_t count = 0;

	/* The attempts' spans may lie apart: after a worker's death a reconnection overlaps the attempt it ended. */
	for (size_t k = 0; k < lane->nspans; k++) {
		const struct span *s = &lanes->spans[lane->first_span + k];

		if (s->attempt != SPAN_NO_ATTEMPT && chosen(chooser, r->run, s->attempt))
			widen(&bars[s->attempt - lane->first_attempt], s);
	}
	for (size_t i = 0; i < lane->nattempts; i++)
		count += bars[i].any;
	put_lane_head(w, r, lanes, lane);
	varint(w->out, count);
	w->at = 0;
	for (size_t i = 0; i < lane->nattempts; i++)
		if (bars[i].any)
			put_bar(w, &bars[i], &r->run->attempts[lane->first_attempt + i]);
	free(bars);
}

void chart_zoom_data(
        const struct rendering *r, const struct lanes *lanes, size_t detail, struct chart_note *note, struct buf *out)
{
	size_t n = lanes->nlanes < CHART_LANES_MOST ? lanes->nlanes : CHART_LANES_MOST, all = r->run->nattempts;
	struct chooser chooser = {.all = all <= detail, .seed = r->run->seed};
	struct buf data = {0};
	struct writer w = {.out = &data, .unit = 1};

	if (!chooser.all) {
		chooser.slow_us = slowest(r->run);
		chooser.share = (uint64_t)((double)detail / (double)all * 0.98 * 4294967296.0);
	}
	/* A millionth of the wall is finer than a screen can show at the deepest zoom; microseconds while they are few.
	 */
	if (all > CHART_EXACT_MOST)
		w.unit = word_wall_us(r) / 1000000 + 1;
	varint(&data, w.unit);
	varint(&data, units(&w, word_wall_us(r)));
	varint(&data, lanes_by_worker(r->run) + (chooser.all ? 0 : 2));
	varint(&data, (int64_t)n);
	for (size_t i = 0; i < n; i++)
		put_lane(&w, r, lanes, &lanes->lanes[i], &chooser);
	note->zoom_attempts = w.written;
	buf_puts(out, "<script type=\"application/octet-stream\" id=\"zoom-data\">");
	escape_base64(buf_str(&data), data.len, out);
	buf_puts(out, "</script>\n");
	buf_free(&data);
}
