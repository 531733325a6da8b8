/*
 * load_watch: see load_watch.h. Here: opening and closing, draining the rings, what is due when, and the verdict over
 * what a dead worker had in its hands.
 */
#include "orchestrator/load_watch_state.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared/clock.h"

#define DRAIN_FIRST_NS (20 * NS_PER_MS)
#define DRAIN_LEAST_NS (2 * NS_PER_MS)
#define DRAIN_MOST_NS (250 * NS_PER_MS)
#define DRAIN_RECORDS 4096u /* 200 kB of a lane */
#define CHUNK_NS NS_PER_S /* a chunk that is not full is written after so long */
#define TOTAL_HISTS 512 /* so many histograms are added up in a millisecond or two */

/* --- opening ---------------------------------------------------------------------------------------------------- */

static void lay_out(struct load_watch *watch)
{
	struct shm *shm = watch->run->shm;
	uint32_t session = 0, nlanes = watch->layout.nlanes;

	watch->lanes = mem_zero(nlanes + 1u, sizeof *watch->lanes);
	for (uint32_t l = 0; l < nlanes; l++) {
		struct watched_lane *lane = &watch->lanes[l];

		lane->lane = shm_load_lane(shm, l);
		lane->scripts = load_lane_scripts(&watch->layout, lane->lane);
		lane->commands = load_lane_commands(&watch->layout, lane->lane);
		lane->first_session = session;
		lane->nsessions = watch->nsessions / nlanes + (l < watch->nsessions % nlanes);
		session += lane->nsessions;
	}
}

static bool open_log(struct load_watch *watch, struct err *err)
{
	static unsigned opened; /* runs of this process so far: each has files of its own */
	const struct options *options = watch->run->options;
	const struct load_log_setting setting = {.prefix = options->log_prefix,
	        .pid = (long)getpid(),
	        .nth = opened + 1,
	        .nlanes = watch->layout.nlanes,
	        .nsessions = watch->nsessions,
	        .aggregate_ns = options->aggregate_ns,
	        .wall_offset_us = watch->run->wall_offset_us,
	        .detailed = options->failures_detailed,
	        .lag = watch->load->rate > 0,
	        .retries = watch->load->max_tries != 1};

	if (!options->log)
		return true;
	watch->log = load_log_open(&setting, err);
	opened += watch->log != NULL;
	return watch->log != NULL;
}

struct load_watch *load_watch_new(struct run *run, struct err *err)
{
	struct load_watch *watch = mem_zero(1, sizeof *watch);

	watch->run = run;
	watch->load = &run->plan->load;
	watch->layout = run->shm->load;
	watch->nsessions = run->request->sessions;
	watch->fd = STDERR_FILENO;
	watch->interval_ns = DRAIN_FIRST_NS;
	lay_out(watch);
	watch->judged = mem_zero(watch->layout.nscripts + 1u, sizeof *watch->judged);
	watch->chunk = mem_zero(LOAD_CHUNK_MOST, sizeof *watch->chunk);
	watch->service = mem_zero(1, sizeof *watch->service);
	watch->service_before = mem_zero(1, sizeof *watch->service);
	watch->between = mem_zero(1, sizeof *watch->between);
	if (watch->load->rate > 0) {
		watch->schedule = mem_zero(1, sizeof *watch->schedule);
		watch->schedule_before = mem_zero(1, sizeof *watch->schedule);
	}
	load_total_open(watch);
	if (open_log(watch, err))
		return watch;
	load_watch_free(watch);
	return NULL;
}

void load_watch_free(struct load_watch *watch)
{
	if (!watch)
		return;
	load_log_free(watch->log);
	load_total_close(watch);
	free(watch->lanes);
	free(watch->judged);
	free(watch->chunk);
	free(watch->service);
	free(watch->service_before);
	free(watch->schedule);
	free(watch->schedule_before);
	free(watch->between);
	free(watch);
}

/* --- records ---------------------------------------------------------------------------------------------------- */

static void write_chunk(struct load_watch *watch, int64_t now)
{
	if (watch->nchunk > 0)
		record_load_chunk(watch->run, watch->chunk, watch->nchunk, now);
	watch->nchunk = 0;
}

