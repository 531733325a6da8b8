/* workload: files with directives and parameters into plans; what is refused, and with which words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/workload.h"
#include "orchestrator/workload_parts.h"

static struct plan *parse2(const char *first, const char *second, const char *data, struct err *err)
{
	struct workload_text texts[2] = {{.path = "w.sql", .text = first, .len = strlen(first)}};
	struct workload_text csv = {.path = "d.csv", .text = data, .len = data != NULL ? strlen(data) : 0};

	if (second != NULL)
		texts[1] = (struct workload_text){.path = "v.sql", .text = second, .len = strlen(second)};
	*err = (struct err){0};
	return workload_parse(texts, second != NULL ? 2 : 1, data != NULL ? &csv : NULL, -1, err);
}

static struct plan *parse(const char *text, const char *data)
{
	struct err err;
	struct plan *plan = parse2(text, NULL, data, &err);

	if (plan == NULL)
		fail_msg("%s\nrefused: %s", text, err.text);
	return plan;
}

/* One line per task: "name send flags: statement; statement". */
static char *show(const struct plan *plan)
{
	static const char *const sends[] = {"segment", "transaction", "steps"};
	struct buf out = {0};

	for (int i = 0; i < plan->ntasks; i++) {
		const struct task *t = &plan->tasks[i];

		buf_printf(&out, "%s%s %s:", i > 0 ? "|" : "", t->name, sends[t->send]);
		for (int s = 0; s < t->nstatements; s++) {
			buf_printf(&out, "%s%s", s > 0 ? "; " : " ", t->statements[s].text);
			for (int p = 0; p < t->statements[s].nparams; p++)
				buf_printf(&out, " <%s>", plan->columns[t->statements[s].params[p]]);
		}
	}
	char *text = mem_strdup(buf_str(&out));

	buf_free(&out);
	return text;
}

struct row {
	const char *text, *data, *answer;
};

static void check_accepted(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct plan *plan = parse(rows[i].text, rows[i].data);
		char *out = show(plan);

		assert_string_equal(out, rows[i].answer);
		free(out);
		plan_free(plan);
	}
}

static void check_refused(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct err err;
		struct plan *plan = parse2(rows[i].text, NULL, rows[i].data, &err);

		if (plan != NULL)
			fail_msg("accepted: %s", rows[i].text);
		assert_int_equal(err.code, EXIT_USAGE);
		if (strncmp(err.text, rows[i].answer, strlen(rows[i].answer)) != 0)
			assert_string_equal(err.text, rows[i].answer);
	}
}
#define CHECK(what, rows) check_##what(rows, sizeof(rows) / sizeof((rows)[0]))

static void test_plain_files(void **state)
{
	static const struct row rows[] = {
	        {"select 1; select 2", NULL, "q1 segment: select 1|q2 segment: select 2"},
	        {"\xef\xbb\xbfselect 1;\r\nselect 2;\r\n", NULL, "q1 segment: select 1|q2 segment: select 2"},
	        {"select '{\"a\":true}', a[1:n], :x, :'y'", NULL,
	                "q1 segment: select '{\"a\":true}', a[1:n], :x, :'y'"},
	        {"begin; select 1; commit; select 2", NULL, "q1 steps: begin; select 1; commit|q2 segment: select 2"},
	        {"begin; commit and chain; rollback; select 2", NULL,
	                "q1 steps: begin; commit and chain; rollback|q2 segment: select 2"},
	        {"-- remark\nselect 1 -- @task a\n;", NULL, "q1 segment: select 1"},
	        {"select '\n-- @task a\n'; /*\n-- @task b\n*/ select $$\n-- @nonsense\n$$", NULL,
	                "q1 segment: select '\n-- @task a\n'|q2 segment: select $$\n-- @nonsense\n$$"},
	        {"create table t (\n-- @param a\n-- name: x\na int);", NULL,
	                "q1 segment: create table t (\n-- @param a\n-- name: x\na int)"},
	        {"-- name: what the customer is called\nselect 1", NULL, "q1 segment: select 1"},
	        {"prepare p as select $1", NULL, "q1 segment: prepare p as select $1"},
	};

	(void)state;
	CHECK(accepted, rows);
}

