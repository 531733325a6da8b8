/*
 * record: batches of finished attempts. See record.h.
 */
#include "worker/record.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "shared/chan.h"

/* Of one RESULTS body: far below CHAN_MOST, also when every byte of a text has to be escaped. */
#define BODY_MOST (CHAN_MOST / 4)
#define ATTEMPT_MOST 512 /* encoded size of an attempt without its message */
#define BODY_FIRST (64u * 1024u) /* room for all that a lane finishes at once, but for error texts */

void record_init(struct record *r, uint32_t sessions, void (*send)(void *to, const void *body, size_t len), void *to)
{
	memset(r, 0, sizeof *r);
	r->capacity = sessions;
	r->batch = mem_zero(sessions, sizeof *r->batch);
	buf_reserve(&r->body, sessions < BODY_FIRST / ATTEMPT_MOST ? sessions * ATTEMPT_MOST : BODY_FIRST);
	r->send = send;
	r->to = to;
}

void record_clear(struct record *r)
{
	free(r->batch);
	buf_free(&r->body);
	memset(r, 0, sizeof *r);
}

void record_attempt(struct record *r, struct slot *slot, const struct attempt *attempt)
{
	_Atomic uint32_t *counter = attempt->outcome == OUTCOME_DONE     ? &slot->done
	                            : attempt->outcome == OUTCOME_FAILED ? &slot->failed
	                                                                 : &slot->unknown;

	assert(r->count < r->capacity);
	assert(attempt->outcome != OUTCOME_NONE);
	atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
	r->batch[r->count++] = *attempt;
}

static void send_body(struct record *r)
{
	r->send(r->to, r->body.data, r->body.len);
	buf_clear(&r->body);
}

void record_flush(struct record *r)
{
	size_t begin = 0, size = 0;

	for (size_t i = 0; i < r->count; i++) {
		size_t more = ATTEMPT_MOST + (r->batch[i].message ? strlen(r->batch[i].message) : 0);

		if (size + more > BODY_MOST) {
			msg_put_results(&r->body, r->batch + begin, i - begin);
			send_body(r);
			begin = i;
			size = 0;
		}
		size += more;
	}
	if (begin < r->count) {
		msg_put_results(&r->body, r->batch + begin, r->count - begin);
		send_body(r);
	}
	r->count = 0;
}

void record_session(struct record *r, const struct session_report *report)
{
	msg_put_session(&r->body, report);
	send_body(r);
}

void record_want_cancel(struct record *r, const struct msg_want_cancel *want)
{
	msg_put_want_cancel(&r->body, want);
	send_body(r);
}

void record_note(struct record *r, enum log_level level, int32_t pid, const char *text)
{
	msg_put_note(&r->body, &(struct msg_note){.level = level, .pid = pid, .text = (char *)(uintptr_t)text});
	send_body(r);
}
