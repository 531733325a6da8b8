/*
 * workload: files into a plan. The one place that puts the parts together: statements and directives of each file
 * into sections, sections into tasks, tasks into tickets. The caller of workload_load owns the plan.
 */
#include "orchestrator/workload.h"
#include "orchestrator/workload_parts.h"

#include <stdlib.h>
#include <string.h>

#include "shared/digest.h"

#define RETRIES_DEFAULT 2

/* A stretch of statements of one file that belong together. */
struct section {
	enum directive_kind kind; /* TASK, SETUP, TEARDOWN, SESSION; NONE = a statement of a plain file */
	const char *path;
	bool annotated;
	struct task_line head; /* TASK: its name and options; name and after move into the plan */
	struct split_item *items;
	int nitems, room;
	const char *begin, *end; /* of its text */
};

struct builder {
	struct plan *plan;
	struct section *sections;
	int nsections, room;
	struct section **task_sections; /* of plan->tasks[i] */
	const char *named; /* file of the @workload line, NULL = none yet */
	int default_retries;
};

static struct section *add_section(struct builder *b, enum directive_kind kind, const char *path, int line)
{
	if (b->nsections == b->room) {
		b->room = b->room > 0 ? b->room * 2 : 16;
		b->sections = mem_resize(b->sections, (size_t)b->room, sizeof *b->sections);
	}
	struct section *s = &b->sections[b->nsections++];

	*s = (struct section){.kind = kind, .path = path};
	s->head = (struct task_line){.task = {.line = line, .rows = -1, .repeat = 1, .after = -1}, .line = line};
	return s;
}

static void add_item(struct section *s, const struct split_item *item)
{
	if (s->nitems == s->room) {
		s->room = s->room > 0 ? s->room * 2 : 1;
		s->items = mem_resize(s->items, (size_t)s->room, sizeof *s->items);
	}
	s->items[s->nitems++] = *item;
}

static void sections_free(struct builder *b)
{
	for (int i = 0; i < b->nsections; i++) {
		free(b->sections[i].items);
		free(b->sections[i].head.task.name);
		free(b->sections[i].head.after);
	}
	free(b->sections);
	free(b->task_sections);
}

/* reading one file into sections */

struct file_state {
	const char *path;
	int first; /* index of the file's first section */
	int open; /* index of the section that statements go to, -1 = none */
	int loose_line; /* of the first statement outside of every section, 0 = none */
	int block; /* index of the section of an open BEGIN outside of every section, -1 = none */
	bool annotated;
	bool sectioned; /* a directive that opens a section was there */
};

static bool set_name(struct builder *b, const char *path, int line, const struct directive *d, struct err *err)
{
	if (d->rest_len == 0 || d->rest_len > 200)
		return workload_refuse(
		        err, path, line, "@workload needs a name of at most 200 bytes: -- @workload nightly-report");
	char *name = mem_strndup(d->rest, d->rest_len);
	bool ok = b->named == NULL || strcmp(name, b->plan->name) == 0;

	if (!ok)
		workload_refuse(err, path, line,
		        "@workload names the workload %.60s, but %s names it %.60s; use one name", name, b->named,
		        b->plan->name);
	if (ok && b->named == NULL) {
		b->plan->name = name;
		b->named = path;
		return true;
	}
	free(name);
	return ok;
}

static bool open_section(struct builder *b, struct file_state *f, int line, const struct directive *d, struct err *err)
{
	enum directive_kind kind = d->kind == DIRECTIVE_NAME ? DIRECTIVE_TASK : d->kind;
	struct task_line head;

	f->sectioned = true;
	if (kind == DIRECTIVE_TASK) {
		if (!directive_task(f->path, line, d, &head, err))
			return false;
	} else if (d->rest_len > 0) {
		return workload_refuse(err, f->path, line, "@%.*s takes nothing behind it; write it alone on its line",
		        (int)d->word_len, d->word);
	}
	struct section *s = add_section(b, kind, f->path, line);

	if (kind == DIRECTIVE_TASK)
		s->head = head;
	f->open = b->nsections - 1;
	return true;
}

