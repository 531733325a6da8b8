/*
 * csv: one table of a run as CSV: RFC 4180, UTF-8, LF, a header always, NULL = empty, times in microseconds or ISO 8601
 * UTC. Text cells that a spreadsheet would run are defused unless raw. The caller owns the buffer.
 */
#include "reports/csv_parts.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "reports/cost.h"
#include "reports/render.h"
#include "reports/sqlstate.h"
#include "reports/task_stats.h"
#include "reports/verify.h"
#include "reports/wording.h"

static void put_attempts(const struct rendering *r, struct csv_row *row)
{
	for (size_t i = 0; i < r->run->nattempts; i++) {
		const struct attempt_view *a = &r->run->attempts[i];

		csv_put_run(row, r->run);
		csv_put_int(row, a->ticket);
		csv_put_text(row, a->task < r->run->ntasks ? r->run->tasks[a->task].name : NULL);
		csv_put_int(row, a->round);
		csv_put_us(row, a->row == UINT32_MAX ? QUERY_NONE : a->row);
		csv_put_int(row, a->try_no);
		csv_put_int(row, a->session);
		csv_put_int(row, a->worker);
		csv_put_int(row, a->generation);
		csv_put_us(row, a->backend_pid > 0 ? a->backend_pid : QUERY_NONE);
		csv_put_text(row, outcome_name(a->outcome));
		csv_put_text(row, a->sqlstate);
		csv_put_int(row, a->statements);
		csv_put_int(row, a->applied);
		csv_put_us(row, a->failed_statement > 0 ? a->failed_statement : QUERY_NONE);
		csv_put_int(row, a->rows);
		csv_put_int(row, a->bytes);
		csv_put_us(row, a->taken_us);
		csv_put_length(row, a->taken_us, a->sent_us);
		csv_put_length(row, a->sent_us, a->first_us);
		csv_put_length(row, a->first_us, a->done_us);
		csv_put_us(row, a->done_us);
		csv_put_utc(row, a->before_server_us);
		csv_put_utc(row, a->after_server_us);
		csv_put_length(row, a->before_server_us, a->after_server_us);
		csv_put_int(row, !!(a->flags & ATTEMPT_TIMED_OUT));
		csv_put_int(row, !!(a->flags & ATTEMPT_SESSION_LOST));
		csv_put_int(row, !!(a->flags & ATTEMPT_WORKER_DIED));
		csv_put_int(row, !!(a->flags & ATTEMPT_CHECK_FAILED));
		csv_put_text(row, a->message);
		csv_put_us(row, a->recorded_us);
		csv_put_int(row, a->served_us);
		csv_put_length(row, a->complete_us, a->done_us);
		csv_end_row(row);
	}
}

static void put_costs(const struct run_view *run, struct csv_row *row)
{
	double figures[COSTS];

	cost_of(run, figures);
	for (int i = 0; i < COSTS; i++) {
		bool whole = cost_names[i].unit != COST_RATIO;

		if (whole)
			csv_put_us(row, isnan(figures[i]) ? QUERY_NONE : (int64_t)(figures[i] + 0.5));
		else
			csv_put_real(row, figures[i], !isnan(figures[i]));
	}
}

static void put_doubt_names(const struct rendering *r, struct csv_row *row)
{
	struct buf names = {0};

	for (size_t i = 0; i < r->proof->ndoubts; i++)
		buf_printf(&names, "%s%s", i ? "; " : "", r->proof->doubts[i].name);
	csv_put_text(row, buf_str(&names));
	buf_free(&names);
}

