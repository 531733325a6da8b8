/*
 * tool_split: prints what the workload parser makes of files, for tests in other languages.
 *
 *   tool_split FILE            every statement workload_split cuts out, each ended by a NUL byte; errors to stderr,
 * exit 1 tool_split --plan FILE...  the plan: one line per task and one per statement tool_split --data CSV FILE... the
 * same with a data file
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/workload.h"
#include "orchestrator/workload_parts.h"

static int print_pieces(const char *path)
{
	struct buf text = {0};
	struct sql_piece *pieces;
	struct err err;
	int count;

	if (!workload_read(path, &text, &err) ||
	        !workload_split(path, buf_str(&text), text.len, &pieces, &count, &err)) {
		fprintf(stderr, "%s\n", err.text);
		buf_free(&text);
		return 1;
	}
	for (int i = 0; i < count; i++) {
		fwrite(pieces[i].text, 1, pieces[i].len, stdout);
		putchar('\0');
	}
	free(pieces);
	buf_free(&text);
	return 0;
}

static void print_task(const struct task *t)
{
	static const char *const sends[] = {"segment", "transaction", "steps"};
	static const char *const kinds[] = {"plain", "begin", "commit", "rollback", "call", "copy", "alone"};

	printf("task %s line %d %s stage %d repeat %d retries %d rows %lld%s%s%s\n", t->name, t->line, sends[t->send],
	        t->stage, t->repeat, t->retries, (long long)t->rows, t->readonly ? " readonly" : "",
	        t->repeatable ? " repeatable" : "", t->uses_data ? " data" : "");
	for (int i = 0; i < t->nstatements; i++)
		printf("  %d %s %d: %s\n", t->statements[i].line, kinds[t->statements[i].kind],
		        t->statements[i].nparams, t->statements[i].text);
}

static int print_plan(const char *const *paths, int npaths, const char *data)
{
	struct err err;
	struct plan *plan = workload_load(paths, npaths, data, -1, &err);

	if (plan == NULL) {
		fprintf(stderr, "%s\n", err.text);
		return 1;
	}
	printf("workload %s tickets %u\n", plan->name, plan->ntickets);
	if (plan->setup != NULL)
		print_task(plan->setup);
	for (int i = 0; i < plan->ntasks; i++)
		print_task(&plan->tasks[i]);
	if (plan->teardown != NULL)
		print_task(plan->teardown);
	plan_free(plan);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 2)
		return print_pieces(argv[1]);
	if (argc > 2 && strcmp(argv[1], "--plan") == 0)
		return print_plan((const char *const *)argv + 2, argc - 2, NULL);
	if (argc > 3 && strcmp(argv[1], "--data") == 0)
		return print_plan((const char *const *)argv + 3, argc - 3, argv[2]);
	fprintf(stderr, "usage: tool_split FILE | --plan FILE... | --data CSV FILE...\n");
	return 1;
}
