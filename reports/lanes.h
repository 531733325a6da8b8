/*
 * lanes: what every session did when, as spans of phases: the one picture that the terminal's chart, the page's chart
 * and their tables are drawn from. Execute lies on the server's clock (mapped to the run's wall zero) where markers
 * give it, else on the client's. The owner calls lanes_free.
 */
#ifndef REPORTS_LANES_H
#define REPORTS_LANES_H

#include "reports/render.h"

enum phase {
	PHASE_CONNECT, /* from the first connect step to the session being ready */
	PHASE_START, /* ready, until the common start */
	PHASE_QUEUE, /* a ticket in hand, the server has not begun */
	PHASE_EXECUTE,
	PHASE_BLOCKED, /* inside execute: waits for another session of this run */
	PHASE_FETCH, /* the server has ended, rows are on their way */
	PHASES
};
const char *phase_name(enum phase phase);

struct span {
	int64_t from_us, to_us;
	enum phase phase;
	uint32_t attempt; /* index into run->attempts; SPAN_NO_ATTEMPT for connect and start */
};
#define SPAN_NO_ATTEMPT UINT32_MAX

struct lane {
	uint32_t session, worker;
	int32_t backend_pid; /* of the last attempt, else of the connection; 0 = unknown */
	size_t first_span, nspans; /* by time */
	size_t first_attempt, nattempts; /* in run->attempts */
	int64_t us[PHASES]; /* total of each phase; EXECUTE is without BLOCKED */
	uint32_t done, failed, unknown; /* attempts */
};

struct lanes {
	struct lane *lanes;
	size_t nlanes;
	struct span *spans;
	size_t nspans;
	uint32_t server_timed; /* attempts whose execute lies on the server's clock */
	bool present[PHASES];
};

void lanes_of(const struct rendering *r, struct lanes *lanes);
void lanes_free(struct lanes *lanes);

/* Where an attempt's execute began and ended; false when nothing was sent. */
bool lanes_execute(const struct rendering *r, const struct attempt_view *a, int64_t *from_us, int64_t *to_us);

/* Mean number of active sessions in each of n equal parts of [from, to), from the proof's timeline. */
void lanes_active(const struct proof *proof, int64_t from_us, int64_t to_us, size_t n, double *mean);

/* True when worker numbers tell sessions apart: then a lane is called w1, else s1. */
bool lanes_by_worker(const struct run_view *run);

#endif
