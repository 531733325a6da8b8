/*
 * html_index: the list of runs that stands beside pages written together.
 */
#ifndef REPORTS_HTML_INDEX_H
#define REPORTS_HTML_INDEX_H

#include "reports/query.h"
#include "shared/buf.h"

/* Appends the page. linked[i]: run-ID.html of that run stands beside it. */
void html_index(const struct run_line *lines, const bool *linked, size_t count, struct buf *out);

#endif
