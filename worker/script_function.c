/*
 * script_function: arithmetic, comparisons, bits and mathematics of expressions by pgbench's rules: 64-bit integers
 * that fail instead of wrapping, doubles as soon as one side is one, null from null. Only script_eval.c calls it.
 */
#include "worker/script_function.h"

#include <math.h>

static bool set_int(struct value *result, int64_t integer)
{
	*result = (struct value){.type = VALUE_INT, .integer = integer};
	return true;
}

static bool set_double(struct value *result, double number)
{
	*result = (struct value){.type = VALUE_DOUBLE, .number = number};
	return true;
}

static bool set_boolean(struct value *result, bool boolean)
{
	*result = (struct value){.type = VALUE_BOOLEAN, .boolean = boolean};
	return true;
}

static bool double_operator(enum expr_function function, double a, double b, struct value *result)
{
	switch (function) {
	case FUNCTION_ADD:
		return set_double(result, a + b);
	case FUNCTION_SUBTRACT:
		return set_double(result, a - b);
	case FUNCTION_MULTIPLY:
		return set_double(result, a * b);
	case FUNCTION_DIVIDE:
		return set_double(result, a / b);
	case FUNCTION_EQUAL:
		return set_boolean(result, a == b);
	case FUNCTION_UNEQUAL:
		return set_boolean(result, a != b);
	case FUNCTION_LESS:
		return set_boolean(result, a < b);
	default:
		return set_boolean(result, a <= b);
	}
}

static bool divide(enum expr_function function, int64_t a, int64_t b, struct value *result, struct err *err)
{
	if (b == 0)
		return err_set(err, EXIT_TASKS, "division by zero");
	if (function == FUNCTION_MOD)
		return set_int(result, b == -1 ? 0 : a % b); /* the processor traps at the least number % -1 */
	if (a == INT64_MIN && b == -1)
		return err_set(err, EXIT_TASKS, "bigint div out of range");
	return set_int(result, a / b);
}

static bool int_arithmetic(enum expr_function function, int64_t a, int64_t b, struct value *result, struct err *err)
{
	int64_t c;

	switch (function) {
	case FUNCTION_ADD:
		if (__builtin_add_overflow(a, b, &c))
			return err_set(err, EXIT_TASKS, "bigint add out of range");
		return set_int(result, c);
	case FUNCTION_SUBTRACT:
		if (__builtin_sub_overflow(a, b, &c))
			return err_set(err, EXIT_TASKS, "bigint sub out of range");
		return set_int(result, c);
	case FUNCTION_MULTIPLY:
		if (__builtin_mul_overflow(a, b, &c))
			return err_set(err, EXIT_TASKS, "bigint mul out of range");
		return set_int(result, c);
	default:
		return divide(function, a, b, result, err);
	}
}

static bool int_operator(enum expr_function function, int64_t a, int64_t b, struct value *result, struct err *err)
{
	switch (function) {
	case FUNCTION_EQUAL:
		return set_boolean(result, a == b);
	case FUNCTION_UNEQUAL:
		return set_boolean(result, a != b);
	case FUNCTION_LESS:
		return set_boolean(result, a < b);
	case FUNCTION_LESS_EQUAL:
		return set_boolean(result, a <= b);
	default:
		return int_arithmetic(function, a, b, result, err);
	}
}

static bool number_operator(
        enum expr_function function, const struct value *args, struct value *result, struct err *err)
{
	bool real = args[0].type == VALUE_DOUBLE || args[1].type == VALUE_DOUBLE;
	int64_t a, b;
	double x, y;

	/* There is no remainder of doubles: they are rounded first. */
	if (real && function != FUNCTION_MOD)
		return value_to_double(&args[0], &x, err) && value_to_double(&args[1], &y, err) &&
		       double_operator(function, x, y, result);
	return value_to_int(&args[0], &a, err) && value_to_int(&args[1], &b, err) &&
	       int_operator(function, a, b, result, err);
}

static bool bit_operator(enum expr_function function, const struct value *args, struct value *result, struct err *err)
{
	int64_t a, b;

	if (!value_to_int(&args[0], &a, err) || !value_to_int(&args[1], &b, err))
		return false;
	switch (function) {
	case FUNCTION_BIT_AND:
		return set_int(result, a & b);
	case FUNCTION_BIT_OR:
		return set_int(result, a | b);
	case FUNCTION_BIT_XOR:
		return set_int(result, a ^ b);
	case FUNCTION_SHIFT_LEFT:
		return set_int(result, (int64_t)((uint64_t)a << (b & 63))); /* by 64 is by 0: what processors do */
	default:
		return set_int(result, a >> (b & 63));
	}
}

static bool extreme(
        enum expr_function function, const struct value *args, int nargs, struct value *result, struct err *err)
{
	bool real = false, least = function == FUNCTION_LEAST;
	double best = 0, x;
	int64_t most = 0, i;

