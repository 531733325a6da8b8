/* The book of tickets: what an attempt means, releases, stages, retries, and that every ticket ends exactly once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "orchestrator/tickets.h"
#include "shared/buf.h"
#include "shared/clock.h"

#define MS INT64_C(1000000)

struct book {
	struct plan *plan;
	uint32_t *todo;
	struct tickets t;
};

/* after[i]: the task it waits for, -1 = none. */
static struct book make_book(int ntasks, const int *repeat, const int *after, uint32_t nsessions)
{
	struct book b = {0};
	struct err err;

	b.plan = mem_zero(1, sizeof *b.plan);
	b.plan->ntasks = ntasks;
	b.plan->tasks = mem_zero((size_t)ntasks, sizeof *b.plan->tasks);
	for (int i = 0; i < ntasks; i++) {
		struct task *task = &b.plan->tasks[i];
		char name[16];
		snprintf(name, sizeof name, "q%d", i + 1);
		task->name = mem_strdup(name);
		task->repeat = repeat ? repeat[i] : 1;
		task->after = after ? after[i] : -1;
		task->retries = 2;
		task->nstatements = 0;
		task->rows = -1;
	}
	assert_true(plan_number_tickets(b.plan, &err));
	b.todo = mem_zero(b.plan->ntickets + 1u, sizeof *b.todo);
	for (uint32_t i = 0; i < b.plan->ntickets; i++)
		b.todo[i] = i;
	assert_true(tickets_init(&b.t, b.plan, b.todo, b.plan->ntickets, nsessions, 7, &err));
	return b;
}

static void free_book(struct book *b)
{
	tickets_clear(&b->t);
	free(b->todo);
	plan_free(b->plan);
}

static void release_all(struct book *b)
{
	uint32_t from, to;
	while (tickets_release_due(&b->t, UINT32_MAX, 1000 * MS, &from, &to))
		tickets_released(&b->t, to);
}

static struct attempt attempt(uint32_t ticket, uint32_t try_no, enum outcome outcome, uint32_t flags)
{
	return (struct attempt){.ticket = ticket,
	        .try_no = try_no,
	        .outcome = outcome,
	        .flags = flags,
	        .backend_pid = 4711,
	        .statements = 3};
}

static enum ticket_verdict take(struct book *b, struct attempt a)
{
	uint32_t token;
	return tickets_attempt(&b->t, &a, true, true, 1000 * MS, &token);
}

/* --- one attempt of one ticket ---------------------------------------------------------------------------------- */

static const struct verdict_case {
	const char *name;
	bool readonly, repeatable, no_repeat, no_observer;
	enum outcome outcome;
	uint32_t flags, applied, try_no;
	int retries;
	enum ticket_verdict verdict;
} verdict_cases[] = {
        {"done", false, false, false, false, OUTCOME_DONE, 0, 0, 1, 2, VERDICT_FINAL},
        {"failed for good", false, false, false, false, OUTCOME_FAILED, 0, 0, 1, 2, VERDICT_FINAL},
        {"failed, worth repeating", false, false, false, false, OUTCOME_FAILED, ATTEMPT_RETRY, 0, 1, 2, VERDICT_AGAIN},
        {"failed after a part was applied", false, false, false, false, OUTCOME_FAILED, ATTEMPT_RETRY, 1, 1, 2,
                VERDICT_FINAL},
        {"the same, repeatable", false, true, false, false, OUTCOME_FAILED, ATTEMPT_RETRY, 1, 1, 2, VERDICT_AGAIN},
        {"no tries left", false, false, false, false, OUTCOME_FAILED, ATTEMPT_RETRY, 0, 1, 0, VERDICT_FINAL},
        {"the run is stopping", false, false, true, false, OUTCOME_FAILED, ATTEMPT_RETRY, 0, 1, 2, VERDICT_FINAL},
        {"unknown", false, false, false, false, OUTCOME_UNKNOWN, 0, 0, 1, 2, VERDICT_FINAL},
        {"unknown, read-only", true, false, false, false, OUTCOME_UNKNOWN, 0, 0, 1, 2, VERDICT_AGAIN},
        {"unknown, repeatable", false, true, false, false, OUTCOME_UNKNOWN, 0, 0, 1, 2, VERDICT_AGAIN_GONE},
        {"unknown, repeatable, no observer", false, true, false, true, OUTCOME_UNKNOWN, 0, 0, 1, 2, VERDICT_FINAL},
        {"the session tries again", false, false, false, false, OUTCOME_FAILED, ATTEMPT_RETRIED_HERE, 0, 1, 2,
                VERDICT_STAYS},
        {"the session tries too often", false, false, false, false, OUTCOME_FAILED, ATTEMPT_RETRIED_HERE, 0, 1, 0,
                VERDICT_NONSENSE},
        {"done, and yet again", false, false, false, false, OUTCOME_DONE, ATTEMPT_RETRIED_HERE, 0, 1, 2,
                VERDICT_NONSENSE},
        {"a try out of order", false, false, false, false, OUTCOME_DONE, 0, 0, 2, 2, VERDICT_NONSENSE},
        {"no outcome", false, false, false, false, OUTCOME_NONE, 0, 0, 1, 2, VERDICT_NONSENSE},
};

