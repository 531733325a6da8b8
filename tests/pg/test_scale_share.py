#!/usr/bin/env python3
"""A workload with a known serial share: does `pgparallel scale` recover it?

Amdahl's law is about work during which nothing else goes on. A lock that is held for a fifth of each task is not yet
that: while one task holds it the others do their free part, and with equal tasks hardly anybody waits until there are
five sessions. So the free part holds the lock shared and the serial part holds it alone, and the server hands it out in
turn: all sessions do their free part together, then one after another their serial part, and n sessions take
(0.8 / n + 0.2) of the time of one, exactly, for every n that divides the number of tasks. The free part is four sleeps
and the serial one a fifth, so that what a sleep takes longer than asked falls upon both alike.

Runs are made uneven on purpose: each sleeps its own factor from 0.9 to 1.1, the same for all of its tasks, which leaves
the share alone and gives the interval something to be an interval of. SOAK=1: ten series, of which at least eight must
hold the share; else one small series whose numbers are added up again from the results file."""
import collections
import math
import os
import re
import sqlite3
import sys
import tempfile

from tap import SOAK, Tap, program
from throwaway import Server

sys.dont_write_bytecode = True
SHARE = 0.2
WORKLOAD = """-- @workload serial-share
-- @setup
drop table if exists pace;
create table pace as select {unit} * (0.9 + 0.2 * random()) as s;
-- @task part repeat={tasks} readonly
select pg_advisory_lock_shared(7);
select pg_sleep(s), pg_sleep(s), pg_sleep(s), pg_sleep(s) from pace;
select pg_advisory_unlock_shared(7);
select pg_advisory_lock(7);
select pg_sleep(s) from pace;
select pg_advisory_unlock(7);
"""


def series(server, folder, name, unit, tasks, sizes, blocks, seed):
    """One series: what was printed, and the results file."""
    path, db = os.path.join(folder, name + ".sql"), os.path.join(folder, name + ".db")
    with open(path, "w", encoding="utf-8") as f:
        f.write(WORKLOAD.format(unit=unit, tasks=tasks))
    done = program(["scale", "-f", path, "--db=" + db, "--clients=" + ",".join(map(str, sizes)), f"--repeat={blocks}",
                    f"--random-seed={seed}", "--color=never"], server.socket_env, timeout=3000)
    return done, db


def share(text):
    """(value, low, high) of the line on Amdahl's law, None when it has none."""
    found = re.search(r"serial share ([\d.e-]+) % \[([\d.e-]+), ([\d.e-]+)\]", " ".join(text.split()))
    return tuple(float(x) / 100 for x in found.groups()) if found else None


def rows(db):
    with sqlite3.connect(db) as file:
        return file.execute("SELECT block, block_order, sessions, last_end_us - go_us FROM run WHERE arm IS NOT NULL "
                            "ORDER BY block, block_order").fetchall()


def order(db):
    return [(block, sessions) for block, _, sessions, _ in rows(db)]


def speedups(db):
    """Geometric means over the blocks, added up again."""
    spans = {(block, sessions): us for block, _, sessions, us in rows(db)}
    logs = collections.defaultdict(list)
    for (block, sessions), us in spans.items():
        logs[sessions].append(math.log(spans[block, 1] / us))
    return {sessions: math.exp(sum(x) / len(x)) for sessions, x in logs.items()}


def short(tap, server, folder):
    done, db = series(server, folder, "short", 0.004, 8, (2, 4), 3, 11)
    tap.check("the series ends well", done.returncode == 0, done.stdout + done.stderr)
    blocks = collections.Counter((block, sessions) for block, _, sessions, _ in rows(db))
    tap.check("every block has every number of sessions once, one among them",
              blocks == {(b, n): 1 for b in range(3) for n in (1, 2, 4)}, blocks)
    wrong = [f"{n}: {x}" for n, x in speedups(db).items() if n > 1
             and not re.search(rf"^ +{n} .* {re.escape(format(x, '.2f'))}x \(", done.stdout, re.M)]
    tap.check("speed-ups are the geometric means of the blocks'", not wrong, "\n".join(wrong) + done.stdout)
    told = share(done.stdout)
    tap.check("the serial share lies in its interval, or why there is none is said",
              told[1] <= told[0] <= told[2] if told else "Amdahl's law is not fitted: " in done.stdout, done.stdout)
    again, other = series(server, folder, "again", 0.001, 4, (2, 4), 3, 11)
    tap.check("the same seed gives the same order", again.returncode == 0 and order(db) == order(other),
              f"{again.stderr}{order(db)} {order(other)}")


def long(tap, server, folder):
    held = 0
    for i in range(10):
        done, _ = series(server, folder, f"series-{i}", 0.1, 8, (1, 2, 4, 8), 6, 100 + i)
        told = share(done.stdout)
        good = told is not None and told[1] <= SHARE <= told[2]
        held += good
        tap.note(f"series {i}: {'no fit' if told is None else '%.1f %% [%.1f, %.1f]' % tuple(100 * x for x in told)}"
                 f"{'' if good else ', which misses it'}")
    tap.check(f"at least 8 of 10 intervals hold the serial share of {100 * SHARE:.0f} %", held >= 8, f"{held} of 10")


def main():
    tap = Tap()
    with tempfile.TemporaryDirectory() as folder, Server() as server:
        (long if SOAK else short)(tap, server, folder)
    tap.end()


if __name__ == "__main__":
    main()
