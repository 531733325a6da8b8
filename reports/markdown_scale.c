/*
 * markdown_scale: a series of numbers of sessions as a pull-request comment. Text from outside stands in code spans or
 * is escaped. The caller owns the buffer.
 */
#include <inttypes.h>
#include <stdio.h>

#include "reports/arms.h"
#include "reports/escape.h"
#include "reports/markdown.h"
#include "reports/stats.h"
#include "reports/wording.h"

static void paragraph(const struct scaling *s, void (*words)(const struct scaling *, struct buf *), struct buf *out)
{
	struct buf b = {0};

	words(s, &b);
	if (b.len > 0) {
		escape_markdown_text(buf_str(&b), out);
		buf_puts(out, "\n\n");
	}
	buf_free(&b);
}

static void row(const struct scaling *s, size_t i, struct buf *out)
{
	const struct scaling_arm *a = &s->arms[i];
	struct buf words = {0};
	char number[32];

	buf_printf(out, "| %u | ", a->sessions);
	if (a->blocks == 0) {
		buf_puts(out, "no complete run | | | | |\n");
		return;
	}
	scaling_arm_words(s, i, &words);
	buf_puts(out, s->load ? word_rate(a->middle, number) : stats_duration(a->middle, number));
	buf_puts(out, " | ");
	escape_markdown_text(buf_str(&words), out);
	buf_printf(out, " | %.0f %% | ", a->efficiency);
	if (s->load)
		buf_puts(out, a->p99_us > 0 ? stats_duration(a->p99_us, number) : "");
	else
		buf_puts(out, a->ceiling > 0 ? word_ratio(a->ceiling, number) : "");
	buf_printf(out, " | %s |\n", a->lanes > 0 ? word_number(a->lanes, number) : "");
	buf_free(&words);
}

static void laws(const struct scaling *s, struct buf *out)
{
	const struct scaling_fit *fits[] = {&s->amdahl, &s->usl};

	for (size_t i = 0; i < 2; i++) {
		struct buf b = {0};

		scaling_law_words(s, fits[i], &b);
		buf_puts(out, "- ");
		escape_markdown_text(buf_str(&b), out);
		buf_putc(out, '\n');
		buf_free(&b);
	}
	buf_putc(out, '\n');
}

void markdown_scale(const struct arms_page *p, const struct scaling *s, struct buf *out)
{
	const struct rendering *r = arms_any(p);
	struct buf b = {0};
	char date[32];

	buf_printf(out, "### %s ", s->best == SCALING_NONE ? "✗" : scaling_good(s) ? "✓" : "!");
	escape_markdown(r && r->run->workload ? r->run->workload : "", 80, out);
	buf_printf(out, ", %s %" PRId64 "\n\n**", p->kind, p->experiment);
	scaling_verdict(s, &b);
	escape_markdown_text(buf_str(&b), out);
	buf_puts(out, ":** ");
	buf_clear(&b);
	scaling_summary(s, &b);
	buf_puts(&b, ". ");
	scaling_advice(s, &b);
	escape_markdown_text(buf_str(&b), out);
	buf_puts(out, "\n\n");
	if (p->trouble[0]) {
		escape_markdown_text(p->trouble, out);
		buf_puts(out, "\n\n");
	}
	if (p->doubts[0]) {
		escape_markdown_text(p->doubts, out);
		buf_puts(out, "\n\n");
	}
	buf_printf(out, "| sessions | %s | speed-up | of ideal | %s | %s |\n|---:|---:|---:|---:|---:|---:|\n",
	        s->load ? "transactions/s" : "makespan", s->load ? "p99" : "ceiling",
	        s->load ? "active" : "effective lanes");
	for (size_t i = 0; i < s->narms; i++)
		row(s, i, out);
	buf_putc(out, '\n');
	paragraph(s, scaling_knee_words, out);
	laws(s, out);
	paragraph(s, scaling_method_words, out);
	if (r) {
		escape_markdown(r->run->argv ? r->run->argv : "", 300, out);
		buf_printf(out, ", %s\n", word_date(r->run->started_wall_us, date));
	}
	buf_free(&b);
}
