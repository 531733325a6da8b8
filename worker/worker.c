/*
 * worker: a child process that runs tickets: its control side. It says HELLO, lays its sessions on lanes, obeys what
 * comes down the pipe, says DONE when nothing is left, and measures itself before it goes.
 *
 * The parent's spawner calls worker_main in a fresh child and _exits with its answer.
 */
#include "worker/worker_private.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "shared/buf.h"
#include "shared/clock.h"
#include "worker/usage.h"

/* Caller holds w->lock. */
static void send_locked(struct worker *w, const void *body, size_t len)
{
	struct err err;

	if (atomic_load(&w->leave) && w->parent_gone)
		return;
	chan_write(&w->a->chan, body, len);
	if (!chan_flush(&w->a->chan, &err)) {
		w->parent_gone = true;
		atomic_store(&w->leave, true);
	}
}

void worker_send(void *to, const void *body, size_t len)
{
	struct worker *w = to;

	pthread_mutex_lock(&w->lock);
	send_locked(w, body, len);
	pthread_mutex_unlock(&w->lock);
}

/* Caller holds w->lock. */
static void send_plain(struct worker *w, enum msg_type type)
{
	struct buf body = {0};

	msg_put_done(&body, type, &(struct msg_done){.worker = w->a->worker, .generation = w->a->generation});
	send_locked(w, body.data, body.len);
	buf_free(&body);
}

void worker_fatal(struct worker *w, int code, const char *sqlstate, const char *text)
{
	struct buf body = {0};
	struct msg_fatal fatal = {.code = code, .text = (char *)(uintptr_t)text};

	snprintf(fatal.sqlstate, sizeof fatal.sqlstate, "%s", sqlstate);
	msg_put_fatal(&body, &fatal);
	worker_send(w, body.data, body.len);
	buf_free(&body);
	w->exit_code = code;
	atomic_store(&w->leave, true);
}

static void take_retry(struct worker *w, const struct msg_retry *retry)
{
	/* Under the lock that DONE is sent under: the parent hears BUSY, then the ticket's result, then DONE. */
	pthread_mutex_lock(&w->lock);
	if (w->done_sent)
		send_plain(w, MSG_BUSY);
	w->done_sent = w->measured = false;
	pick_push(&w->pick, retry);
	pthread_mutex_unlock(&w->lock);
}

static bool obey(struct worker *w, const unsigned char *body, size_t len)
{
	enum msg_type type;
	struct msg_retry retry;
	struct msg_stop stop;

	if (!msg_type_of(body, len, &type))
		return false;
	switch (type) {
	case MSG_GO:
	case MSG_RELEASE:
		return true; /* what they are about stands in shared memory; being woken is all */
	case MSG_RETRY:
		if (!msg_get_retry(body, len, &retry) || retry.ticket >= w->a->plan->ntickets)
			return false;
		take_retry(w, &retry);
		return true;
	case MSG_STOP:
		if (!msg_get_stop(body, len, &stop))
			return false;
		pick_tell_stop(&w->pick, stop.mode);
		return true;
	default:
		return false;
	}
}

void worker_control(struct worker *w)
{
	const unsigned char *body;
	size_t len;
	struct err err;

	if (!chan_read(&w->a->chan, &err)) {
		worker_fatal(w, EXIT_TASKS, "", err.text);
		return;
	}
	while (chan_next(&w->a->chan, &body, &len)) {
		if (!obey(w, body, len)) {
			worker_fatal(w, EXIT_TASKS, "", "the worker was sent a message it does not know");
			return;
		}
	}
	if (w->a->chan.eof) {
		w->parent_gone = true;
		atomic_store(&w->leave, true);
	}
}

static bool begun(const struct worker *w)
{
	return w->a->special || atomic_load(&w->a->shm->go_ns) != 0 || pick_stop(&w->pick) != STOP_NONE;
}

/* All sessions have ended and the run goes on without them: say why. */
static void check_all_closed(struct worker *w, struct lane *lane)
{
	uint32_t more = lane->closed - lane->closed_told;

	if (more == 0)
		return;
	lane->closed_told = lane->closed;
	if (atomic_fetch_add(&w->closed, more) + more == w->a->nsessions && lane->gave_up &&
	        pick_stop(&w->pick) == STOP_NONE)
		worker_fatal(w, EXIT_CONNECT, lane->gave_up->report.sqlstate, lane->gave_up->message);
}

