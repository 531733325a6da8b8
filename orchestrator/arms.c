/*
 * arms: from --engines and --vary to prepared ways of running a workload. See the header.
 */
#include "orchestrator/arms.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/cmd.h"
#include "orchestrator/lockfile.h"
#include "orchestrator/options_check.h"
#include "orchestrator/options_table.h"
#include "reports/store.h"
#include "shared/clock.h"
#include "shared/rng.h"
#include "shared/redact.h"

#define VARY_MOST 8

/* One --vary: an option and its values. The texts are its own. */
struct factor {
	const struct option_row *row;
	char *text, *name; /* name as it was written: "conninfo" is dbname's */
	char **values; /* into text */
	int count;
};

bool arms_engines(const char *text, enum engine list[4], int *count, struct err *err)
{
	*count = 0;
	for (const char *p = text;; p++) {
		size_t len = strcspn(p, ",");
		int e = ENGINE_PROCESS;
		while (e <= ENGINE_SERIAL &&
		        (strncmp(engine_name((enum engine)e), p, len) != 0 || engine_name((enum engine)e)[len] != '\0'))
			e++;
		if (e > ENGINE_SERIAL)
			return err_set(err, EXIT_USAGE,
			        "--engines: \"%.*s\" is no engine: use serial, process, thread and async, with commas",
			        (int)len, p);
		for (int i = 0; i < *count; i++) {
			if (list[i] == (enum engine)e)
				return err_set(
				        err, EXIT_USAGE, "--engines: %s is named twice", engine_name((enum engine)e));
		}
		list[(*count)++] = (enum engine)e;
		p += len;
		if (*p == '\0')
			return true;
	}
}

/* --- --vary ----------------------------------------------------------------------------------------------------- */

static void factor_clear(struct factor *f)
{
	free(f->text);
	free(f->name);
	free(f->values);
}

/* With " | " anywhere that is what divides; else commas do. */
static void split_values(struct factor *f, char *list)
{
	const char *divider = strstr(list, " | ") != NULL ? " | " : ",";
	for (char *p = list; p != NULL;) {
		char *end = strstr(p, divider);
		if (end != NULL) {
			*end = '\0';
			end += strlen(divider);
		}
		f->values = mem_resize(f->values, (size_t)f->count + 1, sizeof(*f->values));
		f->values[f->count++] = p;
		p = end;
	}
}

static bool may_vary(const struct option_row *row, const char *name, struct err *err)
{
	if (row != NULL && strcmp(row->name, "engine") == 0)
		return err_set(err, EXIT_USAGE, "--vary: engines are varied with -e: -e process,thread");
	if (row != NULL && (row->directive || row->kind == KIND_FILE || strcmp(row->name, "dbname") == 0) &&
	        (row->commands & (1u << COMMAND_COMPARE)) != 0 && strcmp(row->name, "repeat") != 0 &&
	        strcmp(row->name, "max-time") != 0)
		return true;
	return err_set(err, EXIT_USAGE,
	        "--vary: \"%s\" cannot be varied: file, conninfo and the options that may stand in @run can, as "
	        "clients, jobs, protocol, rate",
	        name);
}

static bool read_factor(const char *text, const struct options *o, struct factor *f, struct err *err)
{
	const char *equals = strchr(text, '=');
	if (equals == NULL || equals == text || equals[1] == '\0')
		return err_set(
		        err, EXIT_USAGE, "--vary: \"%s\" should be NAME=VALUE,VALUE...: --vary clients=4,8", text);
	f->text = mem_strdup(text);
	f->name = mem_strdup(text);
	f->name[equals - text] = '\0';
	f->row = option_named(strcmp(f->name, "conninfo") == 0 ? "dbname" : f->name);
	split_values(f, f->text + (equals - text) + 1);
	if (!may_vary(f->row, f->name, err))
		return false;
	if (f->count < 2)
		return err_set(
		        err, EXIT_USAGE, "--vary: %s has one value only: name at least two, with commas", f->name);
	if (strcmp(f->row->name, "file") == 0 && o->nsources > 0)
		return err_set(err, EXIT_USAGE, "--vary file=... names the workloads: leave -f out");
	if (options_flag(o, f->row->name) || (strcmp(f->row->name, "dbname") == 0 && o->conninfo != NULL))
		return err_set(err, EXIT_USAGE, "%s is both given and varied: leave one of them out", f->name);
	return true;
}

