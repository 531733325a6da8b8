/*
 * text_compare: the final text of a comparison in a terminal: the verdict, a line for each arm, what each costs, how it
 * was measured. The output goes to the caller's buffer.
 */
#include "reports/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "reports/compare.h"
#include "reports/stats.h"
#include "reports/wording.h"

#define LABEL_LEAST 7
#define LABEL_MOST 40

static void verdict_words(const struct experiment_view *v, const struct comparison *c, struct buf *out)
{
	uint32_t faster = 0, slower = 0, best = v->reference;
	for (uint32_t a = 0; a < v->narms; a++) {
		const struct paired *p = &c->arms[a].pair;
		if (a == v->reference || c->arms[a].n == 0)
			continue;
		faster += p->verdict == PAIRED_FASTER;
		slower += p->verdict == PAIRED_SLOWER;
		if (p->verdict == PAIRED_FASTER && (best == v->reference || p->ratio > c->arms[best].pair.ratio))
			best = a;
	}
	if (c->arms[v->reference].n == 0)
		buf_puts(out, "NOTHING TO COMPARE");
	else if (!v->blocks)
		buf_puts(out, "NO CLAIM: RUNS OF NO BLOCKS");
	else if (c->complete < PAIRED_LEAST_BLOCKS)
		buf_puts(out, "NO CLAIM: TOO FEW BLOCKS");
	else if (faster > 0)
		buf_printf(out, "FASTER: %s", v->arms[best].label);
	else if (slower > 0)
		buf_printf(out, "FASTEST: %s", v->arms[v->reference].label);
	else
		buf_puts(out, "NO DIFFERENCE SHOWN");
}

/* Shorter than comparison_words: the row says which arm it is about. */
static void row_words(const struct experiment_view *v, const struct comparison *c, uint32_t arm, struct buf *out)
{
	const struct arm_figure *f = &c->arms[arm];
	const struct paired *p = &f->pair;
	char ratio[32], low[32], high[32];
	if (f->n == 0) {
		buf_puts(out, v->blocks ? "no block is complete" : "no run is complete");
		return;
	}
	if (arm == v->reference) {
		buf_puts(out, "what the others are measured against");
		return;
	}
	switch (p->verdict) {
	case PAIRED_FASTER:
		buf_printf(out, "faster by %s [%s, %s]", word_ratio(p->ratio, ratio), word_ratio(p->low, low),
		        word_ratio(p->high, high));
		break;
	case PAIRED_SLOWER: /* the other way round, as people say it */
		buf_printf(out, "slower by %s [%s, %s]", word_ratio(1 / p->ratio, ratio), word_ratio(1 / p->high, low),
		        word_ratio(1 / p->low, high));
		break;
	case PAIRED_NO_DIFFERENCE:
		buf_printf(out, "no difference shown: %s [%s, %s]", word_ratio(p->ratio, ratio),
		        word_ratio(p->low, low), word_ratio(p->high, high));
		break;
	case PAIRED_TOO_FEW:
		buf_printf(out, "%s", word_ratio(p->ratio, ratio));
		if (p->blocks > 1)
			buf_printf(out, " (%s to %s)", word_ratio(p->least, low), word_ratio(p->most, high));
		break;
	}
}

static int label_columns(const struct experiment_view *v, int width)
{
	int most = LABEL_LEAST, room = width - 40;
	for (uint32_t a = 0; a < v->narms; a++) {
		int len = (int)strlen(v->arms[a].label);
		most = len > most ? len : most;
	}
	most = most > LABEL_MOST ? LABEL_MOST : most;
	return room < LABEL_LEAST ? LABEL_LEAST : most > room ? room : most;
}

static const char *figure_text(const struct experiment_view *v, double figure, char out[32])
{
	return v->load ? word_rate(figure, out) : stats_duration(figure, out);
}

