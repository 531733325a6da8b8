/*
 * crew_watch: the watch over living workers (heartbeats, deadlines) and the questions about all of them that need their
 * slots: who holds a ticket that may go now, who can take a retry, does anybody still work. Owner: crew.
 */
#include "orchestrator/crew.h"

#include <stdio.h>

#include "shared/clock.h"

#define WATCH_EVERY_NS (250 * NS_PER_MS)
#define RETRIES_PER_SESSION 2u

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* Why this session's lane must be taken for dead; false when it lives. */
static bool lane_dead(
        const struct crew *crew, const struct member *m, uint32_t session, int64_t now, char *why, size_t size)
{
	const struct slot *slot = shm_slot(crew->assignment.shm, session);
	bool own = atomic_load(&slot->generation) == m->generation;
	int64_t beat = own ? atomic_load(&slot->heartbeat_ns) : 0;
	int64_t since = later(later(beat < now ? beat : now, m->forked_ns), crew->resumed_ns);

	if (now - since > CREW_SILENT_NS) {
		snprintf(why, size, "no heartbeat for %.0f s", (double)(now - since) / 1e9);
		return true;
	}
	uint32_t stage = atomic_load(&slot->stage);
	int64_t deadline = atomic_load(&slot->deadline_ns);
	if (!own || deadline == CLOCK_NEVER || deadline <= 0 || stage < SLOT_TAKEN || stage > SLOT_SAFE)
		return false;
	deadline = later(deadline, crew->resumed_ns);
	if (now <= deadline || now - deadline <= CREW_DEADLINE_GRACE_NS)
		return false;
	snprintf(why, size, "session %u had not been dropped 5 s after its deadline", session + 1);
	return true;
}

static void watch_member(struct crew *crew, struct member *m, int64_t now)
{
	char why[128], text[256];

	for (uint32_t s = m->first_session; s < m->first_session + m->nsessions; s++) {
		if (!lane_dead(crew, m, s, now, why, sizeof why))
			continue;
		if (m->kind == MEMBER_WORKER)
			snprintf(text, sizeof text, "worker %u (pid %d) was stopped: %s", m->worker + 1, (int)m->pid,
			        why);
		else
			snprintf(text, sizeof text, "the worker of @setup or @teardown (pid %d) was stopped: %s",
			        (int)m->pid, why);
		crew->hooks.event(crew->hooks.context, now, LEVEL_WARNING, "worker silent", text);
		crew_kill(crew, m, why);
		return;
	}
}

void crew_watch(struct crew *crew, int64_t now)
{
	if (now - crew->watched_ns < WATCH_EVERY_NS)
		return;
	crew->watched_ns = now;
	for (uint32_t i = 0; i < crew->nworkers + 2; i++) {
		struct member *m = &crew->members[i];
		if (m->kind != MEMBER_OBSERVER && m->state == MEMBER_LIVING && !m->early && !m->cause[0])
			watch_member(crew, m, now);
	}
}

/* The ticket this slot holds, when it lies below (or at and above) the limit. */
static bool holds(const struct crew *crew, const struct member *m, uint32_t session, bool below)
{
	const struct slot *slot = shm_slot(crew->assignment.shm, session);
	uint32_t position;

	if (atomic_load(&slot->stage) != SLOT_HELD || atomic_load(&slot->generation) != m->generation)
		return false;
	return tickets_position(crew->tickets, atomic_load(&slot->ticket), &position) &&
	       (position < crew->tickets->limit) == below;
}

void crew_release(struct crew *crew)
{
	/* A session writes HELD and then looks at the limit again; the limit was raised before we look at it. */
	atomic_thread_fence(memory_order_seq_cst);
	for (uint32_t i = 0; i < crew->nworkers; i++) {
		struct member *m = &crew->members[i];
		if (m->state != MEMBER_LIVING || chan_pending(&m->chan))
			continue;
		for (uint32_t s = m->first_session; s < m->first_session + m->nsessions; s++)
			if (holds(crew, m, s, true)) {
				crew_send_plain(crew, m, MSG_RELEASE);
				break;
			}
	}
}

static uint32_t ready_sessions(const struct crew *crew, const struct member *m)
{
	uint32_t n = 0;

	for (uint32_t s = 0; s < m->nsessions; s++)
		n += crew->session_state[m->first_session + s] == SESSION_READY;
	return n;
}

/* An idle worker before others, then the one that was not asked for longest. */
static struct member *retry_worker(struct crew *crew)
{
	struct member *best = NULL;

