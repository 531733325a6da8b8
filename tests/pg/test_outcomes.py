#!/usr/bin/env python3
"""What a task's outcome says, against what the server's tables show: each case direct and through PgBouncer.

A case is one task in a run of its own. Expected: outcome, statements applied, SQLSTATE (None = not looked at), ids in
table t afterwards, exit code. `pooled` replaces what differs in transaction pooling.
"""
import os
import sqlite3
import tempfile

from tap import Tap, program
from throwaway import Bouncer, Server

PREPARE = """
drop table if exists child, t; drop procedure if exists p_good, p_bad;
create table t (id int primary key, v text);
create table child (id int references t deferrable initially deferred);
create procedure p_good() language plpgsql as $$ begin insert into t values (1); commit; end $$;
create procedure p_bad() language plpgsql as $$ begin insert into t values (1); commit; insert into t values (2); raise 'no'; end $$;
"""
DIE = "select pg_terminate_backend(pg_backend_pid());"
# name, attributes, SQL, outcome, applied, SQLSTATE, ids in t, exit code, pooled overrides
CASES = [
    ("one insert", "", "insert into t values (1);", "done", None, None, [1], 0),
    ("one insert that fails", "", "insert into t values (1/0);", "failed", 0, "22012", [], 3),
    ("two inserts", "", "insert into t values (1); insert into t values (2);", "done", None, None, [1, 2], 0),
    ("two inserts, the second fails", "", "insert into t values (1); insert into t values (1);", "failed", 0, "23505", [], 3),
    ("two inserts, the first fails", "", "insert into t values (1/0); insert into t values (2);", "failed", 0, "22012", [], 3),
    ("insert, then a failing query", "", "insert into t values (1); select 1/0;", "failed", 0, "22012", [], 3),
    ("own block", "", "begin; insert into t values (1); commit;", "done", None, None, [1], 0),
    ("own block that fails", "", "begin; insert into t values (1); insert into t values (1); commit;", "failed", 0, "23505", [], 3),
    ("insert, then own block that fails", "", "insert into t values (1); begin; insert into t values (2); select 1/0; commit;",
     "failed", 1, "22012", [1], 3),
    ("two own blocks, the second fails", "", "begin; insert into t values (1); commit; begin; insert into t values (1); commit;",
     "failed", 3, "23505", [1], 3),
    ("own block left open", "", "begin; insert into t values (1);", "failed", 0, None, [], 3),
    ("own block rolled back", "", "begin; insert into t values (1); rollback;", "done", None, None, [], 0),
    ("savepoint, then an error", "", "begin; insert into t values (1); savepoint a; select 1/0; commit;", "failed", 0, "22012",
     [], 3),
    ("CALL that commits", "", "call p_good();", "done", None, None, [1], 0),
    ("CALL that commits, then fails", "", "call p_bad();", "unknown", 0, "P0001", [1], 3),
    ("insert, CALL that commits, then fails", "", "insert into t values (3); call p_bad();", "unknown", 1, "P0001", [1, 3], 3),
    ("CALL that fails inside an own block", "", "begin; call p_bad(); commit;", "failed", 0, "2D000", [], 3),
    ("DO that fails", "", "do $$ begin insert into t values (1); raise 'no'; end $$;", "unknown", 0, "P0001", [], 3),
    ("DO that commits, then fails", "", "do $$ begin insert into t values (1); commit; raise 'no'; end $$;", "unknown", 0, "P0001",
     [1], 3),
    ("DO that works", "", "do $$ begin insert into t values (1); end $$;", "done", None, None, [1], 0),
    ("transaction", "transaction", "insert into t values (1); insert into t values (2);", "done", None, None, [1, 2], 0),
    ("transaction that fails", "transaction", "insert into t values (1); select 1/0;", "failed", 0, "22012", [], 3),
    ("transaction with a CALL that commits", "transaction", "insert into t values (3); call p_bad();", "failed", 0, "2D000", [], 3),
    ("transaction with a DO that fails", "transaction", "do $$ begin insert into t values (1); raise 'no'; end $$;", "failed", 0,
     "P0001", [], 3),
    ("rows= kept", "rows=2", "insert into t values (1), (2) returning id;", "done", None, None, [1, 2], 0),
    ("rows= missed", "rows=1", "insert into t values (1), (2) returning id;", "done", None, None, [1, 2], 4),
    ("rows= missed in a transaction", "rows=1 transaction", "insert into t values (1), (2) returning id;", "failed", 0, None, [], 3),
    ("rows=0", "rows=0", "select 1 where false;", "done", None, None, [], 0),
    ("readonly query", "readonly", "select 1;", "done", None, None, [], 0),
    ("readonly that writes", "readonly", "insert into t values (1);", "failed", 0, "25006", [], 3),
    ("readonly transaction that writes", "readonly transaction", "insert into t values (1);", "failed", 0, "25006", [], 3),
    ("readonly own block that writes", "readonly", "begin; insert into t values (1); commit;", "failed", 0, "25006", [], 3,
     {"sqlstate": None}),
    ("readonly CALL that writes", "readonly", "call p_good();", "failed", 0, "25006", [], 3, {"sqlstate": None}),
    ("DISCARD ALL", "", "discard all;", "done", None, None, [], 0),
    ("DISCARD ALL between inserts", "", "insert into t values (1); discard all; insert into t values (2);", "done", None, None,
     [1, 2], 0),
    ("DEALLOCATE ALL", "", "deallocate all; insert into t values (1);", "done", None, None, [1], 0),
    ("VACUUM", "", "vacuum t;", "done", None, None, [], 0),
    ("insert, then VACUUM", "", "insert into t values (1); vacuum t;", "done", None, None, [1], 0),
    ("VACUUM in an own block", "", "begin; vacuum t; commit;", "failed", 0, "25001", [], 3),
    ("CREATE INDEX CONCURRENTLY later", "", "insert into t values (1); create index concurrently on t (v);", "done", None, None, [1],
     0),
    ("deferred constraint", "", "insert into t values (1); insert into child values (9);", "failed", 0, "23503", [], 3),
    ("deferred constraint in an own block", "", "begin; insert into t values (1); insert into child values (9); commit;", "failed",
     0, "23503", [], 3),
    ("deferred constraint in a transaction", "transaction", "insert into t values (1); insert into child values (9);", "failed", 0,
     "23503", [], 3),
    ("COPY TO STDOUT", "", "insert into t values (1); copy t to stdout;", "done", None, None, [1], 0),
    ("statement too long", "timeout=200ms", "insert into t values (1); select pg_sleep(20);", "failed", 0, "57014", [], 3),
    ("transaction too long", "timeout=200ms transaction", "insert into t values (1); select pg_sleep(20);", "failed", 0, "57014", [],
     3),
    ("backend ended in a bare write", "", "insert into t values (1); " + DIE, "unknown", 0, None, [], 3),
    ("backend ended in a transaction", "transaction", "insert into t values (1); " + DIE, "failed", 0, None, [], 3),
    ("backend ended in an own block", "", "begin; insert into t values (1); " + DIE + " commit;", "failed", 0, None, [], 3),
    ("insert, then backend ended in an own block", "", "insert into t values (1); begin; insert into t values (2); " + DIE +
     " commit;", "failed", 1, None, [1], 3),
    ("backend ended in a readonly task", "readonly", DIE, "failed", 0, None, [], 3),
]

