/*
 * test_chan: frames survive partial writes and split reads; over-long ones are a violation; EOF comes after the data.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shared/chan.h"
#include "shared/rng.h"

struct pair {
	struct chan reader, writer;
};

static int open_pair(void **state)
{
	struct pair *p = mem_zero(1, sizeof *p);
	int fds[2];

	if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) != 0)
		return -1;
	chan_init(&p->reader, fds[0], -1);
	chan_init(&p->writer, -1, fds[1]);
	*state = p;
	return 0;
}

static int close_pair(void **state)
{
	struct pair *p = *state;

	chan_close(&p->reader);
	chan_close(&p->writer);
	free(p);
	return 0;
}

static void raw(struct pair *p, const void *bytes, size_t len)
{
	assert_int_equal(write(p->writer.write_fd, bytes, len), len);
}

static void assert_frame(struct pair *p, const char *text)
{
	const unsigned char *body;
	size_t len;

	assert_true(chan_next(&p->reader, &body, &len));
	assert_int_equal(len, strlen(text));
	assert_memory_equal(body, text, len);
}

static void assert_no_frame(struct pair *p)
{
	const unsigned char *body;
	size_t len;

	assert_false(chan_next(&p->reader, &body, &len));
}

static void frames_arrive_in_order(void **state)
{
	struct pair *p = *state;
	struct err err;

	chan_write(&p->writer, "one", 3);
	chan_write(&p->writer, "", 0);
	chan_write(&p->writer, "three", 5);
	assert_true(chan_pending(&p->writer));
	assert_true(chan_flush(&p->writer, &err));
	assert_false(chan_pending(&p->writer));
	assert_true(chan_read(&p->reader, &err));
	assert_frame(p, "one");
	assert_frame(p, "");
	assert_frame(p, "three");
	assert_no_frame(p);
	assert_false(p->reader.eof);
}

static void a_frame_may_come_byte_by_byte(void **state)
{
	static const char bytes[] = "\x03\0\0\0one\x03\0\0\0two";
	struct pair *p = *state;
	struct err err;

	for (size_t i = 0; i < sizeof bytes - 1; i++) {
		if (i < 7)
			assert_no_frame(p);
		raw(p, bytes + i, 1);
		assert_true(chan_read(&p->reader, &err));
	}
	assert_frame(p, "one");
	assert_frame(p, "two");
	assert_no_frame(p);
}

static void nothing_there_is_no_error(void **state)
{
	struct pair *p = *state;
	struct err err;

	assert_true(chan_read(&p->reader, &err));
	assert_no_frame(p);
	assert_false(p->reader.eof);
}

static void eof_comes_after_the_data(void **state)
{
	struct pair *p = *state;
	struct err err;

	raw(p, "\x03\0\0\0one\x09\0\0\0hal", 14);
	close(p->writer.write_fd);
	p->writer.write_fd = -1;
	assert_true(chan_read(&p->reader, &err));
	assert_true(p->reader.eof);
	assert_frame(p, "one");
	assert_no_frame(p); /* the torn one is never handed out */
}

static void a_dead_writer_is_drained_by_one_call(void **state)
{
	struct pair *p = *state;
	struct err err;
	int frames = 0;
	const unsigned char *body;
	size_t len;
	char block[1000] = {0};

	while (!chan_pending(&p->writer)) {
		chan_write(&p->writer, block, sizeof block);
		assert_true(chan_flush(&p->writer, &err));
		frames++;
	}
	assert_true(frames > 10);
	close(p->writer.write_fd);
	p->writer.write_fd = -1;
	assert_true(chan_read(&p->reader, &err));
	assert_true(p->reader.eof);
	while (chan_next(&p->reader, &body, &len))
		frames--;
	assert_int_equal(frames, 1); /* the last one was torn */
}

static void too_long_a_claim_is_a_violation(void **state)
{
	static const unsigned char claims[][4] = {{1, 0, 0x10, 0}, {0xff, 0xff, 0xff, 0xff}, {0, 0, 0, 0x80}};
	struct err err;

	(void)state;
	for (size_t i = 0; i < sizeof claims / sizeof claims[0]; i++) {
		struct pair *p;
		void *fresh;

		assert_int_equal(open_pair(&fresh), 0);
		p = fresh;
		raw(p, claims[i], 4);
		assert_false(chan_read(&p->reader, &err));
		assert_non_null(strstr(err.text, "protocol violation"));
		assert_no_frame(p);
		assert_true(p->reader.in.cap < 1u << 20);
		close_pair(&fresh);
	}
}

static void whole_frames_before_a_violation_are_kept(void **state)
{
	struct pair *p = *state;
	struct err err;

	raw(p, "\x03\0\0\0one\xff\xff\xff\xff", 11);
	assert_false(chan_read(&p->reader, &err));
	assert_frame(p, "one");
	assert_no_frame(p);
}

