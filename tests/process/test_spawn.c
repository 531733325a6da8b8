/* The only fork: what a child has and has not, and that it goes with its parent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "orchestrator/spawn.h"

#define PATIENCE_MS 20000

/* Reads until EOF or n bytes; the pipe does not block. */
static ssize_t read_some(int fd, char *out, size_t n)
{
	size_t got = 0;

	while (got < n) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		if (poll(&p, 1, PATIENCE_MS) <= 0)
			return -1;
		ssize_t r = read(fd, out + got, n - got);
		if (r == 0)
			break;
		if (r < 0 && errno != EAGAIN && errno != EINTR)
			return -1;
		if (r > 0)
			got += (size_t)r;
	}
	return (ssize_t)got;
}

static void wait_end(int pidfd)
{
	struct pollfd p = {.fd = pidfd, .events = POLLIN};
	assert_int_equal(poll(&p, 1, PATIENCE_MS), 1);
}

static void finish(struct spawned *c, int *status, char text[48])
{
	wait_end(c->pidfd);
	assert_true(spawn_reap(c->pid, status, text));
	close(c->pidfd);
	close(c->read_fd);
	close(c->write_fd);
}

static struct spawned start(spawn_body *body, void *argument)
{
	struct spawned c;
	struct err err;

	if (!spawn(body, argument, 0, &c, &err))
		fail_msg("%s", err.text);
	return c;
}

/* Writes the descriptors it has, as "0 1 2 7 9 ". */
static int list_descriptors(void *argument, int read_fd, int write_fd)
{
	char text[4096] = "";
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *entry;

	(void)argument;
	while (dir && (entry = readdir(dir)) != NULL) {
		int fd = atoi(entry->d_name);
		if (entry->d_name[0] == '.' || fd == dirfd(dir))
			continue;
		const char *name = fd == read_fd ? "R" : fd == write_fd ? "W" : entry->d_name;
		snprintf(text + strlen(text), sizeof text - strlen(text), "%s ", name);
	}
	if (dir)
		closedir(dir);
	return write(write_fd, text, strlen(text)) < 0;
}

static void test_only_its_own_descriptors(void **state)
{
	char got[4096] = {0}, text[48];
	int status, extra[20];

	(void)state;
	for (int i = 0; i < 20; i++)
		extra[i] = open("/dev/null", O_RDONLY);
	struct spawned c = start(list_descriptors, NULL);
	assert_true(read_some(c.read_fd, got, sizeof got - 1) > 0);
	int own = 0;
	for (char *word = strtok(got, " "); word; word = strtok(NULL, " ")) {
		own += word[0] == 'R' || word[0] == 'W';
		if (word[0] != 'R' && word[0] != 'W' && atoi(word) > 2)
			fail_msg("descriptor %s came along", word);
	}
	assert_int_equal(own, 2);
	finish(&c, &status, text);
	assert_string_equal(text, "exit 0");
	for (int i = 0; i < 20; i++)
		close(extra[i]);
}

static int wait_for_eof(void *argument, int read_fd, int write_fd)
{
	char c;

	(void)argument;
	(void)write_fd;
	return read(read_fd, &c, 1) == 0 ? 7 : 8;
}

/* A younger sibling lives on: it must not keep the older one's pipe open. */
static void test_eof_in_spite_of_siblings(void **state)
{
	int status;
	char text[48];

	(void)state;
	struct spawned a = start(wait_for_eof, NULL), b = start(wait_for_eof, NULL);
	close(a.write_fd);
	a.write_fd = open("/dev/null", O_RDONLY);
	finish(&a, &status, text);
	assert_string_equal(text, "exit 7");
	/* And its end is EOF for the parent. */
	struct spawned d = start(wait_for_eof, NULL);
	kill(b.pid, SIGKILL);
	char c;
	assert_int_equal(read_some(b.read_fd, &c, 1), 0);
	finish(&b, &status, text);
	assert_string_equal(text, "signal 9");
	close(d.write_fd);
	d.write_fd = open("/dev/null", O_RDONLY);
	finish(&d, &status, text);
}

static int report_signals(void *argument, int read_fd, int write_fd)
{
	struct sigaction action;
	sigset_t mask;
	char answer[3] = "000";

	(void)argument;
	(void)read_fd;
	sigaction(SIGTERM, NULL, &action);
	answer[0] += action.sa_handler == SIG_DFL;
	sigaction(SIGUSR1, NULL, &action);
	answer[1] += action.sa_handler == SIG_DFL;
	sigprocmask(SIG_BLOCK, NULL, &mask);
	answer[2] += !sigismember(&mask, SIGINT) && !sigismember(&mask, SIGTERM);
	return write(write_fd, answer, 3) != 3;
}

static void on_signal(int number)
{
	(void)number;
}

static void test_signals_are_reset(void **state)
{
	sigset_t block, old;
	char got[4] = {0}, text[48];
	int status;

	(void)state;
	signal(SIGTERM, SIG_IGN);
	signal(SIGUSR1, on_signal);
	sigemptyset(&block);
	sigaddset(&block, SIGINT);
	sigaddset(&block, SIGTERM);
	sigprocmask(SIG_BLOCK, &block, &old);
	struct spawned c = start(report_signals, NULL);
	assert_int_equal(read_some(c.read_fd, got, 3), 3);
	assert_string_equal(got, "111");
	finish(&c, &status, text);
	sigprocmask(SIG_SETMASK, &old, NULL);
	signal(SIGTERM, SIG_DFL);
	signal(SIGUSR1, SIG_DFL);
}

