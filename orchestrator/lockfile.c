/*
 * lockfile: see lockfile.h. The lock lives as long as any inherited copy of the descriptor: children close it first
 * thing (orchestrator/spawn). Called by the commands that write the store.
 */
#include "orchestrator/lockfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "shared/clock.h"
#include "shared/log.h"

#define WAIT_STEP_NS (20 * NS_PER_MS)

static bool lock_path(char out[4096], const char *store_path, const char *suffix, struct err *err)
{
	int len = snprintf(out, 4096, "%s%s", store_path, suffix);

	if (len < 0 || len >= 4096)
		return err_set(err, EXIT_USAGE, "the path of the results file is too long: %.200s...", store_path);
	return true;
}

/* What the holder wrote for people: "pid 4711, run 12". It may be anything, and is made printable. */
static void read_holder(int fd, char out[128])
{
	char raw[100];
	ssize_t n = pread(fd, raw, sizeof raw - 1, 0);

	raw[n > 0 ? n : 0] = '\0';
	raw[strcspn(raw, "\n")] = '\0';
	log_printable(raw, out, 128);
	if (!out[0])
		snprintf(out, 128, "another process");
}

static bool locked_by_other(struct lockfile *lock, const char *store_path, struct err *err)
{
	char holder[128];

	read_holder(lock->fd, holder);
	return err_set(err, EXIT_LOCKED,
	        "another run holds %.300s (%s): wait for it with --lock=wait, or record elsewhere with --db=FILE",
	        store_path, holder);
}

/* One line for the next holder, who takes it into the store. */
static bool skipped(const char *store_path, struct err *err)
{
	char path[4096], line[64], iso[32];

	if (!lock_path(path, store_path, ".skipped", err))
		return false;
	clock_iso(clock_wall_us(), iso);
	int len = snprintf(line, sizeof line, "%s\n", iso);
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0 || write(fd, line, (size_t)len) != len) {
		int reason = errno;
		if (fd >= 0)
			close(fd);
		return err_set(err, EXIT_STORE, "cannot note the skipped run in %.600s: %s", path, strerror(reason));
	}
	close(fd);
	return err_set(err, EXIT_DONE, "another run holds %.600s: skipped", store_path);
}

static bool open_lock(struct lockfile *lock, struct err *err)
{
	struct stat status;

	lock->fd = open(lock->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (lock->fd < 0)
		return err_set(err, EXIT_USAGE,
		        "cannot open the lock file %.600s: %s: choose another place with --db=FILE", lock->path,
		        strerror(errno));
	if (fstat(lock->fd, &status) == 0 && S_ISREG(status.st_mode))
		return true;
	close(lock->fd);
	lock->fd = -1;
	return err_set(err, EXIT_USAGE, "the lock file %.600s is no plain file: choose another place with --db=FILE",
	        lock->path);
}

/* 1: taken, 0: somebody has it, -1: an error. */
static int try_lock(int fd)
{
	int got;

	do
		got = flock(fd, LOCK_EX | LOCK_NB);
	while (got != 0 && errno == EINTR);
	return got == 0 ? 1 : errno == EWOULDBLOCK ? 0 : -1;
}

bool lockfile_take(struct lockfile *lock, const char *store_path, enum lock_mode mode, int64_t wait_ns, struct err *err)
{
	int64_t begin = clock_now_ns();
	int got, again = 3; /* lockfile_held of somebody else may be in the way for a moment */

	lock->fd = -1;
	if (!lock_path(lock->path, store_path, ".lock", err) || !open_lock(lock, err))
		return false;
	/* Waiting in short steps keeps the wait interruptible and bounded on every file system. */
	while ((got = try_lock(lock->fd)) == 0) {
		if (mode != LOCK_WAIT && --again == 0)
			break;
		if (mode == LOCK_WAIT && wait_ns != CLOCK_NEVER && clock_now_ns() - begin >= wait_ns)
			break;
		nanosleep(&(struct timespec){0, WAIT_STEP_NS}, NULL);
	}
	if (got == 1)
		return true;
	if (got < 0)
		err_set(err, EXIT_USAGE, "cannot lock %.600s: %s: choose another place with --db=FILE", lock->path,
		        strerror(errno));
	else if (mode == LOCK_SKIP)
		skipped(store_path, err);
	else
		locked_by_other(lock, store_path, err);
	close(lock->fd);
	lock->fd = -1;
	return false;
}

void lockfile_note(struct lockfile *lock, int64_t run)
{
	char line[64];
	int len = run > 0 ? snprintf(line, sizeof line, "pid %d, run %lld\n", (int)getpid(), (long long)run)
	                  : snprintf(line, sizeof line, "pid %d\n", (int)getpid());

	if (lock->fd < 0)
		return;
	/* For people only: an error here changes nothing. */
	if (ftruncate(lock->fd, 0) == 0 && pwrite(lock->fd, line, (size_t)len, 0) != len)
		return;
}

void lockfile_release(struct lockfile *lock)
{
	if (lock->fd < 0)
		return;
	if (ftruncate(lock->fd, 0) != 0)
		errno = 0; /* the note is for people only */
	close(lock->fd);
	lock->fd = -1;
}

bool lockfile_held(const char *store_path)
{
	char path[4096];

	if (!lock_path(path, store_path, ".lock", NULL))
		return false;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return false;
	/* Shared and at once: two askers never see one another as the holder. */
	bool held = flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
	close(fd);
	return held;
}
