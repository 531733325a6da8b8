/*
 * The parent's eyes on a load run, over shared memory that the test fills as lanes do: every transaction is in the
 * totals once, the series adds up to them, warm-up is in no number, and no ring runs full. What goes wrong is in
 * test_load_trouble.
 */
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "shared/rng.h"
#include "tests/unit/fake_lanes.h"

static struct stage s; /* one at a time */

static const struct load by_time = {.duration_ns = 10 * NS_PER_S, .max_tries = 1, .sampling_rate = 1};

struct sums {
	uint64_t done, failed, skipped, unknown, retries;
};

static struct sums series(bool measured_only)
{
	struct sums sums = {0};

	for (size_t i = 0; i < stored_load.nseconds; i++) {
		const struct load_second *second = &stored_load.seconds[i];

		if (measured_only && !second->measured)
			continue;
		sums.done += second->done;
		sums.failed += second->failed;
		sums.skipped += second->skipped;
		sums.unknown += second->unknown;
		sums.retries += second->retries;
	}
	return sums;
}

/* No gap and no overlap from GO to the end of the series. */
static void check_stretches(void)
{
	int64_t at = (GO - ORIGIN) / NS_PER_US;

	for (size_t i = 0; i < stored_load.nseconds; i++) {
		assert_int_equal(stored_load.seconds[i].at_us, at);
		assert_true(stored_load.seconds[i].length_us > 0);
		at += stored_load.seconds[i].length_us;
	}
}

static void end(int64_t now)
{
	if (!load_watch_end(s.watch, now, &s.err))
		fail_msg("%s", s.err.text);
}

/* --- totals ----------------------------------------------------------------------------------------------------- */

static void every_transaction_is_counted_once(void **state)
{
	uint64_t expected[LOAD_UNKNOWN + 1] = {0}, service = 0;
	struct rng rng;

	(void)state;
	stage_open(&s, 7, 3, 5, 3, &by_time);
	stage_begin(&s);
	rng_seed(&rng, 1, 2);
	for (int64_t at = GO; at < GO + 10 * NS_PER_S; at += 5 * NS_PER_MS) {
		struct tx t = {.session = (uint32_t)rng_below(&rng, 7),
		        .script = (uint32_t)rng_below(&rng, 3),
		        .outcome = rng_below(&rng, 10) ? LOAD_DONE : (enum load_outcome)(1 + rng_below(&rng, 4)),
		        .end_ns = at,
		        .latency_ns = (int64_t)rng_below(&rng, 20000000)};

		tx(&s, &t);
		expected[t.outcome]++;
		service += t.outcome == LOAD_DONE ? (uint64_t)t.latency_ns : 0;
		load_watch_step(s.watch, at);
	}
	end(GO + 11 * NS_PER_S);
	uint64_t done = 0, failed = 0, skipped = 0, unknown = 0, count = 0, sum = 0;
	for (int i = 0; i < 3; i++) {
		done += stored_load.scripts[i].done;
		failed += stored_load.scripts[i].failed;
		skipped += stored_load.scripts[i].skipped;
		unknown += stored_load.scripts[i].unknown;
		count += stored_load.service[i].count;
		sum += stored_load.service[i].sum;
	}
	assert_int_equal(done, expected[LOAD_DONE]);
	assert_int_equal(failed, expected[LOAD_FAILED]);
	assert_int_equal(skipped, expected[LOAD_SKIPPED]);
	assert_int_equal(unknown, expected[LOAD_UNKNOWN]);
	assert_int_equal(count, done);
	assert_int_equal(sum, service);
	assert_memory_equal(expected, stored_load.outcomes, sizeof expected);
	assert_int_equal(series(true).done, done);
	assert_int_equal(series(true).failed, failed);
	check_stretches();
	assert_string_equal(stored.events, "");
	stage_close(&s);
}

static void totals_are_kept_every_second(void **state)
{
	(void)state;
	stage_open(&s, 1, 1, 1, 1, &(struct load){.duration_ns = 60 * NS_PER_S, .sampling_rate = 1});
	stage_begin(&s);
	tx(&s, &(struct tx){.outcome = LOAD_DONE, .end_ns = GO + NS_PER_S, .latency_ns = NS_PER_MS});
	step_to(&s, GO, GO + 35 * NS_PER_S);
	assert_int_equal(stored_load.totals, 35);
	assert_int_equal(stored_load.scripts[0].done, 1);
	stage_close(&s);
}

