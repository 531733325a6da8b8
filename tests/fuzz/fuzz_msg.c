/*
 * fuzz_msg: any bytes as a message body. What a decoder accepts must come out of the encoder as the same bytes. It
 * is a libFuzzer target (clang -fsanitize=fuzzer); the unit test of messages includes it and feeds it the corpus.
 */
#include <stdlib.h>
#include <string.h>

#include "shared/msg.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void same(const struct buf *out, const uint8_t *data, size_t size)
{
	if (out->len != size || memcmp(out->data, data, size) != 0)
		abort();
}

static bool scalar(enum msg_type type, const uint8_t *data, size_t size, struct buf *out)
{
	switch (type) {
#define CASE(value, struct_type, name)                                                                                 \
	case value: {                                                                                                  \
		struct struct_type m;                                                                                  \
		if (!msg_get_##name(data, size, &m))                                                                   \
			return false;                                                                                  \
		msg_put_##name(out, &m);                                                                               \
		return true;                                                                                           \
	}
#define CASE_TYPED(value, struct_type, name)                                                                           \
	case value: {                                                                                                  \
		struct struct_type m;                                                                                  \
		if (!msg_get_##name(data, size, value, &m))                                                            \
			return false;                                                                                  \
		msg_put_##name(out, value, &m);                                                                        \
		return true;                                                                                           \
	}
#define CASE_TEXT(value, struct_type, name, member)                                                                    \
	case value: {                                                                                                  \
		struct struct_type m;                                                                                  \
		if (!msg_get_##name(data, size, &m))                                                                   \
			return false;                                                                                  \
		msg_put_##name(out, &m);                                                                               \
		free(m.member);                                                                                        \
		return true;                                                                                           \
	}
		CASE(MSG_RETRY, msg_retry, retry)
		CASE(MSG_STOP, msg_stop, stop)
		CASE_TYPED(MSG_CANCEL, msg_backend, backend)
		CASE_TYPED(MSG_TERMINATE, msg_backend, backend)
		CASE(MSG_HELLO, msg_hello, hello)
		CASE_TEXT(MSG_SESSION, session_report, session, message)
		CASE_TEXT(MSG_NOTE, msg_note, note, text)
		CASE(MSG_WANT_CANCEL, msg_want_cancel, want_cancel)
		CASE_TYPED(MSG_DONE, msg_done, done)
		CASE_TYPED(MSG_BUSY, msg_done, done)
		CASE_TEXT(MSG_FATAL, msg_fatal, fatal, text)
		CASE(MSG_GONE, msg_gone, gone)
		CASE(MSG_SWEPT, msg_swept, swept)
		CASE(MSG_USAGE, msg_usage, usage)
	case MSG_GO:
	case MSG_RELEASE:
	case MSG_SWEEP:
		if (!msg_get_plain(data, size, type))
			return false;
		msg_put_plain(out, type);
		return true;
	default:
		return false;
	}
}

static bool batch(enum msg_type type, const uint8_t *data, size_t size, struct buf *out)
{
	static struct server_facts facts;
	struct msg_results results;
	static struct msg_counters counters;
	struct msg_samples samples;

	switch (type) {
	case MSG_RESULTS:
		if (!msg_get_results(data, size, &results))
			return false;
		msg_put_results(out, results.attempts, results.count);
		msg_results_free(&results);
		return true;
	case MSG_SAMPLES:
		if (!msg_get_samples(data, size, &samples))
			return false;
		msg_put_samples(out, samples.samples, samples.count);
		msg_samples_free(&samples);
		return true;
	case MSG_FACTS:
		if (!msg_get_facts(data, size, &facts))
			return false;
		msg_put_facts(out, &facts);
		return true;
	case MSG_COUNTERS:
		if (!msg_get_counters(data, size, &counters))
			return false;
		msg_put_counters(out, &counters);
		return true;
	default:
		return false;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf out = {0};
	enum msg_type type;

	if (!msg_type_of(data, size, &type))
		return 0;
	if (scalar(type, data, size, &out) || batch(type, data, size, &out))
		same(&out, data, size);
	buf_free(&out);
	return 0;
}
