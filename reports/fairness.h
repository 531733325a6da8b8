/*
 * fairness: how evenly work was shared out. Pure functions for any caller.
 */
#ifndef REPORTS_FAIRNESS_H
#define REPORTS_FAIRNESS_H

#include <stddef.h>

/* Jain's index of x[n] >= 0 (tasks per lane, say): 1 all the same, 1/n one has everything; k/n when k share evenly.
 * 1 when all are 0, 0 when there are none. */
double fairness_jain(const double *x, size_t n);

#endif