static void counts_go_on_over_the_generations_of_a_worker(void **state)
{
	(void)state;
	stage_open(&s, 2, 2, 2, 1, &by_time);
	stage_begin(&s);
	for (int generation = 0; generation < 5; generation++) {
		int64_t at = GO + (generation + 1) * NS_PER_S;

		tx(&s, &(struct tx){.session = 1, .outcome = LOAD_DONE, .end_ns = at, .latency_ns = NS_PER_MS});
		tx_start(&s, &(struct tx){.session = 1, .end_ns = at, .latency_ns = NS_PER_MS});
		load_watch_ended(s.watch, &s.run.crew.members[1], at);
	}
	end(GO + 10 * NS_PER_S);
	assert_int_equal(stored_load.scripts[0].done, 5);
	assert_int_equal(stored_load.scripts[0].unknown, 5);
	assert_int_equal(stored_load.outcomes[LOAD_UNKNOWN], 5);
	assert_int_equal(stored_load.errors[0].unknown, 5);
	assert_int_equal(shm_slot(s.run.shm, 1)->tx_counted, 10);
	stage_close(&s);
}

static void errors_of_lanes_are_one_list(void **state)
{
	(void)state;
	stage_open(&s, 3, 3, 3, 2, &by_time);
	stage_begin(&s);
	for (uint32_t l = 0; l < 3; l++) {
		load_count(&load_error_of(lane_of(&s, l), 1, "40001", "could not serialize\x1b[31m")->failed, 2);
		load_count(&load_error_of(lane_of(&s, l), 1, "40001", "")->retried, 3);
		load_count(&load_error_of(lane_of(&s, l), l % 2, "", "division by zero")->failed, 1);
	}
	end(GO + NS_PER_S);
	assert_int_equal(stored_load.total.nerrors, 3);
	assert_int_equal(stored_load.errors[0].failed, 6);
	assert_int_equal(stored_load.errors[0].retried, 9);
	assert_string_equal(stored_load.errors[0].sqlstate, "40001");
	assert_int_equal(stored_load.errors[0].script, 1);
	assert_null(strchr(stored_load.texts[0], '\x1b'));
	assert_int_equal(stored_load.errors[1].failed + stored_load.errors[2].failed, 3);
	stage_close(&s);
}

static void statements_are_added_up(void **state)
{
	struct load load = by_time;

	(void)state;
	load.per_command = true;
	stage_open(&s, 4, 2, 4, 1, &load);
	stage_begin(&s);
	for (uint32_t l = 0; l < 4; l++) {
		struct load_command *command = load_lane_commands(&s.layout, lane_of(&s, l));

		hist_add(&command->time, (l + 1) * NS_PER_MS);
		load_count(&command->failures, 1);
		load_count(&command->retries, l);
	}
	end(GO + NS_PER_S);
	assert_int_equal(stored_load.command.count, 4);
	assert_int_equal(stored_load.command.sum, 10 * NS_PER_MS);
	assert_int_equal(stored_load.commands[0].failures, 4);
	assert_int_equal(stored_load.commands[0].retries, 6);
	stage_close(&s);
}

/* --- series ----------------------------------------------------------------------------------------------------- */

static void a_row_says_what_came_in_its_stretch(void **state)
{
	(void)state;
	stage_open(&s, 2, 1, 1, 1, &by_time);
	stage_begin(&s);
	for (int second = 0; second < 3; second++) {
		for (int i = 0; i < 100; i++)
			tx(&s, &(struct tx){.outcome = LOAD_DONE,
			               .end_ns = GO + second * NS_PER_S + i,
			               .latency_ns = (second + 1) * NS_PER_MS});
		step_to(&s, GO + second * NS_PER_S, GO + (second + 1) * NS_PER_S);
	}
	assert_int_equal(stored_load.nseconds, 3);
	for (int second = 0; second < 3; second++) {
		const struct load_second *row = &stored_load.seconds[second];

		assert_true(row->measured);
		assert_int_equal(row->done, 100);
		assert_int_equal(row->sessions, 2);
		assert_int_equal(row->length_us, US_PER_S);
		assert_int_equal(row->mean_us, (second + 1) * 1000);
		assert_true(fabs((double)row->p50_us - (second + 1) * 1000) < (second + 1) * 10);
		assert_true(fabs((double)row->max_us - (second + 1) * 1000) < (second + 1) * 10);
		assert_int_equal(row->schedule_p99_us, 0);
	}
	stage_close(&s);
}

