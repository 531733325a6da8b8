/*
 * blocks: see blocks.h.
 */
#include "orchestrator/blocks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared/clock.h"
#include "shared/log.h"
#include "shared/rng.h"

/* Its own stream, so that the order is none of the numbers that sessions draw from the same seed. */
#define ORDER_STREAM UINT64_C(0x626c6f636b73)

void blocks_order(uint64_t seed, uint32_t block, size_t narms, uint32_t *order)
{
	struct rng rng;

	rng_seed(&rng, seed ^ ORDER_STREAM, block);
	for (size_t i = 0; i < narms; i++)
		order[i] = (uint32_t)i;
	for (size_t i = narms; i > 1; i--) { /* Fisher and Yates */
		uint32_t k = (uint32_t)rng_below(&rng, i), other = order[i - 1];

		order[i - 1] = order[k];
		order[k] = other;
	}
}

static void begin_of(
        const struct experiment *x, const struct blocks *b, struct arm_begin *arms, struct experiment_begin *begin)
{
	for (size_t i = 0; i < b->narms; i++)
		arms[i] = (struct arm_begin){.label = b->arms[i].label,
		        .engine = engine_name(b->arms[i].engine),
		        .setting = b->arms[i].setting ? b->arms[i].setting : "",
		        .sessions = b->arms[i].sessions,
		        .lanes = b->arms[i].lanes,
		        .reference = b->arms[i].reference};
	*begin = (struct experiment_begin){.kind = b->kind,
	        .seed = x->seed,
	        .blocks_planned = b->planned,
	        .stop_when = b->stop_when,
	        .arms = arms,
	        .narms = (uint32_t)b->narms};
}

/* Why no further run makes sense; "" = go on. */
static void why_end(const struct blocks *b, const struct run_answer *answer, char ended[64])
{
	if (answer->signal != 0)
		snprintf(ended, 64, "signal %d", answer->signal);
	else if (answer->store_failed)
		snprintf(ended, 64, "the results file failed");
	else if (answer->exit_code == EXIT_CONNECT)
		snprintf(ended, 64, "no connection");
	else if (b->deadline_ns != CLOCK_NEVER && clock_now_ns() >= b->deadline_ns)
		snprintf(ended, 64, "--max-time");
	else if (answer->stopped)
		snprintf(ended, 64, "a run was stopped");
}

/* block -1: the warm-up. False: it did not happen at all, or could not be settled. */
static bool run_arm(struct experiment *x, struct blocks *b, const struct experiment_begin *begin, int block,
        uint32_t place, uint32_t number, struct err *err)
{
	const struct block_arm *arm = &b->arms[number];
	struct run_request request;
	struct run_answer answer = {0};

	experiment_request(arm->x ? arm->x : x, &request);
	request.place = &x->place;
	request.engine = arm->engine;
	request.sessions = arm->sessions;
	request.lanes = arm->lanes;
	request.role = block < 0 ? "warm-up" : "arm";
	request.experiment = b->experiment;
	request.opening = begin;
	request.arm = block < 0 ? -1 : (int)number;
	request.block = block;
	request.block_order = block < 0 ? -1 : (int)place;
	request.store_path = x->store_path;
	request.store = &x->store;
	request.seed = x->seed;
	request.deadline_ns = b->deadline_ns;
	bool ran = run_execute(&request, &answer, err);

	if (b->runs)
		b->runs[number] = answer.run;
	if (answer.signal != 0)
		b->signal = answer.signal;
	b->experiment = answer.experiment != 0 ? answer.experiment : b->experiment;
	if (!ran)
		return false;
	b->code = (int)exit_code_worse((enum exit_code)b->code, (enum exit_code)answer.exit_code);
	why_end(b, &answer, b->ended);
	return x->store == NULL || store_settle(x->store, err);
}

