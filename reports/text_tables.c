/*
 * text_tables: what stands below the lanes in a terminal: errors, stretches, where the time went, events, doubts.
 * Private to reports/text*.c.
 */
#include "reports/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/chaos.h"
#include "reports/cost.h"
#include "reports/load_numbers.h"
#include "reports/sqlstate.h"
#include "reports/stats.h"
#include "reports/verify.h"
#include "reports/wording.h"

#define ERRORS_MOST 8
#define EVENTS_MOST 6
#define STRETCHES_MOST 4

static void error_words(const struct error_view *e, struct buf *b)
{
	char n[32];
	const char *comma = "; ";

	buf_printf(b, ": %s", word_count(e->count, n));
	if (e->task && e->task[0])
		buf_printf(b, " in %s", e->task);
	if (e->phase && e->phase[0])
		buf_printf(b, " (%s)", e->phase);
	if (e->retried_done) {
		buf_printf(b, "%s%s done on a later try", comma, word_count(e->retried_done, n));
		comma = ", ";
	}
	if (e->failed) {
		buf_printf(b, "%s%s failed", comma, word_count(e->failed, n));
		comma = ", ";
	}
	if (e->unknown)
		buf_printf(b, "%s%s unknown", comma, word_count(e->unknown, n));
}

static void one_error(
        struct text_line *l, const char *sqlstate, const char *meaning, const struct buf *words, const char *message)
{
	char text[96];

	text_to(l, 1);
	l->hang = 7;
	text_words(l, TINT_BAD, sqlstate[0] ? sqlstate : "-----");
	snprintf(text, sizeof text, " %s", meaning);
	text_words(l, TINT_BOLD, text);
	text_words(l, TINT_PLAIN, buf_str(words));
	text_end(l);
	if (message && message[0]) {
		text_to(l, 7);
		text_cell(l, TINT_DIM, l->width - 7, message);
		text_end(l);
	}
}

static void further_errors(struct text_line *l, size_t count)
{
	char text[64];

	if (count > ERRORS_MOST) {
		snprintf(text, sizeof text, "and %zu further kinds of error", count - ERRORS_MOST);
		text_to(l, 7);
		text_words(l, TINT_DIM, text);
		text_end(l);
	}
	if (count > 0)
		text_end(l);
}

static void load_errors(struct text_line *l, const struct load_view *v)
{
	struct buf b = {0};

	for (size_t i = 0; i < v->nerrors && i < ERRORS_MOST; i++) {
		const struct load_error_view *e = &v->errors[i];

		buf_clear(&b);
		buf_puts(&b, ": ");
		word_load_error(e, &b);
		if (v->nscripts > 1 && e->script < v->nscripts)
			buf_printf(&b, " in %s", load_script_name(&v->scripts[e->script]));
		one_error(l, e->sqlstate, load_error_meaning(e), &b, e->text);
	}
	further_errors(l, v->nerrors);
	buf_free(&b);
}

void text_errors(struct text_line *l, const struct rendering *r)
{
	struct buf b = {0};

	if (r->run->load) {
		load_errors(l, r->run->load);
		return;
	}
	for (size_t i = 0; i < r->run->nerrors && i < ERRORS_MOST; i++) {
		const struct error_view *e = &r->run->errors[i];

		buf_clear(&b);
		error_words(e, &b);
		one_error(l, e->sqlstate, sqlstate_meaning(e->sqlstate), &b, e->message);
	}
	further_errors(l, r->run->nerrors);
	buf_free(&b);
}

static int compare_stretch(const void *a, const void *b)
{
	const struct stretch *x = a, *y = b;

	return (x->factor < y->factor) - (x->factor > y->factor);
}

/* Only what was slowed by at least a fifth: anything less is noise to a reader. */
void text_stretches(struct text_line *l, const struct rendering *r)
{
	const struct proof *p = r->proof;
	struct stretch *sorted;
	struct buf b = {0};
	char factor[32], alone[32], together[32];
	size_t shown = 0;

	if (p->nstretches == 0)
		return;
	sorted = mem_zero(p->nstretches, sizeof *sorted);
	memcpy(sorted, p->stretches, p->nstretches * sizeof *sorted);
	qsort(sorted, p->nstretches, sizeof *sorted, compare_stretch);
	for (size_t i = 0; i < p->nstretches && shown < STRETCHES_MOST && sorted[i].factor >= 1.2; i++) {
		if (sorted[i].task >= r->run->ntasks)
			continue;
		buf_printf(&b, "%s%s %s (%s alone, %s together%s%s)", shown ? "   " : "stretched    ",
		        r->run->tasks[sorted[i].task].name, word_ratio(sorted[i].factor, factor),
		        stats_duration(sorted[i].alone_us, alone), stats_duration(sorted[i].together_us, together),
		        sorted[i].says[0] ? "; " : "", sorted[i].says);
		shown++;
	}
	free(sorted);
	if (shown) {
		text_to(l, 1);
		l->hang = 4;
		text_words(l, TINT_PLAIN, buf_str(&b));
		text_end(l);
	}
	buf_free(&b);
}

