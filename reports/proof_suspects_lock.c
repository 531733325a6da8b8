/*
 * proof_suspects_lock: tasks that block one another: the lock most of them waited for, the chain of tasks that had it
 * one after another, and the statement that waited. Called by proof_suspects.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/proof_suspects.h"
#include "reports/stats.h"
#include "shared/buf.h"

#define LOCKS_MOST 16
#define CHAIN_SHOWN 5

struct waited {
	char lock[96];
	char query[200]; /* of the stretch with most samples */
	uint64_t samples, query_samples;
};

/* What several waits for the same thing have in common: the table of a row, not its place; a transaction has a new
 * number each time. */
static void lock_name(const struct sample *s, char out[96])
{
	const char *of = strstr(s->lock, ") of ");

	if (strncmp(s->lock, "row (", 5) == 0 && of)
		snprintf(out, 96, "rows of %.80s", of + 5);
	else if (strncmp(s->lock, "transaction ", 12) == 0)
		snprintf(out, 96, "rows that another transaction has changed");
	else if (s->lock[0])
		snprintf(out, 96, "%.95s", s->lock);
	else
		snprintf(out, 96, "%.90s lock", s->wait_event);
}

static size_t count_locks(const struct run_view *run, const struct evidence *e, struct waited locks[LOCKS_MOST])
{
	size_t n = 0;

	for (size_t i = 0; i < run->nsamples; i++) {
		const struct sample *s = &run->samples[i];
		char name[96];
		size_t k = 0;

		if (!evidence_shows_blocked(e, s))
			continue;
		lock_name(s, name);
		while (k < n && strcmp(locks[k].lock, name) != 0)
			k++;
		if (k == LOCKS_MOST)
			continue;
		if (k == n) {
			memset(&locks[n], 0, sizeof locks[n]);
			memcpy(locks[n++].lock, name, sizeof name);
		}
		locks[k].samples += s->count;
		if (s->query[0] && s->count > locks[k].query_samples) {
			locks[k].query_samples = s->count;
			memcpy(locks[k].query, s->query, sizeof locks[k].query);
		}
	}
	return n;
}

/* The intervals that waited for the lock or were waited for, each once, by their ends. */
struct chain {
	const struct interval **items;
	size_t n, room;
};

static void chain_add(struct chain *c, const struct interval *in)
{
	for (size_t i = c->n; in && i > 0 && i + 64 > c->n; i--) /* the same ones come close together */
		if (c->items[i - 1] == in)
			return;
	if (!in)
		return;
	if (c->n == c->room) {
		c->room = c->room * 2 + 16;
		c->items = mem_resize(c->items, c->room, sizeof *c->items);
	}
	c->items[c->n++] = in;
}

static int by_end(const void *a, const void *b)
{
	const struct interval *x = *(const struct interval *const *)a, *y = *(const struct interval *const *)b;

	if (x->to_us != y->to_us)
		return x->to_us < y->to_us ? -1 : 1;
	return (x > y) - (x < y);
}

static struct chain chain_of(const struct run_view *run, const struct evidence *e, const char *lock)
{
	struct chain c = {0};
	size_t kept = 0;

	for (size_t i = 0; i < run->nsamples; i++) {
		const struct sample *s = &run->samples[i];
		int64_t at = clock_map(&e->clock, s->last_us);
		char name[96];

		if (!evidence_shows_blocked(e, s))
			continue;
		lock_name(s, name);
		if (strcmp(name, lock) != 0)
			continue;
		chain_add(&c, evidence_interval(e, s->backend_pid, at));
		for (uint32_t k = 0; k < s->nblockers && k < 8; k++)
			chain_add(&c, evidence_interval(e, s->blockers[k], at));
	}
	if (c.n > 0)
		qsort(c.items, c.n, sizeof *c.items, by_end);
	for (size_t i = 0; i < c.n; i++)
		if (i == 0 || c.items[i] != c.items[i - 1])
			c.items[kept++] = c.items[i];
	c.n = kept;
	return c;
}

static void put_chain(const struct run_view *run, const struct chain *c, struct buf *out)
{
	for (size_t i = 0; i < c->n && i < CHAIN_SHOWN; i++) {
		uint32_t task = c->items[i]->attempt->task;

		buf_printf(out, "%s%.32s", i ? " -> " : "", task < run->ntasks ? run->tasks[task].name : "?");
	}
	if (c->n > CHAIN_SHOWN)
		buf_printf(out, " and %zu more", c->n - CHAIN_SHOWN);
}

/* On one line, as a server's log would have it. */
static void one_line(char *text)
{
	char *to = text;

	for (char *from = text; *from; from++) {
		bool blank = *from == ' ' || *from == '\n' || *from == '\t' || *from == '\r';

		if (!blank || (to > text && to[-1] != ' '))
			*to++ = blank ? ' ' : *from;
	}
	*to = '\0';
}

void suspect_locks(const struct run_view *run, const struct evidence *e, struct proof *proof)
{
	struct waited locks[LOCKS_MOST];
	size_t n = e->any_blocked_us > 0 ? count_locks(run, e, locks) : 0, most = 0;
	struct buf chain = {0};
	char a[32], b[32];

	if (n == 0)
		return;
	for (size_t i = 1; i < n; i++)
		if (locks[i].samples > locks[most].samples)
			most = i;
	struct chain c = chain_of(run, e, locks[most].lock);
	put_chain(run, &c, &chain);
	one_line(locks[most].query);
	suspect_add(proof, "tasks block one another", e->any_blocked_us,
	        "for %s of the %s after GO sessions waited for a lock that another session of this run held: %s (%s), "
	        "which %zu tasks had one after another: %s%s%.160s",
	        stats_duration(e->any_blocked_us, a), stats_duration((double)proof->makespan_us, b), locks[most].lock,
	        e->lock_event ? e->lock_event : "lock", c.n, buf_str(&chain),
	        locks[most].query[0] ? "; the statement that waits: " : "", locks[most].query);
	buf_free(&chain);
	free(c.items);
}
