/*
 * test_observe: the observer on a throwaway server (needs a server): facts, samples, cancelling, ending, the last
 * look. The refusals and PgBouncer are in test_observe_refused.c and test_observe_pooled.c.
 */
#include "tests/process/observe_play.h"

static void tells_facts(void **state)
{
	const struct server_facts *f = &play.facts;

	(void)state;
	play_begin(play_target(), 100 * NS_PER_MS, 0);
	assert_true(play_facts());
	assert_true(f->direct);
	assert_true(f->superuser);
	assert_true(f->version_num >= 120000);
	assert_int_equal(strncmp(f->version, "PostgreSQL ", 11), 0);
	assert_null(strchr(f->version + 11, ' '));
	assert_int_equal(f->max_connections, 300);
	assert_int_equal(f->reserved_connections, 0);
	assert_true(f->used_connections >= 1);
	assert_true(f->start_ns > 0 && f->start_ns <= f->resolved_ns && f->resolved_ns <= f->connected_ns &&
	            f->connected_ns <= f->ready_ns);
	assert_true(f->rtt_ns > 0);
	assert_true(f->marker_ns > 0 && f->marker_ns < 5 * NS_PER_S);
	assert_true(f->postmaster_start_us > INT64_C(1600000000000000));
	assert_string_equal(f->host, sandbox_host(sandbox));
	assert_string_equal(f->hostaddr, "");
	assert_string_equal(f->port, sandbox_port(sandbox));
	assert_string_equal(f->user, "postgres");
	assert_string_equal(f->dbname, "postgres");
	assert_string_equal(f->tls, "");
	assert_string_equal(fact("encoding"), "UTF8");
	assert_string_equal(fact("fsync"), "off");
	assert_string_equal(fact("connection_limit_from"), "max_connections");
	assert_true(atoi(fact("server_cpus")) >= 1);
	assert_string_not_equal(fact("time_zone"), "");
	assert_int_equal(play_stop(), 0);
	assert_int_equal(play.count[MSG_USAGE], 1);
}

static void tells_what_a_plain_role_may_use(void **state)
{
	PGconn *admin = session_named("admin");
	struct target t = play_target();

	(void)state;
	sql(admin, "create role plain login");
	t.user = "plain";
	play_begin(t, 100 * NS_PER_MS, 0);
	assert_true(play_facts());
	assert_false(play.facts.superuser);
	assert_int_equal(play.facts.max_connections, 300);
	assert_int_equal(play.facts.reserved_connections, 3);
	assert_string_equal(fact("server_cpus"), "");
	assert_int_equal(play_stop(), 0);
	sql(admin, "alter role plain connection limit 7");
	sql_until(
	        admin, "select case when count(*) = 0 then 1 else 0 end from pg_stat_activity where usename = 'plain'");
	play_begin(t, 100 * NS_PER_MS, 0);
	assert_true(play_facts());
	assert_int_equal(play.facts.max_connections, 7);
	assert_int_equal(play.facts.reserved_connections, 0);
	assert_int_equal(play.facts.used_connections, 1);
	assert_string_equal(fact("connection_limit_from"), "connection limit of role plain");
	assert_int_equal(play_stop(), 0);
	sql(admin, "drop role plain");
	PQfinish(admin);
}

/* Waits until the observer has begun so many more looks, by the times at which its queries began. */
static void more_looks(PGconn *admin, int count)
{
	char text[300];
	int64_t deadline = clock_now_ns() + PLAY_WAIT, last = 0;

	snprintf(text, sizeof text,
	        "select coalesce(max((extract(epoch from query_start) * 1000000)::bigint), 0) from pg_stat_activity"
	        " where application_name = 'pgparallel/play' and query like 'with l as%%'");
	while (count > 0) {
		int64_t begun = sql_int(admin, text);

		count -= begun != last;
		last = begun;
		if (clock_now_ns() > deadline)
			fail_msg("the observer does not look");
		poll(NULL, 0, 1);
	}
}

