/*
 * Markdown: a comment that fits a pull request, a document with every part, and nothing from outside that formats.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "reports/markdown.h"
#include "tests/unit/fixture_run.c"

static void comments_fit_a_pull_request(void **state)
{
	(void)state;
	for (int kind = 0; kind < FIXTURES; kind++) {
		struct fixture f;
		struct buf out = {0};

		fixture_make(&f, (enum fixture_kind)kind, 0);
		markdown_render(&f.rendering, false, &out);
		assert_in_range(out.len, 100, 20000);
		buf_free(&out);
		fixture_free(&f);
	}
}

static void the_document_has_every_part(void **state)
{
	static const char *const parts[] = {"\n## Summary\n", "\n## Configuration\n",
	        "\n## Log of starts and completions\n", "\n## Results\n", "\n## Findings\n",
	        "  w1  pid 24101  s2a  started\n", "  s1a  failed after 1.001 s  40001  ERROR: could not serialize",
	        "  s3  completed after 3.001 s, 1 row\n", "  s2b  unknown after 1.387 s  worker died, signal 11\n",
	        "\n- overlapped: ", "\n- gained: ", "| unexplained |"};
	struct fixture f;
	struct buf out = {0};
	const char *at;

	(void)state;
	fixture_make(&f, FIXTURE_FAILING, 0);
	markdown_render(&f.rendering, true, &out);
	at = buf_str(&out);
	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
		assert_non_null(strstr(at, parts[i]));
	buf_free(&out);
	fixture_free(&f);
}

static void the_log_of_a_long_run_is_cut_and_says_so(void **state)
{
	struct fixture f;
	struct buf out = {0};

	(void)state;
	fixture_make(&f, FIXTURE_LOAD, 20000);
	markdown_render(&f.rendering, true, &out);
	assert_non_null(strstr(buf_str(&out), "The first 4000 of 40,000 lines"));
	assert_true(out.len < 700000);
	buf_free(&out);
	fixture_free(&f);
}

static void a_fence_cannot_be_closed_from_inside(void **state)
{
	struct buf out = {0};

	(void)state;
	markdown_fence("sql", "a\n````\nb", &out);
	assert_string_equal(buf_str(&out), "`````sql\na\n````\nb\n`````\n\n");
	buf_free(&out);
}

/* Outside of code spans and fences no tag of the hostile run is left unescaped. */
static void hostile_text_formats_nothing(void **state)
{
	struct fixture f;
	struct buf out = {0};

	(void)state;
	fixture_make(&f, FIXTURE_HOSTILE, 0);
	markdown_render(&f.rendering, false, &out);
	for (const char *line = buf_str(&out); *line; line += strcspn(line, "\n") + 1) {
		size_t fence = 0;

		for (size_t i = 0; line[i] && line[i] != '\n'; i++) {
			size_t run = strspn(line + i, "`");

			if (run > 0 && (i == 0 || line[i - 1] != '\\') && (fence == 0 || fence == run)) {
				fence = fence ? 0 : run;
				i += run - 1;
			} else if (run > 0) {
				i += run - 1;
			} else if (fence == 0 && line[i] == '<') {
				assert_true(i > 0 && line[i - 1] == '\\');
			}
		}
	}
	assert_null(strchr(buf_str(&out), '\033'));
	buf_free(&out);
	fixture_free(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(comments_fit_a_pull_request),
	        cmocka_unit_test(the_document_has_every_part),
	        cmocka_unit_test(the_log_of_a_long_run_is_cut_and_says_so),
	        cmocka_unit_test(a_fence_cannot_be_closed_from_inside), cmocka_unit_test(hostile_text_formats_nothing)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
