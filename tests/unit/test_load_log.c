/*
 * Lines of -P and files of -l: names, columns and words as pgbench 15 writes them (tests/pg/test_load_format.py runs
 * the real one and compares), what a full disk leaves, and that every transaction of a run has its line.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/fake_lanes.h"

static char folder[64];
static char content[65536];

static int enter(void **state)
{
	(void)state;
	snprintf(folder, sizeof folder, "/tmp/test_load_log.XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	return 0;
}

static int leave(void **state)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;

	(void)state;
	while (dir && (entry = readdir(dir)) != NULL)
		unlinkat(dirfd(dir), entry->d_name, 0);
	if (dir)
		closedir(dir);
	return rmdir(folder);
}

static const char *prefix(void)
{
	static char text[96];

	snprintf(text, sizeof text, "%s/log", folder);
	return text;
}

/* The text of a file in the folder, "" when it is empty, NULL when it is not there. */
static const char *read_log(const char *name)
{
	char path[160];

	snprintf(path, sizeof path, "%s/%s", folder, name);
	FILE *file = fopen(path, "re");
	if (!file)
		return NULL;
	content[fread(content, 1, sizeof content - 1, file)] = '\0';
	fclose(file);
	return content;
}

static struct load_log_setting plain(void)
{
	return (struct load_log_setting){.prefix = prefix(),
	        .pid = 77,
	        .nth = 1,
	        .nlanes = 2,
	        .nsessions = 3,
	        .wall_offset_us = INT64_C(1700000000) * US_PER_S};
}

static struct load_log *open_log(const struct load_log_setting *setting)
{
	struct err err;
	struct load_log *log = load_log_open(setting, &err);

	if (!log)
		fail_msg("%s", err.text);
	load_log_begin(log, NS_PER_S / 2);
	return log;
}

static void close_log(struct load_log *log)
{
	struct err err;

	if (!load_log_end(log, &err))
		fail_msg("%s", err.text);
	load_log_free(log);
}

static struct load_record record_of(
        uint32_t session, enum load_outcome outcome, int64_t end_us, int64_t latency_us, const char *sqlstate)
{
	return (struct load_record){.end_ns = end_us * NS_PER_US,
	        .latency_ns = latency_us * NS_PER_US,
	        .lag_ns = outcome == LOAD_DONE ? 7 * NS_PER_US : 0,
	        .session = session,
	        .sqlstate = sqlstate ? load_sqlstate_pack(sqlstate) : 0,
	        .script = 1,
	        .retries = outcome == LOAD_SKIPPED ? 0 : 2,
	        .outcome = outcome};
}

static void put_all(struct load_log *log)
{
	const struct load_record records[] = {record_of(0, LOAD_DONE, 1000250, 250, NULL),
	        record_of(1, LOAD_FAILED, 1000300, 90, "40001"), record_of(1, LOAD_FAILED, 1000400, 90, "40P01"),
	        record_of(0, LOAD_SKIPPED, 1000500, 0, NULL), record_of(0, LOAD_FAILED, 1999999, 90, "42601"),
	        record_of(1, LOAD_UNKNOWN, 2000000, 90, "08006")};

	for (size_t i = 0; i < sizeof records / sizeof *records; i++)
		assert_true(load_log_record(log, 0, &records[i], NULL));
}

/* --- -l --------------------------------------------------------------------------------------------------------- */

static void the_six_columns(void **state)
{
	struct load_log_setting setting = plain();
	struct load_log *log = open_log(&setting);

	(void)state;
	put_all(log);
	close_log(log);
	assert_string_equal(read_log("log.77"), "0 1 250 1 1700000001 250\n"
	                                        "1 1 failed 1 1700000001 300\n"
	                                        "1 2 failed 1 1700000001 400\n"
	                                        "0 2 skipped 1 1700000001 500\n"
	                                        "0 3 failed 1 1700000001 999999\n"
	                                        "1 3 failed 1 1700000002 0\n");
	assert_string_equal(read_log("log.77.1"), "");
}