/* A line on a terminal that the next one replaces: how far it is. */
static void say(const struct experiment *x, const struct blocks *b, uint32_t block, size_t place, const char *label)
{
	if (x->options->quiet || !isatty(STDERR_FILENO))
		return;
	fprintf(stderr, "\r\033[K");
	if (label)
		fprintf(stderr, "block %u of %u, run %zu of %zu: %.40s\r", block + 1, b->planned, place + 1, b->narms,
		        label);
	fflush(stderr);
}

static bool run_block(struct experiment *x, struct blocks *b, const struct experiment_begin *begin, uint32_t block,
        uint32_t *order, struct err *err)
{
	blocks_order(x->seed, block, b->narms, order);
	for (uint32_t i = 0; i < b->narms && b->ended[0] == '\0'; i++) {
		say(x, b, block, i, b->arms[order[i]].label);
		if (!run_arm(x, b, begin, (int)block, i, order[i], err))
			return false;
	}
	return true;
}

static uint32_t reference_of(const struct blocks *b)
{
	for (uint32_t i = 0; i < b->narms; i++)
		if (b->arms[i].reference)
			return i;
	return 0;
}

/* Whether the time is up, or will be before another block is through: one that is cut short counts for nothing. */
static bool time_is_up(const struct blocks *b, int64_t longest_ns)
{
	return b->deadline_ns != CLOCK_NEVER && clock_now_ns() + longest_ns >= b->deadline_ns;
}

static bool warm_up(struct experiment *x, struct blocks *b, const struct experiment_begin *begin, struct err *err)
{
	if (b->warm_up == WARM_UP_REFERENCE)
		return run_arm(x, b, begin, -1, 0, reference_of(b), err);
	for (uint32_t i = 0; b->warm_up == WARM_UP_ARMS && i < b->narms && b->ended[0] == '\0'; i++)
		if (!run_arm(x, b, begin, -1, 0, i, err))
			return false;
	return true;
}

static void decide(struct experiment *x, struct blocks *b, int64_t longest_ns)
{
	if (b->ended[0] != '\0')
		return;
	b->finished++;
	if (b->after != NULL && x->store != NULL &&
	        b->after(b->context, x->store, b->experiment, b->finished, b->ended))
		return;
	b->ended[0] = '\0';
	if (b->finished == b->planned)
		snprintf(b->ended, sizeof b->ended, "all blocks");
	else if (time_is_up(b, longest_ns))
		snprintf(b->ended, sizeof b->ended, "--max-time");
}

bool blocks_run(struct experiment *x, struct blocks *b, struct err *err)
{
	struct arm_begin *arms = mem_zero(b->narms + 1, sizeof *arms);
	uint32_t *order = mem_zero(b->narms + 1, sizeof *order);
	struct experiment_begin begin;
	int64_t longest_ns = 0;
	bool ok;

	begin_of(x, b, arms, &begin);
	ok = warm_up(x, b, &begin, err);
	for (uint32_t block = 0; ok && b->ended[0] == '\0'; block++) {
		int64_t since = clock_now_ns();

		ok = run_block(x, b, &begin, block, order, err);
		longest_ns = clock_now_ns() - since > longest_ns ? clock_now_ns() - since : longest_ns;
		if (ok)
			decide(x, b, longest_ns);
	}
	say(x, b, 0, 0, NULL);
	/* A run that had no time left to begin is no failure of the experiment. */
	if (!ok && b->experiment != 0 && b->ended[0] == '\0' && time_is_up(b, 0)) {
		snprintf(b->ended, sizeof b->ended, "--max-time");
		ok = true;
	}
	if (!ok && b->ended[0] == '\0')
		snprintf(b->ended, sizeof b->ended, "a failure");
	if (b->experiment != 0 && x->store != NULL) {
		struct err late;

		ok = store_experiment_end(x->store, b->experiment, b->ended, ok ? err : &late) && ok;
	}
	free(arms);
	free(order);
	return ok;
}
