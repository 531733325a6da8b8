/*
 * observe_facts: what the observer finds out. At its first connection, before anything is SET: version, direct or
 * pooler, connections left for this user. Once tasks run: settings, round trip, cost of a marker. Through a pooler only
 * unnamed statements are used.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "worker/observe.h"

#define OLDEST_SERVER 120000
static const char marker_sql[] = "select pg_backend_pid(), clock_timestamp()";

/* A fresh backend has nothing cached and pays for every catalog it touches: so the function under pg_stat_activity
 * instead of the view, and limits of roles and databases only for those they hold for, which no superuser is.
 * Other users' rows hide their backend_type from us; a usesysid they still show. */
/* clang-format off */
#define IDENTITY                                                                                                      \
	"select pg_backend_pid(), current_setting('is_superuser'), current_setting('max_connections'),"               \
	" current_setting('superuser_reserved_connections'),"                                                         \
	" case when %s then '0' else coalesce(current_setting('reserved_connections', true), '0') end,"               \
	" current_database(), current_user,"
#define ACTIVITY                                                                                                      \
	" pg_stat_get_activity(null) s"                                                                               \
	" where s.backend_type = 'client backend' or (s.backend_type is null and s.usesysid is not null)"
static const char superuser_sql[] = IDENTITY " count(*), -1, 0, -1, 0 from" ACTIVITY;
static const char identity_sql[] =
        IDENTITY " n.used, (select rolconnlimit from pg_roles where rolname = current_user), n.used_role,"
        " d.datconnlimit, n.used_database from pg_database d, lateral (select count(*) used,"
        " count(*) filter (where s.usesysid = quote_ident(current_user)::regrole) used_role,"
        " count(*) filter (where s.datid = d.oid) used_database from" ACTIVITY ") n"
        " where d.datname = current_database()";
static const char details_sql[] =
        "select version(), " SQL_US("pg_postmaster_start_time()") ", current_setting('TimeZone'),"
        " pg_encoding_to_char(encoding), datcollate, datctype from pg_database where datname = current_database()";
/* clang-format on */
enum {
	COLUMN_PID,
	COLUMN_SUPERUSER,
	COLUMN_MAX,
	COLUMN_SUPERUSER_RESERVED,
	COLUMN_RESERVED,
	COLUMN_DATABASE,
	COLUMN_USER,
	COLUMN_USED,
	COLUMN_ROLE_LIMIT,
	COLUMN_ROLE_USED,
	COLUMN_DATABASE_LIMIT,
	COLUMN_DATABASE_USED,
	COLUMNS
};
enum {
	DETAIL_VERSION,
	DETAIL_POSTMASTER_START,
	DETAIL_TIME_ZONE,
	DETAIL_ENCODING,
	DETAIL_COLLATE,
	DETAIL_CTYPE,
	DETAILS
};

/* Not what the connection itself brought along. The function under pg_settings, and no work that can be done here:
 * a regular expression alone would cost a fresh backend more than the rest. */
static const char settings_sql[] = "select name, left(coalesce(current_setting(name, true), setting), 500)"
                                   " from pg_show_all_settings()"
                                   " where source not in ('default', 'client', 'override', 'session')";
#define SETTINGS_MOST 220

/* The CPUs the server may use, as its own process sees them; a superuser on Linux may look. */
static const char cpus_sql[] =
        "select substring(pg_read_file('/proc/self/status', 0, 20000, true) from 'Cpus_allowed_list:\\s*([0-9,-]+)')";

static const char again_sql[] = "select pg_backend_pid(), " SQL_US("pg_postmaster_start_time()");

static void add_fact(struct server_facts *facts, const char *name, const char *value)
{
	struct fact *fact;

	if (facts->nfacts == FACTS_MOST || value[0] == '\0')
		return;
	fact = &facts->facts[facts->nfacts++];
	snprintf(fact->name, sizeof fact->name, "%s", name);
	snprintf(fact->value, sizeof fact->value, "%s", value);
}