static void lag_and_retries_are_columns_when_asked_for(void **state)
{
	struct load_log_setting setting = plain();

	(void)state;
	setting.lag = setting.retries = setting.detailed = true;
	struct load_log *log = open_log(&setting);
	put_all(log);
	close_log(log);
	assert_string_equal(read_log("log.77"), "0 1 250 1 1700000001 250 7 2\n"
	                                        "1 1 serialization 1 1700000001 300 0 2\n"
	                                        "1 2 deadlock 1 1700000001 400 0 2\n"
	                                        "0 2 skipped 1 1700000001 500 0 0\n"
	                                        "0 3 failed 1 1700000001 999999 0 2\n"
	                                        "1 3 unknown 1 1700000002 0 0 2\n");
}

static void intervals_have_fifteen_columns(void **state)
{
	struct load_log_setting setting = plain();

	(void)state;
	setting.lag = setting.retries = setting.detailed = true;
	setting.aggregate_ns = NS_PER_S;
	struct load_log *log = open_log(&setting);
	struct load_record more = record_of(0, LOAD_DONE, 1000800, 350, NULL);
	struct load_record late = record_of(0, LOAD_DONE, 4000000, 50, NULL);
	struct load_record first = record_of(0, LOAD_DONE, 600000, 1, NULL);
	assert_true(load_log_record(log, 0, &first, NULL));
	assert_true(load_log_record(log, 0, &more, NULL));
	put_all(log);
	assert_true(load_log_record(log, 0, &late, NULL));
	close_log(log);
	/* From the whole second in which it began; empty intervals and the last one too. */
	assert_string_equal(read_log("log.77"), "1700000000 1 1 1 1 1 7 49 7 7 0 1 2 0 0\n"
	                                        "1700000001 2 600 185000 250 350 14 98 7 7 1 5 10 1 1\n"
	                                        "1700000002 0 0 0 0 0 0 0 0 0 0 1 2 0 0\n"
	                                        "1700000003 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n"
	                                        "1700000004 1 50 2500 50 50 7 49 7 7 0 1 2 0 0\n");
	assert_string_equal(read_log("log.77.1"), "");
}

static void columns_that_were_not_asked_for_are_0_in_intervals(void **state)
{
	struct load_log_setting setting = plain();

	(void)state;
	setting.aggregate_ns = 2 * NS_PER_S;
	struct load_log *log = open_log(&setting);
	put_all(log);
	close_log(log);
	assert_string_equal(read_log("log.77"), "1700000000 1 250 62500 250 250 0 0 0 0 1 0 0 0 0\n"
	                                        "1700000002 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n");
}

/* The record's number tells which one a sampled line is about, over its 24 bits too. */
static void sampled_lines_have_their_transactions_number(void **state)
{
	static const uint32_t numbers[] = {3, 1000000, 16777210, 5, 0};
	struct load_log_setting setting = plain();
	struct load_log *log = open_log(&setting);

	(void)state;
	for (size_t i = 0; i < 5; i++) {
		struct load_record record = record_of(2, LOAD_DONE, 1000000, 1, NULL);

		record.number = numbers[i];
		assert_true(load_log_record(log, 1, &record, NULL));
	}
	close_log(log);
	assert_string_equal(read_log("log.77.1"), "2 3 1 1 1700000001 0\n"
	                                          "2 1000000 1 1 1700000001 0\n"
	                                          "2 16777210 1 1 1700000001 0\n"
	                                          "2 16777221 1 1 1700000001 0\n"
	                                          "2 33554432 1 1 1700000001 0\n");
}

static void another_run_of_the_process_has_other_files(void **state)
{
	struct load_log_setting setting = plain();

	(void)state;
	setting.nth = 2;
	struct load_log *log = open_log(&setting);
	put_all(log);
	close_log(log);
	assert_non_null(read_log("log.77-2"));
	assert_non_null(read_log("log.77-2.1"));
	assert_null(read_log("log.77"));
}

