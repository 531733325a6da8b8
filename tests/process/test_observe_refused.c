/*
 * test_observe_refused: what the observer says when it cannot connect, and how often it tries. A scripted server
 * stands in for the states a real one is rarely in (needs a server for the databases that do not exist).
 */
#include "tests/process/observe_play.h"

#include <sys/socket.h>
#include <sys/un.h>

/* Listens on a socket of its own and answers every start-up packet with one error, or with silence. */
struct scripted {
	char dir[64];
	pid_t pid;
	int count_fd; /* one byte for each connection */
	unsigned connections;
};

static void reply(int fd, const char *sqlstate, const char *text)
{
	char message[512], packet[600];
	size_t len = 0;

	len += (size_t)sprintf(message + len, "SFATAL") + 1;
	len += (size_t)sprintf(message + len, "C%s", sqlstate) + 1;
	len += (size_t)sprintf(message + len, "M%s", text) + 1;
	message[len++] = '\0';
	packet[0] = 'E';
	for (int i = 0; i < 4; i++)
		packet[1 + i] = (char)((len + 4) >> (24 - 8 * i));
	memcpy(packet + 5, message, len);
	if (write(fd, packet, len + 5) < 0)
		_exit(1);
}

static void serve(const char *dir, int count_fd, const char *sqlstate)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int listener = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(address.sun_path, sizeof address.sun_path, "%s/.s.PGSQL.5432", dir);
	if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0 || listen(listener, 10) != 0)
		_exit(1);
	if (write(count_fd, "L", 1) != 1)
		_exit(1);
	for (;;) {
		char startup[2000];
		int fd = accept(listener, NULL, NULL);

		if (write(count_fd, "C", 1) != 1)
			_exit(1);
		if (sqlstate == NULL)
			continue; /* kept open, never answered */
		if (read(fd, startup, sizeof startup) > 0)
			reply(fd, sqlstate, "scripted refusal");
		close(fd);
	}
}

static void scripted_begin(struct scripted *s, const char *sqlstate)
{
	int fds[2];
	char ready;

	memset(s, 0, sizeof *s);
	snprintf(s->dir, sizeof s->dir, "/tmp/test_observe.XXXXXX");
	assert_non_null(mkdtemp(s->dir));
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	fflush(NULL);
	s->pid = fork();
	if (s->pid == 0) {
		close(fds[0]);
		serve(s->dir, fds[1], sqlstate);
	}
	close(fds[1]);
	s->count_fd = fds[0];
	assert_int_equal(read(s->count_fd, &ready, 1), 1);
}

static void scripted_end(struct scripted *s)
{
	char path[128], byte;

	kill(s->pid, SIGKILL);
	waitpid(s->pid, NULL, 0);
	while (read(s->count_fd, &byte, 1) == 1)
		s->connections++;
	close(s->count_fd);
	snprintf(path, sizeof path, "%s/.s.PGSQL.5432", s->dir);
	unlink(path);
	rmdir(s->dir);
}

static struct target scripted_target(const struct scripted *s)
{
	struct target t = {.host = s->dir,
	        .port = "5432",
	        .user = "me",
	        .dbname = "mine",
	        .connect_timeout_ns = PLAY_WAIT, /* a refusal is waited for on the slowest machine */
	        .application_name = "pgparallel/play"};

	return t;
}

/* ---- the cases ---- */

static void refused_once_and_for_good(void **state)
{
	static const struct {
		const char *sqlstate;
		int code;
		const char *advice;
	} cases[] = {{"28P01", EXIT_CONNECT, "passfile"}, {"28000", EXIT_CONNECT, "pg_hba.conf"},
	        {"3D000", EXIT_CONNECT, "createdb"}, {"42501", EXIT_CONNECT, "GRANT CONNECT"}};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct scripted s;

		scripted_begin(&s, cases[i].sqlstate);
		play_begin(scripted_target(&s), 100 * NS_PER_MS, 10 * NS_PER_S);
		assert_true(play_until(MSG_FATAL, 1));
		assert_int_equal(WEXITSTATUS(play_end()), cases[i].code);
		scripted_end(&s);
		assert_int_equal(s.connections, 1);
		assert_string_equal(play.fatal.sqlstate, cases[i].sqlstate);
		assert_int_equal(play.fatal.code, cases[i].code);
		assert_non_null(strstr(play.fatal_text, "scripted refusal"));
		assert_non_null(strstr(play.fatal_text, s.dir));
		assert_non_null(strstr(play.fatal_text, cases[i].advice));
	}
}

