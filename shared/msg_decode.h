/*
 * msg_decode: what the decoders of scalar messages and of batches share. Only shared/msg*.c include it.
 */
#ifndef SHARED_MSG_DECODE_H
#define SHARED_MSG_DECODE_H

#include <stdlib.h>

#include "shared/msg_cursor.h"
#include "shared/msg_fields.h"

/* Begins a body: an array of the type and nfields further elements. */
bool msg_get_head(struct cursor *c, const void *body, size_t len, enum msg_type type, size_t nfields);
/* Fills record, which is zeroed first; after a failure it owns nothing. */
bool msg_get_fields(struct cursor *c, const struct layout *layout, void *record);
void msg_free_texts(const struct layout *layout, void *record);

#endif
