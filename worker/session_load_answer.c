/*
 * session_load_answer: reading what the server answers to a script's commands, one by one or in a pipeline. `now` is
 * the receive time of everything handled here. See session_load.h.
 */
#include "worker/session_load.h"

#include <string.h>

/* ---- \gset and \aset ---- */

static bool store_row(struct session *s, const struct pg_result *r, int row, const char *prefix)
{
	struct looping *l = s->load;

	for (int column = 0; column < pg_ncolumns(r); column++) {
		struct err err;
		int variable;

		if (!script_vars_column(&l->vars, prefix, pg_column(r, column), &variable, &err)) {
			load_script_error(s, "%s", err.text);
			return false;
		}
		if (variable >= 0)
			script_vars_set_text(
			        &l->vars, variable, pg_value(r, row, column), (size_t)pg_length(r, row, column));
	}
	return true;
}

/* \gset is about the last of several statements. */
static void store_last(struct session *s, const struct script_sql *sql)
{
	struct looping *l = s->load;
	int rows = l->last && pg_kind(l->last) == PG_ROWS ? pg_nrows(l->last) : 0;

	if (rows != 1)
		load_script_error(s, "query %d: expected one row, got %d", l->query > 0 ? l->query - 1 : 0, rows);
	else
		store_row(s, l->last, 0, sql->prefix);
}

static void forget_last(struct looping *l)
{
	if (l->last)
		pg_clear(l->last);
	l->last = NULL;
}

/* ---- results ---- */

/* What the script undid of the session. */
static void heed(struct session *s, const struct pg_result *r)
{
	struct looping *l = s->load;
	const char *tag = pg_tag(r);

	if (tag[0] == 'D' && (strncmp(tag, "DEALLOCATE", 10) == 0 || strcmp(tag, "DISCARD ALL") == 0))
		memset(l->prepared, 0, (size_t)l->scripts->ncommands * sizeof *l->prepared);
	session_heed_tag(s, tag);
	s->needs &= ~(uint32_t)NEED_MARKER;
}

/* An error, or one of the results nobody wants. False: the connection cannot go on. */
static bool trouble(struct session *s, const struct pg_result *r, int script, int at)
{
	if (pg_kind(r) != PG_ERROR) {
		load_script_error(s, "COPY in a script: use it on the server's side (COPY ... TO or FROM a file)");
		s->drop = true;
		s->load->due = DUE_NOTHING;
		return true;
	}
	if (pg_sqlstate(r)[0] == '\0' && pg_broken(s->pg)) {
		if (s->message[0] == '\0')
			pg_message(r, s->message, sizeof s->message);
		return false;
	}
	load_server_error(s, r, script, at);
	return true;
}

/* One result of the command that is waited for. *kept: it is not to be cleared. */
static bool command_result(struct session *s, struct pg_result *r, bool *kept)
{
	struct looping *l = s->load;
	const struct script_sql *sql = l->awaited;
	enum pg_kind kind = pg_kind(r);

	l->query++;
	if (kind == PG_ERROR || kind == PG_COPY_OUT || kind == PG_COPY_IN)
		return trouble(s, r, l->script, l->at);
	if (kind == PG_DONE)
		heed(s, r);
	if (l->failed || sql->keep == KEEP_NOTHING)
		return true;
	if (sql->keep == KEEP_GSET) {
		forget_last(l);
		l->last = r;
		*kept = true;
	} else if (kind == PG_ROWS && pg_nrows(r) > 0) {
		store_row(s, r, pg_nrows(r) - 1, sql->prefix);
	}
	return true;
}

static void count_time(struct looping *l, int script, int at, int64_t ns)
{
	if (l->tally->command && !l->warmed)
		hist_add(&l->tally->command[load_command_number(l, script, at)].time, ns);
}

/* Every result of the command has come. */
static void command_answered(struct session *s, int64_t now)
{
	struct looping *l = s->load;
	const struct script_sql *sql = l->awaited;

	l->due = DUE_NOTHING;
	if (sql->keep == KEEP_GSET && !l->failed)
		store_last(s, sql);
	forget_last(l);
	/* What the script makes of the answer does not change what the server did. */
	if (!l->failed || l->own)
		l->exposed |= l->in_flight;
	l->in_flight = false;
	if (l->failed)
		return;
	count_time(l, l->script, l->at, now - l->command_ns);
	l->at++;
}

static void prepare_answered(struct session *s)
{
	struct looping *l = s->load;

	l->due = DUE_NOTHING;
	if (!l->failed)
		l->prepared[load_command_number(l, l->script, l->at)] = true;
}