/* a holds the lock, b waits for it while the observer looks several times. */
static void wait_for_a_lock(PGconn *a, PGconn *b, PGconn *admin)
{
	PGresult *result;

	sql(a, "select pg_advisory_lock(1)");
	assert_int_equal(PQsendQuery(b, "select pg_advisory_lock(1), pg_advisory_unlock(1)"), 1);
	sql_until(admin, "select count(*) from pg_locks where locktype = 'advisory' and not granted");
	more_looks(admin, 8);
	sql(a, "select pg_advisory_unlock(1)");
	result = PQgetResult(b);
	assert_int_equal(PQresultStatus(result), PGRES_TUPLES_OK);
	PQclear(result);
	PQclear(PQgetResult(b));
}

/* A stretch of two looks or more: looks that come late on a loaded machine do not make one. And the server needs a
 * moment to write down since when somebody waits. */
static const struct sample *lock_stretch(int32_t pid)
{
	for (size_t i = 0; i < play.nsamples; i++)
		if (play.samples[i].backend_pid == pid && strcmp(play.samples[i].wait_type, "Lock") == 0 &&
		        play.samples[i].count >= 2 &&
		        (play.samples[i].lock_wait_us > 0 || play.facts.version_num < 140000))
			return &play.samples[i];
	return NULL;
}

static void samples_show_who_waits_for_whom(void **state)
{
	PGconn *a = session_named("pgparallel/play"), *b = session_named("pgparallel/play");
	PGconn *admin = session_named("admin");
	int64_t start_a = own_start(a), start_b = own_start(b), deadline = clock_now_ns() + PLAY_WAIT;
	int32_t pid_a = PQbackendPID(a);
	const struct sample *found = NULL;

	(void)state;
	play_begin(play_target(), 20 * NS_PER_MS, 0);
	assert_true(play_facts());
	fill_slot(0, a, start_a);
	fill_slot(1, b, start_b);
	while (found == NULL && clock_now_ns() < deadline) {
		wait_for_a_lock(a, b, admin);
		for (int i = 0; i < 10 && (found = lock_stretch(PQbackendPID(b))) == NULL; i++)
			play_listen(100 * NS_PER_MS);
	}
	assert_non_null(found);
	assert_string_equal(found->state, "active");
	assert_string_equal(found->wait_event, "advisory");
	assert_int_equal(found->nblockers, 1);
	assert_int_equal(found->blockers[0], pid_a);
	assert_true(found->first_us < found->last_us);
	assert_true(found->query_start_us > 0 && found->query_start_us <= found->first_us);
	if (play.facts.version_num >= 140000)
		assert_true(found->lock_wait_us >= found->query_start_us && found->lock_wait_us <= found->first_us);
	play_plain(MSG_SWEEP);
	PQfinish(a);
	PQfinish(b);
	assert_int_equal(play_end(), 0);
	assert_true(play.swept.samples >= 5);
	assert_int_equal(play.swept.left, 0);
	PQfinish(admin);
}

static void stretches_end_with_the_run(void **state)
{
	PGconn *a = session_named("pgparallel/play");
	int64_t deadline = clock_now_ns() + PLAY_WAIT;
	size_t before;

	(void)state;
	play_begin(play_target(), 10 * NS_PER_MS, 0);
	assert_true(play_facts());
	fill_slot(0, a, own_start(a));
	while (play.nsamples == 0 && clock_now_ns() < deadline) {
		sql(a, "select pg_sleep(0.1)");
		play_listen(NS_PER_MS);
	}
	before = play.nsamples;
	assert_true(before > 0);
	assert_int_equal(play_stop(), 0);
	assert_true(play.nsamples > before); /* the one that was still open */
	assert_int_equal(play.samples[play.nsamples - 1].backend_pid, PQbackendPID(a));
	PQfinish(a);
}

