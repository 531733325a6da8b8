/*
 * crew: see crew.h. Lives and deaths; messages are in crew_message.c, verdicts over the dead in crew_judge.c, the watch
 * over heartbeats and the questions about all workers in crew_watch.c.
 */
#include "orchestrator/crew.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "orchestrator/spawn.h"
#include "shared/clock.h"

#define RESPAWN_FIRST_NS (100 * NS_PER_MS)
#define FORK_RETRY_NS (500 * NS_PER_MS)

void crew_init(struct crew *crew, struct loop *loop, uint32_t nsessions, uint32_t nworkers, uint32_t nlanes)
{
	uint32_t session = 0, lane = 0;

	memset(crew, 0, sizeof *crew);
	crew->loop = loop;
	crew->nsessions = nsessions;
	crew->nworkers = nworkers;
	crew->members = mem_zero(nworkers + 2u, sizeof *crew->members);
	crew->session_state = mem_zero(nsessions + 1u, 1);
	for (uint32_t i = 0; i < nworkers + 2; i++) {
		struct member *m = &crew->members[i];
		m->index = i;
		m->pidfd = -1;
		chan_init(&m->chan, -1, -1);
		if (i >= nworkers) {
			m->kind = i == nworkers ? MEMBER_OBSERVER : MEMBER_SPECIAL;
			m->worker = UINT32_MAX;
			continue;
		}
		m->kind = MEMBER_WORKER;
		m->worker = i;
		m->first_session = session;
		m->nlanes = nlanes / nworkers + (i < nlanes % nworkers);
		m->first_lane = lane;
		/* The first nsessions mod nlanes lanes of the run carry one session more. */
		for (uint32_t l = 0; l < m->nlanes; l++, lane++)
			m->nsessions += nsessions / nlanes + (lane < nsessions % nlanes);
		session += m->nsessions;
	}
}

struct member *crew_observer(struct crew *crew)
{
	return &crew->members[crew->nworkers];
}

struct member *crew_special(struct crew *crew)
{
	return &crew->members[crew->nworkers + 1];
}

/* --- starting --------------------------------------------------------------------------------------------------- */

struct start {
	struct crew *crew;
	struct assignment assignment;
	struct observation observation;
	bool observer;
};

static int start_body(void *argument, int read_fd, int write_fd)
{
	struct start *start = argument;

	if (start->observer) {
		chan_init(&start->observation.chan, read_fd, write_fd);
		return start->crew->bodies.observer(&start->observation);
	}
	chan_init(&start->assignment.chan, read_fd, write_fd);
	return start->crew->bodies.worker(&start->assignment);
}

/* Nobody writes these slots now: the one before is reaped, the next not forked. */
static void reset_slots(struct crew *crew, const struct member *m, int64_t now)
{
	for (uint32_t s = m->first_session; s < m->first_session + m->nsessions; s++) {
		struct slot *slot = shm_slot(crew->assignment.shm, s);
		atomic_store(&slot->ticket, SLOT_NO_TICKET);
		atomic_store(&slot->try_no, 0);
		atomic_store(&slot->applied, 0);
		atomic_store(&slot->generation, 0);
		atomic_store(&slot->worker_pid, 0);
		atomic_store(&slot->backend_pid, 0);
		atomic_store(&slot->backend_start_us, 0);
		atomic_store(&slot->taken_ns, 0);
		atomic_store(&slot->sent_ns, 0);
		atomic_store(&slot->heartbeat_ns, 0);
		atomic_store(&slot->deadline_ns, CLOCK_NEVER);
		slot_stage(slot, SLOT_EMPTY, now);
	}
}

/* Transactions of its sessions that have ended, over all generations. */
static uint64_t transactions_ended(const struct crew *crew, const struct member *m)
{
	uint64_t n = 0;

	for (uint32_t s = m->first_session; s < m->first_session + m->nsessions; s++)
		n += atomic_load(&shm_slot(crew->assignment.shm, s)->tx_ended);
	return n;
}

