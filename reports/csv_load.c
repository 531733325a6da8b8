/*
 * csv_load: the tables of a load run. See csv_parts.h.
 */
#include "reports/csv_parts.h"
#include "reports/load_figures.h"
#include "reports/sqlstate.h"
#include "shared/clock.h"

static void put_count(struct csv_row *row, uint64_t count)
{
	csv_put_int(row, (int64_t)count);
}

/* A setting whose 0 means that it was not asked for. */
static void put_asked(struct csv_row *row, int64_t value)
{
	csv_put_us(row, value ? value : QUERY_NONE);
}

static void put_times(struct csv_row *row, const struct hist *h)
{
	int64_t us[LOAD_FIGURES];
	load_figures_of(h, us);
	for (int i = 0; i < LOAD_FIGURES; i++)
		csv_put_us(row, us[i]);
}

static void put_rate(struct csv_row *row, const struct load_view *l, uint64_t count)
{
	double rate = 0;
	bool known = load_rate(l, count, &rate);
	csv_put_real(row, rate, known);
}

static void put_settings(struct csv_row *row, const struct load_view *l)
{
	csv_put_text(row, l->mode);
	put_asked(row, l->transactions);
	put_asked(row, l->duration_us);
	csv_put_int(row, l->warmup_us);
	csv_put_int(row, l->ramp_us);
	csv_put_real(row, l->rate, l->rate > 0);
	put_asked(row, l->latency_limit_us);
	csv_put_int(row, l->think_us);
	csv_put_int(row, l->max_tries);
	csv_put_int(row, l->pipeline);
	csv_put_int(row, l->reconnect);
	csv_put_int(row, l->continue_on_error);
	csv_put_int(row, l->exit_on_abort);
	csv_put_real(row, l->sampling_rate, true);
	put_asked(row, l->scale);
}

bool csv_load(const struct rendering *r, struct csv_row *row)
{
	const struct load_view *l = r->run->load;
	double active = 0;
	if (!l)
		return true;
	bool known = load_active(l, &active);
	csv_put_run(row, r->run);
	csv_put_int(row, r->run->sessions);
	put_settings(row, l);
	csv_put_us(row, l->begin_us);
	csv_put_us(row, l->end_us);
	put_rate(row, l, l->done);
	csv_put_real(row, active, known);
	const uint64_t counts[] = {l->done, l->failed, l->skipped, l->unknown, l->retried, l->retries, l->late,
	        l->warmed, l->nrecords, l->dropped, l->sampled_out, l->aborted, l->connects};
	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
		put_count(row, counts[i]);
	csv_put_int(row, l->connect_sum_us);
	csv_put_int(row, l->busy_us);
	put_times(row, l->service);
	put_times(row, l->schedule);
	put_times(row, l->lag);
	csv_end_row(row);
	return true;
}

bool csv_load_scripts(const struct rendering *r, struct csv_row *row)
{
	const struct load_view *l = r->run->load;
	for (size_t i = 0; l && i < l->nscripts; i++) {
		const struct load_script_view *s = &l->scripts[i];
		csv_put_run(row, r->run);
		csv_put_int(row, (int64_t)i);
		csv_put_text(row, s->name);
		csv_put_int(row, s->weight);
		put_rate(row, l, s->done);
		const uint64_t counts[] = {s->done, s->failed, s->skipped, s->unknown, s->retried, s->retries, s->late};
		for (size_t k = 0; k < sizeof counts / sizeof *counts; k++)
			put_count(row, counts[k]);
		put_times(row, s->service);
		put_times(row, s->schedule);
		put_times(row, s->lag);
		csv_end_row(row);
	}
	return true;
}

static const char *script_name(const struct load_view *l, uint32_t script)
{
	return script < l->nscripts ? l->scripts[script].name : NULL;
}

