/*
 * load_watch_state: what the parent knows of a load run while it goes on. Private to orchestrator/load_*.c and their
 * tests.
 *
 *   load_watch.c   draining the rings, when what is due, dead workers   load_sums.c     adding up the lanes
 *   load_series.c  a look a second                                      load_outage.c   stretches where nothing ends
 *   load_total.c   the totals for the store                             load_progress.c lines of -P
 *   load_log.c     files of -l
 *
 * All memory is taken in load_watch_new. What lies in shared memory may be written at any time, and by a broken worker
 * with anything: sizes and numbers of lanes, sessions and scripts are therefore our own copies, and every number read
 * is checked or bounded before it is used.
 */
#ifndef ORCHESTRATOR_LOAD_WATCH_STATE_H
#define ORCHESTRATOR_LOAD_WATCH_STATE_H

#include "orchestrator/load_watch.h"
#include "shared/load.h"

/* No counter of a lane gets there in a hundred years; what is above was never counted. */
#define LOAD_COUNT_MOST (UINT64_C(1) << 46)
#define LOAD_LOOK_NS INT64_C(1000000000)

struct load_log;

/* Count, sum and squares of a histogram: enough for a mean and a deviation. */
struct load_moments {
	uint64_t count, sum;
	double squares;
};

/* Added up over all lanes and scripts. */
struct load_sums {
	uint64_t done, failed, skipped, unknown, retried, retries, late;
	uint64_t warmed, dropped, sampled_out, connects, connect_sum_ns, aborted, errors_lost;
	int64_t busy_ns, last_ns; /* last: 0 = no transaction has ended */
	struct load_moments service, schedule, lag;
};

struct watched_lane {
	struct load_lane *lane;
	struct load_script *scripts;
	struct load_command *commands;
	uint32_t first_session, nsessions;
	uint64_t judged; /* outcomes of its sessions that it did not count itself */
};

/* What became of the transactions that dead workers had in their hands. */
struct load_judged {
	uint64_t failed, unknown;
};

struct load_outage {
	bool open;
	int64_t begin_ns;
	int64_t last_ns; /* end of the last transaction known to have ended before it, or since; 0 = none */
	int64_t again_ns; /* end of the first one after it, of what was drained; 0 = none yet */
};

struct load_watch {
	struct run *run; /* borrowed, as are plan and shared memory */
	const struct load *load;
	struct load_layout layout; /* ours */
	uint32_t nsessions;
	struct watched_lane *lanes;
	struct load_judged *judged; /* per script */
	uint64_t judged_warmed;

	int64_t now_ns; /* of the last step */

	/* draining */
	struct load_record *chunk; /* LOAD_CHUNK_MOST */
	size_t nchunk;
	int64_t chunk_ns; /* when its first record came */
	int64_t drain_ns, drained_ns, interval_ns; /* next, last, between them */
	uint64_t damaged; /* records that said something impossible */

	/* looks; 0 before GO */
	int64_t begin_ns, end_ns; /* of counting; end may be CLOCK_NEVER */
	int64_t look_ns, stretch_ns; /* when the next is due; begin of the stretch it will close */
	struct load_sums sums, before; /* of the last look, and of the one that closed the last stretch */
	struct hist *service, *service_before, *schedule, *schedule_before, *between;
	struct load_outage outage;
	uint32_t connected; /* sessions, at the last look */
	double rate; /* of the last stretch, and its mean latency */
	int64_t latency_ns;
	bool told_dropped, told_damaged, told_errors;

	/* totals */
	int64_t total_ns;
	struct load_script_total *script_totals;
	struct load_command_total *command_totals;
	struct load_error_total *error_totals;
	char (*error_texts)[LOAD_ERROR_TEXT];
	struct hist *hists; /* three for each script with -R, else one; then one for each command */
	struct hist *empty;

	/* -P */
	int64_t progress_ns, progress_last_ns;
	struct load_sums progress_before;
	int fd; /* standard error */

	struct load_log *log; /* NULL without -l */
	bool log_failed, ended;
};

static inline int64_t load_sooner(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static inline uint64_t load_more(uint64_t now, uint64_t before)
{
	return now > before ? now - before : 0;
}

/* load_sums.c. A counter in shared memory, 0 when it is impossible. */
uint64_t load_counter(const _Atomic uint64_t *counter);
void load_sum(const struct load_watch *watch, struct load_sums *sums);
/* What came in between; times are those of `now`. */
void load_sums_since(struct load_sums *out, const struct load_sums *now, const struct load_sums *before);
/* Adds a lane's histogram; hist_repair comes after the last one. */
void load_hist_merge(struct hist *into, const struct hist *from);
/* Makes a histogram consistent that was read while it was written, or whose writer died in the middle of it. */
void load_hist_repair(struct hist *h);
double load_mean_ns(const struct load_moments *moments);
double load_stddev_ns(const struct load_moments *moments);

/* load_series.c. begin: once, with GO. look: returns when the next is due. last: closes the last stretch. */
void load_series_begin(struct load_watch *watch);
int64_t load_series_look(struct load_watch *watch, int64_t now);
void load_series_last(struct load_watch *watch, int64_t now);

/* load_outage.c */
void load_outage_record(struct load_watch *watch, const struct load_record *record);
void load_outage_look(struct load_watch *watch, const struct load_sums *more, int64_t from, int64_t now);
void load_outage_end(struct load_watch *watch, int64_t now);

/* load_total.c */
void load_total_open(struct load_watch *watch);
void load_total_close(struct load_watch *watch);
void load_total_write(struct load_watch *watch, int64_t now);

/* load_progress.c. step: returns when to be called again. */
struct load_progress_line {
	double at_s, span_s; /* what stands in the line as time, and the length of its stretch */
	bool timestamp, warmup;
	const struct load *load;
};
void load_progress_line(struct buf *out, const struct load_progress_line *line, const struct load_sums *more);
int64_t load_progress_step(struct load_watch *watch, int64_t now);
void load_progress_last(struct load_watch *watch, int64_t now);

/* load_log.c */
struct load_log_setting {
	const char *prefix; /* NULL = pgbench_log */
	long pid;
	unsigned nth; /* run of this process that writes logs, 1 = the first */
	uint32_t nlanes, nsessions;
	int64_t aggregate_ns; /* 0 = a line for each transaction */
	int64_t begin_ns, wall_offset_us; /* when counting begins; Unix time minus monotonic time */
	bool detailed, lag, retries; /* --failures-detailed; -R; --max-tries other than 1 */
};
struct load_log *load_log_open(const struct load_log_setting *setting, struct err *err);
void load_log_begin(struct load_log *log, int64_t begin_ns);
/* False: a file could not be written, now or before; the reason is in err, the first time only in full. */
bool load_log_record(struct load_log *log, uint32_t lane, const struct load_record *record, struct err *err);
/* Writes what is left and closes. */
bool load_log_end(struct load_log *log, struct err *err);
/* Removes the files when the load never began. */
void load_log_free(struct load_log *log);

#endif
