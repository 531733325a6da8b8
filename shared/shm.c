/*
 * shm: maps and lays out the memory that parent and children share. The parent maps it before the first fork and
 * unmaps it at the end of the run; children only use what they inherited.
 */
#include "shared/shm.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

/* struct shm and struct slot are multiples of 128, so the slots that follow keep their cache lines to themselves. */
_Static_assert(sizeof(struct shm) % 128 == 0, "slots must stay aligned");
_Static_assert(sizeof(struct slot) % 128 == 0, "slots must not share a line");

static bool shm_size(uint32_t nsessions, uint32_t ntasks, size_t *size)
{
	size_t slots;

	return !__builtin_mul_overflow((size_t)nsessions, sizeof(struct slot), &slots) &&
	       !__builtin_add_overflow(sizeof(struct shm), slots, size) &&
	       !__builtin_add_overflow(*size, (size_t)ntasks, size);
}

struct shm *shm_map(uint32_t nsessions, uint32_t npositions, uint32_t ntasks, struct err *err)
{
	struct shm *shm;
	size_t size;

	if (!shm_size(nsessions, ntasks, &size)) {
		err_set(err, EXIT_USAGE, "shared memory for %u sessions and %u tasks is too large; use a smaller -c",
		        nsessions, ntasks);
		return NULL;
	}
	shm = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shm == MAP_FAILED) {
		err_set(err, EXIT_USAGE, "cannot get %zu bytes of shared memory for %u sessions: %s; use a smaller -c",
		        size, nsessions, strerror(errno));
		return NULL;
	}
	/* Fresh pages are zero: EMPTY slots, nothing skipped, limit 0. */
	shm->nsessions = nsessions;
	shm->npositions = npositions;
	shm->ntasks = ntasks;
	for (uint32_t i = 0; i < nsessions; i++) {
		struct slot *slot = shm_slot(shm, i);

		atomic_store_explicit(&slot->ticket, SLOT_NO_TICKET, memory_order_relaxed);
		atomic_store_explicit(&slot->deadline_ns, INT64_MAX, memory_order_relaxed);
	}
	return shm;
}

void shm_unmap(struct shm *shm)
{
	size_t size;

	if (shm != NULL && shm_size(shm->nsessions, shm->ntasks, &size))
		munmap(shm, size);
}

struct slot *shm_slot(struct shm *shm, uint32_t session)
{
	return (struct slot *)((char *)shm + sizeof(struct shm)) + session;
}

_Atomic uint8_t *shm_skip(struct shm *shm, uint32_t task)
{
	return (_Atomic uint8_t *)((char *)shm_slot(shm, shm->nsessions)) + task;
}
