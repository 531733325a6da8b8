/*
 * fairness: Jain's index (Jain, Chiu, Hawe: "A Quantitative Measure of Fairness and Discrimination", DEC-TR-301, 1984).
 * Pure; any caller.
 */
#include "reports/fairness.h"

#include <math.h>

double fairness_jain(const double *x, size_t n)
{
	double largest = 0, sum = 0, squares = 0;

	for (size_t i = 0; i < n; i++)
		largest = fmax(largest, x[i]);
	if (n == 0)
		return 0;
	if (largest <= 0)
		return 1;
	/* In parts of the largest: squares of very large or small numbers would leave the range. */
	for (size_t i = 0; i < n; i++) {
		sum += x[i] / largest;
		squares += x[i] / largest * (x[i] / largest);
	}
	return sum * sum / ((double)n * squares);
}
