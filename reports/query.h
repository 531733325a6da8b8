/*
 * query: the read model: one run as every renderer, proof and budget see it. Read from the store (read-only), or
 * filled by tests. All times are microseconds after the run's wall zero (start of SPAWN) unless the name says
 * otherwise; QUERY_NONE = there is none. The owner calls run_view_free.
 */
#ifndef REPORTS_QUERY_H
#define REPORTS_QUERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reports/store.h"
#include "shared/attempt.h"
#include "shared/err.h"

#define QUERY_NONE INT64_MIN

struct task_view {
	int64_t id; /* in the store */
	char *name;
	char *sql; /* "" with --no-sql-text */
	int stage;
	int after; /* index into run_view.tasks, -1 = none */
	bool readonly, repeatable, transaction;
};

struct attempt_view {
	uint32_t ticket;
	uint32_t task; /* index into run_view.tasks */
	uint32_t round, row;
	uint32_t try_no;
	uint32_t session, worker, generation;
	int32_t backend_pid;
	enum outcome outcome;
	uint32_t flags; /* ATTEMPT_* */
	char sqlstate[6];
	uint32_t statements, applied, failed_statement;
	int64_t rows, bytes;
	int64_t taken_us, released_us, sent_us, first_us, done_us; /* QUERY_NONE = did not happen */
	int64_t before_sent_us, before_received_us, before_server_us; /* markers: client, client, server's Unix epoch */
	int64_t after_sent_us, after_received_us, after_server_us;
	int64_t complete_us; /* see struct attempt */
	int64_t recorded_us, served_us; /* see struct attempt; recorded QUERY_NONE = first of its session */
	const char *message; /* NULL = none; owned by the view */
};

struct session_view {
	uint32_t session, worker, generation, connect_no;
	bool connected;
	int32_t backend_pid;
	int64_t start_us, tcp_us, tls_us, auth_us, ready_us;
	int64_t laid_out_us, served_us; /* see struct session_report */
	char tls[64];
	char sqlstate[6];
	const char *message;
};

struct task_result_view { /* --verify-results */
	uint32_t task; /* index into run_view.tasks */
	uint32_t executions;
	int64_t rows, digest_us;
	char digest[DIGEST_HEX];
};

struct worker_view {
	uint32_t worker, generation;
	int32_t pid;
	int64_t forked_us, born_us, ended_us;
	char end[32];
};

struct event_view {
	int64_t at_us;
	const char *kind;
	const char *text;
};
struct error_view { /* attempts that did not end as done, grouped */
	char sqlstate[6];
	const char *task;
	const char *phase; /* connect (task is "" then), execute, fetch, commit */
	uint32_t count; /* attempts, or connections that gave up */
	uint32_t retried_done; /* of these attempts, how many were of tickets that a later try brought to done */
	uint32_t failed, unknown; /* tickets whose last attempt is one of these, by the ticket's final state */
	const char *message; /* first text */
};
struct fact_view {
	const char *name, *value;
};

/* A counter of the server; QUERY_NONE = not read. */
struct counter_view {
	const char *name;
	int64_t before, after;
};
/* What was kept beside the run: reasons to doubt its numbers, and what may have kept it from being faster. */
struct doubt_view {
	char name[48];
	char text[160];
};
struct suspect_view {
	const char *cause, *evidence;
	const char *confirmed; /* NULL = not tried */
	int64_t share_us;
};

/* A load run, as `report` shows it. Histograms are owned by the view. */
struct load_script_view {
	const char *name;
	int64_t weight;
	uint64_t done, failed, skipped, unknown, retried, retries, late;
	struct hist *service, *schedule, *lag;
};
struct load_command_view {
	uint32_t script; /* index into load_view.scripts */
	uint32_t line;
	const char *text; /* "" with --no-sql-text */
	uint64_t failures, retries;
	struct hist *time;
};
struct load_error_view {
	uint32_t script;
	char sqlstate[6];
	uint64_t failed, retried, unknown;
	const char *text;
};
struct load_view {
	char mode[16];
	int64_t transactions; /* -t, 0 = by time */
	int64_t duration_us, warmup_us, ramp_us, latency_limit_us, think_us;
	double rate; /* -R, 0 = none */
	uint32_t max_tries, pipeline;
	bool reconnect, per_command, continue_on_error, exit_on_abort;
	double sampling_rate;
	int64_t scale; /* 0 = not known */
	int64_t begin_us, end_us; /* counting, us after wall zero; QUERY_NONE = never began */
	uint64_t done, failed, skipped, unknown, retried, retries, late, warmed, dropped, sampled_out, connects,
	        aborted;
	int64_t connect_sum_us, busy_us;
	struct hist *service, *schedule, *lag; /* over all scripts */
	struct load_script_view *scripts;
	size_t nscripts;
	struct load_command_view *commands; /* empty without -r */
	size_t ncommands;
	struct load_error_view *errors;
	size_t nerrors;
	struct load_second *seconds;
	size_t nseconds;
	uint64_t nrecords; /* kept in the store; query_load_records reads them */
};

