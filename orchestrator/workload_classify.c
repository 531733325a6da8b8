/*
 * workload_classify: what a statement is, as far as sending it needs to know, from its first words. Only
 * workload_*.c call it; nothing is allocated.
 */
#include "orchestrator/workload_parts.h"

#include <string.h>
#include <strings.h>

/* The first tokens of a statement, comments left out. */
#define HEAD_MOST 16
struct head {
	struct lexer lexer;
	struct token tokens[HEAD_MOST];
	int count;
};

static void read_head(const struct split_item *item, struct head *head)
{
	lexer_init_item(&head->lexer, item);
	for (head->count = 0; head->count < HEAD_MOST; head->count++) {
		lexer_next_real(&head->lexer, &head->tokens[head->count]);
		if (head->tokens[head->count].kind == TOKEN_END)
			break;
	}
}

static bool word_is(const struct head *head, int i, const char *word)
{
	return i < head->count && lexer_is(&head->lexer, &head->tokens[i], word);
}

/* Is it one of a list like " begin start "? */
static bool word_in(const struct head *head, int i, const char *list)
{
	if (i >= head->count || head->tokens[i].kind != TOKEN_WORD)
		return false;
	size_t len = head->tokens[i].end - head->tokens[i].begin;
	const char *word = head->lexer.sql + head->tokens[i].begin;

	for (const char *p = list; *p != '\0';) {
		size_t n = strcspn(p, " ");

		if (n == len && strncasecmp(p, word, n) == 0)
			return true;
		p += n;
		p += strspn(p, " ");
	}
	return false;
}

static bool any_word(const struct head *head, int from, const char *list)
{
	for (int i = from; i < head->count; i++)
		if (word_in(head, i, list))
			return true;
	return false;
}

/* CLUSTER, CLUSTER VERBOSE and CLUSTER (VERBOSE) name no table and go through all of them. */
static bool names_nothing(const struct head *head)
{
	int depth = 0;

	for (int i = 1; i < head->count; i++) {
		enum token_kind kind = head->tokens[i].kind;

		if (kind == TOKEN_OPEN)
			depth++;
		else if (kind == TOKEN_CLOSE)
			depth--;
		else if (depth == 0 && !word_is(head, i, "verbose"))
			return false;
	}
	return true;
}

/* REINDEX [(...)] { INDEX | TABLE | SCHEMA | DATABASE | SYSTEM } [CONCURRENTLY] */
static bool reindex_alone(const struct head *head)
{
	if (any_word(head, 1, "concurrently"))
		return true;
	for (int i = 1; i < head->count; i++)
		if (word_in(head, i, "index table schema database system"))
			return !word_in(head, i, "index table");
	return false;
}

static bool alter_alone(const struct head *head)
{
	if (word_is(head, 1, "system"))
		return true;
	if (word_is(head, 1, "database"))
		return any_word(head, 3, "tablespace");
	if (word_is(head, 1, "subscription"))
		return any_word(head, 3, "refresh publication");
	return word_is(head, 1, "table") && any_word(head, 2, "detach") && any_word(head, 2, "concurrently");
}

/* What the server calls "cannot run inside a transaction block". */
static bool is_alone(const struct head *head)
{
	if (word_is(head, 0, "vacuum"))
		return true;
	if (word_in(head, 0, "create drop")) {
		if (word_in(head, 1, "database tablespace subscription"))
			return true;
		return word_in(head, 1, "index unique") &&
		       (word_is(head, 2, "concurrently") || word_is(head, 3, "concurrently"));
	}
	if (word_is(head, 0, "reindex"))
		return reindex_alone(head);
	if (word_is(head, 0, "cluster"))
		return names_nothing(head);
	if (word_is(head, 0, "alter"))
		return alter_alone(head);
	if (word_is(head, 0, "rollback"))
		return word_is(head, 1, "prepared");
	return word_is(head, 0, "discard") && word_is(head, 1, "all");
}

static bool is_rollback_to(const struct head *head)
{
	return word_is(head, 0, "rollback") &&
	       (word_is(head, 1, "to") || (word_in(head, 1, "work transaction") && word_is(head, 2, "to")));
}

static enum statement_kind kind_of(const struct head *head)
{
	if (word_is(head, 0, "begin") || (word_is(head, 0, "start") && word_is(head, 1, "transaction")))
		return STATEMENT_BEGIN;
	if (word_in(head, 0, "commit end"))
		return STATEMENT_COMMIT;
	/* PREPARE transaction AS ... would prepare a statement of that name. */
	if (word_is(head, 0, "prepare") && word_is(head, 1, "transaction") && head->count > 2 &&
	        head->tokens[2].kind == TOKEN_STRING)
		return STATEMENT_COMMIT;
	if (is_alone(head))
		return STATEMENT_ALONE;
	if (word_in(head, 0, "rollback abort") && !is_rollback_to(head))
		return STATEMENT_ROLLBACK;
	if (word_in(head, 0, "call do"))
		return STATEMENT_CALL;
	if (word_is(head, 0, "copy"))
		return STATEMENT_COPY;
	return STATEMENT_PLAIN;
}