static void schedule_latency_stands_beside_service_time(void **state)
{
	struct load load = by_time;

	(void)state;
	load.rate = 100;
	stage_open(&s, 1, 1, 1, 1, &load);
	stage_begin(&s);
	for (int i = 0; i < 100; i++)
		tx(&s, &(struct tx){.outcome = LOAD_DONE,
		               .end_ns = GO + i,
		               .latency_ns = 5 * NS_PER_MS,
		               .lag_ns = 4 * NS_PER_MS});
	step_to(&s, GO, GO + NS_PER_S);
	end(GO + 10 * NS_PER_S);
	assert_int_equal(stored_load.seconds[0].mean_us, 1000);
	assert_int_equal(stored_load.seconds[0].schedule_mean_us, 5000);
	assert_int_equal(stored_load.schedule[0].count, 100);
	assert_int_equal(stored_load.lag[0].sum, 400 * NS_PER_MS);
	stage_close(&s);
}

static const struct load warmed_up = {.duration_ns = 3 * NS_PER_S + 500 * NS_PER_MS,
        .warmup_ns = 2 * NS_PER_S,
        .ramp_ns = 300 * NS_PER_MS,
        .max_tries = 1,
        .sampling_rate = 1};

static void warmup_is_in_no_number(void **state)
{
	int64_t begin = GO + 2300 * NS_PER_MS;

	(void)state;
	stage_open(&s, 1, 1, 1, 1, &warmed_up);
	stage_begin(&s);
	for (int64_t at = GO; at < GO + 6 * NS_PER_S; at += 10 * NS_PER_MS) {
		tx(&s, &(struct tx){.outcome = LOAD_DONE, .end_ns = at, .latency_ns = 1, .warmed = at < begin});
		load_watch_step(s.watch, at + 3 * NS_PER_MS); /* looks are late */
	}
	end(GO + 6 * NS_PER_S);
	assert_int_equal(stored_load.total.warmed, 230);
	assert_int_equal(stored_load.scripts[0].done, 370);
	assert_int_equal(stored_load.total.begin_us, (begin - ORIGIN) / NS_PER_US);
	assert_int_equal(stored_load.total.end_us, (GO + 5990 * NS_PER_MS - ORIGIN) / NS_PER_US);
	assert_int_equal(series(false).done - series(true).done - 230,
	        stored_load.seconds[stored_load.nseconds - 1].measured
	                ? 0
	                : stored_load.seconds[stored_load.nseconds - 1].done);
	check_stretches();
	bool cut = false;
	for (size_t i = 0; i < stored_load.nseconds; i++)
		cut = cut || (stored_load.seconds[i].at_us == stored_load.total.begin_us &&
		                     stored_load.seconds[i].measured && !stored_load.seconds[i - 1].measured);
	assert_true(cut);
	stage_close(&s);
}

static void what_ends_after_the_end_is_told_but_not_measured(void **state)
{
	const struct load load = {.duration_ns = 1500 * NS_PER_MS, .sampling_rate = 1};

	(void)state;
	stage_open(&s, 1, 1, 1, 1, &load);
	stage_begin(&s);
	tx(&s, &(struct tx){.outcome = LOAD_DONE, .end_ns = GO + NS_PER_S, .latency_ns = 1});
	step_to(&s, GO, GO + 2 * NS_PER_S);
	tx(&s, &(struct tx){.outcome = LOAD_DONE, .end_ns = GO + 3 * NS_PER_S, .latency_ns = 1});
	s.run.drain_end_ns = GO + 3100 * NS_PER_MS;
	end(GO + 8 * NS_PER_S);
	assert_int_equal(series(true).done, 1);
	assert_int_equal(series(false).done, 2);
	const struct load_second *last = &stored_load.seconds[stored_load.nseconds - 1];
	assert_int_equal(last->at_us + last->length_us, (GO + 3 * NS_PER_S - ORIGIN) / NS_PER_US);
	check_stretches();
	stage_close(&s);
}

