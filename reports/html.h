/*
 * html: the sections of the page, private to reports/html*.c. Every text from outside passes escape_html; there is no
 * style= and no on*= attribute anywhere, so the page works under its own strict policy.
 */
#ifndef REPORTS_HTML_H
#define REPORTS_HTML_H

#include "reports/lanes.h"
#include "reports/render.h"

void html_figures(const struct rendering *r, struct buf *out); /* did they run at the same time? */
void html_errors(const struct rendering *r, struct buf *out);
void html_budget(const struct rendering *r, struct buf *out);
void html_tasks(const struct rendering *r, struct buf *out);
void html_cost(const struct rendering *r, struct buf *out); /* what the engine cost */
void html_chaos(const struct rendering *r, struct buf *out); /* what planted faults did */
/* doubts: of an experiment, as sentences; NULL: those of the run. */
void html_reproduce(const struct rendering *r, const char *doubts, struct buf *out);

/* Of a load run: what stands in the place of verdict, figures, budget and tasks. */
void html_load_verdict(const struct rendering *r, struct buf *out);
void html_load_figures(const struct rendering *r, struct buf *out); /* second by second */
void html_load_latency(const struct rendering *r, struct buf *out); /* the percentile curve */
void html_load_scripts(const struct rendering *r, struct buf *out);
void html_load_phases(const struct rendering *r, struct buf *out); /* connecting, ramp, warm-up */

/* Doctype to <body>, with the policy and the style sheet. */
void html_begin(const char *title, struct buf *out);

/* <TAG class="CLASS">escaped text</TAG>; class NULL = none. */
void html_put(struct buf *out, const char *tag, const char *class, const char *text);
/* The opening of a table whose columns are named in `heads`; a name that begins with '>' is right-aligned. */
void html_table(struct buf *out, const char *const *heads);
/* A right-aligned cell with a time, or a dash when it is negative. */
void html_time(struct buf *out, double us);
/* The same with three significant digits. */
void html_duration(struct buf *out, double us);
void html_count(struct buf *out, int64_t count);
/* One of a list of tiles. Both texts are ours alone: they are written as they stand. */
void html_tile(struct buf *out, const char *class, const char *number, const char *text);
/* A time whose unit stays on its line. */
const char *html_tile_time(double us, char out[64]);
/* "<li><strong>name</strong>: escaped text</li>" */
void html_finding(struct buf *out, const char *name, const char *text);
/* The query that shows the run's numbers in the results file, and how to run it. */
void html_sql(const struct rendering *r, struct buf *out);
/* What the run was stopped by, and how many doubts there are: paragraphs below the verdict. */
void html_below_verdict(const struct rendering *r, struct buf *out);

#endif
