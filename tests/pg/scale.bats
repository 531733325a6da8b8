# scale against a throwaway server: what runs, in which order, what is kept and told, and the series that show nothing.

load ../cli/helper
load server

setup_file() {
	pg_start 'max_connections = 40'
	psql -qc 'create sequence s'
	export PG_DIR PG_LOG PG_BIN
}
teardown_file() { pg_stop; }
setup() {
	cli_setup
	printf -- '-- @workload eight\n-- @task s readonly repeat=8\nselect pg_sleep(0.01);\n' >eight.sql
	printf 'select pg_sleep(0.001);\n' >loop.sql
}
teardown() { cli_teardown; }

arms='from run where arm is not null'

@test "every number of sessions once in each block, one session among them, after a warm-up in no figure" {
	pgp 0 scale -f eight.sql --clients=4,2,4 --repeat=3
	holds "select count(*), count(distinct block || '/' || arm), count(distinct block || '/' || block_order) $arms" "9,9,9"
	holds "select group_concat(sessions) from (select sessions from arm order by arm)" "1,2,4"
	holds "select role, arm is null, block is null from run order by id limit 1" "warm-up,1,1"
	holds "select kind, blocks_planned, ended from experiment" "scale,3,all blocks"
	holds "select count(*) from run r join arm a using (experiment, arm) where r.sessions <> a.sessions" "0"
	holds "select count(*) $arms and verdict is null" "0"
	has "$output" "Under 6 complete blocks nothing is claimed"
	has "$output" "The universal scalability law is not fitted: 3 different numbers of sessions, 4"
}

@test "six blocks unless told, powers of two up to the tickets, and claims" {
	pgp 0 scale -f eight.sql
	holds "select group_concat(sessions) from (select sessions from arm order by arm)" "1,2,4,8"
	holds "select max(block) + 1 $arms" "6"
	has "$output" "95 % interval by inverting it"
	holds "select group_concat(name) from (select name from estimate where name like 'speedup%' order by name)" \
		"speedup_2,speedup_4,speedup_8"
	holds "select count(*) from estimate where samples <> 6 or not (low <= value and value <= high)" "0"
	# The same from the runs themselves: a geometric mean over the blocks.
	holds "select abs(exp(avg(ln((b.last_end_us - b.go_us) * 1.0 / (r.last_end_us - r.go_us)))) - (select value from
		estimate where name = 'speedup_4')) < 1e-9 from run r join run b on b.block = r.block and b.sessions = 1
		where r.sessions = 4 and r.arm is not null" "1"
}

@test "the order inside the blocks follows the seed" {
	pgp 0 scale -f eight.sql --clients=2,4 --repeat=4 --random-seed=5
	pgp 0 scale -f eight.sql --clients=2,4 --repeat=4 --random-seed=5
	pgp 0 scale -f eight.sql --clients=2,4 --repeat=4 --random-seed=6
	local order="group_concat(arm) from (select arm $arms and experiment ="
	holds "select (select $order 1 order by id)) = (select $order 2 order by id))" "1"
	holds "select (select $order 1 order by id)) = (select $order 3 order by id))" "0"
}

@test "every run has fresh sessions" {
	pgp 0 scale -f eight.sql --clients=2 --repeat=2
	holds "select count(*) = count(distinct backend_pid || '/' || run) from session where connected" "1"
	holds "select count(*) > 0 from session a join session b on a.run < b.run and a.backend_pid = b.backend_pid" "0"
}

@test "load runs: throughput, and a page with percentile curves" {
	pgp 0 scale -f loop.sql -t 30 --clients=1,3 --repeat=2 -o page.html
	holds "select count(*) from v_load" "5"
	has "$output" " sessions *tps  speed-up"
	grep -q 'id="percentiles"' page.html
	grep -q 'Transactions a second' page.html
}

@test "report: the page again from any of its runs, the same bytes as Markdown" {
	pgp 0 scale -f eight.sql --clients=2,4 --repeat=2 -F md -o one.md
	pgp 0 report --experiment -F md -o two.md
	pgp 0 report 2 --experiment -F md -o three.md
	cmp one.md two.md
	cmp one.md three.md
	pgp 0 report 2 --experiment -o page.html
	grep -q 'id="speedup"' page.html
}

