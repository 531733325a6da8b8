/*
 * classify: what a SQLSTATE means, and what an attempt that ended badly has come to. Pure: no state, no clock.
 *
 * Codes decide and never words (those are translated). A specific code wins over its class of two characters; the
 * stage an attempt was in wins over both. Used by the session machine; the parent reads only the outcome and flags.
 */
#ifndef WORKER_CLASSIFY_H
#define WORKER_CLASSIFY_H

#include <stdbool.h>

#include "shared/attempt.h"

enum sqlstate_class {
	STATE_NONE, /* no SQLSTATE: libpq's own word, the connection broke or never was */
	STATE_RETRY, /* rolled back, and the same again may well succeed */
	STATE_WAIT, /* the server is not ready yet or has no room: at connect, try again later */
	STATE_LOST, /* the session was ended or the connection failed */
	STATE_PREPARE, /* a prepared statement is missing, or there already */
	STATE_FAIL, /* the statement's own fault */
	STATE_RESOURCE, /* the server ran out of something; often repeated */
	STATE_STOP, /* no other attempt will fare better: the run must stop */
	STATE_DOUBT /* the server itself does not know whether it was applied */
};
enum sqlstate_class classify_sqlstate(const char *sqlstate);

/* Where the attempt was when it ended. */
enum attempt_stage {
	STAGE_NOTHING, /* nothing was sent, or nothing that could leave a trace: BEGIN, ROLLBACK, a setting */
	STAGE_BLOCK, /* inside an explicit block, COMMIT not sent: losing the session is a known rollback */
	STAGE_BARE, /* a statement or segment outside an explicit block was in flight */
	STAGE_CALL, /* the same with CALL or DO, which may have committed a part before an error */
	STAGE_COMMIT /* COMMIT was in flight */
};

enum attempt_end {
	END_ERROR, /* the server answered with an error and keeps the session */
	END_LOST /* the session is gone: connection lost, FATAL, dropped at a deadline */
};

struct judgement {
	enum outcome outcome; /* OUTCOME_FAILED or OUTCOME_UNKNOWN */
	uint32_t flags; /* ATTEMPT_RETRY, ATTEMPT_SESSION_LOST, ATTEMPT_STOP_RUN as they apply */
};

/* The rule of what is known. `protected` = the task runs read-only, so that nothing can have been applied.
 * `repeat` = repeating would do no harm: nothing was applied before, or the task is repeatable. */
struct judgement classify_attempt(
        enum attempt_end end, enum attempt_stage stage, const char *sqlstate, bool protected, bool repeat);

/* What to do after a connect that failed. */
enum connect_answer {
	CONNECT_GIVE_UP, /* at once: a second try would only lock the account */
	CONNECT_LATER /* back off and try again, as long as the caller's patience lasts */
};
/* `first` = nothing of this run ever connected here: then only a server that says "not yet" is waited for. */
enum connect_answer classify_connect(const char *sqlstate, bool first);

#endif
