/*
 * A whole parent of a load run against fake workers and a fake store: loops that end, errors, sessions that end early,
 * workers that die in the middle of a transaction or again and again, what stops a run, and what it is called.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "orchestrator/script_parse.h"
#include "tests/process/fake_run.h"

struct load_setting {
	uint32_t sessions;
	int64_t transactions, duration_ns, max_time_ns;
	enum halt halt;
	bool exit_on_abort, vacuum, builtin;
};

/* What a fake session does with its next transaction. */
enum act { ACT_DONE, ACT_FAIL, ACT_ABORT, ACT_DIE, ACT_DIE_SAFE, ACT_HANG };
static enum act (*act)(struct fake *f, uint64_t number);

static void beat(struct fake *f)
{
	atomic_store(&f->slot->heartbeat_ns, clock_now_ns());
}

/* One transaction; false: the session's loop has ended. */
static bool transact(struct fake *f)
{
	struct shm *shm = f->a->shm;
	struct load_lane *lane = shm_load_lane(shm, f->a->first_lane);
	struct load_script *script = load_lane_scripts(&shm->load, lane);
	const struct load *load = &f->a->plan->load;
	uint64_t number = atomic_load(&f->slot->tx_counted);
	int64_t begin = clock_now_ns();

	if ((load->transactions > 0 && number >= (uint64_t)load->transactions) ||
	        begin >= load_end_ns(load, atomic_load(&shm->go_ns)))
		return false;
	enum act what = act ? act(f, number) : ACT_DONE;
	atomic_store(&f->slot->tx_script, 0);
	atomic_store(&f->slot->taken_ns, begin);
	atomic_fetch_add(&f->slot->tx_started, 1);
	slot_stage(f->slot, what == ACT_DIE_SAFE ? SLOT_SAFE : SLOT_SENT, begin);
	beat(f);
	if (what == ACT_DIE || what == ACT_DIE_SAFE)
		raise(SIGKILL);
	while (what == ACT_HANG && atomic_load(&shm->stop_mode) < STOP_CANCEL) {
		beat(f);
		poll(NULL, 0, 10);
	}
	bool good = what == ACT_DONE;
	int64_t end = clock_now_ns();
	struct load_record record = {.end_ns = end,
	        .latency_ns = end - begin,
	        .session = f->a->first_session,
	        .outcome = good ? LOAD_DONE : LOAD_FAILED,
	        .number = (uint32_t)(number + 1) & 0xffffffu};

	if (good)
		hist_add(&script->service, end - begin);
	if (atomic_load(&lane->first_ns) == 0)
		atomic_store(&lane->first_ns, begin);
	atomic_store(&lane->last_ns, end);
	load_count(good ? &script->done : &script->failed, 1);
	load_record_put(&shm->load, lane, &record);
	atomic_fetch_add(&f->slot->tx_counted, 1);
	atomic_fetch_add(&f->slot->tx_ended, 1);
	slot_stage(f->slot, SLOT_READY, end);
	if (what == ACT_ABORT)
		load_count(&lane->aborted, 1);
	return what != ACT_ABORT;
}

/* One session; anything but a load run is left to the other fake. */
static int load_worker(struct assignment *a)
{
	struct fake f = {.a = a, .chan = &a->chan, .slot = shm_slot(a->shm, a->first_session)};
	bool go = a->replacement, idle = false;

	if (a->special)
		return fake_worker(a);
	while (a->early && !atomic_load(&a->shm->told) && f.stop == STOP_NONE) {
		fake_wait(f.chan);
		if (!fake_hear(&f, &go, &idle))
			return 0;
	}
	fake_begin(&f);
	while (fake_hear(&f, &go, &idle)) {
		if (!go || idle) {
			fake_wait(f.chan);
			continue;
		}
		while (clock_now_ns() < atomic_load(&a->shm->go_ns))
			poll(NULL, 0, 1);
		if (atomic_load(&a->shm->stop_mode) != STOP_NONE || !transact(&f)) {
			fake_done(&f, MSG_DONE);
			idle = true;
			continue;
		}
		struct pollfd p = {.fd = f.chan->read_fd, .events = POLLIN};
		if (poll(&p, 1, 1) > 0)
			fake_wait(f.chan);
	}
	fake_usage(f.chan);
	return 0;
}

static struct plan *load_plan(const struct load_setting *s)
{
	static const char text[] = "select 1;\n";
	const struct script_options options = {0};
	struct plan *plan = mem_zero(1, sizeof *plan);
	struct err err;

	plan->name = mem_strdup("fake");
	plan->scripts = mem_zero(1, sizeof *plan->scripts);
	assert_true(scripts_parse("fake.sql", text, strlen(text), &options, plan->scripts, &err));
	plan->load = (struct load){.transactions = s->transactions,
	        .duration_ns = s->duration_ns,
	        .max_tries = 1,
	        .sampling_rate = 1,
	        .exit_on_abort = s->exit_on_abort,
	        .ask_scale = s->builtin};
	return plan;
}

