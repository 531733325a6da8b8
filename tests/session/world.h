/*
 * world: one simulated run: sessions (the real machine over the real libpq), the scripted server, and the parent's part
 * (releasing, retrying, cancelling), in one thread with invented time, all out of one seed. Included by a test program.
 *
 * world_run answers NULL when everything the run may promise held, else what did not; log has every event, and a digest
 * of it is the same for the same seed in any process: no pid, descriptor, address or real time is in it.
 */
#ifndef TESTS_SESSION_WORLD_H
#define TESTS_SESSION_WORLD_H

#include <poll.h>

#include "shared/digest.h"
#include "shared/msg.h"
#include "shared/plan.h"
#include "shared/shm.h"
#include "tests/session/server.h"
#include "worker/session.h"

#define SESSIONS 4
#define TRIES 6
#define HORIZON (120 * NS_PER_S)

struct verdict {
	int done, failed, unknown, tries;
	int applied_failed[STATEMENTS]; /* attempts that did not end done and knew this statement applied */
	bool final;
};

struct world {
	struct server *server;
	struct rng rng;
	struct plan plan;
	struct task tasks[TASKS];
	struct statement statements[TASKS][STATEMENTS];
	struct ticket tickets[TASKS];
	uint32_t todo[TASKS];
	struct assignment a;
	struct shm *shm;
	struct pick pick;
	struct record record;
	struct session sessions[SESSIONS];
	uint32_t nsessions;
	struct verdict verdicts[TASKS];
	int64_t now, release_at, stop_at, cancel_at;
	bool stopped;
	bool wake; /* a retry was pushed: the lane would be woken */
	int32_t cancel_pid;
	struct buf log;
	char trouble[256];
};

#define TROUBLE(w, ...) ((w)->trouble[0] ? (void)0 : (void)snprintf((w)->trouble, sizeof(w)->trouble, __VA_ARGS__))

/* ---- the workload ---- */

static void add(struct world *w, int task, enum statement_kind kind, const char *text)
{
	struct task *t = &w->tasks[task];
	struct statement *st = &w->statements[task][t->nstatements];

	*st = (struct statement){.text = mem_strdup(text), .kind = kind};
	t->statements = w->statements[task];
	t->nstatements++;
}

/* The number of a put's statement is its place in the task, so that `applied` can be compared with the ledger. */
static void add_put(struct world *w, int task, const char *verb, enum statement_kind kind)
{
	char text[64];

	snprintf(text, sizeof text, "%s %d %d", verb, task, w->tasks[task].nstatements);
	add(w, task, kind, text);
}

static void make_task(struct world *w, int i)
{
	struct task *t = &w->tasks[i];
	uint64_t shape = rng_below(&w->rng, 9);
	uint64_t puts = 1 + rng_below(&w->rng, 3);

	*t = (struct task){.name = (char *)(uintptr_t) "t", .rows = -1, .repeat = 1, .retries = 2, .after = -1};
	if (rng_below(&w->rng, 4) == 0)
		t->timeout_ns = 20 * NS_PER_MS;
	t->repeatable = rng_below(&w->rng, 5) == 0;
	switch (shape) {
	case 0: /* read-only segment */
		t->readonly = true;
		t->repeatable = false;
		add(w, i, STATEMENT_PLAIN, "get 3");
		break;
	case 1: /* rows= in a transaction, right or wrong */
		t->send = SEND_TRANSACTION;
		t->transaction = true;
		t->rows = 3 + (int64_t)rng_below(&w->rng, 2);
		add_put(w, i, "put", STATEMENT_PLAIN);
		add(w, i, STATEMENT_PLAIN, "get 2");
		break;
	case 2:
		t->send = SEND_TRANSACTION;
		t->transaction = true;
		while (puts-- > 0)
			add_put(w, i, "put", STATEMENT_PLAIN);
		break;
	case 3: /* its own block */
		t->send = SEND_STEPS;
		add(w, i, STATEMENT_BEGIN, "begin");
		while (puts-- > 0)
			add_put(w, i, "put", STATEMENT_PLAIN);
		add(w, i, STATEMENT_COMMIT, "commit");
		break;
	case 4: /* a bare one, a block, a bare one */
		t->send = SEND_STEPS;
		add_put(w, i, "put", STATEMENT_PLAIN);
		add(w, i, STATEMENT_BEGIN, "begin");
		add_put(w, i, "put", STATEMENT_PLAIN);
		add(w, i, STATEMENT_COMMIT, "commit");
		add_put(w, i, "put", STATEMENT_PLAIN);
		break;
	case 5: /* leaves a block open */
		t->send = SEND_STEPS;
		add_put(w, i, "put", STATEMENT_PLAIN);
		add(w, i, STATEMENT_BEGIN, "begin");
		add_put(w, i, "put", STATEMENT_PLAIN);
		break;
	case 6:
		t->send = SEND_STEPS;
		add_put(w, i, "put", STATEMENT_PLAIN);
		add_put(w, i, "call", STATEMENT_CALL);
		break;
	default:
		while (puts-- > 0)
			add_put(w, i, "put", STATEMENT_PLAIN);
		break;
	}
}