static void the_longest_frame_passes_in_parts(void **state)
{
	struct pair *p = *state;
	char *sent = mem_alloc(CHAN_MOST);
	const unsigned char *body = NULL;
	struct err err;
	size_t len = 0;
	int rounds = 0;

	for (size_t i = 0; i < CHAN_MOST; i++)
		sent[i] = (char)(i * 31 >> 3);
	chan_write(&p->writer, sent, CHAN_MOST);
	while (!chan_next(&p->reader, &body, &len)) {
		assert_true(chan_flush(&p->writer, &err));
		assert_true(chan_read(&p->reader, &err));
		assert_true(rounds++ < 1000);
	}
	assert_true(rounds > 5);
	assert_int_equal(len, CHAN_MOST);
	assert_memory_equal(body, sent, len);
	free(sent);
}

static void random_frames_through_a_small_pipe(void **state)
{
	struct pair *p = *state;
	struct rng send, expect;
	unsigned sent = 0, got = 0;
	struct err err;

	fcntl(p->writer.write_fd, F_SETPIPE_SZ, 4096);
	rng_seed(&send, 7, 1);
	rng_seed(&expect, 7, 1);
	while (got < 2000) {
		const unsigned char *body;
		size_t len;

		if (sent < 2000) {
			static char block[9000];
			size_t size = rng_below(&send, sizeof block);

			memset(block, (int)(sent & 0xff), size);
			chan_write(&p->writer, block, size);
			sent++;
		}
		assert_true(chan_flush(&p->writer, &err));
		assert_true(chan_read(&p->reader, &err));
		while (chan_next(&p->reader, &body, &len)) {
			assert_int_equal(len, rng_below(&expect, 9000));
			for (size_t i = 0; i < len; i++)
				assert_int_equal(body[i], got & 0xff);
			got++;
		}
	}
	assert_true(p->writer.out.cap < 64u << 20);
}

static void a_blocking_writer_writes_all(void **state)
{
	struct pair *p = *state;
	const unsigned char *body;
	struct err err;
	size_t len;
	int status;
	pid_t pid;

	fcntl(p->writer.write_fd, F_SETFL, 0);
	fcntl(p->reader.read_fd, F_SETFL, 0);
	pid = fork();
	if (pid == 0) {
		char *block = mem_zero(500000, 1);

		chan_write(&p->writer, block, 500000);
		_exit(chan_flush(&p->writer, &err) && !chan_pending(&p->writer) ? 0 : 1);
	}
	while (!chan_next(&p->reader, &body, &len))
		assert_true(chan_read(&p->reader, &err));
	assert_int_equal(len, 500000);
	waitpid(pid, &status, 0);
	assert_int_equal(status, 0);
}

static void a_gone_reader_is_an_error(void **state)
{
	struct pair *p = *state;
	struct err err;

	close(p->reader.read_fd);
	p->reader.read_fd = -1;
	chan_write(&p->writer, "x", 1);
	assert_false(chan_flush(&p->writer, &err));
}

static void works_over_a_socket_pair(void **state)
{
	struct chan a, b;
	const unsigned char *body;
	struct err err;
	size_t len;
	int fds[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	chan_init(&a, fds[0], fds[0]);
	chan_init(&b, fds[1], fds[1]);
	chan_write(&a, "ping", 4);
	assert_true(chan_flush(&a, &err));
	assert_true(chan_read(&b, &err));
	assert_true(chan_next(&b, &body, &len));
	assert_memory_equal(body, "ping", 4);
	/* b leaves with something unread: a sees the end, not an error. */
	chan_write(&a, "more", 4);
	assert_true(chan_flush(&a, &err));
	chan_close(&b);
	assert_true(chan_read(&a, &err));
	assert_true(a.eof);
	chan_close(&a);
}

int main(void)
{
#define WITH_PAIR(test) cmocka_unit_test_setup_teardown(test, open_pair, close_pair)
	static const struct CMUnitTest tests[] = {WITH_PAIR(frames_arrive_in_order),
	        WITH_PAIR(a_frame_may_come_byte_by_byte), WITH_PAIR(nothing_there_is_no_error),
	        WITH_PAIR(eof_comes_after_the_data), WITH_PAIR(a_dead_writer_is_drained_by_one_call),
	        cmocka_unit_test(too_long_a_claim_is_a_violation), WITH_PAIR(whole_frames_before_a_violation_are_kept),
	        WITH_PAIR(the_longest_frame_passes_in_parts), WITH_PAIR(random_frames_through_a_small_pipe),
	        WITH_PAIR(a_blocking_writer_writes_all), WITH_PAIR(a_gone_reader_is_an_error),
	        cmocka_unit_test(works_over_a_socket_pair)};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