static bool run_load(const struct load_setting *s)
{
	const struct crew_bodies bodies = {load_worker, fake_observer};
	struct plan *plan = load_plan(s);
	struct task *vacuum = one_task("vacuum");
	struct options options = {.clients = (int)s->sessions,
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
	        .sessions = s->sessions,
	        .lanes = s->sessions,
	        .role = "run",
	        .store_path = "/nonexistent/fake.db",
	        .seed = 7,
	        .vacuum = s->vacuum ? vacuum : NULL,
	        .deadline_ns = s->max_time_ns ? clock_now_ns() + s->max_time_ns : CLOCK_NEVER};

	memset(&stored_load, 0, sizeof stored_load);
	bool ok = run_with(&request, &bodies, &answer, &failure);
	free(vacuum->name);
	free(vacuum);
	plan_free(plan);
	return ok;
}

/* The answer, the totals and the records say the same. */
static void check_load(const struct load_setting *s)
{
	const struct load_script_total *t = &stored_load.scripts[0];

	if (!run_load(s))
		fail_msg("did not run: %s", failure.text);
	assert_true(stored_load.totals > 0);
	assert_int_equal(t->done, answer.done);
	assert_int_equal(t->failed, answer.failed);
	assert_int_equal(t->unknown, answer.unknown);
	assert_int_equal(stored_load.service[0].count, answer.done);
	assert_int_equal(stored_load.records, answer.done + answer.failed + answer.unknown);
	assert_int_equal(stored.end.done, answer.done);
	assert_int_equal(stored.end.attempts, 0);
}

static int reset(void **state)
{
	act = NULL;
	behaviour = NULL;
	return fresh(state);
}

static void test_a_count(void **state)
{
	(void)state;
	check_load(&(struct load_setting){.sessions = 3, .transactions = 20});
	assert_int_equal(answer.done, 60);
	assert_int_equal(answer.exit_code, EXIT_DONE);
	assert_int_equal(stored.end.state, RUN_FINISHED);
	assert_true(stored.end.phases.last_end_us >= stored.end.phases.go_us);
}

static void test_a_time(void **state)
{
	(void)state;
	check_load(&(struct load_setting){.sessions = 2, .duration_ns = 300 * NS_PER_MS});
	assert_true(answer.done > 0);
	assert_int_equal(answer.exit_code, EXIT_DONE);
	assert_true(stored.end.phases.last_end_us - stored.end.phases.go_us >= 290000);
}

static enum act fail_third(struct fake *f, uint64_t number)
{
	return f->a->first_session == 0 && number == 2 ? ACT_FAIL : ACT_DONE;
}

static void test_a_failure(void **state)
{
	(void)state;
	act = fail_third;
	check_load(&(struct load_setting){.sessions = 2, .transactions = 5});
	assert_int_equal(answer.done, 9);
	assert_int_equal(answer.failed, 1);
	assert_int_equal(answer.exit_code, EXIT_TASKS);
	assert_int_equal(stored.end.state, RUN_FINISHED);
}

static void test_halt(void **state)
{
	(void)state;
	act = fail_third;
	for (int when = HALT_SOON; when <= HALT_NOW; when++) {
		check_load(
		        &(struct load_setting){.sessions = 2, .duration_ns = 600 * NS_PER_S, .halt = (enum halt)when});
		assert_int_equal(answer.failed, 1);
		assert_int_equal(stored.end.state, RUN_STOPPED);
		assert_non_null(strstr(stored.reason, when == HALT_SOON ? "--halt=soon" : "--halt=now"));
	}
}

static enum act abort_third(struct fake *f, uint64_t number)
{
	return f->a->first_session == 0 && number == 2 ? ACT_ABORT : ACT_DONE;
}

static void test_a_session_ends_by_an_error(void **state)
{
	(void)state;
	act = abort_third;
	check_load(&(struct load_setting){.sessions = 2, .transactions = 5});
	assert_int_equal(answer.done, 2 + 5);
	assert_int_equal(answer.failed, 1);
	assert_int_equal(answer.exit_code, EXIT_TASKS);
	assert_int_equal(stored.end.state, RUN_FINISHED);
	check_load(&(struct load_setting){.sessions = 2, .duration_ns = 600 * NS_PER_S, .exit_on_abort = true});
	assert_int_equal(stored.end.state, RUN_ABORTED);
	assert_int_equal(answer.exit_code, EXIT_TASKS);
}

static enum act die_once(struct fake *f, uint64_t number)
{
	return f->a->first_session == 0 && number == 4 && f->a->generation == 1 ? ACT_DIE : ACT_DONE;
}

static enum act die_once_safe(struct fake *f, uint64_t number)
{
	return die_once(f, number) == ACT_DIE ? ACT_DIE_SAFE : ACT_DONE;
}

static void test_a_worker_dies(void **state)
{
	(void)state;
	act = die_once;
	check_load(&(struct load_setting){.sessions = 2, .transactions = 10});
	assert_int_equal(answer.done, 19);
	assert_int_equal(answer.unknown, 1);
	assert_int_equal(answer.exit_code, EXIT_TASKS);
	assert_non_null(strstr(stored.events, "worker replaced"));
	act = die_once_safe;
	check_load(&(struct load_setting){.sessions = 2, .transactions = 10});
	assert_int_equal(answer.done, 19);
	assert_int_equal(answer.failed, 1);
	assert_int_equal(answer.unknown, 0);
}

