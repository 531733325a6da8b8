/*
 * csv_compare: an experiment with arms as CSV tables: its arms, its pairs of an arm and the reference, its runs
 * (cells). The caller owns the buffer.
 */
#include <math.h>
#include <string.h>

#include "reports/arms.h"
#include "reports/csv.h"
#include "reports/csv_parts.h"

/* Times and counts are whole numbers, but for a median between two of them; six digits are enough for what is not. */
static void number(struct csv_row *row, double value, bool known)
{
	if (known && isfinite(value) && (floor(value) == value || fabs(value) >= 1e5) && fabs(value) < 9e18)
		csv_put_int(row, llround(value));
	else
		csv_put_real(row, value, known);
}

static void reals(struct csv_row *row, const double *values, size_t n)
{
	for (size_t i = 0; i < n; i++)
		number(row, values[i], true);
}

static void put_arms(const struct experiment_view *v, const struct comparison *c, struct csv_row *row)
{
	for (uint32_t a = 0; a < v->narms; a++) {
		const struct arm_view *m = &v->arms[a];
		const struct arm_figure *f = &c->arms[a];
		struct buf doubts = {0};
		const double costs[] = {f->user_cpu_us, f->system_cpu_us, f->voluntary, f->involuntary, f->private_kb,
		        f->max_rss_kb, f->ready_us, f->p50_us, f->p95_us, f->p99_us};

		csv_put_int(row, a);
		csv_put_text(row, m->label);
		csv_put_text(row, m->engine);
		csv_put_int(row, m->sessions);
		csv_put_int(row, m->lanes);
		csv_put_text(row, m->setting);
		csv_put_int(row, a == v->reference);
		csv_put_int(row, (int64_t)f->n);
		number(row, f->middle, f->n > 0);
		number(row, f->low, f->n > 0);
		number(row, f->high, f->n > 0);
		csv_put_text(row, f->n == 0 ? "" : f->interval ? "interval" : "range");
		csv_put_us(row, f->run != 0 ? f->run : QUERY_NONE);
		reals(row, costs, sizeof costs / sizeof *costs);
		comparison_arm_doubts(v, a, &doubts);
		csv_put_text(row, buf_str(&doubts));
		buf_free(&doubts);
		csv_end_row(row);
	}
}

static void put_pairs(const struct experiment_view *v, const struct comparison *c, struct csv_row *row)
{
	for (uint32_t a = 0; a < v->narms; a++) {
		const struct paired *p = &c->arms[a].pair;

		if (a == v->reference)
			continue;
		csv_put_int(row, a);
		csv_put_text(row, v->arms[a].label);
		csv_put_int(row, v->reference);
		csv_put_int(row, (int64_t)p->blocks);
		csv_put_real(row, p->ratio, p->ratio > 0);
		csv_put_real(row, p->low, p->has_interval);
		csv_put_real(row, p->high, p->has_interval);
		csv_put_real(row, p->least, p->blocks > 0);
		csv_put_real(row, p->most, p->blocks > 0);
		csv_put_real(row, p->p, p->has_interval);
		csv_put_text(row, comparison_verdict(v, c, a));
		csv_end_row(row);
	}
}

static void put_cells(const struct experiment_view *v, const struct comparison *c, struct csv_row *row)
{
	(void)c;
	for (uint32_t i = 0; i < v->narms * v->nblocks; i++) {
		const struct cell_view *e = &v->cells[i];
		const double figures[] = {e->makespan_us, e->wall_us, e->ready_us, e->tps, e->p50_us, e->p95_us,
		        e->p99_us, e->user_cpu_us, e->system_cpu_us, e->parent_cpu_us, e->voluntary, e->involuntary,
		        e->private_kb, e->max_rss_kb, e->parent_private_kb};

		if (e->run == 0)
			continue;
		csv_put_int(row, e->run);
		csv_put_int(row, e->arm);
		csv_put_text(row, v->arms[e->arm].label);
		csv_put_int(row, e->block);
		csv_put_int(row, e->order);
		csv_put_int(row, e->complete);
		csv_put_text(row, e->complete ? "" : e->why);
		csv_put_int(row, e->tickets);
		csv_put_int(row, e->done);
		csv_put_int(row, e->failed);
		csv_put_int(row, e->unknown);
		reals(row, figures, sizeof figures / sizeof *figures);
		csv_end_row(row);
	}
}

static const struct {
	const char *name;
	void (*put)(const struct experiment_view *, const struct comparison *, struct csv_row *);
} tables[] = {{"arms", put_arms}, {"pairs", put_pairs}, {"cells", put_cells}};

bool csv_compare(const struct experiment_view *v, const struct comparison *c, const char *table, bool raw,
        struct buf *out, struct err *err)
{
	struct csv_row row = {.out = out, .raw = raw};

	for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
		if (strcmp(tables[i].name, table ? table : "arms") != 0)
			continue;
		const struct csv_column *columns = csv_compare_columns(tables[i].name);
		for (size_t k = 0; columns[k].name != NULL; k++)
			buf_printf(out, "%s%s", k == 0 ? "" : ",", columns[k].name);
		buf_putc(out, '\n');
		tables[i].put(v, c, &row);
		return true;
	}
	return err_set(
	        err, EXIT_USAGE, "--csv-table: an experiment has no table \"%s\"; it has arms, pairs and cells", table);
}
