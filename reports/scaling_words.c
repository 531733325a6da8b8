/*
 * scaling_words: what a series of numbers of sessions shows, in words for a terminal, a page and a document alike. See
 * scaling.h.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "reports/scaling.h"
#include "reports/stats.h"
#include "reports/wording.h"

static const struct scaling_arm *best_of(const struct scaling *s)
{
	return s->best == SCALING_NONE ? NULL : &s->arms[s->best];
}

/* Whether the best is faster than one session: shown by the test, or with too few blocks by all repeats alike. */
static bool faster(const struct scaling *s, const struct scaling_arm *arm)
{
	if (arm->sessions == s->arms[0].sessions)
		return false;
	if (arm->paired.has_interval)
		return arm->paired.verdict == PAIRED_FASTER;
	return arm->paired.least > 1;
}

bool scaling_good(const struct scaling *s)
{
	const struct scaling_arm *best = best_of(s);

	return best && faster(s, best) && s->complete == s->nblocks;
}

void scaling_verdict(const struct scaling *s, struct buf *out)
{
	const struct scaling_arm *best = best_of(s);

	if (best == NULL)
		buf_puts(out, "NOTHING TO COMPARE");
	else if (s->narms == 1)
		buf_puts(out, "ONLY ONE NUMBER OF SESSIONS");
	else if (!faster(s, best))
		buf_puts(out, "DOES NOT SCALE");
	else if (s->enough != s->best)
		buf_printf(out, "SCALES TO %u SESSIONS", s->arms[s->enough].sessions);
	else
		buf_printf(out, "SCALES TO %u SESSIONS", best->sessions);
}

/* A ratio near 1 needs another digit: 0.998x and 1.002x are both 1.00x. */
static const char *ratio_text(double ratio, bool fine, char out[32])
{
	if (!fine)
		return word_ratio(ratio, out);
	snprintf(out, 32, "%.3fx", ratio);
	return out;
}

void scaling_ratio_words(const struct paired *p, struct buf *out)
{
	double low = p->has_interval ? p->low : p->least, high = p->has_interval ? p->high : p->most;
	bool fine = p->blocks > 1 && low > 0.9 && high < 1.1;
	char a[32], b[32], c[32];

	buf_puts(out, ratio_text(p->ratio, fine, a));
	if (p->has_interval)
		buf_printf(out, " [%s, %s]", ratio_text(low, fine, b), ratio_text(high, fine, c));
	else if (p->blocks > 1)
		buf_printf(out, " (%s to %s)", ratio_text(low, fine, b), ratio_text(high, fine, c));
}

void scaling_arm_words(const struct scaling *s, size_t arm, struct buf *out)
{
	if (s->arms[arm].blocks > 0 && arm == 0)
		buf_puts(out, "1x");
	else if (s->arms[arm].blocks > 0)
		scaling_ratio_words(&s->arms[arm].paired, out);
}

static void figure_words(const struct scaling *s, const struct scaling_arm *arm, struct buf *out)
{
	char a[32];

	if (s->load)
		buf_printf(out, "%s transactions/s", word_rate(arm->middle, a));
	else
		buf_puts(out, stats_duration(arm->middle, a));
}

void scaling_summary(const struct scaling *s, struct buf *out)
{
	const struct scaling_arm *best = best_of(s), *shown;

	if (best == NULL) {
		buf_puts(out, "no block has a complete run with one session and one with more");
		return;
	}
	if (!faster(s, best)) {
		buf_puts(out, "more sessions than one are not shown to be faster; one session: ");
		figure_words(s, &s->arms[0], out);
		return;
	}
	shown = &s->arms[s->enough];
	buf_printf(out, "%u sessions %s ", shown->sessions, s->load ? "do" : "take");
	figure_words(s, shown, out);
	buf_printf(out, ", one %s ", s->load ? "does" : "takes");
	figure_words(s, &s->arms[0], out);
	buf_puts(out, ": ");
	scaling_ratio_words(&shown->paired, out);
	buf_puts(out, s->load ? " as many" : " faster");
}

static bool ceiling_reached(const struct scaling_arm *arm)
{
	return arm->ceiling > 0 && arm->ceiling < 0.99 * arm->sessions && arm->paired.ratio >= 0.97 * arm->ceiling;
}

static void more_words(const struct scaling *s, struct buf *out)
{
	const struct scaling_arm *best = best_of(s);
	size_t last = s->narms - 1;

	if (s->enough < s->best) {
		buf_printf(out, "%u sessions are enough: the highest speed-up, ", s->arms[s->enough].sessions);
		scaling_ratio_words(&best->paired, out);
		buf_printf(out, " with %u, is not shown to be faster.", best->sessions);
	} else if (s->best < last) {
		buf_printf(out, "%u sessions are the best of those measured; with %u it is ", best->sessions,
		        s->arms[last].sessions);
		scaling_ratio_words(&s->arms[last].paired, out);
		buf_putc(out, '.');
	} else if (ceiling_reached(best)) {
		buf_printf(out, "%u sessions are the best of those measured.", best->sessions);
	} else {
		buf_printf(out,
		        "%u sessions are the best of those measured, and the most: try more with --clients=...,%u.",
		        best->sessions, best->sessions * 2);
	}
}

