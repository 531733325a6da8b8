/*
 * run_phase: the phases of a run, one switch. Each phase looks at what is known, and either stays or goes on; none
 * waits. A stopped run takes the shortest way: no new worker, no new ticket, then REAP, TEARDOWN, SWEEP as ever.
 */
#include "orchestrator/holes.h"
#include "orchestrator/run_state.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "orchestrator/spawn.h"
#include "orchestrator/watchdog.h"
#include "shared/clock.h"

#define SPAWN_PER_STEP 16u
#define REAP_NS (5 * NS_PER_S)
#define SWEEP_NS (10 * NS_PER_S)
#define SWEEP_SIGNALLED_NS (4 * NS_PER_S) /* so that all of it ends before the watchdog bites */
#define REHEARSE_AFTER (100 * NS_PER_MS)
#define REHEARSE_MOST 1000 /* tickets */
#define LOOK_NS (50 * NS_PER_MS) /* for a session that held its ticket as the limit was raised */
#define GO_LEAD_NS (400 * NS_PER_US)
#define GO_LEAD_PER_WORKER_NS (20 * NS_PER_US)

void run_enter(struct run *run, enum phase phase, int64_t now)
{
	run->phase = phase;
	run->phase_ns = now;
	run->deadline_ns = CLOCK_NEVER;
}

static void close_tickets(struct run *run, int64_t now)
{
	uint32_t position = 0;
	enum outcome state;

	while (run->crew.doubt.any && tickets_lost(&run->tickets, atomic_load(&run->shm->next), &position))
		crew_found(&run->crew, position, now);
	while (tickets_close_next(&run->tickets, &position, &state)) {
		/* One that was never released has no row, and needs none. */
		if (run->store && run->id && (position < run->tickets.limit || state != OUTCOME_NONE))
			record_ticket(run, position, now);
	}
}

static void ask_sweep(struct run *run)
{
	struct member *observer = crew_observer(&run->crew);

	if (run->sweep_asked || observer->state != MEMBER_LIVING)
		return;
	run->sweep_asked = true;
	observer->leaving = true;
	if (run->facts)
		crew_send_plain(&run->crew, observer, MSG_SWEEP);
	else
		crew_stop(&run->crew, observer, STOP_EXIT);
}

static void sweep(struct run *run, int64_t now)
{
	run_enter(run, PHASE_SWEEP, now);
	watchdog_waits_for("the observer to look for sessions left on the server");
	if (crew_observer(&run->crew)->state != MEMBER_LIVING)
		return;
	int64_t most = run->stop.signals > 0 ? SWEEP_SIGNALLED_NS : SWEEP_NS;
	run->deadline_ns = now + (run->stop.signals > 1 ? NS_PER_S / 2 : run->facts ? most : NS_PER_S);
	ask_sweep(run);
}

static bool has_teardown(const struct run *run)
{
	return run->plan->teardown && (run->setup_begun || run->go_given);
}

static void start_special(struct run *run, const struct task *task, int64_t now)
{
	struct err err = {0};

	run->special_ended = false;
	run->special_outcome = OUTCOME_NONE;
	run->special_text[0] = '\0';
	if (crew_start_special(&run->crew, task, now, &err))
		return;
	run->special_ended = true;
	snprintf(run->special_text, sizeof run->special_text, "%.500s", err.text);
}

static void teardown(struct run *run, int64_t now)
{
	run->reap_end_ns = run->reap_end_ns ? run->reap_end_ns : now;
	close_tickets(run, now);
	run_load_end(run, now);
	run_stop_settled(run);
	if (!has_teardown(run) || run->stop.signals > 1) {
		sweep(run, now);
		return;
	}
	run_enter(run, PHASE_TEARDOWN, now);
	watchdog_waits_for("@teardown to end");
	run_stop_teardown(run, now);
	start_special(run, run->plan->teardown, now);
}

