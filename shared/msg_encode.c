/*
 * msg_encode: messages into msgpack, by the tables of msg_fields. The body is appended to the caller's buf.
 */
#include <endian.h>
#include <msgpack.h>
#include <string.h>

#include "shared/msg.h"
#include "shared/msg_cursor.h"
#include "shared/msg_fields.h"

static int put_bytes(void *data, const char *bytes, size_t len)
{
	buf_append(data, bytes, len);
	return 0;
}

static void packer_on(msgpack_packer *pk, struct buf *b)
{
	msgpack_packer_init(pk, b, put_bytes);
}

/* How much of text fits into most bytes without cutting a character. */
static size_t fitting(const char *text, size_t len, size_t most)
{
	if (len <= most)
		return len;
	len = most;
	for (size_t back = 0; back < 3 && len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80; back++)
		len--;
	return len;
}

/* Server texts come in whatever encoding the database has; what is no UTF-8 would be refused by the decoder. */
static void put_text(msgpack_packer *pk, const char *text, size_t len, size_t most)
{
	static const char doubtful[] = "?";
	const unsigned char *bytes = (const unsigned char *)text;
	size_t start = 0, at = 0;

	len = fitting(text, len, most);
	msgpack_pack_str(pk, len);
	while (at < len) {
		size_t n = utf8_length(bytes + at, len - at);

		if (n == 0) {
			if (at > start)
				msgpack_pack_str_body(pk, text + start, at - start);
			msgpack_pack_str_body(pk, doubtful, 1);
			start = ++at;
		} else {
			at += n;
		}
	}
	if (at > start)
		msgpack_pack_str_body(pk, text + start, at - start);
}

#define NUMBER_MOST 9 /* bytes of the longest number */

/* Big-endian, after the byte that says which form it is. */
static unsigned char *put_form(unsigned char *at, unsigned form, uint64_t value, unsigned bytes)
{
	uint64_t shifted = htobe64(value << (64 - 8 * bytes));

	*at++ = (unsigned char)form;
	memcpy(at, &shifted, bytes);
	return at + bytes;
}

/* In the shortest form, as msgpack-c writes it; with this alone an attempt takes a third of the time. */
static unsigned char *put_number(unsigned char *at, int64_t value)
{
	uint64_t v = (uint64_t)value;

	if (value >= -32 && value <= 0x7f) {
		*at = (unsigned char)value;
		return at + 1;
	}
	if (value > UINT32_MAX)
		return put_form(at, 0xcf, v, 8);
	if (value > UINT16_MAX)
		return put_form(at, 0xce, v, 4);
	if (value > UINT8_MAX)
		return put_form(at, 0xcd, v, 2);
	if (value >= 0)
		return put_form(at, 0xcc, v, 1);
	if (value >= INT8_MIN)
		return put_form(at, 0xd0, v, 1);
	if (value >= INT16_MIN)
		return put_form(at, 0xd1, v, 2);
	if (value >= INT32_MIN)
		return put_form(at, 0xd2, v, 4);
	return put_form(at, 0xd3, v, 8);
}

static void put_string(msgpack_packer *pk, const struct field *field, const char *at)
{
	const char *text = field->kind == FIELD_ARRAY ? at : *(char *const *)at;

	if (field->kind == FIELD_ARRAY)
		put_text(pk, text, strnlen(text, field->most), field->most - 1);
	else if (text == NULL && field->kind == FIELD_TEXT_OR_NIL)
		msgpack_pack_nil(pk);
	else if (text == NULL)
		msgpack_pack_str(pk, 0);
	else
		put_text(pk, text, strlen(text), field->most);
}

/* Numbers are written in place, into room that suffices for all that are left; a text may move the buffer. */
static void put_fields(msgpack_packer *pk, struct buf *b, const struct layout *layout, const void *record)
{
	unsigned char *at = NULL;

	for (size_t i = 0; i < layout->count; i++) {
		const struct field *field = &layout->fields[i];
		const char *from = (const char *)record + field->offset;

		if (at == NULL) {
			buf_reserve(b, (layout->count - i) * NUMBER_MOST);
			at = (unsigned char *)b->data + b->len;
		}
		switch (field->kind) {
		case FIELD_U32:
		case FIELD_ENUM:
			at = put_number(at, *(const uint32_t *)from);
			continue;
		case FIELD_I32:
			at = put_number(at, *(const int32_t *)from);
			continue;
		case FIELD_I64:
			at = put_number(at, *(const int64_t *)from);
			continue;
		case FIELD_BOOL:
			*at++ = *(const bool *)from ? 0xc3 : 0xc2;
			continue;
		default:
			b->len = (size_t)(at - (unsigned char *)b->data);
			put_string(pk, field, from);
			at = NULL;
		}
	}
	if (at != NULL)
		b->len = (size_t)(at - (unsigned char *)b->data);
	b->data[b->len] = '\0';
}

static void put_scalar(struct buf *b, enum msg_type type, const void *record)
{
	const struct layout *layout = msg_layout(type);
	msgpack_packer pk;

	packer_on(&pk, b);
	msgpack_pack_array(&pk, 1 + layout->count);
	msgpack_pack_uint32(&pk, type);
	put_fields(&pk, b, layout, record);
}

