/*
 * test_msg: messages survive the way through the encoder and the decoder, and nothing but a whole message is taken.
 * Values are drawn from the field tables with a seed; TEST_SEED=N repeats one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <dirent.h>
#include <sys/resource.h>

#include "shared/msg.h"
#include "shared/msg_cursor.h"
#include "tests/unit/random_msg.h"

/* ---- round trips ---- */

static void round_trip(enum msg_type type)
{
	const struct layout *layout = msg_layout(type);
	void *sent = mem_zero(1, layout->size), *got = mem_zero(1, layout->size);

	for (int round = 0; round < 200; round++) {
		struct buf b = {0};
		enum msg_type seen;

		random_record(layout, sent);
		put_any(&b, type, sent);
		assert_true(msg_type_of(b.data, b.len, &seen));
		assert_int_equal(seen, type);
		assert_true(get_any(type, b.data, b.len, got));
		assert_same(layout, sent, got);
		free_record(layout, sent);
		free_record(layout, got);
		buf_free(&b);
	}
	free(sent);
	free(got);
}

static void scalars_round_trip(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(scalar_types); i++)
		round_trip(scalar_types[i]);
}

static void plain_round_trip(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(plain_types); i++) {
		struct buf b = {0};

		msg_put_plain(&b, plain_types[i]);
		assert_true(msg_get_plain(b.data, b.len, plain_types[i]));
		assert_false(msg_get_plain(b.data, b.len, plain_types[(i + 1) % COUNT(plain_types)]));
		buf_free(&b);
	}
}

static void results_round_trip(void **state)
{
	static const size_t counts[] = {0, 1, 15, 16, MSG_BATCH_MOST};

	(void)state;
	for (size_t i = 0; i < COUNT(counts); i++) {
		struct attempt *sent = mem_zero(counts[i] + 1, sizeof *sent);
		struct msg_results got;
		struct buf b = {0};

		for (size_t j = 0; j < counts[i]; j++)
			random_record(&msg_layout_attempt, &sent[j]);
		msg_put_results(&b, sent, counts[i]);
		assert_true(msg_get_results(b.data, b.len, &got));
		assert_int_equal(got.count, counts[i]);
		for (size_t j = 0; j < counts[i]; j++) {
			assert_same(&msg_layout_attempt, &sent[j], &got.attempts[j]);
			free_record(&msg_layout_attempt, &sent[j]);
		}
		msg_results_free(&got);
		free(sent);
		buf_free(&b);
	}
}

static void samples_round_trip(void **state)
{
	static const size_t counts[] = {0, 1, 15, 16, MSG_BATCH_MOST};

	(void)state;
	for (size_t i = 0; i < COUNT(counts); i++) {
		struct sample *sent = mem_zero(counts[i] + 1, sizeof *sent);
		struct msg_samples got;
		struct buf b = {0};

		random_samples(sent, counts[i]);
		msg_put_samples(&b, sent, counts[i]);
		assert_true(msg_get_samples(b.data, b.len, &got));
		assert_int_equal(got.count, counts[i]);
		for (size_t j = 0; j < counts[i]; j++) {
			assert_same(&msg_layout_sample, &sent[j], &got.samples[j]);
			assert_int_equal(sent[j].nblockers, got.samples[j].nblockers);
			assert_memory_equal(sent[j].blockers, got.samples[j].blockers, sizeof sent[j].blockers);
		}
		msg_samples_free(&got);
		free(sent);
		buf_free(&b);
	}
}

static void counters_round_trip(void **state)
{
	static const uint32_t counts[] = {0, 1, 7, COUNTERS_MOST};
	static struct msg_counters sent, got;

	(void)state;
	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
		struct buf b = {0};

		random_counters(&sent, counts[i]);
		msg_put_counters(&b, &sent);
		assert_true(msg_get_counters(b.data, b.len, &got));
		assert_int_equal(got.after, sent.after);
		assert_int_equal(got.count, sent.count);
		for (uint32_t j = 0; j < counts[i]; j++) {
			assert_string_equal(got.items[j].name, sent.items[j].name);
			assert_int_equal(got.items[j].value, sent.items[j].value);
		}
		buf_free(&b);
	}
}

