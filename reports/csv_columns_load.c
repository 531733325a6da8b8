/*
 * csv_columns_load: the columns of the tables of load runs. See csv.h.
 */
#include "reports/csv_parts.h"

#define TIMES(prefix, what)                                                                                            \
	{prefix "_mean_us", what ": mean"}, {prefix "_stddev_us", what ": standard deviation"},                        \
	        {prefix "_min_us", what ": shortest"}, {prefix "_max_us", what ": longest"},                           \
	        {prefix "_p50_us", what ": median; percentiles are empty where fewer than 10 samples lie above"},      \
	        {prefix "_p90_us", what ": 90th percentile"}, {prefix "_p95_us", what ": 95th percentile"},            \
	        {prefix "_p99_us", what ": 99th percentile"},                                                          \
	{                                                                                                              \
		prefix "_p999_us", what ": 99.9th percentile"                                                          \
	}

const struct csv_column csv_columns_load[] = {{"run", "number of the run"}, {"sessions", "sessions asked for"},
        {"mode", "-M: simple, extended or prepared"}, {"transactions", "-t; empty = by time"},
        {"duration_us", "-T; empty = by number"}, {"warmup_us", "--warmup"}, {"ramp_us", "--ramp"},
        {"rate", "-R: transactions a second; empty = as fast as it goes"}, {"latency_limit_us", "-L; empty = none"},
        {"think_us", "--think: pause after each transaction"},
        {"max_tries", "--max-tries: 1 = no retries, 0 = as often as needed"},
        {"pipeline", "--pipeline: executions in one go, 0 = one by one"},
        {"reconnect", "1: a new connection for each transaction (-C)"}, {"continue_on_error", "1: --continue-on-error"},
        {"exit_on_abort", "1: --exit-on-abort"}, {"sampling_rate", "share of the transactions that have a record"},
        {"scale", "scale factor; empty = not known"}, {"begin_us", "counting began, after wall zero"},
        {"end_us", "last counted transaction's end, after wall zero"}, {"tps", "transactions done a second"},
        {"active_sessions", "mean number of sessions inside a transaction"},
        {"done", "transactions done; the warm-up is in no number"},
        {"failed", "transactions failed: known not applied"},
        {"skipped", "transactions left out as too late (-R with -L)"},
        {"unknown", "transactions that may or may not have been applied"},
        {"retried", "transactions tried more than once"}, {"retries", "tries after the first"},
        {"late", "of those done: took longer than -L"}, {"warmed", "transactions of the warm-up, in no other number"},
        {"records", "records kept"}, {"dropped", "records lost as they came faster than they could be taken"},
        {"sampled_out", "records left out because of the sampling rate"},
        {"aborted", "sessions that ended because of an error"}, {"connects", "connections made"},
        {"connect_sum_us", "time spent connecting, of all sessions together"},
        {"busy_us", "time between start and end of transactions, of all sessions together"},
        TIMES("service", "service time: first try's start to the end, of those done"),
        TIMES("schedule", "time from the scheduled start (-R) to the end"),
        TIMES("lag", "how late transactions began (-R)"), {NULL, NULL}};

const struct csv_column csv_columns_load_scripts[] = {{"run", "number of the run"},
        {"script_no", "number of the script, 0 = first"},
        {"script", "file as given, name of the built-in, or of @script"},
        {"weight", "how often it is chosen, in proportion to the others' weights"},
        {"tps", "transactions of it done a second"}, {"done", "transactions done; the warm-up is in no number"},
        {"failed", "transactions failed: known not applied"},
        {"skipped", "transactions left out as too late (-R with -L)"},
        {"unknown", "transactions that may or may not have been applied"},
        {"retried", "transactions tried more than once"}, {"retries", "tries after the first"},
        {"late", "of those done: took longer than -L"},
        TIMES("service", "service time: first try's start to the end, of those done"),
        TIMES("schedule", "time from the scheduled start (-R) to the end"),
        TIMES("lag", "how late transactions began (-R)"), {NULL, NULL}};

const struct csv_column csv_columns_load_commands[] = {{"run", "number of the run"},
        {"command", "number of the command over all scripts, 0 = first"}, {"script", "its script"},
        {"line", "line in the script's file"}, {"text", "the command on one line; empty with --no-sql-text"},
        {"done", "executions that succeeded"}, {"failures", "errors that were not repeated"},
        {"retries", "errors after which the transaction was tried again"}, TIMES("time", "an execution that succeeded"),
        {NULL, NULL}};

const struct csv_column csv_columns_load_seconds[] = {{"run", "number of the run"},
        {"at_us", "begin of the stretch, after wall zero"}, {"length_us", "its length, about a second"},
        {"sessions", "sessions connected at its end"},
        {"measured", "1: counted in the run's numbers; 0: ramp, warm-up or after the end"},
        {"tps", "transactions done a second"}, {"done", "transactions done in it"},
        {"failed", "transactions failed in it"}, {"skipped", "transactions left out in it"},
        {"unknown", "transactions with an unknown outcome"}, {"retries", "tries after the first"},
        {"mean_us", "service time: mean"}, {"stddev_us", "standard deviation"},
        {"p50_us", "median; percentiles are empty where fewer than 10 samples lie above"},
        {"p95_us", "95th percentile"}, {"p99_us", "99th percentile"}, {"max_us", "longest"},
        {"schedule_mean_us", "time from schedule (-R): mean; empty without -R"}, {"schedule_p50_us", "median"},
        {"schedule_p95_us", "95th percentile"}, {"schedule_p99_us", "99th percentile"}, {"schedule_max_us", "longest"},
        {NULL, NULL}};

const struct csv_column csv_columns_load_errors[] = {{"run", "number of the run"}, {"script", "its script"},
        {"sqlstate", "SQLSTATE; empty = an error of the script itself"}, {"meaning", "name of the condition"},
        {"failed", "transactions that ended with it"}, {"retried", "tries that were repeated after it"},
        {"unknown", "connections lost by it with something sent"}, {"message", "first text"}, {NULL, NULL}};

const struct csv_column csv_columns_load_records[] = {{"run", "number of the run"}, {"script", "its script"},
        {"session", "global number of the session, 0 = first"}, {"outcome", "done, failed, skipped or unknown"},
        {"end_us", "end of the transaction, after wall zero"},
        {"latency_us", "from its start (the schedule's with -R) to its end, tries and their pauses included; empty if "
                       "skipped"},
        {"lag_us", "how late it began (-R); empty without -R"}, {"retries", "tries after the first"},
        {"sqlstate", "SQLSTATE of the error, empty = none"}, {NULL, NULL}};
