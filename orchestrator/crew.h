/*
 * crew: all children of a run: the workers, the observer, and the worker of @setup and @teardown. It starts them, reads
 * and checks what they say, notices when one ends or falls silent, judges what it had in its hands, and replaces it.
 *
 * What a child says is gossip until it was checked: nonsense ends that child and touches nothing else. What the news
 * means for the run is decided behind the hooks. Only orchestrator/run* (and tests) call it.
 */
#ifndef ORCHESTRATOR_CREW_H
#define ORCHESTRATOR_CREW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "orchestrator/loop.h"
#include "orchestrator/tickets.h"
#include "shared/chan.h"
#include "shared/msg.h"
#include "worker/worker.h"

#define CREW_SILENT_NS (10 * INT64_C(1000000000)) /* a silent heartbeat ends a worker */
#define CREW_DEADLINE_GRACE_NS (5 * INT64_C(1000000000)) /* a lane's own deadline, passed by so much, too */
#define CREW_FORK_FAILURES 3 /* after so many nobody waits for that worker any more; it is still tried */
#define CREW_YOUNG_DEATHS 3 /* deaths without a finished task that stop a place */

enum member_kind { MEMBER_WORKER, MEMBER_OBSERVER, MEMBER_SPECIAL };

enum member_state {
	MEMBER_ABSENT, /* not started, or ended and not to come back */
	MEMBER_LIVING,
	MEMBER_WAITING, /* ended; a replacement starts at respawn_ns */
	MEMBER_STOPPED /* died too often without a finished task, or may not connect */
};

struct member {
	enum member_kind kind;
	enum member_state state;
	uint32_t index; /* in crew->members */
	uint32_t worker; /* number of the worker, 0-based */
	uint32_t generation;
	uint32_t first_session, nsessions, first_lane, nlanes;

	pid_t pid;
	int pidfd;
	struct chan chan;
	bool write_watched;
	bool read_watched;
	int64_t forked_ns, born_ns;

	bool hello;
	bool idle; /* said DONE, and nothing was sent to it since */
	bool early; /* forked during PREFLIGHT and not yet told to go on: it says nothing and has no heartbeat */
	bool leaving; /* was told to go: its end is expected */
	bool parted; /* sent its USAGE: its sessions have ended */
	bool violated; /* said nonsense: nothing it says counts any more */
	bool fatal; /* said FATAL */
	bool gave_up; /* ... because its sessions had tried to connect for as long as they may */
	bool hopeless; /* a replacement would meet the same refusal */
	char sqlstate[6]; /* of FATAL */
	uint32_t finished; /* attempts reported in this generation */
	uint64_t ended_before; /* a load run: transactions of its sessions that had ended when it was started */
	uint32_t retries_out; /* RETRY sent and not answered */
	uint32_t young_deaths;
	uint32_t fork_failures; /* in a row */
	int64_t respawn_ns;
	char cause[900]; /* why it ended or was ended, as far as known */
};

enum session_state { SESSION_PENDING, SESSION_READY, SESSION_GAVE_UP };

/* A worker that said something impossible may have run tickets it never told of: one that nobody has is then in doubt
 * and not simply handed out again. */
struct doubt {
	bool any;
	uint32_t worker, generation, session; /* the last such worker */
	int64_t forked_ns;
};

struct crew_bodies {
	int (*worker)(struct assignment *assignment);
	int (*observer)(struct observation *observation);
};

/* What the crew tells the run. `end` is "exit 0" or "signal 9". */
struct crew_hooks {
	void *context;
	bool (*attempt)(void *context, struct member *m, struct attempt *a, int64_t now); /* false: nonsense */
	void (*session)(void *context, struct member *m, const struct session_report *r, int64_t now);
	void (*want_cancel)(void *context, struct member *m, const struct msg_want_cancel *w, int64_t now);
	void (*facts)(void *context, const struct server_facts *facts, int64_t now);
	void (*samples)(void *context, const struct sample *samples, size_t count, int64_t now);
	void (*counters)(void *context, const struct msg_counters *counters, int64_t now); /* NULL = not wanted */
	void (*gone)(void *context, const struct msg_gone *gone, int64_t now);
	void (*swept)(void *context, const struct msg_swept *swept, int64_t now);
	void (*usage)(void *context, struct member *m, const struct msg_usage *usage);
	void (*ended)(void *context, struct member *m, const char *end, bool expected, int64_t now);
	bool (*work_left)(void *context, const struct member *m); /* something a replacement of it could do */
	void (*event)(void *context, int64_t now, enum log_level level, const char *kind, const char *text);
};

