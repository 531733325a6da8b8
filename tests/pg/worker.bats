# Workers by themselves against a real server: tool_worker plays the parent over pipes.

setup_file() {
	. tests/pg/server.bash
	pg_start "max_connections = 60"
	export PG_DIR PG_LOG PG_BIN
	export TOOL=${BUILD:-.build}/tests/pg/tool_worker
	make -s B="${BUILD:-.build}" "$TOOL" 3>&-
	psql -qc 'create table t (a int primary key, b int default 0)'
	psql -qX -f tests/pg/gates.sql
}

teardown_file() {
	. tests/pg/server.bash
	pg_stop
}

setup() {
	psql -qc 'truncate t, gate'
	DIR=$(mktemp -d /tmp/pgworker.XXXXXX)
	FILE=$DIR/w.sql
}

teardown() { rm -rf "$DIR"; }

# The lines of the attempts, in order of tickets, without texts.
attempts() {
	printf '%s\n' "$output" | grep '^attempt' | sed 's/ *|.*//' | sort -k2n -k5n
}

works() { # options...
	run timeout 250 "$TOOL" "$@"
	echo "$output"
	! echo "$output" | grep -q BAD_
}

mixture() {
	cat >"$FILE" <<-'SQL'
		-- @task one rows=3
		select generate_series(1, 3);
		-- @task bad
		insert into t values (1); select 1 / 0;
		-- @task block transaction
		insert into t values (2); insert into t values (3);
		-- @task steps
		begin; insert into t values (4); commit; insert into t values (4);
		-- @task open
		insert into t values (5); begin; insert into t values (6);
	SQL
}

mixture_expected() {
	cat <<-'EOT'
		attempt 0 one try 1 done applied 1/1 at 0 sqlstate - rows 3 bytes 3
		attempt 1 bad try 1 failed applied 0/2 at 2 sqlstate 22012 rows 1 bytes 0
		attempt 2 block try 1 done applied 2/2 at 0 sqlstate - rows 2 bytes 0
		attempt 3 steps try 1 failed applied 3/4 at 4 sqlstate 23505 rows 1 bytes 0
		attempt 4 open try 1 failed applied 1/3 at 0 sqlstate - rows 2 bytes 0
	EOT
}

same_everywhere() { # options...
	mixture
	works "$@" "$FILE"
	[ "$status" = 0 ]
	diff <(mixture_expected) <(attempts)
	[ "$(psql -Atc 'select string_agg(a::text, $$ $$ order by a) from t')" = "2 3 4 5" ]
}

@test "process: outcomes, applied and the table agree" { same_everywhere -e process -c 2; }
@test "process, lanes of several sessions" { same_everywhere -e process -c 5 -j 2; }
@test "thread" { same_everywhere -e thread -c 3; }
@test "thread, lanes of several sessions" { same_everywhere -e thread -c 5 -j 2; }
@test "async" { same_everywhere -e async -c 3; }
@test "released one at a time" { same_everywhere -e thread -c 4 -b 1; }
@test "as through a pooler" { same_everywhere -P -e async -c 2; }

@test "DISCARD ALL: settings, marker and @session come back" {
	cat >"$FILE" <<-'SQL'
		-- @session
		set search_path = pg_catalog;
		-- @task discard
		discard all;
		-- @task next rows=1
		select 1 where current_setting('search_path') = 'pg_catalog' and current_setting('statement_timeout') = '7s'
		and current_setting('client_connection_check_interval') = '200ms';
		-- @task deallocate
		deallocate all;
		-- @task again
		select 1;
	SQL
	works -c 1 -t 7s "$FILE"
	[ "$status" = 0 ]
	diff - <(attempts) <<-'EOT'
		attempt 0 discard try 1 done applied 1/1 at 0 sqlstate - rows 0 bytes 0 MARKER_MISSING
		attempt 1 next try 1 done applied 1/1 at 0 sqlstate - rows 1 bytes 1
		attempt 2 deallocate try 1 done applied 1/1 at 0 sqlstate - rows 0 bytes 0 MARKER_MISSING
		attempt 3 again try 1 done applied 1/1 at 0 sqlstate - rows 1 bytes 1
	EOT
}

