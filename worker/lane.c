/*
 * lane: the one file of a worker that waits and reads the clock. A lane waits for its sessions' sockets, their next
 * deadline and its wake-up, takes the input, reads the clock, steps, flushes what was finished, and steps on.
 *
 * With one session it waits with ppoll, with more on epoll. Called by worker.c; owns its sessions' memory only through
 * the worker.
 */
#include "worker/worker_private.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "shared/buf.h"
#include "shared/clock.h"

#define WAIT_MOST (950 * NS_PER_MS) /* so that the heartbeat comes at least once a second */
#define BEAT_EVERY (100 * NS_PER_MS)
#define LOOK_AT_WAKE 64 /* waits */
#define ROUNDS_MOST 64 /* steps in a row before sockets, deadlines and the wake-up get their turn */
#define EVENTS_MOST 256
#define WAKE UINT32_MAX

/* Why a session is to be stepped. LOOK alone: only if its answer has come meanwhile. */
#define VAIN_LOOKS 16
#define LOOK_ANYWAY 64

enum { DUE = 1, READY = 2, LOOK = 4 };

void lane_init(struct lane *lane, struct worker *w, uint32_t number, uint32_t first, uint32_t nsessions, int wake_fd)
{
	int64_t now = clock_now_ns();

	*lane = (struct lane){.worker = w,
	        .sessions = w->sessions + first,
	        .nsessions = nsessions,
	        .wake_fd = wake_fd,
	        .epoll_fd = -1,
	        .laid_out_ns = now,
	        .now = now,
	        .load = w->a->plan->scripts && !w->a->special,
	        .took_control = w->nlanes == 1};
	lane->due = mem_zero(nsessions, sizeof *lane->due);
	lane->due_how = mem_zero(nsessions, sizeof *lane->due_how);
	lane->deadlines = mem_zero(nsessions, sizeof *lane->deadlines);
	lane->watched = mem_zero(nsessions, sizeof *lane->watched);
	lane->looks = mem_zero(nsessions, sizeof *lane->looks);
	record_init(&lane->record, nsessions, worker_send, w);
	if (lane->load)
		tally_init(&lane->tally, w->a, w->a->first_lane + number, nsessions);
	for (uint32_t i = 0; i < nsessions; i++) {
		struct session *s = &lane->sessions[i];

		session_init(s, w->a, &w->pick, &lane->record, lane->load ? &lane->tally : NULL,
		        w->a->first_session + first + i, now);
		atomic_store_explicit(&s->slot->worker_pid, getpid(), memory_order_relaxed);
		atomic_store_explicit(&s->slot->heartbeat_ns, now, memory_order_relaxed);
		s->digest_clock = clock_now_ns;
		lane->deadlines[i] = s->wait.deadline;
	}
	if (nsessions > 1) {
		struct epoll_event wake = {.events = EPOLLIN, .data.u32 = WAKE};

		lane->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
		epoll_ctl(lane->epoll_fd, EPOLL_CTL_ADD, wake_fd, &wake);
	}
}

void lane_clear(struct lane *lane)
{
	for (uint32_t i = 0; i < lane->nsessions; i++)
		session_clear(&lane->sessions[i]);
	record_clear(&lane->record);
	tally_clear(&lane->tally);
	if (lane->epoll_fd >= 0)
		close(lane->epoll_fd);
	free(lane->due);
	free(lane->due_how);
	free(lane->deadlines);
	free(lane->watched);
	free(lane->looks);
}

static void mark_due(struct lane *lane, uint32_t i, uint8_t how)
{
	if (lane->due_how[i] == 0)
		lane->due[lane->ndue++] = i;
	lane->due_how[i] |= how;
}

static void mark_all(struct lane *lane)
{
	for (uint32_t i = 0; i < lane->nsessions; i++)
		mark_due(lane, i, DUE);
}

/* Marks those whose time has come and finds the next. */
static void mark_passed(struct lane *lane, int64_t now)
{
	int64_t next = CLOCK_NEVER;

	for (uint32_t i = 0; i < lane->nsessions; i++) {
		if (lane->deadlines[i] <= now)
			mark_due(lane, i, DUE);
		else if (lane->deadlines[i] < next)
			next = lane->deadlines[i];
	}
	lane->next_deadline = next;
}

/* Here a deadline that was put off is found out: until then it would cost readings at every wait. */
static void beat(struct lane *lane)
{
	int64_t now = lane->now;

	if (now - lane->beaten_ns < BEAT_EVERY)
		return;
	lane->beaten_ns = now;
	for (uint32_t i = 0; i < lane->nsessions; i++)
		atomic_store_explicit(&lane->sessions[i].slot->heartbeat_ns, now, memory_order_relaxed);
	mark_passed(lane, now);
}

/* A socket that libpq closed has left the epoll set by itself, and a new one may have the same number: so the set is
 * told again whenever the session says that its socket may be another. */
