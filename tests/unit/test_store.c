/*
 * test_store: what goes into the results file comes out of the read model.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "reports/store_private.h"
#include "tests/unit/sample_store.h"

static struct sample_store sample;
static struct store *store;
static struct err err;

static int begin(void **state)
{
	(void)state;
	int interrupted;
	sample_begin(&sample, 5, 2);
	store = store_open(sample.path, &interrupted, &err);
	return store ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	store_close(store, &err);
	store = NULL;
	sample_end(&sample);
	return 0;
}

static int64_t run_of(const char *role, int64_t experiment)
{
	struct run_begin b = sample_run_begin(&sample);
	b.role = role;
	b.experiment = experiment;
	int64_t run = sample_run(&sample, store, &b, 5, &err);
	if (!run)
		print_error("%s\n", err.text);
	assert_true(run);
	return run;
}

static void view_of(int64_t run, struct run_view *v)
{
	struct query *q = query_open(sample.path, &err);
	assert_non_null(q);
	if (!query_run(q, run, v, &err))
		fail_msg("%s", err.text);
	query_close(q);
}

static void a_run_comes_back(void **state)
{
	(void)state;
	struct run_view v;
	int64_t run = run_of("run", 0);
	view_of(run, &v);
	assert_int_equal(v.id, run);
	assert_string_equal(v.workload, "five-sleeps");
	assert_string_equal(v.workload_text, sample.plan.source);
	assert_string_equal(v.engine, "process");
	assert_string_equal(v.argv, "pgparallel run -f five-sleeps.sql");
	assert_string_equal(v.note, "a note");
	assert_string_equal(v.options, "clients=5");
	assert_true(v.seed == UINT64_C(0xfedcba9876543210));
	assert_int_equal(v.started_wall_us, SAMPLE_STARTED);
	assert_int_equal(v.state, RUN_FINISHED);
	assert_int_equal(v.ntickets, 10);
	assert_int_equal(v.done, 10);
	assert_int_equal(v.not_run, 0);
	assert_int_equal(v.ntasks, 5);
	assert_true(v.tasks[0].readonly && v.tasks[1].transaction);
	assert_int_equal(v.tasks[2].after, 0);
	assert_int_equal(v.tasks[1].after, -1);
	assert_string_equal(v.tasks[4].name, "s4");
	assert_string_equal(v.tasks[4].sql, "select pg_sleep(1)");
	assert_int_equal(v.nsession_rows, 5);
	assert_int_equal(v.session_rows[3].backend_pid, 4003);
	assert_int_equal(v.session_rows[3].tcp_us, 2000);
	assert_int_equal(v.session_rows[3].tls_us, QUERY_NONE);
	assert_int_equal(v.nworker_rows, 5);
	assert_int_equal(v.worker_rows[2].ended_us, QUERY_NONE);
	run_view_free(&v);
}

static void phases_and_end_come_back(void **state)
{
	(void)state;
	struct run_view v;
	view_of(run_of("run", 0), &v);
	struct run_end want = sample_run_end(10, 62000);
	assert_memory_equal(&v.phases, &want.phases, sizeof want.phases);
	assert_int_equal(v.end.attempts, 10);
	assert_int_equal(v.end.swept.samples, 30);
	assert_int_equal(v.end.swept.dropped, 1);
	assert_true(v.end.swept.connected && !v.end.swept.restarted);
	assert_memory_equal(&v.end.usage, &want.usage, sizeof want.usage);
	assert_int_equal(v.end.parent_usage.user_us, 19);
	assert_int_equal(v.end.clock_offset_change_us, -4);
	assert_int_equal(v.end.ready_sessions, 5);
	assert_int_equal(v.end.parent_paused_us, 77);
	assert_null(v.end.reason);
	run_view_free(&v);
}

static void assert_times(const struct attempt_view *v, const struct attempt *a)
{
	const int64_t ns[] = {a->taken_ns, a->released_ns, a->sent_ns, a->first_ns, a->done_ns, a->before.sent_ns,
	        a->before.received_ns, a->after.sent_ns, a->after.received_ns};
	const int64_t us[] = {v->taken_us, v->released_us, v->sent_us, v->first_us, v->done_us, v->before_sent_us,
	        v->before_received_us, v->after_sent_us, v->after_received_us};
	for (size_t i = 0; i < sizeof ns / sizeof *ns; i++)
		assert_int_equal(us[i], ns[i] ? clock_us(ns[i], SAMPLE_ORIGIN) : QUERY_NONE);
	assert_int_equal(v->before_server_us, a->before.server_us ? a->before.server_us : QUERY_NONE);
	assert_int_equal(v->after_server_us, a->after.server_us ? a->after.server_us : QUERY_NONE);
}

static void attempts_come_back_by_session_and_time(void **state)
{
	(void)state;
	struct run_view v;
	view_of(run_of("run", 0), &v);
	assert_int_equal(v.nattempts, 10);
	for (size_t i = 0; i < 10; i++) {
		uint32_t ticket = (uint32_t)(i / 2 + 5 * (i % 2));
		struct attempt a = sample_attempt(ticket, 5, 12 + 25 * (ticket / 5));
		assert_int_equal(v.attempts[i].ticket, ticket);
		assert_int_equal(v.attempts[i].task, ticket % 5);
		assert_int_equal(v.attempts[i].round, ticket / 5);
		assert_int_equal(v.attempts[i].row, ticket == 1 ? 7 : PLAN_NO_ROW);
		assert_int_equal(v.attempts[i].session, ticket % 5);
		assert_int_equal(v.attempts[i].backend_pid, 4000 + ticket % 5);
		assert_int_equal(v.attempts[i].statements, 2);
		assert_int_equal(v.attempts[i].bytes, 4);
		assert_null(v.attempts[i].message);
		assert_times(&v.attempts[i], &a);
	}
	run_view_free(&v);
}

/* Every combination of times that did and did not happen, odd orders included. */
static void any_times_survive(void **state)
{
	(void)state;
	struct run_begin b = sample_run_begin(&sample);
	int64_t run = store_run_begin(store, &sample.plan, &b, &err);
	struct attempt all[512];
	for (uint32_t i = 0; i < 512; i++) {
		struct attempt a = sample_attempt(0, 1, 10 + i);
		int64_t *times[] = {&a.taken_ns, &a.released_ns, &a.sent_ns, &a.first_ns, &a.done_ns, &a.before.sent_ns,
		        &a.before.received_ns, &a.after.sent_ns, &a.after.received_ns};
		for (int bit = 0; bit < 9; bit++)
			if (i & 1u << bit)
				*times[bit] = 0;
		if (!a.before.sent_ns || !a.before.received_ns)
			a.before.server_us = 0;
		if (!a.after.sent_ns || !a.after.received_ns)
			a.after.server_us = 0;
		if (a.done_ns)
			a.done_ns -= (int64_t)i * 777777;
		a.try_no = i + 1;
		all[i] = a;
		assert_true(store_attempt(store, run, SAMPLE_ORIGIN, &sample.plan, &a, &err));
	}
	assert_true(store_commit(store, &err));
	struct run_view v;
	view_of(run, &v);
	assert_int_equal(v.nattempts, 512);
	for (size_t i = 0; i < 512; i++)
		assert_times(&v.attempts[i], &all[v.attempts[i].try_no - 1]);
	run_view_free(&v);
}

