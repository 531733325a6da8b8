/*
 * What goes wrong in a load run, as the parent sees it over shared memory that the test fills: transactions of dead
 * workers are judged, outages are told with begin and end, and nonsense in shared memory harms nothing but itself.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "shared/rng.h"
#include "tests/unit/fake_lanes.h"

static struct stage s; /* one at a time */

static const struct load by_time = {.duration_ns = 10 * NS_PER_S, .max_tries = 1, .sampling_rate = 1};

static const struct load warmed_up = {.duration_ns = 3 * NS_PER_S + 500 * NS_PER_MS,
        .warmup_ns = 2 * NS_PER_S,
        .ramp_ns = 300 * NS_PER_MS,
        .max_tries = 1,
        .sampling_rate = 1};

static void end(int64_t now)
{
	if (!load_watch_end(s.watch, now, &s.err))
		fail_msg("%s", s.err.text);
}

/* --- dead workers ----------------------------------------------------------------------------------------------- */

static void a_lost_transaction_goes_to_its_script(void **state)
{
	struct load_counts counts;

	(void)state;
	stage_open(&s, 4, 2, 2, 2, &by_time);
	stage_begin(&s);
	tx_start(&s, &(struct tx){.session = 0, .script = 1, .end_ns = GO + 9, .latency_ns = 9});
	tx_start(&s, &(struct tx){.session = 1, .script = 0, .end_ns = GO + 9, .latency_ns = 9});
	slot_stage(shm_slot(s.run.shm, 1), SLOT_SAFE, GO + 5);
	tx_start(&s, &(struct tx){.session = 2, .script = 0, .end_ns = GO + 9, .latency_ns = 9}); /* another worker */
	load_watch_ended(s.watch, &s.run.crew.members[0], GO + 20 * NS_PER_MS);
	load_watch_ended(s.watch, &s.run.crew.members[0], GO + 30 * NS_PER_MS); /* its replacement did nothing */
	load_watch_counts(s.watch, &counts);
	assert_int_equal(counts.unknown, 1);
	assert_int_equal(counts.failed, 1);
	end(GO + NS_PER_S);
	assert_int_equal(stored_load.scripts[1].unknown, 1);
	assert_int_equal(stored_load.scripts[0].failed, 1);
	assert_int_equal(stored_load.scripts[0].unknown, 0);
	assert_int_equal(stored_load.outcomes[LOAD_UNKNOWN] + stored_load.outcomes[LOAD_FAILED], 2);
	stage_close(&s);
}

static void a_lost_transaction_of_the_warmup_is_warmup(void **state)
{
	(void)state;
	stage_open(&s, 1, 1, 1, 1, &warmed_up);
	stage_begin(&s);
	tx_start(&s, &(struct tx){.end_ns = GO + NS_PER_S, .latency_ns = 5, .warmed = true});
	load_watch_ended(s.watch, &s.run.crew.members[0], GO + NS_PER_S);
	end(GO + 4 * NS_PER_S);
	assert_int_equal(stored_load.total.warmed, 1);
	assert_int_equal(stored_load.scripts[0].unknown, 0);
	assert_int_equal(stored_load.records, 0);
	assert_int_equal(shm_slot(s.run.shm, 0)->tx_counted, 0);
	stage_close(&s);
}

/* Killed between any two stores of a transaction's end: it is in the totals once, done or unknown; only before the very
 * last one it cannot be told from one that is in flight, and is in both. */
