# Load runs against a throwaway server (needs a server): pgbench's command lines, what counts and how it ends, exit
# codes, deaths and signals, what is stored and shown.

load helper
load ../pg/server

setup_file() {
	pg_start 'max_connections = 60'
	pgbench -i -s 1 -q postgres >/dev/null 2>&1 3>&-
	export PG_DIR PG_LOG PG_BIN
}
teardown_file() { pg_stop; }
setup() {
	cli_setup
	sql 'truncate pgbench_history'
	echo 'select 1;' >plain.sql
	echo 'select 1/0;' >bad.sql
	printf '\\set x random(1, 100)\nselect :x;\n' >script.sql
}
teardown() { cli_teardown; }

sql() { psql -X -q -A -t -v ON_ERROR_STOP=1 -c "$1"; }
history_is() { [ "$(sql 'select count(*) from pgbench_history')" = "$1" ]; }
one() { python3 -c "import sqlite3; print(sqlite3.connect('$PGPARALLEL_DB').execute(\"\"\"$1\"\"\").fetchone()[0])"; }

# ---- pgbench's users ----

@test "command lines of pgbench work unchanged, and what it prints is printed" {
	cat >lines <<-'LINES'
		-n -S -t 20
		-S -t 10 -c 2 -j 2 postgres
		-N -t 5 -c 3 -M prepared
		-t 3 -v
		-n -T 1 -S -c 4 -j 2 -M extended
		-n -b select-only@7 -b simple-update@3 -t 10
		-n -b se -t 2
		-n -f script.sql -t 5 -c 2
		-n -f script.sql@2 -f plain.sql@1 -t 10 -r
		-n -S -T 1 -R 200 -L 100
		-n -S -t 5 -C
		-n -S -t 5 -r --failures-detailed --max-tries=3 --random-seed=7
		-n -D x=5 -s 3 -f script.sql -t 2
		-n --select-only --client=2 --jobs=1 --transactions=4 --protocol=simple --report-per-command
		-n -S -c 1 -j 3 -t 5
	LINES
	while read -r line; do
		echo "--- $line"
		# shellcheck disable=SC2086
		pgbench $line >theirs 2>their.errors
		# shellcheck disable=SC2086
		pgp 0 run $line
		[ -z "$stderr" ]
		# Every label of a line "label: value" or "label = value", numbers left out, in its order.
		labels() { sed -nE 's/^( - )?([a-zA-Z -]+)( =|:).*/\2/p'; }
		labels <theirs | sort -u >wanted
		labels <<<"$output" | sort -u >given
		comm -23 wanted given >missing
		if [ -s missing ]; then
			cat missing theirs
			echo "$output"
			return 1
		fi
	done <lines
}

@test "the transactions pgbench says are the ones that are done" {
	pgbench -n -N -c 3 -t 40 -M prepared >/dev/null 2>&1
	history_is 120
	pgp 0 run -n -N -c 3 -t 40 -M prepared
	history_is 240
	has "$output" 'number of transactions actually processed: 120/120'
	holds "select done, failed, unknown, skipped from v_load" "120,0,0,0"
	holds "select state, tickets, done, not_run, exit_code from run" "finished,120,120,0,0"
	holds "select sum(done) from load_second" "120"
	holds "select count(*) from load_second where sessions <> 3" "0" # those that ended by themselves were connected
	holds "select sum(records) from load_chunk" "120"
}

@test "the scaling factor is that of the tables" {
	sql 'insert into pgbench_branches values (2, 0), (3, 0)'
	pgp 0 run -n -S -t 3
	sql 'delete from pgbench_branches where bid > 1'
	grep -qx 'scaling factor: 3' <<<"$output"
	[ "$(one 'select scale from load order by run desc limit 1')" = 3 ]
}