@test "settings of one task do not reach the next" {
	cat >"$FILE" <<-'SQL'
		-- @task a readonly timeout=3s rows=1
		begin; select 1 where current_setting('statement_timeout') = '3s' and current_setting('transaction_read_only') = 'on'; commit;
		-- @task b rows=1
		select 1 where current_setting('statement_timeout') = '0' and current_setting('default_transaction_read_only') = 'off';
		-- @task c timeout=4s rows=1
		select 1 where current_setting('statement_timeout') = '4s';
		-- @task d transaction timeout=5s readonly rows=1
		select 1 where current_setting('statement_timeout') = '5s' and current_setting('transaction_read_only') = 'on';
		-- @task e rows=1
		select 1 where current_setting('statement_timeout') = '0';
	SQL
	works -c 1 "$FILE"
	[ "$status" = 0 ]
	[ "$(attempts | grep -c ' done ')" = 5 ]
	[ "$(attempts | grep -c CHECK_FAILED)" = 0 ]
}

@test "--read-only holds for every way of sending" {
	cat >"$FILE" <<-'SQL'
		-- @task a
		insert into t values (1);
		-- @task b transaction
		insert into t values (2);
		-- @task c
		begin; insert into t values (3); commit;
	SQL
	works -r -c 1 "$FILE"
	[ "$(attempts | grep -c 'failed applied 0/. at . sqlstate 25006')" = 3 ]
}

@test "a deadlock is tried again here, as a whole" {
	psql -qc 'insert into t values (1), (2)'
	cat >"$FILE" <<-'SQL'
		-- @task a repeat=4 retries=20
		update t set b = b + 1 where a = 1; select pg_sleep(0.02); update t set b = b + 1 where a = 2;
		-- @task b repeat=4 retries=20 transaction
		update t set b = b + 1 where a = 2; select pg_sleep(0.02); update t set b = b + 1 where a = 1;
	SQL
	PGOPTIONS='-c deadlock_timeout=50ms' works -e async -c 4 "$FILE"
	[ "$status" = 0 ]
	[ "$(attempts | grep -c ' done ')" = 8 ]
	[ "$(psql -Atc 'select sum(b) from t')" = 16 ]
}

timeouts() {
	cat >"$FILE" <<-'SQL'
		-- @task block timeout=2s
		begin; set local statement_timeout = 0; insert into t values (1); select pg_sleep(600); commit;
		-- @task bare timeout=2s
		select set_config('statement_timeout', '0', true); insert into t values (2); select pg_sleep(600);
		-- @task ro timeout=2s readonly
		select set_config('statement_timeout', '0', true); select pg_sleep(600);
	SQL
}

@test "a deadline: the cancel arrives" {
	timeouts
	works -e async -c 3 "$FILE"
	[ "$status" = 0 ]
	[ "$(attempts | grep -c 'failed.*57014.*TIMED_OUT')" = 3 ]
	[ "$(attempts | grep -c 'RETRY')" = 0 ]
}

@test "a deadline: the cancel gets lost, the session is dropped" {
	timeouts
	NO_CANCEL=1 works -e thread -c 3 "$FILE"
	[ "$status" = 0 ]
	attempts | grep -q 'block try 1 failed.*SESSION_LOST TIMED_OUT'
	attempts | grep -q 'bare try 1 unknown.*SESSION_LOST TIMED_OUT'
	attempts | grep -q 'ro try 1 failed.*SESSION_LOST TIMED_OUT'
}

@test "statement_timeout is the server's word: 57014, timed out" {
	echo "select pg_sleep(600);" >"$FILE"
	works -c 1 -t 200ms "$FILE"
	attempts | grep -q 'failed applied 0/1 at 1 sqlstate 57014.* TIMED_OUT'
}

# Whoever waits at the gate when the stop comes runs on until it is opened.
waiters() {
	cat >"$FILE" <<-'SQL'
		-- @task s repeat=6
		insert into t values ((random() * 1e9)::int); select wait_for('stop');
	SQL
}
OPEN="psql -qXc \"insert into gate values ('stop')\""

@test "stop soon: what runs goes on, nothing more is taken" {
	waiters
	AFTERWARDS=$OPEN works -s soon -e thread -c 2 "$FILE"
	[ "$status" = 0 ]
	[ "$(attempts | wc -l)" = 2 ]
	[ "$(attempts | grep -c ' done ')" = 2 ]
}

@test "stop, cancel: what runs is cancelled" {
	waiters
	works -s cancel -e async -c 2 "$FILE"
	[ "$status" = 0 ]
	[ "$(attempts | grep -c 'failed.*57014.*CANCELLED')" = 2 ]
	[ "$(psql -Atc 'select count(*) from t')" = 0 ]
}

@test "stop now: what runs is unknown and reported" {
	waiters
	works -s now -e process -c 2 "$FILE"
	[ "$status" = 0 ]
	[ "$(attempts | grep -c 'unknown.*SESSION_LOST CANCELLED')" = 2 ]
}

