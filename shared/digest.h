/*
 * digest: SHA-256 (OpenSSL's), and sums of such digests that tell whether two results hold the same rows in whatever
 * order. The only file besides worker/pg_tls that calls OpenSSL.
 */
#ifndef SHARED_DIGEST_H
#define SHARED_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#define DIGEST_HEX 65 /* 64 hexadecimal digits and NUL */

void digest_sha256(const void *data, size_t len, unsigned char out[32]); /* the bytes themselves */
void digest_sha256_hex(const void *data, size_t len, char out[DIGEST_HEX]);

/* A sum of digests modulo 2^256, the lowest word first. A sum and no exclusive or, under which two equal rows would
 * cancel each other out. Zero is the sum of none. */
struct digest_sum {
	uint64_t words[4];
};
void digest_sum_add(struct digest_sum *sum, const struct digest_sum *more);
void digest_sum_hex(const struct digest_sum *sum, char out[DIGEST_HEX]); /* the highest digit first */

/* What is hashed as one: a row of a result, a line of COPY, the tag of a command. */
enum digest_kind { DIGEST_ROW = 'R', DIGEST_COPY = 'C', DIGEST_TAG = 'T' };

/* One of them being hashed: begin, a value for each column, end. Every length is hashed before its bytes and NULL has a
 * mark of its own, so that ('ab', 'c'), ('a', 'bc'), ('abc', NULL) and ('abc', '') are four different rows. */
struct digest_row {
	uint64_t state[16];
};
/* place: what the row belongs to (which statement, which parameters); equal rows of two places are different. */
void digest_row_begin(struct digest_row *row, enum digest_kind kind, const uint32_t place[2], uint32_t nvalues);
void digest_row_value(struct digest_row *row, const void *data, size_t len); /* data NULL: SQL NULL */
void digest_row_end(struct digest_row *row, struct digest_sum *sum); /* adds it to the sum */

#endif