static void facts_round_trip(void **state)
{
	static const uint32_t counts[] = {0, 1, 15, 16, FACTS_MOST};
	static struct server_facts sent, got;

	(void)state;
	for (size_t i = 0; i < COUNT(counts); i++) {
		struct buf b = {0};

		random_facts(&sent, counts[i]);
		msg_put_facts(&b, &sent);
		assert_true(msg_get_facts(b.data, b.len, &got));
		assert_same(&msg_layout_facts, &sent, &got);
		assert_int_equal(got.nfacts, counts[i]);
		for (uint32_t j = 0; j < counts[i]; j++) {
			assert_string_equal(sent.facts[j].name, got.facts[j].name);
			assert_string_equal(sent.facts[j].value, got.facts[j].value);
		}
		buf_free(&b);
	}
}

/* The largest batch of the longest messages must fit into a frame. */
static void largest_batch_fits(void **state)
{
	struct attempt attempts[MSG_BATCH_MOST];
	struct buf b = {0};

	(void)state;
	memset(attempts, 0x7f, sizeof attempts);
	for (size_t i = 0; i < MSG_BATCH_MOST; i++) {
		attempts[i].outcome = OUTCOME_FAILED;
		attempts[i].digested = true; /* no other byte is a bool */
		memcpy(attempts[i].sqlstate, "XX000", 6);
		attempts[i].message = mem_zero(1, ATTEMPT_MESSAGE_MOST + 1);
		memset(attempts[i].message, 'x', ATTEMPT_MESSAGE_MOST);
	}
	msg_put_results(&b, attempts, MSG_BATCH_MOST);
	assert_true(b.len <= 1u << 20);
	for (size_t i = 0; i < MSG_BATCH_MOST; i++)
		free(attempts[i].message);
	buf_free(&b);
}

/* ---- refusals ---- */

static void refuse_cut(enum msg_type type)
{
	struct buf b = {0};

	put_random(&b, type);
	for (size_t len = 0; len < b.len; len++) {
		/* A copy of exactly that size, so that a sanitizer sees a read past it. */
		char *copy = malloc(len + 1);

		memcpy(copy + 1, b.data, len);
		if (accepts(copy + 1, len))
			fail_msg("type %d accepted with %zu of %zu bytes", type, len, b.len);
		free(copy);
	}
	assert_true(accepts(b.data, b.len));
	buf_free(&b);
}

static void truncations_are_refused(void **state)
{
	(void)state;
	for_each_type(refuse_cut);
}

static void refuse_trailing(enum msg_type type)
{
	struct buf b = {0};

	put_random(&b, type);
	for (int extra = 0; extra < 256; extra++) {
		buf_putc(&b, (char)extra);
		if (accepts(b.data, b.len))
			fail_msg("type %d accepted with a trailing %02x", type, extra);
		b.len--;
	}
	buf_free(&b);
}

static void trailing_bytes_are_refused(void **state)
{
	(void)state;
	for_each_type(refuse_trailing);
}

/* Each byte in turn replaced by each other byte: never a crash, and what is accepted re-encodes to itself. */
static void change_bytes(enum msg_type type)
{
	struct buf b = {0};

	put_random(&b, type);
	for (size_t i = 0; i < b.len && i < 300; i++) {
		char old = b.data[i];

		for (int value = 0; value < 256; value += 1 + (int)rng_below(&rng, 7)) {
			b.data[i] = (char)value;
			LLVMFuzzerTestOneInput((const uint8_t *)b.data, b.len);
		}
		b.data[i] = old;
	}
	buf_free(&b);
}

static void changed_bytes_are_safe(void **state)
{
	(void)state;
	for_each_type(change_bytes);
}