bool csv_load_commands(const struct rendering *r, struct csv_row *row)
{
	const struct load_view *l = r->run->load;
	for (size_t i = 0; l && i < l->ncommands; i++) {
		const struct load_command_view *c = &l->commands[i];
		csv_put_run(row, r->run);
		csv_put_int(row, (int64_t)i);
		csv_put_text(row, script_name(l, c->script));
		csv_put_int(row, c->line);
		csv_put_text(row, c->text);
		put_count(row, c->time ? c->time->count : 0);
		put_count(row, c->failures);
		put_count(row, c->retries);
		put_times(row, c->time);
		csv_end_row(row);
	}
	return true;
}

bool csv_load_seconds(const struct rendering *r, struct csv_row *row)
{
	const struct load_view *l = r->run->load;
	for (size_t i = 0; l && i < l->nseconds; i++) {
		const struct load_second *n = &l->seconds[i];
		csv_put_run(row, r->run);
		csv_put_int(row, n->at_us);
		csv_put_int(row, n->length_us);
		csv_put_int(row, n->sessions);
		csv_put_int(row, n->measured);
		csv_put_real(row, (double)n->done * 1e6 / (double)n->length_us, n->length_us > 0);
		const uint64_t counts[] = {n->done, n->failed, n->skipped, n->unknown, n->retries};
		for (size_t k = 0; k < sizeof counts / sizeof *counts; k++)
			put_count(row, counts[k]);
		const int64_t service[] = {n->mean_us, n->stddev_us, n->p50_us, n->p95_us, n->p99_us, n->max_us};
		for (size_t k = 0; k < sizeof service / sizeof *service; k++)
			csv_put_us(row, service[k] || (k < 2 && n->done) ? service[k] : QUERY_NONE);
		const int64_t schedule[] = {n->schedule_mean_us, n->schedule_p50_us, n->schedule_p95_us,
		        n->schedule_p99_us, n->schedule_max_us};
		for (size_t k = 0; k < sizeof schedule / sizeof *schedule; k++)
			put_asked(row, schedule[k]);
		csv_end_row(row);
	}
	return true;
}

bool csv_load_errors(const struct rendering *r, struct csv_row *row)
{
	const struct load_view *l = r->run->load;
	for (size_t i = 0; l && i < l->nerrors; i++) {
		const struct load_error_view *e = &l->errors[i];
		csv_put_run(row, r->run);
		csv_put_text(row, script_name(l, e->script));
		csv_put_text(row, e->sqlstate);
		csv_put_text(row, e->sqlstate[0] ? sqlstate_meaning(e->sqlstate) : NULL);
		put_count(row, e->failed);
		put_count(row, e->retried);
		put_count(row, e->unknown);
		csv_put_text(row, e->text);
		csv_end_row(row);
	}
	return true;
}

struct record_writer {
	const struct rendering *r;
	struct csv_row *row;
};

static int64_t rounded_us(int64_t ns)
{
	return (ns + 500) / 1000;
}

static bool put_record(void *context, const struct load_record *record)
{
	struct record_writer *w = context;
	const struct load_view *l = w->r->run->load;
	enum load_outcome outcome = (enum load_outcome)record->outcome;
	char sqlstate[6];
	load_sqlstate_unpack(record->sqlstate, sqlstate);
	csv_put_run(w->row, w->r->run);
	csv_put_text(w->row, script_name(l, record->script));
	csv_put_int(w->row, record->session);
	csv_put_text(w->row, load_outcome_name(outcome));
	csv_put_int(w->row, clock_us(record->end_ns, 0));
	csv_put_us(w->row, outcome == LOAD_SKIPPED ? QUERY_NONE : rounded_us(record->latency_ns));
	csv_put_us(w->row, l->rate > 0 ? rounded_us(record->lag_ns) : QUERY_NONE);
	csv_put_int(w->row, record->retries);
	csv_put_text(w->row, sqlstate);
	csv_end_row(w->row);
	return !w->row->stopped;
}

bool csv_load_records(const struct rendering *r, struct csv_row *row)
{
	struct record_writer w = {r, row};
	return !r->run->load || !r->query || query_load_records(r->query, r->run->id, put_record, &w, row->err);
}
