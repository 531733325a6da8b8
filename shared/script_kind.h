/*
 * script_kind: what an SQL command of a script may do to the transaction block it runs in, by its first words. Pure.
 *
 * A text that cannot be judged (its first word is a variable) may do everything.
 */
#ifndef SHARED_SCRIPT_KIND_H
#define SHARED_SCRIPT_KIND_H

#include "shared/load.h"
#include "shared/script.h"

enum {
	KIND_BEGINS = 1 << 0, /* it is BEGIN or START TRANSACTION and nothing else */
	KIND_COMMITS = 1 << 1, /* a part of it is COMMIT, END or PREPARE TRANSACTION */
	KIND_CALLS = 1 << 2 /* a part of it is CALL or DO: outside a block it may commit inside */
};
unsigned script_kind(const struct script_sql *sql, enum query_mode mode);

#endif
