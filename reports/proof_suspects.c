/*
 * proof_suspects: what may have kept a run from being faster, ranked by the part of the wall time that each may account
 * for, with the figures it rests on. A suspect is no verdict: the shares are estimates, may overlap, and are tested by
 * a run without the factor (--confirm). Called by proof_of; locks are in proof_suspects_lock.c.
 */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/proof_suspects.h"
#include "reports/stats.h"
#include "shared/buf.h"

#define SHARE_LEAST 0.05 /* of the wall: less explains nothing */
#define SHARE_LEAST_US 1000

void suspect_add(struct proof *proof, const char *cause, double share_us, const char *format, ...)
{
	struct suspect *s;
	va_list arguments;

	if (share_us < SHARE_LEAST_US || share_us < SHARE_LEAST * (double)proof->wall_us ||
	        proof->nsuspects == SUSPECTS_MOST)
		return;
	s = &proof->suspects[proof->nsuspects++];
	s->cause = cause;
	s->share_us = share_us;
	va_start(arguments, format);
	vsnprintf(s->evidence, sizeof s->evidence, format, arguments);
	va_end(arguments);
}

static const char *task_name(const struct run_view *run, const struct interval *in)
{
	return in->attempt->task < run->ntasks ? run->tasks[in->attempt->task].name : "?";
}

/* ---- connecting ---- */

struct connecting {
	double *total, *tcp, *tls, *auth, *settings; /* of each session's first connection */
	size_t n;
	int64_t first_us, last_us;
};

static int64_t part(int64_t from_us, int64_t to_us)
{
	return from_us == QUERY_NONE || to_us == QUERY_NONE || to_us < from_us ? 0 : to_us - from_us;
}

static void take_connection(struct connecting *c, const struct session_view *s)
{
	int64_t before_auth = s->tls_us != QUERY_NONE ? s->tls_us : s->tcp_us != QUERY_NONE ? s->tcp_us : s->start_us;

	c->total[c->n] = (double)part(s->start_us, s->ready_us);
	c->tcp[c->n] = (double)part(s->start_us, s->tcp_us);
	c->tls[c->n] = (double)part(s->tcp_us, s->tls_us);
	c->auth[c->n] = (double)part(before_auth, s->auth_us);
	c->settings[c->n] = (double)part(s->auth_us, s->ready_us);
	if (c->n == 0 || s->start_us < c->first_us)
		c->first_us = s->start_us;
	if (c->n == 0 || s->ready_us > c->last_us)
		c->last_us = s->ready_us;
	c->n++;
}

/* The largest part, by its median. */
static const char *slowest_part(const struct connecting *c, double *us)
{
	const char *const names[] = {"TCP", "TLS", "authentication", "session settings"};
	const double *const parts[] = {c->tcp, c->tls, c->auth, c->settings};
	const char *name = names[0];

	*us = -1;
	for (int i = 0; i < 4; i++) {
		double median = stats_median(parts[i], c->n);

		if (median > *us) {
			*us = median;
			name = names[i];
		}
	}
	return name;
}

static void suspect_connecting(const struct run_view *run, struct proof *proof)
{
	struct connecting c = {0};
	double *room = mem_zero(5 * (run->nsession_rows + 1), sizeof *room), slow, median, alone;
	char a[32], b[32], d[32], f[32];
	const char *which;

	c.total = room;
	c.tcp = room + (run->nsession_rows + 1);
	c.tls = room + 2 * (run->nsession_rows + 1);
	c.auth = room + 3 * (run->nsession_rows + 1);
	c.settings = room + 4 * (run->nsession_rows + 1);
	for (size_t i = 0; i < run->nsession_rows; i++) {
		const struct session_view *s = &run->session_rows[i];

		if (s->connected && s->connect_no <= 1 && s->start_us != QUERY_NONE && s->ready_us != QUERY_NONE &&
		        run->phases.go_us != QUERY_NONE && s->ready_us <= run->phases.go_us)
			take_connection(&c, s);
	}
	if (c.n > 0) {
		which = slowest_part(&c, &slow);
		median = stats_median(c.total, c.n);
		alone = run->phases.connect_us == QUERY_NONE ? 0 : (double)run->phases.connect_us;
		bool storm = c.n >= 8 && alone > 0 && median > 2 * alone;
		suspect_add(proof, storm ? "connect storm" : "slow connecting",
		        (double)(c.last_us - (c.first_us > 0 ? c.first_us : 0)),
		        "the %zu sessions took %s from the first's start to the last being ready, %s each (median), of "
		        "which %s %s%s%s",
		        c.n, stats_duration((double)(c.last_us - c.first_us), a), stats_duration(median, b), which,
		        stats_duration(slow, d), alone > 0 ? "; the observer, connecting alone, took " : "",
		        alone > 0 ? stats_duration(alone, f) : "");
	}
	free(room);
}

