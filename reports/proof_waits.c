/*
 * proof_waits: what the observer's samples say of the tasks: computing or waiting for a CPU, for a lock, for the disk
 * or for something else; and the client's own CPU. Called by proof_of.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/proof_parts.h"
#include "reports/stats.h"
#include "shared/buf.h"

#define SAMPLES_LEAST 3 /* fewer say nothing */
#define STRETCHED_FROM 1.2
#define EVENTS_MOST 8
#define TASKS_LOOKED_AT 200 /* each costs a pass over the samples */

/* How many samples of a stretch lie inside an interval. */
static uint32_t samples_inside(const struct evidence *e, const struct interval *in, const struct sample *s)
{
	int64_t first = clock_map(&e->clock, s->first_us), last = clock_map(&e->clock, s->last_us);
	int64_t from = first > in->from_us ? first : in->from_us, to = last < in->to_us ? last : in->to_us;
	double part;

	if (to < from)
		return 0;
	if (last <= first || (from == first && to == last))
		return s->count;
	part = (double)(to - from) / (double)(last - first) * (s->count - 1) + 0.5;
	return (uint32_t)part;
}

static void count_one(struct interval *in, const struct sample *s, uint32_t n)
{
	if (n == 0 || strcmp(s->state, "active") != 0)
		return;
	in->samples += n;
	if (!s->wait_type[0])
		in->on_cpu += n;
	else if (strcmp(s->wait_type, "Lock") == 0)
		in->on_lock += n;
	else if (strcmp(s->wait_type, "IO") == 0)
		in->on_disk += n;
}

static struct interval *interval_of(struct evidence *e, const struct sample *s)
{
	size_t low = 0, high = e->nintervals;
	int64_t at = clock_map(&e->clock, s->first_us);

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct interval *in = &e->intervals[middle];

		if (in->lane < s->backend_pid || (in->lane == s->backend_pid && in->to_us < at))
			low = middle + 1;
		else
			high = middle;
	}
	return &e->intervals[low]; /* maybe the end of the list */
}

void evidence_waits(struct evidence *e)
{
	const struct interval *end = e->intervals + e->nintervals;

	for (size_t i = 0; i < e->run->nsamples && e->clock.npoints > 0; i++) {
		const struct sample *s = &e->run->samples[i];
		int64_t last = clock_map(&e->clock, s->last_us);

		for (struct interval *in = interval_of(e, s);
		        in < end && in->lane == s->backend_pid && in->from_us <= last; in++)
			count_one(in, s, samples_inside(e, in, s));
	}
}

/* ---- stretches ---- */

struct event_count {
	const struct sample *sample;
	uint64_t count;
};

/* The wait that most samples of a task's executions show. */
static void find_wait(const struct evidence *e, struct stretch *st)
{
	struct event_count events[EVENTS_MOST];
	size_t n = 0, best = 0;

	for (size_t i = 0; i < e->run->nsamples; i++) {
		const struct sample *s = &e->run->samples[i];
		const struct interval *in;
		size_t k = 0;

		if (!s->wait_type[0] || strcmp(s->state, "active") != 0)
			continue;
		in = evidence_interval(e, s->backend_pid, clock_map(&e->clock, s->first_us));
		if (!in || in->attempt->task != st->task)
			continue;
		while (k < n && (strcmp(events[k].sample->wait_event, s->wait_event) != 0 ||
		                        strcmp(events[k].sample->wait_type, s->wait_type) != 0))
			k++;
		if (k == n && n == EVENTS_MOST)
			continue;
		if (k == n)
			events[n++] = (struct event_count){s, 0};
		events[k].count += s->count;
		if (events[k].count > events[best].count)
			best = k;
	}
	if (n > 0)
		snprintf(st->wait, sizeof st->wait, "%s %s", events[best].sample->wait_type,
		        events[best].sample->wait_event);
}

static void say(struct stretch *st)
{
	double all = st->samples / 100.0;
	uint32_t most = st->on_cpu;
	const char *what = "compute or wait for a CPU of the server";

	if (st->samples < SAMPLES_LEAST || st->factor < STRETCHED_FROM)
		return;
	if (st->on_lock > most) {
		most = st->on_lock;
		what = "wait for a lock";
	}
	if (st->on_disk > most) {
		most = st->on_disk;
		what = "wait for the disk";
	}
	if (st->on_other > most) {
		most = st->on_other;
		what = "wait";
	}
	if (most * 2 < st->samples)
		snprintf(st->says, sizeof st->says, "no single thing: %.0f %% CPU, %.0f %% lock, %.0f %% disk",
		        st->on_cpu / all, st->on_lock / all, st->on_disk / all);
	else
		snprintf(st->says, sizeof st->says, "%.0f %% of its samples %s%s%.71s%s", most / all, what,
		        most != st->on_cpu && st->wait[0] ? " (" : "", most != st->on_cpu ? st->wait : "",
		        most != st->on_cpu && st->wait[0] ? ")" : "");
}

void proof_waits(const struct evidence *e, struct proof *proof)
{
	size_t ntasks = e->run->ntasks;
	size_t *place = mem_zero(ntasks + 1, sizeof *place);

	for (size_t i = 0; i < proof->nstretches; i++)
		if (proof->stretches[i].task < ntasks)
			place[proof->stretches[i].task] = i + 1;
	for (size_t i = 0; i < e->nintervals; i++) {
		const struct interval *in = &e->intervals[i];
		struct stretch *st;

		if (in->attempt->task >= ntasks || place[in->attempt->task] == 0)
			continue;
		st = &proof->stretches[place[in->attempt->task] - 1];
		st->samples += in->samples;
		st->on_cpu += in->on_cpu;
		st->on_lock += in->on_lock;
		st->on_disk += in->on_disk;
		st->on_other += in->samples - in->on_cpu - in->on_lock - in->on_disk;
	}
	for (size_t i = 0; i < proof->nstretches; i++) {
		if (i < TASKS_LOOKED_AT && proof->stretches[i].samples > proof->stretches[i].on_cpu)
			find_wait(e, &proof->stretches[i]);
		say(&proof->stretches[i]);
	}
	free(place);
}

/* ---- the client ---- */

void proof_client(const struct run_view *run, struct proof *proof)
{
	double waited = 0;

	proof->client_wait_us = run->nclient_cpu > 0 ? 0 : -1;
	for (size_t i = 0; i < run->nclient_cpu; i++) {
		proof->client_cpu_us += (double)run->client_cpu[i].cpu_us;
		if (run->client_cpu[i].wait_us == QUERY_NONE)
			proof->client_wait_us = -1;
		else
			waited += (double)run->client_cpu[i].wait_us;
	}
	for (size_t i = 0; i < run->nclient_samples; i++)
		proof->client_window_us += (double)run->client_samples[i].length_us;
	if (proof->client_wait_us >= 0)
		proof->client_wait_us = waited / (run->lanes ? run->lanes : 1);
}
