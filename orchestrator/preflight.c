/*
 * preflight: see preflight.h. Called by the run and by `check`, before the first fork (machine) and after the
 * observer's facts (server).
 */
#include "orchestrator/preflight.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* Per worker in the parent: two pipe ends and a pidfd. Besides: standard streams, log, lock, store with its WAL and
 * shared memory, report files. */
#define DESCRIPTORS_PER_WORKER 3
#define DESCRIPTORS_BESIDES 32
/* Per lane in a worker: epoll and wake-up; per session a socket, and of a program that its script runs a pipe and a
 * pidfd. */
#define DESCRIPTORS_PER_LANE 3
#define DESCRIPTORS_PER_PROGRAM 3

static int64_t read_number(const char *path)
{
	char text[64] = "";
	FILE *file = fopen(path, "re");

	if (!file)
		return -1;
	if (!fgets(text, sizeof text, file))
		text[0] = '\0';
	fclose(file);
	return isdigit((unsigned char)text[0]) ? strtoll(text, NULL, 10) : -1;
}

/* pids.max of the own control group: version 2 has one line "0::/path", version 1 "N:pids:/path". */
static void read_cgroup(struct allowance *allowance)
{
	char line[512], path[700];
	FILE *file = fopen("/proc/self/cgroup", "re");

	while (file && allowance->pids < 0 && fgets(line, sizeof line, file)) {
		char *name = strchr(line, ':');
		char *group = name ? strchr(name + 1, ':') : NULL;
		if (!group)
			continue;
		*group++ = '\0';
		group[strcspn(group, "\n")] = '\0';
		bool pids = strcmp(name + 1, "pids") == 0;
		if (!pids && name[1] != '\0')
			continue;
		const char *base = pids ? "/sys/fs/cgroup/pids" : "/sys/fs/cgroup";
		snprintf(path, sizeof path, "%s%s/pids.max", base, group);
		allowance->pids = read_number(path);
		snprintf(path, sizeof path, "%s%s/pids.current", base, group);
		allowance->pids_used = read_number(path);
	}
	if (file)
		fclose(file);
}

static int64_t count_processes(uid_t user)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	struct stat status;
	int64_t n = 0;

	while (proc && (entry = readdir(proc)) != NULL)
		if (isdigit((unsigned char)entry->d_name[0]) && fstatat(dirfd(proc), entry->d_name, &status, 0) == 0 &&
		        status.st_uid == user)
			n++;
	if (proc)
		closedir(proc);
	return n;
}

void preflight_allowance(struct allowance *allowance)
{
	struct rlimit limit;

	*allowance = (struct allowance){-1, -1, 0, -1, 0};
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		if (limit.rlim_cur != limit.rlim_max) {
			limit.rlim_cur = limit.rlim_max;
			if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
				getrlimit(RLIMIT_NOFILE, &limit);
		}
		if (limit.rlim_cur != RLIM_INFINITY)
			allowance->descriptors = (int64_t)limit.rlim_cur;
	}
	/* The kernel does not apply it to root. */
	if (geteuid() != 0 && getrlimit(RLIMIT_NPROC, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) {
		allowance->processes = (int64_t)limit.rlim_cur;
		allowance->processes_used = count_processes(geteuid());
	}
	read_cgroup(allowance);
}

