/*
 * script: a pgbench script after it was parsed: immutable, part of the plan, inherited by every child through fork.
 *
 * orchestrator/script_parse makes it, script_free ends it. Variables are resolved to indexes of one table when the
 * scripts are parsed (a client's variables are the same for all its scripts), so that running one never looks up a
 * name.
 */
#ifndef SHARED_SCRIPT_H
#define SHARED_SCRIPT_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/script_expr.h"

enum command_kind {
	COMMAND_SQL,
	COMMAND_SET,
	COMMAND_SLEEP,
	COMMAND_IF,
	COMMAND_ELIF,
	COMMAND_ELSE,
	COMMAND_ENDIF,
	COMMAND_STARTPIPELINE,
	COMMAND_SYNCPIPELINE,
	COMMAND_ENDPIPELINE,
	COMMAND_SHELL, /* these two: with --allow-shell */
	COMMAND_SETSHELL
};

/* What is done with the rows of a COMMAND_SQL: \gset and \aset belong to the statement they end. */
enum command_keep { KEEP_NOTHING, KEEP_GSET, KEEP_ASET };

/* One SQL command. The text between variables is cut once; how it goes to the server is chosen by -M. */
struct script_sql {
	char **literals; /* nvariables + 1 pieces of text; -M simple sends literals and values in turn */
	int *variables; /* nvariables indexes into the variable table, in order of appearance */
	char **spelled; /* nvariables: the reference as written (":x"): sent as it stands when the variable has no value
	                 */
	int nvariables;
	char *numbered; /* with $1, $2 ...: for -M extended and prepared (pgbench's limit of parameters holds at parse)
	                 */
	int *params; /* nparams indexes into the variable table: $i is params[i-1] */
	int nparams;
	int nstatements; /* parts of a \; compound; more than 1 is refused by -M extended and prepared at the server */
	enum command_keep keep;
	char *prefix; /* of \gset and \aset, "" = none */
};

struct script_command {
	enum command_kind kind;
	int line; /* 1-based, in the file; where its text begins */
	int column; /* 1-based, in bytes */
	char *text; /* as written on one line, for -r and messages */
	struct script_sql sql; /* COMMAND_SQL */
	struct expr *expr; /* SET, IF, ELIF */
	int variable; /* SET, SETSHELL: index it sets; -1 = none */
	int sleep_variable; /* SLEEP: index of the variable with the number, -1 = sleep_number */
	int64_t sleep_number;
	int64_t sleep_unit_us; /* 1, 1000 or 1000000 */
	int jump; /* IF, ELIF: when false go on at this ELIF (and test it), ELSE or ENDIF; worker/script_branch does it
	           */
	int end; /* ELIF, ELSE reached from a branch that ran: the ENDIF to go on at */
	char **words; /* SHELL, SETSHELL: the arguments; a word ":x" is a variable, "::x" is the text ":x" */
	int *word_variables; /* nwords: index of the variable a word stands for, -1 = the word is meant as it stands */
	int nwords;
	char **choices; /* SET of @param values(a,b): expr yields an index and this is what the variable gets; else NULL
	                 */
	int nchoices;
};

struct script {
	char *name; /* file as given, the built-in's name, or of @script */
	char *source;
	int64_t weight; /* 0 and up */
	struct script_command *commands;
	int ncommands;
	int nsql; /* number of COMMAND_SQL; a script without any command is refused, as pgbench does */
	bool independent; /* no \gset, \if on results, \sleep, pipeline commands: --pipeline may run executions back to
	                     back */
};

/* Values that are there before a script runs: -D, and what the program sets (scale, client_id, random_seed, ...). */
struct script_variable {
	char *name;
	bool set; /* has a value before the first command */
	struct value value; /* of those set by -D: read as pgbench reads it, lazily, so a text stays a text */
	char *text; /* of -D as given, NULL = none */
	bool used; /* some script refers to it */
};

struct scripts {
	struct script *scripts;
	int nscripts;
	int64_t total_weight;
	struct script_variable *variables;
	int nvariables;
	int scale, client_id, random_seed, default_seed; /* indexes into variables: always there */
	int ncommands; /* over all scripts: command numbers are global for -r: script_first_command + i */
};

int script_first_command(const struct scripts *scripts, int script);
/* The index of a variable, -1 when no script refers to it (a column of \gset that nobody reads, say). */
int scripts_find_variable(const struct scripts *scripts, const char *name);
/* Letters, digits, underscores and bytes above 127, at least one, and no digit first. */
bool script_variable_name_valid(const char *name);
bool script_name_start(char c);
bool script_name_char(char c);
bool scripts_run_programs(const struct scripts *scripts); /* \shell, \setshell */
void scripts_free(struct scripts *scripts);
void script_free(struct script *script);
void command_free(struct script_command *command);
void script_sql_free(struct script_sql *sql);

#endif