static void fail_attempt(int64_t run, uint32_t ticket, uint32_t try_no, const char *sqlstate, char *message,
        enum outcome outcome, int64_t ms)
{
	struct attempt a = sample_attempt(ticket, 5, ms);
	a.try_no = try_no;
	a.outcome = outcome;
	a.message = message;
	a.failed_statement = 1;
	snprintf(a.sqlstate, sizeof a.sqlstate, "%s", sqlstate);
	assert_true(store_attempt(store, run, SAMPLE_ORIGIN, &sample.plan, &a, &err));
}

static const struct error_view *error_of(const struct run_view *v, const char *sqlstate, const char *phase)
{
	for (size_t i = 0; i < v->nerrors; i++)
		if (strcmp(v->errors[i].sqlstate, sqlstate) == 0 && strcmp(v->errors[i].phase, phase) == 0)
			return &v->errors[i];
	return NULL;
}

static void errors_are_grouped(void **state)
{
	(void)state;
	struct run_begin b = sample_run_begin(&sample);
	int64_t run = store_run_begin(store, &sample.plan, &b, &err);
	assert_true(store_release(store, run, &sample.plan, sample.todo, 0, 10, &err));
	fail_attempt(run, 0, 1, "40001", "could not serialize", OUTCOME_FAILED, 10);
	fail_attempt(run, 0, 2, "40001", "could not serialize", OUTCOME_FAILED, 40);
	struct attempt a = sample_attempt(0, 5, 80);
	a.try_no = 3;
	assert_true(store_attempt(store, run, SAMPLE_ORIGIN, &sample.plan, &a, &err));
	assert_true(store_ticket(store, run, &sample.plan, 0, OUTCOME_DONE, &err));
	fail_attempt(run, 2, 1, "40P01", "deadlock at postgresql://u:CANARY@h", OUTCOME_FAILED, 10);
	fail_attempt(run, 2, 2, "40P01", "deadlock again", OUTCOME_FAILED, 20);
	assert_true(store_ticket(store, run, &sample.plan, 2, OUTCOME_FAILED, &err));
	fail_attempt(run, 1, 1, "", "server closed the connection", OUTCOME_UNKNOWN, 10);
	assert_true(store_ticket(store, run, &sample.plan, 1, OUTCOME_UNKNOWN, &err));
	struct session_report r = {.session = 4,
	        .worker = 4,
	        .generation = 1,
	        .sqlstate = "53300",
	        .message = "too many, password=CANARY"};
	assert_true(store_session(store, run, SAMPLE_ORIGIN, &r, &err));
	assert_true(store_commit(store, &err));
	struct run_view v;
	view_of(run, &v);
	assert_int_equal(v.nerrors, 4);
	const struct error_view *e = error_of(&v, "40001", "execute");
	assert_non_null(e);
	assert_int_equal(e->count, 2);
	assert_int_equal(e->retried_done, 2);
	assert_int_equal(e->failed, 0);
	assert_string_equal(e->task, "s0");
	e = error_of(&v, "40P01", "execute");
	assert_int_equal(e->count, 2);
	assert_int_equal(e->failed, 1);
	assert_string_equal(e->message, "deadlock at postgresql://u:***@h");
	e = error_of(&v, "", "commit"); /* s1 has `transaction` */
	assert_int_equal(e->unknown, 1);
	e = error_of(&v, "53300", "connect");
	assert_string_equal(e->message, "too many, password=***");
	assert_string_equal(e->task, "");
	run_view_free(&v);
}

