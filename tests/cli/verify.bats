# --verify-results against a throwaway server (needs a server): serial against parallel and run against run; what a
# difference says and costs.

load helper
load ../pg/server

setup_file() {
	pg_start 'max_connections = 40'
	export PG_DIR PG_LOG PG_BIN
}
teardown_file() { pg_stop; }
setup() {
	cli_setup
	cat >same.sql <<'SQL'
-- @task many readonly repeat=3
select g, case when g % 3 = 0 then null else 'v' || g end from generate_series(1, 500) g;
-- @task none readonly
select 1 where false;
-- @task copied readonly
copy (select g, null from generate_series(1, 200) g) to stdout;
-- @task two readonly
select 1; select 2;
SQL
}
teardown() { cli_teardown; }

sql() { psql -X -q -A -t -v ON_ERROR_STOP=1 -c "$1"; }

# same_rows ENGINE WORDS...: no difference from the serial run.
same_rows() {
	pgp 0 run -e "$1" --baseline --verify-results -f same.sql "${@:2}"
	has "$output" 'results  *4 tasks returned the same rows as in run 1'
	holds "select count(*), count(distinct digest), sum(row_count), sum(executions) from task_result" "8,4,3404,12"
}

@test "process returns what serial does" { same_rows process -c 4; }
@test "thread returns what serial does" { same_rows thread -c 4; }
@test "async returns what serial does" { same_rows async -c 4; }
@test "process -j 2 returns what serial does" { same_rows process -c 4 -j 2; }

# expected QUERY KIND [TAG]: the digest of a query's rows, worked out in Python from what psql says.
expected() { sql "$1" | python3 "$ROOT/tests/pg/digests.py" "${@:2}"; }
digest_is() {
	holds "select digest from task_result r join task t using (task) where t.name = '$1'" "$(expected "${@:2}")"
}

@test "the digest is the sum of the rows' SHA-256, as another program has it" {
	cat >one.sql <<'SQL'
-- @task q readonly
select g::text, case when g % 7 > 0 then repeat('x', g) end from generate_series(1, 300) g order by random();
-- @task c readonly
copy (select g from generate_series(1, 50) g) to stdout;
SQL
	pgp 0 run --verify-results -f one.sql
	digest_is q "select json_agg(json_build_array(g::text, case when g % 7 > 0 then repeat('x', g) end))
		from generate_series(1, 300) g" R
	digest_is c "select json_agg(json_build_array(g || E'\n')) from generate_series(1, 50) g" C 'COPY 50'
	has "$output" 'nothing to compare with: add --baseline or --repeat=2'
}

@test "other rows fail the run with 4 and name the task, with both counts" {
	sql 'drop table if exists seen; create table seen (n int)'
	cat >other.sql <<'SQL'
-- @task fine readonly
select 1;
-- @task grows
insert into seen values (1); select * from seen;
SQL
	pgp 4 run --baseline --verify-results -f other.sql
	has "$stderr" 'results differ: task grows gave 2 rows in run 1 \(serial\) and 3 in run 2 \(process\)'
	has "$stderr" 'noverify'
	hasnt "$stderr" 'task fine'
	has "$output" '1 of 2 tasks returned other rows than in run 1'
}

@test "as many rows, but others: 4, with both digests" {
	printf -- '-- @task r readonly\nselect random();\n' >other.sql
	pgp 4 run --repeat=2 --verify-results -f other.sql
	has "$stderr" 'task r gave 1 row in run 1 \(process\) and as many in run 2 \(process\), but not the same: digests [0-9a-f]{12} and [0-9a-f]{12}'
}

@test "noverify leaves a task out" {
	printf -- '-- @task r readonly noverify\nselect random();\n-- @task s readonly\nselect 1;\n' >other.sql
	pgp 0 run --repeat=3 --verify-results -f other.sql
	has "$output" 'results: the same rows in all 3 runs'
	holds "select count(*) from task_result" "3"
}

@test "rows of --data are told apart: values that change places are a difference" {
	sql 'drop table if exists turn; create table turn (n int); insert into turn values (0)'
	printf 'k\n1\n2\n' >k.csv
	# The first run gives k, the second 3 - k: the same two values, at the other rows.
	cat >data.sql <<'SQL'
-- @task swap
select case when (select n from turn) = 0 then :k::int else 3 - :k::int end;
-- @teardown
update turn set n = 1;
SQL
	pgp 4 run -e serial --repeat=2 --verify-results --data=k.csv -f data.sql
	has "$stderr" 'task swap gave 2 rows in run 1 .* and as many in run 2'
}

@test "commands without rows: the same number affected, or a difference" {
	sql 'drop table if exists u; create table u (n int); insert into u select generate_series(1, 5)'
	printf -- '-- @task d\ndelete from u where n <= 3;\n' >del.sql
	pgp 4 run --baseline --verify-results -f del.sql
	has "$stderr" 'task d gave 3 rows in run 1 \(serial\) and 0 in run 2'
}

@test "a task that failed in one run is not compared" {
	sql 'drop table if exists once; create table once (n int primary key)'
	printf -- '-- @task w\ninsert into once values (1) returning n;\n-- @task s readonly\nselect 5;\n' >w.sql
	pgp 3 run --repeat=2 --verify-results -f w.sql
	hasnt "$stderr" 'results differ'
}

@test "without the option nothing is hashed" {
	pgp 0 run --baseline -f same.sql
	holds "select count(*) from task_result" "0"
	hasnt "$output" 'results'
}

@test "load runs refuse it" {
	pgp 1 run -f same.sql -t 5 --verify-results
	has "$stderr" 'verify-results is for tasks'
}

@test "JSON and CSV hold the digest" {
	pgp 0 run --verify-results -f same.sql
	pgp 0 report -F json
	[ "$(python3 -c 'import json, sys; t = json.load(sys.stdin)["tasks"]; print(t[0]["result"]["rows"], len(t[0]["result"]["digest"]))' <<<"$output")" = "1500 64" ]
	pgp 0 report -F csv --csv-table=tasks
	has "$output" 'result_executions,result_rows,result_digest,digest_us'
	has "$output" ',3,1500,[0-9a-f]{64},[0-9]+'
}

@test "the show of a stored run says what its digests said" {
	pgp 0 run --baseline --verify-results -f same.sql
	pgp 0 report -F md
	has "$output" 'Results: 4 tasks returned the same rows as in run 1'
	pgp 0 report -F html
	has "$output" 'Results: 4 tasks returned the same rows as in run 1'
}
