/*
 * distribution: tails and quantiles of Student's t and Fisher's F. Pure functions for any caller.
 */
#ifndef REPORTS_DISTRIBUTION_H
#define REPORTS_DISTRIBUTION_H

/* P(F > f) for F with dof1 and dof2 degrees of freedom, both above 0. */
double distribution_f_tail(double f, double dof1, double dof2);
/* t > 0 with P(|T| > t) = both_tails (0 < both_tails < 1). */
double distribution_t_quantile(double both_tails, double dof);

#endif
