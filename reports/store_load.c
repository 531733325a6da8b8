/*
 * store_load: takes what happens in a load run (stretches, records, totals) into the queue. Each function copies what
 * it is given; nothing is written before store_commit. False after a failed commit: the row is then kept for
 * store_spill all the same, except records beyond STORE_SPILL_MOST bytes, which are counted.
 */
#include "reports/store_load.h"

#include <stdlib.h>
#include <string.h>

#include "reports/store_load_chunk.h"
#include "reports/store_private.h"
#include "shared/clock.h"

static void figures_of(struct load_times *times, const struct hist *h)
{
	times->count = h ? h->count : 0;
	load_figures_of(h, times->us);
}

static void times_of(struct load_times *times, const struct hist *h)
{
	figures_of(times, h);
	if (times->count)
		hist_pack(h, &times->packed);
}

static void script_of(struct op_load_script *to, const struct load_script_total *s)
{
	const uint64_t counters[LOAD_COUNTERS] = {
	        s->done, s->failed, s->skipped, s->unknown, s->retried, s->retries, s->late};
	memcpy(to->counters, counters, sizeof counters);
	times_of(&to->times[LOAD_SERVICE], s->service);
	times_of(&to->times[LOAD_SCHEDULE], s->schedule);
	times_of(&to->times[LOAD_LAG], s->lag);
}

static const struct hist *time_of(const struct load_script_total *s, enum load_kind_of_time kind)
{
	return kind == LOAD_SERVICE ? s->service : kind == LOAD_SCHEDULE ? s->schedule : s->lag;
}

/* Over all scripts: counters are added up, histograms are merged; only their figures are kept. */
static void sum_of(struct op_load *load, const struct load_total *total)
{
	struct hist *merged = mem_alloc(sizeof *merged);
	for (size_t i = 0; i < load->nscripts; i++)
		for (int c = 0; c < LOAD_COUNTERS; c++)
			load->all.counters[c] += load->scripts[i].counters[c];
	for (int kind = 0; kind < LOAD_TIMES; kind++) {
		memset(merged, 0, sizeof *merged);
		for (size_t i = 0; total->scripts && i < load->nscripts; i++)
			if (time_of(&total->scripts[i], (enum load_kind_of_time)kind))
				hist_merge(merged, time_of(&total->scripts[i], (enum load_kind_of_time)kind));
		figures_of(&load->all.times[kind], merged);
	}
	free(merged);
}

/* One row for each script and SQLSTATE, whoever counted it. */
static void add_error(struct op_load *load, const struct load_error_total *e)
{
	size_t i = 0;
	while (i < load->nerrors &&
	        (load->errors[i].script != e->script || strcmp(load->errors[i].sqlstate, e->sqlstate) != 0))
		i++;
	if (i == load->nerrors) {
		load->errors[load->nerrors++] =
		        (struct op_load_error){.script = e->script, .text = mem_strdup(e->text ? e->text : "")};
		memcpy(load->errors[i].sqlstate, e->sqlstate, sizeof e->sqlstate);
	}
	load->errors[i].failed += e->failed;
	load->errors[i].retried += e->retried;
	load->errors[i].unknown += e->unknown;
}

struct op_load *op_load_of(const struct plan *plan, const struct load_total *total)
{
	struct op_load *load = mem_zero(1, sizeof *load);
	load->total = *total;
	load->total.scripts = NULL;
	load->total.commands = NULL;
	load->total.errors = NULL;
	load->nscripts = total->scripts ? (size_t)plan->scripts->nscripts : 0;
	load->scripts = mem_zero(load->nscripts + 1, sizeof *load->scripts);
	for (size_t i = 0; i < load->nscripts; i++)
		script_of(&load->scripts[i], &total->scripts[i]);
	sum_of(load, total);
	load->ncommands = total->commands ? (size_t)plan->scripts->ncommands : 0;
	load->commands = mem_zero(load->ncommands + 1, sizeof *load->commands);
	for (size_t i = 0; i < load->ncommands; i++) {
		load->commands[i].failures = total->commands[i].failures;
		load->commands[i].retries = total->commands[i].retries;
		times_of(&load->commands[i].time, total->commands[i].time);
	}
	load->errors = mem_zero(total->nerrors + 1, sizeof *load->errors);
	for (size_t i = 0; i < total->nerrors; i++)
		add_error(load, &total->errors[i]);
	return load;
}

void op_load_free(struct op_load *load)
{
	if (!load)
		return;
	for (size_t i = 0; i < load->nscripts; i++)
		for (int kind = 0; kind < LOAD_TIMES; kind++)
			buf_free(&load->scripts[i].times[kind].packed);
	for (size_t i = 0; i < load->ncommands; i++)
		buf_free(&load->commands[i].time.packed);
	for (size_t i = 0; i < load->nerrors; i++)
		free(load->errors[i].text);
	free(load->scripts);
	free(load->commands);
	free(load->errors);
	free(load);
}

bool store_load_second(struct store *store, int64_t run, const struct load_second *second, struct err *err)
{
	queue_add(&store->queue, OP_LOAD_SECOND, run)->load_second = *second;
	return store_alive(store, err);
}

bool store_load_chunk(struct store *store, int64_t run, int64_t origin_ns, const struct load_record *records,
        size_t count, struct err *err)
{
	if (count == 0)
		return store_alive(store, err);
	if (count > LOAD_CHUNK_MOST)
		return err_set(err, EXIT_STORE, "%s: a chunk of %zu records is too long: please report this",
		        store->path, count);
	if (store->failed && store->queue.chunk_bytes > STORE_SPILL_MOST) {
		store->records_lost += count;
		return store_alive(store, err);
	}
	struct op *op = queue_add(&store->queue, OP_LOAD_CHUNK, run);
	struct op_load_chunk *chunk = &op->load_chunk;
	*chunk = (struct op_load_chunk){.count = (uint32_t)count, .first_us = INT64_MAX, .last_us = INT64_MIN};
	for (size_t i = 0; i < count; i++) {
		int64_t end = clock_us(records[i].end_ns, origin_ns);
		chunk->first_us = end < chunk->first_us ? end : chunk->first_us;
		chunk->last_us = end > chunk->last_us ? end : chunk->last_us;
	}
	buf_reserve(&chunk->packed, count * 12);
	load_chunk_pack(records, count, origin_ns, &chunk->packed);
	store->queue.chunk_bytes += chunk->packed.len;
	return store_alive(store, err);
}

/* One that still waits is written over: only the newest counts, and after a failed commit they would pile up. */
bool store_load_total(
        struct store *store, int64_t run, const struct plan *plan, const struct load_total *total, struct err *err)
{
	struct queue *q = &store->queue;
	struct op *waiting = q->load_total ? &q->ops[q->load_total - 1] : NULL;
	if (waiting && waiting->run == run) {
		op_load_free(waiting->load);
		waiting->load = op_load_of(plan, total);
		return store_alive(store, err);
	}
	queue_add(q, OP_LOAD_TOTAL, run)->load = op_load_of(plan, total);
	q->load_total = q->count;
	return store_alive(store, err);
}
