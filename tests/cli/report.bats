# The command report: formats, places, several runs, and what happens when nothing can be written. Needs no server.

load helper

setup() {
	cli_setup
	local build=${BUILD:-.build}
	[ "${build:0:1}" = / ] || build=$ROOT/$build
	for _ in 1 2 3; do
		"$build/tests/unit/test_store_schema" --write "$PGPARALLEL_DB"
	done
}
teardown() { cli_teardown; }

@test "the newest run when none is named, HTML when nothing is said" {
	pgp 0 report -o page.html
	has "$output" '^page\.html \([0-9.]+ kB\)$'
	has "$(head -c 200 page.html)" '<meta charset="utf-8">'
	has "$(cat page.html)" '· run 3|run 3 ·'
	[ "$(stat -c %a page.html)" = 600 ]
}

@test "the format follows the file's ending" {
	for ending in html csv json md; do
		pgp 0 report 1 -o "r.$ending"
	done
	has "$(head -1 r.csv)" '^run,ticket,task,'
	python3 -c 'import json; d = json.load(open("r.json")); assert d["run"]["id"] == 1 and d["schema"] == "pgparallel.run/1"'
	has "$(head -1 r.md)" '^### '
	pgp 1 report 1 -o r.txt
	has "$stderr" 'add -F html, csv, json or md'
}

@test "every CSV table, and the names of all when there is no such table" {
	for table in attempts runs tasks sessions errors samples events environment; do
		pgp 0 report 1 -F csv --csv-table="$table"
		has "$(head -1 <<<"$output")" '^run,'
	done
	pgp 1 report 1 -F csv --csv-table=nonsense
	has "$stderr" 'attempts runs tasks sessions errors samples events environment'
}

@test "a range of runs joins CSV under one header and wants a folder for pages" {
	pgp 0 report 1..2 -F csv --csv-table=runs
	[ "$(grep -c '^run,' <<<"$output")" = 1 ]
	[ "$(cut -d, -f1 <<<"$output" | tr '\n' ' ')" = "run 1 2 " ]
	pgp 1 report 1..2 -F json
	has "$stderr" 'several json reports need a folder: add -o DIR'
	pgp 0 report 2..3 -F json -o folder
	[ "$(cd folder && echo *)" = "run-2.json run-3.json" ]
}

@test "all runs into a folder, with an index that links them" {
	pgp 0 report --all -F html -o site
	[ "$(cd site && echo *)" = "index.html run-1.html run-2.html run-3.html" ]
	for n in 1 2 3; do
		grep -q "<a href=\"run-$n.html\">$n</a>" site/index.html
		grep -q '<a href="index.html">history</a>' "site/run-$n.html"
	done
	[ "$(stat -c %a site)" = 700 ]
}

@test "a page alone links nothing that does not stand beside it" {
	pgp 0 report 3 -o alone.html
	[ "$(grep -c '<nav' alone.html)" = 0 ]
}

@test "an old report is replaced whole, and nothing else is left behind" {
	echo old >page.html
	pgp 0 report 1 -o page.html
	[ "$(grep -cx old page.html)" = 0 ]
	[ "$(echo page.html*)" = page.html ]
}

@test "what a killed process of the same number left behind is not in the way" {
	(
		echo half >"r.html.$BASHPID-1.tmp"
		exec "$PGPARALLEL" report 1 -o r.html >out
	)
	has "$(tail -c 20 r.html)" '</html>'
}

@test "a link at the place of the report is replaced, not followed" {
	echo precious >target
	ln -s target page.html
	pgp 0 report 1 -o page.html
	[ "$(cat target)" = precious ]
	[ ! -L page.html ]
}

@test "5: what cannot be written" {
	apart bash -c "'$PGPARALLEL' report 1 -F html >/dev/full"
	[ "$status" = 5 ]
	has "$stderr" 'standard output'
	pgp 5 report 1 -o missing/page.html
	has "$stderr" 'missing/page.html'
	apart bash -c "ulimit -f 4; trap '' XFSZ; exec '$PGPARALLEL' report 1 -o page.html"
	[ "$status" = 5 ]
	[ "$(echo page.html*)" = 'page.html*' ]
}

@test "1: no such run, no such range, nothing there" {
	pgp 1 report 99
	has "$stderr" 'no run 99'
	pgp 1 report 7..9 -F csv
	has "$stderr" 'none of these runs'
	for words in abc 0 -5 3..1 1..x ..; do
		pgp 1 report -F csv -- "$words"
	done
}

@test "the same bytes whatever the locale and the time zone" {
	pgp 0 report 1 -F html
	plain=$output
	for locale in de_DE.UTF-8 C.UTF-8; do
		apart env LC_ALL="$locale" TZ=Pacific/Apia "$PGPARALLEL" report 1 -F html
		[ "$output" = "$plain" ]
	done
}

@test "the proof document" {
	pgp 0 report 1 -F md --proof
	for part in Summary Configuration 'Log of starts and completions' Results Findings; do
		has "$output" "^## $part$"
	done
}

@test "it only reads" {
	before=$(sha256sum <"$PGPARALLEL_DB")
	pgp 0 report --all -F html -o site
	[ "$(sha256sum <"$PGPARALLEL_DB")" = "$before" ]
}

@test "every CSV column is in the man page" {
	man=$("$PGPARALLEL" help man | sed -n '/^.SH CSV TABLES/,$p')
	for table in attempts runs tasks sessions errors samples events environment; do
		pgp 0 report 1 -F csv --csv-table="$table"
		for column in $(head -1 <<<"$output" | tr , ' '); do
			grep -qx ".B $column" <<<"$man"
		done
	done
}

@test "the SQL beside the verdict runs on the results file and shows the peak" {
	pgp 0 report 1 -F json
	peak=$(python3 -c 'import json, sys; d = json.load(sys.stdin); print(next(e["value"] for e in d["estimates"] if e["name"] == "peak_active"))' <<<"$output")
	pgp 0 report 1 -F md --proof
	shown=$(python3 - "$PGPARALLEL_DB" 3<<<"$output" <<'PY'
import os, re, sqlite3, sys
text = os.fdopen(3).read()
sql = re.findall(r"```sql\n(select max.*?)```", text, re.S)[-1].split(";")
db = sqlite3.connect(sys.argv[1])
print(db.execute(sql[0]).fetchone()[0], len(db.execute(sql[1]).fetchall()) > 0)
PY
	)
	[ "$shown" = "$peak True" ]
}
