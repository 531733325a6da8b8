# What the parser says of statements (cannot run in a block; can carry parameters), against what a server says.

setup_file() {
	. tests/pg/server.bash
	pg_start "wal_level = logical"
	export PG_DIR PG_LOG PG_BIN
	export TOOL=${BUILD:-.build}/tests/unit/tool_split
	make -s B="${BUILD:-.build}" "$TOOL" 3>&-
	SERVER_VERSION=$(psql -XAtc 'show server_version_num')
	export SERVER_VERSION
	psql -XqAt <<-'SQL'
		create table t (a int primary key, b text);
		create index t_b on t (b);
		create table pt (a int) partition by range (a);
		create table pt1 partition of pt for values from (0) to (10);
		create type e as enum ('x');
		create materialized view mv as select 1 as a;
		create unique index on mv (a);
		create procedure p(int) language plpgsql as 'begin end';
		create database other;
	SQL
}

teardown_file() {
	. tests/pg/server.bash
	pg_stop
}

setup() { DIR=$(mktemp -d /tmp/pgclassify.XXXXXX); }
teardown() { rm -rf "$DIR"; }

# Grammar that a server before 15 does not know.
too_new() {
	[ "$SERVER_VERSION" -lt 150000 ] &&
		grep -qE '^merge|detach.*concurrently|^reindex \(concurrently' <<<"$1"
}

# kind of the only statement of a task
kind() {
	printf -- '-- @task x\n%s;\n' "$1" >"$DIR/k.sql"
	"$TOOL" --plan "$DIR/k.sql" | sed -n '3s/^  [0-9]* \([a-z]*\) .*/\1/p'
}

@test "what the server refuses inside a block is sent alone, and nothing else is" {
	bad=0
	while IFS= read -r sql; do
		[ -n "$sql" ] && ! too_new "$sql" || continue
		answer=$(psql -XAt -v VERBOSITY=sqlstate -c begin -c "$sql" -c rollback 2>&1)
		want=plain
		! grep -q 25001 <<<"$answer" || want=alone
		got=$(kind "$sql")
		[ "$got" = "$want" ] || {
			echo "$sql: the parser says $got, the server $want ($answer)"
			bad=1
		}
	done <<-'SQL'
		vacuum
		vacuum full t
		VACUUM (analyze, verbose) t
		analyze t
		analyze
		create index concurrently on t (b)
		create unique index concurrently if not exists u on t (a)
		create index on t (b)
		drop index concurrently t_b
		drop index if exists t_b
		reindex table t
		reindex table concurrently t
		reindex index t_b
		reindex (concurrently) index t_b
		reindex (verbose) table t
		reindex schema public
		reindex database postgres
		reindex system postgres
		create database d2
		drop database other
		alter database other set tablespace pg_default
		alter database other set work_mem = '1MB'
		alter database other connection limit 5
		create tablespace ts location '/nonexistent'
		drop tablespace ts
		alter system set work_mem = '1MB'
		alter system reset all
		alter table pt detach partition pt1 concurrently
		alter table pt detach partition pt1
		alter type e add value 'y'
		refresh materialized view concurrently mv
		refresh materialized view mv
		cluster
		cluster verbose
		cluster t using t_pkey
		cluster verbose t using t_pkey
		discard all
		discard plans
		discard temp
		checkpoint
		rollback prepared 'x'
		lock table t
		truncate t
		create table x (a int)
		create extension if not exists plpgsql
		notify x
		listen x
		set work_mem = '1MB'
		reset all
		comment on table t is 'x'
		grant select on t to public
		select 1
		table t
		values (1)
	SQL
	[ $bad = 0 ]
}

# Does pgbench's extended mode, which sends :n as a parameter as well, get this statement through?
server_takes() {
	printf '%s\n' "$1" >"$DIR/b.sql"
	pgbench -n -t 1 -M extended -D n=1 -f "$DIR/b.sql" >"$DIR/b.out" 2>&1 &&
		! grep -q ERROR "$DIR/b.out"
}

parser_takes() {
	printf '%s\n' "$1" >"$DIR/p.sql"
	printf 'n\n1\n' >"$DIR/p.csv"
	"$TOOL" --data "$DIR/p.csv" "$DIR/p.sql" >"$DIR/p.out" 2>&1
}

@test "parameters are accepted where the server takes them, and refused with a reason elsewhere" {
	bad=0
	while IFS= read -r sql; do
		[ -n "$sql" ] && ! too_new "$sql" || continue
		server=no
		! server_takes "$sql" || server=yes
		parser=no
		! parser_takes "$sql" || parser=yes
		[ $server = $parser ] || {
			echo "$sql: server $server, parser $parser: $(cat "$DIR/p.out" "$DIR/b.out")"
			bad=1
		}
	done <<-'SQL'
		select :n::int;
		select 1 limit :n;
		select 1 offset :n;
		select 1 fetch first :n rows only;
		select :n, :n, abs(:n);
		select 1 where 1 in (:n, 2);
		select 1 where 1 = any (array[:n, 2]);
		(select :n::int) union all select 2;
		values (:n::int);
		with x as (select :n::int as a) select a from x;
		insert into t values (:n, 'x') on conflict do nothing;
		update t set b = :n::text where a = :n;
		delete from t where a = :n + 100;
		merge into t using (select :n::int as a) s on s.a = t.a when not matched then do nothing;
		explain select :n::int;
		explain (costs off) update t set b = 'x' where a = :n;
		explain analyze select :n::int;
		call p(:n);
		create temp table tt as select :n::int as a;
		create table if not exists ttt as select :n::int as a;
		select :n::int as a into temp ti;
		select extract(epoch from :n::text::interval);
		select 1 is distinct from :n;
		select substring('abc' from :n);
		select * from generate_series(1, :n);
		select a from (select :n::int as a) s;
		set work_mem = :n;
		set local work_mem to :n;
		vacuum :n;
		alter role postgres connection limit :n;
		alter table t alter column b set statistics :n;
		create view vv as select :n::int as a;
		create materialized view vw as select :n::int as a;
		copy (select :n::int) to stdout;
		select interval :n;
		select timestamp :n;
		select * from :n;
		insert into :n values (1);
		update :n set a = 1;
		select * from t join :n on true;
		lock table :n;
		truncate :n;
		notify x, :n;
		create table x (a int default :n);
		comment on table t is :n;
		prepare pp as select :n::int;
		reset :n;
		show :n;
	SQL
	[ $bad = 0 ]
}
