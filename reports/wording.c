/*
 * wording: see wording.h.
 */
#include "reports/wording.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "reports/stats.h"
#include "shared/clock.h"

const char *word_count(uint64_t n, char out[32])
{
	char digits[32];
	int len = snprintf(digits, sizeof digits, "%" PRIu64, n), used = 0;

	for (int i = 0; i < len; i++) {
		if (i > 0 && (len - i) % 3 == 0 && len > 4)
			out[used++] = ',';
		out[used++] = digits[i];
	}
	out[used] = '\0';
	return out;
}

const char *word_number(double x, char out[32])
{
	double size = fabs(x);

	if (!isfinite(x))
		snprintf(out, 32, "-");
	else if (size >= 99.95)
		snprintf(out, 32, "%.0f", x);
	else if (size >= 9.995)
		snprintf(out, 32, "%.1f", x);
	else
		snprintf(out, 32, "%.2f", x);
	return out;
}

const char *word_ratio(double ratio, char out[32])
{
	size_t used = strlen(word_number(ratio, out));

	snprintf(out + used, 32 - used, "x");
	return out;
}

const char *word_exact(double us, char out[32])
{
	const char *sign = us < 0 ? "-" : "";
	double t = fabs(us);

	if (!(t >= 0.5))
		snprintf(out, 32, "0");
	else if (t < 50)
		snprintf(out, 32, "%s%.0f us", sign, t);
	else if (t < 9950)
		snprintf(out, 32, "%s%.1f ms", sign, t / 1e3);
	else if (t < 999500)
		snprintf(out, 32, "%s%.0f ms", sign, t / 1e3);
	else if (t < 100e6)
		snprintf(out, 32, "%s%.3f s", sign, t / 1e6);
	else
		stats_duration(us, out);
	return out;
}

const char *word_bytes(int64_t bytes, char out[32])
{
	static const char *const units[] = {"bytes", "kB", "MB", "GB", "TB"};
	double x = (double)bytes;
	size_t unit = 0;

	while (x >= 999.5 && unit + 1 < sizeof units / sizeof units[0]) {
		x /= 1000;
		unit++;
	}
	snprintf(out, 32, x < 10 && unit > 0 ? "%.1f %s" : "%.0f %s", x, units[unit]);
	return out;
}

const char *word_date(int64_t wall_us, char out[32])
{
	clock_iso(wall_us, out);
	out[10] = ' ';
	memcpy(out + 19, " UTC", 5);
	return out;
}

const char *word_unit(const struct run_view *run, uint64_t count)
{
	if (run->load)
		return count == 1 ? "transaction" : "transactions";
	for (size_t i = 0; i < run->nattempts; i++)
		if (run->attempts[i].statements > 1)
			return count == 1 ? "task" : "tasks";
	return count == 1 ? "query" : "queries";
}

void word_layout(const struct run_view *run, struct buf *out)
{
	const char *engine = run->engine ? run->engine : "";
	const char *s = run->sessions == 1 ? "" : "s";
	uint32_t workers = run->workers ? run->workers : 1, lanes = run->lanes ? run->lanes : 1;

	if (strcmp(engine, "process") == 0 && workers >= run->sessions)
		buf_printf(out, "%u process%s", run->sessions, run->sessions == 1 ? "" : "es");
	else if (strcmp(engine, "process") == 0)
		buf_printf(out, "%u session%s on %u process%s", run->sessions, s, workers, workers == 1 ? "" : "es");
	else if (strcmp(engine, "thread") == 0 && lanes >= run->sessions)
		buf_printf(out, "%u thread%s", run->sessions, s);
	else if (strcmp(engine, "thread") == 0)
		buf_printf(out, "%u session%s on %u thread%s", run->sessions, s, lanes, lanes == 1 ? "" : "s");
	else if (strcmp(engine, "async") == 0)
		buf_printf(out, "%u session%s on one event loop", run->sessions, s);
	else
		buf_printf(out, "%u session%s", run->sessions, s);
}

const char *word_verdict_name(const struct rendering *r)
{
	if (r->run->pruned && r->run->verdict && r->run->verdict[0])
		return r->run->verdict;
	if (r->run->load)
		return r->proof->kept;
	return verdict_name(r->proof->verdict);
}

