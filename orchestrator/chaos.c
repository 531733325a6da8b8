/*
 * chaos: see the header. Called by the check of options and by the run.
 */
#include "orchestrator/chaos.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/clock.h"

#define VICTIMS_MOST 20000

static const char *const names[] = {"kill", "segv", "stop", "cut"};

const char *chaos_name(enum chaos_action action)
{
	return names[action];
}

static bool refuse(const char *blow, const char *right, struct err *err)
{
	return err_set(err, EXIT_USAGE,
	        "--chaos: \"%.60s\" is not right: write %s, as in kill:1@50%%, stop:1@2s:3s or cut:4@25%%", blow,
	        right);
}

/* "2s", "250ms": above zero. A bare number would leave open whether per cent or seconds are meant. */
static bool time_of(const char *text, int64_t *ns)
{
	size_t len = strlen(text);

	return len > 0 && (text[len - 1] < '0' || text[len - 1] > '9') && clock_parse(text, ns) && *ns > 0;
}

static bool when_of(char *text, struct chaos_blow *b)
{
	size_t len = strlen(text);
	char *end;

	if (len == 0 || len >= sizeof b->when)
		return false;
	memcpy(b->when, text, len + 1);
	if (text[len - 1] != '%')
		return time_of(text, &b->at_ns);
	text[len - 1] = '\0';
	if (text[strspn(text, "0123456789.")] != '\0')
		return false;
	b->percent = strtod(text, &end);
	return *end == '\0' && end != text && b->percent > 0 && b->percent < 100;
}

static bool action_of(const char *word, enum chaos_action *action)
{
	for (int i = 0; i < (int)(sizeof names / sizeof *names); i++)
		if (strcmp(names[i], word) == 0) {
			*action = (enum chaos_action)i;
			return true;
		}
	return false;
}

static bool victims_of(const char *text, uint32_t *victims)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	*victims = (uint32_t)n;
	return text[0] >= '0' && text[0] <= '9' && *end == '\0' && n >= 1 && n <= VICTIMS_MOST;
}

static bool blow_of(const char *written, struct chaos_blow *b, struct err *err)
{
	char text[80], *at, *count, *lasts;

	*b = (struct chaos_blow){.victims = 1};
	if (strlen(written) >= sizeof text)
		return refuse(written, "ACTION:N@WHEN", err);
	memcpy(text, written, strlen(written) + 1);
	at = strchr(text, '@');
	if (at == NULL)
		return refuse(written, "ACTION:N@WHEN", err);
	*at++ = '\0';
	count = strchr(text, ':');
	if (count)
		*count++ = '\0';
	if (!action_of(text, &b->action))
		return refuse(written, "kill, segv, stop or cut first", err);
	if (count && !victims_of(count, &b->victims))
		return refuse(written, "how many behind the colon, 1 to 20000", err);
	lasts = strchr(at, ':');
	if (lasts)
		*lasts++ = '\0';
	if (!when_of(at, b))
		return refuse(written, "when behind the @: per cent (above 0, below 100) or a time with its unit", err);
	if (lasts && b->action != CHAOS_STOP)
		return refuse(written, "no time at the end: only stop ends by itself", err);
	if (lasts && !time_of(lasts, &b->for_ns))
		return refuse(written, "how long at the end, a time with its unit", err);
	return true;
}

bool chaos_parse(const char *text, struct chaos_plan *plan, struct err *err)
{
	char blow[128];

	plan->n = 0;
	for (const char *p = text;; p++) {
		size_t len = strcspn(p, ",");

		snprintf(blow, sizeof blow, "%.*s", (int)(len < sizeof blow ? len : sizeof blow - 1), p);
		if (plan->n == CHAOS_MOST)
			return err_set(err, EXIT_USAGE, "--chaos: at most %d faults in one run", CHAOS_MOST);
		if (!blow_of(blow, &plan->blows[plan->n], err))
			return false;
		plan->n++;
		p += len;
		if (*p == '\0')
			return true;
	}
}