static void test_annotated_files(void **state)
{
	static const struct row rows[] = {
	        {"-- @task a\nselect 1;\n-- @task b\nselect 2;\nselect 3", NULL,
	                "a segment: select 1|b segment: select 2; select 3"},
	        {"-- @task a\nselect 1\n-- @task b\nselect 2", NULL, "a segment: select 1|b segment: select 2"},
	        {"  --@task a\nselect 1;", NULL, "a segment: select 1"},
	        {"-- @task a\r\nselect 1;\r\n", NULL, "a segment: select 1"},
	        {"-- name: a\nselect 1;\n-- name: b :one\nselect 2;\n-- name: c^\nselect 3;\n-- name: d<!\nselect 4",
	                NULL, "a segment: select 1|b segment: select 2|c segment: select 3|d segment: select 4"},
	        {"-- @gate errors = 0\nselect 1; select 2", NULL, "q1 segment: select 1|q2 segment: select 2"},
	        {"-- @task a\nselect a[1:n], '{\"a\":true}', b[:m], c[f(1) :n], ':x', $$:y$$, \":z\" -- :w\n/* :v */",
	                NULL, "a segment: select a[1:n], '{\"a\":true}', b[:m], c[f(1) :n], ':x', $$:y$$, \":z\""},
	        {"-- @setup\ncreate table t(n int);\n-- @task a\nselect 1;\n-- @teardown\ndrop table t;", NULL,
	                "a segment: select 1"},
	        {"-- @task a\n-- a remark that says nothing@all\nselect 1", NULL, "a segment: select 1"},
	};

	(void)state;
	CHECK(accepted, rows);
}

static void test_sending(void **state)
{
	static const struct {
		const char *sql;
		enum send_mode send;
		enum statement_kind kind; /* of the first statement */
	} cases[] = {
	        {"select 1", SEND_SEGMENT, STATEMENT_PLAIN},
	        {"begin; commit", SEND_STEPS, STATEMENT_BEGIN},
	        {"START TRANSACTION; end", SEND_STEPS, STATEMENT_BEGIN},
	        {"/* x */ -- y\n BEGIN; commit", SEND_STEPS, STATEMENT_BEGIN},
	        {"commit", SEND_STEPS, STATEMENT_COMMIT},
	        {"prepare transaction 'x'", SEND_STEPS, STATEMENT_COMMIT},
	        {"prepare transaction as select 1", SEND_SEGMENT, STATEMENT_PLAIN},
	        {"abort", SEND_STEPS, STATEMENT_ROLLBACK},
	        {"rollback", SEND_STEPS, STATEMENT_ROLLBACK},
	        {"rollback to s", SEND_SEGMENT, STATEMENT_PLAIN},
	        {"rollback work to savepoint s", SEND_SEGMENT, STATEMENT_PLAIN},
	        {"rollback prepared 'x'", SEND_STEPS, STATEMENT_ALONE},
	        {"call p()", SEND_STEPS, STATEMENT_CALL},
	        {"do $$begin end$$", SEND_STEPS, STATEMENT_CALL},
	        {"vacuum", SEND_STEPS, STATEMENT_ALONE},
	        {"VACUUM (full) t", SEND_STEPS, STATEMENT_ALONE},
	        {"analyze", SEND_SEGMENT, STATEMENT_PLAIN},
	        {"create index concurrently on t (a)", SEND_STEPS, STATEMENT_ALONE},
	        {"create unique index concurrently i on t (a)", SEND_STEPS, STATEMENT_ALONE},
	        {"create index i on t (a)", SEND_SEGMENT, STATEMENT_PLAIN},
	        {"drop index concurrently i", SEND_STEPS, STATEMENT_ALONE},
	        {"drop index i", SEND_SEGMENT, STATEMENT_PLAIN},
	        {"reindex table concurrently t", SEND_STEPS, STATEMENT_ALONE},
	        {"reindex (concurrently) table t", SEND_STEPS, STATEMENT_ALONE},
	        {"reindex (verbose) database d", SEND_STEPS, STATEMENT_ALONE},
	        {"reindex schema s", SEND_STEPS, STATEMENT_ALONE},
	        {"reindex table schema", SEND_SEGMENT, STATEMENT_PLAIN},
	        {"create database d", SEND_STEPS, STATEMENT_ALONE},
	        {"drop database d", SEND_STEPS, STATEMENT_ALONE},
	        {"create tablespace x location '/x'", SEND_STEPS, STATEMENT_ALONE},
	        {"drop tablespace x", SEND_STEPS, STATEMENT_ALONE},
	        {"alter system set x = 1", SEND_STEPS, STATEMENT_ALONE},
	        {"alter database d set tablespace x", SEND_STEPS, STATEMENT_ALONE},
	        {"alter database d set x = 1", SEND_SEGMENT, STATEMENT_PLAIN},
	        {"alter type t add value 'x'", SEND_SEGMENT, STATEMENT_PLAIN},
	        {"alter table t detach partition p concurrently", SEND_STEPS, STATEMENT_ALONE},
	        {"create subscription s connection '' publication p", SEND_STEPS, STATEMENT_ALONE},
	        {"alter subscription s refresh publication", SEND_STEPS, STATEMENT_ALONE},
	        {"alter subscription s disable", SEND_SEGMENT, STATEMENT_PLAIN},
	        {"cluster", SEND_STEPS, STATEMENT_ALONE},
	        {"cluster verbose", SEND_STEPS, STATEMENT_ALONE},
	        {"cluster (verbose)", SEND_STEPS, STATEMENT_ALONE},
	        {"cluster t", SEND_SEGMENT, STATEMENT_PLAIN},
	        {"cluster verbose \"t\"", SEND_SEGMENT, STATEMENT_PLAIN},
	        {"discard all", SEND_STEPS, STATEMENT_ALONE},
	        {"discard plans", SEND_SEGMENT, STATEMENT_PLAIN},
	        {"refresh materialized view concurrently v", SEND_SEGMENT, STATEMENT_PLAIN},
	        {"(select 1)", SEND_SEGMENT, STATEMENT_PLAIN},
	        {"\"vacuum\"", SEND_SEGMENT, STATEMENT_PLAIN},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct buf text = {0};

		buf_printf(&text, "-- @task t\n%s;\nselect 1;", cases[i].sql);
		struct plan *plan = parse(buf_str(&text), NULL);

		if (plan->tasks[0].send != cases[i].send || plan->tasks[0].statements[0].kind != cases[i].kind)
			fail_msg("%s: send %d kind %d", cases[i].sql, plan->tasks[0].send,
			        plan->tasks[0].statements[0].kind);
		plan_free(plan);
		buf_free(&text);
	}
}