static bool spawn_member(struct crew *crew, struct member *m, struct start *start, struct err *err)
{
	struct spawned child;

	start->crew = crew;
	if (!spawn(start_body, start, crew->group, &child, err))
		return false;
	if (crew->group == 0)
		crew->group = child.pid;
	m->pid = child.pid;
	m->pidfd = child.pidfd;
	m->forked_ns = child.forked_ns;
	m->born_ns = 0;
	m->hello = m->idle = m->leaving = m->parted = m->violated = m->fatal = m->gave_up = m->write_watched = false;
	m->finished = m->retries_out = 0;
	m->cause[0] = m->sqlstate[0] = '\0';
	m->state = MEMBER_LIVING;
	chan_init(&m->chan, child.read_fd, child.write_fd);
	m->read_watched = loop_add(crew->loop, child.read_fd, LOOP_READ, m->index, err);
	if (!m->read_watched || !loop_add(crew->loop, child.pidfd, LOOP_EXIT, m->index, err)) {
		kill(m->pid, SIGKILL);
		waitpid(m->pid, NULL, 0);
		if (m->read_watched)
			loop_remove(crew->loop, child.read_fd);
		chan_close(&m->chan);
		close(m->pidfd);
		m->pidfd = -1;
		m->pid = 0;
		m->state = MEMBER_ABSENT;
		return false;
	}
	return true;
}

void crew_start_later(struct crew *crew, struct member *m, int64_t now, const struct err *why)
{
	char text[1200];

	crew->fork_error = *why;
	m->state = MEMBER_WAITING;
	int64_t pause = FORK_RETRY_NS << (m->fork_failures < 4 ? m->fork_failures : 4);
	m->respawn_ns = now + pause;
	if (++m->fork_failures == CREW_FORK_FAILURES)
		for (uint32_t s = 0; s < m->nsessions; s++)
			crew->session_state[m->first_session + s] = SESSION_GAVE_UP;
	snprintf(text, sizeof text, "worker %u could not be started, next try in %.1f s: %s", m->worker + 1,
	        (double)pause / 1e9, why->text);
	crew->hooks.event(crew->hooks.context, now, LEVEL_WARNING, "fork failed", text);
}

bool crew_start(struct crew *crew, struct member *m, int64_t now, struct err *err)
{
	struct start start = {.observer = m->kind == MEMBER_OBSERVER};

	m->generation++;
	if (start.observer) {
		start.observation = crew->observation;
		return spawn_member(crew, m, &start, err);
	}
	start.assignment = crew->assignment;
	start.assignment.worker = m->worker;
	start.assignment.generation = m->generation;
	start.assignment.first_session = m->first_session;
	start.assignment.nsessions = m->nsessions;
	start.assignment.first_lane = m->first_lane;
	start.assignment.nlanes = m->nlanes;
	start.assignment.replacement = crew->go_given;
	start.assignment.early = crew->early;
	reset_slots(crew, m, now);
	for (uint32_t s = 0; s < m->nsessions && m->fork_failures < CREW_FORK_FAILURES; s++)
		crew->session_state[m->first_session + s] = SESSION_PENDING;
	if (!spawn_member(crew, m, &start, err)) {
		m->generation--;
		return false;
	}
	m->fork_failures = 0;
	m->ended_before = transactions_ended(crew, m);
	m->early = crew->early;
	if (m->worker == 0 && !m->early)
		spawn_plant("spawn");
	return true;
}

void crew_tell(struct crew *crew)
{
	crew->early = false;
	atomic_store_explicit(&crew->assignment.shm->told, 1, memory_order_release);
	for (uint32_t i = 0; i < crew->nworkers; i++) {
		struct member *m = &crew->members[i];
		if (!m->early)
			continue;
		m->early = false;
		m->forked_ns = loop_clock(crew->loop);
		crew_send_plain(crew, m, MSG_RELEASE);
		if (m->worker == 0)
			spawn_plant("spawn");
	}
}

/* The worker of @setup and @teardown: one session, the first slot, gone before and after the others. */
bool crew_start_special(struct crew *crew, const struct task *task, int64_t now, struct err *err)
{
	struct member *m = crew_special(crew);
	struct start start = {.observer = false};

	m->generation++;
	m->first_session = 0;
	m->nsessions = m->nlanes = 1;
	start.assignment = crew->assignment;
	start.assignment.worker = m->worker;
	start.assignment.generation = m->generation;
	start.assignment.first_session = 0;
	start.assignment.nsessions = start.assignment.nlanes = 1;
	start.assignment.replacement = true;
	start.assignment.special = task;
	reset_slots(crew, m, now);
	return spawn_member(crew, m, &start, err);
}

/* --- sending ---------------------------------------------------------------------------------------------------- */

static void flush_member(struct crew *crew, struct member *m)
{
	struct err err;

	if (m->state != MEMBER_LIVING || m->chan.write_fd < 0)
		return;
	bool alive = chan_flush(&m->chan, &err);
	bool pending = alive && chan_pending(&m->chan);
	if (pending && !m->write_watched)
		m->write_watched = loop_add(crew->loop, m->chan.write_fd, LOOP_WRITE, m->index, &err);
	else if (!pending && m->write_watched) {
		loop_remove(crew->loop, m->chan.write_fd);
		m->write_watched = false;
	}
}

