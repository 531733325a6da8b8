# Load runs of workers by themselves against a real server: tool_load plays the parent.

setup_file() {
	. tests/pg/server.bash
	pg_start "max_connections = 60" "max_prepared_transactions = 2"
	export PG_DIR PG_LOG PG_BIN
	export TOOL=${BUILD:-.build}/tests/pg/tool_load
	make -s B="${BUILD:-.build}" "$TOOL" 3>&-
	psql -qc 'create table t (a bigint, b text);
		create table counter (id int primary key, n bigint not null);
		create table pgbench_branches (bid int); insert into pgbench_branches values (1), (2), (3)'
}

teardown_file() {
	. tests/pg/server.bash
	pg_stop
}

setup() {
	psql -qc 'truncate t, counter; insert into counter select g, 0 from generate_series(0, 99) g'
	DIR=$(mktemp -d /tmp/pgload.XXXXXX)
	FILE=$DIR/s.sql
}

teardown() { rm -rf "$DIR"; }

script() { cat >"$FILE"; }

works() { # options...
	run timeout 120 "$TOOL" -f "$FILE" "$@"
	echo "$output"
	[ "$status" = 0 ]
	! echo "$output" | grep -q '^session .* started'
}

# The number behind a word, over all scripts: of the lines "script ...".
count() { echo "$output" | sed -n "s/^script .* $1 \([0-9]*\).*/\1/p" | awk '{ n += $1 } END { print n + 0 }'; }
total() { echo "$output" | sed -n "s/^records .* $1 \([0-9]*\).*/\1/p"; }
rows() { psql -Atc "$1"; }

# ---- commands ----

commands_in() { # mode
	script <<-'SQL'
		\set x 20 + 1
		\if :x = 21
		insert into t values (:x * 2, 'if');
		\else
		insert into t values (0, 'else');
		\endif
		select :x + 1 as y, 'text' as z \gset g_
		insert into t values (:g_y, 'gset');
		select a + 100 as v from generate_series(1, 3) a order by 1 \aset
		insert into t values (:v, 'aset');
		select 1 as nothing where false \aset
		\sleep 1 us
		insert into t values (:client_id, 'client');
	SQL
	works -c 2 -t 3 -M "$1"
	[ "$(count done)" = 6 ]
	[ "$(rows "select string_agg(a || b, ' ' order by a, b) from (select distinct a, b from t) d")" = \
		"0client 1client 22gset 42if 103aset" ]
	[ "$(rows 'select count(*) from t')" = 24 ]
}

@test "set, if, gset, aset, sleep: simple" { commands_in simple; }
@test "set, if, gset, aset, sleep: extended" { commands_in extended; }
@test "set, if, gset, aset, sleep: prepared" { commands_in prepared; }

@test "several statements in one, gset takes the last result and aset any" {
	script <<-'SQL'
		select 1 as m \; select 2 as m \; select 3 as m, 4 as n \gset
		insert into t values (:m * 10 + :n, 'gset') \; insert into t values (1, 'second');
		select 7 as p \; select 8 as q \; select 9 as r where false \aset
		insert into t values (:p * 10 + :q, 'aset');
	SQL
	works -t 2
	[ "$(rows "select string_agg(a || b, ' ' order by a) from t")" = "1second 1second 34gset 34gset 78aset 78aset" ]
}

@test "simple: values are spliced in, a variable without one stays as it was written" {
	script <<-'SQL'
		insert into t values (:v, ':v and :w');
	SQL
	works -t 1 -D v=5
	[ "$(rows 'select a || b from t')" = "55 and :w" ]
}

@test "extended: a variable without a value is null" {
	script <<-'SQL'
		\if false
		\set w 1
		\endif
		insert into t values (:v::int, :w::text || 'x');
	SQL
	works -t 1 -D v=5 -M extended
	[ "$(rows 'select a, b is null from t')" = "5|t" ]
}

@test "scale is asked for at the start, and a -D wins" {
	script <<-'SQL'
		insert into t values (:scale, ':client_id :random_seed');
	SQL
	works -t 1 -z 77
	[ "$(rows 'select a || b from t')" = "30 77" ]
	psql -qc 'truncate t'
	works -t 1 -D scale=9 -D client_id=5
	[ "$(rows 'select a || b from t')" = "95 1" ]
}

