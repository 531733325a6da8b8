/*
 * tick: a timer that signals one thread.
 */
#include "worker/tick.h"

#include <fcntl.h>
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

void tick_prepare(void)
{
	struct sigaction action = {.sa_handler = nothing};
	sigset_t blocked;

	signal(SIGIO, SIG_IGN); /* what the kernel sends instead of a signal it could not queue */
	sigemptyset(&blocked);
	sigaddset(&blocked, TICK);
	pthread_sigmask(SIG_BLOCK, &blocked, NULL);
	sigaction(TICK, &action, NULL);
}

bool tick_watch(int fd)
{
	struct f_owner_ex me = {.type = F_OWNER_TID, .pid = gettid()};
	int flags = fcntl(fd, F_GETFL);

	return flags >= 0 && fcntl(fd, F_SETSIG, TICK) == 0 && fcntl(fd, F_SETOWN_EX, &me) == 0 &&
	       fcntl(fd, F_SETFL, flags | O_ASYNC) == 0;
}

void tick_tell(pthread_t thread)
{
	pthread_kill(thread, TICK);
}

void tick_start(struct tick *tick, int64_t every_ns)
{
	struct timespec every = {.tv_sec = every_ns / NS_PER_S, .tv_nsec = every_ns % NS_PER_S};
	struct itimerspec when = {.it_interval = every, .it_value = every};
	struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = TICK};

	tick_prepare();
	pthread_sigmask(SIG_BLOCK, NULL, &tick->waiting);
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
