/*
 * load: a load run: scripts looped by every session for a time or a count. What was asked for (struct load, part of the
 * plan), and what its lanes tell in shared memory: counters and histograms for each script, figures for each command,
 * a table of errors, and a ring of records, one for each transaction, that the parent drains.
 *
 * Each lane has a place of its own (struct load_lane and what follows it), written by it alone; when its worker dies
 * the parent judges, and the replacement goes on counting where the dead one stopped. Nothing in it is ever reset: the
 * warm-up is left out by not being counted. Readers get sums that may be one transaction short of each other while the
 * run goes on.
 */
#ifndef SHARED_LOAD_H
#define SHARED_LOAD_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/hist.h"

enum query_mode { QUERY_SIMPLE, QUERY_EXTENDED, QUERY_PREPARED };
const char *query_mode_name(enum query_mode mode);

/* What was asked for; zero is "not asked for" everywhere. */
struct load {
	enum query_mode mode; /* -M */
	int64_t transactions; /* -t: for each session; 0 = by time */
	int64_t duration_ns; /* -T: after ramp and warm-up */
	int64_t warmup_ns; /* --warmup: transactions that begin in it are in no number */
	int64_t ramp_ns; /* --ramp: sessions begin one after another over so long, before the warm-up */
	double rate; /* -R: transactions a second of all sessions, begun at random (Poisson); 0 = as fast as it goes */
	int64_t latency_limit_ns; /* -L */
	int64_t think_ns; /* --think: pause of a session after each transaction */
	uint32_t max_tries; /* --max-tries; 0 = as often as needed (until -T or -L ends it), 1 = no retries */
	bool reconnect; /* -C: a new connection for each transaction */
	bool continue_on_error; /* a session goes on after an error that is not worth repeating */
	bool exit_on_abort; /* the run ends when a session does */
	bool verbose_errors; /* --verbose-errors: a note for each error, repeated ones too */
	bool per_command; /* -r */
	uint32_t pipeline; /* --pipeline=N: so many executions in one go; 0 = one by one */
	double sampling_rate; /* share of the transactions that get a record: 1 = all, 0 = none */
	bool ask_scale; /* :scale is the number of rows of pgbench_branches: each session asks at its start */
};

/* How a transaction (one execution of one script) ended. */
enum load_outcome {
	LOAD_DONE = 1,
	LOAD_FAILED, /* known not applied: an error of the server or of the script, or its tries were used up */
	LOAD_SKIPPED, /* -R with -L: it was too late to begin */
	LOAD_UNKNOWN /* the connection or the worker was lost after something was sent: it may have been applied */
};

const char *load_outcome_name(enum load_outcome outcome); /* "done", ... */

/* One transaction. Times are ns of the monotonic clock. */
struct load_record {
	int64_t end_ns;
	int64_t latency_ns; /* from its start (the schedule's with -R) to its end, tries and their pauses included; a
	                       skipped one: 0 */
	int64_t lag_ns; /* -R: how late it started, 0 without */
	uint32_t session;
	uint32_t sqlstate; /* load_sqlstate_pack; 0 = none */
	uint16_t script;
	uint16_t retries; /* tries after the first; 65535 = so many or more */
	uint32_t outcome : 8; /* enum load_outcome */
	/* Which transaction of its session this is, 1 = the first that counts (tx_counted after it), modulo 2^24: other
	 * ones have no record with a sampling rate. 0 throughout: not told. */
	uint32_t number : 24;
};

#define LOAD_ERRORS_MOST 64
#define LOAD_ERROR_TEXT 160
/* Attempts of one script that ended with one SQLSTATE; entry `used` is free to be written. */
struct load_error {
	_Atomic uint32_t sqlstate; /* load_sqlstate_pack; an error of the script itself has LOAD_NO_SQLSTATE */
	uint32_t script;
	_Atomic uint64_t failed; /* transactions that ended with it */
	_Atomic uint64_t retried; /* tries that were repeated after it */
	_Atomic uint64_t unknown; /* connections lost by it, with something sent */
	char text[LOAD_ERROR_TEXT]; /* the first one's; written before sqlstate */
};

struct load_script {
	_Atomic uint64_t done, failed, skipped, unknown; /* transactions, without those of the warm-up */
	_Atomic uint64_t retried; /* of them all: tried more than once */
	_Atomic uint64_t retries; /* tries after the first */
	_Atomic uint64_t late; /* -L: done, but over the limit */
	struct hist service; /* done: first try's start to the end */
	struct hist schedule; /* done, with -R: scheduled start to the end */
	struct hist lag; /* with -R: of all that were begun */
};

/* One command of a script (scripts are numbered through: script_first_command), with -r. */
struct load_command {
	_Atomic uint64_t failures; /* errors not repeated */
	_Atomic uint64_t retries;
	struct hist time; /* of its executions that succeeded; of \sleep and its like too */
};

