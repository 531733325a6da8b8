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

#define PAGE ((size_t)4096)

/* Where the lanes of a load run begin, and the size of everything. */
static bool shm_size(
        uint32_t nsessions, uint32_t ntasks, const struct load_layout *load, size_t *lanes_at, size_t *size)
{
	size_t slots, lanes;

	if (__builtin_mul_overflow((size_t)nsessions, sizeof(struct slot), &slots) ||
	        __builtin_add_overflow(sizeof(struct shm), slots, size) ||
	        __builtin_add_overflow(*size, (size_t)ntasks + PAGE, size) ||
	        __builtin_mul_overflow((size_t)load->nlanes, load->lane_bytes, &lanes))
		return false;
	*lanes_at = *size / PAGE * PAGE;
	return !__builtin_add_overflow(*lanes_at, lanes, size);
}

static struct shm *map(
        uint32_t nsessions, uint32_t npositions, uint32_t ntasks, const struct load_layout *load, struct err *err)
{
	struct shm *shm;
	size_t size, lanes_at;

	if (!shm_size(nsessions, ntasks, load, &lanes_at, &size)) {
		err_set(err, EXIT_USAGE, "shared memory for %u sessions and %u tasks is too large; use a smaller -c",
		        nsessions, ntasks);
		return NULL;
	}
	shm = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (shm == MAP_FAILED) {
		err_set(err, EXIT_USAGE, "cannot get %zu bytes of shared memory for %u sessions: %s; use a smaller -c",
		        size, nsessions, strerror(errno));
		return NULL;
	}
	/* Fresh pages are zero: EMPTY slots, nothing skipped, limit 0. */
	shm->nsessions = nsessions;
	shm->npositions = npositions;
	shm->ntasks = ntasks;
	shm->load = *load;
	for (uint32_t i = 0; i < nsessions; i++) {
		struct slot *slot = shm_slot(shm, i);

		atomic_store_explicit(&slot->ticket, SLOT_NO_TICKET, memory_order_relaxed);
		atomic_store_explicit(&slot->deadline_ns, INT64_MAX, memory_order_relaxed);
	}
	return shm;
}

struct shm *shm_map(uint32_t nsessions, uint32_t npositions, uint32_t ntasks, struct err *err)
{
	return map(nsessions, npositions, ntasks, &(struct load_layout){0}, err);
}

struct shm *shm_map_load(uint32_t nsessions, const struct load_layout *layout, struct err *err)
{
	return map(nsessions, 0, 0, layout, err);
}

void shm_unmap(struct shm *shm)
{
	size_t size, lanes_at;

	if (shm != NULL && shm_size(shm->nsessions, shm->ntasks, &shm->load, &lanes_at, &size))
		munmap(shm, size);
}

struct load_lane *shm_load_lane(struct shm *shm, uint32_t lane)
{
	size_t size, lanes_at = 0;

	shm_size(shm->nsessions, shm->ntasks, &shm->load, &lanes_at, &size);
	return (struct load_lane *)((char *)shm + lanes_at + lane * shm->load.lane_bytes);
}

struct slot *shm_slot(struct shm *shm, uint32_t session)
{
	return (struct slot *)((char *)shm + sizeof(struct shm)) + session;
}

_Atomic uint8_t *shm_skip(struct shm *shm, uint32_t task)
{
	return (_Atomic uint8_t *)((char *)shm_slot(shm, shm->nsessions)) + task;
}
