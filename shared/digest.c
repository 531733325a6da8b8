/*
 * digest: SHA-256 by OpenSSL, for fingerprints of workloads, data and results. Anybody may call it.
 */
/* The plain functions: EVP would load OpenSSL's configuration and providers, which takes longer than the hashing. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "shared/digest.h"

#include <endian.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "shared/err.h"

#ifndef OPENSSL_NO_DEPRECATED_3_0

void digest_sha256(const void *data, size_t len, unsigned char out[32])
{
	SHA256_CTX context;

	SHA256_Init(&context);
	SHA256_Update(&context, data != NULL ? data : "", len);
	SHA256_Final(out, &context);
}

/* A row's context lies in the row itself: nothing is allocated for it. */
_Static_assert(sizeof(SHA256_CTX) <= sizeof(struct digest_row), "a row has no room for OpenSSL's context");

static void row_start(struct digest_row *row)
{
	SHA256_Init((SHA256_CTX *)(void *)row->state);
}

static void row_more(struct digest_row *row, const void *data, size_t len)
{
	SHA256_Update((SHA256_CTX *)(void *)row->state, data, len);
}

static void row_finish(struct digest_row *row, unsigned char out[32])
{
	SHA256_Final(out, (SHA256_CTX *)(void *)row->state);
}

#else

/* Only an exhausted heap or an OpenSSL without SHA-256 ends here: as with memory, nobody could go on. */
static void need(int ok)
{
	static const char text[] = "pgparallel: OpenSSL refuses SHA-256; check OPENSSL_CONF and the installation\n";

	if (ok == 1)
		return;
	if (write(STDERR_FILENO, text, sizeof text - 1) < 0) {
		/* nobody can be told */
	}
	_exit(EXIT_STORE);
}

void digest_sha256(const void *data, size_t len, unsigned char out[32])
{
	unsigned char sum[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	need(EVP_Digest(data != NULL ? data : "", len, sum, &n, EVP_sha256(), NULL) == 1 && n == 32);
	memcpy(out, sum, 32);
}

static EVP_MD_CTX *context_of(const struct digest_row *row)
{
	EVP_MD_CTX *context;

	memcpy(&context, row->state, sizeof context);
	return context;
}

static void row_start(struct digest_row *row)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();

	need(context != NULL && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1);
	memcpy(row->state, &context, sizeof context);
}

static void row_more(struct digest_row *row, const void *data, size_t len)
{
	need(EVP_DigestUpdate(context_of(row), data, len));
}

static void row_finish(struct digest_row *row, unsigned char out[32])
{
	unsigned char sum[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	need(EVP_DigestFinal_ex(context_of(row), sum, &n) == 1 && n == 32);
	memcpy(out, sum, 32);
	EVP_MD_CTX_free(context_of(row));
}

#endif

void digest_sha256_hex(const void *data, size_t len, char out[DIGEST_HEX])
{
	static const char digits[] = "0123456789abcdef";
	unsigned char sum[32];

	digest_sha256(data, len, sum);
	for (unsigned i = 0; i < sizeof sum; i++) {
		out[2 * i] = digits[sum[i] >> 4];
		out[2 * i + 1] = digits[sum[i] & 15];
	}
	out[64] = '\0';
}

void digest_sum_add(struct digest_sum *sum, const struct digest_sum *more)
{
	uint64_t carry = 0;

	for (int i = 0; i < 4; i++) {
		uint64_t word = sum->words[i] + carry;

		carry = word < carry;
		word += more->words[i];
		carry += word < more->words[i];
		sum->words[i] = word;
	}
}

void digest_sum_hex(const struct digest_sum *sum, char out[DIGEST_HEX])
{
	for (int i = 0; i < 4; i++)
		snprintf(out + (ptrdiff_t)16 * i, 17, "%016llx", (unsigned long long)sum->words[3 - i]);
}

void digest_row_begin(struct digest_row *row, enum digest_kind kind, const uint32_t place[2], uint32_t nvalues)
{
	const uint32_t head[4] = {htole32((uint32_t)kind), htole32(place[0]), htole32(place[1]), htole32(nvalues)};

	row_start(row);
	row_more(row, head, sizeof head);
}

void digest_row_value(struct digest_row *row, const void *data, size_t len)
{
	/* No value is so long. */
	const uint64_t length = htole64(data != NULL ? (uint64_t)len : UINT64_MAX);

	row_more(row, &length, sizeof length);
	if (data != NULL)
		row_more(row, data, len);
}

void digest_row_end(struct digest_row *row, struct digest_sum *sum)
{
	unsigned char out[32];
	struct digest_sum one;

	row_finish(row, out);
	for (size_t i = 0; i < 4; i++) {
		uint64_t word;

		memcpy(&word, out + 8 * i, sizeof word);
		one.words[i] = le64toh(word);
	}
	digest_sum_add(sum, &one);
}
