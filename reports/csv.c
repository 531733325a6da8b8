/*
 * csv: one table of a run as CSV: RFC 4180, UTF-8, LF, a header always, NULL = empty, times in microseconds or ISO 8601
 * UTC. Text cells that a spreadsheet would run are defused unless raw. The caller owns the buffer.
 */
#include "reports/csv.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "reports/escape.h"
#include "reports/render.h"
#include "reports/sqlstate.h"
#include "reports/task_stats.h"
#include "reports/wording.h"
#include "shared/clock.h"

struct row {
	struct buf *out;
	bool raw, begun;
};

static void next_cell(struct row *row)
{
	if (row->begun)
		buf_putc(row->out, ',');
	row->begun = true;
}

static void put_null(struct row *row)
{
	next_cell(row);
}

static void put_int(struct row *row, int64_t value)
{
	next_cell(row);
	buf_printf(row->out, "%" PRId64, value);
}

/* The run's number begins every row. */
static void put_run(struct row *row, const struct run_view *run)
{
	put_int(row, run->id);
}

/* A time that may not have happened. */
static void put_us(struct row *row, int64_t us)
{
	if (us == QUERY_NONE)
		put_null(row);
	else
		put_int(row, us);
}

static void put_length(struct row *row, int64_t from, int64_t to)
{
	put_us(row, from == QUERY_NONE || to == QUERY_NONE ? QUERY_NONE : to - from);
}

static void put_real(struct row *row, double value, bool known)
{
	next_cell(row);
	if (known && isfinite(value))
		buf_printf(row->out, "%.6g", value);
}

static void put_text(struct row *row, const char *text)
{
	next_cell(row);
	if (text && text[0])
		escape_csv(text, row->raw, row->out);
}

static void put_utc(struct row *row, int64_t us)
{
	char text[32];

	next_cell(row);
	if (us == QUERY_NONE || us == 0)
		return;
	clock_iso(us, text);
	buf_puts(row->out, text);
}

static void end_row(struct row *row)
{
	buf_putc(row->out, '\n');
	row->begun = false;
}

static void put_attempts(const struct rendering *r, struct row *row)
{
	for (size_t i = 0; i < r->run->nattempts; i++) {
		const struct attempt_view *a = &r->run->attempts[i];

		put_run(row, r->run);
		put_int(row, a->ticket);
		put_text(row, a->task < r->run->ntasks ? r->run->tasks[a->task].name : NULL);
		put_int(row, a->round);
		put_us(row, a->row == UINT32_MAX ? QUERY_NONE : a->row);
		put_int(row, a->try_no);
		put_int(row, a->session);
		put_int(row, a->worker);
		put_int(row, a->generation);
		put_us(row, a->backend_pid > 0 ? a->backend_pid : QUERY_NONE);
		put_text(row, outcome_name(a->outcome));
		put_text(row, a->sqlstate);
		put_int(row, a->statements);
		put_int(row, a->applied);
		put_us(row, a->failed_statement > 0 ? a->failed_statement : QUERY_NONE);
		put_int(row, a->rows);
		put_int(row, a->bytes);
		put_us(row, a->taken_us);
		put_length(row, a->taken_us, a->sent_us);
		put_length(row, a->sent_us, a->first_us);
		put_length(row, a->first_us, a->done_us);
		put_us(row, a->done_us);
		put_utc(row, a->before_server_us);
		put_utc(row, a->after_server_us);
		put_length(row, a->before_server_us, a->after_server_us);
		put_int(row, !!(a->flags & ATTEMPT_TIMED_OUT));
		put_int(row, !!(a->flags & ATTEMPT_SESSION_LOST));
		put_int(row, !!(a->flags & ATTEMPT_WORKER_DIED));
		put_int(row, !!(a->flags & ATTEMPT_CHECK_FAILED));
		put_text(row, a->message);
		put_us(row, a->recorded_us);
		put_int(row, a->served_us);
		end_row(row);
	}
}

static void put_runs(const struct rendering *r, struct row *row)
{
	const struct run_view *run = r->run;
	const struct proof *p = r->proof;
	char seed[32];

	put_run(row, run);
	put_int(row, run->experiment);
	put_text(row, run->role);
	put_text(row, run->workload);
	put_text(row, run->workload_sha256);
	put_text(row, run->engine);
	put_int(row, run->sessions);
	put_int(row, run->lanes);
	put_int(row, run->workers);
	snprintf(seed, sizeof seed, "%" PRIu64, run->seed);
	put_text(row, seed);
	put_utc(row, run->started_wall_us);
	put_text(row, run_state_name(run->state));
	put_text(row, run->reason);
	put_text(row, word_verdict_name(r));
	put_us(row, run->phases.last_end_us);
	put_length(row, run->phases.go_us, run->phases.last_end_us);
	put_us(row, p->has_baseline ? p->serial_makespan_us : QUERY_NONE);
	put_real(row, p->speedup, p->has_baseline && p->speedup > 0);
	put_real(row, p->ceiling, p->has_baseline && p->ceiling > 0);
	put_real(row, p->effective_lanes, true);
	put_real(row, p->mean_active, true);
	put_int(row, p->peak);
	put_real(row, p->overlap_percent, true);
	put_int(row, run->ntickets);
	put_int(row, run->done);
	put_int(row, run->failed);
	put_int(row, run->unknown);
	put_int(row, run->not_run);
	put_us(row, r->budget->nlines ? r->budget->unexplained_us : QUERY_NONE);
	put_int(row, run->exit_code);
	put_text(row, run->argv);
	put_text(row, run->note);
	put_text(row, run->client);
	end_row(row);
}

