/*
 * session: the states and what moves a session between them; see session.h for what each state means.
 *
 * Getting connected, sending, reading answers and judging are in the session_*.c files beside this one.
 */
#include "worker/session_load.h"

#include <assert.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "shared/buf.h"
#include "shared/clock.h"

#define FROM(state) (1u << (state))

/* From which states each one may be entered. */
static const unsigned entered_from[] = {
        [SESSION_AWAY] = FROM(SESSION_CONNECTING) | FROM(SESSION_SETTING_UP) | FROM(SESSION_WAITING) |
                         FROM(SESSION_READY) | FROM(SESSION_HELD) | FROM(SESSION_FINISHED) | FROM(SESSION_BACKOFF) |
                         FROM(SESSION_LOOP) | FROM(SESSION_SCRIPT),
        [SESSION_CONNECTING] = FROM(SESSION_AWAY) | FROM(SESSION_LOOP),
        [SESSION_SETTING_UP] = FROM(SESSION_CONNECTING) | FROM(SESSION_FINISHED) | FROM(SESSION_SCRIPT),
        [SESSION_WAITING] = FROM(SESSION_SETTING_UP),
        [SESSION_READY] = FROM(SESSION_SETTING_UP) | FROM(SESSION_WAITING) | FROM(SESSION_HELD) |
                          FROM(SESSION_FINISHED) | FROM(SESSION_BACKOFF),
        [SESSION_HELD] = FROM(SESSION_READY) | FROM(SESSION_SETTING_UP),
        [SESSION_RUNNING] = FROM(SESSION_READY) | FROM(SESSION_HELD) | FROM(SESSION_BACKOFF),
        [SESSION_FINISHED] = FROM(SESSION_RUNNING),
        [SESSION_BACKOFF] = FROM(SESSION_FINISHED) | FROM(SESSION_SETTING_UP),
        [SESSION_LOOP] = FROM(SESSION_SETTING_UP) | FROM(SESSION_WAITING) | FROM(SESSION_SCRIPT),
        [SESSION_SCRIPT] = FROM(SESSION_LOOP),
        [SESSION_ENDED] = FROM(SESSION_LOOP) | FROM(SESSION_WAITING) | FROM(SESSION_AWAY),
        [SESSION_CLOSED] = ~FROM(SESSION_CLOSED),
};

/* RUNNING and SCRIPT move the slot by themselves (what was sent?), FINISHED and LOOP leave it alone. */
#define SHOWN_ELSEWHERE (FROM(SESSION_RUNNING) | FROM(SESSION_SCRIPT) | FROM(SESSION_FINISHED) | FROM(SESSION_LOOP))
/* A step does not go on through these: there is nothing to do in them but to wait, or a flush comes first. */
#define STEP_ENDS (FROM(SESSION_FINISHED) | FROM(SESSION_CLOSED) | FROM(SESSION_AWAY) | FROM(SESSION_SCRIPT))

/* What the parent reads of a state. */
static void show_in_slot(struct session *s, int64_t now)
{
	static const enum slot_stage stages[] = {[SESSION_CONNECTING] = SLOT_CONNECTING,
	        [SESSION_AWAY] = SLOT_CONNECTING,
	        [SESSION_SETTING_UP] = SLOT_CONNECTING,
	        [SESSION_WAITING] = SLOT_READY,
	        [SESSION_READY] = SLOT_READY,
	        [SESSION_HELD] = SLOT_HELD,
	        [SESSION_BACKOFF] = SLOT_BACKOFF,
	        [SESSION_ENDED] = SLOT_READY,
	        [SESSION_CLOSED] = SLOT_CLOSED};
	enum slot_stage stage = stages[s->state];
	bool shows_ticket = s->state == SESSION_HELD || s->state == SESSION_BACKOFF;

	if (stage == SLOT_CONNECTING && s->was_ready && !(s->load && s->load->load->reconnect))
		stage = SLOT_LOST;
	atomic_store_explicit(&s->slot->ticket, shows_ticket ? s->picked.ticket : SLOT_NO_TICKET, memory_order_relaxed);
	atomic_store_explicit(&s->slot->try_no, shows_ticket ? s->picked.try_no : 0, memory_order_relaxed);
	atomic_store_explicit(&s->slot->deadline_ns, CLOCK_NEVER, memory_order_relaxed);
	slot_stage(s->slot, stage, now);
}

