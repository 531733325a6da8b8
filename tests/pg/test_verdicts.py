#!/usr/bin/env python3
"""Verdicts on a real server: what is parallel, what only looks so, and what the text says about it.

The independent checker is asked about every run. No absolute times: ratios of one run only.
"""
import json
import os
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
    """One run: its text, JSON and exit code, and what is wanted of it. The checker's opinion is part of every check.

    What is measured is wrong where another program had the CPU: a few tries, of which the checker must agree with each.
    """

    def __init__(self, tap, folder, name, env, arguments, verdict, workload=None, says=(), numbers=()):
        self.name, self.env, self.arguments = name, env, arguments
        self.db, self.path = os.path.join(folder, name.replace(" ", "-") + ".db"), FIVE
        self.verdict, self.says, self.numbers = verdict, says, numbers
        if workload:
            self.path = os.path.join(folder, name.replace(" ", "-") + ".sql")
            with open(self.path, "w") as f:
                f.write(f"-- @workload {name.replace(' ', '-')}\n" + workload)
        for _ in range(6):
            self.run()
            checks = list(self.checks())
            if self.checked.returncode != 0 or all(good for _, good, _ in checks):
                break
        tap.check(f"{name}: the independent checker agrees", self.checked.returncode == 0,
                  self.checked.stdout + self.checked.stderr + self.text)
        for what, good, detail in checks:
            tap.check(f"{name}: {what}", good, f"{detail}\n{self.text}")

    def run(self):
        answer = program(["run", "--db", self.db, "-f", self.path] + self.arguments, self.env)
        self.text = answer.stdout + answer.stderr
        report = program(["report", "--db", self.db, "-F", "json"], {})
        try:
            self.json = json.loads(report.stdout)
        except ValueError:
            self.json = {"run": {}, "attempts": []}
            self.text += report.stdout[:200] + report.stderr
        self.checked = subprocess.run([sys.executable, os.path.join(ROOT, "tests/pg/checker.py"), self.db],
                                      capture_output=True, text=True)

    def checks(self):
        """(what, whether it is so, detail) of everything that is wanted."""
        first = self.text.lstrip().split("\n")[0]
        yield self.verdict, first.startswith((self.verdict + ":", self.verdict + ",")), ""
        if self.says:
            missing = [w for w in self.says if w.lower() not in self.text.lower()]
            yield f"says {', '.join(self.says)}", not missing, f"missing: {missing}"
        for what, low, high in self.numbers:
            value = next((e["value"] for e in self.json.get("estimates", []) if e["name"] == what), None)
            yield f"{what} in {low} .. {high}", value is not None and low <= value <= high, f"{what} = {value}"

    def results(self):
        return sorted((a["task"], a["outcome"], a["rows"]) for a in self.json["attempts"])


def five_sleeps(tap, folder, env):
    case = Case(tap, folder, "five process baseline", env, ["-e", "process", "-c", "5", "--baseline"], "PARALLEL",
                numbers=[("speedup", 2.8, 3.05), ("ceiling", 2.9, 3.05)])
    results = case.results()
    for name, arguments in (("five thread", ["-e", "thread", "-c", "5"]), ("five async", ["-e", "async", "-c", "5"]),
                            ("five process j2", ["-e", "process", "-c", "5", "-j", "2"]),
                            ("five process", ["-e", "process", "-c", "5"])):
        other = Case(tap, folder, name, env, arguments, "OVERLAPPED")
        tap.check(f"{name}: the same task results", other.results() == results, f"{other.results()}\n{results}")
    serial = Case(tap, folder, "five serial", env, ["-e", "serial"], "SERIAL")
    tap.check("five serial: the same task results", serial.results() == results, serial.text)
    Case(tap, folder, "five on two", env, ["-e", "process", "-c", "2", "--baseline"], "PARALLEL",
         numbers=[("ceiling", 1.95, 2.05), ("speedup", 1.6, 1.9)])
    Case(tap, folder, "five on one", env, ["-e", "process", "-c", "1"], "SERIAL")


def locked(tap, folder, env):
    Case(tap, folder, "five halves under one lock", env, ["-c", "5", "--baseline"], "SERIAL", LOCKED, says=["lock"])
    Case(tap, folder, "five halves free", env, ["-c", "5"], "OVERLAPPED", HALVES)
    Case(tap, folder, "five halves free baseline", env, ["-c", "5", "--baseline"], "PARALLEL", HALVES)


def pooled(tap, folder, server):
    with Bouncer(server, pool_size=1) as bouncer:
        Case(tap, folder, "five halves through one pooled connection", bouncer.env, ["-c", "5"], "SERIAL", HALVES,
             says=["backend", "pooler"])
        # So short that direct sessions would time most of them on the client's clock, which cannot see the queue.
        Case(tap, folder, "short ones through one pooled connection", bouncer.env, ["-c", "5"], "SERIAL", SHORT,
             says=["backend", "pooler"])


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
        Case(tap, folder, "four burners on one CPU", server.socket_env, ["-c", "4", "--baseline"],
             "OVERLAPPED, NOT FASTER", BURN, says=["times as long"])


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
            Case(tap, folder, "long pole", env, ["-c", "5", "--baseline"], "PARALLEL", POLE, says=["long"])
    tap.end()


if __name__ == "__main__":
    main()