/* ---- pipelines ---- */

static void leave_pipeline(struct session *s, int64_t now)
{
	struct looping *l = s->load;

	l->due = DUE_NOTHING;
	l->item_head = l->item_tail = 0;
	if (l->batches)
		return;
	l->pipeline = false;
	if (!pg_pipeline_end(s->pg)) {
		load_script_error(s, "failed to leave pipeline mode");
		s->drop = true;
	}
	l->tx = pg_transaction(s->pg);
	if (l->failed)
		return;
	count_time(l, l->script, l->at, now - l->command_ns);
	l->at++;
}

static void item_synced(struct session *s, const struct load_item *item, int64_t now)
{
	struct looping *l = s->load;

	if (l->batches) {
		load_batch_synced(s, item->script, now);
		return;
	}
	if (!l->failed)
		l->exposed |= l->in_flight;
	/* What is behind it may still be on its way. */
	if (l->item_head == l->item_tail)
		l->in_flight = false;
}

/* r NULL: the end of an item's results. False: the connection cannot go on. */
static bool item_answer(struct session *s, const struct pg_result *r, int64_t now)
{
	struct looping *l = s->load;
	struct load_item item = l->items[l->item_head];
	enum pg_kind kind = pg_kind(r);

	if (item.kind == ITEM_SYNC || kind == PG_SYNC) {
		if (item.kind != ITEM_SYNC || kind != PG_SYNC)
			return false;
		l->item_head++;
		item_synced(s, &item, now);
	} else if (kind == PG_END) {
		if (pg_broken(s->pg))
			return false;
		l->item_head++;
		if (item.kind == ITEM_COMMAND && !l->failed)
			count_time(l, item.script, item.at, now - item.sent_ns);
	} else if (kind == PG_ABORTED) {
		if (item.kind == ITEM_PREPARE)
			l->prepared[load_command_number(l, item.script, item.at)] = false;
	} else if (kind == PG_ERROR || kind == PG_COPY_OUT || kind == PG_COPY_IN) {
		if (item.kind == ITEM_PREPARE)
			l->prepared[load_command_number(l, item.script, item.at)] = false;
		return trouble(s, r, item.script, item.at);
	} else if (kind == PG_DONE && item.kind == ITEM_COMMAND) {
		heed(s, r);
	}
	if (l->item_head == l->item_tail)
		leave_pipeline(s, now);
	return true;
}

/* ---- all of them ---- */

/* One result, or the end of a command's. False: the connection cannot go on. */
static bool take(struct session *s, struct pg_result *r, int64_t now)
{
	struct looping *l = s->load;
	bool kept = false, alive = true;

	if (l->due == DUE_ITEMS) {
		alive = item_answer(s, r, now);
	} else if (r) {
		if (l->due == DUE_RESULT) {
			alive = command_result(s, r, &kept);
		} else {
			l->query++;
			if (pg_kind(r) == PG_ERROR)
				alive = trouble(s, r, l->script, l->at);
			if (l->due == DUE_ROLLBACK && pg_kind(r) == PG_ERROR)
				s->drop = true;
		}
	} else if (l->query == 0) {
		alive = false; /* an end of nothing: that is how libpq says that there will be no more */
	} else if (l->fatal) {
		alive = !pg_broken(s->pg); /* wait for the connection to end */
		return alive;
	} else if (l->due == DUE_RESULT) {
		command_answered(s, now);
	} else if (l->due == DUE_PREPARE) {
		prepare_answered(s);
	} else {
		l->due = DUE_NOTHING;
	}
	if (r && !kept)
		pg_clear(r);
	return alive;
}

/* After a result of a command outside pipelines: is it the last? The server said so when it said in what transaction
 * it left us, and then libpq need not be asked for the NULL that ends the results. */
static bool was_last(struct session *s)
{
	struct looping *l = s->load;

	if (l->query == 0 || l->due == DUE_ITEMS)
		return false;
	l->tx = pg_transaction(s->pg);
	return l->tx != PG_TX_ACTIVE && l->tx != PG_TX_UNKNOWN;
}

bool load_answers(struct session *s, int64_t now)
{
	struct looping *l = s->load;

	while (l->due != DUE_NOTHING && !pg_busy(s->pg)) {
		struct pg_result *r = was_last(s) ? NULL : pg_next(s->pg);

		if (!take(s, r, now))
			return false;
		if (!r && l->fatal)
			break;
	}
	return l->due == DUE_NOTHING || (!s->input_lost && !pg_broken(s->pg));
}
