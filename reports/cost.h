/*
 * cost: what a run's engine cost, as figures that every renderer shows alike: for the run and for each query. The
 * workers alone: the parent, the observer and the worker of @setup cost the same whatever the engine.
 */
#ifndef REPORTS_COST_H
#define REPORTS_COST_H

#include <stdbool.h>

#include "reports/query.h"
#include "shared/buf.h"

enum cost {
	COST_USER,
	COST_SYSTEM,
	COST_USER_EACH, /* for each query */
	COST_SYSTEM_EACH,
	COST_VOLUNTARY,
	COST_INVOLUNTARY,
	COST_SWITCHES_EACH,
	COST_PRIVATE,
	COST_PEAK,
	COST_THREADS,
	COST_DESCRIPTORS,
	COST_READY,
	COST_SKEW,
	COST_LANE_FAIRNESS,
	COST_SESSION_FAIRNESS,
	COST_BACKEND, /* mean of those that could be read */
	COST_BACKENDS,
	COST_UNTOLD,
	COSTS
};

enum cost_unit { COST_US, COST_KB, COST_NUMBER, COST_RATIO };

struct cost_name {
	const char *key; /* in JSON and CSV, with its unit */
	const char *name; /* for people */
	const char *what; /* what it is, without a full stop */
	enum cost_unit unit;
};
extern const struct cost_name cost_names[COSTS];

/* NAN = not known: a run that was killed, of an earlier version, a server on another machine. */
void cost_of(const struct run_view *run, double figures[COSTS]);
bool cost_known(const struct run_view *run); /* some worker told what it used */

/* "3.7 ms", "1.2 MB", "0.98", "-" for what is not known. */
const char *cost_text(enum cost cost, double value, char out[32]);

/* One line: the figures that differ between engines, "name value" with three blanks between. */
void cost_line(const struct run_view *run, struct buf *out);

#endif
