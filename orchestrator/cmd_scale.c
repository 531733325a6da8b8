/*
 * cmd_scale: one workload with several numbers of sessions: every number once in each block, in random order, on fresh
 * sessions; then what that shows: the text, and the report asked for. All of it is read from the results file, so that
 * `report` says the same later.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "orchestrator/arms_show.h"
#include "orchestrator/blocks.h"
#include "orchestrator/cmd.h"

#include "orchestrator/progress.h"
#include "shared/clock.h"
#include "shared/log.h"

#define BLOCKS_BY_DEFAULT 6 /* the fewest that allow an interval */

struct scale_arms {
	struct block_arm arms[SIZES_MOST + 1];
	char labels[SIZES_MOST + 1][32];
	size_t narms;
};

/* Powers of two as far as they make sense; 1 is the base of every speed-up. */
static void choose_sizes(struct options *o, bool load, uint32_t ntickets)
{
	if (o->nsizes == 0)
		for (uint32_t n = 1; n <= 16 && (load || n == 1 || n <= ntickets); n *= 2)
			o->sizes[o->nsizes++] = n;
	if (o->sizes[0] == 1)
		return;
	if (o->nsizes == SIZES_MOST)
		o->nsizes--;
	memmove(o->sizes + 1, o->sizes, (size_t)o->nsizes++ * sizeof o->sizes[0]);
	o->sizes[0] = 1;
	log_write(LEVEL_INFO, NULL, "1 session is measured too: it is what the speed-up is over");
}

static bool lay_out(const struct experiment *x, struct scale_arms *s, struct err *err)
{
	for (int i = 0; i < x->options->nsizes; i++) {
		struct options one = *x->options;
		struct block_arm *arm = &s->arms[s->narms];
		uint32_t workers;

		one.clients = (int)x->options->sizes[i];
		one.lanes = one.lanes > one.clients ? one.clients : one.lanes;
		if (!experiment_layout(
		            &one, x->plan->scripts != NULL, x->ntodo, &arm->sessions, &arm->lanes, &workers, err))
			return false;
		snprintf(s->labels[s->narms], sizeof s->labels[0], "%u session%s", arm->sessions,
		        arm->sessions == 1 ? "" : "s");
		arm->label = s->labels[s->narms++];
		arm->engine = x->engine;
		arm->reference = arm->sessions == 1;
	}
	return true;
}

static void say_hint(const struct experiment *x, const struct arms_show *s, struct buf *out)
{
	struct buf path = {0};
	char *words[] = {(char *)x->store_path};

	quote_argv(1, words, &path);
	buf_printf(out, " scale %" PRId64 ": runs %" PRId64 " to %" PRId64 " stored in %s\n", s->view.id, s->first_run,
	        s->last_run, x->store_path);
	if (x->options->output == NULL)
		buf_printf(out,
		        " HTML: pgparallel report %" PRId64 " --experiment%s%s -o scale-%" PRId64 "-%" PRId64 ".html\n",
		        s->last_run, x->options->db ? " --db=" : "", x->options->db ? buf_str(&path) : "", s->first_run,
		        s->last_run);
	buf_free(&path);
}

static void put_text(const struct experiment *x, const struct arms_show *s, struct buf *out)
{
	struct terminal terminal;

	terminal_probe(STDOUT_FILENO, x->options->color, &terminal);
	text_scale_render(&s->page, &s->scaling,
	        &(struct text_style){.width = terminal.width, .color = terminal.color, .utf8 = terminal.utf8}, out);
	say_hint(x, s, out);
}

static int show(struct experiment *x, int64_t experiment, int code, struct err *err)
{
	const struct options *o = x->options;
	struct query *query = x->store != NULL ? query_of_store(x->store) : query_open(x->store_path, err);
	struct arms_show s = {0};
	struct buf text = {0};
	bool ok = query != NULL && arms_show_load(&s, query, experiment, x->store_path, err);

	if (ok && x->store != NULL) {
		ok = arms_show_keep(&s, x->store, query, err);
		/* What was kept, doubts above all, is shown too. */
		arms_show_clear(&s);
		ok = ok && arms_show_load(&s, query, experiment, x->store_path, err);
	}
	if (ok) {
		if (o->format == FORMAT_NONE || o->output != NULL)
			put_text(x, &s, &text);
		ok = arms_show_write(&s, o, &text, err);
		if (!o->quiet || (o->format != FORMAT_NONE && o->output == NULL))
			fwrite(buf_str(&text), 1, text.len, stdout);
	}
	if (!ok)
		code = (int)exit_code_worse((enum exit_code)code, (enum exit_code)fail(err));
	buf_free(&text);
	arms_show_clear(&s);
	query_close(query);
	return code;
}

static int scale(struct experiment *x, int *signal_to_raise, struct err *err)
{
	struct scale_arms s = {0};
	struct blocks b = {.kind = "scale",
	        .arms = s.arms,
	        .planned = (uint32_t)x->options->repeat,
	        .warm_up = WARM_UP_REFERENCE,
	        .deadline_ns = x->options->max_time_ns > 0 ? clock_now_ns() + x->options->max_time_ns : CLOCK_NEVER};
	int code;

	choose_sizes(x->options, x->plan->scripts != NULL, x->ntodo);
	if (!lay_out(x, &s, err) || !experiment_connect(x, err))
		return fail(err);
	b.narms = s.narms;
	code = blocks_run(x, &b, err) ? b.code
	                              : (int)exit_code_worse((enum exit_code)b.code, (enum exit_code)fail(err));
	*signal_to_raise = b.signal;
	if (b.experiment != 0 && b.finished > 0)
		code = show(x, b.experiment, code, err);
	if (!experiment_close_store(x, err))
		code = (int)exit_code_worse((enum exit_code)code, (enum exit_code)fail(err));
	return code;
}

/* Whether anybody said how many blocks. */
static bool repeat_said(const struct options *o)
{
	return options_flag(o, "repeat") || options_environment(o, "repeat") || options_directive(o, "repeat");
}

int cmd_scale(struct options *options, int argc, char **argv, int *signal_to_raise)
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
	} else {
		if (!repeat_said(options))
			options->repeat = BLOCKS_BY_DEFAULT;
		if (options->engine == ENGINE_SERIAL) /* of @run */
			x.engine = options->engine = ENGINE_PROCESS;
		code = scale(&x, signal_to_raise, &err);
	}
	experiment_clear(&x);
	return code;
}
