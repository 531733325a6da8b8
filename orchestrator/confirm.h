/*
 * confirm: --confirm: runs the workload again with one factor taken away that is suspected to have kept it from being
 * faster, and says whether the suspicion held. Called by cmd_run between the run and what is shown of it.
 */
#ifndef ORCHESTRATOR_CONFIRM_H
#define ORCHESTRATOR_CONFIRM_H

#include "orchestrator/experiment.h"
#include "orchestrator/showing.h"

/* What differs from the run that is tested. */
struct variation {
	uint32_t sessions, lanes;
	const uint32_t *todo;
	uint32_t ntodo;
	const struct place *place;
	bool preconnected; /* sessions connect before the wall begins */
};

/* Runs it once; `run` makes one run of the experiment with the variation. The answer is kept beside the run that was
 * tested. False: it could not be run or kept; err says why. */
bool confirm_suspects(struct experiment *x, struct showing *showing,
        bool (*run)(struct experiment *x, const struct variation *v, int64_t experiment, struct run_answer *answer,
                struct err *err),
        struct err *err);

#endif
