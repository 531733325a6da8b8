/*
 * tickets: the parent's book of every ticket of a run: not released, open, to be tried again, final. It decides what
 * an attempt means for its ticket (final, or once more), when the next block is released and when a stage is over.
 *
 * It is a pure state machine: no clock, no pipe, no store; the run hands it `now` and carries out what it answers.
 * Tickets are addressed by position: the index in the run's todo list, which is in ascending order of ticket numbers.
 */
#ifndef ORCHESTRATOR_TICKETS_H
#define ORCHESTRATOR_TICKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/attempt.h"
#include "shared/err.h"
#include "shared/plan.h"

enum ticket_stage {
	TICKET_OPEN, /* above the limit, or released and perhaps in flight */
	TICKET_AGAIN, /* in the queue of retries, waiting or sent to a worker */
	TICKET_FINAL
};

struct ticket_record {
	uint8_t stage; /* enum ticket_stage */
	uint8_t outcome; /* enum outcome of the last attempt; the final state when FINAL (NONE = not run) */
	uint16_t tries; /* attempts reported so far */
};

/* What the queue of retries waits for. */
enum again_wait {
	AGAIN_GONE, /* the observer's word that the old backend has left */
	AGAIN_DUE, /* its time, its release and a worker */
	AGAIN_SENT /* the worker it was sent to */
};

struct again {
	uint32_t position;
	enum again_wait wait;
	uint32_t worker; /* AGAIN_SENT */
	uint32_t token; /* AGAIN_GONE */
	int64_t due_ns; /* AGAIN_DUE: not before; AGAIN_GONE: given up then */
};

/* What an attempt meant for its ticket. */
enum ticket_verdict {
	VERDICT_NONSENSE, /* no such ticket, final already, wrong try: the sender cannot be trusted */
	VERDICT_STAYS, /* the session itself goes on with it */
	VERDICT_FINAL,
	VERDICT_AGAIN, /* in the queue of retries */
	VERDICT_AGAIN_GONE /* in the queue; its old backend must be ended first, with the token given */
};

#define TICKETS_WINDOW_NS (250 * INT64_C(1000000)) /* a block covers what was finished in this time */
#define TICKETS_BUCKETS 10
#define TICKETS_GONE_NS (10 * INT64_C(1000000000)) /* how long the old backend may take to leave */

struct tickets {
	const struct plan *plan; /* borrowed */
	const uint32_t *todo; /* borrowed, ascending */
	uint32_t n;
	uint32_t nsessions;
	uint64_t seed; /* for the jitter of retries */
	bool readonly; /* the whole run is (--read-only): nothing in doubt has an effect */
	struct ticket_record *records; /* n */
	uint8_t *task_bad; /* per task: a ticket of it is final and not done */
	uint8_t *task_skip; /* per task: its tickets are not to be run */
	uint32_t *stage_end; /* per stage: position after its last ticket */
	int stage; /* the stage being released */
	uint32_t limit; /* positions below it are released */
	uint32_t low; /* every position below it is final */
	uint32_t stage_final; /* final positions below stage_end[stage] */

	struct again *queue;
	size_t nqueue, queue_room;
	uint32_t next_token;

	uint32_t final, done, failed, unknown, not_run; /* tickets */
	uint32_t attempts, attempts_done, attempts_failed, attempts_unknown;
	uint32_t checks_failed; /* tickets done whose rows= did not match */
	uint32_t finished_in[TICKETS_BUCKETS];
	int64_t bucket_of[TICKETS_BUCKETS];
};

/* Checks that todo is ascending and within the plan. The lists are borrowed until tickets_clear. */
bool tickets_init(struct tickets *t, const struct plan *plan, const uint32_t *todo, uint32_t n, uint32_t nsessions,
        uint64_t seed, struct err *err);
void tickets_clear(struct tickets *t);

/* The position of a ticket number somebody sent; false when it is none of this run's. */
bool tickets_position(const struct tickets *t, uint32_t ticket, uint32_t *position);
const struct task *tickets_task(const struct tickets *t, uint32_t position);
bool tickets_all_final(const struct tickets *t);

/* The block to release now: [*from, *to); false when none is due. next: the shared counter. A stage that ended is
 * left here, and tasks of the new one that cannot run any more are marked in task_skip and made final (not run). */
bool tickets_release_due(struct tickets *t, uint64_t next, int64_t now, uint32_t *from, uint32_t *to);
void tickets_released(struct tickets *t, uint32_t to);

/* Whether so many released tickets are still to be taken that for some milliseconds no lane will wait for a release. */
bool tickets_in_store(const struct tickets *t, uint64_t next, int64_t now);

/* Takes one attempt into the book. may_repeat: retries are still handed out (no stop). may_terminate: an observer on a
 * direct connection can end old backends. *token is set for VERDICT_AGAIN_GONE. */
enum ticket_verdict tickets_attempt(
        struct tickets *t, const struct attempt *a, bool may_repeat, bool may_terminate, int64_t now, uint32_t *token);

/* Puts an open ticket back: it was taken, and nothing of it was sent. False when it is not open. */
bool tickets_requeue(struct tickets *t, uint32_t position, int64_t now);

/* The next retry that may be sent now (marked as sent to `worker`), or false. try_no counts the try to be made. */
bool tickets_retry(struct tickets *t, uint32_t worker, int64_t now, uint32_t *position, uint32_t *try_no);
bool tickets_retry_waits(const struct tickets *t, int64_t now); /* one may be sent now */
int64_t tickets_retry_next(const struct tickets *t); /* when to look again, CLOCK_NEVER = no need */

/* A worker ended: what was sent to it is due again, unless its slots said otherwise before (tickets_attempt). */
void tickets_worker_ended(struct tickets *t, uint32_t worker, int64_t now);

/* The answer about an old backend. Not gone: the ticket becomes final as unknown; its position is returned and true.
 */
bool tickets_gone(struct tickets *t, uint32_t token, bool gone, int64_t now, uint32_t *position);
/* Old backends whose answer is overdue at `now` (CLOCK_NEVER = all): one at a time, as tickets_gone says. */
bool tickets_gone_overdue(struct tickets *t, int64_t now, uint32_t *position);

/* For when nobody works on any open ticket below min(next, limit): the first at or after *position that was taken and
 * lost, into *position; false when there is none. */
bool tickets_lost(const struct tickets *t, uint64_t next, uint32_t *position);

/* The run is over: makes one more ticket final as its last attempt says; false when all are. */
bool tickets_close_next(struct tickets *t, uint32_t *position, enum outcome *state);

#endif
