/* Handing out tickets: each once, none lost, stages held and stepped over, idle only when nothing is in hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdlib.h>

#include "shared/buf.h"
#include "worker/pick.h"

#define TICKETS 1000

static struct {
	struct plan plan;
	struct ticket tickets[TICKETS];
	uint32_t todo[TICKETS];
	struct shm *shm;
	struct pick pick;
} f;

static int set_up(void **state)
{
	struct err err;

	(void)state;
	f.plan = (struct plan){.ntasks = 10, .tickets = f.tickets, .ntickets = TICKETS};
	for (uint32_t i = 0; i < TICKETS; i++) {
		f.tickets[i].task = i % 10;
		f.todo[i] = TICKETS - 1 - i;
	}
	f.shm = shm_map(4, TICKETS, 10, &err);
	pick_init(&f.pick, &f.plan, f.todo, f.shm, false);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	pick_clear(&f.pick);
	shm_unmap(f.shm);
	return 0;
}

static void release(uint64_t limit)
{
	atomic_store(&f.shm->limit, limit);
}

static void test_positions_come_in_order_of_the_todo_list(void **state)
{
	struct picked p;

	(void)state;
	release(TICKETS);
	for (uint32_t i = 0; i < TICKETS; i++) {
		assert_int_equal(pick_next(&f.pick, &p), PICK_TAKEN);
		assert_int_equal(p.ticket, TICKETS - 1 - i);
		assert_int_equal(p.try_no, 1);
		assert_false(pick_idle(&f.pick));
		pick_drop(&f.pick);
	}
	assert_int_equal(pick_next(&f.pick, &p), PICK_NONE);
	assert_true(pick_idle(&f.pick));
	assert_int_equal(atomic_load(&f.shm->next), TICKETS);
}

static void test_above_the_limit_a_position_is_held(void **state)
{
	struct picked p;

	(void)state;
	assert_int_equal(pick_next(&f.pick, &p), PICK_HELD);
	assert_int_equal(p.position, 0);
	assert_int_equal(p.ticket, TICKETS - 1);
	assert_int_equal(pick_released(&f.pick, &p), PICK_HELD);
	release(1);
	assert_int_equal(pick_released(&f.pick, &p), PICK_TAKEN);
	assert_int_equal(p.ticket, TICKETS - 1);
}

static void test_skipped_tasks_are_stepped_over(void **state)
{
	struct picked p;

	(void)state;
	release(TICKETS);
	for (uint32_t t = 0; t < 10; t++)
		if (t != 3)
			atomic_store(shm_skip(f.shm, t), 1);
	for (uint32_t i = 0; i < TICKETS / 10; i++) {
		assert_int_equal(pick_next(&f.pick, &p), PICK_TAKEN);
		assert_int_equal(p.ticket % 10, 3);
		pick_drop(&f.pick);
	}
	assert_int_equal(pick_next(&f.pick, &p), PICK_NONE);
	assert_true(pick_idle(&f.pick));
}

static void test_a_held_position_that_is_then_skipped_gives_the_next_one(void **state)
{
	struct picked p;

	(void)state;
	assert_int_equal(pick_next(&f.pick, &p), PICK_HELD);
	atomic_store(shm_skip(f.shm, 9), 1);
	release(2);
	assert_int_equal(pick_released(&f.pick, &p), PICK_TAKEN);
	assert_int_equal(p.ticket, TICKETS - 2);
	for (uint32_t t = 0; t < 10; t++)
		atomic_store(shm_skip(f.shm, t), 1);
	assert_int_equal(pick_next(&f.pick, &p), PICK_HELD);
	release(TICKETS);
	assert_int_equal(pick_released(&f.pick, &p), PICK_NONE);
	pick_drop(&f.pick); /* of the first one */
	assert_true(pick_idle(&f.pick));
}

static void test_retries_come_first_and_oldest_first(void **state)
{
	struct picked p;

	(void)state;
	release(TICKETS);
	for (uint32_t i = 0; i < 200; i++)
		pick_push(&f.pick, &(struct msg_retry){.ticket = i, .try_no = 2 + i});
	for (uint32_t i = 0; i < 200; i++) {
		assert_int_equal(pick_next(&f.pick, &p), PICK_TAKEN);
		assert_int_equal(p.ticket, i);
		assert_int_equal(p.try_no, 2 + i);
	}
	assert_int_equal(pick_next(&f.pick, &p), PICK_TAKEN);
	assert_int_equal(p.try_no, 1);
}

