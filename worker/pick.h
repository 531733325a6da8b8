/*
 * pick: which ticket a session runs next: first what the parent sent back (RETRY), then the next position of the run's
 * todo list by one atomic add in shared memory.
 *
 * One per worker, shared by its lanes. The worker owns it (pick_init, pick_clear).
 */
#ifndef WORKER_PICK_H
#define WORKER_PICK_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "shared/msg.h"
#include "shared/plan.h"
#include "shared/shm.h"

struct pick {
	const struct plan *plan;
	const uint32_t *todo;
	struct shm *shm;
	bool special; /* there is one ticket only, PICK_SPECIAL, taken once */
	_Atomic bool special_taken;
	_Atomic uint32_t told; /* enum stop_mode by message */
	_Atomic uint32_t in_hand; /* tickets taken or held by sessions, their results not yet written to the parent */
	_Atomic uint32_t waiting; /* retries in the queue */
	_Atomic uint32_t aside; /* held positions whose session runs a retry in the meantime */
	pthread_mutex_t lock; /* of the queue and of what is set aside */
	struct msg_retry *retries;
	uint32_t capacity;
	uint64_t *positions; /* set aside */
	uint32_t positions_room;
};

#define PICK_SPECIAL UINT32_MAX /* ticket number of @setup and @teardown */

enum pick_answer {
	PICK_NONE, /* nothing to take now (nothing is in hand) */
	PICK_TAKEN, /* out->ticket may be run */
	PICK_HELD /* out->position is the session's, but not released yet: ask pick_released later */
};
struct picked {
	uint64_t position; /* meaningful when HELD */
	uint32_t ticket;
	uint32_t try_no; /* 1 = first */
};

void pick_init(struct pick *p, const struct plan *plan, const uint32_t *todo, struct shm *shm, bool special);
void pick_clear(struct pick *p);

/* TAKEN and HELD count as in hand until pick_drop. Positions whose task is marked to be skipped are stepped over. */
enum pick_answer pick_next(struct pick *p, struct picked *out);

/* For a held position: TAKEN once it is released, HELD while not; a skipped one turns into the next pick. */
enum pick_answer pick_released(struct pick *p, struct picked *out);

/* For a held position, when a retry waits: the retry instead; the position is set aside for whoever is free next. Else
 * every session could hold a ticket of the next stage while this stage waits for a retry. */
bool pick_exchange(struct pick *p, struct picked *held);

/* The session has done with its ticket: its result is written, or it gave a held one up. */
void pick_drop(struct pick *p);

/* A load run: so many loops are in hand from the start; each ends with pick_drop. */
void pick_hold(struct pick *p, uint32_t loops);

/* A ticket from the parent. */
void pick_push(struct pick *p, const struct msg_retry *retry);

/* The stop mode in force: the stronger of shared memory's and the message's. */
static inline enum stop_mode pick_stop(const struct pick *p)
{
	uint32_t shared = atomic_load_explicit(&p->shm->stop_mode, memory_order_acquire);
	uint32_t told = atomic_load_explicit(&p->told, memory_order_acquire);
	uint32_t mode = shared > told ? shared : told;

	return mode > STOP_EXIT ? STOP_EXIT : (enum stop_mode)mode;
}
void pick_tell_stop(struct pick *p, enum stop_mode mode);

/* Nothing is left to take, and (idle) no session has anything in hand either. */
bool pick_empty(const struct pick *p);
bool pick_idle(const struct pick *p);

#endif
