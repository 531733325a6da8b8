/*
 * workload_params: `:name` into $1, $2 ...: one number per distinct column of a statement, in order of appearance.
 * Values never become SQL text; the one exception is :"name", an identifier, and only where every row says the same.
 * Only workload_*.c call it; what it puts into the statement belongs to the statement.
 */
#include "orchestrator/workload_parts.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct binder {
	const char *path;
	const struct plan *plan;
	const struct split_item *item;
	bool annotated;
	const char *no_row;
	struct lexer lexer;
	struct token token; /* the one being looked at */
	struct token before, before2; /* the two real ones before it */
	int parens, brackets;
	struct buf text;
	size_t copied; /* of the item's text */
	int nparams;
	int *params;
	int dollar_line; /* of a $1 that was written by hand, 0 = none */
	bool uses_data;
};

static int name_length(const struct binder *b, const char **name)
{
	size_t quote = b->token.kind == TOKEN_VARIABLE ? 0 : 1;

	*name = b->lexer.sql + b->token.begin + 1 + quote;
	return (int)(b->token.end - b->token.begin - 1 - 2 * quote);
}

static int find_column(const struct binder *b)
{
	const char *name;
	size_t len = (size_t)name_length(b, &name);

	for (int i = 0; i < b->plan->ncolumns; i++)
		if (strlen(b->plan->columns[i]) == len && memcmp(b->plan->columns[i], name, len) == 0)
			return i;
	return -1;
}

/* `a[1:n]`: behind an expression inside of brackets a colon parts the bounds of a slice. A word may also be a keyword
 * that an expression follows (CASE WHEN :n), so it counts only without a blank between. */
static bool follows_expression(const struct binder *b)
{
	switch (b->before.kind) {
	case TOKEN_WORD:
		return b->brackets > 0 && b->before.end == b->token.begin;
	case TOKEN_NAME:
	case TOKEN_STRING:
	case TOKEN_NUMBER:
	case TOKEN_PARAMETER:
	case TOKEN_CLOSE:
		return b->brackets > 0;
	default:
		return b->brackets > 0 && b->lexer.sql[b->before.begin] == ']';
	}
}

static bool follows_bracket(const struct binder *b)
{
	return b->brackets > 0 && b->before.kind == TOKEN_OTHER && b->lexer.sql[b->before.begin] == '[';
}

static bool refuse_undeclared(const struct binder *b, struct err *err)
{
	const char *name;
	int len = name_length(b, &name), line = b->token.line;

	if (b->plan->ncolumns == 0)
		return workload_refuse(err, b->path, line,
		        ":%.*s is not declared: there is no data file; give --data=FILE.csv with a column %.*s", len,
		        name, len, name);
	const char *near =
	        workload_nearest(name, (size_t)len, (const char *const *)b->plan->columns, (size_t)b->plan->ncolumns);

	if (near != NULL)
		return workload_refuse(err, b->path, line,
		        ":%.*s is not declared: the data file has no such column; did you mean :%s?", len, name, near);
	return workload_refuse(err, b->path, line,
	        ":%.*s is not declared: the data file has no such column; its first one is %.60s", len, name,
	        b->plan->columns[0]);
}

/* Where a name must stand in a file with directives; elsewhere it may be SQL that we need not understand. */
static bool undeclared(const struct binder *b, struct err *err)
{
	if (!b->annotated || follows_expression(b) || follows_bracket(b))
		return true;
	return refuse_undeclared(b, err);
}

static bool is_one_of(const struct binder *b, const struct token *token, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (lexer_is(&b->lexer, token, list[i]))
			return true;
	return false;
}
#define IS_ONE_OF(b, token, list) is_one_of(b, token, list, sizeof(list) / sizeof((list)[0]))

/* Places where the server's grammar wants something else than a value. */
static bool check_place(const struct binder *b, struct err *err)
{
	static const char *const types[] = {"interval", "date", "time", "timestamp", "timestamptz", "timetz"};
	static const char *const tables[] = {"join", "into", "update", "table", "only"};
	const char *name;
	int len = name_length(b, &name), line = b->token.line;

	if (IS_ONE_OF(b, &b->before, types)) {
		int type = (int)(b->before.end - b->before.begin);
		const char *word = b->lexer.sql + b->before.begin;

		return workload_refuse(err, b->path, line,
		        "%.*s :%.*s: the form TYPE 'text' takes no parameter in PostgreSQL; write :%.*s::%.*s", type,
		        word, len, name, len, name, type, word);
	}
	bool from = b->parens == 0 && lexer_is(&b->lexer, &b->before, "from") &&
	            !lexer_is(&b->lexer, &b->before2, "distinct");

	if (from || IS_ONE_OF(b, &b->before, tables))
		return workload_refuse(err, b->path, line,
		        ":%.*s stands where a table is named: a parameter is a value; write :\"%.*s\", which works if "
		        "all rows "
		        "say the same, or a task for each table",
		        len, name, len, name);
	return true;
}

