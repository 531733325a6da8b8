/*
 * experiment: from options to everything a run needs. Called by cmd_run, and in parts by cmd_check.
 */
#include "orchestrator/experiment.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "orchestrator/cmd.h"
#include "orchestrator/spawn.h"
#include "orchestrator/workload.h"
#include "reports/store.h"
#include "shared/clock.h"
#include "shared/log.h"
#include "shared/rng.h"

#define CLIENTS_MOST_BY_DEFAULT 16

void experiment_target(const struct options *options, struct target *target)
{
	memset(target, 0, sizeof(*target));
	target->host = options->host;
	target->port = options->port;
	target->user = options->user;
	target->dbname = options->conninfo != NULL ? options->conninfo : options->dbname;
	target->password = options->password;
	target->passfile = options->passfile;
	/* libpq has no timeout by itself, and its own setting does not act on connections that are not waited for. */
	const char *text = getenv("PGCONNECT_TIMEOUT");
	int64_t seconds = text != NULL ? strtol(text, NULL, 10) : 0;
	target->connect_timeout_ns = seconds > 0 && seconds < 100000 ? seconds * NS_PER_S : 10 * NS_PER_S;
	snprintf(target->application_name, sizeof(target->application_name), "pgparallel");
}

uint32_t engine_workers(enum engine engine, uint32_t lanes)
{
	return engine == ENGINE_PROCESS ? lanes : 1;
}

/* pgbench starts no more threads than it has clients, and command lines rely on it. */
static uint32_t lanes_asked(const struct options *o, bool load, uint32_t sessions)
{
	uint32_t lanes = o->lanes > 0 ? (uint32_t)o->lanes : sessions;
	if (!load || lanes <= sessions)
		return lanes;
	log_write(LEVEL_INFO, NULL, "-j %u: %u lane%s for as many sessions", lanes, sessions, sessions == 1 ? "" : "s");
	return sessions;
}

bool experiment_layout(const struct options *o, bool load, uint32_t ntickets, uint32_t *sessions, uint32_t *lanes,
        uint32_t *workers, struct err *err)
{
	uint32_t most = ntickets < CLIENTS_MOST_BY_DEFAULT ? ntickets : CLIENTS_MOST_BY_DEFAULT;
	if (load)
		most = 1;
	*sessions = o->clients > 0 ? (uint32_t)o->clients : most > 0 ? most : 1;
	if (o->engine == ENGINE_SERIAL)
		*sessions = 1;
	bool one = o->engine == ENGINE_SERIAL || o->engine == ENGINE_ASYNC;
	*lanes = one ? 1 : lanes_asked(o, load, *sessions);
	if (*lanes > *sessions)
		return err_set(err, EXIT_USAGE, "-j %u lanes cannot share %u session%s: use -j %u or -c %u", *lanes,
		        *sessions, *sessions == 1 ? "" : "s", *sessions, *lanes);
	*workers = engine_workers(o->engine, *lanes);
	if ((uint32_t)o->min_workers > *workers)
		return err_set(err, EXIT_USAGE, "--min-workers=%d cannot be kept with %u worker%s", o->min_workers,
		        *workers, *workers == 1 ? "" : "s");
	if ((uint32_t)o->require_overlap > *sessions)
		return err_set(err, EXIT_USAGE, "--require-overlap=%d can never hold with %u session%s: use -c %d",
		        o->require_overlap, *sessions, *sessions == 1 ? "" : "s", o->require_overlap);
	return true;
}

static bool gate_serves(const struct experiment *x, const struct gate *gate, struct err *err)
{
	bool load = x->plan->scripts != NULL;
	if (load && (gate->metric == GATE_SPEEDUP || gate->metric == GATE_OVERLAP))
		return err_set(err, EXIT_USAGE,
		        "the gate \"%s\" is for tasks: of a load run, tps, p50 .. p99.9, errors, wall and makespan are "
		        "known",
		        gate->text);
	if (!load && gate->metric == GATE_TPS)
		return err_set(err, EXIT_USAGE,
		        "the gate \"%s\" is for load runs: use wall or makespan, or loop the file with -t or -T",
		        gate->text);
	return true;
}