static void test_verdicts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof verdict_cases / sizeof *verdict_cases; i++) {
		const struct verdict_case *c = &verdict_cases[i];
		struct book b = make_book(1, NULL, NULL, 1);
		b.plan->tasks[0].readonly = c->readonly;
		b.plan->tasks[0].repeatable = c->repeatable;
		b.plan->tasks[0].retries = c->retries;
		release_all(&b);
		struct attempt a = attempt(0, c->try_no, c->outcome, c->flags);
		a.applied = c->applied;
		uint32_t token;
		enum ticket_verdict got = tickets_attempt(&b.t, &a, !c->no_repeat, !c->no_observer, 1000 * MS, &token);
		if (got != c->verdict)
			fail_msg("%s: verdict %d, wanted %d", c->name, got, c->verdict);
		assert_int_equal(got == VERDICT_AGAIN_GONE, token != 0);
		free_book(&b);
	}
}

static void test_final_twice_is_nonsense(void **state)
{
	(void)state;
	struct book b = make_book(1, NULL, NULL, 1);
	release_all(&b);
	assert_int_equal(take(&b, attempt(0, 1, OUTCOME_DONE, 0)), VERDICT_FINAL);
	assert_int_equal(take(&b, attempt(0, 2, OUTCOME_DONE, 0)), VERDICT_NONSENSE);
	assert_int_equal(b.t.attempts, 1);
	free_book(&b);
}

static void test_above_the_limit_is_nonsense(void **state)
{
	(void)state;
	struct book b = make_book(1, NULL, NULL, 1);
	assert_int_equal(take(&b, attempt(0, 1, OUTCOME_DONE, 0)), VERDICT_NONSENSE);
	assert_int_equal(take(&b, attempt(99, 1, OUTCOME_DONE, 0)), VERDICT_NONSENSE);
	free_book(&b);
}

/* --- releases --------------------------------------------------------------------------------------------------- */

static void test_first_block_is_two_per_session(void **state)
{
	(void)state;
	struct book b = make_book(1, (int[]){100}, NULL, 4);
	uint32_t from, to;
	assert_true(tickets_release_due(&b.t, 0, 1000 * MS, &from, &to));
	assert_int_equal(from, 0);
	assert_int_equal(to, 8);
	tickets_released(&b.t, to);
	/* Enough is left to take. */
	assert_false(tickets_release_due(&b.t, 4, 1000 * MS, &from, &to));
	/* Below half a block: the next one. */
	assert_true(tickets_release_due(&b.t, 5, 1000 * MS, &from, &to));
	assert_int_equal(to, 16);
	free_book(&b);
}

