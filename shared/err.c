/*
 * err: filling and ranking errors. Everybody may call it; nothing here allocates, prints or exits.
 */
#include "shared/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Cuts a UTF-8 sequence that truncation left unfinished, so that a long message stays printable. */
static void trim_partial_character(char *text)
{
	size_t len = strlen(text), back = 0;

	while (back < 3 && back < len && ((unsigned char)text[len - 1 - back] & 0xc0) == 0x80)
		back++;
	if (back == len)
		return;
	unsigned char lead = (unsigned char)text[len - 1 - back];
	size_t need = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : lead >= 0xc0 ? 1 : 0;

	if (need > back)
		text[len - 1 - back] = '\0';
}

bool err_set(struct err *e, enum exit_code code, const char *format, ...)
{
	if (e == NULL)
		return false;
	/* A caller may put the old text into the new one: format aside first. */
	char text[sizeof e->text];
	va_list args;

	va_start(args, format);
	int len = vsnprintf(text, sizeof text, format, args);
	va_end(args);
	if (len < 0)
		text[0] = '\0';
	else if ((size_t)len >= sizeof text)
		trim_partial_character(text);
	e->code = code;
	memcpy(e->text, text, sizeof text);
	return false;
}

bool err_prefix(struct err *e, const char *format, ...)
{
	if (e == NULL)
		return false;
	char prefix[sizeof e->text];
	va_list args;

	va_start(args, format);
	int len = vsnprintf(prefix, sizeof prefix, format, args);
	va_end(args);
	if (len < 0)
		return false;
	char text[sizeof e->text];

	if ((size_t)snprintf(text, sizeof text, "%s: %s", prefix, e->text) >= sizeof text)
		trim_partial_character(text);
	memcpy(e->text, text, sizeof text);
	return false;
}

/* 5, 2, 3, 4; usage and lock end a program before anything else can happen, so they only yield to those. */
static int severity(enum exit_code code)
{
	switch (code) {
	case EXIT_STORE:
		return 6;
	case EXIT_CONNECT:
		return 5;
	case EXIT_TASKS:
		return 4;
	case EXIT_GATE:
		return 3;
	case EXIT_LOCKED:
		return 2;
	case EXIT_USAGE:
		return 1;
	case EXIT_DONE:
		break;
	}
	return 0;
}

enum exit_code exit_code_worse(enum exit_code a, enum exit_code b)
{
	return severity(b) > severity(a) ? b : a;
}
