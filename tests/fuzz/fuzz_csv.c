/*
 * fuzz_csv: any bytes as a data file. What is accepted must come back from its own CSV form. A libFuzzer target
 * (clang -fsanitize=fuzzer); the unit test test_csv_corpus includes it and feeds it the corpus.
 */
#include <stdlib.h>
#include <string.h>

#include "orchestrator/workload_parts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void put_field(struct buf *out, const char *value, bool last)
{
	if (value != NULL) {
		buf_putc(out, '"');
		for (const char *p = value; *p != '\0'; p++) {
			if (*p == '"')
				buf_putc(out, '"');
			buf_putc(out, *p);
		}
		buf_putc(out, '"');
	}
	buf_putc(out, last ? '\n' : ',');
}

static void write_csv(const struct plan *plan, struct buf *out)
{
	for (int c = 0; c < plan->ncolumns; c++)
		put_field(out, plan->columns[c], c == plan->ncolumns - 1);
	for (size_t i = 0; i < (size_t)plan->nrows * (size_t)plan->ncolumns; i++)
		put_field(out, plan->values[i], (i + 1) % (size_t)plan->ncolumns == 0);
}

static bool same(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct plan *plan = mem_zero(1, sizeof *plan), *again = mem_zero(1, sizeof *again);
	struct buf out = {0};
	struct err err;

	if (data_parse("d", (const char *)data, size, plan, &err)) {
		write_csv(plan, &out);
		if (!data_parse("e", out.data, out.len, again, &err))
			abort();
		if (again->nrows != plan->nrows || again->ncolumns != plan->ncolumns)
			abort();
		for (size_t i = 0; i < (size_t)plan->nrows * (size_t)plan->ncolumns; i++)
			if (!same(plan->values[i], again->values[i]))
				abort();
	} else if (strncmp(err.text, "d:", 2) != 0) {
		abort();
	}
	buf_free(&out);
	plan_free(plan);
	plan_free(again);
	return 0;
}
