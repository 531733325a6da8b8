/*
 * random_msg: random messages of every type for test_msg, drawn with its seed from the field tables, and every
 * encoder and decoder by the message's type. Included by test_msg.c alone, after cmocka.
 */
#ifndef TESTS_UNIT_RANDOM_MSG_H
#define TESTS_UNIT_RANDOM_MSG_H

#include <stdlib.h>
#include <string.h>

#include "shared/msg.h"
#include "shared/msg_fields.h"
#include "shared/rng.h"
#include "tests/fuzz/fuzz_msg.c"

static const enum msg_type scalar_types[] = {MSG_RETRY, MSG_STOP, MSG_CANCEL, MSG_TERMINATE, MSG_HELLO, MSG_SESSION,
        MSG_NOTE, MSG_WANT_CANCEL, MSG_DONE, MSG_BUSY, MSG_FATAL, MSG_GONE, MSG_SWEPT, MSG_USAGE};
static const enum msg_type plain_types[] = {MSG_GO, MSG_RELEASE, MSG_SWEEP};
static const enum msg_type batch_types[] = {MSG_RESULTS, MSG_SAMPLES, MSG_FACTS, MSG_COUNTERS};
#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static struct rng rng;

/* ---- random values ---- */

static int64_t random_int(int64_t least, int64_t most)
{
	static const int64_t edges[] = {0, 1, -1, 31, -32, -33, 127, 128, -128, -129, 255, 256, 32767, -32769, 65535,
	        65536, INT32_MAX, INT32_MIN, (int64_t)INT32_MIN - 1, UINT32_MAX, (int64_t)UINT32_MAX + 1, INT64_MAX,
	        INT64_MIN};
	int64_t value;

	do {
		if (rng_below(&rng, 2) == 0)
			value = edges[rng_below(&rng, COUNT(edges))];
		else
			value = (int64_t)((uint64_t)rng_u32(&rng) << 32 | rng_u32(&rng)) >> rng_below(&rng, 64);
	} while (value < least || value > most);
	return value;
}

/* Valid UTF-8 of at most `most` bytes, NUL-terminated. */
static void random_text(char *out, size_t most)
{
	static const char *const pieces[] = {"a", "Z", " ", "\x1b", "\n", "é", "€", "😀", "'", "0"};
	size_t want = rng_below(&rng, most + 1), len = 0;

	if (rng_below(&rng, 4) == 0)
		want = most;
	while (len < want) {
		const char *piece = pieces[rng_below(&rng, COUNT(pieces))];

		if (len + strlen(piece) > want)
			piece = "x";
		memcpy(out + len, piece, strlen(piece));
		len += strlen(piece);
	}
	out[len] = '\0';
}

static void random_field(const struct field *field, void *record)
{
	char *at = (char *)record + field->offset;

	switch (field->kind) {
	case FIELD_U32:
		*(uint32_t *)at = (uint32_t)random_int(0, UINT32_MAX);
		break;
	case FIELD_ENUM:
		*(uint32_t *)at = (uint32_t)rng_below(&rng, field->most + 1);
		break;
	case FIELD_I32:
		*(int32_t *)at = (int32_t)random_int(INT32_MIN, INT32_MAX);
		break;
	case FIELD_I64:
		*(int64_t *)at = random_int(INT64_MIN, INT64_MAX);
		break;
	case FIELD_BOOL:
		*(bool *)at = rng_below(&rng, 2) == 1;
		break;
	case FIELD_ARRAY:
		random_text(at, field->most - 1);
		break;
	case FIELD_TEXT_OR_NIL:
	case FIELD_TEXT:
		*(char **)at = NULL;
		if (field->kind == FIELD_TEXT || rng_below(&rng, 2) == 0) {
			*(char **)at = mem_alloc(field->most + 1);
			random_text(*(char **)at, rng_below(&rng, 8) == 0 ? field->most : 300);
		}
		break;
	}
}

static void random_record(const struct layout *layout, void *record)
{
	memset(record, 0, layout->size);
	for (size_t i = 0; i < layout->count; i++)
		random_field(&layout->fields[i], record);
}

static void free_record(const struct layout *layout, void *record)
{
	for (size_t i = 0; i < layout->count; i++)
		if (layout->fields[i].kind == FIELD_TEXT || layout->fields[i].kind == FIELD_TEXT_OR_NIL)
			free(*(char **)((char *)record + layout->fields[i].offset));
}

static void assert_same_field(const struct field *field, const void *a, const void *b)
{
	const char *left = (const char *)a + field->offset, *right = (const char *)b + field->offset;
	const char *left_text, *right_text;

	switch (field->kind) {
	case FIELD_U32:
	case FIELD_I32:
	case FIELD_ENUM:
		assert_memory_equal(left, right, 4);
		break;
	case FIELD_I64:
		assert_memory_equal(left, right, 8);
		break;
	case FIELD_BOOL:
		assert_int_equal(*(const bool *)left, *(const bool *)right);
		break;
	case FIELD_ARRAY:
		assert_string_equal(left, right);
		break;
	case FIELD_TEXT:
	case FIELD_TEXT_OR_NIL:
		left_text = *(char *const *)left;
		right_text = *(char *const *)right;
		if (left_text == NULL || right_text == NULL)
			assert_ptr_equal(left_text, right_text);
		else
			assert_string_equal(left_text, right_text);
		break;
	}
}

static void assert_same(const struct layout *layout, const void *a, const void *b)
{
	for (size_t i = 0; i < layout->count; i++)
		assert_same_field(&layout->fields[i], a, b);
}

/* ---- any scalar message through its own functions ---- */