static void put_runs(const struct rendering *r, struct csv_row *row)
{
	const struct run_view *run = r->run;
	const struct proof *p = r->proof;
	char seed[32];

	csv_put_run(row, run);
	csv_put_int(row, run->experiment);
	csv_put_text(row, run->role);
	csv_put_text(row, run->workload);
	csv_put_text(row, run->workload_sha256);
	csv_put_text(row, run->engine);
	csv_put_int(row, run->sessions);
	csv_put_int(row, run->lanes);
	csv_put_int(row, run->workers);
	snprintf(seed, sizeof seed, "%" PRIu64, run->seed);
	csv_put_text(row, seed);
	csv_put_utc(row, run->started_wall_us);
	csv_put_text(row, run_state_name(run->state));
	csv_put_text(row, run->reason);
	csv_put_text(row, word_verdict_name(r));
	csv_put_us(row, run->phases.last_end_us);
	csv_put_length(row, run->phases.go_us, run->phases.last_end_us);
	csv_put_us(row, p->has_baseline ? p->serial_makespan_us : QUERY_NONE);
	csv_put_real(row, p->speedup, p->has_baseline && p->speedup > 0);
	csv_put_real(row, p->ceiling, p->has_baseline && p->ceiling > 0);
	csv_put_real(row, p->effective_lanes, true);
	csv_put_real(row, p->mean_active, true);
	csv_put_int(row, p->peak);
	csv_put_real(row, p->overlap_percent, true);
	csv_put_int(row, run->ntickets);
	csv_put_int(row, run->done);
	csv_put_int(row, run->failed);
	csv_put_int(row, run->unknown);
	csv_put_int(row, run->not_run);
	csv_put_us(row, r->budget->nlines ? r->budget->unexplained_us : QUERY_NONE);
	csv_put_int(row, run->exit_code);
	csv_put_text(row, run->argv);
	csv_put_text(row, run->note);
	csv_put_text(row, run->client);
	put_costs(run, row);
	put_doubt_names(r, row);
	csv_end_row(row);
}

static void put_result(const struct task_result_view *v, struct csv_row *row)
{
	csv_put_us(row, v ? v->executions : QUERY_NONE);
	csv_put_us(row, v ? v->rows : QUERY_NONE);
	csv_put_text(row, v ? v->digest : NULL);
	csv_put_us(row, v ? v->digest_us : QUERY_NONE);
}

static void put_tasks(const struct rendering *r, struct csv_row *row)
{
	struct task_stats *stats = task_stats_of(r);

	for (size_t i = 0; i < r->run->ntasks; i++) {
		const struct task_view *t = &r->run->tasks[i];
		const struct task_stats *s = &stats[i];

		csv_put_run(row, r->run);
		csv_put_text(row, t->name);
		csv_put_int(row, t->stage);
		csv_put_text(
		        row, t->after >= 0 && (size_t)t->after < r->run->ntasks ? r->run->tasks[t->after].name : NULL);
		csv_put_int(row, t->readonly);
		csv_put_int(row, t->repeatable);
		csv_put_int(row, s->attempts);
		csv_put_int(row, s->done);
		csv_put_int(row, s->failed);
		csv_put_int(row, s->unknown);
		csv_put_int(row, s->rows);
		csv_put_us(row, s->done ? (int64_t)s->mean_us : QUERY_NONE);
		csv_put_us(row, s->p50_us >= 0 ? (int64_t)s->p50_us : QUERY_NONE);
		csv_put_us(row, s->p95_us >= 0 ? (int64_t)s->p95_us : QUERY_NONE);
		csv_put_us(row, s->p99_us >= 0 ? (int64_t)s->p99_us : QUERY_NONE);
		csv_put_us(row, s->done ? (int64_t)s->max_us : QUERY_NONE);
		csv_put_real(row, s->stretch, s->stretch > 0);
		csv_put_text(row, t->sql);
		put_result(verify_result(r->run, (uint32_t)i), row);
		csv_put_text(row, s->says);
		csv_end_row(row);
	}
	task_stats_free(stats);
}