static void a_worker_killed_while_it_counts(void **state)
{
	(void)state;
	for (int stores = 0; stores <= ALL_STORES; stores++) {
		struct tx t = {
		        .session = 1, .outcome = LOAD_DONE, .end_ns = GO + NS_PER_MS, .latency_ns = 500, .retries = 1};

		stage_open(&s, 3, 1, 1, 1, &by_time);
		stage_begin(&s);
		tx(&s, &(struct tx){.session = 0, .outcome = LOAD_DONE, .end_ns = GO + 9, .latency_ns = 9});
		tx_start(&s, &(struct tx){.session = 2, .end_ns = GO + NS_PER_MS, .latency_ns = 5});
		tx_start(&s, &t);
		atomic_store(&shm_slot(s.run.shm, 1)->heartbeat_ns, GO + NS_PER_MS);
		tx_end_so_far(&s, &t, stores);
		load_watch_ended(s.watch, &s.run.crew.members[0], GO + 2 * NS_PER_MS);
		/* The replacement goes on where it stopped. */
		tx(&s, &(struct tx){.session = 1, .outcome = LOAD_DONE, .end_ns = GO + NS_PER_S, .latency_ns = 7});
		load_watch_ended(s.watch, &s.run.crew.members[0], GO + 2 * NS_PER_S);
		end(GO + 3 * NS_PER_S);
		assert_int_equal(stored_load.scripts[0].done, stores > 0 ? 3 : 2);
		assert_int_equal(stored_load.scripts[0].unknown, stores > 0 && stores != ALL_STORES - 1 ? 1 : 2);
		for (uint32_t i = 0; i < 3; i++)
			assert_int_equal(shm_slot(s.run.shm, i)->tx_started, shm_slot(s.run.shm, i)->tx_ended);
		stage_close(&s);
	}
}

/* hist_add stopped anywhere leaves something that packs and unpacks. */
static void a_torn_histogram_is_made_whole(void **state)
{
	struct hist *h = mem_zero(1, sizeof *h), *back = mem_zero(1, sizeof *back);
	struct hist *merged = mem_zero(1, sizeof *merged);

	(void)state;
	for (int torn = 0; torn < 5; torn++) {
		struct buf packed = {0};

		memset(h, 0, sizeof *h);
		for (int i = 1; i <= 100; i++)
			hist_add(h, i * NS_PER_MS);
		h->buckets[hist_bucket(NS_PER_MS / 2)]++;
		h->sum += torn > 0 ? NS_PER_MS / 2 : 0;
		h->min1 = torn > 1 ? NS_PER_MS / 2 + 1 : h->min1;
		h->low1 = torn > 2 ? hist_bucket(NS_PER_MS / 2) + 1 : h->low1;
		h->count += torn > 3;
		memset(merged, 0, sizeof *merged);
		load_hist_merge(merged, h);
		load_hist_repair(merged);
		hist_pack(merged, &packed);
		assert_true(hist_unpack(back, packed.data, packed.len));
		assert_in_range(back->count, 100, 101);
		assert_true(hist_percentile(back, 50) > 40 * NS_PER_MS && hist_percentile(back, 50) < 60 * NS_PER_MS);
		assert_true(fabs(hist_mean(back) / 1e6 - 50) < 2);
		buf_free(&packed);
	}
	free(h);
	free(merged);
	free(back);
}

/* --- outages ---------------------------------------------------------------------------------------------------- */

/* 200 transactions a second on 8 sessions from..to, stepping all the while. */
static void run_normally(int64_t from, int64_t to)
{
	for (int64_t at = from; at < to; at += 5 * NS_PER_MS) {
		tx(&s, &(struct tx){.session = (uint32_t)(at / (5 * NS_PER_MS) % 8),
		               .outcome = LOAD_DONE,
		               .end_ns = at,
		               .latency_ns = 2 * NS_PER_MS});
		load_watch_step(s.watch, at);
	}
}

static void a_stalled_server_is_an_outage(void **state)
{
	(void)state;
	stage_open(&s, 8, 2, 2, 1, &(struct load){.duration_ns = 30 * NS_PER_S, .sampling_rate = 1});
	stage_begin(&s);
	run_normally(GO, GO + 3 * NS_PER_S);
	step_to(&s, GO + 3 * NS_PER_S, GO + 7 * NS_PER_S + 100 * NS_PER_MS);
	assert_non_null(strstr(stored.events, "outage: no transaction has ended for 1.0 s: 8 of 8 sessions are"));
	assert_null(strstr(stored.events, "outage over"));
	run_normally(GO + 7200 * NS_PER_MS, GO + 9 * NS_PER_S);
	assert_non_null(strstr(stored.events, "outage over: transactions end again after 4.205 s"));
	end(GO + 9 * NS_PER_S);
	assert_null(strstr(strstr(stored.events, "outage over") + 1, "outage"));
	stage_close(&s);
}

