/*
 * run_state: what one run knows while it goes on. Private to orchestrator/run*.c and its tests.
 *
 *   run.c          opening, the loop, the end        run_phase.c   the phases, one switch
 *   run_preflight.c  the phases before anything runs
 *   run_hooks.c    what the children tell            run_stop.c    signals, limits of time, stopping in steps
 *   run_record.c   everything that goes to the store run_facts.c   facts of this machine
 *   run_load.c     scripts in a loop
 */
#ifndef ORCHESTRATOR_RUN_STATE_H
#define ORCHESTRATOR_RUN_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "orchestrator/client_cpu.h"
#include "orchestrator/crew.h"
#include "orchestrator/loop.h"
#include "orchestrator/progress.h"
#include "orchestrator/run.h"
#include "orchestrator/tickets.h"
#include "reports/store.h"

#define RUN_COMMIT_NS (250 * INT64_C(1000000)) /* group commit */
#define RUN_TICK_NS (250 * INT64_C(1000000)) /* the loop never waits longer */
#define RUN_PAUSE_NS INT64_C(1000000000) /* a tick so late means that the parent was not running */

/*
 * PREFLIGHT  the observer connects and tells facts; limits are checked
 * OLD        --resume: the backends that unknown tickets may still run on are ended
 * VACUUM     load runs: what pgbench does to its tables before a run, in a worker of its own
 * SETUP      @setup in a worker of its own
 * SPAWN      workers are forked, a few per step; here the wall begins
 * CONNECT    sessions become ready or give up; at its end the barrier opens with an instant a few ms ahead
 * MEASURE    tickets are run until all are final, scripts until all loops have ended, or the run is stopped
 * REAP       workers were told to leave
 * TEARDOWN   @teardown in a worker of its own
 * SWEEP      the observer looks for sessions of ours, and leaves
 * END
 */
enum phase {
	PHASE_PREFLIGHT,
	PHASE_OLD,
	PHASE_VACUUM,
	PHASE_SETUP,
	PHASE_SPAWN,
	PHASE_CONNECT,
	PHASE_MEASURE,
	PHASE_REAP,
	PHASE_TEARDOWN,
	PHASE_SWEEP,
	PHASE_END
};

/* How a run's tickets, or the transactions of a load run, ended. */
struct run_sums {
	uint32_t done, failed, unknown, not_run, aborted;
};

struct stopping {
	enum stop_mode mode; /* NONE = nobody asked for it */
	enum run_state state;
	char reason[256];
	int64_t cancel_ns, now_ns, kill_ns; /* when the next step is due; CLOCK_NEVER = not by time */
	bool killed;
	bool patient; /* --halt=soon: what runs may take its time */
	uint32_t signals; /* stop signals received */
};

struct load_watch;
struct run_chaos;

struct early_event { /* told before the store was open */
	int64_t at_ns;
	char *kind, *text;
};

struct seen_event { /* how often a kind of event came as a warning; kinds are constants */
	const char *kind;
	unsigned times;
};

struct old_backend { /* of the runs that --resume goes on with; index = token */
	bool answered, gone;
};

struct run {
	const struct run_request *request;
	const struct options *options;
	const struct plan *plan;
	struct run_answer *answer;
	struct target target;
	struct loop *loop;
	struct shm *shm;
	uint32_t *todo; /* own copy: --resume may leave some out */
	uint32_t ntodo;
	uint32_t nworkers;
	struct crew crew;
	struct tickets tickets;
	struct progress *progress;
	int64_t progress_ns;

	enum phase phase;
	int64_t phase_ns; /* when it began */
	int64_t deadline_ns; /* of the phase */

	/* PREFLIGHT */
	struct server_facts *facts; /* NULL until they came */
	struct msg_counters *counters_before, *counters_after; /* NULL until they came */
	bool observer_ended;
	bool said_starting; /* "the server is starting up" is said once */
	int64_t observer_again_ns; /* next try while it starts up; CLOCK_NEVER = none */
	uint32_t observers; /* started so far */
	struct old_backend *old;
	uint32_t nold;

	/* the worker of @setup and @teardown */
	bool special_ended;
	enum outcome special_outcome;
	char special_text[600];
	bool setup_begun, teardown_failed;

