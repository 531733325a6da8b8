/*
 * store_queue: the rows that wait for the next commit, in order. They stay here until a commit has succeeded, so that
 * after a failed one they can be written elsewhere. The queue owns everything in it.
 */
#ifndef REPORTS_STORE_QUEUE_H
#define REPORTS_STORE_QUEUE_H

#include "reports/store.h"
#include "reports/store_load.h"

enum op_kind {
	OP_RELEASE,
	OP_TICKET,
	OP_ATTEMPT,
	OP_SESSION,
	OP_SAMPLE,
	OP_WORKER,
	OP_EVENT,
	OP_FACT,
	OP_PHASES,
	OP_END,
	OP_VERDICT,
	OP_TASK_RESULT,
	OP_CHAOS,
	OP_NOTE,
	OP_LOAD_SECOND,
	OP_LOAD_CHUNK,
	OP_LOAD_TOTAL
};

struct op_ticket {
	uint32_t ticket, task, round, row;
	enum outcome state; /* OP_TICKET */
};

struct op_attempt {
	struct op_ticket ticket;
	struct attempt attempt; /* message: see op.text */
};

struct op_worker {
	uint32_t worker, generation;
	int32_t pid;
	int64_t forked_us, born_us, ended_us;
};

/* Records of a load run, packed (store_load_chunk.h). */
struct op_load_chunk {
	uint32_t count;
	int64_t first_us, last_us; /* earliest and latest end */
	struct buf packed;
};

struct op_verdict {
	double speedup, ceiling, overlap;
};

/* What a note is, and with it what its numbers and texts are: see store_notes.c. */
enum note {
	NOTE_COUNTER,
	NOTE_CLIENT_CPU,
	NOTE_CLIENT_SAMPLE,
	NOTE_NO_DOUBTS,
	NOTE_DOUBT,
	NOTE_NO_SUSPECTS,
	NOTE_SUSPECT
};
struct op_note {
	enum note which;
	int64_t numbers[7];
	char *more; /* owned, NULL = none */
};

struct op {
	enum op_kind kind;
	int64_t run;
	int64_t at; /* origin_ns of attempts and sessions, at_us of events */
	char *name; /* an event's kind, a fact's name; owned, NULL = none */
	char *text; /* message, event, end, value, reason, verdict; owned, NULL = none */
	union {
		struct op_ticket ticket;
		struct op_attempt attempt;
		struct session_report session;
		struct sample sample;
		struct op_worker worker;
		struct op_verdict verdict;
		struct op_note note;
		struct run_phases *phases; /* owned */
		struct run_end *end; /* owned */
		struct task_result task_result;
		struct chaos_record chaos;
		struct load_second load_second;
		struct op_load_chunk load_chunk; /* its bytes are owned */
		struct op_load *load; /* owned */
	};
};

struct queue {
	struct op *ops;
	size_t count, room;
	size_t load_total; /* the OP_LOAD_TOTAL that waits, as index + 1; 0 = none */
	uint64_t chunk_bytes; /* of the records that wait */
};

/* A zeroed op at the end. The pointer is valid until the next call. */
struct op *queue_add(struct queue *queue, enum op_kind kind, int64_t run);
void queue_clear(struct queue *queue); /* keeps the memory */
void queue_free(struct queue *queue);

#endif
