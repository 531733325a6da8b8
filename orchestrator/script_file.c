/*
 * script_file: a file into scripts. Without a directive of ours it is one script, as it stands; `@script` begins
 * another,
 * `@param` gives a script (before the first @script: all of the file) a variable. What belongs to tasks and to the run
 * as a whole (@setup, @gate, ...) is left to workload_parse. Only script_*.c call it, apart from what script_parse.h
 * has.
 */
#include "orchestrator/script_parts.h"
#include "orchestrator/workload_parts.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum section_kind { SECTION_HEAD, SECTION_SCRIPT, SECTION_OTHER };

struct section {
	enum section_kind kind;
	size_t begin, end; /* what stands in it, directives' lines included */
	size_t directive; /* its own line */
	char *name;
	int64_t weight;
	struct {
		size_t begin, end;
	} * params;
	int nparams;
};

/* A directive's line. */
struct line {
	size_t begin, end;
	bool unknown; /* refused where there are scripts or parameters, a remark elsewhere */
};

struct sections {
	struct section *list;
	int count;
	bool scripts, params; /* there is one */
	struct line *lines; /* of directives that are for the run, wherever they stand */
	int nlines;
	size_t task; /* offset of a @task, (size_t)-1 = none */
};

static void free_sections(struct sections *sections)
{
	for (int i = 0; i < sections->count; i++) {
		free(sections->list[i].name);
		free(sections->list[i].params);
	}
	free(sections->list);
	free(sections->lines);
}

static struct section *open_section(struct sections *sections, enum section_kind kind, size_t begin)
{
	if (sections->count > 0)
		sections->list[sections->count - 1].end = begin;
	sections->list = mem_resize(sections->list, (size_t)sections->count + 1, sizeof *sections->list);
	sections->list[sections->count] =
	        (struct section){.kind = kind, .begin = begin, .directive = begin, .weight = -1};
	return &sections->list[sections->count++];
}

static bool is(const struct directive *d, const char *word)
{
	return d->word_len == strlen(word) && memcmp(d->word, word, d->word_len) == 0;
}

/* NAME [weight=N] */
static bool script_line(
        struct script_reader *reader, const struct directive *d, struct section *section, struct err *err)
{
	static const char usage[] = "write @script NAME [weight=N]";
	const char *p = d->rest, *end = d->rest + d->rest_len;
	size_t len = 0, offset = (size_t)(d->rest - reader->text);

	while (p + len < end && !script_is_blank(p[len]))
		len++;
	if (len == 0 || memchr(p, '=', len) != NULL)
		return script_refuse(reader, offset, err, "@script needs a name; %s", usage);
	section->name = mem_strndup(p, len);
	for (p += len; p < end && script_is_blank(*p);)
		p++;
	if (p == end)
		return true;
	char *option = mem_strndup(p, (size_t)(end - p)), *stop = option;
	bool known = strncmp(option, "weight=", 7) == 0;

	errno = 0;
	long weight = known ? strtol(option + 7, &stop, 10) : -1;
	bool number = known && stop > option + 7 && *stop == '\0', ok = true;

	offset = (size_t)(p - reader->text);
	if (!known)
		ok = script_refuse(reader, offset, err, "%.60s is no option of @script; %s", option, usage);
	else if (!number || errno != 0 || weight < 0 || weight > INT_MAX)
		ok = script_refuse(
		        reader, offset, err, "%.60s: the weight is a whole number from 0 to %d", option, INT_MAX);
	section->weight = weight;
	free(option);
	return ok;
}

static void keep_param(struct section *section, const struct script_reader *reader, const struct directive *d)
{
	size_t begin = (size_t)(d->rest - reader->text);

	section->params = mem_resize(section->params, (size_t)section->nparams + 1, sizeof *section->params);
	section->params[section->nparams].begin = begin;
	section->params[section->nparams++].end = begin + d->rest_len;
}