/* --- one arm ---------------------------------------------------------------------------------------------------- */

#define OWN(list, count) own((void **)&(list), (size_t)(count), sizeof(*(list)))

static void own(void **list, size_t count, size_t size)
{
	void *copy = mem_zero(count + 1, size);
	if (count > 0)
		memcpy(copy, *list, count * size);
	*list = copy;
}

/* The options of all arms, with lists that this one may add to. */
static void copy_options(const struct options *from, struct options *to)
{
	*to = *from;
	to->command = COMMAND_RUN;
	OWN(to->files, to->nfiles);
	OWN(to->sources, to->nsources);
	OWN(to->defines, to->ndefines);
	OWN(to->gates, to->ngates);
	OWN(to->vary, to->nvary);
	OWN(to->runs, to->nruns);
	to->repeat = 1;
}

static bool set_value(struct arm *arm, const struct factor *f, const char *value, struct buf *setting, struct err *err)
{
	char what[80];
	snprintf(what, sizeof(what), "--vary %.60s", f->name);
	arm->values = mem_resize(arm->values, (size_t)arm->nvalues + 1, sizeof(*arm->values));
	arm->values[arm->nvalues] = mem_strdup(value);
	if (setting->len > 0)
		buf_putc(setting, ' ');
	buf_printf(setting, "%s=", f->name);
	redact(value, setting);
	option_add(&arm->options.from_flag, f->row);
	return option_set(&arm->options, f->row, what, arm->values[arm->nvalues++], err);
}

static void name_arm(
        const struct arm *first, struct arm *arm, enum engine engine, int nengines, const struct buf *setting)
{
	struct buf label = {0};
	if (nengines > 1 || setting->len == 0)
		buf_puts(&label, engine_name(engine));
	if (label.len > 0 && setting->len > 0)
		buf_putc(&label, ' ');
	buf_puts(&label, buf_str(setting));
	int same = 1;
	for (const struct arm *other = first; other < arm; other++)
		same += strcmp(other->setting, buf_str(setting)) == 0 && other->options.engine == engine;
	if (same > 1) /* one way against itself: what noise alone does */
		buf_printf(&label, " (%d)", same);
	arm->label = mem_strdup(buf_str(&label));
	arm->setting = mem_strdup(buf_str(setting));
	buf_free(&label);
}

/* The number-th combination of values, the last factor's changing fastest. */
static bool make_arm(const struct arm *first, struct arm *arm, const struct options *o, enum engine engine,
        int nengines, const struct factor *factors, int nfactors, int number, struct err *err)
{
	struct buf setting = {0};
	int which[VARY_MOST];
	bool ok = true;
	copy_options(o, &arm->options);
	arm->options.engine = engine;
	for (int i = nfactors - 1; i >= 0; i--) {
		which[i] = number % factors[i].count;
		number /= factors[i].count;
	}
	for (int i = 0; ok && i < nfactors; i++)
		ok = set_value(arm, &factors[i], factors[i].values[which[i]], &setting, err);
	name_arm(first, arm, engine, nengines, &setting);
	buf_free(&setting);
	return ok && options_check(&arm->options, err);
}

/* --- all arms --------------------------------------------------------------------------------------------------- */

static int choose_reference(const struct arms *arms)
{
	for (int i = 0; i < arms->count; i++) {
		if (arms->list[i].options.engine == ENGINE_SERIAL)
			return i;
	}
	return 0;
}

static bool make_arms(struct arms *arms, const struct options *o, const enum engine *engines, int nengines,
        const struct factor *factors, int nfactors, struct err *err)
{
	int64_t combinations = 1;
	for (int i = 0; i < nfactors; i++)
		combinations *= factors[i].count;
	if (combinations * nengines > ARMS_MOST)
		return err_set(err, EXIT_USAGE, "%lld ways to compare are too many: at most %d",
		        (long long)(combinations * nengines), ARMS_MOST);
	if (combinations * nengines < 2)
		return err_set(err, EXIT_USAGE,
		        "there is nothing to compare with: name two engines (-e serial,process) or --vary an option");
	arms->list = mem_zero((size_t)(combinations * nengines), sizeof(*arms->list));
	for (int e = 0; e < nengines; e++) {
		for (int c = 0; c < combinations; c++) {
			if (!make_arm(arms->list, &arms->list[arms->count++], o, engines[e], nengines, factors,
			            nfactors, c, err))
				return false;
		}
	}
	arms->reference = choose_reference(arms);
	return true;
}

