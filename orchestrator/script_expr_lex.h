/*
 * script_expr_lex: the tokens of pgbench's expressions. Only script_expr_parse.c calls it; a token points into the
 * text.
 */
#ifndef ORCHESTRATOR_SCRIPT_EXPR_LEX_H
#define ORCHESTRATOR_SCRIPT_EXPR_LEX_H

#include "orchestrator/script_parts.h"

enum expr_token_kind {
	EXPR_TOKEN_END, /* of the command's line */
	EXPR_TOKEN_CONSTANT,
	EXPR_TOKEN_TOO_LARGE_BY_ONE, /* 2^63, which is an integer only behind a minus */
	EXPR_TOKEN_VARIABLE,
	EXPR_TOKEN_NAME,
	EXPR_TOKEN_KEYWORD,
	EXPR_TOKEN_SIGN /* operators, parentheses, comma */
};

enum expr_keyword {
	KEYWORD_AND,
	KEYWORD_OR,
	KEYWORD_NOT,
	KEYWORD_IS,
	KEYWORD_ISNULL,
	KEYWORD_NOTNULL,
	KEYWORD_CASE,
	KEYWORD_WHEN,
	KEYWORD_THEN,
	KEYWORD_ELSE,
	KEYWORD_END
};

enum expr_sign {
	SIGN_PLUS,
	SIGN_MINUS,
	SIGN_TIMES,
	SIGN_OVER,
	SIGN_PERCENT,
	SIGN_EQUAL,
	SIGN_UNEQUAL,
	SIGN_LESS,
	SIGN_LESS_EQUAL,
	SIGN_GREATER,
	SIGN_GREATER_EQUAL,
	SIGN_BAR,
	SIGN_HASH,
	SIGN_AMPERSAND,
	SIGN_LEFT,
	SIGN_RIGHT,
	SIGN_TILDE,
	SIGN_OPEN,
	SIGN_CLOSE,
	SIGN_COMMA
};

struct expr_token {
	enum expr_token_kind kind;
	size_t begin, len; /* a variable without its colon: begin + 1 */
	union {
		enum expr_keyword keyword;
		enum expr_sign sign;
	};
	struct value constant;
};

/* The token at reader->at, which is moved behind it; at the end behind the line's end. */
bool expr_lex(struct script_reader *reader, struct expr_token *token, struct err *err);

#endif