static void samples_and_events_come_back(void **state)
{
	(void)state;
	struct run_begin b = sample_run_begin(&sample);
	int64_t run = store_run_begin(store, &sample.plan, &b, &err);
	const struct sample in[2] = {{.backend_pid = 9,
	                                     .first_us = SAMPLE_STARTED,
	                                     .last_us = SAMPLE_STARTED + 500000,
	                                     .count = 6,
	                                     .state = "active",
	                                     .wait_type = "Lock",
	                                     .wait_event = "advisory",
	                                     .query_start_us = SAMPLE_STARTED - 1,
	                                     .lock_wait_us = SAMPLE_STARTED + 1,
	                                     .blockers = {7, 8},
	                                     .nblockers = 2},
	        {.backend_pid = 8, .first_us = SAMPLE_STARTED, .last_us = SAMPLE_STARTED, .count = 1, .state = "idle"}};
	assert_true(store_samples(store, run, in, 2, &err));
	assert_true(store_event(store, run, 55, "worker died", "signal 9", &err));
	assert_true(store_event(store, run, 66, "worker replaced", "w2", &err));
	assert_true(store_commit(store, &err));
	struct run_view v;
	view_of(run, &v);
	assert_int_equal(v.nsamples, 2);
	assert_memory_equal(&v.samples[0], &in[1], sizeof in[1]);
	assert_memory_equal(&v.samples[1], &in[0], sizeof in[0]);
	assert_int_equal(v.nevents, 2);
	assert_int_equal(v.events[0].at_us, 55);
	assert_string_equal(v.events[0].kind, "worker died");
	assert_string_equal(v.events[1].text, "w2");
	run_view_free(&v);
}

static void a_worker_row_is_completed(void **state)
{
	(void)state;
	struct run_begin b = sample_run_begin(&sample);
	int64_t run = store_run_begin(store, &sample.plan, &b, &err);
	assert_true(store_worker(store, run, 0, 1, 77, 5, INT64_MIN, INT64_MIN, "", &err));
	assert_true(store_worker(store, run, 0, 1, 77, 5, 600, 9000, "signal 9", &err));
	assert_true(store_worker(store, run, 0, 2, 78, 9100, INT64_MIN, INT64_MIN, "", &err));
	assert_true(store_commit(store, &err));
	struct run_view v;
	view_of(run, &v);
	assert_int_equal(v.nworker_rows, 2);
	assert_string_equal(v.worker_rows[0].end, "signal 9");
	assert_int_equal(v.worker_rows[0].born_us, 600);
	assert_int_equal(v.worker_rows[1].generation, 2);
	run_view_free(&v);
}