/* Waits until somebody has connected so often. */
static void scripted_until(struct scripted *s, unsigned connections)
{
	int64_t deadline = clock_now_ns() + PLAY_WAIT;
	struct pollfd p = {.fd = s->count_fd, .events = POLLIN};
	char byte;

	while (s->connections < connections && clock_now_ns() < deadline)
		s->connections += poll(&p, 1, 100) > 0 && read(s->count_fd, &byte, 1) == 1;
	assert_true(s->connections >= connections);
}

static void start_up_is_waited_for_and_said_once(void **state)
{
	struct scripted s;

	(void)state;
	scripted_begin(&s, "57P03");
	play_begin(scripted_target(&s), 100 * NS_PER_MS, 2 * PLAY_WAIT);
	scripted_until(&s, 3);
	assert_int_equal(play_stop(), 0);
	scripted_end(&s);
	assert_int_equal(play.count[MSG_NOTE], 1);
	assert_non_null(strstr(play.notes, "starting up"));
}

static void start_up_is_not_waited_for_for_ever(void **state)
{
	struct scripted s;

	(void)state;
	scripted_begin(&s, "57P03");
	play_begin(scripted_target(&s), 100 * NS_PER_MS, NS_PER_S / 2);
	assert_true(play_until(MSG_FATAL, 1));
	assert_int_equal(WEXITSTATUS(play_end()), EXIT_CONNECT);
	scripted_end(&s);
	assert_string_equal(play.fatal.sqlstate, "57P03");
}

static void crowds_end_it_with_the_limits_code(void **state)
{
	struct scripted s;

	(void)state;
	scripted_begin(&s, "53300");
	play_begin(scripted_target(&s), 100 * NS_PER_MS, NS_PER_S);
	assert_true(play_until(MSG_FATAL, 1));
	assert_int_equal(WEXITSTATUS(play_end()), EXIT_USAGE);
	scripted_end(&s);
	assert_non_null(strstr(play.fatal_text, "max_connections"));
}

static void silence_ends_at_the_connect_timeout(void **state)
{
	int64_t begin = clock_now_ns();
	struct scripted s;
	struct target t;

	(void)state;
	scripted_begin(&s, NULL);
	t = scripted_target(&s);
	t.connect_timeout_ns = NS_PER_S;
	play_begin(t, 100 * NS_PER_MS, 10 * NS_PER_S);
	assert_true(play_until(MSG_FATAL, 1));
	assert_int_equal(WEXITSTATUS(play_end()), EXIT_CONNECT);
	scripted_end(&s);
	assert_non_null(strstr(play.fatal_text, "no answer within 1 s"));
	assert_true(clock_now_ns() - begin < 10 * NS_PER_S);
}

static void nobody_there(void **state)
{
	struct target t = {.host = "/nonexistent", .port = "1", .connect_timeout_ns = NS_PER_S};

	(void)state;
	play_begin(t, 100 * NS_PER_MS, 10 * NS_PER_S);
	assert_true(play_until(MSG_FATAL, 1));
	assert_int_equal(WEXITSTATUS(play_end()), EXIT_CONNECT);
	assert_non_null(strstr(play.fatal_text, "/nonexistent"));
	assert_non_null(strstr(play.fatal_text, "pg_isready"));
	assert_null(strstr(play.fatal_text, "--local"));
}