@test "report of all runs: pages of scales beside those of runs, named by the index" {
	pgp 0 run -f eight.sql
	pgp 0 scale -f eight.sql --clients=2 --repeat=2
	pgp 0 report --all -F html -o pages
	[ -s pages/scale-3-6.html ]
	grep -q 'href="scale-3-6.html"' pages/index.html
	grep -q 'href="index.html"' pages/scale-3-6.html
	grep -q 'href="run-[3-6].html"' pages/scale-3-6.html
	pgp 0 report 1..4 -F html -o part
	[ ! -e part/scale-3-6.html ]
}

@test "a run that belongs to no scale has no such page" {
	pgp 0 run -f eight.sql
	pgp 1 report 1 --experiment -F md
	has "$stderr" "run 1 belongs to no comparison and no scale"
}

@test "one number of sessions: nothing to compare, said and not an error" {
	pgp 0 scale -f eight.sql --clients=1 --repeat=2
	has "$output" "ONLY ONE NUMBER OF SESSIONS"
	has "$output" "Amdahl's law is not fitted"
}

@test "tasks that fail: their blocks are left out, and 3" {
	printf -- '-- @task f readonly\nselect 1/0;\n-- @task g readonly\nselect 1;\n' >fail.sql
	pgp 3 scale -f fail.sql --clients=2 --repeat=2
	has "$output" "NOTHING TO COMPARE"
	has "$output" "Block 1 is left out: run "
}

@test "now and then a task fails: only that block is left out" {
	printf -- "-- @task n\nselect 1 / (nextval('s') - 4);\n" >now.sql
	psql -qc 'alter sequence s restart'
	pgp 3 scale -f now.sql --clients=2 --repeat=3
	has "$output" "Block 2 is left out: run "
	has "$output" "2 of them complete"
}

@test "more sessions than the server takes: it ends there, and says so" {
	printf -- '-- @task s readonly repeat=60\nselect 1;\n' >sixty.sql
	pgp 1 scale -f sixty.sql --clients=60 --repeat=1
	has "$stderr" "max_connections"
}

@test "--max-time ends it after whole blocks, and it is said" {
	apart "$PGPARALLEL" scale -f eight.sql --clients=2 --repeat=1000 --max-time=4s
	[ "$status" = 0 ] || [ "$status" = 3 ] # 3: this machine stood still when a block was to end
	holds "select ended from experiment" "--max-time"
	has "$output" "It ended after .* of 1000 blocks: --max-time"
}

@test "gates of the file are not judged, and that is said" {
	printf -- '-- @gate speedup >= 100\n-- @task s repeat=2\nselect 1;\n' >gate.sql
	pgp 0 scale -f gate.sql --clients=2 --repeat=1
	has "$stderr" "gate speedup >= 100 is not judged"
}

@test "a seed, a workload and an engine are the runs' own as ever" {
	pgp 0 scale -f eight.sql -e thread --clients=2 --repeat=1 --random-seed=9 --note=hello
	holds "select count(*), min(engine), max(engine), min(seed), min(note) $arms" "2,thread,thread,9,hello"
}

@test "its arms, pairs and runs as CSV and as JSON" {
	pgp 0 scale -f eight.sql --clients=2 --repeat=2
	pgp 0 report --experiment -F csv --csv-table=cells
	[ "$(wc -l <<<"$output")" = 5 ]
	pgp 0 report --experiment -F csv
	has "$output" "^arm,label,engine"
	pgp 0 report --experiment -F json
	python3 -c 'import json, sys; d = json.load(sys.stdin); assert len(d["arms"]) == 2 and len(d["cells"]) == 4, d
assert d["schema"] == "pgparallel.compare/1" and not d["experiment"]["claims"]' <<<"$output"
	pgp 1 report --experiment -F csv --csv-table=attempts
	has "$stderr" "it has arms, pairs and cells"
	pgp 0 scale -f eight.sql --clients=2 --repeat=1 -F csv --csv-table=pairs
	has "$output" '^1,2 sessions,0,1,'
	pgp 0 scale -f eight.sql --clients=2 --repeat=1 -o s.json
	python3 -c 'import json; assert json.load(open("s.json"))["experiment"]["kind"] == "scale"'
	pgp 1 scale -f eight.sql --clients=2 -F csv --csv-table=attempts
	has "$stderr" 'there is no table "attempts"'
	holds "select count(*) from experiment" "3"
}
