/*
 * msg_cursor: reads msgpack from memory, one value at a time. It allocates nothing, believes no count before it was
 * checked against the bytes left, and takes only the shortest form of each value, so that a body has one spelling.
 * Only shared/msg*.c include it. After a failure every further read fails.
 */
#ifndef SHARED_MSG_CURSOR_H
#define SHARED_MSG_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cursor {
	const unsigned char *at;
	const unsigned char *end;
	bool bad;
};

void cursor_init(struct cursor *c, const void *data, size_t len);
bool cursor_int(struct cursor *c, int64_t least, int64_t most, int64_t *value);
bool cursor_bool(struct cursor *c, bool *value);
bool cursor_nil(struct cursor *c); /* true when the next value is nil, which is then consumed; else nothing happens */
/* Valid UTF-8 without NUL, at most `most` bytes; *text points into the data and is not terminated. */
bool cursor_text(struct cursor *c, size_t most, const char **text, size_t *len);
/* The header of an array of at most `most` elements, each of which takes at least `each` bytes. */
bool cursor_array(struct cursor *c, size_t most, size_t each, size_t *count);
bool cursor_end(const struct cursor *c); /* nothing failed and nothing is left over */

/* Length of the valid UTF-8 character at text (1 to 4), 0 when there is none within len bytes or it is a NUL. */
size_t utf8_length(const unsigned char *text, size_t len);

#endif