static void put_sessions(const struct rendering *r, struct csv_row *row)
{
	for (size_t i = 0; i < r->run->nsession_rows; i++) {
		const struct session_view *s = &r->run->session_rows[i];
		int64_t before_auth = s->tls_us != QUERY_NONE ? s->tls_us : s->tcp_us;

		csv_put_run(row, r->run);
		csv_put_int(row, s->session);
		csv_put_int(row, s->worker);
		csv_put_int(row, s->generation);
		csv_put_int(row, s->connect_no);
		csv_put_int(row, s->connected);
		csv_put_us(row, s->backend_pid > 0 ? s->backend_pid : QUERY_NONE);
		csv_put_us(row, s->start_us);
		csv_put_length(row, s->start_us, s->tcp_us);
		csv_put_length(row, s->tcp_us, s->tls_us);
		csv_put_length(row, before_auth, s->auth_us);
		csv_put_length(row, s->auth_us, s->ready_us);
		csv_put_us(row, s->ready_us);
		csv_put_text(row, s->tls);
		csv_put_text(row, s->sqlstate);
		csv_put_text(row, s->message);
		csv_end_row(row);
	}
}

static void put_errors(const struct rendering *r, struct csv_row *row)
{
	for (size_t i = 0; i < r->run->nerrors; i++) {
		const struct error_view *e = &r->run->errors[i];

		csv_put_run(row, r->run);
		csv_put_text(row, e->sqlstate);
		csv_put_text(row, sqlstate_meaning(e->sqlstate));
		csv_put_text(row, e->task);
		csv_put_text(row, e->phase);
		csv_put_int(row, e->count);
		csv_put_int(row, e->retried_done);
		csv_put_int(row, e->failed);
		csv_put_int(row, e->unknown);
		csv_put_text(row, e->message);
		csv_end_row(row);
	}
}

static void put_samples(const struct rendering *r, struct csv_row *row)
{
	for (size_t i = 0; i < r->run->nsamples; i++) {
		const struct sample *s = &r->run->samples[i];
		struct buf blockers = {0};

		for (uint32_t k = 0; k < s->nblockers && k < 8; k++)
			buf_printf(&blockers, "%s%d", k ? " " : "", s->blockers[k]);
		csv_put_run(row, r->run);
		csv_put_int(row, s->backend_pid);
		csv_put_utc(row, s->first_us);
		csv_put_utc(row, s->last_us);
		csv_put_int(row, s->count);
		csv_put_text(row, s->state);
		csv_put_text(row, s->wait_type);
		csv_put_text(row, s->wait_event);
		csv_put_text(row, buf_str(&blockers));
		csv_end_row(row);
		buf_free(&blockers);
	}
}

static void put_events(const struct rendering *r, struct csv_row *row)
{
	for (size_t i = 0; i < r->run->nevents; i++) {
		csv_put_run(row, r->run);
		csv_put_us(row, r->run->events[i].at_us);
		csv_put_text(row, r->run->events[i].kind);
		csv_put_text(row, r->run->events[i].text);
		csv_end_row(row);
	}
}

static void put_environment(const struct rendering *r, struct csv_row *row)
{
	for (size_t i = 0; i < r->run->nfacts; i++) {
		csv_put_run(row, r->run);
		csv_put_text(row, r->run->facts[i].name);
		csv_put_text(row, r->run->facts[i].value);
		csv_end_row(row);
	}
}

static void put_suspects(const struct rendering *r, struct csv_row *row)
{
	for (size_t i = 0; i < r->proof->nsuspects; i++) {
		const struct suspect *s = &r->proof->suspects[i];

		csv_put_run(row, r->run);
		csv_put_int(row, (int64_t)i + 1);
		csv_put_text(row, s->cause);
		csv_put_int(row, (int64_t)s->share_us);
		csv_put_text(row, s->evidence);
		csv_put_text(row, word_confirmed(r, s->cause));
		csv_end_row(row);
	}
}

static void put_doubts(const struct rendering *r, struct csv_row *row)
{
	for (size_t i = 0; i < r->proof->ndoubts; i++) {
		csv_put_run(row, r->run);
		csv_put_text(row, r->proof->doubts[i].name);
		csv_put_text(row, r->proof->doubts[i].text);
		csv_end_row(row);
	}
}

