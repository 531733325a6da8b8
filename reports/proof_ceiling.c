/*
 * proof_ceiling: the run beside its serial baseline: speed-up, ceiling and stretch. Called by proof_of.
 *
 * Like is compared with like: only tickets that are done in both runs. A serial makespan is a sum, so the time of
 * tickets that are not done in both is taken out of it exactly; the parallel makespan is left as it is, with whatever
 * its failures cost, so that failures never make a run look faster.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/proof_parts.h"
#include "reports/stats.h"
#include "shared/buf.h"

struct lane_time {
	double us; /* over all tries, with the waits before tries on the same session */
	bool done;
};

static uint32_t tickets_end(const struct run_view *run)
{
	uint32_t end = 0;

	for (size_t i = 0; i < run->nattempts; i++)
		if (run->attempts[i].ticket >= end)
			end = run->attempts[i].ticket + 1;
	return end;
}

/* Attempts come by session, then taken: the next try on the same session is among those that follow. */
static const struct attempt_view *next_try(const struct run_view *run, size_t i)
{
	const struct attempt_view *a = &run->attempts[i];

	for (size_t k = i + 1; k < run->nattempts && run->attempts[k].session == a->session; k++)
		if (run->attempts[k].ticket == a->ticket)
			return &run->attempts[k];
	return NULL;
}

static struct lane_time *lane_times(const struct run_view *run, uint32_t end)
{
	struct lane_time *times = mem_zero((size_t)end + 1, sizeof(*times));

	for (size_t i = 0; i < run->nattempts; i++) {
		const struct attempt_view *a = &run->attempts[i], *next = NULL;
		int64_t until = a->done_us;

		if (a->ticket >= end)
			continue;
		if (a->outcome == OUTCOME_DONE)
			times[a->ticket].done = true;
		if (a->flags & ATTEMPT_RETRIED_HERE)
			next = next_try(run, i);
		if (next && next->taken_us != QUERY_NONE && next->taken_us > until)
			until = next->taken_us;
		if (a->taken_us != QUERY_NONE && until != QUERY_NONE && until > a->taken_us)
			times[a->ticket].us += (double)(until - a->taken_us);
	}
	return times;
}

/* The longest chain of `after`: each task as long as the longest of its tickets. */
static double chain_us(const struct run_view *run, const double *longest, int task)
{
	double us = 0;

	for (size_t steps = 0; task >= 0 && (size_t)task < run->ntasks && steps < run->ntasks; steps++) {
		us += longest[task];
		task = run->tasks[task].after;
	}
	return us;
}

static void chain_name(const struct run_view *run, int task, int depth, char *out, size_t size)
{
	int after = run->tasks[task].after;
	size_t used;

	if (after >= 0 && (size_t)after < run->ntasks && depth < 8) {
		chain_name(run, after, depth + 1, out, size);
		used = strlen(out);
		snprintf(out + used, size - used, " -> ");
	}
	used = strlen(out);
	snprintf(out + used, size - used, "%.24s", run->tasks[task].name ? run->tasks[task].name : "?");
}

static void find_chain(const struct run_view *run, const double *longest, struct proof *proof, int *last)
{
	*last = -1;
	for (size_t t = 0; t < run->ntasks; t++) {
		double us = chain_us(run, longest, (int)t);

		if (us > proof->longest_chain_us) {
			proof->longest_chain_us = us;
			*last = (int)t;
		}
		if (longest[t] > proof->longest_task_us) {
			proof->longest_task_us = longest[t];
			proof->longest_task = (int32_t)t;
		}
	}
}

static void name_ceiling(const struct run_view *run, int chain_end, double shared_us, struct proof *proof)
{
	char chain[96] = "", time[32];

	proof->ceiling_text = proof->ceiling_buf;
	if (shared_us > proof->longest_chain_us) {
		snprintf(proof->ceiling_buf, sizeof(proof->ceiling_buf), "%u session%s", run->sessions,
		        run->sessions == 1 ? "" : "s");
	} else if (proof->longest_chain_us > proof->longest_task_us) {
		chain_name(run, chain_end, 0, chain, sizeof(chain));
		snprintf(proof->ceiling_buf, sizeof(proof->ceiling_buf), "the chain %s takes %s", chain,
		        stats_duration(proof->longest_chain_us, time));
	} else {
		const char *name = proof->longest_task >= 0 ? run->tasks[proof->longest_task].name : NULL;

		snprintf(proof->ceiling_buf, sizeof(proof->ceiling_buf), "the longest query, %.80s, takes %s",
		        name ? name : "?", stats_duration(proof->longest_task_us, time));
	}
}

static int64_t makespan_of(const struct run_view *run)
{
	const struct run_phases *p = &run->phases;

	return p->go_us == QUERY_NONE || p->last_end_us == QUERY_NONE ? 0 : p->last_end_us - p->go_us;
}

/* Execute times of the done attempts, grouped by task: those of task t are times[begin[t] .. begin[t + 1]). */
struct executes {
	double *times;
	size_t *begin;
};

