#!/usr/bin/env python3
"""A long load run: memory, descriptors and processes of the program while it goes on, and its totals at the end.

soak_load.py [--program FILE] [--minutes 15] [--sessions 200] [--engine process --engine async] [--csv FILE]: every
session adds 1 to a row of its own in a counter table, for so long. Twice a second resident memory, descriptors and
threads of the parent and of each worker are read from /proc. Afterwards:

- memory: from minute 2 on the parent, all workers together and the worker that grew most grow by less than 1 MB an hour, by
  the slope of a straight line through the samples of resident memory. In the first minutes the rings and histograms in
  shared memory (10 MB and a little, sized once) are touched for the first time and the results file's cache fills, so of runs
  under 5 minutes only private memory is judged: workers as good as none, the parent that cache;
- descriptors, threads and processes are the same at the end as at that minute, and none is left afterwards;
- totals: done = what the counter table says, nothing failed, nothing unknown; nothing of ours is left on the server.

Exits 1 when one of these does not hold. make soak runs it for 15 minutes for each engine.
"""
import argparse
import contextlib
import csv
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../pg"))
from faults import children  # noqa: E402 (it needs the path above)
from tap import PROGRAM  # noqa: E402
from throwaway import Server  # noqa: E402

LONG_S, MOST_KB_AN_HOUR = 300, 1024
SHORT_MOST_KB = {"parent": 4096, "all workers": 256, "worker that grew most": 256}
SCRIPT = "update counter set n = n + 1 where session = :client_id;\n"


def descriptors(pid):
    """How many; None where only root may look (the program keeps others out of its memory and so of this, too)."""
    try:
        return len(os.listdir(f"/proc/{pid}/fd"))
    except PermissionError:
        return None


def look(pid):
    """(resident kB, of it private kB, descriptors, threads), None when it is gone."""
    try:
        with open(f"/proc/{pid}/status") as f:
            kb = dict(line.split()[:2] for line in f if line.startswith(("VmRSS:", "RssAnon:")))
        if not kb:  # a zombie
            return None
        return int(kb["VmRSS:"]), int(kb["RssAnon:"]), descriptors(pid), len(os.listdir(f"/proc/{pid}/task"))
    except OSError:
        return None


class Watch:
    """Samples of one run: seconds since the first, and what each process of it had."""

    def __init__(self, parent):
        self.parent, self.samples, self.begin = parent, [], time.monotonic()

    def sample(self):
        pids = [self.parent] + children(self.parent)
        seen = {pid: figures for pid in pids if (figures := look(pid))}
        if self.parent in seen:
            self.samples.append((time.monotonic() - self.begin, seen))

    def settled(self, seconds):
        """The samples between settling down and ending."""
        first = min(120, seconds / 7)
        return [s for s in self.samples if first <= s[0] <= seconds - 1]


def slope(points):
    """kB an hour of the straight line through (seconds, kB)."""
    x, y = zip(*points)
    mx, my = statistics.fmean(x), statistics.fmean(y)
    spread = sum((a - mx) ** 2 for a in x)
    return sum((a - mx) * (b - my) for a, b in points) / spread * 3600 if spread else 0.0


def growth(points):
    return statistics.median(p[1] for p in points[-5:]) - statistics.median(p[1] for p in points[:5])


def series(watch, settled, which):
    """(name, (seconds, kB) of the settled samples): parent, all workers, and the worker that grew most."""
    workers = [pid for pid in settled[0][1] if pid != watch.parent]
    each = {pid: [(at, seen[pid][which]) for at, seen in settled if pid in seen] for pid in workers}
    yield "parent", [(at, seen[watch.parent][which]) for at, seen in settled]
    yield "all workers", [(at, sum(seen[pid][which] for pid in workers if pid in seen)) for at, seen in settled]
    yield "worker that grew most", max(each.values(), key=growth)


def judge_memory(watch, settled, wrong):
    told, long = [], settled[-1][0] - settled[0][0] >= LONG_S
    for name, points in series(watch, settled, 0 if long else 1):
        kb = growth(points)
        text = f"{name} {points[0][1]:.0f} kB {kb:+.0f} kB" + (f" ({slope(points):+.0f} kB/h)" if long else " (private)")
        told.append(text)
        if slope(points) >= MOST_KB_AN_HOUR if long else kb >= SHORT_MOST_KB[name]:
            wrong.append(f"memory grows: {text}")
    return "; ".join(told)