static void watch_socket(struct lane *lane, uint32_t i)
{
	struct session_wait *w = &lane->sessions[i].wait;
	struct epoll_event event = {.data.u32 = i};

	w->fd_changed = false;
	lane->watched[i] = w->fd >= 0 ? w->events : 0;
	if (w->fd < 0)
		return;
	event.events = (w->events & POLLIN ? (uint32_t)EPOLLIN : 0) | (w->events & POLLOUT ? (uint32_t)EPOLLOUT : 0);
	if (epoll_ctl(lane->epoll_fd, EPOLL_CTL_MOD, w->fd, &event) != 0 && errno == ENOENT)
		epoll_ctl(lane->epoll_fd, EPOLL_CTL_ADD, w->fd, &event);
}

static void watch(struct lane *lane, uint32_t i, const struct session_wait *w)
{
	lane->deadlines[i] = w->deadline;
	if (w->deadline < lane->next_deadline)
		lane->next_deadline = w->deadline;
	if (lane->epoll_fd >= 0 && (w->fd_changed || lane->watched[i] != w->events))
		watch_socket(lane, i);
}

static void note_closed(struct lane *lane, const struct session *s)
{
	lane->closed++;
	if (s->gave_up)
		lane->gave_up = s;
}

/* Whether a look at once after sending has any hope: never, it turns out, where the server shares our CPU and runs only
 * when we wait; often with another CPU. So after many in vain only one in some is taken. */
static bool worth_a_look(struct lane *lane, uint32_t i)
{
	struct lane_looks *l = &lane->looks[i];

	return l->vain < VAIN_LOOKS || ++l->left_out % LOOK_ANYWAY == 0;
}

static bool look_found(struct lane *lane, uint32_t i)
{
	struct lane_looks *l = &lane->looks[i];

	if (session_has_answer(&lane->sessions[i])) {
		l->vain = 0;
		return true;
	}
	l->vain += l->vain < VAIN_LOOKS;
	return false;
}

/* Steps one session; answers what it is due for in the next round, 0 = nothing. */
static uint8_t step(struct lane *lane, uint32_t i, uint8_t how)
{
	struct session *s = &lane->sessions[i];
	bool closed = session_closed(s);

	if (s->state == SESSION_FINISHED) { /* nothing is due from the server: what was due is the hand-over */
		s->recorded_ns = lane->recorded_ns;
		s->served_ns = lane->served_ns;
	} else {
		session_input(s, how & READY);
	}
	if (s->connects == 0) {
		s->recorded_ns = lane->laid_out_ns;
		s->served_ns = lane->recorded_ns == 0 ? lane->served_ns : 0;
	}
	/* Something was sent in the round before: the answer may be there without waiting for it. */
	if (how == LOOK && !look_found(lane, i))
		return 0;
	hooks_before_step(lane);
	lane->now = clock_now_ns();
	session_step(s, lane->now, true);
	watch(lane, i, &s->wait);
	if (session_closed(s) && !closed)
		note_closed(lane, s);
	if (lane->nsessions > 1 && !lane->load)
		lane->served_ns += clock_now_ns() - lane->now;
	return s->wait.again ? DUE : s->wait.look && worth_a_look(lane, i) ? LOOK : 0;
}

/* Hands over what was finished in this round. The reading ends the time that writing took. */
static void flush_record(struct lane *lane)
{
	if (lane->record.count == 0)
		return;
	record_flush(&lane->record);
	lane->recorded_ns = clock_now_ns();
	lane->served_ns = 0;
}

static void step_due(struct lane *lane)
{
	for (unsigned round = 0; lane->ndue > 0 && round < ROUNDS_MOST; round++) {
		uint32_t count = lane->ndue, again = 0;

		lane->ndue = 0;
		for (uint32_t k = 0; k < count; k++) {
			uint32_t i = lane->due[k];
			uint8_t how = step(lane, i, lane->due_how[i]);

			lane->due_how[i] = how;
			if (how != 0)
				lane->due[again++] = i;
		}
		lane->ndue = again;
		flush_record(lane);
		worker_after_round(lane->worker, lane);
	}
	beat(lane);
}

/* A deadline may have passed, or will before the next tick: else no clock need be read for it. */
static bool deadline_near(const struct lane *lane)
{
	return lane->next_deadline - lane->now < 2 * WAIT_MOST;
}

static int64_t time_left(int64_t until, int64_t now)
{
	return until > now ? until - now : 0;
}

/* How long to wait at most; NULL = until the next tick at the latest. */
static const struct timespec *to_wait(const struct lane *lane, struct timespec *timeout)
{
	int64_t left = CLOCK_NEVER;

	if (lane->ndue > 0)
		left = 0;
	else if (deadline_near(lane))
		left = time_left(lane->next_deadline, clock_now_ns());
	if (left > WAIT_MOST && lane->tick.running)
		return NULL;
	if (left > WAIT_MOST)
		left = WAIT_MOST;
	*timeout = (struct timespec){.tv_sec = left / NS_PER_S, .tv_nsec = left % NS_PER_S};
	return timeout;
}

