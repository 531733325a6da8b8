/*
 * pg_tls: OpenSSL before the first fork, and what a connection says of its encryption.
 */
#include "worker/pg_private.h"

#include <openssl/crypto.h>
#include <openssl/ssl.h>
#include <stdio.h>

void pg_tls_warm_up(void)
{
	/* Kept for ever: what counts are the tables OpenSSL fills on the way, whose pages the children then share. */
	static SSL_CTX *context;

	OPENSSL_init_ssl(OPENSSL_INIT_LOAD_SSL_STRINGS | OPENSSL_INIT_LOAD_CONFIG, NULL);
	if (!context)
		context = SSL_CTX_new(TLS_client_method());
}

void pg_tls_describe(const struct pg *pg, char *out, size_t size)
{
	const char *protocol, *cipher;

	out[0] = '\0';
	if (!pg_tls_used(pg))
		return;
	protocol = PQsslAttribute(pg->conn, "protocol");
	cipher = PQsslAttribute(pg->conn, "cipher");
	snprintf(out, size, "%s %s", protocol ? protocol : "TLS", cipher ? cipher : "");
}

bool pg_tls_pending(const struct pg *pg)
{
	SSL *ssl = PQsslStruct(pg->conn, "OpenSSL");

	return ssl && SSL_pending(ssl) > 0;
}

void pg_versions(char *out, size_t size)
{
	int v = PQlibVersion();

	snprintf(out, size, "libpq %d.%d, OpenSSL %s", v / 10000, v % 10000, OpenSSL_version(OPENSSL_VERSION_STRING));
}