/* A broken worker may have written anything. */
static bool possible(const struct load_watch *watch, const struct watched_lane *lane, const struct load_record *r)
{
	int64_t latest = watch->now_ns + NS_PER_S;

	return r->session - lane->first_session < lane->nsessions && r->script < watch->layout.nscripts &&
	       r->outcome >= LOAD_DONE && r->outcome <= LOAD_UNKNOWN && r->end_ns >= watch->run->go_ns &&
	       r->end_ns <= latest && r->latency_ns >= 0 && r->latency_ns <= latest && r->lag_ns >= 0 &&
	       r->lag_ns <= latest;
}

static void log_record(struct load_watch *watch, uint32_t lane, const struct load_record *record)
{
	struct err err;
	struct run *run = watch->run;

	if (watch->log_failed || load_log_record(watch->log, lane, record, &err))
		return;
	watch->log_failed = true;
	run_event(run, watch->now_ns, LEVEL_INFO, "log file", "%.800s", err.text);
	run_stop(run, STOP_SOON, RUN_STOPPED, watch->now_ns, "a log file that could not be written");
}

static void take_record(struct load_watch *watch, uint32_t lane, const struct load_record *record, int64_t now)
{
	if (!possible(watch, &watch->lanes[lane], record)) {
		watch->damaged++;
		return;
	}
	load_outage_record(watch, record);
	run_chaos_record(watch->run, record);
	if (watch->log)
		log_record(watch, lane, record);
	if (watch->nchunk == 0)
		watch->chunk_ns = now;
	watch->chunk[watch->nchunk++] = *record;
	if (watch->nchunk == LOAD_CHUNK_MOST)
		write_chunk(watch, now);
}

/* Takes at most what was there when it began, so that a fast lane cannot hold the parent. Returns how many. */
static size_t drain_lane(struct load_watch *watch, uint32_t l, int64_t now)
{
	struct load_record some[128];
	struct load_lane *lane = watch->lanes[l].lane;
	size_t taken = 0, n;

	if (atomic_load_explicit(&lane->head, memory_order_relaxed) ==
	        atomic_load_explicit(&lane->tail, memory_order_relaxed))
		return 0;
	do {
		n = load_record_take(&watch->layout, lane, some, sizeof some / sizeof *some);
		for (size_t i = 0; i < n; i++)
			take_record(watch, l, &some[i], now);
		taken += n;
	} while (n == sizeof some / sizeof *some && taken < watch->layout.ring_size);
	return taken;
}

/* The next drain comes when the fullest ring is a quarter full by what came last, or holds as much as the caches of a
 * processor do; slowly later, at once sooner. */
static void pace(struct load_watch *watch, size_t most, int64_t now)
{
	int64_t since = now - watch->drained_ns, longest = 2 * watch->interval_ns;
	uint32_t full = watch->layout.ring_size / 4 < DRAIN_RECORDS ? watch->layout.ring_size / 4 : DRAIN_RECORDS;
	double due = most > 0 ? (double)since * full / (double)most : (double)DRAIN_MOST_NS;

	watch->interval_ns = due < (double)longest ? (int64_t)due : longest;
	if (watch->interval_ns < DRAIN_LEAST_NS)
		watch->interval_ns = DRAIN_LEAST_NS;
	if (watch->interval_ns > DRAIN_MOST_NS)
		watch->interval_ns = DRAIN_MOST_NS;
	watch->drained_ns = now;
	watch->drain_ns = now + watch->interval_ns;
}

static void drain(struct load_watch *watch, int64_t now)
{
	size_t most = 0;

	for (uint32_t l = 0; l < watch->layout.nlanes && watch->layout.ring_size > 0; l++) {
		size_t n = drain_lane(watch, l, now);

		most = n > most ? n : most;
	}
	pace(watch, most, now);
	if (watch->nchunk > 0 && now - watch->chunk_ns >= CHUNK_NS)
		write_chunk(watch, now);
}

/* --- steps ------------------------------------------------------------------------------------------------------ */

/* What a parent that is killed leaves behind are the last totals: they are written every second, and less often where
 * adding up takes longer. */
