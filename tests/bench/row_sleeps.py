"""Rows 1 and 2: the five sleeps on five sessions as a whole command, recording on: overhead above 3.0 s, and client CPU."""
import os
import shutil
import subprocess
import tempfile

import measure
from throwaway import Server

LONGEST_S = 3.0
# (peer, transport) -> target ratio of the overhead above the longest sleep
OVERHEAD_TARGETS = {("sqlalchemy", "unix"): 10, ("sqlalchemy", "tls"): 6, ("asyncpg", "unix"): 4, ("asyncpg", "tls"): 3.5,
                    ("xargs psql", "unix"): 3, ("xargs psql", "tls"): 2.5}
CPU_TARGETS = {("sqlalchemy", "unix"): 15, ("sqlalchemy", "tls"): 6}


def python_with(module):
    """A Python that has the module (Debian's packages serve Debian's Python only), None when there is none."""
    for python in ("/usr/bin/python3", shutil.which("python3")):
        if python and subprocess.run([python, "-c", f"import {module}"], capture_output=True).returncode == 0:
            return python
    return None


def peers(here):
    """name -> command, and the reasons of those that are missing."""
    found, skipped = {}, {}
    for name, module, script in (("sqlalchemy", "sqlalchemy, psycopg2", "sqlalchemy_threads.py"),
                                 ("asyncpg", "asyncpg", "asyncpg_tasks.py")):
        python = python_with(module)
        if python:
            found[name] = [python, os.path.join(here, "peers", script)]
        else:
            skipped[name] = f"no Python with {module}: make bench-deps"
    if shutil.which("psql") and shutil.which("xargs"):
        found["xargs psql"] = [os.path.join(here, "peers", "xargs_psql.sh")]
    else:
        skipped["xargs psql"] = "no psql or no xargs"
    return found, skipped


def rows(context):
    """Yields dictionaries of the result table."""
    found, skipped = peers(context.here)
    with Server(tls=True) as server, tempfile.TemporaryDirectory(prefix="pgparallel-bench-db-") as folder:
        for transport, env in (("unix", server.socket_env), ("tls", server.tls_env)):
            ours = [context.program, "run", "-q", "--db", os.path.join(folder, transport + ".db"), "-e", "process", "-c", "5",
                    "-f", os.path.join(context.root, "orchestrator/examples/five-sleeps.sql")]
            contenders = [measure.Contender("pgparallel", ours, env)]
            contenders += [measure.Contender(name, command, env) for name, command in found.items()]
            samples = measure.interleave(contenders, context.repeats(8), context.seed,
                                         lambda text, t=transport: context.say(f"{t}: {text}"))
            yield from table(samples, transport, skipped)


def table(samples, transport, skipped):
    for what, number, targets, figure, less in (("overhead above 3.0 s", 1, OVERHEAD_TARGETS, "wall", LONGEST_S),
                                                ("client CPU", 2, CPU_TARGETS, "cpu", 0.0)):
        for (peer, where), target in targets.items():
            if where != transport:
                continue
            line = {"row": number, "what": f"five sleeps, {what}, {transport}", "peer": peer, "mode": "free", "markers": "on"}
            if peer in skipped:
                yield {**line, "target": target, "verdict": "skipped: " + skipped[peer]}
                continue
            compared = measure.Comparison(samples["pgparallel"], samples[peer], figure, less_is_better=True, less=less)
            yield {**line, **compared.line(target, "ms", 1000)}
