# What each engine costs, against a throwaway server (needs a server): what is told is what the engine is.

load helper
load ../pg/server

setup_file() {
	pg_start 'max_connections = 40'
	export PG_DIR PG_LOG PG_BIN
}
teardown_file() { pg_stop; }
setup() {
	cli_setup
	printf -- '-- @task s readonly repeat=8\nselect pg_sleep(0.02), g from generate_series(1, 2) g;\n' >eight.sql
	printf 'select pg_sleep(0.001);\n' >loop.sql
}
teardown() { cli_teardown; }

# told PROCESSES THREADS WORDS...: both as the engine has them, every other figure within reason.
told() {
	pgp 0 run "${@:3}"
	holds "select workers_told, workers_untold, worker_threads from run" "$1,0,$2"
	holds "select worker_user_us + worker_system_us > 0, worker_voluntary_switches > 0, worker_peak_kb > worker_private_kb,
		worker_private_kb > 0, worker_descriptors >= 2 * $1 + 4, lane_fairness > 0 and lane_fairness <= 1,
		session_fairness > 0 and session_fairness <= lane_fairness + 1e-9, start_skew_us between 0 and 1e7 from run" \
		"1,1,1,1,1,1,1,1"
	has "$output" 'what it cost  *CPU '
}

@test "process: a process and a thread for each session" { told 4 4 -e process -c 4 -f eight.sql; }
@test "process -j 2: two of each" { told 2 2 -e process -c 4 -j 2 -f eight.sql; }
@test "thread: one process, a thread for each session and one for the control pipe" { told 1 5 -e thread -c 4 -f eight.sql; }
@test "async: one process, one thread" { told 1 1 -e async -c 4 -f eight.sql; }
@test "serial: one process, one thread" { told 1 1 -e serial -f eight.sql; }
@test "load run on processes" { told 4 4 -e process -c 4 -t 20 -f loop.sql; }
@test "load run on threads" { told 1 5 -e thread -c 4 -t 20 -f loop.sql; }
@test "load run on one event loop" { told 1 1 -e async -c 4 -t 20 -f loop.sql; }

@test "async takes less private memory than a process for each session" {
	pgp 0 run -e process -c 12 -f eight.sql
	pgp 0 run -e async -c 12 -f eight.sql
	holds "select (select worker_private_kb from run where engine = 'process') >
		(select worker_private_kb from run where engine = 'async')" "1"
}

@test "fairness: a session that does everything has 1/n" {
	printf -- '-- @task one readonly\nselect pg_sleep(0.05);\n' >one.sql
	pgp 0 run -c 4 -f one.sql
	holds "select lane_fairness, session_fairness from run" "0.25,0.25"
	pgp 0 run -e async -c 4 -f one.sql
	holds "select lane_fairness, session_fairness from run where engine = 'async'" "1.0,0.25"
}

@test "server memory of the sessions' own processes, where they may be read" {
	pgp 0 run -c 4 -f eight.sql
	holds "select backends_read, backends_private_kb > 400 from run" "4,1"
	pgp 0 run -c 20 -t 20 -f loop.sql
	holds "select backends_read between 1 and 16 from run where sessions = 20" "1"
}

@test "server memory is not known to an account that may not read it" {
	[ "$(id -u)" = 0 ] || skip "needs root to change to another account"
	setpriv --reuid=65534 --regid=65534 --clear-groups true 2>/dev/null || skip "no other account"
	install -d -m 777 "$DIR/nobody" && cp eight.sql "$PGPARALLEL" "$DIR/nobody" && chmod 711 "$DIR" && chmod -R go+rX "$DIR/nobody"
	apart setpriv --reuid=65534 --regid=65534 --clear-groups env PGPARALLEL_DB="$DIR/nobody/r.db" HOME="$DIR/nobody" \
		"$DIR/nobody/$(basename "$PGPARALLEL")" run -U "$PGUSER" -c 2 -f "$DIR/nobody/eight.sql"
	[ "$status" = 0 ] || { echo "$output$stderr"; false; }
	PGPARALLEL_DB=$DIR/nobody/r.db holds "select backends_read, backends_private_kb from run" "0,None"
	hasnt "$output" 'server memory'
}

@test "the figures are in HTML, JSON, CSV and Markdown" {
	pgp 0 run -c 2 -f eight.sql
	pgp 0 report -F html
	has "$output" '<h2>What did it cost\?</h2>'
	has "$output" '<th scope="row">start skew</th>'
	pgp 0 report -F json
	[ "$(python3 -c 'import json, sys; c = json.load(sys.stdin)["costs"]; print(c["cost_threads"], c["workers_untold"])' <<<"$output")" = "2.0 0.0" ]
	pgp 0 report -F csv --csv-table=runs
	has "$output" ',cost_user_us,cost_system_us,'
	pgp 0 report -F md
	has "$output" 'Cost of the engine: CPU '
}
