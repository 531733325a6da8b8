/*
 * test_store_load: what the store keeps of load runs: packing, rows, pruning, spilling, what a dead parent leaves, and
 * files of builds that knew no load runs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "reports/store_load_chunk.h"
#include "reports/store_private.h"
#include "tests/unit/sample_load.h"

static struct sample_store sample;
static struct store *store;
static struct err err;

static int begin(void **state)
{
	(void)state;
	int interrupted;
	sample_begin(&sample, 5, 2);
	sample_load_plan(&sample);
	store = store_open(sample.path, &interrupted, &err);
	return store ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	store_close(store, &err);
	store = NULL;
	sample_load_end(&sample);
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

static int64_t load_run(uint64_t n, size_t nrecords)
{
	struct run_begin b = sample_load_begin(&sample);
	int64_t run = sample_load_run(&sample, store, &b, n, nrecords, &err);
	if (!run)
		fail_msg("%s", err.text);
	return run;
}

static bool same_record(const struct load_record *a, const struct load_record *b, int64_t origin_ns)
{
	return a->end_ns - origin_ns == b->end_ns && a->latency_ns == b->latency_ns && a->lag_ns == b->lag_ns &&
	       a->session == b->session && a->sqlstate == b->sqlstate && a->script == b->script &&
	       a->retries == b->retries && a->outcome == b->outcome;
}

static void packed_and_unpacked(const struct load_record *records, size_t count)
{
	struct buf bytes = {0};
	struct load_record *out = mem_zero(count, sizeof *out);
	load_chunk_pack(records, count, SAMPLE_ORIGIN, &bytes);
	assert_int_equal(load_chunk_unpack(bytes.data, bytes.len, out, count), count);
	for (size_t i = 0; i < count; i++)
		assert_true(same_record(&records[i], &out[i], SAMPLE_ORIGIN));
	if (count > 1)
		assert_true(load_chunk_unpack(bytes.data, bytes.len, out, count - 1) == LOAD_CHUNK_BAD);
	for (size_t len = 0; len < bytes.len && bytes.len < 200; len++)
		assert_true(load_chunk_unpack(bytes.data, len, out, count) != count);
	buf_free(&bytes);
	free(out);
}

static void records_come_back_exactly(void **state)
{
	(void)state;
	struct load_record records[1000];
	sample_records(records, 1000, 3);
	packed_and_unpacked(records, 1000);
	packed_and_unpacked(records, 3);
	packed_and_unpacked(records, 1);
}

static void the_largest_numbers_come_back(void **state)
{
	(void)state;
	const struct load_record records[] = {{.end_ns = INT64_MAX,
	                                              .latency_ns = INT64_MAX,
	                                              .lag_ns = INT64_MAX,
	                                              .session = UINT32_MAX,
	                                              .sqlstate = load_sqlstate_pack("ZZZZZ"),
	                                              .script = UINT16_MAX,
	                                              .retries = UINT16_MAX,
	                                              .outcome = 2},
	        {.end_ns = SAMPLE_ORIGIN - 5, .outcome = 1},
	        {.end_ns = SAMPLE_ORIGIN, .sqlstate = LOAD_NO_SQLSTATE, .outcome = 4, .latency_ns = 1}};
	packed_and_unpacked(records, 3);
}

static void below_zero_becomes_zero(void **state)
{
	(void)state;
	const struct load_record record = {
	        .end_ns = SAMPLE_ORIGIN, .latency_ns = -1, .lag_ns = -7, .outcome = LOAD_DONE};
	struct load_record out;
	struct buf bytes = {0};
	load_chunk_pack(&record, 1, SAMPLE_ORIGIN, &bytes);
	assert_int_equal(load_chunk_unpack(bytes.data, bytes.len, &out, 1), 1);
	assert_int_equal(out.latency_ns, 0);
	assert_int_equal(out.lag_ns, 0);
	buf_free(&bytes);
}

/* The bytes are documented in schema.sql: a record by hand, as a stranger would read it. */
static void the_format_is_as_documented(void **state)
{
	(void)state;
	static const unsigned char want[] = {1, /* version */
	        4 + 16, 200, 1, 0xac, 2, 50,
	        3, /* done, session, lag: 100 after wall zero, 300 long, 50 late, session 3 */
	        1 + 4 + 8 + 32 + 64, 9, 10, 0, 2, 1, 5, '4', '0', '0', '0', '1', /* failed 5 before that */
	        1 + 64, 0, 0, 0}; /* failed, an error of the script itself */
	const struct load_record records[] = {
	        {.end_ns = SAMPLE_ORIGIN + 100, .latency_ns = 300, .lag_ns = 50, .session = 3, .outcome = LOAD_DONE},
	        {.end_ns = SAMPLE_ORIGIN + 95,
	                .latency_ns = 10,
	                .session = 0,
	                .script = 2,
	                .retries = 1,
	                .sqlstate = load_sqlstate_pack("40001"),
	                .outcome = LOAD_FAILED},
	        {.end_ns = SAMPLE_ORIGIN + 95, .script = 2, .sqlstate = LOAD_NO_SQLSTATE, .outcome = LOAD_FAILED}};
	struct buf bytes = {0};
	load_chunk_pack(records, 3, SAMPLE_ORIGIN, &bytes);
	assert_int_equal(bytes.len, sizeof want);
	assert_memory_equal(bytes.data, want, sizeof want);
	buf_free(&bytes);
}

