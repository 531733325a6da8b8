/*
 * store: the results file (SQLite). Only the parent calls it, only reports/store* and reports/query* call SQLite.
 *
 * One writer: who opens for writing holds flock on FILE.lock (orchestrator/lockfile) for as long. A result counts once
 * it is committed. All writing is queued in an open transaction and committed by store_commit.
 */
#ifndef REPORTS_STORE_H
#define REPORTS_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reports/store_notes.h"
#include "shared/attempt.h"
#include "shared/digest.h"
#include "shared/err.h"
#include "shared/msg.h"
#include "shared/plan.h"

struct store; /* opaque: one open results file */

/* What STORE must know when a run begins. Strings are copied. */
struct run_begin {
	int64_t experiment; /* 0 = a new experiment of its own */
	int arm, block, block_order; /* with arms, see the table run; -1 = none */
	const char *role; /* "run", "baseline", "repeat", "arm", "warm-up" */
	const char *engine; /* process, thread, async, serial */
	uint32_t sessions, lanes, workers;
	uint64_t seed;
	int64_t started_wall_us; /* PREFLIGHT's begin, UTC */
	int64_t resumed_run; /* 0 = none */
	const char *argv; /* the command, shell-quoted */
	const char *note; /* --note, "" */
	const char *client; /* "pgparallel 0.1 (gcc 12.2), libpq 15.18, OpenSSL 3.0.19, SQLite 3.40.1" */
	bool keep_sql; /* false: names and hashes only */
	uint32_t ntickets; /* due in this run */
	const char *timeout_text; /* effective non-secret options as "name=value name=value" */
};

/* All phases of a run as wall-zero-relative microseconds (negative before SPAWN); INT64_MIN = did not happen. */
struct run_phases {
	int64_t preflight_begin_us, preflight_end_us;
	int64_t setup_begin_us, setup_end_us;
	int64_t spawn_begin_us; /* 0 by definition */
	int64_t spawn_end_us;
	int64_t row_begin_us, row_end_us; /* the run's first rows were written, while sessions connected */
	int64_t connected_us; /* all sessions ready, or given up */
	int64_t go_us;
	int64_t last_end_us; /* last task's end: wall ends here */
	int64_t drain_end_us, reap_end_us, store_begin_us;
	int64_t name_us, token_us, wake_us, connect_us; /* durations inside PREFLIGHT */
};

enum run_state { RUN_RUNNING, RUN_FINISHED, RUN_INTERRUPTED, RUN_STOPPED, RUN_ABORTED };
/* FINISHED: ended by itself. INTERRUPTED: its parent died. STOPPED: by a signal, --max-time or --halt.
 * ABORTED: could not connect, or stopped by an error class. */
const char *run_state_name(enum run_state state);

/* What the engine cost: its worker processes without the parent, the observer and the worker of @setup. */
struct run_costs {
	struct msg_usage workers; /* sums over those that told; max_rss_kb: of each one's peak */
	uint32_t told, untold; /* worker processes that did, and that ended without a word */
	int64_t start_skew_us; /* first to last start of a session's first task or transaction; -1 = not known */
	double lane_fairness, session_fairness; /* Jain's index of what was done by each; 0 = nothing was */
};

struct run_end {
	enum run_state state;
	const char *reason; /* "" or "SIGTERM", "--max-time 10s", ... */
	struct run_phases phases;
	uint32_t done, failed, unknown, not_run; /* tickets; their sum is ntickets */
	uint32_t attempts, attempts_done, attempts_failed, attempts_unknown;
	int exit_code;
	struct msg_swept swept;
	struct msg_usage usage; /* sum over all children */
	struct msg_usage parent_usage;
	struct run_costs costs;
	int64_t clock_offset_change_us; /* wall clock minus monotonic: change over the run */
	uint32_t asked_sessions, ready_sessions;
	int64_t parent_paused_us; /* longest time the parent was not running */
};

/* Opens (creating, migrating after a copy) for writing; the caller holds the lock. *interrupted: runs that a dead
 * parent left (now marked so). Refuses newer, foreign and damaged files and leaves them as they are (err->code
 * EXIT_STORE); network file systems, links, files of other owners and read-only places before anything ran
 * (EXIT_USAGE). */
struct store *store_open(const char *path, int *interrupted, struct err *err);

/* Does now what the first rows would have to wait for: statements are compiled, the write-ahead log is opened. */
void store_warm(struct store *store);

/* The same checks without writing and without reading every page; the file may be missing. For use before the first
 * fork: nothing stays open. */