void msg_put_plain(struct buf *b, enum msg_type type)
{
	msgpack_packer pk;

	packer_on(&pk, b);
	msgpack_pack_array(&pk, 1);
	msgpack_pack_uint32(&pk, type);
}

void msg_put_retry(struct buf *b, const struct msg_retry *m)
{
	put_scalar(b, MSG_RETRY, m);
}

void msg_put_stop(struct buf *b, const struct msg_stop *m)
{
	put_scalar(b, MSG_STOP, m);
}

void msg_put_backend(struct buf *b, enum msg_type type, const struct msg_backend *m)
{
	put_scalar(b, type, m);
}

void msg_put_hello(struct buf *b, const struct msg_hello *m)
{
	put_scalar(b, MSG_HELLO, m);
}

void msg_put_session(struct buf *b, const struct session_report *m)
{
	put_scalar(b, MSG_SESSION, m);
}

void msg_put_note(struct buf *b, const struct msg_note *m)
{
	put_scalar(b, MSG_NOTE, m);
}

void msg_put_want_cancel(struct buf *b, const struct msg_want_cancel *m)
{
	put_scalar(b, MSG_WANT_CANCEL, m);
}

void msg_put_done(struct buf *b, enum msg_type type, const struct msg_done *m)
{
	put_scalar(b, type, m);
}

void msg_put_fatal(struct buf *b, const struct msg_fatal *m)
{
	put_scalar(b, MSG_FATAL, m);
}

void msg_put_gone(struct buf *b, const struct msg_gone *m)
{
	put_scalar(b, MSG_GONE, m);
}

void msg_put_swept(struct buf *b, const struct msg_swept *m)
{
	put_scalar(b, MSG_SWEPT, m);
}

void msg_put_usage(struct buf *b, const struct msg_usage *m)
{
	put_scalar(b, MSG_USAGE, m);
}

void msg_put_results(struct buf *b, const struct attempt *attempts, size_t count)
{
	msgpack_packer pk;

	packer_on(&pk, b);
	msgpack_pack_array(&pk, 2);
	msgpack_pack_uint32(&pk, MSG_RESULTS);
	msgpack_pack_array(&pk, count);
	for (size_t i = 0; i < count; i++) {
		msgpack_pack_array(&pk, msg_layout_attempt.count);
		put_fields(&pk, b, &msg_layout_attempt, &attempts[i]);
	}
}

void msg_put_samples(struct buf *b, const struct sample *samples, size_t count)
{
	msgpack_packer pk;

	packer_on(&pk, b);
	msgpack_pack_array(&pk, 2);
	msgpack_pack_uint32(&pk, MSG_SAMPLES);
	msgpack_pack_array(&pk, count);
	for (size_t i = 0; i < count; i++) {
		uint32_t blockers = samples[i].nblockers;

		if (blockers > MSG_BLOCKERS_MOST)
			blockers = MSG_BLOCKERS_MOST;
		msgpack_pack_array(&pk, msg_layout_sample.count + 1);
		put_fields(&pk, b, &msg_layout_sample, &samples[i]);
		msgpack_pack_array(&pk, blockers);
		for (uint32_t j = 0; j < blockers; j++)
			msgpack_pack_int32(&pk, samples[i].blockers[j]);
	}
}

void msg_put_facts(struct buf *b, const struct server_facts *m)
{
	uint32_t nfacts = m->nfacts > FACTS_MOST ? FACTS_MOST : m->nfacts;
	msgpack_packer pk;

	packer_on(&pk, b);
	msgpack_pack_array(&pk, 2 + msg_layout_facts.count);
	msgpack_pack_uint32(&pk, MSG_FACTS);
	put_fields(&pk, b, &msg_layout_facts, m);
	msgpack_pack_array(&pk, nfacts);
	for (uint32_t i = 0; i < nfacts; i++) {
		const struct fact *fact = &m->facts[i];

		msgpack_pack_array(&pk, 2);
		put_text(&pk, fact->name, strnlen(fact->name, sizeof fact->name), sizeof fact->name - 1);
		put_text(&pk, fact->value, strnlen(fact->value, sizeof fact->value), sizeof fact->value - 1);
	}
}

void msg_put_counters(struct buf *b, const struct msg_counters *m)
{
	uint32_t count = m->count > COUNTERS_MOST ? COUNTERS_MOST : m->count;
	msgpack_packer pk;

	packer_on(&pk, b);
	msgpack_pack_array(&pk, 3);
	msgpack_pack_uint32(&pk, MSG_COUNTERS);
	if (m->after)
		msgpack_pack_true(&pk);
	else
		msgpack_pack_false(&pk);
	msgpack_pack_array(&pk, count);
	for (uint32_t i = 0; i < count; i++) {
		const struct counter *c = &m->items[i];

		msgpack_pack_array(&pk, 2);
		put_text(&pk, c->name, strnlen(c->name, sizeof c->name), sizeof c->name - 1);
		msgpack_pack_int64(&pk, c->value);
	}
}
