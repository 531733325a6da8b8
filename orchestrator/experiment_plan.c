/*
 * experiment_plan: from options to the plan: whether the workload is a list of tasks or scripts in a loop, and what the
 * options say about the latter. The caller owns the plan (plan_free). Called by experiment_prepare and by `check`.
 */
#include "orchestrator/experiment.h"

#include <stdlib.h>

#include "orchestrator/options_check.h"
#include "orchestrator/workload.h"
#include "shared/log.h"
#include "shared/rng.h"

#define TRANSACTIONS_BY_DEFAULT 10 /* pgbench's */

/* Its own number, so that what :default_seed gives is none of the numbers that sessions draw. */
#define DEFAULT_SEED_NUMBER UINT64_C(0x64656661756c7473)

static struct plan *finish(struct options *o, struct plan *plan, struct err *err)
{
	if (options_check_kind(o, plan, err) && (!o->read_only || plan_make_readonly(plan, err)))
		return plan;
	plan_free(plan);
	return NULL;
}

/* *loop: NULL is no error, @run wants the file in a loop. */
static struct plan *tasks_plan(struct options *o, bool *loop, struct err *err)
{
	bool spoken = options_flag(o, "retries") || options_environment(o, "retries");
	struct plan *plan = workload_load(o->files, o->nfiles, o->data, spoken ? o->retries : -1, err);
	if (plan == NULL)
		return NULL;
	bool ok = options_defaults(o, plan, err);
	*loop = ok && (o->load.transactions > 0 || o->load.duration_ns > 0);
	if (ok && !*loop)
		return finish(o, plan, err);
	plan_free(plan);
	return NULL;
}

/* The first command of this kind, NULL = none. */
static const struct script_command *first_command(
        const struct scripts *scripts, enum command_kind kind, const struct script **in)
{
	for (int i = 0; i < scripts->nscripts; i++) {
		*in = &scripts->scripts[i];
		for (int c = 0; c < (*in)->ncommands; c++) {
			if ((*in)->commands[c].kind == kind)
				return &(*in)->commands[c];
		}
	}
	return NULL;
}

/* Pipelines need the extended protocol; prepared is the fastest and what they get when nobody chose. */
static bool choose_mode(struct options *o, const struct scripts *scripts, struct err *err)
{
	const struct script *script = NULL;
	const struct script_command *start = first_command(scripts, COMMAND_STARTPIPELINE, &script);
	if (o->load.mode != QUERY_SIMPLE || (start == NULL && o->load.pipeline == 0))
		return true;
	if (!options_flag(o, "protocol") && !options_directive(o, "protocol")) {
		o->load.mode = QUERY_PREPARED;
		return true;
	}
	if (start == NULL)
		return true; /* refused with --pipeline by options_check */
	return err_set(err, EXIT_USAGE,
	        "%s:%d:%d: a pipeline cannot be sent with -M simple: use -M extended or prepared, or leave -M out",
	        script->name, start->line, start->column);
}

static bool check_independent(const struct options *o, const struct scripts *scripts, struct err *err)
{
	for (int i = 0; i < scripts->nscripts && o->load.pipeline > 0; i++) {
		if (!scripts->scripts[i].independent)
			return err_set(err, EXIT_USAGE,
			        "--pipeline=%u needs scripts that use no results and do not wait, and %s has \\gset, "
			        "\\if, \\sleep or pipeline commands of its own",
			        o->load.pipeline, scripts->scripts[i].name);
	}
	return true;
}

/* What pgbench does: the built-in scripts go by the tables that are there, others by -s. */
static void settle_scale(const struct options *o, struct load *load, struct scripts *scripts)
{
	struct script_variable *scale = &scripts->variables[scripts->scale];
	bool builtin = false;
	for (int i = 0; i < o->nsources; i++)
		builtin = builtin || o->sources[i].origin == SCRIPT_BUILTIN;
	if (scale->set)
		return; /* -D scale=N */
	load->ask_scale = builtin;
	if (builtin && o->scale > 0)
		log_write(LEVEL_INFO, NULL,
		        "-s %d is not used: built-in scripts take the number of rows of pgbench_branches", o->scale);
	if (builtin)
		return;
	scale->set = true;
	scale->value = (struct value){.type = VALUE_INT, .integer = o->scale > 0 ? o->scale : 1};
}

