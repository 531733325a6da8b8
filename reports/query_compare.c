/*
 * query_compare: experiments with arms, and past runs that are to be compared, as struct experiment_view.
 */
#include "reports/query_private.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/compare.h"

/* What of a run a cell shows, for each run by its number. Columns of a load run are NULL for a task list. */
#define CELL_COLUMNS                                                                                                   \
	"SELECT r.id, r.arm, r.block, r.block_order, r.state, r.tickets, r.done, r.failed, r.unknown, "                \
	"r.last_end_us - r.go_us, r.last_end_us, r.connected_us, r.user_cpu_us, r.system_cpu_us, "                     \
	"r.parent_user_cpu_us + r.parent_system_cpu_us, r.voluntary_switches, r.involuntary_switches, r.private_kb, "  \
	"r.max_rss_kb, r.parent_private_kb, l.run IS NOT NULL, l.done * 1e6 / nullif(l.end_us - l.begin_us, 0), "      \
	"l.service_p50_us, l.service_p95_us, l.service_p99_us, w.name, w.sha256, r.engine, r.sessions, r.lanes, "      \
	"coalesce(a.setting, ''), r.data_sha256, r.experiment, r.role = 'warm-up' FROM run r JOIN workload w ON w.id " \
	"= r.workload "                                                                                                \
	"LEFT JOIN load l ON l.run = r.id LEFT JOIN arm a ON a.experiment = r.experiment AND a.arm = r.arm "

enum {
	AT_RUN,
	AT_ARM,
	AT_BLOCK,
	AT_ORDER,
	AT_STATE,
	AT_TICKETS,
	AT_DONE,
	AT_FAILED,
	AT_UNKNOWN,
	AT_FIGURES, /* makespan and what follows, as in struct cell_view */
	AT_LOAD = AT_FIGURES + 11,
	AT_TPS,
	AT_PERCENTILES,
	AT_WORKLOAD = AT_PERCENTILES + 3,
	AT_SHA256,
	AT_ENGINE,
	AT_SESSIONS,
	AT_LANES,
	AT_SETTING,
	AT_DATA,
	AT_EXPERIMENT,
	AT_WARM_UP
};

/* A run as it is read, before it is known which arm it stands for. */
struct member {
	struct cell_view cell;
	bool load, in_block, warm_up;
	int64_t experiment;
	char state[16], engine[16], sha256[65], data[65];
	char *setting, *workload;
	uint32_t sessions, lanes;
};

struct members {
	struct member *list;
	size_t count;
};

static void members_free(struct members *m)
{
	for (size_t i = 0; m->list && i < m->count; i++) {
		free(m->list[i].setting);
		free(m->list[i].workload);
	}
	free(m->list);
}

static double figure(sqlite3_stmt *s, int column)
{
	return sqlite3_column_type(s, column) == SQLITE_NULL ? NAN : sqlite3_column_double(s, column);
}

/* Why a run is in no figure: what did not end, or did not do all of its work, took another time for another reason. */
static void judge(struct member *m)
{
	struct cell_view *c = &m->cell;

	c->complete = false;
	if (strcmp(m->state, "finished") != 0)
		snprintf(c->why, sizeof c->why, "it is %s", m->state);
	else if (!m->load && c->failed > 0)
		snprintf(c->why, sizeof c->why, "%u of its %u tickets failed", c->failed, c->tickets);
	else if (!m->load && c->unknown > 0)
		snprintf(c->why, sizeof c->why, "%u of its %u tickets are unknown", c->unknown, c->tickets);
	else if (!m->load && c->done < c->tickets)
		snprintf(c->why, sizeof c->why, "%u of its %u tickets did not run", c->tickets - c->done, c->tickets);
	else if (m->load && !(c->tps > 0))
		snprintf(c->why, sizeof c->why, "no transaction was done");
	else if (!m->load && !(c->makespan_us > 0))
		snprintf(c->why, sizeof c->why, "it has no makespan");
	else
		c->complete = true;
}

