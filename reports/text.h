/*
 * text: the parts of the final terminal text, private to reports/text*.c. Each writes whole lines.
 */
#ifndef REPORTS_TEXT_H
#define REPORTS_TEXT_H

#include "reports/scaling.h"
#include "reports/text_line.h"

#define TEXT_LANES_MOST 16

void text_lanes(struct text_line *l, const struct rendering *r); /* chart and "at once" */
void text_results(struct text_line *l, const struct rendering *r); /* --verify-results */
void text_chaos(struct text_line *l, const struct rendering *r); /* what planted faults did */
void text_cost(struct text_line *l, const struct rendering *r); /* what the engine cost */
void text_budget(struct text_line *l, const struct rendering *r); /* where the time went, before the wall */
void text_errors(struct text_line *l, const struct rendering *r);
void text_stretches(struct text_line *l, const struct rendering *r);
void text_suspects(struct text_line *l, const struct rendering *r); /* the two best, where a speed-up is missing */
void text_events(struct text_line *l, const struct rendering *r);
void text_doubts(struct text_line *l, const struct rendering *r);
/* Of a load run: pgbench's summary, and what it does not tell. Its errors come with text_errors. */
void text_load(struct text_line *l, const struct rendering *r);
/* Of a series of numbers of sessions: what to take, a line for each number, what the laws say. */
void text_scale(struct text_line *l, const struct scaling *s);

#endif
