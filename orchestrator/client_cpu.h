/*
 * client_cpu: how much CPU the workers use while tasks run, and how long their threads stand ready without getting one:
 * read from the kernel by the parent, from GO to the end of MEASURE. Nothing here decides anything about the run.
 *
 * struct client_cpu is part of the run, which calls client_cpu_clear; rows are each worker's totals.
 */
#ifndef ORCHESTRATOR_CLIENT_CPU_H
#define ORCHESTRATOR_CLIENT_CPU_H

#include "orchestrator/crew.h"
#include "reports/store_notes.h"

struct client_look { /* between two looks, over all workers; wait_us INT64_MIN = the kernel does not tell */
	int64_t from_ns, to_ns;
	int64_t cpu_us, wait_us;
	uint32_t busiest;
	int64_t busiest_us;
};

struct client_reading { /* of one process since its birth */
	int64_t cpu_us, wait_us;
};

struct client_cpu {
	bool looking;
	int64_t interval_ns, next_ns;
	uint32_t looks;
	struct client_look look; /* the last one */
	struct client_cpu_row *rows; /* a worker's generations are rows of their own */
	struct client_reading *first, *last; /* of each row: at GO (or 0 for one born later), and the newest */
	struct client_reading *seen; /* the row at the last look */
	size_t nrows;
};

void client_cpu_begin(struct client_cpu *c, const struct crew *crew, int64_t now);
bool client_cpu_due(const struct client_cpu *c, int64_t now);
int64_t client_cpu_next(const struct client_cpu *c); /* CLOCK_NEVER when it does not look */
void client_cpu_look(struct client_cpu *c, const struct crew *crew, int64_t now); /* fills look */
/* A worker leaves and says what it used in its life; it has not been reaped yet. */
void client_cpu_left(struct client_cpu *c, const struct member *m, int64_t life_us);
/* The last look. False: it had not begun, or is over already. */
bool client_cpu_end(struct client_cpu *c, const struct crew *crew, int64_t now);
void client_cpu_clear(struct client_cpu *c);

#endif
