/*
 * load_watch: the parent's eyes on a load run: it drains the rings of records, looks at the lanes' counters about once
 * a second, writes the series and the chunks to the store, prints -P lines and -l files, notices outages, and adds
 * everything up at the end. It owns its buffers; the run owns it (load_watch_new, load_watch_free).
 *
 * Called by orchestrator/run*.c only, with the loop's clock as `now`. It never waits. After load_watch_new it takes no
 * memory, so that a run of a week is no larger than one of a minute.
 *
 * Events it tells (run_event): "outage" at the time since when nothing ended, and "outage over" at the end of the first
 * transaction after it, or of the run: each outage has both, in this order; "records dropped", "records damaged",
 * "errors not listed", "log file".
 */
#ifndef ORCHESTRATOR_LOAD_WATCH_H
#define ORCHESTRATOR_LOAD_WATCH_H

#include "orchestrator/run_state.h"

struct load_watch;

/* Before the first fork. False with err (EXIT_USAGE) when a -l file cannot be made. */
struct load_watch *load_watch_new(struct run *run, struct err *err);
void load_watch_free(struct load_watch *watch);

/* Drains, and when a second has passed takes a look. Returns when to be called again (CLOCK_NEVER before GO and after
 * the end), soon enough that no ring runs full. */
int64_t load_watch_step(struct load_watch *watch, int64_t now);

/* A worker ended: what its sessions had in flight becomes unknown, and its ring is drained. Called for every end of a
 * worker, expected or not, after its pipe was read. */
void load_watch_ended(struct load_watch *watch, const struct member *m, int64_t now);

/* All workers are gone (load_watch_ended was called for each): the last drain, the last stretch, the totals, to the
 * store; files are closed. Also for a run that never began; a second call does nothing. False: a file could not be
 * written (err; EXIT_STORE). */
bool load_watch_end(struct load_watch *watch, int64_t now, struct err *err);

/* Transactions so far, for the run's counts, its exit code and --halt. Sums over all lanes. */
struct load_counts {
	uint64_t done, failed, skipped, unknown, warmed, aborted;
	uint64_t retries;
};
void load_watch_counts(const struct load_watch *watch, struct load_counts *counts);

/* What the status line on a terminal shows. */
void load_watch_progress(const struct load_watch *watch, struct progress_load *out);

#endif
