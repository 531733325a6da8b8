/*
 * markdown_compare: a comparison as a pull-request comment. Text from outside stands in code spans or is escaped. The
 * caller owns the buffer.
 */
#include <inttypes.h>
#include <stdio.h>

#include "reports/arms_faults.h"
#include "reports/arms.h"
#include "reports/escape.h"
#include "reports/markdown.h"
#include "reports/stats.h"
#include "reports/wording.h"

static void text(struct buf *out, const struct buf *words)
{
	escape_markdown_text(buf_str(words), out);
}

static void row(const struct experiment_view *v, const struct comparison *c, uint32_t arm, struct buf *out)
{
	const struct arm_figure *f = &c->arms[arm];
	struct buf words = {0};
	char a[32];

	buf_puts(out, "| ");
	escape_markdown(v->arms[arm].label, 40, out);
	buf_printf(out, " | %zu | ", f->n);
	if (f->middle > 0)
		buf_puts(out, v->load ? word_rate(f->middle, a) : stats_duration(f->middle, a));
	buf_puts(out, " | ");
	if (arm == v->reference)
		buf_puts(&words, "reference");
	else if (f->pair.ratio > 0)
		scaling_ratio_words(&f->pair, &words);
	text(out, &words);
	buf_printf(out, " | %s |\n", arm == v->reference ? "" : comparison_verdict(v, c, arm));
	buf_free(&words);
}

void markdown_compare(
        const struct arms_page *p, const struct experiment_view *v, const struct comparison *c, struct buf *out)
{
	const struct rendering *r = arms_any(p);
	struct buf b = {0};
	char date[32];

	buf_printf(out, "### %s ", p->trouble[0] ? "!" : "✓");
	escape_markdown(v->workload ? v->workload : "", 80, out);
	buf_puts(out, ", ");
	arms_name(p, out);
	buf_puts(out, "\n\n");
	for (uint32_t a = 0; a < v->narms; a++) {
		if (a == v->reference)
			continue;
		buf_clear(&b);
		comparison_words(v, c, a, &b);
		buf_puts(out, "- ");
		text(out, &b);
		buf_putc(out, '\n');
	}
	buf_putc(out, '\n');
	if (p->trouble[0]) {
		escape_markdown_text(p->trouble, out);
		buf_puts(out, "\n\n");
	}
	if (p->doubts[0]) {
		escape_markdown_text(p->doubts, out);
		buf_puts(out, "\n\n");
	}
	buf_printf(out, "| arm | runs | %s | as fast as the reference | shown |\n|---|---:|---:|---:|---|\n",
	        v->load ? "transactions/s" : "makespan");
	for (uint32_t a = 0; a < v->narms; a++)
		row(v, c, a, out);
	buf_putc(out, '\n');
	buf_clear(&b);
	comparison_method(v, c, &b);
	text(out, &b);
	buf_puts(out, "\n\n");
	if (p->faults)
		faults_markdown(p->faults, out);
	if (p->results && p->results[0]) {
		escape_markdown_text(p->results, out);
		buf_puts(out, "\n\n");
	}
	if (r) {
		escape_markdown(r->run->argv ? r->run->argv : "", 300, out);
		buf_printf(out, ", %s\n", word_date(r->run->started_wall_us, date));
	}
	buf_free(&b);
}
