/*
 * test_store_schema: every table, view and column of the results file is documented; its views say what its tables
 * hold; its version is brought up to date.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "reports/store_private.h"
#include "tests/unit/sample_store.h"

static struct sample_store sample;
static struct store *store;
static struct err err;

static int begin(void **state)
{
	(void)state;
	int interrupted;
	sample_begin(&sample, 5, 2);
	store = store_open(sample.path, &interrupted, &err);
	return store ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	store_close(store, &err);
	store = NULL;
	sample_end(&sample);
	return 0;
}

static int64_t number(const char *sql)
{
	int64_t value;
	if (!store_db_int(store->db, sample.path, sql, -1, &value, &err))
		fail_msg("%s: %s", sql, err.text);
	return value;
}

/* The comment behind a column's line in the text the table or view was created with. */
static bool documented(const char *sql, const char *view, const char *column)
{
	char want[128];
	for (const char *line = sql; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
		const char *end = strchr(line, '\n'), *comment = strstr(line, " -- ");
		if (!comment || (end && comment > end) || comment[4] == '\n')
			continue;
		snprintf(want, sizeof want, view ? " AS %s" : "\t%s ", column);
		const char *at = view ? strstr(line, want) : strncmp(line, want, strlen(want)) == 0 ? line : NULL;
		if (at && at < comment && (!view || strchr(" ,", at[strlen(want)])))
			return true;
	}
	return false;
}

static void every_table_view_and_column_is_documented(void **state)
{
	(void)state;
	int objects = 0, missing = 0;
	sqlite3_stmt *s = store_db_prepare(store->db, sample.path,
	        "SELECT o.type, o.name, o.sql, c.name FROM sqlite_schema o, pragma_table_info(o.name) c WHERE o.type "
	        "IN "
	        "('table', 'view') AND o.name NOT LIKE 'sqlite%'",
	        &err);
	assert_non_null(s);
	while (sqlite3_step(s) == SQLITE_ROW) {
		const char *type = (const char *)sqlite3_column_text(s, 0),
		           *name = (const char *)sqlite3_column_text(s, 1);
		const char *sql = (const char *)sqlite3_column_text(s, 2),
		           *column = (const char *)sqlite3_column_text(s, 3);
		const char *first_line = strstr(sql, " -- ");
		objects++;
		if (!first_line || first_line > strchr(sql, '\n') ||
		        !documented(sql, strcmp(type, "view") == 0 ? name : NULL, column)) {
			print_error("%s.%s has no comment in reports/schema.sql\n", name, column);
			missing++;
		}
	}
	sqlite3_finalize(s);
	assert_int_equal(missing, 0);
	assert_true(objects > 250);
}

/* How often the schema's text begins a line with it. */
static int written(const char *words)
{
	int n = 0;
	for (const char *at = store_schema(); (at = strstr(at, words)) != NULL; at++)
		n += at == store_schema() || at[-1] == '\n';
	return n;
}

static void every_table_is_strict(void **state)
{
	(void)state;
	assert_int_equal(
	        number("SELECT count(*) FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND NOT "
	               "strict AND name NOT LIKE 'sqlite%'"),
	        0);
	assert_int_equal(
	        number("SELECT count(*) FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND strict"),
	        written("CREATE TABLE "));
}

static void identity_is_in_the_header(void **state)
{
	(void)state;
	assert_int_equal(number("PRAGMA application_id"), STORE_APPLICATION_ID);
	assert_int_equal(number("PRAGMA user_version"), STORE_VERSION);
}

static int64_t sample_with_a_run(void)
{
	struct run_begin b = sample_run_begin(&sample);
	int64_t run = sample_run(&sample, store, &b, 5, &err);
	assert_true(run);
	return run;
}

static void every_view_can_be_read(void **state)
{
	(void)state;
	sample_with_a_run();
	sqlite3_stmt *s = store_db_prepare(
	        store->db, sample.path, "SELECT name FROM sqlite_schema WHERE type = 'view' ORDER BY name", &err);
	int views = 0;
	while (sqlite3_step(s) == SQLITE_ROW) {
		char sql[128];
		snprintf(sql, sizeof sql, "SELECT count(*) FROM %s", (const char *)sqlite3_column_text(s, 0));
		number(sql);
		views++;
	}
	sqlite3_finalize(s);
	assert_int_equal(views, written("CREATE VIEW "));
	assert_int_equal(number("SELECT count(*) FROM v_attempt WHERE run = 1 AND outcome = 'done'"), 10);
	assert_int_equal(number("SELECT count(*) FROM v_ticket WHERE run = 1 AND state = 'done'"), 10);
	assert_int_equal(number("SELECT count(*) FROM v_task WHERE after_task = 's0'"), 1);
	assert_int_equal(number("SELECT length(started) FROM v_run"), 27);
	assert_int_equal(number("SELECT makespan_us FROM v_run"), 50000);
}

