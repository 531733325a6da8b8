/*
 * store_run: a run's own row: its begin with workload and tasks, its phases, its end and its verdict; experiments.
 */
#include "reports/store_private.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "shared/buf.h"

const char *run_state_name(enum run_state state)
{
	static const char *const names[] = {"running", "finished", "interrupted", "stopped", "aborted"};
	return (unsigned)state < 5 ? names[state] : "running";
}

static const char *text_or_empty(const char *text)
{
	return text ? text : "";
}

static int64_t experiment_row(struct store *store, const char *kind, int64_t created_unix_us, struct err *err)
{
	if (!store_db_do(store->db, store->path, err, "INSERT INTO experiment (kind, created_unix_us) VALUES (?, ?)",
	            "si", kind, created_unix_us))
		return 0;
	return sqlite3_last_insert_rowid(store->db);
}

static bool add_arms(struct store *store, int64_t experiment, const struct experiment_begin *b, struct err *err)
{
	char seed[32];
	snprintf(seed, sizeof seed, "%" PRIu64, b->seed);
	bool ok = store_db_do(store->db, store->path, err,
	        "UPDATE experiment SET seed = ?, blocks_planned = ?, stop_when = nullif(?, 0.0) WHERE id = ?", "sidi",
	        seed, (int64_t)b->blocks_planned, b->stop_when, experiment);
	for (uint32_t i = 0; ok && i < b->narms; i++) {
		const struct arm_begin *a = &b->arms[i];
		ok = store_db_do(store->db, store->path, err, "INSERT INTO arm VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
		        "iisisiis", experiment, (int64_t)i, a->label, (int64_t)a->reference, a->engine,
		        (int64_t)a->sessions, (int64_t)a->lanes, text_or_empty(a->setting));
	}
	return ok;
}

bool store_experiment_end(struct store *store, int64_t experiment, const char *ended, struct err *err)
{
	if (!store_commit(store, err) || !store_begin_waiting(store, err))
		return false;
	if (store_db_do(store->db, store->path, err, "UPDATE experiment SET ended = ? WHERE id = ?", "si", ended,
	            experiment))
		return store_end(store, err);
	store_give_up(store, err);
	return false;
}

int64_t store_experiment(struct store *store, const struct experiment_begin *begin, struct err *err)
{
	if (!store_begin_waiting(store, err))
		return 0;
	int64_t id = experiment_row(store, begin->kind, 0, err);
	if (!id || (begin->narms > 0 && !add_arms(store, id, begin, err))) {
		store_give_up(store, err);
		return 0;
	}
	return store_end(store, err) ? id : 0;
}

static bool add_task(
        struct store *store, int64_t workload, const struct plan *plan, int i, bool keep_sql, struct err *err)
{
	const struct task *t = &plan->tasks[i];
	sqlite3_stmt *s = store_statement(store, STORE_TASK, err);
	if (!s)
		return false;
	store_bind(s, "iisisiiniiin", workload, (int64_t)i, t->name, (int64_t)t->line,
	        keep_sql ? text_or_empty(t->source) : NULL, (int64_t)t->nstatements, (int64_t)t->stage,
	        t->after < 0 ? INT64_MIN : (int64_t)t->after, (int64_t)t->readonly, (int64_t)t->repeatable,
	        (int64_t)t->transaction, t->rows < 0 ? INT64_MIN : (int64_t)t->rows);
	return store_run_statement(store->db, store->path, s, err);
}

static int64_t workload_row(struct store *store, const struct plan *plan, bool keep_sql, struct err *err)
{
	sqlite3_stmt *s = store_db_prepare(store->db, store->path,
	        "INSERT INTO workload (name, sha256, path, text) VALUES (?, ?, ?, ?) ON CONFLICT (name, sha256) DO "
	        "UPDATE "
	        "SET text = coalesce(text, excluded.text) RETURNING id",
	        err);
	if (!s)
		return 0;
	store_bind(s, "ssss", plan->name, plan->sha256, text_or_empty(plan->path),
	        keep_sql ? text_or_empty(plan->source) : NULL);
	int64_t id = sqlite3_step(s) == SQLITE_ROW ? sqlite3_column_int64(s, 0) : 0;
	if (!id)
		store_db_fail(store->db, store->path, err);
	sqlite3_finalize(s);
	for (int i = 0; id && i < plan->ntasks; i++)
		if (!add_task(store, id, plan, i, keep_sql, err))
			return 0;
	return id;
}

static int64_t none_below_zero(int number)
{
	return number < 0 ? INT64_MIN : number;
}

static int64_t run_row(struct store *store, const struct plan *plan, const struct run_begin *b, int64_t experiment,
        int64_t workload, struct err *err)
{
	char seed[32];
	snprintf(seed, sizeof seed, "%" PRIu64, b->seed);
	bool ok = store_db_do(store->db, store->path, err,
	        "INSERT INTO run (experiment, workload, role, engine, sessions, lanes, workers, seed, started_unix_us, "
	        "resumed_run, argv, note, client, options, data_sha256, state, reason, pinned, pruned, tickets, done, "
	        "failed, unknown, not_run, attempts, attempts_done, attempts_failed, attempts_unknown, arm, block, "
	        "block_order) VALUES (?1, ?2, "
	        "?3, "
	        "?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, 'running', '', 0, 0, ?16, 0, 0, 0, 0, 0, 0, 0, "
	        "0, ?17, ?18, ?19)",
	        "iissiiisinsssssinnn", experiment, workload, text_or_empty(b->role), text_or_empty(b->engine),
	        (int64_t)b->sessions, (int64_t)b->lanes, (int64_t)b->workers, seed, b->started_wall_us,
	        b->resumed_run ? b->resumed_run : INT64_MIN, text_or_empty(b->argv), text_or_empty(b->note),
	        text_or_empty(b->client), text_or_empty(b->timeout_text), plan->data_sha256, (int64_t)b->ntickets,
	        none_below_zero(b->arm), none_below_zero(b->block), none_below_zero(b->block_order));
	return ok ? sqlite3_last_insert_rowid(store->db) : 0;
}

