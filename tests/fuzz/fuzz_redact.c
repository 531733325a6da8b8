/*
 * fuzz_redact: any text around secrets, which must not come out. A libFuzzer target (clang -fsanitize=fuzzer); the
 * unit test test_redact includes it and feeds it the corpus.
 */
#include <stdlib.h>
#include <string.h>

#include "shared/redact.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The secret on a line of its own between the two halves of the input. */
static void planted(const char *line, const uint8_t *data, size_t size)
{
	struct buf text = {0}, out = {0};

	buf_append(&text, (const char *)data, size / 2);
	buf_puts(&text, line);
	buf_append(&text, (const char *)data + size / 2, size - size / 2);
	redact(buf_str(&text), &out);
	if (strstr(buf_str(&out), "CANARY") != NULL)
		abort();
	buf_free(&text);
	buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (memmem(data, size, "CANARY", 6) != NULL || memchr(data, '\0', size) != NULL)
		return 0; /* a text ends at its NUL: nothing behind it is shown */
	planted("\npassword=CANARY\n", data, size);
	planted("\nBearer CANARY7f3a9b0c\n", data, size);
	planted("\neyJhbGciOiJSUzI1NiJ9.CANARY.e30\n", data, size);
	planted("\npostgresql://u:CANARY@h/db\n", data, size);
	return 0;
}
