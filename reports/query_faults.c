/*
 * query_faults: reads what planted faults did and what tasks returned in the runs of an experiment with arms. See
 * arms_faults.h.
 */
#include "reports/query_private.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/arms_faults.h"
#include "reports/stats.h"

#define FIGURES 10

/* The rows of one fault in one arm while they are read. */
struct gathering {
	double *values[FIGURES];
	size_t counts[FIGURES];
};

static void gather(struct gathering *g, sqlite3_stmt *s)
{
	for (int i = 0; i < FIGURES; i++) {
		if (sqlite3_column_type(s, 4 + i) == SQLITE_NULL)
			continue;
		g->values[i] = mem_resize(g->values[i], g->counts[i] + 1, sizeof **g->values);
		g->values[i][g->counts[i]++] = sqlite3_column_double(s, 4 + i);
	}
}

static void close_row(struct gathering *g, struct fault_of_arm *f)
{
	double *to[FIGURES] = {&f->workers, &f->of_workers, &f->sessions, &f->of_sessions, &f->unknown, &f->failed,
	        &f->repeated, &f->before_us, &f->after_us, &f->full_us};

	for (int i = 0; i < FIGURES; i++) {
		*to[i] = g->counts[i] > 0 ? stats_median(g->values[i], g->counts[i]) : (double)NAN;
		g->counts[i] = 0;
	}
}

static const char faults_sql[] =
        "SELECT c.blow, r.arm, a.label, c.action || '@' || c.at, c.workers, r.workers, c.sessions, r.sessions, "
        "c.unknown, c.failed, c.repeated, c.before_p50_us, c.after_p50_us, c.full_strength_us "
        "FROM chaos c JOIN run r ON r.id = c.run JOIN arm a ON a.experiment = r.experiment AND a.arm = r.arm "
        "WHERE r.experiment = ? AND r.block NOTNULL AND c.struck_us NOTNULL ORDER BY c.blow, r.arm, r.block";

static struct fault_of_arm *new_row(struct faults_of_arms *f, sqlite3_stmt *s)
{
	struct fault_of_arm *row;
	char fault[40], *at;

	f->list = mem_resize(f->list, f->count + 1, sizeof *f->list);
	row = &f->list[f->count++];
	*row = (struct fault_of_arm){.arm = (uint32_t)sqlite3_column_int64(s, 1), .label = query_text(s, 2)};
	query_copy(s, 3, fault, sizeof fault);
	at = strchr(fault, '@');
	if (at)
		*at++ = '\0';
	snprintf(row->action, sizeof row->action, "%.7s", fault);
	snprintf(row->at, sizeof row->at, "%.23s", at ? at : "");
	return row;
}

bool query_faults(struct query *query, int64_t experiment, struct faults_of_arms *f, struct err *err)
{
	struct gathering g = {0};
	struct fault_of_arm *row = NULL;
	int64_t blow = -1;
	bool ok = true;
	sqlite3_stmt *s = query_prepare(query, faults_sql, err);

	*f = (struct faults_of_arms){0};
	if (s)
		store_bind(s, "i", experiment);
	while (query_step(query, &s, &ok, err)) {
		if (!row || sqlite3_column_int64(s, 0) != blow || sqlite3_column_int64(s, 1) != (int64_t)row->arm) {
			if (row)
				close_row(&g, row);
			blow = sqlite3_column_int64(s, 0);
			row = new_row(f, s);
		}
		row->runs++;
		gather(&g, s);
	}
	if (row)
		close_row(&g, row);
	for (int i = 0; i < FIGURES; i++)
		free(g.values[i]);
	if (!ok)
		faults_free(f);
	return ok;
}

void faults_free(struct faults_of_arms *f)
{
	for (size_t i = 0; i < f->count; i++)
		free(f->list[i].label);
	free(f->list);
	*f = (struct faults_of_arms){0};
}

/* --- the results of every arm ----------------------------------------------------------------------------------- */

/* A run's tasks by name against those of the reference's first run. */
static const char verify_sql[] =
        "SELECT r.id, r.arm, a.label, t.name, x.executions, x.row_count, x.digest, y.executions, y.row_count, "
        "y.digest, "
        "f.id, f.label FROM run r JOIN arm a ON a.experiment = r.experiment AND a.arm = r.arm "
        "JOIN task t ON t.workload = r.workload "
        "LEFT JOIN task_result x ON x.run = r.id AND x.task = t.task "
        "CROSS JOIN (SELECT q.id, q.workload, b.label FROM run q JOIN arm b ON b.experiment = q.experiment AND b.arm = "
        "q.arm WHERE q.experiment = ?1 AND b.reference AND q.block NOTNULL AND q.state = 'finished' "
        "ORDER BY q.block LIMIT 1) f "
        "LEFT JOIN task u ON u.workload = f.workload AND u.name = t.name "
        "LEFT JOIN task_result y ON y.run = f.id AND y.task = u.task "
        "WHERE r.experiment = ?1 AND r.block NOTNULL AND r.id <> f.id ORDER BY t.task, r.arm, r.block";

static void say(sqlite3_stmt *s, char *out, size_t size)
{
	const char *task = (const char *)sqlite3_column_text(s, 3);
	long long rows = sqlite3_column_int64(s, 5), others = sqlite3_column_int64(s, 8);
	long long run = sqlite3_column_int64(s, 0), reference = sqlite3_column_int64(s, 10);
	const char *label = (const char *)sqlite3_column_text(s, 2), *first = (const char *)sqlite3_column_text(s, 11);

	if (rows != others)
		snprintf(out, size, "task %.100s gave %lld row%s in run %lld (%.80s) and %lld in run %lld (%.80s)",
		        task, others, others == 1 ? "" : "s", reference, first, rows, run, label);
	else
		snprintf(out, size,
		        "task %.100s gave %lld row%s in run %lld (%.80s) and as many in run %lld (%.80s), but not the "
		        "same: digests %.12s and %.12s",
		        task, others, others == 1 ? "" : "s", reference, first, run, label,
		        (const char *)sqlite3_column_text(s, 9), (const char *)sqlite3_column_text(s, 6));
}

bool query_verify(struct query *query, int64_t experiment,
        void (*tell)(void *context, const char *task, const char *text), void *context, struct verify_count *count,
        struct err *err)
{
	char text[700], task[104], told[104] = "";
	int64_t told_arm = -1;
	bool ok = true;
	sqlite3_stmt *s = query_prepare(query, verify_sql, err);

	*count = (struct verify_count){0};
	if (s)
		store_bind(s, "i", experiment);
	while (query_step(query, &s, &ok, err)) {
		bool both = sqlite3_column_type(s, 4) != SQLITE_NULL && sqlite3_column_type(s, 7) != SQLITE_NULL;

		if (!both) {
			count->left_out++;
		} else if (sqlite3_column_int64(s, 4) != sqlite3_column_int64(s, 7)) {
			count->uncompared++;
		} else if (sqlite3_column_int64(s, 5) == sqlite3_column_int64(s, 8) &&
		           strcmp((const char *)sqlite3_column_text(s, 6), (const char *)sqlite3_column_text(s, 9)) ==
		                   0) {
			count->same++;
		} else {
			count->different++;
			query_copy(s, 3, task, sizeof task);
			if (tell && (told_arm != sqlite3_column_int64(s, 1) || strcmp(told, task) != 0)) {
				say(s, text, sizeof text);
				tell(context, task, text);
			}
			told_arm = sqlite3_column_int64(s, 1);
			memcpy(told, task, sizeof told);
		}
	}
	return ok;
}
