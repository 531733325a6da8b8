/*
 * tick: a timer that signals one thread.
 */
#include "worker/tick.h"

#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "shared/clock.h"

#define TICK SIGALRM
#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid /* older headers do not name it */
#endif

static void nothing(int number)
{
	(void)number;
}

void tick_start(struct tick *tick, int64_t every_ns)
{
	struct timespec every = {.tv_sec = every_ns / NS_PER_S, .tv_nsec = every_ns % NS_PER_S};
	struct itimerspec when = {.it_interval = every, .it_value = every};
	struct sigaction action = {.sa_handler = nothing};
	struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = TICK};
	sigset_t blocked;

	sigaction(TICK, &action, NULL);
	sigemptyset(&blocked);
	sigaddset(&blocked, TICK);
	pthread_sigmask(SIG_BLOCK, &blocked, &tick->waiting);
	sigdelset(&tick->waiting, TICK);
	event.sigev_notify_thread_id = gettid();
	tick->running = timer_create(CLOCK_MONOTONIC, &event, &tick->timer) == 0;
	if (tick->running && timer_settime(tick->timer, 0, &when, NULL) != 0)
		tick_stop(tick);
}

void tick_stop(struct tick *tick)
{
	if (tick->running)
		timer_delete(tick->timer);
	tick->running = false;
}
