/*
 * query_load: reads what a load run has in the tables load... into a load_view, and its records one after another. A
 * histogram or a chunk that is not exactly what the store writes is a damaged file. Called by query_run; the view is
 * freed with its run.
 */
#include "reports/query_private.h"

#include <stdlib.h>
#include <string.h>

#include "reports/store_load_chunk.h"
#include "shared/buf.h"

void query_load_free(struct load_view *l)
{
	if (!l)
		return;
	for (size_t i = 0; i < l->nscripts; i++) {
		free(l->scripts[i].service);
		free(l->scripts[i].schedule);
		free(l->scripts[i].lag);
	}
	for (size_t i = 0; i < l->ncommands; i++)
		free(l->commands[i].time);
	void *owned[] = {l->service, l->schedule, l->lag, l->scripts, l->commands, l->errors, l->seconds, l};
	for (size_t i = 0; i < sizeof owned / sizeof *owned; i++)
		free(owned[i]);
}

/* No bytes are no values. False: they are no histogram. */
static bool read_hist(sqlite3_stmt *s, int column, struct hist **hist)
{
	const void *bytes = sqlite3_column_blob(s, column);
	*hist = mem_zero(1, sizeof **hist);
	return !bytes || hist_unpack(*hist, bytes, (size_t)sqlite3_column_bytes(s, column));
}

/* From column `at` on: done, failed, skipped, unknown, retried, retries, late. */
static void read_counters(sqlite3_stmt *s, int at, uint64_t *const counters[7])
{
	for (int i = 0; i < 7; i++)
		*counters[i] = (uint64_t)sqlite3_column_int64(s, at + i);
}

static void read_settings(sqlite3_stmt *s, struct load_view *l)
{
	query_copy(s, 0, l->mode, sizeof l->mode);
	int64_t *const times[] = {
	        &l->transactions, &l->duration_us, &l->warmup_us, &l->ramp_us, &l->latency_limit_us, &l->think_us};
	for (int i = 0; i < 6; i++)
		*times[i] = sqlite3_column_int64(s, 1 + i);
	l->rate = sqlite3_column_double(s, 7);
	l->max_tries = (uint32_t)sqlite3_column_int64(s, 8);
	l->pipeline = (uint32_t)sqlite3_column_int64(s, 9);
	l->reconnect = sqlite3_column_int(s, 10) != 0;
	l->continue_on_error = sqlite3_column_int(s, 11) != 0;
	l->exit_on_abort = sqlite3_column_int(s, 12) != 0;
	l->per_command = sqlite3_column_int(s, 13) != 0;
	l->sampling_rate = sqlite3_column_double(s, 14);
	l->scale = query_int_or(s, 15, 0);
}

static void read_load(sqlite3_stmt *s, struct load_view *l)
{
	read_settings(s, l);
	l->begin_us = query_int(s, 16);
	l->end_us = query_int(s, 17);
	uint64_t *const counts[] = {&l->warmed, &l->dropped, &l->sampled_out, &l->connects, &l->aborted};
	for (int i = 0; i < 5; i++)
		*counts[i] = (uint64_t)sqlite3_column_int64(s, 18 + i);
	l->connect_sum_us = sqlite3_column_int64(s, 23);
	l->busy_us = sqlite3_column_int64(s, 24);
	uint64_t *const counters[] = {
	        &l->done, &l->failed, &l->skipped, &l->unknown, &l->retried, &l->retries, &l->late};
	read_counters(s, 25, counters);
	l->nrecords = (uint64_t)sqlite3_column_int64(s, 32);
}

static const char load_sql[] =
        "SELECT mode, transactions, duration_us, warmup_us, ramp_us, latency_limit_us, think_us, rate, max_tries, "
        "pipeline, reconnect, continue_on_error, exit_on_abort, per_command, sampling_rate, scale, begin_us, end_us, "
        "warmed, dropped, sampled_out, connects, aborted, connect_sum_us, busy_us, done, failed, skipped, unknown, "
        "retried, retries, late, (SELECT coalesce(sum(records), 0) FROM load_chunk c WHERE c.run = load.run) FROM load "
        "WHERE run = ?";

static bool read_script(sqlite3_stmt *s, struct run_view *v, struct load_script_view *script)
{
	*script = (struct load_script_view){
	        .name = query_keep(v, (const char *)sqlite3_column_text(s, 1)), .weight = sqlite3_column_int64(s, 2)};
	uint64_t *const counters[] = {&script->done, &script->failed, &script->skipped, &script->unknown,
	        &script->retried, &script->retries, &script->late};
	read_counters(s, 3, counters);
	bool ok = read_hist(s, 10, &script->service);
	ok = read_hist(s, 11, &script->schedule) && ok;
	return read_hist(s, 12, &script->lag) && ok;
}

