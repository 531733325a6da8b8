/*
 * slot: one session's place in shared memory: single writer (its lane), many readers (parent, observer). It answers
 * "what is, or was, that session doing"; results never travel through it. A reader copies and checks what it uses.
 */
#ifndef SHARED_SLOT_H
#define SHARED_SLOT_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stdint.h>

enum slot_stage {
	SLOT_EMPTY = 0, /* no session yet */
	SLOT_CONNECTING,
	SLOT_READY, /* connected, before GO or between tickets */
	SLOT_HELD, /* has a ticket above the limit, waits for RELEASE: nothing was sent */
	SLOT_TAKEN, /* has a ticket, nothing was sent */
	SLOT_SENT, /* its first byte may have been sent: unknown if the worker dies now */
	SLOT_SAFE, /* in an explicit block before COMMIT: a loss is a known rollback */
	SLOT_BACKOFF, /* waits before the next try on this session: the last attempt was reported */
	SLOT_LOST, /* connection lost, reconnecting */
	SLOT_CLOSED
};

#define SLOT_NO_TICKET UINT32_MAX
#define SLOT_TX_WARMUP 0x80000000u

struct slot {
	alignas(128) _Atomic uint32_t stage; /* enum slot_stage; written last, read first */
	_Atomic uint32_t ticket; /* SLOT_NO_TICKET = none */
	_Atomic uint32_t try_no;
	_Atomic uint32_t applied; /* statements of the running attempt known applied */
	_Atomic uint32_t generation;
	_Atomic int32_t worker_pid;
	_Atomic int32_t backend_pid;
	_Atomic uint32_t done, failed, unknown; /* attempts, for live progress */
	_Atomic int64_t backend_start_us;
	_Atomic int64_t since_ns; /* when the stage began */
	_Atomic int64_t taken_ns; /* of the running attempt */
	_Atomic int64_t sent_ns;
	_Atomic int64_t begun_ns; /* first byte of its first task or transaction sent; never reset */
	_Atomic int64_t heartbeat_ns; /* when its lane last stepped */
	_Atomic int64_t deadline_ns; /* the lane will have dropped the session by then; CLOCK_NEVER = none */
	/* Load runs, warm-up included: transactions of which something may have been sent, and those whose outcome was
	 * counted. One more started than ended: the session had one in flight. Order of the stores at an end: the
	 * lane's counters, the record, tx_counted, and last tx_ended: when a dead lane's outcomes are one more than its
	 * sessions' tx_counted, one of those in flight is counted already. */
	_Atomic uint64_t tx_started, tx_ended;
	_Atomic uint64_t tx_counted; /* outcomes without the warm-up, skipped ones too: towards -t */
	/* Of the transaction begun last, written before tx_started: its script, and SLOT_TX_WARMUP when it is in no
	 * number; taken_ns is when it began. SLOT_SAFE and SLOT_BACKOFF mean what they mean for tasks. */
	_Atomic uint32_t tx_script;
	/* Written by the parent alone, then the lane is woken: its socket is to be shut down so often (--chaos). */
	_Atomic uint32_t cut;
};

/* Notes when a session began its first task or transaction; later calls change nothing. */
static inline void slot_begun(struct slot *slot, int64_t now)
{
	if (atomic_load_explicit(&slot->begun_ns, memory_order_relaxed) == 0)
		atomic_store_explicit(&slot->begun_ns, now, memory_order_relaxed);
}

/* The one function that moves a slot to another stage. */
void slot_stage(struct slot *slot, enum slot_stage stage, int64_t now);
const char *slot_stage_name(enum slot_stage stage);

#endif
