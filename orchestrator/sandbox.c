/*
 * sandbox: --local from start to stop. The caller owns the struct sandbox between sandbox_start and sandbox_stop.
 *
 * Children: initdb (once), the server itself (not through pg_ctl, so that its pid is ours), and a keeper that removes
 * the temporary directory when its pipe ends, so that kill -9 of this program leaves nothing behind.
 */
#include "orchestrator/sandbox.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "orchestrator/sandbox_parts.h"
#include "shared/buf.h"

#define INITDB_SECONDS 180
static const char port[] = "5432"; /* the socket's directory is private: any number is free */

static bool exists(const char *folder, const char *name)
{
	char path[PATH_MAX];
	struct stat st;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	return stat(path, &st) == 0;
}

/* initdb works on DATA.new, which becomes DATA when it is whole: one that was killed leaves nothing half made. */
static bool init_data(struct sandbox *s, struct err *err)
{
	char program[PATH_MAX], fresh[PATH_MAX], log[PATH_MAX];
	char *const argv[] = {program, "-D", fresh, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C",
	        "--no-sync", "--no-instructions", NULL};
	char *const remove[] = {"/bin/rm", "-rf", fresh, NULL};

	if (exists(s->data, "PG_VERSION"))
		return true;
	snprintf(program, sizeof program, "%s/initdb", s->bin);
	snprintf(fresh, sizeof fresh, "%s.new", s->data);
	snprintf(log, sizeof log, "%s/initdb.log", s->top);
	if (access(fresh, F_OK) == 0 && !sandbox_run(s, remove, log, INITDB_SECONDS, err))
		return false;
	if (!sandbox_run(s, argv, log, INITDB_SECONDS, err))
		return false;
	if (rename(fresh, s->data) != 0)
		return err_set(err, EXIT_USAGE, "cannot rename %s to %s: %s", fresh, s->data, strerror(errno));
	return true;
}

static bool start_server(struct sandbox *s, struct err *err)
{
	char program[PATH_MAX], sockets[PATH_MAX], log[PATH_MAX];
	/* Durability of a throwaway is of no use; it would only add the disk's noise to what is measured. */
	char *durable = s->keep ? "fsync=on" : "fsync=off";
	char *pages = s->keep ? "full_page_writes=on" : "full_page_writes=off";
	char *const argv[] = {program, "-D", s->data, "-p", s->port, "-c", "listen_addresses=", "-c", sockets, "-c",
	        "unix_socket_permissions=0700", "-c", "max_connections=300", "-c", "cluster_name=pgparallel", "-c",
	        durable, "-c", pages, "-c", "logging_collector=off", "-c", "log_destination=stderr", NULL};

	snprintf(program, sizeof program, "%s/postgres", s->bin);
	snprintf(sockets, sizeof sockets, "unix_socket_directories=%s", s->top);
	snprintf(log, sizeof log, "%s/server.log", s->top);
	return sandbox_start_server(s, argv, log, err) && sandbox_wait_ready(s, log, err);
}

static bool start(struct sandbox *s, const char *dir, struct err *err)
{
	int major = 0;

	if (!sandbox_account(&s->account, err) || !sandbox_make_top(s, err) || !sandbox_start_keeper(s, err))
		return false;
	if (dir != NULL) {
		if (!sandbox_open_kept(s, dir, &major, err))
			return false;
	} else {
		snprintf(s->data, sizeof s->data, "%s/data", s->top);
	}
	return sandbox_programs(major, s->bin, sizeof s->bin, err) && init_data(s, err) && start_server(s, err);
}

struct sandbox *sandbox_start(const char *dir, struct err *err)
{
	struct sandbox *s = mem_zero(1, sizeof *s);

	s->marker_fd = -1;
	s->keep = dir != NULL;
	memcpy(s->port, port, sizeof port);
	if (start(s, dir, err))
		return s;
	err_prefix(err, "--local");
	sandbox_stop(s);
	return NULL;
}

const char *sandbox_host(const struct sandbox *s)
{
	return s->top;
}

const char *sandbox_port(const struct sandbox *s)
{
	return s->port;
}

const char *sandbox_user(const struct sandbox *s)
{
	(void)s;
	return "postgres";
}

const char *sandbox_dbname(const struct sandbox *s)
{
	(void)s;
	return "postgres";
}

void sandbox_stop(struct sandbox *s)
{
	if (s == NULL)
		return;
	sandbox_end_server(s);
	sandbox_end_keeper(s);
	if (s->marker_fd >= 0)
		close(s->marker_fd);
	free(s);
}
