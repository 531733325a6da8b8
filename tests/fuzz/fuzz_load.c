/*
 * fuzz_load: any bytes as packed records or as a packed histogram of a load run. What is accepted must be packed to the
 * same bytes again. A libFuzzer target (clang -fsanitize=fuzzer); the unit test test_load_corpus includes it and feeds
 * it the corpus. The first byte says which of the two the others are.
 */
#include <stdlib.h>
#include <string.h>

#include "reports/store_load_chunk.h"
#include "shared/hist.h"

#define RECORDS_MOST 1000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void same(const struct buf *out, const uint8_t *data, size_t size)
{
	if (out->len != size || memcmp(out->data, data, size) != 0)
		abort();
}

static void records(const uint8_t *data, size_t size)
{
	struct load_record *all = mem_zero(RECORDS_MOST, sizeof *all);
	size_t n = load_chunk_unpack(data, size, all, RECORDS_MOST);
	struct buf out = {0};

	if (n != LOAD_CHUNK_BAD) {
		load_chunk_pack(all, n, 0, &out);
		same(&out, data, size);
	}
	buf_free(&out);
	free(all);
}

/* Readers of what was accepted must hold, whatever it says. */
static void histogram(const uint8_t *data, size_t size)
{
	struct hist *h = mem_zero(1, sizeof *h);
	struct buf out = {0};

	if (hist_unpack(h, data, size)) {
		int64_t low, high;

		hist_interval(h, 99, &low, &high);
		if (hist_percentile(h, 50) < 0 || low > high)
			abort();
		hist_pack(h, &out);
		same(&out, data, size);
	}
	buf_free(&out);
	free(h);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > 0 && data[0] == 'h')
		histogram(data + 1, size - 1);
	else if (size > 0)
		records(data + 1, size - 1);
	return 0;
}