static void measure(struct worker *w)
{
	usage_read(&w->usage);
	if (!w->a->special)
		usage_backends(&w->usage, w->a->shm, w->a->first_session, w->a->nsessions);
	w->measured = true;
}

void worker_settle(struct worker *w, struct lane *lane)
{
	check_all_closed(w, lane);
	if (atomic_load_explicit(&w->pick.in_hand, memory_order_relaxed) != 0 || !begun(w) || !pick_idle(&w->pick))
		return;
	pthread_mutex_lock(&w->lock);
	if (!w->done_sent && pick_idle(&w->pick)) {
		w->done_sent = true;
		send_plain(w, MSG_DONE);
		/* While the parent hears it: later there would be a session's end and a process's that wait for this.
		 */
		measure(w);
	}
	pthread_mutex_unlock(&w->lock);
}

static void send_usage(struct worker *w)
{
	struct buf body = {0};

	if (!w->measured)
		measure(w);
	msg_put_usage(&body, &w->usage);
	worker_send(w, body.data, body.len);
	buf_free(&body);
}

/* A worker that was forked while the observer connected learns here what the observer found. */
static bool await_server(struct worker *w)
{
	const struct shm_server *server = &w->a->shm->server;
	struct target *target = &w->a->target;

	if (!lane_await_server(w))
		return false;
	if (server->host[0])
		target->resolved_host = server->host;
	if (server->hostaddr[0])
		target->resolved_hostaddr = server->hostaddr;
	if (server->port[0])
		target->resolved_port = server->port;
	target->direct = server->direct;
	target->server_version = server->version;
	if (server->hush_passfile)
		setenv("PGPASSFILE", PASSFILE_NONE, 1);
	return true;
}

static void say_hello(struct worker *w)
{
	struct buf body = {0};

	msg_put_hello(&body, &(struct msg_hello){.worker = w->a->worker,
	                             .generation = w->a->generation,
	                             .pid = getpid(),
	                             .born_ns = clock_now_ns()});
	worker_send(w, body.data, body.len);
	buf_free(&body);
}

/* The first nsessions mod nlanes lanes carry one more. */
static void lay_out(struct worker *w)
{
	uint32_t each = w->a->nsessions / w->nlanes, more = w->a->nsessions % w->nlanes, first = 0;

	/* Not cleared: session_init does it, and the room for error texts costs no memory until there is one. */
	w->sessions = mem_alloc(w->a->nsessions * sizeof *w->sessions);
	w->lanes = mem_zero(w->nlanes, sizeof *w->lanes);
	for (uint32_t i = 0; i < w->nlanes; i++) {
		uint32_t count = each + (i < more);
		int wake = w->nlanes == 1 ? w->a->chan.read_fd : eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

		lane_init(&w->lanes[i], w, i, first, count, wake);
		first += count;
	}
	if (w->nlanes > 1)
		w->control_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
}

static void clear(struct worker *w)
{
	for (uint32_t i = 0; i < w->nlanes; i++) {
		lane_clear(&w->lanes[i]);
		if (w->nlanes > 1)
			close(w->lanes[i].wake_fd);
	}
	if (w->control_fd >= 0)
		close(w->control_fd);
	free(w->lanes);
	free(w->sessions);
	pick_clear(&w->pick);
	pthread_mutex_destroy(&w->lock);
	chan_close(&w->a->chan);
}

int worker_main(struct assignment *a)
{
	struct worker w = {.a = a, .nlanes = a->nlanes > 0 ? a->nlanes : 1, .control_fd = -1};

	signal(SIGPIPE, SIG_IGN); /* a parent that is gone shows as EPIPE */
	pthread_mutex_init(&w.lock, NULL);
	pick_init(&w.pick, a->plan, a->todo, a->shm, a->special != NULL);
	if (a->plan->scripts && !a->special)
		pick_hold(&w.pick, a->nsessions); /* a loop each */
	hooks_read(&w);
	if (a->early && !await_server(&w)) {
		pick_clear(&w.pick);
		return w.exit_code;
	}
	say_hello(&w);
	hooks_before_connect(&w);
	lay_out(&w);
	if (w.nlanes == 1)
		lane_run(&w.lanes[0]);
	else
		lanes_run_threads(&w);
	if (w.parent_gone)
		return w.exit_code; /* at once, as nobody listens; other threads may still be running */
	if (w.exit_code == 0)
		send_usage(&w);
	clear(&w);
	return w.exit_code;
}
