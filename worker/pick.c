/*
 * pick: handing out tickets to the sessions of one worker. See pick.h.
 *
 * A position handed out belongs to its session for ever: it is run, stepped over, or given up when the run stops.
 */
#include "worker/pick.h"

#include <stdlib.h>
#include <string.h>

#include "shared/buf.h"

void pick_init(struct pick *p, const struct plan *plan, const uint32_t *todo, struct shm *shm, bool special)
{
	memset(p, 0, sizeof *p);
	p->plan = plan;
	p->todo = todo;
	p->shm = shm;
	p->special = special;
	pthread_mutex_init(&p->lock, NULL);
}

void pick_clear(struct pick *p)
{
	pthread_mutex_destroy(&p->lock);
	free(p->retries);
	free(p->positions);
	p->retries = NULL;
	p->positions = NULL;
}

static bool skipped(const struct pick *p, uint32_t ticket)
{
	return atomic_load_explicit(shm_skip(p->shm, p->plan->tickets[ticket].task), memory_order_relaxed) != 0;
}

/* Oldest first. Caller holds the lock. */
static bool pop_locked(struct pick *p, struct picked *out)
{
	uint32_t count = atomic_load(&p->waiting);

	if (count == 0)
		return false;
	out->ticket = p->retries[0].ticket;
	out->try_no = p->retries[0].try_no;
	memmove(p->retries, p->retries + 1, (count - 1) * sizeof *p->retries);
	atomic_store(&p->waiting, count - 1);
	return true;
}

static bool pop_retry(struct pick *p, struct picked *out)
{
	bool found;

	if (atomic_load(&p->waiting) == 0)
		return false;
	pthread_mutex_lock(&p->lock);
	found = pop_locked(p, out);
	pthread_mutex_unlock(&p->lock);
	return found;
}

bool pick_exchange(struct pick *p, struct picked *held)
{
	bool found;

	if (atomic_load(&p->waiting) == 0)
		return false;
	pthread_mutex_lock(&p->lock);
	found = pop_locked(p, held);
	if (found) {
		uint32_t count = atomic_load(&p->aside);

		if (count == p->positions_room) {
			p->positions_room = p->positions_room ? 2 * p->positions_room : 16;
			p->positions = mem_resize(p->positions, p->positions_room, sizeof *p->positions);
		}
		p->positions[count] = held->position;
		atomic_store(&p->aside, count + 1);
	}
	pthread_mutex_unlock(&p->lock);
	return found;
}

static bool pop_aside(struct pick *p, struct picked *out)
{
	bool found = false;

	if (atomic_load(&p->aside) == 0)
		return false;
	pthread_mutex_lock(&p->lock);
	uint32_t count = atomic_load(&p->aside);

	if (count > 0) {
		out->position = p->positions[count - 1];
		atomic_store(&p->aside, count - 1);
		found = true;
	}
	pthread_mutex_unlock(&p->lock);
	return found;
}

void pick_push(struct pick *p, const struct msg_retry *retry)
{
	pthread_mutex_lock(&p->lock);
	uint32_t count = atomic_load(&p->waiting);

	if (count == p->capacity) {
		p->capacity = p->capacity ? 2 * p->capacity : 64;
		p->retries = mem_resize(p->retries, p->capacity, sizeof *p->retries);
	}
	p->retries[count] = *retry;
	atomic_store(&p->waiting, count + 1);
	pthread_mutex_unlock(&p->lock);
}

enum pick_answer pick_released(struct pick *p, struct picked *out)
{
	/* The parent marks what is to be skipped before it raises the limit past it. */
	while (out->position < atomic_load(&p->shm->limit)) {
		out->ticket = p->todo[out->position];
		out->try_no = 1;
		if (!skipped(p, out->ticket))
			return PICK_TAKEN;
		out->position = atomic_fetch_add(&p->shm->next, 1);
		if (out->position >= p->shm->npositions) {
			pick_drop(p);
			return PICK_NONE;
		}
	}
	out->ticket = p->todo[out->position];
	out->try_no = 1;
	return PICK_HELD;
}

enum pick_answer pick_next(struct pick *p, struct picked *out)
{
	if (pick_stop(p) != STOP_NONE || pick_empty(p))
		return PICK_NONE;
	/* Counted before it is taken, so that at no moment a ticket is neither in the list nor in hand. */
	atomic_fetch_add(&p->in_hand, 1);
	if (p->special) {
		*out = (struct picked){.ticket = PICK_SPECIAL, .try_no = 1};
		if (!atomic_exchange(&p->special_taken, true))
			return PICK_TAKEN;
	} else {
		if (pop_retry(p, out))
			return PICK_TAKEN;
		if (!pop_aside(p, out))
			out->position = atomic_fetch_add(&p->shm->next, 1);
		if (out->position < p->shm->npositions)
			return pick_released(p, out);
	}
	pick_drop(p);
	return PICK_NONE;
}

void pick_drop(struct pick *p)
{
	atomic_fetch_sub(&p->in_hand, 1);
}

void pick_hold(struct pick *p, uint32_t loops)
{
	atomic_fetch_add(&p->in_hand, loops);
}

void pick_tell_stop(struct pick *p, enum stop_mode mode)
{
	atomic_store_explicit(&p->told, mode, memory_order_release);
}

bool pick_empty(const struct pick *p)
{
	if (pick_stop(p) != STOP_NONE)
		return true;
	if (p->special)
		return atomic_load(&p->special_taken);
	return atomic_load(&p->waiting) == 0 && atomic_load(&p->aside) == 0 &&
	       atomic_load(&p->shm->next) >= p->shm->npositions;
}

bool pick_idle(const struct pick *p)
{
	/* In this order: who takes counts first, then takes. */
	return pick_empty(p) && atomic_load(&p->in_hand) == 0;
}