static bool enough_descriptors(const struct need *need, int64_t allowed, struct err *err)
{
	int64_t parent = (int64_t)need->workers * DESCRIPTORS_PER_WORKER + DESCRIPTORS_BESIDES;
	int64_t each = 1 + (need->programs ? DESCRIPTORS_PER_PROGRAM : 0);
	int64_t worker = ((int64_t)need->sessions + need->workers - 1) / need->workers * each +
	                 ((int64_t)need->lanes + need->workers - 1) / need->workers * DESCRIPTORS_PER_LANE +
	                 DESCRIPTORS_BESIDES;

	if (allowed < 0 || (parent + need->log_files <= allowed && worker <= allowed))
		return true;
	if (need->log_files > 0 && parent <= allowed && worker <= allowed)
		return err_set(err, EXIT_USAGE,
		        "%u log files (-l, one for each lane) and %u workers need %lld descriptors, the limit is %lld: "
		        "raise it with ulimit -n %lld, or use a smaller -j",
		        need->log_files, need->workers, (long long)(parent + need->log_files), (long long)allowed,
		        (long long)(parent + need->log_files));
	bool by_workers = parent > allowed;
	int64_t fit = by_workers ? (allowed - DESCRIPTORS_BESIDES) / DESCRIPTORS_PER_WORKER
	                         : (allowed - DESCRIPTORS_BESIDES) * need->workers / (each + DESCRIPTORS_PER_LANE);
	if (fit < 1)
		return err_set(err, EXIT_USAGE,
		        "%u workers need %lld descriptors, the limit is %lld: raise it with ulimit -n %lld",
		        need->workers, (long long)(by_workers ? parent : worker), (long long)allowed,
		        (long long)(by_workers ? parent : worker));
	return err_set(err, EXIT_USAGE,
	        "%u %s need %lld descriptors, the limit is %lld: raise it with ulimit -n %lld, or use %s %lld",
	        by_workers ? need->workers : need->sessions, by_workers ? "workers" : "sessions",
	        (long long)(by_workers ? parent : worker), (long long)allowed,
	        (long long)(by_workers ? parent : worker), by_workers ? "-j" : "-c", (long long)fit);
}

static bool enough_processes(
        const struct need *need, int64_t allowed, int64_t used, const char *name, const char *remedy, struct err *err)
{
	/* Threads count as processes do; the observer and the worker of @setup come on top. */
	int64_t more = (int64_t)need->workers + 2 + (need->lanes > need->workers ? need->lanes : 0) +
	               (need->programs ? need->sessions : 0);

	if (allowed < 0 || used < 0 || used + more <= allowed)
		return true;
	int64_t fit = (allowed - used - 2) / (need->programs ? 2 : 1);
	if (fit < 1)
		return err_set(err, EXIT_USAGE,
		        "%lld more processes and threads are needed, %s allows %lld and %lld run already: %s",
		        (long long)more, name, (long long)allowed, (long long)used, remedy);
	return err_set(err, EXIT_USAGE,
	        "%lld more processes and threads are needed, %s allows %lld and %lld run already: %s, or use -c %lld "
	        "or -e async",
	        (long long)more, name, (long long)allowed, (long long)used, remedy, (long long)fit);
}

bool preflight_machine(const struct need *need, const struct allowance *allowance, struct err *err)
{
	if (!enough_descriptors(need, allowance->descriptors, err))
		return false;
	if (!enough_processes(need, allowance->processes, allowance->processes_used, "the user's limit (ulimit -u)",
	            "raise it with ulimit -u", err))
		return false;
	return enough_processes(
	        need, allowance->pids, allowance->pids_used, "the control group (pids.max)", "raise pids.max", err);
}

/* Which of the server's limits it is, and what lifts it: the database or the role may have one of its own. */
static const char *limit_name(const struct server_facts *facts)
{
	for (uint32_t i = 0; i < facts->nfacts; i++)
		if (strcmp(facts->facts[i].name, "connection_limit_from") == 0)
			return facts->facts[i].value;
	return "max_connections";
}

bool preflight_server(uint32_t sessions, const struct server_facts *facts, struct err *err)
{
	/* Behind a pooler the server's connections are the pooler's business. */
	if (!facts->direct || facts->max_connections <= 0)
		return true;
	int64_t usable = (int64_t)facts->max_connections - facts->reserved_connections - facts->used_connections;
	if ((int64_t)sessions <= usable)
		return true;
	const char *limit = limit_name(facts);
	bool own = strcmp(limit, "max_connections") != 0;
	if (usable < 1)
		return err_set(err, EXIT_USAGE,
		        "%u sessions are wanted and the server has none left (%s %d, %d reserved, %d in use): close "
		        "other sessions or raise %s%s",
		        sessions, limit, facts->max_connections, facts->reserved_connections, facts->used_connections,
		        own ? "the " : "", limit);
	return err_set(err, EXIT_USAGE,
	        "%u sessions are wanted and the server has %lld left (%s %d, %d reserved, %d in use): use -c %lld, or "
	        "raise %s%s",
	        sessions, (long long)usable, limit, facts->max_connections, facts->reserved_connections,
	        facts->used_connections, (long long)usable, own ? "the " : "", limit);
}