static void read_member(sqlite3_stmt *s, struct member *m)
{
	struct cell_view *c = &m->cell;
	double *figures[] = {&c->makespan_us, &c->wall_us, &c->ready_us, &c->user_cpu_us, &c->system_cpu_us,
	        &c->parent_cpu_us, &c->voluntary, &c->involuntary, &c->private_kb, &c->max_rss_kb,
	        &c->parent_private_kb};

	memset(m, 0, sizeof *m);
	c->run = sqlite3_column_int64(s, AT_RUN);
	c->arm = (uint32_t)sqlite3_column_int64(s, AT_ARM);
	m->in_block = sqlite3_column_type(s, AT_BLOCK) != SQLITE_NULL;
	c->block = (uint32_t)sqlite3_column_int64(s, AT_BLOCK);
	c->order = (uint32_t)sqlite3_column_int64(s, AT_ORDER);
	query_copy(s, AT_STATE, m->state, sizeof m->state);
	c->tickets = query_count32((uint64_t)sqlite3_column_int64(s, AT_TICKETS));
	c->done = query_count32((uint64_t)sqlite3_column_int64(s, AT_DONE));
	c->failed = query_count32((uint64_t)sqlite3_column_int64(s, AT_FAILED));
	c->unknown = query_count32((uint64_t)sqlite3_column_int64(s, AT_UNKNOWN));
	for (int i = 0; i < AT_LOAD - AT_FIGURES; i++)
		*figures[i] = figure(s, AT_FIGURES + i);
	m->load = sqlite3_column_int(s, AT_LOAD) != 0;
	c->tps = figure(s, AT_TPS);
	c->p50_us = figure(s, AT_PERCENTILES);
	c->p95_us = figure(s, AT_PERCENTILES + 1);
	c->p99_us = figure(s, AT_PERCENTILES + 2);
	m->workload = query_text(s, AT_WORKLOAD);
	query_copy(s, AT_SHA256, m->sha256, sizeof m->sha256);
	query_copy(s, AT_ENGINE, m->engine, sizeof m->engine);
	m->sessions = (uint32_t)sqlite3_column_int64(s, AT_SESSIONS);
	m->lanes = (uint32_t)sqlite3_column_int64(s, AT_LANES);
	m->setting = query_text(s, AT_SETTING);
	query_copy(s, AT_DATA, m->data, sizeof m->data);
	m->experiment = sqlite3_column_int64(s, AT_EXPERIMENT);
	m->warm_up = sqlite3_column_int(s, AT_WARM_UP) != 0;
	judge(m);
}

static bool read_members(struct query *q, const char *sql, int64_t number, struct members *m, struct err *err)
{
	sqlite3_stmt *s = query_prepare(q, sql, err);
	bool ok = true;

	if (s)
		store_bind(s, "i", number);
	while (query_step(q, &s, &ok, err)) {
		m->list = mem_resize(m->list, m->count + 1, sizeof *m->list);
		read_member(s, &m->list[m->count++]);
		if (q->assume_dead && strcmp(m->list[m->count - 1].state, "running") == 0)
			snprintf(m->list[m->count - 1].cell.why, sizeof m->list->cell.why, "its process died");
	}
	return ok;
}

/* What an experiment began with is in none of its figures: nor in those of past runs. */
static uint32_t leave_out_warm_ups(struct members *m)
{
	size_t kept = 0;
	uint32_t left_out = 0;

	for (size_t i = 0; m->list && i < m->count; i++) {
		if (!m->list[i].warm_up) {
			m->list[kept++] = m->list[i];
			continue;
		}
		left_out++;
		free(m->list[i].setting);
		free(m->list[i].workload);
	}
	m->count = kept;
	return left_out;
}

static bool read_arms(struct query *q, struct experiment_view *v, struct err *err)
{
	sqlite3_stmt *s = query_prepare(q,
	        "SELECT label, engine, setting, sessions, lanes, reference FROM arm WHERE experiment = ? ORDER BY arm",
	        err);
	bool ok = true;

	if (s)
		store_bind(s, "i", v->id);
	while (query_step(q, &s, &ok, err)) {
		v->arms = mem_resize(v->arms, v->narms + 1, sizeof *v->arms);
		struct arm_view *a = &v->arms[v->narms];
		*a = (struct arm_view){
		        .label = query_text(s, 0), .engine = query_text(s, 1), .setting = query_text(s, 2)};
		a->sessions = (uint32_t)sqlite3_column_int64(s, 3);
		a->lanes = (uint32_t)sqlite3_column_int64(s, 4);
		a->reference = sqlite3_column_int(s, 5) != 0;
		if (a->reference)
			v->reference = v->narms;
		v->narms++;
	}
	return ok;
}

