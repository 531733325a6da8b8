/*
 * workload_model: workloads drawn from a seed (sleeps, CPU burners, lock graphs, long poles) and the reference
 * scheduler that tells the truth about them: who runs when, who waits for whom. It knows nothing of proof: lanes take
 * tasks in order, locks are first come first served and kept to the task's end unless it unlocks, burners share the
 * CPUs evenly. Included, not linked. Times are seconds.
 */
#ifndef TESTS_UNIT_WORKLOAD_MODEL_H
#define TESTS_UNIT_WORKLOAD_MODEL_H

#include <math.h>
#include <string.h>

#include "shared/rng.h"

#define MODEL_TASKS 24
#define MODEL_LANES 8
#define MODEL_STEPS 5
#define MODEL_LOCKS 4
#define MODEL_WAITS 4
#define MODEL_START 0.0003 /* from the start marker to the first step */
#define MODEL_HANDOUT 0.0006 /* from one task's end to the next one's start on a lane */

enum model_step { STEP_END, STEP_SLEEP, STEP_BURN, STEP_LOCK, STEP_UNLOCK };
struct model_task {
	struct {
		enum model_step kind;
		double s; /* for SLEEP and BURN */
		int lock; /* for LOCK and UNLOCK */
	} steps[MODEL_STEPS];
};
struct model {
	struct model_task tasks[MODEL_TASKS];
	int ntasks, lanes, cpus;
	double begin[MODEL_LANES]; /* when each lane begins its first task */
	const char *kind;
};

struct model_wait {
	double from, to;
};
struct model_done { /* the truth about one task */
	int lane, nwaits;
	double start, end;
	struct model_wait waits[MODEL_WAITS];
};
struct model_lane { /* as a sampler sees it */
	int task, step, lock; /* task -1: idle; lock -1: not waiting */
	bool first; /* lane i begins with task i */
	double left, step_since, ready, ticket; /* ticket: place in the queue of the lock */
};
struct model_truth {
	struct model_done done[MODEL_TASKS];
	double lanes, overlap, makespan;
	int peak;
};
typedef void model_sampler(void *context, double at, const struct model_lane *lanes, int nlanes, const int *holders);

static int model_lane_begin(const struct model *m, struct model_lane *l, int task, double at, struct model_truth *t)
{
	*l = (struct model_lane){.task = task, .step = -1, .lock = -1, .left = MODEL_START, .step_since = at};
	t->done[task] = (struct model_done){.lane = 0, .start = at};
	return m->tasks[task].steps[0].kind == STEP_END;
}

/* A lock goes to whoever waited longest for it. */
static void model_release(
        struct model_lane *lanes, int n, int lane, int lock, double at, int *holders, struct model_truth *t)
{
	int next = -1;
	struct model_done *d;

	if (holders[lock] != lane)
		return;
	for (int i = 0; i < n; i++)
		if (lanes[i].lock == lock && (next < 0 || lanes[i].ticket < lanes[next].ticket))
			next = i;
	holders[lock] = next;
	if (next < 0)
		return;
	d = &t->done[lanes[next].task];
	if (d->nwaits < MODEL_WAITS)
		d->waits[d->nwaits++] = (struct model_wait){lanes[next].step_since, at};
	lanes[next].lock = -1;
	lanes[next].left = 0;
}

/* Moves a lane whose step is over to its next one; 0 when the task has ended. */
static int model_next_step(const struct model *m, struct model_lane *lanes, int n, int lane, double at, int *holders,
        struct model_truth *t)
{
	struct model_lane *l = &lanes[lane];
	const struct model_task *task = &m->tasks[l->task];
	int lock;

	l->step++;
	l->step_since = at;
	if (l->step >= MODEL_STEPS || task->steps[l->step].kind == STEP_END)
		return 0;
	l->left = task->steps[l->step].s;
	lock = task->steps[l->step].lock;
	if (task->steps[l->step].kind == STEP_UNLOCK) {
		model_release(lanes, n, lane, lock, at, holders, t);
	} else if (task->steps[l->step].kind == STEP_LOCK && holders[lock] >= 0) {
		l->lock = lock;
		l->ticket = at + lane * 1e-9;
		l->left = INFINITY;
	} else if (task->steps[l->step].kind == STEP_LOCK) {
		holders[lock] = lane;
	}
	return 1;
}