@test "the money of tpcb-like adds up, in every engine" {
	sql 'update pgbench_accounts set abalance = 0 where abalance <> 0;
		update pgbench_tellers set tbalance = 0; update pgbench_branches set bbalance = 0'
	for engine in process thread async serial; do
		clients=4
		[ $engine = serial ] && clients=1
		pgp 0 run -e $engine -c $clients -t 25
		history_is $((clients * 25))
	done
	pgp 0 run -c 5 -j 2 -t 20 -n
	history_is $((25 + 100))
	[ "$(sql 'select (select sum(tbalance) from pgbench_tellers) = (select sum(bbalance) from pgbench_branches)')" = t ]
	[ "$(sql 'select (select sum(abalance) from pgbench_accounts) = (select sum(bbalance) from pgbench_branches)')" = t ]
}

@test "-b list names the built-in scripts; -i points to pgbench" {
	pgp 0 run -b list
	has "$output" 'tpcb-like'
	has "$output" 'select-only'
	pgp 1 run -i
	has "$stderr" 'pgbench -i'
}

@test "before the run its tables are vacuumed and emptied; -n leaves them, -v does more" {
	line() { sql "insert into pgbench_history (tid) values (1)"; }
	analyzed() { sql "select analyze_count from pg_stat_user_tables where relname = 'pgbench_accounts'"; }
	line
	before=$(analyzed)
	pgp 0 run -S -t 1 -n
	history_is 1
	pgp 0 run -f script.sql -t 1
	history_is 0
	[ "$(analyzed)" = "$before" ]
	pgp 0 run -S -t 1 -v
	more_analyzed() { [ "$(analyzed)" -gt "$before" ]; }
	until_true 10 more_analyzed
	line
	pgp 0 run -S -t 1 --read-only
	history_is 1
}

@test "without pgbench's tables: its scripts are refused with the remedy, others run in silence" {
	sql 'create database without'
	pgp 1 run -d without -S -t 1
	has "$stderr" 'pgbench -i'
	pgp 0 run -d without -f script.sql -t 1
	[ -z "$stderr" ]
	holds "select count(*) from event where kind = 'not vacuumed'" "1"
	sql 'drop database without'
}

# ---- which kind of run, and how much ----

@test "a plain file runs once; with -t, -T or @run it is looped; a script is looped ten times" {
	pgp 0 run -f plain.sql
	has "$output" '1 query'
	pgp 0 run -f plain.sql -t 7
	has "$output" 'processed: 7/7'
	pgp 0 run -f script.sql -c 2
	has "$output" 'processed: 20/20'
	printf -- '-- @run transactions=4 clients=2\nselect 1;\n' >looped.sql
	pgp 0 run -f looped.sql
	has "$output" 'processed: 8/8'
	pgp 0 run -f looped.sql -t 1 -c 1
	has "$output" 'processed: 1/1'
	printf 'select 1;\n' | pgp 0 run -f - -t 3
	printf '\\set a 1\nselect :a;\n' | pgp 0 run -f -
}

@test "-T runs for so long, and -t not longer than it takes" {
	pgp 0 run -n -S -T 1.5 -c 2
	lasted=$(one 'select end_us - begin_us from load')
	[ "$lasted" -ge 1400000 ]
	[ "$lasted" -lt 8000000 ]
}

@test "@setup, @session, @teardown, weights, parameters and gates of a file of scripts" {
	cat >all.sql <<-'SQL'
		-- @workload bank
		-- @run clients=2 transactions=40
		-- @gate errors = 0
		-- @gate tps > 0
		-- @setup
		create table moves (who int, x int);
		-- @teardown
		create table kept as select count(*) as n, min(x), max(x), count(distinct who) as who from moves;
		drop table moves;
		-- @session
		set application_name = 'scripted';
		-- @script move weight=3
		-- @param x = random(5, 9)
		insert into moves select :client_id, :x where current_setting('application_name') = 'scripted';
		-- @script look
		select count(*) from moves;
	SQL
	pgp 0 run -f all.sql
	has "$output" 'gate errors = 0: passed'
	has "$output" 'gate tps > 0: passed'
	moves=$(one "select done from v_load_script where script = 'move'")
	[ "$(sql 'select n, min >= 5 and max <= 9, who from kept')" = "$moves|t|2" ]
	holds "select sum(done) from load_script" "80"
	sql 'drop table kept'
	pgp 0 run --dry-run -f all.sql
	has "$output" 'move +weight 3 of 4'
}

