/*
 * sandbox_child: the children of --local, and the one place of it that waits. Every wait has a deadline.
 *
 * They are started through orchestrator/spawn, whose child ends with its parent; as changing the account clears the
 * parent-death signal it is set again afterwards, for the server to SIGQUIT (an immediate shutdown).
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "orchestrator/sandbox_parts.h"
#include "shared/clock.h"

#define READY_SECONDS 60
#define FAST_SECONDS 5
#define IMMEDIATE_SECONDS 10
#define REMOVE_SECONDS 20

struct job {
	const struct sandbox *s; /* NULL: as ourselves */
	char *const *argv;
	const char *log; /* NULL: standard output goes up the pipe */
	int death_signal;
	pid_t parent;
};

/* ---- in the child ---- */

static bool become(const struct account *account)
{
	if (!account->drop)
		return true;
	if (initgroups(account->name, account->gid) == 0 && setgid(account->gid) == 0 && setuid(account->uid) == 0)
		return true;
	dprintf(2, "cannot become the account %s: %s\n", account->name, strerror(errno));
	return false;
}

static bool redirect(const char *log, int write_fd)
{
	int in = open("/dev/null", O_RDWR | O_CLOEXEC);
	int out = log == NULL ? write_fd : open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	int errors = log == NULL ? in : out;

	return in >= 0 && out >= 0 && dup2(in, 0) == 0 && dup2(out, 1) == 1 && dup2(errors, 2) == 2;
}

/* The server inherits nothing that could configure it behind our back (PGDATA, PGPORT, PGTZ, ...). */
static void exec_clean(char *const argv[], const char *home)
{
	static const char *const kept[] = {"PATH", "TZ", "TMPDIR", "LD_LIBRARY_PATH"};
	char home_text[PATH_MAX], kept_text[4][4096];
	char *environment[8];
	int n = 0;

	snprintf(home_text, sizeof home_text, "HOME=%s", home);
	environment[n++] = home_text;
	environment[n++] = "LC_ALL=C";
	for (int i = 0; i < 4; i++) {
		const char *value = getenv(kept[i]);

		if (value == NULL || strlen(value) + 20 > sizeof kept_text[i])
			continue;
		snprintf(kept_text[i], sizeof kept_text[i], "%s=%s", kept[i], value);
		environment[n++] = kept_text[i];
	}
	environment[n] = NULL;
	execve(argv[0], argv, environment);
	dprintf(2, "cannot run %s: %s\n", argv[0], strerror(errno));
}

static int job_body(void *argument, int read_fd, int write_fd)
{
	const struct job *job = argument;

	close(read_fd);
	/* As the account, so that the log is its own. */
	if ((job->s != NULL && !become(&job->s->account)) || !redirect(job->log, write_fd))
		return 126;
	prctl(PR_SET_PDEATHSIG, job->death_signal);
	if (getppid() != job->parent)
		return 126;
	if (chdir(job->s != NULL ? job->s->top : "/") != 0)
		return 126;
	signal(SIGPIPE, SIG_DFL);
	exec_clean(job->argv, job->s != NULL ? job->s->top : "/");
	return 127;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st;
	(void)kind;
	(void)ftw;
	remove(path);
	return 0;
}

/* Waits for the end of the pipe, for the server's end, and removes the directory; a killed initdb's children may
 * still be writing into it, so it tries until the directory is gone. */
static int keeper_body(void *argument, int read_fd, int write_fd)
{
	struct sandbox *s = argument;
	int64_t deadline;
	int pidfd = -1;
	pid_t server;

	/* Whatever ends the parent must not end the keeper: the end of the pipe tells it. */
	for (int number = 1; number < NSIG; number++)
		if (number != SIGKILL && number != SIGSTOP)
			signal(number, SIG_IGN);
	close(write_fd);
	if (!become(&s->account))
		return 1;
	prctl(PR_SET_PDEATHSIG, 0);
	if (chdir("/") != 0)
		return 1;
	while (read(read_fd, &server, sizeof server) == sizeof server)
		pidfd = (int)syscall(SYS_pidfd_open, server, 0);
	if (pidfd >= 0) {
		struct pollfd p = {.fd = pidfd, .events = POLLIN};

		poll(&p, 1, IMMEDIATE_SECONDS * 1000);
	}
	deadline = clock_now_ns() + REMOVE_SECONDS * NS_PER_S;
	while (nftw(s->top, remove_one, 16, FTW_DEPTH | FTW_PHYS), access(s->top, F_OK) == 0) {
		if (clock_now_ns() > deadline)
			return 1;
		poll(NULL, 0, 20);
	}
	return 0;
}

/* ---- in the parent ---- */

static void close_spawned(struct spawned *child)
{
	if (child->write_fd >= 0)
		close(child->write_fd);
	if (child->read_fd >= 0)
		close(child->read_fd);
	if (child->pidfd >= 0)
		close(child->pidfd);
	memset(child, 0, sizeof *child);
	child->write_fd = child->read_fd = child->pidfd = -1;
}

/* True when the child ended within so many milliseconds; it is reaped then. */
static bool wait_end(struct spawned *child, int64_t ms, int *status, char text[48])
{
	int64_t deadline = clock_now_ns() + ms * NS_PER_MS;
	struct pollfd p = {.fd = child->pidfd, .events = POLLIN};

	while (!spawn_reap(child->pid, status, text)) {
		int64_t left = (deadline - clock_now_ns() + NS_PER_MS - 1) / NS_PER_MS;

		if (left <= 0)
			return false;
		poll(&p, 1, (int)left);
	}
	return true;
}

static void kill_and_reap(struct spawned *child)
{
	char text[48];
	int status;

	kill(child->pid, SIGKILL); /* our own child, not reaped yet */
	wait_end(child, 5000, &status, text);
	close_spawned(child);
}

