/*
 * preflight: the limits that are checked before anything runs. Each refusal names the number and the remedy.
 */
#ifndef ORCHESTRATOR_PREFLIGHT_H
#define ORCHESTRATOR_PREFLIGHT_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/err.h"
#include "shared/msg.h"

/* What a run needs of this machine. */
struct need {
	uint32_t sessions, workers, lanes; /* lanes: threads over all workers */
	uint32_t log_files; /* -l: open in the parent */
	bool programs; /* scripts start some: one at a time in each session */
};

/* What this machine allows; -1 = no limit known. */
struct allowance {
	int64_t descriptors; /* per process, after the soft limit was raised */
	int64_t processes; /* of this user, and what runs of it already */
	int64_t processes_used;
	int64_t pids; /* of the control group, and what runs in it already */
	int64_t pids_used;
};

/* Raises the soft limit of descriptors to the hard one and reads the limits. */
void preflight_allowance(struct allowance *allowance);

/* Pure: is it enough? EXIT_USAGE with the remedy when not. */
bool preflight_machine(const struct need *need, const struct allowance *allowance, struct err *err);
bool preflight_server(uint32_t sessions, const struct server_facts *facts, struct err *err);

#endif
