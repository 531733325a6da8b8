/* Programs that scripts start: what comes back, what they may see, and that nothing is left of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "worker/shell.h"

static struct shell shell;
static struct err err;
static struct target target;
static char **environment;

static int descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static bool start(const char *command, bool capture)
{
	return shell_start(&shell, command, capture, environment, &err);
}

/* As a lane: waits for what shell_fd says and for nothing else. */
static void wait_for_end(void)
{
	for (;;) {
		struct pollfd fd = {.fd = shell_fd(&shell), .events = POLLIN};

		assert_true(fd.fd >= 0);
		assert_int_equal(poll(&fd, 1, 60000), 1);
		if (shell_ended(&shell))
			return;
	}
}

static void run(const char *command, bool capture)
{
	assert_true(start(command, capture));
	assert_true(shell_runs(&shell));
	wait_for_end();
	assert_false(shell_runs(&shell));
}

static void no_child_is_left(void)
{
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

static const struct line_case {
	const char *command, *output;
	bool silent, cut;
} line_cases[] = {
        {"echo 5", "5", false, false}, {"printf 5", "5", false, false}, {"printf '1\\n2\\n'", "1", false, false},
        {"echo", "", false, false}, {"true", "", true, false},
        {"printf '%063d' 1; echo", "000000000000000000000000000000000000000000000000000000000000001", false, false},
        {"printf '%064d' 1", "000000000000000000000000000000000000000000000000000000000000000", false, true},
        {"printf 4; sleep 0.05; echo 2", "42", false, false}, {"yes", "y", false, false}, /* meets a closed pipe */
        {"cat", "", true, false}, /* standard input is empty */
};

static void the_first_line_is_what_counts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof line_cases / sizeof *line_cases; i++) {
		const struct line_case *c = &line_cases[i];

		run(c->command, true);
		assert_string_equal(shell.output, c->output);
		assert_int_equal(shell.silent, c->silent);
		assert_int_equal(shell.cut, c->cut);
		no_child_is_left();
	}
}

static void the_status_is_that_of_waitpid(void **state)
{
	(void)state;
	run("exit 3", false);
	assert_int_equal(WEXITSTATUS(shell.status), 3);
	run("kill -9 $$", false);
	assert_int_equal(WTERMSIG(shell.status), SIGKILL);
	run("true", false);
	assert_int_equal(shell.status, 0);
}

/* A descriptor that exec would not close, a signal that we ignore or block, a terminal: it has none of them. */
static void it_begins_with_nothing_of_ours(void **state)
{
	int fd = open("/dev/null", O_RDONLY);
	sigset_t blocked, before;

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGTERM);
	sigprocmask(SIG_BLOCK, &blocked, &before);
	run("cd /proc/$$/fd && echo *", true);
	assert_string_equal(shell.output, "0 1 2 3"); /* the last is the folder that is listed */
	run("awk '/^SigBlk/ { print $2 }' /proc/self/status", true);
	assert_int_equal(strtoull(shell.output, NULL, 16), 0);
	run("awk '/^SigIgn/ { print $2 }' /proc/self/status", true);
	assert_int_equal(strtoull(shell.output, NULL, 16) & UINT64_C(1) << (SIGPIPE - 1), 0);
	run("test \"$(ps -o sid= -p $$ | tr -d ' ')\" = $$ && (: </dev/tty) 2>/dev/null; echo $?", true);
	assert_string_not_equal(shell.output, "0");
	sigprocmask(SIG_SETMASK, &before, NULL);
	close(fd);
}

static void stopped_it_ends_with_what_it_started(void **state)
{
	char path[] = "/tmp/pgp-shell-XXXXXX", command[100];
	int fd = mkstemp(path);

	(void)state;
	/* Who holds the lock of the file is the grandchild alone. */
	snprintf(command, sizeof command, "flock %s sleep 600 & wait", path);
	assert_true(start(command, false));
	snprintf(command, sizeof command, "flock -n %s true", path);
	for (int tries = 0; tries < 6000 && system(command) == 0; tries++)
		poll(NULL, 0, 10);
	shell_stop(&shell);
	wait_for_end();
	assert_int_equal(WTERMSIG(shell.status), SIGKILL);
	snprintf(command, sizeof command, "flock -w 60 %s true", path);
	assert_int_equal(system(command), 0);
	unlink(path);
	close(fd);
}