static void what_is_no_chunk_is_refused(void **state)
{
	(void)state;
	static const struct {
		const char *why;
		size_t len;
		unsigned char bytes[16];
	} cases[] = {{"nothing", 0, {0}}, {"no record", 1, {1}}, {"another version", 4, {2, 0, 0, 0}},
	        {"bit 128", 4, {1, 128, 0, 0}}, {"cut in the end", 2, {1, 0}}, {"cut in the latency", 3, {1, 0, 0}},
	        {"cut in a number", 4, {1, 0, 0, 0x80}}, {"a number with idle bytes", 5, {1, 0, 0x80, 0, 0}},
	        {"a number of 65 bits", 13, {1, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0}},
	        {"a latency below zero", 13, {1, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1}},
	        {"the same session told", 5, {1, 4, 0, 0, 0}}, {"the same script told", 5, {1, 8, 0, 0, 0}},
	        {"a script beyond 16 bits", 7, {1, 8, 0, 0, 0x80, 0x80, 4}}, {"no lag told", 5, {1, 16, 0, 0, 0}},
	        {"no retries told", 5, {1, 32, 0, 0, 0}},
	        {"an error of three letters", 8, {1, 64, 0, 0, 3, 'A', 'B', 'C'}},
	        {"an error cut off", 8, {1, 64, 0, 0, 5, 'A', 'B', 'C'}},
	        {"an error in small letters", 10, {1, 64, 0, 0, 5, 'a', 'b', 'c', 'd', 'e'}},
	        {"a byte left over", 5, {1, 0, 0, 0, 0}}};
	static const unsigned char good[] = {1, 0, 0, 0};
	struct load_record out[8];
	assert_int_equal(load_chunk_unpack(good, sizeof good, out, 8), 1);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		size_t n = load_chunk_unpack(cases[i].bytes, cases[i].len, out, 8);
		if (n != LOAD_CHUNK_BAD)
			fail_msg("%s: %zu records", cases[i].why, n);
	}
}

static double seconds(int64_t from_ns)
{
	return (double)(clock_now_ns() - from_ns) / 1e9;
}

static bool count_record(void *context, const struct load_record *record)
{
	const struct load_record **next = context;
	assert_true(same_record((*next)++, record, SAMPLE_ORIGIN));
	return true;
}

