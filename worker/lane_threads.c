/*
 * lane_threads: several lanes in one worker: a thread each, while the calling thread runs the control pipe and wakes
 * the lanes by their eventfds. Such a worker never forks.
 */
#include "worker/worker_private.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "shared/buf.h"

#define STACK (512u * 1024u)

static void *body(void *arg)
{
	struct lane *lane = arg;
	uint64_t one = 1;

	lane_run(lane);
	(void)!write(
	        lane->worker->control_fd, &one, sizeof one); /* a lane that leaves by itself tells the main thread */
	return NULL;
}

static void wake_all(struct worker *w, const pthread_t *threads, uint32_t started)
{
	uint64_t one = 1;

	for (uint32_t i = 0; i < started; i++) {
		(void)!write(w->lanes[i].wake_fd, &one, sizeof one);
		tick_tell(threads[i]);
	}
}

static void control_until_over(struct worker *w, const pthread_t *threads, uint32_t started)
{
	while (!atomic_load(&w->leave) && pick_stop(&w->pick) < STOP_NOW) {
		struct pollfd fds[2] = {
		        {.fd = w->a->chan.read_fd, .events = POLLIN}, {.fd = w->control_fd, .events = POLLIN}};

		/* Without a timeout: the parent's end closes when the parent dies, and that wakes us. */
		if (poll(fds, 2, -1) <= 0)
			continue;
		if (fds[0].revents)
			worker_control(w);
		wake_all(w, threads, started);
		if (fds[1].revents)
			break;
	}
	wake_all(w, threads, started);
}

void lanes_run_threads(struct worker *w)
{
	pthread_t *threads = mem_zero(w->nlanes, sizeof *threads);
	pthread_attr_t attr;
	uint32_t started = 0;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK);
	tick_prepare();
	while (started < w->nlanes && pthread_create(&threads[started], &attr, body, &w->lanes[started]) == 0)
		started++;
	pthread_attr_destroy(&attr);
	if (started < w->nlanes)
		worker_fatal(w, EXIT_USAGE, "",
		        "a thread could not be started: raise the limit (ulimit -u) or use a smaller -c");
	control_until_over(w, threads, started);
	/* With the parent gone nobody waits for an orderly end: the process leaves, threads and all. */
	for (uint32_t i = 0; i < started && !w->parent_gone; i++)
		pthread_join(threads[i], NULL);
	if (!w->parent_gone)
		free(threads);
}
