/*
 * run_record: everything of a run that goes to the store. An error here stops the run and loses nothing: the store
 * keeps the rows in memory and store_spill writes them elsewhere.
 */
#include "orchestrator/run_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "orchestrator/watchdog.h"
#include "shared/clock.h"

static void record_failed(struct run *run, const struct err *err, int64_t now)
{
	if (run->store_failed)
		return;
	run->store_failed = true;
	snprintf(run->store_text, sizeof run->store_text, "%s", err->text);
	if (run->progress)
		progress_clear(run->progress);
	log_write(LEVEL_ERROR, NULL, "results cannot be stored, no further task is started: %s", err->text);
	run_stop(run, STOP_SOON, RUN_STOPPED, now, "results could not be stored");
}

/* Every row goes through here: the first one since the last commit starts the clock of the group commit. */
static void recorded(struct run *run, bool ok, const struct err *err, int64_t now)
{
	if (!ok)
		record_failed(run, err, now);
	else if (run->dirty_ns == 0)
		run->dirty_ns = now;
}

static int64_t since_origin(const struct run *run, int64_t at_ns)
{
	/* Before SPAWN there is no wall zero yet; what is told then is told again with the final phases. */
	return at_ns ? clock_us(at_ns, run->origin_ns ? run->origin_ns : run->phase_ns) : INT64_MIN;
}

static void client_text(char *out, size_t size)
{
	char versions[256];

	worker_versions(versions, sizeof versions);
#if defined(__clang__)
	snprintf(out, size, "pgparallel 0.1 (clang %d.%d), %s", __clang_major__, __clang_minor__, versions);
#else
	snprintf(out, size, "pgparallel 0.1 (gcc %d.%d), %s", __GNUC__, __GNUC_MINOR__, versions);
#endif
}

/* Starts that were skipped because another run held the lock. */
static void take_skipped(struct run *run, int64_t now)
{
	char path[4200], line[64];

	snprintf(path, sizeof path, "%s.skipped", run->request->store_path);
	FILE *file = fopen(path, "re");
	while (file && fgets(line, sizeof line, file)) {
		line[strcspn(line, "\n")] = '\0';
		run_event(run, now, LEVEL_INFO, "start skipped", "a start at %s was skipped: another run held the lock",
		        line);
	}
	if (!file)
		return;
	fclose(file);
	unlink(path);
}

static bool begin_row(struct run *run, struct err *err)
{
	const struct run_request *q = run->request;
	struct buf options = {0};
	char client[400];

	facts_options(run, &options);
	client_text(client, sizeof client);
	struct run_begin begin = {.experiment = q->experiment,
	        .arm = q->opening ? q->arm : -1,
	        .block = q->opening ? q->block : -1,
	        .block_order = q->opening ? q->block_order : -1,
	        .role = q->role,
	        .engine = engine_name(q->engine),
	        .sessions = q->sessions,
	        .lanes = q->lanes,
	        .workers = run->nworkers,
	        .seed = q->seed,
	        .started_wall_us = run->started_wall_us,
	        .resumed_run = q->resumed_run,
	        .argv = q->argv ? q->argv : "",
	        .note = run->options->note ? run->options->note : "",
	        .client = client,
	        .keep_sql = !run->options->no_sql_text,
	        .ntickets = run->ntodo,
	        .timeout_text = buf_str(&options)};
	if (begin.experiment == 0)
		begin.experiment = store_experiment(
		        run->store, q->opening ? q->opening : &(struct experiment_begin){.kind = "run"}, err);
	if (begin.experiment != 0)
		run->id = store_run_begin(run->store, run->plan, &begin, err);
	run->answer->experiment = begin.experiment;
	run->answer->run = run->id;
	buf_free(&options);
	return run->id != 0;
}

bool record_attach(struct run *run, int64_t now)
{
	struct err err = {0};
	int interrupted = 0;

	if (run->store)
		return true;
	run->store = store_open(run->request->store_path, &interrupted, &err);
	if (!run->store) {
		run_refuse(run, err.code ? err.code : EXIT_STORE, now, "%s", err.text);
		return false;
	}
	if (interrupted > 0)
		log_write(LEVEL_WARNING, NULL, "%d earlier %s interrupted: see pgparallel list", interrupted,
		        interrupted == 1 ? "run was" : "runs were");
	return true;
}

