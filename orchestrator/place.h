/*
 * place: --pin: on which CPUs this program, its lanes and the server of --local run. The scheduler's choice alone moves
 * a short query's rate by a factor of ten, so runs that are compared must agree on it.
 *
 * one: everything on one CPU. split: each lane keeps to one CPU, lanes one after another over those allowed; with
 * --local the server gets half of them for itself. A server that is not ours is never moved, and the run says so.
 * Called by orchestrator/experiment before there is any child; children inherit what is set here.
 */
#ifndef ORCHESTRATOR_PLACE_H
#define ORCHESTRATOR_PLACE_H

#include <stdbool.h>
#include <stdint.h>

#include "orchestrator/options.h"
#include "shared/buf.h"
#include "shared/err.h"

#define PLACE_MOST 1024

struct place {
	enum pin pin;
	bool local;
	uint16_t cpus[PLACE_MOST]; /* of this program; with split, lane L has cpus[L % ncpus] */
	uint32_t ncpus; /* 0 with none */
	uint16_t server[PLACE_MOST];
	uint32_t nserver; /* 0: the server is not placed apart */
};

/* Divides the allowed CPUs (in order); false with EXIT_USAGE when there are too few. Moves nothing. */
bool place_divide(
        struct place *place, enum pin pin, bool local, const uint16_t *allowed, uint32_t nallowed, struct err *err);

/* The same for the CPUs this process may use. */
bool place_decide(struct place *place, enum pin pin, bool local, struct err *err);

/* Where the next children are started: the server's place, then, once it is up, the program's own. */
bool place_for_server(const struct place *place, struct err *err);
bool place_for_client(const struct place *place, struct err *err);

/* Appends "split: lanes one by one on CPUs 2-3; the server on CPUs 0-1", as kept with the run; nothing with none. */
void place_text(const struct place *place, struct buf *out);

#endif
