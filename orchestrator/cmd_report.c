/*
 * cmd_report: stored runs as HTML, CSV, JSON or Markdown: to standard output, to a file, or several into a folder with
 * an index beside them. It only reads the results file.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "orchestrator/arms_show.h"
#include "orchestrator/cmd.h"
#include "orchestrator/lockfile.h"
#include "orchestrator/output.h"
#include "reports/html_index.h"
#include "reports/query.h"
#include "reports/render.h"
#include "reports/wording.h"

#define INDEX_MOST 50
#define ALL_MOST 1000000

struct job {
	struct options options; /* a copy: with the format decided */
	char store[4096];
	struct query *query;
	int64_t *runs;
	size_t nruns;
	bool several; /* more than one run was asked for, even if one came of it */
	const char *folder; /* NULL: to one file or standard output */
	struct output out; /* that one */
};

static const char *ending(enum format format)
{
	return format == FORMAT_CSV        ? "csv"
	       : format == FORMAT_JSON     ? "json"
	       : format == FORMAT_MARKDOWN ? "md"
	                                   : "html";
}

static bool parse_number(const char *text, size_t len, int64_t *number)
{
	*number = 0;
	if (len == 0 || len > 18)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		*number = *number * 10 + (text[i] - '0');
	}
	return *number > 0;
}

/* "160" or "150..160"; nothing: the newest, 0. */
static bool parse_runs(const struct options *o, int64_t *first, int64_t *last, struct err *err)
{
	const char *text = o->nruns > 0 ? o->runs[0] : NULL, *dots = text ? strstr(text, "..") : NULL;

	*first = *last = 0;
	if (text == NULL)
		return true;
	if (dots == NULL && parse_number(text, strlen(text), first)) {
		*last = *first;
		return true;
	}
	if (dots && parse_number(text, (size_t)(dots - text), first) &&
	        parse_number(dots + 2, strlen(dots + 2), last) && *first <= *last)
		return true;
	return err_set(err, EXIT_USAGE,
	        "\"%.100s\" is no run and no range of runs (160, 150..160): \"pgparallel list\" shows them", text);
}

/* The runs of the range that there are, in order. */
static bool choose_runs(struct job *job, struct err *err)
{
	struct run_line *lines;
	size_t count;
	int64_t first, last;

	if (!parse_runs(&job->options, &first, &last, err))
		return false;
	job->several = job->options.all || first != last;
	if (!job->several) {
		job->runs = mem_zero(1, sizeof *job->runs);
		job->runs[job->nruns++] = first;
		return true;
	}
	if (!query_list(job->query, ALL_MOST, &lines, &count, err))
		return false;
	job->runs = mem_zero(count + 1, sizeof *job->runs);
	for (size_t i = count; i-- > 0;)
		if (job->options.all || (lines[i].id >= first && lines[i].id <= last))
			job->runs[job->nruns++] = lines[i].id;
	free(lines);
	if (job->nruns == 0)
		return err_set(err, EXIT_USAGE, "%s holds none of these runs: see \"pgparallel list\"", job->store);
	return true;
}

static bool is_folder(const char *path)
{
	struct stat st;
	size_t len = strlen(path);

	return (len > 0 && path[len - 1] == '/') || (stat(path, &st) == 0 && S_ISDIR(st.st_mode));
}

