/*
 * arms: the ways in which compare and scale run a workload: each a set of options of its own, prepared like a run.
 * The owner calls arms_clear.
 */
#ifndef ORCHESTRATOR_ARMS_H
#define ORCHESTRATOR_ARMS_H

#include "orchestrator/experiment.h"

#define ARMS_MOST 64

struct arm {
	char *label; /* its name in tables: the engine, what was varied, or both */
	char *setting; /* "clients=4 protocol=prepared" without secrets, "" = nothing was varied */
	char **values; /* what options borrow from it */
	int nvalues;
	struct options options; /* its own lists */
	struct experiment x; /* results file and lock are those of arms->first */
};

struct arms {
	struct arm *list;
	int count, reference;
	struct experiment first; /* holds the lock, the seed, the command as stored and the server of --local */
	uint64_t seed; /* of the experiment */
	bool prepared; /* first is to be cleared */
};

/* Arms of engines (each of `engines`, NULL-terminated by count) times what --vary names, prepared up to the first
 * connection: the results file is locked. EXIT_USAGE and what is wrong, with the arm it is wrong in. */
bool arms_prepare(struct arms *arms, const struct options *options, const enum engine *engines, int nengines, int argc,
        char **argv, struct err *err);
/* The server of --local, once for all, and where each arm connects. Before any other child exists. */
bool arms_connect(struct arms *arms, struct err *err);
void arms_clear(struct arms *arms);

/* "serial,process,...": *count engines in list[4], in the order given; each once. */
bool arms_engines(const char *text, enum engine list[4], int *count, struct err *err);

#endif