static void test_in_store_while_lanes_have_some_milliseconds_left(void **state)
{
	(void)state;
	struct book b = make_book(1, (int[]){10000}, NULL, 4);
	uint32_t token;
	tickets_released(&b.t, 1600);
	for (uint32_t i = 0; i < 640; i++) {
		struct attempt a = attempt(i, 1, OUTCOME_DONE, 0);
		tickets_attempt(&b.t, &a, true, true, 1000 * MS, &token);
	}
	/* 640 in the window: ten of them last for 4 ms. */
	assert_true(tickets_in_store(&b.t, 1590, 1001 * MS));
	assert_false(tickets_in_store(&b.t, 1591, 1001 * MS));
	assert_false(tickets_in_store(&b.t, 1700, 1001 * MS));
	/* Later only what the sessions take at once counts. */
	assert_true(tickets_in_store(&b.t, 1596, 1400 * MS));
	assert_false(tickets_in_store(&b.t, 1597, 1400 * MS));
	free_book(&b);
}

static void test_block_grows_with_what_was_finished(void **state)
{
	(void)state;
	struct book b = make_book(1, (int[]){1000}, NULL, 1);
	uint32_t from, to, token;
	tickets_released(&b.t, 100);
	for (uint32_t i = 0; i < 100; i++) {
		struct attempt a = attempt(i, 1, OUTCOME_DONE, 0);
		tickets_attempt(&b.t, &a, true, true, 1000 * MS, &token);
	}
	assert_true(tickets_release_due(&b.t, 100, 1001 * MS, &from, &to));
	assert_int_equal(to - from, 100);
	/* A quarter of a second later they no longer count. */
	assert_true(tickets_release_due(&b.t, 100, 1400 * MS, &from, &to));
	assert_int_equal(to - from, 2);
	free_book(&b);
}

static void test_stage_waits_for_all_before(void **state)
{
	(void)state;
	struct book b = make_book(2, (int[]){2, 1}, (int[]){-1, 0}, 4);
	uint32_t from, to;
	assert_true(tickets_release_due(&b.t, 0, 0, &from, &to));
	assert_int_equal(to, 2);
	tickets_released(&b.t, to);
	assert_int_equal(take(&b, attempt(0, 1, OUTCOME_DONE, 0)), VERDICT_FINAL);
	assert_false(tickets_release_due(&b.t, 6, 0, &from, &to));
	assert_int_equal(take(&b, attempt(1, 1, OUTCOME_DONE, 0)), VERDICT_FINAL);
	assert_true(tickets_release_due(&b.t, 6, 0, &from, &to));
	assert_int_equal(from, 2);
	assert_int_equal(to, 3);
	assert_false(b.t.task_skip[1]);
	free_book(&b);
}

static void test_failed_predecessor_skips_the_chain(void **state)
{
	(void)state;
	/* q2 after q1, q3 after q2, q4 after nothing: q1 fails, so q2 and q3 are not run. */
	struct book b = make_book(4, NULL, (int[]){-1, 0, 1, -1}, 2);
	release_all(&b);
	assert_int_equal(b.t.limit, 2);
	assert_int_equal(take(&b, attempt(0, 1, OUTCOME_FAILED, 0)), VERDICT_FINAL);
	assert_int_equal(take(&b, attempt(1, 1, OUTCOME_DONE, 0)), VERDICT_FINAL);
	release_all(&b);
	assert_true(tickets_all_final(&b.t));
	assert_int_equal(b.t.limit, 4); /* lanes step over them */
	assert_int_equal(b.t.not_run, 2);
	assert_int_equal(b.t.failed, 1);
	assert_int_equal(b.t.done, 1);
	free_book(&b);
}

/* --- retries ---------------------------------------------------------------------------------------------------- */

static void test_retry_goes_out_once_and_comes_back(void **state)
{
	(void)state;
	struct book b = make_book(1, NULL, NULL, 1);
	uint32_t position, try_no;
	release_all(&b);
	assert_int_equal(take(&b, attempt(0, 1, OUTCOME_FAILED, ATTEMPT_RETRY)), VERDICT_AGAIN);
	assert_false(tickets_retry_waits(&b.t, 1000 * MS)); /* it backs off first */
	int64_t due = tickets_retry_next(&b.t);
	assert_true(due > 1000 * MS && due <= 1050 * MS);
	assert_true(tickets_retry(&b.t, 3, due, &position, &try_no));
	assert_int_equal(position, 0);
	assert_int_equal(try_no, 2);
	assert_false(tickets_retry(&b.t, 4, due, &position, &try_no));
	/* Only the worker it was sent to may report it. */
	struct attempt a = attempt(0, 2, OUTCOME_DONE, 0);
	a.worker = 4;
	assert_int_equal(take(&b, a), VERDICT_NONSENSE);
	a.worker = 3;
	assert_int_equal(take(&b, a), VERDICT_FINAL);
	assert_true(tickets_all_final(&b.t));
	free_book(&b);
}

