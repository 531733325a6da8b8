/*
 * observe: the observer's state, shared by worker/observe*.c alone.
 *
 * A step machine: observe_step never waits and never reads a clock; worker/observe_loop does. One connection in
 * pipeline mode; every question is a statement and a sync of its own, answers come in the order of the questions.
 */
#ifndef WORKER_OBSERVE_H
#define WORKER_OBSERVE_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/clock.h"
#include "shared/msg.h"
#include "worker/pg.h"
#include "worker/worker.h"

enum observe_state {
	OBSERVE_STARTED, /* pg_start was called: the name was looked up */
	OBSERVE_CONNECTING,
	OBSERVE_FACTS, /* the first connection: reading the facts */
	OBSERVE_AGAIN, /* a later connection: is it the same server? */
	OBSERVE_WATCHING,
	OBSERVE_WAITING, /* no connection; the next try at retry_ns (CLOCK_NEVER = no more tries) */
	OBSERVE_OVER /* exit_code is set */
};

enum question {
	ASK_IDENTITY,
	ASK_DETAILS,
	ASK_SETTINGS,
	ASK_CPUS,
	ASK_PREPARE,
	ASK_MARKER,
	ASK_AGAIN,
	ASK_SAMPLE,
	ASK_CANCEL,
	ASK_END,
	ASK_REHEARSAL, /* of the sweep; its answer tells nothing */
	ASK_COUNTERS,
	ASK_SWEEP
};
#define ASKED_MOST 64

#define MARKER_ROUND_TRIPS 8 /* the first one is not counted */
#define MARKER_BATCH 12
#define MARKER_BATCHES 3

struct ending { /* one TERMINATE being carried out */
	int32_t pid;
	int64_t start_us;
	uint32_t token;
	int64_t deadline_ns;
};

struct known { /* a backend of ours */
	int32_t pid;
	int64_t start_us; /* 0 = not known */
};

struct backends { /* a growing list of them */
	struct known *items;
	size_t count, room;
};

struct sweeping {
	bool wanted;
	bool asked; /* a look is in flight */
	bool answered; /* at least one look got its answer */
	bool clean; /* nothing of ours was left at the last look */
	enum { COUNT_DUE, COUNT_ASKED, COUNT_DONE } count; /* of the server's counters, when all is clean */
	int64_t begin_ns, deadline_ns, next_ns, step_ns;
	struct backends found; /* those that were running something */
	struct backends cancelled;
	uint32_t left;
};

struct observer {
	struct observation *job;
	enum observe_state state;
	int exit_code;
	struct pg *pg; /* NULL = not connected */
	bool want_write; /* of the socket, besides reading */

	/* connecting */
	int64_t connect_deadline_ns;
	int64_t retry_ns, retry_step_ns;
	int64_t give_up_ns; /* when waiting for a server that starts up ends, 0 = not waiting yet */
	bool starting_up; /* it said so, and is waited for */
	bool had_facts; /* FACTS was sent: failures are no longer fatal */

	/* questions in flight */
	enum question asked[ASKED_MOST];
	unsigned asked_first, asked_count;
	int64_t asked_ns; /* of the oldest */

	/* facts */
	struct server_facts facts;
	int32_t own_pid;
	int64_t marker_sent_ns;
	int64_t round_trips[MARKER_ROUND_TRIPS];
	int nround_trips;
	int64_t batches[MARKER_BATCHES];
	int nbatches;
	bool in_batch; /* batches of markers are under way */
	int batch_left;
	bool restarted;
	enum { REST_DUE, REST_ASKED, REST_DONE } rest; /* of the facts */

	/* sampling */
	int64_t next_sample_ns;
	bool sampling; /* a sample is in flight */
	uint32_t samples, dropped;
	uint32_t autovacuum_samples, autovacuum_most; /* that showed autovacuum at work; the most workers at once */
	struct sample *open; /* stretches still going on, by ascending pid */
	size_t nopen, open_room;
	struct sample *closed; /* to be sent */
	size_t nclosed, closed_room;
	int64_t last_sample_us; /* server time of the last sample */
	struct backends seen; /* every backend that was in a slot */
	struct known *slots; /* what each slot held when it was last read */