static void test_transaction(void **state)
{
	static const struct row good[] = {
	        {"-- @task a transaction\ninsert into t values (1); select 1;", NULL,
	                "a transaction: insert into t values (1); select 1"},
	        {"-- @task a transaction\ncall p(); do '';", NULL, "a transaction: call p(); do ''"},
	        {"-- @task a readonly\nselect 1; discard all;", NULL, "a steps: select 1; discard all"},
	        {"-- @task a transaction\nsavepoint s; rollback to s;", NULL,
	                "a transaction: savepoint s; rollback to s"},
	};
	static const struct row bad[] = {
	        {"-- @task a transaction\nselect 1;\nbegin;", NULL, "w.sql:3: begin: a transaction command of its own"},
	        {"-- @task a transaction\nCOMMIT;", NULL, "w.sql:2: COMMIT: a transaction command of its own"},
	        {"-- @task a transaction\nvacuum t;", NULL, "w.sql:2: vacuum: cannot run in a transaction block"},
	        {"-- @task a readonly\nbegin read write;\ncommit", NULL, "w.sql:2: task a is marked `readonly`"},
	        {"-- @task a readonly\nset default_transaction_read_only = off", NULL,
	                "w.sql:2: task a is marked `readonly`"},
	};

	(void)state;
	CHECK(accepted, good);
	CHECK(refused, bad);
}

