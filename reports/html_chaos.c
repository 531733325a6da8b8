/*
 * html_chaos: "What did the planted faults do?": a table of them. Private to reports/html*.c.
 */
#include "reports/chaos.h"
#include "reports/escape.h"
#include "reports/html.h"

void html_chaos(const struct rendering *r, struct buf *out)
{
	static const char *const heads[] = {"fault", ">workers hit", ">sessions hit", ">unknown", ">failed",
	        ">repeated", ">others before", ">others after", ">full strength after", NULL};
	struct buf text = {0};

	if (r->run->nchaos == 0)
		return;
	buf_puts(out, "<section class=\"long\" id=\"chaos\">\n<h2>What did the planted faults do?</h2>\n");
	html_table(out, heads);
	for (size_t i = 0; i < r->run->nchaos; i++) {
		buf_puts(out, "<tr>");
		for (int column = 0; column < CHAOS_COLUMNS; column++) {
			buf_clear(&text);
			chaos_cell(r->run, &r->run->chaos[i], (enum chaos_column)column, &text);
			buf_puts(out, column == 0 ? "<th scope=\"row\">" : "<td class=\"n\">");
			escape_html(buf_str(&text), out);
			buf_puts(out, column == 0 ? "</th>" : "</td>");
		}
		buf_puts(out, "</tr>\n");
	}
	buf_puts(out, "</tbody></table></div>\n<ul>\n");
	for (size_t i = 0; i < r->run->nchaos; i++) {
		buf_clear(&text);
		chaos_words(r->run, &r->run->chaos[i], &text);
		html_put(out, "li", NULL, buf_str(&text));
		buf_putc(out, '\n');
	}
	buf_puts(out,
	        "</ul>\n<p class=\"note\">Unknown and failed: what was in flight on the sessions hit. Others: median "
	        "time of what sessions did that no fault ever hit.</p>\n</section>\n");
	buf_free(&text);
}
