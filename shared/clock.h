/*
 * clock: the units of time and the two clocks.
 *
 * Only a process's blocking file (orchestrator/loop, worker/lane) and the parent's edge read a clock; every other
 * function is handed `now`. Inside the program time is nanoseconds of CLOCK_MONOTONIC (one clock for all processes
 * of a machine); at rest it is microseconds after the start of SPAWN, converted by clock_us(), which rounds down so
 * that order is kept. Server time is microseconds since the Unix epoch.
 */
#ifndef SHARED_CLOCK_H
#define SHARED_CLOCK_H

#include <stdint.h>

#define NS_PER_US INT64_C(1000)
#define NS_PER_MS INT64_C(1000000)
#define NS_PER_S INT64_C(1000000000)
#define US_PER_S INT64_C(1000000)

/* No deadline: later than any time. */
#define CLOCK_NEVER INT64_MAX

int64_t clock_now_ns(void); /* CLOCK_MONOTONIC */
int64_t clock_wall_us(void); /* CLOCK_REALTIME, since 1970 */

/* Microseconds from origin_ns to at_ns, rounded towards minus infinity. */
int64_t clock_us(int64_t at_ns, int64_t origin_ns);

/* Writes "2026-11-23T06:40:12.123456Z" (27 characters and NUL) for wall-clock microseconds. */
void clock_iso(int64_t wall_us, char out[32]);

/* Parses "10s", "250ms", "3us", "2min", "1h", "7d" or a bare number of seconds into nanoseconds; false if it is none.
 */
_Bool clock_parse(const char *text, int64_t *ns);

#endif