@test "without the tables of pgbench -i: its hint, and no session" {
	script <<-'SQL'
		insert into t values (:scale, '');
	SQL
	psql -qc 'alter table pgbench_branches rename to away'
	run timeout 60 "$TOOL" -f "$FILE" -t 1
	psql -qc 'alter table away rename to pgbench_branches'
	echo "$output"
	[ "$status" != 0 ]
	echo "$output" | grep -q 'gave up sqlstate 42P01 .*create its tables with pgbench -i postgres'
}

pipelined() { # mode
	script <<-'SQL'
		\startpipeline
		select 1;
		insert into t values (:client_id, 'pipe');
		\syncpipeline
		select 2;
		\endpipeline
		select 3;
	SQL
	works -c 2 -t 3 -r -M "$1"
	[ "$(count done)" = 6 ]
	[ "$(rows 'select count(*) from t')" = 6 ]
	[ "$(echo "$output" | grep -c '^command .* n 6 .*;$')" = 4 ]
}

@test "pipeline commands: extended" { pipelined extended; }
@test "pipeline commands: prepared" { pipelined prepared; }

@test "an error in a pipeline: the rest of its segment is not applied, the segment before it is" {
	script <<-'SQL'
		\startpipeline
		insert into t values (1, 'kept');
		\syncpipeline
		insert into t values (2, 'lost');
		select 1 / (:client_id::int - :client_id);
		insert into t values (3, 'never');
		\endpipeline
	SQL
	works -t 2 -M prepared -g
	[ "$(count failed)" = 2 ]
	[ "$(rows "select string_agg(b, ' ') from t")" = "kept kept" ]
	echo "$output" | grep -q '^error script 0 sqlstate 22012 failed 2'
}

@test "a pipeline that prepares after an error prepares again" {
	script <<-'SQL'
		\set boom :n = 0
		\set n :n + 1
		\startpipeline
		select 1 / case when :boom then 0 else 1 end;
		insert into t values (1, 'fine');
		\endpipeline
	SQL
	works -t 3 -M prepared -g -D n=0
	[ "$(count failed)" = 1 ]
	[ "$(rows 'select count(*) from t')" = 2 ]
}

# ---- what goes wrong ----

aborts() { # text; then options
	local text=$1
	shift
	works "$@"
	[ "$(total aborted)" = 1 ]
	[ "$(count done)" = 0 ]
	[ "$(count failed)" = 1 ]
	echo "$output" | grep -q "^note client 0 aborted.*$text"
}

@test "gset of two rows, of none, of no rows at all" {
	script <<<'select generate_series(1, 2) as x \gset'
	aborts "query 0: expected one row, got 2" -t 5
	script <<<'select 1 as x \; select 1 as x where false \gset'
	aborts "query 1: expected one row, got 0" -t 5
	script <<<'truncate t \gset'
	aborts "query 0: expected one row, got 0" -t 5
}

@test "gset into no valid name" {
	script <<<'select 1 as "no name" \gset'
	aborts "gset: invalid variable name" -t 5
}

@test "an error of the script" {
	script <<<'\set x 1 / 0
select 1;'
	aborts "division by zero" -t 5
}

@test "an error of the server ends the session, the others go on" {
	script <<-'SQL'
		select 1 / (1 - :client_id);
	SQL
	works -c 3 -t 4
	[ "$(count done)" = 8 ]
	[ "$(count failed)" = 1 ]
	[ "$(total aborted)" = 1 ]
}

@test "continue on error: failed ones are counted and rolled back" {
	script <<-'SQL'
		begin;
		insert into t values (:client_id, 'lost');
		select 1 / (1 - :client_id);
		end;
	SQL
	works -c 2 -t 4 -g
	[ "$(count done)" = 4 ]
	[ "$(count failed)" = 4 ]
	[ "$(rows 'select count(*) from t where a = 1')" = 0 ]
	[ "$(rows 'select count(*) from t where a = 0')" = 4 ]
	[ "$(total connects)" = 2 ]
}

@test "the run can be told to end with the first session that does" {
	script <<-'SQL'
		select 1 / (1 - :client_id);
	SQL
	works -c 2 -T 60 -X
	[ "$(total aborted)" = 1 ]
}

@test "a script that leaves a block or a pipeline open" {
	script <<<'begin;'
	aborts "end of script reached without completing the last transaction" -t 5
	script <<<'\startpipeline
select 1;'
	aborts "end of script reached with pipeline open" -t 5 -M extended
	script <<<'begin;'
	works -t 3 -g
	[ "$(count failed)" = 3 ]
}

