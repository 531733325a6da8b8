/*
 * store_load_chunk: see the header. A record is a byte of bits, the distance of its end from that of the record before,
 * its latency, and what its bits say follows. Unpacking takes only what packing writes: no number longer than it need
 * be, nothing said that goes without saying, nothing left over.
 */
#include "reports/store_load_chunk.h"

#include <string.h>

#define BITS_OUTCOME 0x03u /* enum load_outcome - 1 */
#define BIT_SESSION 0x04u
#define BIT_SCRIPT 0x08u
#define BIT_LAG 0x10u
#define BIT_RETRIES 0x20u
#define BIT_ERROR 0x40u
#define SQLSTATE_LEN 5

/* What a record is told by its difference from: the one before, at first all zero. */
struct before {
	int64_t end_ns;
	uint32_t session;
	uint16_t script;
};

static unsigned char *put_varint(unsigned char *at, uint64_t value)
{
	for (; value >= 0x80; value >>= 7)
		*at++ = (unsigned char)(value | 0x80);
	*at++ = (unsigned char)value;
	return at;
}

static uint64_t zigzag(int64_t value)
{
	return (uint64_t)value << 1 ^ (value < 0 ? UINT64_MAX : 0);
}

static int64_t not_negative(int64_t value)
{
	return value < 0 ? 0 : value;
}

static unsigned char *put_error(unsigned char *at, uint32_t packed)
{
	char sqlstate[6];
	load_sqlstate_unpack(packed, sqlstate);
	unsigned char *length = at++;
	for (const char *c = sqlstate; *c; c++)
		*at++ = (unsigned char)*c;
	*length = (unsigned char)(at - length - 1);
	return at;
}

static unsigned char *put_record(unsigned char *at, const struct load_record *r, int64_t end_ns, struct before *before)
{
	int64_t latency = not_negative(r->latency_ns), lag = not_negative(r->lag_ns);
	unsigned bits = (r->outcome - 1u) & BITS_OUTCOME;
	bits |= r->session != before->session ? BIT_SESSION : 0;
	bits |= r->script != before->script ? BIT_SCRIPT : 0;
	bits |= (lag ? BIT_LAG : 0) | (r->retries ? BIT_RETRIES : 0) | (r->sqlstate ? BIT_ERROR : 0);
	*at++ = (unsigned char)bits;
	at = put_varint(at, zigzag((int64_t)((uint64_t)end_ns - (uint64_t)before->end_ns)));
	at = put_varint(at, (uint64_t)latency);
	if (bits & BIT_LAG)
		at = put_varint(at, (uint64_t)lag);
	if (bits & BIT_SESSION)
		at = put_varint(at, r->session);
	if (bits & BIT_SCRIPT)
		at = put_varint(at, r->script);
	if (bits & BIT_RETRIES)
		at = put_varint(at, r->retries);
	if (bits & BIT_ERROR)
		at = put_error(at, r->sqlstate);
	*before = (struct before){end_ns, r->session, r->script};
	return at;
}

void load_chunk_pack(const struct load_record *records, size_t count, int64_t origin_ns, struct buf *out)
{
	struct before before = {0};
	buf_putc(out, LOAD_CHUNK_VERSION);
	for (size_t i = 0; i < count; i++) {
		unsigned char bytes[64];
		const unsigned char *end = put_record(bytes, &records[i], records[i].end_ns - origin_ns, &before);
		buf_append(out, bytes, (size_t)(end - bytes));
	}
}

struct reader {
	const unsigned char *at, *end;
	bool bad;
};

static uint64_t get_varint(struct reader *r, uint64_t least, uint64_t most)
{
	uint64_t value = 0;
	unsigned char byte = 0x80;
	unsigned shift = 0;
	for (; byte & 0x80; shift += 7) {
		if (r->at == r->end || shift > 63 || (shift == 63 && *r->at > 1)) {
			r->bad = true;
			return 0;
		}
		byte = *r->at++;
		value |= (uint64_t)(byte & 0x7f) << shift;
	}
	r->bad = r->bad || (byte == 0 && shift > 7) || value < least || value > most;
	return value;
}

static uint32_t get_error(struct reader *r)
{
	char sqlstate[6] = "";
	if (r->at == r->end || (*r->at != 0 && *r->at != SQLSTATE_LEN) || r->end - r->at < 1 + *r->at) {
		r->bad = true;
		return 0;
	}
	memcpy(sqlstate, r->at + 1, *r->at);
	uint32_t packed = load_sqlstate_pack(sqlstate);
	r->bad = r->bad || (*r->at != 0 && packed == LOAD_NO_SQLSTATE); /* no SQLSTATE */
	r->at += 1 + *r->at;
	return packed;
}

static void get_record(struct reader *r, struct before *before, struct load_record *record)
{
	unsigned bits = *r->at++;
	r->bad = r->bad || bits > 0x7f;
	*record = (struct load_record){
	        .outcome = (uint8_t)((bits & BITS_OUTCOME) + 1), .session = before->session, .script = before->script};
	uint64_t distance = get_varint(r, 0, UINT64_MAX);
	record->end_ns =
	        (int64_t)((uint64_t)before->end_ns + (uint64_t)((int64_t)(distance >> 1) ^ -(int64_t)(distance & 1)));
	record->latency_ns = (int64_t)get_varint(r, 0, INT64_MAX);
	if (bits & BIT_LAG)
		record->lag_ns = (int64_t)get_varint(r, 1, INT64_MAX);
	if (bits & BIT_SESSION)
		record->session = (uint32_t)get_varint(r, 0, UINT32_MAX);
	if (bits & BIT_SCRIPT)
		record->script = (uint16_t)get_varint(r, 0, UINT16_MAX);
	r->bad = r->bad || ((bits & BIT_SESSION) && record->session == before->session) ||
	         ((bits & BIT_SCRIPT) && record->script == before->script);
	if (bits & BIT_RETRIES)
		record->retries = (uint16_t)get_varint(r, 1, UINT16_MAX);
	if (bits & BIT_ERROR)
		record->sqlstate = get_error(r);
	*before = (struct before){record->end_ns, record->session, record->script};
}

size_t load_chunk_unpack(const void *bytes, size_t len, struct load_record *records, size_t most)
{
	struct reader r = {.at = bytes, .end = (const unsigned char *)bytes + len};
	struct before before = {0};
	size_t count = 0;
	if (len < 2 || *r.at++ != LOAD_CHUNK_VERSION)
		return LOAD_CHUNK_BAD;
	for (; r.at < r.end; count++) {
		if (count == most)
			return LOAD_CHUNK_BAD;
		get_record(&r, &before, &records[count]);
		if (r.bad)
			return LOAD_CHUNK_BAD;
	}
	return count;
}
