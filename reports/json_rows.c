/*
 * json_rows: one object per attempt, session, worker, sample, event and kind of error. See json_parts.h. The caller
 * owns what is returned.
 */
#include <string.h>

#include "reports/json_parts.h"
#include "reports/lanes.h"
#include "reports/sqlstate.h"

json_t *json_attempt(const struct rendering *r, size_t i)
{
	const struct attempt_view *a = &r->run->attempts[i];
	json_t *o = json_object();
	int64_t from, to;

	json_put_int(o, "ticket", a->ticket);
	json_put_text(o, "task", a->task < r->run->ntasks ? r->run->tasks[a->task].name : NULL);
	json_put_int(o, "round", a->round);
	json_put_us(o, "data_row", a->row == UINT32_MAX ? QUERY_NONE : a->row);
	json_put_text(o, "outcome", outcome_name(a->outcome));
	json_put_int(o, "try_no", a->try_no);
	json_put_int(o, "session", a->session);
	json_put_int(o, "worker", a->worker);
	json_put_int(o, "generation", a->generation);
	json_put_us(o, "backend_pid", a->backend_pid > 0 ? a->backend_pid : QUERY_NONE);
	json_put_text(o, "sqlstate", a->sqlstate[0] ? a->sqlstate : NULL);
	json_put_us(o, "taken_us", a->taken_us);
	json_put_length(o, "queue_us", a->taken_us, a->sent_us);
	json_put_length(o, "execute_us", a->sent_us, a->first_us);
	json_put_length(o, "fetch_us", a->first_us, a->done_us);
	json_put_us(o, "done_us", a->done_us);
	json_put_us(o, "server_start_unix_us", a->before_server_us);
	json_put_us(o, "server_end_unix_us", a->after_server_us);
	if (lanes_execute(r, a, &from, &to)) {
		json_put_us(o, "active_from_us", from);
		json_put_us(o, "active_to_us", to);
	} else {
		json_put_us(o, "active_from_us", QUERY_NONE);
		json_put_us(o, "active_to_us", QUERY_NONE);
	}
	json_put_int(o, "rows", a->rows);
	json_put_int(o, "bytes", a->bytes);
	json_put_int(o, "statements", a->statements);
	json_put_int(o, "applied", a->applied);
	json_put_us(o, "failed_statement", a->failed_statement > 0 ? a->failed_statement : QUERY_NONE);
	json_put_bool(o, "timed_out", a->flags & ATTEMPT_TIMED_OUT);
	json_put_bool(o, "session_lost", a->flags & ATTEMPT_SESSION_LOST);
	json_put_bool(o, "worker_died", a->flags & ATTEMPT_WORKER_DIED);
	json_put_bool(o, "check_failed", a->flags & ATTEMPT_CHECK_FAILED);
	json_put_text(o, "message", a->message);
	json_put_us(o, "recorded_us", a->recorded_us);
	json_put_int(o, "served_us", a->served_us);
	json_put_length(o, "commit_us", a->complete_us, a->done_us);
	return o;
}

json_t *json_session(const struct rendering *r, size_t i)
{
	const struct session_view *s = &r->run->session_rows[i];
	json_t *o = json_object();

	json_put_int(o, "session", s->session);
	json_put_int(o, "worker", s->worker);
	json_put_int(o, "generation", s->generation);
	json_put_int(o, "connect_no", s->connect_no);
	json_put_bool(o, "connected", s->connected);
	json_put_us(o, "backend_pid", s->backend_pid > 0 ? s->backend_pid : QUERY_NONE);
	json_put_us(o, "start_us", s->start_us);
	json_put_length(o, "tcp_us", s->start_us, s->tcp_us);
	json_put_length(o, "tls_us", s->tcp_us, s->tls_us);
	json_put_length(o, "auth_us", s->tls_us != QUERY_NONE ? s->tls_us : s->tcp_us, s->auth_us);
	json_put_length(o, "setup_us", s->auth_us, s->ready_us);
	json_put_us(o, "ready_us", s->ready_us);
	json_put_text(o, "tls", s->tls[0] ? s->tls : NULL);
	json_put_text(o, "sqlstate", s->sqlstate[0] ? s->sqlstate : NULL);
	json_put_text(o, "message", s->message);
	return o;
}

