/*
 * session_ask: what was sent and not answered yet: a ring of asks in the order of sending, which is the order of the
 * answers. Used by the files of the session machine only.
 */
#include "worker/session_private.h"

#include <assert.h>

uint32_t asks_due(const struct session *s)
{
	return s->ask_tail - s->ask_head;
}

struct ask *ask_head(struct session *s)
{
	assert(asks_due(s) > 0);
	return &s->asks[s->ask_head & s->ask_mask];
}

/* Rows of a task's statement come one by one, so that a large result never piles up. libpq wants to be told when that
 * statement's turn comes, which is now. */
static void ask_prime(struct session *s)
{
	if (asks_due(s) > 0 && ask_head(s)->kind == ASK_STATEMENT)
		pg_rows_one_by_one(s->pg);
}

void ask_pop(struct session *s)
{
	assert(asks_due(s) > 0);
	s->ask_head++;
	ask_prime(s);
}

void ask_clear(struct session *s)
{
	s->ask_head = s->ask_tail;
}

static void ask_push(struct session *s, enum ask_kind kind, uint32_t index)
{
	assert(asks_due(s) <= s->ask_mask);
	s->asks[s->ask_tail & s->ask_mask] = (struct ask){.kind = kind, .index = index};
	s->ask_tail++;
	if (asks_due(s) == 1)
		ask_prime(s);
}

bool ask_send(struct session *s, enum ask_kind kind, uint32_t index, const char *sql, int nparams,
        const char *const *values, bool binary)
{
	if (!pg_send(s->pg, sql, nparams, values, binary))
		return false;
	ask_push(s, kind, index);
	return true;
}

bool ask_prepare(struct session *s)
{
	if (!pg_prepare(s->pg, MARKER_NAME, MARKER_SQL))
		return false;
	ask_push(s, ASK_PREPARE, 0);
	return true;
}

bool ask_sync(struct session *s, enum ask_kind kind)
{
	if (!pg_sync(s->pg))
		return false;
	ask_push(s, kind, 0);
	return true;
}

bool ask_marker(struct session *s, enum ask_kind kind, int64_t now)
{
	struct marker *marker = kind == ASK_BEFORE ? &s->attempt.before : &s->attempt.after;
	/* Unnamed through a pooler, and after a task was seen to deallocate ours. */
	bool named = s->a->target.direct && !(s->needs & NEED_MARKER);

	*marker = (struct marker){.sent_ns = now};
	if (named ? !pg_execute(s->pg, MARKER_NAME, true) : !pg_send(s->pg, MARKER_SQL, 0, NULL, true))
		return false;
	ask_push(s, kind, 0);
	return ask_sync(s, ASK_SYNC);
}

bool ask_flush(struct session *s)
{
	int left = pg_flush(s->pg);

	s->unflushed = left == 1;
	s->wait.look = true;
	return left >= 0;
}
