/*
 * run: one run from its opening to its answer. The loop here is the only one: wait, take what came, step the phases.
 * Called by the commands, one run after another.
 */
#include "orchestrator/run_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/preflight.h"
#include "orchestrator/spawn.h"
#include "orchestrator/watchdog.h"
#include "orchestrator/place.h"
#include "shared/clock.h"
#include "shared/rng.h"

#define EVENTS_MOST 128
#define OBSERVER_INTERVAL_NS (100 * NS_PER_MS)
#define OBSERVER_LOAD_INTERVAL_NS (86400 * NS_PER_S) /* nobody asks what a session of a load run waited for */
#define OBSERVERS_MOST 3u

static uint32_t workers_of(const struct run_request *q)
{
	if (q->engine != ENGINE_PROCESS)
		return 1;
	return q->lanes && q->lanes < q->sessions ? q->lanes : q->sessions;
}

static uint32_t lanes_of(const struct run_request *q)
{
	if (q->engine == ENGINE_ASYNC || q->engine == ENGINE_SERIAL)
		return 1;
	return q->lanes && q->lanes < q->sessions ? q->lanes : q->sessions;
}

/* What all children share. The application name carries a number of its own, so that the observer can tell the
 * sessions of this run from any other's. */
static void fill_crew(struct run *run, const struct crew_bodies *bodies)
{
	const struct run_request *q = run->request;
	struct crew *crew = &run->crew;

	run->target = *q->target;
	if (run->target.connect_timeout_ns <= 0)
		run->target.connect_timeout_ns = 10 * NS_PER_S;
	snprintf(run->target.application_name, sizeof run->target.application_name, "pgparallel/%016llx",
	        (unsigned long long)rng_system());
	crew->bodies = *bodies;
	crew->hooks = run_hooks(run);
	crew->tickets = &run->tickets;
	crew->assignment = (struct assignment){.plan = run->plan,
	        .todo = run->todo,
	        .shm = run->shm,
	        .target = run->target,
	        .seed = q->seed,
	        .timeout_ns = run->options->timeout_ns,
	        .reconnect_for_ns = run->options->reconnect_for_ns,
	        .readonly = run->options->read_only,
	        .verify = run->options->verify_results};
	if (q->place && q->place->pin == PIN_SPLIT) {
		crew->assignment.cpus = q->place->cpus;
		crew->assignment.ncpus = q->place->ncpus;
	}
	crew->observation = (struct observation){.shm = run->shm,
	        .target = run->target,
	        .interval_ns = run->load ? OBSERVER_LOAD_INTERVAL_NS : OBSERVER_INTERVAL_NS,
	        .reconnect_for_ns = run->options->reconnect_for_ns};
}

static bool open_run(struct run *run, const struct crew_bodies *bodies, struct err *err)
{
	const struct run_request *q = run->request;
	struct allowance allowance;
	uint32_t lanes = lanes_of(q);

	if (q->sessions == 0)
		return err_set(err, EXIT_USAGE, "no session to run on: use -c 1 or more");
	spawn_collect();
	run->nworkers = workers_of(q);
	preflight_allowance(&allowance);
	const struct need need = {.sessions = q->sessions,
	        .workers = run->nworkers,
	        .lanes = lanes,
	        .log_files = run->options->log ? lanes : 0,
	        .programs = run->plan->scripts && scripts_run_programs(run->plan->scripts)};
	if (!preflight_machine(&need, &allowance, err))
		return false;
	if (run->plan->scripts) {
		if (!run_load_open(run, lanes, err))
			return false;
	} else {
		run->shm = shm_map(q->sessions, q->ntodo, (uint32_t)run->plan->ntasks, err);
	}
	if (!run->shm)
		return false;
	run->loop = loop_open(err);
	if (!run->loop)
		return false;
	run->todo = mem_alloc((q->ntodo + 1u) * sizeof *run->todo);
	if (q->ntodo > 0)
		memcpy(run->todo, q->todo, q->ntodo * sizeof *run->todo);
	run->ntodo = q->ntodo;
	if (run->options->verify_results)
		run->results = mem_zero((size_t)run->plan->ntasks + 1, sizeof *run->results);
	crew_init(&run->crew, run->loop, q->sessions, run->nworkers, lanes);
	fill_crew(run, bodies);
	run->preflight_ns = run->step_end_ns = loop_clock(run->loop);
	run->started_wall_us = clock_wall_us();
	run->parent_before = run_parent_usage(&(struct msg_usage){0});
	run->wall_offset_us = run->started_wall_us - run->preflight_ns / NS_PER_US;
	run->observer_again_ns = run->preflight_ns;
	run->stop.cancel_ns = run->stop.now_ns = run->stop.kill_ns = CLOCK_NEVER;
	run_enter(run, PHASE_PREFLIGHT, run->preflight_ns);
	return run_load_watch(run, err) && run_chaos_open(run, err);
}

