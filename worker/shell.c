/*
 * shell: see shell.h. Only session_load_shell.c and tests call it.
 *
 * posix_spawn and never fork: a worker may have threads, and a copy of its memory has no place in a foreign program.
 */
#include "worker/shell.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shared/buf.h"

#define KILLED_MS 1000 /* a killed process is gone by then, unless the kernel holds it */

/* ---- its environment ---- */

static bool is_named(const char *entry, const char *name)
{
	size_t len = strlen(name);

	return strncmp(entry, name, len) == 0 && entry[len] == '=';
}

static char *entry_of(const char *name, const char *value)
{
	struct buf entry = {0};

	buf_printf(&entry, "%s=%s", name, value);
	return entry.data;
}

char **shell_environment(const struct target *target)
{
	size_t count = 0, n = 0;

	while (environ[count])
		count++;
	char **list = mem_zero(count + 3, sizeof *list);

	for (size_t i = 0; i < count; i++)
		if (!is_named(environ[i], "PGPASSWORD") && !is_named(environ[i], "PGPASSFILE"))
			list[n++] = mem_strdup(environ[i]);
	if (target->password)
		list[n++] = entry_of("PGPASSWORD", target->password);
	if (target->passfile)
		list[n++] = entry_of("PGPASSFILE", target->passfile);
	return list;
}

void shell_environment_free(char **environment)
{
	for (char **entry = environment; entry && *entry; entry++) {
		explicit_bzero(*entry, strlen(*entry));
		free(*entry);
	}
	free(environment);
}

/* ---- starting ---- */

void shell_init(struct shell *shell)
{
	*shell = (struct shell){.exit_fd = -1, .output_fd = -1};
}

bool shell_runs(const struct shell *shell)
{
	return shell->pid > 0;
}

static void close_if_open(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* A session of its own: it has no terminal, so that a program that would ask for a password fails instead of waiting
 * for ever, and one signal ends it with all it started. */
static int spawn_program(pid_t *pid, const char *command, int output, char **environment)
{
	char *argv[] = {"sh", "-c", (char *)(uintptr_t)command, NULL};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none, usual;
	int problem;

	sigemptyset(&none);
	sigemptyset(&usual);
	sigaddset(&usual, SIGPIPE); /* we ignore it, programs rely on it */
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
	posix_spawnattr_setsigdefault(&attributes, &usual);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawn_file_actions_init(&actions);
	problem = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	if (problem == 0 && output >= 0)
		problem = posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
	/* Not all are closed by exec: libpq makes its sockets so only after it has opened them. */
	if (problem == 0)
		problem = posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
	if (problem == 0)
		problem = posix_spawn(pid, "/bin/sh", &actions, &attributes, argv, environment);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	return problem;
}

bool shell_start(struct shell *shell, const char *command, bool capture, char **environment, struct err *err)
{
	int ends[2] = {-1, -1}, problem = 0;

	shell_init(shell);
	shell->silent = true;
	if (capture && pipe2(ends, O_CLOEXEC) != 0)
		return err_set(err, EXIT_TASKS, "cannot open a pipe: %s", strerror(errno));
	if (capture && fcntl(ends[0], F_SETFL, O_NONBLOCK) != 0)
		problem = errno;
	if (problem == 0)
		problem = spawn_program(&shell->pid, command, ends[1], environment);
	close_if_open(&ends[1]);
	shell->output_fd = ends[0];
	if (problem != 0)
		shell->pid = 0;
	else
		shell->exit_fd = (int)syscall(SYS_pidfd_open, shell->pid, 0);
	if (problem == 0 && shell->exit_fd >= 0)
		return true;
	if (problem == 0)
		problem = errno;
	shell_kill(shell);
	return err_set(err, EXIT_TASKS, "cannot start a program: %s", strerror(problem));
}

/* ---- its end ---- */

int shell_fd(const struct shell *shell)
{
	return shell->output_fd >= 0 ? shell->output_fd : shell->exit_fd;
}

/* Only the first line counts, as pgbench takes it. */
static void take_output(struct shell *shell, const char *text, size_t len)
{
	shell->silent = shell->silent && len == 0;
	for (size_t i = 0; i < len && !shell->line_ended; i++) {
		if (text[i] == '\n')
			shell->line_ended = true;
		else if (shell->len == SHELL_OUTPUT_MOST)
			shell->cut = true;
		else
			shell->output[shell->len++] = text[i];
	}
	shell->output[shell->len] = '\0';
}

/* What comes after the first line nobody reads: who writes more meets a closed pipe, as with pgbench. */
static void read_output(struct shell *shell)
{
	char text[512];
	ssize_t got;

	while (shell->output_fd >= 0 && !shell->line_ended && !shell->cut) {
		got = read(shell->output_fd, text, sizeof text);
		if (got > 0)
			take_output(shell, text, (size_t)got);
		else if (got == 0 || (errno != EINTR && errno != EAGAIN))
			close_if_open(&shell->output_fd);
		else if (errno == EAGAIN)
			return;
	}
	close_if_open(&shell->output_fd);
}

static bool reap(struct shell *shell)
{
	pid_t answer;

	do
		answer = waitpid(shell->pid, &shell->status, WNOHANG);
	while (answer < 0 && errno == EINTR);
	if (answer == 0)
		return false;
	if (answer < 0)
		shell->status = -1;
	shell->pid = 0;
	close_if_open(&shell->exit_fd);
	return true;
}

bool shell_ended(struct shell *shell)
{
	read_output(shell);
	return shell->output_fd < 0 && reap(shell);
}

void shell_stop(struct shell *shell)
{
	close_if_open(&shell->output_fd);
	if (shell->pid <= 0)
		return;
	/* Ours and not waited for: neither number can be another's. */
	kill(-shell->pid, SIGKILL);
	kill(shell->pid, SIGKILL);
}

void shell_kill(struct shell *shell)
{
	shell_stop(shell);
	if (shell->pid > 0 && !reap(shell)) {
		struct pollfd end = {.fd = shell->exit_fd, .events = POLLIN};

		/* Without a pidfd it had hardly begun: nothing can hold it. */
		if (end.fd < 0)
			while (waitpid(shell->pid, &shell->status, 0) < 0 && errno == EINTR)
				;
		else if (poll(&end, 1, KILLED_MS) > 0)
			reap(shell);
	}
	close_if_open(&shell->exit_fd);
	shell->pid = 0;
}