static void test_a_retry_ends_being_idle(void **state)
{
	struct picked p;

	(void)state;
	atomic_store(&f.shm->next, TICKETS);
	assert_true(pick_idle(&f.pick));
	pick_push(&f.pick, &(struct msg_retry){.ticket = 5, .try_no = 2});
	assert_false(pick_idle(&f.pick));
	assert_int_equal(pick_next(&f.pick, &p), PICK_TAKEN);
	assert_false(pick_idle(&f.pick));
	pick_drop(&f.pick);
	assert_true(pick_idle(&f.pick));
}

static void test_a_stop_ends_handing_out(void **state)
{
	struct picked p;

	(void)state;
	release(TICKETS);
	pick_tell_stop(&f.pick, STOP_SOON);
	assert_int_equal(pick_next(&f.pick, &p), PICK_NONE);
	assert_true(pick_idle(&f.pick));
	assert_int_equal(pick_stop(&f.pick), STOP_SOON);
	atomic_store(&f.shm->stop_mode, STOP_CANCEL);
	assert_int_equal(pick_stop(&f.pick), STOP_CANCEL);
	atomic_store(&f.shm->stop_mode, 77); /* nonsense in shared memory */
	assert_int_equal(pick_stop(&f.pick), STOP_EXIT);
}

static void test_special_is_taken_once(void **state)
{
	struct pick pick;
	struct picked p;

	(void)state;
	pick_init(&pick, &f.plan, f.todo, f.shm, true);
	assert_false(pick_idle(&pick));
	assert_int_equal(pick_next(&pick, &p), PICK_TAKEN);
	assert_int_equal(p.ticket, PICK_SPECIAL);
	assert_int_equal(pick_next(&pick, &p), PICK_NONE);
	assert_false(pick_idle(&pick));
	pick_drop(&pick);
	assert_true(pick_idle(&pick));
	assert_int_equal(atomic_load(&f.shm->next), 0);
	pick_clear(&pick);
}

static _Atomic uint8_t seen[TICKETS];

static void *take_all(void *arg)
{
	struct picked p;
	uint32_t *count = arg;

	while (pick_next(&f.pick, &p) == PICK_TAKEN) {
		atomic_fetch_add(&seen[p.ticket], 1);
		(*count)++;
		pick_drop(&f.pick);
	}
	return NULL;
}

static void test_four_lanes_take_each_ticket_once(void **state)
{
	pthread_t lanes[4];
	uint32_t counts[4] = {0}, sum = 0;

	(void)state;
	release(TICKETS);
	for (int i = 0; i < 4; i++)
		pthread_create(&lanes[i], NULL, take_all, &counts[i]);
	for (int i = 0; i < 4; i++) {
		pthread_join(lanes[i], NULL);
		sum += counts[i];
	}
	assert_int_equal(sum, TICKETS);
	for (uint32_t i = 0; i < TICKETS; i++)
		assert_int_equal(atomic_load(&seen[i]), 1);
	assert_true(pick_idle(&f.pick));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(test_positions_come_in_order_of_the_todo_list, set_up, tear_down),
	        cmocka_unit_test_setup_teardown(test_above_the_limit_a_position_is_held, set_up, tear_down),
	        cmocka_unit_test_setup_teardown(test_skipped_tasks_are_stepped_over, set_up, tear_down),
	        cmocka_unit_test_setup_teardown(
	                test_a_held_position_that_is_then_skipped_gives_the_next_one, set_up, tear_down),
	        cmocka_unit_test_setup_teardown(test_retries_come_first_and_oldest_first, set_up, tear_down),
	        cmocka_unit_test_setup_teardown(test_a_retry_ends_being_idle, set_up, tear_down),
	        cmocka_unit_test_setup_teardown(test_a_stop_ends_handing_out, set_up, tear_down),
	        cmocka_unit_test_setup_teardown(test_special_is_taken_once, set_up, tear_down),
	        cmocka_unit_test_setup_teardown(test_four_lanes_take_each_ticket_once, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
