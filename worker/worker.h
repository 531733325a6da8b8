/*
 * worker: one child process that hosts lanes, and the two other kinds of child that own a session (the observer, and
 * the worker of @setup and @teardown, which is an ordinary worker with one session and `special` set).
 *
 * These are the only entry points of this folder for the parent. The spawner (orchestrator/spawn) has already done the
 * first acts of a child (parent-death signal, close_range, signals, process group) before it calls one of them.
 */
#ifndef WORKER_WORKER_H
#define WORKER_WORKER_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/chan.h"
#include "shared/plan.h"
#include "shared/shm.h"

/* How to connect; strings live in the parent's memory and are inherited. NULL = not given (libpq decides). */
struct target {
	const char *host; /* -h */
	const char *port; /* -p */
	const char *user; /* -U */
	const char *dbname; /* -d: a name, a conninfo string or a URI */
	const char *password; /* PGPASSWORD, taken out of the environment at start */
	const char *passfile; /* PGPASSFILE as it was at start, for the programs that scripts start */
	const char *resolved_host; /* filled from the observer's facts: host, hostaddr and port really used */
	const char *resolved_hostaddr;
	const char *resolved_port;
	int64_t connect_timeout_ns; /* per attempt to connect; 10 s when nothing else was given */
	bool direct; /* no pooler in between (from the facts) */
	int32_t server_version; /* e.g. 150018, 0 before the facts */
	char application_name[64]; /* "pgparallel" before the run has a number, then "pgparallel/NONCE" */
};

/* What every session of a run is to do. Immutable after fork. */
struct assignment {
	const struct plan *plan;
	const uint32_t *todo; /* position -> ticket number; shm->npositions of them */
	struct shm *shm;
	struct target target;
	uint32_t worker; /* 0-based number of this worker */
	uint32_t generation; /* 1, and one more with each replacement */
	uint32_t first_session; /* global number of its first session */
	uint32_t nsessions;
	uint32_t nlanes; /* 1 .. nsessions; the first nsessions mod nlanes lanes carry one more */
	uint32_t first_lane; /* global number of its first lane */
	const uint16_t *cpus; /* --pin=split: lane L (globally) runs on cpus[L % ncpus] */
	uint32_t ncpus; /* 0: lanes run where they like */
	uint64_t seed;
	int64_t timeout_ns; /* --timeout, 0 = none; a task's own timeout wins */
	int64_t reconnect_for_ns; /* --reconnect-for */
	bool readonly; /* --read-only */
	bool verify; /* --verify-results: a digest of what each attempt returned */
	bool replacement; /* GO was given already: begin at once */
	bool early; /* forked during PREFLIGHT: wait until shared memory tells what to connect to */
	const struct task *special; /* NULL, or @setup / @teardown: run this once instead of tickets, then DONE */
	struct chan chan; /* read end: from the parent, write end: to the parent */
};

/* A password file that is never there: libpq ignores one that others can read, and each of its processes would say so.
 */
#define PASSFILE_NONE "/dev/null/none"

/* The three bodies of a child. They never return to the parent's code: the caller _exits with the answer. */
int worker_main(struct assignment *assignment);

struct observation {
	struct shm *shm; /* for the backend pids of the slots; NULL in `check` */
	struct target target;
	int64_t interval_ns; /* between samples; 100 ms by default */
	int64_t reconnect_for_ns; /* how long to wait for a server that is starting up (57P03); 0 = 60 s */
	struct chan chan;
};
int observer_main(struct observation *observation);

/* Initialises OpenSSL before the first fork (no connection is made), unless nothing will need it: a forked child then
 * shares those pages. */
void worker_warm_up(const struct target *target);

/* "libpq 15.18, OpenSSL 3.0.19": versions of what this folder links. */
void worker_versions(char *out, unsigned long size);

#endif
