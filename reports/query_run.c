/*
 * query_run: reads one run whole into a run_view, in one read transaction, so that a run being written is seen as of
 * one moment. The owner of the view calls run_view_free.
 */
#include "reports/query_private.h"

#include <stdlib.h>
#include <string.h>

#include "shared/buf.h"

const char *query_keep(struct run_view *view, const char *text)
{
	if (!view->strings)
		view->strings = mem_zero(1, sizeof *view->strings);
	char *copy = mem_strdup(text ? text : "");
	buf_append(view->strings, &copy, sizeof copy);
	return copy;
}

void run_view_free(struct run_view *view)
{
	for (size_t i = 0; view->strings && i < view->strings->len; i += sizeof(char *)) {
		char *text;
		memcpy(&text, view->strings->data + i, sizeof text);
		free(text);
	}
	if (view->strings)
		buf_free(view->strings);
	query_load_free(view->load);
	for (size_t i = 0; i < view->ntasks; i++) {
		free(view->tasks[i].name);
		free(view->tasks[i].sql);
	}
	void *owned[] = {view->strings, view->workload, view->workload_text, view->workload_sha256, view->role,
	        view->engine, view->argv, view->note, view->client, view->options, view->reason, view->data_sha256,
	        view->verdict, view->tasks, view->attempts, view->session_rows, view->worker_rows, view->samples,
	        view->events, view->errors, view->facts, view->chaos, view->results, view->counters, view->client_cpu,
	        view->client_samples, view->doubts, view->suspects};
	for (size_t i = 0; i < sizeof owned / sizeof *owned; i++)
		free(owned[i]);
	*view = (struct run_view){0};
}

const char *run_view_fact(const struct run_view *view, const char *name)
{
	for (size_t i = 0; i < view->nfacts; i++)
		if (strcmp(view->facts[i].name, name) == 0)
			return view->facts[i].value;
	return NULL;
}

static bool no_such_run(struct query *q, int64_t id, struct err *err)
{
	int64_t low, high;
	if (!store_db_int(q->db, q->path, "SELECT min(id) FROM run", 0, &low, err) ||
	        !store_db_int(q->db, q->path, "SELECT max(id) FROM run", 0, &high, err))
		return false;
	if (!high)
		return err_set(
		        err, EXIT_USAGE, "%s holds no runs yet: \"pgparallel run -f FILE.sql\" makes one", q->path);
	return err_set(err, EXIT_USAGE,
	        "there is no run %lld in %s, which holds runs %lld to %lld: see \"pgparallel list\"", (long long)id,
	        q->path, (long long)low, (long long)high);
}

static const char run_sql[] =
        "SELECT r.id, r.experiment, r.resumed_run, w.name, w.text, w.sha256, r.role, r.engine, r.argv, r.note, "
        "r.client, "
        "r.options, r.sessions, r.lanes, r.workers, r.seed, r.started_unix_us, r.state, r.reason, r.pinned, r.tickets, "
        "r.done, r.failed, r.unknown, r.not_run, r.exit_code, r.data_sha256, r.verdict, r.pruned, "
        "(SELECT max(b.id) FROM run b WHERE b.experiment = r.experiment AND b.role = 'baseline' AND b.id <> r.id AND "
        "r.role <> 'baseline'), "
        "(SELECT max(p.id) FROM run p JOIN workload pw ON pw.id = p.workload WHERE pw.name = w.name AND p.id < r.id "
        "AND "
        "p.role = r.role AND p.state <> 'running') "
        "FROM run r JOIN workload w ON w.id = r.workload WHERE r.id = ?";

static enum run_state state_of(const char *name)
{
	for (int i = RUN_RUNNING; i <= RUN_ABORTED; i++)
		if (strcmp(run_state_name((enum run_state)i), name) == 0)
			return (enum run_state)i;
	return RUN_RUNNING;
}