static void cancels_only_the_one_meant(void **state)
{
	PGconn *a = session_named("other"), *admin = session_named("admin");
	int64_t start = own_start(a);
	char text[200];
	PGresult *result;

	(void)state;
	play_begin(play_target(), 100 * NS_PER_MS, 0);
	assert_true(play_facts());
	assert_int_equal(PQsendQuery(a, "select pg_sleep(60)"), 1);
	snprintf(text, sizeof text, "select count(*) from pg_stat_activity where pid = %d and wait_event = 'PgSleep'",
	        PQbackendPID(a));
	sql_until(admin, text);
	/* A backend_start that is not this one's: whoever it was, he is gone. Then two requests that must come true. */
	play_backend(MSG_CANCEL, PQbackendPID(a), start - 5000000, 0);
	play_backend(MSG_TERMINATE, PQbackendPID(a), start - 5000000, 7);
	assert_true(play_until(MSG_GONE, 1));
	assert_true(play.gone[0].gone);
	assert_int_equal(play.gone[0].token, 7);
	assert_int_equal(sql_int(admin, text), 1);
	play_backend(MSG_CANCEL, PQbackendPID(a), start, 0);
	result = PQgetResult(a);
	assert_string_equal(PQresultErrorField(result, PG_DIAG_SQLSTATE), "57014");
	PQclear(result);
	assert_int_equal(play_stop(), 0);
	PQfinish(a);
	PQfinish(admin);
}

static pid_t stopped_client(PGconn *admin, int32_t *pid, int64_t *start)
{
	char text[300];
	int fds[2];
	pid_t child;

	assert_int_equal(pipe(fds), 0);
	child = fork();
	if (child == 0) {
		PGconn *conn = session_named("stopped");
		int32_t own = PQbackendPID(conn);

		PQsendQuery(conn, "select pg_sleep(60)");
		if (write(fds[1], &own, sizeof own) != sizeof own)
			_exit(1);
		for (;;)
			pause();
	}
	assert_int_equal(read(fds[0], pid, sizeof *pid), sizeof *pid);
	close(fds[0]);
	close(fds[1]);
	kill(child, SIGSTOP);
	snprintf(text, sizeof text, "select count(*) from pg_stat_activity where pid = %d and wait_event = 'PgSleep'",
	        *pid);
	sql_until(admin, text);
	snprintf(text, sizeof text,
	        "select (extract(epoch from backend_start) * 1000000)::bigint from pg_stat_activity where pid = %d",
	        *pid);
	*start = sql_int(admin, text);
	return child;
}

static void ends_backends_of_stopped_clients(void **state)
{
	PGconn *admin = session_named("admin");
	pid_t clients[3];
	int32_t pids[3];
	int64_t starts[3];

	(void)state;
	for (int i = 0; i < 3; i++)
		clients[i] = stopped_client(admin, &pids[i], &starts[i]);
	play_begin(play_target(), 100 * NS_PER_MS, 0);
	assert_true(play_facts());
	for (int i = 0; i < 3; i++)
		play_backend(MSG_TERMINATE, pids[i], starts[i], (uint32_t)i + 100);
	play_backend(MSG_TERMINATE, 1, 1, 200); /* never was there */
	assert_true(play_until(MSG_GONE, 4));
	for (int i = 0; i < 4; i++)
		assert_true(play.gone[i].gone);
	assert_int_equal(sql_int(admin, "select count(*) from pg_stat_activity where application_name = 'stopped'"), 0);
	assert_int_equal(play_stop(), 0);
	for (int i = 0; i < 3; i++) {
		kill(clients[i], SIGKILL);
		waitpid(clients[i], NULL, 0);
	}
	PQfinish(admin);
}

static void a_backend_that_stays_is_not_called_gone(void **state)
{
	PGconn *a = session_named("stays");
	int64_t start = own_start(a);
	int32_t pid = PQbackendPID(a);

	(void)state;
	play_begin(play_target(), 100 * NS_PER_MS, 0);
	assert_true(play_facts());
	kill(pid, SIGSTOP);
	play_backend(MSG_TERMINATE, pid, start, 5);
	assert_true(play_until(MSG_GONE, 1));
	kill(pid, SIGCONT);
	assert_false(play.gone[0].gone);
	assert_int_equal(play_stop(), 0);
	PQfinish(a);
}

