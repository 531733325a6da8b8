/* arms_faults: planted faults and results of an experiment with arms, from a results file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "reports/arms_faults.h"
#include "reports/store_private.h"

static char folder[64], path[96];
static struct err err;

static void run_row(sqlite3 *db, int id, const char *engine, int arm, int block, int workers)
{
	char sql[1024];

	snprintf(sql, sizeof sql,
	        "INSERT INTO run (id, experiment, workload, role, engine, sessions, lanes, workers, seed, "
	        "started_unix_us, argv, note, client, options, data_sha256, state, reason, pinned, pruned, tickets, "
	        "done, failed, unknown, not_run, attempts, attempts_done, attempts_failed, attempts_unknown, arm, "
	        "block, "
	        "block_order) VALUES (%d, 1, 1, 'arm', '%s', 4, 4, %d, '1', 1, '', '', '', '', '', 'finished', '', 0, "
	        "0, 4, 4, 0, 0, 0, 4, 4, 0, 0, %d, %d, %d)",
	        id, engine, workers, arm, block, arm);
	if (!store_db_exec(db, path, sql, &err))
		fail_msg("%s", err.text);
}

static int begin(void **state)
{
	int interrupted;

	(void)state;
	snprintf(folder, sizeof folder, "/tmp/pgp-faults-XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/r.db", folder);
	struct store *store = store_open(path, &interrupted, &err);
	assert_non_null(store);
	assert_true(store_db_exec(store->db, path,
	        "INSERT INTO experiment (id, kind, created_unix_us) VALUES (1, 'compare', 1);"
	        "INSERT INTO workload VALUES (1, 'w', '00', 'w.sql', '');"
	        "INSERT INTO task VALUES (1, 0, 'one', 1, '', 1, 0, NULL, 1, 0, 0, NULL),"
	        "(1, 1, 'two', 2, '', 1, 0, NULL, 1, 0, 0, NULL);"
	        "INSERT INTO arm (experiment, arm, label, reference, engine, sessions, lanes, setting) VALUES "
	        "(1, 0, 'process', 1, 'process', 4, 4, ''), (1, 1, 'async', 0, 'async', 4, 1, '')",
	        &err));
	for (int block = 0; block < 3; block++) {
		run_row(store->db, 10 + 2 * block, "process", 0, block, 4);
		run_row(store->db, 11 + 2 * block, "async", 1, block, 1);
	}
	assert_true(store_db_exec(store->db, path,
	        "INSERT INTO chaos SELECT id, 0, 'kill', '50%', 1, 1, iif(arm, 4, 1), 100, 0, iif(arm, 3 + block, 1), "
	        "iif(arm, 3 + block, 1), iif(arm, 0, 3), 9, 9, iif(arm, NULL, 1000), iif(arm, NULL, 1000 + block), 5, "
	        "5, "
	        "iif(arm AND block = 2, NULL, 20000 + block) FROM run;"
	        "INSERT INTO chaos SELECT id, 1, 'cut', '2s', 1, 0, 0, NULL, 0, 0, 0, 0, 0, 0, NULL, NULL, NULL, NULL, "
	        "NULL "
	        "FROM run;"
	        "INSERT INTO task_result SELECT id, 0, 1, 5, 'aa', 1 FROM run;"
	        "INSERT INTO task_result SELECT id, 1, 1, iif(arm, 3, 4), iif(arm, 'bb', 'cc'), 1 FROM run WHERE id < "
	        "15",
	        &err));
	assert_true(store_close(store, &err));
	return 0;
}

static int end(void **state)
{
	(void)state;
	unlink(path);
	char lock[128];
	snprintf(lock, sizeof lock, "%s.lock", path);
	unlink(lock);
	return rmdir(folder);
}

static void test_faults(void **state)
{
	struct query *q = query_open(path, &err);
	struct faults_of_arms f;

	(void)state;
	assert_non_null(q);
	if (!query_faults(q, 1, &f, &err))
		fail_msg("%s", err.text);
	assert_int_equal(f.count, 2); /* the fault that never struck has no row */
	assert_string_equal(f.list[0].label, "process");
	assert_string_equal(f.list[1].label, "async");
	for (size_t i = 0; i < 2; i++) {
		const struct fault_of_arm *row = &f.list[i];

		assert_string_equal(row->action, "kill");
		assert_string_equal(row->at, "50%");
		assert_int_equal(row->runs, 3);
		assert_true(fabs(row->workers - 1) < 1e-9);
		assert_true(fabs(row->of_workers - (i ? 1 : 4)) < 1e-9);
		assert_true(fabs(row->sessions - (i ? 4 : 1)) < 1e-9);
		assert_true(fabs(row->failed - (i ? 4 : 1)) < 1e-9); /* the median of 3, 4, 5 */
		assert_true(i ? isnan(row->before_us) : fabs(row->before_us - 1000) < 1e-9);
		assert_true(i ? isnan(row->after_us) : fabs(row->after_us - 1001) < 1e-9);
		assert_true(fabs(row->full_us - (i ? 20000.5 : 20001)) < 1e-9);
	}
	faults_free(&f);
	assert_true(query_faults(q, 99, &f, &err));
	assert_int_equal(f.count, 0);
	query_close(q);
}

static void test_table(void **state)
{
	struct query *q = query_open(path, &err);
	struct faults_of_arms f;
	struct buf out = {0};

	(void)state;
	assert_true(query_faults(q, 1, &f, &err));
	faults_text(&f, &out);
	assert_non_null(strstr(buf_str(&out),
	        " planted fault: kill at 50%\n"
	        " arm          workers sessions unknown failed again   before    after back after\n"
	        " process       1 of 4   1 of 4       0      1     1  1.00 ms  1.00 ms      20 ms\n"
	        " async         1 of 1   4 of 4       0      4     4        -        -      20 ms\n"));
	for (const char *line = buf_str(&out); *line; line += strcspn(line, "\n") + 1)
		assert_true(strcspn(line, "\n") <= 80);
	buf_clear(&out);
	faults_markdown(&f, &out);
	assert_non_null(strstr(buf_str(&out), "| kill at 50% | process | 1 of 4 | 1 of 4 |"));
	buf_clear(&out);
	faults_html(&f, &out);
	assert_non_null(strstr(buf_str(&out), "<td>kill at 50%</td><td>async</td>"));
	buf_free(&out);
	faults_free(&f);
	query_close(q);
}

struct told {
	int n;
	char text[2][700];
};

static void tell(void *context, const char *task, const char *text)
{
	struct told *told = context;

	assert_string_equal(task, "two");
	assert_true(told->n < 2);
	snprintf(told->text[told->n++], sizeof told->text[0], "%s", text);
}

/* Each arm's difference is told once, however many of its runs have it. */
static void test_verify(void **state)
{
	struct query *q = query_open(path, &err);
	struct verify_count n;
	struct told told = {0};

	(void)state;
	if (!query_verify(q, 1, tell, &told, &n, &err))
		fail_msg("%s", err.text);
	assert_int_equal(n.same, 5 + 2); /* task one of five runs, task two of the reference's other two */
	assert_int_equal(n.different, 2);
	assert_int_equal(n.left_out, 1); /* run 15 has no result of it */
	assert_int_equal(told.n, 1);
	assert_string_equal(told.text[0], "task two gave 4 rows in run 10 (process) and 3 in run 11 (async)");
	query_close(q);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(test_faults, begin, end),
	        cmocka_unit_test_setup_teardown(test_table, begin, end),
	        cmocka_unit_test_setup_teardown(test_verify, begin, end)};

	return cmocka_run_group_tests_name("faults", tests, NULL, NULL);
}