@test "a worker killed: the others go on, no finished result is lost" {
	seq 1 100 | sed '1i n' >"$DIR/n.csv" # the most of them run after the kill
	printf -- '-- @task s\ninsert into t select :n::int from (select case when :n::int > 20 then wait_for($$stop$$) end) w;\n' >"$FILE"
	AFTERWARDS=$OPEN works -k 10 -c 3 "$FILE" "$DIR/n.csv"
	[ "$status" = 1 ]
	done=$(attempts | grep -c ' done ')
	until [ "$(psql -Atc "select count(*) from pg_stat_activity where query like 'insert into t select%' and state = 'active'")" = 0 ]; do
		sleep 0.1 # what the killed one had sent comes to its end
	done
	rows=$(psql -Atc 'select count(*) from t')
	[ "$done" -ge 99 ] && [ "$rows" -ge "$done" ] && [ "$rows" -le $((done + 1)) ]
}

@test "sessions ended by the server: each loss by its stage, then a new connection" {
	cat >"$FILE" <<-'SQL'
		-- @task bare
		insert into t values (1); select pg_sleep(600);
		-- @task ro readonly
		select pg_sleep(600);
		-- @task block transaction
		insert into t values (2); select pg_sleep(600);
		-- @task steps
		begin; insert into t values (3); select pg_sleep(600); commit;
		-- @task later
		select 1;
	SQL
	(
		until [ "$(psql -Atc "select count(*) from pg_stat_activity where wait_event = 'PgSleep'")" = 4 ]; do
			sleep 0.05
		done
		psql -qAtc "select pg_terminate_backend(pid) from pg_stat_activity where wait_event = 'PgSleep'" >/dev/null
	) 3>&- &
	local ender=$!
	works -e async -c 4 "$FILE"
	wait $ender # bats' own time limit is a job of this shell, too
	[ "$status" = 0 ]
	attempts | grep -q 'bare try 1 unknown applied 0/2 at 2 sqlstate 57P01.* SESSION_LOST'
	attempts | grep -q 'ro try 1 failed applied 0/1 at 1 sqlstate 57P01.* RETRY SESSION_LOST'
	attempts | grep -q 'block try 1 failed applied 0/2 at 2 sqlstate 57P01.* RETRY SESSION_LOST'
	attempts | grep -q 'steps try 1 failed applied 0/4 at 3 sqlstate 57P01.* RETRY SESSION_LOST'
	attempts | grep -q 'later try 1 done'
	echo "$output" | grep -q 'connect 2 ready'
	[ "$(psql -Atc 'select count(*) from t')" = 0 ]
}

@test "no server: given up at once, without a second try" {
	echo "select 1;" >"$FILE"
	PGPORT=1 works -e thread -c 2 "$FILE"
	[ "$status" = 1 ]
	[ "$(echo "$output" | grep -c 'connect 1 gave up')" = 2 ]
	[ "$(echo "$output" | grep -c 'worker 0 fatal 2')" = 1 ]
}

@test "no such database: its SQLSTATE, no second try" {
	echo "select 1;" >"$FILE"
	PGDATABASE=nowhere works -c 1 "$FILE"
	[ "$status" = 1 ]
	echo "$output" | grep -q 'worker 0 fatal 2 sqlstate 3D000 | .*database "nowhere" does not exist$'
}

@test "an error in @session ends the session with the server's words" {
	printf -- '-- @session\nselect nothing_of_that_name();\n-- @task a\nselect 1;\n' >"$FILE"
	works -c 1 "$FILE"
	[ "$status" = 1 ]
	echo "$output" | grep -q 'gave up.*sqlstate 42883'
}

@test "@setup runs step by step on one session, as one attempt" {
	printf -- '-- @setup\ninsert into t values (1);\nvacuum t;\nbegin;\ninsert into t values (2);\ncommit;\n-- @task a\nselect 1;\n' >"$FILE"
	works -S -c 1 "$FILE"
	[ "$status" = 0 ]
	[ "$(attempts | sed 's/ NO_MARKERS//' | sed 's/attempt -1 [^ ]*/attempt -1/')" = \
		"attempt -1 try 1 done applied 5/5 at 0 sqlstate - rows 2 bytes 0" ]
	[ "$(psql -Atc 'select count(*) from t')" = 2 ]
}

@test "COPY TO: rows and bytes are counted, the session goes on" {
	printf -- '-- @task a\nselect 1; copy (select generate_series(1, 20000)) to stdout; select 2;\n-- @task b\nselect 1;\n' >"$FILE"
	works -e async -c 1 "$FILE"
	[ "$status" = 0 ]
	attempts | grep -q 'a try 1 done applied 3/3 at 0 sqlstate - rows 20002 bytes 108896'
	attempts | grep -q 'b try 1 done'
}

