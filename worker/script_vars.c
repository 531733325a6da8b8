/*
 * script_vars: a client's variables, see script_vars.h.
 */
#include "worker/script_vars.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/buf.h"

void script_vars_init(struct script_vars *vars, const struct scripts *scripts)
{
	*vars = (struct script_vars){.scripts = scripts, .nvars = scripts->nvariables};
	vars->vars = mem_zero((size_t)scripts->nvariables + 1, sizeof *vars->vars);
	for (int i = 0; i < vars->nvars; i++) {
		const struct script_variable *from = &scripts->variables[i];

		if (!from->set)
			continue;
		if (from->text != NULL)
			script_vars_set_text(vars, i, from->text, strlen(from->text));
		else
			script_vars_set(vars, i, from->value);
	}
}

void script_vars_free(struct script_vars *vars)
{
	for (int i = 0; i < vars->nvars; i++)
		free(vars->vars[i].own);
	free(vars->vars);
	*vars = (struct script_vars){0};
}

void script_vars_copy(struct script_vars *to, const struct script_vars *from)
{
	for (int i = 0; i < from->nvars; i++) {
		const struct script_var *var = &from->vars[i];

		if (var->text != NULL && var->text == var->own)
			script_vars_set_text(to, i, var->text, var->len);
		to->vars[i].value = var->value;
		if (var->text == NULL || var->text == var->digits)
			to->vars[i].text = NULL; /* made again when it is asked for */
	}
}

bool script_vars_get(struct script_vars *vars, int index, struct value *value, struct err *err)
{
	struct script_var *var = &vars->vars[index];
	const char *name = vars->scripts->variables[index].name;

	if (var->value.type == VALUE_NONE) {
		if (var->text == NULL)
			return err_set(err, EXIT_TASKS, "undefined variable \"%.100s\"", name);
		struct value read;

		if (!value_read(var->text, &read))
			return err_set(
			        err, EXIT_TASKS, "malformed variable \"%.100s\" value: \"%.200s\"", name, var->text);
		var->value = read;
	}
	*value = var->value;
	return true;
}

const char *script_vars_text(struct script_vars *vars, int index, size_t *len)
{
	struct script_var *var = &vars->vars[index];

	if (var->text == NULL) {
		if (var->value.type == VALUE_NONE)
			return NULL;
		var->len = value_print(&var->value, var->digits);
		var->text = var->digits;
	}
	*len = var->len;
	return var->text;
}

void script_vars_set(struct script_vars *vars, int index, struct value value)
{
	struct script_var *var = &vars->vars[index];

	var->value = value;
	var->text = NULL;
}

void script_vars_set_int(struct script_vars *vars, int index, int64_t value)
{
	script_vars_set(vars, index, (struct value){.type = VALUE_INT, .integer = value});
}

void script_vars_set_text(struct script_vars *vars, int index, const char *text, size_t len)
{
	struct script_var *var = &vars->vars[index];

	if (len >= var->room) {
		var->room = len < 64 ? 64 : len + len / 2 + 1;
		var->own = mem_resize(var->own, var->room, 1);
	}
	memcpy(var->own, text, len);
	var->own[len] = '\0';
	*var = (struct script_var){
	        .value = {.type = VALUE_NONE}, .text = var->own, .len = len, .own = var->own, .room = var->room};
}

bool script_vars_column(
        const struct script_vars *vars, const char *prefix, const char *column, int *index, struct err *err)
{
	char name[256]; /* a column's name has at most 63 bytes here; a longer prefix cannot be read as a whole */
	int len = snprintf(name, sizeof name, "%s%s", prefix, column);

	if (len < 0 || (size_t)len >= sizeof name || !script_variable_name_valid(name))
		return err_set(err, EXIT_TASKS, "gset: invalid variable name: \"%.100s%.100s\"", prefix, column);
	*index = scripts_find_variable(vars->scripts, name);
	return true;
}
