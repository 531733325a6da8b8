/*
 * store_spill: the second place for results when the results file failed: what was not committed, as JSON lines.
 * One object a line with "type" first; times in microseconds after the run's wall zero, server times since 1970.
 */
#include "reports/store_private.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "shared/buf.h"
#include "shared/clock.h"

void spill_text(struct buf *b, const char *name, const char *text)
{
	buf_printf(b, ",\"%s\":\"", name);
	for (const unsigned char *p = (const unsigned char *)(text ? text : ""); *p; p++) {
		if (*p == '"' || *p == '\\')
			buf_printf(b, "\\%c", *p);
		else if (*p < 0x20 || *p == 0x7f)
			buf_printf(b, "\\u%04x", *p);
		else
			buf_putc(b, (char)*p);
	}
	buf_putc(b, '"');
}

void spill_int(struct buf *b, const char *name, int64_t value)
{
	if (value == INT64_MIN)
		buf_printf(b, ",\"%s\":null", name);
	else
		buf_printf(b, ",\"%s\":%" PRId64, name, value);
}

static void put_time(struct buf *b, const char *name, int64_t ns, int64_t origin_ns)
{
	spill_int(b, name, ns ? clock_us(ns, origin_ns) : INT64_MIN);
}

static void put_ticket(struct buf *b, const struct op_ticket *t)
{
	spill_int(b, "ticket", t->ticket);
	spill_int(b, "task", t->task);
	spill_int(b, "round", t->round);
	spill_int(b, "data_row", t->row == PLAN_NO_ROW ? INT64_MIN : (int64_t)t->row);
}

static void put_marker(struct buf *b, const char *which, const struct marker *m, int64_t origin_ns)
{
	char name[40];
	snprintf(name, sizeof name, "%s_sent_us", which);
	put_time(b, name, m->sent_ns, origin_ns);
	snprintf(name, sizeof name, "%s_received_us", which);
	put_time(b, name, m->received_ns, origin_ns);
	snprintf(name, sizeof name, "%s_server_unix_us", which);
	spill_int(b, name, m->server_us ? m->server_us : INT64_MIN);
}

static void put_attempt(struct buf *b, const struct op *op)
{
	const struct attempt *a = &op->attempt.attempt;
	put_ticket(b, &op->attempt.ticket);
	spill_int(b, "try_no", a->try_no);
	spill_int(b, "session", a->session);
	spill_int(b, "worker", a->worker);
	spill_int(b, "generation", a->generation);
	spill_int(b, "backend_pid", a->backend_pid);
	spill_text(b, "outcome", outcome_name(a->outcome));
	spill_int(b, "flags", a->flags);
	spill_text(b, "sqlstate", a->sqlstate);
	spill_text(b, "message", op->text);
	spill_int(b, "applied", a->applied);
	spill_int(b, "failed_statement", a->failed_statement);
	spill_int(b, "rows", a->rows);
	spill_int(b, "bytes", a->bytes);
	put_time(b, "taken_us", a->taken_ns, op->at);
	put_time(b, "released_us", a->released_ns, op->at);
	put_time(b, "sent_us", a->sent_ns, op->at);
	put_time(b, "first_us", a->first_ns, op->at);
	put_time(b, "done_us", a->done_ns, op->at);
	put_marker(b, "before", &a->before, op->at);
	put_marker(b, "after", &a->after, op->at);
	put_time(b, "recorded_us", a->recorded_ns, op->at);
	spill_int(b, "served_us", a->served_ns / 1000);
}

static void put_session(struct buf *b, const struct op *op)
{
	const struct session_report *r = &op->session;
	spill_int(b, "session", r->session);
	spill_int(b, "worker", r->worker);
	spill_int(b, "generation", r->generation);
	spill_int(b, "connect_no", r->connect_no);
	spill_int(b, "connected", r->connected);
	spill_int(b, "backend_pid", r->backend_pid);
	put_time(b, "start_us", r->start_ns, op->at);
	put_time(b, "ready_us", r->ready_ns, op->at);
	put_time(b, "laid_out_us", r->laid_out_ns, op->at);
	spill_int(b, "served_us", r->served_ns / 1000);
	spill_text(b, "sqlstate", r->sqlstate);
	spill_text(b, "message", op->text);
}

static void put_sample(struct buf *b, const struct sample *m)
{
	spill_int(b, "backend_pid", m->backend_pid);
	spill_int(b, "first_unix_us", m->first_us);
	spill_int(b, "last_unix_us", m->last_us);
	spill_int(b, "samples", m->count);
	spill_text(b, "state", m->state);
	spill_text(b, "wait_type", m->wait_type);
	spill_text(b, "wait_event", m->wait_event);
}

static void put_phases(struct buf *b, const struct run_phases *p)
{
	spill_int(b, "preflight_begin_us", p->preflight_begin_us);
	spill_int(b, "spawn_end_us", p->spawn_end_us);
	spill_int(b, "connected_us", p->connected_us);
	spill_int(b, "go_us", p->go_us);
	spill_int(b, "last_end_us", p->last_end_us);
	spill_int(b, "drain_end_us", p->drain_end_us);
	spill_int(b, "reap_end_us", p->reap_end_us);
}

static void put_end(struct buf *b, const struct op *op)
{
	const struct run_end *e = op->end;
	spill_text(b, "state", run_state_name(e->state));
	spill_text(b, "reason", op->text);
	spill_int(b, "done", e->done);
	spill_int(b, "failed", e->failed);
	spill_int(b, "unknown", e->unknown);
	spill_int(b, "not_run", e->not_run);
	spill_int(b, "attempts", e->attempts);
	spill_int(b, "exit_code", e->exit_code);
	put_phases(b, &e->phases);
}

