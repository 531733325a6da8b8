/*
 * gate: the plan's @gate and --gate conditions and the claim --require-overlap, checked against a finished run. Pure
 * functions; what is not known (no serial run, no done task) does not pass.
 */
#ifndef REPORTS_GATE_H
#define REPORTS_GATE_H

#include <stdbool.h>

#include "reports/proof.h"
#include "reports/query.h"
#include "shared/plan.h"

struct gate_result {
	bool passed;
	bool known; /* false: nothing to measure it by; text says why */
	double measured; /* unit as gate.number: seconds, a ratio, per cent, a count, per second */
	char text[256]; /* "speedup >= 1.3: passed, 2.99" */
};

void gate_check(
        const struct gate *gate, const struct run_view *run, const struct proof *proof, struct gate_result *result);

/* --require-overlap=K: at least K sessions were active at the same time, by times that prove it. */
void gate_require_overlap(uint32_t sessions, const struct proof *proof, struct gate_result *result);

#endif