/* "3.02 s [3.01 s, 3.03 s]", a range with "to". */
static void spread(const struct experiment_view *v, const struct arm_figure *f, struct buf *out)
{
	char a[32], b[32], c[32];
	if (f->n == 0)
		return;
	buf_puts(out, figure_text(v, f->middle, a));
	if (f->n > 1)
		buf_printf(out, f->interval ? " [%s, %s]" : " (%s to %s)", figure_text(v, f->low, b),
		        figure_text(v, f->high, c));
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

static enum tint tint_of(const struct paired *p)
{
	return p->verdict == PAIRED_FASTER ? TINT_GOOD : p->verdict == PAIRED_SLOWER ? TINT_BAD : TINT_PLAIN;
}

static void row(struct text_line *l, const struct experiment_view *v, const struct comparison *c, uint32_t a, int label,
        int figure)
{
	struct buf text = {0};
	text_to(l, 1);
	text_cell(l, a == v->reference ? TINT_BOLD : TINT_PLAIN, label, v->arms[a].label);
	text_to(l, label + 2);
	spread(v, &c->arms[a], &text);
	text_cell(l, TINT_PLAIN, figure, buf_str(&text));
	buf_clear(&text);
	row_words(v, c, a, &text);
	if (l->column + 24 > l->width) { /* a narrow terminal: below it */
		text_end(l);
		paragraph(l, 5, tint_of(&c->arms[a].pair), buf_str(&text));
	} else {
		l->hang = l->column + 1;
		text_to(l, l->column + 1);
		text_words(l, tint_of(&c->arms[a].pair), buf_str(&text));
		text_end(l);
	}
	buf_free(&text);
}

static void table(struct text_line *l, const struct experiment_view *v, const struct comparison *c)
{
	int label = label_columns(v, l->width), figure = v->load ? 14 : 8;
	for (uint32_t a = 0; a < v->narms; a++) {
		struct buf text = {0};
		spread(v, &c->arms[a], &text);
		figure = (int)text.len > figure ? (int)text.len : figure;
		buf_free(&text);
	}
	figure = figure > l->width - label - 3 ? l->width - label - 3 : figure;
	text_to(l, 1);
	text_cell(l, TINT_DIM, label, "");
	text_to(l, label + 2);
	text_cell(l, TINT_DIM, figure, v->load ? "transactions/s" : "makespan");
	if (l->column + 24 <= l->width) {
		text_to(l, l->column + 1);
		text_cell(l, TINT_DIM, 24, "against");
		text_to(l, l->column);
	}
	text_end(l);
	for (uint32_t a = 0; a < v->narms; a++)
		row(l, v, c, a, label, figure);
}

static void cost_time(struct text_line *l, double us)
{
	char text[32];
	text_cell(l, TINT_PLAIN, -10, isnan(us) ? "-" : stats_duration(us, text));
}

static void cost_number(struct text_line *l, double value, const char *unit)
{
	char text[48];
	snprintf(text, sizeof text, "%.0f%s", value, unit);
	text_cell(l, TINT_PLAIN, -10, isnan(value) ? "-" : text);
}

static void costs(struct text_line *l, const struct experiment_view *v, const struct comparison *c)
{
	int label = label_columns(v, l->width);
	if (l->width < label + 2 + 50)
		return;
	text_to(l, 1);
	text_cell(l, TINT_DIM, label, "cost");
	text_cell(l, TINT_DIM, -10, "user CPU");
	text_cell(l, TINT_DIM, -10, "system");
	text_cell(l, TINT_DIM, -10, "switches");
	text_cell(l, TINT_DIM, -10, "private");
	text_cell(l, TINT_DIM, -10, "ready in");
	text_end(l);
	for (uint32_t a = 0; a < v->narms; a++) {
		const struct arm_figure *f = &c->arms[a];
		text_to(l, 1);
		text_cell(l, TINT_PLAIN, label, v->arms[a].label);
		cost_time(l, f->user_cpu_us);
		cost_time(l, f->system_cpu_us);
		cost_number(l, f->voluntary + f->involuntary, "");
		cost_number(l, f->private_kb, " kB");
		cost_time(l, f->ready_us);
		text_end(l);
	}
}

void text_compare(
        const struct experiment_view *v, const struct comparison *c, const struct text_style *style, struct buf *out)
{
	struct text_line l;
	struct buf words = {0};
	text_line_init(&l, style, out);
	verdict_words(v, c, &words);
	text_words(&l, TINT_BOLD, buf_str(&words));
	text_end(&l);
	text_end(&l);
	table(&l, v, c);
	text_end(&l);
	costs(&l, v, c);
	text_end(&l);
	buf_clear(&words);
	comparison_trouble(v, &words);
	paragraph(&l, 1, TINT_DOUBT, buf_str(&words));
	buf_clear(&words);
	comparison_doubts(v, &words);
	paragraph(&l, 1, TINT_DOUBT, buf_str(&words));
	buf_clear(&words);
	comparison_method(v, c, &words);
	paragraph(&l, 1, TINT_DIM, buf_str(&words));
	buf_free(&words);
}
