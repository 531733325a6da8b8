"""Rows 3 and 4: `select 1` prepared as fast as it goes, server and client on one CPU; recording on, no markers."""
import os
import tempfile

from load import Load, missing
from measure import Comparison, interleave
from throwaway import Server

MODE, MARKERS, CPU = "one CPU", "off (load run)", min(os.sched_getaffinity(0))


def measured(context, contenders):
    """contenders: what a Load makes of itself. Server and client on the same CPU."""
    with Server(cpu=CPU) as server, tempfile.TemporaryDirectory(prefix="pgparallel-bench-") as folder:
        return interleave(contenders(Load(context, server, folder, CPU)), context.repeats(8), context.seed, context.say)


def rows_shared(context):
    head = {"row": 3, "peer": "pgbench -j1", "mode": MODE, "markers": MARKERS}
    if missing("pgbench"):
        yield {**head, "what": "select 1", "verdict": missing("pgbench")}
        return
    samples = measured(context, lambda load: [c for n in (16, 64) for c in (
        load.ours(f"ours {n}", n, 2), load.pgbench(f"pgbench {n}", n, 1))])
    for n, rate, cpu in ((16, 1.02, 0.9), (64, 1.1, "")):
        ours, theirs = samples[f"ours {n}"], samples[f"pgbench {n}"]
        yield {**head, "what": f"queries/s, {n} sessions, process -j 2", **Comparison(ours, theirs, "rate").line(rate, "1/s")}
        # At most 0.9 times the CPU is at least 1/0.9 times less.
        yield {**head, "what": f"client CPU a query, {n} sessions, process -j 2",
               **Comparison(ours, theirs, "cpu_us", less_is_better=True).line(round(1 / cpu, 3) if cpu else "", "us")}


def rows_alone(context):
    head = {"row": 4, "mode": MODE, "markers": MARKERS}
    peer = missing("pgbench")

    def contenders(load):
        yield load.ours("process 1", 1, 1)
        if not peer:
            yield load.pgbench("pgbench 1", 1, 1)
        for n in (4, 16, 64):
            yield load.ours(f"process {n}", n, n)
            yield load.ours(f"thread {n}", n, n, "thread")

    samples = measured(context, lambda load: list(contenders(load)))
    line = {**head, "what": "queries/s, 1 session", "peer": "pgbench -j1"}
    if peer:
        yield {**line, "verdict": peer}
    else:
        yield {**line, **Comparison(samples["process 1"], samples["pgbench 1"], "rate").line(1.05, "1/s")}
    for n in (4, 16, 64):
        yield {**head, "what": f"queries/s, {n} processes of one session", "peer": "our threads",
               **Comparison(samples[f"process {n}"], samples[f"thread {n}"], "rate").line(0.9, "1/s")}
