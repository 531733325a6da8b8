/*
 * msg: the messages between the parent and its children: msgpack arrays [type, fields...], one struct each.
 *
 * Encoders use msgpack-c. Decoders are a small cursor of our own that allocates nothing from a claimed count, checks
 * every count against the bytes left, and accepts nothing left over (msgpack-c's unpacker grants a claimed 384 MiB).
 * What a decoder accepts is well-formed only: the receiver checks the numbers before it uses them.
 */
#ifndef SHARED_MSG_H
#define SHARED_MSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/attempt.h"
#include "shared/buf.h"
#include "shared/log.h"

enum msg_type {
	/* down */
	MSG_GO = 1, /* the GO instant stands in shared memory: go */
	MSG_RELEASE, /* something in shared memory was raised (the limit, `told`): look again */
	MSG_RETRY, /* run this ticket (again): ticket, try_no */
	MSG_STOP, /* stop: mode */
	MSG_CANCEL, /* to the observer: cancel what this backend runs */
	MSG_TERMINATE, /* to the observer: end this backend and say when it has left pg_stat_activity */
	MSG_SWEEP, /* to the observer: look for sessions of ours, end them, answer SWEPT, then exit */
	/* up */
	MSG_HELLO = 32, /* a worker began */
	MSG_SESSION, /* a session is connected and ready, or gave up (struct session_report) */
	MSG_RESULTS, /* a batch of attempts */
	MSG_NOTE, /* a line for the log */
	MSG_WANT_CANCEL, /* a session's deadline passed: please have its backend cancelled */
	MSG_DONE, /* every lane of this worker is idle: no ticket held, none to take */
	MSG_BUSY, /* it was idle and took work again */
	MSG_FATAL, /* the child cannot go on: code, text; it exits after it */
	MSG_FACTS, /* from the observer: what it found (struct server_facts) */
	MSG_SAMPLES, /* from the observer: a batch of closed sample stretches */
	MSG_GONE, /* from the observer: the backend of a TERMINATE has left (or never was there) */
	MSG_SWEPT, /* from the observer: sessions found, cancelled, left; sampling totals */
	MSG_USAGE, /* a worker's or observer's own rusage, just before it exits */
	MSG_COUNTERS /* from the observer: the server's counters before GO, and again at the end */
};

enum stop_mode { STOP_NONE = 0, STOP_SOON, STOP_CANCEL, STOP_NOW, STOP_EXIT };
/* SOON: no new tickets, running ones go on. CANCEL: running ones are cancelled. NOW: drop sessions and leave.
 * EXIT: the run is over, close sessions in order and leave. */

struct msg_hello {
	uint32_t worker, generation;
	int32_t pid;
	int64_t born_ns;
};
struct msg_retry {
	uint32_t ticket, try_no;
};
struct msg_stop {
	enum stop_mode mode;
};
struct msg_backend {
	int32_t pid;
	int64_t backend_start_us;
	uint32_t token;
}; /* CANCEL, TERMINATE, GONE; token is echoed */
struct msg_gone {
	uint32_t token;
	bool gone;
};
struct msg_want_cancel {
	uint32_t session, ticket;
	int32_t backend_pid;
	int64_t backend_start_us;
};
struct msg_done {
	uint32_t worker, generation;
};
struct msg_note {
	enum log_level level;
	int32_t pid;
	char *text;
};
struct msg_fatal {
	int32_t code;
	char sqlstate[6];
	char *text;
};
struct msg_usage {
	int64_t user_us, system_us, max_rss_kb, private_kb, voluntary_switches, involuntary_switches;
	int64_t threads, descriptors; /* of the moment; 0 = not told */
	int64_t backends, backends_kb; /* server processes of its sessions that could be read, their private memory */
};

/* A stretch of consecutive samples in which one backend showed the same state. Server clock, microseconds. */
struct sample {
	int32_t backend_pid;
	int64_t first_us, last_us; /* server time of the first and the last sample of the stretch */
	uint32_t count;
	char state[24]; /* pg_stat_activity.state */
	char wait_type[24]; /* wait_event_type, "" = none */
	char wait_event[40];
	int64_t query_start_us;
	int64_t lock_wait_us; /* pg_locks.waitstart (14+) of its ungranted lock, 0 = unknown or not waiting */
	int32_t blockers[8]; /* pg_blocking_pids, at most the first 8 */
	uint32_t nblockers;
	char lock[96]; /* while it waits for a lock: which one ("advisory lock 7", "row (0,1) of accounts"), else "" */
	char query[200]; /* while it waits for a lock: the statement that waits, else "" */
};

/* Numbers that the server counts: of the whole database or server, whoever did the work. */
struct counter {
	char name[40];
	int64_t value;
};
#define COUNTERS_MOST 64
struct msg_counters {
	bool after; /* the run's sessions have ended; false: before GO */
	uint32_t count;
	struct counter items[COUNTERS_MOST];
};

/* Server setting with its value, as stored with the run. */
struct fact {
	char name[64];
	char value[512];
};
#define FACTS_MOST 256