static int64_t counted(const char *name, bool after)
{
	const struct msg_counters *m = &play.counters[after];

	for (uint32_t i = 0; i < m->count; i++)
		if (strcmp(m->items[i].name, name) == 0)
			return m->items[i].value;
	fail_msg("no counter %s", name);
	return -1;
}

static void sweep_finds_nothing_after_a_good_run(void **state)
{
	PGconn *foreign = session_named("foreign");

	(void)state;
	assert_int_equal(PQsendQuery(foreign, "select pg_sleep(3)"), 1);
	play_begin(play_target(), 100 * NS_PER_MS, 0);
	assert_true(play_facts());
	play_plain(MSG_SWEEP);
	assert_int_equal(play_end(), 0);
	assert_int_equal(play.count[MSG_SWEPT], 1);
	assert_int_equal(play.count[MSG_USAGE], 1);
	assert_true(play.swept.connected);
	assert_int_equal(play.swept.found, 0);
	assert_int_equal(play.swept.left, 0);
	assert_int_equal(play.count[MSG_COUNTERS], 2);
	assert_false(play.counters[0].after);
	assert_true(counted("db_commits", true) >= counted("db_commits", false));
	assert_true(counted("db_commits", false) > 0);
	assert_true(counted("checkpoints_timed", true) >= 0);
	assert_int_equal(counted("server_started_unix_us", true), play.facts.postmaster_start_us);
	PQclear(PQgetResult(foreign)); /* was left alone */
	PQfinish(foreign);
}

/* Two that run on: one has the run's name, one stood in a slot and took another name. */
static void sweep_ends_what_is_left(void **state)
{
	PGconn *named = session_named("pgparallel/play"), *renamed = session_named("renamed");
	PGconn *admin = session_named("admin");

	(void)state;
	play_begin(play_target(), 20 * NS_PER_MS, 0);
	assert_true(play_facts());
	fill_slot(0, renamed, own_start(renamed));
	assert_int_equal(PQsendQuery(named, "select pg_sleep(60)"), 1);
	assert_int_equal(PQsendQuery(renamed, "select pg_sleep(60)"), 1);
	sql_until(admin, "select count(*) / 2 from pg_stat_activity where wait_event = 'PgSleep'");
	play_plain(MSG_SWEEP);
	assert_int_equal(play_end(), 0);
	assert_true(play.swept.connected);
	assert_int_equal(play.swept.found, 2);
	assert_int_equal(play.swept.cancelled, 2);
	assert_int_equal(play.swept.left, 0);
	assert_int_equal(sql_int(admin, "select count(*) from pg_stat_activity where wait_event = 'PgSleep'"), 0);
	PQfinish(named);
	PQfinish(renamed);
	PQfinish(admin);
}

static void connects_again(void **state)
{
	PGconn *a = session_named("pgparallel/play"), *admin = session_named("admin");
	int64_t deadline;

	(void)state;
	play_begin(play_target(), 20 * NS_PER_MS, 0);
	assert_true(play_facts());
	fill_slot(0, a, own_start(a));
	sql_until(admin,
	        "select count(*) from pg_stat_activity where application_name = 'pgparallel/play' and pid not in"
	        " (select pid from pg_stat_activity where state = 'idle' and query like '%backend_start%')"
	        " and query like 'with l as%'");
	sql(admin,
	        "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'pgparallel/play' and"
	        " query like 'with l as%'");
	deadline = clock_now_ns() + PLAY_WAIT;
	while (strstr(play.notes, "connected again") == NULL && clock_now_ns() < deadline)
		play_listen(100 * NS_PER_MS);
	assert_non_null(strstr(play.notes, "lost its session"));
	assert_non_null(strstr(play.notes, "connected again"));
	PQfinish(a);
	play_plain(MSG_SWEEP);
	assert_int_equal(play_end(), 0);
	assert_true(play.swept.connected);
	assert_false(play.swept.restarted);
	assert_true(play.swept.dropped > 0);
	PQfinish(admin);
}