static void put_any(struct buf *b, enum msg_type type, const void *m)
{
	switch (type) {
	case MSG_RETRY:
		msg_put_retry(b, m);
		break;
	case MSG_STOP:
		msg_put_stop(b, m);
		break;
	case MSG_CANCEL:
	case MSG_TERMINATE:
		msg_put_backend(b, type, m);
		break;
	case MSG_HELLO:
		msg_put_hello(b, m);
		break;
	case MSG_SESSION:
		msg_put_session(b, m);
		break;
	case MSG_NOTE:
		msg_put_note(b, m);
		break;
	case MSG_WANT_CANCEL:
		msg_put_want_cancel(b, m);
		break;
	case MSG_DONE:
	case MSG_BUSY:
		msg_put_done(b, type, m);
		break;
	case MSG_FATAL:
		msg_put_fatal(b, m);
		break;
	case MSG_GONE:
		msg_put_gone(b, m);
		break;
	case MSG_SWEPT:
		msg_put_swept(b, m);
		break;
	case MSG_USAGE:
		msg_put_usage(b, m);
		break;
	default:
		fail_msg("no scalar message: %d", type);
	}
}

static bool get_any(enum msg_type type, const void *body, size_t len, void *m)
{
	switch (type) {
	case MSG_RETRY:
		return msg_get_retry(body, len, m);
	case MSG_STOP:
		return msg_get_stop(body, len, m);
	case MSG_CANCEL:
	case MSG_TERMINATE:
		return msg_get_backend(body, len, type, m);
	case MSG_HELLO:
		return msg_get_hello(body, len, m);
	case MSG_SESSION:
		return msg_get_session(body, len, m);
	case MSG_NOTE:
		return msg_get_note(body, len, m);
	case MSG_WANT_CANCEL:
		return msg_get_want_cancel(body, len, m);
	case MSG_DONE:
	case MSG_BUSY:
		return msg_get_done(body, len, type, m);
	case MSG_FATAL:
		return msg_get_fatal(body, len, m);
	case MSG_GONE:
		return msg_get_gone(body, len, m);
	case MSG_SWEPT:
		return msg_get_swept(body, len, m);
	case MSG_USAGE:
		return msg_get_usage(body, len, m);
	default:
		return false;
	}
}

/* Decodes as whatever type it claims to be and drops the answer. */
static bool accepts(const void *body, size_t len)
{
	struct buf out = {0};
	enum msg_type type;
	bool taken;

	taken = msg_type_of(body, len, &type) && (scalar(type, body, len, &out) || batch(type, body, len, &out));
	buf_free(&out);
	return taken;
}

static void random_samples(struct sample *samples, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		random_record(&msg_layout_sample, &samples[i]);
		samples[i].nblockers = (uint32_t)rng_below(&rng, MSG_BLOCKERS_MOST + 1);
		for (uint32_t j = 0; j < samples[i].nblockers; j++)
			samples[i].blockers[j] = (int32_t)random_int(INT32_MIN, INT32_MAX);
	}
}

static void random_facts(struct server_facts *facts, uint32_t nfacts)
{
	random_record(&msg_layout_facts, facts);
	facts->nfacts = nfacts;
	for (uint32_t i = 0; i < nfacts; i++) {
		random_text(facts->facts[i].name, sizeof facts->facts[i].name - 1);
		random_text(facts->facts[i].value, sizeof facts->facts[i].value - 1);
	}
}

static void random_counters(struct msg_counters *counters, uint32_t count)
{
	memset(counters, 0, sizeof *counters);
	counters->after = rng_below(&rng, 2) == 1;
	counters->count = count;
	for (uint32_t i = 0; i < count; i++) {
		random_text(counters->items[i].name, sizeof counters->items[i].name - 1);
		counters->items[i].value = random_int(INT64_MIN, INT64_MAX);
	}
}

static void put_batch(struct buf *b, enum msg_type type)
{
	static struct server_facts facts;
	static struct msg_counters counters;
	struct attempt attempts[3];
	struct sample samples[3];

	if (type == MSG_RESULTS) {
		for (size_t i = 0; i < COUNT(attempts); i++)
			random_record(&msg_layout_attempt, &attempts[i]);
		msg_put_results(b, attempts, COUNT(attempts));
		for (size_t i = 0; i < COUNT(attempts); i++)
			free_record(&msg_layout_attempt, &attempts[i]);
	} else if (type == MSG_SAMPLES) {
		random_samples(samples, COUNT(samples));
		msg_put_samples(b, samples, COUNT(samples));
	} else if (type == MSG_COUNTERS) {
		random_counters(&counters, 5);
		msg_put_counters(b, &counters);
	} else {
		random_facts(&facts, 3);
		msg_put_facts(b, &facts);
	}
}

static void put_random(struct buf *b, enum msg_type type)
{
	const struct layout *layout = msg_layout(type);
	void *record;

	if (type == MSG_GO || type == MSG_RELEASE || type == MSG_SWEEP) {
		msg_put_plain(b, type);
		return;
	}
	if (layout == NULL) {
		put_batch(b, type);
		return;
	}
	record = mem_zero(1, layout->size);
	random_record(layout, record);
	put_any(b, type, record);
	free_record(layout, record);
	free(record);
}

static void for_each_type(void (*act)(enum msg_type type))
{
	for (size_t i = 0; i < COUNT(plain_types); i++)
		act(plain_types[i]);
	for (size_t i = 0; i < COUNT(scalar_types); i++)
		act(scalar_types[i]);
	for (size_t i = 0; i < COUNT(batch_types); i++)
		act(batch_types[i]);
}

#endif
