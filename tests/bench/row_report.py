"""Row 10: the HTML report of a run of 100,000 attempts: time of the whole command, and its size."""
import os
import tempfile

from measure import Contender, absolute, interleave, run_once
from throwaway import Server

TASKS, MOST_S, MOST_BYTES = 100000, 0.2, 1.6e6


def rows(context):
    with tempfile.TemporaryDirectory(prefix="pgparallel-bench-") as folder:
        file, db, page = (os.path.join(folder, name) for name in ("tasks.sql", "runs.db", "run.html"))
        with open(file, "w") as f:
            f.write(f"-- @task one readonly repeat={TASKS}\nselect 1;\n")
        with Server() as server:
            run_once(Contender("run", [context.program, "run", "-q", "--db", db, "-c", 4, "-f", file], server.socket_env))
        report = Contender("report", [context.program, "report", "--db", db, "-F", "html", "-o", page],
                           read=lambda _: {"bytes": os.path.getsize(page)})
        samples = interleave([report], context.repeats(6), context.seed, context.say)["report"]
    head = {"row": 10, "peer": "", "mode": "free", "markers": "on (sampled)"}
    yield {**head, "what": f"report of {TASKS:,} attempts, time", **absolute([s["wall"] for s in samples], MOST_S, "s")}
    yield {**head, "what": f"report of {TASKS:,} attempts, size",
           **absolute([s["bytes"] / 1e6 for s in samples], MOST_BYTES / 1e6, "MB")}
