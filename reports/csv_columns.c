/*
 * csv_columns: see csv.h.
 */
#include "reports/csv_parts.h"

#include <string.h>

static const char *const tables[] = {"attempts", "runs", "tasks", "sessions", "errors", "samples", "events",
        "environment", "suspects", "doubts", "server_counters", "client_cpu", "chaos", "load", "load_scripts",
        "load_commands", "load_seconds", "load_errors", "load_records", NULL};

static const struct csv_column attempts[] = {{"run", "number of the run"}, {"ticket", "global number of the ticket"},
        {"task", "name of the task"}, {"round", "which execution of the task, 0 = first"},
        {"data_row", "row of the --data file, 0 = first; empty without one"}, {"try_no", "1 = first try"},
        {"session", "global number of the session, 0 = first"}, {"worker", "number of the worker, 0 = first"},
        {"generation", "generation of that worker, 1 = first"}, {"backend_pid", "backend that ran it"},
        {"outcome", "done, failed or unknown"}, {"sqlstate", "SQLSTATE of the error, empty = none"},
        {"statements", "statements of the task"},
        {"applied", "statements known applied although it did not end as done"},
        {"failed_statement", "the statement that failed, 1 = first; empty = none"},
        {"rows", "rows returned or affected"}, {"bytes", "bytes of the returned values"},
        {"taken_us", "ticket taken, after wall zero"}, {"queue_us", "phase queue: taken to first byte sent"},
        {"execute_us", "phase execute: sent to first byte of the answer, client's clock"},
        {"fetch_us", "phase fetch: first byte to the outcome"}, {"done_us", "outcome known, after wall zero"},
        {"server_start_utc", "start marker on the server's clock, ISO 8601 UTC"},
        {"server_end_utc", "end marker on the server's clock, ISO 8601 UTC"},
        {"server_us", "between the markers, on the server's clock"},
        {"timed_out", "1: ended by a deadline of ours or by statement_timeout"},
        {"session_lost", "1: the session ended during it"}, {"worker_died", "1: its worker died during it"},
        {"check_failed", "1: rows= did not match"}, {"message", "first error text"},
        {"recorded_us",
                "result of the attempt before it on its session written to the parent, after wall zero; empty = none"},
        {"served_us", "from then on the lane served its other sessions so long"},
        {"commit_us", "the last statement answered, or COMMIT sent, to the outcome; empty = not known"}, {NULL, NULL}};

static const struct csv_column runs[] = {{"run", "number of the run"}, {"experiment", "its experiment"},
        {"role", "run, baseline or repeat"}, {"workload", "name of the series"},
        {"workload_sha256", "SHA-256 of the workload text"}, {"engine", "process, thread, async or serial"},
        {"sessions", "sessions asked for"}, {"lanes", "lanes that carried them"}, {"workers", "worker processes"},
        {"seed", "seed of the run"}, {"started_utc", "begin, ISO 8601 UTC"},
        {"state", "running, finished, interrupted, stopped or aborted"}, {"reason", "why it was stopped or given up"},
        {"verdict", "what the run shows"}, {"wall_us", "start of the processes to the last task's end"},
        {"makespan_us", "common start to the last task's end"},
        {"serial_makespan_us", "the same of the measured serial run; empty without one"},
        {"speedup", "serial makespan over makespan; empty without a serial run"},
        {"ceiling", "what no schedule can pass; empty without a serial run"},
        {"effective_lanes", "active time over first start to last end"},
        {"mean_active", "mean number of active sessions"}, {"peak_active", "most sessions active at once"},
        {"overlap_percent", "time with two or more active, of the time possible"}, {"tickets", "tickets due"},
        {"done", "tickets done"}, {"failed", "tickets failed"},
        {"unknown", "tickets that may or may not have been applied"}, {"not_run", "tickets that never started"},
        {"unexplained_us", "part of the wall time no phase accounts for"}, {"exit_code", "exit code of the run itself"},
        {"argv", "the command"}, {"note", "--note"}, {"client", "versions of the program and its libraries"},
        {"cost_user_us", "what the engine cost, here and below: user CPU of the workers"},
        {"cost_system_us", "system CPU of the workers"}, {"cost_user_each_us", "user CPU for each query"},
        {"cost_system_each_us", "system CPU for each query"},
        {"cost_voluntary_switches", "voluntary context switches of the workers"},
        {"cost_involuntary_switches", "involuntary context switches of the workers"},
        {"cost_switches_each", "both for each query"}, {"cost_private_kb", "private memory of the workers, kB"},
        {"cost_peak_kb", "largest resident sets of the workers added up, kB"}, {"cost_threads", "their threads"},
        {"cost_descriptors", "their open descriptors"}, {"ready_us", "start of the workers to all sessions connected"},
        {"start_skew_us", "first to last start of a session's first query"},
        {"lane_fairness", "Jain's index of what each lane did"}, {"session_fairness", "the same of the sessions"},
        {"backend_private_kb", "private memory of a server process, mean of those that could be read, kB"},
        {"backends_read", "how many could be read"},
        {"workers_untold", "worker processes that ended without telling what they used"},
        {"doubts", "names of the reasons to doubt its numbers"}, {NULL, NULL}};

