/*
 * test_store_faults: full disks, other programs' locks, writers killed at any moment: what was acknowledged stays, what
 * was not can be spilled.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "reports/store_private.h"
#include "tests/unit/sample_store.h"

#define CHILD_WRITES 2000 /* tickets a child to be killed writes before it closes */

static struct sample_store sample;
static struct store *store;
static struct err err;

static int begin(void **state)
{
	(void)state;
	int interrupted;
	sample_begin(&sample, 5, 2000);
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

static int64_t start_run(void)
{
	struct run_begin b = sample_run_begin(&sample);
	int64_t run = store_run_begin(store, &sample.plan, &b, &err);
	assert_true(run);
	return run;
}

static bool put(int64_t run, uint32_t ticket)
{
	struct attempt a = sample_attempt(ticket, 5, 20 + ticket);
	bool attempt = store_attempt(store, run, SAMPLE_ORIGIN, &sample.plan, &a, &err);
	return store_ticket(store, run, &sample.plan, ticket, OUTCOME_DONE, &err) && attempt;
}

static uint32_t done_in(const char *path, int64_t run)
{
	struct run_view v;
	struct query *q = query_open(path, &err);
	if (!q || !query_run(q, run, &v, &err))
		fail_msg("%s", err.text);
	uint32_t done = (uint32_t)v.nattempts;
	assert_int_equal(v.done, done);
	run_view_free(&v);
	query_close(q);
	return done;
}

/* Lines of a type in the spill. */
static uint32_t lines_of(const char *path, const char *type)
{
	char want[64], line[4096];
	uint32_t n = 0;
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

/* Fills until a commit fails; returns how many tickets were acknowledged. */
static uint32_t fill(int64_t run, uint32_t *written)
{
	uint32_t acknowledged = 0;
	for (*written = 0; *written < sample.plan.ntickets; ++*written) {
		assert_true(put(run, *written));
		if (*written % 50 == 49) {
			if (!store_commit(store, &err)) {
				++*written;
				return acknowledged;
			}
			acknowledged = *written + 1;
		}
	}
	fail_msg("it never became full");
	return 0;
}

static void assert_spilled_and_valid(int64_t run, uint32_t acknowledged, uint32_t written)
{
	char path[512];
	struct err again;
	int interrupted;
	struct stat st;
	assert_false(store_commit(store, &again)); /* never tried again */
	assert_string_equal(again.text, err.text);
	assert_false(put(run, written)); /* kept all the same */
	struct run_end e = sample_run_end(written + 1, 12345);
	assert_false(store_run_end(store, run, &e, &err));
	assert_true(store_spill(store, run, sample.dir, path, sizeof path, &err));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(lines_of(path, "attempt"), written + 1 - acknowledged);
	assert_int_equal(lines_of(path, "ticket"), written + 1 - acknowledged);
	assert_int_equal(lines_of(path, "end"), 1);
	assert_int_equal(lines_of(path, "spill"), 1);
	assert_true(store_spill(store, run, sample.dir, path, sizeof path, &err)); /* never over an old one */
	assert_non_null(strstr(path, "-2.jsonl"));
	assert_false(store_close(store, &err));
	assert_int_equal(err.code, EXIT_STORE);
	store = store_open(sample.path, &interrupted, &err);
	assert_non_null(store);
	assert_int_equal(interrupted, 1);
	assert_int_equal(done_in(sample.path, run), acknowledged);
}

static void a_full_file_keeps_what_was_acknowledged(void **state)
{
	(void)state;
	uint32_t written;
	int64_t run = start_run();
	assert_true(store_db_exec(store->db, sample.path, "PRAGMA max_page_count = 90", &err));
	uint32_t acknowledged = fill(run, &written);
	assert_int_equal(err.code, EXIT_STORE);
	assert_non_null(strstr(err.text, "no room"));
	assert_true(acknowledged > 0);
	assert_spilled_and_valid(run, acknowledged, written);
}

/* A file size limit makes writing the journal itself fail, as a full disk does. */
static void a_failing_write_keeps_what_was_acknowledged(void **state)
{
	(void)state;
	uint32_t written;
	struct rlimit old, small;
	int64_t run = start_run();
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &old);
	small = (struct rlimit){400000, old.rlim_max};
	setrlimit(RLIMIT_FSIZE, &small);
	uint32_t acknowledged = fill(run, &written);
	setrlimit(RLIMIT_FSIZE, &old);
	assert_int_equal(err.code, EXIT_STORE);
	assert_true(acknowledged > 0);
	assert_spilled_and_valid(run, acknowledged, written);
}

static void a_release_on_a_full_file_fails(void **state)
{
	(void)state;
	int64_t run = start_run();
	assert_true(store_release(store, run, &sample.plan, sample.todo, 0, 10, &err));
	assert_true(store_db_exec(store->db, sample.path, "PRAGMA max_page_count = 1", &err));
	assert_false(store_release(store, run, &sample.plan, sample.todo, 10, 10000, &err));
	assert_int_equal(err.code, EXIT_STORE);
}

static void spilling_to_a_missing_folder_is_said(void **state)
{
	(void)state;
	char path[512];
	int64_t run = start_run();
	assert_true(put(run, 0));
	assert_false(store_spill(store, run, "/nonexistent-folder", path, sizeof path, &err));
	assert_int_equal(err.code, EXIT_STORE);
	assert_non_null(strstr(err.text, "--spill="));
}

/* A person at a shell holds the write lock: rows wait, nothing fails, the next commit takes them. */
static void another_programs_lock_only_delays(void **state)
{
	(void)state;
	sqlite3 *other;
	int64_t run = start_run();
	assert_int_equal(sqlite3_open(sample.path, &other), SQLITE_OK);
	assert_true(store_db_exec(other, sample.path, "BEGIN EXCLUSIVE", &err));
	assert_true(put(run, 0));
	assert_true(store_commit(store, &err));
	assert_true(store_dirty(store));
	assert_true(put(run, 1));
	assert_true(store_db_exec(other, sample.path, "COMMIT", &err));
	sqlite3_close(other);
	assert_true(store_commit(store, &err));
	assert_false(store_dirty(store));
	assert_int_equal(done_in(sample.path, run), 2);
}

static void a_lock_held_too_long_is_a_failure(void **state)
{
	(void)state;
	sqlite3 *other;
	int64_t run = start_run();
	assert_int_equal(sqlite3_open(sample.path, &other), SQLITE_OK);
	assert_true(store_db_exec(other, sample.path, "BEGIN IMMEDIATE", &err));
	sqlite3_busy_timeout(store->db, 0); /* the 30 s in an instant */
	assert_false(store_release(store, run, &sample.plan, sample.todo, 0, 5, &err));
	assert_int_equal(err.code, EXIT_STORE);
	assert_non_null(strstr(err.text, "locked by another program"));
	sqlite3_close(other);
}

struct acknowledged {
	volatile uint32_t released, done;
};

static void child_writes(struct acknowledged *shared)
{
	int interrupted;
	store = store_open(sample.path, &interrupted, &err);
	struct run_begin b = sample_run_begin(&sample);
	int64_t run = store ? store_run_begin(store, &sample.plan, &b, &err) : 0;
	for (uint32_t i = 0; run && i < CHILD_WRITES; i++) {
		if (i % 100 == 0) {
			if (!store_release(store, run, &sample.plan, sample.todo, i, i + 100, &err))
				break;
			shared->released = i + 100;
		}
		put(run, i);
		if (i % 7 == 0) {
			if (!store_commit(store, &err))
				break;
			shared->done = i + 1;
		}
	}
	store_close(store, &err);
	_exit(0);
}

/* One round: a child writes until it is killed; then what it acknowledged must be there. */
static void kill_round(struct acknowledged *shared, uint32_t after_done, unsigned microseconds, int64_t *run)
{
	int interrupted;
	struct run_view v;
	*shared = (struct acknowledged){0};
	pid_t child = fork();
	if (child == 0)
		child_writes(shared);
	siginfo_t ended = {0};
	while (shared->done < after_done && waitid(P_PID, (id_t)child, &ended, WEXITED | WNOHANG | WNOWAIT) == 0 &&
	        ended.si_pid == 0)
		usleep(50);
	usleep(microseconds);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	uint32_t done = shared->done, released = shared->released;
	struct store *s = store_open(sample.path, &interrupted, &err);
	if (!s)
		fail_msg("%s", err.text);
	int64_t newest;
	assert_true(store_db_int(s->db, sample.path, "SELECT coalesce(max(id), 0) FROM run", 0, &newest, &err));
	assert_true(store_close(s, &err));
	if (newest == *run) {
		assert_int_equal(done, 0);
		return;
	}
	*run = newest;
	struct query *q = query_open(sample.path, &err);
	assert_true(query_run(q, newest, &v, &err));
	assert_true(v.done >= done);
	assert_true(v.done + v.unknown >= released);
	assert_true(v.done + v.unknown <= released + 100);
	assert_int_equal(v.done, v.nattempts);
	if (v.done < v.ntickets)
		assert_int_equal(v.state, RUN_INTERRUPTED);
	run_view_free(&v);
	query_close(q);
}

static void a_killed_writer_loses_nothing_acknowledged(void **state)
{
	(void)state;
	const char *soak = getenv("SOAK");
	int rounds = soak && *soak ? 2000 : 200, wrote = 0;
	struct acknowledged *shared =
	        mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(shared != MAP_FAILED);
	assert_true(store_close(store, &err));
	store = NULL;
	uint64_t x = 20261123;
	int64_t run = 0;
	for (int i = 0; i < rounds; i++) {
		int64_t before = run;
		x = x * UINT64_C(6364136223846793005) + 1442695040888963407u;
		/* A quarter while the file is opened, the others while rows go in, some while it is closed. */
		uint32_t after_done = i % 4 == 0 ? 0 : 1 + (uint32_t)(x >> 33) % (CHILD_WRITES + 50);
		kill_round(shared, after_done, (unsigned)(x >> 45) % 3000, &run);
		wrote += run != before;
		if (i % 25 == 24) { /* keep the file short */
			int interrupted;
			uint32_t attempts, runs;
			struct store *s = store_open(sample.path, &interrupted, &err);
			assert_true(store_prune(s, SAMPLE_STARTED + 100, 1, 0, &attempts, &runs, &err));
			assert_true(store_close(s, &err));
		}
	}
	munmap(shared, sizeof *shared);
	assert_true(wrote * 2 > rounds);
}

static void a_half_made_file_is_made_again(void **state)
{
	(void)state;
	char fresh[128], half[160];
	int interrupted;
	snprintf(fresh, sizeof fresh, "%s/fresh.db", sample.dir);
	snprintf(half, sizeof half, "%s.new", fresh);
	FILE *f = fopen(half, "w");
	fprintf(f, "rubbish of one that was killed");
	fclose(f);
	struct store *s = store_open(fresh, &interrupted, &err);
	assert_non_null(s);
	assert_true(store_close(s, &err));
	assert_int_equal(access(half, F_OK), -1);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = {CASE(a_full_file_keeps_what_was_acknowledged),
	        CASE(a_failing_write_keeps_what_was_acknowledged), CASE(a_release_on_a_full_file_fails),
	        CASE(spilling_to_a_missing_folder_is_said), CASE(another_programs_lock_only_delays),
	        CASE(a_lock_held_too_long_is_a_failure), CASE(a_killed_writer_loses_nothing_acknowledged),
	        CASE(a_half_made_file_is_made_again)};
	return cmocka_run_group_tests_name("store faults", tests, NULL, NULL);
}
