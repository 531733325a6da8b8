/*
 * store_figure: figures computed from an experiment, kept beside it (table estimate). See store.h.
 */
#include "reports/store_private.h"

#include <math.h>

/* SQLite keeps NAN as NULL by itself; an end that lies nowhere is none. */
static double known(double x)
{
	return isfinite(x) ? x : NAN;
}

bool store_figures(
        struct store *store, int64_t experiment, const struct store_figure *figures, size_t count, struct err *err)
{
	if (!store_commit(store, err) || !store_begin_waiting(store, err))
		return false;
	for (size_t i = 0; i < count; i++) {
		const struct store_figure *f = &figures[i];

		if (!store_db_do(store->db, store->path, err,
		            "INSERT INTO estimate (experiment, run, name, value, low, high, method, samples) VALUES "
		            "(?, 0, "
		            "?, ?, ?, ?, ?, ?) ON CONFLICT (experiment, run, name) DO UPDATE SET value = "
		            "excluded.value, "
		            "low = excluded.low, high = excluded.high, method = excluded.method, samples = "
		            "excluded.samples",
		            "isdddsi", experiment, f->name, known(f->value), known(f->low), known(f->high), f->method,
		            (int64_t)f->samples)) {
			store_give_up(store, err);
			return false;
		}
	}
	return store_end(store, err);
}
