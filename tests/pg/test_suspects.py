#!/usr/bin/env python3
"""Suspects of a missing speed-up on a real server: each cause is made, and must be named first with its figures; and
what is stored of it, and of doubts and counters, is what is shown.

What is measured is spoilt where another program had the CPU: a few tries each. No absolute times but those made here.
"""
import contextlib
import json
import os
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time

from tap import Tap, program
import tap as settings
from throwaway import Bouncer, Server

LOCKED = "".join(f"-- @task l{i} repeatable\nselect pg_advisory_xact_lock(7), pg_sleep(0.3);\n" for i in range(5))
# Three in a row under one lock and three that are free: 3 x 0.6 + 3 x 1.2 seconds of activity in 1.8 seconds.
MIXED = "".join(f"-- @task l{i} repeatable\nselect pg_advisory_xact_lock(7), pg_sleep(0.6);\n"
                f"-- @task f{i} repeatable\nselect pg_sleep(1.2);\n" for i in range(3))
POLE = "-- @task pole readonly\nselect pg_sleep(2);\n" + "".join(
    f"-- @task s{i} readonly\nselect pg_sleep(0.2);\n" for i in range(4))
QUICK = "".join(f"-- @task q{i} readonly\nselect pg_sleep(0.02);\n" for i in range(4))
HALVES = "".join(f"-- @task h{i} readonly\nselect pg_sleep(0.5);\n" for i in range(6))
SHORT = "-- @task t repeat=20000 readonly\nselect 1;\n"


class SlowLogin:
    """A proxy that lets each connection's first answer of the server, which is that of the authentication, wait."""

    def __init__(self, port, seconds):
        self.to, self.seconds = port, seconds
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.listener.close()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        server = socket.create_connection(("127.0.0.1", self.to))
        threading.Thread(target=self._pump, args=(client, server, 0), daemon=True).start()
        self._pump(server, client, self.seconds)

    @staticmethod
    def _pump(source, sink, wait):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                time.sleep(wait)
                wait = 0
                sink.sendall(data)
        for s in (source, sink):
            with contextlib.suppress(OSError):
                s.shutdown(socket.SHUT_RDWR)


class Case:
    """One workload, run until what is wanted of it holds, a few times."""

    def __init__(self, tap, folder, name, env, sql, arguments, wanted, before=()):
        self.db, path = os.path.join(folder, "suspects.db"), os.path.join(folder, "suspects.sql")
        with open(path, "w") as f:
            f.write("-- @workload made\n" + sql)
        for _ in range(6):
            if os.path.exists(self.db):
                os.remove(self.db)
            command = [*before, settings.PROGRAM, "run", "--db", self.db, "-f", path, *arguments]
            answer = subprocess.run(command, env={**os.environ, **env}, capture_output=True, text=True,
                                    stdin=subprocess.DEVNULL)
            self.text = " ".join((answer.stdout + answer.stderr).split())
            self.json = json.loads(program(["report", "--db", self.db, "-F", "json"], {}).stdout)
            checks = [(what, good) for what, good in wanted(self)]
            if all(good for _, good in checks):
                break
        for what, good in checks:
            tap.check(f"{name}: {what}", good, f"{self.json.get('suspects')}\n{self.text}")

    def suspect(self, cause):
        return next((s for s in self.json["suspects"] if s["cause"] == cause), None)

    def first(self, cause, *words):
        s = self.json["suspects"][0] if self.json["suspects"] else {"cause": "", "evidence": ""}
        return s["cause"] == cause and all(w in s["evidence"] for w in words) and cause in self.text

    def doubts(self):
        return [d["name"] for d in self.json["proof"]["doubts"]]

    def estimate(self, name):
        return next(e["value"] for e in self.json["estimates"] if e["name"] == name)

    def rows(self, sql):
        db = sqlite3.connect(f"file:{self.db}?mode=ro", uri=True)
        with contextlib.closing(db):
            return db.execute(sql).fetchall()


def locked(case):
    yield "the verdict is SERIAL", case.json["run"]["verdict"] == "SERIAL"
    yield "the lock is named first", case.first("tasks block one another", "advisory lock 7")
    evidence = case.json["suspects"][0]["evidence"] if case.json["suspects"] else ""
    yield "and the chain of all five", "5 tasks" in evidence and evidence.count(" -> ") == 4
    yield "and the statement that waits", "pg_advisory_xact_lock(7)" in evidence
    stored = case.rows("SELECT cause, evidence FROM v_suspect WHERE run = 1 ORDER BY rank")
    yield "the store has the same", stored == [(s["cause"], s["evidence"]) for s in case.json["suspects"]]
    table = program(["report", "--db", case.db, "-F", "csv", "--csv-table=suspects"], {}).stdout
    yield "and so has the CSV", "tasks block one another" in table and "advisory lock 7" in table
    page = program(["report", "--db", case.db, "-F", "html"], {}).stdout
    yield "and the page", "advisory lock 7" in page and "db_commits" in page
    yield "and the Markdown", "advisory lock 7" in program(["report", "--db", case.db, "-F", "md"], {}).stdout
    changes = dict(case.rows("SELECT name, change FROM v_server_counter WHERE run = 1"))
    yield "the server's counters are stored", (changes.get("db_commits") or 0) >= 5 and \
        changes.get("server_started_unix_us") == 0
    listed = program(["list", "--db", case.db], {}).stdout
    yield "doubts are stored, and list counts them", f"{len(case.doubts())} doubt" in listed and \
        case.rows("SELECT count(*) FROM v_doubt WHERE run = 1") == [(len(case.doubts()),)]