static void set_facts(int64_t run, double rtt_ms, int32_t used)
{
	struct server_facts *f = mem_zero(1, sizeof *f);
	snprintf(f->host, sizeof f->host, "/tmp/socket");
	snprintf(f->version, sizeof f->version, "PostgreSQL 15.18");
	f->direct = true;
	f->used_connections = used;
	f->rtt_ns = (int64_t)(rtt_ms * 1e6);
	f->nfacts = 1;
	snprintf(f->facts[0].name, sizeof f->facts[0].name, "shared_buffers");
	snprintf(f->facts[0].value, sizeof f->facts[0].value, "128MB");
	assert_true(store_run_facts(store, run, f, &err));
	assert_true(store_run_fact(store, run, "load_before", used > 5 ? "0.5" : "0.1", &err));
	free(f);
}

static int64_t count_of(const char *sql)
{
	int64_t count;
	assert_true(store_db_int(store->db, sample.path, sql, -1, &count, &err));
	return count;
}

static void an_environment_is_stored_once(void **state)
{
	(void)state;
	struct run_view v;
	struct run_begin b = sample_run_begin(&sample);
	for (int i = 0; i < 3; i++) {
		int64_t run = store_run_begin(store, &sample.plan, &b, &err);
		set_facts(run, 0.1 * i, 3 + i * 4);
		assert_true(store_commit(store, &err));
		assert_true(store_run_fact(store, run, "cpu", i < 2 ? "A" : "B", &err));
		assert_true(store_commit(store, &err));
		view_of(run, &v);
		assert_string_equal(run_view_fact(&v, "server_version"), "PostgreSQL 15.18");
		assert_string_equal(run_view_fact(&v, "connection"), "direct");
		assert_string_equal(run_view_fact(&v, "shared_buffers"), "128MB");
		assert_string_equal(run_view_fact(&v, "load_before"), i == 1 || i == 2 ? "0.5" : "0.1");
		assert_string_equal(run_view_fact(&v, "cpu"), i < 2 ? "A" : "B");
		assert_null(run_view_fact(&v, "nonsense"));
		run_view_free(&v);
	}
	assert_int_equal(count_of("select count(*) from environment"), 2);
}

static void no_sql_text_keeps_names_and_hash(void **state)
{
	(void)state;
	struct run_view v;
	struct run_begin b = sample_run_begin(&sample);
	b.keep_sql = false;
	int64_t run = store_run_begin(store, &sample.plan, &b, &err);
	view_of(run, &v);
	assert_string_equal(v.workload_text, "");
	assert_string_equal(v.tasks[0].sql, "");
	assert_string_equal(v.tasks[0].name, "s0");
	assert_string_equal(v.workload_sha256, sample.plan.sha256);
	run_view_free(&v);
	b.keep_sql = true;
	view_of(store_run_begin(store, &sample.plan, &b, &err), &v);
	assert_string_equal(v.tasks[0].sql, "select pg_sleep(1)");
	run_view_free(&v);
}

static void baseline_and_previous_are_found(void **state)
{
	(void)state;
	struct run_view v;
	int64_t first = run_of("run", 0);
	int64_t experiment = store_experiment(store, &(struct experiment_begin){.kind = "run"}, &err);
	assert_true(experiment);
	int64_t baseline = run_of("baseline", experiment), second = run_of("run", experiment);
	view_of(second, &v);
	assert_int_equal(v.baseline, baseline);
	assert_int_equal(v.previous, first);
	run_view_free(&v);
	view_of(baseline, &v);
	assert_int_equal(v.baseline, 0);
	assert_int_equal(v.previous, 0);
	run_view_free(&v);
	struct query *q = query_open(sample.path, &err);
	int64_t *ids;
	size_t count;
	assert_true(query_experiment(q, experiment, &ids, &count, &err));
	assert_int_equal(count, 2);
	assert_int_equal(ids[0], baseline);
	free(ids);
	query_close(q);
}

