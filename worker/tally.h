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
	enum load_outcome outcome;
	int64_t end_ns;
	int64_t latency_ns, lag_ns; /* as a record has them */
	int64_t start_ns; /* of its first try */
	int64_t busy_ns; /* time of the session it took; in a batch they share it */
	uint32_t session;
	uint32_t sqlstate; /* as a record has it */
	uint32_t retries;
	int script;
	bool begun; /* it was not skipped */
	bool started; /* slot.tx_started counts it */
	bool warmed; /* in no number */
	bool recorded; /* the sampling rate let it through */
};

/* Counting stands here, as every transaction comes through it: so what it is handed is never laid out in memory. */
static inline void tally_begun(struct tally *t, struct load_script *script, const struct tally_end *end)
{
	struct load_lane *lane = t->lane;

	if (t->scheduled)
		hist_add(&script->lag, end->lag_ns);
	if (end->retries > 0) {
		load_count(&script->retried, 1);
		load_count(&script->retries, end->retries);
	}
	if (end->outcome == LOAD_DONE) {
		hist_add(&script->service, end->end_ns - end->start_ns);
		if (t->scheduled)
			hist_add(&script->schedule, end->latency_ns);
		if (t->load->latency_limit_ns > 0 && end->latency_ns > t->load->latency_limit_ns)
			load_count(&script->late, 1);
	}
	atomic_store_explicit(&lane->busy_ns, atomic_load_explicit(&lane->busy_ns, memory_order_relaxed) + end->busy_ns,
	        memory_order_relaxed);
	if (end->end_ns > atomic_load_explicit(&lane->last_ns, memory_order_relaxed))
		atomic_store_explicit(&lane->last_ns, end->end_ns, memory_order_relaxed);
}

static inline void tally_record(struct tally *t, const struct tally_end *end, uint64_t number)
{
	struct load_record *record = load_record_place(&t->shm->load, t->lane);

	if (!record)
		return;
	record->end_ns = end->end_ns;
	record->latency_ns = end->latency_ns;
	record->lag_ns = end->lag_ns;
	record->session = end->session;
	record->sqlstate = end->sqlstate;
	record->script = (uint16_t)end->script;
	record->retries = end->retries < UINT16_MAX ? (uint16_t)end->retries : UINT16_MAX;
	record->outcome = end->outcome;
	record->number = number & 0xffffff;
	load_record_wrote(t->lane);
}

static inline void tally_in(struct tally *t, struct slot *slot, const struct tally_end *end)
{
	struct load_script *script = &t->script[end->script];
	uint64_t number = atomic_load_explicit(&slot->tx_counted, memory_order_relaxed) + 1;

	if (end->outcome == LOAD_DONE)
		load_count(&script->done, 1);
	else
		load_count(end->outcome == LOAD_FAILED    ? &script->failed
		           : end->outcome == LOAD_SKIPPED ? &script->skipped
		                                          : &script->unknown,
		        1);
	if (end->begun)
		tally_begun(t, script, end);
	if (end->recorded)
		tally_record(t, end, number);
	else if (t->records)
		load_count(&t->lane->sampled_out, 1);
	atomic_store_explicit(&slot->tx_counted, number, memory_order_relaxed);
}

static inline void tally_count(struct tally *t, struct slot *slot, const struct tally_end *end)
{
	if (end->warmed)
		load_count(&t->lane->warmed, 1);
	else
		tally_in(t, slot, end);
	/* Last, and not before what it stands for. */
	if (end->started)
		atomic_store_explicit(&slot->tx_ended, atomic_load_explicit(&slot->tx_ended, memory_order_relaxed) + 1,
		        memory_order_release);
}

#endif
