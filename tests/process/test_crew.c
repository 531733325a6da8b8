/* A whole parent against fake children that die, lie, flood or fall silent at a chosen moment. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/process/fake_run.h"

static bool once(void)
{
	return atomic_fetch_add(&shared->calls, 1) == 0;
}

/* --- nothing goes wrong ----------------------------------------------------------------------------------------- */

static void count_runs(struct fake *f, enum moment moment)
{
	if (moment == AT_SENT && f->ticket < STORED_MOST)
		atomic_fetch_add(&shared->runs[f->ticket], 1);
}

static void test_all_done(void **state)
{
	(void)state;
	must_run(&(struct setting){.sessions = 3, .tickets = 200}, count_runs);
	assert_int_equal(answer.exit_code, EXIT_DONE);
	assert_int_equal(answer.done, 200);
	assert_int_equal(stored.workers, 3);
	assert_int_equal(stored.end.state, RUN_FINISHED);
	for (int i = 0; i < 200; i++)
		assert_int_equal(shared->runs[i], 1);
}

static void test_more_sessions_than_tickets(void **state)
{
	(void)state;
	must_run(&(struct setting){.sessions = 20, .tickets = 3}, NULL);
	assert_int_equal(answer.done, 3);
}

static void test_stages(void **state)
{
	(void)state;
	must_run(&(struct setting){.sessions = 3, .tickets = 10, .after = true}, count_runs);
	assert_int_equal(answer.done, 20);
}

static void test_failed_stage_keeps_the_next_from_running(void **state)
{
	(void)state;
	must_run(&(struct setting){.sessions = 3, .tickets = 10, .after = true}, fail_ticket_2);
	assert_int_equal(answer.done, 9);
	assert_int_equal(answer.failed, 1);
	assert_int_equal(answer.not_run, 10);
	assert_int_equal(answer.exit_code, EXIT_TASKS);
}

static void test_setup_and_teardown(void **state)
{
	(void)state;
	must_run(&(struct setting){.sessions = 2, .tickets = 4, .setup = true, .teardown = true}, NULL);
	assert_int_equal(answer.exit_code, EXIT_DONE);
	assert_non_null(strstr(stored.events, "setup finished"));
	assert_true(stored.setup_first);
	assert_int_equal(stored.attempts, 4);
}

static void fail_special(struct fake *f, enum moment moment)
{
	if (moment == AT_RESULT && f->a->special)
		f->attempt.outcome = OUTCOME_FAILED;
}

static void test_setup_fails(void **state)
{
	(void)state;
	must_run(&(struct setting){.sessions = 2, .tickets = 4, .setup = true, .teardown = true}, fail_special);
	assert_int_equal(answer.exit_code, EXIT_TASKS);
	assert_int_equal(answer.not_run, 4);
	assert_int_equal(stored.end.state, RUN_ABORTED);
	assert_non_null(strstr(stored.reason, "@setup"));
	assert_non_null(strstr(stored.events, "teardown failed"));
}

/* --- a worker dies ---------------------------------------------------------------------------------------------- */

static enum moment death_moment;
static int death_signal; /* 0: exit 0 */

static void die_once(struct fake *f, enum moment moment)
{
	if (moment != death_moment || f->a->special || atomic_load(&shared->calls) || !once())
		return;
	if (death_signal == 0)
		_exit(0);
	raise(death_signal);
}