static void read_row(sqlite3_stmt *s, struct run_view *v)
{
	char **texts[] = {&v->workload, &v->workload_text, &v->workload_sha256, &v->role, &v->engine, &v->argv,
	        &v->note, &v->client, &v->options};
	for (int i = 0; i < 9; i++)
		*texts[i] = query_text(s, 3 + i);
	v->id = sqlite3_column_int64(s, 0);
	v->experiment = sqlite3_column_int64(s, 1);
	v->resumed_run = sqlite3_column_int64(s, 2);
	v->sessions = (uint32_t)sqlite3_column_int64(s, 12);
	v->lanes = (uint32_t)sqlite3_column_int64(s, 13);
	v->workers = (uint32_t)sqlite3_column_int64(s, 14);
	char seed[32], state[16];
	query_copy(s, 15, seed, sizeof seed);
	v->seed = strtoull(seed, NULL, 10);
	v->started_wall_us = sqlite3_column_int64(s, 16);
	query_copy(s, 17, state, sizeof state);
	v->state = state_of(state);
	v->reason = query_text(s, 18);
	v->pinned = sqlite3_column_int(s, 19) != 0;
	v->ntickets = query_count32((uint64_t)sqlite3_column_int64(s, 20));
	v->done = query_count32((uint64_t)sqlite3_column_int64(s, 21));
	v->failed = query_count32((uint64_t)sqlite3_column_int64(s, 22));
	v->unknown = query_count32((uint64_t)sqlite3_column_int64(s, 23));
	v->not_run = query_count32((uint64_t)sqlite3_column_int64(s, 24));
	v->exit_code = sqlite3_column_int(s, 25);
	v->data_sha256 = query_text(s, 26);
	v->verdict = query_text(s, 27);
	v->pruned = sqlite3_column_int(s, 28) != 0;
	v->baseline = sqlite3_column_int64(s, 29);
	v->previous = sqlite3_column_int64(s, 30);
}

static const char numbers_sql[] =
        "SELECT preflight_begin_us, preflight_end_us, setup_begin_us, setup_end_us, spawn_begin_us, spawn_end_us, "
        "connected_us, go_us, last_end_us, drain_end_us, reap_end_us, store_begin_us, name_us, token_us, wake_us, "
        "connect_us, user_cpu_us, system_cpu_us, max_rss_kb, private_kb, voluntary_switches, involuntary_switches, "
        "parent_user_cpu_us, parent_system_cpu_us, parent_max_rss_kb, parent_private_kb, parent_voluntary_switches, "
        "parent_involuntary_switches, sessions_found, sessions_cancelled, sessions_left, samples_taken, "
        "samples_dropped, server_restarted, swept, clock_change_us, asked_sessions, ready_sessions, parent_paused_us, "
        "attempts, attempts_done, attempts_failed, attempts_unknown, row_begin_us, row_end_us, "
        "worker_user_us, worker_system_us, worker_peak_kb, worker_private_kb, worker_voluntary_switches, "
        "worker_involuntary_switches, worker_threads, worker_descriptors, backends_read, backends_private_kb, "
        "workers_told, workers_untold, start_skew_us, lane_fairness, session_fairness FROM run WHERE id = ?";

static void read_usage(sqlite3_stmt *s, int at, struct msg_usage *u)
{
	int64_t *to[] = {&u->user_us, &u->system_us, &u->max_rss_kb, &u->private_kb, &u->voluntary_switches,
	        &u->involuntary_switches};
	for (int i = 0; i < 6; i++)
		*to[i] = query_int_or(s, at + i, 0);
}

static void read_costs(sqlite3_stmt *s, int at, struct run_costs *c)
{
	read_usage(s, at, &c->workers);
	int64_t *to[] = {&c->workers.threads, &c->workers.descriptors, &c->workers.backends, &c->workers.backends_kb};
	for (int i = 0; i < 4; i++)
		*to[i] = query_int_or(s, at + 6 + i, 0);
	c->told = (uint32_t)query_int_or(s, at + 10, 0);
	c->untold = (uint32_t)query_int_or(s, at + 11, 0);
	c->start_skew_us = query_int_or(s, at + 12, -1);
	c->lane_fairness = sqlite3_column_double(s, at + 13);
	c->session_fairness = sqlite3_column_double(s, at + 14);
}

