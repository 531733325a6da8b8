/*
 * msg: strict decoders of the scalar and plain messages, and what the batch decoders share with them.
 */
#include "shared/msg.h"

#include <string.h>

#include "shared/msg_cursor.h"
#include "shared/msg_decode.h"
#include "shared/msg_fields.h"

static bool get_text(struct cursor *c, const struct field *field, char **out)
{
	const char *text;
	size_t len;

	if (field->kind == FIELD_TEXT_OR_NIL && cursor_nil(c))
		return true;
	if (!cursor_text(c, field->most, &text, &len))
		return false;
	*out = mem_strndup(text, len);
	return true;
}

/* Most numbers are small and take one byte: those are not worth a call. */
static inline bool get_number(struct cursor *c, int64_t least, int64_t most, int64_t *number)
{
	if (c->at < c->end && *c->at <= 0x7f && (int64_t)*c->at <= most && !c->bad) {
		*number = *c->at++;
		return true;
	}
	return cursor_int(c, least, most, number);
}

static bool get_field(struct cursor *c, const struct field *field, void *record)
{
	char *at = (char *)record + field->offset;
	const char *text;
	int64_t number;
	size_t len;

	switch (field->kind) {
	case FIELD_U32:
		if (!get_number(c, 0, UINT32_MAX, &number))
			return false;
		*(uint32_t *)at = (uint32_t)number;
		return true;
	case FIELD_ENUM:
		if (!get_number(c, 0, (int64_t)field->most, &number))
			return false;
		*(uint32_t *)at = (uint32_t)number;
		return true;
	case FIELD_I32:
		if (!get_number(c, INT32_MIN, INT32_MAX, &number))
			return false;
		*(int32_t *)at = (int32_t)number;
		return true;
	case FIELD_I64:
		return get_number(c, INT64_MIN, INT64_MAX, (int64_t *)at);
	case FIELD_BOOL:
		return cursor_bool(c, (bool *)at);
	case FIELD_ARRAY:
		if (!cursor_text(c, field->most - 1, &text, &len))
			return false;
		memcpy(at, text, len);
		at[len] = '\0';
		return true;
	case FIELD_TEXT:
	case FIELD_TEXT_OR_NIL:
		return get_text(c, field, (char **)at);
	}
	return false;
}

bool msg_get_fields(struct cursor *c, const struct layout *layout, void *record)
{
	memset(record, 0, layout->size);
	for (size_t i = 0; i < layout->count; i++)
		if (!get_field(c, &layout->fields[i], record)) {
			msg_free_texts(layout, record);
			return false;
		}
	return true;
}

void msg_free_texts(const struct layout *layout, void *record)
{
	for (size_t i = 0; i < layout->count; i++) {
		const struct field *field = &layout->fields[i];
		char **text = (char **)((char *)record + field->offset);

		if (field->kind != FIELD_TEXT && field->kind != FIELD_TEXT_OR_NIL)
			continue;
		free(*text);
		*text = NULL;
	}
}

bool msg_get_head(struct cursor *c, const void *body, size_t len, enum msg_type type, size_t nfields)
{
	size_t count;
	int64_t number;

	cursor_init(c, body, len);
	return cursor_array(c, 1 + nfields, 1, &count) && count == 1 + nfields && cursor_int(c, type, type, &number);
}

static bool get_scalar(const void *body, size_t len, enum msg_type type, void *record)
{
	const struct layout *layout = msg_layout(type);
	struct cursor c;

	if (layout == NULL || !msg_get_head(&c, body, len, type, layout->count) || !msg_get_fields(&c, layout, record))
		return false;
	if (cursor_end(&c))
		return true;
	msg_free_texts(layout, record);
	return false;
}

bool msg_type_of(const void *body, size_t len, enum msg_type *type)
{
	struct cursor c;
	size_t count;
	int64_t number;

	cursor_init(&c, body, len);
	if (!cursor_array(&c, SIZE_MAX, 1, &count) || count == 0 || !cursor_int(&c, MSG_GO, MSG_COUNTERS, &number))
		return false;
	if (number > MSG_SWEEP && number < MSG_HELLO)
		return false;
	*type = (enum msg_type)number;
	return true;
}

bool msg_get_plain(const void *body, size_t len, enum msg_type type)
{
	struct cursor c;

	return msg_get_head(&c, body, len, type, 0) && cursor_end(&c);
}

bool msg_get_retry(const void *body, size_t len, struct msg_retry *m)
{
	return get_scalar(body, len, MSG_RETRY, m);
}

bool msg_get_stop(const void *body, size_t len, struct msg_stop *m)
{
	return get_scalar(body, len, MSG_STOP, m);
}

bool msg_get_backend(const void *body, size_t len, enum msg_type type, struct msg_backend *m)
{
	return (type == MSG_CANCEL || type == MSG_TERMINATE) && get_scalar(body, len, type, m);
}

bool msg_get_hello(const void *body, size_t len, struct msg_hello *m)
{
	return get_scalar(body, len, MSG_HELLO, m);
}

bool msg_get_session(const void *body, size_t len, struct session_report *m)
{
	return get_scalar(body, len, MSG_SESSION, m);
}

bool msg_get_note(const void *body, size_t len, struct msg_note *m)
{
	return get_scalar(body, len, MSG_NOTE, m);
}

bool msg_get_want_cancel(const void *body, size_t len, struct msg_want_cancel *m)
{
	return get_scalar(body, len, MSG_WANT_CANCEL, m);
}

bool msg_get_done(const void *body, size_t len, enum msg_type type, struct msg_done *m)
{
	return (type == MSG_DONE || type == MSG_BUSY) && get_scalar(body, len, type, m);
}

bool msg_get_fatal(const void *body, size_t len, struct msg_fatal *m)
{
	return get_scalar(body, len, MSG_FATAL, m);
}

bool msg_get_gone(const void *body, size_t len, struct msg_gone *m)
{
	return get_scalar(body, len, MSG_GONE, m);
}

bool msg_get_swept(const void *body, size_t len, struct msg_swept *m)
{
	return get_scalar(body, len, MSG_SWEPT, m);
}

bool msg_get_usage(const void *body, size_t len, struct msg_usage *m)
{
	return get_scalar(body, len, MSG_USAGE, m);
}
