/*
 * claims: what was asserted about the runs (gates, rows= checks, --require-overlap), judged from the read model.
 */
#ifndef ORCHESTRATOR_CLAIMS_H
#define ORCHESTRATOR_CLAIMS_H

#include <stdbool.h>
#include <stddef.h>

#include "reports/proof.h"
#include "reports/query.h"
#include "shared/buf.h"
#include "shared/plan.h"

/* The value a gate speaks of, in its unit; false when this run has none (no serial run, no done attempt). */
bool claims_value(const struct gate *gate, const struct run_view *run, const struct proof *proof, double *value);

/* Each appends one line per claim that failed and returns how many did. */
int claims_gates(
        const struct gate *gates, int ngates, const struct run_view *run, const struct proof *proof, struct buf *out);
int claims_checks(const struct run_view *run, struct buf *out); /* rows= */
int claims_overlap(int required, const struct proof *proof, struct buf *out);

#endif
