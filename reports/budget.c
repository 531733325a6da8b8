/*
 * budget: the phases on the critical path from the start of SPAWN to the last task's end: up to GO that is the session
 * that became ready last, as GO waits for it; from GO on the one whose task ended last. Every stretch has two readings
 * of its own; stretches are laid along the path in order of time, and where none lies the time is unexplained. Pure
 * function of the read model; nothing is owned.
 */
#include "reports/budget.h"
#include "reports/sort.h"

#include <stdlib.h>
#include <string.h>

#include "reports/proof_parts.h"
#include "shared/buf.h"

enum phase {
	PHASE_SPAWN,
	PHASE_TOKEN,
	PHASE_CONNECT,
	PHASE_TCP,
	PHASE_TLS,
	PHASE_AUTH,
	PHASE_SETTINGS,
	PHASE_ROWS,
	PHASE_BARRIER,
	PHASE_QUEUE,
	PHASE_LOCK,
	PHASE_EXECUTE,
	PHASE_FETCH,
	PHASE_COMMIT,
	PHASE_RECORD,
	PHASE_TURN,
	PHASE_RETRY,
	PHASE_RECONNECT,
	NPHASES
};

static const struct {
	const char *name, *text;
	bool always; /* shown even when it took no time */
} phase_words[NPHASES] = {
        [PHASE_SPAWN] = {"spawn", "starting workers, until the last session's worker began", true},
        [PHASE_TOKEN] = {"token", "waiting for a credential", true},
        [PHASE_CONNECT] = {"connect", "network, TLS, login and session settings", false},
        [PHASE_TCP] = {"tcp", "the session's socket being connected", true},
        [PHASE_TLS] = {"tls", "socket connected to TLS established", false},
        [PHASE_AUTH] = {"authentication", "then to the login being accepted", true},
        [PHASE_SETTINGS] = {"settings", "then to the session being ready: its settings, its marker, @session", true},
        [PHASE_ROWS] = {"rows", "all sessions were ready, until the run's first rows were written", false},
        [PHASE_BARRIER] = {"barrier", "all sessions were ready, to GO", true},
        [PHASE_QUEUE] = {"queue", "a task was taken and not yet sent, or waited for its stage", true},
        [PHASE_LOCK] = {"lock wait", "inside execute: waiting for a lock that another session of this run held", false},
        [PHASE_EXECUTE] = {"execute", "sent to the first row or answer", true},
        [PHASE_FETCH] = {"fetch", "first row or answer to the last byte", true},
        [PHASE_COMMIT] = {"commit", "the last statement was answered, to the commit being answered", false},
        [PHASE_RECORD] = {"record", "an outcome was known, until the result was written to the parent", false},
        [PHASE_TURN] = {"turn", "the session's lane served its other sessions first", false},
        [PHASE_RETRY] = {"retry", "back-off before another try or connection", false},
        [PHASE_RECONNECT] = {"reconnect", "connecting again after the session was lost", false},
};

struct stretch_of_path {
	int64_t from_us, to_us;
	enum phase phase;
};
struct path {
	struct stretch_of_path *items;
	size_t count;
};

static void add(struct path *path, enum phase phase, int64_t from_us, int64_t to_us)
{
	if (from_us != QUERY_NONE && to_us != QUERY_NONE && to_us > from_us)
		path->items[path->count++] = (struct stretch_of_path){from_us, to_us, phase};
}

static int by_begin(const void *a, const void *b)
{
	const struct stretch_of_path *x = a, *y = b;

	if (x->from_us != y->from_us)
		return x->from_us < y->from_us ? -1 : 1;
	return (int)x->phase - (int)y->phase;
}

static const struct attempt_view *last_to_end(const struct run_view *run)
{
	const struct attempt_view *last = NULL;

	for (size_t i = 0; i < run->nattempts; i++) {
		const struct attempt_view *a = &run->attempts[i];

		if (a->done_us != QUERY_NONE && (!last || a->done_us > last->done_us))
			last = a;
	}
	return last;
}

