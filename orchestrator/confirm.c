/*
 * confirm: see the header. One rule for each factor; which way it must move and by how much stands with it, and the
 * answer says both figures.
 */
#include "orchestrator/confirm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/proof.h"
#include "reports/stats.h"
#include "shared/log.h"

enum factor { FACTOR_FEWER, FACTOR_MORE, FACTOR_PINNED, FACTOR_PRECONNECTED, FACTOR_ALONE };

static const struct {
	const char *cause;
	enum factor factor;
} testable[] = {{"tasks block one another", FACTOR_FEWER}, {"server CPU", FACTOR_FEWER},
        {"server I/O waits", FACTOR_FEWER}, {"server waits", FACTOR_FEWER},
        {"all sessions share one backend", FACTOR_FEWER}, {"sessions share backends", FACTOR_FEWER},
        {"client CPU saturated", FACTOR_PINNED}, {"slow connecting", FACTOR_PRECONNECTED},
        {"connect storm", FACTOR_PRECONNECTED}, {"one long task", FACTOR_ALONE}, {"too few sessions", FACTOR_MORE}};

/* Sessions that only waited are not missed: with half of them it takes hardly longer. */
#define AS_FAST 1.15
/* What was in the way is gone: it takes clearly less. */
#define FASTER 0.9

struct testing {
	struct run_view run, baseline, varied;
	bool has_run, has_baseline, has_varied;
	struct proof proof;
	const struct suspect *suspect;
	enum factor factor;
	struct place pinned;
	uint32_t ticket; /* the longest */
	double longest_us;
};

static void testing_clear(struct testing *t)
{
	if (t->has_run) {
		proof_free(&t->proof);
		run_view_free(&t->run);
	}
	if (t->has_baseline)
		run_view_free(&t->baseline);
	if (t->has_varied)
		run_view_free(&t->varied);
}

static bool load(struct testing *t, struct experiment *x, const struct showing *showing, struct err *err)
{
	struct query *query = query_of_store(x->store);
	bool ok = query_run(query, showing->runs[0], &t->run, err);

	if (ok && showing->baseline != 0)
		ok = t->has_baseline = query_run(query, showing->baseline, &t->baseline, err);
	query_close(query);
	if (!ok)
		return false;
	proof_of(&t->run, t->has_baseline ? &t->baseline : NULL, &t->proof);
	return t->has_run = true;
}

static void find_longest(struct testing *t)
{
	for (size_t i = 0; i < t->run.nattempts; i++) {
		const struct attempt_view *a = &t->run.attempts[i];

		if (a->outcome != OUTCOME_DONE || a->sent_us == QUERY_NONE || a->done_us == QUERY_NONE ||
		        (double)(a->done_us - a->sent_us) <= t->longest_us)
			continue;
		t->longest_us = (double)(a->done_us - a->sent_us);
		t->ticket = a->ticket;
	}
}

/* Pinning needs CPUs to choose from and nobody who chose already; else fewer sessions take load off the client too. */
static bool can_pin(struct testing *t, const struct experiment *x)
{
	struct err unheard = {0};

	return x->options->pin == PIN_NONE && place_decide(&t->pinned, PIN_SPLIT, x->options->local, &unheard) &&
	       t->pinned.ncpus > 1;
}

static bool applies(struct testing *t, const struct experiment *x)
{
	if (t->factor == FACTOR_PINNED && !can_pin(t, x))
		t->factor = FACTOR_FEWER;
	if (t->factor == FACTOR_ALONE)
		find_longest(t);
	switch (t->factor) {
	case FACTOR_FEWER:
		return x->sessions > 1;
	case FACTOR_MORE:
		return x->sessions < x->ntodo && x->engine != ENGINE_SERIAL;
	case FACTOR_ALONE:
		return t->longest_us > 0;
	case FACTOR_PINNED:
	case FACTOR_PRECONNECTED:
		break;
	}
	return true;
}

/* The best suspect that a run without its factor can test. */
static bool choose(struct testing *t, const struct experiment *x)
{
	for (size_t i = 0; i < t->proof.nsuspects; i++)
		for (size_t k = 0; k < sizeof testable / sizeof *testable; k++) {
			if (strcmp(t->proof.suspects[i].cause, testable[k].cause) != 0)
				continue;
			t->suspect = &t->proof.suspects[i];
			t->factor = testable[k].factor;
			if (applies(t, x))
				return true;
		}
	return false;
}

static uint32_t other_sessions(const struct testing *t, const struct experiment *x)
{
	uint32_t backends = t->proof.backends;

	if (t->factor == FACTOR_ALONE)
		return 1;
	if (t->factor == FACTOR_MORE)
		return x->sessions * 2 < x->ntodo ? x->sessions * 2 : x->ntodo;
	if (t->factor != FACTOR_FEWER)
		return x->sessions;
	/* As many as the pooler had servers, else half. */
	return strstr(t->suspect->cause, "backend") && backends > 0 ? backends : (x->sessions + 1) / 2;
}

