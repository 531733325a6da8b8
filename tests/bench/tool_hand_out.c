/*
 * tool_hand_out: handing out tickets without SQL behind them, with the code that hands them out in a run: four worker
 * processes take tickets (worker/pick), and tell the parent of each by a batched message (worker/record) that the
 * parent reads, decodes and checks: every ticket exactly once.
 *
 * tool_hand_out TICKETS SESSIONS tell|keep: SESSIONS a lane, so many are told of in one message; with keep nothing is
 * told and the slots' counters are the answer. Prints "tickets = N" and "tps = R".
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "orchestrator/loop.h"
#include "shared/buf.h"
#include "shared/chan.h"
#include "shared/clock.h"
#include "shared/msg.h"
#include "worker/pick.h"
#include "worker/record.h"

#define LANES 4

struct bench {
	struct plan plan;
	struct task task;
	uint32_t *todo;
	struct shm *shm;
	uint32_t sessions;
	bool tell;
	struct loop *loop;
	size_t taken; /* from the fullest pipe */
	struct chan chans[LANES];
	pid_t pids[LANES];
	unsigned char *seen;
	uint32_t told;
};

static void die(const char *what)
{
	fprintf(stderr, "tool_hand_out: %s\n", what);
	exit(1);
}

static void send_frame(void *to, const void *body, size_t len)
{
	struct chan *chan = to;
	struct err err;

	chan_write(chan, body, len);
	if (!chan_flush(chan, &err))
		_exit(1);
}

/* One round of a lane: each session takes a ticket, "runs" it, and all are told of in one message. */
static uint32_t round_of(struct bench *b, struct pick *pick, struct record *record, uint32_t lane, int64_t now)
{
	uint32_t taken = 0;

	for (uint32_t s = 0; s < b->sessions; s++) {
		uint32_t session = lane * b->sessions + s;
		struct slot *slot = shm_slot(b->shm, session);
		struct picked picked;

		if (pick_next(pick, &picked) != PICK_TAKEN)
			break;
		taken++;
		if (!b->tell) {
			atomic_fetch_add_explicit(&slot->done, 1, memory_order_relaxed);
			continue;
		}
		record_attempt(record, slot,
		        &(struct attempt){.ticket = picked.ticket,
		                .try_no = picked.try_no,
		                .session = session,
		                .worker = lane,
		                .generation = 1,
		                .outcome = OUTCOME_DONE,
		                .statements = 1,
		                .rows = 1,
		                .taken_ns = now,
		                .released_ns = now,
		                .sent_ns = now,
		                .first_ns = now,
		                .done_ns = now});
	}
	record_flush(record);
	for (uint32_t i = 0; i < taken; i++)
		pick_drop(pick);
	return taken;
}

static void lane_body(struct bench *b, uint32_t lane, int write_fd)
{
	struct pick pick;
	struct record record;
	struct chan chan;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	chan_init(&chan, -1, write_fd);
	pick_init(&pick, &b->plan, b->todo, b->shm, false);
	record_init(&record, b->sessions, send_frame, &chan);
	while (atomic_load(&b->shm->go_ns) == 0)
		usleep(100);
	while (round_of(b, &pick, &record, lane, b->tell ? clock_now_ns() : 0) > 0)
		;
	_exit(0);
}

static void begin(struct bench *b, uint32_t tickets)
{
	struct err err;

	b->plan = (struct plan){.tasks = &b->task, .ntasks = 1, .ntickets = tickets};
	b->plan.tickets = mem_zero(tickets, sizeof *b->plan.tickets);
	b->todo = mem_zero(tickets, sizeof *b->todo);
	b->seen = mem_zero(tickets, 1);
	for (uint32_t i = 0; i < tickets; i++)
		b->todo[i] = i;
	b->shm = shm_map(LANES * b->sessions, tickets, 1, &err);
	if (b->shm == NULL)
		die(err.text);
	for (uint32_t lane = 0; lane < LANES; lane++) {
		int fds[2];

		if (pipe(fds) != 0 || (b->pids[lane] = fork()) < 0)
			die("no more processes or pipes");
		if (b->pids[lane] == 0) {
			close(fds[0]);
			lane_body(b, lane, fds[1]);
		}
		close(fds[1]);
		fcntl(fds[0], F_SETFL, O_NONBLOCK);
		chan_init(&b->chans[lane], fds[0], -1);
	}
	b->loop = loop_open(&err);
	if (b->loop == NULL)
		die(err.text);
	loop_may_rest(b->loop, true);
	for (uint32_t lane = 0; lane < LANES; lane++)
		if (!loop_add(b->loop, b->chans[lane].read_fd, LOOP_READ, lane, &err))
			die(err.text);
}

static void take(struct bench *b, const unsigned char *body, size_t len)
{
	struct msg_results results;

	if (!msg_get_results(body, len, &results))
		die("a message that cannot be read");
	for (size_t i = 0; i < results.count; i++) {
		uint32_t ticket = results.attempts[i].ticket;

		if (ticket >= b->plan.ntickets || b->seen[ticket]++)
			die("a ticket came twice, or was never handed out");
		b->told++;
	}
	msg_results_free(&results);
}

static void hear_one(struct bench *b, uint32_t lane)
{
	struct chan *chan = &b->chans[lane];
	const unsigned char *body;
	struct err err;
	size_t len;

	if (!chan_read(chan, &err))
		die(err.text);
	if (chan->in.len > b->taken)
		b->taken = chan->in.len;
	while (chan_next(chan, &body, &len))
		take(b, body, len);
}

/* As the parent of a run does it: all tickets are released, so it may rest while results flood in. Until the last lane
 * has closed its pipe. */
static void hear(struct bench *b)
{
	struct loop_event events[LANES];
	uint32_t open = LANES;
	int64_t now;

	while (open > 0) {
		loop_took(b->loop, b->taken);
		b->taken = 0;
		size_t n = loop_wait(b->loop, clock_now_ns() + NS_PER_S, events, LANES, &now);

		for (size_t i = 0; i < n; i++) {
			if (events[i].kind != LOOP_READ)
				die("stopped");
			hear_one(b, events[i].who);
			if (b->chans[events[i].who].eof) {
				loop_remove(b->loop, b->chans[events[i].who].read_fd);
				open--;
			}
		}
	}
}

int main(int argc, char **argv)
{
	struct bench b = {0};
	uint32_t counted = 0;
	int64_t began;

	if (argc != 4)
		die("tool_hand_out TICKETS SESSIONS tell|keep");
	b.sessions = (uint32_t)strtoul(argv[2], NULL, 10);
	b.tell = strcmp(argv[3], "tell") == 0;
	begin(&b, (uint32_t)strtoul(argv[1], NULL, 10));
	atomic_store(&b.shm->limit, b.plan.ntickets);
	began = clock_now_ns();
	atomic_store(&b.shm->go_ns, began);
	hear(&b);
	double seconds = (double)(clock_now_ns() - began) / 1e9;
	for (int i = 0; i < LANES; i++)
		waitpid(b.pids[i], NULL, 0);
	for (uint32_t s = 0; s < LANES * b.sessions; s++)
		counted += atomic_load(&shm_slot(b.shm, s)->done);
	if (counted != b.plan.ntickets || (b.tell && b.told != counted))
		die("not every ticket was handed out");
	printf("tickets = %u\ntps = %.0f\n", counted, counted / seconds);
	return 0;
}