static void make_plan(struct world *w)
{
	uint32_t n = 6 + (uint32_t)rng_below(&w->rng, TASKS - 6 + 1);

	w->plan =
	        (struct plan){.tasks = w->tasks, .ntasks = (int)n, .nstages = 1, .tickets = w->tickets, .ntickets = n};
	for (uint32_t i = 0; i < n; i++) {
		make_task(w, (int)i);
		w->tickets[i] = (struct ticket){.task = i, .row = PLAN_NO_ROW};
		w->todo[i] = i;
	}
}

static struct faults make_faults(struct world *w)
{
	/* Some runs have one kind of fault, some all, some none. */
	uint64_t kinds = rng_below(&w->rng, 64);

	return (struct faults){.error = kinds & 1 ? 12 : 0,
	        .commit_error = kinds & 1 ? 10 : 0,
	        .fatal = kinds & 2 ? 40 : 0,
	        .cut = kinds & 4 ? 3 : 0,
	        .refuse = kinds & 2 ? 5 : 0,
	        .forget = kinds & 8 ? 15 : 0,
	        .hang = kinds & 16 ? 40 : 0,
	        .notice = kinds & 8 ? 6 : 0,
	        .delay_most = kinds & 32 ? 30 * NS_PER_MS : 200 * NS_PER_US};
}

/* ---- the parent's part ---- */

static void heard_attempt(struct world *w, const struct attempt *a)
{
	struct verdict *v;
	const struct task *t;

	buf_printf(&w->log,
	        "attempt %u.%u session %u %s flags %x %s applied %u/%u rows %lld at %lld %lld %lld %lld %lld\n",
	        a->ticket, a->try_no, a->session, outcome_name(a->outcome), a->flags, a->sqlstate, a->applied,
	        a->statements, (long long)a->rows, (long long)a->taken_ns, (long long)a->sent_ns,
	        (long long)a->first_ns, (long long)a->done_ns, (long long)a->after.server_us);
	if (a->ticket >= w->plan.ntickets) {
		TROUBLE(w, "ticket %u does not exist", a->ticket);
		return;
	}
	v = &w->verdicts[a->ticket];
	t = &w->tasks[a->ticket];
	v->tries++;
	v->done += a->outcome == OUTCOME_DONE;
	v->failed += a->outcome == OUTCOME_FAILED;
	v->unknown += a->outcome == OUTCOME_UNKNOWN;
	if (a->taken_ns > a->sent_ns && a->sent_ns)
		TROUBLE(w, "ticket %u was sent before it was taken", a->ticket);
	if (a->before.server_us && a->after.server_us && a->before.server_us > a->after.server_us)
		TROUBLE(w, "ticket %u: its markers are the wrong way round", a->ticket);
	for (uint32_t i = 0; a->outcome != OUTCOME_DONE && i < a->applied; i++)
		v->applied_failed[i]++;
	v->final = !(a->flags & ATTEMPT_RETRIED_HERE);
	if (!v->final || a->outcome == OUTCOME_DONE || v->tries >= TRIES)
		return;
	if ((a->outcome == OUTCOME_FAILED && (a->flags & ATTEMPT_RETRY) && (a->flags & ATTEMPT_SESSION_LOST)) ||
	        (a->outcome == OUTCOME_UNKNOWN && t->repeatable)) {
		pick_push(&w->pick, &(struct msg_retry){.ticket = a->ticket, .try_no = a->try_no + 1});
		w->wake = true;
		v->final = false;
	}
}

static void heard(void *to, const void *body, size_t len)
{
	struct world *w = to;
	enum msg_type type;
	struct msg_results results;
	struct session_report r;
	struct msg_want_cancel want;

	if (!msg_type_of(body, len, &type)) {
		TROUBLE(w, "a body that is no message");
	} else if (type == MSG_RESULTS && msg_get_results(body, len, &results)) {
		for (size_t i = 0; i < results.count; i++)
			heard_attempt(w, &results.attempts[i]);
		msg_results_free(&results);
	} else if (type == MSG_SESSION && msg_get_session(body, len, &r)) {
		buf_printf(&w->log, "session %u.%u %s pid %d at %lld %lld %s\n", r.session, r.connect_no,
		        r.connected ? "ready" : "gave up", r.backend_pid, (long long)r.start_ns, (long long)r.ready_ns,
		        r.sqlstate);
		free(r.message);
	} else if (type == MSG_WANT_CANCEL && msg_get_want_cancel(body, len, &want)) {
		buf_printf(&w->log, "cancel %d\n", want.backend_pid);
		if (rng_below(&w->rng, 3) > 0) { /* else it gets lost */
			w->cancel_pid = want.backend_pid;
			w->cancel_at = w->now + (int64_t)rng_below(&w->rng, (uint64_t)NS_PER_S);
		}
	}
}

