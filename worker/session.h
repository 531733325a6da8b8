/*
 * session: one libpq connection and the one state machine around it, the same for every engine.
 *
 * A lane (or a test) drives it: it waits for what session->wait says, calls session_input (which takes what the socket
 * has), then reads its clock, then calls session_step with that reading. The clock is read after the input so that a
 * receive time is never earlier than what was received. session_step never waits, reads no clock and draws no system
 * randomness; after GO nothing of ours allocates. When session->wait.again is set, the lane flushes the record and
 * steps once more.
 *
 * The lane owns its sessions (session_init, session_clear); a session owns its connection and buffers.
 */
#ifndef WORKER_SESSION_H
#define WORKER_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/attempt.h"
#include "shared/plan.h"
#include "shared/rng.h"
#include "shared/shm.h"
#include "worker/classify.h"
#include "worker/pg.h"
#include "worker/pick.h"
#include "worker/record.h"
#include "worker/worker.h"

enum session_state {
	/* Has no connection and wants one at `retry_at`: at the start, and after one was lost or refused. A ticket that
	 * is held, or whose next try is due here, is kept meanwhile. Leaves for CONNECTING, or for CLOSED when patience
	 * (--reconnect-for) is at its end, the server refused for good, or the run stops. */
	SESSION_AWAY,
	/* libpq is connecting; our own timer runs. Leaves for SETTING_UP, or back to AWAY. */
	SESSION_CONNECTING,
	/* Logged in; sends what a session needs before tasks: settings, marker, who am I, @session. Also entered
	 * between two attempts when a task undid some of it (DISCARD ALL, DEALLOCATE, RESET). Leaves for what is next:
	 * WAITING, HELD, BACKOFF or READY. */
	SESSION_SETTING_UP,
	/* Ready before GO. Leaves for READY at the GO instant. */
	SESSION_WAITING,
	/* Has no ticket; takes one if there is one and sends it at once: RUNNING, HELD, or stays (idle) until the lane
	 * is woken. */
	SESSION_READY,
	/* Has a position of the todo list that is not released yet. Leaves for RUNNING, READY or (stop) READY. */
	SESSION_HELD,
	/* An attempt is under way: something was sent and answers are due. Leaves for FINISHED only. */
	SESSION_RUNNING,
	/* The attempt stands in the record and waits to be flushed; slot and ticket are kept until then, so that a
	 * death in between leaves the ticket in the slot. Left at the next step. */
	SESSION_FINISHED,
	/* The next try of the same ticket is due at `retry_at`. Leaves for RUNNING. */
	SESSION_BACKOFF,
	/* Load runs: between two transactions; the next begins when it is due (ramp, schedule, think time). Leaves for
	 * SCRIPT, for CONNECTING (-C), for AWAY, and for ENDED when the loop is over (-t, -T, a stop). */
	SESSION_LOOP,
	/* Load runs: a transaction is under way: an answer is due, or the end of a \sleep. Leaves for LOOP, for AWAY
	 * when the connection was lost, for SETTING_UP when the script undid some of the session, and for CLOSED when
	 * an error ends the session. */
	SESSION_SCRIPT,
	/* Load runs: its loop is over; connected, but it does nothing any more. Leaves for CLOSED. */
	SESSION_ENDED,
	/* Has ended: gave up, or was told to stop. Never left. */
	SESSION_CLOSED
};

struct session_wait {
	int fd; /* -1 = none */
	short events; /* POLLIN, POLLOUT */
	int64_t deadline; /* step at that time at the latest; CLOCK_NEVER = none */
	bool again; /* flush the record, then step at once */
	bool look; /* something was sent: take the input once more before waiting */
	bool fd_changed; /* set by the session when fd may be another socket than before; cleared by the lane */
};

/* What an answer belongs to. */
enum ask_kind {
	ASK_SYNC, /* of anything but the task's own statements */
	ASK_TASK_SYNC, /* after it the task's (or the step's) fate is known */
	ASK_BEFORE, /* start marker */
	ASK_AFTER, /* end marker */
	ASK_SETTING, /* a setting that must work, or the attempt (or the set-up) fails */
	ASK_BEGIN,
	ASK_STATEMENT, /* statement `index` of the task */
	ASK_COMMIT,
	ASK_ROLLBACK,
	ASK_IDENTITY,
	ASK_INTERVAL, /* a setting that may be refused */
	ASK_PREPARE,
	ASK_SCALE, /* the rows of pgbench_branches */
	ASK_SESSION /* statement `index` of @session */
};
struct ask {
	enum ask_kind kind;
	uint32_t index;
};

