/*
 * warm_up: the two entry points of this folder that the parent itself calls: both work without a connection.
 */
#include "worker/pg.h"
#include "worker/worker.h"

void worker_warm_up(const struct target *target)
{
	if (pg_may_encrypt(target))
		pg_tls_warm_up();
}

void worker_versions(char *out, unsigned long size)
{
	pg_versions(out, size);
}