static void test_directive_errors(void **state)
{
	static const struct row rows[] = {
	        {"-- @taks a\nselect 1", NULL, "w.sql:1: unknown directive @taks; did you mean @task?"},
	        {"-- @Task a\nselect 1", NULL, "w.sql:1: unknown directive @Task; did you mean @task?"},
	        {"-- @author me\nselect 1", NULL, "w.sql:1: unknown directive @author; the directives are @workload"},
	        {"select 1;\n-- @script x weight=3\nselect 1", NULL, "w.sql:2: @script belongs to scripts"},
	        {"-- @param n = random(1,10)\nselect :n", NULL, "w.sql:1: @param belongs to scripts"},
	        {"-- @task a\n-- @output x.csv\nselect 1", NULL, "w.sql:2: @output is not supported by this version"},
	        {"-- @task\nselect 1", NULL, "w.sql:1: @task needs a name"},
	        {"-- @task readonly\nselect 1", NULL, "w.sql:1: @task needs a name before its options"},
	        {"-- @task timeout=3s\nselect 1", NULL, "w.sql:1: @task needs a name before its options"},
	        {"-- @task a'b\nselect 1", NULL, "w.sql:1: the task's name a'b holds a '"},
	        {"-- @task a readonyl\nselect 1", NULL,
	                "w.sql:1: unknown option readonyl of @task; did you mean readonly?"},
	        {"-- @task a weight=3\nselect 1", NULL, "w.sql:1: unknown option weight of @task; the options are"},
	        {"-- @task a timeout\nselect 1", NULL, "w.sql:1: timeout needs a value; write timeout=..."},
	        {"-- @task a timeout=\nselect 1", NULL, "w.sql:1: timeout= needs its value right behind the ="},
	        {"-- @task a timeout=soon\nselect 1", NULL,
	                "w.sql:1: timeout=soon is not right; write a time above zero"},
	        {"-- @task a timeout=0\nselect 1", NULL, "w.sql:1: timeout=0 is not right"},
	        {"-- @task a rows=-1\nselect 1", NULL, "w.sql:1: rows=-1 is not right"},
	        {"-- @task a repeat=0\nselect 1", NULL, "w.sql:1: repeat=0 is not right"},
	        {"-- @task a repeat=99999999999999999999\nselect 1", NULL,
	                "w.sql:1: repeat=99999999999999999999 is not right"},
	        {"-- @task a retries=x\nselect 1", NULL, "w.sql:1: retries=x is not right"},
	        {"-- @task a readonly=yes\nselect 1", NULL, "w.sql:1: readonly takes no value"},
	        {"-- @task a rows=1 rows=2\nselect 1", NULL, "w.sql:1: rows is given twice"},
	        {"-- @task a after=\"b\nselect 1", NULL, "w.sql:1: the quote \" in this directive is not closed"},
	        {"-- @task a\n-- @task b\nselect 1", NULL, "w.sql:1: the task a has no statement"},
	        {"-- @task a\nselect 1;\n-- @task a\nselect 1", NULL, "w.sql:3: a second task a (the first: w.sql:1)"},
	        {"-- @task a\nselect 1;\n-- @task bee after=b\nselect 1", NULL,
	                "w.sql:3: after=b: there is no such task; name a task"},
	        {"-- @task alpha\nselect 1;\n-- @task b after=alhpa\nselect 1", NULL,
	                "w.sql:3: after=alhpa: there is no such task; did you mean alpha?"},
	        {"-- @task a after=b\nselect 1;\n-- @task b after=a\nselect 1", NULL,
	                "w.sql:1: task a waits for b, which waits for a: nothing could start"},
	        {"select 0;\n-- @task a\nselect 1;", NULL, "w.sql:1: this statement belongs to no task"},
	        {"-- @task a\nselect 1;\n-- @gate errors = 0\nselect 2;", NULL,
	                "w.sql:4: this statement belongs to no task"},
	        {"-- @setup x\nselect 1;", NULL, "w.sql:1: @setup takes nothing behind it"},
	        {"-- @workload\nselect 1", NULL, "w.sql:1: @workload needs a name"},
	        {"-- @workload a\n-- @workload b\nselect 1", NULL,
	                "w.sql:2: @workload names the workload b, but w.sql"},
	        {"-- @run\nselect 1", NULL, "w.sql:1: @run needs options"},
	        {"-- @run clients= 5\nselect 1", NULL, "w.sql:1: clients= needs its value"},
	        {"\n-- @gate errors > \nselect 1", NULL, "w.sql:2: the gate 'errors >' needs a number"},
	        {"-- @setup\nselect 1;", NULL, "w.sql: no task"},
	        {"", NULL, "w.sql: no task"},
	        {"-- nothing\n;;\n", NULL, "w.sql: no task"},
	        {"-- @task a\nselect (1,\n-- @task b\n2);", NULL,
	                "w.sql:2: the parenthesis that opens here is not closed before "
	                "the next directive"},
	        {"select\n-- name: b\n1;", NULL, "w.sql:2: '-- name:' begins a task, but the statement of line 1"},
	        {"select 1;\ncommit;", NULL, "w.sql:2: no BEGIN stands before this end"},
	        {"select 1;\nbegin;\nselect 2", NULL, "w.sql:2: the transaction that begins here has no COMMIT"},
	        {"-- @task a\nselect 'x", NULL, "w.sql:2: the quote (') that opens here"},
	        {"-- @task a\n\\set n 1\nselect 1", NULL, "w.sql:2: \\set: meta-commands are for scripts"},
	        {"-- @task a\ncopy t from stdin;\n1\n\\.\n", NULL, "w.sql:2: COPY ... FROM STDIN"},
	};

	(void)state;
	CHECK(refused, rows);
}

