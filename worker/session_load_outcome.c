/*
 * session_load_outcome: what went wrong with a transaction, whether it is tried again, and counting what it came to.
 * See session_load.h.
 */
#include "worker/session_load.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "shared/clock.h"
#include "shared/script_kind.h"

/* ---- what went wrong: the first thing counts ---- */

static void note_failure(struct looping *l, int script, int at)
{
	l->failed = true;
	l->failed_script = script;
	l->failed_at = at;
}

void load_script_error(struct session *s, const char *format, ...)
{
	struct looping *l = s->load;
	va_list args;

	if (l->failed || l->fatal)
		return;
	note_failure(l, l->script, l->at);
	l->own = true;
	va_start(args, format);
	vsnprintf(s->message, sizeof s->message, format, args);
	va_end(args);
}

void load_server_error(struct session *s, const struct pg_result *r, int script, int at)
{
	struct looping *l = s->load;
	const struct tally_command *command = &l->tally->commands[load_command_number(l, script, at)];
	enum attempt_stage stage = !l->in_flight ? STAGE_BLOCK : command->kind & KIND_CALLS ? STAGE_CALL : STAGE_BARE;

	if (l->failed || l->fatal)
		return;
	pg_message(r, s->message, sizeof s->message);
	snprintf(l->sqlstate, sizeof l->sqlstate, "%s", pg_sqlstate(r));
	if (pg_fatal(r)) {
		l->fatal = true; /* what became of it is judged as a loss */
		return;
	}
	note_failure(l, script, at);
	l->doubtful = classify_attempt(END_ERROR, stage, l->sqlstate, s->a->readonly, false).outcome == OUTCOME_UNKNOWN;
	if (l->sqlstate[0] == '\0')
		s->drop = true; /* libpq's own trouble: no telling what it will say next */
	else if (strcmp(l->sqlstate, "26000") == 0)
		l->prepared[load_command_number(l, script, at)] = false;
}

bool load_worth_repeating(const struct looping *l)
{
	return !l->own && (strcmp(l->sqlstate, "40001") == 0 || strcmp(l->sqlstate, "40P01") == 0);
}

static bool may_try_again(const struct session *s, int64_t now)
{
	const struct looping *l = s->load;
	const struct load *load = l->load;
	int64_t begun = l->tally->scheduled ? l->scheduled_ns : l->start_ns;

	return load_worth_repeating(l) && !l->batches && !s->drop &&
	       (load->max_tries == 0 || l->tries < load->max_tries) && pick_stop(s->pick) == STOP_NONE &&
	       now < l->tally->end_ns && (load->latency_limit_ns == 0 || now - begun <= load->latency_limit_ns);
}

/* ---- counting ---- */

/* The figures of the command that went wrong; NULL without -r, and at a script's end. */
static struct load_command *failed_command(const struct looping *l)
{
	if (!l->failed || !l->tally->command || l->failed_at >= l->scripts->scripts[l->failed_script].ncommands)
		return NULL;
	return &l->tally->command[load_command_number(l, l->failed_script, l->failed_at)];
}

static struct load_error *error_entry(const struct looping *l, const struct session *s)
{
	return load_error_of(l->tally->lane, (uint32_t)l->script, l->sqlstate, s->message);
}

static void count_error(struct session *s, enum load_outcome outcome)
{
	struct looping *l = s->load;
	struct load_error *error;

	if (l->warmed)
		return;
	error = error_entry(l, s);
	if (error)
		load_count(outcome == LOAD_UNKNOWN ? &error->unknown : &error->failed, 1);
	if (failed_command(l))
		load_count(&failed_command(l)->failures, 1);
}

static void count_retry(struct session *s)
{
	struct looping *l = s->load;
	struct load_error *error;

	if (l->warmed)
		return;
	error = error_entry(l, s);
	if (error)
		load_count(&error->retried, 1);
	if (failed_command(l))
		load_count(&failed_command(l)->retries, 1);
}

static bool sampled(struct looping *l)
{
	return l->tally->records && (!l->tally->samples || rng_unit(&l->sample) < l->load->sampling_rate);
}

void load_finish(struct session *s, enum load_outcome outcome, int64_t now)
{
	struct looping *l = s->load;
	bool scheduled = l->tally->scheduled, bad = outcome == LOAD_FAILED || outcome == LOAD_UNKNOWN;
	struct tally_end end = {.outcome = outcome,
	        .end_ns = now,
	        .latency_ns = now - (scheduled ? l->scheduled_ns : l->start_ns),
	        .lag_ns = scheduled ? l->start_ns - l->scheduled_ns : 0,
	        .start_ns = l->start_ns,
	        .busy_ns = now - l->busy_since,
	        .session = s->number,
	        .sqlstate = bad ? load_sqlstate_pack(l->sqlstate) : 0,
	        .retries = l->tries - 1,
	        .script = l->script,
	        .begun = true,
	        .started = l->started,
	        .warmed = l->warmed,
	        .recorded = sampled(l)};

	if (bad)
		count_error(s, outcome);
	tally_count(l->tally, s->slot, &end);
	l->busy_since = now;
	if (s->a->timeout_ns > 0)
		atomic_store_explicit(&s->slot->deadline_ns, CLOCK_NEVER, memory_order_relaxed);
	/* What came unasked must not pile up. */
	if (++l->finished % 256 == 0 && s->pg)
		pg_notices_forget(s->pg);
}

