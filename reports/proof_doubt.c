/*
 * proof_doubt: reasons to doubt a run's own numbers, each with the number that raised it. Called by proof_of.
 */
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/load_numbers.h"
#include "reports/proof_parts.h"
#include "reports/sort.h"
#include "reports/stats.h"

/* Both clocks are slewed alike, so their difference changes only when one is set; below this it is reading noise. */
#define CLOCK_STEP_US 10000
#define PAUSE_US 500000
#define CPU_WAIT_LEAST_US 10000
#define CPU_WAIT_PART 0.1
#define UNSEEN_US 500000
#define REPEATS_APART 1.5

static void __attribute__((format(printf, 3, 4))) doubt(struct proof *proof, const char *name, const char *format, ...)
{
	struct self_doubt *d;
	va_list args;

	if (proof->ndoubts == sizeof(proof->doubts) / sizeof(proof->doubts[0]))
		return;
	d = &proof->doubts[proof->ndoubts++];
	d->name = name;
	va_start(args, format);
	vsnprintf(d->text, sizeof(d->text), format, args);
	va_end(args);
}

/* CPUs this machine let the client use: its affinity, and less where the control group allows less ("150000 100000":
 * one and a half). */
static double cores_allowed(const struct run_view *run)
{
	double cores = proof_fact_number(run, "client_cpus_allowed");
	const char *group = run_view_fact(run, "client_cgroup_cpu_max");
	double quota, period;

	if (group && sscanf(group, "%lf %lf", &quota, &period) == 2 && period > 0 && quota / period < cores)
		cores = quota / period;
	return cores;
}

static void doubt_client(const struct run_view *run, struct proof *proof)
{
	double cores = cores_allowed(run), wall = (double)proof->wall_us;
	double used = (double)(run->end.usage.user_us + run->end.usage.system_us + run->end.parent_usage.user_us +
	                       run->end.parent_usage.system_us);
	char a[32], b[32];

	if (cores > 0 && wall > 0 && used > 0.9 * cores * wall)
		doubt(proof, "client CPU saturated",
		        "the %.3g CPU%s of the client were busy for %s of %s: it may have been "
		        "the limit, not the server",
		        cores, cores == 1 ? "" : "s", stats_duration(used, a), stats_duration(cores * wall, b));
	else if (proof->client_wait_us >= CPU_WAIT_LEAST_US &&
	         proof->client_wait_us >= CPU_WAIT_PART * proof->client_window_us)
		doubt(proof, "client CPU saturated",
		        "the client's lanes stood ready without getting a CPU for %s of %s each, on average: its CPUs "
		        "were busy",
		        stats_duration(proof->client_wait_us, a), stats_duration(proof->client_window_us, b));
	if (run->end.parent_paused_us >= PAUSE_US)
		doubt(proof, "parent was not running", "this program was not running for up to %s at a time",
		        stats_duration((double)run->end.parent_paused_us, a));
	if (llabs(run->end.clock_offset_change_us) >= CLOCK_STEP_US)
		doubt(proof, "clock stepped", "this machine's clock was set by %s during the run",
		        stats_duration((double)run->end.clock_offset_change_us, a));
}

/* Nothing that repeats so badly can be compared with anything else. */
static void doubt_repeats(const struct run_view *run, struct proof *proof)
{
	double factor = run->repeat_low > 0 ? run->repeat_high / run->repeat_low : 1;

	if (run->repeats >= 2 && factor > REPEATS_APART)
		doubt(proof, "repeats differ", "the same was run %u times and came out up to %.3g times apart%s",
		        run->repeats, factor,
		        run_view_fact(run, "client_pin") ? "" : ": --pin=one or --pin=split holds CPUs still");
}

static void doubt_concurrency(const struct run_view *run, struct proof *proof)
{
	uint32_t asked = run->end.asked_sessions ? run->end.asked_sessions : run->sessions;
	uint32_t could = asked < run->ntickets ? asked : run->ntickets;

	if (run->end.asked_sessions && run->end.ready_sessions < 0.9 * asked)
		doubt(proof, "achieved concurrency under 90 % of asked", "only %u of %u sessions were connected",
		        run->end.ready_sessions, asked);
	else if (could > 0 && proof->peak < 0.9 * could && proof->server_intervals + proof->client_intervals > 0)
		doubt(proof, "achieved concurrency under 90 % of asked",
		        "at most %u session%s active at the same time, %u were asked for", proof->peak,
		        proof->peak == 1 ? " was" : "s were", could);
}

static bool any_lock_seen(const struct run_view *run)
{
	for (size_t i = 0; i < run->nsamples; i++)
		if (strcmp(run->samples[i].wait_type, "Lock") == 0)
			return true;
	return false;
}

