/*
 * paired: what the ratios of paired blocks say (compare). Pure functions: no input/output, no clock, no randomness but
 * the seed given. Any command and renderer may call them. Nothing is owned by what is handed out.
 *
 * The speeds of one block: every arm once, in random order. A ratio is speed of the candidate / speed of the
 * reference, so above 1 the candidate is faster: reference's time / candidate's time, or candidate's rate /
 * reference's rate. All functions take logarithms of it.
 */
#ifndef REPORTS_PAIRED_H
#define REPORTS_PAIRED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAIRED_LEAST_BLOCKS 6 /* fewer give dots and range, no interval and no claim */
#define PAIRED_EXACT_BLOCKS 16 /* up to here all 2^n sign assignments are counted, above a seeded sample of them */

enum paired_verdict {
	PAIRED_TOO_FEW, /* under PAIRED_LEAST_BLOCKS, or no interval yet */
	PAIRED_NO_DIFFERENCE, /* none shown: not the same as "equal" */
	PAIRED_FASTER, /* the candidate; p <= 0.05 and the whole interval above 1 */
	PAIRED_SLOWER,
};

enum paired_method {
	PAIRED_EXACT, /* sign-flip test, all assignments */
	PAIRED_SAMPLED, /* sign-flip test, 65,535 drawn assignments and the observed one */
	PAIRED_ALWAYS_VALID, /* reports/sequential.h: may be looked at after each block */
};

/* What a renderer needs. Ratios, not logarithms. */
struct paired {
	size_t blocks; /* used */
	size_t left_out; /* blocks whose ratio was no finite number (an arm failed or did nothing) */
	double ratio; /* geometric mean of the ratios; 0 without a block */
	double least, most; /* range of the ratios; 0 without a block */
	bool has_interval; /* else low, high and p mean nothing and the verdict is PAIRED_TOO_FEW */
	double low, high; /* 95 % interval: the same test inverted */
	double p; /* two-sided */
	enum paired_verdict verdict;
	enum paired_method method;
};

/* log_ratio[n] of the blocks in any order; the seed matters above PAIRED_EXACT_BLOCKS only. */
void paired_of(const double *log_ratio, size_t n, uint64_t seed, struct paired *out);

/* Logarithms of speed ratios, out[n]; NaN where one of the two is not above 0 (paired_of leaves those out). */
void paired_from_times(const double *candidate, const double *reference, size_t n, double *out);
void paired_from_rates(const double *candidate, const double *reference, size_t n, double *out);

const char *paired_verdict_word(enum paired_verdict verdict); /* "faster", "no difference shown", ... */
const char *paired_method_words(enum paired_method method); /* for the line that states the method */

#endif