static void hostile_bodies_are_refused(void **state)
{
	static const struct {
		const char *why;
		const char *bytes;
		size_t len;
	} cases[] = {
#define BODY(why, text) {why, text, sizeof text - 1}
	        BODY("nothing", ""),
	        BODY("96 GiB of array", "\xdd\xff\x00\x00\x00"),
	        BODY("results of 4 G elements", "\x92\x22\xdd\xff\xff\xff\xff"),
	        BODY("results of 16 M elements", "\x92\x22\xdd\x01\x00\x00\x00"),
	        BODY("results of 65535 elements", "\x92\x22\xdc\xff\xff"),
	        BODY("samples of 16 M elements", "\x92\x29\xdd\x01\x00\x00\x00"),
	        BODY("a never used format byte", "\xc1"),
	        BODY("a map", "\x81\x01\x02"),
	        BODY("no element", "\x90"),
	        BODY("type is text", "\x91\xa2go"),
	        BODY("type 0", "\x91\x00"),
	        BODY("type between down and up", "\x91\x10"),
	        BODY("type above all", "\x91\x7f"),
	        BODY("GO in the 16-bit form", "\x91\xcd\x00\x01"),
	        BODY("GO as signed byte", "\x91\xd0\x01"),
	        BODY("GO with an element more", "\x92\x01\x01"),
	        BODY("array header longer than needed", "\xdc\x00\x01\x01"),
	        BODY("RETRY with a negative ticket", "\x93\x03\xff\x01"),
	        BODY("RETRY with a ticket above 32 bits", "\x93\x03\xcf\x00\x00\x00\x01\x00\x00\x00\x00\x01"),
	        BODY("RETRY with a float", "\x93\x03\xca\x3f\x80\x00\x00\x01"),
	        BODY("RETRY with a nil", "\x93\x03\xc0\x01"),
	        BODY("STOP with an unknown mode", "\x92\x04\x05"),
	        BODY("GONE with 1 for true", "\x93\x2a\x01\x01"),
	        BODY("NOTE with level 9", "\x94\x23\x09\x01\xa1x"),
	        BODY("NOTE with nil for its text", "\x94\x23\x01\x01\xc0"),
	        BODY("NOTE with binary for its text", "\x94\x23\x01\x01\xc4\x01x"),
	        BODY("NOTE with NUL in its text", "\x94\x23\x01\x01\xa1\x00"),
	        BODY("NOTE with a lone ff", "\x94\x23\x01\x01\xa1\xff"),
	        BODY("NOTE with an overlong slash", "\x94\x23\x01\x01\xa2\xc0\xaf"),
	        BODY("NOTE with a surrogate", "\x94\x23\x01\x01\xa3\xed\xa0\x80"),
	        BODY("NOTE with a cut character", "\x94\x23\x01\x01\xa2\xe2\x82"),
	        BODY("NOTE in the 8-bit form though short", "\x94\x23\x01\x01\xd9\x01x"),
	        BODY("NOTE of 4 GiB", "\x94\x23\x01\x01\xdb\xff\xff\xff\xffx"),
	        BODY("FATAL with a six-digit SQLSTATE", "\x94\x27\x01\xa6"
	                                                "123456\xa0"),
#undef BODY
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		if (accepts(cases[i].bytes, cases[i].len))
			fail_msg("accepted: %s", cases[i].why);
}

/* A full frame that claims as many attempts as it may: memory stays in proportion to the bytes that came. */
static void hostile_counts_cost_no_memory(void **state)
{
	struct rusage before, after;
	struct msg_results results;
	struct msg_samples samples;
	size_t len = 1u << 20;
	char *body = mem_zero(len, 1);

	(void)state;
	getrusage(RUSAGE_SELF, &before);
	for (uint32_t claim = 1u << 16; claim != 0; claim <<= 1) {
		memcpy(body, "\x92\x22\xdd", 3);
		for (int i = 0; i < 4; i++)
			body[3 + i] = (char)(claim >> (24 - 8 * i));
		assert_false(msg_get_results(body, len, &results));
		body[1] = 0x29;
		assert_false(msg_get_samples(body, len, &samples));
	}
	getrusage(RUSAGE_SELF, &after);
	assert_true(after.ru_maxrss - before.ru_maxrss < 32 * 1024);
	free(body);
}

static void nested_arrays_are_refused(void **state)
{
	unsigned char body[64];

	(void)state;
	memset(body, 0x91, sizeof body);
	for (size_t len = 1; len <= sizeof body; len++)
		assert_false(accepts(body, len));
}

/* ---- texts ---- */

static void foreign_text_is_made_valid(void **state)
{
	struct msg_note sent = {.level = LEVEL_INFO, .pid = 1, .text = "caf\xe9 \xff\xe2\x82 ok"}, got;
	struct buf b = {0};

	(void)state;
	msg_put_note(&b, &sent);
	assert_true(msg_get_note(b.data, b.len, &got));
	assert_string_equal(got.text, "caf? ??? ok");
	free(got.text);
	buf_free(&b);
}

static void long_text_is_cut_between_characters(void **state)
{
	static char text[ATTEMPT_MESSAGE_MOST + 100];
	struct msg_fatal sent = {.code = 2, .sqlstate = "28P01", .text = text}, got;
	struct buf b = {0};

	(void)state;
	memset(text, 'x', sizeof text - 1);
	memcpy(text + ATTEMPT_MESSAGE_MOST - 1, "€", 3);
	msg_put_fatal(&b, &sent);
	assert_true(msg_get_fatal(b.data, b.len, &got));
	assert_int_equal(strlen(got.text), ATTEMPT_MESSAGE_MOST - 1);
	free(got.text);
	buf_free(&b);
}

static void unterminated_array_is_cut(void **state)
{
	struct msg_fatal sent = {.code = 2, .text = NULL}, got;
	struct buf b = {0};

	(void)state;
	memset(sent.sqlstate, 'x', sizeof sent.sqlstate);
	msg_put_fatal(&b, &sent);
	assert_true(msg_get_fatal(b.data, b.len, &got));
	assert_string_equal(got.sqlstate, "xxxxx");
	assert_string_equal(got.text, "");
	free(got.text);
	buf_free(&b);
}

static void one_spelling_per_number(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		bool good;
	} cases[] = {{"\x7f", 1, true}, {"\xcc\x7f", 2, false}, {"\xcc\x80", 2, true}, {"\xcd\x00\xff", 3, false},
	        {"\xcd\x01\x00", 3, true}, {"\xce\x00\x00\xff\xff", 5, false}, {"\xce\x00\x01\x00\x00", 5, true},
	        {"\xcf\x00\x00\x00\x00\xff\xff\xff\xff", 9, false}, {"\xcf\x00\x00\x00\x01\x00\x00\x00\x00", 9, true},
	        {"\xcf\x80\x00\x00\x00\x00\x00\x00\x00", 9, false}, {"\xe0", 1, true}, {"\xd0\xe0", 2, false},
	        {"\xd0\xdf", 2, true}, {"\xd1\xff\x80", 3, false}, {"\xd1\xff\x7f", 3, true},
	        {"\xd3\x80\x00\x00\x00\x00\x00\x00\x00", 9, true}};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct cursor c;
		int64_t value;

		cursor_init(&c, cases[i].bytes, cases[i].len);
		if (cursor_int(&c, INT64_MIN, INT64_MAX, &value) != cases[i].good)
			fail_msg("case %zu", i);
	}
}

