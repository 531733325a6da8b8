/*
 * script: the end of parsed scripts, and what is asked of their tables. Whoever has a `struct scripts` may call it; the
 * strings belong to the structure.
 */
#include "shared/script.h"

#include <stdlib.h>
#include <string.h>

static void free_list(char **list, int count)
{
	for (int i = 0; list != NULL && i < count; i++)
		free(list[i]);
	free(list);
}

bool scripts_run_programs(const struct scripts *scripts)
{
	for (int i = 0; i < scripts->nscripts; i++)
		for (int k = 0; k < scripts->scripts[i].ncommands; k++)
			if (scripts->scripts[i].commands[k].kind == COMMAND_SHELL ||
			        scripts->scripts[i].commands[k].kind == COMMAND_SETSHELL)
				return true;
	return false;
}

void expr_free(struct expr *expr)
{
	if (expr == NULL)
		return;
	free(expr->steps);
	free(expr);
}

void script_sql_free(struct script_sql *sql)
{
	free_list(sql->literals, sql->literals != NULL ? sql->nvariables + 1 : 0);
	free_list(sql->spelled, sql->nvariables);
	free(sql->variables);
	free(sql->numbered);
	free(sql->params);
	free(sql->prefix);
	*sql = (struct script_sql){0};
}

void command_free(struct script_command *command)
{
	free(command->text);
	script_sql_free(&command->sql);
	expr_free(command->expr);
	free_list(command->words, command->nwords);
	free(command->word_variables);
	free_list(command->choices, command->nchoices);
	*command = (struct script_command){0};
}

void script_free(struct script *script)
{
	free(script->name);
	free(script->source);
	for (int i = 0; i < script->ncommands; i++)
		command_free(&script->commands[i]);
	free(script->commands);
	*script = (struct script){0};
}

void scripts_free(struct scripts *scripts)
{
	for (int i = 0; i < scripts->nscripts; i++)
		script_free(&scripts->scripts[i]);
	free(scripts->scripts);
	for (int i = 0; i < scripts->nvariables; i++) {
		free(scripts->variables[i].name);
		free(scripts->variables[i].text);
	}
	free(scripts->variables);
	*scripts = (struct scripts){0};
}

int script_first_command(const struct scripts *scripts, int script)
{
	int first = 0;

	for (int i = 0; i < script; i++)
		first += scripts->scripts[i].ncommands;
	return first;
}

int scripts_find_variable(const struct scripts *scripts, const char *name)
{
	for (int i = 0; i < scripts->nvariables; i++)
		if (strcmp(scripts->variables[i].name, name) == 0)
			return i;
	return -1;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

bool script_name_start(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (unsigned char)c >= 128;
}

bool script_name_char(char c)
{
	return script_name_start(c) || is_digit(c);
}

bool script_variable_name_valid(const char *name)
{
	size_t i = 0;

	while (script_name_char(name[i]))
		i++;
	return i > 0 && name[i] == '\0' && !is_digit(name[0]);
}
