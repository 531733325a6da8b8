/*
 * chaos: what --chaos asks for: faults that the parent plants in its own workers while a run is measured. Parsed here;
 * orchestrator/run_chaos.c does it.
 *
 *   ACTION[:N]@WHEN[:FOR],...   kill:1@50%  segv@2s  stop:1@50%:3s  cut:4@25%,cut:4@75%
 */
#ifndef ORCHESTRATOR_CHAOS_H
#define ORCHESTRATOR_CHAOS_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/err.h"

enum chaos_action {
	CHAOS_KILL, /* SIGKILL to N workers */
	CHAOS_SEGV, /* SIGSEGV */
	CHAOS_STOP, /* SIGSTOP, and SIGCONT after FOR; without FOR until the watch over silent workers ends them */
	CHAOS_CUT /* the sockets of N sessions are shut down */
};
const char *chaos_name(enum chaos_action action);

#define CHAOS_MOST 16

struct chaos_blow {
	enum chaos_action action;
	uint32_t victims;
	double percent; /* of the tickets, of -T or of -t; 0 = by time */
	int64_t at_ns; /* after GO */
	int64_t for_ns; /* CHAOS_STOP; 0 = for good */
	char when[24]; /* as written: "50%", "2s" */
};

struct chaos_plan {
	struct chaos_blow blows[CHAOS_MOST];
	uint32_t n;
};

/* False: EXIT_USAGE, what is wrong and what would be right. */
bool chaos_parse(const char *text, struct chaos_plan *plan, struct err *err);

#endif
