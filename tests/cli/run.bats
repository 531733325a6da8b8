# Runs against a throwaway server (needs a server): exit codes 0, 2 to 5, 75 and signals; the results file; resume;
# repeats; reports.

load helper
load ../pg/server

setup_file() {
	pg_start 'max_connections = 30'
	psql -X -q -f "$BATS_TEST_DIRNAME/../pg/gates.sql"
	export PG_DIR PG_LOG PG_BIN
}
teardown_file() { pg_stop; }
setup() {
	cli_setup
	# Two that run at the same time, however late one of them gets to it.
	printf -- '-- @task a repeatable\nselect together(2, 0.3);\n-- @task b repeatable\nselect together(2, 0.3);\n' >together.sql
}
teardown() { cli_teardown; }

sql() { psql -X -q -A -t -v ON_ERROR_STOP=1 -c "$1"; }
gate() { sql "insert into gate values ('$1')"; }

# runs_on_the_server TEXT: a query that holds it is active.
runs_on_the_server() {
	[ "$(sql "select count(*) from pg_stat_activity where query like '%$1%' and state = 'active' and pid <> pg_backend_pid()")" != 0 ]
}
nothing_on_the_server() { ! runs_on_the_server "$1"; }

@test "0: done, stored, gates passed" {
	pgp 0 run -f together.sql --gate 'errors = 0' --gate 'wall < 1h' --gate 'p50 > 100ms' --gate 'overlap >= 10%' \
		--require-overlap=2
	has "$output" '^OVERLAPPED: 2 queries on 2 processes'
	has "$output" 'gate errors = 0: passed'
	[ -z "$stderr" ]
	holds "select state, done, failed, unknown, not_run, exit_code, verdict from v_run" "finished,2,0,0,0,0,OVERLAPPED"
	[ ! -e "$PGPARALLEL_DB-wal" ]
	[ "$(stat -c %a "$PGPARALLEL_DB")" = 600 ]
}

@test "0: with a baseline it is PARALLEL, and its runs belong together" {
	parallel() {
		rm -f "$PGPARALLEL_DB"
		apart "$PGPARALLEL" run --baseline -f two.sql --gate 'speedup >= 1.3'
		[ "$status" = 0 ] && has "$output" '^PARALLEL: ' && has "$output" 'of at most (1.9|2.0)'
	}
	undisturbed parallel
	holds "select group_concat(role), count(distinct experiment) from v_run" "baseline,run,1"
}

@test "-c 1 is SERIAL" {
	pgp 0 run -c 1 -f two.sql
	has "$output" '^SERIAL: '
}

@test "2: no server, and the message offers --local when nobody said where one is" {
	pgp 2 run -h "$DIR" -f two.sql
	has "$stderr" 'No such file or directory'
	apart env -u PGHOST -u PGPORT -u PGUSER -u PGDATABASE -u PGSERVICE "$PGPARALLEL" run -f two.sql
	if [ "$status" = 2 ]; then # unless this machine has a server at the usual place
		has "$stderr" '--local'
	fi
	pgp 2 run -d nosuchdatabase -f two.sql
	has "$stderr" 'nosuchdatabase'
	pgp 2 run -U nosuchrole -f two.sql
	pgp 2 check -h "$DIR" -f two.sql
}

@test "1: more sessions than the server has, with the number" {
	pgp 1 run -c 400 -f two.sql
	has "$stderr" 'max_connections'
	has "$stderr" '400|401'
}

@test "3: a task failed" {
	printf -- '-- @task good\nselect 1;\n-- @task bad\nselect 1/0;\n' >w.sql
	pgp 3 run -f w.sql
	has "$output" '1 failed'
	holds "select outcome, sqlstate from v_attempt order by outcome" "done,|failed,22012"
}

@test "3: stages: what waits for a failed task is not run" {
	printf -- '-- @task first\nselect 1/0;\n-- @task second after=first\nselect 1;\n' >w.sql
	pgp 3 run -f w.sql
	holds "select done, failed, not_run from v_run" "0,1,1"
}

@test "4: a gate failed, and it says which and by how much" {
	pgp 4 run -f two.sql --gate 'wall < 1ms'
	has "$stderr" 'wall < 1ms: not passed, '
	pgp 4 run -c 1 -f two.sql --gate 'p50 > 60s'
}