struct crew {
	struct loop *loop; /* borrowed */
	struct tickets *tickets; /* borrowed */
	struct crew_bodies bodies;
	struct crew_hooks hooks;
	struct assignment assignment; /* what all workers share; number, sessions and pipes are filled per worker */
	struct observation observation;
	struct member *members; /* nworkers workers, the observer, the special worker */
	uint32_t nworkers, nsessions;
	uint8_t *session_state; /* enum session_state, per session */
	pid_t group; /* process group of the children, 0 = none yet */
	bool early; /* workers started now are told later what to connect to (crew_tell) */
	bool replace; /* dead workers are replaced */
	bool go_given;
	int64_t resumed_ns; /* the parent ran again after a pause: silence before it does not count */
	int64_t watched_ns; /* last look at the heartbeats */
	uint32_t next_retry_worker;
	struct doubt doubt;
	int64_t exhausted_ns; /* by then the shared counter had passed the last ticket; 0 = not yet */
	uint64_t frames; /* taken so far */
	size_t taken_most; /* bytes from the fullest pipe at the last wake-up */
	bool ever_connected;
	uint32_t replaced; /* workers started again */
	struct err fork_error; /* the last one, "" = none */
};

/* Lays sessions on workers: `lanes` lanes (threads of control) over the workers of the engine. */
void crew_init(struct crew *crew, struct loop *loop, uint32_t nsessions, uint32_t nworkers, uint32_t nlanes);
void crew_clear(struct crew *crew); /* kills and reaps whatever is left */

struct member *crew_observer(struct crew *crew);
struct member *crew_special(struct crew *crew);

bool crew_start(struct crew *crew, struct member *m, int64_t now, struct err *err);
/* PREFLIGHT has passed: the early workers go on with what stands in shared memory. This is when they count as started.
 */
void crew_tell(struct crew *crew);
/* After a failed crew_start: an event, and the next try by crew_step. */
void crew_start_later(struct crew *crew, struct member *m, int64_t now, const struct err *why);
bool crew_start_special(struct crew *crew, const struct task *task, int64_t now, struct err *err);

/* Takes the events of one wait. */
void crew_events(struct crew *crew, const struct loop_event *events, size_t n, int64_t now);
/* Replacements that are due, heartbeats; returns when to be called again. */
int64_t crew_step(struct crew *crew, int64_t now);
/* Reads every living worker's pipe as far as it goes; true when a frame came. */
bool crew_drain(struct crew *crew, int64_t now);

void crew_send(struct crew *crew, struct member *m, const struct buf *body);
void crew_send_plain(struct crew *crew, struct member *m, enum msg_type type);
void crew_stop(struct crew *crew, struct member *m, enum stop_mode mode);
void crew_kill(struct crew *crew, struct member *m, const char *cause);

/* Workers with a held session below the limit are told to look again. */
void crew_release(struct crew *crew);
/* Sends due retries to workers with a ready session; how many were sent. */
uint32_t crew_retries(struct crew *crew, int64_t now);

uint32_t crew_living(const struct crew *crew); /* workers */
bool crew_parted(const struct crew *crew); /* every living worker has ended its sessions */
uint32_t crew_coming(const struct crew *crew); /* living or to be replaced */
uint32_t crew_usable(const struct crew *crew); /* living workers with a ready session */
uint32_t crew_count(const struct crew *crew, enum session_state state);
/* Lets idle workers go that no open ticket can need any more: not one session fewer than that stays. */
void crew_let_go(struct crew *crew, uint32_t open_tickets);
bool crew_all_idle(const struct crew *crew); /* every living worker said DONE */
bool crew_parked(const struct crew *crew); /* no living session works on a ticket below the limit */

/* crew_message.c: one frame of a member. False: nonsense, err says what. */
bool crew_message(
        struct crew *crew, struct member *m, const unsigned char *body, size_t len, int64_t now, struct err *err);
/* crew_judge.c: what a worker that ended had in its hands. why: "worker died, signal 11". */
void crew_judge(struct crew *crew, struct member *m, const char *why, int64_t now);
void crew_doubt_member(struct crew *crew, const struct member *m);
/* A ticket that was taken and that nobody has: due again, or in doubt. */
void crew_found(struct crew *crew, uint32_t position, int64_t now);
/* crew_watch.c: kills workers that are silent or past their deadline. */
void crew_watch(struct crew *crew, int64_t now);

#endif
