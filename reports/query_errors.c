/*
 * query_errors: groups what did not end as done by SQLSTATE, task and phase. Pure; called by query_run.
 */
#include "reports/query_private.h"

#include <stdlib.h>
#include <string.h>

#include "shared/buf.h"

/* Where it happened. With `transaction` an unknown outcome means that COMMIT was under way: before it, a loss is a
 * known rollback. */
static const char *phase_of(const struct run_view *v, const struct attempt_view *a)
{
	if (a->sent_us == QUERY_NONE)
		return "connect";
	if (v->tasks[a->task].transaction && (a->outcome == OUTCOME_UNKNOWN || a->failed_statement > a->statements))
		return "commit";
	return a->first_us == QUERY_NONE || a->sqlstate[0] ? "execute" : "fetch";
}

static struct error_view *group(
        struct run_view *v, const char *sqlstate, const char *task, const char *phase, const char *message)
{
	for (size_t i = 0; i < v->nerrors; i++) {
		struct error_view *e = &v->errors[i];
		if (strcmp(e->sqlstate, sqlstate) == 0 && strcmp(e->phase, phase) == 0 && strcmp(e->task, task) == 0) {
			if (!e->message)
				e->message = message;
			return e;
		}
	}
	v->errors = mem_resize(v->errors, v->nerrors + 1, sizeof *v->errors);
	struct error_view *e = &v->errors[v->nerrors++];
	*e = (struct error_view){.task = task, .phase = phase, .message = message};
	memcpy(e->sqlstate, sqlstate, sizeof e->sqlstate);
	return e;
}

static int most_first(const void *a, const void *b)
{
	const struct error_view *x = a, *y = b;
	if (x->count != y->count)
		return x->count > y->count ? -1 : 1;
	int by_code = strcmp(x->sqlstate, y->sqlstate);
	return by_code ? by_code : strcmp(x->task, y->task);
}

void query_errors(struct run_view *v, const struct ticket_rows *tickets)
{
	uint32_t *last_try = mem_zero(tickets->count + 1, sizeof *last_try);
	for (size_t i = 0; i < v->nattempts; i++)
		if (v->attempts[i].try_no > last_try[v->attempts[i].ticket])
			last_try[v->attempts[i].ticket] = v->attempts[i].try_no;
	for (size_t i = 0; i < v->nattempts; i++) {
		const struct attempt_view *a = &v->attempts[i];
		if (a->outcome == OUTCOME_DONE)
			continue;
		struct error_view *e = group(v, a->sqlstate, v->tasks[a->task].name, phase_of(v, a), a->message);
		uint8_t state = tickets->rows[a->ticket].state;
		e->count++;
		if (state == 1)
			e->retried_done++;
		else if (a->try_no == last_try[a->ticket]) {
			e->failed += state == 2;
			e->unknown += state == 3;
		}
	}
	free(last_try);
	for (size_t i = 0; i < v->nsession_rows; i++)
		if (!v->session_rows[i].connected)
			group(v, v->session_rows[i].sqlstate, "", "connect", v->session_rows[i].message)->count++;
	if (v->nerrors)
		qsort(v->errors, v->nerrors, sizeof *v->errors, most_first);
}
