/*
 * arms_faults: what --chaos and --verify-results say of an experiment with arms: one table, arm by arm, of what each
 * planted fault took; and whether every arm returned what the reference did. Read from the results file.
 */
#ifndef REPORTS_ARMS_FAULTS_H
#define REPORTS_ARMS_FAULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reports/query.h"
#include "reports/verify.h"
#include "shared/buf.h"

/* One fault in one arm, over the arm's runs in which it struck. Figures are medians over these; NAN = not known. */
struct fault_of_arm {
	char action[8], at[24];
	uint32_t arm;
	char *label; /* owned */
	uint32_t runs;
	double workers, of_workers, sessions, of_sessions; /* hit, of how many */
	double unknown, failed, repeated;
	double before_us, after_us; /* median time of the others */
	double full_us; /* of those runs in which all came back */
};

struct faults_of_arms {
	struct fault_of_arm *list; /* by fault, then by arm */
	size_t count;
};

/* No rows when the experiment was run without --chaos. */
bool query_faults(struct query *query, int64_t experiment, struct faults_of_arms *f, struct err *err);
void faults_free(struct faults_of_arms *f);

enum fault_column {
	FAULT_ARM,
	FAULT_WORKERS,
	FAULT_SESSIONS,
	FAULT_UNKNOWN,
	FAULT_FAILED,
	FAULT_REPEATED,
	FAULT_BEFORE,
	FAULT_AFTER,
	FAULT_FULL,
	FAULT_COLUMNS
};
extern const char *const fault_columns[FAULT_COLUMNS + 1];
void fault_cell(const struct fault_of_arm *f, enum fault_column column, struct buf *out);
/* Plain text of at most 80 columns where names are short. */
void faults_text(const struct faults_of_arms *f, struct buf *out);
void faults_markdown(const struct faults_of_arms *f, struct buf *out);
void faults_html(const struct faults_of_arms *f, struct buf *out); /* a section */

/* What query_verify found, in a sentence or two. */
void verify_arms_sentence(const struct verify_count *count, struct buf *out);
/* Every run of the blocks against the reference's first one. tell: for each task that differs, once an arm, one
 * sentence with both counts. Counts tasks over all runs. */
bool query_verify(struct query *query, int64_t experiment,
        void (*tell)(void *context, const char *task, const char *text), void *context, struct verify_count *count,
        struct err *err);

#endif