bool record_open(struct run *run, int64_t now)
{
	struct err err = {0};

	if (!record_attach(run, now))
		return false;
	if (!begin_row(run, &err)) {
		run_refuse(run, err.code ? err.code : EXIT_STORE, now, "%s", err.text);
		return false;
	}
	facts_of_load(run, "before");
	for (uint32_t i = 0; i < run->nearly; i++)
		record_event(run, run->early[i].at_ns, run->early[i].kind, run->early[i].text);
	take_skipped(run, now);
	return true;
}

void record_facts(struct run *run, int64_t now)
{
	struct err err = {0};

	if (!run->store || !run->id || run->recorded_facts)
		return;
	run->recorded_facts = true;
	recorded(run, store_run_facts(run->store, run->id, run->facts, &err), &err, now);
	facts_of_machine(run);
}

/* Only the tickets that can run at all: a skipped one stays without a row. */
static bool release_rows(struct run *run, uint32_t from, uint32_t to, struct err *err)
{
	uint32_t *block = mem_alloc((size_t)(to - from) * sizeof *block);
	uint32_t n = 0;

	for (uint32_t p = from; p < to; p++)
		if (run->tickets.records[p].stage != TICKET_FINAL)
			block[n++] = run->todo[p];
	bool ok = n == 0 || store_release(run->store, run->id, run->plan, block, 0, n, err);
	if (ok && n > 0)
		run->dirty_ns = 0; /* it committed everything */
	free(block);
	return ok;
}

/* While another program holds a lock on the file, nothing is released and nothing waits here: the children must be
 * heard. Its patience is the store's: after it, commits fail. */
static bool file_is_free(struct run *run, int64_t now)
{
	struct err err = {0};

	if (run->dirty_ns != 0 && !store_commit(run->store, &err)) {
		record_failed(run, &err, now);
		return false;
	}
	return !store_dirty(run->store);
}

static void publish_skips(struct run *run)
{
	const struct tickets *t = &run->tickets;

	if (run->published_skips == t->not_run)
		return;
	run->published_skips = t->not_run;
	for (int i = 0; i < run->plan->ntasks; i++)
		atomic_store(shm_skip(run->shm, (uint32_t)i), t->task_skip[i]);
}

void record_release(struct run *run, int64_t now)
{
	struct tickets *t = &run->tickets;
	struct err err = {0};
	uint32_t from, to;
	bool raised = false;

	if (run->store_failed || run->stop.mode != STOP_NONE)
		return;
	while (tickets_release_due(t, atomic_load(&run->shm->next), now, &from, &to)) {
		publish_skips(run);
		if (!file_is_free(run, now))
			break;
		if (!release_rows(run, from, to, &err)) {
			record_failed(run, &err, now);
			return;
		}
		tickets_released(t, to);
		atomic_store(&run->shm->limit, to);
		raised = true;
	}
	if (raised)
		crew_release(&run->crew);
}

void run_record_attempt(struct run *run, const struct attempt *a, int64_t now)
{
	struct err err = {0};

	recorded(run, store_attempt(run->store, run->id, run->origin_ns, run->plan, a, &err), &err, now);
}

/* In the same transaction as its last attempt: both are queued in one step. */
void record_ticket(struct run *run, uint32_t position, int64_t now)
{
	struct err err = {0};
	enum outcome state = (enum outcome)run->tickets.records[position].outcome;

	recorded(run, store_ticket(run->store, run->id, run->plan, run->todo[position], state, &err), &err, now);
}

