/*
 * html_cost: "What did it cost?": the figures of the engine as a table. Private to reports/html*.c.
 */
#include <math.h>

#include "reports/cost.h"
#include "reports/escape.h"
#include "reports/html.h"

void html_cost(const struct rendering *r, struct buf *out)
{
	static const char *const heads[] = {"figure", "what it is", ">value", NULL};
	double figures[COSTS];
	char text[32];

	if (!cost_known(r->run))
		return;
	cost_of(r->run, figures);
	buf_puts(out, "<section class=\"long\" id=\"cost\">\n<h2>What did it cost?</h2>\n");
	html_table(out, heads);
	for (int i = 0; i < COSTS; i++) {
		if (isnan(figures[i]) || (i == COST_UNTOLD && figures[i] <= 0))
			continue;
		buf_puts(out, "<tr><th scope=\"row\">");
		escape_html(cost_names[i].name, out);
		buf_puts(out, "</th><td>");
		escape_html(cost_names[i].what, out);
		buf_printf(out, "</td><td class=\"n\">%s</td></tr>\n", cost_text((enum cost)i, figures[i], text));
	}
	buf_puts(out,
	        "</tbody></table></div>\n<p class=\"note\">Of the worker processes alone: the program itself and its "
	        "observer cost the same whatever the engine.</p>\n</section>\n");
}
