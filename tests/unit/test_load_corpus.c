/* The corpus of fuzz_load, as it is and with bytes changed. test_load_corpus --write FOLDER makes the corpus. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/fuzz/fuzz_load.c"
#include "tests/unit/corpus.h"
#include "tests/unit/sample_load.h"

static void test_corpus(void **state)
{
	(void)state;
	assert_true(corpus_run("tests/fuzz/corpus_load", corpus_changes()) >= 5);
}

static void write_file(const char *folder, const char *name, const struct buf *content)
{
	char path[512];
	snprintf(path, sizeof path, "%s/%s", folder, name);
	FILE *f = fopen(path, "w");
	if (!f || fwrite(content->data, 1, content->len, f) != content->len || fclose(f) != 0)
		abort();
}

static int write_corpus(const char *folder)
{
	static const size_t counts[] = {1, 5, 60};
	struct load_record all[60];
	struct hist *h = mem_zero(1, sizeof *h);
	struct buf out = {0};
	char name[32];

	for (size_t i = 0; i < 3; i++) {
		sample_records(all, counts[i], i);
		buf_clear(&out);
		buf_putc(&out, 'r');
		load_chunk_pack(all, counts[i], SAMPLE_ORIGIN, &out);
		snprintf(name, sizeof name, "records-%zu", counts[i]);
		write_file(folder, name, &out);
	}
	for (int i = 0; i < 3; i++) {
		for (int k = 0; k < i * 20; k++)
			hist_add(h, (INT64_C(1) << (k % 50)) + k);
		buf_clear(&out);
		buf_putc(&out, 'h');
		hist_pack(h, &out);
		snprintf(name, sizeof name, "histogram-%d", i);
		write_file(folder, name, &out);
	}
	buf_free(&out);
	free(h);
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_corpus)};

	if (argc == 3 && strcmp(argv[1], "--write") == 0)
		return write_corpus(argv[2]);
	return cmocka_run_group_tests_name("load_corpus", tests, NULL, NULL);
}