/* "name value" pairs that are never torn apart at the line's end. */
static void put_lines(struct text_line *l, const char *title, const struct budget_line *lines, size_t n, bool rest,
        const struct budget *budget)
{
	char time[32], pair[128];
	int begin = l->width >= 60 ? 26 : 4;

	text_to(l, 1);
	l->hang = begin;
	text_cell(l, TINT_DIM, begin - 1 < 20 && l->width < 60 ? l->width - 1 : begin - 1, title);
	if (l->width < 60) {
		text_end(l);
		text_to(l, begin);
		l->hang = begin;
	}
	for (size_t i = 0; i < n + rest; i++) {
		bool last = i == n, over = last && llabs(budget->unexplained_us) > budget->allowed_us;
		const char *name = last ? "unexplained" : lines[i].name;
		int64_t us = last ? budget->unexplained_us : lines[i].us;

		snprintf(pair, sizeof pair, "%s %s", name, word_exact((double)us, time));
		if (l->column > begin && l->column + 3 + (int)strlen(pair) > l->width) {
			int hang = l->hang;

			text_end(l);
			l->hang = hang;
			text_to(l, begin);
		} else if (l->column > begin) {
			text_to(l, l->column + 3);
		}
		text_words(l, over ? TINT_BAD : TINT_PLAIN, pair);
	}
	text_end(l);
}

void text_budget(struct text_line *l, const struct rendering *r)
{
	const struct budget *b = r->budget;
	struct buf witness = {0};

	if (b->nlines > 0)
		put_lines(l, "where the time went", b->lines, b->nlines, true, b);
	if (b->nbefore > 0)
		put_lines(l, "before the wall", b->before, b->nbefore, false, b);
	if (b->nafter > 0)
		put_lines(l, "after the wall", b->after, b->nafter, false, b);
	word_witness(r, &witness);
	if (witness.len > 0) {
		text_to(l, 1);
		l->hang = l->width >= 60 ? 26 : 4;
		text_cell(l, TINT_DIM, l->width >= 60 ? 25 : 8, "witness");
		text_words(l, TINT_PLAIN, buf_str(&witness));
		text_end(l);
	}
	buf_free(&witness);
}

/* --verify-results */
void text_results(struct text_line *l, const struct rendering *r)
{
	struct buf b = {0};

	verify_sentence(r->run, r->baseline, &b);
	if (b.len > 0) {
		text_to(l, 1);
		l->hang = l->width >= 60 ? 26 : 4;
		text_cell(l, TINT_DIM, l->width >= 60 ? 25 : 8, "results");
		text_words(l, TINT_PLAIN, buf_str(&b));
		text_end(l);
	}
	buf_free(&b);
}

/* "name value" pairs, three blanks between them, that are never torn apart at the line's end. */
void text_cost(struct text_line *l, const struct rendering *r)
{
	int begin = l->width >= 60 ? 26 : 4;
	struct buf b = {0};

	cost_line(r->run, &b);
	if (b.len > 0) {
		text_to(l, 1);
		l->hang = begin;
		text_cell(l, TINT_DIM, l->width >= 60 ? begin - 1 : 8, l->width >= 60 ? "what it cost" : "cost");
		text_to(l, begin);
	}
	for (char *pair = (char *)b.data, *end; b.len > 0 && pair != NULL; pair = end ? end + 3 : NULL) {
		end = strstr(pair, "   ");
		if (end)
			*end = '\0';
		if (l->column > begin && l->column + 3 + (int)strlen(pair) > l->width) {
			text_end(l);
			l->hang = begin;
			text_to(l, begin);
		} else if (l->column > begin) {
			text_to(l, l->column + 3);
		}
		text_words(l, TINT_PLAIN, pair);
	}
	if (b.len > 0)
		text_end(l);
	buf_free(&b);
}

void text_chaos(struct text_line *l, const struct rendering *r)
{
	struct buf b = {0};

	for (size_t i = 0; i < r->run->nchaos; i++) {
		buf_clear(&b);
		chaos_words(r->run, &r->run->chaos[i], &b);
		text_to(l, 1);
		l->hang = l->width >= 60 ? 26 : 4;
		text_cell(l, TINT_DIM, l->width >= 60 ? 25 : 8, i == 0 ? "chaos" : "");
		text_words(l, TINT_PLAIN, buf_str(&b));
		text_end(l);
	}
	buf_free(&b);
}

static void note(struct text_line *l, enum tint tint, const char *what, const char *text)
{
	struct buf b = {0};

	text_to(l, 1);
	l->hang = 4;
	text_words(l, tint, what);
	if (text[0]) {
		buf_printf(&b, " %s", text);
		text_words(l, TINT_PLAIN, ":");
		text_words(l, TINT_PLAIN, buf_str(&b));
		buf_free(&b);
	}
	text_end(l);
}

void text_suspects(struct text_line *l, const struct rendering *r)
{
	struct buf b = {0};

	for (size_t i = 0; word_suspect_shown(r, i); i++) {
		buf_clear(&b);
		word_suspect(r, i, &b);
		note(l, TINT_DOUBT, i ? "next suspect" : "first suspect", buf_str(&b));
	}
	buf_free(&b);
}

void text_events(struct text_line *l, const struct rendering *r)
{
	size_t n = r->run->nevents, shown = n > EVENTS_MOST ? EVENTS_MOST - 1 : n;
	char text[64];

	for (size_t i = 0; i < shown; i++)
		note(l, TINT_DOUBT, r->run->events[i].kind ? r->run->events[i].kind : "",
		        r->run->events[i].text ? r->run->events[i].text : "");
	if (shown < n) {
		snprintf(text, sizeof text, "and %zu further events", n - shown);
		note(l, TINT_DIM, text, "");
	}
}

void text_doubts(struct text_line *l, const struct rendering *r)
{
	for (size_t i = 0; i < r->proof->ndoubts; i++)
		note(l, TINT_DOUBT, r->proof->doubts[i].name, r->proof->doubts[i].text);
}
