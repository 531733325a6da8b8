/*
 * dry_run: what would run, without running anything: tasks, stages, tickets, how each task is sent, and the layout.
 */
#include <stdio.h>

#include "orchestrator/experiment.h"
#include "reports/stats.h"
#include "shared/clock.h"
#include "shared/log.h"

static const char *send_name(enum send_mode send)
{
	static const char *const names[] = {"one segment", "transaction", "statement by statement"};
	return names[send];
}

static uint32_t tickets_of(const struct experiment *x, uint32_t task)
{
	uint32_t count = 0;
	for (uint32_t i = 0; i < x->ntodo; i++)
		count += x->plan->tickets[x->todo[i]].task == task;
	return count;
}

static void print_task(const struct experiment *x, uint32_t number, struct buf *out)
{
	const struct task *t = &x->plan->tasks[number];
	char name[64], duration[32];
	log_printable(t->name, name, sizeof(name));
	buf_printf(out, "  %-16s stage %d  %6u ticket%s  %2d statement%s  sent as %s", name, t->stage + 1,
	        tickets_of(x, number), tickets_of(x, number) == 1 ? " " : "s", t->nstatements,
	        t->nstatements == 1 ? " " : "s", send_name(t->send));
	if (t->readonly)
		buf_puts(out, ", readonly");
	if (t->repeatable)
		buf_puts(out, ", repeatable");
	if (t->noverify)
		buf_puts(out, ", noverify");
	if (t->after >= 0)
		buf_printf(out, ", after %s", x->plan->tasks[t->after].name);
	if (t->timeout_ns > 0)
		buf_printf(out, ", timeout %s", stats_duration((double)t->timeout_ns / NS_PER_US, duration));
	if (t->rows >= 0)
		buf_printf(out, ", rows %lld", (long long)t->rows);
	buf_putc(out, '\n');
}

static void print_special(const struct task *task, const char *name, struct buf *out)
{
	if (task != NULL)
		buf_printf(out, "  %-16s %d statement%s\n", name, task->nstatements, task->nstatements == 1 ? "" : "s");
}

static void print_time(const char *name, int64_t ns, struct buf *out)
{
	char text[32];
	if (ns > 0)
		buf_printf(out, ", %s %s", name, stats_duration((double)ns / NS_PER_US, text));
}

static void print_load(const struct experiment *x, struct buf *out)
{
	const struct load *l = &x->plan->load;
	const struct scripts *all = x->plan->scripts;
	char text[32];
	buf_printf(out, "load run %s: %d script%s in a loop, each session ", x->plan->name, all->nscripts,
	        all->nscripts == 1 ? "" : "s");
	if (l->transactions > 0)
		buf_printf(out, "%lld times\n", (long long)l->transactions);
	else
		buf_printf(out, "for %s\n", stats_duration((double)l->duration_ns / NS_PER_US, text));
	for (int i = 0; i < all->nscripts; i++) {
		const struct script *s = &all->scripts[i];
		char name[128];
		log_printable(s->name, name, sizeof(name));
		buf_printf(out, "  %-16s weight %lld of %lld  %2d command%s, %d of them SQL\n", name,
		        (long long)s->weight, (long long)all->total_weight, s->ncommands, s->ncommands == 1 ? " " : "s",
		        s->nsql);
	}
	buf_printf(out, "sent as %s", query_mode_name(l->mode));
	if (l->rate > 0)
		buf_printf(out, ", %.6g transactions a second", l->rate);
	print_time("latency limit", l->latency_limit_ns, out);
	print_time("think time", l->think_ns, out);
	print_time("ramp", l->ramp_ns, out);
	print_time("warm-up", l->warmup_ns, out);
	if (l->max_tries != 1)
		buf_printf(out, ", at most %u tries", l->max_tries);
	if (l->reconnect)
		buf_puts(out, ", a connection for each transaction");
	if (l->pipeline > 0)
		buf_printf(out, ", %u executions in one go", l->pipeline);
	buf_putc(out, '\n');
}

static void print_tasks(const struct experiment *x, struct buf *out)
{
	const struct plan *plan = x->plan;
	buf_printf(out, "workload %s (%s): %d task%s, %d stage%s, %u ticket%s%s\n", plan->name, plan->path,
	        plan->ntasks, plan->ntasks == 1 ? "" : "s", plan->nstages, plan->nstages == 1 ? "" : "s", x->ntodo,
	        x->ntodo == 1 ? "" : "s", x->resuming ? " left" : "");
	for (int i = 0; i < plan->ntasks; i++)
		print_task(x, (uint32_t)i, out);
}

void dry_run_print(const struct experiment *x, struct buf *out)
{
	const struct plan *plan = x->plan;
	if (plan->scripts != NULL)
		print_load(x, out);
	else
		print_tasks(x, out);
	print_special(plan->setup, "@setup", out);
	print_special(plan->teardown, "@teardown", out);
	print_special(plan->session, "@session", out);
	if (plan->nrows > 0)
		buf_printf(out, "data: %u rows, %d columns\n", plan->nrows, plan->ncolumns);
	if (x->baseline)
		buf_printf(out, "first serially, as baseline: 1 session, 1 lane, 1 worker\n");
	buf_printf(out, "%s engine %s: %u session%s, %u lane%s, %u worker%s", x->baseline ? "then on" : "on",
	        engine_name(x->engine), x->sessions, x->sessions == 1 ? "" : "s", x->lanes, x->lanes == 1 ? "" : "s",
	        x->workers, x->workers == 1 ? "" : "s");
	if (x->options->repeat > 1)
		buf_printf(out, ", %d times", x->options->repeat);
	buf_putc(out, '\n');
	for (int i = 0; i < x->ngates; i++)
		buf_printf(out, "gate: %s\n", x->gates[i].text);
	if (x->resuming && x->resume_unknown > 0)
		buf_printf(out, "%u tickets stay unknown: their tasks are neither repeatable nor readonly\n",
		        x->resume_unknown);
	buf_puts(out, "nothing was run (--dry-run)\n");
}
