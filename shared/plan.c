/*
 * plan: numbering tickets, looking up parameters, freeing. orchestrator/workload builds a plan and its owner frees
 * it; children only read it.
 */
#include "shared/plan.h"

#include <stdlib.h>

#include "shared/buf.h"

/* "a waits for b, which waits for c, which waits for a" */
static bool refuse_cycle(const struct plan *plan, int from, struct err *err)
{
	struct buf chain = {0};
	int task = from;

	/* `from` may only lead into the cycle: after ntasks steps we are inside it. */
	for (int i = 0; i < plan->ntasks; i++)
		task = plan->tasks[task].after;
	int first = task;

	buf_printf(&chain, "%s:%d: ", plan->path != NULL ? plan->path : "workload", plan->tasks[first].line);
	buf_printf(&chain, "task %s", plan->tasks[first].name);
	do {
		task = plan->tasks[task].after;
		buf_printf(&chain, " waits for %s%s", plan->tasks[task].name, task == first ? "" : ", which");
	} while (task != first && chain.len < 700);
	err_set(err, EXIT_USAGE, "%s: nothing could start; take one after= away", buf_str(&chain));
	buf_free(&chain);
	return false;
}

static bool set_stages(struct plan *plan, struct err *err)
{
	/* Known stages end a walk, so that a chain of a million tasks costs a million steps and no recursion. */
	int *path = mem_zero((size_t)plan->ntasks, sizeof *path);
	bool ok = true;

	plan->nstages = plan->ntasks > 0 ? 1 : 0;
	for (int i = 0; i < plan->ntasks; i++)
		plan->tasks[i].stage = -1;
	for (int i = 0; ok && i < plan->ntasks; i++) {
		int depth = 0, at = i;

		while (at >= 0 && plan->tasks[at].stage < 0 && depth < plan->ntasks) {
			path[depth++] = at;
			at = plan->tasks[at].after;
		}
		if (at >= 0 && plan->tasks[at].stage < 0) {
			ok = refuse_cycle(plan, i, err);
			break;
		}
		int stage = at >= 0 ? plan->tasks[at].stage + 1 : 0;

		while (depth > 0)
			plan->tasks[path[--depth]].stage = stage++;
		if (stage > plan->nstages)
			plan->nstages = stage;
	}
	free(path);
	return ok;
}

/* Executions of a task; a task that uses data has one per row and repeat. */
static uint64_t executions(const struct plan *plan, const struct task *task)
{
	uint64_t repeat = task->repeat > 0 ? (uint64_t)task->repeat : 1;

	return task->uses_data ? repeat * plan->nrows : repeat;
}

/* Deals the tickets of one stage: every task's first execution, then every second one, ... `due` is scratch. */
static void number_stage(struct plan *plan, const int *members, int count, int *due)
{
	int ndue = 0;

	for (int i = 0; i < count; i++)
		due[ndue++] = members[i];
	for (uint64_t round = 0; ndue > 0; round++) {
		int kept = 0;

		for (int i = 0; i < ndue; i++) {
			const struct task *task = &plan->tasks[due[i]];

			if (round >= executions(plan, task))
				continue;
			plan->tickets[plan->ntickets++] = (struct ticket){.task = (uint32_t)due[i],
			        .round = (uint32_t)round,
			        .row = task->uses_data ? (uint32_t)(round % plan->nrows) : PLAN_NO_ROW};
			due[kept++] = due[i];
		}
		ndue = kept;
	}
}

