/*
 * script_load: from -f, -b and -D to `struct scripts`: weights, names of built-ins, variables that are there before a
 * script runs. See script_parse.h.
 */
#include "orchestrator/script_parts.h"
#include "orchestrator/workload_parts.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define SCRIPTS_MOST 128

bool script_weight(const char *spec, char **name, int64_t *weight, struct err *err)
{
	const char *at = strrchr(spec, '@');
	char *end;

	*weight = -1;
	*name = mem_strdup(spec);
	if (at == NULL)
		return true;
	(*name)[at - spec] = '\0';
	errno = 0;
	long number = strtol(at + 1, &end, 10);
	bool ok = true;

	if (end == at + 1 || *end != '\0')
		ok = err_set(err, EXIT_USAGE,
		        "invalid weight specification %s of %.200s: write a whole number behind the @ (a name with an "
		        "@ in "
		        "it needs a weight, too)",
		        at, *name);
	else if (errno != 0 || number < 0 || number > INT_MAX)
		ok = err_set(err, EXIT_USAGE, "weight specification %s of %.200s is out of range; it goes from 0 to %d",
		        at + 1, *name, INT_MAX);
	*weight = number;
	if (!ok) {
		free(*name);
		*name = NULL;
	}
	return ok;
}

static const struct script_builtin *find_builtin(const char *name, struct err *err)
{
	const struct script_builtin *found = NULL;
	int count = 0;

	for (const struct script_builtin *b = script_builtins(); b->name != NULL; b++) {
		if (strncmp(b->name, name, strlen(name)) == 0) {
			found = b;
			count++;
		}
	}
	if (count == 0)
		err_set(err, EXIT_USAGE,
		        "no built-in script is called %.100s; there are tpcb-like, simple-update and select-only",
		        name);
	else if (count > 1)
		err_set(err, EXIT_USAGE,
		        "-b %.100s is ambiguous: %d built-in scripts begin like that; there are tpcb-like, "
		        "simple-update and "
		        "select-only",
		        name, count);
	return count == 1 ? found : NULL;
}

