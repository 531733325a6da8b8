/*
 * sandbox: --local: a throwaway PostgreSQL of our own: initdb in a private temporary directory, unix socket only,
 * stopped and removed at the end (kept with --local=DIR). As root it drops to an unprivileged account by itself.
 */
#ifndef ORCHESTRATOR_SANDBOX_H
#define ORCHESTRATOR_SANDBOX_H

#include "shared/err.h"

struct sandbox; /* opaque */

/* Starts it; host (a socket directory), port, user and dbname stay valid until sandbox_stop. Must be called before any
 * other child exists. dir NULL = throwaway. */
struct sandbox *sandbox_start(const char *dir, struct err *err);
const char *sandbox_host(const struct sandbox *s);
const char *sandbox_port(const struct sandbox *s);
const char *sandbox_user(const struct sandbox *s);
const char *sandbox_dbname(const struct sandbox *s);
/* Stops the server (fast) and removes the directory unless it is to be kept. */
void sandbox_stop(struct sandbox *s);

#endif
