/*
 * loop: see loop.h. Only orchestrator/run* and crew* call it. Signals are blocked and read through a signalfd, so no
 * handler of ours runs; SIGINT and SIGHUP stay ignored when the caller ignored them (nohup, `sh -c 'cmd &'`).
 */
#include "orchestrator/loop.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "shared/buf.h"
#include "shared/clock.h"

/* A flood is more than FLOOD_BEGINS wake-ups in FLOOD_WINDOW_NS; it is over when even resting finds fewer. */
#define FLOOD_WINDOW_NS (10 * NS_PER_MS)
#define FLOOD_BEGINS 40
#define FLOOD_GOES_ON 5
#define REST_MOST_NS (1 * NS_PER_MS)
#define REST_LEAST_NS (REST_MOST_NS / 16)
/* A pipe holds 64 kB. One that is found half full during a rest was nearly full when the next one would end. */
#define MUCH (24u * 1024u)
#define LITTLE (8u * 1024u)

struct loop {
	int epoll;
	int signals;
	bool may_rest, flood;
	unsigned wakes; /* since window_ns */
	int64_t window_ns, woke_ns, rest_ns;
	sigset_t old_mask;
	struct sigaction old_child, old_pipe;
};

#define KEY(kind, who) ((uint64_t)(kind) << 32 | (who))

static bool ignored(int signal_number)
{
	struct sigaction old;
	return sigaction(signal_number, NULL, &old) == 0 && old.sa_handler == SIG_IGN;
}

/* With SIGCHLD ignored, as some callers leave it, the kernel would reap our children before us. */
static void take_signals(struct loop *loop, sigset_t *taken)
{
	static const int stops[] = {SIGINT, SIGTERM, SIGHUP};
	struct sigaction plain;

	memset(&plain, 0, sizeof plain);
	plain.sa_handler = SIG_DFL;
	sigaction(SIGCHLD, &plain, &loop->old_child);
	plain.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &plain, &loop->old_pipe);
	sigemptyset(taken);
	for (size_t i = 0; i < sizeof stops / sizeof *stops; i++)
		if (!ignored(stops[i]))
			sigaddset(taken, stops[i]);
	sigprocmask(SIG_BLOCK, taken, &loop->old_mask);
}

struct loop *loop_open(struct err *err)
{
	struct loop *loop = mem_zero(1, sizeof *loop);
	sigset_t taken;

	take_signals(loop, &taken);
	loop->rest_ns = REST_MOST_NS;
	loop->epoll = epoll_create1(EPOLL_CLOEXEC);
	loop->signals = signalfd(-1, &taken, SFD_CLOEXEC | SFD_NONBLOCK);
	if (loop->epoll < 0 || loop->signals < 0) {
		err_set(err, EXIT_USAGE, "cannot open a descriptor to wait on: %s: raise the limit with ulimit -n",
		        strerror(errno));
		loop_close(loop);
		return NULL;
	}
	if (!loop_add(loop, loop->signals, LOOP_SIGNAL, 0, err)) {
		loop_close(loop);
		return NULL;
	}
	return loop;
}

void loop_close(struct loop *loop)
{
	if (!loop)
		return;
	if (loop->signals >= 0)
		close(loop->signals);
	if (loop->epoll >= 0)
		close(loop->epoll);
	sigprocmask(SIG_SETMASK, &loop->old_mask, NULL);
	sigaction(SIGCHLD, &loop->old_child, NULL);
	sigaction(SIGPIPE, &loop->old_pipe, NULL);
	free(loop);
}

bool loop_add(struct loop *loop, int fd, enum loop_kind kind, uint32_t who, struct err *err)
{
	struct epoll_event event = {.events = kind == LOOP_WRITE ? EPOLLOUT : EPOLLIN, .data.u64 = KEY(kind, who)};

	if (epoll_ctl(loop->epoll, EPOLL_CTL_ADD, fd, &event) != 0)
		return err_set(err, EXIT_USAGE, "cannot wait on a descriptor: %s", strerror(errno));
	return true;
}

void loop_remove(struct loop *loop, int fd)
{
	epoll_ctl(loop->epoll, EPOLL_CTL_DEL, fd, NULL);
}

static int until_ms(int64_t until_ns, int64_t now)
{
	if (until_ns <= now)
		return 0;
	int64_t left = until_ns - now;
	if (left > NS_PER_S * 1000)
		return 1000 * 1000;
	return (int)((left + NS_PER_MS - 1) / NS_PER_MS);
}

/* Each pending signal becomes an event; storms coalesce in the kernel. */
static size_t read_signals(struct loop *loop, struct loop_event *events, size_t room)
{
	struct signalfd_siginfo info;
	size_t n = 0;

	while (n < room && read(loop->signals, &info, sizeof info) == (ssize_t)sizeof info)
		events[n++] = (struct loop_event){LOOP_SIGNAL, info.ssi_signo};
	return n;
}

void loop_may_rest(struct loop *loop, bool may)
{
	loop->may_rest = may;
}

void loop_took(struct loop *loop, size_t bytes)
{
	if (bytes >= MUCH && loop->rest_ns > REST_LEAST_NS)
		loop->rest_ns /= 2;
	else if (bytes < LITTLE && loop->rest_ns < REST_MOST_NS)
		loop->rest_ns *= 2;
}

/* Messages that come one by one cost a wake-up each, on both sides: of us, and of the writer who must cause it. While
 * they flood in they are taken together once in a millisecond: who writes into a pipe that nobody waits on goes on at
 * once, and the CPU is left to those who work. */
static void rest(const struct loop *loop, int64_t until_ns)
{
	int64_t end = loop->woke_ns + loop->rest_ns;

	if (!loop->flood || !loop->may_rest)
		return;
	if (end > until_ns)
		end = until_ns;
	struct timespec at = {.tv_sec = end / NS_PER_S, .tv_nsec = end % NS_PER_S};
	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL); /* cut short is no harm */
}

static void count_wake(struct loop *loop, int64_t now)
{
	int64_t window = now - loop->window_ns;

	loop->woke_ns = now;
	loop->wakes++;
	if (window < FLOOD_WINDOW_NS)
		return;
	loop->flood = loop->wakes * FLOOD_WINDOW_NS >= (loop->flood ? FLOOD_GOES_ON : FLOOD_BEGINS) * window;
	loop->wakes = 0;
	loop->window_ns = now;
}

size_t loop_wait(struct loop *loop, int64_t until_ns, struct loop_event *events, size_t most, int64_t *now)
{
	struct epoll_event got[128];
	size_t n = 0, room = most < 128 ? most : 128;

	rest(loop, until_ns);
	/* A signal may become several events; keep a place for each of the three. */
	int count = epoll_wait(loop->epoll, got, room > 4 ? (int)room - 3 : 1, until_ms(until_ns, clock_now_ns()));

	*now = clock_now_ns();
	count_wake(loop, *now);
	for (int i = 0; i < count; i++) {
		enum loop_kind kind = (enum loop_kind)(got[i].data.u64 >> 32);
		if (kind == LOOP_SIGNAL)
			n += read_signals(loop, events + n, most - n);
		else if (n < most)
			events[n++] = (struct loop_event){kind, (uint32_t)got[i].data.u64};
	}
	return n;
}

int64_t loop_clock(const struct loop *loop)
{
	(void)loop;
	return clock_now_ns();
}