def mixed(case):
    yield f"effective lanes {case.estimate('effective_lanes'):.3f} within 10 % of 3", \
        2.7 <= case.estimate("effective_lanes") <= 3.3
    yield "the lock is a suspect", case.suspect("tasks block one another") is not None


def pole(case):
    yield "the long task is named first", case.first("one long task", "pole takes")


def slow_login(case):
    budget = {line["name"]: line["us"] for line in case.json["budget"]["lines"]}
    yield "connecting is named first", any(case.first(c, "authentication") for c in ("slow connecting", "connect storm"))
    yield f"the login is a phase of {budget.get('authentication')} us", budget.get("authentication", 0) >= 50000


def saturated(case):
    yield "the client is called saturated", "client CPU saturated" in case.doubts()
    yield "with the time its lanes waited for a CPU", case.suspect("client CPU saturated") is not None
    yield "the client's CPU was sampled", len(case.json["client_cpu"]["samples"]) > 0


def at_ease(case):
    yield "sleeping is not called saturated", "client CPU saturated" not in case.doubts()
    yield "too few sessions are named", case.suspect("too few sessions") is not None


def pooled(case):
    yield "the shared backend is named first", case.first("all sessions share one backend", "1 backend")


def confirmed(cause):
    def wanted(case):
        s = case.suspect(cause) or {"confirmed": None}
        yield f"{cause} is tested by a run without it, and held: {s['confirmed']}", \
            (s["confirmed"] or "").startswith("Confirmed: ") and s["confirmed"] in case.text
        yield "that run is one of the experiment and not the one shown", case.json["run"]["role"] == "run" and \
            case.rows("SELECT role FROM v_run WHERE experiment = 1 ORDER BY run") == [("run",), ("confirm",)]
        yield "and the store has the answer", (s["confirmed"],) in case.rows(
            "SELECT confirmed FROM v_suspect WHERE run = 1")
    return wanted


def connected_before(case):
    yield from confirmed("slow connecting")(case)
    rows = case.rows("SELECT max(ready_us) FROM session WHERE run = 2")
    yield "its sessions were ready before the wall began", rows[0][0] is not None and rows[0][0] <= 0
    page = program(["report", "2", "--db", case.db, "-F", "html"], {})
    yield "and it has a page", page.returncode == 0 and "</html>" in page.stdout


@contextlib.contextmanager
def busy(cpu):
    """Two programs that do nothing but keep a CPU busy."""
    burners = [subprocess.Popen(["taskset", "-c", str(cpu), sys.executable, "-c", "while True: pass"]) for _ in range(2)]
    try:
        yield
    finally:
        for b in burners:
            b.kill()
            b.wait()


def main():
    tap = Tap()
    with Server() as server, tempfile.TemporaryDirectory() as folder:
        env = server.socket_env
        Case(tap, folder, "five under one lock", env, LOCKED, ["-c", "5"], locked)
        Case(tap, folder, "locked and free", env, MIXED, ["-c", "6"], mixed)
        Case(tap, folder, "a long pole", env, POLE, ["-c", "5"], pole)
        Case(tap, folder, "six sleeps on two sessions", env, HALVES, ["-c", "2"], at_ease)
        with SlowLogin(server.port, 0.05) as proxy:
            tcp = {**env, "PGHOST": "127.0.0.1", "PGPORT": str(proxy.port)}
            Case(tap, folder, "a login that takes 50 ms", tcp, QUICK, ["-c", "4"], slow_login)
            Case(tap, folder, "and without it", tcp, QUICK, ["-c", "4", "--confirm"], connected_before)
        Case(tap, folder, "the lock, tested", env, LOCKED, ["-c", "5", "--confirm"], confirmed("tasks block one another"))
        Case(tap, folder, "the pole, tested", env, POLE, ["-c", "5", "--confirm"], confirmed("one long task"))
        Case(tap, folder, "two sessions, tested", env, HALVES, ["-c", "2", "--confirm"], confirmed("too few sessions"))
        with Bouncer(server, pool_size=1) as bouncer:
            Case(tap, folder, "one pooled connection", bouncer.env, HALVES, ["-c", "5"], pooled)
        cpu = min(os.sched_getaffinity(0))
        with busy(cpu):
            Case(tap, folder, "on one busy CPU", env, SHORT, ["-c", "4"], saturated, ["taskset", "-c", str(cpu)])
    tap.end()


if __name__ == "__main__":
    main()