static void read_numbers(sqlite3_stmt *s, struct run_view *v)
{
	struct run_phases *p = &v->phases;
	int64_t *phases[] = {&p->preflight_begin_us, &p->preflight_end_us, &p->setup_begin_us, &p->setup_end_us,
	        &p->spawn_begin_us, &p->spawn_end_us, &p->connected_us, &p->go_us, &p->last_end_us, &p->drain_end_us,
	        &p->reap_end_us, &p->store_begin_us, &p->name_us, &p->token_us, &p->wake_us, &p->connect_us};
	for (int i = 0; i < 16; i++)
		*phases[i] = query_int(s, i);
	struct run_end *e = &v->end;
	read_usage(s, 16, &e->usage);
	read_usage(s, 22, &e->parent_usage);
	e->swept = (struct msg_swept){.found = (uint32_t)query_int_or(s, 28, 0),
	        .cancelled = (uint32_t)query_int_or(s, 29, 0),
	        .left = (uint32_t)query_int_or(s, 30, 0),
	        .samples = (uint32_t)query_int_or(s, 31, 0),
	        .dropped = (uint32_t)query_int_or(s, 32, 0),
	        .restarted = query_int_or(s, 33, 0) != 0,
	        .connected = query_int_or(s, 34, 0) != 0};
	e->clock_offset_change_us = query_int_or(s, 35, 0);
	e->asked_sessions = (uint32_t)query_int_or(s, 36, 0);
	e->ready_sessions = (uint32_t)query_int_or(s, 37, 0);
	e->parent_paused_us = query_int_or(s, 38, 0);
	uint32_t *counts[] = {&e->attempts, &e->attempts_done, &e->attempts_failed, &e->attempts_unknown};
	for (int i = 0; i < 4; i++)
		*counts[i] = (uint32_t)query_int_or(s, 39 + i, 0);
	p->row_begin_us = query_int(s, 43);
	p->row_end_us = query_int(s, 44);
	read_costs(s, 45, &e->costs);
}

/* Runs one of the two statements on the run's row; *found: there was one. */
static bool read_run(struct query *q, const char *sql, int64_t id, void (*reader)(sqlite3_stmt *, struct run_view *),
        struct run_view *view, bool *found, struct err *err)
{
	sqlite3_stmt *s = query_prepare(q, sql, err);
	bool ok = true;
	if (s)
		store_bind(s, "i", id);
	for (*found = false; query_step(q, &s, &ok, err); *found = true)
		reader(s, view);
	return ok;
}

static bool read_tasks(struct query *q, struct run_view *v, struct err *err)
{
	sqlite3_stmt *s = query_prepare(q,
	        "SELECT t.task, t.name, t.sql, t.stage, t.after_task, t.readonly, t.repeatable, t.in_transaction FROM "
	        "run r "
	        "JOIN task t ON t.workload = r.workload WHERE r.id = ? ORDER BY t.task",
	        err);
	bool ok = true;
	if (s)
		store_bind(s, "i", v->id);
	while (query_step(q, &s, &ok, err)) {
		v->tasks = mem_resize(v->tasks, v->ntasks + 1, sizeof *v->tasks);
		struct task_view *t = &v->tasks[v->ntasks++];
		*t = (struct task_view){.id = sqlite3_column_int64(s, 0),
		        .name = query_text(s, 1),
		        .sql = query_text(s, 2),
		        .stage = sqlite3_column_int(s, 3),
		        .after = (int)query_int_or(s, 4, -1),
		        .readonly = sqlite3_column_int(s, 5) != 0,
		        .repeatable = sqlite3_column_int(s, 6) != 0,
		        .transaction = sqlite3_column_int(s, 7) != 0};
		if (t->id != (int64_t)v->ntasks - 1) {
			sqlite3_finalize(s);
			return query_damaged(q, "tasks are missing", err);
		}
	}
	return ok;
}

static bool read_events(struct query *q, struct run_view *v, struct err *err)
{
	sqlite3_stmt *s = query_prepare(q, "SELECT at_us, kind, text FROM event WHERE run = ? ORDER BY event", err);
	bool ok = true;
	if (s)
		store_bind(s, "i", v->id);
	while (query_step(q, &s, &ok, err)) {
		v->events = mem_resize(v->events, v->nevents + 1, sizeof *v->events);
		v->events[v->nevents++] = (struct event_view){sqlite3_column_int64(s, 0),
		        query_keep(v, (const char *)sqlite3_column_text(s, 1)),
		        query_keep(v, (const char *)sqlite3_column_text(s, 2))};
	}
	return ok;
}

static bool read_facts(struct query *q, struct run_view *v, struct err *err)
{
	sqlite3_stmt *s = query_prepare(q, "SELECT name, value FROM v_environment WHERE run = ? ORDER BY name", err);
	bool ok = true;
	if (s)
		store_bind(s, "i", v->id);
	while (query_step(q, &s, &ok, err)) {
		v->facts = mem_resize(v->facts, v->nfacts + 1, sizeof *v->facts);
		v->facts[v->nfacts++] = (struct fact_view){query_keep(v, (const char *)sqlite3_column_text(s, 0)),
		        query_keep(v, (const char *)sqlite3_column_text(s, 1))};
	}
	return ok;
}