static void a_late_look_gives_one_long_stretch(void **state)
{
	(void)state;
	stage_open(&s, 1, 1, 1, 1, &by_time);
	stage_begin(&s);
	step_to(&s, GO, GO + NS_PER_S);
	load_watch_step(s.watch, GO + 5300 * NS_PER_MS); /* the parent was stopped */
	assert_int_equal(stored_load.nseconds, 2);
	assert_int_equal(stored_load.seconds[1].length_us, 4300000);
	step_to(&s, GO + 5300 * NS_PER_MS, GO + 7 * NS_PER_S);
	assert_int_equal(stored_load.nseconds, 4);
	assert_int_equal(stored_load.seconds[2].length_us, 700000);
	check_stretches();
	stage_close(&s);
}

static void nothing_is_written_for_a_run_that_never_began(void **state)
{
	(void)state;
	stage_open(&s, 1, 1, 1, 1, &by_time);
	stage_begin(&s);
	s.run.go_given = false;
	assert_true(load_watch_step(s.watch, GO) == CLOCK_NEVER);
	load_watch_ended(s.watch, &s.run.crew.members[0], GO);
	end(GO + NS_PER_S);
	end(GO + 2 * NS_PER_S);
	assert_int_equal(stored_load.nseconds + stored_load.totals + stored_load.chunks, 0);
	stage_close(&s);
}

/* --- rings and cost --------------------------------------------------------------------------------------------- */

static void dropped_records_are_told_once(void **state)
{
	(void)state;
	stage_open(&s, 1, 1, 1, 1, &by_time);
	stage_begin(&s);
	for (uint32_t i = 0; i < s.layout.ring_size + 17; i++)
		tx(&s, &(struct tx){.outcome = LOAD_DONE, .end_ns = GO + i, .latency_ns = 1});
	step_to(&s, GO, GO + 5 * NS_PER_S);
	end(GO + 5 * NS_PER_S);
	assert_int_equal(stored_load.records, s.layout.ring_size);
	assert_int_equal(stored_load.total.dropped, 17);
	assert_int_equal(stored_load.scripts[0].done, s.layout.ring_size + 17);
	const char *told = strstr(stored.events, "records dropped");
	assert_non_null(told);
	assert_null(strstr(told + 1, "records dropped"));
	stage_close(&s);
}

static void sampled_records_add_up(void **state)
{
	(void)state;
	stage_open(&s, 1, 1, 1, 1, &by_time);
	stage_begin(&s);
	for (int i = 0; i < 1000; i++)
		tx(&s, &(struct tx){.outcome = LOAD_DONE, .end_ns = GO + i, .latency_ns = 1, .no_record = i % 10 != 0});
	end(GO + NS_PER_S);
	assert_int_equal(stored_load.records, 100);
	assert_int_equal(stored_load.total.sampled_out, 900);
	stage_close(&s);
}

/* A quiet lane is seldom looked at; a busy one so often that its ring never fills. */
static void drains_come_as_often_as_needed(void **state)
{
	(void)state;
	stage_open(&s, 8, 1, 8, 1, &(struct load){.duration_ns = 60 * NS_PER_S, .sampling_rate = 1});
	stage_begin(&s);
	assert_true(step_to(&s, GO, GO + 10 * NS_PER_S) < 10 * 8);
	int64_t now = GO + 11 * NS_PER_S, last = now, next = now;
	for (; now < GO + 14 * NS_PER_S; now += NS_PER_MS) {
		/* Slowly at first, then 1,500,000 a second on one lane. */
		int n = now < GO + 12 * NS_PER_S ? 50 : 1500;
		for (int i = 0; i < n; i++)
			tx(&s, &(struct tx){.outcome = LOAD_DONE, .end_ns = now, .latency_ns = 1000});
		if (now >= next) {
			next = load_watch_step(s.watch, now);
			last = now;
		}
		assert_true(now - last <= 250 * NS_PER_MS);
	}
	assert_true(lane_of(&s, 0)->dropped < 1500 * 250);
	uint64_t dropped = lane_of(&s, 0)->dropped;
	for (; now < GO + 15 * NS_PER_S; now += NS_PER_MS) {
		for (int i = 0; i < 1500; i++)
			tx(&s, &(struct tx){.outcome = LOAD_DONE, .end_ns = now, .latency_ns = 1000});
		if (now >= next)
			next = load_watch_step(s.watch, now);
	}
	assert_int_equal(lane_of(&s, 0)->dropped, dropped); /* after the first surprise none is lost */
	stage_close(&s);
}

