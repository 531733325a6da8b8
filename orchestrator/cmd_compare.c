/*
 * cmd_compare: runs a workload in several ways in random blocks, or takes past runs, and says which way is faster and
 * how sure that is. It owns the arms and what it reads back.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "orchestrator/arms.h"
#include "orchestrator/arms_show.h"
#include "orchestrator/blocks.h"
#include "orchestrator/cmd.h"
#include "orchestrator/lockfile.h"
#include "orchestrator/progress.h"
#include "orchestrator/showing.h"
#include "reports/arms_faults.h"
#include "reports/compare.h"
#include "reports/proof.h"
#include "reports/query.h"
#include "reports/render.h"
#include "reports/store.h"
#include "shared/clock.h"
#include "shared/log.h"

#define BLOCKS_BY_DEFAULT 9
#define BLOCKS_WITH_STOP 200 /* --stop-when ends it, or --max-time */

struct comparing {
	struct options *options;
	struct arms arms;
	struct blocks blocks;
	int64_t *runs; /* of the block that ended, by arm */
	int after_code; /* of what failed between blocks */
};

/* --- after each block ------------------------------------------------------------------------------------------ */

/* The serial arm with the same settings is what the others of its block are measured against. */
static int serial_arm(const struct arms *arms, int arm)
{
	for (int i = 0; i < arms->count; i++) {
		if (i != arm && arms->list[i].x.engine == ENGINE_SERIAL &&
		        strcmp(arms->list[i].setting, arms->list[arm].setting) == 0)
			return i;
	}
	return -1;
}

/* The verdict stands beside each run, as beside any other. */
static bool keep_verdict(const struct comparing *c, struct store *store, struct query *query, int arm, struct err *err)
{
	int serial = serial_arm(&c->arms, arm);
	struct run_view view, baseline;
	struct proof proof;
	if (!query_run(query, c->runs[arm], &view, err))
		return false;
	bool has = serial >= 0 && view.load == NULL;
	bool ok = !has || query_run(query, c->runs[serial], &baseline, err);
	if (ok) {
		proof_of(&view, has ? &baseline : NULL, &proof);
		ok = store_verdict(store, c->runs[arm], proof.kept, proof.speedup, proof.ceiling, proof.overlap_percent,
		             err) &&
		     keep_doubts(store, c->runs[arm], &proof, err) && keep_suspects(store, &view, &proof, err);
		proof_free(&proof);
		if (has)
			run_view_free(&baseline);
	}
	run_view_free(&view);
	return ok;
}

/* --stop-when: every arm's interval is narrow enough. */
static bool narrow(const struct experiment_view *v, const struct comparison *found, double width)
{
	for (uint32_t a = 0; a < v->narms; a++) {
		const struct paired *p = &found->arms[a].pair;
		if (a != v->reference && (!p->has_interval || p->high / p->low - 1 > width))
			return false;
	}
	return true;
}

static bool enough(const struct comparing *c, struct query *query, int64_t experiment, struct err *err)
{
	struct experiment_view v;
	struct comparison found;
	if (c->options->stop_when <= 0 || !query_compare(query, experiment, &v, err))
		return false;
	comparison_of(&v, true, &found);
	bool is = narrow(&v, &found, c->options->stop_when);
	comparison_free(&found);
	experiment_view_free(&v);
	return is;
}

static bool after_block(void *context, struct store *store, int64_t experiment, uint32_t blocks, char ended[64])
{
	struct comparing *c = context;
	struct err err = {0};
	struct query *query = query_of_store(store);
	bool ok = query != NULL, stop = false;
	(void)blocks;
	for (int i = 0; ok && i < c->arms.count; i++)
		ok = keep_verdict(c, store, query, i, &err);
	ok = ok && store_commit(store, &err);
	if (ok)
		stop = enough(c, query, experiment, &err);
	query_close(query);
	if (stop)
		snprintf(ended, 64, "--stop-when");
	if (!ok || err.code != EXIT_DONE) {
		snprintf(ended, 64, "a failure");
		c->after_code = fail(&err);
		return true;
	}
	return stop;
}

/* --- what it shows ---------------------------------------------------------------------------------------------- */

static void hint(const char *store, bool page, bool given, const struct experiment_view *v, struct buf *out)
{
	buf_printf(out, " experiment %lld stored in ", (long long)v->id);
	quote_argv(1, (char *[]){(char *)store}, out);
	buf_putc(out, '\n');
	if (!page)
		return;
	buf_printf(out, " HTML: pgparallel report %lld --experiment", (long long)v->cells[0].run);
	if (given) {
		buf_puts(out, " --db=");
		quote_argv(1, (char *[]){(char *)store}, out);
	}
	buf_printf(out, " -o compare-%lld.html\n", (long long)v->id);
}