@test "large parameters and large rows pass through" {
	{ echo n; head -c 3000000 /dev/zero | tr '\0' x; echo; } >"$DIR/big.csv"
	printf -- '-- @task a\nselect :n::text; select :n::text;\n' >"$FILE"
	works -e async -c 1 "$FILE" "$DIR/big.csv"
	[ "$status" = 0 ]
	attempts | grep -q 'a try 1 done applied 2/2 at 0 sqlstate - rows 2 bytes 6000000'
}

@test "a result above the cap is cancelled and failed, memory stays small" {
	printf -- "-- @task a readonly\nselect repeat('x', 1000000) from generate_series(1, 100000);\n-- @task b\nselect 1;\n" >"$FILE"
	works -e async -c 1 "$FILE"
	[ "$status" = 0 ]
	echo "$output" | grep -q 'a try 1 failed applied 0/1 at 1 sqlstate 57014.*| result too large'
	attempts | grep -q 'b try 1 done'
}

@test "a flood of notices and a long error text" {
	cat >"$FILE" <<-'SQL'
		-- @task a
		do $$ begin for i in 1..3000 loop raise notice '%', repeat('n', 1000); end loop; end $$;
		-- @task b readonly
		do $$ begin raise exception '%', repeat('e', 3000000); end $$;
	SQL
	works -e async -c 1 "$FILE"
	[ "$status" = 0 ]
	attempts | grep -q 'a try 1 done'
	[ "$(echo "$output" | grep '^attempt 1 b try 1 failed.*P0001' | wc -c)" -lt 8600 ]
}

@test "a COMMIT that was cut short while it waited for its replica is done, with a doubt" {
	printf -- '-- @task a timeout=2s\ninsert into t values (1);\n-- @task b timeout=2s transaction\ninsert into t values (2);\n' >"$FILE"
	psql -qc "alter system set synchronous_standby_names = 'nosuch'" -c 'select pg_reload_conf()' >/dev/null
	# The setting is in force once a commit hangs.
	(while psql -qXc 'insert into t select coalesce(max(a), 100) + 1 from t'; do :; done) >/dev/null 2>&1 3>&- &
	until [ "$(psql -Atc "select count(*) from pg_stat_activity where wait_event = 'SyncRep'")" = 1 ]; do
		sleep 0.05
	done
	psql -qAtc "select pg_terminate_backend(pid) from pg_stat_activity where wait_event = 'SyncRep'" >/dev/null
	wait $!
	works -e async -c 2 "$FILE"
	psql -qc 'set synchronous_commit = off' -c "alter system reset synchronous_standby_names" -c 'select pg_reload_conf()' >/dev/null
	[ "$status" = 0 ]
	[ "$(attempts | grep -c 'done.*LOCAL_COMMIT')" = 2 ]
	[ "$(psql -Atc 'select count(*) from t where a < 100')" = 2 ]
}

@test "no answer to a connect: given up after connect_timeout" {
	echo "select 1;" >"$FILE"
	python3 -c 'import socket, sys, time
s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen(8); print(s.getsockname()[1], flush=True); time.sleep(400)' >"$DIR/port" 3>&- &
	silent=$!
	until [ -s "$DIR/port" ]; do sleep 0.05; done
	PGHOST=127.0.0.1 PGPORT=$(cat "$DIR/port") PGCONNECT_TIMEOUT=2 works -e async -c 2 "$FILE"
	kill $silent
	[ "$status" = 1 ]
	[ "$(echo "$output" | grep -c 'gave up.*no connection within 2 s')" = 2 ]
}

@test "a timeout longer than the server knows is our own deadline's alone" {
	printf -- '-- @task a timeout=30d\nselect 1;\n-- @task b timeout=30d transaction\nselect 1;\n-- @task c timeout=30d\nbegin; select 1; commit;\n-- @task d\nselect 1;\n' >"$FILE"
	works -e async -c 2 -t 40d "$FILE"
	[ "$status" = 0 ]
	[ "$(attempts | grep -c 'try 1 done')" = 4 ]
}

# The last one here, as it makes the whole server start again.
@test "the last words of a server that crashes are told, not what a task said before" {
	cat >"$FILE" <<-'SQL'
		-- @task a
		do $$ begin raise notice 'chatter'; raise warning 'last words' using errcode = '57P02'; end $$;
		copy (select 1) to program 'kill -9 $PPID';
	SQL
	works -c 1 "$FILE"
	[ "$status" = 0 ]
	echo "$output" | grep -q 'a try 1 unknown .* sqlstate 57P02 .*| last words$'
}