static const struct death_case {
	const char *name;
	enum moment moment;
	int signal;
	bool readonly, repeatable;
	int retries;
	uint32_t done, failed, unknown, attempts; /* of 20 tickets on 3 workers */
	const char *message;
} death_cases[] = {
        {"at its start", AT_START, SIGKILL, false, false, 2, 20, 0, 0, 20, NULL},
        {"number taken, not yet written down", AT_COUNTED, SIGKILL, false, false, 2, 20, 0, 0, 20, NULL},
        {"taken, nothing sent", AT_TAKEN, SIGKILL, false, false, 2, 20, 0, 0, 20, NULL},
        {"in an open block", AT_SAFE, SIGKILL, false, false, 2, 20, 0, 0, 21, "worker died, signal 9"},
        {"in an open block, no retries", AT_SAFE, SIGKILL, false, false, 0, 19, 1, 0, 20, "worker died, signal 9"},
        {"sent", AT_SENT, SIGSEGV, false, false, 2, 19, 0, 1, 20, "worker died, signal 11"},
        {"sent, exit 0 without an answer", AT_SENT, 0, false, false, 2, 19, 0, 1, 20, "worker died, exit 0"},
        {"sent, read-only", AT_SENT, SIGKILL, true, false, 2, 20, 0, 0, 21, "worker died, signal 9"},
        {"sent, repeatable", AT_SENT, SIGKILL, false, true, 2, 20, 0, 0, 21, "worker died, signal 9"},
        {"sent, repeatable, no retries", AT_SENT, SIGKILL, false, true, 0, 19, 0, 1, 20, "worker died, signal 9"},
        {"reported, slot not yet moved on", AT_REPORTED, SIGKILL, false, false, 2, 20, 0, 0, 20, NULL},
};

static void test_deaths(void **state)
{
	for (size_t i = 0; i < sizeof death_cases / sizeof *death_cases; i++) {
		const struct death_case *c = &death_cases[i];
		struct setting s = {.sessions = 3,
		        .tickets = 20,
		        .readonly = c->readonly,
		        .repeatable = c->repeatable,
		        .retries = c->retries};
		fresh(state);
		death_moment = c->moment;
		death_signal = c->signal;
		must_run(&s, die_once);
		if (answer.done != c->done || answer.failed != c->failed || answer.unknown != c->unknown ||
		        stored.attempts != c->attempts)
			fail_msg("%s: %u done, %u failed, %u unknown, %u attempts\n%s", c->name, answer.done,
			        answer.failed, answer.unknown, stored.attempts, stored.events);
		if (!strstr(stored.events, "worker died"))
			fail_msg("%s: no event:\n%s", c->name, stored.events);
		if (c->message && strcmp(stored.last_bad_message, c->message) != 0)
			fail_msg("%s: message \"%s\"", c->name, stored.last_bad_message);
	}
}

static void test_deaths_on_one_worker(void **state)
{
	for (size_t i = 0; i < sizeof death_cases / sizeof *death_cases; i++) {
		const struct death_case *c = &death_cases[i];
		struct setting s = {.sessions = 1,
		        .tickets = 20,
		        .readonly = c->readonly,
		        .repeatable = c->repeatable,
		        .retries = c->retries};
		fresh(state);
		death_moment = c->moment;
		death_signal = c->signal;
		must_run(&s, die_once);
		if (answer.done != c->done || answer.failed != c->failed || answer.unknown != c->unknown)
			fail_msg("%s: %u done, %u failed, %u unknown\n%s", c->name, answer.done, answer.failed,
			        answer.unknown, stored.events);
	}
}

static void die_always(struct fake *f, enum moment moment)
{
	(void)f;
	if (moment == AT_START) {
		atomic_fetch_add(&shared->calls, 1);
		raise(SIGABRT);
	}
}

static void test_dies_at_start_every_time(void **state)
{
	(void)state;
	assert_false(run_fake(&(struct setting){.sessions = 2, .tickets = 20}, die_always));
	assert_int_equal(failure.code, EXIT_CONNECT);
	assert_non_null(strstr(failure.text, "signal 6"));
	assert_int_equal(shared->calls, 2 * CREW_YOUNG_DEATHS);
}

static void die_often(struct fake *f, enum moment moment)
{
	(void)f;
	if (moment == AT_SENT && atomic_fetch_add(&shared->calls, 1) % 5 == 4)
		raise(SIGKILL);
}

static void test_many_deaths(void **state)
{
	(void)state;
	must_run(&(struct setting){.sessions = 4, .tickets = 300, .readonly = true, .retries = 100}, die_often);
	assert_int_equal(answer.done, 300);
}

