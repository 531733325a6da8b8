/*
 * escape: see escape.h. Nothing here owns anything: all output goes to the caller's buffer.
 */
#include "reports/escape.h"

#include <string.h>
#include <strings.h>

#define REPLACEMENT 0xFFFDu

static size_t sequence_length(unsigned char c)
{
	if (c < 0x80)
		return 1;
	if (c >= 0xC2 && c <= 0xDF)
		return 2;
	if (c >= 0xE0 && c <= 0xEF)
		return 3;
	if (c >= 0xF0 && c <= 0xF4)
		return 4;
	return 0;
}

size_t escape_next(const char *text, uint32_t *code)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t len = sequence_length(s[0]);
	uint32_t value;

	*code = s[0];
	if (s[0] == 0)
		return 0;
	if (len == 1)
		return 1;
	*code = REPLACEMENT;
	if (len == 0)
		return 1;
	value = s[0] & (0xFFu >> (len + 1));
	for (size_t i = 1; i < len; i++) {
		if ((s[i] & 0xC0) != 0x80)
			return 1;
		value = value << 6 | (s[i] & 0x3F);
	}
	if ((len == 3 && value < 0x800) || (len == 4 && value < 0x10000) || value > 0x10FFFF)
		return 1;
	if (value >= 0xD800 && value <= 0xDFFF)
		return 1;
	*code = value;
	return len;
}

/* Characters that can hide or reorder what stands beside them, or that no terminal and no XML takes. */
static bool harmful(uint32_t c)
{
	return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x200E || c == 0x200F || (c >= 0x2028 && c <= 0x202E) ||
	       (c >= 0x2066 && c <= 0x2069) || c == 0xFEFF || (c & 0xFFFE) == 0xFFFE || (c >= 0xFDD0 && c <= 0xFDEF) ||
	       (c >= 0xE0000 && c <= 0xE007F);
}

struct range {
	uint32_t first, last;
};

static bool within(const struct range *ranges, size_t count, uint32_t c)
{
	for (size_t i = 0; i < count && ranges[i].first <= c; i++)
		if (c <= ranges[i].last)
			return true;
	return false;
}

int escape_columns(uint32_t c)
{
	static const struct range none[] = {{0x300, 0x36F}, {0x483, 0x489}, {0x591, 0x5BD}, {0x610, 0x61A},
	        {0x64B, 0x65F}, {0x200B, 0x200D}, {0x20D0, 0x20FF}, {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F},
	        {0x1F3FB, 0x1F3FF}, {0xE0100, 0xE01EF}};
	static const struct range wide[] = {{0x1100, 0x115F}, {0x231A, 0x231B}, {0x23E9, 0x23EC}, {0x2614, 0x2615},
	        {0x26A1, 0x26A1}, {0x2705, 0x2705}, {0x274C, 0x274C}, {0x2E80, 0x303E}, {0x3041, 0xA4CF},
	        {0xA960, 0xA97F}, {0xAC00, 0xD7A3}, {0xF900, 0xFAFF}, {0xFE30, 0xFE6F}, {0xFF00, 0xFF60},
	        {0xFFE0, 0xFFE6}, {0x16FE0, 0x18AFF}, {0x1B000, 0x1B2FF}, {0x1F000, 0x1F9FF}, {0x1FA70, 0x1FAFF},
	        {0x20000, 0x3FFFD}};

	if (c < 0x300)
		return 1;
	if (within(none, sizeof none / sizeof none[0], c))
		return 0;
	return within(wide, sizeof wide / sizeof wide[0], c) ? 2 : 1;
}

int escape_width(const char *text)
{
	int width = 0;
	uint32_t c;

	for (size_t n; (n = escape_next(text, &c)) > 0; text += n)
		width += escape_columns(c);
	return width;
}

static void put_replacement(struct buf *out)
{
	buf_append(out, "\xEF\xBF\xBD", 3);
}

void escape_line(const char *text, bool ascii, int most, struct buf *out)
{
	size_t fits = out->len; /* length of the output up to which "..." still fits behind it */
	int width = 0;
	bool blank = false, any = false;
	uint32_t c;

	for (size_t n; (n = escape_next(text, &c)) > 0; text += n) {
		bool space = c == ' ' || c == '\n' || c == '\t' || c == '\r';
		bool bad = !space && (harmful(c) || c == REPLACEMENT);
		int columns = space || bad || ascii ? 1 : escape_columns(c);

		if (space) {
			blank = any;
			continue;
		}
		if (most > 0 && width + blank + columns > most) {
			out->len = fits;
			buf_append(out, "...", most < 3 ? (size_t)most : 3);
			return;
		}
		if (blank)
			buf_putc(out, ' ');
		width += blank + columns;
		blank = false;
		any = true;
		if (ascii && (bad || c > 0x7E))
			buf_putc(out, '?');
		else if (bad)
			put_replacement(out);
		else
			buf_append(out, text, n);
		if (width + 3 <= most)
			fits = out->len;
	}
	if (out->data)
		out->data[out->len] = '\0';
}

