# The statement splitter against its oracle, psql: a server that logs every statement shows where psql cut a file.

setup_file() {
	. tests/pg/server.bash
	pg_start "logging_collector = on" "log_destination = 'csvlog'" "log_directory = 'csv'" "log_rotation_size = 0" \
		"log_statement = all"
	export PG_DIR PG_LOG PG_BIN
	export TOOL=${BUILD:-.build}/tests/unit/tool_split
	make -s B="${BUILD:-.build}" "$TOOL" 3>&-
}

teardown_file() {
	. tests/pg/server.bash
	pg_stop
}

@test "files are cut into statements where psql cuts them" {
	# Its lexer changed in 15 (numbers with letters behind them, comments are kept).
	[ "$(psql --version | sed 's/[^0-9]*\([0-9]*\).*/\1/')" -ge 15 ] || skip "psql before 15"
	count=200
	[ "${SOAK:-0}" = 0 ] || count=30000
	python3 tests/pg/split_oracle.py --tool "$TOOL" --log "$PG_DIR/data/csv" --count "$count"
}
