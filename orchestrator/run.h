/*
 * run: the phases of one run: PREFLIGHT, SPAWN, CONNECT, BARRIER, GO, (WARM-UP), MEASURE, DRAIN, REAP, STORE.
 * A step machine; orchestrator/loop is the one place of the parent that waits.
 */
#ifndef ORCHESTRATOR_RUN_H
#define ORCHESTRATOR_RUN_H

#include "orchestrator/options.h"
#include "reports/store.h"
#include "shared/plan.h"
#include "worker/worker.h"

struct place; /* orchestrator/place.h */
struct resume_view; /* reports/query.h */

/* One run as it is asked for. */
struct run_request {
	const struct options *options;
	const struct plan *plan;
	const struct target *target;
	const struct place *place; /* --pin; NULL = none */
	enum engine engine;
	uint32_t sessions, lanes; /* workers follow from the engine and lanes */
	const char *role; /* "run", "baseline", "repeat", "arm", "warm-up" */
	int64_t experiment; /* 0 = new */
	const struct experiment_begin *opening; /* what a new one is, with its arms; NULL = of one run, without arms */
	int arm, block, block_order; /* of an experiment with arms; -1 = none */
	const char *store_path;
	/* In: the results file if it is open already (else NULL in it). Out: it stays open for the caller, who closes
	 * it, unless it failed: then it is closed and NULL. NULL itself: the run closes it. */
	struct store **store;
	uint64_t seed;
	const uint32_t *todo;
	uint32_t ntodo; /* tickets due (all of the plan, or what --resume leaves); of a load run none */
	const struct task *vacuum; /* load runs: before @setup, whatever becomes of it; NULL = none */
	bool preconnected; /* the wall begins when all sessions are connected */
	bool skip_setup; /* --resume of a run whose @setup finished */
	const struct resume_view *resume; /* NULL = none: old backends of unknown tickets must be gone first */
	int64_t resumed_run;
	int64_t deadline_ns; /* --max-time, CLOCK_NEVER = none */
	const char *argv; /* shell-quoted, stored */
	/* Reads the stored run and computes what is shown of it, for nothing: called once while a short run waits for
	 * its last tasks, so that the end finds code and pages in place. NULL = none. */
	void (*rehearse)(void *context, struct store *store, int64_t run);
	void *rehearse_context;
};

struct run_answer {
	int64_t run; /* id in the store, 0 = nothing was stored */
	int64_t experiment;
	int exit_code; /* of the run itself, before gates and claims */
	int signal; /* to raise again at the end, 0 = none */
	uint32_t done, failed, unknown, not_run;
	bool stopped; /* by a signal, --max-time, --halt or an error: what would follow makes no sense */
	bool store_failed;
};

/* Runs it to the end. The store is opened after the first fork at the earliest; the caller holds the
 * lock. False: nothing ran (err says why); otherwise the answer tells how it went and messages were logged. */
bool run_execute(const struct run_request *request, struct run_answer *answer, struct err *err);

/* Connects only the observer, prints nothing, runs nothing: for `check` and the preflight's limits. *signal_to_raise:
 * what ended it early, 0 = none. */
bool run_check(const struct options *options, const struct target *target, uint32_t sessions, uint32_t workers,
        struct server_facts *facts, int *signal_to_raise, struct err *err);

#endif