static void a_file_that_cannot_be_made_is_refused(void **state)
{
	struct load_log_setting setting = plain();
	char path[160];
	struct err err = {0};

	(void)state;
	snprintf(path, sizeof path, "%s/log.77.1", folder);
	assert_int_equal(symlink("elsewhere", path), 0); /* followed by nobody */
	assert_null(load_log_open(&setting, &err));
	assert_int_equal(err.code, EXIT_USAGE);
	assert_non_null(strstr(err.text, "log.77.1"));
	assert_non_null(strstr(err.text, "--log-prefix"));
	assert_null(read_log("log.77")); /* the other one is taken away again */
	setting.prefix = "/nonexistent/folder/log";
	assert_null(load_log_open(&setting, &err));
	assert_int_equal(err.code, EXIT_USAGE);
}

static void no_file_is_left_of_a_load_that_never_began(void **state)
{
	struct load_log_setting setting = plain();
	struct err err;
	struct load_log *log = load_log_open(&setting, &err);

	(void)state;
	assert_non_null(log);
	assert_non_null(read_log("log.77"));
	assert_true(load_log_end(log, &err));
	load_log_free(log);
	assert_null(read_log("log.77"));
	assert_null(read_log("log.77.1"));
}

/* A limit of the file size stands for a full disk: write() gives some bytes, then an error. */
static void a_full_disk_leaves_whole_lines_and_an_error(void **state)
{
	struct load_log_setting setting = plain();
	struct load_log *log = open_log(&setting);
	struct rlimit old, small;
	struct err err = {0};
	bool ok = true;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &old);
	small = old;
	small.rlim_cur = 10000;
	setrlimit(RLIMIT_FSIZE, &small);
	for (int i = 0; i < 2000 && ok; i++) {
		struct load_record record = record_of(0, LOAD_DONE, 1000000 + i, 1, NULL);

		ok = load_log_record(log, 0, &record, &err);
	}
	struct err again = {0};
	bool second = load_log_record(log, 1, &(struct load_record){.end_ns = 1, .outcome = LOAD_DONE}, &again);
	struct err last = {0};
	bool end = load_log_end(log, &last);
	setrlimit(RLIMIT_FSIZE, &old);
	load_log_free(log);
	assert_false(ok || second || end);
	assert_int_equal(err.code, EXIT_STORE);
	assert_int_equal(last.code, EXIT_STORE);
	assert_non_null(strstr(err.text, "log.77"));
	const char *text = read_log("log.77");
	size_t len = strlen(text);
	assert_in_range(len, 9000, 10000);
	assert_int_equal(text[len - 1], '\n');
}

static void every_transaction_of_a_run_has_its_line(void **state)
{
	struct stage s;
	char name[32];
	int lines = 0;

	(void)state;
	stage_open(&s, 5, 2, 3, 1, &(struct load){.duration_ns = NS_PER_S, .max_tries = 1, .sampling_rate = 1});
	s.options.log = true;
	s.options.log_prefix = prefix();
	stage_begin(&s);
	for (int i = 0; i < 300; i++) {
		tx(&s, &(struct tx){.session = (uint32_t)i % 5,
		               .outcome = LOAD_DONE,
		               .end_ns = GO + i * NS_PER_MS,
		               .latency_ns = 1000});
		load_watch_step(s.watch, GO + i * NS_PER_MS);
	}
	assert_true(load_watch_end(s.watch, GO + NS_PER_S, &s.err));
	for (int l = 0; l < 3; l++) {
		char thread[16] = "";

		if (l > 0)
			snprintf(thread, sizeof thread, ".%d", l);
		snprintf(name, sizeof name, "log.%ld%s", (long)getpid(), thread);
		const char *text = read_log(name);
		assert_non_null(text);
		for (; *text; text++)
			lines += *text == '\n';
	}
	assert_int_equal(lines, 300);
	assert_non_null(strstr(content, "\n4 60 1 0 170000"));
	stage_close(&s);
}

