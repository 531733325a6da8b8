/*
 * buf: a growing byte buffer, the one string builder of the program. The owner calls buf_free. Running out of
 * memory ends the process with a message (every caller would do the same), so appending cannot fail.
 */
#ifndef SHARED_BUF_H
#define SHARED_BUF_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
	char *data; /* NUL-terminated whenever len > 0; NULL while nothing was ever appended */
	size_t len;
	size_t cap;
};

void buf_append(struct buf *b, const void *data, size_t len);
void buf_puts(struct buf *b, const char *text);
void buf_putc(struct buf *b, char c);
void buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *b, const char *format, va_list args) __attribute__((format(printf, 2, 0)));
void buf_reserve(struct buf *b, size_t more); /* room for `more` further bytes without another allocation */
void buf_clear(struct buf *b); /* empties it and keeps the memory */
void buf_free(struct buf *b);
const char *buf_str(const struct buf *b); /* the content as a string, "" when empty; valid until the next append */

/* malloc, calloc, realloc and strdup that end the process with exit code 5 and a message instead of returning NULL. */
void *mem_alloc(size_t size);
void *mem_zero(size_t count, size_t size); /* checks the product for overflow */
void *mem_resize(void *old, size_t count, size_t size);
char *mem_strdup(const char *text);
char *mem_strndup(const char *text, size_t len);

#endif