void run_record_session(struct run *run, const struct session_report *r, int64_t now)
{
	struct err err = {0};

	if (run->origin_ns == 0) {
		run->kept_sessions =
		        mem_resize(run->kept_sessions, run->nkept_sessions + 1u, sizeof *run->kept_sessions);
		run->kept_sessions[run->nkept_sessions] = *r;
		run->kept_sessions[run->nkept_sessions++].message = r->message ? mem_strdup(r->message) : NULL;
		return;
	}
	recorded(run, store_session(run->store, run->id, run->origin_ns, r, &err), &err, now);
}

void record_kept_sessions(struct run *run, int64_t now)
{
	for (uint32_t i = 0; i < run->nkept_sessions; i++) {
		if (run->origin_ns != 0 && run->store && run->id)
			run_record_session(run, &run->kept_sessions[i], now);
		free(run->kept_sessions[i].message);
	}
	free(run->kept_sessions);
	run->kept_sessions = NULL;
	run->nkept_sessions = 0;
}

void record_samples(struct run *run, const struct sample *samples, size_t count, int64_t now)
{
	struct err err = {0};

	if (!run->store || !run->id)
		return;
	for (size_t i = 0; i < count; i++) {
		struct sample sample = samples[i];

		if (run->options->no_sql_text)
			sample.query[0] = '\0';
		recorded(run, store_samples(run->store, run->id, &sample, 1, &err), &err, now);
	}
}

void record_worker(struct run *run, const struct member *m, const char *end, int64_t now)
{
	struct err err = {0};

	if (!run->store || !run->id)
		return;
	recorded(run,
	        store_worker(run->store, run->id, m->worker, m->generation, (int32_t)m->pid,
	                since_origin(run, m->forked_ns), since_origin(run, m->born_ns), since_origin(run, now), end,
	                &err),
	        &err, now);
}

void record_event(struct run *run, int64_t at_ns, const char *kind, const char *text)
{
	struct err err = {0};

	if (run->store && run->id) {
		recorded(
		        run, store_event(run->store, run->id, since_origin(run, at_ns), kind, text, &err), &err, at_ns);
		return;
	}
	run->early = mem_resize(run->early, run->nearly + 1u, sizeof *run->early);
	run->early[run->nearly++] = (struct early_event){at_ns, mem_strdup(kind), mem_strdup(text)};
}

void record_client_sample(struct run *run, const struct client_look *look, int64_t now)
{
	struct err err = {0};
	struct client_sample sample = {.at_us = since_origin(run, look->from_ns),
	        .length_us = (look->to_ns - look->from_ns) / NS_PER_US,
	        .cpu_us = look->cpu_us,
	        .wait_us = look->wait_us,
	        .busiest = look->busiest,
	        .busiest_us = look->busiest_us};

	if (run->store && run->id)
		recorded(run, store_client_sample(run->store, run->id, &sample, &err), &err, now);
}

static struct run_phases phases_of(const struct run *run)
{
	struct run_phases p = {.preflight_begin_us = since_origin(run, run->preflight_ns),
	        .preflight_end_us = since_origin(run, run->preflight_end_ns),
	        .setup_begin_us = since_origin(run, run->setup_ns),
	        .setup_end_us = since_origin(run, run->setup_end_ns),
	        .spawn_begin_us = since_origin(run, run->origin_ns),
	        .spawn_end_us = since_origin(run, run->spawn_end_ns),
	        .row_begin_us = since_origin(run, run->row_begin_ns),
	        .row_end_us = since_origin(run, run->row_end_ns),
	        .connected_us = since_origin(run, run->connected_ns),
	        .go_us = since_origin(run, run->go_ns),
	        .last_end_us = since_origin(run, run->last_end_ns),
	        .drain_end_us = since_origin(run, run->drain_end_ns),
	        .reap_end_us = since_origin(run, run->reap_end_ns),
	        .store_begin_us = since_origin(run, run->store_ns)};
	const struct server_facts *f = run->facts;

	if (f && f->resolved_ns > f->start_ns && f->start_ns > 0)
		p.name_us = (f->resolved_ns - f->start_ns) / NS_PER_US;
	if (f && f->ready_ns > 0 && f->start_ns > 0) {
		int64_t from = f->resolved_ns > f->start_ns ? f->resolved_ns : f->start_ns;
		p.connect_us = (f->ready_ns - from) / NS_PER_US;
	}
	return p;
}

