/* The table of SQLSTATEs and the rule of what is known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "worker/classify.h"
#include "worker/pg.h"

static void test_codes_and_classes(void **state)
{
	static const struct {
		const char *code;
		enum sqlstate_class class;
	} cases[] = {
	        {"", STATE_NONE},
	        {"40001", STATE_RETRY},
	        {"40P01", STATE_RETRY},
	        {"55P03", STATE_RETRY},
	        {"55006", STATE_RETRY},
	        {"55000", STATE_FAIL},
	        {"40002", STATE_FAIL},
	        {"40003", STATE_DOUBT},
	        {"40000", STATE_DOUBT},
	        {"08007", STATE_DOUBT},
	        {"08006", STATE_LOST},
	        {"08003", STATE_LOST},
	        {"08P01", STATE_STOP},
	        {"57P01", STATE_LOST},
	        {"57P02", STATE_LOST},
	        {"57P03", STATE_WAIT},
	        {"57P04", STATE_STOP},
	        {"57P05", STATE_LOST},
	        {"57014", STATE_FAIL},
	        {"25P03", STATE_LOST},
	        {"25P02", STATE_FAIL},
	        {"25006", STATE_FAIL},
	        {"26000", STATE_PREPARE},
	        {"42P05", STATE_PREPARE},
	        {"42601", STATE_FAIL},
	        {"23505", STATE_FAIL},
	        {"53300", STATE_WAIT},
	        {"53100", STATE_RESOURCE},
	        {"58030", STATE_RESOURCE},
	        {"XX000", STATE_RESOURCE},
	        {"XX001", STATE_STOP},
	        {"XX002", STATE_STOP},
	        {"28P01", STATE_STOP},
	        {"28000", STATE_STOP},
	        {"3D000", STATE_STOP},
	        {"F0001", STATE_STOP},
	        {"P0001", STATE_FAIL},
	        {"ZZ999", STATE_FAIL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		if (classify_sqlstate(cases[i].code) != cases[i].class)
			fail_msg("%s: %d, wanted %d", cases[i].code, (int)classify_sqlstate(cases[i].code),
			        (int)cases[i].class);
}

static void test_what_is_known(void **state)
{
	static const uint32_t R = ATTEMPT_RETRY, L = ATTEMPT_SESSION_LOST, S = ATTEMPT_STOP_RUN;
	const struct {
		enum attempt_end end;
		enum attempt_stage stage;
		const char *code;
		bool protected, repeat;
		enum outcome outcome;
		uint32_t flags;
	} cases[] = {
	        /* the connection is gone */
	        {END_LOST, STAGE_NOTHING, "", false, true, OUTCOME_FAILED, L | R},
	        {END_LOST, STAGE_BLOCK, "", false, true, OUTCOME_FAILED, L | R},
	        {END_LOST, STAGE_BLOCK, "57P01", false, true, OUTCOME_FAILED, L | R},
	        {END_LOST, STAGE_BLOCK, "57P01", false, false, OUTCOME_FAILED, L},
	        {END_LOST, STAGE_BARE, "", false, true, OUTCOME_UNKNOWN, L},
	        {END_LOST, STAGE_BARE, "57P01", false, true, OUTCOME_UNKNOWN, L},
	        {END_LOST, STAGE_BARE, "57P02", false, true, OUTCOME_UNKNOWN, L},
	        {END_LOST, STAGE_CALL, "", false, true, OUTCOME_UNKNOWN, L},
	        {END_LOST, STAGE_COMMIT, "", false, true, OUTCOME_UNKNOWN, L},
	        {END_LOST, STAGE_BARE, "", true, true, OUTCOME_FAILED, L | R},
	        {END_LOST, STAGE_COMMIT, "57P01", true, true, OUTCOME_FAILED, L | R},
	        /* the server answered with an error */
	        {END_ERROR, STAGE_BARE, "23505", false, true, OUTCOME_FAILED, 0},
	        {END_ERROR, STAGE_BARE, "40001", false, true, OUTCOME_FAILED, R},
	        {END_ERROR, STAGE_BARE, "40001", false, false, OUTCOME_FAILED, 0},
	        {END_ERROR, STAGE_BARE, "40003", false, true, OUTCOME_UNKNOWN, 0},
	        {END_ERROR, STAGE_BARE, "08007", false, true, OUTCOME_UNKNOWN, 0},
	        {END_ERROR, STAGE_BARE, "08006", false, true, OUTCOME_UNKNOWN, 0},
	        {END_ERROR, STAGE_BARE, "08006", true, true, OUTCOME_FAILED, R},
	        {END_ERROR, STAGE_BARE, "", false, true, OUTCOME_UNKNOWN, 0},
	        {END_ERROR, STAGE_BLOCK, "40P01", false, true, OUTCOME_FAILED, R},
	        {END_ERROR, STAGE_BLOCK, "40003", false, true, OUTCOME_FAILED, 0},
	        {END_ERROR, STAGE_COMMIT, "40001", false, true, OUTCOME_FAILED, R},
	        {END_ERROR, STAGE_COMMIT, "40003", false, true, OUTCOME_UNKNOWN, 0},
	        {END_ERROR, STAGE_CALL, "P0001", false, true, OUTCOME_UNKNOWN, 0},
	        {END_ERROR, STAGE_CALL, "40001", false, true, OUTCOME_UNKNOWN, 0},
	        {END_ERROR, STAGE_CALL, "P0001", true, true, OUTCOME_FAILED, 0},
	        {END_ERROR, STAGE_BARE, "57014", false, true, OUTCOME_FAILED, 0},
	        {END_ERROR, STAGE_BARE, "XX001", false, true, OUTCOME_FAILED, S},
	        {END_ERROR, STAGE_BARE, "XX000", false, true, OUTCOME_FAILED, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct judgement j = classify_attempt(
		        cases[i].end, cases[i].stage, cases[i].code, cases[i].protected, cases[i].repeat);

		if (j.outcome != cases[i].outcome || j.flags != cases[i].flags)
			fail_msg("case %zu (%s): %s flags %x, wanted %s flags %x", i, cases[i].code,
			        outcome_name(j.outcome), j.flags, outcome_name(cases[i].outcome), cases[i].flags);
	}
}