json_t *json_worker(const struct rendering *r, size_t i)
{
	const struct worker_view *w = &r->run->worker_rows[i];
	json_t *o = json_object();

	json_put_int(o, "worker", w->worker);
	json_put_int(o, "generation", w->generation);
	json_put_int(o, "pid", w->pid);
	json_put_us(o, "forked_us", w->forked_us);
	json_put_us(o, "born_us", w->born_us);
	json_put_us(o, "ended_us", w->ended_us);
	json_put_text(o, "end", w->end[0] ? w->end : NULL);
	return o;
}

json_t *json_sample(const struct rendering *r, size_t i)
{
	const struct sample *s = &r->run->samples[i];
	json_t *o = json_object(), *blockers = json_array();

	json_put_int(o, "backend_pid", s->backend_pid);
	json_put_us(o, "first_unix_us", s->first_us);
	json_put_us(o, "last_unix_us", s->last_us);
	json_put_int(o, "samples", s->count);
	json_put_text(o, "state", s->state);
	json_put_text(o, "wait_event_type", s->wait_type[0] ? s->wait_type : NULL);
	json_put_text(o, "wait_event", s->wait_event[0] ? s->wait_event : NULL);
	for (uint32_t k = 0; k < s->nblockers && k < 8; k++)
		json_array_append_new(blockers, json_integer(s->blockers[k]));
	json_object_set_new(o, "blockers", blockers);
	return o;
}

json_t *json_chaos(const struct rendering *r, size_t i)
{
	const struct chaos_record *c = &r->run->chaos[i];
	json_t *o = json_object();

	json_put_text(o, "action", c->action);
	json_put_text(o, "at", c->at);
	json_put_int(o, "asked", c->asked);
	json_put_int(o, "workers", c->workers);
	json_put_int(o, "sessions", c->sessions);
	json_put_us(o, "struck_us", c->struck_us);
	json_put_int(o, "unknown", (int64_t)c->unknown);
	json_put_int(o, "failed", (int64_t)c->failed);
	json_put_int(o, "repeated", (int64_t)c->repeated);
	json_put_int(o, "survivors", c->survivors);
	json_put_int(o, "before_count", (int64_t)c->before_count);
	json_put_int(o, "after_count", (int64_t)c->after_count);
	json_put_us(o, "before_p50_us", c->before_count ? c->before_p50_us : QUERY_NONE);
	json_put_us(o, "after_p50_us", c->after_count ? c->after_p50_us : QUERY_NONE);
	json_put_us(o, "before_max_us", c->before_count ? c->before_max_us : QUERY_NONE);
	json_put_us(o, "after_max_us", c->after_count ? c->after_max_us : QUERY_NONE);
	json_put_us(o, "full_strength_us", c->full ? c->full_us : QUERY_NONE);
	return o;
}

json_t *json_event(const struct rendering *r, size_t i)
{
	const struct event_view *e = &r->run->events[i];
	json_t *o = json_object();

	json_put_us(o, "at_us", e->at_us);
	json_put_text(o, "kind", e->kind);
	json_put_text(o, "text", e->text);
	return o;
}

json_t *json_error_row(const struct rendering *r, size_t i)
{
	const struct error_view *e = &r->run->errors[i];
	json_t *o = json_object();

	json_put_text(o, "sqlstate", e->sqlstate[0] ? e->sqlstate : NULL);
	json_put_text(o, "meaning", sqlstate_meaning(e->sqlstate));
	json_put_text(o, "task", e->task);
	json_put_text(o, "phase", e->phase);
	json_put_int(o, "count", e->count);
	json_put_int(o, "retried_done", e->retried_done);
	json_put_int(o, "failed", e->failed);
	json_put_int(o, "unknown", e->unknown);
	json_put_text(o, "message", e->message);
	return o;
}