void crew_send(struct crew *crew, struct member *m, const struct buf *body)
{
	if (m->state != MEMBER_LIVING || m->chan.write_fd < 0)
		return;
	chan_write(&m->chan, body->data, body->len);
	flush_member(crew, m);
}

void crew_send_plain(struct crew *crew, struct member *m, enum msg_type type)
{
	struct buf body = {0};

	msg_put_plain(&body, type);
	crew_send(crew, m, &body);
	buf_free(&body);
}

void crew_stop(struct crew *crew, struct member *m, enum stop_mode mode)
{
	struct buf body = {0};

	if (m->state != MEMBER_LIVING)
		return;
	msg_put_stop(&body, &(struct msg_stop){mode});
	crew_send(crew, m, &body);
	buf_free(&body);
	if (mode == STOP_NOW || mode == STOP_EXIT)
		m->leaving = true;
}

void crew_kill(struct crew *crew, struct member *m, const char *cause)
{
	(void)crew;
	if (m->state != MEMBER_LIVING)
		return;
	if (cause && !m->cause[0])
		snprintf(m->cause, sizeof m->cause, "%.890s", cause);
	kill(m->pid, SIGKILL); /* our own child, not reaped yet */
}

/* --- reading and ending ----------------------------------------------------------------------------------------- */

static void violation(struct crew *crew, struct member *m, const struct err *err, int64_t now)
{
	char text[1300], who[64];

	m->violated = true;
	if (m->kind == MEMBER_WORKER)
		crew_doubt_member(crew, m);
	if (m->kind == MEMBER_WORKER)
		snprintf(who, sizeof who, "worker %u", m->worker + 1);
	else
		snprintf(who, sizeof who, "%s", m->kind == MEMBER_OBSERVER ? "observer" : "setup worker");
	snprintf(text, sizeof text, "%s (pid %d) said something impossible and was stopped: %s", who, (int)m->pid,
	        err->text);
	crew->hooks.event(crew->hooks.context, now, LEVEL_WARNING, "protocol violation", text);
	crew_kill(crew, m, err->text);
}

/* True when at least one frame was taken. */
static bool read_member(struct crew *crew, struct member *m, int64_t now)
{
	struct err err = {0};
	const unsigned char *body;
	size_t len;
	bool any = false;

	if (m->state != MEMBER_LIVING || m->violated || m->chan.read_fd < 0)
		return false;
	size_t before = m->chan.in.len - m->chan.in_used;
	bool sound = chan_read(&m->chan, &err);
	size_t taken = m->chan.in.len - before;

	if (taken > crew->taken_most)
		crew->taken_most = taken;
	while (!m->violated && chan_next(&m->chan, &body, &len)) {
		any = true;
		crew->frames++;
		if (!crew_message(crew, m, body, len, now, &err))
			violation(crew, m, &err, now);
	}
	if (!sound && !m->violated)
		violation(crew, m, &err, now);
	if ((m->chan.eof || m->violated) && m->read_watched) {
		loop_remove(crew->loop, m->chan.read_fd);
		m->read_watched = false;
	}
	return any;
}

static void close_member(struct crew *crew, struct member *m)
{
	if (m->read_watched)
		loop_remove(crew->loop, m->chan.read_fd);
	if (m->write_watched)
		loop_remove(crew->loop, m->chan.write_fd);
	if (m->pidfd >= 0) {
		loop_remove(crew->loop, m->pidfd);
		close(m->pidfd);
	}
	m->read_watched = m->write_watched = false;
	m->pidfd = -1;
	chan_close(&m->chan);
	chan_init(&m->chan, -1, -1);
	m->pid = 0;
}

/* What becomes of the place of a worker that ended. */
static void place(struct crew *crew, struct member *m, bool expected, int64_t now)
{
	uint8_t sessions = SESSION_GAVE_UP;

	m->state = MEMBER_ABSENT;
	if (m->kind != MEMBER_WORKER)
		return;
	bool young = m->finished == 0;
	if (!expected && young)
		m->young_deaths++;
	else
		m->young_deaths = 0;
	/* --reconnect-for is spent: a replacement would only spend it once more. */
	bool spent = m->gave_up && crew->go_given;
	if (!expected && (m->hopeless || spent || m->young_deaths >= CREW_YOUNG_DEATHS)) {
		m->state = MEMBER_STOPPED;
	} else if (!expected && crew->replace && crew->hooks.work_left(crew->hooks.context, m)) {
		m->state = MEMBER_WAITING;
		sessions = SESSION_PENDING;
		m->respawn_ns = young ? now + (RESPAWN_FIRST_NS << (m->young_deaths - 1)) : now;
	}
	for (uint32_t s = 0; s < m->nsessions; s++)
		crew->session_state[m->first_session + s] = sessions;
}

