/*
 * run_cost: what the engine of a run cost: what its workers told of themselves, how far apart its sessions began and
 * how evenly they shared the work. Read from shared memory when all workers are gone.
 */
#include "orchestrator/run_state.h"

#include <stdlib.h>

#include "reports/fairness.h"
#include "shared/clock.h"

void run_cost_told(struct run *run, const struct msg_usage *u)
{
	struct msg_usage *sum = &run->costs.workers;

	run->costs.told++;
	sum->user_us += u->user_us;
	sum->system_us += u->system_us;
	sum->max_rss_kb += u->max_rss_kb;
	sum->private_kb += u->private_kb;
	sum->voluntary_switches += u->voluntary_switches;
	sum->involuntary_switches += u->involuntary_switches;
	sum->threads += u->threads;
	sum->descriptors += u->descriptors;
	sum->backends += u->backends;
	sum->backends_kb += u->backends_kb;
}

/* With a ramp or a rate sessions are meant to begin one after another. A slot holds what its lane wrote into it. */
static int64_t start_skew_us(const struct run *run)
{
	const struct load *load = &run->plan->load;
	int64_t first = INT64_MAX, last = 0;

	if (run->go_ns == 0 || (run->load && (load->ramp_ns > 0 || load->rate > 0)))
		return -1;
	for (uint32_t s = 0; s < run->request->sessions; s++) {
		int64_t begun = atomic_load(&shm_slot(run->shm, s)->begun_ns);

		if (begun < run->go_ns || begun > loop_clock(run->loop))
			continue;
		first = begun < first ? begun : first;
		last = begun > last ? begun : last;
	}
	return last > 0 ? (last - first) / NS_PER_US : -1;
}

static double session_did(const struct run *run, uint32_t session)
{
	const struct slot *slot = shm_slot(run->shm, session);

	return run->load ? (double)atomic_load(&slot->tx_counted) : (double)atomic_load(&slot->done);
}

/* The same layout as crew_init: the first sessions mod lanes lanes carry one session more. */
static void fairness(const struct run *run, struct run_costs *costs)
{
	uint32_t nsessions = run->request->sessions, nlanes = 0, session = 0;
	double *sessions, *lanes, done = 0;

	for (uint32_t w = 0; w < run->nworkers; w++)
		nlanes += run->crew.members[w].nlanes;
	sessions = mem_zero(nsessions + 1u, sizeof *sessions);
	lanes = mem_zero(nlanes + 1u, sizeof *lanes);
	for (uint32_t lane = 0; lane < nlanes; lane++) {
		uint32_t n = nsessions / nlanes + (lane < nsessions % nlanes);

		for (; n > 0 && session < nsessions; n--, session++) {
			sessions[session] = session_did(run, session);
			lanes[lane] += sessions[session];
			done += sessions[session];
		}
	}
	if (done > 0) {
		costs->lane_fairness = fairness_jain(lanes, nlanes);
		costs->session_fairness = fairness_jain(sessions, nsessions);
	}
	free(sessions);
	free(lanes);
}

struct run_costs run_costs_of(const struct run *run)
{
	struct run_costs costs = run->costs;

	costs.start_skew_us = start_skew_us(run);
	fairness(run, &costs);
	return costs;
}