static bool read_workers(struct query *q, struct run_view *v, struct err *err)
{
	sqlite3_stmt *s = query_prepare(q,
	        "SELECT worker, generation, pid, forked_us, born_us, ended_us, end FROM worker WHERE run = ? ORDER BY "
	        "worker, "
	        "generation",
	        err);
	bool ok = true;
	size_t room = 0;
	if (s)
		store_bind(s, "i", v->id);
	while (query_step(q, &s, &ok, err)) {
		if (v->nworker_rows == room) {
			room = room * 2 + 16;
			v->worker_rows = mem_resize(v->worker_rows, room, sizeof *v->worker_rows);
		}
		struct worker_view *w = &v->worker_rows[v->nworker_rows++];
		*w = (struct worker_view){.worker = (uint32_t)sqlite3_column_int64(s, 0),
		        .generation = (uint32_t)sqlite3_column_int64(s, 1),
		        .pid = (int32_t)sqlite3_column_int64(s, 2),
		        .forked_us = query_int(s, 3),
		        .born_us = query_int(s, 4),
		        .ended_us = query_int(s, 5)};
		query_copy(s, 6, w->end, sizeof w->end);
	}
	return ok;
}

static bool read_results(struct query *q, struct run_view *v, struct err *err)
{
	bool ok = true;
	sqlite3_stmt *s = query_prepare(q,
	        "SELECT task, executions, row_count, digest, digest_us FROM task_result WHERE run = ? ORDER BY task",
	        err);
	if (s)
		store_bind(s, "i", v->id);
	while (query_step(q, &s, &ok, err)) {
		v->results = mem_resize(v->results, v->nresults + 1, sizeof *v->results);
		struct task_result_view *r = &v->results[v->nresults++];
		*r = (struct task_result_view){.task = (uint32_t)sqlite3_column_int64(s, 0),
		        .executions = (uint32_t)sqlite3_column_int64(s, 1),
		        .rows = sqlite3_column_int64(s, 2),
		        .digest_us = sqlite3_column_int64(s, 4)};
		query_copy(s, 3, r->digest, sizeof r->digest);
		if (r->task >= v->ntasks) {
			sqlite3_finalize(s);
			return query_damaged(q, "a result is of no task", err);
		}
	}
	return ok;
}

static void read_blow(sqlite3_stmt *s, struct chaos_record *c)
{
	*c = (struct chaos_record){.blow = (uint32_t)sqlite3_column_int64(s, 0),
	        .asked = (uint32_t)sqlite3_column_int64(s, 3),
	        .workers = (uint32_t)sqlite3_column_int64(s, 4),
	        .sessions = (uint32_t)sqlite3_column_int64(s, 5),
	        .struck_us = query_int(s, 6),
	        .unknown = (uint64_t)sqlite3_column_int64(s, 7),
	        .failed = (uint64_t)sqlite3_column_int64(s, 8),
	        .repeated = (uint64_t)sqlite3_column_int64(s, 9),
	        .survivors = (uint32_t)sqlite3_column_int64(s, 10),
	        .before_count = (uint64_t)sqlite3_column_int64(s, 11),
	        .after_count = (uint64_t)sqlite3_column_int64(s, 12),
	        .before_p50_us = query_int_or(s, 13, 0),
	        .after_p50_us = query_int_or(s, 14, 0),
	        .before_max_us = query_int_or(s, 15, 0),
	        .after_max_us = query_int_or(s, 16, 0),
	        .full_us = query_int(s, 17)};
	c->full = c->full_us != QUERY_NONE;
	query_copy(s, 1, c->action, sizeof c->action);
	query_copy(s, 2, c->at, sizeof c->at);
}

static bool read_chaos(struct query *q, struct run_view *v, struct err *err)
{
	bool ok = true;
	sqlite3_stmt *s = query_prepare(q,
	        "SELECT blow, action, at, asked, workers, sessions, struck_us, unknown, failed, repeated, survivors, "
	        "before_count, after_count, before_p50_us, after_p50_us, before_max_us, after_max_us, full_strength_us "
	        "FROM chaos WHERE run = ? ORDER BY blow",
	        err);
	if (s)
		store_bind(s, "i", v->id);
	while (query_step(q, &s, &ok, err)) {
		v->chaos = mem_resize(v->chaos, v->nchaos + 1, sizeof *v->chaos);
		read_blow(s, &v->chaos[v->nchaos++]);
	}
	return ok;
}

