/*
 * load_watch: the parent's eyes on a load run: it drains the rings of records, looks at the lanes' counters about once
 * a second, writes the series and the chunks to the store, prints -P lines and -l files, notices outages, and adds
 * everything up at the end. It owns its buffers; the run owns it (load_watch_new, load_watch_free).
 *
 * Called by orchestrator/run*.c only, with the loop's clock as `now`. It never waits.
 */
#ifndef ORCHESTRATOR_LOAD_WATCH_H
#define ORCHESTRATOR_LOAD_WATCH_H

#include "orchestrator/run_state.h"

struct load_watch;

/* Before the first fork. False with err (EXIT_USAGE) when a -l file cannot be made. */
struct load_watch *load_watch_new(struct run *run, struct err *err);
void load_watch_free(struct load_watch *watch);

/* Drains, and when a second has passed takes a look. Returns when to be called again (at most 50 ms from now while
 * records may come, so that no ring runs full). */
int64_t load_watch_step(struct load_watch *watch, int64_t now);

/* A worker ended: what its sessions had in flight becomes unknown, and its ring is drained. Called for every end of a
 * worker, expected or not, after its pipe was read. */
void load_watch_ended(struct load_watch *watch, const struct member *m, int64_t now);

/* All workers are gone: the last drain, the last stretch, the totals, to the store; files are closed. False: a file
 * could not be written (err; EXIT_STORE). */
bool load_watch_end(struct load_watch *watch, int64_t now, struct err *err);

/* Transactions so far, for the run's counts, its exit code and --halt. Sums over all lanes. */
struct load_counts {
	uint64_t done, failed, skipped, unknown, warmed, aborted;
	uint64_t retries;
};
void load_watch_counts(const struct load_watch *watch, struct load_counts *counts);

#endif
