/*
 * log: the parent's log. Lines are "UTC time LEVEL [w3 pid 4711 task s2a] text". Only the parent writes it; children
 * send NOTE messages. Control characters and invalid UTF-8 are made visible, so that no line can be forged and no
 * escape sequence reaches a terminal.
 */
#ifndef SHARED_LOG_H
#define SHARED_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/err.h"

enum log_level { LEVEL_ERROR, LEVEL_WARNING, LEVEL_INFO, LEVEL_DEBUG };

/* Who a line is about; 0, -1 or NULL leaves a part out. */
struct log_context {
	int worker; /* 1-based number of the worker, 0 = the parent */
	int pid; /* backend or process id, 0 = none */
	const char *task;
};

/* Opens FILE for appending (mode 0600) when path is not NULL; to_stderr also copies lines to standard error. */
bool log_open(const char *path, bool to_stderr, enum log_level most, struct err *err);
void log_close(void);
/* Warnings and errors are shown to people as "pgparallel: TEXT" on standard error when the log itself does not go
 * there. before (NULL = none) is called before each line written there, to take a drawing away. */
void log_people(bool warnings, void (*before)(void *context), void *context);
bool log_enabled(enum log_level level);
void log_write(enum log_level level, const struct log_context *about, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

/* Copies text to out with control characters, DEL and invalid UTF-8 replaced; always NUL-terminated. out_size > 0. */
void log_printable(const char *text, char *out, unsigned long out_size);

#endif