static bool act(struct world *w)
{
	uint64_t limit = atomic_load(&w->shm->limit);

	if (w->now >= w->cancel_at) {
		server_cancel(w->server, w->cancel_pid);
		w->cancel_at = CLOCK_NEVER;
		return true;
	}
	if (w->now >= w->stop_at) {
		uint32_t mode = atomic_load(&w->shm->stop_mode);

		w->stopped = true;
		/* First no new tickets, then cancel; the end of the run drops what is left. */
		atomic_store(&w->shm->stop_mode, mode == STOP_NONE ? STOP_SOON : STOP_CANCEL);
		w->stop_at = mode == STOP_NONE ? w->now + NS_PER_S : CLOCK_NEVER;
		buf_printf(&w->log, "stop at %lld\n", (long long)w->now);
		return true;
	}
	if (w->now >= w->release_at) {
		atomic_store(&w->shm->limit, limit + 1 + rng_below(&w->rng, 8));
		w->release_at =
		        limit < w->plan.ntickets ? w->now + (int64_t)rng_below(&w->rng, 20 * NS_PER_MS) : CLOCK_NEVER;
		return true;
	}
	return false;
}

/* ---- the lane's part ---- */

static bool step_sessions(struct world *w, bool all)
{
	bool moved = false;

	for (uint32_t i = 0; i < w->nsessions; i++) {
		struct session *s = &w->sessions[i];
		struct pollfd p = {.fd = s->wait.fd, .events = s->wait.events};
		bool ready = p.fd >= 0 && poll(&p, 1, 0) > 0;
		enum session_state before = s->state;

		if (!all && !ready && !s->wait.again && w->now < s->wait.deadline)
			continue;
		w->now += (int64_t)rng_below(&w->rng, 3000);
		session_input(s, ready);
		session_step(s, w->now, true);
		if (s->state != before)
			buf_printf(&w->log, "%lld session %u %s\n", (long long)w->now, s->number,
			        session_state_name(s->state));
		moved = true;
	}
	if (rng_below(&w->rng, 2) == 0 || !moved)
		record_flush(&w->record);
	for (uint32_t i = 0; w->record.count > 0 && i < w->nsessions; i++)
		if (w->sessions[i].wait.again) {
			record_flush(&w->record);
			break;
		}
	return moved;
}

static int64_t next_event(const struct world *w)
{
	int64_t next = server_next(w->server);
	int64_t others[] = {w->release_at, w->stop_at, w->cancel_at};

	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		if (others[i] < next)
			next = others[i];
	for (uint32_t i = 0; i < w->nsessions; i++)
		if (w->sessions[i].wait.deadline < next)
			next = w->sessions[i].wait.deadline;
	return next;
}

static bool all_closed(const struct world *w)
{
	for (uint32_t i = 0; i < w->nsessions; i++)
		if (!session_closed(&w->sessions[i]))
			return false;
	return true;
}

static void run_until_idle(struct world *w)
{
	unsigned still = 0;

	while (!w->trouble[0] && !pick_idle(&w->pick) && !all_closed(w)) {
		bool woken = act(w) || w->wake;

		w->wake = false;
		bool moved = step_sessions(w, woken);

		moved |= server_step(w->server, w->now);
		if (moved || woken) {
			if (++still > 100000)
				TROUBLE(w, "it goes round and round without time passing");
			continue;
		}
		int64_t next = next_event(w);

		if (next == CLOCK_NEVER) {
			TROUBLE(w, "nothing will ever happen again, and tickets are in hand");
		} else if (next > HORIZON) {
			break;
		} else {
			still = next > w->now ? 0 : still + 1;
			w->now = next > w->now ? next : w->now;
		}
	}
}

/* A ticket whose session gave up between two tries is in nobody's hand: the parent finds it when all is idle. */
static bool hand_out_again(struct world *w)
{
	bool found = false;

	for (uint32_t t = 0; !w->stopped && t < w->plan.ntickets; t++) {
		struct verdict *v = &w->verdicts[t];

		if (v->final || v->tries == 0)
			continue;
		pick_push(&w->pick, &(struct msg_retry){.ticket = t, .try_no = (uint32_t)v->tries + 1});
		found = true;
	}
	w->wake = found;
	return found;
}

