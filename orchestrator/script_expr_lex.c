/*
 * script_expr_lex: the tokens of pgbench's expressions, see script_expr_lex.h.
 */
#include "orchestrator/script_expr_lex.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static char at(const struct script_reader *reader, size_t i)
{
	return i < reader->end ? reader->text[i] : '\0';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static size_t skip_digits(const struct script_reader *reader, size_t i)
{
	while (is_digit(at(reader, i)))
		i++;
	return i;
}

/* 1, 1.5, 1., .5, with an exponent or without: one that lacks its digits is no part of the number. */
static size_t number_end(const struct script_reader *reader, size_t i, bool *whole)
{
	i = skip_digits(reader, i);
	*whole = at(reader, i) != '.';
	if (!*whole)
		i = skip_digits(reader, i + 1);
	if ((at(reader, i) | 32) != 'e')
		return i;
	size_t exponent = i + 1;

	exponent += at(reader, exponent) == '+' || at(reader, exponent) == '-';
	if (!is_digit(at(reader, exponent)))
		return i;
	*whole = false;
	return skip_digits(reader, exponent);
}

static bool convert(
        struct script_reader *reader, struct expr_token *token, bool whole, const char *digits, struct err *err)
{
	errno = 0;
	if (whole && strcmp(digits, "9223372036854775808") == 0) {
		token->kind = EXPR_TOKEN_TOO_LARGE_BY_ONE;
		return true;
	}
	if (whole)
		token->constant = (struct value){.type = VALUE_INT, .integer = strtoll(digits, NULL, 10)};
	else
		token->constant = (struct value){.type = VALUE_DOUBLE, .number = strtod(digits, NULL)};
	if (errno == 0)
		return true;
	return script_refuse(reader, token->begin, err, "%s constant overflow: %.60s; %s", whole ? "bigint" : "double",
	        digits,
	        whole ? "an integer has 64 bits, up to 9223372036854775807"
	              : "a double lies between 2.3e-308 and 1.7e308");
}

static bool lex_number(struct script_reader *reader, struct expr_token *token, struct err *err)
{
	bool whole;
	size_t end = number_end(reader, reader->at, &whole);

	token->kind = EXPR_TOKEN_CONSTANT;
	token->len = end - reader->at;
	reader->at = end;
	char *digits = mem_strndup(reader->text + token->begin, token->len);
	bool ok = convert(reader, token, whole, digits, err);

	free(digits);
	return ok;
}

static bool is_word(const struct script_reader *reader, const struct expr_token *token, const char *word)
{
	return strlen(word) == token->len && strncasecmp(reader->text + token->begin, word, token->len) == 0;
}

static void lex_word(struct script_reader *reader, struct expr_token *token)
{
	static const struct {
		const char *word;
		enum expr_keyword keyword;
	} keywords[] = {{"and", KEYWORD_AND}, {"or", KEYWORD_OR}, {"not", KEYWORD_NOT}, {"is", KEYWORD_IS},
	        {"isnull", KEYWORD_ISNULL}, {"notnull", KEYWORD_NOTNULL}, {"case", KEYWORD_CASE},
	        {"when", KEYWORD_WHEN}, {"then", KEYWORD_THEN}, {"else", KEYWORD_ELSE}, {"end", KEYWORD_END}};
	static const struct {
		const char *word;
		struct value value;
	} constants[] = {{"null", {.type = VALUE_NULL}}, {"true", {.type = VALUE_BOOLEAN, .boolean = true}},
	        {"false", {.type = VALUE_BOOLEAN, .boolean = false}}};

	while (reader->at < reader->end && script_name_char(reader->text[reader->at]))
		reader->at++;
	token->kind = EXPR_TOKEN_NAME;
	token->len = reader->at - token->begin;
	for (size_t i = 0; i < sizeof constants / sizeof constants[0]; i++) {
		if (is_word(reader, token, constants[i].word)) {
			token->kind = EXPR_TOKEN_CONSTANT;
			token->constant = constants[i].value;
		}
	}
	for (size_t i = 0; i < sizeof keywords / sizeof keywords[0]; i++) {
		if (is_word(reader, token, keywords[i].word)) {
			token->kind = EXPR_TOKEN_KEYWORD;
			token->keyword = keywords[i].keyword;
		}
	}
}

static bool lex_sign(struct script_reader *reader, struct expr_token *token, struct err *err)
{
	static const struct {
		char text[3];
		enum expr_sign sign;
	} signs[] = {{"<>", SIGN_UNEQUAL}, {"!=", SIGN_UNEQUAL}, {"<=", SIGN_LESS_EQUAL}, {">=", SIGN_GREATER_EQUAL},
	        {"<<", SIGN_LEFT}, {">>", SIGN_RIGHT}, {"<", SIGN_LESS}, {">", SIGN_GREATER}, {"=", SIGN_EQUAL},
	        {"+", SIGN_PLUS}, {"-", SIGN_MINUS}, {"*", SIGN_TIMES}, {"/", SIGN_OVER}, {"%", SIGN_PERCENT},
	        {"|", SIGN_BAR}, {"#", SIGN_HASH}, {"&", SIGN_AMPERSAND}, {"~", SIGN_TILDE}, {"(", SIGN_OPEN},
	        {")", SIGN_CLOSE}, {",", SIGN_COMMA}};

	token->kind = EXPR_TOKEN_SIGN;
	for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++) {
		size_t len = strlen(signs[i].text);

		if (len <= reader->end - reader->at && memcmp(reader->text + reader->at, signs[i].text, len) == 0) {
			token->sign = signs[i].sign;
			token->len = len;
			reader->at += len;
			return true;
		}
	}
	const char *remedy = "an expression has numbers, :variables, functions and operators";

	if (reader->text[reader->at] == ';')
		remedy = "a meta-command ends with its line and has no semicolon";
	else if (reader->text[reader->at] == '\'')
		remedy = "there are no strings here; SQL can make one, and \\gset puts it into a variable";
	return script_refuse(
	        reader, reader->at, err, "unexpected character (%c); %s", reader->text[reader->at], remedy);
}

bool expr_lex(struct script_reader *reader, struct expr_token *token, struct err *err)
{
	script_skip_blank(reader);
	char c = at(reader, reader->at), next = at(reader, reader->at + 1);

	*token = (struct expr_token){.kind = EXPR_TOKEN_END, .begin = reader->at};
	if (reader->at >= reader->end)
		return true;
	if (c == '\n') {
		reader->at++;
		return true;
	}
	if (c == ':' && script_name_char(next)) {
		token->kind = EXPR_TOKEN_VARIABLE;
		for (reader->at++; script_name_char(at(reader, reader->at));)
			reader->at++;
		token->len = reader->at - token->begin;
		return true;
	}
	if (is_digit(c) || (c == '.' && is_digit(next)))
		return lex_number(reader, token, err);
	if (script_name_start(c)) {
		lex_word(reader, token);
		return true;
	}
	return lex_sign(reader, token, err);
}