static int report_group(void *argument, int read_fd, int write_fd)
{
	pid_t group = getpgrp();
	char c;

	(void)argument;
	if (write(write_fd, &group, sizeof group) != sizeof group)
		return 1;
	return read(read_fd, &c, 1) == 0 ? 0 : 1;
}

static void test_children_share_a_group_of_their_own(void **state)
{
	struct spawned a, b;
	struct err err;
	pid_t group_a, group_b;
	char text[48];
	int status;

	(void)state;
	assert_true(spawn(report_group, NULL, 0, &a, &err));
	assert_true(spawn(report_group, NULL, a.pid, &b, &err));
	assert_int_equal(read_some(a.read_fd, (char *)&group_a, sizeof group_a), sizeof group_a);
	assert_int_equal(read_some(b.read_fd, (char *)&group_b, sizeof group_b), sizeof group_b);
	assert_int_equal(group_a, a.pid);
	assert_int_equal(group_b, a.pid);
	assert_int_not_equal(getpgrp(), a.pid);
	kill(a.pid, SIGKILL);
	kill(b.pid, SIGKILL);
	finish(&a, &status, text);
	finish(&b, &status, text);
}

static int sleep_for_ever(void *argument, int read_fd, int write_fd)
{
	(void)argument;
	(void)read_fd;
	(void)write_fd;
	for (;;)
		pause();
	return 0;
}

/* A parent of its own, so that it can be killed: it tells the pid of its child through a pipe. */
static void test_dies_with_its_parent(void **state)
{
	int tell[2];
	pid_t grandchild;

	(void)state;
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	assert_int_equal(pipe(tell), 0);
	pid_t parent = fork();
	if (parent == 0) {
		struct spawned c;
		struct err err;
		if (!spawn(sleep_for_ever, NULL, 0, &c, &err) || write(tell[1], &c.pid, sizeof c.pid) < 0)
			_exit(1);
		for (;;)
			pause();
	}
	assert_int_equal(read(tell[0], &grandchild, sizeof grandchild), sizeof grandchild);
	kill(parent, SIGKILL);
	assert_int_equal(waitpid(parent, NULL, 0), parent);
	int status = 0;
	pid_t got = 0;
	for (int i = 0; i < PATIENCE_MS / 10 && got == 0; i++) {
		got = waitpid(grandchild, &status, WNOHANG);
		if (got == 0)
			poll(NULL, 0, 10);
	}
	assert_int_equal(got, grandchild);
	/* Killed with its parent; or, when that was before it had asked for this, ended by its own look at the parent.
	 */
	assert_true((WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) ||
	            (WIFEXITED(status) && WEXITSTATUS(status) == 1));
	close(tell[0]);
	close(tell[1]);
}

static int print_and_leave(void *argument, int read_fd, int write_fd)
{
	(void)argument;
	(void)read_fd;
	(void)write_fd;
	printf("child ");
	return 0; /* _exit: this text is never flushed, nor is the parent's again */
}

static void test_buffered_output_appears_once(void **state)
{
#ifdef __SANITIZE_THREAD__
	skip(); /* its run-time library writes out what is buffered in _exit */
#endif
	char path[] = "/tmp/pgparallel-spawn-XXXXXX", text[48], got[100] = {0};
	int file = mkstemp(path), status;

	(void)state;
	assert_true(file >= 0);
	fflush(stdout);
	int saved = dup(1);
	dup2(file, 1);
	setvbuf(stdout, NULL, _IOFBF, 4096);
	printf("parent ");
	struct spawned c = start(print_and_leave, NULL);
	finish(&c, &status, text);
	fflush(stdout);
	dup2(saved, 1);
	close(saved);
	assert_true(pread(file, got, sizeof got - 1, 0) > 0);
	assert_string_equal(got, "parent ");
	close(file);
	unlink(path);
}

static int crash(void *argument, int read_fd, int write_fd)
{
	(void)read_fd;
	(void)write_fd;
	signal(*(int *)argument, SIG_DFL);
	raise(*(int *)argument);
	return 0;
}

static void test_a_signal_is_told_before_an_exit_code(void **state)
{
	int number = SIGTERM, status;
	char text[48];

	(void)state;
	struct spawned c = start(crash, &number);
	finish(&c, &status, text);
	assert_string_equal(text, "signal 15");
}

static void test_no_descriptors_left(void **state)
{
	int held[4096], n = 0;
	struct spawned c;
	struct err err = {0};

	(void)state;
	struct rlimit limit = {256, 256}, old;
	getrlimit(RLIMIT_NOFILE, &old);
	limit.rlim_max = old.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	while (n < 4096 && (held[n] = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0)
		n++;
	bool ok = spawn(sleep_for_ever, NULL, 0, &c, &err);
	while (n > 0)
		close(held[--n]);
	setrlimit(RLIMIT_NOFILE, &old);
	assert_false(ok);
	assert_non_null(strstr(err.text, "ulimit -n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_only_its_own_descriptors),
	        cmocka_unit_test(test_eof_in_spite_of_siblings),
	        cmocka_unit_test(test_signals_are_reset),
	        cmocka_unit_test(test_children_share_a_group_of_their_own),
	        cmocka_unit_test(test_dies_with_its_parent),
	        cmocka_unit_test(test_buffered_output_appears_once),
	        cmocka_unit_test(test_a_signal_is_told_before_an_exit_code),
	        cmocka_unit_test(test_no_descriptors_left),
	};
	return cmocka_run_group_tests_name("spawn", tests, NULL, NULL);
}
