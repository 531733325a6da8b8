/*
 * Generated workloads against the truth of the reference scheduler: runs are made as the program would store them
 * (markers through a network with noise, a server clock that is off and drifts, samples at 10 Hz of which some are
 * missing) and proof must see through it: no false PARALLEL, no false SERIAL, effective lanes within 10 % in 95 %.
 * 60 seeds, with SOAK=1 300. `test_generated --emit SEED` prints the workload for a real server, `--truth SEED
 * ALONE_US@BEGIN_US...` what it must show, given the tasks' measured times alone and when they began (which session
 * is first at a lock is a race), `--dump SEED` a made run as rows of the store.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "reports/proof.h"
#include "tests/unit/made_run.h"
#include "tests/unit/workload_model.h"

struct world { /* what lies between the truth and the run that is stored */
	const struct model *model;
	struct run_view *run;
	struct rng rng;
	double drift; /* of the server's clock */
	bool tells_wait_start; /* the server is 14 or later */
	double dropped; /* share of samples that could not be taken */
	struct sample open[MODEL_LANES];
};

static int64_t client_us(double at)
{
	return MADE_GO + (int64_t)(at * 1e6);
}
static int64_t server_us(const struct world *w, double at)
{
	return MADE_OFFSET + 1234567 + (int64_t)((double)client_us(at) * (1 + w->drift));
}
static double delay(struct world *w)
{
	double d = 0.00003 + 0.0004 * rng_unit(&w->rng);

	return rng_below(&w->rng, 20) ? d : d + 0.004 * rng_unit(&w->rng);
}

static void close_stretch(struct world *w, int lane)
{
	struct run_view *run = w->run;

	if (w->open[lane].count == 0)
		return;
	run->samples = mem_resize(run->samples, run->nsamples + 1, sizeof(*run->samples));
	run->samples[run->nsamples++] = w->open[lane];
	w->open[lane].count = 0;
}

static bool same_stretch(const struct sample *a, const struct sample *b)
{
	return a->count && strcmp(a->state, b->state) == 0 && strcmp(a->wait_type, b->wait_type) == 0 &&
	       a->query_start_us == b->query_start_us && a->lock_wait_us == b->lock_wait_us &&
	       a->nblockers == b->nblockers && memcmp(a->blockers, b->blockers, sizeof(a->blockers)) == 0;
}

static void sample_waiting(
        const struct world *w, struct sample *s, const struct model_lane *lanes, int n, int lane, const int *holders)
{
	const struct model_lane *l = &lanes[lane];

	strcpy(s->wait_type, "Lock");
	strcpy(s->wait_event, "advisory");
	if (w->tells_wait_start)
		s->lock_wait_us = server_us(w, l->step_since) + 20;
	s->blockers[s->nblockers++] = 1001 + holders[l->lock];
	for (int i = 0; i < n; i++) /* whoever is ahead in the queue */
		if (lanes[i].lock == l->lock && lanes[i].ticket < l->ticket)
			s->blockers[s->nblockers++] = 1001 + i;
}

static void sample_lanes(void *context, double at, const struct model_lane *lanes, int n, const int *holders)
{
	struct world *w = context;

	if (rng_unit(&w->rng) < w->dropped)
		return;
	for (int i = 0; i < n; i++) {
		const struct model_lane *l = &lanes[i];
		struct sample s = {.backend_pid = 1001 + i, .count = 1};

		s.first_us = s.last_us = server_us(w, at);
		strcpy(s.state, l->task < 0 ? "idle" : "active");
		s.query_start_us = server_us(w, l->task < 0 ? l->ready : l->step_since);
		if (l->task >= 0 && l->lock >= 0)
			sample_waiting(w, &s, lanes, n, i, holders);
		else if (l->task >= 0 && l->step >= 0 && w->model->tasks[l->task].steps[l->step].kind == STEP_SLEEP)
			strcpy(s.wait_type, "Timeout");
		if (same_stretch(&w->open[i], &s)) {
			w->open[i].last_us = s.last_us;
			w->open[i].count++;
			continue;
		}
		close_stretch(w, i);
		w->open[i] = s;
	}
}

static void store_attempts(struct world *w, const struct model_truth *t)
{
	for (int i = 0; i < w->model->ntasks; i++) {
		const struct model_done *d = &t->done[i];
		struct attempt_view *a =
		        made_attempt(w->run, (uint32_t)d->lane, (uint32_t)i, client_us(d->start), client_us(d->end));

		a->sent_us = a->before_sent_us = a->after_sent_us = client_us(d->start - delay(w));
		a->taken_us = a->released_us = a->sent_us - 30;
		a->before_server_us = server_us(w, d->start);
		a->before_received_us = client_us(d->start + delay(w));
		a->after_server_us = server_us(w, d->end);
		a->first_us = a->done_us = a->after_received_us = client_us(d->end + delay(w));
		if (rng_below(&w->rng, 50) == 0)
			a->after_server_us = a->after_received_us = QUERY_NONE;
	}
}

