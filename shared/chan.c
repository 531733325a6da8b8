/*
 * chan: frames over a pair of descriptors. A chan owns its descriptors and buffers until chan_close; every process
 * uses only its own chans.
 */
#include "shared/chan.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HEADER 4u
#define READ_STEP (64u * 1024u)
#define READ_FIRST 1024u /* down pipes carry a few bytes now and then, and each worker has one */
/* One call takes at most this much, so that a flood on one pipe cannot hold up the reader of many. It is far more
 * than a pipe holds: what a dead process left behind is read, up to EOF, by one call. */
#define READ_MOST (4u * CHAN_MOST)

static uint32_t header_get(const char *at)
{
	const unsigned char *p = (const unsigned char *)at;

	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

void chan_init(struct chan *c, int read_fd, int write_fd)
{
	memset(c, 0, sizeof *c);
	c->read_fd = read_fd;
	c->write_fd = write_fd;
}

void chan_close(struct chan *c)
{
	if (c->read_fd >= 0)
		close(c->read_fd);
	if (c->write_fd >= 0 && c->write_fd != c->read_fd)
		close(c->write_fd);
	buf_free(&c->in);
	buf_free(&c->out);
	chan_init(c, -1, -1);
}

/* Gives back the room of frames that were handed out. */
static void chan_compact(struct chan *c)
{
	if (c->in_used == 0)
		return;
	c->in.len -= c->in_used;
	c->in_checked -= c->in_used;
	if (c->in.len > 0)
		memmove(c->in.data, c->in.data + c->in_used, c->in.len);
	c->in_used = 0;
}

/* Looks at the headers that have arrived: a claimed length is refused before anything waits for that many bytes. */
static bool chan_check(struct chan *c, struct err *err)
{
	while (c->in.len - c->in_checked >= HEADER) {
		uint32_t len = header_get(c->in.data + c->in_checked);

		if (len > CHAN_MOST)
			return err_set(err, EXIT_TASKS,
			        "protocol violation: a frame of %u bytes, at most %u are allowed", len, CHAN_MOST);
		if (c->in.len - c->in_checked - HEADER < len)
			break;
		c->in_checked += HEADER + len;
	}
	return true;
}

static bool readable(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, 0) > 0;
}

bool chan_read(struct chan *c, struct err *err)
{
	size_t taken = 0, step;

	if (c->read_fd < 0)
		return err_set(err, EXIT_TASKS, "read from a channel that has no reading end");
	chan_compact(c);
	do {
		ssize_t n;

		step = c->in_step > 0 ? c->in_step : READ_FIRST;
		buf_reserve(&c->in, step + 1);
		n = read(c->read_fd, c->in.data + c->in.len, step);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return true;
		if (n < 0 && errno != ECONNRESET)
			return err_set(err, EXIT_TASKS, "cannot read from a pipe: %s", strerror(errno));
		if (n <= 0) {
			c->eof = true;
			return true;
		}
		if ((size_t)n == step)
			c->in_step = step * 8 < READ_STEP ? step * 8 : READ_STEP;
		c->in.len += (size_t)n;
		c->in.data[c->in.len] = '\0';
		taken += (size_t)n;
		if (!chan_check(c, err))
			return false;
	} while (taken < READ_MOST && readable(c->read_fd));
	return true;
}

bool chan_next(struct chan *c, const unsigned char **body, size_t *len)
{
	/* in_checked is the end of the last whole frame. */
	if (c->in_used >= c->in_checked)
		return false;
	*len = header_get(c->in.data + c->in_used);
	*body = (const unsigned char *)c->in.data + c->in_used + HEADER;
	c->in_used += HEADER + *len;
	return true;
}

void chan_write(struct chan *c, const void *body, size_t len)
{
	unsigned char header[HEADER];

	if (len > CHAN_MOST) {
		fprintf(stderr, "pgparallel: a message of %zu bytes does not fit into a frame\n", len);
		abort();
	}
	/* A slow reader must not make the written part pile up. */
	if (c->out_used >= READ_STEP) {
		c->out.len -= c->out_used;
		memmove(c->out.data, c->out.data + c->out_used, c->out.len);
		c->out_used = 0;
	}
	for (unsigned i = 0; i < HEADER; i++)
		header[i] = (unsigned char)(len >> (8 * i));
	buf_append(&c->out, header, HEADER);
	buf_append(&c->out, body, len);
}

bool chan_flush(struct chan *c, struct err *err)
{
	while (c->out_used < c->out.len) {
		ssize_t n;

		if (c->write_fd < 0)
			return err_set(err, EXIT_TASKS, "write to a channel that has no writing end");
		n = write(c->write_fd, c->out.data + c->out_used, c->out.len - c->out_used);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return true;
		if (n < 0)
			return err_set(err, EXIT_TASKS, "cannot write to a pipe: %s", strerror(errno));
		c->out_used += (size_t)n;
	}
	buf_clear(&c->out);
	c->out_used = 0;
	return true;
}

bool chan_pending(const struct chan *c)
{
	return c->out_used < c->out.len;
}