static void test_parameters(void **state)
{
	static const struct row rows[] = {
	        {"select :n::int", "n\n1\n", "q1 segment: select $1::int <n>"},
	        {"select :a, :b, :a, ':a', $$:b$$, \":a\", /* :b */ x::b", "a,b\n1,2\n",
	                "q1 segment: select $1, $2, $1, ':a', $$:b$$, \":a\", /* :b */ x::b <a> <b>"},
	        {"select :b+:a", "a,b\n1,2\n", "q1 segment: select $1+$2 <b> <a>"},
	        {"select :'a', :x", "a\n1\n", "q1 segment: select $1, :x <a>"},
	        {"insert into t values (:a,:b); update t set x=:a where y=:b", "a,b\n1,2\n",
	                "q1 segment: insert into t values ($1,$2) <a> <b>|q2 segment: update t set x=$1 where y=$2 <a> "
	                "<b>"},
	        {"select a[1:m], a[:n], a[1 : :n]", "n\n1\n", "q1 segment: select a[1:m], a[$1], a[1 : $1] <n>"},
	        {"select a[case when :n then 1 end]", "n\n1\n", "q1 segment: select a[case when $1 then 1 end] <n>"},
	        {"with x as (select :n) select 1", "n\n1\n", "q1 segment: with x as (select $1) select 1 <n>"},
	        {"(select :n) union select 1", "n\n1\n", "q1 segment: (select $1) union select 1 <n>"},
	        {"explain (analyze) select :n", "n\n1\n", "q1 segment: explain (analyze) select $1 <n>"},
	        {"call p(:n)", "n\n1\n", "q1 steps: call p($1) <n>"},
	        {"create temp table x as select :n", "n\n1\n", "q1 segment: create temp table x as select $1 <n>"},
	        {"declare c cursor for select :n", "n\n1\n", "q1 segment: declare c cursor for select $1 <n>"},
	        {"select :\"n\" from :\"t\"", "n,t\n\"a\"\"b\",tab\n\"a\"\"b\",tab\n",
	                "q1 segment: select \"a\"\"b\" from \"tab\""},
	        {"select extract(epoch from :n), x is distinct from :n, :n::interval", "n\n1\n",
	                "q1 segment: select extract(epoch from $1), x is distinct from $1, $1::interval <n>"},
	        {"select :n1, :n", "n,n1\n1,2\n", "q1 segment: select $1, $2 <n1> <n>"},
	        {"select f(a:=:n)", "n\n1\n", "q1 segment: select f(a:=$1) <n>"},
	};

	(void)state;
	CHECK(accepted, rows);
}