void load_skip(struct session *s, int64_t now)
{
	struct looping *l = s->load;
	struct tally_end end = {.outcome = LOAD_SKIPPED,
	        .end_ns = now,
	        .session = s->number,
	        .script = l->script,
	        .warmed = l->scheduled_ns < l->tally->begin_ns,
	        .recorded = sampled(l)};

	tally_count(l->tally, s->slot, &end);
}

/* ---- the end of a transaction that failed ---- */

static void say(struct session *s, const char *what)
{
	struct looping *l = s->load;
	const struct script *script = &l->scripts->scripts[l->failed_script];
	char text[ATTEMPT_MESSAGE_MOST];

	if (l->failed_at < script->ncommands)
		snprintf(text, sizeof text, "client %u %s in command %d (%.40s) of script %d; %.8000s", s->number, what,
		        l->failed_at, script->commands[l->failed_at].text, l->failed_script, s->message);
	else
		snprintf(text, sizeof text, "client %u %s: %.8000s", s->number, what, s->message);
	record_note(s->record, LEVEL_ERROR, 0, text);
}

void load_say_aborted(struct session *s)
{
	load_count(&s->load->tally->lane->aborted, 1);
	say(s, "aborted");
}

void load_close(struct session *s, int64_t now)
{
	session_drop_connection(s, s->load->due == DUE_NOTHING);
	session_go(s, SESSION_CLOSED, now);
}

/* With the same random numbers and variables as the first time. */
static void try_again(struct session *s, int64_t now)
{
	struct looping *l = s->load;

	count_retry(s);
	l->tries++;
	l->random = l->random_before;
	script_vars_copy(&l->vars, &l->vars_before);
	load_try(s, now);
	load_run(s, now);
}

/* Answers still due in a pipeline are read first, then an open block is rolled back. True: one of them is under way. */
static bool clean_up(struct session *s, int64_t now)
{
	struct looping *l = s->load;
	enum pg_tx tx;
	bool ok;

	if (s->drop)
		return false;
	if (l->pipeline) {
		if (l->due != DUE_ITEMS) {
			l->due = DUE_ITEMS;
			if (!load_sync(s)) {
				load_lost(s, now);
				return true;
			}
		}
		return true;
	}
	tx = pg_transaction(s->pg);
	if (tx == PG_TX_IDLE)
		return false;
	l->due = DUE_ROLLBACK;
	l->query = 0;
	ok = pg_query(s->pg, "rollback") && ask_flush(s);
	if (!ok)
		load_lost(s, now);
	return true;
}

void load_failed(struct session *s, int64_t now)
{
	struct looping *l = s->load;
	bool again = may_try_again(s, now);

	if (l->due != DUE_NOTHING)
		return; /* being cleaned up */
	if (!again && !load_worth_repeating(l) && !l->load->continue_on_error) {
		load_finish(s, l->doubtful ? LOAD_UNKNOWN : LOAD_FAILED, now);
		load_say_aborted(s);
		load_close(s, now);
		return;
	}
	if (clean_up(s, now))
		return;
	if (l->load->verbose_errors)
		say(s, again ? "repeats the transaction after an error" : "ends the transaction with an error");
	if (again) {
		try_again(s, now);
		return;
	}
	load_finish(s, l->doubtful ? LOAD_UNKNOWN : LOAD_FAILED, now);
	load_go_on(s, now);
}

/* A server that ends all sessions at once says why in a warning and answers nothing more. */
static void heed_last_words(struct session *s)
{
	struct looping *l = s->load;
	const struct pg_notices *notices = pg_notices(s->pg);

	if (l->sqlstate[0] || classify_sqlstate(notices->sqlstate) != STATE_LOST)
		return;
	snprintf(l->sqlstate, sizeof l->sqlstate, "%s", notices->sqlstate);
	snprintf(s->message, sizeof s->message, "%s", notices->text);
}

static void say_lost(struct session *s, int64_t now)
{
	if (s->message[0])
		return;
	if (s->run.cancelled)
		snprintf(s->message, sizeof s->message, "the run was stopped and the session dropped");
	else if (now >= s->run.drop_at)
		snprintf(s->message, sizeof s->message, "no answer within %.3f s: the session was dropped",
		        (double)s->run.timeout_ns / (double)NS_PER_S);
	else
		snprintf(s->message, sizeof s->message, "the connection was lost");
}

void load_lost(struct session *s, int64_t now)
{
	struct looping *l = s->load;
	bool open = !s->a->readonly && (l->exposed || l->in_flight);
	enum load_outcome outcome = open ? LOAD_UNKNOWN : LOAD_FAILED;

	/* An error had settled it before the connection went. */
	if (l->failed)
		outcome = l->doubtful ? LOAD_UNKNOWN : LOAD_FAILED;
	else
		heed_last_words(s);
	say_lost(s, now);
	shell_kill(&l->shell);
	pg_clear(l->last);
	l->last = NULL;
	if (l->batches)
		load_batch_lost(s, outcome, now);
	else
		load_finish(s, outcome, now);
	l->chosen = false;
	l->due_at = 1;
	l->due = DUE_NOTHING;
	s->next_state = SESSION_LOOP;
	session_disconnect(s, now, false);
}
