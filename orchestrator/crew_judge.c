/*
 * crew_judge: what a worker that ended had in its hands. Its pipe was read to the end before, so a slot speaks only of
 * what was never reported. Slots are shared memory a broken worker may have filled with anything: what is read here is
 * copied and checked first. Owner: crew.
 */
#include "orchestrator/crew.h"

#include <stdio.h>
#include <string.h>

#include "shared/clock.h"

struct slot_copy {
	uint32_t stage, ticket, try_no, applied, generation;
	int32_t backend_pid;
	int64_t backend_start_us, taken_ns, sent_ns;
};

static struct slot_copy copy_slot(struct slot *slot)
{
	struct slot_copy c;

	c.stage = atomic_load(&slot->stage);
	c.ticket = atomic_load(&slot->ticket);
	c.try_no = atomic_load(&slot->try_no);
	c.applied = atomic_load(&slot->applied);
	c.generation = atomic_load(&slot->generation);
	c.backend_pid = atomic_load(&slot->backend_pid);
	c.backend_start_us = atomic_load(&slot->backend_start_us);
	c.taken_ns = atomic_load(&slot->taken_ns);
	c.sent_ns = atomic_load(&slot->sent_ns);
	return c;
}

/* A ticket is in one hand at a time: a slot that names a living worker's ticket is not believed. */
static bool in_other_hands(const struct crew *crew, const struct member *m, uint32_t ticket)
{
	for (uint32_t i = 0; i < crew->nworkers; i++) {
		const struct member *other = &crew->members[i];
		if (other == m || other->state != MEMBER_LIVING)
			continue;
		for (uint32_t s = other->first_session; s < other->first_session + other->nsessions; s++) {
			const struct slot *slot = shm_slot(crew->assignment.shm, s);
			uint32_t stage = atomic_load(&slot->stage);
			if (stage >= SLOT_HELD && stage <= SLOT_BACKOFF && atomic_load(&slot->ticket) == ticket)
				return true;
		}
	}
	return false;
}

static int64_t within(int64_t at, int64_t from, int64_t to)
{
	return at < from ? from : at > to ? to : at;
}

static void lost_attempt(struct crew *crew, struct member *m, uint32_t session, const struct slot_copy *c,
        const struct task *task, const char *why, int64_t now)
{
	char message[1100];
	struct attempt a = {0};

	a.ticket = c->ticket;
	a.try_no = c->try_no;
	a.session = session;
	a.worker = m->worker;
	a.generation = m->generation;
	a.backend_pid = c->backend_pid > 0 ? c->backend_pid : 0;
	a.backend_start_us = c->backend_start_us > 0 ? c->backend_start_us : 0;
	a.statements = (uint32_t)task->nstatements;
	a.applied = c->applied <= a.statements ? c->applied : 0;
	a.flags = ATTEMPT_WORKER_DIED | ATTEMPT_SESSION_LOST;
	/* A read-only task has no effect to be in doubt about; an open block is rolled back with its session. */
	if (task->readonly || crew->assignment.readonly || c->stage == SLOT_SAFE) {
		a.outcome = OUTCOME_FAILED;
		a.flags |= ATTEMPT_RETRY;
	} else {
		a.outcome = OUTCOME_UNKNOWN;
	}
	a.taken_ns = a.released_ns = within(c->taken_ns, m->forked_ns, now);
	a.sent_ns = within(c->sent_ns, a.taken_ns, now);
	a.done_ns = now;
	snprintf(message, sizeof message, "%s", why);
	a.message = message;
	crew->hooks.attempt(crew->hooks.context, m, &a, now);
}

/* Outside of what a lane can write: then whatever it had in its hands is in doubt. */
static bool nonsense_slot(const struct crew *crew, const struct slot_copy *c)
{
	return c->stage > SLOT_CLOSED || (c->ticket != SLOT_NO_TICKET && c->ticket >= crew->tickets->plan->ntickets);
}

static void judge_slot(struct crew *crew, struct member *m, uint32_t session, const char *why, int64_t now)
{
	struct slot_copy c = copy_slot(shm_slot(crew->assignment.shm, session));
	struct tickets *t = crew->tickets;
	uint32_t position;

	if (c.generation == m->generation && nonsense_slot(crew, &c))
		crew_doubt_member(crew, m);
	if (c.generation != m->generation || c.ticket == SLOT_NO_TICKET)
		return;
	if (!tickets_position(t, c.ticket, &position) || t->records[position].stage == TICKET_FINAL)
		return;
	if (in_other_hands(crew, m, c.ticket))
		return;
	bool reported = t->records[position].tries >= c.try_no;
	bool sent = c.stage == SLOT_SENT || c.stage == SLOT_SAFE;
	c.try_no = t->records[position].tries + 1u;
	if (sent && !reported && position < t->limit)
		lost_attempt(crew, m, session, &c, tickets_task(t, position), why, now);
	else
		/* Not sent, or its last try was reported: due again, without an attempt. A retry that was sent
		 * to this worker is put back by tickets_worker_ended. */
		tickets_requeue(t, position, now);
}

void crew_doubt_member(struct crew *crew, const struct member *m)
{
	crew->doubt = (struct doubt){true, m->worker, m->generation, m->first_session, m->forked_ns};
}

void crew_found(struct crew *crew, uint32_t position, int64_t now)
{
	struct tickets *t = crew->tickets;
	const struct doubt *d = &crew->doubt;

	if (!d->any) {
		tickets_requeue(t, position, now);
		return;
	}
	struct member teller = {
	        .kind = MEMBER_WORKER, .worker = d->worker, .generation = d->generation, .forked_ns = d->forked_ns};
	struct slot_copy c = {
	        .stage = SLOT_SENT, .ticket = t->todo[position], .try_no = t->records[position].tries + 1u};
	lost_attempt(crew, &teller, d->session, &c, tickets_task(t, position),
	        "its worker said something impossible and was stopped: it may have run this", now);
}

void crew_judge(struct crew *crew, struct member *m, const char *why, int64_t now)
{
	for (uint32_t s = m->first_session; s < m->first_session + m->nsessions; s++)
		judge_slot(crew, m, s, why, now);
	tickets_worker_ended(crew->tickets, m->worker, now);
}