static void put_op(struct buf *b, const struct op *op)
{
	static const char *const types[] = {"released", "ticket", "attempt", "session", "sample", "worker", "event",
	        "fact", "phases", "end", "verdict", "task_result", "chaos"};
	char digest[DIGEST_HEX];
	if (op->kind >= OP_LOAD_SECOND) {
		store_spill_load(b, op);
		return;
	}
	if (op->kind == OP_NOTE) {
		store_spill_note(b, op);
		return;
	}
	buf_printf(b, "{\"type\":\"%s\"", types[op->kind]);
	switch (op->kind) {
	case OP_RELEASE:
		put_ticket(b, &op->ticket);
		break;
	case OP_TICKET:
		put_ticket(b, &op->ticket);
		spill_text(b, "state", outcome_name(op->ticket.state));
		break;
	case OP_ATTEMPT:
		put_attempt(b, op);
		break;
	case OP_SESSION:
		put_session(b, op);
		break;
	case OP_SAMPLE:
		put_sample(b, &op->sample);
		break;
	case OP_WORKER:
		spill_int(b, "worker", op->worker.worker);
		spill_int(b, "generation", op->worker.generation);
		spill_int(b, "pid", op->worker.pid);
		spill_int(b, "forked_us", op->worker.forked_us);
		spill_int(b, "ended_us", op->worker.ended_us);
		spill_text(b, "end", op->text);
		break;
	case OP_EVENT:
		spill_int(b, "at_us", op->at);
		spill_text(b, "kind", op->name);
		spill_text(b, "text", op->text);
		break;
	case OP_FACT:
		spill_text(b, "name", op->name);
		spill_text(b, "value", op->text);
		break;
	case OP_PHASES:
		put_phases(b, op->phases);
		break;
	case OP_END:
		put_end(b, op);
		break;
	case OP_VERDICT:
		spill_text(b, "verdict", op->text);
		break;
	case OP_CHAOS:
		spill_text(b, "action", op->chaos.action);
		spill_text(b, "at", op->chaos.at);
		spill_int(b, "struck_us", op->chaos.struck_us);
		spill_int(b, "unknown", (int64_t)op->chaos.unknown);
		spill_int(b, "failed", (int64_t)op->chaos.failed);
		spill_int(b, "repeated", (int64_t)op->chaos.repeated);
		spill_int(b, "full_us", op->chaos.full_us);
		break;
	case OP_TASK_RESULT:
		digest_sum_hex(&op->task_result.digest, digest);
		spill_int(b, "task", op->task_result.task);
		spill_int(b, "executions", op->task_result.executions);
		spill_int(b, "rows", op->task_result.rows);
		spill_text(b, "digest", digest);
		break;
	default: /* of load runs */
		break;
	}
	buf_puts(b, "}\n");
}

static bool write_all(int fd, struct buf *b)
{
	for (size_t at = 0; at < b->len;) {
		ssize_t n = write(fd, b->data + at, b->len - at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		at += (size_t)n;
	}
	buf_clear(b);
	return true;
}

static bool write_rows(const struct store *store, int64_t run, int fd)
{
	struct buf b = {0};
	buf_printf(&b, "{\"type\":\"spill\",\"schema\":\"pgparallel.spill/1\",\"run\":%" PRId64, run);
	spill_text(&b, "store", store->path);
	spill_text(&b, "reason", store->failed ? store->failure.text : "");
	if (store->records_lost)
		spill_int(&b, "load_records_lost", (int64_t)store->records_lost);
	buf_puts(&b, "}\n");
	bool ok = true;
	for (size_t i = 0; ok && i < store->run.nfacts && store->run.facts_dirty; i++) {
		buf_puts(&b, "{\"type\":\"fact\"");
		spill_text(&b, "name", store->run.facts[i].name);
		spill_text(&b, "value", store->run.facts[i].value);
		buf_puts(&b, "}\n");
	}
	for (size_t i = 0; ok && i < store->queue.count; i++) {
		if (store->queue.ops[i].run == run)
			put_op(&b, &store->queue.ops[i]);
		if (b.len > 65536)
			ok = write_all(fd, &b);
	}
	ok = ok && write_all(fd, &b) && fsync(fd) == 0;
	buf_free(&b);
	return ok;
}

bool store_spill(struct store *store, int64_t run, const char *dir, char *path_out, size_t size, struct err *err)
{
	char path[STORE_PATH_MOST + 64];
	int fd = -1;
	for (int n = 1; fd < 0 && n < 1000; n++) {
		if (n == 1)
			snprintf(path, sizeof path, "%.*s/run-%" PRId64 ".jsonl", STORE_PATH_MOST, dir, run);
		else
			snprintf(path, sizeof path, "%.*s/run-%" PRId64 "-%d.jsonl", STORE_PATH_MOST, dir, run, n);
		fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (fd < 0 && errno != EEXIST)
			break;
	}
	if (fd < 0)
		return err_set(err, EXIT_STORE,
		        "the unsaved results cannot be written to %.900s (%s): name another folder with "
		        "--spill=DIR",
		        path, strerror(errno));
	bool ok = write_rows(store, run, fd);
	int saved = errno;
	if (close(fd) != 0 && ok) {
		saved = errno;
		ok = false;
	}
	snprintf(path_out, size, "%s", path);
	return ok || err_set(err, EXIT_STORE,
	                     "the unsaved results could only in part be written to %.900s (%s): name "
	                     "another folder with --spill=DIR",
	                     path, strerror(saved));
}
