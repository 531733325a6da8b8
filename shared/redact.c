/*
 * redact: secrets known by their form, written as ***. Nothing is kept here; the caller owns the buffer.
 */
#include "shared/redact.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

/* The end of the value that begins at c: quoted as conninfo allows it, else up to a blank or, in a URI, an &. */
static const char *value_end(const char *c)
{
	if (*c != '\'')
		return c + strcspn(c, " \t\n&");
	for (c++; *c != '\0' && *c != '\''; c++) {
		if (*c == '\\' && c[1] != '\0')
			c++;
	}
	return c + strcspn(c, " \t\n&"); /* what sticks to the closing quote is a part of a badly quoted value */
}

/* The secret of "scheme://user:secret@host", when c stands at the "://"; a plain / in the secret is wrong, but no
 * reason to show it. */
static const char *uri_secret(const char *c, const char **end)
{
	const char *authority = c + 3, *stop = authority + strcspn(authority, "? \t\r\n");
	const char *at = memrchr(authority, '@', (size_t)(stop - authority));
	const char *colon = memchr(authority, ':', strcspn(authority, "/? "));
	if (at == NULL || colon == NULL || colon > at)
		return NULL;
	*end = at;
	/* A user name holds no =: there a setting stands where it does not belong, with its value. */
	return memchr(authority, '=', (size_t)(colon - authority)) != NULL ? authority : colon + 1;
}

/* The secret that "password = " at c names; NULL when c begins no such setting. */
static const char *setting_secret(const char *c, const char **end)
{
	static const char *const keys[] = {"password", "sslpassword", "passwd"};
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		size_t len = strlen(keys[i]);
		if (strncasecmp(c, keys[i], len) != 0)
			continue;
		const char *p = c + len + strspn(c + len, " \t");
		if (*p == '=') {
			p += 1 + strspn(p + 1, " \t");
			*end = value_end(p);
			return p;
		}
	}
	return NULL;
}

static size_t token_span(const char *c)
{
	return strspn(c, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.+/=~");
}

/* A token whose first letters tell what it is; the letters alone, or a short word that begins so, are no secret. */
static const char *token_secret(const char *c, const char **end)
{
	static const struct {
		const char *begin;
		size_t least;
	} kinds[] = {{"eyJ", 20}, {"dapi", 20}, {"dose", 30}};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		size_t len = token_span(c);
		if (strncmp(c, kinds[i].begin, strlen(kinds[i].begin)) == 0 && len >= kinds[i].least) {
			*end = c + len;
			return c;
		}
	}
	return NULL;
}

/* What follows "Bearer " or "Basic " in a header; short words after them are prose. */
static const char *header_secret(const char *c, const char **end)
{
	static const char *const schemes[] = {"bearer", "basic"};

	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		size_t len = strlen(schemes[i]);
		if (strncasecmp(c, schemes[i], len) != 0)
			continue;
		const char *p = c + len + strspn(c + len, " \t");
		if (p == c + len || token_span(p) < 12)
			continue;
		*end = p + token_span(p);
		return p;
	}
	return NULL;
}

/* The secret that a text at c begins with or names; first says that no word goes on there. */
static const char *secret_at(const char *c, bool first, const char **end)
{
	const char *secret;

	if (strncmp(c, "://", 3) == 0)
		return uri_secret(c, end);
	if ((secret = setting_secret(c, end)) != NULL || !first)
		return secret;
	if ((secret = token_secret(c, end)) != NULL)
		return secret;
	return header_secret(c, end);
}

void redact(const char *text, struct buf *out)
{
	for (const char *c = text; *c != '\0';) {
		const char *end = c;
		const char *secret = secret_at(c, c == text || !isalnum((unsigned char)c[-1]), &end);
		if (secret == NULL) {
			buf_putc(out, *c++);
			continue;
		}
		buf_append(out, c, (size_t)(secret - c));
		buf_puts(out, "***");
		c = end;
	}
}
