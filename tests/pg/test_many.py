#!/usr/bin/env python3
"""1,000 tickets of one query from a CSV on 200 sessions of each engine: 1,000 done, each row once."""
import os
import sqlite3
import tempfile

from faults import until
from tap import Tap, program
from throwaway import Server


def main():
    tap = Tap()
    with Server(settings=["max_connections=250"]) as server, tempfile.TemporaryDirectory() as folder:
        with open(folder + "/n.csv", "w") as f:
            f.write("n\n" + "".join(f"{n}\n" for n in range(1000)))
        with open(folder + "/n.sql", "w") as f:
            f.write("-- @workload many\n-- @task pick readonly rows=1\nselect :n::int;\n")
        for engine, arguments in (("process", []), ("thread", []), ("async", []), ("process", ["-j", "7"]), ("thread", ["-j", "3"])):
            name = " ".join([engine] + arguments)
            db = os.path.join(folder, name.replace(" ", "") + ".db")
            answer = program(["run", "--db", db, "-e", engine, "-c", "200", "-f", folder + "/n.sql", "--data", folder + "/n.csv"] +
                             arguments, server.socket_env)
            tap.check(f"{name}: exit 0", answer.returncode == 0, answer.stdout[-2000:] + answer.stderr[-2000:])
            with sqlite3.connect(db) as connection:
                done, sessions = connection.execute("select count(*), count(distinct session) from v_attempt where outcome = 'done' and rows = 1"
                                                    ).fetchone()
            tap.check(f"{name}: 1000 done", done == 1000, f"{done} done on {sessions} sessions\n{answer.stderr[-2000:]}")
            left = until(lambda: server.sql("select count(*) = 0 from pg_stat_activity where application_name ~ '^pgparallel'") == ["t"])
            tap.check(f"{name}: nothing of ours is left on the server", left)
    tap.end()


if __name__ == "__main__":
    main()
