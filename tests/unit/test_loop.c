/*
 * test_loop: a flood of messages is taken in portions, but only where that is allowed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <signal.h>
#include <unistd.h>

#include "orchestrator/loop.h"
#include "shared/clock.h"

#define WAITS 20
#define REST_NS (1 * NS_PER_MS)

static struct loop *loop;
static struct err err;
static int fds[2];

/* A pipe that is never emptied wakes at every wait: a flood. */
static int begin(void **state)
{
	(void)state;
	loop = loop_open(&err);
	return loop && pipe(fds) == 0 && write(fds[1], "x", 1) == 1 && loop_add(loop, fds[0], LOOP_READ, 7, &err) ? 0
	                                                                                                          : -1;
}

static int end(void **state)
{
	(void)state;
	loop_close(loop);
	close(fds[0]);
	close(fds[1]);
	return 0;
}

/* Waits until so many waits in a row took at least (rests) or some wait took less than (not) a rest. */
static bool seen(bool rests, int64_t most_ns)
{
	struct loop_event events[8];
	int64_t now, last = loop_clock(loop), deadline = last + most_ns;
	int row = 0;

	while (last < deadline) {
		assert_int_equal(loop_wait(loop, last + NS_PER_S, events, 8, &now), 1);
		assert_int_equal(events[0].kind, LOOP_READ);
		assert_int_equal(events[0].who, 7);
		row = (now - last >= REST_NS) == rests ? row + 1 : 0;
		if (row == (rests ? WAITS : 1))
			return true;
		last = now;
	}
	return false;
}

static void a_flood_is_taken_in_portions_where_that_is_allowed(void **state)
{
	(void)state;
	assert_true(seen(false, 10 * NS_PER_S));
	loop_may_rest(loop, true);
	assert_true(seen(true, 60 * NS_PER_S));
	loop_may_rest(loop, false);
	assert_true(seen(false, 10 * NS_PER_S));
}

static void a_rest_ends_with_what_is_due(void **state)
{
	(void)state;
	struct loop_event events[8];
	int64_t now, before;

	loop_may_rest(loop, true);
	assert_true(seen(true, 60 * NS_PER_S));
	/* Due at once, and due long ago: some such wait is shorter than a rest. */
	for (int i = 0; i < 1000; i++) {
		before = loop_clock(loop);
		assert_int_equal(loop_wait(loop, i % 2 ? before : 0, events, 8, &now), 1);
		if (now - before < REST_NS)
			return;
	}
	fail_msg("no wait ended when it was due");
}

static void rests_are_shorter_where_pipes_fill(void **state)
{
	(void)state;
	loop_may_rest(loop, true);
	assert_true(seen(true, 60 * NS_PER_S));
	for (int i = 0; i < 10; i++)
		loop_took(loop, 64 * 1024);
	assert_true(seen(false, 10 * NS_PER_S));
	for (int i = 0; i < 10; i++)
		loop_took(loop, 100);
	assert_true(seen(true, 60 * NS_PER_S));
}

static void a_signal_comes_through_a_flood(void **state)
{
	(void)state;
	struct loop_event events[8];
	int64_t now;
	bool came = false;

	loop_may_rest(loop, true);
	assert_true(seen(true, 60 * NS_PER_S));
	raise(SIGTERM);
	for (int i = 0; i < 3 && !came; i++) {
		size_t n = loop_wait(loop, CLOCK_NEVER, events, 8, &now);

		for (size_t k = 0; k < n; k++)
			came = came || (events[k].kind == LOOP_SIGNAL && events[k].who == SIGTERM);
	}
	assert_true(came);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = {CASE(a_flood_is_taken_in_portions_where_that_is_allowed),
	        CASE(a_rest_ends_with_what_is_due), CASE(rests_are_shorter_where_pipes_fill),
	        CASE(a_signal_comes_through_a_flood)};
	return cmocka_run_group_tests_name("loop", tests, NULL, NULL);
}
