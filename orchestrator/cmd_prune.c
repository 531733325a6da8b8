/*
 * cmd_prune: deletes old attempts and old runs; pinned runs stay.
 */
#include <stdio.h>

#include "orchestrator/cmd.h"
#include "orchestrator/lockfile.h"
#include "reports/store.h"
#include "shared/clock.h"

#define LOCK_WAIT_NS (30 * NS_PER_S)

int cmd_prune(const struct options *options)
{
	char path[4096];
	struct lockfile lock;
	struct err err, closing;
	int interrupted;
	uint32_t attempts = 0, runs = 0;
	if (!store_path(options, path, &err) || !store_exists(path, &err) || !store_probe(path, &err) ||
	        !lockfile_take(&lock, path, LOCK_WAIT, LOCK_WAIT_NS, &err))
		return fail(&err);
	struct store *store = store_open(path, &interrupted, &err);
	bool ok = store &&
	          store_prune(store, clock_wall_us(), options->keep_us, options->keep_runs_us, &attempts, &runs, &err);
	ok = store_close(store, ok ? &err : &closing) && ok;
	lockfile_release(&lock);
	if (!ok)
		return fail(&err);
	if (!options->quiet)
		printf("pruned %u attempt%s and %u run%s from %s\n", attempts, attempts == 1 ? "" : "s", runs,
		        runs == 1 ? "" : "s", path);
	return EXIT_DONE;
}
