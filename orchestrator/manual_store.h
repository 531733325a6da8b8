/*
 * manual_store: tables, views and columns of the results file with their meaning, for the manual.
 */
#ifndef ORCHESTRATOR_MANUAL_STORE_H
#define ORCHESTRATOR_MANUAL_STORE_H

#include "orchestrator/options.h"

/* Appends the paragraphs about packed values, each with an empty line behind it. */
void manual_packed(struct buf *out);

enum schema_kind { SCHEMA_TABLE, SCHEMA_VIEW, SCHEMA_COLUMN };
typedef void schema_entry(void *context, enum schema_kind kind, const char *name, const char *text);

/* Calls entry for each table and view, and after it for each of its columns, in order. */
void manual_schema(schema_entry *entry, void *context);

#endif
