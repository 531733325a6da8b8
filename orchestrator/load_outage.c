/*
 * load_outage: stretches of the run in which nothing ends although something should: a server that is gone, restarting,
 * stopped, or out of disk. Told as two events, "outage" at the time since when nothing ended and "outage over" at the
 * end of the first transaction after it (or at the end of the run), so that reports can draw the gap.
 *
 * A look without any end is no outage by itself: transactions may take minutes, or come rarely. It is one when no
 * session is connected, or when by the run so far twenty transactions should have ended, and the gap is longer than
 * twice what nearly all transactions take.
 */
#include "orchestrator/load_watch_state.h"

#include "shared/clock.h"

#define EXPECTED_LEAST 20.0
#define USUAL_PERCENTILE 99.0

/* Every record that was drained: the ends around a gap are known better than to a look. */
void load_outage_record(struct load_watch *watch, const struct load_record *record)
{
	struct load_outage *outage = &watch->outage;

	/* One that a lost connection made fail does not end an outage. */
	bool done = record->outcome == LOAD_DONE;
	if (!outage->open && (done || record->outcome == LOAD_FAILED) && record->end_ns > outage->last_ns)
		outage->last_ns = record->end_ns;
	if (outage->open && done && record->end_ns > outage->begin_ns &&
	        (outage->again_ns == 0 || record->end_ns < outage->again_ns))
		outage->again_ns = record->end_ns;
}

static bool work_is_due(const struct load_watch *watch)
{
	return watch->run->stop.mode == STOP_NONE && !crew_all_idle(&watch->run->crew);
}

/* Whether so long a gap cannot be chance, by what the run did so far. */
static bool unusual(const struct load_watch *watch, int64_t gap)
{
	const struct load_sums *sums = &watch->before;
	double ran = (double)(watch->stretch_ns - watch->begin_ns), ended = (double)(sums->done + sums->failed);

	if (ran <= 0 || ended / ran * (double)gap < EXPECTED_LEAST)
		return false;
	return gap > 2 * (hist_percentile(watch->service, USUAL_PERCENTILE) + watch->load->think_ns);
}

static void begin_outage(struct load_watch *watch, int64_t begin, int64_t now)
{
	struct load_outage *outage = &watch->outage;
	double gap = (double)(now - begin) / 1e9;

	outage->open = true;
	outage->begin_ns = begin;
	outage->again_ns = 0;
	if (watch->connected == 0)
		run_event(watch->run, begin, LEVEL_WARNING, "outage",
		        "no transaction has ended for %.1f s: none of %u sessions is connected", gap, watch->nsessions);
	else
		run_event(watch->run, begin, LEVEL_WARNING, "outage",
		        "no transaction has ended for %.1f s: %u of %u sessions are connected and wait for the server",
		        gap, watch->connected, watch->nsessions);
}

static void end_outage(struct load_watch *watch, int64_t end, const char *how)
{
	struct load_outage *outage = &watch->outage;

	run_event(watch->run, end, LEVEL_WARNING, "outage over", "%s after %.3f s", how,
	        (double)(end - outage->begin_ns) / 1e9);
	outage->open = false;
	outage->last_ns = outage->again_ns;
}

void load_outage_look(struct load_watch *watch, const struct load_sums *more, int64_t from, int64_t now)
{
	struct load_outage *outage = &watch->outage;

	if (outage->open) {
		if (more->done > 0)
			end_outage(watch, outage->again_ns > outage->begin_ns ? outage->again_ns : from,
			        "transactions end again");
		return;
	}
	if (more->done + more->failed > 0 || !work_is_due(watch))
		return;
	/* Records may be sampled, or may have been dropped: then the counters only know the look. */
	bool exact = outage->last_ns >= watch->begin_ns && outage->last_ns <= from && watch->sums.sampled_out == 0 &&
	             watch->sums.dropped == 0;
	int64_t begin = exact ? outage->last_ns : from;
	bool disconnected = watch->connected == 0 && !watch->load->reconnect;
	if (disconnected || unusual(watch, now - begin))
		begin_outage(watch, begin, now);
}

void load_outage_end(struct load_watch *watch, int64_t now)
{
	if (watch->outage.open)
		end_outage(watch, watch->outage.again_ns > watch->outage.begin_ns ? watch->outage.again_ns : now,
		        watch->outage.again_ns ? "transactions ended again" : "the run ended");
}
