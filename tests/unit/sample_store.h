/*
 * sample_store: a results file with made-up runs, for the tests of the store and the read model. Included, not linked.
 * sample_begin makes a temporary folder, sample_end removes it.
 */
#ifndef TESTS_UNIT_SAMPLE_STORE_H
#define TESTS_UNIT_SAMPLE_STORE_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "reports/query.h"
#include "reports/store.h"
#include "shared/buf.h"
#include "shared/clock.h"

#define SAMPLE static __attribute__((unused))
#define SAMPLE_STARTED INT64_C(1795416012000000)
#define SAMPLE_ORIGIN INT64_C(5000000000000) /* wall zero, ns */

struct sample_store {
	char dir[64], path[96];
	struct plan plan;
	uint32_t *todo;
};

SAMPLE void sample_plan(struct sample_store *s, int ntasks, int rounds)
{
	struct plan *p = &s->plan;
	p->name = mem_strdup("five-sleeps");
	p->path = mem_strdup("five-sleeps.sql");
	p->source = mem_strdup("-- @workload five-sleeps\n");
	snprintf(p->sha256, sizeof p->sha256, "%064d", ntasks);
	p->ntasks = ntasks;
	p->nstages = 1;
	p->tasks = mem_zero((size_t)ntasks, sizeof *p->tasks);
	for (int i = 0; i < ntasks; i++) {
		char name[16];
		snprintf(name, sizeof name, "s%d", i);
		p->tasks[i] = (struct task){.name = mem_strdup(name),
		        .source = mem_strdup("select pg_sleep(1)"),
		        .line = i + 2,
		        .nstatements = 2,
		        .readonly = i == 0,
		        .transaction = i == 1,
		        .after = i == 2 ? 0 : -1,
		        .rows = -1,
		        .repeat = rounds};
	}
	p->ntickets = (uint32_t)(ntasks * rounds);
	p->tickets = mem_zero(p->ntickets, sizeof *p->tickets);
	s->todo = mem_zero(p->ntickets, sizeof *s->todo);
	for (uint32_t i = 0; i < p->ntickets; i++) {
		p->tickets[i] = (struct ticket){i % (uint32_t)ntasks, i / (uint32_t)ntasks, i == 1 ? 7 : PLAN_NO_ROW};
		s->todo[i] = i;
	}
}

SAMPLE void sample_begin(struct sample_store *s, int ntasks, int rounds)
{
	*s = (struct sample_store){0};
	snprintf(s->dir, sizeof s->dir, "/tmp/pgp-store-XXXXXX");
	if (!mkdtemp(s->dir))
		abort();
	snprintf(s->path, sizeof s->path, "%s/runs.db", s->dir);
	sample_plan(s, ntasks, rounds);
}

SAMPLE void sample_no_tasks(struct sample_store *s)
{
	for (int i = 0; i < s->plan.ntasks; i++) {
		free(s->plan.tasks[i].name);
		free(s->plan.tasks[i].source);
	}
	s->plan.ntasks = 0;
}

SAMPLE void sample_end(struct sample_store *s)
{
	DIR *dir = opendir(s->dir);
	for (struct dirent *e; dir && (e = readdir(dir));) {
		char path[512];
		snprintf(path, sizeof path, "%s/%s", s->dir, e->d_name);
		unlink(path);
	}
	if (dir)
		closedir(dir);
	rmdir(s->dir);
	sample_no_tasks(s);
	free(s->plan.name);
	free(s->plan.path);
	free(s->plan.source);
	free(s->plan.tasks);
	free(s->plan.tickets);
	free(s->todo);
}

SAMPLE struct run_begin sample_run_begin(const struct sample_store *s)
{
	return (struct run_begin){.role = "run",
	        .arm = -1,
	        .block = -1,
	        .block_order = -1,
	        .engine = "process",
	        .sessions = 5,
	        .lanes = 5,
	        .workers = 5,
	        .seed = UINT64_C(0xfedcba9876543210),
	        .started_wall_us = SAMPLE_STARTED,
	        .argv = "pgparallel run -f five-sleeps.sql",
	        .note = "a note",
	        .client = "pgparallel 0.1",
	        .keep_sql = true,
	        .ntickets = s->plan.ntickets,
	        .timeout_text = "clients=5"};
}

SAMPLE int64_t at_ms(int64_t ms)
{
	return SAMPLE_ORIGIN + ms * NS_PER_MS;
}

