/*
 * query: opens the results file for reading and lists its runs; one run is read in query_run.c. The owner of a struct
 * query closes it with query_close.
 */
#include "reports/query_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/buf.h"

/* A writer killed in the middle of closing leaves a rollback journal; SQLite takes it back when somebody opens the
 * file for writing, which is safe beside other readers. */
static void take_back(const char *place)
{
	sqlite3 *db = store_db_open(place, place, true, NULL);
	if (db)
		sqlite3_exec(db, "SELECT count(*) FROM sqlite_schema", NULL, NULL, NULL);
	sqlite3_close(db);
}

struct query *query_open(const char *path, struct err *err)
{
	char place[STORE_PATH_MOST];
	struct store_state state;
	if (!store_place(path, place, err) || !store_check_file(path, place, false, &state, err))
		return NULL;
	if (!state.exists) {
		err_set(err, EXIT_USAGE,
		        "there is no results file %s yet: \"pgparallel run -f FILE.sql\" makes it, --db=FILE names "
		        "another",
		        path);
		return NULL;
	}
	if (state.rollback)
		take_back(place);
	sqlite3 *db = store_db_open(place, path, false, err);
	if (!db)
		return NULL;
	int64_t version = STORE_VERSION;
	if (!store_check_content(db, path, false, err) ||
	        !store_db_int(db, path, "PRAGMA user_version", 0, &version, err) || version < STORE_VERSION) {
		if (version < STORE_VERSION)
			err_set(err, EXIT_STORE,
			        "%s was written by an older pgparallel: the next \"pgparallel run\" or \"pgparallel "
			        "prune\" brings it "
			        "up to date (after a copy)",
			        path);
		sqlite3_close(db);
		return NULL;
	}
	struct query *q = mem_zero(1, sizeof *q);
	q->db = db;
	snprintf(q->path, sizeof q->path, "%s", path);
	return q;
}

struct query *query_of_store(struct store *store)
{
	struct query *q = mem_zero(1, sizeof *q);
	q->db = store->db;
	q->borrowed = true;
	snprintf(q->path, sizeof q->path, "%s", store->path);
	return q;
}

void query_close(struct query *q)
{
	if (!q)
		return;
	if (!q->borrowed)
		sqlite3_close(q->db);
	free(q);
}

void query_assume_dead(struct query *q, bool dead)
{
	q->assume_dead = dead;
}

sqlite3_stmt *query_prepare(struct query *q, const char *sql, struct err *err)
{
	return store_db_prepare(q->db, q->path, sql, err);
}

bool query_step(struct query *q, sqlite3_stmt **s, bool *ok, struct err *err)
{
	if (!*s)
		return *ok = false;
	int rc = sqlite3_step(*s);
	if (rc == SQLITE_ROW)
		return true;
	*ok = rc == SQLITE_DONE || store_db_fail(q->db, q->path, err);
	sqlite3_finalize(*s);
	*s = NULL;
	return false;
}

bool query_damaged(struct query *q, const char *what, struct err *err)
{
	return err_set(err, EXIT_STORE,
	        "%s is damaged (%s); it was left as it is. Keep it and go on with --db=OTHER; sqlite3 %s .recover "
	        "shows what "
	        "can be saved",
	        q->path, what, q->path);
}

uint32_t query_count32(uint64_t count)
{
	return count > UINT32_MAX ? UINT32_MAX : (uint32_t)count;
}

int64_t query_int(sqlite3_stmt *s, int column)
{
	return query_int_or(s, column, QUERY_NONE);
}

int64_t query_int_or(sqlite3_stmt *s, int column, int64_t fallback)
{
	/* Asking the row for its value once costs as much as asking for its type or for its number. */
	sqlite3_value *value = sqlite3_column_value(s, column);
	return sqlite3_value_type(value) == SQLITE_NULL ? fallback : sqlite3_value_int64(value);
}

char *query_text(sqlite3_stmt *s, int column)
{
	const char *text = (const char *)sqlite3_column_text(s, column);
	return mem_strdup(text ? text : "");
}

void query_copy(sqlite3_stmt *s, int column, char *out, size_t size)
{
	const char *text = (const char *)sqlite3_column_text(s, column);
	snprintf(out, size, "%s", text ? text : "");
}

