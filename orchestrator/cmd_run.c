/*
 * cmd_run: the runs of one experiment in order (serial baseline, run, repeats), then what they show: the verdict kept
 * beside each, the text of the median run, the report asked for, the claims. It owns the views and proofs it loads.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/cmd.h"
#include "orchestrator/confirm.h"
#include "orchestrator/experiment.h"
#include "orchestrator/showing.h"
#include "shared/clock.h"
#include "shared/log.h"

/* One run of the experiment. False: it did not happen at all. */
static bool run_varied(struct experiment *x, const char *role, const struct variation *v, int64_t experiment,
        struct run_answer *answer, struct err *err)
{
	bool serial = strcmp(role, "baseline") == 0;
	struct run_request request;
	experiment_request(x, &request);
	request.place = v->place;
	request.preconnected = v->preconnected;
	request.engine = serial ? ENGINE_SERIAL : x->engine;
	request.sessions = v->sessions;
	request.lanes = v->lanes;
	request.todo = v->todo;
	request.ntodo = v->ntodo;
	request.role = role;
	request.experiment = experiment;
	request.skip_setup = x->resuming && x->resume.setup_finished;
	request.resume = x->resuming ? &x->resume : NULL;
	request.resumed_run = x->resuming ? x->resume.run : 0;
	if (x->options->max_time_ns > 0)
		request.deadline_ns = clock_now_ns() + x->options->max_time_ns;
	request.rehearse = showing_rehearse;
	request.rehearse_context = x;
	memset(answer, 0, sizeof(*answer));
	return run_execute(&request, answer, err);
}

static bool run_once(
        struct experiment *x, const char *role, int64_t experiment, struct run_answer *answer, struct err *err)
{
	bool serial = strcmp(role, "baseline") == 0;
	const struct variation as_asked = {.sessions = serial ? 1 : x->sessions,
	        .lanes = serial ? 1 : x->lanes,
	        .todo = x->todo,
	        .ntodo = x->ntodo,
	        .place = &x->place};

	return run_varied(x, role, &as_asked, experiment, answer, err);
}

static bool run_to_confirm(
        struct experiment *x, const struct variation *v, int64_t experiment, struct run_answer *answer, struct err *err)
{
	return run_varied(x, "confirm", v, experiment, answer, err);
}

/* The baseline first, then the run and its repeats; stops at the first that was stopped or could not be stored. */
static bool run_all(struct experiment *x, struct showing *showing, struct err *err)
{
	/* A resumed run is finished once, whatever @run or the environment say of repeats. */
	int total = x->resuming ? 1 : x->options->repeat + (x->baseline ? 1 : 0);
	showing->runs = mem_zero((size_t)total, sizeof(*showing->runs));
	for (int i = 0; i < total; i++) {
		bool serial = x->baseline && i == 0;
		const char *role = serial ? "baseline" : i == (x->baseline ? 1 : 0) ? "run" : "repeat";
		struct run_answer answer;
		bool ran = run_once(x, role, showing->experiment, &answer, err);
		showing->signal = answer.signal; /* it may have come before anything ran */
		if (!ran)
			return false;
		showing->experiment = answer.experiment;
		showing->code = (int)exit_code_worse((enum exit_code)showing->code, (enum exit_code)answer.exit_code);
		/* What is stored of a run that could not be stored whole is not what it was. */
		if (answer.run != 0 && !serial && !answer.store_failed)
			showing->runs[showing->nruns++] = answer.run;
		else if (serial)
			showing->baseline = answer.run;
		if (answer.stopped || answer.signal != 0 || answer.store_failed || answer.exit_code == EXIT_CONNECT)
			break;
		if (i + 1 < total && x->store != NULL && !store_settle(x->store, err))
			return false;
	}
	return true;
}

/* Opening the store, which the lock allows, marks a run whose process died as interrupted. */
static bool bury(const struct experiment *x, struct err *err)
{
	struct store *store = store_open(x->store_path, NULL, err);

	return store && store_close(store, err);
}

static int nothing_left(const struct experiment *x, struct err *err)
{
	uint32_t left = x->resume_unknown + x->resume_failed;

	if (x->locked && !bury(x, err))
		return fail(err);
	printf("run %lld left nothing that may be run again", (long long)x->resume.run);
	if (x->resume_unknown > 0)
		printf("; %u ticket%s unknown: mark the task repeatable or readonly, or look on the server",
		        x->resume_unknown, x->resume_unknown == 1 ? " is" : "s are");
	if (x->resume_failed > 0)
		printf("; %u ticket%s failed after a part was applied: mark the task repeatable to repeat it whole",
		        x->resume_failed, x->resume_failed == 1 ? "" : "s");
	printf("\n");
	return left > 0 ? EXIT_TASKS : EXIT_DONE;
}

static int run_experiment(struct experiment *x, int *signal_to_raise, struct err *err)
{
	struct showing showing = {.store_path = x->store_path};
	if (!experiment_connect(x, err))
		return fail(err);
	bool ok = run_all(x, &showing, err) && confirm_suspects(x, &showing, run_to_confirm, err);
	if (!ok)
		showing.code = (int)exit_code_worse((enum exit_code)showing.code, (enum exit_code)fail(err));
	*signal_to_raise = showing.signal;
	if (showing.nruns == 0 && showing.baseline != 0)
		log_write(LEVEL_WARNING, NULL,
		        "it ended in the serial baseline, stored as run %lld: pgparallel show %lld",
		        (long long)showing.baseline, (long long)showing.baseline);
	if (showing.nruns > 0)
		showing.code = showing_print(x, &showing);
	if (!experiment_close_store(x, err))
		showing.code = (int)exit_code_worse((enum exit_code)showing.code, (enum exit_code)fail(err));
	if (x->resume_unknown + x->resume_failed > 0) {
		log_write(LEVEL_WARNING, NULL,
		        "%u tickets of run %lld stay unknown and %u failed: they were not repeated", x->resume_unknown,
		        (long long)x->resume.run, x->resume_failed);
		showing.code = (int)exit_code_worse((enum exit_code)showing.code, EXIT_TASKS);
	}
	free(showing.runs);
	return showing.code;
}

int cmd_run(struct options *options, int argc, char **argv, int *signal_to_raise)
{
	struct experiment x;
	struct err err = {0};
	int code;
	if (!log_open(options->log_file, options->verbose, LEVEL_INFO, &err))
		return fail(&err);
	if (!experiment_prepare(&x, options, argc, argv, &err)) {
		if (err.code == EXIT_DONE) { /* --lock=skip */
			log_write(LEVEL_INFO, NULL, "%s", err.text);
			code = EXIT_DONE;
		} else {
			code = fail(&err);
		}
	} else if (x.ntodo == 0 && x.resuming) {
		code = nothing_left(&x, &err);
	} else if (options->dry_run) {
		struct buf out = {0};
		dry_run_print(&x, &out);
		fputs(buf_str(&out), stdout);
		buf_free(&out);
		code = EXIT_DONE;
	} else {
		code = run_experiment(&x, signal_to_raise, &err);
	}
	experiment_clear(&x);
	return code;
}