static void test_retry_of_a_dead_worker_is_due_again(void **state)
{
	(void)state;
	struct book b = make_book(1, NULL, NULL, 1);
	uint32_t position, try_no;
	release_all(&b);
	assert_true(tickets_requeue(&b.t, 0, 0));
	assert_false(tickets_requeue(&b.t, 0, 0));
	assert_true(tickets_retry(&b.t, 3, 0, &position, &try_no));
	assert_int_equal(try_no, 1); /* nothing of it was ever sent */
	tickets_worker_ended(&b.t, 2, 5);
	assert_false(tickets_retry(&b.t, 1, 5, &position, &try_no));
	tickets_worker_ended(&b.t, 3, 5);
	assert_true(tickets_retry(&b.t, 1, 5, &position, &try_no));
	free_book(&b);
}

static void test_held_ticket_waits_for_its_release(void **state)
{
	(void)state;
	struct book b = make_book(2, NULL, (int[]){-1, 0}, 1);
	uint32_t position, try_no;
	release_all(&b);
	assert_true(tickets_requeue(&b.t, 1, 0)); /* its holder died above the limit */
	assert_false(tickets_retry(&b.t, 0, 5, &position, &try_no));
	assert_int_equal(take(&b, attempt(0, 1, OUTCOME_DONE, 0)), VERDICT_FINAL);
	release_all(&b);
	assert_true(tickets_retry(&b.t, 0, 5, &position, &try_no));
	assert_int_equal(position, 1);
	free_book(&b);
}

static void test_old_backend_gone_or_not(void **state)
{
	(void)state;
	struct book b = make_book(1, (int[]){2}, NULL, 2);
	uint32_t position, try_no, token[2];
	b.plan->tasks[0].repeatable = true;
	release_all(&b);
	for (uint32_t i = 0; i < 2; i++) {
		struct attempt a = attempt(i, 1, OUTCOME_UNKNOWN, 0);
		assert_int_equal(tickets_attempt(&b.t, &a, true, true, 0, &token[i]), VERDICT_AGAIN_GONE);
	}
	assert_int_not_equal(token[0], token[1]);
	assert_false(tickets_retry(&b.t, 0, 0, &position, &try_no));
	assert_false(tickets_gone(&b.t, token[1], true, 1, &position));
	assert_true(tickets_retry(&b.t, 0, 1, &position, &try_no));
	assert_int_equal(position, 1);
	assert_true(tickets_gone(&b.t, token[0], false, 1, &position));
	assert_int_equal(position, 0);
	assert_int_equal(b.t.unknown, 1);
	assert_false(tickets_gone(&b.t, token[0], false, 1, &position));
	free_book(&b);
}

static void test_old_backend_overdue(void **state)
{
	(void)state;
	struct book b = make_book(1, NULL, NULL, 1);
	uint32_t position;
	b.plan->tasks[0].repeatable = true;
	release_all(&b);
	assert_int_equal(take(&b, attempt(0, 1, OUTCOME_UNKNOWN, 0)), VERDICT_AGAIN_GONE);
	assert_false(tickets_gone_overdue(&b.t, 1000 * MS, &position));
	assert_true(tickets_gone_overdue(&b.t, 1000 * MS + TICKETS_GONE_NS, &position));
	assert_int_equal(b.t.unknown, 1);
	free_book(&b);
}

/* --- the end ---------------------------------------------------------------------------------------------------- */

static uint32_t find_lost(struct tickets *t, uint64_t next)
{
	uint32_t position = 0, found = 0;
	while (tickets_lost(t, next, &position))
		found += tickets_requeue(t, position, 0);
	return found;
}