static void test_parameter_errors(void **state)
{
	static const struct row rows[] = {
	        {"-- @task a\nselect\n:n", NULL,
	                "w.sql:3: :n is not declared: there is no data file; give --data=FILE.csv"},
	        {"-- @task a\nselect :nubmer, :number", "number\n1\n",
	                "w.sql:2: :nubmer is not declared: the data file has no such column; did you mean :number?"},
	        {"-- @task a\nselect :xyz", "number\n1\n",
	                "w.sql:2: :xyz is not declared: the data file has no such column; its first one is number"},
	        {"-- @task a\nselect :'x'", NULL, "w.sql:2: :x is not declared"},
	        {"-- @task a\nselect :\"x\"", NULL, "w.sql:2: :x is not declared"},
	        {"-- @setup\ndelete from t where n = :n;\n-- @task a\nselect :n", "n\n1\n",
	                "w.sql:2: :n cannot be used in @setup, which runs without a row"},
	        {"set work_mem = :n", "n\n1\n",
	                "w.sql:1: set takes no parameter :n: PostgreSQL's protocol has them only in"},
	        {"vacuum :n", "n\n1\n", "w.sql:1: vacuum takes no parameter"},
	        {"alter role x password :n", "n\n1\n", "w.sql:1: alter takes no parameter"},
	        {"create view v as select :n", "n\n1\n", "w.sql:1: create takes no parameter"},
	        {"copy (select :n) to stdout", "n\n1\n", "w.sql:1: copy takes no parameter"},
	        {"select interval :n", "n\n1\n", "w.sql:1: interval :n: the form TYPE 'text' takes no parameter"},
	        {"select DATE :n", "n\n1\n", "w.sql:1: DATE :n: the form TYPE 'text'"},
	        {"select * from :n", "n\n1\n", "w.sql:1: :n stands where a table is named"},
	        {"insert into :n values (1)", "n\n1\n", "w.sql:1: :n stands where a table is named"},
	        {"select a[1:n]", "n\n1\n", "w.sql:1: :n may be a parameter or the end of an array slice"},
	        {"select :\"n\"", "n\n1\n2\n", "w.sql:1: :\"n\" names something in the SQL text"},
	        {"select :\"n\"", "n\n\"\"\n", "w.sql:1: :\"n\" names something in the SQL text"},
	        {"select $1", "n\n1\n", "w.sql:1: a parameter written $1 has no value"},
	        {"select\n$1, :n", "n\n1\n", "w.sql:2: a parameter written $1 has no value"},
	        {"select $1", NULL, "w.sql:1: a parameter written $1 has no value"},
	        {"select 1", "n\n1\n", "d.csv: no task uses a column of this data file; write :n in a task"},
	        {"select :n", "n\n", "d.csv:1: the data file has a header and no rows"},
	        {"select :n", "n\n1,2\n", "d.csv:2: more than 1 field"},
	};

	(void)state;
	CHECK(refused, rows);
}

static void test_task_options(void **state)
{
	struct plan *plan =
	        parse("-- @workload five sleeps\n-- @run clients=5 note='a b' baseline\n-- @gate errors = 0\n"
	              "-- @gate p99 < 50ms\n-- @session\nset x = 1;\n"
	              "-- @task a timeout=1.5s rows=3 repeat=2 retries=0 repeatable\nselect 1;\n"
	              "-- @task b readonly after=a\nselect 2;\n",
	                NULL);
	const struct task *a = &plan->tasks[0], *b = &plan->tasks[1];

	(void)state;
	assert_string_equal(plan->name, "five sleeps");
	assert_int_equal(plan->ndefaults, 3);
	assert_string_equal(plan->defaults[1].name, "note");
	assert_string_equal(plan->defaults[1].value, "a b");
	assert_string_equal(plan->defaults[2].name, "baseline");
	assert_null(plan->defaults[2].value);
	assert_int_equal(plan->defaults[2].line, 2);
	assert_int_equal(plan->ngates, 2);
	assert_int_equal(a->timeout_ns, INT64_C(1500000000));
	assert_int_equal(a->rows, 3);
	assert_int_equal(a->repeat, 2);
	assert_int_equal(a->retries, 0);
	assert_true(a->repeatable && !a->readonly && !a->transaction);
	assert_int_equal(a->line, 7);
	assert_string_equal(a->source, "select 1");
	assert_true(b->readonly && !b->repeatable);
	assert_int_equal(b->retries, 2);
	assert_int_equal(b->rows, -1);
	assert_int_equal(b->after, 0);
	assert_int_equal(b->stage, 1);
	assert_int_equal(plan->ntickets, 3);
	assert_non_null(plan->session);
	assert_int_equal(plan->session->send, SEND_STEPS);
	assert_null(plan->setup);
	assert_int_equal(strlen(plan->sha256), 64);
	assert_string_equal(plan->data_sha256, "");
	plan_free(plan);
}

