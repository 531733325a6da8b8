/*
 * test_observe_pooled: the observer through PgBouncer in transaction mode with one server connection (needs a server
 * and the program pgbouncer; skipped without): it says so, sets nothing, touches no backend and never waits.
 */
#include "tests/process/observe_play.h"

#include <sys/socket.h>
#include <sys/un.h>

static char pooler_dir[64];
static pid_t pooler;
static const char pooler_port[] = "6432";

static bool pooler_answers(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool connected;

	snprintf(address.sun_path, sizeof address.sun_path, "%s/.s.PGSQL.%s", pooler_dir, pooler_port);
	connected = connect(fd, (struct sockaddr *)&address, sizeof address) == 0;
	close(fd);
	return connected;
}

static bool pooler_begin(void)
{
	const struct account *account = &sandbox->account;
	char path[128];
	int64_t deadline = clock_now_ns() + PLAY_WAIT;
	FILE *file;

	snprintf(pooler_dir, sizeof pooler_dir, "/tmp/test_pooler.XXXXXX");
	if (mkdtemp(pooler_dir) == NULL)
		return false;
	snprintf(path, sizeof path, "%s/pgbouncer.ini", pooler_dir);
	file = fopen(path, "w");
	fprintf(file,
	        "[databases]\npostgres = host=%s port=%s user=postgres dbname=postgres\n[pgbouncer]\n"
	        "pool_mode = transaction\ndefault_pool_size = 1\nauth_type = any\nlisten_addr =\nlisten_port = %s\n"
	        "unix_socket_dir = %s\nlogfile = %s/log\n",
	        sandbox_host(sandbox), sandbox_port(sandbox), pooler_port, pooler_dir, pooler_dir);
	fclose(file);
	if (account->drop &&
	        (chown(path, account->uid, account->gid) != 0 || chown(pooler_dir, account->uid, account->gid) != 0))
		return false;
	fflush(NULL);
	pooler = fork();
	if (pooler == 0) {
		int null = open("/dev/null", O_RDWR);

		dup2(null, 1);
		dup2(null, 2);
		if (account->drop && (setgid(account->gid) != 0 || setuid(account->uid) != 0))
			_exit(1);
		execlp("pgbouncer", "pgbouncer", path, (char *)NULL);
		execl("/usr/sbin/pgbouncer", "pgbouncer", path, (char *)NULL);
		_exit(127);
	}
	while (!pooler_answers()) {
		if (waitpid(pooler, NULL, WNOHANG) == pooler || clock_now_ns() > deadline)
			return false;
		poll(NULL, 0, 10);
	}
	return true;
}

static void pooler_end(void)
{
	char command[128];

	if (pooler > 0) {
		kill(pooler, SIGTERM);
		waitpid(pooler, NULL, 0);
	}
	snprintf(command, sizeof command, "rm -rf %s", pooler_dir);
	if (pooler_dir[0] != '\0' && system(command) != 0)
		fprintf(stderr, "%s was not removed\n", pooler_dir);
}

static struct target pooled_target(void)
{
	struct target t = play_target();

	t.host = pooler_dir;
	t.port = pooler_port;
	return t;
}

static void says_that_something_is_in_between(void **state)
{
	PGconn *admin = session_named("admin"), *other;

	(void)state;
	play_begin(pooled_target(), 50 * NS_PER_MS, 0);
	assert_true(play_facts());
	assert_false(play.facts.direct);
	assert_int_equal(play.facts.max_connections, 300);
	assert_true(play.facts.rtt_ns > 0 && play.facts.marker_ns > 0);
	assert_int_equal(play_stop(), 0);
	/* Nothing prepared was left on the server connection, which another client gets now. */
	other = session_to(pooler_dir, pooler_port, "other");
	assert_int_equal(sql_int(other, "select count(*) from pg_prepared_statements"), 0);
	assert_int_equal(sql_int(other, "select count(*) from pg_settings where source = 'session'"),
	        sql_int(other, "select count(*) from pg_settings where source = 'session' and name in"
	                       " ('application_name', 'client_encoding', 'DateStyle', 'TimeZone',"
	                       " 'standard_conforming_strings', 'extra_float_digits')"));
	PQfinish(other);
	PQfinish(admin);
}

static void a_busy_pool_drops_samples_and_holds_up_nothing(void **state)
{
	PGconn *holder = session_to(pooler_dir, pooler_port, "holder");
	int64_t begin, deadline = clock_now_ns() + PLAY_WAIT;
	long turns;

	(void)state;
	play_begin(pooled_target(), 20 * NS_PER_MS, 0);
	assert_true(play_facts());
	sql(holder, "begin");
	fill_slot(0, holder, 0);
	atomic_store(&shm_slot(play.shm, 0)->backend_pid, (int32_t)sql_int(holder, "select pg_backend_pid()"));
	/* Several samples become due, of which the first one gets no answer. */
	for (turns = play_turns(); play_turns() < turns + 20 && clock_now_ns() < deadline;)
		play_listen(20 * NS_PER_MS);
	play_backend(MSG_TERMINATE, (int32_t)sql_int(holder, "select pg_backend_pid()"), 1, 9);
	assert_true(play_until(MSG_GONE, 1)); /* answered although the pool is busy */
	assert_false(play.gone[0].gone);
	begin = clock_now_ns();
	play_plain(MSG_SWEEP);
	assert_int_equal(play_end(), 0);
	assert_true(clock_now_ns() - begin < PLAY_WAIT);
	assert_int_equal(play.count[MSG_SWEPT], 1);
	assert_false(play.swept.connected);
	assert_true(play.swept.dropped > 5);
	sql(holder, "commit"); /* the holder was not touched */
	PQfinish(holder);
}

static void sweep_through_a_free_pool(void **state)
{
	(void)state;
	play_begin(pooled_target(), 20 * NS_PER_MS, 0);
	assert_true(play_facts());
	play_plain(MSG_SWEEP);
	assert_int_equal(play_end(), 0);
	assert_true(play.swept.connected);
	assert_int_equal(play.swept.found, 0);
	assert_int_equal(play.swept.left, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {cmocka_unit_test(says_that_something_is_in_between),
	        cmocka_unit_test(a_busy_pool_drops_samples_and_holds_up_nothing),
	        cmocka_unit_test(sweep_through_a_free_pool)};
	struct err err;
	int failed = 0;

	signal(SIGPIPE, SIG_IGN);
	sandbox = sandbox_start(NULL, &err);
	if (sandbox == NULL) {
		printf("not ok 1 - %s\n", err.text);
		return 1;
	}
	if (pooler_begin())
		failed = cmocka_run_group_tests(tests, NULL, NULL);
	else
		printf("ok 1 - observer through a pooler # SKIP pgbouncer does not start\n");
	pooler_end();
	sandbox_stop(sandbox);
	return failed;
}
