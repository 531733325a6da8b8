/*
 * html_index: see html_index.h.
 */
#include "reports/html_index.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "reports/html.h"

#include "reports/escape.h"
#include "reports/stats.h"
#include "reports/wording.h"

static void run_row(const struct run_line *l, bool linked, struct buf *out)
{
	bool bad = l->failed || l->unknown || l->not_run;
	char text[96], a[32], b[32];

	if (linked)
		buf_printf(out, "<tr><th scope=\"row\"><a href=\"run-%" PRId64 ".html\">%" PRId64 "</a></th>", l->id,
		        l->id);
	else
		buf_printf(out, "<tr><th scope=\"row\">%" PRId64 "</th>", l->id);
	html_put(out, "td", "w", word_date(l->started_wall_us, a));
	html_put(out, "td", "w", l->workload);
	html_put(out, "td", bad ? "x" : NULL,
	        strcmp(l->role, "baseline") == 0  ? "serial baseline"
	        : strcmp(l->role, "warm-up") == 0 ? "warm-up"
	                                          : l->verdict);
	snprintf(text, sizeof text, "%s%s%s", l->speedup > 0 ? word_ratio(l->speedup, a) : "–",
	        l->ceiling > 0 ? " of " : "", l->ceiling > 0 ? word_ratio(l->ceiling, b) : "");
	html_put(out, "td", "n", text);
	html_put(out, "td", "n", l->wall_us > 0 ? stats_duration((double)l->wall_us, a) : "–");
	snprintf(text, sizeof text, "%s of %s", word_count(l->done, a), word_count(l->ntickets, b));
	html_put(out, "td", "n", text);
	html_count(out, l->failed);
	html_count(out, l->unknown);
	html_put(out, "td", NULL, l->engine);
	html_count(out, l->sessions);
	html_put(out, "td", strcmp(l->state, "finished") == 0 ? NULL : "x", l->state);
	buf_puts(out, "</tr>\n");
}

void html_index_page(const char *kind, int64_t first_run, int64_t last_run, const char *ending, char name[80])
{
	snprintf(name, 80, "%.16s-%" PRId64 "-%" PRId64 ".%s", kind, first_run, last_run, ending);
}

static void experiment_row(const struct experiment_line *l, bool linked, struct buf *out)
{
	char name[80], text[64], a[32];

	html_index_page(l->kind, l->first_run, l->last_run, "html", name);
	buf_puts(out, "<tr><th scope=\"row\" class=\"w\">");
	if (linked) {
		buf_puts(out, "<a href=\"");
		escape_html(name, out);
		buf_puts(out, "\">");
	}
	snprintf(text, sizeof text, "%.16s %" PRId64, l->kind, l->id);
	escape_html(text, out);
	buf_puts(out, linked ? "</a></th>" : "</th>");
	html_put(out, "td", "w", word_date(l->created_wall_us, a));
	html_put(out, "td", "w", l->workload);
	html_count(out, l->arms);
	html_count(out, l->runs);
	snprintf(text, sizeof text, "%" PRId64 " to %" PRId64, l->first_run, l->last_run);
	html_put(out, "td", "n", text);
	html_put(out, "td", strcmp(l->ended, "all blocks") == 0 ? NULL : "x", l->ended[0] ? l->ended : "not over");
	buf_puts(out, "</tr>\n");
}

static void experiments(const struct index_content *c, struct buf *out)
{
	static const char *const heads[] = {
	        "experiment", "started", "workload", ">arms", ">runs", ">run numbers", "ended", NULL};

	if (c->nexperiments == 0)
		return;
	buf_puts(out, "<h2>Comparisons and scales</h2>\n");
	html_table(out, heads);
	for (size_t i = 0; i < c->nexperiments; i++)
		experiment_row(&c->experiments[i], c->experiment_linked[i], out);
	buf_puts(out, "</tbody></table></div>\n<h2>Runs</h2>\n");
}

void html_index(const struct index_content *c, struct buf *out)
{
	static const char *const heads[] = {"run", "started", "workload", "verdict", ">speed-up", ">wall", ">done",
	        ">failed", ">unknown", "engine", ">sessions", "state", NULL};
	char number[32];

	html_begin("pgparallel: runs", out);
	buf_printf(out, "<header><h1>Runs</h1>\n<p class=\"sub\">the newest %s, newest first</p></header>\n<main>\n",
	        word_count(c->nruns, number));
	experiments(c, out);
	html_table(out, heads);
	for (size_t i = 0; i < c->nruns; i++)
		run_row(&c->runs[i], c->run_linked[i], out);
	buf_puts(out, "</tbody></table></div>\n</main>\n</body>\n</html>\n");
}
