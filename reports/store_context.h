/*
 * store_context: what the store remembers of the run it writes, so that a row costs no query: its connections, the
 * error texts it has stored, which tickets have a row, and its facts. One context a store; the store owns it.
 */
#ifndef REPORTS_STORE_CONTEXT_H
#define REPORTS_STORE_CONTEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/buf.h"

struct connection {
	uint32_t session, worker, generation;
	int32_t backend_pid;
	uint32_t older; /* number of the session's connection before it, 0 = none */
};

struct error_key {
	uint64_t hash[2]; /* of task, SQLSTATE and text; both 0 = free place */
	uint32_t number;
};

struct context_fact {
	char *name, *value;
};

struct context {
	int64_t run; /* 0 = none begun */
	int64_t started_unix_us;
	uint64_t nattempts;
	uint32_t nsamples, nclient_samples;

	struct connection *connections; /* connection N is connections[N - 1] */
	uint32_t nconnections, connections_room;
	uint32_t *newest; /* by session: its newest connection, 0 = none */
	uint32_t nsessions;

	struct error_key *errors; /* open hashing, a power of two of places */
	uint32_t nerrors, errors_room;

	uint8_t *released; /* a bit a ticket: it has a row */
	uint32_t nreleased; /* tickets the bits are for */

	struct context_fact *facts; /* sorted by name */
	size_t nfacts, facts_room;
	bool facts_dirty;
	bool facts_written; /* an earlier commit of this run wrote a set already */ /* the run's environment must be
	                                                                               written again */
};

void context_begin(struct context *c, int64_t run, int64_t started_unix_us);
void context_free(struct context *c);

/* Adds a connection and returns its number. */
uint32_t context_connect(
        struct context *c, uint32_t session, uint32_t worker, uint32_t generation, int32_t backend_pid);
/* The connection an attempt ran on: the session's newest one in that generation of the worker, if possible the one
 * with that backend; 0 = none is known. */
uint32_t context_connection(
        const struct context *c, uint32_t session, uint32_t worker, uint32_t generation, int32_t backend_pid);

/* The number of an error text; *fresh: it is a new one. */
uint32_t context_error(struct context *c, uint32_t task, const char *sqlstate, const char *text, bool *fresh);

bool context_release(struct context *c, uint32_t ticket); /* true: it had no row before */

void context_fact(struct context *c, const char *name, const char *value);

#endif
