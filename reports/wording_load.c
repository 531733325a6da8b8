/*
 * wording_load: the sentences about load runs, see wording.h.
 */
#include "reports/wording.h"

#include <math.h>
#include <stdio.h>

#include "reports/load_numbers.h"
#include "reports/stats.h"

const char *word_rate(double tps, char out[32])
{
	if (isfinite(tps) && tps >= 999.5 && tps < 1e15)
		return word_count((uint64_t)llround(tps), out);
	return word_number(tps, out);
}

static void put_failures(const struct load_view *l, struct buf *out)
{
	char n[32];

	buf_printf(out, "%s failed", word_count(l->failed, n));
	if (l->unknown)
		buf_printf(out, ", %s unknown", word_count(l->unknown, n));
	if (l->skipped)
		buf_printf(out, ", %s skipped", word_count(l->skipped, n));
	if (l->aborted)
		buf_printf(out, ", %s session%s given up", word_count(l->aborted, n), l->aborted == 1 ? "" : "s");
}

void word_load_summary(const struct run_view *run, struct buf *out)
{
	const struct load_view *l = run->load;
	struct load_numbers n;
	char text[32], name[16];

	load_numbers_of(run, &n);
	if (l->done == 0)
		buf_puts(out, "no transaction done by ");
	else
		buf_printf(out, "%s transactions/s by ", word_rate(n.tps, text));
	word_layout(run, out);
	if (n.measured_us > 0)
		buf_printf(out, " in %s", stats_duration((double)n.measured_us, text));
	if (l->done > 0 && n.headline > 0)
		buf_printf(out, "; %s %s", load_percentile_name(n.headline, name),
		        stats_duration((double)hist_percentile(n.latency, n.headline) / 1e3, text));
	else if (l->done > 0)
		buf_printf(out, "; at most %s", stats_duration((double)hist_max(n.latency) / 1e3, text));
	if (l->done > 0 && l->rate > 0)
		buf_puts(out, " from the schedule");
	buf_puts(out, "; ");
	put_failures(l, out);
}

void word_load_counts(const struct run_view *run, struct buf *out)
{
	const struct load_view *l = run->load;
	char n[32];

	buf_printf(out, "%s done, ", word_count(l->done, n));
	put_failures(l, out);
}

void word_load_active(const struct run_view *run, struct buf *out)
{
	struct load_numbers n;
	char active[32];

	load_numbers_of(run, &n);
	if (n.measured_us <= 0) {
		buf_puts(out, "no transaction was counted");
		return;
	}
	buf_printf(out, "on average %s of %u session%s %s inside a transaction (%.*f %%)",
	        word_number(n.active, active), run->sessions, run->sessions == 1 ? "" : "s",
	        run->sessions == 1 ? "was" : "were", n.active_percent < 99.95 && n.active_percent > 0.05 ? 1 : 0,
	        n.active_percent);
}

void word_load_connect(const struct run_view *run, struct buf *out)
{
	const struct load_view *l = run->load;
	uint32_t asked = run->end.asked_sessions ? run->end.asked_sessions : run->sessions;
	uint32_t ready = run->end.asked_sessions ? run->end.ready_sessions : run->sessions;
	struct load_numbers n;
	char time[32], count[32];

	load_numbers_of(run, &n);
	if (ready < asked)
		buf_printf(out, "%u of %u sessions ready", ready, asked);
	else
		buf_printf(out, "%s%u session%s ready", asked > 1 ? "all " : "", asked, asked == 1 ? "" : "s");
	if (n.connect_us != QUERY_NONE)
		buf_printf(out, " after %s", stats_duration((double)n.connect_us, time));
	if (n.connect_mean_us >= 0)
		buf_printf(out, "; %s connection%s in all, %s each on average", word_count(l->connects, count),
		        l->connects == 1 ? "" : "s", stats_duration(n.connect_mean_us, time));
}

void word_load_measured(const struct run_view *run, struct buf *out)
{
	const struct load_view *l = run->load;
	struct load_numbers n;
	char time[32];

	load_numbers_of(run, &n);
	if (n.measured_us <= 0) {
		buf_puts(out, "nothing was measured");
		return;
	}
	buf_printf(out, "for %s", stats_duration((double)n.measured_us, time));
	if (l->ramp_us > 0)
		buf_printf(out, ", after a ramp of %s", stats_duration((double)l->ramp_us, time));
	if (l->warmup_us > 0)
		buf_printf(out, "%s a warm-up of %s", l->ramp_us > 0 ? " and" : ", after",
		        stats_duration((double)l->warmup_us, time));
	if (l->warmed > 0)
		buf_printf(out, " whose %s transaction%s in no number", word_count(l->warmed, time),
		        l->warmed == 1 ? " is" : "s are");
}

void word_load_error(const struct load_error_view *e, struct buf *out)
{
	char n[32];
	const char *comma = "";

	if (e->failed) {
		buf_printf(out, "%s failed", word_count(e->failed, n));
		comma = ", ";
	}
	if (e->retried) {
		buf_printf(
		        out, "%s%s %s repeated", comma, word_count(e->retried, n), e->retried == 1 ? "try" : "tries");
		comma = ", ";
	}
	if (e->unknown || (!e->failed && !e->retried))
		buf_printf(out, "%s%s unknown", comma, word_count(e->unknown, n));
}
