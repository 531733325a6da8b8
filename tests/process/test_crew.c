/* A whole parent against fake children that die, lie, flood or fall silent at a chosen moment. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "tests/process/fake_children.h"
#include "tests/process/fake_store.h"

/* Shared with the children, so that "the third time" can be counted over processes. */
static struct shared {
	_Atomic uint32_t calls, runs[STORED_MOST];
} * shared;

static struct run_answer answer;
static struct err failure;

struct setting {
	uint32_t sessions, tickets;
	bool readonly, repeatable, after, setup, teardown;
	int retries;
	enum halt halt;
	int64_t max_time_ns;
	enum engine engine;
};

static struct task *one_task(const char *name)
{
	struct task *task = mem_zero(1, sizeof *task);
	task->name = mem_strdup(name);
	task->repeat = 1;
	task->after = -1;
	task->rows = -1;
	return task;
}

static struct plan *make_plan(const struct setting *s)
{
	struct plan *plan = mem_zero(1, sizeof *plan);
	struct err err;

	plan->name = mem_strdup("fake");
	plan->ntasks = s->after ? 2 : 1;
	plan->tasks = mem_zero((size_t)plan->ntasks, sizeof *plan->tasks);
	for (int i = 0; i < plan->ntasks; i++) {
		struct task *task = one_task(i ? "second" : "first");
		task->repeat = (int)s->tickets;
		task->readonly = s->readonly;
		task->repeatable = s->repeatable;
		task->retries = s->retries;
		task->after = i - 1;
		plan->tasks[i] = *task;
		free(task);
	}
	plan->setup = s->setup ? one_task("setup") : NULL;
	plan->teardown = s->teardown ? one_task("teardown") : NULL;
	assert_true(plan_number_tickets(plan, &err));
	return plan;
}

/* Runs it; what came out is in answer, stored and failure. */
static bool run_fake(const struct setting *s, fake_behaviour *b)
{
	const struct crew_bodies bodies = {fake_worker, fake_observer};
	struct plan *plan = make_plan(s);
	uint32_t *todo = mem_zero(plan->ntickets + 1u, sizeof *todo);
	struct options options = {.clients = (int)s->sessions,
	        .retries = s->retries,
	        .grace_ns = NS_PER_S / 2,
	        .reconnect_for_ns = 5 * NS_PER_S,
	        .min_workers = 1,
	        .halt = s->halt,
	        .max_time_ns = s->max_time_ns,
	        .quiet = true};
	struct target target = {.connect_timeout_ns = 5 * NS_PER_S};
	struct run_request request = {.options = &options,
	        .plan = plan,
	        .target = &target,
	        .engine = s->engine,
	        .sessions = s->sessions,
	        .lanes = s->sessions,
	        .role = "run",
	        .store_path = "/nonexistent/fake.db",
	        .seed = 7,
	        .todo = todo,
	        .ntodo = plan->ntickets,
	        .deadline_ns = s->max_time_ns ? clock_now_ns() + s->max_time_ns : CLOCK_NEVER};

	for (uint32_t i = 0; i < plan->ntickets; i++)
		todo[i] = i;
	behaviour = b;
	bool ok = run_with(&request, &bodies, &answer, &failure);
	free(todo);
	plan_free(plan);
	return ok;
}

static int fresh(void **state)
{
	(void)state;
	memset(&stored, 0, sizeof stored);
	memset(&failure, 0, sizeof failure);
	memset(shared, 0, sizeof *shared);
	observer_behaviour = NULL;
	return 0;
}

/* No ticket has two ends, none was told without a release, and the sums are the answer's. */
static void check_sums(const struct setting *s)
{
	uint32_t counts[4] = {0}, n = s->tickets * (s->after ? 2 : 1);

	for (uint32_t i = 0; i < n; i++) {
		assert_true(stored.ticket_told[i] <= 1);
		if (stored.ticket_told[i])
			assert_true(stored.released[i]);
		counts[stored.ticket[i]]++;
	}
	assert_int_equal(counts[OUTCOME_DONE], answer.done);
	assert_int_equal(counts[OUTCOME_FAILED], answer.failed);
	assert_int_equal(counts[OUTCOME_UNKNOWN], answer.unknown);
	assert_int_equal(counts[OUTCOME_NONE], answer.not_run);
	assert_int_equal(stored.end.attempts, stored.attempts);
}

