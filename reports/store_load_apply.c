/*
 * store_load_apply: writes what a load run has in the tables load..., in the open transaction: its rows when it begins,
 * then what waits in the queue. Called by store_run_begin and store_apply.
 */
#include <string.h>

#include "reports/store_load.h"
#include "reports/store_private.h"

static bool script_rows(
        struct store *store, int64_t run, const struct scripts *scripts, bool commands, bool keep_sql, struct err *err)
{
	bool ok = true;
	for (int i = 0, n = 0; ok && i < scripts->nscripts; i++) {
		const struct script *s = &scripts->scripts[i];
		ok = store_db_do(store->db, store->path, err,
		        "INSERT INTO load_script (run, script, name, weight, done, failed, skipped, unknown, retried, "
		        "retries, late) VALUES (?1, ?2, ?3, ?4, 0, 0, 0, 0, 0, 0, 0)",
		        "iisi", run, (int64_t)i, s->name, s->weight);
		for (int c = 0; ok && commands && c < s->ncommands; c++, n++)
			ok = store_db_do(store->db, store->path, err,
			        "INSERT INTO load_command (run, command, script, line, text, done, failures, retries) "
			        "VALUES (?1, ?2, ?3, ?4, ?5, 0, 0, 0)",
			        "iiiis", run, (int64_t)n, (int64_t)i, (int64_t)s->commands[c].line,
			        keep_sql ? s->commands[c].text : NULL);
	}
	return ok;
}

bool store_load_begin(struct store *store, int64_t run, const struct plan *plan, bool keep_sql, struct err *err)
{
	const struct load *l = &plan->load;
	if (!plan->scripts)
		return true;
	return store_db_do(store->db, store->path, err,
	               "INSERT INTO load (run, mode, transactions, duration_us, warmup_us, ramp_us, rate, "
	               "latency_limit_us, think_us, max_tries, reconnect, continue_on_error, exit_on_abort, "
	               "per_command, pipeline, sampling_rate, warmed, dropped, sampled_out, connects, connect_sum_us, "
	               "busy_us, aborted, done, failed, skipped, unknown, retried, retries, late) VALUES (?1, ?2, ?3, "
	               "?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, "
	               "0, 0)",
	               "isiiiidiiiiiiiid", run, query_mode_name(l->mode), l->transactions, l->duration_ns / 1000,
	               l->warmup_ns / 1000, l->ramp_ns / 1000, l->rate, l->latency_limit_ns / 1000, l->think_ns / 1000,
	               (int64_t)l->max_tries, (int64_t)l->reconnect, (int64_t)l->continue_on_error,
	               (int64_t)l->exit_on_abort, (int64_t)l->per_command, (int64_t)l->pipeline, l->sampling_rate) &&
	       script_rows(store, run, plan->scripts, l->per_command, keep_sql, err);
}

static bool apply_second(struct store *store, const struct op *op, struct err *err)
{
	const struct load_second *n = &op->load_second;
	sqlite3_stmt *s = store_statement(store, STORE_LOAD_SECOND, err);
	if (!s)
		return false;
	/* By the rule of hist_sound: a percentile has at least 10 values beyond it. */
	bool p50 = n->done >= 20, p95 = n->done >= 200, p99 = n->done >= 1000, schedule = n->schedule_max_us > 0;
#define KNOWN(condition, us) ((condition) ? (us) : INT64_MIN)
	store_bind(s, "iiiiiiiiiinnnnnnnnnnn", op->run, n->at_us, n->length_us, (int64_t)n->sessions,
	        (int64_t)n->measured, (int64_t)n->done, (int64_t)n->failed, (int64_t)n->skipped, (int64_t)n->unknown,
	        (int64_t)n->retries, KNOWN(n->done, n->mean_us), KNOWN(n->done, n->stddev_us), KNOWN(p50, n->p50_us),
	        KNOWN(p95, n->p95_us), KNOWN(p99, n->p99_us), KNOWN(n->done, n->max_us),
	        KNOWN(schedule, n->schedule_mean_us), KNOWN(schedule && p50, n->schedule_p50_us),
	        KNOWN(schedule && p95, n->schedule_p95_us), KNOWN(schedule && p99, n->schedule_p99_us),
	        KNOWN(schedule, n->schedule_max_us));
#undef KNOWN
	return store_run_statement(store->db, store->path, s, err);
}

static bool apply_chunk(struct store *store, const struct op *op, struct err *err)
{
	const struct op_load_chunk *c = &op->load_chunk;
	sqlite3_stmt *s = store_statement(store, STORE_LOAD_CHUNK, err);
	if (!s)
		return false;
	store_bind(s, "iiiib", op->run, (int64_t)c->count, c->first_us, c->last_us, &c->packed);
	return store_run_statement(store->db, store->path, s, err);
}