void session_go(struct session *s, enum session_state state, int64_t now)
{
	assert(entered_from[state] & FROM(s->state));
	s->state = state;
	if ((state == SESSION_ENDED || state == SESSION_CLOSED) && s->load && s->has_ticket) {
		s->has_ticket = false; /* its loop is over */
		pick_drop(s->pick);
	}
	if (!(FROM(state) & SHOWN_ELSEWHERE))
		show_in_slot(s, now);
}

const char *session_state_name(enum session_state state)
{
	static const char *const names[] = {[SESSION_AWAY] = "away",
	        [SESSION_CONNECTING] = "connecting",
	        [SESSION_SETTING_UP] = "setting up",
	        [SESSION_WAITING] = "waiting",
	        [SESSION_READY] = "ready",
	        [SESSION_HELD] = "held",
	        [SESSION_RUNNING] = "running",
	        [SESSION_FINISHED] = "finished",
	        [SESSION_BACKOFF] = "back-off",
	        [SESSION_LOOP] = "between transactions",
	        [SESSION_SCRIPT] = "in a transaction",
	        [SESSION_ENDED] = "ended",
	        [SESSION_CLOSED] = "closed"};

	return names[state];
}

static void most(const struct task *task, uint32_t *statements, int *params)
{
	if (!task)
		return;
	if ((uint32_t)task->nstatements > *statements)
		*statements = (uint32_t)task->nstatements;
	for (int i = 0; i < task->nstatements; i++)
		if (task->statements[i].nparams > *params)
			*params = task->statements[i].nparams;
}

void session_init(struct session *s, const struct assignment *a, struct pick *pick, struct record *record,
        struct tally *tally, uint32_t number, int64_t now)
{
	uint32_t statements = 0, room = 32;
	int params = 0;

	memset(s, 0, offsetof(struct session, message));
	s->message[0] = '\0';
	s->a = a;
	s->pick = pick;
	s->record = record;
	s->slot = shm_slot(a->shm, number);
	s->cuts = atomic_load_explicit(&s->slot->cut, memory_order_relaxed);
	s->number = number;
	rng_seed(&s->rng, a->seed, number);
	for (int i = 0; i < a->plan->ntasks; i++)
		most(&a->plan->tasks[i], &statements, &params);
	most(a->special, &statements, &params);
	most(a->plan->session, &statements, &params);
	while (room < statements + 16) /* settings, BEGIN, markers and syncs besides */
		room *= 2;
	s->asks = mem_zero(room, sizeof *s->asks);
	s->ask_mask = room - 1;
	s->values = mem_zero((size_t)params + 1, sizeof *s->values);
	s->state = SESSION_AWAY;
	if (tally)
		load_init(s, tally);
	s->next_state = !a->special && !a->replacement ? SESSION_WAITING : s->load ? SESSION_LOOP : SESSION_READY;
	s->retry_at = now;
	s->away_since = now;
	s->wait = (struct session_wait){.fd = -1, .deadline = now};
	atomic_store_explicit(&s->slot->generation, a->generation, memory_order_relaxed);
	atomic_store_explicit(&s->slot->backend_pid, 0, memory_order_relaxed);
	atomic_store_explicit(&s->slot->backend_start_us, 0, memory_order_relaxed);
	show_in_slot(s, now);
}

void session_clear(struct session *s)
{
	load_clear(s);
	pg_finish(s->pg);
	s->pg = NULL;
	free(s->asks);
	free(s->values);
	s->asks = NULL;
	s->values = NULL;
}

void session_input(struct session *s, bool socket_ready)
{
	if (!s->pg)
		return;
	if (s->state != SESSION_CONNECTING) {
		if (!pg_consume(s->pg))
			s->input_lost = true;
	} else if (socket_ready) { /* libpq must be called only when what it asked for has come */
		s->polled = pg_connect_poll(s->pg);
		s->polled_now = true;
	}
}

void session_heed_cut(struct session *s)
{
	uint32_t asked = atomic_load_explicit(&s->slot->cut, memory_order_acquire);

	if (asked == s->cuts)
		return;
	s->cuts = asked;
	if (s->pg)
		pg_shut_down(s->pg);
}

bool session_has_answer(const struct session *s)
{
	return s->pg && (s->state == SESSION_RUNNING || s->state == SESSION_SETTING_UP || s->state == SESSION_SCRIPT) &&
	       (s->input_lost || !pg_busy(s->pg));
}

/* A session without anything under way: has its server gone? A server that ends an idle session says so before it
 * closes, and a task must not be sent into that. */