void word_verdict(const struct rendering *r, struct buf *out)
{
	buf_puts(out, word_verdict_name(r));
	if (r->proof->suffix[0])
		buf_printf(out, ", %s", r->proof->suffix);
}

int64_t word_wall_us(const struct rendering *r)
{
	int64_t wall = r->run->phases.last_end_us;

	if (wall == QUERY_NONE || wall <= 0)
		wall = r->budget->wall_us;
	if (wall <= 0)
		wall = r->proof->wall_us;
	for (size_t i = 0; wall <= 0 && i < r->run->nattempts; i++)
		if (r->run->attempts[i].done_us > wall)
			wall = r->run->attempts[i].done_us;
	return wall > 0 ? wall : 1;
}

void word_summary(const struct rendering *r, struct buf *out)
{
	const struct run_view *run = r->run;
	char count[32], time[32];

	if (run->load) {
		word_load_summary(run, out);
		return;
	}
	if (run->done == 0)
		buf_puts(out, "none of ");
	buf_printf(out, "%s %s on ", word_count(run->ntickets, count), word_unit(run, run->ntickets));
	word_layout(run, out);
	if (run->done == 0)
		buf_puts(out, " done");
	if (run->nattempts > 0 || run->pruned)
		buf_printf(out, " in %s", stats_duration((double)word_wall_us(r), time));
	if (r->proof->has_baseline && r->proof->serial_wall_us > 0)
		buf_printf(out, "; one after another they took %s",
		        stats_duration((double)r->proof->serial_wall_us, time));
	else if (run->done > 0 && run->sessions > 1 && !run->pruned)
		buf_printf(out, "; on average %s active at once", word_number(r->proof->mean_active, time));
}

void word_counts(const struct run_view *run, struct buf *out)
{
	char done[32], all[32];

	if (run->load) {
		word_load_counts(run, out);
		return;
	}
	buf_printf(out, "%s of %s done", word_count(run->done, done), word_count(run->ntickets, all));
	if (run->failed)
		buf_printf(out, ", %s failed", word_count(run->failed, done));
	if (run->unknown)
		buf_printf(out, ", %s unknown", word_count(run->unknown, done));
	if (run->not_run)
		buf_printf(out, ", %s not run", word_count(run->not_run, done));
}

bool word_at_ceiling(const struct proof *p)
{
	char speedup[32], ceiling[32];

	return p->ceiling > 0 && p->speedup > p->ceiling &&
	       strcmp(word_ratio(p->speedup, speedup), word_ratio(p->ceiling, ceiling)) != 0;
}

/* No schedule is faster than the ceiling: what is above it comes from what was measured in the two runs. */
static void word_above(const struct proof *p, struct buf *out)
{
	double between = (double)p->serial_makespan_us - p->sum_us, without = p->sum_us / (double)p->makespan_us;
	char a[32];

	buf_printf(out, "%.2g %% above it", 100 * (p->speedup / p->ceiling - 1));
	if (between > 0 && p->makespan_us > 0 && without <= p->ceiling)
		buf_printf(out, ", as the serial run spent %s between its tasks", word_exact(between, a));
	else
		buf_puts(out, ", as tasks took less time here than alone");
}

void word_gain(const struct rendering *r, struct buf *out)
{
	const struct proof *p = r->proof;
	char speedup[32], other[32];
	bool above = word_at_ceiling(p);

	if (r->run->load) {
		word_load_active(r->run, out);
		return;
	}
	if (p->has_baseline && p->speedup > 0) {
		buf_printf(out, "%s", word_ratio(p->speedup, speedup));
		if (p->ceiling > 0) {
			buf_printf(out, above ? ", at the ceiling of %s" : " of at most %s",
			        word_ratio(p->ceiling, other));
			if (p->ceiling_text && p->ceiling_text[0])
				buf_printf(out, " (%s%s", p->ceiling_text, above ? "; " : ")");
			else if (above)
				buf_puts(out, " (");
		}
		if (above) {
			word_above(p, out);
			buf_putc(out, ')');
		}
		/* The speed-up compares makespans; where starting and connecting weigh, the walls say less. */
		if (p->wall_speedup > 0 && fabs(p->wall_speedup / p->speedup - 1) >= 0.02)
			buf_printf(out, "; %s with starting and connecting", word_ratio(p->wall_speedup, other));
		buf_puts(out, "; ");
	}
	word_counts(r->run, out);
}

