/*
 * store_path: where the results file is when nobody says so. Called by every command that uses it.
 */
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "orchestrator/cmd.h"

#define PATH_MOST 4096

/* mkdir -p with mode 0700 for what is missing; what exists is left as it is. */
static bool make_folder(const char *folder, struct err *err)
{
	char part[PATH_MOST];
	snprintf(part, sizeof part, "%s", folder);
	for (char *p = part + 1;; p++) {
		if (*p != '/' && *p != '\0')
			continue;
		char saved = *p;
		*p = '\0';
		if (mkdir(part, 0700) != 0 && errno != EEXIST && errno != EISDIR)
			return err_set(err, EXIT_USAGE,
			        "cannot create %.600s for the results file (%s): name a file elsewhere with --db=FILE",
			        part, strerror(errno));
		*p = saved;
		if (!saved)
			return true;
	}
}

static bool in_folder(const char *folder, char out[PATH_MOST], struct err *err)
{
	if (snprintf(out, PATH_MOST, "%s/runs.db", folder) >= PATH_MOST)
		return err_set(err, EXIT_USAGE, "the folder of the results file has a name too long: use --db=FILE");
	return make_folder(folder, err);
}

static bool below(const char *base, const char *rest, char out[PATH_MOST], struct err *err)
{
	char folder[PATH_MOST];
	if (snprintf(folder, sizeof folder, "%s%s", base, rest) >= PATH_MOST)
		return err_set(err, EXIT_USAGE, "the folder of the results file has a name too long: use --db=FILE");
	return in_folder(folder, out, err);
}

/* A home is not made: the account may be one that is meant to have none (nobody: /nonexistent). */
static bool below_home(const char *home, char out[PATH_MOST], struct err *err)
{
	struct stat st;
	if (stat(home, &st) != 0)
		return err_set(err, EXIT_USAGE,
		        "the home folder %.600s cannot hold the results file (%s): name a file elsewhere with "
		        "--db=FILE",
		        home, strerror(errno));
	return below(home, "/.local/state/pgparallel", out, err);
}

/* Without XDG_STATE_HOME and HOME (cron, systemd): the account's home, then systemd's STATE_DIRECTORY. */
static bool homeless(char out[PATH_MOST], struct err *err)
{
	const struct passwd *account = getpwuid(geteuid());
	const char *state = getenv("STATE_DIRECTORY");
	bool tried = account && account->pw_dir && account->pw_dir[0] == '/';
	if (tried && below_home(account->pw_dir, out, err))
		return true;
	if (state && state[0] == '/') {
		char folder[PATH_MOST];
		snprintf(folder, sizeof folder, "%.*s", (int)strcspn(state, ":"), state);
		return in_folder(folder, out, err);
	}
	return tried ? false
	             : err_set(err, EXIT_USAGE,
	                       "no place for the results file: neither HOME nor STATE_DIRECTORY is set: use --db=FILE");
}

bool store_path(const struct options *options, char out[PATH_MOST], struct err *err)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	if (options->db) {
		if (!*options->db)
			return err_set(err, EXIT_USAGE, "--db needs the name of a file: --db=FILE");
		if (snprintf(out, PATH_MOST, "%s", options->db) >= PATH_MOST)
			return err_set(err, EXIT_USAGE, "--db: the name is longer than %d bytes", PATH_MOST - 1);
		return true;
	}
	if (state && state[0] == '/') /* a relative one is to be ignored, says its specification */
		return below(state, "/pgparallel", out, err);
	if (home && home[0] == '/')
		return below_home(home, out, err);
	return homeless(out, err);
}

bool store_exists(const char *path, struct err *err)
{
	struct stat st;
	if (lstat(path, &st) == 0 || errno != ENOENT)
		return true; /* whatever else is wrong with it, the store says */
	return err_set(err, EXIT_USAGE,
	        "there is no results file %.800s yet: \"pgparallel run -f FILE.sql\" makes it, --db=FILE names another",
	        path);
}
