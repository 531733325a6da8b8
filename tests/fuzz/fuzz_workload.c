/*
 * fuzz_workload: any bytes as a workload file. A statement that was cut out must be one statement when it is cut
 * again, and an accepted plan must hold together. A libFuzzer target (clang -fsanitize=fuzzer); the unit test
 * test_workload_corpus includes it and feeds it the corpus.
 */
#include <stdlib.h>
#include <string.h>

#include "orchestrator/workload.h"
#include "orchestrator/workload_parts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition)
{
	if (!condition)
		abort();
}

static void check_cuts(const char *text, size_t len)
{
	struct sql_piece *pieces, *again;
	int count, one;
	struct err err;

	if (!workload_split("f", text, len, &pieces, &count, &err)) {
		must(err.code == EXIT_USAGE && strncmp(err.text, "f:", 2) == 0);
		return;
	}
	/* Where the file changes how strings are read, a statement alone may be read otherwise; a byte order mark is
	 * one only at the beginning. */
	bool stable = memmem(text, len, "\\", 1) == NULL && memmem(text, len, "\xef\xbb\xbf", 3) == NULL;

	for (int i = 0; i < count; i++) {
		must(pieces[i].len > 0 && pieces[i].text >= text && pieces[i].text + pieces[i].len <= text + len);
		if (!stable || i > 50)
			continue;
		must(workload_split("f", pieces[i].text, pieces[i].len, &again, &one, &err));
		must(one == 1 && again[0].text == pieces[i].text && again[0].len == pieces[i].len);
		free(again);
	}
	free(pieces);
}

static void check_plan(const struct plan *plan)
{
	int stage = 0;

	must(plan->ntasks > 0 && plan->nstages > 0);
	for (uint32_t i = 0; i < plan->ntickets; i++) {
		const struct ticket *t = &plan->tickets[i];

		must(t->task < (uint32_t)plan->ntasks);
		const struct task *task = &plan->tasks[t->task];

		must(task->stage >= stage);
		stage = task->stage;
		must((t->row != PLAN_NO_ROW) == task->uses_data);
	}
	for (int i = 0; i < plan->ntasks; i++) {
		const struct task *task = &plan->tasks[i];

		must(task->name != NULL && task->source != NULL && task->nstatements > 0);
		for (int s = 0; s < task->nstatements; s++) {
			must(task->statements[s].text[0] != '\0' && task->statements[s].line > 0);
			for (int p = 0; p < task->statements[s].nparams; p++)
				must(task->statements[s].params[p] < plan->ncolumns);
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char csv[] = "n,m\n1,\"a\"\"b\"\n2,\n";
	struct workload_text text = {.path = "f", .text = (const char *)data, .len = size};
	struct workload_text rows = {.path = "d", .text = csv, .len = sizeof csv - 1};
	struct err err;

	check_cuts((const char *)data, size);
	for (int with = 0; with < 2; with++) {
		/* repeat= may ask for twenty million tickets, which only takes time here */
		if (memmem(data, size, "repeat=", 7) != NULL)
			break;
		struct plan *plan = workload_parse(&text, 1, with ? &rows : NULL, -1, &err);

		if (plan != NULL)
			check_plan(plan);
		else
			must(err.code == EXIT_USAGE && err.text[0] != '\0');
		plan_free(plan);
	}
	return 0;
}