@test "--warmup and --ramp are in no number" {
	pgp 0 run -n -N -c 2 -T 1 --warmup=0.5s --ramp=0.3s
	holds "select warmed > 0, done > 0 from load" "1,1"
	both=$(one 'select done + warmed from load')
	history_is "$both"
	holds "select begin_us - (select go_us from run) >= 790000 from load" "1"
}

@test "-R with -L: late ones are skipped and that is no failure" {
	printf 'select pg_sleep(0.2);\n' >slow.sql
	pgp 0 run -n -f slow.sql -T 2 -R 20 -L 50
	has "$output" 'number of transactions skipped: [1-9]'
	holds "select not_run > 0, failed, exit_code from run" "1,0,0"
}

@test "the same seed does the same" {
	for run in 1 2; do
		pgp 0 run -N -t 20 -c 2 --random-seed=4711
		sql 'select array_agg(aid || chr(58) || delta order by aid, delta) from pgbench_history' >"seed$run"
	done
	cmp seed1 seed2
	pgp 0 run -N -t 20 -c 2 --random-seed=4712
	sql 'select array_agg(aid || chr(58) || delta order by aid, delta) from pgbench_history' >seed3
	run cmp -s seed1 seed3
	[ "$status" = 1 ]
}

# ---- exit codes ----

@test "3: an error ends its session, as in pgbench; the others go on" {
	pgp 3 run -n -f bad.sql -t 5 -c 2
	has "$stderr" 'division by zero'
	holds "select done, failed, aborted from load" "0,2,2"
	holds "select sqlstate, failed from load_error" "22012,2"
	printf '\\if :client_id = 0\nselect 1/0;\n\\else\nselect 1;\n\\endif\n' >half.sql
	pgp 3 run -n -f half.sql -t 5 -c 2
	holds "select done, failed, aborted from load where run = 2" "5,1,1"
}

@test "3: --continue-on-error fails the transaction and goes on; --exit-on-abort and --halt stop the run" {
	pgp 3 run -n -f bad.sql -t 5 -c 2 --continue-on-error
	holds "select failed, aborted from load" "10,0"
	pgp 3 run -n -f bad.sql@1 -f plain.sql@1 -T 60 -c 2 --exit-on-abort
	has "$stderr" 'exit-on-abort'
	holds "select state from run where id = 2" "aborted"
	for when in soon now; do
		pgp 3 run -n -f bad.sql@1 -f plain.sql@9 -T 60 -c 2 --continue-on-error --halt=$when
		has "$stderr" "halt=$when"
	done
	holds "select distinct state from run where id > 2" "stopped"
}

@test "3: --max-time ends it; what was done counts" {
	pgp 3 run -n -S -T 60 --max-time=1s
	has "$stderr" 'max-time'
	holds "select state, done > 0 from run" "stopped,1"
}

@test "4: a gate does not hold" {
	pgp 4 run -n -S -t 50 --gate 'tps > 100000000'
	has "$stderr" 'gate tps > 100000000: not passed'
	pgp 0 run -n -S -t 50 --gate 'errors = 0' --gate 'p50 < 1min' --gate 'p99.9 < 1min' --gate 'wall < 1h' \
		--gate 'makespan < 1h' --gate 'tps >= 0.1'
	has "$output" 'gate p99.9 < 1min: passed.*too few samples'
	pgp 1 run -n -S -t 1 --gate 'speedup > 1'
	pgp 1 run -n -S -t 1 --gate 'overlap > 1%'
	pgp 1 run -f plain.sql --gate 'tps > 1'
}

@test "2, 1, 75: no server, too many sessions, a lock" {
	pgp 2 run -h "$DIR" -S -t 1
	pgp 1 run -c 400 -S -t 1
	has "$stderr" 'max_connections'
	"$PGPARALLEL" run -n -S -T 30 3>&- >/dev/null 2>&1 &
	running=$!
	locked() { [ -e "$PGPARALLEL_DB.lock" ] && [ -e "$PGPARALLEL_DB" ]; }
	until_true 20 locked
	pgp 75 run -n -S -t 1
	kill -TERM $running
	wait $running || [ $? = 143 ]
}

