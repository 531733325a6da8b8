/*
 * workload_lexer: SQL text into tokens, by the rules of psql's lexer (which are the server's, apart from variables).
 * Tokens are offsets into the text of the caller; nothing is allocated. Only workload_*.c call it.
 */
#include "orchestrator/workload_parts.h"

#include <string.h>
#include <strings.h>

void lexer_init(struct lexer *lexer, const char *sql, size_t len, int line)
{
	*lexer = (struct lexer){.sql = sql, .len = len, .line = line};
}

void lexer_init_item(struct lexer *lexer, const struct split_item *item)
{
	lexer_init(lexer, item->text, item->len, item->line);
	lexer->backslashes = item->backslashes;
	lexer->next_backslashes = item->next_backslashes;
}

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Bytes above 127 are letters: that is how identifiers in any encoding pass. */
static bool is_word_start(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (unsigned char)c >= 128;
}

bool lexer_variable_char(char c)
{
	return is_word_start(c) || is_digit(c);
}

static char at(const struct lexer *lexer, size_t i)
{
	return i < lexer->len ? lexer->sql[i] : '\0';
}

static size_t skip_line(const struct lexer *lexer, size_t i)
{
	while (i < lexer->len && lexer->sql[i] != '\n' && lexer->sql[i] != '\r')
		i++;
	return i;
}

/* Comments nest. Returns the end, 0 when it is not closed. */
static size_t skip_comment(const struct lexer *lexer, size_t i)
{
	int depth = 0;

	for (;;) {
		if (i >= lexer->len)
			return 0;
		if (at(lexer, i) == '/' && at(lexer, i + 1) == '*') {
			depth++;
			i += 2;
		} else if (at(lexer, i) == '*' && at(lexer, i + 1) == '/') {
			i += 2;
			if (--depth == 0)
				return i;
		} else {
			i++;
		}
	}
}

/* Where a string that ended at i goes on after a line's end, behind its next quote; 0 when it does not. */
static size_t string_continuation(const struct lexer *lexer, size_t i)
{
	bool newline = false;

	for (;; i++) {
		char c = at(lexer, i);

		if (c == '\'' && newline)
			return i + 1;
		if (c == '-' && at(lexer, i + 1) == '-')
			i = skip_line(lexer, i);
		else if (i >= lexer->len || !is_space(c))
			return 0;
		newline |= at(lexer, i) == '\n' || at(lexer, i) == '\r';
	}
}

/* i is behind the opening quote. Returns the end of the token, 0 when the quote is not closed. A doubled quote needs
 * no rule of its own where nothing escapes: two strings side by side end at the same place. As psql reads line by
 * line, the continuation of an E'...' on the next line is a string of its own there, in which backslashes do not
 * escape. */
static size_t skip_string(const struct lexer *lexer, size_t i, bool escapes)
{
	while (i < lexer->len) {
		char c = lexer->sql[i++];

		if (c == '\\' && escapes) {
			i++;
		} else if (c == '\'') {
			if (escapes && at(lexer, i) == '\'') {
				i++;
				continue;
			}
			size_t more = escapes && lexer->continues ? string_continuation(lexer, i) : 0;

			if (more == 0)
				return i;
			i = more;
		}
	}
	return 0;
}

static size_t skip_name(const struct lexer *lexer, size_t i)
{
	const char *end = i < lexer->len ? memchr(lexer->sql + i, '"', lexer->len - i) : NULL;

	return end != NULL ? (size_t)(end - lexer->sql) + 1 : 0;
}

/* The length of `$tag$` at i, 0 if it is none. */
static size_t dollar_delimiter(const struct lexer *lexer, size_t i)
{
	size_t j = i + 1;

	if (is_word_start(at(lexer, j)))
		while (lexer_variable_char(at(lexer, j)))
			j++;
	return at(lexer, j) == '$' ? j + 1 - i : 0;
}

/* A word glued to a number belongs to it, so that 1e'...' is no E'...'. The server refuses such numbers. */
static size_t skip_junk(const struct lexer *lexer, size_t i)
{
	if (is_word_start(at(lexer, i)))
		while (lexer_variable_char(at(lexer, i)) || at(lexer, i) == '$')
			i++;
	return i;
}

static size_t skip_number(const struct lexer *lexer, size_t i)
{
	while (is_digit(at(lexer, i)))
		i++;
	if (at(lexer, i) == '.' && at(lexer, i + 1) != '.')
		for (i++; is_digit(at(lexer, i));)
			i++;
	if (at(lexer, i) == 'e' || at(lexer, i) == 'E') {
		size_t j = i + 1;

		if (at(lexer, j) == '+' || at(lexer, j) == '-')
			j++;
		if (is_digit(at(lexer, j))) {
			while (is_digit(at(lexer, j)))
				j++;
			i = j;
		} else if (j > i + 1) {
			return j; /* psql takes the sign into the broken number: 1e-- begins no comment */
		}
	}
	return skip_junk(lexer, i);
}