/* Ticket N on session N % sessions: taken at ms, 20 ms long, the server's clock 3 s ahead. */
SAMPLE struct attempt sample_attempt(uint32_t ticket, uint32_t sessions, int64_t ms)
{
	uint32_t session = ticket % sessions;
	int64_t server = SAMPLE_STARTED + 3000000 + ms * 1000;
	return (struct attempt){.ticket = ticket,
	        .try_no = 1,
	        .session = session,
	        .worker = session,
	        .generation = 1,
	        .backend_pid = 4000 + (int32_t)session,
	        .backend_start_us = SAMPLE_STARTED - 5,
	        .outcome = OUTCOME_DONE,
	        .statements = 2,
	        .rows = 1,
	        .bytes = 4,
	        .taken_ns = at_ms(ms),
	        .released_ns = at_ms(ms),
	        .sent_ns = at_ms(ms) + 40000,
	        .first_ns = at_ms(ms + 20),
	        .done_ns = at_ms(ms + 20) + 30000,
	        .before = {at_ms(ms) + 40000, at_ms(ms) + 240000, server + 100},
	        .after = {at_ms(ms) + 40000, at_ms(ms + 20) + 30000, server + 20000}};
}

SAMPLE struct session_report sample_session(uint32_t session)
{
	return (struct session_report){.session = session,
	        .worker = session,
	        .generation = 1,
	        .connect_no = 1,
	        .connected = true,
	        .backend_pid = 4000 + (int32_t)session,
	        .backend_start_us = SAMPLE_STARTED - 5,
	        .start_ns = at_ms(1),
	        .tcp_ns = at_ms(2),
	        .auth_ns = at_ms(4),
	        .ready_ns = at_ms(5)};
}

SAMPLE struct run_phases sample_phases(int64_t last_end_us)
{
	return (struct run_phases){.preflight_begin_us = -30000,
	        .preflight_end_us = -10,
	        .setup_begin_us = INT64_MIN,
	        .setup_end_us = INT64_MIN,
	        .spawn_end_us = 3000,
	        .connected_us = 9000,
	        .go_us = 12000,
	        .last_end_us = last_end_us,
	        .drain_end_us = last_end_us + 100,
	        .reap_end_us = last_end_us + 900,
	        .store_begin_us = last_end_us + 1000,
	        .name_us = 100,
	        .token_us = 0,
	        .wake_us = 0,
	        .connect_us = 2500};
}

SAMPLE struct run_end sample_run_end(uint32_t done, int64_t last_end_us)
{
	return (struct run_end){.state = RUN_FINISHED,
	        .reason = "",
	        .phases = sample_phases(last_end_us),
	        .done = done,
	        .attempts = done,
	        .attempts_done = done,
	        .swept = {.samples = 30, .dropped = 1, .connected = true},
	        .usage = {.user_us = 9, .system_us = 8, .max_rss_kb = 7, .private_kb = 6, .voluntary_switches = 5},
	        .parent_usage = {.user_us = 19},
	        .clock_offset_change_us = -4,
	        .asked_sessions = 5,
	        .ready_sessions = 5,
	        .parent_paused_us = 77};
}

/* A whole run in which every ticket is done; returns its number, 0 on an error. */
SAMPLE int64_t sample_run(
        struct sample_store *s, struct store *store, const struct run_begin *begin, uint32_t sessions, struct err *err)
{
	uint32_t n = s->plan.ntickets;
	int64_t run = store_run_begin(store, &s->plan, begin, err);
	bool ok = run && store_release(store, run, &s->plan, s->todo, 0, n, err);
	for (uint32_t i = 0; ok && i < sessions; i++) {
		struct session_report r = sample_session(i);
		ok = store_session(store, run, SAMPLE_ORIGIN, &r, err) &&
		     store_worker(store, run, i, 1, 900 + (int32_t)i, 5, 700, INT64_MIN, "", err);
	}
	for (uint32_t i = 0; ok && i < n; i++) {
		struct attempt a = sample_attempt(i, sessions, 12 + 25 * (i / sessions));
		ok = store_attempt(store, run, SAMPLE_ORIGIN, &s->plan, &a, err) &&
		     store_ticket(store, run, &s->plan, i, OUTCOME_DONE, err);
	}
	struct run_end end = sample_run_end(n, 12000 + 25000 * (int64_t)(n / sessions));
	ok = ok && store_run_end(store, run, &end, err) && store_commit(store, err);
	return ok ? run : 0;
}

#endif