static void put_counters(const struct rendering *r, struct csv_row *row)
{
	for (size_t i = 0; i < r->run->ncounters; i++) {
		const struct counter_view *c = &r->run->counters[i];

		csv_put_run(row, r->run);
		csv_put_text(row, c->name);
		csv_put_us(row, c->before);
		csv_put_us(row, c->after);
		csv_put_length(row, c->before, c->after);
		csv_end_row(row);
	}
}

static void put_client_cpu(const struct rendering *r, struct csv_row *row)
{
	for (size_t i = 0; i < r->run->nclient_samples; i++) {
		const struct client_sample *s = &r->run->client_samples[i];

		csv_put_run(row, r->run);
		csv_put_us(row, s->at_us);
		csv_put_int(row, s->length_us);
		csv_put_int(row, s->cpu_us);
		csv_put_us(row, s->wait_us);
		csv_put_int(row, s->busiest);
		csv_put_int(row, s->busiest_us);
		csv_end_row(row);
	}
}

static void put_chaos(const struct rendering *r, struct csv_row *row)
{
	for (size_t i = 0; i < r->run->nchaos; i++) {
		const struct chaos_record *c = &r->run->chaos[i];

		csv_put_run(row, r->run);
		csv_put_text(row, c->action);
		csv_put_text(row, c->at);
		csv_put_int(row, c->asked);
		csv_put_int(row, c->workers);
		csv_put_int(row, c->sessions);
		csv_put_us(row, c->struck_us);
		csv_put_int(row, (int64_t)c->unknown);
		csv_put_int(row, (int64_t)c->failed);
		csv_put_int(row, (int64_t)c->repeated);
		csv_put_int(row, c->survivors);
		csv_put_int(row, (int64_t)c->before_count);
		csv_put_int(row, (int64_t)c->after_count);
		csv_put_us(row, c->before_count ? c->before_p50_us : QUERY_NONE);
		csv_put_us(row, c->after_count ? c->after_p50_us : QUERY_NONE);
		csv_put_us(row, c->before_count ? c->before_max_us : QUERY_NONE);
		csv_put_us(row, c->after_count ? c->after_max_us : QUERY_NONE);
		csv_put_us(row, c->full ? c->full_us : QUERY_NONE);
		csv_end_row(row);
	}
}

const char *csv_default(const struct run_view *run)
{
	return run->load ? "load_seconds" : "attempts";
}

static bool no_such_table(const char *table, struct err *err)
{
	err_set(err, EXIT_USAGE, "--csv-table: there is no table \"%s\"; there are:", table);
	for (const char *const *name = csv_tables(); err && *name; name++) {
		size_t used = strlen(err->text);
		snprintf(err->text + used, sizeof err->text - used, " %s", *name);
	}
	return false;
}

bool csv_render(const struct rendering *r, const char *table, bool raw, struct buf *out, struct err *err)
{
	/* In the order of csv_tables. */
	static void (*const writers[])(const struct rendering *, struct csv_row *) = {put_attempts, put_runs, put_tasks,
	        put_sessions, put_errors, put_samples, put_events, put_environment, put_suspects, put_doubts,
	        put_counters, put_client_cpu, put_chaos};
	static bool (*const load_writers[])(const struct rendering *, struct csv_row *) = {
	        csv_load, csv_load_scripts, csv_load_commands, csv_load_seconds, csv_load_errors, csv_load_records};
	const size_t nwriters = sizeof writers / sizeof *writers;
	const char *name = table ? table : csv_default(r->run);
	const struct csv_column *columns = csv_columns(name);
	struct csv_row row = {.out = out, .raw = raw, .drain = r->drain, .err = err};

	if (columns == NULL)
		return no_such_table(name, err);
	for (size_t i = 0; columns[i].name && !r->headless; i++)
		buf_printf(out, "%s%s", i ? "," : "", columns[i].name);
	if (!r->headless)
		buf_putc(out, '\n');
	size_t which = 0;
	while (strcmp(csv_tables()[which], name) != 0)
		which++;
	if (which >= nwriters)
		return load_writers[which - nwriters](r, &row) && !row.stopped;
	writers[which](r, &row);
	return !row.stopped;
}
