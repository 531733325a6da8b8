/*
 * tick: a signal that interrupts a lane's wait and is blocked at any other time. It comes about once a second, from a
 * timer of the lane's own, so that the lane can say that it lives: so a wait needs no timeout, which the kernel would
 * have to set up and take away for every answer of the server (0.5 us of 7), and no tick is ever lost. It may also tell
 * that something came on a descriptor, so that not every wait has to wait on that one too.
 *
 * For lane.c and lane_threads.c: the thread that calls tick_start gets the signals and calls tick_stop.
 */
#ifndef WORKER_TICK_H
#define WORKER_TICK_H

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct tick {
	bool running; /* false: no timer could be had; the lane waits with timeouts */
	timer_t timer;
	sigset_t waiting; /* the mask of signals to wait with */
};

/* Makes the signal harmless; before the first thread that may get one is started. Part of tick_start too. */
void tick_prepare(void);
void tick_start(struct tick *tick, int64_t every_ns);
/* From now on the calling thread gets the signal when there is something to read on fd, or its other end is closed.
 * What was there before is not told. False: that cannot be had. */
bool tick_watch(int fd);
void tick_tell(pthread_t thread); /* interrupts its wait */
void tick_stop(struct tick *tick);

#endif
