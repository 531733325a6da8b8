/*
 * terminal: what standard output or error can show. Nothing is asked of the terminal itself, so nothing can hang.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "orchestrator/progress.h"

static bool named(const char *variable)
{
	const char *value = getenv(variable);
	return value != NULL && value[0] != '\0';
}

/* The first of the three that is set decides, as in setlocale; the program itself stays in the C locale. */
static bool utf8_locale(void)
{
	static const char *const variables[] = {"LC_ALL", "LC_CTYPE", "LANG"};
	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
		const char *value = getenv(variables[i]);
		if (value != NULL && value[0] != '\0') {
			return strcasestr(value, "utf-8") != NULL || strcasestr(value, "utf8") != NULL;
		}
	}
	return false;
}

static int variable_number(const char *variable)
{
	const char *value = getenv(variable);
	long number = value != NULL ? strtol(value, NULL, 10) : 0;
	return number >= 10 && number <= 1000 ? (int)number : 0;
}

void terminal_probe(int fd, enum color_mode mode, struct terminal *t)
{
	struct winsize size;
	const char *term = getenv("TERM");
	bool dumb = term == NULL || term[0] == '\0' || strcmp(term, "dumb") == 0;
	memset(t, 0, sizeof(*t));
	t->tty = isatty(fd) == 1;
	t->dumb = dumb;
	t->utf8 = utf8_locale();
	t->color = mode == COLOR_ALWAYS || (mode == COLOR_AUTO && t->tty && !dumb && !named("NO_COLOR"));
	t->width = variable_number("COLUMNS");
	t->height = variable_number("LINES");
	if (t->tty && ioctl(fd, TIOCGWINSZ, &size) == 0) {
		if (size.ws_col > 0)
			t->width = size.ws_col;
		if (size.ws_row > 0)
			t->height = size.ws_row;
	}
	if (t->width <= 0)
		t->width = 80;
	if (t->height <= 0)
		t->height = 24;
}