static void must_run(const struct setting *s, fake_behaviour *b)
{
	if (!run_fake(s, b))
		fail_msg("did not run: %s", failure.text);
	check_sums(s);
}

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

static void fail_ticket_2(struct fake *f, enum moment moment)
{
	if (moment == AT_RESULT && f->ticket == 2)
		f->attempt.outcome = OUTCOME_FAILED;
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
	default:
		f->attempt.worker = 1 - f->attempt.worker % 2;
		break;
	}
}

static void test_lies(void **state)
{
	static const int lies[] = {0, 2, 3, 4, 5, 10, 11, 12, 13, 14, 15, 16, 17};
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
	if (moment != AT_SENT || f->a->worker != 0 || atomic_load(&shared->calls) || !once())
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

/* --- stopping --------------------------------------------------------------------------------------------------- */

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

static void signal_and_hang(struct fake *f, enum moment moment)
{
	if (moment != AT_SENT || f->ticket != 5)
		return;
	kill(getppid(), SIGINT);
	poll(NULL, 0, 100);
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

static void slow(struct fake *f, enum moment moment)
{
	(void)f;
	if (moment == AT_SENT)
		poll(NULL, 0, 50);
}

static void test_max_time(void **state)
{
	(void)state;
	must_run(&(struct setting){.sessions = 2, .tickets = 2000, .max_time_ns = NS_PER_S / 2}, slow);
	assert_int_equal(stored.end.state, RUN_STOPPED);
	assert_non_null(strstr(stored.reason, "--max-time"));
	assert_true(answer.not_run > 0);
	assert_int_equal(answer.signal, 0);
}

static void test_halt_soon(void **state)
{
	(void)state;
	must_run(&(struct setting){.sessions = 2, .tickets = 500, .halt = HALT_SOON}, fail_ticket_2);
	assert_int_equal(answer.failed, 1);
	assert_true(answer.not_run > 0);
	assert_non_null(strstr(stored.reason, "--halt"));
}

static void out_of_memory(struct fake *f, enum moment moment)
{
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
	shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return 1;
	struct err err; /* CREW_LOG=1 shows the parent's log */
	log_open(NULL, getenv("CREW_LOG") != NULL, LEVEL_INFO, &err);
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
	        cmocka_unit_test_setup(test_lies, fresh),
	        cmocka_unit_test_setup(test_flood_of_notes, fresh),
	        cmocka_unit_test_setup(test_nonsense_in_a_slot, fresh),
	        cmocka_unit_test_setup(test_deadline_not_honoured, fresh),
	        cmocka_unit_test_setup(test_parent_repeats, fresh),
	        cmocka_unit_test_setup(test_parent_repeats_not_too_often, fresh),
	        cmocka_unit_test_setup(test_one_signal, fresh),
	        cmocka_unit_test_setup(test_two_signals, fresh),
	        cmocka_unit_test_setup(test_max_time, fresh),
	        cmocka_unit_test_setup(test_halt_soon, fresh),
	        cmocka_unit_test_setup(test_resources_run_out, fresh),
	        cmocka_unit_test_setup(test_damaged_data_stops_the_run, fresh),
	        cmocka_unit_test_setup(test_store_fails, fresh),
	        cmocka_unit_test_setup(test_wrong_password, fresh),
	        cmocka_unit_test_setup(test_no_connection_left, fresh),
	        cmocka_unit_test_setup(test_server_starting_up, fresh),
	        cmocka_unit_test_setup(test_observer_dies, fresh),
	        cmocka_unit_test_setup(test_more_sessions_than_the_server_has, fresh),
	};
	return cmocka_run_group_tests_name("crew", tests, NULL, NULL);
}
