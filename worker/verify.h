/*
 * verify: --verify-results: the digest of what an attempt returned, taken while its rows come in. For the session
 * machine only; a task marked noverify, @setup, @teardown and load runs have none.
 */
#ifndef WORKER_VERIFY_H
#define WORKER_VERIFY_H

#include "worker/session.h"

void verify_begin(struct session *s); /* of a new attempt; s->run stands */
/* What statement `index` returned: rows, or the tag of a command without any. */
void verify_rows(struct session *s, uint32_t index, const struct pg_result *result);
void verify_tag(struct session *s, uint32_t index, const char *tag);
void verify_copied(struct session *s, uint32_t index, const char *line, size_t len); /* one line of COPY TO */

#endif
