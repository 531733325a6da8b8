/*
 * watchdog: see watchdog.h. Armed by the run when it is told to stop. The handler calls only async-signal-safe
 * functions; the workers die with the parent (PR_SET_PDEATHSIG).
 */
#include "orchestrator/watchdog.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "orchestrator/spawn.h"
#include "shared/clock.h"
#include "shared/err.h"

#define LATER_STEPS 2 /* the child's seconds after the handler's */

struct guard { /* what the child knows; steps and text are shared with it */
	pid_t parent;
	_Atomic int steps;
	char waits_for[100];
};

static _Atomic int steps_left;
static struct guard private_guard, *guard = &private_guard;
static struct spawned child;

static void put(const char *text, size_t len)
{
	ssize_t written = write(2, text, len);
	(void)written; /* there is nobody left to tell */
}

static void say(void)
{
	static const char begin[] = "pgparallel: the shutdown hung and was given up; it waited for ";
	static const char end[] = "; results not yet stored are lost\n";

	put(begin, sizeof begin - 1);
	put(guard->waits_for, strnlen(guard->waits_for, sizeof guard->waits_for));
	put(end, sizeof end - 1);
}

static void step(int signal_number)
{
	(void)signal_number;
	if (atomic_fetch_sub(&steps_left, 1) > 1) {
		alarm(1);
		return;
	}
	say();
	_exit(EXIT_STORE);
}

/* The parent's end of the pipe closes when it is done, or gone. */
static int watch(void *argument, int read_fd, int write_fd)
{
	struct pollfd pipe_end = {.fd = read_fd, .events = POLLIN};

	(void)argument;
	(void)write_fd;
	while (atomic_fetch_sub(&guard->steps, 1) > 0) {
		int got = poll(&pipe_end, 1, 1000);
		if (got > 0)
			return 0;
		if (got < 0 && errno != EINTR)
			return 1;
	}
	if (getppid() != guard->parent)
		return 0;
	say();
	kill(guard->parent, SIGKILL); /* our parent, and alive: we would not be otherwise */
	return 0;
}

static void start_child(void)
{
	struct err err;

	if (child.pid != 0)
		return;
	guard->parent = getpid();
	if (!spawn(watch, NULL, 0, &child, &err))
		child.pid = 0; /* the handler is left */
}

static void share_guard(void)
{
	if (guard != &private_guard)
		return;
	struct guard *shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return;
	memcpy(shared->waits_for, guard->waits_for, sizeof shared->waits_for);
	guard = shared;
}

void watchdog_arm(int64_t left_ns)
{
	int steps = (int)((left_ns + NS_PER_S - 1) / NS_PER_S);
	struct sigaction action;
	sigset_t set;

	share_guard();
	memset(&action, 0, sizeof action);
	action.sa_handler = step;
	action.sa_flags = SA_RESTART;
	atomic_store(&steps_left, steps);
	atomic_store(&guard->steps, steps + LATER_STEPS);
	if (guard != &private_guard)
		start_child();
	sigaction(SIGALRM, &action, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	alarm(1);
}

void watchdog_disarm(void)
{
	alarm(0);
	if (child.pid == 0)
		return;
	close(child.write_fd);
	close(child.read_fd);
	close(child.pidfd);
	while (waitpid(child.pid, NULL, 0) < 0 && errno == EINTR)
		;
	memset(&child, 0, sizeof child);
}

void watchdog_waits_for(const char *text)
{
	snprintf(guard->waits_for, sizeof guard->waits_for, "%s", text);
}
