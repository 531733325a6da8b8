/*
 * script_expr: the compiled expression of \set, \if and @param, and the values it yields. Types and their rules are
 * pgbench's: null, boolean, 64-bit integer, double.
 *
 * An expression is a program for a stack of values: constants and variables are pushed, functions (operators are
 * functions too) take their arguments from the top, AND, OR and CASE jump. So evaluating needs no memory of its own but
 * the stack, whose height is known when the program is made, and no recursion. orchestrator/script_expr_parse makes it,
 * worker/script_eval runs it.
 */
#ifndef SHARED_SCRIPT_EXPR_H
#define SHARED_SCRIPT_EXPR_H

#include <stdbool.h>
#include <stdint.h>

enum value_type { VALUE_NONE, VALUE_NULL, VALUE_BOOLEAN, VALUE_INT, VALUE_DOUBLE };

struct value {
	enum value_type type; /* VALUE_NONE: no value (an undefined variable) */
	union {
		bool boolean;
		int64_t integer;
		double number;
	};
};

enum expr_op {
	EXPR_CONSTANT, /* push .constant */
	EXPR_VARIABLE, /* push variable .target */
	EXPR_CALL, /* .function takes .nargs values, pushes one */
	EXPR_NEGATE, /* 0 - top */
	EXPR_INVERT, /* -1 # top */
	EXPR_NOT,
	EXPR_AND_LEFT, /* top is false or null: keep it and jump by .target; else leave it to EXPR_AND */
	EXPR_AND, /* two values off, the upper one back: the lower one was true (OR: false) */
	EXPR_OR_LEFT, /* top is true or null: likewise */
	EXPR_OR,
	EXPR_WHEN, /* take the top; not true: jump by .target */
	EXPR_JUMP /* by .target */
};

enum expr_function {
	FUNCTION_ADD,
	FUNCTION_SUBTRACT,
	FUNCTION_MULTIPLY,
	FUNCTION_DIVIDE,
	FUNCTION_MOD,
	FUNCTION_EQUAL,
	FUNCTION_UNEQUAL,
	FUNCTION_LESS,
	FUNCTION_LESS_EQUAL,
	FUNCTION_BIT_AND,
	FUNCTION_BIT_OR,
	FUNCTION_BIT_XOR,
	FUNCTION_SHIFT_LEFT,
	FUNCTION_SHIFT_RIGHT,
	FUNCTION_IS, /* the very same constant, null included */
	FUNCTION_ABS,
	FUNCTION_DEBUG,
	FUNCTION_DOUBLE,
	FUNCTION_EXP,
	FUNCTION_GREATEST,
	FUNCTION_HASH_FNV1A,
	FUNCTION_HASH_MURMUR2,
	FUNCTION_INT,
	FUNCTION_LEAST,
	FUNCTION_LN,
	FUNCTION_PERMUTE,
	FUNCTION_PI,
	FUNCTION_POWER,
	FUNCTION_RANDOM,
	FUNCTION_RANDOM_EXPONENTIAL,
	FUNCTION_RANDOM_GAUSSIAN,
	FUNCTION_RANDOM_ZIPFIAN,
	FUNCTION_SQRT
};

/* No expression needs a higher stack: what would is refused when it is parsed. */
#define EXPR_STACK_MOST 4096
/* Arguments of least() and greatest(). */
#define EXPR_ARGS_MOST 16

struct expr_step {
	enum expr_op op;
	int target; /* a variable; of a jump: how many steps further */
	enum expr_function function;
	int nargs;
	struct value constant;
};

struct expr {
	struct expr_step *steps;
	int nsteps;
	int height; /* of the stack, at most EXPR_STACK_MOST */
	bool random; /* it draws random numbers */
};

void expr_free(struct expr *expr);

#endif
