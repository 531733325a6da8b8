/*
 * sandbox_find: which account the server of --local runs as, where its programs are, and what to install if they are
 * missing. Called by orchestrator/sandbox alone.
 */
#include <ctype.h>
#include <errno.h>
#include <glob.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "orchestrator/sandbox_parts.h"

bool sandbox_account(struct account *account, struct err *err)
{
	static const char *const names[] = {"postgres", "nobody"};

	account->uid = geteuid();
	account->gid = getegid();
	account->drop = false;
	if (account->uid != 0 && getpwuid(account->uid) == NULL)
		return err_set(err, EXIT_USAGE,
		        "PostgreSQL runs only under a named account and user id %u has no name here: start pgparallel "
		        "as a "
		        "user of /etc/passwd, or connect to a server with -h",
		        (unsigned)account->uid);
	if (account->uid != 0)
		return true;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		const struct passwd *pw = getpwnam(names[i]);

		if (pw == NULL || pw->pw_uid == 0)
			continue;
		snprintf(account->name, sizeof account->name, "%s", pw->pw_name);
		account->uid = pw->pw_uid;
		account->gid = pw->pw_gid;
		account->drop = true;
		return true;
	}
	return err_set(err, EXIT_USAGE,
	        "PostgreSQL refuses to run as root and there is no account postgres or nobody to run it as: "
	        "create one (useradd --system postgres) or start pgparallel as another user");
}

static bool may_pass(const struct account *account, const struct stat *st)
{
	if (st->st_uid == account->uid)
		return st->st_mode & S_IXUSR;
	if (st->st_gid == account->gid)
		return st->st_mode & S_IXGRP;
	return st->st_mode & S_IXOTH;
}

/* As root we pass everywhere; the account the server runs as may not. */
bool sandbox_reachable(const struct account *account, const char *path, struct err *err)
{
	char part[PATH_MAX];
	size_t len = strlen(path);
	struct stat st;

	if (!account->drop)
		return true;
	for (size_t i = 1; i <= len; i++) {
		if (i < len && path[i] != '/')
			continue;
		snprintf(part, sizeof part, "%.*s", (int)i, path);
		if (stat(part, &st) != 0 || may_pass(account, &st))
			continue;
		return err_set(err, EXIT_USAGE,
		        "the server runs as the account %s, which may not enter %s: choose a directory it can reach, "
		        "or "
		        "run chmod o+x %s",
		        account->name, part, part);
	}
	return true;
}

static bool has_programs(const char *folder)
{
	static const char *const names[] = {"initdb", "postgres"};
	char path[PATH_MAX];

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		snprintf(path, sizeof path, "%s/%s", folder, names[i]);
		if (access(path, X_OK) != 0)
			return false;
	}
	return folder[0] == '/';
}

/* The number in "postgres (PostgreSQL) 15.18" or "17devel". */
static int major_of(const char *folder)
{
	char program[PATH_MAX], text[256];
	char *const argv[] = {program, "--version", NULL};

	snprintf(program, sizeof program, "%s/postgres", folder);
	if (!sandbox_ask(argv, text, sizeof text))
		return 0;
	for (const char *p = text; *p != '\0'; p++)
		if (isdigit((unsigned char)*p))
			return atoi(p);
	return 0;
}

struct search {
	int major; /* wanted, 0 = any */
	char *bin;
	size_t size;
};

static bool take(const struct search *search, const char *folder)
{
	if (!has_programs(folder) || strlen(folder) >= search->size)
		return false;
	if (search->major != 0 && major_of(folder) != search->major)
		return false;
	snprintf(search->bin, search->size, "%s", folder);
	return true;
}

static bool search_path(const struct search *search)
{
	const char *path = getenv("PATH");
	char folder[PATH_MAX];

	while (path != NULL && *path != '\0') {
		size_t len = strcspn(path, ":");

		snprintf(folder, sizeof folder, "%.*s", (int)len, path);
		if (len > 0 && len < sizeof folder && take(search, folder))
			return true;
		path += len;
		path += *path == ':';
	}
	return false;
}

static bool search_pg_config(const struct search *search)
{
	char *const argv[] = {"/usr/bin/env", "pg_config", "--bindir", NULL};
	char folder[PATH_MAX];

	if (!sandbox_ask(argv, folder, sizeof folder))
		return false;
	folder[strcspn(folder, "\n")] = '\0';
	return take(search, folder);
}

static bool search_usual_places(const struct search *search)
{
	static const char *const patterns[] = {
	        "/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/usr/lib/postgresql*/bin", "/usr/local/pgsql/bin"};
	glob_t found = {0};
	bool taken = false;

	for (size_t i = 0; i < sizeof patterns / sizeof patterns[0]; i++)
		glob(patterns[i], i == 0 ? 0 : GLOB_APPEND, NULL, &found);
	/* The newest first: by number, as 9 sorts after 15 as text. */
	for (int version = 99; version >= 9 && !taken; version--)
		for (size_t i = 0; i < found.gl_pathc && !taken; i++) {
			const char *digits = strpbrk(found.gl_pathv[i], "0123456789");

			taken = digits != NULL && atoi(digits) == version && take(search, found.gl_pathv[i]);
		}
	for (size_t i = 0; i < found.gl_pathc && !taken; i++)
		taken = take(search, found.gl_pathv[i]);
	globfree(&found);
	return taken;
}

/* The command that installs a server here. */
static const char *install_command(void)
{
	static const struct {
		const char *word, *command;
	} systems[] = {{"debian", "apt-get install postgresql"}, {"ubuntu", "apt-get install postgresql"},
	        {"suse", "zypper install postgresql-server"}, {"fedora", "dnf install postgresql-server"},
	        {"rhel", "dnf install postgresql-server"}, {"alpine", "apk add postgresql"},
	        {"arch", "pacman -S postgresql"}};
	char text[4096] = "";
	FILE *file = fopen("/etc/os-release", "re");
	size_t len;

	if (file == NULL)
		return NULL;
	len = fread(text, 1, sizeof text - 1, file);
	text[len] = '\0';
	fclose(file);
	for (size_t i = 0; i < sizeof systems / sizeof systems[0]; i++)
		if (strstr(text, systems[i].word) != NULL)
			return systems[i].command;
	return NULL;
}

bool sandbox_programs(int major, char *bin, size_t size, struct err *err)
{
	const struct search search = {major, bin, size};
	const char *command = install_command();

	if (search_path(&search) || search_pg_config(&search) || search_usual_places(&search))
		return true;
	if (major != 0)
		return err_set(err, EXIT_USAGE,
		        "the directory was made by PostgreSQL %d, whose server programs were not found: install that "
		        "version (package postgresql-%d) or choose another directory",
		        major, major);
	if (command == NULL)
		return err_set(err, EXIT_USAGE,
		        "no PostgreSQL server programs (initdb, postgres) in PATH, pg_config --bindir or "
		        "/usr/lib/postgresql/*/bin: install the PostgreSQL server, or put the folder of initdb into "
		        "PATH");
	return err_set(err, EXIT_USAGE,
	        "no PostgreSQL server programs (initdb, postgres) in PATH, pg_config --bindir or "
	        "/usr/lib/postgresql/*/bin: install them with '%s%s', or put the folder of initdb into PATH",
	        geteuid() == 0 ? "" : "sudo ", command);
}
