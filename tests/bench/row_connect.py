"""Row 8: sessions made ready, a process each: how many a second, and what each worker keeps for itself.

Ours is the time from the beginning of PREFLIGHT (workers are forked while the observer connects) to the last session
ready, settings sent and marker prepared, as stored with the run; pgbench's is its own "initial connection time". 1,000
sessions are tried in every engine. Private memory is read from the living workers, where this user may.
"""
import contextlib
import os
import re
import sqlite3
import statistics
import subprocess
import tempfile
import time

from faults import children
from load import SELECT, missing, pgbench_program
from measure import Comparison, Contender, absolute, interleave, run_once
from throwaway import Server

COUNTS = (50, 200)
MOST = 1000
PRIVATE_KB = {"unix": 100, "TLS": 480}


def newest(db):
    """(ready sessions, seconds to ready, private kB of all children) of the newest run."""
    with contextlib.closing(sqlite3.connect(db)) as store:
        return store.execute("select ready_sessions, (connected_us - preflight_begin_us) / 1e6, private_kb from run"
                             " order by id desc limit 1").fetchone()


def private_kb(pid):
    """What a living process keeps for itself; 0 when that cannot be read (the program's children are not dumpable)."""
    try:
        with open(f"/proc/{pid}/smaps_rollup") as f:
            return sum(int(line.split()[1]) for line in f if line.startswith("Private_"))
    except OSError:
        return 0


def read_pgbench(text, count):
    seconds = float(re.search(r"^initial connection time = ([\d.]+) ms", text, re.M).group(1)) / 1000
    return {"ready": count, "rate": count / seconds}


class Connecting:
    def __init__(self, context, folder):
        self.context, self.db = context, os.path.join(folder, "runs.db")
        self.tasks, self.loop = os.path.join(folder, "one.sql"), os.path.join(folder, "loop.sql")
        with open(self.loop, "w") as f:
            f.write(SELECT)

    def read_ours(self, _):
        ready, seconds, private = newest(self.db)
        return {"ready": ready, "rate": ready / seconds, "private_kb": private / ready}

    def ours(self, name, count, env, engine="process"):
        file = f"{self.tasks}-{count}"
        with open(file, "w") as f:
            f.write(f"-- @task one readonly repeat={count}\n{SELECT}")
        command = [self.context.program, "run", "-q", "--db", self.db, "-e", engine, "-c", count, "-f", file]
        return Contender(name, command, env, self.read_ours)

    def private_alive(self, count, server, env):
        """Median over the workers of a run while all their sessions are at work; 0 when it cannot be read."""
        file = f"{self.tasks}-sleep-{count}"
        with open(file, "w") as f:
            f.write(f"-- @task one readonly repeat={count}\nselect pg_sleep(3);\n")
        command = [self.context.program, "run", "-q", "--db", self.db, "-e", "process", "-c", str(count), "-f", file]
        child = subprocess.Popen(command, env={**os.environ, **env}, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                 stderr=subprocess.DEVNULL)
        found = 0
        while child.poll() is None and not found:
            time.sleep(0.1)
            if server.sql("select count(*) from pg_stat_activity where query like 'select pg_sleep(3)%'") == [str(count)]:
                kb = [private_kb(pid) for pid in children(child.pid)[1:]]  # the observer is the first
                found = statistics.median(kb) if kb else 0
        child.wait()
        return found

    def pgbench(self, name, count, env):
        command = [pgbench_program(), "-n", "-f", self.loop, "-c", count, "-j", 1, "-t", 1]
        return Contender(name, command, env, lambda text: read_pgbench(text, count))


def rows(context):
    head = {"row": 8, "mode": "free", "markers": "on"}
    with Server(tls=True, settings=[f"max_connections={MOST + 100}"]) as server, \
            tempfile.TemporaryDirectory(prefix="pgparallel-bench-") as folder:
        connecting = Connecting(context, folder)
        for transport, env in (("unix", server.socket_env), ("TLS", server.tls_env)):
            yield from ready_rows(context, connecting, server, transport, env, head)
        for engine in ("process", "thread", "async"):
            line = {**head, "what": f"{MOST:,} sessions, {engine}", "peer": ""}
            figures = run_once(connecting.ours("thousand", MOST, server.socket_env, engine))
            context.say(f"{MOST} sessions, {engine}: {figures}")
            yield {**line, "unit": "ready", "ours": figures["ready"], "target": MOST,
                   "verdict": "pass" if figures["ready"] == MOST else "short", "repeats": 1,
                   "note": f"{figures['rate']:.0f} ready/s, {figures['wall']:.1f} s as a whole"}


def ready_rows(context, connecting, server, transport, env, head):
    contenders = []
    for n in COUNTS:
        contenders.append(connecting.ours(f"ours {n}", n, env))
        if not missing("pgbench"):
            contenders.append(connecting.pgbench(f"pgbench {n}", n, env))
    samples = interleave(contenders, context.repeats(8), context.seed, lambda text: context.say(f"{transport}: {text}"))
    for n in COUNTS:
        line = {**head, "what": f"ready sessions/s, {n} processes, {transport}", "peer": "pgbench -j1"}
        if missing("pgbench"):
            yield {**line, "verdict": missing("pgbench")}
        else:
            yield {**line, **Comparison(samples[f"ours {n}"], samples[f"pgbench {n}"], "rate").line(1.6, "1/s")}
        alive = [kb for _ in range(2) if (kb := connecting.private_alive(n, server, env))]
        yield {**head, "what": f"private memory a worker, {n} processes, {transport}", "peer": "",
               **absolute(alive or [s["private_kb"] for s in samples[f"ours {n}"]], PRIVATE_KB[transport], "kB"),
               "note": "at work" if alive else "at its end, the observer's share included"}
