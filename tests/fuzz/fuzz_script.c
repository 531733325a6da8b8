/*
 * fuzz_script: any bytes as a script. A refusal names file, line and column; an accepted script holds together, its
 * conditions lead forward, its expressions can be run on a stack of the height they claim, and what is sent is what was
 * written. A libFuzzer target (clang -fsanitize=fuzzer); the unit test test_script_corpus includes it and feeds it the
 * corpus.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/script_parse.h"
#include "shared/buf.h"
#include "worker/script_eval.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition)
{
	if (!condition)
		abort();
}

static void check_refusal(const struct err *err)
{
	int line = 0, column = 0;

	must(err->code == EXIT_USAGE);
	if (strncmp(err->text, "f:", 2) == 0)
		must(sscanf(err->text, "f:%d:%d: ", &line, &column) == 2 && line > 0 && column > 0);
	else
		must(strncmp(err->text, "total script weight", 19) == 0 ||
		        strstr(err->text, " scripts, and at most") != NULL);
}

static void check_sql(const struct script_sql *sql, const struct scripts *scripts)
{
	struct buf simple = {0};

	must(sql->numbered != NULL && sql->nparams == sql->nvariables && sql->nstatements > 0);
	must((sql->keep != KEEP_NOTHING) == (sql->prefix != NULL));
	for (int i = 0; i <= sql->nvariables; i++) {
		buf_puts(&simple, sql->literals[i]);
		if (i == sql->nvariables)
			break;
		must(sql->variables[i] < scripts->nvariables && sql->params[i] == sql->variables[i]);
		must(strcmp(sql->spelled[i] + 1, scripts->variables[sql->variables[i]].name) == 0);
		buf_puts(&simple, sql->spelled[i]);
	}
	must(simple.len > 0);
	buf_free(&simple);
}

static void check_expr(const struct expr *expr, const struct scripts *scripts)
{
	must(expr != NULL && expr->nsteps > 0 && expr->height > 0 && expr->height <= EXPR_STACK_MOST);
	for (int i = 0; i < expr->nsteps; i++) {
		const struct expr_step *step = &expr->steps[i];

		if (step->op == EXPR_VARIABLE)
			must(step->target >= 0 && step->target < scripts->nvariables);
		else if (step->op == EXPR_WHEN || step->op == EXPR_JUMP || step->op == EXPR_AND_LEFT ||
		         step->op == EXPR_OR_LEFT)
			must(step->target > 0 && i + step->target <= expr->nsteps);
	}
}

static void check_command(const struct script *script, int at, const struct scripts *scripts)
{
	const struct script_command *command = &script->commands[at];

	must(command->text != NULL && strchr(command->text, '\n') == NULL && command->line > 0 && command->column > 0);
	switch (command->kind) {
	case COMMAND_SQL:
		check_sql(&command->sql, scripts);
		break;
	case COMMAND_SET:
		must(command->variable >= 0 && command->variable < scripts->nvariables);
		check_expr(command->expr, scripts);
		break;
	case COMMAND_IF:
	case COMMAND_ELIF:
		check_expr(command->expr, scripts);
		must(command->jump > at && command->jump < script->ncommands);
		break;
	case COMMAND_SLEEP:
		must(command->sleep_unit_us > 0 && command->sleep_variable < scripts->nvariables);
		break;
	default:
		break;
	}
	if (command->kind == COMMAND_ELIF || command->kind == COMMAND_ELSE)
		must(command->end > at && script->commands[command->end].kind == COMMAND_ENDIF);
}

/* As a session would, without a server. */
static void run(const struct scripts *scripts, const struct script *script)
{
	struct script_vars vars;
	struct rng rng;
	struct script_eval eval = {.vars = &vars, .rng = &rng};
	struct err err;
	int64_t us;
	bool ok = true;

	rng_seed(&rng, 1, 2);
	script_vars_init(&vars, scripts);
	for (int at = 0; ok && at < script->ncommands;) {
		const struct script_command *command = &script->commands[at];
		bool branch = command->kind >= COMMAND_IF && command->kind <= COMMAND_ENDIF;
		int before = at;

		if (branch)
			ok = script_branch(script, &at, &eval, &err);
		else if (command->kind == COMMAND_SET)
			ok = script_set(command, &eval, &err);
		else if (command->kind == COMMAND_SLEEP)
			ok = script_sleep_us(command, &eval, &us, &err) && us >= 0;
		at += !branch;
		must(!ok || at > before);
	}
	script_vars_free(&vars);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const defines[] = {"x=5", "r=2.5", "w=abc", "scale=1", "default_seed=9"};
	struct script_options options = {.defines = defines, .ndefines = 5, .allow_shell = size % 2 == 0};
	struct scripts scripts;
	struct err err;

	(void)script_wanted((const char *)data, size);
	options.extended = size % 3 == 0;
	if (!scripts_parse("f", (const char *)data, size, &options, &scripts, &err)) {
		check_refusal(&err);
		return 0;
	}
	must(scripts.nscripts > 0 && scripts.total_weight > 0);
	for (int s = 0; s < scripts.nscripts; s++) {
		const struct script *script = &scripts.scripts[s];

		must(script->ncommands > 0 && script->name != NULL && script->source != NULL);
		for (int i = 0; i < script->ncommands; i++)
			check_command(script, i, &scripts);
		run(&scripts, script);
	}
	scripts_free(&scripts);
	return 0;
}
