/*
 * What a person sees while a run goes on, drawn on a pseudo terminal of a given size and into a pipe: when the first
 * frame comes, that no line is wider than the window, that nonsense in a slot shows as nonsense and harms nobody.
 */
#include <pty.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

#include "orchestrator/progress.h"
#include "shared/clock.h"
#include "shared/log.h"

#define SESSIONS 5

struct stage {
	struct options options;
	struct plan plan;
	struct task tasks[2];
	struct ticket tickets[2];
	struct shm *shm;
	int reader, writer;
	char seen[65536];
};

/* A chroot without /dev/pts has no pseudo terminals. */
static bool no_terminal(void)
{
	int one, other;
	if (openpty(&one, &other, NULL, NULL, NULL) != 0)
		return true;
	close(one);
	close(other);
	return false;
}

static void begin(struct stage *s, int columns, int rows)
{
	struct err err;
	memset(s, 0, sizeof(*s));
	s->tasks[0].name = "short";
	s->tasks[1].name = "a_name_that_is_far_longer_than_any_column_\x1b[31m";
	s->tickets[1].task = 1;
	s->plan = (struct plan){.tasks = s->tasks, .ntasks = 2, .tickets = s->tickets, .ntickets = 2};
	s->shm = shm_map(SESSIONS, 2, 2, &err);
	assert_non_null(s->shm);
	setenv("TERM", "xterm", 1);
	setenv("LC_ALL", "C", 1);
	unsetenv("COLUMNS");
	if (columns > 0) {
		struct winsize size = {.ws_col = (unsigned short)columns, .ws_row = (unsigned short)rows};
		struct termios raw;
		assert_int_equal(openpty(&s->reader, &s->writer, NULL, NULL, &size), 0);
		tcgetattr(s->writer, &raw);
		cfmakeraw(&raw);
		tcsetattr(s->writer, TCSANOW, &raw);
	} else {
		int ends[2];
		assert_int_equal(pipe(ends), 0);
		s->reader = ends[0];
		s->writer = ends[1];
	}
}

static void finish(struct stage *s)
{
	close(s->reader);
	close(s->writer);
	shm_unmap(s->shm);
	log_people(false, NULL, NULL);
}

static struct progress *draws(struct stage *s)
{
	return progress_begin(&s->options, &s->plan, NULL, s->shm, "process", s->writer, NS_PER_S);
}

/* What was written since the last look. */
static const char *look(struct stage *s)
{
	struct timeval no_time = {0, 0};
	fd_set set;
	size_t used = 0;
	for (;;) {
		FD_ZERO(&set);
		FD_SET(s->reader, &set);
		if (select(s->reader + 1, &set, NULL, NULL, &no_time) <= 0 || used + 1 >= sizeof(s->seen))
			break;
		ssize_t n = read(s->reader, s->seen + used, sizeof(s->seen) - 1 - used);
		if (n <= 0)
			break;
		used += (size_t)n;
	}
	s->seen[used] = '\0';
	return s->seen;
}

static void play(struct stage *s, uint32_t session, enum slot_stage stage, uint32_t ticket, int64_t since)
{
	struct slot *slot = shm_slot(s->shm, session);
	atomic_store(&slot->ticket, ticket);
	atomic_store(&slot->taken_ns, since);
	atomic_store(&slot->worker_pid, 12345);
	slot_stage(slot, stage, since);
}

/* Columns of the widest line, escape sequences left out. */
static int widest(const char *text)
{
	int most = 0, width = 0;
	for (const char *c = text; *c != '\0'; c++) {
		if (*c == '\x1b') {
			c += strcspn(c, "ABCDEFGHJKm");
			continue;
		}
		width = *c == '\n' || *c == '\r' ? 0 : width + 1;
		most = width > most ? width : most;
	}
	return most;
}

