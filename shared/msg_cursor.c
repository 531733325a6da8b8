/*
 * msg_cursor: see the header. The format bytes are those of the msgpack specification.
 */
#include "shared/msg_cursor.h"

#include <endian.h>
#include <string.h>

void cursor_init(struct cursor *c, const void *data, size_t len)
{
	c->at = data;
	c->end = c->at + len;
	c->bad = false;
}

static bool fail(struct cursor *c)
{
	c->bad = true;
	return false;
}

/* A number of n bytes (1, 2, 4 or 8), big-endian. */
static inline bool take(struct cursor *c, size_t n, uint64_t *value)
{
	uint64_t v = 0;

	if (c->bad || (size_t)(c->end - c->at) < n)
		return fail(c);
	memcpy(&v, c->at, n);
	c->at += n;
	*value = be64toh(v) >> (64 - 8 * n);
	return true;
}

/* The number after the format byte `first`, which is above 0x7f; false for what is no integer, too long a form, or
 * above INT64_MAX. */
static bool integer(struct cursor *c, unsigned first, int64_t *value)
{
	static const uint64_t above[] = {0x7f, UINT8_MAX, UINT16_MAX, UINT32_MAX};
	static const int64_t below[] = {-32, INT8_MIN, INT16_MIN, INT32_MIN};
	uint64_t raw;

	if (first >= 0xe0) {
		*value = (int64_t)first - 256;
		return true;
	}
	if (first >= 0xcc && first <= 0xcf) {
		if (!take(c, (size_t)1 << (first - 0xcc), &raw) || raw <= above[first - 0xcc] || raw > INT64_MAX)
			return false;
		*value = (int64_t)raw;
		return true;
	}
	if (first >= 0xd0 && first <= 0xd3) {
		unsigned shift = 64 - (8u << (first - 0xd0));

		if (!take(c, (size_t)1 << (first - 0xd0), &raw))
			return false;
		*value = (int64_t)(raw << shift) >> shift;
		return *value < below[first - 0xd0];
	}
	return false;
}

bool cursor_int(struct cursor *c, int64_t least, int64_t most, int64_t *value)
{
	uint64_t wide;
	unsigned first;

	if (c->bad || c->at == c->end)
		return fail(c);
	first = *c->at++;
	/* The two forms that nearly all numbers have, small ones and times, and then the others. */
	if (first <= 0x7f) {
		*value = (int64_t)first;
	} else if (first == 0xcf) {
		if (!take(c, 8, &wide) || wide <= UINT32_MAX || wide > INT64_MAX)
			return fail(c);
		*value = (int64_t)wide;
	} else if (!integer(c, first, value)) {
		return fail(c);
	}
	return (*value >= least && *value <= most) || fail(c);
}

bool cursor_bool(struct cursor *c, bool *value)
{
	uint64_t first;

	if (!take(c, 1, &first) || (first != 0xc2 && first != 0xc3))
		return fail(c);
	*value = first == 0xc3;
	return true;
}

bool cursor_nil(struct cursor *c)
{
	if (c->bad || c->at == c->end || *c->at != 0xc0)
		return false;
	c->at++;
	return true;
}

size_t utf8_length(const unsigned char *text, size_t len)
{
	unsigned first, least = 0x80, most = 0xbf;
	size_t n;

	if (len == 0 || text[0] == 0)
		return 0;
	first = text[0];
	if (first < 0x80)
		return 1;
	if (first >= 0xc2 && first <= 0xdf)
		n = 2;
	else if (first >= 0xe0 && first <= 0xef)
		n = 3;
	else if (first >= 0xf0 && first <= 0xf4)
		n = 4;
	else
		return 0;
	/* Overlong forms, surrogates and what lies above U+10FFFF show in the second byte. */
	if (first == 0xe0)
		least = 0xa0;
	if (first == 0xed)
		most = 0x9f;
	if (first == 0xf0)
		least = 0x90;
	if (first == 0xf4)
		most = 0x8f;
	if (len < n || text[1] < least || text[1] > most)
		return 0;
	for (size_t i = 2; i < n; i++)
		if ((text[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

bool cursor_text(struct cursor *c, size_t most, const char **text, size_t *len)
{
	uint64_t first, n;

	if (!take(c, 1, &first))
		return false;
	if (first >= 0xa0 && first <= 0xbf)
		n = first & 0x1f;
	else if (first == 0xd9 ? !take(c, 1, &n) || n < 32 : first == 0xda ? !take(c, 2, &n) || n < 256 : true)
		return fail(c); /* no text of ours is so long that it needs the 32-bit form */
	if (n > most || n > (size_t)(c->end - c->at))
		return fail(c);
	for (size_t i = 0; i < n;) {
		size_t step = utf8_length(c->at + i, n - i);

		if (step == 0)
			return fail(c);
		i += step;
	}
	*text = (const char *)c->at;
	*len = n;
	c->at += n;
	return true;
}

bool cursor_array(struct cursor *c, size_t most, size_t each, size_t *count)
{
	uint64_t first, n;

	if (!take(c, 1, &first))
		return false;
	if (first >= 0x90 && first <= 0x9f)
		n = first & 0x0f;
	else if (first == 0xdc ? !take(c, 2, &n) || n < 16 : first == 0xdd ? !take(c, 4, &n) || n < 65536 : true)
		return fail(c);
	if (n > most || n > (size_t)(c->end - c->at) / each)
		return fail(c);
	*count = n;
	return true;
}

bool cursor_end(const struct cursor *c)
{
	return !c->bad && c->at == c->end;
}
