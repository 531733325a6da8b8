/*
 * place: see place.h.
 */
#include "orchestrator/place.h"

#include <errno.h>
#include <sched.h>
#include <string.h>

bool place_divide(
        struct place *place, enum pin pin, bool local, const uint16_t *allowed, uint32_t nallowed, struct err *err)
{
	memset(place, 0, sizeof *place);
	place->pin = pin;
	place->local = local;
	if (pin == PIN_NONE)
		return true;
	if (pin == PIN_SPLIT && nallowed < 2)
		return err_set(err, EXIT_USAGE,
		        "--pin=split needs two CPUs and this program may use one: use --pin=one, or leave it out");
	place->nserver = pin == PIN_SPLIT && local ? nallowed / 2 : 0;
	place->ncpus = pin == PIN_ONE ? 1 : nallowed - place->nserver;
	memcpy(place->server, allowed, place->nserver * sizeof *allowed);
	memcpy(place->cpus, allowed + place->nserver, place->ncpus * sizeof *allowed);
	return true;
}

_Static_assert(PLACE_MOST <= CPU_SETSIZE, "every CPU number has a bit");

bool place_decide(struct place *place, enum pin pin, bool local, struct err *err)
{
	uint16_t allowed[PLACE_MOST];
	uint32_t count = 0;
	cpu_set_t set;

	if (pin != PIN_NONE && sched_getaffinity(0, sizeof set, &set) != 0)
		return err_set(err, EXIT_USAGE,
		        "--pin: this program cannot see which CPUs it may use (%s): leave it out", strerror(errno));
	for (uint16_t cpu = 0; pin != PIN_NONE && cpu < PLACE_MOST; cpu++)
		if (CPU_ISSET(cpu, &set))
			allowed[count++] = cpu;
	return place_divide(place, pin, local, allowed, count, err);
}

static bool move_to(const uint16_t *cpus, uint32_t count, struct err *err)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	for (uint32_t i = 0; i < count; i++)
		CPU_SET(cpus[i], &set);
	if (count == 0 || sched_setaffinity(0, sizeof set, &set) == 0)
		return true;
	return err_set(err, EXIT_USAGE, "--pin: the CPUs cannot be chosen here (%s): leave it out", strerror(errno));
}

bool place_for_server(const struct place *place, struct err *err)
{
	return place->nserver > 0 ? move_to(place->server, place->nserver, err) : place_for_client(place, err);
}

bool place_for_client(const struct place *place, struct err *err)
{
	return move_to(place->cpus, place->ncpus, err);
}

/* "CPUs 0-3, 8" */
static void put_cpus(const uint16_t *cpus, uint32_t count, struct buf *out)
{
	buf_puts(out, count == 1 ? " CPU" : " CPUs");
	for (uint32_t i = 0, last; i < count; i = last + 1) {
		for (last = i; last + 1 < count && cpus[last + 1] == cpus[last] + 1;)
			last++;
		buf_printf(out, "%s %u", i > 0 ? "," : "", cpus[i]);
		if (last > i)
			buf_printf(out, "-%u", cpus[last]);
	}
}

void place_text(const struct place *place, struct buf *out)
{
	if (place->pin == PIN_NONE)
		return;
	if (place->pin == PIN_SPLIT)
		buf_puts(out, "split: lanes one by one on");
	else
		buf_puts(out, place->local ? "one: this program and the server on" : "one: this program on");
	put_cpus(place->cpus, place->ncpus, out);
	if (place->nserver > 0) {
		buf_puts(out, "; the server on");
		put_cpus(place->server, place->nserver, out);
	}
	if (!place->local)
		buf_puts(out, "; the server is not ours to place");
}
