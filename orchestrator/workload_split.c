/*
 * workload_split: SQL text into statements, cut where psql cuts, and directive lines between them. Refuses at once
 * what only psql or pgbench can do, as everything behind it would be read wrongly. Only workload_*.c call the
 * splitter; what it hands out points into the caller's text.
 */
#include "orchestrator/workload.h"
#include "orchestrator/workload_parts.h"

#include <stdlib.h>
#include <string.h>

void splitter_init(struct splitter *splitter, const char *path, const char *sql, size_t len, bool directives)
{
	*splitter = (struct splitter){.path = path, .directives = directives};
	lexer_init(&splitter->lexer, sql, len, 1);
}

static bool in_function(const struct nesting *n)
{
	const char *h = n->heads;

	return h[0] == 'c' &&
	       (h[1] == 'f' || h[1] == 'p' || (h[1] == 'o' && h[2] == 'r' && (h[3] == 'f' || h[3] == 'p')));
}

static void nest_word(struct nesting *n, const struct lexer *lexer, const struct token *token)
{
	static const char *const heads[] = {"create", "function", "procedure", "or", "replace"};

	for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++)
		if (n->words < 4 && lexer_is(lexer, token, heads[i]))
			n->heads[n->words] = heads[i][0];
	if (n->words < 4)
		n->words++;
	if (n->parens > 0 || !in_function(n))
		return;
	if (lexer_is(lexer, token, "begin")) {
		if (n->begins++ == 0)
			n->begin_line = token->line;
	} else if (lexer_is(lexer, token, "case")) {
		n->begins += n->begins > 0;
	} else if (lexer_is(lexer, token, "end")) {
		n->begins -= n->begins > 0;
	}
}

void nesting_add(struct nesting *n, const struct lexer *lexer, const struct token *token)
{
	if (token->kind == TOKEN_OPEN) {
		if (n->parens++ == 0)
			n->paren_line = token->line;
	} else if (token->kind == TOKEN_CLOSE) {
		n->parens -= n->parens > 0;
	} else if (token->kind == TOKEN_WORD) {
		nest_word(n, lexer, token);
	}
}

static bool refuse_backslash(const struct splitter *s, const struct token *token, struct err *err)
{
	static const char *const pgbench[] = {"set", "sleep", "if", "elif", "else", "endif", "gset", "aset", "shell",
	        "setshell", "startpipeline", "syncpipeline", "endpipeline"};
	const char *name = s->lexer.sql + token->begin + 1;
	size_t left = s->lexer.len - token->begin - 1, len = 0;

	while (len < left && len < 40 && lexer_variable_char(name[len]))
		len++;
	if (len == 0 && left > 0 && strchr("?!;:.+-", name[0]) != NULL && name[0] != '\0')
		len = 1;
	int n = (int)len;

	if (n == 1 && *name == ';')
		return workload_refuse(err, s->path, token->line,
		        "\\; joins statements into one message, which cannot carry parameters or report each result; "
		        "write ; instead (the statements of one task are sent together anyway)");
	if (n == 1 && *name == ':')
		return workload_refuse(
		        err, s->path, token->line, "\\: is psql's way to write a colon; write : instead");
	for (size_t i = 0; i < sizeof pgbench / sizeof pgbench[0]; i++)
		if (strlen(pgbench[i]) == len && memcmp(pgbench[i], name, len) == 0)
			return workload_refuse(err, s->path, token->line,
			        "\\%.*s: meta-commands are for scripts (-- @script NAME, or a file without tasks that "
			        "is "
			        "run with -t or -T); values for a task come from a file (--data=FILE.csv) and are "
			        "written "
			        ":name",
			        n, name);
	return workload_refuse(err, s->path, token->line, "\\%.*s is a command of psql and not SQL: take it out%s", n,
	        name, n >= 1 && name[0] == 'g' ? " and end the statement with ;" : "");
}

static bool refuse_unclosed(const struct splitter *s, const struct token *token, struct err *err)
{
	if (strncmp(token->unclosed, "dollar", 6) == 0) {
		const char *from = s->lexer.sql + token->begin;
		const char *end = memchr(from + 1, '$', s->lexer.len - token->begin - 1);
		int len = end != NULL && end - from < 64 ? (int)(end - from) + 1 : 2;

		return workload_refuse(err, s->path, token->line,
		        "the dollar quote that opens here is not closed before the end of the file; close it with %.*s",
		        len, from);
	}
	return workload_refuse(err, s->path, token->line,
	        "the %s that opens here is not closed before the end of the file; close it", token->unclosed);
}

static bool refuse_open(const struct splitter *s, const struct nesting *n, const char *before, struct err *err)
{
	if (n->parens > 0)
		return workload_refuse(err, s->path, n->paren_line,
		        "the parenthesis that opens here is not closed before %s; close it with )", before);
	return workload_refuse(err, s->path, n->begin_line,
	        "the function body whose BEGIN stands here has no END before %s; close it with END", before);
}

/* A comment line at the start of a line, possibly a directive. */
static bool at_line_start(const struct lexer *lexer, const struct token *token)
{
	size_t i = token->begin;

	while (i > 0 && (lexer->sql[i - 1] == ' ' || lexer->sql[i - 1] == '\t'))
		i--;
	return i == 0 || lexer->sql[i - 1] == '\n' || lexer->sql[i - 1] == '\r';
}

