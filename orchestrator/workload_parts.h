/*
 * workload_parts: what the workload_*.c and script_*.c files share. Nobody else includes it, apart from their tests.
 *
 * The way of a file: lexer (tokens) -> splitter (statements and directive lines) -> directive (what a line asks for)
 * -> classify and params (a statement for the plan) -> workload (the plan). All texts are borrowed from the file's.
 */
#ifndef ORCHESTRATOR_WORKLOAD_PARTS_H
#define ORCHESTRATOR_WORKLOAD_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/buf.h"
#include "shared/err.h"
#include "shared/plan.h"

/* Fills err with "PATH:LINE: ..." and EXIT_USAGE; returns false. */
bool workload_refuse(struct err *err, const char *path, int line, const char *format, ...)
        __attribute__((format(printf, 4, 5)));

/* lexer */

enum token_kind {
	TOKEN_END,
	TOKEN_WORD, /* a keyword or an unquoted identifier */
	TOKEN_NAME, /* "quoted" */
	TOKEN_STRING, /* '...', E'...', $$...$$ and their like */
	TOKEN_NUMBER,
	TOKEN_PARAMETER, /* $1 */
	TOKEN_VARIABLE, /* :name */
	TOKEN_STRING_VARIABLE, /* :'name' */
	TOKEN_NAME_VARIABLE, /* :"name" */
	TOKEN_LINE_COMMENT, /* -- up to the end of its line */
	TOKEN_COMMENT,
	TOKEN_SEMICOLON,
	TOKEN_OPEN, /* ( */
	TOKEN_CLOSE,
	TOKEN_BACKSLASH, /* outside quotes: a meta-command of psql or pgbench */
	TOKEN_OTHER, /* operators and the rest, usually one character each */
	TOKEN_UNCLOSED /* the file ends inside of it; token.unclosed says what */
};

struct token {
	enum token_kind kind;
	size_t begin, end; /* offsets into the text */
	int line; /* where it begins */
	bool backslashes; /* lexer.backslashes where it begins */
	const char *unclosed;
};

struct lexer {
	const char *sql;
	size_t len;
	size_t at;
	int line;
	bool backslashes; /* standard_conforming_strings is off: '...' knows backslash escapes */
	bool next_backslashes; /* the same from the next line on: psql asks the server once a line */
	bool continues; /* an E'...' may go on in the next line, as for the server; psql reads line by line and forgets
	                 */
};

struct split_item;

void lexer_init(struct lexer *lexer, const char *sql, size_t len, int line);
void lexer_init_item(struct lexer *lexer, const struct split_item *item);
/* The next token; white space is skipped, comments are tokens. */
void lexer_next(struct lexer *lexer, struct token *token);
/* The next one that is no comment. */
void lexer_next_real(struct lexer *lexer, struct token *token);
bool lexer_is(const struct lexer *lexer, const struct token *token, const char *lower_case_word);
bool lexer_variable_char(char c); /* may stand in the name of a :variable */

/* splitter */

enum split_event { SPLIT_STATEMENT, SPLIT_DIRECTIVE, SPLIT_END };

struct split_item {
	enum split_event event;
	const char *text; /* a statement without its semicolon; a directive's whole comment line */
	size_t len;
	int line;
	bool backslashes, next_backslashes; /* how its strings are to be read */
};

struct splitter {
	struct lexer lexer;
	const char *path;
	bool directives; /* false: directive lines are comments like any other */
	struct token kept; /* a directive line met while a statement was open */
	bool has_kept;
};

/* How deep a statement is in parentheses and in the BEGIN ... END of a function's SQL body; psql's own heuristic. */
struct nesting {
	int parens, begins;
	int paren_line, begin_line;
	int words;
	char heads[4]; /* first letters of CREATE OR REPLACE FUNCTION, where such words stand */
};

void nesting_add(struct nesting *nesting, const struct lexer *lexer, const struct token *token);

