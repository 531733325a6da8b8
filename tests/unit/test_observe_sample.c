/*
 * test_observe_sample: samples into stretches, from results made by hand: no server, no clock.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <libpq-fe.h>

#include "worker/observe.h"

#define INTERVAL (100 * NS_PER_MS)
#define STEP 100000 /* the same in microseconds of the server */

struct row {
	const char *pid, *state, *type, *event, *query_start, *blockers, *since, *lock, *query,
	        *other; /* other: no backend of the run; pid NULL: the row of nobody */
};

static struct observer o;
static struct observation job;

static int begin(void **state)
{
	(void)state;
	memset(&o, 0, sizeof o);
	memset(&job, 0, sizeof job);
	job.interval_ns = INTERVAL;
	chan_init(&job.chan, -1, -1);
	o.job = &job;
	return 0;
}

static int end(void **state)
{
	(void)state;
	observe_end(&o);
	chan_close(&job.chan);
	return 0;
}

static void set(PGresult *result, int row, int column, const char *value)
{
	char text[100];

	snprintf(text, sizeof text, "%s", value != NULL ? value : "");
	assert_int_equal(PQsetvalue(result, row, column, text, value != NULL ? (int)strlen(value) : -1), 1);
}

static void sample(int64_t at_us, const struct row *rows, int nrows)
{
	PGresAttDesc columns[11];
	PGresult *result = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
	char now[32], name[] = "column";

	memset(columns, 0, sizeof columns);
	for (int i = 0; i < 11; i++)
		columns[i].name = name;
	assert_int_equal(PQsetResultAttrs(result, 11, columns), 1);
	snprintf(now, sizeof now, "%lld", (long long)at_us);
	for (int i = 0; i < nrows; i++) {
		set(result, i, 0, now);
		set(result, i, 1, rows[i].pid);
		set(result, i, 2, rows[i].state);
		set(result, i, 3, rows[i].type);
		set(result, i, 4, rows[i].event);
		set(result, i, 5, rows[i].query_start);
		set(result, i, 6, rows[i].blockers);
		set(result, i, 7, rows[i].since);
		set(result, i, 8, rows[i].lock);
		set(result, i, 9, rows[i].query);
		set(result, i, 10, rows[i].other ? "f" : "t");
	}
	observe_sample_answer(&o, (const struct pg_result *)(const void *)result);
	PQclear(result);
}

/* What was sent since the last call, as one list. */
static size_t sent(struct sample *out, size_t most)
{
	size_t count = 0, at = 0;

	while (at + 4 <= job.chan.out.len) {
		const unsigned char *head = (const unsigned char *)job.chan.out.data + at;
		size_t len = (size_t)head[0] | (size_t)head[1] << 8 | (size_t)head[2] << 16;
		struct msg_samples samples;

		assert_true(msg_get_samples(head + 4, len, &samples));
		for (size_t i = 0; i < samples.count && count < most; i++)
			out[count++] = samples.samples[i];
		msg_samples_free(&samples);
		at += 4 + len;
	}
	buf_clear(&job.chan.out);
	return count;
}

#define ACTIVE(pid, start)                                                                                             \
	{                                                                                                              \
		pid, "active", NULL, NULL, start, NULL, NULL, NULL, NULL, NULL                                         \
	}
#define IDLE(pid, start)                                                                                               \
	{                                                                                                              \
		pid, "idle", "Client", "ClientRead", start, NULL, NULL, NULL, NULL, NULL                               \
	}
#define NOBODY                                                                                                         \
	{                                                                                                              \
		NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL                                             \
	}

static void the_same_state_is_one_stretch(void **state)
{
	static const struct row row = ACTIVE("7", "1000");
	struct sample out[4];

	(void)state;
	for (int i = 0; i < 5; i++)
		sample(1000000 + i * STEP, &row, 1);
	assert_int_equal(sent(out, 4), 0);
	observe_sample_close(&o);
	assert_int_equal(sent(out, 4), 1);
	assert_int_equal(out[0].backend_pid, 7);
	assert_int_equal(out[0].count, 5);
	assert_int_equal(out[0].first_us, 1000000);
	assert_int_equal(out[0].last_us, 1000000 + 4 * STEP);
	assert_int_equal(out[0].query_start_us, 1000);
	assert_int_equal(o.samples, 5);
}