void word_sentence(const char *text, struct buf *out)
{
	size_t len = strlen(text);

	if (len == 0)
		return;
	if (out->len > 0)
		buf_putc(out, ' ');
	buf_putc(out, text[0] >= 'a' && text[0] <= 'z' ? (char)(text[0] - 'a' + 'A') : text[0]);
	buf_puts(out, text + 1);
	if (!strchr(".!?:", text[len - 1]))
		buf_putc(out, '.');
}

static bool is_baseline(const struct run_view *run)
{
	return run->role && strcmp(run->role, "baseline") == 0;
}

void word_state(const struct run_view *run, struct buf *out)
{
	const char *reason = run->reason ? run->reason : "";
	struct buf text = {0};

	if (is_baseline(run))
		word_sentence("this is the measured serial run that others of its experiment are compared with", out);
	if (run->pruned)
		word_sentence(run->load ? "the records of this run were pruned: only its numbers are left"
		                        : "the attempts of this run were pruned: only its numbers are left",
		        out);
	if (run->state == RUN_RUNNING)
		buf_puts(&text, "still running");
	else if (run->state == RUN_INTERRUPTED)
		buf_puts(&text, "interrupted: the program that ran it ended without a last word");
	else if (run->state == RUN_STOPPED)
		buf_printf(&text, "stopped%s%s", reason[0] ? " by " : "", reason);
	else if (run->state == RUN_ABORTED)
		buf_printf(&text, "given up%s%s", reason[0] ? ": " : "", reason);
	word_sentence(buf_str(&text), out);
	buf_free(&text);
}

void word_reason(const struct rendering *r, struct buf *out)
{
	if (!r->run->pruned && !is_baseline(r->run))
		word_sentence(r->proof->reason, out);
}

/* A command is to be copied: it gets no full stop. */
void word_next(const struct rendering *r, struct buf *out)
{
	const char *text = r->proof->next;

	if (r->run->pruned || is_baseline(r->run) || text[0] == '\0')
		return;
	buf_putc(out, text[0] >= 'a' && text[0] <= 'z' ? (char)(text[0] - 'a' + 'A') : text[0]);
	buf_puts(out, text + 1);
}

bool word_trouble(const struct rendering *r)
{
	const struct load_view *l = r->run->load;

	if (l)
		return l->failed || l->unknown || l->aborted || l->done == 0;
	return r->run->failed || r->run->unknown || r->run->not_run ||
	       (r->proof->verdict == VERDICT_FAILED && !r->run->pruned);
}

void word_sql(const struct run_view *run, struct buf *out)
{
	if (run->load) {
		buf_printf(out,
		        "select tps, active_sessions, done, failed, unknown, service_p99_us, schedule_p99_us\n"
		        "  from v_load where run = %" PRId64 ";\n"
		        "select at_us, tps, failed, p50_us, p99_us, max_us\n"
		        "  from v_load_second where run = %" PRId64 " and measured = 1;",
		        run->id, run->id);
		return;
	}
	buf_printf(out,
	        "select max(active) as peak from v_overlap where run = %" PRId64 ";\n"
	        "select task, backend_pid, server_start_unix_us, server_end_unix_us\n"
	        "  from v_attempt where run = %" PRId64 " order by server_start_unix_us;",
	        run->id, run->id);
}

void word_witness(const struct rendering *r, struct buf *out)
{
	const struct proof *p = r->proof;
	char n[32], all[32];
	uint32_t timed = p->server_intervals + p->client_intervals;

	if (timed == 0)
		return;
	if (p->server_intervals > 0)
		buf_printf(out, "the server's clock for %s of %s executions", word_count(p->server_intervals, n),
		        word_count(timed, all));
	else
		buf_printf(out, "only the client's clock for all %s executions", word_count(timed, all));
	if (p->witnessed > 0)
		buf_printf(out, "; %s seen running in pg_stat_activity", word_count(p->witnessed, n));
}

