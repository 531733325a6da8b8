/*
 * script_expr: the compiled expression of \set, \if and @param: a tree of constants, variables and functions (operators
 * are functions too), and the values they yield. Types and their rules are pgbench's: null, boolean, 64-bit integer, double.
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

struct expr; /* shared/script_expr.c knows what is inside; the evaluator is worker/script_eval */

#endif
