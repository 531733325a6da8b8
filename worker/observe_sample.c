/*
 * observe_sample: pg_stat_activity at regular times, as stretches: consecutive samples in which a backend showed the
 * same. A sample that cannot be taken in time is counted as dropped and never read as "not blocked".
 *
 * Blockers are asked for only of those that wait for a lock: pg_blocking_pids holds up the whole lock table. The same
 * for pg_locks: a CTE is not evaluated before it is first read.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "worker/observe.h"

/* Whoever may not read others' rows still sees that a backend works in a database for no user: autovacuum does. */
#define AUTOVACUUM                                                                                                     \
	"(a.usesysid is null and a.datid is not null and coalesce(a.backend_type, 'autovacuum worker') = "             \
	"'autovacuum worker')"

#define FROM_ACTIVITY                                                                                                  \
	" from (select clock_timestamp() as at offset 0) n left join pg_stat_get_activity(null) a on (a.pid = "        \
	"any($1::int[]) or " AUTOVACUUM ")"                                                                            \
	" and a.pid <> pg_backend_pid() order by a.pid"
#define COLUMNS_COMMON                                                                                                 \
	" select " SQL_US("n.at") ", a.pid, a.state, a.wait_event_type, a.wait_event, " SQL_US(                        \
	        "a.query_start") ","                                                                                   \
	                         " case when a.wait_event_type = 'Lock' then pg_blocking_pids(a.pid) end,"

/* Of each backend that waits: since when, and for which lock. Who waits for a row waits for the transaction that
 * changed it, and holds the lock of that row meanwhile: the row says more. */
#define WAITING(since)                                                                                                 \
	"with l as materialized (select pid, " since                                                                   \
	" as since, coalesce(max(what) filter (where locktype = 'tuple'),"                                             \
	" max(what) filter (where not granted)) as what from (select w.*, case locktype"                               \
	" when 'relation' then 'relation ' || relation::regclass::text"                                                \
	" when 'extend' then 'extension of ' || relation::regclass::text"                                              \
	" when 'tuple' then 'row (' || page || ',' || tuple || ') of ' || relation::regclass::text"                    \
	" when 'transactionid' then 'transaction ' || transactionid::text"                                             \
	" when 'virtualxid' then 'virtual transaction ' || virtualxid"                                                 \
	" when 'advisory' then 'advisory lock ' || case objsubid when 1 then"                                          \
	" ((classid::bigint << 32) | objid::bigint)::text else '(' || classid || ',' || objid || ')' end"              \
	" else locktype end as what from pg_locks w where not granted or locktype = 'tuple') w"                        \
	" group by pid having bool_or(not granted))"
#define COLUMNS_WAITING(since)                                                                                         \
	" case when a.wait_event_type = 'Lock' then (select " since " from l where l.pid = a.pid) end,"                \
	" case when a.wait_event_type = 'Lock' then (select l.what from l where l.pid = a.pid) end,"                   \
	" case when a.wait_event_type = 'Lock' then left(a.query, 150) end, a.pid = any($1::int[])"

static const char sample_sql[] =
        WAITING("min(waitstart)") COLUMNS_COMMON COLUMNS_WAITING(SQL_US("l.since")) FROM_ACTIVITY;
/* no waitstart before 14 */
static const char sample_13_sql[] = WAITING("null::bigint") COLUMNS_COMMON COLUMNS_WAITING("l.since") FROM_ACTIVITY;

enum {
	COLUMN_NOW,
	COLUMN_PID,
	COLUMN_STATE,
	COLUMN_TYPE,
	COLUMN_EVENT,
	COLUMN_QUERY_START,
	COLUMN_BLOCKERS,
	COLUMN_SINCE,
	COLUMN_LOCK,
	COLUMN_QUERY,
	COLUMN_OURS
};

static struct sample *grow(struct sample *items, size_t count, size_t *room)
{
	if (count < *room)
		return items;
	*room = *room * 2 + 64;
	return mem_resize(items, *room, sizeof *items);
}

void observe_sample_send(struct observer *o)
{
	struct buf body = {0};

	for (size_t from = 0; from < o->nclosed; from += MSG_BATCH_MOST) {
		size_t count = o->nclosed - from < MSG_BATCH_MOST ? o->nclosed - from : MSG_BATCH_MOST;

		msg_put_samples(&body, o->closed + from, count);
		observe_send(o, &body);
	}
	o->nclosed = 0;
	buf_free(&body);
}

static void close_one(struct observer *o, const struct sample *stretch)
{
	o->closed = grow(o->closed, o->nclosed, &o->closed_room);
	o->closed[o->nclosed++] = *stretch;
}

void observe_sample_close(struct observer *o)
{
	for (size_t i = 0; i < o->nopen; i++)
		close_one(o, &o->open[i]);
	o->nopen = 0;
	observe_sample_send(o);
}

/* ---- asking ---- */

void observe_sample_slots(struct observer *o, struct buf *pids)
{
	struct shm *shm = o->job->shm;

	if (o->slots == NULL)
		o->slots = mem_zero(shm->nsessions, sizeof *o->slots);
	for (uint32_t i = 0; i < shm->nsessions; i++) {
		struct slot *slot = shm_slot(shm, i);
		int32_t pid = atomic_load_explicit(&slot->backend_pid, memory_order_relaxed);
		int64_t start = atomic_load_explicit(&slot->backend_start_us, memory_order_relaxed);

		if (pid <= 0)
			continue;
		buf_printf(pids, "%s%" PRId32, pids->len == 0 ? "{" : ",", pid);
		if (start <= 0 || (o->slots[i].pid == pid && o->slots[i].start_us == start))
			continue;
		backends_add(&o->seen, pid, start);
		o->slots[i].pid = pid;
		o->slots[i].start_us = start;
	}
	if (pids->len > 0)
		buf_putc(pids, '}');
}