enum statement_kind statement_classify(const struct split_item *item)
{
	struct head head;

	read_head(item, &head);
	return kind_of(&head);
}

enum statement_block statement_block(const struct split_item *item)
{
	struct head head;

	read_head(item, &head);
	enum statement_kind kind = kind_of(&head);

	if (kind == STATEMENT_BEGIN)
		return BLOCK_OPENS;
	if ((kind != STATEMENT_COMMIT && kind != STATEMENT_ROLLBACK) || word_is(&head, 1, "prepared"))
		return BLOCK_NEITHER;
	for (int i = 1; i < head.count; i++)
		if (word_is(&head, i, "chain") && !word_is(&head, i - 1, "no"))
			return BLOCK_NEITHER;
	return BLOCK_CLOSES;
}

/* Reads a boolean as the server does: any unambiguous beginning of true, false, yes, no, on, off, or 1 and 0. */
static bool says_off(const char *text, size_t len)
{
	if (len >= 2 && text[0] == '\'') {
		text++;
		len -= 2;
	}
	if (len == 0)
		return false;
	return (len <= 5 && strncasecmp(text, "false", len) == 0) || (len <= 2 && strncasecmp(text, "no", len) == 0) ||
	       (len >= 2 && len <= 3 && strncasecmp(text, "off", len) == 0) || (len == 1 && *text == '0');
}

bool statement_backslashes(const struct split_item *item, bool before)
{
	struct head head;

	/* Nearly every statement leaves here. */
	if (item->len < 9 || strchr("sSrRdD/", item->text[0]) == NULL)
		return before;
	read_head(item, &head);
	if (word_is(&head, 0, "discard") || word_is(&head, 0, "reset"))
		return word_in(&head, 1, "all standard_conforming_strings") ? false : before;
	if (!word_is(&head, 0, "set") || word_is(&head, 1, "local"))
		return before;
	int i = word_is(&head, 1, "session") ? 2 : 1;

	if (!word_is(&head, i, "standard_conforming_strings") || i + 2 >= head.count)
		return before;
	const struct token *value = &head.tokens[i + 2];

	return says_off(item->text + value->begin, value->end - value->begin);
}

bool statement_copies_from_stdin(const struct split_item *item)
{
	struct lexer lexer;
	struct token token;
	int depth = 0;
	bool from = false;

	lexer_init_item(&lexer, item);
	lexer_next_real(&lexer, &token);
	if (!lexer_is(&lexer, &token, "copy"))
		return false;
	while (lexer_next_real(&lexer, &token), token.kind != TOKEN_END) {
		if (token.kind == TOKEN_OPEN)
			depth++;
		else if (token.kind == TOKEN_CLOSE)
			depth--;
		if (depth == 0 && from && (lexer_is(&lexer, &token, "stdin") || lexer_is(&lexer, &token, "stdout")))
			return true; /* the server takes both words for both directions */
		from = depth == 0 && lexer_is(&lexer, &token, "from");
	}
	return false;
}

bool statement_asks_to_write(const struct split_item *item)
{
	struct head head;

	read_head(item, &head);
	if (word_in(&head, 0, "set reset") && any_word(&head, 1, "transaction_read_only default_transaction_read_only"))
		return true;
	if (!word_in(&head, 0, "begin start set"))
		return false;
	for (int i = 1; i + 1 < head.count; i++)
		if (word_is(&head, i, "read") && word_is(&head, i + 1, "write"))
			return true;
	return false;
}

bool statement_drops_settings(const struct split_item *item)
{
	struct head head;

	read_head(item, &head);
	return word_in(&head, 0, "discard reset") && word_is(&head, 1, "all");
}

static const char *kind_text(enum statement_kind kind)
{
	switch (kind) {
	case STATEMENT_BEGIN:
	case STATEMENT_COMMIT:
	case STATEMENT_ROLLBACK:
		return "a transaction command of its own, and the task is marked `transaction`; take one of the two "
		       "out";
	case STATEMENT_ALONE:
		return "cannot run in a transaction block, and the task is marked `transaction`; give it a task of its "
		       "own "
		       "without `transaction`";
	case STATEMENT_CALL:
	case STATEMENT_COPY:
	case STATEMENT_PLAIN:
		break;
	}
	return NULL;
}

bool task_choose_send(const char *path, struct task *task, struct err *err)
{
	task->send = task->transaction ? SEND_TRANSACTION : SEND_SEGMENT;
	for (int i = 0; i < task->nstatements; i++) {
		const struct statement *st = &task->statements[i];

		if (st->kind == STATEMENT_PLAIN || st->kind == STATEMENT_COPY)
			continue;
		if (!task->transaction)
			task->send = SEND_STEPS;
		else if (st->kind != STATEMENT_CALL) {
			int len = (int)strcspn(st->text, " \t\r\n(;");

			return workload_refuse(
			        err, path, st->line, "%.*s: %s", len > 40 ? 40 : len, st->text, kind_text(st->kind));
		}
	}
	return true;
}
