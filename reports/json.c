/*
 * json: a whole run as one JSON document, schema "pgparallel.run/1": additive changes only, null and never NaN, fixed
 * key order. The schema file stands beside the assets. The caller owns the buffer.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "reports/json_parts.h"

#include "reports/cost.h"
#include "reports/escape.h"
#include "reports/task_stats.h"
#include "reports/verify.h"
#include "reports/wording.h"
#include "shared/clock.h"

void json_put_text(json_t *object, const char *key, const char *text)
{
	struct buf clean = {0};

	if (text)
		escape_utf8(text, &clean);
	json_object_set_new(object, key, text ? json_stringn(buf_str(&clean), clean.len) : json_null());
	buf_free(&clean);
}

void json_put_int(json_t *object, const char *key, int64_t value)
{
	json_object_set_new(object, key, json_integer(value));
}

void json_put_us(json_t *object, const char *key, int64_t us)
{
	json_object_set_new(object, key, us == QUERY_NONE ? json_null() : json_integer(us));
}

void json_put_length(json_t *object, const char *key, int64_t from_us, int64_t to_us)
{
	json_put_us(object, key, from_us == QUERY_NONE || to_us == QUERY_NONE ? QUERY_NONE : to_us - from_us);
}

void json_put_real(json_t *object, const char *key, double value, bool known)
{
	json_object_set_new(object, key, known && isfinite(value) ? json_real(value) : json_null());
}

void json_put_round(json_t *object, const char *key, double us, bool known)
{
	json_put_us(object, key, known && isfinite(us) && fabs(us) < 9e18 ? (int64_t)llround(us) : QUERY_NONE);
}

void json_put_bool(json_t *object, const char *key, bool value)
{
	json_object_set_new(object, key, json_boolean(value));
}

void json_put_utc(json_t *object, const char *key, int64_t unix_us)
{
	char text[32];

	if (unix_us != QUERY_NONE && unix_us != 0)
		clock_iso(unix_us, text);
	json_put_text(object, key, unix_us == QUERY_NONE || unix_us == 0 ? NULL : text);
}

static int append(const char *data, size_t size, void *out)
{
	buf_append(out, data, size);
	return 0;
}

#define DIGITS 9
#define DIGITS_EXACT 15

static void dump(struct buf *out, json_t *value, size_t digits)
{
	json_dump_callback(value, append, out, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(digits));
	json_decref(value);
}

static void member(struct buf *out, const char *key, json_t *value, size_t digits)
{
	buf_printf(out, ",\n\"%s\":", key);
	dump(out, value, digits);
}

void json_member(struct buf *out, const char *key, json_t *value)
{
	member(out, key, value, DIGITS);
}

void json_member_exact(struct buf *out, const char *key, json_t *value)
{
	member(out, key, value, DIGITS_EXACT);
}

static void rows(struct buf *out, const char *key, const struct rendering *r, size_t count,
        json_t *(*row)(const struct rendering *, size_t), size_t digits)
{
	buf_printf(out, ",\n\"%s\":[", key);
	for (size_t i = 0; i < count; i++) {
		buf_puts(out, i ? ",\n" : "\n");
		dump(out, row(r, i), digits);
	}
	buf_putc(out, ']');
}

void json_rows(struct buf *out, const char *key, const struct rendering *r, size_t count,
        json_t *(*row)(const struct rendering *, size_t))
{
	rows(out, key, r, count, row, DIGITS);
}

void json_rows_exact(struct buf *out, const char *key, const struct rendering *r, size_t count,
        json_t *(*row)(const struct rendering *, size_t))
{
	rows(out, key, r, count, row, DIGITS_EXACT);
}

static json_t *phases(const struct run_phases *p)
{
	json_t *o = json_object();

	json_put_us(o, "preflight_begin_us", p->preflight_begin_us);
	json_put_us(o, "preflight_end_us", p->preflight_end_us);
	json_put_us(o, "setup_begin_us", p->setup_begin_us);
	json_put_us(o, "setup_end_us", p->setup_end_us);
	json_put_us(o, "spawn_begin_us", p->spawn_begin_us);
	json_put_us(o, "spawn_end_us", p->spawn_end_us);
	json_put_us(o, "connected_us", p->connected_us);
	json_put_us(o, "go_us", p->go_us);
	json_put_us(o, "last_end_us", p->last_end_us);
	json_put_us(o, "drain_end_us", p->drain_end_us);
	json_put_us(o, "reap_end_us", p->reap_end_us);
	json_put_us(o, "store_begin_us", p->store_begin_us);
	json_put_us(o, "row_begin_us", p->row_begin_us);
	json_put_us(o, "row_end_us", p->row_end_us);
	return o;
}

static json_t *run_object(const struct rendering *r)
{
	const struct run_view *run = r->run;
	json_t *o = json_object();
	char seed[32];

	json_put_int(o, "id", run->id);
	json_put_int(o, "experiment", run->experiment);
	json_put_us(o, "baseline", run->baseline > 0 ? run->baseline : QUERY_NONE);
	json_put_us(o, "previous", run->previous > 0 ? run->previous : QUERY_NONE);
	json_put_us(o, "resumed_run", run->resumed_run > 0 ? run->resumed_run : QUERY_NONE);
	json_put_text(o, "role", run->role);
	json_put_text(o, "workload", run->workload);
	json_put_text(o, "workload_sha256", run->workload_sha256);
	json_put_text(o, "engine", run->engine);
	json_put_int(o, "sessions", run->sessions);
	json_put_int(o, "lanes", run->lanes);
	json_put_int(o, "workers", run->workers);
	snprintf(seed, sizeof seed, "%" PRIu64, run->seed); /* JSON numbers of many readers end at 2^53 */
	json_put_text(o, "seed", seed);
	json_put_utc(o, "started_utc", run->started_wall_us);
	json_put_text(o, "state", run_state_name(run->state));
	json_put_text(o, "reason", run->reason && run->reason[0] ? run->reason : NULL);
	json_put_text(o, "verdict", word_verdict_name(r));
	json_put_int(o, "tickets", run->ntickets);
	json_put_int(o, "done", run->done);
	json_put_int(o, "failed", run->failed);
	json_put_int(o, "unknown", run->unknown);
	json_put_int(o, "not_run", run->not_run);
	json_put_int(o, "exit_code", run->exit_code);
	json_put_bool(o, "pinned", run->pinned);
	json_put_text(o, "argv", run->argv);
	json_put_text(o, "options", run->options);
	json_put_text(o, "note", run->note && run->note[0] ? run->note : NULL);
	json_put_text(o, "client", run->client);
	json_put_text(o, "workload_text", run->workload_text && run->workload_text[0] ? run->workload_text : NULL);
	json_object_set_new(o, "phases", phases(&run->phases));
	return o;
}