@test "1: a log file that cannot be made" {
	pgp 1 run -n -S -t 5 -l --log-prefix="$DIR/nosuch/x"
	has "$stderr" 'nosuch/x'
	[ ! -e "$PGPARALLEL_DB" ]
}

@test "1: what serves only one kind of run is refused by the other" {
	for option in --data=x.csv --baseline --resume=1 --retries=1 --require-overlap=1; do
		pgp 1 run -S -t 1 $option
		has "$stderr" "${option%%=*} is for tasks"
	done
	for option in '-R 5' '-L 5' '-M prepared' -C -n -v -r -l '-s 5' '-D a=1' --warmup=1s --ramp=1s --think=1s \
		--pipeline=2 --max-tries=2 --continue-on-error --exit-on-abort --sampling-rate=0.5 --verbose-errors \
		--failures-detailed --latency-percentiles=50; do
		# shellcheck disable=SC2086
		pgp 1 run -f plain.sql $option
		has "$stderr" 'is for load runs'
	done
	[ ! -e "$PGPARALLEL_DB" ]
}

# ---- deaths, losses, signals ----

worker_of() { pgrep -P "$1" | sed -n "${2:-2}p"; } # the first is the observer

@test "killed workers are replaced and go on; the table holds what is done, and at most what is unknown besides" {
	"$PGPARALLEL" run -n -N -T 5 -c 4 -j 2 3>&- >out 2>err &
	run=$!
	begun() { [ "$(sql 'select count(*) from pgbench_history')" -gt 0 ]; }
	until_true 20 begun
	for _ in 1 2 3; do
		kill -KILL "$(worker_of $run)"
		sleep 0.7
	done
	code=0
	wait $run || code=$?
	cat out err
	[ $code = 3 ] || [ $code = 0 ]
	has "$(cat err)" 'was replaced'
	rows=$(sql 'select count(*) from pgbench_history')
	done=$(one 'select done from load') unknown=$(one 'select unknown from load')
	[ "$rows" -ge "$done" ]
	[ "$rows" -le $((done + unknown)) ]
}

@test "-t is counted over the death of a worker" {
	printf 'insert into pgbench_history (tid) values (1);\n\\sleep 20 ms\n' >slow.sql
	"$PGPARALLEL" run -n -f slow.sql -t 100 -c 2 3>&- >out 2>err &
	run=$!
	begun() { [ "$(sql 'select count(*) from pgbench_history')" -gt 5 ]; }
	until_true 20 begun
	kill -KILL "$(worker_of $run)"
	code=0
	wait $run || code=$?
	cat out err
	[ "$(one 'select done + failed + unknown from load')" = 200 ]
	rows=$(sql 'select count(*) from pgbench_history')
	done=$(one 'select done from load')
	[ "$rows" -ge "$done" ]
	[ "$rows" -le 200 ]
}

@test "a restarted server: sessions come back, the gap is told" {
	"$PGPARALLEL" run -n -N -T 8 -c 3 3>&- >out 2>err &
	run=$!
	begun() { [ "$(sql 'select count(*) from pgbench_history')" -gt 0 ]; }
	until_true 20 begun
	pg_halt immediate
	sleep 2.5
	pg_resume
	before=$(sql 'select count(*) from pgbench_history')
	code=0
	wait $run || code=$?
	cat out err
	[ $code = 3 ]
	rows=$(sql 'select count(*) from pgbench_history')
	[ "$rows" -gt "$before" ]
	done=$(one 'select done from load') unknown=$(one 'select unknown from load')
	[ "$rows" -ge "$done" ]
	[ "$rows" -le $((done + unknown)) ]
	holds "select count(*) > 0 from event where kind = 'outage'" "1"
}