static void list_is_newest_first(void **state)
{
	(void)state;
	int64_t first = run_of("run", 0), second = run_of("run", 0);
	assert_true(store_verdict(store, second, "PARALLEL", 2.99, 3.0, 97.5, &err));
	assert_true(store_commit(store, &err));
	assert_true(store_pin(store, first, true, &err));
	struct query *q = query_open(sample.path, &err);
	struct run_line *lines;
	size_t count;
	assert_true(query_list(q, 10, &lines, &count, &err));
	assert_int_equal(count, 2);
	assert_int_equal(lines[0].id, second);
	assert_string_equal(lines[0].verdict, "PARALLEL");
	assert_true(lines[0].speedup > 2.98 && lines[0].ceiling > 2.99);
	assert_int_equal(lines[0].wall_us, 62000);
	assert_true(lines[1].pinned && !lines[0].pinned);
	assert_true(lines[1].speedup == 0);
	free(lines);
	assert_true(query_list(q, 1, &lines, &count, &err));
	assert_int_equal(count, 1);
	free(lines);
	query_close(q);
}

static void a_missing_run_is_a_usage_error(void **state)
{
	(void)state;
	struct run_view v;
	run_of("run", 0);
	struct query *q = query_open(sample.path, &err);
	assert_false(query_run(q, 99, &v, &err));
	assert_int_equal(err.code, EXIT_USAGE);
	assert_non_null(strstr(err.text, "no run 99"));
	assert_non_null(strstr(err.text, "1 to 1"));
	assert_true(query_run(q, 0, &v, &err));
	assert_int_equal(v.id, 1);
	run_view_free(&v);
	query_close(q);
}

static void readers_see_a_run_being_written(void **state)
{
	(void)state;
	struct run_view v;
	struct run_begin b = sample_run_begin(&sample);
	struct query *q = query_open(sample.path, &err);
	int64_t run = store_run_begin(store, &sample.plan, &b, &err);
	assert_true(store_release(store, run, &sample.plan, sample.todo, 0, 4, &err));
	for (uint32_t i = 0; i < 3; i++) {
		struct attempt a = sample_attempt(i, 5, 20);
		assert_true(store_attempt(store, run, SAMPLE_ORIGIN, &sample.plan, &a, &err));
		assert_true(store_ticket(store, run, &sample.plan, i, OUTCOME_DONE, &err));
		assert_true(store_dirty(store));
		assert_true(store_commit(store, &err));
		assert_false(store_dirty(store));
		assert_true(query_run(q, run, &v, &err));
		assert_int_equal(v.state, RUN_RUNNING);
		assert_int_equal(v.done, i + 1);
		assert_int_equal(v.nattempts, i + 1);
		assert_int_equal(v.unknown, 0);
		run_view_free(&v);
	}
	query_assume_dead(q, true);
	assert_true(query_run(q, run, &v, &err));
	assert_int_equal(v.state, RUN_INTERRUPTED);
	assert_int_equal(v.done, 3);
	assert_int_equal(v.unknown, 1);
	assert_int_equal(v.not_run, 6);
	run_view_free(&v);
	query_close(q);
}

static void a_pooler_gives_attempts_their_own_backend(void **state)
{
	(void)state;
	struct run_view v;
	struct run_begin b = sample_run_begin(&sample);
	int64_t run = store_run_begin(store, &sample.plan, &b, &err);
	struct session_report report = sample_session(0);
	assert_true(store_session(store, run, SAMPLE_ORIGIN, &report, &err));
	for (uint32_t i = 0; i < 3; i++) {
		struct attempt a = sample_attempt(0, 5, 20 + i);
		a.backend_pid = 8000 + (int32_t)i;
		assert_true(store_attempt(store, run, SAMPLE_ORIGIN, &sample.plan, &a, &err));
	}
	assert_true(store_commit(store, &err));
	view_of(run, &v);
	assert_int_equal(v.nsession_rows, 1);
	for (int i = 0; i < 3; i++)
		assert_int_equal(v.attempts[i].backend_pid, 8000 + i);
	run_view_free(&v);
}

