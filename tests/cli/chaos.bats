# --chaos against a throwaway server (needs a server): each fault in each engine, what was lost, who felt it, and that
# what is told is what the server has.

load helper
load ../pg/server

setup_file() {
	pg_start 'max_connections = 40'
	export PG_DIR PG_LOG PG_BIN
}
teardown_file() { pg_stop; }
setup() {
	cli_setup
	printf -- '-- @task s readonly repeat=40 retries=5\nselect pg_sleep(0.05);\n' >reads.sql
	printf 'select pg_sleep(0.005);\n' >loop.sql
}
teardown() { cli_teardown; }

sql() { psql -X -q -A -t -v ON_ERROR_STOP=1 -c "$1"; }

# struck QUERY-COLUMNS VALUE WORDS...: a run that ends well, and what its table of faults says.
struck() {
	pgp 0 run "${@:3}"
	holds "select $1 from chaos" "$2"
	holds "select done = tickets, failed + unknown + not_run, state from run" "1,0,finished"
	has "$output" ' chaos  '
}

@test "kill: process loses one of four sessions" {
	struck "action, at, asked, workers, sessions, unknown, failed = repeated, failed <= 1, survivors, full_strength_us > 0" \
		"kill,50%,1,1,1,0,1,1,3,1" -c 4 -f reads.sql --chaos=kill:1@50%
	holds "select count(*) from worker where end = 'signal 9'" "1"
	has "$output" 'without 1 killed worker'
}
@test "kill: thread loses all four" {
	struck "workers, sessions, unknown, failed = repeated, survivors, full_strength_us > 0" "1,4,0,1,0,1" \
		-e thread -c 4 -f reads.sql --chaos=kill:1@50%
}
@test "kill: async loses all four" {
	struck "workers, sessions, unknown, failed = repeated, survivors, full_strength_us > 0" "1,4,0,1,0,1" \
		-e async -c 4 -f reads.sql --chaos=kill:1@50%
}
@test "kill: serial loses its only one and goes on" {
	struck "workers, sessions, survivors, full_strength_us > 0" "1,1,0,1" -e serial -f reads.sql --chaos=kill:1@50%
}
@test "segv: its signal is in the store" {
	struck "action, workers" "segv,1" -c 4 -f reads.sql --chaos=segv:1@50%
	holds "select count(*) from worker where end = 'signal 11'" "1"
}
@test "stop for a while: nothing is lost, and it goes on" {
	struck "action, workers, unknown + failed, full_strength_us >= 300000" "stop,1,0,1" \
		-c 4 -f reads.sql --chaos=stop:1@40%:300ms
	holds "select count(*) from worker where end <> 'exit 0'" "0"
}
@test "stop for good: the watch over silent workers ends it" {
	# long enough that the replacement is ready while another session repeats what was lost
	printf -- '-- @task s readonly repeat=4 retries=5\nselect pg_sleep(2);\n' >long.sql
	struck "workers, full_strength_us >= 9000000" "1,1" -c 2 -f long.sql --chaos=stop:1@10%
	holds "select count(*) from event where kind = 'worker silent'" "1"
}
cut() {
	struck "action, workers, sessions, unknown, failed = repeated, survivors, full_strength_us > 0" "cut,0,2,0,1,2,1" \
		-e "$1" -c 4 -f reads.sql --chaos=cut:2@50%
	holds "select count(*) from session where connect_no = 2" "2"
}
@test "cut: two sessions of processes lose their connection, no worker its life" { cut process; }
@test "cut: of threads" { cut thread; }
@test "cut: of one event loop" { cut async; }

@test "several faults, and one that comes too late" {
	struck "group_concat(action || ' ' || (struck_us is not null))" "kill 1,cut 1,kill 0" \
		-c 4 -f reads.sql --chaos=kill:1@25%,cut:1@60%,kill:1@1h
	has "$output" 'kill at 1h: it never struck, as the run was over'
}