static bool take_gates(struct experiment *x, struct err *err)
{
	const struct options *o = x->options;
	x->gates = mem_zero((size_t)x->plan->ngates + (size_t)o->ngates + 1, sizeof(*x->gates));
	for (int i = 0; i < x->plan->ngates; i++) {
		x->gates[x->ngates] = x->plan->gates[i];
		x->gates[x->ngates++].text = mem_strdup(x->plan->gates[i].text);
	}
	for (int i = 0; i < o->ngates; i++) {
		struct gate gate = {0};
		if (!workload_gate(o->gates[i], &gate, err))
			return err_prefix(err, "--gate");
		x->gates[x->ngates++] = gate;
	}
	for (int i = 0; i < x->ngates; i++) {
		if (!gate_serves(x, &x->gates[i], err))
			return false;
	}
	return true;
}

/* --resume runs a part of the tasks and needs the same file: a speed-up gate in it is not judged, one given now is an
 * error. */
static bool drop_speedup_gates(struct experiment *x, struct err *err)
{
	int kept = 0;
	for (int i = 0; i < x->ngates; i++) {
		if (x->gates[i].metric != GATE_SPEEDUP) {
			x->gates[kept++] = x->gates[i];
			continue;
		}
		if (i >= x->plan->ngates)
			return err_set(err, EXIT_USAGE,
			        "--resume runs a part of the tasks and contradicts --gate=\"%s\"", x->gates[i].text);
		log_write(LEVEL_WARNING, NULL, "gate %s is not judged: --resume runs a part of the tasks",
		        x->gates[i].text);
		free(x->gates[i].text);
	}
	x->ngates = kept;
	return true;
}

/* Of many runs none is the one that a gate would judge. */
static void drop_gates(struct experiment *x)
{
	for (int i = 0; i < x->ngates; i++) {
		log_write(LEVEL_WARNING, NULL, "gate %s is not judged: it is for a single run", x->gates[i].text);
		free(x->gates[i].text);
	}
	x->ngates = 0;
}

/* A speed-up is measured and never summed: its gate needs the serial run, which repeats what the tasks do. */
static bool decide_baseline(struct experiment *x, struct err *err)
{
	bool gate = false;
	if (x->options->command == COMMAND_SCALE)
		drop_gates(x);
	for (int i = 0; i < x->ngates; i++)
		gate = gate || x->gates[i].metric == GATE_SPEEDUP;
	x->baseline = x->options->baseline && x->plan->scripts == NULL; /* the environment's is for tasks */
	if (x->options->resume != 0) {
		x->baseline = false; /* of @run or the environment: it would repeat what the first run did */
		return drop_speedup_gates(x, err);
	}
	if (x->baseline || !gate)
		return true;
	for (int i = 0; i < x->plan->ntasks; i++) {
		const struct task *t = &x->plan->tasks[i];
		if (!t->readonly && !t->repeatable && !x->options->read_only)
			return err_set(err, EXIT_USAGE,
			        "a speedup gate runs every task a second time, serially, but task %s is neither "
			        "readonly nor repeatable: mark it, or say --baseline to run it twice",
			        t->name);
	}
	x->baseline = true;
	return true;
}

static void all_tickets(struct experiment *x)
{
	x->ntodo = x->plan->ntickets;
	x->todo = mem_zero((size_t)x->ntodo + 1, sizeof(*x->todo));
	for (uint32_t i = 0; i < x->ntodo; i++)
		x->todo[i] = i;
}

/* Looked at now: on the day it is needed it is too late to choose another. */
static bool spill_usable(const char *folder, struct err *err)
{
	struct stat st;

	if (!folder)
		return true;
	if (stat(folder, &st) != 0)
		return err_set(err, EXIT_USAGE, "--spill=%s: %s: create it with mkdir -p, or name another folder",
		        folder, strerror(errno));
	if (!S_ISDIR(st.st_mode))
		return err_set(err, EXIT_USAGE, "--spill=%s is not a folder: name one", folder);
	if (access(folder, W_OK | X_OK) != 0)
		return err_set(err, EXIT_USAGE, "--spill=%s cannot be written (%s): name another folder", folder,
		        strerror(errno));
	return true;
}

