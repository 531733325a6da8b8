/*
 * options_table: the rows from which the parser, the help, the man page, the completions, the README's option section
 * and the check that every option is documented are made. Private to orchestrator/options*.c and orchestrator/manual.c.
 */
#ifndef ORCHESTRATOR_OPTIONS_TABLE_H
#define ORCHESTRATOR_OPTIONS_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "orchestrator/options.h"

enum option_kind {
	KIND_FLAG, /* bool, no value */
	KIND_TEXT, /* const char *, borrowed from argv or the environment */
	KIND_COUNT, /* int */
	KIND_CLIENTS, /* a KIND_COUNT; for scale uint32_t sizes[] and nsizes: "1,2,4" */
	KIND_NUMBER, /* int64_t */
	KIND_TIME_NS, /* int64_t, "10s"; a bare number is seconds */
	KIND_TIME_MS, /* int64_t ns, "10s"; a bare number is milliseconds, as pgbench has it */
	KIND_TIME_US, /* int64_t, "90d", "2y" */
	KIND_WORD, /* an int-sized enum, the position in words */
	KIND_LIST, /* const char ** followed by its int count */
	KIND_SEED, /* uint64_t: a number, "rand" or "time" */
	KIND_RATE, /* double above 0 */
	KIND_SHARE, /* double above 0, at most 1 */
	KIND_PERCENTILES, /* percentiles and npercentiles: "50,95,99.9" */
	KIND_FILE, /* KIND_LIST, and a script */
	KIND_BUILTIN, /* a script; "list" asks for the names */
	KIND_BUILTIN_FLAG, /* the same, row->builtin names it */
	KIND_LOCAL, /* bool local, optional value: const char *local_dir */
	KIND_HELP,
	KIND_VERSION
};

enum option_group {
	GROUP_CONNECTION,
	GROUP_WORKLOAD,
	GROUP_RUN,
	GROUP_LOAD,
	GROUP_FAULTS,
	GROUP_CLAIMS,
	GROUP_STORE,
	GROUP_OUTPUT,
	GROUP_GENERAL,
	GROUP_COUNT
};

/* What of the two kinds of a run an option is for. The other kind refuses it. */
enum option_serves { SERVES_BOTH, SERVES_LOAD, SERVES_TASKS };

struct option_row {
	char letter; /* 0 = none */
	const char *name; /* long name without the dashes */
	const char *alias; /* another one, by which pgbench's users know it; NULL = none */
	const char *metavar; /* NULL = takes no value */
	enum option_kind kind;
	size_t at; /* offset of its field in struct options */
	int64_t least, most; /* COUNT, NUMBER: the range; times: least, in the field's unit */
	const char *const *words; /* WORD: NULL-terminated */
	unsigned commands; /* bit per enum command */
	enum option_group group;
	bool environment; /* PGPARALLEL_NAME is read */
	bool directive; /* may stand in @run */
	const char *not_in_file; /* else: why not, or what to write instead; NULL = what goes for its group */
	const char *default_text; /* shown in brackets, NULL = none */
	const char *builtin; /* BUILTIN_FLAG: its script */
	enum option_serves serves;
	const char *why; /* SERVES_TASKS: why load runs refuse it */
	const char *text; /* what it does, one sentence without full stop */
};

struct command_row {
	const char *name;
	const char *operands; /* as in the usage line */
	int least, most; /* how many operands */
	const char *text;
	const char *examples[2]; /* command lines */
};

#define OPTION_ROWS_MOST (64 * OPTION_WORDS)

/* The rows by number: those of options_table.c, then those of options_table_load.c. */
size_t option_count(void);
const struct option_row *option_row(size_t number);
size_t option_number(const struct option_row *row);
/* By its long name (without abbreviations) or alias, NULL = there is none. */
const struct option_row *option_named(const char *name);

bool option_in(const struct option_set *set, const struct option_row *row);
void option_add(struct option_set *set, const struct option_row *row);

extern const struct option_row option_run_rows[], option_load_rows[];
extern const size_t option_run_nrows, option_load_nrows;
extern const struct command_row command_rows[];
extern const size_t command_nrows;
extern const char *const option_group_names[GROUP_COUNT];

/* "PGPARALLEL_MAX_TIME" for max-time. */
void option_environment_name(const struct option_row *row, char out[64]);

/* Sets one field from text (NULL for a flag given without a value). what names it in messages: "--clients". */
bool option_set(
        struct options *options, const struct option_row *row, const char *what, const char *text, struct err *err);

#endif
