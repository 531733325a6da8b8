/*
 * spawn: the only fork of the program.
 *
 * The child gets its two pipe ends and nothing else: every other descriptor above 2 is closed before its body runs, its
 * signals are at their defaults, it is in the process group of the children, and it dies with its parent. It ends with
 * _exit. The parent must have one thread.
 */
#ifndef ORCHESTRATOR_SPAWN_H
#define ORCHESTRATOR_SPAWN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "shared/err.h"

/* What a child runs; the answer is its exit status. read_fd: from the parent, write_fd: to the parent (blocking). */
typedef int spawn_body(void *argument, int read_fd, int write_fd);

/* The parent's side; the caller closes the three descriptors and reaps the pid. The pipe ends do not block. */
struct spawned {
	pid_t pid;
	int pidfd;
	int read_fd, write_fd;
	int64_t forked_ns; /* before the fork */
};

/* group: process group to join, 0 = a new one led by the child. False: no child; err says which limit was hit. */
bool spawn(spawn_body *body, void *argument, pid_t group, struct spawned *out, struct err *err);

/* Reaps a child that ended; false when it has not yet. text: "exit 0", "signal 9 (Killed)". */
bool spawn_reap(pid_t pid, int *status, char text[48]);

/* A child that is about to end is waited for later: by spawn_collect, before the next run and before the program ends,
 * so that its CPU time is counted and no zombie is left. One that does not end within a second is killed. */
void spawn_leave(pid_t pid);
void spawn_collect(void);

/* As process 1 of a container every orphan is ours: takes away those that are no child of this program (reaped by
 * their pid only when `known` says no). Does nothing elsewhere. */
void spawn_reap_orphans(bool (*known)(void *context, pid_t pid), void *context);

/* Test builds: sleeps where PGPARALLEL_PLANT=POINT:DURATION says so. Otherwise nothing. */
void spawn_plant(const char *point);

#endif