def run_case(case, env, folder):
    """(outcome, applied, sqlstate, exit code, text) of the task's last attempt."""
    path, db = os.path.join(folder, "case.sql"), os.path.join(folder, "case.db")
    with open(path, "w") as f:
        f.write(f"-- @workload case\n-- @task x {case[1]}\n{case[2]}\n")
    if os.path.exists(db):
        os.remove(db)
    answer = program(["run", "--db", db, "-e", "process", "-f", path], env)
    text = answer.stdout + answer.stderr
    if not os.path.exists(db):
        return None, None, None, answer.returncode, text
    with sqlite3.connect(db) as connection:
        row = connection.execute("select outcome, applied, sqlstate from v_attempt order by done_us desc, try_no desc limit 1").fetchone()
    return (*(row or (None, None, None)), answer.returncode, text)


def main():
    tap = Tap()
    with Server() as server, Bouncer(server, pool_size=3) as bouncer, tempfile.TemporaryDirectory() as folder:
        for way, env in (("direct", server.socket_env), ("through PgBouncer", bouncer.env)):
            for case in CASES:
                server.sql(PREPARE)
                expected = dict(zip(("outcome", "applied", "sqlstate", "ids", "exit"), case[3:8]))
                if way != "direct" and len(case) > 8:
                    expected.update(case[8])
                outcome, applied, sqlstate, code, text = run_case(case, env, folder)
                ids = [int(x) for x in server.sql("select id from t order by id")]
                seen = {"outcome": outcome, "applied": applied, "sqlstate": sqlstate, "ids": ids, "exit": code}
                wrong = {k: (seen[k], v) for k, v in expected.items() if v is not None and seen[k] != v}
                tap.check(f"{way}: {case[0]}", not wrong, f"seen, expected: {wrong}\n{text}")
    tap.end()


if __name__ == "__main__":
    main()
