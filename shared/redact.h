/*
 * redact: takes secrets out of a text that is about to leave the program. It knows them by their form: values of
 * password settings, passwords in URIs, bearer headers, and tokens as workspaces issue them. Anyone may call it.
 */
#ifndef SHARED_REDACT_H
#define SHARED_REDACT_H

#include "shared/buf.h"

/* Appends text with every secret in it written as ***. What is already redacted stays as it is. */
void redact(const char *text, struct buf *out);

#endif