bool plan_number_tickets(struct plan *plan, struct err *err)
{
	uint64_t total = 0;

	free(plan->tickets);
	plan->tickets = NULL;
	plan->ntickets = 0;
	if (!set_stages(plan, err))
		return false;
	for (int i = 0; i < plan->ntasks; i++) {
		total += executions(plan, &plan->tasks[i]);
		if (total > PLAN_MOST_TICKETS)
			return err_set(err, EXIT_USAGE,
			        "%s:%d: task %s brings the tickets above %u, the most one run can number; use a "
			        "smaller "
			        "repeat= or fewer data rows",
			        plan->path != NULL ? plan->path : "workload", plan->tasks[i].line, plan->tasks[i].name,
			        PLAN_MOST_TICKETS);
	}
	plan->tickets = mem_zero((size_t)total, sizeof *plan->tickets);

	/* A counting sort of the tasks by stage keeps their order in the file. */
	int *begin = mem_zero((size_t)plan->nstages + 2, sizeof *begin);
	int *sorted = mem_zero((size_t)plan->ntasks, sizeof *sorted);
	int *due = mem_zero((size_t)plan->ntasks, sizeof *due);

	for (int i = 0; i < plan->ntasks; i++)
		begin[plan->tasks[i].stage + 2]++;
	for (int s = 2; s <= plan->nstages; s++)
		begin[s] += begin[s - 1];
	for (int i = 0; i < plan->ntasks; i++)
		sorted[begin[plan->tasks[i].stage + 1]++] = i;
	for (int s = 0; s < plan->nstages; s++)
		number_stage(plan, sorted + begin[s], begin[s + 1] - begin[s], due);
	free(due);
	free(sorted);
	free(begin);
	return true;
}

static bool make_readonly(const struct plan *plan, struct task *task, struct err *err)
{
	task->readonly = true;
	return task->write_line == 0 || err_set(err, EXIT_USAGE,
	                                        "%s:%d: this statement of task %s would let it write, which "
	                                        "--read-only forbids; take one of the two out",
	                                        plan->path, task->write_line, task->name);
}

bool plan_make_readonly(struct plan *plan, struct err *err)
{
	struct task *once[] = {plan->setup, plan->teardown, plan->session};

	for (int i = 0; i < plan->ntasks; i++)
		if (!make_readonly(plan, &plan->tasks[i], err))
			return false;
	for (size_t i = 0; i < sizeof once / sizeof once[0]; i++)
		if (once[i] != NULL && !make_readonly(plan, once[i], err))
			return false;
	return true;
}

const char *plan_value(const struct plan *plan, const struct ticket *ticket, const struct statement *st, int i)
{
	if (ticket->row == PLAN_NO_ROW || i < 0 || i >= st->nparams)
		return NULL;
	return plan->values[(size_t)ticket->row * (size_t)plan->ncolumns + (size_t)st->params[i]];
}

uint32_t plan_stage_begin(const struct plan *plan, int stage)
{
	uint32_t low = 0, high = plan->ntickets;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (plan->tasks[plan->tickets[middle].task].stage < stage)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void task_clear(struct task *task)
{
	for (int i = 0; i < task->nstatements; i++) {
		free(task->statements[i].text);
		free(task->statements[i].params);
	}
	free(task->statements);
	free(task->name);
	free(task->source);
}

static void task_free(struct task *task)
{
	if (task == NULL)
		return;
	task_clear(task);
	free(task);
}

void plan_free(struct plan *plan)
{
	if (plan == NULL)
		return;
	for (int i = 0; i < plan->ntasks; i++)
		task_clear(&plan->tasks[i]);
	free(plan->tasks);
	if (plan->scripts)
		scripts_free(plan->scripts);
	free(plan->scripts);
	task_free(plan->setup);
	task_free(plan->teardown);
	task_free(plan->session);
	for (int i = 0; i < plan->ncolumns; i++)
		free(plan->columns[i]);
	free(plan->columns);
	for (size_t i = 0; plan->values != NULL && i < (size_t)plan->nrows * (size_t)plan->ncolumns; i++)
		free(plan->values[i]);
	free(plan->values);
	free(plan->tickets);
	for (int i = 0; i < plan->ngates; i++)
		free(plan->gates[i].text);
	free(plan->gates);
	for (int i = 0; i < plan->ndefaults; i++) {
		free(plan->defaults[i].name);
		free(plan->defaults[i].value);
	}
	free(plan->defaults);
	free(plan->name);
	free(plan->path);
	free(plan->source);
	free(plan);
}