bool store_probe(const char *path, struct err *err);

/* What can be said without opening the file, which store_open does after the first fork. */
bool store_look(const char *path, struct err *err);

/* Checkpoints, leaves one plain file (journal_mode DELETE when no reader holds it) and closes. */
bool store_close(struct store *store, struct err *err);

/* An experiment with arms: compare, scale. Strings are copied. */
struct arm_begin {
	const char *label, *engine, *setting;
	uint32_t sessions, lanes;
	bool reference;
};
struct experiment_begin {
	const char *kind;
	uint64_t seed;
	uint32_t blocks_planned;
	double stop_when; /* 0 = none */
	const struct arm_begin *arms;
	uint32_t narms; /* 0: a run with its baseline and repeats; only kind counts then */
};
int64_t store_experiment(struct store *store, const struct experiment_begin *begin, struct err *err); /* id, 0: error */
bool store_experiment_end(struct store *store, int64_t experiment, const char *ended, struct err *err);

/* A figure computed from an experiment as a whole, with its 95 % interval; what is not finite is kept as NULL. */
struct store_figure {
	const char *name; /* "speedup_8", "serial_share" */
	double value, low, high;
	const char *method;
	size_t samples; /* blocks it stands on */
};
bool store_figures(
        struct store *store, int64_t experiment, const struct store_figure *figures, size_t count, struct err *err);

/* Workload (once per hash), tasks, environment facts and the run row in state running. Returns the run id, 0 on error.
 */
int64_t store_run_begin(struct store *store, const struct plan *plan, const struct run_begin *begin, struct err *err);
bool store_run_facts(struct store *store, int64_t run, const struct server_facts *facts, struct err *err);
bool store_run_fact(struct store *store, int64_t run, const char *name, const char *value, struct err *err);

/* Records that the tickets todo[from .. to) of the run may have started, and commits with synchronous FULL. Another
 * program's lock on the file is waited for here, up to 30 s; everywhere else the rows stay queued meanwhile. */
bool store_release(struct store *store, int64_t run, const struct plan *plan, const uint32_t *todo, uint32_t from,
        uint32_t to, struct err *err);

/* origin_ns: the run's wall zero. */
bool store_session(
        struct store *store, int64_t run, int64_t origin_ns, const struct session_report *r, struct err *err);
bool store_attempt(struct store *store, int64_t run, int64_t origin_ns, const struct plan *plan,
        const struct attempt *a, struct err *err);
/* A ticket's final state; state is OUTCOME_NONE for "not run". In the same transaction as its last attempt. */
bool store_ticket(struct store *store, int64_t run, const struct plan *plan, uint32_t ticket, enum outcome state,
        struct err *err);
bool store_samples(struct store *store, int64_t run, const struct sample *samples, size_t count, struct err *err);
bool store_worker(struct store *store, int64_t run, uint32_t worker, uint32_t generation, int32_t pid,
        int64_t forked_us, int64_t born_us, int64_t ended_us, const char *end,
        struct err *err); /* end: "exit 0", "signal 9" */
/* Something worth telling: kind is a stable word ("worker died", "sessions missing", "parent paused", ...). */
bool store_event(struct store *store, int64_t run, int64_t at_us, const char *kind, const char *text, struct err *err);
bool store_phases(struct store *store, int64_t run, const struct run_phases *phases, struct err *err);
bool store_run_end(struct store *store, int64_t run, const struct run_end *end, struct err *err);

/* --verify-results: what all tickets of a task returned that were done. */
struct task_result {
	uint32_t task; /* index of the plan's task */
	uint32_t executions; /* tickets done */
	int64_t rows; /* returned, or affected by statements that return none */
	struct digest_sum digest;
	int64_t digest_ns; /* hashing took so long, over all sessions */
};
bool store_task_result(struct store *store, int64_t run, const struct task_result *result, struct err *err);

/* --chaos: one fault of a run and what it did. Counts of tickets, of load runs transactions; times of sessions that no
 * fault ever hit, of what they began before it (since GO or the fault before) and after it. */
struct chaos_record {
	uint32_t blow; /* 0 = the first that was asked for */
	char action[8], at[24]; /* "kill", "50%" */
	uint32_t asked, workers, sessions; /* victims asked for; worker processes and sessions hit */
	int64_t struck_us; /* after wall zero; INT64_MIN = the run was over before */
	uint64_t unknown, failed, repeated; /* in flight on what was hit; of these tried again */
	uint32_t survivors; /* sessions that were not hit */
	uint64_t before_count, after_count;
	int64_t before_p50_us, after_p50_us, before_max_us, after_max_us; /* 0 when nothing was counted */
	bool full; /* all sessions that were hit came back */
	int64_t full_us; /* so long after it; INT64_MIN = they did not */
};
bool store_chaos(struct store *store, int64_t run, const struct chaos_record *chaos, struct err *err);

