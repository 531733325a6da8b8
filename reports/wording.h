/*
 * wording: the sentences and numbers that every renderer shows, computed from the data once and in one place, so that
 * the terminal, the page and the document say the same. Functions append plain text (unescaped names never enter it).
 */
#ifndef REPORTS_WORDING_H
#define REPORTS_WORDING_H

#include "reports/render.h"

/* "20,000": a count with separators from ten thousand on. */
const char *word_count(uint64_t n, char out[32]);
/* "2.99x", "25.1x": three significant digits. */
const char *word_ratio(double ratio, char out[32]);
/* A number with three significant digits and no unit. */
const char *word_number(double x, char out[32]);
/* A rate a second: "12,345", "81.2", "0.67". */
const char *word_rate(double tps, char out[32]);
/* A time to the millisecond, for values that are compared or added up: "2.001 s", "11 ms", "0.4 ms", "0". */
const char *word_exact(double us, char out[32]);
/* "412 kB" of bytes. */
const char *word_bytes(int64_t bytes, char out[32]);
/* "2026-11-23 06:40:12 UTC" */
const char *word_date(int64_t wall_us, char out[32]);

/* A text as a sentence, after what is there: a capital first, a full stop last. */
void word_sentence(const char *text, struct buf *out);

/* The unit of work of this run (transactions of a load run) in the plural or, for one, the singular: queries (each
 * attempt one statement), else tasks. */
const char *word_unit(const struct run_view *run, uint64_t count);
/* "5 processes", "5 sessions on 2 processes", "5 sessions on one event loop". */
void word_layout(const struct run_view *run, struct buf *out);
/* "PARALLEL, 88 failed"; of a run whose attempts were pruned the verdict that was kept. */
void word_verdict(const struct rendering *r, struct buf *out);
const char *word_verdict_name(const struct rendering *r);
/* "5 queries on 5 processes in 3.02 s; one after another they took 9.02 s" */
void word_summary(const struct rendering *r, struct buf *out);
/* "2.99x of at most 3.00x (the longest query takes 3.00 s); 5 of 5 done" */
void word_gain(const struct rendering *r, struct buf *out);
/* The speed-up is above the ceiling, and shows: it is said to be at it, and by what. */
bool word_at_ceiling(const struct proof *proof);
/* "5 of 5 done" or "3 of 5 done, 1 failed, 1 not run" */
void word_counts(const struct run_view *run, struct buf *out);
/* How the run ended when it did not end by itself ("Stopped by SIGTERM."), and what kind of run it is when it is a
 * baseline; else nothing. */
void word_state(const struct run_view *run, struct buf *out);
/* The three findings as sentences without a full stop; each always says something. */
void word_overlapped(const struct rendering *r, struct buf *out);
void word_gained(const struct rendering *r, struct buf *out);
void word_stretched(const struct rendering *r, struct buf *out);
/* What the times of the queries were witnessed by: the server's clock, the observer's samples. */
void word_witness(const struct rendering *r, struct buf *out);
/* Why the verdict is what it is, and what to do next, as whole sentences; nothing where there is nothing to say. */
void word_reason(const struct rendering *r, struct buf *out);
void word_next(const struct rendering *r, struct buf *out);
/* How wide the wall's time axis is: the wall, or what is known of it; at least 1. */
int64_t word_wall_us(const struct rendering *r);
/* Of a load run, which has no verdict: "12,345 transactions/s by 16 sessions on 2 processes in 10.0 s; p99 3.20 ms; 0
 * failed" (word_summary says this then), "on average 15.8 of 16 sessions were inside a transaction (98.8 %)"
 * (word_gain), and "123,456 done, 3 failed, 1 skipped" (word_counts). */
void word_load_summary(const struct run_view *run, struct buf *out);
void word_load_active(const struct run_view *run, struct buf *out);
void word_load_counts(const struct run_view *run, struct buf *out);
/* "all 16 sessions ready after 12 ms; 18 connections in all, 1.2 ms each on average" */
void word_load_connect(const struct run_view *run, struct buf *out);
/* "for 10.0 s, after a ramp of 5.00 s and a warm-up of 2.00 s whose 812 transactions are in no number" */
void word_load_measured(const struct run_view *run, struct buf *out);
/* "117 failed, 345 tries repeated, 2 unknown" */
void word_load_error(const struct load_error_view *e, struct buf *out);
/* "tasks block one another (2.00 s): for 2.00 s of ... Confirmed: ..."; and whether the terminal should show it: the
 * two best, where a speed-up is missing or much of the wall time went into it. */
void word_suspect(const struct rendering *r, size_t i, struct buf *out);
bool word_suspect_shown(const struct rendering *r, size_t i);
const char *word_confirmed(const struct rendering *r, const char *cause); /* what --confirm showed; NULL = not tried */
/* "the workers used 0.43 s of CPU in 0.76 s; each lane stood ready without one for 0.61 s on average"; "" = not known
 */
void word_client_cpu(const struct rendering *r, struct buf *out);
/* Whether something went wrong: a task not done, or no proof of any; of a load run a transaction or a session lost. */
bool word_trouble(const struct rendering *r);
/* The query over the store that shows the overlap (or the rate) of this run; no user text in it. */
void word_sql(const struct run_view *run, struct buf *out);

#endif
