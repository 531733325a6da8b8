/*
 * run_stop: how a run is stopped, always in the same steps: no new tickets (SOON), cancel what runs (CANCEL), drop the
 * sessions (NOW), kill. A first signal starts with SOON and moves on by time; a second one jumps to NOW.
 */
#include "orchestrator/run_state.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "orchestrator/watchdog.h"
#include "shared/clock.h"

#define CANCEL_TO_NOW_NS (5 * NS_PER_S)
#define NOW_TO_KILL_NS (2 * NS_PER_S)
#define SECOND_TO_KILL_NS (500 * NS_PER_MS) /* after a second signal: all over within 2 s */
#define WATCHDOG_NS (15 * NS_PER_S)
#define TEARDOWN_LEAST_NS (5 * NS_PER_S) /* what @teardown gets after a signal, however short the grace */

static int64_t sooner(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static void broadcast(struct run *run, enum stop_mode mode)
{
	/* Who was told to leave is not told less; and what @teardown does is wanted, whatever stops the run. */
	if (run->phase == PHASE_REAP || (run->phase == PHASE_TEARDOWN && mode == STOP_SOON))
		return;
	atomic_store(&run->shm->stop_mode, (uint32_t)mode);
	for (uint32_t i = 0; i < run->nworkers; i++)
		crew_stop(&run->crew, &run->crew.members[i], mode);
	crew_stop(&run->crew, crew_special(&run->crew), mode);
}

/* The one function that moves a run on towards its stop. */
static void stop_mode(struct run *run, enum stop_mode mode, int64_t now)
{
	struct stopping *s = &run->stop;

	s->mode = mode;
	run->crew.replace = false;
	switch (mode) {
	case STOP_SOON:
		watchdog_waits_for("the running tasks to end");
		break;
	case STOP_CANCEL:
		s->cancel_ns = CLOCK_NEVER;
		s->now_ns = now + CANCEL_TO_NOW_NS;
		watchdog_waits_for("the cancelled tasks to end");
		break;
	default:
		s->cancel_ns = s->now_ns = CLOCK_NEVER;
		s->kill_ns = now + (s->signals > 1 ? SECOND_TO_KILL_NS : NOW_TO_KILL_NS);
		watchdog_waits_for("the workers to end");
		break;
	}
	broadcast(run, mode);
}

void run_stop(struct run *run, enum stop_mode mode, enum run_state state, int64_t now, const char *format, ...)
{
	struct stopping *s = &run->stop;
	va_list arguments;

	if (s->mode >= mode)
		return;
	if (s->mode == STOP_NONE) {
		va_start(arguments, format);
		vsnprintf(s->reason, sizeof s->reason, format, arguments);
		va_end(arguments);
		s->state = state;
		s->cancel_ns = s->patient ? CLOCK_NEVER : now + run->options->grace_ns;
		s->now_ns = s->kill_ns = CLOCK_NEVER;
		const char *what = run->load ? "transaction" : "task";
		if (mode == STOP_SOON && s->patient)
			run_event(run, now, LEVEL_WARNING, "stopping",
			        "%s: no %s is started any more; those that run are waited for", s->reason, what);
		else if (mode == STOP_SOON)
			run_event(run, now, LEVEL_WARNING, "stopping",
			        "%s: no %s is started any more; those that run get up to %.3g s "
			        "(--grace)%s",
			        s->reason, what, (double)run->options->grace_ns / 1e9,
			        s->signals > 0 ? "; a second signal stops at once" : "");
		else
			run_event(run, now, LEVEL_WARNING, "stopping", "%s: what runs is given up now", s->reason);
	}
	stop_mode(run, mode, now);
}

/* The watchdog is armed: whatever the run is at must end by itself before it bites. */
static void first_signal(struct run *run, const char *name, int64_t now)
{
	struct stopping *s = &run->stop;
	int64_t cancel_ns = now + run->options->grace_ns;

	watchdog_arm(run->options->grace_ns + WATCHDOG_NS);
	if (s->mode == STOP_NONE) {
		run_stop(run, STOP_SOON, RUN_STOPPED, now, "%s", name);
	} else if (s->mode == STOP_SOON && s->cancel_ns > cancel_ns) { /* --halt=soon set no limit */
		s->cancel_ns = cancel_ns;
		run_event(run, now, LEVEL_WARNING, "stopping",
		        "%s: what runs gets up to %.3g s (--grace); a second signal stops at once", name,
		        (double)run->options->grace_ns / 1e9);
	}
	if (run->phase == PHASE_TEARDOWN)
		run_stop_teardown(run, now);
}

void run_signal(struct run *run, int signal_number, int64_t now)
{
	struct stopping *s = &run->stop;
	const char *name = signal_number == SIGINT ? "SIGINT" : signal_number == SIGTERM ? "SIGTERM" : "SIGHUP";

	s->signals++;
	run->answer->signal = signal_number;
	if (s->signals == 1) {
		first_signal(run, name, now);
		return;
	}
	if (run->phase == PHASE_SWEEP && run->deadline_ns != CLOCK_NEVER)
		run->deadline_ns = sooner(run->deadline_ns, now + SECOND_TO_KILL_NS);
	if (s->mode == STOP_NOW && s->kill_ns <= now + SECOND_TO_KILL_NS)
		return;
	run_event(run, now, LEVEL_WARNING, "stopping", "a second signal (%s): what runs is given up now", name);
	watchdog_arm(NS_PER_S * 5);
	stop_mode(run, STOP_NOW, now);
}

int64_t run_stop_step(struct run *run, int64_t now)
{
	struct stopping *s = &run->stop;
	int64_t limit = run->request->deadline_ns;

	if (limit > 0 && limit <= now && s->mode == STOP_NONE && run->phase < PHASE_REAP)
		run_stop(run, STOP_SOON, RUN_STOPPED, now, "--max-time %gs", (double)run->options->max_time_ns / 1e9);
	if (s->mode == STOP_SOON && s->cancel_ns <= now)
		stop_mode(run, STOP_CANCEL, now);
	if (s->mode == STOP_CANCEL && s->now_ns <= now)
		stop_mode(run, STOP_NOW, now);
	if (s->mode == STOP_NOW && s->kill_ns <= now && !s->killed) {
		s->killed = true;
		for (uint32_t i = 0; i < run->nworkers; i++)
			crew_kill(&run->crew, &run->crew.members[i], "it did not leave when told to");
		crew_kill(&run->crew, crew_special(&run->crew), "it did not leave when told to");
	}
	if (s->mode == STOP_NONE)
		return limit > 0 ? limit : CLOCK_NEVER;
	return sooner(sooner(s->cancel_ns, s->now_ns), s->killed ? CLOCK_NEVER : s->kill_ns);
}

void run_stop_settled(struct run *run)
{
	run->stop.cancel_ns = run->stop.now_ns = run->stop.kill_ns = CLOCK_NEVER;
	run->stop.killed = false;
	atomic_store(&run->shm->stop_mode, (uint32_t)STOP_NONE);
}

void run_stop_teardown(struct run *run, int64_t now)
{
	struct stopping *s = &run->stop;
	int64_t grace = run->options->grace_ns > TEARDOWN_LEAST_NS ? run->options->grace_ns : TEARDOWN_LEAST_NS;

	if (s->signals == 0)
		return;
	s->mode = STOP_SOON;
	s->cancel_ns = now + grace;
	watchdog_arm(grace + WATCHDOG_NS);
	watchdog_waits_for("@teardown to end");
}
