/*
 * query_private: what the files reports/query*.c share: the open file and small readers of columns.
 */
#ifndef REPORTS_QUERY_PRIVATE_H
#define REPORTS_QUERY_PRIVATE_H

#include "reports/query.h"
#include "reports/store_private.h"

struct query {
	sqlite3 *db;
	char path[STORE_PATH_MOST];
	bool assume_dead;
	bool borrowed; /* db belongs to a store */
};

/* A ticket row while a run is read; index = number of the ticket. */
struct ticket_row {
	uint32_t task, round, row;
	uint8_t state; /* ticket.state */
	bool present;
};
struct ticket_rows {
	struct ticket_row *rows;
	size_t count;
};

sqlite3_stmt *query_prepare(struct query *q, const char *sql, struct err *err);
/* One step: true for a row. At the end or on an error finalizes *s, sets it to NULL and *ok. */
bool query_step(struct query *q, sqlite3_stmt **s, bool *ok, struct err *err);
bool query_damaged(struct query *q, const char *what, struct err *err); /* returns false */

uint32_t query_count32(uint64_t count); /* UINT32_MAX when it has no room */
int64_t query_int(sqlite3_stmt *s, int column); /* QUERY_NONE for NULL */
int64_t query_int_or(sqlite3_stmt *s, int column, int64_t fallback);
char *query_text(sqlite3_stmt *s, int column); /* malloc'd, "" for NULL */
void query_copy(sqlite3_stmt *s, int column, char *out, size_t size);
const char *query_keep(struct run_view *view, const char *text); /* owned by the view */

/* The readers of query_run; each appends to the view what its name says. */
bool query_tickets(struct query *q, int64_t run, struct ticket_rows *rows, struct err *err);
bool query_sessions(struct query *q, struct run_view *view, struct err *err);
bool query_attempts(struct query *q, struct run_view *view, const struct ticket_rows *tickets, struct err *err);
bool query_samples(struct query *q, struct run_view *view, struct err *err);
bool query_load(struct query *q, struct run_view *view, struct err *err); /* leaves view->load NULL for a task list */
void query_load_free(struct load_view *load);
/* A load run's transactions done, failed, unknown and skipped so far. */
bool query_load_counts(struct query *q, int64_t run, uint64_t counts[4], bool *found, struct err *err);
/* Counters, client CPU, doubts and suspects. */
bool query_notes(struct query *q, struct run_view *view, struct err *err);
void query_errors(struct run_view *view, const struct ticket_rows *tickets);

#endif