static void killed_nothing_is_left(void **state)
{
	int before = descriptors();

	(void)state;
	for (int i = 0; i < 20; i++) {
		assert_true(start("sleep 600", i % 2 == 0));
		shell_kill(&shell);
		assert_false(shell_runs(&shell));
		no_child_is_left();
	}
	shell_kill(&shell); /* once more: nothing to do */
	assert_int_equal(descriptors(), before);
}

static void ended_nothing_is_left(void **state)
{
	int before = descriptors();

	(void)state;
	for (int i = 0; i < 20; i++)
		run("printf 1 2>&1 >/dev/null", i % 2 == 0);
	assert_int_equal(descriptors(), before);
	assert_int_equal(shell_fd(&shell), -1);
}

/* What we hid from our own processes is given back, what we put in their place is not passed on. */
static void its_environment_is_the_users(void **state)
{
	(void)state;
	shell_environment_free(environment);
	setenv("PGPASSFILE", "/ours", 1);
	setenv("PGPASSWORD", "ours", 1);
	setenv("OTHER_THING", "kept", 1);
	target = (struct target){.passfile = "/theirs"};
	environment = shell_environment(&target);
	run("echo \"$PGPASSFILE ${PGPASSWORD-none} $OTHER_THING\"", true);
	assert_string_equal(shell.output, "/theirs none kept");
	shell_environment_free(environment);
	target = (struct target){.password = "secret"};
	environment = shell_environment(&target);
	run("echo \"${PGPASSFILE-none} $PGPASSWORD\"", true);
	assert_string_equal(shell.output, "none secret");
}

/* Too few descriptors: an error that says so, and no child. */
static void one_that_cannot_start_says_why(void **state)
{
	struct rlimit before, few;
	int fds[64], n = 0;

	(void)state;
	getrlimit(RLIMIT_NOFILE, &before);
	few = (struct rlimit){.rlim_cur = 64, .rlim_max = before.rlim_max};
	setrlimit(RLIMIT_NOFILE, &few);
	while (n < 64 && (fds[n] = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0)
		n++;
	assert_false(start("true", true)); /* no pipe */
	assert_non_null(strstr(err.text, "open files"));
	assert_false(start("sleep 600", false)); /* it begins but cannot be watched */
	assert_non_null(strstr(err.text, "open files"));
	assert_false(shell_runs(&shell));
	no_child_is_left();
	close(fds[--n]);
	assert_false(start("true", true)); /* half a pipe */
	while (n > 0)
		close(fds[--n]);
	setrlimit(RLIMIT_NOFILE, &before);
	no_child_is_left();
}

static int begin(void **state)
{
	(void)state;
	shell_init(&shell);
	target = (struct target){0};
	environment = shell_environment(&target);
	return 0;
}

static int end(void **state)
{
	(void)state;
	shell_kill(&shell);
	shell_environment_free(environment);
	environment = NULL;
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(the_first_line_is_what_counts, begin, end),
	        cmocka_unit_test_setup_teardown(the_status_is_that_of_waitpid, begin, end),
	        cmocka_unit_test_setup_teardown(it_begins_with_nothing_of_ours, begin, end),
	        cmocka_unit_test_setup_teardown(stopped_it_ends_with_what_it_started, begin, end),
	        cmocka_unit_test_setup_teardown(killed_nothing_is_left, begin, end),
	        cmocka_unit_test_setup_teardown(ended_nothing_is_left, begin, end),
	        cmocka_unit_test_setup_teardown(its_environment_is_the_users, begin, end),
	        cmocka_unit_test_setup_teardown(one_that_cannot_start_says_why, begin, end),
	};

	return cmocka_run_group_tests_name("programs of scripts", tests, NULL, NULL);
}