void scaling_advice(const struct scaling *s, struct buf *out)
{
	const struct scaling_arm *best = best_of(s);
	char a[32], b[32];

	if (best == NULL || s->narms < 2 || !faster(s, best))
		return;
	more_words(s, out);
	for (size_t i = 0; i < s->narms; i++) {
		if (!ceiling_reached(&s->arms[i]))
			continue;
		buf_printf(out, " The ceiling is reached with %u sessions (%s of at most %s).", s->arms[i].sessions,
		        word_ratio(s->arms[i].paired.ratio, a), word_ratio(s->arms[i].ceiling, b));
		break;
	}
	if (!s->claims)
		buf_printf(out,
		        " Under %d complete blocks nothing is claimed: the numbers in brackets are the range of the "
		        "repeats; use --repeat=%d or more.",
		        PAIRED_LEAST_BLOCKS, PAIRED_LEAST_BLOCKS);
}

/* The first arm after the knee that has a speed-up, NULL = none. */
static const struct scaling_arm *after_knee(const struct scaling *s)
{
	for (size_t i = s->knee + 1; i < s->narms; i++)
		if (s->arms[i].blocks > 0)
			return &s->arms[i];
	return NULL;
}

void scaling_knee_words(const struct scaling *s, struct buf *out)
{
	const struct scaling_arm *knee, *next;
	char a[32], b[32];

	if (s->knee == SCALING_NONE || s->narms < 2)
		return;
	knee = &s->arms[s->knee];
	next = after_knee(s);
	if (next == NULL) {
		buf_printf(out,
		        "There is no knee up to %u sessions: every step to more of them gave at least half of what it "
		        "could.",
		        knee->sessions);
		return;
	}
	buf_printf(out, "The knee is at %u session%s: from %u to %u the work becomes %s as fast, of %s possible",
	        knee->sessions, knee->sessions == 1 ? "" : "s", knee->sessions, next->sessions,
	        word_ratio(next->paired.ratio / knee->paired.ratio, a),
	        word_ratio((double)next->sessions / knee->sessions, b));
	if (next->step > 0)
		buf_printf(out, "; each session added brings %.0f %% of what it could", 100 * next->step);
	else
		buf_puts(out, "; the sessions added bring nothing");
	buf_putc(out, '.');
}

/* What is left of nothing by rounding is nothing. */
static double hundredfold(double share)
{
	return share < 1e-7 ? 0 : 100 * share;
}

static void percent(const struct scaling_estimate *e, const char *unit, struct buf *out)
{
	buf_printf(out, "%.3g %s [%.3g, ", hundredfold(e->value), unit, hundredfold(e->low));
	if (isfinite(e->high))
		buf_printf(out, "%.3g]", hundredfold(e->high));
	else
		buf_puts(out, "no end]");
}

static void amdahl_words(const struct scaling *s, const struct scaling_fit *f, struct buf *out)
{
	char a[32], b[32], c[32];

	buf_puts(out, "Amdahl's law: serial share ");
	percent(&f->sigma, "%", out);
	if (f->sigma.value > 0 && f->sigma.low > 0)
		buf_printf(out, ": however many sessions, at most %s [%s, %s]", word_ratio(1 / f->sigma.value, a),
		        word_ratio(1 / f->sigma.high, b), word_ratio(1 / f->sigma.low, c));
	else
		buf_puts(out, ": none is shown, so the law sets no limit");
	/* Simulated: where the curve is not yet under half of linear, a lock's share is outside the interval more often
	 * than not, and almost always inside where it is. */
	if (!f->bent)
		buf_printf(out,
		        "; what is shared and not yet full at %u sessions, a lock or a disk, does not show in this",
		        s->arms[s->narms - 1].sessions);
}

static void usl_words(const struct scaling *s, const struct scaling_fit *f, struct buf *out)
{
	uint32_t most = s->arms[s->narms - 1].sessions;

	buf_puts(out, "Universal scalability law: contention ");
	percent(&f->sigma, "%", out);
	buf_puts(out, ", crosstalk ");
	percent(&f->kappa, "% per pair", out);
	if (!isfinite(f->best.value) || f->best.value >= 1e5) {
		buf_puts(out, "; it has no peak");
	} else {
		buf_printf(out, "; it peaks at %.0f sessions [%.0f, ", f->best.value, f->best.low);
		if (isfinite(f->best.high) && f->best.high < 1e5)
			buf_printf(out, "%.0f]", f->best.high);
		else
			buf_puts(out, "no end]");
		if (f->best.value > most)
			buf_printf(out, ", beyond the %u measured", most);
	}
}

void scaling_law_words(const struct scaling *s, const struct scaling_fit *fit, struct buf *out)
{
	if (!fit->fitted) {
		buf_printf(out, "%s is not fitted: %s.",
		        fit->law == SCALING_AMDAHL ? "Amdahl's law" : "The universal scalability law", fit->reason);
		return;
	}
	if (fit->law == SCALING_AMDAHL)
		amdahl_words(s, fit, out);
	else
		usl_words(s, fit, out);
	if (fit->misfit)
		buf_printf(out,
		        "; the means lie off this curve (%.2g %% typically) by more than the repeats explain, which "
		        "makes the intervals wider",
		        100 * fit->residual);
	buf_putc(out, '.');
}

void scaling_method_words(const struct scaling *s, struct buf *out)
{
	buf_printf(out, "%zu block%s, each with every number of sessions once, in random order, on fresh sessions",
	        s->nblocks, s->nblocks == 1 ? "" : "s");
	if (s->complete < s->nblocks)
		buf_printf(out, "; %zu of them complete, only these are compared", s->complete);
	if (s->claims)
		buf_printf(out, "; speed-ups are geometric means over the blocks, by %s",
		        paired_method_words(s->arms[0].paired.method));
	else
		buf_puts(out, "; speed-ups are geometric means over the blocks, with the range of the repeats");
}
