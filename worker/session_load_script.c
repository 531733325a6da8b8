/*
 * session_load_script: running the commands of a script one after another until the server's answer, or the end of a
 * \sleep, is waited for. See session_load.h.
 */
#include "worker/session_load.h"

#include <assert.h>
#include <string.h>

#include "shared/clock.h"
#include "shared/script_kind.h"

/* Where the server ends a statement by itself, our own clock waits a little longer: its answer is the better one. */
#define SERVER_FIRST (250 * NS_PER_MS)

/* ---- sending ---- */

/* The text with the values in it; a variable without a value stays as it was written. */
static const char *spell_out(struct looping *l, const struct script_sql *sql)
{
	if (sql->nvariables == 0)
		return sql->literals[0];
	buf_clear(&l->text);
	for (int i = 0; i < sql->nvariables; i++) {
		size_t len;
		const char *value = script_vars_text(&l->vars, sql->variables[i], &len);

		buf_puts(&l->text, sql->literals[i]);
		if (value)
			buf_append(&l->text, value, len);
		else
			buf_puts(&l->text, sql->spelled[i]);
	}
	buf_puts(&l->text, sql->literals[sql->nvariables]);
	return buf_str(&l->text);
}

static void take_values(struct looping *l, const struct script_sql *sql)
{
	for (int i = 0; i < sql->nparams; i++) {
		size_t len;

		l->values[i] = script_vars_text(&l->vars, sql->params[i], &len);
	}
}

static bool send_sql(struct session *s, const struct script_sql *sql, const struct tally_command *facts)
{
	struct looping *l = s->load;
	enum query_mode mode = l->load->mode;

	if (mode == QUERY_SIMPLE)
		return pg_query(s->pg, spell_out(l, sql));
	if (sql->nparams > 0)
		take_values(l, sql);
	if (mode == QUERY_EXTENDED)
		return pg_send(s->pg, sql->numbered, sql->nparams, l->values, false);
	return pg_execute_with(s->pg, facts->name, sql->nparams, l->values);
}

void load_show_sent(struct session *s, unsigned kind, int64_t now)
{
	struct looping *l = s->load;
	bool block = l->pipeline ? l->block : !l->batches && l->tx == PG_TX_OPEN;
	enum slot_stage stage;

	l->in_flight |= !s->a->readonly && !(kind & KIND_BEGINS) && (!block || (kind & KIND_COMMITS));
	if (kind & (KIND_BEGINS | KIND_COMMITS))
		l->block = (kind & KIND_BEGINS) != 0;
	stage = l->exposed || l->in_flight ? SLOT_SENT : SLOT_SAFE;
	if (atomic_load_explicit(&s->slot->stage, memory_order_relaxed) != stage)
		slot_stage(s->slot, stage, now);
	if (l->started)
		return;
	l->started = true;
	slot_begun(s->slot, now);
	atomic_store_explicit(&s->slot->tx_started,
	        atomic_load_explicit(&s->slot->tx_started, memory_order_relaxed) + 1, memory_order_release);
}

void load_item(struct session *s, enum load_item_kind kind, int script, int at, int64_t now)
{
	struct looping *l = s->load;

	assert(l->item_tail < l->items_room);
	l->items[l->item_tail++] = (struct load_item){.kind = kind, .script = script, .at = at, .sent_ns = now};
}

/* In a pipeline: goes out with what comes. */
bool load_send_item(struct session *s, int script, int at, int64_t now)
{
	struct looping *l = s->load;
	int number = load_command_number(l, script, at);
	const struct tally_command *facts = &l->tally->commands[number];
	const struct script_sql *sql = &l->scripts->scripts[script].commands[at].sql;

	load_show_sent(s, facts->kind, now);
	if (l->load->mode == QUERY_PREPARED && !l->prepared[number]) {
		if (!pg_prepare(s->pg, facts->name, sql->numbered))
			return false;
		load_item(s, ITEM_PREPARE, script, at, now);
		l->prepared[number] = true;
	}
	load_item(s, ITEM_COMMAND, script, at, now);
	return send_sql(s, sql, facts);
}

