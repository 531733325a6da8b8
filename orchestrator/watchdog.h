/*
 * watchdog: ends the program when its own shutdown hangs, and says what was waited for.
 *
 * Two lines: SIGALRM in steps of a second ends the program with EXIT_STORE; a system call that does not come back (an
 * fsync, say) also keeps signals from being handled, so a child kills it two seconds later. Steps, and not one long
 * time, because a program that was stopped for a minute has not hung.
 */
#ifndef ORCHESTRATOR_WATCHDOG_H
#define ORCHESTRATOR_WATCHDOG_H

#include <stdint.h>

/* Arms it: after `left_ns` the program ends. Arming again sets a new time. */
void watchdog_arm(int64_t left_ns);
void watchdog_disarm(void);

/* What is waited for now; at most 100 bytes are kept. */
void watchdog_waits_for(const char *text);

#endif
