/*
 * tick: what wakes a lane about once a second when nothing else does, so that it can say that it lives. A signal of a
 * timer of its own that is blocked but while the lane waits: so a wait needs no timeout, which the kernel would have to
 * set up and take away for every answer of the server (0.5 us of 7), and no tick is ever lost.
 *
 * For lane.c: the thread that calls tick_start gets the signals and calls tick_stop.
 */
#ifndef WORKER_TICK_H
#define WORKER_TICK_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct tick {
	bool running; /* false: no timer could be had; the lane waits with timeouts */
	timer_t timer;
	sigset_t waiting; /* the mask of signals to wait with */
};

void tick_start(struct tick *tick, int64_t every_ns);
void tick_stop(struct tick *tick);

#endif