def judge_handles(settled, wrong):
    first, last = settled[0][1], settled[-1][1]
    if set(first) != set(last):
        wrong.append(f"processes came or went: {len(set(last) - set(first))} new, {len(set(first) - set(last))} gone")
    for pid in set(first) & set(last):
        if first[pid][2:] != last[pid][2:]:
            wrong.append(f"process {pid}: descriptors and threads were {first[pid][2:]} and became {last[pid][2:]}")


def judge_totals(server, db, before, code, errors, wrong):
    with contextlib.closing(sqlite3.connect(db)) as store:
        row = store.execute("select done, failed, unknown, aborted from load order by run desc limit 1").fetchone()
    counted = int(server.sql("select sum(n) from counter")[0]) - before
    if code != 0 or row is None or row[1:] != (0, 0, 0) or row[0] != counted or counted == 0:
        wrong.append(f"totals: exit {code}, done, failed, unknown, aborted are {row}, the table counted {counted}: {errors[-500:]}")
    left = server.sql("select count(*) from pg_stat_activity where application_name like 'pgparallel%'")
    if left != ["0"]:
        wrong.append(f"{left[0]} sessions are left on the server")
    return counted


def soak(program, server, engine, sessions, seconds, folder):
    """One run; (what there is to tell, what is wrong, its samples)."""
    db, script, wrong = f"{folder}/{engine}.db", f"{folder}/{engine}.sql", []
    with open(script, "w") as f:
        f.write(SCRIPT)
    before = int(server.sql("select sum(n) from counter")[0])
    errors = open(f"{folder}/{engine}.err", "w+")
    child = subprocess.Popen([program, "run", "-q", "--db", db, "-n", "-f", script, "-e", engine, "-c", str(sessions), "-M", "prepared",
                              "-T", str(seconds)], env={**os.environ, **server.socket_env}, stdin=subprocess.DEVNULL,
                             stdout=subprocess.DEVNULL, stderr=errors)
    watch, pids = Watch(child.pid), set()
    while child.poll() is None:
        watch.sample()
        time.sleep(0.5)
    for _, seen in watch.samples:
        pids.update(seen)
    errors.seek(0)
    settled = watch.settled(seconds)
    if len(settled) < 5:
        return "", [f"the run ended after {len(watch.samples)} looks: exit {child.returncode}: {errors.read()[-2000:]}"], watch
    told = judge_memory(watch, settled, wrong)
    judge_handles(settled, wrong)
    counted = judge_totals(server, db, before, child.returncode, errors.read(), wrong)
    alive = [pid for pid in pids if os.path.exists(f"/proc/{pid}")]
    if alive:
        wrong.append(f"{len(alive)} processes are left: {alive[:5]}")
    return f"{engine}, {sessions} sessions, {seconds} s: {counted} transactions; {len(settled[-1][1])} processes; {told}", wrong, watch


def counters(server, sessions):
    """Rows of their own pages, so that updates in place last for hours."""
    server.sql("create table counter (session int primary key, n bigint not null) with (fillfactor = 10)")
    server.sql(f"insert into counter select i, 0 from generate_series(0, {sessions - 1}) i")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=PROGRAM)
    parser.add_argument("--minutes", type=float, default=15)
    parser.add_argument("--sessions", type=int, default=200)
    parser.add_argument("--engine", action="append", choices=["process", "thread", "async"])
    parser.add_argument("--csv", help="samples: engine, seconds, pid, resident kB, descriptors, threads")
    arguments = parser.parse_args()
    failed, rows = False, []
    with Server([f"max_connections={arguments.sessions + 50}", "autovacuum=on"]) as server, tempfile.TemporaryDirectory() as folder:
        counters(server, arguments.sessions)
        for engine in arguments.engine or ["process", "async"]:
            told, wrong, watch = soak(arguments.program, server, engine, arguments.sessions, int(arguments.minutes * 60), folder)
            print(told, flush=True)
            for text in wrong:
                print(f"wrong: {engine}: {text}", flush=True)
            failed = failed or bool(wrong)
            rows += [(engine, f"{at:.1f}", pid, int(f[0]), *f[1:]) for at, seen in watch.samples for pid, f in seen.items()]
    if arguments.csv:
        with open(arguments.csv, "w", newline="") as f:
            csv.writer(f, lineterminator="\n").writerows([("engine", "seconds", "pid", "rss_kb", "descriptors", "threads"), *rows])
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
