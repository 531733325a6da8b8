/*
 * test_store_refuse: files that may not be used are refused with the file's name, the reason and the way out, and not
 * one byte of them is changed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>

#include "reports/store_private.h"
#include "shared/digest.h"
#include "tests/unit/sample_store.h"

static struct sample_store sample;
static struct err err;

static int begin(void **state)
{
	(void)state;
	sample_begin(&sample, 5, 40);
	return 0;
}

static int end(void **state)
{
	(void)state;
	store_statfs = statfs;
	chmod(sample.dir, 0700);
	sample_end(&sample);
	return 0;
}

/* A file with a run in it, closed in order. */
static void make_file(void)
{
	int interrupted;
	struct run_begin b = sample_run_begin(&sample);
	struct store *store = store_open(sample.path, &interrupted, &err);
	assert_non_null(store);
	assert_true(sample_run(&sample, store, &b, 5, &err));
	assert_true(store_close(store, &err));
}

static void hash_of(const char *path, char out[DIGEST_HEX])
{
	struct buf b = {0};
	char part[65536];
	FILE *f = fopen(path, "r");
	assert_non_null(f);
	for (size_t n; (n = fread(part, 1, sizeof part, f)) > 0;)
		buf_append(&b, part, n);
	fclose(f);
	digest_sha256_hex(buf_str(&b), b.len, out);
	buf_free(&b);
}

static void patch(long at, const void *bytes, size_t len)
{
	int fd = open(sample.path, O_WRONLY);
	assert_int_equal(pwrite(fd, bytes, len, at), len);
	close(fd);
}

/* Both ways of opening for writing refuse it with the code and words, and change nothing. */
static void assert_refused(enum exit_code code, const char *words)
{
	char before[DIGEST_HEX], after[DIGEST_HEX];
	int interrupted;
	hash_of(sample.path, before);
	assert_false(store_probe(sample.path, &err));
	assert_int_equal(err.code, code);
	assert_non_null(strstr(err.text, sample.path));
	if (!strstr(err.text, words))
		fail_msg("\"%s\" does not say \"%s\"", err.text, words);
	assert_non_null(strstr(err.text, "--db="));
	assert_null(store_open(sample.path, &interrupted, &err));
	assert_int_equal(err.code, code);
	assert_non_null(strstr(err.text, words));
	hash_of(sample.path, after);
	assert_string_equal(before, after);
}

static void assert_query_refused(enum exit_code code)
{
	char before[DIGEST_HEX], after[DIGEST_HEX];
	struct run_view v;
	hash_of(sample.path, before);
	struct query *q = query_open(sample.path, &err);
	if (q) {
		assert_false(query_run(q, 0, &v, &err));
		query_close(q);
	}
	assert_int_equal(err.code, code);
	assert_non_null(strstr(err.text, sample.path));
	hash_of(sample.path, after);
	assert_string_equal(before, after);
}

static void a_newer_version(void **state)
{
	(void)state;
	make_file();
	patch(60, "\0\0\0\x7f", 4);
	assert_refused(EXIT_STORE, "newer pgparallel");
	assert_query_refused(EXIT_STORE);
}

static void another_programs_database(void **state)
{
	(void)state;
	make_file();
	patch(68, "ABCD", 4);
	assert_refused(EXIT_STORE, "another program");
	assert_query_refused(EXIT_STORE);
}

static void a_text_file(void **state)
{
	(void)state;
	FILE *f = fopen(sample.path, "w");
	fprintf(f, "dear diary\n");
	fclose(f);
	assert_refused(EXIT_STORE, "not a results file");
	assert_query_refused(EXIT_STORE);
}

static void a_cut_off_file(void **state)
{
	(void)state;
	make_file();
	assert_int_equal(truncate(sample.path, 40000), 0);
	assert_refused(EXIT_STORE, "damaged (cut off");
	assert_query_refused(EXIT_STORE);
}

static void a_short_header(void **state)
{
	(void)state;
	make_file();
	assert_int_equal(truncate(sample.path, 50), 0);
	assert_refused(EXIT_STORE, "not a results file");
}

static void a_damaged_schema(void **state)
{
	(void)state;
	char rubbish[2000];
	make_file();
	memset(rubbish, 0x5a, sizeof rubbish);
	patch(100, rubbish, sizeof rubbish);
	assert_refused(EXIT_STORE, "damaged");
	assert_query_refused(EXIT_STORE);
}