/* ---- the corpus ---- */

static void corpus_is_safe(void **state)
{
	const char *folder = "tests/fuzz/corpus_msg";
	DIR *dir = opendir(folder);
	struct dirent *entry;
	int files = 0;

	(void)state;
	if (dir == NULL)
		fail_msg("%s is missing: run from the top folder", folder);
	while ((entry = readdir(dir)) != NULL) {
		char path[512], data[65536];
		FILE *file;
		size_t len;

		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
		file = fopen(path, "rb");
		assert_non_null(file);
		len = fread(data, 1, sizeof data, file);
		fclose(file);
		LLVMFuzzerTestOneInput((const uint8_t *)data, len);
		files++;
	}
	closedir(dir);
	assert_true(files >= 20);
}

/* test_msg --write-corpus FOLDER: one valid body of each type, for the fuzzer to start from. */
static int write_corpus(const char *folder)
{
	for (int type = MSG_GO; type <= MSG_COUNTERS; type++) {
		struct buf b = {0};
		char path[512];
		FILE *file;

		if (type > MSG_SWEEP && type < MSG_HELLO)
			continue;
		do {
			buf_clear(&b);
			put_random(&b, (enum msg_type)type);
		} while (b.len > 4000);
		snprintf(path, sizeof path, "%s/type-%02d", folder, type);
		file = fopen(path, "wb");
		if (file == NULL || fwrite(b.data, 1, b.len, file) != b.len || fclose(file) != 0)
			return 1;
		buf_free(&b);
	}
	return 0;
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {cmocka_unit_test(scalars_round_trip),
	        cmocka_unit_test(plain_round_trip), cmocka_unit_test(results_round_trip),
	        cmocka_unit_test(samples_round_trip), cmocka_unit_test(facts_round_trip),
	        cmocka_unit_test(counters_round_trip), cmocka_unit_test(largest_batch_fits),
	        cmocka_unit_test(truncations_are_refused), cmocka_unit_test(trailing_bytes_are_refused),
	        cmocka_unit_test(changed_bytes_are_safe), cmocka_unit_test(hostile_bodies_are_refused),
	        cmocka_unit_test(hostile_counts_cost_no_memory), cmocka_unit_test(nested_arrays_are_refused),
	        cmocka_unit_test(foreign_text_is_made_valid), cmocka_unit_test(long_text_is_cut_between_characters),
	        cmocka_unit_test(unterminated_array_is_cut), cmocka_unit_test(one_spelling_per_number),
	        cmocka_unit_test(corpus_is_safe)};
	const char *seed = getenv("TEST_SEED");

	rng_seed(&rng, seed != NULL ? strtoull(seed, NULL, 10) : 20260, 1);
	if (argc == 3 && strcmp(argv[1], "--write-corpus") == 0)
		return write_corpus(argv[2]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
