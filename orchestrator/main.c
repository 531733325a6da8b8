/*
 * main: the process's edge: what must hold before anything else (descriptors, signals, secrets), the command, and what
 * must hold at the end (everything written was written; a signal that ended the run is raised again).
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "orchestrator/cmd.h"
#include "shared/log.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || defined(PGPARALLEL_TEST_HOOKS)
#define DEBUG_BUILD 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define DEBUG_BUILD 1
#endif
#endif

/* A file opened later must not become standard output or error by getting a low number. What is missing becomes
 * /dev/null: standard output for reading only, so that results that go nowhere are an error and no success. */
static void fill_descriptors(void)
{
	for (int fd = 0; fd <= 2; fd++) {
		if (fcntl(fd, F_GETFD) >= 0 || errno != EBADF)
			continue;
		if (open("/dev/null", fd == STDERR_FILENO ? O_WRONLY : O_RDONLY) != fd)
			_exit(EXIT_USAGE);
	}
}

/* With SIGCHLD ignored, children could not be waited for; a blocked signal would never arrive. SIGINT, SIGQUIT and
 * SIGHUP stay ignored if they came so (nohup, a shell's `&`). */
static void reset_signals(void)
{
	sigset_t none;
	sigemptyset(&none);
	signal(SIGCHLD, SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a file size limit is a failed write, which is reported */
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Core files and other processes of this user must not show a password. Debuggers and sanitizers need to look. */
static void hide_memory(void)
{
#ifndef DEBUG_BUILD
	struct rlimit none = {0, 0};
	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0);
#endif
}

/* unsetenv alone would leave the text readable in /proc/PID/environ: it is overwritten where it stands. */
static char *take_password(void)
{
	char *value = getenv("PGPASSWORD");
	if (value == NULL)
		return NULL;
	char *copy = mem_strdup(value);
	explicit_bzero(value, strlen(value));
	unsetenv("PGPASSWORD");
	return copy;
}

static char *copy_of(const char *variable)
{
	const char *value = getenv(variable);

	return value != NULL ? mem_strdup(value) : NULL;
}

static int usage_error(const struct options *options, const struct err *err)
{
	static const char *const names[] = {
	        "run", "compare", "scale", "list", "show", "pin", "prune", "report", "check", "help", "version"};
	int code = fail(err);
	if (options->command == COMMAND_HELP || options->command == COMMAND_VERSION)
		fprintf(stderr, "Try \"pgparallel --help\"\n");
	else
		fprintf(stderr, "Try \"pgparallel %s --help\"\n", names[options->command]);
	return code;
}

static int dispatch(struct options *options, int argc, char **argv, int *signal_to_raise)
{
	struct err err = {0};
	int code;
	if (options->list_builtins)
		return cmd_builtins();
	switch (options->command) {
	case COMMAND_RUN:
		return cmd_run(options, argc, argv, signal_to_raise);
	case COMMAND_COMPARE:
		return cmd_compare(options, argc, argv, signal_to_raise);
	case COMMAND_SCALE:
		return cmd_scale(options, argc, argv, signal_to_raise);
	case COMMAND_LIST:
		return cmd_list(options);
	case COMMAND_SHOW:
		return cmd_show(options);
	case COMMAND_PIN:
		return cmd_pin(options);
	case COMMAND_PRUNE:
		return cmd_prune(options);
	case COMMAND_REPORT:
		return cmd_report(options);
	case COMMAND_CHECK:
		return cmd_check(options, signal_to_raise);
	case COMMAND_HELP:
		code = cmd_help(options, &err);
		return code == EXIT_DONE ? code : usage_error(options, &err);
	case COMMAND_VERSION:
		return cmd_version();
	}
	return EXIT_USAGE;
}

/* Whether everything printed reached its place shows only now: a full disk or a closed pipe must not look like success.
 */
static int finish_output(int code)
{
	int failed = ferror(stdout);
	errno = 0;
	if (fflush(stdout) != 0)
		failed = 1;
	int why = errno;
	if (fclose(stdout) != 0 && !failed) {
		failed = 1;
		why = errno;
	}
	if (!failed)
		return code;
	struct err err;
	err_set(&err, EXIT_STORE, "could not write the results to standard output%s%s; stored runs: pgparallel list",
	        why != 0 ? ": " : "", why != 0 ? strerror(why) : "");
	fail(&err);
	return (int)exit_code_worse((enum exit_code)code, EXIT_STORE);
}

/* The shell, cron and systemd see which signal it was. As PID 1 the default action does nothing: then the code says it.
 */
static void raise_again(int number)
{
	sigset_t set;
	signal(number, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, number);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	raise(number);
	_exit(128 + number);
}

int main(int argc, char **argv)
{
	fill_descriptors();
	umask(077);
	reset_signals();
	hide_memory();
	char *password = take_password(), *passfile = copy_of("PGPASSFILE");
	int signal_to_raise = 0, code;
	struct options options;
	struct err err = {0};
	log_people(true, NULL, NULL);
	if (options_parse(argc, argv, &options, &err)) {
		options.password = password;
		options.passfile = passfile;
		code = dispatch(&options, argc, argv, &signal_to_raise);
	} else {
		code = usage_error(&options, &err);
	}
	options_free(&options);
	if (password != NULL) {
		explicit_bzero(password, strlen(password));
		free(password);
	}
	free(passfile);
	code = finish_output(code);
	log_close();
	if (signal_to_raise != 0 && code != EXIT_STORE)
		raise_again(signal_to_raise);
#ifndef DEBUG_BUILD
	/* All that was to be written is; what libraries would still tidy up goes with the process. */
	_exit(code);
#endif
	return code;
}
