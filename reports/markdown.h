/*
 * markdown: the parts that the comment and the proof document share, private to reports/markdown*.c.
 */
#ifndef REPORTS_MARKDOWN_H
#define REPORTS_MARKDOWN_H

#include "reports/render.h"

void markdown_proof(const struct rendering *r, struct buf *out); /* the whole document */
/* Each appends whole lines and an empty line after them. */
void markdown_verdict(const struct rendering *r, struct buf *out);
void markdown_numbers(const struct rendering *r, struct buf *out);
void markdown_tasks(const struct rendering *r, size_t most, struct buf *out);
void markdown_errors(const struct rendering *r, size_t most, struct buf *out);
void markdown_chaos(const struct rendering *r, struct buf *out); /* what planted faults did */
void markdown_cost(const struct rendering *r, struct buf *out); /* what the engine cost */
void markdown_suspects(const struct rendering *r, struct buf *out);
void markdown_counters(const struct rendering *r, struct buf *out);
void markdown_doubts(const struct rendering *r, struct buf *out);
/* The settings and facts of the run as a section of the document, its workload included. */
void markdown_configuration(const struct rendering *r, struct buf *out);
/* Of a load run: the comment, and the parts of the document that differ. */
void markdown_load(const struct rendering *r, struct buf *out);
void markdown_load_proof(const struct rendering *r, struct buf *out);
/* A fenced block that nothing inside it can close. */
void markdown_fence(const char *language, const char *text, struct buf *out);

#endif