void splitter_init(struct splitter *splitter, const char *path, const char *sql, size_t len, bool directives);
bool splitter_next(struct splitter *splitter, struct split_item *item, struct err *err);

/* directive */

enum directive_kind {
	DIRECTIVE_NONE, /* just a comment */
	DIRECTIVE_WORKLOAD,
	DIRECTIVE_RUN,
	DIRECTIVE_TASK,
	DIRECTIVE_SETUP,
	DIRECTIVE_TEARDOWN,
	DIRECTIVE_SESSION,
	DIRECTIVE_GATE,
	DIRECTIVE_LATER, /* of a later version */
	DIRECTIVE_UNKNOWN, /* @word that is none of ours */
	DIRECTIVE_NAME /* -- name: X */
};

struct directive {
	enum directive_kind kind;
	const char *word; /* of the file's text: what follows the @ */
	size_t word_len;
	const char *rest; /* trimmed */
	size_t rest_len;
};

/* Looks at a comment line ("-- @task a"). Refuses nothing: a kind is the whole answer. */
void directive_look(const char *text, size_t len, struct directive *directive);

/* What a `@task` line says beside the name; strings belong to the caller. */
struct task_line {
	struct task task; /* name and options; no statements */
	char *after; /* NULL = none */
	int line;
};
bool directive_task(const char *path, int line, const struct directive *d, struct task_line *out, struct err *err);
bool directive_run(const char *path, int line, const struct directive *d, struct plan *plan, struct err *err);
bool directive_gate(const char *path, int line, const struct directive *d, struct plan *plan, struct err *err);
bool directive_unknown(const char *path, int line, const struct directive *d, struct err *err);

/* The word of the list that looks most like this one, NULL when none does. */
const char *workload_nearest(const char *word, size_t len, const char *const *words, size_t count);

/* classify */

enum statement_kind statement_classify(const struct split_item *item);
/* Follows `set standard_conforming_strings` as psql does: whether later strings know backslashes. */
bool statement_backslashes(const struct split_item *item, bool before);
/* Whether it opens or closes a transaction block (COMMIT AND CHAIN closes none). */
enum statement_block { BLOCK_NEITHER, BLOCK_OPENS, BLOCK_CLOSES };
enum statement_block statement_block(const struct split_item *item);
bool statement_copies_from_stdin(const struct split_item *item);
/* It asks for a transaction that writes (BEGIN READ WRITE and the like). */
bool statement_asks_to_write(const struct split_item *item);
/* DISCARD ALL, RESET ALL: the session forgets that it is to be read-only. */
bool statement_drops_settings(const struct split_item *item);
/* Chooses how a task is sent; refuses what cannot go with its options. */
bool task_choose_send(const char *path, struct task *task, struct err *err);

/* params */

/* Fills statement->text, nparams and params. no_row: NULL, or the section that has no row of the data ("@setup").
 * annotated: an undeclared name is refused instead of left as it stands. *uses_data is set when a column is used. */
bool statement_bind(const char *path, const struct plan *plan, const struct split_item *item, bool annotated,
        const char *no_row, struct statement *statement, bool *uses_data, struct err *err);

/* data */

/* Parses CSV text into plan->columns, values and nrows. */
bool data_parse(const char *path, const char *text, size_t len, struct plan *plan, struct err *err);

/* files */

/* Reads a whole file ("-" = standard input) into b. */
bool workload_read(const char *path, struct buf *b, struct err *err);
/* How a path is called in messages. */
const char *workload_path_name(const char *path);

/* The whole of workload_load without the file system: texts[i] belongs to names[i]; data NULL = none. */
struct workload_text {
	const char *path;
	const char *text;
	size_t len;
};
/* The plan of scripts: texts are what script_file left, sources the files as they are. No tasks, no tickets. */
struct plan *workload_parse_scripts(
        const struct workload_text *texts, const struct workload_text *sources, int ntexts, struct err *err);
struct plan *workload_parse(const struct workload_text *texts, int ntexts, const struct workload_text *data,
        int default_retries, struct err *err);

#endif
