/*
 * fake_store: stands in for reports/store, keeps counts of what it was told and can be told to fail. Included by one
 * test program, whose definitions the linker takes instead of the library's.
 */
#ifndef TESTS_FAKE_STORE_H
#define TESTS_FAKE_STORE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/store.h"

#define STORED_MOST 4096

static struct stored {
	enum outcome ticket[STORED_MOST]; /* last told */
	uint32_t ticket_told[STORED_MOST]; /* how often a state other than "not run" */
	bool released[STORED_MOST];
	int64_t commits_before, commits_after, client_cpu_us, client_sampled_us;
	uint32_t counters, client_rows;
	uint32_t attempts, releases, commits, spilled, workers, sessions;
	struct attempt last_bad; /* last attempt that was not done */
	char last_bad_message[400];
	char events[16384]; /* "kind: text" lines */
	struct run_end end;
	char reason[256];
	bool setup_first; /* the event of @setup came before the first release */
	uint32_t fail_release_from; /* releases from this number on fail; 0 = none */
} stored;

/* Of a load run. */
#define STORED_SECONDS 4096
#define STORED_SCRIPTS 4
static struct stored_load {
	struct load_second seconds[STORED_SECONDS];
	size_t nseconds;
	uint64_t records, outcomes[LOAD_UNKNOWN + 1], chunks, latency_sum_ns;
	struct load_record last;
	uint32_t totals; /* how often they were told */
	struct load_total total; /* the last; pointers in it lead to what follows */
	struct load_script_total scripts[STORED_SCRIPTS];
	struct hist service[STORED_SCRIPTS], schedule[STORED_SCRIPTS], lag[STORED_SCRIPTS], command;
	struct load_command_total commands[1];
	struct load_error_total errors[16];
	char texts[16][LOAD_ERROR_TEXT];
	bool fail; /* rows of load runs are refused */
} stored_load;

struct store {
	int unused;
};
static struct store the_store;

void store_warm(struct store *store)
{
	(void)store;
}

struct store *store_open(const char *path, int *interrupted, struct err *err)
{
	(void)path;
	(void)err;
	*interrupted = 0;
	return &the_store;
}

bool store_close(struct store *store, struct err *err)
{
	(void)store;
	(void)err;
	return true;
}

int64_t store_experiment(struct store *store, const struct experiment_begin *begin, struct err *err)
{
	(void)store;
	(void)begin;
	(void)err;
	return 1;
}

int64_t store_run_begin(struct store *store, const struct plan *plan, const struct run_begin *begin, struct err *err)
{
	(void)store;
	(void)plan;
	(void)begin;
	(void)err;
	return 1;
}

bool store_run_facts(struct store *store, int64_t run, const struct server_facts *facts, struct err *err)
{
	(void)store;
	(void)run;
	(void)facts;
	(void)err;
	return true;
}

bool store_run_fact(struct store *store, int64_t run, const char *name, const char *value, struct err *err)
{
	(void)store;
	(void)run;
	(void)name;
	(void)value;
	(void)err;
	return true;
}

bool store_release(struct store *store, int64_t run, const struct plan *plan, const uint32_t *todo, uint32_t from,
        uint32_t to, struct err *err)
{
	(void)store;
	(void)run;
	(void)plan;
	stored.releases++;
	if (stored.fail_release_from && stored.releases >= stored.fail_release_from)
		return err_set(err, EXIT_STORE, "disk full");
	for (uint32_t i = from; i < to; i++)
		if (todo[i] < STORED_MOST)
			stored.released[todo[i]] = true;
	return true;
}

bool store_session(struct store *store, int64_t run, int64_t origin_ns, const struct session_report *r, struct err *err)
{
	(void)store;
	(void)run;
	(void)origin_ns;
	(void)r;
	(void)err;
	stored.sessions++;
	return true;
}

bool store_attempt(struct store *store, int64_t run, int64_t origin_ns, const struct plan *plan,
        const struct attempt *a, struct err *err)
{
	(void)store;
	(void)run;
	(void)origin_ns;
	(void)plan;
	(void)err;
	stored.attempts++;
	if (a->outcome != OUTCOME_DONE) {
		stored.last_bad = *a;
		snprintf(stored.last_bad_message, sizeof stored.last_bad_message, "%s", a->message ? a->message : "");
	}
	return true;
}

bool store_ticket(
        struct store *store, int64_t run, const struct plan *plan, uint32_t ticket, enum outcome state, struct err *err)
{
	(void)store;
	(void)run;
	(void)plan;
	(void)err;
	if (ticket < STORED_MOST) {
		stored.ticket[ticket] = state;
		stored.ticket_told[ticket] += state != OUTCOME_NONE;
	}
	return true;
}

bool store_samples(struct store *store, int64_t run, const struct sample *samples, size_t count, struct err *err)
{
	(void)store;
	(void)run;
	(void)samples;
	(void)count;
	(void)err;
	return true;
}