void observe_facts_begin(struct observer *o, int64_t now)
{
	/* pg_use_reserved_connections came with reserved_connections in 16. */
	bool reserved = pg_server_version(o->pg) >= 160000;
	const char *superuser = pg_parameter(o->pg, "is_superuser");
	bool limited = superuser == NULL || strcmp(superuser, "on") != 0;
	char sql[sizeof identity_sql + 100], text[200];

	if (pg_server_version(o->pg) < OLDEST_SERVER) {
		snprintf(text, sizeof text, "the server is PostgreSQL %d; pgparallel needs 12 or later",
		        pg_server_version(o->pg) / 10000);
		observe_fatal(o, EXIT_USAGE, "", text);
		return;
	}
	o->asked_ns = now;
	if (o->had_facts) {
		if (!observe_ask(o, ASK_AGAIN, again_sql, 0, NULL))
			observe_lost(o, now, "the connection to the server broke");
		return;
	}
	snprintf(sql, sizeof sql, limited ? identity_sql : superuser_sql,
	        reserved ? "pg_has_role(current_user, 'pg_use_reserved_connections', 'usage')" : "false");
	if (!observe_ask(o, ASK_IDENTITY, sql, 0, NULL))
		observe_lost(o, now, "the connection to the server broke");
}

/* ---- connections ---- */

/* The tightest of the server's, the role's and the database's limits becomes the one that is told; superusers are
 * exempt from all but the server's. */
static void take_limits(struct server_facts *facts, const struct pg_result *result)
{
	static const struct {
		const char *what;
		int limit, used, name;
	} others[] = {{"role", COLUMN_ROLE_LIMIT, COLUMN_ROLE_USED, COLUMN_USER},
	        {"database", COLUMN_DATABASE_LIMIT, COLUMN_DATABASE_USED, COLUMN_DATABASE}};
	char text[200] = "max_connections";

	facts->max_connections = (int32_t)pg_value_int(result, 0, COLUMN_MAX);
	facts->used_connections = (int32_t)pg_value_int(result, 0, COLUMN_USED);
	if (!facts->superuser)
		facts->reserved_connections = (int32_t)(pg_value_int(result, 0, COLUMN_SUPERUSER_RESERVED) +
		                                        pg_value_int(result, 0, COLUMN_RESERVED));
	for (size_t i = 0; i < 2 && !facts->superuser; i++) {
		int32_t limit = (int32_t)pg_value_int(result, 0, others[i].limit);
		int32_t used = (int32_t)pg_value_int(result, 0, others[i].used);

		if (limit < 0 ||
		        limit - used >= facts->max_connections - facts->reserved_connections - facts->used_connections)
			continue;
		facts->max_connections = limit;
		facts->reserved_connections = 0;
		facts->used_connections = used;
		snprintf(text, sizeof text, "connection limit of %s %s", others[i].what,
		        pg_value(result, 0, others[i].name));
	}
	add_fact(facts, "connection_limit_from", text);
}

/* "PostgreSQL 15.18 (Debian 15.18-1) on x86_64 ..." -> "PostgreSQL 15.18" */
static void shorten_version(const char *version, char *out, size_t size)
{
	const char *space = strchr(version, ' ');
	const char *end = space != NULL ? strchr(space + 1, ' ') : NULL;
	size_t len = end != NULL ? (size_t)(end - version) : strlen(version);

	while (len > 0 && version[len - 1] == ',')
		len--;
	snprintf(out, size, "%.*s", (int)len, version);
}

static void take_identity(struct observer *o, const struct pg_result *result)
{
	struct server_facts *facts = &o->facts;

	o->own_pid = (int32_t)pg_value_int(result, 0, COLUMN_PID);
	facts->direct = o->own_pid == pg_backend_pid(o->pg);
	facts->version_num = pg_server_version(o->pg);
	facts->superuser = strcmp(pg_value(result, 0, COLUMN_SUPERUSER), "on") == 0;
	snprintf(facts->version, sizeof facts->version, "PostgreSQL %d.%d", facts->version_num / 10000,
	        facts->version_num % 10000);
	snprintf(facts->host, sizeof facts->host, "%s", pg_host(o->pg));
	snprintf(facts->hostaddr, sizeof facts->hostaddr, "%s", pg_hostaddr(o->pg));
	snprintf(facts->port, sizeof facts->port, "%s", pg_port(o->pg));
	snprintf(facts->dbname, sizeof facts->dbname, "%s", pg_value(result, 0, COLUMN_DATABASE));
	snprintf(facts->user, sizeof facts->user, "%s", pg_value(result, 0, COLUMN_USER));
	pg_tls_describe(o->pg, facts->tls, sizeof facts->tls);
	take_limits(facts, result);
}