static void a_hundred_thousand_records_are_small_and_quick(void **state)
{
	(void)state;
	const size_t n = 100000;
	struct load_record *records = mem_alloc(n * sizeof *records);
	const struct load_record *next = records;
	struct buf bytes = {0};
	sample_records(records, n, 7);
	int64_t began = clock_now_ns();
	for (size_t at = 0; at < n; at += LOAD_CHUNK_MOST)
		load_chunk_pack(records + at, LOAD_CHUNK_MOST, SAMPLE_ORIGIN, &bytes);
	double packing = seconds(began);
	began = clock_now_ns();
	int64_t run = load_run(1000, n);
	double writing = seconds(began);
	assert_true(store_close(store, &err));
	began = clock_now_ns();
	struct query *q = query_open(sample.path, &err);
	assert_true(query_load_records(q, run, count_record, &next, &err));
	double reading = seconds(began);
	assert_int_equal(next - records, n);
	query_close(q);
	int interrupted;
	store = store_open(sample.path, &interrupted, &err);
	int64_t size = number("PRAGMA page_count") * number("PRAGMA page_size");
	print_message("100,000 records: %.1f bytes each, the file %.1f; packed in %.4f s, written in %.3f s, read in "
	              "%.3f s\n",
	        (double)bytes.len / (double)n, (double)size / (double)n, packing, writing, reading);
	assert_true(bytes.len <= 20 * n);
	assert_true(size <= (int64_t)(20 * n));
	assert_true(packing < 5);
	buf_free(&bytes);
	free(records);
}

static void totals_stand_in_plain_columns(void **state)
{
	(void)state;
	load_run(1000, 10);
	struct sample_totals *t = sample_totals(1000);
	assert_int_equal(number("SELECT tickets FROM run"), 1100 + 7 + 4 + 2);
	assert_int_equal(number("SELECT done FROM run"), 1100);
	assert_int_equal(number("SELECT not_run FROM run"), 4);
	assert_int_equal(number("SELECT done FROM load"), 1100);
	assert_int_equal(number("SELECT scale FROM load"), 50);
	assert_int_equal(number("SELECT service_max_us FROM load_script WHERE script = 0"),
	        (hist_max(&t->service[0]) + 500) / 1000);
	assert_int_equal(number("SELECT service_p99_us FROM load_script WHERE script = 0"),
	        (hist_percentile(&t->service[0], 99) + 500) / 1000);
	assert_int_equal(number("SELECT service_p999_us IS NULL FROM load_script WHERE script = 0"), 1);
	assert_int_equal(
	        number("SELECT service_p90_us > 0 AND service_p95_us IS NULL FROM load_script WHERE script = 1"), 1);
	assert_int_equal(
	        number("SELECT time_mean_us IS NULL AND time IS NULL AND done = 0 FROM load_command WHERE command = 0"),
	        1);
	assert_int_equal(number("SELECT done FROM load_command WHERE command = 1"), 1000);
	assert_int_equal(number("SELECT retried FROM load_error WHERE sqlstate = '40001'"), 6);
	assert_int_equal(number("SELECT count(*) FROM v_load_second WHERE measured = 1 AND tps > 1000"), 9);
	assert_int_equal(number("SELECT p50_us IS NULL AND mean_us IS NULL FROM load_second WHERE sessions = 0"), 1);
	assert_int_equal(number("SELECT tps = 110.0 AND active_sessions = 4.0 AND connect_us = 5432 FROM v_load"), 1);
	assert_int_equal(number("SELECT count(*) FROM v_load_command WHERE script = 'pay.sql'"), 1);
	assert_int_equal(number("SELECT unknown FROM v_load_error WHERE script = 'pay.sql' AND sqlstate = '57P01'"), 1);
	assert_int_equal(number("SELECT sum(done) FROM v_load_script WHERE tps > 9"), 1100);
	free(t);
}

