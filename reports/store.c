/*
 * store: opening, committing and closing the results file; the rest of the store is beside it in store_*.c. Only the
 * parent calls it. The owner of a struct store closes it with store_close.
 */
#include "reports/store_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "shared/buf.h"

#define ATTEMPT_ROW "(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
#define FIVE_ATTEMPTS ATTEMPT_ROW "," ATTEMPT_ROW "," ATTEMPT_ROW "," ATTEMPT_ROW "," ATTEMPT_ROW
#define FOUR_RELEASES "(?1,?,?,?,?,0),(?1,?,?,?,?,0),(?1,?,?,?,?,0),(?1,?,?,?,?,0)"

static const char *const statement_sql[STORE_STATEMENTS] = {
        [STORE_RELEASE] = "INSERT INTO ticket (run, ticket, task, round, data_row, state) VALUES (?, ?, ?, ?, ?, 0) "
                          "ON CONFLICT DO NOTHING",
        [STORE_TICKET] = "INSERT INTO ticket (run, ticket, task, round, data_row, state) VALUES (?, ?, ?, ?, ?, ?) "
                         "ON CONFLICT (run, ticket) DO UPDATE SET state = excluded.state",
        [STORE_TICKET_NOT_RUN] = "UPDATE ticket SET state = 4 WHERE run = ? AND ticket = ?",
        [STORE_TICKETS_FINAL] = "UPDATE ticket SET state = ?4 WHERE run = ?1 AND ticket BETWEEN ?2 AND ?3",
        [STORE_ATTEMPT] = "INSERT INTO attempt VALUES " ATTEMPT_ROW,
        [STORE_ERROR] = "INSERT INTO error VALUES (?,?,?,?,?)",
        [STORE_SESSION] = "INSERT INTO session VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
        [STORE_SAMPLE] = "INSERT INTO sample VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
        [STORE_WORKER] = "INSERT INTO worker VALUES (?,?,?,?,?,?,?,?) ON CONFLICT DO UPDATE SET pid = excluded.pid, "
                         "forked_us = coalesce(excluded.forked_us, forked_us), "
                         "born_us = coalesce(excluded.born_us, born_us), "
                         "ended_us = coalesce(excluded.ended_us, ended_us), "
                         "end = CASE excluded.end WHEN '' THEN end ELSE excluded.end END",
        [STORE_EVENT] = "INSERT INTO event VALUES (?1, (SELECT coalesce(max(event), 0) + 1 FROM event WHERE run = ?1), "
                        "?2, ?3, ?4)",
        [STORE_TASK] = "INSERT INTO task VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12) ON CONFLICT DO UPDATE SET "
                       "sql = coalesce(sql, excluded.sql)",
        [STORE_FACT] = "UPDATE run SET measured = json_patch(coalesce(measured, '{}'), json_object(?1, ?2)) WHERE id = "
                       "?3",
        [STORE_ENVIRONMENT_FACT] = "INSERT INTO environment_fact VALUES (?, ?, ?)",
        [STORE_TASK_RESULT] = "INSERT INTO task_result (run, task, executions, row_count, digest, digest_us) "
                              "VALUES (?, ?, ?, ?, ?, ?)",
        [STORE_COUNTER] = "INSERT INTO server_counter (run, name, before_value, after_value) VALUES (?, ?, ?, ?) ON "
                          "CONFLICT DO UPDATE SET before_value = excluded.before_value, after_value = "
                          "excluded.after_value",
        [STORE_CLIENT_CPU] = "INSERT INTO client_cpu (run, worker, generation, cpu_us, wait_us) VALUES (?, ?, ?, ?, ?) "
                             "ON CONFLICT DO UPDATE SET cpu_us = excluded.cpu_us, wait_us = excluded.wait_us",
        [STORE_CLIENT_SAMPLE] = "INSERT INTO client_sample (run, sample, at_us, length_us, cpu_us, wait_us, "
                                "busiest_worker, busiest_us) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [STORE_NO_DOUBTS] = "DELETE FROM doubt WHERE run = ?",
        [STORE_DOUBT] = "INSERT INTO doubt (run, doubt, name, text) VALUES (?, ?, ?, ?)",
        [STORE_NO_SUSPECTS] = "DELETE FROM suspect WHERE run = ?",
        [STORE_SUSPECT] = "INSERT INTO suspect (run, rank, cause, share_us, evidence, confirmed) VALUES (?, ?, ?, ?, "
                          "?, ?)",
        [STORE_CHAOS] = "INSERT INTO chaos VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [STORE_LOAD_SECOND] =
                "INSERT INTO load_second VALUES (?1, (SELECT coalesce(max(second), 0) + 1 FROM load_second "
                "WHERE run = ?1), ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, "
                "?18, ?19, ?20, ?21)",
        [STORE_LOAD_CHUNK] =
                "INSERT INTO load_chunk VALUES (?1, (SELECT coalesce(max(chunk), 0) + 1 FROM load_chunk WHERE "
                "run = ?1), ?2, ?3, ?4, ?5)",
        [STORE_LOAD_TOTAL] =
                "UPDATE load SET (scale, begin_us, end_us, warmed, dropped, sampled_out, connects, "
                "connect_sum_us, busy_us, aborted, done, failed, skipped, unknown, retried, retries, late, "
                "service_mean_us, service_stddev_us, service_min_us, service_max_us, service_p50_us, "
                "service_p90_us, service_p95_us, service_p99_us, service_p999_us, schedule_mean_us, "
                "schedule_stddev_us, schedule_min_us, schedule_max_us, schedule_p50_us, schedule_p90_us, "
                "schedule_p95_us, schedule_p99_us, schedule_p999_us, lag_mean_us, lag_stddev_us, lag_min_us, "
                "lag_max_us, lag_p50_us, lag_p90_us, lag_p95_us, lag_p99_us, lag_p999_us) = (?2, ?3, ?4, ?5, "
                "?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, "
                "?25, ?26, ?27, ?28, ?29, ?30, ?31, ?32, ?33, ?34, ?35, ?36, ?37, ?38, ?39, ?40, ?41, ?42, "
                "?43, ?44, ?45) WHERE run = ?1",
        [STORE_LOAD_SCRIPT] =
                "UPDATE load_script SET (done, failed, skipped, unknown, retried, retries, late, "
                "service_mean_us, service_stddev_us, service_min_us, service_max_us, service_p50_us, "
                "service_p90_us, service_p95_us, service_p99_us, service_p999_us, schedule_mean_us, "
                "schedule_stddev_us, schedule_min_us, schedule_max_us, schedule_p50_us, schedule_p90_us, "
                "schedule_p95_us, schedule_p99_us, schedule_p999_us, lag_mean_us, lag_stddev_us, lag_min_us, "
                "lag_max_us, lag_p50_us, lag_p90_us, lag_p95_us, lag_p99_us, lag_p999_us, service, schedule, "
                "lag) = (?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, "
                "?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28, ?29, ?30, ?31, ?32, ?33, ?34, ?35, ?36, ?37, ?38, "
                "?39) WHERE run = ?1 AND script = ?2",
        [STORE_LOAD_COMMAND] =
                "UPDATE load_command SET (done, failures, retries, time_mean_us, time_stddev_us, time_min_us, "
                "time_max_us, time_p50_us, time_p90_us, time_p95_us, time_p99_us, time_p999_us, time) = (?3, "
                "?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15) WHERE run = ?1 AND command = ?2",
        [STORE_LOAD_ERROR] =
                "INSERT INTO load_error VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO UPDATE SET failed "
                "= excluded.failed, retried = excluded.retried, unknown = excluded.unknown",
        /* BATCH_RELEASES and BATCH_ATTEMPTS rows */
        [STORE_RELEASES] =
                "INSERT INTO ticket (run, ticket, task, round, data_row, state) VALUES " FOUR_RELEASES "," FOUR_RELEASES
                "," FOUR_RELEASES "," FOUR_RELEASES "," FOUR_RELEASES " ON CONFLICT DO NOTHING",
        [STORE_ATTEMPTS] = "INSERT INTO attempt VALUES " FIVE_ATTEMPTS "," FIVE_ATTEMPTS,
};