	/* requests */
	struct backends cancels;
	struct ending *endings;
	size_t nendings, endings_room;
	struct backends ending_asked; /* those the question in flight is about */
	int64_t next_ending_ns;
	struct sweeping sweep;

	/* what the loop waits for besides the control pipe */
	int wait_fd; /* -1 = none */
	short wait_events;
	int64_t wait_deadline_ns;
};

/* observe.c */
void observe_begin(struct observer *o, struct observation *job, int64_t now);
void observe_message(struct observer *o, const unsigned char *body, size_t len, int64_t now);
/* ready: what the socket it waited for is ready for (POLLIN, POLLOUT ...), 0 = nothing. */
void observe_step(struct observer *o, short ready, int64_t now);
void observe_end(struct observer *o); /* frees what it owns */
void observe_send(struct observer *o, struct buf *body); /* one frame up; empties body */
void observe_note(struct observer *o, enum log_level level, int32_t pid, const char *format, ...)
        __attribute__((format(printf, 4, 5)));
bool observe_ask(struct observer *o, enum question question, const char *sql, int nparams, const char *const *values);
void observe_lost(struct observer *o, int64_t now, const char *why); /* drops the connection, plans the next */
void observe_over(struct observer *o, int exit_code);

/* observe_connect.c */
void observe_connect(struct observer *o, int64_t now);
void observe_connecting(struct observer *o, short ready, int64_t now);
void observe_fatal(struct observer *o, int code, const char *sqlstate, const char *text);
/* FATAL with place, user, database and advice added. */
void observe_refuse(struct observer *o, const char *sqlstate, const char *text);

/* observe_facts.c */
void observe_facts_begin(struct observer *o, int64_t now);
void observe_facts_due(struct observer *o, int64_t now); /* asks for the rest of them when it is time */
void observe_facts_answer(
        struct observer *o, enum question question, const struct pg_result *result, int64_t now); /* rows or an error */

/* observe_sample.c */
/* Reads the slots: the backends there now, as "{1,2}" ("" = none), and adds them to those seen. */
void observe_sample_slots(struct observer *o, struct buf *pids);
void observe_sample_due(struct observer *o, int64_t now);
void observe_sample_answer(struct observer *o, const struct pg_result *result);
void observe_sample_close(struct observer *o); /* ends every stretch and sends them */
void observe_sample_send(struct observer *o);

/* observe_counters.c */
/* False: the connection is lost (nothing was done about it). */
bool observe_counters_ask(struct observer *o);
void observe_counters_answer(struct observer *o, const struct pg_result *result);

/* observe_act.c */
void observe_act_message(struct observer *o, enum msg_type type, const struct msg_backend *m, int64_t now);
void observe_act_due(struct observer *o, int64_t now);
int64_t observe_act_deadline(const struct observer *o);
void observe_act_answer(struct observer *o, enum question question, const struct pg_result *result, int64_t now);

/* observe_sweep.c */
/* The sweep's question once while tasks run, looking only: a fresh backend then has it ready when it is waited for. */
bool observe_sweep_rehearse(struct observer *o);
void observe_sweep_begin(struct observer *o, int64_t now);
void observe_sweep_due(struct observer *o, int64_t now);
int64_t observe_sweep_deadline(const struct observer *o);
void observe_sweep_answer(struct observer *o, const struct pg_result *result, int64_t now);

/* Lists of backends (observe_act.c). */
bool backends_have(const struct backends *list, int32_t pid, int64_t start_us);
void backends_add(struct backends *list, int32_t pid, int64_t start_us); /* once */
/* "{1,2}" of the pids and of the starts, as parameters of a statement. */
void backends_arrays(const struct backends *list, struct buf *pids, struct buf *starts);

/* SQL: microseconds since 1970 of a timestamp. */
#define SQL_US(expression) "(extract(epoch from " expression ") * 1000000)::bigint"

#endif
