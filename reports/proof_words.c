/*
 * proof_words: why the verdict is what it is, in one sentence computed from the run, and what to do next. Says only
 * what the evidence shows. Called by proof_of.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/proof_parts.h"
#include "reports/stats.h"
#include "shared/buf.h"

#define SAY(proof, ...) snprintf((proof)->reason, sizeof((proof)->reason), __VA_ARGS__)
#define NEXT(proof, ...) snprintf((proof)->next, sizeof((proof)->next), __VA_ARGS__)

/* The command of this run with an option more, or how to say it when that would be too long. */
static void next_with(const struct run_view *run, struct proof *proof, const char *option, const char *why)
{
	if (run->argv && run->argv[0] && strlen(run->argv) < 160)
		NEXT(proof, "%s: %s %s", why, run->argv, option);
	else
		NEXT(proof, "%s: the same command with %s", why, option);
}

static void words_failed(const struct run_view *run, struct proof *proof)
{
	for (size_t i = 0; i < run->nattempts; i++) {
		const struct attempt_view *a = &run->attempts[i];

		if (a->outcome == OUTCOME_DONE || (!a->message && !a->sqlstate[0]))
			continue;
		SAY(proof, "no task was done; the first error is %s%s%.300s", a->sqlstate, a->sqlstate[0] ? ": " : "",
		        a->message ? a->message : "(no text)");
		return;
	}
	SAY(proof, "no task was done");
}

static void words_inconclusive(const struct run_view *run, const struct evidence *e, struct proof *proof)
{
	double interval = 0, rtt = 0;
	char a[32], b[32];

	if (run->done < 2) {
		SAY(proof, "only one task was done: there is nothing it could have run in parallel with");
		NEXT(proof, "run at least two tasks, or one task with repeat=2");
	} else if (e->nintervals == 0) {
		SAY(proof, "no attempt of this run is stored with its times, so nothing can be said about overlap");
		NEXT(proof, "run it again");
	} else if (e->clock.npoints > 0 && !e->clock.fits) {
		SAY(proof, "%s: one of the two clocks was set while the run went on, so its times prove nothing",
		        proof->clock_text);
		NEXT(proof, "run it again when neither the client's nor the server's clock is being set");
	} else {
		proof_client_clock_too_coarse(run, e, &interval, &rtt);
		if (rtt > 0)
			SAY(proof,
			        "there are no server times, and the tasks (median %s) took under two round trips of %s",
			        stats_duration(interval, a), stats_duration(rtt, b));
		else
			SAY(proof,
			        "there are no server times and no known round trip, and the tasks took only %s "
			        "(median)",
			        stats_duration(interval, a));
		NEXT(proof, "use longer tasks, or run with markers on a connection that answers them");
	}
}

/* "a -> b -> c" of the first three tasks that wait for one another; false when no task has after=. */
static bool name_chain(const struct run_view *run, char *out, size_t size)
{
	int task = -1, first = -1;
	size_t used = 0;

	for (size_t t = 0; t < run->ntasks && task < 0; t++)
		if (run->tasks[t].after >= 0 && (size_t)run->tasks[t].after < run->ntasks)
			task = (int)t;
	if (task < 0)
		return false;
	first = run->tasks[task].after;
	used = (size_t)snprintf(out, size, "%.24s -> %.24s", run->tasks[first].name, run->tasks[task].name);
	for (size_t t = 0; t < run->ntasks && used < size; t++)
		if (run->tasks[t].after == task) {
			snprintf(out + used, size - used, " -> %.24s", run->tasks[t].name);
			break;
		}
	return true;
}

/* The task most of the activity belongs to, when it is more than nine tenths of it; NULL otherwise. */
static const struct task_view *dominating(
        const struct run_view *run, const struct evidence *e, const struct proof *proof)
{
	for (size_t i = 0; i < e->nintervals; i++) {
		const struct attempt_view *a = e->intervals[i].attempt;

		if (e->intervals[i].active_us > 0.9 * proof->active_us && a->task < run->ntasks)
			return &run->tasks[a->task];
	}
	return NULL;
}

static void words_serial(const struct run_view *run, const struct evidence *e, struct proof *proof)
{
	double extent = (double)(proof->last_end_us - proof->first_start_us);
	uint32_t used = proof_sessions_used(run);
	char a[32], b[32], chain[96];
	const struct task_view *long_task;

	if (run->sessions <= 1) {
		SAY(proof, "there was only one session, so the tasks ran one after another");
		NEXT(proof, "use more sessions, for instance -c %u", run->ntickets < 16 ? run->ntickets : 16);
	} else if (used <= 1) {
		SAY(proof, "only one of the %u sessions ran tasks, so they ran one after another", run->sessions);
	} else if (proof->backends == 1) {
		SAY(proof,
		        "all %u sessions shared one backend (pid %d): a pooler between handed its one server "
		        "connection from task to task",
		        used, e->nintervals ? (int)e->intervals[e->nintervals - 1].lane : 0);
		NEXT(proof,
		        "give the pooler more server connections (PgBouncer: default_pool_size), or connect past it");
	} else if (e->any_blocked_us > 0.05 * extent) {
		SAY(proof, "for %s of %s sessions waited for a lock%s%s%s held by another session of this run",
		        stats_duration(e->any_blocked_us, a), stats_duration(extent, b), e->lock_event ? " (" : "",
		        e->lock_event ? e->lock_event : "", e->lock_event ? ")" : "");
		NEXT(proof, "let the tasks take different locks, or hold them for a shorter time");
	} else if (name_chain(run, chain, sizeof(chain))) {
		SAY(proof, "the tasks are chained by after= (%s): each waited for the one before it", chain);
		NEXT(proof, "take after= away where the order does not matter");
	} else if ((long_task = dominating(run, e, proof)) && run->ntickets > 1) {
		SAY(proof, "%.80s was more than nine tenths of all activity, and the rest did not run beside it",
		        long_task->name);
	} else if (proof->backends < used && proof->backends > 0) {
		SAY(proof, "%u sessions shared %u backends: a pooler between handed them from task to task", used,
		        proof->backends);
		NEXT(proof, "give the pooler more server connections, or connect past it");
	} else {
		SAY(proof,
		        "the tasks' times on the server hardly touch: each began when the one before had ended, as "
		        "tasks this short (median under %s) are over before the next session begins",
		        stats_duration(proof->longest_us, a));
		NEXT(proof, "use longer tasks or more of them (repeat=)");
	}
}

