/*
 * cost: see the header. Pure; called by the renderers of runs and of comparisons.
 */
#include "reports/cost.h"

#include <math.h>
#include <stdio.h>

#include "reports/stats.h"
#include "reports/wording.h"

const struct cost_name cost_names[COSTS] = {
        [COST_USER] = {"cost_user_us", "CPU, user", "user CPU of the workers", COST_US},
        [COST_SYSTEM] = {"cost_system_us", "CPU, system", "system CPU of the workers", COST_US},
        [COST_USER_EACH] = {"cost_user_each_us", "CPU, user, each", "the same for each query", COST_US},
        [COST_SYSTEM_EACH] = {"cost_system_each_us", "CPU, system, each", "the same for each query", COST_US},
        [COST_VOLUNTARY] = {"cost_voluntary_switches", "voluntary switches",
                "times a worker waited and another process ran", COST_NUMBER},
        [COST_INVOLUNTARY] = {"cost_involuntary_switches", "involuntary switches",
                "times a worker was put aside although it had work", COST_NUMBER},
        [COST_SWITCHES_EACH] = {"cost_switches_each", "switches, each", "both kinds, for each query", COST_RATIO},
        [COST_PRIVATE] = {"cost_private_kb", "private memory", "memory that is the workers' alone", COST_KB},
        [COST_PEAK] = {"cost_peak_kb", "peak memory",
                "largest resident sets added up; what workers share is counted in each", COST_KB},
        [COST_THREADS] = {"cost_threads", "threads", "threads of the workers", COST_NUMBER},
        [COST_DESCRIPTORS] = {"cost_descriptors", "descriptors", "open descriptors of the workers", COST_NUMBER},
        [COST_READY] = {"ready_us", "time to ready", "start of the workers to all sessions connected", COST_US},
        [COST_SKEW] = {"start_skew_us", "start skew", "first to last start of a session's first query", COST_US},
        [COST_LANE_FAIRNESS] = {"lane_fairness", "fairness of lanes",
                "Jain's index of what each lane did: 1 all the same, 1/n one did everything", COST_RATIO},
        [COST_SESSION_FAIRNESS] = {"session_fairness", "fairness of sessions", "the same of the sessions", COST_RATIO},
        [COST_BACKEND] = {"backend_private_kb", "server memory",
                "private memory of a server process, mean of those that could be read on this machine", COST_KB},
        [COST_BACKENDS] = {"backends_read", "server processes read", "of these sessions, at most 16", COST_NUMBER},
        [COST_UNTOLD] = {"workers_untold", "workers untold",
                "worker processes that were killed: what they used is in no number", COST_NUMBER},
};

static double queries_of(const struct run_view *run)
{
	if (run->load)
		return (double)(run->load->done + run->load->failed + run->load->unknown);
	return (double)run->end.attempts;
}

static double known(int64_t value, bool is)
{
	return is ? (double)value : (double)NAN;
}

bool cost_known(const struct run_view *run)
{
	return run->end.costs.told > 0;
}

void cost_of(const struct run_view *run, double figures[COSTS])
{
	const struct run_costs *c = &run->end.costs;
	const struct msg_usage *u = &c->workers;
	double queries = queries_of(run);
	bool any = cost_known(run), each = any && queries > 0;

	figures[COST_USER] = known(u->user_us, any);
	figures[COST_SYSTEM] = known(u->system_us, any);
	figures[COST_USER_EACH] = each ? (double)u->user_us / queries : (double)NAN;
	figures[COST_SYSTEM_EACH] = each ? (double)u->system_us / queries : (double)NAN;
	figures[COST_VOLUNTARY] = known(u->voluntary_switches, any);
	figures[COST_INVOLUNTARY] = known(u->involuntary_switches, any);
	figures[COST_SWITCHES_EACH] =
	        each ? (double)(u->voluntary_switches + u->involuntary_switches) / queries : (double)NAN;
	figures[COST_PRIVATE] = known(u->private_kb, u->private_kb > 0);
	figures[COST_PEAK] = known(u->max_rss_kb, any);
	figures[COST_THREADS] = known(u->threads, u->threads > 0);
	figures[COST_DESCRIPTORS] = known(u->descriptors, u->descriptors > 0);
	figures[COST_READY] = known(run->phases.connected_us, any && run->phases.connected_us != QUERY_NONE);
	figures[COST_SKEW] = known(c->start_skew_us, any && c->start_skew_us >= 0);
	figures[COST_LANE_FAIRNESS] = c->lane_fairness > 0 ? c->lane_fairness : (double)NAN;
	figures[COST_SESSION_FAIRNESS] = c->session_fairness > 0 ? c->session_fairness : (double)NAN;
	figures[COST_BACKEND] = u->backends > 0 ? (double)u->backends_kb / (double)u->backends : (double)NAN;
	figures[COST_BACKENDS] = known(u->backends, any);
	figures[COST_UNTOLD] = known(c->untold, any || c->untold > 0);
}

const char *cost_text(enum cost cost, double value, char out[32])
{
	if (isnan(value)) {
		snprintf(out, 32, "-");
		return out;
	}
	switch (cost_names[cost].unit) {
	case COST_US:
		return stats_duration(value, out);
	case COST_KB:
		return word_bytes((int64_t)(value * 1024), out);
	case COST_NUMBER:
		return word_count((uint64_t)value, out);
	case COST_RATIO:
		break;
	}
	snprintf(out, 32, value < 10 ? "%.2f" : "%.3g", value);
	return out;
}

void cost_line(const struct run_view *run, struct buf *out)
{
	double f[COSTS];
	char a[32], b[32], c[32];

	if (!cost_known(run))
		return;
	cost_of(run, f);
	buf_printf(out, "CPU %s user, %s system", cost_text(COST_USER, f[COST_USER], a),
	        cost_text(COST_SYSTEM, f[COST_SYSTEM], b));
	if (!isnan(f[COST_USER_EACH]))
		buf_printf(out, ", %s each", cost_text(COST_USER_EACH, f[COST_USER_EACH] + f[COST_SYSTEM_EACH], a));
	buf_printf(out, "   switches %s voluntary, %s not", cost_text(COST_VOLUNTARY, f[COST_VOLUNTARY], a),
	        cost_text(COST_INVOLUNTARY, f[COST_INVOLUNTARY], b));
	buf_printf(out, "   memory %s private, %s peak", cost_text(COST_PRIVATE, f[COST_PRIVATE], a),
	        cost_text(COST_PEAK, f[COST_PEAK], b));
	buf_printf(out, "   threads %s   descriptors %s   ready %s", cost_text(COST_THREADS, f[COST_THREADS], a),
	        cost_text(COST_DESCRIPTORS, f[COST_DESCRIPTORS], b), cost_text(COST_READY, f[COST_READY], c));
	if (!isnan(f[COST_BACKEND]))
		buf_printf(out, "   server memory %s a session", cost_text(COST_BACKEND, f[COST_BACKEND], a));
	if (!isnan(f[COST_SKEW]))
		buf_printf(out, "   start skew %s", cost_text(COST_SKEW, f[COST_SKEW], a));
	if (!isnan(f[COST_LANE_FAIRNESS]))
		buf_printf(out, "   fairness %s", cost_text(COST_LANE_FAIRNESS, f[COST_LANE_FAIRNESS], a));
	if (f[COST_UNTOLD] > 0)
		buf_printf(out, "   without %s killed worker%s", cost_text(COST_UNTOLD, f[COST_UNTOLD], a),
		        f[COST_UNTOLD] < 2 ? "" : "s");
}
