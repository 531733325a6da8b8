/*
 * slot: moving a slot from stage to stage. Only the lane that owns the slot calls slot_stage (and the parent, for a
 * slot whose worker it has reaped).
 */
#include "shared/slot.h"

#include <assert.h>

void slot_stage(struct slot *slot, enum slot_stage stage, int64_t now)
{
	assert(stage <= SLOT_CLOSED);
	atomic_store_explicit(&slot->since_ns, now, memory_order_relaxed);
	/* Last: whoever reads the new stage also sees what was written for it. */
	atomic_store_explicit(&slot->stage, stage, memory_order_release);
}

const char *slot_stage_name(enum slot_stage stage)
{
	static const char *const names[] = {[SLOT_EMPTY] = "empty",
	        [SLOT_CONNECTING] = "connecting",
	        [SLOT_READY] = "ready",
	        [SLOT_HELD] = "held",
	        [SLOT_TAKEN] = "taken",
	        [SLOT_SENT] = "sent",
	        [SLOT_SAFE] = "safe",
	        [SLOT_BACKOFF] = "back-off",
	        [SLOT_LOST] = "reconnecting",
	        [SLOT_CLOSED] = "closed"};

	/* A broken worker can write any number into its slot. */
	if ((unsigned)stage >= sizeof names / sizeof names[0])
		return "?";
	return names[stage];
}