static void a_thousand_lanes(void **state)
{
	struct load load = by_time;

	(void)state;
	load.rate = 1e5;
	stage_open(&s, 1000, 1000, 1000, 3, &load);
	stage_begin(&s);
	for (int round = 0; round < 20; round++)
		for (uint32_t i = 0; i < 1000; i++)
			tx(&s, &(struct tx){.session = i,
			               .script = i % 3,
			               .outcome = LOAD_DONE,
			               .end_ns = GO + round * 50 * NS_PER_MS,
			               .latency_ns = (int64_t)(1 + i % 50) * NS_PER_MS,
			               .lag_ns = NS_PER_MS / 2});
	step_to(&s, GO, GO + NS_PER_S);
	assert_int_equal(stored_load.seconds[0].done, 20000);
	assert_int_equal(stored_load.seconds[0].sessions, 1000);
	for (uint32_t i = 0; i < 1000; i++)
		load_watch_ended(s.watch, &s.run.crew.members[i], GO + NS_PER_S);
	end(GO + 2 * NS_PER_S);
	assert_int_equal(stored_load.records, 20000);
	assert_int_equal(
	        stored_load.scripts[0].done + stored_load.scripts[1].done + stored_load.scripts[2].done, 20000);
	stage_close(&s);
}

/* Lanes that write as fast as they can while the parent looks: what it tells at the end is exact. */
static atomic_bool threads_go;
static void *one_lane(void *number)
{
	uint32_t session = (uint32_t)(uintptr_t)number;
	struct rng rng;

	rng_seed(&rng, 3, session);
	while (!atomic_load(&threads_go))
		;
	for (int i = 0; i < 20000; i++)
		tx(&s, &(struct tx){.session = session,
		               .outcome = LOAD_DONE,
		               .end_ns = GO + NS_PER_S + i,
		               .latency_ns = (int64_t)rng_below(&rng, 1u << 30)});
	return NULL;
}

static void looks_while_lanes_write(void **state)
{
	pthread_t threads[4];
	uint64_t before = 0;
	int64_t now = GO + 2 * NS_PER_S;

	(void)state;
	stage_open(&s, 4, 1, 4, 1, &(struct load){.duration_ns = 3600 * NS_PER_S, .sampling_rate = 1});
	stage_begin(&s);
	for (uintptr_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, one_lane, (void *)i), 0);
	atomic_store(&threads_go, true);
	for (; before < 80000; now += NS_PER_S) {
		load_watch_step(s.watch, now);
		before = series(false).done;
		const struct load_second *last = &stored_load.seconds[stored_load.nseconds - 1];
		assert_true(last->max_us <= 1100000 && last->mean_us <= last->max_us);
	}
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	end(now);
	assert_int_equal(stored_load.service[0].count, 80000);
	assert_int_equal(stored_load.records + stored_load.total.dropped, 80000);
	assert_int_equal(stored_load.total.dropped, 0);
	stage_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(every_transaction_is_counted_once),
	        cmocka_unit_test(totals_are_kept_every_second),
	        cmocka_unit_test(counts_go_on_over_the_generations_of_a_worker),
	        cmocka_unit_test(errors_of_lanes_are_one_list),
	        cmocka_unit_test(statements_are_added_up),
	        cmocka_unit_test(a_row_says_what_came_in_its_stretch),
	        cmocka_unit_test(schedule_latency_stands_beside_service_time),
	        cmocka_unit_test(warmup_is_in_no_number),
	        cmocka_unit_test(what_ends_after_the_end_is_told_but_not_measured),
	        cmocka_unit_test(a_late_look_gives_one_long_stretch),
	        cmocka_unit_test(nothing_is_written_for_a_run_that_never_began),
	        cmocka_unit_test(dropped_records_are_told_once),
	        cmocka_unit_test(sampled_records_add_up),
	        cmocka_unit_test(drains_come_as_often_as_needed),
	        cmocka_unit_test(a_thousand_lanes),
	        cmocka_unit_test(looks_while_lanes_write),
	};
	return cmocka_run_group_tests_name("load_watch", tests, NULL, NULL);
}