@test "a signal once: what runs ends, and it is stored; twice: at once" {
	"$PGPARALLEL" run -n -S -T 60 -c 2 3>&- >out 2>err &
	run=$!
	begun() { [ -e "$PGPARALLEL_DB" ] && [ "$(one 'select count(*) from load_second' 2>/dev/null)" -gt 0 ]; }
	until_true 20 begun
	kill -TERM $run
	code=0
	wait $run || code=$?
	[ $code = 143 ]
	has "$(cat out)" '^tps = '
	holds "select state, reason, failed from run" "stopped,SIGTERM,0"
	echo 'select pg_sleep(60);' >sleep.sql
	"$PGPARALLEL" run -n -f sleep.sql -t 1 -c 2 3>&- >out 2>err &
	run=$!
	sleeps() { [ "$(sql "select count(*) from pg_stat_activity where query = 'select pg_sleep(60);' and state = 'active'")" = 2 ]; }
	until_true 20 sleeps
	kill -TERM $run
	said() { grep -q SIGTERM err; }
	until_true 20 said
	kill -TERM $run
	code=0
	wait $run || code=$?
	[ $code = 143 ]
	holds "select done, unknown from run where id = 2" "0,2"
	gone() { ! sleeps && [ "$(sql "select count(*) from pg_stat_activity where query = 'select pg_sleep(60);'")" = 0 ]; }
	until_true 20 gone
}

# ---- what is shown ----

@test "--repeat: the median and the range, each run stored" {
	pgp 0 run -n -S -t 20 --repeat=3
	has "$output" '3 runs: tps '
	holds "select count(*), count(distinct experiment) from run" "3,1"
}

@test "-P prints pgbench's lines, -l writes its files" {
	pgp 0 run -n -S -T 2 -P 1 -l --log-prefix="$DIR/log" -c 2
	has "$stderr" '^progress: 1\.0 s, [0-9.]+ tps, lat [0-9.]+ ms stddev [0-9.]+, 0 failed$'
	cat log.* >all
	[ "$(wc -l <all)" = "$(one 'select done from load')" ]
	[ "$(grep -Evc '^[01] [0-9]+ [0-9]+ 0 [0-9]+ [0-9]+$' all)" = 0 ]
	pgp 0 run -n -S -T 1 -P 0.5 --progress-timestamp
	has "$stderr" '^progress: [0-9]{10}\.[0-9]+ s, '
}

@test "on a terminal: one line that is drawn again, and taken away" {
	command -v script >/dev/null || skip "no script"
	script -qec true /dev/null </dev/null >/dev/null 2>&1 || skip "no pseudo terminals"
	TERM=xterm script -qec "stty cols 90 rows 30; '$PGPARALLEL' run -n -S -T 2 -c 2" typescript </dev/null >/dev/null
	grep -q 'process: [0-9.]* tps.* 2 of 2 sessions' typescript
	grep -q "$(printf '\033')\\[J" typescript
}

@test "list, show and report know load runs" {
	pgp 0 run -n -S -t 30 -r -c 2 --note=hello
	pgp 0 list
	has "$output" 'tps'
	pgp 0 show 1
	has "$output" '^tps = '
	has "$output" 'hello'
	has "$output" 'protocol=simple'
	for format in html json md csv; do
		pgp 0 report 1 -F $format -o "r.$format"
		[ -s "r.$format" ]
	done
	python3 -c 'import json; json.load(open("r.json"))'
	pgp 0 run -n -S -t 5 -o now.html
	[ -s now.html ]
	pgp 0 run -n -S -t 5 -q
	[ -z "$output$stderr" ]
}

@test "check reads scripts and asks the server, and runs nothing" {
	pgp 0 check -S -c 2
	has "$output" 'workload +select-only: 1 script'
	pgp 1 check -f script.sql -M fancy
	printf '\\set x 1 +\n' >wrong.sql
	pgp 1 check -f wrong.sql
	has "$stderr" '^pgparallel: wrong.sql:1:'
	pgp 1 run -f wrong.sql -t 1
	history_is 0
}

@test "--local: a script on a server of its own" {
	[ "$(id -u)" != 0 ] || id postgres >/dev/null 2>&1 || skip "no account to drop to"
	apart env -u PGHOST -u PGPORT -u PGUSER -u PGDATABASE "$PGPARALLEL" run --local -f script.sql -t 5 -c 2
	[ "$status" = 0 ]
	has "$output" 'processed: 10/10'
}