static void the_attempt_view_agrees_with_the_read_model(void **state)
{
	(void)state;
	struct run_view v;
	int64_t run = sample_with_a_run();
	struct query *q = query_open(sample.path, &err);
	assert_true(query_run(q, run, &v, &err));
	sqlite3_stmt *s = store_db_prepare(store->db, sample.path,
	        "SELECT taken_us, released_us, sent_us, first_us, done_us, before_sent_us, before_received_us, "
	        "server_start_unix_us, after_sent_us, after_received_us, server_end_unix_us, queue_us, execute_us, "
	        "fetch_us, "
	        "backend_pid FROM v_attempt WHERE run = 1 ORDER BY session, taken_us",
	        &err);
	for (size_t i = 0; i < v.nattempts; i++) {
		const struct attempt_view *a = &v.attempts[i];
		const int64_t want[] = {a->taken_us, a->released_us, a->sent_us, a->first_us, a->done_us,
		        a->before_sent_us, a->before_received_us, a->before_server_us, a->after_sent_us,
		        a->after_received_us, a->after_server_us, a->sent_us - a->taken_us, a->first_us - a->sent_us,
		        a->done_us - a->first_us, a->backend_pid};
		assert_int_equal(sqlite3_step(s), SQLITE_ROW);
		for (int c = 0; c < 15; c++)
			assert_int_equal(sqlite3_column_int64(s, c), want[c]);
	}
	assert_int_equal(sqlite3_step(s), SQLITE_DONE);
	sqlite3_finalize(s);
	run_view_free(&v);
	query_close(q);
}

static void put_interval(int64_t run, uint32_t ticket, int32_t pid, int64_t from_ms, int64_t to_ms)
{
	struct attempt a = sample_attempt(ticket, 10, from_ms);
	a.backend_pid = pid;
	a.before.server_us = SAMPLE_STARTED + from_ms * 1000;
	a.after.server_us = SAMPLE_STARTED + to_ms * 1000;
	assert_true(store_attempt(store, run, SAMPLE_ORIGIN, &sample.plan, &a, &err));
}

static void the_overlap_view_counts_backends(void **state)
{
	(void)state;
	struct run_begin b = sample_run_begin(&sample);
	int64_t run = store_run_begin(store, &sample.plan, &b, &err);
	put_interval(run, 0, 1, 0, 100);
	put_interval(run, 1, 2, 50, 150);
	put_interval(run, 2, 3, 100, 120); /* begins when the first ends: at most two at once */
	put_interval(run, 3, 1, 60, 110); /* the same backend: counts as one with ticket 0 */
	put_interval(run, 4, 5, 500, 600);
	assert_true(store_commit(store, &err));
	assert_int_equal(number("SELECT max(active) FROM v_overlap WHERE run = 1"), 3);
	assert_int_equal(number("SELECT max(active) FROM v_overlap WHERE run = 1 AND at_unix_us >= "
	                        "(SELECT max(started_unix_us) + 120000 FROM run)"),
	        1);
	assert_int_equal(number("SELECT active FROM v_overlap WHERE run = 1 ORDER BY at_unix_us DESC LIMIT 1"), 0);
}