sqlite3_stmt *store_statement(struct store *store, enum store_statement which, struct err *err)
{
	if (!store->statements[which])
		store->statements[which] = store_db_prepare(store->db, store->path, statement_sql[which], err);
	return store->statements[which];
}

/* An error shows again with the first real use, where it is heard. */
void store_warm(struct store *store)
{
	struct err unheard;

	for (int i = 0; i < STORE_LOAD_SECOND; i++) /* those of load runs are few: when they come */
		store_statement(store, (enum store_statement)i, &unheard);
	sqlite3_exec(store->db, "SELECT id FROM experiment LIMIT 1", NULL, NULL, NULL);
}

bool store_alive(struct store *store, struct err *err)
{
	if (store->failed && err)
		*err = store->failure;
	return !store->failed;
}

/* A failed commit or fsync says nothing certain about the pages written so far; trying it again can claim a success
 * that is none. So the first failure is the last word: rows stay in memory for store_spill. */
bool store_give_up(struct store *store, struct err *err)
{
	if (!store->failed) {
		store->failed = true;
		store->failure = *err;
	}
	if (!sqlite3_get_autocommit(store->db))
		sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
	return false;
}

bool store_begin(struct store *store, bool *busy, struct err *err)
{
	*busy = false;
	if (sqlite3_exec(store->db, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK) {
		store->busy = 0;
		return true;
	}
	store_db_fail(store->db, store->path, err);
	*busy = (sqlite3_extended_errcode(store->db) & 0xff) == SQLITE_BUSY && ++store->busy < STORE_BUSY_TRIES;
	return *busy ? false : store_give_up(store, err);
}

bool store_begin_waiting(struct store *store, struct err *err)
{
	bool busy;
	struct err local;
	if (!store_alive(store, err))
		return false;
	while (!store_begin(store, &busy, err ? err : &local))
		if (!busy)
			return false;
	return true;
}

bool store_end(struct store *store, struct err *err)
{
	return store_db_exec(store->db, store->path, "COMMIT", err) || store_give_up(store, err);
}

bool store_flush(struct store *store, bool full, struct err *err)
{
	struct err local;
	if (!err)
		err = &local;
	if (!store_alive(store, err))
		return false;
	bool busy = false, begun = store_begin(store, &busy, err);
	while (!begun && busy && full)
		begun = store_begin(store, &busy, err);
	if (!begun)
		return busy; /* another program's lock: the rows wait for the next commit */
	bool ok = true;
	for (size_t i = 0; ok && i < store->queue.count;)
		i += store_apply(store, &store->queue.ops[i], store->queue.count - i, &ok, err);
	ok = ok && batch_write(store, err) && store_environment_flush(store, err);
	if (!ok)
		return store_give_up(store, err);
	if (!store_end(store, err))
		return false;
	queue_clear(&store->queue);
	return true;
}

bool store_dirty(const struct store *store)
{
	return store->queue.count > 0 || store->run.facts_dirty;
}

bool store_commit(struct store *store, struct err *err)
{
	if (!store_alive(store, err))
		return false;
	return !store_dirty(store) || store_flush(store, false, err);
}

/* In one read transaction, as every one costs locks. */
static bool check_open(sqlite3 *db, const char *path, bool unclean, int64_t *running, struct err *err)
{
	int64_t run = 0;
	*running = 0;
	return store_db_exec(db, path, "BEGIN", err) && store_check_content(db, path, false, err) &&
	       store_db_int(db, path, "SELECT count(*) FROM sqlite_schema WHERE name = 'run'", 0, &run, err) &&
	       (!run || store_db_int(db, path, "SELECT count(*) FROM run WHERE state = 'running'", 0, running, err)) &&
	       ((!unclean && !*running) || store_check_content(db, path, true, err)) &&
	       store_db_exec(db, path, "COMMIT", err);
}

/* Opens an existing file for writing and checks it: every page when its last writer did not close it. Closes it again
 * and returns NULL when it is refused. */
static sqlite3 *open_checked(
        const char *place, const char *path, const struct store_state *state, int64_t *running, struct err *err)
{
	sqlite3 *db = store_db_open(place, path, true, err);
	if (!db)
		return NULL;
	sqlite3_busy_timeout(db, STORE_BUSY_MS * STORE_BUSY_TRIES);
	if (check_open(db, path, state->unclean, running, err))
		return db;
	/* Closing must not carry a journal's pages into a file that is refused. */
	sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	sqlite3_close(db);
	return NULL;
}

/* Looks, but not at every page: another run may be writing the file, and nobody holds the lock yet. */
bool store_probe(const char *path, struct err *err)
{
	char place[STORE_PATH_MOST];
	struct store_state state;
	if (!store_place(path, place, err) || !store_check_file(path, place, true, &state, err))
		return false;
	if (!state.exists || state.rollback) /* a rollback journal is taken back by who opens for writing */
		return true;
	sqlite3 *db = store_db_open(place, path, false, err);
	bool ok = db && store_check_content(db, path, false, err);
	sqlite3_close(db);
	return ok;
}

/* Going to and from the log changes a few bytes in the first 100 of the file and nothing else, which a disk writes as
 * one: the rollback journal of that change may stay in memory, which saves a file and three waits for the disk. */
static bool journal_mode(sqlite3 *db, const char *path, const char *pragma, bool *wal, struct err *err)
{
	sqlite3_stmt *s = store_db_prepare(db, path, pragma, err);
	if (!s)
		return false;
	int rc = sqlite3_step(s);
	const char *mode = rc == SQLITE_ROW ? (const char *)sqlite3_column_text(s, 0) : NULL;
	*wal = mode && strcmp(mode, "wal") == 0;
	if (rc != SQLITE_ROW)
		store_db_fail(db, path, err);
	sqlite3_finalize(s);
	return rc == SQLITE_ROW;
}

static bool use_wal(sqlite3 *db, const char *path, struct err *err)
{
	bool wal;
	if (!journal_mode(db, path, "PRAGMA journal_mode", &wal, err))
		return false;
	if (!wal && (!store_db_exec(db, path, "PRAGMA journal_mode = MEMORY", err) ||
	                    !journal_mode(db, path, "PRAGMA journal_mode = WAL", &wal, err)))
		return false;
	if (!wal)
		return err_set(err, EXIT_STORE, "%s: its disk does not allow a write-ahead log: use --db=OTHER", path);
	return store_db_exec(db, path, "PRAGMA synchronous = NORMAL", err);
}

bool store_look(const char *path, struct err *err)
{
	char place[STORE_PATH_MOST];
	struct store_state state;
	return store_place(path, place, err) && store_check_file(path, place, true, &state, err);
}

struct store *store_open(const char *path, int *interrupted, struct err *err)
{
	char place[STORE_PATH_MOST];
	struct store_state state;
	if (interrupted)
		*interrupted = 0;
	if (!store_place(path, place, err) || !store_check_file(path, place, true, &state, err))
		return NULL;
	if (!state.exists && !store_create(place, path, err))
		return NULL;
	int64_t running;
	sqlite3 *db = open_checked(place, path, &state, &running, err);
	if (!db)
		return NULL;
	struct store *store = mem_zero(1, sizeof *store);
	store->db = db;
	snprintf(store->path, sizeof store->path, "%s", path);
	chmod(place, 0600);
	if (store_migrate(db, place, path, store_migrations, store_nmigrations, STORE_VERSION, err) &&
	        use_wal(db, path, err) && (!running || store_bury(store, interrupted, err))) {
		sqlite3_busy_timeout(db, STORE_BUSY_MS);
		return store;
	}
	sqlite3_close(db);
	free(store);
	return NULL;
}

/* A reader may hold a part of the log back: then that part stays in the log, which is synced all the same. */
bool store_settle(struct store *store, struct err *err)
{
	return store_commit(store, err) && store_db_exec(store->db, store->path, "PRAGMA wal_checkpoint(PASSIVE)", err);
}

/* Carries the log into the file and both to the disk. True: nothing is left in the log. A file whose header still
 * names the log that is gone is then as good as one that does not, and leaving the log need not wait for the disk. */
static bool all_checkpointed(sqlite3 *db)
{
	int frames = -1, carried = -2;
	int rc = sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_PASSIVE, &frames, &carried);
	return rc == SQLITE_OK && frames == carried;
}

bool store_close(struct store *store, struct err *err)
{
	if (!store)
		return true;
	bool ok = store_commit(store, err);
	if (ok && store_dirty(store))
		ok = store_flush(store, true, err); /* another program's lock: now it is waited for */
	for (int i = 0; i < STORE_STATEMENTS; i++)
		sqlite3_finalize(store->statements[i]);
	if (ok) {
		/* Out of the log: one plain file is left. A reader may hold that off: then the log is at least emptied
		 * as far as the reader allows, and the next writer takes in the rest. */
		if (all_checkpointed(store->db))
			sqlite3_exec(store->db, "PRAGMA synchronous = OFF", NULL, NULL, NULL);
		if (sqlite3_exec(store->db, "PRAGMA journal_mode = MEMORY", NULL, NULL, NULL) != SQLITE_OK)
			sqlite3_exec(store->db, "PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL, NULL);
	} else {
		sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	}
	sqlite3_close(store->db);
	queue_free(&store->queue);
	context_free(&store->run);
	batch_free(&store->batch);
	free(store);
	return ok;
}
