/*
 * sandbox_parts: what the files of --local share. Only orchestrator/sandbox*.c include it.
 */
#ifndef ORCHESTRATOR_SANDBOX_PARTS_H
#define ORCHESTRATOR_SANDBOX_PARTS_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

#include "orchestrator/sandbox.h"
#include "orchestrator/spawn.h"
#include "shared/err.h"

/* Who the server runs as: ourselves, or as root an unprivileged account. */
struct account {
	char name[64];
	uid_t uid;
	gid_t gid;
	bool drop; /* we are root and have to become it */
};

struct sandbox {
	struct account account;
	char bin[PATH_MAX / 2]; /* folder of initdb and postgres */
	char top[PATH_MAX / 4]; /* private temporary directory: socket, logs, and the data of a throwaway */
	char data[PATH_MAX / 2];
	char port[8];
	bool keep; /* --local=DIR */
	int marker_fd; /* of a kept directory, locked while we use it; -1 = none */
	struct spawned keeper; /* removes top, also when we are killed; pid 0 = none */
	struct spawned server; /* pid 0 = none */
};

/* sandbox_find: the account, the programs, whether the account can get at a path. */
bool sandbox_account(struct account *account, struct err *err);
/* major 0: the newest found; else exactly that version (of a kept directory). */
bool sandbox_programs(int major, char *bin, size_t size, struct err *err);
bool sandbox_reachable(const struct account *account, const char *path, struct err *err);

/* sandbox_dir: the directories. */
bool sandbox_make_top(struct sandbox *s, struct err *err);
bool sandbox_open_kept(struct sandbox *s, const char *dir, int *major, struct err *err);

/* sandbox_child: the children; all of them end with us. */
/* Runs argv (looked up by its full path) as the account and waits for it. log: file for its output. */
bool sandbox_run(const struct sandbox *s, char *const argv[], const char *log, int seconds, struct err *err);
/* What argv prints on standard output, run as ourselves; false when it did not end with 0. */
bool sandbox_ask(char *const argv[], char *out, size_t size);
bool sandbox_start_keeper(struct sandbox *s, struct err *err);
bool sandbox_start_server(struct sandbox *s, char *const argv[], const char *log, struct err *err);
bool sandbox_wait_ready(struct sandbox *s, const char *log, struct err *err);
void sandbox_end_server(struct sandbox *s);
void sandbox_end_keeper(struct sandbox *s);

#endif