	for (int n = 0; n < nargs; n++)
		real |= args[n].type == VALUE_DOUBLE;
	for (int n = 0; n < nargs; n++) {
		if (real) {
			if (!value_to_double(&args[n], &x, err))
				return false;
			best = n > 0 && (least ? best < x : best > x) ? best : x; /* NaN goes */
		} else {
			if (!value_to_int(&args[n], &i, err))
				return false;
			most = n > 0 && (least ? most < i : most > i) ? most : i;
		}
	}
	return real ? set_double(result, best) : set_int(result, most);
}

static bool absolute(const struct value *arg, struct value *result, struct err *err)
{
	double x;

	/* The least number has no counterpart and stays what it is. */
	if (arg->type == VALUE_INT)
		return set_int(result, arg->integer < 0 ? (int64_t)(0 - (uint64_t)arg->integer) : arg->integer);
	return value_to_double(arg, &x, err) && set_double(result, x < 0 ? -x : x);
}

static bool real_function(
        enum expr_function function, const struct value *args, int nargs, struct value *result, struct err *err)
{
	double x, y = 0;

	if (!value_to_double(&args[0], &x, err) || (nargs > 1 && !value_to_double(&args[1], &y, err)))
		return false;
	switch (function) {
	case FUNCTION_EXP:
		return set_double(result, exp(x));
	case FUNCTION_LN:
		return set_double(result, log(x));
	case FUNCTION_SQRT:
		return set_double(result, sqrt(x));
	case FUNCTION_POWER:
		return set_double(result, pow(x, y));
	default:
		return set_double(result, x);
	}
}

static bool random_function(enum expr_function function, const struct value *args, int nargs, struct rng *rng,
        struct value *result, struct err *err)
{
	int64_t min, max, drawn;
	double parameter = 0;

	return value_to_int(&args[0], &min, err) && value_to_int(&args[1], &max, err) &&
	       (nargs < 3 || value_to_double(&args[2], &parameter, err)) &&
	       script_random(function, min, max, parameter, rng, &drawn, err) && set_int(result, drawn);
}

static bool mixing_function(
        enum expr_function function, const struct value *args, int nargs, struct value *result, struct err *err)
{
	int64_t value, more, seed;

	if (!value_to_int(&args[0], &value, err) || !value_to_int(&args[1], &more, err))
		return false;
	if (function == FUNCTION_HASH_FNV1A)
		return set_int(result, script_hash_fnv1a(value, more));
	if (function == FUNCTION_HASH_MURMUR2)
		return set_int(result, script_hash_murmur2(value, more));
	if (nargs < 3 || !value_to_int(&args[2], &seed, err))
		return false;
	if (more <= 0)
		return err_set(err, EXIT_TASKS, "permute size parameter must be greater than zero");
	return set_int(result, script_permute(value, more, seed));
}

static bool identical(const struct value *args, struct value *result)
{
	bool same = args[0].type == args[1].type && (args[0].type == VALUE_NULL || args[0].boolean == args[1].boolean);

	return set_boolean(result, same);
}

bool script_function(enum expr_function function, const struct value *args, int nargs, struct rng *rng,
        struct value *result, struct err *err)
{
	int64_t integer;

	if (function == FUNCTION_IS)
		return identical(args, result);
	for (int i = 0; i < nargs; i++) {
		if (args[i].type == VALUE_NULL) {
			*result = (struct value){.type = VALUE_NULL};
			return true;
		}
	}
	switch (function) {
	case FUNCTION_BIT_AND:
	case FUNCTION_BIT_OR:
	case FUNCTION_BIT_XOR:
	case FUNCTION_SHIFT_LEFT:
	case FUNCTION_SHIFT_RIGHT:
		return bit_operator(function, args, result, err);
	case FUNCTION_ABS:
		return absolute(args, result, err);
	case FUNCTION_GREATEST:
	case FUNCTION_LEAST:
		return extreme(function, args, nargs, result, err);
	case FUNCTION_INT:
		return value_to_int(args, &integer, err) && set_int(result, integer);
	case FUNCTION_PI:
		return set_double(result, M_PI);
	case FUNCTION_DOUBLE:
	case FUNCTION_EXP:
	case FUNCTION_LN:
	case FUNCTION_SQRT:
	case FUNCTION_POWER:
		return real_function(function, args, nargs, result, err);
	case FUNCTION_HASH_FNV1A:
	case FUNCTION_HASH_MURMUR2:
	case FUNCTION_PERMUTE:
		return mixing_function(function, args, nargs, result, err);
	case FUNCTION_RANDOM:
	case FUNCTION_RANDOM_EXPONENTIAL:
	case FUNCTION_RANDOM_GAUSSIAN:
	case FUNCTION_RANDOM_ZIPFIAN:
		return random_function(function, args, nargs, rng, result, err);
	default:
		return number_operator(function, args, result, err);
	}
}
