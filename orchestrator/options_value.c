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
	char ms[64];
	int64_t ns;
	/* What would be read as seconds is milliseconds, as for pgbench. */
	bool bare = row->kind == KIND_TIME_MS && text[0] != '\0' && strspn(text, "0123456789.") == strlen(text);
	snprintf(ms, sizeof(ms), "%.60sms", text);
	if (!clock_parse(bare ? ms : text, &ns) || ns < row->least)
		return err_set(err, EXIT_USAGE, "%s: \"%s\" is not a time as %s250ms, 10s, 2min, 7d", what, text,
		        row->kind == KIND_TIME_MS ? "100 (ms), " : "");
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

static void add_source(struct options *options, enum script_origin origin, const char *name)
{
	options->sources = mem_resize(options->sources, (size_t)options->nsources + 1, sizeof(*options->sources));
	options->sources[options->nsources++] = (struct script_source){origin, name};
}

static bool set_builtin(struct options *options, const char *text)
{
	if (strcmp(text, "list") == 0)
		options->list_builtins = true;
	else
		add_source(options, SCRIPT_BUILTIN, text);
	return true;
}

static bool set_builtin_flag(
        struct options *options, const struct option_row *row, const char *what, const char *text, struct err *err)
{
	bool on;
	if (!set_flag(&on, what, text, err))
		return false;
	if (on)
		add_source(options, SCRIPT_BUILTIN, row->builtin);
	return true;
}

/* Digits with at most one point and an exponent if there must be one; nothing is left over. */
static bool decimal(const char *text, size_t len, double *number)
{
	char copy[64], *end;
	if (len == 0 || len >= sizeof(copy) || strspn(text, "0123456789.eE+-") < len || text[0] == '-')
		return false;
	memcpy(copy, text, len);
	copy[len] = '\0';
	errno = 0;
	*number = strtod(copy, &end);
	return errno == 0 && *end == '\0';
}

static bool set_rate(double *field, const char *what, const char *text, struct err *err)
{
	if (decimal(text, strlen(text), field) && *field > 0)
		return true;
	return err_set(err, EXIT_USAGE, "%s: \"%s\" is not a number of transactions a second above 0", what, text);
}

static bool set_share(double *field, const char *what, const char *text, struct err *err)
{
	if (decimal(text, strlen(text), field) && *field >= 0 && *field <= 1)
		return true;
	return err_set(err, EXIT_USAGE, "%s: \"%s\" is not a share of 0 to 1, as 0.01", what, text);
}

static bool set_percentiles(struct options *options, const char *what, const char *text, struct err *err)
{
	double last = 0;
	options->npercentiles = 0;
	for (const char *p = text;; p++) {
		size_t len = strcspn(p, ",");
		double *next = &options->percentiles[options->npercentiles];
		if (options->npercentiles == PERCENTILES_MOST)
			return err_set(
			        err, EXIT_USAGE, "%s: \"%s\": at most %d are shown", what, text, PERCENTILES_MOST);
		if (!decimal(p, len, next) || *next <= last || *next >= 100)
			return err_set(err, EXIT_USAGE,
			        "%s: \"%s\" is no list of percentiles between 0 and 100 in ascending order, as "
			        "50,95,99,99.9",
			        what, text);
		last = *next;
		options->npercentiles++;
		p += len;
		if (*p == '\0')
			return true;
	}
}

/* Ascending and each once, however they were given. */
static bool set_sizes(
        struct options *options, const struct option_row *row, const char *what, const char *text, struct err *err)
{
	options->nsizes = 0;
	for (const char *p = text;; p++) {
		size_t len = strcspn(p, ",");
		char one[24];
		int64_t number;
		int at = options->nsizes;
		snprintf(one, sizeof(one), "%.*s", (int)(len < 23 ? len : 23), p);
		if (!whole_number(one, &number) || number < row->least || number > row->most)
			return err_set(err, EXIT_USAGE,
			        "%s: \"%s\" is no list of numbers from %lld to %lld, as 1,2,4,8", what, text,
			        (long long)row->least, (long long)row->most);
		while (at > 0 && options->sizes[at - 1] > number)
			at--;
		if (at == 0 || options->sizes[at - 1] != number) {
			if (options->nsizes == SIZES_MOST)
				return err_set(
				        err, EXIT_USAGE, "%s: \"%s\": at most %d numbers", what, text, SIZES_MOST);
			memmove(&options->sizes[at + 1], &options->sizes[at],
			        (size_t)(options->nsizes++ - at) * sizeof(options->sizes[0]));
			options->sizes[at] = (uint32_t)number;
		}
		p += len;
		if (*p == '\0')
			return true;
	}
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
	case KIND_TIME_MS:
	case KIND_TIME_US:
		return set_time(field, row, what, text, err);
	case KIND_WORD:
		return set_word(field, row, what, text, err);
	case KIND_RATE:
		return set_rate(field, what, text, err);
	case KIND_SHARE:
		return set_share(field, what, text, err);
	case KIND_CLIENTS:
		return options->command == COMMAND_SCALE ? set_sizes(options, row, what, text, err)
		                                         : set_count(field, row, what, text, false, err);
	case KIND_PERCENTILES:
		return set_percentiles(options, what, text, err);
	case KIND_BUILTIN:
		return set_builtin(options, text);
	case KIND_BUILTIN_FLAG:
		return set_builtin_flag(options, row, what, text, err);
	case KIND_LIST:
	case KIND_FILE:
		if (text[0] == '\0')
			return err_set(err, EXIT_USAGE, "%s: is empty", what);
		add_to_list(field, text);
		if (row->kind == KIND_FILE)
			add_source(options, SCRIPT_FILE, text);
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
