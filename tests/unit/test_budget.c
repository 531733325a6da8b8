/* budget: the phases of the critical path add up, and a pause between two of them stays visible. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "reports/budget.h"
#include "shared/rng.h"
#include "tests/unit/made_run.h"

#define MS INT64_C(1000)

static int64_t line(const struct budget *budget, const char *name)
{
	for (size_t i = 0; i < budget->nlines; i++)
		if (strcmp(budget->lines[i].name, name) == 0)
			return budget->lines[i].us;
	return -1;
}

static int64_t sum_of(const struct budget *budget)
{
	int64_t sum = budget->unexplained_us;

	for (size_t i = 0; i < budget->nlines; i++)
		sum += budget->lines[i].us;
	return sum;
}

/* Two sessions without a gap; the second ends last. Every bound may be moved by a planted pause before it. */
enum pause { NO_PAUSE, BEFORE_SPAWN, BEFORE_CONNECT, BEFORE_REPORT, BEFORE_QUEUE, BEFORE_NEXT_TASK };

static void make(struct run_view *run, enum pause where, int64_t pause)
{
	int64_t at = 3 * MS;
	struct attempt_view *a;

	made_begin(run, 3);
	made_task(run, "a", -1);
	made_task(run, "b", -1);
	made_task(run, "c", -1);
	made_session(run, 0, 2 * MS, 2 * MS, 5 * MS);
	a = made_attempt(run, 0, 0, 30 * MS, 40 * MS);
	made_session(run, 1, 2 * MS, 2 * MS, 9 * MS);
	at += where == BEFORE_SPAWN ? pause : 0;
	made_session(run, 2, at, at + (where == BEFORE_CONNECT ? pause : 0), 0); /* the last one ready */
	run->worker_rows[2].forked_us = at - 1 * MS;
	at += 15 * MS + (where == BEFORE_CONNECT ? pause : 0);
	run->session_rows[2].ready_us = at;
	at += where == BEFORE_REPORT ? pause : 0;
	run->phases.connected_us = at;
	at += 2 * MS;
	run->phases.go_us = at;
	at += where == BEFORE_QUEUE ? pause : 0;
	for (uint32_t t = 1; t < 3; t++) {
		a = made_attempt(run, 1, t, at, at);
		a->taken_us = a->released_us = at;
		a->sent_us = at + 1 * MS;
		a->first_us = at + 501 * MS;
		a->done_us = at + 504 * MS;
		at += 504 * MS + (where == BEFORE_NEXT_TASK && t == 1 ? pause : 0);
	}
	made_end(run);
}

static void test_adds_up(void **state)
{
	struct run_view run;
	struct budget budget;

	(void)state;
	make(&run, NO_PAUSE, 0);
	budget_of(&run, &budget);
	assert_int_equal(budget.session, 1);
	assert_int_equal(budget.wall_us, 1028 * MS);
	assert_int_equal(line(&budget, "spawn"), 3 * MS);
	assert_int_equal(line(&budget, "token"), 0);
	assert_int_equal(line(&budget, "connect"), 15 * MS);
	assert_int_equal(line(&budget, "barrier"), 2 * MS);
	assert_int_equal(line(&budget, "queue"), 2 * MS);
	assert_int_equal(line(&budget, "execute"), 1000 * MS);
	assert_int_equal(line(&budget, "fetch"), 6 * MS);
	assert_int_equal(line(&budget, "retry"), -1);
	assert_int_equal(budget.unexplained_us, 0);
	assert_int_equal(budget.allowed_us, 1028);
	made_free(&run);
}

static void test_planted_pauses(void **state)
{
	static const enum pause places[] = {
	        BEFORE_SPAWN, BEFORE_CONNECT, BEFORE_REPORT, BEFORE_QUEUE, BEFORE_NEXT_TASK};
	static const int64_t pauses[] = {200 * MS, 2 * MS};

	(void)state;
	for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
		for (size_t k = 0; k < sizeof pauses / sizeof pauses[0]; k++) {
			struct run_view run;
			struct budget budget;

			make(&run, places[i], pauses[k]);
			budget_of(&run, &budget);
			assert_int_equal(budget.unexplained_us, pauses[k]);
			assert_true(budget.unexplained_us > budget.allowed_us);
			assert_int_equal(sum_of(&budget), budget.wall_us);
			made_free(&run);
		}
}