bool store_worker(struct store *store, int64_t run, uint32_t worker, uint32_t generation, int32_t pid,
        int64_t forked_us, int64_t born_us, int64_t ended_us, const char *end, struct err *err)
{
	(void)store;
	(void)run;
	(void)worker;
	(void)generation;
	(void)pid;
	(void)forked_us;
	(void)born_us;
	(void)ended_us;
	(void)end;
	(void)err;
	stored.workers++;
	return true;
}

bool store_chaos(struct store *store, int64_t run, const struct chaos_record *chaos, struct err *err)
{
	(void)store;
	(void)run;
	(void)chaos;
	(void)err;
	return true;
}

bool store_task_result(struct store *store, int64_t run, const struct task_result *result, struct err *err)
{
	(void)store;
	(void)run;
	(void)result;
	(void)err;
	return true;
}

bool store_event(struct store *store, int64_t run, int64_t at_us, const char *kind, const char *text, struct err *err)
{
	size_t used = strlen(stored.events);

	(void)store;
	(void)run;
	(void)at_us;
	(void)err;
	snprintf(stored.events + used, sizeof stored.events - used, "%s: %s\n", kind, text);
	if (strcmp(kind, "setup finished") == 0)
		stored.setup_first = stored.releases == 0;
	return true;
}

bool store_load_second(struct store *store, int64_t run, const struct load_second *second, struct err *err)
{
	(void)store;
	(void)run;
	if (stored_load.fail)
		return err_set(err, EXIT_STORE, "disk full");
	if (stored_load.nseconds < STORED_SECONDS)
		stored_load.seconds[stored_load.nseconds++] = *second;
	return true;
}

bool store_load_chunk(struct store *store, int64_t run, int64_t origin_ns, const struct load_record *records,
        size_t count, struct err *err)
{
	(void)store;
	(void)run;
	(void)origin_ns;
	if (stored_load.fail || count == 0 || count > LOAD_CHUNK_MOST)
		return err_set(err, EXIT_STORE, "no such chunk");
	for (size_t i = 0; i < count; i++) {
		stored_load.records++;
		stored_load.outcomes[records[i].outcome]++;
		stored_load.latency_sum_ns += (uint64_t)records[i].latency_ns;
	}
	stored_load.last = records[count - 1];
	stored_load.chunks++;
	return true;
}

bool store_load_total(
        struct store *store, int64_t run, const struct plan *plan, const struct load_total *total, struct err *err)
{
	struct stored_load *s = &stored_load;

	(void)store;
	(void)run;
	if (s->fail)
		return err_set(err, EXIT_STORE, "disk full");
	s->totals++;
	s->total = *total;
	for (int i = 0; i < plan->scripts->nscripts && i < STORED_SCRIPTS; i++) {
		s->scripts[i] = total->scripts[i];
		s->service[i] = *total->scripts[i].service;
		s->schedule[i] = *total->scripts[i].schedule;
		s->lag[i] = *total->scripts[i].lag;
	}
	if (total->commands) {
		s->commands[0] = total->commands[0];
		s->command = *total->commands[0].time;
	}
	for (size_t i = 0; i < total->nerrors && i < 16; i++) {
		s->errors[i] = total->errors[i];
		snprintf(s->texts[i], sizeof s->texts[i], "%s", total->errors[i].text);
		s->errors[i].text = s->texts[i];
	}
	return true;
}

bool store_phases(struct store *store, int64_t run, const struct run_phases *phases, struct err *err)
{
	(void)store;
	(void)run;
	(void)phases;
	(void)err;
	return true;
}

bool store_run_end(struct store *store, int64_t run, const struct run_end *end, struct err *err)
{
	(void)store;
	(void)run;
	(void)err;
	stored.end = *end;
	snprintf(stored.reason, sizeof stored.reason, "%s", end->reason);
	return true;
}

bool store_commit(struct store *store, struct err *err)
{
	(void)store;
	(void)err;
	stored.commits++;
	return true;
}

bool store_dirty(const struct store *store)
{
	(void)store;
	return false;
}

bool store_spill(struct store *store, int64_t run, const char *dir, char *path_out, size_t size, struct err *err)
{
	(void)store;
	(void)run;
	(void)err;
	snprintf(path_out, size, "%s/run-1.jsonl", dir);
	stored.spilled++;
	return true;
}

bool store_counter(struct store *store, int64_t run, const char *name, int64_t before, int64_t after, struct err *err)
{
	(void)store;
	(void)run;
	(void)err;
	stored.counters++;
	if (strcmp(name, "db_commits") == 0) {
		stored.commits_before = before;
		stored.commits_after = after;
	}
	return true;
}

bool store_client_cpu(struct store *store, int64_t run, const struct client_cpu_row *row, struct err *err)
{
	(void)store;
	(void)run;
	(void)err;
	stored.client_cpu_us += row->cpu_us;
	stored.client_rows++;
	return true;
}

bool store_client_sample(struct store *store, int64_t run, const struct client_sample *sample, struct err *err)
{
	(void)store;
	(void)run;
	(void)err;
	stored.client_sampled_us += sample->length_us;
	return true;
}

#endif