static json_t *environment(const struct run_view *run)
{
	json_t *o = json_object();
	struct buf name = {0};

	for (size_t i = 0; i < run->nfacts; i++) {
		buf_clear(&name);
		escape_utf8(run->facts[i].name, &name);
		json_put_text(o, buf_str(&name), run->facts[i].value);
	}
	buf_free(&name);
	return o;
}

static void estimate(json_t *list, const char *name, const char *unit, double value, bool known, const char *base)
{
	json_t *o = json_object();

	json_put_text(o, "name", name);
	json_put_text(o, "unit", unit);
	if (strcmp(unit, "us") == 0 || strcmp(unit, "sessions at once") == 0)
		json_put_round(o, "value", value, known);
	else
		json_put_real(o, "value", value, known);
	json_put_text(o, "base", base);
	json_array_append_new(list, o);
}

static json_t *estimates(const struct rendering *r)
{
	const struct proof *p = r->proof;
	const struct run_phases *ph = &r->run->phases;
	bool serial = p->has_baseline && p->speedup > 0, ended = ph->last_end_us != QUERY_NONE;
	json_t *a = json_array();

	estimate(a, "wall", "us", (double)ph->last_end_us, ended, NULL);
	estimate(a, "makespan", "us", (double)p->makespan_us, ended && ph->go_us != QUERY_NONE, NULL);
	estimate(a, "serial_makespan", "us", (double)p->serial_makespan_us, serial, NULL);
	estimate(a, "speedup", "ratio", p->speedup, serial, serial ? "measured serial run" : NULL);
	estimate(a, "wall_speedup", "ratio", p->wall_speedup, serial, serial ? "measured serial run" : NULL);
	estimate(a, "ceiling", "ratio", p->ceiling, serial && p->ceiling > 0, serial ? p->ceiling_text : NULL);
	estimate(a, "effective_lanes", "sessions", p->effective_lanes, p->active_us > 0, NULL);
	estimate(a, "mean_active", "sessions", p->mean_active, p->active_us > 0, NULL);
	estimate(a, "peak_active", "sessions at once", p->peak, true, NULL);
	estimate(a, "overlap", "percent", p->overlap_percent, p->possible_us > 0, NULL);
	return a;
}