static struct plan *load_plan(struct options *o, bool extended, struct err *err)
{
	struct scripts scripts;
	struct plan *plan;
	const struct script_options how = {.sources = o->sources,
	        .nsources = o->nsources,
	        .defines = o->defines,
	        .ndefines = o->ndefines,
	        .extended = extended,
	        .allow_shell = o->allow_shell};
	if (!scripts_load_run(&how, &scripts, &plan, err))
		return NULL;
	plan->scripts = mem_alloc(sizeof(*plan->scripts));
	*plan->scripts = scripts;
	if (options_defaults(o, plan, err) && choose_mode(o, &scripts, err))
		return plan;
	plan_free(plan);
	return NULL;
}

static struct plan *scripts_plan(struct options *o, struct err *err)
{
	bool extended = o->load.mode != QUERY_SIMPLE;
	struct plan *plan = load_plan(o, extended, err);
	/* Only the file itself says that it wants another protocol, which has limits of its own. */
	if (plan != NULL && !extended && o->load.mode != QUERY_SIMPLE) {
		plan_free(plan);
		plan = load_plan(o, true, err);
	}
	plan = plan != NULL ? finish(o, plan, err) : NULL;
	if (plan == NULL)
		return NULL;
	if (!check_independent(o, plan->scripts, err)) {
		plan_free(plan);
		return NULL;
	}
	if (o->load.transactions == 0 && o->load.duration_ns == 0)
		o->load.transactions = TRANSACTIONS_BY_DEFAULT;
	plan->load = o->load;
	settle_scale(o, &plan->load, plan->scripts);
	return plan;
}

struct plan *experiment_plan(struct options *options, struct err *err)
{
	bool load = options->load.transactions > 0 || options->load.duration_ns > 0;
	if (!load && !scripts_wanted(options->sources, options->nsources, &load, err))
		return NULL;
	if (!load) {
		struct plan *plan = tasks_plan(options, &load, err);
		if (!load)
			return plan;
	}
	return scripts_plan(options, err);
}

/* --- before the run --------------------------------------------------------------------------------------------- */

/* pgbench's statements in its order. They run one by one, as VACUUM wants no transaction. */
static const char *const vacuum_texts[] = {"vacuum pgbench_branches", "vacuum pgbench_tellers",
        "truncate pgbench_history", "vacuum analyze pgbench_accounts"};

const struct task *experiment_vacuum(const struct experiment *x)
{
	static struct statement statements[4];
	static struct task task = {.name = (char *)"vacuum",
	        .statements = statements,
	        .send = SEND_STEPS,
	        .rows = -1,
	        .repeat = 1,
	        .after = -1};
	const struct options *o = x->options;
	if (x->plan->scripts == NULL || o->no_vacuum || o->read_only)
		return NULL;
	task.nstatements = o->vacuum_all ? 4 : 3;
	for (int i = 0; i < 4; i++)
		statements[i] = (struct statement){.text = (char *)vacuum_texts[i],
		        .kind = vacuum_texts[i][0] == 'v' ? STATEMENT_ALONE : STATEMENT_PLAIN};
	return &task;
}

/* --- seeds ------------------------------------------------------------------------------------------------------ */

static void automatic(struct scripts *scripts, int index, uint64_t value)
{
	struct script_variable *variable = &scripts->variables[index];
	if (variable->set)
		return; /* -D */
	variable->set = true;
	variable->value = (struct value){.type = VALUE_INT, .integer = (int64_t)value};
}

void experiment_load_seed(struct experiment *x)
{
	struct scripts *scripts = x->plan->scripts;
	automatic(scripts, scripts->random_seed, x->seed);
	automatic(scripts, scripts->default_seed, rng_hash(x->seed, DEFAULT_SEED_NUMBER));
}
