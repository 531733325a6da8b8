/*
 * load_series: see load_series.h.
 */
#include "reports/load_series.h"

#include <stdlib.h>
#include <string.h>

#include "shared/buf.h"

static void append(struct load_series *s, int64_t from, int64_t to)
{
	if (to <= from)
		return;
	s->outages = mem_resize(s->outages, s->noutages + 1, sizeof *s->outages);
	s->outages[s->noutages++] = (struct load_outage){from, to};
}

static int by_begin(const void *a, const void *b)
{
	const struct load_outage *x = a, *y = b;

	return (x->from_us > y->from_us) - (x->from_us < y->from_us);
}

static bool disconnected(const struct load_view *l, const struct load_second *s)
{
	return s->measured && s->sessions == 0 && s->done == 0 && !l->reconnect;
}

static void sort_and_join(struct load_series *s)
{
	size_t kept = 0;

	if (s->noutages == 0)
		return;
	qsort(s->outages, s->noutages, sizeof *s->outages, by_begin);
	for (size_t i = 1; i < s->noutages; i++) {
		struct load_outage *last = &s->outages[kept], *next = &s->outages[i];

		if (next->from_us > last->to_us)
			s->outages[++kept] = *next;
		else if (next->to_us > last->to_us)
			last->to_us = next->to_us;
	}
	s->noutages = kept + 1;
}

/* The run tells an outage by two events; one without an end lasted to the end of the series. */
static void find_outages(const struct run_view *run, struct load_series *s)
{
	const struct load_view *l = run->load;
	int64_t from = QUERY_NONE;

	for (size_t i = 0; i < run->nevents; i++) {
		const char *kind = run->events[i].kind ? run->events[i].kind : "";

		if (strcmp(kind, "outage") == 0 && from == QUERY_NONE) {
			from = run->events[i].at_us;
		} else if (strcmp(kind, "outage over") == 0 && from != QUERY_NONE) {
			append(s, from, run->events[i].at_us);
			from = QUERY_NONE;
		}
	}
	if (from != QUERY_NONE)
		append(s, from, s->end_us);
	for (size_t i = 0; i < l->nseconds; i++)
		if (disconnected(l, &l->seconds[i]))
			append(s, l->seconds[i].at_us, l->seconds[i].at_us + l->seconds[i].length_us);
	sort_and_join(s);
}

/* Nothing was done in it, and it meets an outage. *at goes forward with the seconds. */
static bool is_out(const struct load_series *s, const struct load_second *second, size_t *at)
{
	while (*at < s->noutages && s->outages[*at].to_us <= second->at_us)
		++*at;
	return second->measured && second->done == 0 && *at < s->noutages &&
	       s->outages[*at].from_us < second->at_us + second->length_us;
}

static void worst(int64_t *into, int64_t us)
{
	if (us > *into)
		*into = us;
}

static void take_in(struct load_stretch *t, const struct load_second *s)
{
	double before = (double)t->done, more = (double)s->done;

	if (t->seconds == 0 || s->sessions < t->sessions)
		t->sessions = s->sessions;
	t->to_us = s->at_us + s->length_us;
	t->seconds++;
	if (s->done > 0) {
		t->mean_us = (t->mean_us * before + (double)s->mean_us * more) / (before + more);
		t->schedule_mean_us =
		        (t->schedule_mean_us * before + (double)s->schedule_mean_us * more) / (before + more);
	}
	t->done += s->done;
	t->failed += s->failed;
	t->skipped += s->skipped;
	t->unknown += s->unknown;
	t->retries += s->retries;
	t->tps = t->to_us > t->from_us ? (double)t->done / (double)(t->to_us - t->from_us) * 1e6 : 0;
	worst(&t->p50_us, s->p50_us);
	worst(&t->p95_us, s->p95_us);
	worst(&t->p99_us, s->p99_us);
	worst(&t->max_us, s->max_us);
	worst(&t->schedule_p50_us, s->schedule_p50_us);
	worst(&t->schedule_p95_us, s->schedule_p95_us);
	worst(&t->schedule_p99_us, s->schedule_p99_us);
	worst(&t->schedule_max_us, s->schedule_max_us);
}

/* The last look may come right after the one before it; what was done in so short a time is no rate. */
#define TOO_SHORT_US 250000

/* With `borders` a stretch ends where an outage does; without, as when it comes and goes all day, one outage in a
 * stretch does not show while something was done in it. */
static void cut(const struct load_view *l, struct load_series *s, bool borders)
{
	size_t at = 0;

	s->count = 0;
	for (size_t i = 0; i < l->nseconds; i++) {
		const struct load_second *second = &l->seconds[i];
		struct load_stretch *t = s->count ? &s->stretches[s->count - 1] : NULL;
		bool out = is_out(s, second, &at), same = t && t->measured == second->measured;

		same = same && (t->out == out || !borders);
		/* A moment after the end: what ended in it is no rate of its own, and no fall of the one before. */
		same = same ||
		       (t && !t->out && i + 1 == l->nseconds && !second->measured && second->length_us < TOO_SHORT_US);
		if (!same || (t->seconds >= s->each && second->length_us >= TOO_SHORT_US)) {
			t = &s->stretches[s->count++];
			*t = (struct load_stretch){.from_us = second->at_us, .measured = second->measured, .out = out};
		}
		t->out = t->out && out;
		take_in(t, second);
	}
}

void load_series_of(const struct run_view *run, size_t most, struct load_series *out)
{
	const struct load_view *l = run->load;
	bool any = false;

	*out = (struct load_series){.each = 1};
	if (l->nseconds == 0)
		return;
	out->begin_us = l->seconds[0].at_us;
	out->end_us = l->seconds[l->nseconds - 1].at_us + l->seconds[l->nseconds - 1].length_us;
	out->each = most ? (l->nseconds + most - 1) / most : l->nseconds;
	find_outages(run, out);
	/* Sessions leave as they end, which is no loss: the last look is not counted. */
	for (size_t i = 0; i < l->nseconds; i++) {
		const struct load_second *s = &l->seconds[i];
		bool last = i + 1 == l->nseconds || !s[1].measured;

		if (!s->measured || (any && last))
			continue;
		out->least_sessions = any && out->least_sessions < s->sessions ? out->least_sessions : s->sessions;
		out->most_sessions = out->most_sessions > s->sessions ? out->most_sessions : s->sessions;
		any = true;
	}
	out->stretches = mem_zero(l->nseconds, sizeof *out->stretches);
	cut(l, out, true);
	if (out->count > 2 * most + 8)
		cut(l, out, false);
}

void load_series_free(struct load_series *series)
{
	free(series->stretches);
	free(series->outages);
}