static void keep_line(struct sections *sections, const struct token *token, bool unknown)
{
	sections->lines = mem_resize(sections->lines, (size_t)sections->nlines + 1, sizeof *sections->lines);
	sections->lines[sections->nlines++] =
	        (struct line){.begin = token->begin, .end = token->end, .unknown = unknown};
}

static bool take_directive(
        struct script_reader *reader, const struct token *token, struct sections *sections, struct err *err)
{
	struct directive d;

	directive_look(reader->text + token->begin, token->end - token->begin, &d);
	switch (d.kind) {
	case DIRECTIVE_TASK:
	case DIRECTIVE_NAME:
		if (sections->task == (size_t)-1 && d.kind == DIRECTIVE_TASK)
			sections->task = token->begin;
		if (d.kind == DIRECTIVE_NAME)
			return true;
		open_section(sections, SECTION_OTHER, token->begin);
		return true;
	case DIRECTIVE_SETUP:
	case DIRECTIVE_TEARDOWN:
	case DIRECTIVE_SESSION:
		open_section(sections, SECTION_OTHER, token->begin);
		return true;
	case DIRECTIVE_LATER:
		if (is(&d, "script")) {
			sections->scripts = true;
			return script_line(reader, &d, open_section(sections, SECTION_SCRIPT, token->begin), err);
		}
		if (is(&d, "param")) {
			sections->params = true;
			keep_param(&sections->list[sections->count - 1], reader, &d);
		} else {
			keep_line(sections, token, true);
		}
		return true;
	case DIRECTIVE_NONE:
		return true;
	default:
		keep_line(sections, token, d.kind == DIRECTIVE_UNKNOWN);
		return true;
	}
}

static bool at_line_start(const char *text, size_t i)
{
	while (i > 0 && (text[i - 1] == ' ' || text[i - 1] == '\t'))
		i--;
	return i == 0 || text[i - 1] == '\n';
}

/* Behind the line of a meta-command, whose words are not SQL. \; and \: are SQL. */
static size_t skip_meta(const struct script_reader *reader, size_t at)
{
	char next = at + 1 < reader->end ? reader->text[at + 1] : '\0';

	if (next == ';' || next == ':')
		return at + 2;
	for (at++; at < reader->end && reader->text[at] != '\n'; at++) {
		size_t more = script_continuation(reader, at);

		at += more > 0 ? more - 1 : 0;
	}
	return at;
}

static bool find_sections(struct script_reader *reader, struct sections *sections, struct err *err)
{
	struct lexer lexer;
	struct token token;

	lexer_init(&lexer, reader->text, reader->end, 1);
	lexer.continues = true;
	lexer.at = reader->at;
	sections->task = (size_t)-1;
	open_section(sections, SECTION_HEAD, reader->at);
	do {
		lexer_next(&lexer, &token);
		if (token.kind == TOKEN_BACKSLASH)
			lexer.at = skip_meta(reader, token.begin);
		else if (token.kind == TOKEN_LINE_COMMENT && at_line_start(reader->text, token.begin) &&
		         !take_directive(reader, &token, sections, err))
			return false;
	} while (token.kind != TOKEN_END && token.kind != TOKEN_UNCLOSED);
	sections->list[sections->count - 1].end = reader->end;
	return true;
}

static bool is_independent(const struct script *script)
{
	for (int i = 0; i < script->ncommands; i++) {
		const struct script_command *command = &script->commands[i];

		if (command->kind != COMMAND_SET && command->kind != COMMAND_SQL)
			return false;
		if (command->kind == COMMAND_SQL && command->sql.keep != KEEP_NOTHING)
			return false;
	}
	return true;
}

bool script_add(struct script_reader *reader, const char *name, int64_t weight, size_t begin, struct command_list *list,
        struct err *err)
{
	struct scripts *scripts = reader->scripts;

