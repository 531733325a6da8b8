/*
 * cmd: what the commands share at their edge: saying once what went wrong, and the command line as it is stored.
 */
#include "orchestrator/cmd.h"

#include <stdlib.h>
#include <string.h>

#include "shared/buf.h"
#include "shared/log.h"

int fail(const struct err *err)
{
	struct buf text = {0};

	redact(err->text, &text); /* a connection string in the wrong place is quoted like any other word */
	log_people(true, NULL, NULL);
	log_write(LEVEL_ERROR, NULL, "%s", buf_str(&text));
	buf_free(&text);
	return (int)err->code;
}

static bool needs_quotes(const char *word)
{
	return word[0] == '\0' ||
	       strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=./:,@%^") !=
	               strlen(word);
}

/* The end of the value that begins at c: quoted as conninfo allows it, else up to a blank or, in a URI, an &. */
static const char *value_end(const char *c)
{
	if (*c != '\'')
		return c + strcspn(c, " \t\n&");
	for (c++; *c != '\0' && *c != '\''; c++) {
		if (*c == '\\' && c[1] != '\0')
			c++;
	}
	return *c == '\'' ? c + 1 : c;
}

/* The secret of "scheme://user:secret@host", when c stands at the "://"; a plain / in the secret is wrong, but no
 * reason to show it. */
static const char *uri_secret(const char *c, const char **end)
{
	const char *authority = c + 3, *stop = authority + strcspn(authority, "? ");
	const char *at = memrchr(authority, '@', (size_t)(stop - authority));
	const char *colon = memchr(authority, ':', strcspn(authority, "/? "));
	if (at == NULL || colon == NULL || colon > at)
		return NULL;
	*end = at;
	return colon + 1;
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

void redact(const char *text, struct buf *out)
{
	for (const char *c = text; *c != '\0';) {
		const char *end = c;
		const char *secret = strncmp(c, "://", 3) == 0 ? uri_secret(c, &end) : setting_secret(c, &end);
		if (secret == NULL) {
			buf_putc(out, *c++);
			continue;
		}
		buf_append(out, c, (size_t)(secret - c));
		buf_puts(out, "***");
		c = end;
	}
}

void quote_argv(int argc, char **argv, struct buf *out)
{
	for (int i = 0; i < argc; i++) {
		struct buf word = {0};
		redact(argv[i], &word);
		if (i > 0)
			buf_putc(out, ' ');
		if (!needs_quotes(buf_str(&word))) {
			buf_puts(out, buf_str(&word));
		} else {
			buf_putc(out, '\'');
			for (const char *c = buf_str(&word); *c != '\0'; c++) {
				if (*c == '\'')
					buf_puts(out, "'\\''");
				else
					buf_putc(out, *c);
			}
			buf_putc(out, '\'');
		}
		buf_free(&word);
	}
}