/* extra: what planted faults did and what tasks returned; NULL = nothing. */
static void put_text(const struct options *o, const struct experiment_view *v, const struct comparison *found,
        const char *store, const struct buf *extra, struct buf *out)
{
	struct terminal terminal;
	terminal_probe(STDOUT_FILENO, o->color, &terminal);
	const struct text_style style = {
	        .width = terminal.width, .color = terminal.color, .utf8 = terminal.utf8, .report_hint = ""};
	text_compare(v, found, &style, out);
	if (extra != NULL)
		buf_append(out, buf_str(extra), extra->len);
	if (v->id != 0)
		hint(store, o->output == NULL, o->db != NULL, v, out);
}

/* The text, or the report that was asked for instead, or the text, with the report in its file. */
static bool put(const struct options *o, const struct arms_show *s, const char *store, const struct buf *extra,
        struct buf *out, struct err *err)
{
	if (o->format == FORMAT_NONE || o->output != NULL)
		put_text(o, &s->view, &s->comparison, store, extra, out);
	return o->format == FORMAT_NONE || arms_show_write(s, o, out, err);
}

static void say(const struct options *o, struct buf *out)
{
	if (!o->quiet || (o->format != FORMAT_NONE && o->output == NULL))
		fwrite(buf_str(out), 1, out->len, stdout);
	fflush(stdout);
	buf_free(out);
}

static void tell_difference(void *context, const char *task, const char *text)
{
	(void)context;
	(void)task;
	log_write(LEVEL_ERROR, NULL, "--verify-results: %s", text);
}

/* --chaos and --verify-results: text that follows the comparison. A difference is EXIT_GATE in *code. */
static bool judge(
        const struct comparing *c, struct query *query, struct buf *out, enum exit_code *code, struct err *err)
{
	int64_t experiment = c->blocks.experiment;
	struct faults_of_arms faults;
	struct verify_count count;
	if (!query_faults(query, experiment, &faults, err))
		return false;
	if (faults.count > 0)
		faults_text(&faults, out);
	faults_free(&faults);
	if (!c->options->verify_results)
		return true;
	if (!query_verify(query, experiment, tell_difference, NULL, &count, err))
		return false;
	buf_putc(out, ' ');
	verify_arms_sentence(&count, out);
	buf_putc(out, '\n');
	if (count.different > 0)
		*code = exit_code_worse(*code, EXIT_GATE);
	return true;
}

static bool show(struct comparing *c, enum exit_code *code, struct err *err)
{
	struct experiment *first = &c->arms.first;
	struct arms_show s = {0};
	struct buf extra = {0}, out = {0};
	if (c->blocks.experiment == 0)
		return true;
	struct query *query = first->store != NULL ? query_of_store(first->store) : query_open(first->store_path, err);
	bool ok = query != NULL && arms_show_load(&s, query, c->blocks.experiment, first->store_path, err);
	ok = ok && judge(c, query, &extra, code, err) && put(c->options, &s, first->store_path, &extra, &out, err);
	query_close(query);
	/* On the disk before it is shown. */
	struct err closing;
	ok = experiment_close_store(first, ok ? err : &closing) && ok;
	say(c->options, &out);
	arms_show_clear(&s);
	buf_free(&extra);
	return ok;
}

/* --- running ---------------------------------------------------------------------------------------------------- */

static uint32_t blocks_asked(const struct options *o)
{
	if (options_flag(o, "repeat") || options_environment(o, "repeat"))
		return (uint32_t)o->repeat;
	return o->stop_when > 0 ? BLOCKS_WITH_STOP : BLOCKS_BY_DEFAULT;
}

static void lay_out(struct comparing *c, struct block_arm *list)
{
	for (int i = 0; i < c->arms.count; i++) {
		struct arm *a = &c->arms.list[i];
		list[i] = (struct block_arm){.label = a->label,
		        .setting = a->setting,
		        .engine = a->x.engine,
		        .sessions = a->x.sessions,
		        .lanes = a->x.lanes,
		        .reference = i == c->arms.reference,
		        .x = &a->x};
	}
}

static int run_blocks(struct comparing *c, int *signal_to_raise)
{
	struct options *o = c->options;
	struct err err = {0}, closing;
	struct block_arm *list = mem_zero((size_t)c->arms.count, sizeof(*list));
	c->runs = mem_zero((size_t)c->arms.count, sizeof(*c->runs));
	lay_out(c, list);
	c->blocks = (struct blocks){.kind = "compare",
	        .arms = list,
	        .narms = (size_t)c->arms.count,
	        .planned = blocks_asked(o),
	        .stop_when = o->stop_when,
	        /* Load runs warm up by themselves, with --warmup. */
	        .warm_up = c->arms.list[0].x.plan->scripts == NULL ? WARM_UP_ARMS : WARM_UP_NONE,
	        .deadline_ns = o->max_time_ns > 0 ? clock_now_ns() + o->max_time_ns : CLOCK_NEVER,
	        .after = after_block,
	        .context = c,
	        .runs = c->runs};
	bool ok = blocks_run(&c->arms.first, &c->blocks, &err);
	enum exit_code code = exit_code_worse((enum exit_code)c->blocks.code, (enum exit_code)c->after_code);
	*signal_to_raise = c->blocks.signal;
	if (!ok)
		code = exit_code_worse(code, (enum exit_code)fail(&err));
	if (!show(c, &code, &err))
		code = exit_code_worse(code, (enum exit_code)fail(&err));
	if (!experiment_close_store(&c->arms.first, &closing))
		code = EXIT_STORE;
	free(list);
	free(c->runs);
	return (int)code;
}