	for (uint32_t i = 0; i < crew->nworkers; i++) {
		struct member *m = &crew->members[(crew->next_retry_worker + i) % crew->nworkers];
		uint32_t ready = ready_sessions(crew, m);
		if (m->state != MEMBER_LIVING || m->leaving || m->violated || m->cause[0] || ready == 0 ||
		        m->retries_out >= ready * RETRIES_PER_SESSION)
			continue;
		if (!best || (m->idle && !best->idle) || (m->idle == best->idle && m->retries_out < best->retries_out))
			best = m;
	}
	if (best)
		crew->next_retry_worker = (best->index + 1) % crew->nworkers;
	return best;
}

uint32_t crew_retries(struct crew *crew, int64_t now)
{
	struct buf body = {0};
	struct member *m;
	uint32_t sent = 0, position, try_no;

	while (tickets_retry_waits(crew->tickets, now) && (m = retry_worker(crew)) != NULL) {
		if (!tickets_retry(crew->tickets, m->worker, now, &position, &try_no))
			break;
		buf_clear(&body);
		msg_put_retry(&body, &(struct msg_retry){crew->tickets->todo[position], try_no});
		m->idle = false;
		m->retries_out++;
		crew_send(crew, m, &body);
		sent++;
	}
	buf_free(&body);
	return sent;
}

uint32_t crew_living(const struct crew *crew)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < crew->nworkers; i++)
		n += crew->members[i].state == MEMBER_LIVING;
	return n;
}

bool crew_parted(const struct crew *crew)
{
	for (uint32_t i = 0; i < crew->nworkers; i++)
		if (crew->members[i].state == MEMBER_LIVING && !crew->members[i].parted)
			return false;
	return true;
}

uint32_t crew_coming(const struct crew *crew)
{
	uint32_t n = crew_living(crew);

	for (uint32_t i = 0; i < crew->nworkers; i++)
		n += crew->members[i].state == MEMBER_WAITING;
	return n;
}

uint32_t crew_usable(const struct crew *crew)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < crew->nworkers; i++)
		n += crew->members[i].state == MEMBER_LIVING && ready_sessions(crew, &crew->members[i]) > 0;
	return n;
}

uint32_t crew_count(const struct crew *crew, enum session_state state)
{
	uint32_t n = 0;

	for (uint32_t s = 0; s < crew->nsessions; s++)
		n += crew->session_state[s] == state;
	return n;
}

static bool can_go(const struct member *m)
{
	return m->state == MEMBER_LIVING && m->idle && !m->leaving && m->retries_out == 0;
}

static bool stays(const struct member *m)
{
	return m->state == MEMBER_LIVING && !m->leaving && !m->violated && !m->cause[0];
}

void crew_let_go(struct crew *crew, uint32_t open_tickets)
{
	uint32_t stay = 0;

	for (uint32_t i = 0; i < crew->nworkers; i++)
		stay += stays(&crew->members[i]) ? ready_sessions(crew, &crew->members[i]) : 0;
	for (uint32_t i = 0; i < crew->nworkers; i++) {
		struct member *m = &crew->members[i];
		uint32_t ready = ready_sessions(crew, m);
		if (!can_go(m) || stay < open_tickets + ready)
			continue;
		stay -= ready;
		crew_stop(crew, m, STOP_EXIT);
	}
}

bool crew_all_idle(const struct crew *crew)
{
	for (uint32_t i = 0; i < crew->nworkers; i++)
		if (crew->members[i].state == MEMBER_LIVING && !crew->members[i].idle)
			return false;
	return true;
}

static bool session_parked(const struct crew *crew, const struct member *m, uint32_t session)
{
	const struct slot *slot = shm_slot(crew->assignment.shm, session);
	int64_t beat = atomic_load(&slot->heartbeat_ns);
	uint32_t stage = atomic_load(&slot->stage);

	if (atomic_load(&slot->generation) != m->generation)
		return true;
	/* Ready, and its lane has gone round since there was nothing left to take: it has nothing. */
	if (stage == SLOT_READY && crew->exhausted_ns != 0 && beat > crew->exhausted_ns)
		return true;
	/* Not LOST: a session that is reconnecting may have its ticket still. */
	return stage == SLOT_EMPTY || stage == SLOT_CONNECTING || stage == SLOT_CLOSED ||
	       holds(crew, m, session, false);
}

bool crew_parked(const struct crew *crew)
{
	for (uint32_t i = 0; i < crew->nworkers; i++) {
		const struct member *m = &crew->members[i];
		if (m->state != MEMBER_LIVING || m->idle)
			continue;
		for (uint32_t s = m->first_session; s < m->first_session + m->nsessions; s++)
			if (!session_parked(crew, m, s))
				return false;
	}
	return true;
}