@test "4: a check failed, while the task is done" {
	printf -- '-- @task a rows=2\nselect 1;\n' >w.sql
	pgp 4 run -f w.sql
	has "$stderr" 'task a gave 1 row'
	holds "select done, failed from v_run" "1,0"
}

@test "4: too few sessions at once" {
	printf -- '-- @task a readonly\nselect pg_sleep(0.4);\n-- @task b readonly after=a\nselect pg_sleep(0.4);\n' >w.sql
	pgp 4 run -c 2 -f w.sql --require-overlap=2
	has "$stderr" 'require-overlap=2: not passed'
}

@test "3 wins over 4, 5 wins over 3" {
	printf -- '-- @task bad\nselect 1/0;\n' >w.sql
	pgp 3 run -f w.sql --gate 'errors = 0'
	run bash -c '"$1" run -f w.sql >/dev/full' - "$PGPARALLEL"
	[ "$status" = 5 ]
}

@test "5: standard output is full or closed, and the run is stored all the same" {
	run bash -c '"$1" run -f two.sql >/dev/full' - "$PGPARALLEL"
	[ "$status" = 5 ]
	has "$output" 'standard output'
	run bash -c '"$1" run -f two.sql >&-' - "$PGPARALLEL"
	[ "$status" = 5 ]
	holds "select count(*), sum(done) from v_run" "2,4"
}

@test "5: a foreign or damaged results file is refused and left as it is" {
	echo "my diary" >"$PGPARALLEL_DB"
	pgp 5 run -f two.sql
	has "$stderr" 'left as it'
	[ "$(cat "$PGPARALLEL_DB")" = "my diary" ]
	python3 -c 'import sqlite3, sys; d = sqlite3.connect(sys.argv[1]); d.execute("create table t (a)"); d.commit()' other.db
	cp other.db kept.db
	pgp 5 run -f two.sql --db=other.db
	cmp other.db kept.db
}

@test "5: the report cannot be written" {
	pgp 5 run -f two.sql -o "$DIR/missing/x.html"
	has "$stderr" "$DIR/missing/x.html"
	holds "select done from v_run" "2"
}

@test "75: another run holds the results file; --lock=skip and --lock=wait" {
	printf -- '-- @task a readonly\nselect wait_for($$three others$$);\n' >w.sql
	"$PGPARALLEL" run -f w.sql >/dev/null 3>&- &
	first=$!
	until_true 60 runs_on_the_server 'three others'
	pgp 75 run -f two.sql
	has "$stderr" '--lock=wait'
	has "$stderr" '--db='
	pgp 0 run --lock=skip -f two.sql
	[ -z "$output" ]
	[ "$(wc -l <"$PGPARALLEL_DB.skipped")" = 1 ]
	"$PGPARALLEL" run --lock=wait -f two.sql >out 2>err 3>&- &
	second=$!
	until_true 60 tries_again_and_again $second
	kill -0 $second
	gate 'three others'
	wait $first
	wait $second
	holds "select count(*) from run" "2"
}

@test "a signal is raised again when everything is stored" {
	printf -- '-- @task a repeat=500 readonly\nselect pg_sleep(0.4);\n' >w.sql
	for number in INT:130 TERM:143 HUP:129; do
		rm -f "$PGPARALLEL_DB"
		env --default-signal=INT,TERM,HUP "$PGPARALLEL" run -c 2 --grace=1s -f w.sql >out 2>err 3>&- &
		running=$!
		until_true 60 runs_on_the_server 'pg_sleep(0.4)'
		kill -"${number%:*}" $running
		code=0
		wait $running || code=$?
		[ "$code" = "${number#*:}" ]
		holds "select state, reason, unknown, done + failed + not_run, not_run > 0 from v_run" \
			"stopped,SIG${number%:*},0,500,1"
	done
}

@test "the grace ends with a second Ctrl-C, at once" {
	printf -- '-- @task a readonly\nselect pg_sleep(600);\n' >w.sql
	env --default-signal=INT "$PGPARALLEL" run --grace=500s -f w.sql >out 2>err 3>&- &
	running=$!
	until_true 60 runs_on_the_server 'pg_sleep(600)'
	kill -INT $running
	until_true 60 grep -q 'a second signal stops at once' err # two that come together are one
	kill -INT $running
	begin=$SECONDS
	code=0
	wait $running || code=$?
	[ "$code" = 130 ]
	[ $((SECONDS - begin)) -lt 20 ]
	until_true 60 nothing_on_the_server 'pg_sleep(600)'
	holds "select state from v_run" stopped
}

