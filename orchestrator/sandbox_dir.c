/*
 * sandbox_dir: the directories of --local: a private temporary one for socket and logs, and with --local=DIR the one
 * that is kept. A directory that is not empty and was not made by us is refused. Called by orchestrator/sandbox alone.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "orchestrator/sandbox_parts.h"

static const char marker[] = "pgparallel-local";

/* A socket's path has room for 107 bytes only, ".s.PGSQL.5432.lock" included. */
#define TOP_MOST (sizeof(((struct sockaddr_un *)0)->sun_path) - sizeof "/.s.PGSQL.65535.lock")

static bool make_top_in(struct sandbox *s, const char *folder)
{
	if (folder == NULL || folder[0] != '/' || strlen(folder) + sizeof "/pgparallel-XXXXXX" > TOP_MOST ||
	        !sandbox_reachable(&s->account, folder, NULL))
		return false;
	snprintf(s->top, sizeof s->top, "%s/pgparallel-XXXXXX", folder);
	if (mkdtemp(s->top) != NULL) {
		if (!s->account.drop || chown(s->top, s->account.uid, s->account.gid) == 0)
			return true;
		rmdir(s->top);
	}
	s->top[0] = '\0';
	return false;
}

bool sandbox_make_top(struct sandbox *s, struct err *err)
{
	if (make_top_in(s, getenv("TMPDIR")) || make_top_in(s, "/tmp") || make_top_in(s, "/var/tmp") ||
	        make_top_in(s, "/dev/shm"))
		return true;
	return err_set(err, EXIT_USAGE,
	        "cannot make a directory in $TMPDIR, /tmp, /var/tmp or /dev/shm for the server's socket: %s",
	        strerror(errno));
}

static bool empty(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *entry;
	bool answer = true;

	if (d == NULL)
		return false;
	while (answer && (entry = readdir(d)) != NULL)
		answer = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
	closedir(d);
	return answer;
}

/* Makes DIR ours: an empty one gets the marker, one with the marker is ours already. The lock keeps a second
 * pgparallel from starting a second server on the same data. */
static bool claim(struct sandbox *s, const char *dir, struct err *err)
{
	char path[PATH_MAX + sizeof marker + 1];
	bool fresh = empty(dir);

	snprintf(path, sizeof path, "%s/%s", dir, marker);
	s->marker_fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | (fresh ? O_CREAT : 0), 0600);
	if (s->marker_fd < 0 && errno == ENOENT)
		return err_set(err, EXIT_USAGE,
		        "%s is not empty and was not made by pgparallel --local: choose an empty or a new directory",
		        dir);
	if (s->marker_fd < 0)
		return err_set(err, EXIT_USAGE, "cannot open %s: %s", path, strerror(errno));
	if (flock(s->marker_fd, LOCK_EX | LOCK_NB) != 0)
		return err_set(err, EXIT_LOCKED,
		        "%s is in use by another pgparallel: wait for it to end or choose another directory", dir);
	if (fresh && s->account.drop &&
	        (fchown(s->marker_fd, s->account.uid, s->account.gid) != 0 ||
	                chown(dir, s->account.uid, s->account.gid) != 0))
		return err_set(
		        err, EXIT_USAGE, "cannot give %s to the account %s: %s", dir, s->account.name, strerror(errno));
	return true;
}

/* Major version of the data, 0 when there is none yet. */
static int data_major(const char *data)
{
	char path[PATH_MAX];
	FILE *file;
	int major = 0;

	snprintf(path, sizeof path, "%s/PG_VERSION", data);
	file = fopen(path, "re");
	if (file == NULL)
		return 0;
	if (fscanf(file, "%d", &major) != 1)
		major = 0;
	fclose(file);
	return major;
}

bool sandbox_open_kept(struct sandbox *s, const char *dir, int *major, struct err *err)
{
	char full[PATH_MAX];

	if (mkdir(dir, 0700) != 0 && errno != EEXIST)
		return err_set(err, EXIT_USAGE, "cannot make the directory %s: %s", dir, strerror(errno));
	if (realpath(dir, full) == NULL)
		return err_set(err, EXIT_USAGE, "cannot use %s: %s", dir, strerror(errno));
	if (strlen(full) + sizeof "/data" > sizeof s->data)
		return err_set(err, EXIT_USAGE, "the path of %s is too long", dir);
	if (!claim(s, full, err) || !sandbox_reachable(&s->account, full, err))
		return false;
	snprintf(s->data, sizeof s->data, "%.*s/data", (int)(sizeof s->data - sizeof "/data"), full);
	*major = data_major(s->data);
	return true;
}
