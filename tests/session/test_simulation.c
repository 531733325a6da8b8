/*
 * The session machine over the real libpq against a scripted server, with invented time: SEEDS runs (2,000 when not
 * set; SOAK=1: 50,000). What every one must hold: done means applied exactly once, failed means not applied (but for
 * the first `applied` statements), unknown means either; no ticket is lost, nothing hangs, nothing spins.
 *
 *   test_simulation             the test
 *   test_simulation --seed N    one run: prints its digest, and with -v its events
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <sys/wait.h>

#include "tests/session/world.h"

static const char *self;
static struct server server;
static struct world world;

static void forget_environment(void)
{
	static const char *const names[] = {"PGHOST", "PGHOSTADDR", "PGPORT", "PGDATABASE", "PGUSER", "PGPASSWORD",
	        "PGSERVICE", "PGOPTIONS", "PGAPPNAME", "PGSSLMODE", "PGREQUIREPEER", "PGCHANNELBINDING", "PGGSSENCMODE",
	        "PGTARGETSESSIONATTRS", "PGCONNECT_TIMEOUT", "PGCLIENTENCODING", "PGTZ", "PGDATESTYLE", "PGGEQO"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		unsetenv(names[i]);
	setenv("PGPASSFILE", "/nonexistent", 1);
}

static uint64_t seeds_wanted(void)
{
	const char *seeds = getenv("SEEDS"), *soak = getenv("SOAK");

	if (seeds)
		return strtoull(seeds, NULL, 10);
	return soak && soak[0] && strcmp(soak, "0") != 0 ? 50000 : 2000;
}

static int one(uint64_t seed, bool verbose)
{
	char digest[DIGEST_HEX];

	server_open(&server);
	world_run(&world, &server, seed, digest);
	if (verbose)
		fputs(buf_str(&world.log), stdout);
	printf("seed %llu digest %s%s%s\n", (unsigned long long)seed, digest, world.trouble[0] ? " TROUBLE: " : "",
	        world.trouble);
	seed = world.trouble[0] != 0;
	world_end(&world);
	server_close(&server);
	return (int)seed;
}

/* What another process says of that seed. */
static void digest_elsewhere(uint64_t seed, char *line, size_t size)
{
	char command[512];
	FILE *f;

	snprintf(command, sizeof command, "'%s' --seed %llu", self, (unsigned long long)seed);
	f = popen(command, "r");
	assert_non_null(f);
	assert_non_null(fgets(line, (int)size, f));
	pclose(f);
}

static struct {
	uint64_t attempts, done, failed, unknown, sessions;
} sums;

static void add_up(void)
{
	for (uint32_t t = 0; t < world.plan.ntickets; t++) {
		sums.done += (uint64_t)world.verdicts[t].done;
		sums.failed += (uint64_t)world.verdicts[t].failed;
		sums.unknown += (uint64_t)world.verdicts[t].unknown;
		sums.attempts += (uint64_t)world.verdicts[t].tries;
	}
	sums.sessions += (uint64_t)server.nconns;
}

static void test_done_means_applied_exactly_once(void **state)
{
	uint64_t seeds = seeds_wanted(), bad = 0;
	char digest[DIGEST_HEX];

	(void)state;
	server_open(&server);
	for (uint64_t seed = 1; seed <= seeds; seed++) {
		world_run(&world, &server, seed, digest);
		if (world.trouble[0] && bad++ < 10)
			print_error("seed %llu: %s\n  again: %s --seed %llu\n", (unsigned long long)seed, world.trouble,
			        self, (unsigned long long)seed);
		add_up();
		world_end(&world);
	}
	server_close(&server);
	print_message("%llu runs, %llu sessions, %llu attempts: %llu done, %llu failed, %llu unknown\n",
	        (unsigned long long)seeds, (unsigned long long)sums.sessions, (unsigned long long)sums.attempts,
	        (unsigned long long)sums.done, (unsigned long long)sums.failed, (unsigned long long)sums.unknown);
	assert_int_equal(bad, 0);
	/* A simulation in which nothing goes wrong proves nothing. */
	assert_true(sums.done > 0 && sums.failed * 50 > sums.attempts && sums.unknown * 500 > sums.attempts);
}

static void test_replays_with_the_same_digest_in_another_process(void **state)
{
	char digest[DIGEST_HEX], mine[256], other[256];

	(void)state;
	server_open(&server);
	for (uint64_t seed = 1; seed <= 40; seed++) {
		world_run(&world, &server, seed, digest);
		snprintf(mine, sizeof mine, "seed %llu digest %s\n", (unsigned long long)seed, digest);
		world_end(&world);
		digest_elsewhere(seed, other, sizeof other);
		assert_string_equal(mine, other);
	}
	server_close(&server);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_done_means_applied_exactly_once),
	        cmocka_unit_test(test_replays_with_the_same_digest_in_another_process),
	};

	self = argv[0];
	forget_environment();
	if (argc >= 3 && strcmp(argv[1], "--seed") == 0)
		return one(strtoull(argv[2], NULL, 10), argc > 3);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
