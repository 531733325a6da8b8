/*
 * store_upgrade: brings the tables of an older results file to those of this program: the schema is laid out in memory,
 * and what the file lacks (tables, columns behind the last one, indexes) is added; views are made anew. So a version
 * that only adds needs no statements of its own. Called by store_migrate in its transaction.
 */
#include "reports/store_private.h"

#include <stdio.h>
#include <string.h>

#include "shared/buf.h"

struct upgrade {
	sqlite3 *db, *model;
	const char *path;
	struct err *err;
};

static bool there(const struct upgrade *u, const char *name, bool *yes)
{
	sqlite3_stmt *s = store_db_prepare(
	        u->db, u->path, "SELECT count(*) FROM sqlite_schema WHERE name = ?1 AND type <> 'view'", u->err);
	if (!s)
		return false;
	store_bind(s, "s", name);
	*yes = sqlite3_step(s) == SQLITE_ROW && sqlite3_column_int(s, 0) > 0;
	sqlite3_finalize(s);
	return true;
}

static bool has_column(const struct upgrade *u, const char *table, const char *column, bool *yes)
{
	sqlite3_stmt *s =
	        store_db_prepare(u->db, u->path, "SELECT count(*) FROM pragma_table_info(?1) WHERE name = ?2", u->err);
	if (!s)
		return false;
	store_bind(s, "ss", table, column);
	*yes = sqlite3_step(s) == SQLITE_ROW && sqlite3_column_int(s, 0) > 0;
	sqlite3_finalize(s);
	return true;
}

/* Names come from our own schema. */
static bool add_columns(const struct upgrade *u, const char *table)
{
	sqlite3_stmt *s = store_db_prepare(u->model, u->path,
	        "SELECT name, type, \"notnull\", dflt_value FROM pragma_table_info(?1) ORDER BY cid", u->err);
	bool ok = s != NULL, yes = false;
	if (s)
		store_bind(s, "s", table);
	while (ok && sqlite3_step(s) == SQLITE_ROW) {
		const char *name = (const char *)sqlite3_column_text(s, 0);
		const char *otherwise = (const char *)sqlite3_column_text(s, 3);
		struct buf sql = {0};
		ok = has_column(u, table, name, &yes);
		if (ok && !yes) {
			buf_printf(&sql, "ALTER TABLE %s ADD COLUMN %s %s%s%s%s", table, name,
			        (const char *)sqlite3_column_text(s, 1), sqlite3_column_int(s, 2) ? " NOT NULL" : "",
			        otherwise ? " DEFAULT " : "", otherwise ? otherwise : "");
			ok = store_db_exec(u->db, u->path, buf_str(&sql), u->err);
		}
		buf_free(&sql);
	}
	sqlite3_finalize(s);
	return ok;
}

/* What the schema has, in its order: tables before the indexes and views that need them. */
static bool add_objects(const struct upgrade *u)
{
	sqlite3_stmt *s = store_db_prepare(u->model, u->path,
	        "SELECT type, name, sql FROM sqlite_schema WHERE sql NOTNULL AND name NOT LIKE 'sqlite_%' "
	        "ORDER BY type = 'view', type = 'index', rowid",
	        u->err);
	bool ok = s != NULL, yes = false;
	while (ok && sqlite3_step(s) == SQLITE_ROW) {
		const char *type = (const char *)sqlite3_column_text(s, 0);
		const char *name = (const char *)sqlite3_column_text(s, 1);
		ok = there(u, name, &yes);
		if (ok && !yes)
			ok = store_db_exec(u->db, u->path, (const char *)sqlite3_column_text(s, 2), u->err);
		else if (ok && strcmp(type, "table") == 0)
			ok = add_columns(u, name);
	}
	sqlite3_finalize(s);
	return ok;
}

static bool drop_views(const struct upgrade *u)
{
	struct buf sql = {0};
	sqlite3_stmt *s =
	        store_db_prepare(u->db, u->path, "SELECT name FROM sqlite_schema WHERE type = 'view'", u->err);
	bool ok = s != NULL;
	while (ok && sqlite3_step(s) == SQLITE_ROW)
		buf_printf(&sql, "DROP VIEW \"%s\";", (const char *)sqlite3_column_text(s, 0));
	sqlite3_finalize(s);
	ok = ok && store_db_exec(u->db, u->path, buf_str(&sql), u->err);
	buf_free(&sql);
	return ok;
}

bool store_upgrade(sqlite3 *db, const char *path, const char *schema, struct err *err)
{
	struct upgrade u = {.db = db, .path = path, .err = err};
	if (sqlite3_open_v2(":memory:", &u.model, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL) != SQLITE_OK) {
		store_db_fail(u.model, path, err);
		sqlite3_close(u.model);
		return false;
	}
	bool ok = store_db_exec(u.model, path, schema, err) && drop_views(&u) && add_objects(&u);
	sqlite3_close(u.model);
	return ok;
}
