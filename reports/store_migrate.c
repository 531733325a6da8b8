/*
 * store_migrate: makes a new results file and brings one of an earlier version up to date. Called by store_open, which
 * holds the lock.
 */
#include "reports/store_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A step from version N stands here as {N, sql}; without sql it only adds what the schema has more (store_upgrade).
 * Version 1 was written before there were load runs, experiments of several arms and digests of results. */
const struct migration store_migrations[] = {{1, NULL}};
const size_t store_nmigrations = 1;

static bool sync_folder(const char *place)
{
	char folder[STORE_PATH_MOST];
	snprintf(folder, sizeof folder, "%s", place);
	char *slash = strrchr(folder, '/');
	slash[slash == folder] = '\0';
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return false;
	bool ok = fsync(fd) == 0 || errno == EINVAL;
	close(fd);
	return ok;
}

static bool fill_new(const char *place, const char *path, struct err *err)
{
	sqlite3 *db = store_db_open(place, path, true, err);
	if (!db)
		return false;
	bool ok = store_db_exec(db, path, "PRAGMA synchronous = FULL; BEGIN IMMEDIATE", err) &&
	          store_db_exec(db, path, store_schema(), err) && store_db_exec(db, path, "COMMIT", err);
	sqlite3_close(db);
	return ok;
}

/* Made under another name and renamed when complete: whoever is killed meanwhile leaves no half file behind. */
bool store_create(const char *place, const char *path, struct err *err)
{
	char name[STORE_PATH_MOST + 16], journal[STORE_PATH_MOST + 32];
	snprintf(name, sizeof name, "%s.new", place);
	snprintf(journal, sizeof journal, "%s-journal", name);
	unlink(name);
	unlink(journal);
	int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_set(err, EXIT_STORE, "%s cannot be created (%s): check the folder, or use --db=OTHER", path,
		        strerror(errno));
	close(fd);
	if (!fill_new(name, path, err)) {
		unlink(name);
		unlink(journal);
		return false;
	}
	if (rename(name, place) != 0 || !sync_folder(place))
		return err_set(err, EXIT_STORE, "%s cannot be created (%s): check the folder, or use --db=OTHER", path,
		        strerror(errno));
	return true;
}

static bool back_up(sqlite3 *db, const char *place, const char *path, int64_t version, struct err *err)
{
	char copy[STORE_PATH_MOST + 32];
	struct stat st;
	snprintf(copy, sizeof copy, "%s.v%lld.bak", place, (long long)version);
	/* A copy of that name is from a migration that did not get to its end, or of an earlier life of the file: never
	 * overwritten. */
	for (int n = 2; lstat(copy, &st) == 0; n++) {
		if (n > 99)
			return err_set(err, EXIT_STORE, "%s: too many copies %s: remove some", path, copy);
		snprintf(copy, sizeof copy, "%s.v%lld.bak%d", place, (long long)version, n);
	}
	int fd = open(copy, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_set(err, EXIT_STORE,
		        "%s: cannot make the copy %s before changing it (%s): make room, or use --db=OTHER", path, copy,
		        strerror(errno));
	if (store_db_do(db, path, err, "VACUUM INTO ?1", "s", copy)) {
		bool ok = fsync(fd) == 0;
		close(fd);
		return ok || err_set(err, EXIT_STORE,
		                     "%s: the copy %s could not be written: make room, or use --db=OTHER", path, copy);
	}
	close(fd);
	unlink(copy);
	return err_prefix(err, "before a newer version changes the file, a copy is made, which failed");
}

bool store_migrate(sqlite3 *db, const char *place, const char *path, const struct migration *steps, size_t nsteps,
        int version, struct err *err)
{
	int64_t from;
	if (!store_db_int(db, path, "PRAGMA user_version", 0, &from, err))
		return false;
	if (from == version)
		return true;
	for (int64_t v = from; v < version; v++) {
		size_t i = 0;
		while (i < nsteps && steps[i].from != v)
			i++;
		if (i == nsteps)
			return err_set(err, EXIT_STORE,
			        "%s has version %lld, which no pgparallel is known to have written; it was left as it "
			        "is: use "
			        "--db=OTHER",
			        path, (long long)from);
	}
	if (!back_up(db, place, path, from, err) ||
	        !store_db_exec(db, path, "PRAGMA synchronous = FULL; BEGIN IMMEDIATE", err))
		return false;
	bool ok = true;
	for (int64_t v = from; ok && v < version; v++)
		for (size_t i = 0; ok && i < nsteps; i++)
			if (steps[i].from == v)
				ok = steps[i].sql ? store_db_exec(db, path, steps[i].sql, err)
				                  : store_upgrade(db, path, store_schema(), err);
	char done[64];
	snprintf(done, sizeof done, "PRAGMA user_version = %d; COMMIT", version);
	if (ok && store_db_exec(db, path, done, err))
		return true;
	sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	return false;
}
