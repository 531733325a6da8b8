#!/bin/sh
# demo.sh [BUILD]: five queries on a throwaway PostgreSQL, serially and on five processes; the verdict and an HTML page.
set -eu
build=${1:-.build}
mkdir -p "$build/demo"
echo "Five queries that take 2, 1, 3, 1 and 2 seconds, on a PostgreSQL of their own: first one after another"
echo "(about 9 s), then on five worker processes (about 3 s). Nothing is left running."
echo
"$build/pgparallel" run --local --baseline -f orchestrator/examples/five-sleeps.sql \
	--db="$build/demo/runs.db" -o "$build/demo/five-sleeps.html"
echo
echo "The same as a page: open $build/demo/five-sleeps.html in a browser."
