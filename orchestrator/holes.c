/*
 * holes: see the header. The largest sizes first: what is left of a larger hole is a smaller one.
 */
#include "orchestrator/holes.h"

#include <malloc.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

/* Of this size and below, malloc keeps the pieces of each size apart; the sizes are 24 and so many times 16 more. */
#define SMALL 1048u
#define LARGE (64u * 1024u + 8u)
#define SMALLEST 24u
#define HOLES_MOST 20000u

struct hole {
	struct hole *next;
};

#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) &&                           \
        (__GLIBC__ > 2 || __GLIBC_MINOR__ >= 33)

/* Where the heap's untouched end begins. */
static uintptr_t end_begins(void)
{
	return (uintptr_t)sbrk(0) - mallinfo2().keepcost;
}

/* One of the size, put in front of the others; whether it lay before the end. The one that did not is kept as well:
 * given back now, it would be the next hole. */
static bool fill_one(struct hole **holes, size_t size, uintptr_t end)
{
	struct hole *hole = malloc(size);

	if (!hole)
		return false;
	hole->next = *holes;
	*holes = hole;
	return (uintptr_t)hole < end;
}

static size_t next_size(size_t size)
{
	size_t next = size - size / 128 * 16;

	if (size <= SMALL)
		return size - 16;
	return next > SMALL ? next : SMALL;
}

struct hole *holes_fill(void)
{
	uintptr_t end = end_begins();
	struct hole *holes = NULL;
	unsigned count = 0;

	for (size_t size = LARGE; size >= SMALLEST; size = next_size(size))
		while (count < HOLES_MOST && fill_one(&holes, size, end))
			count++;
	return holes;
}

#else

struct hole *holes_fill(void)
{
	return NULL;
}

#endif

void holes_free(struct hole *holes)
{
	while (holes) {
		struct hole *next = holes->next;

		free(holes);
		holes = next;
	}
}
