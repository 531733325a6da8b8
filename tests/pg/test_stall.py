#!/usr/bin/env python3
"""A server that stalls during a run with a schedule (-R): every backend is stopped (SIGSTOP) for a while and goes on.

Transactions that were due in the stall are done right after it: one that was due x after its beginning has a latency of
D - x from its schedule, so of N transactions at a rate R the p99 from schedule is D - k/R with k = N/100, give or take
sqrt(k)/R. The server itself served each quickly but for the one in flight per session: the p99 of the service time knows
nothing of the stall, and the means differ by R * D * D / 2 / N. Held against pgbench, which runs beside it on the same
server. SOAK=1: the 2 s of the long form.
"""
import glob
import math
import os
import signal
import sqlite3
import subprocess
import tempfile
import time

from faults import until
from tap import PROGRAM, SOAK, Tap
from throwaway import Server, find_bindir

SECONDS, STALL = (20, 2.0) if SOAK else (5, 1.0)
RATE, SESSIONS = 400, 4
SLACK = 0.5  # the work that piled up, on a loaded machine


def start(command, env, folder):
    clean = {k: v for k, v in os.environ.items() if not k.startswith("PG")}
    return subprocess.Popen([str(word) for word in command], env={**clean, **env}, cwd=folder, stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def backends(server, application):
    return [int(pid) for pid in server.sql("select pid from pg_stat_activity where query like '%stall_here%' and pid <>"
                                           f" pg_backend_pid() and application_name like '{application}%'")]


def stall(server, programs):
    """Stops every session's backend; how long the stall was, seconds, and how many were stopped."""
    found = []

    def all_there():
        found[:] = [pid for name in programs for pid in backends(server, name)]
        return len(found) == SESSIONS * len(programs)

    until(all_there)
    time.sleep(SECONDS / 4)  # undisturbed to begin with
    begin = time.monotonic()
    try:
        for pid in found:
            os.kill(pid, signal.SIGSTOP)
        time.sleep(STALL)
    finally:
        for pid in found:
            os.kill(pid, signal.SIGCONT)
    return time.monotonic() - begin, len(found)


def percentile(values, p):
    return sorted(values)[max(0, math.ceil(len(values) * p / 100) - 1)]


def figures_of_pgbench(folder):
    """Times in s from its log: time (from schedule) and schedule lag are the third and the last column."""
    rows = [line.split() for path in glob.glob(folder + "/pgbench_log.*") for line in open(path)]
    schedule = [int(row[2]) / 1e6 for row in rows]
    service = [(int(row[2]) - int(row[6])) / 1e6 for row in rows]
    return {"count": len(rows), "schedule_p99": percentile(schedule, 99), "service_p99": percentile(service, 99),
            "schedule_max": max(schedule), "service_max": max(service),
            "schedule_mean": sum(schedule) / len(rows), "service_mean": sum(service) / len(rows)}


def figures_of_ours(db):
    names = [f"{what}_{which}" for what in ("schedule", "service") for which in ("p99", "max", "mean")]
    with sqlite3.connect(db) as store:
        row = store.execute("select done, " + ", ".join(name + "_us" for name in names) + " from load_script").fetchone()
    return {"count": row[0], **{name: (value or 0) / 1e6 for name, value in zip(names, row[1:])}}


def judge(tap, who, f, length):
    k = f["count"] / 100
    expected, doubt = length - k / RATE, 5 * math.sqrt(k) / RATE
    tap.note(f"{who}: {f['count']} transactions, stalled for {length:.3f} s: p99 from schedule {f['schedule_p99']:.3f} s, expected "
             f"{expected:.3f} +- {doubt:.3f}; service {f['service_p99']:.4f} s; mean {f['schedule_mean']:.4f} and {f['service_mean']:.4f} s")
    tap.check(f"{who}: p99 from schedule is what the stall makes it",
              expected - doubt <= f["schedule_p99"] <= expected + doubt + SLACK, f)
    tap.check(f"{who}: p99 of the service time does not see it", f["service_p99"] < length / 4, f)
    # All that was due in the stall waited for half of it on average.
    waited = RATE * length * length / 2 / f["count"]
    noise = 5 / math.sqrt(RATE * length)
    low, high = waited * (1 - noise) - f["service_max"] * SESSIONS / f["count"], waited * (1 + noise) + SLACK / 4
    tap.check(f"{who}: the means differ by what was waited", low <= f["schedule_mean"] - f["service_mean"] <= high, (f, low, high))
    tap.check(f"{who}: one transaction a session was in flight", length - 10 * SESSIONS / RATE <= f["service_max"] <= length + SLACK, f)
    return doubt


def main():
    tap = Tap()
    with Server() as server, tempfile.TemporaryDirectory() as folder:
        with open(folder + "/stall.sql", "w") as f:
            f.write("select 1 as stall_here;\n")
        words = ["-n", "-f", "stall.sql", "-c", SESSIONS, "-j", 2, "-T", SECONDS, "-R", RATE]
        commands = {"pgparallel": [PROGRAM, "run", "--db", "runs.db", *words]}
        if os.path.exists(find_bindir() + "/pgbench"):
            commands["pgbench"] = [find_bindir() + "/pgbench", "-l", *words]
        running = {name: start(command, server.socket_env, folder) for name, command in commands.items()}
        length, stopped = stall(server, commands)
        told = {name: child.communicate(timeout=60 + SECONDS)[0] for name, child in running.items()}
        codes = [child.returncode for child in running.values()]
        if not tap.check("every session was stopped and its run went on", not any(codes) and stopped == SESSIONS * len(commands),
                         (codes, stopped, told)):
            tap.end()
        mine = figures_of_ours(folder + "/runs.db")
        doubt = judge(tap, "pgparallel", mine, length)
        if "pgbench" not in commands:
            tap.skip("pgbench in the same stall", "pgbench is not installed")
            tap.end()
        theirs = figures_of_pgbench(folder)
        judge(tap, "pgbench", theirs, length)
        tap.check("both saw the same", abs(mine["schedule_p99"] - theirs["schedule_p99"]) <= 2 * doubt + SLACK, (mine, theirs))
    tap.end()


if __name__ == "__main__":
    main()