/* Each change of what a stretch stands for ends it. */
static void a_change_ends_a_stretch(void **state)
{
	static const struct row before = {"7", "active", "Lock", "advisory", "1000", "{3}", "1500", NULL, NULL, NULL};
	static const struct row after[] = {{"7", "idle", "Lock", "advisory", "1000", "{3}", "1500", NULL, NULL, NULL},
	        {"7", "active", "IO", "advisory", "1000", "{3}", "1500", NULL, NULL, NULL},
	        {"7", "active", "Lock", "relation", "1000", "{3}", "1500", NULL, NULL, NULL},
	        {"7", "active", "Lock", "advisory", "1001", "{3}", "1500", NULL, NULL, NULL},
	        {"7", "active", "Lock", "advisory", "1000", "{3,4}", "1500", NULL, NULL, NULL},
	        {"7", "active", "Lock", "advisory", "1000", "{3}", "1501", NULL, NULL, NULL},
	        {"7", "active", "Lock", "advisory", "1000", "{3}", "1500", "advisory lock 2", NULL, NULL},
	        {"7", "active", "Lock", "advisory", "1000", "{3}", "1500", NULL, "select 2", NULL},
	        {"8", "active", "Lock", "advisory", "1000", "{3}", "1500", NULL, NULL, NULL}, NOBODY};

	for (size_t i = 0; i < sizeof after / sizeof after[0]; i++) {
		struct sample out[4];

		begin(state);
		sample(1000000, &before, 1);
		sample(1000000 + STEP, &after[i], 1);
		if (sent(out, 4) != 1)
			fail_msg("change %zu did not end it", i);
		assert_int_equal(out[0].count, 1);
		assert_int_equal(out[0].last_us, 1000000);
		end(state);
	}
	begin(state);
}

/* Autovacuum's backends come along to be counted; they are no backends of the run. */
static void others_are_counted_and_not_kept(void **state)
{
	static const struct row rows[] = {{"7", "active", NULL, NULL, "1000", NULL, NULL, NULL, NULL, NULL},
	        {"90", "active", NULL, NULL, "900", NULL, NULL, NULL, NULL, "autovacuum"},
	        {"91", "active", NULL, NULL, "900", NULL, NULL, NULL, NULL, "autovacuum"}};
	struct sample out[4];

	(void)state;
	sample(1000000, rows, 3);
	sample(1000000 + STEP, rows, 2);
	sample(1000000 + 2 * STEP, rows, 1);
	observe_sample_close(&o);
	assert_int_equal(sent(out, 4), 1);
	assert_int_equal(out[0].backend_pid, 7);
	assert_int_equal(out[0].count, 3);
	assert_int_equal(o.autovacuum_samples, 2);
	assert_int_equal(o.autovacuum_most, 2);
}

static void many_backends_each_have_their_own(void **state)
{
	static const struct row first[] = {ACTIVE("1", "10"), ACTIVE("3", "10"), ACTIVE("5", "10")};
	static const struct row second[] = {ACTIVE("2", "10"), ACTIVE("3", "10"), IDLE("5", "10"), ACTIVE("9", "10")};
	struct sample out[8];

	(void)state;
	sample(1000000, first, 3);
	sample(1000000 + STEP, second, 4);
	assert_int_equal(sent(out, 8), 2); /* 1 left, 5 became idle */
	assert_int_equal(out[0].backend_pid, 1);
	assert_int_equal(out[1].backend_pid, 5);
	assert_string_equal(out[1].state, "active");
	observe_sample_close(&o);
	assert_int_equal(sent(out, 8), 4);
	assert_int_equal(out[1].backend_pid, 3);
	assert_int_equal(out[1].count, 2);
	assert_int_equal(out[2].count, 1);
}

