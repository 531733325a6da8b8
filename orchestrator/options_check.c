/*
 * options_check: what options say together: contradictions, and what says nothing in the kind of run it is given to.
 * Called by options.c with the flags and the environment, and once more by the experiment when the workload's @run is
 * known, too.
 */
#include "orchestrator/options_check.h"

#include <string.h>

#include "orchestrator/chaos.h"
#include "orchestrator/options_table.h"
#include "reports/csv.h"
#include "shared/clock.h"

static bool check_connection(const struct options *o, struct err *err)
{
	if (o->dbname != NULL && o->conninfo != NULL)
		return err_set(err, EXIT_USAGE, "the database is given twice: with -d and as the operand");
	const char *other = o->host != NULL       ? "-h"
	                    : o->port != NULL     ? "-p"
	                    : o->user != NULL     ? "-U"
	                    : o->dbname != NULL   ? "-d"
	                    : o->conninfo != NULL ? "a database operand"
	                                          : NULL;
	if (o->local && other != NULL)
		return err_set(err, EXIT_USAGE, "--local starts a server of its own and contradicts %s", other);
	return true;
}

/* Which of two contradicting options counts: a flag before the file's @run. 0: neither, they were said in one place. */
static int louder(const struct options *o, const char *one, const char *other)
{
	return (int)options_flag(o, one) - (int)options_flag(o, other);
}

static bool check_end(struct options *o, struct err *err)
{
	struct load *l = &o->load;
	if (l->transactions > 0 && l->duration_ns > 0) {
		int which = louder(o, "transactions", "time");
		if (which == 0)
			return err_set(err, EXIT_USAGE,
			        "give either a number of transactions (-t) or a duration (-T), not both");
		if (which > 0)
			l->duration_ns = 0;
		else
			l->transactions = 0;
	}
	if (l->max_tries == 0 && l->latency_limit_ns == 0 && l->duration_ns == 0)
		return err_set(err, EXIT_USAGE,
		        "--max-tries=0 (as many as needed) needs an end: add --latency-limit or a duration (-T)");
	if (o->vacuum_all && o->read_only)
		return err_set(err, EXIT_USAGE, "-v (vacuum all tables) contradicts --read-only");
	if (o->vacuum_all && o->no_vacuum) {
		int which = louder(o, "vacuum-all", "no-vacuum");
		if (which == 0)
			return err_set(err, EXIT_USAGE, "-n (no vacuum) contradicts -v (vacuum all tables)");
		o->vacuum_all = which > 0;
		o->no_vacuum = which < 0;
	}
	return true;
}

static bool check_log(const struct options *o, struct err *err)
{
	int64_t every = o->aggregate_ns, duration = o->load.duration_ns;
	double seconds = (double)every / 1e9;
	if (o->progress_timestamp && o->progress_ns == 0)
		return err_set(err, EXIT_USAGE, "--progress-timestamp is for the lines of -P: add -P SEC");
	if (o->log_prefix != NULL && !o->log)
		return err_set(err, EXIT_USAGE, "--log-prefix is for the files of -l: add -l");
	if (o->log && o->load.sampling_rate == 0)
		return err_set(
		        err, EXIT_USAGE, "-l has nothing to write with --sampling-rate=0: leave one of them out");
	if (every == 0)
		return true;
	if (!o->log)
		return err_set(err, EXIT_USAGE, "--aggregate-interval is for the files of -l: add -l");
	if (every % NS_PER_S != 0)
		return err_set(err, EXIT_USAGE, "--aggregate-interval=%.15g is no whole number of seconds", seconds);
	if (o->load.sampling_rate < 1)
		return err_set(err, EXIT_USAGE,
		        "--sampling-rate and --aggregate-interval cannot be used at the same time: a line for %.15g s "
		        "needs all of their transactions",
		        seconds);
	if (duration > 0 && every > duration)
		return err_set(err, EXIT_USAGE, "--aggregate-interval=%.15g is longer than the run (-T %.15g)", seconds,
		        (double)duration / 1e9);
	if (duration > 0 && duration % every != 0)
		return err_set(err, EXIT_USAGE,
		        "the duration (-T %.15g) must be a multiple of --aggregate-interval=%.15g",
		        (double)duration / 1e9, seconds);
	return true;
}

static bool check_pipeline(const struct options *o, struct err *err)
{
	const struct load *l = &o->load;
	if (l->pipeline == 0)
		return true;
	bool mode = options_flag(o, "protocol") || options_directive(o, "protocol");
	const char *other = mode && l->mode == QUERY_SIMPLE ? "-M simple, which has no pipelines"
	                    : l->reconnect                  ? "-C"
	                    : l->rate > 0                   ? "-R, which begins them one by one"
	                    : l->think_ns > 0               ? "--think"
	                    : l->max_tries != 1             ? "--max-tries"
	                    : l->per_command                ? "-r"
	                                                    : NULL;
	if (other == NULL)
		return true;
	return err_set(
	        err, EXIT_USAGE, "--pipeline=%u sends executions together and contradicts %s", l->pipeline, other);
}

static bool check_load(struct options *o, struct err *err)
{
	return check_end(o, err) && check_log(o, err) && check_pipeline(o, err);
}

static bool check_chaos(const struct options *o, struct err *err)
{
	struct chaos_plan plan;
	return o->chaos == NULL || chaos_parse(o->chaos, &plan, err);
}

/* The line of @run that says it, 0 = none does. */
static int directive_line(const struct plan *plan, const struct option_row *row)
{
	for (int i = 0; i < plan->ndefaults; i++) {
		if (option_named(plan->defaults[i].name) == row)
			return plan->defaults[i].line;
	}
	return 0;
}