@test "more victims than there are: all of them" {
	struck "asked, workers, sessions" "9,2,2" -c 2 -f reads.sql --chaos=kill:9@50%
	holds "select text like '%(9 were asked for)%' from event where kind = 'chaos'" "1"
}

@test "the same seed strikes the same workers" {
	for i in 1 2; do pgp 0 run -c 4 -f reads.sql --random-seed=7 --chaos=kill:1@300ms; done
	holds "select count(distinct worker) from worker where end = 'signal 9'" "1"
}

@test "writes in flight are unknown, not repeated, and the server holds each at most once" {
	sql 'drop table if exists ledger; create table ledger (n int)'
	printf 'n\n' >n.csv && seq 1 40 >>n.csv
	printf -- '-- @task w\ninsert into ledger select :n::int from pg_sleep(0.05);\n' >writes.sql
	pgp 3 run -c 4 --data=n.csv -f writes.sql --chaos=kill:1@50%
	has "$stderr" 'may or may not be applied'
	holds "select (select unknown from run) = (select unknown from chaos), (select unknown from chaos) between 1 and 1" "1,1"
	[ "$(sql 'select coalesce(max(c), 0) from (select count(*) c from ledger group by n) x')" = 1 ]
	[ "$(sql 'select count(*) from ledger')" -ge 39 ]
}

@test "the baseline is left in peace" {
	pgp 0 run --baseline -c 4 -f reads.sql --chaos=kill:1@50%
	holds "select r.role, count(*) from chaos c join run r on r.id = c.run" "run,1"
}

# In load runs nothing is repeated: what is in flight is counted as what it is.
loop() {
	pgp "$1" run -e "$2" -c 4 -T 3 -f loop.sql --chaos="$3"
	holds "select $4 from chaos" "$5"
	holds "select c.unknown + c.failed = r.unknown + r.failed from chaos c join run r on r.id = c.run" "1"
}
@test "load run on processes: one of four, and the others go on" {
	loop 3 process kill:1@50% "workers, sessions, unknown + failed, repeated, survivors, before_count > 50, after_count > 50, full_strength_us > 0" \
		"1,1,1,0,3,1,1,1"
}
@test "load run on threads: all four" {
	loop 3 thread kill:1@50% "workers, sessions, unknown + failed, survivors, full_strength_us > 0" "1,4,4,0,1"
}
@test "load run on one event loop: all four" {
	loop 3 async kill:1@1s "workers, sessions, unknown + failed, survivors, full_strength_us > 0" "1,4,4,0,1"
}
@test "load run: a session's connection is cut and comes back" {
	loop 3 process cut:1@50% "workers, sessions, unknown + failed, survivors, full_strength_us > 0" "0,1,1,3,1"
}
@test "load run by count: per cent of its transactions" {
	pgp 3 run -c 4 -t 100 -f loop.sql --chaos=kill:1@50%
	holds "select workers, struck_us is not null from chaos" "1,1"
}

@test "what is no fault is refused" {
	pgp 1 run -f reads.sql --chaos=kill:1@150%
	has "$stderr" '^pgparallel: --chaos: "kill:1@150%" is not right: write when'
	printf -- '-- @run chaos=explode\n-- @task a\nselect 1;\n' >bad.sql
	pgp 1 run -f bad.sql
	has "$stderr" 'explode'
}

@test "the figures are in HTML, JSON, CSV and Markdown" {
	pgp 0 run -c 4 -f reads.sql --chaos=kill:1@50%
	pgp 0 report -F html
	has "$output" '<h2>What did the planted faults do\?</h2>'
	pgp 0 report -F json
	[ "$(python3 -c 'import json, sys; c = json.load(sys.stdin)["chaos"][0]; print(c["action"], c["workers"])' <<<"$output")" = "kill 1" ]
	pgp 0 report -F csv --csv-table=chaos
	has "$output" '^run,action,at,asked,workers'
	pgp 0 report -F md
	has "$output" '\| kill at 50% \| 1 of 4 \| 1 of 4 \|'
}