static void a_step_brings_an_older_file_up_to_date(void **state)
{
	(void)state;
	/* A file of "version 0" and a step from it: no such version was ever written, the steps of later ones work so.
	 */
	static const struct migration steps[] = {{0, "ALTER TABLE event ADD COLUMN extra TEXT"},
	        {1, "UPDATE event SET extra = kind || '!'; CREATE TABLE later (id INTEGER PRIMARY KEY) STRICT"}};
	char copy[128];
	struct stat st;
	int64_t run = sample_with_a_run();
	assert_true(store_event(store, run, 1, "old", "row", &err) && store_commit(store, &err));
	assert_true(store_db_exec(store->db, sample.path, "PRAGMA user_version = 0", &err));
	assert_true(store_migrate(store->db, sample.path, sample.path, steps, 2, 2, &err));
	assert_int_equal(number("PRAGMA user_version"), 2);
	assert_int_equal(number("SELECT extra = 'old!' FROM event"), 1);
	snprintf(copy, sizeof copy, "%s.v0.bak", sample.path);
	assert_int_equal(stat(copy, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	sqlite3 *db = store_db_open(copy, copy, false, &err);
	int64_t value;
	assert_true(store_db_int(db, copy, "PRAGMA user_version", -1, &value, &err) && value == 0);
	assert_true(store_db_int(db, copy, "SELECT count(*) FROM attempt", -1, &value, &err) && value == 10);
	sqlite3_close(db);
}

static void a_failing_step_changes_nothing(void **state)
{
	(void)state;
	static const struct migration steps[] = {{0, "CREATE TABLE half (x) STRICT; SELECT no_such_function()"},
	        {0, "DROP TABLE event"}, {0, "INSERT INTO nonsense VALUES (1)"}};
	assert_true(store_db_exec(store->db, sample.path, "PRAGMA user_version = 0", &err));
	assert_false(store_migrate(store->db, sample.path, sample.path, steps + 1, 2, 1, &err));
	assert_int_equal(err.code, EXIT_STORE);
	assert_int_equal(number("PRAGMA user_version"), 0);
	assert_int_equal(number("SELECT count(*) FROM sqlite_schema WHERE name = 'event'"), 1);
}

static void a_version_nobody_wrote_is_refused(void **state)
{
	(void)state;
	int interrupted;
	assert_true(store_db_exec(store->db, sample.path, "PRAGMA user_version = 0", &err));
	assert_true(store_close(store, &err));
	store = store_open(sample.path, &interrupted, &err);
	assert_null(store);
	assert_int_equal(err.code, EXIT_STORE);
	assert_non_null(strstr(err.text, "version 0"));
}

/* The store of version 1 that stays as it is for ever: every later program must open it. */
static void the_first_versions_file_opens(void **state)
{
	(void)state;
	struct run_view v;
	int interrupted;
	struct buf sql = {0};
	char line[4096], path[128];
	FILE *f = fopen("tests/unit/fixtures/store-v1.sql", "r");
	assert_non_null(f);
	for (size_t n; (n = fread(line, 1, sizeof line, f)) > 0;)
		buf_append(&sql, line, n);
	fclose(f);
	snprintf(path, sizeof path, "%s/v1.db", sample.dir);
	fclose(fopen(path, "w"));
	sqlite3 *db;
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	if (!store_db_exec(db, path, buf_str(&sql), &err))
		fail_msg("%s", err.text);
	sqlite3_close(db);
	buf_free(&sql);
	struct store *old = store_open(path, &interrupted, &err);
	if (!old)
		fail_msg("%s", err.text);
	assert_true(store_close(old, &err));
	struct query *q = query_open(path, &err);
	assert_true(query_run(q, 0, &v, &err));
	assert_string_equal(v.workload, "five-sleeps");
	assert_int_equal(v.nattempts, 10);
	assert_int_equal(v.attempts[9].done_us, 57030);
	assert_int_equal(v.done, 10);
	assert_null(v.load); /* it has the tables of load runs by now */
	run_view_free(&v);
	query_close(q);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	int64_t differ;
	assert_true(store_db_int(db, path, "PRAGMA user_version", -1, &differ, &err) && differ == STORE_VERSION);
	/* Every table and view has the columns of a new file, in their order: rows are inserted by position. */
	snprintf(line, sizeof line, "ATTACH '%s' AS new", sample.path);
	assert_true(store_db_exec(db, path, line, &err));
	static const char lacking[] =
	        "SELECT count(*) FROM (SELECT m.name, c.cid, c.name, c.type, c.\"notnull\" FROM %s.sqlite_schema m, "
	        "pragma_table_info(m.name, '%s') c EXCEPT SELECT m.name, c.cid, c.name, c.type, c.\"notnull\" FROM "
	        "%s.sqlite_schema m, pragma_table_info(m.name, '%s') c)";
	for (int i = 0; i < 2; i++) {
		const char *one = i ? "main" : "new", *other = i ? "new" : "main";
		snprintf(line, sizeof line, lacking, one, one, other, other);
		assert_true(store_db_int(db, path, line, -1, &differ, &err));
		assert_int_equal(differ, 0);
	}
	assert_true(store_db_int(db, path,
	        "SELECT count(*) FROM new.sqlite_schema n LEFT JOIN main.sqlite_schema o USING (type, name) WHERE "
	        "o.name IS NULL",
	        -1, &differ, &err));
	assert_int_equal(differ, 0);
	sqlite3_close(db);
}

/* For tests/unit/fixtures/make-store-v1: writes the sample run as a new results file. */
static int write_fixture(const char *path)
{
	int interrupted;
	sample_begin(&sample, 5, 2);
	struct store *s = store_open(path, &interrupted, &err);
	struct run_begin b = sample_run_begin(&sample);
	bool ok = s && sample_run(&sample, s, &b, 5, &err) && store_run_fact(s, 1, "cpu", "a CPU", &err) &&
	          store_run_fact(s, 1, "load_before", "0.25", &err) && store_event(s, 1, 5, "note", "made up", &err);
	ok = store_close(s, &err) && ok;
	sample_end(&sample);
	if (!ok)
		fprintf(stderr, "%s\n", err.text);
	return ok ? 0 : 1;
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "--write") == 0)
		return write_fixture(argv[2]);
#define CASE(f) cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = {CASE(every_table_view_and_column_is_documented), CASE(every_table_is_strict),
	        CASE(identity_is_in_the_header), CASE(every_view_can_be_read),
	        CASE(the_attempt_view_agrees_with_the_read_model), CASE(the_overlap_view_counts_backends),
	        CASE(a_step_brings_an_older_file_up_to_date), CASE(a_failing_step_changes_nothing),
	        CASE(a_version_nobody_wrote_is_refused), CASE(the_first_versions_file_opens)};
	return cmocka_run_group_tests_name("store schema", tests, NULL, NULL);
}
