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
void html_reproduce(const struct rendering *r, struct buf *out);

/* Doctype to <body>, with the policy and the style sheet. */
void html_begin(const char *title, struct buf *out);

/* <TAG class="CLASS">escaped text</TAG>; class NULL = none. */
void html_put(struct buf *out, const char *tag, const char *class, const char *text);
/* The opening of a table whose columns are named in `heads`; a name that begins with '>' is right-aligned. */
void html_table(struct buf *out, const char *const *heads);
/* A right-aligned cell with a time, or a dash when it is negative. */
void html_time(struct buf *out, double us);
void html_count(struct buf *out, int64_t count);

#endif
