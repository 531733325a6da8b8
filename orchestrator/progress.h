/*
 * progress: what a person sees while a run goes on: live lanes or a status line on a terminal, plain lines with -P,
 * else nothing. It only reads slots; on stderr; one write per frame, at most 10 a second, first after 0.5 s.
 */
#ifndef ORCHESTRATOR_PROGRESS_H
#define ORCHESTRATOR_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "orchestrator/options.h"
#include "shared/plan.h"
#include "shared/shm.h"

struct progress; /* opaque */

/* fd: where to draw (2). begin_ns: when the run began. The plan and todo are borrowed. */
struct progress *progress_begin(const struct options *options, const struct plan *plan, const uint32_t *todo,
        struct shm *shm, const char *engine, int fd, int64_t begin_ns);
/* Draws if a frame is due; returns when it wants to be called next (CLOCK_NEVER = never). counts: final tickets so far.
 */
int64_t progress_step(
        struct progress *p, int64_t now, uint32_t done, uint32_t failed, uint32_t unknown, uint32_t total);
/* The same for a load run; its -P lines come from orchestrator/load_progress.c. */
struct progress_load {
	uint64_t done, failed, unknown; /* transactions so far */
	bool warmup; /* nothing counts yet */
	double rate; /* transactions a second and mean latency, of the last second */
	int64_t latency_ns;
	uint32_t sessions, connected;
};
int64_t progress_step_load(struct progress *p, int64_t now, const struct progress_load *load);
/* Takes the drawing away, so that a line can be written to stderr. The next step draws again. */
void progress_clear(struct progress *p);
void progress_end(struct progress *p);

/* What the terminal can show. */
struct terminal {
	bool tty;
	bool dumb; /* no cursor movement */
	bool color;
	bool utf8;
	int width;
	int height;
};
void terminal_probe(int fd, enum color_mode mode, struct terminal *t);

#endif
