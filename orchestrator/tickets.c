/*
 * tickets: see tickets.h. Owner: the run. A ticket changes its state in make_final(), queue_add() and queue_drop()
 * only.
 */
#include "orchestrator/tickets.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "shared/buf.h"
#include "shared/clock.h"
#include "shared/rng.h"

#define RETRY_FIRST_NS (50 * NS_PER_MS)
#define RETRY_MOST_NS (2 * NS_PER_S)

bool tickets_init(struct tickets *t, const struct plan *plan, const uint32_t *todo, uint32_t n, uint32_t nsessions,
        uint64_t seed, struct err *err)
{
	memset(t, 0, sizeof *t);
	for (uint32_t i = 0; i < n; i++)
		if (todo[i] >= plan->ntickets || (i > 0 && todo[i] <= todo[i - 1]))
			return err_set(err, EXIT_USAGE, "ticket %u cannot be run: the list of tickets is out of order",
			        todo[i]);
	t->plan = plan;
	t->todo = todo;
	t->n = n;
	t->nsessions = nsessions;
	t->seed = seed;
	t->records = mem_zero(n ? n : 1, sizeof *t->records);
	t->task_bad = mem_zero((size_t)plan->ntasks + 1, 1);
	t->task_skip = mem_zero((size_t)plan->ntasks + 1, 1);
	t->stage_end = mem_zero((size_t)plan->nstages + 1, sizeof *t->stage_end);
	uint32_t position = 0;
	for (int stage = 0; stage < plan->nstages; stage++) {
		uint32_t end = plan_stage_begin(plan, stage + 1);
		while (position < n && todo[position] < end)
			position++;
		t->stage_end[stage] = position;
	}
	t->next_token = 1;
	return true;
}

void tickets_clear(struct tickets *t)
{
	free(t->records);
	free(t->task_bad);
	free(t->task_skip);
	free(t->stage_end);
	free(t->queue);
	memset(t, 0, sizeof *t);
}

bool tickets_position(const struct tickets *t, uint32_t ticket, uint32_t *position)
{
	uint32_t low = 0, high = t->n;
	/* A whole plan is its own index. */
	if (ticket < t->n && t->todo[ticket] == ticket) {
		*position = ticket;
		return true;
	}
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (t->todo[middle] < ticket)
			low = middle + 1;
		else
			high = middle;
	}
	if (low >= t->n || t->todo[low] != ticket)
		return false;
	*position = low;
	return true;
}

static uint32_t task_index(const struct tickets *t, uint32_t position)
{
	return t->plan->tickets[t->todo[position]].task;
}

const struct task *tickets_task(const struct tickets *t, uint32_t position)
{
	return &t->plan->tasks[task_index(t, position)];
}

bool tickets_all_final(const struct tickets *t)
{
	return t->final == t->n;
}

static void make_final(struct tickets *t, uint32_t position, enum outcome state)
{
	struct ticket_record *r = &t->records[position];

	assert(r->stage != TICKET_FINAL);
	r->stage = TICKET_FINAL;
	r->outcome = (uint8_t)state;
	t->final++;
	if (t->plan->nstages > 0 && position < t->stage_end[t->stage])
		t->stage_final++;
	switch (state) {
	case OUTCOME_DONE:
		t->done++;
		break;
	case OUTCOME_FAILED:
		t->failed++;
		break;
	case OUTCOME_UNKNOWN:
		t->unknown++;
		break;
	case OUTCOME_NONE:
		t->not_run++;
		break;
	}
	if (state != OUTCOME_DONE)
		t->task_bad[task_index(t, position)] = 1;
	while (t->low < t->n && t->records[t->low].stage == TICKET_FINAL)
		t->low++;
}

/* --- the queue of retries --------------------------------------------------------------------------------------- */

static struct again *queue_add(struct tickets *t, uint32_t position, enum again_wait wait, int64_t due_ns)
{
	assert(t->records[position].stage == TICKET_OPEN);
	t->records[position].stage = TICKET_AGAIN;
	if (t->nqueue == t->queue_room) {
		t->queue_room = t->queue_room ? t->queue_room * 2 : 16;
		t->queue = mem_resize(t->queue, t->queue_room, sizeof *t->queue);
	}
	struct again *a = &t->queue[t->nqueue++];
	*a = (struct again){.position = position, .wait = wait, .due_ns = due_ns};
	return a;
}

static void queue_drop(struct tickets *t, size_t i)
{
	assert(t->records[t->queue[i].position].stage == TICKET_AGAIN);
	t->records[t->queue[i].position].stage = TICKET_OPEN;
	memmove(&t->queue[i], &t->queue[i + 1], (t->nqueue - i - 1) * sizeof *t->queue);
	t->nqueue--;
}

static size_t queue_find(const struct tickets *t, uint32_t position)
{
	for (size_t i = 0; i < t->nqueue; i++)
		if (t->queue[i].position == position)
			return i;
	return SIZE_MAX;
}