static bool run_sql(struct session *s, const struct script_command *command, int64_t now)
{
	struct looping *l = s->load;
	int number = load_command_number(l, l->script, l->at);
	const struct tally_command *facts = &l->tally->commands[number];

	if (l->pipeline) {
		if (command->sql.keep != KEEP_NOTHING) {
			load_script_error(s, "\\gset and \\aset are not allowed in pipeline mode");
			return true;
		}
		return load_send_item(s, l->script, l->at++, now);
	}
	l->command_ns = now;
	l->awaited = &command->sql;
	if (l->load->mode == QUERY_PREPARED && !l->prepared[number]) {
		load_show_sent(s, KIND_BEGINS, now); /* it leaves nothing behind */
		l->due = DUE_PREPARE;
		l->query = 0;
		return pg_prepare(s->pg, facts->name, command->sql.numbered) && ask_flush(s);
	}
	load_show_sent(s, facts->kind, now);
	l->due = DUE_RESULT;
	l->query = 0;
	return send_sql(s, &command->sql, facts) && ask_flush(s);
}

/* ---- pipelines ---- */

static void start_pipeline(struct session *s)
{
	struct looping *l = s->load;

	if (l->load->mode == QUERY_SIMPLE) {
		load_script_error(s, "cannot use pipeline mode with the simple query protocol");
	} else if (l->pipeline) {
		load_script_error(s, "already in pipeline mode");
	} else if (!pg_pipeline(s->pg)) {
		load_script_error(s, "failed to enter pipeline mode");
	} else {
		l->block = l->tx == PG_TX_OPEN;
		l->pipeline = true;
		l->at++;
	}
}

bool load_sync(struct session *s)
{
	load_item(s, ITEM_SYNC, s->load->script, s->load->at, 0);
	return pg_sync(s->pg) && ask_flush(s);
}

/* \syncpipeline goes on at once, \endpipeline waits for every answer. */
static bool sync_pipeline(struct session *s, bool end, int64_t now)
{
	struct looping *l = s->load;

	if (!l->pipeline) {
		load_script_error(s, "not in pipeline mode");
		return true;
	}
	l->command_ns = now;
	if (end)
		l->due = DUE_ITEMS;
	else
		l->at++;
	return load_sync(s);
}

/* ---- commands that need no server ---- */

static void count_time(struct session *s, int64_t ns)
{
	struct looping *l = s->load;

	if (l->tally->command && !l->warmed)
		hist_add(&l->tally->command[load_command_number(l, l->script, l->at)].time, ns);
}

/* What a command here takes is part of the next statement's time: no clock is read for it. */
static void run_set(struct session *s, const struct script_command *command)
{
	struct err err;

	if (!script_set(command, &s->load->eval, &err)) {
		load_script_error(s, "%s", err.text);
		return;
	}
	count_time(s, 0);
	s->load->at++;
}

static void run_branch(struct session *s)
{
	struct looping *l = s->load;
	struct err err;

	if (!script_branch(&l->scripts->scripts[l->script], &l->at, &l->eval, &err))
		load_script_error(s, "%s", err.text);
}

static void run_sleep(struct session *s, const struct script_command *command, int64_t now)
{
	struct looping *l = s->load;
	int64_t us = 0, ns;
	struct err err;

	if (!script_sleep_us(command, &l->eval, &us, &err)) {
		load_script_error(s, "%s", err.text);
		return;
	}
	l->command_ns = now;
	if (__builtin_mul_overflow(us, NS_PER_US, &ns) || __builtin_add_overflow(ns, now, &l->sleep_until))
		l->sleep_until = CLOCK_NEVER;
	if (us == 0)
		load_woke(s, now);
}

void load_command_over(struct session *s, int64_t now)
{
	count_time(s, now - s->load->command_ns);
	s->load->at++;
}

void load_woke(struct session *s, int64_t now)
{
	s->load->sleep_until = 0;
	load_command_over(s, now);
}

