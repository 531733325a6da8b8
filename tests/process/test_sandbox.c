/*
 * test_sandbox: --local on the real server programs (needs a server installed): it starts, answers on its socket,
 * leaves nothing behind, also after kill -9, keeps and reuses a directory, and refuses one that is not ours. As root it
 * drops by itself; the same tests also run as nobody when we are root. Skipped where the server programs are missing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "orchestrator/sandbox.h"
#include "orchestrator/sandbox_parts.h"
#include "shared/clock.h"

static char base[64]; /* directory of this test, reachable by every account */

static bool answers(const char *host, const char *socket_port)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool connected;

	snprintf(address.sun_path, sizeof address.sun_path, "%s/.s.PGSQL.%s", host, socket_port);
	connected = connect(fd, (struct sockaddr *)&address, sizeof address) == 0;
	close(fd);
	return connected;
}

/* A condition with a generous deadline; the promised time is a second or so. */
static bool becomes_gone(const char *path)
{
	int64_t deadline = clock_now_ns() + 30 * NS_PER_S;

	while (access(path, F_OK) == 0) {
		if (clock_now_ns() > deadline)
			return false;
		poll(NULL, 0, 20);
	}
	return true;
}

static void assert_no_children(void)
{
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

static void starts_and_leaves_nothing(void **state)
{
	struct sandbox *s;
	struct err err;
	struct stat st;
	char host[PATH_MAX];

	(void)state;
	s = sandbox_start(NULL, &err);
	if (s == NULL)
		fail_msg("%s", err.text);
	snprintf(host, sizeof host, "%s", sandbox_host(s));
	assert_true(answers(host, sandbox_port(s)));
	assert_int_equal(stat(host, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	assert_int_not_equal(st.st_uid, 0);
	sandbox_stop(s);
	assert_int_not_equal(access(host, F_OK), 0);
	assert_no_children();
}

static void keeps_a_directory(void **state)
{
	struct sandbox *s;
	struct err err;
	struct stat first, second;
	char dir[128], file[256], host[PATH_MAX];

	(void)state;
	snprintf(dir, sizeof dir, "%s/kept", base);
	snprintf(file, sizeof file, "%s/data/PG_VERSION", dir);
	for (int round = 0; round < 2; round++) {
		s = sandbox_start(dir, &err);
		if (s == NULL)
			fail_msg("round %d: %s", round, err.text);
		snprintf(host, sizeof host, "%s", sandbox_host(s));
		assert_true(answers(host, sandbox_port(s)));
		assert_int_equal(stat(file, round == 0 ? &first : &second), 0);
		sandbox_stop(s);
		assert_int_not_equal(access(host, F_OK), 0);
	}
	assert_int_equal(first.st_ino, second.st_ino); /* not made anew */
	assert_no_children();
}

static void refuses_a_directory_in_use(void **state)
{
	struct sandbox *s, *other;
	struct err err;
	char dir[128];

	(void)state;
	snprintf(dir, sizeof dir, "%s/kept", base);
	s = sandbox_start(dir, &err);
	if (s == NULL)
		fail_msg("%s", err.text);
	other = sandbox_start(dir, &err);
	assert_null(other);
	assert_non_null(strstr(err.text, "in use"));
	assert_int_equal(err.code, EXIT_LOCKED);
	sandbox_stop(s);
	assert_no_children();
}

static void refuses_a_foreign_directory(void **state)
{
	struct err err;
	char dir[128], file[256];
	int fd;

	(void)state;
	snprintf(dir, sizeof dir, "%s/foreign", base);
	snprintf(file, sizeof file, "%s/letter.txt", dir);
	assert_int_equal(mkdir(dir, 0755), 0);
	fd = open(file, O_CREAT | O_WRONLY, 0600);
	close(fd);
	assert_null(sandbox_start(dir, &err));
	assert_int_equal(err.code, EXIT_USAGE);
	assert_non_null(strstr(err.text, "not empty"));
	assert_int_equal(access(file, F_OK), 0);
	assert_no_children();
}

static void a_directory_out_of_reach_is_named(void **state)
{
	struct err err;
	char inner[160], outer[128];

	(void)state;
	if (getuid() != 0)
		return; /* the server is ourselves then: what we can make, it can reach */
	snprintf(outer, sizeof outer, "%s/closed", base);
	snprintf(inner, sizeof inner, "%s/data", outer);
	assert_int_equal(mkdir(outer, 0700), 0);
	assert_null(sandbox_start(inner, &err));
	assert_int_equal(err.code, EXIT_USAGE);
	assert_non_null(strstr(err.text, outer));
	assert_no_children();
}

/* Starts one in a process of its own and tells host and server pid through a pipe. */
struct told {
	char host[256];
	pid_t server;
};

static pid_t start_elsewhere(struct told *told)
{
	int fds[2];
	pid_t pid;

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		struct err err;
		struct sandbox *s = sandbox_start(NULL, &err);

		if (s == NULL)
			_exit(1);
		snprintf(told->host, sizeof told->host, "%s", sandbox_host(s));
		told->server = s->server.pid;
		if (write(fds[1], told, sizeof *told) != sizeof *told)
			_exit(1);
		for (;;)
			pause();
	}
	close(fds[1]);
	assert_int_equal(read(fds[0], told, sizeof *told), sizeof *told);
	close(fds[0]);
	return pid;
}

static void kill_9_leaves_nothing(void **state)
{
	struct told told;
	char proc[64];
	pid_t pid = start_elsewhere(&told);

	(void)state;
	assert_true(answers(told.host, "5432"));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	assert_true(becomes_gone(told.host));
	snprintf(proc, sizeof proc, "/proc/%d/stat", told.server);
	assert_true(becomes_gone(proc));
}

static void a_stopped_backend_does_not_hold_the_end(void **state)
{
	struct sandbox *s;
	struct err err;
	char host[PATH_MAX];

	(void)state;
	s = sandbox_start(NULL, &err);
	if (s == NULL)
		fail_msg("%s", err.text);
	snprintf(host, sizeof host, "%s", sandbox_host(s));
	kill(s->server.pid, SIGSTOP);
	sandbox_stop(s);
	assert_int_not_equal(access(host, F_OK), 0);
	assert_no_children();
}

static void missing_programs_name_the_package(void **state)
{
	struct err err;
	char bin[PATH_MAX];

	(void)state;
	assert_false(sandbox_programs(99, bin, sizeof bin, &err)); /* no such version */
	assert_int_equal(err.code, EXIT_USAGE);
	assert_non_null(strstr(err.text, "postgresql-99"));
}

static int run_all(void)
{
	static const struct CMUnitTest tests[] = {cmocka_unit_test(starts_and_leaves_nothing),
	        cmocka_unit_test(keeps_a_directory), cmocka_unit_test(refuses_a_directory_in_use),
	        cmocka_unit_test(refuses_a_foreign_directory), cmocka_unit_test(a_directory_out_of_reach_is_named),
	        cmocka_unit_test(kill_9_leaves_nothing), cmocka_unit_test(a_stopped_backend_does_not_hold_the_end),
	        cmocka_unit_test(missing_programs_name_the_package)};

	return cmocka_run_group_tests_name(getuid() == 0 ? "sandbox as root" : "sandbox", tests, NULL, NULL);
}

static void remove_base(void)
{
	char command[128];

	snprintf(command, sizeof command, "rm -rf %s", base);
	if (base[0] != '\0' && system(command) != 0)
		fprintf(stderr, "%s was not removed\n", base);
}

static int run_as(uid_t uid, gid_t gid)
{
	int status = 1;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		if (setgroups(0, NULL) != 0 || setgid(gid) != 0 || setuid(uid) != 0)
			_exit(1);
		snprintf(base, sizeof base, "/tmp/test_sandbox.XXXXXX");
		if (mkdtemp(base) == NULL)
			_exit(1);
		chmod(base, 0755);
		status = run_all();
		remove_base();
		fflush(NULL);
		_exit(status != 0);
	}
	waitpid(pid, &status, 0);
	return status != 0;
}

int main(void)
{
	char bin[PATH_MAX];
	int failed;

	if (!sandbox_programs(0, bin, sizeof bin, NULL)) {
		printf("ok 1 - sandbox # SKIP no PostgreSQL server programs\n");
		return 0;
	}
	snprintf(base, sizeof base, "/tmp/test_sandbox.XXXXXX");
	if (mkdtemp(base) == NULL)
		return 1;
	chmod(base, 0755);
	failed = run_all();
	remove_base();
	if (getuid() == 0 && failed == 0) {
		failed = run_as(65534, 65534);
	}
	return failed;
}
