/* The store's lock: one holder, named to the second; waiting, skipping; kept apart from who only asks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "orchestrator/lockfile.h"
#include "shared/clock.h"

static char folder[64], store[128];

static int make_folder(void **state)
{
	(void)state;
	snprintf(folder, sizeof folder, "/tmp/pgparallel-lock-XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(store, sizeof store, "%s/runs.db", folder);
	return 0;
}

static int remove_folder(void **state)
{
	static const char *const names[] = {"runs.db.lock", "runs.db.skipped", "elsewhere"};
	char path[160];

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		snprintf(path, sizeof path, "%s/%s", folder, names[i]);
		unlink(path);
	}
	return rmdir(folder);
}

static void test_one_holder(void **state)
{
	struct lockfile a, b;
	struct err err;

	(void)state;
	assert_false(lockfile_held(store));
	assert_true(lockfile_take(&a, store, LOCK_FAIL, 0, &err));
	lockfile_note(&a, 160);
	assert_true(lockfile_held(store));
	assert_false(lockfile_take(&b, store, LOCK_FAIL, 0, &err));
	assert_int_equal(err.code, EXIT_LOCKED);
	char holder[64];
	snprintf(holder, sizeof holder, "pid %d, run 160", (int)getpid());
	assert_non_null(strstr(err.text, holder));
	assert_non_null(strstr(err.text, "--lock=wait"));
	assert_non_null(strstr(err.text, "--db="));
	lockfile_release(&a);
	assert_false(lockfile_held(store));
	assert_true(lockfile_take(&b, store, LOCK_FAIL, 0, &err));
	lockfile_release(&b);
}

static void test_the_file_is_private_and_kept(void **state)
{
	struct lockfile a;
	struct err err;
	struct stat status;

	(void)state;
	assert_true(lockfile_take(&a, store, LOCK_FAIL, 0, &err));
	lockfile_release(&a);
	assert_int_equal(stat(a.path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
}

static void test_bounded_wait(void **state)
{
	struct lockfile a, b;
	struct err err;

	(void)state;
	assert_true(lockfile_take(&a, store, LOCK_FAIL, 0, &err));
	int64_t begin = clock_now_ns();
	assert_false(lockfile_take(&b, store, LOCK_WAIT, 50 * NS_PER_MS, &err));
	assert_true(clock_now_ns() - begin >= 50 * NS_PER_MS);
	assert_int_equal(err.code, EXIT_LOCKED);
	lockfile_release(&a);
}

static void test_wait_gets_it_from_one_that_was_killed(void **state)
{
	struct lockfile a;
	struct err err;
	int ready[2];
	char c;

	(void)state;
	assert_int_equal(pipe(ready), 0);
	pid_t holder = fork();
	if (holder == 0) {
		if (!lockfile_take(&a, store, LOCK_FAIL, 0, &err) || write(ready[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	assert_int_equal(read(ready[0], &c, 1), 1);
	assert_true(lockfile_held(store));
	kill(holder, SIGKILL);
	assert_true(lockfile_take(&a, store, LOCK_WAIT, 20 * NS_PER_S, &err));
	waitpid(holder, NULL, 0);
	lockfile_release(&a);
	close(ready[0]);
	close(ready[1]);
}

static void test_skip_leaves_a_line(void **state)
{
	struct lockfile a, b;
	struct err err;
	char path[160], text[256];

	(void)state;
	assert_true(lockfile_take(&a, store, LOCK_FAIL, 0, &err));
	for (int i = 0; i < 2; i++) {
		assert_false(lockfile_take(&b, store, LOCK_SKIP, 0, &err));
		assert_int_equal(err.code, EXIT_DONE);
	}
	snprintf(path, sizeof path, "%s.skipped", store);
	int fd = open(path, O_RDONLY);
	ssize_t n = read(fd, text, sizeof text);
	close(fd);
	assert_int_equal(n, 2 * 28); /* two times with their newlines */
	lockfile_release(&a);
}

static void test_a_link_is_refused(void **state)
{
	struct lockfile a;
	struct err err;
	char link[160], target[160];

	(void)state;
	snprintf(link, sizeof link, "%s.lock", store);
	snprintf(target, sizeof target, "%s/elsewhere", folder);
	assert_int_equal(symlink(target, link), 0);
	assert_false(lockfile_take(&a, store, LOCK_FAIL, 0, &err));
	assert_int_equal(err.code, EXIT_USAGE);
	assert_int_not_equal(access(target, F_OK), 0);
}

static void test_no_such_folder(void **state)
{
	struct lockfile a;
	struct err err;

	(void)state;
	assert_false(lockfile_take(&a, "/nonexistent/folder/runs.db", LOCK_FAIL, 0, &err));
	assert_int_equal(err.code, EXIT_USAGE);
	assert_non_null(strstr(err.text, "/nonexistent/folder/runs.db.lock"));
	assert_false(lockfile_held("/nonexistent/folder/runs.db"));
}

static void test_a_forged_holder_is_shown_harmless(void **state)
{
	struct lockfile a, b;
	struct err err;

	(void)state;
	assert_true(lockfile_take(&a, store, LOCK_FAIL, 0, &err));
	assert_int_equal(pwrite(a.fd, "\033[2Jpid\nforged", 14, 0), 14);
	assert_false(lockfile_take(&b, store, LOCK_FAIL, 0, &err));
	assert_null(strchr(err.text, '\033'));
	assert_null(strchr(err.text, '\n'));
	lockfile_release(&a);
}

int main(void)
{
#define WITH_FOLDER(f) cmocka_unit_test_setup_teardown(f, make_folder, remove_folder)
	const struct CMUnitTest tests[] = {
	        WITH_FOLDER(test_one_holder),
	        WITH_FOLDER(test_the_file_is_private_and_kept),
	        WITH_FOLDER(test_bounded_wait),
	        WITH_FOLDER(test_wait_gets_it_from_one_that_was_killed),
	        WITH_FOLDER(test_skip_leaves_a_line),
	        WITH_FOLDER(test_a_link_is_refused),
	        WITH_FOLDER(test_no_such_folder),
	        WITH_FOLDER(test_a_forged_holder_is_shown_harmless),
	};
	return cmocka_run_group_tests_name("lockfile", tests, NULL, NULL);
}
