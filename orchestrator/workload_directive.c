/*
 * workload_directive: what a directive line asks for. Only workload_*.c call it; strings it hands out belong to the
 * plan or the caller's struct task_line.
 */
#include "orchestrator/workload.h"
#include "orchestrator/workload_parts.h"

#include <stdlib.h>
#include <string.h>

#include "shared/clock.h"

static const struct {
	const char *word;
	enum directive_kind kind;
} words[] = {{"workload", DIRECTIVE_WORKLOAD}, {"run", DIRECTIVE_RUN}, {"task", DIRECTIVE_TASK},
        {"setup", DIRECTIVE_SETUP}, {"teardown", DIRECTIVE_TEARDOWN}, {"session", DIRECTIVE_SESSION},
        {"gate", DIRECTIVE_GATE}, {"script", DIRECTIVE_LATER}, {"param", DIRECTIVE_LATER}, {"output", DIRECTIVE_LATER}};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static void trim(const char **text, size_t *len)
{
	while (*len > 0 && is_blank(**text)) {
		(*text)++;
		(*len)--;
	}
	while (*len > 0 && is_blank((*text)[*len - 1]))
		(*len)--;
}

/* "name: X", where X is one word; tools that read such files let `:one`, `^` or `!` follow, which say how many rows
 * to expect and nothing about running. */
static void look_at_name(const char *text, size_t len, struct directive *d)
{
	if (len < 5 || memcmp(text, "name:", 5) != 0)
		return;
	const char *rest = text + 5;
	size_t rest_len = len - 5, word = 0;

	trim(&rest, &rest_len);
	while (word < rest_len && (lexer_variable_char(rest[word]) || strchr("-./", rest[word]) != NULL))
		word++;
	size_t end = word;

	while (end < rest_len && strchr("^!$<*#", rest[end]) != NULL)
		end++;
	while (end < rest_len && is_blank(rest[end]))
		end++;
	if (end < rest_len && rest[end] == ':')
		for (end++; end < rest_len && is_letter(rest[end]);)
			end++;
	if (word == 0 || end < rest_len)
		return;
	*d = (struct directive){.kind = DIRECTIVE_NAME, .word = text, .word_len = 4, .rest = rest, .rest_len = word};
}

void directive_look(const char *text, size_t len, struct directive *d)
{
	*d = (struct directive){.kind = DIRECTIVE_NONE};
	if (len < 2)
		return;
	text += 2;
	len -= 2;
	trim(&text, &len);
	look_at_name(text, len, d);
	if (d->kind != DIRECTIVE_NONE || len < 2 || text[0] != '@' || !is_letter(text[1]))
		return;
	size_t end = 1;

	while (end < len && !is_blank(text[end]))
		end++;
	*d = (struct directive){.kind = DIRECTIVE_UNKNOWN,
	        .word = text + 1,
	        .word_len = end - 1,
	        .rest = text + end,
	        .rest_len = len - end};
	trim(&d->rest, &d->rest_len);
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (strlen(words[i].word) == d->word_len && memcmp(words[i].word, d->word, d->word_len) == 0)
			d->kind = words[i].kind;
}

bool directive_unknown(const char *path, int line, const struct directive *d, struct err *err)
{
	int len = d->word_len > 60 ? 60 : (int)d->word_len;
	const char *known[sizeof words / sizeof words[0]];
	size_t n = 0;

	if (d->kind == DIRECTIVE_LATER)
		return workload_refuse(err, path, line,
		        d->word[0] == 'o'
		                ? "@%.*s is not supported by this version; rows are counted, not written"
		                : "@%.*s belongs to scripts: it begins its line, and tasks are not mixed with it",
		        len, d->word);
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (words[i].kind != DIRECTIVE_LATER)
			known[n++] = words[i].word;
	const char *near = workload_nearest(d->word, d->word_len, known, n);

	if (near != NULL)
		return workload_refuse(
		        err, path, line, "unknown directive @%.*s; did you mean @%s?", len, d->word, near);
	return workload_refuse(err, path, line,
	        "unknown directive @%.*s; the directives are @workload @run @task @setup @teardown @session @gate; if "
	        "this "
	        "is only a remark, put a word before the @",
	        len, d->word);
}

/* One word of a directive's rest: NAME or NAME=VALUE, where a value may be quoted to hold blanks. */
struct option {
	char *name;
	char *value; /* NULL = no = was written */
};

