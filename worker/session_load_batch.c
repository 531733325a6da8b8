/*
 * session_load_batch: --pipeline: so many executions of scripts without dependencies sent back to back, then all their
 * answers. Each execution has a sync of its own and is a transaction of its own: its time runs from the moment the
 * batch was begun to the receipt of its sync. See session_load.h.
 */
#include "worker/session_load.h"

#include <stdio.h>

#include "shared/clock.h"
#include "shared/script_kind.h"

static uint32_t batch_size(const struct session *s)
{
	const struct looping *l = s->load;
	uint64_t counted = atomic_load_explicit(&s->slot->tx_counted, memory_order_relaxed);

	/* The warm-up's are not counted: a batch of them may be as large as any. */
	if (l->load->transactions > 0 && !l->warmed && (uint64_t)l->load->transactions - counted < l->load->pipeline)
		return (uint32_t)((uint64_t)l->load->transactions - counted);
	return l->load->pipeline;
}

/* The script's own error: what was sent of this execution has no sync, so that it goes with the connection. */
static void break_off(struct session *s, uint32_t first_item)
{
	struct looping *l = s->load;

	l->broken = true;
	l->broken_script = l->script;
	l->broken_started = l->started;
	snprintf(l->broken_text, sizeof l->broken_text, "%.*s", (int)sizeof l->broken_text - 1, s->message);
	if (l->item_tail != first_item)
		s->drop = true;
	l->item_tail = first_item;
	l->failed = l->own = false;
}

/* One execution, with its sync. False: the connection is lost. */
static bool send_one(struct session *s, int64_t now)
{
	struct looping *l = s->load;
	const struct script *script = &l->scripts->scripts[l->script];
	uint32_t first_item = l->item_tail;

	l->started = false; /* each is counted */
	for (l->at = 0; l->at < script->ncommands && !l->failed;) {
		const struct script_command *command = &script->commands[l->at];
		bool sql = command->kind == COMMAND_SQL;

		if (sql ? !load_send_item(s, l->script, l->at++, now) : !load_run_command(s, command, now))
			return false;
	}
	if (l->failed) {
		break_off(s, first_item);
		return true;
	}
	load_show_sent(s, KIND_BEGINS, now);
	load_item(s, ITEM_SYNC, l->script, 0, now);
	return pg_sync(s->pg);
}

/* Every answer has come. */
void load_batch_end(struct session *s, int64_t now)
{
	struct looping *l = s->load;

	l->in_flight = false;
	if (l->broken) {
		l->broken = false;
		l->script = l->broken_script;
		l->started = l->broken_started;
		load_script_error(s, "%s", l->broken_text);
		load_finish(s, LOAD_FAILED, now);
		if (!l->load->continue_on_error && !l->aborting) {
			load_say_aborted(s);
			l->aborting = true;
		}
		l->failed = l->own = false;
		s->message[0] = '\0';
	}
	if (l->aborting)
		load_close(s, now);
	else
		load_go_on(s, now);
}

void load_batch_begin(struct session *s, int64_t now)
{
	struct looping *l = s->load;
	uint32_t size = batch_size(s);

	l->aborting = l->broken = false;
	for (uint32_t i = 0; i < size && !l->broken; i++) {
		if (i > 0)
			l->script = load_choose(l);
		if (!send_one(s, now)) {
			load_lost(s, now);
			return;
		}
	}
	if (l->item_tail == 0) {
		load_batch_end(s, now);
		return;
	}
	l->due = DUE_ITEMS;
	if (!ask_flush(s))
		load_lost(s, now);
}

void load_batch_synced(struct session *s, int script, int64_t now)
{
	struct looping *l = s->load;
	bool again = load_worth_repeating(l);

	l->script = script;
	l->started = true;
	if (!l->failed) {
		load_finish(s, LOAD_DONE, now);
		return;
	}
	load_finish(s, l->doubtful ? LOAD_UNKNOWN : LOAD_FAILED, now);
	if (!again && !l->load->continue_on_error && !l->aborting) {
		load_say_aborted(s);
		l->aborting = true;
	}
	l->failed = l->own = l->doubtful = false;
	l->sqlstate[0] = s->message[0] = '\0';
}

void load_batch_lost(struct session *s, enum load_outcome outcome, int64_t now)
{
	struct looping *l = s->load;
	bool started = l->started;

	for (uint32_t i = l->item_head; i < l->item_tail; i++) {
		if (l->items[i].kind != ITEM_SYNC)
			continue;
		l->script = l->items[i].script;
		l->started = true;
		load_finish(s, outcome, now);
	}
	/* One that never got its sync: lost while it was being sent, or broken off. */
	if (l->broken || (l->item_tail > 0 && l->items[l->item_tail - 1].kind != ITEM_SYNC)) {
		l->started = l->broken ? l->broken_started : started;
		l->script = l->broken ? l->broken_script : l->script;
		load_finish(s, LOAD_FAILED, now);
	}
	l->broken = false;
}