static void test_first_frame_after_half_a_second_then_ten_a_second(void **state)
{
	static struct stage s;
	(void)state;
	if (no_terminal())
		skip();
	begin(&s, 100, 30);
	struct progress *p = draws(&s);
	assert_int_equal(progress_step(p, NS_PER_S + 499 * NS_PER_MS, 0, 0, 0, 2), NS_PER_S + 500 * NS_PER_MS);
	assert_string_equal(look(&s), "");
	assert_int_equal(progress_step(p, NS_PER_S + 500 * NS_PER_MS, 0, 0, 0, 2), NS_PER_S + 600 * NS_PER_MS);
	assert_non_null(strstr(look(&s), "0 of 2 done"));
	progress_step(p, NS_PER_S + 599 * NS_PER_MS, 1, 0, 0, 2);
	assert_string_equal(look(&s), "");
	progress_end(p);
	finish(&s);
}

static void test_no_line_is_wider_than_the_window(void **state)
{
	static const int sizes[][2] = {
	        {200, 50}, {100, 30}, {80, 24}, {66, 24}, {52, 24}, {40, 24}, {20, 24}, {100, 4}};
	static struct stage s;
	(void)state;
	if (no_terminal())
		skip();
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		begin(&s, sizes[i][0], sizes[i][1]);
		struct progress *p = draws(&s);
		play(&s, 0, SLOT_SENT, 1, NS_PER_S);
		play(&s, 1, SLOT_SENT, 0, 2 * NS_PER_S);
		play(&s, 2, SLOT_BACKOFF, 1, 2 * NS_PER_S);
		progress_step(p, 5 * NS_PER_S, 123456, 77, 3, 4000000);
		const char *seen = look(&s);
		assert_true(strlen(seen) > 0);
		if (widest(seen) >= sizes[i][0])
			fail_msg("%d columns in a window of %d: %s", widest(seen), sizes[i][0], seen);
		int lines = 1;
		for (const char *c = seen; *c != '\0'; c++)
			lines += *c == '\n';
		assert_true(lines < sizes[i][1]);
		assert_null(strstr(seen, "\x1b[31m")); /* no name may colour the screen */
		progress_end(p);
		finish(&s);
	}
}

static void test_nonsense_in_slots_is_shown_and_harmless(void **state)
{
	static struct stage s;
	(void)state;
	if (no_terminal())
		skip();
	begin(&s, 100, 30);
	struct progress *p = draws(&s);
	play(&s, 0, SLOT_SENT, 4000000000u, -5);
	atomic_store(&shm_slot(s.shm, 0)->stage, 4000000000u);
	play(&s, 1, SLOT_SENT, 2, INT64_MAX);
	play(&s, 2, SLOT_SENT, SLOT_NO_TICKET, INT64_MIN);
	progress_step(p, 5 * NS_PER_S, 0, 0, 0, 2);
	assert_true(widest(look(&s)) < 100);
	progress_end(p);
	finish(&s);
}

static void test_the_drawing_is_taken_away(void **state)
{
	static struct stage s;
	(void)state;
	if (no_terminal())
		skip();
	begin(&s, 100, 30);
	struct progress *p = draws(&s);
	progress_step(p, 5 * NS_PER_S, 0, 0, 0, 2);
	look(&s);
	progress_clear(p);
	assert_string_equal(look(&s), "\r\x1b[5A\x1b[J"); /* status and five lanes: from the last to the first */
	progress_clear(p);
	assert_string_equal(look(&s), "");
	progress_end(p);
	assert_string_equal(look(&s), "");
	finish(&s);
}

static void test_silent_where_no_one_looks(void **state)
{
	static struct stage s;
	(void)state;
	if (no_terminal())
		skip();
	begin(&s, 0, 0);
	struct progress *p = draws(&s);
	assert_int_equal(progress_step(p, 5 * NS_PER_S, 0, 0, 0, 2), CLOCK_NEVER);
	assert_string_equal(look(&s), "");
	progress_end(p);
	finish(&s);
	begin(&s, 100, 30);
	setenv("TERM", "dumb", 1);
	p = draws(&s);
	assert_int_equal(progress_step(p, 5 * NS_PER_S, 0, 0, 0, 2), CLOCK_NEVER);
	assert_string_equal(look(&s), "");
	progress_end(p);
	finish(&s);
}

