/*
 * experiment: what `run` needs before its first run and between its runs: the workload, the layout, the gates, the
 * results file and its lock, what --resume leaves, the throwaway server. It owns all of it until experiment_clear.
 */
#ifndef ORCHESTRATOR_EXPERIMENT_H
#define ORCHESTRATOR_EXPERIMENT_H

#include "orchestrator/lockfile.h"
#include "orchestrator/options.h"
#include "orchestrator/place.h"
#include "orchestrator/run.h"
#include "orchestrator/sandbox.h"
#include "reports/query.h"
#include "shared/buf.h"
#include "shared/plan.h"
#include "worker/worker.h"

struct experiment {
	struct options *options; /* borrowed */
	struct plan *plan;
	struct gate *gates; /* of the file, then of --gate */
	int ngates;
	bool baseline; /* asked for, or implied by a speed-up gate */
	enum engine engine;
	uint32_t sessions, lanes, workers;
	uint64_t seed;
	uint32_t *todo; /* positions -> tickets */
	uint32_t ntodo;
	struct resume_view resume;
	bool resuming;
	uint32_t resume_unknown; /* tickets of the resumed run that stay unknown */
	uint32_t resume_failed; /* and those that stay failed, as a part of them was applied */
	char store_path[4096];
	struct lockfile lock;
	bool locked;
	struct store *store; /* opened by the first run, NULL = not open */
	struct sandbox *sandbox;
	struct target target;
	struct place place; /* --pin */
	struct buf argv; /* the command as stored */
};

/* Everything up to the first connection but the server of --local; with --dry-run neither lock nor files are made. */
bool experiment_prepare(struct experiment *x, struct options *options, int argc, char **argv, struct err *err);
/* The same for one way of several: the results file and its lock, the server of --local and the command as stored are
 * those of `first`, which is prepared and outlives it. */
bool experiment_prepare_arm(
        struct experiment *x, struct options *options, const struct experiment *first, struct err *err);
/* What every run of it asks for: all but role, place in the experiment, engine's layout of a baseline, deadline. */
void experiment_request(struct experiment *x, struct run_request *request);
/* The server of --local, and where to connect. Before any other child exists. */
bool experiment_connect(struct experiment *x, struct err *err);
void experiment_clear(struct experiment *x);
/* Closes the results file if it is open; one plain file is left. */
bool experiment_close_store(struct experiment *x, struct err *err);

/* experiment_plan.c: reads the workload, decides whether it is a load run (plan->scripts), and applies @run and
 * --read-only. */
struct plan *experiment_plan(struct options *options, struct err *err);
/* What pgbench does to its tables before a run, as -n and -v say; NULL = nothing. Nobody owns it. */
const struct task *experiment_vacuum(const struct experiment *x);
/* The variables of scripts that follow from the run's seed. */
void experiment_load_seed(struct experiment *x);
/* The connection settings without --local. */
void experiment_target(const struct options *options, struct target *target);
/* Sessions, lanes and workers of so many tickets or of a load run; contradictions are EXIT_USAGE. */
bool experiment_layout(const struct options *options, bool load, uint32_t ntickets, uint32_t *sessions, uint32_t *lanes,
        uint32_t *workers, struct err *err);
uint32_t engine_workers(enum engine engine, uint32_t lanes);

/* orchestrator/resume.c: what RUN left; refuses another workload, data or seed. */
bool resume_prepare(struct experiment *x, struct err *err);

/* orchestrator/dry_run.c */
void dry_run_print(const struct experiment *x, struct buf *out);

#endif