static void suspect_token(const struct run_view *run, struct proof *proof)
{
	char a[32];

	if (run->phases.token_us != QUERY_NONE && run->phases.token_us > 0)
		suspect_add(proof, "tokens fetched in turn", (double)run->phases.token_us,
		        "a credential was waited for for %s before the first session could connect",
		        stats_duration((double)run->phases.token_us, a));
}

/* ---- the layout of the work ---- */

static void suspect_pooler(const struct run_view *run, struct proof *proof)
{
	const char *connection = run_view_fact(run, "connection");
	uint32_t used = proof_sessions_used(run);

	if (proof->backends == 0 || proof->backends >= used)
		return;
	suspect_add(proof, proof->backends == 1 ? "all sessions share one backend" : "sessions share backends",
	        (double)proof->makespan_us * (1 - (double)proof->backends / used),
	        "%u sessions ran tasks on %u backend%s of the server; the connection is %s", used, proof->backends,
	        proof->backends == 1 ? "" : "s",
	        connection && strcmp(connection, "pooler") == 0 ? "a pooler's" : "direct");
}

/* Time in which an interval was the only active one. */
static double alone_us(const struct proof *proof, const struct interval *in)
{
	double us = 0;

	for (size_t i = 0; i < proof->ntimeline; i++) {
		const struct activity *a = &proof->timeline[i];
		int64_t from = a->from_us > in->from_us ? a->from_us : in->from_us;
		int64_t to = a->to_us < in->to_us ? a->to_us : in->to_us;

		if (a->active == 1 && to > from)
			us += (double)(to - from);
	}
	return us;
}

static void suspect_long_task(const struct run_view *run, const struct evidence *e, struct proof *proof)
{
	double *lengths = mem_alloc((e->nintervals + 1) * sizeof *lengths), median, alone;
	const struct interval *longest = NULL;
	char a[32], b[32], c[32], d[32];
	size_t n = 0;

	for (size_t i = 0; i < e->nintervals; i++)
		if (!longest || e->intervals[i].active_us > longest->active_us)
			longest = &e->intervals[i];
	for (size_t i = 0; i < e->nintervals; i++)
		if (&e->intervals[i] != longest)
			lengths[n++] = e->intervals[i].active_us;
	median = stats_median(lengths, n);
	free(lengths);
	if (n == 0 || run->sessions < 2 || longest->active_us < 2 * median)
		return;
	alone = alone_us(proof, longest);
	suspect_add(proof, "one long task", alone,
	        "%.80s takes %s, %.3g times the median of the others (%s); for %s of the %s after GO nothing else ran",
	        task_name(run, longest), stats_duration(longest->active_us, a),
	        median > 0 ? longest->active_us / median : 0, stats_duration(median, b), stats_duration(alone, c),
	        stats_duration((double)proof->makespan_us, d));
}

static void suspect_chain(const struct run_view *run, struct proof *proof)
{
	double each = proof->sum_us / (run->sessions ? run->sessions : 1), rest;
	char a[32], b[32];

	rest = proof->longest_task_us > each ? proof->longest_task_us : each;
	if (proof->longest_chain_us > proof->longest_task_us)
		suspect_add(proof, "tasks are chained by after=", proof->longest_chain_us - rest,
		        "%s, one after another; without the chain %s would do", proof->ceiling_text,
		        stats_duration(rest, a));
	else if (proof->verdict == VERDICT_SERIAL && strstr(proof->reason, "chained by after="))
		suspect_add(proof, "tasks are chained by after=", (double)proof->makespan_us - proof->longest_us,
		        "%.300s; the longest of them takes %s of %s", proof->reason,
		        stats_duration(proof->longest_us, a), stats_duration((double)proof->makespan_us, b));
}