/* Binds from *at on; *at is left behind the last. */
static void bind_counters(sqlite3_stmt *s, int *at, const uint64_t *counters)
{
	for (int i = 0; i < LOAD_COUNTERS; i++)
		sqlite3_bind_int64(s, (*at)++, (int64_t)counters[i]);
}

static void bind_times(sqlite3_stmt *s, int *at, const struct load_times *times, int kinds)
{
	for (int kind = 0; kind < kinds; kind++) {
		for (int i = 0; i < LOAD_FIGURES; i++, ++*at) {
			if (times[kind].us[i] == INT64_MIN)
				sqlite3_bind_null(s, *at);
			else
				sqlite3_bind_int64(s, *at, times[kind].us[i]);
		}
	}
}

static void bind_packed(sqlite3_stmt *s, int *at, const struct load_times *times, int kinds)
{
	for (int kind = 0; kind < kinds; kind++, ++*at) {
		if (times[kind].packed.len)
			sqlite3_bind_blob64(s, *at, times[kind].packed.data, times[kind].packed.len, SQLITE_STATIC);
		else
			sqlite3_bind_null(s, *at);
	}
}

static bool apply_totals(struct store *store, int64_t run, const struct op_load *load, struct err *err)
{
	const struct load_total *t = &load->total;
	sqlite3_stmt *s = store_statement(store, STORE_LOAD_TOTAL, err);
	int at = 12;
	if (!s)
		return false;
	store_bind(s, "innniiiiiii", run, t->scale ? t->scale : INT64_MIN, t->begin_us, t->end_us, (int64_t)t->warmed,
	        (int64_t)t->dropped, (int64_t)t->sampled_out, (int64_t)t->connects, t->connect_sum_us, t->busy_us,
	        (int64_t)t->aborted);
	bind_counters(s, &at, load->all.counters);
	bind_times(s, &at, load->all.times, LOAD_TIMES);
	return store_run_statement(store->db, store->path, s, err);
}

static bool apply_script(
        struct store *store, int64_t run, size_t i, const struct op_load_script *script, struct err *err)
{
	sqlite3_stmt *s = store_statement(store, STORE_LOAD_SCRIPT, err);
	int at = 3;
	if (!s)
		return false;
	store_bind(s, "ii", run, (int64_t)i);
	bind_counters(s, &at, script->counters);
	bind_times(s, &at, script->times, LOAD_TIMES);
	bind_packed(s, &at, script->times, LOAD_TIMES);
	return store_run_statement(store->db, store->path, s, err);
}

static bool apply_command(
        struct store *store, int64_t run, size_t i, const struct op_load_command *command, struct err *err)
{
	sqlite3_stmt *s = store_statement(store, STORE_LOAD_COMMAND, err);
	int at = 6;
	if (!s)
		return false;
	store_bind(s, "iiiii", run, (int64_t)i, (int64_t)command->time.count, (int64_t)command->failures,
	        (int64_t)command->retries);
	bind_times(s, &at, &command->time, 1);
	bind_packed(s, &at, &command->time, 1);
	return store_run_statement(store->db, store->path, s, err);
}

static bool apply_error(struct store *store, int64_t run, const struct op_load_error *e, struct err *err)
{
	sqlite3_stmt *s = store_statement(store, STORE_LOAD_ERROR, err);
	if (!s)
		return false;
	store_bind(s, "iisiiis", run, (int64_t)e->script, e->sqlstate, (int64_t)e->failed, (int64_t)e->retried,
	        (int64_t)e->unknown, e->text);
	return store_run_statement(store->db, store->path, s, err);
}

static bool apply_total(struct store *store, const struct op *op, struct err *err)
{
	const struct op_load *load = op->load;
	bool ok = apply_totals(store, op->run, load, err);
	for (size_t i = 0; ok && i < load->nscripts; i++)
		ok = apply_script(store, op->run, i, &load->scripts[i], err);
	for (size_t i = 0; ok && i < load->ncommands; i++)
		ok = apply_command(store, op->run, i, &load->commands[i], err);
	for (size_t i = 0; ok && i < load->nerrors; i++)
		ok = apply_error(store, op->run, &load->errors[i], err);
	return ok;
}

bool store_apply_load(struct store *store, const struct op *op, struct err *err)
{
	switch (op->kind) {
	case OP_LOAD_SECOND:
		return apply_second(store, op, err);
	case OP_LOAD_CHUNK:
		return apply_chunk(store, op, err);
	default: /* OP_LOAD_TOTAL */
		return apply_total(store, op, err);
	}
}