/* What a session still has to do before it can run tasks. */
enum {
	NEED_IDENTITY = 1 << 0,
	NEED_SETTINGS = 1 << 1,
	NEED_INTERVAL = 1 << 2,
	NEED_MARKER = 1 << 3,
	NEED_SESSION = 1 << 4,
	NEED_SCALE = 1 << 5, /* load runs: :scale */
	NEED_ALL = (1 << 5) - 1 /* of a task list */
};

/* The attempt under way, besides what it will report. */
struct running {
	int64_t cancel_at; /* ask for a cancel then; CLOCK_NEVER = none or done */
	int64_t drop_at; /* drop the session then; CLOCK_NEVER = none */
	bool timed_out, cancelled, too_large; /* why a cancel was asked for */
	bool cancel_asked;
	const struct task *task;
	const struct ticket *ticket; /* NULL for @setup and @teardown */
	enum send_mode send; /* of the task, but for a lone VACUUM with settings before it */
	bool protected; /* runs read-only */
	bool markers;
	bool set_timeout; /* statement_timeout must be set for it */
	bool sent; /* libpq has been handed something of it */
	int64_t timeout_ns; /* 0 = none */
	int next; /* next statement to send, for SEND_STEPS */
	int answered; /* statements answered without an error */
	bool in_block; /* an explicit block was open at the last sync */
	bool committing; /* COMMIT was sent */
	bool closing; /* the last of the task was sent: what is left are answers */
	bool judged; /* attempt.outcome is final */
	bool fatal; /* the server ended the session: judged once the connection is seen gone */
	bool rolled_back; /* ROLLBACK was sent for a block left open */
};

struct looping;
struct tally;

struct session {
	/* given at init */
	const struct assignment *a;
	struct pick *pick;
	struct record *record;
	struct slot *slot;
	uint32_t number; /* global */

	/* what every step looks at, side by side */
	enum session_state state;
	enum session_state next_state; /* after FINISHED, or SETTING_UP */
	struct session_wait wait;
	struct pg *pg; /* the connection; NULL = none */
	struct looping *load; /* of a load run, else NULL */
	bool input_lost;
	bool unflushed;
	bool drop; /* the connection must not carry another attempt */
	uint32_t needs; /* NEED_... */
	uint32_t connects; /* tries, also failed ones */
	struct running run;

	struct rng rng; /* jitter only */
	bool gave_up; /* CLOSED as it could not connect */

	/* the connection */
	enum pg_poll polled; /* what libpq wants while connecting */
	bool polled_now; /* it was asked since the last step */
	bool copying; /* rows of COPY TO are due */
	int64_t deadline; /* of CONNECTING and SETTING_UP */
	int64_t retry_at; /* of AWAY and BACKOFF */
	int64_t away_since; /* when it last had a connection, or began to want its first */
	int64_t trouble_since; /* the first of `failures`; 0 = none yet */
	int64_t ready_since;
	int session_next; /* statement of @session to send */
	bool set_up_failed; /* the server refused something; report.sqlstate and message say what */
	uint32_t failures; /* in a row */
	bool was_ready; /* once, at least */
	bool reported; /* this connection was */
	struct session_report report;

	/* answers due, in order; a ring */
	struct ask *asks;
	uint32_t ask_head, ask_tail, ask_mask;

	/* the ticket in hand */
	bool has_ticket;
	struct picked picked;
	int64_t taken_ns;
	int64_t recorded_ns,
	        served_ns; /* set by the lane: when it had flushed the attempt before (or was laid out), 0 = none */
	struct attempt attempt;
	const char **values; /* of the statement being sent */

	uint32_t cuts; /* --chaos: of the slot's requests these are done */

	/* --verify-results: read before and after hashing, to tell what it cost; NULL = not told */
	int64_t (*digest_clock)(void);

	/* for the sampling of markers */
	uint32_t ran, ran_fast;

	char message[ATTEMPT_MESSAGE_MOST + 1]; /* of the attempt, or of the report */
};

/* number: global number of the session. Nothing is connected before the first step. tally: of the lane, in a load run;
 * its loop is then counted as in hand by `pick`, once, until it is over. */
void session_init(struct session *s, const struct assignment *a, struct pick *pick, struct record *record,
        struct tally *tally, uint32_t number, int64_t now);
void session_clear(struct session *s);

/* Takes what the socket has; to be called before every step. socket_ready: what wait asked for has come. */
void session_input(struct session *s, bool socket_ready);
/* An answer is there without waiting (after session_input). */
bool session_has_answer(const struct session *s);

/* --chaos: the parent may have asked for the connection to be shut down; after the lane was woken. */
void session_heed_cut(struct session *s);

/* ready: session_input was called since the last step. */
void session_step(struct session *s, int64_t now, bool ready);

/* The run is over or stops now: judges what is under way, closes, state CLOSED. The caller flushes the record. */
void session_end(struct session *s, int64_t now);

bool session_closed(const struct session *s);
const char *session_state_name(enum session_state state);

#endif
