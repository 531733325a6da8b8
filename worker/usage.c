/*
 * usage: getrusage and /proc/self/smaps_rollup. See the header.
 */
#include "worker/usage.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "shared/clock.h"

#define BACKENDS_MOST 16
#define START_SLACK_US INT64_C(2000000) /* the kernel counts a process's age in hundredths of a second */

/* Private memory in kB, -1 = it cannot be read. */
static int64_t private_kb(const char *path)
{
	FILE *file = fopen(path, "re");
	char line[256];
	int64_t sum = 0;

	if (file == NULL)
		return -1;
	while (fgets(line, sizeof line, file) != NULL) {
		long kb;

		if (sscanf(line, "Private_Clean: %ld kB", &kb) == 1 || sscanf(line, "Private_Dirty: %ld kB", &kb) == 1)
			sum += kb;
	}
	fclose(file);
	return sum;
}

static int64_t entries(const char *folder)
{
	DIR *dir = opendir(folder);
	int64_t n = 0;

	if (dir == NULL)
		return 0;
	for (struct dirent *entry; (entry = readdir(dir)) != NULL;)
		n += entry->d_name[0] != '.';
	closedir(dir);
	return n;
}

void usage_read(struct msg_usage *usage)
{
	struct rusage r;
	int64_t descriptors = entries("/proc/self/fd"), kb = private_kb("/proc/self/smaps_rollup");

	memset(usage, 0, sizeof *usage);
	getrusage(RUSAGE_SELF, &r);
	usage->user_us = (int64_t)r.ru_utime.tv_sec * 1000000 + r.ru_utime.tv_usec;
	usage->system_us = (int64_t)r.ru_stime.tv_sec * 1000000 + r.ru_stime.tv_usec;
	usage->max_rss_kb = r.ru_maxrss;
	usage->voluntary_switches = r.ru_nvcsw;
	usage->involuntary_switches = r.ru_nivcsw;
	usage->private_kb = kb > 0 ? kb : 0;
	usage->threads = entries("/proc/self/task");
	usage->descriptors = descriptors > 0 ? descriptors - 1 : 0; /* one was the look itself */
}

/* When a process of this machine began, us since 1970; 0 = there is none. */
static int64_t began_us(int32_t pid)
{
	char path[64], text[1024];
	unsigned long long ticks;
	struct timespec boot, wall;

	snprintf(path, sizeof path, "/proc/%d/stat", pid);
	FILE *file = fopen(path, "re");
	size_t n = file ? fread(text, 1, sizeof text - 1, file) : 0;

	if (file)
		fclose(file);
	text[n] = '\0';
	/* Field 22; the second is a name in parentheses that may hold anything. */
	char *at = strrchr(text, ')');

	if (at == NULL ||
	        sscanf(at, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
	                &ticks) != 1)
		return 0;
	clock_gettime(CLOCK_BOOTTIME, &boot);
	clock_gettime(CLOCK_REALTIME, &wall);
	return (wall.tv_sec - boot.tv_sec) * US_PER_S + (wall.tv_nsec - boot.tv_nsec) / NS_PER_US +
	       (int64_t)ticks * (US_PER_S / sysconf(_SC_CLK_TCK));
}

void usage_backends(struct msg_usage *usage, struct shm *shm, uint32_t first, uint32_t nsessions)
{
	uint32_t every = (shm->nsessions + BACKENDS_MOST - 1) / BACKENDS_MOST;
	char path[64];

	for (uint32_t s = first; s < first + nsessions; s++) {
		const struct slot *slot = shm_slot(shm, s);
		int32_t pid = atomic_load_explicit(&slot->backend_pid, memory_order_relaxed);
		int64_t start_us = atomic_load_explicit(&slot->backend_start_us, memory_order_relaxed);

		if (s % every != 0 || pid <= 0 || start_us <= 0 || llabs(began_us(pid) - start_us) > START_SLACK_US)
			continue;
		snprintf(path, sizeof path, "/proc/%d/smaps_rollup", pid);
		int64_t kb = private_kb(path);

		usage->backends += kb > 0;
		usage->backends_kb += kb > 0 ? kb : 0;
	}
}
