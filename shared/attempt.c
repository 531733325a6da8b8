/*
 * attempt: the names of the outcomes, as they stand in messages, the store and documents. Anyone may call it.
 */
#include "shared/attempt.h"

const char *outcome_name(enum outcome outcome)
{
	switch (outcome) {
	case OUTCOME_DONE:
		return "done";
	case OUTCOME_FAILED:
		return "failed";
	case OUTCOME_UNKNOWN:
		return "unknown";
	case OUTCOME_NONE:
		break;
	}
	return "not run";
}
