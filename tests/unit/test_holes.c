/*
 * test_holes: while holes are filled, what is allocated lies behind everything that was allocated before.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdint.h>
#include <stdlib.h>

#include "orchestrator/holes.h"
#include "shared/rng.h"

#define PIECES 3000

static void what_is_allocated_lies_behind(void **state)
{
	(void)state;
	static void *pieces[PIECES];
	static uint16_t sizes[PIECES];
	uintptr_t last = 0;
	struct rng rng;

	rng_seed(&rng, 7, 0);
	for (int i = 0; i < PIECES; i++) {
		sizes[i] = (uint16_t)(1 + rng_below(&rng, i % 10 ? 500 : 6000));
		pieces[i] = malloc(sizes[i]);
		if ((uintptr_t)pieces[i] > last)
			last = (uintptr_t)pieces[i];
	}
	for (int i = 0; i < PIECES - 1; i += 2) {
		free(pieces[i]);
		pieces[i] = NULL;
	}
	struct hole *holes = holes_fill();
	if (!holes) /* another malloc than glibc's */
		skip();
	for (int i = 0; i < PIECES - 1; i += 2) {
		pieces[i] = malloc(sizes[i]);
		assert_true((uintptr_t)pieces[i] > last);
	}
	holes_free(holes);
	for (int i = 0; i < PIECES; i++)
		free(pieces[i]);
}

static void freed_holes_are_used_again(void **state)
{
	(void)state;
	struct hole *holes = holes_fill(), *again;

	if (!holes)
		skip();
	holes_free(holes);
	again = holes_fill();
	assert_non_null(again);
	holes_free(again);
	holes_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(what_is_allocated_lies_behind), cmocka_unit_test(freed_holes_are_used_again)};
	return cmocka_run_group_tests_name("holes", tests, NULL, NULL);
}
