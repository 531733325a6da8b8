/*
 * script_kind: see script_kind.h. Every semicolon is taken for the end of a statement, also one in quotes: a word too
 * many only makes the judgement more careful.
 */
#include "shared/script_kind.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "shared/buf.h"

#define VARIABLE '\1' /* stands for the value of a variable */

static const struct {
	const char *word;
	unsigned kind;
} words[] = {{"begin", KIND_BEGINS}, {"start", KIND_BEGINS}, {"commit", KIND_COMMITS}, {"end", KIND_COMMITS},
        {"prepare", KIND_COMMITS}, {"call", KIND_CALLS}, {"do", KIND_CALLS}};

static const char *after_comment(const char *p)
{
	int depth = 0;

	if (p[0] == '-') {
		const char *end = strchr(p, '\n');

		return end ? end : p + strlen(p);
	}
	do {
		if (p[0] == '/' && p[1] == '*') {
			depth++;
			p += 2;
		} else if (p[0] == '*' && p[1] == '/') {
			depth--;
			p += 2;
		} else {
			p++;
		}
	} while (*p && depth > 0);
	return p;
}

static const char *skip_blanks(const char *p)
{
	for (;;) {
		p += strspn(p, " \t\r\n\v\f(");
		if ((p[0] != '-' || p[1] != '-') && (p[0] != '/' || p[1] != '*'))
			return p;
		p = after_comment(p);
	}
}

static unsigned kind_of(const char *statement)
{
	size_t len = strspn(statement, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_");

	if (statement[len] == VARIABLE)
		return KIND_COMMITS | KIND_CALLS;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strlen(words[i].word) == len && strncasecmp(statement, words[i].word, len) == 0)
			return words[i].kind;
	return 0;
}

static unsigned kind_of_text(const char *text)
{
	unsigned kind = 0;
	int statements = 0;

	for (const char *p = skip_blanks(text); *p; p = skip_blanks(p)) {
		if (*p != ';') {
			kind |= kind_of(p);
			statements++;
		}
		p += strcspn(p, ";");
		p += *p == ';';
	}
	/* With more behind it BEGIN protects nothing by itself. */
	return statements == 1 ? kind : kind & ~(unsigned)KIND_BEGINS;
}

unsigned script_kind(const struct script_sql *sql, enum query_mode mode)
{
	struct buf text = {0};
	unsigned kind;

	if (mode != QUERY_SIMPLE)
		return kind_of_text(sql->numbered);
	for (int i = 0; i <= sql->nvariables; i++) {
		buf_puts(&text, sql->literals[i]);
		if (i < sql->nvariables)
			buf_putc(&text, VARIABLE);
	}
	kind = kind_of_text(buf_str(&text));
	buf_free(&text);
	return kind;
}