static int64_t total_pause(const struct load_watch *watch)
{
	int64_t hists = (int64_t)watch->layout.nlanes *
	                ((int64_t)watch->layout.nscripts * (watch->load->rate > 0 ? 3 : 1) + watch->layout.ncommands);
	int64_t times = 1 + hists / TOTAL_HISTS;

	return (times < 10 ? times : 10) * NS_PER_S;
}

static void begin(struct load_watch *watch)
{
	int64_t go = watch->run->go_ns;

	load_series_begin(watch);
	if (watch->log)
		load_log_begin(watch->log, watch->begin_ns);
	watch->drained_ns = go;
	watch->drain_ns = go + watch->interval_ns;
	watch->total_ns = go + total_pause(watch);
}

int64_t load_watch_step(struct load_watch *watch, int64_t now)
{
	int64_t next;

	if (!watch->run->go_given || watch->ended)
		return CLOCK_NEVER;
	watch->now_ns = now;
	if (watch->begin_ns == 0)
		begin(watch);
	/* Before a look, so that it knows the same as the records. */
	if (now >= watch->drain_ns || now >= watch->look_ns)
		drain(watch, now);
	next = load_sooner(watch->drain_ns, load_series_look(watch, now));
	next = load_sooner(next, load_progress_step(watch, now));
	if (now >= watch->total_ns) {
		load_total_write(watch, now);
		watch->total_ns = now + total_pause(watch);
	}
	return load_sooner(next, watch->total_ns);
}

/* --- dead workers ----------------------------------------------------------------------------------------------- */

/* The transaction that was lost gets a record, as any other; its place says when it began. */
static void record_judged(
        struct load_watch *watch, uint32_t lane, uint32_t session, uint32_t script, bool unknown, int64_t now)
{
	const struct slot *slot = shm_slot(watch->run->shm, session);
	int64_t began = atomic_load(&slot->taken_ns);
	struct load_record record = {.end_ns = now,
	        .latency_ns = began > 0 && began <= now ? now - began : 0,
	        .session = session,
	        .sqlstate = LOAD_NO_SQLSTATE,
	        .script = (uint16_t)script,
	        .outcome = unknown ? LOAD_UNKNOWN : LOAD_FAILED,
	        .number = (uint32_t)atomic_load(&slot->tx_counted) & 0xffffffu};

	if (watch->layout.ring_size > 0)
		take_record(watch, lane, &record, now);
}

/* Outcomes that the lane counted and no session of it has in its tx_counted: the one in whose counting it died. */
static bool died_counting(const struct load_watch *watch, const struct watched_lane *lane)
{
	uint64_t outcomes = 0, counted = 0;

	for (uint32_t s = 0; s < watch->layout.nscripts; s++) {
		const struct load_script *script = &lane->scripts[s];

		outcomes += load_counter(&script->done) + load_counter(&script->failed) +
		            load_counter(&script->skipped) + load_counter(&script->unknown);
	}
	for (uint32_t s = 0; s < lane->nsessions; s++)
		counted += load_counter(&shm_slot(watch->run->shm, lane->first_session + s)->tx_counted);
	return outcomes + lane->judged == counted + 1;
}

static bool in_flight(const struct slot *slot)
{
	return atomic_load(&slot->tx_started) != atomic_load(&slot->tx_ended);
}

/* That outcome's session, as far as can be told: of those with something in flight the one that was stepped last. */
static void settle_counted(struct load_watch *watch, const struct watched_lane *lane)
{
	struct slot *last = NULL;

	if (!died_counting(watch, lane))
		return;
	for (uint32_t s = 0; s < lane->nsessions; s++) {
		struct slot *slot = shm_slot(watch->run->shm, lane->first_session + s);

		if (in_flight(slot) && (!last || atomic_load(&slot->heartbeat_ns) > atomic_load(&last->heartbeat_ns)))
			last = slot;
	}
	/* It may have sent nothing, or have been skipped: then those in flight are still to be judged. */
	bool may_be_skipped = watch->load->rate > 0 && watch->load->latency_limit_ns > 0;
	if (!last)
		last = shm_slot(watch->run->shm, lane->first_session);
	else if (!may_be_skipped)
		atomic_fetch_add(&last->tx_ended, 1);
	atomic_fetch_add(&last->tx_counted, 1);
}