static void a_log_that_cannot_be_written_stops_the_run(void **state)
{
	struct stage s;
	struct rlimit old, small;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	stage_open(&s, 1, 1, 1, 1, &(struct load){.duration_ns = NS_PER_S, .max_tries = 1, .sampling_rate = 1});
	s.options.log = true;
	s.options.log_prefix = prefix();
	stage_begin(&s);
	getrlimit(RLIMIT_FSIZE, &old);
	small = old;
	small.rlim_cur = 100;
	setrlimit(RLIMIT_FSIZE, &small);
	for (int i = 0; i < 3000; i++)
		tx(&s, &(struct tx){.outcome = LOAD_DONE, .end_ns = GO + i, .latency_ns = 1000});
	step_to(&s, GO, GO + NS_PER_S);
	bool end = load_watch_end(s.watch, GO + NS_PER_S, &s.err);
	setrlimit(RLIMIT_FSIZE, &old);
	assert_false(end);
	assert_int_equal(s.err.code, EXIT_STORE);
	assert_int_equal(s.run.stop.mode, STOP_SOON);
	assert_int_equal(stored_load.records, 3000); /* the store has them all the same */
	const char *told = strstr(stored.events, "log file:");
	assert_non_null(told);
	assert_null(strstr(told + 1, "log file:"));
	stage_close(&s);
}

/* --- -P --------------------------------------------------------------------------------------------------------- */