static void copy_until(struct binder *b, size_t end)
{
	buf_append(&b->text, b->item->text + b->copied, end - b->copied);
	b->copied = end;
}

static void put_parameter(struct binder *b, int column)
{
	int i = 0;

	while (i < b->nparams && b->params[i] != column)
		i++;
	if (i == b->nparams) {
		b->params = mem_resize(b->params, (size_t)b->nparams + 1, sizeof *b->params);
		b->params[b->nparams++] = column;
	}
	copy_until(b, b->token.begin);
	/* `1:n` would become `1$1`; a blank keeps the two apart. */
	if (b->token.begin > 0 && b->before.end == b->token.begin && b->before.kind != TOKEN_OTHER &&
	        b->before.kind != TOKEN_OPEN)
		buf_putc(&b->text, ' ');
	buf_printf(&b->text, "$%d", i + 1);
	b->copied = b->token.end;
	if (b->copied < b->item->len &&
	        (lexer_variable_char(b->item->text[b->copied]) || b->item->text[b->copied] == '$'))
		buf_putc(&b->text, ' ');
}

/* :"name" becomes part of the SQL text, which one plan has for all rows. */
static bool put_identifier(struct binder *b, int column, struct err *err)
{
	const struct plan *plan = b->plan;
	const char *value = plan->nrows > 0 ? plan->values[column] : NULL;

	for (uint32_t row = 0; row < plan->nrows; row++) {
		const char *other = plan->values[(size_t)row * (size_t)plan->ncolumns + (size_t)column];

		if (value == NULL || other == NULL || other[0] == '\0' || strcmp(value, other) != 0)
			return workload_refuse(err, b->path, b->token.line,
			        ":\"%s\" names something in the SQL text, which is the same for all rows of the data "
			        "file, but "
			        "the rows differ or are empty (row %u); write a task for each name",
			        plan->columns[column], row + 1);
	}
	copy_until(b, b->token.begin);
	buf_putc(&b->text, '"');
	for (const char *p = value; p != NULL && *p != '\0'; p++) {
		if (*p == '"')
			buf_putc(&b->text, '"');
		buf_putc(&b->text, *p);
	}
	buf_putc(&b->text, '"');
	b->copied = b->token.end;
	return true;
}

static bool bind_variable(struct binder *b, struct err *err)
{
	int column = find_column(b);
	const char *name;
	int len = name_length(b, &name);

	if (column < 0)
		return undeclared(b, err);
	if (b->no_row != NULL)
		return workload_refuse(err, b->path, b->token.line,
		        ":%.*s cannot be used in %s, which runs without a row of the data file; use it in a @task", len,
		        name, b->no_row);
	if (follows_expression(b) && b->token.kind == TOKEN_VARIABLE)
		return workload_refuse(err, b->path, b->token.line,
		        ":%.*s may be a parameter or the end of an array slice; write [... : %.*s] for the slice and "
		        "[... : :%.*s] for the parameter",
		        len, name, len, name, len, name);
	b->uses_data = true;
	if (b->token.kind == TOKEN_NAME_VARIABLE)
		return put_identifier(b, column, err);
	if (!check_place(b, err))
		return false;
	put_parameter(b, column);
	return true;
}

