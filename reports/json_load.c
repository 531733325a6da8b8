/*
 * json_load: what a load run adds to the document: settings, totals, percentiles, histograms, scripts, commands, errors
 * and seconds. Written piece by piece, as histograms are long. See json_parts.h.
 */
#include <inttypes.h>
#include <math.h>

#include "reports/json_parts.h"
#include "reports/load_figures.h"
#include "reports/sqlstate.h"

static void put_count(json_t *object, const char *key, uint64_t count)
{
	json_put_int(object, key, (int64_t)count);
}

/* A setting whose 0 means that it was not asked for. */
static void put_asked(json_t *object, const char *key, int64_t value)
{
	json_put_us(object, key, value ? value : QUERY_NONE);
}

static json_t *settings(const struct load_view *l)
{
	json_t *o = json_object();

	json_put_text(o, "mode", l->mode);
	put_asked(o, "transactions", l->transactions);
	put_asked(o, "duration_us", l->duration_us);
	json_put_int(o, "warmup_us", l->warmup_us);
	json_put_int(o, "ramp_us", l->ramp_us);
	json_put_real(o, "rate", l->rate, l->rate > 0);
	put_asked(o, "latency_limit_us", l->latency_limit_us);
	json_put_int(o, "think_us", l->think_us);
	json_put_int(o, "max_tries", l->max_tries);
	json_put_int(o, "pipeline", l->pipeline);
	json_put_bool(o, "reconnect", l->reconnect);
	json_put_bool(o, "continue_on_error", l->continue_on_error);
	json_put_bool(o, "exit_on_abort", l->exit_on_abort);
	json_put_bool(o, "per_command", l->per_command);
	json_put_real(o, "sampling_rate", l->sampling_rate, true);
	put_asked(o, "scale", l->scale);
	return o;
}

/* Each bucket with values as [its lower bound in us, values]. ns are kept: buckets below 128 ns are 1 ns wide. */
static json_t *buckets(const struct hist *h)
{
	json_t *a = json_array();

	for (unsigned i = h->low1 ? (unsigned)h->low1 - 1 : 0; i <= h->high && i < HIST_BUCKETS; i++) {
		json_t *pair;
		uint64_t low = hist_bucket_low(i);

		if (h->buckets[i] == 0)
			continue;
		pair = json_array();
		json_array_append_new(
		        pair, low % 1000 ? json_real((double)low / 1000) : json_integer((json_int_t)(low / 1000)));
		json_array_append_new(pair, json_integer((json_int_t)h->buckets[i]));
		json_array_append_new(a, pair);
	}
	return a;
}

/* null without values */
static json_t *times(const struct hist *h)
{
	int64_t us[LOAD_FIGURES];
	json_t *o;

	if (!h || !h->count)
		return json_null();
	o = json_object();
	load_figures_of(h, us);
	put_count(o, "count", h->count);
	for (int i = 0; i < LOAD_FIGURES; i++)
		json_put_us(o, load_figure_name((enum load_figure)i), us[i]);
	json_object_set_new(o, "histogram", buckets(h));
	return o;
}

static void put_rate(json_t *object, const struct load_view *l, uint64_t done)
{
	double rate = 0;
	bool known = load_rate(l, done, &rate);

	json_put_real(object, "tps", round(rate * 1e6) / 1e6, known); /* no digits that say nothing */
}

static json_t *totals(const struct load_view *l)
{
	json_t *o = json_object();
	double active = 0;
	bool known = load_active(l, &active);

	json_put_us(o, "begin_us", l->begin_us);
	json_put_us(o, "end_us", l->end_us);
	put_rate(o, l, l->done);
	json_put_real(o, "active_sessions", active, known);
	put_count(o, "done", l->done);
	put_count(o, "failed", l->failed);
	put_count(o, "skipped", l->skipped);
	put_count(o, "unknown", l->unknown);
	put_count(o, "retried", l->retried);
	put_count(o, "retries", l->retries);
	put_count(o, "late", l->late);
	put_count(o, "warmed", l->warmed);
	put_count(o, "dropped", l->dropped);
	put_count(o, "sampled_out", l->sampled_out);
	put_count(o, "aborted", l->aborted);
	put_count(o, "connects", l->connects);
	json_put_int(o, "connect_sum_us", l->connect_sum_us);
	json_put_int(o, "busy_us", l->busy_us);
	return o;
}

