/*
 * proof_load: what can be said of a load run: no verdict, as its times come from the client's clock, but how many
 * sessions were inside a transaction on average, and what stands for the run in a list. Called by proof_of.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "reports/load_numbers.h"
#include "reports/proof_parts.h"
#include "reports/stats.h"
#include "reports/wording.h"

static void add_suffix(struct proof *proof, uint64_t count, const char *what)
{
	size_t used = strlen(proof->suffix);
	char number[32];

	if (count > 0)
		snprintf(proof->suffix + used, sizeof(proof->suffix) - used, "%s%s %s", used ? ", " : "",
		        word_count(count, number), what);
}

static void headline(const struct load_view *l, const struct load_numbers *n, struct proof *proof)
{
	char rate[32], name[16], time[32];
	double us = (double)(n->headline > 0 ? hist_percentile(n->latency, n->headline) : hist_max(n->latency)) / 1e3;

	if (l->done == 0)
		snprintf(proof->kept, sizeof(proof->kept), "nothing done");
	else
		snprintf(proof->kept, sizeof(proof->kept), "%s tps, %s %s", word_rate(n->tps, rate),
		        n->headline > 0 ? load_percentile_name(n->headline, name) : "max", stats_duration(us, time));
}

void proof_load(const struct run_view *run, struct proof *proof)
{
	const struct load_view *l = run->load;
	struct load_numbers n;

	load_numbers_of(run, &n);
	proof->verdict = VERDICT_NONE;
	proof->ceiling_text = "";
	proof->longest_task = -1;
	proof->active_us = (double)l->busy_us;
	proof->mean_active = n.active;
	proof->makespan_us = n.measured_us;
	proof->wall_us = run->phases.last_end_us != QUERY_NONE ? run->phases.last_end_us : 0;
	if (proof->wall_us <= 0 && l->end_us != QUERY_NONE)
		proof->wall_us = l->end_us;
	snprintf(proof->clock_text, sizeof(proof->clock_text), "a load run is timed on the client's clock");
	add_suffix(proof, l->failed, "failed");
	add_suffix(proof, l->unknown, "unknown");
	headline(l, &n, proof);
	proof_doubts_load(run, proof);
}
