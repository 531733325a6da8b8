/*
 * cmd: what the commands share at their edge: saying once what went wrong, and the command line as it is stored.
 */
#include "orchestrator/cmd.h"

#include <stdlib.h>
#include <string.h>

#include "shared/buf.h"
#include "shared/log.h"
#include "shared/redact.h"

int fail(const struct err *err)
{
	log_people(true, NULL, NULL);
	log_write(LEVEL_ERROR, NULL, "%s", err->text); /* the log takes secrets out */
	return (int)err->code;
}

static bool needs_quotes(const char *word)
{
	return word[0] == '\0' ||
	       strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=./:,@%^") !=
	               strlen(word);
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