/* The first worker loses its server for good while it works; until then the other one leaves it the tickets. */
static void give_up_connecting(struct fake *f, enum moment moment)
{
	struct buf body = {0};

	while (f->a->worker != 0 && moment == AT_TAKEN && atomic_load(&shared->runs[0]) == 0)
		poll(NULL, 0, 5);
	if (f->a->worker != 0)
		return;
	if (moment == AT_START)
		atomic_fetch_add(&shared->calls, 1);
	if (moment != AT_TAKEN)
		return;
	atomic_fetch_add(&shared->runs[0], 1);
	msg_put_fatal(&body, &(struct msg_fatal){.code = EXIT_CONNECT, .text = "connection refused"});
	fake_send(f->chan, &body);
	_exit(EXIT_CONNECT);
}

static void test_gave_up_connecting(void **state)
{
	(void)state;
	must_run(&(struct setting){.sessions = 2, .tickets = 20, .retries = 2}, give_up_connecting);
	assert_int_equal(atomic_load(&shared->calls), 1);
	assert_int_equal(atomic_load(&shared->runs[0]), 1);
	assert_int_equal(answer.done, 20);
}

/* --- a worker lies ---------------------------------------------------------------------------------------------- */

static int lie;

static void raw(struct fake *f, const void *bytes, size_t n)
{
	if (write(f->chan->write_fd, bytes, n) < 0)
		_exit(7);
	for (;;)
		pause();
}

static void tell_lie(struct fake *f, enum moment moment)
{
	count_runs(f, moment);
	if (moment == AT_SENT && lie < 10 && atomic_load(&shared->calls) == 0 && once()) {
		switch (lie) {
		case 0:
			raw(f, "\xff\xff\xff\xff", 4); /* a frame of 4 GiB */
			break;
		case 1:
			raw(f, "\x05\0\0\0\x93\x22", 6); /* half a frame: it waits for ever, until its deadline */
			break;
		case 2:
			raw(f, "\x03\0\0\0\x91\xc1\xc1", 7);
			break;
		case 3:
			raw(f, "\x01\0\0\0\x91", 5);
			break;
		case 4:
			raw(f, "\x07\0\0\0\x92\x22\xdd\xff\0\0\0", 11); /* RESULTS of 4 G attempts */
			break;
		default:
			raw(f, "\0\0\0\0", 4);
			break;
		}
	}
	if (moment != AT_RESULT || lie < 10 || atomic_load(&shared->calls) || !once())
		return;
	switch (lie) {
	case 10:
		f->attempt.session = 77;
		break;
	case 11:
		f->attempt.ticket = 5000;
		break;
	case 12:
		f->attempt.generation = 9;
		break;
	case 13:
		f->attempt.rows = -1;
		break;
	case 14:
		f->attempt.try_no = 3;
		break;
	case 15:
		f->attempt.applied = 5;
		break;
	case 16:
		f->attempt.done_ns = INT64_MAX;
		break;
	case 17:
		f->attempt.before = (struct marker){f->attempt.sent_ns, f->attempt.sent_ns, INT64_MIN};
		break;
	case 18:
		f->attempt.after.received_ns = INT64_MIN;
		break;
	default:
		f->attempt.worker = 1 - f->attempt.worker % 2;
		break;
	}
}

static void test_lies(void **state)
{
	static const int lies[] = {0, 2, 3, 4, 5, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19};
	for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
		fresh(state);
		lie = lies[i];
		must_run(&(struct setting){.sessions = 3, .tickets = 20, .retries = 2}, tell_lie);
		if (!strstr(stored.events, "protocol violation"))
			fail_msg("lie %d: no event:\n%s", lie, stored.events);
		/* What it may have run is in doubt, and nothing of it is run again. */
		if (answer.done + answer.unknown != 20 || answer.unknown == 0)
			fail_msg("lie %d: %u done, %u unknown", lie, answer.done, answer.unknown);
		for (int t = 0; t < 20; t++)
			assert_true(shared->runs[t] <= 1);
	}
}

static void flood(struct fake *f, enum moment moment)
{
	if (moment != AT_SENT || f->ticket != 3)
		return;
	for (int i = 0; i < 20000; i++) {
		struct buf body = {0};
		msg_put_note(&body, &(struct msg_note){LEVEL_DEBUG, 1, "a line of no importance at all"});
		fake_send(f->chan, &body);
	}
}

