/*
 * cmd: the commands. Each returns the exit code; main dispatches and, at the very end, raises a signal again.
 */
#ifndef ORCHESTRATOR_CMD_H
#define ORCHESTRATOR_CMD_H

#include "orchestrator/options.h"

int cmd_run(struct options *options, int argc, char **argv, int *signal_to_raise);
int cmd_scale(struct options *options, int argc, char **argv, int *signal_to_raise);
int cmd_compare(struct options *options, int argc, char **argv, int *signal_to_raise);
int cmd_list(const struct options *options);
int cmd_show(const struct options *options);
int cmd_pin(const struct options *options);
int cmd_prune(const struct options *options);
int cmd_report(const struct options *options);
int cmd_check(struct options *options, int *signal_to_raise);
int cmd_help(const struct options *options, struct err *err); /* err: no such topic */
int cmd_version(void);
int cmd_builtins(void); /* -b list */

/* The results file: --db, else PGPARALLEL_DB, else $XDG_STATE_HOME/pgparallel/runs.db, ... (interface of the store);
 * creates its folder (0700). EXIT_USAGE when no place is known. */
bool store_path(const struct options *options, char out[4096], struct err *err);
/* EXIT_USAGE when there is no results file yet: pin and prune make none. */
bool store_exists(const char *path, struct err *err);

/* Prints "pgparallel: TEXT" to stderr (and the log) and returns err->code. */
int fail(const struct err *err);

/* "pgparallel 0.1 (gcc 12.2.0), libpq 15.18, OpenSSL 3.0.19, SQLite 3.40.1" */
void client_versions(char *out, size_t size);

/* Appends the command line as a shell would read it, passwords in it written as ***. */
void quote_argv(int argc, char **argv, struct buf *out);

#endif
