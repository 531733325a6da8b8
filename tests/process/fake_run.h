/*
 * fake_run: a whole run of the parent against fake children and a fake store, and what must hold after each. Included
 * by the test programs of the parent, after cmocka.
 */
#ifndef TESTS_FAKE_RUN_H
#define TESTS_FAKE_RUN_H

#include <sys/mman.h>

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

__attribute__((unused)) static void must_run(const struct setting *s, fake_behaviour *b)
{
	if (!run_fake(s, b))
		fail_msg("did not run: %s", failure.text);
	check_sums(s);
}

/* Once per program: what children count in. CREW_LOG=1 shows the parent's log. */
static bool share(void)
{
	struct err err;

	log_open(NULL, getenv("CREW_LOG") != NULL, LEVEL_INFO, &err);
	shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return shared != MAP_FAILED;
}

__attribute__((unused)) static void fail_ticket_2(struct fake *f, enum moment moment)
{
	if (moment == AT_RESULT && f->ticket == 2)
		f->attempt.outcome = OUTCOME_FAILED;
}

#endif
