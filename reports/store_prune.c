/*
 * store_prune: pin keeps a run for ever; prune takes out what is old. The numbers of a run (counts, phases, verdict,
 * events, errors) outlive its attempts.
 */
#include "reports/store_private.h"

#include <stdlib.h>

#include "shared/buf.h"

bool store_pin(struct store *store, int64_t run, bool pinned, struct err *err)
{
	struct err local;
	if (!err)
		err = &local;
	if (!store_begin_waiting(store, err))
		return false;
	if (!store_db_do(
	            store->db, store->path, err, "UPDATE run SET pinned = ? WHERE id = ?", "ii", (int64_t)pinned, run))
		return store_give_up(store, err);
	bool found = sqlite3_changes(store->db) == 1;
	if (!store_end(store, err))
		return false;
	return found || err_set(err, EXIT_USAGE, "there is no run %lld in %s: see \"pgparallel list\"", (long long)run,
	                        store->path);
}

/* Ends with the experiment in mind: a pinned run without its baseline could not be judged again. */
static bool old_runs(
        struct store *store, int64_t before_unix_us, bool unpruned, int64_t **ids, size_t *count, struct err *err)
{
	*ids = NULL;
	*count = 0;
	sqlite3_stmt *s = store_db_prepare(store->db, store->path,
	        "SELECT r.id FROM run r WHERE r.started_unix_us < ?1 AND r.pruned <= ?2 AND r.state <> 'running' AND "
	        "NOT EXISTS "
	        "(SELECT 1 FROM run k WHERE k.experiment = r.experiment AND (k.pinned OR k.state = 'running'))",
	        err);
	if (!s)
		return false;
	store_bind(s, "ii", before_unix_us, (int64_t)!unpruned);
	int rc;
	while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
		*ids = mem_resize(*ids, *count + 1, sizeof **ids);
		(*ids)[(*count)++] = sqlite3_column_int64(s, 0);
	}
	bool ok = rc == SQLITE_DONE || store_db_fail(store->db, store->path, err);
	sqlite3_finalize(s);
	return ok;
}

static bool delete_rows(struct store *store, int64_t run, const char *const *sql, size_t count, struct err *err)
{
	for (size_t i = 0; i < count; i++)
		if (!store_db_do(store->db, store->path, err, sql[i], "i", run))
			return false;
	return true;
}

/* Records of a load run are packed, up to a thousand in a row. */
static bool prune_records(struct store *store, int64_t run, uint32_t *attempts, struct err *err)
{
	sqlite3_stmt *s = store_db_prepare(
	        store->db, store->path, "SELECT coalesce(sum(records), 0) FROM load_chunk WHERE run = ?", err);
	if (!s)
		return false;
	store_bind(s, "i", run);
	int rc = sqlite3_step(s);
	if (rc == SQLITE_ROW)
		*attempts += (uint32_t)sqlite3_column_int64(s, 0);
	else
		store_db_fail(store->db, store->path, err);
	sqlite3_finalize(s);
	return rc == SQLITE_ROW;
}

static bool prune_attempts(struct store *store, int64_t run, uint32_t *attempts, struct err *err)
{
	static const char *const rows[] = {"DELETE FROM ticket WHERE run = ?1", "DELETE FROM sample WHERE run = ?1",
	        "DELETE FROM client_sample WHERE run = ?1", "DELETE FROM load_second WHERE run = ?1",
	        "DELETE FROM load_chunk WHERE run = ?1", "UPDATE run SET pruned = 1 WHERE id = ?1"};
	if (!store_db_do(store->db, store->path, err,
	            "DELETE FROM attempt WHERE id BETWEEN ?1 * 67108864 AND ?1 * 67108864 + 67108863", "i", run))
		return false;
	*attempts += (uint32_t)sqlite3_changes64(store->db);
	if (!prune_records(store, run, attempts, err))
		return false;
	return delete_rows(store, run, rows, sizeof rows / sizeof *rows, err);
}

