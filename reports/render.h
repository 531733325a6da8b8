/*
 * render: everything a renderer (text, html, csv, json, markdown) is handed, so that no two of them can disagree.
 */
#ifndef REPORTS_RENDER_H
#define REPORTS_RENDER_H

#include <stdbool.h>

#include "reports/budget.h"
#include "reports/proof.h"
#include "reports/query.h"
#include "shared/buf.h"

/* Where a rendering that may be larger than memory should hold goes bit by bit: `take` writes the part and the buffer
 * is then emptied. False with err: it could not be written, which ends the rendering. */
struct render_drain {
	bool (*take)(void *to, const struct buf *part, struct err *err);
	void *to;
};

struct rendering {
	const struct run_view *run;
	const struct run_view *baseline; /* NULL = none */
	const struct proof *proof;
	const struct budget *budget;
	const char *store_path;
	struct query
	        *query; /* the open file, for what is read while it is written: records of a load run; NULL = none */
	/* For the page; relative file names that exist beside it, NULL = no link. */
	const char *index_href, *previous_href;
	size_t detail; /* attempts that the page's zoom keeps, 0 = 20,000 */
	const struct render_drain *drain; /* CSV; NULL = all is left in the buffer, else the last part is */
	bool headless; /* CSV: without the header line, which stands above the run before */
};

struct text_style {
	int width; /* columns */
	bool color;
	bool utf8;
	const char *report_hint; /* command that makes the HTML, "" = none */
};

struct experiment_view;
struct comparison;
/* The final text of a comparison. */
void text_compare(
        const struct experiment_view *v, const struct comparison *c, const struct text_style *style, struct buf *out);

/* Each appends a whole document. */
void text_render(const struct rendering *r, const struct text_style *style, struct buf *out);
void html_render(const struct rendering *r, struct buf *out);
void json_render(const struct rendering *r, struct buf *out);
void markdown_render(const struct rendering *r, bool whole_proof, struct buf *out);
/* One table per file; table NULL is the default of the run. False with EXIT_USAGE when there is no such table, else
 * when the store cannot be read. */
bool csv_render(const struct rendering *r, const char *table, bool raw, struct buf *out, struct err *err);
/* "attempts", or of a load run "load_seconds": its records are too many for most. */
const char *csv_default(const struct run_view *run);
const char *const *csv_tables(void); /* NULL-terminated names */

#endif
