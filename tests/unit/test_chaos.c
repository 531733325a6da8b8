/* chaos: what --chaos may say, and what its figures become in words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "orchestrator/chaos.h"
#include "reports/chaos.h"
#include "shared/clock.h"
#include "tests/unit/made_run.h"

static void test_good(void **state)
{
	static const struct {
		const char *text;
		uint32_t n;
		struct chaos_blow last;
	} cases[] = {{"kill:1@50%", 1, {.action = CHAOS_KILL, .victims = 1, .percent = 50}},
	        {"kill@12.5%", 1, {.action = CHAOS_KILL, .victims = 1, .percent = 12.5}},
	        {"segv:3@250ms", 1, {.action = CHAOS_SEGV, .victims = 3, .at_ns = 250 * NS_PER_MS}},
	        {"stop:1@2s:300ms", 1,
	                {.action = CHAOS_STOP, .victims = 1, .at_ns = 2 * NS_PER_S, .for_ns = 300 * NS_PER_MS}},
	        {"stop@99%", 1, {.action = CHAOS_STOP, .victims = 1, .percent = 99}},
	        {"kill:1@50%,cut:4@75%", 2, {.action = CHAOS_CUT, .victims = 4, .percent = 75}}};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct chaos_plan plan;
		struct err err = {0};

		if (!chaos_parse(cases[i].text, &plan, &err))
			fail_msg("%s", err.text);
		const struct chaos_blow *b = &plan.blows[plan.n - 1], *want = &cases[i].last;
		assert_int_equal(plan.n, cases[i].n);
		assert_int_equal(b->action, want->action);
		assert_int_equal(b->victims, want->victims);
		assert_true(b->percent >= want->percent && b->percent <= want->percent);
		assert_int_equal(b->at_ns, want->at_ns);
		assert_int_equal(b->for_ns, want->for_ns);
	}
}

static void test_bad(void **state)
{
	static const char *const cases[] = {"", "kill", "kill:1", "kill:1@", "kill:0@50%", "kill:-1@50%", "kill:x@50%",
	        "kill:99999@50%", "murder:1@50%", "kill:1@0%", "kill:1@100%", "kill:1@50", "kill:1@-5%", "kill:1@5e1%",
	        "kill:1@%", "kill:1@0s", "kill:1@50%:2s", "cut:1@50%:2s", "stop:1@50%:", "stop:1@50%:2", "kill:1@50%,",
	        ",kill:1@50%", "kill:1@50%,,cut:1@60%",
	        "kill:1@1%,kill:1@2%,kill:1@3%,kill:1@4%,kill:1@5%,kill:1@6%,kill:1@7%,kill:1@8%,kill:1@9%,kill:1@10%,"
	        "kill:1@11%,kill:1@12%,kill:1@13%,kill:1@14%,kill:1@15%,kill:1@16%,kill:1@17%",
	        "kill:1@50%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%"};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct chaos_plan plan;
		struct err err = {0};

		if (chaos_parse(cases[i], &plan, &err))
			fail_msg("\"%s\" was taken", cases[i]);
		assert_int_equal(err.code, EXIT_USAGE);
		assert_non_null(strstr(err.text, "--chaos: "));
	}
}

static void test_words(void **state)
{
	static const struct {
		struct chaos_record chaos;
		const char *text;
	} cases[] = {{{.struck_us = INT64_MIN}, "kill at 50%: it never struck, as the run was over before"},
	        {{.struck_us = 5}, "kill at 50%: there was nothing left to strike"},
	        {{.struck_us = 5,
	                 .workers = 1,
	                 .sessions = 1,
	                 .failed = 1,
	                 .repeated = 1,
	                 .survivors = 3,
	                 .before_count = 9,
	                 .after_count = 8,
	                 .before_p50_us = 1500,
	                 .after_p50_us = 1600,
	                 .full = true,
	                 .full_us = 130000},
	                "kill at 50%: 1 of 4 workers with 1 of 4 sessions; of what was in flight 0 are unknown and 1 "
	                "failed, 1 repeated; the others took 1.50 ms before and 1.60 ms after it (median); full "
	                "strength "
	                "again after 130 ms"},
	        {{.struck_us = 5, .workers = 4, .sessions = 4, .unknown = 1},
	                "kill at 50%: 4 of 4 workers with 4 of 4 sessions; of what was in flight 1 is unknown and 0 "
	                "failed, "
	                "0 repeated; no session was left; not at full strength again before the end"},
	        {{.struck_us = 5, .sessions = 2, .survivors = 2, .full = true, .full_us = 0},
	                "kill at 50%: 2 of 4 sessions; nothing was lost; 2 sessions were left in peace; full strength "
	                "again "
	                "after 0"}};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct chaos_record c = cases[i].chaos;
		struct run_view run;
		struct buf out = {0};

		made_begin(&run, 4);
		strcpy(c.action, "kill");
		strcpy(c.at, "50%");
		chaos_words(&run, &c, &out);
		assert_string_equal(buf_str(&out), cases[i].text);
		buf_free(&out);
		made_free(&run);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_good), cmocka_unit_test(test_bad), cmocka_unit_test(test_words)};

	return cmocka_run_group_tests_name("chaos", tests, NULL, NULL);
}
