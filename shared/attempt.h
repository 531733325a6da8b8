/*
 * attempt: one try of one ticket on one session: what the worker reports, the parent judges and the store keeps.
 *
 * Times are CLOCK_MONOTONIC nanoseconds, 0 = did not happen. In order: taken <= released <= sent <= first <= done.
 * Phases: queue = taken..sent, execute = sent..first, fetch = first..done. Each bound is a reading of its own.
 */
#ifndef SHARED_ATTEMPT_H
#define SHARED_ATTEMPT_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/digest.h"

enum outcome { OUTCOME_NONE = 0, OUTCOME_DONE, OUTCOME_FAILED, OUTCOME_UNKNOWN };
const char *outcome_name(enum outcome outcome); /* "done", "failed", "unknown", "not run" for NONE */

/* A marker: the prepared `select pg_backend_pid(), clock_timestamp()` before and after a task. */
struct marker {
	int64_t sent_ns; /* 0: there was no such marker */
	int64_t received_ns;
	int64_t server_us; /* since the Unix epoch, on the server's clock */
};

/* attempt.flags */
enum {
	ATTEMPT_RETRY = 1 << 0, /* known not applied and of a class worth repeating; tries may be used up */
	ATTEMPT_RETRIED_HERE = 1 << 1, /* the session itself makes the next try: the ticket is not final */
	ATTEMPT_SESSION_LOST = 1 << 2, /* the session ended during the attempt */
	ATTEMPT_WORKER_DIED = 1 << 3, /* written by the parent for a worker that died */
	ATTEMPT_TIMED_OUT = 1 << 4, /* our own deadline or statement_timeout ended it */
	ATTEMPT_CANCELLED = 1 << 5, /* cancelled because the run was stopped */
	ATTEMPT_CHECK_FAILED = 1 << 6, /* rows= did not match (done without `transaction`, failed with it) */
	ATTEMPT_NO_MARKERS = 1 << 7, /* not in the sample of attempts that carry markers */
	ATTEMPT_MARKER_MISSING = 1 << 8, /* a marker was sent or due and no answer came: the client's clock stands in */
	ATTEMPT_LOCAL_COMMIT = 1 << 9, /* COMMIT succeeded with a doubt about the synchronous replica */
	ATTEMPT_STOP_RUN = 1 << 10 /* of a class after which the whole run must stop */
};

struct attempt {
	uint32_t ticket; /* global number */
	uint32_t try_no; /* 1 = first */
	uint32_t session; /* global number, 0-based */
	uint32_t worker; /* number of the worker, 0-based */
	uint32_t generation; /* of that worker: 1, and one more with each replacement */
	int32_t backend_pid; /* of the backend that ran it (start marker, else the session's), 0 = unknown */
	int64_t backend_start_us; /* backend_start of the session, 0 = unknown (pooler) */
	enum outcome outcome;
	uint32_t flags;
	char sqlstate[6]; /* "" = none */
	uint32_t statements; /* of the task */
	uint32_t applied; /* statements known applied although the attempt did not end as done */
	uint32_t failed_statement; /* 1-based, 0 = none */
	int64_t rows; /* rows returned, or affected by statements that return none */
	int64_t bytes; /* of the returned values */
	/* --verify-results: sum over its rows, lines of COPY and tags, and how long hashing them took. */
	bool digested;
	struct digest_sum digest;
	int64_t digest_ns;
	int64_t taken_ns;
	int64_t released_ns; /* = taken when the ticket was below the limit at once */
	int64_t sent_ns;
	int64_t first_ns;
	int64_t done_ns;
	/* The last statement had been answered, or COMMIT was sent; from then to done the task commits. 0 = not known.
	 */
	int64_t complete_ns;
	struct marker before;
	struct marker after;
	/* Of the attempt before it on its session: when its result had been written to the parent, 0 = there was none;
	 * and how long from then to taken the lane served its other sessions (measured by readings of their own). */
	int64_t recorded_ns;
	int64_t served_ns;
	char *message; /* first error text, made printable, at most ATTEMPT_MESSAGE_MOST bytes; NULL = none */
};
#define ATTEMPT_MESSAGE_MOST 8192

/* One (re)connection of a session. Times as above; 0 = that step did not happen (no TLS, say). */
struct session_report {
	uint32_t session;
	uint32_t worker;
	uint32_t generation;
	uint32_t connect_no; /* 1 = first of this session in this worker */
	bool connected; /* false: gave up, message says why */
	int32_t backend_pid;
	int64_t backend_start_us; /* 0 through a pooler */
	/* The first connection of a session: when its lane was laid out, and how long from then to start the lane
	 * served its other sessions; 0 with later ones. */
	int64_t laid_out_ns;
	int64_t served_ns;
	int64_t start_ns; /* before PQconnectStart */
	int64_t tcp_ns; /* socket connected */
	int64_t tls_ns; /* TLS established */
	int64_t auth_ns; /* authenticated, ready for the first query */
	int64_t ready_ns; /* settings sent, marker prepared, @session run */
	char tls[64]; /* "TLSv1.3 TLS_AES_256_GCM_SHA384", "" without TLS */
	char sqlstate[6];
	char *message; /* NULL = none */
};

#endif