static bool read_repeats(struct query *q, struct run_view *v, struct err *err)
{
	sqlite3_stmt *s = query_prepare(q,
	        "SELECT count(*), min(x), max(x) FROM (SELECT CASE WHEN l.run IS NULL THEN r.last_end_us - "
	        "r.go_us ELSE l.done * 1e6 / (l.end_us - l.begin_us) END x FROM run r LEFT JOIN load l ON "
	        "l.run = r.id WHERE r.experiment = ? AND r.engine = ? AND r.sessions = ? AND r.lanes = ? AND "
	        "r.role NOT IN ('baseline', 'confirm') AND r.state = 'finished') WHERE x > 0",
	        err);
	bool ok = true;
	/* The serial run is of another layout, and alone. */
	if (s)
		store_bind(s, "isii", strcmp(v->role, "baseline") == 0 ? 0 : v->experiment, v->engine,
		        (int64_t)v->sessions, (int64_t)v->lanes);
	while (query_step(q, &s, &ok, err)) {
		v->repeats = query_count32((uint64_t)sqlite3_column_int64(s, 0));
		v->repeat_low = sqlite3_column_double(s, 1);
		v->repeat_high = sqlite3_column_double(s, 2);
	}
	return ok;
}

/* A run without an end (its parent lives, or died without a word) gets its counts from its rows. */
static void count_live(struct query *q, struct run_view *v, const struct ticket_rows *tickets)
{
	uint32_t n[5] = {0};
	for (size_t i = 0; i < tickets->count; i++)
		if (tickets->rows[i].present)
			n[tickets->rows[i].state]++;
	v->done = n[1];
	v->failed = n[2];
	v->unknown = n[3] + (q->assume_dead ? n[0] : 0);
	v->not_run = v->ntickets - v->done - v->failed - v->unknown;
	if (v->load) { /* of one in flight nothing is known before it is over */
		v->done = query_count32(v->load->done);
		v->failed = query_count32(v->load->failed);
		v->unknown = query_count32(v->load->unknown);
		v->not_run = query_count32(v->load->skipped);
		v->ntickets = query_count32(v->load->done + v->load->failed + v->load->unknown + v->load->skipped);
	}
	v->end.attempts = (uint32_t)v->nattempts;
	uint32_t *counts[] = {NULL, &v->end.attempts_done, &v->end.attempts_failed, &v->end.attempts_unknown};
	for (size_t i = 0; i < v->nattempts; i++)
		if (v->attempts[i].outcome >= OUTCOME_DONE && v->attempts[i].outcome <= OUTCOME_UNKNOWN)
			++*counts[v->attempts[i].outcome];
	if (!q->assume_dead)
		return;
	v->state = RUN_INTERRUPTED;
	free(v->reason);
	v->reason = mem_strdup("its process died");
}

static bool read_all(struct query *q, int64_t id, struct run_view *v, struct err *err)
{
	bool found;
	struct ticket_rows tickets = {0};
	if (!id && !store_db_int(q->db, q->path,
	                   "SELECT id FROM run ORDER BY role IN ('baseline', 'confirm'), id DESC LIMIT 1", 0, &id, err))
		return false;
	if (!read_run(q, run_sql, id, read_row, v, &found, err))
		return false;
	if (!found)
		return no_such_run(q, id, err);
	if (!read_run(q, numbers_sql, id, read_numbers, v, &found, err) || !read_tasks(q, v, err) ||
	        !read_facts(q, v, err) || !read_events(q, v, err) || !read_workers(q, v, err) ||
	        !read_repeats(q, v, err) || !read_results(q, v, err) || !read_chaos(q, v, err))
		return false;
	bool ok = query_tickets(q, id, &tickets, err) && query_sessions(q, v, err) &&
	          query_attempts(q, v, &tickets, err) && query_samples(q, v, err) && query_notes(q, v, err) &&
	          query_load(q, v, err);
	if (ok && v->state == RUN_RUNNING)
		count_live(q, v, &tickets);
	if (ok)
		query_errors(v, &tickets);
	free(tickets.rows);
	v->end.state = v->state;
	v->end.phases = v->phases;
	v->end.done = v->done;
	v->end.failed = v->failed;
	v->end.unknown = v->unknown;
	v->end.not_run = v->not_run;
	v->end.exit_code = v->exit_code;
	return ok;
}

bool query_run(struct query *q, int64_t id, struct run_view *view, struct err *err)
{
	*view = (struct run_view){0};
	if (!store_db_exec(q->db, q->path, "BEGIN", err))
		return false;
	bool ok = read_all(q, id, view, err);
	sqlite3_exec(q->db, "COMMIT", NULL, NULL, NULL);
	if (!ok)
		run_view_free(view);
	return ok;
}
