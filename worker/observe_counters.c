/*
 * observe_counters: what the server counts of itself, asked before GO and again when the run's sessions have ended: the
 * difference is what happened meanwhile, whoever did it. A server that does not know one of the views tells nothing,
 * and the run goes on without.
 */
#include <stdio.h>
#include <string.h>

#include "worker/observe.h"

/* The column names are the counters' names in the results file. The functions under pg_stat_database: planning the view
 * would cost a fresh backend more than reading it. */
/* clang-format off */
#define OF_DATABASE                                                                                                   \
	"select pg_stat_get_db_xact_commit(d.oid) as db_commits, pg_stat_get_db_xact_rollback(d.oid) as db_rollbacks," \
	" pg_stat_get_db_blocks_fetched(d.oid) - pg_stat_get_db_blocks_hit(d.oid) as db_blocks_read,"                 \
	" pg_stat_get_db_blocks_hit(d.oid) as db_blocks_hit,"                                                         \
	" (pg_stat_get_db_blk_read_time(d.oid) * 1000)::bigint as db_read_time_us,"                                   \
	" (pg_stat_get_db_blk_write_time(d.oid) * 1000)::bigint as db_write_time_us,"                                 \
	" pg_stat_get_db_tuples_returned(d.oid) as db_rows_returned,"                                                 \
	" pg_stat_get_db_tuples_fetched(d.oid) as db_rows_fetched,"                                                   \
	" pg_stat_get_db_tuples_inserted(d.oid) as db_rows_inserted,"                                                 \
	" pg_stat_get_db_tuples_updated(d.oid) as db_rows_updated,"                                                   \
	" pg_stat_get_db_tuples_deleted(d.oid) as db_rows_deleted,"                                                   \
	" pg_stat_get_db_temp_files(d.oid) as db_temp_files, pg_stat_get_db_temp_bytes(d.oid) as db_temp_bytes,"      \
	" pg_stat_get_db_deadlocks(d.oid) as db_deadlocks, pg_stat_get_db_conflict_all(d.oid) as db_conflicts,"       \
	" " SQL_US("pg_postmaster_start_time()") " as server_started_unix_us"
#define OF_WRITER                                                                                                     \
	", b.checkpoints_timed, b.checkpoints_req as checkpoints_requested,"                                          \
	" (b.checkpoint_write_time * 1000)::bigint as checkpoint_write_time_us,"                                      \
	" (b.checkpoint_sync_time * 1000)::bigint as checkpoint_sync_time_us,"                                        \
	" b.buffers_checkpoint, b.buffers_clean, b.buffers_backend, b.buffers_alloc"
#define OF_CHECKPOINTER /* 17 and later */                                                                            \
	", k.num_timed as checkpoints_timed, k.num_requested as checkpoints_requested,"                               \
	" (k.write_time * 1000)::bigint as checkpoint_write_time_us,"                                                 \
	" (k.sync_time * 1000)::bigint as checkpoint_sync_time_us,"                                                   \
	" k.buffers_written as buffers_checkpoint, b.buffers_clean, b.buffers_alloc"
#define OF_WAL ", w.wal_records, w.wal_fpi, w.wal_bytes::bigint as wal_bytes"
#define OF_IO ", i.*"
#define FROM_DATABASE " from pg_database d, pg_stat_bgwriter b"
#define FROM_IO                                                                                                       \
	", (select sum(reads)::bigint as io_reads, sum(writes)::bigint as io_writes, sum(extends)::bigint as io_extends," \
	" sum(hits)::bigint as io_hits, sum(evictions)::bigint as io_evictions, sum(fsyncs)::bigint as io_fsyncs,"    \
	" (sum(read_time) * 1000)::bigint as io_read_time_us, (sum(write_time) * 1000)::bigint as io_write_time_us"   \
	" from pg_stat_io where backend_type = 'client backend') i"
#define OURS " where d.datname = current_database()"
/* clang-format on */

static const char counters_12_sql[] = OF_DATABASE OF_WRITER FROM_DATABASE OURS;
static const char counters_14_sql[] = OF_DATABASE OF_WRITER OF_WAL FROM_DATABASE ", pg_stat_wal w" OURS;
static const char counters_16_sql[] = OF_DATABASE OF_WRITER OF_WAL OF_IO FROM_DATABASE ", pg_stat_wal w" FROM_IO OURS;
static const char counters_17_sql[] =
        OF_DATABASE OF_CHECKPOINTER OF_WAL OF_IO FROM_DATABASE ", pg_stat_checkpointer k, pg_stat_wal w" FROM_IO OURS;

bool observe_counters_ask(struct observer *o)
{
	int32_t version = o->facts.version_num;

	return observe_ask(o, ASK_COUNTERS,
	        version >= 170000   ? counters_17_sql
	        : version >= 160000 ? counters_16_sql
	        : version >= 140000 ? counters_14_sql
	                            : counters_12_sql,
	        0, NULL);
}

static void add(struct msg_counters *m, const char *name, int64_t value)
{
	struct counter *c;

	if (m->count == COUNTERS_MOST)
		return;
	c = &m->items[m->count++];
	snprintf(c->name, sizeof c->name, "%s", name);
	c->value = value;
}

void observe_counters_answer(struct observer *o, const struct pg_result *result)
{
	struct msg_counters m = {.after = o->sweep.count == COUNT_ASKED};
	struct buf body = {0};
	char text[300];

	if (o->sweep.count == COUNT_ASKED)
		o->sweep.count = COUNT_DONE;
	if (pg_kind(result) == PG_ERROR) {
		pg_message(result, text, sizeof text);
		observe_note(o, LEVEL_INFO, 0, "the server's counters cannot be read: %s", text);
		return;
	}
	if (pg_kind(result) != PG_ROWS || pg_nrows(result) != 1)
		return;
	for (int i = 0; i < pg_ncolumns(result); i++)
		if (!pg_is_null(result, 0, i))
			add(&m, pg_column(result, i), pg_value_int(result, 0, i));
	add(&m, "samples", o->samples);
	add(&m, "autovacuum_samples", o->autovacuum_samples);
	add(&m, "autovacuum_most", o->autovacuum_most);
	msg_put_counters(&body, &m);
	observe_send(o, &body);
	buf_free(&body);
}
