/*
 * session_load: the loop of a session in a load run: when the next transaction begins, which script it runs, and when
 * the loop is over. See session_load.h.
 */
#include "worker/session_load.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/clock.h"
#include "shared/script_kind.h"

/* Streams of random numbers besides the session's own (its jitter), each with its number in the low bits. */
enum { STREAM_RANDOM = 1, STREAM_CHOOSE, STREAM_SAMPLE };

/* A replacement of a dead worker must not repeat what that one drew: its generation is part of the stream. */
static void seed(const struct session *s, struct rng *rng, unsigned stream)
{
	rng_seed(rng, s->a->seed, (uint64_t)stream << 56 | (uint64_t)(s->a->generation - 1) << 32 | s->number);
}

/* What pgbench's debug() prints. */
static void tell_debug(void *told, const struct value *value)
{
	static const char *const types[] = {
	        [VALUE_BOOLEAN] = "boolean ", [VALUE_INT] = "int ", [VALUE_DOUBLE] = "double "};
	struct session *s = told;
	char text[128], shown[32];

	value_print(value, shown);
	snprintf(text, sizeof text, "debug(script=%d,command=%d): %s%s", s->load->script, s->load->at + 1,
	        value->type == VALUE_NULL ? "" : types[value->type], value->type == VALUE_NULL ? "null" : shown);
	record_note(s->record, LEVEL_INFO, 0, text);
}

static void set_unless_given(struct looping *l, int variable, int64_t value)
{
	if (!l->scripts->variables[variable].set)
		script_vars_set_int(&l->vars, variable, value);
}

/* Executions back to back can neither wait for a result nor hold a block of their own. */
static bool may_batch(const struct looping *l)
{
	if (l->load->pipeline == 0 || l->load->mode == QUERY_SIMPLE)
		return false;
	for (int i = 0; i < l->scripts->nscripts; i++)
		if (!l->scripts->scripts[i].independent)
			return false;
	for (int i = 0; i < l->scripts->ncommands; i++)
		if (l->tally->commands[i].kind & (KIND_BEGINS | KIND_COMMITS))
			return false;
	return true;
}

/* Room for everything that is ever in a pipeline, and for the values of the longest command. */
static void reserve(struct looping *l)
{
	int commands = 0, params = 0;

	for (int i = 0; i < l->scripts->nscripts; i++) {
		const struct script *script = &l->scripts->scripts[i];

		if (script->ncommands > commands)
			commands = script->ncommands;
		for (int k = 0; k < script->ncommands; k++)
			if (script->commands[k].kind == COMMAND_SQL && script->commands[k].sql.nparams > params)
				params = script->commands[k].sql.nparams;
	}
	l->items_room = 2 * ((uint32_t)commands + 1) * (l->batches ? l->load->pipeline : 1);
	l->items = mem_zero(l->items_room, sizeof *l->items);
	l->values = mem_zero((size_t)params + 1, sizeof *l->values);
	l->prepared = mem_zero((size_t)l->scripts->ncommands + 1, sizeof *l->prepared);
}

void load_init(struct session *s, struct tally *tally)
{
	struct looping *l = mem_zero(1, sizeof *l);

	s->load = l;
	s->has_ticket = true; /* its loop is what it has in hand */
	l->load = tally->load;
	l->scripts = tally->scripts;
	l->tally = tally;
	l->batches = may_batch(l);
	seed(s, &l->random, STREAM_RANDOM);
	seed(s, &l->choose, STREAM_CHOOSE);
	seed(s, &l->sample, STREAM_SAMPLE);
	script_vars_init(&l->vars, l->scripts);
	script_vars_init(&l->vars_before, l->scripts);
	set_unless_given(l, l->scripts->client_id, s->number);
	set_unless_given(l, l->scripts->random_seed, (int64_t)s->a->seed);
	set_unless_given(l, l->scripts->default_seed, (int64_t)rng_hash(s->a->seed, STREAM_RANDOM));
	l->scale_known = !l->load->ask_scale;
	l->eval = (struct script_eval){.vars = &l->vars, .rng = &l->random, .debug = tell_debug, .told = s};
	shell_init(&l->shell);
	if (scripts_run_programs(l->scripts))
		l->environment = shell_environment(&s->a->target);
	buf_reserve(&l->text, 1024);
	reserve(l);
}

void load_clear(struct session *s)
{
	struct looping *l = s->load;

	if (!l)
		return;
	pg_clear(l->last);
	shell_kill(&l->shell);
	shell_environment_free(l->environment);
	script_vars_free(&l->vars);
	script_vars_free(&l->vars_before);
	buf_free(&l->text);
	free(l->values);
	free(l->prepared);
	free(l->items);
	free(l);
	s->load = NULL;
}

void load_scale(struct session *s, const struct pg_result *r)
{
	struct looping *l = s->load;

	if (pg_kind(r) != PG_ROWS || pg_nrows(r) != 1)
		return;
	int64_t scale = pg_value_int(r, 0, 0);

	set_unless_given(l, l->scripts->scale, scale);
	atomic_store_explicit(&l->tally->lane->scale, scale, memory_order_relaxed);
	l->scale_known = true;
}

void load_connected(struct session *s, int64_t now)
{
	struct load_lane *lane = s->load->tally->lane;

	load_count(&lane->connects, 1);
	load_count(&lane->connect_sum_ns, (uint64_t)(now - s->report.start_ns));
	memset(s->load->prepared, 0, (size_t)s->load->scripts->ncommands * sizeof *s->load->prepared);
}

/* ---- the loop ---- */

static bool all_counted(const struct session *s)
{
	int64_t most = s->load->load->transactions;

	return most > 0 && atomic_load_explicit(&s->slot->tx_counted, memory_order_relaxed) >= (uint64_t)most;
}

