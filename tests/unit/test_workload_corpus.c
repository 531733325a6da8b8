/* The corpus of fuzz_workload, as it is and with bytes changed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/fuzz/fuzz_workload.c"
#include "tests/unit/corpus.h"

static void test_corpus(void **state)
{
	(void)state;
	assert_true(corpus_run("tests/fuzz/corpus_workload", corpus_changes()) >= 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_corpus)};

	return cmocka_run_group_tests_name("workload_corpus", tests, NULL, NULL);
}
