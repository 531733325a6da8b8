#!/usr/bin/env python3
"""Verdicts on a real server: what is parallel, what only looks so, and what the text says about it.

The independent checker is asked about every run. No absolute times: ratios of one run only.
"""
import json
import os
import sqlite3
import subprocess
import sys
import tempfile

import quiet
from tap import ROOT, Tap, program
from throwaway import Bouncer, Server

FIVE = os.path.join(ROOT, "orchestrator/examples/five-sleeps.sql")
HALVES = "".join(f"-- @task h{i} readonly\nselect pg_sleep(0.5);\n" for i in range(5))
LOCKED = "".join(f"-- @task h{i}\nselect pg_advisory_xact_lock(1), pg_sleep(0.5);\n" for i in range(5))
BURN = "".join(f"-- @task b{i} readonly\nselect count(*) from generate_series(1, 2500000) g where g % 7 = 3;\n" for i in range(4))
SHORT = "-- @task t repeat=600 readonly\nselect 1;\n"
POLE = "-- @task long readonly\nselect pg_sleep(3);\n" + "".join(
    f"-- @task short{i} readonly\nselect pg_sleep(0.3);\n" for i in range(4))


class Case:
    """One run: its text, JSON and exit code; the checker's opinion is part of every check."""

    def __init__(self, tap, folder, name, env, arguments, workload=None):
        self.tap, self.name = tap, name
        db = os.path.join(folder, name.replace(" ", "-") + ".db")
        path = FIVE
        if workload:
            path = os.path.join(folder, name.replace(" ", "-") + ".sql")
            with open(path, "w") as f:
                f.write(f"-- @workload {name.replace(' ', '-')}\n" + workload)
        answer = program(["run", "--db", db, "-f", path] + arguments, env)
        self.code, self.text = answer.returncode, answer.stdout + answer.stderr
        report = program(["report", "--db", db, "-F", "json"], {})
        try:
            self.json = json.loads(report.stdout)
        except ValueError:
            self.json = {"run": {}, "attempts": []}
            self.text += report.stdout[:200] + report.stderr
        checked = subprocess.run([sys.executable, os.path.join(ROOT, "tests/pg/checker.py"), db], capture_output=True, text=True)
        tap.check(f"{name}: the independent checker agrees", checked.returncode == 0, checked.stdout + checked.stderr + self.text)

    def verdict(self, wanted):
        first = self.text.lstrip().split("\n")[0]
        self.tap.check(f"{self.name}: {wanted}", first.startswith(wanted + ":") or first.startswith(wanted + ","), self.text)

    def says(self, *words):
        missing = [w for w in words if w.lower() not in self.text.lower()]
        self.tap.check(f"{self.name}: says {', '.join(words)}", not missing, f"missing: {missing}\n{self.text}")

    def number(self, what, low, high):
        value = next((e["value"] for e in self.json.get("estimates", []) if e["name"] == what), None)
        good = value is not None and low <= value <= high
        self.tap.check(f"{self.name}: {what} in {low} .. {high}", good, f"{what} = {value}\n{self.text}")

    def results(self):
        return sorted((a["task"], a["outcome"], a["rows"]) for a in self.json["attempts"])


def five_sleeps(tap, folder, env):
    case = Case(tap, folder, "five process baseline", env, ["-e", "process", "-c", "5", "--baseline"])
    case.verdict("PARALLEL")
    case.number("speedup", 2.8, 3.05)
    case.number("ceiling", 2.9, 3.05)
    results = case.results()
    for name, arguments in (("five thread", ["-e", "thread", "-c", "5"]), ("five async", ["-e", "async", "-c", "5"]),
                            ("five process j2", ["-e", "process", "-c", "5", "-j", "2"]),
                            ("five process", ["-e", "process", "-c", "5"])):
        other = Case(tap, folder, name, env, arguments)
        other.verdict("OVERLAPPED")
        tap.check(f"{name}: the same task results", other.results() == results, f"{other.results()}\n{results}")
    serial = Case(tap, folder, "five serial", env, ["-e", "serial"])
    serial.verdict("SERIAL")
    tap.check("five serial: the same task results", serial.results() == results, serial.text)
    two = Case(tap, folder, "five on two", env, ["-e", "process", "-c", "2", "--baseline"])
    two.verdict("PARALLEL")
    two.number("ceiling", 1.95, 2.05)
    two.number("speedup", 1.6, 1.9)
    Case(tap, folder, "five on one", env, ["-e", "process", "-c", "1"]).verdict("SERIAL")


def locked(tap, folder, env):
    case = Case(tap, folder, "five halves under one lock", env, ["-c", "5", "--baseline"], LOCKED)
    case.verdict("SERIAL")
    case.says("lock")
    Case(tap, folder, "five halves free", env, ["-c", "5"], HALVES).verdict("OVERLAPPED")
    Case(tap, folder, "five halves free baseline", env, ["-c", "5", "--baseline"], HALVES).verdict("PARALLEL")


def pooled(tap, folder, server):
    with Bouncer(server, pool_size=1) as bouncer:
        case = Case(tap, folder, "five halves through one pooled connection", bouncer.env, ["-c", "5"], HALVES)
        case.verdict("SERIAL")
        case.says("backend", "pooler")
        # So short that direct sessions would time most of them on the client's clock, which cannot see the queue.
        case = Case(tap, folder, "short ones through one pooled connection", bouncer.env, ["-c", "5"], SHORT)
        case.verdict("SERIAL")
        case.says("backend", "pooler")


def burners(tap, folder):
    with Server(cpu=quiet.CPU, settings=["max_parallel_workers_per_gather=0", "jit=off"]) as server:
        for _ in range(5):
            with quiet.Watch(server) as watch:
                server.sql("select count(*) from generate_series(1, 2500000)")
            if watch.quiet:
                break
        else:
            tap.skip("four burners on one CPU", f"other programs used {100 * watch.others:.0f} % of it")
            return
        case = Case(tap, folder, "four burners on one CPU", server.socket_env, ["-c", "4", "--baseline"], BURN)
        case.verdict("OVERLAPPED, NOT FASTER")
        case.says("times as long")


def main():
    tap = Tap()
    only = sys.argv[1:]
    with Server() as server, tempfile.TemporaryDirectory() as folder:
        env = server.socket_env
        if not only or "five" in only:
            five_sleeps(tap, folder, env)
        if not only or "locked" in only:
            locked(tap, folder, env)
        if not only or "pooled" in only:
            pooled(tap, folder, server)
        if not only or "burners" in only:
            burners(tap, folder)
        if not only or "pole" in only:
            case = Case(tap, folder, "long pole", env, ["-c", "5", "--baseline"], POLE)
            case.verdict("PARALLEL")
            case.says("long")
    tap.end()


if __name__ == "__main__":
    main()