static void reap(struct run *run, int64_t now)
{
	if (client_cpu_end(&run->client_cpu, &run->crew, now))
		record_client_sample(run, &run->client_cpu.look, now);
	run_enter(run, PHASE_REAP, now);
	run->drain_end_ns = now;
	run->crew.replace = false;
	run->deadline_ns = now + REAP_NS;
	watchdog_waits_for("the workers to leave");
	atomic_store(&run->shm->stop_mode, (uint32_t)STOP_EXIT);
	for (uint32_t i = 0; i < run->nworkers; i++)
		crew_stop(&run->crew, &run->crew.members[i], STOP_EXIT);
	record_soon(run, now); /* while they do */
}

void run_refuse(struct run *run, enum exit_code code, int64_t now, const char *format, ...)
{
	va_list arguments;

	if (!run->nothing_ran) {
		run->nothing_ran = true;
		run->err.code = code;
		va_start(arguments, format);
		vsnprintf(run->err.text, sizeof run->err.text, format, arguments);
		va_end(arguments);
	}
	if (run->phase < PHASE_REAP)
		reap(run, now);
}

/* --- SETUP, SPAWN, CONNECT -------------------------------------------------------------------------------------- */

static void begin_spawn(struct run *run, int64_t now)
{
	run_enter(run, PHASE_SPAWN, now);
	if (!run->request->preconnected)
		run->origin_ns = now;
	run->crew.replace = true;
	crew_tell(&run->crew);
}

static void begin_setup(struct run *run, int64_t now)
{
	if (!run->plan->setup || run->request->skip_setup) {
		begin_spawn(run, loop_clock(run->loop));
		return;
	}
	if (run->id == 0 && !record_open(run, now))
		return;
	run_enter(run, PHASE_SETUP, now);
	run->setup_ns = run->setup_ns ? run->setup_ns : now;
	run->setup_begun = true;
	start_special(run, run->plan->setup, now);
}

void run_begin(struct run *run, int64_t now)
{
	if (!run->request->vacuum) {
		begin_setup(run, now);
		return;
	}
	if (!record_open(run, now))
		return;
	run_enter(run, PHASE_VACUUM, now);
	run->setup_ns = now;
	start_special(run, run->request->vacuum, now);
}

/* As pgbench, which goes on whatever becomes of it: scripts need not use its tables. Its own scripts do. */
static void phase_vacuum(struct run *run, int64_t now)
{
	struct member *special = crew_special(&run->crew);
	bool missing = strncmp(run->special_text, "42P01", 5) == 0;

	if (!run->special_ended) {
		if (special->idle && !special->leaving)
			crew_stop(&run->crew, special, STOP_EXIT);
		return;
	}
	run->setup_end_ns = now;
	if (run->stop.mode != STOP_NONE) {
		reap(run, now);
	} else if (missing && run->plan->load.ask_scale) {
		run_refuse(run, EXIT_USAGE, now,
		        "the tables of the built-in scripts are not there (%.200s): create them with pgbench -i",
		        run->special_text);
	} else {
		if (run->special_outcome != OUTCOME_DONE)
			run_event(run, now, missing ? LEVEL_INFO : LEVEL_WARNING, "not vacuumed",
			        "pgbench's tables were not vacuumed and emptied before the run (-n leaves that out): "
			        "%.300s",
			        run->special_text);
		begin_setup(run, now);
	}
}

static void phase_setup(struct run *run, int64_t now)
{
	struct member *special = crew_special(&run->crew);

	if (!run->special_ended) {
		if (special->idle && !special->leaving)
			crew_stop(&run->crew, special, STOP_EXIT);
		return;
	}
	run->setup_end_ns = run->special_outcome == OUTCOME_DONE ? now : 0;
	if (run->special_outcome != OUTCOME_DONE)
		run_stop(run, STOP_SOON, RUN_ABORTED, now, "@setup did not succeed: %.200s", run->special_text);
	if (run->stop.mode != STOP_NONE) {
		reap(run, now);
		return;
	}
	run_event(run, now, LEVEL_INFO, "setup finished", "@setup finished");
	record_phases(run, now);
	begin_spawn(run, loop_clock(run->loop));
}

