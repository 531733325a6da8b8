/*
 * arms_faults: the table of planted faults, arm by arm, as text, Markdown and HTML. See the header.
 */
#include "reports/arms_faults.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "reports/arms.h"
#include "reports/escape.h"
#include "reports/html.h"
#include "reports/stats.h"
#include "reports/wording.h"

const char *const fault_columns[FAULT_COLUMNS + 1] = {
        "arm", "workers", "sessions", "unknown", "failed", "again", "before", "after", "back after", NULL};

static const int widths[FAULT_COLUMNS] = {12, 8, 9, 8, 7, 6, 9, 9, 11};

static void number(double x, struct buf *out)
{
	char text[32];

	if (isnan(x))
		buf_puts(out, "-");
	else if (x - floor(x) < 0.05) /* a median of an even number of runs may be a half */
		buf_puts(out, word_count((uint64_t)x, text));
	else
		buf_printf(out, "%.1f", x);
}

static void duration(double us, struct buf *out)
{
	char text[32];

	buf_puts(out, isnan(us) ? "-" : stats_duration(us, text));
}

static void of(double hit, double all, struct buf *out)
{
	number(hit, out);
	buf_puts(out, " of ");
	number(all, out);
}

void fault_cell(const struct fault_of_arm *f, enum fault_column column, struct buf *out)
{
	const double numbers[] = {
	        [FAULT_UNKNOWN] = f->unknown, [FAULT_FAILED] = f->failed, [FAULT_REPEATED] = f->repeated};

	switch (column) {
	case FAULT_ARM:
		buf_puts(out, f->label);
		break;
	case FAULT_WORKERS:
		of(f->workers, f->of_workers, out);
		break;
	case FAULT_SESSIONS:
		of(f->sessions, f->of_sessions, out);
		break;
	case FAULT_UNKNOWN:
	case FAULT_FAILED:
	case FAULT_REPEATED:
		number(numbers[column], out);
		break;
	case FAULT_BEFORE:
		duration(f->before_us, out);
		break;
	case FAULT_AFTER:
		duration(f->after_us, out);
		break;
	default:
		duration(f->full_us, out);
		break;
	}
}

/* A fault begins where the row before is of another one. */
static bool begins(const struct faults_of_arms *f, size_t i)
{
	return i == 0 || strcmp(f->list[i].action, f->list[i - 1].action) != 0 ||
	       strcmp(f->list[i].at, f->list[i - 1].at) != 0 || f->list[i].arm <= f->list[i - 1].arm;
}

static void text_cell_of(int column, const char *text, struct buf *out)
{
	buf_printf(out, column == 0 ? " %-*s" : "%*s", widths[column], text);
}

void faults_text(const struct faults_of_arms *f, struct buf *out)
{
	struct buf cell = {0};

	for (size_t i = 0; i < f->count; i++) {
		if (begins(f, i)) {
			buf_printf(
			        out, "%s planted fault: %s at %s\n", i ? "\n" : "", f->list[i].action, f->list[i].at);
			for (int c = 0; c < FAULT_COLUMNS; c++)
				text_cell_of(c, fault_columns[c], out);
			buf_putc(out, '\n');
		}
		for (int c = 0; c < FAULT_COLUMNS; c++) {
			buf_clear(&cell);
			fault_cell(&f->list[i], (enum fault_column)c, &cell);
			text_cell_of(c, buf_str(&cell), out);
		}
		buf_putc(out, '\n');
	}
	if (f->count > 0)
		buf_puts(out, " medians over the runs; unknown and failed: what was in flight on what was\n"
		              " hit; again: of it tried again; before and after: what sessions took that were\n"
		              " not hit; back: until all were again\n");
	buf_free(&cell);
}

void faults_markdown(const struct faults_of_arms *f, struct buf *out)
{
	struct buf cell = {0};

	if (f->count == 0)
		return;
	buf_puts(out, "| fault |");
	for (int c = 0; c < FAULT_COLUMNS; c++)
		buf_printf(out, " %s |", fault_columns[c]);
	buf_puts(out, "\n|---|---|---:|---:|---:|---:|---:|---:|---:|---:|\n");
	for (size_t i = 0; i < f->count; i++) {
		buf_printf(out, "| %s at %s |", f->list[i].action, f->list[i].at);
		for (int c = 0; c < FAULT_COLUMNS; c++) {
			buf_clear(&cell);
			fault_cell(&f->list[i], (enum fault_column)c, &cell);
			buf_putc(out, ' ');
			escape_markdown_text(buf_str(&cell), out);
			buf_puts(out, " |");
		}
		buf_putc(out, '\n');
	}
	buf_putc(out, '\n');
	buf_free(&cell);
}

void faults_html(const struct faults_of_arms *f, struct buf *out)
{
	static const char *const heads[] = {"fault", "arm", ">workers hit", ">sessions hit", ">unknown", ">failed",
	        ">repeated", ">others before", ">others after", ">full strength after", NULL};
	struct buf text = {0};

	if (f->count == 0)
		return;
	buf_puts(out, "<section class=\"long\" id=\"chaos\">\n<h2>What did the planted faults do?</h2>\n");
	html_table(out, heads);
	for (size_t i = 0; i < f->count; i++) {
		buf_printf(&text, "%s at %s", f->list[i].action, f->list[i].at);
		buf_puts(out, "<tr>");
		html_put(out, "td", NULL, buf_str(&text));
		for (int c = 0; c < FAULT_COLUMNS; c++) {
			buf_clear(&text);
			fault_cell(&f->list[i], (enum fault_column)c, &text);
			html_put(out, "td", c == 0 ? NULL : "n", buf_str(&text));
		}
		buf_clear(&text);
		buf_puts(out, "</tr>\n");
	}
	buf_puts(out,
	        "</tbody></table></div>\n<p class=\"note\">Medians over the runs of each arm. Unknown and failed: what "
	        "was in flight on the sessions hit. Others: median time of what sessions did that were not "
	        "hit.</p>\n</section>\n");
	buf_free(&text);
}

void html_arms_faults(const struct arms_page *p, struct buf *out)
{
	if (p->faults)
		faults_html(p->faults, out);
	if (p->results && p->results[0]) {
		buf_puts(out, "<section class=\"long\" id=\"results\">\n<h2>Did they return the same?</h2>\n");
		html_put(out, "p", NULL, p->results);
		buf_puts(out, "</section>\n");
	}
}

void verify_arms_sentence(const struct verify_count *n, struct buf *out)
{
	char a[32], b[32];

	if (n->different > 0)
		buf_printf(out,
		        "Results differ: in %s of %s comparisons of a task with the first run of the reference.",
		        word_count(n->different, a), word_count(n->same + n->different, b));
	else if (n->same > 0)
		buf_printf(out,
		        "Every arm returned the same rows: %s comparison%s of a task with the first run of the "
		        "reference.",
		        word_count(n->same, a), n->same == 1 ? "" : "s");
	else
		buf_puts(out, "No results could be compared.");
	if (n->uncompared > 0)
		buf_printf(
		        out, " %s more could not be made, as not all tickets were done.", word_count(n->uncompared, a));
}
