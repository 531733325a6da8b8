/*
 * workload: annotated SQL files into a plan. Everything it refuses is "FILE:LINE: what, and what would be right"
 * with EXIT_USAGE; nothing runs after that.
 */
#ifndef ORCHESTRATOR_WORKLOAD_H
#define ORCHESTRATOR_WORKLOAD_H

#include "shared/err.h"
#include "shared/plan.h"

/* Reads the files (and data_path, NULL = none) and numbers the tickets. default_retries: of tasks without retries=,
 * -1 = 2. NULL on error; the owner calls plan_free. "-" is standard input. */
struct plan *workload_load(
        const char *const *paths, int npaths, const char *data_path, int default_retries, struct err *err);

/* One statement cut out of SQL text as psql cuts it. */
struct sql_piece {
	const char *text;
	unsigned long len;
	int line;
};

/* Cuts text into statements where psql does (without the closing semicolon, comments before a statement dropped apart
 * from planner hints, empty ones left out). *pieces is malloc'd, its texts point into sql. Unclosed quotes, dollar
 * quotes, comments and NUL bytes are errors. */
bool workload_split(
        const char *path, const char *sql, unsigned long len, struct sql_piece **pieces, int *count, struct err *err);

/* Parses "speedup >= 1.3", "p99 < 50ms", "overlap >= 90%", "errors = 0". */
bool workload_gate(const char *text, struct gate *gate, struct err *err);

#endif