static void option_free(struct option *o)
{
	free(o->name);
	free(o->value);
	*o = (struct option){0};
}

static bool read_value(const char *path, int line, const char **p, const char *end, struct buf *value, struct err *err)
{
	while (*p < end && !is_blank(**p)) {
		char c = *(*p)++;

		if (c != '"' && c != '\'') {
			buf_putc(value, c);
			continue;
		}
		const char *close = memchr(*p, c, (size_t)(end - *p));

		if (close == NULL)
			return workload_refuse(
			        err, path, line, "the quote %c in this directive is not closed; close it", c);
		buf_append(value, *p, (size_t)(close - *p));
		*p = close + 1;
	}
	return true;
}

/* False at the end of the text or on an error (then err is filled and *bad set). */
static bool next_option(
        const char *path, int line, const char **p, const char *end, struct option *o, bool *bad, struct err *err)
{
	struct buf value = {0};

	*o = (struct option){0};
	while (*p < end && is_blank(**p))
		(*p)++;
	if (*p == end)
		return false;
	const char *from = *p;

	while (*p < end && !is_blank(**p) && **p != '=')
		(*p)++;
	o->name = mem_strndup(from, (size_t)(*p - from));
	if (*p == end || **p != '=')
		return true;
	(*p)++;
	*bad = !read_value(path, line, p, end, &value, err);
	if (!*bad && value.len == 0)
		*bad = !workload_refuse(
		        err, path, line, "%.60s= needs its value right behind the =, without a blank", o->name);
	o->value = mem_strdup(buf_str(&value));
	buf_free(&value);
	if (*bad)
		option_free(o);
	return !*bad;
}

static const char *const task_options[] = {
        "timeout", "rows", "repeat", "retries", "repeatable", "readonly", "after", "transaction", "noverify"};
enum {
	OPT_TIMEOUT,
	OPT_ROWS,
	OPT_REPEAT,
	OPT_RETRIES,
	OPT_REPEATABLE,
	OPT_READONLY,
	OPT_AFTER,
	OPT_TRANSACTION,
	OPT_NOVERIFY,
	OPTS
};

static bool whole_number(const char *text, int64_t least, int64_t most, int64_t *number)
{
	int64_t n = 0;

	if (*text == '\0')
		return false;
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9' || n > most / 10)
			return false;
		n = n * 10 + (*text - '0');
	}
	*number = n;
	return n >= least && n <= most;
}

static bool refuse_option(const char *path, int line, const struct option *o, struct err *err)
{
	const char *near = workload_nearest(o->name, strlen(o->name), task_options, OPTS);

	if (near != NULL)
		return workload_refuse(
		        err, path, line, "unknown option %.60s of @task; did you mean %s?", o->name, near);
	return workload_refuse(err, path, line,
	        "unknown option %.60s of @task; the options are timeout= rows= repeat= retries= after= repeatable "
	        "readonly transaction noverify",
	        o->name);
}

/* Sets the numbers; *right says what would have been right when the answer is false. */
static bool set_task_option(struct task_line *out, int option, const struct option *o, const char **right)
{
	struct task *t = &out->task;
	int64_t n;

	switch (option) {
	case OPT_TIMEOUT:
		*right = "a time above zero, like 10s or 250ms";
		return clock_parse(o->value, &t->timeout_ns) && t->timeout_ns > 0;
	case OPT_ROWS:
		*right = "a number of rows, 0 or more";
		return whole_number(o->value, 0, INT64_MAX / 100, &t->rows);
	case OPT_REPEAT:
		*right = "a number of executions, 1 to 20000000";
		if (!whole_number(o->value, 1, PLAN_MOST_TICKETS, &n))
			return false;
		t->repeat = (int)n;
		return true;
	case OPT_RETRIES:
		*right = "a number of repeats after the first try, 0 to 1000";
		if (!whole_number(o->value, 0, 1000, &n))
			return false;
		t->retries = (int)n;
		return true;
	case OPT_AFTER:
		out->after = mem_strdup(o->value);
		return true;
	case OPT_REPEATABLE:
		t->repeatable = true;
		return true;
	case OPT_READONLY:
		t->readonly = true;
		return true;
	case OPT_NOVERIFY:
		t->noverify = true;
		return true;
	default:
		t->transaction = true;
		return true;
	}
}