static void phase_spawn(struct run *run, int64_t now)
{
	struct err err = {0};
	struct hole *holes = run->spawned < run->nworkers ? holes_fill() : NULL;

	for (uint32_t i = 0; i < SPAWN_PER_STEP && run->spawned < run->nworkers; i++, run->spawned++) {
		struct member *m = &run->crew.members[run->spawned];
		if (run->stop.mode != STOP_NONE)
			break;
		if (m->state == MEMBER_LIVING) /* forked while the observer connected */
			continue;
		if (!crew_start(&run->crew, m, now, &err))
			crew_start_later(&run->crew, m, now, &err);
	}
	holes_free(holes);
	int64_t end = loop_clock(run->loop);
	/* The run's row and its first tickets while the first workers connect: nothing is taken before GO. */
	if (run->row_begin_ns == 0)
		run->row_begin_ns = end;
	if (run->id == 0 && !record_open(run, now))
		return;
	record_release(run, now);
	if (run->row_end_ns == 0)
		run->row_end_ns = loop_clock(run->loop);
	if (run->stop.mode != STOP_NONE) {
		reap(run, now);
		return;
	}
	if (run->spawned < run->nworkers)
		return;
	run->spawn_end_ns = end;
	run_enter(run, PHASE_CONNECT, end);
	run->deadline_ns = end + run->options->reconnect_for_ns + run_connect_budget(&run->target) + 5 * NS_PER_S;
}

static void go(struct run *run)
{
	spawn_plant("barrier");
	run->go_ns = loop_clock(run->loop) + GO_LEAD_NS + GO_LEAD_PER_WORKER_NS * run->nworkers;
	atomic_store(&run->shm->go_ns, run->go_ns);
	run->go_given = run->crew.go_given = true;
	for (uint32_t i = 0; i < run->nworkers; i++)
		crew_send_plain(&run->crew, &run->crew.members[i], MSG_GO);
	/* While the instant comes nearer: the first reading is before any task. */
	client_cpu_begin(&run->client_cpu, &run->crew, loop_clock(run->loop));
	run_enter(run, PHASE_MEASURE, run->go_ns);
	record_phases(run, run->go_ns);
}

static bool any_hopeless(const struct run *run)
{
	for (uint32_t i = 0; i < run->nworkers; i++)
		if (run->crew.members[i].hopeless)
			return true;
	return false;
}

static uint32_t least_workers(const struct run *run)
{
	uint32_t least = run->options->min_workers > 0 ? (uint32_t)run->options->min_workers : 1;

	return least < run->nworkers ? least : run->nworkers;
}

static void phase_connect(struct run *run, int64_t now)
{
	struct crew *crew = &run->crew;

	if (run->stop.mode != STOP_NONE) {
		reap(run, now);
		return;
	}
	bool hopeless = any_hopeless(run);
	if (!hopeless && crew_count(crew, SESSION_PENDING) > 0 && now < run->deadline_ns)
		return;
	run->ready_sessions = crew_count(crew, SESSION_READY);
	uint32_t usable = crew_usable(crew), least = least_workers(run);
	if (usable == 0 && !run->refusal.text[0] && crew->fork_error.text[0]) {
		run_refuse(run, EXIT_TASKS, now, "%s", crew->fork_error.text);
		return;
	}
	if (hopeless || usable == 0) {
		run_refuse(run, EXIT_CONNECT, now, "%s be made ready: %.800s",
		        usable == 0 ? "no session could" : "a session could not",
		        run->refusal.text[0] ? run->refusal.text : "no answer in time");
		return;
	}
	if (usable < least) {
		run_stop(run, STOP_SOON, RUN_ABORTED, now, "%u of %u workers are ready, --min-workers=%u", usable,
		        run->nworkers, least);
		reap(run, now);
		return;
	}
	if (run->ready_sessions < run->request->sessions)
		run_event(run, now, LEVEL_WARNING, "sessions missing", "%u of %u sessions are ready: %.700s",
		        run->ready_sessions, run->request->sessions, run->refusal.text);
	run->connected_ns = now;
	if (run->origin_ns == 0) {
		run->origin_ns = now;
		record_kept_sessions(run, now);
	}
	go(run);
}

