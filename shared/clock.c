/*
 * clock: reading the two clocks and converting between units of time. Only blocking files and edges read a clock.
 */
#include "shared/clock.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

int64_t clock_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

int64_t clock_wall_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * US_PER_S + t.tv_nsec / NS_PER_US;
}

static int64_t divide_down(int64_t a, int64_t b)
{
	return a / b - (a % b < 0 ? 1 : 0);
}

int64_t clock_us(int64_t at_ns, int64_t origin_ns)
{
	return divide_down(at_ns - origin_ns, NS_PER_US);
}

void clock_iso(int64_t wall_us, char out[32])
{
	time_t seconds = (time_t)divide_down(wall_us, US_PER_S);
	int us = (int)(wall_us - (int64_t)seconds * US_PER_S);
	struct tm t;

	/* Years beyond 9999 would not fit the 27 characters promised; nothing of ours lies there. */
	if (gmtime_r(&seconds, &t) == NULL || t.tm_year + 1900 > 9999 || t.tm_year + 1900 < 0) {
		memcpy(out, "0000-00-00T00:00:00.000000Z", 28);
		return;
	}
	snprintf(out, 32, "%04u-%02u-%02uT%02u:%02u:%02u.%06uZ", (unsigned)(t.tm_year + 1900) % 10000u,
	        (unsigned)(t.tm_mon + 1) % 100u, (unsigned)t.tm_mday % 100u, (unsigned)t.tm_hour % 100u,
	        (unsigned)t.tm_min % 100u, (unsigned)t.tm_sec % 100u, (unsigned)us % 1000000u);
}

/* Digits with at most one point, without the locale that strtod would ask. */
static bool parse_number(const char **text, double *number)
{
	const char *p = *text;
	double value = 0, scale = 1;
	bool any = false;

	for (; *p >= '0' && *p <= '9'; p++, any = true)
		value = value * 10 + (*p - '0');
	if (*p == '.')
		for (p++; *p >= '0' && *p <= '9'; p++, any = true)
			value += (*p - '0') * (scale /= 10);
	*text = p;
	*number = value;
	return any;
}

_Bool clock_parse(const char *text, int64_t *ns)
{
	static const struct {
		const char *name;
		int64_t ns;
	} units[] = {{"", NS_PER_S}, {"s", NS_PER_S}, {"ms", NS_PER_MS}, {"us", NS_PER_US}, {"ns", 1},
	        {"min", 60 * NS_PER_S}, {"h", 3600 * NS_PER_S}, {"d", 86400 * NS_PER_S}, {"w", 7 * 86400 * NS_PER_S},
	        {"y", 365 * 86400 * NS_PER_S}};
	double number;

	if (!parse_number(&text, &number))
		return false;
	for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
		if (strcmp(text, units[i].name) != 0)
			continue;
		double product = number * (double)units[i].ns + 0.5;

		if (product >= 9.2e18)
			return false;
		*ns = (int64_t)product;
		return true;
	}
	return false;
}