static void test_after_a_failed_connect(void **state)
{
	static const struct {
		const char *code;
		bool first;
		enum connect_answer answer;
	} cases[] = {
	        {"", true, CONNECT_GIVE_UP}, /* refused, no answer: nothing ran yet */
	        {"", false, CONNECT_LATER},
	        {"57P03", true, CONNECT_LATER},
	        {"57P03", false, CONNECT_LATER},
	        {"53300", true, CONNECT_LATER},
	        {"53300", false, CONNECT_LATER},
	        {"08006", true, CONNECT_GIVE_UP},
	        {"08006", false, CONNECT_LATER},
	        {"57P01", false, CONNECT_LATER},
	        {"28P01", true, CONNECT_GIVE_UP},
	        {"28P01", false, CONNECT_GIVE_UP},
	        {"28000", false, CONNECT_GIVE_UP},
	        {"3D000", false, CONNECT_GIVE_UP},
	        {"08P01", false, CONNECT_GIVE_UP},
	        {"42501", true, CONNECT_GIVE_UP},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		if (classify_connect(cases[i].code, cases[i].first) != cases[i].answer)
			fail_msg("'%s' first %d", cases[i].code, cases[i].first);
}

static void test_the_sqlstate_in_a_connect_error(void **state)
{
	static const struct {
		const char *text, *code;
	} cases[] = {
	        {"", ""},
	        {"connection to server on socket \"/x/.s.PGSQL.5432\" failed: FATAL:  28P01: password", "28P01"},
	        {"connection to server at \"h\" (::1), port 5432 failed: SCHWERWIEGEND:  57P03: fährt hoch\n", "57P03"},
	        {"a: Connection refused\nb: FATAL:  53300: sorry\n", "53300"},
	        {"FATAL:  57P03: x\nFATAL:  28000: y", "28000"},
	        {"failed: Connection refused\n\tIs the server running", ""},
	        {"FATAL:  short: x", ""},
	        {"FATAL:  28p01: x", ""},
	        {":  ", ""},
	        {":  2800", ""},
	        {":  28000", ""},
	        {":  28000:", ""},
	};
	char code[6];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		pg_sqlstate_in(cases[i].text, code);
		assert_string_equal(code, cases[i].code);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_codes_and_classes),
	        cmocka_unit_test(test_what_is_known),
	        cmocka_unit_test(test_after_a_failed_connect),
	        cmocka_unit_test(test_the_sqlstate_in_a_connect_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