/* Both waits mark who is ready and answer whether the wake-up came. With one session its socket is all that is waited
 * on: what wakes the lane also interrupts the wait, and then the next one looks at both. */
static bool wait_one(struct lane *lane)
{
	const struct session_wait *w = &lane->sessions[0].wait;
	struct pollfd fds[2] = {{.fd = w->fd, .events = w->events}, {.fd = lane->wake_fd, .events = POLLIN}};
	struct timespec timeout;
	/* A signal is not noticed by a wait that need not wait: so now and then without being told. */
	bool alone = lane->wake_quiet && ++lane->waits % LOOK_AT_WAKE != 0;
	int count = ppoll(fds, alone ? 1 : 2, to_wait(lane, &timeout), &lane->tick.waiting);

	lane->wake_quiet = lane->wake_tells && count >= 0 && fds[1].revents == 0;
	if (count <= 0)
		return false;
	if (fds[0].revents)
		mark_due(lane, 0, DUE | READY);
	return fds[1].revents != 0;
}

static bool wait_many(struct lane *lane)
{
	struct epoll_event events[EVENTS_MOST];
	struct timespec room;
	const struct timespec *timeout = to_wait(lane, &room);
	int count = epoll_pwait2(lane->epoll_fd, events, EVENTS_MOST, timeout, &lane->tick.waiting);
	bool woken = false;

	if (count < 0 && errno == ENOSYS) /* kernels before 5.11: whole milliseconds, rounded up */
		count = epoll_pwait(lane->epoll_fd, events, EVENTS_MOST,
		        timeout ? (int)(timeout->tv_sec * 1000 + (timeout->tv_nsec + 999999) / 1000000) : -1,
		        &lane->tick.waiting);
	for (int e = 0; e < count; e++) {
		if (events[e].data.u32 == WAKE)
			woken = true;
		else
			mark_due(lane, events[e].data.u32, DUE | READY);
	}
	return woken;
}

static void woken(struct lane *lane)
{
	uint64_t count;

	if (lane->took_control)
		worker_control(lane->worker);
	else
		(void)!read(lane->wake_fd, &count, sizeof count);
	for (uint32_t i = 0; i < lane->nsessions; i++)
		session_heed_cut(&lane->sessions[i]);
	mark_all(lane);
}

/* Judges what is under way and closes; what the judging brought is written before the sessions are let go. */
static void end_sessions(struct lane *lane)
{
	for (int pass = 0; pass < 2; pass++) {
		record_flush(&lane->record);
		for (uint32_t i = 0; i < lane->nsessions; i++) {
			bool closed = session_closed(&lane->sessions[i]);

			session_end(&lane->sessions[i], clock_now_ns());
			if (session_closed(&lane->sessions[i]) && !closed)
				note_closed(lane, &lane->sessions[i]);
		}
	}
	worker_after_round(lane->worker, lane);
}

bool lane_await_server(struct worker *w)
{
	struct pollfd control = {.fd = w->a->chan.read_fd, .events = POLLIN};

	while (!atomic_load_explicit(&w->a->shm->told, memory_order_acquire)) {
		if (atomic_load(&w->leave) || pick_stop(&w->pick) != STOP_NONE)
			return false;
		poll(&control, 1, -1);
		worker_control(w);
	}
	return true;
}

/* --pin=split: the calling thread keeps to the lane's CPU. One that is refused runs where it likes: the CPU may have
 * been taken away since the run began. */
static void keep_to_cpu(const struct lane *lane)
{
	const struct assignment *a = lane->worker->a;
	cpu_set_t set;

	if (a->ncpus == 0)
		return;
	CPU_ZERO(&set);
	CPU_SET(a->cpus[(a->first_lane + (uint32_t)(lane - lane->worker->lanes)) % a->ncpus], &set);
	sched_setaffinity(0, sizeof set, &set);
}

void lane_run(struct lane *lane)
{
	struct worker *w = lane->worker;

	keep_to_cpu(lane);
	prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL); /* GO and back-offs mean what they say; the default adds 50 us */
	tick_start(&lane->tick, WAIT_MOST);
	/* The lanes of several threads are told by the thread that wakes them. */
	if (lane->epoll_fd < 0)
		lane->wake_tells = !lane->took_control || tick_watch(lane->wake_fd);
	while (!atomic_load(&w->leave)) {
		/* With a session to step and nothing to be late for, its own reading will do. */
		if (lane->ndue == 0 || deadline_near(lane)) {
			lane->now = clock_now_ns();
			if (lane->now >= lane->next_deadline)
				mark_passed(lane, lane->now);
		}
		step_due(lane);
		if (pick_stop(&w->pick) >= STOP_NOW) {
			end_sessions(lane);
			break;
		}
		if (atomic_load(&w->leave))
			break;
		if (lane->epoll_fd < 0 ? wait_one(lane) : wait_many(lane))
			woken(lane);
	}
	tick_stop(&lane->tick);
}