static void a_missing_sample_ends_every_stretch(void **state)
{
	static const struct row row = ACTIVE("7", "1000");
	struct sample out[4];

	(void)state;
	sample(1000000, &row, 1);
	sample(1000000 + 2 * STEP, &row, 1); /* late, none missing yet by the rule of two and a half */
	sample(1000000 + 5 * STEP, &row, 1);
	assert_int_equal(sent(out, 4), 1);
	assert_int_equal(out[0].count, 2);
	assert_int_equal(out[0].last_us, 1000000 + 2 * STEP);
}

static void blockers_and_waits_are_read(void **state)
{
	static const struct row row = {"7", "active", "Lock", "transactionid", "1000",
	        "{11,12,13,14,15,16,17,18,19,20}", "1234", "row (0,1) of one", "update one set n = 1", NULL};
	struct sample out[4];

	(void)state;
	sample(1000000, &row, 1);
	observe_sample_close(&o);
	assert_int_equal(sent(out, 4), 1);
	assert_int_equal(out[0].nblockers, 8); /* the first eight */
	assert_int_equal(out[0].blockers[0], 11);
	assert_int_equal(out[0].blockers[7], 18);
	assert_int_equal(out[0].lock_wait_us, 1234);
	assert_string_equal(out[0].lock, "row (0,1) of one");
	assert_string_equal(out[0].query, "update one set n = 1");
}

static void an_error_is_a_dropped_sample(void **state)
{
	PGresult *result = PQmakeEmptyPGresult(NULL, PGRES_FATAL_ERROR);

	(void)state;
	observe_sample_answer(&o, (const struct pg_result *)(const void *)result);
	PQclear(result);
	assert_int_equal(o.samples, 0);
	assert_int_equal(o.dropped, 1);
}

static void many_stretches_go_in_several_messages(void **state)
{
	enum { MANY = 250 };
	static struct row rows[MANY];
	static char pids[MANY][12];
	static struct sample out[MANY + 1];

	(void)state;
	for (int i = 0; i < MANY; i++) {
		snprintf(pids[i], sizeof pids[i], "%d", i + 1);
		rows[i] = (struct row)ACTIVE(pids[i], "10");
	}
	sample(1000000, rows, MANY);
	observe_sample_close(&o);
	assert_int_equal(sent(out, MANY + 1), MANY);
	for (int i = 0; i < MANY; i++)
		assert_int_equal(out[i].backend_pid, i + 1);
}

/* Without a session, or with the last answer still to come, due samples are dropped: exactly one per interval. */
static void due_samples_without_an_answer_are_dropped(void **state)
{
	(void)state;
	job.shm = shm_map(1, 1, 1, NULL);
	o.had_facts = true;
	o.state = OBSERVE_WATCHING;
	o.sampling = true;
	o.next_sample_ns = 0;
	for (int64_t now = 0; now < 10 * INTERVAL; now += INTERVAL / 4)
		observe_sample_due(&o, now);
	assert_int_equal(o.dropped, 10);
	observe_sample_due(&o, 20 * INTERVAL - 1); /* the observer itself was held up */
	assert_int_equal(o.dropped, 20);
	o.sampling = false;
	o.state = OBSERVE_WAITING;
	observe_sample_due(&o, 20 * INTERVAL);
	assert_int_equal(o.dropped, 21);
	shm_unmap(job.shm);
}

int main(void)
{
#define WITH(test) cmocka_unit_test_setup_teardown(test, begin, end)
	static const struct CMUnitTest tests[] = {WITH(the_same_state_is_one_stretch), WITH(a_change_ends_a_stretch),
	        WITH(others_are_counted_and_not_kept), WITH(many_backends_each_have_their_own),
	        WITH(a_missing_sample_ends_every_stretch), WITH(blockers_and_waits_are_read),
	        WITH(an_error_is_a_dropped_sample), WITH(many_stretches_go_in_several_messages),
	        WITH(due_samples_without_an_answer_are_dropped)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
