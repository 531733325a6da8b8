/* A whole parent that is stopped, whose store fails, or whose observer cannot connect. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/process/fake_run.h"

/* --- stopping --------------------------------------------------------------------------------------------------- */

/* Two equal signals that wait at the same time are one: the parent has read this one when it waits no more. */
static void signal_that_is_heard(int number)
{
	unsigned long long waiting;
	char path[64], line[128];
	pid_t parent = getppid();

	kill(parent, number);
	snprintf(path, sizeof path, "/proc/%d/status", (int)parent);
	do {
		FILE *f = fopen(path, "re");

		waiting = 0;
		while (f && fgets(line, sizeof line, f))
			sscanf(line, "ShdPnd: %llx", &waiting);
		if (f)
			fclose(f);
		poll(NULL, 0, 5);
	} while (waiting & 1ull << (number - 1));
}

static void signal_parent(struct fake *f, enum moment moment)
{
	if (moment == AT_SENT && f->ticket == 5)
		kill(getppid(), SIGTERM);
	if (moment == AT_SENT)
		poll(NULL, 0, 20);
}

static void test_one_signal(void **state)
{
	(void)state;
	must_run(&(struct setting){.sessions = 2, .tickets = 500, .teardown = true}, signal_parent);
	assert_int_equal(answer.signal, SIGTERM);
	assert_int_equal(stored.end.state, RUN_STOPPED);
	assert_string_equal(stored.reason, "SIGTERM");
	assert_true(answer.done >= 5);
	assert_true(answer.not_run > 0);
	assert_int_equal(answer.unknown, 0);
	assert_int_equal(answer.exit_code, EXIT_TASKS);
}

/* The first ticket fails and stops the run softly; the second runs on for ever, until it is told to cancel. */
static void fail_then_signal(struct fake *f, enum moment moment)
{
	if (moment == AT_RESULT && f->ticket == 0)
		f->attempt.outcome = OUTCOME_FAILED;
	if (moment != AT_SENT || f->ticket != 1)
		return;
	while (f->stop < STOP_CANCEL) {
		uint32_t mode = atomic_load(&f->a->shm->stop_mode);
		if (mode == STOP_SOON && f->stop == STOP_NONE)
			kill(getppid(), SIGTERM);
		f->stop = (enum stop_mode)mode;
		atomic_store(&f->slot->heartbeat_ns, clock_now_ns());
		poll(NULL, 0, 20);
	}
}

static void test_signal_after_halt_soon(void **state)
{
	(void)state;
	must_run(&(struct setting){.sessions = 2, .tickets = 2, .halt = HALT_SOON}, fail_then_signal);
	assert_int_equal(answer.signal, SIGTERM);
	assert_int_equal(answer.failed, 1);
	assert_int_equal(answer.done, 1);
	assert_non_null(strstr(stored.reason, "--halt"));
}

static void signal_and_hang(struct fake *f, enum moment moment)
{
	if (moment != AT_SENT || f->ticket != 5)
		return;
	signal_that_is_heard(SIGINT);
	kill(getppid(), SIGINT);
	for (;;)
		pause();
}

static void test_two_signals(void **state)
{
	(void)state;
	int64_t begin = clock_now_ns();
	must_run(&(struct setting){.sessions = 2, .tickets = 500}, signal_and_hang);
	assert_int_equal(answer.signal, SIGINT);
	assert_int_equal(answer.unknown, 1);
	assert_true(clock_now_ns() - begin < 20 * NS_PER_S);
}

/* The watchdog would end this program before the sweep's own deadline does. */
static bool hang_in_sweep(struct chan *chan)
{
	const unsigned char *body;
	size_t len;
	enum msg_type type;

	fake_facts(chan);
	for (;;) {
		fake_wait(chan);
		while (chan_next(chan, &body, &len)) {
			if (!msg_type_of(body, len, &type) || type != MSG_SWEEP)
				continue;
			signal_that_is_heard(SIGINT);
			kill(getppid(), SIGINT);
			for (;;)
				pause();
		}
	}
	return true;
}

static void test_two_signals_in_the_sweep(void **state)
{
	(void)state;
	observer_behaviour = hang_in_sweep;
	must_run(&(struct setting){.sessions = 2, .tickets = 5}, NULL);
	assert_int_equal(answer.signal, SIGINT);
	assert_int_equal(answer.done, 5);
	assert_non_null(strstr(stored.events, "not swept"));
}

