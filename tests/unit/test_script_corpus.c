/* The corpus of fuzz_script, as it is and with bytes changed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/fuzz/fuzz_script.c"
#include "tests/unit/corpus.h"

static void test_corpus(void **state)
{
	(void)state;
	assert_true(corpus_run("tests/fuzz/corpus_script", corpus_changes()) >= 11);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_corpus)};

	return cmocka_run_group_tests_name("script_corpus", tests, NULL, NULL);
}