static void judge_one(struct load_watch *watch, uint32_t lane, uint32_t session, uint32_t script, int64_t now)
{
	struct slot *slot = shm_slot(watch->run->shm, session);
	uint32_t stage = atomic_load(&slot->stage);
	/* In a block whose COMMIT was not sent, and between two tries, it is known that nothing was applied. */
	bool unknown = stage != SLOT_SAFE && stage != SLOT_BACKOFF;

	if (unknown)
		watch->judged[script].unknown++;
	else
		watch->judged[script].failed++;
	watch->lanes[lane].judged++;
	atomic_fetch_add(&slot->tx_counted, 1);
	record_judged(watch, lane, session, script, unknown, now);
}

static void judge_session(struct load_watch *watch, uint32_t lane, uint32_t session, int64_t now)
{
	struct slot *slot = shm_slot(watch->run->shm, session);
	uint64_t started = atomic_load(&slot->tx_started), ended = atomic_load(&slot->tx_ended);
	uint64_t most = watch->load->pipeline > 1 ? watch->load->pipeline : 1;
	uint32_t which = atomic_load(&slot->tx_script), script = which & ~SLOT_TX_WARMUP;

	atomic_store(&slot->tx_ended, started);
	if (script >= watch->layout.nscripts)
		return;
	for (uint64_t n = started - ended < most ? started - ended : most; n > 0; n--) {
		if (which & SLOT_TX_WARMUP)
			watch->judged_warmed++;
		else
			judge_one(watch, lane, session, script, now);
	}
}

void load_watch_ended(struct load_watch *watch, const struct member *m, int64_t now)
{
	if (m->kind != MEMBER_WORKER || !watch->run->go_given || watch->ended)
		return;
	watch->now_ns = now;
	if (watch->begin_ns == 0)
		begin(watch);
	for (uint32_t l = m->first_lane; l < m->first_lane + m->nlanes && l < watch->layout.nlanes; l++) {
		const struct watched_lane *lane = &watch->lanes[l];

		if (watch->layout.ring_size > 0)
			drain_lane(watch, l, now);
		settle_counted(watch, lane);
		for (uint32_t s = 0; s < lane->nsessions; s++)
			judge_session(watch, l, lane->first_session + s, now);
	}
}

/* --- the end ---------------------------------------------------------------------------------------------------- */

bool load_watch_end(struct load_watch *watch, int64_t now, struct err *err)
{
	if (watch->ended)
		return !watch->log_failed;
	watch->now_ns = now;
	if (watch->run->go_given) {
		if (watch->begin_ns == 0)
			begin(watch);
		drain(watch, now);
		write_chunk(watch, now);
		load_series_last(watch, now);
		load_progress_last(watch, now);
		load_total_write(watch, now);
	}
	watch->ended = true;
	return !watch->log || load_log_end(watch->log, err);
}

void load_watch_counts(const struct load_watch *watch, struct load_counts *counts)
{
	struct load_sums sums;

	load_sum(watch, &sums);
	*counts = (struct load_counts){.done = sums.done,
	        .failed = sums.failed,
	        .skipped = sums.skipped,
	        .unknown = sums.unknown,
	        .warmed = sums.warmed,
	        .aborted = sums.aborted,
	        .retries = sums.retries};
}

void load_watch_progress(const struct load_watch *watch, struct progress_load *out)
{
	struct load_sums sums;

	load_sum(watch, &sums);
	*out = (struct progress_load){.done = sums.done,
	        .failed = sums.failed,
	        .unknown = sums.unknown,
	        .warmup = watch->begin_ns == 0 || watch->now_ns < watch->begin_ns,
	        .rate = watch->rate,
	        .latency_ns = watch->latency_ns,
	        .sessions = watch->nsessions};
	for (uint32_t s = 0; s < watch->nsessions; s++) {
		uint32_t stage = atomic_load_explicit(&shm_slot(watch->run->shm, s)->stage, memory_order_relaxed);

		out->connected += stage >= SLOT_READY && stage <= SLOT_BACKOFF;
	}
}
