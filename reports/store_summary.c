/*
 * store_summary: writes what concerns a run as a whole: phases, end, verdict, facts and environment; and marks the
 * runs whose parent died. Called by store_flush and store_open.
 */
#include "reports/store_private.h"

#include <string.h>

#include "shared/buf.h"
#include "shared/digest.h"

static bool apply_phases(struct store *store, int64_t run, const struct run_phases *p, struct err *err)
{
	return store_db_do(store->db, store->path, err,
	        "UPDATE run SET preflight_begin_us = ?1, preflight_end_us = ?2, setup_begin_us = ?3, setup_end_us = "
	        "?4, "
	        "spawn_begin_us = ?5, spawn_end_us = ?6, connected_us = ?7, go_us = ?8, last_end_us = ?9, "
	        "drain_end_us = ?10, reap_end_us = ?11, store_begin_us = ?12, name_us = ?13, token_us = ?14, "
	        "wake_us = ?15, connect_us = ?16, row_begin_us = ?17, row_end_us = ?18 WHERE id = ?19",
	        "nnnnnnnnnnnnnnnnnni", p->preflight_begin_us, p->preflight_end_us, p->setup_begin_us, p->setup_end_us,
	        p->spawn_begin_us, p->spawn_end_us, p->connected_us, p->go_us, p->last_end_us, p->drain_end_us,
	        p->reap_end_us, p->store_begin_us, p->name_us, p->token_us, p->wake_us, p->connect_us, p->row_begin_us,
	        p->row_end_us, run);
}

static bool apply_sweep(struct store *store, int64_t run, const struct run_end *e, struct err *err)
{
	return store_db_do(store->db, store->path, err,
	        "UPDATE run SET swept = ?1, sessions_found = ?2, sessions_cancelled = ?3, sessions_left = ?4, "
	        "samples_taken = ?5, samples_dropped = ?6, server_restarted = ?7, clock_change_us = ?8, "
	        "asked_sessions = ?9, ready_sessions = ?10, parent_paused_us = ?11 WHERE id = ?12",
	        "iiiiiiiiiiii", (int64_t)e->swept.connected, (int64_t)e->swept.found, (int64_t)e->swept.cancelled,
	        (int64_t)e->swept.left, (int64_t)e->swept.samples, (int64_t)e->swept.dropped,
	        (int64_t)e->swept.restarted, e->clock_offset_change_us, (int64_t)e->asked_sessions,
	        (int64_t)e->ready_sessions, e->parent_paused_us, run);
}

static bool apply_usage(
        struct store *store, int64_t run, const struct msg_usage *u, const struct msg_usage *p, struct err *err)
{
	return store_db_do(store->db, store->path, err,
	        "UPDATE run SET user_cpu_us = ?1, system_cpu_us = ?2, max_rss_kb = ?3, private_kb = ?4, "
	        "voluntary_switches = ?5, involuntary_switches = ?6, parent_user_cpu_us = ?7, parent_system_cpu_us = "
	        "?8, "
	        "parent_max_rss_kb = ?9, parent_private_kb = ?10, parent_voluntary_switches = ?11, "
	        "parent_involuntary_switches = ?12 WHERE id = ?13",
	        "iiiiiiiiiiiii", u->user_us, u->system_us, u->max_rss_kb, u->private_kb, u->voluntary_switches,
	        u->involuntary_switches, p->user_us, p->system_us, p->max_rss_kb, p->private_kb, p->voluntary_switches,
	        p->involuntary_switches, run);
}

