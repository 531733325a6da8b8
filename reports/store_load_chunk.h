/*
 * store_load_chunk: records of a load run's transactions as bytes and back: about 10 bytes each. The format stands in
 * schema.sql above load_chunk. Pure; called by the store, the read model and tests.
 */
#ifndef REPORTS_STORE_LOAD_CHUNK_H
#define REPORTS_STORE_LOAD_CHUNK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/buf.h"
#include "shared/load.h"

#define LOAD_CHUNK_VERSION 1

/* Appends the bytes of at least one record. Times at rest are after origin_ns; negative latencies and lags become 0. */
void load_chunk_pack(const struct load_record *records, size_t count, int64_t origin_ns, struct buf *out);

/* How many records came out, at most `most`, their times as they are at rest. LOAD_CHUNK_BAD unless the bytes are what
 * load_chunk_pack makes of these records. */
#define LOAD_CHUNK_BAD SIZE_MAX
size_t load_chunk_unpack(const void *bytes, size_t len, struct load_record *records, size_t most);

#endif