static json_t *proof_object(const struct proof *p)
{
	json_t *o = json_object(), *doubts = json_array();

	json_put_text(o, "verdict", verdict_name(p->verdict));
	json_put_text(o, "suffix", p->suffix[0] ? p->suffix : NULL);
	json_put_text(o, "rule", verdict_rule(p->verdict));
	json_put_text(o, "reason", p->reason[0] ? p->reason : NULL);
	json_put_text(o, "next", p->next[0] ? p->next : NULL);
	json_put_bool(o, "clock_certificate", p->clock_certificate);
	json_put_text(o, "clock", p->clock_text[0] ? p->clock_text : NULL);
	json_put_us(o, "clock_offset_us", p->clock_certificate ? p->clock_offset_us : QUERY_NONE);
	json_put_int(o, "server_intervals", p->server_intervals);
	json_put_int(o, "client_intervals", p->client_intervals);
	json_put_int(o, "witnessed", p->witnessed);
	json_put_int(o, "backends", p->backends);
	json_put_round(o, "active_us", p->active_us, true);
	json_put_round(o, "blocked_us", p->blocked_us, true);
	json_put_round(o, "overlapped_us", p->overlapped_us, true);
	json_put_round(o, "possible_us", p->possible_us, true);
	for (size_t i = 0; i < p->ndoubts; i++) {
		json_t *d = json_object();

		json_put_text(d, "name", p->doubts[i].name);
		json_put_text(d, "text", p->doubts[i].text);
		json_array_append_new(doubts, d);
	}
	json_object_set_new(o, "doubts", doubts);
	return o;
}

static json_t *suspects(const struct rendering *r)
{
	json_t *a = json_array();

	for (size_t i = 0; i < r->proof->nsuspects; i++) {
		const struct suspect *s = &r->proof->suspects[i];
		json_t *o = json_object();

		json_put_text(o, "cause", s->cause);
		json_put_round(o, "share_us", s->share_us, true);
		json_put_text(o, "evidence", s->evidence);
		json_put_text(o, "confirmed", word_confirmed(r, s->cause));
		json_array_append_new(a, o);
	}
	return a;
}

static json_t *client_cpu(const struct rendering *r)
{
	const struct proof *p = r->proof;
	json_t *o = json_object(), *workers = json_array(), *samples = json_array();

	json_put_round(o, "window_us", p->client_window_us, p->client_window_us > 0);
	json_put_round(o, "cpu_us", p->client_cpu_us, p->client_window_us > 0);
	json_put_round(o, "wait_us", p->client_wait_us, p->client_window_us > 0 && p->client_wait_us >= 0);
	for (size_t i = 0; i < r->run->nclient_cpu; i++) {
		const struct client_cpu_row *w = &r->run->client_cpu[i];
		json_t *row = json_object();

		json_put_int(row, "worker", w->worker);
		json_put_int(row, "generation", w->generation);
		json_put_int(row, "cpu_us", w->cpu_us);
		json_put_us(row, "wait_us", w->wait_us);
		json_array_append_new(workers, row);
	}
	for (size_t i = 0; i < r->run->nclient_samples; i++) {
		const struct client_sample *s = &r->run->client_samples[i];
		json_t *row = json_object();

		json_put_us(row, "at_us", s->at_us);
		json_put_int(row, "length_us", s->length_us);
		json_put_int(row, "cpu_us", s->cpu_us);
		json_put_us(row, "wait_us", s->wait_us);
		json_put_int(row, "busiest_worker", s->busiest);
		json_put_int(row, "busiest_us", s->busiest_us);
		json_array_append_new(samples, row);
	}
	json_object_set_new(o, "workers", workers);
	json_object_set_new(o, "samples", samples);
	return o;
}

static json_t *counters(const struct run_view *run)
{
	json_t *a = json_array();

	for (size_t i = 0; i < run->ncounters; i++) {
		const struct counter_view *c = &run->counters[i];
		json_t *o = json_object();

		json_put_text(o, "name", c->name);
		json_put_us(o, "before", c->before);
		json_put_us(o, "after", c->after);
		json_put_length(o, "change", c->before, c->after);
		json_array_append_new(a, o);
	}
	return a;
}

static json_t *budget_lines(const struct budget_line *lines, size_t n)
{
	json_t *a = json_array();

	for (size_t i = 0; i < n; i++) {
		json_t *o = json_object();

		json_put_text(o, "name", lines[i].name);
		json_put_text(o, "text", lines[i].text);
		json_put_int(o, "us", lines[i].us);
		json_array_append_new(a, o);
	}
	return a;
}