static void a_lost_table(void **state)
{
	(void)state;
	sqlite3 *db;
	make_file();
	sqlite3_open(sample.path, &db);
	assert_true(store_db_exec(db, sample.path, "DROP VIEW v_event; DROP TABLE event", &err));
	sqlite3_close(db);
	assert_refused(EXIT_STORE, "no table \"event\"");
}

/* Flipped bytes in the middle are found by quick_check, which runs when the last writer did not close the file. */
static void damage_after_an_unclean_end(void **state)
{
	(void)state;
	char rubbish[30000];
	int interrupted;
	make_file();
	struct store *store = store_open(sample.path, &interrupted, &err);
	struct run_begin b = sample_run_begin(&sample);
	assert_true(store_run_begin(store, &sample.plan, &b, &err));
	assert_true(store_close(store, &err));
	struct stat st;
	assert_int_equal(stat(sample.path, &st), 0);
	memset(rubbish, 0x5a, sizeof rubbish);
	patch((long)st.st_size / 2, rubbish, sizeof rubbish);
	char before[DIGEST_HEX], after[DIGEST_HEX];
	hash_of(sample.path, before);
	assert_null(store_open(sample.path, &interrupted, &err));
	assert_int_equal(err.code, EXIT_STORE);
	assert_non_null(strstr(err.text, "damaged"));
	hash_of(sample.path, after);
	assert_string_equal(before, after);
}

static void random_damage_never_crashes(void **state)
{
	(void)state;
	struct stat st;
	make_file();
	assert_int_equal(stat(sample.path, &st), 0);
	unsigned char *whole = mem_alloc((size_t)st.st_size), *bent = mem_alloc((size_t)st.st_size);
	int fd = open(sample.path, O_RDWR);
	assert_int_equal(pread(fd, whole, (size_t)st.st_size, 0), st.st_size);
	uint64_t x = 12345;
	for (int round = 0; round < 300; round++) {
		memcpy(bent, whole, (size_t)st.st_size);
		for (int i = 0; i < 1 + round % 40; i++) {
			x = x * UINT64_C(6364136223846793005) + 1442695040888963407u;
			bent[(x >> 20) % (uint64_t)st.st_size] = (unsigned char)(x >> 56);
		}
		assert_int_equal(pwrite(fd, bent, (size_t)st.st_size, 0), st.st_size);
		struct run_view v;
		struct query *q = query_open(sample.path, &err);
		if (q && query_run(q, 1, &v, &err))
			run_view_free(&v);
		query_close(q);
		store_probe(sample.path, &err);
	}
	close(fd);
	free(whole);
	free(bent);
}

static void a_symbolic_link(void **state)
{
	(void)state;
	char target[128];
	make_file();
	snprintf(target, sizeof target, "%s/real.db", sample.dir);
	assert_int_equal(rename(sample.path, target), 0);
	assert_int_equal(symlink(target, sample.path), 0);
	assert_refused(EXIT_USAGE, "symbolic link");
	assert_query_refused(EXIT_USAGE);
}

static void a_linked_folder_is_fine(void **state)
{
	(void)state;
	char link[128], path[160];
	int interrupted;
	snprintf(link, sizeof link, "%s/link", sample.dir);
	assert_int_equal(symlink(sample.dir, link), 0);
	snprintf(path, sizeof path, "%s/runs.db", link);
	assert_true(store_probe(path, &err));
	struct store *store = store_open(path, &interrupted, &err);
	assert_non_null(store);
	assert_true(store_close(store, &err));
}

static void a_folder_or_a_device(void **state)
{
	(void)state;
	assert_int_equal(mkdir(sample.path, 0700), 0);
	assert_false(store_probe(sample.path, &err));
	assert_int_equal(err.code, EXIT_USAGE);
	assert_non_null(strstr(err.text, "not a plain file"));
	rmdir(sample.path);
	assert_false(store_probe("/dev/null", &err));
	assert_int_equal(err.code, EXIT_USAGE);
}