static void ask(struct observer *o, int64_t now)
{
	struct buf pids = {0};
	const char *values[1];

	observe_sample_slots(o, &pids);
	if (pids.len > 0) {
		values[0] = buf_str(&pids);
		o->sampling = observe_ask(
		        o, ASK_SAMPLE, o->facts.version_num >= 140000 ? sample_sql : sample_13_sql, 1, values);
		if (!o->sampling)
			observe_lost(o, now, "the connection to the server broke");
	}
	buf_free(&pids);
}

void observe_sample_due(struct observer *o, int64_t now)
{
	int64_t interval = o->job->interval_ns, late;

	if (o->job->shm == NULL || now < o->next_sample_ns)
		return;
	late = (now - o->next_sample_ns) / interval;
	o->dropped += (uint32_t)late;
	o->next_sample_ns += (late + 1) * interval;
	if (o->sampling || o->state != OBSERVE_WATCHING)
		o->dropped++; /* the answer to the last one is still to come, or there is no session */
	else
		ask(o, now);
}

/* ---- answers ---- */

static void take_blockers(const char *text, struct sample *sample)
{
	/* "{4711,4712}" */
	while (*text != '\0' && sample->nblockers < sizeof sample->blockers / sizeof sample->blockers[0]) {
		char *end;
		long pid;

		text += strcspn(text, "-0123456789");
		pid = strtol(text, &end, 10);
		if (end == text)
			return;
		sample->blockers[sample->nblockers++] = (int32_t)pid;
		text = end;
	}
}

static void take_row(const struct pg_result *result, int row, struct sample *sample)
{
	memset(sample, 0, sizeof *sample);
	sample->backend_pid = (int32_t)pg_value_int(result, row, COLUMN_PID);
	sample->first_us = sample->last_us = pg_value_int(result, row, COLUMN_NOW);
	sample->count = 1;
	snprintf(sample->state, sizeof sample->state, "%s", pg_value(result, row, COLUMN_STATE));
	snprintf(sample->wait_type, sizeof sample->wait_type, "%s", pg_value(result, row, COLUMN_TYPE));
	snprintf(sample->wait_event, sizeof sample->wait_event, "%s", pg_value(result, row, COLUMN_EVENT));
	sample->query_start_us = pg_value_int(result, row, COLUMN_QUERY_START);
	sample->lock_wait_us = pg_value_int(result, row, COLUMN_SINCE);
	take_blockers(pg_value(result, row, COLUMN_BLOCKERS), sample);
	snprintf(sample->lock, sizeof sample->lock, "%s", pg_value(result, row, COLUMN_LOCK));
	snprintf(sample->query, sizeof sample->query, "%s", pg_value(result, row, COLUMN_QUERY));
}

static bool same(const struct sample *a, const struct sample *b)
{
	return a->backend_pid == b->backend_pid && a->query_start_us == b->query_start_us &&
	       a->lock_wait_us == b->lock_wait_us && strcmp(a->state, b->state) == 0 &&
	       strcmp(a->wait_type, b->wait_type) == 0 && strcmp(a->wait_event, b->wait_event) == 0 &&
	       a->nblockers == b->nblockers && memcmp(a->blockers, b->blockers, sizeof a->blockers) == 0 &&
	       strcmp(a->lock, b->lock) == 0 && strcmp(a->query, b->query) == 0;
}

/* Both lists go by ascending pid. What goes on grows by one sample; everything else ends or begins. */
static void merge(struct observer *o, const struct sample *rows, size_t nrows)
{
	struct sample *next = mem_alloc((nrows + 1) * sizeof *next);
	size_t at = 0;

	for (size_t i = 0; i < nrows; i++) {
		next[i] = rows[i];
		while (at < o->nopen && o->open[at].backend_pid < rows[i].backend_pid)
			close_one(o, &o->open[at++]);
		if (at == o->nopen || o->open[at].backend_pid != rows[i].backend_pid)
			continue;
		if (same(&o->open[at], &rows[i])) {
			next[i].first_us = o->open[at].first_us;
			next[i].count = o->open[at].count + 1;
		} else {
			close_one(o, &o->open[at]);
		}
		at++;
	}
	while (at < o->nopen)
		close_one(o, &o->open[at++]);
	free(o->open);
	o->open = next;
	o->nopen = nrows;
	o->open_room = nrows + 1;
}

void observe_sample_answer(struct observer *o, const struct pg_result *result)
{
	int nrows = pg_kind(result) == PG_ROWS ? pg_nrows(result) : 0;
	struct sample *rows;
	int64_t at;
	size_t count = 0;
	uint32_t autovacuum = 0;

	if (nrows == 0) {
		o->dropped++;
		return;
	}
	o->samples++;
	at = pg_value_int(result, 0, COLUMN_NOW);
	/* A stretch promises that no sample is missing in it. */
	if (o->last_sample_us != 0 && at - o->last_sample_us > o->job->interval_ns / NS_PER_US * 5 / 2)
		observe_sample_close(o);
	o->last_sample_us = at;
	rows = mem_alloc((size_t)nrows * sizeof *rows);
	for (int row = 0; row < nrows; row++) {
		if (pg_is_null(result, row, COLUMN_PID))
			continue;
		if (pg_value(result, row, COLUMN_OURS)[0] == 't')
			take_row(result, row, &rows[count++]);
		else
			autovacuum++;
	}
	o->autovacuum_samples += autovacuum > 0;
	if (autovacuum > o->autovacuum_most)
		o->autovacuum_most = autovacuum;
	merge(o, rows, count);
	free(rows);
	observe_sample_send(o);
}