/* 10,000 values for p99.9, 20 for the median: fewer are not named. */
static void percentiles_need_enough_values(void **state)
{
	(void)state;
	load_run(10000, 0);
	assert_int_equal(number("SELECT service_p999_us > 5000 FROM load_script WHERE script = 0"), 1);
	struct load_second few = sample_second(1);
	few.done = 19;
	assert_true(store_load_second(store, 1, &few, &err) && store_commit(store, &err));
	assert_int_equal(number("SELECT mean_us = 700 AND max_us = 6100 AND p50_us IS NULL AND schedule_p50_us IS NULL "
	                        "FROM load_second WHERE done = 19"),
	        1);
	few.done = 999;
	few.schedule_max_us = few.schedule_mean_us = 0; /* no -R */
	assert_true(store_load_second(store, 1, &few, &err) && store_commit(store, &err));
	assert_int_equal(number("SELECT p95_us = 1150 AND p99_us IS NULL AND schedule_mean_us IS NULL FROM load_second "
	                        "WHERE done = 999"),
	        1);
}

static void totals_are_written_over(void **state)
{
	(void)state;
	struct run_begin b = sample_load_begin(&sample);
	int64_t run = store_run_begin(store, &sample.plan, &b, &err);
	for (uint64_t n = 10; n <= 1000; n *= 10) {
		struct sample_totals *t = sample_totals(n);
		assert_true(store_load_total(store, run, &sample.plan, &t->total, &err));
		assert_true(store_load_total(store, run, &sample.plan, &t->total, &err)); /* one waits already */
		assert_int_equal(store->queue.count, 1);
		assert_true(store_commit(store, &err));
		assert_int_equal(number("SELECT sum(done) FROM load_script"), n + n / 10);
		free(t);
	}
	assert_int_equal(number("SELECT count(*) FROM load_error"), 3);
}

static void no_sql_text_keeps_no_command(void **state)
{
	(void)state;
	struct run_begin b = sample_load_begin(&sample);
	b.keep_sql = false;
	assert_true(store_run_begin(store, &sample.plan, &b, &err));
	assert_int_equal(number("SELECT count(*) FROM load_command WHERE text IS NULL"), 3);
	assert_int_equal(number("SELECT count(*) FROM workload WHERE text IS NULL"), 1);
}

static void a_dead_parent_leaves_the_last_totals(void **state)
{
	(void)state;
	struct run_begin b = sample_load_begin(&sample);
	struct sample_totals *t = sample_totals(100);
	struct run_view v;
	struct run_line *lines;
	size_t count;
	int interrupted;
	int64_t run = store_run_begin(store, &sample.plan, &b, &err);
	assert_true(store_load_total(store, run, &sample.plan, &t->total, &err) && store_commit(store, &err));
	free(t);
	struct query *q = query_open(sample.path, &err); /* while it runs */
	assert_true(query_run(q, run, &v, &err));
	assert_int_equal(v.state, RUN_RUNNING);
	assert_int_equal(v.done, 110);
	run_view_free(&v);
	assert_true(query_list(q, 0, &lines, &count, &err));
	assert_int_equal(lines[0].done, 110);
	assert_int_equal(lines[0].ntickets, 110 + 7 + 4 + 2);
	free(lines);
	query_close(q);
	assert_true(store_close(store, &err)); /* no end was ever written */
	store = store_open(sample.path, &interrupted, &err);
	assert_int_equal(interrupted, 1);
	assert_int_equal(number("SELECT state = 'interrupted' AND done = 110 AND failed = 7 AND unknown = 2 AND "
	                        "not_run = 4 AND tickets = 123 FROM run"),
	        1);
}

