/*
 * store_load_spill: the rows of a load run as JSON lines; see store_spill.c, which calls it.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "reports/store_load.h"
#include "reports/store_load_chunk.h"
#include "reports/store_private.h"

static void put_second(struct buf *b, const struct load_second *n)
{
	buf_puts(b, "{\"type\":\"load_second\"");
	spill_int(b, "at_us", n->at_us);
	spill_int(b, "length_us", n->length_us);
	spill_int(b, "sessions", n->sessions);
	spill_int(b, "measured", n->measured);
	spill_int(b, "done", (int64_t)n->done);
	spill_int(b, "failed", (int64_t)n->failed);
	spill_int(b, "skipped", (int64_t)n->skipped);
	spill_int(b, "unknown", (int64_t)n->unknown);
	spill_int(b, "retries", (int64_t)n->retries);
	spill_int(b, "mean_us", n->mean_us);
	spill_int(b, "max_us", n->max_us);
	spill_int(b, "schedule_mean_us", n->schedule_mean_us);
	spill_int(b, "schedule_max_us", n->schedule_max_us);
	buf_puts(b, "}\n");
}

static void put_chunk(struct buf *b, const struct op_load_chunk *chunk)
{
	struct load_record *records = mem_alloc(LOAD_CHUNK_MOST * sizeof *records);
	size_t n = load_chunk_unpack(chunk->packed.data, chunk->packed.len, records, LOAD_CHUNK_MOST);
	for (size_t i = 0; n != LOAD_CHUNK_BAD && i < n; i++) {
		const struct load_record *r = &records[i];
		char sqlstate[6];
		load_sqlstate_unpack(r->sqlstate, sqlstate);
		buf_puts(b, "{\"type\":\"load_record\"");
		spill_int(b, "end_ns", r->end_ns);
		spill_int(b, "latency_ns", r->latency_ns);
		spill_int(b, "lag_ns", r->lag_ns);
		spill_int(b, "session", r->session);
		spill_int(b, "script", r->script);
		spill_text(b, "outcome", load_outcome_name((enum load_outcome)r->outcome));
		spill_int(b, "retries", r->retries);
		spill_text(b, "sqlstate", sqlstate);
		buf_puts(b, "}\n");
	}
	free(records);
}

static void put_counters(struct buf *b, const struct op_load_script *s)
{
	static const char *const names[LOAD_COUNTERS] = {
	        "done", "failed", "skipped", "unknown", "retried", "retries", "late"};
	for (int i = 0; i < LOAD_COUNTERS; i++)
		spill_int(b, names[i], (int64_t)s->counters[i]);
}

static void put_times(struct buf *b, const char *name, const struct load_times *times)
{
	buf_printf(b, ",\"%s\":{\"count\":%" PRIu64, name, times->count);
	for (int i = 0; i < LOAD_FIGURES; i++)
		spill_int(b, load_figure_name((enum load_figure)i), times->us[i]);
	buf_putc(b, '}');
}

static void put_script(struct buf *b, const struct op_load_script *s)
{
	put_counters(b, s);
	put_times(b, "service", &s->times[LOAD_SERVICE]);
	put_times(b, "schedule", &s->times[LOAD_SCHEDULE]);
	put_times(b, "lag", &s->times[LOAD_LAG]);
	buf_puts(b, "}\n");
}

static void put_total(struct buf *b, const struct op_load *load)
{
	const struct load_total *t = &load->total;
	buf_puts(b, "{\"type\":\"load_total\"");
	spill_int(b, "begin_us", t->begin_us);
	spill_int(b, "end_us", t->end_us);
	spill_int(b, "warmed", (int64_t)t->warmed);
	spill_int(b, "connects", (int64_t)t->connects);
	spill_int(b, "connect_sum_us", t->connect_sum_us);
	spill_int(b, "busy_us", t->busy_us);
	spill_int(b, "aborted", (int64_t)t->aborted);
	put_script(b, &load->all);
	for (size_t i = 0; i < load->nscripts; i++) {
		buf_puts(b, "{\"type\":\"load_script\"");
		spill_int(b, "script", (int64_t)i);
		put_script(b, &load->scripts[i]);
	}
	for (size_t i = 0; i < load->ncommands; i++) {
		buf_puts(b, "{\"type\":\"load_command\"");
		spill_int(b, "command", (int64_t)i);
		spill_int(b, "failures", (int64_t)load->commands[i].failures);
		spill_int(b, "retries", (int64_t)load->commands[i].retries);
		put_times(b, "time", &load->commands[i].time);
		buf_puts(b, "}\n");
	}
	for (size_t i = 0; i < load->nerrors; i++) {
		const struct op_load_error *e = &load->errors[i];
		buf_puts(b, "{\"type\":\"load_error\"");
		spill_int(b, "script", e->script);
		spill_text(b, "sqlstate", e->sqlstate);
		spill_int(b, "failed", (int64_t)e->failed);
		spill_int(b, "retried", (int64_t)e->retried);
		spill_int(b, "unknown", (int64_t)e->unknown);
		spill_text(b, "text", e->text);
		buf_puts(b, "}\n");
	}
}

void store_spill_load(struct buf *b, const struct op *op)
{
	if (op->kind == OP_LOAD_SECOND)
		put_second(b, &op->load_second);
	else if (op->kind == OP_LOAD_CHUNK)
		put_chunk(b, &op->load_chunk);
	else
		put_total(b, op->load);
}
