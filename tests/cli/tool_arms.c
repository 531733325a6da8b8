/*
 * tool_arms: writes the made-up experiments of tests/unit/fixture_arms.h as files, for tests that need a browser or a
 * parser of another language. tool_arms KIND FORMAT [WIDTH] > FILE; FORMAT is text, ascii, md or
 * html.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/fixture_run.c"

#include "reports/text.h"
#include "tests/unit/fixture_arms.h"

static void render(const struct arms_fixture *f, const char *format, int width, struct buf *out)
{
	struct text_style style = {.width = width ? width : 80, .utf8 = strcmp(format, "ascii") != 0};
	struct text_line line;

	if (strcmp(format, "html") == 0) {
		arms_fixture_html(f, out);
		return;
	}
	if (strcmp(format, "md") == 0) {
		arms_fixture_markdown(f, out);
		return;
	}
	if (strcmp(format, "json") == 0) {
		json_compare(&f->view, &f->comparison, out);
		return;
	}
	if (strncmp(format, "csv-", 4) == 0) {
		struct err err;

		if (!csv_compare(&f->view, &f->comparison, format + 4, false, out, &err))
			fprintf(stderr, "%s\n", err.text);
		return;
	}
	text_line_init(&line, &style, out);
	text_scale(&line, &f->scaling);
}

int main(int argc, char **argv)
{
	struct arms_fixture f;
	struct buf out = {0};

	for (int kind = 0; argc > 2 && kind < ARMS_KINDS; kind++) {
		if (strcmp(arms_kind_names[kind], argv[1]) != 0)
			continue;
		arms_fixture_make(&f, (enum arms_kind)kind);
		render(&f, argv[2], argc > 3 ? atoi(argv[3]) : 0, &out);
		fwrite(buf_str(&out), 1, out.len, stdout);
		buf_free(&out);
		arms_fixture_free(&f);
		return fflush(stdout) != 0;
	}
	fprintf(stderr, "tool_arms KIND FORMAT [WIDTH]\n");
	return 1;
}
