/*
 * csv_compare_columns: the columns of the CSV tables of experiments with arms, as csv_compare writes and the manual
 * documents them.
 */
#include <string.h>

#include "reports/csv.h"

/* As they are documented; a header is made of the names. */
static const struct csv_column arms[] = {{"arm", "number of the arm, 0 = first"},
        {"label", "what the arm is called: its engine, or what --vary set, or its sessions"},
        {"engine", "serial, process, thread or async"}, {"sessions", "sessions of each run"},
        {"lanes", "workers, or event loops, of each run"}, {"setting", "what --vary set for this arm, empty = nothing"},
        {"reference", "1 = the others are measured against it"}, {"runs", "complete runs in complete blocks"},
        {"median", "middle of their figure: makespan in microseconds, of load runs transactions a second"},
        {"low", "lower bound of that"}, {"high", "upper bound"},
        {"bounds", "interval = of the median at 95 %; range = least and most, as there are too few runs"},
        {"median_run", "the run in the middle"}, {"user_cpu_us", "median CPU of all workers in user mode"},
        {"system_cpu_us", "median CPU of all workers in the kernel"},
        {"voluntary_switches", "median context switches by waiting"},
        {"involuntary_switches", "median context switches by being preempted"},
        {"private_kb", "median private memory of all workers"}, {"max_rss_kb", "median of the largest resident set"},
        {"ready_us", "median time until every session was connected"},
        {"p50_us", "median of the runs' middle service time, load runs only"}, {"p95_us", "the same at 95 %"},
        {"p99_us", "the same at 99 %"}, {"doubts", "reasons to doubt its runs, and in how many of them"}, {NULL, NULL}};
static const struct csv_column pairs[] = {{"arm", "number of the arm"}, {"label", "its label"},
        {"reference", "number of the arm it is held against"}, {"blocks", "blocks in which every arm was complete"},
        {"ratio", "how many times as fast as the reference, paired by block"}, {"low", "lower bound at 95 %"},
        {"high", "upper bound"}, {"least", "smallest ratio of a block"}, {"most", "largest ratio of a block"},
        {"p", "p value of the sign-flip test"},
        {"verdict", "faster, slower, no difference shown, too few blocks, or no claim"}, {NULL, NULL}};
static const struct csv_column cells[] = {{"run", "number of the run"}, {"arm", "number of its arm"},
        {"label", "label of its arm"}, {"block", "its block, 0 = first"},
        {"block_order", "its place in the block, 0 = first"}, {"complete", "1 = it is in the figures"},
        {"left_out", "why it is not"}, {"tickets", "tickets, or transactions"}, {"done", "of them done"},
        {"failed", "of them failed"}, {"unknown", "of them unknown"},
        {"makespan_us", "from the common start to the last end"}, {"wall_us", "from SPAWN to the last end"},
        {"ready_us", "until every session was connected"}, {"tps", "transactions a second, load runs only"},
        {"p50_us", "service time at 50 %, load runs only"}, {"p95_us", "at 95 %"}, {"p99_us", "at 99 %"},
        {"user_cpu_us", "CPU of all workers in user mode"}, {"system_cpu_us", "CPU of all workers in the kernel"},
        {"parent_cpu_us", "CPU of the parent"}, {"voluntary_switches", "context switches by waiting"},
        {"involuntary_switches", "context switches by being preempted"},
        {"private_kb", "private memory of all workers"}, {"max_rss_kb", "largest resident set"},
        {"parent_private_kb", "private memory of the parent"}, {NULL, NULL}};

const char *const *csv_compare_tables(void)
{
	static const char *const names[] = {"arms", "pairs", "cells", NULL};

	return names;
}

const struct csv_column *csv_compare_columns(const char *table)
{
	static const struct csv_column *const columns[] = {arms, pairs, cells};

	for (size_t i = 0; csv_compare_tables()[i] != NULL; i++)
		if (strcmp(csv_compare_tables()[i], table) == 0)
			return columns[i];
	return NULL;
}
