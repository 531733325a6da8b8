/*
 * record: from a finished attempt to the parent: the slot's counters, and one RESULTS frame for all attempts that a
 * lane finished in one round. A ticket counts as handed over once record_flush has returned.
 *
 * One per lane, owned by it (record_init, record_clear). What is put in must stay valid until the next flush: a
 * session takes no other ticket before.
 */
#ifndef WORKER_RECORD_H
#define WORKER_RECORD_H

#include <stddef.h>
#include <stdint.h>

#include "shared/attempt.h"
#include "shared/buf.h"
#include "shared/msg.h"
#include "shared/slot.h"

struct record {
	struct attempt *batch;
	size_t count, capacity;
	struct buf body; /* of one message; grows once and is kept */
	void (*send)(void *to, const void *body, size_t len); /* writes one frame and waits until it is written */
	void *to;
};

/* sessions: how many sessions the lane drives, as each may finish one attempt between two flushes. */
void record_init(struct record *r, uint32_t sessions, void (*send)(void *to, const void *body, size_t len), void *to);
void record_clear(struct record *r);

void record_attempt(struct record *r, struct slot *slot, const struct attempt *attempt);
void record_flush(struct record *r);

/* The rare ones go at once. */
void record_session(struct record *r, const struct session_report *report);
void record_want_cancel(struct record *r, const struct msg_want_cancel *want);
void record_note(struct record *r, enum log_level level, int32_t pid, const char *text);

#endif
