/*
 * blocks: runs the arms of an experiment in blocks: each block has every arm once, in seeded random order, each run on
 * fresh sessions. What drifts over time so meets all arms alike. Called by the commands compare and scale.
 */
#ifndef ORCHESTRATOR_BLOCKS_H
#define ORCHESTRATOR_BLOCKS_H

#include "orchestrator/experiment.h"

/* What an arm sets. Borrowed. */
struct block_arm {
	const char *label, *setting; /* setting: what --vary set, "" = nothing */
	enum engine engine;
	uint32_t sessions, lanes;
	bool reference;
	struct experiment *x; /* options, workload and target of its own; NULL = the experiment's. Results file, place
	                       * and seed are the experiment's in any case */
};

struct blocks {
	const char *kind; /* "compare", "scale" */
	const struct block_arm *arms;
	size_t narms;
	uint32_t planned;
	double stop_when; /* 0 = none; stored only: `after` decides */
	/* Before the first block, in no figure, so that caches and CPUs are warm: one run of the reference, or of every
	 * arm. */
	enum { WARM_UP_NONE, WARM_UP_REFERENCE, WARM_UP_ARMS } warm_up;
	int64_t deadline_ns; /* --max-time over all blocks, CLOCK_NEVER = none */
	/* After each block that came through. True: enough, with the reason in ended. NULL = never. */
	bool (*after)(void *context, struct store *store, int64_t experiment, uint32_t blocks, char ended[64]);
	int64_t *runs; /* of the block that ended, by arm; NULL, or room for all arms */
	void *context;
	/* What became of it. */
	int64_t experiment; /* 0 = nothing was stored */
	uint32_t finished; /* blocks */
	int code, signal; /* of the worst run */
	char ended[64];
};

/* Places of the arms in a block: order[i] is the arm that runs at place i. Pure. */
void blocks_order(uint64_t seed, uint32_t block, size_t narms, uint32_t *order);

/* Runs them all, and stores why it ended. The store stays open in x->store unless it failed. False: nothing ran, or the
 * reason could not be stored. */
bool blocks_run(struct experiment *x, struct blocks *b, struct err *err);

#endif
