/*
 * pg: every call of libpq, kept thin. Nothing here waits, reads a clock or decides anything.
 *
 * For the session machine (worker/session*) and the observer (worker/observe*). A `struct pg` is one connection,
 * owned by who called pg_start, ended by pg_finish; a `struct pg_result` is owned by who called pg_next, ended by
 * pg_clear. Strings handed out live as long as the thing they were asked of.
 *
 * How a caller connects: pg_start, then wait for pg_socket() to become writable, then call pg_connect_poll whenever the
 * socket is ready for what it last asked for, until PG_POLL_OK or PG_POLL_FAILED. The connect timer is the caller's
 * (libpq ignores connect_timeout here): pg_connect_timeout() says how long. After that the connection is non-blocking.
 *
 * How it asks: pg_send ..., pg_flush until 0; when the socket is readable pg_consume, and while not pg_busy: pg_next.
 * Outside pipeline mode pg_next gives a statement's results and then NULL. In pipeline mode (pg_pipeline) every
 * statement's results end with NULL, and each pg_sync gives one PG_SYNC with no NULL after it.
 */
#ifndef WORKER_PG_H
#define WORKER_PG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "worker/worker.h"

struct pg;
struct pg_result;

enum pg_poll { PG_POLL_READ, PG_POLL_WRITE, PG_POLL_OK, PG_POLL_FAILED };

/* How far connecting got; only ever moves forward within one pg_connect_poll cycle. */
enum pg_progress { PG_AT_SOCKET, PG_AT_TLS, PG_AT_LOGIN, PG_AT_READY };

/* Begins to connect. Never NULL: a failure shows at the first pg_connect_poll. The password is passed as a keyword of
 * its own, never inside a string. */
struct pg *pg_start(const struct target *target);
enum pg_poll pg_connect_poll(struct pg *pg);
enum pg_progress pg_connect_progress(const struct pg *pg);
bool pg_tls_used(const struct pg *pg);

/* Time a connect may take: connect_timeout of the connection string or PGCONNECT_TIMEOUT, else the target's, else 10 s;
 * CLOCK_NEVER when somebody asked for 0. */
int64_t pg_connect_timeout(const struct pg *pg);

/* Why connecting failed: the text without line breaks and without parts of a connection string that may be secret,
 * and the SQLSTATE out of libpq's verbose text ("" = none: nobody answered, or it was no server's word). */
void pg_connect_error(const struct pg *pg, char sqlstate[6], char *text, size_t size);

/* False: the connection string cannot be read, or was read in a way that makes pieces of a password of host, port or
 * database. None of them may be shown then, and pg_connect_error does not. */
bool pg_showable(const struct pg *pg);

/* "FATAL:  28P01: password ..." -> "28P01"; "" when there is none. The last one counts (several addresses). */
void pg_sqlstate_in(const char *text, char sqlstate[6]);

/* Sends Terminate, closes, frees. pg may be NULL. */
void pg_finish(struct pg *pg);

/* Ends it without a word to the server (what a crash would do); for a session that is dropped at its deadline. */
void pg_drop(struct pg *pg);

/* Shuts the socket down in both directions, as a cut line would: libpq finds out when it reads or writes. */
void pg_shut_down(struct pg *pg);

int pg_socket(const struct pg *pg); /* -1 = none; may change during connecting */
bool pg_broken(const struct pg *pg); /* the connection is gone */
int pg_backend_pid(const struct pg *pg); /* from the login; a pooler invents it */
int pg_server_version(const struct pg *pg); /* e.g. 150018 */
const char *pg_parameter(const struct pg *pg, const char *name); /* a reported parameter, NULL = none */
const char *pg_host(const struct pg *pg);
const char *pg_hostaddr(const struct pg *pg); /* "" for a unix socket */
const char *pg_port(const struct pg *pg);
const char *pg_dbname(const struct pg *pg);
const char *pg_user(const struct pg *pg);
void pg_tls_describe(const struct pg *pg, char *out, size_t size); /* "TLSv1.3 TLS_AES_256_GCM_SHA384", "" without */

/* State of the transaction, true after the last answer was read (before that: PG_TX_ACTIVE). Outside pipeline mode,
 * asked after a result and while not pg_busy: when it is known, the NULL that ends the results need not be fetched. */
enum pg_tx { PG_TX_IDLE, PG_TX_ACTIVE, PG_TX_OPEN, PG_TX_ERROR, PG_TX_UNKNOWN };
enum pg_tx pg_transaction(const struct pg *pg);

