# The results file from outside: a full disk, where it lies, list and show. One of them needs a server.

load helper
load ../pg/server

setup() { cli_setup; }
teardown() {
	if [ -n "${PG_DIR:-}" ]; then pg_stop; fi
	cli_teardown
}

# stored N: N made-up runs in the results file.
stored() {
	local build=${BUILD:-.build}
	case $build in /*) ;; *) build=$ROOT/$build ;; esac
	for _ in $(seq "$1"); do
		"$build/tests/unit/test_store_schema" --write "$PGPARALLEL_DB"
	done
}

@test "5: the file cannot grow; what was committed stays, the rest is spilled, the next run works" {
	pg_start
	printf -- '-- @task a repeat=5000 readonly\nselect pg_sleep(0.001);\n' >many.sql
	mkdir elsewhere
	apart bash -c "ulimit -f 400; exec '$PGPARALLEL' run -q -c 4 -f many.sql --spill=elsewhere"
	echo "$stderr"
	[ "$status" = 5 ]
	has "$stderr" "runs.db"
	has "$stderr" "elsewhere/run-1.jsonl"
	has "$stderr" "db=OTHER"
	[ "$(head -c 15 elsewhere/run-1.jsonl)" = '{"type":"spill"' ]
	[ "$(stat -c %a elsewhere/run-1.jsonl)" = 600 ]
	python3 -c 'import json; [json.loads(line) for line in open("elsewhere/run-1.jsonl")]'
	pgp 0 list
	has "$output" 'interrupted'
	pgp 0 run -q -f two.sql
	holds "select state from run order by id" "interrupted|finished"
	holds "pragma integrity_check" "ok"
	holds "select done + failed + unknown + not_run = tickets from run" "1|1"
}

@test "1: a --spill folder that is none is told before anything runs" {
	pg_start
	pgp 1 run -f two.sql --spill="$DIR/nowhere"
	has "$stderr" 'mkdir -p'
	pgp 1 run -f two.sql --spill="$DIR/two.sql"
	[ ! -e "$PGPARALLEL_DB" ] || holds "select count(*) from run" 0
}

@test "5: of a run that is stored in part no verdict is printed" {
	pg_start
	printf -- '-- @task a repeat=5000 readonly\nselect pg_sleep(0.001);\n' >many.sql
	apart bash -c "ulimit -f 400; exec '$PGPARALLEL' run -c 4 -f many.sql"
	[ "$status" = 5 ]
	[ -z "$output" ]
	has "$stderr" 'results were not stored'
}

@test "list: newest first, at most 80 columns, * for pinned" {
	stored 3
	python3 - "$PGPARALLEL_DB" <<'PY'
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.execute("update workload set name = 'a-workload-with-a-very-long-name-" + "x" * 60 + "'")
db.execute("update run set verdict = 'OVERLAPPED, NOT FASTER', failed = 88, tickets = 20000, done = 19912, "
           "speedup = 1.02 where id = 3")
db.commit()
PY
	pgp 0 pin 2
	pgp 0 list
	[ "${#lines[@]}" = 4 ]
	for line in "${lines[@]}"; do [ "${#line}" -le 80 ]; done
	has "${lines[1]}" '^3 .*OVERLAPPED'
	has "${lines[2]}" '^2\* '
	has "${lines[3]}" '^1  '
	COLUMNS=140 pgp 0 list
	has "${lines[1]}" 'OVERLAPPED, NOT FASTER, 88 failed'
}

@test "list and show that cannot be written end with 5" {
	stored 1
	run "$PGPARALLEL" list >/dev/full
	run bash -c "'$PGPARALLEL' list >/dev/full"
	[ "$status" = 5 ]
	run bash -c "'$PGPARALLEL' show >/dev/full"
	[ "$status" = 5 ]
}

@test "show: a missing run, a pruned run, no file" {
	pgp 1 show
	has "$stderr" 'no results file'
	[ ! -e "$PGPARALLEL_DB" ]
	stored 1
	pgp 1 show 7
	has "$stderr" 'no run 7'
	pgp 1 show x
	pgp 0 show
	has "$output" 'run 1 of experiment 1'
	pgp 0 prune --keep=1us
	[ "$output" = "pruned 0 attempts and 0 runs from $PGPARALLEL_DB" ] || has "$output" 'pruned 10 attempts'
}

@test "pin and prune make no file and refuse a foreign one" {
	pgp 1 pin 1
	pgp 1 prune
	[ ! -e "$PGPARALLEL_DB" ]
	echo "dear diary" >"$PGPARALLEL_DB"
	pgp 5 pin 1
	pgp 5 prune
	pgp 5 list
	has "$stderr" 'not a results file'
	[ "$(cat "$PGPARALLEL_DB")" = "dear diary" ]
}

@test "a lock held by another: pin waits for it" {
	stored 1
	flock "$PGPARALLEL_DB.lock" sh -c 'touch held; until [ -e enough ]; do sleep 0.05; done' 3>&- &
	local holder=$!
	until_true 60 test -e held
	"$PGPARALLEL" pin 1 >out 2>err 3>&- &
	local waiting=$!
	until_true 60 tries_again_and_again $waiting
	kill -0 $waiting
	touch enough
	wait $waiting
	holds "select pinned from run" 1
	wait $holder
}

@test "where the file is: --db, PGPARALLEL_DB, XDG_STATE_HOME, HOME, the account, STATE_DIRECTORY" {
	mkdir home
	run env -u PGPARALLEL_DB XDG_STATE_HOME="$DIR/xdg" "$PGPARALLEL" list
	has "$output" "$DIR/xdg/pgparallel/runs.db"
	[ "$(stat -c %a "$DIR/xdg/pgparallel")" = 700 ]
	run env -i HOME="$DIR/home" XDG_STATE_HOME=relative "$PGPARALLEL" list
	has "$output" "$DIR/home/.local/state/pgparallel/runs.db"
	run env -i PGPARALLEL_DB="$DIR/a.db" "$PGPARALLEL" list
	has "$output" "$DIR/a.db"
	run env -i PGPARALLEL_DB="$DIR/a.db" "$PGPARALLEL" list --db="$DIR/b.db"
	has "$output" "$DIR/b.db"
	run env -i HOME=/proc/nowhere "$PGPARALLEL" list
	[ "$status" = 1 ]
	has "$output" 'db=FILE'
	run env -i HOME="$DIR/nobody" "$PGPARALLEL" list
	[ "$status" = 1 ]
	has "$output" "$DIR/nobody.*db=FILE"
	[ ! -e nobody ] # a home is not made
}