static void test_run_retries_reach_the_tasks(void **state)
{
	struct plan *plan = parse("-- @run retries=5\n-- @task a\nselect 1;\n-- @task b retries=1\nselect 1;", NULL);

	(void)state;
	assert_int_equal(plan->tasks[0].retries, 5);
	assert_int_equal(plan->tasks[1].retries, 1);
	plan_free(plan);
}

static void test_setup_sections_go_on(void **state)
{
	struct plan *plan =
	        parse("-- @setup\ncreate table a();\n-- @task t\nselect 1;\n-- @setup\ncreate table b();", NULL);

	(void)state;
	assert_int_equal(plan->setup->nstatements, 2);
	assert_string_equal(plan->setup->statements[1].text, "create table b()");
	assert_string_equal(plan->setup->source, "create table a();\ncreate table b()");
	assert_int_equal(plan->setup->send, SEND_STEPS);
	plan_free(plan);
}

static void test_rows_become_tickets(void **state)
{
	struct plan *plan = parse("-- @task a repeat=2\nselect :n;\n-- @task b\nselect 1;", "n,m\n1,\n\"\",2\n");

	(void)state;
	assert_int_equal(plan->ntickets, 5);
	assert_true(plan->tasks[0].uses_data && !plan->tasks[1].uses_data);
	const struct statement *st = &plan->tasks[0].statements[0];

	assert_string_equal(plan_value(plan, &plan->tickets[0], st, 0), "1");
	assert_string_equal(plan_value(plan, &plan->tickets[2], st, 0), "");
	assert_int_equal(strlen(plan->data_sha256), 64);
	plan_free(plan);
}

static void test_several_files(void **state)
{
	struct err err;
	struct plan *plan = parse2("select 1; select 2", "select 3", NULL, &err);

	(void)state;
	assert_non_null(plan);
	char *out = show(plan);

	assert_string_equal(out, "q1 segment: select 1|q2 segment: select 2|q3 segment: select 3");
	assert_string_equal(plan->source, "select 1; select 2select 3");
	assert_string_equal(plan->name, "w");
	free(out);
	plan_free(plan);
	assert_null(parse2("-- @task a\nselect 1", "\n-- @task a\nselect 2", NULL, &err));
	assert_string_equal(err.text, "v.sql:2: a second task a (the first: w.sql:1); rename one");
	plan = parse2("-- @task a\nselect 1", "-- @task b after=a\nselect 2", NULL, &err);
	assert_non_null(plan);
	assert_int_equal(plan->nstages, 2);
	plan_free(plan);
}

static void test_files(void **state)
{
	static const char *const none[] = {"/nonexistent/x.sql"}, *const folder[] = {"/tmp"},
	                         *const twice[] = {"-", "-"};
	struct err err = {0};

	(void)state;
	assert_null(workload_load(none, 1, NULL, -1, &err));
	assert_string_equal(err.text, "cannot read /nonexistent/x.sql: No such file or directory");
	assert_int_equal(err.code, EXIT_USAGE);
	assert_null(workload_load(folder, 1, NULL, -1, &err));
	assert_string_equal(err.text, "cannot read /tmp: it is a directory; name a .sql file");
	assert_null(workload_load(NULL, 0, NULL, -1, &err));
	assert_null(workload_load(twice, 2, NULL, -1, &err));
	static const char *const example[] = {"orchestrator/examples/five-sleeps.sql"};
	struct plan *plan = workload_load(example, 1, NULL, 7, &err);

	assert_non_null(plan);
	assert_string_equal(plan->name, "five-sleeps");
	assert_int_equal(plan->ntasks, 5);
	assert_int_equal(plan->tasks[0].retries, 7);
	plan_free(plan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_plain_files),
	        cmocka_unit_test(test_annotated_files),
	        cmocka_unit_test(test_sending),
	        cmocka_unit_test(test_transaction),
	        cmocka_unit_test(test_directive_errors),
	        cmocka_unit_test(test_parameters),
	        cmocka_unit_test(test_parameter_errors),
	        cmocka_unit_test(test_task_options),
	        cmocka_unit_test(test_run_retries_reach_the_tasks),
	        cmocka_unit_test(test_setup_sections_go_on),
	        cmocka_unit_test(test_rows_become_tickets),
	        cmocka_unit_test(test_several_files),
	        cmocka_unit_test(test_files),
	};

	return cmocka_run_group_tests_name("workload", tests, NULL, NULL);
}