static int compare_now(struct options *o, int argc, char **argv, int *signal_to_raise)
{
	static const enum engine all[4] = {ENGINE_SERIAL, ENGINE_PROCESS, ENGINE_THREAD, ENGINE_ASYNC};
	struct comparing c = {.options = o};
	enum engine engines[4];
	struct err err = {0};
	int count = o->nvary > 0 ? 1 : 4, code;
	memcpy(engines, all, sizeof(engines));
	if (o->nvary > 0)
		engines[0] = ENGINE_PROCESS;
	bool ok = o->engines == NULL || arms_engines(o->engines, engines, &count, &err);
	ok = ok && arms_prepare(&c.arms, o, engines, count, argc, argv, &err) && arms_connect(&c.arms, &err);
	if (ok) {
		code = run_blocks(&c, signal_to_raise);
	} else if (err.code == EXIT_DONE) { /* --lock=skip */
		log_write(LEVEL_INFO, NULL, "%s", err.text);
		code = EXIT_DONE;
	} else {
		code = fail(&err);
	}
	arms_clear(&c.arms);
	return code;
}

/* --- past runs -------------------------------------------------------------------------------------------------- */

static bool number_of(const char *text, size_t len, int64_t *number)
{
	*number = 0;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9' || *number > INT64_MAX / 10 - 10)
			return false;
		*number = *number * 10 + (text[i] - '0');
	}
	return len > 0 && *number > 0;
}

#define RUNS_MOST 100000

static bool add_runs(const char *word, int64_t **runs, size_t *count, struct err *err)
{
	const char *dots = strstr(word, "..");
	size_t len = dots != NULL ? (size_t)(dots - word) : strlen(word);
	int64_t first, last;
	if (!number_of(word, len, &first) || (dots != NULL && !number_of(dots + 2, strlen(dots + 2), &last)))
		return err_set(err, EXIT_USAGE, "\"%s\" is no run: give numbers as 160, or 150..160", word);
	if (dots == NULL)
		last = first;
	if (last < first || last - first >= RUNS_MOST)
		return err_set(
		        err, EXIT_USAGE, "\"%s\": give the lower number first, at most %d runs", word, RUNS_MOST);
	for (int64_t run = first; run <= last; run++) {
		*runs = mem_resize(*runs, *count + 1, sizeof(**runs));
		(*runs)[(*count)++] = run;
	}
	return true;
}

static int compare_past(const struct options *o)
{
	char path[4096];
	int64_t *runs = NULL;
	size_t count = 0;
	struct arms_show s = {0};
	struct buf out = {0};
	struct err err = {0};
	bool ok = store_path(o, path, &err) && store_exists(path, &err);
	for (int i = 0; ok && i < o->nruns; i++)
		ok = add_runs(o->runs[i], &runs, &count, &err);
	if (ok && o->nruns == 1 && strstr(o->runs[0], "..") == NULL)
		ok = err_set(&err, EXIT_USAGE,
		        "run %s alone cannot be compared: name another (pgparallel compare %s OTHER)", o->runs[0],
		        o->runs[0]);
	bool held = ok && lockfile_held(path);
	struct query *query = ok ? query_open(path, &err) : NULL;
	if (query != NULL)
		query_assume_dead(query, !held);
	ok = query != NULL && arms_show_runs(&s, query, runs, count, path, &err) && put(o, &s, path, NULL, &out, &err);
	say(o, &out);
	arms_show_clear(&s);
	query_close(query);
	free(runs);
	return ok ? EXIT_DONE : fail(&err);
}

int cmd_compare(struct options *options, int argc, char **argv, int *signal_to_raise)
{
	struct err err = {0};
	if (!log_open(options->log_file, options->verbose, LEVEL_INFO, &err))
		return fail(&err);
	if (options->nruns == 0)
		return compare_now(options, argc, argv, signal_to_raise);
	if (options->nfiles > 0 || options->nsources > 0 || options->engines != NULL || options->nvary > 0 ||
	        options->conninfo != NULL) {
		err_set(&err, EXIT_USAGE,
		        "past runs are compared as they are: leave out workload, engines, --vary and database");
		return fail(&err);
	}
	return compare_past(options);
}