static bool prune_run(struct store *store, int64_t run, struct err *err)
{
	static const char *const rows[] = {"DELETE FROM session WHERE run = ?1", "DELETE FROM worker WHERE run = ?1",
	        "DELETE FROM error WHERE run = ?1", "DELETE FROM event WHERE run = ?1",
	        "DELETE FROM task_result WHERE run = ?1", "DELETE FROM chaos WHERE run = ?1",
	        "DELETE FROM server_counter WHERE run = ?1", "DELETE FROM client_cpu WHERE run = ?1",
	        "DELETE FROM doubt WHERE run = ?1", "DELETE FROM suspect WHERE run = ?1",
	        "DELETE FROM estimate WHERE run = ?1", "DELETE FROM load_error WHERE run = ?1",
	        "DELETE FROM load_command WHERE run = ?1", "DELETE FROM load_script WHERE run = ?1",
	        "DELETE FROM load WHERE run = ?1", "DELETE FROM run WHERE id = ?1"};
	return delete_rows(store, run, rows, sizeof rows / sizeof *rows, err);
}

/* What no run refers to any more. */
static bool prune_orphans(struct store *store, struct err *err)
{
	return store_db_exec(store->db, store->path,
	        "DELETE FROM experiment WHERE id NOT IN (SELECT experiment FROM run);"
	        "DELETE FROM estimate WHERE experiment NOT IN (SELECT id FROM experiment);"
	        "DELETE FROM workload WHERE id NOT IN (SELECT workload FROM run);"
	        "DELETE FROM task WHERE workload NOT IN (SELECT id FROM workload);"
	        "DELETE FROM environment WHERE id NOT IN (SELECT environment FROM run WHERE environment NOTNULL);"
	        "DELETE FROM environment_fact WHERE environment NOT IN (SELECT id FROM environment)",
	        err);
}

static bool prune_all(
        struct store *store, int64_t keep_from, int64_t runs_from, uint32_t *attempts, uint32_t *runs, struct err *err)
{
	int64_t *ids;
	size_t n;
	int64_t from = keep_from > runs_from ? keep_from : runs_from;
	bool ok = old_runs(store, from, true, &ids, &n, err);
	for (size_t i = 0; ok && i < n; i++)
		ok = prune_attempts(store, ids[i], attempts, err);
	free(ids);
	if (!ok)
		return false;
	ok = old_runs(store, runs_from, false, &ids, &n, err);
	for (size_t i = 0; ok && i < n; i++)
		ok = prune_run(store, ids[i], err);
	free(ids);
	*runs = (uint32_t)n;
	return ok && prune_orphans(store, err);
}

/* Gives the room back when a quarter of the file is free; a full disk is no reason to fail here. */
static void shrink(struct store *store)
{
	int64_t pages, free_pages;
	if (store_db_int(store->db, store->path, "PRAGMA page_count", 0, &pages, NULL) &&
	        store_db_int(store->db, store->path, "PRAGMA freelist_count", 0, &free_pages, NULL) &&
	        free_pages * 4 > pages)
		sqlite3_exec(store->db, "VACUUM", NULL, NULL, NULL);
}

bool store_prune(struct store *store, int64_t now_wall_us, int64_t keep_us, int64_t keep_runs_us, uint32_t *attempts,
        uint32_t *runs, struct err *err)
{
	struct err local;
	if (!err)
		err = &local;
	*attempts = *runs = 0;
	if (!store_commit(store, err) || !store_begin_waiting(store, err))
		return false;
	int64_t keep_from = keep_us > 0 ? now_wall_us - keep_us : INT64_MIN;
	int64_t runs_from = keep_runs_us > 0 ? now_wall_us - keep_runs_us : INT64_MIN;
	if (!prune_all(store, keep_from, runs_from, attempts, runs, err))
		return store_give_up(store, err);
	if (!store_end(store, err))
		return false;
	shrink(store);
	return true;
}