/* --- MEASURE and after ------------------------------------------------------------------------------------------ */

bool run_is_over(const struct run *run)
{
	if (run->load)
		return run_load_over(run);
	if (run->tickets.n == 0 || tickets_all_final(&run->tickets))
		return true;
	if (crew_coming(&run->crew) == 0)
		return true;
	if (run->stop.mode == STOP_NONE)
		return false;
	return run->stop.mode != STOP_NOW && crew_all_idle(&run->crew);
}

static void find_lost(struct run *run, int64_t now)
{
	/* The counter first: a ticket below it was taken before its taker was seen without work. */
	uint64_t next = atomic_load(&run->shm->next);

	if (next >= run->tickets.n && run->crew.exhausted_ns == 0)
		run->crew.exhausted_ns = loop_clock(run->loop);
	if (run->stop.mode != STOP_NONE || !crew_parked(&run->crew) || crew_drain(&run->crew, now))
		return;
	uint32_t found = 0, position = 0;
	if (!crew_parked(&run->crew))
		return;
	for (; tickets_lost(&run->tickets, next, &position); found++)
		crew_found(&run->crew, position, now);
	if (found > 0)
		run_event(run, now, LEVEL_WARNING, "tickets found",
		        run->crew.doubt.any
		                ? "%u tickets were in the hands of a worker that said something impossible"
		                : "%u tickets were taken by a worker that died before it began them: handed out again",
		        found);
}

/* Places whose workers died too often or could not be started: nobody will come there. */
static uint32_t stopped_places(const struct run *run)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < run->nworkers; i++)
		n += run->crew.members[i].state == MEMBER_STOPPED;
	return n;
}

/* The server gets back the connections that nothing is left for, and the end of the run has less to do. */
static void let_go(struct run *run)
{
	const struct tickets *t = &run->tickets;
	uint32_t final = t->done + t->failed + t->unknown + t->not_run;

	if (atomic_load(&run->shm->next) >= t->n && final < t->n)
		crew_let_go(&run->crew, t->n - final);
}

/* When every ticket is out there is nothing to do but to wait. Only once, and only where it is soon done. */
static void rehearse(struct run *run, int64_t now)
{
	if (run->rehearsed || now - run->go_ns < REHEARSE_AFTER || run->tickets.n > REHEARSE_MOST ||
	        atomic_load(&run->shm->next) < run->tickets.n)
		return;
	run->rehearsed = true;
	if (run->request->rehearse && run->store && run->id != 0)
		run->request->rehearse(run->request->rehearse_context, run->store, run->id);
}