struct server_facts {
	char host[256]; /* the name or socket directory connected to, without secrets */
	char hostaddr[64]; /* numeric address for the workers, "" for a unix socket */
	char port[8];
	char dbname[64];
	char user[64];
	char version[128]; /* select version() shortened to "PostgreSQL 15.18" */
	int32_t version_num; /* 150018 */
	bool direct; /* PQbackendPID equals pg_backend_pid() */
	bool superuser;
	int32_t max_connections, reserved_connections, used_connections; /* reserved: what this user cannot use */
	/* Sent twice: what preflight needs at once, and with settings, round trip and marker once the run is under way
	 * (a backend without caches takes milliseconds for them, which nobody has to wait for). */
	bool complete;
	/* The observer's own phases: start .. name looked up .. logged in .. facts read. */
	int64_t start_ns, resolved_ns, connected_ns, ready_ns;
	int64_t rtt_ns; /* median round trip of a marker */
	int64_t marker_ns; /* cost of one marker, measured in pipelines */
	int64_t postmaster_start_us;
	char tls[64];
	uint32_t nfacts;
	struct fact facts[FACTS_MOST]; /* non-default settings and other facts worth storing */
};

struct msg_swept {
	uint32_t found, cancelled, left; /* sessions of ours after the run; left = still there at the end */
	uint32_t samples, dropped; /* samples taken and not taken in time */
	bool restarted; /* postmaster start changed during the run */
	bool connected; /* false: the observer had no session at the end and could not check */
};

/* A batch being decoded; the attempts' messages are owned by it. */
struct msg_results {
	struct attempt *attempts;
	size_t count;
};
struct msg_samples {
	struct sample *samples;
	size_t count;
};

/* At most so many attempts or samples in one message keep it below CHAN_MOST, whatever they hold. */
#define MSG_BATCH_MOST 100

/* Encoders append one body to b (not framed). Texts are cut at their limit and invalid UTF-8 in them becomes '?'. */
void msg_put_plain(struct buf *b, enum msg_type type); /* GO, RELEASE, SWEEP */
void msg_put_retry(struct buf *b, const struct msg_retry *m);
void msg_put_stop(struct buf *b, const struct msg_stop *m);
void msg_put_backend(struct buf *b, enum msg_type type, const struct msg_backend *m); /* CANCEL, TERMINATE */
void msg_put_hello(struct buf *b, const struct msg_hello *m);
void msg_put_session(struct buf *b, const struct session_report *m);
void msg_put_results(struct buf *b, const struct attempt *attempts, size_t count);
void msg_put_note(struct buf *b, const struct msg_note *m);
void msg_put_want_cancel(struct buf *b, const struct msg_want_cancel *m);
void msg_put_done(struct buf *b, enum msg_type type, const struct msg_done *m); /* DONE, BUSY */
void msg_put_fatal(struct buf *b, const struct msg_fatal *m);
void msg_put_facts(struct buf *b, const struct server_facts *m);
void msg_put_samples(struct buf *b, const struct sample *samples, size_t count);
void msg_put_gone(struct buf *b, const struct msg_gone *m);
void msg_put_swept(struct buf *b, const struct msg_swept *m);
void msg_put_usage(struct buf *b, const struct msg_usage *m);
void msg_put_counters(struct buf *b, const struct msg_counters *m);

/* The type of a body; false when it is no message of ours. */
bool msg_type_of(const void *body, size_t len, enum msg_type *type);

/* Strict decoders: false unless the body is exactly that message. Strings they fill are malloc'd for the caller
 * (text, message); msg_results_free and msg_samples_free end batches. */
bool msg_get_plain(const void *body, size_t len, enum msg_type type);
bool msg_get_retry(const void *body, size_t len, struct msg_retry *m);
bool msg_get_stop(const void *body, size_t len, struct msg_stop *m);
bool msg_get_backend(const void *body, size_t len, enum msg_type type, struct msg_backend *m);
bool msg_get_hello(const void *body, size_t len, struct msg_hello *m);
bool msg_get_session(const void *body, size_t len, struct session_report *m);
bool msg_get_results(const void *body, size_t len, struct msg_results *m);
bool msg_get_note(const void *body, size_t len, struct msg_note *m);
bool msg_get_want_cancel(const void *body, size_t len, struct msg_want_cancel *m);
bool msg_get_done(const void *body, size_t len, enum msg_type type, struct msg_done *m);
bool msg_get_fatal(const void *body, size_t len, struct msg_fatal *m);
bool msg_get_facts(const void *body, size_t len, struct server_facts *m);
bool msg_get_samples(const void *body, size_t len, struct msg_samples *m);
bool msg_get_gone(const void *body, size_t len, struct msg_gone *m);
bool msg_get_swept(const void *body, size_t len, struct msg_swept *m);
bool msg_get_usage(const void *body, size_t len, struct msg_usage *m);
bool msg_get_counters(const void *body, size_t len, struct msg_counters *m);
void msg_results_free(struct msg_results *m);
void msg_samples_free(struct msg_samples *m);

#endif
