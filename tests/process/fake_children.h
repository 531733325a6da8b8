/*
 * fake_children: a worker and an observer that speak the protocol and run nothing, so that the parent can be tested
 * against children that die, lie or fall silent at a chosen moment. Included by one test program.
 */
#ifndef TESTS_FAKE_CHILDREN_H
#define TESTS_FAKE_CHILDREN_H

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "orchestrator/run_state.h"
#include "shared/clock.h"

enum moment { AT_START, AT_COUNTED, AT_TAKEN, AT_SENT, AT_SAFE, AT_RESULT, AT_REPORTED };

struct fake {
	struct assignment *a;
	struct chan *chan;
	struct slot *slot; /* of the session it drives: a fake worker has one */
	uint32_t ticket, try_no;
	struct attempt attempt; /* AT_RESULT: may be changed */
	enum stop_mode stop;
};

/* What a test makes of it: called at every moment of every ticket. */
typedef void fake_behaviour(struct fake *f, enum moment moment);
static fake_behaviour *behaviour;
static bool early_death; /* the first worker dies before the preflight has passed */
static bool (*observer_behaviour)(struct chan *chan); /* true: it did everything, leave */

static void fake_send(struct chan *chan, struct buf *body)
{
	struct err err;

	chan_write(chan, body->data, body->len);
	if (!chan_flush(chan, &err))
		_exit(9);
	buf_free(body);
}

static void fake_wait(struct chan *chan)
{
	struct pollfd p = {.fd = chan->read_fd, .events = POLLIN};
	struct err err;

	poll(&p, 1, -1);
	if (!chan_read(chan, &err) || chan->eof)
		_exit(9);
}

static void fake_moment(struct fake *f, enum moment moment)
{
	atomic_store(&f->slot->heartbeat_ns, clock_now_ns());
	if (behaviour)
		behaviour(f, moment);
}

static void fake_stage(struct fake *f, enum slot_stage stage)
{
	bool has = stage == SLOT_TAKEN || stage == SLOT_SENT || stage == SLOT_SAFE || stage == SLOT_HELD;

	atomic_store(&f->slot->ticket, has ? f->ticket : SLOT_NO_TICKET);
	atomic_store(&f->slot->try_no, has ? f->try_no : 0);
	slot_stage(f->slot, stage, clock_now_ns());
}

static void fake_run(struct fake *f)
{
	struct buf body = {0};

	atomic_store(&f->slot->taken_ns, clock_now_ns());
	fake_stage(f, SLOT_TAKEN);
	fake_moment(f, AT_TAKEN);
	fake_stage(f, SLOT_SAFE);
	fake_moment(f, AT_SAFE);
	atomic_store(&f->slot->sent_ns, clock_now_ns());
	fake_stage(f, SLOT_SENT);
	fake_moment(f, AT_SENT);
	int64_t now = clock_now_ns();
	f->attempt = (struct attempt){.ticket = f->ticket,
	        .try_no = f->try_no,
	        .session = f->a->first_session,
	        .worker = f->a->worker,
	        .generation = f->a->generation,
	        .backend_pid = 4000 + (int)f->a->worker,
	        .outcome = OUTCOME_DONE,
	        .statements = 1,
	        .rows = 1,
	        .taken_ns = now,
	        .released_ns = now,
	        .sent_ns = now,
	        .first_ns = now,
	        .done_ns = now};
	fake_moment(f, AT_RESULT);
	msg_put_results(&body, &f->attempt, 1);
	fake_send(f->chan, &body);
	fake_moment(f, AT_REPORTED);
	fake_stage(f, SLOT_READY);
}

static void fake_done(struct fake *f, enum msg_type type)
{
	struct buf body = {0};

	msg_put_done(&body, type, &(struct msg_done){f->a->worker, f->a->generation});
	fake_send(f->chan, &body);
}

/* Takes what the parent said; runs retries at once. False: leave. */
static bool fake_hear(struct fake *f, bool *go, bool *idle)
{
	const unsigned char *body;
	size_t len;
	enum msg_type type;
	struct msg_retry retry;
	struct msg_stop stop;

	while (chan_next(f->chan, &body, &len)) {
		if (!msg_type_of(body, len, &type))
			_exit(8);
		if (type == MSG_GO)
			*go = true;
		if (type == MSG_STOP && msg_get_stop(body, len, &stop))
			f->stop = stop.mode;
		if (f->stop >= STOP_NOW)
			return false;
		if (type != MSG_RETRY || !msg_get_retry(body, len, &retry))
			continue;
		if (*idle)
			fake_done(f, MSG_BUSY);
		*idle = false;
		f->ticket = retry.ticket;
		f->try_no = retry.try_no;
		fake_run(f);
	}
	return true;
}

