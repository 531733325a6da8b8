/*
 * proof: the verdict over one run, from evidence (proof_interval, proof_blocked), activity (proof_active), the serial
 * baseline (proof_ceiling), self-doubt (proof_doubt) and words (proof_words). The caller owns what proof_of fills and
 * ends it with proof_free; renderers, gates and the parent may call it.
 */
#include "reports/proof.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/proof_parts.h"
#include "reports/stats.h"
#include "shared/buf.h"

#define SERIAL_BELOW_PERCENT 5.0
#define FASTER_FROM 1.1

const char *verdict_name(enum verdict verdict)
{
	switch (verdict) {
	case VERDICT_FAILED:
		return "FAILED";
	case VERDICT_INCONCLUSIVE:
		return "INCONCLUSIVE";
	case VERDICT_SERIAL:
		return "SERIAL";
	case VERDICT_PARALLEL:
		return "PARALLEL";
	case VERDICT_PARTLY:
		return "PARTLY PARALLEL";
	case VERDICT_NOT_FASTER:
		return "OVERLAPPED, NOT FASTER";
	case VERDICT_OVERLAPPED:
		return "OVERLAPPED";
	case VERDICT_NONE:
		return "";
	}
	return "";
}

const char *verdict_rule(enum verdict verdict)
{
	switch (verdict) {
	case VERDICT_FAILED:
		return "no task was done";
	case VERDICT_INCONCLUSIVE:
		return "fewer than two tasks were done, no clock offset fits the markers, or there were no server "
		       "times and the tasks took under two round trips";
	case VERDICT_SERIAL:
		return "two or more sessions were active for under 5 % of the time they could have been";
	case VERDICT_PARALLEL:
		return "speed-up at least 1.1 and (speed-up - 1) at least half of (ceiling - 1), against the "
		       "measured serial run";
	case VERDICT_PARTLY:
		return "speed-up at least 1.1, but (speed-up - 1) under half of (ceiling - 1), against the measured "
		       "serial run";
	case VERDICT_NOT_FASTER:
		return "sessions were active at the same time, but the speed-up over the measured serial run is under "
		       "1.1";
	case VERDICT_OVERLAPPED:
		return "sessions were active at the same time; without a measured serial run nothing is said about "
		       "speed";
	case VERDICT_NONE:
		return "a load run gets no verdict: its times are from the client's clock, and mean active sessions "
		       "stand for it";
	}
	return "";
}

double proof_fact_number(const struct run_view *run, const char *name)
{
	const char *value = run_view_fact(run, name);

	return value ? strtod(value, NULL) : 0;
}

uint32_t proof_sessions_used(const struct run_view *run)
{
	uint32_t used = 0;

	/* attempts come by session */
	for (size_t i = 0; i < run->nattempts; i++)
		used += i == 0 || run->attempts[i].session != run->attempts[i - 1].session;
	return used;
}

bool proof_client_clock_too_coarse(
        const struct run_view *run, const struct evidence *e, double *interval_us, double *rtt_us)
{
	double *lengths = mem_alloc((e->nintervals + 1) * sizeof(*lengths));

	for (size_t i = 0; i < e->nintervals; i++)
		lengths[i] = (double)(e->intervals[i].to_us - e->intervals[i].from_us);
	*interval_us = stats_median(lengths, e->nintervals);
	*rtt_us = proof_fact_number(run, "rtt_us");
	free(lengths);
	/* An unknown round trip is taken for one of a network, not of a socket: it must not make a claim easier. */
	return *interval_us < 2 * (*rtt_us > 0 ? *rtt_us : 1000);
}

static bool is_inconclusive(const struct run_view *run, const struct evidence *e, const struct proof *proof)
{
	double interval, rtt;

	if (run->done < 2 || e->nintervals == 0)
		return true;
	if (e->clock.npoints > 0 && !e->clock.fits)
		return true;
	return proof->server_intervals == 0 && proof_client_clock_too_coarse(run, e, &interval, &rtt);
}

static enum verdict decide(const struct run_view *run, const struct evidence *e, const struct comparison *comparison,
        const struct proof *proof)
{
	if (run->done == 0)
		return VERDICT_FAILED;
	if (is_inconclusive(run, e, proof))
		return VERDICT_INCONCLUSIVE;
	if (proof->possible_us <= 0 || proof->overlap_percent < SERIAL_BELOW_PERCENT)
		return VERDICT_SERIAL;
	if (!comparison->possible)
		return VERDICT_OVERLAPPED;
	/* A ceiling under 1.1 is no yardstick: reaching half of nothing is not parallel execution that helped. */
	if (proof->speedup < FASTER_FROM)
		return VERDICT_NOT_FASTER;
	if (proof->ceiling > 0 && proof->speedup - 1 >= (proof->ceiling - 1) / 2)
		return VERDICT_PARALLEL;
	return VERDICT_PARTLY;
}

static void describe_clock(const struct evidence *e, struct proof *proof)
{
	char width[32], at[32];
	const struct server_clock *clock = &e->clock;

	proof->clock_certificate = clock->npoints > 0 && clock->fits;
	proof->clock_offset_us = clock->npoints ? clock->points[0].offset_us : 0;
	if (clock->npoints == 0)
		snprintf(proof->clock_text, sizeof(proof->clock_text),
		        "no server times: all attempts are timed on the client's clock");
	else if (clock->fits)
		snprintf(proof->clock_text, sizeof(proof->clock_text),
		        "one offset between server and client clock fits all %zu markers, known to %s", clock->npoints,
		        stats_duration((double)clock->width_us, width));
	else
		snprintf(proof->clock_text, sizeof(proof->clock_text),
		        "no offset between server and client clock fits the %zu markers: around %s they disagree by %s",
		        clock->npoints, stats_duration((double)clock->contradiction_at_us, at),
		        stats_duration((double)clock->contradiction_us, width));
}

static void add_suffix(struct proof *proof, uint32_t count, const char *what)
{
	size_t used = strlen(proof->suffix);

	if (count)
		snprintf(proof->suffix + used, sizeof(proof->suffix) - used, "%s%u %s", used ? ", " : "", count, what);
}

void proof_of(const struct run_view *run, const struct run_view *baseline, struct proof *proof)
{
	struct evidence e;
	struct comparison comparison;

	*proof = (struct proof){0};
	if (run->load) {
		proof_load(run, proof);
		return;
	}
	evidence_of(run, &e);
	proof_activity(&e, proof);
	describe_clock(&e, proof);
	proof_ceiling(run, baseline, proof, &comparison);
	proof_client(run, proof);
	proof_waits(&e, proof);
	proof->verdict = decide(run, &e, &comparison, proof);
	snprintf(proof->kept, sizeof(proof->kept), "%s", verdict_name(proof->verdict));
	add_suffix(proof, run->failed, "failed");
	add_suffix(proof, run->unknown, "unknown");
	add_suffix(proof, run->not_run, "not run");
	proof_words(run, baseline, &e, proof);
	proof_doubts(run, baseline, &e, &comparison, proof);
	proof_suspects(run, baseline, &e, proof);
	evidence_free(&e);
}

void proof_free(struct proof *proof)
{
	free(proof->timeline);
	free(proof->stretches);
	*proof = (struct proof){0};
}
