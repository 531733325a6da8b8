/*
 * run_load: what is different in a run of scripts in a loop. It has no tickets: lanes know when to stop and the parent
 * looks on (load_watch), so the run is over when every living worker says that its sessions have ended their loops.
 */
#include "orchestrator/run_state.h"

#include "orchestrator/load_watch.h"
#include "shared/clock.h"

#define LATE_NS (10 * NS_PER_S) /* after -T: then it is said that transactions still run */

bool run_load_open(struct run *run, uint32_t lanes, struct err *err)
{
	const struct plan *plan = run->plan;
	struct load_layout layout;
	uint32_t ncommands = plan->load.per_command ? (uint32_t)plan->scripts->ncommands : 0;

	if (!load_layout(&layout, lanes, (uint32_t)plan->scripts->nscripts, ncommands, plan->load.sampling_rate > 0))
		return err_set(err, EXIT_USAGE, "%u lanes with %d scripts need more memory than there can be: use -j",
		        lanes, plan->scripts->nscripts);
	run->shm = shm_map_load(run->request->sessions, &layout, err);
	if (!run->shm)
		return false;
	run->load = true;
	return true;
}

bool run_load_watch(struct run *run, struct err *err)
{
	run->watch = run->load ? load_watch_new(run, err) : NULL;
	return run->watch || !run->load;
}

void run_load_close(struct run *run)
{
	load_watch_free(run->watch);
	run->watch = NULL;
}

int64_t run_load_step(struct run *run, int64_t now)
{
	if (!run->watch || !run->go_given || run->load_ended)
		return CLOCK_NEVER;
	return load_watch_step(run->watch, now);
}

void run_load_ended(struct run *run, const struct member *m, int64_t now)
{
	struct load_counts before, after;

	if (!run->watch || !run->go_given)
		return;
	load_watch_counts(run->watch, &before);
	load_watch_ended(run->watch, m, now);
	load_watch_counts(run->watch, &after);
	if (run->shm->load.ring_size == 0) /* else they have records */
		run_chaos_judged(run, m, after.unknown - before.unknown, after.failed - before.failed);
}

/* --- while it goes on ------------------------------------------------------------------------------------------- */

/* Whether its sessions have anything left to do. */
static bool sessions_left(const struct run *run, const struct member *m, int64_t now)
{
	const struct load *load = &run->plan->load;

	if (load->transactions == 0)
		return now < load_end_ns(load, run->go_ns);
	for (uint32_t s = m->first_session; s < m->first_session + m->nsessions; s++)
		if (atomic_load(&shm_slot(run->shm, s)->tx_counted) < (uint64_t)load->transactions)
			return true;
	return false;
}

/* Whether a replacement of this worker would have. */
bool run_load_left(const struct run *run, const struct member *m, int64_t now)
{
	/* Its sessions have ended their loops, or were ended by errors. */
	return !m->idle && sessions_left(run, m, now);
}

bool run_load_unfinished(const struct run *run, int64_t now)
{
	for (uint32_t i = 0; i < run->nworkers; i++)
		if (sessions_left(run, &run->crew.members[i], now))
			return true;
	return false;
}

bool run_load_over(const struct run *run)
{
	const struct crew *crew = &run->crew;

	if (crew_coming(crew) == 0)
		return true;
	if (run->stop.mode != STOP_NONE)
		return run->stop.mode != STOP_NOW && crew_all_idle(crew);
	return crew_coming(crew) == crew_living(crew) && crew_all_idle(crew);
}

static void halt(struct run *run, const struct load_counts *c, int64_t now)
{
	enum halt when = run->options->halt;

	if (c->aborted > 0 && run->plan->load.exit_on_abort) {
		run_stop(run, STOP_CANCEL, RUN_ABORTED, now, "a session ended because of an error (--exit-on-abort)");
	} else if (c->failed + c->unknown + c->aborted > 0 && when != HALT_NEVER) {
		run->stop.patient = when == HALT_SOON;
		run_stop(run, when == HALT_SOON ? STOP_SOON : STOP_CANCEL, RUN_STOPPED, now,
		        "--halt=%s after a transaction that was not done", when == HALT_SOON ? "soon" : "now");
	}
}

/* The last transactions get the time they need, as with pgbench; whoever waits for them is told. */
static void tell_late(struct run *run, int64_t now)
{
	int64_t end = load_end_ns(&run->plan->load, run->go_ns);

	if (run->load_told_late || end == CLOCK_NEVER || now < end + LATE_NS)
		return;
	run->load_told_late = true;
	run_event(run, now, LEVEL_WARNING, "transactions late",
	        "the time (-T) was over %.0f s ago and some transactions still run: they are waited for; Ctrl-C gives "
	        "them up",
	        (double)(now - end) / 1e9);
}

int64_t run_load_progress(struct run *run, int64_t now)
{
	struct progress_load load;

	load_watch_progress(run->watch, &load);
	return progress_step_load(run->progress, now, &load);
}

void run_load_measure(struct run *run, int64_t now)
{
	struct load_counts counts;

	if (run->stop.mode != STOP_NONE)
		return;
	load_watch_counts(run->watch, &counts);
	halt(run, &counts, now);
	tell_late(run, now);
}

/* --- the end ---------------------------------------------------------------------------------------------------- */

/* All workers are gone, or will never have begun. */
void run_load_end(struct run *run, int64_t now)
{
	struct err err = {0};

	if (!run->watch || run->load_ended)
		return;
	run->load_ended = true;
	for (uint32_t l = 0; l < run->shm->load.nlanes; l++) {
		int64_t last = atomic_load(&shm_load_lane(run->shm, l)->last_ns);
		if (last > run->last_end_ns && last <= now)
			run->last_end_ns = last;
	}
	if (load_watch_end(run->watch, now, &err))
		return;
	run->load_file_failed = true;
	log_write(LEVEL_ERROR, NULL, "%s", err.text);
}

/* As transactions of a run are counted where tickets of one are. */
static uint32_t narrow(uint64_t count)
{
	return count < UINT32_MAX ? (uint32_t)count : UINT32_MAX;
}

struct run_sums run_load_sums(const struct run *run)
{
	struct load_counts c = {0};

	if (run->watch)
		load_watch_counts(run->watch, &c);
	return (struct run_sums){.done = narrow(c.done),
	        .failed = narrow(c.failed),
	        .unknown = narrow(c.unknown),
	        .not_run = narrow(c.skipped),
	        .aborted = narrow(c.aborted)};
}

/* What was asked for was not all done: a part failed or is in doubt, a session ended early or never began, or the run
 * was stopped. What -L skipped was asked for. */
bool run_load_short(const struct run *run)
{
	struct run_sums s = run_load_sums(run);
	uint64_t counted = (uint64_t)s.done + s.failed + s.unknown + s.not_run;
	uint64_t due = (uint64_t)run->plan->load.transactions * run->request->sessions;

	return s.failed + s.unknown + s.aborted > 0 || run->stop.mode != STOP_NONE || run->sessions_missing > 0 ||
	       counted < due;
}
