/*
 * text_line: see text_line.h.
 */
#include "reports/text_line.h"

#include <stdlib.h>
#include <string.h>

#include "reports/escape.h"

void text_line_init(struct text_line *l, const struct text_style *style, struct buf *out)
{
	*l = (struct text_line){.style = style, .out = out, .width = style->width < 20 ? 20 : style->width};
}

static void set_tint(struct text_line *l, enum tint tint)
{
	static const char *const codes[] = {"\033[0m", "\033[1m", "\033[2m", "\033[1;32m", "\033[1;31m", "\033[1;33m",
	        "\033[34m", "\033[2;33m", "\033[35m"};

	if (!l->style->color || tint == l->tint)
		return;
	if (l->tint != TINT_PLAIN)
		buf_puts(l->out, codes[TINT_PLAIN]);
	if (tint != TINT_PLAIN)
		buf_puts(l->out, codes[tint]);
	l->tint = tint;
}

void text_to(struct text_line *l, int column)
{
	if (column > l->width)
		column = l->width;
	if (l->column < column)
		set_tint(l, TINT_PLAIN);
	for (; l->column < column; l->column++)
		buf_putc(l->out, ' ');
}

static void trim(struct text_line *l)
{
	while (l->out->len > 0 && l->out->data[l->out->len - 1] == ' ')
		l->out->data[--l->out->len] = '\0';
}

void text_end(struct text_line *l)
{
	set_tint(l, TINT_PLAIN);
	trim(l);
	buf_putc(l->out, '\n');
	l->column = 0;
	l->hang = 0;
}

static void next_line(struct text_line *l)
{
	int hang = l->hang < l->width / 2 ? l->hang : l->width / 4;

	set_tint(l, TINT_PLAIN);
	trim(l);
	buf_putc(l->out, '\n');
	l->column = 0;
	text_to(l, hang);
}

/* One word of `len` bytes and `columns` columns; longer than a line, it is broken where the line ends. */
static void put_word(struct text_line *l, enum tint tint, const char *word, size_t len, int columns)
{
	int start = l->hang < l->width / 2 ? l->hang : l->width / 4;
	uint32_t c;

	if (l->column + columns > l->width && l->column > start)
		next_line(l);
	for (const char *end = word + len; word < end;) {
		size_t n = escape_next(word, &c);
		int w = escape_columns(c);

		if (l->column + w > l->width)
			next_line(l);
		set_tint(l, tint);
		buf_append(l->out, word, n);
		l->column += w;
		word += n;
	}
}

void text_words(struct text_line *l, enum tint tint, const char *text)
{
	struct buf clean = {0};
	const char *s;
	bool space = text[0] == ' ';

	escape_line(text, !l->style->utf8, 0, &clean);
	for (s = buf_str(&clean); *s;) {
		size_t len = strcspn(s, " ");
		char *word = mem_strndup(s, len);
		int columns = escape_width(word);

		if (space && l->column + 1 + columns <= l->width && l->column > 0) {
			set_tint(l, tint);
			buf_putc(l->out, ' ');
			l->column++;
		} else if (space && l->column > 0) {
			next_line(l);
		}
		put_word(l, tint, word, len, columns);
		free(word);
		s += len;
		space = *s == ' ';
		s += space;
	}
	buf_free(&clean);
}

void text_cell(struct text_line *l, enum tint tint, int columns, const char *text)
{
	struct buf clean = {0};
	bool right = columns < 0;
	int want = right ? -columns : columns, room = l->width - l->column, width;

	want = want > room ? room : want;
	if (want <= 0)
		return;
	escape_line(text, !l->style->utf8, want, &clean);
	width = escape_width(buf_str(&clean));
	if (right)
		text_to(l, l->column + want - width);
	if (width > 0)
		set_tint(l, tint);
	buf_puts(l->out, buf_str(&clean));
	l->column += width;
	if (!right)
		text_to(l, l->column + want - width);
	buf_free(&clean);
}

void text_glyph(struct text_line *l, enum tint tint, const char *utf8, char ascii)
{
	if (l->column >= l->width)
		return;
	set_tint(l, tint);
	if (l->style->utf8)
		buf_puts(l->out, utf8);
	else
		buf_putc(l->out, ascii);
	l->column++;
}