/* Nothing that pgbench refuses, and what no text can be: NUL bytes. */
static bool check_text(struct script_reader *reader, size_t len, struct err *err)
{
	const char *nul = memchr(reader->text, '\0', len);

	if (nul != NULL)
		return script_refuse(reader, (size_t)(nul - reader->text), err,
		        "a NUL byte, which SQL text cannot hold; save the file as UTF-8 without NUL bytes");
	reader->at = len >= 3 && memcmp(reader->text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
	return true;
}

/* The texts of a run, and what of them is for workload_parse. */
struct texts {
	struct buf *bufs;
	char **names;
	struct workload_text *sources, *rests;
	int count;
};

static bool load_text(const char *name, const struct workload_text *source, int64_t weight,
        const struct script_options *options, struct scripts *scripts, char **rest, struct err *err)
{
	struct script_reader reader = {
	        .path = source->path, .text = source->text, .end = source->len, .options = options, .scripts = scripts};
	bool ok = check_text(&reader, source->len, err) && script_file(&reader, name, weight, err);

	free(reader.references);
	*rest = reader.rest;
	return ok;
}

static bool load_source(const struct script_source *from, const struct script_options *options, struct scripts *scripts,
        struct texts *texts, struct err *err)
{
	struct workload_text *source = &texts->sources[texts->count];
	char *name, *rest = NULL;
	int64_t weight;

	if (!script_weight(from->name, &name, &weight, err))
		return false;
	bool ok;

	if (from->origin == SCRIPT_BUILTIN) {
		const struct script_builtin *builtin = find_builtin(name, err);

		ok = builtin != NULL;
		if (ok)
			*source = (struct workload_text){
			        .path = builtin->name, .text = builtin->text, .len = strlen(builtin->text)};
	} else {
		struct buf *text = &texts->bufs[texts->count];

		ok = workload_read(name, text, err);
		char *path = texts->names[texts->count] = mem_strdup(workload_path_name(name));

		*source = (struct workload_text){.path = path, .text = buf_str(text), .len = text->len};
	}
	ok = ok && load_text(source->path, source, weight, options, scripts, &rest, err);
	texts->rests[texts->count++] = (struct workload_text){.path = source->path, .text = rest, .len = source->len};
	free(name);
	return ok;
}

static int automatic(struct scripts *scripts, const char *name)
{
	int index = script_variable(scripts, name, strlen(name));

	scripts->variables[index].used = false;
	return index;
}

static bool define(struct scripts *scripts, const char *definition, struct err *err)
{
	const char *sign = strchr(definition, '=');

	if (sign == NULL || sign == definition || sign[1] == '\0')
		return err_set(
		        err, EXIT_USAGE, "invalid variable definition -D %.200s: write -D NAME=VALUE", definition);
	char *name = mem_strndup(definition, (size_t)(sign - definition));
	bool ok = script_variable_name_valid(name);

	if (ok) {
		int index = automatic(scripts, name);
		struct script_variable *variable = &scripts->variables[index];

		free(variable->text);
		variable->text = mem_strdup(sign + 1);
		variable->set = true;
	} else {
		err_set(err, EXIT_USAGE,
		        "-D %.200s: invalid variable name; a name has letters, digits and underscores and does not "
		        "begin "
		        "with a digit",
		        definition);
	}
	free(name);
	return ok;
}

static bool begin(const struct script_options *options, struct scripts *scripts, struct err *err)
{
	*scripts = (struct scripts){0};
	scripts->scale = automatic(scripts, "scale");
	scripts->client_id = automatic(scripts, "client_id");
	scripts->random_seed = automatic(scripts, "random_seed");
	scripts->default_seed = automatic(scripts, "default_seed");
	for (int i = 0; i < options->ndefines; i++)
		if (!define(scripts, options->defines[i], err))
			return false;
	return true;
}

static bool end(struct scripts *scripts, struct err *err)
{
	for (int i = 0; i < scripts->nscripts; i++) {
		scripts->total_weight += scripts->scripts[i].weight;
		scripts->ncommands += scripts->scripts[i].ncommands;
	}
	if (scripts->nscripts > SCRIPTS_MOST)
		return err_set(err, EXIT_USAGE, "%d scripts, and at most %d are allowed; leave some out",
		        scripts->nscripts, SCRIPTS_MOST);
	if (scripts->total_weight == 0)
		return err_set(err, EXIT_USAGE,
		        "total script weight must not be zero; give at least one script a weight above 0 (FILE@1)");
	return true;
}

static bool finish(struct scripts *scripts, bool ok)
{
	if (!ok)
		scripts_free(scripts);
	return ok;
}

static struct texts make_texts(int count)
{
	size_t room = (size_t)count + 1;

	return (struct texts){.bufs = mem_zero(room, sizeof(struct buf)),
	        .names = mem_zero(room, sizeof(char *)),
	        .sources = mem_zero(room, sizeof(struct workload_text)),
	        .rests = mem_zero(room, sizeof(struct workload_text))};
}

static void free_texts(struct texts *texts)
{
	for (int i = 0; i < texts->count; i++) {
		buf_free(&texts->bufs[i]);
		free(texts->names[i]);
		free((char *)texts->rests[i].text);
	}
	free(texts->bufs);
	free(texts->names);
	free(texts->sources);
	free(texts->rests);
}

static bool is_standard_input(const struct script_source *source)
{
	return source->origin == SCRIPT_FILE && source->name[0] == '-' &&
	       (source->name[1] == '\0' || source->name[1] == '@');
}

static bool make_plan(const struct texts *texts, struct plan **plan, struct err *err)
{
	if (plan == NULL)
		return true;
	*plan = workload_parse_scripts(texts->rests, texts->sources, texts->count, err);
	return *plan != NULL;
}

bool scripts_load_run(
        const struct script_options *options, struct scripts *scripts, struct plan **plan, struct err *err)
{
	struct texts texts = make_texts(options->nsources);
	bool ok = begin(options, scripts, err);
	int stdins = 0;

	for (int i = 0; ok && i < options->nsources; i++) {
		if (is_standard_input(&options->sources[i]) && stdins++ > 0)
			ok = err_set(err, EXIT_USAGE,
			        "standard input (-) can be read only once; give the other one as a file");
		ok = ok && load_source(&options->sources[i], options, scripts, &texts, err);
	}
	ok = ok && end(scripts, err) && make_plan(&texts, plan, err);
	free_texts(&texts);
	return finish(scripts, ok);
}

bool scripts_load(const struct script_options *options, struct scripts *scripts, struct err *err)
{
	return scripts_load_run(options, scripts, NULL, err);
}

/* A name that ends in a weight; any other @ may belong to the file of a list of tasks. */
static bool has_weight(const char *name)
{
	const char *at = strrchr(name, '@');

	return at != NULL && at[1] != '\0' && strspn(at + 1, "0123456789") == strlen(at + 1);
}

bool scripts_wanted(const struct script_source *sources, int nsources, bool *wanted, struct err *err)
{
	*wanted = false;
	for (int i = 0; i < nsources && !*wanted; i++) {
		struct buf text = {0};

		*wanted = sources[i].origin == SCRIPT_BUILTIN || has_weight(sources[i].name);
		if (*wanted)
			return true;
		if (!workload_read(sources[i].name, &text, err)) {
			buf_free(&text);
			return false;
		}
		*wanted = script_wanted(buf_str(&text), text.len);
		buf_free(&text);
	}
	return true;
}

bool scripts_parse(const char *path, const char *text, size_t len, const struct script_options *options,
        struct scripts *scripts, struct err *err)
{
	struct workload_text source = {.path = path, .text = text, .len = len};
	char *rest = NULL;
	bool ok = begin(options, scripts, err) && load_text(path, &source, -1, options, scripts, &rest, err);

	free(rest);
	return finish(scripts, ok && end(scripts, err));
}
