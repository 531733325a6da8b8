/*
 * store_notes: rows that say something about a run as a whole: what the server counted, the client's CPU, doubts and
 * suspects. Part of the store (reports/store.h): the same rules, the same queue.
 */
#ifndef REPORTS_STORE_NOTES_H
#define REPORTS_STORE_NOTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/err.h"

struct store;

/* A counter of the server before GO and after the run's sessions had ended; INT64_MIN = not known. */
bool store_counter(struct store *store, int64_t run, const char *name, int64_t before, int64_t after, struct err *err);

/* CPU of one worker from GO on; wait_us: time its threads stood ready and got no CPU, INT64_MIN = not known. */
struct client_cpu_row {
	uint32_t worker, generation;
	int64_t cpu_us, wait_us;
};
bool store_client_cpu(struct store *store, int64_t run, const struct client_cpu_row *row, struct err *err);

/* The same of all workers together between two looks of the parent. */
struct client_sample {
	int64_t at_us, length_us; /* begin, us after wall zero */
	int64_t cpu_us, wait_us; /* of all workers; wait INT64_MIN = not known */
	uint32_t busiest; /* the worker that used most */
	int64_t busiest_us;
};
bool store_client_sample(struct store *store, int64_t run, const struct client_sample *sample, struct err *err);

/* Reasons to doubt a run's numbers; what was kept of the run before is replaced. Texts are copied. */
struct doubt_note {
	const char *name, *text;
};
bool store_doubts(struct store *store, int64_t run, const struct doubt_note *doubts, size_t n, struct err *err);

/* Causes of a missing speed-up, best first; replaces likewise. confirmed: NULL = not tried. */
struct suspect_note {
	const char *cause, *evidence, *confirmed;
	int64_t share_us;
};
bool store_suspects(struct store *store, int64_t run, const struct suspect_note *suspects, size_t n, struct err *err);

#endif
