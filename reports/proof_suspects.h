/*
 * proof_suspects: what the files of proof_suspects share with one another and with nobody else.
 */
#ifndef REPORTS_PROOF_SUSPECTS_H
#define REPORTS_PROOF_SUSPECTS_H

#include "reports/proof_parts.h"

/* Left out when it accounts for less than a twentieth of the wall or a millisecond. */
void suspect_add(struct proof *proof, const char *cause, double share_us, const char *format, ...)
        __attribute__((format(printf, 4, 5)));
/* Tasks that block one another: the lock, the chain, the statement. */
void suspect_locks(const struct run_view *run, const struct evidence *e, struct proof *proof);

#endif
