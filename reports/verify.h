/*
 * verify: --verify-results: did two runs return the same rows? Works on the read model; text it writes is for people.
 *
 * Tasks are matched by name. A task is compared when as many tickets of it were done in both runs; a task with a
 * failure in one of them is left out and said so, as the failure is told by the run itself.
 */
#ifndef REPORTS_VERIFY_H
#define REPORTS_VERIFY_H

#include <stdbool.h>
#include <stddef.h>

#include "reports/query.h"
#include "shared/buf.h"

struct verify_count {
	size_t same, different; /* tasks */
	size_t uncompared; /* not as many tickets done here as there */
	size_t left_out; /* noverify, or not in both runs */
};

/* For each task that differs `tell` gets one sentence that names it, with both counts. tell may be NULL. */
struct verify_count verify_compare(const struct run_view *reference, const struct run_view *other,
        void (*tell)(void *context, const char *task, const char *text), void *context);

/* True when the run was told to take digests. */
bool verify_asked(const struct run_view *run);
/* The result of a task, NULL = none was taken. */
const struct task_result_view *verify_result(const struct run_view *run, uint32_t task);

/* What the digests of a run say, in one sentence without a full stop: how many were taken and what that cost, and with
 * another run (the serial baseline, the first repeat) whether both returned the same. Nothing when none were asked for.
 */
void verify_sentence(const struct run_view *run, const struct run_view *reference, struct buf *out);

#endif
