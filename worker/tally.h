/*
 * tally: what the sessions of a lane share in a load run: the lane's place in shared memory, where outcomes are
 * counted, and the schedule of -R. Single-threaded: the lane's own thread. The lane owns it (tally_init, tally_clear).
 *
 * Counting a transaction is a few plain stores into the lane's own memory: nothing is allocated, no system call is
 * made. slot.tx_started is written before the first send, tx_ended and tx_counted after everything else, so that the
 * parent knows of a dead worker what was in flight.
 */
#ifndef WORKER_TALLY_H
#define WORKER_TALLY_H

#include "shared/rng.h"
#include "shared/script.h"
#include "worker/worker.h"

/* An SQL command, by its global number. */
struct tally_command {
	unsigned kind; /* KIND_... */
	char name[28]; /* of the prepared statement */
};

struct tally {
	const struct load *load;
	const struct scripts *scripts;
	struct shm *shm;
	struct load_lane *lane;
	struct load_script *script;
	struct load_command *command; /* NULL without -r */
	int *first_command; /* of each script */
	struct tally_command *commands;
	int64_t go_ns, begin_ns, end_ns; /* by when counting and beginning ends; set by tally_go */
	struct rng rng; /* of the schedule */
	double gap_ns; /* mean pause between two starts */
	bool scheduled; /* there is a schedule (-R) */
	bool records; /* are kept */
	bool samples; /* only of some */
	int64_t next_ns; /* start drawn last; 0 = none yet */
	bool replacement;
};

/* nsessions: of this lane. */
void tally_init(struct tally *t, const struct assignment *a, uint32_t lane, uint32_t nsessions);
void tally_clear(struct tally *t);

/* The GO instant is known; may be called often. */
void tally_go(struct tally *t, int64_t go);

/* The next start of the lane's schedule. */
int64_t tally_next_start(struct tally *t);

/* One transaction that is over. */
struct tally_end {
	struct load_record record; /* all but number */
	int64_t start_ns; /* of its first try */
	int64_t busy_ns; /* time of the session it took; in a batch they share it */
	bool begun; /* it was not skipped */
	bool started; /* slot.tx_started counts it */
	bool warmed; /* in no number */
	bool recorded; /* the sampling rate let it through */
};
void tally_count(struct tally *t, struct slot *slot, struct tally_end *end);

#endif