static void fake_usage(struct chan *chan)
{
	struct buf body = {0};

	msg_put_usage(&body, &(struct msg_usage){.user_us = 1, .system_us = 1, .max_rss_kb = 1});
	fake_send(chan, &body);
}

static void fake_begin(struct fake *f)
{
	struct buf body = {0};
	int64_t now = clock_now_ns();
	struct session_report report = {.session = f->a->first_session,
	        .worker = f->a->worker,
	        .generation = f->a->generation,
	        .connect_no = 1,
	        .connected = true,
	        .backend_pid = 4000,
	        .start_ns = now,
	        .ready_ns = now};

	atomic_store(&f->slot->generation, f->a->generation);
	atomic_store(&f->slot->worker_pid, (int32_t)getpid());
	atomic_store(&f->slot->backend_pid, 4000 + (int32_t)f->a->worker % 1000);
	msg_put_hello(&body, &(struct msg_hello){f->a->worker, f->a->generation, (int32_t)getpid(), now});
	fake_send(f->chan, &body);
	fake_moment(f, AT_START);
	fake_stage(f, SLOT_READY);
	msg_put_session(&body, &report);
	fake_send(f->chan, &body);
}

static int fake_worker(struct assignment *a)
{
	struct fake f = {.a = a, .chan = &a->chan, .slot = shm_slot(a->shm, a->first_session)};
	bool go = a->replacement, idle = false, taken = false;
	uint64_t position = 0;

	if (early_death && a->early && a->worker == 0)
		_exit(7);
	while (a->early && !atomic_load(&a->shm->told) && f.stop == STOP_NONE) {
		fake_wait(f.chan);
		if (!fake_hear(&f, &go, &idle))
			return 0;
	}
	fake_begin(&f);
	for (;;) {
		if (!fake_hear(&f, &go, &idle))
			break;
		if (f.stop != STOP_NONE && !idle) {
			taken = false;
			fake_stage(&f, SLOT_READY);
			fake_done(&f, MSG_DONE);
			idle = true;
		}
		if (!go || idle) {
			fake_wait(f.chan);
			continue;
		}
		if (a->special && !taken) {
			f.ticket = UINT32_MAX;
			f.try_no = 1;
			taken = true;
			fake_run(&f);
			continue;
		}
		if (!taken && !a->special) {
			position = atomic_fetch_add(&a->shm->next, 1);
			taken = true;
			fake_moment(&f, AT_COUNTED);
		}
		if (a->special || position >= a->shm->npositions) {
			taken = a->special != NULL;
			fake_done(&f, MSG_DONE);
			idle = true;
			continue;
		}
		f.ticket = a->todo[position];
		f.try_no = 1;
		if (position >= atomic_load(&a->shm->limit)) {
			fake_stage(&f, SLOT_HELD);
			if (position >= atomic_load(&a->shm->limit)) {
				fake_wait(f.chan);
				continue;
			}
		}
		taken = false;
		if (!atomic_load(shm_skip(a->shm, a->plan->tickets[f.ticket].task)))
			fake_run(&f);
	}
	fake_usage(f.chan);
	return 0;
}

static void fake_facts(struct chan *chan)
{
	struct server_facts *facts = mem_zero(1, sizeof *facts);
	struct buf body = {0};

	snprintf(facts->host, sizeof facts->host, "/tmp");
	snprintf(facts->version, sizeof facts->version, "PostgreSQL 15.0");
	facts->version_num = 150000;
	facts->direct = true;
	facts->max_connections = 100;
	facts->start_ns = facts->ready_ns = clock_now_ns();
	msg_put_facts(&body, facts);
	fake_send(chan, &body);
	free(facts);
}

static int fake_observer(struct observation *o)
{
	const unsigned char *body;
	size_t len;
	enum msg_type type;
	struct msg_backend backend;
	struct msg_stop stop;
	struct buf out = {0};

	if (observer_behaviour && observer_behaviour(&o->chan))
		return 2;
	fake_facts(&o->chan);
	for (;;) {
		fake_wait(&o->chan);
		while (chan_next(&o->chan, &body, &len)) {
			if (!msg_type_of(body, len, &type))
				return 8;
			if (type == MSG_SWEEP) {
				msg_put_swept(&out, &(struct msg_swept){.connected = true, .samples = 1});
				fake_send(&o->chan, &out);
				fake_usage(&o->chan);
				return 0;
			}
			if (type == MSG_STOP && msg_get_stop(body, len, &stop) && stop.mode >= STOP_NOW)
				return 0;
			if (type == MSG_TERMINATE && msg_get_backend(body, len, type, &backend)) {
				msg_put_gone(&out, &(struct msg_gone){backend.token, true});
				fake_send(&o->chan, &out);
			}
		}
	}
}

#endif