/* How fast a lane's step goes on: sleeps by the clock, burners by their share of the CPUs. */
static double model_rate(const struct model *m, const struct model_lane *lanes, int n, int lane)
{
	int burning = 0;

	if (lanes[lane].step < 0 || m->tasks[lanes[lane].task].steps[lanes[lane].step].kind != STEP_BURN)
		return 1;
	for (int i = 0; i < n; i++)
		burning += lanes[i].task >= 0 && lanes[i].step >= 0 &&
		           m->tasks[lanes[i].task].steps[lanes[i].step].kind == STEP_BURN;
	return burning <= m->cpus ? 1 : (double)m->cpus / burning;
}

static void model_schedule(const struct model *m, int nlanes, double sample_phase, double sample_every,
        model_sampler *sampler, void *context, struct model_truth *t)
{
	struct model_lane lanes[MODEL_LANES];
	int holders[MODEL_LOCKS] = {-1, -1, -1, -1}, next = nlanes < m->ntasks ? nlanes : m->ntasks, running = nlanes;
	double at = 0, sample = sample_phase;

	memset(t, 0, sizeof(*t));
	for (int i = 0; i < nlanes; i++)
		lanes[i] = (struct model_lane){.task = -1, .lock = -1, .first = true, .ready = m->begin[i]};
	while (running > 0) {
		double until = sampler ? sample : INFINITY;

		for (int i = 0; i < nlanes; i++) {
			double then = lanes[i].task >= 0 ? at + lanes[i].left / model_rate(m, lanes, nlanes, i)
			                                 : lanes[i].ready;

			until = then < until ? then : until;
		}
		double rates[MODEL_LANES];
		for (int i = 0; i < nlanes; i++)
			rates[i] = lanes[i].task >= 0 ? model_rate(m, lanes, nlanes, i) : 0;
		for (int i = 0; i < nlanes; i++)
			if (lanes[i].task >= 0)
				lanes[i].left -= (until - at) * rates[i];
		at = until;
		if (sampler && at >= sample) {
			sampler(context, at, lanes, nlanes, holders);
			sample += sample_every;
		}
		for (int i = 0; i < nlanes; i++) {
			struct model_lane *l = &lanes[i];

			if (l->task < 0 && l->ready <= at && l->ready >= 0) {
				int task = l->first ? i : next++;

				if (task < m->ntasks) {
					model_lane_begin(m, l, task, at, t);
					t->done[task].lane = i;
				} else {
					l->ready = INFINITY;
					running--;
				}
			} else if (l->task >= 0 && l->left < 1e-9 &&
			           !model_next_step(m, lanes, nlanes, i, at, holders, t)) {
				t->done[l->task].end = at;
				for (int lock = 0; lock < MODEL_LOCKS; lock++)
					model_release(lanes, nlanes, i, lock, at, holders, t);
				*l = (struct model_lane){.task = -1, .lock = -1, .ready = at + MODEL_HANDOUT};
			}
		}
	}
}

static int model_active(const struct model_done *d, double at)
{
	if (at < d->start || at >= d->end)
		return 0;
	for (int i = 0; i < d->nwaits; i++)
		if (at >= d->waits[i].from && at < d->waits[i].to)
			return 0;
	return 1;
}

/* Effective lanes, overlap (share of the possible time with two or more active) and makespan of a schedule, counted
 * moment by moment. */
static void model_measure(const struct model *m, struct model_truth *t)
{
	double sum = 0, two = 0, longest = 0, first = INFINITY, last = 0, possible;
	const double tick = 0.0002;

	for (int i = 0; i < m->ntasks; i++) {
		double active = t->done[i].end - t->done[i].start;

		for (int k = 0; k < t->done[i].nwaits; k++)
			active -= t->done[i].waits[k].to - t->done[i].waits[k].from;
		sum += active;
		longest = fmax(longest, active);
		first = fmin(first, t->done[i].start);
		last = fmax(last, t->done[i].end);
	}
	for (double at = first + tick / 2; at < last; at += tick) {
		int active = 0;

		for (int i = 0; i < m->ntasks; i++)
			active += model_active(&t->done[i], at);
		two += active >= 2 ? tick : 0;
		t->peak = active > t->peak ? active : t->peak;
	}
	possible = fmin(sum - longest, last - first);
	t->lanes = sum / (last - first);
	t->overlap = possible > 0 ? two / possible : 0;
	t->makespan = last;
}

