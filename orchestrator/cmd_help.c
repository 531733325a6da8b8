/*
 * cmd_help: help and version, and the documents that are made from the option table.
 */
#include <stdio.h>
#include <string.h>

#include "orchestrator/cmd.h"
#include "orchestrator/manual_text.h"
#include "orchestrator/options_table.h"
#include "orchestrator/script_parse.h"
#include "reports/store.h"
#include "worker/worker.h"

#ifdef __clang__
#define COMPILER "clang " __clang_version__
#else
#define COMPILER "gcc " __VERSION__
#endif

void client_versions(char *out, size_t size)
{
	char linked[128];
	worker_versions(linked, sizeof(linked));
	snprintf(out, size, "pgparallel " PGPARALLEL_VERSION " (" COMPILER "), %s, SQLite %s", linked,
	        store_sqlite_version());
}

int cmd_help(const struct options *options, struct err *err)
{
	struct buf out = {0};
	const char *topic = options->help_topic;
	bool known = true;
	if (topic == NULL)
		options_usage(&out);
	else if (strcmp(topic, "man") == 0)
		options_man(&out);
	else if (strcmp(topic, "completion") == 0)
		options_completion(&out);
	else if (strcmp(topic, "options") == 0)
		options_markdown(&out);
	else if (strcmp(topic, "store") == 0)
		manual_store(&out);
	else {
		known = false;
		for (size_t i = 0; i < command_nrows && !known; i++) {
			known = strcmp(command_rows[i].name, topic) == 0;
			if (known)
				options_help((enum command)i, &out);
		}
	}
	fputs(buf_str(&out), stdout);
	buf_free(&out);
	if (!known) {
		err_set(err, EXIT_USAGE, "no help on \"%s\"", topic);
		return EXIT_USAGE;
	}
	return EXIT_DONE;
}

int cmd_builtins(void)
{
	printf("Built-in scripts, for the tables that pgbench -i makes:\n");
	for (const struct script_builtin *b = script_builtins(); b->name != NULL; b++)
		printf("  %-14s %s\n", b->name, b->about);
	return EXIT_DONE;
}

int cmd_version(void)
{
	char versions[256];
	client_versions(versions, sizeof(versions));
	printf("%s\n", versions);
	return EXIT_DONE;
}
