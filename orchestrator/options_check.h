/*
 * options_check: what options say together. EXIT_USAGE with what contradicts what.
 */
#ifndef ORCHESTRATOR_OPTIONS_CHECK_H
#define ORCHESTRATOR_OPTIONS_CHECK_H

#include "orchestrator/options.h"

/* Flags and environment, before the workload is read. Fills in what follows from them: the report's format from its
 * file's name, the built-in script when only the way of running one is given. */
bool options_check(struct options *options, struct err *err);

/* After options_defaults: whether everything said is for the kind of run that the plan is (a load run or a list of
 * tasks), and the contradictions again, as @run has spoken. Of -t and -T, and of -n and -v, a flag overrules @run. */
bool options_check_kind(struct options *options, const struct plan *plan, struct err *err);

#endif
