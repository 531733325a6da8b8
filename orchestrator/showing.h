/*
 * showing: what the runs of an experiment showed, for cmd_run: verdicts kept, text, report, claims.
 */
#ifndef ORCHESTRATOR_SHOWING_H
#define ORCHESTRATOR_SHOWING_H

#include <stdint.h>

#include "orchestrator/experiment.h"
#include "reports/proof.h"

struct showing {
	const char *store_path;
	int64_t experiment;
	int64_t baseline; /* id of the serial run, 0 = none */
	int64_t *runs; /* ids of the run and its repeats; owned by cmd_run */
	int nruns;
	int code; /* of the runs themselves */
	int signal;
};

/* Loads the runs, keeps their verdicts, closes the results file, prints the median run, writes the report, judges the
 * claims. Returns the exit code, the runs' own included. */
int showing_print(struct experiment *x, const struct showing *showing);
/* Does what showing_print will do with a run that still goes on, and drops it; for run_request.rehearse. */
void showing_rehearse(void *experiment, struct store *store, int64_t run);

/* Stores a run's reasons for doubt beside it, for list, show and comparisons. */
bool keep_doubts(struct store *store, int64_t run, const struct proof *proof, struct err *err);
/* The same for what may have kept it from being faster. */
bool keep_suspects(struct store *store, const struct run_view *run, const struct proof *proof, struct err *err);

#endif
