/*
 * distribution: tails of t and F by the incomplete beta function. Pure functions that own nothing; any caller.
 */
#include "reports/distribution.h"

#include <math.h>

/* The continued fraction of the incomplete beta function (Abramowitz and Stegun 26.5.8), evaluated from the front by
 * the method of Lentz; quick for x < (a + 1) / (a + b + 2). */
static double beta_fraction(double x, double a, double b)
{
	double numerator = 1, denominator = 1 - (a + b) * x / (a + 1), value;
	const double tiny = 1e-300;

	denominator = 1 / (fabs(denominator) < tiny ? tiny : denominator);
	value = denominator;
	for (double m = 1; m <= 1000; m++) {
		double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
		double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
		double term[2] = {even, odd}, factor = 1;

		for (int i = 0; i < 2; i++) {
			denominator = 1 + term[i] * denominator;
			denominator = 1 / (fabs(denominator) < tiny ? tiny : denominator);
			numerator = 1 + term[i] / numerator;
			numerator = fabs(numerator) < tiny ? tiny : numerator;
			factor = numerator * denominator;
			value *= factor;
		}
		if (fabs(factor - 1) < 1e-15)
			break;
	}
	return value;
}

/* The regularised incomplete beta function. */
static double beta_share(double x, double a, double b)
{
	double front;

	if (x <= 0)
		return 0;
	if (x >= 1)
		return 1;
	front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x));
	if (x < (a + 1) / (a + b + 2))
		return front * beta_fraction(x, a, b) / a;
	return 1 - front * beta_fraction(1 - x, b, a) / b;
}

double distribution_f_tail(double f, double dof1, double dof2)
{
	if (!(f > 0))
		return 1;
	return beta_share(dof2 / (dof2 + dof1 * f), dof2 / 2, dof1 / 2);
}

double distribution_t_quantile(double both_tails, double dof)
{
	double low = 0, high = 1;

	while (distribution_f_tail(high * high, 1, dof) > both_tails && high < 1e150)
		high *= 2;
	for (int i = 0; i < 100; i++) {
		double middle = (low + high) / 2;

		*(distribution_f_tail(middle * middle, 1, dof) > both_tails ? &low : &high) = middle;
	}
	return high;
}
