/*
 * scaling_law: Amdahl's law and the universal scalability law fitted to rates (or speed-ups) against sessions (scale).
 * Pure: no input/output, no randomness. Any command and renderer may call it; nothing is owned by what is handed out.
 *
 *   rate(N) = rate1 * N / (1 + sigma (N - 1) + kappa N (N - 1)),  0 <= sigma <= 1, kappa >= 0;  Amdahl: kappa = 0
 *
 * sigma is the serial share (waiting for one another), kappa the cost of agreeing with one another, per pair.
 */
#ifndef REPORTS_SCALING_LAW_H
#define REPORTS_SCALING_LAW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum scaling_law {
	SCALING_AMDAHL, /* from 3 different numbers of sessions */
	SCALING_USL, /* from 4 */
};

enum scaling_errors {
	SCALING_RELATIVE, /* least squares of logarithms, each block with a level of its own: what scale uses */
	SCALING_ABSOLUTE, /* least squares of the rates themselves, as R's usl and nls do; blocks are not looked at */
};

/* One measured run. Runs of one block belong together in time (each number of sessions once, in random order). */
struct scaling_point {
	uint32_t sessions; /* >= 1 */
	uint32_t block;
	double rate; /* > 0; transactions or tasks per second, or a speed-up: any unit */
};

/* 95 % interval; high may be INFINITY ("no end within reach"). With one block, those of rate1 and ceiling know nothing
 * of how blocks differ. */
struct scaling_estimate {
	double value, low, high;
};

struct scaling_fit {
	bool fitted; /* else only law and reason mean something */
	char reason[160]; /* why not, as a clause: "only 2 different numbers of sessions, 3 are needed" */
	enum scaling_law law;
	size_t points, sizes, blocks;
	struct scaling_estimate rate1; /* of one session */
	struct scaling_estimate sigma, kappa; /* kappa all 0 for Amdahl */
	struct scaling_estimate best; /* sessions with the highest rate: sqrt((1 - sigma) / kappa), at least 1; INFINITY
	                                 when kappa is 0 */
	struct scaling_estimate ceiling; /* the highest rate there is: at best, or rate1 / sigma; INFINITY possible */
	struct scaling_estimate knee; /* sessions where rate(N)^2 / N is highest (Kleinrock's power: beyond it latency
	                                 grows faster than the rate), at least 1; INFINITY when linear */
	double residual; /* typical relative distance of a point from the curve (SCALING_ABSOLUTE: in units of the rate)
	                  */
	double limit; /* squares up to which a shape is not ruled out: what scaling_band is made of */
	bool bent; /* at the most sessions measured the curve is under half of linear. If not, sigma is a guess: a lock
	              or disk that is shared slows nobody down before it is full, and Amdahl's law cannot know */
	bool misfit; /* the means lie off the curve by more than the repeats explain; the intervals are widened by it */
};

/* False (and out->reason) when it cannot be fitted; never NaN in what it hands out. */
bool scaling_fit(const struct scaling_point *points, size_t n, enum scaling_law law, enum scaling_errors errors,
        struct scaling_fit *out);

/* The fitted law's rate at this many sessions (>= 1). */
double scaling_rate(const struct scaling_fit *fit, double sessions);

/* How far the curve of speed-ups (rate over the rate of one session) may lie up or down at each of these numbers of
 * sessions: 95 % intervals as those of the fit, which must be fitted to the same points. */
void scaling_band(const struct scaling_fit *fit, const struct scaling_point *points, size_t n,
        enum scaling_errors errors, const double *sessions, size_t count, double *low, double *high);

#endif