# limited COMMAND...: runs it with --max-time, which counts from its very start: long enough for something to have run.
limited() {
	local limit
	for limit in 1 2 4 8 16 32; do
		rm -f "$PGPARALLEL_DB"
		pgp 3 "$@" --max-time=${limit}s
		if ! grep -q 'before anything ran' <<<"$stderr"; then return 0; fi
	done
	return 1
}

@test "--max-time stops the run" {
	printf -- '-- @task a repeat=500 readonly\nselect pg_sleep(0.2);\n' >w.sql
	limited run -c 2 --grace=1s -f w.sql
	holds "select state, reason like '%max-time%', not_run > 0 from v_run" "stopped,1,1"
}

@test "a stopped run ends the experiment: no comparison with half a baseline, no further repeats" {
	printf -- '-- @task a repeat=100 readonly\nselect pg_sleep(1);\n' >w.sql
	limited run --baseline --grace=10ms -f w.sql
	[ -z "$output" ]
	has "$stderr" 'ended in the serial baseline'
	holds "select group_concat(role) from v_run" baseline
	limited run --repeat=3 --grace=10ms -q -c 2 -f w.sql
	holds "select group_concat(role) from v_run" run
}

@test "kill -9 of the parent: interrupted, resumed, every ticket there once" {
	sql 'create table if not exists ledger (n int); truncate ledger'
	seq 1 60 | sed '1i n' >data.csv
	# The run cannot be over before it is killed.
	printf -- '-- @task put\ninsert into ledger select :n::int from (select case when :n::int <= 20 then pg_sleep(0.05)::text else wait_for($$kill$$)::text end) s;\n' >w.sql
	"$PGPARALLEL" run -c 4 --data=data.csv -f w.sql >out 2>err 3>&- &
	running=$!
	until_true 60 bash -c '[ "$(psql -X -A -t -c "select count(*) from ledger")" -ge 10 ]'
	kill -9 $running
	wait $running || :
	gate kill
	until_true 60 bash -c 'psql -X -A -t -c "select count(*) from pg_stat_activity where application_name like '"'pgparallel%'"'" | grep -q "^0"'
	apart "$PGPARALLEL" run --resume=1 -c 4 --data=data.csv -f w.sql
	[ "$status" = 0 ] || [ "$status" = 3 ]
	holds "select state from v_run where run = 1" interrupted
	doubled=$(sql 'select count(*) from (select n from ledger group by n having count(*) > 1) d')
	[ "$doubled" = 0 ]
	if [ "$status" = 0 ]; then
		[ "$(sql 'select count(*) from ledger')" = 60 ]
	else
		has "$stderr" 'stay unknown'
	fi
	pgp 1 run --resume=1 -c 4 -f w.sql --dry-run
}

@test "--resume refuses another workload, other data, another seed, and nothing left" {
	pgp 0 run -f two.sql --random-seed=5
	pgp 0 run --resume=1 -f two.sql
	has "$output" 'left nothing'
	sed 's/0.3/0.2/' two.sql >other.sql
	pgp 1 run --resume=1 -f other.sql
	has "$stderr" 'another workload'
	pgp 1 run --resume=1 -f two.sql --random-seed=6
	has "$stderr" 'the seed 5'
	pgp 1 run --resume=77 -f two.sql
	has "$stderr" 'no run 77'
	pgp 1 run --resume=1 -f two.sql --gate 'speedup > 1'
	has "$stderr" 'contradicts'
}

@test "--resume a second time is refused, and @run repeat= does not repeat what it resumes" {
	sql 'drop table if exists later'
	printf -- '-- @run repeat=2\n-- @task a\ninsert into later values (1);\n' >w.sql
	pgp 3 run --repeat=1 -f w.sql
	sql 'create table later (n int)'
	pgp 0 run --resume=1 -f w.sql
	pgp 1 run --resume=1 -f w.sql
	has "$stderr" 'resumed already.*--resume=2'
	pgp 0 run --resume=2 -f w.sql
	has "$output" 'left nothing'
	[ "$(sql 'select count(*) from later')" = 1 ]
	sql 'drop table later'
}

