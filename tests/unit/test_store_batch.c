/*
 * test_store_batch: rows that are written several at once are the rows that were asked for, in whatever order and
 * mixture they come: random histories of releases, attempts and final states against a model.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "reports/store_private.h"
#include "shared/rng.h"
#include "tests/unit/sample_store.h"

#define TICKETS 300
#define NO_ROW 9

static struct sample_store sample;
static struct store *store;
static struct err err;

struct model {
	int64_t run;
	int state[TICKETS]; /* as ticket.state; NO_ROW = none */
	uint32_t ids[2 * TICKETS]; /* ticket of each attempt, in order */
	uint32_t attempts;
	uint32_t released; /* blocks go on from here */
};

static int begin(void **state)
{
	(void)state;
	int interrupted;
	sample_begin(&sample, 5, TICKETS / 5);
	store = store_open(sample.path, &interrupted, &err);
	return store ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	store_close(store, &err);
	store = NULL;
	sample_end(&sample);
	return 0;
}

static void release(struct model *m, uint32_t count)
{
	uint32_t to = m->released + count < TICKETS ? m->released + count : TICKETS;

	assert_true(store_release(store, m->run, &sample.plan, sample.todo, m->released, to, &err));
	for (; m->released < to; m->released++)
		if (m->state[m->released] == NO_ROW)
			m->state[m->released] = 0;
}

static void attempt(struct model *m, uint32_t ticket, enum outcome outcome)
{
	struct attempt a = sample_attempt(ticket, 5, 10 + m->attempts);

	a.outcome = outcome;
	if (outcome != OUTCOME_DONE)
		a.message = m->attempts % 2 ? "one" : "other";
	assert_true(store_attempt(store, m->run, SAMPLE_ORIGIN, &sample.plan, &a, &err));
	m->ids[m->attempts++] = ticket;
	if (m->state[ticket] == NO_ROW)
		m->state[ticket] = 0;
}

static void step(struct model *m, struct rng *rng)
{
	uint32_t ticket = (uint32_t)rng_below(rng, TICKETS);
	uint32_t many = (uint32_t)rng_below(rng, 60);

	switch (rng_below(rng, 8)) {
	case 0:
		release(m, many);
		break;
	case 1: /* as a run does it: many side by side are done in one commit, in nearly that order */
		for (uint32_t t = ticket; t < ticket + many && t < TICKETS; t++)
			if (m->state[t] == 0 && m->attempts < 2 * TICKETS) {
				attempt(m, t, OUTCOME_DONE);
				assert_true(store_ticket(store, m->run, &sample.plan, t, OUTCOME_DONE, &err));
				m->state[t] = OUTCOME_DONE;
			}
		break;
	case 2:
		assert_true(store_commit(store, &err));
		break;
	case 3: /* released, and then not run */
		if (m->state[ticket] == 0) {
			assert_true(store_ticket(store, m->run, &sample.plan, ticket, OUTCOME_NONE, &err));
			m->state[ticket] = 4;
		}
		break;
	default:
		if (m->state[ticket] == 0 || m->state[ticket] == NO_ROW) {
			enum outcome outcome = (enum outcome)(1 + rng_below(rng, 3));

			if (m->attempts < 2 * TICKETS)
				attempt(m, ticket, outcome);
			assert_true(store_ticket(store, m->run, &sample.plan, ticket, outcome, &err));
			m->state[ticket] = (int)outcome;
		}
	}
}

static int64_t number(const char *sql)
{
	int64_t value;

	assert_true(store_db_int(store->db, sample.path, sql, NO_ROW, &value, &err));
	return value;
}

static void compare(const struct model *m)
{
	char sql[200];

	for (uint32_t t = 0; t < TICKETS; t++) {
		snprintf(sql, sizeof sql, "SELECT state FROM ticket WHERE run = %lld AND ticket = %u",
		        (long long)m->run, t);
		assert_int_equal(number(sql), m->state[t]);
		snprintf(sql, sizeof sql,
		        "SELECT task * 100000 + round * 100 + coalesce(data_row, 0) FROM ticket WHERE run = %lld AND "
		        "ticket = %u",
		        (long long)m->run, t);
		assert_int_equal(
		        number(sql), m->state[t] == NO_ROW ? NO_ROW : t % 5 * 100000 + t / 5 * 100 + (t == 1 ? 7 : 0));
	}
	for (uint32_t i = 0; i < m->attempts; i++) {
		snprintf(sql, sizeof sql, "SELECT ticket FROM attempt WHERE id = %lld",
		        (long long)((m->run << STORE_ATTEMPT_SHIFT) + i));
		assert_int_equal(number(sql), m->ids[i]);
	}
	snprintf(sql, sizeof sql, "SELECT count(*) FROM attempt WHERE id >= %lld",
	        (long long)(m->run << STORE_ATTEMPT_SHIFT));
	assert_int_equal(number(sql), m->attempts);
}

static void random_histories_are_stored_as_they_were(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 12; seed++) {
		struct run_begin b = sample_run_begin(&sample);
		struct model m = {.run = store_run_begin(store, &sample.plan, &b, &err)};
		struct rng rng;

		rng_seed(&rng, seed, 0);
		for (uint32_t t = 0; t < TICKETS; t++)
			m.state[t] = NO_ROW;
		for (int i = 0; i < 200; i++)
			step(&m, &rng);
		assert_true(store_commit(store, &err));
		compare(&m);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(random_histories_are_stored_as_they_were, begin, end)};
	return cmocka_run_group_tests_name("store_batch", tests, NULL, NULL);
}
