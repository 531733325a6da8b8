/*
 * manual_text: directives, gates, exit codes, environment, files: the sections of the man page behind the options.
 */
#include "orchestrator/manual_text.h"

#include <stddef.h>

const char manual_description[] =
        "pgparallel runs SQL over many PostgreSQL sessions at once and says whether the queries really ran at the "
        "same time (on the server's own clock), how much faster that was than one after another (measured, not "
        "summed), how much faster it could have been (the ceiling), and where the rest of the time went. It forks "
        "isolated worker processes, each with its own session, or runs the same work on threads or on one event "
        "loop, and keeps every run in an SQLite file.";

const char manual_options[] =
        "An option may stand before or behind the operands and a long one may be shortened while it stays "
        "unambiguous. What is not given as an option is taken from the environment (PGPARALLEL_NAME), then from the "
        "workload file's @run line, then from the default in brackets. Times are 250ms, 10s, 2min, 1h, 7d or a "
        "number of seconds. Connecting is libpq's: every PG* variable, service files and .pgpass work.";

const char manual_results[] =
        "One SQLite file. Times are whole microseconds: us after wall zero counts from the start of the run's workers "
        "and "
        "may be negative, Unix us from 1970. The views (v_...) keep their columns in later versions and are what to "
        "build upon; tables may gain columns.";

static const struct manual_entry directives[] = {
        {"@workload NAME", "name of the series in the results file"},
        {"@run NAME=VALUE ...", "defaults for options of the same names: @run clients=5 engine=process; not for those "
                                "that say on which server, "
                                "from which files, and where results go"},
        {"@task NAME [timeout=T rows=N repeat=N retries=N repeatable readonly after=NAME transaction noverify]",
                "one task, until the next directive. timeout: per attempt. rows: the number of rows it must give; "
                "with transaction a mismatch is rolled back and failed, else the task is done with a failed check and "
                "the run ends with 4. repeat: executions. retries: repeats after the first try. repeatable: may be "
                "repeated when the outcome is unknown. readonly: runs in a read-only transaction. after: starts when "
                "every ticket of that task is done. transaction: explicit BEGIN, and COMMIT only after every check. "
                "noverify: what it returns differs from run to run (now(), random()), and --verify-results leaves it "
                "out"},
        {"@setup", "SQL that runs once before the run, on a session of its own"},
        {"@teardown", "SQL that runs once after the run, also after a failure"},
        {"@session", "SQL that each session runs when it starts"},
        {"@script NAME [weight=N]",
                "a script, until the next directive: it is run in a loop; several make a weighted mix"},
        {"@param NAME = EXPRESSION",
                "a parameter of the script, drawn anew for each execution: random(1, 1000), zipfian(...), "
                "values(a, b); before the first @script one of every script"},
        {"@gate NAME OP NUMBER[ms|s|%]", "a claim that is checked at the end, see GATES"},
        {"-- name: X", "the same as @task X"},
        {NULL, NULL},
};

static const struct manual_entry scripts[] = {
        {"which",
                "-f with -t or -T; a file with meta-commands or with @script; -b, -S and -N; without any of these, but "
                "with an option of load runs: tpcb-like, as pgbench"},
        {"language", "pgbench's: \\set with its expressions, \\sleep, \\if, \\gset, \\aset, pipelines, \\shell "
                     "and \\setshell with --allow-shell; variables client_id, scale, random_seed, default_seed"},
        {"\\shell COMMAND...",
                "with --allow-shell: /bin/sh -c runs the words with a blank between them; :x is the value of x, as it "
                "is (it may be a command, too), ::x the text :x. \\setshell NAME COMMAND... gives NAME the integer on "
                "the first line that is printed. Standard input is empty, there is no terminal, the environment and "
                "the other output are pgparallel's own. A status that is not 0 (\\shell) or no integer (\\setshell) "
                "is an error of the script. --timeout ends the program with all it started"},
        {"before",
                "pgbench's tables are vacuumed and pgbench_history is emptied, where they exist; -n leaves that out"},
        {"outcomes", "done; failed; skipped (-R with -L); unknown: the connection or the worker was lost after "
                     "something was sent. Only done ones are in rate and latency. An error ends its session, "
                     "--continue-on-error goes on; serialization failures and deadlocks are tried again as --max-tries "
                     "says. A lost session connects again (--reconnect-for), a dead worker is replaced"},
        {"end", "-t counts for each session, over losses; with -T what runs at its end is waited for. Exit code 3 when "
                "a transaction failed or is unknown, a session ended early, or the run was stopped; skipped ones are "
                "as asked for"},
        {"seed", "the same --random-seed, sessions and scripts draw the same numbers"},
        {NULL, NULL},
};

static const struct manual_entry gates[] = {
        {"errors", "tickets, or transactions of a load run, that failed or are unknown"},
        {"wall", "start of the workers to the last task's end"},
        {"makespan", "start signal to the last task's end"},
        {"speedup", "of tasks: measured serial makespan / makespan; implies --baseline"},
        {"overlap", "of tasks: per cent of the possible time with two or more active sessions"},
        {"p50 .. p99.9",
                "percentile of the execute time of the done attempts; of a load run of the latency, with -R from the "
                "schedule"},
        {"tps", "of a load run: transactions done a second"},
        {NULL, NULL},
};

static const struct manual_entry exit_codes[] = {
        {"0", "everything done, stored, every gate passed"},
        {"1", "usage, workload or limits wrong, no such run: nothing ran"},
        {"2", "could not connect or authenticate"},
        {"3", "ran, and some task or transaction failed, was not run, or has an unknown outcome"},
        {"4", "ran, and a gate, a check (rows=) or a claim (--require-overlap) failed"},
        {"5", "results could not be stored or written"},
        {"75", "another run holds the results file's lock"},
        {"signal", "stored what there was, then the signal is raised again (128+n in a shell)"},
        {NULL, NULL},
};

static const struct manual_entry environment[] = {
        {"PG*", "libpq's own variables. PGPASSWORD is taken out of the environment at start"},
        {"PGPARALLEL_NAME", "an option's value, for every option that says so above; flags are on, off, 1 or 0"},
        {"NO_COLOR, TERM, COLUMNS, LC_ALL, LC_CTYPE, LANG", "what the terminal can show"},
        {"XDG_STATE_HOME, HOME, STATE_DIRECTORY", "where the results file is, see FILES"},
        {NULL, NULL},
};

static const struct manual_entry files[] = {
        {"$XDG_STATE_HOME/pgparallel/runs.db, ~/.local/state/pgparallel/runs.db",
                "the results file; without a home directory $STATE_DIRECTORY/runs.db, else --db is needed"},
        {"FILE.lock", "held by the run that writes FILE"},
        {"FILE.skipped", "starts that --lock=skip left out, until the next run takes them into FILE"},
        {NULL, NULL},
};

const struct manual_section manual_sections[] = {
        {"WORKLOAD FILE",
                "SQL with directives in comments: -- @task NAME. A plain file works unchanged: each statement is a "
                "task q1, q2, ... A name of a column of --data written :name is a parameter.",
                directives},
        {"LOAD RUNS",
                "Scripts run in a loop by every session, for a time or a count. Options and output are pgbench's where "
                "it has them.",
                scripts},
        {"GATES", "NAME OP NUMBER with < <= = != >= >, in @gate lines and --gate. Exit code 4 when one fails.", gates},
        {"EXIT STATUS", "The more severe wins: 5, 2, 3, 4; 5 also wins over a signal.", exit_codes},
        {"ENVIRONMENT", NULL, environment},
        {"FILES", NULL, files},
        {NULL, NULL, NULL},
};