	if (list->count == 0)
		return script_refuse(
		        reader, begin, err, "empty command list for script \"%.100s\"; write SQL into it", name);
	if (!script_link(reader->path, list, err))
		return false;
	scripts->scripts = mem_resize(scripts->scripts, (size_t)scripts->nscripts + 1, sizeof *scripts->scripts);
	struct script *script = &scripts->scripts[scripts->nscripts++];

	*script = (struct script){.name = mem_strdup(name),
	        .source = mem_strndup(reader->text + begin, reader->end - begin),
	        .weight = weight < 0 ? 1 : weight,
	        .commands = list->commands,
	        .ncommands = list->count};
	for (int i = 0; i < list->count; i++)
		script->nsql += list->commands[i].kind == COMMAND_SQL;
	script->independent = is_independent(script);
	*list = (struct command_list){0};
	return true;
}

static bool add_params(
        struct script_reader *reader, const struct section *section, struct command_list *list, struct err *err)
{
	for (int i = 0; i < section->nparams; i++) {
		struct script_reader part = *reader;

		part.at = section->params[i].begin;
		part.end = section->params[i].end;
		if (!script_param(&part, list, err))
			return false;
	}
	return true;
}

/* head: NULL, or the section whose @param lines hold for all. */
static bool add_section(struct script_reader *reader, const struct section *section, const struct section *head,
        const char *name, int64_t weight, struct err *err)
{
	struct command_list list = {0};

	reader->at = section->begin;
	reader->end = section->end;
	bool ok = (head == NULL || add_params(reader, head, &list, err)) && add_params(reader, section, &list, err);
	int params = list.count;

	ok = ok && script_commands(reader, &list, err);
	if (ok && list.count == params)
		ok = script_refuse(reader, section->begin, err,
		        "empty command list for script \"%.100s\"; write SQL into it", name);
	ok = ok && script_add(reader, name, weight, section->begin, &list, err);
	command_list_free(&list);
	return ok;
}

/* Before the first @script only directives may stand. */
static bool check_head(struct script_reader *reader, const struct section *head, struct err *err)
{
	struct command_list list = {0};

	reader->at = head->begin;
	reader->end = head->end;
	bool ok = script_commands(reader, &list, err);

	if (ok && list.count > 0)
		ok = err_set(err, EXIT_USAGE,
		        "%s:%d:%d: a command before the first @script; put it behind one, or into @setup", reader->path,
		        list.commands[0].line, list.commands[0].column);
	command_list_free(&list);
	return ok;
}

static bool combine(
        struct script_reader *reader, const struct section *section, int64_t outer, int64_t *weight, struct err *err)
{
	if (outer < 0 || section->weight < 0)
		*weight = outer < 0 ? section->weight : outer;
	else if (__builtin_mul_overflow(outer, section->weight, weight) || *weight > INT_MAX)
		return script_refuse(reader, section->directive, err,
		        "the weights of the file and of the script multiply to "
		        "more than %d; take smaller ones",
		        INT_MAX);
	return true;
}

static bool add_sections(struct script_reader *reader, const struct sections *sections, int64_t outer, struct err *err)
{
	if (sections->task != (size_t)-1)
		return script_refuse(reader, sections->task, err,
		        "@task and @script in one file: a file has tasks, which run once, or scripts, which are "
		        "looped; make "
		        "two files");
	if (!check_head(reader, &sections->list[0], err))
		return false;
	for (int i = 1; i < sections->count; i++) {
		const struct section *section = &sections->list[i];
		int64_t weight = -1;

		if (section->kind == SECTION_SCRIPT &&
		        (!combine(reader, section, outer, &weight, err) ||
		                !add_section(reader, section, &sections->list[0], section->name, weight, err)))
			return false;
	}
	return true;
}