static bool read_scripts(struct query *q, struct run_view *v, struct err *err)
{
	struct load_view *l = v->load;
	sqlite3_stmt *s = query_prepare(q,
	        "SELECT script, name, weight, done, failed, skipped, unknown, retried, retries, late, service, "
	        "schedule, lag FROM load_script WHERE run = ? ORDER BY script",
	        err);
	bool ok = true;
	if (s)
		store_bind(s, "i", v->id);
	while (query_step(q, &s, &ok, err)) {
		l->scripts = mem_resize(l->scripts, l->nscripts + 1, sizeof *l->scripts);
		struct load_script_view *script = &l->scripts[l->nscripts++];
		if (!read_script(s, v, script) || sqlite3_column_int64(s, 0) != (int64_t)l->nscripts - 1) {
			sqlite3_finalize(s);
			return query_damaged(q, "a script of a load run makes no sense", err);
		}
		hist_merge(l->service, script->service);
		hist_merge(l->schedule, script->schedule);
		hist_merge(l->lag, script->lag);
	}
	return ok;
}

static bool read_commands(struct query *q, struct run_view *v, struct err *err)
{
	struct load_view *l = v->load;
	sqlite3_stmt *s = query_prepare(q,
	        "SELECT script, line, text, failures, retries, time FROM load_command WHERE run = ? ORDER BY command",
	        err);
	bool ok = true;
	if (s)
		store_bind(s, "i", v->id);
	while (query_step(q, &s, &ok, err)) {
		l->commands = mem_resize(l->commands, l->ncommands + 1, sizeof *l->commands);
		struct load_command_view *c = &l->commands[l->ncommands++];
		*c = (struct load_command_view){.script = (uint32_t)sqlite3_column_int64(s, 0),
		        .line = (uint32_t)sqlite3_column_int64(s, 1),
		        .text = query_keep(v, (const char *)sqlite3_column_text(s, 2)),
		        .failures = (uint64_t)sqlite3_column_int64(s, 3),
		        .retries = (uint64_t)sqlite3_column_int64(s, 4)};
		if (!read_hist(s, 5, &c->time) || c->script >= l->nscripts) {
			sqlite3_finalize(s);
			return query_damaged(q, "a command of a load run makes no sense", err);
		}
	}
	return ok;
}

static void read_second(sqlite3_stmt *s, struct load_second *n)
{
	*n = (struct load_second){.at_us = sqlite3_column_int64(s, 0),
	        .length_us = sqlite3_column_int64(s, 1),
	        .sessions = (uint32_t)sqlite3_column_int64(s, 2),
	        .measured = sqlite3_column_int(s, 3) != 0};
	uint64_t *const counts[] = {&n->done, &n->failed, &n->skipped, &n->unknown, &n->retries};
	for (int i = 0; i < 5; i++)
		*counts[i] = (uint64_t)sqlite3_column_int64(s, 4 + i);
	int64_t *const times[] = {&n->mean_us, &n->stddev_us, &n->p50_us, &n->p95_us, &n->p99_us, &n->max_us,
	        &n->schedule_mean_us, &n->schedule_p50_us, &n->schedule_p95_us, &n->schedule_p99_us,
	        &n->schedule_max_us};
	for (int i = 0; i < 11; i++)
		*times[i] = sqlite3_column_int64(s, 9 + i); /* 0 for NULL */
}

static bool read_seconds(struct query *q, struct run_view *v, struct err *err)
{
	struct load_view *l = v->load;
	sqlite3_stmt *s = query_prepare(q,
	        "SELECT at_us, length_us, sessions, measured, done, failed, skipped, unknown, retries, mean_us, "
	        "stddev_us, p50_us, p95_us, p99_us, max_us, schedule_mean_us, schedule_p50_us, schedule_p95_us, "
	        "schedule_p99_us, schedule_max_us FROM load_second WHERE run = ? ORDER BY second",
	        err);
	bool ok = true;
	size_t room = 0;
	if (s)
		store_bind(s, "i", v->id);
	while (query_step(q, &s, &ok, err)) {
		if (l->nseconds == room) {
			room = room * 2 + 64;
			l->seconds = mem_resize(l->seconds, room, sizeof *l->seconds);
		}
		read_second(s, &l->seconds[l->nseconds++]);
	}
	return ok;
}

