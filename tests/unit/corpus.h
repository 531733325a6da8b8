/*
 * corpus: feeds every file of a folder to a fuzz target, and to it again with bytes changed from a fixed seed: the
 * short form of fuzzing that needs no fuzzer. To be included after a fuzz target.
 */
#ifndef TESTS_UNIT_CORPUS_H
#define TESTS_UNIT_CORPUS_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/buf.h"
#include "shared/rng.h"

static void corpus_change(struct buf *b, struct rng *r)
{
	static const char bytes[] = "'\"$();:-/*\\\n\r, @EeUu&[]1n\0";

	for (uint64_t n = 1 + rng_below(r, 4); n > 0 && b->len > 1; n--) {
		size_t at = (size_t)rng_below(r, b->len);
		char c = bytes[rng_below(r, sizeof bytes - 1)];
		size_t cut = (size_t)rng_below(r, 4) + 1;

		switch (rng_below(r, 3)) {
		case 0:
			b->data[at] = c;
			break;
		case 1: /* take some out */
			if (at + cut < b->len) {
				memmove(b->data + at, b->data + at + cut, b->len - at - cut);
				b->len -= cut;
			}
			break;
		default: /* put one in */
			buf_reserve(b, 1);
			memmove(b->data + at + 1, b->data + at, b->len - at);
			b->data[at] = c;
			b->len++;
		}
	}
}

/* Exactly as long as it is said to be, so that a sanitizer sees a step beyond. */
static void corpus_feed(const struct buf *b)
{
	uint8_t *exact = mem_alloc(b->len);

	memcpy(exact, b->data, b->len);
	LLVMFuzzerTestOneInput(exact, b->len);
	free(exact);
}

static int corpus_run(const char *folder, int changes)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	int files = 0;

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		char path[512], part[4096];
		struct buf whole = {0};
		struct rng r;

		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
		FILE *f = fopen(path, "rb");

		if (f == NULL)
			continue;
		for (size_t n; (n = fread(part, 1, sizeof part, f)) > 0;)
			buf_append(&whole, part, n);
		fclose(f);
		files++;
		rng_seed(&r, 1, (uint64_t)files);
		if (whole.len > 0)
			corpus_feed(&whole);
		for (int i = 0; i < changes && whole.len > 0; i++) {
			struct buf changed = {0};

			buf_append(&changed, whole.data, whole.len);
			corpus_change(&changed, &r);
			corpus_feed(&changed);
			buf_free(&changed);
		}
		buf_free(&whole);
	}
	if (dir != NULL)
		closedir(dir);
	return files;
}

static int corpus_changes(void)
{
	const char *soak = getenv("SOAK");

	return soak != NULL && soak[0] != '\0' && soak[0] != '0' ? 100000 : 500;
}

#endif