static bool apply_costs(struct store *store, int64_t run, const struct run_costs *c, struct err *err)
{
	const struct msg_usage *u = &c->workers;
	bool any = c->told > 0;
	return store_db_do(store->db, store->path, err,
	        "UPDATE run SET worker_user_us = ?1, worker_system_us = ?2, worker_voluntary_switches = ?3, "
	        "worker_involuntary_switches = ?4, worker_peak_kb = ?5, worker_private_kb = ?6, worker_threads = ?7, "
	        "worker_descriptors = ?8, workers_told = ?9, workers_untold = ?10, backends_read = ?11, "
	        "backends_private_kb = ?12, start_skew_us = ?13, lane_fairness = nullif(?14, 0.0), "
	        "session_fairness = nullif(?15, 0.0) WHERE id = ?16",
	        "nnnnnnnniiinnddi", any ? u->user_us : INT64_MIN, any ? u->system_us : INT64_MIN,
	        any ? u->voluntary_switches : INT64_MIN, any ? u->involuntary_switches : INT64_MIN,
	        any ? u->max_rss_kb : INT64_MIN, u->private_kb > 0 ? u->private_kb : INT64_MIN,
	        u->threads > 0 ? u->threads : INT64_MIN, u->descriptors > 0 ? u->descriptors : INT64_MIN,
	        (int64_t)c->told, (int64_t)c->untold, u->backends, u->backends > 0 ? u->backends_kb : INT64_MIN,
	        c->start_skew_us >= 0 ? c->start_skew_us : INT64_MIN, c->lane_fairness, c->session_fairness, run);
}

/* A load run's transactions are counted in its own rows, where they have room beyond 32 bits. */
static bool apply_load_end(struct store *store, int64_t run, struct err *err)
{
	return store_db_do(store->db, store->path, err,
	        "UPDATE run SET done = l.done, failed = l.failed, unknown = l.unknown, not_run = l.skipped, "
	        "tickets = l.done + l.failed + l.unknown + l.skipped FROM load l WHERE l.run = run.id AND run.id = ?",
	        "i", run);
}

static bool apply_end(struct store *store, const struct op *op, struct err *err)
{
	const struct run_end *e = op->end;
	return store_db_do(store->db, store->path, err,
	               "UPDATE run SET state = ?1, reason = ?2, done = ?3, failed = ?4, unknown = ?5, not_run = ?6, "
	               "attempts = ?7, attempts_done = ?8, attempts_failed = ?9, attempts_unknown = ?10, exit_code = "
	               "?11 "
	               "WHERE id = ?12",
	               "ssiiiiiiiiii", run_state_name(e->state), op->text, (int64_t)e->done, (int64_t)e->failed,
	               (int64_t)e->unknown, (int64_t)e->not_run, (int64_t)e->attempts, (int64_t)e->attempts_done,
	               (int64_t)e->attempts_failed, (int64_t)e->attempts_unknown, (int64_t)e->exit_code, op->run) &&
	       apply_load_end(store, op->run, err) && apply_phases(store, op->run, &e->phases, err) &&
	       apply_sweep(store, op->run, e, err) && apply_usage(store, op->run, &e->usage, &e->parent_usage, err) &&
	       apply_costs(store, op->run, &e->costs, err);
}

static bool apply_fact(struct store *store, const struct op *op, struct err *err)
{
	sqlite3_stmt *s = store_statement(store, STORE_FACT, err);
	if (!s)
		return false;
	store_bind(s, "ssi", op->name, op->text, op->run);
	return store_run_statement(store->db, store->path, s, err);
}

bool store_apply_run(struct store *store, const struct op *op, struct err *err)
{
	switch (op->kind) {
	case OP_PHASES:
		return apply_phases(store, op->run, op->phases, err);
	case OP_END:
		return apply_end(store, op, err);
	case OP_VERDICT:
		return store_db_do(store->db, store->path, err,
		        "UPDATE run SET verdict = ?1, speedup = nullif(?2, 0.0), ceiling = nullif(?3, 0.0), "
		        "overlap_percent = ?4 WHERE id = ?5",
		        "sdddi", op->text, op->verdict.speedup, op->verdict.ceiling, op->verdict.overlap, op->run);
	default: /* OP_FACT */
		return apply_fact(store, op, err);
	}
}