/* Told to stop, a worker that is still connecting does not begin. */
static void signal_before_teardown(struct fake *f, enum moment moment)
{
	if (!f->a->special || moment != AT_START)
		return;
	signal_that_is_heard(SIGTERM);
	poll(NULL, 0, 100); /* what it might do then, it would do at once */
	atomic_store(&shared->calls, 1 + atomic_load(&f->a->shm->stop_mode));
}

static void test_signal_in_teardown(void **state)
{
	(void)state;
	must_run(&(struct setting){.sessions = 2, .tickets = 5, .teardown = true}, signal_before_teardown);
	assert_int_equal(answer.signal, SIGTERM);
	assert_int_equal(atomic_load(&shared->calls), 1 + STOP_NONE);
	assert_null(strstr(stored.events, "teardown failed"));
}

static void slow(struct fake *f, enum moment moment)
{
	(void)f;
	if (moment == AT_SENT)
		poll(NULL, 0, 20);
}

/* The time runs from before the start: on a loaded machine it may be over before there is anything to stop. */
static void test_max_time(void **state)
{
	struct setting s = {.sessions = 2, .tickets = STORED_MOST, .max_time_ns = NS_PER_S / 2};

	while (!run_fake(&s, slow)) {
		assert_non_null(strstr(failure.text, "before anything ran"));
		assert_true(s.max_time_ns < 16 * NS_PER_S);
		s.max_time_ns *= 2;
		fresh(state);
	}
	check_sums(&s);
	assert_int_equal(stored.end.state, RUN_STOPPED);
	assert_non_null(strstr(stored.reason, "--max-time"));
	assert_true(answer.not_run > 0);
	assert_int_equal(answer.signal, 0);
}

/* Every ticket takes 20 ms, so that none of these runs is over before a parent on a loaded machine has read the result
 * that stops it. */
static void slow_fail_ticket_2(struct fake *f, enum moment moment)
{
	slow(f, moment);
	fail_ticket_2(f, moment);
}

static void test_halt_soon(void **state)
{
	(void)state;
	must_run(&(struct setting){.sessions = 2, .tickets = 500, .halt = HALT_SOON}, slow_fail_ticket_2);
	assert_int_equal(answer.failed, 1);
	assert_true(answer.not_run > 0);
	assert_non_null(strstr(stored.reason, "--halt"));
}

static void out_of_memory(struct fake *f, enum moment moment)
{
	slow(f, moment);
	if (moment != AT_RESULT)
		return;
	f->attempt.outcome = OUTCOME_FAILED;
	memcpy(f->attempt.sqlstate, "53200", 6);
}

static void test_resources_run_out(void **state)
{
	(void)state;
	must_run(&(struct setting){.sessions = 4, .tickets = 500}, out_of_memory);
	assert_int_equal(stored.end.state, RUN_ABORTED);
	assert_true(answer.failed >= 3);
	assert_true(answer.not_run > 0);
}

static void stop_run(struct fake *f, enum moment moment)
{
	slow(f, moment);
	if (moment != AT_RESULT || f->ticket != 4)
		return;
	f->attempt.outcome = OUTCOME_FAILED;
	f->attempt.flags = ATTEMPT_STOP_RUN;
	memcpy(f->attempt.sqlstate, "XX001", 6);
}

static void test_damaged_data_stops_the_run(void **state)
{
	(void)state;
	must_run(&(struct setting){.sessions = 2, .tickets = 500}, stop_run);
	assert_int_equal(answer.exit_code, EXIT_TASKS);
	assert_non_null(strstr(stored.reason, "XX001"));
	assert_true(answer.not_run > 0);
}

/* --- the store and the observer --------------------------------------------------------------------------------- */

static void test_store_fails(void **state)
{
	(void)state;
	stored.fail_release_from = 3;
	must_run(&(struct setting){.sessions = 2, .tickets = 500}, NULL);
	assert_int_equal(answer.exit_code, EXIT_STORE);
	assert_true(answer.store_failed);
	assert_int_equal(stored.spilled, 1);
	assert_true(answer.not_run > 0);
}

static void fake_fatal(struct chan *chan, const char *sqlstate, const char *text)
{
	struct msg_fatal fatal = {.code = EXIT_CONNECT, .text = mem_strdup(text)};
	struct buf body = {0};

	snprintf(fatal.sqlstate, sizeof fatal.sqlstate, "%s", sqlstate);
	msg_put_fatal(&body, &fatal);
	fake_send(chan, &body);
	free(fatal.text);
}