	/* a load run */
	bool load;
	struct load_watch *watch;
	struct run_chaos *chaos; /* --chaos; NULL = none */
	bool load_ended, load_told_late, load_file_failed;
	uint32_t sessions_missing; /* that had given up when MEASURE ended */

	/* CONNECT */
	struct err refusal; /* the first session that gave up, or a worker's end */
	uint32_t spawned;
	bool go_given;

	/* store */
	struct store *store;
	int64_t id;
	bool store_failed, recorded_end, recorded_facts;
	char store_text[1024];
	struct task_result *results; /* --verify-results: of each task; NULL = not asked for */
	uint32_t published_skips; /* tickets not run when the skips in shared memory were written */
	int64_t dirty_ns; /* first row not committed, 0 = none */
	struct session_report *kept_sessions; /* told before wall zero; their messages are owned */
	uint32_t nkept_sessions;
	struct early_event *early;
	uint32_t nearly;
	struct seen_event seen[16];
	uint32_t nseen;
	int64_t *logged_ns; /* per session: when the attempt whose start the log has was sent; NULL = none yet */
	int64_t log_looked_ns;

	/* times, 0 = did not happen */
	int64_t preflight_ns, preflight_end_ns, setup_ns, setup_end_ns, origin_ns, spawn_end_ns, connected_ns, go_ns;
	int64_t row_begin_ns, row_end_ns; /* the run's first rows and tickets were written */
	int64_t last_end_ns, drain_end_ns, reap_end_ns, store_ns;
	int64_t started_wall_us, wall_offset_us; /* offset: CLOCK_REALTIME minus CLOCK_MONOTONIC */
	int64_t step_end_ns, paused_ns;
	struct msg_usage parent_before; /* what this process had used when the run began: there may be many runs */
	int64_t looked_ns; /* last look for held sessions */
	bool rehearsed; /* see run_request.rehearse */

	struct stopping stop;
	uint32_t streak_sessions[3]; /* last sessions and workers that ran out of a resource */
	uint32_t streak;
	struct msg_usage usage;
	struct client_cpu client_cpu; /* while tasks run */
	struct run_costs costs; /* of workers so far; the rest is worked out at the end */
	struct msg_swept swept;
	bool sweep_asked, swept_came;
	uint32_t ready_sessions;

	bool nothing_ran; /* the answer is false, with err */
	struct err err;
};

/* run.c; for tests: with other bodies of the children. */
bool run_with(const struct run_request *request, const struct crew_bodies *bodies, struct run_answer *answer,
        struct err *err);

struct run_sums run_sums_of(const struct run *run);

/* run_phase.c */
void run_enter(struct run *run, enum phase phase, int64_t now);
void run_phase(struct run *run, int64_t now);
/* Nothing of the workload ran and nothing will: the run ends with err, after whatever is running has left. */
void run_refuse(struct run *run, enum exit_code code, int64_t now, const char *format, ...)
        __attribute__((format(printf, 4, 5)));
void run_begin(struct run *run, int64_t now); /* the run has its row: VACUUM or SETUP, else SPAWN */
bool run_is_over(const struct run *run); /* no ticket can change any more */

/* run_preflight.c */
void run_phase_preflight(struct run *run, int64_t now);
void run_phase_old(struct run *run, int64_t now);
int64_t run_connect_budget(const struct target *target); /* all addresses of a name, and a second */

/* run_load.c */
bool run_load_open(struct run *run, uint32_t lanes, struct err *err); /* the shared memory */
bool run_load_watch(struct run *run, struct err *err); /* the watch, before the first fork */
void run_load_close(struct run *run);
int64_t run_load_step(struct run *run, int64_t now); /* returns when to be called again */
void run_load_ended(struct run *run, const struct member *m, int64_t now); /* a worker has */
bool run_load_left(const struct run *run, const struct member *m, int64_t now);
int64_t run_load_progress(struct run *run, int64_t now); /* what a terminal shows; when to be called again */
bool run_load_unfinished(const struct run *run, int64_t now); /* somebody should do something yet */
bool run_load_over(const struct run *run);
void run_load_measure(struct run *run, int64_t now);
void run_load_end(struct run *run, int64_t now);
struct run_sums run_load_sums(const struct run *run);
bool run_load_short(const struct run *run); /* not all that was asked for was done */