/* Sets kind and end; end 0 means that the file ends inside. */
static void lex_dollar(const struct lexer *lexer, struct token *token)
{
	size_t i = token->begin, delimiter = dollar_delimiter(lexer, i);

	if (delimiter > 0) {
		const char *from = lexer->sql + i + delimiter;
		const char *end = memmem(from, lexer->len - i - delimiter, lexer->sql + i, delimiter);

		token->kind = TOKEN_STRING;
		token->unclosed = "dollar quote";
		token->end = end != NULL ? (size_t)(end - lexer->sql) + delimiter : 0;
	} else if (is_digit(at(lexer, i + 1))) {
		token->kind = TOKEN_PARAMETER;
		for (token->end = i + 1; is_digit(at(lexer, token->end));)
			token->end++;
		token->end = skip_junk(lexer, token->end);
	}
}

static void lex_colon(const struct lexer *lexer, struct token *token)
{
	size_t i = token->begin + 1;
	char quote = at(lexer, i);

	if (quote == ':' || quote == '=') {
		token->end = i + 1;
		return;
	}
	if (quote == '\'' || quote == '"')
		i++;
	size_t name = i;

	while (lexer_variable_char(at(lexer, i)))
		i++;
	if (i == name)
		return;
	if (quote == '\'' || quote == '"') {
		if (at(lexer, i) != quote)
			return; /* only a colon before an ordinary string */
		token->kind = quote == '"' ? TOKEN_NAME_VARIABLE : TOKEN_STRING_VARIABLE;
		token->end = i + 1;
	} else {
		token->kind = TOKEN_VARIABLE;
		token->end = i;
	}
}

static void lex_word(const struct lexer *lexer, struct token *token)
{
	size_t i = token->begin;
	char c = at(lexer, i), next = at(lexer, i + 1);

	token->unclosed = "quote (')";
	if (next == '\'' && strchr("eEbBxX", c) != NULL) {
		token->kind = TOKEN_STRING;
		token->end = skip_string(lexer, i + 2, c == 'e' || c == 'E');
	} else if ((c == 'u' || c == 'U') && next == '&' && at(lexer, i + 2) == '\'') {
		token->kind = TOKEN_STRING;
		token->end = skip_string(lexer, i + 3, false);
	} else {
		token->kind = TOKEN_WORD;
		while (lexer_variable_char(at(lexer, i)) || at(lexer, i) == '$')
			i++;
		token->end = i;
	}
}

static void lex_one(const struct lexer *lexer, struct token *token)
{
	size_t i = token->begin;
	char c = lexer->sql[i], next = at(lexer, i + 1);

	token->kind = TOKEN_OTHER;
	token->end = i + 1;
	if (c == '-' && next == '-') {
		token->kind = TOKEN_LINE_COMMENT;
		token->end = skip_line(lexer, i);
	} else if (c == '/' && next == '*') {
		token->kind = TOKEN_COMMENT;
		token->unclosed = "comment (/*)";
		token->end = skip_comment(lexer, i);
	} else if (c == '\'') {
		token->kind = TOKEN_STRING;
		token->unclosed = "quote (')";
		token->end = skip_string(lexer, i + 1, lexer->backslashes);
	} else if (c == '"') {
		token->kind = TOKEN_NAME;
		token->unclosed = "quote (\")";
		token->end = skip_name(lexer, i + 1);
	} else if (c == '$') {
		lex_dollar(lexer, token);
	} else if (c == ':') {
		lex_colon(lexer, token);
	} else if (is_word_start(c)) {
		lex_word(lexer, token);
	} else if (is_digit(c) || (c == '.' && is_digit(next))) {
		token->kind = TOKEN_NUMBER;
		token->end = skip_number(lexer, i);
	} else if (c == ';') {
		token->kind = TOKEN_SEMICOLON;
	} else if (c == '(') {
		token->kind = TOKEN_OPEN;
	} else if (c == ')') {
		token->kind = TOKEN_CLOSE;
	} else if (c == '\\') {
		token->kind = TOKEN_BACKSLASH;
	}
}

static void move_to(struct lexer *lexer, size_t to)
{
	const char *p = lexer->sql + lexer->at, *end = lexer->sql + to;

	while (p < end && (p = memchr(p, '\n', (size_t)(end - p))) != NULL) {
		lexer->line++;
		lexer->backslashes = lexer->next_backslashes;
		p++;
	}
	lexer->at = to;
}

void lexer_next(struct lexer *lexer, struct token *token)
{
	size_t i = lexer->at;

	while (i < lexer->len && is_space(lexer->sql[i]))
		i++;
	move_to(lexer, i);
	*token = (struct token){
	        .kind = TOKEN_END, .begin = i, .end = i, .line = lexer->line, .backslashes = lexer->backslashes};
	if (i >= lexer->len)
		return;
	lex_one(lexer, token);
	/* An escape may have stepped over the last byte. */
	if (token->end == 0 || token->end > lexer->len) {
		token->kind = TOKEN_UNCLOSED;
		token->end = lexer->len;
	}
	move_to(lexer, token->end);
}

void lexer_next_real(struct lexer *lexer, struct token *token)
{
	do
		lexer_next(lexer, token);
	while (token->kind == TOKEN_COMMENT || token->kind == TOKEN_LINE_COMMENT);
}

bool lexer_is(const struct lexer *lexer, const struct token *token, const char *lower_case_word)
{
	size_t len = strlen(lower_case_word);

	return token->kind == TOKEN_WORD && token->end - token->begin == len &&
	       strncasecmp(lexer->sql + token->begin, lower_case_word, len) == 0;
}