static bool read_experiment(struct query *q, struct experiment_view *v, struct err *err)
{
	sqlite3_stmt *s = query_prepare(
	        q, "SELECT kind, seed, blocks_planned, stop_when, ended FROM experiment WHERE id = ?", err);
	bool ok = true, found = false;

	if (s)
		store_bind(s, "i", v->id);
	while (query_step(q, &s, &ok, err)) {
		char seed[32];
		found = true;
		v->kind = query_text(s, 0);
		query_copy(s, 1, seed, sizeof seed);
		v->seed = strtoull(seed, NULL, 10);
		v->blocks_planned = (uint32_t)query_int_or(s, 2, 0);
		v->stop_when = sqlite3_column_double(s, 3);
		v->ended = query_text(s, 4);
	}
	if (ok && !found)
		return err_set(err, EXIT_USAGE, "there is no experiment %lld in %s: see \"pgparallel list\"",
		        (long long)v->id, q->path);
	return ok;
}

/* Places the members in their cells; those that did not run are cells without a run. */
static void lay_out(struct experiment_view *v, const struct members *m)
{
	for (size_t i = 0; i < m->count; i++) {
		if (m->list[i].cell.block >= v->nblocks)
			v->nblocks = m->list[i].cell.block + 1;
	}
	v->cells = mem_zero((size_t)v->narms * v->nblocks + 1, sizeof *v->cells);
	for (uint32_t a = 0; a < v->narms; a++) {
		for (uint32_t b = 0; b < v->nblocks; b++) {
			struct cell_view *c = &v->cells[(size_t)a * v->nblocks + b];
			*c = (struct cell_view){.arm = a, .block = b, .makespan_us = NAN, .tps = NAN};
			snprintf(c->why, sizeof c->why, "it did not run");
		}
	}
	for (size_t i = 0; i < m->count; i++) {
		const struct cell_view *c = &m->list[i].cell;
		if (c->arm < v->narms)
			v->cells[(size_t)c->arm * v->nblocks + c->block] = *c;
		v->load = v->load || m->list[i].load;
	}
	free(v->workload);
	v->workload = mem_strdup(m->count > 0 ? m->list[0].workload : "");
}

static void count_doubt(struct experiment_view *v, uint32_t arm, const struct doubt_view *d)
{
	size_t i = 0;

	/* Of task lists no percentile is compared. */
	if (!v->load && strncmp(d->name, "too few samples for a percentile", 32) == 0)
		return;
	while (i < v->ndoubts && (v->doubts[i].arm != arm || strcmp(v->doubts[i].name, d->name) != 0))
		i++;
	if (i == v->ndoubts) {
		v->doubts = mem_resize(v->doubts, v->ndoubts + 1, sizeof *v->doubts);
		v->doubts[v->ndoubts++] = (struct arm_doubt){.arm = arm};
		memcpy(v->doubts[i].name, d->name, sizeof d->name);
	}
	v->doubts[i].runs++;
	memcpy(v->doubts[i].text, d->text, sizeof d->text);
}

/* Of the runs that are in the figures. */
static bool read_doubts(struct query *q, struct experiment_view *v, struct err *err)
{
	for (uint32_t a = 0; a < v->narms; a++) {
		uint32_t complete = 0;

		for (uint32_t b = 0; b < v->nblocks; b++) {
			const struct cell_view *c = &v->cells[(size_t)a * v->nblocks + b];
			struct doubt_view *doubts;
			size_t n;

			if (!c->complete)
				continue;
			complete++;
			if (!query_doubts(q, c->run, &doubts, &n, err))
				return false;
			for (size_t i = 0; i < n; i++)
				count_doubt(v, a, &doubts[i]);
			free(doubts);
		}
		for (size_t i = 0; i < v->ndoubts; i++)
			if (v->doubts[i].arm == a)
				v->doubts[i].of = complete;
	}
	return true;
}