static bool read_load_errors(struct query *q, struct run_view *v, struct err *err)
{
	struct load_view *l = v->load;
	sqlite3_stmt *s = query_prepare(q,
	        "SELECT script, sqlstate, failed, retried, unknown, text FROM load_error WHERE run = ? ORDER BY "
	        "failed + retried + unknown DESC, script, sqlstate",
	        err);
	bool ok = true;
	if (s)
		store_bind(s, "i", v->id);
	while (query_step(q, &s, &ok, err)) {
		l->errors = mem_resize(l->errors, l->nerrors + 1, sizeof *l->errors);
		struct load_error_view *e = &l->errors[l->nerrors++];
		*e = (struct load_error_view){.script = (uint32_t)sqlite3_column_int64(s, 0),
		        .failed = (uint64_t)sqlite3_column_int64(s, 2),
		        .retried = (uint64_t)sqlite3_column_int64(s, 3),
		        .unknown = (uint64_t)sqlite3_column_int64(s, 4),
		        .text = query_keep(v, (const char *)sqlite3_column_text(s, 5))};
		query_copy(s, 1, e->sqlstate, sizeof e->sqlstate);
		if (e->script >= l->nscripts) {
			sqlite3_finalize(s);
			return query_damaged(q, "an error of a load run makes no sense", err);
		}
	}
	return ok;
}

bool query_load(struct query *q, struct run_view *v, struct err *err)
{
	sqlite3_stmt *s = query_prepare(q, load_sql, err);
	bool ok = true;
	if (s)
		store_bind(s, "i", v->id);
	while (query_step(q, &s, &ok, err)) {
		v->load = mem_zero(1, sizeof *v->load);
		read_load(s, v->load);
	}
	if (!ok || !v->load)
		return ok;
	struct hist **all[] = {&v->load->service, &v->load->schedule, &v->load->lag};
	for (int i = 0; i < 3; i++)
		*all[i] = mem_zero(1, sizeof **all[i]);
	return read_scripts(q, v, err) && read_commands(q, v, err) && read_seconds(q, v, err) &&
	       read_load_errors(q, v, err);
}

bool query_load_counts(struct query *q, int64_t run, uint64_t counts[4], bool *found, struct err *err)
{
	sqlite3_stmt *s = query_prepare(q, "SELECT done, failed, unknown, skipped FROM load WHERE run = ?", err);
	bool ok = true;
	*found = false;
	if (s)
		store_bind(s, "i", run);
	for (; query_step(q, &s, &ok, err); *found = true)
		for (int i = 0; i < 4; i++)
			counts[i] = (uint64_t)sqlite3_column_int64(s, i);
	return ok;
}

struct chunk_reader {
	int64_t number, scripts;
	struct load_record records[LOAD_CHUNK_MOST];
	size_t count;
};

/* False: it is no chunk, or not the next one. */
static bool read_chunk(sqlite3_stmt *s, struct chunk_reader *r)
{
	const void *bytes = sqlite3_column_blob(s, 2);
	r->count = bytes ? load_chunk_unpack(bytes, (size_t)sqlite3_column_bytes(s, 2), r->records, LOAD_CHUNK_MOST)
	                 : LOAD_CHUNK_BAD;
	if (sqlite3_column_int64(s, 0) != ++r->number || r->count == LOAD_CHUNK_BAD ||
	        sqlite3_column_int64(s, 1) != (int64_t)r->count)
		return false;
	for (size_t i = 0; i < r->count; i++)
		if (r->records[i].script >= r->scripts)
			return false;
	return true;
}

bool query_load_records(struct query *q, int64_t run, bool (*take)(void *context, const struct load_record *record),
        void *context, struct err *err)
{
	struct chunk_reader *r = mem_zero(1, sizeof *r);
	sqlite3_stmt *s = query_prepare(q,
	        "SELECT chunk, records, packed, (SELECT count(*) FROM load_script p WHERE "
	        "p.run = c.run) FROM load_chunk c WHERE run = ? ORDER BY chunk",
	        err);
	bool ok = true, more = true;
	if (s)
		store_bind(s, "i", run);
	while (more && query_step(q, &s, &ok, err)) {
		r->scripts = sqlite3_column_int64(s, 3);
		if (!read_chunk(s, r)) {
			ok = query_damaged(q, "records of a load run make no sense", err);
			break;
		}
		for (size_t i = 0; more && i < r->count; i++)
			more = take(context, &r->records[i]);
	}
	sqlite3_finalize(s);
	free(r);
	return ok;
}
