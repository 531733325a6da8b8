/*
 * text_scale: the final text of a series of numbers of sessions in a terminal: what to take, one line for each number,
 * what the laws say. Private to reports/text*.c.
 */
#include "reports/text.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "reports/arms.h"
#include "reports/stats.h"
#include "reports/wording.h"

#define BAR_LEAST 8
#define BAR_MOST 40

/* Columns of the table; what does not fit is left out, the bar first. */
struct layout {
	int sessions, figure, ratio, bar, share, ceiling, lanes, p99;
};

static struct layout layout_of(const struct scaling *s, int width)
{
	struct layout l = {.sessions = 9, .figure = s->load ? 12 : 10, .ratio = 8, .share = 8};
	bool ceiling = false;
	int rest;

	for (size_t i = 0; i < s->narms; i++) {
		struct buf words = {0};

		scaling_arm_words(s, i, &words);
		if ((int)words.len + 1 > l.ratio)
			l.ratio = (int)words.len + 1;
		ceiling = ceiling || s->arms[i].ceiling > 0;
		buf_free(&words);
	}
	l.ceiling = ceiling ? 9 : 0;
	l.lanes = 7;
	l.p99 = s->load ? 10 : 0;
	rest = width - l.sessions - l.figure - l.ratio - 2 - l.share - l.ceiling - l.lanes - l.p99 - 2;
	l.bar = rest >= BAR_LEAST ? rest : 0;
	l.bar = l.bar > BAR_MOST ? BAR_MOST : l.bar;
	if (rest < 0)
		l.lanes = l.ceiling = 0;
	return l;
}

static void heads(struct text_line *l, const struct scaling *s, const struct layout *at)
{
	text_cell(l, TINT_DIM, -at->sessions, "sessions");
	text_cell(l, TINT_DIM, -at->figure, s->load ? "tps" : "makespan");
	text_to(l, l->column + 2);
	text_cell(l, TINT_DIM, at->ratio, "speed-up");
	if (at->bar)
		text_to(l, l->column + at->bar + 1);
	text_cell(l, TINT_DIM, -at->share, "of ideal");
	if (at->ceiling)
		text_cell(l, TINT_DIM, -at->ceiling, "ceiling");
	if (at->p99)
		text_cell(l, TINT_DIM, -at->p99, "p99");
	if (at->lanes)
		text_cell(l, TINT_DIM, -at->lanes, s->load ? "active" : "lanes");
	text_end(l);
}

static void bar(struct text_line *l, const struct scaling *s, const struct scaling_arm *arm, int columns)
{
	double most = s->best == SCALING_NONE ? 0 : s->arms[s->best].paired.ratio;
	int full = most > 0 ? (int)lround(columns * arm->paired.ratio / most) : 0;

	for (int i = 0; i < full; i++)
		text_glyph(l, TINT_EXECUTE, "█", '#');
	text_to(l, l->column + columns - full + 1);
}

static void row(struct text_line *l, const struct scaling *s, size_t i, const struct layout *at)
{
	const struct scaling_arm *arm = &s->arms[i];
	enum tint tint = i == s->enough && s->narms > 1 ? TINT_BOLD : TINT_PLAIN;
	struct buf words = {0};
	char text[32];

	text_cell(l, tint, -at->sessions, word_count(arm->sessions, text));
	if (arm->blocks == 0) {
		text_to(l, l->column + 2);
		text_cell(l, TINT_BAD, l->width, arm->run ? "no block complete" : "no complete run");
		text_end(l);
		return;
	}
	text_cell(l, tint, -at->figure, s->load ? word_rate(arm->middle, text) : stats_duration(arm->middle, text));
	text_to(l, l->column + 2);
	scaling_arm_words(s, i, &words);
	text_cell(l, tint, at->ratio, buf_str(&words));
	if (at->bar)
		bar(l, s, arm, at->bar);
	snprintf(text, sizeof text, "%.0f %%", arm->efficiency);
	text_cell(l, tint, -at->share, text);
	if (at->ceiling)
		text_cell(l, tint, -at->ceiling, arm->ceiling > 0 ? word_ratio(arm->ceiling, text) : "");
	if (at->p99)
		text_cell(l, tint, -at->p99, arm->p99_us > 0 ? stats_duration(arm->p99_us, text) : "");
	if (at->lanes)
		text_cell(l, tint, -at->lanes, arm->lanes > 0 ? word_number(arm->lanes, text) : "");
	text_end(l);
	buf_free(&words);
}

static void paragraph(struct text_line *l, int indent, enum tint tint, const char *text)
{
	if (text[0] == '\0')
		return;
	text_to(l, indent);
	l->hang = indent;
	text_words(l, tint, text);
	text_end(l);
}

void text_scale(struct text_line *l, const struct scaling *s)
{
	struct layout at = layout_of(s, l->width);
	struct buf b = {0};

	scaling_verdict(s, &b);
	buf_putc(&b, ':');
	l->hang = 10;
	text_words(l, scaling_good(s) ? TINT_GOOD : TINT_DOUBT, buf_str(&b));
	buf_clear(&b);
	buf_putc(&b, ' ');
	scaling_summary(s, &b);
	text_words(l, TINT_BOLD, buf_str(&b));
	text_end(l);
	buf_clear(&b);
	scaling_advice(s, &b);
	paragraph(l, 10, TINT_PLAIN, buf_str(&b));
	text_end(l);
	heads(l, s, &at);
	for (size_t i = 0; i < s->narms; i++)
		row(l, s, i, &at);
	text_end(l);
	buf_clear(&b);
	scaling_knee_words(s, &b);
	paragraph(l, 1, TINT_PLAIN, buf_str(&b));
	buf_clear(&b);
	scaling_law_words(s, &s->amdahl, &b);
	paragraph(l, 1, TINT_PLAIN, buf_str(&b));
	buf_clear(&b);
	scaling_law_words(s, &s->usl, &b);
	paragraph(l, 1, TINT_PLAIN, buf_str(&b));
	buf_clear(&b);
	scaling_method_words(s, &b);
	paragraph(l, 1, TINT_DIM, buf_str(&b));
	buf_free(&b);
}

void text_scale_render(
        const struct arms_page *p, const struct scaling *s, const struct text_style *style, struct buf *out)
{
	struct text_line l;

	text_line_init(&l, style, out);
	text_scale(&l, s);
	paragraph(&l, 1, TINT_BAD, p->trouble);
	paragraph(&l, 1, TINT_DOUBT, p->doubts);
}