/*
 * Load runs. store_run_begin writes their scripts and settings from plan->scripts and plan->load (ntickets 0); the rest
 * comes with the following. A load run has no tickets and no attempts; run.tickets, done, failed and unknown hold its
 * transactions, not_run those that were skipped.
 */

/* One stretch of the run between two looks of the parent, about a second. Totals of the stretch, over all sessions. */
struct load_second {
	int64_t at_us, length_us; /* begin, us after wall zero */
	uint32_t sessions; /* connected at its end */
	bool measured; /* false: ramp, warm-up, or after the end */
	uint64_t done, failed, skipped, unknown, retries;
	int64_t mean_us, stddev_us, p50_us, p95_us, p99_us, max_us; /* service time of those done; 0 when none were */
	int64_t schedule_mean_us, schedule_p50_us, schedule_p95_us, schedule_p99_us,
	        schedule_max_us; /* with -R, else 0 */
};
bool store_load_second(struct store *store, int64_t run, const struct load_second *second, struct err *err);

/* Records in the order they were taken, at most LOAD_CHUNK_MOST; packed into one row. origin_ns: the wall zero. */
#define LOAD_CHUNK_MOST 1000
bool store_load_chunk(struct store *store, int64_t run, int64_t origin_ns, const struct load_record *records,
        size_t count, struct err *err);

/* What the lanes counted, merged; written over until the run ends (a crash leaves the last). */
struct load_script_total {
	uint64_t done, failed, skipped, unknown, retried, retries, late;
	const struct hist *service, *schedule, *lag; /* ns; schedule and lag empty without -R */
};
struct load_command_total {
	uint64_t failures, retries;
	const struct hist *time;
};
struct load_error_total {
	uint32_t script;
	char sqlstate[6]; /* "" = an error of the script itself */
	uint64_t failed, retried, unknown;
	const char *text;
};
struct load_total {
	int64_t begin_us, end_us; /* counting began and ended, us after wall zero; the end is the last transaction's */
	uint64_t warmed, dropped, sampled_out; /* transactions of the warm-up; records not kept, and why */
	uint64_t connects, aborted;
	int64_t connect_sum_us, busy_us;
	int64_t scale; /* 0 = not known */
	const struct load_script_total *scripts; /* plan->scripts->nscripts */
	const struct load_command_total *commands; /* plan->scripts->ncommands with -r, else NULL */
	const struct load_error_total *errors;
	size_t nerrors;
};
bool store_load_total(
        struct store *store, int64_t run, const struct plan *plan, const struct load_total *total, struct err *err);

/* Keeps what proof computed beside the run, so that list and index need not compute it again. */
bool store_verdict(struct store *store, int64_t run, const char *verdict, double speedup, double ceiling,
        double overlap, struct err *err);

bool store_dirty(const struct store *store); /* something is queued and not committed */
/* True with rows still dirty: another program holds the file locked for now (after 30 s of that it is a failure).
 * False: the disk is full or broken; it is never tried again, later calls give the same answer, and every row since
 * the last good commit, and every one still to come, is kept for store_spill. */
bool store_commit(struct store *store, struct err *err);

/* Carries what was committed to the disk, for the time until the next release or the end. */
bool store_settle(struct store *store, struct err *err);

/* After a failed commit: writes what is known of the run as JSON lines to DIR/run-ID.jsonl (mode 0600). The store
 * keeps every row of the run since the last good commit in memory for this. path_out gets the file's name. */
bool store_spill(struct store *store, int64_t run, const char *dir, char *path_out, size_t size, struct err *err);

const char *store_sqlite_version(void); /* "3.40.1" */
/* The text of schema.sql; the manual's chapter on the results file is made from its comments. */
const char *store_schema(void);

bool store_pin(struct store *store, int64_t run, bool pinned, struct err *err);
/* Deletes attempts (of load runs: records, counted as attempts, and seconds) of unpinned runs older than keep_us, and
 * whole runs older than keep_runs_us (0 = never). */
bool store_prune(struct store *store, int64_t now_wall_us, int64_t keep_us, int64_t keep_runs_us, uint32_t *attempts,
        uint32_t *runs, struct err *err);

#endif
