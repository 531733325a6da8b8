/*
 * query_notes: what is known of a run as a whole: the server's counters, the client's CPU, doubts and suspects. Called
 * by query_run; query_doubts by anybody who compares runs.
 */
#include "reports/query_private.h"

#include <stdlib.h>
#include <string.h>

#include "shared/buf.h"

static sqlite3_stmt *of_run(struct query *q, int64_t run, const char *sql, struct err *err)
{
	sqlite3_stmt *s = query_prepare(q, sql, err);

	if (s)
		store_bind(s, "i", run);
	return s;
}

static bool read_counters(struct query *q, struct run_view *v, struct err *err)
{
	sqlite3_stmt *s = of_run(q, v->id,
	        "SELECT name, before_value, after_value FROM server_counter WHERE run = ? ORDER BY name", err);
	bool ok = true;

	while (query_step(q, &s, &ok, err)) {
		v->counters = mem_resize(v->counters, v->ncounters + 1, sizeof *v->counters);
		v->counters[v->ncounters++] = (struct counter_view){
		        query_keep(v, (const char *)sqlite3_column_text(s, 0)), query_int(s, 1), query_int(s, 2)};
	}
	return ok;
}

static bool read_client_cpu(struct query *q, struct run_view *v, struct err *err)
{
	sqlite3_stmt *s = of_run(q, v->id,
	        "SELECT worker, generation, cpu_us, wait_us FROM client_cpu WHERE run = ? ORDER BY worker, generation",
	        err);
	size_t room = 0;
	bool ok = true;

	while (query_step(q, &s, &ok, err)) {
		if (v->nclient_cpu == room) {
			room = room * 2 + 16;
			v->client_cpu = mem_resize(v->client_cpu, room, sizeof *v->client_cpu);
		}
		v->client_cpu[v->nclient_cpu++] = (struct client_cpu_row){(uint32_t)sqlite3_column_int64(s, 0),
		        (uint32_t)sqlite3_column_int64(s, 1), sqlite3_column_int64(s, 2), query_int(s, 3)};
	}
	return ok;
}

static bool read_client_samples(struct query *q, struct run_view *v, struct err *err)
{
	sqlite3_stmt *s = of_run(q, v->id,
	        "SELECT at_us, length_us, cpu_us, wait_us, busiest_worker, busiest_us FROM client_sample WHERE run = ? "
	        "ORDER BY sample",
	        err);
	size_t room = 0;
	bool ok = true;

	while (query_step(q, &s, &ok, err)) {
		if (v->nclient_samples == room) {
			room = room * 2 + 64;
			v->client_samples = mem_resize(v->client_samples, room, sizeof *v->client_samples);
		}
		v->client_samples[v->nclient_samples++] = (struct client_sample){.at_us = sqlite3_column_int64(s, 0),
		        .length_us = sqlite3_column_int64(s, 1),
		        .cpu_us = sqlite3_column_int64(s, 2),
		        .wait_us = query_int(s, 3),
		        .busiest = (uint32_t)sqlite3_column_int64(s, 4),
		        .busiest_us = sqlite3_column_int64(s, 5)};
	}
	return ok;
}

static bool read_suspects(struct query *q, struct run_view *v, struct err *err)
{
	sqlite3_stmt *s = of_run(
	        q, v->id, "SELECT cause, share_us, evidence, confirmed FROM suspect WHERE run = ? ORDER BY rank", err);
	bool ok = true;

	while (query_step(q, &s, &ok, err)) {
		v->suspects = mem_resize(v->suspects, v->nsuspects + 1, sizeof *v->suspects);
		struct suspect_view *p = &v->suspects[v->nsuspects++];
		*p = (struct suspect_view){.cause = query_keep(v, (const char *)sqlite3_column_text(s, 0)),
		        .share_us = sqlite3_column_int64(s, 1),
		        .evidence = query_keep(v, (const char *)sqlite3_column_text(s, 2))};
		if (sqlite3_column_type(s, 3) != SQLITE_NULL)
			p->confirmed = query_keep(v, (const char *)sqlite3_column_text(s, 3));
	}
	return ok;
}

bool query_doubts(struct query *q, int64_t run, struct doubt_view **doubts, size_t *count, struct err *err)
{
	sqlite3_stmt *s = of_run(q, run, "SELECT name, text FROM doubt WHERE run = ? ORDER BY doubt", err);
	bool ok = true;

	*doubts = NULL;
	*count = 0;
	while (query_step(q, &s, &ok, err)) {
		*doubts = mem_resize(*doubts, *count + 1, sizeof **doubts);
		struct doubt_view *d = &(*doubts)[(*count)++];
		query_copy(s, 0, d->name, sizeof d->name);
		query_copy(s, 1, d->text, sizeof d->text);
	}
	if (ok)
		return true;
	free(*doubts);
	*doubts = NULL;
	*count = 0;
	return false;
}

bool query_notes(struct query *q, struct run_view *v, struct err *err)
{
	return read_counters(q, v, err) && read_client_cpu(q, v, err) && read_client_samples(q, v, err) &&
	       read_suspects(q, v, err) && query_doubts(q, v->id, &v->doubts, &v->ndoubts, err);
}

bool run_view_counted(const struct run_view *view, const char *name, int64_t *change)
{
	for (size_t i = 0; i < view->ncounters; i++) {
		const struct counter_view *c = &view->counters[i];

		if (strcmp(c->name, name) != 0)
			continue;
		*change = c->before == QUERY_NONE || c->after == QUERY_NONE ? -1 : c->after - c->before;
		return *change >= 0;
	}
	return false;
}