int64_t store_run_begin(struct store *store, const struct plan *plan, const struct run_begin *begin, struct err *err)
{
	struct err local;
	if (!err)
		err = &local;
	if (!store_commit(store, err) || !store_begin_waiting(store, err))
		return 0;
	int64_t experiment =
	        begin->experiment ? begin->experiment : experiment_row(store, "run", begin->started_wall_us, err);
	int64_t workload = experiment ? workload_row(store, plan, begin->keep_sql, err) : 0;
	int64_t run = workload ? run_row(store, plan, begin, experiment, workload, err) : 0;
	if (!run || !store_load_begin(store, run, plan, begin->keep_sql, err) ||
	        !store_db_do(store->db, store->path, err,
	                "UPDATE experiment SET created_unix_us = ? WHERE id = ? AND created_unix_us = 0", "ii",
	                begin->started_wall_us, experiment)) {
		store_give_up(store, err);
		return 0;
	}
	if (!store_end(store, err))
		return 0;
	context_begin(&store->run, run, begin->started_wall_us);
	return run;
}

/* Whether a fact belongs to the one run and not to what it ran on: such facts would make every environment a new one.
 */
static bool fact_is_measured(const char *name)
{
	static const char *const names[] = {"used_connections", "rtt_us", "marker_us", "postmaster_start_us",
	        "observer_connect_us", "application_name"};
	static const char *const ends[] = {"_before", "_after", "_free", "_available"};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
		if (strlen(name) > strlen(ends[i]) && strcmp(name + strlen(name) - strlen(ends[i]), ends[i]) == 0)
			return true;
	return false;
}

bool store_run_fact(struct store *store, int64_t run, const char *name, const char *value, struct err *err)
{
	if (run == store->run.run && !fact_is_measured(name)) {
		context_fact(&store->run, name, value);
		return store_alive(store, err);
	}
	struct op *op = queue_add(&store->queue, OP_FACT, run);
	op->name = mem_strdup(name);
	op->text = mem_strdup(value);
	return store_alive(store, err);
}

static void number_fact(struct store *store, int64_t run, const char *name, int64_t value)
{
	char text[32];
	snprintf(text, sizeof text, "%" PRId64, value);
	store_run_fact(store, run, name, text, NULL);
}

static void text_fact(struct store *store, int64_t run, const char *name, const char *value)
{
	if (*value)
		store_run_fact(store, run, name, value, NULL);
}

bool store_run_facts(struct store *store, int64_t run, const struct server_facts *f, struct err *err)
{
	for (uint32_t i = 0; i < f->nfacts && i < FACTS_MOST; i++)
		text_fact(store, run, f->facts[i].name, f->facts[i].value);
	text_fact(store, run, "host", f->host);
	text_fact(store, run, "hostaddr", f->hostaddr);
	text_fact(store, run, "port", f->port);
	text_fact(store, run, "dbname", f->dbname);
	text_fact(store, run, "user", f->user);
	text_fact(store, run, "server_version", f->version);
	number_fact(store, run, "server_version_num", f->version_num);
	text_fact(store, run, "connection", f->direct ? "direct" : "pooler");
	text_fact(store, run, "superuser", f->superuser ? "yes" : "no");
	text_fact(store, run, "server_tls", f->tls);
	number_fact(store, run, "max_connections", f->max_connections);
	number_fact(store, run, "reserved_connections", f->reserved_connections);
	number_fact(store, run, "used_connections", f->used_connections);
	if (f->rtt_ns > 0) /* else not measured */
		number_fact(store, run, "rtt_us", f->rtt_ns / 1000);
	if (f->marker_ns > 0)
		number_fact(store, run, "marker_us", f->marker_ns / 1000);
	number_fact(store, run, "postmaster_start_us", f->postmaster_start_us);
	if (f->ready_ns && f->start_ns)
		number_fact(store, run, "observer_connect_us", (f->ready_ns - f->start_ns) / 1000);
	return store_alive(store, err);
}

bool store_phases(struct store *store, int64_t run, const struct run_phases *phases, struct err *err)
{
	struct op *op = queue_add(&store->queue, OP_PHASES, run);
	op->phases = mem_alloc(sizeof *op->phases);
	*op->phases = *phases;
	return store_alive(store, err);
}

bool store_run_end(struct store *store, int64_t run, const struct run_end *end, struct err *err)
{
	struct op *op = queue_add(&store->queue, OP_END, run);
	op->end = mem_alloc(sizeof *op->end);
	*op->end = *end;
	op->end->reason = NULL;
	op->text = mem_strdup(text_or_empty(end->reason));
	return store_alive(store, err);
}

bool store_verdict(struct store *store, int64_t run, const char *verdict, double speedup, double ceiling,
        double overlap, struct err *err)
{
	struct op *op = queue_add(&store->queue, OP_VERDICT, run);
	op->text = mem_strdup(verdict);
	op->verdict = (struct op_verdict){speedup, ceiling, overlap};
	return store_alive(store, err);
}