static void phase_measure(struct run *run, int64_t now)
{
	struct crew *crew = &run->crew;
	uint32_t position;

	while (tickets_gone_overdue(
	        &run->tickets, crew_observer(crew)->state == MEMBER_LIVING ? now : CLOCK_NEVER, &position))
		record_ticket(run, position, now);
	if (run->load)
		run_load_measure(run, now);
	else if (run->stop.mode == STOP_NONE) {
		record_release(run, now);
		find_lost(run, now);
		crew_retries(crew, now);
		let_go(run);
		rehearse(run, now);
		if (now - run->looked_ns >= LOOK_NS) {
			run->looked_ns = now;
			crew_release(crew);
		}
	}
	if (run->stop.mode == STOP_NONE && stopped_places(run) > run->nworkers - least_workers(run))
		run_stop(run, STOP_SOON, RUN_ABORTED, now, "fewer than --min-workers=%d workers are left: %.150s",
		        run->options->min_workers, run->refusal.text);
	if (!run_is_over(run)) {
		if (run->stop.mode == STOP_NONE && crew_count(crew, SESSION_GAVE_UP) == run->request->sessions)
			run_stop(run, STOP_SOON, RUN_ABORTED, now, "no session is left: %.200s", run->refusal.text);
		return;
	}
	bool unfinished =
	        run->load ? crew_living(crew) == 0 && run_load_unfinished(run, now) : !tickets_all_final(&run->tickets);
	if (unfinished && run->stop.mode == STOP_NONE)
		run_stop(run, STOP_SOON, RUN_ABORTED, now, "no worker is left: %.200s", run->refusal.text);
	run->sessions_missing = crew_count(crew, SESSION_GAVE_UP);
	reap(run, now);
}

static void phase_reap(struct run *run, int64_t now)
{
	if (crew_living(&run->crew) == 0 && crew_special(&run->crew)->state != MEMBER_LIVING) {
		teardown(run, now);
		return;
	}
	/* The last look need not wait for the ends of processes whose sessions have ended. */
	if (run->stop.mode == STOP_NONE && !has_teardown(run) && crew_parted(&run->crew))
		ask_sweep(run);
	if (now < run->deadline_ns)
		return;
	run->deadline_ns = CLOCK_NEVER;
	for (uint32_t i = 0; i < run->nworkers; i++)
		crew_kill(&run->crew, &run->crew.members[i], "it did not leave within 5 s");
	crew_kill(&run->crew, crew_special(&run->crew), "it did not leave within 5 s");
}

static void phase_teardown(struct run *run, int64_t now)
{
	struct member *special = crew_special(&run->crew);

	if (!run->special_ended) {
		if (special->idle && !special->leaving)
			crew_stop(&run->crew, special, STOP_EXIT);
		return;
	}
	if (run->special_outcome != OUTCOME_DONE) {
		run->teardown_failed = true;
		run_event(
		        run, now, LEVEL_WARNING, "teardown failed", "@teardown did not succeed: %s", run->special_text);
	}
	sweep(run, now);
}

static void phase_sweep(struct run *run, int64_t now)
{
	struct member *observer = crew_observer(&run->crew);

	/* It has said all it knows: its process may end while the results are written. */
	if (observer->state != MEMBER_LIVING || (run->swept_came && observer->parted)) {
		run_enter(run, PHASE_END, now);
		return;
	}
	if (now < run->deadline_ns)
		return;
	run->deadline_ns = CLOCK_NEVER;
	if (run->facts && !run->swept_came)
		run_event(run, now, LEVEL_WARNING, "not swept",
		        "the observer did not answer in time: whether sessions of this run are left is not known");
	crew_kill(&run->crew, observer, "no answer in time");
}

void run_phase(struct run *run, int64_t now)
{
	enum phase before;

	/* A phase that ends at once is followed by the next in the same step. */
	do {
		before = run->phase;
		switch (run->phase) {
		case PHASE_PREFLIGHT:
			run_phase_preflight(run, now);
			break;
		case PHASE_OLD:
			run_phase_old(run, now);
			break;
		case PHASE_VACUUM:
			phase_vacuum(run, now);
			break;
		case PHASE_SETUP:
			phase_setup(run, now);
			break;
		case PHASE_SPAWN:
			phase_spawn(run, now);
			break;
		case PHASE_CONNECT:
			phase_connect(run, now);
			break;
		case PHASE_MEASURE:
			phase_measure(run, now);
			break;
		case PHASE_REAP:
			phase_reap(run, now);
			break;
		case PHASE_TEARDOWN:
			phase_teardown(run, now);
			break;
		case PHASE_SWEEP:
			phase_sweep(run, now);
			break;
		case PHASE_END:
			break;
		}
	} while (run->phase != before);
}