@test "no pipeline in simple mode, none in a pipeline, and no end of none" {
	script <<<'\startpipeline
\endpipeline'
	aborts "cannot use pipeline mode with the simple query protocol" -t 5
	script <<<'\startpipeline
\startpipeline
\endpipeline'
	aborts "already in pipeline mode" -t 5 -M extended
	script <<<'\endpipeline'
	aborts "not in pipeline mode" -t 5 -M extended
}

@test "COPY in a script ends the session" {
	script <<<'copy t to stdout;'
	aborts "COPY" -t 5
	works -t 3 -g
	[ "$(count failed)" = 3 ]
}

# ---- repeats ----

# Two sessions update the same two rows in serializable transactions.
collide() {
	script <<-'SQL'
		\set first random(0, 1)
		\set other 1 - :first
		begin isolation level serializable;
		update counter set n = n + 1 where id = :first;
		update counter set n = n + 1 where id = :other;
		end;
	SQL
}

@test "serialization failures and deadlocks are repeated until they succeed" {
	collide
	psql -qc "alter system set deadlock_timeout = '10ms'" -c 'select pg_reload_conf()' >/dev/null
	works -c 4 -t 50 -x 0
	[ "$(count done)" = 200 ]
	[ "$(count failed)" = 0 ]
	[ "$(count retries)" -gt 0 ]
	[ "$(rows 'select sum(n) from counter')" = 400 ]
	! echo "$output" | grep '^error' | grep -qv 'sqlstate 40'
}

@test "one try: failures are counted and the session goes on" {
	collide
	works -c 4 -t 50
	[ "$(($(count done) + $(count failed)))" = 200 ]
	[ "$(count failed)" -gt 0 ]
	[ "$(rows 'select sum(n) from counter')" = "$((2 * $(count done)))" ]
	[ "$(total aborted)" = 0 ]
}

@test "a repeat has the random numbers and variables of the first try" {
	script <<-'SQL'
		\set r random(1, 1000000000)
		\set n :n + 1
		select nextval('seq') as s \gset
		insert into tries values (:s, :n, :r);
		do $$ begin if currval('seq') % 3 <> 0 then raise exception using errcode = '40001'; end if; end $$;
	SQL
	psql -qc 'create sequence seq; create table tries (s int, n int, r int)'
	works -t 4 -x 3 -D n=0
	[ "$(count done)" = 4 ]
	[ "$(count retries)" = 8 ]
	[ "$(rows 'select string_agg(n::text, $$ $$ order by s) from tries')" = "1 1 1 2 2 2 3 3 3 4 4 4" ]
	[ "$(rows 'select count(distinct r) from tries')" = 4 ]
	psql -qc 'drop sequence seq; drop table tries'
}

# ---- load control ----

@test "warm-up is in no number, and -t comes after it" {
	script <<<"insert into t values (1, 'x');"
	works -c 2 -t 5 -w 0.3
	[ "$(count done)" = 10 ]
	[ "$(total warmed)" -gt 10 ]
	[ "$(rows 'select count(*) from t')" = "$((10 + $(total warmed)))" ]
}

@test "-T ends by the clock, ramp and all" {
	script <<<'select 1;'
	works -c 3 -T 0.4 -u 0.3
	[ "$(count done)" -gt 0 ]
}

@test "think time is kept between transactions" {
	script <<<'select 1;'
	works -t 5 -k 0.05
	echo "$output" | awk '/^seconds/ { exit !($2 >= 0.2 && $2 < 5) }'
}

@test "-R: as many as asked for, late starts are lag, the schedule's time includes them" {
	script <<<'\sleep 5 ms
select 1;'
	works -c 4 -T 2 -R 200 -O
	n=$(count done)
	[ "$n" -gt 280 ]
	[ "$n" -lt 540 ]
	# schedule = lag + service, to the microsecond, for every transaction
	echo "$output" | awk '/^tx/ { if ($12 < $14) bad++ } END { exit bad > 0 }'
	[ "$(echo "$output" | sed -n 's/.* lag n \([0-9]*\).*/\1/p')" = "$n" ]
}

@test "-R with -L: those that would begin too late are skipped, and what is over the limit is late" {
	script <<<'\sleep 20 ms
select 1;'
	works -c 1 -T 2 -R 200 -L 30
	[ "$(count skipped)" -gt 100 ]
	[ "$(count done)" -gt 10 ]
	[ "$(count late)" -gt 0 ]
	[ "$(count late)" -le "$(count done)" ]
}