static void suspect_few_sessions(const struct run_view *run, struct proof *proof)
{
	double half = (double)proof->makespan_us / 2, left;
	char a[32], b[32];

	if (run->ntickets <= run->sessions || proof->effective_lanes < 0.8 * run->sessions)
		return;
	left = proof->longest_us > half ? proof->longest_us : half;
	suspect_add(proof, "too few sessions", (double)proof->makespan_us - left,
	        "on average %.3g of %u session%s active, and %u tasks were to be run: with twice as many sessions the "
	        "%s could become %s, if the server has room for them",
	        proof->effective_lanes, run->sessions, run->sessions == 1 ? " was" : "s were", run->ntickets,
	        stats_duration((double)proof->makespan_us, a), stats_duration(left, b));
}

/* ---- the client and the way to the server ---- */

static void suspect_client(const struct run_view *run, struct proof *proof)
{
	char a[32], b[32], c[32];

	if (proof->client_wait_us <= 0 || proof->client_window_us <= 0)
		return;
	suspect_add(proof, "client CPU saturated", proof->client_wait_us,
	        "each of the client's %u lane%s stood ready without getting a CPU for %s of %s, on average; together "
	        "they used %s of CPU on the %g CPU%s they may use",
	        run->lanes, run->lanes == 1 ? "" : "s", stats_duration(proof->client_wait_us, a),
	        stats_duration(proof->client_window_us, b), stats_duration(proof->client_cpu_us, c),
	        proof_fact_number(run, "client_cpus_allowed"),
	        proof_fact_number(run, "client_cpus_allowed") == 1 ? "" : "s");
}

static void suspect_round_trips(const struct run_view *run, const struct evidence *e, struct proof *proof)
{
	double *lane = mem_alloc((e->nintervals + 1) * sizeof *lane),
	       *way = mem_alloc((e->nintervals + 1) * sizeof *way);
	double lane_us, way_us, rtt = proof_fact_number(run, "rtt_us");
	char a[32], b[32], c[32];
	size_t n = 0;

	for (size_t i = 0; i < e->nintervals; i++) {
		const struct interval *in = &e->intervals[i];
		const struct attempt_view *at = in->attempt;

		if (!in->on_server || at->sent_us == QUERY_NONE || at->done_us == QUERY_NONE)
			continue;
		lane[n] = (double)(at->done_us - at->sent_us);
		way[n] = lane[n] - (double)(in->to_us - in->from_us);
		n++;
	}
	lane_us = stats_median(lane, n);
	way_us = stats_median(way, n);
	free(lane);
	free(way);
	if (n == 0 || way_us < 0.3 * lane_us)
		return;
	suspect_add(proof, "round trips", way_us * (double)e->nintervals / (run->sessions ? run->sessions : 1),
	        "a task takes %s from its sending to its result (median), of which it is on its way there and back, or "
	        "waits for a CPU, for %s: %.0f %%%s%s",
	        stats_duration(lane_us, a), stats_duration(way_us, b), 100 * way_us / lane_us,
	        rtt > 0 ? "; a round trip takes " : "", rtt > 0 ? stats_duration(rtt, c) : "");
}

/* ---- the server ---- */

struct class_sums {
	double stretched_us[3]; /* lane time beyond that alone, of tasks whose samples show CPU, disk, other */
	uint64_t samples, on_cpu, on_lock, on_disk;
};

static struct class_sums classes_of(const struct run_view *run, const struct evidence *e, const struct proof *proof)
{
	struct class_sums sums = {0};
	double *active_us = mem_zero(run->ntasks + 1, sizeof *active_us); /* what they waited for locks is not in it */
	uint32_t *executions = mem_zero(run->ntasks + 1, sizeof *executions);

	for (size_t i = 0; i < e->nintervals; i++) {
		const struct interval *in = &e->intervals[i];

		sums.samples += in->samples;
		sums.on_cpu += in->on_cpu;
		sums.on_lock += in->on_lock;
		sums.on_disk += in->on_disk;
		if (in->attempt->task < run->ntasks) {
			executions[in->attempt->task]++;
			active_us[in->attempt->task] += in->active_us;
		}
	}
	for (size_t i = 0; i < proof->nstretches; i++) {
		const struct stretch *st = &proof->stretches[i];
		double more = active_us[st->task] - st->alone_us * executions[st->task];
		uint32_t free_samples = st->samples - st->on_lock;

		if (st->factor < 1.1 || free_samples < 3 || more <= 0)
			continue;
		if (st->on_cpu * 2 >= free_samples)
			sums.stretched_us[0] += more;
		else if (st->on_disk * 2 >= free_samples)
			sums.stretched_us[1] += more;
		else
			sums.stretched_us[2] += more;
	}
	free(executions);
	free(active_us);
	return sums;
}

