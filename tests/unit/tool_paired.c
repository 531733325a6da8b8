/* tool_paired [--sequential] RATIO...: what the program's statistics say about the ratios of one pair's blocks, as the
 * claim that tests/pg/checker_compare.py reads. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/paired.h"
#include "reports/sequential.h"

int main(int argc, char **argv)
{
	double *x = calloc((size_t)argc + 1, sizeof *x);
	int first = argc > 1 && strcmp(argv[1], "--sequential") == 0 ? 2 : 1;
	struct sequential s;
	struct paired p;

	sequential_init(&s);
	for (int i = first; i < argc; i++) {
		x[i - first] = log(strtod(argv[i], NULL));
		sequential_add(&s, x[i - first]);
	}
	if (first == 2)
		sequential_result(&s, &p);
	else
		paired_of(x, (size_t)(argc - first), 1, &p);
	printf("{\"ratio\": %.17g, \"verdict\": \"%s\"", p.ratio, paired_verdict_word(p.verdict));
	if (p.has_interval)
		printf(", \"p\": %.17g, \"low\": %.17g, \"high\": %.17g", p.p, p.low, p.high);
	puts("}");
	sequential_clear(&s);
	free(x);
	return 0;
}
