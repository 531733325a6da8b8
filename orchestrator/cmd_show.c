/*
 * cmd_show: one stored run again: the final text as it stood at its end, and the facts it stands on.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "orchestrator/cmd.h"
#include "orchestrator/lockfile.h"
#include "orchestrator/progress.h"
#include "reports/escape.h"
#include "reports/query.h"
#include "reports/render.h"
#include "shared/clock.h"

struct shown {
	struct run_view run, baseline;
	bool has_baseline;
};

static bool asked_run(const struct options *options, int64_t *run, struct err *err)
{
	*run = 0;
	if (!options->nruns)
		return true;
	char *end;
	errno = 0;
	*run = strtoll(options->runs[0], &end, 10);
	if (errno || end == options->runs[0] || *end || *run < 1)
		return err_set(err, EXIT_USAGE, "\"%.100s\" is no number of a run: \"pgparallel list\" shows them",
		        options->runs[0]);
	return true;
}

static bool load(const char *path, int64_t run, struct shown *s, struct err *err)
{
	bool held = lockfile_held(path);
	struct query *query = query_open(path, err);
	if (!query)
		return false;
	query_assume_dead(query, !held);
	bool ok = query_run(query, run, &s->run, err);
	if (ok && s->run.baseline)
		ok = s->has_baseline = query_run(query, s->run.baseline, &s->baseline, err);
	query_close(query);
	return ok;
}

static void put_fact(const char *name, const char *value, bool utf8, struct buf *out)
{
	struct buf n = {0};
	if (!value || !*value)
		return;
	escape_line(name, !utf8, 26, &n);
	buf_printf(out, " %-26s ", buf_str(&n));
	escape_line(value, !utf8, 0, out);
	buf_putc(out, '\n');
	buf_free(&n);
}

static void put_state(const struct run_view *v, struct buf *out)
{
	buf_printf(out, "%s%s%s, exit code %d; %u of %u done, %u failed, %u unknown, %u not run%s",
	        run_state_name(v->state), v->reason[0] ? ": " : "", v->reason, v->exit_code, v->done, v->ntickets,
	        v->failed, v->unknown, v->not_run, v->pinned ? "; pinned" : "");
}

static void put_facts(const struct run_view *v, bool utf8, struct buf *out)
{
	char text[64];
	struct buf state = {0};
	put_state(v, &state);
	buf_printf(out, "\n run %lld of experiment %lld\n", (long long)v->id, (long long)v->experiment);
	clock_iso(v->started_wall_us, text);
	put_fact("started", text, utf8, out);
	put_fact("state", buf_str(&state), utf8, out);
	put_fact("workload", v->workload, utf8, out);
	put_fact("workload SHA-256", v->workload_sha256, utf8, out);
	put_fact("data SHA-256", v->data_sha256, utf8, out);
	put_fact("command", v->argv, utf8, out);
	put_fact("options", v->options, utf8, out);
	put_fact("note", v->note, utf8, out);
	put_fact("client", v->client, utf8, out);
	snprintf(text, sizeof text, "%llu", (unsigned long long)v->seed);
	put_fact("seed", text, utf8, out);
	snprintf(text, sizeof text, "%lld", (long long)v->resumed_run);
	put_fact("resumes run", v->resumed_run ? text : "", utf8, out);
	for (size_t i = 0; i < v->nfacts; i++)
		put_fact(v->facts[i].name, v->facts[i].value, utf8, out);
	buf_free(&state);
}

/* What changed meanwhile, whoever did it. */
static void put_counters(const struct run_view *v, struct buf *out)
{
	bool any = false;
	for (size_t i = 0; i < v->ncounters; i++) {
		const struct counter_view *c = &v->counters[i];
		if (c->before == QUERY_NONE || c->after == QUERY_NONE || c->after == c->before)
			continue;
		if (!any)
			buf_puts(out, "\n what the server counted meanwhile, whoever did the work\n");
		any = true;
		buf_printf(out, " %-26s %+lld\n", c->name, (long long)(c->after - c->before));
	}
}

static void render(const struct options *options, const char *path, const struct shown *s, struct buf *out)
{
	struct terminal terminal;
	struct proof proof;
	struct budget budget;
	struct buf hint = {0}, file = {0};
	terminal_probe(STDOUT_FILENO, options->color, &terminal);
	buf_printf(&hint, "pgparallel report %lld", (long long)s->run.id);
	if (options->db) {
		quote_argv(1, (char *[]){(char *)path}, &file);
		buf_printf(&hint, " --db=%s", buf_str(&file));
	}
	buf_printf(&hint, " -o run-%lld.html", (long long)s->run.id);
	const struct run_view *baseline = s->has_baseline ? &s->baseline : NULL;
	proof_of(&s->run, baseline, &proof);
	budget_of(&s->run, &budget);
	const struct rendering r = {
	        .run = &s->run, .baseline = baseline, .proof = &proof, .budget = &budget, .store_path = path};
	const struct text_style style = {.width = terminal.width,
	        .color = terminal.color,
	        .utf8 = terminal.utf8,
	        .report_hint = s->run.pruned ? "" : buf_str(&hint)};
	if (s->run.pruned)
		buf_printf(out, "%s: the attempts of run %lld were pruned; the numbers of the run are left\n",
		        s->run.verdict[0] ? s->run.verdict : run_state_name(s->run.state), (long long)s->run.id);
	else
		text_render(&r, &style, out);
	for (size_t i = 0; s->run.pruned && i < s->run.ndoubts; i++)
		buf_printf(out, " %s: %s\n", s->run.doubts[i].name, s->run.doubts[i].text);
	for (size_t i = 0; s->run.pruned && i < s->run.nsuspects; i++)
		buf_printf(out, " suspect: %s: %s\n", s->run.suspects[i].cause, s->run.suspects[i].evidence);
	put_counters(&s->run, out);
	put_facts(&s->run, terminal.utf8, out);
	proof_free(&proof);
	buf_free(&hint);
	buf_free(&file);
}

int cmd_show(const struct options *options)
{
	char path[4096];
	int64_t run;
	struct err err;
	struct shown shown = {0};
	if (!store_path(options, path, &err) || !asked_run(options, &run, &err))
		return fail(&err);
	bool ok = load(path, run, &shown, &err);
	struct buf out = {0};
	if (ok) {
		render(options, path, &shown, &out);
		if (fwrite(buf_str(&out), 1, out.len, stdout) != out.len || fflush(stdout) != 0)
			ok = err_set(&err, EXIT_STORE, "the run could not be written to standard output");
	}
	buf_free(&out);
	run_view_free(&shown.run);
	run_view_free(&shown.baseline);
	return ok ? EXIT_DONE : fail(&err);
}
