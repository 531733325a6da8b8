/* What redact takes out and what it leaves; that the log passes through it; the corpus of fuzz_redact. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "shared/log.h"
#include "tests/fuzz/fuzz_redact.c"
#include "tests/unit/corpus.h"

static void test_forms(void **state)
{
	static const struct {
		const char *text, *clean;
	} cases[] = {{"host=a password=s3cret port=1", "host=a password=*** port=1"},
	        {"password='a b\\'c' x=1", "password=*** x=1"}, {"PASSWORD = s3cret", "PASSWORD = ***"},
	        {"password='a'b x=1", "password=*** x=1"}, {"postgresql://u:s3c@ret@h/db", "postgresql://u:***@h/db"},
	        {"postgresql://u@h/db?password=s3cret&x=1", "postgresql://u@h/db?password=***&x=1"},
	        {"postgresql://u:s3/cret@h/db", "postgresql://u:***@h/db"},
	        {"postgresql://password=a:b@h", "postgresql://***@h"},
	        {"Authorization: Bearer abcdef0123456789", "Authorization: Bearer ***"},
	        {"got eyJhbGciOiJSUzI1NiJ9.e30.c2ln back", "got *** back"},
	        {"dapi0123456789abcdef0123456789abcdef", "***"}, {"(dose0123456789abcdef0123456789abcdef)", "(***)"},
	        /* no secrets */
	        {"postgresql://h:5432/db?user=a@b", "postgresql://h:5432/db?user=a@b"},
	        {"postgresql://h:5432/db", "postgresql://h:5432/db"}, {"plain", "plain"},
	        {"the bearer of this", "the bearer of this"}, {"a dapi or a dose", "a dapi or a dose"},
	        {"password authentication failed for user \"u\"", "password authentication failed for user \"u\""}};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf out = {0}, again = {0};
		redact(cases[i].text, &out);
		assert_string_equal(buf_str(&out), cases[i].clean);
		redact(buf_str(&out), &again);
		assert_string_equal(buf_str(&again), cases[i].clean);
		buf_free(&out);
		buf_free(&again);
	}
}

static void test_the_log_is_clean(void **state)
{
	char path[] = "/tmp/pgparallel-redact-XXXXXX", text[512];
	struct err err;
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_true(log_open(path, false, LEVEL_INFO, &err));
	log_write(LEVEL_INFO, NULL, "%s: %s", "refused", "password=CANARY of u");
	log_close();
	ssize_t len = read(fd, text, sizeof(text) - 1);
	assert_true(len > 0);
	text[len] = '\0';
	assert_non_null(strstr(text, "refused: password=*** of u"));
	assert_null(strstr(text, "CANARY"));
	close(fd);
	unlink(path);
}

static void test_corpus(void **state)
{
	(void)state;
	assert_true(corpus_run("tests/fuzz/corpus_redact", corpus_changes()) >= 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_forms), cmocka_unit_test(test_the_log_is_clean), cmocka_unit_test(test_corpus)};

	return cmocka_run_group_tests_name("redact", tests, NULL, NULL);
}
