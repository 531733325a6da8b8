/*
 * script_vars: the variables of one client (a session that runs scripts): a value each, the text of one, or both.
 *
 * The session owns them, from script_vars_init to script_vars_free. A text is read as a number only when an expression
 * asks for it, and a number becomes text only when a statement sends it; either is kept. Memory is taken only for texts
 * longer than any before in the same variable.
 */
#ifndef WORKER_SCRIPT_VARS_H
#define WORKER_SCRIPT_VARS_H

#include <stddef.h>

#include "shared/err.h"
#include "shared/script.h"

struct script_var {
	struct value value; /* VALUE_NONE: not known yet if there is a text, else there is no value */
	char *text; /* NULL = not made yet; points to digits or to own */
	size_t len;
	char *own;
	size_t room;
	char digits[32];
};

struct script_vars {
	const struct scripts *scripts; /* for names */
	struct script_var *vars;
	int nvars;
};

/* All variables with the values they have before a script runs (-D and what the program set in scripts->variables). */
void script_vars_init(struct script_vars *vars, const struct scripts *scripts);
void script_vars_free(struct script_vars *vars);
/* All values of another one with the same scripts. */
void script_vars_copy(struct script_vars *to, const struct script_vars *from);

/* The value for an expression. False: undefined, or a text that is no value. */
bool script_vars_get(struct script_vars *vars, int index, struct value *value, struct err *err);
/* The text to send, NUL-terminated; NULL = no value. Valid until the variable is set again. A null is "NULL". */
const char *script_vars_text(struct script_vars *vars, int index, size_t *len);
void script_vars_set(struct script_vars *vars, int index, struct value value);
void script_vars_set_int(struct script_vars *vars, int index, int64_t value);
/* As -D, \gset and \setshell do: the text is kept as it is. */
void script_vars_set_text(struct script_vars *vars, int index, const char *text, size_t len);

/* The variable a column of \gset or \aset goes to (ask once a statement and keep it). False: no valid name. *index -1:
 * nobody reads it. */
bool script_vars_column(
        const struct script_vars *vars, const char *prefix, const char *column, int *index, struct err *err);

/* A value as text, as pgbench writes it (doubles with 15 digits); into at least 32 bytes. Returns the length. */
size_t value_print(const struct value *value, char *text);
/* Reads a text as pgbench reads a variable's: null, true, yes, on and their like, integers, doubles. */
bool value_read(const char *text, struct value *value);

#endif
