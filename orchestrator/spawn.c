/*
 * spawn: see spawn.h. Only orchestrator/crew and tests call it.
 *
 * O_CLOEXEC does not act on fork, and a sibling's copy of a pipe end keeps EOF from ever arriving: hence close_range as
 * a first act. stdio is flushed before the fork and children leave by _exit, else buffered output appears twice.
 */
#include "orchestrator/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "shared/clock.h"

#define LEAVE_MS 1000

#if defined(__SANITIZE_ADDRESS__)
#define WITH_LSAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WITH_LSAN 1
#endif
#endif
#ifdef WITH_LSAN
#include <sanitizer/lsan_interface.h>
#endif

extern void __gcov_dump(void) __attribute__((weak));

/* _exit skips what these do at exit. */
static void leave(int status)
{
#ifdef WITH_LSAN
	if (__lsan_do_recoverable_leak_check() != 0 && status == 0)
		status = 23;
#endif
	if (__gcov_dump)
		__gcov_dump();
	_exit(status);
}

static void close_between(unsigned first, unsigned last)
{
	if (first > last)
		return;
	if (close_range(first, last, 0) == 0)
		return;
	long most = sysconf(_SC_OPEN_MAX);
	for (unsigned fd = first; fd <= last && (long)fd < most; fd++)
		close((int)fd);
}

static void close_all_but(int a, int b)
{
	unsigned low = (unsigned)(a < b ? a : b), high = (unsigned)(a < b ? b : a);

	close_between(3, low - 1);
	close_between(low + 1, high - 1);
	close_between(high + 1, ~0u);
}

static void reset_signals(void)
{
	struct sigaction plain;
	sigset_t none;

	memset(&plain, 0, sizeof plain);
	plain.sa_handler = SIG_DFL;
	for (int s = 1; s < NSIG; s++)
		if (s != SIGKILL && s != SIGSTOP)
			sigaction(s, &plain, NULL);
	plain.sa_handler = SIG_IGN; /* a dead parent is met as EPIPE */
	sigaction(SIGPIPE, &plain, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* The kernel shall take a worker and not the parent. The file can be written only while the process is dumpable. */
static void prefer_for_oom(void)
{
	int dumpable = prctl(PR_GET_DUMPABLE);

	prctl(PR_SET_DUMPABLE, 1);
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	if (fd >= 0) {
		ssize_t ignored = write(fd, "500", 3); /* not allowed: then not */
		(void)ignored;
		close(fd);
	}
	prctl(PR_SET_DUMPABLE, dumpable == 1 ? 1 : 0);
}

static void child(spawn_body *body, void *argument, pid_t parent, pid_t group, int read_fd, int write_fd)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	close_all_but(read_fd, write_fd);
	reset_signals();
	if (setpgid(0, group) != 0)
		setpgid(0, 0);
	prefer_for_oom();
	leave(body(argument, read_fd, write_fd));
}

static void close_pipe(int pipe_fds[2])
{
	for (int i = 0; i < 2; i++)
		if (pipe_fds[i] >= 0)
			close(pipe_fds[i]);
}

static bool open_pipes(int down[2], int up[2], struct err *err)
{
	down[0] = down[1] = up[0] = up[1] = -1;
	if (pipe2(down, O_CLOEXEC) == 0 && pipe2(up, O_CLOEXEC) == 0 && fcntl(down[1], F_SETFL, O_NONBLOCK) == 0 &&
	        fcntl(up[0], F_SETFL, O_NONBLOCK) == 0)
		return true;
	int reason = errno;
	close_pipe(down);
	close_pipe(up);
	return err_set(err, EXIT_USAGE,
	        "cannot open the pipes of a worker: %s: raise the limit with ulimit -n, or "
	        "use fewer sessions (-c) or -j",
	        strerror(reason));
}

bool spawn(spawn_body *body, void *argument, pid_t group, struct spawned *out, struct err *err)
{
	int down[2], up[2];
	pid_t parent = getpid();

	if (!open_pipes(down, up, err))
		return false;
	fflush(NULL);
	out->forked_ns = clock_now_ns();
	pid_t pid = fork();
	if (pid == 0)
		child(body, argument, parent, group, down[0], up[1]);
	int reason = errno;
	close(down[0]);
	close(up[1]);
	if (pid < 0) {
		close(down[1]);
		close(up[0]);
		return err_set(err, EXIT_USAGE,
		        "cannot start a worker process: %s: raise ulimit -u or the pids limit of the cgroup, or use "
		        "fewer processes (-j)",
		        strerror(reason));
	}
	setpgid(pid, group); /* on both sides: whoever comes first */
	out->pid = pid;
	out->write_fd = down[1];
	out->read_fd = up[0];
	out->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (out->pidfd >= 0)
		return true;
	reason = errno;
	kill(pid, SIGKILL); /* our own child, not reaped: the number is still its own */
	waitpid(pid, NULL, 0);
	close(down[1]);
	close(up[0]);
	return err_set(err, EXIT_USAGE, "cannot watch a worker process: %s", strerror(reason));
}

bool spawn_reap(pid_t pid, int *status, char text[48])
{
	int got;
	pid_t answer;

	do
		answer = waitpid(pid, &got, WNOHANG);
	while (answer < 0 && errno == EINTR);
	if (answer == 0)
		return false;
	*status = answer == pid ? got : -1;
	/* Signals first: a status word of a signalled child also has an exit code of 0. */
	if (answer != pid)
		snprintf(text, 48, "gone");
	else if (WIFSIGNALED(got))
		snprintf(text, 48, "signal %d", WTERMSIG(got));
	else
		snprintf(text, 48, "exit %d", WEXITSTATUS(got));
	return true;
}

static pid_t leaving[8];
static unsigned nleaving;

void spawn_leave(pid_t pid)
{
	if (nleaving == sizeof leaving / sizeof *leaving)
		spawn_collect();
	leaving[nleaving++] = pid;
}

static bool is_leaving(pid_t pid)
{
	for (unsigned i = 0; i < nleaving; i++)
		if (leaving[i] == pid)
			return true;
	return false;
}

void spawn_collect(void)
{
	while (nleaving > 0) {
		pid_t pid = leaving[--nleaving];
		struct pollfd end = {.fd = (int)syscall(SYS_pidfd_open, pid, 0), .events = POLLIN};

		poll(&end, 1, end.fd >= 0 ? LEAVE_MS : 0);
		kill(pid, SIGKILL); /* ours and not waited for: it cannot be another process by now */
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
		if (end.fd >= 0)
			close(end.fd);
	}
}

void spawn_reap_orphans(bool (*known)(void *context, pid_t pid), void *context)
{
	siginfo_t info;

	if (getpid() != 1)
		return;
	for (int i = 0; i < 100; i++) {
		memset(&info, 0, sizeof info);
		if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == 0 ||
		        known(context, info.si_pid) || is_leaving(info.si_pid))
			return;
		waitpid(info.si_pid, NULL, WNOHANG);
	}
}

#ifdef PGPARALLEL_TEST_HOOKS
void spawn_plant(const char *point)
{
	const char *plant = getenv("PGPARALLEL_PLANT");
	size_t len = strlen(point);
	int64_t ns;

	if (!plant || strncmp(plant, point, len) != 0 || plant[len] != ':' || !clock_parse(plant + len + 1, &ns))
		return;
	struct timespec left = {ns / NS_PER_S, ns % NS_PER_S};
	while (nanosleep(&left, &left) != 0 && errno == EINTR)
		;
}
#else
void spawn_plant(const char *point)
{
	(void)point;
}
#endif