static struct variation vary(const struct testing *t, const struct experiment *x)
{
	struct variation v = {.sessions = other_sessions(t, x),
	        .todo = t->factor == FACTOR_ALONE ? &t->ticket : x->todo,
	        .ntodo = t->factor == FACTOR_ALONE ? 1 : x->ntodo,
	        .place = t->factor == FACTOR_PINNED ? &t->pinned : &x->place,
	        .preconnected = t->factor == FACTOR_PRECONNECTED};

	v.lanes = x->lanes == x->sessions || x->lanes > v.sessions ? v.sessions : x->lanes;
	return v;
}

static double makespan_us(const struct run_view *run)
{
	return (double)(run->phases.last_end_us - run->phases.go_us);
}

/* Held, did not hold: always with both figures. */
static void judge(const struct testing *t, const struct variation *v, char out[400])
{
	double was = makespan_us(&t->run), is = makespan_us(&t->varied);
	char a[32], b[32], run[64];
	bool held = false;

	if (t->factor == FACTOR_PRECONNECTED) {
		was = (double)t->run.phases.last_end_us;
		is = (double)t->varied.phases.last_end_us;
	}
	stats_duration(is, a);
	stats_duration(was, b);
	snprintf(run, sizeof run, "(run %lld)", (long long)t->varied.id);
	switch (t->factor) {
	case FACTOR_FEWER:
		held = is <= AS_FAST * was;
		snprintf(out, 400, "%s: %u session%s instead of %u took %s instead of %s from GO on %s",
		        held ? "Confirmed" : "Not confirmed", v->sessions, v->sessions == 1 ? "" : "s", t->run.sessions,
		        a, b, run);
		break;
	case FACTOR_MORE:
		held = is <= FASTER * was;
		snprintf(out, 400, "%s: %u sessions instead of %u took %s instead of %s from GO on %s",
		        held ? "Confirmed" : "Not confirmed", v->sessions, t->run.sessions, a, b, run);
		break;
	case FACTOR_PINNED:
		held = is <= FASTER * was;
		snprintf(out, 400, "%s: with lanes kept to CPUs of their own it took %s instead of %s from GO on %s",
		        held ? "Confirmed" : "Not confirmed", a, b, run);
		break;
	case FACTOR_PRECONNECTED:
		held = was - is >= t->suspect->share_us / 2;
		snprintf(out, 400, "%s: with sessions connected beforehand the wall was %s instead of %s %s",
		        held ? "Confirmed" : "Not confirmed", a, b, run);
		break;
	case FACTOR_ALONE:
		held = is >= 0.8 * was;
		snprintf(out, 400, "%s: by itself the longest task took %s of the %s from GO on %s",
		        held ? "Confirmed" : "Not confirmed", a, b, run);
		break;
	}
}

static bool keep(struct testing *t, struct experiment *x, const char *confirmed, struct err *err)
{
	struct suspect_note notes[SUSPECTS_MOST];

	for (size_t i = 0; i < t->proof.nsuspects; i++) {
		const struct suspect *s = &t->proof.suspects[i];

		notes[i] = (struct suspect_note){
		        s->cause, s->evidence, s == t->suspect ? confirmed : NULL, (int64_t)s->share_us};
	}
	return store_suspects(x->store, t->run.id, notes, t->proof.nsuspects, err) && store_commit(x->store, err);
}

static bool complete(const struct run_view *run)
{
	return run->state == RUN_FINISHED && run->done == run->ntickets && run->phases.go_us != QUERY_NONE &&
	       run->phases.last_end_us != QUERY_NONE;
}

static bool test(struct testing *t, struct experiment *x, struct showing *showing,
        bool (*run)(struct experiment *x, const struct variation *v, int64_t experiment, struct run_answer *answer,
                struct err *err),
        struct err *err)
{
	struct variation v = vary(t, x);
	struct run_answer answer;
	char confirmed[400];

	if (!store_settle(x->store, err) || !run(x, &v, showing->experiment, &answer, err))
		return false;
	showing->signal = answer.signal;
	if (answer.run == 0 || answer.store_failed || x->store == NULL)
		return true; /* said already */
	struct query *query = query_of_store(x->store);
	t->has_varied = query_run(query, answer.run, &t->varied, err);
	query_close(query);
	if (!t->has_varied)
		return false;
	if (complete(&t->varied))
		judge(t, &v, confirmed);
	else
		snprintf(confirmed, sizeof confirmed, "Not tested: run %lld, which was to tell, did not end well",
		        (long long)answer.run);
	return keep(t, x, confirmed, err);
}

bool confirm_suspects(struct experiment *x, struct showing *showing,
        bool (*run)(struct experiment *x, const struct variation *v, int64_t experiment, struct run_answer *answer,
                struct err *err),
        struct err *err)
{
	struct testing t = {0};
	bool ok = true;

	if (!x->options->confirm || showing->nruns != 1 || showing->signal != 0 || x->store == NULL)
		return true;
	ok = load(&t, x, showing, err);
	if (ok && !complete(&t.run))
		log_write(LEVEL_WARNING, NULL, "--confirm: the run did not end well, so nothing is tested");
	else if (ok && !choose(&t, x))
		log_write(LEVEL_INFO, NULL, "--confirm: there is no suspect that a run without it could test");
	else if (ok)
		ok = test(&t, x, showing, run, err);
	testing_clear(&t);
	return ok;
}
