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

#include "shared/buf.h"

enum phase {
	PHASE_SPAWN,
	PHASE_TOKEN,
	PHASE_CONNECT,
	PHASE_ROWS,
	PHASE_BARRIER,
	PHASE_QUEUE,
	PHASE_EXECUTE,
	PHASE_FETCH,
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
        [PHASE_CONNECT] = {"connect", "network, TLS, login and session settings", true},
        [PHASE_ROWS] = {"rows", "all sessions were ready, until the run's first rows were written", false},
        [PHASE_BARRIER] = {"barrier", "all sessions were ready, to GO", true},
        [PHASE_QUEUE] = {"queue", "a task was taken and not yet sent, or waited for its stage", true},
        [PHASE_EXECUTE] = {"execute", "sent to the first answer", true},
        [PHASE_FETCH] = {"fetch", "first answer to the last byte", true},
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
		add(path, PHASE_CONNECT, s->start_us, s->ready_us);
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

/* Back-off lies between the end of one try and the beginning of what the session itself does next: two readings. */
static void add_attempts(const struct run_view *run, uint32_t session, struct path *path)
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
		add(path, PHASE_EXECUTE, a->sent_us, a->first_us == QUERY_NONE ? a->done_us : a->first_us);
		add(path, PHASE_FETCH, a->first_us, a->done_us);
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

void budget_of(const struct run_view *run, struct budget *budget)
{
	const struct attempt_view *last = last_to_end(run);
	int64_t sums[NPHASES] = {0}, covered = 0;
	struct path path = {0};

	*budget = (struct budget){0};
	before_the_wall(&run->phases, budget);
	budget->wall_us = run->phases.last_end_us != QUERY_NONE ? run->phases.last_end_us : last ? last->done_us : 0;
	budget->allowed_us = budget->wall_us / 1000 > 1000 ? budget->wall_us / 1000 : 1000;
	if (last) {
		budget->session = last->session;
		path.items = mem_alloc(
		        (6 * run->nattempts + 3 * run->nsession_rows + run->nworker_rows + 5) * sizeof(*path.items));
		add_start(run, &path);
		add_reconnects(run, last, &path);
		add_attempts(run, last->session, &path);
		covered = lay(&path, budget->wall_us, sums);
		free(path.items);
	}
	for (int i = 0; i < NPHASES; i++)
		if (phase_words[i].always || sums[i] > 0)
			budget->lines[budget->nlines++] =
			        (struct budget_line){phase_words[i].name, phase_words[i].text, sums[i]};
	budget->unexplained_us = budget->wall_us - covered;
}