static void progress_lines(void **state)
{
	static const struct {
		struct load load;
		bool timestamp, warmup;
		uint64_t unknown;
		const char *expected;
	} cases[] = {
	        {{.max_tries = 1}, false, false, 0, "progress: 5.0 s, 50.0 tps, lat 2.000 ms stddev 1.000, 3 failed\n"},
	        {{.max_tries = 1, .latency_limit_ns = 1}, false, false, 0,
	                "progress: 5.0 s, 50.0 tps, lat 2.000 ms stddev 1.000, 3 failed\n"},
	        {{.max_tries = 1, .rate = 9}, false, false, 0,
	                "progress: 5.0 s, 50.0 tps, lat 4.000 ms stddev 3.000, 3 failed, lag 0.500 ms\n"},
	        {{.max_tries = 1, .rate = 9, .latency_limit_ns = 1}, false, false, 0,
	                "progress: 5.0 s, 50.0 tps, lat 4.000 ms stddev 3.000, 3 failed, lag 0.500 ms, 4 skipped\n"},
	        {{.max_tries = 3}, false, false, 0,
	                "progress: 5.0 s, 50.0 tps, lat 2.000 ms stddev 1.000, 3 failed, 5 retried, 6 retries\n"},
	        {{.max_tries = 0, .rate = 9, .latency_limit_ns = 1}, true, false, 2,
	                "progress: 1700000000.250 s, 50.0 tps, lat 4.000 ms stddev 3.000, 3 failed, lag 0.500 ms, 4 "
	                "skipped, 5 retried, 6 retries, 2 unknown\n"},
	        {{.max_tries = 3, .rate = 9}, false, true, 0, "progress: 5.0 s, warm-up, 8.0 tps\n"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct load_sums more = {.done = 100,
		        .failed = 3,
		        .skipped = 4,
		        .retried = 5,
		        .retries = 6,
		        .warmed = 16,
		        .unknown = cases[i].unknown,
		        .service = {2, 4 * NS_PER_MS, 1e6 + 9e6},
		        .schedule = {2, 8 * NS_PER_MS, 1e6 + 49e6},
		        .lag = {2, NS_PER_MS, 0}};
		struct load_progress_line line = {.at_s = cases[i].timestamp ? 1700000000.25 : 5,
		        .span_s = 2,
		        .timestamp = cases[i].timestamp,
		        .warmup = cases[i].warmup,
		        .load = &cases[i].load};
		struct buf out = {0};

		load_progress_line(&out, &line, &more);
		assert_string_equal(buf_str(&out), cases[i].expected);
		buf_free(&out);
	}
}

static void an_empty_stretch_has_a_line_of_zeros(void **state)
{
	const struct load load = {.max_tries = 1, .rate = 1};
	struct load_progress_line line = {.at_s = 1, .span_s = 1, .load = &load};
	struct buf out = {0};

	(void)state;
	load_progress_line(&out, &line, &(struct load_sums){0});
	assert_string_equal(
	        buf_str(&out), "progress: 1.0 s, 0.0 tps, lat 0.000 ms stddev 0.000, 0 failed, lag 0.000 ms\n");
	buf_free(&out);
}

/* The last line of the warm-up is due with its end, and always a little late. */
static void a_late_line_of_the_warmup_is_one_of_the_warmup(void **state)
{
	struct stage s;
	char text[4096];
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	stage_open(&s, 1, 1, 1, 1,
	        &(struct load){
	                .duration_ns = 9 * NS_PER_S, .warmup_ns = 2 * NS_PER_S, .max_tries = 1, .sampling_rate = 1});
	s.options.progress_ns = NS_PER_S;
	stage_begin(&s);
	s.watch->fd = ends[1];
	for (int64_t at = GO; at <= GO + 3 * NS_PER_S; at += 10 * NS_PER_MS) {
		tx(&s, &(struct tx){.outcome = LOAD_DONE,
		               .end_ns = at,
		               .latency_ns = NS_PER_MS,
		               .warmed = at < GO + 2 * NS_PER_S});
		load_watch_step(s.watch, at + 5 * NS_PER_MS);
	}
	close(ends[1]);
	text[read(ends[0], text, sizeof text - 1)] = '\0';
	close(ends[0]);
	assert_string_equal(text, "progress: 1.0 s, warm-up, 100.5 tps\n"
	                          "progress: 2.0 s, warm-up, 99.5 tps\n"
	                          "progress: 3.0 s, 100.5 tps, lat 1.000 ms stddev 0.000, 0 failed\n");
	stage_close(&s);
}

static void lines_come_when_they_are_due(void **state)
{
	struct stage s;
	char text[4096];
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	stage_open(&s, 1, 1, 1, 1,
	        &(struct load){.duration_ns = 9 * NS_PER_S, .warmup_ns = NS_PER_S, .max_tries = 1, .sampling_rate = 1});
	s.options.progress_ns = 1500 * NS_PER_MS;
	stage_begin(&s);
	s.watch->fd = ends[1];
	for (int64_t at = GO; at <= GO + 5 * NS_PER_S; at += 10 * NS_PER_MS) {
		tx(&s, &(struct tx){.outcome = LOAD_DONE,
		               .end_ns = at,
		               .latency_ns = NS_PER_MS,
		               .warmed = at <= GO + NS_PER_S});
		load_watch_step(s.watch, at);
	}
	load_watch_step(s.watch, GO + 8 * NS_PER_S); /* late: one line for all that was missed */
	close(ends[1]);
	text[read(ends[0], text, sizeof text - 1)] = '\0';
	close(ends[0]);
	assert_string_equal(text, "progress: 1.5 s, 100.0 tps, lat 1.000 ms stddev 0.000, 0 failed\n"
	                          "progress: 3.0 s, 100.0 tps, lat 1.000 ms stddev 0.000, 0 failed\n"
	                          "progress: 4.5 s, 100.0 tps, lat 1.000 ms stddev 0.000, 0 failed\n"
	                          "progress: 8.0 s, 14.3 tps, lat 1.000 ms stddev 0.000, 0 failed\n");
	stage_close(&s);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, enter, leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        IN_FOLDER(the_six_columns),
	        IN_FOLDER(lag_and_retries_are_columns_when_asked_for),
	        IN_FOLDER(intervals_have_fifteen_columns),
	        IN_FOLDER(columns_that_were_not_asked_for_are_0_in_intervals),
	        IN_FOLDER(sampled_lines_have_their_transactions_number),
	        IN_FOLDER(another_run_of_the_process_has_other_files),
	        IN_FOLDER(a_file_that_cannot_be_made_is_refused),
	        IN_FOLDER(no_file_is_left_of_a_load_that_never_began),
	        IN_FOLDER(a_full_disk_leaves_whole_lines_and_an_error),
	        IN_FOLDER(every_transaction_of_a_run_has_its_line),
	        IN_FOLDER(a_log_that_cannot_be_written_stops_the_run),
	        cmocka_unit_test(progress_lines),
	        cmocka_unit_test(an_empty_stretch_has_a_line_of_zeros),
	        cmocka_unit_test(lines_come_when_they_are_due),
	        cmocka_unit_test(a_late_line_of_the_warmup_is_one_of_the_warmup),
	};
	return cmocka_run_group_tests_name("load_log", tests, NULL, NULL);
}