static void end_run(struct world *w)
{
	for (int pass = 0; pass < 2; pass++) {
		record_flush(&w->record);
		for (uint32_t i = 0; i < w->nsessions; i++)
			session_end(&w->sessions[i], w->now);
	}
	if (atomic_load(&w->pick.in_hand) != 0)
		TROUBLE(w, "the run is over and %u tickets are in hand", atomic_load(&w->pick.in_hand));
	/* What the backends still have in their hands comes to its end. */
	w->server->calm = true;
	for (unsigned i = 0; i < 1000; i++) {
		int64_t next;

		while (server_step(w->server, w->now))
			;
		next = server_next(w->server);
		if (next == CLOCK_NEVER)
			break;
		w->now = next;
	}
}

/* done: applied exactly once. failed: not applied, but for its first `applied` statements. unknown: either. */
static void check_ledger(struct world *w, bool whole)
{
	for (uint32_t t = 0; t < w->plan.ntickets; t++) {
		const struct verdict *v = &w->verdicts[t];
		const struct task *task = &w->tasks[t];

		if (whole && !v->final)
			TROUBLE(w, "ticket %u was lost: %d attempts and no final one", t, v->tries);
		if (v->done > 1)
			TROUBLE(w, "ticket %u was done %d times", t, v->done);
		for (int s = 0; s < task->nstatements; s++) {
			int there = w->server->ledger[t][s];
			bool writes = strncmp(task->statements[s].text, "put", 3) == 0 ||
			              strncmp(task->statements[s].text, "call", 4) == 0;
			int least = v->done + v->applied_failed[s];

			if (writes && there > 1 && !task->repeatable)
				TROUBLE(w, "ticket %u statement %d was applied %d times", t, s, there);
			if (writes && (there < least || there > least + v->unknown))
				TROUBLE(w,
				        "ticket %u statement %d is there %d times: done %d, known applied %d, unknown "
				        "%d",
				        t, s, there, v->done, v->applied_failed[s], v->unknown);
		}
	}
}

static void world_begin(struct world *w, struct server *server, uint64_t seed)
{
	struct err err;
	struct faults faults;

	*w = (struct world){.server = server, .cancel_at = CLOCK_NEVER, .stop_at = CLOCK_NEVER, .now = NS_PER_S};
	rng_seed(&w->rng, seed, 0);
	make_plan(w);
	faults = make_faults(w);
	server_reset(server, seed, &faults, &w->log);
	w->nsessions = 1 + (uint32_t)rng_below(&w->rng, SESSIONS);
	w->shm = shm_map(w->nsessions, w->plan.ntickets, (uint32_t)w->plan.ntasks, &err);
	if (w->shm)
		atomic_store(&w->shm->marker_ns, 12000);
	w->a = (struct assignment){.plan = &w->plan,
	        .todo = w->todo,
	        .shm = w->shm,
	        .generation = 1,
	        .nsessions = w->nsessions,
	        .nlanes = 1,
	        .seed = seed,
	        .reconnect_for_ns = 5 * NS_PER_S,
	        .replacement = rng_below(&w->rng, 2) == 0};
	w->a.target = (struct target){.host = server->dir,
	        .port = "5432",
	        .user = "u",
	        .dbname = "d",
	        .direct = rng_below(&w->rng, 4) > 0,
	        .server_version = 150018};
	if (rng_below(&w->rng, 4) == 0)
		w->stop_at = w->now + (int64_t)rng_below(&w->rng, 300 * NS_PER_MS);
	w->release_at = w->now;
	atomic_store(&w->shm->go_ns, w->now + 5 * NS_PER_MS);
	pick_init(&w->pick, &w->plan, w->todo, w->shm, false);
	record_init(&w->record, w->nsessions, heard, w);
	for (uint32_t i = 0; i < w->nsessions; i++)
		session_init(&w->sessions[i], &w->a, &w->pick, &w->record, NULL, i, w->now);
}

static void world_end(struct world *w)
{
	for (uint32_t i = 0; i < w->nsessions; i++)
		session_clear(&w->sessions[i]);
	record_clear(&w->record);
	pick_clear(&w->pick);
	shm_unmap(w->shm);
	for (int t = 0; t < w->plan.ntasks; t++)
		for (int s = 0; s < w->tasks[t].nstatements; s++)
			free(w->statements[t][s].text);
	buf_free(&w->log);
}

/* What did not hold, in *w's trouble ("" = all well); digest has room for DIGEST_HEX. The owner calls world_end. */
static void world_run(struct world *w, struct server *server, uint64_t seed, char *digest)
{
	bool whole;

	world_begin(w, server, seed);
	do {
		run_until_idle(w);
	} while (!w->trouble[0] && pick_idle(&w->pick) && !all_closed(w) && hand_out_again(w));
	whole = !w->stopped && pick_idle(&w->pick) && !all_closed(w);
	end_run(w);
	check_ledger(w, whole);
	digest_sha256_hex(buf_str(&w->log), w->log.len, digest);
}

#endif
