# helper.bash: what the command line tests share. Each test has a folder and a results file of its own.
# shellcheck shell=bash

PGPARALLEL=${PGPARALLEL:-$PWD/.build/pgparallel}
ROOT=$PWD
HERE=$BATS_TEST_DIRNAME

cli_setup() {
	DIR=$(mktemp -d "/tmp/pgcli.XXXXXX")
	export PGPARALLEL_DB=$DIR/runs.db
	cat >"$DIR/two.sql" <<'SQL'
-- @task a readonly
select pg_sleep(0.3);
-- @task b readonly
select pg_sleep(0.3);
SQL
	cd "$DIR" || return 1
}

cli_teardown() {
	cd / && rm -rf "$DIR"
}

# apart COMMAND...: like `run --separate-stderr`, which bats before 1.5 does not have.
apart() {
	local errors=$DIR/.stderr
	status=0
	output=$("$@" 2>"$errors") || status=$?
	stderr=$(cat "$errors")
	rm -f "$errors"
	mapfile -t lines < <([ -z "$output" ] || grep -v '^$' <<<"$output")
	mapfile -t stderr_lines < <([ -z "$stderr" ] || grep -v '^$' <<<"$stderr")
}

# pgp CODE WORDS...: runs the program, separates output and error, asserts the exit code.
pgp() {
	local wanted=$1
	shift
	apart "$PGPARALLEL" "$@"
	if [ "$status" != "$wanted" ]; then
		printf 'pgparallel %s\nended with %s, not %s\noutput: %s\nerrors: %s\n' "$*" "$status" "$wanted" "$output" "$stderr"
		return 1
	fi
}

# has TEXT PATTERN: PATTERN (extended regular expression) matches somewhere in TEXT.
has() {
	if ! grep -Eq -- "$2" <<<"$1"; then
		printf 'no "%s" in:\n%s\n' "$2" "$1"
		return 1
	fi
}

# hasnt TEXT PATTERN: it matches nowhere.
hasnt() {
	if grep -Eq -- "$2" <<<"$1"; then
		printf '"%s" is in:\n%s\n' "$2" "$1"
		return 1
	fi
}

# holds QUERY VALUE: what the results file answers.
holds() {
	local answer
	answer=$(python3 - "$PGPARALLEL_DB" "$1" <<'PY'
import sqlite3, sys
print("|".join(",".join(str(c) for c in row) for row in sqlite3.connect(sys.argv[1]).execute(sys.argv[2])))
PY
	)
	if [ "$answer" != "$2" ]; then
		printf '%s\ngives %s, not %s\n' "$1" "$answer" "$2"
		return 1
	fi
}

# tries_again_and_again PID: it waits in short steps, as for a lock. Its descriptors would tell, but only root may look at them.
tries_again_and_again() {
	[ "$(awk '/^voluntary_ctxt_switches/ {print $2}' "/proc/$1/status")" -gt 30 ]
}

# until_true SECONDS COMMAND...: waits for a condition.
until_true() {
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.05
	done
}

# undisturbed COMMAND...: what is measured is wrong where another program took the CPU away meanwhile: a few tries.
undisturbed() {
	local try
	for try in 1 2 3 4 5 6 7 8; do
		if "$@"; then return 0; fi
		echo "try $try was disturbed, or it never works"
	done
	return 1
}