static json_t *budget_object(const struct budget *b)
{
	json_t *o = json_object();

	json_put_int(o, "wall_us", b->wall_us);
	json_put_int(o, "unexplained_us", b->unexplained_us);
	json_put_int(o, "allowed_us", b->allowed_us);
	json_put_int(o, "session", b->session);
	json_object_set_new(o, "lines", budget_lines(b->lines, b->nlines));
	json_object_set_new(o, "before", budget_lines(b->before, b->nbefore));
	json_object_set_new(o, "after", budget_lines(b->after, b->nafter));
	return o;
}

/* --verify-results; null without. */
static json_t *result(const struct task_result_view *v)
{
	if (!v)
		return json_null();
	json_t *o = json_object();

	json_put_int(o, "executions", v->executions);
	json_put_int(o, "rows", v->rows);
	json_put_text(o, "digest", v->digest);
	json_put_int(o, "digest_us", v->digest_us);
	return o;
}

static json_t *tasks(const struct rendering *r)
{
	struct task_stats *stats = task_stats_of(r);
	json_t *a = json_array();

	for (size_t i = 0; i < r->run->ntasks; i++) {
		const struct task_view *t = &r->run->tasks[i];
		json_t *o = json_object();

		json_put_text(o, "name", t->name);
		json_put_text(o, "sql", t->sql && t->sql[0] ? t->sql : NULL);
		json_put_int(o, "stage", t->stage);
		json_put_text(o, "after",
		        t->after >= 0 && (size_t)t->after < r->run->ntasks ? r->run->tasks[t->after].name : NULL);
		json_put_bool(o, "readonly", t->readonly);
		json_put_bool(o, "repeatable", t->repeatable);
		json_put_int(o, "attempts", stats[i].attempts);
		json_put_int(o, "done", stats[i].done);
		json_put_int(o, "failed", stats[i].failed);
		json_put_int(o, "unknown", stats[i].unknown);
		json_put_int(o, "rows", stats[i].rows);
		json_put_round(o, "mean_us", stats[i].mean_us, stats[i].done > 0);
		json_put_round(o, "p50_us", stats[i].p50_us, stats[i].p50_us >= 0);
		json_put_round(o, "p95_us", stats[i].p95_us, stats[i].p95_us >= 0);
		json_put_round(o, "p99_us", stats[i].p99_us, stats[i].p99_us >= 0);
		json_put_round(o, "max_us", stats[i].max_us, stats[i].done > 0);
		json_put_real(o, "stretch", stats[i].stretch, stats[i].stretch > 0);
		json_put_text(o, "stretch_says", stats[i].says && stats[i].says[0] ? stats[i].says : NULL);
		json_object_set_new(o, "result", result(verify_result(r->run, (uint32_t)i)));
		json_array_append_new(a, o);
	}
	task_stats_free(stats);
	return a;
}

static json_t *costs(const struct run_view *run)
{
	double figures[COSTS];
	json_t *o = json_object();

	cost_of(run, figures);
	for (int i = 0; i < COSTS; i++)
		json_put_real(o, cost_names[i].key, isnan(figures[i]) ? 0 : figures[i], !isnan(figures[i]));
	return o;
}

void json_render(const struct rendering *r, struct buf *out)
{
	const struct run_view *run = r->run;

	buf_puts(out, "{\"schema\":\"pgparallel.run/1\"");
	json_member(out, "run", run_object(r));
	json_member(out, "environment", environment(run));
	json_member(out, "estimates", estimates(r));
	json_rows(out, "errors", r, run->nerrors, json_error_row);
	json_rows(out, "attempts", r, run->nattempts, json_attempt);
	json_member(out, "proof", proof_object(r->proof));
	json_member(out, "budget", budget_object(r->budget));
	json_member(out, "tasks", tasks(r));
	json_rows(out, "sessions", r, run->nsession_rows, json_session);
	json_rows(out, "workers", r, run->nworker_rows, json_worker);
	json_rows(out, "samples", r, run->nsamples, json_sample);
	json_rows(out, "events", r, run->nevents, json_event);
	json_rows(out, "chaos", r, run->nchaos, json_chaos);
	json_member(out, "costs", costs(run));
	json_load(r, out);
	json_member(out, "suspects", suspects(r));
	json_member(out, "client_cpu", client_cpu(r));
	json_member(out, "server_counters", counters(run));
	buf_puts(out, "}\n");
}