static void put_tasks(const struct rendering *r, struct row *row)
{
	struct task_stats *stats = task_stats_of(r);

	for (size_t i = 0; i < r->run->ntasks; i++) {
		const struct task_view *t = &r->run->tasks[i];
		const struct task_stats *s = &stats[i];

		put_run(row, r->run);
		put_text(row, t->name);
		put_int(row, t->stage);
		put_text(row, t->after >= 0 && (size_t)t->after < r->run->ntasks ? r->run->tasks[t->after].name : NULL);
		put_int(row, t->readonly);
		put_int(row, t->repeatable);
		put_int(row, s->attempts);
		put_int(row, s->done);
		put_int(row, s->failed);
		put_int(row, s->unknown);
		put_int(row, s->rows);
		put_us(row, s->done ? (int64_t)s->mean_us : QUERY_NONE);
		put_us(row, s->p50_us >= 0 ? (int64_t)s->p50_us : QUERY_NONE);
		put_us(row, s->p95_us >= 0 ? (int64_t)s->p95_us : QUERY_NONE);
		put_us(row, s->p99_us >= 0 ? (int64_t)s->p99_us : QUERY_NONE);
		put_us(row, s->done ? (int64_t)s->max_us : QUERY_NONE);
		put_real(row, s->stretch, s->stretch > 0);
		put_text(row, t->sql);
		end_row(row);
	}
	task_stats_free(stats);
}

static void put_sessions(const struct rendering *r, struct row *row)
{
	for (size_t i = 0; i < r->run->nsession_rows; i++) {
		const struct session_view *s = &r->run->session_rows[i];
		int64_t before_auth = s->tls_us != QUERY_NONE ? s->tls_us : s->tcp_us;

		put_run(row, r->run);
		put_int(row, s->session);
		put_int(row, s->worker);
		put_int(row, s->generation);
		put_int(row, s->connect_no);
		put_int(row, s->connected);
		put_us(row, s->backend_pid > 0 ? s->backend_pid : QUERY_NONE);
		put_us(row, s->start_us);
		put_length(row, s->start_us, s->tcp_us);
		put_length(row, s->tcp_us, s->tls_us);
		put_length(row, before_auth, s->auth_us);
		put_length(row, s->auth_us, s->ready_us);
		put_us(row, s->ready_us);
		put_text(row, s->tls);
		put_text(row, s->sqlstate);
		put_text(row, s->message);
		end_row(row);
	}
}

static void put_errors(const struct rendering *r, struct row *row)
{
	for (size_t i = 0; i < r->run->nerrors; i++) {
		const struct error_view *e = &r->run->errors[i];

		put_run(row, r->run);
		put_text(row, e->sqlstate);
		put_text(row, sqlstate_meaning(e->sqlstate));
		put_text(row, e->task);
		put_text(row, e->phase);
		put_int(row, e->count);
		put_int(row, e->retried_done);
		put_int(row, e->failed);
		put_int(row, e->unknown);
		put_text(row, e->message);
		end_row(row);
	}
}

static void put_samples(const struct rendering *r, struct row *row)
{
	for (size_t i = 0; i < r->run->nsamples; i++) {
		const struct sample *s = &r->run->samples[i];
		struct buf blockers = {0};

		for (uint32_t k = 0; k < s->nblockers && k < 8; k++)
			buf_printf(&blockers, "%s%d", k ? " " : "", s->blockers[k]);
		put_run(row, r->run);
		put_int(row, s->backend_pid);
		put_utc(row, s->first_us);
		put_utc(row, s->last_us);
		put_int(row, s->count);
		put_text(row, s->state);
		put_text(row, s->wait_type);
		put_text(row, s->wait_event);
		put_text(row, buf_str(&blockers));
		end_row(row);
		buf_free(&blockers);
	}
}

static void put_events(const struct rendering *r, struct row *row)
{
	for (size_t i = 0; i < r->run->nevents; i++) {
		put_run(row, r->run);
		put_us(row, r->run->events[i].at_us);
		put_text(row, r->run->events[i].kind);
		put_text(row, r->run->events[i].text);
		end_row(row);
	}
}

static void put_environment(const struct rendering *r, struct row *row)
{
	for (size_t i = 0; i < r->run->nfacts; i++) {
		put_run(row, r->run);
		put_text(row, r->run->facts[i].name);
		put_text(row, r->run->facts[i].value);
		end_row(row);
	}
}

bool csv_render(const struct rendering *r, const char *table, bool raw, struct buf *out)
{
	static void (*const writers[])(const struct rendering *, struct row *) = {
	        put_attempts, put_runs, put_tasks, put_sessions, put_errors, put_samples, put_events, put_environment};
	const struct csv_column *columns = csv_columns(table);
	struct row row = {.out = out, .raw = raw};

	if (columns == NULL)
		return false;
	for (size_t i = 0; columns[i].name; i++)
		buf_printf(out, "%s%s", i ? "," : "", columns[i].name);
	buf_putc(out, '\n');
	for (size_t i = 0; csv_tables()[i]; i++)
		if (strcmp(csv_tables()[i], table) == 0)
			writers[i](r, &row);
	return true;
}
