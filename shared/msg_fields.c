/*
 * msg_fields: the tables of msg_fields.h. Changing one changes the messages; parent and children are always the same
 * program, so nothing has to stay compatible.
 */
#include "shared/msg_fields.h"

#define U32(type, name)                                                                                                \
	{                                                                                                              \
		FIELD_U32, offsetof(type, name), 0                                                                     \
	}
#define I32(type, name)                                                                                                \
	{                                                                                                              \
		FIELD_I32, offsetof(type, name), 0                                                                     \
	}
#define I64(type, name)                                                                                                \
	{                                                                                                              \
		FIELD_I64, offsetof(type, name), 0                                                                     \
	}
#define BOOL(type, name)                                                                                               \
	{                                                                                                              \
		FIELD_BOOL, offsetof(type, name), 0                                                                    \
	}
#define ENUM(type, name, most)                                                                                         \
	{                                                                                                              \
		FIELD_ENUM, offsetof(type, name), most                                                                 \
	}
#define ARRAY(type, name)                                                                                              \
	{                                                                                                              \
		FIELD_ARRAY, offsetof(type, name), sizeof(((type *)0)->name)                                           \
	}
#define TEXT(type, name)                                                                                               \
	{                                                                                                              \
		FIELD_TEXT, offsetof(type, name), ATTEMPT_MESSAGE_MOST                                                 \
	}
#define TEXT_OR_NIL(type, name)                                                                                        \
	{                                                                                                              \
		FIELD_TEXT_OR_NIL, offsetof(type, name), ATTEMPT_MESSAGE_MOST                                          \
	}
#define LAYOUT(fields, type)                                                                                           \
	{                                                                                                              \
		fields, sizeof fields / sizeof fields[0], sizeof(type)                                                 \
	}

_Static_assert(sizeof(enum outcome) == sizeof(uint32_t), "enums travel as 32 bits");

#define T struct msg_hello
static const struct field hello_fields[] = {U32(T, worker), U32(T, generation), I32(T, pid), I64(T, born_ns)};
static const struct layout hello_layout = LAYOUT(hello_fields, T);
#undef T

#define T struct msg_retry
static const struct field retry_fields[] = {U32(T, ticket), U32(T, try_no)};
static const struct layout retry_layout = LAYOUT(retry_fields, T);
#undef T

#define T struct msg_stop
static const struct field stop_fields[] = {ENUM(T, mode, STOP_EXIT)};
static const struct layout stop_layout = LAYOUT(stop_fields, T);
#undef T

#define T struct msg_backend
static const struct field backend_fields[] = {I32(T, pid), I64(T, backend_start_us), U32(T, token)};
static const struct layout backend_layout = LAYOUT(backend_fields, T);
#undef T

#define T struct msg_gone
static const struct field gone_fields[] = {U32(T, token), BOOL(T, gone)};
static const struct layout gone_layout = LAYOUT(gone_fields, T);
#undef T

#define T struct msg_want_cancel
static const struct field want_cancel_fields[] = {
        U32(T, session), U32(T, ticket), I32(T, backend_pid), I64(T, backend_start_us)};
static const struct layout want_cancel_layout = LAYOUT(want_cancel_fields, T);
#undef T

#define T struct msg_done
static const struct field done_fields[] = {U32(T, worker), U32(T, generation)};
static const struct layout done_layout = LAYOUT(done_fields, T);
#undef T

#define T struct msg_note
static const struct field note_fields[] = {ENUM(T, level, LEVEL_DEBUG), I32(T, pid), TEXT(T, text)};
static const struct layout note_layout = LAYOUT(note_fields, T);
#undef T

#define T struct msg_fatal
static const struct field fatal_fields[] = {I32(T, code), ARRAY(T, sqlstate), TEXT(T, text)};
static const struct layout fatal_layout = LAYOUT(fatal_fields, T);
#undef T

#define T struct msg_usage
static const struct field usage_fields[] = {I64(T, user_us), I64(T, system_us), I64(T, max_rss_kb), I64(T, private_kb),
        I64(T, voluntary_switches), I64(T, involuntary_switches), I64(T, threads), I64(T, descriptors),
        I64(T, backends), I64(T, backends_kb)};
static const struct layout usage_layout = LAYOUT(usage_fields, T);
#undef T

#define T struct msg_swept
static const struct field swept_fields[] = {U32(T, found), U32(T, cancelled), U32(T, left), U32(T, samples),
        U32(T, dropped), BOOL(T, restarted), BOOL(T, connected)};