/* Decides about a comment. *ends: it is a directive and the statement, if one is open, ends before it. */
static bool look_at_comment(const struct splitter *s, const struct token *token, const struct nesting *n,
        const struct split_item *open, bool *ends, struct err *err)
{
	struct directive d;

	*ends = false;
	if (!s->directives || token->kind != TOKEN_LINE_COMMENT || !at_line_start(&s->lexer, token))
		return true;
	directive_look(s->lexer.sql + token->begin, token->end - token->begin, &d);
	bool nested = n->parens > 0 || n->begins > 0;

	bool remark = d.kind == DIRECTIVE_UNKNOWN || d.kind == DIRECTIVE_LATER || d.kind == DIRECTIVE_NAME;

	if (d.kind == DIRECTIVE_NONE || (nested && remark))
		return true; /* a remark beside a column, say */
	if (nested)
		return refuse_open(s, n, "the next directive", err);
	if (d.kind == DIRECTIVE_NAME && open->text != NULL)
		return workload_refuse(err, s->path, token->line,
		        "'-- name:' begins a task, but the statement of line %d is not finished; end that one with ;, "
		        "or "
		        "write the remark in other words",
		        open->line);
	*ends = true;
	return true;
}

static bool finish(struct splitter *s, struct split_item *item, struct err *err)
{
	item->event = SPLIT_STATEMENT;
	if (statement_copies_from_stdin(item))
		return workload_refuse(err, s->path, item->line,
		        "COPY ... FROM STDIN needs its data inside the file, which cannot be sent to several sessions; "
		        "load "
		        "it beforehand with psql, or give the values with --data=FILE.csv and insert :column");
	s->lexer.next_backslashes = statement_backslashes(item, s->lexer.next_backslashes);
	return true;
}

/* A comment of the form that planner hints have: it belongs to the statement behind it. */
static bool is_hint(const struct lexer *lexer, const struct token *token)
{
	return token->kind == TOKEN_COMMENT && token->end - token->begin > 4 && lexer->sql[token->begin + 2] == '+';
}

static bool hand_out_kept(struct splitter *s, struct split_item *item)
{
	s->has_kept = false;
	*item = (struct split_item){.event = SPLIT_DIRECTIVE,
	        .text = s->lexer.sql + s->kept.begin,
	        .len = s->kept.end - s->kept.begin,
	        .line = s->kept.line};
	return true;
}

/* The end of the input or a directive: hands out the open statement, if there is one. */
static bool at_end(struct splitter *s, struct split_item *item, const struct nesting *n, struct err *err)
{
	if (item->text != NULL && (n->parens > 0 || n->begins > 0))
		return refuse_open(s, n, "the end of the file", err);
	if (item->text != NULL)
		return finish(s, item, err);
	if (s->has_kept)
		return hand_out_kept(s, item);
	item->event = SPLIT_END;
	return true;
}

static void start_item(const struct splitter *s, struct split_item *item, const struct token *first)
{
	item->text = s->lexer.sql + first->begin;
	item->line = first->line;
	item->backslashes = first->backslashes;
	item->next_backslashes = s->lexer.next_backslashes;
}

bool splitter_next(struct splitter *s, struct split_item *item, struct err *err)
{
	struct nesting n = {0};
	struct token token;
	struct token hint = {0};

	*item = (struct split_item){0};
	if (s->has_kept)
		return hand_out_kept(s, item);
	for (;;) {
		lexer_next(&s->lexer, &token);
		if (token.kind == TOKEN_UNCLOSED)
			return refuse_unclosed(s, &token, err);
		if (token.kind == TOKEN_BACKSLASH)
			return refuse_backslash(s, &token, err);
		if (token.kind == TOKEN_END)
			return at_end(s, item, &n, err);
		if (token.kind == TOKEN_LINE_COMMENT || token.kind == TOKEN_COMMENT) {
			if (item->text == NULL && is_hint(&s->lexer, &token))
				hint = token;
			if (!look_at_comment(s, &token, &n, item, &s->has_kept, err))
				return false;
			s->kept = token;
			if (s->has_kept)
				return at_end(s, item, &n, err);
			continue;
		}
		if (token.kind == TOKEN_SEMICOLON && n.parens == 0 && n.begins == 0) {
			if (item->text != NULL)
				return finish(s, item, err);
			hint = (struct token){0};
			continue;
		}
		if (item->text == NULL)
			start_item(s, item, hint.end > 0 ? &hint : &token);
		item->len = (size_t)(s->lexer.sql + token.end - item->text);
		nesting_add(&n, &s->lexer, &token);
	}
}

bool workload_split(
        const char *path, const char *sql, unsigned long len, struct sql_piece **pieces, int *count, struct err *err)
{
	struct splitter splitter;
	struct split_item item;
	int room = 0;

	*pieces = NULL;
	*count = 0;
	const char *nul = memchr(sql, '\0', len);

	if (nul != NULL) {
		int line = 1;

		for (const char *p = sql; p < nul; p++)
			line += *p == '\n';
		return workload_refuse(err, path, line,
		        "a NUL byte, which SQL text cannot hold; save the file as UTF-8 without NUL bytes");
	}
	if (len >= 3 && memcmp(sql, "\xef\xbb\xbf", 3) == 0) {
		sql += 3;
		len -= 3;
	}
	splitter_init(&splitter, path, sql, len, false);
	for (;;) {
		if (!splitter_next(&splitter, &item, err)) {
			free(*pieces);
			*pieces = NULL;
			*count = 0;
			return false;
		}
		if (item.event == SPLIT_END)
			return true;
		if (*count == room) {
			room = room > 0 ? room * 2 : 16;
			*pieces = mem_resize(*pieces, (size_t)room, sizeof **pieces);
		}
		(*pieces)[(*count)++] = (struct sql_piece){.text = item.text, .len = item.len, .line = item.line};
	}
}