struct load_lane {
	alignas(128) _Atomic uint64_t head; /* records ever written; record n lies in ring[(n + shift) % ring_size] */
	/* Moved only when every record has been taken out, so that the next lies at the ring's beginning again: as much
	 * of it is used as comes between two drains, and not all of it in turn. */
	_Atomic uint64_t shift;
	_Atomic uint64_t dropped; /* records not written as the ring was full */
	_Atomic uint64_t sampled_out; /* records not written because of the sampling rate */
	_Atomic uint64_t warmed; /* transactions of the warm-up, whatever became of them */
	_Atomic uint64_t connects; /* connections made for transactions, the first of each session included */
	_Atomic uint64_t connect_sum_ns; /* from the start of connecting to ready */
	_Atomic int64_t scale; /* what :scale is, as its sessions found it in the tables; 0 = not asked */
	_Atomic uint64_t aborted; /* sessions that ended because of an error */
	_Atomic int64_t first_ns; /* start of the first counted transaction, 0 = none yet */
	_Atomic int64_t last_ns; /* end of the last counted one */
	_Atomic int64_t busy_ns; /* sessions' time between a transaction's start and its end, warm-up excluded */
	_Atomic uint32_t nerrors; /* entries in use */
	_Atomic uint64_t errors_lost; /* counted nowhere as the table was full */
	alignas(128) _Atomic uint64_t tail; /* records taken out; written by the parent alone */
	alignas(128) struct load_error errors[LOAD_ERRORS_MOST];
	/* then: struct load_script[nscripts], struct load_command[ncommands or 0], struct load_record[ring_size] */
};

/* Sizes that all processes of a run agree on; in struct shm. */
struct load_layout {
	uint32_t nlanes; /* global: worker w's lane i has the number (lanes of the workers before) + i */
	uint32_t nscripts;
	uint32_t ncommands; /* 0 without -r */
	uint32_t ring_size; /* a power of two, 0 = no records */
	uint64_t lane_bytes;
};

/* nlanes 0: no load run. */
bool load_layout(struct load_layout *layout, uint32_t nlanes, uint32_t nscripts, uint32_t ncommands, bool records);
static inline struct load_script *load_lane_scripts(const struct load_layout *layout, struct load_lane *lane)
{
	(void)layout;
	return (struct load_script *)(lane + 1);
}
static inline struct load_command *load_lane_commands(const struct load_layout *layout, struct load_lane *lane)
{
	return (struct load_command *)(load_lane_scripts(layout, lane) + layout->nscripts);
}
static inline struct load_record *load_lane_ring(const struct load_layout *layout, struct load_lane *lane)
{
	return (struct load_record *)(load_lane_commands(layout, lane) + layout->ncommands);
}

/* The lane's entry for this error, made when it is new; NULL when the table is full (counted). */
struct load_error *load_error_of(struct load_lane *lane, uint32_t script, const char *sqlstate, const char *text);

/* "40001" as a number that is not 0; "" is LOAD_NO_SQLSTATE. unpack writes "" for that, and for nonsense. */
#define LOAD_NO_SQLSTATE UINT32_MAX
uint32_t load_sqlstate_pack(const char *sqlstate);
void load_sqlstate_unpack(uint32_t packed, char sqlstate[6]);

/* One counter of a single writer: a plain store, no locked instruction. */
static inline void load_count(_Atomic uint64_t *counter, uint64_t more)
{
	atomic_store_explicit(
	        counter, atomic_load_explicit(counter, memory_order_relaxed) + more, memory_order_relaxed);
}

static inline uint64_t load_ring_index(const struct load_layout *layout, const struct load_lane *lane, uint64_t number)
{
	return (number + atomic_load_explicit(&lane->shift, memory_order_relaxed)) & (layout->ring_size - 1);
}

/* The lane writes, the parent takes. place: where the next record is to be written, NULL (and counted) when the ring is
 * full; wrote: it stands there. put: both for one that stands elsewhere. take: how many were copied. */
static inline struct load_record *load_record_place(const struct load_layout *layout, struct load_lane *lane)
{
	uint64_t head = atomic_load_explicit(&lane->head, memory_order_relaxed);

	uint64_t there = head - atomic_load_explicit(&lane->tail, memory_order_acquire);

	if (there == 0)
		atomic_store_explicit(&lane->shift, 0 - head, memory_order_relaxed);
	if (there >= layout->ring_size) {
		load_count(&lane->dropped, 1);
		return NULL;
	}
	return &load_lane_ring(layout, lane)[load_ring_index(layout, lane, head)];
}
static inline void load_record_wrote(struct load_lane *lane)
{
	/* Last: who sees the new head sees the record. */
	atomic_store_explicit(
	        &lane->head, atomic_load_explicit(&lane->head, memory_order_relaxed) + 1, memory_order_release);
}
bool load_record_put(const struct load_layout *layout, struct load_lane *lane, const struct load_record *record);
size_t load_record_take(const struct load_layout *layout, struct load_lane *lane, struct load_record *out, size_t most);

/* When counting begins, for a GO instant: after ramp and warm-up. */
static inline int64_t load_begin_ns(const struct load *load, int64_t go_ns)
{
	return go_ns + load->ramp_ns + load->warmup_ns;
}
/* By when transactions are begun, CLOCK_NEVER without -T. */
int64_t load_end_ns(const struct load *load, int64_t go_ns);

#endif
