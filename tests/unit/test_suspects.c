/* suspects: what kept a made-up run from being faster is named, with its share and its figures; what did not is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "reports/proof.h"
#include "tests/unit/made_run.h"

#define MS INT64_C(1000)

static const struct suspect *suspect(const struct proof *proof, const char *cause)
{
	for (size_t i = 0; i < proof->nsuspects; i++)
		if (strcmp(proof->suspects[i].cause, cause) == 0)
			return &proof->suspects[i];
	return NULL;
}

static void prove(struct run_view *run, struct proof *proof)
{
	made_end(run);
	proof_of(run, NULL, proof);
}

static void finish(struct run_view *run, struct proof *proof)
{
	proof_free(proof);
	made_free(run);
}

/* Three tasks begin together; the second waits for the first, the third for both, at one lock. */
static void test_lock_chain(void **state)
{
	struct run_view run;
	struct proof proof;

	(void)state;
	made_begin(&run, 3);
	made_task(&run, "a", -1);
	made_task(&run, "b", -1);
	made_task(&run, "c", -1);
	for (uint32_t i = 0; i < 3; i++)
		made_attempt(&run, i, i, 30 * MS, (1 + (int64_t)i) * 500 * MS + 30 * MS);
	for (uint32_t i = 1; i < 3; i++) {
		struct sample *s = made_sample(&run, i, 100 * MS, (int64_t)i * 500 * MS, (int)i - 1, 31 * MS);

		strcpy(s->lock, "advisory lock 5");
		strcpy(s->query, "select\n  pg_advisory_lock(5)");
	}
	prove(&run, &proof);
	assert_true(proof.nsuspects > 0);
	assert_string_equal(proof.suspects[0].cause, "tasks block one another");
	assert_non_null(strstr(proof.suspects[0].evidence, "advisory lock 5"));
	assert_non_null(strstr(proof.suspects[0].evidence, "3 tasks"));
	assert_non_null(strstr(proof.suspects[0].evidence, "a -> b -> c"));
	assert_non_null(strstr(proof.suspects[0].evidence, "select pg_advisory_lock(5)"));
	assert_true(proof.suspects[0].share_us > 900 * MS && proof.suspects[0].share_us < 1100 * MS);
	finish(&run, &proof);
}

static void test_long_task(void **state)
{
	struct run_view run;
	struct proof proof;

	(void)state;
	made_begin(&run, 4);
	for (uint32_t i = 0; i < 4; i++) {
		made_task(&run, i == 2 ? "pole" : "short", -1);
		made_attempt(&run, i, i, 30 * MS, i == 2 ? 1030 * MS : 130 * MS);
	}
	prove(&run, &proof);
	assert_true(proof.nsuspects > 0);
	assert_string_equal(proof.suspects[0].cause, "one long task");
	assert_non_null(strstr(proof.suspects[0].evidence, "pole takes 1.00 s, 10 times"));
	assert_true(proof.suspects[0].share_us > 890 * MS && proof.suspects[0].share_us < 910 * MS);
	assert_null(suspect(&proof, "tasks block one another"));
	finish(&run, &proof);
}

/* Four equal tasks side by side: nobody is to blame for the half second that they take. */
static void test_nobody(void **state)
{
	struct run_view run;
	struct proof proof;

	(void)state;
	made_begin(&run, 4);
	for (uint32_t i = 0; i < 4; i++) {
		made_task(&run, "t", -1);
		made_attempt(&run, i, i, 30 * MS, 530 * MS);
	}
	prove(&run, &proof);
	assert_int_equal(proof.nsuspects, 0);
	finish(&run, &proof);
}

static void test_client_and_counters(void **state)
{
	struct client_cpu_row rows[] = {{0, 1, 50000, 300000}, {1, 1, 40000, 100000}};
	struct client_sample sample = {.at_us = 20000, .length_us = 510000, .cpu_us = 90000, .wait_us = 400000};
	struct counter_view counters[] = {{"db_commits", 5, 9}, {"gone", 9, 5}, {"unread", 3, QUERY_NONE}};
	struct run_view run;
	struct proof proof;
	int64_t change;
	bool doubted = false;

	(void)state;
	made_begin(&run, 2);
	for (uint32_t i = 0; i < 2; i++) {
		made_task(&run, "t", -1);
		made_attempt(&run, i, i, 30 * MS, 530 * MS);
	}
	run.client_cpu = rows;
	run.nclient_cpu = 2;
	run.client_samples = &sample;
	run.nclient_samples = 1;
	run.counters = counters;
	run.ncounters = 3;
	prove(&run, &proof);
	assert_non_null(suspect(&proof, "client CPU saturated"));
	assert_true(suspect(&proof, "client CPU saturated")->share_us == 200000); /* a lane's, on average */
	for (size_t i = 0; i < proof.ndoubts; i++)
		doubted = doubted || strcmp(proof.doubts[i].name, "client CPU saturated") == 0;
	assert_true(doubted);
	assert_true(run_view_counted(&run, "db_commits", &change) && change == 4);
	assert_false(run_view_counted(&run, "gone", &change)); /* the statistics were reset */
	assert_false(run_view_counted(&run, "unread", &change));
	assert_false(run_view_counted(&run, "no such", &change));
	rows[0].wait_us = QUERY_NONE; /* a kernel that does not tell */
	proof_free(&proof);
	proof_of(&run, NULL, &proof);
	assert_null(suspect(&proof, "client CPU saturated"));
	run.client_cpu = NULL;
	run.client_samples = NULL;
	run.counters = NULL;
	finish(&run, &proof);
}

static void test_connecting(void **state)
{
	struct run_view run;
	struct proof proof;

	(void)state;
	made_begin(&run, 2);
	run.phases.connect_us = 60 * MS;
	run.phases.go_us = 80 * MS;
	for (uint32_t i = 0; i < 2; i++) {
		made_task(&run, "t", -1);
		made_session(&run, i, 1 * MS, 2 * MS, 70 * MS);
		run.session_rows[i].tcp_us = 3 * MS;
		run.session_rows[i].tls_us = QUERY_NONE;
		run.session_rows[i].auth_us = 68 * MS;
		made_attempt(&run, i, i, 90 * MS, 110 * MS);
	}
	prove(&run, &proof);
	assert_true(proof.nsuspects > 0);
	assert_string_equal(proof.suspects[0].cause, "slow connecting");
	assert_non_null(strstr(proof.suspects[0].evidence, "authentication 65 ms"));
	assert_true(proof.suspects[0].share_us == 68 * MS);
	finish(&run, &proof);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {cmocka_unit_test(test_lock_chain), cmocka_unit_test(test_long_task),
	        cmocka_unit_test(test_nobody), cmocka_unit_test(test_client_and_counters),
	        cmocka_unit_test(test_connecting)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
