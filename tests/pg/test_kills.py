#!/usr/bin/env python3
"""kill -9 at random moments (needs a server): the rows in the server's table against the stored outcomes.

done: there once; failed: not there; unknown: either; not run: not there. First workers of each engine are killed, then
the parent, whose run --resume finishes. 15 rounds each, with SOAK=1 200 (workers) and 100 (parent).
test_kills.py ROUNDS [SEED] sets both; the seed is printed."""
import csv
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
import throwaway  # noqa: E402

PROGRAM = os.path.abspath(os.environ.get("PGPARALLEL", os.environ.get("BUILD", ".build") + "/pgparallel"))
SOAK = os.environ.get("SOAK", "") not in ("", "0")
TICKETS, SESSIONS = 60, 6
PATIENCE = 60
WORKLOAD = "-- @workload kills\n-- @task ins\ninsert into ledger select :n::int from pg_sleep(0.02);\n"
LAYOUTS = {"process": ["-e", "process"], "process -j 2": ["-e", "process", "-j", "2"], "thread": ["-e", "thread"],
           "async": ["-e", "async"]}
# Sessions of one worker: what one kill may leave in doubt.
IN_ONE_WORKER = {"process": 1, "process -j 2": 3, "thread": SESSIONS, "async": SESSIONS}


