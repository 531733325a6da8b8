/*
 * classify: the table of SQLSTATEs and the rule of what is known. See classify.h.
 */
#include "worker/classify.h"

#include <string.h>

/* Five characters stand for one code, two for a class. The order does not matter: the longer match wins. */
static const struct {
	char code[6];
	enum sqlstate_class class;
} table[] = {
        /* rolled back as a whole, may succeed when repeated */
        {"40001", STATE_RETRY}, /* serialization failure */
        {"40P01", STATE_RETRY}, /* deadlock */
        {"55P03", STATE_RETRY}, /* lock not available */
        {"55006", STATE_RETRY}, /* object in use */
        /* starting up, no free connection */
        {"57P03", STATE_WAIT}, {"53300", STATE_WAIT},
        /* the session ended */
        {"57P01", STATE_LOST}, /* terminated, fast shutdown */
        {"57P02", STATE_LOST}, /* another backend crashed */
        {"57P05", STATE_LOST}, /* idle session timeout */
        {"25P03", STATE_LOST}, /* idle in transaction timeout */
        {"25P04", STATE_LOST}, /* transaction timeout */
        {"08", STATE_LOST},
        /* prepared statements */
        {"26000", STATE_PREPARE}, {"42P05", STATE_PREPARE},
        /* nobody knows */
        {"08007", STATE_DOUBT}, {"40003", STATE_DOUBT}, {"40000", STATE_DOUBT},
        /* resources and the server's own trouble */
        {"53", STATE_RESOURCE}, {"58", STATE_RESOURCE}, {"XX", STATE_RESOURCE}, {"72", STATE_RESOURCE},
        /* no use to go on */
        {"28", STATE_STOP}, {"3D000", STATE_STOP}, {"57P04", STATE_STOP}, /* the database was dropped */
        {"08P01", STATE_STOP}, {"F0", STATE_STOP}, {"XX001", STATE_STOP}, /* corrupted data */
        {"XX002", STATE_STOP}, /* corrupted index */
};

enum sqlstate_class classify_sqlstate(const char *sqlstate)
{
	enum sqlstate_class answer = STATE_FAIL;

	if (sqlstate[0] == '\0')
		return STATE_NONE;
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		size_t length = strlen(table[i].code);

		if (strncmp(sqlstate, table[i].code, length) != 0)
			continue;
		answer = table[i].class;
		if (length == 5)
			break;
	}
	return answer;
}

/* True when the answer, or the lack of one, leaves open what the server did with what was in flight. */
static bool in_doubt(enum attempt_end end, enum attempt_stage stage, enum sqlstate_class class)
{
	if (stage == STAGE_NOTHING || stage == STAGE_BLOCK)
		return false;
	if (end == END_LOST || class == STATE_DOUBT || stage == STAGE_CALL)
		return true;
	/* 08000, 08003, 08006 or 57P0x as an ordinary error: a remote end was lost inside the statement. */
	return class == STATE_LOST || class == STATE_NONE;
}

struct judgement classify_attempt(
        enum attempt_end end, enum attempt_stage stage, const char *sqlstate, bool protected, bool repeat)
{
	enum sqlstate_class class = classify_sqlstate(sqlstate);
	struct judgement j = {.outcome = OUTCOME_FAILED};

	if (end == END_LOST)
		j.flags |= ATTEMPT_SESSION_LOST;
	if (class == STATE_STOP)
		j.flags |= ATTEMPT_STOP_RUN;
	if (!protected && in_doubt(end, stage, class)) {
		j.outcome = OUTCOME_UNKNOWN;
		return j;
	}
	if (repeat && class != STATE_STOP &&
	        (end == END_LOST || class == STATE_RETRY || (protected && class == STATE_LOST)))
		j.flags |= ATTEMPT_RETRY;
	return j;
}

enum connect_answer classify_connect(const char *sqlstate, bool first)
{
	switch (classify_sqlstate(sqlstate)) {
	case STATE_WAIT:
		return CONNECT_LATER;
	case STATE_NONE:
	case STATE_LOST:
	case STATE_RESOURCE:
		/* Nobody there, refused, timed out. Before anything ran that is an answer; later the server may come
		 * back. */
		return first ? CONNECT_GIVE_UP : CONNECT_LATER;
	default:
		return CONNECT_GIVE_UP;
	}
}
