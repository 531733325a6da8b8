/*
 * store_db: SQLite's handles, statements and errors for the store and the read model. Whoever opens a handle closes it.
 */
#include "reports/store_private.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/buf.h"

/* SQLITE_OPEN_NOFOLLOW refuses a link anywhere in the path; a linked folder (a home on another disk) is fine here, so
 * the folder is resolved first and only the file itself must be no link. */
bool store_place(const char *path, char out[STORE_PATH_MOST], struct err *err)
{
	char folder[STORE_PATH_MOST], name[STORE_PATH_MOST], real[PATH_MAX];
	if (strlen(path) >= sizeof folder)
		return err_set(err, EXIT_USAGE, "the name of the results file is longer than %zu bytes: use --db=OTHER",
		        sizeof folder - 1);
	snprintf(folder, sizeof folder, "%s", path);
	snprintf(name, sizeof name, "%s", path);
	const char *dir = dirname(folder), *base = basename(name);
	if (!*path || path[strlen(path) - 1] == '/' || strcmp(base, ".") == 0 || strcmp(base, "..") == 0)
		return err_set(err, EXIT_USAGE, "\"%s\" is no file name: use --db=FILE", path);
	if (!realpath(dir, real))
		return err_set(err, EXIT_USAGE,
		        "%s: the folder %s cannot be used (%s): create it with mkdir -p, or use --db=OTHER", path, dir,
		        strerror(errno));
	if (snprintf(out, STORE_PATH_MOST, "%s/%s", strcmp(real, "/") ? real : "", base) >= STORE_PATH_MOST - 16)
		return err_set(err, EXIT_USAGE, "%s: the path is too long: use --db=OTHER", path);
	return true;
}

sqlite3 *store_db_open(const char *place, const char *path, bool write, struct err *err)
{
	/* No mutexes: a handle belongs to one thread, and they cost a fifth of the time of reading a run. */
	int flags = (write ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY) | SQLITE_OPEN_NOFOLLOW |
	            SQLITE_OPEN_EXRESCODE | SQLITE_OPEN_NOMUTEX;
	sqlite3 *db = NULL;
	if (sqlite3_open_v2(place, &db, flags, NULL) != SQLITE_OK) {
		store_db_fail(db, path, err);
		sqlite3_close(db);
		return NULL;
	}
	sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_busy_timeout(db, 2000);
	if (!store_db_exec(db, path, "PRAGMA cell_size_check = ON; PRAGMA foreign_keys = OFF", err)) {
		sqlite3_close(db);
		return NULL;
	}
	return db;
}

static bool fail_full(sqlite3 *db, const char *path, struct err *err)
{
	return err_set(err, EXIT_STORE,
	        "%s: no room to write (%s); what was committed before is safe. Make room (df, quota, ulimit -f) or use "
	        "--db=OTHER on another disk",
	        path, sqlite3_errmsg(db));
}

bool store_db_fail(sqlite3 *db, const char *path, struct err *err)
{
	int code = db ? sqlite3_extended_errcode(db) : SQLITE_NOMEM;
	const char *text = db ? sqlite3_errmsg(db) : "out of memory";
	switch (code & 0xff) {
	case SQLITE_FULL:
		return fail_full(db, path, err);
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return err_set(err, EXIT_STORE,
		        "%s is damaged (%s); it was left as it is. Keep it and go on with --db=OTHER; "
		        "sqlite3 %s .recover shows what can be saved",
		        path, text, path);
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return err_set(err, EXIT_STORE,
		        "%s is locked by another program: end it (fuser -v %s shows which), or use --db=OTHER", path,
		        path);
	case SQLITE_READONLY:
	case SQLITE_CANTOPEN:
	case SQLITE_PERM:
	case SQLITE_AUTH:
		return err_set(err, EXIT_STORE,
		        "%s cannot be opened (%s): check its rights and its folder's, or use --db=OTHER", path, text);
	case SQLITE_IOERR: {
		int saved = sqlite3_system_errno(db);
		return err_set(err, EXIT_STORE,
		        "%s: reading or writing it failed (%s%s%s, code %d); it is not tried again. Check the disk "
		        "and its limits (df, ulimit -f), and use --db=OTHER on another",
		        path, text, saved ? ", " : "", saved ? strerror(saved) : "", code);
	}
	default:
		return err_set(err, EXIT_STORE, "%s: %s (SQLite code %d): use --db=OTHER", path, text, code);
	}
}

bool store_db_exec(sqlite3 *db, const char *path, const char *sql, struct err *err)
{
	return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK || store_db_fail(db, path, err);
}

sqlite3_stmt *store_db_prepare(sqlite3 *db, const char *path, const char *sql, struct err *err)
{
	sqlite3_stmt *s = NULL;
	if (sqlite3_prepare_v2(db, sql, -1, &s, NULL) != SQLITE_OK)
		store_db_fail(db, path, err);
	return s;
}

bool store_db_int(sqlite3 *db, const char *path, const char *sql, int64_t fallback, int64_t *value, struct err *err)
{
	sqlite3_stmt *s = store_db_prepare(db, path, sql, err);
	if (!s)
		return false;
	int rc = sqlite3_step(s);
	*value = rc == SQLITE_ROW && sqlite3_column_type(s, 0) != SQLITE_NULL ? sqlite3_column_int64(s, 0) : fallback;
	bool ok = rc == SQLITE_ROW || rc == SQLITE_DONE;
	if (!ok)
		store_db_fail(db, path, err);
	sqlite3_finalize(s);
	return ok;
}

static void bind_list(sqlite3_stmt *s, const char *format, va_list ap)
{
	for (int i = 1; format[i - 1]; i++) {
		switch (format[i - 1]) {
		case 'i':
			sqlite3_bind_int64(s, i, va_arg(ap, int64_t));
			break;
		case 'n': {
			int64_t v = va_arg(ap, int64_t);
			if (v == INT64_MIN)
				sqlite3_bind_null(s, i);
			else
				sqlite3_bind_int64(s, i, v);
			break;
		}
		case 'b': {
			const struct buf *b = va_arg(ap, const struct buf *);
			if (b->len)
				sqlite3_bind_blob64(s, i, b->data, b->len, SQLITE_STATIC);
			else
				sqlite3_bind_null(s, i);
			break;
		}
		case 's': /* lives until the statement has run */
			sqlite3_bind_text(s, i, va_arg(ap, const char *), -1, SQLITE_STATIC);
			break;
		default:
			sqlite3_bind_double(s, i, va_arg(ap, double));
		}
	}
}

void store_bind(sqlite3_stmt *s, const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	bind_list(s, format, ap);
	va_end(ap);
}

bool store_run_statement(sqlite3 *db, const char *path, sqlite3_stmt *s, struct err *err)
{
	int rc;
	while ((rc = sqlite3_step(s)) == SQLITE_ROW)
		;
	if (rc != SQLITE_DONE)
		store_db_fail(db, path, err);
	sqlite3_reset(s);
	return rc == SQLITE_DONE;
}

bool store_db_do(sqlite3 *db, const char *path, struct err *err, const char *sql, const char *format, ...)
{
	sqlite3_stmt *s = store_db_prepare(db, path, sql, err);
	if (!s)
		return false;
	va_list ap;
	va_start(ap, format);
	bind_list(s, format, ap);
	va_end(ap);
	bool ok = store_run_statement(db, path, s, err);
	sqlite3_finalize(s);
	return ok;
}
