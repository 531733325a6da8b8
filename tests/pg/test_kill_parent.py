#!/usr/bin/env python3
"""kill -9 of the parent at a random time, then --resume: every ticket that was not unknown is there exactly once.

No more tickets are unknown than two release blocks hold, workers are gone within their deadline, and the store shows the
run as interrupted. SOAK=1: 100 rounds, else a few.
"""
import collections
import os
import random
import signal
import sqlite3
import subprocess
import tempfile
import time

from tap import PROGRAM, SOAK, Tap, program
from throwaway import Server
from test_kill_worker import SESSIONS, children, started

ROUNDS = int(os.environ.get("ROUNDS", "100" if SOAK else "8"))
SEED = int(os.environ.get("SEED", str(random.SystemRandom().randrange(1 << 30))))
TICKETS, TASK_S = 120, 0.02
WORKLOAD = f"""-- @workload kills
-- @task add
insert into ledger select :n::int from pg_sleep({TASK_S});
"""
GONE_DEADLINE_S = 10  # promised: 1 s


def wait_gone(pids):
    """Seconds until none of the processes is left."""
    begin = time.monotonic()
    while time.monotonic() < begin + GONE_DEADLINE_S:
        if not any(os.path.exists(f"/proc/{p}") and "Z" not in open(f"/proc/{p}/stat").read().rsplit(")", 1)[1][:3]
                   for p in pids if os.path.exists(f"/proc/{p}")):
            return time.monotonic() - begin
        time.sleep(0.005)
    return None


def states(db, run):
    with sqlite3.connect(db) as connection:
        return dict(connection.execute("select ticket, state from v_ticket where run = ?", (run,)))


def quiet(server):
    until = time.monotonic() + 60
    while time.monotonic() < until and server.sql(
            "select count(*) from pg_stat_activity where application_name ~ '^pgparallel'") != ["0"]:
        time.sleep(0.01)


def round_of(server, engine, draw, folder, arguments):
    server.sql("truncate ledger")
    db = folder + "/r.db"
    for name in os.listdir(folder):
        if name.startswith("r.db"):
            os.remove(os.path.join(folder, name))
    clean = {k: v for k, v in os.environ.items() if not k.startswith("PG")}
    child = subprocess.Popen([PROGRAM, "run", "--db", db, "-e", engine] + arguments, env={**clean, **server.socket_env},
                             stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    pids = started(child, db)
    time.sleep(draw.uniform(0, 0.5))
    pids = children(child.pid) or pids
    child.send_signal(signal.SIGKILL)
    child.wait()
    gone = wait_gone(pids)
    if gone is None:
        return [f"workers outlived the parent by {GONE_DEADLINE_S} s"], 0, gone
    quiet(server)
    return resume(server, db, engine, arguments) + (gone,)


def resume(server, db, engine, arguments):
    """(what is wrong, 1 when the kill interrupted a stored run)."""
    if not os.path.exists(db):
        return [], 0
    with sqlite3.connect(f"file:{db}?mode=ro", uri=True) as connection:
        try:
            runs = connection.execute("select run, state from v_run").fetchall()
        except sqlite3.OperationalError:
            runs = []
    if not runs or runs[0][1] not in ("running", "interrupted"):
        return [], 0
    run = runs[0][0]
    answer = program(["run", "--db", db, "-e", engine, f"--resume={run}"] + arguments, server.socket_env)
    wrong = []
    if answer.returncode not in (0, 3):
        wrong.append(f"--resume ended with {answer.returncode}: {answer.stderr}")
    listed = program(["list", "--db", db], {}).stdout
    if "interrupted" not in listed:
        wrong.append("list does not say interrupted:\n" + listed)
    quiet(server)
    rows = collections.Counter(int(x) for x in server.sql("select n from ledger"))
    old = states(db, run)
    unknown = {t for t, state in old.items() if state == "unknown"}
    for ticket in range(TICKETS):
        if rows[ticket] > 1 or (ticket not in unknown and rows[ticket] != 1):
            wrong.append(f"ticket {ticket} ({old.get(ticket, 'no state')}) is {rows[ticket]} times there\n{answer.stderr}")
    limit = 2 * max(2 * SESSIONS, int(0.25 * SESSIONS / TASK_S) + 1)
    if len(unknown) > limit:
        wrong.append(f"{len(unknown)} unknown, two blocks hold {limit}")
    return wrong, 1


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
        arguments = ["-c", str(SESSIONS), "--retries=0", "-f", folder + "/w.sql", "--data", folder + "/d.csv"]
        for engine in ("process", "thread", "async"):
            wrong, interrupted, slowest, number = [], 0, 0, 0
            # On a loaded machine a kill is often late: more rounds, until enough of them came in the middle of a run.
            while number < ROUNDS or (interrupted < ROUNDS // 3 and number < 20 * ROUNDS):
                number += 1
                found, hit, gone = round_of(server, engine, draw, folder, arguments)
                wrong += [f"round {number}: {w}" for w in found]
                interrupted += hit
                slowest = max(slowest, gone or 0)
            tap.check(f"{engine}: {number} rounds of kill -9 of the parent, {interrupted} resumed, workers gone within "
                      f"{slowest * 1000:.0f} ms", not wrong, "\n".join(wrong[:20]))
            tap.check(f"{engine}: kills that interrupted a stored run", interrupted >= ROUNDS // 3, f"{interrupted} of {number}")
    tap.end()


if __name__ == "__main__":
    main()