/* Workers are started one after another: until this session's worker began, the others' starts are on the path too.
 * What the parent did between two of them is nobody's start. */
static void add_workers(const struct run_view *run, uint32_t worker, struct path *path)
{
	int64_t begun = QUERY_NONE;

	for (size_t i = 0; i < run->nworker_rows; i++) {
		const struct worker_view *w = &run->worker_rows[i];

		if (w->worker == worker && w->generation <= 1)
			begun = w->born_us;
	}
	for (size_t i = 0; i < run->nworker_rows; i++) {
		const struct worker_view *w = &run->worker_rows[i];

		if (w->generation <= 1 && w->born_us != QUERY_NONE)
			add(path, PHASE_SPAWN, w->forked_us, w->born_us < begun ? w->born_us : begun);
	}
}

/* The end of the attempt that lost the session, before it connected again at a time; QUERY_NONE = there is none. */
static int64_t lost_before(const struct run_view *run, uint32_t session, int64_t at_us)
{
	int64_t lost = QUERY_NONE;

	for (size_t i = 0; i < run->nattempts; i++) {
		const struct attempt_view *a = &run->attempts[i];

		if (a->session == session && a->flags & ATTEMPT_SESSION_LOST && a->done_us <= at_us &&
		        a->done_us > lost)
			lost = a->done_us;
	}
	return lost;
}

static bool before_go(const struct run_view *run, const struct session_view *s)
{
	return run->phases.go_us == QUERY_NONE || s->start_us <= run->phases.go_us;
}

/* The session GO waited for. */
static const struct session_view *last_ready(const struct run_view *run)
{
	const struct session_view *last = NULL;

	for (size_t i = 0; i < run->nsession_rows; i++) {
		const struct session_view *s = &run->session_rows[i];

		if (s->ready_us != QUERY_NONE && s->ready_us <= run->phases.go_us &&
		        (!last || s->ready_us > last->ready_us))
			last = s;
	}
	return last;
}

/* The parts of a connection, each from the reading before it to its own. One that failed, or of which only the whole is
 * known, is one part. */
static void add_connection(const struct session_view *s, struct path *path)
{
	int64_t at = s->start_us;

	if (s->auth_us == QUERY_NONE || s->auth_us <= s->start_us) {
		add(path, PHASE_CONNECT, s->start_us, s->ready_us);
		return;
	}
	if (s->tcp_us != QUERY_NONE && s->tcp_us >= at) {
		add(path, PHASE_TCP, at, s->tcp_us);
		at = s->tcp_us;
	}
	if (s->tls_us != QUERY_NONE && s->tls_us >= at) {
		add(path, PHASE_TLS, at, s->tls_us);
		at = s->tls_us;
	}
	add(path, PHASE_AUTH, at, s->auth_us);
	add(path, PHASE_SETTINGS, s->auth_us, s->ready_us);
}

static void add_start(const struct run_view *run, struct path *path)
{
	const struct session_view *last = last_ready(run);

	if (!last)
		return;
	add_workers(run, last->worker, path);
	for (size_t i = 0; i < run->nsession_rows; i++) {
		const struct session_view *s = &run->session_rows[i];

		if (s->session != last->session || !before_go(run, s))
			continue;
		if (s->laid_out_us != QUERY_NONE)
			add(path, PHASE_TURN, s->laid_out_us, s->laid_out_us + s->served_us);
		add_connection(s, path);
	}
	/* GO waits for these as well; what of it sessions connected in is theirs. */
	const struct run_phases *p = &run->phases;
	if (p->row_begin_us != QUERY_NONE)
		add(path, PHASE_ROWS, last->ready_us > p->row_begin_us ? last->ready_us : p->row_begin_us,
		        p->row_end_us);
	/* Waited for sessions that never became ready, until the parent went on without them. */
	if (run->end.ready_sessions < run->end.asked_sessions)
		add(path, PHASE_BARRIER, last->ready_us, run->phases.connected_us);
	add(path, PHASE_BARRIER, run->phases.connected_us, run->phases.go_us);
}

