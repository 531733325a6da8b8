/*
 * hist: a log-linear histogram of times: 64 equal buckets for every power of two, from 1 ns to 292 years, so that
 * nothing is ever out of range. Values below 128 ns have a bucket each; above, a bucket is at most 1/64 of its values
 * wide and stands for its middle: an error of at most 0.8 %. Count, sum, minimum and maximum are exact.
 *
 * One writer (a lane), many readers (the parent) in shared memory: every number is stored whole, and a reader sees a
 * state that may be one value short. No pointers; a histogram may be copied and is valid when all its bytes are zero.
 */
#ifndef SHARED_HIST_H
#define SHARED_HIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/buf.h"

#define HIST_SUB_BITS 6
#define HIST_BUCKETS ((64 - HIST_SUB_BITS) << HIST_SUB_BITS)

struct hist {
	uint64_t count;
	uint64_t sum; /* ns; 20,000 sessions that wait for a day fit */
	double squares; /* sum of squares, us squared: for the deviation */
	uint64_t min1; /* smallest value + 1; 0 = none yet */
	uint64_t max;
	uint64_t low1, high; /* lowest bucket with a value + 1, and the highest: readers need not look elsewhere */
	uint64_t buckets[HIST_BUCKETS];
};

/* Adds all values of another one, exactly. */
void hist_merge(struct hist *into, const struct hist *from);
/* What came to `now` since `before` was copied from it: into `out`, min and max to a bucket's precision. */
void hist_since(struct hist *out, const struct hist *now, const struct hist *before);

/* The value that p per cent are not above: 0 < p <= 100; the middle of its bucket, never outside [min, max]. 0 when
 * empty. */
int64_t hist_percentile(const struct hist *h, double p);
/* Whether enough values lie beyond that percentile to name it: at least 10. */
bool hist_sound(const struct hist *h, double p);
/* 95 % interval of a percentile from the order statistics (binomial, normal approximation). */
void hist_interval(const struct hist *h, double p, int64_t *low, int64_t *high);
int64_t hist_min(const struct hist *h); /* ns, 0 when empty */
int64_t hist_max(const struct hist *h);
double hist_mean(const struct hist *h); /* ns, 0 when empty */
double hist_stddev(const struct hist *h); /* ns, of the population, as pgbench has it */

/* Bytes for the store: everything exact, empty buckets left out. unpack: false unless they are exactly such bytes. */
void hist_pack(const struct hist *h, struct buf *out);
bool hist_unpack(struct hist *h, const void *bytes, size_t len);

/* Bounds of a bucket: its values are low <= v < high. */
uint64_t hist_bucket_low(unsigned bucket);
static inline unsigned hist_bucket(uint64_t ns)
{
	if (ns < 1u << HIST_SUB_BITS)
		return (unsigned)ns;
	unsigned shift = 63u - HIST_SUB_BITS - (unsigned)__builtin_clzll(ns);

	return (shift << HIST_SUB_BITS) + (unsigned)(ns >> shift);
}

/* Makes room for a value that is the smallest or the largest so far; for hist_add. */
void hist_stretch(struct hist *h, uint64_t value, unsigned bucket);

/* Adds a time in ns; a negative one counts as 0. Every transaction comes through here. Whole stores and loads: the
 * writer is alone, but another process may be reading. */
static inline void hist_add(struct hist *h, int64_t ns)
{
	uint64_t value = ns < 0 ? 0 : (uint64_t)ns;
	unsigned bucket = hist_bucket(value);
	double us = (double)(int64_t)value / 1000.0, squares;

	__atomic_store_n(&h->buckets[bucket], h->buckets[bucket] + 1, __ATOMIC_RELAXED);
	__atomic_store_n(&h->sum, h->sum + value, __ATOMIC_RELAXED);
	squares = h->squares + us * us;
	__atomic_store(&h->squares, &squares, __ATOMIC_RELAXED);
	/* One between the smallest and the largest lies in a bucket between theirs; without any yet, all are below. */
	if (value > h->max || value < h->min1 - 1)
		hist_stretch(h, value, bucket);
	__atomic_store_n(&h->count, h->count + 1, __ATOMIC_RELAXED);
}

#endif