static bool has_execute(const struct attempt_view *a, size_t ntasks)
{
	return a->outcome == OUTCOME_DONE && a->task < ntasks && a->sent_us != QUERY_NONE && a->first_us != QUERY_NONE;
}

static struct executes executes_of(const struct run_view *run, size_t ntasks)
{
	struct executes x = {mem_zero(run->nattempts + 1, sizeof(double)), mem_zero(ntasks + 2, sizeof(size_t))};

	/* Counted one place up, begin[t + 1] is where task t begins and moves to its end while filling. */
	for (size_t i = 0; i < run->nattempts; i++)
		if (has_execute(&run->attempts[i], ntasks))
			x.begin[run->attempts[i].task + 2]++;
	for (size_t t = 1; t < ntasks + 2; t++)
		x.begin[t] += x.begin[t - 1];
	for (size_t i = 0; i < run->nattempts; i++) {
		const struct attempt_view *a = &run->attempts[i];

		if (has_execute(a, ntasks))
			x.times[x.begin[a->task + 1]++] = (double)(a->first_us - a->sent_us);
	}
	return x;
}

static void find_stretches(const struct run_view *run, const struct run_view *baseline, struct proof *proof)
{
	size_t ntasks = run->ntasks < baseline->ntasks ? run->ntasks : baseline->ntasks;
	struct executes together = executes_of(run, ntasks), alone = executes_of(baseline, ntasks);

	proof->stretches = mem_alloc((ntasks + 1) * sizeof(*proof->stretches));
	for (size_t t = 0; t < ntasks; t++) {
		struct stretch s = {.task = (uint32_t)t};
		size_t n = together.begin[t + 1] - together.begin[t], m = alone.begin[t + 1] - alone.begin[t];

		s.together_us = stats_median(together.times + together.begin[t], n);
		s.alone_us = stats_median(alone.times + alone.begin[t], m);
		if (n == 0 || m == 0 || s.alone_us <= 0)
			continue;
		s.factor = s.together_us / s.alone_us;
		proof->stretches[proof->nstretches++] = s;
	}
	free(together.times);
	free(together.begin);
	free(alone.times);
	free(alone.begin);
}

/* Sums the tickets done in both runs and takes the others' time out of the serial makespan. */
static void compare_tickets(const struct run_view *run, const struct run_view *baseline, struct proof *proof,
        struct comparison *comparison, double *longest)
{
	uint32_t end = tickets_end(run), other = tickets_end(baseline);
	struct lane_time *mine, *alone;

	end = other > end ? other : end;
	mine = lane_times(run, end);
	alone = lane_times(baseline, end);
	for (uint32_t t = 0; t < end; t++) {
		if (mine[t].done && alone[t].done) {
			proof->sum_us += alone[t].us;
			comparison->tickets++;
		} else {
			comparison->left_out_us += alone[t].us;
		}
	}
	for (size_t i = 0; i < baseline->nattempts; i++) {
		const struct attempt_view *a = &baseline->attempts[i];

		if (a->task < run->ntasks && mine[a->ticket].done && alone[a->ticket].done &&
		        alone[a->ticket].us > longest[a->task])
			longest[a->task] = alone[a->ticket].us;
	}
	free(mine);
	free(alone);
}

void proof_ceiling(
        const struct run_view *run, const struct run_view *baseline, struct proof *proof, struct comparison *comparison)
{
	double *longest, shared_us, least;
	int chain_end;

	*comparison = (struct comparison){0};
	proof->longest_task = -1;
	proof->ceiling_text = "";
	proof->makespan_us = makespan_of(run);
	proof->wall_us = run->phases.last_end_us == QUERY_NONE ? 0 : run->phases.last_end_us;
	if (!baseline)
		return;
	proof->has_baseline = true;
	proof->serial_wall_us = baseline->phases.last_end_us == QUERY_NONE ? 0 : baseline->phases.last_end_us;
	longest = mem_zero(run->ntasks + 1, sizeof(*longest));
	compare_tickets(run, baseline, proof, comparison, longest);
	proof->serial_makespan_us = makespan_of(baseline) - (int64_t)llround(comparison->left_out_us);
	find_chain(run, longest, proof, &chain_end);
	find_stretches(run, baseline, proof);
	free(longest);
	comparison->possible = comparison->tickets > 0 && proof->serial_makespan_us > 0 && proof->makespan_us > 0;
	if (!comparison->possible)
		return;
	proof->speedup = (double)proof->serial_makespan_us / (double)proof->makespan_us;
	if (proof->wall_us > 0 && proof->serial_wall_us > 0)
		proof->wall_speedup =
		        ((double)proof->serial_wall_us - comparison->left_out_us) / (double)proof->wall_us;
	shared_us = proof->sum_us / (run->sessions ? run->sessions : 1);
	least = proof->longest_chain_us > shared_us ? proof->longest_chain_us : shared_us;
	if (least > 0) {
		proof->ceiling = proof->sum_us / least;
		name_ceiling(run, chain_end, shared_us, proof);
	}
}