static bool environment_row(struct store *store, int64_t *id, struct err *err)
{
	struct context *c = &store->run;
	struct buf text = {0};
	char hash[DIGEST_HEX];
	for (size_t i = 0; i < c->nfacts; i++) {
		buf_append(&text, c->facts[i].name, strlen(c->facts[i].name) + 1);
		buf_append(&text, c->facts[i].value, strlen(c->facts[i].value) + 1);
	}
	digest_sha256_hex(buf_str(&text), text.len, hash);
	buf_free(&text);
	sqlite3_stmt *s = store_db_prepare(store->db, store->path, "SELECT id FROM environment WHERE sha256 = ?", err);
	if (!s)
		return false;
	store_bind(s, "s", hash);
	*id = sqlite3_step(s) == SQLITE_ROW ? sqlite3_column_int64(s, 0) : 0;
	sqlite3_finalize(s);
	if (*id)
		return true;
	if (!store_db_do(store->db, store->path, err, "INSERT INTO environment (sha256) VALUES (?)", "s", hash))
		return false;
	*id = sqlite3_last_insert_rowid(store->db);
	sqlite3_stmt *fact = store_statement(store, STORE_ENVIRONMENT_FACT, err);
	bool ok = fact != NULL;
	for (size_t i = 0; ok && i < c->nfacts; i++) {
		store_bind(fact, "iss", *id, c->facts[i].name, c->facts[i].value);
		ok = store_run_statement(store->db, store->path, fact, err);
	}
	return ok;
}

/* Facts arrive in several commits; a set that an earlier one wrote for this run and nobody else uses is removed. */
bool store_environment_flush(struct store *store, struct err *err)
{
	int64_t id;
	if (!store->run.facts_dirty)
		return true;
	if (!environment_row(store, &id, err) ||
	        !store_db_do(store->db, store->path, err, "UPDATE run SET environment = ? WHERE id = ?", "ii", id,
	                store->run.run))
		return false;
	if (store->run.facts_written &&
	        (!store_db_exec(store->db, store->path,
	                 "DELETE FROM environment WHERE id NOT IN (SELECT environment FROM run WHERE environment "
	                 "NOTNULL)",
	                 err) ||
	                !store_db_exec(store->db, store->path,
	                        "DELETE FROM environment_fact WHERE environment NOT IN (SELECT id FROM environment)",
	                        err)))
		return false;
	store->run.facts_written = true;
	store->run.facts_dirty = false;
	return true;
}

/* The lock is ours, so whoever wrote a run in state running is dead: what it had released may have been applied. */
bool store_bury(struct store *store, int *interrupted, struct err *err)
{
	int64_t running;
	if (!store_db_int(store->db, store->path, "SELECT count(*) FROM run WHERE state = 'running'", 0, &running, err))
		return false;
	if (interrupted)
		*interrupted = (int)running;
	if (!running)
		return true;
	return store_db_exec(store->db, store->path,
	        "BEGIN IMMEDIATE;"
	        "UPDATE ticket SET state = 3 WHERE state = 0 AND run IN (SELECT id FROM run WHERE state = 'running');"
	        "UPDATE run SET state = 'interrupted', reason = 'its process died',"
	        " done = (SELECT count(*) FROM ticket t WHERE t.run = run.id AND t.state = 1),"
	        " failed = (SELECT count(*) FROM ticket t WHERE t.run = run.id AND t.state = 2),"
	        " unknown = (SELECT count(*) FROM ticket t WHERE t.run = run.id AND t.state = 3),"
	        " not_run = tickets - (SELECT count(*) FROM ticket t WHERE t.run = run.id AND t.state IN (1, 2, 3)),"
	        " attempts = (SELECT count(*) FROM attempt a WHERE a.id BETWEEN run.id * 67108864 AND run.id * "
	        "67108864 + "
	        "67108863),"
	        " attempts_done = (SELECT count(*) FROM attempt a WHERE a.id BETWEEN run.id * 67108864 AND run.id * "
	        "67108864 + 67108863 AND outcome = 1),"
	        " attempts_failed = (SELECT count(*) FROM attempt a WHERE a.id BETWEEN run.id * 67108864 AND run.id * "
	        "67108864 + 67108863 AND outcome = 2),"
	        " attempts_unknown = (SELECT count(*) FROM attempt a WHERE a.id BETWEEN run.id * 67108864 AND run.id * "
	        "67108864 + 67108863 AND outcome = 3)"
	        " WHERE state = 'running' AND id NOT IN (SELECT run FROM load);"
	        "UPDATE run SET state = 'interrupted', reason = 'its process died', done = l.done, failed = l.failed,"
	        " unknown = l.unknown, not_run = l.skipped, tickets = l.done + l.failed + l.unknown + l.skipped"
	        " FROM load l WHERE l.run = run.id AND state = 'running';"
	        "COMMIT",
	        err);
}
