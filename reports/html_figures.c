/*
 * html_figures: "Did they run at the same time?": the sessions over time, how many were active, and the numbers of both
 * as tables. Private to reports/html*.c.
 */
#include "reports/html.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/chart.h"
#include "reports/escape.h"
#include "reports/wording.h"

#define DETAIL 20000
#define ROWS_MOST 400

static void lane_row(const struct rendering *r, const struct lane *lane, struct buf *out)
{
	static const enum phase order[] = {
	        PHASE_CONNECT, PHASE_START, PHASE_QUEUE, PHASE_EXECUTE, PHASE_BLOCKED, PHASE_FETCH};

	buf_printf(out, "<tr%s><th scope=\"row\">%c%u</th><td class=\"n\">",
	        lane->failed + lane->unknown ? " class=\"x\"" : "", lanes_by_worker(r->run) ? 'w' : 's',
	        (lanes_by_worker(r->run) ? lane->worker : lane->session) + 1);
	if (lane->backend_pid > 0)
		buf_printf(out, "%d", lane->backend_pid);
	buf_puts(out, "</td>");
	html_count(out, lane->done);
	html_count(out, lane->failed);
	html_count(out, lane->unknown);
	for (size_t i = 0; i < sizeof order / sizeof order[0]; i++)
		html_time(out, (double)lane->us[order[i]]);
	buf_puts(out, "</tr>\n");
}

static void lane_table(const struct rendering *r, const struct lanes *lanes, struct buf *out)
{
	static const char *const heads[] = {"lane", ">backend PID", ">done", ">failed", ">unknown", ">connect",
	        ">wait for start", ">queue", ">execute", ">blocked", ">fetch", NULL};
	size_t rows = lanes->nlanes < ROWS_MOST ? lanes->nlanes : ROWS_MOST;

	buf_puts(out, "<details><summary>the same numbers as a table</summary>\n");
	html_table(out, heads);
	for (size_t i = 0; i < rows; i++)
		lane_row(r, &lanes->lanes[i], out);
	buf_puts(out, "</tbody></table></div>\n");
	if (rows < lanes->nlanes)
		buf_printf(out,
		        "<p class=\"note\">%zu more in <code>pgparallel report %" PRId64 " -F csv</code>.</p>\n",
		        lanes->nlanes - rows, r->run->id);
	buf_puts(out, "</details>\n");
}

static void lanes_caption(
        const struct rendering *r, const struct lanes *lanes, const struct chart_note *note, struct buf *out)
{
	char a[32], b[32];

	buf_puts(out, "<figcaption>");
	if (note->exact)
		buf_puts(out, "Each bar is one execution; the thick part is the time the server spent on it. Bars that "
		              "overlap in time ran at the same time. ");
	else
		buf_puts(out,
		        "A pixel column spans several executions and shows the phase that took most of it; failures "
		        "are always drawn. ");
	if (lanes->present[PHASE_BLOCKED])
		buf_puts(out, "Dashed: the session only waited for another one of this run, which is not parallel. ");
	if (lanes->server_timed == r->run->nattempts)
		buf_puts(out, "Execute lies on the server's clock. ");
	else if (lanes->server_timed == 0)
		buf_puts(out, "All times are from the client's clock. ");
	else
		buf_printf(out, "Execute lies on the server's clock for %s of %s attempts, else on the client's. ",
		        word_count(lanes->server_timed, a), word_count(r->run->nattempts, b));
	if (note->zoom_attempts < r->run->nattempts && note->lanes_left_out == 0)
		buf_printf(out,
		        "Zoomed in, %s of %s attempts are drawn: every failure, the slowest 1 %% and a random sample; "
		        "pale stretches hold the others. All are in the CSV. ",
		        word_count(note->zoom_attempts, a), word_count(r->run->nattempts, b));
	if (note->lanes_left_out > 0)
		buf_printf(out, "%s more sessions are not drawn; all are in the CSV. ",
		        word_count(note->lanes_left_out, a));
	buf_puts(out, "</figcaption>\n");
}

static void active_table(const struct rendering *r, struct buf *out)
{
	static const char *const heads[] = {">active sessions", ">time", ">share of the wall", NULL};
	const struct proof *p = r->proof;
	double *time = mem_zero((size_t)p->peak + 1, sizeof *time), wall = (double)word_wall_us(r), sum = 0;

	for (size_t i = 0; i < p->ntimeline; i++)
		if (p->timeline[i].active >= 1 && p->timeline[i].active <= p->peak)
			time[p->timeline[i].active] += (double)(p->timeline[i].to_us - p->timeline[i].from_us);
	for (uint32_t k = 1; k <= p->peak; k++)
		sum += time[k];
	time[0] = wall > sum ? wall - sum : 0;
	buf_puts(out, "<details><summary>the same numbers as a table</summary>\n");
	html_table(out, heads);
	for (uint32_t k = p->peak + 1; k-- > 0;) {
		if (time[k] <= 0)
			continue;
		buf_printf(out, "<tr><td class=\"n\">%u</td>", k);
		html_time(out, time[k]);
		buf_printf(out, "<td class=\"n\">%.1f %%</td></tr>\n", 100 * time[k] / wall);
	}
	buf_puts(out, "</tbody></table></div></details>\n");
	free(time);
}

void html_figures(const struct rendering *r, struct buf *out)
{
	struct lanes lanes;
	struct chart_note note = {0};
	struct buf drawing = {0}, data = {0};
	char number[32];

	lanes_of(r, &lanes);
	buf_puts(out, "<section>\n<h2>Did they run at the same time?</h2>\n");
	if (lanes.nlanes == 0) {
		buf_puts(out, "<p>No session was connected.</p>\n</section>\n");
		lanes_free(&lanes);
		return;
	}
	chart_lanes(r, &lanes, &note, &drawing);
	if (r->run->nattempts > 0)
		chart_zoom_data(r, &lanes, r->detail ? r->detail : DETAIL, &note, &data);
	chart_legend(&lanes, &note, out);
	buf_puts(out, "<figure>\n<div class=\"scroll\">");
	buf_append(out, buf_str(&drawing), drawing.len);
	buf_puts(out, "</div>\n");
	lanes_caption(r, &lanes, &note, out);
	lane_table(r, &lanes, out);
	buf_puts(out, "</figure>\n");
	buf_append(out, buf_str(&data), data.len);
	if (r->proof->ntimeline > 0) {
		buf_puts(out, "<figure>\n<div class=\"scroll\">");
		chart_active(r, out);
		buf_printf(out, "</div>\n<figcaption>Active sessions: peak %u, mean %s", r->proof->peak,
		        word_number(r->proof->mean_active, number));
		buf_printf(out,
		        ", effective lanes %s. Executions one after another would never exceed 1.</figcaption>\n",
		        word_number(r->proof->effective_lanes, number));
		active_table(r, out);
		buf_puts(out, "</figure>\n");
	}
	buf_puts(out, "</section>\n");
	buf_free(&drawing);
	buf_free(&data);
	lanes_free(&lanes);
}