@test "-L without -R counts what is late" {
	script <<<'select pg_sleep(0.002);'
	works -t 10 -L 1
	[ "$(count late)" = 10 ]
}

@test "-C: a connection for each transaction, connecting counted apart" {
	script <<<'select 1;'
	for mode in simple prepared; do
		works -c 2 -t 10 -C -M $mode
		[ "$(count done)" = 20 ]
		[ "$(total connects)" = 20 ]
	done
}

@test "sampling: records of a share, counts of all" {
	script <<<'select 1;'
	works -t 400 -a 0.25
	[ "$(count done)" = 400 ]
	[ "$(total sampled_out)" -gt 200 ]
	[ "$(total sampled_out)" -lt 390 ]
	works -t 100 -a 0
	[ "$(total sampled_out)" = 0 ]
	echo "$output" | grep -q '^records 0 '
}

@test "weights" {
	echo "insert into t values (1, 'a');" >"$DIR/a.sql"
	echo "insert into t values (1, 'b');" >"$DIR/b.sql"
	echo "insert into t values (1, 'c');" >"$DIR/c.sql"
	FILE=$DIR/a.sql@3
	works -f "$DIR/b.sql@1" -f "$DIR/c.sql@0" -t 400
	a=$(rows "select count(*) from t where b = 'a'")
	[ "$a" -gt 240 ]
	[ "$a" -lt 360 ]
	[ "$(rows "select count(*) from t where b = 'c'")" = 0 ]
	[ "$(rows 'select count(*) from t')" = 400 ]
}

@test "--pipeline: each execution is a transaction of its own" {
	script <<-'SQL'
		\set r random(1, 1000)
		insert into t values (:r, 'x' || :client_id::int);
	SQL
	for mode in extended prepared; do
		psql -qc 'truncate t'
		works -c 3 -t 25 -p 10 -M $mode
		[ "$(count done)" = 75 ]
		[ "$(rows 'select count(*) from t')" = 75 ]
		[ "$(rows 'select count(distinct xmin::text) from t')" = 75 ]
	done
}

@test "--pipeline: an error fails its own execution alone" {
	script <<-'SQL'
		\set n :n + 1
		insert into t values (:n, 'x');
		select 1 / (:n % 5);
	SQL
	works -t 20 -p 8 -M prepared -g -D n=0
	[ "$(count done)" = 16 ]
	[ "$(count failed)" = 4 ]
	[ "$(rows 'select count(*) from t')" = 16 ]
	psql -qc 'truncate t'
	works -t 20 -p 8 -M prepared -D n=0
	[ "$(total aborted)" = 1 ]
	[ "$(rows 'select count(*) from t')" = "$(count done)" ]
}

@test "--pipeline: an execution that its script breaks off is not applied, those before it are" {
	script <<-'SQL'
		\set n :n + 1
		insert into t values (:n, 'x');
		\set bad 1 / (:n % 5)
	SQL
	works -t 20 -p 8 -M prepared -g -D n=0
	[ "$(count done)" = 16 ]
	[ "$(count failed)" = 4 ]
	[ "$(rows 'select count(*) from t')" = 16 ]
}

# ---- the same whatever the engine ----

@test "the same seed gives each session the same values in every engine and layout" {
	script <<-'SQL'
		\set r random(1, 1000000)
		\set z random_zipfian(1, 100000, 1.1)
		insert into t values (:r, ':client_id :z ' || extract(epoch from clock_timestamp()));
	SQL
	local sums=
	for layout in "-e process" "-e thread" "-e async" "-e process -j 2" "-e thread -j 2"; do
		psql -qc 'truncate t'
		works -c 5 -t 20 -z 4711 $layout
		sums="$sums $(rows "select md5(string_agg(a || ' ' || split_part(b, ' ', 1) || split_part(b, ' ', 2), ','
			order by split_part(b, ' ', 1), split_part(b, ' ', 3)::numeric)) from t")"
	done
	[ "$(echo "$sums" | tr ' ' '\n' | grep -c .)" = 5 ]
	[ "$(echo "$sums" | tr ' ' '\n' | grep . | sort -u | wc -l)" = 1 ]
}

# ---- loss ----