bool query_compare(struct query *q, int64_t experiment, struct experiment_view *v, struct err *err)
{
	struct members m = {0};

	memset(v, 0, sizeof *v);
	v->id = experiment;
	bool ok = read_experiment(q, v, err) && read_arms(q, v, err);
	if (ok && v->narms == 0)
		ok = err_set(err, EXIT_USAGE, "experiment %lld has one arm only: see \"pgparallel show\"",
		        (long long)experiment);
	ok = ok && read_members(q, CELL_COLUMNS "WHERE r.experiment = ? AND r.block IS NOT NULL ORDER BY r.id",
	                   experiment, &m, err);
	if (ok) {
		v->blocks = true;
		lay_out(v, &m);
		ok = read_doubts(q, v, err);
	}
	members_free(&m);
	if (!ok)
		experiment_view_free(v);
	return ok;
}

/* --- past runs -------------------------------------------------------------------------------------------------- */

static bool same_arm(const struct member *a, const struct member *b)
{
	return strcmp(a->engine, b->engine) == 0 && a->sessions == b->sessions && a->lanes == b->lanes &&
	       strcmp(a->setting, b->setting) == 0 && strcmp(a->sha256, b->sha256) == 0 &&
	       strcmp(a->data, b->data) == 0;
}

static void name_arm(const struct member *m, const struct members *all, struct arm_view *arm)
{
	bool texts = false;
	struct buf label = {0};

	for (size_t i = 0; i < all->count; i++)
		texts = texts || strcmp(all->list[i].sha256, m->sha256) != 0;
	buf_printf(&label, "%s -c %u", m->engine, m->sessions);
	if (m->lanes != m->sessions && strcmp(m->engine, "async") != 0 && strcmp(m->engine, "serial") != 0)
		buf_printf(&label, " -j %u", m->lanes);
	if (m->setting[0])
		buf_printf(&label, " %s", m->setting);
	if (texts)
		buf_printf(&label, " %s %.8s", m->workload, m->sha256);
	*arm = (struct arm_view){.label = mem_strdup(buf_str(&label)),
	        .engine = mem_strdup(m->engine),
	        .setting = mem_strdup(m->setting),
	        .sessions = m->sessions,
	        .lanes = m->lanes};
	buf_free(&label);
}

/* The blocks of one experiment keep their places; runs from anywhere are numbered in each arm as they come. */
static void group(struct experiment_view *v, struct members *m)
{
	v->blocks = m->count > 0;
	for (size_t i = 0; i < m->count; i++)
		v->blocks = v->blocks && m->list[i].in_block && m->list[i].experiment == m->list[0].experiment;
	size_t *first = mem_zero(m->count + 1, sizeof *first);
	uint32_t *numbers = mem_zero(m->count + 1, sizeof *numbers);
	for (size_t i = 0; i < m->count; i++) {
		uint32_t a = 0;
		while (a < v->narms && !same_arm(&m->list[first[a]], &m->list[i]))
			a++;
		if (a == v->narms) {
			v->arms = mem_resize(v->arms, v->narms + 1, sizeof *v->arms);
			first[a] = i;
			name_arm(&m->list[i], m, &v->arms[v->narms++]);
		}
		m->list[i].cell.arm = a;
		if (!v->blocks)
			m->list[i].cell.block = numbers[a]++;
	}
	free(first);
	free(numbers);
}

