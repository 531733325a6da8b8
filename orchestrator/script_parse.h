/*
 * script_parse: pgbench scripts (files, built-ins, files with our directives @script and @param) into `struct scripts`.
 * Everything it refuses is "FILE:LINE:COLUMN: what, and what would be right" with EXIT_USAGE; nothing runs after that.
 */
#ifndef ORCHESTRATOR_SCRIPT_PARSE_H
#define ORCHESTRATOR_SCRIPT_PARSE_H

#include <stddef.h>

#include "shared/err.h"
#include "shared/plan.h"
#include "shared/script.h"

enum script_origin {
	SCRIPT_FILE, /* -f FILE[@W] */
	SCRIPT_BUILTIN /* -b NAME[@W], -S, -N */
};

struct script_source {
	enum script_origin origin;
	const char *name; /* as given, with @W if any */
};

struct script_options {
	const struct script_source *sources;
	int nsources;
	const char *const *defines; /* -D NAME=VALUE, a later one wins */
	int ndefines;
	bool extended; /* -M extended or prepared: a statement has at most 255 references to variables */
	bool allow_shell;
};

/* Reads and parses everything. Variables scale, client_id, random_seed and default_seed are in the table and not set,
 * unless -D set them: the caller gives them values (scripts->variables[scripts->scale].set and .value).
 * True: the owner of *scripts calls scripts_free. */
bool scripts_load(const struct script_options *options, struct scripts *scripts, struct err *err);

/* The same, and the plan of such a run: its name, source and hash, @setup, @teardown, @session, gates and @run, and no
 * tasks. The owner of *plan calls plan_free. */
bool scripts_load_run(
        const struct script_options *options, struct scripts *scripts, struct plan **plan, struct err *err);

/* The same for one text, without the file system: for tests, and for text that came from elsewhere. */
bool scripts_parse(const char *path, const char *text, size_t len, const struct script_options *options,
        struct scripts *scripts, struct err *err);

/* The names of the built-ins with what they are for, NULL at the end; and the text of one (exact name), NULL = none. */
struct script_builtin {
	const char *name;
	const char *about;
	const char *text;
};
const struct script_builtin *script_builtins(void);

/* Cuts the weight off "NAME@W": *name is malloc'd; *weight -1 when none is given. */
bool script_weight(const char *spec, char **name, int64_t *weight, struct err *err);

/* Whether a text asks to be run as scripts: it has a meta-command of pgbench or a directive @script. */
bool script_wanted(const char *text, size_t len);
/* Whether one of them is a built-in, has a weight or wants it by its text. False with err: a file cannot be read. */
bool scripts_wanted(const struct script_source *sources, int nsources, bool *wanted, struct err *err);

#endif
