/*
 * tool_render: writes the made-up runs of tests/unit/fixture_run as files, for tests that need a browser, a parser
 * of another language or a terminal. tool_render KIND FORMAT [ATTEMPTS|WIDTH] > FILE; FORMAT is text, ascii, color,
 * html, json, md, proof, csv or csv:TABLE. KIND scripts is the load run of tests/unit/sample_load.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/fixture_run.c"
#include "tests/unit/sample_load_view.h"

static void render(const struct rendering *r, const char *format, int width, struct buf *out)
{
	struct text_style style = {.width = width ? width : 80,
	        .color = strcmp(format, "color") == 0,
	        .utf8 = strcmp(format, "ascii") != 0,
	        .report_hint = "pgparallel report 160 -o run-160.html"};

	if (strcmp(format, "html") == 0)
		html_render(r, out);
	else if (strcmp(format, "json") == 0)
		json_render(r, out);
	else if (strcmp(format, "md") == 0)
		markdown_render(r, false, out);
	else if (strcmp(format, "proof") == 0)
		markdown_render(r, true, out);
	else if (strncmp(format, "csv", 3) == 0)
		csv_render(r, format[3] ? format + 4 : NULL, false, out, NULL);
	else if (strncmp(format, "raw", 3) == 0)
		csv_render(r, format[3] ? format + 4 : NULL, true, out, NULL);
	else
		text_render(r, &style, out);
}

static int scripts(const char *format, int width)
{
	struct sample_load_view load;
	struct buf out = {0};
	struct err err;

	if (!sample_load_open(&load, 20000, 2500, &err)) {
		fprintf(stderr, "%s\n", err.text);
		return 1;
	}
	render(&load.rendering, format, width, &out);
	fwrite(buf_str(&out), 1, out.len, stdout);
	buf_free(&out);
	sample_load_close(&load);
	return fflush(stdout) != 0;
}

int main(int argc, char **argv)
{
	struct fixture f;
	struct buf out = {0};
	int number = argc > 3 ? atoi(argv[3]) : 0;

	if (argc > 2 && strcmp(argv[1], "scripts") == 0)
		return scripts(argv[2], number);
	for (int kind = 0; argc > 2 && kind < FIXTURES; kind++) {
		if (strcmp(fixture_name((enum fixture_kind)kind), argv[1]) != 0)
			continue;
		fixture_make(&f, (enum fixture_kind)kind, number > 400 ? (size_t)number : 0);
		render(&f.rendering, argv[2], number, &out);
		fwrite(buf_str(&out), 1, out.len, stdout);
		buf_free(&out);
		fixture_free(&f);
		return fflush(stdout) != 0;
	}
	fprintf(stderr, "tool_render KIND FORMAT [ATTEMPTS|WIDTH]\n");
	return 1;
}
