# The command line without a server: exit code 1, help, version, dry run, the documents the program prints.

load helper

setup() { cli_setup; }
teardown() { cli_teardown; }

@test "a usage error is one line and where to look" {
	pgp 1 run --nosuch
	[ "${#stderr_lines[@]}" = 2 ]
	has "${stderr_lines[0]}" '^pgparallel: unknown option "--nosuch"$'
	[ "${stderr_lines[1]}" = 'Try "pgparallel run --help"' ]
	[ -z "$output" ]
}

@test "no command, an unknown command, an option before the command" {
	pgp 1
	has "${stderr_lines[1]}" '^Try "pgparallel --help"$'
	pgp 1 fly
	has "$stderr" 'unknown command "fly"'
	pgp 1 -c 5 run
	has "$stderr" 'command comes first'
}

@test "-i is pgbench's" {
	pgp 1 run -i
	has "$stderr" 'pgbench -i'
}

@test "what comes in later versions is refused" {
	for option in --password-command --lakebase; do
		pgp 1 run -f two.sql "$option" 1
		has "$stderr" 'unknown option'
	done
	for command in batch verify ack; do
		pgp 1 "$command"
		has "$stderr" 'unknown command'
	done
}

@test "help of every command fits 80 columns and ends with two examples" {
	for command in run list show pin prune report check help version; do
		pgp 0 help "$command"
		printf '%s\n' "$output" | awk 'length > 80 { print; bad = 1 } END { exit bad }'
		[ "$(printf '%s\n' "$output" | tail -n 3 | head -n 1)" = Examples: ]
		first=$output
		pgp 0 "$command" --help
		[ "$output" = "$first" ]
	done
	pgp 0 --help
	printf '%s\n' "$output" | awk 'length > 80 { print; bad = 1 } END { exit bad }'
	pgp 1 help nosuch
}

@test "-? and -V as in psql" {
	pgp 0 run '-?'
	has "$output" '^Usage: pgparallel run'
	pgp 0 -V
	has "$output" '^pgparallel [0-9.]+ .*libpq .*OpenSSL .*SQLite'
	pgp 0 version
}

@test "the man page is sound" {
	pgp 0 help man
	if command -v man >/dev/null; then
		run bash -c '"$1" help man | man --warnings -E UTF-8 -l -Tutf8 -Z - 2>&1 >/dev/null' - "$PGPARALLEL"
		[ -z "$output" ]
	fi
}

@test "the bash completion completes commands, options and values" {
	"$PGPARALLEL" help completion >c.bash
	run bash -c '. ./c.bash
		COMP_WORDS=(pgparallel ru); COMP_CWORD=1; _pgparallel; echo "${COMPREPLY[*]}"
		COMP_WORDS=(pgparallel run --base); COMP_CWORD=2; _pgparallel; echo "${COMPREPLY[*]}"
		COMP_WORDS=(pgparallel run -e as); COMP_CWORD=3; _pgparallel; echo "${COMPREPLY[*]}"
		COMP_WORDS=(pgparallel run --engine = th); COMP_CWORD=4; _pgparallel; echo "${COMPREPLY[*]}"'
	[ "${lines[0]}" = run ]
	[ "${lines[1]}" = --baseline ]
	[ "${lines[2]}" = async ]
	[ "${lines[3]}" = thread ]
}

@test "a dry run shows tasks and layout, needs no server and leaves nothing behind" {
	pgp 0 run --dry-run --baseline -c 2 -f two.sql
	has "$output" '^workload two .*: 2 tasks, 1 stage, 2 tickets$'
	has "$output" '^  a  .*one segment, readonly'
	has "$output" '^first serially'
	has "$output" 'engine process: 2 sessions, 2 lanes, 2 workers'
	[ ! -e "$PGPARALLEL_DB" ]
	[ ! -e "$PGPARALLEL_DB.lock" ]
}

@test "layouts of the engines" {
	for case in "process:5:2:5 sessions, 2 lanes, 2 workers" "thread:5:2:5 sessions, 2 lanes, 1 worker" \
		"async:5:1:5 sessions, 1 lane, 1 worker" "process:5:5:5 sessions, 5 lanes, 5 workers"; do
		IFS=: read -r engine clients jobs layout <<<"$case"
		pgp 0 run --dry-run -e "$engine" -c "$clients" -j "$jobs" -f two.sql
		has "$output" "engine $engine: $layout"
	done
	pgp 0 run --dry-run -e serial -f two.sql
	has "$output" 'engine serial: 1 session, 1 lane, 1 worker'
}

@test "sessions by default: one per ticket, at most 16" {
	pgp 0 run --dry-run -f two.sql
	has "$output" ' 2 sessions'
	printf -- '-- @task a repeat=40\nselect 1;\n' >many.sql
	pgp 0 run --dry-run -f many.sql
	has "$output" ' 16 sessions'
}