void escape_html(const char *text, struct buf *out)
{
	uint32_t c;

	for (size_t n; (n = escape_next(text, &c)) > 0; text += n) {
		if (c == '&')
			buf_puts(out, "&amp;");
		else if (c == '<')
			buf_puts(out, "&lt;");
		else if (c == '>')
			buf_puts(out, "&gt;");
		else if (c == '"')
			buf_puts(out, "&quot;");
		else if (c == '\'')
			buf_puts(out, "&#39;");
		else if (c == '\n' || c == '\t')
			buf_putc(out, (char)c);
		else if (c == '\r')
			continue;
		else if (c == REPLACEMENT || harmful(c))
			put_replacement(out);
		else
			buf_append(out, text, n);
	}
}

void escape_csv(const char *text, bool raw, struct buf *out)
{
	bool quote = text[strcspn(text, "\",\r\n")] != '\0' || text[0] == ' ';
	uint32_t c;

	if (text[0] == '\0')
		quote = true; /* an empty text is not NULL */
	if (quote)
		buf_putc(out, '"');
	if (!raw && text[0] != '\0' && strchr("=+-@\t\r", text[0]))
		buf_putc(out, '\'');
	for (size_t n; (n = escape_next(text, &c)) > 0; text += n) {
		if (c == '"')
			buf_puts(out, "\"\"");
		else if (c == REPLACEMENT || (!raw && harmful(c) && c != '\n' && c != '\t' && c != '\r'))
			put_replacement(out);
		else
			buf_append(out, text, n);
	}
	if (quote)
		buf_putc(out, '"');
}

void escape_markdown(const char *text, int most, struct buf *out)
{
	struct buf line = {0};
	const char *s;
	size_t longest = 0, here = 0;

	escape_line(text, false, most, &line);
	s = buf_str(&line);
	if (s[0] == '\0')
		return buf_free(&line);
	for (const char *p = s; *p; p++) {
		here = *p == '`' ? here + 1 : 0;
		longest = here > longest ? here : longest;
	}
	for (size_t i = 0; i <= longest; i++)
		buf_putc(out, '`');
	if (longest > 0)
		buf_putc(out, ' ');
	for (; *s; s++) {
		if (*s == '|')
			buf_putc(out, '\\');
		buf_putc(out, *s);
	}
	if (longest > 0)
		buf_putc(out, ' ');
	for (size_t i = 0; i <= longest; i++)
		buf_putc(out, '`');
	buf_free(&line);
}

void escape_markdown_text(const char *text, struct buf *out)
{
	struct buf line = {0};
	const char *s;

	escape_line(text, false, 0, &line);
	s = buf_str(&line);
	for (size_t i = 0; s[i]; i++) {
		bool link = (s[i] == ':' && s[i + 1] == '/') ||
		            (s[i] == '.' && i >= 3 && strncasecmp(s + i - 3, "www", 3) == 0);

		if (link || strchr("\\`*_{}[]<>#|~!&$", s[i]))
			buf_putc(out, '\\');
		buf_putc(out, s[i]);
		if (s[i] == '@')
			buf_puts(out, "\xE2\x80\x8B"); /* a blank of no width: nobody is mentioned */
	}
	buf_free(&line);
}

void escape_utf8(const char *text, struct buf *out)
{
	uint32_t c;

	for (size_t n; (n = escape_next(text, &c)) > 0; text += n) {
		if (c == REPLACEMENT || (harmful(c) && c != '\n' && c != '\t' && c != '\r'))
			put_replacement(out);
		else
			buf_append(out, text, n);
	}
}

void escape_base64(const void *data, size_t len, struct buf *out)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *s = data;

	buf_reserve(out, len / 3 * 4 + 8);
	for (size_t i = 0; i < len; i += 3) {
		uint32_t v = (uint32_t)s[i] << 16 | (i + 1 < len ? (uint32_t)s[i + 1] << 8 : 0) |
		             (i + 2 < len ? s[i + 2] : 0);
		char quad[4] = {digits[v >> 18], digits[v >> 12 & 63], i + 1 < len ? digits[v >> 6 & 63] : '=',
		        i + 2 < len ? digits[v & 63] : '='};

		buf_append(out, quad, sizeof quad);
	}
}
