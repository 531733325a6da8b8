/*
 * text: the final text of a run in a terminal: verdict, lanes, where the time went, what went wrong, where it is
 * stored. Called by the commands run and show; the caller owns the buffer.
 */
#include "reports/text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "reports/wording.h"

static enum tint verdict_tint(const struct rendering *r)
{
	if (word_trouble(r))
		return TINT_BAD;
	return r->proof->verdict == VERDICT_PARALLEL ? TINT_GOOD : TINT_DOUBT;
}

static void paragraph(struct text_line *l, int indent, enum tint tint, const char *text)
{
	if (text[0] == '\0')
		return;
	text_to(l, indent);
	l->hang = indent;
	text_words(l, tint, text);
	text_end(l);
}

static void verdict(struct text_line *l, const struct rendering *r)
{
	struct buf b = {0};

	word_verdict(r, &b);
	buf_putc(&b, ':');
	l->hang = 10;
	text_words(l, verdict_tint(r), buf_str(&b));
	buf_clear(&b);
	buf_putc(&b, ' ');
	word_summary(r, &b);
	text_words(l, TINT_BOLD, buf_str(&b));
	text_end(l);

	buf_clear(&b);
	word_gain(r, &b);
	paragraph(l, 10, TINT_PLAIN, buf_str(&b));
	buf_clear(&b);
	word_state(r->run, &b);
	paragraph(l, 10, TINT_DOUBT, buf_str(&b));
	buf_clear(&b);
	word_reason(r, &b);
	paragraph(l, 10, TINT_PLAIN, buf_str(&b));
	buf_clear(&b);
	word_next(r, &b);
	paragraph(l, 10, TINT_DIM, buf_str(&b));
	buf_free(&b);
}

/* A load run has no verdict: one computed sentence, and how many sessions were at work on average. */
static void sentence(struct text_line *l, const struct rendering *r)
{
	struct buf b = {0};

	word_summary(r, &b);
	l->hang = 4;
	text_words(l, word_trouble(r) ? TINT_BAD : TINT_BOLD, buf_str(&b));
	text_end(l);
	buf_clear(&b);
	word_state(r->run, &b);
	paragraph(l, 4, TINT_DOUBT, buf_str(&b));
	buf_free(&b);
}

/* "~/..." for a path below the home directory: shorter to read, and still right in a shell. */
static void put_path(struct buf *b, const char *path)
{
	const char *home = getenv("HOME");
	size_t len = home ? strlen(home) : 0;

	if (len > 1 && strncmp(path, home, len) == 0 && path[len] == '/')
		buf_printf(b, "~%s", path + len);
	else
		buf_puts(b, path);
}

static void stored(struct text_line *l, const struct rendering *r)
{
	const char *hint = l->style->report_hint ? l->style->report_hint : "";
	struct buf run = {0}, command = {0};

	if (r->run->id > 0 && r->store_path && r->store_path[0]) {
		buf_printf(&run, "run %" PRId64 " stored in ", r->run->id);
		put_path(&run, r->store_path);
	}
	if (hint[0])
		buf_printf(&command, "HTML: %s", hint);
	if (run.len > 0 && command.len > 0 && 1 + run.len + 3 + command.len <= (size_t)l->width) {
		buf_printf(
		        &run, ";  %s", buf_str(&command)); /* one line, else a command of its own that can be copied */
		buf_clear(&command);
	}
	paragraph(l, 1, TINT_PLAIN, buf_str(&run));
	paragraph(l, 1, TINT_PLAIN, buf_str(&command));
	buf_free(&run);
	buf_free(&command);
}

void text_render(const struct rendering *r, const struct text_style *style, struct buf *out)
{
	struct text_line l;

	text_line_init(&l, style, out);
	if (r->run->load) {
		sentence(&l, r);
		text_load(&l, r);
		text_errors(&l, r);
	} else {
		verdict(&l, r);
		text_lanes(&l, r);
		text_end(&l);
		text_errors(&l, r);
		text_stretches(&l, r);
		text_budget(&l, r);
		text_suspects(&l, r);
		text_results(&l, r);
	}
	text_chaos(&l, r);
	text_cost(&l, r);
	text_events(&l, r);
	text_doubts(&l, r);
	stored(&l, r);
}
