/*
 * fake_lanes: a load run without processes: shared memory that the test fills as lanes do, and the parent's part of a
 * run that load_watch needs, over a fake store. Included by test programs, after cmocka.
 */
#ifndef TESTS_FAKE_LANES_H
#define TESTS_FAKE_LANES_H

#include "orchestrator/load_watch_state.h"
#include "shared/clock.h"
#include "tests/process/fake_store.h"

#define ORIGIN (100 * NS_PER_S)
#define GO (ORIGIN + 50 * NS_PER_MS)

struct stage {
	struct options options;
	struct plan plan;
	struct scripts scripts;
	struct script script[STORED_SCRIPTS];
	struct run_request request;
	struct run_answer answer;
	struct run run;
	struct store store;
	struct load_watch *watch;
	struct load_layout layout;
	uint32_t nsessions, nlanes;
	struct err err;
};

static void stage_open(struct stage *s, uint32_t nsessions, uint32_t nworkers, uint32_t nlanes, uint32_t nscripts,
        const struct load *load)
{
	memset(&stored, 0, sizeof stored);
	memset(&stored_load, 0, sizeof stored_load);
	memset(s, 0, sizeof *s);
	s->nsessions = nsessions;
	s->nlanes = nlanes;
	s->scripts = (struct scripts){.scripts = s->script, .nscripts = (int)nscripts};
	s->plan = (struct plan){.name = "fake", .scripts = &s->scripts, .load = *load};
	s->request = (struct run_request){.options = &s->options, .plan = &s->plan, .sessions = nsessions};
	s->run = (struct run){.request = &s->request,
	        .options = &s->options,
	        .plan = &s->plan,
	        .answer = &s->answer,
	        .store = &s->store,
	        .id = 1,
	        .phase = PHASE_MEASURE,
	        .origin_ns = ORIGIN,
	        .nworkers = nworkers,
	        .wall_offset_us = INT64_C(1700000000) * US_PER_S};
	assert_true(load_layout(&s->layout, nlanes, nscripts, load->per_command ? 1 : 0, load->sampling_rate > 0));
	s->run.shm = shm_map_load(nsessions, &s->layout, &s->err);
	assert_non_null(s->run.shm);
	crew_init(&s->run.crew, NULL, nsessions, nworkers, nlanes);
	for (uint32_t i = 0; i < nworkers; i++)
		s->run.crew.members[i].state = MEMBER_LIVING;
	for (uint32_t i = 0; i < nsessions; i++)
		slot_stage(shm_slot(s->run.shm, i), SLOT_READY, GO);
}

static void stage_begin(struct stage *s)
{
	s->watch = load_watch_new(&s->run, &s->err);
	if (!s->watch)
		fail_msg("%s", s->err.text);
	s->run.go_given = true;
	s->run.go_ns = GO;
}

static void stage_close(struct stage *s)
{
	load_watch_free(s->watch);
	for (uint32_t i = 0; i < s->run.nworkers; i++)
		s->run.crew.members[i].state = MEMBER_ABSENT;
	crew_clear(&s->run.crew);
	shm_unmap(s->run.shm);
}

static struct load_lane *lane_of(struct stage *s, uint32_t lane)
{
	return shm_load_lane(s->run.shm, lane);
}

static struct load_script *script_of(struct stage *s, uint32_t lane, uint32_t script)
{
	return load_lane_scripts(&s->layout, lane_of(s, lane)) + script;
}

/* Sessions are laid on lanes as the crew does it. */
static uint32_t lane_of_session(const struct stage *s, uint32_t session)
{
	uint32_t first = 0;

	for (uint32_t l = 0; l < s->nlanes; l++) {
		uint32_t n = s->nsessions / s->nlanes + (l < s->nsessions % s->nlanes);

		if (session < first + n)
			return l;
		first += n;
	}
	return UINT32_MAX;
}

struct tx {
	uint32_t session, script;
	enum load_outcome outcome;
	int64_t end_ns, latency_ns, lag_ns;
	uint16_t retries;
	const char *sqlstate; /* NULL = none */
	bool warmed, no_record;
};

static void tx_start(struct stage *s, const struct tx *t)
{
	struct slot *slot = shm_slot(s->run.shm, t->session);

	atomic_store(&slot->tx_script, t->script | (t->warmed ? SLOT_TX_WARMUP : 0));
	atomic_store(&slot->taken_ns, t->end_ns - t->latency_ns);
	load_count(&slot->tx_started, 1);
	slot_stage(slot, SLOT_SENT, t->end_ns - t->latency_ns);
}

static void count_outcome(struct load_script *script, enum load_outcome outcome)
{
	_Atomic uint64_t *counters[] = {NULL, &script->done, &script->failed, &script->skipped, &script->unknown};

	load_count(counters[outcome], 1);
}

/* The stores of a lane at a transaction's end, in their order; `stores` of them, as a death may come between. */
static void tx_end_so_far(struct stage *s, const struct tx *t, int stores)
{
	uint32_t l = lane_of_session(s, t->session);
	struct load_lane *lane = lane_of(s, l);
	struct load_script *script = script_of(s, l, t->script);
	struct slot *slot = shm_slot(s->run.shm, t->session);
	bool done = t->outcome == LOAD_DONE;
	struct load_record record = {.end_ns = t->end_ns,
	        .latency_ns = t->latency_ns,
	        .lag_ns = t->lag_ns,
	        .session = t->session,
	        .sqlstate = t->sqlstate ? load_sqlstate_pack(t->sqlstate) : 0,
	        .script = (uint16_t)t->script,
	        .retries = t->retries,
	        .outcome = t->outcome,
	        .number = (uint32_t)(atomic_load(&slot->tx_counted) + 1) & 0xffffffu};

	if (stores-- > 0)
		count_outcome(script, t->outcome);
	if (stores-- > 0 && done) {
		hist_add(&script->service, t->latency_ns - t->lag_ns);
		if (s->plan.load.rate > 0) {
			hist_add(&script->schedule, t->latency_ns);
			hist_add(&script->lag, t->lag_ns);
		}
	}
	if (stores-- > 0 && t->retries > 0) {
		load_count(&script->retried, 1);
		load_count(&script->retries, t->retries);
	}
	if (stores-- > 0 && atomic_load(&lane->last_ns) < t->end_ns)
		atomic_store(&lane->last_ns, t->end_ns);
	if (stores-- > 0 && s->layout.ring_size > 0) {
		if (t->no_record)
			load_count(&lane->sampled_out, 1);
		else
			load_record_put(&s->layout, lane, &record);
	}
	if (stores-- > 0)
		load_count(&slot->tx_counted, 1);
	if (stores-- > 0 && t->outcome != LOAD_SKIPPED)
		load_count(&slot->tx_ended, 1);
}
#define ALL_STORES 7

static void tx(struct stage *s, const struct tx *t)
{
	if (t->outcome != LOAD_SKIPPED)
		tx_start(s, t);
	if (t->warmed) {
		load_count(&lane_of(s, lane_of_session(s, t->session))->warmed, 1);
		load_count(&shm_slot(s->run.shm, t->session)->tx_ended, 1);
		return;
	}
	tx_end_so_far(s, t, ALL_STORES);
}

/* Steps as often as the watch wants to be called, up to a time. Returns the number of steps. */
static uint32_t step_to(struct stage *s, int64_t from, int64_t to)
{
	uint32_t steps = 0;

	for (int64_t at = from; at <= to; steps++) {
		int64_t next = load_watch_step(s->watch, at);

		assert_true(next > at);
		at = next;
	}
	return steps;
}

#endif