static void test_lost_tickets_are_found(void **state)
{
	(void)state;
	struct book b = make_book(1, (int[]){6}, NULL, 3);
	uint32_t position, try_no;
	release_all(&b);
	assert_int_equal(take(&b, attempt(1, 1, OUTCOME_DONE, 0)), VERDICT_FINAL);
	/* Four were taken; 1 is done; nobody works on 0, 2 and 3. */
	assert_int_equal(find_lost(&b.t, 4), 3);
	assert_int_equal(find_lost(&b.t, 4), 0);
	assert_true(tickets_retry(&b.t, 0, 0, &position, &try_no));
	assert_int_equal(position, 0);
	free_book(&b);
}

/* A worker of many sessions lives on when the one that tries again here cannot connect any more. */
static void test_retry_of_a_session_that_gave_up_is_found(void **state)
{
	(void)state;
	struct book b = make_book(1, (int[]){1}, NULL, 2);
	uint32_t position, try_no;
	b.plan->tasks[0].readonly = true;
	release_all(&b);
	assert_int_equal(take(&b, attempt(0, 1, OUTCOME_UNKNOWN, 0)), VERDICT_AGAIN);
	assert_true(tickets_retry(&b.t, 0, CLOCK_NEVER - 1, &position, &try_no));
	assert_int_equal(find_lost(&b.t, 1), 0);
	assert_int_equal(take(&b, attempt(0, 2, OUTCOME_FAILED, ATTEMPT_RETRIED_HERE)), VERDICT_STAYS);
	assert_int_equal(find_lost(&b.t, 1), 1);
	assert_true(tickets_retry(&b.t, 1, CLOCK_NEVER - 1, &position, &try_no));
	assert_int_equal(try_no, 3);
	free_book(&b);
}

static void test_close_gives_every_ticket_its_end(void **state)
{
	(void)state;
	struct book b = make_book(1, (int[]){5}, NULL, 3);
	uint32_t position;
	enum outcome outcome;
	b.plan->tasks[0].repeatable = true;
	release_all(&b);
	assert_int_equal(take(&b, attempt(0, 1, OUTCOME_FAILED, ATTEMPT_RETRIED_HERE)), VERDICT_STAYS);
	assert_int_equal(take(&b, attempt(1, 1, OUTCOME_UNKNOWN, 0)), VERDICT_AGAIN_GONE);
	assert_int_equal(take(&b, attempt(2, 1, OUTCOME_FAILED, ATTEMPT_RETRY)), VERDICT_AGAIN);
	assert_int_equal(take(&b, attempt(3, 1, OUTCOME_DONE, 0)), VERDICT_FINAL);
	int closed = 0;
	while (tickets_close_next(&b.t, &position, &outcome))
		closed++;
	assert_int_equal(closed, 4);
	assert_true(tickets_all_final(&b.t));
	assert_int_equal(b.t.done, 1);
	assert_int_equal(b.t.failed, 2);
	assert_int_equal(b.t.unknown, 1);
	assert_int_equal(b.t.not_run, 1);
	assert_int_equal(b.t.nqueue, 0);
	free_book(&b);
}

static void test_part_of_a_plan(void **state)
{
	(void)state;
	struct book b = make_book(1, (int[]){10}, NULL, 3);
	struct err err;
	uint32_t position, some[] = {2, 5, 9};
	tickets_clear(&b.t);
	assert_true(tickets_init(&b.t, b.plan, some, 3, 3, 7, &err));
	assert_true(tickets_position(&b.t, 5, &position));
	assert_int_equal(position, 1);
	assert_false(tickets_position(&b.t, 4, &position));
	release_all(&b);
	assert_int_equal(b.t.limit, 3);
	assert_int_equal(take(&b, attempt(9, 1, OUTCOME_DONE, 0)), VERDICT_FINAL);
	assert_int_equal(take(&b, attempt(3, 1, OUTCOME_DONE, 0)), VERDICT_NONSENSE);
	free_book(&b);
}

static void test_todo_out_of_order_is_refused(void **state)
{
	(void)state;
	struct book b = make_book(1, (int[]){10}, NULL, 3);
	struct tickets t;
	struct err err;
	uint32_t twice[] = {2, 2}, beyond[] = {2, 10};
	assert_false(tickets_init(&t, b.plan, twice, 2, 3, 7, &err));
	assert_false(tickets_init(&t, b.plan, beyond, 2, 3, 7, &err));
	free_book(&b);
}

