/*
 * shm: the memory that parent and children share: anonymous, mapped once before the first fork, sized once, without
 * pointers in it; nothing is left of it after the last process, however that ended.
 */
#ifndef SHARED_SHM_H
#define SHARED_SHM_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/err.h"
#include "shared/load.h"
#include "shared/slot.h"

/* What the preflight found, for workers that were forked before it was known: written once, before `told`. */
struct shm_server {
	char host[256], hostaddr[64], port[8]; /* as in struct server_facts; "" = as the target says */
	bool direct;
	bool hush_passfile; /* libpq would complain of the password file again in every process */
	int32_t version;
};

struct shm {
	alignas(128) _Atomic int64_t go_ns; /* the GO instant, 0 = not yet */
	_Atomic uint32_t stop_mode; /* enum stop_mode */
	_Atomic int64_t
	        marker_ns; /* measured cost of a marker, for the sampling rule; 0 = not known yet: all carry them */
	alignas(128) _Atomic uint64_t next; /* next position to hand out: one atomic add a ticket */
	alignas(128) _Atomic uint64_t limit; /* positions below it are committed as "may have started" */
	_Atomic uint32_t told; /* 1: `server` stands, connect */
	struct shm_server server;
	uint32_t nsessions;
	uint32_t npositions; /* length of the run's todo list */
	uint32_t ntasks;
	struct load_layout load; /* of a load run; nlanes 0 = none */
	/* after it: slots[nsessions], then one _Atomic uint8_t per task (1: its tickets are not to be run), then, from
	 * a page's beginning, load.lane_bytes for each lane of a load run */
};

/* Maps it for so many sessions and tasks; NULL with err filled when the size overflows or memory is refused. */
struct shm *shm_map(uint32_t nsessions, uint32_t npositions, uint32_t ntasks, struct err *err);
/* The same for a load run: no tickets, but a place for each lane. Pages that are never written take no memory. */
struct shm *shm_map_load(uint32_t nsessions, const struct load_layout *layout, struct err *err);
void shm_unmap(struct shm *shm);
struct load_lane *shm_load_lane(struct shm *shm, uint32_t lane);
struct slot *shm_slot(struct shm *shm, uint32_t session);
_Atomic uint8_t *shm_skip(struct shm *shm, uint32_t task);

#endif
