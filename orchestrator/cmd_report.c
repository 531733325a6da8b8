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

/* The index of the newest runs, so that pages written together can be found. */
static bool write_index(const struct job *job, struct err *err)
{
	struct run_line *lines;
	struct buf page = {0}, path = {0};
	size_t count;
	bool ok, *linked;
	char name[48];

	if (!query_list(job->query, INDEX_MOST, &lines, &count, err))
		return false;
	linked = mem_zero(count + 1, sizeof *linked);
	for (size_t i = 0; i < count; i++) {
		snprintf(name, sizeof name, "run-%" PRId64 ".html", lines[i].id);
		beside(job, name, &path);
		linked[i] = access(buf_str(&path), F_OK) == 0;
	}
	html_index(lines, linked, count, &page);
	ok = write_page(job, "index.html", &page, err);
	free(lines);
	free(linked);
	buf_free(&page);
	buf_free(&path);
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

static bool report_runs(struct job *job, struct err *err)
{
	bool ok = true;

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
			ok = write_index(job, err);
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
