/*
 * watchdog: see watchdog.h. Armed by the run when it is told to stop. The handler calls only async-signal-safe
 * functions; the children die with the parent (PR_SET_PDEATHSIG).
 */
#include "orchestrator/watchdog.h"

#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "shared/clock.h"
#include "shared/err.h"

static _Atomic int steps_left;
static const char *_Atomic waits_for = "the workers to end";

static void say(const char *text)
{
	ssize_t ignored = write(2, text, strlen(text));
	(void)ignored;
}

static void step(int signal_number)
{
	(void)signal_number;
	if (atomic_fetch_sub(&steps_left, 1) > 1) {
		alarm(1);
		return;
	}
	say("pgparallel: the shutdown hung and was given up; it waited for ");
	say(waits_for);
	say("; results not yet stored are lost\n");
	_exit(EXIT_STORE);
}

void watchdog_arm(int64_t left_ns)
{
	struct sigaction action;
	sigset_t set;

	memset(&action, 0, sizeof action);
	action.sa_handler = step;
	action.sa_flags = SA_RESTART;
	atomic_store(&steps_left, (int)((left_ns + NS_PER_S - 1) / NS_PER_S));
	sigaction(SIGALRM, &action, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	alarm(1);
}

void watchdog_disarm(void)
{
	alarm(0);
}

void watchdog_waits_for(const char *text)
{
	atomic_store(&waits_for, text);
}
