/*
 * chan: length-prefixed frames over a descriptor: 4 bytes of length (little-endian, at most CHAN_MOST), then a
 * msgpack body. It knows nothing of what is inside a frame.
 *
 * The parent's ends are non-blocking and never wait: chan_read takes what is there, chan_write keeps what did not
 * fit and chan_flush goes on with it. A worker's end may block in chan_flush: the parent always drains.
 */
#ifndef SHARED_CHAN_H
#define SHARED_CHAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/buf.h"
#include "shared/err.h"

#define CHAN_MOST (1u << 20) /* of one frame's body; a longer one is a protocol violation */
#define CHAN_DOWN_MOST 4000u /* frames to a worker stay below PIPE_BUF, so that they never tear */

struct chan {
	int read_fd; /* -1 = none */
	int write_fd; /* -1 = none */
	struct buf in; /* bytes not yet handed out */
	size_t in_step; /* read so much at once; grows with what comes, 0 = nothing has come yet */
	size_t in_used; /* of in: already handed out */
	size_t in_checked; /* of in: where the first frame begins whose end has not arrived */
	struct buf out; /* bytes not yet written */
	size_t out_used;
	bool eof; /* the other side closed, everything before it was read */
};

void chan_init(struct chan *c, int read_fd, int write_fd);
void chan_close(struct chan *c); /* closes both descriptors and frees the buffers */

/* Reads what is there now (up to a few MiB), never waiting when the descriptor is non-blocking or known readable.
 * False: a read error or a frame above the cap (protocol violation). EOF sets c->eof. */
bool chan_read(struct chan *c, struct err *err);

/* The next whole frame, valid until the next chan_* call on c; false when none is complete. */
bool chan_next(struct chan *c, const unsigned char **body, size_t *len);

/* Queues one frame; a body above CHAN_MOST is a mistake of the caller and ends the process. */
void chan_write(struct chan *c, const void *body, size_t len);

/* Writes queued bytes: as much as goes (non-blocking descriptor) or all (blocking). False: the peer is gone. */
bool chan_flush(struct chan *c, struct err *err);
bool chan_pending(const struct chan *c); /* bytes wait to be written */

#endif