/* Random histories: whatever happens, every ticket ends once and the sums hold. */
static void one_history(unsigned seed)
{
	srand(seed);
	struct book b = make_book(3, (int[]){1 + rand() % 20, 1 + rand() % 20, 1 + rand() % 20},
	        (int[]){-1, rand() % 2 ? 0 : -1, rand() % 2 ? 1 : -1}, 1u + (unsigned)rand() % 4);
	uint32_t next = 0, position, try_no, from, to, token;
	int64_t now = 0;

	b.plan->tasks[0].repeatable = rand() % 2;
	b.plan->tasks[1].readonly = rand() % 2;
	for (int step = 0; step < 20000 && !tickets_all_final(&b.t); step++) {
		now += MS;
		if (tickets_release_due(&b.t, next, now, &from, &to))
			tickets_released(&b.t, to);
		struct attempt a = {.backend_pid = 1, .outcome = 1 + (unsigned)rand() % 3, .flags = 0};
		a.flags = rand() % 2 ? ATTEMPT_RETRY : 0;
		if (tickets_retry(&b.t, 0, now, &position, &try_no)) {
			if (rand() % 4 == 0) {
				tickets_worker_ended(&b.t, 0, now);
				continue;
			}
		} else if (next < b.t.limit) {
			position = next++;
			if (b.t.records[position].stage == TICKET_FINAL)
				continue; /* skipped */
			try_no = b.t.records[position].tries + 1u;
			if (rand() % 4 == 0)
				continue; /* taken and lost */
		} else {
			find_lost(&b.t, next);
			while (tickets_gone_overdue(&b.t, CLOCK_NEVER, &position))
				;
			continue;
		}
		a.ticket = b.todo[position];
		a.try_no = try_no;
		assert_int_not_equal(
		        tickets_attempt(&b.t, &a, rand() % 50 != 0, rand() % 2, now, &token), VERDICT_NONSENSE);
		if (token)
			tickets_gone(&b.t, token, rand() % 2, now, &position);
	}
	assert_true(tickets_all_final(&b.t));
	assert_int_equal(b.t.done + b.t.failed + b.t.unknown + b.t.not_run, b.t.n);
	assert_int_equal(b.t.attempts_done + b.t.attempts_failed + b.t.attempts_unknown, b.t.attempts);
	assert_int_equal(b.t.attempts_done, b.t.done);
	assert_int_equal(b.t.nqueue, 0);
	free_book(&b);
}

static void test_random_histories(void **state)
{
	(void)state;
	for (unsigned seed = 1; seed <= 300; seed++)
		one_history(seed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_verdicts),
	        cmocka_unit_test(test_final_twice_is_nonsense),
	        cmocka_unit_test(test_above_the_limit_is_nonsense),
	        cmocka_unit_test(test_first_block_is_two_per_session),
	        cmocka_unit_test(test_in_store_while_lanes_have_some_milliseconds_left),
	        cmocka_unit_test(test_block_grows_with_what_was_finished),
	        cmocka_unit_test(test_stage_waits_for_all_before),
	        cmocka_unit_test(test_failed_predecessor_skips_the_chain),
	        cmocka_unit_test(test_retry_goes_out_once_and_comes_back),
	        cmocka_unit_test(test_retry_of_a_dead_worker_is_due_again),
	        cmocka_unit_test(test_held_ticket_waits_for_its_release),
	        cmocka_unit_test(test_old_backend_gone_or_not),
	        cmocka_unit_test(test_old_backend_overdue),
	        cmocka_unit_test(test_lost_tickets_are_found),
	        cmocka_unit_test(test_retry_of_a_session_that_gave_up_is_found),
	        cmocka_unit_test(test_close_gives_every_ticket_its_end),
	        cmocka_unit_test(test_part_of_a_plan),
	        cmocka_unit_test(test_todo_out_of_order_is_refused),
	        cmocka_unit_test(test_random_histories),
	};
	return cmocka_run_group_tests_name("tickets", tests, NULL, NULL);
}