static void take_details(struct server_facts *facts, const struct pg_result *result)
{
	facts->postmaster_start_us = pg_value_int(result, 0, DETAIL_POSTMASTER_START);
	shorten_version(pg_value(result, 0, DETAIL_VERSION), facts->version, sizeof facts->version);
	add_fact(facts, "server_version_text", pg_value(result, 0, DETAIL_VERSION));
	add_fact(facts, "time_zone", pg_value(result, 0, DETAIL_TIME_ZONE));
	add_fact(facts, "encoding", pg_value(result, 0, DETAIL_ENCODING));
	add_fact(facts, "lc_collate", pg_value(result, 0, DETAIL_COLLATE));
	add_fact(facts, "lc_ctype", pg_value(result, 0, DETAIL_CTYPE));
}

/* "0-3,8" -> 5 */
static int count_cpus(const char *list)
{
	int count = 0;

	while (*list != '\0') {
		char *end;
		long first = strtol(list, &end, 10), last = first;

		if (end == list)
			return 0;
		if (*end == '-')
			last = strtol(end + 1, &end, 10);
		count += (int)(last - first + 1);
		list = end + (*end == ',');
	}
	return count;
}

static void take_cpus(struct server_facts *facts, const struct pg_result *result)
{
	const char *list = pg_value(result, 0, 0);
	char text[16];
	int count = count_cpus(list);

	if (count <= 0)
		return;
	snprintf(text, sizeof text, "%d", count);
	add_fact(facts, "server_cpus", text);
	add_fact(facts, "server_cpus_allowed", list);
}

/* ---- markers ---- */

static bool ask_marker(struct observer *o)
{
	return observe_ask(o, ASK_MARKER, o->facts.direct ? NULL : marker_sql, 0, NULL);
}

static int by_size(const void *a, const void *b)
{
	const int64_t *left = a, *right = b;

	return (*left > *right) - (*left < *right);
}

static void tell(struct observer *o)
{
	struct buf body = {0};

	msg_put_facts(&body, &o->facts);
	observe_send(o, &body);
	buf_free(&body);
}

static void known(struct observer *o, int64_t now)
{
	o->facts.ready_ns = now;
	tell(o);
	o->had_facts = true;
	o->state = OBSERVE_WATCHING;
	o->next_sample_ns = now;
	/* Nobody waits for the answer; it is there before the first task is sent. */
	if (o->job->shm != NULL && !observe_counters_ask(o))
		observe_lost(o, now, "the connection to the server broke");
}

static void complete(struct observer *o)
{
	o->rest = REST_DONE;
	o->facts.complete = true;
	tell(o);
}

/* While tasks run, or when they have: what is asked before GO is waited for. */
void observe_facts_due(struct observer *o, int64_t now)
{
	struct shm *shm = o->job->shm;

	if (o->rest != REST_DUE || o->state != OBSERVE_WATCHING)
		return;
	int64_t go = shm != NULL ? atomic_load(&shm->go_ns) : 1;
	if (!o->sweep.wanted && (go == 0 || now < go))
		return;
	o->rest = REST_ASKED;
	o->nround_trips = o->nbatches = 0;
	o->in_batch = false;
	o->marker_sent_ns = now;
	if (!observe_ask(o, ASK_DETAILS, details_sql, 0, NULL) ||
	        !observe_ask(o, ASK_SETTINGS, settings_sql, 0, NULL) ||
	        (o->facts.superuser && !observe_ask(o, ASK_CPUS, cpus_sql, 0, NULL)) ||
	        (o->facts.direct && !observe_ask(o, ASK_PREPARE, marker_sql, 0, NULL)) ||
	        (o->facts.direct && !o->sweep.wanted && !observe_sweep_rehearse(o)) || !ask_marker(o))
		observe_lost(o, now, "the connection to the server broke");
}

static bool ask_batch(struct observer *o, int64_t now)
{
	bool sent = true;

	o->in_batch = true;
	o->batch_left = MARKER_BATCH;
	o->marker_sent_ns = now;
	for (int i = 0; i < MARKER_BATCH && sent; i++)
		sent = ask_marker(o);
	return sent;
}

