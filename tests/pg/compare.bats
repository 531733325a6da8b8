# compare against a throwaway server: the ways it makes of engines and --vary, the blocks they run in, what is claimed
# of them, and past runs.

load ../cli/helper
load server

setup_file() {
	pg_start 'max_connections = 40'
	export PG_DIR PG_LOG PG_BIN
}
teardown_file() { pg_stop; }
setup() {
	cli_setup
	printf -- '-- @task s readonly repeat=4\nselect pg_sleep(0.05);\n' >four.sql
	printf 'select pg_sleep(0.001);\n' >loop.sql
}
teardown() { cli_teardown; }

# asked QUERY: one value of the results file.
asked() {
	python3 -c 'import sqlite3, sys; print(sqlite3.connect(sys.argv[1]).execute(sys.argv[2]).fetchone()[0])' "$PGPARALLEL_DB" "$1"
}

arms='from run where block is not null'

@test "four engines, each once in every block, after a warm-up of each in no figure" {
	pgp 0 compare -f four.sql -c 4 --repeat=2
	holds "select count(*), count(distinct block || '/' || arm), count(distinct block || '/' || block_order) $arms" "8,8,8"
	holds "select group_concat(label) from (select label from arm order by arm)" "serial,process,thread,async"
	holds "select group_concat(engine) from (select engine from run where role = 'warm-up' order by id)" \
		"serial,process,thread,async"
	holds "select label from arm where reference" "serial"
	holds "select kind, blocks_planned, ended from experiment" "compare,2,all blocks"
	holds "select count(*) from run r join arm a using (experiment, arm) where r.sessions <> a.sessions or r.engine <> a.engine" "0"
	has "$output" "NO CLAIM: TOO FEW BLOCKS"
}

@test "from six blocks a way that is faster is claimed to be, and an independent program finds the same" {
	pgp 0 compare -f four.sql -c 4 -e serial,process --repeat=6
	has "$output" "FASTER: process"
	has "$output" "faster by "
	holds "select count(*) $arms and verdict is null" "0"
	ratios=$(asked "select json_group_array(cast(s.last_end_us - s.go_us as real) / (p.last_end_us - p.go_us)) from run s join run p using (experiment, block) where s.engine = 'serial' and p.engine = 'process'")
	wanted=$(printf '%s\n' "$output" | grep -o 'faster by [0-9.]*x \[[0-9.]*x, [0-9.]*x\]')
	python3 - "$BATS_TEST_DIRNAME" "$ratios" "$wanted" <<-'END'
		import itertools, json, math, sys
		ratios, wanted = json.loads(sys.argv[2]), sys.argv[3]
		logs = [math.log(r) for r in ratios]
		n = len(logs)
		means = sorted(sum(s) / len(s) for k in range(1, n + 1) for s in itertools.combinations(logs, k))
		k = int(0.05 * 2 ** n / 2)
		found = [math.exp(x) for x in (sum(logs) / n, means[k - 1], means[-k])]
		said = [float(x) for x in wanted.replace("faster by ", "").replace("[", "").replace("]", "").replace(",", "").replace("x", "").split()]
		assert all(abs(a - b) <= 0.006 * a for a, b in zip(found, said)), (found, said)
	END
}

@test "one way against itself: the second is named apart, and no difference is claimed under six blocks" {
	pgp 0 compare -f four.sql --vary clients=2,2 --repeat=1
	holds "select group_concat(label, '|') from (select label from arm order by arm)" "clients=2|clients=2 (2)"
	hasnt "$output" "faster by"
}

@test "values of two options are combined, load runs compared by their rate" {
	pgp 0 compare -f loop.sql -t 5 --vary clients=1,2 --vary protocol=simple,prepared --repeat=1
	holds "select group_concat(setting, '|') from (select setting from arm order by arm)" \
		"clients=1 protocol=simple|clients=1 protocol=prepared|clients=2 protocol=simple|clients=2 protocol=prepared"
	holds "select group_concat(l.mode) from (select id from run where block is not null order by arm) r join load l on l.run = r.id" \
		"simple,prepared,simple,prepared"
	holds "select count(*) from run where role = 'warm-up'" "0"
	has "$output" "transactions/s"
}