/* False: the connection is lost. */
bool load_run_command(struct session *s, const struct script_command *command, int64_t now)
{
	switch (command->kind) {
	case COMMAND_SQL: /* who calls sends it in a way of its own */
		break;
	case COMMAND_SET:
		run_set(s, command);
		return true;
	case COMMAND_SLEEP:
		run_sleep(s, command, now);
		return true;
	case COMMAND_IF:
	case COMMAND_ELIF:
	case COMMAND_ELSE:
	case COMMAND_ENDIF:
		run_branch(s);
		return true;
	case COMMAND_STARTPIPELINE:
		start_pipeline(s);
		return true;
	case COMMAND_SYNCPIPELINE:
		return sync_pipeline(s, false, now);
	case COMMAND_ENDPIPELINE:
		return sync_pipeline(s, true, now);
	case COMMAND_SHELL:
	case COMMAND_SETSHELL:
		load_run_shell(s, command, now);
		return true;
	}
	return true;
}

/* ---- a transaction ---- */

static void script_done(struct session *s, int64_t now)
{
	struct looping *l = s->load;

	if (l->pipeline)
		load_script_error(s, "end of script reached with pipeline open");
	else if (l->tx != PG_TX_IDLE)
		load_script_error(s, "end of script reached without completing the last transaction");
	if (l->failed) {
		load_failed(s, now);
		return;
	}
	load_finish(s, LOAD_DONE, now);
	load_go_on(s, now);
}

void load_run(struct session *s, int64_t now)
{
	struct looping *l = s->load;
	const struct script *script = l->running;

	if (s->input_lost) {
		load_lost(s, now);
		return;
	}
	while (!l->failed && l->at < script->ncommands) {
		const struct script_command *command = &script->commands[l->at];

		if (command->kind == COMMAND_SQL ? !run_sql(s, command, now) : !load_run_command(s, command, now)) {
			load_lost(s, now);
			return;
		}
		if (l->due != DUE_NOTHING || l->sleep_until > 0)
			return;
	}
	if (l->failed)
		load_failed(s, now);
	else
		script_done(s, now);
}

static void set_deadlines(struct session *s, int64_t now)
{
	struct running *run = &s->run;
	bool can_cancel = s->a->target.direct && s->report.backend_start_us != 0;
	int64_t end = now + s->a->timeout_ns + SERVER_FIRST;

	run->timeout_ns = s->a->timeout_ns;
	run->cancel_at = can_cancel ? end : CLOCK_NEVER;
	run->drop_at = can_cancel ? end + CANCEL_PATIENCE : end;
	atomic_store_explicit(&s->slot->deadline_ns, run->drop_at, memory_order_relaxed);
}

void load_try(struct session *s, int64_t now)
{
	struct looping *l = s->load;

	if (l->failed || l->fatal)
		s->message[0] = '\0';
	l->at = 0;
	l->due = DUE_NOTHING;
	l->sleep_until = 0;
	l->in_flight = false;
	l->failed = l->fatal = l->own = l->doubtful = false;
	l->sqlstate[0] = '\0';
	l->item_head = l->item_tail = 0;
	l->tx = PG_TX_IDLE; /* as the set-up, the transaction before and a rollback leave it */
	s->run.cancel_at = s->run.drop_at = CLOCK_NEVER;
	s->run.cancel_asked = s->run.timed_out = s->run.cancelled = false;
	if (s->a->timeout_ns > 0)
		set_deadlines(s, now);
}

void load_begin(struct session *s, int64_t now)
{
	struct looping *l = s->load;
	struct load_lane *lane = l->tally->lane;

	l->began = true;
	l->running = &l->scripts->scripts[l->script];
	l->start_ns = l->busy_since = now;
	l->warmed = now < l->tally->begin_ns;
	l->started = l->exposed = l->pipeline = false;
	l->tries = 1;
	if (l->load->max_tries != 1) {
		l->random_before = l->random;
		script_vars_copy(&l->vars_before, &l->vars);
	}
	atomic_store_explicit(
	        &s->slot->tx_script, (uint32_t)l->script | (l->warmed ? SLOT_TX_WARMUP : 0), memory_order_relaxed);
	atomic_store_explicit(&s->slot->taken_ns, now, memory_order_relaxed);
	if (!l->warmed && atomic_load_explicit(&lane->first_ns, memory_order_relaxed) == 0)
		atomic_store_explicit(&lane->first_ns, now, memory_order_relaxed);
	session_go(s, SESSION_SCRIPT, now);
	load_try(s, now);
	if (l->batches)
		load_batch_begin(s, now);
	else
		load_run(s, now);
}