static double make_run(struct run_view *run, const struct model *m, int lanes, uint64_t seed, struct model_truth *t)
{
	struct world w = {.model = m, .run = run};

	made_begin(run, (uint32_t)lanes);
	rng_seed(&w.rng, seed, 99);
	w.drift = (rng_unit(&w.rng) - 0.5) * 200e-6;
	w.tells_wait_start = rng_below(&w.rng, 5) != 0;
	w.dropped = rng_below(&w.rng, 4) ? 0 : 0.1;
	for (int i = 0; i < m->ntasks; i++)
		made_task(run, "t", -1);
	model_schedule(m, lanes, 0.1 * rng_unit(&w.rng), 0.1, sample_lanes, &w, t);
	for (int i = 0; i < lanes; i++)
		close_stretch(&w, i);
	model_measure(m, t);
	store_attempts(&w, t);
	made_end(run);
	return t->makespan;
}

static bool is(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

static void test_generated_workloads(void **state)
{
	int seeds = getenv("SOAK") ? 300 : 60, near = 0, agreed = 0;

	(void)state;
	for (int seed = 1; seed <= seeds; seed++) {
		struct model m;
		struct model_truth t, alone;
		struct run_view run, base;
		struct proof proof;
		const char *verdict, *most, *least;
		double serial;

		model_draw(&m, (uint64_t)seed, 0.5);
		make_run(&run, &m, m.lanes, (uint64_t)seed, &t);
		serial = make_run(&base, &m, 1, (uint64_t)seed + 1000, &alone);
		proof_of(&run, &base, &proof);
		verdict = verdict_name(proof.verdict);
		most = model_verdict(&m, &t, serial, 0.05);
		least = model_verdict(&m, &t, serial, -0.05);
		if (getenv("SHOW"))
			print_message("%d %s: %d tasks on %d: %s, truth %s; lanes %.3f, truth %.3f; overlap %.1f, "
			              "truth %.1f\n",
			        seed, m.kind, m.ntasks, m.lanes, verdict, most, proof.effective_lanes, t.lanes,
			        proof.overlap_percent, 100 * t.overlap);
		if (is(verdict, "PARALLEL") && !is(most, "PARALLEL"))
			fail_msg("seed %d (%s): false PARALLEL, the truth is %s", seed, m.kind, most);
		if (is(verdict, "SERIAL") && !is(least, "SERIAL"))
			fail_msg("seed %d (%s): false SERIAL, the truth is %s", seed, m.kind, least);
		if (is(verdict, "INCONCLUSIVE") || is(verdict, "FAILED"))
			fail_msg("seed %d (%s): %s: %s", seed, m.kind, verdict, proof.reason);
		agreed += is(verdict, most) || is(verdict, least);
		near += fabs(proof.effective_lanes - t.lanes) <= 0.1 * t.lanes;
		proof_free(&proof);
		made_free(&run);
		made_free(&base);
	}
	print_message("%d of %d effective lanes within 10 %%, %d verdicts as the truth's\n", near, seeds, agreed);
	assert_true(near >= 0.95 * seeds);
	assert_true(agreed >= 0.95 * seeds);
}

static void dump_number(int64_t number, const char *after)
{
	if (number == QUERY_NONE)
		printf("NULL%s", after);
	else
		printf("%" PRId64 "%s", number, after);
}

static void dump_attempts(const struct run_view *run, int id)
{
	for (size_t i = 0; i < run->nattempts; i++) {
		const struct attempt_view *a = &run->attempts[i];
		const int64_t numbers[] = {a->backend_pid, a->flags, a->taken_us, a->sent_us, a->done_us,
		        a->before_sent_us, a->before_received_us, a->before_server_us, a->after_sent_us,
		        a->after_received_us, a->after_server_us};

		printf("INSERT INTO v_attempt VALUES (%d, %u, 't%u', %u, 'done', ", id, a->ticket, a->task, a->session);
		for (size_t k = 0; k < sizeof numbers / sizeof numbers[0]; k++)
			dump_number(numbers[k], k + 1 < sizeof numbers / sizeof numbers[0] ? ", " : ");\n");
	}
}

static void dump_samples(const struct run_view *run, int id)
{
	for (size_t i = 0; i < run->nsamples; i++) {
		const struct sample *s = &run->samples[i];

		printf("INSERT INTO v_sample VALUES (%d, %d, %" PRId64 ", %" PRId64 ", '%s', %" PRId64 ", ", id,
		        s->backend_pid, s->first_us, s->last_us, s->wait_type, s->query_start_us);
		dump_number(s->lock_wait_us ? s->lock_wait_us : QUERY_NONE, ", '");
		for (uint32_t k = 0; k < s->nblockers; k++)
			printf("%s%d", k ? "," : "", s->blockers[k]);
		printf("');\n");
	}
}

/* What proof made of a generated run and of its serial run, as rows of the store's views: for tests/unit/test_checker.
 */
static int dump(const struct model *m, uint64_t seed)
{
	struct model_truth t;
	struct run_view runs[2];
	struct proof proof;

	make_run(&runs[0], m, m->lanes, seed, &t);
	make_run(&runs[1], m, 1, seed + 1000, &t);
	proof_of(&runs[0], &runs[1], &proof);
	printf("-- {\"peak\": %u, \"mean_active\": %.6f, \"lanes\": %.6f, \"kind\": \"%s\"}\n", proof.peak,
	        proof.mean_active, proof.effective_lanes, m->kind);
	for (int i = 0; i < 2; i++) {
		printf("INSERT INTO v_run VALUES (%d, 1, '%s', %u, '%s', %f, %f, %" PRId64 ", %u);\n", i + 1,
		        i ? "baseline" : "run", runs[i].sessions, verdict_name(proof.verdict), proof.speedup,
		        proof.ceiling, runs[i].phases.last_end_us - runs[i].phases.go_us, runs[i].done);
		dump_attempts(&runs[i], i + 1);
		dump_samples(&runs[i], i + 1);
	}
	for (int i = 0; i < m->ntasks; i++)
		printf("INSERT INTO v_task VALUES (1, 't%d', NULL);\n", i);
	proof_free(&proof);
	made_free(&runs[0]);
	made_free(&runs[1]);
	return 0;
}

/* The workload as annotated SQL. Burners do a fixed amount of work: @BURN@ rows a second, put in by who knows the
 * server. */
static void emit_step(const struct model_task *task, int k)
{
	int lock = 1000 + task->steps[k].lock;
	bool unlocks = false;

	for (int i = 0; i < MODEL_STEPS; i++)
		unlocks |= task->steps[i].kind == STEP_UNLOCK;
	switch (task->steps[k].kind) {
	case STEP_LOCK:
		printf("select pg_advisory_%slock(%d);\n", unlocks ? "" : "xact_", lock);
		break;
	case STEP_UNLOCK:
		printf("select pg_advisory_unlock(%d);\n", lock);
		break;
	case STEP_SLEEP:
		printf("select pg_sleep(%.3f);\n", task->steps[k].s);
		break;
	case STEP_BURN:
		printf("select count(*) from (select generate_series(1, (@BURN@ * %.3f)::bigint)) s;\n",
		        task->steps[k].s);
		break;
	case STEP_END:
		break;
	}
}

static void emit(const struct model *m, uint64_t seed)
{
	printf("-- @workload generated-%" PRIu64 "\n-- @run clients=%d\n", seed, m->lanes);
	for (int i = 0; i < m->ntasks; i++) {
		printf("-- @task t%d repeatable\n", i + 1);
		for (int k = 0; k < MODEL_STEPS && m->tasks[i].steps[k].kind != STEP_END; k++)
			emit_step(&m->tasks[i], k);
	}
}

/* Burners take as long as they did alone: the truth is about the schedule, not about the speed of a CPU. */
static int truth(struct model *m, char **alone_us, int n)
{
	struct model_truth t;
	double serial = 0;

	for (int i = 0; i < m->ntasks; i++) {
		char *begin = NULL;
		double alone = i < n ? strtod(alone_us[i], &begin) / 1e6 : 0;

		if (begin && *begin == '@' && i < m->lanes)
			m->begin[i] = strtod(begin + 1, NULL) / 1e6;

		if (m->tasks[i].steps[0].kind == STEP_BURN && alone > 0)
			m->tasks[i].steps[0].s = alone - MODEL_START;
		serial += alone > 0 ? alone + MODEL_HANDOUT : model_alone(m, i);
	}
	model_schedule(m, m->lanes, 0, 1, NULL, NULL, &t);
	model_measure(m, &t);
	printf("{\"kind\": \"%s\", \"lanes\": %.4f, \"overlap\": %.4f, \"peak\": %d, \"makespan\": %.4f, \"most\": "
	       "\"%s\", "
	       "\"least\": \"%s\"}\n",
	        m->kind, t.lanes, t.overlap, t.peak, t.makespan, model_verdict(m, &t, serial, 0.08),
	        model_verdict(m, &t, serial, -0.08));
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_generated_workloads)};
	struct model m;

	if (argc >= 3) {
		uint64_t seed = strtoull(argv[2], NULL, 10);

		if (is(argv[1], "--dump")) {
			model_draw(&m, seed, 0.5);
			return dump(&m, seed);
		}
		model_draw(&m, seed, 0.25);
		m.cpus = 1; /* the real server is pinned to one */
		if (is(argv[1], "--truth"))
			return truth(&m, argv + 3, argc - 3);
		emit(&m, seed);
		return 0;
	}
	return cmocka_run_group_tests_name("generated", tests, NULL, NULL);
}
