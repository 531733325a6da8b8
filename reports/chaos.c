/*
 * chaos: see the header. Pure.
 */
#include "reports/chaos.h"

#include <stdio.h>

#include "reports/stats.h"
#include "reports/wording.h"

const char *const chaos_columns[CHAOS_COLUMNS + 1] = {"fault", "workers hit", "sessions hit", "unknown", "failed",
        "repeated", "others before", "others after", "full strength after", NULL};

static void count(struct buf *out, uint64_t n)
{
	char text[32];

	buf_puts(out, word_count(n, text));
}

static void duration(struct buf *out, int64_t us, bool known)
{
	char text[32];

	buf_puts(out, known ? stats_duration((double)us, text) : "-");
}

void chaos_cell(const struct run_view *run, const struct chaos_record *c, enum chaos_column column, struct buf *out)
{
	switch (column) {
	case CHAOS_FAULT:
		buf_printf(out, "%s at %s", c->action, c->at);
		break;
	case CHAOS_WORKERS:
		buf_printf(out, "%u of %u", c->workers, run->workers);
		break;
	case CHAOS_SESSIONS:
		buf_printf(out, "%u of %u", c->sessions, run->sessions);
		break;
	case CHAOS_UNKNOWN:
		count(out, c->unknown);
		break;
	case CHAOS_FAILED:
		count(out, c->failed);
		break;
	case CHAOS_REPEATED:
		count(out, c->repeated);
		break;
	case CHAOS_BEFORE:
		duration(out, c->before_p50_us, c->before_count > 0);
		break;
	case CHAOS_AFTER:
		duration(out, c->after_p50_us, c->after_count > 0);
		break;
	default:
		duration(out, c->full_us, c->full);
		break;
	}
}

static void lost(const struct run_view *run, const struct chaos_record *c, struct buf *out)
{
	char a[32], b[32], d[32];

	if (c->unknown + c->failed == 0) {
		buf_puts(out, "; nothing was lost");
		return;
	}
	buf_printf(out, "; of what was in flight %s %s unknown and %s failed", word_count(c->unknown, a),
	        c->unknown == 1 ? "is" : "are", word_count(c->failed, b));
	if (!run->load)
		buf_printf(out, ", %s repeated", word_count(c->repeated, d));
}

static void others(const struct chaos_record *c, struct buf *out)
{
	char a[32], b[32];

	if (c->survivors == 0)
		buf_puts(out, "; no session was left");
	else if (c->before_count > 0 && c->after_count > 0)
		buf_printf(out, "; the others took %s before and %s after it (median)",
		        stats_duration((double)c->before_p50_us, a), stats_duration((double)c->after_p50_us, b));
	else
		buf_printf(out, "; %u session%s left in peace", c->survivors, c->survivors == 1 ? " was" : "s were");
}

void chaos_words(const struct run_view *run, const struct chaos_record *c, struct buf *out)
{
	char a[32];

	buf_printf(out, "%s at %s: ", c->action, c->at);
	if (c->struck_us == INT64_MIN) {
		buf_puts(out, "it never struck, as the run was over before");
		return;
	}
	if (c->sessions == 0) {
		buf_puts(out, "there was nothing left to strike");
		return;
	}
	if (c->workers > 0)
		buf_printf(out, "%u of %u worker%s with ", c->workers, run->workers, run->workers == 1 ? "" : "s");
	buf_printf(out, "%u of %u session%s", c->sessions, run->sessions, run->sessions == 1 ? "" : "s");
	lost(run, c, out);
	others(c, out);
	if (c->full)
		buf_printf(out, "; full strength again after %s", stats_duration((double)c->full_us, a));
	else
		buf_puts(out, "; not at full strength again before the end");
}