/* A plain / or @ in a URI's password makes libpq take pieces of it for host, port or database. */
static void pieces_of_a_password_are_not_shown(void **state)
{
	static const char *const strings[] = {"postgresql://someone:s3cret/rest@localhost/db",
	        "postgresql://someone:s%33cret/rest@localhost/db", "postgresql://someone:5432/s3cret@localhost/db",
	        "postgresql://someone:p@s3cret@localhost/db", "postgresql://someone:s3cret@localhost/db?nonsense",
	        "host=localhost password=my s3cret"};

	(void)state;
	for (size_t i = 0; i < sizeof strings / sizeof strings[0]; i++) {
		struct target t = {.dbname = strings[i], .connect_timeout_ns = 5 * NS_PER_S};

		play_begin(t, 100 * NS_PER_MS, 10 * NS_PER_S);
		assert_true(play_until(MSG_FATAL, 1));
		assert_int_equal(WEXITSTATUS(play_end()), EXIT_CONNECT);
		assert_null(strstr(play.fatal_text, "s3cret"));
		assert_null(strstr(play.notes, "s3cret"));
		assert_non_null(strstr(play.fatal_text, "PGPASSWORD"));
	}
}

static void a_name_that_is_none(void **state)
{
	struct target t = {.host = "no-such-host.invalid", .connect_timeout_ns = 5 * NS_PER_S};

	(void)state;
	play_begin(t, 100 * NS_PER_MS, 10 * NS_PER_S);
	assert_true(play_until(MSG_FATAL, 1));
	assert_int_equal(WEXITSTATUS(play_end()), EXIT_CONNECT);
	assert_non_null(strstr(play.fatal_text, "no-such-host.invalid"));
}

static void nothing_given_offers_local(void **state)
{
	struct target t = {.connect_timeout_ns = NS_PER_S};
	PGPing there;

	(void)state;
	for (const char *const *name = (const char *const[]){"PGHOST", "PGHOSTADDR", "PGPORT", "PGSERVICE",
	             "PGDATABASE", "PGUSER", NULL};
	        *name != NULL; name++)
		unsetenv(*name);
	there = PQping("");
	if (there == PQPING_OK || there == PQPING_REJECT)
		skip(); /* a server answers at the default place of this machine */
	play_begin(t, 100 * NS_PER_MS, 10 * NS_PER_S);
	assert_true(play_until(MSG_FATAL, 1));
	assert_int_equal(WEXITSTATUS(play_end()), EXIT_CONNECT);
	assert_non_null(strstr(play.fatal_text, "pgparallel run --local"));
}

static void a_missing_database_of_a_real_server(void **state)
{
	struct target t;

	(void)state;
	if (sandbox == NULL)
		skip();
	t = play_target();
	t.dbname = "nowhere";
	play_begin(t, 100 * NS_PER_MS, 10 * NS_PER_S);
	assert_true(play_until(MSG_FATAL, 1));
	assert_int_equal(WEXITSTATUS(play_end()), EXIT_CONNECT);
	assert_string_equal(play.fatal.sqlstate, "3D000");
	assert_non_null(strstr(play.fatal_text, "\"nowhere\""));
}

static void a_secret_in_the_string_stays_secret(void **state)
{
	struct target t = {.dbname = "host=/nonexistent port=1 password=c4n4ry-s3cret user=me dbname=mine",
	        .connect_timeout_ns = NS_PER_S};

	(void)state;
	play_begin(t, 100 * NS_PER_MS, 10 * NS_PER_S);
	assert_true(play_until(MSG_FATAL, 1));
	play_end();
	assert_null(strstr(play.fatal_text, "c4n4ry"));
	assert_null(strstr(play.notes, "c4n4ry"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {cmocka_unit_test(refused_once_and_for_good),
	        cmocka_unit_test(start_up_is_waited_for_and_said_once),
	        cmocka_unit_test(start_up_is_not_waited_for_for_ever),
	        cmocka_unit_test(crowds_end_it_with_the_limits_code),
	        cmocka_unit_test(silence_ends_at_the_connect_timeout), cmocka_unit_test(nobody_there),
	        cmocka_unit_test(pieces_of_a_password_are_not_shown), cmocka_unit_test(a_name_that_is_none),
	        cmocka_unit_test(nothing_given_offers_local), cmocka_unit_test(a_missing_database_of_a_real_server),
	        cmocka_unit_test(a_secret_in_the_string_stays_secret)};
	int failed;

	signal(SIGPIPE, SIG_IGN);
	sandbox = sandbox_start(NULL, NULL);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	sandbox_stop(sandbox);
	return failed;
}
