/*
 * usage: getrusage and /proc/self/smaps_rollup. See the header.
 */
#include "worker/usage.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

static int64_t private_kb(void)
{
	FILE *file = fopen("/proc/self/smaps_rollup", "re");
	char line[256];
	int64_t sum = 0;

	if (file == NULL)
		return 0;
	while (fgets(line, sizeof line, file) != NULL) {
		long kb;

		if (sscanf(line, "Private_Clean: %ld kB", &kb) == 1 || sscanf(line, "Private_Dirty: %ld kB", &kb) == 1)
			sum += kb;
	}
	fclose(file);
	return sum;
}

void usage_read(struct msg_usage *usage)
{
	struct rusage r;

	memset(usage, 0, sizeof *usage);
	getrusage(RUSAGE_SELF, &r);
	usage->user_us = (int64_t)r.ru_utime.tv_sec * 1000000 + r.ru_utime.tv_usec;
	usage->system_us = (int64_t)r.ru_stime.tv_sec * 1000000 + r.ru_stime.tv_usec;
	usage->max_rss_kb = r.ru_maxrss;
	usage->voluntary_switches = r.ru_nvcsw;
	usage->involuntary_switches = r.ru_nivcsw;
	usage->private_kb = private_kb();
}
