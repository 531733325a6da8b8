/*
 * store_record: takes what happened in a run (tickets, attempts, connections, samples, workers, events) into the
 * queue. Each function copies what it is given; nothing is written before store_commit. False after a failed commit:
 * the row is then kept for store_spill all the same.
 */
#include "reports/store_private.h"

#include "shared/buf.h"
#include "shared/redact.h"

/* A copy without secrets of what a server, a library or a worker said; NULL stays NULL. */
static char *said(const char *text)
{
	struct buf clean = {0};

	if (text == NULL)
		return NULL;
	redact(text, &clean);
	char *copy = mem_strdup(buf_str(&clean));
	buf_free(&clean);
	return copy;
}

static bool bad_ticket(const struct store *store, uint32_t ticket, const struct plan *plan, struct err *err)
{
	return err_set(err, EXIT_STORE, "%s: ticket %u does not exist (the workload has %u): please report this",
	        store->path, ticket, plan->ntickets);
}

static struct op_ticket op_ticket_of(const struct plan *plan, uint32_t ticket, enum outcome state)
{
	const struct ticket *t = &plan->tickets[ticket];
	return (struct op_ticket){ticket, t->task, t->round, t->row, state};
}

bool store_release(struct store *store, int64_t run, const struct plan *plan, const uint32_t *todo, uint32_t from,
        uint32_t to, struct err *err)
{
	for (uint32_t i = from; i < to; i++) {
		if (todo[i] >= plan->ntickets)
			return bad_ticket(store, todo[i], plan, err);
		queue_add(&store->queue, OP_RELEASE, run)->ticket = op_ticket_of(plan, todo[i], OUTCOME_NONE);
	}
	if (!store_alive(store, err))
		return false;
	/* A release that the power takes away would let --resume run a ticket twice: this commit must reach the disk.
	 */
	if (!store_db_exec(store->db, store->path, "PRAGMA synchronous = FULL", err))
		return store_give_up(store, err);
	return store_flush(store, true, err) &&
	       (store_db_exec(store->db, store->path, "PRAGMA synchronous = NORMAL", err) || store_give_up(store, err));
}

bool store_session(struct store *store, int64_t run, int64_t origin_ns, const struct session_report *r, struct err *err)
{
	struct op *op = queue_add(&store->queue, OP_SESSION, run);
	op->at = origin_ns;
	op->session = *r;
	op->session.message = NULL;
	op->text = said(r->message);
	return store_alive(store, err);
}

bool store_attempt(struct store *store, int64_t run, int64_t origin_ns, const struct plan *plan,
        const struct attempt *a, struct err *err)
{
	if (a->ticket >= plan->ntickets)
		return bad_ticket(store, a->ticket, plan, err);
	struct op *op = queue_add(&store->queue, OP_ATTEMPT, run);
	op->at = origin_ns;
	op->attempt.ticket = op_ticket_of(plan, a->ticket, OUTCOME_NONE);
	op->attempt.attempt = *a;
	op->attempt.attempt.message = NULL;
	op->text = said(a->message);
	return store_alive(store, err);
}

bool store_ticket(
        struct store *store, int64_t run, const struct plan *plan, uint32_t ticket, enum outcome state, struct err *err)
{
	if (ticket >= plan->ntickets)
		return bad_ticket(store, ticket, plan, err);
	queue_add(&store->queue, OP_TICKET, run)->ticket = op_ticket_of(plan, ticket, state);
	return store_alive(store, err);
}

bool store_samples(struct store *store, int64_t run, const struct sample *samples, size_t count, struct err *err)
{
	for (size_t i = 0; i < count; i++)
		queue_add(&store->queue, OP_SAMPLE, run)->sample = samples[i];
	return store_alive(store, err);
}

bool store_worker(struct store *store, int64_t run, uint32_t worker, uint32_t generation, int32_t pid,
        int64_t forked_us, int64_t born_us, int64_t ended_us, const char *end, struct err *err)
{
	struct op *op = queue_add(&store->queue, OP_WORKER, run);
	op->worker = (struct op_worker){worker, generation, pid, forked_us, born_us, ended_us};
	op->text = said(end ? end : "");
	return store_alive(store, err);
}

bool store_task_result(struct store *store, int64_t run, const struct task_result *result, struct err *err)
{
	queue_add(&store->queue, OP_TASK_RESULT, run)->task_result = *result;
	return store_alive(store, err);
}

bool store_chaos(struct store *store, int64_t run, const struct chaos_record *chaos, struct err *err)
{
	queue_add(&store->queue, OP_CHAOS, run)->chaos = *chaos;
	return store_alive(store, err);
}

bool store_event(struct store *store, int64_t run, int64_t at_us, const char *kind, const char *text, struct err *err)
{
	struct op *op = queue_add(&store->queue, OP_EVENT, run);
	op->at = at_us;
	op->name = mem_strdup(kind);
	op->text = said(text);
	return store_alive(store, err);
}