/* What a batch in one pipeline, as the workers send markers, takes beyond the shortest round trip. */
static int64_t marker_cost(struct observer *o)
{
	int64_t batch, cost;

	qsort(o->batches, MARKER_BATCHES, sizeof *o->batches, by_size);
	batch = o->batches[MARKER_BATCHES / 2];
	cost = (batch - o->round_trips[1]) / (MARKER_BATCH - 1);
	return cost > 0 ? cost : batch / MARKER_BATCH; /* a round trip was held up: too much is better than nothing */
}

static bool take_trip(struct observer *o, int64_t now)
{
	int64_t *trips = o->round_trips;

	trips[o->nround_trips++] = now - o->marker_sent_ns;
	o->marker_sent_ns = now;
	if (o->nround_trips < MARKER_ROUND_TRIPS)
		return ask_marker(o);
	/* The first one had other questions before it. */
	qsort(trips + 1, MARKER_ROUND_TRIPS - 1, sizeof *trips, by_size);
	o->facts.rtt_ns = trips[MARKER_ROUND_TRIPS / 2];
	return ask_batch(o, now);
}

static void take_marker(struct observer *o, bool good, int64_t now)
{
	bool sent = true;

	if (!good) {
		if (o->rest == REST_ASKED)
			complete(o);
	} else if (!o->in_batch) {
		sent = take_trip(o, now);
	} else if (--o->batch_left == 0) {
		o->batches[o->nbatches++] = now - o->marker_sent_ns;
		if (o->nbatches < MARKER_BATCHES) {
			sent = ask_batch(o, now);
		} else {
			o->facts.marker_ns = marker_cost(o);
			complete(o);
		}
	}
	if (!sent)
		observe_lost(o, now, "the connection to the server broke");
}

/* ---- answers ---- */

/* Settings that hold connection strings or commands: a password may stand in them. */
static bool may_be_secret(const char *name)
{
	static const char *const parts[] = {
	        "conninfo", "passphrase", "_command", "secret", "token", "api_key", "apikey", "credential"};

	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
		if (strcasestr(name, parts[i]) != NULL)
			return true;
	return false;
}

static void take_settings(struct observer *o, const struct pg_result *result)
{
	for (int row = 0; row < pg_nrows(result) && row < SETTINGS_MOST; row++)
		if (!may_be_secret(pg_value(result, row, 0)))
			add_fact(&o->facts, pg_value(result, row, 0), pg_value(result, row, 1));
}

static void take_again(struct observer *o, const struct pg_result *result)
{
	o->own_pid = (int32_t)pg_value_int(result, 0, 0);
	int64_t start = pg_value_int(result, 0, 1);
	if (o->facts.postmaster_start_us != 0 && start != o->facts.postmaster_start_us)
		o->restarted = true;
	o->facts.postmaster_start_us = start;
	o->state = OBSERVE_WATCHING;
	observe_note(o, LEVEL_INFO, o->own_pid, "the observer is connected again%s",
	        o->restarted ? "; the server was restarted" : "");
}

void observe_facts_answer(struct observer *o, enum question question, const struct pg_result *result, int64_t now)
{
	bool good = pg_kind(result) == PG_ROWS && pg_nrows(result) > 0;
	char text[1024], line[1200];

	switch (question) {
	case ASK_IDENTITY:
		if (good && pg_ncolumns(result) == COLUMNS) {
			take_identity(o, result);
			known(o, now);
			break;
		}
		if (pg_kind(result) == PG_ERROR)
			pg_message(result, text, sizeof text);
		else
			snprintf(text, sizeof text, "no row for this user and database");
		snprintf(line, sizeof line, "cannot read the server's facts: %s", text);
		observe_fatal(o, EXIT_CONNECT, pg_kind(result) == PG_ERROR ? pg_sqlstate(result) : "", line);
		break;
	case ASK_DETAILS:
		if (good && pg_ncolumns(result) == DETAILS)
			take_details(&o->facts, result);
		break;
	case ASK_SETTINGS:
		if (good)
			take_settings(o, result);
		break;
	case ASK_CPUS:
		if (good)
			take_cpus(&o->facts, result);
		break;
	case ASK_MARKER:
		take_marker(o, good, now);
		break;
	case ASK_AGAIN:
		if (good)
			take_again(o, result);
		else
			observe_lost(o, now, "it could not ask the server anything");
		break;
	default:
		break;
	}
}
