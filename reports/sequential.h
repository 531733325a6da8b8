/*
 * sequential: intervals of paired blocks that may be looked at after each block (compare --stop-when). The chance that
 * any look, however many there are, claims a false difference is at most 5 %. Pure: no input/output, no randomness.
 * In standard deviations of a block's log ratio: a difference of 4 is claimed after 6 blocks, of 2 after 7, of 1 after
 * 13 (half of the series; nine in ten after 6, 9 and 25); the interval is about 2.4 wide after 10 blocks, 1.6 after 20,
 * 1 after 50, 0.5 after 200. A struct sequential owns its memory: _init, then _clear. Any command may use it.
 */
#ifndef REPORTS_SEQUENTIAL_H
#define REPORTS_SEQUENTIAL_H

#include <stdbool.h>
#include <stddef.h>

#include "reports/paired.h"

#define SEQUENTIAL_PLAYERS 5

struct sequential {
	double *x; /* log ratios in the order measured */
	double *scale; /* spread of the blocks before each, for its bet */
	double *p; /* after each block */
	size_t n, room, left_out;
	double apart; /* sum of the distances between all pairs */
	double capital[2][SEQUENTIAL_PLAYERS]; /* against 0, betting on above and on below */
};

void sequential_init(struct sequential *s);
void sequential_clear(struct sequential *s);
/* The next block's log ratio (reports/paired.h), in the order measured: the order matters. Not finite: left out. */
void sequential_add(struct sequential *s, double log_ratio);
/* As paired_of fills it, method PAIRED_ALWAYS_VALID; without an interval until it is finite on both sides. */
void sequential_result(const struct sequential *s, struct paired *out);
/* True once high / low - 1 <= width (0.05: the interval's ends are at most 5 % apart). */
bool sequential_narrow(const struct sequential *s, double width);
/* The most evidence there has been, at any look, against "the log ratio is this value or further to the other side":
 * the highest capital of a bettor on above (+1) or below (-1) who began with 1; may stop counting at 40, which is
 * enough to rule the value out. For tests. */
double sequential_evidence(const struct sequential *s, double log_ratio, int side);

#endif