/* What the samples of running tasks showed: the share without any wait, and the most frequent wait. */
struct seen {
	uint64_t samples, without_wait, most;
	const struct sample *wait;
};

static struct seen what_was_seen(const struct run_view *run)
{
	struct seen seen = {0};

	for (size_t i = 0; i < run->nsamples; i++) {
		const struct sample *s = &run->samples[i];
		uint64_t same = 0;

		if (strcmp(s->state, "active") != 0)
			continue;
		seen.samples += s->count;
		if (!s->wait_type[0]) {
			seen.without_wait += s->count;
			continue;
		}
		if (i > 4096) /* the words need a hint, not a census */
			continue;
		for (size_t k = 0; k < run->nsamples && k <= 4096; k++)
			if (strcmp(run->samples[k].state, "active") == 0 &&
			        strcmp(run->samples[k].wait_event, s->wait_event) == 0)
				same += run->samples[k].count;
		if (same > seen.most) {
			seen.most = same;
			seen.wait = s;
		}
	}
	return seen;
}

static double median_stretch(const struct proof *proof)
{
	double *factors = mem_alloc((proof->nstretches + 1) * sizeof(*factors)), median;

	for (size_t i = 0; i < proof->nstretches; i++)
		factors[i] = proof->stretches[i].factor;
	median = stats_median(factors, proof->nstretches);
	free(factors);
	return median;
}

static void words_stretch(const struct run_view *run, double factor, struct proof *proof)
{
	struct seen seen = what_was_seen(run);

	if (seen.samples >= 5 && seen.without_wait * 2 > seen.samples)
		SAY(proof,
		        "each query took %.1f times as long as alone; %.0f %% of the samples of running queries show "
		        "no wait, which is computing or waiting for a CPU: the server has no more CPU for them",
		        factor, 100.0 * (double)seen.without_wait / (double)seen.samples);
	else if (seen.samples >= 5 && seen.wait && seen.most * 2 > seen.samples)
		SAY(proof,
		        "each query took %.1f times as long as alone; %.0f %% of the samples of running queries show "
		        "them waiting for %s (%s)",
		        factor, 100.0 * (double)seen.most / (double)seen.samples, seen.wait->wait_event,
		        seen.wait->wait_type);
	else
		SAY(proof,
		        "each query took %.1f times as long as alone: together they compete for something the server "
		        "has only so much of",
		        factor);
}

/* Why the speed-up fell short of the ceiling, most telling first. */
static void words_short(const struct run_view *run, const struct evidence *e, struct proof *proof)
{
	double extent = (double)(proof->last_end_us - proof->first_start_us), factor = median_stretch(proof);
	char a[32], b[32];

	if (proof->ceiling > 0 && proof->ceiling < 1.1)
		SAY(proof, "no schedule of these tasks could be faster than %.2fx: %s", proof->ceiling,
		        proof->ceiling_text);
	else if (e->any_blocked_us > 0.25 * extent)
		SAY(proof, "for %s of %s sessions waited for a lock%s%s%s held by another session of this run",
		        stats_duration(e->any_blocked_us, a), stats_duration(extent, b), e->lock_event ? " (" : "",
		        e->lock_event ? e->lock_event : "", e->lock_event ? ")" : "");
	else if (factor >= 1.2)
		words_stretch(run, factor, proof);
	else if (run->failed || run->unknown)
		SAY(proof,
		        "tasks that failed took time as well; the queries that were done took %.1f times as long as "
		        "alone",
		        factor);
	else if (extent < 0.5 * (double)proof->makespan_us)
		SAY(proof,
		        "the queries themselves took %s of the %s after GO: the rest went into getting them started "
		        "and their results back",
		        stats_duration(extent, a), stats_duration((double)proof->makespan_us, b));
	else
		SAY(proof,
		        "the queries took %.1f times as long as alone and on average %.1f of %u sessions were active",
		        factor, proof->mean_active, run->sessions);
}

void proof_words(
        const struct run_view *run, const struct run_view *baseline, const struct evidence *e, struct proof *proof)
{
	switch (proof->verdict) {
	case VERDICT_FAILED:
		words_failed(run, proof);
		break;
	case VERDICT_INCONCLUSIVE:
		words_inconclusive(run, e, proof);
		break;
	case VERDICT_SERIAL:
		words_serial(run, e, proof);
		break;
	case VERDICT_NOT_FASTER:
		words_short(run, e, proof);
		break;
	case VERDICT_PARTLY:
		words_short(run, e, proof);
		break;
	case VERDICT_OVERLAPPED:
		if (baseline)
			SAY(proof, "no task was done in both this run and the serial one, so there is no speed-up");
		else
			next_with(run, proof, "--baseline", "to learn whether it was faster");
		break;
	case VERDICT_PARALLEL:
	case VERDICT_NONE:
		break;
	}
}
