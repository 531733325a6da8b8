/*
 * usage: what this process used up. A child tells it of itself just before it exits: the parent cannot read the files
 * of a process that is not dumpable. For worker_main and observer_main.
 */
#ifndef WORKER_USAGE_H
#define WORKER_USAGE_H

#include "shared/msg.h"

void usage_read(struct msg_usage *usage); /* private_kb is 0 where the kernel does not tell */

#endif