/* Median time between consecutive samples, from stretches of several; 0 = not known. */
static double sample_interval(const struct run_view *run)
{
	double sum = 0, gaps = 0;

	for (size_t i = 0; i < run->nsamples; i++) {
		const struct sample *s = &run->samples[i];

		if (s->count >= 2) {
			sum += (double)(s->last_us - s->first_us);
			gaps += s->count - 1;
		}
	}
	return gaps > 0 ? sum / gaps : 0;
}

static int by_begin(const void *a, const void *b)
{
	const struct span *x = a, *y = b;

	return (x->from_us > y->from_us) - (x->from_us < y->from_us);
}

/* The longest time without a sample while sessions overlapped. An observer that was stopped or died counts no dropped
 * samples, and a lock that nobody saw looks like work. */
static int64_t longest_unseen_us(const struct run_view *run, const struct evidence *e, const struct proof *proof)
{
	struct spans seen = {0};
	int64_t at = INT64_MAX, end = INT64_MIN, longest = 0;

	for (size_t i = 0; i < proof->ntimeline; i++) {
		const struct activity *a = &proof->timeline[i];

		if (a->active >= 2) {
			at = a->from_us < at ? a->from_us : at;
			end = a->to_us;
		}
	}
	for (size_t i = 0; i < run->nsamples; i++)
		spans_add(&seen, 0, clock_map(&e->clock, run->samples[i].first_us),
		        clock_map(&e->clock, run->samples[i].last_us) + 1);
	spans_add(&seen, 0, end, end + 1);
	sort_rows(seen.items, seen.count, sizeof(*seen.items), by_begin);
	for (size_t i = 0; i < seen.count && seen.items[i].from_us <= end; i++) {
		if (seen.items[i].from_us > at && seen.items[i].from_us - at > longest)
			longest = seen.items[i].from_us - at;
		at = seen.items[i].to_us > at ? seen.items[i].to_us : at;
	}
	free(seen.items);
	return longest;
}

static void doubt_unseen(const struct run_view *run, const struct evidence *e, double interval_us, struct proof *proof)
{
	int64_t unseen = e->clock.npoints > 0 && proof->overlapped_us > 0 ? longest_unseen_us(run, e, proof) : 0;
	char text[32];

	if (unseen > UNSEEN_US && (double)unseen > 5 * interval_us)
		doubt(proof, "dropped samples",
		        "%s of overlap without a sample of pg_stat_activity: waiting for locks cannot be told from "
		        "running there",
		        stats_duration((double)unseen, text));
}

static void doubt_samples(const struct run_view *run, const struct evidence *e, struct proof *proof)
{
	const struct msg_swept *swept = &run->end.swept;
	double interval = sample_interval(run);
	char a[32], b[32];

	if (swept->restarted)
		doubt(proof, "server restarted", "the server was started anew during the run");
	if (swept->dropped)
		doubt(proof, "dropped samples", "%u of %u samples of pg_stat_activity could not be taken in time",
		        swept->dropped, swept->samples + swept->dropped);
	else if (run->nsamples == 0 && proof->longest_us > 300000)
		doubt(proof, "dropped samples",
		        "there are no samples of pg_stat_activity: waiting for locks cannot be "
		        "told from running");
	else if (run->nsamples > 0)
		doubt_unseen(run, e, interval, proof);
	if (any_lock_seen(run) && interval > 0 && e->nintervals > 0 &&
	        proof->active_us / (double)e->nintervals < interval)
		doubt(proof, "short lock waits",
		        "sessions waited for locks, and the tasks (%s each) are shorter than the time between two "
		        "samples (%s): waits may be missed",
		        stats_duration(proof->active_us / (double)e->nintervals, a), stats_duration(interval, b));
}

static void doubt_markers(const struct evidence *e, struct proof *proof)
{
	uint32_t left_out = 0, all = proof->server_intervals + proof->client_intervals;

	for (size_t i = 0; i < e->nintervals; i++)
		left_out += (e->intervals[i].attempt->flags & ATTEMPT_NO_MARKERS) != 0;
	if (left_out)
		doubt(proof, "markers sampled",
		        "tasks this short carry server times only in a sample: %u of %u attempts are timed on the "
		        "client's clock",
		        left_out, all);
	if (proof->client_intervals > left_out)
		doubt(proof, "markers missing", "%u of %u attempts have no server times: the client's clock stands in",
		        proof->client_intervals - left_out, all);
	if (e->uncounted)
		doubt(proof, "ends not known",
		        "%zu attempts whose session was lost have no known end and count as no activity", e->uncounted);
}