static void a_missing_folder(void **state)
{
	(void)state;
	int interrupted;
	assert_false(store_probe("/nonexistent-folder/runs.db", &err));
	assert_int_equal(err.code, EXIT_USAGE);
	assert_non_null(strstr(err.text, "/nonexistent-folder"));
	assert_null(store_open("/nonexistent-folder/runs.db", &interrupted, &err));
	assert_false(store_probe(sample.dir[0] ? "" : "x", &err));
	assert_int_equal(err.code, EXIT_USAGE);
}

static unsigned long pretended;
static int pretend_statfs(const char *path, struct statfs *fs)
{
	int rc = statfs(path, fs);
	memcpy(&fs->f_type, &pretended, sizeof pretended);
	return rc;
}

static void network_file_systems(void **state)
{
	(void)state;
	static const struct {
		unsigned long type;
		const char *name;
	} cases[] = {{0x6969, "(NFS)"}, {0x517b, "(SMB)"}, {0xff534d42, "(CIFS)"}, {0xfe534d42, "(SMB2)"},
	        {0x65735546, "(FUSE)"}, {0xffffffffff534d42, "(CIFS)"}};
	make_file();
	store_statfs = pretend_statfs;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		pretended = cases[i].type;
		assert_refused(EXIT_USAGE, cases[i].name);
	}
	pretended = 0xef53; /* ext4 */
	assert_true(store_probe(sample.path, &err));
}

/* Runs the probe as somebody who is not root; 0 = allowed, else the exit code. */
static int probe_as(uid_t uid, const char *words)
{
	pid_t child = fork();
	if (child == 0) {
		if (uid != geteuid() && (setgid(uid) != 0 || setuid(uid) != 0))
			_exit(99);
		if (store_probe(sample.path, &err))
			_exit(0);
		_exit(strstr(err.text, words) && strstr(err.text, sample.path) ? (int)err.code : 98);
	}
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void a_read_only_folder(void **state)
{
	(void)state;
	uid_t uid = geteuid() ? geteuid() : 65534;
	make_file();
	assert_int_equal(chmod(sample.dir, 0555), 0);
	assert_int_equal(probe_as(uid, "not writable"), EXIT_USAGE);
}

static void a_read_only_file(void **state)
{
	(void)state;
	uid_t uid = geteuid() ? geteuid() : 65534;
	make_file();
	if (!geteuid())
		assert_int_equal(chown(sample.path, uid, uid) | chown(sample.dir, uid, uid), 0);
	assert_int_equal(chmod(sample.path, 0400), 0);
	assert_int_equal(probe_as(uid, "not writable"), EXIT_USAGE);
}

static void another_owner(void **state)
{
	(void)state;
	make_file();
	if (geteuid()) {
		print_message("SKIP another_owner: needs root\n");
		skip();
	}
	assert_int_equal(chown(sample.path, 65534, 65534), 0);
	assert_refused(EXIT_USAGE, "belongs to another user");
}

static void a_fresh_place_is_allowed_and_left_empty(void **state)
{
	(void)state;
	struct stat st;
	assert_true(store_probe(sample.path, &err));
	assert_int_equal(stat(sample.path, &st), -1);
	assert_null(query_open(sample.path, &err));
	assert_int_equal(err.code, EXIT_USAGE);
	assert_non_null(strstr(err.text, "no results file"));
	assert_int_equal(stat(sample.path, &st), -1);
}

static void an_empty_file_becomes_a_store(void **state)
{
	(void)state;
	int interrupted;
	fclose(fopen(sample.path, "w"));
	assert_true(store_probe(sample.path, &err));
	struct store *store = store_open(sample.path, &interrupted, &err);
	assert_non_null(store);
	assert_true(store_close(store, &err));
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = {CASE(a_newer_version), CASE(another_programs_database), CASE(a_text_file),
	        CASE(a_cut_off_file), CASE(a_short_header), CASE(a_damaged_schema), CASE(a_lost_table),
	        CASE(damage_after_an_unclean_end), CASE(random_damage_never_crashes), CASE(a_symbolic_link),
	        CASE(a_linked_folder_is_fine), CASE(a_folder_or_a_device), CASE(a_missing_folder),
	        CASE(network_file_systems), CASE(a_read_only_folder), CASE(a_read_only_file), CASE(another_owner),
	        CASE(a_fresh_place_is_allowed_and_left_empty), CASE(an_empty_file_becomes_a_store)};
	return cmocka_run_group_tests_name("store refusals", tests, NULL, NULL);
}
