/*
 * tool_render: writes the made-up runs of tests/unit/fixture_run as files, for tests that need a browser, a parser
 * of another language or a terminal. tool_render KIND FORMAT [ATTEMPTS|WIDTH] > FILE; FORMAT is text, ascii, color,
 * html, json, md, proof, csv or csv:TABLE.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/fixture_run.c"

static void render(const struct fixture *f, const char *format, int width, struct buf *out)
{
	struct text_style style = {.width = width ? width : 80,
	        .color = strcmp(format, "color") == 0,
	        .utf8 = strcmp(format, "ascii") != 0,
	        .report_hint = "pgparallel report 160 -o run-160.html"};

	if (strcmp(format, "html") == 0)
		html_render(&f->rendering, out);
	else if (strcmp(format, "json") == 0)
		json_render(&f->rendering, out);
	else if (strcmp(format, "md") == 0)
		markdown_render(&f->rendering, false, out);
	else if (strcmp(format, "proof") == 0)
		markdown_render(&f->rendering, true, out);
	else if (strncmp(format, "csv", 3) == 0)
		csv_render(&f->rendering, format[3] ? format + 4 : "attempts", false, out);
	else if (strncmp(format, "raw", 3) == 0)
		csv_render(&f->rendering, format[3] ? format + 4 : "attempts", true, out);
	else
		text_render(&f->rendering, &style, out);
}

int main(int argc, char **argv)
{
	struct fixture f;
	struct buf out = {0};
	int number = argc > 3 ? atoi(argv[3]) : 0;

	for (int kind = 0; argc > 2 && kind < FIXTURES; kind++) {
		if (strcmp(fixture_name((enum fixture_kind)kind), argv[1]) != 0)
			continue;
		fixture_make(&f, (enum fixture_kind)kind, number > 400 ? (size_t)number : 0);
		render(&f, argv[2], number, &out);
		fwrite(buf_str(&out), 1, out.len, stdout);
		buf_free(&out);
		fixture_free(&f);
		return fflush(stdout) != 0;
	}
	fprintf(stderr, "tool_render KIND FORMAT [ATTEMPTS|WIDTH]\n");
	return 1;
}
