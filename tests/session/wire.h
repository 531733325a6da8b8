/*
 * wire: what a server says in protocol 3, put into a connection's output. Included by server.h.
 */
#ifndef TESTS_SESSION_WIRE_H
#define TESTS_SESSION_WIRE_H

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "shared/buf.h"
#include "shared/clock.h"

#define PENDING 64

struct conn {
	int fd; /* -1 = the client is gone or was cut off; a ghost may go on */
	bool alive, started, prepared, skipping, cancelled, executing, hanging, portal_binary, ghost;
	char tx; /* I, T, E */
	int32_t pid;
	struct buf in, out;
	size_t used; /* of in */
	size_t taken, sent; /* bytes over the whole connection */
	size_t cut_in, cut_out; /* SIZE_MAX = never */
	char statement[256], portal[256];
	int64_t ready_at; /* an execution under way ends then */
	int pending[PENDING][2];
	int npending;
};

static void put_message(struct conn *c, char type, const struct buf *body)
{
	uint32_t len = htonl((uint32_t)body->len + 4);

	buf_putc(&c->out, type);
	buf_append(&c->out, &len, 4);
	if (body->len > 0)
		buf_append(&c->out, body->data, body->len);
}

static void put_plain(struct conn *c, char type)
{
	struct buf none = {0};

	put_message(c, type, &none);
}

static void put_int(struct buf *b, uint32_t value, int size)
{
	uint32_t wide = htonl(value);

	buf_append(b, (char *)&wide + 4 - size, (size_t)size);
}

static void put_text(struct conn *c, char type, const char *text)
{
	struct buf body = {0};

	buf_append(&body, text, strlen(text) + 1);
	put_message(c, type, &body);
	buf_free(&body);
}

static void put_trouble(struct conn *c, char type, const char *severity, const char *code)
{
	struct buf body = {0};

	buf_printf(&body, "S%s%cV%s%cC%s%cMscripted %s%c", severity, 0, severity, 0, code, 0, code, 0);
	buf_putc(&body, '\0');
	put_message(c, type, &body);
	buf_free(&body);
}

static void put_ready(struct conn *c)
{
	struct buf body = {0};

	buf_putc(&body, c->tx);
	put_message(c, 'Z', &body);
	buf_free(&body);
}

static void put_row(struct conn *c, int columns, const char *const *values, const int *lengths)
{
	struct buf body = {0};

	put_int(&body, (uint32_t)columns, 2);
	for (int i = 0; i < columns; i++) {
		put_int(&body, (uint32_t)lengths[i], 4);
		buf_append(&body, values[i], (size_t)lengths[i]);
	}
	put_message(c, 'D', &body);
	buf_free(&body);
}

static void put_description(struct conn *c, int columns, bool binary)
{
	struct buf body = {0};

	put_int(&body, (uint32_t)columns, 2);
	for (int i = 0; i < columns; i++) {
		buf_append(&body, "x", 2);
		put_int(&body, 0, 4);
		put_int(&body, 0, 2);
		put_int(&body, binary ? (i == 0 ? 23 : 1184) : 25, 4);
		put_int(&body, 0xffff, 2);
		put_int(&body, 0xffffffff, 4);
		put_int(&body, binary, 2);
	}
	put_message(c, 'T', &body);
	buf_free(&body);
}

#endif