static const struct layout swept_layout = LAYOUT(swept_fields, T);
#undef T

#define T struct session_report
static const struct field session_fields[] = {U32(T, session), U32(T, worker), U32(T, generation), U32(T, connect_no),
        BOOL(T, connected), I32(T, backend_pid), I64(T, backend_start_us), I64(T, start_ns), I64(T, tcp_ns),
        I64(T, tls_ns), I64(T, auth_ns), I64(T, ready_ns), I64(T, laid_out_ns), I64(T, served_ns), ARRAY(T, tls),
        ARRAY(T, sqlstate), TEXT_OR_NIL(T, message)};
static const struct layout session_layout = LAYOUT(session_fields, T);
#undef T

#define T struct attempt
static const struct field attempt_fields[] = {U32(T, ticket), U32(T, try_no), U32(T, session), U32(T, worker),
        U32(T, generation), I32(T, backend_pid), I64(T, backend_start_us), ENUM(T, outcome, OUTCOME_UNKNOWN),
        U32(T, flags), ARRAY(T, sqlstate), U32(T, statements), U32(T, applied), U32(T, failed_statement), I64(T, rows),
        I64(T, bytes), I64(T, taken_ns), I64(T, released_ns), I64(T, sent_ns), I64(T, first_ns), I64(T, done_ns),
        I64(T, complete_ns), I64(T, before.sent_ns), I64(T, before.received_ns), I64(T, before.server_us),
        I64(T, after.sent_ns), I64(T, after.received_ns), I64(T, after.server_us), I64(T, recorded_ns),
        I64(T, served_ns), BOOL(T, digested), I64(T, digest.words[0]), I64(T, digest.words[1]), I64(T, digest.words[2]),
        I64(T, digest.words[3]), I64(T, digest_ns), TEXT_OR_NIL(T, message)};
const struct layout msg_layout_attempt = LAYOUT(attempt_fields, T);
#undef T

#define T struct sample
static const struct field sample_fields[] = {I32(T, backend_pid), I64(T, first_us), I64(T, last_us), U32(T, count),
        ARRAY(T, state), ARRAY(T, wait_type), ARRAY(T, wait_event), I64(T, query_start_us), I64(T, lock_wait_us),
        ARRAY(T, lock), ARRAY(T, query)};
const struct layout msg_layout_sample = LAYOUT(sample_fields, T);
_Static_assert(sizeof(((T *)0)->blockers) / sizeof(int32_t) == MSG_BLOCKERS_MOST, "blockers");
#undef T

#define T struct server_facts
static const struct field facts_fields[] = {ARRAY(T, host), ARRAY(T, hostaddr), ARRAY(T, port), ARRAY(T, dbname),
        ARRAY(T, user), ARRAY(T, version), I32(T, version_num), BOOL(T, direct), BOOL(T, superuser),
        I32(T, max_connections), I32(T, reserved_connections), I32(T, used_connections), I64(T, start_ns),
        I64(T, resolved_ns), I64(T, connected_ns), I64(T, ready_ns), I64(T, rtt_ns), I64(T, marker_ns),
        I64(T, postmaster_start_us), ARRAY(T, tls), BOOL(T, complete)};
const struct layout msg_layout_facts = LAYOUT(facts_fields, T);
#undef T

const struct layout *msg_layout(enum msg_type type)
{
	switch (type) {
	case MSG_RETRY:
		return &retry_layout;
	case MSG_STOP:
		return &stop_layout;
	case MSG_CANCEL:
	case MSG_TERMINATE:
		return &backend_layout;
	case MSG_HELLO:
		return &hello_layout;
	case MSG_SESSION:
		return &session_layout;
	case MSG_NOTE:
		return &note_layout;
	case MSG_WANT_CANCEL:
		return &want_cancel_layout;
	case MSG_DONE:
	case MSG_BUSY:
		return &done_layout;
	case MSG_FATAL:
		return &fatal_layout;
	case MSG_GONE:
		return &gone_layout;
	case MSG_SWEPT:
		return &swept_layout;
	case MSG_USAGE:
		return &usage_layout;
	case MSG_GO:
	case MSG_RELEASE:
	case MSG_SWEEP:
	case MSG_RESULTS:
	case MSG_FACTS:
	case MSG_SAMPLES:
	case MSG_COUNTERS:
		break;
	}
	return NULL;
}
