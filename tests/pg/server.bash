# server.bash: a throwaway PostgreSQL for tests, to be sourced by bats files and scripts.
#
#   pg_start [CONF-LINE]...   starts a server of its own in a private temporary directory, unix socket only, and
#                             exports PGHOST PGPORT PGUSER PGDATABASE. Each argument is one line of postgresql.conf.
#   pg_stop                   stops it at once and removes everything.
#   pg_restart [MODE]         stops (fast, or the mode given) and starts it again with the same data.
#   pg_halt [MODE]            only stops it; pg_resume starts it again.
#   pg_as COMMAND...          runs a command under the account that owns the server (as root: postgres or nobody).
#
# PG_DIR is the private directory, PG_LOG the server's log, PG_BIN the folder of the server programs. One server per
# shell: call pg_stop before the next pg_start. Works as root (which PostgreSQL refuses to run as) and as anybody else.

pg_bin() {
	local dir
	if [ -n "${PG_BIN:-}" ] && [ -x "$PG_BIN/initdb" ]; then
		echo "$PG_BIN"
		return 0
	fi
	dir=$(pg_config --bindir 2>/dev/null) && [ -x "$dir/initdb" ] && [ -x "$dir/postgres" ] && {
		echo "$dir"
		return 0
	}
	for dir in $(printf '%s\n' /usr/lib/postgresql/*/bin /usr/pgsql-*/bin | sort -rV); do
		[ -x "$dir/initdb" ] && [ -x "$dir/postgres" ] && {
			echo "$dir"
			return 0
		}
	done
	echo "server.bash: no initdb found; install the package postgresql, or set PG_BIN to the folder it is in" >&2
	return 1
}

pg_account() {
	if [ "$(id -u)" != 0 ]; then
		id -un
	elif id -u postgres >/dev/null 2>&1; then
		echo postgres
	else
		echo nobody
	fi
}

pg_as() {
	if [ "$(id -u)" != 0 ]; then
		"$@"
	else
		local account
		account=$(pg_account)
		setpriv --reuid="$account" --regid="$(id -g "$account")" --clear-groups -- env HOME="$PG_DIR" "$@"
	fi
}

# Descriptor 3 belongs to bats, which waits until every holder has closed it: a server must not inherit it.
pg_resume() {
	if ! (cd "$PG_DIR" && pg_as "$PG_BIN/pg_ctl" -s -D "$PG_DIR/data" -l "$PG_LOG" -w -t 60 start \
		3>&- </dev/null >/dev/null 2>"$PG_DIR/ctl.err"); then
		echo "server.bash: the server did not start:" >&2
		cat "$PG_DIR/ctl.err" >&2
		tail -n 20 "$PG_LOG" >&2
		return 1
	fi
}

pg_halt() {
	(cd "$PG_DIR" && pg_as "$PG_BIN/pg_ctl" -s -D "$PG_DIR/data" -m "${1:-fast}" -w -t 60 stop 3>&- </dev/null >/dev/null 2>&1)
}

pg_restart() {
	pg_halt "${1:-fast}"
	pg_resume
}

pg_start() {
	local line variable
	PG_BIN=$(pg_bin) || return 1
	# What the person who runs the tests has set must not lead them to another server.
	for variable in $(compgen -e | grep '^PG[A-Z]' | grep -v '^PGPARALLEL' || true); do
		unset "$variable"
	done
	# A socket's path may have 107 bytes: short names, and not under a long TMPDIR.
	PG_DIR=$(mktemp -d "/tmp/pgt.XXXXXX") || return 1
	PG_LOG=$PG_DIR/log
	if [ "$(id -u)" = 0 ]; then
		chown "$(pg_account)" "$PG_DIR"
		chmod 711 "$PG_DIR"
	fi
	if ! (cd "$PG_DIR" && pg_as "$PG_BIN/initdb" -N -A trust -U postgres -E UTF8 --locale=C -D "$PG_DIR/data" \
		3>&- </dev/null >"$PG_DIR/initdb.out" 2>&1); then
		cat "$PG_DIR/initdb.out" >&2
		rm -rf "$PG_DIR"
		return 1
	fi
	{
		echo "listen_addresses = ''"
		echo "unix_socket_directories = '$PG_DIR'"
		echo "port = 5432"
		echo "fsync = off"
		echo "full_page_writes = off"
		echo "timezone = 'UTC'"
		for line in "$@"; do
			echo "$line"
		done
	} >>"$PG_DIR/data/postgresql.conf"
	pg_resume || {
		rm -rf "$PG_DIR"
		return 1
	}
	export PGHOST=$PG_DIR PGPORT=5432 PGUSER=postgres PGDATABASE=postgres
}

pg_stop() {
	[ -n "${PG_DIR:-}" ] || return 0
	pg_halt immediate
	rm -rf "$PG_DIR"
	unset PG_DIR PG_LOG PGHOST PGPORT PGUSER PGDATABASE
}