/* Doubles from 50 ms to 2 s, the upper half of each step drawn from the run's seed. */
static int64_t retry_delay(const struct tickets *t, uint32_t position)
{
	unsigned tries = t->records[position].tries;
	int64_t step = RETRY_FIRST_NS;

	while (tries-- > 1 && step < RETRY_MOST_NS)
		step *= 2;
	uint64_t draw = rng_hash(t->seed, ((uint64_t)position << 16) | t->records[position].tries);
	return step / 2 + (int64_t)(draw % (uint64_t)(step / 2 + 1));
}

bool tickets_requeue(struct tickets *t, uint32_t position, int64_t now)
{
	if (t->records[position].stage != TICKET_OPEN)
		return false;
	queue_add(t, position, AGAIN_DUE, now);
	return true;
}

static bool may_send(const struct tickets *t, const struct again *a, int64_t now)
{
	/* A held ticket of a dead worker may lie above the limit still. */
	return a->wait == AGAIN_DUE && a->due_ns <= now && a->position < t->limit;
}

bool tickets_retry(struct tickets *t, uint32_t worker, int64_t now, uint32_t *position, uint32_t *try_no)
{
	for (size_t i = 0; i < t->nqueue; i++) {
		struct again *a = &t->queue[i];
		if (!may_send(t, a, now))
			continue;
		a->wait = AGAIN_SENT;
		a->worker = worker;
		*position = a->position;
		*try_no = t->records[a->position].tries + 1u;
		return true;
	}
	return false;
}

bool tickets_retry_waits(const struct tickets *t, int64_t now)
{
	for (size_t i = 0; i < t->nqueue; i++)
		if (may_send(t, &t->queue[i], now))
			return true;
	return false;
}

int64_t tickets_retry_next(const struct tickets *t)
{
	int64_t next = CLOCK_NEVER;

	for (size_t i = 0; i < t->nqueue; i++)
		if (t->queue[i].wait != AGAIN_SENT && t->queue[i].due_ns < next)
			next = t->queue[i].due_ns;
	return next;
}

void tickets_worker_ended(struct tickets *t, uint32_t worker, int64_t now)
{
	for (size_t i = 0; i < t->nqueue; i++) {
		struct again *a = &t->queue[i];
		if (a->wait != AGAIN_SENT || a->worker != worker)
			continue;
		a->wait = AGAIN_DUE;
		a->due_ns = now;
	}
}

bool tickets_gone(struct tickets *t, uint32_t token, bool gone, int64_t now, uint32_t *position)
{
	for (size_t i = 0; i < t->nqueue; i++) {
		struct again *a = &t->queue[i];
		if (a->wait != AGAIN_GONE || a->token != token)
			continue;
		if (gone) {
			a->wait = AGAIN_DUE;
			a->due_ns = now;
			return false;
		}
		*position = a->position;
		queue_drop(t, i);
		make_final(t, *position, OUTCOME_UNKNOWN);
		return true;
	}
	return false;
}

bool tickets_gone_overdue(struct tickets *t, int64_t now, uint32_t *position)
{
	for (size_t i = 0; i < t->nqueue; i++)
		if (t->queue[i].wait == AGAIN_GONE && t->queue[i].due_ns <= now)
			return tickets_gone(t, t->queue[i].token, false, now, position);
	return false;
}

/* --- attempts --------------------------------------------------------------------------------------------------- */

static void count_attempt(struct tickets *t, const struct attempt *a)
{
	t->attempts++;
	if (a->outcome == OUTCOME_DONE)
		t->attempts_done++;
	else if (a->outcome == OUTCOME_FAILED)
		t->attempts_failed++;
	else
		t->attempts_unknown++;
}

static void count_finished(struct tickets *t, int64_t now)
{
	int64_t bucket = now / (TICKETS_WINDOW_NS / TICKETS_BUCKETS);
	size_t i = (size_t)(bucket % TICKETS_BUCKETS);

	if (t->bucket_of[i] != bucket) {
		t->bucket_of[i] = bucket;
		t->finished_in[i] = 0;
	}
	t->finished_in[i]++;
}

enum ticket_verdict tickets_attempt(
        struct tickets *t, const struct attempt *a, bool may_repeat, bool may_terminate, int64_t now, uint32_t *token)
{
	uint32_t position;

	*token = 0;
	if (!tickets_position(t, a->ticket, &position) || position >= t->limit)
		return VERDICT_NONSENSE;
	struct ticket_record *r = &t->records[position];
	const struct task *task = tickets_task(t, position);
	if (r->stage == TICKET_FINAL || a->try_no != r->tries + 1u || a->outcome == OUTCOME_NONE ||
	        a->outcome > OUTCOME_UNKNOWN || r->tries == UINT16_MAX)
		return VERDICT_NONSENSE;
	size_t queued = r->stage == TICKET_AGAIN ? queue_find(t, position) : SIZE_MAX;
	if (queued != SIZE_MAX && (t->queue[queued].wait != AGAIN_SENT || t->queue[queued].worker != a->worker))
		return VERDICT_NONSENSE;
	bool stays = (a->flags & ATTEMPT_RETRIED_HERE) != 0;
	if (stays && (a->outcome == OUTCOME_DONE || r->tries + 1 > task->retries))
		return VERDICT_NONSENSE;

