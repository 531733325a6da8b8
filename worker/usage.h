/*
 * usage: what this process used up. A child tells it of itself just before it exits: the parent cannot read the files
 * of a process that is not dumpable. For worker_main and observer_main.
 */
#ifndef WORKER_USAGE_H
#define WORKER_USAGE_H

#include "shared/msg.h"
#include "shared/shm.h"

void usage_read(struct msg_usage *usage); /* private_kb is 0 where the kernel does not tell */

/* Adds the private memory of the server processes behind these sessions, as far as they run on this machine and may be
 * read (the same account, or root): a sample of at most 16 over all sessions of the run. A process counts only when it
 * began when the session's backend did: the same number may be somebody else's on this machine. */
void usage_backends(struct msg_usage *usage, struct shm *shm, uint32_t first, uint32_t nsessions);

#endif