void word_overlapped(const struct rendering *r, struct buf *out)
{
	const struct proof *p = r->proof;
	char a[32], b[32];

	if (p->active_us <= 0) {
		buf_puts(out, "nothing was seen active");
		return;
	}
	buf_printf(out, "two or more sessions were active for %s", word_exact(p->overlapped_us, a));
	if (p->possible_us > 0)
		buf_printf(out, " of the %s in which they could have been (%.0f %%)", word_exact(p->possible_us, b),
		        p->overlap_percent);
	buf_printf(out, "; peak %u, effective lanes %s", p->peak, word_number(p->effective_lanes, a));
	if (p->backends > 0)
		buf_printf(out, ", %u backend%s", p->backends, p->backends == 1 ? "" : "s");
	if (p->blocked_us > 0)
		buf_printf(out, "; blocked by one another for %s in all", word_exact(p->blocked_us, a));
}

void word_gained(const struct rendering *r, struct buf *out)
{
	const struct proof *p = r->proof;
	char a[32], b[32], c[32];

	if (!p->has_baseline || p->speedup <= 0) {
		buf_puts(out, "not known without a measured serial run (--baseline)");
		return;
	}
	buf_printf(out, "measured serial %s / parallel %s = %s", word_exact((double)p->serial_makespan_us, a),
	        word_exact((double)p->makespan_us, b), word_ratio(p->speedup, c));
	if (p->ceiling > 0)
		buf_printf(out, word_at_ceiling(p) ? ", at the ceiling of %s: " : ", of at most %s",
		        word_ratio(p->ceiling, a));
	if (word_at_ceiling(p))
		word_above(p, out);
	if (p->wall_speedup > 0)
		buf_printf(out, "; %s with starting and connecting", word_ratio(p->wall_speedup, a));
}

void word_stretched(const struct rendering *r, struct buf *out)
{
	const struct proof *p = r->proof;
	const struct stretch *most = NULL;
	char a[32], b[32], c[32];

	for (size_t i = 0; i < p->nstretches; i++)
		if (p->stretches[i].task < r->run->ntasks && (most == NULL || p->stretches[i].factor > most->factor))
			most = &p->stretches[i];
	if (most == NULL)
		buf_puts(out, p->has_baseline ? "no task was done in both runs"
		                              : "not known without a measured serial run (--baseline)");
	else
		buf_printf(out, "at most %s: %s took %s together and %s alone", word_ratio(most->factor, a),
		        r->run->tasks[most->task].name, word_exact(most->together_us, b),
		        word_exact(most->alone_us, c));
}

const char *word_confirmed(const struct rendering *r, const char *cause)
{
	for (size_t i = 0; i < r->run->nsuspects; i++)
		if (strcmp(r->run->suspects[i].cause, cause) == 0)
			return r->run->suspects[i].confirmed;
	return NULL;
}

void word_suspect(const struct rendering *r, size_t i, struct buf *out)
{
	const struct suspect *s = &r->proof->suspects[i];
	const char *confirmed = word_confirmed(r, s->cause);
	char time[32];

	buf_printf(out, "%s (up to %s of the wall time): %s", s->cause, stats_duration(s->share_us, time), s->evidence);
	if (confirmed)
		buf_printf(out, ". %s", confirmed);
}

bool word_suspect_shown(const struct rendering *r, size_t i)
{
	const struct proof *p = r->proof;
	bool missing = p->verdict == VERDICT_SERIAL || p->verdict == VERDICT_PARTLY || p->verdict == VERDICT_NOT_FASTER;

	return i < p->nsuspects && i < 2 &&
	       (missing || word_confirmed(r, p->suspects[i].cause) ||
	               p->suspects[i].share_us > 0.2 * (double)p->wall_us);
}

void word_client_cpu(const struct rendering *r, struct buf *out)
{
	const struct proof *p = r->proof;
	char a[32], b[32], c[32];

	if (p->client_window_us <= 0)
		return;
	buf_printf(out, "the workers used %s of CPU in %s", stats_duration(p->client_cpu_us, a),
	        stats_duration(p->client_window_us, b));
	if (p->client_wait_us >= 0)
		buf_printf(out, "; each lane stood ready without a CPU for %s, on average",
		        stats_duration(p->client_wait_us, c));
}
