/*
 * budget: where the wall time went: the phases along the critical path (to GO the session that was ready last, from GO
 * the one whose task ended last), each with two timestamps of its own; what they leave over is unexplained and never
 * hidden in a phase.
 */
#ifndef REPORTS_BUDGET_H
#define REPORTS_BUDGET_H

#include "reports/query.h"

struct budget_line {
	const char *name;
	const char *text;
	int64_t us;
}; /* text: what it is, for people */

struct budget {
	int64_t wall_us;
	int64_t unexplained_us;
	int64_t allowed_us; /* max(1 ms, 0.1 % of wall) */
	uint32_t session; /* whose path it is from GO on */
	struct budget_line
	        lines[24]; /* spawn, token, tcp, ..., barrier, queue, lock wait, execute, fetch, ... in order */
	size_t nlines;
	struct budget_line before[8]; /* before the wall: name, token, wake, connect, setup */
	size_t nbefore;
	struct budget_line after[4]; /* after the wall: drain, teardown, sweep */
	size_t nafter;
};

void budget_of(const struct run_view *run, struct budget *budget);

#endif