static void test_flood_of_notes(void **state)
{
	(void)state;
	must_run(&(struct setting){.sessions = 2, .tickets = 20}, flood);
	assert_int_equal(answer.done, 20);
}

static void nonsense_slot(struct fake *f, enum moment moment)
{
	if (moment != AT_SENT || atomic_load(&shared->calls) || !once())
		return;
	atomic_store(&f->slot->ticket, 12345678);
	atomic_store(&f->slot->stage, 999);
	atomic_store(&f->slot->applied, UINT32_MAX);
	raise(SIGKILL);
}

static void test_nonsense_in_a_slot(void **state)
{
	(void)state;
	must_run(&(struct setting){.sessions = 2, .tickets = 20}, nonsense_slot);
	assert_int_equal(answer.done, 19);
	assert_int_equal(answer.unknown, 1); /* nobody can say what became of the ticket it had */
}

static void deadline_passed(struct fake *f, enum moment moment)
{
	if (moment != AT_SENT || f->ticket != 3)
		return;
	atomic_store(&f->slot->deadline_ns, clock_now_ns() + NS_PER_S / 10);
	for (;;)
		pause();
}

static void test_deadline_not_honoured(void **state)
{
	(void)state;
	must_run(&(struct setting){.sessions = 2, .tickets = 20, .retries = 2}, deadline_passed);
	assert_int_equal(answer.unknown, 1);
	assert_int_equal(answer.done, 19);
	assert_non_null(strstr(stored.events, "worker silent"));
}

/* --- retries by the parent -------------------------------------------------------------------------------------- */

static void fail_first_tries(struct fake *f, enum moment moment)
{
	if (moment != AT_RESULT || f->try_no > 2)
		return;
	f->attempt.outcome = OUTCOME_FAILED;
	f->attempt.flags = ATTEMPT_RETRY;
	memcpy(f->attempt.sqlstate, "57P01", 6);
}

static void test_parent_repeats(void **state)
{
	(void)state;
	must_run(&(struct setting){.sessions = 3, .tickets = 30, .retries = 2, .after = true}, fail_first_tries);
	assert_int_equal(answer.done, 60);
	assert_int_equal(stored.attempts, 180);
}

static void test_parent_repeats_not_too_often(void **state)
{
	(void)state;
	must_run(&(struct setting){.sessions = 3, .tickets = 30, .retries = 1}, fail_first_tries);
	assert_int_equal(answer.failed, 30);
	assert_int_equal(stored.attempts, 60);
}

int main(void)
{
	if (!share())
		return 1;
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup(test_all_done, fresh),
	        cmocka_unit_test_setup(test_more_sessions_than_tickets, fresh),
	        cmocka_unit_test_setup(test_stages, fresh),
	        cmocka_unit_test_setup(test_failed_stage_keeps_the_next_from_running, fresh),
	        cmocka_unit_test_setup(test_setup_and_teardown, fresh),
	        cmocka_unit_test_setup(test_setup_fails, fresh),
	        cmocka_unit_test_setup(test_deaths, fresh),
	        cmocka_unit_test_setup(test_deaths_on_one_worker, fresh),
	        cmocka_unit_test_setup(test_dies_at_start_every_time, fresh),
	        cmocka_unit_test_setup(test_many_deaths, fresh),
	        cmocka_unit_test_setup(test_gave_up_connecting, fresh),
	        cmocka_unit_test_setup(test_lies, fresh),
	        cmocka_unit_test_setup(test_flood_of_notes, fresh),
	        cmocka_unit_test_setup(test_nonsense_in_a_slot, fresh),
	        cmocka_unit_test_setup(test_deadline_not_honoured, fresh),
	        cmocka_unit_test_setup(test_parent_repeats, fresh),
	        cmocka_unit_test_setup(test_parent_repeats_not_too_often, fresh),
	};
	return cmocka_run_group_tests_name("crew", tests, NULL, NULL);
}