static void doubt_baseline(const struct run_view *run, const struct run_view *baseline,
        const struct comparison *comparison, struct proof *proof)
{
	if (!baseline)
		return;
	if (baseline->failed || baseline->unknown || baseline->not_run || !comparison->possible)
		doubt(proof, "serial run incomplete",
		        "%u of %u tasks were done in the serial run; speed-up and ceiling are over the %u done in both",
		        baseline->done, baseline->ntickets, comparison->tickets);
	else if (comparison->tickets < run->ntickets)
		doubt(proof, "compared in part", "speed-up and ceiling are over the %u of %u tasks done in both runs",
		        comparison->tickets, run->ntickets);
	if (baseline->end.swept.restarted)
		doubt(proof, "server restarted", "the server was started anew during the serial run");
}

void proof_doubts(const struct run_view *run, const struct run_view *baseline, const struct evidence *e,
        const struct comparison *comparison, struct proof *proof)
{
	doubt_client(run, proof);
	doubt_repeats(run, proof);
	doubt_concurrency(run, proof);
	doubt_samples(run, e, proof);
	doubt_markers(e, proof);
	doubt_baseline(run, baseline, comparison, proof);
	/* Percentiles stand beside a run from 2 tasks on where a gate asks for one (see gate); a table that shows them
	 * leaves out those with too few samples, so a run whose tasks repeat is told here. */
	if (run->ntasks > 0 && run->done >= 4 * run->ntasks && !stats_percentile_shown(run->done, 95))
		doubt(proof, "too few samples for a percentile shown",
		        "%u tasks done are too few for p95: percentiles need ten samples above them", run->done);
}

/* Sessions of a closed loop have nothing to wait for between two transactions. */
static void doubt_active(const struct run_view *run, const struct load_numbers *n, struct proof *proof)
{
	const struct load_view *l = run->load;
	uint32_t asked = run->end.asked_sessions ? run->end.asked_sessions : run->sessions;
	bool closed = l->rate <= 0 && l->think_us == 0 && !l->reconnect;
	double due;

	if (run->end.asked_sessions && run->end.ready_sessions < 0.9 * asked)
		doubt(proof, "achieved concurrency under 90 % of asked", "only %u of %u sessions were connected",
		        run->end.ready_sessions, asked);
	else if (closed && l->done > 0 && n->active < 0.9 * asked)
		doubt(proof, "achieved concurrency under 90 % of asked",
		        "on average %.3g session%s inside a transaction, %u were asked for", n->active,
		        n->active == 1 ? " was" : "s were", asked);
	/* The schedule is random: a short run may miss its rate by chance. */
	due = l->rate * (double)n->measured_us / 1e6;
	if (l->rate > 0 && (double)n->all + 3 * sqrt(due) < 0.9 * due)
		doubt(proof, "rate under 90 % of asked",
		        "%.6g transactions a second were asked for, %.3g %% of them were begun or skipped: the "
		        "sessions could not keep up",
		        l->rate, 100 * (double)n->all / due);
}

/* The far tail is asked of every run and left out of short ones; that is no doubt unless somebody wanted it. */
static void doubt_percentiles(const struct load_numbers *n, struct proof *proof)
{
	char names[64] = "", name[16];
	size_t used = 0;

	for (size_t i = 0; i < n->npercentiles && n->latency->count > 0; i++) {
		if ((!n->chosen && n->percentiles[i] > 99) || hist_sound(n->latency, n->percentiles[i]) ||
		        used + 18 >= sizeof(names))
			continue;
		used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%s", used ? ", " : "",
		        load_percentile_name(n->percentiles[i], name));
	}
	if (used)
		doubt(proof, "too few samples for a percentile",
		        "%" PRIu64 " transactions are too few for %s: percentiles need ten samples above them",
		        n->latency->count, names);
}

static void doubt_records(const struct load_view *l, struct proof *proof)
{
	if (l->dropped > 0)
		doubt(proof, "dropped records",
		        "%" PRIu64 " of %" PRIu64 " records of single transactions were lost as their ring was full; "
		        "counts and percentiles are whole",
		        l->dropped, l->dropped + l->nrecords);
}

void proof_doubts_load(const struct run_view *run, struct proof *proof)
{
	struct load_numbers n;

	load_numbers_of(run, &n);
	doubt_client(run, proof);
	doubt_repeats(run, proof);
	doubt_active(run, &n, proof);
	if (run->end.swept.restarted)
		doubt(proof, "server restarted", "the server was started anew during the run");
	doubt_percentiles(&n, proof);
	doubt_records(run->load, proof);
}