/* The last lines of a log, on one line, for a message. */
static void tail_of(const char *path, char *out, size_t size)
{
	char text[4096];
	FILE *file = fopen(path, "re");
	size_t len = 0, from;
	int lines = 0;

	snprintf(out, size, "(no output)");
	if (file == NULL)
		return;
	fseek(file, 0, SEEK_END);
	fseek(file, ftell(file) > (long)sizeof text - 1 ? -(long)(sizeof text - 1) : -ftell(file), SEEK_END);
	len = fread(text, 1, sizeof text - 1, file);
	fclose(file);
	while (len > 0 && text[len - 1] == '\n')
		len--;
	text[len] = '\0';
	for (from = len; from > 0 && len - from < size - 1; from--)
		if (text[from - 1] == '\n' && ++lines == 5)
			break;
	for (size_t i = from; i < len; i++)
		if (text[i] == '\n')
			text[i] = '|';
	if (len > 0)
		snprintf(out, size, "%.*s", (int)size - 1, text + from);
}

bool sandbox_run(const struct sandbox *s, char *const argv[], const char *log, int seconds, struct err *err)
{
	struct job job = {.s = s, .argv = argv, .log = log, .death_signal = SIGTERM, .parent = getpid()};
	struct spawned child;
	char text[48], last[600];
	int status;

	if (!spawn(job_body, &job, 0, &child, err))
		return false;
	if (!wait_end(&child, (int64_t)seconds * 1000, &status, text)) {
		kill_and_reap(&child);
		return err_set(err, EXIT_USAGE, "%s did not end within %d s", argv[0], seconds);
	}
	close_spawned(&child);
	if (status == 0)
		return true;
	tail_of(log, last, sizeof last);
	return err_set(err, EXIT_USAGE, "%s failed (%s): %s", argv[0], text, last);
}

bool sandbox_ask(char *const argv[], char *out, size_t size)
{
	struct job job = {.argv = argv, .death_signal = SIGKILL, .parent = getpid()};
	struct spawned child;
	char text[48];
	ssize_t n;
	int status;

	if (!spawn(job_body, &job, 0, &child, NULL))
		return false;
	if (!wait_end(&child, 10000, &status, text)) {
		kill_and_reap(&child);
		return false;
	}
	n = read(child.read_fd, out, size - 1); /* it ended: what it wrote is in the pipe */
	close_spawned(&child);
	if (n <= 0)
		return false;
	out[n] = '\0';
	return status == 0;
}

bool sandbox_start_keeper(struct sandbox *s, struct err *err)
{
	return spawn(keeper_body, s, 0, &s->keeper, err);
}

bool sandbox_start_server(struct sandbox *s, char *const argv[], const char *log, struct err *err)
{
	struct job job = {.s = s, .argv = argv, .log = log, .death_signal = SIGQUIT, .parent = getpid()};

	if (!spawn(job_body, &job, 0, &s->server, err))
		return false;
	if (write(s->keeper.write_fd, &s->server.pid, sizeof s->server.pid) != sizeof s->server.pid)
		return err_set(err, EXIT_CONNECT, "the helper that cleans up after the server has ended");
	return true;
}

/* The server writes its state into the eighth line of postmaster.pid; our pid stands in the first. */
static bool is_ready(const struct sandbox *s)
{
	char path[PATH_MAX], line[256];
	bool ready = false;
	FILE *file;

	snprintf(path, sizeof path, "%s/postmaster.pid", s->data);
	file = fopen(path, "re");
	if (file == NULL)
		return false;
	for (int number = 1; fgets(line, sizeof line, file) != NULL; number++) {
		if (number == 1 && atoi(line) != s->server.pid)
			break;
		if (number == 8)
			ready = strncmp(line, "ready", 5) == 0;
	}
	fclose(file);
	return ready;
}

bool sandbox_wait_ready(struct sandbox *s, const char *log, struct err *err)
{
	int64_t deadline = clock_now_ns() + READY_SECONDS * NS_PER_S;
	char text[48], last[600];
	int status;

	while (!is_ready(s)) {
		if (wait_end(&s->server, 5, &status, text)) {
			close_spawned(&s->server);
			tail_of(log, last, sizeof last);
			return err_set(err, EXIT_CONNECT, "the server did not start (%s): %s", text, last);
		}
		if (clock_now_ns() > deadline) {
			tail_of(log, last, sizeof last);
			return err_set(
			        err, EXIT_CONNECT, "the server was not ready within %d s: %s", READY_SECONDS, last);
		}
	}
	return true;
}

void sandbox_end_server(struct sandbox *s)
{
	char text[48];
	int status;

	if (s->server.pid <= 0)
		return;
	kill(s->server.pid, SIGINT); /* fast shutdown */
	kill(s->server.pid, SIGCONT); /* which a stopped one would not notice */
	if (!wait_end(&s->server, FAST_SECONDS * 1000, &status, text)) {
		kill(s->server.pid, SIGQUIT); /* immediate: it also kills backends that do not listen */
		if (!wait_end(&s->server, IMMEDIATE_SECONDS * 1000, &status, text)) {
			kill_and_reap(&s->server);
			return;
		}
	}
	close_spawned(&s->server);
}

void sandbox_end_keeper(struct sandbox *s)
{
	char text[48];
	int status;

	if (s->keeper.pid <= 0) {
		if (s->top[0] != '\0')
			rmdir(s->top);
		return;
	}
	close(s->keeper.write_fd);
	s->keeper.write_fd = -1;
	if (wait_end(&s->keeper, (REMOVE_SECONDS + IMMEDIATE_SECONDS) * 1000, &status, text))
		close_spawned(&s->keeper);
	else
		kill_and_reap(&s->keeper);
}
