/*
 * err: what went wrong, as a value.
 *
 * Lower layers fill a `struct err` and return false; they never log and never exit. The edge (a command, a
 * worker's main) prints or logs it once. A failed query is a data point and not an err.
 */
#ifndef SHARED_ERR_H
#define SHARED_ERR_H

#include <stdbool.h>

/* Exit codes of the program; the more severe wins: 5, 2, 3, 4, and 5 also wins over a signal. */
enum exit_code {
	EXIT_DONE = 0, /* everything done, stored, every gate passed */
	EXIT_USAGE = 1, /* usage, workload or limits wrong, no such run: nothing ran */
	EXIT_CONNECT = 2, /* could not connect or authenticate */
	EXIT_TASKS = 3, /* some task failed, was not run, or has an unknown outcome */
	EXIT_GATE = 4, /* a gate, a check or a claim failed */
	EXIT_STORE = 5, /* results could not be stored or written */
	EXIT_LOCKED = 75 /* another run or batch holds the lock */
};

struct err {
	enum exit_code code; /* what the program should exit with if this ends it */
	char text[1024]; /* what happened, to what, what to do next; no newline at the end */
};

/* Fills *e (which may be NULL) and returns false, so that callers can write `return err_set(...)`. */
bool err_set(struct err *e, enum exit_code code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Puts "prefix: " before the text. Returns false. */
bool err_prefix(struct err *e, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The more severe of two codes, by the order above. */
enum exit_code exit_code_worse(enum exit_code a, enum exit_code b);

#endif
