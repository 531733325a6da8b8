/*
 * compare_words: what a comparison shows, in words for a terminal, a page and a document alike. See compare.h.
 */
#include "reports/compare.h"

#include <inttypes.h>
#include <string.h>

#include "reports/scaling.h"

#define TROUBLES_SAID 3

void comparison_trouble(const struct experiment_view *v, struct buf *out)
{
	size_t begin = out->len, troubles = 0;
	const char *what = v->blocks ? "Block" : "Run";

	for (uint32_t b = 0; b < v->nblocks; b++) {
		for (uint32_t a = 0; a < v->narms; a++) {
			const struct cell_view *c = experiment_cell(v, a, b);

			if (c->complete || (c->run == 0 && !v->blocks) || ++troubles > TROUBLES_SAID)
				continue;
			buf_printf(out, "%s%s %" PRId64 " is left out: ", out->len > begin ? " " : "", what,
			        v->blocks ? (int64_t)b + 1 : c->run);
			if (c->run != 0 && v->blocks)
				buf_printf(out, "run %" PRId64 " (%s): %s.", c->run, v->arms[a].label, c->why);
			else
				buf_printf(out, "%s %s.", v->arms[a].label, c->run ? c->why : "did not run");
		}
	}
	if (troubles > TROUBLES_SAID)
		buf_printf(out, " And %zu more.", troubles - TROUBLES_SAID);
	if (v->warm_ups > 0)
		buf_printf(out, "%s%u warm-up run%s left out.", out->len > begin ? " " : "", v->warm_ups,
		        v->warm_ups == 1 ? " is" : "s are");
	if (v->id != 0 && v->blocks && strcmp(v->ended, "all blocks") != 0 && strcmp(v->ended, "--stop-when") != 0)
		buf_printf(out, "%sIt ended after %u of %u blocks: %s.", out->len > begin ? " " : "", v->nblocks,
		        v->blocks_planned, v->ended[0] ? v->ended : "it goes on, or its process died");
}

void comparison_arm_doubts(const struct experiment_view *v, uint32_t arm, struct buf *out)
{
	bool first = true;

	for (size_t i = 0; i < v->ndoubts; i++) {
		const struct arm_doubt *d = &v->doubts[i];

		if (d->arm != arm)
			continue;
		buf_printf(out, "%s%s in %u of %u run%s", first ? "" : "; ", d->name, d->runs, d->of,
		        d->of == 1 ? "" : "s");
		first = false;
	}
}

void comparison_doubts(const struct experiment_view *v, struct buf *out)
{
	struct buf one = {0};

	for (uint32_t a = 0; v->ndoubts > 0 && a < v->narms; a++) {
		buf_clear(&one);
		comparison_arm_doubts(v, a, &one);
		if (one.len > 0)
			buf_printf(out, "Doubt about %s: %s. ", v->arms[a].label, buf_str(&one));
	}
	for (size_t i = 0; i < v->ndoubts; i++) {
		bool said = false;

		for (size_t k = 0; k < i; k++)
			said = said || strcmp(v->doubts[k].name, v->doubts[i].name) == 0;
		if (!said)
			buf_printf(out, "%s: %s. ", v->doubts[i].name, v->doubts[i].text);
	}
	if (v->ndoubts > 0)
		buf_puts(out, "These runs are in the figures all the same.");
	buf_free(&one);
}

const char *comparison_verdict(const struct experiment_view *v, const struct comparison *c, uint32_t arm)
{
	return v->blocks ? paired_verdict_word(c->arms[arm].pair.verdict) : "no claim";
}

void comparison_words(const struct experiment_view *v, const struct comparison *c, uint32_t arm, struct buf *out)
{
	const struct paired *p = &c->arms[arm].pair;
	const char *name = v->arms[arm].label, *reference = v->arms[v->reference].label;

	if (!(p->ratio > 0)) {
		buf_printf(out, "%s: no complete run beside one of %s", name, reference);
	} else if (p->verdict == PAIRED_FASTER) {
		buf_printf(out, "%s is faster than %s by ", name, reference);
		scaling_ratio_words(p, out);
	} else if (p->verdict == PAIRED_SLOWER) {
		struct paired turned = *p;

		turned.ratio = 1 / p->ratio;
		turned.low = 1 / p->high;
		turned.high = 1 / p->low;
		buf_printf(out, "%s is slower than %s by ", name, reference);
		scaling_ratio_words(&turned, out);
	} else if (p->verdict == PAIRED_NO_DIFFERENCE) {
		buf_printf(out, "%s against %s: no difference shown, ", name, reference);
		scaling_ratio_words(p, out);
	} else {
		buf_printf(out, "%s is ", name);
		scaling_ratio_words(p, out);
		buf_printf(out, " as fast as %s, without a claim", reference);
	}
}

void comparison_method(const struct experiment_view *v, const struct comparison *c, struct buf *out)
{
	if (!v->blocks) {
		buf_puts(out, "runs that were not made in blocks: ratios of medians, and no claim");
		return;
	}
	buf_printf(out, "%u block%s, each with every arm once in random order, on fresh sessions", v->nblocks,
	        v->nblocks == 1 ? "" : "s");
	if (c->complete < v->nblocks)
		buf_printf(out, "; %zu of them complete, only these are compared", c->complete);
	if (c->claims)
		buf_printf(out, "; %s", paired_method_words(c->arms[v->reference].pair.method));
	else
		buf_printf(out, "; under %d complete blocks nothing is claimed", PAIRED_LEAST_BLOCKS);
}