static void old_records_and_seconds_go_and_histograms_stay(void **state)
{
	(void)state;
	uint32_t rows, runs;
	struct run_view v;
	int64_t run = load_run(1000, 2500);
	assert_true(store_prune(store, SAMPLE_STARTED + 1000, 10, 0, &rows, &runs, &err));
	assert_int_equal(rows, 2500);
	assert_int_equal(number("SELECT count(*) FROM load_chunk"), 0);
	assert_int_equal(number("SELECT count(*) FROM load_second"), 0);
	struct query *q = query_open(sample.path, &err);
	assert_true(query_run(q, run, &v, &err));
	assert_true(v.pruned);
	assert_int_equal(v.load->service->count, 1100);
	assert_int_equal(v.load->nrecords, 0);
	run_view_free(&v);
	query_close(q);
	assert_true(store_prune(store, SAMPLE_STARTED + 1000, 0, 10, &rows, &runs, &err));
	assert_int_equal(runs, 1);
	assert_int_equal(number("SELECT (SELECT count(*) FROM load) + (SELECT count(*) FROM load_script) + (SELECT "
	                        "count(*) FROM load_command) + (SELECT count(*) FROM load_error)"),
	        0);
}

/* Lines of a type in the spill. */
static size_t lines_of(const char *path, const char *type)
{
	char want[64], line[8192];
	size_t n = 0;
	FILE *f = fopen(path, "r");
	assert_non_null(f);
	snprintf(want, sizeof want, "{\"type\":\"%s\"", type);
	while (fgets(line, sizeof line, f)) {
		assert_int_equal(line[strlen(line) - 2], '}');
		n += strncmp(line, want, strlen(want)) == 0;
	}
	fclose(f);
	return n;
}

static void what_cannot_be_stored_is_spilled(void **state)
{
	(void)state;
	struct run_begin b = sample_load_begin(&sample);
	struct sample_totals *t = sample_totals(100);
	struct load_record records[1000];
	struct load_second second = sample_second(1);
	char path[512];
	size_t chunks = 0, kept = 0;
	int64_t run = store_run_begin(store, &sample.plan, &b, &err);
	assert_true(store_db_exec(store->db, sample.path, "PRAGMA max_page_count = 130", &err));
	sample_records(records, 1000, 5);
	do {
		assert_true(store_load_chunk(store, run, SAMPLE_ORIGIN, records, 1000, &err));
		assert_true(++chunks < 1000);
	} while (store_commit(store, &err) && (kept = chunks));
	assert_false(store_load_chunk(store, run, SAMPLE_ORIGIN, records, 10, &err));
	assert_false(store_load_second(store, run, &second, &err));
	for (int i = 0; i < 5; i++)
		assert_false(store_load_total(store, run, &sample.plan, &t->total, &err));
	assert_true(store_spill(store, run, sample.dir, path, sizeof path, &err));
	assert_int_equal(lines_of(path, "load_record"), 1000 * (chunks - kept) + 10);
	assert_int_equal(lines_of(path, "load_second"), 1);
	assert_int_equal(lines_of(path, "load_total"), 1);
	assert_int_equal(lines_of(path, "load_script"), SAMPLE_SCRIPTS);
	assert_int_equal(lines_of(path, "load_command"), SAMPLE_COMMANDS);
	assert_int_equal(lines_of(path, "load_error"), 3);
	free(t);
}

/* A run of hours on a full disk must not eat the memory: beyond a limit records are counted and not kept. */
static void spilled_records_have_a_limit(void **state)
{
	(void)state;
	struct run_begin b = sample_load_begin(&sample);
	struct load_record records[1000];
	int64_t run = store_run_begin(store, &sample.plan, &b, &err);
	sample_records(records, 1000, 5);
	store->failed = true;
	store->queue.chunk_bytes = STORE_SPILL_MOST - 1;
	assert_false(store_load_chunk(store, run, SAMPLE_ORIGIN, records, 1000, &err));
	assert_int_equal(store->queue.count, 1);
	assert_false(store_load_chunk(store, run, SAMPLE_ORIGIN, records, 1000, &err));
	assert_int_equal(store->queue.count, 1);
	assert_int_equal(store->records_lost, 1000);
}