void record_phases(struct run *run, int64_t now)
{
	struct err err = {0};
	struct run_phases phases = phases_of(run);

	if (run->store && run->id)
		recorded(run, store_phases(run->store, run->id, &phases, &err), &err, now);
}

void record_load_second(struct run *run, const struct load_second *second, int64_t now)
{
	struct err err = {0};

	if (run->store && run->id)
		recorded(run, store_load_second(run->store, run->id, second, &err), &err, now);
}

void record_load_chunk(struct run *run, const struct load_record *records, size_t count, int64_t now)
{
	struct err err = {0};

	if (run->store && run->id)
		recorded(run, store_load_chunk(run->store, run->id, run->origin_ns, records, count, &err), &err, now);
}

void record_load_total(struct run *run, const struct load_total *total, int64_t now)
{
	struct err err = {0};

	if (run->store && run->id)
		recorded(run, store_load_total(run->store, run->id, run->plan, total, &err), &err, now);
}

void record_soon(struct run *run, int64_t now)
{
	if (run->dirty_ns != 0)
		run->dirty_ns = now - RUN_COMMIT_NS;
}

int64_t record_step(struct run *run, int64_t now)
{
	struct err err = {0};

	if (!run->store || run->store_failed || run->dirty_ns == 0)
		return CLOCK_NEVER;
	if (now - run->dirty_ns < RUN_COMMIT_NS)
		return run->dirty_ns + RUN_COMMIT_NS;
	if (!store_commit(run->store, &err))
		record_failed(run, &err, now);
	/* Another program's lock: the rows wait, and so do we. */
	run->dirty_ns = !run->store_failed && store_dirty(run->store) ? now : 0;
	return run->dirty_ns ? now + RUN_COMMIT_NS : CLOCK_NEVER;
}

struct msg_usage run_parent_usage(const struct msg_usage *before)
{
	struct rusage u;
	struct msg_usage usage = {0};

	if (getrusage(RUSAGE_SELF, &u) != 0)
		return usage;
	usage.user_us = u.ru_utime.tv_sec * US_PER_S + u.ru_utime.tv_usec - before->user_us;
	usage.system_us = u.ru_stime.tv_sec * US_PER_S + u.ru_stime.tv_usec - before->system_us;
	usage.max_rss_kb = u.ru_maxrss;
	usage.voluntary_switches = u.ru_nvcsw - before->voluntary_switches;
	usage.involuntary_switches = u.ru_nivcsw - before->involuntary_switches;
	return usage;
}

static void record_results(struct run *run, int64_t now)
{
	struct err err = {0};

	for (int i = 0; run->results && i < run->plan->ntasks; i++) {
		struct task_result *result = &run->results[i];

		result->task = (uint32_t)i;
		if (result->executions > 0)
			recorded(run, store_task_result(run->store, run->id, result, &err), &err, now);
	}
}

static int64_t counter_in(const struct msg_counters *m, const char *name)
{
	for (uint32_t i = 0; m && i < m->count; i++)
		if (strcmp(m->items[i].name, name) == 0)
			return m->items[i].value;
	return INT64_MIN;
}

/* What the server counted before and after, and each worker's CPU. */
static void record_counted(struct run *run, int64_t now)
{
	const struct msg_counters *before = run->counters_before, *after = run->counters_after;
	const struct msg_counters *names = after ? after : before;
	struct err err = {0};

	for (uint32_t i = 0; names && i < names->count; i++) {
		const char *name = names->items[i].name;

		recorded(run,
		        store_counter(
		                run->store, run->id, name, counter_in(before, name), counter_in(after, name), &err),
		        &err, now);
	}
	for (size_t i = 0; i < run->client_cpu.nrows; i++)
		recorded(run, store_client_cpu(run->store, run->id, &run->client_cpu.rows[i], &err), &err, now);
}

