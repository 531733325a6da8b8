/*
 * hooks: faults that tests plant inside a worker. They exist only in a build with -DPGPARALLEL_TEST_HOOKS; in a program
 * that ships these functions are empty.
 *
 *   PGPARALLEL_PLANT=take:200ms    sleep between GO and the first ticket of every lane
 *   PGPARALLEL_PLANT=ready:200ms   sleep between a worker's HELLO and its first connection
 *   PGPARALLEL_HANG=N              worker N (from 1, first generation) stops obeying and beating once it has sent a
 * task PGPARALLEL_SCRIBBLE=N          worker N writes nonsense into its own slots after GO
 */
#include "worker/worker_private.h"

#ifdef PGPARALLEL_TEST_HOOKS

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "shared/clock.h"

static int64_t plant_take, plant_ready;
static bool hang, scribble;

static void sleep_ns(int64_t ns)
{
	struct timespec t = {.tv_sec = ns / NS_PER_S, .tv_nsec = ns % NS_PER_S};

	nanosleep(&t, NULL);
}

static bool meant(const struct worker *w, const char *name)
{
	const char *number = getenv(name);

	return number && w->a->generation == 1 && !w->a->special && (uint32_t)atoi(number) == w->a->worker + 1;
}

void hooks_read(struct worker *w)
{
	const char *plant = getenv("PGPARALLEL_PLANT");

	if (plant && strncmp(plant, "take:", 5) == 0)
		clock_parse(plant + 5, &plant_take);
	if (plant && strncmp(plant, "ready:", 6) == 0)
		clock_parse(plant + 6, &plant_ready);
	hang = meant(w, "PGPARALLEL_HANG");
	scribble = meant(w, "PGPARALLEL_SCRIBBLE");
}

void hooks_before_connect(const struct worker *w)
{
	if (plant_ready > 0 && !w->a->special)
		sleep_ns(plant_ready);
}

void hooks_before_step(struct lane *lane)
{
	int64_t go = atomic_load(&lane->worker->a->shm->go_ns);

	if (go == 0 || clock_now_ns() < go || lane->worker->a->special)
		return;
	if (!lane->first_take_seen && plant_take > 0)
		sleep_ns(plant_take);
	lane->first_take_seen = true;
	if (scribble)
		for (uint32_t i = 0; i < lane->nsessions; i++)
			memset(lane->sessions[i].slot, 0xa5, sizeof *lane->sessions[i].slot);
	for (uint32_t i = 0; hang && i < lane->nsessions; i++)
		while (lane->sessions[i].state == SESSION_RUNNING)
			pause();
}

#else

void hooks_read(struct worker *w)
{
	(void)w;
}

void hooks_before_connect(const struct worker *w)
{
	(void)w;
}

void hooks_before_step(struct lane *lane)
{
	(void)lane;
}

#endif