static json_t *script_row(const struct rendering *r, size_t i)
{
	const struct load_script_view *s = &r->run->load->scripts[i];
	json_t *o = json_object();

	json_put_text(o, "name", s->name);
	json_put_int(o, "weight", s->weight);
	put_rate(o, r->run->load, s->done);
	put_count(o, "done", s->done);
	put_count(o, "failed", s->failed);
	put_count(o, "skipped", s->skipped);
	put_count(o, "unknown", s->unknown);
	put_count(o, "retried", s->retried);
	put_count(o, "retries", s->retries);
	put_count(o, "late", s->late);
	json_object_set_new(o, "service", times(s->service));
	json_object_set_new(o, "schedule", times(s->schedule));
	json_object_set_new(o, "lag", times(s->lag));
	return o;
}

static json_t *command_row(const struct rendering *r, size_t i)
{
	const struct load_command_view *c = &r->run->load->commands[i];
	json_t *o = json_object();

	json_put_int(o, "script", c->script);
	json_put_int(o, "line", c->line);
	json_put_text(o, "text", c->text && c->text[0] ? c->text : NULL);
	put_count(o, "done", c->time ? c->time->count : 0);
	put_count(o, "failures", c->failures);
	put_count(o, "retries", c->retries);
	json_object_set_new(o, "time", times(c->time));
	return o;
}

static json_t *error_row(const struct rendering *r, size_t i)
{
	const struct load_error_view *e = &r->run->load->errors[i];
	json_t *o = json_object();

	json_put_int(o, "script", e->script);
	json_put_text(o, "sqlstate", e->sqlstate[0] ? e->sqlstate : NULL);
	json_put_text(o, "meaning", e->sqlstate[0] ? sqlstate_meaning(e->sqlstate) : NULL);
	put_count(o, "failed", e->failed);
	put_count(o, "retried", e->retried);
	put_count(o, "unknown", e->unknown);
	json_put_text(o, "message", e->text);
	return o;
}

static json_t *second_row(const struct rendering *r, size_t i)
{
	const struct load_second *n = &r->run->load->seconds[i];
	json_t *o = json_object();

	json_put_int(o, "at_us", n->at_us);
	json_put_int(o, "length_us", n->length_us);
	json_put_int(o, "sessions", n->sessions);
	json_put_bool(o, "measured", n->measured);
	put_count(o, "done", n->done);
	put_count(o, "failed", n->failed);
	put_count(o, "skipped", n->skipped);
	put_count(o, "unknown", n->unknown);
	put_count(o, "retries", n->retries);
	json_put_us(o, "mean_us", n->done ? n->mean_us : QUERY_NONE);
	json_put_us(o, "stddev_us", n->done ? n->stddev_us : QUERY_NONE);
	put_asked(o, "p50_us", n->p50_us);
	put_asked(o, "p95_us", n->p95_us);
	put_asked(o, "p99_us", n->p99_us);
	put_asked(o, "max_us", n->max_us);
	put_asked(o, "schedule_mean_us", n->schedule_mean_us);
	put_asked(o, "schedule_p50_us", n->schedule_p50_us);
	put_asked(o, "schedule_p95_us", n->schedule_p95_us);
	put_asked(o, "schedule_p99_us", n->schedule_p99_us);
	put_asked(o, "schedule_max_us", n->schedule_max_us);
	return o;
}

void json_load(const struct rendering *r, struct buf *out)
{
	const struct load_view *l = r->run->load;

	buf_puts(out, ",\n\"load\":");
	if (!l) {
		buf_puts(out, "null");
		return;
	}
	buf_printf(out, "{\"records\":%" PRIu64, l->nrecords);
	json_member(out, "settings", settings(l));
	json_member(out, "totals", totals(l));
	json_member_exact(out, "service", times(l->service));
	json_member_exact(out, "schedule", times(l->schedule));
	json_member_exact(out, "lag", times(l->lag));
	json_rows_exact(out, "scripts", r, l->nscripts, script_row);
	json_rows_exact(out, "commands", r, l->ncommands, command_row);
	json_rows(out, "errors", r, l->nerrors, error_row);
	json_rows(out, "seconds", r, l->nseconds, second_row);
	buf_putc(out, '}');
}
