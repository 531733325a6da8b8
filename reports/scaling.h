/*
 * scaling: what a series of numbers of sessions shows: speed-ups over one session paired by block, the fitted laws, the
 * best number and the knee. Pure functions; the owner of a scaling calls scaling_free.
 */
#ifndef REPORTS_SCALING_H
#define REPORTS_SCALING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reports/paired.h"
#include "reports/scaling_law.h"
#include "shared/buf.h"

#define SCALING_NONE SIZE_MAX
/* A step to more sessions is worth it while it gains this share of what the sessions added could give. */
#define SCALING_WORTH 0.5

struct scaling_arm {
	uint32_t sessions;
	int64_t run; /* a run of the middle that stands for it; 0 = none is complete */
	double *figure; /* of each block: makespan in us, of load runs transactions a second; NAN = left out */
	double *gain; /* of each block: speed-up over one session in the same block; NAN = left out */
	size_t blocks; /* with a gain */
	struct paired paired; /* of the gains; of one session itself 1 exactly */
	double middle, low, high; /* of the figure: median and its interval, or the range; middle 0 = no run */
	bool interval;
	double efficiency; /* speed-up per session, per cent */
	double step; /* of what more sessions than the arm before could give, this share was gained; NAN = the first */
	/* From the run that stands for it; 0 = not known. */
	double ceiling; /* no schedule can be faster */
	double lanes; /* effective lanes; of a load run mean active sessions */
	uint32_t peak;
	double p50_us, p95_us, p99_us; /* of load runs, over all its blocks */
};

struct scaling {
	bool load;
	uint64_t work; /* tickets of a task list: what a rate of it counts */
	size_t nblocks; /* that ran */
	size_t complete; /* in which every arm was complete */
	struct scaling_arm *arms; /* by sessions, ascending; the first is one session */
	size_t narms;
	struct scaling_point *points; /* what the laws are fitted to, SCALING_RELATIVE */
	size_t npoints;
	struct scaling_fit amdahl, usl;
	size_t best; /* the arm with the highest speed-up; SCALING_NONE = no arm has one */
	size_t enough; /* the fewest sessions that the best is not shown to be faster than; under 6 blocks the best */
	bool claims; /* at least 6 blocks: intervals and claims */
	size_t knee; /* the last arm up to which every step was worth it */
};

/* Arms with their sessions and figures are there: the rest is computed. `seed` is that of the experiment. */
void scaling_compute(struct scaling *s, uint64_t seed);
void scaling_init(struct scaling *s, size_t narms, size_t nblocks); /* figures all NAN */
void scaling_free(struct scaling *s);

/* The words, plain text; unescaped names never enter it. */
/* "SCALES TO 8 SESSIONS", "DOES NOT SCALE", ... */
void scaling_verdict(const struct scaling *s, struct buf *out);
bool scaling_good(const struct scaling *s);
/* "8 sessions do in 0.61 s what one does in 4.01 s: 6.57x [6.40x, 6.72x] faster" */
void scaling_summary(const struct scaling *s, struct buf *out);
/* Which number of sessions to take, and why not more; whole sentences. */
void scaling_advice(const struct scaling *s, struct buf *out);
void scaling_knee_words(const struct scaling *s, struct buf *out);
/* What a law says in words, or why it is not fitted; one sentence. */
void scaling_law_words(const struct scaling *s, const struct scaling_fit *fit, struct buf *out);
/* How it was measured: blocks, intervals. */
void scaling_method_words(const struct scaling *s, struct buf *out);
/* "6.57x [6.40x, 6.72x]", under 6 blocks "6.57x (6.40x to 6.72x)". */
void scaling_ratio_words(const struct paired *p, struct buf *out);
/* The same of an arm: "1x" of one session, "" without a complete block. */
void scaling_arm_words(const struct scaling *s, size_t arm, struct buf *out);
/* Tasks or transactions a second of an arm. */
double scaling_rate_of(const struct scaling *s, double figure);

#endif