/* Without a serial run nothing is known of stretch, but more running than there are CPUs must wait for one. */
static void suspect_crowd(const struct run_view *run, const struct class_sums *sums, struct proof *proof)
{
	double cpus = proof_fact_number(run, "server_cpus"), on_cpu;

	if (sums->samples < 5 || cpus <= 0)
		return;
	on_cpu = proof->effective_lanes * (double)sums->on_cpu / (double)sums->samples;
	if (on_cpu > 1.2 * cpus)
		suspect_add(proof, "server CPU", (double)proof->makespan_us * (1 - cpus / on_cpu),
		        "%.3g sessions on average computed or waited for a CPU at the same time (%llu of %llu samples "
		        "of running tasks show no wait); the server has %g CPU%s",
		        on_cpu, (unsigned long long)sums->on_cpu, (unsigned long long)sums->samples, cpus,
		        cpus == 1 ? "" : "s");
}

static void suspect_disk(
        const struct run_view *run, const struct class_sums *sums, double share_us, struct proof *proof)
{
	int64_t blocks = 0, temp = 0;

	run_view_counted(run, "db_blocks_read", &blocks);
	run_view_counted(run, "db_temp_bytes", &temp);
	suspect_add(proof, "server I/O waits", share_us,
	        "%llu of %llu samples of running tasks show them waiting for the disk; the database read %lld blocks "
	        "that were not in its buffers and wrote %lld bytes of temporary files meanwhile",
	        (unsigned long long)sums->on_disk, (unsigned long long)sums->samples,
	        (long long)(blocks > 0 ? blocks : 0), (long long)(temp > 0 ? temp : 0));
}

static double median_factor(const struct proof *proof)
{
	double *factors = mem_alloc((proof->nstretches + 1) * sizeof *factors), median;

	for (size_t i = 0; i < proof->nstretches; i++)
		factors[i] = proof->stretches[i].factor;
	median = stats_median(factors, proof->nstretches);
	free(factors);
	return median;
}

static void suspect_server(const struct run_view *run, const struct evidence *e, struct proof *proof)
{
	struct class_sums sums = classes_of(run, e, proof);
	double sessions = run->sessions ? run->sessions : 1, lane_us = proof->active_us / sessions;
	double cpus = proof_fact_number(run, "server_cpus");
	char more[64] = "";

	if (cpus > 0)
		snprintf(more, sizeof more, "; the server has %g CPU%s", cpus, cpus == 1 ? "" : "s");
	if (sums.stretched_us[0] > 0)
		suspect_add(proof, "server CPU", sums.stretched_us[0] / sessions,
		        "the tasks took %.2f times as long as alone (median), and %llu of %llu samples of running "
		        "tasks "
		        "show no wait, which is computing or waiting for a CPU%s",
		        median_factor(proof), (unsigned long long)sums.on_cpu, (unsigned long long)sums.samples, more);
	else if (proof->nstretches == 0)
		suspect_crowd(run, &sums, proof);
	if (sums.stretched_us[1] > 0)
		suspect_disk(run, &sums, sums.stretched_us[1] / sessions, proof);
	else if (proof->nstretches == 0 && sums.samples >= 5 && sums.on_disk * 4 >= sums.samples)
		suspect_disk(run, &sums, lane_us * (double)sums.on_disk / (double)sums.samples, proof);
	if (sums.stretched_us[2] > 0)
		suspect_add(proof, "server waits", sums.stretched_us[2] / sessions,
		        "the tasks took %.2f times as long as alone (median), and most samples of them show a wait: %s",
		        median_factor(proof), proof->stretches[0].wait);
}

static int by_share(const void *a, const void *b)
{
	const struct suspect *x = a, *y = b;

	return (x->share_us < y->share_us) - (x->share_us > y->share_us);
}

void proof_suspects(
        const struct run_view *run, const struct run_view *baseline, const struct evidence *e, struct proof *proof)
{
	(void)baseline;
	if (strcmp(run->role ? run->role : "", "baseline") == 0 || e->nintervals == 0)
		return;
	suspect_locks(run, e, proof);
	suspect_pooler(run, proof);
	suspect_long_task(run, e, proof);
	suspect_chain(run, proof);
	suspect_connecting(run, proof);
	suspect_token(run, proof);
	suspect_client(run, proof);
	suspect_server(run, e, proof);
	suspect_few_sessions(run, proof);
	suspect_round_trips(run, e, proof);
	qsort(proof->suspects, proof->nsuspects, sizeof *proof->suspects, by_share);
}