/* What may carry parameters: statements that the server plans, those that contain one, and CALL. */
static bool takes_parameters(const struct split_item *item, struct token *verb)
{
	static const char *const planned[] = {
	        "select", "insert", "update", "delete", "merge", "values", "with", "table", "call", "declare"};
	struct lexer lexer;
	struct token token;
	bool explain = false, create = false, table = false;
	int depth = 0;

	lexer_init_item(&lexer, item);
	lexer_next_real(&lexer, verb);
	for (token = *verb; token.kind == TOKEN_OPEN; lexer_next_real(&lexer, &token))
		*verb = token; /* (select ...) union ... */
	explain = lexer_is(&lexer, &token, "explain");
	create = lexer_is(&lexer, &token, "create");
	*verb = token;
	for (; token.kind != TOKEN_END; lexer_next_real(&lexer, &token)) {
		depth += token.kind == TOKEN_OPEN ? 1 : token.kind == TOKEN_CLOSE ? -1 : 0;
		if (depth != 0)
			continue;
		bool first = token.begin == verb->begin;

		for (size_t i = 0; i < sizeof planned / sizeof planned[0] && (first || explain); i++)
			if (lexer_is(&lexer, &token, planned[i]))
				return true;
		if (explain && lexer_is(&lexer, &token, "create"))
			create = true;
		table |= create && lexer_is(&lexer, &token, "table");
		/* CREATE TABLE ... AS; a view or a function cannot keep a parameter. */
		if (table && lexer_is(&lexer, &token, "as"))
			return true;
		if (create && (lexer_is(&lexer, &token, "view") || lexer_is(&lexer, &token, "function")))
			return false;
		if (!explain && !create)
			return false;
	}
	return false;
}

static bool check_statement(const struct binder *b, struct err *err)
{
	struct token verb;
	bool takes = takes_parameters(b->item, &verb);
	int len = (int)(verb.end - verb.begin);
	const char *word = b->item->text + verb.begin;

	if (b->dollar_line > 0 && (takes || b->nparams > 0))
		return workload_refuse(err, b->path, b->dollar_line,
		        "a parameter written $1 has no value here; write :name, the name of a column of "
		        "--data=FILE.csv");
	if (b->nparams == 0 || takes)
		return true;
	const char *remedy = "write the value into the statement";

	if (len == 3 && strncasecmp(word, "set", 3) == 0)
		remedy = "use select set_config('setting', :value, false)";
	else if (len == 2 && strncasecmp(word, "do", 2) == 0)
		remedy = "hand it over with select set_config('my.value', :value, false) before, and current_setting() "
		         "inside";
	else if (len == 7 && strncasecmp(word, "execute", 7) == 0)
		remedy = "write the prepared statement itself";
	return workload_refuse(err, b->path, b->item->line,
	        "%.*s takes no parameter :%s: PostgreSQL's protocol has them only in SELECT, INSERT, UPDATE, DELETE, "
	        "MERGE, "
	        "VALUES, WITH, CALL, EXPLAIN and CREATE TABLE AS; %s",
	        len, word, b->plan->columns[b->params[0]], remedy);
}

static void track(struct binder *b)
{
	char c = b->lexer.sql[b->token.begin];

	if (b->token.kind == TOKEN_OPEN)
		b->parens++;
	else if (b->token.kind == TOKEN_CLOSE)
		b->parens--;
	else if (b->token.kind == TOKEN_OTHER && c == '[')
		b->brackets++;
	else if (b->token.kind == TOKEN_OTHER && c == ']')
		b->brackets -= b->brackets > 0;
	else if (b->token.kind == TOKEN_PARAMETER && b->dollar_line == 0)
		b->dollar_line = b->token.line;
	b->before2 = b->before;
	b->before = b->token;
}

static bool bind_all(struct binder *b, struct err *err)
{
	while (lexer_next_real(&b->lexer, &b->token), b->token.kind != TOKEN_END) {
		bool variable = b->token.kind == TOKEN_VARIABLE || b->token.kind == TOKEN_STRING_VARIABLE ||
		                b->token.kind == TOKEN_NAME_VARIABLE;

		if (variable && !bind_variable(b, err))
			return false;
		track(b);
	}
	if (b->nparams > 65535)
		return workload_refuse(
		        err, b->path, b->item->line, "more than 65535 parameters, the most one statement can have");
	return check_statement(b, err);
}

bool statement_bind(const char *path, const struct plan *plan, const struct split_item *item, bool annotated,
        const char *no_row, struct statement *statement, bool *uses_data, struct err *err)
{
	struct binder b = {.path = path, .plan = plan, .item = item, .annotated = annotated, .no_row = no_row};

	lexer_init_item(&b.lexer, item);
	bool ok = bind_all(&b, err);

	if (ok) {
		copy_until(&b, item->len);
		statement->text = mem_strdup(buf_str(&b.text));
		statement->nparams = b.nparams;
		statement->params = b.params;
		*uses_data |= b.uses_data;
	} else {
		free(b.params);
	}
	buf_free(&b.text);
	return ok;
}
