#!/usr/bin/env python3
"""--pin: where lanes and the server of --local really run, seen from /proc while they do, and what the run says of it."""
import os
import sqlite3
import subprocess
import tempfile
import time

from tap import PROGRAM, Tap, program
from throwaway import Server

ALLOWED = sorted(os.sched_getaffinity(0))


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as f:
        return [int(word) for word in f.read().split()]


def descendants(pid):
    try:
        return [pid] + [d for child in children(pid) for d in descendants(child)]
    except FileNotFoundError:
        return []


def threads(pid):
    """name -> the CPUs each of its threads may use."""
    found = []
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/comm") as f:
            found.append((f.read().strip(), frozenset(os.sched_getaffinity(int(task)))))
    return found


def watched(arguments, env, wanted):
    """(what was seen of all its processes while `wanted` held of it, exit code)."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith("PG")}
    child = subprocess.Popen([PROGRAM, "run", "-q"] + arguments, env={**clean, **env}, stdin=subprocess.DEVNULL)
    seen, until = [], time.monotonic() + 30
    while child.poll() is None and time.monotonic() < until:
        try:
            seen = [t for pid in descendants(child.pid) for t in threads(pid)]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if wanted(seen):
            break
        time.sleep(0.02)
    child.wait(30)
    return seen, child.returncode


def fact(db):
    with sqlite3.connect(db) as store:
        rows = store.execute("select f.value, r.options from run r left join environment_fact f on f.environment = r.environment"
                             " and f.name = 'client_pin' order by r.id desc limit 1").fetchall()
    return rows[0]


def lanes_of(seen):
    return [cpus for name, cpus in seen if name == "pgparallel"]


def main():
    tap = Tap()
    with Server() as server, tempfile.TemporaryDirectory() as folder:
        db, file = folder + "/runs.db", folder + "/sleep.sql"
        with open(file, "w") as f:
            f.write("-- @task nap repeat=4 readonly\nselect pg_sleep(0.3);\n")
        base = ["--db", db, "-c", "4", "-f", file]

        seen, code = watched(base + ["--pin=one"], server.socket_env, lambda s: len(s) >= 6)
        tap.check("one: everything of ours is on one CPU", code == 0 and {c for _, c in seen} == {frozenset(ALLOWED[:1])}, seen)
        value, options = fact(db)
        tap.check("one: the run says so", value and value.startswith("one: ") and "not ours" in value and "pin=one" in options,
                  (value, options))

        program(["run"] + base, server.socket_env)
        tap.check("none: the run says nothing of it", fact(db)[0] is None and "pin" not in fact(db)[1], fact(db))

        if len(ALLOWED) < 2:
            answer = program(["run"] + base + ["--pin=split"], server.socket_env)
            tap.check("split: refused with one CPU", answer.returncode == 1 and "--pin=one" in answer.stderr, answer.stderr)
        else:
            for engine in ("process", "thread"):
                seen, code = watched(base + ["--pin=split", "-e", engine], server.socket_env,
                                     lambda s: sum(len(c) == 1 for c in lanes_of(s)) >= 4)
                single = [c for c in lanes_of(seen) if len(c) == 1]
                counts = sorted(single.count(frozenset([cpu])) for cpu in ALLOWED[:4])
                even = [4 // len(ALLOWED[:4])] * len(ALLOWED[:4]) if len(ALLOWED) != 3 else [1, 1, 2]
                tap.check(f"split: {engine} lanes keep to a CPU each, evenly", code == 0 and counts == even, (counts, seen))
            half = len(ALLOWED) // 2
            seen, code = watched(base + ["--pin=split", "--local"], {},
                                 lambda s: len(lanes_of(s)) >= 7 and any(n == "postgres" for n, _ in s))
            servers = {c for name, c in seen if name == "postgres"}
            lanes = [c for c in lanes_of(seen) if len(c) == 1 and c <= set(ALLOWED[half:])]
            tap.check("split --local: the server is apart", code == 0 and servers == {frozenset(ALLOWED[:half])}
                      and len(lanes) >= 4, seen)
            tap.check("split --local: the run names both", "the server on CPU" in (fact(db)[0] or ""), fact(db))
        server.sql("create sequence pace")
        with open(file, "w") as f:
            f.write("-- @task nap\nselect pg_sleep(0.1 * nextval('pace') ^ 2);\n")
        for repeats, more, wanted in (("1", [], None), ("2", [], "--pin=one"), ("2", ["--pin=one"], "")):
            server.sql("select setval('pace', 1, false)")
            answer = program(["run", "--db", db, "-f", file, "-c", "1", "--repeat", repeats] + more, server.socket_env)
            told = " ".join(answer.stdout.split())
            good = ("repeats differ" in told) == (wanted is not None) and ("holds CPUs still" in told) == (wanted == "--pin=one")
            tap.check(f"--repeat={repeats} {' '.join(more)}: {'no doubt' if wanted is None else 'repeats that differ are told'}",
                      answer.returncode == 0 and good, answer.stdout + answer.stderr)
        with open(file, "w") as f:  # the second run's transactions take ten times as long
            f.write("select pg_sleep(case when nextval('pace') > 20 then 0.05 else 0.005 end);\n")
        server.sql("select setval('pace', 1, false)")
        answer = program(["run", "--db", db, "-n", "-f", file, "-c", "1", "-t", "20", "--repeat", "2", "--pin=split"], server.socket_env)
        told = " ".join(answer.stdout.split())
        if len(ALLOWED) > 1:
            tap.check("a load run: repeats that differ are told", answer.returncode == 0 and "repeats differ" in told,
                      answer.stdout + answer.stderr)
            tap.check("a load run: where it ran is kept", (fact(db)[0] or "").startswith("split: "), fact(db))
    tap.end()


if __name__ == "__main__":
    main()
