/*
 * chaos: what the faults that --chaos planted did to a run, in words and as rows of a table that stands the same in the
 * terminal, on the page and in a document; and over the arms of an experiment, engine by engine.
 */
#ifndef REPORTS_CHAOS_H
#define REPORTS_CHAOS_H

#include "reports/query.h"
#include "shared/buf.h"

/* One sentence without a full stop: "kill at 50 %: 1 of 4 workers with 1 of 4 sessions; 1 task unknown, ..." */
void chaos_words(const struct run_view *run, const struct chaos_record *c, struct buf *out);

/* Columns of the table, NULL at the end, and one cell of a row; what is not known is "-". */
enum chaos_column {
	CHAOS_FAULT,
	CHAOS_WORKERS, /* "1 of 4" */
	CHAOS_SESSIONS,
	CHAOS_UNKNOWN,
	CHAOS_FAILED,
	CHAOS_REPEATED,
	CHAOS_BEFORE, /* median time of the others before and after */
	CHAOS_AFTER,
	CHAOS_FULL, /* until full strength */
	CHAOS_COLUMNS
};
extern const char *const chaos_columns[CHAOS_COLUMNS + 1];
void chaos_cell(const struct run_view *run, const struct chaos_record *c, enum chaos_column column, struct buf *out);

#endif