static void add_reconnects(const struct run_view *run, const struct attempt_view *end, struct path *path)
{
	for (size_t i = 0; i < run->nsession_rows; i++) {
		const struct session_view *s = &run->session_rows[i];

		if (s->session != end->session || before_go(run, s))
			continue;
		add(path, PHASE_RECONNECT, s->start_us, s->ready_us);
		add(path, PHASE_RETRY, lost_before(run, s->session, s->start_us), s->start_us);
	}
	for (size_t i = 0; i < run->nworker_rows; i++) {
		const struct worker_view *w = &run->worker_rows[i];

		if (w->worker == end->worker && w->generation > 1)
			add(path, PHASE_SPAWN, w->forked_us, w->born_us);
	}
}

static int by_lane_and_begin(const void *a, const void *b)
{
	const struct span *x = a, *y = b;

	if (x->lane != y->lane)
		return x->lane < y->lane ? -1 : 1;
	return (x->from_us > y->from_us) - (x->from_us < y->from_us);
}

static bool any_lock(const struct run_view *run)
{
	for (size_t i = 0; i < run->nsamples; i++)
		if (run->samples[i].nblockers > 0 && strcmp(run->samples[i].wait_type, "Lock") == 0)
			return true;
	return false;
}

/* Sent to the first answer, less the waits for locks in it, whose ends are the server's and the observer's readings. */
static void add_execute(const struct evidence *e, const struct attempt_view *a, int64_t to_us, struct path *path)
{
	int64_t at = a->sent_us;

	for (size_t i = 0; e && i < e->blocked.count; i++) {
		const struct span *b = &e->blocked.items[i];
		int64_t from = b->from_us > at ? b->from_us : at, to = b->to_us < to_us ? b->to_us : to_us;

		if (b->lane != a->backend_pid || to <= from)
			continue;
		add(path, PHASE_EXECUTE, at, from);
		add(path, PHASE_LOCK, from, to);
		at = to;
	}
	add(path, PHASE_EXECUTE, at, to_us);
}

/* Where COMMIT is sent by itself the last statement is answered before it, and `first` is its answer. */
static void add_answered(const struct evidence *e, const struct attempt_view *a, struct path *path)
{
	int64_t first = a->first_us, last = a->complete_us;

	if (a->sent_us == QUERY_NONE)
		return;
	if (last == QUERY_NONE || last < a->sent_us || last > a->done_us)
		last = a->done_us;
	if (first == QUERY_NONE || first > last)
		first = last;
	add_execute(e, a, first, path);
	add(path, PHASE_FETCH, first, last);
	add(path, PHASE_COMMIT, last, a->done_us);
}

/* Back-off lies between the end of one try and the beginning of what the session itself does next: two readings. */
static void add_attempts(const struct run_view *run, const struct evidence *e, uint32_t session, struct path *path)
{
	const struct attempt_view *previous = NULL;

	for (size_t i = 0; i < run->nattempts; i++) {
		const struct attempt_view *a = &run->attempts[i];

		if (a->session != session)
			continue;
		if (previous && previous->flags & ATTEMPT_RETRIED_HERE && previous->ticket == a->ticket)
			add(path, PHASE_RETRY, previous->done_us, a->taken_us);
		if (previous && previous->generation == a->generation && a->recorded_us != QUERY_NONE) {
			add(path, PHASE_RECORD, previous->done_us, a->recorded_us);
			add(path, PHASE_TURN, a->recorded_us, a->recorded_us + a->served_us);
		}
		add(path, PHASE_QUEUE, a->taken_us, a->sent_us);
		add_answered(e, a, path);
		previous = a;
	}
}