bool session_gone_while_idle(struct session *s, bool ready)
{
	if (!ready)
		return false;
	(void)pg_busy(s->pg); /* takes in what came unasked */
	return s->input_lost || pg_broken(s->pg) || classify_sqlstate(pg_notices(s->pg)->sqlstate) == STATE_LOST;
}

static void give_up_ticket(struct session *s)
{
	if (s->has_ticket)
		pick_drop(s->pick);
	s->has_ticket = false;
}

static void act_on_pick(struct session *s, enum pick_answer answer, int64_t now)
{
	s->has_ticket = answer != PICK_NONE;
	if (answer == PICK_TAKEN)
		task_begin(s, now);
	else if (answer == PICK_HELD && s->state != SESSION_HELD)
		session_go(s, SESSION_HELD, now);
	else if (answer == PICK_HELD && atomic_load(&s->slot->ticket) != s->picked.ticket)
		show_in_slot(s, now); /* it stepped over skipped ones to another held ticket */
	else if (answer == PICK_NONE && s->state != SESSION_READY)
		session_go(s, SESSION_READY, now);
}

static void step_ready(struct session *s, int64_t now, bool ready)
{
	if (session_gone_while_idle(s, ready)) {
		session_disconnect(s, now, false);
		return;
	}
	s->taken_ns = now;
	act_on_pick(s, pick_next(s->pick, &s->picked), now);
}

static void step_held(struct session *s, int64_t now, bool ready)
{
	if (session_gone_while_idle(s, ready)) {
		session_disconnect(s, now, false);
	} else if (pick_exchange(s->pick, &s->picked)) {
		s->taken_ns = now;
		act_on_pick(s, PICK_TAKEN, now);
	} else {
		act_on_pick(s, pick_released(s->pick, &s->picked), now);
	}
}

static void step_backoff(struct session *s, int64_t now, bool ready)
{
	if (session_gone_while_idle(s, ready))
		session_disconnect(s, now, false);
	else if (now >= s->retry_at)
		task_begin(s, now);
}

static void step_waiting(struct session *s, int64_t now, bool ready)
{
	int64_t go = atomic_load_explicit(&s->a->shm->go_ns, memory_order_acquire);

	if (session_gone_while_idle(s, ready))
		session_disconnect(s, now, false);
	else if (go != 0 && now >= go)
		session_go(s, s->load ? SESSION_LOOP : SESSION_READY, now);
}

static void step_running(struct session *s, int64_t now, bool ready)
{
	bool alive = !ready || answers_read(s, now);

	if (alive && s->unflushed)
		alive = ask_flush(s);
	if (!alive) {
		attempt_lost(s, now);
		return;
	}
	if (asks_due(s) == 0)
		task_continue(s, now);
	if (s->state != SESSION_RUNNING)
		return;
	if (now >= s->run.drop_at) {
		attempt_lost(s, now);
	} else if (now >= s->run.cancel_at) {
		s->run.timed_out = true;
		attempt_ask_cancel(s, now);
	}
}

/* A connection is not wanted for nothing. */
static void step_away(struct session *s, int64_t now)
{
	if (s->load && s->was_ready && load_over(s, now))
		load_end(s, now);
	else if (now >= s->retry_at)
		session_connect_begin(s, now);
}

static void step_loop(struct session *s, int64_t now, bool ready)
{
	if (s->pg && session_gone_while_idle(s, ready))
		session_disconnect(s, now, false);
	else
		load_loop(s, now);
}

static void step_ended(struct session *s, int64_t now, bool ready)
{
	if (!s->pg || !session_gone_while_idle(s, ready))
		return;
	session_drop_connection(s, false);
	session_go(s, SESSION_CLOSED, now);
}

static void step_once(struct session *s, int64_t now, bool ready)
{
	switch (s->state) {
	case SESSION_AWAY:
		step_away(s, now);
		break;
	case SESSION_CONNECTING:
		session_connecting(s, now);
		break;
	case SESSION_SETTING_UP:
		session_setting_up(s, now, ready);
		break;
	case SESSION_WAITING:
		step_waiting(s, now, ready);
		break;
	case SESSION_READY:
		step_ready(s, now, ready);
		break;
	case SESSION_HELD:
		step_held(s, now, ready);
		break;
	case SESSION_RUNNING:
		step_running(s, now, ready);
		break;
	case SESSION_FINISHED:
		attempt_handed_over(s, now);
		break;
	case SESSION_BACKOFF:
		step_backoff(s, now, ready);
		break;
	case SESSION_LOOP:
		step_loop(s, now, ready);
		break;
	case SESSION_SCRIPT:
		load_script(s, now, ready);
		break;
	case SESSION_ENDED:
		step_ended(s, now, ready);
		break;
	case SESSION_CLOSED:
		break;
	}
}

