/*
 * claims: gates, checks and --require-overlap. Pure functions of the read model; the command prints what they say.
 */
#include "orchestrator/claims.h"

#include <stdlib.h>

#include "reports/stats.h"
#include "shared/clock.h"
#include "shared/log.h"

static bool percentile(const struct run_view *run, double p, double *seconds)
{
	double *times = mem_zero(run->nattempts + 1, sizeof(*times));
	size_t count = 0;
	for (size_t i = 0; i < run->nattempts; i++) {
		const struct attempt_view *a = &run->attempts[i];
		if (a->outcome == OUTCOME_DONE && a->sent_us != QUERY_NONE && a->done_us != QUERY_NONE)
			times[count++] = (double)(a->done_us - a->sent_us);
	}
	if (count > 0)
		*seconds = stats_percentile(times, count, p) / (double)US_PER_S;
	free(times);
	return count > 0;
}

bool claims_value(const struct gate *gate, const struct run_view *run, const struct proof *proof, double *value)
{
	switch (gate->metric) {
	case GATE_ERRORS:
		*value = (double)run->failed + (double)run->unknown + (double)run->not_run;
		return true;
	case GATE_WALL:
		*value = (double)proof->wall_us / (double)US_PER_S;
		return run->done > 0;
	case GATE_MAKESPAN:
		*value = (double)proof->makespan_us / (double)US_PER_S;
		return run->done > 0;
	case GATE_SPEEDUP:
		*value = proof->speedup;
		return proof->has_baseline && proof->speedup > 0;
	case GATE_OVERLAP:
		*value = proof->overlap_percent;
		return run->done > 1;
	case GATE_PERCENTILE:
		return percentile(run, gate->percentile, value);
	case GATE_TPS:
		*value = proof->makespan_us > 0 ? (double)run->done * (double)US_PER_S / (double)proof->makespan_us : 0;
		return proof->makespan_us > 0;
	}
	return false;
}

static bool holds(enum gate_op op, double value, double number)
{
	switch (op) {
	case GATE_LT:
		return value < number;
	case GATE_LE:
		return value <= number;
	case GATE_EQ:
		return value >= number && value <= number;
	case GATE_NE:
		return value < number || value > number;
	case GATE_GE:
		return value >= number;
	case GATE_GT:
		return value > number;
	}
	return false;
}

static void say_value(const struct gate *gate, double value, struct buf *out)
{
	char text[32];
	switch (gate->metric) {
	case GATE_WALL:
	case GATE_MAKESPAN:
	case GATE_PERCENTILE:
		buf_puts(out, stats_duration(value * (double)US_PER_S, text));
		break;
	case GATE_OVERLAP:
		buf_printf(out, "%.1f %%", value);
		break;
	case GATE_SPEEDUP:
		buf_printf(out, "%.2fx", value);
		break;
	case GATE_ERRORS:
		buf_printf(out, "%.0f", value);
		break;
	case GATE_TPS:
		buf_printf(out, "%.1f", value);
		break;
	}
}

int claims_gates(
        const struct gate *gates, int ngates, const struct run_view *run, const struct proof *proof, struct buf *out)
{
	int failed = 0;
	for (int i = 0; i < ngates; i++) {
		double value;
		bool known = claims_value(&gates[i], run, proof, &value);
		if (known && holds(gates[i].op, value, gates[i].number))
			continue;
		failed++;
		buf_printf(out, "gate failed: %s: ", gates[i].text);
		if (known) {
			buf_puts(out, "it is ");
			say_value(&gates[i], value, out);
		} else {
			buf_puts(out, "this run has no such value");
		}
		buf_putc(out, '\n');
	}
	return failed;
}

int claims_checks(const struct run_view *run, struct buf *out)
{
	int failed = 0;
	for (size_t i = 0; i < run->nattempts; i++) {
		const struct attempt_view *a = &run->attempts[i];
		if ((a->flags & ATTEMPT_CHECK_FAILED) == 0 || a->outcome != OUTCOME_DONE)
			continue;
		if (failed++ >= 5)
			continue;
		char name[64] = "?";
		if (a->task < run->ntasks)
			log_printable(run->tasks[a->task].name, name, sizeof(name));
		buf_printf(out, "check failed: task %s gave %lld row%s, which is not what its rows= says\n", name,
		        (long long)a->rows, a->rows == 1 ? "" : "s");
	}
	if (failed > 5)
		buf_printf(out, "%d checks failed in all\n", failed);
	return failed;
}

int claims_overlap(int required, const struct proof *proof, struct buf *out)
{
	if (required == 0 || (int64_t)proof->peak >= required)
		return 0;
	buf_printf(out, "claim failed: --require-overlap=%d: at most %u session%s active at once\n", required,
	        proof->peak, proof->peak == 1 ? " was" : "s were");
	return 1;
}
