/*
 * sample_load_view: the made-up load run of sample_load.h, stored and read again, ready for renderers. Included, not
 * linked; ended by sample_load_close.
 */
#ifndef TESTS_UNIT_SAMPLE_LOAD_VIEW_H
#define TESTS_UNIT_SAMPLE_LOAD_VIEW_H

#include "reports/render.h"
#include "tests/unit/sample_load.h"

struct sample_load_view {
	struct sample_store sample;
	struct query *query;
	struct run_view run;
	struct proof proof;
	struct budget budget;
	struct rendering rendering;
};

/* n transactions of the first script, a tenth of that of the second. False with err. */
SAMPLE bool sample_load_open(struct sample_load_view *l, uint64_t n, size_t nrecords, struct err *err)
{
	int interrupted;
	memset(l, 0, sizeof *l);
	sample_begin(&l->sample, 5, 2);
	sample_load_plan(&l->sample);
	struct store *store = store_open(l->sample.path, &interrupted, err);
	struct run_begin b = sample_load_begin(&l->sample);
	bool ok = store && sample_load_run(&l->sample, store, &b, n, nrecords, err);
	ok = store_close(store, err) && ok;
	l->query = ok ? query_open(l->sample.path, err) : NULL;
	if (!l->query || !query_run(l->query, 0, &l->run, err))
		return false;
	proof_of(&l->run, NULL, &l->proof);
	budget_of(&l->run, &l->budget);
	l->rendering = (struct rendering){.run = &l->run,
	        .proof = &l->proof,
	        .budget = &l->budget,
	        .store_path = "/srv/pgparallel/runs.db",
	        .query = l->query};
	return true;
}

SAMPLE void sample_load_close(struct sample_load_view *l)
{
	proof_free(&l->proof);
	run_view_free(&l->run);
	query_close(l->query);
	sample_load_end(&l->sample);
	sample_end(&l->sample);
}

#endif