static bool refuse_password(struct chan *chan)
{
	fake_fatal(chan, "28P01", "password authentication failed");
	atomic_fetch_add(&shared->calls, 1);
	return true;
}

static void test_wrong_password(void **state)
{
	(void)state;
	observer_behaviour = refuse_password;
	assert_false(run_fake(&(struct setting){.sessions = 2, .tickets = 5}, NULL));
	assert_int_equal(failure.code, EXIT_CONNECT);
	assert_non_null(strstr(failure.text, "password authentication failed"));
	assert_int_equal(shared->calls, 1);
	assert_int_equal(answer.run, 0);
}

static void count_beginnings(struct fake *f, enum moment moment)
{
	(void)f;
	if (moment == AT_START)
		atomic_fetch_add(&shared->runs[0], 1);
}

static void test_refused_before_a_worker_begins(void **state)
{
	(void)state;
	observer_behaviour = refuse_password;
	assert_false(run_fake(&(struct setting){.sessions = 2, .tickets = 5}, count_beginnings));
	assert_int_equal(shared->runs[0], 0);
}

static void test_early_worker_dies(void **state)
{
	(void)state;
	early_death = true;
	must_run(&(struct setting){.sessions = 2, .tickets = 5}, count_beginnings);
	early_death = false;
	assert_int_equal(answer.done, 5);
	assert_true(shared->runs[0] >= 1); /* the other one, and its replacement if it came before the end */
}

static bool too_many(struct chan *chan)
{
	fake_fatal(chan, "53300", "sorry, too many clients already");
	return true;
}

static void test_no_connection_left(void **state)
{
	(void)state;
	observer_behaviour = too_many;
	assert_false(run_fake(&(struct setting){.sessions = 2, .tickets = 5}, NULL));
	assert_int_equal(failure.code, EXIT_USAGE);
}

static bool starting_up(struct chan *chan)
{
	if (atomic_fetch_add(&shared->calls, 1) >= 2)
		return false;
	fake_fatal(chan, "57P03", "the database system is starting up");
	return true;
}

static void test_server_starting_up(void **state)
{
	(void)state;
	observer_behaviour = starting_up;
	must_run(&(struct setting){.sessions = 2, .tickets = 5}, NULL);
	assert_int_equal(answer.done, 5);
	assert_int_equal(shared->calls, 3);
	char *said = strstr(stored.events, "server starting");
	assert_non_null(said);
	assert_null(strstr(said + 1, "server starting")); /* once */
}

static bool observer_crash(struct chan *chan)
{
	(void)chan;
	raise(SIGSEGV);
	return true;
}

static void test_observer_dies(void **state)
{
	(void)state;
	observer_behaviour = observer_crash;
	assert_false(run_fake(&(struct setting){.sessions = 2, .tickets = 5}, NULL));
	assert_int_equal(failure.code, EXIT_CONNECT);
}

static void test_more_sessions_than_the_server_has(void **state)
{
	(void)state;
	assert_false(run_fake(&(struct setting){.sessions = 101, .tickets = 5}, NULL));
	assert_int_equal(failure.code, EXIT_USAGE);
	assert_non_null(strstr(failure.text, "-c 100"));
}

int main(void)
{
	if (!share())
		return 1;
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup(test_one_signal, fresh),
	        cmocka_unit_test_setup(test_signal_after_halt_soon, fresh),
	        cmocka_unit_test_setup(test_two_signals, fresh),
	        cmocka_unit_test_setup(test_two_signals_in_the_sweep, fresh),
	        cmocka_unit_test_setup(test_signal_in_teardown, fresh),
	        cmocka_unit_test_setup(test_max_time, fresh),
	        cmocka_unit_test_setup(test_halt_soon, fresh),
	        cmocka_unit_test_setup(test_resources_run_out, fresh),
	        cmocka_unit_test_setup(test_damaged_data_stops_the_run, fresh),
	        cmocka_unit_test_setup(test_store_fails, fresh),
	        cmocka_unit_test_setup(test_wrong_password, fresh),
	        cmocka_unit_test_setup(test_refused_before_a_worker_begins, fresh),
	        cmocka_unit_test_setup(test_early_worker_dies, fresh),
	        cmocka_unit_test_setup(test_no_connection_left, fresh),
	        cmocka_unit_test_setup(test_server_starting_up, fresh),
	        cmocka_unit_test_setup(test_observer_dies, fresh),
	        cmocka_unit_test_setup(test_more_sessions_than_the_server_has, fresh),
	};
	return cmocka_run_group_tests_name("run", tests, NULL, NULL);
}
