/*
 * store_private: what the files reports/store_*.c and reports/query*.c share and nobody else sees: the open file, the
 * queue of rows that wait for the next commit, and what is remembered of the run being written.
 */
#ifndef REPORTS_STORE_PRIVATE_H
#define REPORTS_STORE_PRIVATE_H

#include <sqlite3.h>
#include <sys/statfs.h>

#include "reports/store.h"
#include "reports/store_context.h"
#include "reports/store_queue.h"

#define STORE_APPLICATION_ID 0x5047706c /* "PGpl" */
#define STORE_VERSION 2
#define STORE_PATH_MOST 4096

/* attempt.id = run * 2^26 + number within the run: rows are appended in order and need no index. */
#define STORE_ATTEMPT_SHIFT 26

/* Another program's lock: each try waits so long, and so many tries in a row make it a failure (30 s). */
#define STORE_BUSY_MS 250
#define STORE_BUSY_TRIES 120

/* Records of a load run that wait for store_spill after a failed commit: more than so many bytes are not kept. */
#define STORE_SPILL_MOST (UINT64_C(64) << 20)

enum store_statement {
	STORE_RELEASE,
	STORE_TICKET,
	STORE_TICKET_NOT_RUN,
	STORE_TICKETS_FINAL,
	STORE_ATTEMPT,
	STORE_ERROR,
	STORE_SESSION,
	STORE_SAMPLE,
	STORE_WORKER,
	STORE_EVENT,
	STORE_TASK,
	STORE_FACT,
	STORE_ENVIRONMENT_FACT,
	STORE_TASK_RESULT,
	STORE_CHAOS,
	STORE_COUNTER,
	STORE_CLIENT_CPU,
	STORE_CLIENT_SAMPLE,
	STORE_NO_DOUBTS,
	STORE_DOUBT,
	STORE_NO_SUSPECTS,
	STORE_SUSPECT,
	STORE_LOAD_SECOND, /* from here on: load runs */
	STORE_LOAD_CHUNK,
	STORE_LOAD_TOTAL,
	STORE_LOAD_SCRIPT,
	STORE_LOAD_COMMAND,
	STORE_LOAD_ERROR,
	STORE_RELEASES, /* several rows in one: prepared when there are so many */
	STORE_ATTEMPTS,
	STORE_STATEMENTS
};

/* Rows of the transaction under way that are written together; empty outside of store_flush. */
#define BATCH_ATTEMPTS 10
#define BATCH_RELEASES 20

struct batch_attempt {
	const struct op *op;
	int64_t id, error;
	uint32_t connection;
};

struct batch_final {
	int64_t run;
	uint32_t ticket;
	enum outcome state;
};

struct batch {
	struct batch_attempt attempts[BATCH_ATTEMPTS];
	uint32_t nattempts;
	struct batch_final *finals;
	size_t nfinals, finals_room;
};

struct store {
	sqlite3 *db;
	char path[STORE_PATH_MOST]; /* as given, for messages */
	struct queue queue; /* rows since the last good commit */
	struct context run; /* the run being written */
	struct batch batch;
	bool failed; /* a commit failed: nothing is written any more */
	struct err failure;
	uint64_t records_lost; /* of load runs: not kept in memory after a failed commit */
	unsigned busy; /* tries in a row refused because of another program's lock */
	sqlite3_stmt *statements[STORE_STATEMENTS];
};

/* store_db: SQLite's handles and errors */

/* The file's folder with links resolved, and its name: what SQLite is given. EXIT_USAGE when the folder is missing. */
bool store_place(const char *path, char out[STORE_PATH_MOST], struct err *err);
/* Opens the existing file at the place; path is for messages. Never follows a link, trusts no schema. */
sqlite3 *store_db_open(const char *place, const char *path, bool write, struct err *err);
bool store_db_exec(sqlite3 *db, const char *path, const char *sql, struct err *err);
/* The single integer a query gives; fallback when there is no row. */
bool store_db_int(sqlite3 *db, const char *path, const char *sql, int64_t fallback, int64_t *value, struct err *err);
sqlite3_stmt *store_db_prepare(sqlite3 *db, const char *path, const char *sql, struct err *err);
/* Fills err from the last error of db: what happened to the file and what to do. Returns false. */
bool store_db_fail(sqlite3 *db, const char *path, struct err *err);
/* Binds values in order; a format letter each: i int64, n int64 with INT64_MIN as NULL, s text (NULL as NULL),
 * d double, b struct buf * (empty as NULL). Resets the statement first. */