static bool take_store(struct experiment *x, struct err *err)
{
	struct options *o = x->options;
	if (!store_path(o, x->store_path, err))
		return false;
	if (o->dry_run)
		return true;
	if (!store_look(x->store_path, err))
		return false;
	if (!spill_usable(o->spill, err))
		return false;
	if (!lockfile_take(&x->lock, x->store_path, o->lock, CLOCK_NEVER, err))
		return false;
	x->locked = true;
	return true;
}

bool experiment_prepare_arm(
        struct experiment *x, struct options *options, const struct experiment *first, struct err *err)
{
	memset(x, 0, sizeof(*x));
	x->options = options;
	x->lock.fd = -1;
	buf_puts(&x->argv, buf_str(&first->argv));
	memcpy(x->store_path, first->store_path, sizeof(x->store_path));
	x->plan = experiment_plan(options, err);
	if (x->plan == NULL)
		return false;
	x->engine = options->engine;
	x->seed = first->seed;
	if (x->plan->scripts != NULL)
		experiment_load_seed(x);
	all_tickets(x);
	return experiment_layout(
	        options, x->plan->scripts != NULL, x->ntodo, &x->sessions, &x->lanes, &x->workers, err);
}

void experiment_request(struct experiment *x, struct run_request *request)
{
	*request = (struct run_request){.options = x->options,
	        .plan = x->plan,
	        .target = &x->target,
	        .place = &x->place,
	        .engine = x->engine,
	        .sessions = x->sessions,
	        .lanes = x->lanes,
	        .arm = -1,
	        .block = -1,
	        .block_order = -1,
	        .store_path = x->store_path,
	        .store = &x->store,
	        .seed = x->seed,
	        .todo = x->todo,
	        .ntodo = x->ntodo,
	        .vacuum = experiment_vacuum(x),
	        .deadline_ns = CLOCK_NEVER,
	        .argv = buf_str(&x->argv)};
}

bool experiment_prepare(struct experiment *x, struct options *options, int argc, char **argv, struct err *err)
{
	memset(x, 0, sizeof(*x));
	x->options = options;
	x->lock.fd = -1;
	quote_argv(argc, argv, &x->argv);
	x->plan = experiment_plan(options, err);
	if (x->plan == NULL || !take_gates(x, err) || !decide_baseline(x, err))
		return false;
	x->engine = options->engine;
	x->seed = options->seed_given ? options->seed : rng_system() & (uint64_t)INT64_MAX;
	if (x->plan->scripts != NULL)
		experiment_load_seed(x);
	if (!options->dry_run || options->resume != 0) {
		if (!take_store(x, err))
			return false;
	}
	if (options->resume == 0)
		all_tickets(x);
	else if (!resume_prepare(x, err))
		return false;
	return experiment_layout(
	        options, x->plan->scripts != NULL, x->ntodo, &x->sessions, &x->lanes, &x->workers, err);
}

bool experiment_connect(struct experiment *x, struct err *err)
{
	experiment_target(x->options, &x->target);
	if (!place_decide(&x->place, x->options->pin, x->options->local, err))
		return false;
	if (!x->options->local)
		return place_for_client(&x->place, err);
	if (!place_for_server(&x->place, err))
		return false;
	x->sandbox = sandbox_start(x->options->local_dir, err);
	if (x->sandbox == NULL || !place_for_client(&x->place, err))
		return false;
	x->target.host = sandbox_host(x->sandbox);
	x->target.port = sandbox_port(x->sandbox);
	x->target.user = sandbox_user(x->sandbox);
	x->target.dbname = sandbox_dbname(x->sandbox);
	return true;
}

bool experiment_close_store(struct experiment *x, struct err *err)
{
	struct store *store = x->store;

	x->store = NULL;
	return store_close(store, err);
}

void experiment_clear(struct experiment *x)
{
	experiment_close_store(x, NULL);
	spawn_collect();
	if (x->sandbox != NULL)
		sandbox_stop(x->sandbox);
	if (x->locked)
		lockfile_release(&x->lock);
	if (x->resuming)
		resume_view_free(&x->resume);
	for (int i = 0; i < x->ngates; i++)
		free(x->gates[i].text);
	free(x->gates);
	free(x->todo);
	if (x->plan != NULL)
		plan_free(x->plan);
	buf_free(&x->argv);
	memset(x, 0, sizeof(*x));
}