	r->tries++;
	r->outcome = (uint8_t)a->outcome;
	count_attempt(t, a);
	/* Its session has it now like any other: when that gives up, nobody has it, and it is found. */
	if (queued != SIZE_MAX)
		queue_drop(t, queued);
	if (stays)
		return VERDICT_STAYS;
	count_finished(t, now);

	/* Known not applied, or of no effect whatever happened: once more, if it may be. */
	bool harmless = task->readonly || t->readonly ||
	                (a->outcome == OUTCOME_FAILED && (a->applied == 0 || task->repeatable));
	bool worth = a->outcome == OUTCOME_UNKNOWN || (a->flags & ATTEMPT_RETRY) != 0;
	bool tries_left = r->tries <= task->retries;
	if (a->outcome != OUTCOME_DONE && worth && tries_left && may_repeat) {
		if (harmless) {
			queue_add(t, position, AGAIN_DUE, now + retry_delay(t, position));
			return VERDICT_AGAIN;
		}
		if (a->outcome == OUTCOME_UNKNOWN && task->repeatable && may_terminate && a->backend_pid > 0) {
			struct again *again = queue_add(t, position, AGAIN_GONE, now + TICKETS_GONE_NS);
			again->token = *token = t->next_token++;
			return VERDICT_AGAIN_GONE;
		}
	}
	if (a->outcome == OUTCOME_DONE && (a->flags & ATTEMPT_CHECK_FAILED))
		t->checks_failed++;
	make_final(t, position, a->outcome);
	return VERDICT_FINAL;
}

/* --- releases and stages ---------------------------------------------------------------------------------------- */

static uint32_t block_size(const struct tickets *t, int64_t now)
{
	int64_t bucket = now / (TICKETS_WINDOW_NS / TICKETS_BUCKETS);
	uint64_t size = 0, least = 2 * (uint64_t)t->nsessions;

	for (size_t i = 0; i < TICKETS_BUCKETS; i++)
		if (bucket - t->bucket_of[i] < TICKETS_BUCKETS)
			size += t->finished_in[i];
	return size < least ? (uint32_t)least : (uint32_t)(size > UINT32_MAX ? UINT32_MAX : size);
}

/* The stage before is over: a task whose predecessor did not get all its tickets done cannot run. */
static void stage_enter(struct tickets *t)
{
	uint32_t from = t->stage_end[t->stage];

	t->stage++;
	t->stage_final = from;
	for (int i = 0; i < t->plan->ntasks; i++) {
		const struct task *task = &t->plan->tasks[i];
		if (task->stage == t->stage && task->after >= 0 && t->task_bad[task->after]) {
			t->task_skip[i] = 1;
			t->task_bad[i] = 1;
		}
	}
	for (uint32_t p = from; p < t->stage_end[t->stage]; p++)
		if (t->task_skip[task_index(t, p)] && t->records[p].stage == TICKET_OPEN)
			make_final(t, p, OUTCOME_NONE);
}

bool tickets_release_due(struct tickets *t, uint64_t next, int64_t now, uint32_t *from, uint32_t *to)
{
	if (t->plan->nstages == 0)
		return false;
	while (t->stage + 1 < t->plan->nstages && t->limit == t->stage_end[t->stage] &&
	        t->stage_final == t->stage_end[t->stage])
		stage_enter(t);
	uint32_t end = t->stage_end[t->stage];
	if (t->limit >= end)
		return false;
	*from = t->limit;
	*to = end;
	/* Nothing of it will run: lanes only have to step over it. */
	if (t->stage_final == end)
		return true;
	uint32_t block = block_size(t, now);
	uint64_t untaken = t->limit > next ? t->limit - next : 0;
	if (untaken * 2 >= block)
		return false;
	if (end - t->limit > block)
		*to = t->limit + block;
	return true;
}

bool tickets_in_store(const struct tickets *t, uint64_t next, int64_t now)
{
	uint64_t untaken = t->limit > next ? t->limit - next : 0;

	/* A block lasts for the window; a sixty-fourth of it for 4 ms. */
	return untaken >= t->nsessions && untaken * 64 >= block_size(t, now);
}

void tickets_released(struct tickets *t, uint32_t to)
{
	assert(to >= t->limit && to <= t->n);
	t->limit = to;
}

bool tickets_lost(const struct tickets *t, uint64_t next, uint32_t *position)
{
	uint32_t end = next < t->limit ? (uint32_t)next : t->limit;
	uint32_t p = *position > t->low ? *position : t->low;

	while (p < end && t->records[p].stage != TICKET_OPEN)
		p++;
	*position = p;
	return p < end;
}

bool tickets_close_next(struct tickets *t, uint32_t *position, enum outcome *state)
{
	if (t->low >= t->n)
		return false;
	uint32_t p = t->low; /* never final: make_final moves `low` past those */
	if (t->records[p].stage == TICKET_AGAIN)
		queue_drop(t, queue_find(t, p));
	*position = p;
	*state = (enum outcome)t->records[p].outcome;
	make_final(t, p, *state);
	return true;
}
