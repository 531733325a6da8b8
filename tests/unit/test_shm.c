/*
 * test_shm: the layout of the shared memory, its first values, and that a child's writes are seen.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shared/attempt.h"
#include "shared/shm.h"

static void begins_empty(void **state)
{
	struct err err;
	struct shm *shm = shm_map(3, 40, 5, &err);

	(void)state;
	assert_non_null(shm);
	assert_int_equal(shm->nsessions, 3);
	assert_int_equal(shm->npositions, 40);
	assert_int_equal(shm->ntasks, 5);
	assert_int_equal(shm->limit, 0);
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(shm_slot(shm, i)->stage, SLOT_EMPTY);
		assert_int_equal(shm_slot(shm, i)->ticket, SLOT_NO_TICKET);
		assert_true(shm_slot(shm, i)->deadline_ns == INT64_MAX);
		assert_int_equal((uintptr_t)shm_slot(shm, i) % 128, 0);
	}
	for (uint32_t i = 0; i < 5; i++)
		assert_int_equal(*shm_skip(shm, i), 0);
	shm_unmap(shm);
}

static void parts_do_not_overlap(void **state)
{
	struct err err;
	struct shm *shm = shm_map(2, 1, 2, &err);

	(void)state;
	assert_true((char *)shm_slot(shm, 0) >= (char *)shm + sizeof *shm);
	assert_int_equal((char *)shm_slot(shm, 1) - (char *)shm_slot(shm, 0), sizeof(struct slot));
	assert_true((char *)shm_skip(shm, 0) >= (char *)shm_slot(shm, 1) + sizeof(struct slot));
	assert_int_equal((char *)shm_skip(shm, 1) - (char *)shm_skip(shm, 0), 1);
	shm_unmap(shm);
}

static void a_child_writes_the_parent_reads(void **state)
{
	struct err err;
	struct shm *shm = shm_map(1, 1, 1, &err);
	int status;
	pid_t pid = fork();

	(void)state;
	if (pid == 0) {
		atomic_store(&shm_slot(shm, 0)->ticket, 7);
		slot_stage(shm_slot(shm, 0), SLOT_SENT, 12345);
		atomic_fetch_add(&shm->next, 2);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	assert_int_equal(shm_slot(shm, 0)->stage, SLOT_SENT);
	assert_int_equal(shm_slot(shm, 0)->since_ns, 12345);
	assert_int_equal(shm_slot(shm, 0)->ticket, 7);
	assert_int_equal(shm->next, 2);
	shm_unmap(shm);
}

static void impossible_size_is_refused_with_a_remedy(void **state)
{
	struct err err;

	(void)state;
	struct rlimit old, tight;

	getrlimit(RLIMIT_AS, &old);
	tight = old;
	tight.rlim_cur = 1 << 20; /* less than is in use: nothing more is given */
	setrlimit(RLIMIT_AS, &tight);
	struct shm *shm = shm_map(1000000, 1, 1, &err);

	setrlimit(RLIMIT_AS, &old);
	assert_null(shm);
	assert_int_equal(err.code, EXIT_USAGE);
	assert_non_null(strstr(err.text, "-c"));
}

static void names(void **state)
{
	(void)state;
	assert_string_equal(outcome_name(OUTCOME_DONE), "done");
	assert_string_equal(outcome_name(OUTCOME_FAILED), "failed");
	assert_string_equal(outcome_name(OUTCOME_UNKNOWN), "unknown");
	assert_string_equal(outcome_name(OUTCOME_NONE), "not run");
	for (int i = SLOT_EMPTY; i <= SLOT_CLOSED; i++)
		assert_string_not_equal(slot_stage_name((enum slot_stage)i), "?");
	assert_string_equal(slot_stage_name((enum slot_stage)99), "?");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {cmocka_unit_test(begins_empty),
	        cmocka_unit_test(parts_do_not_overlap), cmocka_unit_test(a_child_writes_the_parent_reads),
	        cmocka_unit_test(impossible_size_is_refused_with_a_remedy), cmocka_unit_test(names)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