static void test_retries(void **state)
{
	struct run_view run;
	struct budget budget;
	struct attempt_view *a;

	(void)state;
	made_begin(&run, 1);
	made_task(&run, "a", -1);
	made_session(&run, 0, MS, MS, MADE_GO);
	a = made_attempt(&run, 0, 0, MADE_GO + 240, MADE_GO + 10 * MS);
	a->outcome = OUTCOME_FAILED;
	a->flags = ATTEMPT_RETRY | ATTEMPT_RETRIED_HERE;
	a = made_attempt(&run, 0, 0, MADE_GO + 50 * MS, MADE_GO + 60 * MS);
	a->try_no = 2;
	made_end(&run);
	budget_of(&run, &budget);
	assert_int_equal(line(&budget, "retry"), 40 * MS - 240 - 200);
	assert_int_equal(budget.unexplained_us, 0);
	made_free(&run);
}

static void test_reconnect(void **state)
{
	struct run_view run;
	struct budget budget;
	struct attempt_view *a;

	(void)state;
	made_begin(&run, 1);
	made_task(&run, "a", -1);
	made_task(&run, "b", -1);
	made_session(&run, 0, MS, MS, MADE_GO);
	made_session(&run, 0, MS, MADE_GO + 50 * MS, MADE_GO + 55 * MS);
	run.session_rows[1].connect_no = 2;
	run.nworker_rows = 1;
	a = made_attempt(&run, 0, 0, MADE_GO + 240, MADE_GO + 10 * MS);
	a->outcome = OUTCOME_UNKNOWN;
	a->flags = ATTEMPT_SESSION_LOST;
	made_attempt(&run, 0, 1, MADE_GO + 55 * MS + 240, MADE_GO + 80 * MS);
	made_end(&run);
	budget_of(&run, &budget);
	assert_int_equal(line(&budget, "reconnect"), 5 * MS);
	assert_int_equal(line(&budget, "retry"), 40 * MS - 200);
	assert_int_equal(budget.unexplained_us, 0);
	made_free(&run);
}

static void test_before_the_wall(void **state)
{
	struct run_view run;
	struct budget budget;

	(void)state;
	make(&run, NO_PAUSE, 0);
	run.phases.name_us = 300;
	run.phases.connect_us = 4 * MS;
	run.phases.setup_begin_us = -20 * MS;
	run.phases.setup_end_us = -5 * MS;
	budget_of(&run, &budget);
	assert_int_equal(budget.nbefore, 3);
	assert_string_equal(budget.before[0].name, "name");
	assert_int_equal(budget.before[1].us, 4 * MS);
	assert_int_equal(budget.before[2].us, 15 * MS);
	made_free(&run);
}

static void test_nothing_ran(void **state)
{
	struct run_view run;
	struct budget budget;

	(void)state;
	made_begin(&run, 2);
	made_end(&run);
	budget_of(&run, &budget);
	assert_int_equal(budget.wall_us, 0);
	assert_int_equal(budget.unexplained_us, 0);
	made_free(&run);
}

/* Whatever the times are, lines and unexplained add up to the wall time and none is negative. */
static void test_always_adds_up(void **state)
{
	struct rng rng;

	(void)state;
	rng_seed(&rng, 5, 0);
	for (int round = 0; round < 500; round++) {
		struct run_view run;
		struct budget budget;
		uint32_t n = 1 + (uint32_t)rng_below(&rng, 12);

		made_begin(&run, 3);
		made_task(&run, "a", -1);
		for (uint32_t i = 0; i < 3; i++)
			made_session(&run, i, (int64_t)rng_below(&rng, 9000), (int64_t)rng_below(&rng, 30000),
			        (int64_t)rng_below(&rng, 60000));
		for (uint32_t i = 0; i < n; i++) {
			int64_t from = (int64_t)rng_below(&rng, 500000);
			struct attempt_view *a = made_attempt(
			        &run, (uint32_t)rng_below(&rng, 3), 0, from, from + (int64_t)rng_below(&rng, 200000));

			if (rng_below(&rng, 5) == 0)
				a->first_us = QUERY_NONE;
			if (rng_below(&rng, 5) == 0)
				a->flags = (uint32_t)rng_below(&rng, 64);
			if (rng_below(&rng, 9) == 0)
				a->done_us = QUERY_NONE;
		}
		made_end(&run);
		budget_of(&run, &budget);
		assert_int_equal(sum_of(&budget), budget.wall_us);
		assert_true(budget.unexplained_us >= 0);
		for (size_t i = 0; i < budget.nlines; i++)
			assert_true(budget.lines[i].us >= 0);
		made_free(&run);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_adds_up), cmocka_unit_test(test_planted_pauses),
	        cmocka_unit_test(test_retries), cmocka_unit_test(test_reconnect),
	        cmocka_unit_test(test_before_the_wall), cmocka_unit_test(test_nothing_ran),
	        cmocka_unit_test(test_always_adds_up)};

	return cmocka_run_group_tests_name("budget", tests, NULL, NULL);
}