/* A tick that came late: the process was stopped, or the machine was. Silence of that time is nobody's fault. */
static void watch_pause(struct run *run, int64_t now)
{
	int64_t gap = now - run->step_end_ns - RUN_TICK_NS;

	if (gap < RUN_PAUSE_NS)
		return;
	run->crew.resumed_ns = now;
	if (gap > run->paused_ns)
		run->paused_ns = gap;
	run_event(run, now, LEVEL_WARNING, "parent paused", "parent was not running for %.1f s", (double)gap / 1e9);
}

/* A long commit keeps the heartbeats from being looked at just as well. */
static void watch_work(struct run *run, int64_t begin)
{
	int64_t end = loop_clock(run->loop);

	if (end - begin >= RUN_PAUSE_NS) {
		run->crew.resumed_ns = end;
		run_event(run, end, LEVEL_WARNING, "parent busy", "parent was busy or not running for %.1f s",
		        (double)(end - begin) / 1e9);
		if (end - begin > run->paused_ns)
			run->paused_ns = end - begin;
	}
	run->step_end_ns = end;
}

/* An observer that died in the middle is started again: without one nothing is sampled, cancelled or swept. */
static void watch_observer(struct run *run, int64_t now)
{
	struct err err = {0};

	if (!run->observer_ended || run->nothing_ran || run->phase <= PHASE_OLD || run->sweep_asked ||
	        run->phase >= PHASE_SWEEP || run->observers >= OBSERVERS_MOST || run->stop.mode >= STOP_NOW)
		return;
	run->observers++;
	run->observer_ended = false;
	if (!crew_start(&run->crew, crew_observer(&run->crew), now, &err))
		run->observer_ended = true;
}

static int64_t step_progress(struct run *run, int64_t now)
{
	const struct tickets *t = &run->tickets;

	/* Five forks fit into one step, after which the phase is another already. */
	if (!run->progress && run->phase >= PHASE_SPAWN && run->phase <= PHASE_MEASURE)
		run->progress = progress_begin(run->options, run->plan, run->todo, run->shm,
		        engine_name(run->request->engine), 2, run->preflight_ns);
	if (!run->progress || run->phase < PHASE_SPAWN || run->phase > PHASE_MEASURE)
		return CLOCK_NEVER;
	if (now < run->progress_ns)
		return run->progress_ns;
	if (run->load)
		run->progress_ns = run_load_progress(run, now);
	else
		run->progress_ns = progress_step(run->progress, now, t->done, t->failed, t->unknown, t->n);
	return run->progress_ns;
}

