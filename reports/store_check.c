/*
 * store_check: whether a file may be used as results file, and what to say when not. Nothing here changes a file.
 *
 * What can be decided is decided before SQLite opens it, as opening a file that has a journal beside it already
 * changes it.
 */
#include "reports/store_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

int (*store_statfs)(const char *path, struct statfs *fs) = statfs;

static const struct {
	unsigned long type; /* f_type, low 32 bits */
	const char *name;
} networks[] = {
        {0x6969, "NFS"},
        {0x517b, "SMB"},
        {0xff534d42, "CIFS"},
        {0xfe534d42, "SMB2"},
        {0x65735546, "FUSE"},
        {0x01021997, "9P"},
        {0x5346414f, "AFS"},
        {0x73757245, "Coda"},
        {0x564c, "NCP"},
        {0x00c36400, "Ceph"},
        {0x0bd00bd0, "Lustre"},
        {0x47504653, "GPFS"},
};

const char *store_network_name(unsigned long type)
{
	for (size_t i = 0; i < sizeof networks / sizeof *networks; i++)
		if (networks[i].type == (type & 0xffffffff))
			return networks[i].name;
	return NULL;
}

static uint32_t big_endian(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static bool check_folder(const char *path, const char *place, struct err *err)
{
	char folder[STORE_PATH_MOST];
	snprintf(folder, sizeof folder, "%s", place);
	char *slash = strrchr(folder, '/');
	slash[slash == folder] = '\0';
	struct statfs fs;
	const char *network;
	if (store_statfs(folder, &fs) == 0 && (network = store_network_name((unsigned long)fs.f_type)))
		return err_set(err, EXIT_USAGE,
		        "%s is on a network file system (%s), where a results file can be damaged: use --db=OTHER on a "
		        "local "
		        "disk",
		        path, network);
	if (faccessat(AT_FDCWD, folder, W_OK | X_OK, AT_EACCESS) != 0)
		return err_set(err, EXIT_USAGE, "%s: its folder %s is not writable (%s): use --db=OTHER", path, folder,
		        strerror(errno));
	return true;
}

static bool check_owner(const char *path, const char *place, const struct stat *st, struct err *err)
{
	if (st->st_uid != geteuid())
		return err_set(err, EXIT_USAGE,
		        "%s belongs to another user (uid %lu, you are %lu): run as that user, or use --db=OTHER", path,
		        (unsigned long)st->st_uid, (unsigned long)geteuid());
	if (faccessat(AT_FDCWD, place, R_OK | W_OK, AT_EACCESS) != 0)
		return err_set(err, EXIT_USAGE, "%s is not writable (%s): chmod u+rw it, or use --db=OTHER", path,
		        strerror(errno));
	return true;
}

static bool leftover(const char *place, const char *suffix)
{
	char name[STORE_PATH_MOST + 16];
	struct stat st;
	snprintf(name, sizeof name, "%s%s", place, suffix);
	return lstat(name, &st) == 0 && st.st_size > 0;
}

/* Bytes of the header: 16 page size, 24 change counter, 28 pages, 60 user_version, 68 application_id, 92 the change
 * counter for which the number of pages is valid. */
static bool check_header(const char *path, const char *place, off_t size, bool journal, struct err *err)
{
	unsigned char h[100];
	int fd = open(place, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return err_set(err, EXIT_USAGE, "%s cannot be read (%s): check its rights, or use --db=OTHER", path,
		        strerror(errno));
	ssize_t got = pread(fd, h, sizeof h, 0);
	close(fd);
	if (got != (ssize_t)sizeof h || memcmp(h, "SQLite format 3", 16) != 0)
		return err_set(err, EXIT_STORE,
		        "%s is not a results file (no SQLite database); it was left as it is: use --db=OTHER", path);
	if (big_endian(h + 68) != STORE_APPLICATION_ID)
		return err_set(err, EXIT_STORE,
		        "%s is a database of another program (application_id %u); it was left as it is: use --db=OTHER",
		        path, big_endian(h + 68));
	if (big_endian(h + 60) > STORE_VERSION)
		return err_set(err, EXIT_STORE,
		        "%s was written by a newer pgparallel (version %u of the file, this program knows %d); it was "
		        "left as "
		        "it is: use that program, or --db=OTHER",
		        path, big_endian(h + 60), STORE_VERSION);
	uint32_t page = (uint32_t)h[16] << 8 | h[17];
	if (page == 1)
		page = 65536;
	if (!journal && big_endian(h + 24) == big_endian(h + 92) && (off_t)big_endian(h + 28) * page > size)
		return err_set(err, EXIT_STORE,
		        "%s is damaged (cut off: %lld bytes of %lld); it was left as it is. Keep it and go on with "
		        "--db=OTHER; "
		        "sqlite3 %s .recover shows what can be saved",
		        path, (long long)size, (long long)big_endian(h + 28) * page, path);
	return true;
}

bool store_check_file(const char *path, const char *place, bool write, struct store_state *state, struct err *err)
{
	struct stat st;
	*state = (struct store_state){0};
	if (write && !check_folder(path, place, err))
		return false;
	if (lstat(place, &st) != 0) {
		if (errno == ENOENT)
			return true;
		return err_set(err, EXIT_USAGE, "%s cannot be used (%s): use --db=OTHER", path, strerror(errno));
	}
	if (S_ISLNK(st.st_mode))
		return err_set(err, EXIT_USAGE,
		        "%s is a symbolic link, which is not followed: name the file it points to with --db=FILE",
		        path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, EXIT_USAGE, "%s is not a plain file: use --db=OTHER", path);
	if (write && !check_owner(path, place, &st, err))
		return false;
	state->rollback = leftover(place, "-journal");
	bool journal = leftover(place, "-wal") || state->rollback;
	if (st.st_size == 0 && !journal)
		return true;
	if (!check_header(path, place, st.st_size, journal, err))
		return false;
	state->exists = true;
	state->unclean = journal;
	return true;
}

static const char *const tables[] = {"workload", "task", "environment", "environment_fact", "experiment", "run",
        "worker", "session", "ticket", "attempt", "error", "sample", "estimate", "change_point", "event"};

static bool check_quick(sqlite3 *db, const char *path, struct err *err)
{
	sqlite3_stmt *s = store_db_prepare(db, path, "PRAGMA quick_check(1)", err);
	if (!s)
		return false;
	int rc = sqlite3_step(s);
	const char *text = rc == SQLITE_ROW ? (const char *)sqlite3_column_text(s, 0) : NULL;
	bool ok = text && strcmp(text, "ok") == 0;
	if (rc != SQLITE_ROW)
		store_db_fail(db, path, err);
	else if (!ok)
		err_set(err, EXIT_STORE,
		        "%s is damaged (%.200s); it was left as it is. Keep it and go on with --db=OTHER; "
		        "sqlite3 %s .recover shows what can be saved",
		        path, text ? text : "", path);
	sqlite3_finalize(s);
	return ok;
}

/* One pass over the schema: every statement costs locks, and they are most of what opening a file takes. */
static bool check_tables(sqlite3 *db, const char *path, struct err *err)
{
	const size_t all = sizeof tables / sizeof *tables;
	bool seen[sizeof tables / sizeof *tables] = {false};
	sqlite3_stmt *s = store_db_prepare(db, path, "SELECT name FROM sqlite_schema WHERE type = 'table'", err);
	int rc;
	if (!s)
		return false;
	while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
		const char *name = (const char *)sqlite3_column_text(s, 0);
		for (size_t i = 0; i < all; i++)
			seen[i] = seen[i] || (name && strcmp(name, tables[i]) == 0);
	}
	bool ok = rc == SQLITE_DONE || store_db_fail(db, path, err);
	sqlite3_finalize(s);
	for (size_t i = 0; ok && i < all; i++)
		if (!seen[i])
			ok = err_set(err, EXIT_STORE,
			        "%s is damaged (it has no table \"%s\"); it was left as it is: use --db=OTHER", path,
			        tables[i]);
	return ok;
}

bool store_check_content(sqlite3 *db, const char *path, bool thorough, struct err *err)
{
	int64_t id, version;
	if (!store_db_int(db, path, "PRAGMA application_id", 0, &id, err) ||
	        !store_db_int(db, path, "PRAGMA user_version", 0, &version, err))
		return false;
	if (id != STORE_APPLICATION_ID || version > STORE_VERSION)
		return err_set(err, EXIT_STORE,
		        "%s was written by another program or a newer pgparallel: use --db=OTHER", path);
	if (thorough && !check_quick(db, path, err))
		return false;
	if (version < STORE_VERSION)
		return true;
	return check_tables(db, path, err);
}