@test "a signal before the server answers ends run and check by that signal" {
	python3 -c 'import socket, time
s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen(9)
open("port", "w").write(str(s.getsockname()[1])); time.sleep(60)' 3>&- &
	silent=$!
	until_true 60 test -s port
	port=$(<port)
	for command in run check; do
		env --default-signal=TERM "$PGPARALLEL" $command -h 127.0.0.1 -p "$port" -f two.sql >out 2>err 3>&- &
		running=$!
		until_true 60 bash -c "grep -q . /proc/$running/task/$running/children"
		kill -TERM $running
		code=0
		wait $running || code=$?
		[ "$code" = 143 ] || {
			echo "$command ended with $code"
			cat err
			kill $silent
			return 1
		}
	done
	kill $silent
}

@test "--resume leaves a speed-up gate and a baseline of the file aside, and says so" {
	printf -- '-- @run baseline\n-- @gate speedup >= 1.1\n-- @task a readonly\nselect 1/(select count(*) from pg_class where relname = '"'later'"');\n' >w.sql
	pgp 3 run -f w.sql
	sql 'create table later ()'
	pgp 0 run --resume=2 -f w.sql
	sql 'drop table later'
	has "$stderr" 'gate speedup >= 1.1 is not judged'
	holds "select group_concat(role) from v_run" baseline,run,run
}

@test "--repeat: one experiment, the median and the range" {
	printf -- '-- @task a readonly\nselect pg_sleep(0.1);\n-- @task b readonly\nselect pg_sleep(0.1);\n' >w.sql
	pgp 0 run --repeat=3 --baseline -f w.sql
	has "$output" '3 runs: makespan .* shown above'
	holds "select group_concat(role), count(distinct experiment) from v_run" "baseline,run,repeat,repeat,1"
}

@test "reports beside the text, or in its place" {
	pgp 0 run -f together.sql -o r.html
	has "$output" '^OVERLAPPED'
	grep -qi '<!doctype html>' r.html
	pgp 0 run -f two.sql -F json
	python3 -c 'import json, sys; d = json.loads(sys.argv[1]); assert d["run"]["done"] == 2' "$output"
	pgp 0 run -f two.sql -q
	[ -z "$output" ]
	pgp 0 report -F csv
	[ "${#lines[@]}" = 3 ]
	pgp 0 report 1 -F md
	has "$output" 'OVERLAPPED'
}

@test "list, show, pin, prune" {
	pgp 0 run -f together.sql --note 'first one'
	pgp 0 list
	has "$output" 'OVERLAPPED'
	pgp 0 show 1
	has "$output" '^OVERLAPPED: 2 queries'
	pgp 0 pin 1
	holds "select pinned from v_run" 1
	pgp 0 prune
	pgp 0 pin --unpin 1
	holds "select pinned, note from v_run" "0,first one"
}

@test "the log tells every start and completion" {
	pgp 0 run -f two.sql --log-file=log -q
	[ "$(grep -c 'task a.*started' log)" = 1 ]
	[ "$(grep -c 'completed after' log)" = 2 ]
	pgp 0 run -f two.sql --verbose
	has "$stderr" 'completed after'
}

@test "the log tells of a start while the task still runs, and once" {
	printf -- '-- @task slow readonly\nselect wait_for($$log$$);\n' >w.sql
	"$PGPARALLEL" run -q -f w.sql --log-file=log 3>&- &
	local running=$!
	until_true 60 grep -q 'task slow.*started at' log
	[ "$(grep -c 'completed after' log)" = 0 ]
	gate log
	wait $running
	[ "$(grep -c 'started at' log)" = 1 ]
	[ "$(grep -c 'completed after' log)" = 1 ]
}

@test "plain progress lines when asked for, silence when not" {
	printf -- '-- @task a readonly\nselect wait_for($$progress$$);\n' >w.sql
	"$PGPARALLEL" run -P 0.4 -f w.sql >out 2>err 3>&- &
	local running=$!
	until_true 60 bash -c '[ "$(grep -c "^progress: [0-9.]* s, .*, 0 of 1 done, 1 running" err)" -ge 2 ]'
	gate progress
	wait $running
	awk '/^progress: / { if ($2 < last + 0.3) exit 1; last = $2 }' err # a late one does not bring the next forward
	pgp 0 run -f two.sql
	[ -z "$stderr" ]
}

