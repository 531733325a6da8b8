/*
 * verify: see the header. Called by the command line after its runs and by every renderer of comparisons.
 */
#include "reports/verify.h"

#include <stdio.h>
#include <string.h>

#include "reports/stats.h"

const struct task_result_view *verify_result(const struct run_view *run, uint32_t task)
{
	for (size_t i = 0; i < run->nresults; i++)
		if (run->results[i].task == task)
			return &run->results[i];
	return NULL;
}

bool verify_asked(const struct run_view *run)
{
	return run->options && strstr(run->options, "verify-results=on") != NULL;
}

static const struct task_result_view *result_named(const struct run_view *run, const char *name)
{
	for (uint32_t i = 0; i < run->ntasks; i++)
		if (strcmp(run->tasks[i].name, name) == 0)
			return verify_result(run, i);
	return NULL;
}

static void difference(const struct run_view *reference, const struct run_view *other, const struct task_result_view *a,
        const struct task_result_view *b, char *out, size_t size)
{
	const char *name = other->tasks[b->task].name;

	if (a->rows != b->rows)
		snprintf(out, size, "task %s gave %lld row%s in run %lld (%s) and %lld in run %lld (%s)", name,
		        (long long)a->rows, a->rows == 1 ? "" : "s", (long long)reference->id, reference->engine,
		        (long long)b->rows, (long long)other->id, other->engine);
	else
		snprintf(out, size,
		        "task %s gave %lld row%s in run %lld (%s) and as many in run %lld (%s), but not the same: "
		        "digests %.12s and %.12s",
		        name, (long long)a->rows, a->rows == 1 ? "" : "s", (long long)reference->id, reference->engine,
		        (long long)other->id, other->engine, a->digest, b->digest);
}

struct verify_count verify_compare(const struct run_view *reference, const struct run_view *other,
        void (*tell)(void *context, const char *task, const char *text), void *context)
{
	struct verify_count count = {0};
	char text[700];

	for (uint32_t i = 0; i < other->ntasks; i++) {
		const struct task_result_view *a = result_named(reference, other->tasks[i].name);
		const struct task_result_view *b = verify_result(other, i);

		if (!a || !b) {
			count.left_out++;
		} else if (a->executions != b->executions) {
			count.uncompared++;
		} else if (a->rows == b->rows && strcmp(a->digest, b->digest) == 0) {
			count.same++;
		} else {
			count.different++;
			difference(reference, other, a, b, text, sizeof text);
			if (tell)
				tell(context, other->tasks[i].name, text);
		}
	}
	return count;
}

static const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

static void name_different(void *context, const char *task, const char *text)
{
	struct buf *names = context;

	(void)text;
	if (names->len < 200)
		buf_printf(names, "%s%s", names->len ? ", " : "", task);
	else if (names->data[names->len - 1] != '.')
		buf_puts(names, ", ...");
}

static void compared(const struct run_view *run, const struct run_view *reference, struct buf *out)
{
	struct buf names = {0};
	struct verify_count n = verify_compare(reference, run, name_different, &names);

	if (n.different > 0)
		buf_printf(out, "%zu of %zu task%s returned other rows than in run %lld (%s): %s", n.different,
		        n.same + n.different, plural(n.same + n.different), (long long)reference->id, reference->engine,
		        buf_str(&names));
	else
		buf_printf(out, "%zu task%s returned the same rows as in run %lld (%s)", n.same, plural(n.same),
		        (long long)reference->id, reference->engine);
	if (n.uncompared > 0)
		buf_printf(out, "; %zu not compared, as not all of their tickets were done", n.uncompared);
	if (n.left_out > 0)
		buf_printf(out, "; %zu left out", n.left_out);
	buf_free(&names);
}

void verify_sentence(const struct run_view *run, const struct run_view *reference, struct buf *out)
{
	double us = 0;
	char time[32];

	if (!verify_asked(run) || run->load)
		return;
	for (size_t i = 0; i < run->nresults; i++)
		us += (double)run->results[i].digest_us;
	if (reference && reference != run && verify_asked(reference))
		compared(run, reference, out);
	else
		buf_printf(out, "digests of %zu task%s, compared with nothing", run->nresults, plural(run->nresults));
	buf_printf(out, "; hashing took %s", stats_duration(us, time));
}