static bool read_factors(const struct options *o, struct factor *factors, int *count, struct err *err)
{
	if (o->nvary > VARY_MOST)
		return err_set(err, EXIT_USAGE, "--vary: at most %d options are varied at once", VARY_MOST);
	for (int i = 0; i < o->nvary; i++) {
		(*count)++;
		if (!read_factor(o->vary[i], o, &factors[i], err))
			return false;
		for (int k = 0; k < i; k++) {
			if (factors[k].row == factors[i].row)
				return err_set(err, EXIT_USAGE, "--vary: %s is varied twice", factors[i].name);
		}
	}
	return true;
}

static bool take_store(struct arms *arms, const struct options *o, int argc, char **argv, struct err *err)
{
	struct experiment *x = &arms->first;
	x->lock.fd = -1;
	arms->prepared = true;
	quote_argv(argc, argv, &x->argv);
	x->options = &arms->list[0].options;
	x->seed = arms->seed = o->seed_given ? o->seed : rng_system() & (uint64_t)INT64_MAX;
	if (!store_path(o, x->store_path, err) || !store_look(x->store_path, err) ||
	        !lockfile_take(&x->lock, x->store_path, o->lock, CLOCK_NEVER, err))
		return false;
	x->locked = true;
	return true;
}

static bool same_kind(const struct arms *arms, struct err *err)
{
	for (int i = 1; i < arms->count; i++) {
		if ((arms->list[i].x.plan->scripts != NULL) != (arms->list[0].x.plan->scripts != NULL))
			return err_set(err, EXIT_USAGE,
			        "\"%s\" is a load run and \"%s\" a task list: they have no figure in common",
			        arms->list[arms->list[0].x.plan->scripts != NULL ? 0 : i].label,
			        arms->list[arms->list[0].x.plan->scripts != NULL ? i : 0].label);
	}
	return true;
}

bool arms_prepare(struct arms *arms, const struct options *options, const enum engine *engines, int nengines, int argc,
        char **argv, struct err *err)
{
	struct factor factors[VARY_MOST] = {{0}};
	int nfactors = 0;
	memset(arms, 0, sizeof(*arms));
	bool ok = read_factors(options, factors, &nfactors, err) &&
	          make_arms(arms, options, engines, nengines, factors, nfactors, err) &&
	          take_store(arms, options, argc, argv, err);
	for (int i = 0; ok && i < arms->count; i++) {
		ok = experiment_prepare_arm(&arms->list[i].x, &arms->list[i].options, &arms->first, err);
		if (!ok && arms->count > 1)
			err_prefix(err, "%s", arms->list[i].label);
	}
	for (int i = 0; i < nfactors; i++)
		factor_clear(&factors[i]);
	return ok && same_kind(arms, err);
}

bool arms_connect(struct arms *arms, struct err *err)
{
	if (!experiment_connect(&arms->first, err))
		return false;
	for (int i = 0; i < arms->count; i++) {
		struct experiment *x = &arms->list[i].x;
		x->place = arms->first.place;
		if (x->options->local)
			x->target = arms->first.target;
		else
			experiment_target(x->options, &x->target);
	}
	return true;
}

void arms_clear(struct arms *arms)
{
	for (int i = 0; i < arms->count; i++) {
		struct arm *a = &arms->list[i];
		a->x.store = NULL; /* it is the first's */
		if (a->x.options != NULL)
			experiment_clear(&a->x);
		options_free(&a->options);
		for (int v = 0; v < a->nvalues; v++)
			free(a->values[v]);
		free(a->values);
		free(a->label);
		free(a->setting);
	}
	if (arms->prepared)
		experiment_clear(&arms->first);
	free(arms->list);
	memset(arms, 0, sizeof(*arms));
}
