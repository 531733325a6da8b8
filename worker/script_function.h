/*
 * script_function: the functions and operators of expressions, from values to a value. Only script_*.c call it.
 * False: err->text says what pgbench says. Nothing is allocated, nothing is kept.
 */
#ifndef WORKER_SCRIPT_FUNCTION_H
#define WORKER_SCRIPT_FUNCTION_H

#include "shared/err.h"
#include "shared/rng.h"
#include "shared/script_expr.h"

/* Any function but those that need more than their arguments (debug). A null among the arguments yields null. */
bool script_function(enum expr_function function, const struct value *args, int nargs, struct rng *rng,
        struct value *result, struct err *err);

/* Conversions; a double is rounded half to even. */
bool value_to_int(const struct value *value, int64_t *to, struct err *err);
bool value_to_double(const struct value *value, double *to, struct err *err);
bool value_to_boolean(const struct value *value, bool *to, struct err *err);
const char *value_type_name(const struct value *value);

/* script_random: min..max, with the parameter of the distribution. The parameter is checked. */
bool script_random(enum expr_function function, int64_t min, int64_t max, double parameter, struct rng *rng,
        int64_t *result, struct err *err);

/* script_hash: the same numbers as pgbench's. size > 0. */
int64_t script_hash_fnv1a(int64_t value, int64_t seed);
int64_t script_hash_murmur2(int64_t value, int64_t seed);
int64_t script_permute(int64_t value, int64_t size, int64_t seed);

#endif
