/*
 * lockfile: flock on FILE.lock decides who may write FILE, and whether a run is going on or was interrupted. The file
 * is kept; the pid and run inside are for people only.
 */
#ifndef ORCHESTRATOR_LOCKFILE_H
#define ORCHESTRATOR_LOCKFILE_H

#include <stdbool.h>
#include <stdint.h>

#include "orchestrator/options.h"
#include "shared/err.h"

struct lockfile {
	int fd;
	char path[4096];
};

/* Takes the lock. FAIL: EXIT_LOCKED naming the holder and the remedies. WAIT: waits up to wait_ns (CLOCK_NEVER = as
 * long as it takes). SKIP: appends one line to FILE.skipped and fails with EXIT_DONE. */
bool lockfile_take(
        struct lockfile *lock, const char *store_path, enum lock_mode mode, int64_t wait_ns, struct err *err);
void lockfile_note(struct lockfile *lock, int64_t run); /* writes pid and run into it */
void lockfile_release(struct lockfile *lock);
/* True when some process holds it now. */
bool lockfile_held(const char *store_path);

#endif