@test "files and connection strings are varied, and no password of one is kept" {
	cp four.sql other.sql
	pgp 0 compare --vary file=four.sql,other.sql --repeat=1
	holds "select count(distinct workload) $arms" "2"
	pgp 0 compare -f four.sql --vary "conninfo=user=$PGUSER password=s3cret-one | user=$PGUSER password=s3cret-two" --repeat=1
	holds "select count(*) from arm where setting like '%password=***%'" "2"
	[ "$(grep -ac s3cret "$PGPARALLEL_DB" || true)" = 0 ]
	hasnt "$output" s3cret
}

@test "--stop-when ends it once the intervals are narrow, and says so" {
	pgp 0 compare -f four.sql -c 4 -e serial,process --stop-when=0.9
	holds "select ended, blocks_planned > (select count(distinct block) $arms) from experiment" "--stop-when,1"
	has "$output" "sequential test"
}

@test "past runs of one experiment keep their blocks; of others nothing is claimed" {
	pgp 0 compare -f four.sql -c 4 -e serial,process --repeat=6
	first=$(asked "select min(id) $arms")
	last=$(asked "select max(id) $arms")
	pgp 0 compare "$first..$last"
	has "$output" "FASTER: process -c 4"
	pgp 0 run -f four.sql -c 4
	pgp 0 run -f four.sql -c 2
	pgp 0 compare $((last + 1)) $((last + 2))
	has "$output" "NO CLAIM: RUNS OF NO BLOCKS"
}

@test "-F and -o: the report that is asked for, alone or beside the text" {
	pgp 0 compare -f four.sql -c 4 -e serial,process --repeat=2 -F csv --csv-table=cells
	[ "$(wc -l <<<"$output")" = 5 ]
	has "$output" '^run,arm,label'
	pgp 0 compare -f four.sql -c 4 -e serial,process --repeat=2 -F md
	has "$output" '^### .* compare 2$'
	hasnt "$output" 'stored in'
	pgp 0 compare -f four.sql -c 4 -e serial,process --repeat=2 -o page.html
	has "$output" 'NO CLAIM'
	has "$output" 'report: page.html'
	grep -q '<title>four: .*, compare 3</title>' page.html
	pgp 0 compare -q -f four.sql -c 4 -e serial,process --repeat=2 -o way.json
	[ -z "$output" ]
	python3 -c 'import json; d = json.load(open("way.json")); assert d["experiment"]["experiment"] == 4, d'
	pgp 5 compare -f four.sql -c 4 -e serial,process --repeat=1 -o missing/page.html
	holds "select count(*) from experiment where ended = 'all blocks'" "5"
}

@test "the CPU of the parent is that of each run, not of all before it" {
	pgp 0 compare -f four.sql -c 4 -e serial,process --repeat=6
	# It would only ever grow.
	holds "select count(*) > 0 from (select parent_user_cpu_us + parent_system_cpu_us as us, lag(parent_user_cpu_us + parent_system_cpu_us) over (order by id) as before from run) where us < before" "1"
	holds "select count(*) from run where parent_user_cpu_us < 0 or parent_system_cpu_us < 0 or parent_voluntary_switches < 0" "0"
}

@test "past runs in the same formats" {
	for c in 4 2; do pgp 0 run -f four.sql -c $c; done
	pgp 0 compare 1 2 -F csv
	has "$output" '^0,process -c 4,process,4,4,,1,1,'
	pgp 0 compare 1..2 -o past.html
	grep -q 'compare of past runs' past.html
	grep -q 'NO CLAIM: RUNS OF NO BLOCKS' past.html
	grep -q 'WHERE id IN (1, 2)' past.html
}

@test "warm-up runs that are named are left out, and that is said" {
	pgp 0 compare -f four.sql -c 4 -e serial,process --repeat=2
	pgp 0 compare 1..6
	has "$output" '2 warm-up runs are left out'
	has "$output" 'NO CLAIM: TOO FEW BLOCKS'
	pgp 1 compare 1..2
	has "$stderr" 'only warm-up runs are named'
}