static int by_block(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* Of an experiment only some blocks may have been named: those are numbered anew, in their order. */
static void renumber(struct members *m)
{
	uint32_t *blocks = mem_zero(m->count + 1, sizeof *blocks);
	size_t n = 0;

	for (size_t i = 0; i < m->count; i++)
		blocks[i] = m->list[i].cell.block;
	qsort(blocks, m->count, sizeof *blocks, by_block);
	for (size_t i = 0; i < m->count; i++) {
		if (n == 0 || blocks[n - 1] != blocks[i])
			blocks[n++] = blocks[i];
	}
	for (size_t i = 0; i < m->count; i++) {
		const uint32_t *at = bsearch(&m->list[i].cell.block, blocks, n, sizeof *blocks, by_block);
		m->list[i].cell.block = (uint32_t)(at - blocks);
	}
	free(blocks);
}

static uint32_t choose_reference(const struct experiment_view *v)
{
	for (uint32_t a = 0; a < v->narms; a++) {
		if (strcmp(v->arms[a].engine, "serial") == 0)
			return a;
	}
	return 0;
}

bool query_compare_runs(struct query *q, const int64_t *runs, size_t count, struct experiment_view *v, struct err *err)
{
	struct members m = {0};
	bool ok = true;

	memset(v, 0, sizeof *v);
	for (size_t i = 0; ok && i < count; i++) {
		size_t before = m.count;
		ok = read_members(q, CELL_COLUMNS "WHERE r.id = ?", runs[i], &m, err);
		if (ok && m.count == before)
			ok = err_set(err, EXIT_USAGE, "there is no run %lld in %s: see \"pgparallel list\"",
			        (long long)runs[i], q->path);
		if (ok && m.list && m.list[before].load != m.list[0].load)
			ok = err_set(err, EXIT_USAGE,
			        "run %lld is a %s and run %lld a %s: they have no figure in common", (long long)runs[0],
			        m.list[0].load ? "load run" : "task list", (long long)runs[i],
			        m.list[before].load ? "load run" : "task list");
	}
	if (ok)
		v->warm_ups = leave_out_warm_ups(&m);
	if (ok && m.count == 0)
		ok = err_set(err, EXIT_USAGE, v->warm_ups > 0 ? "only warm-up runs are named" : "no run is named");
	if (ok && m.count > 0) {
		group(v, &m);
		v->id = v->blocks ? m.list[0].experiment : 0;
		ok = v->id == 0 || read_experiment(q, v, err);
		v->id = 0; /* a part of it at most */
		free(v->kind);
		free(v->ended);
		v->kind = mem_strdup("compare");
		v->ended = mem_strdup("all blocks");
		if (v->blocks)
			renumber(&m);
		lay_out(v, &m);
		ok = ok && read_doubts(q, v, err);
		v->reference = choose_reference(v);
		if (v->narms > 0)
			v->arms[v->reference].reference = true;
		if (ok && v->narms < 2)
			ok = err_set(err, EXIT_USAGE,
			        "all of these runs are of the same engine, layout and workload: name runs that differ");
	}
	members_free(&m);
	if (!ok)
		experiment_view_free(v);
	return ok;
}

bool query_compare_of(struct query *q, int64_t run, int64_t *experiment, struct err *err)
{
	sqlite3_stmt *s = query_prepare(q,
	        "SELECT r.experiment FROM run r JOIN arm a ON a.experiment = r.experiment WHERE r.id = ? LIMIT 1", err);
	bool ok = true;

	*experiment = 0;
	if (s)
		store_bind(s, "i", run);
	while (query_step(q, &s, &ok, err))
		*experiment = sqlite3_column_int64(s, 0);
	return ok;
}

bool query_compare_list(struct query *q, size_t most, struct experiment_line **lines, size_t *count, struct err *err)
{
	sqlite3_stmt *s = query_prepare(q,
	        "SELECT e.id, min(r.id), max(r.id), e.created_unix_us, e.kind, w.name, coalesce(e.ended, ''), (SELECT "
	        "count(*) FROM arm a WHERE a.experiment = e.id), count(*) FROM experiment e JOIN run r ON "
	        "r.experiment = e.id JOIN workload w ON w.id = r.workload WHERE r.arm IS NOT NULL GROUP BY e.id ORDER "
	        "BY e.id DESC LIMIT ?",
	        err);
	bool ok = true;

	*lines = NULL;
	*count = 0;
	if (s)
		store_bind(s, "i", (int64_t)most);
	while (query_step(q, &s, &ok, err)) {
		struct experiment_line *l;

		*lines = mem_resize(*lines, *count + 1, sizeof **lines);
		l = &(*lines)[(*count)++];
		*l = (struct experiment_line){.id = sqlite3_column_int64(s, 0),
		        .first_run = sqlite3_column_int64(s, 1),
		        .last_run = sqlite3_column_int64(s, 2),
		        .created_wall_us = sqlite3_column_int64(s, 3),
		        .arms = query_count32((uint64_t)sqlite3_column_int64(s, 7)),
		        .runs = query_count32((uint64_t)sqlite3_column_int64(s, 8))};
		query_copy(s, 4, l->kind, sizeof l->kind);
		query_copy(s, 5, l->workload, sizeof l->workload);
		query_copy(s, 6, l->ended, sizeof l->ended);
	}
	if (ok)
		return true;
	free(*lines);
	*lines = NULL;
	*count = 0;
	return false;
}