static void an_attempt_without_a_reported_session_is_kept(void **state)
{
	(void)state;
	struct run_view v;
	struct run_begin b = sample_run_begin(&sample);
	int64_t run = store_run_begin(store, &sample.plan, &b, &err);
	struct attempt a = sample_attempt(3, 5, 20);
	assert_true(store_attempt(store, run, SAMPLE_ORIGIN, &sample.plan, &a, &err));
	a.generation = 2;
	assert_true(store_attempt(store, run, SAMPLE_ORIGIN, &sample.plan, &a, &err));
	assert_true(store_commit(store, &err));
	view_of(run, &v);
	assert_int_equal(v.nsession_rows, 2);
	assert_int_equal(v.session_rows[0].start_us, QUERY_NONE);
	assert_int_equal(v.attempts[0].session, 3);
	assert_int_equal(v.attempts[1].generation, 2);
	run_view_free(&v);
}

static void a_wrong_ticket_is_refused(void **state)
{
	(void)state;
	struct run_begin b = sample_run_begin(&sample);
	int64_t run = store_run_begin(store, &sample.plan, &b, &err);
	struct attempt a = sample_attempt(3, 5, 20);
	a.ticket = 10;
	assert_false(store_attempt(store, run, SAMPLE_ORIGIN, &sample.plan, &a, &err));
	assert_false(store_ticket(store, run, &sample.plan, 10, OUTCOME_DONE, &err));
	assert_true(store_commit(store, &err));
}

static void closed_is_one_plain_private_file(void **state)
{
	(void)state;
	struct stat st;
	char beside[128];
	int interrupted;
	run_of("run", 0);
	snprintf(beside, sizeof beside, "%s-wal", sample.path);
	assert_int_equal(stat(beside, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	snprintf(beside, sizeof beside, "%s-shm", sample.path);
	assert_int_equal(stat(beside, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_true(store_close(store, &err));
	int files = 0;
	DIR *dir = opendir(sample.dir);
	for (struct dirent *e; (e = readdir(dir));)
		files += e->d_name[0] != '.';
	closedir(dir);
	assert_int_equal(files, 1);
	assert_int_equal(stat(sample.path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	unsigned char header[20];
	FILE *f = fopen(sample.path, "r");
	assert_int_equal(fread(header, 1, 20, f), 20);
	fclose(f);
	assert_int_equal(header[18], 1); /* rollback journal: readable in a read-only place */
	store = store_open(sample.path, &interrupted, &err);
	assert_int_equal(interrupted, 0);
}

static void a_reader_does_not_hinder_closing(void **state)
{
	(void)state;
	int interrupted;
	struct run_view v;
	int64_t run = run_of("run", 0);
	struct query *q = query_open(sample.path, &err);
	assert_true(query_run(q, run, &v, &err));
	run_view_free(&v);
	assert_true(store_close(store, &err));
	assert_true(query_run(q, run, &v, &err));
	run_view_free(&v);
	store = store_open(sample.path, &interrupted, &err);
	assert_non_null(store);
	query_close(q);
}

/* The lock keeps writers apart; should it not (a copied file, a broken lock), SQLite still does. */
static void two_openers_do_no_harm(void **state)
{
	(void)state;
	int interrupted;
	struct store *first = store, *second = store_open(sample.path, &interrupted, &err);
	assert_non_null(second);
	int64_t one = run_of("run", 0);
	store = second;
	int64_t two = run_of("run", 0);
	assert_true(one != two);
	assert_int_equal(count_of("SELECT count(*) FROM attempt"), 20);
	assert_true(store_close(second, &err));
	store = first;
	int64_t three = run_of("run", 0);
	assert_true(three > two);
	assert_int_equal(count_of("SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'"), 1);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = {CASE(a_run_comes_back), CASE(phases_and_end_come_back),
	        CASE(attempts_come_back_by_session_and_time), CASE(any_times_survive), CASE(errors_are_grouped),
	        CASE(samples_and_events_come_back), CASE(a_worker_row_is_completed),
	        CASE(an_environment_is_stored_once), CASE(no_sql_text_keeps_names_and_hash),
	        CASE(baseline_and_previous_are_found), CASE(list_is_newest_first), CASE(a_missing_run_is_a_usage_error),
	        CASE(readers_see_a_run_being_written), CASE(a_pooler_gives_attempts_their_own_backend),
	        CASE(an_attempt_without_a_reported_session_is_kept), CASE(a_wrong_ticket_is_refused),
	        CASE(closed_is_one_plain_private_file), CASE(a_reader_does_not_hinder_closing),
	        CASE(two_openers_do_no_harm)};
	return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