static void without_any_session_there_is_an_outage_at_once(void **state)
{
	(void)state;
	stage_open(&s, 8, 2, 2, 1, &(struct load){.duration_ns = 30 * NS_PER_S, .sampling_rate = 1});
	stage_begin(&s);
	for (uint32_t i = 0; i < 8; i++)
		slot_stage(shm_slot(s.run.shm, i), SLOT_LOST, GO);
	step_to(&s, GO, GO + NS_PER_S);
	assert_non_null(strstr(stored.events, "none of 8 sessions is connected"));
	end(GO + 2 * NS_PER_S);
	assert_non_null(strstr(stored.events, "outage over: the run ended after 2.000 s"));
	stage_close(&s);
}

static void rare_or_long_transactions_are_no_outage(void **state)
{
	(void)state;
	/* One transaction in five seconds. */
	stage_open(&s, 8, 2, 2, 1, &(struct load){.duration_ns = 99 * NS_PER_S, .sampling_rate = 1});
	stage_begin(&s);
	for (int64_t at = GO; at < GO + 60 * NS_PER_S; at += 5 * NS_PER_S) {
		tx(&s, &(struct tx){.outcome = LOAD_DONE, .end_ns = at, .latency_ns = NS_PER_MS});
		step_to(&s, at, at + 4999 * NS_PER_MS);
	}
	assert_string_equal(stored.events, "");
	stage_close(&s);
	/* A hundred sessions in step, five seconds each. */
	stage_open(&s, 100, 2, 2, 1, &(struct load){.duration_ns = 99 * NS_PER_S, .sampling_rate = 1});
	stage_begin(&s);
	for (int64_t at = GO + 5 * NS_PER_S; at < GO + 60 * NS_PER_S; at += 5 * NS_PER_S) {
		for (uint32_t i = 0; i < 100; i++)
			tx(&s, &(struct tx){
			               .session = i, .outcome = LOAD_DONE, .end_ns = at, .latency_ns = 5 * NS_PER_S});
		step_to(&s, at, at + 4999 * NS_PER_MS);
	}
	assert_string_equal(stored.events, "");
	stage_close(&s);
}

static void a_run_whose_work_is_done_has_no_outage(void **state)
{
	(void)state;
	stage_open(&s, 8, 2, 2, 1, &(struct load){.transactions = 75, .sampling_rate = 1});
	stage_begin(&s);
	run_normally(GO, GO + 3 * NS_PER_S);
	for (uint32_t i = 0; i < 2; i++)
		s.run.crew.members[i].idle = true;
	step_to(&s, GO + 3 * NS_PER_S, GO + 9 * NS_PER_S);
	assert_string_equal(stored.events, "");
	stage_close(&s);
}

/* --- nonsense --------------------------------------------------------------------------------------------------- */

static void impossible_records_are_left_out(void **state)
{
	static const struct load_record bad[] = {
	        {.end_ns = GO + 1, .session = 1, .outcome = LOAD_DONE}, /* another lane's session */
	        {.end_ns = GO + 1, .session = UINT32_MAX, .outcome = LOAD_DONE},
	        {.end_ns = GO + 1, .script = 1, .outcome = LOAD_DONE},
	        {.end_ns = GO + 1, .outcome = 0},
	        {.end_ns = GO + 1, .outcome = LOAD_UNKNOWN + 1},
	        {.end_ns = GO + 1, .outcome = LOAD_DONE, .latency_ns = -1},
	        {.end_ns = GO + 1, .outcome = LOAD_DONE, .latency_ns = INT64_MAX},
	        {.end_ns = GO + 1, .outcome = LOAD_DONE, .lag_ns = INT64_MIN},
	        {.end_ns = INT64_MAX, .outcome = LOAD_DONE},
	        {.end_ns = INT64_MIN, .outcome = LOAD_DONE},
	};
	size_t n = sizeof bad / sizeof *bad;

	(void)state;
	stage_open(&s, 2, 2, 2, 1, &by_time);
	stage_begin(&s);
	for (size_t i = 0; i < n; i++)
		load_record_put(&s.layout, lane_of(&s, 0), &bad[i]);
	end(GO + 2 * NS_PER_S);
	assert_int_equal(stored_load.records, 0);
	assert_int_equal(stored_load.total.dropped, n);
	assert_non_null(strstr(stored.events, "records damaged"));
	stage_close(&s);
}