/* The pipe first, then the verdict: what it wrote before its end is still there. */
static void member_exited(struct crew *crew, struct member *m, int64_t now)
{
	int status;
	char end[48], why[1100];

	if (m->state != MEMBER_LIVING || !spawn_reap(m->pid, &status, end))
		return;
	while (!m->chan.eof && !m->violated && read_member(crew, m, now))
		;
	bool expected = m->leaving && !m->violated && status == 0;
	if (m->cause[0])
		snprintf(why, sizeof why, "worker stopped (%s), %s", m->cause, end);
	else
		snprintf(why, sizeof why, "worker died, %s", end);
	/* Before what it had in its hands is counted as ended, too. */
	if (m->kind == MEMBER_WORKER && transactions_ended(crew, m) > m->ended_before)
		m->finished++;
	if (m->kind == MEMBER_WORKER)
		crew_judge(crew, m, why, now);
	crew->hooks.ended(crew->hooks.context, m, end, expected, now);
	close_member(crew, m);
	place(crew, m, expected, now);
}

static bool is_ours(void *context, pid_t pid)
{
	const struct crew *crew = context;

	for (uint32_t i = 0; i < crew->nworkers + 2; i++)
		if (crew->members[i].state == MEMBER_LIVING && crew->members[i].pid == pid)
			return true;
	return false;
}

void crew_events(struct crew *crew, const struct loop_event *events, size_t n, int64_t now)
{
	crew->taken_most = 0;
	for (size_t i = 0; i < n; i++) {
		if (events[i].kind == LOOP_SIGNAL || events[i].who >= crew->nworkers + 2)
			continue;
		struct member *m = &crew->members[events[i].who];
		if (events[i].kind == LOOP_READ)
			read_member(crew, m, now);
		else if (events[i].kind == LOOP_WRITE)
			flush_member(crew, m);
	}
	loop_took(crew->loop, crew->taken_most);
	/* Ends last: a pipe read above may hold what the ended one still said. */
	for (size_t i = 0; i < n; i++)
		if (events[i].kind == LOOP_EXIT && events[i].who < crew->nworkers + 2)
			member_exited(crew, &crew->members[events[i].who], now);
}

bool crew_drain(struct crew *crew, int64_t now)
{
	bool any = false;

	for (uint32_t i = 0; i < crew->nworkers; i++)
		while (read_member(crew, &crew->members[i], now))
			any = true;
	return any;
}

static void respawn(struct crew *crew, struct member *m, int64_t now)
{
	struct err err;
	char text[1200];

	if (!crew->replace || !crew->hooks.work_left(crew->hooks.context, m)) {
		m->state = MEMBER_ABSENT;
		for (uint32_t s = 0; s < m->nsessions; s++)
			crew->session_state[m->first_session + s] = SESSION_GAVE_UP;
		return;
	}
	if (crew_start(crew, m, now, &err)) {
		crew->replaced++;
		snprintf(text, sizeof text, "worker %u was %s (pid %d, generation %u)", m->worker + 1,
		        m->generation > 1 ? "replaced" : "started after all", (int)m->pid, m->generation);
		crew->hooks.event(crew->hooks.context, now, LEVEL_WARNING,
		        m->generation > 1 ? "worker replaced" : "worker started", text);
		return;
	}
	crew_start_later(crew, m, now, &err);
}

int64_t crew_step(struct crew *crew, int64_t now)
{
	int64_t next = CLOCK_NEVER;

	for (uint32_t i = 0; i < crew->nworkers; i++) {
		struct member *m = &crew->members[i];
		if (m->state == MEMBER_WAITING && m->respawn_ns <= now)
			respawn(crew, m, now);
		if (m->state == MEMBER_WAITING && m->respawn_ns < next)
			next = m->respawn_ns;
	}
	crew_watch(crew, now);
	spawn_reap_orphans(is_ours, crew);
	return next;
}

void crew_clear(struct crew *crew)
{
	for (uint32_t i = 0; crew->members && i < crew->nworkers + 2; i++) {
		struct member *m = &crew->members[i];
		if (m->state != MEMBER_LIVING)
			continue;
		if (m->parted) {
			spawn_leave(m->pid); /* it has said its last word and ends by itself */
		} else {
			kill(m->pid, SIGKILL);
			while (waitpid(m->pid, NULL, 0) < 0 && errno == EINTR)
				;
		}
		close_member(crew, m);
	}
	free(crew->members);
	free(crew->session_state);
	crew->members = NULL;
	crew->session_state = NULL;
}
