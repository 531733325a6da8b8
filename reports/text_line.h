/*
 * text_line: writes lines that never pass the terminal's width, in its colours and its character set. Only
 * reports/text* call it; the output goes to the caller's buffer. All text is made harmless here, so callers may pass
 * anything.
 */
#ifndef REPORTS_TEXT_LINE_H
#define REPORTS_TEXT_LINE_H

#include "reports/render.h"

enum tint {
	TINT_PLAIN,
	TINT_BOLD,
	TINT_DIM,
	TINT_GOOD,
	TINT_BAD,
	TINT_DOUBT,
	TINT_EXECUTE,
	TINT_CONNECT,
	TINT_BLOCKED
};

struct text_line {
	const struct text_style *style;
	struct buf *out;
	int width; /* of the terminal, at least 20 */
	int column; /* columns written on this line */
	int hang; /* indent of a paragraph's further lines */
	enum tint tint; /* now switched on */
};

void text_line_init(struct text_line *l, const struct text_style *style, struct buf *out);
/* Words that flow: a word that does not fit begins a new line at `hang`. */
void text_words(struct text_line *l, enum tint tint, const char *text);
/* One piece that is cut to `columns`, padded with blanks, right-aligned when columns is negative. */
void text_cell(struct text_line *l, enum tint tint, int columns, const char *text);
/* One glyph of our own, of one column: utf8 or ascii as the terminal wants it. */
void text_glyph(struct text_line *l, enum tint tint, const char *utf8, char ascii);
void text_to(struct text_line *l, int column); /* blanks up to a column */
void text_end(struct text_line *l); /* ends the line and resets hang */

#endif
