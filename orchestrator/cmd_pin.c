/*
 * cmd_pin: pin keeps runs from prune, pin --unpin gives them back.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "orchestrator/cmd.h"
#include "orchestrator/lockfile.h"
#include "reports/store.h"
#include "shared/clock.h"

#define LOCK_WAIT_NS (30 * NS_PER_S)

static bool run_number(const char *text, int64_t *run, struct err *err)
{
	char *end;
	errno = 0;
	*run = strtoll(text, &end, 10);
	if (errno || end == text || *end || *run < 1)
		return err_set(
		        err, EXIT_USAGE, "\"%.100s\" is no number of a run: \"pgparallel list\" shows them", text);
	return true;
}

static bool pin_all(const struct options *options, const char *path, struct err *err)
{
	int interrupted;
	int64_t run;
	for (int i = 0; i < options->nruns; i++)
		if (!run_number(options->runs[i], &run, err))
			return false;
	struct store *store = store_open(path, &interrupted, err);
	bool ok = store != NULL;
	for (int i = 0; ok && i < options->nruns; i++)
		ok = run_number(options->runs[i], &run, err) && store_pin(store, run, !options->unpin, err);
	struct err closing;
	return store_close(store, ok ? err : &closing) && ok;
}

int cmd_pin(const struct options *options)
{
	char path[4096];
	struct lockfile lock;
	struct err err;
	if (!store_path(options, path, &err) || !store_exists(path, &err) || !store_probe(path, &err) ||
	        !lockfile_take(&lock, path, LOCK_WAIT, LOCK_WAIT_NS, &err))
		return fail(&err);
	bool ok = pin_all(options, path, &err);
	lockfile_release(&lock);
	if (!ok)
		return fail(&err);
	if (!options->quiet)
		for (int i = 0; i < options->nruns; i++)
			printf("run %s is %s\n", options->runs[i],
			        options->unpin ? "no longer pinned" : "pinned: prune keeps it");
	return EXIT_DONE;
}