static bool take_directive(struct builder *b, struct file_state *f, const struct split_item *item, struct err *err)
{
	struct directive d;

	directive_look(item->text, item->len, &d);
	f->annotated = true;
	f->open = -1;
	switch (d.kind) {
	case DIRECTIVE_WORKLOAD:
		return set_name(b, f->path, item->line, &d, err);
	case DIRECTIVE_RUN:
		return directive_run(f->path, item->line, &d, b->plan, err);
	case DIRECTIVE_GATE:
		return directive_gate(f->path, item->line, &d, b->plan, err);
	case DIRECTIVE_TASK:
	case DIRECTIVE_NAME:
	case DIRECTIVE_SETUP:
	case DIRECTIVE_TEARDOWN:
	case DIRECTIVE_SESSION:
		return open_section(b, f, item->line, &d, err);
	case DIRECTIVE_NONE:
	case DIRECTIVE_LATER:
	case DIRECTIVE_UNKNOWN:
		break;
	}
	return directive_unknown(f->path, item->line, &d, err);
}

/* A statement outside of every section is a task of its own; those from BEGIN to COMMIT are one, as they would make
 * no sense on different sessions. */
static struct section *take_loose(
        struct builder *b, struct file_state *f, const struct split_item *item, struct err *err)
{
	enum statement_block block = statement_block(item);

	if (f->loose_line == 0)
		f->loose_line = item->line;
	if (f->block < 0 && block == BLOCK_CLOSES) {
		workload_refuse(err, f->path, item->line,
		        "no BEGIN stands before this end of a transaction; take it out, or put '-- @task NAME' above "
		        "the "
		        "statements that belong together");
		return NULL;
	}
	if (f->block >= 0) {
		struct section *open = &b->sections[f->block];

		if (block == BLOCK_CLOSES)
			f->block = -1;
		return open;
	}
	struct section *s = add_section(b, DIRECTIVE_NONE, f->path, item->line);

	if (block == BLOCK_OPENS)
		f->block = b->nsections - 1;
	return s;
}

static bool take_statement(struct builder *b, struct file_state *f, const struct split_item *item, struct err *err)
{
	struct section *s = f->open >= 0 ? &b->sections[f->open] : take_loose(b, f, item, err);

	if (s == NULL)
		return false;
	if (s->nitems == 0)
		s->begin = item->text;
	s->end = item->text + item->len;
	add_item(s, item);
	return true;
}

static bool close_file(struct builder *b, struct file_state *f, struct err *err)
{
	if (f->sectioned && f->loose_line > 0)
		return workload_refuse(err, f->path, f->loose_line,
		        "this statement belongs to no task; put '-- @task NAME' above it, or '-- @setup' if it is to "
		        "run once "
		        "before the tasks");
	if (f->block >= 0)
		return workload_refuse(err, f->path, b->sections[f->block].head.line,
		        "the transaction that begins here has no COMMIT or ROLLBACK before the end of the file; add "
		        "it");
	for (int i = f->first; i < b->nsections; i++) {
		struct section *s = &b->sections[i];

		s->annotated = f->annotated;
		if (s->nitems == 0 && s->kind == DIRECTIVE_TASK)
			return workload_refuse(err, f->path, s->head.line,
			        "the task %s has no statement; write one below its line, or take the line out",
			        s->head.task.name);
	}
	return true;
}

static bool refuse_nul(const struct workload_text *text, const char *nul, struct err *err)
{
	int line = 1;

	for (const char *p = text->text; p < nul; p++)
		line += *p == '\n';
	return workload_refuse(err, text->path, line,
	        "a NUL byte, which SQL text cannot hold; save the file as UTF-8 without NUL bytes");
}

