/*
 * buf: growing buffers and the allocation functions that cannot fail. The owner of a buf frees it with buf_free.
 */
#include "shared/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared/err.h"

/* write and _exit, not stdio and exit: the heap is full, and in a forked child exit() would flush the parent's output.
 */
static _Noreturn void out_of_memory(void)
{
	static const char text[] =
	        "pgparallel: out of memory; use fewer sessions, or a smaller workload or data file\n";

	if (write(STDERR_FILENO, text, sizeof text - 1) < 0) {
		/* nobody can be told */
	}
	_exit(EXIT_STORE);
}

void *mem_alloc(size_t size)
{
	void *p = malloc(size > 0 ? size : 1);

	if (p == NULL)
		out_of_memory();
	return p;
}

void *mem_zero(size_t count, size_t size)
{
	void *p = calloc(count > 0 ? count : 1, size > 0 ? size : 1);

	if (p == NULL)
		out_of_memory();
	return p;
}

void *mem_resize(void *old, size_t count, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(count, size, &bytes))
		out_of_memory();
	void *p = realloc(old, bytes > 0 ? bytes : 1);

	if (p == NULL)
		out_of_memory();
	return p;
}

char *mem_strndup(const char *text, size_t len)
{
	size_t real = strnlen(text, len);
	char *copy = mem_alloc(real + 1);

	memcpy(copy, text, real);
	copy[real] = '\0';
	return copy;
}

char *mem_strdup(const char *text)
{
	return mem_strndup(text, strlen(text));
}

void buf_reserve(struct buf *b, size_t more)
{
	size_t need;

	/* One byte further for the NUL that every append leaves behind the content. */
	if (__builtin_add_overflow(b->len, more, &need) || __builtin_add_overflow(need, 1, &need))
		out_of_memory();
	if (need <= b->cap)
		return;
	size_t cap = b->cap < 64 ? 64 : b->cap;

	while (cap < need)
		cap = cap > SIZE_MAX / 2 ? need : cap * 2;
	b->data = mem_resize(b->data, cap, 1);
	b->cap = cap;
	b->data[b->len] = '\0';
}

void buf_append(struct buf *b, const void *data, size_t len)
{
	if (len == 0)
		return;
	buf_reserve(b, len);
	memcpy(b->data + b->len, data, len);
	b->len += len;
	b->data[b->len] = '\0';
}

void buf_puts(struct buf *b, const char *text)
{
	buf_append(b, text, strlen(text));
}

void buf_putc(struct buf *b, char c)
{
	buf_append(b, &c, 1);
}

void buf_vprintf(struct buf *b, const char *format, va_list args)
{
	va_list again;

	buf_reserve(b, 64);
	va_copy(again, args);
	size_t room = b->cap - b->len;
	int len = vsnprintf(b->data + b->len, room, format, args);

	if (len >= 0 && (size_t)len >= room) {
		buf_reserve(b, (size_t)len);
		len = vsnprintf(b->data + b->len, (size_t)len + 1, format, again);
	}
	va_end(again);
	if (len > 0)
		b->len += (size_t)len;
	b->data[b->len] = '\0';
}

void buf_printf(struct buf *b, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	buf_vprintf(b, format, args);
	va_end(args);
}

void buf_clear(struct buf *b)
{
	b->len = 0;
	if (b->data != NULL)
		b->data[0] = '\0';
}

void buf_free(struct buf *b)
{
	free(b->data);
	*b = (struct buf){0};
}

const char *buf_str(const struct buf *b)
{
	return b->len > 0 ? b->data : "";
}