static uint64_t random_word(struct rng *rng)
{
	return (uint64_t)rng_u32(rng) << 32 | rng_u32(rng);
}

/* One lane full of random bytes, again and again: nothing crashes, the other lane's numbers are in the totals. */
static void a_lane_of_garbage(void **state)
{
	struct load load = by_time;
	struct rng rng;

	(void)state;
	load.per_command = true;
	load.rate = 5;
	rng_seed(&rng, 9, 9);
	for (int round = 0; round < 20; round++) {
		stage_open(&s, 2, 2, 2, 1, &load);
		stage_begin(&s);
		tx(&s, &(struct tx){.session = 1, .outcome = LOAD_DONE, .end_ns = GO + 5, .latency_ns = 7});
		for (int64_t at = GO; at < GO + 3 * NS_PER_S; at += 100 * NS_PER_MS) {
			uint64_t *words = (uint64_t *)lane_of(&s, 0);

			for (size_t i = 0; i < s.layout.lane_bytes / 8; i += 1 + rng_below(&rng, 50))
				words[i] = random_word(&rng) >> (round % 2 ? 0 : rng_below(&rng, 64));
			words = (uint64_t *)shm_slot(s.run.shm, 0);
			for (size_t i = 0; i < sizeof(struct slot) / 8; i++)
				words[i] = random_word(&rng);
			load_watch_step(s.watch, at);
			load_watch_ended(s.watch, &s.run.crew.members[0], at);
		}
		end(GO + 4 * NS_PER_S);
		for (size_t i = 0; i < stored_load.nseconds; i++) {
			const struct load_second *row = &stored_load.seconds[i];

			assert_true((int64_t)row->done >= 0 && (int64_t)row->failed >= 0);
			assert_true(row->mean_us >= 0 && row->max_us >= 0 && row->stddev_us >= 0);
			assert_true(row->schedule_p99_us >= 0 && row->schedule_mean_us >= 0);
		}
		assert_true(stored_load.scripts[0].done >= 1);
		struct hist *back = mem_zero(1, sizeof *back);
		struct buf packed = {0};
		hist_pack(&stored_load.service[0], &packed);
		assert_true(hist_unpack(back, packed.data, packed.len));
		buf_free(&packed);
		free(back);
		stage_close(&s);
	}
}

static void a_store_that_refuses_stops_the_run(void **state)
{
	(void)state;
	stage_open(&s, 1, 1, 1, 1, &by_time);
	stage_begin(&s);
	stored_load.fail = true;
	step_to(&s, GO, GO + NS_PER_S);
	assert_true(s.run.store_failed);
	assert_int_equal(s.run.stop.mode, STOP_SOON);
	stage_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_lost_transaction_goes_to_its_script),
	        cmocka_unit_test(a_lost_transaction_of_the_warmup_is_warmup),
	        cmocka_unit_test(a_worker_killed_while_it_counts),
	        cmocka_unit_test(a_torn_histogram_is_made_whole),
	        cmocka_unit_test(a_stalled_server_is_an_outage),
	        cmocka_unit_test(without_any_session_there_is_an_outage_at_once),
	        cmocka_unit_test(rare_or_long_transactions_are_no_outage),
	        cmocka_unit_test(a_run_whose_work_is_done_has_no_outage),
	        cmocka_unit_test(impossible_records_are_left_out),
	        cmocka_unit_test(a_lane_of_garbage),
	        cmocka_unit_test(a_store_that_refuses_stops_the_run),
	};
	return cmocka_run_group_tests_name("load_trouble", tests, NULL, NULL);
}