/* A file that a build made before there were load runs gets their tables when it is opened for writing. */
static void a_file_without_the_tables_gets_them(void **state)
{
	(void)state;
	static const char *const objects[] = {"VIEW v_load", "VIEW v_load_script", "VIEW v_load_command",
	        "VIEW v_load_second", "VIEW v_load_error", "TABLE load", "TABLE load_script", "TABLE load_command",
	        "TABLE load_second", "TABLE load_error", "TABLE load_chunk"};
	struct run_view v;
	struct run_line *lines;
	size_t count;
	int interrupted;
	char sql[64];
	for (size_t i = 0; i < sizeof objects / sizeof *objects; i++) {
		snprintf(sql, sizeof sql, "DROP %s", objects[i]);
		assert_true(store_db_exec(store->db, sample.path, sql, &err));
	}
	assert_true(store_db_exec(store->db, sample.path,
	        "PRAGMA user_version = 1; INSERT INTO experiment (id, kind, created_unix_us) VALUES (1, 'run', 1); "
	        "INSERT INTO workload VALUES (1, 'old', '00', 'old.sql', "
	        "'');"
	        "INSERT INTO run (experiment, workload, role, engine, sessions, lanes, workers, seed, started_unix_us, "
	        "argv, "
	        "note, client, options, data_sha256, state, reason, pinned, pruned, tickets, done, failed, unknown, "
	        "not_run, "
	        "attempts, attempts_done, attempts_failed, attempts_unknown) VALUES (1, 1, 'run', 'async', 1, 1, 1, "
	        "'1', 1, '', "
	        "'', '', '', '', 'running', '', 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0)",
	        &err));
	sqlite3_close(store->db); /* as that build would leave it: nothing of ours is written */
	store->db = NULL;
	assert_null(query_open(sample.path, &err)); /* who only reads changes nothing */
	assert_non_null(strstr(err.text, "older pgparallel"));
	free(store);
	store = store_open(sample.path, &interrupted, &err);
	if (!store)
		fail_msg("%s", err.text);
	assert_int_equal(interrupted, 1);
	assert_int_equal(
	        number("SELECT count(*) FROM sqlite_schema WHERE name LIKE '%load%' AND type IN ('table', 'view')"),
	        12);
	struct query *q = query_open(sample.path, &err);
	assert_non_null(q);
	if (!query_run(q, 1, &v, &err))
		fail_msg("%s", err.text);
	assert_null(v.load);
	run_view_free(&v);
	assert_true(query_list(q, 0, &lines, &count, &err));
	free(lines);
	query_close(q);
	load_run(100, 10);
}

/* For tests/unit/test_packed.py: a file with one load run. */
static int write_file(const char *path)
{
	int interrupted;
	sample_begin(&sample, 5, 2);
	sample_load_plan(&sample);
	struct run_begin b = sample_load_begin(&sample);
	struct store *s = store_open(path, &interrupted, &err);
	bool ok = s && sample_load_run(&sample, s, &b, 1000, 2500, &err);
	ok = store_close(s, &err) && ok;
	sample_load_end(&sample);
	sample_end(&sample);
	if (!ok)
		fprintf(stderr, "%s\n", err.text);
	return ok ? 0 : 1;
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "--write") == 0)
		return write_file(argv[2]);
#define CASE(f) cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = {cmocka_unit_test(records_come_back_exactly),
	        cmocka_unit_test(the_largest_numbers_come_back), cmocka_unit_test(below_zero_becomes_zero),
	        cmocka_unit_test(the_format_is_as_documented), cmocka_unit_test(what_is_no_chunk_is_refused),
	        CASE(a_hundred_thousand_records_are_small_and_quick), CASE(totals_stand_in_plain_columns),
	        CASE(percentiles_need_enough_values), CASE(totals_are_written_over), CASE(no_sql_text_keeps_no_command),
	        CASE(a_dead_parent_leaves_the_last_totals), CASE(old_records_and_seconds_go_and_histograms_stay),
	        CASE(what_cannot_be_stored_is_spilled), CASE(spilled_records_have_a_limit),
	        CASE(a_file_without_the_tables_gets_them)};
	return cmocka_run_group_tests_name("store load", tests, NULL, NULL);
}