@test "precedence: default < @run < environment < flag" {
	printf -- '-- @run clients=3\n-- @task a repeat=9\nselect 1;\n' >w.sql
	pgp 0 run --dry-run -f w.sql
	has "$output" ' 3 sessions'
	PGPARALLEL_CLIENTS=4 pgp 0 run --dry-run -f w.sql
	has "$output" ' 4 sessions'
	PGPARALLEL_CLIENTS=4 pgp 0 run --dry-run -f w.sql -c 5
	has "$output" ' 5 sessions'
	PGPARALLEL_CLIENTS=x pgp 1 run --dry-run -f w.sql
	has "$stderr" 'PGPARALLEL_CLIENTS: "x"'
}

@test "impossible layouts and claims are refused before anything runs" {
	pgp 1 run --dry-run -f two.sql -c 2 -j 3
	has "$stderr" '-j 3 lanes cannot share 2 sessions'
	pgp 1 run --dry-run -f two.sql -c 2 --require-overlap=3
	has "$stderr" 'can never hold with 2 sessions'
	pgp 1 run --dry-run -f two.sql -c 2 --min-workers=3
	has "$stderr" 'min-workers=3 cannot be kept'
}

@test "a speedup gate implies the serial run, and is refused where that would do work twice" {
	pgp 0 run --dry-run -f two.sql --gate 'speedup >= 1.3'
	has "$output" '^first serially'
	printf -- '-- @task w\ninsert into t values (1);\n' >w.sql
	pgp 1 run --dry-run -f w.sql --gate 'speedup >= 1.3'
	has "$stderr" 'task w is neither readonly nor repeatable'
	pgp 0 run --dry-run -f w.sql --gate 'speedup >= 1.3' --baseline
}

@test "workload mistakes name file and line" {
	printf 'select 1;\nselect '"'"'x;\n' >quote.sql
	pgp 1 run -f quote.sql
	has "$stderr" 'quote.sql:2: '
	printf -- '-- @run speed=3\nselect 1;\n' >run.sql
	pgp 1 run -f run.sql
	has "$stderr" 'run.sql:1: @run knows no "speed"'
	pgp 1 run -f missing.sql
	has "$stderr" 'missing.sql: No such file'
	pgp 1 run --dry-run -f two.sql --gate 'nosuch > 3'
	has "$stderr" 'unknown gate'
}

@test "no such run" {
	pgp 1 show 5
	pgp 1 report 5
}

@test "a file given as operand is pointed out" {
	pgp 1 run --local two.sql
	has "$stderr" '-f two.sql'
}

@test "output to a full device or a closed pipe is an error" {
	run bash -c '"$1" help man >/dev/full' - "$PGPARALLEL"
	[ "$status" = 5 ]
	has "$output" 'standard output'
	run bash -c '"$1" help man >&-' - "$PGPARALLEL"
	[ "$status" = 5 ]
	run bash -c '"$1" help man | true; exit "${PIPESTATUS[0]}"' - "$PGPARALLEL"
	[ "$status" = 5 ]
}

@test "make install puts everything in its place, make uninstall takes it away" {
	(cd "$ROOT" && make -s B="$(dirname "$PGPARALLEL")" DESTDIR="$DIR/root" PREFIX=/usr install 3>&-)
	[ -x root/usr/bin/pgparallel ]
	[ -s root/usr/share/man/man1/pgparallel.1 ]
	[ -s root/usr/share/bash-completion/completions/pgparallel ]
	[ -s root/usr/share/pgparallel/examples/five-sleeps.sql ]
	root/usr/bin/pgparallel version
	(cd "$ROOT" && make -s B="$(dirname "$PGPARALLEL")" DESTDIR="$DIR/root" PREFIX=/usr uninstall 3>&-)
	[ -z "$(find root -type f)" ]
}

@test "where packages are missing and may not be installed, they are named" {
	mkdir bin
	for tool in sh grep sed id cat dirname basename; do
		ln -s "$(command -v $tool)" bin/
	done
	run env PATH="$DIR/bin" DEPS=no sh "$ROOT/orchestrator/dist/deps.sh" test
	[ "$status" = 1 ]
	has "$output" '^  libpq-dev$'
	has "$output" '^  bats$'
	has "$output" 'DEPS=no'
	run env PATH="$DIR/bin" sh "$ROOT/orchestrator/dist/deps.sh" demo
	[ "$status" = 1 ]
	has "$output" 'neither Debian nor Ubuntu'
	has "$output" '^  libpq-dev$'
	[ "$(grep -c '^  bats$' <<<"$output")" = 0 ]
	printf '#!/bin/sh\n: >"%s"\n' "$DIR/asked" | tee bin/apt-get bin/sudo >/dev/null
	chmod +x bin/apt-get bin/sudo
	run env PATH="$DIR/bin" sh "$ROOT/orchestrator/dist/deps.sh" --tell lint
	[ "$status" = 1 ]
	has "$output" '^  clang-format$'
	[ ! -e asked ]
}

@test "a connection string in the wrong place is told without its password" {
	uri='postgresql://u:s3cret@localhost/db'
	for line in "run -f w.sql mydb $uri" "list $uri" "show $uri" "run -f $uri" "check -h $uri" "check -j $uri" \
		"run -f w.sql mydb postgresql://u:s3cret/s3cret@localhost/db"; do
		# shellcheck disable=SC2086
		run "$PGPARALLEL" $line
		[ "$status" != 0 ]
		[ "$(grep -c s3cret <<<"$output")" = 0 ]
	done
}
