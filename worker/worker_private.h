/*
 * worker_private: what worker.c (the control side) and the lanes of one worker share. Nobody else includes it.
 */
#ifndef WORKER_WORKER_PRIVATE_H
#define WORKER_WORKER_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "worker/session.h"
#include "worker/tick.h"
#include "worker/tally.h"
#include "worker/worker.h"

struct worker;

/* How looks at once after sending went for a session. */
struct lane_looks {
	uint8_t vain; /* in a row, as far as it is counted */
	uint8_t left_out;
};

/* One thread of control with its sessions. */
struct lane {
	struct worker *worker;
	struct session *sessions;
	uint32_t nsessions;
	struct record record;
	struct tally tally; /* of a load run */
	bool load;
	int wake_fd; /* the control pipe when this is the worker's only lane, else an eventfd */
	int epoll_fd; /* -1 with one session */
	bool took_control; /* the wake-up was the control pipe's */
	uint32_t closed; /* sessions that have ended */
	uint32_t closed_told; /* of these the worker knows */
	const struct session *gave_up; /* the last one that did, NULL = none */
	int64_t now; /* of the last step */
	int64_t laid_out_ns; /* when it began to be laid out */
	int64_t recorded_ns; /* when the last results had been written */
	int64_t served_ns; /* since then: steps of any session, from its reading to its end */
	int64_t beaten_ns; /* when the heartbeat was last written */
	bool first_take_seen; /* for the test hooks */

	uint32_t *due; /* sessions to step, as indexes */
	uint8_t *due_how; /* 0 = not due, else DUE, READY, LOOK as they apply */
	uint32_t ndue;
	int64_t *deadlines; /* of each session, packed: one scan finds the next */
	int64_t next_deadline; /* none of them is earlier */
	struct tick tick;
	struct lane_looks *looks; /* of each session */
	short *watched; /* events each socket is watched for, 0 = none */
	bool wake_tells; /* one session: what wakes it interrupts its wait as well */
	bool wake_quiet; /* one session: the wake-up was looked at and nothing has interrupted a wait since */
	uint32_t waits;
};

struct worker {
	struct assignment *a;
	struct pick pick;
	pthread_mutex_t lock; /* of the channel's writing side and of done_sent */
	bool done_sent;
	bool measured; /* usage is of this moment or since when there was nothing to do */
	struct msg_usage usage;
	_Atomic bool parent_gone; /* nobody listens any more */
	_Atomic bool leave; /* go at once: the parent is gone, or FATAL was sent */
	_Atomic uint32_t closed; /* sessions that have ended */
	int exit_code;
	struct lane *lanes;
	uint32_t nlanes;
	struct session *sessions;
	int control_fd; /* eventfd for the main thread, -1 with one lane */
};

/* ---- lane.c: the one file that waits ---- */
/* number: of the lane in its worker; first: of its first session there. */
void lane_init(struct lane *lane, struct worker *w, uint32_t number, uint32_t first, uint32_t nsessions, int wake_fd);
void lane_clear(struct lane *lane);
void lane_run(struct lane *lane); /* until the run is over */
bool lane_await_server(struct worker *w); /* an early worker, before its lanes; false: told to leave instead */
void lanes_run_threads(struct worker *w); /* one thread each; the calling thread runs the control pipe */

/* ---- worker.c ---- */
void worker_send(void *to, const void *body, size_t len); /* to: struct worker; writes one frame */
void worker_control(struct worker *w); /* the control pipe is readable */
void worker_fatal(struct worker *w, int code, const char *sqlstate, const char *text); /* says it, then leaves */
void worker_settle(struct worker *w, struct lane *lane); /* DONE, FATAL when it is time */
/* After each round of steps: most often there is nothing to settle. */
static inline void worker_after_round(struct worker *w, struct lane *lane)
{
	if (lane->closed != lane->closed_told || atomic_load_explicit(&w->pick.in_hand, memory_order_relaxed) == 0)
		worker_settle(w, lane);
}

/* ---- hooks.c: faults that tests plant; empty functions in a program that ships ---- */
void hooks_read(struct worker *w);
void hooks_before_connect(const struct worker *w);
void hooks_before_step(struct lane *lane);

#endif