/* What the run's stop means for this session; sessions are ended by session_end. */
static void heed_stop(struct session *s, enum stop_mode mode, int64_t now)
{
	switch (s->state) {
	case SESSION_AWAY:
	case SESSION_CONNECTING:
	case SESSION_SETTING_UP:
		give_up_ticket(s);
		session_disconnect(s, now, true);
		break;
	case SESSION_HELD:
	case SESSION_BACKOFF:
		give_up_ticket(s);
		session_go(s, SESSION_READY, now);
		break;
	case SESSION_RUNNING:
		if (mode >= STOP_CANCEL && !s->run.cancelled) {
			s->run.cancelled = true;
			attempt_ask_cancel(s, now);
		}
		break;
	case SESSION_WAITING:
		if (s->load)
			load_end(s, now);
		break;
	case SESSION_SCRIPT:
		assert(s->load);
		if (mode >= STOP_CANCEL && !s->run.cancelled) {
			s->run.cancelled = true;
			if (s->load->sleep_until > 0 || s->load->due == DUE_PROGRAM)
				load_lost(s, now);
			else
				attempt_ask_cancel(s, now);
		}
		break;
	default:
		break;
	}
}

static void set_socket(struct session *s)
{
	struct session_wait *w = &s->wait;
	bool program = s->state == SESSION_SCRIPT && s->load->due == DUE_PROGRAM;
	int fd = program ? shell_fd(&s->load->shell) : s->pg ? pg_socket(s->pg) : -1;

	if (fd != w->fd || s->state == SESSION_CONNECTING)
		w->fd_changed = true;
	w->fd = fd;
}

static void set_wait(struct session *s)
{
	struct session_wait *w = &s->wait;
	int64_t go;

	/* A script was reached with a connection and keeps it; but it may wait for a program instead. */
	if (s->state != SESSION_SCRIPT || s->load->environment)
		set_socket(s);
	w->events = POLLIN;
	w->deadline = CLOCK_NEVER;
	w->again = s->state == SESSION_FINISHED || (s->state == SESSION_LOOP && load_again(s));
	switch (s->state) {
	case SESSION_AWAY:
	case SESSION_LOOP:
	case SESSION_SCRIPT:
		w->deadline = s->load ? load_deadline(s) : s->retry_at;
		break;
	case SESSION_BACKOFF:
		w->deadline = s->retry_at;
		break;
	case SESSION_CONNECTING:
		w->events = s->polled == PG_POLL_READ ? POLLIN : POLLOUT;
		w->deadline = s->deadline;
		break;
	case SESSION_SETTING_UP:
		w->deadline = s->deadline;
		break;
	case SESSION_WAITING:
		go = atomic_load_explicit(&s->a->shm->go_ns, memory_order_acquire);
		w->deadline = go != 0 ? go : CLOCK_NEVER;
		break;
	case SESSION_RUNNING:
		w->deadline = s->run.cancel_at < s->run.drop_at ? s->run.cancel_at : s->run.drop_at;
		break;
	default:
		break;
	}
	if (s->unflushed)
		w->events |= POLLOUT;
}

void session_step(struct session *s, int64_t now, bool ready)
{
	enum session_state before;
	enum stop_mode stop = pick_stop(s->pick);

	s->wait.look = false;
	if (s->load)
		s->load->began = false;
	if (stop != STOP_NONE)
		heed_stop(s, stop, now);
	/* One step goes on through states that need not wait: GO, take, send. */
	do {
		before = s->state;
		step_once(s, now, ready);
		ready = false;
	} while (s->state != before && !(FROM(s->state) & STEP_ENDS));
	set_wait(s);
}

void session_end(struct session *s, int64_t now)
{
	if (s->state == SESSION_RUNNING) {
		s->run.cancelled = true;
		attempt_lost(s, now);
	} else if (s->state == SESSION_SCRIPT) {
		s->run.cancelled = true;
		load_lost(s, now);
	} else if (s->state == SESSION_FINISHED) {
		s->next_state = SESSION_READY;
		attempt_handed_over(s, now);
	}
	if (s->state != SESSION_FINISHED && s->state != SESSION_CLOSED) {
		give_up_ticket(s);
		pg_finish(s->pg);
		s->pg = NULL;
		session_go(s, SESSION_CLOSED, now);
	}
	set_wait(s);
}

bool session_closed(const struct session *s)
{
	return s->state == SESSION_CLOSED;
}