/* run_log.c */
void run_log_starts(struct run *run, int64_t now);
void run_log_attempt(struct run *run, const struct member *m, const struct attempt *a, const struct task *task);

/* run_hooks.c */
struct crew_hooks run_hooks(struct run *run);
/* Logs and stores something worth telling. */
void run_event(struct run *run, int64_t now, enum log_level level, const char *kind, const char *format, ...)
        __attribute__((format(printf, 5, 6)));

/* run_cost.c */
void run_cost_told(struct run *run, const struct msg_usage *usage); /* by a worker, of itself */
struct run_costs run_costs_of(const struct run *run); /* once all workers are gone */

/* run_chaos.c: --chaos; without it all of them do nothing */
bool run_chaos_open(struct run *run, struct err *err);
void run_chaos_close(struct run *run);
int64_t run_chaos_step(struct run *run, int64_t now); /* returns when to be called again */
void run_chaos_session(struct run *run, const struct session_report *r, int64_t now);
void run_chaos_attempt(struct run *run, const struct attempt *a, bool again); /* again: it is tried once more */
void run_chaos_record(struct run *run, const struct load_record *record);
void run_chaos_judged(struct run *run, const struct member *m, uint64_t unknown, uint64_t failed); /* load runs */
bool run_chaos_result(const struct run *run, uint32_t number, struct chaos_record *out); /* false: no such fault */

/* run_stop.c */
void run_signal(struct run *run, int signal_number, int64_t now);
void run_stop(struct run *run, enum stop_mode mode, enum run_state state, int64_t now, const char *format, ...)
        __attribute__((format(printf, 5, 6)));
int64_t run_stop_step(struct run *run, int64_t now); /* returns when to be called again */
void run_stop_settled(struct run *run); /* all workers are gone: later phases begin with a clean stop mode */
/* @teardown begins: after a signal it has a grace of its own, and the watchdog starts anew. */
void run_stop_teardown(struct run *run, int64_t now);

/* run_record.c; after a store error the rows are kept for the spill file and the run is stopped. */
bool record_attach(struct run *run, int64_t now); /* opens the results file; false: run_refuse was called */
bool record_open(struct run *run, int64_t now); /* the run gets its row; false: run_refuse was called */
/* What the parent used since `before` was read. */
struct msg_usage run_parent_usage(const struct msg_usage *before);
void record_release(struct run *run, int64_t now);
void run_record_attempt(struct run *run, const struct attempt *a, int64_t now);
void record_ticket(struct run *run, uint32_t position, int64_t now);
/* Before there is a wall zero it is kept, and recorded by record_kept_sessions. */
void run_record_session(struct run *run, const struct session_report *r, int64_t now);
void record_kept_sessions(struct run *run, int64_t now);
void record_samples(struct run *run, const struct sample *samples, size_t count, int64_t now);
void record_worker(struct run *run, const struct member *m, const char *end, int64_t now);
void record_event(struct run *run, int64_t at_ns, const char *kind, const char *text);
void record_phases(struct run *run, int64_t now);
void record_load_second(struct run *run, const struct load_second *second, int64_t now);
void record_load_chunk(struct run *run, const struct load_record *records, size_t count, int64_t now);
void record_load_total(struct run *run, const struct load_total *total, int64_t now);
void record_facts(struct run *run, int64_t now); /* once: when they are complete, else at the end */
void record_client_sample(struct run *run, const struct client_look *look, int64_t now);
void record_soon(struct run *run, int64_t now); /* the next record_step commits */
int64_t record_step(struct run *run, int64_t now); /* group commit; when to be called again */
void record_end(struct run *run, enum run_state state, const char *reason, int exit_code, int64_t now);
void record_close(struct run *run);

/* run_facts.c */
void facts_of_load(struct run *run, const char *moment); /* "before" or "after" */
void facts_of_machine(struct run *run);
void facts_options(const struct run *run, struct buf *out); /* "name=value name=value", without secrets */

#endif
