/*
 * The ring of records of a lane: every record comes out once and in order or is counted as dropped, whatever the
 * parent's pace; and what is drained in time lies at the ring's beginning, so that its memory stays small.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "shared/buf.h"
#include "shared/load.h"
#include "shared/rng.h"

#define MANY 300000

struct ring {
	struct load_layout layout;
	struct load_lane *lane;
	int64_t put, taken; /* the number of the last one, as its end */
};

static void ring_make(struct ring *r)
{
	memset(r, 0, sizeof *r);
	assert_true(load_layout(&r->layout, 1000, 1, 0, true)); /* so many lanes have the smallest rings */
	r->lane = aligned_alloc(4096, r->layout.lane_bytes);
	assert_non_null(r->lane);
	memset(r->lane, 0, r->layout.lane_bytes);
}

static bool put(struct ring *r)
{
	struct load_record record = {.end_ns = r->put + 1, .outcome = LOAD_DONE};

	if (!load_record_put(&r->layout, r->lane, &record))
		return false;
	r->put++;
	return true;
}

/* Up to so many; they must be the next in order. */
static size_t take(struct ring *r, size_t most)
{
	struct load_record out[64];
	size_t n = load_record_take(&r->layout, r->lane, out, most < 64 ? most : 64);

	for (size_t i = 0; i < n; i++)
		assert_int_equal(out[i].end_ns, ++r->taken);
	return n;
}

static void every_record_comes_out_in_order_or_is_counted_as_dropped(void **state)
{
	struct ring r;
	struct rng rng;
	uint64_t dropped = 0;

	(void)state;
	ring_make(&r);
	rng_seed(&rng, 7, 1);
	for (int round = 0; round < 20000; round++) {
		for (uint64_t n = rng_below(&rng, 80); n > 0; n--)
			dropped += !put(&r);
		for (uint64_t n = rng_below(&rng, 3); n > 0; n--)
			take(&r, rng_below(&rng, 80));
		assert_true(r.put - r.taken <= r.layout.ring_size);
	}
	while (take(&r, 64) > 0)
		;
	assert_int_equal(r.taken, r.put);
	assert_true(dropped > 0);
	assert_int_equal(atomic_load(&r.lane->dropped), dropped);
	free(r.lane);
}

static void what_is_drained_in_time_uses_the_beginning_alone(void **state)
{
	struct ring r;
	const struct load_record *ring;

	(void)state;
	ring_make(&r);
	ring = load_lane_ring(&r.layout, r.lane);
	for (uint32_t round = 0; round < 10 * r.layout.ring_size; round++) {
		for (int i = 0; i < 5; i++)
			assert_true(put(&r));
		take(&r, 2);
		take(&r, 64);
	}
	for (uint32_t i = 0; i < r.layout.ring_size; i++)
		assert_int_equal(ring[i].end_ns != 0, i < 5);
	free(r.lane);
}

static void *writer(void *ring)
{
	struct ring *r = ring;

	while (r->put < MANY)
		put(r);
	return NULL;
}

static void a_writer_and_a_reader_at_the_same_time(void **state)
{
	struct ring r;
	pthread_t thread;

	(void)state;
	ring_make(&r);
	assert_int_equal(pthread_create(&thread, NULL, writer, &r), 0);
	while (r.taken < MANY)
		take(&r, 64);
	pthread_join(thread, NULL);
	assert_int_equal(take(&r, 64), 0);
	free(r.lane);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(every_record_comes_out_in_order_or_is_counted_as_dropped),
	        cmocka_unit_test(what_is_drained_in_time_uses_the_beginning_alone),
	        cmocka_unit_test(a_writer_and_a_reader_at_the_same_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