static void record_chaos(struct run *run, int64_t now)
{
	struct chaos_record chaos;
	struct err err = {0};

	for (uint32_t i = 0; run_chaos_result(run, i, &chaos); i++)
		recorded(run, store_chaos(run->store, run->id, &chaos, &err), &err, now);
}

void record_end(struct run *run, enum run_state state, const char *reason, int exit_code, int64_t now)
{
	const struct tickets *t = &run->tickets;
	struct run_sums sums = run_sums_of(run);
	struct err err = {0};

	if (!run->store || !run->id)
		return;
	facts_of_load(run, "after");
	record_facts(run, now); /* if the rest of them never came */
	record_results(run, now);
	record_chaos(run, now);
	record_counted(run, now);
	struct run_end end = {.state = state,
	        .reason = reason,
	        .phases = phases_of(run),
	        .done = sums.done,
	        .failed = sums.failed,
	        .unknown = sums.unknown,
	        .not_run = sums.not_run,
	        .attempts = t->attempts,
	        .attempts_done = t->attempts_done,
	        .attempts_failed = t->attempts_failed,
	        .attempts_unknown = t->attempts_unknown,
	        .exit_code = exit_code,
	        .swept = run->swept,
	        .usage = run->usage,
	        .parent_usage = run_parent_usage(&run->parent_before),
	        .costs = run_costs_of(run),
	        .clock_offset_change_us = clock_wall_us() - loop_clock(run->loop) / NS_PER_US - run->wall_offset_us,
	        .asked_sessions = run->request->sessions,
	        .ready_sessions = run->ready_sessions,
	        .parent_paused_us = run->paused_ns / NS_PER_US};
	recorded(run, store_run_end(run->store, run->id, &end, &err), &err, now);
	if (!run->store_failed && !store_commit(run->store, &err))
		record_failed(run, &err, now);
	run->recorded_end = true;
}

/* A second place for what the store could not take: --spill, else the store's own folder. */
static void spill(struct run *run)
{
	char folder[4096], path[4200] = "";
	struct run_sums sums = run_sums_of(run);
	struct err err = {0};
	const char *slash = strrchr(run->request->store_path, '/');

	if (run->options->spill)
		snprintf(folder, sizeof folder, "%s", run->options->spill);
	else if (slash)
		snprintf(folder, sizeof folder, "%.*s",
		        slash > run->request->store_path ? (int)(slash - run->request->store_path) : 1,
		        run->request->store_path);
	else
		snprintf(folder, sizeof folder, ".");
	if (store_spill(run->store, run->id, folder, path, sizeof path, &err))
		log_write(LEVEL_ERROR, NULL,
		        "results were not stored (%s); those not yet on disk are in %s: %u done, %u failed, %u "
		        "unknown, %u not run",
		        run->store_text, path, sums.done, sums.failed, sums.unknown, sums.not_run);
	else
		log_write(LEVEL_ERROR, NULL,
		        "results were not stored (%s) and could not be written elsewhere either (%s; choose a place "
		        "with --spill=DIR): %u done, %u failed, %u unknown, %u not run",
		        run->store_text, err.text, sums.done, sums.failed, sums.unknown, sums.not_run);
}

void record_close(struct run *run)
{
	struct err err = {0};

	watchdog_waits_for("the results file to be written and closed");
	while (run->store && !run->store_failed && store_dirty(run->store)) /* another program's lock, at most 30 s */
		if (!store_commit(run->store, &err))
			record_failed(run, &err, run->dirty_ns);
	if (run->store && run->store_failed && run->id)
		spill(run);
	bool kept = run->request->store && run->store && !run->store_failed;
	if (run->request->store)
		*run->request->store = kept ? run->store : NULL;
	if (run->store && !kept && !store_close(run->store, &err) && !run->store_failed) {
		run->store_failed = true;
		log_write(LEVEL_ERROR, NULL, "the results file could not be closed: %s", err.text);
	}
	run->store = NULL;
	for (uint32_t i = 0; i < run->nearly; i++) {
		free(run->early[i].kind);
		free(run->early[i].text);
	}
	free(run->early);
	run->early = NULL;
	run->nearly = 0;
}
