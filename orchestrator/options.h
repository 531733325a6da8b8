/*
 * options: the one table of commands and options. The parser, --help, the man page, the completions and the test that
 * every option is documented all come from it.
 *
 * Precedence: built-in default < the workload file's @run < environment (PGPARALLEL_DB, ...) < flag.
 */
#ifndef ORCHESTRATOR_OPTIONS_H
#define ORCHESTRATOR_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "orchestrator/script_parse.h"
#include "shared/buf.h"
#include "shared/err.h"
#include "shared/load.h"
#include "shared/plan.h"

enum engine { ENGINE_PROCESS, ENGINE_THREAD, ENGINE_ASYNC, ENGINE_SERIAL };
const char *engine_name(enum engine engine);

enum command {
	COMMAND_RUN,
	COMMAND_COMPARE,
	COMMAND_SCALE,
	COMMAND_LIST,
	COMMAND_SHOW,
	COMMAND_PIN,
	COMMAND_PRUNE,
	COMMAND_REPORT,
	COMMAND_CHECK,
	COMMAND_HELP,
	COMMAND_VERSION
};
enum halt { HALT_NEVER, HALT_SOON, HALT_NOW };
enum lock_mode { LOCK_FAIL, LOCK_WAIT, LOCK_SKIP };
enum pin { PIN_NONE, PIN_ONE, PIN_SPLIT };
enum color_mode { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };
enum format { FORMAT_NONE, FORMAT_HTML, FORMAT_CSV, FORMAT_JSON, FORMAT_MARKDOWN };

#define OPTION_WORDS 2
#define PERCENTILES_MOST 12
#define SIZES_MOST 32

/* Some rows of the option table. */
struct option_set {
	uint64_t words[OPTION_WORDS];
};

struct options {
	enum command command;

	/* connection */
	const char *host, *port, *user, *dbname;
	bool no_password; /* -w is accepted: we never prompt */
	bool local;
	const char *local_dir; /* --local=DIR, NULL = throwaway */

	/* workload */
	const char **files;
	int nfiles; /* -f, as given */
	struct script_source *sources; /* -f, -b, -S and -N in the order given */
	int nsources;
	bool list_builtins; /* -b list */
	const char *data; /* --data */

	/* how it is run */
	int clients; /* -c, 0 = default */
	uint32_t sizes[SIZES_MOST]; /* -c of scale, ascending */
	int nsizes; /* 0 = default */
	int lanes; /* -j, 0 = default */
	enum engine engine;
	bool baseline;
	bool confirm; /* --confirm: run again without what is suspected */
	int repeat; /* 1 */
	int retries; /* 2 */
	int64_t timeout_ns, max_time_ns, grace_ns, reconnect_for_ns;
	bool read_only;
	bool verify_results;
	const char *chaos; /* --chaos, NULL = none */
	enum halt halt;
	int min_workers; /* 1 */
	uint64_t seed;
	bool seed_given;
	int64_t resume; /* --resume=RUN, 0 = none */
	const char **gates;
	int ngates;
	int require_overlap; /* 0 = none */
	enum pin pin;
	bool dry_run;

	/* compare */
	const char *engines; /* -e LIST, NULL = default */
	const char **vary;
	int nvary; /* --vary NAME=LIST, as given */
	double stop_when; /* 0 = none */

	/* load runs */
	struct load load; /* what was asked for: to be completed, see options_load.h */
	const char **defines;
	int ndefines; /* -D */
	bool allow_shell;
	int scale; /* -s, 0 = not given */
	bool no_vacuum, vacuum_all; /* -n, -v */
	double percentiles[PERCENTILES_MOST]; /* --latency-percentiles, ascending */
	int npercentiles; /* 0 = the usual ones */

	/* store and output */
	const char *db;
	enum lock_mode lock;
	const char *spill;
	enum format format;
	const char *output;
	bool csv_raw;
	const char *csv_table;
	bool proof; /* report -F md --proof */
	bool quiet, verbose;
	const char *log_file;
	const char *note;
	bool no_sql_text;
	enum color_mode color;
	int64_t progress_ns; /* -P SEC, 0 = none */
	bool progress_timestamp; /* Unix time in -P lines */
	bool log; /* -l: pgbench's log files */
	const char *log_prefix; /* NULL = pgbench_log */
	int64_t aggregate_ns; /* --aggregate-interval, whole seconds; 0 = a line for each transaction */
	bool failures_detailed; /* failures by kind, in log files too */

	/* list, show, pin, prune, report */
	const char **runs;
	int nruns; /* operands as written: "160", "150..160" */
	bool all;
	bool experiment; /* report: what the run belongs to */
	bool unpin;
	int64_t keep_us, keep_runs_us;
	int list_most;
	const char *help_topic; /* of COMMAND_HELP; NULL = the overview */

	const char *conninfo; /* the operand of run and check, NULL = none */
	const char *password; /* PGPASSWORD, taken out of the environment by main; NULL = none */
	const char *passfile; /* PGPASSFILE as main found it; NULL = not set */
	struct option_set from_flag, from_environment, from_directive; /* who spoke */
};

/* True when this option (its long name) was given as a flag. */
bool options_flag(const struct options *options, const char *name);
bool options_environment(const struct options *options, const char *name); /* the same for its PGPARALLEL_ variable */
bool options_directive(const struct options *options, const char *name); /* and for @run, where no one overruled it */

/* Parses argv and environment. --help and --version are commands of their own in the answer. Usage errors: EXIT_USAGE,
 * one line without the "Try" line, which the edge adds. */
bool options_parse(int argc, char **argv, struct options *options, struct err *err);

/* Applies the @run defaults of a plan where neither environment nor flag spoke. Errors carry file and line. */
bool options_defaults(struct options *options, const struct plan *plan, struct err *err);

void options_help(enum command command, struct buf *out); /* 80 columns */
void options_usage(struct buf *out); /* pgparallel --help */
void options_man(struct buf *out); /* the man page, from the same table */
void options_completion(struct buf *out); /* for bash */
void options_markdown(struct buf *out); /* the README's option section */
void manual_store(struct buf *out); /* the README's section on the results file, from the schema's comments */
void options_free(struct options *options);

#endif