static bool apply_task_option(
        const char *path, int line, struct task_line *out, const struct option *o, bool seen[OPTS], struct err *err)
{
	const char *right = NULL;

	for (int i = 0; i < OPTS; i++) {
		bool flag = i == OPT_REPEATABLE || i == OPT_READONLY || i == OPT_TRANSACTION || i == OPT_NOVERIFY;

		if (strcmp(o->name, task_options[i]) != 0)
			continue;
		if (seen[i])
			return workload_refuse(err, path, line, "%s is given twice; give it once", o->name);
		seen[i] = true;
		if (flag && o->value != NULL)
			return workload_refuse(err, path, line, "%s takes no value; write %s alone", o->name, o->name);
		if (!flag && o->value == NULL)
			return workload_refuse(err, path, line, "%s needs a value; write %s=...", o->name, o->name);
		if (set_task_option(out, i, o, &right))
			return true;
		return workload_refuse(err, path, line, "%s=%.60s is not right; write %s", o->name, o->value, right);
	}
	return refuse_option(path, line, o, err);
}

static bool check_name(const char *path, int line, const struct option *o, struct err *err)
{
	if (o->value != NULL)
		return workload_refuse(err, path, line,
		        "@task needs a name before its options: -- @task NAME %.60s=%.60s", o->name, o->value);
	for (int i = 0; i < OPTS; i++)
		if (strcmp(o->name, task_options[i]) == 0)
			return workload_refuse(
			        err, path, line, "@task needs a name before its options: -- @task NAME %s", o->name);
	if (strlen(o->name) > 100)
		return workload_refuse(err, path, line, "the task's name has more than 100 bytes; use a shorter one");
	for (const char *p = o->name; *p != '\0'; p++)
		if (!lexer_variable_char(*p) && strchr("-./:+#", *p) == NULL)
			return workload_refuse(err, path, line,
			        "the task's name %.100s holds a %c; use letters, digits and _ - . / : + #", o->name,
			        *p);
	return true;
}

bool directive_task(const char *path, int line, const struct directive *d, struct task_line *out, struct err *err)
{
	const char *p = d->rest, *end = d->rest + d->rest_len;
	bool seen[OPTS] = {false}, bad = false;
	struct option o;

	*out = (struct task_line){
	        .task = {.line = line, .rows = -1, .repeat = 1, .retries = -1, .after = -1}, .line = line};
	if (!next_option(path, line, &p, end, &o, &bad, err))
		return bad ? false : workload_refuse(err, path, line, "@task needs a name: -- @task NAME");
	bool ok = check_name(path, line, &o, err);

	out->task.name = ok ? mem_strdup(o.name) : NULL;
	option_free(&o);
	while (ok && next_option(path, line, &p, end, &o, &bad, err)) {
		ok = apply_task_option(path, line, out, &o, seen, err);
		option_free(&o);
	}
	if (ok && !bad)
		return true;
	free(out->task.name);
	free(out->after);
	*out = (struct task_line){0};
	return false;
}

bool directive_run(const char *path, int line, const struct directive *d, struct plan *plan, struct err *err)
{
	const char *p = d->rest, *end = d->rest + d->rest_len;
	bool bad = false;
	struct option o;

	if (d->rest_len == 0)
		return workload_refuse(err, path, line, "@run needs options: -- @run clients=5 engine=process");
	while (next_option(path, line, &p, end, &o, &bad, err)) {
		if (o.name[0] == '\0') {
			option_free(&o);
			return workload_refuse(
			        err, path, line, "@run takes name=value, like clients=5: a name is missing");
		}
		plan->defaults = mem_resize(plan->defaults, (size_t)plan->ndefaults + 1, sizeof *plan->defaults);
		plan->defaults[plan->ndefaults++] =
		        (struct run_default){.name = o.name, .value = o.value, .line = line};
	}
	return !bad;
}

bool directive_gate(const char *path, int line, const struct directive *d, struct plan *plan, struct err *err)
{
	char *text = mem_strndup(d->rest, d->rest_len);
	struct gate gate;
	bool ok = workload_gate(text, &gate, err);

	free(text);
	if (!ok)
		return err_prefix(err, "%s:%d", path, line);
	plan->gates = mem_resize(plan->gates, (size_t)plan->ngates + 1, sizeof *plan->gates);
	plan->gates[plan->ngates++] = gate;
	return true;
}
