/*
 * observe_loop: the observer's process: the one file of it that waits and reads the clock. Entry point of the parent
 * (observer_main); the spawner has already done the first acts of a child.
 */
#include <errno.h>
#include <poll.h>
#include <sys/resource.h>
#include <time.h>

#include "worker/observe.h"
#include "worker/usage.h"

/* What the server's socket is ready for afterwards. */
static short wait_for(const struct observer *o, int64_t now)
{
	struct pollfd fds[2] = {
	        {.fd = o->job->chan.read_fd, .events = POLLIN}, {.fd = o->wait_fd, .events = o->wait_events}};
	struct timespec left, *timeout = NULL;

	if (o->wait_deadline_ns != CLOCK_NEVER) {
		int64_t ns = o->wait_deadline_ns > now ? o->wait_deadline_ns - now : 0;

		left.tv_sec = ns / NS_PER_S;
		left.tv_nsec = ns % NS_PER_S;
		timeout = &left;
	}
	return ppoll(fds, 2, timeout, NULL) > 0 ? fds[1].revents : 0;
}

/* False: the parent is gone, or talks nonsense. */
static bool hear(struct observer *o, int64_t now)
{
	struct pollfd p = {.fd = o->job->chan.read_fd, .events = POLLIN};
	const unsigned char *body;
	size_t len;

	if (poll(&p, 1, 0) <= 0)
		return true;
	if (!chan_read(&o->job->chan, NULL))
		return false;
	while (o->state != OBSERVE_OVER && chan_next(&o->job->chan, &body, &len))
		observe_message(o, body, len, now);
	return !o->job->chan.eof;
}

static void tell_usage(struct observer *o, const struct msg_usage *usage)
{
	struct buf body = {0};

	msg_put_usage(&body, usage);
	observe_send(o, &body);
	buf_free(&body);
	chan_flush(&o->job->chan, NULL);
}

int observer_main(struct observation *job)
{
	struct observer o;
	struct msg_usage usage;
	bool measured = false;
	int64_t now = clock_now_ns();
	short ready = 0;
	int exit_code;
	bool heard = true;

	observe_begin(&o, job, now);
	while (o.state != OBSERVE_OVER) {
		now = clock_now_ns();
		heard = hear(&o, now);
		if (!heard || o.state == OBSERVE_OVER)
			break;
		observe_step(&o, ready, now);
		if (!chan_flush(&job->chan, NULL)) {
			heard = false;
			break;
		}
		/* While the server answers the last question: the run waits for nothing else by then. */
		if (o.sweep.asked && !measured) {
			usage_read(&usage);
			measured = true;
		}
		if (o.state != OBSERVE_OVER)
			ready = wait_for(&o, clock_now_ns());
	}
	if (!measured)
		usage_read(&usage);
	if (heard)
		tell_usage(&o, &usage);
	exit_code = o.exit_code;
	observe_end(&o);
	return exit_code;
}
