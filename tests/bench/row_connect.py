"""Row 8: sessions made ready, a process each: how many a second, and what each worker keeps for itself.

Ours is the time from the beginning of PREFLIGHT (workers are forked while the observer connects) to the last session
ready, settings sent and marker prepared, as stored with the run; pgbench's is its own "initial connection time". 1,000
sessions are tried in every engine.
"""
import contextlib
import os
import re
import sqlite3
import tempfile

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

    def pgbench(self, name, count, env):
        command = [pgbench_program(), "-n", "-f", self.loop, "-c", count, "-j", 1, "-t", 1]
        return Contender(name, command, env, lambda text: read_pgbench(text, count))


def rows(context):
    head = {"row": 8, "mode": "free", "markers": "on"}
    with Server(tls=True, settings=[f"max_connections={MOST + 100}"]) as server, \
            tempfile.TemporaryDirectory(prefix="pgparallel-bench-") as folder:
        connecting = Connecting(context, folder)
        for transport, env in (("unix", server.socket_env), ("TLS", server.tls_env)):
            yield from ready_rows(context, connecting, transport, env, head)
        for engine in ("process", "thread", "async"):
            line = {**head, "what": f"{MOST:,} sessions, {engine}", "peer": ""}
            figures = run_once(connecting.ours("thousand", MOST, server.socket_env, engine))
            context.say(f"{MOST} sessions, {engine}: {figures}")
            yield {**line, "unit": "ready", "ours": figures["ready"], "target": MOST,
                   "verdict": "pass" if figures["ready"] == MOST else "short", "repeats": 1,
                   "note": f"{figures['rate']:.0f} ready/s, {figures['wall']:.1f} s as a whole"}


def ready_rows(context, connecting, transport, env, head):
    contenders = []
    for n in COUNTS:
        contenders.append(connecting.ours(f"ours {n}", n, env))
        if not missing("pgbench"):
            contenders.append(connecting.pgbench(f"pgbench {n}", n, env))
    samples = interleave(contenders, context.repeats(6), context.seed, lambda text: context.say(f"{transport}: {text}"))
    for n in COUNTS:
        line = {**head, "what": f"ready sessions/s, {n} processes, {transport}", "peer": "pgbench -j1"}
        if missing("pgbench"):
            yield {**line, "verdict": missing("pgbench")}
        else:
            yield {**line, **Comparison(samples[f"ours {n}"], samples[f"pgbench {n}"], "rate").line(1.6, "1/s")}
        yield {**head, "what": f"private memory a session, {n} processes, {transport}", "peer": "",
               **absolute([s["private_kb"] for s in samples[f"ours {n}"]], PRIVATE_KB[transport], "kB")}
