/*
 * loop: the one place of the parent that waits and reads the clock: epoll over pipes, pidfds and a signalfd.
 *
 * loop_open takes the stop signals over for the time of a run and loop_close gives them back as they were. Who waits on
 * a descriptor takes it out (loop_remove) before closing it: a copy in a child would keep a closed one firing.
 */
#ifndef ORCHESTRATOR_LOOP_H
#define ORCHESTRATOR_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/err.h"

struct loop; /* opaque; the opener calls loop_close */

enum loop_kind {
	LOOP_READ, /* a pipe has something, or ended */
	LOOP_WRITE, /* a pipe takes bytes again */
	LOOP_EXIT, /* a child ended */
	LOOP_SIGNAL
};

struct loop_event {
	enum loop_kind kind;
	uint32_t who; /* as given to loop_add; the signal's number for LOOP_SIGNAL */
};

struct loop *loop_open(struct err *err);
void loop_close(struct loop *loop);

bool loop_add(struct loop *loop, int fd, enum loop_kind kind, uint32_t who, struct err *err);
void loop_remove(struct loop *loop, int fd);

/* Whether a flood of messages may be taken in portions, each up to a millisecond late: only while nobody waits for an
 * answer. False at first. */
void loop_may_rest(struct loop *loop, bool may);

/* What the fullest pipe held at this wake-up: rests get shorter before a pipe runs full and its writer has to wait. */
void loop_took(struct loop *loop, size_t bytes);

/* Waits until something happens or until_ns. *now is read after it. */
size_t loop_wait(struct loop *loop, int64_t until_ns, struct loop_event *events, size_t most, int64_t *now);

/* The clock, for the few moments where a step itself takes time (a fork, the GO instant, a commit). */
int64_t loop_clock(const struct loop *loop);

#endif
