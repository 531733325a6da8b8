/*
 * gate: conditions on a finished run. Called by the command that ran it; owns nothing.
 */
#include "reports/gate.h"

#include <stdio.h>
#include <stdlib.h>

#include "reports/load_numbers.h"
#include "reports/stats.h"
#include "shared/buf.h"

static bool holds(enum gate_op op, double measured, double number)
{
	switch (op) {
	case GATE_LT:
		return measured < number;
	case GATE_LE:
		return measured <= number;
	case GATE_EQ:
		return measured == number;
	case GATE_NE:
		return measured != number;
	case GATE_GE:
		return measured >= number;
	case GATE_GT:
		return measured > number;
	}
	return false;
}

/* Latencies of done attempts, first byte sent to last byte received: failures are never inside. */
static double *latencies_of(const struct run_view *run, size_t *n)
{
	double *x = mem_alloc((run->nattempts + 1) * sizeof(*x));

	*n = 0;
	for (size_t i = 0; i < run->nattempts; i++) {
		const struct attempt_view *a = &run->attempts[i];

		if (a->outcome == OUTCOME_DONE && a->sent_us != QUERY_NONE && a->done_us != QUERY_NONE)
			x[(*n)++] = (double)(a->done_us - a->sent_us) / 1e6;
	}
	return x;
}

static const char *measure_percentile(const struct run_view *run, double p, double *measured, const char **note)
{
	size_t n;
	double *x = latencies_of(run, &n);

	*measured = stats_percentile(x, n, p);
	free(x);
	if (n == 0)
		return "no task was done";
	if (!stats_percentile_shown(n, p))
		*note = ", from too few samples: under ten lie above it";
	return NULL;
}

/* What stands for a load run: its transactions' latency as pgbench counts it, from the schedule with a rate. */
static const char *measure_load(const struct gate *gate, const struct run_view *run, const struct proof *proof,
        double *measured, const char **note)
{
	struct load_numbers n;

	load_numbers_of(run, &n);
	switch (gate->metric) {
	case GATE_ERRORS:
		*measured = (double)run->failed + run->unknown;
		return NULL;
	case GATE_WALL:
		*measured = (double)proof->wall_us / 1e6;
		return proof->wall_us > 0 ? NULL : "no transaction ended";
	case GATE_MAKESPAN:
		*measured = (double)n.measured_us / 1e6;
		return n.measured_us > 0 ? NULL : "no transaction ended";
	case GATE_TPS:
		*measured = n.tps;
		return n.measured_us > 0 ? NULL : "no transaction ended";
	case GATE_PERCENTILE:
		*measured = (double)hist_percentile(n.latency, gate->percentile) / 1e9;
		if (!hist_sound(n.latency, gate->percentile))
			*note = ", from too few samples: under ten lie above it";
		return n.latency->count > 0 ? NULL : "no transaction was done";
	default:
		return "a load run has none";
	}
}

/* NULL and *measured, or why it is not known. */
static const char *measure(const struct gate *gate, const struct run_view *run, const struct proof *proof,
        double *measured, const char **note)
{
	if (run->load)
		return measure_load(gate, run, proof, measured, note);
	switch (gate->metric) {
	case GATE_ERRORS:
		*measured = (double)run->failed + run->unknown;
		return NULL;
	case GATE_WALL:
		*measured = (double)proof->wall_us / 1e6;
		return proof->wall_us > 0 ? NULL : "no task ended";
	case GATE_MAKESPAN:
		*measured = (double)proof->makespan_us / 1e6;
		return proof->makespan_us > 0 ? NULL : "no task ended";
	case GATE_SPEEDUP:
		*measured = proof->speedup;
		if (!proof->has_baseline)
			return "there is no serial run to compare with (--baseline)";
		return proof->speedup > 0 ? NULL : "no task was done in both the serial and this run";
	case GATE_OVERLAP:
		*measured = proof->overlap_percent;
		return proof->verdict == VERDICT_INCONCLUSIVE ? "the run's times prove nothing (INCONCLUSIVE)" : NULL;
	case GATE_PERCENTILE:
		return measure_percentile(run, gate->percentile, measured, note);
	case GATE_TPS:
		*measured = proof->makespan_us > 0 ? run->done / ((double)proof->makespan_us / 1e6) : 0;
		return proof->makespan_us > 0 ? NULL : "no task ended";
	}
	return "unknown gate";
}

static void measured_text(const struct gate *gate, double measured, char out[32])
{
	switch (gate->metric) {
	case GATE_WALL:
	case GATE_MAKESPAN:
	case GATE_PERCENTILE:
		stats_duration(measured * 1e6, out);
		return;
	case GATE_OVERLAP:
		snprintf(out, 32, "%.0f %%", measured);
		return;
	case GATE_ERRORS:
		snprintf(out, 32, "%.0f", measured);
		return;
	case GATE_TPS:
		snprintf(out, 32, measured < 100 ? "%.4g" : "%.1f", measured);
		return;
	case GATE_SPEEDUP:
		snprintf(out, 32, "%.4g", measured);
		return;
	}
}

void gate_check(
        const struct gate *gate, const struct run_view *run, const struct proof *proof, struct gate_result *result)
{
	const char *note = "", *unknown, *text = gate->text ? gate->text : "gate";
	char value[32] = "";

	*result = (struct gate_result){0};
	unknown = measure(gate, run, proof, &result->measured, &note);
	result->known = !unknown;
	if (unknown) {
		snprintf(result->text, sizeof(result->text), "%.100s: not passed, %s", text, unknown);
		return;
	}
	result->passed = holds(gate->op, result->measured, gate->number);
	measured_text(gate, result->measured, value);
	snprintf(result->text, sizeof(result->text), "%.100s: %s, %s%s", text, result->passed ? "passed" : "not passed",
	        value, note);
}

void gate_require_overlap(uint32_t sessions, const struct proof *proof, struct gate_result *result)
{
	*result = (struct gate_result){.known = true, .measured = proof->peak};
	if (proof->verdict == VERDICT_INCONCLUSIVE && proof->server_intervals + proof->client_intervals > 1) {
		result->known = false;
		snprintf(result->text, sizeof(result->text),
		        "require-overlap=%u: not passed, the run's times prove nothing (INCONCLUSIVE)", sessions);
		return;
	}
	result->passed = proof->peak >= sessions;
	snprintf(result->text, sizeof(result->text),
	        "require-overlap=%u: %s, at most %u session%s active at the same time", sessions,
	        result->passed ? "passed" : "not passed", proof->peak, proof->peak == 1 ? " was" : "s were");
}
