/*
 * shell: a program of this machine that a script starts (\shell, \setshell): /bin/sh -c COMMAND, as pgbench does it.
 *
 * It begins with the standard streams and no other descriptor of ours (standard input is empty), with no terminal to
 * ask questions on, in a session and process group of its own, so that it can be ended with everything it started.
 * Nothing here waits: shell_fd says what to wait for. The session owns it and ends it with shell_kill before it lets it
 * go.
 */
#ifndef WORKER_SHELL_H
#define WORKER_SHELL_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "shared/err.h"
#include "worker/worker.h"

#define SHELL_OUTPUT_MOST 63 /* bytes of a first line; no integer is longer */

struct shell {
	pid_t pid; /* 0 = none runs */
	int exit_fd;
	int output_fd; /* -1 = not read, or at its end */
	char output[SHELL_OUTPUT_MOST + 1]; /* the first line, without its end; what is longer is `cut` */
	size_t len;
	bool line_ended, cut;
	bool silent; /* not a byte came */
	int status; /* of waitpid, once it has ended */
};

/* The environment of such a program: what the user gave us, also what we keep from our own processes, and nothing
 * else. Ends with NULL; the caller owns list and strings and calls shell_environment_free. */
char **shell_environment(const struct target *target);
void shell_environment_free(char **environment);

void shell_init(struct shell *shell);
bool shell_runs(const struct shell *shell);
/* capture: its first line is kept in `output`, else it writes where we do. False: it could not be started. */
bool shell_start(struct shell *shell, const char *command, bool capture, char **environment, struct err *err);
int shell_fd(const struct shell *shell); /* readable when shell_ended is worth a call; -1 = none */
/* Takes what is there. True: it has ended, `status` and `output` stand, and nothing is left of it. */
bool shell_ended(struct shell *shell);
/* Ends it with all it started: it is still to be waited for. */
void shell_stop(struct shell *shell);
/* The same, and no longer waited for than the end of a killed process takes. */
void shell_kill(struct shell *shell);

#endif