static const char list_sql[] =
        "SELECT r.id, w.name, r.engine, r.role, coalesce(r.verdict, ''), r.state, r.sessions, r.tickets, r.done, "
        "r.failed, r.unknown, r.not_run, r.started_unix_us, coalesce(r.last_end_us, 0), coalesce(r.speedup, 0.0), "
        "coalesce(r.ceiling, 0.0), r.pinned, (SELECT count(*) FROM doubt d WHERE d.run = r.id) FROM run r JOIN "
        "workload w ON w.id = r.workload ORDER BY r.id DESC LIMIT ?";

/* A run that is not finished has no counts in its row: they are in its tickets. */
static bool live_counts(struct query *q, struct run_line *line, struct err *err)
{
	struct ticket_rows tickets = {0};
	uint32_t n[5] = {0};
	uint64_t counts[4];
	bool load;
	if (!query_load_counts(q, line->id, counts, &load, err) || !query_tickets(q, line->id, &tickets, err))
		return false;
	for (size_t i = 0; i < tickets.count; i++)
		if (tickets.rows[i].present)
			n[tickets.rows[i].state]++;
	free(tickets.rows);
	line->done = n[1];
	line->failed = n[2];
	line->unknown = n[3] + (q->assume_dead ? n[0] : 0);
	line->not_run = line->ntickets - line->done - line->failed - line->unknown;
	if (load) {
		uint32_t *const to[] = {&line->done, &line->failed, &line->unknown, &line->not_run};
		for (int i = 0; i < 4; i++)
			*to[i] = query_count32(counts[i]);
		line->ntickets = query_count32(counts[0] + counts[1] + counts[2] + counts[3]);
	}
	if (q->assume_dead)
		snprintf(line->state, sizeof line->state, "interrupted");
	return true;
}

static void list_row(sqlite3_stmt *s, struct run_line *line)
{
	*line = (struct run_line){.id = sqlite3_column_int64(s, 0),
	        .sessions = (uint32_t)sqlite3_column_int64(s, 6),
	        .ntickets = query_count32((uint64_t)sqlite3_column_int64(s, 7)),
	        .done = query_count32((uint64_t)sqlite3_column_int64(s, 8)),
	        .failed = query_count32((uint64_t)sqlite3_column_int64(s, 9)),
	        .unknown = query_count32((uint64_t)sqlite3_column_int64(s, 10)),
	        .not_run = query_count32((uint64_t)sqlite3_column_int64(s, 11)),
	        .started_wall_us = sqlite3_column_int64(s, 12),
	        .wall_us = sqlite3_column_int64(s, 13),
	        .speedup = sqlite3_column_double(s, 14),
	        .ceiling = sqlite3_column_double(s, 15),
	        .pinned = sqlite3_column_int(s, 16) != 0,
	        .doubts = (uint32_t)sqlite3_column_int(s, 17)};
	query_copy(s, 1, line->workload, sizeof line->workload);
	query_copy(s, 2, line->engine, sizeof line->engine);
	query_copy(s, 3, line->role, sizeof line->role);
	query_copy(s, 4, line->verdict, sizeof line->verdict);
	query_copy(s, 5, line->state, sizeof line->state);
}

bool query_list(struct query *q, size_t most, struct run_line **lines, size_t *count, struct err *err)
{
	*lines = NULL;
	*count = 0;
	sqlite3_stmt *s = query_prepare(q, list_sql, err);
	if (s)
		store_bind(s, "i", most && most < INT64_MAX ? (int64_t)most : INT64_C(-1));
	size_t room = 0;
	bool ok = true;
	while (query_step(q, &s, &ok, err)) {
		if (*count == room) {
			room = room * 2 + 32;
			*lines = mem_resize(*lines, room, sizeof **lines);
		}
		list_row(s, &(*lines)[(*count)++]);
	}
	for (size_t i = 0; ok && i < *count; i++)
		if (strcmp((*lines)[i].state, "running") == 0)
			ok = live_counts(q, &(*lines)[i], err);
	if (ok)
		return true;
	free(*lines);
	*lines = NULL;
	*count = 0;
	return false;
}

bool query_experiment(struct query *q, int64_t experiment, int64_t **ids, size_t *count, struct err *err)
{
	*ids = NULL;
	*count = 0;
	sqlite3_stmt *s = query_prepare(q, "SELECT id FROM run WHERE experiment = ? ORDER BY id", err);
	if (s)
		store_bind(s, "i", experiment);
	bool ok = true;
	while (query_step(q, &s, &ok, err)) {
		*ids = mem_resize(*ids, *count + 1, sizeof **ids);
		(*ids)[(*count)++] = sqlite3_column_int64(s, 0);
	}
	if (!ok) {
		free(*ids);
		*ids = NULL;
		*count = 0;
	}
	return ok;
}
