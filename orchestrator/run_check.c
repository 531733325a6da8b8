/*
 * run_check: the two ways into this folder's run from a command: a whole run with the real bodies of the children, and
 * only the observer, for `check`.
 */
#include "orchestrator/run.h"

#include <stdio.h>

#include <string.h>

#include "orchestrator/crew.h"
#include "orchestrator/preflight.h"
#include "orchestrator/run_state.h"
#include "shared/clock.h"

#define EVENTS_MOST 8
#define LEAVE_NS NS_PER_S

struct check {
	struct server_facts *facts;
	bool came, ended;
	int signal; /* that ended the wait, 0 = none */
	enum exit_code code;
	char cause[900];
};

static void on_facts(void *context, const struct server_facts *facts, int64_t now)
{
	struct check *check = context;

	(void)now;
	*check->facts = *facts;
	check->came = facts->complete;
}

static void on_ended(void *context, struct member *m, const char *end, bool expected, int64_t now)
{
	struct check *check = context;

	(void)now;
	(void)expected;
	check->ended = true;
	/* No connection left is a limit: nothing is wrong with who asks. */
	check->code = strcmp(m->sqlstate, "53300") == 0 ? EXIT_USAGE : EXIT_CONNECT;
	snprintf(check->cause, sizeof check->cause, "%.890s", m->cause[0] ? m->cause : end);
}

static void on_event(void *context, int64_t now, enum log_level level, const char *kind, const char *text)
{
	(void)context;
	(void)now;
	(void)kind;
	log_write(level, NULL, "%s", text);
}

static void on_samples(void *context, const struct sample *samples, size_t count, int64_t now)
{
	(void)context;
	(void)samples;
	(void)count;
	(void)now;
}

static void on_gone(void *context, const struct msg_gone *gone, int64_t now)
{
	(void)context;
	(void)gone;
	(void)now;
}

static void on_swept(void *context, const struct msg_swept *swept, int64_t now)
{
	(void)context;
	(void)swept;
	(void)now;
}

static void on_usage(void *context, struct member *m, const struct msg_usage *usage)
{
	(void)context;
	(void)m;
	(void)usage;
}

/* False when a signal ended the wait. */
static bool wait_for(struct crew *crew, const bool *what, struct check *check, int64_t until)
{
	struct loop_event events[EVENTS_MOST];
	int64_t now = loop_clock(crew->loop);

	while (!*what && !check->ended && now < until) {
		size_t n = loop_wait(crew->loop, until, events, EVENTS_MOST, &now);
		for (size_t i = 0; i < n; i++)
			if (events[i].kind == LOOP_SIGNAL)
				check->signal = (int)events[i].who;
		if (check->signal != 0)
			return false;
		crew_events(crew, events, n, now);
	}
	return true;
}

static bool ask(struct crew *crew, struct check *check, const struct target *target, struct err *err)
{
	struct member *observer = crew_observer(crew);
	int64_t now = loop_clock(crew->loop);

	if (!crew_start(crew, observer, now, err))
		return false;
	if (!wait_for(crew, &check->came, check, now + run_connect_budget(target)))
		return err_set(err, EXIT_CONNECT, "interrupted");
	if (!check->came)
		return err_set(
		        err, EXIT_CONNECT, "%s", check->cause[0] ? check->cause : "no answer from the server in time");
	crew_stop(crew, observer, STOP_EXIT);
	wait_for(crew, &check->ended, check, loop_clock(crew->loop) + LEAVE_NS);
	return true;
}

bool run_check(const struct options *options, const struct target *target, uint32_t sessions, uint32_t workers,
        struct server_facts *facts, int *signal_to_raise, struct err *err)
{
	struct allowance allowance;
	struct check check = {.facts = facts};
	struct crew crew;
	uint32_t lanes = options->engine == ENGINE_THREAD ? sessions : workers;

	preflight_allowance(&allowance);
	if (!preflight_machine(
	            &(struct need){sessions, workers ? workers : 1, lanes, 0, options->allow_shell}, &allowance, err))
		return false;
	struct loop *loop = loop_open(err);
	if (!loop)
		return false;
	worker_warm_up(target);
	crew_init(&crew, loop, 0, 0, 1);
	crew.bodies = (struct crew_bodies){worker_main, observer_main};
	crew.observation = (struct observation){
	        .target = *target, .interval_ns = 100 * NS_PER_MS, .reconnect_for_ns = options->reconnect_for_ns};
	if (crew.observation.target.connect_timeout_ns <= 0)
		crew.observation.target.connect_timeout_ns = 10 * NS_PER_S;
	if (!crew.observation.target.application_name[0])
		snprintf(crew.observation.target.application_name, sizeof crew.observation.target.application_name,
		        "pgparallel");
	crew.hooks = (struct crew_hooks){.context = &check,
	        .facts = on_facts,
	        .samples = on_samples,
	        .gone = on_gone,
	        .swept = on_swept,
	        .usage = on_usage,
	        .ended = on_ended,
	        .event = on_event};
	bool ok = ask(&crew, &check, &crew.observation.target, err) && preflight_server(sessions, facts, err);
	*signal_to_raise = check.signal;
	crew_clear(&crew);
	loop_close(loop);
	return ok;
}

bool run_execute(const struct run_request *request, struct run_answer *answer, struct err *err)
{
	const struct crew_bodies bodies = {worker_main, observer_main};

	worker_warm_up(request->target);
	return run_with(request, &bodies, answer, err);
}
