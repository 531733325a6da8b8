/*
 * plan: one parsed workload, immutable after it was built and inherited by every child through fork.
 *
 * orchestrator/workload builds it, plan_free ends it. Tickets are numbered over the whole run: ticket N is
 * plan->tickets[N]. Within a stage they go round by round (every task's first execution, then every second one, ...).
 */
#ifndef SHARED_PLAN_H
#define SHARED_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/err.h"
#include "shared/load.h"
#include "shared/script.h"

/* What a statement is, as far as sending it needs to know. The first keywords decide; comments are skipped. */
enum statement_kind {
	STATEMENT_PLAIN,
	STATEMENT_BEGIN, /* BEGIN, START TRANSACTION */
	STATEMENT_COMMIT, /* COMMIT, END, PREPARE TRANSACTION, COMMIT PREPARED, COMMIT AND CHAIN */
	STATEMENT_ROLLBACK, /* ROLLBACK, ABORT (not ROLLBACK TO) */
	STATEMENT_CALL, /* CALL, DO: may commit inside */
	STATEMENT_COPY, /* COPY TO STDOUT: nothing may follow it in the same flush through a pooler */
	STATEMENT_ALONE /* cannot run in a block: VACUUM, CREATE/DROP/REINDEX ... CONCURRENTLY, CREATE DATABASE, ... */
};

struct statement {
	char *text; /* as sent, parameters written $1, $2 ...; no closing semicolon, NUL-terminated */
	int line; /* 1-based line in the file */
	enum statement_kind kind;
	int nparams;
	int *params; /* nparams indexes into plan->columns: $i is column params[i-1] */
};

/* How a task's statements go to the server (chosen once, at parse). */
enum send_mode {
	SEND_SEGMENT, /* one pipeline segment with one sync: applied whole or not at all */
	SEND_TRANSACTION, /* explicit BEGIN; COMMIT is sent only after every check passed */
	SEND_STEPS /* statement by statement, each waited for, stopping at the first error */
};

struct task {
	char *name;
	char *source; /* the task's SQL as written, for people */
	int line;
	struct statement *statements;
	int nstatements;
	enum send_mode send;
	bool readonly;
	bool repeatable;
	bool transaction;
	bool noverify; /* what it returns differs from run to run: --verify-results leaves it out */
	int write_line; /* of a statement that asks for a transaction that writes (BEGIN READ WRITE), 0 = none */
	bool uses_data; /* refers to a column of --data: one ticket per row */
	int64_t timeout_ns; /* per attempt, 0 = none */
	int64_t rows; /* expected rows over all statements, -1 = not checked */
	int repeat; /* executions, at least 1 */
	int retries; /* repeats after the first try */
	int after; /* index of the task it waits for, -1 = none */
	int stage; /* 0 = first */
};

struct ticket {
	uint32_t task; /* index into plan->tasks */
	uint32_t round; /* 0-based execution number of that task */
	uint32_t row; /* index into the data rows, PLAN_NO_ROW without data */
};
#define PLAN_NO_ROW UINT32_MAX

enum gate_metric { GATE_ERRORS, GATE_WALL, GATE_MAKESPAN, GATE_SPEEDUP, GATE_OVERLAP, GATE_PERCENTILE, GATE_TPS };
enum gate_op { GATE_LT, GATE_LE, GATE_EQ, GATE_NE, GATE_GE, GATE_GT };

struct gate {
	char *text; /* as written */
	enum gate_metric metric;
	double percentile; /* for GATE_PERCENTILE, e.g. 99.9 */
	enum gate_op op;
	double number; /* seconds for times, a ratio for speedup, per cent for overlap, a count for errors */
};

struct run_default { /* one name=value of @run; applied by orchestrator/options below environment and flags */
	char *name;
	char *value; /* NULL = a bare word: a flag */
	int line;
};

struct plan {
	char *name; /* @workload, else the file's name without folder and .sql */
	char *path; /* as given */
	char *source; /* whole text of the workload file(s), as hashed */
	char sha256[65]; /* of source */
	char data_sha256[65]; /* of the data file, "" without one */

	struct task *tasks;
	int ntasks;
	int nstages;
	struct task *setup; /* NULL = none; one SEND_STEPS task each */
	struct task *teardown;
	struct task *session; /* @session, at each session's start after its settings */

	char **columns; /* names of the parameters (columns of the data file) */
	int ncolumns;
	char **values; /* row-major, nrows x ncolumns; NULL = SQL NULL */
	uint32_t nrows;

	struct ticket *tickets; /* sorted by stage */
	uint32_t ntickets;

	/* A load run: scripts instead of tasks and tickets. */
	struct scripts *scripts; /* NULL = a task list */
	struct load load;

	struct gate *gates;
	int ngates;
	struct run_default *defaults;
	int ndefaults;
};

/* Fills tickets, stages and ntickets from the tasks; refuses a cycle of `after` and more than PLAN_MOST_TICKETS. */
#define PLAN_MOST_TICKETS 20000000u
bool plan_number_tickets(struct plan *plan, struct err *err);

/* Marks every task as read-only, @setup and its like included (--read-only). Refuses tasks that ask to write. */
bool plan_make_readonly(struct plan *plan, struct err *err);

/* The value of parameter i (0-based) of a statement for a ticket: NULL is SQL NULL. */
const char *plan_value(const struct plan *plan, const struct ticket *ticket, const struct statement *st, int i);

/* Index of the first ticket of a stage; nstages gives ntickets. */
uint32_t plan_stage_begin(const struct plan *plan, int stage);

void plan_free(struct plan *plan);

#endif