bool load_over(const struct session *s, int64_t now)
{
	return pick_stop(s->pick) != STOP_NONE || all_counted(s) || now >= s->load->tally->end_ns;
}

void load_end(struct session *s, int64_t now)
{
	session_go(s, SESSION_ENDED, now);
}

int load_choose(struct looping *l)
{
	const struct scripts *scripts = l->scripts;
	int64_t at;

	if (scripts->nscripts == 1)
		return 0;
	at = (int64_t)rng_below(&l->choose, (uint64_t)scripts->total_weight);
	for (int i = 0; i < scripts->nscripts; i++) {
		at -= scripts->scripts[i].weight;
		if (at < 0)
			return i;
	}
	return scripts->nscripts - 1;
}

/* The start by the schedule; those that are over the limit before they began are skipped. False: no other one is due
 * before the end. */
static bool schedule(struct session *s, int64_t now)
{
	struct looping *l = s->load;
	int64_t limit = l->load->latency_limit_ns;

	for (;;) {
		l->scheduled_ns = tally_next_start(l->tally);
		if (l->scheduled_ns > l->tally->end_ns)
			return false;
		if (limit == 0 || l->scheduled_ns >= now - limit)
			return true;
		load_skip(s, now);
		if (all_counted(s))
			return false;
	}
}

/* The session's own first moment: sessions begin one after another over the ramp. */
static int64_t first_start(const struct session *s, int64_t go)
{
	return go + (int64_t)((double)s->load->load->ramp_ns * s->number / s->a->shm->nsessions);
}

static bool learn_go(struct session *s)
{
	struct looping *l = s->load;
	int64_t go = atomic_load_explicit(&s->a->shm->go_ns, memory_order_acquire);

	if (go == 0)
		return false; /* a stop before GO */
	if (l->tally->go_ns != go)
		tally_go(l->tally, go);
	if (l->due_at == 0)
		l->due_at = first_start(s, go);
	return true;
}

static void pause_until_due(struct session *s, int64_t now)
{
	if (atomic_load_explicit(&s->slot->stage, memory_order_relaxed) != SLOT_READY)
		slot_stage(s->slot, SLOT_READY, now);
}

void load_loop(struct session *s, int64_t now)
{
	struct looping *l = s->load;

	if (!learn_go(s) || load_over(s, now)) {
		load_end(s, now);
		return;
	}
	if (l->began)
		return; /* a script that needs no server must not keep the lane for itself */
	if (!l->chosen && now >= l->due_at) {
		l->script = load_choose(l);
		if (l->tally->scheduled && !schedule(s, now)) {
			load_end(s, now);
			return;
		}
		if (l->tally->scheduled)
			l->due_at = l->scheduled_ns;
		l->chosen = true;
	}
	if (now < l->due_at) {
		pause_until_due(s, now);
	} else if (!s->pg) {
		s->next_state = SESSION_LOOP;
		s->away_since = now;
		session_connect_begin(s, now);
	} else if (s->input_lost || pg_broken(s->pg)) {
		session_disconnect(s, now, false);
	} else {
		load_begin(s, now);
	}
}

void load_go_on(struct session *s, int64_t now)
{
	struct looping *l = s->load;

	l->chosen = false;
	l->due_at = l->load->think_ns > 0 ? now + l->load->think_ns : 1;
	s->next_state = SESSION_LOOP;
	if (s->drop) {
		session_disconnect(s, now, l->due == DUE_NOTHING);
	} else if (l->load->reconnect) {
		session_drop_connection(s, true);
		session_go(s, SESSION_LOOP, now);
	} else if (s->needs) {
		session_set_up_begin(s, now);
	} else {
		session_go(s, SESSION_LOOP, now);
	}
}

static void heed_deadlines(struct session *s, int64_t now)
{
	if (s->load->due == DUE_PROGRAM) {
		load_shell_deadline(s, now);
	} else if (now >= s->run.drop_at) {
		load_lost(s, now);
	} else if (now >= s->run.cancel_at) {
		s->run.timed_out = true;
		attempt_ask_cancel(s, now);
	}
}

void load_script(struct session *s, int64_t now, bool ready)
{
	struct looping *l = s->load;
	bool alive;

	if (l->sleep_until > 0) {
		alive = !session_gone_while_idle(s, ready);
		if (alive && now >= l->sleep_until)
			load_woke(s, now);
	} else if (l->due == DUE_PROGRAM) {
		ready = load_shell(s, now); /* it may have ended in the very step it began in */
		alive = true;
	} else {
		alive = !ready || load_answers(s, now);
	}
	if (alive && s->unflushed)
		alive = ask_flush(s);
	if (!alive)
		load_lost(s, now);
	else if (ready && l->due == DUE_NOTHING && l->sleep_until == 0)
		l->batches ? load_batch_end(s, now) : load_run(s, now);
	if (s->state == SESSION_SCRIPT)
		heed_deadlines(s, now);
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

bool load_again(const struct session *s)
{
	const struct looping *l = s->load;

	return l->began && !l->chosen && l->due_at <= 1;
}

int64_t load_deadline(const struct session *s)
{
	const struct looping *l = s->load;
	int64_t drop = earlier(s->run.cancel_at, s->run.drop_at);

	switch (s->state) {
	case SESSION_LOOP:
		return earlier(l->due_at, l->tally->end_ns);
	case SESSION_SCRIPT:
		return l->sleep_until > 0 ? earlier(l->sleep_until, drop) : drop;
	case SESSION_AWAY:
		return s->was_ready ? earlier(s->retry_at, l->tally->end_ns) : s->retry_at;
	default:
		return CLOCK_NEVER;
	}
}