/* The longest task alone, and all of them one after another. */
static double model_alone(const struct model *m, int task)
{
	double s = MODEL_START;

	for (int k = 0; k < MODEL_STEPS && m->tasks[task].steps[k].kind != STEP_END; k++)
		s += m->tasks[task].steps[k].s;
	return s;
}

static double model_ceiling(const struct model *m)
{
	double sum = 0, longest = 0;

	for (int i = 0; i < m->ntasks; i++) {
		sum += model_alone(m, i);
		longest = fmax(longest, model_alone(m, i));
	}
	return sum / fmax(longest, sum / m->lanes);
}

/* The verdict the truth deserves; slack moves every threshold towards saying more (> 0) or less (< 0). */
static const char *model_verdict(const struct model *m, const struct model_truth *t, double serial, double slack)
{
	double speedup = serial / t->makespan * (1 + slack), ceiling = model_ceiling(m);

	if (t->overlap * 100 * (1 + 4 * slack) < 5)
		return "SERIAL";
	if (speedup < 1.1)
		return "OVERLAPPED, NOT FASTER";
	return speedup - 1 >= (ceiling - 1) / 2 ? "PARALLEL" : "PARTLY PARALLEL";
}

static void model_add(struct model_task *task, enum model_step kind, double s, int lock)
{
	int k = 0;

	while (task->steps[k].kind != STEP_END)
		k++;
	task->steps[k].kind = kind;
	task->steps[k].s = s;
	task->steps[k].lock = lock;
}

/* unit: length of a usual task. Locks are taken in ascending order, so no two tasks can block each other for ever. */
static void model_draw(struct model *m, uint64_t seed, double unit)
{
	static const char *const kinds[] = {
	        "sleeps", "one lock", "lock graph", "burners", "long pole", "unlock", "mixed"};
	struct rng rng;
	int kind;

	memset(m, 0, sizeof(*m));
	rng_seed(&rng, seed, 77);
	kind = (int)rng_below(&rng, 7);
	m->kind = kinds[kind];
	m->lanes = 1 + (int)rng_below(&rng, 6);
	m->ntasks = 2 + (int)rng_below(&rng, 10);
	m->cpus = 1 + (int)rng_below(&rng, 2);
	for (int i = 0; i < m->lanes; i++)
		m->begin[i] = i * 0.0002;
	for (int i = 0; i < m->ntasks; i++) {
		struct model_task *task = &m->tasks[i];
		int what = kind == 6 ? (int)rng_below(&rng, 6) : kind;
		double s = unit * (0.5 + 2 * rng_unit(&rng));

		if (what == 1)
			model_add(task, STEP_LOCK, 0, 0);
		if (what == 2) {
			int lock = (int)rng_below(&rng, MODEL_LOCKS);

			if (rng_below(&rng, 2))
				model_add(task, STEP_SLEEP, s / 2, 0);
			model_add(task, STEP_LOCK, 0, lock);
			model_add(task, STEP_SLEEP, s / 2, 0);
			if (lock + 1 < MODEL_LOCKS && rng_below(&rng, 2))
				model_add(task, STEP_LOCK, 0,
				        lock + 1 + (int)rng_below(&rng, (uint64_t)(MODEL_LOCKS - lock - 1)));
		}
		if (what == 5) {
			model_add(task, STEP_LOCK, 0, (int)rng_below(&rng, 2));
			model_add(task, STEP_SLEEP, s / 2, 0);
			model_add(task, STEP_UNLOCK, 0, task->steps[0].lock);
			s /= 2;
		}
		if (what == 4 && i == 0)
			s *= 8;
		model_add(task, what == 3 ? STEP_BURN : STEP_SLEEP, s, 0);
	}
}

#endif
