/*
 * csv_parts: what the files of csv share: the cells of a row, and the tables of load runs. Private to reports/csv*.c.
 */
#ifndef REPORTS_CSV_PARTS_H
#define REPORTS_CSV_PARTS_H

#include "reports/csv.h"
#include "reports/render.h"

struct csv_row {
	struct buf *out;
	bool raw, begun;
	const struct render_drain *drain;
	bool stopped; /* it could not be written: err says why, and the rest is not wanted */
	struct err *err; /* of a table that is read while it is written */
};

void csv_put_null(struct csv_row *row);
void csv_put_int(struct csv_row *row, int64_t value);
void csv_put_run(struct csv_row *row, const struct run_view *run); /* its number, which begins every row */
void csv_put_us(struct csv_row *row, int64_t us); /* QUERY_NONE: it did not happen */
void csv_put_length(struct csv_row *row, int64_t from, int64_t to);
void csv_put_real(struct csv_row *row, double value, bool known);
void csv_put_text(struct csv_row *row, const char *text);
void csv_put_utc(struct csv_row *row, int64_t us);
void csv_end_row(struct csv_row *row);

/* Each writes one table of a load run; of a task list they have no rows. False: the store could not be read. */
bool csv_load(const struct rendering *r, struct csv_row *row);
bool csv_load_scripts(const struct rendering *r, struct csv_row *row);
bool csv_load_commands(const struct rendering *r, struct csv_row *row);
bool csv_load_seconds(const struct rendering *r, struct csv_row *row);
bool csv_load_errors(const struct rendering *r, struct csv_row *row);
bool csv_load_records(const struct rendering *r, struct csv_row *row);

/* Their columns, for csv_columns. */
extern const struct csv_column csv_columns_load[], csv_columns_load_scripts[], csv_columns_load_commands[],
        csv_columns_load_seconds[], csv_columns_load_errors[], csv_columns_load_records[];

#endif