@test "doubts about runs are carried into what is said of them, in every form" {
	pgp 0 compare -f four.sql -c 4 -e serial,process --repeat=2
	python3 - "$PGPARALLEL_DB" <<-'END'
		import sqlite3, sys
		db = sqlite3.connect(sys.argv[1])
		run = db.execute("select min(id) from run where block is not null and engine = 'process'").fetchone()[0]
		db.execute("delete from doubt")
		db.execute("insert into doubt values (?, 1, 'clock stepped', 'by 7 s <while> it ran')", (run,))
		db.commit()
	END
	first=$(asked "select min(id) $arms")
	pgp 0 compare "$first..$((first + 3))"
	has "$(tr -s '\n ' ' ' <<<"$output")" 'Doubt about process -c 4: clock stepped in 1 of 2 runs.'
	pgp 0 report "$first" --experiment -F csv
	has "$output" '^1,process,.*,clock stepped in 1 of 2 runs$'
	pgp 0 report "$first" --experiment -F json
	python3 -c 'import json, sys; d = json.load(sys.stdin)["doubts"]
assert d == [{"arm": 1, "name": "clock stepped", "runs": 1, "of": 2, "text": "by 7 s <while> it ran"}], d' <<<"$output"
	pgp 0 report "$first" --experiment -F md
	has "$output" 'clock stepped in 1 of 2 runs'
	pgp 0 report "$first" --experiment -F html
	has "$output" 'by 7 s &lt;while&gt; it ran'
	hasnt "$output" 'None of the checks found one'
}

@test "the runs of an experiment give an independent program the same ratios, intervals and verdicts" {
	pgp 0 compare -f four.sql -c 4 -e serial,process,async --repeat=6 -F json
	python3 -c 'import json, sys
d = json.load(sys.stdin)
at = {(c["arm"], c["block"]): c["makespan_us"] for c in d["cells"]}
for p in d["pairs"]:
    for b in range(6):
        print(json.dumps({"pair": str(p["arm"]), "ratio": at[p["reference"], b] / at[p["arm"], b]}))
    print(json.dumps({"pair": str(p["arm"]), **{k: p[k] for k in ("ratio", "low", "high", "p", "verdict")}}))' \
		<<<"$output" >blocks.json
	python3 "$BATS_TEST_DIRNAME/checker_compare.py" <blocks.json >said || { cat said; false; }
	[ "$(wc -l <said)" = 2 ]
}

@test "a way whose tasks fail is left out and named, and the exit code says so" {
	printf 'create table if not exists t (x int unique)' | psql -q
	printf -- '-- @task f repeat=2\ninsert into t values (1);\n' >fails.sql
	pgp 3 compare -f fails.sql -e serial,process -c 2 --repeat=1
	has "$output" "NOTHING TO COMPARE"
	psql -qc 'drop table t'
}

@test "what cannot be compared is refused before anything runs" {
	while IFS='|' read -r words text; do
		eval "pgp 1 compare -f four.sql $words"
		has "$stderr" "$text"
	done <<-'END'
		--vary clients=4|has one value only
		--vary clients=1,2 -c 4|both given and varied
		--vary engine=process,thread|engines are varied with -e
		--vary nix=1,2|cannot be varied
		--vary clients=1,2 --vary clients=3,4|varied twice
		-e process,process|named twice
		-e process,fiber|"fiber" is no engine
		-e serial|nothing to compare with
		--vary file=four.sql,loop.sql|leave -f out
		1 2|past runs are compared as they are
	END
	pgp 1 compare 4711 4712
	[ ! -e "$PGPARALLEL_DB" ] || holds "select count(*) from run" "0"
}

@test "a planted fault costs thread and async all of their sessions and process one, in one table" {
	printf -- '-- @task s readonly repeat=24\nselect pg_sleep(0.05);\n' >many.sql
	pgp 0 compare -f many.sql -e process,thread,async -c 3 --repeat=1 --chaos=kill:1@50%
	has "$output" "planted fault: kill at 50%"
	has "$output" "^ process +1 of 3 +1 of 3 "
	has "$output" "^ thread +1 of 1 +3 of 3 "
	has "$output" "^ async +1 of 1 +3 of 3 "
	holds "select count(*) $arms and done = 24" "3"
}

@test "--verify-results holds every way against the reference: a difference is exit code 4 and names the task" {
	psql -qc 'create sequence differs'
	printf -- "-- @task d repeatable\nselect nextval('differs');\n-- @task same readonly\nselect 1;\n" >differs.sql
	pgp 4 compare -f differs.sql -e process,thread -c 1 --repeat=1 --verify-results
	has "$stderr" "task d"
	hasnt "$stderr" "task same"
	pgp 0 compare -f four.sql -e process,thread -c 2 --repeat=1 --verify-results
	has "$output" "Every arm returned the same rows"
	psql -qc 'drop sequence differs'
}
