/*
 * csv_cells: see csv_parts.h.
 */
#include <inttypes.h>
#include <math.h>

#include "reports/csv_parts.h"
#include "reports/escape.h"
#include "shared/clock.h"

#define DRAIN_AT (64u << 10) /* bytes in the buffer from which on it is drained */

static void next_cell(struct csv_row *row)
{
	if (row->begun)
		buf_putc(row->out, ',');
	row->begun = true;
}

void csv_put_null(struct csv_row *row)
{
	next_cell(row);
}

void csv_put_int(struct csv_row *row, int64_t value)
{
	next_cell(row);
	buf_printf(row->out, "%" PRId64, value);
}

/* The run's number begins every row. */
void csv_put_run(struct csv_row *row, const struct run_view *run)
{
	csv_put_int(row, run->id);
}

/* A time that may not have happened. */
void csv_put_us(struct csv_row *row, int64_t us)
{
	if (us == QUERY_NONE)
		csv_put_null(row);
	else
		csv_put_int(row, us);
}

void csv_put_length(struct csv_row *row, int64_t from, int64_t to)
{
	csv_put_us(row, from == QUERY_NONE || to == QUERY_NONE ? QUERY_NONE : to - from);
}

void csv_put_real(struct csv_row *row, double value, bool known)
{
	next_cell(row);
	if (known && isfinite(value))
		buf_printf(row->out, "%.6g", value);
}

void csv_put_text(struct csv_row *row, const char *text)
{
	next_cell(row);
	if (text && text[0])
		escape_csv(text, row->raw, row->out);
}

void csv_put_utc(struct csv_row *row, int64_t us)
{
	char text[32];

	next_cell(row);
	if (us == QUERY_NONE || us == 0)
		return;
	clock_iso(us, text);
	buf_puts(row->out, text);
}

void csv_end_row(struct csv_row *row)
{
	buf_putc(row->out, '\n');
	row->begun = false;
	if (!row->drain || row->stopped || row->out->len < DRAIN_AT)
		return;
	row->stopped = !row->drain->take(row->drain->to, row->out, row->err);
	buf_clear(row->out);
}
