/* log: the form of a line, and that nothing in a text can forge another line or reach a terminal as an escape. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/log.h"

static void test_printable(void **state)
{
	static const struct {
		const char *text, *out;
	} cases[] = {{"plain", "plain"}, {"\033[31mred", "\\x1b[31mred"}, {"a\nb\tc\rd", "a\\nb\\tc\\rd"},
	        {"\x7f", "\\x7f"},
	        {"caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x90\x98", "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x90\x98"},
	        {"\xff", "\\xff"}, {"\xc3", "\\xc3"}, {"\xc0\xaf", "\\xc0\\xaf"}, {"\xed\xa0\x80", "\\xed\\xa0\\x80"},
	        {"\xc2\x9b"
	         "31m",
	                "\\xc2\\x9b31m"},
	        {"\xe2\x80\xae", "\\xe2\\x80\\xae"}, {"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"}, {"", ""}};
	char out[100];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		log_printable(cases[i].text, out, sizeof out);
		assert_string_equal(out, cases[i].out);
	}
}

static void test_printable_cuts_between_characters(void **state)
{
	char out[4];

	(void)state;
	log_printable("ab\xe2\x82\xac", out, sizeof out);
	assert_string_equal(out, "ab");
	log_printable("\033\033", out, sizeof out);
	assert_string_equal(out, "");
	log_printable("x", out, 1);
	assert_string_equal(out, "");
}

static char *path_of_new_file(void)
{
	static char path[64];

	snprintf(path, sizeof path, "/tmp/pgt-log.XXXXXX");
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	close(fd);
	unlink(path);
	return path;
}

static void read_back(const char *path, char *text, size_t size)
{
	FILE *f = fopen(path, "r");

	assert_non_null(f);
	size_t n = fread(text, 1, size - 1, f);

	text[n] = '\0';
	fclose(f);
}

static void test_line_with_context(void **state)
{
	char text[500], *path = path_of_new_file();
	struct err err;

	(void)state;
	assert_true(log_open(path, false, LEVEL_INFO, &err));
	log_write(LEVEL_INFO, &(struct log_context){.worker = 3, .pid = 4711, .task = "s2a"}, "done in %d ms", 12);
	log_write(LEVEL_ERROR, NULL, "bad\nforged");
	log_write(LEVEL_DEBUG, NULL, "not shown");
	log_close();
	read_back(path, text, sizeof text);
	unlink(path);
	assert_int_equal(strcspn(text, "Z"), 26);
	assert_memory_equal(text + 27, " INFO [w3 pid 4711 task s2a] done in 12 ms\n", 43);
	char *second = strchr(text, '\n') + 1;

	assert_string_equal(second + 27, " ERROR bad\\nforged\n");
}

static void test_file_is_private_and_appended(void **state)
{
	char text[500], *path = path_of_new_file();
	struct err err;
	struct stat st;

	(void)state;
	for (int i = 0; i < 2; i++) {
		assert_true(log_open(path, false, LEVEL_INFO, &err));
		log_write(LEVEL_INFO, NULL, "line");
		log_close();
	}
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	read_back(path, text, sizeof text);
	unlink(path);
	assert_non_null(strchr(strchr(text, '\n') + 1, '\n'));
}

static void test_bad_path_is_an_error_with_remedy(void **state)
{
	struct err err;

	(void)state;
	assert_false(log_open("/nonexistent/dir/x.log", false, LEVEL_INFO, &err));
	assert_non_null(strstr(err.text, "/nonexistent/dir/x.log"));
	assert_int_equal(err.code, EXIT_USAGE);
}

static void test_nothing_open_is_silent(void **state)
{
	(void)state;
	log_close();
	assert_false(log_enabled(LEVEL_ERROR));
	log_write(LEVEL_ERROR, NULL, "nobody reads this");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_printable),
	        cmocka_unit_test(test_printable_cuts_between_characters),
	        cmocka_unit_test(test_line_with_context),
	        cmocka_unit_test(test_file_is_private_and_appended),
	        cmocka_unit_test(test_bad_path_is_an_error_with_remedy),
	        cmocka_unit_test(test_nothing_open_is_silent),
	};

	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