@test "works without an environment, a home, a terminal" {
	run env -i PGHOST="$PGHOST" PGPORT="$PGPORT" PGUSER="$PGUSER" "$PGPARALLEL" run -f two.sql --db="$DIR/e.db"
	[ "$status" = 0 ]
	[ -z "$(printf '%s' "$output" | LC_ALL=C tr -d '\n -~')" ] # no UTF-8 asked for, none given
	run bash -c '"$1" run -f two.sql --db=closed.db <&- >&- 2>&-' - "$PGPARALLEL"
	[ "$status" = 5 ] # what it had to say went nowhere
	run bash -c '"$1" run -q -f two.sql --db=closed.db <&- >&- 2>&-' - "$PGPARALLEL"
	[ "$status" = 0 ]
	PGPARALLEL_DB=$DIR/closed.db holds "select count(*) from run" 2
}

@test "inherited dispositions and masks change nothing" {
	run env --ignore-signal=CHLD,PIPE --block-signal=TERM,CHLD "$PGPARALLEL" run -q -f two.sql
	[ "$status" = 0 ]
}

@test "the password leaves no trace" {
	printf -- '-- @task a\nselect wait_for($$password$$);\n' >w.sql
	PGPASSWORD=canary-7134 "$PGPARALLEL" run -f w.sql --log-file=log >out 2>err 3>&- &
	running=$!
	until_true 60 runs_on_the_server 'wait_for($$password$$)'
	for pid in $running $(pgrep -P $running); do
		if cat /proc/"$pid"/environ >environ 2>/dev/null; then # none but root may read it
			[ "$(grep -c canary-7134 environ)" = 0 ]
		fi
	done
	gate password
	wait $running
	pgp 0 run -q -f two.sql "host=$PGHOST user=postgres dbname=postgres password=canary-7134"
	run grep -c canary-7134 out err log "$PGPARALLEL_DB"
	[ "$status" = 1 ]
}

@test "a password file that others can read is warned of once" {
	echo '*:*:*:*:x' >passfile
	chmod 644 passfile
	PGPASSFILE=$DIR/passfile pgp 0 run -q -c 2 --repeat=2 -f two.sql
	[ "$(grep -c 'password file' <<<"$stderr")" = 1 ]
}

@test "check prints facts and limits and runs nothing" {
	pgp 0 check -f two.sql
	has "$output" '^server +PostgreSQL '
	has "$output" 'max_connections 30'
	has "$output" 'workload +two: 2 tasks'
	[ ! -e "$PGPARALLEL_DB" ] || holds "select count(*) from run" 0
}

@test "a terminal sees lanes, and is left clean" {
	command -v script >/dev/null || skip "no script"
	script -qec true /dev/null </dev/null >/dev/null 2>&1 || skip "no pseudo terminals"
	printf -- '-- @task a readonly\nselect wait_for($$terminal$$);\n' >w.sql
	TERM=xterm script -qfec "stty cols 90 rows 30; '$PGPARALLEL' run -f w.sql" typescript </dev/null >/dev/null 3>&- &
	local drawing=$!
	until_true 60 grep -q 'process: 0 of 1 done, 1 running' typescript
	until_true 60 grep -q ' s1 .* a .*running' typescript
	gate terminal
	wait $drawing
	grep -q "$(printf '\033')\\[J" typescript # the drawing was taken away
	TERM=dumb script -qec "'$PGPARALLEL' run -f w.sql" dumb </dev/null >/dev/null
	[ "$(grep -c '1 running,' dumb)" = 0 ]
}

@test "workers that no open ticket can need leave before the end" {
	printf -- '-- @task a repeat=4\nselect 1;\n-- @task b\nselect wait_for($$leave$$);\n' >w.sql
	"$PGPARALLEL" run -q -c 5 -f w.sql 3>&- &
	local running=$!
	until_true 60 runs_on_the_server 'wait_for($$leave$$)'
	# The observer and the worker of b: should it die, another is started.
	until_true 60 bash -c "[ \$(wc -w </proc/$running/task/$running/children) = 2 ]"
	gate leave
	wait $running
	holds "select count(*) from worker w join run r on r.id = w.run where w.ended_us < r.last_end_us" 4
}

@test "a role whose name needs quotes, and that is no superuser, can run" {
	sql 'create role "My Role" login'
	pgp 0 run -q -U "My Role" -f two.sql
	sql 'drop role "My Role"'
}
