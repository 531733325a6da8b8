/*
 * store_load_pending: weak stand-ins, so that the program links until the tables of load runs are there; whoever
 * defines these functions takes this file away.
 */
#include "reports/store.h"

__attribute__((weak)) bool store_load_second(
        struct store *store, int64_t run, const struct load_second *second, struct err *err)
{
	(void)store;
	(void)run;
	(void)second;
	(void)err;
	return true;
}

__attribute__((weak)) bool store_load_chunk(struct store *store, int64_t run, int64_t origin_ns,
        const struct load_record *records, size_t count, struct err *err)
{
	(void)store;
	(void)run;
	(void)origin_ns;
	(void)records;
	(void)count;
	(void)err;
	return true;
}

__attribute__((weak)) bool store_load_total(
        struct store *store, int64_t run, const struct plan *plan, const struct load_total *total, struct err *err)
{
	(void)store;
	(void)run;
	(void)plan;
	(void)total;
	(void)err;
	return true;
}