static int64_t sooner(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* Nobody waits for us: tickets are released ahead, none is on its way back to a worker, and no stop is under way. */
static bool may_rest(const struct run *run, int64_t now)
{
	const struct tickets *t = &run->tickets;

	return run->phase == PHASE_MEASURE && !run->load && run->stop.mode == STOP_NONE && t->nqueue == 0 &&
	       tickets_in_store(t, atomic_load(&run->shm->next), now);
}

/* One step of the whole run; returns when the next is due at the latest. */
static int64_t run_step(struct run *run, const struct loop_event *events, size_t n, int64_t now)
{
	int64_t next = now + RUN_TICK_NS;

	watch_pause(run, now);
	for (size_t i = 0; i < n; i++)
		if (events[i].kind == LOOP_SIGNAL)
			run_signal(run, (int)events[i].who, now);
	crew_events(&run->crew, events, n, now);
	next = sooner(next, run_stop_step(run, now));
	next = sooner(next, crew_step(&run->crew, now));
	watch_observer(run, now);
	run_phase(run, now);
	if (client_cpu_due(&run->client_cpu, now)) {
		client_cpu_look(&run->client_cpu, &run->crew, now);
		record_client_sample(run, &run->client_cpu.look, now);
	}
	next = sooner(next, client_cpu_next(&run->client_cpu));
	next = sooner(next, run_load_step(run, now));
	next = sooner(next, run_chaos_step(run, now));
	next = sooner(next, record_step(run, now));
	run_log_starts(run, now);
	next = sooner(next, step_progress(run, now));
	next = sooner(next, run->deadline_ns);
	next = sooner(next, run->phase == PHASE_PREFLIGHT ? run->observer_again_ns : CLOCK_NEVER);
	next = sooner(next, tickets_retry_next(&run->tickets));
	if (run->phase == PHASE_SPAWN)
		next = now; /* more workers to fork */
	loop_may_rest(run->loop, may_rest(run, now));
	watch_work(run, now);
	return next;
}

/* The sums that must hold. What is wrong here is wrong in the program, and must be heard. */
static bool sums_hold(struct run *run)
{
	const struct tickets *t = &run->tickets;
	uint64_t tickets = (uint64_t)t->done + t->failed + t->unknown + t->not_run;
	uint64_t attempts = (uint64_t)t->attempts_done + t->attempts_failed + t->attempts_unknown;

	if (tickets == t->n && attempts == t->attempts && t->attempts_done >= t->done)
		return true;
	log_write(LEVEL_ERROR, NULL,
	        "internal error: the sums do not hold: %u tickets, but %u done + %u failed + %u unknown + %u not run; "
	        "%u attempts, but %u done + %u failed + %u unknown; please report this with the results file",
	        t->n, t->done, t->failed, t->unknown, t->not_run, t->attempts, t->attempts_done, t->attempts_failed,
	        t->attempts_unknown);
	return false;
}

static enum exit_code exit_code_of(const struct run *run)
{
	const struct tickets *t = &run->tickets;
	enum exit_code code = EXIT_DONE;

	if (run->nothing_ran)
		return run->err.code;
	if ((run->load ? run_load_short(run) : t->done != t->n) || run->teardown_failed ||
	        run->stop.state == RUN_ABORTED)
		code = EXIT_TASKS;
	if (t->checks_failed > 0)
		code = exit_code_worse(code, EXIT_GATE);
	/* No session ever came to life: the cause was the connection. */
	if (run->go_given && !run->crew.ever_connected)
		code = exit_code_worse(code, EXIT_CONNECT);
	return code;
}

struct run_sums run_sums_of(const struct run *run)
{
	const struct tickets *t = &run->tickets;

	if (run->load)
		return run_load_sums(run);
	return (struct run_sums){.done = t->done, .failed = t->failed, .unknown = t->unknown, .not_run = t->not_run};
}

static void finish(struct run *run)
{
	struct run_answer *answer = run->answer;

	run->store_ns = loop_clock(run->loop);
	watchdog_waits_for("the results to be written");
	if (run->progress)
		progress_end(run->progress);
	run->progress = NULL;
	bool hold = sums_hold(run);
	struct run_sums sums = run_sums_of(run);
	enum exit_code code = exit_code_of(run);
	if (!hold)
		code = EXIT_STORE;
	enum run_state state = run->nothing_ran              ? RUN_ABORTED
	                       : run->stop.mode != STOP_NONE ? run->stop.state
	                                                     : RUN_FINISHED;
	const char *reason = run->nothing_ran ? run->err.text : run->stop.reason;
	record_end(run, state, reason, code, run->store_ns);
	record_close(run);
	if (run->store_failed)
		code = EXIT_STORE;
	if (run->load_file_failed)
		code = exit_code_worse(code, EXIT_STORE);
	answer->exit_code = code;
	answer->stopped = run->stop.mode != STOP_NONE;
	answer->store_failed = run->store_failed;
	answer->done = sums.done;
	answer->failed = sums.failed;
	answer->unknown = sums.unknown;
	answer->not_run = sums.not_run;
}

static void close_run(struct run *run)
{
	crew_clear(&run->crew);
	run_load_close(run);
	run_chaos_close(run);
	tickets_clear(&run->tickets);
	loop_close(run->loop);
	if (run->shm)
		shm_unmap(run->shm);
	free(run->todo);
	free(run->results);
	free(run->facts);
	free(run->counters_before);
	run->origin_ns = 0;
	record_kept_sessions(run, 0);
	free(run->counters_after);
	client_cpu_clear(&run->client_cpu);
	free(run->old);
	free(run->logged_ns);
	watchdog_disarm();
}

bool run_with(
        const struct run_request *request, const struct crew_bodies *bodies, struct run_answer *answer, struct err *err)
{
	struct run *run = mem_zero(1, sizeof *run);
	struct loop_event events[EVENTS_MOST];
	int64_t now, next = 0;

	memset(answer, 0, sizeof *answer);
	run->request = request;
	run->options = request->options;
	run->plan = request->plan;
	run->answer = answer;
	run->store = request->store ? *request->store : NULL;
	bool ok = open_run(run, bodies, err);
	if (ok) {
		while (run->phase != PHASE_END) {
			size_t n = loop_wait(run->loop, next, events, EVENTS_MOST, &now);
			next = run_step(run, events, n, now);
		}
		finish(run);
		ok = !run->nothing_ran;
		if (!ok)
			*err = run->err;
	}
	close_run(run);
	free(run);
	return ok;
}