/* Another postmaster on the same data: a run across it is not one measurement. */
static void notices_a_restart(void **state)
{
	char program[PATH_MAX], sockets[PATH_MAX], log[PATH_MAX];
	char *const argv[] = {
	        program, "-D", sandbox->data, "-p", sandbox->port, "-c", "listen_addresses=", "-c", sockets, NULL};
	int64_t deadline;
	struct err err;

	(void)state;
	snprintf(program, sizeof program, "%s/postgres", sandbox->bin);
	snprintf(sockets, sizeof sockets, "unix_socket_directories=%s", sandbox->top);
	snprintf(log, sizeof log, "%s/again.log", sandbox->top);
	play_begin(play_target(), 20 * NS_PER_MS, 0);
	assert_true(play_facts());
	sandbox_end_server(sandbox);
	if (!sandbox_start_server(sandbox, argv, log, &err) || !sandbox_wait_ready(sandbox, log, &err))
		fail_msg("%s", err.text);
	deadline = clock_now_ns() + PLAY_WAIT;
	while (strstr(play.notes, "connected again") == NULL && clock_now_ns() < deadline)
		play_listen(100 * NS_PER_MS);
	assert_non_null(strstr(play.notes, "the server was restarted"));
	play_plain(MSG_SWEEP);
	assert_int_equal(play_end(), 0);
	assert_true(play.swept.connected);
	assert_true(play.swept.restarted);
	assert_true(play.swept.dropped > 0);
}

/* The server is down for good: the last look answers all the same. */
static void a_dead_server_holds_up_nothing(void **state)
{
	int64_t begin;

	(void)state;
	play_begin(play_target(), 20 * NS_PER_MS, 0);
	assert_true(play_facts());
	sandbox_end_server(sandbox);
	play_backend(MSG_TERMINATE, 4711, 1, 3);
	begin = clock_now_ns();
	assert_true(play_until(MSG_GONE, 1));
	assert_false(play.gone[0].gone);
	play_plain(MSG_SWEEP);
	assert_int_equal(play_end(), 0);
	assert_true(clock_now_ns() - begin < PLAY_WAIT);
	assert_int_equal(play.count[MSG_SWEPT], 1);
	assert_false(play.swept.connected);
	assert_true(play.swept.dropped > 0);
}

static void ends_with_its_parent(void **state)
{
	(void)state;
	play_begin(play_target(), 100 * NS_PER_MS, 0);
	assert_true(play_facts());
	close(play.chan.write_fd);
	play.chan.write_fd = -1;
	assert_true(WIFEXITED(play_end()));
	assert_int_equal(play.count[MSG_USAGE], 0);
}

int main(void)
{
#define ALONE(test) cmocka_unit_test_setup(test, play_alone)
	static const struct CMUnitTest tests[] = {ALONE(tells_facts), ALONE(tells_what_a_plain_role_may_use),
	        ALONE(samples_show_who_waits_for_whom), ALONE(stretches_end_with_the_run),
	        ALONE(cancels_only_the_one_meant), ALONE(ends_backends_of_stopped_clients),
	        ALONE(a_backend_that_stays_is_not_called_gone), ALONE(sweep_finds_nothing_after_a_good_run),
	        ALONE(sweep_ends_what_is_left), ALONE(connects_again), ALONE(ends_with_its_parent),
	        ALONE(notices_a_restart), ALONE(a_dead_server_holds_up_nothing)}; /* the last one leaves no server */
	struct err err;
	int failed;

	signal(SIGPIPE, SIG_IGN);
	sandbox = sandbox_start(NULL, &err);
	if (sandbox == NULL) {
		printf("not ok 1 - %s\n", err.text);
		return 1;
	}
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	sandbox_stop(sandbox);
	return failed;
}