/* Lays the stretches along 0 .. wall; where two claim the same time the earlier one keeps it. */
static int64_t lay(struct path *path, int64_t wall_us, int64_t sums[NPHASES])
{
	int64_t at = 0, covered = 0;

	sort_rows(path->items, path->count, sizeof(*path->items), by_begin);
	for (size_t i = 0; i < path->count; i++) {
		int64_t from = path->items[i].from_us > at ? path->items[i].from_us : at;
		int64_t to = path->items[i].to_us < wall_us ? path->items[i].to_us : wall_us;

		if (to <= from)
			continue;
		sums[path->items[i].phase] += to - from;
		covered += to - from;
		at = to;
	}
	return covered;
}

static void add_before(struct budget *budget, const char *name, const char *text, int64_t us)
{
	if (us != QUERY_NONE && us > 0)
		budget->before[budget->nbefore++] = (struct budget_line){name, text, us};
}

static void before_the_wall(const struct run_phases *p, struct budget *budget)
{
	add_before(budget, "name", "resolving the host's name", p->name_us);
	add_before(budget, "token", "waiting for a credential", p->token_us);
	add_before(budget, "wake", "waiting for the server to wake up", p->wake_us);
	add_before(budget, "connect", "the observer's own connection", p->connect_us);
	if (p->setup_begin_us != QUERY_NONE && p->setup_end_us != QUERY_NONE)
		add_before(budget, "setup", "@setup", p->setup_end_us - p->setup_begin_us);
}

static void add_after(struct budget *budget, const char *name, const char *text, int64_t from_us, int64_t to_us)
{
	if (from_us != QUERY_NONE && to_us != QUERY_NONE && to_us > from_us)
		budget->after[budget->nafter++] = (struct budget_line){name, text, to_us - from_us};
}

static void after_the_wall(const struct run_phases *p, struct budget *budget)
{
	add_after(budget, "drain", "the last task's end, until the parent had all results", p->last_end_us,
	        p->drain_end_us);
	add_after(budget, "teardown", "sessions closed and workers gone", p->drain_end_us, p->reap_end_us);
	add_after(budget, "sweep", "@teardown, and the last look for sessions left on the server", p->reap_end_us,
	        p->store_begin_us);
}

void budget_of(const struct run_view *run, struct budget *budget)
{
	const struct attempt_view *last = last_to_end(run);
	int64_t sums[NPHASES] = {0}, covered = 0;
	struct path path = {0};
	struct evidence e;

	*budget = (struct budget){0};
	before_the_wall(&run->phases, budget);
	after_the_wall(&run->phases, budget);
	budget->wall_us = run->phases.last_end_us != QUERY_NONE ? run->phases.last_end_us : last ? last->done_us : 0;
	budget->allowed_us = budget->wall_us / 1000 > 1000 ? budget->wall_us / 1000 : 1000;
	if (last) {
		budget->session = last->session;
		bool locks = any_lock(run);

		if (locks) {
			evidence_of(run, &e);
			qsort(e.blocked.items, e.blocked.count, sizeof(*e.blocked.items), by_lane_and_begin);
		}
		path.items = mem_alloc((7 * run->nattempts + 6 * run->nsession_rows + run->nworker_rows +
		                               2 * (locks ? e.blocked.count : 0) + 5) *
		                       sizeof(*path.items));
		add_start(run, &path);
		add_reconnects(run, last, &path);
		add_attempts(run, locks ? &e : NULL, last->session, &path);
		if (locks)
			evidence_free(&e);
		covered = lay(&path, budget->wall_us, sums);
		free(path.items);
	}
	for (int i = 0; i < NPHASES; i++)
		if (phase_words[i].always || sums[i] > 0)
			budget->lines[budget->nlines++] =
			        (struct budget_line){phase_words[i].name, phase_words[i].text, sums[i]};
	budget->unexplained_us = budget->wall_us - covered;
}
