/*
 * workload_words: the words of refusals: file and line before them, and the nearest right word. Only workload_*.c
 * call it.
 */
#include "orchestrator/workload_parts.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool workload_refuse(struct err *err, const char *path, int line, const char *format, ...)
{
	char text[sizeof err->text];
	va_list args;

	va_start(args, format);
	if (vsnprintf(text, sizeof text, format, args) < 0)
		text[0] = '\0';
	va_end(args);
	return err_set(err, EXIT_USAGE, "%s:%d: %s", path, line, text);
}

const char *workload_path_name(const char *path)
{
	return strcmp(path, "-") == 0 ? "standard input" : path;
}

#define WORD_MOST 40

static unsigned least_of(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Edits (insert, delete, replace, swap neighbours) from one word to the other. */
static unsigned distance(const char *a, size_t n, const char *b, size_t m)
{
	unsigned d[WORD_MOST + 1][WORD_MOST + 1];

	for (size_t i = 0; i <= n; i++)
		d[i][0] = (unsigned)i;
	for (size_t j = 0; j <= m; j++)
		d[0][j] = (unsigned)j;
	for (size_t i = 1; i <= n; i++) {
		for (size_t j = 1; j <= m; j++) {
			unsigned change = a[i - 1] == b[j - 1] || (a[i - 1] | 32) == (b[j - 1] | 32) ? 0 : 1;

			d[i][j] = least_of(least_of(d[i - 1][j], d[i][j - 1]) + 1, d[i - 1][j - 1] + change);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				d[i][j] = least_of(d[i][j], d[i - 2][j - 2] + 1);
		}
	}
	return d[n][m];
}

const char *workload_nearest(const char *word, size_t len, const char *const *words, size_t count)
{
	const char *best = NULL;
	unsigned least = 3; /* more than two edits is another word */

	if (len > WORD_MOST)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		size_t other = strlen(words[i]);

		if (other > WORD_MOST)
			continue;
		unsigned edits = distance(word, len, words[i], other);

		/* Most of a short word must be right. */
		if (edits < least && edits * 2 < (other > len ? other : len)) {
			least = edits;
			best = words[i];
		}
	}
	return best;
}
