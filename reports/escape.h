/*
 * escape: text from outside (SQL, names, server messages) made harmless for the place it goes to. Pure functions; every
 * one accepts any bytes and gives valid UTF-8 without control characters or direction overrides. Renderers call them.
 */
#ifndef REPORTS_ESCAPE_H
#define REPORTS_ESCAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/buf.h"

/* The next character of a NUL-terminated text: its code point and its length in bytes. Invalid bytes give U+FFFD and
 * length 1; the end gives 0 and length 0. */
size_t escape_next(const char *text, uint32_t *code);

/* Columns a character takes in a terminal: 0, 1 or 2. */
int escape_columns(uint32_t code);
/* Columns of a whole (already harmless) text. */
int escape_width(const char *text);

/* One line for a terminal or a log: line breaks and tabs become a space, runs of blanks one; with `ascii` everything
 * beyond ASCII becomes '?'. At most `most` columns (0 = no limit); a longer text ends in "..." . */
void escape_line(const char *text, bool ascii, int most, struct buf *out);

/* HTML text and attribute values: & < > " ' escaped, line breaks and tabs kept. */
void escape_html(const char *text, struct buf *out);

/* A CSV text cell (RFC 4180). Unless raw, a cell that a spreadsheet would run (= + - @ TAB CR first) gets a leading '
 * and control characters are replaced. */
void escape_csv(const char *text, bool raw, struct buf *out);

/* A Markdown code span in one line, safe inside a table cell and with any number of backquotes in it. */
void escape_markdown(const char *text, int most, struct buf *out);

/* Running Markdown text in one line: nothing in it formats, links or notifies. */
void escape_markdown_text(const char *text, struct buf *out);

/* Valid UTF-8, line breaks and tabs kept, other control characters replaced: for JSON and preformatted text. */
void escape_utf8(const char *text, struct buf *out);

/* Bytes as base64 with padding. */
void escape_base64(const void *data, size_t len, struct buf *out);

#endif
