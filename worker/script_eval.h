/*
 * script_eval: runs compiled expressions, and the commands of a script that need no server. Allocates nothing.
 *
 * Errors are values: err->text says what pgbench would say; the caller puts script, line and command before it.
 */
#ifndef WORKER_SCRIPT_EVAL_H
#define WORKER_SCRIPT_EVAL_H

#include "shared/err.h"
#include "shared/rng.h"
#include "shared/script.h"
#include "worker/script_vars.h"

struct script_eval {
	struct script_vars *vars;
	struct rng *rng;
	/* What debug() is given, NULL = nowhere. `told` is its own. */
	void (*debug)(void *told, const struct value *value);
	void *told;
};

bool script_eval(const struct expr *expr, const struct script_eval *eval, struct value *value, struct err *err);

/* COMMAND_SET: evaluates and sets the variable. */
bool script_set(const struct script_command *command, const struct script_eval *eval, struct err *err);

/* *at is a COMMAND_IF, ELIF, ELSE or ENDIF that was reached by going on from the command before it: moves *at to the
 * next command to run, which may again be one of these, and is script->ncommands at the end. */
bool script_branch(const struct script *script, int *at, const struct script_eval *eval, struct err *err);

/* COMMAND_SLEEP: how long, never negative. */
bool script_sleep_us(
        const struct script_command *command, const struct script_eval *eval, int64_t *us, struct err *err);

/* As \if understands it: null and zero are false. */
bool value_true(const struct value *value);

#endif