/* Connection's last error text, for when a call below said false; with line breaks as libpq gives them. */
const char *pg_error(const struct pg *pg);

/* ---- asking. All return false when libpq refuses (connection lost, out of memory). ---- */

bool pg_pipeline(struct pg *pg); /* enters pipeline mode, while idle; true when it is on already */
bool pg_send(struct pg *pg, const char *sql, int nparams, const char *const *values, bool binary);
bool pg_prepare(struct pg *pg, const char *name, const char *sql);
bool pg_execute(struct pg *pg, const char *name, bool binary); /* a prepared statement without parameters */
bool pg_execute_with(struct pg *pg, const char *name, int nparams, const char *const *values);
bool pg_query(struct pg *pg, const char *sql); /* the simple protocol, several statements too; no pipeline */
bool pg_pipeline_end(struct pg *pg); /* leaves pipeline mode; every answer must have been read */
bool pg_sync(struct pg *pg); /* pipeline mode only */
int pg_flush(struct pg *pg); /* 0 = all sent, 1 = more to send (wait for writable or readable), -1 = lost */
bool pg_consume(struct pg *pg); /* reads what is there; false = lost, but results read before may still be had */
bool pg_busy(struct pg *pg); /* pg_next would wait */

/* The next statement's rows come one by one (PG_ROW); to be called before its first pg_next. */
void pg_rows_one_by_one(struct pg *pg);

/* ---- results ---- */

enum pg_kind {
	PG_END, /* no result: the statement's results are complete (pg_next gave NULL) */
	PG_ROW, /* one row of several */
	PG_ROWS, /* the end of the rows, or all of them */
	PG_DONE, /* a command without rows */
	PG_EMPTY, /* an empty statement */
	PG_COPY_OUT, /* rows follow by pg_copy_row */
	PG_COPY_IN, /* the server waits for data we never send */
	PG_SYNC,
	PG_ABORTED, /* skipped as an earlier one of the same segment failed */
	PG_ERROR
};

struct pg_result *pg_next(struct pg *pg);
enum pg_kind pg_kind(const struct pg_result *result); /* of NULL: PG_END */
void pg_clear(struct pg_result *result); /* may be NULL */
int pg_nrows(const struct pg_result *result);
int pg_ncolumns(const struct pg_result *result);
const char *pg_column(const struct pg_result *result, int column); /* its name */
const char *pg_value(const struct pg_result *result, int row, int column); /* never NULL; "" for SQL NULL */
bool pg_is_null(const struct pg_result *result, int row, int column);
int pg_length(const struct pg_result *result, int row, int column);
int64_t pg_value_int(const struct pg_result *result, int row, int column); /* text format; 0 for SQL NULL */
int32_t pg_binary_int4(const struct pg_result *result, int row, int column); /* binary format */
int64_t pg_binary_time(const struct pg_result *result, int row, int column); /* binary timestamptz: us since 1970 */
int64_t pg_bytes(const struct pg_result *result); /* of all values */
int64_t pg_affected(const struct pg_result *result); /* of a command; 0 when it does not say */
const char *pg_tag(const struct pg_result *result); /* "INSERT 0 1", "" = none */
const char *pg_sqlstate(const struct pg_result *result); /* "" = libpq's own error */
bool pg_fatal(const struct pg_result *result); /* FATAL or PANIC: the server ends the session */

/* Primary message, then detail and hint, on one line, control characters replaced; at most size bytes with NUL. */
void pg_message(const struct pg_result *result, char *out, size_t size);

/* One row of COPY TO: its length, 0 = none there yet (wait), -1 = end (go on with pg_next), -2 = error (likewise).
 * *row is for pg_copy_free when the length is above 0. */
int pg_copy_row(struct pg *pg, char **row);
void pg_copy_free(char *row);

/* Notices since the last pg_notices_forget: count, the last one's SQLSTATE ("" = none), and whether one of them said
 * that a COMMIT was cut short while it waited for its synchronous replica. */
struct pg_notices {
	uint32_t count;
	char sqlstate[6];
	bool commit_doubt;
	char text[256]; /* of the last one as well */
};
const struct pg_notices *pg_notices(const struct pg *pg);
void pg_notices_forget(struct pg *pg);

/* False when it surely goes over a unix socket, where there is no TLS, and no password was given to be hashed. */
bool pg_may_encrypt(const struct target *target);
/* Initialises OpenSSL; see worker_warm_up. */
void pg_tls_warm_up(void);
void pg_versions(char *out, size_t size);

#endif
