/*
 * pg_private: what the three files of pg share. Nobody else includes it.
 */
#ifndef WORKER_PG_PRIVATE_H
#define WORKER_PG_PRIVATE_H

#include <libpq-fe.h>

#include "worker/pg.h"

struct pg {
	PGconn *conn; /* never NULL */
	bool tls; /* it is encrypted, known once it is connected */
	struct pg_notices notices;
	int64_t connect_timeout_ns;
	const char *suspicious; /* the connection string, when one was given: error texts must not repeat it */
};

/* Bytes that OpenSSL holds decrypted and libpq has not taken. */
bool pg_tls_pending(const struct pg *pg);

#endif