bool options_check_kind(struct options *o, const struct plan *plan, struct err *err)
{
	bool load = plan->scripts != NULL;
	for (size_t i = 0; i < option_count(); i++) {
		const struct option_row *row = option_row(i);
		bool flag = option_in(&o->from_flag, row);
		int line = option_in(&o->from_directive, row) ? directive_line(plan, row) : 0;
		if ((!flag && line == 0) || row->serves == SERVES_BOTH || (row->serves == SERVES_LOAD) == load)
			continue;
		if (load)
			err_set(err, EXIT_USAGE, "--%s is for tasks, and this is a load run: %s", row->name, row->why);
		else
			err_set(err, EXIT_USAGE,
			        "--%s is for load runs, and here each task runs once: add -t or -T to run the file in "
			        "a loop",
			        row->name);
		return line > 0 ? err_prefix(err, "%s:%d: @run", plan->path, line) : false;
	}
	return check_chaos(o, err) && check_load(o, err);
}

/* As pgbench does: what says how scripts are to be run, and names none, means the first built-in one. */
static bool check_workload(struct options *o, struct err *err)
{
	if (o->nsources > 0)
		return true;
	for (size_t i = 0; i < option_count(); i++) {
		if (option_row(i)->serves == SERVES_LOAD && option_in(&o->from_flag, option_row(i)))
			return option_set(o, option_named("builtin"), "-b", "tpcb-like", err);
	}
	return err_set(err, EXIT_USAGE, "no workload: give one with -f FILE (or a script of pgbench: -b tpcb-like)");
}

static bool check_run(struct options *o, struct err *err)
{
	if (o->list_builtins)
		return true;
	if (!check_workload(o, err))
		return false;
	bool engine = options_flag(o, "engine");
	if (engine && o->engine == ENGINE_SERIAL && options_flag(o, "clients") && o->clients > 1)
		return err_set(err, EXIT_USAGE, "-e serial has one session and contradicts -c %d", o->clients);
	if (engine && (o->engine == ENGINE_SERIAL || o->engine == ENGINE_ASYNC) && options_flag(o, "jobs") &&
	        o->lanes > 1)
		return err_set(
		        err, EXIT_USAGE, "-e %s has one lane and contradicts -j %d", engine_name(o->engine), o->lanes);
	if (o->resume != 0 && options_flag(o, "baseline"))
		return err_set(err, EXIT_USAGE, "--resume runs a part of the tasks and contradicts --baseline");
	if (o->resume != 0 && o->confirm)
		return err_set(err, EXIT_USAGE, "--resume finishes one run and contradicts --confirm");
	if (o->confirm && o->repeat > 1)
		return err_set(err, EXIT_USAGE, "--confirm tests one run and contradicts --repeat=%d", o->repeat);
	if (o->resume != 0 && options_flag(o, "repeat") && o->repeat > 1)
		return err_set(err, EXIT_USAGE, "--resume finishes one run and contradicts --repeat=%d", o->repeat);
	return check_chaos(o, err) && check_load(o, err);
}

static bool check_scale(const struct options *o, struct err *err)
{
	if (o->engine == ENGINE_SERIAL)
		return err_set(
		        err, EXIT_USAGE, "scale compares numbers of sessions and -e serial has one: leave it out");
	return true;
}

static bool check_output(const struct options *o, struct err *err)
{
	if ((o->csv_raw || o->csv_table != NULL) && o->format != FORMAT_CSV)
		return err_set(err, EXIT_USAGE, "--%s is for -F csv", o->csv_raw ? "csv-raw" : "csv-table");
	if (o->quiet && options_flag(o, "quiet") && options_flag(o, "verbose"))
		return err_set(err, EXIT_USAGE, "--quiet contradicts --verbose");
	if ((o->command == COMMAND_COMPARE || o->command == COMMAND_SCALE) && o->csv_table != NULL &&
	        csv_compare_columns(o->csv_table) == NULL)
		return err_set(err, EXIT_USAGE,
		        "--csv-table: there is no table \"%s\" of a comparison; there are: arms pairs cells",
		        o->csv_table);
	if (options_flag(o, "stop-when") && !(o->stop_when > 0))
		return err_set(err, EXIT_USAGE, "--stop-when: no interval is ever of width 0: give a share, as 0.05");
	if (o->proof && o->format != FORMAT_MARKDOWN)
		return err_set(err, EXIT_USAGE, "--proof is for -F md");
	if (o->all && o->nruns > 0)
		return err_set(err, EXIT_USAGE, "--all contradicts \"%s\"", o->runs[0]);
	return true;
}

/* FILE.html says which format is meant. */
static bool format_from_name(struct options *o, struct err *err)
{
	static const struct {
		const char *ending;
		enum format format;
	} endings[] = {{".html", FORMAT_HTML}, {".htm", FORMAT_HTML}, {".csv", FORMAT_CSV}, {".json", FORMAT_JSON},
	        {".md", FORMAT_MARKDOWN}};
	if (o->output == NULL || o->format != FORMAT_NONE)
		return true;
	size_t len = strlen(o->output);
	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
		size_t n = strlen(endings[i].ending);
		if (len > n && strcmp(o->output + len - n, endings[i].ending) == 0) {
			o->format = endings[i].format;
			return true;
		}
	}
	return err_set(err, EXIT_USAGE, "-o %s does not say which format: add -F html, csv, json or md", o->output);
}

bool options_check(struct options *o, struct err *err)
{
	if (!check_connection(o, err) || !format_from_name(o, err) || !check_output(o, err))
		return false;
	if (o->command == COMMAND_SCALE && !check_scale(o, err))
		return false;
	return (o->command != COMMAND_RUN && o->command != COMMAND_SCALE) || check_run(o, err);
}