def children(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as f:
            return [int(word) for word in f.read().split()]
    except OSError:
        return []


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as f:
            return f.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


class Ground:
    """A folder with workload, data and store, and a server with the ledger."""

    def __init__(self, server):
        self.server = server
        self.dir = tempfile.mkdtemp(prefix="pgparallel-kills-")
        self.db = self.dir + "/runs.db"
        with open(self.dir + "/kills.sql", "w") as f:
            f.write(WORKLOAD)
        with open(self.dir + "/data.csv", "w", newline="") as f:
            rows = csv.writer(f, lineterminator="\n")
            rows.writerow(["n"])
            rows.writerows([n] for n in range(TICKETS))

    def start(self, more):
        command = [PROGRAM, "run", "-f", self.dir + "/kills.sql", "--data=" + self.dir + "/data.csv",
                   "-c", str(SESSIONS), "--db=" + self.db, "-q"] + more
        return subprocess.Popen(command, env={**os.environ, **self.server.socket_env}, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def fresh(self):
        for suffix in ("", "-wal", "-shm", ".lock"):
            if os.path.exists(self.db + suffix):
                os.unlink(self.db + suffix)
        self.server.sql("drop table if exists ledger; create table ledger (n int)")

    def query(self, sql):
        with sqlite3.connect(self.db) as db:
            return db.execute(sql).fetchall()

    def states(self):
        """ticket -> state of its last run that knew it."""
        return dict(self.query("select ticket, state from v_ticket order by run"))

    def rows(self):
        # A backend whose client was killed may still be at work: wait for the last one.
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until and self.server.sql(
                "select 1 from pg_stat_activity where application_name like 'pgparallel%' limit 1"):
            time.sleep(0.01)
        count = dict.fromkeys(range(TICKETS), 0)
        for line in self.server.sql("select n, count(*) from ledger group by n"):
            n, times = line.split("|")
            count[int(n)] = int(times)
        return count


def disagreements(states, rows):
    for ticket in range(TICKETS):
        state = states.get(ticket, "not run")
        allowed = {"done": (1,), "failed": (0,), "unknown": (0, 1), "released": (0, 1), "not run": (0,)}[state]
        if rows[ticket] not in allowed:
            yield f"ticket {ticket} is {state} and {rows[ticket]} times in the table"


def kill_a_worker(ground, dice, layout):
    """One round: problems, and whether the kill hit a task in flight."""
    ground.fresh()
    process = ground.start(LAYOUTS[layout])
    until = time.monotonic() + PATIENCE
    want = 1 + {"process": SESSIONS, "process -j 2": 2}.get(layout, 1)
    while len(children(process.pid)) < want and process.poll() is None and time.monotonic() < until:
        time.sleep(0.002)
    time.sleep(dice.random() * 0.25)
    workers = sorted(children(process.pid))[1:]  # the first child is the observer
    victim = dice.choice(workers) if workers else 0
    if victim:
        try:
            os.kill(victim, signal.SIGKILL)
        except ProcessLookupError:
            victim = 0
    out, _ = process.communicate(timeout=PATIENCE)
    states, rows = ground.states(), ground.rows()
    problems = list(disagreements(states, rows))
    unknown = sum(state == "unknown" for state in states.values())
    done = sum(state == "done" for state in states.values())
    if unknown > IN_ONE_WORKER[layout]:
        problems.append(f"{unknown} unknown")
    if done + unknown != TICKETS:
        problems.append(f"{done} done and {unknown} unknown of {TICKETS}")
    if process.returncode != (3 if unknown else 0):
        problems.append(f"exit code {process.returncode}: {out[-300:]}")
    return problems, unknown > 0


def kill_the_parent(ground, dice):
    ground.fresh()
    process = ground.start(LAYOUTS["process"])
    until = time.monotonic() + PATIENCE
    while len(children(process.pid)) < 1 and process.poll() is None and time.monotonic() < until:
        time.sleep(0.002)
    time.sleep(dice.random() * 0.4)
    family = children(process.pid)
    process.kill()
    process.communicate()
    began = time.monotonic()
    while any(alive(pid) for pid in family) and time.monotonic() < began + 10:
        time.sleep(0.005)
    problems = [f"child {pid} outlived its parent" for pid in family if alive(pid)]
    problems += disagreements(ground.states() if os.path.exists(ground.db) else {}, ground.rows())
    runs = ground.query("select max(id) from run") if os.path.exists(ground.db) else [(None,)]
    if runs[0][0] is None:
        return problems, False
    finished = ground.query("select state from run order by id desc limit 1")[0][0] == "finished"
    second = ground.start(LAYOUTS["process"] + [f"--resume={runs[0][0]}"])
    out, _ = second.communicate(timeout=PATIENCE)
    if finished:
        return problems, False
    states, rows = ground.states(), ground.rows()
    unknown = [t for t, state in states.items() if state in ("unknown", "released")]
    problems += disagreements(states, rows)
    if len(unknown) > 2 * max(2 * SESSIONS, int(SESSIONS * 0.25 / 0.02)):
        problems.append(f"{len(unknown)} unknown")
    for ticket in range(TICKETS):
        if ticket not in unknown and rows[ticket] != 1:
            problems.append(f"after --resume ticket {ticket} is {rows[ticket]} times in the table ({out[-300:]})")
    return problems, bool(unknown)


def series(number, name, rounds, one):
    bad, hits = [], 0
    for i in range(rounds):
        try:
            problems, hit = one()
        except subprocess.TimeoutExpired:
            problems, hit = ["it did not end"], False
        hits += hit
        bad += [f"round {i + 1}: {p}" for p in problems]
    for line in bad[:20]:
        print("#", line)
    print(f"# {name}: {rounds} rounds, {hits} left something in doubt")
    print(f"{'not ' if bad else ''}ok {number} - kill -9 of {name}")
    sys.stdout.flush()
    return not bad


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 200 if SOAK else 15
    parent_rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 100 if SOAK else 15
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.SystemRandom().randrange(1 << 32)
    dice = random.Random(seed)
    print(f"1..{len(LAYOUTS) + 1}\n# seed {seed}")
    good = True
    with throwaway.Server() as server:
        ground = Ground(server)
        for number, layout in enumerate(LAYOUTS, 1):
            good &= series(number, f"a worker ({layout})", rounds, lambda: kill_a_worker(ground, dice, layout))
        good &= series(len(LAYOUTS) + 1, "the parent", parent_rounds, lambda: kill_the_parent(ground, dice))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
