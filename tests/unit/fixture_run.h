/*
 * fixture_run: runs made by hand for the tests of renderers: no store, no server, the same bytes every time. A test
 * includes fixture_run.c; the owner calls fixture_free.
 */
#ifndef TESTS_UNIT_FIXTURE_RUN_H
#define TESTS_UNIT_FIXTURE_RUN_H

#include "reports/render.h"

enum fixture_kind {
	FIXTURE_SLEEPS, /* five sleeps, measured serial run: PARALLEL */
	FIXTURE_ALONE, /* the same without a serial run: OVERLAPPED */
	FIXTURE_LOCKED, /* five tasks on one advisory lock: SERIAL */
	FIXTURE_FAILING, /* errors, a dead worker, an unknown outcome, doubts */
	FIXTURE_HOSTILE, /* script tags, ESC, formulas, invalid UTF-8 in every text */
	FIXTURE_MANY, /* 200 sessions */
	FIXTURE_LOAD, /* n attempts on 32 sessions, some failed */
	FIXTURE_EMPTY, /* nothing connected */
	FIXTURE_SCRIPTS, /* a load run: three scripts, 16 sessions on 2 processes, -r, ramp and warm-up */
	FIXTURE_OUTAGE, /* a load run by the clock (-R, -L): the server is gone for 3 s, errors, doubts */
	FIXTURE_LONG, /* a load run of `attempts` seconds, else 4000 */
	FIXTURE_WRONG, /* a load run with hostile text everywhere, and outcomes of every kind */
	FIXTURE_NEVER, /* a load run that never began */
	FIXTURES
};

struct fixture {
	struct run_view run, baseline;
	struct proof proof;
	struct budget budget;
	struct rendering rendering;
};

void fixture_make(struct fixture *f, enum fixture_kind kind, size_t attempts);
void fixture_free(struct fixture *f);
const char *fixture_name(enum fixture_kind kind);

#endif
