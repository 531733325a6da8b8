/*
 * html_index: the list of runs that stands beside pages written together.
 */
#ifndef REPORTS_HTML_INDEX_H
#define REPORTS_HTML_INDEX_H

#include "reports/compare.h"
#include "reports/query.h"
#include "shared/buf.h"

struct index_content {
	const struct run_line *runs; /* newest first */
	const bool *run_linked; /* run-ID.html of that run stands beside the page */
	size_t nruns;
	const struct experiment_line *experiments; /* newest first */
	const bool *experiment_linked; /* KIND-FIRST-LAST.html likewise */
	size_t nexperiments;
};

/* Appends the page. */
void html_index(const struct index_content *content, struct buf *out);

/* "scale-2-31.html": the name of an experiment's page. */
void html_index_page(const char *kind, int64_t first_run, int64_t last_run, const char *ending, char name[80]);

#endif
