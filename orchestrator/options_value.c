/*
 * options_value: one value's text into its field, for flags, the environment and @run alike.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/options_table.h"
#include "shared/clock.h"
#include "shared/rng.h"

static bool whole_number(const char *text, int64_t *number)
{
	char *end;
	errno = 0;
	long long value = strtoll(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || text[0] == ' ' || text[0] == '+')
		return false;
	*number = value;
	return true;
}

static bool set_count(
        void *field, const struct option_row *row, const char *what, const char *text, bool wide, struct err *err)
{
	int64_t number;
	if (!whole_number(text, &number) || number < row->least || number > row->most) {
		if (row->most == INT64_MAX)
			return err_set(err, EXIT_USAGE, "%s: \"%s\" is not a whole number of at least %lld", what, text,
			        (long long)row->least);
		return err_set(err, EXIT_USAGE, "%s: \"%s\" is not a whole number from %lld to %lld", what, text,
		        (long long)row->least, (long long)row->most);
	}
	if (wide)
		memcpy(field, &number, sizeof(number));
	else
		*(int *)field = (int)number;
	return true;
}

static bool set_time(int64_t *field, const struct option_row *row, const char *what, const char *text, struct err *err)
{
	int64_t ns;
	if (!clock_parse(text, &ns) || ns < row->least)
		return err_set(err, EXIT_USAGE, "%s: \"%s\" is not a time as 250ms, 10s, 2min, 7d", what, text);
	*field = row->kind == KIND_TIME_US ? ns / NS_PER_US : ns;
	return true;
}

static bool set_word(void *field, const struct option_row *row, const char *what, const char *text, struct err *err)
{
	char list[128] = "";
	for (int i = 0; row->words[i] != NULL; i++) {
		if (row->words[i][0] == '\0')
			continue;
		if (strcmp(row->words[i], text) == 0) {
			memcpy(field, &i, sizeof(i));
			return true;
		}
		size_t used = strlen(list);
		snprintf(list + used, sizeof(list) - used, "%s%s", used > 0 ? ", " : "", row->words[i]);
	}
	return err_set(err, EXIT_USAGE, "%s: \"%s\" is none of: %s", what, text, list);
}

static bool set_flag(bool *field, const char *what, const char *text, struct err *err)
{
	static const char *const yes[] = {"1", "on", "yes", "true"}, *const no[] = {"0", "off", "no", "false"};
	if (text == NULL || text[0] == '\0') {
		*field = true;
		return true;
	}
	for (size_t i = 0; i < 4; i++) {
		if (strcmp(text, yes[i]) == 0 || strcmp(text, no[i]) == 0) {
			*field = strcmp(text, yes[i]) == 0;
			return true;
		}
	}
	return err_set(err, EXIT_USAGE, "%s: \"%s\" is neither on nor off", what, text);
}

static void add_to_list(void *field, const char *text)
{
	struct {
		const char **items;
		int count;
	} list;
	memcpy(&list, field, sizeof(list));
	list.items = mem_resize(list.items, (size_t)list.count + 1, sizeof(*list.items));
	list.items[list.count++] = text;
	memcpy(field, &list, sizeof(list.items) + sizeof(list.count));
}

static bool set_seed(struct options *options, const char *what, const char *text, struct err *err)
{
	char *end;
	errno = 0;
	if (strcmp(text, "rand") == 0)
		options->seed = rng_system();
	else if (strcmp(text, "time") == 0)
		options->seed = (uint64_t)clock_wall_us();
	else {
		options->seed = strtoull(text, &end, 10);
		if (errno != 0 || end == text || *end != '\0' || text[0] < '0' || text[0] > '9')
			return err_set(err, EXIT_USAGE, "%s: \"%s\" is not a whole number, rand or time", what, text);
		/* The store keeps it in a signed column. */
		if (options->seed > (uint64_t)INT64_MAX)
			return err_set(err, EXIT_USAGE, "%s: \"%s\" is above 9223372036854775807", what, text);
	}
	options->seed &= (uint64_t)INT64_MAX;
	options->seed_given = true;
	return true;
}

bool option_set(
        struct options *options, const struct option_row *row, const char *what, const char *text, struct err *err)
{
	void *field = (char *)options + row->at;
	switch (row->kind) {
	case KIND_FLAG:
		return set_flag(field, what, text, err);
	case KIND_TEXT:
		if (text[0] == '\0')
			return err_set(err, EXIT_USAGE, "%s: is empty", what);
		*(const char **)field = text;
		return true;
	case KIND_COUNT:
		return set_count(field, row, what, text, false, err);
	case KIND_NUMBER:
		return set_count(field, row, what, text, true, err);
	case KIND_TIME_NS:
	case KIND_TIME_US:
		return set_time(field, row, what, text, err);
	case KIND_WORD:
		return set_word(field, row, what, text, err);
	case KIND_LIST:
		if (text[0] == '\0')
			return err_set(err, EXIT_USAGE, "%s: is empty", what);
		add_to_list(field, text);
		return true;
	case KIND_SEED:
		return set_seed(options, what, text, err);
	case KIND_LOCAL:
		if (text != NULL && text[0] == '\0')
			return err_set(err, EXIT_USAGE, "%s: the directory is empty", what);
		options->local = true;
		options->local_dir = text;
		return true;
	case KIND_HELP:
	case KIND_VERSION:
		return true;
	}
	return true;
}
