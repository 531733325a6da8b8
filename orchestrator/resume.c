/*
 * resume: which tickets of an earlier run may be run again: those that never ran, those that failed with nothing
 * applied, and unknown ones whose task is repeatable or read-only.
 */
#include <stdlib.h>
#include <string.h>

#include "orchestrator/experiment.h"

static bool may_run(const struct experiment *x, uint32_t ticket, bool *unknown)
{
	const struct ticket_state *s = &x->resume.tickets[ticket];
	const struct task *task = &x->plan->tasks[x->plan->tickets[ticket].task];
	/* Released and without a final state: it may have started before its parent died. */
	bool open = s->state == OUTCOME_UNKNOWN || (s->state == OUTCOME_NONE && s->released);
	*unknown = false;
	if (s->state == OUTCOME_DONE)
		return false;
	if (s->state == OUTCOME_FAILED)
		return s->applied == 0 || task->repeatable;
	if (!open)
		return true;
	bool again = task->repeatable || task->readonly || x->options->read_only;
	*unknown = !again;
	return again;
}

static bool same_workload(const struct experiment *x, struct err *err)
{
	const struct resume_view *r = &x->resume;
	if (strcmp(r->workload_sha256, x->plan->sha256) != 0)
		return err_set(err, EXIT_USAGE,
		        "run %lld had another workload (SHA-256 %.12s..., this one is %.12s...): --resume needs the "
		        "same file; without --resume everything runs anew",
		        (long long)r->run, r->workload_sha256, x->plan->sha256);
	if (strcmp(r->data_sha256, x->plan->data_sha256) != 0)
		return err_set(err, EXIT_USAGE, "run %lld had %s: --resume needs the same --data file",
		        (long long)r->run, r->data_sha256[0] == '\0' ? "no data file" : "another data file");
	if (x->options->seed_given && x->options->seed != r->seed)
		return err_set(err, EXIT_USAGE, "run %lld had the seed %llu: leave --random-seed=%llu out",
		        (long long)r->run, (unsigned long long)r->seed, (unsigned long long)x->options->seed);
	if (r->ntickets != x->plan->ntickets)
		return err_set(err, EXIT_USAGE, "run %lld had %zu tickets and this workload has %u: nothing to resume",
		        (long long)r->run, r->ntickets, x->plan->ntickets);
	return true;
}

bool resume_prepare(struct experiment *x, struct err *err)
{
	struct query *query = query_open(x->store_path, err);
	if (query == NULL)
		return false;
	bool ok = query_resume(query, x->options->resume, &x->resume, err);
	query_close(query);
	if (!ok)
		return false;
	x->resuming = true;
	if (!same_workload(x, err))
		return false;
	x->seed = x->resume.seed;
	x->todo = mem_zero((size_t)x->plan->ntickets + 1, sizeof(*x->todo));
	for (uint32_t i = 0; i < x->plan->ntickets; i++) {
		bool unknown;
		if (may_run(x, i, &unknown))
			x->todo[x->ntodo++] = i;
		else if (!unknown && x->resume.tickets[i].state == OUTCOME_FAILED)
			x->resume_failed++;
		x->resume_unknown += unknown;
	}
	return true;
}