struct run_view {
	int64_t id, experiment, baseline; /* baseline: id of the serial run of the same experiment, 0 = none */
	int64_t previous; /* the run before it in the same series, 0 = none */
	int64_t resumed_run;
	char *workload, *workload_text, *workload_sha256;
	char *role, *engine, *argv, *note, *client, *options;
	uint32_t sessions, lanes, workers;
	uint64_t seed;
	int64_t started_wall_us;
	enum run_state state;
	char *reason;
	bool pinned;
	struct run_phases phases;
	uint32_t ntickets, done, failed, unknown, not_run;
	int exit_code;
	struct run_end end; /* counters, usage, sweep; its pointers are NULL */

	struct task_view *tasks;
	size_t ntasks;
	struct attempt_view *attempts;
	size_t nattempts; /* by session, then taken */
	struct session_view *session_rows;
	size_t nsession_rows;
	struct task_result_view *results; /* by task; none without --verify-results */
	size_t nresults;
	struct chaos_record *chaos; /* --chaos: in the order asked for */
	size_t nchaos;
	struct worker_view *worker_rows;
	size_t nworker_rows;
	struct sample *samples;
	size_t nsamples; /* by backend, then time */
	struct event_view *events;
	size_t nevents;
	struct error_view *errors;
	size_t nerrors;
	struct fact_view *facts;
	size_t nfacts; /* environment: host, version, settings, cpu, ... */
	struct counter_view *counters;
	size_t ncounters; /* by name */
	struct client_cpu_row *client_cpu;
	size_t nclient_cpu; /* by worker and generation */
	struct client_sample *client_samples;
	size_t nclient_samples; /* by time */
	struct doubt_view *doubts;
	size_t ndoubts; /* as stored: none before they were computed */
	struct suspect_view *suspects;
	size_t nsuspects; /* likewise, best first */
	struct load_view *load; /* NULL: a task list */
	char *data_sha256;
	char *verdict; /* as stored, "" = not computed yet */
	/* The experiment's finished runs of the same engine and layout, this one included: how many, and the lowest and
	 * highest makespan in us, of load runs transactions a second. */
	uint32_t repeats;
	double repeat_low, repeat_high;
	bool pruned; /* its attempts were pruned: only the numbers of the run are left */
	struct buf *strings; /* owns the const strings; private; tests that fill a view leave it NULL */
};

struct query; /* an open results file, read-only */
struct query *query_open(const char *path, struct err *err);
/* Reads over the connection of the open store, which outlives it; what is queued there is not seen before it is
 * committed. */
struct query *query_of_store(struct store *store);
void query_close(struct query *query);

/* The caller knows that nobody holds the lock: runs still marked running are then shown as interrupted, and their
 * tickets without a final state as unknown. */
void query_assume_dead(struct query *query, bool dead);

/* False with EXIT_USAGE when there is no such run; the text names the runs there are. id 0 = the newest. */
bool query_run(struct query *query, int64_t id, struct run_view *view, struct err *err);
void run_view_free(struct run_view *view);
const char *run_view_fact(const struct run_view *view, const char *name); /* NULL = not known */
/* A counter's change over the run; false when it is not known, or went back (the statistics were reset). */
bool run_view_counted(const struct run_view *view, const char *name, int64_t *change);
/* The doubts kept beside a run, without reading the run. *doubts is malloc'd. */
bool query_doubts(struct query *query, int64_t run, struct doubt_view **doubts, size_t *count, struct err *err);

/* Hands the kept records of a load run to `take`, in order, until it says false. Times in the records are ns after wall
 * zero. */
bool query_load_records(struct query *query, int64_t run, bool (*take)(void *context, const struct load_record *record),
        void *context, struct err *err);

struct run_line { /* for list and index */
	int64_t id;
	char workload[64], engine[16], role[16], verdict[48], state[16];
	uint32_t sessions, ntickets, done, failed, unknown, not_run;
	int64_t started_wall_us, wall_us;
	double speedup, ceiling; /* 0 = not known */
	bool pinned;
	uint32_t doubts; /* reasons to doubt its numbers */
};
/* The newest `most` runs, newest first; *lines is malloc'd. */
bool query_list(struct query *query, size_t most, struct run_line **lines, size_t *count, struct err *err);

/* For --resume: state of every ticket of a run and of those it resumed. */
struct ticket_state {
	enum outcome state; /* OUTCOME_NONE = not run */
	bool released; /* may have started */
	uint32_t applied; /* of its last attempt */
	int32_t backend_pid; /* of its last attempt, 0 = unknown */
	int64_t backend_start_us;
};
struct backend_view {
	int32_t pid;
	int64_t start_us; /* 0 = unknown */
};
struct resume_view {
	int64_t run;
	char workload_sha256[65], data_sha256[65];
	uint64_t seed;
	bool setup_finished;
	struct ticket_state *tickets;
	size_t ntickets; /* of the whole plan */
	struct backend_view *backends; /* every backend those runs had: tickets in flight name none of their own */
	size_t nbackends;
};
bool query_resume(struct query *query, int64_t run, struct resume_view *view, struct err *err);
void resume_view_free(struct resume_view *view);

/* All runs of the experiment of a run, in order (for --repeat: median and range). *ids is malloc'd. */
bool query_experiment(struct query *query, int64_t experiment, int64_t **ids, size_t *count, struct err *err);

#endif
