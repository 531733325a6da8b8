/*
 * store_load: what the queue holds of a load run's totals: figures for the columns and packed histograms, ready to be
 * written. The queue owns it. Private to reports/store*.c.
 */
#ifndef REPORTS_STORE_LOAD_H
#define REPORTS_STORE_LOAD_H

#include "reports/load_figures.h"
#include "reports/store.h"
#include "shared/buf.h"

struct load_times {
	uint64_t count;
	int64_t us[LOAD_FIGURES]; /* INT64_MIN = none */
	struct buf packed; /* empty without values */
};

/* done, failed, skipped, unknown, retried, retries, late: as the columns of load and load_script stand. */
#define LOAD_COUNTERS 7
enum load_kind_of_time { LOAD_SERVICE, LOAD_SCHEDULE, LOAD_LAG, LOAD_TIMES };

struct op_load_script {
	uint64_t counters[LOAD_COUNTERS];
	struct load_times times[LOAD_TIMES];
};
struct op_load_command {
	uint64_t failures, retries;
	struct load_times time;
};
struct op_load_error {
	uint32_t script;
	char sqlstate[6];
	uint64_t failed, retried, unknown;
	char *text;
};
struct op_load {
	struct load_total total; /* its pointers are NULL */
	struct op_load_script all; /* over all scripts */
	struct op_load_script *scripts;
	size_t nscripts;
	struct op_load_command *commands;
	size_t ncommands;
	struct op_load_error *errors;
	size_t nerrors;
};

struct op_load *op_load_of(const struct plan *plan, const struct load_total *total);
void op_load_free(struct op_load *load); /* NULL is fine */

#endif
