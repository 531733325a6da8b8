/*
 * When a session that lost its server tries again, by the real machine on invented time and a socket that is not there:
 * often at first, seldom later, never in step, and not all too often in all. What is held is the promise: once the
 * server is there again, a session is back after at most a part of the outage.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "shared/buf.h"
#include "worker/session_private.h"

enum { TRIES_MOST = 2000, SESSIONS_MOST = 1000 };

static struct plan plan;
static uint32_t todo[1];
static struct assignment a;
static struct pick pick;
static struct record record;
static struct session *sessions;
static int64_t tries[TRIES_MOST]; /* since the first */
static size_t ntries;

static void nobody_listens(void *to, const void *body, size_t len)
{
	(void)to;
	(void)body;
	(void)len;
}

static void begin(uint32_t nsessions)
{
	struct err err;
	struct shm *shm = shm_map(nsessions, 1, 1, &err);

	assert_non_null(shm);
	/* A replacement's sessions wait for a server from the first. */
	a = (struct assignment){.plan = &plan,
	        .todo = todo,
	        .shm = shm,
	        .generation = 2,
	        .nsessions = nsessions,
	        .nlanes = 1,
	        .seed = 5,
	        .replacement = true,
	        .reconnect_for_ns = 60 * NS_PER_S,
	        .target = {.host = "/nonexistent", .port = "5432", .user = "u", .dbname = "d", .direct = true}};
	sessions = mem_zero(nsessions, sizeof *sessions);
	pick_init(&pick, &plan, todo, shm, false);
	record_init(&record, nsessions, nobody_listens, NULL);
	for (uint32_t i = 0; i < nsessions; i++)
		session_init(&sessions[i], &a, &pick, &record, NULL, i, NS_PER_S);
}

static void end(uint32_t nsessions)
{
	for (uint32_t i = 0; i < nsessions; i++)
		session_clear(&sessions[i]);
	record_clear(&record);
	pick_clear(&pick);
	shm_unmap(a.shm);
	free(sessions);
}

/* Steps it when it is due until it gives up. */
static void try_out(struct session *s)
{
	int64_t now = NS_PER_S;

	for (ntries = 0; !session_closed(s); now = s->wait.deadline) {
		uint32_t before = s->connects;

		session_input(s, true);
		session_step(s, now, true);
		for (int i = 0; s->state == SESSION_CONNECTING && i < 10; i++) {
			session_input(s, true);
			session_step(s, now, true);
		}
		if (s->connects > before && ntries < TRIES_MOST)
			tries[ntries++] = now - NS_PER_S;
		assert_true(session_closed(s) || s->wait.deadline > now);
	}
	assert_true(ntries > 1 && ntries < TRIES_MOST);
}

/* At any moment the next try is at most 200 ms, or four tenths of the time gone by, away. */
static void back_within_a_part_of_the_outage(void **state)
{
	(void)state;
	for (uint32_t n = 1; n <= 50; n++) {
		begin(n);
		try_out(&sessions[n - 1]);
		for (size_t i = 1; i < ntries; i++) {
			int64_t pause = tries[i] - tries[i - 1], part = tries[i - 1] * 4 / 10;

			assert_true(pause <= (part > 200 * NS_PER_MS ? part : 200 * NS_PER_MS));
			assert_true(pause >= 50 * NS_PER_MS && pause <= 3 * NS_PER_S);
		}
		assert_true(tries[ntries - 1] > 55 * NS_PER_S); /* --reconnect-for */
		end(n);
	}
}

static void long_outages_are_tried_seldom(void **state)
{
	(void)state;
	begin(1);
	try_out(&sessions[0]);
	assert_true(ntries < 80);
	end(1);
}

/* A server that is starting up forks for each of them. */
static void a_thousand_do_not_storm_it(void **state)
{
	size_t early = 0;

	(void)state;
	begin(SESSIONS_MOST);
	for (uint32_t i = 0; i < SESSIONS_MOST; i++) {
		try_out(&sessions[i]);
		for (size_t k = 1; k < ntries; k++)
			early += tries[k] < 10 * NS_PER_S;
	}
	assert_true(early < 10 * 2 * 500);
	end(SESSIONS_MOST);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(back_within_a_part_of_the_outage),
	        cmocka_unit_test(long_outages_are_tried_seldom),
	        cmocka_unit_test(a_thousand_do_not_storm_it),
	};

	return cmocka_run_group_tests_name("reconnecting", tests, NULL, NULL);
}
