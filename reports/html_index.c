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
	html_put(out, "td", bad ? "x" : NULL, strcmp(l->role, "baseline") == 0 ? "serial baseline" : l->verdict);
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

void html_index(const struct run_line *lines, const bool *linked, size_t count, struct buf *out)
{
	static const char *const heads[] = {"run", "started", "workload", "verdict", ">speed-up", ">wall", ">done",
	        ">failed", ">unknown", "engine", ">sessions", "state", NULL};
	char number[32];

	html_begin("pgparallel: runs", out);
	buf_printf(out, "<header><h1>Runs</h1>\n<p class=\"sub\">the newest %s, newest first</p></header>\n<main>\n",
	        word_count(count, number));
	html_table(out, heads);
	for (size_t i = 0; i < count; i++)
		run_row(&lines[i], linked[i], out);
	buf_puts(out, "</tbody></table></div>\n</main>\n</body>\n</html>\n");
}