void store_bind(sqlite3_stmt *s, const char *format, ...);
/* Runs a statement that returns no rows and resets it. */
bool store_run_statement(sqlite3 *db, const char *path, sqlite3_stmt *s, struct err *err);
/* Prepares, binds, runs, finalizes. */
bool store_db_do(sqlite3 *db, const char *path, struct err *err, const char *sql, const char *format, ...);

/* store_schema, store_migrate */

bool store_create(const char *place, const char *path, struct err *err);

struct migration {
	int from; /* user_version it starts from; it ends at from + 1 */
	const char *sql; /* NULL: store_upgrade */
};
/* Brings the open file to `version`: copies it to FILE.vN.bak, then does all steps in one transaction. */
bool store_migrate(sqlite3 *db, const char *place, const char *path, const struct migration *steps, size_t nsteps,
        int version, struct err *err);
/* Adds what the schema has and the file has not: tables, columns at the end, indexes; views are made anew. */
bool store_upgrade(sqlite3 *db, const char *path, const char *schema, struct err *err);
extern const struct migration store_migrations[];
extern const size_t store_nmigrations;

/* store_check */

struct store_state {
	bool exists; /* there is a file with something in it */
	bool unclean; /* a journal was left behind: its writer died (or still writes) */
	bool rollback; /* it is a rollback journal, which reading alone cannot take back */
};
/* Everything that can be said without opening it: links, owner, rights, file system, header. */
bool store_check_file(const char *path, const char *place, bool write, struct store_state *state, struct err *err);
/* The open file's identity, version (at most `version`) and shape; with thorough, quick_check. */
bool store_check_content(sqlite3 *db, const char *path, bool thorough, struct err *err);
const char *store_network_name(unsigned long type); /* name of a file system unfit for it, NULL = fit */
extern int (*store_statfs)(const char *path, struct statfs *fs); /* statfs; tests put another in its place */

/* store: transactions */

bool store_begin(struct store *store, bool *busy, struct err *err);
bool store_begin_waiting(struct store *store, struct err *err);
bool store_end(struct store *store, struct err *err); /* COMMIT */
bool store_give_up(struct store *store, struct err *err); /* rolls back; no commit is tried again. Returns false */
bool store_flush(struct store *store, bool full, struct err *err);
bool store_alive(struct store *store, struct err *err); /* false with the first failure after a failed commit */
sqlite3_stmt *store_statement(struct store *store, enum store_statement which, struct err *err);

/* store_spill: a member of a JSON line; INT64_MIN as null */

void spill_text(struct buf *b, const char *name, const char *text);
void spill_int(struct buf *b, const char *name, int64_t value);
void store_spill_load(struct buf *b, const struct op *op); /* whole lines */
void store_spill_note(struct buf *b, const struct op *op); /* a whole line */

/* store_apply, store_environment */

/* Applies the first of count ops, or several at once; returns how many. *ok false: it failed. */
size_t store_apply(struct store *store, const struct op *ops, size_t count, bool *ok, struct err *err);
bool store_apply_run(struct store *store, const struct op *op, struct err *err);
bool store_apply_load(struct store *store, const struct op *op, struct err *err);
bool store_apply_note(struct store *store, const struct op *op, struct err *err);
/* The rows of a load run in state running; nothing for a task list. */
bool store_load_begin(struct store *store, int64_t run, const struct plan *plan, bool keep_sql, struct err *err);
bool store_environment_flush(struct store *store, struct err *err);

/* store_batch */

bool batch_attempt(
        struct store *store, const struct op *op, uint32_t connection, int64_t id, int64_t error, struct err *err);
/* Writes the releases at the beginning of count ops when they are enough for one statement; how many, or 0. */
size_t batch_release(struct store *store, const struct op *ops, size_t count, bool *ok, struct err *err);
void batch_final(struct store *store, int64_t run, const struct op_ticket *ticket); /* of a ticket that has a row */
bool batch_write(struct store *store, struct err *err); /* what has been collected */
void batch_free(struct batch *b);

bool store_bury(struct store *store, int *interrupted, struct err *err); /* runs of a dead parent */

#endif
