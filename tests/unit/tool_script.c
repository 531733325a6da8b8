/*
 * tool_script: runs one script with our parser and evaluator and no server, for comparing with pgbench.
 *
 *     tool_script [-D NAME=VALUE]... [-M extended] [--allow-shell] [--seed N] [-b NAME]... FILE...
 *     tool_script [-D NAME=VALUE]... --lines FILE
 *
 * Prints what debug() is given as pgbench does, and each SQL command as it would be sent: `SQL simple: TEXT` or
 * `SQL extended: TEXT` and its parameters. Refusals go to stderr with exit code 1, errors at run time with 2.
 * With --lines each line of the file is an expression; its value, refusal or error is a line on stdout.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/script_parse.h"
#include "shared/buf.h"
#include "worker/script_eval.h"

struct place {
	int script, command;
};

static void tell(void *told, const struct value *value)
{
	static const char *const names[] = {"none", "null", "boolean", "int", "double"};
	const struct place *place = told;
	char text[32];

	value_print(value, text);
	printf("debug(script=%d,command=%d): %s%s%s\n", place->script, place->command + 1, names[value->type],
	        value->type == VALUE_NULL ? "" : " ", value->type == VALUE_NULL ? "" : text);
}

static void send_simple(const struct script_sql *sql, struct script_vars *vars)
{
	printf("SQL simple: ");
	for (int i = 0; i <= sql->nvariables; i++) {
		size_t len;

		printf("%s", sql->literals[i]);
		if (i == sql->nvariables)
			break;
		const char *text = script_vars_text(vars, sql->variables[i], &len);

		printf("%s", text != NULL ? text : sql->spelled[i]);
	}
	printf("\n");
}

static void send_extended(const struct script_sql *sql, struct script_vars *vars)
{
	printf("SQL extended: %s\n", sql->numbered);
	for (int i = 0; i < sql->nparams; i++) {
		size_t len;
		const char *text = script_vars_text(vars, sql->params[i], &len);

		printf("  $%d = %s\n", i + 1, text != NULL ? text : "(none)");
	}
}

static bool run(
        const struct script *script, bool extended, struct script_eval *eval, struct place *place, struct err *err)
{
	for (int at = 0; at < script->ncommands;) {
		const struct script_command *command = &script->commands[at];
		int64_t us;
		bool ok = true;

		place->command = at;
		switch (command->kind) {
		case COMMAND_SET:
			ok = script_set(command, eval, err);
			break;
		case COMMAND_IF:
		case COMMAND_ELIF:
		case COMMAND_ELSE:
		case COMMAND_ENDIF:
			if (!script_branch(script, &at, eval, err))
				return false;
			continue;
		case COMMAND_SLEEP:
			ok = script_sleep_us(command, eval, &us, err);
			break;
		case COMMAND_SQL:
			if (extended)
				send_extended(&command->sql, eval->vars);
			else
				send_simple(&command->sql, eval->vars);
			break;
		default:
			break;
		}
		if (!ok)
			return false;
		at++;
	}
	return true;
}

/* One expression: `int 1`, `refused: ...` or `error: ...`. */
static void run_line(const char *line, const struct script_options *options)
{
	static const char *const names[] = {"none", "null", "boolean", "int", "double"};
	struct buf text = {0};
	struct scripts scripts;
	struct err err = {0};

	buf_printf(&text, "\\set x debug(%s)\n", line);
	if (!scripts_parse("line", text.data, text.len, options, &scripts, &err)) {
		printf("refused: %s\n", err.text);
		buf_free(&text);
		return;
	}
	struct script_vars vars;
	struct rng rng;
	struct script_eval eval = {.vars = &vars, .rng = &rng};
	struct value value;
	char shown[32];

	rng_seed(&rng, 1, 0);
	script_vars_init(&vars, &scripts);
	if (script_eval(scripts.scripts[0].commands[0].expr, &eval, &value, &err)) {
		value_print(&value, shown);
		printf("%s%s%s\n", names[value.type], value.type == VALUE_NULL ? "" : " ",
		        value.type == VALUE_NULL ? "" : shown);
	} else {
		printf("error: %s\n", err.text);
	}
	script_vars_free(&vars);
	scripts_free(&scripts);
	buf_free(&text);
}

static int run_lines(const char *path, const struct script_options *options)
{
	FILE *file = fopen(path, "r");
	char *line = NULL;
	size_t room = 0;
	ssize_t len;

	if (file == NULL) {
		fprintf(stderr, "cannot read %s\n", path);
		return 1;
	}
	while ((len = getline(&line, &room, file)) > 0) {
		line[len - 1] = '\0';
		run_line(line, options);
	}
	free(line);
	fclose(file);
	return 0;
}

static int run_all(struct scripts *scripts, bool extended, uint64_t seed)
{
	struct script_vars vars;
	struct rng rng;
	struct place place = {0};
	struct script_eval eval = {.vars = &vars, .rng = &rng, .debug = tell, .told = &place};
	struct err err = {0};
	bool ok = true;

	scripts->variables[scripts->client_id].set = true;
	scripts->variables[scripts->client_id].value = (struct value){.type = VALUE_INT, .integer = 0};
	rng_seed(&rng, seed, 0);
	script_vars_init(&vars, scripts);
	for (; ok && place.script < scripts->nscripts; place.script++)
		ok = run(&scripts->scripts[place.script], extended, &eval, &place, &err);
	script_vars_free(&vars);
	if (!ok)
		fprintf(stderr, "error: %s\n", err.text);
	return ok ? 0 : 2;
}

int main(int argc, char **argv)
{
	struct script_source sources[16];
	const char *defines[64];
	struct script_options options = {.sources = sources, .defines = defines};
	struct scripts scripts;
	struct err err = {0};
	uint64_t seed = 1;
	const char *lines = NULL;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "-D") == 0 && i + 1 < argc && options.ndefines < 64)
			defines[options.ndefines++] = argv[++i];
		else if (strcmp(argv[i], "--lines") == 0 && i + 1 < argc)
			lines = argv[++i];
		else if (strcmp(argv[i], "-M") == 0 && i + 1 < argc)
			options.extended = strcmp(argv[++i], "simple") != 0;
		else if (strcmp(argv[i], "--seed") == 0 && i + 1 < argc)
			seed = strtoull(argv[++i], NULL, 10);
		else if (strcmp(argv[i], "--allow-shell") == 0)
			options.allow_shell = true;
		else if (strcmp(argv[i], "-b") == 0 && i + 1 < argc && options.nsources < 16)
			sources[options.nsources++] =
			        (struct script_source){.origin = SCRIPT_BUILTIN, .name = argv[++i]};
		else if (options.nsources < 16)
			sources[options.nsources++] = (struct script_source){.origin = SCRIPT_FILE, .name = argv[i]};
	}
	if (lines != NULL)
		return run_lines(lines, &options);
	if (!scripts_load(&options, &scripts, &err)) {
		fprintf(stderr, "refused: %s\n", err.text);
		return 1;
	}
	int code = run_all(&scripts, options.extended, seed);

	scripts_free(&scripts);
	return code;
}