static void test_plain_lines_when_asked_for(void **state)
{
	static struct stage s;
	(void)state;
	begin(&s, 0, 0);
	s.options.progress_ns = 2 * NS_PER_S;
	struct progress *p = draws(&s);
	assert_int_equal(progress_step(p, 2 * NS_PER_S, 0, 0, 0, 9), 3 * NS_PER_S);
	assert_string_equal(look(&s), "");
	assert_int_equal(progress_step(p, 3 * NS_PER_S, 4, 1, 1, 9), 5 * NS_PER_S);
	assert_string_equal(look(&s), "progress: 2.0 s, 3.0 tickets/s, 4 of 9 done, 0 running, 1 failed, 1 unknown\n");
	progress_end(p);
	finish(&s);
}

static void test_a_load_run_has_one_line(void **state)
{
	static struct stage s;
	static struct scripts scripts;
	static const struct progress_load warm = {.warmup = true, .rate = 1234.56, .sessions = 16, .connected = 15};
	static const struct progress_load load = {.done = 98765,
	        .failed = 3,
	        .unknown = 2,
	        .rate = 1234.56,
	        .latency_ns = 1234567,
	        .sessions = 16,
	        .connected = 16};
	static const int widths[] = {200, 80, 40, 10};
	(void)state;
	if (no_terminal())
		skip();
	for (size_t i = 0; i < sizeof(widths) / sizeof(widths[0]); i++) {
		begin(&s, widths[i], 24);
		s.plan.scripts = &scripts;
		struct progress *p = draws(&s);
		assert_int_equal(progress_step_load(p, 5 * NS_PER_S, &warm), 5 * NS_PER_S + 100 * NS_PER_MS);
		const char *seen = look(&s);
		if (widths[i] == 200)
			assert_non_null(strstr(seen, " process: 1234.6 tps, 15 of 16 sessions, warm-up, 4.0 s"));
		progress_step_load(p, 6 * NS_PER_S, &load);
		seen = look(&s);
		assert_true(widest(seen) < widths[i]);
		assert_null(strchr(seen, '\n'));
		if (widths[i] == 200)
			assert_non_null(strstr(seen, " process: 1234.6 tps, 1.235 ms, 16 of 16 sessions, 98765 done, 3 "
			                             "failed, 2 unknown, 5.0 s"));
		progress_end(p);
		finish(&s);
	}
	/* -P has lines of its own, and no terminal no line at all. */
	begin(&s, 0, 0);
	s.plan.scripts = &scripts;
	s.options.progress_ns = NS_PER_S;
	struct progress *p = draws(&s);
	assert_int_equal(progress_step_load(p, 5 * NS_PER_S, &load), CLOCK_NEVER);
	assert_string_equal(look(&s), "");
	progress_end(p);
	finish(&s);
}

static void test_no_color(void **state)
{
	static struct stage s;
	struct terminal t;
	(void)state;
	if (no_terminal())
		skip();
	begin(&s, 100, 30);
	terminal_probe(s.writer, COLOR_AUTO, &t);
	assert_true(t.tty && t.color && !t.utf8 && t.width == 100 && t.height == 30);
	setenv("NO_COLOR", "1", 1);
	setenv("LC_ALL", "de_DE.UTF-8", 1);
	terminal_probe(s.writer, COLOR_AUTO, &t);
	assert_true(!t.color && t.utf8);
	terminal_probe(s.writer, COLOR_ALWAYS, &t);
	assert_true(t.color);
	unsetenv("NO_COLOR");
	terminal_probe(s.writer, COLOR_NEVER, &t);
	assert_false(t.color);
	finish(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_first_frame_after_half_a_second_then_ten_a_second),
	        cmocka_unit_test(test_no_line_is_wider_than_the_window),
	        cmocka_unit_test(test_nonsense_in_slots_is_shown_and_harmless),
	        cmocka_unit_test(test_the_drawing_is_taken_away),
	        cmocka_unit_test(test_silent_where_no_one_looks),
	        cmocka_unit_test(test_plain_lines_when_asked_for),
	        cmocka_unit_test(test_a_load_run_has_one_line),
	        cmocka_unit_test(test_no_color),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