/* Whoever does something between two deaths comes back as often as it takes. */
static enum act die_every_third(struct fake *f, uint64_t number)
{
	return f->a->first_session == 0 && number % 3 == 2 ? ACT_DIE : ACT_DONE;
}

static void test_a_worker_dies_often(void **state)
{
	(void)state;
	act = die_every_third;
	check_load(&(struct load_setting){.sessions = 1, .transactions = 24});
	assert_int_equal(answer.unknown, 8);
	assert_int_equal(answer.done, 16);
	/* It died with its last transaction: nothing was left to come back for. */
	assert_int_equal(stored.end.state, RUN_FINISHED);
}

/* Whoever dies before it has done anything does not. */
static enum act die_always(struct fake *f, uint64_t number)
{
	(void)number;
	return f->a->first_session == 0 ? ACT_DIE : ACT_DONE;
}

static void test_a_worker_dies_always(void **state)
{
	(void)state;
	act = die_always;
	check_load(&(struct load_setting){.sessions = 2, .transactions = 1000});
	assert_int_equal(answer.unknown, CREW_YOUNG_DEATHS);
	assert_int_equal(answer.exit_code, EXIT_TASKS);
	check_load(&(struct load_setting){.sessions = 1, .duration_ns = 600 * NS_PER_S});
	assert_int_equal(answer.unknown, CREW_YOUNG_DEATHS);
	assert_int_equal(stored.end.state, RUN_ABORTED);
}

static void test_max_time(void **state)
{
	(void)state;
	check_load(
	        &(struct load_setting){.sessions = 2, .duration_ns = 600 * NS_PER_S, .max_time_ns = 500 * NS_PER_MS});
	assert_true(answer.done > 0);
	assert_int_equal(stored.end.state, RUN_STOPPED);
	assert_int_equal(answer.exit_code, EXIT_TASKS);
	assert_non_null(strstr(stored.reason, "--max-time"));
}

static enum act signal_third(struct fake *f, uint64_t number)
{
	if (f->a->first_session == 0 && number == 2)
		kill(getppid(), SIGTERM);
	return ACT_DONE;
}

static enum act hang_and_signal(struct fake *f, uint64_t number)
{
	(void)signal_third(f, number);
	return f->a->first_session == 1 && number == 1 ? ACT_HANG : ACT_DONE;
}

static void test_a_signal(void **state)
{
	(void)state;
	act = signal_third;
	check_load(&(struct load_setting){.sessions = 2, .duration_ns = 600 * NS_PER_S});
	assert_int_equal(answer.signal, SIGTERM);
	assert_int_equal(answer.failed + answer.unknown, 0);
	assert_int_equal(stored.end.state, RUN_STOPPED);
	act = hang_and_signal;
	check_load(&(struct load_setting){.sessions = 2, .duration_ns = 600 * NS_PER_S});
	assert_int_equal(answer.failed, 1);
}

/* As pgbench: whatever becomes of the vacuum, the run goes on; only its own scripts need its tables. */
static void no_tables(struct fake *f, enum moment moment)
{
	if (!f->a->special || moment != AT_RESULT)
		return;
	f->attempt.outcome = OUTCOME_FAILED;
	f->attempt.message = (char *)"relation \"pgbench_branches\" does not exist";
	snprintf(f->attempt.sqlstate, sizeof f->attempt.sqlstate, "42P01");
}

static void test_vacuum(void **state)
{
	struct load_setting s = {.sessions = 2, .transactions = 5, .vacuum = true};

	(void)state;
	check_load(&s);
	assert_int_equal(answer.done, 10);
	behaviour = no_tables;
	check_load(&s);
	assert_int_equal(answer.done, 10);
	assert_int_equal(answer.exit_code, EXIT_DONE);
	assert_non_null(strstr(stored.events, "not vacuumed"));
	s.builtin = true;
	assert_false(run_load(&s));
	assert_int_equal(failure.code, EXIT_USAGE);
	assert_non_null(strstr(failure.text, "pgbench -i"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup(test_a_count, reset),
	        cmocka_unit_test_setup(test_a_time, reset),
	        cmocka_unit_test_setup(test_a_failure, reset),
	        cmocka_unit_test_setup(test_halt, reset),
	        cmocka_unit_test_setup(test_a_session_ends_by_an_error, reset),
	        cmocka_unit_test_setup(test_a_worker_dies, reset),
	        cmocka_unit_test_setup(test_a_worker_dies_often, reset),
	        cmocka_unit_test_setup(test_a_worker_dies_always, reset),
	        cmocka_unit_test_setup(test_max_time, reset),
	        cmocka_unit_test_setup(test_a_signal, reset),
	        cmocka_unit_test_setup(test_vacuum, reset),
	};
	return share() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
