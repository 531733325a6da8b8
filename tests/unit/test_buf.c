/* buf: appending, growing, and the allocation functions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shared/buf.h"

static void test_empty_is_an_empty_string(void **state)
{
	struct buf b = {0};

	(void)state;
	assert_string_equal(buf_str(&b), "");
	buf_append(&b, "x", 0);
	assert_string_equal(buf_str(&b), "");
	buf_free(&b);
}

static void test_all_appends_in_order(void **state)
{
	struct buf b = {0};

	(void)state;
	buf_puts(&b, "a");
	buf_putc(&b, 'b');
	buf_printf(&b, "%d-%s", 12, "c");
	buf_append(&b, "d\0e", 3);
	assert_int_equal(b.len, 9);
	assert_memory_equal(b.data, "ab12-cd\0e", 10);
	buf_free(&b);
	assert_null(b.data);
}

static void test_long_printf_grows(void **state)
{
	struct buf b = {0};
	char text[5000];

	(void)state;
	memset(text, 'x', sizeof text);
	text[sizeof text - 1] = '\0';
	buf_printf(&b, "<%s>", text);
	buf_printf(&b, "%s", "");
	assert_int_equal(b.len, sizeof text + 1);
	assert_int_equal(b.data[0], '<');
	assert_int_equal(b.data[b.len - 1], '>');
	assert_int_equal(b.data[b.len], '\0');
	buf_free(&b);
}

static void test_clear_keeps_memory(void **state)
{
	struct buf b = {0};

	(void)state;
	buf_puts(&b, "something");
	char *data = b.data;

	buf_clear(&b);
	assert_string_equal(buf_str(&b), "");
	buf_puts(&b, "x");
	assert_ptr_equal(b.data, data);
	assert_string_equal(buf_str(&b), "x");
	buf_free(&b);
}

static void test_reserved_room_does_not_move(void **state)
{
	struct buf b = {0};

	(void)state;
	buf_reserve(&b, 1000);
	char *data = b.data;

	for (int i = 0; i < 1000; i++)
		buf_putc(&b, 'y');
	assert_ptr_equal(b.data, data);
	buf_free(&b);
}

static void test_strndup_stops_at_nul(void **state)
{
	(void)state;
	char *a = mem_strndup("abcdef", 3), *b = mem_strndup("ab\0cd", 5);

	assert_string_equal(a, "abc");
	assert_string_equal(b, "ab");
	free(a);
	free(b);
}

/* In a child, as it ends the process. */
static void test_out_of_memory_ends_with_5(void **state)
{
	(void)state;
	pid_t pid = fork();

	if (pid == 0) {
		volatile size_t half = SIZE_MAX / 2;

		close(STDERR_FILENO);
		mem_resize(NULL, half, 4);
		_exit(0);
	}
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_empty_is_an_empty_string),
	        cmocka_unit_test(test_all_appends_in_order),
	        cmocka_unit_test(test_long_printf_grows),
	        cmocka_unit_test(test_clear_keeps_memory),
	        cmocka_unit_test(test_reserved_room_does_not_move),
	        cmocka_unit_test(test_strndup_stops_at_nul),
	        cmocka_unit_test(test_out_of_memory_ends_with_5),
	};

	return cmocka_run_group_tests_name("buf", tests, NULL, NULL);
}
