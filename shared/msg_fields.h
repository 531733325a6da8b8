/*
 * msg_fields: what each message consists of, in order. One table serves the encoder, the decoder and the tests, so
 * they cannot disagree. Only shared/msg*.c and the tests of messages include it.
 */
#ifndef SHARED_MSG_FIELDS_H
#define SHARED_MSG_FIELDS_H

#include <stddef.h>
#include <stdint.h>

#include "shared/msg.h"

enum field_kind {
	FIELD_U32,
	FIELD_I32,
	FIELD_I64,
	FIELD_BOOL,
	FIELD_ENUM, /* 0 .. most */
	FIELD_ARRAY, /* char[most]: at most most-1 bytes and a NUL */
	FIELD_TEXT, /* malloc'd char *, at most `most` bytes; NULL is sent as "" */
	FIELD_TEXT_OR_NIL /* the same; NULL is sent as nil */
};

struct field {
	enum field_kind kind;
	size_t offset; /* in the message's struct */
	size_t most;
};

struct layout {
	const struct field *fields;
	size_t count;
	size_t size; /* of the struct */
};

/* The scalar messages by type; NULL for plain ones, batches and FACTS. BUSY has DONE's. */
const struct layout *msg_layout(enum msg_type type);
extern const struct layout msg_layout_attempt; /* one element of RESULTS */
extern const struct layout msg_layout_sample; /* one element of SAMPLES, followed by its blockers */
extern const struct layout msg_layout_facts; /* FACTS, followed by the facts */
#define MSG_BLOCKERS_MOST 8

#endif