/* Names that something gives a value. After \gset, \aset anything may have one. */
static bool has_value(const struct scripts *scripts, int first, int variable)
{
	const struct script_variable *v = &scripts->variables[variable];

	if (v->set || variable == scripts->scale || variable == scripts->client_id ||
	        variable == scripts->random_seed || variable == scripts->default_seed)
		return true;
	for (int s = first; s < scripts->nscripts; s++) {
		for (int i = 0; i < scripts->scripts[s].ncommands; i++) {
			const struct script_command *command = &scripts->scripts[s].commands[i];

			if (command->kind == COMMAND_SQL ? command->sql.keep != KEEP_NOTHING
			                                 : command->variable == variable)
				return true;
		}
	}
	return false;
}

static bool check_references(struct script_reader *reader, int first, struct err *err)
{
	for (int i = 0; i < reader->nreferences; i++) {
		const struct script_reference *reference = &reader->references[i];
		const char *name = reader->scripts->variables[reference->variable].name;

		if (!has_value(reader->scripts, first, reference->variable))
			return script_refuse(reader, reference->offset, err,
			        ":%.60s is not declared; write -- @param %.60s = ..., \\set %.60s ... or -D "
			        "%.60s=VALUE",
			        name, name, name, name);
	}
	return true;
}

static void copy_part(struct script_reader *reader, size_t begin, size_t end)
{
	memcpy(reader->rest + begin, reader->text + begin, end - begin);
}

/* Sections for the run are only where a @script can end them. */
static void keep_rest(struct script_reader *reader, const struct sections *sections)
{
	bool annotated = sections->scripts || sections->params;
	size_t len = sections->list[sections->count - 1].end;

	reader->rest = mem_alloc(len + 1);
	for (size_t i = 0; i < len; i++)
		reader->rest[i] = reader->text[i] == '\n' ? '\n' : ' ';
	reader->rest[len] = '\0';
	for (int i = 0; i < sections->count; i++)
		if (sections->scripts && sections->list[i].kind == SECTION_OTHER)
			copy_part(reader, sections->list[i].begin, sections->list[i].end);
	for (int i = 0; i < sections->nlines; i++)
		if (annotated || !sections->lines[i].unknown)
			copy_part(reader, sections->lines[i].begin, sections->lines[i].end);
}

bool script_file(struct script_reader *reader, const char *name, int64_t weight, struct err *err)
{
	struct sections sections = {0};
	struct section whole = {.begin = reader->at, .end = reader->end};
	int first = reader->scripts->nscripts;
	bool ok = find_sections(reader, &sections, err);

	reader->annotated = sections.scripts || sections.params;
	if (ok)
		keep_rest(reader, &sections);
	if (ok && sections.scripts)
		ok = add_sections(reader, &sections, weight, err);
	else if (ok)
		ok = add_section(reader, &whole, sections.params ? &sections.list[0] : NULL, name, weight, err);
	free_sections(&sections);
	return ok && (!reader->annotated || check_references(reader, first, err));
}

bool script_wanted(const char *text, size_t len)
{
	static const char *const words[] = {"set", "sleep", "if", "gset", "aset", "startpipeline", "shell", "setshell"};
	struct script_reader reader = {.text = text, .end = len};
	struct lexer lexer;
	struct token token;

	lexer_init(&lexer, text, len, 1);
	do {
		struct directive d = {0};

		lexer_next(&lexer, &token);
		if (token.kind == TOKEN_LINE_COMMENT && at_line_start(text, token.begin))
			directive_look(text + token.begin, token.end - token.begin, &d);
		if (is(&d, "script") || is(&d, "param"))
			return true;
		if (token.kind != TOKEN_BACKSLASH)
			continue;
		for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
			size_t n = strlen(words[i]);

			if (len - token.begin > n && memcmp(text + token.begin + 1, words[i], n) == 0 &&
			        (len - token.begin - 1 == n || !script_name_char(text[token.begin + 1 + n])))
				return true;
		}
		lexer.at = skip_meta(&reader, token.begin);
	} while (token.kind != TOKEN_END && token.kind != TOKEN_UNCLOSED);
	return false;
}
