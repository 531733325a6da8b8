"""Row 7b: 100,000 tasks of `select 1` on 4 lanes through the real program, results stored; the peers store nothing.

Markers are on (the program samples them by itself when tasks are this short). Slow peers do a tenth; a pool that is to
spread its start over all of them stands beside, as does the program with tasks that are `readonly`, which costs the
server a statement more and the peers do not ask for; both without a target.
"""
import os
import tempfile

import row_sleeps
from measure import Comparison, Contender, interleave
from throwaway import Server

TASKS = 100000
# peer -> (tasks, target): ahead of all of them
PEERS = {"multiprocessing.Pool": ("pool", TASKS // 10, 1), "ThreadPoolExecutor": ("threads", TASKS // 10, 1),
         "Pool, all tasks": ("pool", TASKS, "")}
OURS = {"pgparallel": ("tasks", ""), "pgparallel, readonly": ("readonly tasks", "readonly ")}


def rows(context):
    python = row_sleeps.python_with("psycopg2")
    with Server() as server, tempfile.TemporaryDirectory(prefix="pgparallel-bench-") as folder:
        contenders = []
        for name, (_, word) in OURS.items():
            file = os.path.join(folder, name + ".sql")
            with open(file, "w") as f:
                f.write(f"-- @task one {word}repeat={TASKS}\nselect 1;\n")
            ours = [context.program, "run", "-q", "--db", os.path.join(folder, "runs.db"), "-e", "process", "-c", "4", "-f", file]
            contenders.append(Contender(name, ours, server.socket_env))
        if python:
            contenders += [Contender(name, [python, context.peer("select_tasks.py"), how, tasks], server.socket_env)
                           for name, (how, tasks, _) in PEERS.items()]
        samples = interleave(contenders, context.repeats(8), context.seed, context.say)
    for name, figures in samples.items():
        tasks = TASKS if name in OURS else PEERS[name][1]
        for one in figures:
            one["rate"], one["cpu_us"] = tasks / one["wall"], one["cpu"] / tasks * 1e6
    for ours, (what, _) in OURS.items():
        for name, (_, _, target) in PEERS.items():
            if ours != "pgparallel" and name != "multiprocessing.Pool":
                continue
            line = {"row": 7, "peer": name, "mode": "free", "markers": "on (sampled)"}
            if not python:
                yield {**line, "what": f"b: {what}", "verdict": "skipped: no Python with psycopg2: make bench-deps"}
                continue
            yield {**line, "what": f"b: {TASKS:,} {what}/s, stored",
                   **Comparison(samples[ours], samples[name], "rate").line(target if ours == "pgparallel" else "", "1/s")}
            yield {**line, "what": f"b: client CPU, {what}",
                   **Comparison(samples[ours], samples[name], "cpu_us", less_is_better=True).line("", "us")}
