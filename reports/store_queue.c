/*
 * store_queue: see the header. Called by the store alone.
 */
#include "reports/store_queue.h"

#include <stdlib.h>
#include <string.h>

#include "shared/buf.h"

struct op *queue_add(struct queue *queue, enum op_kind kind, int64_t run)
{
	if (queue->count == queue->room) {
		queue->room = queue->room ? queue->room * 2 : 64;
		queue->ops = mem_resize(queue->ops, queue->room, sizeof *queue->ops);
	}
	struct op *op = &queue->ops[queue->count++];
	memset(op, 0, sizeof *op);
	op->kind = kind;
	op->run = run;
	return op;
}

void queue_clear(struct queue *queue)
{
	for (size_t i = 0; i < queue->count; i++) {
		struct op *op = &queue->ops[i];
		free(op->name);
		free(op->text);
		if (op->kind == OP_PHASES)
			free(op->phases);
		else if (op->kind == OP_END)
			free(op->end);
		else if (op->kind == OP_NOTE)
			free(op->note.more);
		else if (op->kind == OP_LOAD_CHUNK)
			buf_free(&op->load_chunk.packed);
		else if (op->kind == OP_LOAD_TOTAL)
			op_load_free(op->load);
	}
	queue->count = 0;
	queue->load_total = 0;
	queue->chunk_bytes = 0;
}

void queue_free(struct queue *queue)
{
	queue_clear(queue);
	free(queue->ops);
	*queue = (struct queue){0};
}