static bool make_folder(const char *path, struct err *err)
{
	struct stat st;

	if ((mkdir(path, 0700) == 0 || errno == EEXIST) && stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return true;
	return err_set(err, EXIT_STORE, "the folder %s for the reports cannot be made: %s; try another with -o DIR",
	        path, strerror(errno == EEXIST ? ENOTDIR : errno));
}

/* Where the reports go. Several pages need a folder; rows and text of several runs may follow one another. */
static bool choose_place(struct job *job, struct err *err)
{
	struct options *o = &job->options;
	bool joins = o->format == FORMAT_CSV || o->format == FORMAT_MARKDOWN;

	if (o->format == FORMAT_NONE)
		o->format = FORMAT_HTML;
	if (o->output == NULL && o->format == FORMAT_HTML && !job->several && isatty(STDOUT_FILENO))
		return err_set(err, EXIT_USAGE, "a page is nothing for a terminal: add -o FILE.html");
	if (o->output != NULL && (is_folder(o->output) || (job->several && !joins))) {
		job->folder = o->output;
		return make_folder(job->folder, err);
	}
	if (job->several && !joins)
		return err_set(err, EXIT_USAGE, "several %s reports need a folder: add -o DIR", ending(o->format));
	return true;
}

struct loaded {
	struct run_view run, baseline;
	bool has_baseline;
	struct proof proof;
	struct budget budget;
	struct rendering rendering;
};

static bool load(struct job *job, int64_t id, struct loaded *l, struct err *err)
{
	memset(l, 0, sizeof *l);
	if (!query_run(job->query, id, &l->run, err))
		return false;
	if (l->run.baseline > 0 && !query_run(job->query, l->run.baseline, &l->baseline, err)) {
		run_view_free(&l->run);
		return false;
	}
	l->has_baseline = l->run.baseline > 0;
	proof_of(&l->run, l->has_baseline ? &l->baseline : NULL, &l->proof);
	budget_of(&l->run, &l->budget);
	l->rendering = (struct rendering){.run = &l->run,
	        .baseline = l->has_baseline ? &l->baseline : NULL,
	        .proof = &l->proof,
	        .budget = &l->budget,
	        .store_path = job->store,
	        .query = job->query};
	return true;
}

static void unload(struct loaded *l)
{
	proof_free(&l->proof);
	run_view_free(&l->run);
	if (l->has_baseline)
		run_view_free(&l->baseline);
}

static void beside(const struct job *job, const char *name, struct buf *path)
{
	const char *slash = job->folder ? NULL : job->options.output ? strrchr(job->options.output, '/') : NULL;

	buf_clear(path);
	if (job->folder)
		buf_printf(path, "%s%s", job->folder, job->folder[strlen(job->folder) - 1] == '/' ? "" : "/");
	else if (slash)
		buf_append(path, job->options.output, (size_t)(slash - job->options.output) + 1);
	buf_puts(path, name);
}

/* A page links what stands beside it, or will when this command is through. */
static void link_neighbours(const struct job *job, struct loaded *l, char previous[48])
{
	struct buf path = {0};
	bool chosen = false;

	snprintf(previous, 48, "run-%" PRId64 ".html", l->run.previous);
	if (job->options.format != FORMAT_HTML || job->options.output == NULL)
		return;
	for (size_t i = 0; job->folder && i < job->nruns; i++)
		chosen = chosen || job->runs[i] == l->run.previous;
	beside(job, previous, &path);
	if (l->run.previous > 0 && (chosen || access(buf_str(&path), F_OK) == 0))
		l->rendering.previous_href = previous;
	beside(job, "index.html", &path);
	if ((job->folder && job->several) || access(buf_str(&path), F_OK) == 0)
		l->rendering.index_href = "index.html";
	buf_free(&path);
}

static void tell(const struct job *job, const char *path, size_t bytes)
{
	char size[32];

	if (!job->options.quiet)
		printf("%s (%s)\n", path, word_bytes((int64_t)bytes, size));
}

static bool write_page(const struct job *job, const char *name, const struct buf *content, struct err *err)
{
	struct buf path = {0};
	bool ok;

	beside(job, name, &path);
	ok = output_write(buf_str(&path), content, err);
	if (ok)
		tell(job, buf_str(&path), content->len);
	buf_free(&path);
	return ok;
}

/* Which pages stand beside the index. */
static void look_beside(const struct job *job, const struct index_content *c, bool *runs, bool *experiments)
{
	struct buf path = {0};
	char name[80];

	for (size_t i = 0; i < c->nruns; i++) {
		snprintf(name, sizeof name, "run-%" PRId64 ".html", c->runs[i].id);
		beside(job, name, &path);
		runs[i] = access(buf_str(&path), F_OK) == 0;
	}
	for (size_t i = 0; i < c->nexperiments; i++) {
		const struct experiment_line *l = &c->experiments[i];

		html_index_page(l->kind, l->first_run, l->last_run, "html", name);
		beside(job, name, &path);
		experiments[i] = access(buf_str(&path), F_OK) == 0;
	}
	buf_free(&path);
}

/* The index of the newest runs, so that pages written together can be found. */
static bool write_index(const struct job *job, struct err *err)
{
	struct run_line *lines;
	struct experiment_line *experiments = NULL;
	struct index_content content = {0};
	struct buf page = {0};
	bool ok, *linked, *experiment_linked;

	if (!query_list(job->query, INDEX_MOST, &lines, &content.nruns, err))
		return false;
	ok = query_compare_list(job->query, INDEX_MOST, &experiments, &content.nexperiments, err);
	linked = mem_zero(content.nruns + 1, sizeof *linked);
	experiment_linked = mem_zero(content.nexperiments + 1, sizeof *experiment_linked);
	content.runs = lines;
	content.experiments = experiments;
	content.run_linked = linked;
	content.experiment_linked = experiment_linked;
	look_beside(job, &content, linked, experiment_linked);
	html_index(&content, &page);
	ok = ok && write_page(job, "index.html", &page, err);
	free(lines);
	free(experiments);
	free(linked);
	free(experiment_linked);
	buf_free(&page);
	return ok;
}

/* Into a file of its own. */
static bool write_report(const struct job *job, struct loaded *l, struct err *err)
{
	struct output page;
	struct buf path = {0};
	char name[64];

	snprintf(name, sizeof name, "run-%" PRId64 ".%s", l->run.id, ending(job->options.format));
	beside(job, name, &path);
	bool ok = output_open(&page, buf_str(&path), err) &&
	          output_close(&page, output_put_report(&page, &l->rendering, &job->options, err), err);
	if (ok)
		tell(job, buf_str(&path), page.bytes);
	buf_free(&path);
	return ok;
}

/* Behind those before it: one table of several runs has one header. */
static bool add_report(struct job *job, struct loaded *l, bool first, struct err *err)
{
	bool table = job->options.format == FORMAT_CSV;
	struct buf line = {0};

	l->rendering.headless = table && !first;
	buf_puts(&line, "\n");
	bool ok = (first || table || output_put(&job->out, &line, err)) &&
	          output_put_report(&job->out, &l->rendering, &job->options, err);
	buf_free(&line);
	return ok;
}

static bool report_run(struct job *job, size_t i, struct err *err)
{
	struct loaded l;
	char previous[48];
	bool ok;

	if (!load(job, job->runs[i], &l, err))
		return false;
	link_neighbours(job, &l, previous);
	if (!job->folder && job->options.csv_table == NULL)
		job->options.csv_table = csv_default(&l.run); /* one file is one table, the first run's */
	ok = job->folder ? write_report(job, &l, err) : add_report(job, &l, i == 0, err);
	unload(&l);
	return ok;
}

/* --- comparisons and scales -------------------------------------------------------------------------------------- */

/* The page links the runs that stand beside it, or will when this command is through. */
static void link_arms(const struct job *job, struct arms_show *s)
{
	struct buf path = {0};
	char name[48];

	for (size_t i = 0; i < s->page.narms; i++) {
		int64_t run = s->stand_ins[i].has_run ? s->stand_ins[i].run.id : 0;

		snprintf(name, sizeof name, "run-%" PRId64 ".html", run);
		beside(job, name, &path);
		s->shown[i].linked = run != 0 && access(buf_str(&path), F_OK) == 0;
	}
	beside(job, "index.html", &path);
	if ((job->folder && job->several) || access(buf_str(&path), F_OK) == 0)
		s->page.index_href = "index.html";
	buf_free(&path);
}

/* Without a number the newest run is meant. */
static bool newest(const struct job *job, int64_t *run, struct err *err)
{
	struct run_line *lines;
	size_t count;

	if (!query_list(job->query, 1, &lines, &count, err))
		return false;
	*run = count > 0 ? lines[0].id : 0;
	free(lines);
	return true;
}

/* --experiment: what the run belongs to, in its place. */
static bool report_experiment(struct job *job, struct err *err)
{
	struct arms_show s;
	struct buf one = {0};
	int64_t experiment, run = job->runs[0];
	char name[80];
	bool ok = true;

	if (job->several)
		return err_set(err, EXIT_USAGE, "--experiment is for one run, not for several");
	if (run == 0 && !newest(job, &run, err))
		return false;
	if (!query_compare_of(job->query, run, &experiment, err))
		return false;
	if (experiment == 0)
		return err_set(err, EXIT_USAGE,
		        "run %" PRId64 " belongs to no comparison and no scale: see \"pgparallel list\"", run);
	if (!arms_show_load(&s, job->query, experiment, job->store, err))
		return false;
	if (job->options.format == FORMAT_HTML && job->options.output != NULL)
		link_arms(job, &s);
	ok = arms_show_render(&s, &job->options, &one, err);
	html_index_page(s.view.kind, s.first_run, s.last_run, ending(job->options.format), name);
	if (ok && job->folder)
		ok = write_page(job, name, &one, err);
	else if (ok)
		ok = output_put(&job->out, &one, err);
	buf_free(&one);
	arms_show_clear(&s);
	return ok;
}

/* Pages of the experiments whose runs are all among those of a folder. */
static bool report_experiments(struct job *job, struct err *err)
{
	int64_t last = 0;
	bool ok = true;

	for (size_t i = 0; ok && i < job->nruns; i++) {
		struct arms_show s;
		struct buf one = {0};
		int64_t experiment;
		char name[80];

		if (!query_compare_of(job->query, job->runs[i], &experiment, err))
			return false;
		if (experiment == 0 || experiment == last)
			continue;
		last = experiment;
		if (!arms_show_load(&s, job->query, experiment, job->store, err))
			return false;
		if (s.first_run >= job->runs[0] && s.last_run <= job->runs[job->nruns - 1]) {
			link_arms(job, &s);
			ok = arms_show_render(&s, &job->options, &one, err);
			html_index_page(s.view.kind, s.first_run, s.last_run, "html", name);
			ok = ok && write_page(job, name, &one, err);
		}
		buf_free(&one);
		arms_show_clear(&s);
	}
	return ok;
}

static bool report_runs(struct job *job, struct err *err)
{
	bool ok = true;

	if (job->options.experiment)
		return report_experiment(job, err);
	for (size_t i = 0; ok && i < job->nruns; i++)
		ok = report_run(job, i, err);
	return ok;
}

static bool report(struct job *job, struct err *err)
{
	bool ok = choose_runs(job, err) && choose_place(job, err);

	if (ok && job->folder) {
		ok = report_runs(job, err);
		if (ok && job->several && job->options.format == FORMAT_HTML)
			ok = report_experiments(job, err) && write_index(job, err);
	} else if (ok) {
		ok = output_open(&job->out, job->options.output, err) &&
		     output_close(&job->out, report_runs(job, err), err);
		if (ok && job->options.output != NULL)
			tell(job, job->options.output, job->out.bytes);
	}
	if (ok && (fflush(stdout) != 0 || ferror(stdout)))
		ok = err_set(
		        err, EXIT_STORE, "the report could not be written to standard output: %s", strerror(errno));
	return ok;
}

int cmd_report(const struct options *options)
{
	struct job job = {.options = *options};
	struct err err;
	bool ok = store_path(options, job.store, &err), held;

	if (!ok)
		return fail(&err);
	held = lockfile_held(job.store);
	job.query = query_open(job.store, &err);
	if (job.query == NULL)
		return fail(&err);
	query_assume_dead(job.query, !held);
	ok = report(&job, &err);
	query_close(job.query);
	free(job.runs);
	return ok ? EXIT_DONE : fail(&err);
}