@test "terminated backends: sessions come back, what was in flight is unknown, the counter fits" {
	script <<-'SQL'
		update counter set n = n + 1 where id = :client_id;
	SQL
	(sleep 0.3 && for _ in 1 2 3 4 5 6; do
		sleep 0.15
		psql -qAtc "select pg_terminate_backend(pid) from pg_stat_activity
			where application_name = 'pgparallel/test'" >/dev/null
	done) 3>&- &
	local ending=$!
	works -c 4 -T 2
	wait $ending
	n=$(rows 'select sum(n) from counter')
	[ "$n" -ge "$(count done)" ]
	[ "$n" -le "$(($(count done) + $(count unknown)))" ]
	[ "$(total aborted)" = 0 ]
	[ "$(total connects)" -gt 4 ]
	[ "$(($(count unknown) + $(count failed)))" -gt 0 ]
}

@test "terminated backends in a block before its END: failed and not unknown" {
	script <<-'SQL'
		begin;
		update counter set n = n + 1 where id = :client_id;
		\sleep 20 ms
		end;
	SQL
	(sleep 0.4 && for _ in 1 2 3; do
		sleep 0.3
		psql -qAtc "select pg_terminate_backend(pid) from pg_stat_activity
			where application_name = 'pgparallel/test' and state = 'idle in transaction'" >/dev/null
	done) 3>&- &
	local ending=$!
	works -c 3 -T 2
	wait $ending
	n=$(rows 'select sum(n) from counter')
	[ "$n" -ge "$(count done)" ]
	[ "$n" -le "$(($(count done) + $(count unknown)))" ]
	[ "$(count failed)" -gt 0 ]
	echo "$output" | grep -q '^error script 0 sqlstate 57P01 failed'
}

@test "a worker killed: its replacement goes on counting towards -t" {
	script <<-'SQL'
		update counter set n = n + 1 where id = :client_id;
		\sleep 1 ms
	SQL
	for engine in "-e process" "-e async" "-e thread -j 2"; do
		psql -qc 'update counter set n = 0'
		works -c 4 -t 300 -i 150 $engine
		echo "$output" | grep -q 'signal 9'
		lost=$(echo "$output" | sed -n 's/^lost with the worker.* \([0-9]*\)$/\1/p' | awk '{ n += $1 } END { print n + 0 }')
		[ "$(($(count done) + $(count unknown) + $(count failed) + lost))" = 1200 ]
		n=$(rows 'select sum(n) from counter')
		[ "$n" -ge "$(count done)" ]
		[ "$n" -le "$(($(count done) + $(count unknown) + lost))" ]
	done
}

@test "the server restarts: sessions wait for it" {
	. tests/pg/server.bash
	script <<<'select 1;'
	(sleep 0.5 && pg_restart fast) 3>&- &
	local restart=$!
	works -c 3 -T 4
	wait $restart
	[ "$(total connects)" -ge 6 ]
	[ "$(total aborted)" = 0 ]
}

# ---- stops and timeouts ----

@test "stop soon: what runs is finished" {
	script <<<"select pg_sleep(0.3); "
	works -c 2 -T 60 -y soon:100
	[ "$(count done)" = 2 ]
}

@test "stop cancel: what runs is cancelled" {
	script <<<"select pg_sleep(60);"
	works -c 2 -T 60 -y cancel:200
	[ "$(count failed)" = 2 ]
	echo "$output" | grep -q 'sqlstate 57014'
}

@test "stop now: what runs is unknown" {
	script <<<"select pg_sleep(60);"
	works -c 2 -T 60 -y now:200
	[ "$(count unknown)" = 2 ]
}

@test "a stop ends pauses: schedule, think time, ramp" {
	script <<<'select 1;'
	works -c 2 -T 60 -R 0.01 -y soon:200
	works -c 2 -T 60 -k 30 -y soon:200
	[ "$(count done)" = 2 ]
	works -c 2 -T 60 -u 100 -y soon:200
}

@test "--timeout: the server ends the statement, or the session is dropped" {
	script <<<"select pg_sleep(60);"
	works -c 2 -t 2 -o 0.2 -g
	[ "$(count failed)" = 4 ]
	echo "$output" | grep -q 'sqlstate 57014 failed'
	works -c 1 -t 1 -o 0.2 -g -P
	[ "$(count unknown)" = 1 ]
}

@test "no server: given up at once" {
	script <<<'select 1;'
	PGPORT=1 run timeout 60 "$TOOL" -f "$FILE" -c 2 -t 1
	echo "$output"
	[ "$status" != 0 ]
	echo "$output" | grep -q 'fatal 2'
}
