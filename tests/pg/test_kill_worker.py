#!/usr/bin/env python3
"""kill -9 of a random worker at a random time in a workload of inserts: the server's rows against the stored outcomes.

done: there once; failed: not there; unknown: either. Unknown only for what the killed worker had in flight, at most one
per session; all others done. SOAK=1: 200 rounds per engine, at least a quarter of them hitting a task in flight; else
a few. SEED repeats a series of kill times.
"""
import collections
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

from tap import PROGRAM, SOAK, Tap
from throwaway import Server

ROUNDS = int(os.environ.get("ROUNDS", "200" if SOAK else "12"))
SEED = int(os.environ.get("SEED", str(random.SystemRandom().randrange(1 << 30))))
TICKETS, SESSIONS = 40, 4
LAYOUTS = {"process": (["-e", "process"], 1), "process -j 2": (["-e", "process", "-j", "2"], 2),
           "thread": (["-e", "thread"], SESSIONS), "async": (["-e", "async"], SESSIONS)}  # options, sessions of one worker
WORKLOAD = """-- @workload kills
-- @task add
insert into ledger select :n::int from pg_sleep(0.004);
"""


def children(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as f:
            return [int(x) for x in f.read().split()]
    except OSError:
        return []


def started(child, db):
    """Waits until the run has begun to hand out work; returns the worker pids (the observer is the first child)."""
    until = time.monotonic() + 20
    while time.monotonic() < until and child.poll() is None:
        pids = children(child.pid)
        if len(pids) >= 2:
            return pids[1:]
        time.sleep(0.001)
    return []


def outcomes(db):
    with sqlite3.connect(db) as connection:
        run, = connection.execute("select max(run) from v_ticket").fetchone()
        return {ticket: state for ticket, state in
                connection.execute("select ticket, state from v_ticket where run = ?", (run,))}


def judge(states, rows, sessions):
    """What is wrong with one round, as texts."""
    wrong = []
    if len(states) != TICKETS:
        wrong.append(f"{len(states)} tickets have a state, not {TICKETS}")
    for ticket, state in states.items():
        there = rows[ticket]
        if (state == "done" and there != 1) or (state == "failed" and there != 0) or there > 1:
            wrong.append(f"ticket {ticket} is {state} and {there} times there")
        if state not in ("done", "unknown"):
            wrong.append(f"ticket {ticket} is {state}")
    unknown = sum(state == "unknown" for state in states.values())
    if unknown > sessions:
        wrong.append(f"{unknown} unknown, more than the {sessions} sessions of the killed worker")
    return wrong, unknown


def round_of(server, layout, draw, folder, most):
    options, sessions = LAYOUTS[layout]
    server.sql("truncate ledger")
    db = os.path.join(folder, "runs.db")
    if os.path.exists(db):
        os.remove(db)
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PG")}
    with open(os.path.join(folder, "err"), "w+") as errors:
        child = subprocess.Popen([PROGRAM, "run", "--db", db, "-c", str(SESSIONS), "--retries=0", "-f", folder + "/w.sql",
                                  "--data", folder + "/d.csv"] + options, env={**environment, **server.socket_env},
                                 stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors)
        pids = started(child, db)
        time.sleep(draw.uniform(0, most))
        now = [p for p in pids if p in children(child.pid)]
        if now:
            try:
                os.kill(draw.choice(now), signal.SIGKILL)
            except ProcessLookupError:
                pass
        try:
            code = child.wait(300)
        except subprocess.TimeoutExpired:
            child.kill()
            return ["the run hung"], 0
        errors.seek(0)
        text = errors.read()
    until = time.monotonic() + 60  # a killed client's backend may still be finishing its insert
    while time.monotonic() < until and server.sql("select count(*) from pg_stat_activity where application_name ~ "
                                                  "'^pgparallel'") != ["0"]:
        time.sleep(0.01)
    rows = collections.Counter(int(x) for x in server.sql("select n from ledger"))
    wrong, unknown = judge(outcomes(db), rows, sessions)
    if code not in (0, 3) or (code == 0) != (unknown == 0):
        wrong.append(f"exit code {code} with {unknown} unknown")
    return [w + "\n" + text for w in wrong], unknown


def main():
    tap = Tap()
    draw = random.Random(SEED)
    tap.note(f"SEED={SEED} ROUNDS={ROUNDS}")
    with Server() as server, tempfile.TemporaryDirectory() as folder:
        server.sql("create table ledger (n int)")
        with open(folder + "/w.sql", "w") as f:
            f.write(WORKLOAD)
        with open(folder + "/d.csv", "w") as f:
            f.write("n\n" + "".join(f"{n}\n" for n in range(TICKETS)))
        for layout in sys.argv[1:] or LAYOUTS:
            wrong, hits, number, wanted = [], 0, 0, ROUNDS // 4 if SOAK else 1
            # On a loaded machine workers begin late: more rounds with later kills, until enough of them hit.
            while number < ROUNDS or (hits < wanted and number < 20 * ROUNDS):
                number += 1
                found, unknown = round_of(server, layout, draw, folder, 0.06 * max(1, number / ROUNDS))
                wrong += [f"round {number}: {w}" for w in found]
                hits += unknown > 0
            tap.check(f"{layout}: rows agree with outcomes in {number} rounds of kill -9", not wrong, "\n".join(wrong[:20]))
            tap.check(f"{layout}: kills that hit a task in flight: {hits} of {number}", hits >= wanted)
    tap.end()


if __name__ == "__main__":
    main()
