/*
 * watchdog: ends the program when its own shutdown hangs, and says what was waited for. It works by SIGALRM in steps of
 * a second, so that it fires even while a system call (an fsync, say) does not come back.
 */
#ifndef ORCHESTRATOR_WATCHDOG_H
#define ORCHESTRATOR_WATCHDOG_H

#include <stdint.h>

/* Arms it: after `left_ns` the program ends with EXIT_STORE. Arming again sets a new time. */
void watchdog_arm(int64_t left_ns);
void watchdog_disarm(void);

/* What is waited for now; the text must be constant. */
void watchdog_waits_for(const char *text);

#endif
