/*
 * script_eval: the machine that runs compiled expressions, and the commands of a script that need no server; see
 * script_eval.h.
 */
#include "worker/script_eval.h"

#include <stdlib.h>
#include <string.h>

#include "worker/script_function.h"

bool value_true(const struct value *value)
{
	switch (value->type) {
	case VALUE_BOOLEAN:
		return value->boolean;
	case VALUE_INT:
		return value->integer != 0;
	case VALUE_DOUBLE:
		return value->number != 0.0;
	case VALUE_NONE:
	case VALUE_NULL:
		break;
	}
	return false;
}

static bool call(const struct expr_step *step, struct value *args, const struct script_eval *eval, struct err *err)
{
	if (step->nargs > EXPR_ARGS_MOST)
		return err_set(err, EXIT_TASKS, "too many function arguments, maximum is %d", EXPR_ARGS_MOST);
	if (step->function == FUNCTION_DEBUG) {
		if (eval->debug != NULL)
			eval->debug(eval->told, args);
		return true;
	}
	return script_function(step->function, args, step->nargs, eval->rng, args, err);
}

static const struct value zero = {.type = VALUE_INT, .integer = 0};
static const struct value all_bits = {.type = VALUE_INT, .integer = -1};

/* Operators of one operand, in place. */
static bool unary(enum expr_op op, struct value *top, const struct script_eval *eval, struct err *err)
{
	if (op == EXPR_NOT) {
		bool truth;

		if (top->type == VALUE_NULL)
			return true;
		if (!value_to_boolean(top, &truth, err))
			return false;
		*top = (struct value){.type = VALUE_BOOLEAN, .boolean = !truth};
		return true;
	}
	struct value pair[2] = {op == EXPR_NEGATE ? zero : all_bits, *top};

	return script_function(op == EXPR_NEGATE ? FUNCTION_SUBTRACT : FUNCTION_BIT_XOR, pair, 2, eval->rng, top, err);
}

/* The left side of AND (decides: false) or OR (decides: true). *jumps: it alone is the result; a null is, too. */
static bool left_side(const struct value *top, bool decides, bool *jumps, struct err *err)
{
	bool truth = decides;

	if (top->type != VALUE_NULL && !value_to_boolean(top, &truth, err))
		return false;
	*jumps = truth == decides;
	return true;
}

/* The left side has not decided, so the right one is the result, if it is a boolean or null. */
static bool right_side(struct value *left, const struct value *right, struct err *err)
{
	bool truth;

	*left = *right;
	return right->type == VALUE_NULL || value_to_boolean(right, &truth, err);
}

/* Runs one step. *top: the first free place of the stack. *next: the step to go on with. */
static bool run_step(const struct expr_step *step, struct value **top, const struct expr_step **next,
        const struct script_eval *eval, struct err *err)
{
	bool jumps = false;

	*next = step + 1;
	switch (step->op) {
	case EXPR_CONSTANT:
		*(*top)++ = step->constant;
		return true;
	case EXPR_VARIABLE:
		return script_vars_get(eval->vars, step->target, (*top)++, err);
	case EXPR_CALL:
		*top -= step->nargs;
		return call(step, (*top)++, eval, err);
	case EXPR_NEGATE:
	case EXPR_INVERT:
	case EXPR_NOT:
		return unary(step->op, *top - 1, eval, err);
	case EXPR_AND_LEFT:
	case EXPR_OR_LEFT:
		if (!left_side(*top - 1, step->op == EXPR_OR_LEFT, &jumps, err))
			return false;
		break;
	case EXPR_AND:
	case EXPR_OR:
		(*top)--;
		return right_side(*top - 1, *top, err);
	case EXPR_WHEN:
		jumps = !value_true(--*top);
		break;
	case EXPR_JUMP:
		jumps = true;
		break;
	}
	if (jumps)
		*next = step + step->target;
	return true;
}

bool script_eval(const struct expr *expr, const struct script_eval *eval, struct value *value, struct err *err)
{
	/* Too large for the stack of every thread, and never needed twice at once. */
	static _Thread_local struct value stack[EXPR_STACK_MOST];
	struct value *top = stack;
	const struct expr_step *step = expr->steps, *end = expr->steps + expr->nsteps;

	while (step < end)
		if (!run_step(step, &top, &step, eval, err))
			return false;
	*value = stack[0];
	return true;
}

bool script_set(const struct script_command *command, const struct script_eval *eval, struct err *err)
{
	struct value value;

	if (!script_eval(command->expr, eval, &value, err))
		return false;
	if (command->choices == NULL) {
		script_vars_set(eval->vars, command->variable, value);
		return true;
	}
	int64_t choice = value.type == VALUE_INT && value.integer >= 0 ? value.integer : 0;
	const char *text = command->choices[choice % command->nchoices];

	script_vars_set_text(eval->vars, command->variable, text, strlen(text));
	return true;
}

static bool test(const struct script_command *command, const struct script_eval *eval, bool *truth, struct err *err)
{
	struct value value;

	if (!script_eval(command->expr, eval, &value, err))
		return false;
	*truth = value_true(&value);
	return true;
}

/* Whoever comes to an ELIF or ELSE from above has run the branch before it. */
bool script_branch(const struct script *script, int *at, const struct script_eval *eval, struct err *err)
{
	const struct script_command *command = &script->commands[*at];
	bool truth = true;

	if (command->kind == COMMAND_ELIF || command->kind == COMMAND_ELSE)
		*at = command->end;
	if (command->kind == COMMAND_IF && !test(command, eval, &truth, err))
		return false;
	while (!truth) {
		*at = command->jump;
		command = &script->commands[*at];
		truth = command->kind != COMMAND_ELIF;
		if (!truth && !test(command, eval, &truth, err))
			return false;
	}
	++*at;
	return true;
}

bool script_sleep_us(const struct script_command *command, const struct script_eval *eval, int64_t *us, struct err *err)
{
	int64_t number = command->sleep_number;

	if (command->sleep_variable >= 0) {
		size_t len;
		const char *text = script_vars_text(eval->vars, command->sleep_variable, &len);

		if (text == NULL)
			return err_set(err, EXIT_TASKS, "sleep: undefined variable \"%.100s\"",
			        eval->vars->scripts->variables[command->sleep_variable].name);
		number = strtoll(text, NULL, 10);
		if (number == 0 && (text[0] < '0' || text[0] > '9'))
			return err_set(err, EXIT_TASKS, "sleep: invalid sleep time \"%.100s\" for variable \"%.100s\"",
			        text, eval->vars->scripts->variables[command->sleep_variable].name);
	}
	if (number <= 0)
		*us = 0;
	else if (__builtin_mul_overflow(number, command->sleep_unit_us, us))
		*us = INT64_MAX;
	return true;
}