static bool read_sections(struct builder *b, const struct workload_text *text, struct err *err)
{
	struct file_state f = {.path = text->path, .first = b->nsections, .open = -1, .block = -1};
	struct splitter splitter;
	struct split_item item;
	const char *nul = text->len > 0 ? memchr(text->text, '\0', text->len) : NULL;
	size_t bom = text->len >= 3 && memcmp(text->text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;

	if (nul != NULL)
		return refuse_nul(text, nul, err);
	splitter_init(&splitter, text->path, text->text + bom, text->len - bom, true);
	for (;;) {
		if (!splitter_next(&splitter, &item, err))
			return false;
		if (item.event == SPLIT_END)
			return close_file(b, &f, err);
		bool ok = item.event == SPLIT_STATEMENT ? take_statement(b, &f, &item, err)
		                                        : take_directive(b, &f, &item, err);

		if (!ok)
			return false;
	}
}

/* sections into tasks */

static const char *section_word(enum directive_kind kind)
{
	return kind == DIRECTIVE_SETUP ? "@setup" : kind == DIRECTIVE_TEARDOWN ? "@teardown" : "@session";
}

/* A statement that would let the task write although it runs read-only: it asks for it, or it drops the session's
 * settings and is not the last one. */
static bool escapes_readonly(const struct section *s, int i)
{
	return statement_asks_to_write(&s->items[i]) || (i + 1 < s->nitems && statement_drops_settings(&s->items[i]));
}

static bool add_statements(const struct builder *b, struct section *s, struct task *task, struct err *err)
{
	const char *no_row = s->kind == DIRECTIVE_TASK || s->kind == DIRECTIVE_NONE ? NULL : section_word(s->kind);

	task->statements =
	        mem_resize(task->statements, (size_t)(task->nstatements + s->nitems), sizeof *task->statements);
	for (int i = 0; i < s->nitems; i++) {
		struct statement *st = &task->statements[task->nstatements];

		*st = (struct statement){.line = s->items[i].line, .kind = statement_classify(&s->items[i])};
		if (!statement_bind(s->path, b->plan, &s->items[i], s->annotated, no_row, st, &task->uses_data, err))
			return false;
		task->nstatements++;
		if (task->write_line == 0 && escapes_readonly(s, i))
			task->write_line = st->line;
	}
	return true;
}

static bool add_task(struct builder *b, struct section *s, struct err *err)
{
	struct plan *plan = b->plan;
	struct task *task = &plan->tasks[plan->ntasks];

	*task = s->head.task;
	s->head.task.name = NULL; /* it is the plan's now */
	b->task_sections[plan->ntasks++] = s;
	if (task->name == NULL) {
		struct buf name = {0};

		buf_printf(&name, "q%d", plan->ntasks);
		task->name = mem_strdup(buf_str(&name));
		buf_free(&name);
	}
	if (s->kind == DIRECTIVE_NONE || task->retries < 0)
		task->retries = b->default_retries;
	task->source = mem_strndup(s->begin, (size_t)(s->end - s->begin));
	if (!add_statements(b, s, task, err) || !task_choose_send(s->path, task, err))
		return false;
	if (task->readonly && task->write_line > 0)
		return workload_refuse(err, s->path, task->write_line,
		        "task %s is marked `readonly`, but this statement would let it write; take one of the two out",
		        task->name);
	return true;
}

/* @setup and its like: several sections of one kind go on with each other. */
static bool add_once(struct builder *b, struct section *s, struct err *err)
{
	struct plan *plan = b->plan;
	struct task **at = s->kind == DIRECTIVE_SETUP      ? &plan->setup
	                   : s->kind == DIRECTIVE_TEARDOWN ? &plan->teardown
	                                                   : &plan->session;
	struct buf source = {0};

	if (s->nitems == 0)
		return true;
	if (*at == NULL) {
		*at = mem_zero(1, sizeof **at);
		(*at)->name = mem_strdup(section_word(s->kind) + 1);
		(*at)->line = s->head.line;
		(*at)->send = SEND_STEPS;
		(*at)->rows = -1;
		(*at)->repeat = 1;
		(*at)->after = -1;
	}
	if ((*at)->source != NULL)
		buf_printf(&source, "%s;\n", (*at)->source);
	buf_append(&source, s->begin, (size_t)(s->end - s->begin));
	free((*at)->source);
	(*at)->source = mem_strdup(buf_str(&source));
	buf_free(&source);
	return add_statements(b, s, *at, err);
}

static bool build_tasks(struct builder *b, struct err *err)
{
	b->plan->tasks = mem_zero((size_t)b->nsections, sizeof *b->plan->tasks);
	b->task_sections = mem_zero((size_t)b->nsections, sizeof(struct section *));
	for (int i = 0; i < b->nsections; i++) {
		struct section *s = &b->sections[i];
		bool task = s->kind == DIRECTIVE_TASK || s->kind == DIRECTIVE_NONE;

		if (!(task ? add_task(b, s, err) : add_once(b, s, err)))
			return false;
	}
	return true;
}

/* names */

static int compare_names(const void *a, const void *b, void *tasks)
{
	int i = *(const int *)a, j = *(const int *)b;
	int order = strcmp(((const struct task *)tasks)[i].name, ((const struct task *)tasks)[j].name);

	return order != 0 ? order : i - j;
}

static bool check_duplicates(const struct builder *b, const int *sorted, struct err *err)
{
	for (int i = 1; i < b->plan->ntasks; i++) {
		const struct task *first = &b->plan->tasks[sorted[i - 1]], *second = &b->plan->tasks[sorted[i]];

		if (strcmp(first->name, second->name) == 0)
			return workload_refuse(err, b->task_sections[sorted[i]]->path, second->line,
			        "a second task %s (the first: %s:%d); rename one", second->name,
			        b->task_sections[sorted[i - 1]]->path, first->line);
	}
	return true;
}

static int find_task(const struct plan *plan, const int *sorted, const char *name)
{
	int low = 0, high = plan->ntasks;

	while (low < high) {
		int middle = low + (high - low) / 2, order = strcmp(plan->tasks[sorted[middle]].name, name);

		if (order == 0)
			return sorted[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return -1;
}

static bool refuse_after(const struct builder *b, const struct section *s, struct err *err)
{
	const struct plan *plan = b->plan;
	const char **names = mem_zero((size_t)plan->ntasks, sizeof *names);

	for (int i = 0; i < plan->ntasks; i++)
		names[i] = plan->tasks[i].name;
	const char *near = workload_nearest(s->head.after, strlen(s->head.after), names, (size_t)plan->ntasks);

	free(names);
	if (near != NULL)
		return workload_refuse(err, s->path, s->head.line,
		        "after=%.100s: there is no such task; did you mean %s?", s->head.after, near);
	return workload_refuse(err, s->path, s->head.line,
	        "after=%.100s: there is no such task; name a task of this workload", s->head.after);
}

static bool resolve_after(struct builder *b, const int *sorted, struct err *err)
{
	for (int i = 0; i < b->plan->ntasks; i++) {
		const struct section *s = b->task_sections[i];

		if (s->head.after == NULL)
			continue;
		b->plan->tasks[i].after = find_task(b->plan, sorted, s->head.after);
		if (b->plan->tasks[i].after < 0)
			return refuse_after(b, s, err);
	}
	return true;
}

static bool join_names(struct builder *b, struct err *err)
{
	int *sorted = mem_zero((size_t)b->plan->ntasks, sizeof *sorted);

	for (int i = 0; i < b->plan->ntasks; i++)
		sorted[i] = i;
	qsort_r(sorted, (size_t)b->plan->ntasks, sizeof *sorted, compare_names, b->plan->tasks);
	bool ok = check_duplicates(b, sorted, err) && resolve_after(b, sorted, err);

	free(sorted);
	return ok;
}

/* the whole */

static bool check_data_is_used(const struct plan *plan, const char *data, struct err *err)
{
	for (int i = 0; i < plan->ntasks; i++)
		if (plan->tasks[i].uses_data)
			return true;
	return err_set(err, EXIT_USAGE,
	        "%s: no task uses a column of this data file; write :%.60s in a task, or leave --data out", data,
	        plan->columns[0]);
}

static void name_after_file(struct plan *plan)
{
	const char *slash = strrchr(plan->path, '/'), *base = slash != NULL ? slash + 1 : plan->path;
	size_t len = strlen(base);

	if (len > 4 && strcmp(base + len - 4, ".sql") == 0)
		len -= 4;
	plan->name = strcmp(plan->path, "-") == 0 ? mem_strdup("stdin") : mem_strndup(base, len);
}

/* Below a flag or the environment (then default_retries is given), @run retries= is the default of its tasks. A bad
 * value is refused where all of @run is. */
static int retries_of(const struct plan *plan, int default_retries)
{
	int retries = default_retries >= 0 ? default_retries : RETRIES_DEFAULT;

	for (int i = 0; default_retries < 0 && i < plan->ndefaults; i++) {
		const struct run_default *d = &plan->defaults[i];

		if (strcmp(d->name, "retries") == 0 && d->value != NULL)
			retries = (int)strtol(d->value, NULL, 10);
	}
	return retries;
}

/* `@run retries=N`, which the tasks need before the options are put together. Whether N is right is said there. */
static int run_retries(const struct plan *plan)
{
	int retries = RETRIES_DEFAULT;

	for (int i = 0; i < plan->ndefaults; i++) {
		const struct run_default *d = &plan->defaults[i];

		if (strcmp(d->name, "retries") == 0 && d->value != NULL)
			retries = (int)strtol(d->value, NULL, 10);
	}
	return retries >= 0 && retries <= 1000 ? retries : RETRIES_DEFAULT;
}

/* The text that is recorded and hashed. */
static void keep_source(struct plan *plan, const struct workload_text *texts, int ntexts)
{
	struct buf source = {0};

	for (int i = 0; i < ntexts; i++)
		buf_append(&source, texts[i].text, texts[i].len);
	plan->source = mem_strdup(buf_str(&source));
	digest_sha256_hex(plan->source, source.len, plan->sha256);
	buf_free(&source);
	if (plan->name == NULL)
		name_after_file(plan);
}

static bool build(struct builder *b, const struct workload_text *texts, int ntexts, const struct workload_text *data,
        struct err *err)
{
	struct plan *plan = b->plan;

	if (data != NULL) {
		if (!data_parse(data->path, data->text, data->len, plan, err))
			return false;
		digest_sha256_hex(data->text, data->len, plan->data_sha256);
	}
	for (int i = 0; i < ntexts; i++)
		if (!read_sections(b, &texts[i], err))
			return false;
	keep_source(plan, texts, ntexts);
	b->default_retries = retries_of(plan, b->default_retries);
	if (b->default_retries < 0)
		b->default_retries = run_retries(plan);
	if (!build_tasks(b, err))
		return false;
	if (plan->ntasks == 0)
		return err_set(err, EXIT_USAGE,
		        "%s: no task; write SQL statements, or '-- @task NAME' with statements below it",
		        texts[0].path);
	if (!join_names(b, err) || (data != NULL && !check_data_is_used(plan, data->path, err)))
		return false;
	return plan_number_tickets(plan, err);
}

struct plan *workload_parse(const struct workload_text *texts, int ntexts, const struct workload_text *data,
        int default_retries, struct err *err)
{
	struct builder b = {.default_retries = default_retries};

	b.plan = mem_zero(1, sizeof *b.plan);
	b.plan->path = mem_strdup(texts[0].path);
	bool ok = build(&b, texts, ntexts, data, err);

	sections_free(&b);
	if (ok)
		return b.plan;
	plan_free(b.plan);
	return NULL;
}

struct plan *workload_parse_scripts(
        const struct workload_text *texts, const struct workload_text *sources, int ntexts, struct err *err)
{
	struct builder b = {0};
	bool ok = true;

	b.plan = mem_zero(1, sizeof *b.plan);
	b.plan->path = mem_strdup(sources[0].path);
	for (int i = 0; ok && i < ntexts; i++)
		ok = read_sections(&b, &texts[i], err);
	keep_source(b.plan, sources, ntexts);
	ok = ok && build_tasks(&b, err);
	sections_free(&b);
	if (ok)
		return b.plan;
	plan_free(b.plan);
	return NULL;
}