static const struct csv_column tasks[] = {{"run", "number of the run"}, {"task", "name of the task"},
        {"stage", "stage it runs in, 0 = first"}, {"after", "the task it waits for"}, {"readonly", "1: read-only"},
        {"repeatable", "1: may be repeated when its outcome is unknown"}, {"attempts", "attempts made"},
        {"done", "attempts done"}, {"failed", "attempts failed"}, {"unknown", "attempts with an unknown outcome"},
        {"rows", "rows of the attempts done"}, {"mean_us", "mean execute time of the attempts done"},
        {"p50_us", "median; percentiles are empty where fewer than 10 samples lie above"},
        {"p95_us", "95th percentile"}, {"p99_us", "99th percentile"}, {"max_us", "longest"},
        {"stretch", "execute time here over alone; empty without a serial run"},
        {"sql", "its SQL; empty with --no-sql-text"},
        {"result_executions", "tickets whose rows are in the digest; empty without --verify-results"},
        {"result_rows", "rows they returned, or affected"},
        {"result_digest", "order-free digest of these rows, hexadecimal"}, {"digest_us", "hashing took so long"},
        {"stretch_says", "what the samples say about the stretch"}, {NULL, NULL}};

static const struct csv_column sessions[] = {{"run", "number of the run"}, {"session", "global number of the session"},
        {"worker", "number of the worker"}, {"generation", "generation of that worker"},
        {"connect_no", "1 = first connection of the session in that worker"}, {"connected", "1: it became ready"},
        {"backend_pid", "its backend"}, {"start_us", "connecting began, after wall zero"},
        {"tcp_us", "time to connect the socket"}, {"tls_us", "time for TLS; empty without"},
        {"auth_us", "time for authentication"}, {"setup_us", "time for settings and @session"},
        {"ready_us", "ready, after wall zero"}, {"tls", "protocol and cipher"}, {"sqlstate", "SQLSTATE of the failure"},
        {"message", "text of the failure"}, {NULL, NULL}};

static const struct csv_column errors[] = {{"run", "number of the run"}, {"sqlstate", "SQLSTATE, empty = none"},
        {"meaning", "name of the condition"}, {"task", "name of the task"},
        {"phase", "connect, execute, fetch or commit"}, {"count", "attempts"},
        {"retried_done", "of these: done on a later try"}, {"failed", "failed for good"},
        {"unknown", "outcome unknown"}, {"message", "first text"}, {NULL, NULL}};

static const struct csv_column samples[] = {{"run", "number of the run"}, {"backend_pid", "sampled backend"},
        {"first_utc", "first sample of the stretch, server's clock"}, {"last_utc", "last sample of the stretch"},
        {"samples", "samples in the stretch"}, {"state", "pg_stat_activity.state"},
        {"wait_event_type", "what it waits for"}, {"wait_event", "the same, in detail"},
        {"blockers", "process ids that block it, blank-separated"}, {NULL, NULL}};

static const struct csv_column events[] = {{"run", "number of the run"}, {"at_us", "when, after wall zero"},
        {"kind", "a stable word"}, {"text", "what happened"}, {NULL, NULL}};

static const struct csv_column environment[] = {
        {"run", "number of the run"}, {"name", "name of the fact"}, {"value", "its value"}, {NULL, NULL}};

static const struct csv_column suspects[] = {{"run", "number of the run"}, {"rank", "1 = most telling"},
        {"cause", "a stable word"}, {"share_us", "the part of the wall time it may account for"},
        {"evidence", "the figures it rests on"},
        {"confirmed", "what a run without it showed (--confirm); empty = not tried"}, {NULL, NULL}};

static const struct csv_column doubts[] = {
        {"run", "number of the run"}, {"name", "a stable word"}, {"text", "the number that raised it"}, {NULL, NULL}};

static const struct csv_column server_counters[] = {{"run", "number of the run"}, {"name", "name of the counter"},
        {"before", "before the common start; empty = not read"}, {"after", "after the run's sessions had ended"},
        {"change", "what was added, whoever did the work"}, {NULL, NULL}};

static const struct csv_column client_cpu[] = {{"run", "number of the run"}, {"at_us", "begin, after wall zero"},
        {"length_us", "its length"}, {"cpu_us", "CPU time of all workers"},
        {"wait_us", "their threads stood ready without a CPU for so long; empty = not known"},
        {"busiest_worker", "the worker that used most"}, {"busiest_us", "CPU time it used"}, {NULL, NULL}};

static const struct csv_column chaos[] = {{"run", "number of the run"}, {"action", "kill, segv, stop or cut"},
        {"at", "when it was to strike"}, {"asked", "victims asked for"}, {"workers", "worker processes hit"},
        {"sessions", "sessions hit"}, {"struck_us", "when it struck, after wall zero; empty: the run was over before"},
        {"unknown", "in flight there: may or may not have been applied"},
        {"failed", "in flight there: known not applied"}, {"repeated", "of both: tried again"},
        {"survivors", "sessions that no fault had hit"}, {"before_count", "what those did before it"},
        {"after_count", "and after it"}, {"before_p50_us", "median time before"}, {"after_p50_us", "and after"},
        {"before_max_us", "longest before"}, {"after_max_us", "and after"},
        {"full_strength_us", "until every session it hit was at work again; empty: not all came back"}, {NULL, NULL}};

const char *const *csv_tables(void)
{
	return tables;
}

const struct csv_column *csv_columns(const char *table)
{
	static const struct csv_column *const columns[] = {attempts, runs, tasks, sessions, errors, samples, events,
	        environment, suspects, doubts, server_counters, client_cpu, chaos, csv_columns_load,
	        csv_columns_load_scripts, csv_columns_load_commands, csv_columns_load_seconds, csv_columns_load_errors,
	        csv_columns_load_records};

	for (size_t i = 0; tables[i]; i++)
		if (strcmp(tables[i], table) == 0)
			return columns[i];
	return NULL;
}
